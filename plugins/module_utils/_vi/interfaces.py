# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The network interfaces of hosts, physical NICs and VMkernel adapters, in one round trip for all hosts.

Source: vim.host.NetworkInfo, vim.host.PhysicalNic, vim.host.VirtualNic; vim.host.VirtualNicManager for the services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._flow.interfaces import Fact, interface_xml, pick, prefix_of
from .places import Places
from .properties import all_hosts, objects, read, walk_step
from .query import chosen_ids
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

_NETWORK = ("pnic", "vnic", "vswitch", "proxySwitch", "portgroup")
_SERVICES = "config.virtualNicManagerInfo"
_PATHS: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "ComputeResource": ("name", "parent"),
    "HostSystem": ("name", "parent", _SERVICES, *(f"config.network.{part}" for part in _NETWORK)),
}


def lookup_interfaces(
    session: Session,
    option: str | None,
    value: Any,
    *,
    datacenter: str | None,
    esxi_hostname: str | None,
    with_xml: bool = False,
) -> list[Fact]:
    """
    Return the facts of the interfaces that are meant; none at all is no error for a query or for all.

    Raises:
        NotFound: something asked for is not there.
        Ambiguous: several answer to one name or MAC address.
        OptionError: the query is wrong.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    rows = read(session, objects([session.content.rootFolder], *steps), _PATHS)
    places = Places(rows)
    places.check(datacenter=datacenter, folder=None, esxi_hostname=esxi_hostname)
    facts = [
        {**fact, **({"interface_xml": interface_xml(fact)} if with_xml else {})}
        for row in rows
        if row.type_name == "HostSystem"
        and places.is_within(row.moid, datacenter=datacenter, folder=None, esxi_hostname=None)
        and esxi_hostname in (None, row.values.get("name"))
        for fact in facts_of(row)
    ]
    if option is None:
        return facts
    if option != "query":
        return pick(option, value, facts)
    by_id = {fact["id"]: fact for fact in facts}
    chosen = chosen_ids(value, facts, key="id", noun="interfaces", example="[?kind=='vmkernel']")
    return [by_id[one] for one in chosen]


def facts_of(row: Row) -> Iterator[Fact]:
    """Yield the facts of the interfaces of one host, physical NICs first; a host that says nothing has none."""
    network = {part: row.values.get(f"config.network.{part}") or () for part in _NETWORK}
    switches = [_Switch(one, one.name) for one in network["vswitch"]]
    switches += [_Switch(one, one.dvsName) for one in network["proxySwitch"]]
    host = {"host": str(row.values["name"]), "host_moid": row.moid}
    for nic in network["pnic"]:
        used = next((one for one in switches if nic.key in one.pnics), None)
        yield {"id": f"{row.moid}/{nic.device}", **host, **_physical(nic, used)}
    groups = {str(one.spec.name): one.spec for one in network["portgroup"]}
    services = _services(getattr(row.values.get(_SERVICES), "netConfig", None) or ())
    for nic in network["vnic"]:
        fact = {"id": f"{row.moid}/{nic.device}", **host, **_vmkernel(nic, groups, switches)}
        yield {**fact, "services": services.get(str(nic.device), [])}


class _Switch:
    """A switch of the host, a standard one or its part of a distributed one."""

    def __init__(self, said: Any, name: Any) -> None:
        self.name = str(name)
        self.uuid = getattr(said, "dvsUuid", None)
        self.mtu = said.mtu
        self.pnics = frozenset(said.pnic or ())


def _physical(nic: Any, used: _Switch | None) -> Fact:
    speed = nic.linkSpeed
    return {
        "name": str(nic.device),
        "kind": "physical",
        "mac": str(nic.mac).lower(),
        "switch": None if used is None else used.name,
        "mtu": None if used is None else used.mtu,
        **_addresses(nic.spec.ip),
        "driver": nic.driver or None,
        "pci": nic.pci or None,
        # A NIC has a speed as long as it has a link.
        "link_up": speed is not None,
        "link_mbps": getattr(speed, "speedMb", None),
        "full_duplex": getattr(speed, "duplex", None),
        "auto_negotiate": nic.spec.linkSpeed is None,
        "speeds_mbps": sorted({int(one.speedMb) for one in nic.validLinkSpecification or ()}),
        "wake_on_lan": bool(nic.wakeOnLanSupported),
        "port_group": None,
        "vlan_id": None,
        "netstack": None,
        "services": None,
    }


def _vmkernel(nic: Any, groups: Mapping[str, Any], switches: Sequence[_Switch]) -> Fact:
    spec = nic.spec
    group, port, opaque = groups.get(str(nic.portgroup)), spec.distributedVirtualPort, spec.opaqueNetwork
    switch = getattr(group, "vswitchName", None) or None
    name = nic.portgroup or getattr(port, "portgroupKey", None) or getattr(opaque, "opaqueNetworkId", None)
    if port is not None:
        switch = next((one.name for one in switches if one.uuid == port.switchUuid), None)
    return {
        "name": str(nic.device),
        "kind": "vmkernel",
        "mac": None if spec.mac is None else str(spec.mac).lower(),
        "switch": switch,
        "mtu": spec.mtu,
        **_addresses(spec.ip),
        **dict.fromkeys(("driver", "pci", "link_up", "link_mbps", "full_duplex", "auto_negotiate")),
        "speeds_mbps": None,
        "wake_on_lan": None,
        "port_group": name or None,
        "vlan_id": getattr(group, "vlanId", None),
        "netstack": spec.netStackInstanceKey or None,
    }


def _addresses(ip: Any) -> Fact:
    mask = getattr(ip, "subnetMask", None) or None
    ipv6 = getattr(ip, "ipV6Config", None)
    return {
        "ipv4": {
            "dhcp": bool(getattr(ip, "dhcp", False)),
            "address": getattr(ip, "ipAddress", None) or None,
            "netmask": mask,
            "prefix": prefix_of(mask),
        },
        "ipv6": {
            "dhcp": bool(getattr(ipv6, "dhcpV6Enabled", False)),
            "autoconf": bool(getattr(ipv6, "autoConfigurationEnabled", False)),
            "addresses": [
                {
                    "address": str(one.ipAddress),
                    "prefix": int(one.prefixLength),
                    "origin": one.origin or None,
                    "state": one.dadState or None,
                }
                for one in getattr(ipv6, "ipV6Address", None) or ()
            ],
        },
    }


def _services(configs: Iterable[Any]) -> dict[str, list[str]]:
    """Return the services by the device that carries them; keys differ by service, devices do not."""
    found = dict[str, list[str]]()
    for config in configs:
        selected = set(config.selectedVnic or ())
        for one in config.candidateVnic or ():
            if one.key in selected:
                found.setdefault(str(one.device), []).append(str(config.nicType))
    return found
