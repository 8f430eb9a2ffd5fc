# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Tasks that belong to no virtual machine, one after the other: making a machine, moving a file.

No question can hold these up, for there is no machine yet that could ask. Source: vim.Task, vim.TaskInfo;
vmodl.query.PropertyCollector.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._errors import ConnectError, ConnectionLost, EsxError, Expired, NotFound, SessionExpired, TaskFailed, TaskLost
from . import faults, sdk
from .properties import filter_spec, objects, read

if TYPE_CHECKING:
    from .connection import Session

LONGEST_WAIT_SECONDS = 30
# How long to wait before a connection that was lost is tried again.
PAUSE_SECONDS = 0.2
_PATHS = ("info.state", "info.error", "info.result", "info.descriptionId")
_PROGRESS = "info.progress"


def run_task(
    session: Session,
    target: Any,
    method: str,
    /,
    *,
    timeout: float,
    now: Callable[[], float] = time.monotonic,
    is_quick: bool = False,
    on_progress: Callable[[int], None] | None = None,
    **arguments: Any,
) -> Any:
    """
    Start a task and wait for its end; return its result.

    ``is_quick``: it has probably ended when it is first looked at, so one look is tried before a wait is begun.
    ``on_progress`` is called with the per cent that the host says it has done, each time that it says another number.

    Raises:
        TaskFailed: it ended in error.
        Expired: it took longer than ``timeout`` seconds; it was cancelled if the host could do that.
        TaskLost: the host does not know it any more, as after a restart.
        EsxError: the host refused the call, or the connection was lost.
    """
    task = session.call(target, method, **arguments)
    if is_quick:
        try:
            rows = read(session, objects([task]), {"Task": _PATHS})
        except NotFound as error:
            raise _lost(method, task) from error
        seen = rows[0].values if rows else {}
        if _has_ended(seen):
            return _result(method, seen)
    return wait_for_task(session, task, method, timeout=timeout, now=now, on_progress=on_progress)


def wait_for_tasks(
    session: Session, tasks: Iterable[Any], *, timeout: float, now: Callable[[], float] = time.monotonic
) -> None:
    """Wait until other people's tasks have ended, however they end; errors as for :func:`run_task`."""
    deadline = now() + timeout
    for task in tasks:
        with suppress(TaskFailed, TaskLost):
            wait_for_task(session, task, "a task of somebody else", timeout=max(0.0, deadline - now()), now=now)


