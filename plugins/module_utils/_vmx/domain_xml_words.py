# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of libvirt's domain XML that reading and writing share, as tables, and the names that it gives to drives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .definition import Firmware
from .devices import NicModel, PortBacking
from .drives import Cdrom, Disk, ScsiModel
from .paths import FileNames
from .slots import ShareLevel, Shares, Slot

# What libvirt shows where a VMX says nothing.
DEFAULT_MEMORY_MIB = 32
DEFAULT_VIDEO_KIB = 4096
NO_MAC = "00:00:00:00:00:00"
NO_UUID = "00000000-0000-0000-0000-000000000000"

BUSES = ("scsi", "sata", "nvme", "ide")  # in the order in which libvirt lists drives
SHARES: Mapping[ShareLevel, int] = {ShareLevel.LOW: 500, ShareLevel.NORMAL: 1000, ShareLevel.HIGH: 2000}  # per CPU
FIRMWARES: Mapping[str, Firmware] = {"efi": Firmware.EFI, "bios": Firmware.BIOS}
NIC_MODELS: Mapping[str, NicModel] = {model.value: model for model in NicModel if model is not NicModel.SRIOV}
SCSI_MODELS: Mapping[str, ScsiModel] = {
    "buslogic": ScsiModel.BUSLOGIC,
    "lsilogic": ScsiModel.LSILOGIC,
    "lsisas1068": ScsiModel.LSISAS1068,
    "vmpvscsi": ScsiModel.PVSCSI,
}
PORT_TYPES: Mapping[str, PortBacking] = {
    "dev": PortBacking.DEVICE,
    "file": PortBacking.FILE,
    "pipe": PortBacking.PIPE,
    "tcp": PortBacking.NETWORK,
    "null": PortBacking.NETWORK,
}
# Scheme of a serial port's URI -> protocol in XML, scheme that is written for it.
PROTOCOLS: Mapping[str, tuple[str, str]] = {
    "": ("raw", "tcp"),
    "tcp": ("raw", "tcp"),
    "tcp4": ("raw", "tcp"),
    "tcp6": ("raw", "tcp"),
    "telnet": ("telnet", "telnet"),
    "telnets": ("telnets", "telnets"),
    "ssl": ("tls", "ssl"),
    "tcp+ssl": ("tls", "ssl"),
    "tcp4+ssl": ("tls", "ssl"),
    "tcp6+ssl": ("tls", "ssl"),
}
_URI = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//(?:[^/@]*@)?(\[[^]/]*\]|[^:/?#\[\]]*):([0-9]{1,5})(?:[/?#].*)?")
_NVME = re.compile(r"nvme([0-9]{1,3})n([0-9]{1,3})")
_LETTERS = re.compile(r"(sd|hd|fd)([a-z]{1,4})")
_VPX = re.compile(r"00:50:56:[89ab][0-9a-f]:", re.IGNORECASE)
_MADE_UP = re.compile(r"vnet[0-9]+")
_SCSI_ITSELF = 7
_NARROW = 15
_WIDE = 64


def endpoint_of(uri: str) -> tuple[str, str, str] | None:
    """Return protocol, host and port of a serial port's URI; None: libvirt has no words for it."""
    found = _URI.fullmatch(uri)
    if found is None or (found.group(1) or "").lower() not in PROTOCOLS or not 0 < int(found.group(3)) < 65536:
        return None
    return PROTOCOLS[(found.group(1) or "").lower()][0], found.group(2).strip("[]"), str(int(found.group(3)))


def uri_of(protocol: str, host: str, port: str) -> str:
    """Return the URI for what :func:`endpoint_of` gives."""
    scheme = next(scheme for word, scheme in PROTOCOLS.values() if word == protocol)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def share_value(shares: Shares, cpus: int) -> int:
    """Return shares as a number, as libvirt counts them."""
    return SHARES[shares] * cpus if isinstance(shares, ShareLevel) else shares


def share_word(shares: int, cpus: int) -> Shares:
    """Return shares as a word where the number is a word's, as libvirt does."""
    return next((word for word, number in SHARES.items() if number * cpus == shares), shares)


def is_vpx(mac: str) -> bool:
    """Whether a MAC address is of the range that vCenter assigns."""
    return _VPX.match(mac) is not None


def is_made_up(vnet: str) -> bool:
    """Whether a name of a network device is one that libvirt makes up itself, and therefore does not read."""
    return _MADE_UP.fullmatch(vnet) is not None


def rounded(amount: int, step: int) -> int:
    """Round up to a multiple."""
    return -(-amount // step) * step


def is_file_name(path: str) -> bool:
    """Whether a VMX could name such a file."""
    try:
        return bool(FileNames().format(path))
    except ValueError:
        return False


def is_disk_name(path: str) -> bool:
    """Whether a VMX could name such a disk: by its descriptor, a ``.vmdk``."""
    return path.lower().endswith(".vmdk") and is_file_name(path)


def power_of_two(amount: int) -> int:
    """Round up to a power of two, as libvirt does with the memory of a video card."""
    return 1 << (amount - 1).bit_length()


def drive_order(device: Disk | Cdrom) -> tuple[int, int, int]:
    """Sort drives as libvirt lists them: SCSI, SATA, NVMe, IDE, and by unit."""
    slot = device.slot
    return BUSES.index(slot.kind), slot.index, slot.unit or 0


def is_wide(slots: Iterable[Slot]) -> bool:
    """Whether drives use units of a SCSI controller that only newer hardware has, which changes all names."""
    return any(slot.kind == "scsi" and (slot.unit or 0) > _NARROW for slot in slots)


def target_of(slot: Slot, *, wide: bool = False) -> str:
    """Return the name of a drive's target: ``sda`` for ``scsi0:0``, ``nvme0n1`` for ``nvme0:0``."""
    unit = slot.unit or 0
    if slot.kind == "nvme":
        return f"nvme{slot.index}n{unit + 1}"
    if slot.kind == "scsi":
        return "sd" + _letters(slot.index * (_WIDE if wide else _NARROW) + unit - (unit > _SCSI_ITSELF))
    if slot.kind == "sata":
        return "sd" + _letters(slot.index * 30 + unit)
    return "hd" + _letters(slot.index * 2 + unit) if slot.kind == "ide" else "fd" + _letters(slot.index)


def slots_named(target: str, bus: str) -> list[Slot]:
    """
    Return the slots that the name of a target may stand for, the most likely first; none: it is no name of this bus.

    libvirt counts 15 units to a SCSI controller of whatever size; the wide count is for machines that have more.
    """
    if bus == "nvme":
        named = _NVME.fullmatch(target)
        return [Slot(bus, int(named.group(1)), int(named.group(2)) - 1)] if named and int(named.group(2)) else []
    found = _LETTERS.fullmatch(target)
    if found is None or found.group(1) != {"ide": "hd", "fdc": "fd"}.get(bus, "sd"):
        return []
    index = _index(found.group(2))
    if bus == "scsi":
        narrow, wide = divmod(index, _NARROW), divmod(index, _WIDE)
        return [Slot(bus, place, unit + (unit >= _SCSI_ITSELF)) for place, unit in (narrow, wide)]
    if bus == "fdc":
        return [Slot("floppy", index)]
    return [Slot(bus, *divmod(index, 30 if bus == "sata" else 2))]


def _letters(index: int) -> str:
    letters = ""
    while index >= 0:
        letters = chr(ord("a") + index % 26) + letters
        index = index // 26 - 1
    return letters


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1
