# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One VM's work while it is being done: the script, the wait it is in, the clock.

A job holds no connection. It is told what was seen and what time it is, and says what to send: :class:`Start`,
:class:`Tell`, :class:`Answer`, :class:`Cancel`. So a thousand jobs wait side by side in one wait, and a test needs no
host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Union

from .._errors import EsxError, VmGone
from . import question
from .answers import Policy, Report, refused
from .failures import after_steps, expired, question_blocked, task_failed
from .outcome import Asked, VmResult
from .question import Answer, Cancel, Grip, Observed, Phase
from .script import Achieved, Call, Done, Fetch, Follow, Happened, Interrupted, Request, Run, Script, Until
from .state import TaskState, Vm, VmState

CANCEL_GRACE_SECONDS = 3.0
"""How long a cancelled task may take to end before we say that the cancel was not confirmed."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Start the task of ``run``."""

    run: Run


@dataclass(frozen=True, kw_only=True)
class Tell:
    """Make the call of ``call``, which may block, or read what it wants read."""

    call: Call | Fetch


@dataclass(frozen=True, kw_only=True)
class CancelTask:
    """Cancel the task with that id."""

    moid: str


Command = Union[Start, Tell, Answer, CancelTask]

# Faults of a task that say that the VM is busy with another one, and nothing against the wish.
BUSY = frozenset({"TaskInProgress", "QuestionPending"})


