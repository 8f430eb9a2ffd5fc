# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A host's firewall: rule sets, who may use them, and who gets in.

Source: vim.host.FirewallInfo and vim.host.Ruleset. Each enabled rule set lets in what its rules and its list of allowed
hosts say; the default policy is what holds for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Union

INBOUND, OUTBOUND = "inbound", "outbound"

Address = Union[IPv4Address, IPv6Address]
Network = Union[IPv4Network, IPv6Network]


@dataclass(frozen=True)
class Way:
    """One way through the firewall; ``port`` is that of who is called."""

    direction: str
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol.upper()} port {self.port} ({self.direction})"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule; ``end_port`` is the last port of a range or None, ``port_type`` src or dst."""

    direction: str
    protocol: str
    port: int
    end_port: int | None = None
    port_type: str = "dst"

    def covers(self, way: Way) -> bool:
        """Tell whether it is about this way."""
        last = self.port if self.end_port is None else self.end_port
        return (
            (self.direction, self.protocol.lower(), self.port_type) == (way.direction, way.protocol, "dst")
        ) and self.port <= way.port <= last


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Who may use a rule set; ``networks`` have their prefix behind them, and do not matter while ``all_ip``."""

    all_ip: bool = True
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    def admits(self, address: Address | None) -> bool:
        """Tell whether it lets an address in; None: one that is not known."""
        if self.all_ip or address is None:
            return self.all_ip
        return any(address in network for network in self.parts())

    def parts(self) -> list[Network]:
        """Return addresses and networks alike; what is none is left out."""
        return [part for part in map(_network, (*self.addresses, *self.networks)) if part is not None]

    def includes(self, other: Allowed) -> bool:
        """Tell whether everybody is let in who is by another."""
        if self.all_ip or other.all_ip:
            return self.all_ip
        mine = self.parts()
        return all(any(_within(part, whole) for whole in mine) for part in other.parts())

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it."""
        return {"all_ip": self.all_ip, "addresses": list(self.addresses), "networks": list(self.networks)}


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def meaning(text: str) -> Network | str:
    """Return who is meant by an address or a network; a network of one is that address, and what is none stays text."""
    return _network(text) or text


def meanings(allowed: Allowed) -> frozenset[Network | str]:
    """Return who is meant by the lists, in no order."""
    return frozenset(map(meaning, (*allowed.addresses, *allowed.networks)))


def _within(part: Network, whole: Network) -> bool:
    return part.version == whole.version and part.prefixlen >= whole.prefixlen and part.network_address in whole


def plain_address(text: str | None) -> Address | None:
    """Return the address that a text is, None for one that is none; IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def plain_text(text: str) -> str:
    """Return an address or a network as it is written most plainly, and what is none as it is."""
    try:
        return str(ip_network(text)) if "/" in text else str(plain_address(text) or text)
    except ValueError:
        return text


@dataclass(frozen=True, kw_only=True)
class Ruleset:
    """
    One rule set.

    ``switchable`` and ``narrowable`` say whether users may switch it and may say who is allowed; None: the host does
    not say.
    """

    name: str
    label: str = ""
    enabled: bool = False
    required: bool = False
    service: str | None = None
    rules: tuple[Rule, ...] = ()
    allowed: Allowed = field(default_factory=Allowed)
    switchable: bool | None = None
    narrowable: bool | None = None

    def covers(self, way: Way) -> bool:
        """Tell whether one of its rules is about this way."""
        return any(rule.covers(way) for rule in self.rules)

    def includes(self, other: Ruleset) -> bool:
        """Tell whether everybody gets in who does by another state of it."""
        return not other.enabled or (self.enabled and self.allowed.includes(other.allowed))

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "enabled": self.enabled,
            "required": self.required,
            "service": self.service,
            "rules": [asdict(rule) for rule in self.rules],
            "allowed": self.allowed.shown(),
            "user_controllable": self.switchable,
            "ip_list_user_configurable": self.narrowable,
        }


POLICY = ("incoming_blocked", "outgoing_blocked")


@dataclass(frozen=True, kw_only=True)
class Firewall:
    """All of it; ``policy`` is by the names of :data:`POLICY`, None: the host does not say."""

    rulesets: Mapping[str, Ruleset] = field(default_factory=dict)
    policy: Mapping[str, bool | None] = field(default_factory=lambda: dict.fromkeys(POLICY))

    def admits(self, way: Way, address: Address | None) -> bool:
        """Tell whether an address gets through on this way; None: an address that is not known."""
        return self.is_open(way) or any(one.allowed.admits(address) for one in self.on(way) if one.enabled)

    def is_open(self, way: Way) -> bool:
        """Tell whether everything gets through for which there is no rule set."""
        return self.policy.get(POLICY[0] if way.direction == INBOUND else POLICY[1]) is False

    def on(self, way: Way) -> Iterable[Ruleset]:
        """Return the rule sets that are about a way."""
        return [one for one in self.rulesets.values() if one.covers(way)]