def wait_for_each(
    session: Session,
    tasks: Mapping[str, Any],
    method: str,
    *,
    timeout: float,
    now: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """
    Wait for the end of tasks that run side by side; return by their keys the result of each, or the EsxError it is.

    One that ends last is waited for, and with one read all are known that ended before it.
    """
    deadline = now() + timeout
    known: dict[str, Mapping[str, Any]] = {}
    ends: dict[str, Any] = {}
    for key, task in reversed(list(tasks.items())):
        try:
            if not _has_ended(known.get(task._moId, {})):
                ends[key] = wait_for_task(session, task, method, timeout=max(0.0, deadline - now()), now=now)
                left = [other for name, other in tasks.items() if name not in ends]
                rows = read(session, objects(left), {"Task": _PATHS})
                known |= {row.moid: row.values for row in rows}
            else:
                ends[key] = _result(method, known[task._moId])
        except EsxError as error:
            ends[key] = ends.get(key, error)
    return ends


def wait_for_task(
    session: Session,
    task: Any,
    method: str,
    *,
    timeout: float,
    now: Callable[[], float] = time.monotonic,
    on_progress: Callable[[int], None] | None = None,
) -> Any:
    """
    Wait for the end of a task and return its result; ``method`` is what failures call it, errors as for ``run_task``.

    A session that ends meanwhile, or a connection that is lost, is taken up again as long as there is time.
    """
    deadline = now() + timeout
    # Each number wakes whoever waits, so it is asked for only where somebody wants it.
    watch = _TaskWatch(session, task, _PATHS if on_progress is None else (*_PATHS, _PROGRESS))
    pause = threading.Event()
    seen: dict[str, Any] = {}
    while True:
        left = deadline - now()
        try:
            changed = watch.wait(max(0, math.ceil(min(left, LONGEST_WAIT_SECONDS))))
            if watch.is_gone:
                raise _lost(method, task)
            seen |= changed
            if on_progress is not None and changed.get(_PROGRESS) is not None:
                on_progress(int(changed[_PROGRESS]))
        except (SessionExpired, ConnectionLost, ConnectError):
            if left <= 0:
                raise
            watch.forget()
            pause.wait(PAUSE_SECONDS)
        except NotFound as error:
            raise _lost(method, task) from error
        if _has_ended(seen):
            return _result(method, seen)
        if now() >= deadline:
            raise _expired(session, task, method, timeout)


def _has_ended(seen: Mapping[str, Any]) -> bool:
    return str(seen.get("info.state")) in ("success", "error")


def _result(method: str, seen: Mapping[str, Any]) -> Any:
    if str(seen.get("info.state")) == "error":
        raise _failed(method, seen.get("info.error"))
    return seen.get("info.result")


class _TaskWatch:
    """
    A filter on one task; it ends with the session, and a session that waits so has few.

    ``is_gone``: the host does not know the task any more.
    """

    def __init__(self, session: Session, task: Any, paths: Sequence[str]) -> None:
        self._session = session
        self._task = task
        self._paths = paths
        self._collector: Any = None
        self._filter = ""
        self._version = ""
        self.is_gone = False

    def wait(self, seconds: int) -> dict[str, Any]:
        """Wait until the task changes, for at most that many seconds; return what became another."""
        if self._collector is None:
            self._open()
        options = sdk.vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=seconds)
        updates = self._session.call_once(self._collector, "WaitForUpdatesEx", version=self._version, options=options)
        is_first = not self._version
        self._version = updates.version if updates is not None else self._version
        kinds = _kinds(updates, self._filter)
        # A filter's first reply tells of everything that is there.
        self.is_gone = "leave" in kinds or (is_first and not kinds)
        return _changes(updates, self._filter)

    def forget(self) -> None:
        """Begin anew with the next wait."""
        self._collector = None

    def _open(self) -> None:
        collector = self._session.open_collector()
        spec = filter_spec(objects([self._task]), {"Task": self._paths})
        made = self._session.call(collector, "CreateFilter", spec=spec, partialUpdates=False)
        self._collector, self._filter, self._version = collector, made._moId, ""


def _expired(session: Session, task: Any, method: str, timeout: float) -> Expired:
    """End a task that takes too long, if the host can, and say how far it came."""
    progress = None
    with suppress(EsxError):
        rows = read(session, objects([task]), {"Task": [_PROGRESS]})
        progress = next((row.values.get(_PROGRESS) for row in rows), None)
    outcome = "cancelled"
    try:
        session.call(task, "CancelTask")
    except EsxError:
        outcome = "not cancelable: left running"
    how_far = "" if progress is None else f", at {progress} %"
    return Expired(
        f"{method} took longer than {timeout:g} s{how_far} ({outcome})",
        seconds=timeout,
        task={"moid": task._moId},
        outcome=outcome,
    )


def _lost(method: str, task: Any) -> TaskLost:
    return TaskLost(
        f"the host does not know the task of {method} any more, as after a restart: "
        "what it did until then is done, and the next run looks at that",
        method=method,
        task={"moid": task._moId},
    )


def _kinds(updates: Any, filter_moid: str) -> list[str]:
    return [
        str(update.kind)
        for part in (updates.filterSet or () if updates is not None else ())
        if part.filter._moId == filter_moid
        for update in part.objectSet or ()
    ]


def _changes(updates: Any, filter_moid: str) -> dict[str, Any]:
    return {
        change.name: change.val
        for part in (updates.filterSet or () if updates is not None else ())
        if part.filter._moId == filter_moid
        for update in part.objectSet or ()
        for change in update.changeSet or ()
    }


def _failed(method: str, fault: Any) -> TaskFailed:
    known = faults.translate(fault, method) if fault is not None else None
    return TaskFailed(
        f"{method} failed: {known or 'the host gave no reason'}",
        fault=known.details.get("fault") if known is not None else None,
        method=method,
    )
