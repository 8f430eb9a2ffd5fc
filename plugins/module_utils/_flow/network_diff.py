# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``--diff`` shows of a switch, and what takes a change back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .network_plan import Change
from .networks import PARTS, Fact, group_of

_SWITCH = ("uplinks", "num_ports", "mtu")


def diff_of(switch: Fact | None, changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both halves of ``--diff``: the switch and those of its port groups that are changed."""
    if not changes:
        return {}, {}
    touched = [change.name for change in changes if change.is_group]
    before = {} if switch is None else _shown(switch, touched)
    after = dict(before)
    for change in changes:
        if change.is_group:
            groups = {name: one for name, one in after.get("port_groups", {}).items() if name != change.name}
            if change.wanted is not None:
                groups[change.name] = _shown_group(change.wanted)
            after = {**after, "port_groups": groups}
        else:
            after = {} if change.wanted is None else {**_shown_own(change.wanted), **_groups(after)}
    return before, after


def between(one: Fact | None, other: Fact | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the same of a switch as it was and as it is; both are empty where it is as it was."""
    if not same(one, other):
        return {}, {}
    groups = [
        {group["name"]: _shown_group(group) for group in (fact or {}).get("port_groups", ())} for fact in (one, other)
    ]
    touched = [name for name in {**groups[0], **groups[1]} if groups[0].get(name) != groups[1].get(name)]
    before, after = ({} if fact is None else _shown(fact, touched) for fact in (one, other))
    return before, after


def _groups(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {"port_groups": shown["port_groups"]} if "port_groups" in shown else {}


def _shown(switch: Fact, touched: Sequence[str]) -> dict[str, Any]:
    groups = {name: _shown_group(one) for name in touched if (one := group_of(switch, name)) is not None}
    return {**_shown_own(switch), **({"port_groups": groups} if touched else {})}


def _shown_own(switch: Fact) -> dict[str, Any]:
    return {"name": switch["name"], **{word: switch[word] for word in _SWITCH}, **_parts(switch)}


def _shown_group(group: Fact) -> dict[str, Any]:
    return {"vlan_id": group["vlan_id"], **_parts(group)}


def _parts(fact: Fact) -> dict[str, Any]:
    """Return the policy as far as it says something."""
    said = {part: {word: value for word, value in fact[part].items() if value is not None} for part in PARTS}
    return {part: words for part, words in said.items() if words}


def undone(change: Change, before: Fact | None) -> Change | None:
    """Return what takes a change back to how the switch was before all of them; None: nothing can."""
    if not change.is_group:
        if change.verb == "add":
            return Change(verb="remove", name=change.name, text=f"the switch '{change.name}' is removed again")
        if before is None or change.verb == "remove":
            return None
        return Change(
            verb="update", name=change.name, text=f"the switch '{change.name}' becomes what it was", wanted=before
        )
    text = f"the port group '{change.name}' becomes what it was"
    old = None if before is None else group_of(before, change.name)
    verb = {"add": "remove", "update": "update", "remove": "add"}[change.verb]
    return Change(verb=verb, name=change.name, text=text, wanted=old, is_group=True)


def same(one: Fact | None, other: Fact | None) -> list[str]:
    """Return in which respects two facts of a switch differ, whoever uses it; none: it is as it was."""
    if one is None or other is None:
        return [] if one is other else [f"the switch '{(one or other or {})['name']}'"]
    found = [f"the switch '{one['name']}'"] if _shown_own(one) != _shown_own(other) else []
    names = dict.fromkeys(group["name"] for fact in (one, other) for group in fact["port_groups"])
    for name in names:
        groups = [group_of(fact, name) for fact in (one, other)]
        shown = [None if group is None else _shown_group(group) for group in groups]
        if shown[0] != shown[1]:
            found.append(f"the port group '{name}'")
    return found
