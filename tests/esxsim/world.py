# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world: one simulated ESXi host, all of its objects under one lock, and the one way in for every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from pyVmomi import vim, vmodl

from . import api, paths
from .clock import Clock
from .collector import PropertyCollector
from .contents import Property
from .events import EventLog
from .faults import (
    CallLog,
    CallRecord,
    FaultRules,
    HostDown,
    WireFailure,
    is_full,
    no_space,
    spoil_after,
    spoil_before,
)
from .internal import METHODS
from .managed import Call, Key, ManagedObject, Served, key_of, lineage, method, reference, wsdl_method, wsdl_type
from .sessions import Session, SessionManager, Sessions, require_login
from .taskhistory import TaskManager
from .tasks import Body, Tasks
from .views import ViewManager

__all__ = ["Call", "Key", "ManagedObject", "Watcher", "World", "method"]

# Methods without a privilege of System.* that only read, or that touch the client's own things.
READS = frozenset(
    {
        "CancelTask",
        "DestroyPropertyFilter",
        "DestroyView",
        "ModifyListView",
        "ResetListView",
        "ResetListViewFromView",
        "SearchDatastore_Task",
        "SearchDatastoreSubFolders_Task",
        "SessionIsActive",
        "TerminateSession",
        "Fetch",
    }
)


class Watcher(Protocol):
    """Who wants to know of changes: a property filter."""

    def note(self, obj: ManagedObject, path: str) -> None: ...

    def note_removed(self, obj: ManagedObject) -> None: ...


