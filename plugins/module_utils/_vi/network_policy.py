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
_MEANT = {ENABLED: True, DISABLED: False, ACCEPT: True, REJECT: False, "beacon": True, "link": False}
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
    security = {name: _meant(fact["security"][word]) for word, name in _SECURITY.items()}
    shaping = {name: fact["shaping"][word] for word, name in _SHAPING.items()}
    said = {
        "security": _part(kind.SecurityPolicy, security),
        "nicTeaming": _teaming(getattr(base, "nicTeaming", None), fact["teaming"]),
        "offloadPolicy": getattr(base, "offloadPolicy", None),
        "shapingPolicy": _part(kind.TrafficShapingPolicy, {"enabled": _meant(fact["shaping"]["status"]), **shaping}),
    }
    return _part(kind, said)


def _teaming(base: Any, teaming: Mapping[str, Any]) -> Any:
    kind: Any = sdk.vim.host.NetworkPolicy
    active, standby = teaming["active_uplinks"], teaming["standby_uplinks"]
    order = None
    if active is not None or standby is not None:
        order = kind.NicOrderPolicy(activeNic=list(active or ()), standbyNic=list(standby or ()))
    failback, policy = _meant(teaming["failback"]), teaming["policy"]
    criteria = getattr(base, "failureCriteria", None) or kind.NicFailureCriteria()
    said = {
        "policy": None if policy in (None, INHERIT) else policy.replace("-", "_"),
        "reversePolicy": getattr(base, "reversePolicy", None),
        "notifySwitches": _meant(teaming["notify_switches"]),
        "rollingOrder": None if failback is None else not failback,
        "failureCriteria": _part(
            kind.NicFailureCriteria, {**_fields(criteria), "checkBeacon": _meant(teaming["failure_detection"])}
        ),
        "nicOrder": order,
    }
    return _part(kind.NicTeamingPolicy, said)


def with_fields(given: Any, **changes: Any) -> Any:
    """Copy a data object with other values in some fields."""
    return type(given)(**{**_fields(given), **changes})


def _fields(given: Any) -> dict[str, Any]:
    return {info.name: getattr(given, info.name) for info in given._GetPropertyList()}


def _part(kind: Any, fields: Mapping[str, Any]) -> Any:
    """Make a policy or a part of one; None if it says nothing."""
    said = {name: value for name, value in fields.items() if value is not None and not name.startswith("dynamic")}
    return kind(**said) if said else None


def _meant(word: str | None) -> bool | None:
    return _MEANT.get(word or "")
