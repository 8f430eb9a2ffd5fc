# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
iSCSI on a host: what a plan says is done in as few requests as it takes, and the disks are looked for.

Source: vim.host.StorageSystem. Laws: nothing is sent twice without a look, and whatever stops the work, what was done
before is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import ConnectionLost, EsxError
from .._flow.iscsi_change import WITHOUT_RESCAN, Change, diff_of, foresee
from .._flow.iscsi_plan import plan
from .._flow.iscsi_wish import IscsiWish
from .iscsi_read import IscsiHost, look_again, lookup_host
from .iscsi_requests import Request, requests_of

if TYPE_CHECKING:
    from .connection import Session


@dataclass(frozen=True, kw_only=True)
class IscsiResult:
    """What came of it: the host as it is now, the changes that were (in check mode: would be) made, and a failure."""

    host: IscsiHost
    adapter: Mapping[str, Any] | None
    enabled: bool
    changes: Sequence[Change] = ()
    rescanned: bool = False
    error: EsxError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        before, after = diff_of(self.changes)
        return {
            "changed": bool(self.changes),
            "diff": {"before": before, "after": after},
            "host": {"name": self.host.name, "moid": self.host.moid},
            "enabled": self.enabled,
            "adapters": [str(one.device) for one in self.host.said.adapters],
            "adapter": self.adapter,
            "targets": list(self.host.targets),
            "luns": list(self.host.luns),
            "rescanned": self.rescanned,
        }


def bring_about(
    session: Session, wish: IscsiWish, *, datacenter: str | None, esxi_hostname: str | None, check_mode: bool
) -> IscsiResult:
    """Make it so on one host, or only foresee it."""
    host = lookup_host(session, wish, datacenter=datacenter, esxi_hostname=esxi_hostname)
    changes = plan(host.said, wish)
    if check_mode:
        return _result(host, foresee(host.said, changes), changes)
    work = _Work(session, host, wish)
    try:
        work.do(changes)
        work.rescan(changes)
    except _Halted as halted:
        done = work.done(changes)
        halted.error.details["done"] = [change.text for change in done]
        return _result(work.host, work.host.said, done, rescanned=work.rescanned, error=halted.error)
    return _result(work.host, work.host.said, changes, rescanned=work.rescanned)


def _result(host: IscsiHost, said: Any, changes: Sequence[Change], **more: Any) -> IscsiResult:
    adapter = None if said.adapter is None else said.adapter.shown()
    return IscsiResult(host=host, adapter=adapter, enabled=said.enabled, changes=changes, **more)


class _Halted(Exception):
    """The work cannot go on."""

    def __init__(self, error: EsxError) -> None:
        super().__init__(str(error))
        self.error = error


class _Work:
    """The work on one host; ``host`` is what it said last."""

    def __init__(self, session: Session, host: IscsiHost, wish: IscsiWish) -> None:
        self.session = session
        self.host = host
        self.wish = wish
        self.rescanned = False
        self._sent = set[tuple[str, ...]]()

    def do(self, changes: Sequence[Change]) -> None:
        """Send what the changes take."""
        if changes and changes[0].verb == "enable":
            self._send(Request("UpdateSoftwareInternetScsiEnabled", {"enabled": True}, changes[:1]))
            self._look()
            # Only now is it known which adapter that is; it may have kept what it knew.
            changes = self._plan()
        device = self.host.said.adapter.device if self.host.said.adapter is not None else None
        for request in requests_of(device, changes, force=self.wish.force):
            self._send(request)

    def rescan(self, changes: Sequence[Change]) -> None:
        """Look for disks where that is asked for, and read what is there now."""
        asked = self.wish.rescan == "always" or (
            self.wish.rescan == "changed" and any(change.verb not in WITHOUT_RESCAN for change in changes)
        )
        adapter = self.host.said.adapter
        if asked and adapter is not None and self.wish.enabled is not False:
            self._call("RescanHba", {"hbaDevice": adapter.device})
            self.rescanned = True
            if self.wish.rescan_vmfs:
                self._call("RescanVmfs", {})
        if changes or self.rescanned:
            self._look()

    def done(self, changes: Sequence[Change]) -> list[Change]:
        """Return those of the changes that are made, as far as that can be known."""
        try:
            self.host = look_again(self.session, self.host.moid, self.wish)
            left = {change.key for change in self._plan() if not change.secret_only}
        except (EsxError, _Halted):
            return [change for change in changes if change.key in self._sent]
        return [
            change for change in changes if (change.key in self._sent if change.secret_only else change.key not in left)
        ]

    def _send(self, request: Request) -> None:
        try:
            target = self.host.manager if request.of_manager else self.host.system
            self.session.call(target, request.method, **request.arguments)
        except ConnectionLost as error:
            # The host may have done it: what it says now tells, unless it is nothing but secrets.
            if any(change.secret_only for change in request.changes) or not self._is_done(request):
                raise _Halted(error) from error
        except EsxError as error:
            raise _Halted(error) from error
        self._sent |= {change.key for change in request.changes}

    def _is_done(self, request: Request) -> bool:
        self._look()
        return not {change.key for change in request.changes} & {change.key for change in self._plan()}

    def _call(self, method: str, arguments: Mapping[str, Any]) -> None:
        try:
            self.session.call(self.host.system, method, **arguments)
        except ConnectionLost as error:
            # Looking for disks twice does no harm.
            try:
                self.session.call(self.host.system, method, **arguments)
            except EsxError:
                raise _Halted(error) from error
        except EsxError as error:
            raise _Halted(error) from error

    def _look(self) -> None:
        try:
            self.host = look_again(self.session, self.host.moid, self.wish)
        except EsxError as error:
            raise _Halted(error) from error

    def _plan(self) -> tuple[Change, ...]:
        try:
            return plan(self.host.said, self.wish)
        except EsxError as error:
            raise _Halted(error) from error