class Job:
    """
    One VM's work.

    ``due`` is the time at which :meth:`look` must be called though nothing was seen; ``result`` is None until the work
    is over. ``moid`` of the VM is ``job.vm.moid``.
    """

    def __init__(
        self, vm: Vm, make_script: Callable[[Vm, VmState], Script], policy: Policy, *, timeout: float | None
    ) -> None:
        self.vm = vm
        self.result: VmResult | None = None
        self._make_script = make_script
        self._policy = policy
        self._timeout = timeout
        self._wait = question.State()
        self._request: Request | None = None
        self._task: str | None = None
        self._called = False
        self._value: Any = None
        self._refused = False
        self._unanswered: Report | None = None
        self._deadline: float | None = None
        self._grace_ends: float | None = None
        self._ends: float | None = None
        self._asked: list[Asked] = []
        self._acted = False
        self._script: Script | None = None
        self._before = self._state = VmState()
        self._last_task: TaskState | None = None
        self._achieved = Achieved(done=Done(), steps=())

    @property
    def due(self) -> float | None:
        """When to look again at the latest, in the seconds of the clock that is passed in; None: no limit."""
        times = [time for time in (self._limit, self._ends) if time is not None]
        return min(times, default=None)

    @property
    def _limit(self) -> float | None:
        # A cancel is given its own time, whether much or none is left of the VM's.
        return self._deadline if self._grace_ends is None else self._grace_ends

    @property
    def awaits_task(self) -> str | None:
        """The id of the task that is waited for, None where none is or its start has not been answered."""
        return self._task

    @property
    def is_starting(self) -> bool:
        """True between the request to start a task and the host's answer to it."""
        return isinstance(self._request, Run) and self._task is None

    @property
    def operation(self) -> str | None:
        """The ``descriptionId`` of the task that is being started or waited for, None where none is."""
        return self._request.operation if isinstance(self._request, Run) else None

    def begin(self, state: VmState, now: float) -> Command | None:
        """Take up the work from ``state``; the VM's time starts to run."""
        self._before = self._state = state
        self._deadline = None if self._timeout is None else now + self._timeout
        self._script = self._make_script(self.vm, state)
        return self._go_on(now)

    def look(self, state: VmState, now: float) -> Command | None:
        """Take in what was seen; return what is to be sent, if anything."""
        self._state = state
        if not state.exists:
            gone = VmGone(f"{self.vm} was removed from the host while we worked on it", moid=self.vm.moid)
            return self._throw(gone, now)
        is_expired = self._limit is not None and now >= self._limit
        if isinstance(self._request, Run) and self._seen_task() is None and not is_expired:
            # What to do about a question depends on whether our task can be cancelled, so wait until it is seen.
            return None
        seen = Observed(
            finished=self._finished(now),
            question=state.question,
            appearance=state.appearance,
            grip=self._grip(),
            refused=self._refused,
            unanswered=self._unanswered,
            expired=is_expired,
        )
        self._wait, command = question.step(self._wait, seen, self._policy, self.vm.name)
        if isinstance(command, Answer):
            self._asked.append(Asked(question=command.question, choice=command.choice, by=command.by))
            return command
        if isinstance(command, Cancel) and self._task is not None:
            self._grace_ends = now + CANCEL_GRACE_SECONDS
            return CancelTask(moid=self._task)
        return self._end_of_wait(now) if self._wait.phase.is_final else None

    def task_started(self, moid: str) -> None:
        """The host has started our task."""
        self._task = moid

    def call_returned(self, value: Any = None) -> None:
        """The call without a task has returned; ``value`` is what was read."""
        self._called = True
        self._value = value

    def cancel_refused(self, moid: str) -> None:
        """The host refused to cancel a task of ours; it may have ended in the meantime, and not be waited for."""
        self._refused = self._refused or moid == self._task

    def answer_not_taken(self, answer: Answer) -> None:
        """The host did not take our answer: somebody else's came first, or the question went away."""
        given = self._last_asked(answer)
        self._asked[given] = replace(self._asked[given], choice=None, by="another client")

    def answer_not_sent(self, answer: Answer) -> None:
        """Our answer got lost on the way, and the question still stands: it does not count."""
        del self._asked[self._last_asked(answer)]
        kind = answer.question.kind
        counts = {**self._wait.counts, kind: self._wait.counts[kind] - 1}
        self._wait = replace(self._wait, counts=counts)

    def answer_refused(self, answer: Answer, error: EsxError) -> None:
        """The host does not let us answer, and the question still stands."""
        self.answer_not_sent(answer)
        self._unanswered = refused(answer.choice, str(error))

    def give_up(self, error: EsxError, state: VmState) -> None:
        """End the work with ``error``, whatever the script would do about it."""
        if self._script is None:
            self._before = state
        else:
            self._script.close()
        self._state = state
        self._fail(error)

    def interrupted(self, error: EsxError, state: VmState, now: float) -> Command | None:
        """Something got in between: let the script look at ``state`` and decide again."""
        self._state = state
        is_late = self._deadline is not None and now >= self._deadline
        return self._throw(error if is_late else Interrupted(error, state), now)

    def failed(self, error: EsxError, now: float) -> Command | None:
        """What was asked for cannot be done."""
        return self._throw(error, now)

    def _last_asked(self, answer: Answer) -> int:
        # Hosts use ids again, so an earlier question may look just like this one.
        return max(index for index, asked in enumerate(self._asked) if asked.question == answer.question)

    def _seen_task(self) -> TaskState | None:
        return None if self._task is None else self._state.task(self._task)

    def _finished(self, now: float) -> bool | None:
        request = self._request
        if isinstance(request, Run):
            task = self._seen_task()
            return None if task is None or task.is_pending else task.state == "success"
        if isinstance(request, Follow):
            task = self._seen_task()
            return None if task is not None and task.is_pending else True
        if isinstance(request, (Call, Fetch)):
            return True if self._called else None
        if isinstance(request, Until):
            over = request.test(self._state) or (self._ends is not None and now >= self._ends)
            return True if over else None
        return True if self._state.question is None else None

    def _grip(self) -> Grip:
        task = self._seen_task()
        if task is None:
            return Grip.NO_TASK
        if isinstance(self._request, Follow):
            return Grip.THEIRS
        return Grip.CANCELABLE if task.cancelable else Grip.OURS

    def _end_of_wait(self, now: float) -> Command | None:
        phase = self._wait.phase
        task = self._seen_task()
        self._last_task = task or self._last_task
        if phase is Phase.SUCCEEDED:
            timed_out = isinstance(self._request, Until) and not self._request.test(self._state)
            happened = Happened(state=self._state, task=task, timed_out=timed_out, value=self._value)
            return self._go_on(now, happened)
        if phase is Phase.FAILED and task is not None:
            failed = task_failed(self.vm, task)
            # A vCenter accepts a task and lets it fail where a host would refuse it at once.
            return self.interrupted(failed, self._state, now) if task.fault in BUSY else self._throw(failed, now)
        return self._throw(self._given_up(), now)

    def _given_up(self) -> EsxError:
        wait, task = self._wait, self._seen_task()
        if wait.question is not None and wait.report is not None:
            self._asked.append(Asked(question=wait.question, choice=None, by=None))
            return question_blocked(self.vm, wait.question, wait.report, task, wait.outcome)
        return expired(self.vm, self._awaited(), self._timeout or 0, self._state, task, wait.outcome)

    def _awaited(self) -> str:
        request = self._request
        if isinstance(request, Until):
            return request.what
        if isinstance(request, (Run, Call)):
            return request.method
        if isinstance(request, Fetch):
            return f"the property {request.path}"
        return f"task {request.moid}, which was there before" if isinstance(request, Follow) else "the question to go"

    def _go_on(self, now: float, happened: Happened | None = None) -> Command | None:
        script = self._running_script()
        try:
            request = next(script) if happened is None else script.send(happened)
        except StopIteration as stop:
            self._finish(stop.value)
            return None
        except EsxError as error:
            self._fail(error)
            return None
        return self._ask(request, now)

    def _throw(self, error: EsxError, now: float) -> Command | None:
        try:
            request = self._running_script().throw(error)
        except StopIteration as stop:
            self._finish(stop.value)
            return None
        except EsxError as final:
            self._fail(final)
            return None
        return self._ask(request, now)

    def _running_script(self) -> Script:
        if self._script is None:
            raise ValueError(f"the work on {self.vm} has not begun")
        return self._script

    def _ask(self, request: Request, now: float) -> Command | None:
        if isinstance(request, Achieved):
            self._achieved = request
            return self._go_on(now, Happened(state=self._state))
        self._request = request
        self._task = request.moid if isinstance(request, Follow) else None
        self._called, self._refused, self._value, self._unanswered = False, False, None, None
        self._grace_ends = None
        self._ends = now + request.seconds if isinstance(request, Until) and request.seconds is not None else None
        self._wait = question.State(answered=self._wait.answered, counts=self._wait.counts)
        if isinstance(request, (Run, Call)):
            self._acted = True
            return Start(run=request) if isinstance(request, Run) else Tell(call=request)
        if isinstance(request, Fetch):
            return Tell(call=request)
        return self.look(self._state, now)

    def _fail(self, error: EsxError) -> None:
        # For a script that tries no more, what the host said is the failure.
        error = error.error if isinstance(error, Interrupted) else error
        self._finish(self._achieved.done, after_steps(error, self._achieved.steps))

    def _finish(self, done: Done, error: EsxError | None = None) -> None:
        self._request, self._task, self._deadline, self._grace_ends, self._ends = None, None, None, None, None
        self.result = VmResult(
            vm=self.vm,
            before=self._before,
            after=self._state,
            acted=self._acted or any(asked.choice for asked in self._asked),
            acts=done.acts,
            changed_before=done.before,
            changed_after=done.after,
            lines=done.lines,
            asked=tuple(self._asked),
            task=self._last_task,
            error=error,
        )
