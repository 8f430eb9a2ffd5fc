# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Tasks: generators on the clock.

A body yields seconds to wait or a ``Signal`` to wait for, returns the task's result, or raises the fault it fails with.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Union

from pyVmomi import vim, vmodl

from . import api
from .clock import Timer
from .faults import DEFECTS
from .managed import Call, ManagedObject, key_of, method, wsdl_method, wsdl_type

if TYPE_CHECKING:
    from .world import World

KEPT_PER_ENTITY = 10
KEPT_BY_MANAGER = 50
KEPT = 2000


class TaskCancelled(Exception):
    """Thrown into the body of a task that a client cancels."""


class Signal:
    """Something that a task waits for; it can be fired once, before or after a task waits."""

    def __init__(self) -> None:
        self.fired = False
        self.value: Any = None
        self._waiting: list[Callable[[Any], None]] = []

    def fire(self, value: Any = None) -> None:
        """Let the task go on; the caller holds the world's lock."""
        if self.fired:
            return
        self.fired, self.value = True, value
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            resume(value)

    def then(self, resume: Callable[[Any], None]) -> None:
        if self.fired:
            resume(self.value)
        else:
            self._waiting.append(resume)


Body = Generator[Union[float, int, Signal], Any, Any]


class Task(ManagedObject):
    """A task of the host; its object stays readable after it ended."""

    type_name = "Task"

    def __init__(self, moid: str, body: Body, **properties: Any) -> None:
        super().__init__(moid, **properties)
        self.body: Body | None = body
        self.entity: ManagedObject | None = None
        self.number = 0
        self.round = 0
        self.timer: Timer | None = None

    def touch(self, *changed: str) -> None:
        super().touch(*changed)
        if self.number:
            for collector in self.world.of_type("TaskHistoryCollector"):
                collector.note(self)

    @property
    def running(self) -> bool:
        return self.body is not None

    @method("CancelTask")
    def cancel(self, call: Call) -> None:
        if not self.running:
            raise vim.fault.InvalidState(msg="The operation is not allowed in the current state.")
        if not self.get("info.cancelable"):
            raise vmodl.fault.NotSupported(msg="The task cannot be cancelled.")
        self.set("info.cancelled", True)
        call.world.tasks.throw(self, TaskCancelled())


