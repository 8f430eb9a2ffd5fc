# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wished of one standard switch, read from the options and checked before anything is asked of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import OptionError
from .network_xml import read_network_xml
from .networks import (
    ACCEPT,
    BALANCING,
    DETECTION,
    DISABLED,
    ENABLED,
    INHERIT,
    PARTS,
    REJECT,
    SECURITY,
    network_uuid,
)
from .wording import listed

# What a host takes.
LONGEST_SWITCH, LONGEST_GROUP = 31, 80
MOST_PORTS, LEAST_MTU, MOST_MTU, MOST_VLAN = 4088, 1280, 9000, 4095
_ORDER = ("active_uplinks", "standby_uplinks")
_NUMBERS = ("average_bps", "peak_bps", "burst_bytes")
_SWITCH_OPTIONS = ("uplinks", "num_ports", "mtu", *PARTS, "port_groups")

Policy = Mapping[str, Mapping[str, Any]]


def policy_options(*, inherits: bool) -> dict[str, Any]:
    """Return the specification of the options for a policy; that of a port group may inherit."""
    more = [INHERIT] if inherits else []
    consent = {"type": "str", "choices": [ACCEPT, REJECT, *more]}
    flag = {"type": "str", "choices": [ENABLED, DISABLED, *more]}
    uplinks = {"type": "list", "elements": "str"}
    order = {"inherit_order": {"type": "bool", "default": False}} if inherits else {}
    return {
        "security": {"type": "dict", "options": dict.fromkeys(SECURITY, consent)},
        "shaping": {"type": "dict", "options": {"status": flag, **{word: {"type": "int"} for word in _NUMBERS}}},
        "teaming": {
            "type": "dict",
            "options": {
                "policy": {"type": "str", "choices": [*BALANCING, *more]},
                "failure_detection": {"type": "str", "choices": [*DETECTION, *more]},
                "notify_switches": flag,
                "failback": flag,
                **dict.fromkeys(_ORDER, uplinks),
                **order,
            },
        },
    }


@dataclass(frozen=True, kw_only=True)
class GroupWish:
    """What is asked of one port group; ``policy`` has only what is said of it."""

    name: str
    present: bool = True
    vlan_id: int | None = None
    policy: Policy = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NetworkWish:
    """What the options ask for; None: nothing is said of it. ``uuid`` is what the XML says that libvirt calls it."""

    name: str
    present: bool = True
    uplinks: tuple[str, ...] | None = None
    num_ports: int | None = None
    mtu: int | None = None
    policy: Policy = field(default_factory=dict)
    groups: tuple[GroupWish, ...] = ()
    purge: bool = False
    cut_management: bool = False
    uuid: str | None = None

    @property
    def needs_users(self) -> bool:
        """True where it matters which virtual machines use a port group."""
        return not self.present or self.purge or any(not one.present for one in self.groups)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> NetworkWish:
        """
        Read the options.

        Raises:
            OptionError: one of them cannot be, or two contradict each other.
        """
        given = dict(params)
        if params["network_xml"] is not None:
            # It is a whole description, of which a removal only needs the name.
            said = read_network_xml(params["network_xml"])
            given |= said if params["state"] == "present" else {"name": said["name"]}
        wish = cls(
            name=_named(given["name"], "name"),
            present=given["state"] == "present",
            uplinks=None if given["uplinks"] is None else _uplinks(given["uplinks"], "uplinks"),
            num_ports=_within(given["num_ports"], "num_ports", 1, MOST_PORTS),
            mtu=_within(given["mtu"], "mtu", LEAST_MTU, MOST_MTU),
            policy=_policy(given, ""),
            groups=tuple(_group(one, place) for place, one in enumerate(given["port_groups"] or ())),
            purge=given["purge_port_groups"],
            cut_management=given["cut_management"],
            uuid=given.get("uuid"),
        )
        wish.check(given)
        return wish

    def check(self, given: Mapping[str, Any]) -> None:
        """
        Look for contradictions.

        Raises:
            OptionError: there is one.
        """
        if not self.present:
            for option in _SWITCH_OPTIONS:
                if given[option] is not None:
                    raise OptionError(f"'{option}' is of no use with 'state: absent'", option=option)
        if self.purge and given["port_groups"] is None:
            raise OptionError(
                "'purge_port_groups' needs 'port_groups', the list of those that stay", option="port_groups"
            )
        names = [one.name for one in self.groups]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise OptionError(f"'port_groups' has {listed(twice)} twice", option="port_groups")
        for option, policy in (
            ("teaming", self.policy),
            *((f"port_groups '{one.name}'", one.policy) for one in self.groups),
        ):
            order = _order_of(policy)
            if order is not None and self.uplinks is not None and not {*order} <= {*self.uplinks}:
                raise OptionError(
                    f"'{option}': the failover order names {listed({*order} - {*self.uplinks})}, 'uplinks' does not",
                    option=option.partition(" ")[0],
                )


