# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One login to one host, and the way every call takes.

A session logs in once, in ``en_US`` so that texts can be matched, logs in again when the host forgot it, and always
logs out, unless it is a kept one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._errors import ConnectionLost, EsxError, FaultError, LoginRefused, NotVsphere, OptionError, SessionExpired
from .._flow.pace import number_of
from . import faults, sdk
from .host import Host
from .transport import Address, Transport, Trust

# What is done is done, and nobody should wait for a host that has gone mute.
LOGOUT_SECONDS = 5.0
LOCALE = "en_US"
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who logs in."""

    username: str
    password: str = field(repr=False)


class Session:
    """
    A login to one host.

    ``stub`` is pyVmomi's way to the host; ``about`` is vim.AboutInfo, ``content`` vim.ServiceInstanceContent.
    """

    # How often one call may find that the session has ended.
    renewals: ClassVar[int] = 1

    def __init__(self, stub: Any, credentials: Credentials) -> None:
        self.stub = stub
        self._credentials = credentials
        self._lock = threading.Lock()
        self._logins = 0
        self._tried_to_log_in = False
        self._is_closed = False
        self.content: Any = None

    @property
    def about(self) -> Any:
        """What the host says of itself: vim.AboutInfo."""
        return self.content.about

    @property
    def logins(self) -> int:
        """How often this session has logged in: filters and views of an earlier login are gone."""
        return self._logins

    @property
    def is_vcenter(self) -> bool:
        """True for a vCenter, False for a single ESXi host."""
        return bool(self.about.apiType == "VirtualCenter")

    def open(self) -> None:
        """
        Learn what the host is, and log in.

        Raises:
            ConnectError: no way to the host, or it refuses the login.
        """
        self._learn()
        self._login()

    def close(self) -> None:
        """Log out for good. A host that cannot be told any more has forgotten us, or will."""
        with self._lock:
            self._is_closed = True
        self.stub.limit_replies(LOGOUT_SECONDS)
        self._log_out()

    def reference(self, type_name: str, moid: str) -> Any:
        """Return the managed object of that WSDL type and id, for example ``("Task", "haTask-1")``."""
        return getattr(sdk.vim, type_name)(moid, self.stub)

    def call(self, target: Any, method: str, /, **arguments: Any) -> Any:
        """
        Call a method of a managed object; ``method`` and the arguments have their WSDL names.

        A session that the host forgot is renewed: the host has not carried out a call that it did not authenticate.

        Raises:
            EsxError: whatever went wrong, in our words.
        """
        for _renewal in range(self.renewals):
            logins = self._logins
            try:
                return self._invoke(target, method, arguments)
            except SessionExpired:
                self.renew(logins)
        return self._invoke(target, method, arguments)

    def call_once(self, target: Any, method: str, /, **arguments: Any) -> Any:
        """Call like :meth:`call`, but let SessionExpired through: for calls that mean nothing to another session."""
        return self._invoke(target, method, arguments)

    def open_collector(self) -> Any:
        """Return a property collector in which nobody else has filters or waits."""
        return self.content.propertyCollector

    def renew(self, logins: int | None = None) -> None:
        """
        Log in again, unless another thread has done so since ``logins`` was read.

        Raises:
            SessionExpired: the session was closed; a call that was still under way is not worth a new one.
        """
        with self._lock:
            if self._is_closed:
                raise SessionExpired("the session is closed")
            if logins is None or logins == self._logins:
                self._begin_anew()

    def _begin_anew(self) -> None:
        self._forget()
        self._login()

    def _learn(self) -> None:
        service = sdk.vim.ServiceInstance("ServiceInstance", self.stub)
        self.content = self._invoke(service, "RetrieveServiceContent", {})
        if self.content is None or self.about.apiType not in ("HostAgent", "VirtualCenter"):
            raise NotVsphere("the service at this address is neither an ESXi host nor a vCenter")
        self.stub.ComputeVersionInfo(sdk.api_version(self.about.apiVersion))

    def _forget(self) -> None:
        forget = getattr(self.stub, "forget_session", None)
        if forget is not None:
            forget()

    def _log_out(self) -> None:
        if self._tried_to_log_in:
            with suppress(EsxError):
                self._invoke(self.content.sessionManager, "Logout", {})

    def _login(self) -> None:
        manager = self.content.sessionManager
        arguments = {"userName": self._credentials.username, "password": self._credentials.password, "locale": LOCALE}
        self._tried_to_log_in = True
        try:
            self._invoke(manager, "Login", arguments)
        except ConnectionLost:
            # The host may have let us in: leave that session, if we know it, and begin one that we know.
            self._log_out()
            self._forget()
            self._invoke(manager, "Login", arguments)
        except FaultError as error:
            raise LoginRefused(f"the host refuses the login of '{self._credentials.username}': {error}") from error
        self._logins += 1

    def _invoke(self, target: Any, method: str, arguments: Mapping[str, Any]) -> Any:
        try:
            reply = getattr(target, method)(**arguments)
            if method == "RetrievePropertiesEx":
                _check_authenticated(reply)
        except sdk.vmodl.MethodFault as fault:
            raise faults.translate(fault, method) from fault
        return reply


def _check_authenticated(reply: Any) -> None:
    """
    Raise the fault of a read that tells nothing because nobody is logged in.

    Where no walk is asked for, a host may answer it as if all was well, with every property missing.
    """
    for fault in reply.missing if reply is not None else ():
        if faults.name_of(fault) == "NotAuthenticated":
            raise fault


def ignore(_text: str) -> None:
    """Take a text that nobody wants to see."""


@contextmanager
def connect(
    params: Mapping[str, Any], *, warn: Callable[[str], None] = ignore, hide: Callable[[str], None] = ignore
) -> Iterator[Host]:
    """
    Log in to the host that the connection options name, and always log out, unless they ask for a session that is kept.

    ``warn`` is told what people should know and is no failure, ``hide`` what must not be shown anywhere.

    Raises:
        ConnectError: no connection, no trust, no login.
        OptionError: the options do not name a host or a user.
    """
    sdk.require()
    transport, credentials = open_transport(params, hide=hide), credentials_of(params)
    if params.get("persist_session"):
        from .shared_session import SharedSession, cache_of

        session: Session = SharedSession(transport, credentials, cache_of(params, warn))
    else:
        session = Session(transport, credentials)
    try:
        session.open()
        try:
            yield Host(session, datacenter=params.get("datacenter"), esxi_hostname=params.get("esxi_hostname"))
        finally:
            session.close()
    finally:
        transport.close()


def open_transport(params: Mapping[str, Any], *, hide: Callable[[str], None]) -> Transport:
    """Return the way to the host that the connection options name; nothing is sent yet."""
    connect_timeout = number_of(params, "connect_timeout", least=1, most=3600)
    return Transport(address_of(params), trust_of(params), connect_timeout=connect_timeout, hide=hide)


def address_of(params: Mapping[str, Any]) -> Address:
    """
    Return where the options say that the host is.

    Raises:
        OptionError: they name no host, or a port is none.
    """
    if not params.get("hostname"):
        raise OptionError(
            "no host is named: give 'hostname' or 'uri', or set the environment variable VMWARE_HOST", option="hostname"
        )
    scheme = params.get("transport") or "https"
    proxy = (params["proxy_host"], params.get("proxy_port") or 1080) if params.get("proxy_host") else None
    for option in ("port", "proxy_port"):
        if params.get(option) is not None:
            number_of(params, option, least=1, most=65535)
    return Address(host=params["hostname"], port=params.get("port") or PORTS[scheme], scheme=scheme, proxy=proxy)


def trust_of(params: Mapping[str, Any]) -> Trust:
    """
    Return whom the options trust.

    Raises:
        OptionError: the thumbprint is none.
    """
    return Trust(
        verify=params["validate_certs"], ca_path=params.get("ca_path"), thumbprint=_thumbprint(params.get("thumbprint"))
    )


def _thumbprint(text: str | None) -> str | None:
    if not text:
        return None
    digits = text.replace(":", "").replace(" ", "").lower()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise OptionError(
            f"'thumbprint' must be a SHA-256 fingerprint, 64 hexadecimal digits with or without colons; found '{text}'",
            option="thumbprint",
        )
    return digits


def username_of(params: Mapping[str, Any]) -> str:
    """
    Return who logs in.

    Raises:
        OptionError: nobody is named.
    """
    return _stated(params, "username", "VMWARE_USER")


def credentials_of(params: Mapping[str, Any]) -> Credentials:
    """
    Return who logs in, and with what.

    Raises:
        OptionError: one of them is missing.
    """
    return Credentials(username=username_of(params), password=_stated(params, "password", "VMWARE_PASSWORD"))


def _stated(params: Mapping[str, Any], option: str, variable: str) -> str:
    if not params.get(option):
        raise OptionError(f"'{option}' is missing: give it, or set the environment variable {variable}", option=option)
    return str(params[option])
