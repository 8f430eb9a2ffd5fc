# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of a virtual machine: the tree, and what makes, reverts and removes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pyVmomi import vim

from .entity import Entity, like
from .managed import Call, key_of, method
from .power import Powered


class Snapshot(Entity):
    """One snapshot."""

    type_name = "VirtualMachineSnapshot"
    common: ClassVar[dict[str, Any]] = {"value": [], "availableField": [], "childSnapshot": []}

    @property
    def machine(self) -> WithSnapshots:
        found: WithSnapshots = self.world.find(*key_of(self.get("vm")))
        return found

    @method("RevertToSnapshot_Task")
    def revert(self, call: Call, *, host: Any = None, suppressPowerOn: bool | None = None) -> Any:
        vm = self.machine

        def act() -> None:
            node = vm.node_of(self)
            state = "poweredOff" if suppressPowerOn and node.state == "poweredOn" else str(node.state)
            vm.set("config", self.get("config"))
            vm.set("snapshot.currentSnapshot", self.ref)
            if vm.get("runtime.powerState") != state:
                vm.turn(state)

        return vm.run("revert", act, method_name="RevertToSnapshot_Task")

    @method("RemoveSnapshot_Task")
    def remove(self, call: Call, *, removeChildren: bool, consolidate: bool | None = None) -> Any:
        vm = self.machine
        return vm.run("remove-snapshot", lambda: vm.cut(self, whole=removeChildren), method_name="RemoveSnapshot_Task")

    @method("RenameSnapshot")
    def rename(self, call: Call, *, name: str | None = None, description: str | None = None) -> None:
        changes = {key: value for key, value in (("name", name), ("description", description)) if value is not None}
        vm = self.machine
        tree = vm.get("snapshot.rootSnapshotList")
        vm.set("snapshot.rootSnapshotList", [_changed(node, self.moid, changes) for node in tree])


class WithSnapshots(Powered):
    """A virtual machine with snapshots."""

    snapshots = 0

    @method("CreateSnapshot_Task")
    def create_snapshot(
        self, call: Call, *, name: str, description: str | None = None, memory: bool = False, quiesce: bool = False
    ) -> Any:
        def act() -> Any:
            return self.add_snapshot(name, description or "", memory=memory, quiesce=quiesce)

        return self.run("snapshot", act)

    @method("RevertToCurrentSnapshot_Task")
    def revert_to_current(self, call: Call, *, host: Any = None, suppressPowerOn: bool | None = None) -> Any:
        current = self.get("snapshot.currentSnapshot")
        if current is None:
            raise vim.fault.NotFound(msg="The virtual machine has no current snapshot.")
        return self.world.find(*key_of(current)).revert(call, suppressPowerOn=suppressPowerOn)

    @method("RemoveAllSnapshots_Task")
    def remove_all_snapshots(self, call: Call, *, consolidate: bool | None = None) -> Any:
        def act() -> None:
            for node in _walk(self.get("snapshot.rootSnapshotList") or []):
                self.world.remove(self.world.find(*key_of(node.snapshot)))
            self.set("snapshot", None)
            self.set("rootSnapshot", [])

        return self.run("remove-snapshot", act, method_name="RemoveAllSnapshots_Task")

    def add_snapshot(self, name: str, description: str = "", *, memory: bool = False, quiesce: bool = False) -> Any:
        """Make a snapshot below the current one; returns its reference."""
        self.snapshots += 1
        snapshot = Snapshot(f"{self.moid}-snapshot-{self.snapshots}", config=self.get("config"), vm=self.ref)
        self.world.add(snapshot)
        running = self.get("runtime.powerState")
        node = vim.vm.SnapshotTree(
            snapshot=snapshot.ref,
            vm=self.ref,
            name=name,
            description=description,
            id=self.snapshots,
            createTime=self.world.clock.utcnow(),
            state=running if memory or running != "poweredOn" else "poweredOff",
            quiesced=quiesce,
            replaySupported=False,
        )
        current = self.get("snapshot.currentSnapshot")
        tree = self.get("snapshot.rootSnapshotList") or []
        tree = [*tree, node] if current is None else [_below(one, current._moId, node) for one in tree]
        self._grown(tree, snapshot.ref)
        return snapshot.ref

    def node_of(self, snapshot: Snapshot) -> Any:
        """Find a snapshot in the tree."""
        tree = self.get("snapshot.rootSnapshotList") or []
        return next(node for node in _walk(tree) if node.snapshot._moId == snapshot.moid)

    def cut(self, snapshot: Snapshot, *, whole: bool) -> None:
        """Take a snapshot out of the tree; its children move up, or go with it."""
        gone = list(_walk([self.node_of(snapshot)])) if whole else [self.node_of(snapshot)]
        moids = {node.snapshot._moId for node in gone}
        tree = self.get("snapshot.rootSnapshotList")
        current = self.get("snapshot.currentSnapshot")
        if current is not None and current._moId in moids:
            parent = next(
                (n for n in _walk(tree) if any(c.snapshot._moId == snapshot.moid for c in n.childSnapshotList)), None
            )
            current = parent.snapshot if parent is not None else None
        for moid in moids:
            self.world.remove(self.world.find("VirtualMachineSnapshot", moid))
        self._grown(_without(tree, moids, whole=whole), current)

    def _grown(self, tree: Sequence[Any], current: Any) -> None:
        info = vim.vm.SnapshotInfo(currentSnapshot=current, rootSnapshotList=list(tree)) if tree else None
        self.set("snapshot", info)
        self.set("rootSnapshot", [node.snapshot for node in tree])


def _walk(tree: Sequence[Any]) -> Iterator[Any]:
    for node in tree:
        yield node
        yield from _walk(node.childSnapshotList)


def _below(node: Any, parent: str, new: Any) -> Any:
    children = [_below(child, parent, new) for child in node.childSnapshotList]
    return like(node, childSnapshotList=[*children, new] if node.snapshot._moId == parent else children)


def _changed(node: Any, moid: str, changes: dict[str, str]) -> Any:
    children = [_changed(child, moid, changes) for child in node.childSnapshotList]
    return like(node, childSnapshotList=children, **(changes if node.snapshot._moId == moid else {}))


def _without(tree: Sequence[Any], moids: set[str], *, whole: bool) -> list[Any]:
    kept: list[Any] = []
    for node in tree:
        children = _without(node.childSnapshotList, moids, whole=whole)
        if node.snapshot._moId not in moids:
            kept.append(like(node, childSnapshotList=children))
        elif not whole:
            kept += children
    return kept