def check_new(wish: NetworkWish, *, switch: bool, groups: Sequence[str]) -> None:
    """
    See that what is to be made may be called so.

    Raises:
        OptionError: it may not, or libvirt's XML gives it a UUID that it will not have.
    """
    if switch and len(wish.name) > LONGEST_SWITCH:
        raise OptionError(f"'name' of a new switch must have at most {LONGEST_SWITCH} characters", option="name")
    for name in groups:
        if len(name) > LONGEST_GROUP:
            raise OptionError(
                f"'port_groups': the name of a new one must have at most {LONGEST_GROUP} characters; found '{name}'",
                option="port_groups",
            )
    if switch and wish.uuid is not None:
        check_uuid(wish, f"key-vim.host.VirtualSwitch-{wish.name}")


def check_uuid(wish: NetworkWish, key: str) -> None:
    """
    See that a switch is what the XML says.

    Raises:
        OptionError: its UUID is another.
    """
    if wish.uuid not in (None, network_uuid(key)):
        raise OptionError(
            f"'network_xml': the UUID of the switch '{wish.name}' is {network_uuid(key)}, not {wish.uuid}; the host "
            "chooses it, and it is best left out",
            option="network_xml",
            path="/network/uuid",
        )


def _group(given: Mapping[str, Any], place: int) -> GroupWish:
    where = f"port_groups[{place}]."
    present = given.get("state", "present") == "present"
    if not present:
        for option in ("vlan_id", *PARTS):
            if given.get(option) is not None:
                raise OptionError(f"'{where}{option}' is of no use with 'state: absent'", option="port_groups")
    return GroupWish(
        name=_named(given["name"], f"{where}name"),
        present=present,
        vlan_id=_within(given.get("vlan_id"), f"{where}vlan_id", 0, MOST_VLAN),
        policy=_policy(given, where),
    )


def _policy(given: Mapping[str, Any], where: str) -> Policy:
    said = {
        part: {word: value for word, value in (given.get(part) or {}).items() if value is not None} for part in PARTS
    }
    _read_shaping(said["shaping"], f"{where}shaping")
    _read_order(said["teaming"], f"{where}teaming")
    return {part: words for part, words in said.items() if words}


def _read_shaping(shaping: dict[str, Any], where: str) -> None:
    numbers = [word for word in _NUMBERS if word in shaping]
    for word in numbers:
        _within(shaping[word], f"{where}.{word}", 0, 2**63 - 1)
    if numbers and shaping.get("status") in (DISABLED, INHERIT):
        raise OptionError(
            f"'{where}': {listed(numbers)} is of no use with 'status: {shaping['status']}'", option=_option(where)
        )
    if numbers:
        shaping["status"] = ENABLED
    if shaping.get("average_bps", 0) > shaping.get("peak_bps", 2**63) > 0:
        raise OptionError(f"'{where}': 'peak_bps' must not be less than 'average_bps'", option=_option(where))
    if shaping.get("status") == INHERIT:
        shaping.update(dict.fromkeys(_NUMBERS))


def _read_order(teaming: dict[str, Any], where: str) -> None:
    given = [word for word in _ORDER if word in teaming]
    inherits = teaming.pop("inherit_order", False)
    if inherits and given:
        raise OptionError(
            f"'{where}': 'inherit_order' and {listed(given)} contradict each other", option=_option(where)
        )
    if inherits:
        teaming.update(dict.fromkeys(_ORDER))
    elif given:
        order = [_uplinks(teaming.get(word, ()), f"{where}.{word}") for word in _ORDER]
        both = {*order[0]} & {*order[1]}
        if both:
            raise OptionError(f"'{where}': {listed(both)} cannot be active and on standby", option=_option(where))
        teaming.update({word: list(one) for word, one in zip(_ORDER, order, strict=True)})


def _order_of(policy: Policy) -> list[str] | None:
    teaming = policy.get("teaming", {})
    given = [teaming[word] for word in _ORDER if teaming.get(word) is not None]
    return [nic for nics in given for nic in nics] if given else None


def _uplinks(given: Sequence[str], where: str) -> tuple[str, ...]:
    for one in given:
        if not one or not one.isprintable() or " " in one or "/" in one:
            raise OptionError(f"'{where}' must be physical NICs such as vmnic0; found '{one}'", option=_option(where))
    if len({*given}) < len(given):
        raise OptionError(f"'{where}' names a physical NIC twice", option=_option(where))
    return tuple(given)


def _named(text: str | None, where: str) -> str:
    if not text or not text.strip() or not text.isprintable():
        raise OptionError(f"'{where}' must be a name that can be printed", option=_option(where))
    return text


def _within(value: int | None, where: str, least: int, most: int) -> int | None:
    if value is not None and not least <= value <= most:
        raise OptionError(f"'{where}' must be from {least} to {most}; found {value}", option=_option(where))
    return value


def _option(where: str) -> str:
    return where.partition("[")[0].partition(".")[0]
