# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_volume on a simulated host: foreseen, done, done again; and nothing lost or left over whatever happens."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.course import VARIABLE
from ansible_collections.virt.esx.plugins.modules import esx_vm_power, esx_vm_snapshot, esx_volume
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

MIB = 1024
GIB = 1024 * MIB
SCENARIO: dict[str, Any] = {
    "datastores": [
        {
            "name": "datastore1",
            "free_gib": 50,
            "files": {"iso/debian.iso": "image", "notes.txt": "hello!", "images/rescue.iso": "image"},
        },
        {"name": "ssd", "free_gib": 20},
        {"name": "lost01", "accessible": False},
        {"name": "archive", "kind": "nfs", "access_mode": "read-only", "files": {"old/notes.txt": "text"}},
    ]
}
WEB01 = {"name": "web01", "disks": [{"size_gib": 8, "thin": True}]}
CD01 = {"name": "cd01", "iso": "[datastore1] images/rescue.iso"}
READS = {
    *("RetrieveServiceContent", "Login", "Logout", "RetrievePropertiesEx", "FindByInventoryPath"),
    "SearchDatastore_Task",
}
DATA = "[datastore1] disks/data.vmdk"


def a_world(**more: Any) -> World:
    world = world_of(WEB01, CD01, **SCENARIO, **more)
    assert run(esx_volume, world, path=DATA, capacity_kib=GIB, provisioning="thick").error is None
    world.calls.clear()
    return world


def state_of(world: World) -> Any:
    stores = {str(store.get("name")): store for store in world.of_type("Datastore")}
    files = {name: {path: (file.size, file.read()) for path, file in one.files} for name, one in stores.items()}
    folders = {
        name: sorted(path for path in ("new", "new/deep", "disks") if one.files.is_folder(path))
        for name, one in stores.items()
    }
    return files, folders, {name: one.files.free for name, one in stores.items()}


def files_of(world: World, name: str = "datastore1") -> set[str]:
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == name]
    return {path for path, _file in store.files}


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("make", {"path": "[ssd] new/deep/a.vmdk", "capacity_kib": 10 * MIB}),
    (
        "make eager",
        {"path": "[ssd] a.vmdk", "capacity_kib": 10 * MIB, "provisioning": "eager-zeroed", "adapter": "ide"},
    ),
    ("copy", {"path": "[ssd] new/b.vmdk", "source": DATA}),
    ("copy thin", {"path": "[datastore1] disks/c.vmdk", "source": DATA, "provisioning": "thin"}),
    ("copy and grow", {"path": "[ssd] c.vmdk", "source": DATA, "capacity_kib": 2 * GIB}),
    ("copy of a machine's", {"path": "[ssd] d.vmdk", "source": "[datastore1] web01/web01.vmdk"}),
    ("copy a file", {"path": "[ssd] iso/debian.iso", "source": "[datastore1] iso/debian.iso"}),
    ("grow", {"path": DATA, "capacity_kib": 3 * GIB}),
    ("delete a disk", {"path": DATA, "state": "absent"}),
    ("delete a file", {"path": "[datastore1] notes.txt", "state": "absent"}),
    ("delete a folder", {"path": "[datastore1] iso/", "state": "absent", "recursive": True}),
    ("make a folder", {"path": "[ssd] new/deep", "state": "directory"}),
    ("move a disk", {"path": "[ssd] new/data.vmdk", "source": DATA, "state": "moved"}),
    ("move a file", {"path": "[datastore1] new/n.txt", "source": "[datastore1] notes.txt", "state": "moved"}),
    ("move a folder", {"path": "[datastore1] new/images", "source": "[datastore1] iso", "state": "moved"}),
]


@pytest.mark.parametrize("wish", [wish for _name, wish in CHANGES], ids=[name for name, _wish in CHANGES])
def test_what_is_foreseen_is_done_once(wish: dict[str, Any]) -> None:
    world = a_world()
    before = state_of(world)

    foreseen = run(esx_volume, world, check_mode=True, **wish)
    assert {call.method for call in world.calls} <= READS
    assert state_of(world) == before
    done = run(esx_volume, world, **wish)
    after = state_of(world)
    foreseen_again = run(esx_volume, world, check_mode=True, **wish)
    again = run(esx_volume, world, **wish)

    assert done.error is None
    assert foreseen.result["changed"]
    assert foreseen.result["diff"] == done.result["diff"]
    assert after != before
    assert state_of(world) == after
    assert not foreseen_again.result["changed"]
    assert not again.result["changed"]
    for outcome in (foreseen, done, again):
        assert differences("esx_volume", outcome.result) == []


