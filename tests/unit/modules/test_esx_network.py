# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_network on a simulated host: what the host then has, what is refused and told, what is taken back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_network, esx_network_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of
from pyVmomi import vmodl

SCENARIO: dict[str, Any] = {
    "pnics": [{}, {"vswitch": None}, {"vswitch": None}, {"vswitch": None, "link_mbps": 0}, {"vswitch": "vSwitch7"}],
    "networks": [{"name": "VM Network"}, {"name": "lab", "vlan_id": 7}, {"name": "far", "vswitch": "vSwitch7"}],
}
VM = {"name": "web01", "nics": [{"network": "lab"}]}
WRITES = (
    *("AddVirtualSwitch", "UpdateVirtualSwitch", "RemoveVirtualSwitch"),
    *("AddPortGroup", "UpdatePortGroup", "RemovePortGroup"),
)
XML = """<network><name>vSwitch2</name><forward mode='bridge'><interface dev='vmnic2'/></forward>
<bandwidth><inbound average='1000' peak='2000' burst='1024'/>
<outbound average='1000' peak='2000' burst='1024'/></bandwidth>
<portgroup name='db'><vlan><tag id='40'/></vlan></portgroup></network>"""


def world(*vms: dict[str, Any], **more: Any) -> World:
    return world_of(*vms, **{**SCENARIO, **more})


def facts(there: World) -> dict[str, dict[str, Any]]:
    found = run(esx_network_info, there).result["networks"]
    return {one["name"]: one for one in found}


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_network", {**outcome.result, **failure})


