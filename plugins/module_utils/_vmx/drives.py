# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The controllers, disks and drives of a virtual machine, as values.

Law: a device is what it is by its slot (``scsi0:1``, ``ethernet0``), never by its place in a list.
``None`` in a field means *not stated*: in a wanted definition it is not managed, in a found one it was not reported.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from .slots import Shares, Slot

_DELTA = re.compile(r"(.+)-([0-9]{6})\.vmdk", re.IGNORECASE | re.DOTALL)


class ScsiModel(str, enum.Enum):
    """Models of a SCSI controller, in the words of VMX."""

    BUSLOGIC = "buslogic"
    LSILOGIC = "lsilogic"
    LSISAS1068 = "lsisas1068"
    PVSCSI = "pvscsi"


class BusSharing(str, enum.Enum):
    """Whether virtual machines share a SCSI bus; VMX ``scsiN.sharedBus``."""

    NONE = "none"
    VIRTUAL = "virtual"
    PHYSICAL = "physical"


@dataclass(frozen=True, kw_only=True)
class Controller:
    """
    A storage controller. IDE and floppy controllers are always there and are not listed.

    Source: vim.vm.device.VirtualSCSIController, VirtualAHCIController, VirtualNVMEController; VMX ``scsiN.*``,
    ``sataN.*``, ``nvmeN.*``; libvirt ``<controller>``.
    """

    slot: Slot  # scsi0..3, sata0..3, nvme0..3
    model: ScsiModel | None = None  # of a SCSI controller; None: the default of the guest id
    bus_sharing: BusSharing | None = None
    pci_slot: int | None = None  # VMX pciSlotNumber; -1: none assigned yet


class DiskMode(str, enum.Enum):
    """What snapshots and power cycles do to a disk; VMX ``mode``, vSphere ``diskMode``."""

    PERSISTENT = "persistent"
    INDEPENDENT_PERSISTENT = "independent-persistent"
    INDEPENDENT_NONPERSISTENT = "independent-nonpersistent"
    NONPERSISTENT = "nonpersistent"
    UNDOABLE = "undoable"
    APPEND = "append"


class DiskSharing(str, enum.Enum):
    """Whether several machines may write to a disk; VMX ``sharing``."""

    NONE = "none"
    MULTI_WRITER = "multi-writer"


class Provisioning(str, enum.Enum):
    """How the blocks of a new disk are allocated. A VMX does not say; it matters where a disk is created."""

    THIN = "thin"
    THICK = "thick"
    EAGER_ZEROED = "eager-zeroed"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """
    One virtual disk.

    Source: vim.vm.device.VirtualDisk; VMX ``scsiC:U.*`` and its like; libvirt ``<disk device='disk'>``.
    """

    slot: Slot
    file: str | None = None  # "[datastore] dir/name.vmdk"; a bare name lies beside the VMX
    capacity_kib: int | None = None  # not in a VMX
    provisioning: Provisioning | None = None  # not in a VMX
    mode: DiskMode | None = None
    write_through: bool | None = None
    sharing: DiskSharing | None = None
    change_tracking: bool | None = None
    shares: Shares | None = None
    iops_limit: int | None = None  # -1: unlimited

    @property
    def delta(self) -> int | None:
        """The number in the name that a snapshot gives to the disk written since; None: no snapshot's name."""
        found = _DELTA.fullmatch(self.file or "")
        return int(found.group(2)) if found else None

    @property
    def base_file(self) -> str | None:
        """The file that the chain of snapshots began with, by the naming rule of hosts."""
        found = _DELTA.fullmatch(self.file or "")
        return f"{found.group(1)}.vmdk" if found else self.file


class CdromBacking(str, enum.Enum):
    """What is behind a CD-ROM drive."""

    ISO = "iso"  # an image, or nothing when no file is named
    HOST = "host"  # a drive of the host, emulated: VMX atapi-cdrom
    HOST_RAW = "host-raw"  # a drive of the host, passed through: VMX cdrom-raw, scsi-passthru
    CLIENT = "client"  # the drive of whoever has the console open


@dataclass(frozen=True, kw_only=True)
class Cdrom:
    """
    One CD-ROM drive.

    Source: vim.vm.device.VirtualCdrom; VMX ``ideB:U.*`` and its like; libvirt ``<disk device='cdrom'|'lun'>``.
    """

    slot: Slot
    backing: CdromBacking | None = None
    file: str | None = None  # of an ISO; "": no medium
    device: str | None = None  # of a host's drive
    auto_detect: bool | None = None  # the host looks for a drive itself
    start_connected: bool | None = None


class FloppyBacking(str, enum.Enum):
    """What is behind a floppy drive."""

    IMAGE = "image"
    HOST = "host"
    CLIENT = "client"


@dataclass(frozen=True, kw_only=True)
class Floppy:
    """
    One floppy drive.

    Source: vim.vm.device.VirtualFloppy; VMX ``floppyN.*``; libvirt ``<disk device='floppy'>``.
    """

    slot: Slot  # floppy0, floppy1
    backing: FloppyBacking | None = None
    file: str | None = None  # of an image
    device: str | None = None  # of a host's drive
    start_connected: bool | None = None
