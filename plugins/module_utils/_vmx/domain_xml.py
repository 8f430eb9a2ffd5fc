# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
libvirt's domain XML of type ``vmware``, read and written as libvirt does.

Laws: ``parse(format(d)) == d`` for any ``d = restrict(...)``; ``format`` refuses what XML cannot say instead of
leaving it out; ``parse`` refuses what libvirt's ESX driver refuses, and ignores what that ignores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._errors import NotRepresentable
from .definition import Firmware, VmDefinition
from .domain_xml_devices import read_devices, write_folders, write_nics, write_screen
from .domain_xml_drives import read_drives, write_drives
from .domain_xml_limits import restrict
from .domain_xml_ports import write_ports
from .domain_xml_unsaid import UNSUPPORTED, unsaid
from .domain_xml_words import DEFAULT_MEMORY_MIB, FIRMWARES, NO_UUID, rounded, share_value, share_word
from .limits import RANGES
from .xml_tree import Element, Text, parse_tree, render, sayable
from .xml_values import cpu_ranges, cpu_set, flag, kib, missing, number, pick, uuid, wrong

__all__ = ["NAMESPACE", "UNSUPPORTED", "format", "parse", "restrict", "root_of"]

NAMESPACE = "http://libvirt.org/schemas/domain/vmware/1.0"
_MEMORY_STEP_KIB = 4096
_ARCHITECTURES = {"i686": "other", "x86_64": "other-64"}
_SMBIOS = {"host": True, "emulate": None, "none": None}


def parse(xml: Text) -> VmDefinition:
    """
    Read a domain.

    Raises:
        DomainXmlError: it is no XML, or no domain that libvirt's ESX driver would take; ``path`` leads to the place.

    Source: libvirt's ``<domain type='vmware'>``.
    """
    return read(root_of(xml))


def root_of(xml: Text) -> Element:
    """
    Return the ``<domain>`` element.

    Raises:
        DomainXmlError: it is no XML, or another one.
    """
    root = parse_tree(xml)
    if root.tag != "domain":
        raise wrong(root, "", "an element <domain> without a namespace", root.tag)
    return root


def read(root: Element) -> VmDefinition:
    """Read a domain's element; as :func:`parse`."""
    if root.attributes.get("type") != "vmware":
        raise wrong(root, "type", "vmware")
    devices = root.find("devices") or Element("devices")
    cpus = _read_cpus(root)
    return VmDefinition(
        **_read_identity(root),
        **_read_cpu(root, cpus),
        **_read_memory(root),
        **_read_os(root),
        **read_drives(devices),
        **read_devices(devices),
    )


def _read_identity(root: Element) -> dict[str, Any]:
    texts = {name: root.find(tag) for name, tag in (("name", "name"), ("annotation", "description"))}
    found: dict[str, Any] = {name: element.text for name, element in texts.items() if element is not None}
    ids = {name: root.find(tag) for name, tag in (("uuid", "uuid"), ("generation_id", "genid"))}
    found |= {name: uuid(element) for name, element in ids.items() if element is not None and element.text.strip()}
    hardware = root.find("hwuuid")
    if hardware is not None:
        # Since 12.4 libvirt tells machines apart by vCenter's UUID, and shows the BIOS's beside it.
        found |= {"instance_uuid": found.get("uuid"), "uuid": uuid(hardware)}
    return {name: None if value == NO_UUID else value for name, value in found.items()}


def _read_cpus(root: Element) -> int:
    element = root.find("vcpu")
    if element is None:
        return 1
    cpus = number(element, "", 1, RANGES["cpus"].most) or 1
    if number(element, "current", 1, cpus) not in {None, cpus}:
        raise wrong(element, "current", f"{cpus}: all CPUs are there from the start")
    return cpus


def _read_cpu(root: Element, cpus: int) -> dict[str, Any]:
    found: dict[str, Any] = {"cpus": cpus}
    element = root.find("vcpu")
    if element is not None and "cpuset" in element.attributes:
        found["cpu_affinity"] = cpu_set(element, "cpuset", RANGES["cpu_affinity"].most)
        if len(found["cpu_affinity"]) < cpus:
            raise wrong(element, "cpuset", f"at least {cpus} CPUs, one for each of the machine's")
    shares = root.find("cputune", "shares")
    if shares is not None:
        found["cpu_shares"] = share_word(number(shares, "", 0, RANGES["cpu_shares"].most) or 0, cpus)
    cpu = root.find("cpu")
    if cpu is not None:
        if cpu.attributes.get("mode", "custom") != "custom":
            raise wrong(cpu, "mode", "custom")
        found["cores_per_socket"] = _read_topology(cpu, cpus)
    return found


def _read_topology(cpu: Element, cpus: int) -> int | None:
    topology = cpu.find("topology")
    if topology is None:
        return None
    most = RANGES["cpus"].most
    for name in ("dies", "clusters", "threads"):
        if number(topology, name, 1, most) not in {None, 1}:
            raise wrong(topology, name, "1")
    sockets, cores = (number(topology, name, 1, most) or 1 for name in ("sockets", "cores"))
    if sockets * cores != cpus:
        raise wrong(topology, "", f"sockets and cores that make {cpus} CPUs", f"{sockets} * {cores}")
    return cores


