# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One property filter for everything that a batch waits for.

The filter names each virtual machine and leads on to its recent tasks, so a task that is started later comes into view
by itself, and so does a question, whenever it is raised. One call waits for all of them.

Source: vmodl.query.PropertyCollector, methods CreateFilter, WaitForUpdatesEx, CancelWaitForUpdates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from .._errors import (
    ConnectError,
    ConnectionLost,
    EsxError,
    FaultError,
    LoginRefused,
    NotFound,
    SessionExpired,
    UntrustedHost,
)
from . import sdk
from .mirror import TASK_PATHS, WATCHED_PATHS, Mirror
from .properties import filter_spec, objects, read, recent_tasks

if TYPE_CHECKING:
    from .connection import Session

LONGEST_WAIT_SECONDS = 30
RECONNECT_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


class Watch:
    """A wait for changes of the virtual machines whose mirrors it is given, by moid."""

    def __init__(self, session: Session, mirrors: Mapping[str, Mirror]) -> None:
        self._session = session
        self._mirrors = mirrors
        self._version: str | None = None
        self._filters: set[str] = set()
        self._owner: dict[str, str] = {}
        self._collector: Any = None
        self._pause = threading.Event()
        self._after_gap = False
        self._logins = 0
        self._awaited: set[str] = set()

    @property
    def is_open(self) -> bool:
        """True once the filter exists."""
        return self._version is not None

    @property
    def has_looked(self) -> bool:
        """True once the filter has told how things stand."""
        return bool(self._version)

    def open(self) -> None:
        """Create the filter; the first :meth:`wait` then returns at once, with everything."""
        # Read first: another thread may renew the session at any moment, and the filter is gone with the old one.
        self._logins = self._session.logins
        vms = [self._session.reference("VirtualMachine", moid) for moid in self._mirrors]
        self._collector = self._session.open_collector()
        self._filter(objects(vms, recent_tasks()), {"VirtualMachine": WATCHED_PATHS, "Task": TASK_PATHS})
        self._version = ""
        self._awaited = set(self._mirrors)

    def reopen(self) -> None:
        """Create the filter anew after the session or the connection was lost; pending tasks are forgotten first."""
        self._after_gap = True
        self._filters.clear()
        self._owner.clear()
        for mirror in self._mirrors.values():
            for moid in mirror.task_moids:
                mirror.drop_task(moid)
        self.open()
        self.wait(0)

    def close(self) -> None:
        """Destroy the filters; needed only where the session goes on to watch something else."""
        for moid in self._filters:
            with suppress(EsxError):
                self._session.call(self._session.reference("PropertyFilter", moid), "DestroyPropertyFilter")
        self._filters.clear()
        self._version = None

    def wait(self, seconds: int) -> bool:
        """
        Wait until something changes, for at most that many seconds, and write it into the mirrors.

        Returns False where nothing changed in that time.

        Raises:
            SessionExpired, ConnectionLost, ConnectError: what was seen until now holds, :meth:`reopen` goes on.
        """
        if self._logins != self._session.logins:
            raise SessionExpired("the session was renewed, and its filters are gone with the old one")
        options = sdk.vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=seconds)
        updates = self._session.call_once(self._collector, "WaitForUpdatesEx", version=self._version, options=options)
        if updates is None:
            return False
        self._version = updates.version
        for part in updates.filterSet or ():
            if part.filter._moId in self._filters:
                for update in part.objectSet or ():
                    self._take(update)
        if updates.truncated:
            return self.wait(0)
        # What the filter's first reply does not hold is not there any more.
        for moid in self._awaited:
            self._mirrors[moid].vanish()
        self._awaited = set()
        self._after_gap = False
        return True

    def wake(self) -> None:
        """Let a :meth:`wait` in another thread return; nothing happens where none waits."""
        if self._collector is not None:
            with suppress(EsxError):
                self._session.call_once(self._collector, "CancelWaitForUpdates")

    def recover(self, give_up: Callable[[EsxError], bool]) -> bool:
        """
        Take up the watch again, trying until it works or ``give_up`` says that it is enough.

        ``give_up`` is asked after each failed try, with its error. Returns whether the watch stands again.

        Raises:
            LoginRefused, UntrustedHost: trying again is of no use.
        """
        for attempt in count():
            try:
                self.reopen()
            except (LoginRefused, UntrustedHost):
                raise
            except (SessionExpired, ConnectionLost, ConnectError, FaultError) as error:
                if give_up(error):
                    return False
            else:
                return True
            self._pause.wait(RECONNECT_PAUSES[min(attempt, len(RECONNECT_PAUSES) - 1)])
        raise AssertionError("count() does not end")

    def find_task(self, vm_moid: str, task_moid: str) -> bool:
        """
        Read a task that did not come into view by itself, and watch it from now on.

        Returns False where the host does not know it.
        """
        task = self._session.reference("Task", task_moid)
        try:
            rows = read(self._session, objects([task]), {"Task": TASK_PATHS})
        except NotFound:
            return False
        for row in rows:
            self._owner[task_moid] = vm_moid
            self._mirrors[vm_moid].change_task(task_moid, row.values)
            self._filter(objects([task]), {"Task": TASK_PATHS})
        return bool(rows)

    def refresh(self, vm_moids: Iterable[str], *, after_gap: bool) -> None:
        """
        Read some of the virtual machines and their recent tasks now.

        With ``after_gap`` a question that is still there counts as one that came up again.
        """
        vms = [self._session.reference("VirtualMachine", moid) for moid in vm_moids]
        paths = {"VirtualMachine": WATCHED_PATHS, "Task": TASK_PATHS}
        missing = set(vm_moids)
        for row in read(self._session, objects(vms, recent_tasks()), paths):
            if row.type_name == "Task":
                self._take_task(row.moid, "enter", row.values)
            else:
                missing.discard(row.moid)
                self._mirrors[row.moid].enter(row.values, after_gap=after_gap)
        for moid in missing:
            self._mirrors[moid].vanish()

    def _filter(self, start: list[Any], paths: Mapping[str, Iterable[str]]) -> None:
        spec = filter_spec(start, paths)
        made = self._session.call(self._collector, "CreateFilter", spec=spec, partialUpdates=False)
        self._filters.add(made._moId)

    def _take(self, update: Any) -> None:
        moid, kind = update.obj._moId, str(update.kind)
        values = {change.name: change.val if str(change.op) != "remove" else None for change in update.changeSet or ()}
        if type(update.obj).__name__.endswith("Task"):
            self._take_task(moid, kind, values)
        elif moid in self._mirrors:
            self._awaited.discard(moid)
            self._take_vm(self._mirrors[moid], kind, values)

    def _take_vm(self, mirror: Mirror, kind: str, values: Mapping[str, Any]) -> None:
        if kind == "leave":
            mirror.vanish()
        elif kind == "enter":
            mirror.enter(values, after_gap=self._after_gap)
        else:
            mirror.change(values)

    def _take_task(self, moid: str, kind: str, values: Mapping[str, Any]) -> None:
        entity = values.get("info.entity")
        owner = str(entity._moId) if entity is not None else self._owner.get(moid)
        if owner is None or owner not in self._mirrors:
            return
        self._owner[moid] = owner
        if kind == "leave":
            if self._mirrors[owner].drop_task(moid):
                del self._owner[moid]
        else:
            self._mirrors[owner].change_task(moid, values)
