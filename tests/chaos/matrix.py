# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The fault matrix: every task, every request that it makes, every fault.

Laws. A task that a fault has hit ends, says what happened, and leaves a world in which nothing is lost, damaged or
there twice. The next run brings about what a run does that no fault has hit, and the one after that changes nothing.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario

from . import verdict
from .cases import Case
from .client import Client, Fate, Ran
from .faults import FAULTS, Fault

# The only session that nobody can end: who logged in was never told.
UNTOLD = ("Login", "dropped-after")


@dataclass
class Recorder(FaultRule):
    """A rule that spoils nothing, and writes down every request."""

    methods: list[str] = field(default_factory=list)

    def takes(self, method: str, moid: str) -> bool:
        self.methods.append(method)
        return False


@dataclass(frozen=True)
class Undisturbed:
    """
    What a task is without a fault: its requests in their order, its tasks, and the worlds before and after.

    ``unseen`` are the faults of a method that are not tried.
    """

    methods: tuple[str, ...]
    begun: Counter[str]
    before: Mapping[str, Any]
    wanted: Mapping[str, Any]
    unseen: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Trial:
    """One case of the matrix: the request of that ``number`` (from 1) is hit."""

    fault: str
    number: int
    method: str


@contextmanager
def staged(case: Case) -> Iterator[Client]:
    """Serve the world of a case, and lay out the files of this machine."""
    with tempfile.TemporaryDirectory(prefix="esx-chaos-") as folder:
        here = pathlib.Path(folder) / "here"
        here.mkdir()
        for path, content in case.local.items():
            (here / path).parent.mkdir(parents=True, exist_ok=True)
            (here / path).write_bytes(content)
        world = load_scenario({"clock": "auto", **case.scenario})
        if case.prepare is not None:
            case.prepare(world)
        with serve(world, routes=routes(world), tls=False) as server:
            client = Client(case, server, here)
            if case.keeps_session:
                client.keep_a_session()
            world.calls.clear()
            yield client


def undisturbed(case: Case) -> Undisturbed:
    """
    Run a task without a fault.

    Raises:
        RuntimeError: it fails even so, or changes something the second time.
    """
    with staged(case) as client:
        world, before = client.world, verdict.everything(client.world, client.here)
        recorder = Recorder()
        world.faults.add(recorder)
        ran = client.run()
        world.faults.clear()
        begun, sessions = verdict.started(world), len(world.sessions)
        client.rest()
        wanted = verdict.everything(world, client.here)
        wrong = loss_of_the_next(client, wanted)
    if ran.error is not None or ran.crash or sessions or wrong:
        raise RuntimeError(f"{case.name} goes wrong by itself: {ran}, {sessions} sessions, {wrong}")
    return Undisturbed(tuple(recorder.methods), begun, before, wanted, case.unseen)


def trials(usual: Undisturbed, faults: Mapping[str, Fault] = FAULTS) -> list[Trial]:
    """Return what is to be tried of a task: each of its requests with each fault that can hit it."""
    return [
        Trial(name, number, method)
        for name, fault in faults.items()
        for number, method in enumerate(usual.methods, 1)
        if (fault.only is None or method in fault.only) and (name, method) not in usual.unseen
    ]


def loss(case: Case, usual: Undisturbed, trial: Trial) -> str:
    """Try one; say what is not as it should be, "" if all is well."""
    fault = FAULTS[trial.fault]
    with staged(case) as client:
        world = client.world
        if fault.kills:
            ran = client.run(Fate(trial.number, arrives=fault.is_sent))
        else:
            world.faults.add(fault.rule(trial.number))
            ran = client.run()
        world.faults.clear()
        wrongs = list(verdict.wrongs_of_a_run(ran, fault, trial.method, (world.password,)))
        wrongs += _of_the_host(client, usual, trial)
        client.rest()
        found = verdict.everything(world, client.here)
        # Where nobody knows what became of a request, its files are the next run's to take away.
        is_over = not verdict.is_unclear(ran) and not fault.kills and not fault.restarts
        wrongs += verdict.wrongs_of_a_world(world, usual.before, usual.wanted, found, is_over=is_over)
        wanted = found if case.is_of_others and fault.restarts else usual.wanted
        # What is only in nobody's way is taken away by the next run, where the host was gone.
        is_tidied = not (fault.restarts and trial.method == "DeleteDatastoreFile_Task")
        if _is_well(ran) and is_tidied and found != wanted:
            wrongs.append(f"it says that all is well, and it is not: {verdict.unlike(wanted, found)}")
        wrongs += filter(None, [loss_of_the_next(client, wanted)])
    return "; ".join(wrongs)


def _is_well(ran: Ran) -> bool:
    return ran.error is None and not ran.is_killed and not ran.crash


def _of_the_host(client: Client, usual: Undisturbed, trial: Trial) -> list[str]:
    world, fault = client.world, FAULTS[trial.fault]
    # A task that a host forgot when it restarted may be begun again, once it is seen that it has done nothing.
    wrongs = [] if fault.restarts else verdict.twice(verdict.started(world), usual.begun)
    if len(world.sessions) > ((trial.method, trial.fault) == UNTOLD) and not fault.kills:
        wrongs.append(f"{len(world.sessions)} sessions are left")
    return wrongs


def loss_of_the_next(client: Client, wanted: Mapping[str, Any]) -> str:
    """Run again, and once more; say what is not as it should be, "" if all is well."""
    world = client.world
    again = client.run()
    client.rest()
    found = verdict.everything(world, client.here)
    if again.error is not None or again.crash or found != wanted:
        return f"the next run: {again.error} {again.crash}, {verdict.unlike(wanted, found)}"
    begun = verdict.started(world)
    once_more = client.run()
    is_still = once_more.error is None and not once_more.crash and (not once_more.changed or client.case.check_mode)
    if not is_still or verdict.started(world) != begun:
        return f"the third run: {once_more.error} {once_more.crash} {once_more.result}"
    return ""
