# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is to be changed of one standard switch: one comparison, from which come the requests, ``changed`` and ``--diff``.

Laws: nothing is taken from under a virtual machine or a VMkernel adapter, no uplink from another switch, and the host
stays within reach unless somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import NotFound, PlanError
from .network_guard import check_management
from .network_wish import GroupWish, NetworkWish, Policy, check_new, check_uuid
from .networks import INHERIT, PARTS, Fact, group_of, users_of
from .wording import listed

USUAL_PORTS, USUAL_MTU = 128, 1500
_OWN = ("uplinks", "num_ports", "mtu", *PARTS)


@dataclass(frozen=True, kw_only=True)
class Have:
    """
    What one host has.

    ``nics`` are its physical NICs and whether each has a link, ``taken`` those that a distributed switch has, and
    which.
    """

    host: str
    moid: str
    switches: Sequence[Fact]
    nics: Mapping[str, bool]
    taken: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> Fact | None:
        """Return the switch of that name, None if there is none."""
        return next((one for one in self.switches if one["name"] == name), None)


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One request: ``verb`` is add, update, grow or remove of a switch, or add, update or remove of a port group.

    ``wanted`` are the facts as they shall be then, None: it shall not be there.
    """

    verb: str
    name: str
    text: str
    wanted: Fact | None = None
    is_group: bool = False

    @property
    def key(self) -> tuple[str, str, bool]:
        """What makes it another one than others."""
        return self.verb, self.name, self.is_group


def plan(have: Have, wish: NetworkWish) -> tuple[Change, ...]:
    """
    Compare what is there with what is wished.

    Raises:
        NotFound: there is no such physical NIC.
        PlanError: it cannot be, it would take away what is in use, or cut the host off.
        OptionError: no new one may be called so.
    """
    switch = have.named(wish.name)
    if not wish.present:
        return () if switch is None else (_removal(switch),)
    _check_places(have, wish)
    _check_uplinks(have, wish, switch)
    known = {one["name"] for one in switch["port_groups"]} if switch else set()
    check_new(
        wish, switch=switch is None, groups=[one.name for one in wish.groups if one.present and one.name not in known]
    )
    if switch is None:
        return _creation(wish)
    check_uuid(wish, switch["key"])
    return _changes(have, wish, switch)


def _creation(wish: NetworkWish) -> tuple[Change, ...]:
    uplinks = list(wish.uplinks or ())
    _check_order(f"the switch '{wish.name}'", wish.policy.get("teaming", {}), uplinks)
    wanted: Fact = {
        "name": wish.name,
        "num_ports": wish.num_ports or USUAL_PORTS,
        "mtu": wish.mtu or USUAL_MTU,
        "uplinks": uplinks,
        **_policy_of(None, wish.policy),
        "port_groups": [],
    }
    said = f" with the uplinks {listed(uplinks)}" if uplinks else " without an uplink"
    made = Change(verb="add", name=wish.name, text=f"the switch '{wish.name}' is made{said}", wanted=wanted)
    return (made, *(_group_creation(one, uplinks) for one in wish.groups if one.present))


def _group_creation(one: GroupWish, uplinks: Sequence[str]) -> Change:
    wanted = {"name": one.name, "vlan_id": one.vlan_id or 0, **_policy_of(None, one.policy, inherits=True)}
    _check_order(f"the port group '{one.name}'", wanted["teaming"], uplinks)
    text = f"the port group '{one.name}' is made in VLAN {wanted['vlan_id']}"
    return Change(verb="add", name=one.name, text=text, wanted=wanted, is_group=True)


def _changes(have: Have, wish: NetworkWish, switch: Fact) -> tuple[Change, ...]:
    wanted = _wanted_switch(wish, switch)
    removals = [_group_removal(one) for one in _unwanted(wish, switch)]
    gone = {change.name for change in removals}
    stay = [one for one in switch["port_groups"] if one["name"] not in gone]
    asked = {one.name: one for one in wish.groups if one.present}
    targets = {one["name"]: _wanted_group(asked.get(one["name"]), one) for one in stay}
    for name, target in targets.items():
        _check_order(f"the port group '{name}'", target["teaming"], wanted["uplinks"])
    if not wish.cut_management:
        check_management(switch, wanted, targets, have.nics)
    updates = [_group_update(one, targets[one["name"]]) for one in stay if _differs(one, targets[one["name"]])]
    adds = [_group_creation(one, wanted["uplinks"]) for name, one in asked.items() if name not in targets]
    lost, new = ({*one["uplinks"]} - {*other["uplinks"]} for one, other in ((switch, wanted), (wanted, switch)))
    # A port group lets go of an uplink before the switch does, and takes one when the switch has it.
    early = [one for one in updates if lost & {*_order(group_of(switch, one.name) or {})}]
    late = [one for one in updates if one not in early]
    grown = {**wanted, "uplinks": [*switch["uplinks"], *sorted(new)], "teaming": _without_order(wanted, switch)}
    grow = [_switch_update("grow", switch, grown)] if early and new else []
    update = [_switch_update("update", switch, wanted)] if _differs(switch, wanted) else []
    return (*removals, *grow, *early, *update, *late, *adds)


def _wanted_switch(wish: NetworkWish, switch: Fact) -> Fact:
    uplinks = switch["uplinks"]
    if wish.uplinks is not None and {*wish.uplinks} != {*uplinks}:
        uplinks = list(wish.uplinks)
    parts = _policy_of(switch, wish.policy)
    teaming = parts["teaming"]
    if "active_uplinks" not in wish.policy.get("teaming", {}) and teaming["active_uplinks"] is not None:
        # Those that stay keep their place; those that come are active.
        stay = {
            word: [nic for nic in teaming[word] or () if nic in uplinks]
            for word in ("active_uplinks", "standby_uplinks")
        }
        stay["active_uplinks"] += [nic for nic in uplinks if nic not in switch["uplinks"]]
        parts = {**parts, "teaming": {**teaming, **stay}}
    _check_order(f"the switch '{wish.name}'", parts["teaming"], uplinks)
    return {
        **switch,
        "uplinks": uplinks,
        "num_ports": wish.num_ports or switch["num_ports"],
        "mtu": wish.mtu or switch["mtu"],
        **parts,
    }


def _wanted_group(wish: GroupWish | None, group: Fact) -> Fact:
    if wish is None:
        return group
    vlan = group["vlan_id"] if wish.vlan_id is None else wish.vlan_id
    return {**group, "vlan_id": vlan, **_policy_of(group, wish.policy)}


def _policy_of(have: Fact | None, policy: Policy, *, inherits: bool = False) -> dict[str, Any]:
    """Return the three parts of a policy: what is said, otherwise what is there, otherwise nothing."""
    found = {}
    for part, words in PARTS.items():
        base = {word: _unset(word, inherits=inherits) for word in words} if have is None else have[part]
        found[part] = {**base, **policy.get(part, {})}
    return found


def _unset(word: str, *, inherits: bool) -> str | None:
    return INHERIT if inherits and not word.endswith(("_bps", "_bytes", "_uplinks")) else None


def _unwanted(wish: NetworkWish, switch: Fact) -> list[Fact]:
    absent = {one.name for one in wish.groups if not one.present}
    known = {one.name for one in wish.groups}
    return [one for one in switch["port_groups"] if one["name"] in absent or (wish.purge and one["name"] not in known)]


def _group_removal(group: Fact) -> Change:
    _check_users([group], f"the port group '{group['name']}' is not removed")
    text = f"the port group '{group['name']}' is removed"
    return Change(verb="remove", name=group["name"], text=text, is_group=True)


def _removal(switch: Fact) -> Change:
    _check_users(switch["port_groups"], f"the switch '{switch['name']}' is not removed")
    names = [one["name"] for one in switch["port_groups"]]
    also = f", and its port groups {listed(names)}" if names else ""
    return Change(verb="remove", name=switch["name"], text=f"the switch '{switch['name']}' is removed{also}")


def _check_users(groups: Iterable[Fact], what: str) -> None:
    used = [one for one in groups if users_of(one)]
    if not used:
        return
    in_use = [
        {"port_group": group["name"], "kind": kind, "name": one["name"], "moid": one.get("moid")}
        for group in used
        for kind, key in (("vmkernel", "vmkernel"), ("virtual-machine", "vms"))
        for one in group[key]
    ]
    who = "; ".join(f"'{one['name']}' by {', '.join(users_of(one))}" for one in used)
    raise PlanError(f"{what}: it is in use, {who}", in_use=in_use)


def _check_places(have: Have, wish: NetworkWish) -> None:
    for one in wish.groups:
        for switch in have.switches:
            if switch["name"] != wish.name and group_of(switch, one.name) is not None:
                raise PlanError(
                    f"the port group '{one.name}' is on the switch '{switch['name']}', not on '{wish.name}': a host "
                    "has each name once, and no host moves one"
                )


def _check_uplinks(have: Have, wish: NetworkWish, switch: Fact | None) -> None:
    own = switch["uplinks"] if switch else ()
    missing = [nic for nic in wish.uplinks or () if nic not in have.nics and nic not in own]
    if missing:
        raise NotFound(
            f"the host '{have.host}' has no physical NIC {listed(missing)}; there are {listed(have.nics)}",
            missing=missing,
        )
    for nic in wish.uplinks or ():
        for other in have.switches:
            if other["name"] != wish.name and nic in other["uplinks"]:
                raise PlanError(
                    f"{nic} is an uplink of the switch '{other['name']}': take it away there first, with the 'uplinks' "
                    "that it shall keep"
                )
        if nic in have.taken:
            raise PlanError(f"{nic} is an uplink of the distributed switch '{have.taken[nic]}'")


def _check_order(what: str, teaming: Mapping[str, Any], uplinks: Sequence[str]) -> None:
    foreign = {*_order({"teaming": teaming})} - {*uplinks}
    if foreign:
        raise PlanError(
            f"the failover order of {what} names {listed(foreign)}, which would be no uplink; the uplinks would be "
            f"{listed(uplinks)}"
        )


def _order(fact: Mapping[str, Any]) -> list[str]:
    teaming = fact.get("teaming", {})
    return [*(teaming.get("active_uplinks") or ()), *(teaming.get("standby_uplinks") or ())]


def _without_order(wanted: Fact, switch: Fact) -> dict[str, Any]:
    return {**wanted["teaming"], **{word: switch["teaming"][word] for word in ("active_uplinks", "standby_uplinks")}}


def _differs(have: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return any(have.get(word) != wanted.get(word) for word in (*_OWN, "vlan_id"))


def _said(have: Fact, wanted: Fact) -> str:
    own = (word for word in ("vlan_id", "uplinks", "num_ports", "mtu") if have.get(word) != wanted.get(word))
    words = [f"{word} {_shown(wanted[word])}" for word in own]
    for part in PARTS:
        words += [f"{word} {_shown(value)}" for word, value in wanted[part].items() if value != have[part][word]]
    return ", ".join(words)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value) or "none"
    return INHERIT if value is None else str(value)


def _switch_update(verb: str, switch: Fact, wanted: Fact) -> Change:
    text = f"the switch '{switch['name']}' gets {_said(switch, wanted)}"
    return Change(verb=verb, name=switch["name"], text=text, wanted=wanted)


def _group_update(group: Fact, wanted: Fact) -> Change:
    text = f"the port group '{group['name']}' gets {_said(group, wanted)}"
    return Change(verb="update", name=group["name"], text=text, wanted=wanted, is_group=True)
