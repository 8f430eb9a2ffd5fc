# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is at a unit of a controller: a disk, a CD-ROM drive, or nothing that we know.

Law: the decision is made of ``clientDevice``, ``deviceType`` and ``fileName`` alone, and is the same on every bus,
except that an NVMe controller has disks only and that only a SCSI controller passes commands through.
"""

from __future__ import annotations

from typing import Any

from .codec import BOOL
from .drives import Cdrom, CdromBacking, Disk
from .escaped import TEXT
from .keys_drives import CDROMS, DISKS
from .slots import Slot
from .vmx_found import Found, Sorted
from .vmx_standing import AUTO_DETECT, NO_MEDIUM, PASSED_THROUGH

_CDROM_TYPES = {
    "atapi-cdrom": CdromBacking.HOST,
    "cdrom-raw": CdromBacking.HOST_RAW,
    "cdrom-image": CdromBacking.ISO,
}
_PASSTHRU = "scsi-passthru"
# The words for a disk; which one stands there says nothing that the bus and the file do not say.
_DISK_TYPES = frozenset({"scsi-harddisk", "ata-harddisk", "disk", "rawdisk", "plaindisk"})
_NO_MEDIA = frozenset({NO_MEDIUM.lower(), ""})


def read_drives(everything: Sorted, controllers: set[Slot], hardware_version: int) -> dict[str, Any]:
    """
    Return the disks and the CD-ROM drives, as fields of VmDefinition.

    Raises:
        VmxError: what is at a unit is neither.
    """
    disks: list[Disk] = []
    cdroms: list[Cdrom] = []
    for slot, found in everything.places("disks", hardware_version):
        if slot.kind != "ide" and Slot(slot.kind, slot.index) not in controllers:
            continue
        if not found.is_true("{}.present"):
            continue
        if slot.kind == "nvme" or _is_disk(slot, found):
            disks.append(_disk(slot, found))
        else:
            cdrom = _cdrom(slot, found)
            cdroms += [cdrom] if cdrom is not None else []
    return {"disks": tuple(disks), "cdroms": tuple(cdroms)}


def _is_disk(slot: Slot, found: Found) -> bool:
    name, kind = found.text("{}.filename"), _type(found)
    if name is None or kind in _CDROM_TYPES or found.is_true("{}.clientdevice"):
        return False
    if slot.kind == "scsi" and kind == _PASSTHRU:
        return name.lower().endswith(".vmdk")
    return not (name.lower().endswith(".iso") or name.lower() in _NO_MEDIA)


def _type(found: Found) -> str:
    return (found.text("{}.devicetype") or "").strip(" \t").lower()


def _disk(slot: Slot, found: Found) -> Disk:
    if not (found.text("{}.filename") or "").lower().endswith(".vmdk"):
        found.wrong("{}.filename", "wanted the .vmdk of a disk, the .iso of a CD-ROM, or another device type")
    if _type(found) not in _DISK_TYPES | {""}:
        found.wrong("{}.devicetype", "wanted scsi-hardDisk, ata-hardDisk or disk for a .vmdk")
    found.take("{}.present")
    return Disk(slot=slot, **found.rows(DISKS))


def _cdrom(slot: Slot, found: Found) -> Cdrom | None:
    """Read a CD-ROM drive; None when it is something that we do not know, such as a tape on a SCSI bus."""
    name, kind = found.text("{}.filename"), _type(found)
    if found.look("{}.clientdevice", BOOL):
        values = _of_client(found)
    elif (name or "").lower().endswith(".vmdk"):
        return None
    elif slot.kind == "scsi" and kind == _PASSTHRU:
        if not (name or "").startswith(PASSED_THROUGH):
            return None
        values = {"backing": CdromBacking.HOST_RAW, "device": found.read("{}.filename", TEXT)}
    elif kind in {"atapi-cdrom", "cdrom-raw"}:
        values = _of_host(found, _CDROM_TYPES[kind])
    elif kind not in {"", "cdrom-image"}:
        found.wrong("{}.devicetype", "wanted cdrom-image, cdrom-raw or atapi-cdrom, or a .vmdk for a disk")
    elif name is None and not kind:
        found.wrong("{}.filename", "wanted a file name or a device type")
    else:
        values = {"backing": CdromBacking.ISO, "file": _iso(found)}
    found.take("{}.present")
    regular = {name: value for name, value in found.rows(CDROMS).items() if name not in values}
    return Cdrom(slot=slot, **values, **regular)


def _of_client(found: Found) -> dict[str, Any]:
    found.take("{}.clientdevice")
    name = found.text("{}.filename")
    # Which drive it would be without the client is kept; that there is none is what we write anyway.
    is_none = name is None or name.lower() == NO_MEDIUM.lower()
    return {"backing": CdromBacking.CLIENT, "device": None if is_none else found.read("{}.filename", TEXT)}


def _of_host(found: Found, backing: CdromBacking) -> dict[str, Any]:
    if backing is CdromBacking.HOST:
        found.take("{}.devicetype")
    name, is_auto = found.text("{}.filename"), found.look("{}.autodetect", BOOL)
    if name is not None and name.lower() == AUTO_DETECT and is_auto is not False:
        found.take("{}.filename", "{}.autodetect")
        return {"backing": backing, "auto_detect": True}
    return {"backing": backing, "device": found.read("{}.filename", TEXT)}


def _iso(found: Found) -> str:
    """Take the image; "" for none, whose name stays where it is: nothing else tells what it was."""
    found.take("{}.devicetype")
    name = found.text("{}.filename")
    if name is None or name.lower() in _NO_MEDIA:
        return ""
    return found.file_or_none("{}.filename") or ""
