# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The questions of one host as events: who was told of what, so that nobody is told twice.

The law of this file: a question is told once when it is asked, and once when it is over, whatever happens to the
connection in between. What is kept is what is pending, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answers import as_rule
from .asked import Question
from .catalogue import is_default_harmful, known, safe_choice
from .state import TaskState, Vm, VmState

Event = dict[str, Any]

ASKED = "asked"
ANSWERED = "answered"
# Nobody can tell what came of it: its machine or its task is gone, or it went while nobody looked.
GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A pending question that was told: the question, the task that it held up or None, and the event."""

    question: Question
    task: TaskState | None
    event: Mapping[str, Any]


@dataclass
class Ledger:
    """What was told of one host, by the moid of the virtual machine; ``host`` is what every event begins with."""

    host: Mapping[str, Any]
    _told: dict[str, Told] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._told)

    def told(self, moid: str) -> Told | None:
        """Return what was told of a machine's pending question, None if nothing was."""
        return self._told.get(moid)

    def absent(self, moids: Iterable[str]) -> list[str]:
        """Return the machines that were told of and that are not among ``moids``."""
        seen = set(moids)
        return [moid for moid in self._told if moid not in seen]

    def is_told(self, moid: str, question: Question | None) -> bool:
        """Tell whether that very question was told; a host that restarted may give an id a second time."""
        told = self._told.get(moid)
        return (
            told is not None
            and question is not None
            and (told.question.id, told.question.kind) == (question.id, question.kind)
        )

    def ask(self, vm: Vm, state: VmState, question: Question, *, since: str, replayed: bool) -> Event:
        """Note that a question is pending, and return the event."""
        event = {
            "type": ASKED,
            **self.host,
            "vm": {
                "name": vm.name,
                "moid": vm.moid,
                "uuid": vm.uuid,
                "power_state": state.power_state.value if state.power_state else None,
            },
            "question": question.to_json(),
            "task": state.pending.to_json() if state.pending else None,
            **_what_is_known(question),
            "rule": as_rule(question),
            "since": since,
            "replayed": replayed,
        }
        self._told[vm.moid] = Told(question=question, task=state.pending, event=event)
        return event

    def settle(self, moid: str, became: str, task: TaskState | None = None) -> Event:
        """Note that a machine's question is over, and return the event; ``task`` is the task as it is now."""
        told = self._told.pop(moid)
        event = {**told.event, "type": became}
        return event if task is None else {**event, "task": task.to_json()}


def fate(told: Told, state: VmState | None) -> str:
    """Say what became of a question that its machine, in this state now, has no more; None: there is no machine."""
    if state is None:
        return GONE
    task = state.task(told.task.moid) if told.task is not None else None
    return GONE if task is not None and task.cancelled else ANSWERED


def _what_is_known(question: Question) -> Event:
    safe = safe_choice(question, None)
    entry = known(question.kind)
    return {
        "known": entry is not None,
        "meaning": entry.meaning if entry else None,
        "has_safe_answer": safe is not None,
        "safe_answer": safe.to_json() if safe else None,
        "default_is_harmful": is_default_harmful(question),
    }
