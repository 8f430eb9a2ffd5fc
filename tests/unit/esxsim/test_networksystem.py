# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated host's standard switches and port groups: what is made, changed and removed, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim

SCENARIO: dict[str, Any] = {
    "pnics": [{}, {"vswitch": None}, {"vswitch": None}],
    "networks": [{"name": "VM Network"}, {"name": "lab", "vlan_id": 7}],
}
kind: Any = vim.host.NetworkPolicy
Spec: Any = vim.host.VirtualSwitch.Specification
Group: Any = vim.host.PortGroup.Specification


class Networks:
    """A client of a host's network system."""

    def __init__(self, *vms: dict[str, Any], **more: Any) -> None:
        self.world: World = world_of(*vms, **{**SCENARIO, **more})
        self.client = Client(self.world)
        self.system: Any = vim.host.NetworkSystem("networkSystem", self.client.stub)

    def bridge(self, *nics: str) -> Any:
        return vim.host.VirtualSwitch.BondBridge(nicDevice=list(nics)) if nics else None

    def switch(self, name: str) -> Any:
        host: Any = vim.HostSystem("ha-host", self.client.stub)
        (found,) = [one for one in host.config.network.vswitch if one.name == name]
        assert [one.key for one in self.system.networkInfo.vswitch if one.name == name] == [found.key]
        return found

    def group(self, name: str) -> Any:
        (found,) = [one for one in self.system.networkInfo.portgroup if one.spec.name == name]
        return found

    def add(self, name: str, switch: str = "vSwitch0", vlan: int = 0, policy: Any = None) -> None:
        self.system.AddPortGroup(Group(name=name, vlanId=vlan, vswitchName=switch, policy=policy or kind()))

    @property
    def names(self) -> list[str]:
        """The networks, of which all who list them must say the same."""
        host: Any = vim.HostSystem("ha-host", self.client.stub)
        center: Any = vim.Datacenter("ha-datacenter", self.client.stub)
        lists = [host.network, host.parent.network, center.network, center.networkFolder.childEntity]
        found = {tuple(sorted(one.name for one in each)) for each in lists}
        assert len(found) == 1
        return list(found.pop())


def test_a_switch_and_its_port_groups_come_and_go() -> None:
    there = Networks()

    there.system.AddVirtualSwitch("vSwitch1", Spec(numPorts=64, mtu=9000, bridge=there.bridge("vmnic1")))
    there.add("web", "vSwitch1", 4095)
    made = there.switch("vSwitch1")
    assert (made.key, made.mtu, made.numPorts) == ("key-vim.host.VirtualSwitch-vSwitch1", 9000, 64)
    assert list(made.portgroup) == ["key-vim.host.PortGroup-web"]
    assert list(made.pnic) == ["key-vim.host.PhysicalNic-vmnic1"]
    assert list(made.spec.policy.nicTeaming.nicOrder.activeNic) == ["vmnic1"]
    assert there.names == ["VM Network", "lab", "web"]
    assert there.group("web").spec.vlanId == 4095

    there.system.RemovePortGroup("web")
    there.add("db", "vSwitch1")
    there.system.RemoveVirtualSwitch("vSwitch1")
    assert there.names == ["VM Network", "lab"]
    assert [one.name for one in there.system.networkInfo.vswitch] == ["vSwitch0"]
    assert there.world.errors == []


def test_an_uplink_may_be_named_by_its_key_and_leaves_all_orders() -> None:
    there = Networks()
    there.system.AddVirtualSwitch("vSwitch1", Spec(numPorts=64, bridge=there.bridge("key-vim.host.PhysicalNic-vmnic1")))
    order = kind.NicOrderPolicy(activeNic=["vmnic1"])
    there.add("web", "vSwitch1", policy=kind(nicTeaming=kind.NicTeamingPolicy(nicOrder=order)))

    there.system.UpdateVirtualSwitch("vSwitch1", Spec(numPorts=64, bridge=there.bridge("vmnic2", "vmnic1")))
    both = there.switch("vSwitch1").spec
    assert list(both.bridge.nicDevice) == ["vmnic2", "vmnic1"]
    assert list(both.policy.nicTeaming.nicOrder.activeNic) == ["vmnic1", "vmnic2"]
    there.system.UpdateVirtualSwitch("vSwitch1", Spec(numPorts=64, bridge=there.bridge("vmnic2")))

    assert list(there.switch("vSwitch1").spec.policy.nicTeaming.nicOrder.activeNic) == ["vmnic2"]
    assert list(there.group("web").spec.policy.nicTeaming.nicOrder.activeNic) == []


