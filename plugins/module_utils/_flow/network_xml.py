# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
libvirt's ``<network>`` and a standard switch.

Written is what libvirt's ESX driver writes, and beside it what it keeps silent about and its XML has a word for: a VLAN
and an MTU. Read is what can be had of a switch; everything else is an error that says where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._errors import DomainXmlError, OptionError
from .._vmx.xml_tree import Element, parse_tree, render, sayable
from .._vmx.xml_values import missing, number, uuid, wrong
from .networks import DISABLED, ENABLED, INHERIT, Fact

# kB/s of libvirt in bit/s, and its KiB in bytes.
KBYTE_BITS, KIB = 8000, 1024
MOST_KBYTES, MOST_KIB = (2**63 - 1) // KBYTE_BITS, (2**63 - 1) // KIB
MOST_VLAN = 4095
USUAL_MTU = 1500
_BANDWIDTH = ("average", "peak", "burst")
# What says nothing of a switch.
_SILENT = ("title", "description", "metadata")


def network_xml(fact: Fact, listed_groups: Collection[str]) -> str:
    """Return libvirt's XML of a switch; of its port groups those that the inventory lists as networks."""
    children = [_text("name", fact["name"]), _text("uuid", fact["uuid"])]
    if fact["uplinks"]:
        uplinks = [Element("interface", {"dev": device}) for device in fact["uplinks"]]
        children.append(Element("forward", {"dev": fact["uplinks"][0], "mode": "bridge"}, *uplinks))
    if fact["mtu"] not in (None, USUAL_MTU):
        children.append(Element("mtu", {"size": str(fact["mtu"])}))
    children += _bandwidth(fact["shaping"])
    for group in fact["port_groups"]:
        if group["name"] not in listed_groups:
            continue
        inner = []
        if group["vlan_id"]:
            inner.append(Element("vlan", {}, Element("tag", {"id": str(group["vlan_id"])})))
        children.append(Element("portgroup", {"name": sayable(group["name"])}, *inner, *_bandwidth(group["shaping"])))
    return render(Element("network", {}, *children))


def _text(tag: str, text: str) -> Element:
    return Element(tag, text=sayable(text))


def _bandwidth(shaping: Mapping[str, Any]) -> list[Element]:
    if shaping["status"] != ENABLED:
        return []
    said = {
        "average": (shaping["average_bps"] or 0) // KBYTE_BITS,
        "peak": (shaping["peak_bps"] or 0) // KBYTE_BITS,
        "burst": (shaping["burst_bytes"] or 0) // KIB,
    }
    attributes = {name: str(value) for name, value in said.items() if value}
    if not attributes:
        return []
    return [Element("bandwidth", {}, Element("inbound", attributes), Element("outbound", dict(attributes)))]


def read_network_xml(text: str) -> dict[str, Any]:
    """
    Read a ``<network>``: the options of esx_network that say the same, and ``uuid`` where it has one.

    Raises:
        OptionError: it is no such XML, or it says what no standard switch has.
    """
    try:
        return _network(parse_tree(text))
    except DomainXmlError as error:
        raise OptionError(f"'network_xml': {error}", option="network_xml", path=error.details.get("path")) from error


def _network(root: Element) -> dict[str, Any]:
    if root.tag != "network":
        raise wrong(root, "", "a <network>", f"<{root.tag}>")
    _only(root, ("name", "uuid", "forward", "mtu", "bandwidth", "portgroup", "vlan", *_SILENT), ("connections",))
    _once(root, "name", "uuid", "forward", "mtu", "bandwidth", "vlan")
    name, given_uuid = root.find("name"), root.find("uuid")
    if name is None:
        raise missing(root, "name", "the name of the switch")
    said: dict[str, Any] = {
        "name": name.text,
        "uplinks": _uplinks(root.find("forward")),
        "shaping": _shaping(root.find("bandwidth")) or {"status": DISABLED},
    }
    if given_uuid is not None:
        said["uuid"] = uuid(given_uuid)
    mtu = root.find("mtu")
    if mtu is not None:
        _only(mtu, (), ("size",))
        said["mtu"] = number(mtu, "size", 1280, 9000)
    usual = _vlan(root.find("vlan"))
    said["port_groups"] = [_group(one, usual) for one in root.all("portgroup")]
    return said


