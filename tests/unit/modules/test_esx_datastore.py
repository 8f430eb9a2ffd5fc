# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_datastore on a simulated host: what the host then has, what is refused and told, and how many requests."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_datastore
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

GIB = 1024**3
ONE, TWO, USED = "naa.one", "naa.two", "naa.used"
SCENARIO: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "capacity_gib": 50, "free_gib": 20},
        {"name": "nas01", "kind": "nfs", "remote_host": "nas", "remote_path": "/vm", "capacity_gib": 10, "free_gib": 4},
        {"name": "scratch", "kind": "local"},
    ],
    "disks": [
        {"name": ONE, "capacity_gib": 100},
        {"name": TWO, "capacity_gib": 60},
        {"name": USED, "capacity_gib": 60, "holds": "other"},
    ],
    "nfs_servers": [
        {"name": "nas", "exports": ["/vm", "/iso"], "capacity_gib": 10, "free_gib": 4},
        {"name": "nas2", "exports": ["/vm"]},
        {"name": "down", "exports": ["/vm"], "is_down": True},
    ],
}
NFS: dict[str, Any] = {"name": "iso", "type": "nfs", "remote_hosts": ["nas"], "remote_path": "/iso"}
NFS41: dict[str, Any] = {"name": "wide", "type": "nfs41", "remote_hosts": ["nas2", "nas3"], "remote_path": "/vm"}
VMFS: dict[str, Any] = {"name": "fast", "type": "vmfs", "disks": [ONE]}
WRITES = (
    *("CreateNasDatastore", "CreateVmfsDatastore", "ExtendVmfsDatastore", "RemoveDatastore", "RenameDatastore"),
    *("RefreshDatastore", "DatastoreEnterMaintenanceMode", "DatastoreExitMaintenanceMode_Task"),
)


def world(*vms: dict[str, Any], **more: Any) -> World:
    return world_of(*vms, **{**SCENARIO, **more})


def names(there: World) -> list[str]:
    return sorted(store.get("name") for store in there.of_type("Datastore"))


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_datastore", {**outcome.result, **failure})


# Each step, whether it changes anything, and the requests of the run and of the second run.
STEPS: list[tuple[dict[str, Any], bool, int, int]] = [
    (NFS, True, 6, 4),
    ({**NFS, "remote_path": "/iso/", "remote_hosts": ["NAS"]}, False, 4, 4),
    ({**NFS41, "access_mode": "read-only"}, True, 6, 4),
    (VMFS, True, 9, 4),
    ({**VMFS, "disks": [ONE, TWO]}, True, 9, 4),
    ({**VMFS, "disks": [TWO], "vmfs_version": 6}, False, 4, 4),
    ({"name": "fast", "new_name": "fast01"}, True, 6, 4),
    ({"name": "fast01"}, False, 4, 4),
    ({"name": "iso", "new_name": "media", **{key: NFS[key] for key in NFS if key != "name"}}, True, 6, 4),
    ({"name": "media", "state": "absent"}, True, 6, 4),
    ({"name": "wide", "state": "absent", "type": "nfs41"}, True, 6, 4),
    ({"name": "fast01", "state": "absent", "destroy": True}, True, 6, 4),
    ({"name": "fast01", "state": "absent"}, False, 4, 4),
    ({**VMFS, "disks": [TWO, ONE], "new_name": "both", "vmfs_version": 5}, True, 12, 4),
]


def test_check_mode_and_the_second_time_are_true_of_every_step() -> None:
    there = world()
    for step, is_change, requests, again_requests in STEPS:
        before = names(there)
        foreseen = run(esx_datastore, there, check_mode=True, **step)
        assert names(there) == before
        done = run(esx_datastore, there, **step)
        again = run(esx_datastore, there, **step)

        assert (foreseen.error, done.error, again.error) == (None, None, None), step
        assert foreseen.result["changed"] == done.result["changed"] == is_change, step
        assert foreseen.result["diff"] == done.result["diff"]
        assert (again.result["changed"], again.result["diff"]) == (False, {"before": {}, "after": {}}), step
        assert again.result["datastore"] == done.result["datastore"]
        assert (done.requests, again.requests) == (requests, again_requests), step
        assert documented(foreseen) == documented(done) == documented(again) == []
    assert names(there) == ["both", "datastore1", "nas01", "scratch"]


