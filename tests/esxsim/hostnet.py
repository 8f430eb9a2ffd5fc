# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's network: physical NICs, standard switches, port groups, the VMkernel adapter, DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from .profile import HostProfile, NetworkProfile

PORTS = 128
MANAGEMENT = NetworkProfile(name="Management Network")


def network_info(profile: HostProfile, networks: Sequence[NetworkProfile]) -> Any:
    names = list(dict.fromkeys([MANAGEMENT.vswitch, *(one.vswitch for one in networks)]))
    return vim.host.NetworkInfo(
        vswitch=[_switch(profile, name, networks) for name in names],
        portgroup=[port_group(one) for one in (*networks, MANAGEMENT)],
        pnic=[_pnic(index) for index in range(profile.pnics)],
        vnic=[vnic(profile)],
        dnsConfig=dns(profile),
        ipRouteConfig=vim.host.IpRouteConfig(defaultGateway="192.0.2.1"),
        ipV6Enabled=False,
        atBootIpV6Enabled=False,
    )


def dns(profile: HostProfile) -> Any:
    return vim.host.DnsConfig(
        dhcp=False,
        hostName=profile.short_name,
        domainName=profile.domain,
        address=["192.0.2.53"],
        searchDomain=[profile.domain] if profile.domain else [],
    )


def port_group(one: NetworkProfile) -> Any:
    kind = "host" if one is MANAGEMENT else "virtualMachine"
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
    first = name == MANAGEMENT.vswitch
    uplinks = [f"vmnic{index}" for index in range(profile.pnics)] if first else []
    bridge = vim.host.VirtualSwitch.BondBridge(nicDevice=uplinks) if uplinks else None
    groups = [one.name for one in (*networks, MANAGEMENT) if one.vswitch == name]
    return vim.host.VirtualSwitch(
        name=name,
        key=f"key-vim.host.VirtualSwitch-{name}",
        numPorts=PORTS,
        numPortsAvailable=PORTS - len(groups),
        mtu=1500,
        portgroup=[f"key-vim.host.PortGroup-{group}" for group in groups],
        pnic=[f"key-vim.host.PhysicalNic-{device}" for device in uplinks],
        spec=vim.host.VirtualSwitch.Specification(numPorts=PORTS, bridge=bridge, policy=policy(), mtu=1500),
    )


def _pnic(index: int) -> Any:
    device = f"vmnic{index}"
    speed = vim.host.PhysicalNic.LinkSpeedDuplex(speedMb=10000, duplex=True)
    return vim.host.PhysicalNic(
        key=f"key-vim.host.PhysicalNic-{device}",
        device=device,
        pci=f"0000:02:0{index}.0",
        driver="ixgben",
        linkSpeed=speed,
        validLinkSpecification=[speed],
        spec=vim.host.PhysicalNic.Specification(ip=vim.host.IpConfig(dhcp=False), linkSpeed=speed),
        wakeOnLanSupported=False,
        mac=f"02:00:00:00:00:{index + 1:02x}",
        autoNegotiateSupported=True,
    )


def vnic(profile: HostProfile) -> Any:
    return vim.host.VirtualNic(
        device="vmk0",
        key="key-vim.host.VirtualNic-vmk0",
        portgroup=MANAGEMENT.name,
        spec=vim.host.VirtualNic.Specification(
            ip=vim.host.IpConfig(dhcp=False, ipAddress=profile.address, subnetMask="255.255.255.0"),
            mac="02:00:00:00:01:01",
            mtu=1500,
            netStackInstanceKey="defaultTcpipStack",
        ),
        port=f"key-vim.host.PortGroup.Port-{MANAGEMENT.name}-1",
    )
