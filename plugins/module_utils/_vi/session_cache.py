# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A session in a file, for the tasks that come and for those beside this one.

Law: whatever is odd about the file is a warning, never a failure; the task then goes on as if nothing were kept. What
stands in it is a secret, so no warning and no exception quotes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from .private_folder import Odd, private_folder, words
from .transport import Address, Trust

T = TypeVar("T")

FOLDER = "virt.esx"
FORMAT = 1
MOST_BYTES = 64 * 1024
# Whoever holds the lock logs in meanwhile; if that takes longer than this, others log in on their own.
LOCK_SECONDS = 30.0

_COOKIE = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,4096}")
_NEEDED = frozenset({"propertyCollector", "rootFolder", "sessionManager"})
_API_TYPES = frozenset({"HostAgent", "VirtualCenter"})


@dataclass(frozen=True, kw_only=True)
class Kept:
    """
    A session as it is kept: its cookie, and what the host said of itself before the login.

    ``about`` are the fields of vim.AboutInfo, ``managers`` the ids of the objects that vim.ServiceInstanceContent
    names. Both stay as they are while the host's agent runs, and one that is started anew knows no old session.
    """

    cookie: str = field(repr=False)
    about: Mapping[str, str]
    managers: Mapping[str, str]


def owner_of(address: Address, username: str, trust: Trust) -> dict[str, str]:
    """
    Return whose a session is: one for each host, port, proxy, user and trust.

    Trust is part of it, so that a cookie from a host whose certificate was verified is never sent to one whose
    certificate is not.
    """
    if trust.thumbprint:
        trusted = f"thumbprint {trust.thumbprint}"
    elif not trust.verify:
        trusted = "anybody"
    else:
        trusted = f"authorities {Path(trust.ca_path).absolute()}" if trust.ca_path else "authorities of the system"
    proxy = "{}:{}".format(*address.proxy) if address.proxy else ""
    return {"address": str(address).lower(), "proxy": proxy, "username": username, "trust": trusted}


def own_folder(environment: Mapping[str, str]) -> Path:
    """
    Return this user's folder for sessions: below XDG_RUNTIME_DIR where that is ours, else below ``~/.cache``.

    Raises:
        Odd: the user has neither.
    """
    runtime = Path(environment.get("XDG_RUNTIME_DIR", ""))
    with suppress(OSError):
        # After su or sudo it may still be that of another user.
        if runtime.is_absolute() and runtime.stat().st_uid == os.geteuid():
            return runtime / FOLDER
    try:
        return Path.home() / ".cache" / FOLDER
    except RuntimeError as error:
        raise Odd("this user has no home directory") from error


class SessionCache:
    """
    The file in which the session of ``owner`` is kept.

    ``warn`` is told, once each, what is odd; ``folder`` None means this user's own.
    """

    def __init__(self, owner: Mapping[str, str], warn: Callable[[str], None], *, folder: Path | None = None) -> None:
        self._owner = dict(owner)
        self._warn = warn
        self._given_folder = folder
        self._name = hashlib.sha256(json.dumps(self._owner, sort_keys=True).encode()).hexdigest()[:40]
        self._warned: set[str] = set()

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._name

    def exists(self) -> bool:
        """Tell whether anything lies at the place of the file, be it as it may."""
        return self._carefully(self._exists, False)

    def read(self) -> Kept | None:
        """Return the session that is kept; None: there is none that can be believed."""
        return self._carefully(self._read, None)

    def write(self, kept: Kept) -> bool:
        """Keep a session, whatever was there before; call it under the lock. Returns whether that worked."""
        return self._carefully(partial(self._write, kept), False)

    def remove(self, *, tidy: bool = False) -> bool:
        """
        Drop what is kept; returns whether anything was there, and is not any more.

        With ``tidy`` the lock's own file goes too; call it under the lock then.
        """
        return self._carefully(partial(self._remove, tidy), False)

    @contextmanager
    def locked(self, *, seconds: float | None = None) -> Iterator[bool]:
        """
        Keep others of this user from logging in meanwhile; yields whether that is so.

        It is not so where no lock can be had, or not in ``seconds``; None means :data:`LOCK_SECONDS`.
        """
        lock = self._carefully(partial(self._lock, LOCK_SECONDS if seconds is None else seconds), None)
        try:
            yield lock is not None
        finally:
            if lock is not None:
                os.close(lock)

    def _folder(self) -> Path:
        return own_folder(os.environ) if self._given_folder is None else self._given_folder

    def _exists(self) -> bool:
        with private_folder(self._folder()) as folder:
            return folder.exists(self._name)

    def _read(self) -> Kept:
        with private_folder(self._folder()) as folder:
            return _parse(folder.read(self._name, most=MOST_BYTES), self._owner)

    def _write(self, kept: Kept) -> bool:
        if not _COOKIE.fullmatch(kept.cookie):
            raise Odd("the host's cookie cannot be kept")
        said = {"cookie": kept.cookie, "about": dict(kept.about), "managers": dict(kept.managers)}
        content = json.dumps({"format": FORMAT, "owner": self._owner, **said}).encode()
        with private_folder(self._folder(), create=True) as folder:
            folder.write(self._name, content)
        return True

    def _remove(self, tidy: bool) -> bool:
        with private_folder(self._folder()) as folder:
            removed = folder.remove(self._name)
            if tidy:
                folder.tidy(self._name)
        return removed

    def _lock(self, seconds: float) -> int:
        with private_folder(self._folder(), create=True) as folder:
            return folder.lock(self._name, seconds)

    def _carefully(self, work: Callable[[], T], otherwise: T) -> T:
        """Do something with files; what goes wrong is a warning, and that nothing is there is not wrong."""
        try:
            return work()
        except FileNotFoundError:
            return otherwise
        except Odd as odd:
            problem = str(odd)
        except OSError as error:
            problem = words(error)
        if problem not in self._warned:
            self._warned.add(problem)
            self._warn(f"the kept session {self._name} of '{self._owner['username']}' is not used: {problem}")
        return otherwise


def _parse(content: bytes, owner: Mapping[str, str]) -> Kept:
    try:
        record: Any = json.loads(content)
    except (ValueError, RecursionError):
        # The cause would carry the whole text.
        raise Odd("it is damaged") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise Odd("it is damaged, or of another version")
    if record.get("owner") != owner:
        raise Odd("it belongs to another host, user or trust")
    cookie = record.get("cookie")
    if not isinstance(cookie, str) or not _COOKIE.fullmatch(cookie):
        raise Odd("it is damaged: it holds no cookie")
    about, managers = _texts(record.get("about")), _texts(record.get("managers"))
    if about.get("apiType") not in _API_TYPES or "apiVersion" not in about or not managers.keys() >= _NEEDED:
        raise Odd("it is damaged: it does not say what the host is")
    return Kept(cookie=cookie, about=about, managers=managers)


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}
