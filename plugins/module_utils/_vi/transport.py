# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
SOAP over HTTP to one host: connections, trust, timeouts.

pyVmomi writes the requests and reads the replies; how they travel is decided here, because three things must be
certain: a pinned thumbprint is compared before the first byte of a login leaves, no request waits without bound, and a
reply that got lost is reported as just that (the host may have done what was asked) and never answered by sending
again.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from .._errors import ConnectError, ConnectionLost, EsxError, FaultError, NotVsphere, OptionError, UntrustedHost
from . import reader, sdk

# Sending one of these twice changes nothing, so it may be sent again when its reply got lost.
REPEATABLE = frozenset(
    {
        "Logout",
        "RetrieveServiceContent",
        "RetrievePropertiesEx",
        "FindByUuid",
        "FindAllByUuid",
        "FindByInventoryPath",
        "FindByDatastorePath",
        "FindChild",
        "Fetch",
        "ValidateMigration",
        "CheckRelocate_Task",
    }
)
# A wait that is over is answered at once; from a host that is later than this, nothing comes any more.
LATE_SECONDS = 30.0
ATTEMPTS = 4
PAUSE_SECONDS = 0.25
KEPT_CONNECTIONS = 8
SHORTEST_SECRET = 8

_FAULT_STRING = re.compile(r"<faultstring[^>]*>([^<]{0,2000})</faultstring>")
_FAULT_KIND = re.compile(r"<detail>\s*<(?:[\w.-]+:)?(\w{1,100}?)(?:Fault)?[\s>]")


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the vSphere API is served; ``proxy`` is (host, port) of an HTTP proxy or None."""

    host: str
    port: int = 443
    scheme: str = "https"
    proxy: tuple[str, int] | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """
    What makes the host's certificate acceptable.

    ``thumbprint`` is the SHA-256 of the certificate, hexadecimal without separators; it replaces the chain of trust.
    ``ca_path`` None means the system's certificate authorities. Only ``verify=False`` without a thumbprint trusts
    anybody.
    """

    verify: bool = True
    ca_path: str | None = None
    thumbprint: str | None = None

    def context(self) -> ssl.SSLContext:
        """
        Build the TLS settings.

        Raises:
            UntrustedHost: ``ca_path`` cannot be read.
        """
        if not self.verify or self.thumbprint:
            # Nobody's word is asked for, so no authorities are loaded, which takes longer than a login.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        try:
            return ssl.create_default_context(cafile=self.ca_path)
        except (OSError, ValueError) as error:
            raise UntrustedHost(
                f"the certificate authorities cannot be read from ca_path '{self.ca_path}': {error}",
                ca_path=self.ca_path,
            ) from error


class _PinnedConnection(http.client.HTTPSConnection):
    """An HTTPS connection that compares the certificate's SHA-256 with ``thumbprint`` right after the handshake."""

    thumbprint: str | None = None
    # With a proxy, ``host`` is that.
    owner = ""

    def connect(self) -> None:
        super().connect()
        if self.thumbprint is None:
            return
        certificate = self.sock.getpeercert(binary_form=True) or b""
        found = hashlib.sha256(certificate).hexdigest()
        if found != self.thumbprint:
            self.close()
            raise UntrustedHost(
                f"the certificate of {self.owner} has the SHA-256 thumbprint {_colons(found)}, "
                f"not the expected {_colons(self.thumbprint)}; if the certificate was renewed, pin the new thumbprint",
                thumbprint=_colons(found),
            )


