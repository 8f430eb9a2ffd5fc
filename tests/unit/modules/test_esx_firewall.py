# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_firewall on a simulated host: what it then lets through, what is refused and told, and in how many requests."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_firewall
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

US = "127.0.0.1"
WRITES = ("EnableRuleset", "DisableRuleset", "UpdateRuleset", "UpdateDefaultPolicy", "RefreshFirewall")
# Of what a task can be told of a rule set, what is not said.
NOTHING: dict[str, Any] = {"all_ip": None, "addresses": None, "networks": None, "change": "set"}


# On a new host nobody can disable these.
NOT_REQUIRED = ("vSphereClient", "sshServer")


def world(**firewall: Any) -> World:
    given = {one["name"]: one for one in firewall.pop("rulesets", ())}
    free = {name: {"name": name, "required": False, **given.get(name, {})} for name in NOT_REQUIRED}
    return world_of(firewall={"rulesets": [*{**given, **free}.values()], **firewall})


def ruleset(name: str, enabled: bool | None = None, **allowed: Any) -> dict[str, Any]:
    """Return a rule set as Ansible passes it."""
    return {"name": name, "enabled": enabled, "allowed": {**NOTHING, **allowed} if allowed else None}


def play(there: World, *rulesets: dict[str, Any], **given: Any) -> Outcome:
    policy = given.pop("default_policy", None)
    if policy is not None:
        given["default_policy"] = {"incoming_blocked": None, "outgoing_blocked": None, **policy}
    if rulesets:
        given["rulesets"] = list(rulesets)
    return run(esx_firewall, there, **given)


def info(there: World) -> str:
    return str(there.of_type("HostFirewallSystem")[0].get("firewallInfo"))


def said(there: World) -> dict[str, Any]:
    """Return whether each rule set is enabled, and who may use it."""
    found = there.of_type("HostFirewallSystem")[0].get("firewallInfo").ruleset
    lists = {
        one.key: [
            *one.allowedHosts.ipAddress,
            *(f"{net.network}/{net.prefixLength}" for net in one.allowedHosts.ipNetwork),
        ]
        for one in found
    }
    return {one.key: (one.enabled, "all" if one.allowedHosts.allIp else lists[one.key]) for one in found}


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_firewall", {**outcome.result, **failure})


def seen(outcome: Outcome) -> dict[str, Any]:
    """Return what check mode and the run must agree in."""
    names = ("changed", "diff", "rulesets", "default_policy", "client_address")
    return {"failure": outcome.failure, **{name: outcome.result.get(name) for name in names}}


STEPS: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([ruleset("sshClient", True)], {}),
    ([ruleset("sshServer", addresses=["192.0.2.1", "2001:DB8::1"], networks=["10.0.0.0/255.0.0.0"])], {}),
    (
        [ruleset("sshServer", change="add", addresses=["192.0.2.2"]), ruleset("vsanvp", True, networks=["10.0.0.0/8"])],
        {},
    ),
    ([ruleset("sshServer", change="remove", addresses=["192.0.2.1"], networks=["10.0.0.0/8"])], {}),
    ([ruleset("sshServer", False, networks=[]), ruleset("sshClient", False)], {}),
    ([ruleset("sshServer", True, all_ip=True)], {}),
    ([ruleset("vSphereClient", addresses=[US, "192.0.2.1"])], {}),
    ([ruleset("webAccess", all_ip=False)], {}),
    ([], {"default_policy": {"outgoing_blocked": False}}),
    ([ruleset("dns", False)], {"default_policy": {"incoming_blocked": False, "outgoing_blocked": True}}),
    ([ruleset("vSphereClient", False)], {}),
    ([ruleset("vSphereClient", True)], {"default_policy": {"incoming_blocked": True}}),
    ([ruleset("vSphereClient", addresses=["192.0.2.1"])], {"force": True}),
]