def group(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


# Each step, whether it changes anything, and the requests of the run.
STEPS: list[tuple[dict[str, Any], bool, int]] = [
    ({"name": "vSwitch1"}, True, 6),
    ({"name": "vSwitch1", "uplinks": ["vmnic1"], "mtu": 9000, "num_ports": 64}, True, 6),
    ({"name": "vSwitch1", "port_groups": [group("web", vlan_id=20), group("all", vlan_id=4095)]}, True, 7),
    ({"name": "vSwitch1", "uplinks": ["vmnic2", "vmnic1"]}, True, 6),
    ({"name": "vSwitch1", "uplinks": ["vmnic1", "vmnic2"]}, False, 4),
    ({"name": "vSwitch1", "teaming": {"active_uplinks": ["vmnic2"], "standby_uplinks": ["vmnic1"]}}, True, 6),
    (
        {
            "name": "vSwitch1",
            "teaming": {"policy": "failover-explicit", "failback": "disabled", "failure_detection": "beacon"},
            "security": {"promiscuous": "accept", "mac_changes": "accept"},
            "shaping": {"average_bps": 8000, "peak_bps": 16000, "burst_bytes": 1024},
        },
        True,
        6,
    ),
    (
        {
            "name": "vSwitch1",
            "port_groups": [
                group(
                    "web",
                    security={"promiscuous": "reject"},
                    shaping={"status": "disabled"},
                    teaming={"active_uplinks": ["vmnic1"], "notify_switches": "disabled"},
                ),
                group("all", state="absent"),
            ],
        },
        True,
        7,
    ),
    # An uplink goes that a port group names, and another comes: first the switch has both.
    (
        {
            "name": "vSwitch1",
            "uplinks": ["vmnic2", "vmnic3"],
            "port_groups": [group("web", teaming={"active_uplinks": ["vmnic3"]})],
        },
        True,
        8,
    ),
    (
        {
            "name": "vSwitch1",
            "port_groups": [
                group(
                    "web",
                    security={"promiscuous": "inherit"},
                    shaping={"status": "inherit"},
                    teaming={"inherit_order": True, "notify_switches": "inherit"},
                )
            ],
        },
        True,
        6,
    ),
    ({"name": "vSwitch1", "shaping": {"status": "disabled"}, "uplinks": []}, True, 6),
    ({"name": "vSwitch1", "port_groups": [group("dmz")], "purge_port_groups": True}, True, 7),
    ({"network_xml": XML}, True, 7),
    ({"network_xml": XML, "state": "absent"}, True, 6),
    ({"name": "vSwitch1", "state": "absent"}, True, 6),
    ({"name": "vSwitch1", "state": "absent"}, False, 4),
]


def test_check_mode_and_the_second_time_are_true_of_every_step() -> None:
    there = world()
    first = facts(there)
    for step, is_change, requests in STEPS:
        before = facts(there)
        foreseen = run(esx_network, there, check_mode=True, **step)
        assert facts(there) == before
        done = run(esx_network, there, **step)
        again = run(esx_network, there, **step)

        assert (foreseen.error, done.error, again.error) == (None, None, None), step
        assert foreseen.result["changed"] == done.result["changed"] == is_change, step
        assert foreseen.result["diff"] == done.result["diff"]
        assert (again.result["changed"], again.result["diff"]) == (False, {"before": {}, "after": {}}), step
        assert again.result["network"] == done.result["network"]
        assert (done.requests, again.requests) == (requests, 4), step
        assert documented(foreseen) == documented(done) == documented(again) == []
    assert facts(there) == first


def test_what_was_made_is_as_wished_and_as_the_difference_says() -> None:
    there = world()
    security = {"promiscuous": "accept", "mac_changes": "reject", "forged_transmits": "accept"}
    shaping = {"average_bps": 8000, "peak_bps": 16000, "burst_bytes": 1024}
    teaming = {
        "policy": "loadbalance-ip",
        "failure_detection": "link",
        "notify_switches": "disabled",
        "failback": "disabled",
        "active_uplinks": ["vmnic2"],
        "standby_uplinks": ["vmnic1"],
    }

    done = run(
        esx_network,
        there,
        name="vSwitch1",
        uplinks=["vmnic1", "vmnic2"],
        mtu=9000,
        num_ports=256,
        security=security,
        shaping=shaping,
        teaming=teaming,
        port_groups=[group("web", vlan_id=4095, security=security)],
    )

    fact, after = done.result["network"], done.result["diff"]["after"]
    assert done.result["diff"]["before"] == {}
    for said in (fact, after):
        assert (said["uplinks"], said["mtu"], said["num_ports"]) == (["vmnic1", "vmnic2"], 9000, 256)
        assert (said["security"], said["teaming"]) == (security, teaming)
        assert said["shaping"] == {"status": "enabled", **shaping}
    assert after["port_groups"]["web"]["vlan_id"] == 4095
    (web,) = fact["port_groups"]
    assert (web["security"], web["teaming"]["policy"], web["effective"]["teaming"]) == (security, "inherit", teaming)
    assert [one.get("name") for one in there.of_type("Network")] == ["VM Network", "lab", "far", "web"]


def test_what_we_have_no_word_for_stays() -> None:
    there = world()
    system = there.of_type("HostNetworkSystem")[0]
    with there.lock:
        (first, *_others) = system.stored("networkInfo").vswitch
        first.spec.policy.nicTeaming.failureCriteria.percentage = 9

    run(esx_network, there, name="vSwitch0", mtu=9000, teaming={"failure_detection": "beacon"})

    spec = system.get("networkInfo").vswitch[0].spec
    assert (spec.mtu, spec.policy.nicTeaming.failureCriteria.percentage) == (9000, 9)
    assert (spec.policy.nicTeaming.failureCriteria.checkBeacon, spec.policy.nicTeaming.reversePolicy) == (True, True)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "n" * 32}, "option", "at most 31 characters"),
    ({"name": " "}, "option", "a name that can be printed"),
    ({"name": "new", "mtu": 9001}, "option", "'mtu' must be from 1280 to 9000"),
    ({"name": "new", "num_ports": 0}, "option", "'num_ports' must be from 1 to 4088"),
    ({"name": "new", "port_groups": [group("a", vlan_id=5000)]}, "option", "'port_groups[0].vlan_id' must be from 0"),
    ({"name": "new", "port_groups": [group("a"), group("a")]}, "option", "'port_groups' has 'a' twice"),
    ({"name": "new", "port_groups": [group("a" * 81)]}, "option", "at most 80 characters"),
    ({"name": "new", "port_groups": [group("a", state="absent", vlan_id=1)]}, "option", "is of no use with"),
    ({"name": "new", "uplinks": ["vmnic1", "vmnic1"]}, "option", "names a physical NIC twice"),
    ({"name": "new", "uplinks": ["vmnic9"]}, "not_found", "no physical NIC 'vmnic9'; there are 'vmnic0'"),
    ({"name": "new", "uplinks": ["vmnic4"]}, "plan", "vmnic4 is an uplink of the switch 'vSwitch7'"),
    ({"name": "new", "port_groups": [group("lab")]}, "plan", "'lab' is on the switch 'vSwitch0', not on 'new'"),
    ({"name": "new", "teaming": {"active_uplinks": ["vmnic1"]}}, "plan", "names 'vmnic1', which would be no uplink"),
    ({"name": "vSwitch0", "port_groups": [group("lab", teaming={"active_uplinks": ["vmnic1"]})]}, "plan", "no uplink"),
    (
        {"name": "new", "uplinks": ["vmnic1"], "teaming": {"active_uplinks": ["vmnic2"]}},
        "option",
        "the failover order names 'vmnic2', 'uplinks' does not",
    ),
    (
        {"name": "new", "teaming": {"active_uplinks": ["vmnic1"], "standby_uplinks": ["vmnic1"]}},
        "option",
        "'vmnic1' cannot be active and on standby",
    ),
    (
        {"name": "new", "port_groups": [group("a", teaming={"inherit_order": True, "active_uplinks": []})]},
        "option",
        "contradict each other",
    ),
    ({"name": "new", "shaping": {"average_bps": 2, "peak_bps": 1}}, "option", "must not be less than"),
    (
        {"name": "new", "shaping": {"status": "disabled", "peak_bps": 1}},
        "option",
        "is of no use with 'status: disabled'",
    ),
    ({"name": "new", "purge_port_groups": True}, "option", "needs 'port_groups'"),
    ({"name": "vSwitch7", "state": "absent", "mtu": 1500}, "option", "'mtu' is of no use"),
    ({"network_xml": "<network/>"}, "option", "/network/name is missing"),
    ({"network_xml": XML.replace("bridge", "nat")}, "option", "/network/forward/@mode is 'nat'"),
    ({"network_xml": XML.replace("<portgroup", "<uuid>" + "0" * 32 + "</uuid><portgroup")}, "option", "the UUID"),
    ({"name": "vSwitch0", "state": "absent"}, "plan", "'lab' by the virtual machine 'web01'"),
    ({"name": "vSwitch0", "port_groups": [group("lab", state="absent")]}, "plan", "the virtual machine 'web01'"),
    ({"name": "vSwitch0", "port_groups": [], "purge_port_groups": True}, "plan", "it is in use"),
]


