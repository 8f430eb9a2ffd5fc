# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What our module does to a simulated firewall, govc sees; vcsim's is read and switched, and our rules are its."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.firewall_rules import RULESETS
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.test_collections import Control
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
FIREWALL = "virt.esx.esx_firewall"
SCENARIO: dict[str, Any] = {}
ESX, CENTER = ["-esx"], ["-cluster", "0", "-standalone-host", "1"]


def played(folder: pathlib.Path, environment: Mapping[str, str], *tasks: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    done = run_tasks([{FIREWALL: dict(task)} for task in tasks], folder, variables=environment)
    assert len(done.results) == len(tasks), done.output
    return list(done.results)


def lets_through(govc: Govc, port: int) -> tuple[set[str], set[str]]:
    """Return what govc says lets a port out: the rule sets that are enabled, and those that are not."""
    asked = ("-direction", "outbound", "-type", "dst", "-proto", "tcp", "-port", str(port))
    enabled = govc("firewall.ruleset.find", *asked)
    disabled = govc("firewall.ruleset.find", "-enabled=false", *asked)
    return ({*enabled.stdout.split()} if enabled.returncode == 0 else set()), {*disabled.stdout.split()}


def test_govc_finds_what_is_open(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "firewall.ruleset.find, host.esxcli network firewall")
    before = lets_through(govc, 22)

    first, second, looked = played(
        tmp_path,
        variables(govc.server),
        {"rulesets": [{"name": "sshClient", "enabled": True, "allowed": {"networks": ["192.0.2.0/24"]}}]},
        {"rulesets": [{"name": "sshClient", "enabled": True, "allowed": {"networks": ["192.0.2.0/255.255.255.0"]}}]},
        {},
    )

    assert (first["changed"], second["changed"]) == (True, False)
    after = lets_through(govc, 22)
    assert "sshClient" in before[1] - before[0]
    assert after[0] - before[0] == before[1] - after[1] == {"sshClient"}
    asked = ("host.esxcli", "-json", "network", "firewall")
    rulesets = json.loads(govc(*asked, "ruleset", "list").stdout)["values"]
    assert {one["Name"][0]: one["Enabled"] == ["true"] for one in rulesets} == {
        one["name"]: one["enabled"] for one in looked["rulesets"]
    }
    (allowed,) = json.loads(govc(*asked, "ruleset", "allowedip", "list", "-r", "sshClient").stdout)["values"]
    assert allowed["AllowedIPAddresses"] == first["ruleset"]["allowed"]["networks"] == ["192.0.2.0/24"]
    (policy,) = json.loads(govc(*asked, "get").stdout)["values"]
    assert (policy["DefaultAction"], looked["default_policy"]["incoming_blocked"]) == (["DROP"], True)
    assert govc.server.world.errors == []


def test_virsh_knows_nothing_of_it(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "nwfilter-list")

    refused = virsh("nwfilter-list")
    assert (refused.returncode, "not supported by the connection driver" in refused.stderr) == (1, True)


@pytest.mark.parametrize("vcsim", [ESX, CENTER], indirect=True, ids=["esx", "vcenter"])
def test_vcsim_is_switched(vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("peer", "vcsim")
    where = {"client_address": "192.0.2.1"}
    on = {"rulesets": [{"name": "sshClient", "enabled": True}], **where}
    off = {"rulesets": [{"name": "sshClient", "enabled": False}], **where}

    looked, *switched, unknown, required = played(
        tmp_path,
        vcsim,
        where,
        *(on, on, off, off),
        {"rulesets": [{"name": "sshclient"}]},
        {"rulesets": [{"name": "vSphereClient", "enabled": False}]},
    )

    assert (looked["changed"], len(looked["rulesets"]) > 30) == (False, True)
    assert [one["changed"] for one in switched] == [True, False, True, False]
    assert [one["ruleset"]["enabled"] for one in switched] == [True, True, False, False]
    assert (unknown["failure"]["near"][0], required["failure"]["kind"]) == ("sshClient", "plan")


@pytest.mark.parametrize("vcsim", [ESX], indirect=True, ids=["esx"])
def test_our_rule_sets_are_those_of_vcsim(
    vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("peer", "vcsim")
    (looked,) = played(tmp_path, vcsim, {})

    theirs = {one["name"]: one for one in looked["rulesets"]}
    shared = [one for one in RULESETS if one.name in theirs]
    assert len(shared) > 30
    for one in shared:
        other = theirs[one.name]
        assert (one.label, one.required, one.service) == (other["label"], other["required"], other["service"])
        assert {(rule.direction, rule.protocol, rule.port, rule.end_port, rule.port_type) for rule in one.rules} == {
            (rule["direction"], rule["protocol"], rule["port"], rule["end_port"], rule["port_type"])
            for rule in other["rules"]
        }, one.name


COMMUNITY = "community.vmware.vmware_host_firewall"


def test_community_firewall_and_ours_see_each_others_work(
    server: Server, tmp_path: pathlib.Path, record_property: Record
) -> None:
    control = Control(server, tmp_path, record_property)
    control.release(f"{COMMUNITY}_manager")
    host = {"esxi_hostname": "esx1.example.com"}
    some = {"all_ip": False, "ip_address": ["192.0.2.1", "2001:db8::1"], "ip_network": ["10.0.0.0/8"]}
    elsewhere = {"all_ip": False, "ip_address": ["198.51.100.1"]}
    theirs = [
        {"name": "sshClient", "enabled": True, "allowed_hosts": some},
        {"name": "vSphereClient", "enabled": True, "allowed_hosts": elsewhere},
    ]
    wish = {"addresses": ["2001:DB8::1", "192.0.2.1"], "networks": ["10.0.0.0/255.0.0.0"]}
    lockout = {"rulesets": [{"name": "vSphereClient", "allowed": {"addresses": ["198.51.100.1"]}}]}

    (refused,) = played(tmp_path, variables(server), lockout)
    (done,) = control.run(f"{COMMUNITY}_manager", {**host, "rules": theirs})
    same, other = played(
        tmp_path,
        variables(server),
        {"rulesets": [{"name": "sshClient", "enabled": True, "allowed": wish}]},
        {"rulesets": [{"name": "sshClient", "allowed": {"networks": ["::/0"]}}]},
    )
    (info,) = control.run(f"{COMMUNITY}_info", host)

    assert (done["changed"], same["changed"], other["changed"]) == (True, False, True)
    (rulesets,) = info["hosts_firewall_info"].values()
    allowed = {one["key"]: one["allowed_hosts"] for one in rulesets}
    assert allowed["sshClient"] == {"all_ip": False, "ip_address": [], "ip_network": ["::/0"]}
    # Where ours refuses, they have locked themselves out.
    assert refused["failure"]["shut_out"] == {"address": "127.0.0.1", "port": 443, "rulesets": ["vSphereClient"]}
    assert (allowed["vSphereClient"]["all_ip"], allowed["vSphereClient"]["ip_address"]) == (False, ["198.51.100.1"])
    assert server.world.errors == []