def test_what_was_made_is_as_wished_and_as_the_difference_says() -> None:
    there = world()

    nfs = run(esx_datastore, there, **NFS).result
    wide = run(esx_datastore, there, **NFS41, access_mode="read-only").result
    fast = run(esx_datastore, there, **{**VMFS, "disks": [ONE, TWO], "vmfs_version": 5}).result

    assert nfs["diff"]["before"] == {}
    assert nfs["datastore"]["nfs"]["remote_path"] == nfs["diff"]["after"]["remote_path"] == "/iso"
    assert (nfs["datastore"]["free_bytes"], nfs["datastore"]["access_mode"]) == (4 * GIB, "read-write")
    assert wide["datastore"]["nfs"]["remote_hosts"] == ["nas2", "nas3"]
    assert wide["datastore"]["nfs"]["security_type"] == wide["diff"]["after"]["security_type"] == "AUTH_SYS"
    assert wide["datastore"]["access_mode"] == "read-only"
    assert fast["datastore"]["capacity_bytes"] == 160 * GIB
    assert fast["datastore"]["vmfs"]["version"].startswith("5.")
    assert (
        [part["disk"] for part in fast["datastore"]["vmfs"]["extents"]] == fast["diff"]["after"]["disks"] == [ONE, TWO]
    )
    assert fast["host"] == {"name": "esx1.example.com", "moid": "ha-host"}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "nowhere"}, "not_found", "there are 'datastore1', 'nas01', 'scratch'"),
    ({**NFS, "name": "datastore1"}, "plan", "it is a VMFS on 'naa.*', not nfs nas:/iso"),
    ({**NFS, "name": "nas01"}, "plan", "it is nfs nas:/vm, not nfs nas:/iso"),
    ({**NFS, "remote_path": "/vm"}, "plan", "nfs nas:/vm is mounted already, as the datastore 'nas01'"),
    ({**VMFS, "name": "nas01"}, "plan", "it is nfs nas:/vm, not a VMFS on 'naa.one'"),
    ({**VMFS, "name": "datastore1"}, "plan", "it is a VMFS on 'naa.*', not a VMFS on 'naa.one'"),
    ({"name": "vmfs", "type": "vmfs"}, "plan", "'disks' must name the disk"),
    ({**VMFS, "disks": ["naa.gone"]}, "not_found", "it has 'naa.one', 'naa.two', 'naa.used'"),
    ({**VMFS, "disks": [USED]}, "plan", "there are partitions on the disk naa.used"),
    ({**VMFS, "disks": [ONE, USED]}, "plan", "there are partitions on the disk naa.used"),
    ({"name": "nas01", "new_name": "scratch"}, "plan", "cannot be renamed to 'scratch'"),
    (
        {**NFS, "name": "nas01", "remote_path": "/vm", "access_mode": "read-only"},
        "plan",
        "has 'access_mode: read-write'",
    ),
    ({"name": "datastore1", "type": "vmfs", "vmfs_version": 5}, "plan", "has 'vmfs_version: 6', not 5"),
    ({"name": "nas01", "maintenance_mode": True}, "plan", "Storage DRS of a vCenter"),
    ({"name": "scratch", "state": "absent"}, "plan", "of the type local"),
    ({"name": "datastore1", "state": "absent", "destroy": True, "type": "nfs"}, "plan", "not nfs"),
    ({**NFS, "name": "a/b"}, "option", "no slash"),
    ({**NFS, "name": "x" * 43}, "option", "at most 42"),
    ({"name": " "}, "option", "'name' must be a name"),
    ({"name": "a", "type": "nfs", "remote_hosts": ["nas"]}, "option", "'remote_path'"),
    ({"name": "a", "type": "nfs", "remote_path": "/vm"}, "option", "'remote_hosts'"),
    ({**NFS, "remote_path": "vm"}, "option", "absolute path"),
    ({**NFS, "remote_path": "/vm/../x"}, "option", "absolute path"),
    ({**NFS, "remote_hosts": ["nas:/vm x"]}, "option", "'remote_hosts' must be"),
    ({**NFS, "remote_hosts": ["nas", "nas2"]}, "option", "NFS 3 has one server"),
    ({**NFS, "security_type": "AUTH_SYS"}, "option", "'security_type' needs 'type' to be nfs41"),
    ({**NFS, "disks": [ONE]}, "option", "'disks' needs 'type' to be vmfs"),
    ({**VMFS, "disks": ["a/b"]}, "option", "canonical names"),
    ({**VMFS, "destroy": True}, "option", "'destroy' is for"),
    ({"name": "nas01", "state": "absent", "refresh": True}, "option", "'refresh' is of no use"),
    ({"name": "nas01", "state": "absent", "new_name": "x"}, "option", "'new_name' is of no use"),
    ({"name": "nas01", "timeout": 0}, "option", "'timeout'"),
]


