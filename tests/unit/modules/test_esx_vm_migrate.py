# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_migrate on a simulated vCenter: what it refuses, questions, and how many requests a move takes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_datastore_info, esx_vm_migrate
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

WEB: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "task_seconds": 2}
GO: dict[str, Any] = {"name": "web01", "target_host": "esx2"}


def vcenter_of(*vms: dict[str, Any], **more: Any) -> World:
    world = world_of(*vms)
    make_vcenter(world, "esx2", "esx3", **more)
    return world


def host_of_vm(world: World, moid: str = "1") -> str:
    return str(world.find("VirtualMachine", moid).get("runtime.host")._moId)


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_vm_migrate", {**outcome.result, **failure})


def test_a_machine_is_moved_once() -> None:
    world = vcenter_of(WEB)

    foreseen = run(esx_vm_migrate, world, check_mode=True, **GO)
    assert called(world, "RelocateVM_Task") == 0
    done = run(esx_vm_migrate, world, **GO)
    again = run(esx_vm_migrate, world, **GO)

    assert (foreseen.error, done.error, host_of_vm(world)) == (None, None, "host-esx2")
    assert foreseen.result["diff"] == done.result["diff"]
    assert [one.result["changed"] for one in (foreseen, done, again)] == [True, True, False]
    assert done.vm["place"] == {
        "host": "esx2",
        "cluster": "esx2",
        "pool": "Resources",
        "datastores": ["datastore1"],
    }
    assert again.vm["place"] == done.vm["place"]
    assert done.vm["task"]["operation"] == "VirtualMachine.relocate"
    assert (done.requests, again.requests) == (11, 6)
    assert documented(done) == documented(again) == []


def test_a_host_of_its_own_says_what_it_takes() -> None:
    for check_mode in (True, False):
        done = run(esx_vm_migrate, world_of(WEB), check_mode=check_mode, **GO)

        assert done.kind == "plan"
        assert "connect to the vCenter" in str(done.error)


def test_all_that_speaks_against_a_move_is_in_the_failure() -> None:
    world = vcenter_of({**WEB, "snapshots": ["before"]}, datastores=[])
    for check_mode in (True, False):
        done = run(esx_vm_migrate, world, check_mode=check_mode, **GO)

        assert done.kind == "plan"
        assert "cannot be moved: The host esx2 cannot access the datastore 'datastore1'." in str(done.error)
        assert [(one["severity"], one["event"]) for one in done.failure["validation"]] == [
            ("error", "MigrationHostErrorEvent"),
            ("warning", "MigrationHostWarningEvent"),
        ]
        assert done.vm["validation"] == done.failure["validation"]
        assert not done.vm["changed"]
        assert documented(done) == []
    assert called(world, "RelocateVM_Task") == 0


def test_files_that_go_along_are_checked_together_with_the_machine() -> None:
    stores = [{"name": "datastore1"}, {"name": "small", "free_gib": 0}, {"name": "local2"}]
    world = world_of({**WEB, "snapshots": ["before"]}, datastores=stores)
    known = {store.get("name"): store.ref for store in world.of_type("Datastore")}
    make_vcenter(world, "esx2", datastores=[known["small"], known["local2"]])
    for check_mode in (True, False):
        full = run(esx_vm_migrate, world, check_mode=check_mode, target_datastore="small", **GO)

        assert full.kind == "plan"
        assert [one["event"] for one in full.failure["validation"]] == ["InsufficientStorageSpace", "MethodFault"]
        assert "The datastore 'small' has 0 bytes left" in str(full.error)
        assert documented(full) == []
    fits = run(esx_vm_migrate, world, check_mode=True, target_datastore="local2", **GO)

    assert (fits.error, fits.vm["place"]["datastores"]) == (None, ["local2"])
    assert called(world, "ValidateMigration") == called(world, "RelocateVM_Task") == 0


