# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One login to one host, and the way every call takes.

A session logs in once, in ``en_US`` so that texts can be matched, logs in again when the host forgot it, and always
logs out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from .._errors import ConnectionLost, EsxError, FaultError, LoginRefused, NotVsphere, OptionError, SessionExpired
from .._flow.pace import number_of
from . import faults, sdk
from .host import Host
from .transport import Address, Transport, Trust

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
        service = sdk.vim.ServiceInstance("ServiceInstance", self.stub)
        self.content = self._invoke(service, "RetrieveServiceContent", {})
        if self.content is None or self.about.apiType not in ("HostAgent", "VirtualCenter"):
            raise NotVsphere("the service at this address is neither an ESXi host nor a vCenter")
        self.stub.ComputeVersionInfo(sdk.api_version(self.about.apiVersion))
        self._login()

    def close(self) -> None:
        """Log out for good. A host that cannot be told any more has forgotten us, or will."""
        with self._lock:
            self._is_closed = True
        self._log_out()

    def reference(self, type_name: str, moid: str) -> Any:
        """Return the managed object of that WSDL type and id, for example ``("Task", "haTask-1")``."""
        return getattr(sdk.vim, type_name)(moid, self.stub)

    def call(self, target: Any, method: str, /, **arguments: Any) -> Any:
        """
        Call a method of a managed object; ``method`` and the arguments have their WSDL names.

        A session that the host forgot is renewed once: the host has not carried out a call that it did not
        authenticate.

        Raises:
            EsxError: whatever went wrong, in our words.
        """
        logins = self._logins
        try:
            return self._invoke(target, method, arguments)
        except SessionExpired:
            self.renew(logins)
        return self._invoke(target, method, arguments)

    def call_once(self, target: Any, method: str, /, **arguments: Any) -> Any:
        """Call like :meth:`call`, but let SessionExpired through: for calls that mean nothing to another session."""
        return self._invoke(target, method, arguments)

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
                self._forget()
                self._login()

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
            return getattr(target, method)(**arguments)
        except sdk.vmodl.MethodFault as fault:
            raise faults.translate(fault, method) from fault


@contextmanager
def connect(params: Mapping[str, Any]) -> Iterator[Host]:
    """
    Log in to the host that the connection options name, and always log out.

    Raises:
        ConnectError: no connection, no trust, no login.
        OptionError: the options do not name a host or a user.
    """
    sdk.require()
    connect_timeout = number_of(params, "connect_timeout", least=1, most=3600)
    transport = Transport(_address(params), _trust(params), connect_timeout=connect_timeout)
    session = Session(transport, _credentials(params))
    try:
        session.open()
        try:
            yield Host(session, datacenter=params.get("datacenter"), esxi_hostname=params.get("esxi_hostname"))
        finally:
            session.close()
    finally:
        transport.close()


def _address(params: Mapping[str, Any]) -> Address:
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


def _trust(params: Mapping[str, Any]) -> Trust:
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


def _credentials(params: Mapping[str, Any]) -> Credentials:
    for option, variable in (("username", "VMWARE_USER"), ("password", "VMWARE_PASSWORD")):
        if not params.get(option):
            raise OptionError(
                f"'{option}' is missing: give it, or set the environment variable {variable}", option=option
            )
    return Credentials(username=params["username"], password=params["password"])
