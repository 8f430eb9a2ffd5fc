# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about the switches of one simulated host; and ours reads vcsim's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_network_info
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks
from ansible_collections.virt.esx.tests.support.worlds import run
from pyVmomi import vim

Record = Callable[[str, object], None]
INFO = "virt.esx.esx_network_info"
SCENARIO: dict[str, Any] = {
    "pnics": [{}, {"vswitch": "vSwitch1"}, {"vswitch": "vSwitch1"}, {"vswitch": None}],
    "networks": [{"name": "VM Network"}, {"name": "dev", "vswitch": "vSwitch1"}, {"name": "lab", "vlan_id": 7}],
    "vmkernel": [
        {"address": "192.0.2.11/24", "services": ["management"]},
        {"port_group": "vMotion", "vswitch": "vSwitch1", "services": ["vmotion"]},
    ],
    "vms": [{"name": "web01", "power_state": "powered-on"}],
}


def ours(server: Server) -> dict[str, dict[str, Any]]:
    outcome = run(esx_network_info, server.world, with_network_xml=True, with_users=True)
    assert outcome.error is None
    return {one["name"]: one for one in outcome.result["networks"]}


def limited(server: Server, average: int | None, peak: int | None, burst: int | None) -> None:
    """Set the limit of a switch, and of a port group, as another client would."""
    kind: Any = vim.host.NetworkPolicy
    shaping = kind.TrafficShapingPolicy(enabled=True, averageBandwidth=average, peakBandwidth=peak, burstSize=burst)
    system = server.world.of_type("HostNetworkSystem")[0]
    with server.world.lock:
        info = system.stored("networkInfo")
        for one in (info.vswitch[1], next(one for one in info.portgroup if one.spec.name == "dev")):
            one.spec.policy.shapingPolicy = shaping


def same_xml(one: str, other: str) -> bool:
    return bool(ET.canonicalize(one, strip_text=True) == ET.canonicalize(other, strip_text=True))


@pytest.mark.parametrize(
    "limit", [None, (8_000_000, 16_000_000, 1024**2), (8_000_000, None, None), (15_999, 7_999, 1023)]
)
def test_virsh_says_the_same(virsh: Virsh, limit: tuple[int | None, ...] | None, record_property: Record) -> None:
    record_property("command", "net-list, net-info, net-uuid, net-dumpxml")
    if limit is not None:
        limited(virsh.server, *limit)
    facts = ours(virsh.server)

    assert virsh("net-list", "--all", "--name").stdout.split() == list(facts)
    for name, fact in facts.items():
        said = dict(re.findall(r"^([\w ]+): +(.+)$", virsh("net-info", fact["uuid"]).stdout, re.MULTILINE))
        assert (said["Name"], said["UUID"], said["Active"]) == (name, fact["uuid"], "yes")
        theirs = virsh("net-dumpxml", name).stdout
        # libvirt errs: it keeps silent about the VLAN, without which its XML makes another port group.
        mine = re.sub(r"\s*<vlan>.*?</vlan>", "", fact["network_xml"], flags=re.DOTALL)
        assert same_xml(theirs, mine), theirs
        assert ("<vlan>" in theirs, "<vlan>" in fact["network_xml"]) == (False, name == "vSwitch0")
    assert virsh.server.world.errors == []


def test_a_name_with_an_ampersand_spoils_what_virsh_writes(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "net-dumpxml of a port group R&D")
    spec = vim.host.PortGroup.Specification(
        name="R&D", vlanId=0, vswitchName="vSwitch1", policy=vim.host.NetworkPolicy()
    )
    with virsh.server.world.lock:
        virsh.server.world.of_type("HostNetworkSystem")[0].add_group(None, portgrp=spec)

    theirs = virsh("net-dumpxml", "vSwitch1").stdout
    assert "name='R&D'" in theirs
    with pytest.raises(ET.ParseError):
        ET.fromstring(theirs)
    mine = ET.fromstring(ours(virsh.server)["vSwitch1"]["network_xml"])
    assert [one.get("name") for one in mine.iter("portgroup")] == ["dev", "R&D"]


def test_govc_says_the_same(govc: Govc, record_property: Record) -> None:
    record_property("command", "host.vswitch.info, host.portgroup.info")
    facts = ours(govc.server)

    said = json.loads(govc("host.vswitch.info", "-json").stdout)["vswitch"]
    assert [(one["name"], one["mtu"], one["numPortsAvailable"]) for one in said] == [
        (one["name"], one["mtu"], one["ports_available"]) for one in facts.values()
    ]
    groups = json.loads(govc("host.portgroup.info", "-json").stdout)["portgroup"]
    mine = {one["name"]: one for fact in facts.values() for one in fact["port_groups"]}
    assert {one["spec"]["name"]: one["spec"]["vlanId"] for one in groups} == {
        name: one["vlan_id"] for name, one in mine.items()
    }
    for one in groups:
        assert len(one.get("port") or ()) == len(mine[one["spec"]["name"]]["ports"])
    assert govc.server.world.errors == []


@pytest.mark.parametrize(
    ("vcsim", "hosts"), [(["-esx"], 1), (["-dc", "2", "-cluster", "1"], 8)], indirect=["vcsim"], ids=["esx", "vcenter"]
)
def test_vcsim_is_read(vcsim: dict[str, str], hosts: int, tmp_path: Any, record_property: Record) -> None:
    record_property("peer", "vcsim")
    played = run_tasks([{INFO: {"with_users": True, "with_network_xml": True}}], tmp_path, variables=vcsim)
    assert played.results, played.output
    found = played.results[0]["networks"]

    assert len({fact["host_moid"] for fact in found}) == hosts
    assert all(fact["name"] == "vSwitch0" and fact["uplinks"] for fact in found)
    assert all(any(group["management"] for group in fact["port_groups"]) for fact in found)
    assert all(fact["network_xml"].startswith("<network>") for fact in found)
