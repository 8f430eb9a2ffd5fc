# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One session for many tasks: those of a play, and those of parallel forks.

Laws. Nobody asks the host whether a kept session still lives, the first call tells; whoever is refused takes the lock
and logs in, unless somebody else has done so meanwhile. What the host said of itself is kept with the session and goes
with it. And nothing in the session is shared that one task could spoil for another: filters and waits have a property
collector of their own, which ends with the task.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from .._errors import EsxError, SessionExpired
from . import sdk
from .connection import Credentials, Session, address_of, open_transport, trust_of, username_of
from .session_cache import Kept, SessionCache, owner_of


class KeptContent:
    """What vim.ServiceInstanceContent said at the login; its fields are made when they are asked for."""

    def __init__(self, kept: Kept, stub: Any) -> None:
        known = {info.name for info in sdk.vim.AboutInfo._GetPropertyList()}
        self.about = sdk.vim.AboutInfo(**{name: value for name, value in kept.about.items() if name in known})
        self._managers = kept.managers
        self._stub = stub

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        kind = sdk.vim.ServiceInstanceContent._GetPropertyInfo(name).type
        moid = self._managers.get(name)
        return None if moid is None else kind(moid, self._stub)


class SharedSession(Session):
    """A login to one host that outlives its task in ``cache``; where that cannot be, it ends with the task."""

    # The first session that a call finds ended may be the kept one, the second what another process has put there.
    renewals: ClassVar[int] = 2

    def __init__(self, stub: Any, credentials: Credentials, cache: SessionCache) -> None:
        super().__init__(stub, credentials)
        self._cache = cache
        self._used: Kept | None = None
        self._collector: Any = None
        self._collector_logins = 0
        self._collector_lock = threading.Lock()

    def open(self) -> None:
        kept = self._cache.read()
        if kept is not None:
            self._adopt(kept)
        else:
            self._begin_anew()

    def close(self) -> None:
        """Leave nothing behind in the session; it is ended only where it is not kept."""
        with self._lock:
            self._is_closed = True
        if self._collector is not None and self._collector_logins == self._logins:
            with suppress(EsxError):
                self._invoke(self._collector, "DestroyPropertyCollector", {})
        if self._used is None:
            self._log_out()

    def call(self, target: Any, method: str, /, **arguments: Any) -> Any:
        if target is not self._collector:
            return super().call(target, method, **arguments)
        logins = self._logins
        try:
            return self._invoke(target, method, arguments)
        except SessionExpired:
            # The collector is gone with its session, so this call is of no use to the next one.
            self.renew(logins)
            raise

    def open_collector(self) -> Any:
        with self._collector_lock:
            if self._collector is None or self._collector_logins != self._logins:
                self._collector = self.call(self.content.propertyCollector, "CreatePropertyCollector")
                self._collector_logins = self._logins
            return self._collector

    def _begin_anew(self) -> None:
        refused = self._used
        # A host that cannot be reached keeps nobody waiting for the lock.
        self.stub.connect()
        with self._cache.locked() as is_locked:
            kept = self._cache.read()
            if kept is not None and (refused is None or kept.cookie != refused.cookie):
                self._adopt(kept)
                return
            if kept is not None:
                self._cache.remove()
            self._used = None
            self._forget()
            self._learn()
            self._login()
            if is_locked and self.stub.cookie is not None:
                self._keep()

    def _keep(self) -> None:
        kept = _kept(self.stub.cookie, self.content)
        if self._cache.write(kept):
            self._used = kept

    def _adopt(self, kept: Kept) -> None:
        self.stub.resume_session(kept.cookie)
        self.content = KeptContent(kept, self.stub)
        self.stub.ComputeVersionInfo(sdk.api_version(self.about.apiVersion))
        self._used = kept
        self._logins += 1


def _kept(cookie: str, content: Any) -> Kept:
    about = {info.name: getattr(content.about, info.name) for info in content.about._GetPropertyList()}
    managers = {info.name: getattr(content, info.name) for info in content._GetPropertyList()}
    return Kept(
        cookie=cookie,
        about={name: value for name, value in about.items() if isinstance(value, str)},
        managers={name: str(value._moId) for name, value in managers.items() if hasattr(value, "_moId")},
    )


def cache_of(params: Mapping[str, Any], warn: Callable[[str], None]) -> SessionCache:
    """Return where the session of the host and the user that the connection options name is kept."""
    return SessionCache(owner_of(address_of(params), username_of(params), trust_of(params)), warn)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What came of ending a kept session: whether anything was dropped here, and whether the host ended it."""

    dropped: bool
    logged_out: bool


class KeptSession:
    """A kept session from outside: for whoever wants it ended, not used."""

    def __init__(self, stub: Any, cache: SessionCache, warn: Callable[[str], None]) -> None:
        self._stub = stub
        self._cache = cache
        self._warn = warn

    def is_there(self) -> bool:
        """Tell whether anything is kept; whether the host still knows it is not asked."""
        return self._cache.exists()

    def end(self) -> Ended:
        """
        Drop what is kept, and log out.

        A host that cannot be told is a warning: the session ends by itself when nobody uses it.
        """
        if not self.is_there():
            return Ended(dropped=False, logged_out=False)
        with self._cache.locked() as is_locked:
            kept = self._cache.read()
            dropped = self._cache.remove(tidy=is_locked)
        return Ended(dropped=dropped, logged_out=kept is not None and self._log_out(kept))

    def _log_out(self, kept: Kept) -> bool:
        session = Session(self._stub, Credentials(username="", password=""))
        content = KeptContent(kept, self._stub)
        self._stub.resume_session(kept.cookie)
        self._stub.ComputeVersionInfo(sdk.api_version(content.about.apiVersion))
        try:
            session.call_once(content.sessionManager, "Logout")
        except SessionExpired:
            return False
        except EsxError as error:
            self._warn(f"the kept session was dropped, but the host could not be told: {error}")
            return False
        return True


@contextmanager
def kept_session(
    params: Mapping[str, Any], *, warn: Callable[[str], None], hide: Callable[[str], None]
) -> Iterator[KeptSession]:
    """
    Look for the kept session of the host and the user that the connection options name; nobody logs in.

    Raises:
        OptionError: the options do not name a host or a user.
    """
    sdk.require()
    cache = cache_of(params, warn)
    transport = open_transport(params, hide=hide)
    try:
        yield KeptSession(transport, cache, warn)
    finally:
        transport.close()