def test_a_disk_is_what_was_asked_for() -> None:
    world = a_world()

    thin = run(esx_volume, world, path="[ssd] a/thin.vmdk", capacity_kib=5 * GIB).result["volume"]
    thick = run(esx_volume, world, path="[ssd] b.vmdk", capacity_kib=GIB, provisioning="thick", adapter="buslogic")
    copy = run(esx_volume, world, path="[ssd] c.vmdk", source="[ssd] b.vmdk", capacity_kib=2 * GIB).result["volume"]

    assert (thin["capacity_bytes"], thin["disk"]["provisioning"]) == (5 * 1024 * GIB, "thin")
    assert thin["allocation_bytes"] < 1024 * GIB
    assert (thick.result["volume"]["disk"]["adapter"], thick.result["volume"]["disk"]["provisioning"]) == (
        "buslogic",
        "thick",
    )
    assert (copy["capacity_bytes"], copy["disk"]["adapter"]) == (2 * 1024 * GIB, "buslogic")


def test_wiping_is_done_each_time() -> None:
    world = a_world()

    foreseen = run(esx_volume, world, check_mode=True, path=DATA, state="wiped")
    for count in (1, 2):
        done = run(esx_volume, world, path=DATA, state="wiped")
        assert done.result["changed"]
        assert done.result["diff"] == foreseen.result["diff"]
        assert called(world, "ZeroFillVirtualDisk_Task") == count


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"path": "data.vmdk", "capacity_kib": 1}, "option", "'path' is no file on a datastore"),
    ({"path": "[datastore1] ../x.vmdk", "capacity_kib": 1}, "option", "climbs"),
    ({"path": "[datastore1]", "state": "absent", "recursive": True}, "option", "names no file"),
    ({"path": "[datastore1] /", "state": "absent", "recursive": True}, "option", "'path' is no file on a datastore"),
    ({"path": "[datastore1] disks/data-flat.vmdk", "state": "absent"}, "option", "is a part of a disk"),
    ({"path": "[nowhere] x.vmdk", "capacity_kib": 1}, "not_found", "there is no datastore 'nowhere'"),
    ({"path": "[lost01] x.vmdk", "capacity_kib": 1}, "plan", "not accessible"),
    ({"path": "[ssd] x.vmdk", "source": "[lost01] y.vmdk"}, "plan", "not accessible"),
    ({"path": DATA, "capacity_kib": MIB}, "plan", "cannot be made smaller: 1048576 KiB are there, and 1024 KiB"),
    ({"path": "[ssd] x.vmdk", "source": DATA, "capacity_kib": MIB}, "plan", "cannot be made smaller"),
    ({"path": DATA, "capacity_kib": GIB, "provisioning": "thin"}, "plan", "its provisioning is thick, not thin"),
    ({"path": DATA, "capacity_kib": GIB, "adapter": "ide"}, "plan", "its adapter is lsilogic, not ide"),
    ({"path": "[ssd] x.vmdk", "capacity_kib": 30 * GIB, "provisioning": "thick"}, "plan", "needs 32212254720 bytes"),
    ({"path": "[ssd] x.vmdk"}, "option", "needs 'capacity_kib' for a new disk, or 'source'"),
    ({"path": "[ssd] x.vmdk", "capacity_kib": 0}, "option", "at least 1"),
    ({"path": "[ssd] x.iso", "capacity_kib": 1}, "option", "is none (.vmdk)"),
    ({"path": "[ssd] x.iso", "source": DATA}, "option", "a disk (.vmdk) can be copied to a disk only"),
    (
        {"path": "[ssd] x.vmdk", "source": "[ssd] nobody.vmdk"},
        "not_found",
        "there is no file [ssd] nobody.vmdk to copy",
    ),
    ({"path": DATA, "source": DATA}, "option", "are the same file"),
    ({"path": DATA, "state": "absent", "capacity_kib": 1}, "option", "'capacity_kib' says nothing to 'state: absent'"),
    ({"path": DATA, "capacity_kib": GIB, "recursive": True}, "option", "'recursive' says nothing"),
    ({"path": "[datastore1] iso", "state": "absent"}, "plan", "is not empty, 'debian.iso' is in it"),
    (
        {"path": "[datastore1] web01", "state": "absent", "recursive": True},
        "plan",
        "[datastore1] web01 belongs to 'web01'",
    ),
    ({"path": "[datastore1] web01/web01.vmdk", "state": "absent"}, "plan", "belongs to 'web01'"),
    ({"path": "[datastore1] web01/web01.vmdk", "state": "wiped"}, "plan", "belongs to 'web01'"),
    ({"path": "[datastore1] web01/web01.vmdk", "capacity_kib": 100 * GIB}, "plan", "belongs to 'web01'"),
    (
        {"path": "[ssd] w.vmdk", "source": "[datastore1] web01/web01.vmdk", "state": "moved"},
        "plan",
        "belongs to 'web01'",
    ),
    ({"path": "[datastore1] w", "source": "[datastore1] web01", "state": "moved"}, "plan", "belongs to 'web01'"),
    ({"path": "[ssd] w", "source": "[datastore1] iso", "state": "moved"}, "plan", "stays on its datastore"),
    ({"path": "[datastore1] iso/a/b", "source": "[datastore1] iso", "state": "moved"}, "plan", "into itself"),
    ({"path": "[datastore1] ./web01/web01.vmdk", "state": "absent"}, "option", "empty or '.'"),
    ({"path": "[datastore1] web01//web01.vmdk", "state": "absent"}, "option", "empty or '.'"),
    ({"path": "[datastore1] web01/./web01.vmdk", "state": "wiped"}, "option", "empty or '.'"),
    ({"path": "[datastore1] .", "state": "absent", "recursive": True}, "option", "empty or '.'"),
    ({"path": "[ssd] x.vmdk", "source": "[datastore1] disks/./data.vmdk"}, "option", "empty or '.'"),
    ({"path": "[datastore1] images/rescue.iso", "state": "absent"}, "plan", "belongs to 'cd01'"),
    ({"path": "[datastore1] images", "state": "absent", "recursive": True}, "plan", "images belongs to 'cd01'"),
    ({"path": "[archive] a.vmdk", "capacity_kib": 1}, "plan", "'archive' is mounted read-only"),
    ({"path": "[archive] new", "state": "directory"}, "plan", "'archive' is mounted read-only"),
    ({"path": "[archive] old/notes.txt", "state": "absent"}, "plan", "'archive' is mounted read-only"),
    ({"path": "[ssd] n.txt", "source": "[archive] old/notes.txt", "state": "moved"}, "plan", "mounted read-only"),
    ({"path": "[ssd] nobody.vmdk", "state": "wiped"}, "not_found", "there is no disk"),
    ({"path": "[datastore1] iso", "state": "wiped"}, "option", "a disk can be wiped"),
    ({"path": "[datastore1] notes.txt", "state": "directory"}, "plan", "it is no folder"),
    ({"path": "[datastore1] notes.txt", "source": "[datastore1] iso/debian.iso"}, "plan", "nothing that is there"),
    (
        {"path": "[datastore1] notes.txt", "source": "[datastore1] iso/debian.iso", "state": "moved"},
        "plan",
        "both there",
    ),
    ({"path": "[ssd] b", "source": "[ssd] a", "state": "moved"}, "not_found", "neither [ssd] a nor [ssd] b"),
    ({"path": "[ssd] b.txt", "source": DATA, "state": "moved"}, "plan", "its new name must suit that"),
    ({"path": "[ssd] b", "state": "moved"}, "option", "needs 'source'"),
    ({"path": "[ssd] b", "source": "[datastore1] iso"}, "plan", "folders are not copied"),
    ({"path": DATA, "state": "absent", "timeout": 0}, "option", "'timeout' must be"),
]


