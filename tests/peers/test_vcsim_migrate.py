# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our module moves machines on govmomi's vcsim, a vCenter that nobody here wrote."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

INFO, MIGRATE = "virt.esx.esx_vm_info", "virt.esx.esx_vm_migrate"
VCENTER = ["-dc", "2", "-cluster", "2", "-host", "2", "-pool", "1", "-vm", "2", "-ds", "2"]
Record = Callable[[str, object], None]
VM = "DC0_C0_RP1_VM0"


def test_host_cluster_pool_and_datastore(
    vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "RelocateVM_Task: host, cluster, pool, datastore; check mode, real, again")
    steps: list[dict[str, Any]] = [
        {"target_host": "DC0_C0_H1"},
        {"target_host": "DC0_C1_H0"},
        {"target_pool": "DC0_C1_RP1"},
        {"target_cluster": "DC0_C0", "target_host": "DC0_C0_H0", "priority": "high"},
        {"target_datastore": "LocalDS_1"},
    ]
    facts = run_tasks([{INFO: {"datacenter": "DC0", "name": VM}}], tmp_path, variables=vcsim)
    assert not facts.results[0]["failed"], facts.output
    start = facts.results[0]["vm"]["esxi_hostname"]
    steps = [{"target_host": f"DC0_C0_H{0 if start.endswith('1') else 1}"}, *steps[1:]]
    given = [{"name": VM, "datacenter": "DC0", **step} for step in steps]
    tasks = [{MIGRATE: one, **extra} for one in given for extra in ({"check_mode": True}, {}, {"check_mode": True}, {})]

    played = run_tasks(tasks, tmp_path, variables=vcsim)

    for number, one in enumerate(given):
        foreseen, done, foreseen_again, again = played.results[4 * number : 4 * number + 4]
        assert [result["failed"] for result in (foreseen, done, foreseen_again, again)] == [False] * 4, played.output
        changes = [result["changed"] for result in (foreseen, done, foreseen_again, again)]
        assert changes == [True, True, False, False], one
        assert foreseen["diff"] == done["diff"]
        place = again["vm"]["place"]
        assert one.get("target_host") in (None, place["host"])
        assert one.get("target_pool") in (None, place["pool"])
    assert played.results[-1]["vm"]["place"]["cluster"] == "DC0_C0"
    assert played.results[-1]["vm"]["place"]["datastores"] == ["LocalDS_1"]


def test_a_host_in_maintenance_is_refused_and_so_is_what_is_not_there(
    vcsim: dict[str, str], govc_program: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "refused: maintenance mode, unknown host, host of another datacenter")
    subprocess.run(
        [govc_program, "host.maintenance.enter", "-k", "-u", vcsim["GOVC_URL"], "DC0_C1_H1"],
        check=True,
        capture_output=True,
        timeout=30,
        env={"HOME": str(tmp_path), "GOVC_PERSIST_SESSION": "false", "GOVC_DATACENTER": "DC0"},
    )
    vm = {"name": VM}

    played = run_tasks(
        [
            {MIGRATE: {**vm, "target_host": "DC0_C1_H1"}, "check_mode": True},
            {MIGRATE: {**vm, "target_host": "DC0_C1_H1"}},
            {MIGRATE: {**vm, "target_host": "DC9_H9"}},
            {MIGRATE: {**vm, "target_host": "DC1_H0", "datacenter": "DC0"}},
        ],
        tmp_path,
        variables=vcsim,
    )

    kinds = [result["failure"]["kind"] for result in played.results]
    assert kinds == ["plan", "plan", "not_found", "not_found"], played.output
    assert "in maintenance mode" in played.results[1]["msg"]


@pytest.mark.parametrize("vcsim", [["-esx"]], indirect=True, ids=["esx"])
def test_a_host_of_its_own_says_what_it_takes(
    vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "refused by an ESXi host of its own")
    played = run_tasks([{MIGRATE: {"name": "ha-host_VM0", "target_host": "other"}}], tmp_path, variables=vcsim)

    assert played.results[0]["failure"]["kind"] == "plan"
    assert "connect to the vCenter" in played.results[0]["msg"]
