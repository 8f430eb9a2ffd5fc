# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task manager: the recent tasks, and collectors of those that were."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from .history import HistoryCollector, ancestors, by_user, check_entity, in_time, keep, near, owner_of, refuse
from .labels import LABELS
from .managed import Call, ManagedObject, method
from .tasks import Task

# What is not known here of vim.TaskFilterSpec.
UNKNOWN = ("activationId", "alarm", "scheduledTask", "tag", "parentTaskKey", "rootTaskKey")
TIMES = {"queuedTime": "queueTime", "startedTime": "startTime", "completedTime": "completeTime"}


class TaskManager(ManagedObject):
    """The list of recent tasks."""

    type_name = "TaskManager"

    @method("CreateCollectorForTasks")
    def create_collector(self, call: Call, *, filter_: Any) -> Any:
        # A host without vCenter remembers the recent tasks only.
        if not call.world.full_history:
            raise vmodl.fault.NotSupported(msg="The operation is not supported on the object.")
        return keep(call, self, TaskHistoryCollector(call, filter_))


class TaskHistoryCollector(HistoryCollector):
    """A view of the tasks."""

    type_name = "TaskHistoryCollector"

    def __init__(self, call: Call, spec: Any) -> None:
        refuse(spec, *UNKNOWN)
        by_entity = spec.entity
        check_entity(call.world, by_entity)
        super().__init__(owner_of(call), spec)

    def matching(self) -> list[Task]:
        return [task for task in self.world.tasks.known() if self.takes(task)]

    def takes(self, one: Task) -> bool:
        info, spec = one.get("info"), self.spec
        own = [one.entity.key] if one.entity is not None else []
        time = spec.time
        return (
            (not spec.state or info.state in spec.state)
            and (not spec.eventChainId or info.eventChainId in spec.eventChainId)
            and (time is None or in_time(getattr(info, TIMES[str(time.timeType)]), time.beginTime, time.endTime))
            and by_user(spec.userName, info.reason.userName)
            and near(spec.entity, own, ancestors(self.world, one.entity) if info.entity is not None else [])
        )

    def shown(self, one: Task) -> Any:
        return one.get("info")

    @method("ReadNextTasks", writes=False)
    def read_next_tasks(self, call: Call, *, maxCount: int) -> list[Any]:
        return self.read_next(maxCount)

    @method("ReadPreviousTasks", writes=False)
    def read_previous_tasks(self, call: Call, *, maxCount: int) -> list[Any]:
        return self.read_previous(maxCount)


def task_description() -> Any:
    """Describe the tasks, as vim.TaskDescription."""
    states = ("queued", "running", "success", "error")
    return vim.TaskDescription(
        methodInfo=[vim.ElementDescription(key=key, label=label, summary=label) for key, label in LABELS.items()],
        state=[vim.ElementDescription(key=one, label=one.capitalize(), summary=one.capitalize()) for one in states],
        reason=[vim.TypeDescription(key=vim.TaskReasonUser, label="User", summary="Queued by a user")],
    )
