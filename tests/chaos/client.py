# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a module against a served world: the real way over HTTP, on which our own process can be killed."""

from __future__ import annotations

import http.client
import importlib
import pathlib
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virt.esx.plugins.module_utils import _shell
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError
from ansible_collections.virt.esx.plugins.module_utils._vi import carrier, connection, session_cache
from ansible_collections.virt.esx.plugins.module_utils._vi import tasks as waits
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Transport
from ansible_collections.virt.esx.tests.esxsim.faults import DEFECTS
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.killed import LONG, Killed
from pyVmomi import vmodl

from .cases import Case

PLUGINS = "ansible_collections.virt.esx.plugins.modules"
# The clock of a world jumps over every wait, so this is for a run that hangs.
WATCHDOG_SECONDS = 30
# While the host restarts, somebody who tries again does so soon.
PAUSE_SECONDS = 0.02


class TooLong(BaseException):
    """What no code of ours catches: a run did not end."""


class Fate:
    """When our process dies: at its n-th request (0: never), which ``arrives`` or is never sent."""

    def __init__(self, dies_at: int = 0, *, arrives: bool = False) -> None:
        self.is_dead = False
        self._dies_at, self._arrives = dies_at, arrives
        self._sent = 0
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Count a request that is about to be sent; Killed: it never is."""
        with self._lock:
            was_dead = self.is_dead
            self._sent += 1
            self.is_dead = was_dead or self._sent == self._dies_at
        if was_dead or (self.is_dead and not self._arrives):
            raise Killed


class MortalConnection(http.client.HTTPConnection):
    """A connection of a process that may be killed."""

    fate: Fate

    def request(self, *args: Any, **more: Any) -> None:
        self.fate.ask()
        super().request(*args, **more)

    def getresponse(self) -> http.client.HTTPResponse:
        reply = super().getresponse()
        if self.fate.is_dead:
            raise Killed
        return reply


@dataclass(frozen=True)
class Ran:
    """What a run came to: its failure or None, its result; ``is_killed``, or the trace of what it must not raise."""

    error: EsxError | None = None
    result: Mapping[str, Any] | None = None
    is_killed: bool = False
    crash: str = ""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it says that it changed something."""
        return bool((self.result or {}).get("changed"))


class Client:
    """Who runs a case's task, again and again, from one folder of this machine."""

    def __init__(self, case: Case, server: Server, here: pathlib.Path) -> None:
        self.case, self.world, self.here = case, server.world, here
        self.module = importlib.import_module(f"{PLUGINS}.{case.module}")
        self._place: dict[str, Any] = {"hostname": "127.0.0.1", "port": server.port}
        self._place |= {"username": server.world.username, "password": server.world.password}

    def keep_a_session(self) -> None:
        """Begin a session, as a task with ``persist_session`` does."""
        options = self._options({**self._place, "persist_session": True})
        with self._at_home(), connection.connect(options):
            pass

    def run(self, fate: Fate | None = None) -> Ran:
        """Run the task once."""
        given = {name: self._filled(value) for name, value in self.case.given.items()}
        began, warnings = self.world.clock.now(), list[str]()
        try:
            with self._at_home(), _transports(fate or Fate()), _watchdog():
                error, result = _shell.perform(
                    self.module.run,
                    self._options({**self._place, **given}),
                    connect=getattr(self.module, "CONNECT", self._connect),
                    check_mode=self.case.check_mode,
                    warn=warnings.append,
                    hide=_ignore,
                )
        except Killed:
            return Ran(is_killed=True)
        except (*DEFECTS, http.client.HTTPException, vmodl.MethodFault, TooLong):
            return Ran(crash=traceback.format_exc(limit=-4))
        return Ran(error, result, seconds=self.world.clock.now() - began, warnings=tuple(warnings))

    def rest(self) -> None:
        """Let the host go on by itself until all is over that was begun, and it can be reached."""
        self.world.clock.advance(LONG)
        pause = threading.Event()
        for _attempt in range(500):
            with suppress(OSError), socket.create_connection((self._place["hostname"], self._place["port"]), 1):
                return
            pause.wait(0.01)

    def _options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        spec = _shell.spec_for_ansible(self.module.ARGUMENT_SPEC)
        checked = ArgumentSpecValidator(spec, **self.module.RULES).validate(dict(given))
        assert not checked.error_messages, checked.error_messages
        # Who names the host by its URI says this there.
        return {**checked.validated_parameters, "transport": "http"}

    def _filled(self, value: Any) -> Any:
        return value.replace("{here}", str(self.here)) if isinstance(value, str) else value

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        """Let nothing of whoever runs this be read or changed, and let no retry take its time."""
        with ExitStack() as stack:
            folder = self.here.parent / "sessions"
            stack.enter_context(_swapped(session_cache, "own_folder", lambda _environment: folder))
            stack.enter_context(_swapped(carrier, "_FIRST_PAUSE_SECONDS", 0.001))
            stack.enter_context(_swapped(waits, "PAUSE_SECONDS", PAUSE_SECONDS))
            yield

    @contextmanager
    def _connect(
        self, params: Mapping[str, Any], *, warn: Callable[[str], None], hide: Callable[[str], None]
    ) -> Iterator[Host]:
        del warn
        transport = connection.open_transport(params, hide=hide)
        session = Session(transport, Credentials(username=params["username"], password=params["password"]))
        try:
            session.open()
            try:
                yield Host(session, now=self.world.clock.now)
            finally:
                session.close()
        finally:
            transport.close()


@contextmanager
def _transports(fate: Fate) -> Iterator[None]:
    def unopened(self: Transport) -> http.client.HTTPConnection:
        made = MortalConnection(self.address.host, self.address.port, timeout=10)
        made.fate = fate
        return made

    with _swapped(Transport, "_unopened", unopened):
        yield


@contextmanager
def _swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _watchdog() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def bark(_number: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(WATCHDOG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _ignore(_text: str) -> None:
    """Take a secret that nobody is shown."""
