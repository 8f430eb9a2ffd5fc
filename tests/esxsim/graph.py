# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The objects that a filter selects, kept up to date while the inventory changes.

A node is an object together with the traversals that go on from it; it counts how many edges lead to it. A change of
one
object looks at its own edges alone, so a filter over thousands of objects costs nothing while another one changes.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from . import paths
from .managed import Key, ManagedObject
from .selection import Selection, Steps, children

NodeKey = tuple[Key, Steps, bool]


class Audience(Protocol):
    """Who hears that objects come and go: the filter."""

    def entered(self, key: Key) -> None: ...

    def left(self, key: Key) -> None: ...

    def seen(self, key: Key) -> None: ...

    def lost(self, key: Key) -> None: ...


class _Node:
    __slots__ = ("children", "references")

    def __init__(self) -> None:
        self.references = 0
        self.children: list[NodeKey] = []


class Graph:
    """
    The reachable nodes of a selection.

    ``entered`` and ``left`` tell of selected objects, ``seen`` and ``lost`` of all that are walked over.
    """

    def __init__(self, selection: Selection, audience: Audience) -> None:
        self.selection = selection
        self.audience = audience
        self._nodes: dict[NodeKey, _Node] = {}
        self._members: Counter[Key] = Counter()
        self._of_object: dict[Key, list[NodeKey]] = {}
        self._roots: list[NodeKey] = [(root.key, root.steps, root.skip) for root in selection.roots]
        for node in self._roots:
            self._reach(node)

    @property
    def members(self) -> list[Key]:
        return list(self._members)

    def __contains__(self, key: Key) -> bool:
        return key in self._members

    @property
    def objects(self) -> list[Key]:
        """Every object that is walked over."""
        return list(self._of_object)

    def changed(self, obj: ManagedObject, path: str) -> None:
        """Follow a change of an object: edges may have come or gone."""
        for key in list(self._of_object.get(obj.key, ())):
            if any(paths.overlaps(path, step.path) for step in key[1].each):
                self._redraw(obj, key)

    def removed(self, obj: ManagedObject) -> None:
        """Forget an object that is no more, and what only it led to."""
        for key in list(self._of_object.get(obj.key, ())):
            node = self._nodes.get(key)
            if node is not None:
                self._drop(key)
        self._sweep()

    def _redraw(self, obj: ManagedObject, key: NodeKey) -> None:
        node = self._nodes.get(key)
        if node is None:
            return
        before, node.children = node.children, self._edges(obj, key[1])
        gone = Counter(before)
        gone.subtract(node.children)
        for child, count in gone.items():
            for _rest in range(-count):
                self._reach(child)
        unsure = False
        for child, count in gone.items():
            for _rest in range(count):
                unsure |= self._release(child)
        if unsure:
            self._sweep()

    def _edges(self, obj: ManagedObject, steps: Steps) -> list[NodeKey]:
        return [
            (key, step.steps, step.skip)
            for step, key in children(obj, steps)
            if self.selection.world.find_or_none(*key) is not None
        ]

    def _reach(self, key: NodeKey) -> None:
        stack = [key]
        while stack:
            one = stack.pop()
            node = self._nodes.get(one)
            if node is not None:
                node.references += 1
                continue
            obj = self.selection.world.find_or_none(*one[0])
            if obj is None:
                continue
            node = self._nodes[one] = _Node()
            node.references = 1
            if one[0] not in self._of_object:
                self._of_object[one[0]] = []
                self.audience.seen(one[0])
            self._of_object[one[0]].append(one)
            if not one[2]:
                self._members[one[0]] += 1
                if self._members[one[0]] == 1:
                    self.audience.entered(one[0])
            node.children = self._edges(obj, one[1])
            stack += reversed(node.children)

    def _release(self, key: NodeKey) -> bool:
        """Let go of one edge; True: what it led to may now hang together by a circle alone."""
        node = self._nodes.get(key)
        if node is None:
            return False
        node.references -= 1
        if node.references > 0:
            return bool(node.children)
        self._drop(key)
        unsure = [self._release(child) for child in node.children]
        return any(unsure)

    def _drop(self, key: NodeKey) -> None:
        del self._nodes[key]
        nodes = self._of_object[key[0]]
        nodes.remove(key)
        if not key[2]:
            self._members[key[0]] -= 1
            if not self._members[key[0]]:
                del self._members[key[0]]
                self.audience.left(key[0])
        if not nodes:
            del self._of_object[key[0]]
            self.audience.lost(key[0])

    def _sweep(self) -> None:
        reached: Counter[NodeKey] = Counter()
        stack = list(self._roots)
        while stack:
            key = stack.pop()
            if key in self._nodes:
                reached[key] += 1
                if reached[key] == 1:
                    stack += self._nodes[key].children
        for key, node in list(self._nodes.items()):
            if key in reached:
                node.references = reached[key]
            else:
                self._drop(key)
