# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Property paths: reading and changing pyVmomi data objects by dotted path, without ever changing one in place.

A change copies the objects along its path (copy on write), so that what a client was given, or what an encoder is just
writing, never changes under its hands.

Syntax: ``config.hardware.device[4000].backing``, ``config.extraConfig["guestinfo.a"].value``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from . import api

_SEGMENT = re.compile(r'([A-Za-z_]\w*)(?:\[(?:"([^"]*)"|([^\]"]*))\])?(?:\.|$)')


class Segment(NamedTuple):
    """One step of a path: a field, and the key of an item where it has one."""

    name: str
    key: str | None


class UnknownProperty(LookupError):
    """A path that the type does not have."""


@lru_cache(maxsize=8192)
def split(path: str) -> tuple[Segment, ...]:
    segments = []
    position = 0
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None:
            raise UnknownProperty(path)
        name, quoted, plain = match.groups()
        segments.append(Segment(name, quoted if quoted is not None else plain))
        position = match.end()
    if not segments or path.endswith("."):
        raise UnknownProperty(path)
    return tuple(segments)


def overlaps(one: str, other: str) -> bool:
    """Say whether a change at one path can be seen at the other."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    return long.startswith(short) and (len(long) == len(short) or long[len(short)] in ".[")


def item(values: Sequence[Any] | None, key: str) -> Any:
    """Find an item of an array by its key; None: there is none."""
    index = _index(values or [], key)
    return None if index is None else (values or [])[index]


def _index(values: Sequence[Any], key: str) -> int | None:
    for index, value in enumerate(values):
        if isinstance(value, api.ManagedReference):
            found = value._GetMoId()
        elif isinstance(value, api.DataObject):
            found = getattr(value, "key", None)
        else:
            found = index
        if found is not None and str(found) == key:
            return index
    return None


def read(value: Any, segments: Sequence[Segment]) -> Any:
    """Follow segments from a data object; None: something on the way is unset."""
    for name, key in segments:
        if value is None:
            return None
        if not isinstance(value, api.DataObject) or name not in fields(type(value)):
            raise UnknownProperty(name)
        value = getattr(value, name)
        if key is not None:
            value = item(value, key)
    return value


def changed(value: Any, segments: Sequence[Segment], new: Any) -> Any:
    """Return a copy of a data object in which one path has a new value; None unsets, an item's None takes it out."""
    if value is None:
        raise UnknownProperty(f"nothing is set to change {segments[0].name} in")
    name, key = segments[0]
    info = fields(type(value)).get(name)
    if info is None:
        raise UnknownProperty(name)
    field = getattr(value, name)
    if key is not None:
        field = changed_item(field, key, segments[1:], new)
    elif len(segments) > 1:
        field = changed(field, segments[1:], new)
    else:
        check(info, new)
        field = info.type() if new is None and issubclass(info.type, list) else new
    copy = shallow(value)
    copy.__dict__[name] = field
    return copy


def changed_item(values: Sequence[Any] | None, key: str, rest: Sequence[Segment], new: Any) -> list[Any]:
    """Return a copy of an array in which the item with a key is changed, added, or (None) taken out."""
    items = list(values or [])
    index = _index(items, key)
    if rest:
        if index is None:
            raise UnknownProperty(f"no item has the key {key}")
        items[index] = changed(items[index], rest, new)
    elif index is None:
        items += [] if new is None else [new]
    elif new is None:
        del items[index]
    else:
        items[index] = new
    return items


def shallow(value: Any) -> Any:
    """Copy a data object without its check of every field."""
    cls: Any = type(value)
    copy = cls.__new__(cls)
    copy.__dict__.update(value.__dict__)
    return copy


def check(info: Any, value: Any) -> None:
    """
    Check a value against the declared type of its field.

    Raises:
        TypeError: it does not fit. Of a list only the ends are looked at: an inventory has thousands of items.
    """
    if value is None:
        return
    if isinstance(value, list) and issubclass(info.type, list):
        for one in (value[:1] + value[-1:]) if value else []:
            api.support.CheckField(api.support.Object(name=info.name, type=info.type.Item, flags=0), one)
        return
    api.support.CheckField(info, value)


def _fields(cls: Any) -> dict[str, Any]:
    if not issubclass(cls, (api.DataObject, api.ManagedReference)):
        return {}
    infos = cls._GetPropertyList()
    if issubclass(cls, api.ManagedReference):
        # pyVmomi's client writes other types into these when a property is read through it, in this same process.
        infos = [
            api.support.Object(
                name=one.name, type=one.type, version=one.version, flags=one.flags, privId=getattr(one, "privId", None)
            )
            for one in infos
        ]
    return {info.name: info for info in infos}


# The fields of a data object's or managed object's type by name, in their order on the wire.
fields: Callable[[Any], dict[str, Any]] = cache(_fields)


def same(one: Any, other: Any) -> bool:
    """Compare two values deeply: pyVmomi's data objects have no equality of their own."""
    if one is other:
        return True
    if isinstance(one, api.DataObject):
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in fields(type(one))
        )
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    if isinstance(one, api.ManagedReference):
        return isinstance(other, api.ManagedReference) and (
            one._GetMoId() == other._GetMoId() and type(one) is type(other)
        )
    return type(one) is type(other) and bool(one == other)


def declared(cls: Any, segments: Sequence[Segment], value: Any = None, version: str | None = None) -> Any:
    """
    Find the declared type at the end of a path that begins in ``cls``.

    ``value`` is the object that it begins at, where known: behind an item of an array, the item's own class decides.
    ``version`` is what the host speaks: to it, what is newer does not exist.

    Raises:
        UnknownProperty: neither the declared types nor the values on the way have such a path.
    """
    found: Any = cls
    for count, (name, key) in enumerate(segments):
        info = fields(found).get(name) or fields(type(value)).get(name)
        # A path does not go on behind a reference: that is a traversal.
        if info is None or (count and issubclass(found, api.ManagedReference)):
            raise UnknownProperty(name)
        if version is not None and not api.is_child_version(version, info.version):
            raise UnknownProperty(name)
        found = info.type
        value = getattr(value, name, None) if isinstance(value, api.DataObject) else None
        if key is not None:
            if not issubclass(found, list):
                raise UnknownProperty(name)
            found = found.Item
            value = item(value, key)
    return found