def _read_memory(root: Element) -> dict[str, Any]:
    element, current = root.find("memory"), root.find("currentMemory")
    if element is None:
        raise missing(root, "memory", "how much memory the machine has")
    stated = kib(element)
    memory = rounded(stated, _MEMORY_STEP_KIB)
    if not 0 < memory // 1024 <= RANGES["memory_mib"].most:
        raise wrong(element, "", "more than 0, and no more than a host can have", element.text)
    balloon = min(kib(current) if current is not None else stated, stated) or stated
    found: dict[str, Any] = {"memory_mib": memory // 1024}
    if balloon < memory:
        found["memory_limit_mib"] = -(-balloon // 1024)
    least = root.find("memtune", "min_guarantee")
    if least is not None:
        found["memory_reservation_mib"] = -(-kib(least) // 1024) or None
    return found


def _read_os(root: Element) -> dict[str, Any]:
    element = root.find("os")
    if element is None:
        raise missing(root, "os", "what the machine starts with, with a type in it")
    kind = element.find("type")
    if kind is None or kind.text.strip() != "hvm":
        raise wrong(kind or element, "", "a type hvm", "" if kind is None else kind.text)
    firmware = pick(element, "firmware", FIRMWARES, None)
    smbios, nvram = element.find("smbios"), element.find("nvram")
    return {
        "guest_id": pick(kind, "arch", _ARCHITECTURES, "other"),
        "firmware": firmware,
        "secure_boot": _read_secure_boot(element) if firmware is Firmware.EFI else None,
        "smbios_reflect_host": pick(smbios, "mode", _SMBIOS, None) if smbios is not None else None,
        "nvram": (nvram.text.strip() or None) if nvram is not None else None,
    }


def _read_secure_boot(element: Element) -> bool | None:
    features = element.find("firmware")
    for feature in features.all("feature") if features is not None else ():
        if feature.attributes.get("name") == "secure-boot":
            return flag(feature, "enabled") or None
    return None


def format(
    definition: VmDefinition,
    *,
    datacenter_path: str | None = None,
    moref: str | None = None,
    metadata: Sequence[Element] = (),
    secrets: bool = False,
) -> str:
    """
    Write a domain.

    Args:
        definition: What :func:`restrict` gives, or less.
        datacenter_path: Where the machine is, for libvirt's own element of that name.
        moref: The machine's managed object id, likewise.
        metadata: What stands in ``<metadata>``.
        secrets: Whether the password of the VNC server is written.

    Raises:
        NotRepresentable: the definition states something that XML cannot say.
    """
    field = next(unsaid(definition), None)
    if field is not None:
        raise NotRepresentable(f"domain XML cannot say {field}", field=field)
    places = {"datacenterpath": datacenter_path, "moref": moref}
    shown = {tag: sayable(text) for tag, text in places.items() if text is not None}
    root = Element(
        "domain",
        {"type": "vmware"} | ({"xmlns:vmware": NAMESPACE} if shown else {}),
        *_write_identity(definition, metadata),
        *_write_size(definition),
        _write_os(definition),
        *_write_rest(definition),
        Element("devices", {}, *_write_devices(definition, secrets=secrets)),
        *(Element(f"vmware:{tag}", text=text) for tag, text in shown.items()),
    )
    return render(root)


def _write_devices(definition: VmDefinition, *, secrets: bool) -> Iterator[Element]:
    yield from write_drives(definition)
    yield from write_folders(definition)
    yield from write_nics(definition)
    yield from write_ports(definition)
    yield from write_screen(definition, secrets=secrets)


def _write_identity(definition: VmDefinition, metadata: Sequence[Element]) -> Iterator[Element]:
    if definition.name is not None:
        yield Element("name", text=definition.name)
    yield Element("uuid", text=definition.uuid or NO_UUID)
    if definition.generation_id is not None:
        yield Element("genid", text=definition.generation_id)
    if definition.annotation is not None:
        yield Element("description", text=definition.annotation)
    if metadata:
        yield Element("metadata", {}, *metadata)


def _write_size(definition: VmDefinition) -> Iterator[Element]:
    memory = definition.memory_mib or DEFAULT_MEMORY_MIB
    limit = definition.memory_limit_mib or 0
    yield _kib("memory", memory)
    yield _kib("currentMemory", limit if 0 < limit < memory else memory)
    if definition.memory_reservation_mib:
        yield Element("memtune", {}, _kib("min_guarantee", min(definition.memory_reservation_mib, memory)))
    cpus = definition.cpus or 1
    affinity = definition.cpu_affinity
    pinned = {"cpuset": cpu_ranges(affinity)} if affinity else {}
    yield Element("vcpu", {"placement": "static", **pinned}, text=str(cpus))
    if definition.cpu_shares is not None:
        yield Element("cputune", {}, Element("shares", text=str(share_value(definition.cpu_shares, cpus))))


def _kib(tag: str, mib: int) -> Element:
    return Element(tag, {"unit": "KiB"}, text=str(mib * 1024))


def _write_os(definition: VmDefinition) -> Element:
    arch = next(arch for arch, guest_id in _ARCHITECTURES.items() if guest_id == (definition.guest_id or "other"))
    is_efi = definition.firmware is Firmware.EFI
    inner = [Element("type", {"arch": arch}, text="hvm")]
    if is_efi and definition.secure_boot:
        names = ("enrolled-keys", "secure-boot")
        inner.append(Element("firmware", {}, *(Element("feature", {"enabled": "yes", "name": name}) for name in names)))
    if definition.smbios_reflect_host:
        inner.append(Element("smbios", {"mode": "host"}))
    return Element("os", {"firmware": "efi"} if is_efi else {}, *inner)


def _write_rest(definition: VmDefinition) -> Iterator[Element]:
    cores, cpus = definition.cores_per_socket, definition.cpus or 1
    if cores is not None and cores > 1:
        counts = {"sockets": cpus // cores, "dies": 1, "clusters": 1, "cores": cores, "threads": 1}
        topology = Element("topology", {name: str(count) for name, count in counts.items()})
        yield Element("cpu", {}, topology)
    yield Element("clock", {"offset": "utc"})
    yield Element("on_poweroff", text="destroy")
    yield Element("on_reboot", text="restart")
    yield Element("on_crash", text="destroy")
