# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The policies of switches and port groups, between vSphere's objects and plain values.

Source: vim.host.NetworkPolicy. Law: what we have no word for goes back as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._flow.networks import ACCEPT, DISABLED, ENABLED, INHERIT, REJECT, Fact
from . import sdk

_FLAGS: Mapping[Any, str] = {True: ENABLED, False: DISABLED}
_CONSENT: Mapping[Any, str] = {True: ACCEPT, False: REJECT}
_BEACON: Mapping[Any, str] = {True: "beacon", False: "link"}
_SECURITY = {
    "promiscuous": "allowPromiscuous",
    "mac_changes": "macChanges",
    "forged_transmits": "forgedTransmits",
}
_SHAPING = {"average_bps": "averageBandwidth", "peak_bps": "peakBandwidth", "burst_bytes": "burstSize"}


def said_policy(policy: Any, *, inherits: bool = False) -> Fact:
    """Return a policy in plain values; of a port group, whose own it is, what is left out is inherited."""
    security, shaping, teaming = (getattr(policy, name, None) for name in ("security", "shapingPolicy", "nicTeaming"))
    criteria, order = (getattr(teaming, name, None) for name in ("failureCriteria", "nicOrder"))
    unset = INHERIT if inherits else None
    rolling, beacon = getattr(teaming, "rollingOrder", None), getattr(criteria, "checkBeacon", None)
    kind = getattr(teaming, "policy", None)
    return {
        "security": {word: _CONSENT.get(getattr(security, name, None)) or unset for word, name in _SECURITY.items()},
        "shaping": {
            "status": _FLAGS.get(getattr(shaping, "enabled", None)) or unset,
            **{word: getattr(shaping, name, None) for word, name in _SHAPING.items()},
        },
        "teaming": {
            "policy": str(kind).replace("_", "-") if kind else unset,
            "failure_detection": _BEACON.get(beacon) or unset,
            "notify_switches": _FLAGS.get(getattr(teaming, "notifySwitches", None)) or unset,
            # Where the order rolls, an uplink that works again waits until it is needed.
            "failback": _FLAGS.get(None if rolling is None else not rolling) or unset,
            "active_uplinks": None if order is None else [str(one) for one in order.activeNic or ()],
            "standby_uplinks": None if order is None else [str(one) for one in order.standbyNic or ()],
        },
    }


def made_policy(base: Any, fact: Mapping[str, Any]) -> Any:
    """Return vSphere's policy that says what the plain one does, and otherwise what ``base`` does; None: nothing."""
    kind: Any = sdk.vim.host.NetworkPolicy
    security, shaping, teaming = fact["security"], fact["shaping"], fact["teaming"]
    old = getattr(base, "nicTeaming", None)
    criteria = getattr(old, "failureCriteria", None) or kind.NicFailureCriteria()
    beacon = {"beacon": True, "link": False}.get(teaming["failure_detection"] or "")
    order = None
    if teaming["active_uplinks"] is not None or teaming["standby_uplinks"] is not None:
        order = kind.NicOrderPolicy(
            activeNic=list(teaming["active_uplinks"] or ()), standbyNic=list(teaming["standby_uplinks"] or ())
        )
    failback = _flag(teaming["failback"])
    given = teaming["policy"]
    return kind(
        security=kind.SecurityPolicy(**{name: _consent(security[word]) for word, name in _SECURITY.items()}),
        nicTeaming=kind.NicTeamingPolicy(
            policy=None if given in (None, INHERIT) else given.replace("-", "_"),
            reversePolicy=getattr(old, "reversePolicy", None),
            notifySwitches=_flag(teaming["notify_switches"]),
            rollingOrder=None if failback is None else not failback,
            failureCriteria=_with(criteria, checkBeacon=beacon),
            nicOrder=order,
        ),
        offloadPolicy=getattr(base, "offloadPolicy", None),
        shapingPolicy=kind.TrafficShapingPolicy(
            enabled=_flag(shaping["status"]), **{name: shaping[word] for word, name in _SHAPING.items()}
        ),
    )


def _with(given: Any, **changes: Any) -> Any:
    """Copy a data object with other values in some fields."""
    fields = {info.name: getattr(given, info.name) for info in given._GetPropertyList()}
    return type(given)(**{**fields, **changes})


def _flag(word: str | None) -> bool | None:
    return {ENABLED: True, DISABLED: False}.get(word or "")


def _consent(word: str | None) -> bool | None:
    return {ACCEPT: True, REJECT: False}.get(word or "")
