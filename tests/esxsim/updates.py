# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters and their updates: what a session was told, and what it is still to be told."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim, vmodl

from . import paths
from .collector import PropertyCollector
from .contents import Change, Content, FilterUpdate, ObjectUpdate, Page, UpdateSet
from .graph import Graph
from .managed import Call, Key, ManagedObject, method
from .selection import Selection, Watched, read, read_one
from .sessions import Session


@dataclass
class Pending:
    """What is to be told of one object: ``changed`` paths, and whether derived properties may look different."""

    kind: str
    changed: dict[str, None] = field(default_factory=dict)
    looks: bool = False

    def merge(self, later: Pending) -> Pending:
        """Put what happened later upon this."""
        if later.kind == "modify" and self.kind != "leave":
            return Pending(self.kind, {**self.changed, **later.changed}, self.looks or later.looks)
        return later


# Of each object: what was told, and the reference that the client knew it by before (None: it did not).
Consumed = dict[Key, tuple[Pending, Any]]


class PropertyFilter(ManagedObject):
    """One filter of a session."""

    type_name = "PropertyFilter"

    def __init__(self, collector: Collector, call: Call, spec: Any, *, partial: bool) -> None:
        super().__init__(f"session[{collector.session.key}]{uuid.uuid4()}", spec=spec, partialUpdates=partial)
        self.collector = collector
        self.partial = partial
        self.selection = Selection(call, spec)
        self.pending: dict[Key, Pending] = {}
        self.told: dict[Key, Any] = {}
        self.shown: dict[Key, dict[str, Any]] = {}
        self.graph: Graph = Graph(self.selection, self)

    @method("DestroyPropertyFilter")
    def destroy(self, call: Call) -> None:
        self.collector.drop(self)

    def close(self) -> None:
        for key in self.graph.objects:
            self.collector.world.unwatch(key, self)
        self.collector.world.remove(self)

    def note(self, obj: ManagedObject, path: str) -> None:
        """Hear of a change of an object."""
        self.graph.changed(obj, path)
        if obj.key not in self.graph:
            return
        plan = self.selection.plan(obj) or ()
        hit = [one for one in plan if one.derived or paths.overlaps(path, one.path)]
        if hit:
            looks = any(one.derived for one in hit)
            changed = {path: None} if any(not one.derived for one in hit) else {}
            self._add(obj.key, Pending("modify", changed, looks))

    def note_removed(self, obj: ManagedObject) -> None:
        """Hear that an object is no more."""
        self.graph.removed(obj)

    def entered(self, key: Key) -> None:
        obj = self.collector.world.find(*key)
        if self.selection.plan(obj) is not None:
            self._add(key, Pending("enter"))

    def left(self, key: Key) -> None:
        if key in self.told:
            self._add(key, Pending("leave"))
        else:
            self.pending.pop(key, None)

    def seen(self, key: Key) -> None:
        self.collector.world.watch(key, self)

    def lost(self, key: Key) -> None:
        self.collector.world.unwatch(key, self)

    def start_over(self) -> None:
        """Tell everything again."""
        self.pending.clear()
        self.told.clear()
        self.shown.clear()
        for key in self.graph.members:
            self.entered(key)

    def restore(self, consumed: Consumed) -> None:
        """Take back an update that its client never got."""
        for key, (earlier, told) in consumed.items():
            later = self.pending.pop(key, None)
            merged = earlier if later is None else earlier.merge(later)
            self.shown.pop(key, None)
            self.told.pop(key, None)
            if told is not None:
                self.told[key] = told
            if merged.kind != "leave" or told is not None:
                self.pending[key] = merged

    def updates(self, limit: int | None) -> tuple[list[ObjectUpdate], Consumed]:
        """Take out what is to be told, of at most so many objects."""
        found: list[ObjectUpdate] = []
        consumed: Consumed = {}
        for key in list(self.pending):
            if limit is not None and len(found) >= limit:
                break
            pending = self.pending.pop(key)
            consumed[key] = (pending, self.told.get(key))
            update = self._update(key, pending)
            if update is not None:
                found.append(update)
        return found, consumed

    def _add(self, key: Key, pending: Pending) -> None:
        earlier = self.pending.get(key)
        self.pending[key] = pending if earlier is None else earlier.merge(pending)
        self.collector.stir()

    def _update(self, key: Key, pending: Pending) -> ObjectUpdate | None:
        if pending.kind == "leave":
            self.shown.pop(key, None)
            return ObjectUpdate("leave", self.told.pop(key), [])
        obj = self.collector.world.find_or_none(*key)
        if obj is None:
            return None
        plan = self.selection.plan(obj) or ()
        if pending.kind == "enter":
            self.told[key] = obj.ref
            properties = read(obj, plan)
            self.shown[key] = {one.path: obj.get(one.path) for one in plan if one.derived}
            return ObjectUpdate("enter", obj.ref, [Change(p.name, "assign", p.value, p.declared) for p in properties])
        changes = [change for watched in plan for change in self._changes(obj, watched, pending)]
        return ObjectUpdate("modify", obj.ref, changes) if changes else None

    def _changes(self, obj: ManagedObject, watched: Watched, pending: Pending) -> Iterable[Change]:
        if watched.derived:
            value = obj.get(watched.path)
            shown = self.shown.setdefault(obj.key, {})
            if watched.path in shown and paths.same(shown[watched.path], value):
                return []
            shown[watched.path] = value
            return [_whole(obj, watched)]
        hit = [path for path in pending.changed if paths.overlaps(path, watched.path)]
        if not hit:
            return []
        if not self.partial or any(len(path) <= len(watched.path) for path in hit):
            return [_whole(obj, watched)]
        outer = [one for one in hit if not any(one != other and one.startswith(other) for other in hit)]
        return [_part(obj, path, self.selection) for path in outer]