@pytest.mark.parametrize(
    ("method", "more"), [("ValidateMigration", {}), ("CheckRelocate_Task", {"target_datastore": "b"})]
)
@pytest.mark.parametrize(
    ("fault", "kind"), [("vmodl.fault.NotSupported", None), ("vmodl.fault.InvalidArgument", "plan")]
)
def test_a_validation_that_cannot_be_is_none_and_one_that_fails_is_a_refusal(
    method: str, more: dict[str, Any], fault: str, kind: str | None
) -> None:
    world = world_of(WEB, datastores=[{"name": "datastore1"}, {"name": "b"}])
    make_vcenter(world, "esx2")
    world.faults.add(FaultRule(method=method, action=f"fault {fault}"))

    done = run(esx_vm_migrate, world, check_mode=True, **GO, **more)

    assert (done.kind, called(world, method)) == (kind, 1)


def test_a_warning_stops_nothing() -> None:
    world = vcenter_of({**WEB, "snapshots": ["before"]})

    done = run(esx_vm_migrate, world, **GO)

    assert (done.error, host_of_vm(world)) == (None, "host-esx2")
    assert [one["severity"] for one in done.vm["validation"]] == ["warning"]


def test_a_host_in_maintenance_takes_nothing() -> None:
    world = vcenter_of(WEB)
    world.find("HostSystem", "host-esx2").set("runtime.inMaintenanceMode", True)
    for check_mode in (True, False):
        done = run(esx_vm_migrate, world, check_mode=check_mode, **GO)

        assert (done.kind, "the host is in maintenance mode" in str(done.error)) == ("plan", True)


def test_many_machines_are_validated_in_one_request_and_one_failure_stops_no_other() -> None:
    stores = [{"name": "datastore1"}, {"name": "slow"}]
    batch = {**WEB, "name": "batch-{n:02}", "count": 20}
    world = world_of(batch, {"name": "bad01", "datastore": "slow"}, datastores=stores)
    make_vcenter(world, "esx2", datastores=[world.of_type("Datastore")[0].ref])

    done = run(esx_vm_migrate, world, query="[]", target_host="esx2")

    assert called(world, "ValidateMigration") == 1
    assert (done.kind, done.failure["failed"], called(world, "RelocateVM_Task")) == ("some_failed", ["bad01"], 20)
    assert [entry["changed"] for entry in done.result["vms"]] == [True] * 20 + [False]


@pytest.mark.parametrize(("policy", "kind"), [({}, "question_blocked"), ({"auto_answer": "true"}, None)])
def test_a_question_that_comes_meanwhile_follows_the_policy(policy: dict[str, Any], kind: str | None) -> None:
    world = vcenter_of({**WEB, "questions": [{"question": "msg.serial.file.open", "during": "relocate", "delay": 1}]})

    done = run(esx_vm_migrate, world, **GO, **policy)

    assert done.kind == kind
    assert documented(done) == []


def test_a_move_that_was_left_behind_is_taken_up_and_not_begun_again() -> None:
    world = vcenter_of({**WEB, "questions": [{"question": "msg.serial.file.open", "during": "relocate"}]})
    run(esx_vm_migrate, world, **GO)

    done = run(esx_vm_migrate, world, auto_answer="true", **GO)

    assert (done.error, host_of_vm(world)) == (None, "host-esx2")
    assert called(world, "RelocateVM_Task") == 1


def test_what_the_task_says_is_in_the_failure() -> None:
    world = vcenter_of(WEB)
    world.faults.add(FaultRule(method="ValidateMigration", action="fault vmodl.fault.NotSupported"))
    world.find("HostSystem", "host-esx2").set("datastore", [])

    done = run(esx_vm_migrate, world, **GO)

    assert (done.kind, done.failure["fault"]) == ("task_failed", "InaccessibleDatastore")
    assert done.failure["faults"] == ["InaccessibleDatastore: The host esx2 cannot access the datastore 'datastore1'."]
    assert documented(done) == []


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"target_host": "esx9"}, "not_found", "'target_host': there is no 'esx9'; there are"),
        ({"target_cluster": "esx9"}, "not_found", "'target_cluster': there is no 'esx9'"),
        ({"target_pool": "Resources", "target_cluster": "esx2", "target_host": "esx3"}, "plan", "is not part of"),
        ({"target_pool": "blue"}, "not_found", "'target_pool': there is no 'blue'; there are 'Resources'"),
        ({"target_datastore": "nowhere"}, "not_found", "no datastore there is named 'nowhere'; there are datastore1"),
        ({"target_host": ""}, "option", "'target_host' is empty"),
        ({}, "option", "where to?"),
    ],
)
def test_what_is_not_there_is_named(given: dict[str, Any], kind: str, says: str) -> None:
    for check_mode in (True, False):
        done = run(esx_vm_migrate, vcenter_of(WEB), check_mode=check_mode, name="web01", **given)

        assert (done.kind, says in str(done.error)) == (kind, True), str(done.error)