@pytest.mark.parametrize(("wish", "kind", "says"), REFUSED, ids=[says for _wish, _kind, says in REFUSED])
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_what_cannot_be_is_said_before_anything_is_touched(
    wish: dict[str, Any], kind: str, says: str, check_mode: bool
) -> None:
    world = a_world()
    before = state_of(world)

    outcome = run(esx_volume, world, check_mode=check_mode, **wish)

    assert outcome.kind == kind
    assert says in str(outcome.error)
    assert state_of(world) == before
    assert {call.method for call in world.calls} <= READS


def test_what_a_snapshot_keeps_belongs_to_its_machine() -> None:
    world = a_world()
    run(esx_vm_snapshot, world, name="web01", snapshot="one")

    assert run(esx_volume, world, path="[datastore1] web01/web01.vmdk", state="absent").kind == "plan"


@pytest.mark.parametrize("state", ["absent", "wiped", "present", "moved"])
def test_what_others_lie_on_stays_whether_a_machine_knows_it_or_not(state: str) -> None:
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    store.files.put("disks/data-000001.vmdk", File(1, b"x"))
    before = state_of(world)
    wish: dict[str, Any] = {"path": DATA, "state": state}
    if state == "present":
        wish["capacity_kib"] = 2 * GIB
    if state == "moved":
        wish = {"path": "[ssd] data.vmdk", "source": DATA, "state": state}

    outcome = run(esx_volume, world, **wish)

    assert outcome.kind == "plan"
    assert "'data-000001.vmdk' lies on [datastore1] disks/data.vmdk" in str(outcome.error)
    assert state_of(world) == before


