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
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, Expired, TaskFailed
from . import faults, sdk
from .properties import filter_spec, objects

if TYPE_CHECKING:
    from .connection import Session

LONGEST_WAIT_SECONDS = 30
_PATHS = ("info.state", "info.error", "info.result", "info.descriptionId")


def run_task(
    session: Session,
    target: Any,
    method: str,
    /,
    *,
    timeout: float,
    now: Callable[[], float] = time.monotonic,
    **arguments: Any,
) -> Any:
    """
    Start a task and wait for its end; return its result.

    Raises:
        TaskFailed: it ended in error.
        Expired: it took longer than ``timeout`` seconds; it was cancelled if the host could do that.
        EsxError: the host refused the call, or the connection was lost.
    """
    deadline = now() + timeout
    task = session.call(target, method, **arguments)
    collector = session.open_collector()
    spec = filter_spec(objects([task]), {"Task": _PATHS})
    made = session.call(collector, "CreateFilter", spec=spec, partialUpdates=False)
    version, seen = "", dict[str, Any]()
    # The filter ends with the session, and a session that makes machines makes few.
    while True:
        left = deadline - now()
        options = sdk.vmodl.query.PropertyCollector.WaitOptions(
            maxWaitSeconds=max(0, math.ceil(min(left, LONGEST_WAIT_SECONDS)))
        )
        updates = session.call_once(collector, "WaitForUpdatesEx", version=version, options=options)
        version = updates.version if updates is not None else version
        seen |= _changes(updates, made._moId)
        if str(seen.get("info.state")) == "success":
            return seen.get("info.result")
        if str(seen.get("info.state")) == "error":
            raise _failed(method, seen.get("info.error"))
        if now() >= deadline:
            with suppress(EsxError):
                session.call(task, "CancelTask")
            raise Expired(f"{method} took longer than {timeout:g} s", seconds=timeout, task={"moid": task._moId})


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