@pytest.mark.parametrize("given", [{"target_datastore": "datastore1"}, {"target_pool": "Resources"}])
def test_what_is_there_is_not_moved(given: dict[str, Any]) -> None:
    world = vcenter_of(WEB)

    done = run(esx_vm_migrate, world, name="web01", **given)

    assert (done.error, done.vm["changed"]) == (None, False)
    assert called(world, "ValidateMigration") == 0


@pytest.mark.parametrize("action", ["drop-before", "drop-after", "truncate"])
def test_a_move_whose_reply_is_lost_is_made_once(action: str) -> None:
    world = vcenter_of(WEB)
    world.faults.add(FaultRule(method="RelocateVM_Task", action=action))

    done = run(esx_vm_migrate, world, **GO)

    assert (done.error, host_of_vm(world)) == (None, "host-esx2")


@pytest.mark.parametrize(("action", "seconds"), [("drop-after", 0), ("restart-after", 3)])
@pytest.mark.parametrize("method", ["RelocateVM_Task", "WaitForUpdatesEx"])
def test_a_move_of_ours_is_a_change_whatever_gets_lost_on_the_way(method: str, action: str, seconds: float) -> None:
    for skip in range(3):
        world = vcenter_of({**WEB, "task_seconds": 0.1 if method == "RelocateVM_Task" else 2})
        world.faults.add(FaultRule(method=method, action=action, seconds=seconds, skip=skip))

        done = run(esx_vm_migrate, world, **GO)

        assert (done.error, done.vm["changed"], done.vm["place"]["host"]) == (None, True, "esx2")
        assert done.result["diff"]["before"]["web01"]["place"]["host"] != "esx2"


def test_where_somebody_else_brought_it_is_told_as_it_is_now() -> None:
    world = vcenter_of({**WEB, "questions": [{"question": "msg.serial.file.open", "during": "relocate"}]})
    run(esx_vm_migrate, world, **GO)

    done = run(esx_vm_migrate, world, auto_answer="true", **GO)

    assert (done.error, done.vm["place"]["host"]) == (None, "esx2")