@pytest.mark.parametrize("has_descriptor", [True, False])
def test_what_is_no_disk_any_more_is_deleted_as_a_file(has_descriptor: bool) -> None:
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    if has_descriptor:
        store.files.discard("disks/data-flat.vmdk")
    else:
        store.files.put("disks/data.vmdk", File(4, b"text"))

    foreseen = run(esx_volume, world, check_mode=True, path=DATA, state="absent")
    done = run(esx_volume, world, path=DATA, state="absent")

    assert done.error is None
    assert done.result["diff"] == foreseen.result["diff"]
    assert "disks/data.vmdk" not in files_of(world)
    assert ("disks/data-flat.vmdk" in files_of(world)) == (not has_descriptor)


def test_what_is_read_only_can_be_copied_from() -> None:
    outcome = run(esx_volume, a_world(), path="[ssd] n.txt", source="[archive] old/notes.txt")

    assert outcome.error is None


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
def test_a_disk_that_runs_cannot_be_copied_and_nothing_is_left(check_mode: bool) -> None:
    world = a_world()
    run(esx_vm_power, world, name="web01", state="powered-on")
    before = state_of(world)

    wish = {"path": "[ssd] new/w.vmdk", "source": "[datastore1] web01/web01.vmdk"}
    outcome = run(esx_volume, world, check_mode=check_mode, **wish)

    assert outcome.kind == "plan"
    assert "[datastore1] web01/web01.vmdk is in use by 'web01', which runs" in str(outcome.error)
    assert state_of(world) == before


STEPS = [
    ("CreateVirtualDisk_Task", {"path": "[ssd] new/deep/a.vmdk", "capacity_kib": GIB}),
    ("CopyVirtualDisk_Task", {"path": "[ssd] new/a.vmdk", "source": DATA}),
    ("ExtendVirtualDisk_Task", {"path": "[ssd] new/a.vmdk", "source": DATA, "capacity_kib": 2 * GIB}),
    ("CopyDatastoreFile_Task", {"path": "[ssd] new/a.iso", "source": "[datastore1] iso/debian.iso"}),
    ("MoveVirtualDisk_Task", {"path": "[ssd] new/a.vmdk", "source": DATA, "state": "moved"}),
    ("MoveDatastoreFile_Task", {"path": "[ssd] new/a.txt", "source": "[datastore1] notes.txt", "state": "moved"}),
    ("DeleteVirtualDisk_Task", {"path": DATA, "state": "absent"}),
    ("ZeroFillVirtualDisk_Task", {"path": DATA, "state": "wiped"}),
]


@pytest.mark.parametrize(("method", "wish"), STEPS, ids=[method for method, _wish in STEPS])
def test_a_step_that_fails_leaves_all_as_it_was(method: str, wish: dict[str, Any]) -> None:
    world = a_world()
    before = state_of(world)
    world.faults.add(FaultRule(method=method, action="disk-full"))

    outcome = run(esx_volume, world, **wish)

    assert outcome.failure["fault"] == "NoDiskSpace"
    assert state_of(world) == before


