# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of the work on each VM, and the module's result made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import EsxError, SomeFailed
from .asked import Choice, Question
from .state import TaskState, Vm, VmState

SHOWN_NAMES = 10


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that came up; ``choice`` is the answer that was (in check mode: would be) given, None if none was."""

    question: Question
    choice: Choice | None
    by: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the question's own form and ``answer`` ({key, label, summary} or null) and ``answered_by``."""
        answer = self.choice.to_json() if self.choice else None
        return {**self.question.to_json(), "answer": answer, "answered_by": self.by}


@dataclass(frozen=True, kw_only=True)
class VmResult:
    """
    What came of the work on one VM.

    ``before`` and ``after`` are the first and the last look at it; ``acted`` tells whether we sent anything that
    changes (what only changed while we looked on is not our change), ``acts`` what was done that no state shows,
    ``changed_before`` and ``changed_after`` what else of it became another, by name, and ``lines`` the same in the
    words of a VMX; ``task`` is the last task that was waited for, ``error`` why it failed or None.
    """

    vm: Vm
    before: VmState
    after: VmState
    acted: bool = False
    acts: tuple[str, ...] = ()
    changed_before: Mapping[str, Any] = field(default_factory=dict)
    changed_after: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    task: TaskState | None = None
    error: EsxError | None = None

    @property
    def changed(self) -> bool:
        """True where we made the VM another: its power state, a question answered, an act done."""
        return self.acted and self.diff_before() != self.diff_after()

    def diff_before(self) -> dict[str, Any]:
        """Return the first half of ``--diff``."""
        before: dict[str, Any] = {"power_state": _power(self.before), **self.changed_before}
        pending = self.before.question
        if pending is not None and any(asked.choice and asked.question == pending for asked in self.asked):
            before["question"] = pending.text
        return before

    def diff_after(self) -> dict[str, Any]:
        """Return the second half of ``--diff``: the state, and what was answered and done on the way."""
        after: dict[str, Any] = {"power_state": _power(self.after), **self.changed_after}
        given = [f"{asked.question.kind}: {asked.choice.text}" for asked in self.asked if asked.choice]
        if given:
            after["answered"] = given
        if self.acts:
            after["done"] = list(self.acts)
        return after

    def to_json(self) -> dict[str, Any]:
        """Return the VM's entry in ``vms``."""
        shown: dict[str, Any] = {
            "name": self.vm.name,
            "moid": self.vm.moid,
            "uuid": self.vm.uuid,
            "changed": self.changed,
            "failed": self.error is not None,
            "msg": str(self.error) if self.error else "",
            "power_state": _power(self.after),
            "questions": [asked.to_json() for asked in self.asked],
            "task": self.task.to_json() if self.task else None,
        }
        if self.error is not None:
            shown["failure"] = self.error.failure()
        return shown


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """
    What came of the work on all VMs of a task.

    ``single`` is True where one VM was asked for by name, UUID or id; the result then has ``vm`` beside ``vms``.
    """

    results: Sequence[VmResult]
    single: bool

    @property
    def error(self) -> EsxError | None:
        """The task's failure: a single VM's own, or one that counts and names those that failed; None if none did."""
        failed = [result for result in self.results if result.error is not None]
        if not failed:
            return None
        if self.single:
            return failed[0].error
        names = [result.vm.name for result in failed]
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        return SomeFailed(
            f"{len(failed)} of {len(self.results)} virtual machines failed: {', '.join(names[:SHOWN_NAMES])}{more}; "
            f"the first: {failed[0].error}",
            failed=names,
            first=failed[0].error.failure() if failed[0].error else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the module's result: ``changed``, ``diff``, ``vms`` and for a single VM ``vm``."""
        entries = [result.to_json() for result in self.results]
        for entry in entries if self.single else ():
            # The task's own failure says it all.
            entry.pop("failure", None)
        shown: dict[str, Any] = {
            "changed": any(entry["changed"] for entry in entries),
            "vms": entries,
            "diff": self._diff(),
        }
        if self.single and entries:
            shown["vm"] = entries[0]
        return shown

    def _diff(self) -> Mapping[str, Any]:
        changed = [result for result in self.results if result.changed]
        labels = _labels([result.vm for result in changed])
        by_label = dict(zip(labels, changed, strict=True))
        diff: dict[str, Any] = {
            "before": {label: result.diff_before() for label, result in by_label.items()},
            "after": {label: result.diff_after() for label, result in by_label.items()},
        }
        # What Ansible shows as it is, below the rest.
        texts = [
            "\n".join((f"{label}, in the lines of its VMX:", *result.lines, ""))
            for label, result in by_label.items()
            if result.lines
        ]
        return {**diff, "prepared": "\n".join(texts)} if texts else diff


@dataclass(frozen=True)
class Facts:
    """What a module that only looks has found, under the names of its ``RETURN``."""

    values: Mapping[str, Any]
    error: None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result; nothing is ever changed."""
        return {"changed": False, **self.values}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a module that works on no VM has changed, as ``--diff`` shows it, and its values by the names of RETURN."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    values: Mapping[str, Any]
    error: None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        diff = {"before": dict(self.before), "after": dict(self.after)}
        return {"changed": self.before != self.after, "diff": diff, **self.values}


def _labels(vms: Sequence[Vm]) -> list[str]:
    bearers = Counter(vm.name for vm in vms)
    return [str(vm) if bearers[vm.name] > 1 else vm.name for vm in vms]


def _power(state: VmState) -> str | None:
    return state.power_state.value if state.power_state else None