def test_check_mode_and_the_second_time_are_true_of_every_step() -> None:
    there = world()
    for rulesets, given in STEPS:
        before = info(there)
        foreseen = play(there, *copy.deepcopy(rulesets), check_mode=True, **given)
        assert info(there) == before
        done = play(there, *copy.deepcopy(rulesets), **given)
        again = play(there, *copy.deepcopy(rulesets), **given)

        assert seen(foreseen) == seen(done), rulesets
        assert (done.error, done.result["changed"]) == (None, True), rulesets
        assert info(there) != before
        assert (again.error, again.result["changed"], again.result["diff"]) == (
            None,
            False,
            {"before": {}, "after": {}},
        )
        assert again.result["rulesets"] == done.result["rulesets"]
        assert again.requests == 4
        assert documented(foreseen) == documented(done) == []


def test_what_is_asked_for_is_what_the_host_has() -> None:
    there = world()

    outcome = play(
        there,
        ruleset("vsanvp", True, addresses=["192.0.2.1"], networks=["2001:db8::/32"]),
        ruleset("webAccess", False),
    )

    assert said(there)["vsanvp"] == (True, ["192.0.2.1", "2001:db8::/32"])
    assert said(there)["webAccess"] == (False, "all")
    assert [one["name"] for one in outcome.result["rulesets"]] == ["vsanvp", "webAccess"]
    assert outcome.result["diff"] == {
        "before": {
            "rulesets": {
                "vsanvp": {"enabled": False, "allowed": {"all_ip": True, "addresses": [], "networks": []}},
                "webAccess": {"enabled": True},
            }
        },
        "after": {
            "rulesets": {
                "vsanvp": {
                    "enabled": True,
                    "allowed": {"all_ip": False, "addresses": ["192.0.2.1"], "networks": ["2001:db8::/32"]},
                },
                "webAccess": {"enabled": False},
            }
        },
    }
    # Content, login, read, three changes, the same read again, logout.
    assert outcome.requests == 8
    calls = [call.method for call in there.calls if call.method in WRITES]
    assert calls == ["UpdateRuleset", "EnableRuleset", "DisableRuleset"]


def test_a_rule_set_never_stands_open_to_more_than_is_wished() -> None:
    there = world(rulesets=[{"name": "vsanvp", "allowed": ["10.0.0.1"]}])

    play(there, ruleset("sshServer", False, all_ip=False), ruleset("vsanvp", True, all_ip=True))
    play(there, ruleset("vsanvp", False, addresses=["10.0.0.2"]))

    calls = [(call.method, call.args["id"]) for call in there.calls if call.method in WRITES]
    assert calls == [
        ("UpdateRuleset", "vsanvp"),
        ("EnableRuleset", "vsanvp"),
        ("DisableRuleset", "sshServer"),
        ("UpdateRuleset", "sshServer"),
        ("DisableRuleset", "vsanvp"),
        ("UpdateRuleset", "vsanvp"),
    ]


def test_with_nothing_said_all_is_read() -> None:
    there = world_of(host={"licence": "free"}, firewall={"rulesets": [{"name": "dns", "allowed": ["192.0.2.53"]}]})

    everything = play(there)
    two = play(there, ruleset("dns"), ruleset("sshServer"))
    one = play(there, ruleset("dns"))
    none = run(esx_firewall, there, rulesets=[])

    assert (everything.requests, everything.result["changed"], documented(everything)) == (4, False, [])
    assert len(everything.result["rulesets"]) > 30
    assert "ruleset" not in everything.result
    assert everything.result["default_policy"] == {"incoming_blocked": True, "outgoing_blocked": True}
    assert everything.result["client_address"] == US
    assert [entry["name"] for entry in two.result["rulesets"]] == ["dns", "sshServer"]
    assert one.result["ruleset"]["allowed"] == {"all_ip": False, "addresses": ["192.0.2.53"], "networks": []}
    assert one.result["ruleset"]["rules"][0] == {
        "direction": "inbound",
        "protocol": "udp",
        "port": 53,
        "end_port": None,
        "port_type": "dst",
    }
    assert none.result["rulesets"] == []
    assert [call.method for call in there.calls if call.method in WRITES] == []
    refused = play(there, ruleset("dns", False))
    assert (refused.kind, said(there)["dns"][0]) == ("restricted_licence", True)


