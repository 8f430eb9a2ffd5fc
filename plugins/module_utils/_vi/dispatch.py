# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Sending what jobs ask for: one request at once, several side by side over a few connections.

Nobody waits here for a reply that may never come: a call without a task can block on a question for as long as it
stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import EsxError
from .._flow.job import CancelTask, Command, Job, Start, Tell
from .._flow.question import Answer
from .._flow.script import Call, Fetch, Run
from . import sdk
from .properties import objects, read

if TYPE_CHECKING:
    from .connection import Session

PARALLEL_REQUESTS = 6
# How long requests that are answered at once by rights are given before we look at what has become of them.
REPLIES_SECONDS = 0.05

Order = tuple[Job, Command]


@dataclass(frozen=True)
class Reply:
    """What came back for a job's command: the id of a task that was started, what was read, or an error."""

    job: Job
    command: Command
    task: str | None = None
    value: Any = None
    error: EsxError | None = None


class Dispatch:
    """
    Sends commands and collects their replies.

    ``wake`` lets the thread that waits for news return; it is called, while ``parked`` is set, for replies that no news
    tells of: failures, and ends of calls without a task.
    """

    def __init__(self, session: Session, wake: Callable[[], None], *, jobs: int) -> None:
        self.parked = threading.Event()
        self._session = session
        self._wake = wake
        self._jobs = max(2, jobs)
        self._pools: dict[bool, ThreadPoolExecutor] = {}
        self._sent: set[Future[Reply]] = set()
        self._here: list[Reply] = []

    @property
    def is_waiting(self) -> bool:
        """True while a reply is outstanding, or was a moment ago."""
        return bool(self._sent)

    @property
    def has_replies(self) -> bool:
        """True where a reply has come and was not collected."""
        return bool(self._here) or any(future.done() for future in self._sent)

    def send(self, orders: Sequence[Order]) -> None:
        """Send commands; a single one that cannot block is sent from this thread, without a second connection."""
        if len(orders) == 1 and not _may_block(orders[0][1]):
            self._here.append(self._carry_out(*orders[0]))
            return
        for job, command in orders:
            future = self._pool(may_block=_may_block(command)).submit(self._carry_out, job, command)
            self._sent.add(future)
            future.add_done_callback(self._wake_if_needed)

    def collect(self, *, patient: bool) -> list[Reply]:
        """Return the replies that have come; with ``patient``, those that are about to come are given a moment."""
        if patient:
            wait(self._sent, REPLIES_SECONDS)
        come = [future for future in self._sent if future.done()]
        replies, self._here = [*self._here, *(future.result() for future in come)], []
        self._sent.difference_update(come)
        return replies

    def close(self) -> None:
        """Send nothing more; what still blocks ends with the connection."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _pool(self, *, may_block: bool) -> ThreadPoolExecutor:
        # No answer may wait behind the very call that its question holds up, and no call behind one that is left
        # blocked, so calls that may block have threads of their own, as many as there are jobs.
        if may_block not in self._pools:
            size = self._jobs if may_block else min(PARALLEL_REQUESTS, self._jobs)
            self._pools[may_block] = ThreadPoolExecutor(max_workers=size, thread_name_prefix="virt.esx")
        return self._pools[may_block]

    def _carry_out(self, job: Job, command: Command) -> Reply:
        try:
            if isinstance(command, Tell) and isinstance(command.call, Fetch):
                return Reply(job, command, value=self._fetch(job, command.call))
            return Reply(job, command, task=self._call(job, command))
        except EsxError as error:
            return Reply(job, command, error=error)

    def _call(self, job: Job, command: Command) -> str | None:
        vm = self._session.reference("VirtualMachine", job.vm.moid)
        if isinstance(command, Start):
            run = command.run
            started: Any = self._session.call(self._target(vm, run), run.method, **run.arguments)
            return str(started._moId)
        if isinstance(command, Tell) and isinstance(command.call, Call):
            self._session.call(self._target(vm, command.call), command.call.method, **command.call.arguments)
        elif isinstance(command, Answer):
            self._session.call(vm, "AnswerVM", questionId=command.question.id, answerChoice=command.choice.key)
        elif isinstance(command, CancelTask):
            self._session.call(self._session.reference("Task", command.moid), "CancelTask")
        return None

    def _target(self, vm: Any, request: Run | Call) -> Any:
        if request.target is None:
            return vm
        type_name, moid = request.target
        return sdk.wsdl_type(type_name)(moid, self._session.stub)

    def _fetch(self, job: Job, fetch: Fetch) -> Any:
        vm = self._session.reference("VirtualMachine", job.vm.moid)
        rows = read(self._session, objects([vm]), {"VirtualMachine": [fetch.path]})
        return rows[0].values.get(fetch.path) if rows else None

    def _wake_if_needed(self, future: Future[Reply]) -> None:
        if not future.cancelled() and self.parked.is_set():
            reply = future.result()
            if reply.error is not None or isinstance(reply.command, Tell):
                self._wake()


def _may_block(command: Command) -> bool:
    return isinstance(command, Tell) and isinstance(command.call, Call)
