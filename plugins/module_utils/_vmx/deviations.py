# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Where a VMX is read or written otherwise than libvirt 11.3 does it, as data.

Law: each row that has ``lines`` is shown to hold by a test: a VMX with these lines says what ``says`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One difference; ``lines`` are entries of a VMX and ``says`` is what of the definition they make, as data."""

    about: str
    libvirt: str
    ours: str
    lines: tuple[tuple[str, str], ...] = ()
    says: Mapping[str, Any] | None = None


_NIC = ("ethernet0.present", "true")
_IDE = ("ide0:0.present", "true")

READING = (
    Deviation(
        about="``ethernetN.checkMACAddress``",
        libvirt="Only ``true`` in lower case is yes; any other text is no.",
        ours="True and false in any case; anything else is an error.",
        lines=(_NIC, ("ethernet0.checkMACAddress", "TRUE")),
        says={"nics": [{"slot": "ethernet0", "mac_check": True}]},
    ),
    Deviation(
        about="``firmware``",
        libvirt="Anything but ``efi`` is an error, ``bios`` too.",
        ours="``bios`` and ``efi`` in any case.",
        lines=(("firmware", "bios"),),
        says={"firmware": "bios"},
    ),
    Deviation(
        about="``ethernetN.connectionType`` is ``hostonly``",
        libvirt="An error.",
        ours="Read and written. Domain XML has no word for it.",
        lines=(_NIC, ("ethernet0.connectionType", "hostonly")),
        says={"nics": [{"slot": "ethernet0", "connection": "hostonly"}]},
    ),
    Deviation(
        about="A connection without ``networkName`` or ``vnet``",
        libvirt="``bridged`` and ``custom`` need the one, ``custom`` the other as well.",
        ours="Hosts have defaults, and so the field is not stated.",
        lines=(_NIC, ("ethernet0.connectionType", "bridged")),
        says={"nics": [{"slot": "ethernet0", "connection": "bridged"}]},
    ),
    Deviation(
        about="A key such as ``ethernetX.foo`` or ``ethernetFoo``",
        libvirt="An error: a number is wanted.",
        ours="A key that no field says.",
        lines=(("ethernetFoo", "1"),),
        says={"extra": {"ethernetFoo": "1"}},
    ),
    Deviation(
        about="Drives of the client (``clientDevice``)",
        libvirt="Left out.",
        ours="Read and written, with backing ``client``. Domain XML has no word for them.",
        lines=(_IDE, ("ide0:0.clientDevice", "TRUE"), ("ide0:0.deviceType", "cdrom-raw")),
        says={"cdroms": [{"slot": "ide0:0", "backing": "client"}]},
    ),
    Deviation(
        about="An image of a CD-ROM whose name does not end with ``.iso``",
        libvirt="An error.",
        ours="An image, if the device type is ``cdrom-image``.",
        lines=(_IDE, ("ide0:0.deviceType", "cdrom-image"), ("ide0:0.fileName", "/images/a.img")),
        says={"cdroms": [{"slot": "ide0:0", "backing": "iso", "file": "/images/a.img"}]},
    ),
    Deviation(
        about="Device type ``cdrom-image`` without a file name",
        libvirt="An error.",
        ours="No medium.",
        lines=(_IDE, ("ide0:0.deviceType", "cdrom-image")),
        says={"cdroms": [{"slot": "ide0:0", "backing": "iso", "file": ""}]},
    ),
    Deviation(
        about="Device type ``atapi-cdrom`` with a name that ends with ``.iso``",
        libvirt="An error.",
        ours="The device type decides: a drive of the host.",
        lines=(_IDE, ("ide0:0.deviceType", "atapi-cdrom"), ("ide0:0.fileName", "/a.iso")),
        says={"cdroms": [{"slot": "ide0:0", "backing": "host", "device": "/a.iso"}]},
    ),
    Deviation(
        about="Device types of disks",
        libvirt="``scsi-hardDisk`` on IDE and ``ata-hardDisk`` on SCSI are errors, ``rawDisk`` and ``plainDisk`` too.",
        ours="A disk, on any bus.",
        lines=(_IDE, ("ide0:0.deviceType", "scsi-hardDisk"), ("ide0:0.fileName", "/a.vmdk")),
        says={
            "disks": [{"slot": "ide0:0", "file": "/a.vmdk"}],
            "extra": {"ide0:0.deviceType": "scsi-hardDisk"},
        },
    ),
    Deviation(
        about="A floppy drive or a parallel port without ``fileType``",
        libvirt="An error.",
        ours="The backing is not stated; hosts take it for a device.",
        lines=(("floppy0.present", "true"), ("floppy0.fileName", "/dev/fd0")),
        says={"floppies": [{"slot": "floppy0", "device": "/dev/fd0"}]},
    ),
    Deviation(
        about="A shared folder without ``hostPath`` or ``guestName``",
        libvirt="An error.",
        ours="Not stated.",
        lines=(
            ("isolation.tools.hgfs.disable", "false"),
            ("sharedFolder.maxNum", "1"),
            ("sharedFolder0.present", "true"),
            ("sharedFolder0.enabled", "true"),
        ),
        says={"shared_folders": [{"slot": "sharedFolder0"}]},
    ),
    Deviation(
        about="Escapes in other texts than ``displayName`` and ``annotation``",
        libvirt="Neither read nor written.",
        ours="Hosts write whatever cannot stand between quotation marks as a pipe and two hex digits, everywhere.",
        lines=(_NIC, ("ethernet0.networkName", "the |22old|22 net")),
        says={"nics": [{"slot": "ethernet0", "network": 'the "old" net'}]},
    ),
    Deviation(
        about="``vtpm.present`` and its like on a machine that is too old for it, or without EFI",
        libvirt="Read.",
        ours="The host does not look at it, and no more do we: it stays in ``extra``.",
        lines=(("vtpm.present", "TRUE"),),
        says={"extra": {"vtpm.present": "TRUE"}},
    ),
    Deviation(
        about="What a missing key means",
        libvirt="A default is filled in: 32 MiB, one CPU, a video card.",
        ours="The field is not stated. Domain XML fills in what libvirt fills in.",
        lines=(),
    ),
)

WRITING = (
    Deviation(
        about="Line breaks in ``annotation``",
        libvirt="Written as they are, so that nobody can read the file.",
        ours="Escaped as ``|0a``.",
        lines=(("annotation", "one|0atwo"),),
        says={"annotation": "one\ntwo"},
    ),
    Deviation(
        about="``sched.mem.min``",
        libvirt="Not written.",
        ours="Written beside ``sched.mem.minsize`` from hardware version 11 on, as hosts do.",
    ),
    Deviation(
        about="SATA, NVMe, units above 15 on SCSI",
        libvirt="An error.",
        ours="Written for a hardware version that has them.",
    ),
    Deviation(
        about="Controllers without a drive",
        libvirt="Left out.",
        ours="Written.",
    ),
    Deviation(
        about="A drive of the host without a device",
        libvirt="A file name that is no name is written.",
        ours="No file name is written.",
    ),
    Deviation(
        about="What a hardware version cannot have",
        libvirt="Mostly written all the same.",
        ours="An error that names the field.",
    ),
)
