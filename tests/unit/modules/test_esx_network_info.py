# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_network_info on a simulated host: which switches are found, what is said of them, and how many requests."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_network_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

VM = {"name": "web01", "power_state": "powered-on"}
OFF = {"name": "db01", "nics": [{"network": "lab/7"}]}
SCENARIO: dict[str, Any] = {
    "pnics": [{}, {"vswitch": "vSwitch1"}, {"vswitch": None}],
    "networks": [{"name": "VM Network"}, {"name": "lab/7", "vswitch": "vSwitch1", "vlan_id": 7}],
    "vmkernel": [
        {"address": "192.0.2.11/24", "services": ["management"]},
        {"port_group": "vMotion", "vswitch": "vSwitch1", "vlan_id": 8, "services": ["vmotion"]},
    ],
}


def world(*vms: dict[str, Any]) -> World:
    return world_of(*(vms or (VM, OFF)), **SCENARIO)


def found(there: World, **given: Any) -> dict[str, Any]:
    outcome = run(esx_network_info, there, **given)
    assert outcome.error is None, outcome.error
    assert differences("esx_network_info", outcome.result) == []
    return {one["name"]: one for one in outcome.result["networks"]}


def test_all_are_read_in_one_round_trip() -> None:
    there = world()

    outcome = run(esx_network_info, there, with_network_xml=True, with_users=True)

    assert (outcome.requests, called(there, "RetrievePropertiesEx")) == (4, 1)
    assert differences("esx_network_info", outcome.result) == []
    assert "network" not in outcome.result
    first, second = outcome.result["networks"]
    assert (first["name"], first["uplinks"], first["mtu"], first["num_ports"]) == ("vSwitch0", ["vmnic0"], 1500, 128)
    assert (second["id"], second["host"]) == ("ha-host/vSwitch1", "esx1.example.com")
    assert [one["name"] for one in second["port_groups"]] == ["lab/7", "vMotion"]
    assert [one["vlan_id"] for one in second["port_groups"]] == [7, 8]


def test_who_uses_a_port_group_is_named() -> None:
    groups = {one["name"]: one for fact in found(world(), with_users=True).values() for one in fact["port_groups"]}

    assert [one["name"] for one in groups["VM Network"]["vms"]] == ["web01"]
    assert [one["name"] for one in groups["lab/7"]["vms"]] == ["db01"]
    assert {name: [one["type"] for one in group["ports"]] for name, group in groups.items()} == {
        "VM Network": ["virtual-machine"],
        "Management Network": ["host"],
        "lab/7": [],
        "vMotion": ["host"],
    }
    assert groups["vMotion"]["vmkernel"] == [{"name": "vmk1", "services": ["vmotion"]}]
    assert [name for name, group in groups.items() if group["management"]] == ["Management Network"]
    assert groups["Management Network"]["ports"][0]["macs"] == ["02:00:00:00:01:01"]


def test_a_policy_is_inherited_and_holds() -> None:
    (group, *_others) = found(world(), name="vSwitch0")["vSwitch0"]["port_groups"]

    assert set(group["security"].values()) == {"inherit"}
    assert set(group["effective"]["security"].values()) == {"reject"}
    assert (group["shaping"]["status"], group["effective"]["shaping"]["status"]) == ("inherit", "disabled")
    assert group["teaming"]["active_uplinks"] is None
    assert group["effective"]["teaming"] == {
        "policy": "loadbalance-srcid",
        "failure_detection": "link",
        "notify_switches": "enabled",
        "failback": "enabled",
        "active_uplinks": ["vmnic0"],
        "standby_uplinks": [],
    }


def test_one_is_found_by_all_that_names_it() -> None:
    there = world()
    fact = found(there, name="vSwitch1")["vSwitch1"]

    for given in (
        {"uuid": fact["uuid"].upper().replace("-", "")},
        {"port_group": "lab/7"},
        {"query": "[?contains(uplinks, 'vmnic1')]"},
    ):
        assert found(there, **given) == {"vSwitch1": fact}
    assert run(esx_network_info, there, name="vSwitch1").result["network"] == fact
    assert found(there, query="[?mtu==`9000`]") == {}


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"name": "vSwitch9"}, "not_found", "there are the switches 'vSwitch0', 'vSwitch1'"),
        ({"port_group": "lab"}, "not_found", "there are the port groups 'Management Network', 'VM Network', 'lab/7'"),
        ({"uuid": "00000000-0000-0000-0000-000000000000"}, "not_found", "no switch has the UUID"),
        ({"name": ""}, "option", "'name' is empty"),
        ({"query": "[].name"}, "option", "must yield switches"),
        ({"esxi_hostname": "nowhere"}, "not_found", "no ESXi host 'nowhere'"),
    ],
)
def test_what_is_not_there_is_said(given: dict[str, Any], kind: str, says: str) -> None:
    refused = run(esx_network_info, world(), **given)

    assert (refused.kind, says in str(refused.error)) == (kind, True), refused.error


def test_under_a_vcenter_each_host_has_its_own() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")
    first, second = there.of_type("HostSystem")
    second.set("config", first.get("config"))
    second.set("network", [])

    everywhere = run(esx_network_info, there, name="vSwitch0")
    one = run(esx_network_info, there, name="vSwitch0", esxi_hostname="esx2.example.com", with_users=True)

    assert (everywhere.kind, len(everywhere.failure["candidates"])) == ("ambiguous", 2)
    assert one.result["network"]["host"] == "esx2.example.com"
    assert [group["vms"] for group in one.result["network"]["port_groups"]] == [[], []]


def test_a_host_that_says_nothing_has_none() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")

    assert found(there, esxi_hostname="esx2.example.com") == {}
