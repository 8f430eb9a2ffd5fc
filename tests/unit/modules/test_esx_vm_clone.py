# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_clone on a simulated host: disks copied, identity left behind, and nothing left over whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.module_utils._vi.tasks import run_task
from ansible_collections.virt.esx.plugins.modules import (
    esx_vm_clone,
    esx_vm_define,
    esx_vm_info,
    esx_vm_power,
    esx_vm_snapshot,
)
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.killed import Killed, MortalTransport
from ansible_collections.virt.esx.tests.support.worlds import (
    Outcome,
    WorldTransport,
    called,
    host_of,
    params,
    run,
    world_of,
)
from pyVmomi import vim

MIB = 1024
STORES = [{"name": "datastore1", "free_gib": 100}, {"name": "ssd", "free_gib": 20}]
DISKS = [
    {"slot": "scsi0:0", "capacity_kib": 8 * MIB, "provisioning": "thin"},
    {"slot": "scsi0:1", "capacity_kib": 4 * MIB, "provisioning": "eager-zeroed"},
    {"slot": "sata0:0", "capacity_kib": 2 * MIB, "provisioning": "thick"},
]
GOLDEN: dict[str, Any] = {
    "guest_id": "debian12-64",
    "cpus": 2,
    "memory_mib": 512,
    "annotation": "the image",
    "uuid": "564d0000-0000-0000-0000-00000000000a",
    "disks": DISKS,
    "nics": [{"slot": "ethernet0", "network": "VM Network", "mac": "00:50:56:00:00:01", "mac_type": "static"}],
    "extra": {"guestinfo.role": "golden"},
}
READS = {
    *("RetrieveServiceContent", "Login", "Logout", "RetrievePropertiesEx", "HEAD", "GET", "FindByInventoryPath"),
    "SearchDatastore_Task",
}


def a_world(**more: Any) -> World:
    """A host with one machine of three disks of three kinds, on which nothing runs."""
    world = world_of(datastores=STORES, **more)
    made = run(esx_vm_define, world, name="golden", datastore="datastore1", definition=GOLDEN)
    assert made.error is None
    world.calls.clear()
    return world


def files_of(world: World) -> dict[str, list[str]]:
    return {store.get("name"): sorted(path for path, _file in store.files) for store in world.of_type("Datastore")}


def methods_of(world: World) -> set[str]:
    return {call.method for call in world.calls}


def names_of(world: World) -> list[str]:
    return sorted(vm.get("name") for vm in world.of_type("VirtualMachine"))


def definition_of(world: World, name: str) -> Mapping[str, Any]:
    definition: Mapping[str, Any] = run(esx_vm_info, world, name=name, with_definition=True).result["vm"]["definition"]
    return definition


def test_a_copy_is_the_same_machine_with_another_identity() -> None:
    world = a_world()

    foreseen = run(esx_vm_clone, world, check_mode=True, source="golden", name="web01")
    assert methods_of(world) <= READS
    done = run(esx_vm_clone, world, source="golden", name="web01")
    again = run(esx_vm_clone, world, source="golden", name="web01")

    assert done.error is None
    assert done.result["changed"]
    assert foreseen.result["diff"] == done.result["diff"]
    assert not again.result["changed"]
    assert differences("esx_vm_clone", done.result) == []
    assert differences("esx_vm_clone", foreseen.result) == []
    source, copy = definition_of(world, "golden"), definition_of(world, "web01")
    assert {disk["slot"]: (disk["capacity_kib"], disk["provisioning"]) for disk in copy["disks"]} == {
        disk["slot"]: (disk["capacity_kib"], disk["provisioning"]) for disk in DISKS
    }
    assert [disk["file"] for disk in copy["disks"]] == [
        "[datastore1] web01/web01.vmdk",
        "[datastore1] web01/web01_1.vmdk",
        "[datastore1] web01/web01_2.vmdk",
    ]
    same = ("guest_id", "cpus", "memory_mib", "annotation", "firmware", "controllers", "extra")
    assert {key: copy.get(key) for key in same} == {key: source.get(key) for key in same}
    assert copy["uuid"] != source["uuid"]
    assert copy["instance_uuid"] != source["instance_uuid"]
    assert copy["nics"][0]["mac"] != source["nics"][0]["mac"]
    assert copy["nics"][0]["mac_type"] == "generated"


