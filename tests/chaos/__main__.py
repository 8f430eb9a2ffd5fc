# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The command line of the fault matrix: ``./dev chaos [--module NAME] [--fault NAME] [--case N]``.

It prints what was tried, and ends with 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from .cases import CASES, Case
from .faults import FAULTS
from .matrix import Trial, loss, trials, undisturbed


@dataclass(frozen=True)
class Tried:
    """What came of one trial; ``lost`` says what was, "" if nothing."""

    module: str
    task: str
    trial: Trial
    lost: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix, or the part of it that is asked for."""
    wanted = _wanted(arguments)
    began = time.monotonic()
    cases = [case for case in CASES if wanted.module in (None, case.module) and (wanted.task or case.task) == case.task]
    work = [(index, wanted.fault, wanted.case) for index, case in enumerate(CASES) if case in cases]
    if wanted.jobs == 1:
        tried = [one for part in work for one in _of_case(part)]
    else:
        with ProcessPoolExecutor(wanted.jobs, mp_context=get_context("fork")) as pool:
            tried = [one for part in pool.map(_of_case, work) for one in part]
    _report(tried)
    lost = [one for one in tried if one.lost]
    print(f"{len(tried)} tried, {len(tried) - len(lost)} survived, {len(lost)} lost, {time.monotonic() - began:.0f} s")
    return 1 if lost or not tried else 0


def _wanted(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--module", choices=sorted({case.module for case in CASES}), help="only this module")
    parser.add_argument("--task", help="only this task of it, as it is printed")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="only this fault")
    parser.add_argument("--case", type=int, metavar="N", help="only the request of this number, from 1")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="so many tasks side by side")
    return parser.parse_args(arguments)


def _of_case(part: tuple[int, str | None, int | None]) -> list[Tried]:
    index, fault, number = part
    case: Case = CASES[index]
    usual = undisturbed(case)
    return [
        Tried(case.module, case.task, trial, loss(case, usual, trial))
        for trial in trials(usual)
        if fault in (None, trial.fault) and number in (None, trial.number)
    ]


def _report(tried: Sequence[Tried]) -> None:
    _table("module", [(one.module, one) for one in tried])
    _table("fault", [(one.trial.fault, one) for one in tried])
    for one in tried:
        if one.lost:
            again = f"--module {one.module} --task '{one.task}' --fault {one.trial.fault} --case {one.trial.number}"
            print(f"LOST at {one.trial.method}: ./dev chaos {again}\n  {one.lost}")


def _table(title: str, rows: Iterable[tuple[str, Tried]]) -> None:
    tried, lost = Counter[str](), Counter[str]()
    for name, one in rows:
        tried[name] += 1
        lost[name] += bool(one.lost)
    print(f"{title:24} {'tried':>7} {'survived':>9} {'lost':>5}")
    for name, count in tried.items():
        print(f"{name:24} {count:7} {count - lost[name]:9} {lost[name]:5}")
    print()


if __name__ == "__main__":
    sys.exit(main())
