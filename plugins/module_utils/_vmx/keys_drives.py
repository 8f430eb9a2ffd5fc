# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mapping between VMX keys and controllers, disks and drives, as data, in the order in which they are written."""

from __future__ import annotations

from .codec import BOOL, CAP, NUMBER, SHARES, words
from .drives import BusSharing, DiskMode, DiskSharing, ScsiModel
from .escaped import FILE
from .rows import Row, Table

CONTROLLERS = Table(
    title="Storage controllers",
    field="controllers",
    stems={"scsi": "scsi", "sata": "sata", "nvme": "nvme"},
    about="IDE and floppy controllers are always there and have no keys. A disk's controller is written with it.",
    rows=(
        Row(key="{}.present", default="false", note="Without it the controller and what is on it stay in ``extra``."),
        Row(
            key="{}.virtualDev",
            field="model",
            codec=words(ScsiModel),
            default="what the guest id asks for",
            vsphere="VirtualSCSIController, by class",
            libvirt="controller@model",
            note="Of SCSI controllers only.",
        ),
        Row(
            key="{}.sharedBus",
            field="bus_sharing",
            codec=words(BusSharing),
            default="none",
            vsphere="VirtualSCSIController.sharedBus",
        ),
        Row(
            key="{}.pciSlotNumber",
            field="pci_slot",
            codec=NUMBER,
            vsphere="VirtualDevice.slotInfo",
            libvirt="controller/address",
        ),
    ),
)

_BUSES = {"scsi": "scsi", "sata": "sata", "nvme": "nvme", "ide": "ide"}

DISKS = Table(
    title="Disks",
    field="disks",
    stems=_BUSES,
    about=(
        "What is at a unit is decided by its file name and its device type. A name that ends with ``.vmdk`` is a "
        "disk; no name, a name that ends with ``.iso``, ``emptyBackingString`` and the device types of CD-ROM drives "
        "are none."
    ),
    rows=(
        Row(key="{}.present", default="false", note="Without it the device stays in ``extra``."),
        Row(
            key="{}.deviceType",
            libvirt="disk@device",
            note=(
                "Written as ``scsi-hardDisk`` on SCSI and ``ata-hardDisk`` on IDE. "
                "Another word for a disk stays in ``extra``; a word that is none is an error."
            ),
        ),
        Row(
            key="{}.fileName",
            field="file",
            codec=FILE,
            vsphere="VirtualDisk.backing.fileName",
            libvirt="disk/source",
            note="With snapshots, the name of the newest delta.",
        ),
        Row(
            key="{}.writeThrough",
            field="write_through",
            codec=BOOL,
            default="false",
            vsphere="VirtualDisk.backing.writeThrough",
            libvirt="disk/driver@cache",
        ),
        Row(
            key="{}.mode",
            field="mode",
            codec=words(DiskMode),
            default="persistent",
            vsphere="VirtualDisk.backing.diskMode",
            libvirt="disk/transient",
        ),
        Row(
            key="{}.sharing",
            field="sharing",
            codec=words(DiskSharing),
            default="none",
            vsphere="VirtualDisk.backing.sharing",
        ),
        Row(
            key="{}.ctkEnabled",
            field="change_tracking",
            codec=BOOL,
            default="false",
            vsphere="VirtualDisk.backing.changeId",
        ),
        Row(
            key="sched.{}.shares",
            field="shares",
            codec=SHARES,
            default="normal",
            vsphere="VirtualDisk.storageIOAllocation.shares",
        ),
        Row(
            key="sched.{}.throughputCap",
            field="iops_limit",
            codec=CAP,
            default="off",
            vsphere="VirtualDisk.storageIOAllocation.limit",
            lenient=True,
        ),
    ),
)

_SCSI_SATA_IDE = {"scsi": "scsi", "sata": "sata", "ide": "ide"}

CDROMS = Table(
    title="CD-ROM drives",
    field="cdroms",
    stems=_SCSI_SATA_IDE,
    rows=(
        Row(key="{}.present", default="false", note="Without it the device stays in ``extra``."),
        Row(
            key="{}.clientDevice",
            field="backing",
            default="false",
            vsphere="VirtualCdrom.backing",
            note="True: backing ``client``, whatever the other keys say. libvirt leaves such a drive out.",
        ),
        Row(
            key="{}.deviceType",
            field="backing",
            vsphere="VirtualCdrom.backing",
            libvirt="disk@device, @type",
            note=(
                "``cdrom-image`` is ``iso``, ``atapi-cdrom`` is ``host``, ``cdrom-raw`` is ``host-raw``, and so is "
                "``scsi-passthru`` with a name under ``/vmfs/devices/cdrom/``. It may be missing beside a name "
                "that ends with ``.iso`` and beside no medium."
            ),
        ),
        Row(
            key="{}.autodetect",
            field="auto_detect",
            codec=BOOL,
            default="false",
            vsphere="VirtualCdrom.backing.useAutoDetect",
            libvirt="disk/source@startupPolicy",
            note="The file name ``auto detect`` says it, too.",
        ),
        Row(
            key="{}.fileName",
            field="file",
            vsphere="VirtualCdrom.backing.fileName",
            libvirt="disk/source@file",
            note="Of an ISO. ``emptyBackingString`` or nothing is no medium.",
        ),
        Row(
            key="{}.fileName",
            field="device",
            vsphere="VirtualCdrom.backing.deviceName",
            libvirt="disk/source@dev",
            note="Of a drive of the host, or of the client.",
        ),
        Row(
            key="{}.startConnected",
            field="start_connected",
            codec=BOOL,
            default="true",
            vsphere="VirtualCdrom.connectable.startConnected",
        ),
    ),
)

FLOPPIES = Table(
    title="Floppy drives",
    field="floppies",
    stems={"floppy": "floppy"},
    about='A drive that is not there is written as ``present = "false"``: a missing key means two different things.',
    rows=(
        Row(key="{}.present", default="false", note="Without it the device stays in ``extra``."),
        Row(
            key="{}.clientDevice",
            field="backing",
            default="false",
            vsphere="VirtualFloppy.backing",
            note="True: backing ``client``. libvirt leaves such a drive out.",
        ),
        Row(
            key="{}.fileType",
            field="backing",
            vsphere="VirtualFloppy.backing",
            libvirt="disk@type",
            note="``file`` is ``image``, ``device`` is ``host``.",
        ),
        Row(
            key="{}.fileName",
            field="file",
            vsphere="VirtualFloppy.backing.fileName",
            libvirt="disk/source@file",
            note="Of an image.",
        ),
        Row(
            key="{}.fileName",
            field="device",
            vsphere="VirtualFloppy.backing.deviceName",
            libvirt="disk/source@dev",
            note="Of any other backing.",
        ),
        Row(
            key="{}.startConnected",
            field="start_connected",
            codec=BOOL,
            default="true",
            vsphere="VirtualFloppy.connectable.startConnected",
        ),
    ),
)
