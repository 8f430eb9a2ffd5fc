# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is shown of the course of long work, and how often: enough to see that it goes on, too little to flood a log.

A record is one line of JSON, ``{"what": "web01, disk 1 of 3", "percent": 40}``, with ``total`` in bytes where that is
known, or ``done`` in bytes instead of ``percent``.

Law: what ends within a moment shows nothing; what takes long shows a line each tenth, or each half minute.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

# The variable that names the pipe (a FIFO) through which a module tells its records.
VARIABLE = "VIRT_ESX_PROGRESS"
# No line comes earlier than so many seconds after the one before it, or after the beginning.
SHORTEST_SECONDS = 2.0
LONGEST_SECONDS = 30.0
STEP_PERCENT = 10
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@dataclass
class _Piece:
    """One piece of work: where and when it began, and which share of it was shown last."""

    what: str
    began_at: float
    began_with: float
    shown_percent: float = 0.0


class Course:
    """Turns records into lines to show; ``now`` is any clock of seconds, and it begins with the work."""

    def __init__(self, now: float) -> None:
        self._shown_at = now
        self._piece: _Piece | None = None

    def line(self, record: bytes, now: float) -> str | None:
        """Return what to show of a record, None for nothing; what is no record shows nothing."""
        try:
            said = json.loads(record)
            what, done, total = str(said["what"]), said.get("done"), said.get("total")
            percent = float(said["percent"]) if "percent" in said else 100.0 * done / total if total else 0.0
        except (ValueError, TypeError, LookupError, ArithmeticError):
            return None
        if self._piece is None or self._piece.what != what:
            self._piece = _Piece(what, began_at=now, began_with=percent)
        since = now - self._shown_at
        is_step = percent >= self._piece.shown_percent + STEP_PERCENT and since >= SHORTEST_SECONDS
        if not is_step and since < LONGEST_SECONDS:
            return None
        self._shown_at, self._piece.shown_percent = now, percent
        return f"{what}: {', '.join(self._parts(self._piece, percent, total, now))}"

    @staticmethod
    def _parts(piece: _Piece, percent: float, total: int | None, now: float) -> list[str]:
        parts = [f"{percent:.0f} %"]
        if total:
            parts.append(f"{size(total * percent / 100)} of {size(total)}")
        seconds, came = now - piece.began_at, percent - piece.began_with
        if seconds > 0 and came > 0:
            if total:
                parts.append(f"{size(total * came / 100 / seconds)}/s")
            parts.append(f"{duration((100 - percent) * seconds / came)} left")
        return parts


def size(count: float) -> str:
    """Write a number of bytes in the unit that suits it."""
    power = 0
    while count >= 1024 and power < len(_UNITS) - 1:
        count /= 1024
        power += 1
    return f"{count:.1f} {_UNITS[power]}" if power else f"{count:.0f} {_UNITS[0]}"


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
