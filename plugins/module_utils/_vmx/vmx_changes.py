# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A diff in the words of a VMX: the entries that change, before and after.

Laws: an entry that is the same before and after is not shown, nor is one that no VMX has (the size of a disk stands in
its VMDK); a secret is masked; no line holds what would do something to a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._errors import NotRepresentable
from .definition import DEVICE_FIELDS, Firmware, VmDefinition
from .diff import Change, Diff, is_secret, patched
from .drives import Disk
from .keys import TABLES
from .paths import FileNames
from .slots import Slot
from .text import VmxText
from .vmx_write import said

MASK = "********"
_SPECIAL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A host names a disk that it makes, and only then.
_UNNAMED = "unnamed.vmdk"
# Newer than any, so that nothing is too new to be shown.
_NEWEST = 99
_ALWAYS = frozenset({"config.version", "virtualhw.version"})


def changed_lines(have: VmDefinition, diff: Diff, names: FileNames | None = None) -> list[str]:
    """
    Return the lines of a VMX that change when a machine is changed, with ``-`` before what goes and ``+`` before what
    comes, those of one device together.
    """
    names = names or FileNames()
    want = patched(have, diff)
    lines: list[str] = []
    for place in dict.fromkeys(map(_place, diff)):
        lines += _changed(_entries(have, place, names), _entries(want, place, names))
    return lines


def new_lines(text: VmxText) -> list[str]:
    """Return the lines of a VMX that is new as a whole, as :func:`changed_lines` does."""
    return list(_changed({}, {key.lower(): (key, value) for key, value in text.entries()}))


def _place(change: Change) -> tuple[str, str | None]:
    name, key, _inner = change.parts
    return name, key


def _changed(before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old != new:
            if old is not None:
                yield _line("-", *old, MASK)
            if new is not None:
                yield _line("+", *new, f"{MASK} (new)")


def _line(sign: str, key: str, value: str, mask: str) -> str:
    shown = mask if is_secret(key) else _SPECIAL.sub(_escaped, value)
    return f'{sign}{key} = "{shown}"'


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"|{byte:02x}" for byte in found.group().encode())


def _entries(machine: VmDefinition, place: tuple[str, str | None], names: FileNames) -> dict[str, tuple[str, str]]:
    """Return what a VMX says of one place of a machine: key in lower case -> key and value; nothing if it cannot."""
    name, key = place
    if name == "extra":
        found = {spelled.lower(): (spelled, value) for spelled, value in machine.extra.items()}
        return {low: entry for low, entry in found.items() if low == (key or "").lower()}
    if name in DEVICE_FIELDS:
        slot = Slot.parse(key or "")
        device = next((one for one in getattr(machine, name) if one.slot == slot), None)
        return {} if device is None else _of_device(name, device, names)
    if name == "hardware_version":
        version = machine.hardware_version
        return {} if version is None else {"virtualhw.version": ("virtualHW.version", str(version))}
    values = {name: getattr(machine, name)}
    if name == "vtpm":
        # Nothing else can have one.
        values["firmware"] = Firmware.EFI
    return {
        low: entry for low, entry in _said(VmDefinition(**values), names, standing=False) if _is_of(low, name, values)
    }


def _is_of(key: str, name: str, values: Mapping[str, Any]) -> bool:
    return key not in _ALWAYS and (name == "firmware" or key != "firmware" or "firmware" not in values)


def _of_device(name: str, device: Any, names: FileNames) -> dict[str, tuple[str, str]]:
    place = TABLES[name].place(device.slot)
    hidden = ""
    if isinstance(device, Disk):
        device = replace(device, capacity_kib=None, provisioning=None)
        if not device.file:
            device, hidden = replace(device, file=_UNNAMED), f"{place}.filename".lower()
    values: dict[str, Any] = {name: (device,)}
    prefixes = (f"{place}.".lower(), f"sched.{place}.".lower())
    return {
        low: entry
        for low, entry in _said(VmDefinition(**values), names, standing=True)
        if (low.startswith(prefixes) or low == place.lower()) and low != hidden
    }


def _said(machine: VmDefinition, names: FileNames, *, standing: bool) -> Iterator[tuple[str, tuple[str, str]]]:
    try:
        for line in said(machine, names, _NEWEST):
            if standing or not line.standing:
                yield line.key.lower(), (line.key, line.value)
    except NotRepresentable:
        # What a VMX cannot say is shown in the words of the hub alone.
        return
