# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection promises of its speed, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .contestants import COMMUNITY, EMPTY, KEPT, MODULE, OURS, PING, SCRIPT, VMWARE
from .results import Measured, Results
from .rows import BOUNDED, PROFILES

ONE, ALREADY, TWENTY, HUNDRED = "power on 1 VM", "already on", "power on 20 VMs", "power on 100 VMs"
QUESTIONS = [f"a question after {delay} s" for delay in ("0.2", "5", "40")]
LOOPS = {TWENTY: 8, HUNDRED: 30}
SIZES = (1000, 5000, 10_000)
# Why a promise is not kept, by what stands in its line.
REASONS = {
    "concurrency 16": "Sixteen at a time are seven rounds of waiting where a start takes a second, and each round takes"
    " a few requests. With ``concurrency: 100`` they wait together.",
    HUNDRED: "Our process loads Ansible's library for modules besides, which the script does without."
    " A host that takes its time for the starts hides that.",
    "facts of 1,000 VMs: computing": "The start of the process, with Ansible's library for modules, is a third of it.",
    "facts of": "Facts are a few large replies. The simulator that writes them shares the processors with whoever reads"
    " them, and most of the time both wait for it. What the reader itself costs is its computing time.",
    TWENTY: "Most of our time is the start of ansible-playbook, see the empty play; the loop pays for that once too.",
}


@dataclass(frozen=True)
class Budget:
    """One promise; ``met`` is None where no promise stands against the figure."""

    work: str
    promised: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "NOT met", None: ""}[self.met]

    @property
    def reason(self) -> str:
        """Why it is not met; empty where it is, or nobody knows."""
        reasons = [reason for words, reason in REASONS.items() if words in self.work]
        return reasons[0] if reasons and self.met is False else ""


def budgets(results: Results) -> list[Budget]:
    """Return every promise for which there are figures."""
    made = [*_one_task(results), *_many(results), *_questions(results), *_facts(results)]
    return [*made, *_loops(results), *_sessions(results)]


def _at_most(work: str, most: float, value: float | None, form: str) -> Iterator[Budget]:
    if value is not None:
        yield Budget(work, f"at most {form.format(most)}", form.format(value), value <= most)


def _each(results: Results, row: str) -> Iterator[Measured]:
    for profile in PROFILES:
        found = results.find(row, profile)
        if found is not None:
            yield found


def _one_task(results: Results) -> Iterator[Budget]:
    for row, most in ((ONE, 8), (ALREADY, 5)):
        for found in _each(results, row):
            where = f"{row} ({found.profile})"
            yield from _at_most(f"{where}: requests", most, found.figure(OURS, "requests"), "{:.0f}")
            yield from _at_most(f"{where}: logins", 1, found.figure(OURS, "logins"), "{:.0f}")
    if results.import_seconds:
        yield from _at_most(
            "code of a power-on with pyVmomi: computing time of the import",
            150,
            results.import_seconds * 1000,
            "{:.0f} ms",
        )
    quiet = results.find(ONE, "no latency")
    if quiet is not None:
        for what, words in (("seconds", "time"), ("cpu", "computing time")):
            ours, ping, empty = (quiet.figure(name, what) for name in (OURS, PING, EMPTY))
            if ours and ping and empty and ping > empty:
                ratio = (ours - empty) / (ping - empty)
                work = f"{ONE} (no latency): {words} beside a task of ansible.builtin.ping"
                yield from _at_most(work, 2.0, ratio, "{:.2f} x")


def _many(results: Results) -> Iterator[Budget]:
    for found in _each(results, HUNDRED):
        where = f"{HUNDRED} ({found.profile})"
        yield from _at_most(f"{where}: requests", 120, found.figure(OURS, "requests"), "{:.0f}")
        yield from _at_most(
            f"{where}, concurrency 16 as by default: requests", 120, found.figure(BOUNDED, "requests"), "{:.0f}"
        )
        yield from _beside_script(found, f"{where}: time beside a script", 1.25, "seconds")
        yield from _beside_script(found, f"{where}: computing time beside a script", 1.25, "cpu")


def _beside_script(found: Measured, work: str, most: float, what: str) -> Iterator[Budget]:
    ours, script = found.figure(MODULE, what), found.figure(SCRIPT, what)
    if ours and script:
        yield from _at_most(work, most, ours / script, "{:.2f} x")


def _questions(results: Results) -> Iterator[Budget]:
    for row in QUESTIONS:
        for found in _each(results, row):
            costs = found.costs.get(OURS)
            if costs is not None and costs.worst_reaction is not None:
                yield from _at_most(f"{row}: answered within", 100, costs.worst_reaction * 1000, "{:.0f} ms")


def _facts(results: Results) -> Iterator[Budget]:
    known: dict[int, float] = {}
    for size in SIZES:
        found = results.find(f"facts of {size:,} VMs", "no latency")
        if found is None:
            continue
        if size < SIZES[-1]:
            yield from _beside_script(found, f"facts of {size:,} VMs: time beside a script", 0.6, "seconds")
            yield from _beside_script(found, f"facts of {size:,} VMs: computing time beside a script", 0.6, "cpu")
        seconds = found.figure(MODULE, "cpu")
        if seconds is not None:
            known[size] = seconds
    if len(known) > 1:
        shown = ", ".join(f"{1000 * seconds / size:.2f}" for size, seconds in known.items())
        linear = max(known[size] / size for size in known) <= 1.25 * known[min(known)] / min(known)
        sizes = ", ".join(f"{size:,}" for size in known)
        yield Budget(f"facts of {sizes} VMs: computing time for each", "linear", f"{shown} ms", linear)


def _loops(results: Results) -> Iterator[Budget]:
    for row, least in LOOPS.items():
        for found in _each(results, row):
            for other in (COMMUNITY, VMWARE):
                ratio = found.ratio(other)
                if ratio is not None:
                    work = f"{row} ({found.profile}): faster than {other}"
                    yield Budget(work, f"at least {least} x", f"{ratio:.1f} x", ratio >= least)


def _sessions(results: Results) -> Iterator[Budget]:
    for found in _each(results, "a play of 20 tasks"):
        where = f"{found.row} ({found.profile}), persist_session: logins"
        yield from _at_most(where, 1, found.figure(KEPT, "logins"), "{:.0f}")
