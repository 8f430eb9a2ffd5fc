# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a VMX says of a definition, key by key.

Laws: what the rows of ``keys`` say is written by one interpreter; what cannot be said is NotRepresentable, never left
out. A *standing* key is one that no field says and that a file has anyway; ``extra`` may say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .._errors import NotRepresentable
from .codec import MAC, NUMBER, UUID, Codec
from .definition import VmDefinition
from .devices import MacType, Nic, NicModel, ParallelPort, PortBacking, SerialPort
from .drives import Cdrom, CdromBacking, Controller, Disk, Floppy, FloppyBacking
from .escaped import FILE, TEXT
from .keys import TABLES
from .keys_machine import IDENTITY, RESOURCES
from .keys_start import START, TPM, VIDEO, VNC
from .limits import DEFAULT_HARDWARE_VERSION, RANGES
from .paths import FileNames
from .rows import SLOT, Table
from .slots import Slot
from .vmx_standing import AUTO_DETECT, OF_HOST, check, refuse, standing

# From this version on aliases are written, as hosts do.
_BOTH_SPELLINGS = 11


class Said(NamedTuple):
    """One key with its value; ``standing`` when no field says it."""

    key: str
    value: str
    standing: bool = False


def hardware_version_of(definition: VmDefinition, asked: int | None = None) -> int:
    """Return the hardware version to write for: the one asked for, the stated one, or that of ESXi 8.0."""
    return asked or definition.hardware_version or DEFAULT_HARDWARE_VERSION


def said(definition: VmDefinition, names: FileNames, hardware_version: int) -> Iterator[Said]:
    """
    Yield what a VMX says of a definition, in the order of its lines, ``extra`` left aside.

    Raises:
        NotRepresentable: a VMX of this hardware version cannot say it.
    """
    check(definition, hardware_version)
    rest = {key: Said(key, value, standing=True) for key, value in standing(definition, hardware_version)}
    yield Said(".encoding", "UTF-8", standing=True)
    yield Said("config.version", "8")
    yield Said("virtualHW.version", str(hardware_version))
    yield from _own(IDENTITY, definition, names)
    yield from _own(RESOURCES, definition, names, is_new=hardware_version >= _BOTH_SPELLINGS)
    if definition.vnc is not None:
        yield Said("RemoteDisplay.vnc.enabled", "true")
    yield from _own(VNC, definition.vnc, names)
    for name, table in TABLES.items():
        if name == "shared_folders":
            yield from _taken(rest, "isolation.", "sharedFolder.")
        elif name == "serial_ports":
            yield from _own(TPM, definition, names)
            yield from _own(VIDEO, definition.video, names)
        yield from _devices(table, definition, names, rest)
        if name == "floppies":
            yield from _taken(rest, "floppy")
    yield from _own(START, definition, names)
    yield from rest.values()


def _taken(rest: dict[str, Said], *prefixes: str) -> list[Said]:
    return [rest.pop(key) for key in list(rest) if key.startswith(prefixes)]


def _own(table: Table, thing: Any, names: FileNames, *, is_new: bool = False) -> Iterator[Said]:
    prefix = f"{table.field}." if table.field else ""
    for row in table.rows if thing is not None else ():
        if row.codec is not None and row.field != "hardware_version":
            value = getattr(thing, row.field)
            if value is not None:
                text = text_of(row.codec, value, f"{prefix}{row.field}", names)
                yield Said(row.key, text)
                yield from (Said(alias, text, standing=True) for alias in row.aliases if is_new)
        elif row.key == "vm.genid" and thing.generation_id is not None:
            yield from _generation(thing.generation_id)


def _generation(value: str) -> Iterator[Said]:
    digits = value.replace("-", "")
    for key, part in (("vm.genid", digits[:16]), ("vm.genidX", digits[16:])):
        number = int(part, 16)
        yield Said(key, str(number - 2**64 if number >= 2**63 else number))


