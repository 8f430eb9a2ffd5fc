# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is changed of an iSCSI adapter: what ``--diff`` shows of it, and what the host will then say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .iscsi import Adapter, Auth, Iscsi, Target

# What changes nothing of which disks there are.
WITHOUT_RESCAN = ("disable", "alias")


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One thing to be changed, and what it takes.

    ``verb`` is enable, disable, name, alias, auth, bind, add, target_auth, remove or unbind; ``before`` and ``after``
    are what ``--diff`` shows, None where there is nothing. ``target`` is as it is wished, ``nic`` what is bound,
    ``auth`` what is to be sent, with the secrets; ``secret_only``: nothing but secrets, which no look at the host can
    tell.
    """

    verb: str
    text: str
    before: Any = None
    after: Any = None
    target: Target | None = None
    nic: str | None = None
    auth: Auth | None = None
    secret_only: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it another one than others."""
        named = (self.nic,) if self.nic is not None else ()
        return self.verb, *((self.target.kind, *self.target.key) if self.target is not None else named)

    @property
    def path(self) -> tuple[str, ...]:
        """Where ``--diff`` shows it."""
        if self.target is not None:
            return self.target.kind.replace(" ", "_") + "s", self.target.label
        if self.nic is not None:
            return "bound_nics", self.nic
        return ({"enable": "enabled", "disable": "enabled", "auth": "chap"}.get(self.verb, self.verb),)


def foresee(have: Iscsi, changes: Iterable[Change]) -> Iscsi:
    """Return what the host will say of enablement and of its adapter when these changes have been made."""
    for change in changes:
        have = _foresee(have, change)
    return have


def _foresee(have: Iscsi, change: Change) -> Iscsi:
    if change.verb == "enable":
        return replace(have, enabled=True, adapter=Adapter())
    if change.verb == "disable":
        return replace(have, enabled=False, adapter=None)
    adapter = have.adapter or Adapter()
    if change.target is not None:
        return replace(have, adapter=_with_target(adapter, change.target, gone=change.verb == "remove"))
    if change.nic is not None:
        bound = {nic: path for nic, path in (adapter.bound or {}).items() if nic != change.nic}
        more = {change.nic: "notUsed"} if change.verb == "bind" else {}
        return replace(have, adapter=replace(adapter, bound={**bound, **more}))
    if change.verb == "auth":
        return replace(have, adapter=replace(adapter, auth=change.auth or adapter.auth))
    named = {"name": change.after} if change.verb == "name" else {"alias": change.after}
    return replace(have, adapter=replace(adapter, **named))


def _with_target(adapter: Adapter, target: Target, *, gone: bool) -> Adapter:
    """Return an adapter that knows a target, or does not know it any more, nor what it told of."""

    def kept(there: Iterable[Target]) -> tuple[Target, ...]:
        others = tuple(one for one in there if one.key != target.key)
        return others if gone else (*others, target)

    if target.name is not None:
        return replace(adapter, static_targets=kept(adapter.static_targets))
    told = tuple(one for one in adapter.static_targets if not gone or one.found_through != target.portal)
    return replace(adapter, send_targets=kept(adapter.send_targets), static_targets=told)


def diff_of(changes: Iterable[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both halves of ``--diff``."""
    before, after = dict[str, Any](), dict[str, Any]()
    for change in changes:
        for half, value in ((before, change.before), (after, change.after)):
            place = half
            for name in change.path[:-1]:
                place = place.setdefault(name, {})
            if value is not None or len(change.path) == 1:
                place[change.path[-1]] = value
    return before, after
