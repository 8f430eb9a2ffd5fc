# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PropertyFilterSpec selects: which objects (a traversal) and which of their properties (a plan per type)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pyVmomi import vmodl

from . import api, paths
from .contents import Content, Property
from .managed import Call, Key, ManagedObject, key_of, lineage, wsdl_type
from .sessions import require_login

if TYPE_CHECKING:
    pass


@dataclass(eq=False)
class Step:
    """One traversal: from an object of a type along a property, and on from there by ``steps``."""

    type_name: str
    path: str
    skip: bool
    steps: Steps


@dataclass(eq=False)
class Steps:
    """The traversals that go on from an object. Its identity says which: two equal ones are two."""

    each: list[Step] = field(default_factory=list)


class Root(NamedTuple):
    """An ObjectSpec."""

    key: Key
    skip: bool
    steps: Steps


class Watched(NamedTuple):
    """A property to report; ``derived`` ones cannot be told by the path of a change."""

    path: str
    segments: tuple[paths.Segment, ...]
    declared: Any
    derived: bool


class Selection:
    """
    A PropertyFilterSpec, ready for use.

    Raises:
        InvalidProperty: a path that its type does not have.
        InvalidArgument: the name of a SelectionSpec that nothing bears.
        NotAuthenticated: nobody is logged in, and it asks for more than what is public.
    """

    def __init__(self, call: Call, spec: Any) -> None:
        self.world = call.world
        self.client_version = call.api_version
        self._public = call.session is None or not call.session.alive
        self._call = call
        self._plans: dict[str, tuple[Watched, ...] | None] = {}
        self.skip_missing = bool(spec.reportMissingObjectsInResults)
        self._sets = [(one.type._wsdlName, bool(one.all), list(one.pathSet)) for one in spec.propSet]
        for type_name, _rest, wanted in self._sets:
            for path in wanted:
                self.watched(type_name, path)
        self.roots = list(_Compiler(self, spec).roots())

    def plan(self, obj: ManagedObject) -> tuple[Watched, ...] | None:
        """What to report of an object; None: its type is in no PropertySpec."""
        if obj.type_name not in self._plans:
            self._plans[obj.type_name] = self._plan(obj.type_name)
        return self._plans[obj.type_name]

    def contents(self) -> Iterator[Content]:
        """Everything selected, as it is now."""
        for obj in self.objects():
            plan = self.plan(obj)
            if plan is not None:
                yield Content(obj.ref, read(obj, plan))

    def objects(self) -> Iterator[ManagedObject]:
        """The objects selected, each once."""
        seen: set[tuple[Key, Steps]] = set()
        given: set[Key] = set()
        stack = [(root.key, root.skip, root.steps) for root in reversed(self.roots)]
        while stack:
            key, skip, steps = stack.pop()
            obj = self.world.find_or_none(*key)
            if obj is None:
                continue
            if not skip and obj.key not in given:
                given.add(obj.key)
                yield obj
            if steps.each and (obj.key, steps) not in seen:
                seen.add((obj.key, steps))
                stack += [(child, step.skip, step.steps) for step, child in reversed(list(children(obj, steps)))]

    def check_public(self, type_name: str, path: str) -> None:
        if self._public:
            info = paths.fields(wsdl_type(type_name)).get(paths.split(path)[0].name)
            if info is None or info.privId != "System.Anonymous":
                require_login(self._call, None if info is None else info.privId)

    def _plan(self, type_name: str) -> tuple[Watched, ...] | None:
        names = lineage(type_name)
        sets = [one for one in self._sets if one[0] in names]
        if not sets:
            return None
        wanted: dict[str, None] = {}
        for _rest, everything, some in sets:
            wanted.update(dict.fromkeys(self._all(type_name) if everything else some))
        return tuple(self.watched(type_name, path) for path in wanted)

    def _all(self, type_name: str) -> Iterable[str]:
        for name, info in paths.fields(wsdl_type(type_name)).items():
            if api.is_child_version(self.client_version, info.version):
                yield name

    def watched(self, type_name: str, path: str) -> Watched:
        """
        Resolve one path of a type.

        Raises:
            InvalidProperty: there is no such path.
        """
        cls = wsdl_type(type_name)
        try:
            segments = paths.split(path)
            declared = _declared(cls, segments, self.world.vmodl_version)
        except paths.UnknownProperty as error:
            raise invalid_property(path) from error
        self.check_public(type_name, path)
        classes = {type(obj) for obj in self.world.of_type(type_name)[:1]}
        derived = any(paths.overlaps(one, path) for found in classes for one in found.derive)
        return Watched(path, segments, declared, derived)