@pytest.mark.parametrize(
    "allowed",
    [
        {"addresses": ["10.0.0.1", "2001:DB8:0:0::1"], "networks": ["192.0.2.0/255.255.255.0", "2001:db8:1::/48"]},
        {"networks": ["2001:db8:1::/48", "192.0.2.0/24"], "addresses": ["2001:db8::1", "10.0.0.1", "10.0.0.1"]},
        {"change": "add", "addresses": ["2001:db8::1"]},
        {"change": "add", "networks": ["10.0.0.1/32"]},
        {"addresses": ["2001:db8::1"], "networks": ["10.0.0.1/32", "192.0.2.0/24", "2001:db8:1::/48"]},
        {"change": "remove", "addresses": ["2001:db8::2"], "networks": ["10.0.0.0/8"]},
        {"all_ip": False},
    ],
)
def test_the_same_hosts_in_another_form_are_no_change(allowed: dict[str, Any]) -> None:
    hosts = ["10.0.0.1", "2001:db8::1", "192.0.2.0/24", "2001:db8:1::/48"]
    there = world(rulesets=[{"name": "sshServer", "allowed": hosts}])

    outcome = play(there, ruleset("sshServer", **allowed))

    assert (outcome.error, outcome.result["changed"]) == (None, False)


def test_who_is_added_where_everybody_is_allowed_is_so_already() -> None:
    assert play(world(), ruleset("sshServer", change="add", addresses=["10.0.0.1"])).result["changed"] is False