def test_its_first_power_on_asks_nothing() -> None:
    world = a_world()
    run(esx_vm_clone, world, source="golden", name="web01")

    started = run(esx_vm_power, world, name="web01", state="powered-on")

    assert started.error is None
    assert started.result["vm"]["questions"] == []


def test_a_copy_goes_where_it_is_told_and_is_what_it_is_told() -> None:
    world = a_world()

    done = run(
        esx_vm_clone,
        world,
        source_uuid=GOLDEN["uuid"],
        name="web/01",
        datastore="ssd",
        directory="machines/one",
        provisioning="thin",
    )

    assert done.error is None
    assert names_of(world) == ["golden", "web%2f01"] or names_of(world) == ["golden", "web/01"]
    assert {disk["provisioning"] for disk in definition_of(world, "web/01")["disks"]} == {"thin"}
    assert all(path.startswith("machines/one/") for path in files_of(world)["ssd"])
    assert not [path for path in files_of(world)["ssd"] if path.endswith((".clone", ".upload"))]


def test_several_copies_are_made_in_one_task() -> None:
    world = a_world()
    run(esx_vm_clone, world, source="golden", name="b")
    world.calls.clear()

    done = run(esx_vm_clone, world, source="golden", names=["a", "b", "c"])

    assert done.error is None
    assert [vm["changed"] for vm in done.result["vms"]] == [True, False, True]
    assert called(world, "Login") == 1
    assert called(world, "RegisterVM_Task") == 2


def test_a_source_is_not_looked_for_where_nothing_is_left_to_copy() -> None:
    world = a_world()

    done = run(esx_vm_clone, world, source="nobody", name="golden")

    assert done.error is None
    assert not done.result["changed"]
    assert done.requests == 5


def test_what_a_source_with_a_chain_of_deltas_holds_now_is_copied() -> None:
    world = world_of({"name": "golden", "disks": [{}], "snapshots": ["before"]}, datastores=STORES)

    done = run(esx_vm_clone, world, source="golden", name="web01")

    assert done.error is None
    assert [disk["file"] for disk in definition_of(world, "web01")["disks"]] == ["[datastore1] web01/web01.vmdk"]
    (copy,) = [vm for vm in world.of_type("VirtualMachine") if vm.get("name") == "web01"]
    assert copy.get("snapshot") is None


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"source": "nobody"}, "nobody"),
    ({"power_state": "powered-on"}, {}, "is powered-on"),
    ({"power_state": "suspended"}, {}, "is suspended"),
    ({"questions": [{"question": "msg.serial.file.open", "during": "now"}]}, {}, "answer it first"),
    ({}, {"datastore": "nowhere"}, "no datastore 'nowhere'; there are 'datastore1', 'ssd'"),
    ({}, {"linked": True, "provisioning": "thin"}, "with 'linked' none are"),
    ({}, {"resource_pool": "nowhere"}, "no resource pool 'nowhere'"),
    (
        {"disks": [{"size_gib": 30, "thin": False}]},
        {"datastore": "ssd"},
        "needs 30.0 GiB on ssd, and 20.0 GiB are free",
    ),
    ({"disks": [{"size_gib": 12, "thin": False}]}, {"datastore": "ssd", "names": ["a", "b"]}, "come before it"),
]


