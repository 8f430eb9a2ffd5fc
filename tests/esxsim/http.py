# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The door with a socket: HTTPS, a thread for each connection.

``/sdk`` is here; what else a host serves (datastore files, screenshots, a test's control) is plugged in as routes.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import select
import socket
import ssl
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from . import api, decode
from .certificates import Certificate, make_certificate
from .clock import Abandoned
from .faults import DEFECTS, HostDown, WireFailure
from .sessions import Session
from .soap import Caller, answer
from .wire import BadHttp, Request, Response, read_request, write_response
from .world import World

__all__ = ["Certificate", "HttpRecord", "Request", "Response", "Server", "authenticated", "make_certificate", "serve"]

Handler = Callable[[Request], Response]
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 900.0
PATIENCE_SECONDS = 0.2
GARBAGE = b"\x00\xff<<< no XML at all >>>"


@dataclass(frozen=True)
class HttpRecord:
    """One request. ``status`` 0: there was no answer; ``session`` is the session's key, "" before the login."""

    method: str
    path: str
    soap_method: str
    session: str
    status: int
    received: int
    sent: int
    connection: int
    at: float


class HttpLog:
    """Every request, in the order of their answers."""

    def __init__(self) -> None:
        self._records: list[HttpRecord] = []

    def __iter__(self) -> Iterator[HttpRecord]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: HttpRecord) -> None:
        self._records.append(record)

    def clear(self) -> None:
        self._records.clear()

    def soap(self) -> list[str]:
        """The names of the methods called, in their order."""
        return [record.soap_method for record in self if record.soap_method]

    def connections(self) -> int:
        """How many connections carried requests."""
        return len({record.connection for record in self})


