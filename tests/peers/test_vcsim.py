# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our modules drive govmomi's vcsim, a server that nobody here wrote."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

POWER, INFO, SESSION = "virt.esx.esx_vm_power", "virt.esx.esx_vm_info", "virt.esx.esx_session"
BATCH = 50


ESX = ["-esx", "-vm", str(BATCH)]
VCENTER = ["-dc", "2", "-vm", "3", "-folder", "1"]


@pytest.mark.parametrize("vcsim", [ESX], indirect=True, ids=["esx"])
def test_power_and_facts_of_one_vm(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    vm: dict[str, Any] = {"name": "ha-host_VM0"}
    states = ["powered-off", "powered-off", "powered-on", "powered-on", "suspended", "powered-on"]
    tasks = [{POWER: {**vm, "state": state}} for state in states]

    played = run_tasks(
        [{INFO: vm}, *tasks, {INFO: {"query": "[?power_state=='powered-on']"}}], tmp_path, variables=vcsim
    )

    first, *powered, last = played.results
    assert first["vm"]["power_state"] == "powered-on", played.output
    assert [result["changed"] for result in powered] == [True, False, True, False, True, True], played.output
    assert [result["vm"]["power_state"] for result in powered] == states
    assert len(last["vms"]) == BATCH


@pytest.mark.parametrize("vcsim", [ESX], indirect=True, ids=["esx"])
def test_a_batch_of_fifty(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    off = {POWER: {"query": "[?starts_with(name, 'ha-host_VM')]", "state": "powered-off"}}
    on = {POWER: {"query": "[]", "state": "powered-on"}}

    played = run_tasks([off, on, {**on}], tmp_path, variables=vcsim)

    assert [len(result["vms"]) for result in played.results] == [BATCH] * 3, played.output
    assert [result["changed"] for result in played.results] == [True, True, False]
    assert all(entry["power_state"] == "powered-on" for entry in played.results[1]["vms"])


@pytest.mark.parametrize("vcsim", [VCENTER], indirect=True, ids=["vcenter"])
def test_under_vcenter_every_selector_finds_and_narrows(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    facts = run_tasks([{INFO: {}}], tmp_path, variables=vcsim).results[0]["vms"]
    one = next(fact for fact in facts if fact["path"].startswith("/F0/DC1/"))
    uri = f"vpx://user@127.0.0.1:{vcsim['VMWARE_PORT']}/F0/DC1/F0/DC1_C0/{one['esxi_hostname']}?no_verify=1"
    by_uri = {key: value for key, value in vcsim.items() if key == "VMWARE_PASSWORD"}

    played = run_tasks(
        [
            {POWER: {"moid": one["moid"], "state": "powered-off"}},
            {POWER: {"uuid": one["uuid"], "state": "powered-on"}},
            {POWER: {"uuid": one["instance_uuid"], "state": "powered-off"}},
            {POWER: {"name": one["name"], "datacenter": "DC1", "state": "powered-on"}},
            {INFO: {"name": one["name"], "datacenter": "DC0"}},
        ],
        tmp_path,
        variables=vcsim,
    )
    named = run_tasks([{INFO: {"uri": uri, "name": one["name"]}}], tmp_path, variables=by_uri)

    *powered, elsewhere = played.results
    assert [result["changed"] for result in powered] == [True] * 4, played.output
    assert elsewhere["failure"]["kind"] == "not_found"
    assert named.results[0]["vm"]["moid"] == one["moid"], named.output


@pytest.mark.parametrize("vcsim", [ESX, VCENTER], indirect=True, ids=["esx", "vcenter"])
def test_a_session_is_kept_and_replaced_when_it_has_ended(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    place = {**vcsim, "XDG_RUNTIME_DIR": str(tmp_path)}
    kept = {"persist_session": True}

    def play(*tasks: dict[str, Any]) -> list[bool]:
        played = run_tasks(tasks, tmp_path, variables=place, defaults=kept)
        assert [result["failed"] for result in played.results] == [False] * len(tasks), played.output
        return [bool(result["changed"]) for result in played.results]

    assert play({INFO: {}}) == [False]
    [file] = [path for path in (tmp_path / "virt.esx").iterdir() if not path.suffix]
    first = file.read_bytes()
    off, on = ({POWER: {"query": "[?ends_with(name, 'VM0')]", "state": f"powered-{way}"}} for way in ("off", "on"))
    assert play(off, on, on) == [True, True, False]
    assert file.read_bytes() == first

    assert play({SESSION: {}}, {SESSION: {}}) == [True, False]
    file.touch(mode=0o600)
    file.write_bytes(first)
    assert play(off, on) == [True, True]
    assert file.read_bytes() != first
    assert play({SESSION: {}}) == [True]
