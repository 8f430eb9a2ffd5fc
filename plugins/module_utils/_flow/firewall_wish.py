# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wished of a firewall, read from options; what makes no sense is refused before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from .._errors import OptionError, PlanError
from .firewall import POLICY, Address, Allowed, meaning, meanings, plain_address

CHANGES = ("set", "add", "remove")


@dataclass(frozen=True, kw_only=True)
class WantedAllowed:
    """Who shall be allowed; None: nothing is said of it."""

    change: str = "set"
    all_ip: bool | None = None
    addresses: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None

    def of(self, have: Allowed, name: str) -> Allowed:
        """
        Return who is allowed when it is made so.

        Raises:
            PlanError: somebody cannot be taken out of a rule set that everybody may use.
        """
        addresses, networks = self.addresses or (), self.networks or ()
        if self.change == "add":
            there = meanings(have)
            more = [tuple(one for one in part if meaning(one) not in there) for part in (addresses, networks)]
            return have if have.all_ip else _listed((*have.addresses, *more[0]), (*have.networks, *more[1]))
        if self.change == "remove":
            if have.all_ip and (addresses or networks):
                raise PlanError(
                    f"nobody can be taken out of the rule set '{name}' while everybody is allowed: "
                    "give 'change: set' with those who shall be allowed",
                    ruleset=name,
                )
            gone = {meaning(one) for one in (*addresses, *networks)}
            left = [tuple(one for one in part if meaning(one) not in gone) for part in (have.addresses, have.networks)]
            return have if have.all_ip else _listed(left[0], left[1])
        if self.all_ip:
            # While all are allowed, nobody looks at the lists.
            return have if have.all_ip else Allowed()
        if self.addresses is None and self.networks is None:
            return _listed(have.addresses, have.networks)
        wanted = _listed(addresses, networks)
        is_same = not have.all_ip and meanings(have) == meanings(wanted)
        return have if is_same else wanted


def _listed(addresses: Sequence[str], networks: Sequence[str]) -> Allowed:
    return Allowed(all_ip=False, addresses=tuple(addresses), networks=tuple(networks))


@dataclass(frozen=True, kw_only=True)
class WantedRuleset:
    """One rule set; None: nothing is said of it."""

    name: str
    enabled: bool | None = None
    allowed: WantedAllowed | None = None


@dataclass(frozen=True, kw_only=True)
class FirewallWish:
    """
    What the options ask for.

    ``rulesets`` None: none is named. ``policy`` are the parts of the default policy that are given. ``client`` is the
    address from which the host is managed, None: the host knows.
    """

    rulesets: tuple[WantedRuleset, ...] | None = None
    policy: Mapping[str, bool] = field(default_factory=dict)
    client: Address | None = None
    refresh: bool = False
    force: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> FirewallWish:
        """
        Read the options.

        Raises:
            OptionError: one of them cannot be, or two contradict each other.
        """
        given = params["rulesets"]
        rulesets = None if given is None else tuple(_ruleset(one, f"rulesets[{at}]") for at, one in enumerate(given))
        seen = set[str]()
        for one in rulesets or ():
            if one.name in seen:
                raise OptionError(f"'rulesets' names '{one.name}' twice", option="rulesets")
            seen.add(one.name)
        policy = {name: value for name, value in (params["default_policy"] or {}).items() if value is not None}
        return cls(
            rulesets=rulesets,
            policy={name: policy[name] for name in POLICY if name in policy},
            client=_client(params["client_address"]),
            refresh=params["refresh"],
            force=params["force"],
        )


def _client(text: str | None) -> Address | None:
    if text is None:
        return None
    address = plain_address(text.strip())
    if address is None:
        raise OptionError(f"'client_address' must be an IP address; found '{text}'", option="client_address")
    return address


def _ruleset(given: Mapping[str, Any], where: str) -> WantedRuleset:
    name = (given["name"] or "").strip()
    if not name:
        raise OptionError(f"'{where}.name' is empty", option=f"{where}.name")
    allowed = given.get("allowed")
    return WantedRuleset(
        name=name,
        enabled=given.get("enabled"),
        allowed=None if allowed is None else _wanted_allowed(allowed, f"{where}.allowed"),
    )


def _wanted_allowed(given: Mapping[str, Any], where: str) -> WantedAllowed:
    change, all_ip = given.get("change") or "set", given.get("all_ip")
    addresses = _texts(given, "addresses", where, _address)
    networks = _texts(given, "networks", where, _network)
    lists = addresses is not None or networks is not None
    if change != "set":
        if all_ip is not None:
            raise OptionError(f"'{where}.all_ip' is of no use with 'change: {change}'", option=f"{where}.all_ip")
        if not lists:
            raise OptionError(f"'{where}' with 'change: {change}' needs addresses or networks", option=where)
    elif all_ip and (addresses or networks):
        raise OptionError(
            f"'{where}' cannot be 'all_ip: true' and name addresses or networks: give one of them", option=where
        )
    elif all_ip is None and not lists:
        raise OptionError(f"'{where}' is empty: give 'all_ip', 'addresses' or 'networks'", option=where)
    return WantedAllowed(
        change=change,
        all_ip=all_ip,
        addresses=None if all_ip else addresses,
        networks=None if all_ip else networks,
    )


def _texts(given: Mapping[str, Any], name: str, where: str, plain: Any) -> tuple[str, ...] | None:
    found = given.get(name)
    if found is None:
        return None
    return tuple(dict.fromkeys(plain(str(one).strip(), f"{where}.{name}[{at}]") for at, one in enumerate(found)))


def _address(text: str, where: str) -> str:
    if "/" in text:
        raise OptionError(f"'{where}' is a network: put '{text}' into 'networks'", option=where)
    address = plain_address(text)
    if address is None or "%" in text:
        raise OptionError(
            f"'{where}' must be an IP address such as 192.0.2.10 or 2001:db8::10; found '{text}'", option=where
        )
    return str(address)


def _network(text: str, where: str) -> str:
    address, slash, _prefix = text.partition("/")
    try:
        loose = ip_network(text, strict=False)
    except ValueError as error:
        raise OptionError(
            f"'{where}' must be a network such as 192.0.2.0/24 or 2001:db8::/64; found '{text}'", option=where
        ) from error
    if not slash:
        raise OptionError(
            f"'{where}' has no prefix: put '{text}' into 'addresses', or say how long the prefix is", option=where
        )
    if loose.network_address != ip_address(address):
        raise OptionError(
            f"'{where}' is an address within a network: '{text}' must be '{loose}' for the whole network; "
            f"for one host put '{address}' into 'addresses'",
            option=where,
        )
    return str(loose)