@pytest.mark.parametrize("method", ["RetrievePropertiesEx", "ValidateMigration", "CheckRelocate_Task"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_machine_that_goes_meanwhile_stops_no_other(method: str, check_mode: bool) -> None:
    world = world_of(WEB, {**WEB, "name": "web02"}, datastores=[{"name": "datastore1"}, {"name": "b"}])
    make_vcenter(world, "esx2")
    given = {"target_datastore": "b"} if method == "CheckRelocate_Task" else {}
    world.faults.add(FaultRule(method=method, action="latency", seconds=2, skip=2 if method.startswith("R") else 0))
    world.clock.call_later(1, lambda: world.remove(world.find("VirtualMachine", "1")))

    done = run(esx_vm_migrate, world, check_mode=check_mode, names=["web01", "web02"], target_host="esx2", **given)

    first, second = done.result["vms"]
    assert "does not exist any more" in first["msg"]
    assert (second["changed"], second["failed"]) == ((True, False) if not given or check_mode else (False, True))
    assert documented(done) == []


@pytest.mark.parametrize(
    ("method", "given"), [("ValidateMigration", {}), ("CheckRelocate_Task", {"target_datastore": "b"})]
)
@pytest.mark.parametrize("action", ["drop-before", "drop-after", "http-503"])
def test_a_validation_that_gets_lost_is_asked_again(method: str, given: dict[str, Any], action: str) -> None:
    world = world_of(WEB, datastores=[{"name": "datastore1"}, {"name": "b"}])
    make_vcenter(world, "esx2")
    world.faults.add(FaultRule(method=method, action=action))

    done = run(esx_vm_migrate, world, check_mode=True, **GO, **given)

    assert (done.error, done.vm["changed"]) == (None, True)


def test_what_came_of_each_machine_is_told_though_nobody_says_why_a_task_failed() -> None:
    world = vcenter_of(WEB, {**WEB, "name": "web02"})
    world.faults.add(FaultRule(method="ValidateMigration", action="fault vmodl.fault.NotSupported"))
    world.find("HostSystem", "host-esx2").set("datastore", [])
    reads = called(world, "RetrievePropertiesEx")
    run(esx_vm_migrate, world, names=["web01", "web02"], target_host="esx2")
    last = called(world, "RetrievePropertiesEx") - reads - 1
    world.faults.add(FaultRule(method="ValidateMigration", action="fault vmodl.fault.NotSupported"))
    world.faults.add(FaultRule(method="RetrievePropertiesEx", action="fault vim.fault.NoPermission", skip=last))

    done = run(esx_vm_migrate, world, names=["web01", "web02"], target_host="esx2")

    assert [one["failure"]["fault"] for one in done.result["vms"]] == ["InaccessibleDatastore"] * 2


@pytest.mark.parametrize(
    ("type_name", "path"),
    [("HostSystem", "parent"), ("ComputeResource", "resourcePool"), ("ResourcePool", "owner")],
)
def test_what_an_account_may_not_see_is_no_place_to_go(type_name: str, path: str) -> None:
    world = vcenter_of(WEB)
    for one in world.of_type(type_name):
        one.set(path, None)

    done = run(esx_vm_migrate, world, check_mode=True, **GO)

    assert done.kind in ("not_found", "plan")


def test_what_speaks_against_a_move_is_foreseen_though_a_question_will_be_answered_first() -> None:
    for check_mode in (True, False):
        asking = {**WEB, "questions": [{"question": "msg.serial.file.open", "during": "now"}]}

        done = run(esx_vm_migrate, vcenter_of(asking, datastores=[]), check_mode=check_mode, auto_answer="true", **GO)

        assert done.kind == ("plan" if check_mode else "task_failed")
        assert "cannot access the datastore 'datastore1'" in str(done.error)
        assert [one["answered_by"] for one in done.vm["questions"]] == ["default"]


def test_a_datastore_has_the_name_that_its_facts_and_its_paths_have() -> None:
    stores = [{"name": "datastore1"}, {"name": "b%2fc"}]
    world = world_of({**WEB, "datastore": "b%2fc"}, datastores=stores)
    make_vcenter(world, "esx2")
    facts = run(esx_datastore_info, world).result["datastores"]

    done = run(esx_vm_migrate, world, name="web01", target_datastore=facts[1]["name"])

    assert (done.error, done.vm["changed"], done.vm["place"]["datastores"]) == (None, False, ["b%2fc"])


def test_many_moves_with_files_are_checked_side_by_side() -> None:
    stores = [{"name": "datastore1"}, {"name": "small", "free_gib": 0}]
    batch = {**WEB, "name": "batch-{n:02}", "count": 20}
    world = world_of(batch, {**WEB, "name": "tiny", "datastore": "small"}, datastores=stores)
    make_vcenter(world, "esx2")

    done = run(esx_vm_migrate, world, check_mode=True, query="[]", target_datastore="small")

    *refused, there = done.result["vms"]
    said = [[one["event"] for one in entry["validation"]] for entry in refused]
    assert said == [["InsufficientStorageSpace"]] * 20
    assert [entry["failure"]["kind"] for entry in refused] == ["plan"] * 20
    assert (there["name"], there["changed"], there["failed"]) == ("tiny", False, False)
    assert called(world, "CheckRelocate_Task") == 20
    assert done.requests <= 20 + 16
