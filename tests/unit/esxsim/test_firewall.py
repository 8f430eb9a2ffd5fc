# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated host's firewall, and the ends of its own network: what a client reads, changes and may not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.managed import wsdl_method
from ansible_collections.virt.esx.tests.esxsim.scenario import ScenarioError
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, world_of
from pyVmomi import vim, vmodl

Ruleset = vim.host.Ruleset


class Firewall:
    """A client of a host's firewall."""

    def __init__(self, **firewall: Any) -> None:
        self.client = Client(world_of(firewall=firewall))
        self.system: Any = vim.host.FirewallSystem("firewallSystem", self.client.stub)

    def __getitem__(self, name: str) -> Any:
        found: Mapping[str, Any] = {one.key: one for one in self.system.firewallInfo.ruleset}
        return found[name]

    def allow(self, name: str, allowed: Any) -> None:
        self.system.UpdateRuleset(name, Ruleset.RulesetSpec(allowedHosts=allowed))


def test_a_rule_set_is_switched_and_narrowed() -> None:
    firewall = Firewall()

    firewall.system.EnableRuleset("sshClient")
    firewall.system.EnableRuleset("sshClient")
    firewall.system.DisableRuleset("webAccess")
    firewall.allow(
        "sshServer",
        Ruleset.IpList(
            allIp=False,
            ipAddress=["192.0.2.1", "2001:db8::1"],
            ipNetwork=[Ruleset.IpNetwork(network="10.0.0.0", prefixLength=8)],
        ),
    )

    assert firewall["sshClient"].enabled
    ssh = firewall["sshServer"]
    assert (ssh.enabled, firewall["webAccess"].enabled, ssh.allowedHosts.allIp) == (True, False, False)
    assert list(ssh.allowedHosts.ipAddress) == ["192.0.2.1", "2001:db8::1"]
    assert firewall["webAccess"].allowedHosts.allIp
    host: Any = vim.HostSystem("ha-host", firewall.client.stub)
    shown = {one.key: one for one in host.config.firewall.ruleset}
    assert (shown["webAccess"].enabled, shown["sshClient"].enabled) == (False, True)


def test_the_default_policy_is_changed_in_what_is_said() -> None:
    firewall = Firewall(incoming_blocked=False)

    firewall.system.UpdateDefaultPolicy(vim.host.FirewallInfo.DefaultPolicy(outgoingBlocked=False))
    firewall.system.RefreshFirewall()

    policy = firewall.system.firewallInfo.defaultPolicy
    assert (policy.incomingBlocked, policy.outgoingBlocked) == (False, False)


