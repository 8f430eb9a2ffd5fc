# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Facts of standard switches and their port groups, in one round trip for all hosts.

Source: vim.host.NetworkInfo, vim.host.VirtualSwitch, vim.host.PortGroup; vim.host.VirtualNicManager for what VMkernel
adapters are used for, vim.Network for the virtual machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .._flow.network_xml import network_xml
from .._flow.networks import Fact, network_uuid, pick
from .network_policy import said_policy
from .places import Places
from .properties import all_hosts, objects, read, walk_step
from .query import chosen_ids
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

NETWORK = ("vswitch", "portgroup", "pnic", "vnic", "proxySwitch")
SERVICES = "config.virtualNicManagerInfo"
HOST = ("name", "parent", "network", SERVICES, *(f"config.network.{part}" for part in NETWORK))
PLACES: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "ComputeResource": ("name", "parent"),
}
MANAGEMENT = "management"
_PORTS = {"virtualMachine": "virtual-machine", "host": "host", "systemManagement": "system-management"}


def lookup_networks(
    session: Session,
    option: str | None,
    value: Any,
    *,
    datacenter: str | None,
    esxi_hostname: str | None,
    with_users: bool = False,
    with_xml: bool = False,
) -> list[Fact]:
    """
    Return the facts of the switches that are meant; none at all is no error for a query or for all.

    Raises:
        NotFound: something asked for is not there.
        Ambiguous: several hosts have a switch of one name.
        OptionError: the query is wrong.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    start = objects([session.content.rootFolder], *onward(steps, users=with_users, names=with_xml))
    rows = read(session, start, paths_of(users=with_users, names=with_xml))
    places = Places(rows)
    places.check(datacenter=datacenter, folder=None, esxi_hostname=esxi_hostname)
    facts = [
        fact
        for row in rows
        if row.type_name == "HostSystem"
        and places.is_within(row.moid, datacenter=datacenter, folder=None, esxi_hostname=None)
        and esxi_hostname in (None, row.values.get("name"))
        for fact in facts_of(row, rows, with_users=with_users, with_xml=with_xml)
    ]
    if option is None:
        return facts
    if option != "query":
        return pick(option, value, facts)
    by_id = {fact["id"]: fact for fact in facts}
    chosen = chosen_ids(value, facts, key="id", noun="switches", example="[?mtu==`9000`]")
    return [by_id[one] for one in chosen]


def onward(steps: Sequence[Any], *, users: bool, names: bool) -> list[Any]:
    """Let a walk that ends with the hosts go on to their networks, and to the machines that use these."""
    if not users and not names:
        return list(steps)
    return [*steps[:-1], walk_step("members", "ComputeResource", "host", "networks"), *network_steps(users=users)]


def network_steps(*, users: bool) -> list[Any]:
    """Return the steps that lead on from a host to its networks, and to the machines that use these."""
    if not users:
        return [walk_step("networks", "HostSystem", "network")]
    return [walk_step("networks", "HostSystem", "network", "vms"), walk_step("vms", "Network", "vm")]


def paths_of(*, users: bool, names: bool) -> Mapping[str, Iterable[str]]:
    """Return what is read of all that."""
    found = {**PLACES, "HostSystem": HOST}
    if users or names:
        found["Network"] = ("name", *(("vm",) if users else ()))
    if users:
        found["VirtualMachine"] = ("name", "runtime.host")
    return found


def facts_of(host: Row, rows: Sequence[Row], *, with_users: bool = False, with_xml: bool = False) -> list[Fact]:
    """Return the facts of the switches of one host; one that says nothing has none."""
    network = network_of(host)
    devices = {str(one.key): str(one.device) for one in network["pnic"]}
    services = services_of(host)
    own = {ref._moId for ref in host.values.get("network") or ()}
    networks = [row for row in rows if row.type_name == "Network" and row.moid in own]
    names = {name for row in networks for name in _names(row)}
    vms = _machines(host, networks, rows) if with_users else None
    facts = []
    for switch in network["vswitch"]:
        groups = [
            _group(one, network["vnic"], services, vms)
            for one in network["portgroup"]
            if str(one.spec.vswitchName) == str(switch.name)
        ]
        fact = {
            "id": f"{host.moid}/{switch.name}",
            "host": str(host.values["name"]),
            "host_moid": host.moid,
            **_switch(switch, devices),
            "port_groups": groups,
        }
        facts.append({**fact, **({"network_xml": network_xml(fact, names)} if with_xml else {})})
    return facts


def network_of(host: Row) -> Mapping[str, Sequence[Any]]:
    """Return the parts of a host's network; one that says nothing has empty ones."""
    return {part: host.values.get(f"config.network.{part}") or () for part in NETWORK}


