# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A definition from the entries of a VMX.

Laws: an entry that a field says is taken, once; every entry that is not taken is ``extra``. A value that cannot be
read is an error that names its place, unless its row is lenient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .codec import BOOL, MAC, NUMBER, choice, uuid_of, words
from .definition import Firmware, VmDefinition
from .devices import (
    DistributedPort,
    Endpoint,
    MacType,
    Nic,
    NicModel,
    ParallelPort,
    PciDevice,
    PortBacking,
    SerialPort,
    SharedFolder,
    UsbDevice,
    Video,
    Vnc,
)
from .drives import Controller, Floppy, FloppyBacking
from .escaped import FILE, TEXT
from .keys import TABLES
from .keys_machine import IDENTITY, RESOURCES
from .keys_start import START, TPM, VIDEO, VNC
from .rows import Table
from .slots import Slot
from .vmx_drives import read_drives
from .vmx_found import Found, Sorted
from .vmx_standing import standing
from .vmx_write import DISTRIBUTED, ENDPOINTS

Irregular = Callable[[Found, "dict[str, Any]"], "dict[str, Any]"]


def read(everything: Sorted, hardware_version: int) -> VmDefinition:
    """
    Return what the entries say.

    Raises:
        VmxError: a value cannot be read.
    """
    own = everything.own
    own.take(".encoding", "config.version")
    _hide_too_new(own, hardware_version)
    values = own.rows(IDENTITY) | own.rows(RESOURCES) | own.rows(START) | own.rows(TPM)
    _check_affinity(own, values)
    values["generation_id"] = _generation(own)
    values["vnc"] = _vnc(own)
    video = own.rows(VIDEO)
    values["video"] = Video(**video) if any(value is not None for value in video.values()) else None
    present = [
        (slot, found)
        for slot, found in everything.places("controllers", hardware_version)
        if found.is_true("{}.present")
    ]
    values["controllers"] = tuple(_controller(slot, found) for slot, found in present)
    values |= read_drives(everything, {slot for slot, _found in present}, hardware_version)
    for name, (kind, irregular) in _KINDS.items():
        values[name] = tuple(
            device(kind, slot, found, TABLES[name], irregular)
            for slot, found in everything.places(name, hardware_version)
            if found.is_true("{}.present")
        )
    values["usb_devices"] = tuple(
        UsbDevice(slot=slot, path=found.read("{}", TEXT))
        for slot, found in everything.places("usb_devices", hardware_version)
        if found.text("{}")
    )
    values["shared_folders"] = _folders(everything, hardware_version)
    definition = VmDefinition(**values)
    for key, value in standing(definition, hardware_version):
        everything.drop(key, value)
    return replace(definition, extra=MappingProxyType(everything.rest()))


def device(kind: type[Any], slot: Slot, found: Found, table: Table, irregular: Irregular) -> Any:
    """Make a device of what its entries say."""
    found.take("{}.present")
    values = found.rows(table)
    return kind(slot=slot, **(values | irregular(found, values)))


def _hide_too_new(own: Found, hardware_version: int) -> None:
    """Leave alone what this machine cannot have, as its host does."""
    is_efi = (own.text("firmware") or "").strip().lower() == Firmware.EFI.value
    for row in (*RESOURCES.rows, *START.rows, *TPM.rows):
        key = row.lookups[0]
        if row.since and own.is_true(key) and (row.since > hardware_version or (row.field == "vtpm" and not is_efi)):
            own.hide(key)


def _check_affinity(own: Found, values: dict[str, Any]) -> None:
    affinity, cpus = values["cpu_affinity"], values["cpus"] or 1
    if affinity and len(affinity) < cpus:
        own.wrong("sched.cpu.affinity", f"wanted at least {cpus} CPUs, as many as the machine has")


def _generation(own: Found) -> str | None:
    keys = ("vm.genid", "vm.genidx")
    parts = [own.look(key, NUMBER) for key in keys]
    if None in parts or parts == [0, 0]:
        return None
    own.take(*keys)
    return uuid_of("".join(f"{part % 2**64:016x}" for part in parts))


