# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
libvirt's connection URIs of the ESX driver: ``esx://``, ``gsx://`` and ``vpx://``.

The law of this file: what may be a password is refused and never repeated, neither in an error nor in a warning.

Source: libvirt's documentation of the ESX driver, "Connections to the VMware ESX driver".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .._errors import OptionError
from .policy import AutoAnswer, read_auto_answer

SCHEMES = ("esx", "gsx", "vpx")
TRANSPORTS = ("https", "http")
PROXY_TYPES = ("http", "socks", "socks5", "socks4", "socks4a")
PROXY_PORT = 1080
PORTS = {
    ("esx", "https"): 443,
    ("esx", "http"): 80,
    ("gsx", "https"): 8333,
    ("gsx", "http"): 8222,
    ("vpx", "https"): 443,
    ("vpx", "http"): 80,
}
USERNAMES = {"esx": "root", "gsx": "root", "vpx": "administrator"}
FORM = "scheme://[user@]host[:port]/[path][?name=value&...]"

_URI = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(\[(?P<bracketed>[^\]]*)\]|(?P<name>[^:\[\]]*))(:(?P<port>[^:]*))?")


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy; ``socks`` has become ``socks5``."""

    type: str
    host: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    What a URI says; None is what it leaves open.

    ``path`` holds the parts of a ``vpx`` path, decoded: folders, datacenter, folders, compute resource and, in a
    cluster, the host. Which part is which only the vCenter knows, except for the last.
    """

    scheme: str
    host: str
    port: int | None = None
    username: str | None = None
    path: tuple[str, ...] = ()
    transport: str = "https"
    validate_certs: bool | None = None
    ca_path: str | None = None
    auto_answer: bool | None = None
    proxy: Proxy | None = None
    vcenter: str | None = None
    legacy_uuid: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def default_port(self) -> int:
        """The port where none is given."""
        return PORTS[self.scheme, self.transport]

    @property
    def datacenter(self) -> str | None:
        """The datacenter where the path leaves no doubt: it has no folder and no cluster."""
        return self.path[0] if len(self.path) == 2 else None

    @property
    def esxi_hostname(self) -> str | None:
        """The host that the path ends with; a compute resource that is no cluster bears its host's name."""
        return self.path[-1] if self.path else None


def parse(uri: str) -> Target:
    """
    Read a connection URI.

    Raises:
        OptionError: it is no URI, or not of these schemes, or one of its parts is not allowed.
    """
    if any(character <= " " or character == "\x7f" for character in uri):
        raise _bad("it holds blanks or control characters; write them percent-encoded, a blank as %20")
    found = _URI.fullmatch(uri)
    if found is None:
        raise _bad(f"it has not the form {FORM}")
    scheme = found["scheme"].lower()
    if scheme not in SCHEMES:
        raise _bad(f"the scheme must be {_any_of(SCHEMES)}; found '{scheme}'")
    userinfo, _at, address = found["authority"].rpartition("@")
    # In "user:pass/word@host" the authority ends at the slash.
    cut_off = ":" in address and not userinfo and "@" in uri
    if ":" in userinfo or cut_off:
        raise _bad(
            "a password has no place in it; use the option 'password' or the environment variable VMWARE_PASSWORD"
        )
    host, port = _address(address, "the host")
    items, unknown = _query(found["query"] or "")
    path = tuple(_decoded(part, "the path") for part in found["path"].split("/") if part)
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        username=_decoded(userinfo, "the user name") or None,
        path=_vpx_path(path) if scheme == "vpx" else (),
        transport=_one_of(items, "transport", TRANSPORTS) or "https",
        validate_certs=_not(_flag(items, "no_verify")),
        ca_path=items.get("cacert") or None,
        auto_answer=_flag(items, "auto_answer"),
        proxy=_proxy(items["proxy"]) if "proxy" in items else None,
        vcenter=_vcenter(items),
        legacy_uuid=items.get("legacy_uuid") == "1",
        warnings=tuple(_warnings(scheme, path, items, unknown, has_fragment=bool(found["fragment"]))),
    )


