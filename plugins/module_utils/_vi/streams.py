# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files of datastores over HTTPS, however large: in blocks, none of which is held longer than it takes.

One call is one request, but for a session that ended and for names: a name with a percent sign is sent with its escapes
escaped again where the host resolves them twice.

Source: the host's ``/folder``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from .._errors import ConnectionLost, FaultError, SessionExpired
from .._flow.transfer import Stamp
from .._vmx.paths import DatastorePath

if TYPE_CHECKING:
    from .connection import Session

BLOCK = 1024 * 1024
# A host that has all of a file may still have to write it down.
_ANSWER_SECONDS = 120.0
# Whoever was refused in the middle has an answer waiting, or none.
_REFUSAL_SECONDS = 2.0
# With escapes that are not the host's, a name is another one, or none.
_UNKNOWN = (400, 404)
# The host is at fault, or somebody on the way to it, and may be better in a moment.
_PASSING = (500, 502, 503, 504)
_WHY = {
    400: "its name cannot be read",
    401: "the session may not",
    403: "nothing can be written there, or the account may not",
    404: "it is not there, or its folder is not",
    507: "the datastore is full",
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """
    The head of a reply, and how its body is read: ``read_into`` fills a buffer, and returns 0 at the end.

    ``length`` is how many bytes come, ``modified`` when the host says that the file was written, None if it does not.
    """

    status: int
    length: int
    modified: str | None
    content_range: str | None
    read_into: Callable[[memoryview], int]

    @property
    def stamp(self) -> Stamp:
        """What the file is, if all of it comes."""
        return Stamp(self.length, self.modified)


class Streams:
    """
    The files of one datacenter's datastores, through a session.

    For ``stall_timeout`` seconds nothing may come or go, or the connection is taken for lost.
    """

    def __init__(self, session: Session, datacenter: str, *, stall_timeout: float) -> None:
        self._session = session
        self._datacenter = datacenter
        self._stall_timeout = stall_timeout
        self._escapes_twice = False

    def stat(self, path: DatastorePath) -> Stamp | None:
        """Return what a file is; None: it is not there."""
        with self.read(path, verb="HEAD") as reply:
            return None if reply is None else reply.stamp

    def write(self, path: DatastorePath, size: int, blocks: Callable[[], Iterable[memoryview]]) -> None:
        """
        Write a file over what is there, with as many bytes as ``size`` says; ``blocks`` begins anew with each call.

        Raises:
            ConnectionLost, ConnectError: it was cut; what is there is of no use.
            FaultError: the host refused it.
        """
        status = self._retold(path, lambda target: self._put(path, target, size, blocks()))
        if status in _PASSING:
            raise ConnectionLost(f"the host answered PUT of {path} with HTTP status {status}", method=f"PUT of {path}")
        if status not in (200, 201, 204):
            raise self._refused("PUT", path, status)

    @contextmanager
    def read(
        self, path: DatastorePath, *, verb: str = "GET", first: int = 0, stamp: Stamp | None = None
    ) -> Iterator[Reply | None]:
        """
        Ask for a file, from the byte ``first`` on if it still bears the ``stamp``; None: it is not there.

        Raises:
            ConnectionLost, ConnectError: it was cut.
            FaultError: the host refused it.
        """
        more = {"Range": f"bytes={first}-", "If-Range": (stamp and stamp.modified) or ""} if first else {}
        with ExitStack() as opened:
            reply = self._answer(opened, verb, path, {name: value for name, value in more.items() if value})
            self._check(verb, path, reply.status)
            yield None if reply.status == 404 else reply

    def _answer(self, opened: ExitStack, verb: str, path: DatastorePath, more: Mapping[str, str]) -> Reply:
        """Return the reply of the first address that the host knows, else that of the last; ``opened`` ends it."""
        *_others, last = targets = self._targets(path)
        for target, twice in targets.items():
            reply = opened.enter_context(self._asked(f"{verb} of {path}", target, more))
            if reply.status not in _UNKNOWN:
                self._escapes_twice = twice
            elif target != last:
                opened.close()
                continue
            return reply
        raise AssertionError("unreachable")

    def _check(self, verb: str, path: DatastorePath, status: int) -> None:
        if status in _PASSING:
            raise ConnectionLost(
                f"the host answered {verb} of {path} with HTTP status {status}", method=f"{verb} of {path}"
            )
        # 416: the file is shorter now than where it was to go on.
        if status not in (200, 206, 404, 416):
            raise self._refused(verb, path, status)

    @contextmanager
    def _asked(self, what: str, target: str, more: Mapping[str, str]) -> Iterator[Reply]:
        stub, verb = self._session.stub, what.partition(" ")[0]
        for is_renewed in (False, True):
            logins = self._session.logins
            with stub.lend(what, self._stall_timeout) as loan:
                loan.connection.request(verb, target, headers={**stub.file_headers, **more})
                found = loan.connection.getresponse()
                if found.status != 401 or is_renewed:
                    yield _reply(found, verb)
                    loan.is_whole = found.isclosed() and not found.will_close
                    return
            self._session.renew(logins)

    def _put(self, path: DatastorePath, target: str, size: int, blocks: Iterable[memoryview]) -> int:
        stub = self._session.stub
        with stub.lend(f"PUT of {path}", self._stall_timeout) as loan:
            headers = {**stub.file_headers, "Content-Length": str(size)}
            try:
                loan.connection.request("PUT", target, _exactly(size, blocks), headers)
            except OSError as error:
                return _refusal(loan.connection, error)
            if loan.connection.sock is not None:
                loan.connection.sock.settimeout(max(self._stall_timeout, _ANSWER_SECONDS))
            found = loan.connection.getresponse()
            found.read()
            loan.is_whole = not found.will_close
            return int(found.status)

    def _retold(self, path: DatastorePath, send: Callable[[str], int]) -> int:
        """Send a request; in a new session if the old one has ended, and with other escapes if nothing is found."""
        status = 0
        for target, twice in self._targets(path).items():
            logins = self._session.logins
            status = send(target)
            if status == 401:
                self._session.renew(logins)
                status = send(target)
            if status not in _UNKNOWN:
                self._escapes_twice = twice
                break
        return status

    def _targets(self, path: DatastorePath) -> dict[str, bool]:
        """Return the addresses that a file may have, what has helped first, and whether their escapes are escaped."""
        query = {"dcPath": self._datacenter, "dsName": path.datastore}
        once = _address(path.path, query)
        if "%" not in path.path + path.datastore + self._datacenter:
            return {once: self._escapes_twice}
        twice = _address(quote(path.path), {name: quote(value, safe="") for name, value in query.items()})
        return {twice: True, once: False} if self._escapes_twice else {once: False, twice: True}

    def _refused(self, verb: str, path: DatastorePath, status: int) -> FaultError:
        if status == 401:
            raise SessionExpired(f"{verb} of {path} was refused: {_WHY[status]}")
        why = _WHY.get(status, f"HTTP status {status}")
        return FaultError(f"{verb} of {path} was refused: {why}", method=verb, fault=f"Http{status}")


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"/folder/{quote(path)}?{urlencode(query, quote_via=quote)}"


def _reply(found: HTTPResponse, verb: str) -> Reply:
    length = found.getheader("Content-Length") or ""
    if verb == "HEAD":
        found.read()
    elif not length.isdigit() and found.status in (200, 206):
        raise HTTPException("the host does not say how long the file is")
    return Reply(
        status=found.status,
        length=int(length) if length.isdigit() else 0,
        modified=found.getheader("Last-Modified"),
        content_range=found.getheader("Content-Range"),
        read_into=found.readinto,
    )


def _exactly(size: int, blocks: Iterable[memoryview]) -> Iterator[memoryview]:
    """
    Yield blocks of so many bytes altogether.

    Raises:
        FaultError: they are fewer, so the file became shorter.
    """
    left = size
    for block in blocks:
        if left:
            yield block[:left]
        left -= min(left, len(block))
    if left:
        raise FaultError("the file became shorter while it was read", fault="Changed")


def _refusal(connection: HTTPConnection, error: OSError) -> int:
    """
    Return the status with which a host ended an upload that it does not want.

    Raises:
        OSError: it did not say anything.
    """
    with suppress(OSError, HTTPException):
        if connection.sock is not None:
            connection.sock.settimeout(_REFUSAL_SECONDS)
        status = int(connection.getresponse().status)
        if status >= 400:
            return status
    raise error
