# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual hardware versions: which a host knows, and which it gives a machine that asks for none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World

# Versions that were ever there, and the newest that each version of ESXi knows, which is also its default.
VERSIONS = (4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)
NEWEST = {"5.5": 10, "6.0": 11, "6.5": 13, "6.7": 15, "7.0": 19, "8.0": 21, "9.0": 22}
# Not offered to new machines by any ESXi: those of workstations.
HOSTED = (12, 16)
OLDEST = 4


def newest(world: World) -> int:
    """The newest hardware version that the host knows."""
    return NEWEST[".".join(world.api_version.split(".")[:2])]


def offered(world: World) -> list[int]:
    """The hardware versions that the host offers to new machines."""
    return [number for number in VERSIONS if number <= newest(world) and number not in HOSTED]


def known_number(world: World, text: str) -> int | None:
    """Read ``vmx-20``; None: the host does not know it."""
    found = re.fullmatch(r"vmx-(\d{1,3})", text)
    number = int(found.group(1)) if found is not None else 0
    return number if OLDEST <= number <= newest(world) and number in VERSIONS else None


def version_text(number: int) -> str:
    """Write a hardware version as the API does."""
    return f"vmx-{number:02}"