def apply_uri(params: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the module's options with what ``uri`` says put into them; without ``uri`` they are returned as they are.

    What the URI says counts, what it leaves out comes from the options; but ``auto_answer=1`` does not weaken the
    option's ``safe``, and ``auto_answer=0`` takes nothing back. Added are ``transport`` and ``warnings``: what of the
    URI is ignored or risky, as sentences.

    Raises:
        OptionError: the URI cannot be used.
    """
    if not params.get("uri"):
        return dict(params)
    target = parse(params["uri"])
    if target.proxy is not None and target.proxy.type != "http":
        raise _bad(f"only http proxies are supported; found 'proxy={target.proxy.type}://...'")
    said: dict[str, Any] = {
        "hostname": target.host,
        "port": target.port or params.get("port") or target.default_port,
        "username": target.username or params.get("username") or USERNAMES[target.scheme],
        "validate_certs": target.validate_certs,
        "ca_path": target.ca_path,
        "proxy_host": target.proxy.host if target.proxy else None,
        "proxy_port": target.proxy.port if target.proxy else None,
        "datacenter": target.datacenter,
        "esxi_hostname": target.esxi_hostname,
    }
    if target.auto_answer and "auto_answer" in params:
        asked_for = read_auto_answer(params["auto_answer"])
        said["auto_answer"] = (AutoAnswer.DEFAULT if asked_for is AutoAnswer.REPORT else asked_for).value
    said = {name: value for name, value in said.items() if value is not None}
    return {**params, **said, "transport": target.transport, "warnings": list(target.warnings)}


def _address(text: str, what: str) -> tuple[str, int | None]:
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise _bad(f"{what} must be a name or an address, an IPv6 address in brackets, as in [2001:db8::1]:443")
    if found["bracketed"] is not None:
        host = _decoded(found["bracketed"], what)
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise _bad(f"{what} must have an IPv6 address within the brackets") from None
    else:
        host = _decoded(found["name"], what)
    if not host:
        raise _bad(f"{what} is missing")
    return host, _port(found["port"], what) if found["port"] else None


def _port(text: str, what: str) -> int:
    # The text is not repeated: a slash in "user:password@host" makes the password look like a port.
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise _bad(f"the port of {what} must be a number from 1 to 65535")
    return int(text)


def _query(text: str) -> tuple[dict[str, str], list[str]]:
    items: dict[str, str] = {}
    unknown = []
    for item in re.split("[&;]", text):
        name, _equals, value = item.partition("=")
        name = _decoded(name, "a name in the query").lower()
        if name in _QUERY_NAMES:
            items[name] = _decoded(value, f"'{name}'")
        elif name:
            # A password with a question mark in it would end up here.
            unknown.append(name if re.fullmatch(r"\w{1,20}", name, re.ASCII) else "(one that is no name)")
    return items, unknown


_QUERY_NAMES = ("transport", "vcenter", "no_verify", "auto_answer", "proxy", "cacert", "legacy_uuid")


def _one_of(items: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    value = items.get(name)
    if value is not None and value not in allowed:
        raise _bad(f"'{name}' must be {_any_of(allowed)}; found '{value}'")
    return value


def _flag(items: Mapping[str, str], name: str) -> bool | None:
    value = _one_of(items, name, ("0", "1"))
    return None if value is None else value == "1"


def _not(flag: bool | None) -> bool | None:
    return None if flag is None else not flag


def _proxy(text: str) -> Proxy:
    kind, separator, address = text.rpartition("://")
    kind = kind.lower() if separator else "http"
    if "@" in text:
        raise _bad("'proxy' may not hold a user or a password; its form is [type://]host[:port]")
    if kind not in PROXY_TYPES:
        raise _bad(f"the type of 'proxy' must be {_any_of(PROXY_TYPES)}; found '{kind}'")
    host, port = _address(address, "'proxy'")
    return Proxy(type="socks5" if kind == "socks" else kind, host=host, port=port or PROXY_PORT)


def _vcenter(items: Mapping[str, str]) -> str | None:
    if "vcenter" not in items:
        return None
    return "*" if items["vcenter"] == "*" else _address(items["vcenter"], "'vcenter'")[0]


def _vpx_path(path: tuple[str, ...]) -> tuple[str, ...]:
    form = "[folder/...]datacenter/[folder/...]compute resource[/host]"
    if not path:
        raise _bad(f"vpx:// needs a path that says which host is meant, {form}; found none")
    if len(path) == 1:
        raise _bad(f"the path of vpx:// names no compute resource, it must be {form}; found '{path[0]}'")
    return path


def _warnings(
    scheme: str, path: tuple[str, ...], items: Mapping[str, str], unknown: list[str], *, has_fragment: bool
) -> list[str]:
    is_host = scheme != "vpx"
    said: list[tuple[Any, str]] = [
        (path and is_host, f"the path of the URI is ignored, {scheme}:// has none"),
        (has_fragment, "the part of the URI from '#' on is ignored"),
        (unknown, f"unknown names in the URI's query are ignored: {', '.join(sorted(set(unknown)))}"),
        ("vcenter" in items, "'vcenter' in the URI is ignored, only a migration would need it"),
        (
            items.get("legacy_uuid") not in (None, "0", "1"),
            "'legacy_uuid' in the URI is ignored, only 1 means something",
        ),
        (items.get("legacy_uuid") == "1", "'legacy_uuid' in the URI is ignored, both UUIDs of a machine are looked at"),
        (items.get("transport") == "http", "with 'transport=http' the password goes over the network unencrypted"),
        (
            "cacert" in items and items.get("no_verify") == "1",
            "'cacert' in the URI is ignored because of 'no_verify=1'",
        ),
    ]
    return [warning for applies, warning in said if applies]


def _decoded(text: str, what: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _bad(f"{what} has percent escapes that are no UTF-8") from None
    if any(character < " " or character == "\x7f" for character in decoded):
        raise _bad(f"{what} has control characters")
    return decoded


def _any_of(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _bad(what: str) -> OptionError:
    return OptionError(f"'uri' cannot be used: {what}", option="uri")
