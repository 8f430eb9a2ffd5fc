# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Many jobs, one wait.

The crew sends what its jobs ask for, waits for all of them in one :class:`~.watch.Watch`, and tells each job what was
seen. Jobs decide; the crew carries out, and copes with what the network does: a reply that got lost, a session that
ended, a host that restarts. After each of these it looks at the state before anything is sent again.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from .._errors import (
    ConnectError,
    ConnectionLost,
    EsxError,
    FaultError,
    LoginRefused,
    SessionExpired,
    TaskLost,
    UntrustedHost,
)
from .._flow.job import CancelTask, Command, Job, Start, Tell
from .._flow.outcome import VmResult
from .._flow.question import Answer
from .._flow.script import Call
from .._flow.state import VmState
from .dispatch import Dispatch, Order, Reply
from .watch import LONGEST_WAIT_SECONDS

if TYPE_CHECKING:
    from .connection import Session
    from .mirror import Mirror
    from .watch import Watch

# While replies are outstanding nobody waits longer than this in one call, should the wake-up get lost.
WAIT_WITH_REPLIES_OUTSTANDING_SECONDS = 1
# In a batch, ends of tasks that come close together are fetched with one request. How close depends on how long the
# tasks take, for what has begun together ends together; the longest is still short for somebody with a question.
GATHER_SECONDS = (0.025, 0.06)
GATHER_SHARE = 0.06
IN_BETWEEN = frozenset({"QuestionPending", "TaskInProgress", "ConcurrentAccess", "InvalidPowerState"})
# Somebody else was faster with an answer.
TOO_LATE = frozenset({"ConcurrentAccess", "InvalidArgument", "InvalidState"})


