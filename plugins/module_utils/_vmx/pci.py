# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How PCI devices of a host are named: by place, and by what they are.

Law: two spellings of one place are equal by :func:`place_of`. A VMX writes it in decimal (``00000:059:00.0``), the API
and ``lspci`` in hexadecimal (``0000:3b:00.0``, ``3b:00.0``); the five digits in front tell them apart.
"""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"([0-9]{5}):([0-9]{3}):([0-9]{2})\.([0-7])", re.ASCII)
_HEXADECIMAL = re.compile(r"(?:(?:0x)?([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.IGNORECASE)
_PAIR = re.compile(r"\s*(?:0x)?([0-9a-f]{1,4}):(?:0x)?([0-9a-f]{1,4})\s*", re.IGNORECASE)

Place = tuple[int, int, int, int]
"""Domain, bus, device and function."""


def place_of(address: str) -> Place | None:
    """Read the address of a PCI device; None if it is none."""
    for pattern, base in ((_DECIMAL, 10), (_HEXADECIMAL, 16)):
        found = pattern.fullmatch(address.strip())
        if found is not None:
            domain, bus, device, function = (int(part or "0", base) for part in found.groups())
            return domain, bus, device, function
    return None


def api_address(address: str) -> str:
    """Write an address as the API has it; what is none stays as it is."""
    place = place_of(address)
    return address if place is None else "{:04x}:{:02x}:{:02x}.{:x}".format(*place)


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are of one place, however they are written."""
    return one == other or (place_of(one) is not None and place_of(one) == place_of(other))


def same_devices(one: str, other: str) -> bool:
    """Whether two lists of pairs of vendor and device name the same, in the same order, however they are written."""
    return one == other or (_pairs(one) is not None and _pairs(one) == _pairs(other))


def _pairs(text: str) -> list[tuple[int, int]] | None:
    found = [_PAIR.fullmatch(part) for part in text.split(",")]
    pairs = [(int(one.group(1), 16), int(one.group(2), 16)) for one in found if one is not None]
    return pairs if len(pairs) == len(found) else None
