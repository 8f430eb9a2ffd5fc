# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about the interfaces of one simulated host; and ours reads vcsim's."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
INFO = "virt.esx.esx_interface_info"
SCENARIO: dict[str, Any] = {
    "pnics": [
        {},
        {"mac": "AA:BB:CC:00:00:02", "dhcp": True},
        {"address": "192.0.2.99/26", "link_mbps": 0},
        {"address": "192.0.2.98/26", "dhcp": True},
    ],
    "vmkernel": [
        {"address": "192.0.2.11/24", "services": ["management"]},
        {
            "address": "198.51.100.11/16",
            "port_group": "vMotion",
            "vswitch": "vSwitch1",
            "netstack": "vmotion",
            "services": ["vmotion", "vsan"],
        },
    ],
}


def ours(folder: pathlib.Path, environment: Mapping[str, str], **given: Any) -> list[dict[str, Any]]:
    played = run_tasks([{INFO: {"with_interface_xml": True, **given}}], folder, variables=environment)
    assert played.results, played.output
    found: list[dict[str, Any]] = played.results[0]["interfaces"]
    return found


def test_virsh_says_the_same_of_each_mac_address(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "iface-name, iface-dumpxml")
    facts = [one for one in ours(tmp_path, variables(virsh.server)) if one["kind"] == "physical"]

    assert [fact["name"] for fact in facts] == ["vmnic0", "vmnic1", "vmnic2", "vmnic3"]
    for fact in facts:
        for mac in (fact["mac"], fact["mac"].upper()):
            assert virsh("iface-name", mac).stdout.strip() == fact["name"]
        theirs = virsh("iface-dumpxml", fact["mac"]).stdout
        assert ET.canonicalize(theirs, strip_text=True) == ET.canonicalize(fact["interface_xml"], strip_text=True)
    # For an inactive interface libvirt leaves out what DHCP gave it, though none ever is inactive.
    assert "192.0.2.98" not in virsh("iface-dumpxml", "--inactive", facts[3]["mac"]).stdout
    assert virsh.server.world.errors == []


def test_where_virsh_finds_nothing_by_name_ours_does(
    virsh: Virsh, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "iface-list, iface-mac, iface-dumpxml by name")
    (fact,) = ours(tmp_path, variables(virsh.server), name="vmnic0")

    assert fact["mac"] == "02:00:00:00:00:01"
    assert "vmnic" not in virsh("iface-list", "--all").stdout
    for command in ("iface-mac", "iface-dumpxml"):
        refused = virsh(command, "vmnic0")
        assert refused.returncode == 1
        assert "Could not find physical NIC with MAC address 'vmnic0'" in refused.stderr


def test_govc_says_the_same(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "host.vnic.info")
    facts = [one for one in ours(tmp_path, variables(govc.server)) if one["kind"] == "vmkernel"]

    said = json.loads(govc("host.vnic.info", "-json").stdout)["info"]
    assert [
        (one["device"], one["network"], one["switch"], one["address"], one["stack"], one["services"]) for one in said
    ] == [
        (one["name"], one["port_group"], one["switch"], one["ipv4"]["address"], one["netstack"], one["services"])
        for one in facts
    ]
    assert govc.server.world.errors == []


@pytest.mark.parametrize(
    ("vcsim", "hosts"), [(["-esx"], 1), (["-dc", "2", "-cluster", "1"], 8)], indirect=["vcsim"], ids=["esx", "vcenter"]
)
def test_vcsim_is_read(vcsim: dict[str, str], hosts: int, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("peer", "vcsim")
    facts = ours(tmp_path, vcsim)

    assert len({fact["host_moid"] for fact in facts}) == hosts
    cards = [fact for fact in facts if fact["kind"] == "physical"]
    assert len(cards) >= hosts
    assert any(card["switch"] == "vSwitch0" and card["link_up"] for card in cards)
    adapters = [fact for fact in facts if fact["kind"] == "vmkernel"]
    assert all("management" in adapter["services"] and adapter["ipv4"]["address"] for adapter in adapters)
