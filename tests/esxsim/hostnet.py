# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's network: standard switches and their port groups, DNS; with what is plugged into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from .hostports import physical_nics, pnic_key, vmkernel_nics
from .networkpolicy import own_policy
from .profile import HostProfile, NetworkProfile

PORTS = 128
MANAGEMENT = NetworkProfile(name="Management Network")


def network_info(profile: HostProfile, networks: Sequence[NetworkProfile]) -> Any:
    """Say what is configured; who is plugged in, and what a port group inherits, is found out when it is read."""
    own = host_groups(profile)
    names = list(dict.fromkeys([MANAGEMENT.vswitch, *(one.vswitch for one in (*networks, *own))]))
    return vim.host.NetworkInfo(
        vswitch=[_switch(profile, name) for name in names],
        portgroup=[*map(port_group, networks), *map(port_group, own)],
        pnic=physical_nics(profile),
        vnic=vmkernel_nics(profile),
        dnsConfig=dns(profile),
        ipRouteConfig=vim.host.IpRouteConfig(defaultGateway="192.0.2.1"),
        ipV6Enabled=False,
        atBootIpV6Enabled=False,
    )


def host_groups(profile: HostProfile) -> list[NetworkProfile]:
    """The port groups that the host itself is plugged into, which no machine can be."""
    used = {
        one.port_group: NetworkProfile(name=one.port_group, vswitch=one.vswitch, vlan_id=one.vlan_id)
        for one in profile.vmkernel_nics
    }
    return [*(one for name, one in used.items() if name != MANAGEMENT.name), used.get(MANAGEMENT.name, MANAGEMENT)]


def dns(profile: HostProfile) -> Any:
    return vim.host.DnsConfig(
        dhcp=False,
        hostName=profile.short_name,
        domainName=profile.domain,
        address=["192.0.2.53"],
        searchDomain=[profile.domain] if profile.domain else [],
    )


def port_group(one: NetworkProfile) -> Any:
    return vim.host.PortGroup(
        key=group_key(one.name),
        vswitch=switch_key(one.vswitch),
        computedPolicy=policy(),
        spec=vim.host.PortGroup.Specification(
            name=one.name, vlanId=one.vlan_id, vswitchName=one.vswitch, policy=own_policy()
        ),
    )


def switch_key(name: str) -> str:
    return f"key-vim.host.VirtualSwitch-{name}"


def group_key(name: str) -> str:
    return f"key-vim.host.PortGroup-{name}"


def policy(uplinks: Sequence[str] = ()) -> Any:
    """The whole policy that a switch has where nobody has said another; all its uplinks are active."""
    kind: Any = vim.host.NetworkPolicy
    return kind(
        security=kind.SecurityPolicy(allowPromiscuous=False, macChanges=False, forgedTransmits=False),
        nicTeaming=kind.NicTeamingPolicy(
            policy="loadbalance_srcid",
            reversePolicy=True,
            notifySwitches=True,
            rollingOrder=False,
            failureCriteria=kind.NicFailureCriteria(
                checkSpeed="minimum",
                speed=10,
                checkDuplex=False,
                fullDuplex=False,
                checkErrorPercent=False,
                percentage=0,
                checkBeacon=False,
            ),
            nicOrder=kind.NicOrderPolicy(activeNic=list(uplinks), standbyNic=[]),
        ),
        offloadPolicy=vim.host.NetOffloadCapabilities(csumOffload=True, tcpSegmentation=True, zeroCopyXmit=True),
        shapingPolicy=kind.TrafficShapingPolicy(enabled=False),
    )


def _switch(profile: HostProfile, name: str) -> Any:
    uplinks = [one.device for one in profile.cards if one.vswitch == name]
    bridge = vim.host.VirtualSwitch.BondBridge(nicDevice=uplinks) if uplinks else None
    spec = vim.host.VirtualSwitch.Specification(numPorts=PORTS, bridge=bridge, policy=policy(uplinks), mtu=1500)
    return vim.host.VirtualSwitch(
        name=name,
        key=switch_key(name),
        numPorts=PORTS,
        numPortsAvailable=PORTS,
        mtu=1500,
        pnic=[pnic_key(device) for device in uplinks],
        spec=spec,
    )
