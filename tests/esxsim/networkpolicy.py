# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What switches and port groups say of security, shaping and teaming, and what a port group inherits of its switch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from pyVmomi import vim, vmodl

from .entity import like

TEAMING = ("loadbalance_ip", "loadbalance_srcmac", "loadbalance_srcid", "failover_explicit")
# The parts of a policy, and the parts of a part.
_PARTS = ("security", "nicTeaming", "offloadPolicy", "shapingPolicy")
# An order is one's own or the other's, and never of both.
_NESTED = ("failureCriteria",)


def own_policy(given: Any = None) -> Any:
    """Return the policy of a port group as a host shows it: each part is there, even if it says nothing."""
    kind: Any = vim.host.NetworkPolicy
    nothing = kind(
        security=kind.SecurityPolicy(),
        nicTeaming=kind.NicTeamingPolicy(failureCriteria=kind.NicFailureCriteria()),
        offloadPolicy=vim.host.NetOffloadCapabilities(),
        shapingPolicy=kind.TrafficShapingPolicy(),
    )
    return merged(nothing, given)


def merged(base: Any, own: Any) -> Any:
    """Return a policy in which what ``own`` leaves out is as in ``base``; a part is never changed in place."""
    if own is None:
        return base
    return like(base, **{name: _part(getattr(base, name), getattr(own, name)) for name in _PARTS})


def _part(base: Any, own: Any) -> Any:
    if own is None or base is None:
        return base if own is None else own
    said = {name: value for name, value in vars(own).items() if value is not None and not name.startswith("dynamic")}
    for name in _NESTED:
        if name in said:
            said[name] = _part(getattr(base, name), said[name])
    return like(base, **said)


def check_policy(policy: Any, uplinks: Sequence[str], where: str) -> None:
    """
    See that a policy means something on a switch with these uplinks.

    Raises:
        InvalidArgument: it does not.
    """
    teaming, shaping = policy.nicTeaming, policy.shapingPolicy
    if teaming is not None and teaming.policy is not None and teaming.policy not in TEAMING:
        raise _invalid(f"{where}.nicTeaming.policy")
    if teaming is not None and teaming.nicOrder is not None:
        order = [*teaming.nicOrder.activeNic, *teaming.nicOrder.standbyNic]
        if len(set(order)) < len(order) or not {*order} <= {*uplinks}:
            raise _invalid(f"{where}.nicTeaming.nicOrder")
    if shaping is not None:
        for name in ("averageBandwidth", "peakBandwidth", "burstSize"):
            if (getattr(shaping, name) or 0) < 0:
                raise _invalid(f"{where}.shapingPolicy.{name}")


def without_uplinks(group: Any, gone: Collection[str]) -> Any:
    """Return a port group whose own failover order does not name these any more."""
    teaming = group.spec.policy.nicTeaming
    if teaming is None or teaming.nicOrder is None or not gone:
        return group
    order = teaming.nicOrder
    left = {name: [nic for nic in getattr(order, name) if nic not in gone] for name in ("activeNic", "standbyNic")}
    teaming = like(teaming, nicOrder=like(order, **left))
    return like(group, spec=like(group.spec, policy=like(group.spec.policy, nicTeaming=teaming)))


def _invalid(name: str) -> Exception:
    fault: Exception = vmodl.fault.InvalidArgument(
        invalidProperty=name, msg=f"A specified parameter was not correct: {name}"
    )
    return fault
