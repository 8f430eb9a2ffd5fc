# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a VMX of a machine cannot have, and what it has anyway.

A *standing* key is one that no field says and that a file of such a machine has; ``extra`` may say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from .._errors import NotRepresentable
from .definition import DEVICE_FIELDS, Device, Firmware, VmDefinition
from .devices import MacType
from .drives import Cdrom, CdromBacking
from .keys_machine import RESOURCES
from .keys_start import START, TPM
from .limits import is_slot_of, slots_of, version_of
from .slots import Slot

# Fields that a VMX cannot say.
UNSUPPORTED = frozenset({"absent", "disks.capacity_kib", "disks.provisioning"})

PASSED_THROUGH = "/vmfs/devices/cdrom/"
NO_MEDIUM = "emptyBackingString"
AUTO_DETECT = "auto detect"
OF_HOST = frozenset({CdromBacking.HOST, CdromBacking.HOST_RAW})
# Before this version there were neither PCI bridges nor VMCI.
_PCI_EXPRESS = 7


def check(definition: VmDefinition, hardware_version: int) -> None:
    """
    Make sure that a VMX of this hardware version can say what the definition states.

    Raises:
        NotRepresentable: it cannot; ``field`` is the path of what is too much.
    """
    if definition.absent:
        refuse("absent", "a VMX lists what there is; it cannot say that something must not be there")
    _check_slots(definition)
    for disk in definition.disks:
        for field in ("capacity_kib", "provisioning"):
            if getattr(disk, field) is not None:
                refuse(f"disks[{disk.slot}].{field}", "a VMX names the disk's file, which alone knows this")
    for path, version in _needs(definition):
        if hardware_version < version:
            refuse(path, f"it needs hardware version {version}, and {hardware_version} is asked for")
    affinity, cpus = definition.cpu_affinity, definition.cpus or 1
    if affinity and len(affinity) < cpus:
        refuse("cpu_affinity", f"it names {len(affinity)} CPUs; wanted at least {cpus}, as many as the machine has")
    if definition.vtpm and definition.firmware is not Firmware.EFI:
        refuse("vtpm", "it needs firmware efi")


def _check_slots(definition: VmDefinition) -> None:
    taken: dict[Slot, str] = {}
    for name in DEVICE_FIELDS:
        for device in getattr(definition, name):
            path = f"{name}[{device.slot}]"
            if not is_slot_of(name, device.slot):
                refuse(path, f"there is no such slot; wanted {slots_of(name)}")
            if device.slot in taken:
                refuse(path, f"the slot is taken by {taken[device.slot]}")
            taken[device.slot] = path


def _needs(definition: VmDefinition) -> Iterator[tuple[str, int]]:
    """Yield what not every hardware version has, and which one has it."""
    for row in (*RESOURCES.rows, *START.rows, *TPM.rows):
        if row.since and getattr(definition, row.field):
            yield row.field, row.since
    for name in DEVICE_FIELDS:
        for device in getattr(definition, name):
            version = version_of(device.slot)
            if version:
                yield f"{name}[{device.slot}]", version


def standing(definition: VmDefinition, hardware_version: int) -> Iterator[tuple[str, str]]:
    """Yield the keys and values that a file of such a machine has although no field says them."""
    used = {floppy.slot.index for floppy in definition.floppies}
    yield from ((f"floppy{index}.present", "false") for index in (0, 1) if index not in used)
    for disk in definition.disks:
        kind = {"scsi": "scsi-hardDisk", "ide": "ata-hardDisk"}.get(disk.slot.kind)
        if kind is not None:
            yield f"{disk.slot}.deviceType", kind
    for cdrom in definition.cdroms:
        yield from _standing_of_cdrom(cdrom)
    for nic in definition.nics:
        if nic.mac is not None and nic.mac_type is MacType.GENERATED:
            yield f"{nic.slot}.generatedAddressOffset", "0"
    if definition.shared_folders:
        yield "isolation.tools.hgfs.disable", "false"
        yield "sharedFolder.maxNum", str(1 + max(folder.slot.index for folder in definition.shared_folders))
    if definition.usb2_controller:
        yield "usb.present", "true"
    if hardware_version >= _PCI_EXPRESS:
        yield from _bridges(definition)
        yield "vmci0.present", "true"


def _standing_of_cdrom(cdrom: Cdrom) -> Iterator[tuple[str, str]]:
    # Two words stand for a drive that is passed through, and any for that of a client.
    if cdrom.backing is CdromBacking.HOST_RAW:
        is_passthru = cdrom.slot.kind == "scsi" and (cdrom.device or "").startswith(PASSED_THROUGH)
        yield f"{cdrom.slot}.deviceType", "scsi-passthru" if is_passthru else "cdrom-raw"
    elif cdrom.backing is CdromBacking.CLIENT:
        yield f"{cdrom.slot}.deviceType", "cdrom-raw"
    if not cdrom.file and cdrom.device is None and cdrom.backing not in OF_HOST:
        yield f"{cdrom.slot}.fileName", NO_MEDIUM


def _bridges(definition: VmDefinition) -> Iterator[tuple[str, str]]:
    on_scsi: tuple[Device, ...] = (*definition.controllers, *definition.disks, *definition.cdroms)
    if not any(device.slot.kind == "scsi" for device in on_scsi):
        return
    yield "pciBridge0.present", "true"
    for bridge in (4, 5, 6, 7):
        yield f"pciBridge{bridge}.present", "true"
        yield f"pciBridge{bridge}.virtualDev", "pcieRootPort"
        yield f"pciBridge{bridge}.functions", "8"


def refuse(path: str, why: str) -> NoReturn:
    """
    Say that a VMX cannot have what a definition states; ``path`` leads to it.

    Raises:
        NotRepresentable: always.
    """
    raise NotRepresentable(f"{path}: {why}", field=path)