def _uplinks(forward: Element | None) -> list[str]:
    if forward is None:
        return []
    _only(forward, ("interface",), ("mode", "dev"))
    mode = forward.attributes.get("mode", "nat")
    if mode == "none":
        return []
    if mode != "bridge":
        raise wrong(forward, "mode", "bridge: a switch of the host forwards in no other way", mode)
    devices = []
    for one in forward.all("interface"):
        _only(one, (), ("dev", "connections"))
        if not one.attributes.get("dev"):
            raise wrong(one, "dev", "the device of a physical NIC such as vmnic0")
        devices.append(one.attributes["dev"])
    own = forward.attributes.get("dev")
    if own is not None and own not in devices:
        if devices:
            raise wrong(forward, "dev", "one of the interfaces")
        return [own]
    return devices


def _shaping(bandwidth: Element | None) -> dict[str, Any] | None:
    """Return the shaping policy; None where there is none, as where all is zero."""
    if bandwidth is None:
        return None
    _only(bandwidth, ("inbound", "outbound"), ())
    _once(bandwidth, "inbound", "outbound")
    ways = {way: _limits(bandwidth.find(way)) for way in ("inbound", "outbound")}
    if ways["inbound"] != ways["outbound"] or ways["inbound"] is None:
        path = bandwidth.path
        raise DomainXmlError(
            f"{path}: inbound and outbound must both be there and be alike; a switch has one limit for either way",
            path=path,
        )
    said = ways["inbound"]
    if not any(said.values()):
        return None
    limits = {
        "average_bps": said["average"] * KBYTE_BITS,
        "peak_bps": said["peak"] * KBYTE_BITS,
        "burst_bytes": said["burst"] * KIB,
    }
    return {"status": ENABLED, **{name: value for name, value in limits.items() if value}}


def _limits(way: Element | None) -> dict[str, int] | None:
    if way is None:
        return None
    _only(way, (), _BANDWIDTH)
    return {name: number(way, name, 0, MOST_KIB if name == "burst" else MOST_KBYTES) or 0 for name in _BANDWIDTH}


def _group(one: Element, usual_vlan: int | None) -> dict[str, Any]:
    _only(one, ("bandwidth", "vlan"), ("name",))
    _once(one, "bandwidth", "vlan")
    if not one.attributes.get("name"):
        raise wrong(one, "name", "the name of the port group")
    said = {"name": one.attributes["name"], "shaping": _shaping(one.find("bandwidth")) or {"status": INHERIT}}
    vlan = _vlan(one.find("vlan"))
    vlan = usual_vlan if vlan is None else vlan
    return said if vlan is None else {**said, "vlan_id": vlan}


def _vlan(vlan: Element | None) -> int | None:
    if vlan is None:
        return None
    _only(vlan, ("tag",), ("trunk",))
    tags = list(vlan.all("tag"))
    if len(tags) != 1:
        raise wrong(vlan, "", "exactly one tag: a port group has one VLAN, or with 4095 all", f"{len(tags)} tags")
    if vlan.attributes.get("trunk", "no") != "no":
        raise wrong(vlan, "trunk", "no; the VLAN 4095 lets all through")
    _only(tags[0], (), ("id",))
    found = number(tags[0], "id", 0, MOST_VLAN)
    if found is None:
        raise wrong(tags[0], "id", f"a number from 0 to {MOST_VLAN}")
    return found


def _only(element: Element, children: Collection[str], attributes: Collection[str]) -> None:
    """
    See that an element says nothing that a switch does not have.

    Raises:
        DomainXmlError: it does.
    """
    for name in element.attributes:
        if name not in attributes:
            path = f"{element.path}/@{name}"
            raise DomainXmlError(f"{path}: no standard switch has this; it must be left out", path=path)
    for child in element.children:
        # What has a namespace is somebody's own.
        if child.tag not in children and " " not in child.tag:
            raise DomainXmlError(f"{child.path}: no standard switch has this; it must be left out", path=child.path)


def _once(element: Element, *tags: str) -> None:
    for tag in tags:
        found = list(element.all(tag))
        if len(found) > 1:
            raise DomainXmlError(f"{found[1].path}: it is there twice", path=found[1].path)