def _declared(cls: Any, segments: tuple[paths.Segment, ...], version: str) -> Any:
    try:
        return paths.declared(cls, segments, version=version)
    except paths.UnknownProperty:
        # Behind an item of an array or a base type, only the value knows.
        if len(segments) < 3:
            raise
        return None


def invalid_property(path: str) -> Any:
    return vmodl.query.InvalidProperty(name=path, msg=f"A specified property is invalid: {path}")


class _Compiler:
    """Resolve the names of SelectionSpecs: they hold for the whole objectSet."""

    def __init__(self, selection: Selection, spec: Any) -> None:
        self.selection = selection
        self.spec = spec
        self.steps: dict[int, Step] = {}
        self.named: dict[str, Any] = {}
        for one in spec.objectSet:
            self._gather(one.selectSet)

    def roots(self) -> Iterator[Root]:
        for one in self.spec.objectSet:
            key = key_of(one.obj)
            if not self.selection.skip_missing or self.selection.world.find_or_none(*key) is not None:
                key = self.selection.world.find(*key).key
            yield Root(key, bool(one.skip), self._compiled(one.selectSet))

    def _gather(self, select: Any) -> None:
        for one in select:
            if isinstance(one, vmodl.query.PropertyCollector.TraversalSpec):
                if one.name:
                    self.named.setdefault(one.name, one)
                self._gather(one.selectSet)

    def _compiled(self, select: Any) -> Steps:
        return Steps([self._step(one) for one in select])

    def _step(self, one: Any) -> Step:
        if not isinstance(one, vmodl.query.PropertyCollector.TraversalSpec):
            if one.name not in self.named:
                raise vmodl.fault.InvalidArgument(
                    invalidProperty="specSet.objectSet.selectSet", msg=f"No TraversalSpec is named {one.name}"
                )
            one = self.named[one.name]
        found = self.steps.get(id(one))
        if found is None:
            type_name = one.type._wsdlName
            try:
                paths.declared(one.type, paths.split(one.path))
            except paths.UnknownProperty as error:
                raise invalid_property(one.path) from error
            self.selection.check_public(type_name, one.path)
            found = self.steps[id(one)] = Step(type_name, one.path, bool(one.skip), Steps())
            found.steps.each.extend(self._compiled(one.selectSet).each)
        return found


def children(obj: ManagedObject, steps: Steps) -> Iterator[tuple[Step, Key]]:
    """Where the steps lead from an object."""
    names = lineage(obj.type_name)
    for step in steps.each:
        if step.type_name in names:
            value = obj.get(step.path)
            for ref in value if isinstance(value, list) else [value]:
                if isinstance(ref, api.ManagedReference):
                    yield step, key_of(ref)


def read(obj: ManagedObject, plan: Iterable[Watched]) -> list[Property]:
    """Read what is set of the properties of an object."""
    found, known = [], dict[str, Any]()
    for watched in plan:
        prop = read_one(obj, watched, known)
        if prop is not None:
            found.append(prop)
    return found


def read_one(obj: ManagedObject, watched: Watched, known: dict[str, Any] | None = None) -> Property | None:
    """
    Read one property; None: it is unset. An empty array counts as set directly on a managed object only.

    ``known`` is shared by what is read of an object at one moment (:meth:`ManagedObject.get`).

    Raises:
        InvalidProperty: it turns out that the value has no such path.
    """
    try:
        value = obj.get(watched.path, known)
        declared = watched.declared
        if declared is None:
            declared = _declared_by_value(obj, watched.segments)
    except paths.UnknownProperty as error:
        raise invalid_property(watched.path) from error
    if value is None or (len(watched.segments) > 1 and isinstance(value, list) and not value):
        return None
    return Property(watched.path, value, declared)


def _declared_by_value(obj: ManagedObject, segments: tuple[paths.Segment, ...]) -> Any:
    first, rest = segments[0], segments[1:]
    declared = obj.info(first.name).type
    value = obj.get(first.name)
    if first.key is not None:
        declared, value = declared.Item, paths.item(value, first.key)
    return paths.declared(declared, rest, value)
