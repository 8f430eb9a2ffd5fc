# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is to be changed of an iSCSI adapter: one comparison, out of which come the requests, ``changed`` and ``--diff``.

Laws: after what a plan says has been done there is no plan left (secrets that are always sent aside), and what a
datastore lies on is not taken away unless that is forced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .._errors import NotFound, PlanError
from .iscsi import FROM_ABOVE, INHERITED, PROHIBITED, REQUIRED, Adapter, Auth, Chap, Iscsi, Target
from .iscsi_change import Change
from .iscsi_wish import IscsiWish, WantedTarget
from .wording import listed

# The states of the paths of a VMkernel adapter that is not let go of.
IN_USE = ("active", "lastActive")
_SETTABLE = {
    "static_targets": "static targets",
    "send_targets": "send targets",
    "chap": "CHAP",
    "mutual_chap": "mutual CHAP",
    "target_chap": "CHAP of its own for a target",
    "target_mutual_chap": "mutual CHAP of its own for a target",
    "bound_nics": "VMkernel adapters",
}


def plan(have: Iscsi, wish: IscsiWish) -> tuple[Change, ...]:
    """
    Find out what is to be done, in this order.

    Raises:
        NotFound: there is no such adapter; those that are there are listed.
        PlanError: it cannot be, or it would take away what is in use.
    """
    if wish.enabled is False:
        return _disable(have, wish)
    changes = []
    adapter = have.adapter
    if wish.enabled and not have.enabled:
        changes.append(Change(verb="enable", text="the software adapter is on", before=False, after=True))
        adapter = Adapter()
    if adapter is None:
        if wish.needs_adapter:
            raise _no_adapter(have, wish)
        return ()
    changes += _own(adapter, wish)
    bindings = list(_bindings(adapter, wish))
    changes += [one for one in bindings if one.verb == "bind"]
    known = {one.key: one for one in (*adapter.send_targets, *adapter.static_targets)}
    if wish.present:
        changes += [change for one in wish.targets if (change := _bring(one, known, wish)) is not None]
    removed = _unwanted(adapter, wish) if wish.present else _named(known, wish)
    changes += [
        Change(verb="remove", text=f"the {one.kind} {one.label} is removed", before=one.auth.shown(), target=one)
        for one in removed
    ]
    changes += [one for one in bindings if one.verb == "unbind"]
    _check_settable(adapter, changes)
    _guard(have, [] if wish.force else _lost(adapter, removed))
    return tuple(changes)


def _no_adapter(have: Iscsi, wish: IscsiWish) -> NotFound:
    there = f"there are {listed(have.adapters)}" if have.adapters else f"of other kinds there are {listed(have.others)}"
    if wish.device is not None:
        return NotFound(f"there is no iSCSI adapter '{wish.device}'; {there}", missing=[wish.device])
    return NotFound(
        f"the software iSCSI adapter is off: switch it on with 'enabled: true', or name another with 'adapter'; {there}"
    )


def _disable(have: Iscsi, wish: IscsiWish) -> tuple[Change, ...]:
    if not have.enabled:
        return ()
    if have.adapter is not None and not wish.force:
        _guard(have, have.adapter.static_targets)
    return (Change(verb="disable", text="the software adapter is off", before=True, after=False),)


def _own(adapter: Adapter, wish: IscsiWish) -> Iterator[Change]:
    """What is wished of the adapter itself."""
    if wish.name is not None and wish.name.lower() != (adapter.name or "").lower():
        text = f"the adapter is named {wish.name}"
        yield Change(verb="name", text=text, before=adapter.name, after=wish.name)
    if wish.alias is not None and wish.alias != (adapter.alias or ""):
        yield Change(verb="alias", text="the adapter has another alias", before=adapter.alias, after=wish.alias)
    auth = _auth(adapter.auth, wish.chap, wish.mutual)
    change = _compare_auth("auth", adapter.auth, auth, wish, "the adapter")
    if change is not None:
        yield change


def _bindings(adapter: Adapter, wish: IscsiWish) -> Iterator[Change]:
    """What is wished of the VMkernel adapters."""
    if wish.bound_nics is None:
        return
    bound = adapter.bound or {}
    new = [nic for nic in wish.bound_nics if nic not in bound] if wish.present else []
    missing = [nic for nic in new if adapter.bindable is not None and nic not in adapter.bindable]
    if missing:
        there = listed(adapter.bindable or ())
        raise NotFound(f"the adapter cannot be bound to {listed(missing)}; it can be bound to {there}", missing=missing)
    for nic in new:
        yield Change(verb="bind", text=f"the adapter is bound to {nic}", after="bound", nic=nic)
    others = [nic for nic in bound if nic not in wish.bound_nics] if wish.purge else []
    for nic in others if wish.present else [nic for nic in wish.bound_nics if nic in bound]:
        if bound[nic] in IN_USE and not wish.force:
            last = "the last paths" if bound[nic] == "lastActive" else "paths"
            raise PlanError(f"{last} in use lead through {nic}: it is let go of only if you say 'force: true'")
        yield Change(verb="unbind", text=f"the adapter is no longer bound to {nic}", before="bound", nic=nic)


def _auth(have: Auth, chap: Chap | None, mutual: Chap | None) -> Auth:
    """Return what is wished, and of what nothing is said, what there is."""
    return Auth(chap=have.chap if chap is None else chap, mutual=have.mutual if mutual is None else mutual)


def _compare_auth(
    verb: str, have: Auth, want: Auth, wish: IscsiWish, whose: str, target: Target | None = None
) -> Change | None:
    given = any(one.is_on and one.secret is not None for one in (want.chap, want.mutual))
    if have == want and not (wish.always and given):
        return None
    _check_auth(want, whose)
    return Change(
        verb=verb,
        text=f"CHAP of {whose} is set",
        before={**have.shown(), "secrets": "as they were"},
        after={**want.shown(), "secrets": "sent" if given else "none"},
        target=target,
        auth=want,
        secret_only=have == want,
    )