@pytest.mark.parametrize(("given", "kind", "words"), REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_touched(given: dict[str, Any], kind: str, words: str) -> None:
    there = world()
    for check_mode in (True, False):
        refused = run(esx_datastore, there, check_mode=check_mode, **given)

        assert refused.kind == kind, refused.error
        assert words.partition("*")[0] in str(refused.error)
        assert words.rpartition("*")[2] in str(refused.error)
        assert documented(refused) == []
    assert [method for method in WRITES if called(there, method)] == []


def test_nothing_is_taken_from_under_a_virtual_machine() -> None:
    there = world({"name": "web01", "datastore": "nas01"}, {"name": "web02", "datastore": "datastore1"})
    for name, vm in (("nas01", "web01"), ("datastore1", "web02")):
        refused = run(esx_datastore, there, name=name, state="absent", destroy=True)

        assert (refused.kind, [one["name"] for one in refused.failure["in_use"]]) == ("plan", [vm])
        assert documented(refused) == []
    assert names(there) == ["datastore1", "nas01", "scratch"]


def test_a_vmfs_is_destroyed_only_if_that_is_said() -> None:
    there = world()
    for check_mode in (True, False):
        refused = run(esx_datastore, there, name="datastore1", state="absent", check_mode=check_mode)
        assert refused.kind == "plan"
        assert "'destroy: true'" in str(refused.error)
    assert called(there, "RemoveDatastore") == 0


def test_what_a_file_server_refuses_is_told_in_its_words() -> None:
    there = world()
    for given, words in (
        ({"remote_hosts": ["down"], "remote_path": "/vm"}, "unable to connect to down"),
        ({"remote_path": "/secret"}, "it does not export /secret"),
    ):
        refused = run(esx_datastore, there, **{**NFS, **given})

        assert (refused.kind, refused.failure["fault"]) == ("fault", "PlatformConfigFault")
        assert words in str(refused.error)
        assert (refused.failure["done"], refused.result["changed"]) == ([], False)
        assert refused.result["datastore"] is None
        assert documented(refused) == []


def test_free_licence_and_missing_privilege_are_told() -> None:
    free = run(esx_datastore, world(host={"licence": "free"}), **NFS)
    assert free.kind == "restricted_licence"
    there = world()
    fields = {"object": there.of_type("HostSystem")[0].ref, "privilegeId": "Host.Config.Storage"}
    there.faults.add(FaultRule(method="CreateNasDatastore", action="fault vim.fault.NoPermission", fields=fields))
    refused = run(esx_datastore, there, **NFS)

    assert (refused.kind, refused.failure["privilege"]) == ("fault", "Host.Config.Storage")
    assert documented(free) == documented(refused) == []


def test_refresh_is_no_change() -> None:
    there = world()
    foreseen = run(esx_datastore, there, name="nas01", refresh=True, check_mode=True)
    assert called(there, "RefreshDatastore") == 0
    there.faults.add(FaultRule(method="RefreshDatastore", action="drop-after"))
    done = run(esx_datastore, there, name="nas01", refresh=True)

    assert (foreseen.result["changed"], done.result["changed"]) == (False, False)
    assert (called(there, "RefreshDatastore"), done.requests) == (2, 7)


@pytest.mark.parametrize(
    ("failing", "done"),
    [("CreateVmfsDatastore", 0), ("QueryVmfsDatastoreExtendOptions", 1), ("ExtendVmfsDatastore", 1)],
)
def test_a_failure_half_way_says_what_was_done(failing: str, done: int) -> None:
    there = world()
    wish = {**VMFS, "disks": [ONE, TWO]}
    there.faults.add(FaultRule(method=failing, action="fault vim.fault.HostConfigFault"))

    failed = run(esx_datastore, there, **wish)
    after = run(esx_datastore, there, **wish)

    assert (failed.kind, failed.failure["method"], len(failed.failure["done"])) == ("fault", failing, done)
    assert failed.result["changed"] == bool(done)
    assert (failed.result["datastore"] is None) == (not done)
    assert documented(failed) == []
    assert (after.error, after.result["changed"]) == (None, True)
    assert not run(esx_datastore, there, **wish).result["changed"]


@pytest.mark.parametrize(
    ("action", "kind"), [("drop-before", "connection_lost"), ("drop-after", None), ("garbage", None)]
)
@pytest.mark.parametrize(
    ("method", "wish"),
    [
        ("CreateNasDatastore", NFS),
        ("CreateVmfsDatastore", VMFS),
        ("RenameDatastore", {"name": "nas01", "new_name": "nas02"}),
        ("RemoveDatastore", {"name": "nas01", "state": "absent"}),
    ],
)
def test_after_a_lost_reply_the_host_is_looked_at(
    method: str, wish: dict[str, Any], action: str, kind: str | None
) -> None:
    there = world()
    there.faults.add(FaultRule(method=method, action=action))

    done = run(esx_datastore, there, **wish)

    assert (done.kind, called(there, method)) == (kind, 1)
    assert done.result["changed"] == (kind is None)
    assert run(esx_datastore, there, **wish).result["changed"] == (kind is not None)


def test_maintenance_mode_under_a_vcenter() -> None:
    there = world({"name": "web01", "datastore": "datastore1"})
    make_vcenter(there)
    wish: dict[str, Any] = {"name": "nas01", "maintenance_mode": True}

    foreseen = run(esx_datastore, there, check_mode=True, **wish)
    done = run(esx_datastore, there, **wish)
    again = run(esx_datastore, there, **wish)
    left = run(esx_datastore, there, name="nas01", maintenance_mode=False)
    refused = run(esx_datastore, there, name="datastore1", maintenance_mode=True)

    assert foreseen.result["diff"] == done.result["diff"]
    assert done.result["diff"]["after"]["maintenance_mode"] == done.result["datastore"]["maintenance_mode"] == "in"
    assert (again.result["changed"], left.result["changed"]) == (False, True)
    assert left.result["datastore"]["maintenance_mode"] == "normal"
    assert refused.failure["in_use"][0]["name"] == "web01"


def test_a_host_has_no_maintenance_mode_to_leave() -> None:
    assert not run(esx_datastore, world(), name="nas01", maintenance_mode=False).result["changed"]


def test_under_a_vcenter_the_host_is_to_be_named() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")

    which = run(esx_datastore, there, **NFS)
    one = run(esx_datastore, there, **NFS, esxi_hostname="esx1.example.com")
    other = run(esx_datastore, there, **NFS, esxi_hostname="esx2.example.com", check_mode=True)
    nobody = run(esx_datastore, there, **NFS, esxi_hostname="esx9.example.com")

    assert (which.kind, nobody.kind) == ("ambiguous", "not_found")
    assert len(which.failure["candidates"]) == 2
    assert (one.error, one.result["changed"]) == (None, True)
    # It tells nothing of what it has.
    assert other.kind == "plan"