class Loan:
    """A connection that one request has for itself; ``is_whole`` is set once its reply was read to the end."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.is_whole = False


class Transport(sdk.SoapStubAdapterBase):
    """
    pyVmomi's stub for one host: every call of a managed object ends in :meth:`InvokeMethod`.

    Safe to use from several threads, each request takes a connection of its own from the pool. ``requests`` counts what
    was sent. ``hide`` is told what must not be shown: the values of session cookies.

    Raises:
        OptionError: a thumbprint is to be compared where there is no certificate.
        UntrustedHost: the certificate authorities cannot be read.
    """

    def __init__(
        self,
        address: Address,
        trust: Trust,
        *,
        connect_timeout: float,
        reply_timeout: float = 120.0,
        hide: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(sdk.OLDEST)
        if trust.thumbprint is not None and address.scheme != "https":
            raise OptionError(
                f"'thumbprint' pins a certificate, and {address} has none: leave it out, or use https",
                option="thumbprint",
            )
        self.requestContext = None
        self.address = address
        self.requests = 0
        self._trust = trust
        self._context = trust.context() if address.scheme == "https" else None
        self._connect_timeout = connect_timeout
        self._reply_timeout = reply_timeout
        self._hide = hide
        self._cookie: str | None = None
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._is_closed = False
        self._pause = threading.Event()

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:
        """
        Carry out one call; the name is pyVmomi's.

        Raises:
            ConnectError: no connection; the host saw nothing.
            ConnectionLost: the request was sent, or may have been, and no usable reply came.
            vmodl.MethodFault: the host answered with a fault.
        """
        request = self.SerializeRequest(mo, info, args)
        wait = _longest_wait(info.wsdlName, args)
        timeout = wait + min(self._reply_timeout, LATE_SECONDS) if wait else self._reply_timeout
        attempts = ATTEMPTS if info.wsdlName in REPEATABLE else 1
        for attempt in range(1, attempts + 1):
            try:
                status, body = self._exchange(info.wsdlName, request, timeout)
                token = reader.token_of(info.wsdlName, body) if status == 200 else None
                if token is not None:
                    return reader.LatePage(token, partial(self._decode, info, status, body, outerStub or self))
                return self._decode(info, status, body, outerStub or self)
            except ConnectionLost as lost:
                # A host that lets a request's time run out would do so with the next one too.
                if attempt == attempts or isinstance(lost.__cause__, TimeoutError):
                    raise
                self._pause.wait(PAUSE_SECONDS * (attempt - 1))
        raise AssertionError("unreachable")

    def limit_replies(self, seconds: float) -> None:
        """Wait no longer than that for a reply, from now on."""
        self._reply_timeout = min(self._reply_timeout, seconds)

    def connect(self) -> None:
        """
        Make sure that there is a connection for the next request.

        Raises:
            ConnectError: there can be none.
        """
        self._give_back(self._connection(), reusable=True)

    @property
    def cookie(self) -> str | None:
        """The session's cookie as it is sent, a secret; None before the login."""
        return self._cookie

    def resume_session(self, cookie: str) -> None:
        """Send that cookie from now on: the one of a session that an earlier login began."""
        self._cookie = cookie
        value = cookie.partition("=")[2].strip('"')
        # What is hidden disappears from every text that holds it, so it must not be a digit or a word.
        if self._hide is not None and len(value) >= SHORTEST_SECRET:
            self._hide(value)

    def forget_session(self) -> None:
        """Send no session cookie any more: the next login starts a session of its own."""
        self._cookie = None

    def close(self) -> None:
        """Close every connection for good; a thread that waits for a reply gets ConnectionLost at once."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            _hang_up(connection)

    def transfer(self, verb: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        """
        Send one HTTP request that is no call, such as ``PUT`` of a file; return its status and body.

        Raises:
            ConnectError: no connection; the host saw nothing.
            ConnectionLost: the request was sent, or may have been, and no usable reply came.
        """
        return self._http(verb, target, body, self.file_headers, f"{verb} of a file", self._reply_timeout)

    @property
    def file_headers(self) -> dict[str, str]:
        """The headers of a request for a file; they hold the session's cookie, a secret."""
        headers = {"Content-Type": "application/octet-stream", "User-Agent": "virt.esx"}
        return headers if self._cookie is None else {**headers, "Cookie": self._cookie}

    @contextmanager
    def lend(self, what: str, timeout: float) -> Iterator[Loan]:
        """
        Lend a connection for one request, of which too much is sent or comes to hold it in memory.

        Nothing may come or go for ``timeout`` seconds at most.

        Raises:
            ConnectError: no connection; the host saw nothing.
            ConnectionLost: it was lost meanwhile, or the reply is none.
        """
        loan = Loan(self._connection())
        try:
            if loan.connection.sock is not None:
                loan.connection.sock.settimeout(timeout)
            with self._lock:
                self.requests += 1
            yield loan
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionLost(
                f"the connection to {self.address} was lost during {what}: {_words(error)}", method=what
            ) from error
        finally:
            self._give_back(loan.connection, reusable=loan.is_whole)

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        return self._http("POST", "/sdk", request, self._headers(), method, timeout)

    def _http(
        self, verb: str, target: str, body: bytes, headers: Mapping[str, str], what: str, timeout: float
    ) -> tuple[int, bytes]:
        connection = self._connection()
        complete = False
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            with self._lock:
                self.requests += 1
            connection.request(verb, target, body, headers)
            reply = connection.getresponse()
            self._keep_cookie(reply)
            content = reply.read()
            complete = True
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionLost(
                f"the connection to {self.address} was lost during {what}: {_words(error)}", method=what
            ) from error
        finally:
            self._give_back(connection, reusable=complete and not reply.will_close)
        return reply.status, content

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": self.versionId, "User-Agent": "virt.esx"}
        if self._cookie is not None:
            headers["Cookie"] = self._cookie
        return headers

    def _keep_cookie(self, reply: http.client.HTTPResponse) -> None:
        cookie = reply.getheader("Set-Cookie")
        if cookie is not None:
            self.resume_session(cookie.partition(";")[0])

    def _decode(self, info: Any, status: int, body: bytes, stub: Any) -> Any:
        if status not in (200, 500):
            raise self._unusable(info.wsdlName, f"HTTP status {status}")
        try:
            reply = _read(info, status, body, stub)
        except (ExpatError, ParseError, TypeError, AttributeError, LookupError, ValueError, RecursionError) as error:
            unknown = _unknown_fault(info.wsdlName, body) if status == 500 else None
            if unknown is not None:
                raise unknown from error
            raise self._unusable(info.wsdlName, f"a reply that is not SOAP ({error})") from error
        if isinstance(reply, sdk.vmodl.MethodFault):
            raise reply
        if status == 500:
            raise self._unusable(info.wsdlName, "HTTP status 500 without a fault")
        return reply

    def _unusable(self, method: str, what: str) -> EsxError:
        if method == "RetrieveServiceContent" and "503" not in what:
            return NotVsphere(
                f"{self.address} answers {method} with {what}: "
                "it is not an ESXi host or a vCenter; check hostname and port"
            )
        return ConnectionLost(f"{self.address} answered {method} with {what}", method=method)

    def _connection(self) -> http.client.HTTPConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
            if connection is not None:
                self._busy.add(connection)
        if connection is None:
            connection = self._open()
            with self._lock:
                self._busy.add(connection)
        # Another thread may have closed everything while this one was connecting.
        if self._is_closed:
            self._give_back(connection, reusable=False)
            raise ConnectError(f"the connection to {self.address} was closed")
        return connection

    def _give_back(self, connection: http.client.HTTPConnection, *, reusable: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            kept = reusable and not self._is_closed and len(self._idle) < KEPT_CONNECTIONS
            if kept:
                self._idle.append(connection)
        if not kept:
            connection.close()

    def _open(self) -> http.client.HTTPConnection:
        try:
            connection = self._unopened()
            connection.connect()
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            raise self._no_connection(error) from error
        return connection

    def _unopened(self) -> http.client.HTTPConnection:
        host, port = self.address.proxy or (self.address.host, self.address.port)
        connection: http.client.HTTPConnection
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=self._connect_timeout)
        else:
            connection = _PinnedConnection(host, port, timeout=self._connect_timeout, context=self._context)
            connection.thumbprint, connection.owner = self._trust.thumbprint, self.address.host
        if self.address.proxy is not None:
            connection.set_tunnel(self.address.host, self.address.port)
        return connection

    def _no_connection(self, error: Exception) -> ConnectError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return UntrustedHost(
                f"the certificate of {self.address} is not trusted: {error.verify_message}; give its authority in "
                "'ca_path', pin the certificate with 'thumbprint', or set 'validate_certs: false' in a laboratory",
                reason=error.verify_message,
            )
        if isinstance(error, ssl.SSLError):
            return NotVsphere(f"{self.address} does not answer with TLS ({error.reason}); check hostname and port")
        via = " through the proxy {}:{}".format(*self.address.proxy) if self.address.proxy else ""
        if isinstance(error, (socket.gaierror, UnicodeError)):
            return ConnectError(f"the name '{self.address.host}' cannot be resolved{via}: {_words(error)}")
        if isinstance(error, TimeoutError):
            return ConnectError(
                f"{self.address} does not answer{via} within {self._connect_timeout:g} s; check hostname, port and "
                "firewall, or raise 'connect_timeout'"
            )
        return ConnectError(f"no connection to {self.address}{via}: {_words(error)}; check hostname and port")


