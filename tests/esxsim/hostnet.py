# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's network: standard switches and their port groups, DNS; with what is plugged into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from .hostports import physical_nics, pnic_key, vmkernel_nics
from .profile import HostProfile, NetworkProfile

PORTS = 128
MANAGEMENT = NetworkProfile(name="Management Network")


def network_info(profile: HostProfile, networks: Sequence[NetworkProfile]) -> Any:
    own = host_groups(profile)
    names = list(dict.fromkeys([MANAGEMENT.vswitch, *(one.vswitch for one in (*networks, *own))]))
    return vim.host.NetworkInfo(
        vswitch=[_switch(profile, name, (*networks, *own)) for name in names],
        portgroup=[*map(port_group, networks), *(port_group(one, kind="host") for one in own)],
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


def port_group(one: NetworkProfile, *, kind: str = "virtualMachine") -> Any:
    return vim.host.PortGroup(
        key=f"key-vim.host.PortGroup-{one.name}",
        port=[vim.host.PortGroup.Port(key=f"key-vim.host.PortGroup.Port-{one.name}-1", type=kind)],
        vswitch=f"key-vim.host.VirtualSwitch-{one.vswitch}",
        computedPolicy=policy(),
        spec=vim.host.PortGroup.Specification(
            name=one.name, vlanId=one.vlan_id, vswitchName=one.vswitch, policy=vim.host.NetworkPolicy()
        ),
    )


def policy() -> Any:
    return vim.host.NetworkPolicy(
        security=vim.host.NetworkPolicy.SecurityPolicy(allowPromiscuous=False, macChanges=False, forgedTransmits=False),
        shapingPolicy=vim.host.NetworkPolicy.TrafficShapingPolicy(enabled=False),
    )


def _switch(profile: HostProfile, name: str, networks: Sequence[NetworkProfile]) -> Any:
    uplinks = [one.device for one in profile.cards if one.vswitch == name]
    bridge = vim.host.VirtualSwitch.BondBridge(nicDevice=uplinks) if uplinks else None
    groups = [one.name for one in networks if one.vswitch == name]
    return vim.host.VirtualSwitch(
        name=name,
        key=f"key-vim.host.VirtualSwitch-{name}",
        numPorts=PORTS,
        numPortsAvailable=PORTS - len(groups),
        mtu=1500,
        portgroup=[f"key-vim.host.PortGroup-{group}" for group in groups],
        pnic=[pnic_key(device) for device in uplinks],
        spec=vim.host.VirtualSwitch.Specification(numPorts=PORTS, bridge=bridge, policy=policy(), mtu=1500),
    )
