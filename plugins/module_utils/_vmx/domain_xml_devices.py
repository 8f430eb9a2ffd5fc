# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices of libvirt's domain XML that are no drives, read and written.

Law: network cards and shared folders are told by their order alone; the n-th is number n.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .definition import VmDefinition
from .devices import (
    DistributedPort,
    MacType,
    Nic,
    NicConnection,
    SharedFolder,
    Video,
    Vnc,
)
from .domain_xml_ports import read_ports
from .domain_xml_words import (
    DEFAULT_VIDEO_KIB,
    NIC_MODELS,
    NO_MAC,
    is_made_up,
    is_vpx,
    power_of_two,
)
from .limits import SLOTS
from .slots import Slot
from .xml_tree import Element
from .xml_values import flag, mac_address, missing, number, pick, uuid, wrong

_INTERFACES: Mapping[str, str] = {kind: kind for kind in ("bridge", "user", "null", "vds")}
_INT64 = 2**63 - 1


def read_devices(devices: Element) -> dict[str, Any]:
    """
    Read the elements of all devices but drives.

    Shape: fields of VmDefinition.
    """
    return {
        "nics": tuple(_numbered(devices, "interface", _read_nic, "nics")),
        "shared_folders": tuple(_numbered(devices, "filesystem", _read_folder, "shared_folders")),
        **read_ports(devices),
        "vtpm": _read_tpm(devices),
        "vnc": _read_vnc(devices),
        "video": _read_video(devices),
    }


def _numbered(devices: Element, tag: str, read: Any, name: str) -> Iterator[Any]:
    ((kind, room),) = SLOTS[name].items()
    for index, element in enumerate(devices.all(tag)):
        if index >= room.indexes:
            raise wrong(element, "", f"at most {room.indexes} of them", str(index + 1))
        yield read(element, Slot(kind, index))


def _read_nic(element: Element, slot: Slot) -> Nic:
    kind = pick(element, "type", _INTERFACES, None)
    if kind is None:
        raise wrong(element, "type", "bridge, user, null or vds")
    model = element.find("model")
    return Nic(
        slot=slot,
        model=pick(model, "type", NIC_MODELS, None, any_case=True) if model is not None else None,
        **_read_mac(element),
        **_read_connection(element, kind),
    )


def _read_connection(element: Element, kind: str) -> dict[str, Any]:
    if kind == "user":
        return {"connection": NicConnection.NAT}
    if kind == "null":
        return {}
    source = element.find("source")
    if source is None:
        raise missing(element, "source", f"the source of an interface of type {kind}")
    if kind == "vds":
        return {"distributed_port": _read_port(source)}
    if "bridge" not in source.attributes:
        raise wrong(source, "bridge", "the name of a port group")
    target = element.find("target")
    vnet = target.attributes.get("dev") if target is not None else None
    vnet = None if vnet is not None and is_made_up(vnet) else vnet
    connection = NicConnection.BRIDGED if vnet is None else NicConnection.CUSTOM
    return {"network": source.attributes["bridge"], "connection": connection, "vnet": vnet}


def _read_port(source: Element) -> DistributedPort:
    return DistributedPort(
        switch_uuid=uuid(source, "switchid"),
        portgroup_id=source.attributes.get("portgroupid"),
        port_id=_signed(source, "portid"),
        connection_id=_signed(source, "connectionid"),
    )


def _signed(source: Element, name: str) -> int | None:
    text = source.attributes.get(name, "").strip()
    if not text.startswith("-"):
        return number(source, name, 0, _INT64) or None
    if not text[1:].isdecimal() or len(text) > 20 or int(text[1:]) > _INT64 + 1:
        raise wrong(source, name, "a number")
    return -int(text[1:]) or None


def _read_mac(element: Element) -> dict[str, Any]:
    mac = element.find("mac")
    if mac is None:
        return {}
    address = mac_address(mac, "address")
    kind = pick(mac, "type", {"static": MacType.STATIC, "generated": MacType.GENERATED}, None)
    if kind is MacType.GENERATED and is_vpx(address):
        kind = MacType.VPX
    return {"mac": None if address == NO_MAC else address, "mac_type": kind, "mac_check": flag(mac, "check")}


def _read_folder(element: Element, slot: Slot) -> SharedFolder:
    if element.attributes.get("type", "mount") != "mount":
        raise wrong(element, "type", "mount")
    source, target = element.find("source"), element.find("target")
    for child, tag in ((source, "source"), (target, "target")):
        if child is None or "dir" not in child.attributes:
            raise missing(element, f"{tag}/@dir", "the name of a folder")
    return SharedFolder(
        slot=slot,
        host_path=source.attributes["dir"] if source is not None else None,
        guest_name=target.attributes["dir"] if target is not None else None,
        writable=element.find("readonly") is None,
    )


