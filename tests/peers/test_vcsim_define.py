# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our module makes, changes and removes machines on govmomi's vcsim, a host and a vCenter that nobody here wrote."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

DEFINE, INFO, POWER = "virt.esx.esx_vm_define", "virt.esx.esx_vm_info", "virt.esx.esx_vm_power"
ESX = ["-esx", "-vm", "1"]
VCENTER = ["-dc", "2", "-cluster", "1", "-host", "2", "-pool", "1", "-folder", "1", "-vm", "1", "-ds", "2"]
# Where a new machine goes; a vCenter with two datacenters must be told.
HERE: dict[str, dict[str, Any]] = {
    "esx": {},
    "vcenter": {"datacenter": "DC1", "esxi_hostname": "DC1_C0_H1", "datastore": "LocalDS_1"},
}
BOTH = pytest.mark.parametrize(("vcsim", "where"), [(ESX, "esx"), (VCENTER, "vcenter")], indirect=["vcsim"], ids=HERE)
Record = Callable[[str, object], None]
DISK = {"slot": "scsi0:0", "capacity_kib": 1048576, "provisioning": "thin"}
MACHINE: dict[str, Any] = {
    "guest_id": "otherGuest64",
    "cpus": 1,
    "memory_mib": 512,
    "disks": [DISK],
    "nics": [{"slot": "ethernet0", "network": "VM Network"}],
    "extra": {"guestinfo.role": "test"},
}
# No disk grows: a vcsim forgets the capacity of one that does, and a second run sees it.
CHANGED: dict[str, Any] = {
    **MACHINE,
    "cpus": 2,
    "memory_mib": 1024,
    "annotation": "changed",
    "disks": [DISK, {"slot": "scsi0:1", "capacity_kib": 4096}],
    "extra": {"guestinfo.role": "web"},
}


def four_times(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Foresee it, do it, foresee it again, do it again."""
    return [{DEFINE: task, "check_mode": True}, {DEFINE: task}, {DEFINE: task, "check_mode": True}, {DEFINE: task}]


@BOTH
def test_create_reconfigure_and_destroy(
    vcsim: dict[str, str], where: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "CreateVM_Task, ReconfigVM_Task, Destroy_Task: check mode, real, both again")
    name = {"name": "new01", **HERE[where]}
    tasks = [
        *four_times({**name, "definition": MACHINE}),
        {INFO: {"name": "new01", "with_definition": True}},
        *four_times({**name, "definition": CHANGED}),
        {INFO: {"name": "new01", "with_definition": True}},
        *four_times({**name, "state": "absent", "delete_from_disk": True}),
        {INFO: {"query": "[?name=='new01']"}},
    ]

    played = run_tasks(tasks, tmp_path, variables=vcsim)

    assert not any(result["failed"] for result in played.results), played.output
    for first in (0, 5, 10):
        steps = played.results[first : first + 4]
        assert [step["changed"] for step in steps] == [True, True, False, False], played.output
        assert steps[0]["diff"] == steps[1]["diff"]
    made, changed = (played.results[index]["vm"]["definition"] for index in (4, 9))
    assert (made["memory_mib"], made["cpus"], len(made["disks"])) == (512, 1, 1)
    assert (changed["memory_mib"], changed["cpus"], changed["annotation"]) == (1024, 2, "changed")
    assert [disk["capacity_kib"] for disk in changed["disks"]] == [1048576, 4096]
    assert changed["extra"]["guestinfo.role"] == "web"
    assert played.results[-1]["vms"] == []


@BOTH
def test_unregister(vcsim: dict[str, str], where: str, tmp_path: pathlib.Path, record_property: Record) -> None:
    # The VMX files that vcsim writes are empty, so there is none that could be registered again.
    record_property("command", "UnregisterVM: check mode, real, both again; a machine that runs")
    name = {"name": "new01", **HERE[where]}
    tasks = [
        {DEFINE: {**name, "definition": MACHINE}},
        {POWER: {"name": "new01", "state": "powered-on"}},
        {DEFINE: {**name, "state": "absent"}},
        *four_times({**name, "state": "absent", "force": True}),
        {INFO: {"query": "[?name=='new01']"}},
    ]

    played = run_tasks(tasks, tmp_path, variables=vcsim)

    assert played.results[2]["failed"], played.output
    assert "powered-on" in played.results[2]["msg"]
    assert [result["changed"] for result in played.results[3:7]] == [True, True, False, False], played.output
    assert played.results[-1]["vms"] == []


@BOTH
def test_what_cannot_be_is_said_before_anything_is_made(
    vcsim: dict[str, str], where: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "an unknown network, datastore, folder, pool; a machine that runs")
    name = {"name": "new01", **HERE[where]}
    wishes: list[tuple[dict[str, Any], str]] = [
        ({"definition": {**MACHINE, "nics": [{"slot": "ethernet0", "network": "nowhere"}]}}, "no network 'nowhere'"),
        ({"definition": MACHINE, "datastore": "nowhere"}, "no datastore 'nowhere'"),
        ({"definition": MACHINE, "folder": "nowhere"}, "no folder 'nowhere'"),
        ({"definition": MACHINE, "resource_pool": "nowhere"}, "no resource pool 'nowhere'"),
    ]
    tasks: list[dict[str, Any]] = [{DEFINE: {**name, **wish}, "ignore_errors": True} for wish, _says in wishes]
    tasks.append({INFO: {"query": "[?name=='new01']"}})

    played = run_tasks(tasks, tmp_path, variables=vcsim)

    for (_wish, says), result in zip(wishes, played.results, strict=False):
        assert result["failed"], played.output
        assert says in result["msg"]
    assert played.results[-1]["vms"] == []


@pytest.mark.parametrize("vcsim", [VCENTER], indirect=True, ids=["vcenter"])
def test_a_machine_goes_where_it_is_told(
    vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "folder, resource_pool, esxi_hostname, datastore")
    place = {**HERE["vcenter"], "folder": "F0/web", "resource_pool": "DC1_C0_RP1"}
    del place["folder"]
    tasks = [{DEFINE: {"name": "new01", **place, "definition": MACHINE}}, {INFO: {"name": "new01"}}]

    played = run_tasks(tasks, tmp_path, variables=vcsim)

    assert not any(result["failed"] for result in played.results), played.output
    assert played.results[1]["vm"]["esxi_hostname"] == "DC1_C0_H1"
