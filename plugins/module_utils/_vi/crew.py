# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Many jobs, one wait.

The crew starts what its jobs ask for over a few parallel connections, waits for all of them in one :class:`Watch`, and
tells each job what was seen. Jobs decide; the crew carries out, and copes with what the network does: a reply that got
lost, a session that ended, a host that restarts. After each of these it looks at the state before anything is sent
again.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import ConnectError, ConnectionLost, EsxError, FaultError, LoginRefused, SessionExpired, TaskLost
from .._flow.job import CancelTask, Command, Job, Start, Tell
from .._flow.outcome import VmResult
from .._flow.question import Answer

if TYPE_CHECKING:
    from .connection import Session
    from .mirror import Mirror
    from .watch import Watch

PARALLEL_REQUESTS = 6
LONGEST_WAIT_SECONDS = 30
# While replies are outstanding nobody waits longer than this in one call, should the wake-up get lost.
WAIT_WITH_REPLIES_OUTSTANDING_SECONDS = 1
# In a batch, ends of tasks that come this close together are fetched with one request.
GATHER_SECONDS = 0.025
# How long the starts of a batch are given to be replied to before we look at what has become of them.
REPLIES_SECONDS = 0.05
_UNANSWERED = "the connection was lost before the host had answered"
IN_BETWEEN = frozenset({"QuestionPending", "TaskInProgress", "ConcurrentAccess"})


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
        self._session = session
        self._mirrors = mirrors
        self._jobs = list(jobs)
        self._queue = deque(self._jobs)
        self._concurrency = concurrency
        self._now = now
        self._active: dict[str, Job] = {}
        self._known_tasks: dict[str, frozenset[str]] = {}
        self._unseen: dict[str, int] = {}
        self._lost: list[tuple[Job, Command]] = []
        self._pool: ThreadPoolExecutor | None = None
        self._replies: dict[Future[Any], tuple[Job, Command]] = {}
        self._watch = watch
        self._parked = threading.Event()
        self._pause = threading.Event()

    def work(self) -> list[VmResult]:
        """Do all the work; return one result per job, in their order."""
        try:
            self._admit()
            while self._active:
                self._see()
                self._look()
                self._admit()
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
        return [job.result for job in self._jobs if job.result is not None]

    def _admit(self) -> None:
        commands: list[tuple[Job, Command]] = []
        while self._queue and len(self._active) < self._concurrency:
            job = self._queue.popleft()
            command = job.begin(self._mirrors[job.vm.moid].state(), self._now())
            if job.result is None:
                self._active[job.vm.moid] = job
            if command is not None:
                commands.append((job, command))
        self._send(commands)

    def _send(self, commands: list[tuple[Job, Command]]) -> None:
        """Carry out commands: one alone at once, several side by side; what they lead to follows."""
        if any(isinstance(command, Answer) for _job, command in commands):
            # The watch must have seen the question before it is answered, or the next one could be taken for the same.
            self._guarded(self._look_first)
        if len(commands) == 1 and not isinstance(commands[0][1], Tell):
            job, command = commands[0]
            self._note(job, command)
            try:
                reply = self._carry_out(job, command)
            except EsxError as error:
                self._take_error(job, command, error)
                self._recover_lost()
            else:
                self._take_reply(job, command, reply)
            return
        for job, command in commands:
            self._note(job, command)
            future = self._workers().submit(self._carry_out, job, command)
            self._replies[future] = (job, command)
            future.add_done_callback(self._wake_if_needed)

    def _note(self, job: Job, command: Command) -> None:
        if isinstance(command, Start):
            self._known_tasks[job.vm.moid] = self._mirrors[job.vm.moid].task_moids

    def _workers(self) -> ThreadPoolExecutor:
        if self._pool is None:
            size = min(PARALLEL_REQUESTS, max(2, len(self._jobs)))
            self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="virt.esx")
        return self._pool

    def _carry_out(self, job: Job, command: Command) -> Any:
        vm = self._session.reference("VirtualMachine", job.vm.moid)
        if isinstance(command, Start):
            task = self._session.call(vm, command.run.method, **command.run.arguments)
            return task._moId
        if isinstance(command, Tell):
            return self._session.call(vm, command.call.method, **command.call.arguments)
        if isinstance(command, Answer):
            return self._session.call(vm, "AnswerVM", questionId=command.question.id, answerChoice=command.choice.key)
        return self._session.call(self._session.reference("Task", command.moid), "CancelTask")

    def _wake_if_needed(self, future: Future[Any]) -> None:
        # A task that was started comes into view by itself; a failure and the end of a call without a task do not.
        if future.cancelled() or not self._parked.is_set():
            return
        entry = self._replies.get(future)
        if future.exception() is not None or (entry is not None and isinstance(entry[1], Tell)):
            self._watch.wake()

    def _see(self) -> None:
        """Wait for news and take it in."""
        if not self._watch.is_open:
            self._guarded(self._watch.open)
        self._collect()
        if self._active:
            self._parked.set()
            self._guarded(self._wait)
            self._parked.clear()
            self._collect()

    def _wait(self) -> None:
        seconds = self._seconds()
        if not self._watch.wait(seconds) and seconds >= LONGEST_WAIT_SECONDS:
            # Silence for so long is made sure of, at the price of one read.
            self._watch.refresh(list(self._active), after_gap=False)

    def _refresh(self, moids: list[str], *, after_gap: bool) -> None:
        self._guarded(partial(self._watch.refresh, moids, after_gap=after_gap))

    def _look_first(self) -> None:
        if not self._watch.is_open:
            self._watch.open()
            self._watch.wait(0)

    def _guarded(self, look: Callable[[], None]) -> None:
        """Look, and where the session or the connection was lost, take up the watch again."""
        try:
            look()
        except (SessionExpired, ConnectionLost, ConnectError) as error:
            self._reconnect(error)
        except FaultError as error:
            fault = error.details.get("fault")
            if fault == "InvalidCollectorVersion":
                self._reconnect(error)
            elif fault != "RequestCanceled":
                raise

    def _seconds(self) -> int:
        if any(not reply.done() for reply in self._replies):
            return WAIT_WITH_REPLIES_OUTSTANDING_SECONDS
        if self._replies or any(self._is_unseen(job) for job in self._active.values()):
            return 0
        due = min((job.due for job in self._active.values() if job.due is not None), default=math.inf)
        return max(0, math.ceil(min(due - self._now(), LONGEST_WAIT_SECONDS)))

    def _collect(self) -> None:
        """Take in the replies that have come, giving those that are about to come a moment."""
        starting = [reply for reply, (_job, command) in self._replies.items() if not isinstance(command, Tell)]
        wait(starting, timeout=REPLIES_SECONDS)
        for future in [future for future in self._replies if future.done()]:
            job, command = self._replies.pop(future)
            error = future.exception()
            if error is None:
                self._take_reply(job, command, future.result())
            elif isinstance(error, EsxError):
                self._take_error(job, command, error)
            else:
                raise error
        self._recover_lost()

    def _take_reply(self, job: Job, command: Command, reply: Any) -> None:
        if isinstance(command, Start):
            job.task_started(reply)
        elif isinstance(command, Tell):
            job.call_returned()

    def _take_error(self, job: Job, command: Command, error: EsxError) -> None:
        if job.result is not None:
            return
        if isinstance(error, (ConnectionLost, SessionExpired)) or type(error) is ConnectError:
            self._lost.append((job, command))
        elif isinstance(command, Answer):
            # Somebody else was faster, or the question went away: look again.
            job.answer_not_taken(command)
            self._refresh([job.vm.moid], after_gap=True)
        elif isinstance(command, CancelTask):
            self._refresh([job.vm.moid], after_gap=True)
            job.cancel_refused()
        elif isinstance(error, FaultError) and error.details.get("fault") in IN_BETWEEN:
            self._refresh([job.vm.moid], after_gap=True)
            self._next(job, job.interrupted(error, self._state(job), self._now()))
        else:
            self._next(job, job.failed(error, self._now()))

    def _look(self) -> None:
        """Show every active job what is known now, and carry out what they want done."""
        commands: list[tuple[Job, Command]] = []
        for job in list(self._active.values()):
            self._find_unseen_task(job)
            command = None if job.result is not None else job.look(self._state(job), self._now())
            if command is not None:
                commands.append((job, command))
            if job.result is not None:
                self._active.pop(job.vm.moid, None)
        if not commands and self._active and len(self._jobs) > 1:
            self._gather()
        self._send(commands)

    def _gather(self) -> None:
        soonest = min((job.due for job in self._active.values() if job.due is not None), default=math.inf)
        if soonest - self._now() > GATHER_SECONDS:
            self._pause.wait(GATHER_SECONDS)

    def _next(self, job: Job, command: Command | None) -> None:
        if job.result is not None:
            self._active.pop(job.vm.moid, None)
        if command is not None:
            self._send([(job, command)])

    def _state(self, job: Job) -> Any:
        return self._mirrors[job.vm.moid].state()

    def _find_unseen_task(self, job: Job) -> None:
        """Make sure that a task which a job waits for is in view, or tell the job that the host does not know it."""
        moid = job.awaits_task
        if moid is None or not self._is_unseen(job):
            return
        self._unseen[moid] = self._unseen.get(moid, 0) + 1
        if self._unseen[moid] < 2 or self._watch.find_task(job.vm.moid, moid):
            return
        lost = TaskLost(
            f"{job.vm}: the host does not know the task {moid} any more, it was probably restarted; "
            f"the VM is {self._power(job)} now",
            vm=job.vm.name,
            moid=job.vm.moid,
            task={"moid": moid},
            last=self._state(job).to_json(),
        )
        self._next(job, job.interrupted(lost, self._state(job), self._now()))

    def _is_unseen(self, job: Job) -> bool:
        return job.awaits_task is not None and self._state(job).task(job.awaits_task) is None

    def _power(self, job: Job) -> str:
        power = self._state(job).power_state
        return power.value if power else "in an unknown power state"

    def _reconnect(self, error: EsxError) -> None:
        """Take up the watch again after the session or the connection was lost, or fail the jobs whose time is up."""
        if not self._watch.recover(error, self._give_up) and self._active:
            self._fail_all(LoginRefused("the host refuses to let us in again after the session was lost"))

    def _give_up(self, error: EsxError) -> bool:
        for job in list(self._active.values()):
            if job.due is not None and self._now() >= job.due:
                self._fail(job, error)
        return not self._active

    def _recover_lost(self) -> None:
        """
        Look what has become of commands whose replies got lost.

        A task of ours that is there is taken up. What is not there was never started, and the job decides again.
        """
        lost, self._lost = self._lost, []
        if not lost:
            return
        self._reconnect(ConnectionLost(_UNANSWERED))
        for job, command in lost:
            error: EsxError = ConnectionLost(_UNANSWERED)
            if job.result is not None or not isinstance(command, (Start, Tell)):
                continue
            new = self._new_task(job) if isinstance(command, Start) else None
            if new is not None:
                job.task_started(new)
                continue
            if isinstance(command, Start):
                error = ConnectError("the connection was lost before the task was started")
            self._next(job, job.interrupted(error, self._state(job), self._now()))

    def _new_task(self, job: Job) -> str | None:
        known = self._known_tasks[job.vm.moid]
        tasks = [task for task in self._state(job).tasks if task.moid not in known and task.operation == job.operation]
        return tasks[-1].moid if tasks else None

    def _fail_all(self, error: EsxError) -> None:
        for job in [*self._active.values(), *self._queue]:
            self._fail(job, error)
        self._queue.clear()

    def _fail(self, job: Job, error: EsxError) -> None:
        if job.result is None:
            lost = ConnectionLost(
                f"{job.vm}: the connection to the host was lost and did not come back in time: {error}",
                vm=job.vm.name,
                moid=job.vm.moid,
                last=self._state(job).to_json(),
            )
            job.give_up(lost, self._state(job))
        self._active.pop(job.vm.moid, None)