class World:
    """
    One host.

    Args:
        api_version: what the host speaks, for example ``8.0.3.0``.
        free_licence: writing methods raise RestrictedVersion, reads go on.
        full_history: QueryEvents and collectors of tasks work as under vCenter; a host refuses them.
        decodes_twice: the escapes in the address of a file are resolved twice, as some hosts do.
    """

    session_manager = "ha-sessionmgr"
    property_collector = "ha-property-collector"
    view_manager = "ViewManager"
    task_manager = "ha-taskmgr"

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        api_version: str = "8.0.3.0",
        username: str = "root",
        password: str = "secret",
        free_licence: bool = False,
        full_history: bool = False,
        decodes_twice: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.lock = self.clock.lock
        self.changed = threading.Condition(self.lock)
        self.api_version = api_version
        self.vmodl_version: str = api.support.versionMap[f"vim25/{api_version}"]
        self.username = username
        self.password = password
        self.free_licence = free_licence
        self.full_history = full_history
        self.decodes_twice = decodes_twice
        self.version = 0
        self.errors: list[Exception] = []
        self.faults = FaultRules()
        self.calls = CallLog()
        self.on_restart: list[Callable[[], None]] = []
        self.on_new_machine: list[Callable[[Any], None]] = []
        self._down_until = 0.0
        self._objects: dict[Key, ManagedObject] = {}
        self._by_type: dict[str, dict[str, ManagedObject]] = {}
        self._watchers: dict[Key, dict[Watcher, None]] = {}
        self._local = threading.local()
        self.sessions = Sessions(self)
        self.tasks = Tasks(self)
        self.events = EventLog(self)
        self.add(SessionManager(self.session_manager))
        self.add(PropertyCollector(self.property_collector))
        self.add(ViewManager(self.view_manager))
        self.add(TaskManager(self.task_manager, description=vim.TaskDescription(), maxCollector=1000))

    @property
    def call(self) -> Call | None:
        """The call that this thread is carrying out."""
        call: Call | None = getattr(self._local, "call", None)
        return call

    def add(self, obj: ManagedObject) -> None:
        """
        Put an object into the world.

        Raises:
            ValueError: there is one with its type and id.
        """
        with self.lock:
            if obj.key in self._objects:
                raise ValueError(f"there is a {obj} already")
            obj.world = self
            self._objects[obj.key] = obj
            for name in lineage(obj.type_name):
                self._by_type.setdefault(name, {})[obj.moid] = obj
            self.version += 1

    def remove(self, obj: ManagedObject) -> None:
        """Take an object out of the world; filters report that it left."""
        with self.lock:
            if self._objects.pop(obj.key, None) is None:
                return
            for name in lineage(obj.type_name):
                self._by_type[name].pop(obj.moid, None)
            self.version += 1
            for watcher in list(self._watchers.pop(obj.key, ())):
                watcher.note_removed(obj)
            self.changed.notify_all()

    def find(self, type_name: str, moid: str) -> Any:
        """
        Find an object; the type may be a base of its own.

        Raises:
            ManagedObjectNotFound: there is none.
        """
        obj = self.find_or_none(type_name, moid)
        if obj is None:
            raise vmodl.fault.ManagedObjectNotFound(
                obj=reference(type_name, moid),
                msg=f"The object 'vim.{type_name}:{moid}' has already been deleted or has not been completely created",
            )
        return obj

    def find_or_none(self, type_name: str, moid: str) -> ManagedObject | None:
        found = self._objects.get(Key(type_name, moid))
        return found if found is not None else self._by_type.get(type_name, {}).get(moid)

    def of_type(self, type_name: str) -> list[Any]:
        """All objects of a type and of its subtypes, in the order in which they came."""
        with self.lock:
            return list(self._by_type.get(type_name, {}).values())

    def watch(self, key: Key, watcher: Watcher) -> None:
        self._watchers.setdefault(key, {})[watcher] = None

    def unwatch(self, key: Key, watcher: Watcher) -> None:
        watchers = self._watchers.get(key)
        if watchers is not None:
            watchers.pop(watcher, None)
            if not watchers:
                del self._watchers[key]

    def note(self, obj: ManagedObject, path: str) -> None:
        """Count a change, and tell who watches the object."""
        with self.lock:
            self.version += 1
            for watcher in list(self._watchers.get(obj.key, ())):
                watcher.note(obj, path)
            self.changed.notify_all()

    def invoke(
        self,
        session: Session | None,
        ref: Any,
        method: str,
        args: Mapping[str, Any],
        *,
        api_version: str | None = None,
        address: str = "127.0.0.1",
        user_agent: str = "",
    ) -> Any:
        """
        Carry out one call: the only way in.

        ``ref`` is a pair of WSDL type and id, or a pyVmomi reference; ``args`` are by WSDL name, and what is not
        given is
        unset. Without a session nobody is logged in. ``api_version`` is what the client speaks, as pyVmomi names
        versions; None: what the host speaks.

        Raises:
            vmodl.MethodFault: what the host answers instead.
            WireFailure: what a fault rule does to the reply.
            HostDown: the host restarts.
        """
        call = Call(self, session, key_of(ref), method, args, api_version or self.vmodl_version, address, user_agent)
        with self.clock.call(), self.lock:
            self.clock.run_due()
            if self.is_down:
                raise HostDown
            record = CallRecord(
                call.key, method, session.key if session is not None else "", self.clock.now(), dict(args)
            )
            self.calls.add(record)
            try:
                return self._with_faults(call)
            except vmodl.MethodFault as fault:
                record.fault = type(fault)._wsdlName
                raise
            except WireFailure as failure:
                record.fault = failure.action
                raise

    @property
    def is_down(self) -> bool:
        return self._down_until > self.clock.now()

    def restart(self, seconds: float = 0.0, *, keep_tasks: bool = False) -> None:
        """Lose every session, filter and task, and answer nobody for some seconds; ``keep_tasks``: tasks go on."""
        with self.lock:
            self._down_until = self.clock.now() + seconds
            if seconds:
                self.clock.call_later(seconds, self.changed.notify_all)
            self.sessions.clear()
            if not keep_tasks:
                self.tasks.abandon()
            self.events.clear()
            for hook in list(self.on_restart):
                hook()
            self.changed.notify_all()

    def _with_faults(self, call: Call) -> Any:
        rules = spoil_before(self, call.method, call.key.moid, call.session)
        result = self._dispatch(call, full=is_full(rules))
        spoil_after(self, rules, result)
        return result

    def _dispatch(self, call: Call, *, full: bool) -> Any:
        if call.session is not None and not call.session.alive:
            call.session = None
        if call.session is not None:
            self.sessions.used(call.session)
        if call.method == "Fetch":
            return self._as_current(call, self._fetch)
        described = _described(call)
        if described.privId != "System.Anonymous":
            require_login(call, described.privId)
        obj = self.find(*call.key)
        served = obj.served.get(call.method)
        _check_method(call, obj, described)
        if served is None:
            raise vmodl.fault.MethodNotFound(
                receiver=obj.ref, method=call.method, msg=f"esxsim has no {obj.type_name}.{call.method}"
            )
        if self.free_licence and _writes(described, served):
            raise vim.fault.RestrictedVersion(
                msg="Current license or ESXi version prohibits execution of the requested operation."
            )
        given = _given(call, described, served)
        if full:
            return self._as_current(call, lambda c: self._without_space(c, obj))
        return self._as_current(call, lambda c: self._serve(c, obj, served, given))

    def _without_space(self, call: Call, obj: ManagedObject) -> Any:
        named = [value for value in call.args.values() if isinstance(value, str) and value.startswith("[")]
        fault = no_space(next(iter(named), getattr(obj, "vmx_path", "")))
        if not call.method.endswith("_Task"):
            raise fault

        def body() -> Body:
            yield 0
            raise fault

        return self.tasks.start(obj, call.method, body())

    def _serve(self, call: Call, obj: ManagedObject, served: Served, given: dict[str, Any]) -> Any:
        obj.before(call)
        return getattr(obj, served.attribute)(call, **given)

    def _as_current(self, call: Call, work: Callable[[Call], Any]) -> Any:
        outer = self.call
        self._local.call = call
        try:
            return work(call)
        finally:
            self._local.call = outer

    def _fetch(self, call: Call) -> Any:
        obj = self.find(*call.key)
        path = str(call.args.get("prop", ""))
        try:
            info = obj.info(path)
        except paths.UnknownProperty as error:
            raise vmodl.query.InvalidProperty(name=path, msg=f"No such property: {path}") from error
        if info.privId != "System.Anonymous":
            require_login(call, info.privId)
        return Property(path, obj.get(path), info.type)


