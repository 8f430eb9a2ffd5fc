# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places of devices, and the words that several kinds of devices share."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Union

_SLOT = re.compile(r"([A-Za-z_]+?)([0-9]{1,4})(?::([0-9]{1,4}))?")


class Bus(str, enum.Enum):
    """What disks and CD-ROM drives hang on; the word that begins their VMX keys."""

    SCSI = "scsi"
    SATA = "sata"
    NVME = "nvme"
    IDE = "ide"


@total_ordering
@dataclass(frozen=True)
class Slot:
    """
    The place of a device: ``scsi0:1`` is unit 1 of SCSI controller 0, ``ethernet0`` is the first network card.

    ``unit`` is None for a device that sits on no controller, and for a controller itself.
    """

    kind: str
    index: int
    unit: int | None = None

    @classmethod
    def parse(cls, text: str) -> Slot:
        """
        Read ``scsi0:1`` or ``ethernet0``; the kind comes out in the spelling of VMX keys that hosts write.

        Raises:
            ValueError: the text is no slot.
        """
        found = _SLOT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no slot; wanted something like scsi0:1 or ethernet0")
        kind, index, unit = found.groups()
        return cls(KINDS.get(kind.lower(), kind.lower()), int(index), None if unit is None else int(unit))

    def __str__(self) -> str:
        return f"{self.kind}{self.index}" if self.unit is None else f"{self.kind}{self.index}:{self.unit}"

    def __lt__(self, other: Slot) -> bool:
        return (self.kind, self.index, self.unit or 0) < (other.kind, other.index, other.unit or 0)


# Kinds of slots whose spelling in VMX keys has capitals.
KINDS = {"sharedfolder": "sharedFolder", "pcipassthru": "pciPassthru"}


class ShareLevel(str, enum.Enum):
    """A share of a contended resource, as a word; the number behind it depends on the size of the machine."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


Shares = Union[ShareLevel, int]
