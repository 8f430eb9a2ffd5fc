# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From vSphere's property values to ours, and a mirror of each virtual machine that updates are written into.

Source: vim.VirtualMachine (``name``, ``config.uuid``, ``config.instanceUuid``, ``runtime.powerState``,
``runtime.question``, ``guest.toolsRunningStatus``), vim.Task (``info``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from .._flow.asked import Choice, Question
from .._flow.state import PowerState, TaskState, Vm, VmState
from . import faults

IDENTITY_PATHS = ("name", "config.uuid", "config.instanceUuid")
WATCHED_PATHS = ("runtime.powerState", "runtime.question", "guest.toolsRunningStatus")
TASK_PATHS = (
    "info.entity",
    "info.descriptionId",
    "info.state",
    "info.cancelable",
    "info.cancelled",
    "info.error",
    "info.queueTime",
)

POWER_STATES = {"poweredOn": PowerState.ON, "poweredOff": PowerState.OFF, "suspended": PowerState.SUSPENDED}
_TOOLS_RUNNING = ("guestToolsRunning", "guestToolsExecutingScripts")


def vm_of(moid: str, values: Mapping[str, Any]) -> Vm:
    """Return who the VM is; ESXi escapes ``%``, ``/`` and the backslash in names as ``%25``, ``%2f``, ``%5c``."""
    return Vm(
        name=unquote(str(values.get("name", ""))),
        moid=moid,
        uuid=_text(values.get("config.uuid")),
        instance_uuid=_text(values.get("config.instanceUuid")),
    )


def question_of(asked: Any) -> Question | None:
    """Return our form of vim.vm.QuestionInfo, None for None."""
    if asked is None:
        return None
    choices = tuple(
        Choice(key=str(info.key), label=str(info.label), summary=str(info.summary)) for info in asked.choice.choiceInfo
    )
    return Question(
        id=str(asked.id),
        text=str(asked.text),
        message_ids=tuple(str(message.id) for message in asked.message or ()),
        choices=choices,
        default=asked.choice.defaultIndex,
    )


def task_of(moid: str, values: Mapping[str, Any]) -> TaskState:
    """Return our form of a task from the properties of :data:`TASK_PATHS`."""
    fault = values.get("info.error")
    queued = values.get("info.queueTime")
    return TaskState(
        moid=moid,
        operation=str(values.get("info.descriptionId") or ""),
        state=str(values.get("info.state") or "queued"),
        cancelable=bool(values.get("info.cancelable")),
        cancelled=bool(values.get("info.cancelled")),
        fault=faults.name_of(fault) if fault is not None else None,
        message=faults.message_of(fault) if fault is not None else None,
        queued=queued.isoformat() if queued is not None else "",
    )


class Mirror:
    """What is known of one virtual machine, kept up to date by whoever reads."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._tasks: dict[str, dict[str, Any]] = {}
        self._left: set[str] = set()
        self._appearance = 0
        self._exists = True
        self._state: VmState | None = None

    @property
    def task_moids(self) -> frozenset[str]:
        """The ids of the tasks that are known."""
        return frozenset(self._tasks)

    def enter(self, values: Mapping[str, Any], *, after_gap: bool) -> None:
        """
        Take in the whole state.

        The question that was known is taken for the same one, but not after a gap in which it may have gone and come
        back.
        """
        known = question_of(self._values.get("runtime.question"))
        found = question_of(values.get("runtime.question"))
        if found is not None and (after_gap or found != known):
            self._appearance += 1
        self._values = dict(values)
        self._state = None

    def change(self, values: Mapping[str, Any]) -> None:
        """Take in what changed; None stands for a property that is not set any more."""
        if values.get("runtime.question") is not None:
            self._appearance += 1
        self._values.update(values)
        self._state = None

    def change_task(self, moid: str, values: Mapping[str, Any]) -> None:
        """Take in what changed of a task, or the whole of one that was not known."""
        self._tasks.setdefault(moid, {}).update(values)
        self._left.discard(moid)
        self._state = None

    def drop_task(self, moid: str) -> bool:
        """
        Forget a task that the host lists no longer; one that we saw end stays until :meth:`let_go`.

        Returns whether it ended, so that nothing more will be heard of it.
        """
        if moid not in self._tasks:
            return False
        if task_of(moid, self._tasks[moid]).is_pending:
            self.forget_task(moid)
            return False
        self._left.add(moid)
        return True

    def let_go(self, *, but: str | None = None) -> None:
        """Forget the tasks that ended and that the host lists no longer: a wait of days must not gather them."""
        for moid in self._left - {but}:
            self._left.discard(moid)
            self.forget_task(moid)

    def forget_task(self, moid: str) -> None:
        """Forget a task."""
        self._tasks.pop(moid, None)
        self._state = None

    def vanish(self) -> None:
        """The virtual machine is gone."""
        self._exists = False
        self._state = None

    def state(self) -> VmState:
        """Return the state as a value."""
        if self._state is None:
            tasks = sorted(
                (task_of(moid, values) for moid, values in self._tasks.items()), key=lambda task: task.queued
            )
            self._state = VmState(
                power_state=POWER_STATES.get(str(self._values.get("runtime.powerState"))),
                question=question_of(self._values.get("runtime.question")),
                appearance=self._appearance,
                tasks=tuple(tasks),
                tools_running=_tools(self._values.get("guest.toolsRunningStatus")),
                exists=self._exists,
            )
        return self._state


def _tools(status: Any) -> bool | None:
    return None if status is None else str(status) in _TOOLS_RUNNING


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
