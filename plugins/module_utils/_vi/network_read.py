# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A host and its switches, as it takes to change one of them: in one round trip on ESXi, in two under a vCenter.

Source: vim.host.NetworkSystem, whose ``networkInfo`` is what HostSystem shows as ``config.network``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import NotFound, PlanError
from .._flow.network_plan import Have
from .._flow.network_wish import NetworkWish
from .iscsi_read import meant_host
from .networks import NETWORK, PLACES, SERVICES, facts_of, network_of, network_steps, paths_of
from .properties import all_hosts, objects, read, walk_step
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

SYSTEM = "configManager.networkSystem"


@dataclass(frozen=True, kw_only=True)
class NetworkHost:
    """One host as it was read: what it has, what works on its network, and vSphere's words of what is there."""

    have: Have
    system: Any
    switches: Mapping[str, Any]
    groups: Mapping[str, Any]


def lookup_network_host(
    session: Session, wish: NetworkWish, *, datacenter: str | None, esxi_hostname: str | None
) -> NetworkHost:
    """
    Return the host that is meant, with its switches.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
        PlanError: the host does not let its network be changed.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    root = [session.content.rootFolder]
    if session.is_vcenter:
        rows = read(session, objects(root, *steps), {**PLACES, "HostSystem": ("name", "parent")})
        return look_again(session, meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname).moid, wish)
    # A walk may only name the steps that it has.
    names = ["system", *(["networks"] if wish.needs_users else [])]
    onward = [*steps[:-1], walk_step("members", "ComputeResource", "host", *names)]
    rows = read(session, objects(root, *onward, *_steps(wish)), _paths(wish))
    return _host(session, rows, meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname), wish)


def look_again(session: Session, moid: str, wish: NetworkWish) -> NetworkHost:
    """Read one host, whose id is known."""
    rows = read(session, objects([session.reference("HostSystem", moid)], *_steps(wish)), _paths(wish))
    hosts = [row for row in rows if row.type_name == "HostSystem"]
    if not hosts:
        raise NotFound(f"the host {moid} is not there any more", missing=[moid])
    return _host(session, rows, hosts[0], wish)


def _steps(wish: NetworkWish) -> list[Any]:
    return [walk_step("system", "HostSystem", SYSTEM), *(network_steps(users=True) if wish.needs_users else ())]


def _paths(wish: NetworkWish) -> Mapping[str, Any]:
    return {
        **paths_of(users=wish.needs_users, names=False),
        "HostSystem": ("name", "parent", "network", SERVICES, SYSTEM),
        "HostNetworkSystem": [f"networkInfo.{part}" for part in NETWORK],
    }


def _host(session: Session, rows: Sequence[Row], host: Row, wish: NetworkWish) -> NetworkHost:
    name, system = str(host.values["name"]), host.values.get(SYSTEM)
    said = next((row.values for row in rows if row.moid == getattr(system, "_moId", None)), {})
    parts = {f"config.{path}".replace("networkInfo", "network"): value for path, value in said.items()}
    host = Row(host.type_name, host.moid, {**host.values, **parts})
    network = network_of(host)
    if system is None or not (network["vswitch"] or network["pnic"]):
        raise PlanError(
            f"the host '{name}' does not tell what its network is: is it connected, and may the account see it?"
        )
    devices = {str(one.key): str(one.device) for one in network["pnic"]}
    have = Have(
        host=name,
        moid=host.moid,
        switches=facts_of(host, rows, with_users=wish.needs_users),
        # A NIC has a speed as long as it has a link.
        nics={str(one.device): one.linkSpeed is not None for one in network["pnic"]},
        taken={
            devices.get(str(key), str(key)): str(one.dvsName)
            for one in network["proxySwitch"]
            for key in one.pnic or ()
        },
    )
    return NetworkHost(
        have=have,
        system=session.reference("HostNetworkSystem", system._moId),
        switches={str(one.name): one.spec for one in network["vswitch"]},
        groups={str(one.spec.name): one.spec for one in network["portgroup"]},
    )
