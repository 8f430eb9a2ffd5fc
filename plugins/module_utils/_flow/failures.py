# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The failures of a wait, in sentences and as dicts, said alike by a real run and by check mode."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from .._errors import EsxError, Expired, QuestionBlocked, TaskFailed
from .answers import Question, Report, as_rule
from .question import Outcome
from .state import TaskState, Vm, VmState


def question_blocked(
    vm: Vm, question: Question, report: Report, task: TaskState | None, outcome: Outcome | None
) -> QuestionBlocked:
    """Say which question holds up ``vm``, what may be answered, why nothing was, and what became of the task."""
    return QuestionBlocked(
        f"{vm} is blocked by a question: {_asked(question)} {report.sentence}{_fate(task, outcome)}",
        vm=vm.name,
        moid=vm.moid,
        question=question.to_json(),
        reason=report.reason.value,
        rule=as_rule(question),
        task=task.to_json() if task else None,
        outcome=outcome.value if outcome else None,
    )


def expired(
    vm: Vm, awaited: str, seconds: float, last: VmState, task: TaskState | None, outcome: Outcome | None
) -> Expired:
    """Say that the time is up, what was waited for, and what was seen last."""
    return Expired(
        f"{vm}: the time is up ({seconds:g} s) while waiting for {awaited}.{_fate(task, outcome)} "
        "Raise 'timeout' if the host is only slow.",
        vm=vm.name,
        moid=vm.moid,
        seconds=seconds,
        task=task.to_json() if task else None,
        outcome=outcome.value if outcome else None,
        last=last.to_json(),
    )


def task_failed(vm: Vm, task: TaskState) -> TaskFailed:
    """Say which task failed, and with which fault."""
    why = ": ".join(part for part in (task.fault, task.message) if part) or "the host gives no reason"
    return TaskFailed(
        f"{vm}: the task {task.operation} ({task.moid}) failed with {why}",
        vm=vm.name,
        moid=vm.moid,
        fault=task.fault,
        task=task.to_json(),
    )


def after_steps(error: EsxError, steps: Sequence[str]) -> EsxError:
    """Say in a failure what had been done before it, if anything was."""
    if not steps:
        return error
    # One failure may be that of many machines, and each has its own steps.
    told = copy(error)
    told.args = (f"{str(error).removesuffix('.')}. Done before that: {', '.join(steps)}.",)
    told.details = {**error.details, "done": list(steps)}
    return told


def _asked(question: Question) -> str:
    kind = question.kinds[-1] if question.kinds else ""
    text = question.text.removeprefix(f"{kind}:").strip() if kind else question.text
    choices = ", ".join(
        f"{choice.key}={choice.text}{' (default)' if choice is question.default_choice else ''}"
        for choice in question.choices
    )
    return f"{text} [{kind + '; ' if kind else ''}choices: {choices or 'none'}]"


def _fate(task: TaskState | None, outcome: Outcome | None) -> str:
    return f" Its task {task.operation} ({task.moid}): {outcome.value}." if task and outcome else ""
