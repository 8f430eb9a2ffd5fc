# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of a virtual machine: the tree, and what makes, reverts and removes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pyVmomi import vim

from . import deltadisks, machinefiles, snapshotfiles
from .entity import Entity, like
from .managed import Call, key_of, method
from .power import Powered

# How deep a host lets a chain of snapshots become.
MOST_LEVELS = 32
INDEPENDENT = ("independent_persistent", "independent_nonpersistent")


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
        return self.machine.go_back_to(self, bool(suppressPowerOn), "RevertToSnapshot_Task")

    @method("RemoveSnapshot_Task")
    def remove(self, call: Call, *, removeChildren: bool, consolidate: bool | None = None) -> Any:
        vm = self.machine

        def act() -> None:
            before = deltadisks.deltas(vm)
            vm.cut(self, whole=removeChildren)
            vm.leave_behind(consolidate, before)

        return vm.run("remove-snapshot", act, method_name="RemoveSnapshot_Task")

    @method("RenameSnapshot")
    def rename(self, call: Call, *, name: str | None = None, description: str | None = None) -> None:
        vm = self.machine
        vm.check_free()
        if name is not None:
            check_name(name)
        changes = {key: value for key, value in (("name", name), ("description", description)) if value is not None}
        tree = vm.get("snapshot.rootSnapshotList")
        vm.set("snapshot.rootSnapshotList", [_changed(node, self.moid, changes) for node in tree])
        snapshotfiles.write_list(vm)


