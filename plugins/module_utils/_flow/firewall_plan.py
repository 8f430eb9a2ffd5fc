# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From a firewall as it is to one as it is wished: the changes, one call each, in an order in which nothing stands open
that shall be shut, and nobody is shut out in between who gets in afterwards.

Law: ``foresee`` says what the host will say when the changes have been made.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._errors import NotFound, PlanError
from .firewall import INBOUND, OUTBOUND, POLICY, Address, Allowed, Firewall, Ruleset, Way
from .firewall_wish import FirewallWish, WantedRuleset
from .wording import listed

# Through what a host is managed: the API itself; a vCenter's agents on top of it, and what says that the host is alive.
OURS = (Way(INBOUND, "tcp", 443),)
VCENTERS = (*OURS, Way(INBOUND, "tcp", 902), Way(OUTBOUND, "udp", 902))


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One call.

    ``verb`` is enable, disable, allow or policy; ``ruleset`` is as it will be then, None for the policy.
    """

    verb: str
    text: str
    ruleset: Ruleset | None = None
    policy: Mapping[str, bool] | None = None


def wished(have: Firewall, wish: FirewallWish) -> Firewall:
    """
    Return the firewall as it is wished.

    Raises:
        NotFound: there is no such rule set; those that are called nearly so are named.
        PlanError: a rule set does not let itself be changed.
    """
    _check_names(have, wish)
    wanted = {one.name: _wished(have.rulesets[one.name], one) for one in wish.rulesets or ()}
    return Firewall(rulesets={**have.rulesets, **wanted}, policy={**have.policy, **wish.policy})


def _check_names(have: Firewall, wish: FirewallWish) -> None:
    missing = [one.name for one in wish.rulesets or () if one.name not in have.rulesets]
    if not missing:
        return
    names = {text.lower(): one.name for one in have.rulesets.values() for text in (one.label, one.name)}
    near = dict.fromkeys(
        names[text] for name in missing for text in difflib.get_close_matches(name.lower(), names, 3, 0.5)
    )
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {listed(have.rulesets)}"
    raise NotFound(f"there is no rule set {listed(missing)}; {hint}", missing=missing, near=list(near) or None)


def _wished(have: Ruleset, want: WantedRuleset) -> Ruleset:
    enabled = have.enabled if want.enabled is None else want.enabled
    if enabled != have.enabled:
        if have.required and not enabled:
            raise PlanError(f"the host requires the rule set '{have.name}': it cannot be disabled", ruleset=have.name)
        if have.switchable is False:
            raise PlanError(f"the host itself switches the rule set '{have.name}': users may not", ruleset=have.name)
    allowed = have.allowed if want.allowed is None else want.allowed.of(have.allowed, have.name)
    if allowed != have.allowed and have.narrowable is False:
        raise PlanError(f"the host itself says who may use the rule set '{have.name}'", ruleset=have.name)
    return replace(have, enabled=enabled, allowed=allowed)


def shut_out(have: Firewall, after: Firewall, ways: Iterable[Way], client: Address | None) -> PlanError | None:
    """
    Return the failure that says that the host could not be managed any more, None if it can.

    ``client`` is from where, None: that is not known. Where the firewall as it is does not explain how we got in, what
    we know is wrong, and nothing that may have let us in is narrowed.
    """
    for way in ways:
        letting = [one for one in have.on(way) if one.enabled]
        if have.admits(way, client):
            is_lost = not after.admits(way, client)
        else:
            is_lost = not all(after.rulesets[one.name].includes(one) for one in letting)
        if is_lost:
            who = "who manages the host (its address is not known)" if client is None else str(client)
            names = [one.name for one in letting]
            return PlanError(
                f"this would cut off our own connection: nothing would surely let {who} through {way} any more, which "
                f"{listed(names)} may do now; allow the address, or give 'force: true'",
                shut_out={"address": None if client is None else str(client), "port": way.port, "rulesets": names},
            )
    return None


def changes_between(
    have: Firewall, want: Firewall, ways: Sequence[Way], client: Address | None = None
) -> tuple[Change, ...]:
    """Return the changes that lead from one to the other; what opens comes first, what may shut us out last."""
    ranked = [
        (_rank(have.rulesets[one.name], one, ways, client), change)
        for one in want.rulesets.values()
        for change in _changes(have.rulesets[one.name], one)
    ]
    for rank, is_blocked in ((_OPENS, False), (_CLOSES, True)):
        policy = {
            name: is_blocked
            for name in POLICY
            if want.policy.get(name) is is_blocked and have.policy.get(name) is not is_blocked
        }
        if policy:
            text = ", ".join(f"{name} is {str(is_blocked).lower()}" for name in policy)
            ranked.append((rank, Change(verb="policy", text=text, policy=policy)))
    return tuple(change for _place, change in sorted(ranked, key=lambda pair: pair[0]))


# In which order changes are made: those that only open, those after which we get in, those that are none of ours.
_OPENS, _LETS_US_IN, _NARROWS, _NARROWS_OURS, _CLOSES = range(5)


def _rank(have: Ruleset, want: Ruleset, ways: Iterable[Way], client: Address | None) -> int:
    if want.includes(have):
        return _OPENS
    if not any(have.covers(way) for way in ways):
        return _NARROWS
    return _LETS_US_IN if want.enabled and want.allowed.admits(client) else _NARROWS_OURS


def _changes(have: Ruleset, want: Ruleset) -> list[Change]:
    """Return what it takes for one rule set: it is enabled after it was narrowed, and disabled before it is widened."""
    allow = Change(
        verb="allow",
        text=f"{want.name} is for {_who(want.allowed)}",
        ruleset=replace(have, allowed=want.allowed, enabled=have.enabled and want.enabled),
    )
    switch = Change(
        verb="enable" if want.enabled else "disable",
        text=f"{want.name} is {'enabled' if want.enabled else 'disabled'}",
        ruleset=replace(have, enabled=want.enabled, allowed=want.allowed if want.enabled else have.allowed),
    )
    wanted = [(want.allowed != have.allowed, allow), (want.enabled != have.enabled, switch)]
    return [change for is_due, change in (wanted if want.enabled else reversed(wanted)) if is_due]


def _who(allowed: Allowed) -> str:
    return "everybody" if allowed.all_ip else ", ".join((*allowed.addresses, *allowed.networks)) or "nobody"


def foresee(have: Firewall, changes: Iterable[Change]) -> Firewall:
    """Return what the host will say when these changes have been made."""
    for change in changes:
        if change.ruleset is not None:
            have = replace(have, rulesets={**have.rulesets, change.ruleset.name: change.ruleset})
        if change.policy is not None:
            have = replace(have, policy={**have.policy, **change.policy})
    return have


def diff_of(have: Firewall, after: Firewall) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both halves of ``--diff``: what is different, and nothing else."""
    before_half, after_half = dict[str, Any](), dict[str, Any]()
    for half, mine, other in ((before_half, have, after), (after_half, after, have)):
        rulesets = {
            name: {key: value for key, value in mine.rulesets[name].shown().items() if value != shown[key]}
            for name, shown in ((one.name, one.shown()) for one in other.rulesets.values())
            if name in mine.rulesets
        }
        said = {name: different for name, different in rulesets.items() if different}
        policy = {name: mine.policy.get(name) for name in POLICY if mine.policy.get(name) != other.policy.get(name)}
        half.update({**({"rulesets": said} if said else {}), **({"default_policy": policy} if policy else {})})
    return before_half, after_half