def _check_auth(want: Auth, whose: str) -> None:
    """
    Make sure that it can be sent: a host takes both directions at once, and cannot be asked for a secret.

    Raises:
        PlanError: it cannot.
    """
    for option, one in (("chap", want.chap), ("mutual_chap", want.mutual)):
        if one.is_on and one.secret is None:
            raise PlanError(
                f"CHAP of {whose} cannot be set without the secret of '{option}': a host takes both directions at once "
                "and tells no secret"
            )
    if want.mutual.is_on and want.chap.level not in (REQUIRED, INHERITED):
        raise PlanError(
            f"mutual CHAP of {whose} needs CHAP in the other direction: 'chap.level' must be {REQUIRED}, and it is "
            f"{want.chap.level}"
        )


def _bring(wanted: WantedTarget, known: dict[tuple[str, str], Target], wish: IscsiWish) -> Change | None:
    """Return what it takes for a target to be there as wished."""
    target, have = wanted.target, known.get(wanted.target.key)
    whose = f"the {target.kind} {target.label}"
    if have is not None:
        auth = _auth(have.auth, wanted.chap, wanted.mutual)
        return _compare_auth("target_auth", have.auth, auth, wish, whose, replace(have, auth=auth))
    auth = _auth(FROM_ABOVE, wanted.chap, wanted.mutual)
    _check_auth(auth, whose)
    return Change(
        verb="add", text=f"{whose} is added", after=auth.shown(), target=replace(target, auth=auth), auth=auth
    )


def _unwanted(adapter: Adapter, wish: IscsiWish) -> list[Target]:
    """The targets that are there and not named, of the kinds that are named, without what send targets told of."""
    if not wish.purge:
        return []
    lists = ((wish.send_targets, adapter.send_targets), (wish.static_targets, adapter.static_targets))
    unwanted = [
        one
        for named, there in lists
        if named is not None
        for one in there
        if one.found_through is None and one.key not in {wanted.target.key for wanted in named}
    ]
    going = {one.portal for one in unwanted if one.name is None}
    static = {one.target.key for one in wish.static_targets or ()}
    for known in adapter.static_targets:
        if known.key in static and known.found_through in going:
            raise PlanError(
                f"the target {known.label} is known only through the send target {known.found_through}, which 'purge' "
                "removes: remove that one first, then the target can be a static one"
            )
    return unwanted


def _named(known: dict[tuple[str, str], Target], wish: IscsiWish) -> list[Target]:
    """The targets that are there and to be removed."""
    meant = [known[one.target.key] for one in wish.targets if one.target.key in known]
    going = {one.portal for one in meant if one.name is None}
    asked = {one.portal for one in known.values() if one.name is None}
    for one in meant:
        if one.found_through in asked - going:
            raise PlanError(
                f"the target {one.label} was found through the send target {one.found_through} and would come back "
                "with the next rescan: remove that one"
            )
    # A host may keep what a send target told of after that was removed; then it is like any other.
    return [one for one in meant if one.found_through not in going]


def _check_settable(adapter: Adapter, changes: Iterable[Change]) -> None:
    for change in changes:
        needed = ["bound_nics"] if change.nic is not None else []
        if change.verb in ("add", "remove") and change.target is not None:
            needed.append(change.target.kind.replace(" ", "_") + "s")
        if change.auth is not None:
            prefix = "" if change.target is None else "target_"
            for name, one in (("chap", change.auth.chap), ("mutual_chap", change.auth.mutual)):
                needed += [prefix + name] if one.level not in (PROHIBITED, INHERITED) else []
        for name in needed:
            if name in adapter.cannot:
                raise PlanError(f"the adapter {adapter} does not let {_SETTABLE[name]} be set")


def _lost(adapter: Adapter, removed: Sequence[Target]) -> list[Target]:
    """Return the targets that an adapter then does not know any more."""
    going = {one.portal for one in removed if one.name is None}
    return [*removed, *(one for one in adapter.static_targets if one.found_through in going)]


def _guard(have: Iscsi, lost: Collection[Target]) -> None:
    """
    Make sure that no datastore loses its disk.

    Raises:
        PlanError: one would; it is named with the disk.
    """
    if have.adapter is None or not lost:
        return
    keys = {one.key for one in lost}
    kept = [one for one in have.adapter.static_targets if one.key not in keys]
    in_use = [
        {"disk": disk.name, "datastores": list(disk.datastores)}
        for disk in have.disks
        if disk.datastores
        and any(_leads(have.adapter, lost, route) for route in disk.routes)
        and not any(_stays(have.adapter, lost, kept, route) for route in disk.routes)
    ]
    if not in_use:
        return
    stores = listed({store for one in in_use for store in one["datastores"]})
    names = ", ".join(sorted({one.label for one in lost if one.name is not None}))
    raise PlanError(
        f"datastores lie on disks that can be reached only through {names}: {stores}; unmount them first, or say "
        "'force: true'",
        in_use=in_use,
    )


def _leads(adapter: Adapter, targets: Iterable[Target], route: Any) -> bool:
    """Tell whether a way to a disk leads through one of these targets of an adapter."""
    return route.device == adapter.device and any(
        (one.name or "").lower() == route.target and (not route.portals or one.portal in route.portals)
        for one in targets
    )


def _stays(adapter: Adapter, lost: Iterable[Target], kept: Iterable[Target], route: Any) -> bool:
    return not _leads(adapter, lost, route) or _leads(adapter, kept, route)
