# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What an inventory is made of, in plain values: which connections, what a machine is called, how it is reached.

A name that several machines would have belongs to none of them: who writes to a host of that name must not meet the
one that happened to be read first.
"""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from .._errors import OptionError

VARIABLE = "esx_vm"
"""The host variable that has the facts."""

CONNECTION_VARIABLE = "esx_connection"

# What Ansible means its own machine by.
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

FAMILIES: Mapping[str, Sequence[int]] = {
    "prefer-ipv4": (4, 6),
    "prefer-ipv6": (6, 4),
    "ipv4": (4,),
    "ipv6": (6,),
    "none": (),
}
"""The option ``address_family``: the families of addresses that may be taken, the better first."""

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
# No template without a brace, no call without a parenthesis but that of a guest's full name, no filter without a bar.
_INERT = re.compile(r"[^{(|]*(?: \(\d\d-bit\))?")
_CACHE_FORM = 1

Facts = Mapping[str, Any]
Evaluate = Callable[[str, Facts], Any]
"""What a Jinja expression makes of variables; None where it makes nothing."""
_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A host that was read; ``vms`` are the facts of its virtual machines."""

    hostname: str
    port: int
    vms: Sequence[Facts]

    @property
    def label(self) -> str:
        """How it is told apart from others."""
        return f"{self.hostname}:{self.port}"


def merge_connections(
    common: Mapping[str, Any], entries: Any, known: Collection[str]
) -> list[tuple[str, dict[str, Any]]]:
    """
    Return each connection and where it stands: that of the source itself, or one for each entry of ``hosts``.

    An entry is a host's name or a mapping; what it leaves out comes from ``common``.

    Raises:
        OptionError: an entry is none, or has an option that no connection has.
    """
    if entries is None:
        return [("", dict(common))]
    if not isinstance(entries, (list, tuple)) or not entries:
        raise OptionError("'hosts' must be a list of at least one host", option="hosts")
    return [(f"hosts[{place}]", _merged(common, entry, place, known)) for place, entry in enumerate(entries)]


def _merged(common: Mapping[str, Any], entry: Any, place: int, known: Collection[str]) -> dict[str, Any]:
    if isinstance(entry, str):
        entry = {"hostname": entry}
    if not isinstance(entry, Mapping):
        raise OptionError(
            f"'hosts[{place}]' must be a host's name or a mapping of connection options", option=f"hosts[{place}]"
        )
    for name in entry:
        if name not in known:
            raise unknown_option(name, known, f"hosts[{place}].")
    merged = {**common, **{name: value for name, value in entry.items() if value is not None}}
    if entry.get("hostname") and not entry.get("uri"):
        # What a URI says would count, and this one says where another host is.
        merged["uri"] = None
    return merged


