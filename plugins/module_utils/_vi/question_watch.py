# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The questions of all virtual machines of one host, for as long as somebody wants to know.

One property filter leads from the root folder to every machine, so that those that come and go are noticed. It holds
nothing but ``runtime.question``: who asks, and which task is held up, is read when there is a question. Everything here
only reads.

Source: vmodl.query.PropertyCollector, methods CreateFilter, WaitForUpdatesEx, CancelWaitForUpdates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any

from .._errors import EsxError, FaultError, LoginRefused, MissingLibrary, NotFound, OptionError, UntrustedHost, VmGone
from .._flow.question_events import GONE, Event, Ledger, fate
from .._flow.select import Selector
from . import sdk
from .connection import Session, address_of, credentials_of, ignore, open_transport
from .host import FoundVm, Host
from .mirror import question_of
from .properties import all_vms, filter_spec
from .query import chosen_ids
from .transport import Transport

WAIT_SECONDS = 20
# What the first reply may take that has nothing to tell.
FIRST_WAIT_SECONDS = 1
REPLY_SECONDS = 60.0
# Who is told to end waits that long for what is under way, and then hangs up.
END_SECONDS = 1.0
WAKE_SECONDS = 0.1
QUESTION = "runtime.question"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose questions: ``vms`` are globs of names, of which one must match if there are any; ``query`` is JMESPath."""

    vms: Sequence[str] = ()
    query: str | None = None

    def check(self) -> None:
        """
        Make sure that the query can be read.

        Raises:
            OptionError: it cannot.
            MissingLibrary: jmespath is not installed.
        """
        if self.query is not None:
            chosen_ids(self.query, [])

    def takes(self, host: Host, found: FoundVm) -> bool:
        """Tell whether the questions of a machine are wanted; a query costs a read."""
        name = found.vm.name
        if self.vms and not any(fnmatchcase(name, glob) for glob in self.vms):
            return False
        if self.query is None:
            return True
        try:
            facts = host.lookup_facts(Selector(option="moid", value=found.vm.moid))
        except (NotFound, VmGone):
            return False
        return bool(chosen_ids(self.query, facts))


class QuestionWatch:
    """
    One host; :meth:`look` and :meth:`take` in one thread at a time, :meth:`stop` from any.

    ``params`` are the connection options.

    Raises:
        OptionError: the options do not name a host or a user.
        MissingLibrary: pyVmomi or jmespath is not installed.
        UntrustedHost: the certificate authorities cannot be read.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        wanted: Wanted,
        *,
        wait_seconds: int = WAIT_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        sdk.require()
        wanted.check()
        self._params = params
        self._wanted = wanted
        self._wait_seconds = wait_seconds
        self._now = now
        self._credentials = credentials_of(params)
        address = address_of(params)
        open_transport(params, hide=ignore).close()
        self.host = {"host": address.host, "port": address.port}
        self._ledger = Ledger(self.host)
        self._ready: list[Event] = []
        self._looking = threading.Lock()
        self._is_stopped = False
        self._transport: Transport | None = None
        self._session: Session | None = None
        self._version = ""
        self._is_first = True
        self._filter: str | None = None

    @property
    def pending(self) -> int:
        """How many questions that were told are pending."""
        return len(self._ledger)

    def look(self) -> EsxError | None:
        """
        Wait until something happens, but not for long, and note the events; connect first where that is needed.

        Returns why there is no connection any more, None if all is well.
        """
        with self._looking:
            if self._is_stopped:
                return None
            try:
                session = self._session or self._connect()
                self._wait(session)
            except EsxError as error:
                self._leave()
                return error
            return None

    def take(self) -> list[Event]:
        """Return the events that were noted and not taken yet."""
        events, self._ready = self._ready, []
        return events

    def stop(self) -> None:
        """Let a :meth:`look` in another thread return soon, and log out; there is no way back."""
        self._is_stopped = True
        for _attempt in range(round(END_SECONDS / WAKE_SECONDS)):
            if self._looking.acquire(timeout=WAKE_SECONDS):
                break
            self._wake()
        else:
            if self._transport is not None:
                self._transport.close()
            if not self._looking.acquire(timeout=END_SECONDS):
                return
        try:
            self._leave()
        finally:
            self._looking.release()

    def _connect(self) -> Session:
        transport = open_transport(self._params, hide=ignore)
        transport.limit_replies(REPLY_SECONDS)
        # From now on stop() can hang up, whatever the host does.
        self._transport = transport
        session = Session(transport, self._credentials)
        self._session = session
        session.open()
        if any(self._params.get(option) for option in ("datacenter", "esxi_hostname")):
            self._check_place(session)
        spec = filter_spec(all_vms(session), {"VirtualMachine": [QUESTION]})
        made = session.call_once(session.open_collector(), "CreateFilter", spec=spec, partialUpdates=False)
        self._filter, self._version, self._is_first = made._moId, "", True
        return session

    def _check_place(self, session: Session) -> None:
        try:
            self._host(session).lookup_vms(Selector(option=None))
        except NotFound as error:
            # Nothing would ever be asked there.
            raise OptionError(str(error), option="datacenter") from error

    def _leave(self) -> None:
        session, transport = self._session, self._transport
        self._session = self._transport = None
        if transport is not None:
            if self._is_stopped:
                transport.limit_replies(END_SECONDS)
            if session is not None:
                session.close()
            transport.close()

    def _wake(self) -> None:
        session, transport = self._session, self._transport
        if session is None or session.content is None or transport is None:
            return
        transport.limit_replies(END_SECONDS)
        with suppress(EsxError):
            session.call_once(session.content.propertyCollector, "CancelWaitForUpdates")

    def _wait(self, session: Session) -> None:
        seen = self._updates(session)
        host = self._host(session)
        for moid, asked in seen.items():
            question = question_of(asked) if asked is not GONE else None
            if self._ledger.is_told(moid, question):
                continue
            if self._ledger.told(moid) is not None:
                self._settle(host, moid, exists=asked is not GONE)
            if question is not None:
                self._ask(host, moid)
        if self._is_first:
            for moid in self._ledger.absent(seen):
                self._ready.append(self._ledger.settle(moid, GONE))
        self._is_first = False

    def _updates(self, session: Session) -> dict[str, Any]:
        """Return what the host has to tell: by moid the question, None, or GONE."""
        seen: dict[str, Any] = {}
        seconds = FIRST_WAIT_SECONDS if self._is_first else self._wait_seconds
        while True:
            options = sdk.vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=seconds)
            collector = session.content.propertyCollector
            updates = session.call_once(collector, "WaitForUpdatesEx", version=self._version, options=options)
            if updates is None:
                return seen
            self._version = updates.version
            for part in updates.filterSet or ():
                if part.filter._moId == self._filter:
                    seen.update(_told_by(update) for update in part.objectSet or ())
            if not updates.truncated:
                return seen
            seconds = 0

    def _ask(self, host: Host, moid: str) -> None:
        found = _find(host, moid)
        # It may be over already, which the next look tells.
        if found is None or found.state.question is None or not self._wanted.takes(host, found):
            return
        since = self._now().isoformat(timespec="seconds")
        question = found.state.question
        self._ready.append(self._ledger.ask(found.vm, found.state, question, since=since, replayed=self._is_first))

    def _settle(self, host: Host, moid: str, *, exists: bool) -> None:
        told = self._ledger.told(moid)
        if told is None:
            return
        found = _find(host, moid) if exists else None
        # What happened while nobody looked is not known.
        became = GONE if self._is_first else fate(told, found.state if found is not None else None)
        task = found.state.task(told.task.moid) if found is not None and told.task is not None else None
        self._ready.append(self._ledger.settle(moid, became, task))

    def _host(self, session: Session) -> Host:
        return Host(session, datacenter=self._params.get("datacenter"), esxi_hostname=self._params.get("esxi_hostname"))


def is_final(error: EsxError) -> bool:
    """Tell whether it is of no use to try again: a wrong password tried again and again locks an account."""
    if isinstance(error, LoginRefused):
        cause = error.__cause__
        # A host that has just started may refuse everybody for a while, with faults of its own.
        return not isinstance(cause, FaultError) or cause.details.get("fault") == "NoPermission"
    return isinstance(error, (UntrustedHost, OptionError, MissingLibrary))


def _find(host: Host, moid: str) -> FoundVm | None:
    try:
        found = host.lookup_vms(Selector(option="moid", value=moid))
    except (NotFound, VmGone):
        return None
    return found[0] if found else None


def _told_by(update: Any) -> tuple[str, Any]:
    if str(update.kind) == "leave":
        return update.obj._moId, GONE
    asked = [change.val for change in update.changeSet or () if change.name == QUESTION and str(change.op) != "remove"]
    return update.obj._moId, asked[-1] if asked else None
