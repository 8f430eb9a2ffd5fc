# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_define where a later step of making a machine fails: what had come until then goes, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_define
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.killed import LONG, differing, state_of
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

UUID = "564d0000-0000-0000-0000-00000000000a"
VMX = """\
config.version = "8"
virtualHW.version = "19"
displayName = "web01"
guestOS = "debian12-64"
memSize = "512"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 0a"
"""
PATH = "stored/stored.vmx"
DISK = {"slot": "scsi0:0", "capacity_kib": 1024 * 1024, "provisioning": "thick"}
# It is there, and grows once the machine has been made.
LENT = {"slot": "scsi0:1", "file": "[datastore1] spare/spare.vmdk", "capacity_kib": 2 * 1024 * 1024}
WISHES: Mapping[str, dict[str, Any]] = {
    "create": {"name": "web01", "definition": {"uuid": UUID, "disks": [DISK]}},
    "lent": {"name": "web01", "definition": {"uuid": UUID, "disks": [DISK, LENT]}},
    "vmx": {"vmx": VMX},
    "deep": {"vmx": VMX, "directory": "a/b/web01"},
    "beside": {"vmx": VMX, "directory": "stored"},
    "path": {"vmx_path": f"[datastore1] {PATH}", "uuid": UUID},
}
FULL, REFUSED = "disk-full", "fault NoPermission"
# Wish, the method that fails, and how.
FAILURES = [
    ("create", "CreateVM_Task", FULL),
    ("create", "CreateVM_Task", REFUSED),
    ("lent", "CreateVM_Task", FULL),
    ("lent", "ReconfigVM_Task", FULL),
    ("lent", "ReconfigVM_Task", REFUSED),
    ("path", "RegisterVM_Task", REFUSED),
    *(
        (wish, method, action)
        for wish in ("vmx", "deep", "beside")
        for method, action in [
            ("PUT", FULL),
            ("MoveDatastoreFile_Task", FULL),
            ("MoveDatastoreFile_Task", REFUSED),
            ("RegisterVM_Task", FULL),
            ("RegisterVM_Task", REFUSED),
        ]
    ),
    ("deep", "MakeDirectory", REFUSED),
]


def a_world() -> World:
    files = {PATH: VMX.replace("web01", "stored").replace("0a", "0b"), "stored/kept.txt": "somebody's own"}
    world = world_of({"name": "spare", "disks": [{"size_gib": 1}]}, datastores=[{"name": "datastore1", "files": files}])
    define(world, name="spare", state="absent")
    world.clock.advance(LONG)
    return world


def define(world: World, **wish: Any) -> Outcome:
    return run(esx_vm_define, world, **wish)


def undisturbed(wish: str) -> dict[str, Any]:
    world = a_world()
    assert define(world, **WISHES[wish]).error is None
    return state_of(world)


@pytest.mark.parametrize(("wish", "method", "action"), FAILURES)
def test_what_came_is_taken_away_where_a_later_step_fails(wish: str, method: str, action: str) -> None:
    world = a_world()
    before = state_of(world)
    world.faults.add(FaultRule(method=method, action=action))

    done = define(world, **WISHES[wish])
    world.clock.advance(LONG)

    assert done.error is not None
    assert not done.result.get("changed")
    assert differing(before, state_of(world)) == ""
    # The fault has passed, and nothing is in the way.
    assert define(world, **WISHES[wish]).error is None
    assert differing(undisturbed(wish), state_of(world)) == ""


def test_a_vmx_that_was_registered_and_could_not_be_changed_is_unregistered() -> None:
    world = a_world()
    world.faults.add(FaultRule(method="ReconfigVM_Task", action=FULL))

    done = define(world, **WISHES["path"])

    assert done.error is not None
    assert (done.vm["changed"], done.vm["moid"]) == (False, "")
    assert world.of_type("VirtualMachine") == []
    assert world.of_type("Datastore")[0].files.get(PATH) is not None
    assert define(world, **WISHES["path"]).error is None


