# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One switch of a host: what a plan says is done, and if a step fails, what was done before is taken back.

Source: vim.host.NetworkSystem. Laws: nothing is sent twice without a look; after a failure all is as it was, or the
error says what is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import ConnectionLost, EsxError
from .._flow.network_diff import between, diff_of, same, undone
from .._flow.network_plan import Change, plan
from .._flow.network_wish import NetworkWish
from .._flow.networks import Fact
from . import sdk
from .network_policy import made_policy, with_fields
from .network_read import NetworkHost, look_again, lookup_network_host

if TYPE_CHECKING:
    from .connection import Session


@dataclass(frozen=True, kw_only=True)
class NetworkResult:
    """What came of it: the switch as it was and is now, the changes that hold (in check mode: would), a failure."""

    host: Mapping[str, Any]
    before: Fact | None
    now: Fact | None
    changes: Sequence[Change] = ()
    error: EsxError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        # After a failure, what was foreseen counts no more, only what was and what is.
        failed = self.error is not None
        before, after = between(self.before, self.now) if failed else diff_of(self.before, self.changes)
        return {
            "changed": before != after,
            "diff": {"before": before, "after": after},
            "host": self.host,
            "network": self.now,
        }


def bring_about(
    session: Session, wish: NetworkWish, *, datacenter: str | None, esxi_hostname: str | None, check_mode: bool
) -> NetworkResult:
    """Make it so on one host, or only foresee it."""
    found = lookup_network_host(session, wish, datacenter=datacenter, esxi_hostname=esxi_hostname)
    before = found.have.named(wish.name)
    changes = plan(found.have, wish)
    host = {"name": found.have.host, "moid": found.have.moid}
    if check_mode or not changes:
        return NetworkResult(host=host, before=before, now=before, changes=changes)
    work = _Work(session, wish, found)
    try:
        for change in changes:
            work.do(change)
        work.look()
    except EsxError as failed:
        error = work.take_back(failed)
        now = work.now.have.named(wish.name)
        return NetworkResult(host=host, before=before, now=now, error=error)
    return NetworkResult(host=host, before=before, now=work.now.have.named(wish.name), changes=changes)


class _Work:
    """The work on one switch; ``first`` is what the host said before, ``now`` what it said last."""

    def __init__(self, session: Session, wish: NetworkWish, first: NetworkHost) -> None:
        self.session = session
        self.wish = wish
        self.first = first
        self.now = first
        self._done: list[Change] = []

    def look(self) -> None:
        """Read the host anew."""
        self.now = look_again(self.session, self.first.have.moid, self.wish)

    def do(self, change: Change) -> None:
        """Make one change; after a lost reply the host is looked at."""
        try:
            self._send(change)
        except ConnectionLost:
            self.look()
            if change.key in {one.key for one in plan(self.now.have, self.wish)}:
                raise
        self._done.append(change)

    def take_back(self, failed: EsxError) -> EsxError:
        """Undo what was done, and return the failure with what came of that."""
        before = self.first.have.named(self.wish.name)
        for change in reversed(self._done):
            back = undone(change, before)
            if back is not None:
                # What cannot be undone shows when the host is looked at.
                with suppress(EsxError):
                    self._send(back)
        done = [change.text for change in self._done]
        try:
            self.look()
        except EsxError as blind:
            words = "nothing was changed before"
            if done:
                words = f"what was done before ({'; '.join(done)}) was to be taken back, and the host does not answer"
            return _told(failed, f"{words}; it could not be looked at afterwards: {blind}", done=done, rolled_back=None)
        left = same(before, self.now.have.named(self.wish.name))
        if left:
            return _told(failed, f"not as before: {', '.join(left)}", done=done, rolled_back=False, not_restored=left)
        words = "what was done before was taken back, and all is as it was" if done else "nothing was changed"
        return _told(failed, words, done=done, rolled_back=True)

    def _send(self, change: Change) -> None:
        send = self._send_group if change.is_group else self._send_switch
        send(change)

    def _send_switch(self, change: Change) -> None:
        name, wanted, system = change.name, change.wanted, self.first.system
        if wanted is None:
            self.session.call(system, "RemoveVirtualSwitch", vswitchName=name)
            return
        base = self.first.switches.get(name)
        spec = sdk.vim.host.VirtualSwitch.Specification(
            numPorts=wanted["num_ports"],
            mtu=wanted["mtu"],
            bridge=_bridge(getattr(base, "bridge", None), wanted["uplinks"]),
            policy=made_policy(getattr(base, "policy", None), wanted),
        )
        method = "AddVirtualSwitch" if change.verb == "add" else "UpdateVirtualSwitch"
        self.session.call(system, method, vswitchName=name, spec=spec)

    def _send_group(self, change: Change) -> None:
        name, wanted, system = change.name, change.wanted, self.first.system
        if change.verb == "remove" or wanted is None:
            self.session.call(system, "RemovePortGroup", pgName=name)
            return
        base = self.first.groups.get(name)
        spec = sdk.vim.host.PortGroup.Specification(
            name=name,
            vlanId=wanted["vlan_id"],
            vswitchName=self.wish.name,
            # A host wants one, even if it says nothing.
            policy=made_policy(getattr(base, "policy", None), wanted) or sdk.vim.host.NetworkPolicy(),
        )
        if change.verb == "add":
            self.session.call(system, "AddPortGroup", portgrp=spec)
        else:
            self.session.call(system, "UpdatePortGroup", pgName=name, portgrp=spec)


def _bridge(base: Any, uplinks: Sequence[str]) -> Any:
    """Return what ties uplinks to a switch; how they find their neighbours stays as it is."""
    kind: Any = sdk.vim.host.VirtualSwitch.BondBridge
    if not uplinks:
        return None
    return with_fields(base, nicDevice=list(uplinks)) if isinstance(base, kind) else kind(nicDevice=list(uplinks))


def _told(failed: EsxError, words: str, **details: Any) -> EsxError:
    told = type(failed)(f"{failed}; {words}", **{**failed.details, **details})
    told.__cause__ = failed
    return told