def _read(info: Any, status: int, body: bytes, stub: Any) -> Any:
    if b"<!DOCTYPE" in body:
        raise ValueError("it declares a document type")
    if status == 200 and info.wsdlName in reader.METHODS:
        with suppress(reader.Unfamiliar):
            return reader.read_reply(info.wsdlName, body, stub)
    # A file, because pyVmomi does not notice that a string ends too early.
    found = sdk.SoapResponseDeserializer(stub).Deserialize(io.BytesIO(body), info.result)
    return reader.from_pyvmomi(info.wsdlName, found)


def _unknown_fault(method: str, body: bytes) -> FaultError | None:
    """Read a fault that pyVmomi does not know, as that of a newer host; None: it is no fault."""
    from html import unescape

    text = body.decode("utf-8", "replace")
    said, kind = _FAULT_STRING.search(text), _FAULT_KIND.search(text)
    if said is None or not text.rstrip().endswith("Envelope>"):
        return None
    name = kind.group(1) if kind is not None else "a fault without a name"
    sentence = unescape(said.group(1)).strip()
    told = f"{name}: {sentence}" if sentence and sentence != name else name
    return FaultError(f"{method} was refused with {told}", method=method, fault=name)


def _longest_wait(method: str, args: Any) -> float:
    """Return for how many seconds the host may rightly keep us waiting for this call's reply."""
    if method != "WaitForUpdatesEx" or len(args) < 2 or args[1] is None:
        return 0.0
    return float(args[1].maxWaitSeconds or 0)


def _hang_up(connection: http.client.HTTPConnection) -> None:
    # shutdown() wakes the thread that reads from the socket, close() would leave it waiting.
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _colons(thumbprint: str) -> str:
    digits = thumbprint.upper()
    return ":".join(digits[index : index + 2] for index in range(0, len(digits), 2))