class WithSnapshots(Powered):
    """A virtual machine with snapshots."""

    snapshots = 0

    @method("CreateSnapshot_Task")
    def create_snapshot(
        self, call: Call, *, name: str, description: str | None = None, memory: bool = False, quiesce: bool = False
    ) -> Any:
        return self._create(name, description, memory, quiesce, "CreateSnapshot_Task")

    @method("CreateSnapshotEx_Task")
    def create_snapshot_ex(
        self, call: Call, *, name: str, description: str | None = None, memory: bool = False, quiesceSpec: Any = None
    ) -> Any:
        return self._create(name, description, memory, quiesceSpec is not None, "CreateSnapshotEx_Task")

    @method("RevertToCurrentSnapshot_Task")
    def revert_to_current(self, call: Call, *, host: Any = None, suppressPowerOn: bool | None = None) -> Any:
        current = self.get("snapshot.currentSnapshot")
        if current is None:
            raise vim.fault.NotFound(msg="The virtual machine has no current snapshot.")
        snapshot = self.world.find(*key_of(current))
        return self.go_back_to(snapshot, bool(suppressPowerOn), "RevertToCurrentSnapshot_Task")

    @method("RemoveAllSnapshots_Task")
    def remove_all_snapshots(self, call: Call, *, consolidate: bool | None = None, spec: Any = None) -> Any:
        def act() -> None:
            before = deltadisks.deltas(self)
            self._remove(list(self.nodes()))
            self._grown([], None)
            self.leave_behind(consolidate, before)

        return self.run("remove-snapshot", act, method_name="RemoveAllSnapshots_Task")

    @method("ConsolidateVMDisks_Task")
    def consolidate(self, call: Call) -> Any:
        return self.run("consolidate", lambda: self.leave_behind(True, deltadisks.deltas(self)))

    def leave_behind(self, consolidate: bool | None, before: set[str]) -> None:
        """Merge what lay on the datastore before for snapshots that are gone, or say that it is still there."""
        if consolidate is not False:
            deltadisks.merge(self)
            deltadisks.discard(self, before - deltadisks.deltas(self))
            machinefiles.write_vmx(self)
        self.set("runtime.consolidationNeeded", consolidate is False and bool(before))
        self.touch("layout", "layoutEx", "storage")

    def go_back_to(self, snapshot: Snapshot, suppress_power_on: bool, method_name: str) -> Any:
        """Start the task that makes the machine what it was."""

        def act() -> None:
            state = str(self.node_of(snapshot).state)
            # The memory is there, and only its running is suppressed.
            state = "suspended" if suppress_power_on and state == "poweredOn" else state
            before = deltadisks.deltas(self)
            kept = like(snapshot.get("config"), name=self.get("name"))
            devices = deltadisks.grown(self, kept.hardware.device)
            self.set("config", like(kept, hardware=like(kept.hardware, device=devices)))
            self.set("snapshot.currentSnapshot", snapshot.ref)
            deltadisks.discard(self, before - deltadisks.deltas(self))
            machinefiles.write_vmx(self)
            self.touch("layout", "layoutEx", "storage")
            if self.get("runtime.powerState") != state:
                self.turn(state)

        return self.run("revert", act, method_name=method_name)

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
            quiesced=quiesce and running == "poweredOn",
            replaySupported=False,
        )
        current = self.get("snapshot.currentSnapshot")
        tree = self.get("snapshot.rootSnapshotList") or []
        tree = [*tree, node] if current is None else [_below(one, current._moId, node) for one in tree]
        snapshotfiles.made(self, node)
        self._grown(tree, snapshot.ref)
        self.set("config.hardware.device", deltadisks.grown(self, self.get("config.hardware.device")))
        machinefiles.write_vmx(self)
        return snapshot.ref

    def node_of(self, snapshot: Snapshot) -> Any:
        """Find a snapshot in the tree."""
        return next(node for node in self.nodes() if node.snapshot._moId == snapshot.moid)

    def nodes(self) -> Iterator[Any]:
        """Yield the nodes of the tree, parents before their children."""
        return _walk(self.get("snapshot.rootSnapshotList") or [])

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
        self._remove(gone)
        self._grown(_without(tree, moids, whole=whole), current)

    def forget_snapshots(self) -> None:
        """Take all snapshots out of the world; their files stay."""
        for node in self.nodes():
            self.world.remove(self.world.find(*key_of(node.snapshot)))

    def _create(self, name: str, description: str | None, memory: bool, quiesce: bool, method_name: str) -> Any:
        check_name(name)

        def act() -> Any:
            return self.add_snapshot(name, description or "", memory=memory, quiesce=quiesce)

        return self.run("snapshot", act, lambda: self._objection(memory, quiesce), method_name)

    def _objection(self, memory: bool, quiesce: bool) -> Any:
        """The fault that speaks against a new snapshot; None: nothing does."""
        running = self.get("runtime.powerState") == "poweredOn"
        if self.get("config.flags.snapshotDisabled"):
            return vim.fault.SnapshotDisabled(msg="Snapshots are disabled for this virtual machine.")
        current = self.get("snapshot.currentSnapshot")
        if current is not None and self._level(current._moId) >= MOST_LEVELS:
            return vim.fault.TooManySnapshotLevels(msg="Snapshot hierarchy is too deep.")
        if memory and running and any(_is_independent(one) for one in self.get("config.hardware.device")):
            return vim.fault.MemorySnapshotOnIndependentDisk(
                msg="Cannot take a memory snapshot, since the virtual machine is configured with independent disks."
            )
        if quiesce and not memory and running and not self.guest.tools_run(self):
            return vim.fault.ApplicationQuiesceFault(
                msg="An error occurred while quiescing the virtual machine. See the virtual machine's event log."
            )
        return None

    def _level(self, moid: str) -> int:
        parents = {
            child.snapshot._moId: node.snapshot._moId for node in self.nodes() for child in node.childSnapshotList
        }
        level = 1
        while moid in parents:
            moid, level = parents[moid], level + 1
        return level

    def _remove(self, nodes: Sequence[Any]) -> None:
        for node in nodes:
            snapshotfiles.unmade(self, node)
            self.world.remove(self.world.find(*key_of(node.snapshot)))

    def _grown(self, tree: Sequence[Any], current: Any) -> None:
        info = vim.vm.SnapshotInfo(currentSnapshot=current, rootSnapshotList=list(tree)) if tree else None
        self.set("snapshot", info)
        self.set("rootSnapshot", [node.snapshot for node in tree])
        for node in _walk(tree):
            children = [child.snapshot for child in node.childSnapshotList]
            self.world.find(*key_of(node.snapshot)).set("childSnapshot", children)
        snapshotfiles.write_list(self)
        self.touch("layoutEx")


def check_name(name: str) -> None:
    """
    Refuse what no snapshot can be called.

    Raises:
        InvalidName: it is empty.
    """
    if not name:
        raise vim.fault.InvalidName(name=name, msg="The name '' is invalid.")


def _is_independent(one: Any) -> bool:
    return isinstance(one, vim.vm.device.VirtualDisk) and str(getattr(one.backing, "diskMode", "")) in INDEPENDENT


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