class Crew:
    """
    Carries out jobs, at most ``concurrency`` of them at a time.

    ``mirrors`` holds what is known of each job's VM by moid, and ``watch`` keeps them up to date; ``now`` is a
    monotonic clock in seconds.
    """

    def __init__(
        self,
        session: Session,
        watch: Watch,
        mirrors: Mapping[str, Mirror],
        jobs: Iterable[Job],
        *,
        concurrency: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._mirrors = mirrors
        self._jobs = list(jobs)
        self._concurrency = concurrency
        self._now = now
        self._queue = deque(self._jobs)
        self._active: dict[str, Job] = {}
        self._known_tasks: dict[str, frozenset[str]] = {}
        self._unseen: Counter[str] = Counter()
        self._has_recovered = False
        self._dispatch = Dispatch(session, watch.wake, jobs=len(self._jobs))
        self._pause = threading.Event()
        self._started = now()

    def work(self) -> list[VmResult]:
        """Do all the work; return one result per job, in their order."""
        try:
            self._admit()
            while self._active or self._queue:
                self._see()
                self._look()
                self._admit()
        except EsxError as error:
            # What has been done is still to be told.
            self._give_up_all(error)
        finally:
            self._dispatch.close()
        return [job.result for job in self._jobs if job.result is not None]

    def _admit(self) -> None:
        orders: list[Order] = []
        while self._queue and len(self._active) < self._concurrency:
            job = self._queue.popleft()
            self._active[job.vm.moid] = job
            self._note(job, job.begin(self._state(job), self._now()), orders)
        self._send(orders)

    def _see(self) -> None:
        """Wait for news and take it in."""
        if not self._watch.is_open:
            self._guarded(self._watch.open)
        is_news = self._take_replies(patient=True) or self._has_recovered
        if self._active and not is_news:
            self._dispatch.parked.set()
            self._guarded(self._wait)
            self._dispatch.parked.clear()
            self._take_replies(patient=False)

    def _look(self) -> None:
        """Show every active job what is known now, and send what they want done."""
        orders: list[Order] = []
        self._has_recovered = False
        for job in list(self._active.values()):
            self._find_unseen_task(job)
            if job.result is None:
                self._note(job, job.look(self._state(job), self._now()), orders)
            self._mirrors[job.vm.moid].let_go(but=job.awaits_task)
        if not orders:
            self._gather()
        self._send(orders)

    def _gather(self) -> None:
        """Let more news come together, where that keeps nobody waiting who has a question or is late."""
        shortest, longest = GATHER_SECONDS
        seconds = max(shortest, min(longest, GATHER_SHARE * (self._now() - self._started)))
        if self._active and len(self._jobs) > 1 and self._seconds_left() > seconds:
            self._pause.wait(seconds)

    def _note(self, job: Job, command: Command | None, orders: list[Order]) -> None:
        """Add what a job wants done to ``orders``, and let a job that is done go."""
        if job.result is not None:
            self._active.pop(job.vm.moid, None)
        elif command is not None:
            orders.append((job, command))

    def _send(self, orders: Sequence[Order]) -> None:
        if not orders:
            return
        if any(isinstance(command, Answer) for _job, command in orders):
            # The watch must have seen the question before it is answered, or the next one could be taken for the same.
            self._guarded(self._look_first)
        for job, command in orders:
            if isinstance(command, Start):
                self._known_tasks[job.vm.moid] = self._mirrors[job.vm.moid].task_moids
                self._started = self._now()
        self._dispatch.send(orders)

    def _wait(self) -> None:
        seconds = self._seconds_to_wait()
        if not self._watch.wait(seconds) and seconds >= LONGEST_WAIT_SECONDS:
            # Silence for so long is made sure of, at the price of one read.
            self._watch.refresh(list(self._active), after_gap=False)

    def _look_first(self) -> None:
        if not self._watch.is_open:
            self._watch.open()
        if not self._watch.has_looked:
            self._watch.wait(0)

    def _seconds_to_wait(self) -> int:
        if self._dispatch.has_replies or any(self._is_unseen(job) for job in self._active.values()):
            return 0
        if self._dispatch.is_waiting:
            return WAIT_WITH_REPLIES_OUTSTANDING_SECONDS
        return max(0, math.ceil(min(self._seconds_left(), LONGEST_WAIT_SECONDS)))

    def _seconds_left(self) -> float:
        return min((job.due for job in self._active.values() if job.due is not None), default=math.inf) - self._now()

    def _state(self, job: Job) -> VmState:
        return self._mirrors[job.vm.moid].state()

    def _take_replies(self, *, patient: bool) -> bool:
        """Take in what came back; return whether jobs must be shown it because no news will tell of it."""
        is_news = False
        lost: list[Reply] = []
        orders: list[Order] = []
        for reply in self._dispatch.collect(patient=patient):
            if reply.job.result is not None:
                continue
            if _is_lost(reply.error):
                lost.append(reply)
            elif reply.error is not None:
                self._note(reply.job, self._take_error(reply.job, reply.command, reply.error), orders)
            elif reply.task is not None:
                reply.job.task_started(reply.task)
            elif isinstance(reply.command, Tell):
                reply.job.call_returned(reply.value)
            is_news = is_news or reply.error is not None or isinstance(reply.command, Tell)
        if lost:
            self._reconnect()
            for reply in lost:
                self._note(reply.job, self._take_lost(reply.job, reply.command), orders)
        self._send(orders)
        return is_news

    def _take_error(self, job: Job, command: Command, error: EsxError) -> Command | None:
        if isinstance(command, Answer):
            self._refresh(job)
            if error.details.get("fault") in TOO_LATE or self._state(job).question != command.question:
                job.answer_not_taken(command)
            else:
                job.answer_refused(command, error)
            return None
        if isinstance(command, CancelTask):
            self._refresh(job)
            job.cancel_refused(command.moid)
            return None
        if error.details.get("fault") in IN_BETWEEN:
            self._refresh(job)
            return job.interrupted(error, self._state(job), self._now())
        return job.failed(error, self._now())

    def _take_lost(self, job: Job, command: Command) -> Command | None:
        """Take up our task if it is there; if it is not, it was never started, and the job decides again."""
        if job.result is not None:
            return None
        if isinstance(command, Answer):
            if self._state(job).question == command.question:
                job.answer_not_sent(command)
            return None
        if isinstance(command, CancelTask):
            task = self._state(job).task(command.moid)
            return command if task is not None and task.is_pending else None
        if isinstance(command, Tell):
            lost = ConnectionLost(f"{job.vm}: the host did not answer {_name_of(command)}, and may have done it")
            return job.interrupted(lost, self._state(job), self._now())
        known = self._known_tasks[job.vm.moid]
        ours = [
            task for task in self._state(job).tasks if task.moid not in known and _same(task.operation, job.operation)
        ]
        if ours:
            job.task_started(ours[-1].moid)
            return None
        error = ConnectError(f"{job.vm}: the host did not answer {command.run.method}, and did not start the task")
        return job.interrupted(error, self._state(job), self._now())

    def _refresh(self, job: Job) -> None:
        self._guarded(partial(self._watch.refresh, [job.vm.moid], after_gap=True))

    def _find_unseen_task(self, job: Job) -> None:
        """Make sure that a task which a job waits for is in view, or tell the job that the host does not know it."""
        moid = job.awaits_task
        if moid is None or not self._is_unseen(job):
            return
        self._unseen[moid] += 1
        if self._unseen[moid] < 2 or self._is_found(job, moid):
            return
        state = self._state(job)
        power = f"is {state.power_state.value}" if state.power_state else "has an unknown power state"
        lost = TaskLost(
            f"{job.vm}: the host does not know the task {moid} any more, it was probably restarted; the VM {power} now",
            vm=job.vm.name,
            moid=job.vm.moid,
            task={"moid": moid},
            last=state.to_json(),
        )
        orders: list[Order] = []
        self._note(job, job.interrupted(lost, state, self._now()), orders)
        self._send(orders)

    def _is_unseen(self, job: Job) -> bool:
        return job.awaits_task is not None and self._state(job).task(job.awaits_task) is None

    def _is_found(self, job: Job, task_moid: str) -> bool:
        self._guarded(partial(self._watch.find_task, job.vm.moid, task_moid))
        return job.result is not None or not self._is_unseen(job)

    def _guarded(self, look: Callable[[], object]) -> None:
        """Look, and where the session or the connection was lost, take up the watch again."""
        try:
            look()
        except (SessionExpired, ConnectionLost, ConnectError):
            self._reconnect()
        except FaultError as error:
            fault = error.details.get("fault")
            if fault == "InvalidCollectorVersion":
                self._reconnect()
            elif fault != "RequestCanceled":
                raise

    def _reconnect(self) -> None:
        """Take up the watch again, or fail the jobs whose time is up before that succeeds."""
        try:
            # What the watch saw as it was taken up again, no later update tells.
            self._has_recovered = self._watch.recover(self._give_up)
        except (LoginRefused, UntrustedHost) as refused:
            self._give_up_all(refused)

    def _give_up_all(self, error: EsxError) -> None:
        for job in [*self._active.values(), *self._queue]:
            job.give_up(error, self._state(job))
        self._active.clear()
        self._queue.clear()

    def _give_up(self, error: EsxError) -> bool:
        for job in list(self._active.values()):
            if job.due is not None and self._now() >= job.due:
                lost = ConnectionLost(
                    f"{job.vm}: the connection to the host was lost and did not come back in time: {error}",
                    vm=job.vm.name,
                    moid=job.vm.moid,
                    last=self._state(job).to_json(),
                )
                job.give_up(lost, self._state(job))
                self._active.pop(job.vm.moid)
        return not self._active


def _same(one: str, other: str | None) -> bool:
    # Hosts and vCenters write what comes before the last dot in ways of their own: "vm.Snapshot.remove".
    return other is not None and one.rpartition(".")[2] == other.rpartition(".")[2]


def _name_of(command: Tell) -> str:
    return command.call.method if isinstance(command.call, Call) else f"the reading of {command.call.path}"


def _is_lost(error: EsxError | None) -> bool:
    return isinstance(error, (ConnectionLost, SessionExpired)) or (error is not None and error.kind == "unreachable")