@pytest.mark.parametrize(("vm", "given", "says"), REFUSED, ids=[says for _vm, _given, says in REFUSED])
def test_what_cannot_be_is_said_before_anything_is_touched(
    vm: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    world = world_of({"name": "golden", **vm}, datastores=STORES)
    before = files_of(world)
    wish = {"source": "golden", **({} if "names" in given else {"name": "web01"}), **given}

    for check_mode in (True, False):
        outcome = run(esx_vm_clone, world, check_mode=check_mode, **wish)

        assert outcome.error is not None
        assert says in str(outcome.error)
    if "names" not in given:
        assert files_of(world) == before
        assert methods_of(world) <= READS


def test_a_vmx_that_is_there_is_not_overwritten() -> None:
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    run(esx_vm_clone, world, source="golden", name="web01")
    run(esx_vm_define, world, name="web01", state="absent")
    before = files_of(world)

    outcome = run(esx_vm_clone, world, source="golden", name="web01")

    assert "[datastore1] web01/web01.vmx is there already" in str(outcome.error)
    assert files_of(world) == before
    assert store.files.get("web01/web01.vmx") is not None


@pytest.mark.parametrize("method", ["CopyVirtualDisk_Task", "PUT", "MoveDatastoreFile_Task", "RegisterVM_Task"])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_step_that_fails_leaves_nothing_over(method: str, skip: int) -> None:
    world = a_world()
    before = files_of(world)
    world.faults.add(FaultRule(method=method, skip=skip, action="disk-full"))

    outcome = run(esx_vm_clone, world, source="golden", name="web01")

    if outcome.error is None:
        assert skip, "the step is there"
        return
    assert files_of(world) == before
    assert names_of(world) == ["golden"]
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    assert not store.files.is_folder("web01")


def test_the_room_for_a_thin_copy_is_what_the_source_takes() -> None:
    world = world_of({"name": "golden", "disks": [{"size_gib": 40, "thin": True}]}, datastores=STORES)

    assert run(esx_vm_clone, world, source="golden", name="web01", datastore="ssd").error is None
    refused = run(esx_vm_clone, world, source="golden", name="web02", datastore="ssd", provisioning="thick")
    assert "needs 40.0 GiB on ssd" in str(refused.error)


def test_a_copy_that_takes_too_long_says_how_far_it_came() -> None:
    world = a_world(defaults={"copy_seconds": 100})
    before = files_of(world)

    outcome = run(esx_vm_clone, world, source="golden", name="web01", timeout=60)

    assert outcome.error is not None
    assert outcome.error.failure()["kind"] == "timeout"
    assert "disk 1 of 3, [datastore1] golden/golden.vmdk -> [datastore1] web01/web01.vmdk" in str(outcome.error)
    assert "at 75 % (not cancelable: left running)" in str(outcome.error)
    assert files_of(world) == before


def test_a_session_that_ends_while_a_disk_is_copied_is_renewed() -> None:
    world = a_world(defaults={"copy_seconds": 100})
    world.faults.add(FaultRule(method="WaitForUpdatesEx", skip=2, action="session-expiry"))

    assert run(esx_vm_clone, world, source="golden", name="web01").error is None
    assert called(world, "CopyVirtualDisk_Task") == 3


def a_world_with_a_snapshot(**more: Any) -> World:
    """The same host; what its machine was is kept by a snapshot, and it runs on."""
    world = a_world(**more)
    assert run(esx_vm_snapshot, world, name="golden", snapshot="image").error is None
    assert run(esx_vm_power, world, name="golden", state="powered-on").error is None
    world.calls.clear()
    return world


def test_a_linked_copy_lies_on_what_a_snapshot_keeps() -> None:
    world = a_world_with_a_snapshot()
    free = free_of(world)

    foreseen = run(esx_vm_clone, world, check_mode=True, source="golden", names=["a", "b"], linked=True)
    assert methods_of(world) <= READS
    done = run(esx_vm_clone, world, source="golden", names=["a", "b"], linked=True)
    again = run(esx_vm_clone, world, source="golden", names=["a", "b"], linked=True)

    assert done.error is None
    assert foreseen.result["diff"] == done.result["diff"]
    assert not again.result["changed"]
    assert called(world, "CopyVirtualDisk_Task") == 0
    assert free - free_of(world) < 1024**2
    parents = [one.backing.parent.fileName for one in disks_of(world, "a")]
    assert parents == [one.backing.parent.fileName for one in disks_of(world, "golden")]
    assert [one.backing.fileName for one in disks_of(world, "a")] == [
        "[datastore1] a/a.vmdk",
        "[datastore1] a/a_1.vmdk",
        "[datastore1] a/a_2.vmdk",
    ]
    source, copy = definition_of(world, "golden"), definition_of(world, "a")
    assert [disk["capacity_kib"] for disk in copy["disks"]] == [disk["capacity_kib"] for disk in source["disks"]]
    assert copy["uuid"] != source["uuid"]
    assert copy["name"] == "a"
    assert run(esx_vm_power, world, names=["a", "b"], state="powered-on").error is None


def test_without_a_snapshot_nothing_can_lie_on_a_disk() -> None:
    world = a_world()

    outcome = run(esx_vm_clone, world, source="golden", name="web01", linked=True)

    assert "sata0:0 of the source has no snapshot" in str(outcome.error)
    assert methods_of(world) <= READS


@pytest.mark.parametrize("method", ["PUT", "RegisterVM_Task", "ReconfigVM_Task"])
def test_a_linked_copy_that_fails_leaves_nothing_over(method: str) -> None:
    world = a_world_with_a_snapshot()
    before = files_of(world)
    world.faults.add(FaultRule(method=method, action="disk-full"))

    assert run(esx_vm_clone, world, source="golden", name="web01", linked=True).error is not None

    assert files_of(world) == before
    assert names_of(world) == ["golden"]


def free_of(world: World) -> int:
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    free: int = store.files.free
    return free


def disks_of(world: World, name: str) -> list[Any]:
    (vm,) = [vm for vm in world.of_type("VirtualMachine") if vm.get("name") == name]
    return [one for one in vm.get("config.hardware.device") if isinstance(one, vim.vm.device.VirtualDisk)]


def clone_until_killed(world: World, last: int, *, arrives: bool, linked: bool) -> bool:
    """Clone, and die with the nth request; False: it ended before."""
    session = Session(
        MortalTransport(world, last, arrives=arrives),
        Credentials(username=world.username, password=world.password),
    )
    try:
        session.open()
        given = params(esx_vm_clone, source="golden", name="web01", linked=linked)
        esx_vm_clone.run(given, Host(session, now=world.clock.now), check_mode=False)
    except Killed:
        return True
    return False


@pytest.mark.parametrize(
    ("linked", "prepared", "most"),
    [(False, a_world, 31), (True, a_world_with_a_snapshot, 20)],
    ids=["copied", "linked"],
)
def test_whenever_it_is_killed_the_next_run_ends_the_same(
    linked: bool, prepared: Callable[..., World], most: int
) -> None:
    """A machine of three disks, killed before and after each request, while the host goes on with what it has begun."""
    wish: dict[str, Any] = {"source": "golden", "name": "web01", "linked": linked}
    undisturbed = prepared(defaults={"copy_seconds": 5})
    assert run(esx_vm_clone, undisturbed, **wish).error is None
    wanted = (files_of(undisturbed), names_of(undisturbed), definition_of(undisturbed, "web01"))
    runs = 0
    for arrives in (False, True):
        for last in range(1, 200):
            world = prepared(defaults={"copy_seconds": 5})
            if not clone_until_killed(world, last, arrives=arrives, linked=linked):
                break
            runs += 1
            outcome = run(esx_vm_clone, world, **wish)
            assert outcome.error is None, (last, arrives)
            assert (files_of(world), names_of(world), definition_of(world, "web01")) == wanted, (last, arrives)
            assert not run(esx_vm_clone, world, **wish).result["changed"]
    assert runs >= 2 * most


def store_of(world: World, name: str = "datastore1") -> Any:
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == name]
    return store


