# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The snapshots of a virtual machine as a tree of values: walked, addressed, grown, cut and shown.

Laws: an address that is made of a path finds what the path leads to; what is cut or grown here looks as it will on the
host, so that check mode can show it.

Source: vim.vm.SnapshotInfo, vim.vm.SnapshotTree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from .._errors import Ambiguous, NotFound, OptionError
from .state import PowerState, Vm

# The id of a snapshot that does not exist yet.
NEW = ""
SHOWN = 10
_ESCAPES = {"%25": "%", "%2f": "/", "%5c": "\\"}
_ESCAPED = re.compile("|".join(_ESCAPES), re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """
    One snapshot with those below it.

    ``power_state`` is the state that a machine is in after going back to it; ``id`` and ``created`` are None for one
    that is still to be made.
    """

    moid: str
    name: str
    id: int | None = None
    description: str = ""
    created: datetime | None = None
    power_state: PowerState | None = None
    quiesced: bool = False
    children: tuple[Snapshot, ...] = ()


@dataclass(frozen=True)
class Place:
    """A snapshot and where it is: the names from the root to its own, and its parent or None."""

    snapshot: Snapshot
    names: tuple[str, ...]
    parent: Snapshot | None

    @property
    def path(self) -> str:
        """The names, joined by slashes; ``%`` and ``/`` within a name are written ``%25`` and ``%2f``."""
        return "/".join(escaped(name) for name in self.names)

    @property
    def level(self) -> int:
        """How deep it is; a root is at level 1."""
        return len(self.names)


@dataclass(frozen=True)
class Tree:
    """All snapshots of one virtual machine; ``current`` is the id of the one that it runs on top of, None: of none."""

    roots: tuple[Snapshot, ...] = ()
    current: str | None = None

    def walk(self) -> Iterator[Place]:
        """Yield all snapshots, parents before their children."""
        return _walk(self.roots, (), None)

    def place(self, moid: str | None) -> Place | None:
        """Return the snapshot of that id with its place, None where there is none."""
        return next((one for one in self.walk() if one.snapshot.moid == moid), None)

    def grown(self, snapshot: Snapshot) -> Tree:
        """Return the tree with a new snapshot below the current one, which it then is itself."""
        if self.place(self.current) is None:
            return Tree((*self.roots, snapshot), snapshot.moid)
        return Tree(_changed(self.roots, self.current, lambda one: _with_child(one, snapshot)), snapshot.moid)

    def renamed(self, moid: str, name: str, description: str) -> Tree:
        """Return the tree with another name and description of one snapshot."""
        change = {"name": name, "description": description}
        return Tree(_changed(self.roots, moid, lambda one: replace(one, **change)), self.current)

    def at(self, moid: str) -> Tree:
        """Return the tree with another current snapshot."""
        return Tree(self.roots, moid)

    def without(self, moid: str, *, whole: bool) -> Tree:
        """Return the tree without a snapshot; its children move up, or with ``whole`` go with it."""
        gone = self.place(moid)
        if gone is None:
            return self
        moids = {one.snapshot.moid for one in _walk((gone.snapshot,), (), None)} if whole else {moid}
        parent = gone.parent.moid if gone.parent is not None else None
        roots = _without(self.roots, moid, whole=whole)
        return Tree(roots, parent if self.current in moids else self.current)

    def lines(self) -> list[str]:
        """Return the tree as ``--diff`` shows it: a line for each snapshot, set in by its level."""
        return [self._line(one) for one in self.walk()]

    def _line(self, place: Place) -> str:
        snapshot = place.snapshot
        marks = ["current"] if snapshot.moid == self.current else []
        marks += [snapshot.power_state.value] if snapshot.power_state else []
        marks += ["quiesced"] if snapshot.quiesced else []
        text = f"{'  ' * (place.level - 1)}{_one_line(escaped(snapshot.name))} ({', '.join(marks)})"
        return f"{text}: {_one_line(snapshot.description)}" if snapshot.description else text

    def facts(self) -> list[dict[str, Any]]:
        """Return the facts of all snapshots, parents before their children."""
        return [self.facts_of(one) for one in self.walk()]

    def facts_of(self, place: Place) -> dict[str, Any]:
        """Return the facts of one snapshot."""
        snapshot = place.snapshot
        return {
            "id": snapshot.id,
            "moid": snapshot.moid or None,
            "name": snapshot.name,
            "path": place.path,
            "description": snapshot.description,
            "created": iso(snapshot.created),
            "power_state": snapshot.power_state.value if snapshot.power_state else None,
            "quiesced": snapshot.quiesced,
            "current": snapshot.moid == self.current,
            "parent": place.parent.id if place.parent is not None else None,
            "children": [child.id for child in snapshot.children],
        }


@dataclass(frozen=True)
class Address:
    """
    Which snapshot is meant: its name, or a path of names that ends with it.

    A path may begin anywhere in the tree; with ``rooted`` it begins at a root.
    """

    names: tuple[str, ...]
    rooted: bool = False

    @classmethod
    def parse(cls, text: str, option: str = "snapshot") -> Address:
        """
        Read an address: ``child``, ``root/child``, ``/root/child``.

        Raises:
            OptionError: a name in it is empty.
        """
        rooted = text.startswith("/")
        names = tuple(_unescaped(part) for part in text.removeprefix("/").split("/"))
        if not all(names):
            raise OptionError(
                f"'{option}' must be a name, or names joined by '/'; found {text!r}. "
                "A slash within a name is written %2f",
                option=option,
            )
        return cls(names, rooted)

    def __str__(self) -> str:
        return ("/" if self.rooted else "") + "/".join(escaped(name) for name in self.names)

    @property
    def name(self) -> str:
        """The snapshot's own name."""
        return self.names[-1]

    def beside(self, name: str) -> Address:
        """Return the address of a snapshot of another name in the same place."""
        return Address((*self.names[:-1], name), self.rooted)

    def is_below(self, parent: Place | None) -> bool:
        """Tell whether a snapshot of this name below ``parent`` (None: a root) would be found by this address."""
        names = (*(parent.names if parent is not None else ()), self.name)
        return self._fits(names)

    def hits(self, tree: Tree) -> list[Place]:
        """Return all snapshots that answer to this address."""
        return [one for one in tree.walk() if self._fits(one.names)]

    def _fits(self, names: Sequence[str]) -> bool:
        return tuple(names) == self.names if self.rooted else tuple(names[-len(self.names) :]) == self.names


def find(vm: Vm, tree: Tree, address: Address) -> Place | None:
    """
    Return the one snapshot that is meant, None where there is none.

    Raises:
        Ambiguous: several answer; it carries their ids and paths.
    """
    hits = address.hits(tree)
    if len(hits) > 1:
        candidates = [{"id": one.snapshot.id, "path": one.path, "created": iso(one.snapshot.created)} for one in hits]
        shown = ", ".join(f"id {one['id']} at {one['path']}" for one in candidates[:SHOWN])
        more = f" and {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
        raise Ambiguous(
            f"{vm}: {len(hits)} snapshots answer to '{address}': {shown}{more}; use 'snapshot_id' or a longer path",
            candidates=candidates,
            vm=vm.name,
            moid=vm.moid,
        )
    return hits[0] if hits else None


def find_id(tree: Tree, number: int) -> Place | None:
    """Return the snapshot of that number, None where there is none."""
    return next((one for one in tree.walk() if one.snapshot.id == number), None)


def missing(vm: Vm, tree: Tree, what: str) -> NotFound:
    """Return the failure that says that a snapshot is not there, and which ones are."""
    paths = [one.path for one in tree.walk()]
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    there = f"; there are: {', '.join(paths[:SHOWN])}{more}" if paths else "; it has none at all"
    return NotFound(f"{vm} has no snapshot {what}{there}", vm=vm.name, moid=vm.moid, snapshots=paths)


def escaped(name: str) -> str:
    """Return a name as paths show it."""
    return name.replace("%", "%25").replace("/", "%2f")


def iso(time: datetime | None) -> str | None:
    """Return a time in ISO 8601, in UTC."""
    return None if time is None else time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unescaped(part: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found.group().lower()], part)


def _one_line(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1] if any(ord(one) < 32 for one in text) else text


def _walk(nodes: Sequence[Snapshot], above: tuple[str, ...], parent: Snapshot | None) -> Iterator[Place]:
    for one in nodes:
        names = (*above, one.name)
        yield Place(one, names, parent)
        yield from _walk(one.children, names, one)


def _changed(nodes: tuple[Snapshot, ...], moid: str | None, change: Any) -> tuple[Snapshot, ...]:
    kept = (replace(one, children=_changed(one.children, moid, change)) for one in nodes)
    return tuple(change(one) if one.moid == moid else one for one in kept)


def _with_child(parent: Snapshot, child: Snapshot) -> Snapshot:
    return replace(parent, children=(*parent.children, child))


def _without(nodes: tuple[Snapshot, ...], moid: str, *, whole: bool) -> tuple[Snapshot, ...]:
    kept: list[Snapshot] = []
    for one in nodes:
        children = _without(one.children, moid, whole=whole)
        if one.moid != moid:
            kept.append(replace(one, children=children))
        elif not whole:
            kept.extend(children)
    return tuple(kept)