def unknown_option(name: object, known: Collection[str], prefix: str = "") -> OptionError:
    """Return the error of an option that does not exist, with the one that may have been meant."""
    near = difflib.get_close_matches(str(name), sorted(known), 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return OptionError(f"there is no option '{prefix}{name}'{hint}", option=f"{prefix}{name}")


def check_distinct(connections: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """
    Make sure that no connection is there twice: its machines would be, too.

    Raises:
        OptionError: one is.
    """
    seen: dict[tuple[Any, ...], str] = {}
    for where, params in connections:
        key = tuple(params.get(name) for name in ("hostname", "port", "datacenter", "esxi_hostname", "proxy_host"))
        if key in seen:
            raise OptionError(f"'{where}' is the same host as '{seen[key]}'", option=where)
        seen[key] = where


def fingerprint(connections: Sequence[Mapping[str, Any]], reading: Mapping[str, Any]) -> str:
    """Return what tells a cached inventory from one that other options would give; no password is in it."""
    named = [{name: value for name, value in sorted(one.items()) if name != "password"} for one in connections]
    text = json.dumps([_CACHE_FORM, named, reading], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_cache(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return what a cache keeps."""
    return [{"hostname": one.hostname, "port": one.port, "vms": list(one.vms)} for one in sources]


def from_cache(kept: Any) -> list[Source] | None:
    """Read what a cache kept; None where it is nothing that :func:`to_cache` has made."""
    try:
        sources = [Source(hostname=str(one["hostname"]), port=int(one["port"]), vms=one["vms"]) for one in kept]
        whole = all(isinstance(vm["name"], str) and isinstance(vm["moid"], str) for one in sources for vm in one.vms)
    except (TypeError, LookupError, ValueError):
        return None
    return sources if whole else None


def is_inert(text: str) -> bool:
    """Tell whether a text does nothing, even if somebody took it for a template or an expression."""
    return _INERT.fullmatch(text) is not None


def name_of(variables: Facts, expressions: Sequence[str], evaluate: Evaluate) -> str:
    """
    Return what a machine is called: what the first of the expressions that yields something yields.

    A dotted path is looked up in the variables; everything else, and what is not found there, is left to ``evaluate``.
    Where none yields anything, it is the name that the machine has on its host, or else its id.
    """
    for expression in expressions:
        name = _text(_value_of(variables, expression, evaluate))
        if name:
            return name
    return _text(variables["name"]) or str(variables["moid"])


def _value_of(variables: Facts, expression: str, evaluate: Evaluate) -> Any:
    if _PATH.fullmatch(expression):
        root, *steps = expression.split(".")
        if root in variables:
            value = variables[root]
            for step in steps:
                value = value.get(step) if isinstance(value, Mapping) else None
            return value
    return evaluate(expression, variables)


def _text(value: Any) -> str:
    if value is None or isinstance(value, (bool, list, tuple, Mapping)):
        return ""
    # A guest may call itself anything; a name stays on its line.
    return " ".join(str(value).split())


def unique_names(
    wanted: Sequence[str], machines: Sequence[tuple[Facts, str]], taken: Collection[str]
) -> tuple[list[str], list[str]]:
    """
    Return a name for each machine, all different, and the names that nobody got because several would have had them.

    ``machines`` are the facts and the label of the host. Everybody who wanted a name that others want too, or that is
    ``taken``, bears it with the instance UUID, or else with id and host: who comes and goes does not change that.
    """
    names = list(wanted)
    shared: list[str] = []
    for suffix in (_by_uuid, _by_place):
        often = Counter(names)
        found = [name for name in often if often[name] > 1 or name in taken or name in LOCAL_NAMES]
        shared = shared or found
        unclear = set(found)
        names = [
            f"{first}_{suffix(*machine)}" if name in unclear else name
            for name, first, machine in zip(names, wanted, machines, strict=True)
        ]
    return list(_numbered(names)), sorted(shared)


def _by_uuid(facts: Facts, _label: str) -> str:
    return str(facts.get("instance_uuid") or facts.get("uuid") or facts["moid"])


def _by_place(facts: Facts, label: str) -> str:
    return f"{facts['moid']}_{label}"


def _numbered(names: Sequence[str]) -> Iterator[str]:
    # Only who calls a machine as another one is made unique by gets here.
    left, used = Counter(names), set(names)
    for name in names:
        if left[name] > 1:
            left[name] -= 1
            number = 2
            while f"{name}_{number}" in used:
                number += 1
            used.add(f"{name}_{number}")
            yield f"{name}_{number}"
        else:
            yield name


def address_of(guest: Facts, family: str, places: Sequence[str]) -> str | None:
    """
    Return the address by which a guest is reached, None where it has none that is of use.

    Of the families the better comes first, of the addresses of one the guest's main one, then those of its adapters.
    ``places`` are port groups and networks such as ``192.0.2.0/24``: with any, only addresses there are taken.
    """
    known = list(_addresses(guest))
    for place in places or (None,):
        here = [address for address, network in known if place is None or _is_in(address, network, place)]
        for version in FAMILIES[family]:
            for address in here:
                if address.version == version:
                    return str(address)
    return None


def _addresses(guest: Facts) -> Iterator[tuple[_Address, str | None]]:
    """Yield the addresses that are of use elsewhere, and the port group of each."""
    groups: dict[str, str | None] = {}
    for nic in sorted(guest.get("networks") or (), key=lambda nic: not nic["connected"]):
        for text in nic["ip_addresses"]:
            groups.setdefault(text, nic["network"])
    main = guest.get("ip_address")
    for text in dict.fromkeys([*([main] if main else []), *groups]):
        address = _read_address(text)
        if address is not None:
            yield address, groups.get(text)


def _read_address(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    useless = address.is_link_local or address.is_loopback or address.is_unspecified or address.is_multicast
    return None if useless else address


def _is_in(address: _Address, network: str | None, place: str) -> bool:
    try:
        return address in ipaddress.ip_network(place, strict=False)
    except ValueError:
        return network == place