@pytest.mark.parametrize(
    ("rulesets", "given", "kind", "words"),
    [
        ([ruleset("sshserver", True)], {}, "not_found", "no rule set 'sshserver'; did you mean sshServer"),
        ([ruleset("SSH Server")], {}, "not_found", "did you mean sshServer"),
        ([ruleset("qqqqqqq"), ruleset("dns", False)], {}, "not_found", "there are 'CIMHttpServer'"),
        (
            [ruleset("iofiltervp", False)],
            {},
            "plan",
            "requires the rule set 'iofiltervp': it cannot be disabled",
        ),
        ([ruleset("dhcp", False)], {}, "plan", "the host itself switches the rule set 'dhcp'"),
        ([ruleset("dhcp", all_ip=False)], {}, "plan", "the host itself says who may use the rule set 'dhcp'"),
        ([ruleset("dns", change="remove", addresses=["10.0.0.1"])], {}, "plan", "nobody can be taken out"),
        ([ruleset("dns"), ruleset("dns")], {}, "option", "names 'dns' twice"),
        ([ruleset(" ")], {}, "option", "'rulesets[0].name' is empty"),
        ([ruleset("dns", addresses=["web01"])], {}, "option", "must be an IP address such as"),
        ([ruleset("dns", addresses=["fe80::1%vmk0"])], {}, "option", "must be an IP address such as"),
        ([ruleset("dns", addresses=["10.0.0.0/8"])], {}, "option", "is a network: put '10.0.0.0/8' into 'networks'"),
        ([ruleset("dns", networks=["10.0.0.1"])], {}, "option", "put '10.0.0.1' into 'addresses'"),
        ([ruleset("dns", networks=["192.168.0.5/24"])], {}, "option", "must be '192.168.0.0/24' for the whole"),
        ([ruleset("dns", networks=["2001:db8::5/64"])], {}, "option", "must be '2001:db8::/64' for the whole"),
        ([ruleset("dns", networks=["10.0.0.0/33"])], {}, "option", "must be a network such as"),
        ([ruleset("dns", networks=["/"])], {}, "option", "must be a network such as"),
        ([ruleset("dns", all_ip=True, addresses=["10.0.0.1"])], {}, "option", "give one of them"),
        ([ruleset("dns", all_ip=True, change="add")], {}, "option", "'rulesets[0].allowed.all_ip' is of no use"),
        ([ruleset("dns", change="add")], {}, "option", "needs addresses or networks"),
        ([ruleset("dns", change="set")], {}, "option", "'rulesets[0].allowed' is empty"),
        ([], {"client_address": "esx01"}, "option", "'client_address' must be an IP address"),
        ([], {"esxi_hostname": "nowhere"}, "not_found", "nowhere"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_touched(
    rulesets: list[dict[str, Any]], given: dict[str, Any], kind: str, words: str
) -> None:
    fixed = {"name": "dhcp", "user_controllable": False, "ip_list_user_configurable": False}
    there = world(rulesets=[fixed, {"name": "iofiltervp", "required": True}])

    outcome = play(there, ruleset("sshClient", True), *rulesets, **given)

    assert (outcome.kind, documented(outcome)) == (kind, [])
    assert words in str(outcome.error).replace("rulesets[1]", "rulesets[0]")
    assert [call.method for call in there.calls if call.method in WRITES] == []
    foreseen = play(there, ruleset("sshClient", True), *rulesets, check_mode=True, **given)
    assert seen(foreseen) == seen(outcome)


def test_what_a_host_does_by_itself_may_be_asked_for() -> None:
    fixed = {"name": "dhcp", "user_controllable": False, "ip_list_user_configurable": False}

    assert play(world(rulesets=[fixed]), ruleset("dhcp", True, all_ip=True)).result["changed"] is False


OURSELVES = {"name": "vSphereClient", "allowed": [US, "10.0.0.0/8"]}
ANOTHER = {
    "name": "another",
    "enabled": True,
    "rules": [{"direction": "inbound", "protocol": "tcp", "port": 400, "end_port": 500}],
}


@pytest.mark.parametrize(
    ("firewall", "rulesets", "given", "is_refused"),
    [
        ({}, [ruleset("vSphereClient", False)], {}, True),
        ({}, [ruleset("vSphereClient", addresses=["10.0.0.1"])], {}, True),
        ({}, [ruleset("vSphereClient", addresses=[])], {}, True),
        ({}, [ruleset("vSphereClient", all_ip=False)], {}, True),
        ({}, [ruleset("vSphereClient", addresses=[US])], {}, False),
        ({}, [ruleset("vSphereClient", networks=["127.0.0.0/8"])], {}, False),
        ({}, [ruleset("vSphereClient", addresses=["::ffff:127.0.0.1"])], {}, False),
        ({}, [ruleset("vSphereClient", addresses=["192.0.2.7"])], {"client_address": "192.0.2.7"}, False),
        ({}, [ruleset("vSphereClient", addresses=[US])], {"client_address": "192.0.2.7"}, True),
        ({}, [ruleset("webAccess", False), ruleset("sshServer", False)], {}, False),
        ({"rulesets": [ANOTHER]}, [ruleset("vSphereClient", False)], {}, False),
        (
            {"rulesets": [{**ANOTHER, "enabled": False}]},
            [ruleset("vSphereClient", False), ruleset("another", True)],
            {},
            False,
        ),
        ({"rulesets": [{**ANOTHER, "allowed": ["10.0.0.1"]}]}, [ruleset("vSphereClient", False)], {}, True),
        ({"rulesets": [OURSELVES]}, [ruleset("vSphereClient", change="remove", networks=["10.0.0.0/8"])], {}, False),
        ({"rulesets": [OURSELVES]}, [ruleset("vSphereClient", change="remove", addresses=[US])], {}, True),
        ({"incoming_blocked": False}, [ruleset("vSphereClient", False)], {}, False),
        (
            {"incoming_blocked": False},
            [ruleset("vSphereClient", False)],
            {"default_policy": {"incoming_blocked": True}},
            True,
        ),
        # How we got in, the firewall does not say: what we know of ourselves is wrong.
        (
            {"rulesets": [{**OURSELVES, "allowed": ["10.0.0.0/8"]}]},
            [ruleset("vSphereClient", networks=["10.1.0.0/16"])],
            {},
            True,
        ),
        (
            {"rulesets": [{**OURSELVES, "allowed": ["10.1.0.0/16"]}]},
            [ruleset("vSphereClient", networks=["10.0.0.0/8"])],
            {},
            False,
        ),
    ],
)
def test_we_do_not_shut_ourselves_out_unless_we_are_forced(
    firewall: dict[str, Any], rulesets: list[dict[str, Any]], given: dict[str, Any], is_refused: bool
) -> None:
    there = world(**firewall)

    foreseen = play(there, *rulesets, check_mode=True, **given)
    done = play(there, *rulesets, **given)

    assert foreseen.kind == done.kind == ("plan" if is_refused else None)
    if is_refused:
        assert "this would cut off our own connection" in str(done.error)
        assert (done.failure["shut_out"]["port"], documented(done)) == (443, [])
        assert [call.method for call in there.calls if call.method in WRITES] == []
        forced = play(there, *rulesets, force=True, **given)
        assert (forced.error, forced.result["changed"]) == (None, True)
        # Nobody may be there any more to be asked.
        reads = [call.method for call in there.calls]
        assert reads[-2] in WRITES


def test_when_one_change_is_refused_those_before_it_are_taken_back() -> None:
    there = world()
    before = said(there)
    there.faults.add(FaultRule(method="DisableRuleset", action="fault vim.fault.HostConfigFault"))
    there.faults.add(FaultRule(method="UpdateRuleset", action="latency", count=None))

    outcome = play(
        there, ruleset("vsanvp", True, addresses=["10.0.0.1"]), ruleset("sshServer", False), ruleset("webAccess", False)
    )

    assert (outcome.kind, outcome.failure["fault"], outcome.failure["done"]) == ("fault", "HostConfigFault", [])
    assert "what was changed before has been taken back" in str(outcome.error)
    assert (outcome.result["changed"], said(there), documented(outcome)) == (False, before, [])


def test_the_first_change_that_is_refused_changes_nothing() -> None:
    there = world()
    fields = {"privilegeId": "Host.Config.NetService"}
    there.faults.add(FaultRule(method="EnableRuleset", action="fault vim.fault.NoPermission", fields=fields))

    outcome = play(there, ruleset("vsanvp", True))

    assert (outcome.kind, outcome.failure["privilege"]) == ("fault", "Host.Config.NetService")
    assert str(outcome.error).endswith("(nothing is changed)")
    assert outcome.result["changed"] is False


def test_what_cannot_be_taken_back_is_told() -> None:
    there = world()
    there.faults.add(FaultRule(method="DisableRuleset", action="fault vim.fault.HostConfigFault", count=None))

    outcome = play(there, ruleset("vsanvp", True), ruleset("webAccess", False))

    assert outcome.failure["done"] == ["vsanvp is enabled"]
    assert "done before and not taken back: vsanvp is enabled" in str(outcome.error)
    assert (outcome.result["changed"], said(there)["vsanvp"][0]) == (True, True)
    assert outcome.result["diff"]["after"] == {"rulesets": {"vsanvp": {"enabled": True}}}


def test_the_default_policy_is_taken_back_too() -> None:
    there = world()
    there.faults.add(FaultRule(method="DisableRuleset", action="fault vim.fault.HostConfigFault", count=1))

    outcome = play(there, ruleset("webAccess", False), default_policy={"outgoing_blocked": False})

    policy = there.of_type("HostFirewallSystem")[0].get("firewallInfo.defaultPolicy")
    assert (outcome.failure["done"], policy.outgoingBlocked, outcome.result["changed"]) == ([], True, False)
    assert called(there, "UpdateDefaultPolicy") == 2


@pytest.mark.parametrize("action", ["drop-after", "truncate"])
def test_a_reply_that_is_lost_is_not_asked_for_again(action: str) -> None:
    there = world()
    for method in ("UpdateRuleset", "EnableRuleset"):
        there.faults.add(FaultRule(method=method, action=action))

    outcome = play(there, ruleset("vsanvp", True, addresses=["10.0.0.1"]))

    assert (outcome.error, outcome.result["changed"]) == (None, True)
    assert called(there, "UpdateRuleset") == called(there, "EnableRuleset") == 1


def test_a_request_that_is_lost_changes_nothing() -> None:
    there = world()
    before = said(there)
    there.faults.add(FaultRule(method="EnableRuleset", action="drop-before"))

    outcome = play(there, ruleset("vsanvp", True, addresses=["10.0.0.1"]))

    assert (outcome.kind, outcome.result["changed"], said(there)) == ("connection_lost", False, before)


def test_where_the_host_is_gone_what_was_done_is_told() -> None:
    there = world()
    there.faults.add(FaultRule(method="EnableRuleset", action="drop-before", count=None))
    there.faults.add(FaultRule(method="RetrievePropertiesEx", action="drop-before", skip=1, count=None))

    outcome = play(there, ruleset("vsanvp", True, addresses=["10.0.0.1"]))

    assert (outcome.kind, outcome.failure["done"]) == ("connection_lost", ["vsanvp is for 10.0.0.1"])
    assert outcome.result["changed"] is True


def test_the_last_look_may_fail() -> None:
    there = world()
    there.faults.add(FaultRule(method="RetrievePropertiesEx", action="drop-before", skip=1, count=None))

    outcome = play(there, ruleset("vsanvp", True))

    assert (outcome.error, outcome.result["ruleset"]["enabled"]) == (None, True)


def test_a_session_that_ends_is_renewed() -> None:
    there = world()
    there.faults.add(FaultRule(method="EnableRuleset", action="session-expiry"))

    outcome = play(there, ruleset("vsanvp", True))

    assert (outcome.error, said(there)["vsanvp"][0]) == (None, True)


def test_the_host_reads_its_rule_sets_again_where_that_is_asked_for() -> None:
    there = world()

    foreseen = play(there, refresh=True, check_mode=True)
    assert called(there, "RefreshFirewall") == 0
    done = play(there, refresh=True)

    assert called(there, "RefreshFirewall") == 1
    assert (foreseen.result["changed"], done.result["changed"], done.requests) == (False, False, 6)


def test_under_a_vcenter_it_is_the_vcenter_that_must_not_be_shut_out() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")
    first = there.of_type("HostSystem")[0]

    which = play(there, ruleset("vsanvp", True))
    unknown = play(there, ruleset("vSphereClient", addresses=[US]), esxi_hostname=first.get("name"))
    named = play(
        there,
        ruleset("vSphereClient", addresses=["192.0.2.5"]),
        ruleset("vpxHeartbeats", True),
        esxi_hostname=first.get("name"),
        client_address="192.0.2.5",
    )
    silent = play(there, ruleset("vpxHeartbeats", False), esxi_hostname=first.get("name"), client_address="192.0.2.5")

    assert which.kind == "ambiguous"
    assert (unknown.kind, unknown.failure["shut_out"]["address"]) == ("plan", None)
    assert (named.error, named.requests) == (None, 8)
    assert (silent.kind, silent.failure["shut_out"]["port"]) == ("plan", 902)


def test_a_host_without_a_firewall_is_said() -> None:
    there = world()
    there.of_type("HostSystem")[0].set("configManager.firewallSystem", None)

    outcome = play(there)

    assert (outcome.kind, "does not tell of its firewall" in str(outcome.error)) == ("plan", True)


def test_what_an_old_host_does_not_say_is_null() -> None:
    outcome = play(world_of(host={"version": "5.5"}), ruleset("webAccess", False))

    entry = outcome.result["ruleset"]
    assert (entry["user_controllable"], entry["ip_list_user_configurable"]) == (None, None)
    assert (entry["enabled"], outcome.error) == (False, None)