def _described(call: Call) -> Any:
    try:
        return wsdl_method(call.method)
    except KeyError:
        raise vmodl.fault.MethodNotFound(
            receiver=reference(*call.key),
            method=call.method,
            msg=f"esxsim has no {call.key.type_name}.{call.method}",
        ) from None


def _check_method(call: Call, obj: ManagedObject, described: Any) -> None:
    belongs = call.method in METHODS or api.support.Capitalize(described.name) in _method_names(obj.type_name)
    if not belongs or not api.is_child_version(call.world.vmodl_version, described.version):
        raise vmodl.fault.MethodNotFound(
            receiver=obj.ref,
            method=call.method,
            msg=f"A {obj.type_name} of API version {call.world.api_version} has no method {call.method}",
        )


@cache
def _method_names(type_name: str) -> frozenset[str]:
    return frozenset(api.support.Capitalize(info.name) for info in wsdl_type(type_name)._GetMethodList())


def _writes(described: Any, served: Served) -> bool:
    if served.writes is not None:
        return served.writes
    if described.wsdlName in READS:
        return False
    return described.privId is None or not described.privId.startswith("System.")


def _given(call: Call, described: Any, served: Served) -> dict[str, Any]:
    given = {}
    for parameter in described.params:
        value = call.args.get(parameter.name)
        name = parameter.name
        if served.parameters is not None and f"{name}_" in served.parameters:
            name = f"{name}_"  # a parameter that is called as a builtin is
        known = served.parameters is None or name in served.parameters
        if value is None and not parameter.flags & api.support.F_OPTIONAL and parameter.type is not object:
            if not issubclass(parameter.type, list):
                raise vmodl.fault.InvalidArgument(
                    invalidProperty=parameter.name, msg=f"{call.method}: the parameter {parameter.name} is required"
                )
            value = []
        if known:
            given[name] = value
        elif value is not None and value != []:
            raise vmodl.fault.NotSupported(msg=f"esxsim does not know {call.method}'s parameter {parameter.name}")
    return given
