# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Who is plugged into the port groups of a host, found out when somebody looks.

A VMkernel adapter always has its port, a machine while it runs: one in each network, however many adapters it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyVmomi import vim

from .devicekeys import network_moid
from .entity import like
from .hostnet import switch_key
from .managed import ManagedObject, key_of
from .networkpolicy import merged


def with_users(system: ManagedObject) -> Any:
    """Return the host's network with the ports in use, and with what each port group inherits."""
    info = system.stored("networkInfo")
    policies = {one.key: one.spec.policy for one in info.vswitch}
    groups = [
        like(
            one,
            port=_ports(system, info, one.spec.name),
            computedPolicy=merged(policies[one.vswitch], one.spec.policy),
        )
        for one in info.portgroup
    ]
    return like(info, portgroup=groups, vswitch=_switches(info.vswitch, groups))


def _switches(switches: Sequence[Any], groups: Sequence[Any]) -> list[Any]:
    there: Mapping[str, list[Any]] = {one.key: [] for one in switches}
    for one in groups:
        there[switch_key(one.spec.vswitchName)].append(one)
    return [
        like(
            one,
            portgroup=[group.key for group in there[one.key]],
            numPortsAvailable=max(0, one.numPorts - len(one.pnic) - sum(len(group.port) for group in there[one.key])),
        )
        for one in switches
    ]


def _ports(system: ManagedObject, info: Any, name: str) -> list[Any]:
    kind: Any = vim.host.PortGroup.Port
    ports = [
        kind(
            key=f"key-vim.host.PortGroup.Port-{name}-{number}", mac=[nic.spec.mac] if nic.spec.mac else [], type="host"
        )
        for number, nic in enumerate((one for one in info.vnic if one.portgroup == name), 1)
    ]
    network = system.world.find_or_none("Network", network_moid(name))
    machine = kind(key="", type="virtualMachine")
    for ref in () if network is None else network.get("vm"):
        # There may be thousands, and one whose state nobody has set is off.
        if getattr(system.world.find(*key_of(ref)).stored("runtime"), "powerState", None) == "poweredOn":
            ports.append(like(machine, key=f"key-vim.host.PortGroup.Port-{name}-{len(ports) + 1}"))
    return ports
