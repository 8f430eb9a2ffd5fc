# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as tables for the terminal and as a page with charts for the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .budgets import budgets
from .charts import Group, chart
from .contestants import (
    COMMUNITY,
    FLOOR,
    GOVC,
    GOVC_TASK,
    KEPT,
    LEAST,
    MODULE,
    OURS,
    PLAYS,
    PROGRAMS,
    SCRIPT,
    TASKS,
    VIRSH,
    VIRSH_TASK,
    VMWARE,
)
from .results import Measured, Results
from .rows import BOUNDED, PROFILES

HEAD = ("", "seconds", "x ours", "CPU s", "requests", "logins", "kB", "MiB", "reaction ms")
GLANCE = (COMMUNITY, LEAST, VMWARE, VIRSH_TASK, GOVC_TASK, VIRSH, GOVC, SCRIPT)
LABEL = "ansible_collections.virt.esx.docsite.benchmarks"
NOTICE = """..
  Copyright (c) 2026, virt.esx maintainers
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
"""
SIMULATOR = ":ref:`the same simulated host <ansible_collections.virt.esx.docsite.simulator>`"
INTRODUCTION = """This page is written by ``./dev bench --page docs/docsite/rst/benchmarks.rst``.
Everybody works on {host}, in turns.
What is shown are medians of {runs} runs; who takes longer than eight seconds runs once.
Look at the ratios: a machine that does other things too makes every figure worse, and a ratio less so.

* ``x ours``: how many times as long as ours it takes,
  a play beside the play with our module, a program or a script beside a process of our module alone.
  :ref:`A task of a play needs no such process <ansible_collections.virt.esx.docsite.connecting.where>`.
* ``CPU s``: the computing time on the control node, the simulator's not included.
* ``MiB``: the memory of the largest process.
* ``requests``, ``logins``, ``kB``: what the host saw.
* ``reaction ms``: the longest time from a question to its answer.
* *fails*: it gave up, or the work was not done when it ended.

*pyVmomi by hand* is a script that somebody who knows the API well would write for this one purpose.
Without Ansible around it, it is the limit.
*As a task* is a program that a play runs with ansible.builtin.command.
*least properties* asks community.vmware for as little as its options allow.
"""
PROFILE_NOTES: Mapping[str, str] = {
    "no latency": "The host answers at once, and its tasks take no time: what is measured is the control node.",
    "realistic": "Each request takes 5 ms, a login 150 ms, a power-on 1 s.",
}
TITLES: Mapping[str, str] = {
    "power": "Power on",
    "question": "A question",
    "facts": "Facts",
    "create": "Create",
    "play": "A play of many tasks",
}
# Why somebody is faster than we are.
COMPILED = (
    "*govc* and *virsh* are compiled programs."
    " The process of a module has to load Python, Ansible's library for modules and pyVmomi first{}."
    " In a playbook a task of ours starts no process, and theirs starts two."
)
ONE_CALL = (
    "A program that is given all the work in one call logs in once."
    " A loop of ours logs in for each item, unless it keeps the session: see *virt.esx, persist_session* in the row."
)


def glance(results: Results, profile: str) -> list[list[str]]:
    """Return one line for each row of a profile: our time, and how many times as long the others take."""
    rows = [one for one in results.rows if one.profile == profile]
    lines = [["", OURS, MODULE, *(f"x {name}" for name in GLANCE)]] if rows else []
    for one in rows:
        own = [_seconds(one.figure(name, "seconds")) for name in (OURS, MODULE)]
        lines.append([one.row, *own, *(_glanced(one, name) for name in GLANCE)])
    return lines


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _glanced(one: Measured, name: str) -> str:
    if name in one.left_out:
        return "left out"
    costs, ratio = one.costs.get(name), one.ratio(name)
    if costs is not None and costs.failure:
        return "fails"
    return "" if ratio is None else f"{ratio:.2f}"


def cells(measured: Measured) -> Iterator[list[str]]:
    """Yield a line of cells for each contestant."""
    for name, costs in measured.costs.items():
        if costs.failure or not costs.runs:
            yield [name, "fails", *[""] * (len(HEAD) - 2)]
            continue
        ratio, reaction = measured.ratio(name), costs.worst_reaction
        yield [
            name,
            f"{costs.median('seconds'):.2f}",
            "" if ratio is None else f"{ratio:.2f}",
            f"{costs.median('cpu'):.2f}",
            f"{costs.median('requests'):,.0f}",
            f"{costs.median('logins'):,.0f}",
            f"{costs.median('kilobytes'):,.0f}",
            f"{costs.median('peak_mib'):,.0f}",
            "" if reaction is None else f"{reaction * 1000:,.0f}",
        ]


def lines(measured: Measured) -> list[str]:
    """Return the table of one row for the terminal."""
    rows = [[f"{measured.row} ({measured.profile})", *HEAD[1:]], *cells(measured)]
    said = [f"    {name} fails: {cost.failure[-200:]}" for name, cost in measured.costs.items() if cost.failure]
    said += [f"    {name}: left out, it would take minutes (--long)" for name in measured.left_out]
    return ["", *(f"{row[0]:<42} " + " ".join(f"{cell:>9}" for cell in row[1:]) for row in rows), *said]


def slower(results: Results, others: Sequence[str]) -> list[list[str]]:
    """Return a line for each time that one of the others is faster than we are, below a head."""
    found = []
    for one in results.rows:
        for name, ratio in one.faster(others).items():
            ours = OURS if name in PLAYS else MODULE
            pairs = [(one.figure(who, "cpu"), one.figure(who, "requests")) for who in (ours, name)]
            costs = [f"{cpu:.2f}, {requests:,.0f}" for cpu, requests in pairs]
            found.append([f"{one.row} ({one.profile})", name, f"{ratio:.2f}", *costs])
    return [["", "who", "x ours", "our CPU s, requests", "theirs"], *found] if found else []