class Server:
    """
    A world behind a port; ``serve`` makes one.

    Attributes: ``port``, ``url``, ``certificate`` and ``thumbprint`` (None without TLS), ``log``, ``routes``.
    """

    def __init__(
        self,
        world: World,
        host: str,
        port: int,
        *,
        certificate: Certificate | None,
        routes: Mapping[str, Handler],
        tls: bool,
    ) -> None:
        self.world = world
        self.host = host
        self.log = HttpLog()
        self.routes: dict[str, Handler] = {"/sdk": self._sdk, **routes}
        self.handshakes = 0
        self.certificate = certificate
        self._context: ssl.SSLContext | None = None
        if tls:
            self._load_certificate()
        self._listener = _listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._connections: dict[int, socket.socket] = {}
        self._sessions: list[Session] = []
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        self._closed = False
        self._in_flight: dict[int, tuple[socket.socket, float]] = {}
        self._stopped = threading.Event()
        world.on_restart.append(self._hang_up)
        threading.Thread(target=self._look_after, name=f"esxsim:{self.port}:clients", daemon=True).start()
        self._thread = threading.Thread(target=self._accept, name=f"esxsim:{self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_rest: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://{self.host}:{self.port}"

    @property
    def thumbprint(self) -> str:
        """The SHA-256 fingerprint of the certificate; "" without TLS."""
        return "" if self.certificate is None or self._context is None else self.certificate.thumbprint

    def close(self) -> None:
        """Stop: the port refuses, connections end, the sessions that were opened here too."""
        with self._guard:
            # From here on no new listener is taken into use.
            self._closed = True
            self._stopped.set()
        with suppress(ValueError):
            self.world.on_restart.remove(self._hang_up)
        self._hang_up()
        with self._guard:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            self.world.sessions.end(session)
        self._thread.join(5)

    def wait(self) -> None:
        """Serve until somebody closes the server."""
        self._thread.join()

    def _load_certificate(self) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.certificate is None:
            directory = Path(tempfile.mkdtemp(prefix="esxsim-"))
            self.certificate = make_certificate(directory)
        self._context.load_cert_chain(self.certificate.cert, self.certificate.key)

    def _hang_up(self) -> None:
        with self._guard:
            listener = self._listener
            sockets = [listener, *self._connections.values()]
        for one in sockets:
            # TLS's own shutdown would wait for the client; the plain one wakes whoever reads.
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        with suppress(OSError):
            listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                raw, address = self._listener.accept()
            except OSError:
                self._listen_again()
                continue
            number = next(self._numbers)
            with self._guard:
                self._connections[number] = raw
            threading.Thread(target=self._converse, args=(raw, number, address[0]), daemon=True).start()

    def _listen_again(self) -> None:
        while not self._closed and self.world.is_down:
            time.sleep(0.01)
        while not self._closed:
            try:
                listener = _listen(self.host, self.port)
            except OSError:
                time.sleep(0.01)
                continue
            with self._guard:
                taken = not self._stopped.is_set()
                if taken:
                    self._listener = listener
            if taken:
                return
            listener.close()

    def _converse(self, raw: socket.socket, number: int, address: str) -> None:
        sock = raw
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                raw.settimeout(HANDSHAKE_SECONDS)
                sock = self._context.wrap_socket(raw, server_side=True)
                with self._guard:
                    self._connections[number] = sock
                    self.handshakes += 1
            sock.settimeout(IDLE_SECONDS)
            with cast(IO[bytes], sock.makefile("rb", buffering=65536)) as reader:
                while not self._closed:
                    try:
                        request = read_request(reader, sock)
                    except BadHttp as error:
                        write_response(sock, "GET", _text(400, str(error)), keep_alive=False)
                        _linger(sock)
                        break
                    if request is None:
                        break
                    if not self._serve(sock, request, number, address):
                        # Who still sends shall see the answer.
                        if not request.body.is_done:
                            _linger(sock)
                        break
        except OSError:
            return  # The client is gone, or the host restarts.
        finally:
            with self._guard:
                self._connections.pop(number, None)
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            sock.close()

    def _serve(self, sock: socket.socket, request: Request, number: int, address: str) -> bool:
        """Answer one request; False: close the connection."""
        request.address, request.connection = address, number
        request.session = self.world.sessions.by_cookie(request.cookie) if request.cookie else None
        at = self.world.clock.now()
        try:
            response = self._watched(sock, request)
            keep_alive = request.keep_alive and not response.spoilt and request.body.drained()
        except BadHttp as error:
            response, keep_alive = _text(400, str(error)), False
        except Abandoned:
            response, keep_alive = Response(spoilt="drop"), False
        status = 0 if response.spoilt == "drop" else response.status
        key = request.session.key if request.session is not None else ""
        self.log.add(
            HttpRecord(
                request.method,
                request.path,
                response.soap_method,
                key,
                status,
                request.body.received,
                response.size if status else 0,
                number,
                at,
            )
        )
        if response.spoilt != "drop":
            write_response(sock, request.method, response, keep_alive=keep_alive)
        return keep_alive

    def _watched(self, sock: socket.socket, request: Request) -> Response:
        thread = threading.get_ident()
        with self._guard:
            self._in_flight[thread] = (sock, time.monotonic())
        try:
            return self._route(request)
        finally:
            with self._guard:
                del self._in_flight[thread]

    def _look_after(self) -> None:
        """Give up the waits of clients that are gone: nobody else would ever end them."""
        while not self._stopped.wait(PATIENCE_SECONDS):
            gone = []
            with self._guard:
                long_ago = time.monotonic() - PATIENCE_SECONDS
                for thread, (sock, since) in list(self._in_flight.items()):
                    if since < long_ago and _hung_up(sock):
                        gone.append(thread)
            for thread in gone:
                self.world.clock.abandon(thread)

    def _route(self, request: Request) -> Response:
        if self.world.is_down:
            return Response(spoilt="drop")
        for prefix in sorted(self.routes, key=len, reverse=True):
            if request.path == prefix or request.path.startswith(prefix.rstrip("/") + "/"):
                try:
                    return self.routes[prefix](request)
                except (HostDown, WireFailure) as failure:
                    return _spoilt(failure)
                except DEFECTS as error:
                    traceback.print_exc()
                    self.world.errors.append(error)
                    return _text(500, f"A defect of esxsim: {error!r}")
        return _text(404, f"Nothing is at {request.path}")

    def _sdk(self, request: Request) -> Response:
        if request.path == "/sdk/vimServiceVersions.xml" and request.method in ("GET", "HEAD"):
            return Response(body=_versions(self.world), headers={"Content-Type": "text/xml"})
        if request.path.rstrip("/") not in ("/sdk", "/sdk/vimService") or request.method in ("GET", "HEAD"):
            return _text(404, f"Nothing is at {request.path}")
        if request.method != "POST":
            return _text(405, "SOAP needs POST")
        body = request.body.all(decode.MAX_BYTES)
        caller = Caller(request.session, request.address, request.headers.get("user-agent", ""))
        reply = answer(self.world, caller, body, request.headers.get("soapaction"))
        response = Response(reply.status, reply.body, soap_method=reply.method)
        if reply.opened is not None:
            request.session = reply.opened
            with self._guard:
                self._sessions = [one for one in self._sessions if one.alive] + [reply.opened]
            secure = "; Secure" if self._context is not None else ""
            cookie = f'vmware_soap_session="{reply.opened.cookie}"; Path=/; HttpOnly{secure}'
            response.headers["Set-Cookie"] = cookie
        if reply.spoilt == "truncate":
            response.spoilt = "truncate"
        elif reply.spoilt == "garbage":
            response.body = GARBAGE
        return response


def serve(
    world: World,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    certificate: Certificate | None = None,
    routes: Mapping[str, Handler] | None = None,
    tls: bool = True,
) -> Server:
    """
    Serve a world, in threads of its own.

    Port 0 is any that is free. Without a certificate a self-signed one is made. ``routes`` are handlers by path
    prefix, the longest wins; ``/sdk`` is served anyhow.
    """
    return Server(world, host, port, certificate=certificate, routes=routes or {}, tls=tls)


def authenticated(world: World, request: Request) -> bool:
    """Say whether a request carries a session's cookie, or Basic credentials that may log in."""
    if request.session is not None and request.session.alive:
        return True
    scheme, _rest, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(colon) and world.sessions.check(user, password)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def _hung_up(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def _linger(sock: socket.socket) -> None:
    """Read what a client still sends: closing on it would take back the answer."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_WR)
        sock.settimeout(1.0)
        for _rest in range(64):
            if not socket.socket.recv(sock, 65536):
                break


def _text(status: int, text: str) -> Response:
    return Response(status, f"{text}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _spoilt(failure: HostDown | WireFailure) -> Response:
    if isinstance(failure, WireFailure) and failure.action == "http-503":
        return _text(503, "Service Unavailable")
    return Response(spoilt="drop")


def _versions(world: World) -> bytes:
    older = [
        api.support.versionIdMap[one]
        for one in api.support.GetServiceVersions("vim25")
        if one != world.vmodl_version
        and api.is_child_version(world.vmodl_version, one)
        and api.support.nsMap.get(one) == "vim25"
        and api.support.versionIdMap.get(one)
    ]
    prior = "".join(f"<version>{one}</version>" for one in older)
    text = (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<namespaces version="1.0"><namespace><name>urn:vim25</name>'
        f"<version>{world.api_version}</version><priorVersions>{prior}</priorVersions></namespace></namespaces>"
    )
    return text.encode()