def services_of(host: Row) -> Mapping[str, Sequence[str]] | None:
    """Return what each VMkernel adapter is used for; None: the host does not say."""
    said = host.values.get(SERVICES)
    if said is None:
        return None
    found = dict[str, list[str]]()
    for config in said.netConfig or ():
        selected = set(config.selectedVnic or ())
        # Keys differ from service to service, devices do not.
        for one in config.candidateVnic or ():
            if one.key in selected:
                found.setdefault(str(one.device), []).append(str(config.nicType))
    return found


def uplinks_of(switch: Any, devices: Mapping[str, str]) -> list[str]:
    """Return the devices of a switch's uplinks, in the order in which they were given."""
    given = getattr(switch.spec.bridge, "nicDevice", None) or [devices.get(str(key), str(key)) for key in switch.pnic]
    return [devices.get(str(one), str(one)) for one in ([given] if isinstance(given, str) else given)]


def _switch(switch: Any, devices: Mapping[str, str]) -> Fact:
    return {
        "name": str(switch.name),
        "key": str(switch.key),
        "uuid": network_uuid(str(switch.key)),
        "num_ports": int(switch.spec.numPorts),
        "ports_available": int(switch.numPortsAvailable),
        "mtu": switch.mtu or switch.spec.mtu,
        "uplinks": uplinks_of(switch, devices),
        **said_policy(switch.spec.policy),
    }


def _group(
    group: Any,
    adapters: Iterable[Any],
    services: Mapping[str, Sequence[str]] | None,
    vms: Mapping[str, list[Fact]] | None,
) -> Fact:
    name = str(group.spec.name)
    used_by = [
        {"name": str(one.device), "services": list((services or {}).get(str(one.device), ()))}
        for one in adapters
        if one.portgroup == name
    ]
    fact = {
        "name": name,
        "key": str(group.key or ""),
        "vlan_id": int(group.spec.vlanId),
        **said_policy(group.spec.policy, inherits=True),
        "effective": said_policy(group.computedPolicy),
        "ports": [
            {"type": _PORTS.get(str(one.type), "unknown"), "macs": [str(mac).lower() for mac in one.mac or ()]}
            for one in group.port or ()
        ],
        "vmkernel": used_by,
        # A host that does not say what its adapters are for may be managed through each.
        "management": bool(used_by) and (services is None or any(MANAGEMENT in one["services"] for one in used_by)),
    }
    return {**fact, **({"vms": vms.get(name, [])} if vms is not None else {})}


def _names(network: Row) -> set[str]:
    # In the inventory, a slash in a name is written %2f.
    name = str(network.values.get("name", ""))
    return {name, unquote(name)}


def _machines(host: Row, networks: Iterable[Row], rows: Iterable[Row]) -> Mapping[str, list[Fact]]:
    """Return the machines of the host by the names of the networks that they use."""
    known = {row.moid: row.values for row in rows if row.type_name == "VirtualMachine"}
    found = dict[str, list[Fact]]()
    for network in networks:
        vms = []
        for ref in network.values.get("vm") or ():
            # What the account may not see has neither name nor host.
            values = known.get(ref._moId, {})
            there = values.get("runtime.host")
            if there is None or there._moId == host.moid:
                vms.append({"name": str(values.get("name", ref._moId)), "moid": str(ref._moId)})
        for name in _names(network):
            found[name] = vms
    return found