def _devices(table: Table, definition: VmDefinition, names: FileNames, rest: dict[str, Said]) -> Iterator[Said]:
    if table.field == "controllers":
        yield from _implied_controllers(definition)
    for device in getattr(definition, table.field):
        place = table.place(device.slot)
        path = f"{table.field}[{device.slot}]"
        irregular = _IRREGULAR[table.field](device, names)
        done: set[str] = set()
        for row in table.rows:
            key = row.key.replace(SLOT, place)
            if row.codec is not None:
                value = getattr(device, row.field)
                if value is not None:
                    yield Said(key, text_of(row.codec, value, f"{path}.{row.field}", names))
            elif row.key not in done:
                done.add(row.key)
                if row.key in irregular:
                    yield Said(key, irregular[row.key])
                elif key in rest:
                    yield rest.pop(key)


def _implied_controllers(definition: VmDefinition) -> Iterator[Said]:
    """Say that the controllers of what is stated are there, even if they are not stated themselves."""
    stated = {controller.slot for controller in definition.controllers}
    drives: tuple[Disk | Cdrom, ...] = (*definition.disks, *definition.cdroms)
    used = {Slot(drive.slot.kind, drive.slot.index) for drive in drives if drive.slot.kind != "ide"}
    for slot in sorted(used - stated):
        yield Said(f"{slot}.present", "true")


def text_of(codec: Codec, value: Any, path: str, names: FileNames) -> str:
    """
    Write one value; ``path`` names it in the error.

    Raises:
        NotRepresentable: it is out of range, or its format cannot say it.
    """
    limits = RANGES.get(path.rpartition(".")[2])
    if limits is not None and isinstance(value, int) and not isinstance(value, bool) and not limits.holds(value):
        refuse(path, f"{value} cannot be written; wanted {limits}")
    try:
        text = codec.write(names.format(value) if codec is FILE else value)
    except ValueError as exc:
        raise NotRepresentable(f"{path}: {value!r} cannot be written; wanted {exc}", field=path) from exc
    if len(text) > codec.most:
        refuse(path, f"it has {len(text)} characters; wanted at most {codec.most}")
    return text


def _present(_device: Any, _names: FileNames) -> dict[str, str]:
    return {"{}.present": "true"}


def _disk(disk: Disk, _names: FileNames) -> dict[str, str]:
    if not (disk.file or "").lower().endswith(".vmdk"):
        refuse(f"disks[{disk.slot}].file", f"found {disk.file!r}; a VMX knows a disk by its .vmdk")
    return {"{}.present": "true"}


def _folder(_device: Any, _names: FileNames) -> dict[str, str]:
    return {"{}.present": "true", "{}.enabled": "true"}


def _controller(controller: Controller, _names: FileNames) -> dict[str, str]:
    if controller.slot.kind != "scsi":
        for field in ("model", "bus_sharing"):
            if getattr(controller, field) is not None:
                refuse(f"controllers[{controller.slot}].{field}", "only a SCSI controller has one")
    return {"{}.present": "true"}


def _cdrom(cdrom: Cdrom, names: FileNames) -> dict[str, str]:
    path = f"cdroms[{cdrom.slot}]"
    found = {"{}.present": "true"}
    if cdrom.file and cdrom.backing not in {None, CdromBacking.ISO}:
        refuse(f"{path}.file", "only an ISO is a file")
    if (cdrom.file or "").lower().endswith(".vmdk"):
        refuse(f"{path}.file", "a .vmdk is a disk")
    if cdrom.device is not None and cdrom.backing is CdromBacking.ISO:
        refuse(f"{path}.device", "an ISO is no device")
    if cdrom.backing is CdromBacking.CLIENT:
        found["{}.clientDevice"] = "true"
    elif cdrom.backing in _CDROM_TYPES:
        found["{}.deviceType"] = _CDROM_TYPES[cdrom.backing]
    if cdrom.file:
        found["{}.fileName"] = text_of(FILE, cdrom.file, f"{path}.file", names)
    elif cdrom.device is not None:
        found["{}.fileName"] = text_of(TEXT, cdrom.device, f"{path}.device", names)
    elif cdrom.auto_detect and cdrom.backing in OF_HOST:
        found["{}.fileName"] = AUTO_DETECT
    return found