def test_a_folder_in_which_somebody_put_a_file_meanwhile_stays() -> None:
    world = a_world()
    world.faults.add(FaultRule(method="RegisterVM_Task", action=REFUSED))
    store: Any = world.of_type("Datastore")[0]
    put = store.files.put

    def disturbed(path: str, file: Any) -> bool:
        put("web01/theirs.txt", File(6, b"theirs"))
        return bool(put(path, file))

    store.files.put = disturbed
    define(world, **WISHES["vmx"])

    assert [path for path, _file in store.files if path.startswith("web01")] == ["web01/theirs.txt"]


def test_a_machine_that_cannot_be_taken_away_is_told_of_and_finished_by_the_next_run() -> None:
    world = a_world()
    world.faults.add(FaultRule(method="ReconfigVM_Task", action=REFUSED, count=None))

    done = define(world, **WISHES["lent"])

    assert done.failure["done"] == ["registered"]
    assert (done.vm["changed"], called(world, "Destroy_Task")) == (True, 0)
    world.faults.clear()
    assert define(world, **WISHES["lent"]).error is None
    assert differing(undisturbed("lent"), state_of(world)) == ""


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
@pytest.mark.parametrize("method", ["PUT", "MoveDatastoreFile_Task", "RegisterVM_Task", "MakeDirectory"])
def test_where_the_reply_is_lost_nothing_is_taken_from_under_the_host(method: str, action: str) -> None:
    world = a_world()
    world.faults.add(FaultRule(method=method, action=action))

    done = define(world, **WISHES["vmx"])
    world.clock.advance(LONG)

    assert done.kind == "connection_lost"
    assert called(world, "DeleteDatastoreFile_Task") == 0
    assert define(world, **WISHES["vmx"]).error is None
    assert differing(undisturbed("vmx"), state_of(world)) == ""


@pytest.mark.parametrize("wish", ["create", "vmx"])
def test_a_vmx_that_is_there_is_not_overwritten_whatever_is_in_it(wish: str) -> None:
    world = a_world()
    store: Any = world.of_type("Datastore")[0]
    store.files.upload("web01/web01.vmx", b"somebody's own")
    before = state_of(world)

    foreseen = run(esx_vm_define, world, check_mode=True, **WISHES[wish])
    done = define(world, **WISHES[wish])

    for outcome in (foreseen, done):
        assert outcome.kind == "plan"
        assert "never overwritten" in str(outcome.error)
    assert differing(before, state_of(world)) == ""


@pytest.mark.parametrize("wish", ["create", "vmx"])
def test_the_vmx_of_a_machine_that_is_there_is_named_as_such(wish: str) -> None:
    world = a_world()
    define(world, **WISHES[wish])
    define(world, uuid=UUID, name="other", definition={})
    define(world, name="other", definition={"uuid": UUID[:-1] + "f"})
    before, uploads = state_of(world), called(world, "MakeDirectory")

    for check_mode in (True, False):
        outcome = run(esx_vm_define, world, check_mode=check_mode, **WISHES[wish])
        assert outcome.kind == "plan"
        assert "web01/web01.vmx is the VMX of other" in str(outcome.error)
    assert (differing(before, state_of(world)), called(world, "MakeDirectory")) == ("", uploads)


def test_a_vmx_that_a_killed_run_has_brought_is_used() -> None:
    world = a_world()
    store: Any = world.of_type("Datastore")[0]
    store.files.upload("web01/web01.vmx", VMX.encode())
    store.files.upload("web01/web01.vmx.virt-esx-upload", VMX[:40].encode())

    foreseen = run(esx_vm_define, world, check_mode=True, **WISHES["vmx"])
    done = define(world, **WISHES["vmx"])

    assert (foreseen.error, done.error) == (None, None)
    assert differing(undisturbed("vmx"), state_of(world)) == ""


def test_a_vmx_that_was_there_stays_where_it_cannot_be_registered() -> None:
    world = a_world()
    store: Any = world.of_type("Datastore")[0]
    store.files.upload("web01/web01.vmx", VMX.encode())
    before = state_of(world)
    world.faults.add(FaultRule(method="RegisterVM_Task", action=REFUSED))

    assert define(world, **WISHES["vmx"]).error is not None
    assert differing(before, state_of(world)) == ""
