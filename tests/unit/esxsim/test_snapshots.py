# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots on the simulated host: the tree, the files beside the VMX, and what a host refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim

ON: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "memory_mib": 64}
OFF: dict[str, Any] = {"name": "web01", "memory_mib": 64}


def make(client: Client, name: str, *, memory: bool = False, quiesce: bool = False) -> Any:
    """Make a snapshot and return its task's info."""
    return client.after(0, client.vm().CreateSnapshot(name, "", memory=memory, quiesce=quiesce))


def files(client: Client) -> list[str]:
    return [one.name.rpartition("/")[2] for one in client.vm().layoutEx.file if one.type.startswith("snapshot")]


@pytest.mark.parametrize(
    ("vm", "memory", "suppressed", "state"),
    [
        (OFF, True, False, "poweredOff"),
        (ON, False, False, "poweredOff"),
        (ON, True, False, "poweredOn"),
        (ON, True, True, "suspended"),
        ({**OFF, "power_state": "suspended"}, False, False, "suspended"),
    ],
)
def test_going_back_leads_to_the_state_that_was_kept(
    vm: dict[str, Any], memory: bool, suppressed: bool, state: str
) -> None:
    client = Client(world_of(vm))
    made = make(client, "one", memory=memory).result
    if client.vm().runtime.powerState != "poweredOff":
        client.after(0, client.vm().PowerOff())
    kept = client.vm().snapshot.rootSnapshotList[0].state
    client.after(0, made.RevertToSnapshot_Task(suppressPowerOn=suppressed))

    assert client.vm().runtime.powerState == state
    assert kept == ("poweredOn" if suppressed else state)


def test_going_back_to_the_current_one_needs_one() -> None:
    client = Client(world_of(OFF))
    refused = fault_of(client.vm().RevertToCurrentSnapshot)
    make(client, "one")
    done = client.after(0, client.vm().RevertToCurrentSnapshot())

    assert isinstance(refused, vim.fault.NotFound)
    assert (done.state, done.descriptionId) == ("success", "VirtualMachine.revertToCurrentSnapshot")


def test_the_name_of_a_machine_stays_when_it_goes_back() -> None:
    client = Client(world_of(OFF))
    made = make(client, "one").result
    client.after(0, client.vm().Rename("web02"))
    client.after(0, made.RevertToSnapshot_Task())

    vm = client.vm("web02")
    assert (vm.name, vm.config.name) == ("web02", "web02")


def test_a_snapshot_has_its_files_and_takes_them_along() -> None:
    world = world_of(ON)
    client = Client(world)
    first = make(client, "one", memory=True).result
    make(client, "two")
    both = files(client)
    layout = [(one.key, one.dataKey, one.memoryKey) for one in client.vm().layoutEx.snapshot]
    client.after(0, first.RemoveSnapshot_Task(removeChildren=False))
    listed = world.of_type("Datastore")[0].files.get("web01/web01.vmsd").read().decode()

    assert both == ["web01.vmsd", "web01-Snapshot1.vmsn", "web01-Snapshot1.vmem", "web01-Snapshot2.vmsn"]
    assert [(data >= 0, memory >= 0) for _key, data, memory in layout] == [(True, True), (True, False)]
    assert files(client) == ["web01.vmsd", "web01-Snapshot2.vmsn"]
    assert 'snapshot0.displayName = "two"' in listed


def test_a_machine_that_is_destroyed_leaves_no_snapshot() -> None:
    world = world_of(OFF)
    client = Client(world)
    make(client, "one")
    client.after(0, client.vm().Destroy())

    assert list(world.of_type("Datastore")[0].files) == []
    assert list(world.of_type("VirtualMachineSnapshot")) == []


def test_a_machine_that_is_forgotten_keeps_the_files_of_its_snapshots() -> None:
    world = world_of(OFF)
    client = Client(world)
    make(client, "one")
    client.vm().Unregister()

    assert world.of_type("Datastore")[0].files.get("web01/web01-Snapshot1.vmsn") is not None
    assert list(world.of_type("VirtualMachineSnapshot")) == []


