# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Whether a change of a switch would cut the host off.

A host is managed through VMkernel adapters; a change cuts one off if its port group comes into another VLAN, or if no
uplink that carried it before, with a link where any had one, carries it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import PlanError
from .networks import Fact
from .wording import listed


def check_management(switch: Fact, wanted: Fact, groups: Mapping[str, Fact], links: Mapping[str, bool]) -> None:
    """
    See that the host stays within reach; ``groups`` are the port groups as they shall be.

    Raises:
        PlanError: it would not.
    """
    for group in switch["port_groups"]:
        target = groups.get(group["name"])
        if not group["management"] or target is None:
            continue
        reason = _reason(group, target, _carriers(group, switch), _carriers(target, wanted), links)
        if reason is not None:
            adapters = [one["name"] for one in group["vmkernel"]]
            raise PlanError(
                f"the host would be cut off: {reason}, and it is managed through the VMkernel adapter "
                f"{listed(adapters)} in the port group '{group['name']}'; it is done only if you say "
                "'cut_management: true'",
                management={"port_group": group["name"], "vmkernel": adapters},
            )


def _reason(group: Fact, target: Fact, before: list[str], after: list[str], links: Mapping[str, bool]) -> str | None:
    if group["vlan_id"] != target["vlan_id"]:
        return f"the VLAN would be {target['vlan_id']} and no more {group['vlan_id']}"
    # Where none has a link, or none is known to have one, each counts.
    live = [nic for nic in before if links.get(nic)] or before
    if live and not {*live} & {*after}:
        return f"none of its uplinks {listed(live)} would be left"
    return None


def _carriers(group: Fact, switch: Fact) -> list[str]:
    """Return the uplinks over which a port group reaches the outside."""
    for teaming in (group["teaming"], switch["teaming"]):
        if teaming["active_uplinks"] is not None:
            order: list[Any] = [*teaming["active_uplinks"], *(teaming["standby_uplinks"] or ())]
            return [nic for nic in order if nic in switch["uplinks"]]
    return list(switch["uplinks"])
