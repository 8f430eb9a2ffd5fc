# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How many of each a machine can have: slots, ranges of numbers, and what needs a newer virtual hardware.

Law: these are limits of the format and of the hosts of today; what one host offers, that host says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .slots import Slot

# Hardware version of ESXi 8.0, where none is stated.
DEFAULT_HARDWARE_VERSION = 20
OLDEST_HARDWARE_VERSION = 4
# From here on a SCSI controller has 64 units instead of 15.
WIDE_SCSI = 13
# Unit 7 of a SCSI controller is the controller itself.
SCSI_ITSELF = 7


@dataclass(frozen=True)
class Room:
    """Where devices of one kind may be: indexes from 0, and units from 0 or None for a device without one."""

    indexes: int
    units: int | None = None

    def holds(self, slot: Slot) -> bool:
        """Whether a slot of this kind exists."""
        if slot.index >= self.indexes or (slot.unit is None) != (self.units is None):
            return False
        if self.units is None or slot.unit is None:
            return True
        return slot.unit < self.units and not (slot.kind == "scsi" and slot.unit == SCSI_ITSELF)


# Field of VmDefinition -> kind of slot -> room.
SLOTS: Mapping[str, Mapping[str, Room]] = {
    "controllers": {"scsi": Room(4), "sata": Room(4), "nvme": Room(4)},
    "disks": {"scsi": Room(4, 65), "sata": Room(4, 30), "nvme": Room(4, 64), "ide": Room(2, 2)},
    "cdroms": {"scsi": Room(4, 65), "sata": Room(4, 30), "ide": Room(2, 2)},
    "floppies": {"floppy": Room(2)},
    "nics": {"ethernet": Room(10)},
    "serial_ports": {"serial": Room(32)},
    "parallel_ports": {"parallel": Room(3)},
    "pci_devices": {"pciPassthru": Room(32)},
    "usb_devices": {"usb": Room(20)},
    "shared_folders": {"sharedFolder": Room(256)},
}


def is_slot_of(field: str, slot: Slot) -> bool:
    """Whether a device of this field of VmDefinition may have this slot."""
    room = SLOTS[field].get(slot.kind)
    return room is not None and room.holds(slot)


def slots_of(field: str) -> str:
    """Say in words which slots a field of VmDefinition has: ``scsi0..3:0..64 (never unit 7)``."""
    shown = []
    for kind, room in SLOTS[field].items():
        units = "" if room.units is None else f":0..{room.units - 1}" + (" (never 7)" if kind == "scsi" else "")
        shown.append(f"{kind}0..{room.indexes - 1}{units}")
    return ", ".join(shown)


@dataclass(frozen=True)
class Range:
    """What a number may be; ``unlimited`` allows -1 as well."""

    least: int
    most: int
    step: int = 1
    unlimited: bool = False

    def holds(self, number: int) -> bool:
        """Whether the number is allowed."""
        if self.unlimited and number == -1:
            return True
        return self.least <= number <= self.most and number % self.step == 0

    def __str__(self) -> str:
        multiple = f", a multiple of {self.step}" if self.step > 1 else ""
        return f"a number from {self.least} to {self.most}{multiple}" + (", or -1 for unlimited" * self.unlimited)


_INT64 = 2**63 - 1
_AMOUNT = Range(0, _INT64)
_LIMIT = Range(0, _INT64, unlimited=True)

# Field of the hub, in whatever class -> range.
RANGES: Mapping[str, Range] = {
    "hardware_version": Range(OLDEST_HARDWARE_VERSION, 99),
    "cpus": Range(1, 4096),
    "cores_per_socket": Range(1, 4096),
    "cpu_reservation_mhz": _AMOUNT,
    "cpu_limit_mhz": _LIMIT,
    "cpu_shares": Range(0, 2**31 - 1),
    "cpu_affinity": Range(0, 16383),
    "memory_mib": Range(4, 2**31, 4),
    "memory_reservation_mib": _AMOUNT,
    "memory_limit_mib": _LIMIT,
    "memory_shares": Range(0, 2**31 - 1),
    "boot_delay_ms": Range(0, 2**31 - 1),
    "capacity_kib": Range(1, 2**53),
    "shares": Range(0, 2**31 - 1),
    "iops_limit": _LIMIT,
    "pci_slot": Range(-1, 2**16 - 1),
    "port": Range(-1, 65535),
    "port_id": Range(-(2**63), _INT64),
    "connection_id": Range(-(2**63), _INT64),
    "vendor_id": Range(0, 0xFFFF),
    "device_id": Range(0, 0xFFFF),
    "ram_kib": Range(0, 2**31),
    "displays": Range(0, 16),
}


def version_of(slot: Slot) -> int:
    """Return the hardware version that first has a slot; 0: every one."""
    unit = slot.unit or 0
    if slot.kind == "nvme":
        return 21 if unit > 14 else 13
    if slot.kind == "sata":
        return 10
    if slot.kind == "scsi":
        return WIDE_SCSI if unit > 15 else 0
    few, version = {"ethernet": (4, 7), "serial": (4, 11)}.get(slot.kind, (0, 0))
    return version if slot.index >= few else 0
