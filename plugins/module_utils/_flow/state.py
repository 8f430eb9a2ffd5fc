# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a virtual machine while something is done with it: values, nothing that asks a host."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .asked import Question


class PowerState(Enum):
    """vim.VirtualMachine.PowerState, in the words of our options."""

    ON = "powered-on"
    OFF = "powered-off"
    SUSPENDED = "suspended"


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """
    One task of a virtual machine.

    ``operation`` is ``TaskInfo.descriptionId`` (``VirtualMachine.powerOn``), ``state`` one of queued, running, success,
    error; ``fault`` and ``message`` are those of ``TaskInfo.error`` or None; ``queued`` sorts tasks by age.
    """

    moid: str
    operation: str
    state: str
    cancelable: bool = False
    cancelled: bool = False
    fault: str | None = None
    message: str | None = None
    queued: str = ""

    @property
    def is_pending(self) -> bool:
        """True while the task is queued or running."""
        return self.state in ("queued", "running")

    def to_json(self) -> dict[str, Any]:
        """
        Return what a result says of the task: ``moid``, ``operation``, ``state``, and ``fault``, ``message`` if it
        failed.
        """
        shown = {"moid": self.moid, "operation": self.operation, "state": self.state, "cancelable": self.cancelable}
        if self.fault is not None:
            shown |= {"fault": self.fault, "message": self.message}
        return shown


@dataclass(frozen=True, kw_only=True)
class Vm:
    """
    Which virtual machine: its name (percent escapes decoded), managed object id, BIOS and instance UUID.

    A UUID is None where the host does not report one.
    """

    name: str
    moid: str
    uuid: str | None = None
    instance_uuid: str | None = None

    def __str__(self) -> str:
        return f"{self.name} (moid {self.moid})"


@dataclass(frozen=True, kw_only=True)
class VmState:
    """
    A virtual machine at one moment.

    ``power_state`` is None where the host cannot tell (the VM is disconnected or its files are gone).
    ``appearance`` counts the questions that were seen to come up: a question that went away and came back is a new one,
    though its id may be the same. ``tasks`` are the recent ones, oldest first. ``tools_running`` is None
    where it is not known. ``exists`` is False once the VM is gone.
    """

    power_state: PowerState | None = None
    question: Question | None = None
    appearance: int = 0
    tasks: tuple[TaskState, ...] = ()
    tools_running: bool | None = None
    exists: bool = True

    @property
    def pending(self) -> TaskState | None:
        """The oldest task that is queued or running, or None."""
        return next((task for task in self.tasks if task.is_pending), None)

    def task(self, moid: str) -> TaskState | None:
        """Return the recent task with that id, or None."""
        return next((task for task in self.tasks if task.moid == moid), None)

    def to_json(self) -> dict[str, Any]:
        """Return the last observation as a failure shows it: ``power_state``, ``question``, ``pending_tasks``."""
        return {
            "power_state": self.power_state.value if self.power_state else None,
            "question": self.question.to_json() if self.question else None,
            "pending_tasks": [task.to_json() for task in self.tasks if task.is_pending],
        }