def test_what_cannot_be_is_refused() -> None:
    firewall = Firewall(
        rulesets=[
            {"name": "dhcp", "user_controllable": False, "ip_list_user_configurable": False},
            {"name": "dns", "required": True},
        ]
    )
    system = firewall.system
    everybody = Ruleset.RulesetSpec(allowedHosts=Ruleset.IpList(allIp=True))

    assert isinstance(fault_of(system.EnableRuleset, "nothing"), vim.fault.NotFound)
    assert isinstance(fault_of(system.UpdateRuleset, "nothing", everybody), vim.fault.NotFound)
    assert isinstance(fault_of(system.DisableRuleset, "dns"), vim.fault.HostConfigFault)
    assert isinstance(fault_of(system.DisableRuleset, "dhcp"), vim.fault.HostConfigFault)
    assert isinstance(fault_of(system.UpdateRuleset, "dhcp", everybody), vim.fault.HostConfigFault)
    for allowed in (
        Ruleset.IpList(allIp=False, ipAddress=["web01"]),
        Ruleset.IpList(allIp=False, ipNetwork=[Ruleset.IpNetwork(network="10.0.0.1", prefixLength=8)]),
        Ruleset.IpList(allIp=False, ipNetwork=[Ruleset.IpNetwork(network="10.0.0.0", prefixLength=33)]),
    ):
        with pytest.raises(vmodl.fault.InvalidArgument):
            firewall.allow("sshServer", allowed)
    assert firewall["sshServer"].allowedHosts.allIp


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"firewall": {"rulesets": [{"name": "new"}]}}, "firewall.rulesets.0..rules: found none"),
        ({"firewall": {"rulesets": [{"name": "dns"}, {"name": "dns"}]}}, "found 'dns' again"),
        ({"firewall": {"rulesets": [{"name": "dns", "allowed": ["10.0.0.1/8"]}]}}, "allowed is an IP address, or"),
        ({"pnics": [{"address": "192.0.2.1"}]}, "allowed is an IPv4 address with its prefix"),
        ({"pnics": [{}, {"device": "vmnic0"}]}, "pnics.1..device: found 'vmnic0' again"),
        ({"vmkernel": [{"services": ["coffee"]}]}, "allowed is one of management"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        world_of(**given)


def test_nics_are_as_a_scenario_says() -> None:
    client = Client(
        world_of(
            pnics=[{"link_mbps": 1000, "full_duplex": False}, {"device": "vmnic7", "link_mbps": 0, "vswitch": None}],
            vmkernel=[
                {"address": "192.0.2.11/24", "services": ["management"]},
                {"port_group": "vMotion", "vswitch": "vSwitch1", "vlan_id": 7, "dhcp": True, "services": ["vmotion"]},
            ],
        )
    )
    host: Any = vim.HostSystem("ha-host", client.stub)
    network = host.config.network

    slow, unplugged = network.pnic
    assert (slow.linkSpeed.speedMb, slow.linkSpeed.duplex, unplugged.linkSpeed) == (1000, False, None)
    assert {one.name: list(one.pnic) for one in network.vswitch} == {"vSwitch0": [slow.key], "vSwitch1": []}
    assert {one.spec.name: one.spec.vlanId for one in network.portgroup}["vMotion"] == 7
    assert [one.spec.ip.dhcp for one in network.vnic] == [False, True]
    vmotion = host.configManager.virtualNicManager.QueryNetConfig("vmotion")
    assert list(vmotion.selectedVnic) == ["vmotion.key-vim.host.VirtualNic-vmk1"]
    assert (host.summary.hardware.numNics, len(host.hardware.pciDevice)) == (2, 3)


def test_esxcli_shows_the_firewall_over_the_api() -> None:
    firewall = Firewall(
        rulesets=[{"name": "sshServer", "allowed": ["192.0.2.1", "10.0.0.0/8"]}], incoming_blocked=False
    )
    client = firewall.client
    host: Any = vim.HostSystem("ha-host", client.stub)
    # pyVmomi does not know these as methods of a host.
    executer = client.stub.InvokeMethod(host, wsdl_method("RetrieveManagedMethodExecuter"), [])
    types: Any = vim
    argument = types.ReflectManagedMethodExecuter.SoapArgument

    def ask(called: str, **given: str) -> Any:
        said = [argument(name=name, val=f"<{name}>{value}</{name}>") for name, value in given.items()]
        return executer.ExecuteSoap("ha-cli-handler", "urn:vim25/5.0", called, said)

    info = ask("vim.CLIInfo.FetchCLIInfo", typeName="vim.EsxCLI.network.firewall.ruleset.allowedip").response
    allowed = ask("vim.EsxCLI.network.firewall.ruleset.allowedip.list", rulesetid="sshServer").response
    rules = ask("vim.EsxCLI.network.firewall.ruleset.rule.list", rulesetid="gdbserver").response

    assert "<aliases>--ruleset-id</aliases>" in info
    assert "<AllowedIPAddresses>192.0.2.1, 10.0.0.0/8</AllowedIPAddresses>" in allowed
    assert "<PortBegin>50000</PortBegin><PortEnd>50999</PortEnd>" in rules
    assert "<DefaultAction>PASS</DefaultAction>" in ask("vim.EsxCLI.network.firewall.get").response
    assert ask("vim.EsxCLI.network.firewall.ruleset.list").response.count("<Name>") > 30
    assert ask("vim.EsxCLI.network.firewall.ruleset.list", rulesetid="x").fault.faultMsg == "Invalid ruleset id: x"
    assert "no esxcli" in ask("vim.EsxCLI.system.uptime.get").fault.faultMsg
    assert "no esxcli" in ask("vim.CLIInfo.FetchCLIInfo", typeName="vim.EsxCLI.system").fault.faultMsg
    unreadable = argument(name="rulesetid", val="<rulesetid>")
    asked = ("ha-cli-handler", "urn:vim25/5.0", "vim.EsxCLI.network.firewall.ruleset.list", [unreadable])
    assert isinstance(fault_of(executer.ExecuteSoap, *asked), vim.fault.InvalidName)
    assert client.stub.InvokeMethod(host, wsdl_method("RetrieveDynamicTypeManager"), []) is not None