def contents_of(world: World) -> dict[str, bytes]:
    """The content of every file of the first datastore."""
    return {path: file.read() or b"" for path, file in store_of(world).files}


def a_world_with_somebody_elses(*names: str) -> World:
    """The same host; files lie where a copy called web01 would be, and belong to nobody that the host knows."""
    world = a_world()
    run(esx_vm_clone, world, source="golden", name="web01")
    run(esx_vm_define, world, name="web01", state="absent")
    for path in [path for path, _file in store_of(world).files]:
        if path.startswith("web01/") and path.removeprefix("web01/") not in names:
            store_of(world).files.discard(path)
    world.calls.clear()
    return world


class Watched(WorldTransport):
    """A client beside which something happens: ``before`` is called with each method, before it is sent."""

    def __init__(self, world: World, before: Callable[[str], None]) -> None:
        super().__init__(world)
        self._before = before

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        self._before(method)
        return super()._exchange(method, request, timeout)


def clone_beside(world: World, before: Callable[[str], None]) -> Outcome:
    """Clone, while something else happens on the host."""
    session = Session(Watched(world, before), Credentials(username=world.username, password=world.password))
    session.open()
    given = params(esx_vm_clone, source="golden", name="web01")
    result = esx_vm_clone.run(given, Host(session, now=world.clock.now), check_mode=False)
    assert world.errors == []
    return Outcome(result.error, result.to_json(), session.stub.requests)