def test_children_know_their_place() -> None:
    client = Client(world_of(OFF))
    first, second = make(client, "one").result, make(client, "two").result

    before = [one._moId for one in first.childSnapshot]
    client.after(0, second.RemoveSnapshot_Task(removeChildren=False))

    assert (before, list(first.childSnapshot)) == ([second._moId], [])
    assert client.vm().snapshot.currentSnapshot == first


def chain(client: Client) -> list[str]:
    """The files of the first disk, from its base up, as layoutEx has them."""
    layout = client.vm().layoutEx
    names = {one.key: one.name for one in layout.file}
    return [names[part.fileKey[0]].rpartition("/")[2] for part in layout.disk[0].chain]


def drives(client: Client) -> list[Any]:
    return [one for one in client.vm().config.hardware.device if isinstance(one, vim.vm.device.VirtualDisk)]


def disks(world: Any) -> list[str]:
    """The descriptors that lie on the datastore."""
    paths = [path for path, _rest in world.of_type("Datastore")[0].files]
    return sorted(path.rpartition("/")[2] for path in paths if path.endswith(".vmdk") and path.count("-s") == 0)


def test_each_snapshot_freezes_a_file_of_each_disk() -> None:
    world = world_of({**OFF, "disks": [{"file": "[datastore1] web01/a.vmdk"}, {"mode": "independent_persistent"}]})
    client = Client(world)
    first = make(client, "one").result
    make(client, "two")
    backing, independent = (one.backing for one in drives(client))
    grown = chain(client), independent.parent
    vmx = machine(world).vmx()
    client.after(0, first.RevertToSnapshot_Task())
    back = chain(client)
    client.after(0, client.vm().RemoveAllSnapshots_Task())

    assert grown == (["a.vmdk", "a-000001.vmdk", "a-000002.vmdk"], None)
    assert [backing.parent.fileName, backing.parent.parent.fileName, backing.parent.parent.parent] == [
        "[datastore1] web01/a-000001.vmdk",
        "[datastore1] web01/a.vmdk",
        None,
    ]
    assert 'scsi0:0.fileName = "a-000002.vmdk"' in vmx
    assert back == ["a.vmdk", "a-000003.vmdk"]
    assert chain(client) == ["a.vmdk"]
    assert [name for name in disks(world) if name.startswith("a-0")] == []


@pytest.mark.parametrize(
    ("gone", "whole", "left"),
    [
        ("one", False, ["web01.vmdk", "web01-000002.vmdk"]),
        ("two", False, ["web01.vmdk", "web01-000001.vmdk"]),
        ("one", True, ["web01.vmdk"]),
    ],
)
def test_what_a_removed_snapshot_froze_is_merged(gone: str, whole: bool, left: list[str]) -> None:
    world = world_of({**OFF, "disks": [{}], "snapshots": ["one", "two"]})
    client = Client(world)
    snapshot = next(node.snapshot for node in machine(world).nodes() if node.name == gone)
    done = client.after(0, vim.vm.Snapshot(snapshot._moId, client.stub).RemoveSnapshot_Task(removeChildren=whole))

    assert done.state == "success"
    assert chain(client) == left
    assert [name for name in disks(world) if "flat" not in name] == sorted(left)


def test_without_consolidation_the_files_stay_until_it_is_asked_for() -> None:
    world = world_of({**OFF, "disks": [{}], "snapshots": ["one", "two"]})
    client = Client(world)
    client.after(0, client.vm().RemoveAllSnapshots_Task(consolidate=False))
    stay = chain(client)
    client.after(0, client.vm().ConsolidateVMDisks_Task())

    assert stay == ["web01.vmdk", "web01-000001.vmdk", "web01-000002.vmdk"]
    assert chain(client) == ["web01.vmdk"]


def test_a_branch_keeps_the_file_that_both_lie_on() -> None:
    world = world_of({**OFF, "disks": [{}], "snapshots": ["base", "left"]})
    client = Client(world)
    base, left = (vim.vm.Snapshot(node.snapshot._moId, client.stub) for node in machine(world).nodes())
    client.after(0, base.RevertToSnapshot_Task())
    make(client, "right")
    client.after(0, base.RemoveSnapshot_Task(removeChildren=False))
    both = chain(client)
    client.after(0, left.RemoveSnapshot_Task(removeChildren=False))
    one = chain(client)
    client.after(0, client.vm().Destroy())

    assert both[0] == one[0] == "web01.vmdk"
    assert (len(both), len(one)) == (3, 2)
    assert list(world.of_type("Datastore")[0].files) == []


