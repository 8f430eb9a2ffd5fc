# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A machine as libvirt's domain XML says it: what XML always states is stated, what it cannot say is gone.

Laws: ``restrict(restrict(d)) == restrict(d)``, and nothing that it gives is :func:`~domain_xml_unsaid.unsaid`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from .definition import Firmware, VmDefinition
from .devices import (
    Endpoint,
    MacType,
    Nic,
    NicConnection,
    NicModel,
    ParallelPort,
    PortBacking,
    SerialPort,
    SharedFolder,
    Video,
    Vnc,
)
from .domain_xml_unsaid import UNSUPPORTED, is_shown
from .domain_xml_words import (
    BUSES,
    DEFAULT_MEMORY_MIB,
    DEFAULT_VIDEO_KIB,
    NO_MAC,
    drive_order,
    endpoint_of,
    is_disk_name,
    is_file_name,
    is_made_up,
    is_vpx,
    power_of_two,
    rounded,
    share_word,
    uri_of,
)
from .drives import Cdrom, CdromBacking, Controller, Disk, DiskMode, Floppy, FloppyBacking
from .slots import ShareLevel, Shares, Slot
from .xml_tree import sayable

_MEMORY_STEP_MIB = 4


def restrict(definition: VmDefinition) -> VmDefinition:
    """
    Return the machine as libvirt's XML of it says it.

    What XML always states (memory, CPUs, a video card, an architecture) is stated; devices are in XML's order, and
    those that XML tells by their order alone (network cards, shared folders) are numbered without gaps.
    """
    definition = _supported(definition)
    cpus = definition.cpus or 1
    memory = rounded(definition.memory_mib or DEFAULT_MEMORY_MIB, _MEMORY_STEP_MIB)
    cores = definition.cores_per_socket
    limit, reservation = definition.memory_limit_mib, definition.memory_reservation_mib
    video = definition.video or Video()
    is_efi = definition.firmware is Firmware.EFI
    return replace(
        definition,
        guest_id=architecture(definition.guest_id),
        cpus=cpus,
        cores_per_socket=cores if cores and cores > 1 and cpus % cores == 0 else None,
        cpu_shares=_shares(definition.cpu_shares, cpus),
        cpu_affinity=tuple(sorted(set(definition.cpu_affinity or ()))) or None,
        memory_mib=memory,
        memory_limit_mib=limit if limit is not None and 0 < limit < memory else None,
        memory_reservation_mib=min(reservation, memory) if reservation and reservation > 0 else None,
        firmware=Firmware.EFI if is_efi else None,
        secure_boot=True if is_efi and definition.secure_boot else None,
        vtpm=definition.vtpm or None,
        smbios_reflect_host=definition.smbios_reflect_host or None,
        video=Video(ram_kib=power_of_two(video.ram_kib or DEFAULT_VIDEO_KIB)),
        vnc=_vnc(definition.vnc),
        **_devices(definition),
    )


def architecture(guest_id: str | None) -> str:
    """Return the guest id that stands for an architecture, which is all that XML says of it."""
    return "other-64" if guest_id is not None and guest_id.endswith("-64") else "other"


def _shares(shares: Shares | None, cpus: int) -> Shares | None:
    return shares if shares is None or isinstance(shares, ShareLevel) else share_word(shares, cpus)


def _devices(definition: VmDefinition) -> dict[str, Any]:
    disks = tuple(sorted(map(_disk, definition.disks), key=drive_order))
    cdroms = tuple(sorted((_cdrom(d) for d in definition.cdroms if is_shown(d)), key=drive_order))
    return {
        "controllers": _controllers(definition, [*map(_slot, disks), *map(_slot, cdroms)]),
        "disks": disks,
        "cdroms": cdroms,
        "floppies": tuple(sorted(map(_floppy, filter(is_shown, definition.floppies)), key=_slot)),
        "nics": _numbered("ethernet", map(_nic, sorted(definition.nics, key=_slot))),
        "serial_ports": tuple(sorted(map(_serial, filter(is_shown, definition.serial_ports)), key=_slot)),
        "parallel_ports": tuple(sorted(map(_parallel, filter(is_shown, definition.parallel_ports)), key=_slot)),
        "shared_folders": _numbered("sharedFolder", map(_folder, sorted(definition.shared_folders, key=_slot))),
    }


def _vnc(vnc: Vnc | None) -> Vnc | None:
    return replace(vnc, port=vnc.port if (vnc.port or 0) > 0 else None) if vnc is not None else None


def _slot(device: Any) -> Slot:
    slot: Slot = device.slot
    return slot


def _numbered(kind: str, devices: Iterator[Any]) -> tuple[Any, ...]:
    return tuple(replace(device, slot=Slot(kind, number)) for number, device in enumerate(devices))