class Tasks:
    """All tasks of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.current: Task | None = None
        self._number = 0
        self._finished: deque[Task] = deque()
        self._running: dict[Task, None] = {}

    def start(self, entity: ManagedObject, method: str, body: Body, *, cancelable: bool = False) -> Any:
        """
        Start a task: its body runs at once, up to its first wait.

        ``method`` is the WSDL method, for example ``PowerOnVM_Task``.

        Returns:
            The reference of the Task.
        """
        with self.world.lock:
            task = self._new(entity, method, body, cancelable)
            self.world.add(task)
            task.number = self._number
            self.world.events.post("TaskEvent", entity, chain=task.get("info.eventChainId"), info=task.get("info"))
            entity_tasks = [task.ref, *(entity.get("recentTask") or [])] if _has_recent(entity) else []
            if entity_tasks:
                entity.set("recentTask", self._kept(entity_tasks, KEPT_PER_ENTITY))
            manager = self.world.find("TaskManager", self.world.task_manager)
            manager.set("recentTask", self._kept([task.ref, *(manager.get("recentTask") or [])], KEPT_BY_MANAGER))
            self._running[task] = None
            task.set("info.startTime", self.world.clock.utcnow())
            task.set("info.state", "running")
            self._resume(task, next)
            return task.ref

    def progress(self, percent: int) -> None:
        """Report the progress of the task whose body is running."""
        if self.current is not None:
            self.current.set("info.progress", percent)

    def known(self) -> list[Task]:
        """The tasks that can still be read, by their age."""
        return sorted([*self._running, *self._finished], key=lambda task: task.number)

    def running(self, entity: ManagedObject | None = None) -> list[Task]:
        """The unfinished tasks, of one object or of all."""
        return [task for task in self._running if entity is None or task.entity is entity]

    def throw(self, task: Task, error: BaseException) -> None:
        """Raise an exception inside a task's body, where it waits."""
        if task.timer is not None:
            task.timer.cancel()
        self._resume(task, lambda body: body.throw(error))

    def abandon(self) -> None:
        """Forget every task, as a host that restarts."""
        for task in [*self._running, *self._finished]:
            if task.body is not None:
                task.round += 1
                body, task.body = task.body, None
                body.close()
            if task.entity is not None and _has_recent(task.entity) and task.entity.get("recentTask"):
                task.entity.set("recentTask", [])
            self.world.remove(task)
        self._running.clear()
        self._finished.clear()
        self.world.find("TaskManager", self.world.task_manager).set("recentTask", [])

    def _new(self, entity: ManagedObject, name: str, body: Body, cancelable: bool) -> Task:
        self._number += 1
        described = wsdl_method(name)
        operation = f"{wsdl_type_name(described)}.{api.support.Uncapitalize(described.name)}"
        moid = f"haTask-{entity.moid}-vim.{operation}-{self._number:09d}"
        session = self.world.call.session if self.world.call is not None else None
        task = Task(moid, body)
        task.entity = entity
        info = vim.TaskInfo(
            key=moid,
            task=task.ref,
            name=api.support.GetWsdlMethod("urn:vim25", name),
            descriptionId=operation,
            state="queued",
            cancelled=False,
            cancelable=cancelable,
            reason=vim.TaskReasonUser(userName=session.user if session is not None else self.world.username),
            queueTime=self.world.clock.utcnow(),
            eventChainId=self.world.events.next_key,
        )
        if issubclass(wsdl_type(entity.type_name), vim.ManagedEntity):
            info.entity = entity.ref
            info.entityName = entity.get("name")
        task.set("info", info)
        return task

    def _kept(self, refs: list[Any], limit: int) -> list[Any]:
        kept: list[Any] = []
        for ref in refs:
            task = self.world.find_or_none(*key_of(ref))
            if len(kept) < limit or (isinstance(task, Task) and task.running):
                kept.append(ref)
        return kept

    def _resume(self, task: Task, step: Callable[[Body], Any]) -> None:
        if task.body is None:
            return
        task.round += 1
        outer, self.current = self.current, task
        try:
            waits_for = step(task.body)
        except StopIteration as stop:
            self._end(task, result=stop.value)
        except TaskCancelled:
            self._end(task, fault=vmodl.fault.RequestCanceled(msg="The task was canceled by a user."))
        except vmodl.MethodFault as fault:
            self._end(task, fault=fault)
        except DEFECTS as error:
            traceback.print_exc()
            self.world.errors.append(error)
            self._end(task, fault=vmodl.fault.SystemError(reason=repr(error), msg=f"A defect of esxsim: {error!r}"))
        else:
            self._wait(task, waits_for)
        finally:
            self.current = outer

    def _wait(self, task: Task, waits_for: float | Signal) -> None:
        this = task.round

        def go_on(value: Any = None) -> None:
            if task.round == this:
                self._resume(task, lambda body: body.send(value))

        if isinstance(waits_for, Signal):
            task.timer = None
            waits_for.then(go_on)
        else:
            task.timer = self.world.clock.call_later(waits_for, go_on)

    def _end(self, task: Task, result: Any = None, fault: Any = None) -> None:
        task.body = None
        self._running.pop(task, None)
        self._finished.append(task)
        if result is not None:
            task.set("info.result", result)
        if fault is not None:
            task.set("info.error", fault)
        task.set("info.progress", None)
        task.set("info.completeTime", self.world.clock.utcnow())
        task.set("info.state", "success" if fault is None else "error")
        while len(self._finished) > KEPT:
            self.world.remove(self._finished.popleft())


def wsdl_type_name(described: Any) -> str:
    """The WSDL name of the type that a method belongs to."""
    cls = described.typeName if "typeName" in vars(described) else described.type
    return str(api.support.GetVmodlType(cls)._wsdlName)


def _has_recent(entity: ManagedObject) -> bool:
    return issubclass(wsdl_type(entity.type_name), vim.ManagedEntity)
