# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Events: what the host writes down of logins, tasks and virtual machines.

A host keeps them in memory, the newest of them: they do not survive a restart of its agents.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pyVmomi import vim, vmodl

from . import api, paths
from .entity import Plain, like
from .event_kinds import ARGUMENTS, KINDS, PLACE
from .history import (
    HistoryCollector,
    ancestors,
    by_user,
    check_entity,
    in_time,
    keep,
    near,
    owner_of,
    page_size,
    refuse,
)
from .labels import LABELS
from .managed import Call, Key, ManagedObject, method, reference, wsdl_type

if TYPE_CHECKING:
    from .world import World

KEPT = 1000
# What is not known here of vim.event.EventFilterSpec.
UNKNOWN = ("alarm", "scheduledTask", "tag", "auditable", "auditId")


class Posted(NamedTuple):
    """An event, the objects that it belongs to, and what was above them then."""

    number: int
    event: Any
    own: Sequence[Key]
    above: Sequence[Key]


class EventLog:
    """The events of a world; the oldest are forgotten."""

    def __init__(self, world: World, limit: int = KEPT) -> None:
        self.world = world
        self._posted: deque[Posted] = deque(maxlen=limit)
        self._number = 0

    def __iter__(self) -> Any:
        return iter(list(self._posted))

    def __len__(self) -> int:
        return len(self._posted)

    @property
    def next_key(self) -> int:
        """The key that the next event will have."""
        return self._number + 1

    @property
    def latest(self) -> Any:
        """The newest event; None: there is none."""
        return self._posted[-1].event if self._posted else None

    def post(
        self,
        name: str,
        entity: ManagedObject | None = None,
        *,
        user: str | None = None,
        chain: int | None = None,
        **fields: Any,
    ) -> None:
        """
        Write an event down.

        ``name`` is its WSDL type, one of KINDS; ``fields`` are its own. ``user`` None: who carries out the task that is
        running, or else the call. ``chain`` None: that of the task that is running, or else one of its own.
        """
        with self.world.lock:
            self._number += 1
            task = self.world.tasks.current
            if chain is None:
                chain = self._number if task is None else task.get("info.eventChainId")
            arguments, own, above = self._where(entity)
            event = like(
                _model(name),
                key=self._number,
                createdTime=self.world.clock.utcnow(),
                userName=self._user() if user is None else user,
                chainId=chain,
                **{**arguments, **fields},
            )
            event.__dict__["fullFormattedMessage"] = _message(name, event)
            posted = Posted(self._number, event, own, above)
            self._posted.append(posted)
            for manager in self.world.of_type("EventManager"):
                manager.touch("latestEvent")
            for collector in self.world.of_type("EventHistoryCollector"):
                collector.note(posted)

    def clear(self) -> None:
        """Forget everything, as a host that restarts."""
        self._posted.clear()
        self._number = 0

    def names(self) -> list[str]:
        """The WSDL types of the events, the oldest first."""
        return [type(one.event)._wsdlName for one in self._posted]

    def _user(self) -> str:
        task = self.world.tasks.current
        if task is not None:
            return str(task.get("info.reason").userName)
        call = self.world.call
        return call.session.user if call is not None and call.session is not None else ""

    def _where(self, entity: ManagedObject | None) -> tuple[dict[str, Any], list[Key], list[Key]]:
        """Return the fields that name the entity and where it is, the objects that they name, and what is above."""
        if entity is None:
            return {}, [obj.key for obj in self.world.of_type("Folder") if obj.get("parent") is None], []
        hosts = self.world.of_type("HostSystem")
        named = [obj for name in PLACE for obj in self.world.of_type(name)[:1]]
        if entity.type_name in ARGUMENTS and entity.type_name not in PLACE:
            named.append(entity)
        arguments = {ARGUMENTS[obj.type_name][0]: _argument(obj.key, obj.get("name")) for obj in named}
        lowest = entity if issubclass(wsdl_type(entity.type_name), vim.ManagedEntity) else next(iter(hosts), None)
        return arguments, [entity.key, *(obj.key for obj in named)], ancestors(self.world, lowest)


