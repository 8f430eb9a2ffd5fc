# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is described, as it can be compared with what a host reports.

A VMX says things that no property of the API does, and things that the host itself keeps up to date. Neither may make a
machine look changed. Law: ``comparable(d, have)`` states nothing that a host would not report back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .._vmx.definition import BootDevice, VmDefinition
from .._vmx.devices import Nic, ParallelPort, PortBacking
from .._vmx.drives import Cdrom, CdromBacking, Controller, Floppy, FloppyBacking
from .._vmx.slots import Slot

# Keys of a VMX that a host writes as it goes along, or that say what its properties say.
_HOST_KEPT = re.compile(
    r"""
    virt\.esx\..* | \.encoding | config\.version | virtualhw\..* | extendedconfigfile | cleanshutdown | softpoweroff
    | annotation
    | .*\.pcislotnumber | .*\.sassourceid | .*\.redo | .*\.present | .*:\d+\..* | ethernet\d+\..* | serial\d+\..*
    | parallel\d+\..* | floppy\d+\..* | scsi\d+\..* | sata\d+\..* | nvme\d+\..* | ide\d+\..* | pcibridge\d+\..*
    | sched\..* | migrate\..* | vmotion\..* | monitor\..* | numa\.autosize\..* | vmci0\..* | uuid\..* | vc\.uuid
    | viv\.moid | vm\.createdate | vm\.genid.* | checkpoint\..* | toolsinstallmanager\..* | tools\..* | toolscripts\..*
    | mks\..* | powertype\..* | guestos.* | guestinfo\.detailed\.data | hpet0\..* | svga\..* | usb.* | replay\..*
    | log\..*
    | evcCompatibilityMode | virtualhw\.productcompatibility | deploymentplatform | nvram | cpuid\..* | hostcpuid\..*
    | guestcpuid\..* | usercpuid\..* | featmask\..* | msg\..* | floppy.* | bios\.(?:hdd|boot)order
    """,
    re.VERBOSE | re.IGNORECASE,
)


def comparable(want: VmDefinition, have: VmDefinition, *, from_text: bool) -> VmDefinition:
    """
    Return what of *want* can be compared with what a host reports of a machine.

    ``from_text`` says that it comes from a VMX or a domain XML, which describe the file and not what is wanted of it.
    """
    want = replace(
        want,
        controllers=tuple(replace(one, pci_slot=None) for one in want.controllers),
        disks=tuple(replace(one, change_tracking=None) for one in want.disks),
        cdroms=tuple(_medium(one, have) for one in want.cdroms),
        floppies=tuple(_lent(one) for one in want.floppies),
        nics=tuple(_card(one) for one in want.nics),
        parallel_ports=tuple(_without_direction(one) for one in want.parallel_ports),
        boot_order=_boot_order(want, have),
        shared_folders=(),
        # How a host writes the path of a device that is there, no description foresees.
        usb_devices=have.usb_devices if want.usb_devices else (),
        generation_id=None,
        uuid_action=None,
    )
    if not from_text:
        return want
    return replace(
        want,
        location_uuid=None,
        nvram=None,
        extra=MappingProxyType(dict(_kept(want.extra))),
    )


def _kept(want: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the entries of a text that somebody wants, and not those that a host keeps."""
    for key, value in want.items():
        if _HOST_KEPT.fullmatch(key) is None:
            yield key, value


def _medium(cdrom: Cdrom, have: VmDefinition) -> Cdrom:
    """A drive without a medium is the same to a host, whatever could lend it one."""
    if cdrom.backing is CdromBacking.CLIENT:
        return replace(cdrom, device=None, auto_detect=None)
    found = next((one for one in have.cdroms if one.slot == cdrom.slot), None)
    is_empty = cdrom.backing is CdromBacking.ISO and not cdrom.file
    if is_empty and found is not None and not found.file and not found.device:
        return replace(cdrom, backing=None, file=None)
    return cdrom


def _lent(floppy: Floppy) -> Floppy:
    """Which of its drives a client lends, nobody but the client knows; a host's drive without a name is any."""
    if floppy.backing is FloppyBacking.CLIENT or not floppy.device:
        return replace(floppy, device=None)
    return floppy


def _card(nic: Nic) -> Nic:
    return replace(nic, connection=None, vnet=None, mac_check=None, pci_slot=None)


def _boot_order(want: VmDefinition, have: VmDefinition) -> tuple[BootDevice, ...] | None:
    """Leave out what the machine has none of: a host names disks and cards to start from by what they are."""
    if not want.boot_order:
        return want.boot_order
    there = {BootDevice.DISK: want.disks or have.disks, BootDevice.NIC: want.nics or have.nics}
    return tuple(word for word in want.boot_order if there.get(word, True)) or None


def _without_direction(port: ParallelPort) -> ParallelPort:
    return replace(port, bidirectional=None)


def with_controllers(want: VmDefinition, have: VmDefinition) -> VmDefinition:
    """Add the controllers that wanted drives hang on and that nobody mentions; IDE controllers are always there."""
    known = {str(one.slot) for one in (*want.controllers, *have.controllers)}
    drives: tuple[Any, ...] = (*want.disks, *want.cdroms)
    missing = {
        Slot(drive.slot.kind, drive.slot.index)
        for drive in drives
        if drive.slot.kind != "ide" and str(Slot(drive.slot.kind, drive.slot.index)) not in known
    }
    added = tuple(Controller(slot=slot) for slot in sorted(missing))
    return replace(want, controllers=(*want.controllers, *added)) if added else want


def located(want: VmDefinition, directory: str) -> VmDefinition:
    """Turn bare file names into paths beside the VMX; ``directory`` is ``[datastore] dir``."""

    def place(file: str | None) -> str | None:
        if not file or file.startswith(("[", "/")):
            return file
        return f"{directory}/{file}" if not directory.endswith("]") else f"{directory} {file}"

    def port(one: Any) -> Any:
        return replace(one, path=place(one.path)) if one.backing is PortBacking.FILE else one

    return replace(
        want,
        serial_ports=tuple(port(one) for one in want.serial_ports),
        parallel_ports=tuple(port(one) for one in want.parallel_ports),
        disks=tuple(replace(one, file=place(one.file)) for one in want.disks),
        cdroms=tuple(replace(one, file=place(one.file)) for one in want.cdroms),
        floppies=tuple(replace(one, file=place(one.file)) for one in want.floppies),
    )
