# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Check mode: the same scripts, with nothing sent.

What a request would lead to is assumed: a task ends well, a question is answered as the policy says, a task that is
already pending comes to its end. Where the policy would report a question that is pending now, check mode fails as the
run would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._errors import EsxError
from .answers import Policy, Report, decide
from .failures import after_steps, question_blocked
from .outcome import Asked, VmResult
from .power import EFFECTS
from .question import Outcome
from .script import Achieved, Call, Done, Fetch, Follow, Happened, Request, Run, Script, Unblock, Until
from .state import PowerState, TaskState, Vm, VmState


def rehearse(
    vm: Vm,
    make_script: Callable[[Vm, VmState], Script],
    state: VmState,
    policy: Policy,
    values: Mapping[str, Any] | None = None,
) -> VmResult:
    """
    Predict what the work on one VM would come to; ``questions`` tell which answers would be given.

    ``values`` are the properties that were read, by path: what a script wants read anew is taken from there.
    """
    rehearsal = _Rehearsal(vm, state, policy, values or {})
    done, error = Done(), None
    try:
        done = rehearsal.play(make_script(vm, state))
    except EsxError as failure:
        done, error = rehearsal.achieved.done, after_steps(failure, rehearsal.achieved.steps)
    return VmResult(
        vm=vm,
        before=state,
        after=rehearsal.state,
        acted=rehearsal.acted,
        acts=done.acts,
        changed_before=done.before,
        changed_after=done.after,
        lines=done.lines,
        asked=tuple(rehearsal.asked),
        task=rehearsal.task,
        error=error,
    )


class _Rehearsal:
    def __init__(self, vm: Vm, state: VmState, policy: Policy, values: Mapping[str, Any]) -> None:
        self.state = state
        self.acted = False
        self.asked: list[Asked] = []
        self.task: TaskState | None = None
        self.achieved = Achieved(done=Done(), steps=())
        self._vm = vm
        self._policy = policy
        self._values = values
        self._counts: Counter[str] = Counter()

    def play(self, script: Script) -> Done:
        try:
            request = next(script)
            while True:
                try:
                    happened = self._assume(request)
                except EsxError as error:
                    request = script.throw(error)
                else:
                    request = script.send(happened)
        except StopIteration as stop:
            done: Done = stop.value
            return done

    def _assume(self, request: Request) -> Happened:
        if isinstance(request, (Follow, Unblock)):
            self._unblock(request)
        elif isinstance(request, (Run, Call)):
            self.acted = True
        elif isinstance(request, Achieved):
            self.achieved = request
        if isinstance(request, (Run, Until)) and request.becomes is not None:
            self.state = _switched(self.state, request.becomes)
        value = self._values.get(request.path) if isinstance(request, Fetch) else None
        return Happened(state=self.state, task=self.task, value=value)

    def _unblock(self, request: Follow | Unblock) -> None:
        pending = self.state.task(request.moid) if isinstance(request, Follow) else None
        self.task = pending or self.task
        asked = self.state.question
        if asked is not None:
            decision = decide(asked, self._vm.name, self._policy, self._counts[asked.kind])
            if isinstance(decision, Report):
                self.asked.append(Asked(question=asked, choice=None, by=None))
                raise question_blocked(self._vm, asked, decision, pending, Outcome.THEIRS if pending else None)
            self._give(asked.kind, Asked(question=asked, choice=decision.choice, by=decision.by))
        self.state = _unblocked(self.state, pending)

    def _give(self, kind: str, asked: Asked) -> None:
        self._counts[kind] += 1
        self.acted = True
        self.asked.append(asked)


def _unblocked(state: VmState, pending: TaskState | None) -> VmState:
    if pending is None:
        return replace(state, question=None)
    tasks = tuple(replace(task, state="success") if task == pending else task for task in state.tasks)
    return _switched(replace(state, question=None, tasks=tasks), EFFECTS.get(pending.operation, state.power_state))


def _switched(state: VmState, becomes: PowerState | None) -> VmState:
    # Whether VMware Tools will run then, nobody knows now.
    tools_running = state.tools_running if becomes is state.power_state else None
    return replace(state, power_state=becomes, tools_running=tools_running)
