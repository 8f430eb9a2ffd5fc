# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Our modules beside what users would pick instead: ``./dev bench``.

Everybody works on the same simulator process, in turns, several times; what is shown are medians, and by how much
longer than ours the others take. A machine that does other things too makes every figure worse, but a ratio less so.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .contestants import Place, missing
from .measuring import Costs, simulator
from .page import closing, lines, write
from .results import Measured, Results, kept, started
from .rows import PROFILES, Row, all_rows, scenario

# Who takes longer than this does it once.
LONG_SECONDS = 8


def measure(row: Row, profile: str, contestants: Sequence[str], runs: int) -> Measured:
    """Let everybody do the work, in turns; who takes long does it once."""
    costs = {name: Costs() for name in row.ways if name in contestants}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator(scenario(row, profile), folder) as host:
            place = Place(host.ready, folder)
            for turn in range(runs):
                for contestant, cost in costs.items():
                    took_long = cost.runs and cost.runs[0].seconds > LONG_SECONDS
                    if turn and (took_long or cost.failure):
                        continue
                    row.prepare(host)
                    cost.runs.append(host.measure(row.ways[contestant](place), row.delay, row.check))
    left_out = tuple(name for name in row.ways if name not in costs and name in row.slow(profile))
    return Measured(row.name, profile, costs, row.family, left_out)


def chosen(options: argparse.Namespace) -> Iterator[tuple[Row, str, list[str]]]:
    """Yield what is to be measured: row, profile and the contestants that take part."""
    absent = missing()
    for row in all_rows(is_long=options.long):
        for profile in options.profile or PROFILES:
            wanted = not options.row or any(fnmatch.fnmatch(row.name, pattern) for pattern in options.row)
            if not wanted or profile not in row.profiles or (options.quick and not row.quick):
                continue
            slow = () if options.long else row.slow(profile)
            taking = [name for name in row.ways if name.split(",")[0] not in absent and name not in slow]
            if options.only:
                taking = [name for name in taking if any(fnmatch.fnmatch(name, one) for one in options.only)]
            yield row, profile, taking


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="This collection beside what others offer.")
    parser.add_argument("--row", action="append", help="a pattern of the rows that are wanted, for example 'power on*'")
    parser.add_argument("--only", action="append", help="a pattern of the contestants that are wanted")
    parser.add_argument("--profile", action="append", choices=list(PROFILES), help="default: all")
    parser.add_argument("--runs", type=int, default=3, help="how often each does each work, default 3")
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    parser.add_argument("--quick", action="store_true", help="a few rows, once, without latency: a minute or two")
    parser.add_argument("--page", type=Path, help="write tables and charts to this page")
    parser.add_argument("--note", default="", help="a sentence about the machine, for the page")
    parser.add_argument("--keep", type=Path, help="keep the figures in this file, beside what it has")
    parser.add_argument("--from", dest="source", type=Path, help="measure nothing: take the figures that --keep kept")
    options = parser.parse_args(given)
    if options.quick:
        options.runs, options.profile = 1, ["no latency"]
    return options


def run(options: argparse.Namespace) -> Results:
    """Measure what is wanted, and print each row as soon as it is known."""
    results = started(options.runs, options.note)
    if options.keep and options.keep.is_file():
        results.rows += kept(options.keep).rows
    for name in results.absent:
        print(f"{name} is not here and left out", flush=True)
    print(f"on {results.machine}", flush=True)
    for row, profile, contestants in chosen(options):
        found = measure(row, profile, contestants, options.runs)
        results.add(found)
        print("\n".join(lines(found)), flush=True)
        if options.keep:
            results.keep(options.keep)
    return results


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    results = kept(options.source) if options.source else run(options)
    results.note = options.note or results.note
    print("\n".join(closing(results)))
    if options.page:
        write(options.page, results)
    return 0 if results.rows and not any(found.our_failures for found in results.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
