# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a whole run found: the rows with their costs, on what machine, with which releases; kept in a file if wanted."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils import _argspec
from ansible_collections.virt.esx.tests.support.processes import importing

from .contestants import MODULE, OURS, PLAYS, missing, versions
from .measuring import Cost, Costs
from .rows import all_rows

IMPORTS = """
import time
import ansible.module_utils.basic
began = time.process_time()
from ansible_collections.virt.esx.plugins.modules import esx_vm_power
from ansible_collections.virt.esx.plugins.module_utils._flow import job
from ansible_collections.virt.esx.plugins.module_utils._vi import connection, crew, dispatch, host, watch
print(time.process_time() - began)
"""
IMPORT_RUNS = 5


@dataclass(frozen=True)
class Measured:
    """What a row came to: the costs by contestant."""

    row: str
    profile: str
    costs: Mapping[str, Costs]
    family: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def our_failures(self) -> list[str]:
        """What went wrong with ours."""
        return [cost.failure for name, cost in self.costs.items() if name.startswith(OURS) and cost.failure]

    def figure(self, name: str, what: str) -> float | None:
        """Return the median of one figure of a contestant; None where it failed or took no part."""
        costs = self.costs.get(name)
        return None if costs is None or not costs.runs or costs.failure else costs.median(what)

    def ratio(self, name: str, what: str = "seconds") -> float | None:
        """How many times as long as ours a contestant takes: a play beside our play, a program beside our module."""
        ours = self.figure(OURS if name in PLAYS else MODULE, what)
        theirs = self.figure(name, what)
        return None if not ours or theirs is None else theirs / ours

    def faster(self, others: Sequence[str]) -> dict[str, float]:
        """Return who of the others takes less time than ours, and what part of it."""
        ratios = {name: self.ratio(name) for name in others}
        return {name: ratio for name, ratio in ratios.items() if ratio is not None and ratio < 1}


@dataclass
class Results:
    """A run: its rows, and what has to be known to judge them."""

    machine: str
    absent: list[str]
    runs: int
    note: str = ""
    import_seconds: float = 0.0
    rows: list[Measured] = field(default_factory=list)

    def find(self, row: str, profile: str) -> Measured | None:
        """Return a row by its name; None where it was not measured."""
        return next((one for one in self.rows if (one.row, one.profile) == (row, profile)), None)

    def add(self, found: Measured) -> None:
        """Take a row in, in the place of an older one, and in the order in which rows are shown."""
        order = [row.name for row in all_rows(is_long=True)]
        others = [one for one in self.rows if (one.row, one.profile) != (found.row, found.profile)]
        self.rows = sorted([*others, found], key=lambda one: order.index(one.row))

    def keep(self, path: Path) -> None:
        """Write everything to a file."""
        path.write_text(json.dumps(dataclasses.asdict(self)), "utf-8")


def started(runs: int, note: str) -> Results:
    """Return the results of a run that begins."""
    return Results(machine(), missing(), runs, note, import_seconds())


def kept(path: Path) -> Results:
    """Read what an earlier run wrote."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    rows = [_row(row) for row in found.pop("rows")]
    return Results(**found, rows=rows)


def _row(found: Mapping[str, Any]) -> Measured:
    costs = {name: Costs([Cost(**run) for run in one["runs"]]) for name, one in found["costs"].items()}
    return Measured(found["row"], found["profile"], costs, found["family"], tuple(found["left_out"]))


def machine() -> str:
    """Say on what this runs, and with which releases."""
    there = ", ".join(f"{name} {version}" for name, version in versions().items())
    return f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), with {there}"


def import_seconds() -> float:
    """Return the computing time of loading the code of a power-on and pyVmomi, beside what Ansible loads."""
    tree = Path(str(_argspec.__file__)).parents[5]
    found = []
    for _run in range(IMPORT_RUNS):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTS],
            env=importing(str(tree)),
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
        found.append(float(done.stdout))
    return statistics.median(found)
