# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ends of the host's own network: its physical NICs, and the VMkernel adapters through which it is reached."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import Any

from pyVmomi import vim

from .profile import HostProfile, PnicProfile, VmkernelProfile

FAST_MBPS = 10000


def pnic_key(device: str) -> str:
    return f"key-vim.host.PhysicalNic-{device}"


def vnic_key(device: str) -> str:
    return f"key-vim.host.VirtualNic-{device}"


def physical_nics(profile: HostProfile) -> list[Any]:
    return [_physical(one, index) for index, one in enumerate(profile.cards)]


def _physical(one: PnicProfile, index: int) -> Any:
    fastest = _speed(max(one.link_mbps, FAST_MBPS), duplex=True)
    # Without a link there is no speed; a speed that nobody has set is negotiated.
    linked = _speed(one.link_mbps, duplex=one.full_duplex) if one.link_mbps else None
    return vim.host.PhysicalNic(
        key=pnic_key(one.device),
        device=one.device,
        pci=f"0000:02:{index:02x}.0",
        driver=one.driver,
        linkSpeed=linked,
        validLinkSpecification=[fastest],
        spec=vim.host.PhysicalNic.Specification(
            ip=ip_config(one.address, dhcp=one.dhcp), linkSpeed=None if one.auto_negotiate else linked or fastest
        ),
        wakeOnLanSupported=one.wake_on_lan,
        mac=one.mac,
        autoNegotiateSupported=True,
    )


def _speed(mbps: int, *, duplex: bool) -> Any:
    return vim.host.PhysicalNic.LinkSpeedDuplex(speedMb=mbps, duplex=duplex)


def ip_config(address: str | None, *, dhcp: bool, ipv6: tuple[str, ...] = ()) -> Any:
    """``address`` and those of ``ipv6`` have their prefix behind them."""
    said = ip_interface(address) if address is not None else None
    return vim.host.IpConfig(
        dhcp=dhcp,
        ipAddress=None if said is None else str(said.ip),
        subnetMask=None if said is None else str(said.netmask),
        ipV6Config=_ipv6(ipv6) if ipv6 else None,
    )


def _ipv6(addresses: tuple[str, ...]) -> Any:
    config = vim.host.IpConfig
    said = [ip_interface(one) for one in addresses]
    return config.IpV6AddressConfiguration(
        autoConfigurationEnabled=any(one.ip.is_link_local for one in said),
        dhcpV6Enabled=False,
        ipV6Address=[
            config.IpV6Address(
                ipAddress=str(one.ip),
                prefixLength=one.network.prefixlen,
                origin="other" if one.ip.is_link_local else "manual",
                dadState="preferred",
            )
            for one in said
        ],
    )


def vmkernel_nics(profile: HostProfile) -> list[Any]:
    return [_vmkernel(one) for one in profile.vmkernel_nics]


def _vmkernel(one: VmkernelProfile) -> Any:
    return vim.host.VirtualNic(
        device=one.device,
        key=vnic_key(one.device),
        portgroup=one.port_group,
        spec=vim.host.VirtualNic.Specification(
            ip=ip_config(one.address, dhcp=one.dhcp, ipv6=one.ipv6),
            mac=one.mac,
            mtu=one.mtu,
            netStackInstanceKey=one.netstack,
        ),
        port=f"key-vim.host.PortGroup.Port-{one.port_group}-1",
    )
