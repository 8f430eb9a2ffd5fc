# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP/1.1 on a socket: requests in, answers out, each in one write."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from .faults import FaultRule
from .sessions import Session

MAX_LINE = 64 * 1024
MAX_HEADERS = 100
MAX_DRAINED = 1024 * 1024
_COOKIE = re.compile(r'vmware_soap_session="?([0-9A-Za-z-]+)')
_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.([01])\Z")


class BadHttp(Exception):
    """What came over the connection is no HTTP request."""


class Socket(Protocol):
    """What is needed of a socket, plain or TLS."""

    def sendall(self, data: bytes, /) -> None: ...


class Body:
    """The body of a request, read as it comes: by length, or in chunks."""

    def __init__(self, reader: IO[bytes], sock: Socket, headers: Mapping[str, str]) -> None:
        self._reader = reader
        self._sock = sock
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._expects = headers.get("expect", "").lower() == "100-continue"
        self._left = 0 if self._chunked else _length(headers)
        self._done = not self._chunked and self._left == 0
        self.received = 0

    def read(self, limit: int = -1) -> bytes:
        """
        Read up to so many bytes (-1: all); b"" is the end.

        Raises:
            BadHttp: the body is cut off or its chunks are broken.
        """
        if self._expects and not self._done:
            self._expects = False
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        parts = []
        while not self._done and limit != 0:
            if self._left == 0 and self._chunked:
                self._next_chunk()
                continue
            wanted = self._left if limit < 0 else min(limit, self._left)
            part = self._reader.read(min(wanted, 1024 * 1024))
            if not part:
                raise BadHttp("the body is cut off")
            parts.append(part)
            self._left -= len(part)
            self.received += len(part)
            limit -= len(part) if limit > 0 else 0
            self._done = self._left == 0 and not self._chunked
        return b"".join(parts)

    def blocks(self, size: int) -> Iterator[bytes]:
        """
        Yield everything as it comes, in blocks of at most that size.

        Raises:
            BadHttp: the body is cut off or its chunks are broken.
        """
        while block := self.read(size):
            yield block

    def all(self, limit: int) -> bytes:
        """
        Read everything.

        Raises:
            BadHttp: it is more than the limit.
        """
        body = self.read(limit + 1)
        if len(body) > limit:
            raise BadHttp("the body is too large")
        return body

    @property
    def is_done(self) -> bool:
        """True where nothing more comes of it."""
        return self._done

    def drained(self) -> bool:
        """Read what nobody wanted; False: it is too much, close the connection."""
        if self._expects and not self._done:
            return False
        return self._done or (len(self.read(MAX_DRAINED)) < MAX_DRAINED and self._done)

    def _next_chunk(self) -> None:
        if self.received:
            self._line()
        size = self._line().split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,12}", size):
            raise BadHttp("a chunk has no size")
        self._left = int(size, 16)
        if self._left == 0:
            self._done = True
            while self._line():
                pass

    def _line(self) -> bytes:
        return _line(self._reader)


@dataclass
class Request:
    """
    One request. ``path`` is decoded, ``target`` is as it came; ``headers`` have names in lower case; ``spoiling`` are
    the rules that act on what goes over the network.
    """

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Body
    keep_alive: bool
    address: str = ""
    connection: int = 0
    session: Session | None = None
    spoiling: Sequence[FaultRule] = ()

    @property
    def cookie(self) -> str:
        """The session's cookie; pyVmomi sends the whole text of Set-Cookie back, so only the value is looked for."""
        match = _COOKIE.search(self.headers.get("cookie", ""))
        return match.group(1) if match else ""


@dataclass
class Response:
    """
    One answer. A body in parts needs ``length``.

    ``spoilt``: "" as it should be, ``drop`` no reply at all, ``truncate`` half of it, ``cut`` what of a body in parts
    there is; after these the connection is closed.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    spoilt: str = ""
    soap_method: str = ""

    @property
    def size(self) -> int:
        return len(self.body) if isinstance(self.body, bytes) else self.length or 0


def read_request(reader: IO[bytes], sock: Socket) -> Request | None:
    """
    Read the head of the next request; None: the client closed the connection.

    Raises:
        BadHttp: it is none.
    """
    try:
        line = _line(reader, at_start=True)
    except EOFError:
        return None
    match = _REQUEST.match(line)
    if match is None:
        raise BadHttp("the request line is broken")
    headers = _headers(reader)
    target = match.group(2).decode("latin-1")
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise BadHttp(f"the target is broken: {error}") from error
    asked = headers.get("connection", "").lower()
    return Request(
        method=match.group(1).decode(),
        target=target,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=Body(reader, sock, headers),
        keep_alive="close" not in asked and (match.group(3) == b"1" or "keep-alive" in asked),
    )


def write_response(sock: socket.socket, request_method: str, response: Response, *, keep_alive: bool) -> None:
    """Send an answer, in one write if its body is at hand."""
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "Content-Length": str(response.size),
        "Cache-Control": "no-cache",
        **({} if keep_alive else {"Connection": "close"}),
        **response.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {response.status} {reason}\r\n{lines}\r\n".encode("latin-1")
    if request_method == "HEAD":
        sock.sendall(head)
    elif isinstance(response.body, bytes):
        body = response.body
        sock.sendall(head + (body[: len(body) // 2] if response.spoilt == "truncate" else body))
    else:
        sock.sendall(head)
        left = response.size // 2 if response.spoilt == "truncate" else response.size
        for part in response.body:
            sock.sendall(part[:left])
            left -= len(part)
            if left <= 0:
                break


def _headers(reader: IO[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    count = 0
    while line := _line(reader):
        count += 1
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise BadHttp("a header is broken")
        if count > MAX_HEADERS:
            raise BadHttp("there are too many headers")
        key = name.lower()
        headers[key] = f"{headers[key]}; {value.strip()}" if key == "cookie" and key in headers else value.strip()
    return headers


def _line(reader: IO[bytes], *, at_start: bool = False) -> bytes:
    line = reader.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        if at_start and not line:
            raise EOFError
        raise BadHttp("a line is too long or cut off")
    return line.rstrip(b"\r\n")


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise BadHttp("the content length is broken")
    return int(text)