@pytest.mark.parametrize(("method", "wish"), STEPS, ids=[method for method, _wish in STEPS])
@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_after_a_lost_reply_the_next_run_ends_it(method: str, wish: dict[str, Any], action: str) -> None:
    undisturbed = a_world()
    assert run(esx_volume, undisturbed, **wish).error is None
    world = a_world()
    world.faults.add(FaultRule(method=method, action=action, count=1))

    outcome = run(esx_volume, world, **wish)

    assert outcome.error is not None
    assert "everything stays" in str(outcome.error)
    assert run(esx_volume, world, **wish).error is None
    assert files_of(world) == files_of(undisturbed)
    assert files_of(world, "ssd") == files_of(undisturbed, "ssd")


COPIES: list[dict[str, Any]] = [
    {"path": "[ssd] new/a.vmdk", "source": DATA, "capacity_kib": 2 * GIB},
    {"path": "[ssd] new/a.iso", "source": "[datastore1] iso/debian.iso"},
]


@pytest.mark.parametrize("wish", COPIES, ids=["disk", "file"])
def test_a_copy_bears_its_name_when_it_is_whole(wish: dict[str, Any]) -> None:
    """Whatever request is the last that a run can send, there is no copy or a whole one; the next run ends it."""
    undisturbed = a_world()
    assert run(esx_volume, undisturbed, **wish).error is None
    name = wish["path"].partition("] ")[2]
    for method in ("Copy*", "Extend*", "Move*"):
        for action in ("drop-before", "drop-after"):
            world = a_world()
            world.faults.add(FaultRule(method=method, action=action))
            was_lost = run(esx_volume, world, **wish).error is not None
            assert (name in files_of(world, "ssd")) == (not was_lost or (method, action) == ("Move*", "drop-after"))
            assert run(esx_volume, world, **wish).error is None
            assert state_of(world) == state_of(undisturbed)


@pytest.mark.parametrize("wish", COPIES, ids=["disk", "file"])
def test_who_is_first_keeps_the_name(wish: dict[str, Any]) -> None:
    """Somebody makes a file of that name while ours is copied: theirs stays, ours goes."""
    world = a_world()
    world.faults.add(FaultRule(method="Move*", action="fault vim.fault.FileAlreadyExists", fields={"file": "x"}))
    before = state_of(world)

    outcome = run(esx_volume, world, **wish)

    assert outcome.failure["fault"] == "FileAlreadyExists"
    assert state_of(world) == before


def test_a_listener_is_told_how_far_a_copy_is(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "progress"
    os.mkfifo(pipe)
    listener = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    world = a_world()
    for store in world.of_type("Datastore"):
        store.copy_seconds = 10
    try:
        monkeypatch.setenv(VARIABLE, str(pipe))
        assert run(esx_volume, world, path="[ssd] b.vmdk", source=DATA).error is None
        told = [json.loads(line) for line in os.read(listener, 65536).splitlines()]
    finally:
        os.close(listener)

    assert {one["what"] for one in told} == {"[ssd] b.vmdk"}
    assert [one["percent"] for one in told] == sorted(one["percent"] for one in told)
    assert told[0]["total"] >= GIB * 1024


def test_what_comes_in_between_is_not_taken_away() -> None:
    """Somebody makes the same disk after we have looked: the host refuses ours, and theirs stays."""
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "ssd"]
    world.faults.add(
        FaultRule(method="CreateVirtualDisk_Task", action="fault vim.fault.FileAlreadyExists", fields={"file": "x"})
    )
    store.files.put("new/other.txt", File(1, b"x"))

    outcome = run(esx_volume, world, path="[ssd] new/a.vmdk", capacity_kib=GIB)

    assert outcome.failure["fault"] == "FileAlreadyExists"
    assert called(world, "DeleteVirtualDisk_Task") == 0
    assert "new/other.txt" in files_of(world, "ssd")


@pytest.mark.parametrize(
    ("wish", "most"),
    [
        ({"path": DATA, "capacity_kib": GIB}, 7),
        ({"path": "[ssd] a.vmdk", "capacity_kib": GIB}, 13),
        ({"path": DATA, "state": "absent"}, 15),
    ],
)
def test_requests(wish: dict[str, Any], most: int) -> None:
    assert run(esx_volume, a_world(), **wish).requests <= most
