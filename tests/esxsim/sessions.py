# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions: login, logout, expiry. A session's cookie is a secret of its own; its key is what others may see."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from pyVmomi import vim, vmodl

from .managed import Call, ManagedObject, method, reference

if TYPE_CHECKING:
    from .world import World

IDLE_SECONDS = 30 * 60


class Session:
    """One login. ``on_end`` is called when it ends, under the world's lock."""

    def __init__(self, user: str, locale: str, call: Call) -> None:
        self.user = user
        self.locale = locale
        self.key = f"52{secrets.token_hex(15)}"
        self.cookie = secrets.token_hex(20)
        self.address = call.address
        self.user_agent = call.user_agent
        self.login_time = call.world.clock.utcnow()
        self.last_active = call.world.clock.now()
        self.last_active_time = self.login_time
        self.calls = 0
        self.alive = True
        self.waiting = 0
        self.collectors: dict[str, Any] = {}
        self.on_end: list[Callable[[], None]] = []

    def report(self) -> Any:
        """As vim.UserSession."""
        return vim.UserSession(
            key=self.key,
            userName=self.user,
            fullName="Administrator" if self.user == "root" else self.user,
            loginTime=self.login_time,
            lastActiveTime=self.last_active_time,
            locale=self.locale,
            messageLocale=self.locale.split("_")[0],
            extensionSession=False,
            ipAddress=self.address,
            userAgent=self.user_agent,
            callCount=self.calls,
        )


class Sessions:
    """The sessions of a world. ``idle_seconds`` None: they never expire by themselves."""

    def __init__(self, world: World, idle_seconds: float | None = IDLE_SECONDS) -> None:
        self.world = world
        self.idle_seconds = idle_seconds
        self.logins = 0
        self._by_cookie: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self.alive())

    def alive(self) -> list[Session]:
        """The sessions that are logged in."""
        with self.world.lock:
            self._expire_idle()
            return list(self._by_cookie.values())

    def check(self, user: str, password: str) -> bool:
        """Say whether a user may come in."""
        return user == self.world.username and secrets.compare_digest(password.encode(), self.world.password.encode())

    def open(self, user: str, locale: str | None, call: Call) -> Session:
        with self.world.lock:
            session = Session(user, locale or "en", call)
            self._by_cookie[session.cookie] = session
            self.logins += 1
            return session

    def by_cookie(self, cookie: str) -> Session | None:
        """Find the session of a cookie; None: there is none, or none any more."""
        with self.world.lock:
            self._expire_idle()
            return self._by_cookie.get(cookie)

    def by_key(self, key: str) -> Session | None:
        return next((session for session in self.alive() if session.key == key), None)

    def used(self, session: Session) -> None:
        """Note that a session made a call."""
        session.calls += 1
        session.last_active = self.world.clock.now()
        session.last_active_time = self.world.clock.utcnow()

    def end(self, session: Session) -> None:
        """Log a session out, or let it expire: its filters go, its parked calls fail."""
        with self.world.lock:
            if not session.alive:
                return
            session.alive = False
            self._by_cookie.pop(session.cookie, None)
            self.world.events.post(
                "UserLogoutSessionEvent",
                user=session.user,
                ipAddress=session.address,
                userAgent=session.user_agent,
                callCount=session.calls,
                sessionId=session.key,
                loginTime=session.login_time,
            )
            hooks, session.on_end = session.on_end, []
            for hook in hooks:
                hook()

    def clear(self) -> None:
        """End every session, as an expiry that hits all of them."""
        with self.world.lock:
            for session in list(self._by_cookie.values()):
                self.end(session)

    def _expire_idle(self) -> None:
        if self.idle_seconds is None:
            return
        limit = self.world.clock.now() - self.idle_seconds
        for session in [s for s in self._by_cookie.values() if s.last_active < limit and not s.waiting]:
            self.end(session)


def require_login(call: Call, privilege: str | None = None) -> Session:
    """
    Return the session of a call.

    Raises:
        NotAuthenticated: it has none.
    """
    if call.session is None or not call.session.alive:
        raise vim.fault.NotAuthenticated(
            object=reference(*call.key),
            privilegeId=privilege or "System.View",
            msg="The session is not authenticated.",
        )
    return call.session


def _current(manager: SessionManager) -> Any:
    call = manager.world.call
    session = call.session if call is not None else None
    return session.report() if session is not None and session.alive else None


class SessionManager(ManagedObject):
    """Login and logout. ``currentSession`` is the session of whoever asks."""

    type_name = "SessionManager"
    derive: ClassVar[dict[str, Any]] = {
        "currentSession": _current,
        "sessionList": lambda manager: [session.report() for session in manager.world.sessions.alive()],
    }

    def __init__(self, moid: str) -> None:
        super().__init__(moid, defaultLocale="en", supportedLocaleList=["en"], messageLocaleList=["en"])

    @method("Login")
    def login(self, call: Call, *, userName: str, password: str, locale: str | None = None) -> Any:
        sessions = call.world.sessions
        if not sessions.check(userName, password or ""):
            call.world.events.post("BadUsernameSessionEvent", user=userName, ipAddress=call.address)
            raise vim.fault.InvalidLogin(msg="Cannot complete login due to an incorrect user name or password.")
        if call.session is not None:
            sessions.end(call.session)
        call.session = sessions.open(userName, locale, call)
        sessions.used(call.session)
        call.world.events.post(
            "UserLoginSessionEvent",
            ipAddress=call.address,
            userAgent=call.user_agent,
            locale=call.session.locale,
            sessionId=call.session.key,
        )
        return call.session.report()

    @method("Logout")
    def logout(self, call: Call) -> None:
        if call.session is not None:
            call.world.sessions.end(call.session)

    @method("SessionIsActive")
    def is_active(self, call: Call, *, sessionID: str, userName: str) -> Any:
        raise vmodl.fault.NotImplemented(msg="The method is not implemented on this host.")

    @method("SetLocale")
    def set_locale(self, call: Call, *, locale: str) -> None:
        if call.session is not None:
            call.session.locale = locale

    @method("TerminateSession")
    def terminate(self, call: Call, *, sessionId: list[str]) -> None:
        found = [call.world.sessions.by_key(key) for key in sessionId]
        if None in found:
            raise vim.fault.NotFound(msg="No session has this key.")
        for session in found:
            if session is not None:
                call.world.sessions.end(session)
