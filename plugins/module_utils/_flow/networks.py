# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Standard switches and their port groups in plain values: their policies, which are meant, and what libvirt calls them.

A policy has three parts, ``security``, ``shaping`` and ``teaming``. Of a port group, what it takes from its switch is
the word ``inherit``, or None where it would be a number or a list.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import Ambiguous, NotFound, OptionError
from .wording import listed

SELECTING_OPTIONS = ("name", "uuid", "port_group", "query")
INHERIT = "inherit"
# The words of a policy, and what it has no words for.
SECURITY = ("promiscuous", "mac_changes", "forged_transmits")
SHAPING = ("status", "average_bps", "peak_bps", "burst_bytes")
TEAMING = ("policy", "failure_detection", "notify_switches", "failback", "active_uplinks", "standby_uplinks")
PARTS: Mapping[str, Sequence[str]] = {"security": SECURITY, "shaping": SHAPING, "teaming": TEAMING}
ACCEPT, REJECT = "accept", "reject"
ENABLED, DISABLED = "enabled", "disabled"
BALANCING = ("loadbalance-srcid", "loadbalance-ip", "loadbalance-srcmac", "failover-explicit")
DETECTION = ("link", "beacon")

Fact = dict[str, Any]


def selection_of(params: Mapping[str, Any]) -> tuple[str | None, Any]:
    """
    Return the option that says which switches are meant and its value; without one, all are.

    Raises:
        OptionError: it is empty.
    """
    given = next((option for option in SELECTING_OPTIONS if params.get(option) is not None), None)
    if given is None:
        return None, None
    if not params[given]:
        raise OptionError(f"'{given}' is empty: it must say which switches are meant", option=given)
    return given, params[given]


def pick(option: str, value: str, facts: Sequence[Fact]) -> list[Fact]:
    """
    Pick the switch that an option other than ``query`` means.

    Raises:
        NotFound: it is not there; those that are there are listed.
        Ambiguous: several hosts have one.
    """
    found = [fact for fact in facts if _is_meant(fact, option, value)]
    words = {"name": "the name", "uuid": "the UUID", "port_group": "the port group"}[option]
    if not found:
        of_groups = option == "port_group"
        there = listed(one["name"] for fact in facts for one in (fact["port_groups"] if of_groups else [fact]))
        what = "port groups" if of_groups else "switches"
        raise NotFound(f"no switch has {words} '{value}'; there are the {what} {there}", missing=[value])
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} switches have {words} '{value}', on the hosts {listed(fact['host'] for fact in found)}; say "
            "with 'esxi_hostname' on which",
            candidates=[{"moid": fact["host_moid"], "path": fact["host"]} for fact in found],
        )
    return found


def _is_meant(fact: Fact, option: str, value: str) -> bool:
    if option == "port_group":
        return any(one["name"] == value for one in fact["port_groups"])
    if option == "uuid":
        return _plain(fact["uuid"]) == _plain(value)
    return bool(fact[option] == value)


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character not in "- {}")


def network_uuid(key: str) -> str:
    """Return the UUID by which libvirt knows the switch of that key."""
    return str(uuid.UUID(bytes=hashlib.md5(key.encode(), usedforsecurity=False).digest()))


def group_of(fact: Fact, name: str) -> Fact | None:
    """Return the port group of that name, None if there is none."""
    return next((one for one in fact["port_groups"] if one["name"] == name), None)


def users_of(group: Fact) -> list[str]:
    """Name who uses a port group: its VMkernel adapters, and its virtual machines as far as they were read."""
    adapters = [f"the VMkernel adapter '{one['name']}'" for one in group["vmkernel"]]
    return [*adapters, *(f"the virtual machine '{one['name']}'" for one in group.get("vms", ()))]