def _controllers(definition: VmDefinition, used: list[Slot]) -> tuple[Controller, ...]:
    """List the controllers of each bus up to the last that a drive is on, as libvirt does."""
    models = {device.slot: device.model for device in definition.controllers}
    found = []
    for bus in BUSES[:3]:
        last = max((slot.index for slot in used if slot.kind == bus), default=-1)
        for index in range(last + 1):
            slot = Slot(bus, index)
            found.append(Controller(slot=slot, model=models.get(slot) if bus == "scsi" else None))
    return tuple(found)


def _disk(disk: Disk) -> Disk:
    is_transient = disk.mode is DiskMode.INDEPENDENT_NONPERSISTENT
    mode = disk.mode if is_transient else None
    file = disk.file if disk.file and is_disk_name(disk.file) else None
    return replace(disk, file=file, mode=mode, write_through=disk.write_through or None)


def _cdrom(cdrom: Cdrom) -> Cdrom:
    backing = cdrom.backing or CdromBacking.ISO
    if backing is CdromBacking.ISO:
        return Cdrom(slot=cdrom.slot, backing=backing, file=_file(cdrom.file))
    auto_detect = True if cdrom.auto_detect and cdrom.device is None else None
    return Cdrom(slot=cdrom.slot, backing=backing, device=cdrom.device, auto_detect=auto_detect)


def _file(path: str | None) -> str | None:
    return path if path and is_file_name(path) else None


def _floppy(floppy: Floppy) -> Floppy:
    backing = floppy.backing or (FloppyBacking.HOST if floppy.device is not None else FloppyBacking.IMAGE)
    if backing is FloppyBacking.IMAGE:
        return Floppy(slot=floppy.slot, backing=backing, file=_file(floppy.file))
    return Floppy(slot=floppy.slot, backing=backing, device=floppy.device)


def _nic(nic: Nic) -> Nic:
    kept: dict[str, Any] = {}
    if nic.distributed_port is not None:
        port = nic.distributed_port
        kept["distributed_port"] = replace(port, port_id=port.port_id or None, connection_id=port.connection_id or None)
    elif nic.connection is NicConnection.NAT:
        kept["connection"] = nic.connection
    elif nic.network is not None and nic.connection is not NicConnection.HOSTONLY:
        is_custom = nic.connection is NicConnection.CUSTOM and nic.vnet is not None and not is_made_up(nic.vnet)
        kept["network"] = nic.network
        kept["connection"] = NicConnection.CUSTOM if is_custom else NicConnection.BRIDGED
        kept["vnet"] = nic.vnet if is_custom else None
    mac = None if nic.mac == NO_MAC else nic.mac
    return Nic(
        slot=nic.slot,
        model=None if nic.model is NicModel.SRIOV else nic.model,
        mac=mac,
        mac_type=_mac_type(nic.mac_type, mac),
        mac_check=nic.mac_check,
        **kept,
    )


def _mac_type(mac_type: MacType | None, mac: str | None) -> MacType | None:
    if mac_type in (None, MacType.STATIC):
        return mac_type
    return MacType.VPX if mac is not None and is_vpx(mac) else MacType.GENERATED


def _serial(port: SerialPort) -> SerialPort:
    backing = port.backing or PortBacking.DEVICE
    path, endpoint = port.path, None
    if backing is PortBacking.NETWORK:
        found = endpoint_of(path or "")
        path = uri_of(*found) if found else None
        endpoint = port.endpoint or Endpoint.SERVER if found else None
    elif backing is PortBacking.FILE:
        path = _file(path)
    return SerialPort(slot=port.slot, backing=backing, path=path, endpoint=endpoint)


def _parallel(port: ParallelPort) -> ParallelPort:
    path = _file(port.path) if port.backing is PortBacking.FILE else port.path
    return ParallelPort(slot=port.slot, backing=port.backing or PortBacking.DEVICE, path=path)


def _folder(folder: SharedFolder) -> SharedFolder:
    return replace(
        folder,
        host_path=folder.host_path or "",
        guest_name=folder.guest_name or "",
        writable=bool(folder.writable),
    )


def _supported(definition: VmDefinition) -> VmDefinition:
    """Drop what UNSUPPORTED names, and characters that XML cannot hold."""
    return replace(definition, **_kept(definition, ""))


def _kept(value: Any, prefix: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if prefix + field.name in UNSUPPORTED:
            kept[field.name] = field.default if field.default is not MISSING else MappingProxyType({})
        else:
            kept[field.name] = _clean(held, f"{field.name}.")
    return kept


def _clean(held: Any, prefix: str) -> Any:
    if isinstance(held, (enum.Enum, Slot)):
        return held
    if isinstance(held, str):
        return sayable(held)
    if isinstance(held, tuple):
        return tuple(_clean(inner, prefix) for inner in held)
    if is_dataclass(held) and not isinstance(held, type):
        return replace(held, **_kept(held, prefix))
    return held