def _floor(results: Results) -> str:
    for profile in PROFILES:
        found = results.find("power on 1 VM", profile)
        seconds = None if found is None else found.figure(FLOOR, "seconds")
        if seconds is not None:
            return f", which takes {seconds:.2f} s here and does nothing yet"
    return ""


def closing(results: Results) -> list[str]:
    """Return what is printed at the end: what was promised, and who is faster."""
    made = budgets(results)
    wide = max((len(budget.work) for budget in made), default=0)
    said = ["", "what is promised"] if made else []
    said += [f"  {one.work:<{wide}}  {one.promised:<18} {one.measured:<10} {one.verdict}" for one in made]
    for where, others in (("as tasks of a playbook", TASKS), ("without Ansible around them", PROGRAMS)):
        faster = [f"  {row}: {who} {ratio}" for row, who, ratio, *_costs in slower(results, others)[1:]]
        said += ["", f"who is faster than ours {where}, with the part of our time", *(faster or ["  nobody"])]
    return said


def write(path: Path, results: Results) -> None:
    """Write the page, and its charts beside it."""
    for old in path.parent.glob(f"{path.stem}-*.svg"):
        old.unlink()
    absent = [f"Left out, because not installed: {', '.join(results.absent)}.", ""] if results.absent else []
    parts = [
        *(NOTICE, f".. _{LABEL}:\n", *_title("Speed, beside what others offer", "=")),
        INTRODUCTION.format(runs=results.runs, host=SIMULATOR),
        f"Measured on {results.machine}.",
        *([results.note, ""] if results.note else [""]),
        *absent,
        *_glances(results),
        *_promises(results),
    ]
    for profile in PROFILES:
        rows = [one for one in results.rows if one.profile == profile]
        if rows:
            parts += ["", *_title(profile[:1].upper() + profile[1:], "-"), PROFILE_NOTES[profile]]
            for family in dict.fromkeys(one.family for one in rows):
                parts += _family(path, family, [one for one in rows if one.family == family])
    path.write_text("\n".join(parts).rstrip() + "\n", "utf-8")


def _glances(results: Results) -> Iterator[str]:
    yield from _title("At a glance", "-")
    yield "Seconds of ours, as a play and as a process of the module alone, and how many times as long the others take."
    yield ""
    for profile in PROFILES:
        table = glance(results, profile)
        if table:
            yield from [f"**{profile[:1].upper() + profile[1:]}.** {PROFILE_NOTES[profile]}", "", *_table(table), ""]


def _promises(results: Results) -> Iterator[str]:
    made = budgets(results)
    yield from _title("What is promised", "-")
    if made:
        head = ["", "promised", "measured", "verdict"]
        yield from _table([head, *([one.work, one.promised, one.measured, one.verdict] for one in made)], right=False)
        yield ""
        yield from (f"* {one.work}: {one.reason}" for one in made if one.reason)
        yield ""
    yield from _title("Who is faster than ours", "-")
    for where, others in (("As tasks of a playbook", TASKS), ("Without Ansible around them", PROGRAMS)):
        faster = slower(results, others)
        yield from [f"**{where}**", "", *(_table(faster) if faster else ["Nobody."]), ""]
        if faster:
            yield from [ONE_CALL if others is TASKS else COMPILED.format(_floor(results)), ""]


def _family(path: Path, family: str, rows: Sequence[Measured]) -> Iterator[str]:
    title = TITLES.get(family, family)
    yield from ["", *_title(title, "~")]
    groups = [Group(one.row, _shown(one)) for one in rows if _shown(one)]
    if groups:
        profile = rows[0].profile
        name = f"{path.stem}-{family}-{profile.replace(' ', '-')}.svg"
        drawn = chart(f"{title}, {profile}: seconds", groups, (OURS, KEPT, MODULE, BOUNDED))
        path.with_name(name).write_text(drawn, "utf-8")
        yield from [f".. image:: {name}", f"   :alt: {title}, {profile}: seconds of each, as in the tables below", ""]
    for one in rows:
        yield from [f"**{one.row[:1].upper() + one.row[1:]}**", "", *_table([HEAD, *cells(one)]), ""]
        if one.left_out:
            yield from [f"Left out, because a loop takes minutes: {', '.join(one.left_out)}.", ""]


def _shown(one: Measured) -> dict[str, float]:
    found = {name: one.figure(name, "seconds") for name in one.costs}
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def _title(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _table(rows: Sequence[Sequence[str]], *, right: bool = True) -> list[str]:
    used = [index for index in range(len(rows[0])) if index == 0 or any(row[index] for row in rows[1:])]
    shown = [[line[index] for index in used] for line in rows]
    widths = [max(3, *(len(line[index]) for line in shown)) for index in range(len(used))]
    rule = " ".join("=" * width for width in widths)

    def line_of(of_line: Sequence[str]) -> str:
        # A simple table takes an empty first cell for more of the line before.
        first = of_line[0] or "\\"
        rest = zip(of_line[1:], widths[1:], strict=True)
        placed = [cell.rjust(width) if right else cell.ljust(width) for cell, width in rest]
        return " ".join([first.ljust(widths[0]), *placed]).rstrip()

    return [rule, line_of(shown[0]), rule, *(line_of(line) for line in shown[1:]), rule]