@pytest.mark.parametrize(("given", "kind", "says"), REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_touched(given: dict[str, Any], kind: str, says: str) -> None:
    there = world(VM)
    before = facts(there)

    for check_mode in (True, False):
        refused = run(esx_network, there, check_mode=check_mode, **given)
        assert (refused.kind, says in str(refused.error)) == (kind, True), refused.error
        assert documented(refused) == []
    assert [called(there, method) for method in WRITES] == [0] * 6
    assert facts(there) == before


def test_who_uses_it_is_named() -> None:
    refused = run(esx_network, world(VM), name="vSwitch0", state="absent")

    assert refused.failure["in_use"] == [
        {"port_group": "lab", "kind": "virtual-machine", "name": "web01", "moid": "1"},
        {"port_group": "Management Network", "kind": "vmkernel", "name": "vmk0", "moid": None},
    ]
    assert "by the VMkernel adapter 'vmk0'" in str(refused.error)


CUTS: list[tuple[dict[str, Any], str]] = [
    ({"uplinks": []}, "none of its uplinks 'vmnic0' would be left"),
    ({"uplinks": ["vmnic1"]}, "none of its uplinks 'vmnic0' would be left"),
    ({"port_groups": [group("Management Network", vlan_id=9)]}, "the VLAN would be 9 and no more 0"),
    ({"teaming": {"active_uplinks": []}}, "none of its uplinks"),
    (
        {
            "uplinks": ["vmnic0", "vmnic1"],
            "port_groups": [group("Management Network", teaming={"active_uplinks": ["vmnic1"]})],
        },
        "none of its uplinks",
    ),
]


@pytest.mark.parametrize(("given", "says"), CUTS)
def test_the_host_is_not_cut_off_unless_that_is_meant(given: dict[str, Any], says: str) -> None:
    there = world()

    for check_mode in (True, False):
        refused = run(esx_network, there, name="vSwitch0", check_mode=check_mode, **given)
        assert (refused.kind, says in str(refused.error)) == ("plan", True), refused.error
        assert refused.failure["management"] == {"port_group": "Management Network", "vmkernel": ["vmk0"]}
        assert documented(refused) == []
    assert [called(there, method) for method in WRITES] == [0] * 6
    done = run(esx_network, there, name="vSwitch0", cut_management=True, **given)
    assert (done.error, done.result["changed"]) == (None, True)


def test_what_leaves_the_host_an_uplink_is_done() -> None:
    there = world()

    for given in (
        {"uplinks": ["vmnic0", "vmnic1"]},
        {"teaming": {"active_uplinks": ["vmnic1"], "standby_uplinks": ["vmnic0"]}},
        {"uplinks": ["vmnic1"]},
        {"port_groups": [group("lab", vlan_id=9)]},
    ):
        done = run(esx_network, there, name="vSwitch0", **given)
        assert (done.error, done.result["changed"]) == (None, True), given
    assert facts(there)["vSwitch0"]["teaming"]["active_uplinks"] == ["vmnic1"]


def test_an_uplink_without_a_link_does_not_carry_the_host() -> None:
    there = world()
    run(esx_network, there, name="vSwitch0", uplinks=["vmnic0", "vmnic3"])

    refused = run(esx_network, there, name="vSwitch0", uplinks=["vmnic3"])

    assert "none of its uplinks 'vmnic0' would be left" in str(refused.error)


MANY: dict[str, Any] = {
    "name": "vSwitch7",
    "uplinks": ["vmnic4", "vmnic1"],
    "mtu": 9000,
    "port_groups": [group("far", state="absent"), group("a", vlan_id=1), group("b", vlan_id=2), group("c", vlan_id=3)],
}


@pytest.mark.parametrize(
    ("method", "nth"),
    [("RemovePortGroup", 1), ("UpdateVirtualSwitch", 1), ("AddPortGroup", 1), ("AddPortGroup", 2), ("AddPortGroup", 3)],
)
@pytest.mark.parametrize(
    "wish", [MANY, {**MANY, "name": "new", "uplinks": ["vmnic1"], "port_groups": MANY["port_groups"][1:]}]
)
def test_a_step_that_fails_takes_all_back(wish: dict[str, Any], method: str, nth: int) -> None:
    there = world()
    before = facts(there)
    there.faults.add(FaultRule(method=method, skip=nth - 1, action="fault HostConfigFault"))

    failed = run(esx_network, there, **wish)

    if failed.error is None:
        assert wish["name"] == "new"
        return
    assert (failed.kind, failed.failure["fault"], failed.failure["method"]) == ("fault", "HostConfigFault", method)
    assert failed.failure["rolled_back"] is True
    assert "as it was" in str(failed.error) or "nothing was changed" in str(failed.error)
    assert (failed.result["changed"], failed.result["diff"]) == (False, {"before": {}, "after": {}})
    # What was removed and made again is at the end.
    assert {name: by_name(one) for name, one in facts(there).items()} == {
        name: by_name(one) for name, one in before.items()
    }
    assert documented(failed) == []
    there.faults.clear()
    assert run(esx_network, there, **wish).result["changed"]
    assert not run(esx_network, there, **wish).result["changed"]


def by_name(fact: dict[str, Any]) -> dict[str, Any]:
    return {**fact, "port_groups": sorted(fact["port_groups"], key=lambda one: str(one["name"]))}


def test_what_cannot_be_taken_back_is_said() -> None:
    there = world()
    there.faults.add(FaultRule(method="AddPortGroup", skip=1, action="fault HostConfigFault", count=None))
    there.faults.add(FaultRule(method="RemovePortGroup", skip=1, action="fault HostConfigFault", count=None))

    failed = run(esx_network, there, **MANY)

    assert failed.failure["rolled_back"] is False
    assert failed.failure["not_restored"] == ["the port group 'far'", "the port group 'a'"]
    assert "not as before: the port group 'far', the port group 'a'" in str(failed.error)
    assert failed.result["changed"]
    assert set(failed.result["diff"]["before"]["port_groups"]) == {"far"}
    assert set(failed.result["diff"]["after"]["port_groups"]) == {"a"}
    assert documented(failed) == []


@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
@pytest.mark.parametrize("method", ["RemovePortGroup", "UpdateVirtualSwitch", "AddPortGroup"])
def test_after_a_lost_reply_nothing_is_sent_twice(method: str, action: str) -> None:
    there = world()
    before = facts(there)
    there.faults.add(FaultRule(method=method, action=action))

    done = run(esx_network, there, **MANY)

    if action == "drop-after":
        assert (done.error, done.result["changed"]) == (None, True)
        assert called(there, method) == (3 if method == "AddPortGroup" else 1)
    else:
        assert (done.kind, done.failure["rolled_back"]) == ("connection_lost", True)
        assert {name: by_name(one) for name, one in facts(there).items()} == {
            name: by_name(one) for name, one in before.items()
        }
    assert documented(done) == []


def test_the_host_s_own_words_are_passed_on() -> None:
    there = world()
    words = [
        vmodl.LocalizableMessage(key="esx.problem", message="Sysinfo error: Busy."),
        vmodl.LocalizableMessage(key=""),
    ]
    there.faults.add(
        FaultRule(method="AddVirtualSwitch", action="fault HostConfigFault", fields={"faultMessage": words})
    )

    failed = run(esx_network, there, name="new")

    assert "HostConfigFault: The scenario says HostConfigFault. (Sysinfo error: Busy.); nothing" in str(failed.error)


def test_a_host_that_is_gone_afterwards_is_said() -> None:
    there = world()
    there.faults.add(FaultRule(method="AddPortGroup", action="fault HostConfigFault"))
    there.faults.add(FaultRule(method="RetrievePropertiesEx", skip=1, action="drop-before", count=None))

    failed = run(esx_network, there, **MANY)

    assert "could not be looked at afterwards" in str(failed.error)
    assert "rolled_back" not in failed.failure
    assert failed.failure["done"][0] == "the port group 'far' is removed"
    assert documented(failed) == []


def test_the_free_licence_and_a_missing_privilege_are_said() -> None:
    free = run(esx_network, world(host={"licence": "free"}), name="new")

    assert (free.kind, free.failure["rolled_back"]) == ("restricted_licence", True)


def test_the_xml_that_comes_out_goes_in_and_changes_nothing() -> None:
    there = world()
    run(esx_network, there, network_xml=XML, mtu=9000)

    found = run(esx_network_info, there, with_network_xml=True).result["networks"]
    for fact in found:
        again = run(esx_network, there, network_xml=fact["network_xml"])
        assert (again.error, again.result["changed"]) == (None, False), fact["network_xml"]
    made = next(one for one in found if one["name"] == "vSwitch2")
    assert made["shaping"] == {
        "status": "enabled",
        "average_bps": 8_000_000,
        "peak_bps": 16_000_000,
        "burst_bytes": 1024**2,
    }
    # The same without the limit takes it away; the VLAN that is not said stays.
    plain = "<network><name>vSwitch2</name><forward mode='bridge' dev='vmnic2'/><portgroup name='db'/></network>"
    done = run(esx_network, there, network_xml=plain)
    assert done.result["network"]["shaping"]["status"] == "disabled"
    assert done.result["network"]["port_groups"][0]["vlan_id"] == 40


def test_under_a_vcenter_the_host_must_be_named() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")

    which = run(esx_network, there, name="new")
    one = run(esx_network, there, name="new", esxi_hostname="esx1.example.com")
    silent = run(esx_network, there, name="new", esxi_hostname="esx2.example.com")

    assert (which.kind, len(which.failure["candidates"])) == ("ambiguous", 2)
    assert (one.error, one.result["changed"], one.requests) == (None, True, 7)
    assert "does not tell what its network is" in str(silent.error)
    assert [documented(each) for each in (which, one, silent)] == [[], [], []]