def _floppy(floppy: Floppy, names: FileNames) -> dict[str, str]:
    path = f"floppies[{floppy.slot}]"
    found = {"{}.present": "true"}
    if floppy.backing is FloppyBacking.CLIENT:
        found["{}.clientDevice"] = "true"
    elif floppy.backing is not None:
        found["{}.fileType"] = "file" if floppy.backing is FloppyBacking.IMAGE else "device"
    if floppy.file is not None and floppy.backing is not FloppyBacking.IMAGE:
        refuse(f"{path}.file", "only an image is a file")
    if floppy.device is not None and floppy.backing is FloppyBacking.IMAGE:
        refuse(f"{path}.device", "an image is no device")
    if floppy.file is not None:
        found["{}.fileName"] = text_of(FILE, floppy.file, f"{path}.file", names) if floppy.file else ""
    elif floppy.device is not None:
        found["{}.fileName"] = text_of(TEXT, floppy.device, f"{path}.device", names)
    return found


def _nic(nic: Nic, _names: FileNames) -> dict[str, str]:
    path = f"nics[{nic.slot}]"
    found = {"{}.present": "true"}
    if nic.model is NicModel.VMXNET2:
        found.update({"{}.virtualDev": "vmxnet", "{}.features": "15"})
    elif nic.model is not None:
        found["{}.virtualDev"] = nic.model.value
    port = nic.distributed_port
    if port is not None:
        for key, name, codec in DISTRIBUTED:
            value = getattr(port, name)
            if value is not None:
                found[key] = text_of(codec, value, f"{path}.distributed_port.{name}", _names)
    if nic.mac_type is not None:
        found["{}.addressType"] = nic.mac_type.value
    if nic.mac is not None:
        key = "{}.address" if nic.mac_type is MacType.STATIC else "{}.generatedAddress"
        found[key] = text_of(MAC, nic.mac, f"{path}.mac", _names)
    return found


def _port(port: SerialPort | ParallelPort, names: FileNames) -> dict[str, str]:
    is_serial = isinstance(port, SerialPort)
    path = f"{'serial' if is_serial else 'parallel'}_ports[{port.slot}]"
    found = {"{}.present": "true"}
    if not is_serial and port.backing in {PortBacking.PIPE, PortBacking.NETWORK}:
        refuse(f"{path}.backing", "a parallel port is a device or a file")
    endpoint = port.endpoint if isinstance(port, SerialPort) else None
    if endpoint is not None:
        if port.backing not in ENDPOINTS:
            refuse(f"{path}.endpoint", "only a pipe and a network connection have one")
        else:
            found[ENDPOINTS[port.backing]] = endpoint.value
    if port.path is not None:
        is_file = port.backing is PortBacking.FILE and port.path
        found["{}.fileName"] = text_of(FILE if is_file else TEXT, port.path, f"{path}.path", names)
    return found


_CDROM_TYPES = {CdromBacking.ISO: "cdrom-image", CdromBacking.HOST: "atapi-cdrom"}
ENDPOINTS = {PortBacking.PIPE: "{}.pipe.endPoint", PortBacking.NETWORK: "{}.network.endPoint"}
DISTRIBUTED = (
    ("{}.dvs.switchId", "switch_uuid", UUID),
    ("{}.dvs.portId", "port_id", NUMBER),
    ("{}.dvs.portgroupId", "portgroup_id", TEXT),
    ("{}.dvs.connectionId", "connection_id", NUMBER),
)
_IRREGULAR: Mapping[str, Callable[[Any, FileNames], dict[str, str]]] = {
    "controllers": _controller,
    "disks": _disk,
    "cdroms": _cdrom,
    "floppies": _floppy,
    "shared_folders": _folder,
    "nics": _nic,
    "serial_ports": _port,
    "parallel_ports": _port,
    "pci_devices": _present,
    "usb_devices": _present,
}