@pytest.mark.parametrize(
    "names",
    [("web01.vmdk", "web01-flat.vmdk"), ("web01_2-flat.vmdk",), ("web01.vmx",), ("web01_1.vmdk", "web01_1-flat.vmdk")],
    ids=["disk", "extent", "vmx", "second"],
)
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_files_of_somebody_else_are_neither_overwritten_nor_taken_away(
    names: tuple[str, ...], check_mode: bool
) -> None:
    world = a_world_with_somebody_elses(*names)
    before = contents_of(world)

    outcome = run(esx_vm_clone, world, check_mode=check_mode, source="golden", name="web01")

    assert outcome.error is not None
    assert outcome.error.failure()["kind"] == "plan"
    assert f"[datastore1] web01/{names[0]} is there already" in str(outcome.error)
    assert contents_of(world) == before
    assert methods_of(world) <= READS


def test_a_file_that_comes_while_disks_are_copied_is_not_taken_away() -> None:
    """What the host refuses to overwrite is not ours; what we copied before it goes."""
    world = a_world()
    before = contents_of(world)

    def somebody_writes(method: str) -> None:
        if method == "CopyVirtualDisk_Task" and store_of(world).files.get("web01/web01_1.vmdk") is None:
            store_of(world).files.put("web01/web01_1.vmdk", File(6, b"theirs"))

    outcome = clone_beside(world, somebody_writes)

    assert "web01_1.vmdk" in str(outcome.error)
    assert contents_of(world) == {**before, "web01/web01_1.vmdk": b"theirs"}


@pytest.mark.parametrize("directory", ["../x", "/abs", "a/../../b", "", " ", "a//b", "a/./b", "a\tb"])
def test_a_directory_is_one_on_the_datastore(directory: str) -> None:
    world = a_world()

    outcome = run(esx_vm_clone, world, source="golden", name="web01", directory=directory)

    assert outcome.error is not None
    assert outcome.error.failure() == {"kind": "option", "option": "directory"}
    assert methods_of(world) <= READS


@pytest.mark.parametrize("name", ["..", ".", " ", "x" * 81, "\N{SNOWMAN}" * 60, "a\nb"])
def test_a_name_is_one_that_a_host_takes(name: str) -> None:
    world = a_world()

    outcome = run(esx_vm_clone, world, source="golden", name=name)

    assert outcome.error is not None
    assert outcome.error.failure() == {"kind": "option", "option": "name"}
    assert methods_of(world) <= READS


@pytest.mark.parametrize(
    ("method", "linked"),
    [
        ("CopyVirtualDisk_Task", False),
        ("RegisterVM_Task", False),
        ("RegisterVM_Task", True),
        ("ReconfigVM_Task", True),
    ],
)
@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_where_it_is_not_clear_what_the_host_does_nothing_is_taken_away(method: str, linked: bool, action: str) -> None:
    world = a_world_with_a_snapshot() if linked else a_world()
    world.faults.add(FaultRule(method=method, action=action, count=1))

    outcome = run(esx_vm_clone, world, source="golden", name="web01", linked=linked)

    assert called(world, "DeleteVirtualDisk_Task") == 0
    assert outcome.error is not None
    assert "the next run for this name" in str(outcome.error)
    again = run(esx_vm_clone, world, source="golden", name="web01", linked=linked)
    assert again.error is None
    assert names_of(world) == ["golden", "web01"]
    assert not [path for path in files_of(world)["datastore1"] if path.endswith((".clone", ".virt-esx-upload"))]


def test_a_failure_is_told_though_nothing_can_be_taken_away() -> None:
    world = a_world()
    world.faults.add(FaultRule(method="RegisterVM_Task", action="disk-full"))
    world.faults.add(FaultRule(method="DeleteVirtualDisk_Task", action="disk-full", count=1))

    outcome = run(esx_vm_clone, world, source="golden", name="web01")

    assert "RegisterVM_Task" in str(outcome.error)
    assert "could not be taken away" in str(outcome.error)
    world.faults.clear()
    assert run(esx_vm_clone, world, source="golden", name="web01").error is None


