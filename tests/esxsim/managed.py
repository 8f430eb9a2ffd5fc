# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What every thing of the simulated host is: a managed object whose state is pyVmomi data objects, set by property path.

A subclass names its WSDL type and marks its methods with ``@method``. What has no handler is answered with a fault that
says so.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from . import api, paths

if TYPE_CHECKING:
    from .sessions import Session
    from .world import World

NAMESPACE = "urn:vim25"
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Key(NamedTuple):
    """What a reference says: WSDL type and id. pyVmomi's own references hash slowly."""

    type_name: str
    moid: str


@dataclass
class Call:
    """
    One call of a client, as its handler sees it.

    ``api_version`` is the version that the client speaks, as pyVmomi names versions.
    """

    world: World
    session: Session | None
    key: Key
    method: str
    args: Mapping[str, Any]
    api_version: str
    address: str = "127.0.0.1"
    user_agent: str = ""


@dataclass(frozen=True)
class Served:
    """A handler: its function's name, the parameters it knows, and whether it writes (None: as its privilege says)."""

    attribute: str
    parameters: frozenset[str] | None
    writes: bool | None


def method(name: str, *, writes: bool | None = None) -> Callable[[Handler], Handler]:
    """
    Mark the handler of a WSDL method: ``handler(self, call, *, parameter=…)``.

    ``writes`` says whether a free licence refuses it; None: what the method's privilege says. A parameter that is
    called as a builtin of Python is, may have an underscore behind it.
    """

    def mark(handler: Handler) -> Handler:
        handler.__dict__.setdefault("wsdl_methods", []).append((name, writes))
        return handler

    return mark


@cache
def wsdl_type(name: str) -> Any:
    """
    Return pyVmomi's class for a WSDL type name.

    Raises:
        KeyError: there is no such type.
    """
    return api.support.GetWsdlType(NAMESPACE, name)


@cache
def wsdl_method(name: str) -> Any:
    """
    Return pyVmomi's description of a method.

    Raises:
        KeyError: there is no such method.
    """
    return api.support.GetWsdlMethod(NAMESPACE, name).info


@cache
def lineage(name: str) -> tuple[str, ...]:
    """The WSDL names of a managed type and of all its bases."""
    return tuple(cls._wsdlName for cls in wsdl_type(name).__mro__ if "_wsdlName" in cls.__dict__)


def key_of(ref: Any) -> Key:
    """Accept a pair or a pyVmomi reference."""
    if isinstance(ref, api.ManagedReference):
        return Key(type(ref)._wsdlName, ref._GetMoId())
    return Key(*ref)


def reference(type_name: str, moid: str) -> Any:
    """Make a pyVmomi reference; to something of an unknown type, a plain one."""
    try:
        return wsdl_type(type_name)(moid)
    except (KeyError, TypeError):
        return api.ManagedReference(moid)


