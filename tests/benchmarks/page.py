# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as a table for the terminal and as a page with charts for the documentation."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .contestants import MODULE, OURS, PLAYS, missing, versions
from .measuring import Costs
from .rows import PROFILES

BAR = 36
HEAD = ("", "seconds", "x ours", "CPU s", "requests", "logins", "kB", "MiB", "reaction ms")
LABEL = "ansible_collections.virt.esx.docsite.speed"
NOTICE = """..
  Copyright (c) 2026, virt.esx maintainers
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
"""
SIMULATOR = ":ref:`the same simulated host <ansible_collections.virt.esx.docsite.simulator>`"
INTRODUCTION = """
This page is written by ``./dev bench --page docs/docsite/rst/speed.rst``.
Everybody works on {host}, in turns.
What is shown are medians of {runs} runs; who takes longer than ten seconds runs once.
Look at the ratios: a machine that does other things too makes every figure worse.

* ``x ours``: how many times as long as ours it takes,
  a play beside the play with our module, a program or a script beside the process of our module alone.
* ``CPU s``: the computing time on the control node. ``MiB``: the memory of its largest process.
* ``requests``, ``logins``, ``kB``: what the host saw.
* ``reaction ms``: the longest time from a question to its answer.

*pyVmomi by hand* is a script that somebody who knows the API well would write for this one purpose.
Without Ansible around it, it is the limit.
"""
PROFILE_NOTES: Mapping[str, str] = {
    "no latency": "The host answers at once, and its tasks take no time.",
    "realistic": "Each request takes 5 ms, a login 150 ms, a power-on 1 s.",
}


@dataclass(frozen=True)
class Measured:
    """What a row came to: the costs by contestant."""

    row: str
    profile: str
    costs: Mapping[str, Costs]

    @property
    def our_failures(self) -> list[str]:
        """What went wrong with ours."""
        return [cost.failure for name, cost in self.costs.items() if name.startswith(OURS) and cost.failure]

    def ratio(self, name: str) -> float | None:
        """How many times as long as ours a contestant takes: a play beside our play, a program beside our module."""
        ours = self.costs.get(OURS if name.removesuffix(", least properties") in PLAYS else MODULE)
        if ours is None or ours.failure or self.costs[name].failure:
            return None
        return self.costs[name].median("seconds") / ours.median("seconds")


def cells(measured: Measured) -> Iterator[list[str]]:
    """Yield a line of cells for each contestant."""
    for name, costs in measured.costs.items():
        if costs.failure:
            yield [name, "fails", *[""] * (len(HEAD) - 2)]
            continue
        ratio = measured.ratio(name)
        reactions = [run.reaction for run in costs.runs if run.reaction is not None]
        yield [
            name,
            f"{costs.median('seconds'):.2f}",
            "" if ratio is None else f"{ratio:.2f}",
            f"{costs.median('cpu'):.2f}",
            f"{costs.median('requests'):,.0f}",
            f"{costs.median('logins'):,.0f}",
            f"{costs.median('kilobytes'):,.0f}",
            f"{costs.median('peak_mib'):,.0f}",
            f"{max(reactions) * 1000:,.0f}" if reactions else "",
        ]


def lines(measured: Measured) -> list[str]:
    """Return the table of one row for the terminal."""
    rows = [[f"{measured.row} ({measured.profile})", *HEAD[1:]], *cells(measured)]
    said = [f"    {name} fails: {cost.failure[-200:]}" for name, cost in measured.costs.items() if cost.failure]
    return ["", *(f"{row[0]:<42} " + " ".join(f"{cell:>9}" for cell in row[1:]) for row in rows), *said]


def write(path: Path, measured: Iterable[Measured], runs: int) -> None:
    """Write the page."""
    found = list(measured)
    parts = [
        NOTICE,
        f".. _{LABEL}:\n",
        *_title("Speed", "="),
        INTRODUCTION.format(runs=runs, host=SIMULATOR),
        *_machine(),
    ]
    for profile in PROFILES:
        rows = [one for one in found if one.profile == profile]
        if rows:
            parts += ["", *_title(profile[:1].upper() + profile[1:], "-"), PROFILE_NOTES[profile]]
            for one in rows:
                parts += [
                    "",
                    *_title(one.row[:1].upper() + one.row[1:], "~"),
                    *_table(list(cells(one))),
                    "",
                    *_chart(one),
                ]
    path.write_text("\n".join(parts).rstrip() + "\n", "utf-8")


def _title(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _machine() -> list[str]:
    there = ", ".join(f"{name} {version}" for name, version in versions().items())
    absent = [f"Left out, because not installed: {', '.join(missing())}."] if missing() else []
    return [f"Measured on {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), with {there}.", *absent]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    used = [index for index in range(len(HEAD)) if index == 0 or any(row[index] for row in rows)]
    shown = [[line[index] for index in used] for line in (HEAD, *rows)]
    widths = [max(len(line[index]) for line in shown) for index in range(len(used))]
    rule = " ".join("=" * width for width in widths)

    def line_of(cells_of_line: Sequence[str]) -> str:
        # A simple table takes an empty first cell for more of the line before.
        first = cells_of_line[0] or "\\"
        rest = [cell.rjust(width) for cell, width in zip(cells_of_line[1:], widths[1:], strict=True)]
        return " ".join([first.ljust(widths[0]), *rest]).rstrip()

    return [rule, line_of(shown[0]), rule, *(line_of(line) for line in shown[1:]), rule]


def _chart(measured: Measured) -> list[str]:
    seconds = {name: costs.median("seconds") for name, costs in measured.costs.items() if not costs.failure}
    if not seconds:
        return []
    wide, longest = max(len(name) for name in seconds), max(seconds.values())
    bars = [
        f"  {name:<{wide}} {chr(0x2588) * max(1, round(BAR * value / longest))} {value:.2f} s"
        for name, value in seconds.items()
    ]
    return [".. code-block:: text", "", *bars, ""]