def _vnc(own: Found) -> Vnc | None:
    key = "remotedisplay.vnc.enabled"
    if not own.look(key, BOOL):
        return None
    own.take(key)
    return Vnc(**own.rows(VNC))


def _controller(slot: Slot, found: Found) -> Controller:
    found.take("{}.present")
    rows = TABLES["controllers"].regular
    # Only SCSI controllers have models and share their bus.
    return Controller(
        slot=slot, **{row.field: found.row(row) for row in rows if slot.kind == "scsi" or row.field == "pci_slot"}
    )


def _floppy(found: Found, _values: dict[str, Any]) -> dict[str, Any]:
    backing: FloppyBacking | None = None
    if found.is_true("{}.clientdevice"):
        backing = FloppyBacking.CLIENT
        found.take("{}.clientdevice")
    else:
        backing = found.read("{}.filetype", _FLOPPY_BACKING)
    if backing is FloppyBacking.IMAGE:
        return {
            "backing": backing,
            "file": found.read("{}.filename", FILE) if found.text("{}.filename") else _nothing(found),
        }
    return {"backing": backing, "device": found.read("{}.filename", TEXT)}


def _nothing(found: Found) -> str | None:
    """Take a file name that is empty."""
    return str(found.read("{}.filename", TEXT)) if "{}.filename" in found.entries else None


def _nic(found: Found, _values: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"model": found.read("{}.virtualdev", _NIC_MODEL)}
    if values["model"] is NicModel.VMXNET and (found.text("{}.features") or "").strip() == "15":
        values["model"] = NicModel.VMXNET2
        found.take("{}.features")
    if "{}.dvs.switchid" in found.entries:
        port = {name: found.read(key.lower(), codec, name) for key, name, codec in DISTRIBUTED}
        values["distributed_port"] = DistributedPort(**port)
    mac_type = values["mac_type"] = found.read("{}.addresstype", _MAC_TYPE)
    values["mac"] = found.read("{}.address" if mac_type is MacType.STATIC else "{}.generatedaddress", MAC)
    return values


def _port(found: Found, values: dict[str, Any]) -> dict[str, Any]:
    backing = values["backing"]
    is_file = backing is PortBacking.FILE and found.text("{}.filename")
    path = {"path": found.read("{}.filename", FILE if is_file else TEXT)}
    if "yield_on_poll" not in values:
        if backing in ENDPOINTS:
            found.wrong("{}.filetype", "wanted device or file")
        return path
    return path | {"endpoint": found.read(ENDPOINTS[backing].lower(), _ENDPOINT) if backing in ENDPOINTS else None}


def _regular(_found: Found, _values: dict[str, Any]) -> dict[str, Any]:
    return {}


def _folders(everything: Sorted, hardware_version: int) -> tuple[SharedFolder, ...]:
    own = everything.own
    if own.look("isolation.tools.hgfs.disable", BOOL) is not False:
        return ()
    count = own.look("sharedfolder.maxnum", NUMBER) or 0
    folders = []
    for slot, found in everything.places("shared_folders", hardware_version):
        if slot.index < count and found.is_true("{}.present") and found.is_true("{}.enabled"):
            found.take("{}.enabled")
            folders.append(device(SharedFolder, slot, found, TABLES["shared_folders"], _regular))
    return tuple(folders)


_FLOPPY_BACKING = choice({"file": FloppyBacking.IMAGE, "device": FloppyBacking.HOST})
_NIC_MODEL = choice({model.value: model for model in NicModel if model is not NicModel.VMXNET2})
_MAC_TYPE = words(MacType)
_ENDPOINT = words(Endpoint)
_KINDS: dict[str, tuple[type[Any], Irregular]] = {
    "floppies": (Floppy, _floppy),
    "nics": (Nic, _nic),
    "serial_ports": (SerialPort, _port),
    "parallel_ports": (ParallelPort, _port),
    "pci_devices": (PciDevice, _regular),
}