def test_a_copy_that_is_registered_is_told_though_the_note_stays() -> None:
    world = a_world()

    def the_end(method: str) -> None:
        if method == "DeleteDatastoreFile_Task":
            world.faults.add(FaultRule(method="*", action="http-503", count=None))

    outcome = clone_beside(world, the_end)

    assert outcome.error is None
    assert outcome.result["changed"]
    assert outcome.result["vm"]["moid"]


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_a_note_is_taken_away_though_a_reply_is_lost(action: str) -> None:
    world = a_world()
    world.faults.add(FaultRule(method="DeleteDatastoreFile_Task", action=action))

    done = run(esx_vm_clone, world, source="golden", name="copy01")

    assert (done.error, done.result["changed"]) == (None, True)
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    assert [path for path, _file in store.files if path.endswith(".clone")] == []


@pytest.mark.parametrize("is_there", [True, False], ids=["copied", "not yet"])
def test_a_file_that_is_called_like_a_note_and_is_none_stays(is_there: bool) -> None:
    world = a_world()
    if is_there:
        run(esx_vm_clone, world, source="golden", name="web01")
    store_of(world).files.put("web01/web01.vmx.clone", File(6, b"theirs"))
    before = contents_of(world)

    outcome = run(esx_vm_clone, world, source="golden", name="web01")

    assert (outcome.error is None) == is_there
    assert contents_of(world) == before


def test_a_name_that_two_machines_bear_stops_the_task_before_it_begins() -> None:
    world = world_of(
        {"name": "golden", "disks": [{}]}, {"name": "b"}, {"name": "b", "folder": "other"}, datastores=STORES
    )

    outcome = run(esx_vm_clone, world, source="golden", names=["a", "b"])

    assert outcome.error is not None
    assert outcome.error.failure()["kind"] == "ambiguous"
    assert methods_of(world) <= READS


def test_a_copy_that_was_noted_renamed_and_used_is_not_taken_for_a_leftover() -> None:
    """Killed after the last step but one: the note is there, and so is a machine that lives on under another name."""
    world = a_world()

    def killed(method: str) -> None:
        if method == "DeleteDatastoreFile_Task" and called(world, "RegisterVM_Task"):
            raise Killed

    with pytest.raises(Killed):
        clone_beside(world, killed)
    assert "web01/web01.vmx.clone" in contents_of(world)
    with host_of(world) as host:
        (copy,) = [vm for vm in world.of_type("VirtualMachine") if vm.get("name") == "web01"]
        run_task(
            host.session, host.session.reference("VirtualMachine", copy.moid), "Rename_Task", timeout=60, newName="prod"
        )
    before = contents_of(world)

    refused = run(esx_vm_clone, world, source="golden", name="web01")
    assert "[datastore1] web01/web01.vmx is the VMX of prod" in str(refused.error)
    assert contents_of(world) == before

    run(esx_vm_power, world, name="prod", state="powered-on")
    run(esx_vm_power, world, name="prod", state="powered-off")
    run(esx_vm_define, world, name="prod", state="absent")
    before = contents_of(world)
    refused = run(esx_vm_clone, world, source="golden", name="web01")
    assert "[datastore1] web01/web01.vmx is there already" in str(refused.error)
    assert contents_of(world) == before


def test_two_runs_for_one_name_do_not_take_each_others_files_away() -> None:
    """The second takes the first for one that was killed; the first sees that, and stops without touching anything."""
    world = a_world()
    second: list[Outcome] = []

    def somebody_begins(method: str) -> None:
        if method == "CopyVirtualDisk_Task" and not second:
            second.append(run(esx_vm_clone, world, source="golden", name="web01"))

    first = clone_beside(world, somebody_begins)

    assert second[0].error is None
    assert first.error is not None
    assert "another run" in str(first.error)
    assert names_of(world) == ["golden", "web01"]
    assert run(esx_vm_power, world, name="web01", state="powered-on").error is None


def test_a_disk_keeps_the_adapter_that_it_is_for() -> None:
    world = world_of(datastores=STORES)
    disks = [{"slot": "ide0:0", "capacity_kib": MIB}, {"slot": "scsi0:0", "capacity_kib": MIB}]
    controllers = [{"slot": "scsi0", "model": "buslogic"}]
    wish = {"guest_id": "other", "disks": disks, "controllers": controllers}
    assert run(esx_vm_define, world, name="golden", datastore="datastore1", definition=wish).error is None

    assert run(esx_vm_clone, world, source="golden", name="web01").error is None

    adapters = [one.args["destSpec"].adapterType for one in world.calls if one.method == "CopyVirtualDisk_Task"]
    assert sorted(adapters) == ["busLogic", "ide"]