def _whole(obj: ManagedObject, watched: Watched) -> Change:
    found = read_one(obj, watched)
    if found is not None:
        return Change(watched.path, "assign", found.value, found.declared)
    parent = watched.path.rpartition(".")[0]
    gone = bool(parent) and obj.get(parent) is None
    return Change(watched.path, "indirectRemove" if gone else "assign", None, None)


def _part(obj: ManagedObject, path: str, selection: Selection) -> Change:
    change = _whole(obj, selection.watched(obj.type_name, path))
    return change._replace(op="remove") if change.value is None and path.endswith("]") else change


class Pages:
    """The rests of long answers, by token."""

    def __init__(self) -> None:
        self._rests: dict[str, tuple[list[Content], int]] = {}

    def first(self, found: list[Content], limit: int) -> Page:
        if len(found) <= limit:
            return Page(None, found)
        token = str(uuid.uuid4())
        self._rests[token] = (found[limit:], limit)
        return Page(token, found[:limit])

    def following(self, token: str) -> Page:
        if token not in self._rests:
            raise vmodl.fault.InvalidArgument(invalidProperty="token", msg="There is no such token.")
        return self.first(*self._rests.pop(token))

    def forget(self, token: str) -> None:
        if self._rests.pop(token, None) is None:
            raise vmodl.fault.InvalidArgument(invalidProperty="token", msg="There is no such token.")


@dataclass
class _Sent:
    """The last update: should its reply be lost, the client asks with the version before it."""

    version: str
    consumed: list[tuple[PropertyFilter, Consumed]]


class Collector:
    """One session's side of a property collector. The world's lock guards it."""

    def __init__(self, served: PropertyCollector, session: Session) -> None:
        self.served = served
        self.world = served.world
        self.session = session
        self.filters: list[PropertyFilter] = []
        self.pages = Pages()
        self.condition = threading.Condition(self.world.lock)
        self._stirred = False
        self._closed = False
        self._cancelled = 0
        self._numbers = itertools.count(1)
        self._version = ""
        self._sent: _Sent | None = None

    def add_filter(self, call: Call, spec: Any, *, partial: bool) -> PropertyFilter:
        made = PropertyFilter(self, call, spec, partial=partial)
        self.filters.append(made)
        self.world.add(made)
        return made

    def drop(self, one: PropertyFilter) -> None:
        if one in self.filters:
            self.filters.remove(one)
            one.close()

    def stir(self) -> None:
        """Wake who waits: there is something to tell."""
        self._stirred = True
        self.condition.notify_all()

    def cancel_waits(self) -> None:
        self._cancelled += 1
        self.condition.notify_all()

    def close(self) -> None:
        """End with the session, or with the collector."""
        self._closed = True
        for one in list(self.filters):
            self.drop(one)
        self.session.collectors.pop(self.served.moid, None)
        if self.served.owner is not None:
            self.world.remove(self.served)
        self.condition.notify_all()

    def check(self, version: str) -> UpdateSet | None:
        """Tell what there is to tell; None: nothing."""
        self._begin(version)
        return self._collect(None, extended=False)

    def wait(
        self, version: str, seconds: float | None = None, limit: int | None = None, *, extended: bool = False
    ) -> UpdateSet | None:
        """
        Tell what there is to tell, or wait for it.

        Returns:
            None: the seconds were over.
        """
        self._begin(version)
        cancelled = self._cancelled
        end = None if seconds is None else self.world.clock.now() + seconds
        self.session.waiting += 1
        try:
            while (updates := self._collect(limit, extended=extended)) is None:
                left = None if end is None else max(0.0, end - self.world.clock.now())
                woken = self.world.clock.wait(
                    self.condition, lambda: self._stirred or self._closed or self._cancelled != cancelled, left
                )
                self._check_alive(cancelled)
                if not woken:
                    return None
            return updates
        finally:
            self.session.waiting -= 1
            self.session.last_active = self.world.clock.now()

    def _check_alive(self, cancelled: int) -> None:
        if not self.session.alive:
            raise vim.fault.NotAuthenticated(
                object=self.served.ref, privilegeId="System.View", msg="The session is not authenticated."
            )
        if self._closed or self._cancelled != cancelled:
            raise vmodl.fault.RequestCanceled(msg="The request was canceled.")

    def _begin(self, version: str) -> None:
        if version == "":
            self._sent = None
            for one in self.filters:
                one.start_over()
        elif version == self._version:
            self._sent = None
        elif self._sent is not None and version == self._sent.version:
            sent, self._sent = self._sent, None
            for one, consumed in sent.consumed:
                one.restore(consumed)
        else:
            raise vmodl.query.InvalidCollectorVersion(msg=f"The collector version {version!r} is not valid.")
        self._stirred = any(one.pending for one in self.filters)

    def _collect(self, limit: int | None, *, extended: bool) -> UpdateSet | None:
        if not self._stirred:
            return None
        self._stirred = False
        sets: list[FilterUpdate] = []
        sent = _Sent(self._version, [])
        left = limit
        for one in self.filters:
            if not one.pending or left == 0:
                continue
            objects, consumed = one.updates(left)
            if objects:
                sets.append(FilterUpdate(one.ref, objects))
                sent.consumed.append((one, consumed))
                left = None if left is None else left - len(objects)
        if not sets:
            return None
        self._stirred = any(one.pending for one in self.filters)
        self._sent = sent
        self._version = str(next(self._numbers))
        truncated = True if extended and self._stirred else None
        return UpdateSet(self._version, sets, truncated)