def test_a_port_group_inherits_what_it_does_not_say() -> None:
    there = Networks()
    security = kind.SecurityPolicy(allowPromiscuous=True)
    there.system.UpdatePortGroup(
        "lab", Group(name="lab", vlanId=8, vswitchName="vSwitch0", policy=kind(security=security))
    )
    shaping = kind.TrafficShapingPolicy(enabled=True, averageBandwidth=8000, peakBandwidth=16000, burstSize=1024)
    have = there.switch("vSwitch0").spec
    have.policy.shapingPolicy = shaping
    have.policy.security.macChanges = True
    there.system.UpdateVirtualSwitch("vSwitch0", have)

    seen = there.group("lab")
    computed = seen.computedPolicy
    assert (seen.spec.vlanId, seen.spec.policy.security.macChanges) == (8, None)
    assert (computed.security.allowPromiscuous, computed.security.macChanges) == (True, True)
    assert computed.shapingPolicy.peakBandwidth == 16000
    # Each part is there, even if it says nothing.
    assert (seen.spec.policy.shapingPolicy.enabled, seen.spec.policy.nicTeaming.nicOrder) == (None, None)


def test_who_is_plugged_in_has_a_port() -> None:
    there = Networks(
        {"name": "web01", "power_state": "powered-on"}, {"name": "web02"}, {"name": "db", "nics": [{"network": "lab"}]}
    )

    assert [port.type for port in there.group("VM Network").port] == ["virtualMachine"]
    assert [port.type for port in there.group("Management Network").port] == ["host"]
    assert list(there.group("lab").port) == []
    assert there.switch("vSwitch0").numPortsAvailable == 128 - 1 - 2
    machine(there.world, "web01").turn("poweredOff")
    assert list(there.group("VM Network").port) == []


REFUSED: list[tuple[str, tuple[Any, ...], str]] = [
    ("AddVirtualSwitch", ("vSwitch0", Spec(numPorts=8)), "AlreadyExists"),
    ("AddVirtualSwitch", ("v" * 32, Spec(numPorts=8)), "InvalidArgument"),
    ("AddVirtualSwitch", ("new", Spec(numPorts=0)), "InvalidArgument"),
    ("AddVirtualSwitch", ("new", Spec(numPorts=8, mtu=9001)), "InvalidArgument"),
    ("UpdateVirtualSwitch", ("new", Spec(numPorts=8)), "NotFound"),
    ("RemoveVirtualSwitch", ("new",), "NotFound"),
    ("RemoveVirtualSwitch", ("vSwitch0",), "ResourceInUse"),
    ("AddPortGroup", (Group(name="lab", vlanId=0, vswitchName="vSwitch0", policy=kind()),), "AlreadyExists"),
    ("AddPortGroup", (Group(name="new", vlanId=4096, vswitchName="vSwitch0", policy=kind()),), "InvalidArgument"),
    ("AddPortGroup", (Group(name="new", vlanId=0, vswitchName="none", policy=kind()),), "NotFound"),
    ("AddPortGroup", (Group(name="n" * 81, vlanId=0, vswitchName="vSwitch0", policy=kind()),), "InvalidArgument"),
    ("UpdatePortGroup", ("new", Group(name="new", vlanId=0, vswitchName="vSwitch0", policy=kind())), "NotFound"),
    ("RemovePortGroup", ("new",), "NotFound"),
    ("RemovePortGroup", ("VM Network",), "ResourceInUse"),
    ("RemovePortGroup", ("Management Network",), "ResourceInUse"),
]


@pytest.mark.parametrize(("method", "arguments", "fault"), REFUSED)
def test_what_cannot_be_is_refused(method: str, arguments: tuple[Any, ...], fault: str) -> None:
    there = Networks({"name": "web01"})
    before = there.names

    refused = fault_of(getattr(there.system, method), *arguments)

    assert type(refused).__name__.rpartition(".")[2] == fault
    assert there.names == before


@pytest.mark.parametrize(
    ("nics", "fault"),
    [(["vmnic0"], "ResourceInUse"), (["vmnic9"], "InvalidArgument"), (["vmnic1"] * 2, "InvalidArgument")],
)
def test_an_uplink_must_be_there_and_free(nics: list[str], fault: str) -> None:
    there = Networks()

    refused = fault_of(there.system.AddVirtualSwitch, "new", Spec(numPorts=8, bridge=there.bridge(*nics)))

    assert type(refused).__name__.rpartition(".")[2] == fault
    assert [one.name for one in there.system.networkInfo.vswitch] == ["vSwitch0"]


@pytest.mark.parametrize(
    "policy",
    [
        kind(nicTeaming=kind.NicTeamingPolicy(policy="luck")),
        kind(nicTeaming=kind.NicTeamingPolicy(nicOrder=kind.NicOrderPolicy(activeNic=["vmnic1"]))),
        kind(
            nicTeaming=kind.NicTeamingPolicy(nicOrder=kind.NicOrderPolicy(activeNic=["vmnic0"], standbyNic=["vmnic0"]))
        ),
        kind(shapingPolicy=kind.TrafficShapingPolicy(enabled=True, burstSize=-1)),
    ],
)
def test_a_policy_must_mean_something(policy: Any) -> None:
    there = Networks()

    refused = fault_of(there.add, "new", policy=policy)

    assert refused.invalidProperty.startswith("portgrp.policy.")