class ManagedObject:
    """
    One object of the inventory.

    Properties are given by keyword. ``derive`` maps a path (top-level or dotted) to a function of the object: such a
    property is computed on every read and never stored.
    """

    type_name: ClassVar[str] = "ManagedObject"
    derive: ClassVar[dict[str, Callable[[Any], Any]]] = {}
    served: ClassVar[dict[str, Served]] = {}
    # What ``derive`` has below a top-level property: where, and its function, by the whole path.
    derived_parts: ClassVar[dict[str, dict[str, tuple[Sequence[paths.Segment], Callable[[Any], Any]]]]] = {}

    world: World

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.served = dict(cls.served)
        for attribute, function in vars(cls).items():
            for name, writes in getattr(function, "wsdl_methods", ()):
                cls.served[name] = Served(attribute, _parameters(function), writes)
        cls.derive = {**{k: v for base in reversed(cls.__mro__) for k, v in vars(base).get("derive", {}).items()}}
        cls.derived_parts = {}
        for path, function in cls.derive.items():
            first, *rest = paths.split(path)
            if rest:
                cls.derived_parts.setdefault(first.name, {})[path] = (rest, function)

    def __init__(self, moid: str, **properties: Any) -> None:
        self.moid = moid
        self.key = Key(self.type_name, moid)
        self.ref = wsdl_type(self.type_name)(moid)
        self._state: dict[str, Any] = {}
        for name, value in properties.items():
            paths.check(self.info(name), value)
            self._state[name] = value

    def __repr__(self) -> str:
        return f"<{self.type_name}:{self.moid}>"

    def info(self, name: str) -> Any:
        """
        Return pyVmomi's description of a top-level property.

        Raises:
            UnknownProperty: the type has none of this name.
        """
        info = paths.fields(wsdl_type(self.type_name)).get(name)
        if info is None:
            raise paths.UnknownProperty(f"{self.type_name}.{name}")
        return info

    def get(self, path: str, known: dict[str, Any] | None = None) -> Any:
        """
        Read a property.

        Several that are read at one moment share ``known``: what is there of whole top-level properties is not made
        again, and what is made is put there.

        Returns:
            The value, which nobody may change in place; None: it is unset.

        Raises:
            UnknownProperty: the type has no such path.
        """
        segments = paths.split(path)
        name, key = segments[0]
        self.info(name)
        parts = self.derived_parts.get(name) if len(segments) > 1 else None
        if parts is not None:
            for count in range(len(segments), 1, -1):
                found = parts.get(_join(segments[:count]))
                if found is not None and segments[count - 1].key is None:
                    return paths.read(found[1](self), segments[count:])
            # What is derived elsewhere need not be made for this.
            if name in self._state and name not in self.derive and not any(one.startswith(f"{path}.") for one in parts):
                return paths.read(
                    self._state[name] if key is None else paths.item(self._state[name], key), segments[1:]
                )
        if known is None:
            value = self._top(name)
        elif name in known:
            value = known[name]
        else:
            value = known[name] = self._top(name)
        if key is not None:
            value = paths.item(value, key)
        return paths.read(value, segments[1:])

    def set(self, path: str, value: Any) -> None:
        """
        Set a property; None unsets it, or takes an item out of its array.

        Bumps the world's version and tells the filters. What was set must not be changed in place afterwards.

        Raises:
            UnknownProperty: the type has no such path, or nothing is set to change it in.
            TypeError: the value does not fit.
        """
        segments = paths.split(path)
        name, key = segments[0]
        info = self.info(name)
        if len(segments) == 1 and key is None:
            paths.check(info, value)
            value = value if value is not None or not issubclass(info.type, list) else []
        else:
            old, rest = self._state.get(name), segments[1:]
            value = paths.changed(old, rest, value) if key is None else paths.changed_item(old, key, rest, value)
        if len(segments) == 1 and key is None and _same_plain(self._state.get(name), value):
            return
        self._state[name] = value
        self.touch(path)

    def stored(self, name: str) -> Any:
        """Return a top-level property as it was set, nothing derived: the same object until it is set again."""
        return self._state.get(name)

    def append(self, path: str, *items: Any) -> None:
        """Add items at the end of an array."""
        self.set(path, [*(self.get(path) or []), *items])

    def discard(self, path: str, ref: Any) -> None:
        """Take a reference out of an array of references, if it is there."""
        key = key_of(ref)
        self.set(path, [one for one in self.get(path) or [] if key_of(one) != key])

    def touch(self, *changed: str) -> None:
        """Say that properties look different, for example derived ones that depend on another object."""
        world = getattr(self, "world", None)
        if world is not None:
            for path in changed:
                world.note(self, path)

    def before(self, call: Call) -> None:
        """Look at a call before its handler does; a subclass may raise a fault."""

    def _top(self, name: str) -> Any:
        function = self.derive.get(name)
        value = self._state.get(name) if function is None else function(self)
        if value is not None:
            for segments, part in self.derived_parts.get(name, {}).values():
                value = paths.changed(value, segments, part(self))
        return value


def _same_plain(old: Any, new: Any) -> bool:
    return isinstance(new, (str, int, bool)) and type(old) is type(new) and old == new


def _join(segments: tuple[paths.Segment, ...]) -> str:
    return ".".join(name if key is None else f"{name}[{key}]" for name, key in segments)


def _parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)
