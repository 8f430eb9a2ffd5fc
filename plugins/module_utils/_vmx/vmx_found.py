# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The entries of a VMX, sorted by the device that they are of.

Laws: keys are looked up without regard to case, and of two alike the first counts; what is taken is taken once, and
``rest`` is what nobody took, in the order of the file.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from .._errors import VmxError
from .codec import BOOL, Codec
from .escaped import FILE
from .escapes import escape_unquotable
from .keys import TABLES
from .limits import RANGES, SLOTS, version_of
from .paths import FileNames, MissingFile
from .rows import SLOT, Row, Table
from .slots import Slot
from .text import VmxText

# Key as spelled, and raw value.
Entry = tuple[str, str]

# What begins the keys of devices, lower case -> kind of slot.
_KINDS = {stem.lower(): kind for table in TABLES.values() for kind, stem in table.stems.items()}
_STEMS = "|".join(re.escape(stem) for stem in _KINDS)
_PLACE = re.compile(rf"(sched\.)?({_STEMS})(0|[1-9][0-9]{{0,3}})(?::(0|[1-9][0-9]{{0,3}}))?(\..+)?")


class Found:
    """The entries of one device by their keys, lower case and with ``{}`` for the slot; or those of the machine."""

    __slots__ = ("_all", "_taken", "entries")

    def __init__(self, everything: Sorted) -> None:
        self.entries: dict[str, Entry] = {}
        self._taken: dict[str, Entry] = {}
        self._all = everything

    def text(self, key: str) -> str | None:
        """Return a value as it stands, and leave the entry where it is."""
        entry = self.entries.get(key)
        return None if entry is None else entry[1]

    def take(self, *keys: str) -> None:
        """Take the entries that are there."""
        for key in keys:
            entry = self.entries.pop(key, None)
            if entry is not None:
                self._taken[key] = entry
                del self._all.left[entry[0].lower()]

    def hide(self, key: str) -> None:
        """Leave an entry where it is, and let nobody take it."""
        self.entries.pop(key, None)

    def look(self, key: str, codec: Codec, name: str = "") -> Any:
        """
        Return the value of an entry, None when it is not there. ``name`` is the field, for its range.

        Raises:
            VmxError: it cannot be read.
        """
        entry = self.entries.get(key)
        if entry is None:
            return None
        # Nothing that a machine has is longer, and nothing that is longer is looked at.
        if len(entry[1]) > codec.most:
            self._all.refuse(entry, f"wanted at most {codec.most} characters")
        try:
            if codec is FILE:
                return self._all.names.parse(FILE.read(entry[1]))
            value = codec.read(entry[1])
        except ValueError as exc:
            raise self._all.error(entry, str(exc) if codec is FILE else f"wanted {exc}") from exc
        limits = RANGES.get(name)
        if limits is not None:
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, int) and not limits.holds(number):
                    self._all.refuse(entry, f"wanted {limits}")
        return value

    def is_true(self, key: str) -> bool:
        """Whether an entry is there and says true."""
        return bool(self.look(key, BOOL))

    def read(self, key: str, codec: Codec, name: str = "") -> Any:
        """Take an entry and return its value; as ``look``."""
        value = self.look(key, codec, name)
        self.take(key)
        return value

    def file_or_none(self, key: str) -> str | None:
        """
        Take a file name and return the file; None, with the entry left where it is, when there is no such file.

        Raises:
            VmxError: it cannot be read.
        """
        try:
            return str(self.read(key, FILE))
        except VmxError as error:
            if isinstance(error.__cause__, MissingFile):
                return None
            raise

    def wrong(self, key: str, why: str) -> NoReturn:
        """
        Say that a key is not as it should be, or, when it is not there, that the device is not.

        Raises:
            VmxError: always.
        """
        entries = self._taken | self.entries
        self._all.refuse(entries.get(key) or next(iter(entries.values())), why)

    def row(self, row: Row) -> Any:
        """Take what a row says, its aliases too; what a lenient row cannot read stays."""
        value = None
        for key in row.lookups:
            if key not in self.entries or row.codec is None:
                continue
            try:
                found = self.look(key, row.codec, row.field)
            except VmxError:
                if row.lenient:
                    continue
                raise
            # An alias that says something else is not ours.
            if value is None or value == found:
                value = found
                self.take(key)
        return value

    def rows(self, table: Table) -> dict[str, Any]:
        """Take what the regular rows of a table say, as fields."""
        return {row.field: self.row(row) for row in table.regular}


class Sorted:
    """All entries of a text: the machine's own and those of devices by slot; ``left`` is what nobody took yet."""

    def __init__(self, text: VmxText, names: FileNames) -> None:
        self.names = names
        self.left: dict[str, Entry] = {}
        self.own = Found(self)
        self._text = text
        self._devices: dict[Slot, Found] = {}
        for entry in text.entries():
            lower = entry[0].lower()
            if lower in self.left:
                continue
            self.left[lower] = entry
            place = _PLACE.fullmatch(lower)
            if place is None:
                self.own.entries[lower] = entry
            else:
                self._add(place, entry)

    def _add(self, place: re.Match[str], entry: Entry) -> None:
        front, kind, index, unit, rest = place.groups()
        slot = Slot(_KINDS[kind], int(index), None if unit is None else int(unit))
        # Without a bound, a text could name a million devices.
        if not any(kinds[slot.kind].holds(slot) for kinds in SLOTS.values() if slot.kind in kinds):
            return
        found = self._devices.get(slot)
        if found is None:
            found = self._devices[slot] = Found(self)
        found.entries[f"{front or ''}{SLOT}{rest or ''}"] = entry

    def places(self, name: str, hardware_version: int) -> list[tuple[Slot, Found]]:
        """Return the slots of a field of VmDefinition that the text mentions and the hardware has, in order."""
        rooms = SLOTS[name]
        found = []
        for slot, entries in self._devices.items():
            if slot.kind in rooms and rooms[slot.kind].holds(slot) and version_of(slot) <= hardware_version:
                found.append((slot, entries))
        return sorted(found, key=_slot_of)

    def drop(self, key: str, value: str) -> None:
        """Take an entry that says what goes without saying."""
        entry = self.left.get(key.lower())
        if entry is not None and entry[1].lower() == value.lower():
            del self.left[key.lower()]

    def rest(self) -> dict[str, str]:
        """Return what nobody took, so that it can be written between quotation marks again."""
        return {key: escape_unquotable(value) for key, value in self.left.values()}

    def refuse(self, entry: Entry, why: str) -> NoReturn:
        """
        Say that an entry's value is not what its key wants.

        Raises:
            VmxError: always.
        """
        raise self.error(entry, why)

    def error(self, entry: Entry, why: str) -> VmxError:
        """Return the error that an entry's value is not what its key wants."""
        key, value = entry
        shown = value if len(value) <= 80 else f"{value[:77]}..."
        return self._text.error(key, f"found {shown!r}; {why}")


def _slot_of(pair: tuple[Slot, Found]) -> Slot:
    return pair[0]
