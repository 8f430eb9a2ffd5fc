# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the mapping between VMX keys and the hub is made of.

Laws: a row with a codec is read and written by one interpreter; a row without one says what a function does, so that
the page made of the rows is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_of
from functools import cached_property
from types import MappingProxyType

from .codec import Codec
from .slots import Slot

# Stands in a key for the slot: "{}.fileName" is scsi0:1.fileName.
SLOT = "{}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    One key of a VMX, or one pattern of keys.

    ``field`` is a field of the table's class; several rows may share one. ``aliases`` are keys that say the same and
    that are kept in step where a file has them. A ``lenient`` row leaves what it cannot read in ``extra``.
    """

    key: str
    field: str = ""
    codec: Codec | None = None
    default: str = ""  # what a host does where the key is missing
    vsphere: str = ""
    libvirt: str = ""
    note: str = ""
    aliases: tuple[str, ...] = ()
    lenient: bool = False
    since: int = 0  # the hardware version that it needs, when it is true

    @cached_property
    def lookups(self) -> tuple[str, ...]:
        """The key as it is looked up, and its aliases."""
        return tuple(key.lower() for key in (self.key, *self.aliases))


@dataclass(frozen=True, kw_only=True)
class Table:
    """
    The rows of one class of the hub.

    ``field`` is the field of VmDefinition ("" for its own values), ``stems`` begin the keys of a device's slot.
    """

    title: str
    field: str
    rows: tuple[Row, ...]
    # Kind of slot -> how keys spell it. A factory: Python 3.11 takes no mapping for a default.
    stems: Mapping[str, str] = field_of(default_factory=lambda: MappingProxyType({}))
    about: str = ""

    @cached_property
    def regular(self) -> tuple[Row, ...]:
        """The rows that the interpreter reads and writes."""
        return tuple(row for row in self.rows if row.codec is not None)

    def place(self, slot: Slot) -> str:
        """Return what stands for the slot in keys."""
        unit = "" if slot.unit is None else f":{slot.unit}"
        return f"{self.stems[slot.kind]}{slot.index}{unit}"