def test_a_disk_with_snapshots_grows_for_nobody_and_keeps_its_chain() -> None:
    client = Client(world_of({**OFF, "disks": [{"size_gib": 1}], "snapshots": ["one"]}))
    (disk,) = drives(client)

    def edit(**changes: Any) -> Any:
        disk.backing.parent = None
        for name, value in changes.items():
            setattr(disk, name, value)
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)
        return client.after(0, client.vm().Reconfigure(vim.vm.ConfigSpec(deviceChange=[change])))

    same = edit()
    larger = edit(capacityInKB=2 * 1024 * 1024)

    assert (same.state, len(chain(client))) == ("success", 2)
    assert isinstance(larger.error, vim.fault.InvalidDeviceSpec)


@pytest.mark.parametrize("level", [31, 32])
def test_a_chain_has_at_most_32_levels(level: int) -> None:
    client = Client(world_of({**OFF, "snapshots": [f"s{number}" for number in range(level)]}))
    error = make(client, "one more").error

    assert isinstance(error, vim.fault.TooManySnapshotLevels) == (level == 32)


@pytest.mark.parametrize(
    ("vm", "memory", "quiesce", "fault"),
    [
        ({**ON, "disks": [{"mode": "independent_persistent"}]}, True, False, "MemorySnapshotOnIndependentDisk"),
        ({**ON, "disks": [{"mode": "independent_persistent"}]}, False, False, None),
        ({**ON, "tools": "not-installed"}, False, True, "ApplicationQuiesceFault"),
        ({**ON, "tools": "not-installed"}, True, True, None),
        ({**OFF, "tools": "not-installed"}, False, True, None),
    ],
)
def test_what_a_host_cannot_keep_it_refuses(vm: dict[str, Any], memory: bool, quiesce: bool, fault: str | None) -> None:
    client = Client(world_of(vm))
    error = make(client, "one", memory=memory, quiesce=quiesce).error

    assert (type(error).__name__.rpartition(".")[2] if error else None) == fault


def test_a_snapshot_has_a_name() -> None:
    client = Client(world_of({**OFF, "snapshots": ["one"]}))
    snapshot = client.vm().snapshot.currentSnapshot

    assert isinstance(fault_of(client.vm().CreateSnapshot, "", "", False, False), vim.fault.InvalidName)
    assert isinstance(fault_of(snapshot.RenameSnapshot, name=""), vim.fault.InvalidName)


def test_the_newer_call_quiesces_by_its_spec() -> None:
    client = Client(world_of(ON))
    spec = vim.vm.GuestQuiesceSpec(timeout=5)
    client.after(0, client.vm().CreateSnapshotEx(name="one", memory=False, quiesceSpec=spec))
    client.after(0, client.vm().CreateSnapshotEx(name="two", memory=False))

    (root,) = client.vm().snapshot.rootSnapshotList
    assert (root.quiesced, root.childSnapshotList[0].quiesced) == (True, False)


def test_what_is_left_on_the_disks_is_consolidated() -> None:
    client = Client(world_of({**OFF, "snapshots": ["one"]}))
    client.after(0, client.vm().RemoveAllSnapshots_Task(consolidate=False))
    needed = client.vm().runtime.consolidationNeeded
    done = client.after(0, client.vm().ConsolidateVMDisks_Task())

    assert (needed, done.state, client.vm().runtime.consolidationNeeded) == (True, "success", False)


@pytest.mark.parametrize("during", ["revert", "remove-snapshot"])
def test_going_back_and_removing_may_ask(during: str) -> None:
    question = {"question": "msg.checkpoint.resume.error", "during": during}
    client = Client(world_of({**OFF, "snapshots": ["one"], "questions": [question]}))
    snapshot = client.vm().snapshot.currentSnapshot
    task = snapshot.RevertToSnapshot_Task() if during == "revert" else snapshot.RemoveSnapshot_Task(False)
    asked = client.vm().runtime.question
    client.vm().Answer(asked.id, "1")

    assert client.after(0, task).state == "success"