def _read_tpm(devices: Element) -> bool | None:
    found = list(devices.all("tpm"))
    for element in found:
        if element is not found[0]:
            raise wrong(element, "", "one TPM at the most", "another one")
        if element.attributes.get("model", "tpm-crb") != "tpm-crb":
            raise wrong(element, "model", "tpm-crb")
        backend = element.find("backend")
        if backend is not None and backend.attributes.get("type", "emulator") != "emulator":
            raise wrong(backend, "type", "emulator")
        if backend is not None and backend.attributes.get("version", "2.0") not in {"2.0", "default"}:
            raise wrong(backend, "version", "2.0")
    return True if found else None


def _read_vnc(devices: Element) -> Vnc | None:
    found = None
    for element in devices.all("graphics"):
        if element.attributes.get("type") != "vnc":
            raise wrong(element, "type", "vnc")
        if found is not None:
            raise wrong(element, "", "one VNC server at the most", "another one")
        text = element.attributes.get("port", "-1").strip()
        is_auto = flag(element, "autoport") or text == "-1"
        listen = element.find("listen")
        found = Vnc(
            port=None if is_auto else number(element, "port", 0, 65535) or None,
            listen=element.attributes.get("listen", listen.attributes.get("address") if listen is not None else None),
            keymap=element.attributes.get("keymap"),
            password=element.attributes.get("passwd"),
        )
    return found


def _read_video(devices: Element) -> Video | None:
    found = list(devices.all("video"))
    if not found:
        # A screen without a card gets one.
        return Video(ram_kib=DEFAULT_VIDEO_KIB) if devices.find("graphics") is not None else None
    if len(found) > 1:
        raise wrong(found[1], "", "one video card at the most", "another one")
    model = found[0].find("model")
    if model is None:
        return Video(ram_kib=DEFAULT_VIDEO_KIB)
    if model.attributes.get("type", "vmvga") != "vmvga":
        raise wrong(model, "type", "vmvga")
    if (number(model, "heads", 0, 2**31) or 1) > 1:
        raise wrong(model, "heads", "1")
    return Video(ram_kib=power_of_two(number(model, "vram", 0, 2**31) or DEFAULT_VIDEO_KIB))


def write_folders(definition: VmDefinition) -> Iterator[Element]:
    """Yield the shared folders and the network cards."""
    for folder in definition.shared_folders:
        readonly = [] if folder.writable else [Element("readonly")]
        yield Element(
            "filesystem",
            {"type": "mount", "accessmode": "passthrough"},
            Element("source", {"dir": folder.host_path or ""}),
            Element("target", {"dir": folder.guest_name or ""}),
            *readonly,
        )


def write_nics(definition: VmDefinition) -> Iterator[Element]:
    """Yield the network cards."""
    for nic in definition.nics:
        kind, inner = _connection_of(nic)
        mac = {"address": nic.mac or NO_MAC}
        if nic.mac_type is not None:
            mac["type"] = "static" if nic.mac_type is MacType.STATIC else "generated"
        if nic.mac_check is not None:
            mac["check"] = "yes" if nic.mac_check else "no"
        model = [] if nic.model is None else [Element("model", {"type": nic.model.value})]
        yield Element("interface", {"type": kind}, Element("mac", mac), *inner, *model)


def _connection_of(nic: Nic) -> tuple[str, list[Element]]:
    if nic.distributed_port is not None:
        return "vds", [Element("source", _port_of(nic.distributed_port))]
    if nic.connection is NicConnection.NAT:
        return "user", []
    if nic.network is None:
        return "null", []
    source = Element("source", {"bridge": nic.network})
    return "bridge", [source] if nic.vnet is None else [source, Element("target", {"dev": nic.vnet})]


def _port_of(port: DistributedPort) -> dict[str, str]:
    shown = {
        "switchid": port.switch_uuid,
        "portid": port.port_id or None,
        "portgroupid": port.portgroup_id,
        "connectionid": port.connection_id or None,
    }
    return {name: str(value) for name, value in shown.items() if value is not None}


def write_screen(definition: VmDefinition, *, secrets: bool) -> Iterator[Element]:
    """Yield the TPM, the VNC server and the video card; the server's password only on request."""
    if definition.vtpm:
        yield Element("tpm", {"model": "tpm-crb"}, Element("backend", {"type": "emulator", "version": "2.0"}))
    if definition.vnc is not None:
        vnc = definition.vnc
        shown = {
            "type": "vnc",
            "port": str(vnc.port or -1),
            "autoport": "no" if vnc.port else "yes",
            "listen": vnc.listen,
            "keymap": vnc.keymap,
            "passwd": vnc.password if secrets else None,
        }
        listen = {"type": "address"} | ({"address": vnc.listen} if vnc.listen is not None else {})
        attributes = {name: value for name, value in shown.items() if value is not None}
        yield Element("graphics", attributes, Element("listen", listen))
    video = definition.video
    ram = (video.ram_kib if video is not None else None) or DEFAULT_VIDEO_KIB
    yield Element("video", {}, Element("model", {"type": "vmvga", "vram": str(ram), "primary": "yes"}))