@lru_cache(maxsize=256)
def _argument(key: Key, name: str) -> Any:
    field, cls = ARGUMENTS[key.type_name]
    return cls(name=name, **{"datastore" if field == "ds" else field: reference(*key)})


@cache
def _model(name: str) -> Any:
    cls = wsdl_type(name)
    fixed = {"template": False} if "template" in paths.fields(cls) else {}
    return cls(**fixed)


def _message(name: str, event: Any) -> str:
    kind = KINDS[name]
    label = LABELS[event.info.descriptionId] if isinstance(event, vim.event.TaskEvent) else ""
    try:
        return kind.text.format(label=label, **vars(event))
    except AttributeError:
        return kind.description  # A world without a host.


class EventManager(Plain):
    """The events of the host."""

    type_name = "EventManager"
    derive: ClassVar[dict[str, Any]] = {"latestEvent": lambda manager: manager.world.events.latest}

    @method("QueryEvents")
    def query(self, call: Call, *, filter_: Any, eventViewSpec: Any = None) -> Any:
        # A host without vCenter has collectors only.
        if not call.world.full_history:
            raise vmodl.fault.NotImplemented(msg="The method is not implemented on this host.")
        refuse(eventViewSpec, "orderBy")
        collector = EventHistoryCollector(call, filter_)
        collector.world = call.world
        collector.size = filter_.maxCount or KEPT
        return collector.page()

    @method("CreateCollectorForEvents")
    def create_collector(self, call: Call, *, filter_: Any) -> Any:
        return keep(call, self, EventHistoryCollector(call, filter_))


class EventHistoryCollector(HistoryCollector):
    """A view of the events."""

    type_name = "EventHistoryCollector"

    def __init__(self, call: Call, spec: Any) -> None:
        refuse(spec, *UNKNOWN)
        check_entity(call.world, spec.entity)
        super().__init__(owner_of(call), spec)
        self.size = page_size(spec.maxCount)
        wanted = [*spec.eventTypeId, *(api.support.GetWsdlName(one) for one in spec.type)]
        self._kinds = frozenset(one.removeprefix("vim.event.") for one in wanted)
        self._tests: tuple[Callable[[Posted], bool], ...] = (
            lambda one: not self._kinds or not self._kinds.isdisjoint(_kinds_of(one.event)),
            lambda one: spec.eventChainId in (None, 0, one.event.chainId),
            lambda one: not spec.category or _category(one.event) in spec.category,
            lambda one: spec.time is None or in_time(one.event.createdTime, spec.time.beginTime, spec.time.endTime),
            lambda one: by_user(spec.userName, one.event.userName),
            lambda one: near(spec.entity, one.own, one.above),
        )

    def _top(self, name: str) -> Any:
        return True if name == "initialized" else super()._top(name)

    def matching(self) -> list[Posted]:
        return [one for one in self.world.events if self.takes(one)]

    def takes(self, one: Posted) -> bool:
        return all(test(one) for test in self._tests)

    def shown(self, one: Posted) -> Any:
        return like(one.event, fullFormattedMessage=None) if self.spec.disableFullMessage else one.event

    @method("ReadNextEvents", writes=False)
    def read_next_events(self, call: Call, *, maxCount: int) -> list[Any]:
        return self.read_next(maxCount)

    @method("ReadPreviousEvents", writes=False)
    def read_previous_events(self, call: Call, *, maxCount: int) -> list[Any]:
        return self.read_previous(maxCount)


def _kinds_of(event: Any) -> set[str]:
    names = {str(vars(cls)["_wsdlName"]) for cls in type(event).__mro__ if "_wsdlName" in vars(cls)}
    return names | {event.eventTypeId} if isinstance(event, vim.event.EventEx) else names


def _category(event: Any) -> str:
    return KINDS[type(event)._wsdlName].category
