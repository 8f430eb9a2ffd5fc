# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network interfaces of hosts in plain values: which are meant, and what libvirt's ESX driver would say of one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any
from xml.etree import ElementTree as ET

from .._errors import Ambiguous, NotFound, OptionError
from .wording import listed

SELECTING_OPTIONS = ("name", "mac", "names", "query")

Fact = dict[str, Any]


def selection_of(params: Mapping[str, Any]) -> tuple[str | None, Any]:
    """
    Return the option that says which interfaces are meant and its value; without one, all are.

    Raises:
        OptionError: it is empty, or no MAC address.
    """
    given = next((option for option in SELECTING_OPTIONS if params.get(option) is not None), None)
    if given is None:
        return None, None
    value = params[given]
    if not value or (isinstance(value, list) and not all(value)):
        raise OptionError(
            f"'{given}' is empty or holds an empty value: it must say which interfaces are meant", option=given
        )
    return given, plain_mac(value, option="mac") if given == "mac" else value


def plain_mac(text: str, *, option: str) -> str:
    """
    Return a MAC address as hosts write it, whatever stands between its digits.

    Raises:
        OptionError: it is none.
    """
    if not re.fullmatch(r"(?i)[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}", text.strip()):
        raise OptionError(f"'{option}' must be a MAC address such as 00:50:56:00:00:01; found '{text}'", option=option)
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def pick(option: str, value: Any, facts: Sequence[Fact]) -> list[Fact]:
    """
    Pick the interfaces that an option other than ``query`` means.

    Raises:
        NotFound: one is not there; those that are there are listed.
        Ambiguous: several answer to one name or MAC address.
    """
    wanted = list(dict.fromkeys(value)) if option == "names" else [value]
    noun = "name" if option == "names" else option
    found = {one: [fact for fact in facts if fact[noun] == one] for one in wanted}
    missing = [one for one, hits in found.items() if not hits]
    if missing:
        there = listed({fact[noun] for fact in facts if fact[noun]})
        raise NotFound(f"no interface has the {noun} {listed(missing)}; there are {there}", missing=missing)
    for one, hits in found.items():
        if len(hits) > 1:
            candidates = [{"id": fact["id"], "host": fact["host"]} for fact in hits]
            shown = ", ".join(f"{fact['name']} of {fact['host']}" for fact in hits)
            raise Ambiguous(
                f"{len(hits)} interfaces have the {noun} '{one}': {shown}; narrow with 'esxi_hostname'",
                candidates=candidates,
            )
    return list({hits[0]["id"]: hits[0] for hits in found.values()}.values())


def prefix_of(netmask: str | None) -> int | None:
    """Return the length of the prefix that a netmask stands for, None for what is none."""
    try:
        return IPv4Network(f"0.0.0.0/{netmask}").prefixlen if netmask else None
    except ValueError:
        return None


def interface_xml(fact: Fact) -> str | None:
    """Return what ``virsh iface-dumpxml`` shows of a physical NIC; of VMkernel adapters libvirt knows nothing."""
    if fact["kind"] != "physical":
        return None
    root = ET.Element("interface", type="ethernet", name=fact["name"])
    ET.SubElement(root, "start", mode="onboot")
    ipv4 = fact["ipv4"]
    if ipv4["dhcp"] or ipv4["address"]:
        protocol = ET.SubElement(root, "protocol", family="ipv4")
        if ipv4["dhcp"]:
            ET.SubElement(protocol, "dhcp", peerdns="no")
        if ipv4["address"]:
            said = {"address": ipv4["address"]}
            ET.SubElement(protocol, "ip", {**said, **({"prefix": str(ipv4["prefix"])} if ipv4["prefix"] else {})})
    ET.SubElement(root, "mac", address=fact["mac"])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
