# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What virsh and govc make our module finds made, and the other way round; where libvirt errs; and ours on vcsim."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_network, esx_network_info
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.test_collections import Control
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, Virsh
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks
from ansible_collections.virt.esx.tests.support.worlds import Outcome, run

Record = Callable[[str, object], None]
NETWORK = "virt.esx.esx_network"
SCENARIO: dict[str, Any] = {
    "pnics": [{}, {"vswitch": None}, {"vswitch": None}],
    "networks": [
        {"name": "VM Network"},
        {"name": "free", "vswitch": "vSwitch5"},
        {"name": "lab", "vswitch": "vSwitch5"},
    ],
    "vms": [{"name": "web01", "nics": [{"network": "lab"}]}],
}
LIMIT = "<bandwidth><inbound average='1000' peak='2000' burst='1024'/><outbound average='1000' {}/></bandwidth>"
SAME, OTHER = LIMIT.format("peak='2000' burst='1024'"), LIMIT.format("peak='3000' burst='1024'")


def xml(*inner: str, nic: str = "vmnic1", name: str = "vSwitch1") -> str:
    forward = f"<forward mode='bridge'><interface dev='{nic}'/></forward>"
    return f"<network><name>{name}</name>{forward}{''.join(inner)}</network>"


def define(virsh: Virsh, text: str) -> Done:
    path = virsh.folder / "network.xml"
    path.write_text(text, "utf-8")
    return virsh("net-define", str(path))


def ours(server: Server, **given: Any) -> Outcome:
    return run(esx_network, server.world, **given)


def fact_of(server: Server, name: str = "vSwitch1") -> dict[str, Any] | None:
    found = run(esx_network_info, server.world, with_network_xml=True).result["networks"]
    return next((one for one in found if one["name"] == name), None)


def groups_of(server: Server, name: str) -> list[str]:
    return [one["name"] for one in (fact_of(server, name) or {}).get("port_groups", ())]


@pytest.mark.parametrize("inner", [[], [SAME], ["<portgroup name='web'/>", f"<portgroup name='db'>{SAME}</portgroup>"]])
def test_what_virsh_defines_is_as_we_would_have_it(virsh: Virsh, inner: list[str], record_property: Record) -> None:
    record_property("command", "net-define, net-undefine beside ours")
    text = xml(*inner)

    assert define(virsh, text).returncode == 0
    theirs = fact_of(virsh.server)
    again = ours(virsh.server, network_xml=text)
    assert (again.error, again.result["changed"]) == (None, False)
    assert virsh("net-undefine", "vSwitch1").returncode == 0
    assert not ours(virsh.server, name="vSwitch1", state="absent").result["changed"]
    made = ours(virsh.server, network_xml=text)
    assert made.error is None
    assert fact_of(virsh.server) == theirs
    dumped = virsh("net-dumpxml", "vSwitch1").stdout
    assert theirs is not None
    assert ET.canonicalize(dumped, strip_text=True) == ET.canonicalize(theirs["network_xml"], strip_text=True)
    assert virsh.server.world.errors == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (xml(nic="vmnic9"), "no physical NIC 'vmnic9'"),
        (xml().replace("bridge", "nat"), "wanted bridge"),
        (xml(OTHER), "inbound and outbound must both be there and be alike"),
        (xml("<portgroup name='VM Network'/>"), "is on the switch 'vSwitch0'"),
    ],
)
def test_both_refuse(virsh: Virsh, text: str, says: str, record_property: Record) -> None:
    record_property("command", "net-define that is refused")
    assert define(virsh, text).returncode == 1
    refused = ours(virsh.server, network_xml=text)

    assert says in str(refused.error)
    assert fact_of(virsh.server) is None


@pytest.mark.parametrize(
    ("text", "field", "theirs", "mine"),
    [
        ("<network><name>vSwitch1</name><mtu size='9000'/></network>", "mtu", 1500, 9000),
        (xml("<portgroup name='web'><vlan><tag id='42'/></vlan></portgroup>"), "vlan_id", 0, 42),
    ],
)
def test_what_libvirt_keeps_silent_about_is_done(
    virsh: Virsh, text: str, field: str, theirs: int, mine: int, record_property: Record
) -> None:
    record_property("command", f"net-define with {field}")
    # libvirt errs: it says that the network is defined, and has done another.
    assert define(virsh, text).returncode == 0

    assert value(virsh.server, field) == theirs
    done = ours(virsh.server, network_xml=text)
    assert (done.result["changed"], value(virsh.server, field)) == (True, mine)


def value(server: Server, field: str) -> Any:
    fact = fact_of(server) or {}
    return fact[field] if field in fact else fact["port_groups"][0][field]


def test_what_virsh_dumps_it_does_not_take_and_ours_does(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "net-define of net-dumpxml")
    assert define(virsh, xml("<portgroup name='web'/>")).returncode == 0
    dumped = virsh("net-dumpxml", "vSwitch1").stdout

    assert define(virsh, dumped).returncode == 1
    assert virsh("net-undefine", "vSwitch1").returncode == 0
    # Not even when it is gone: the UUID is in the way.
    assert define(virsh, dumped).returncode == 1
    made = ours(virsh.server, network_xml=dumped)
    assert (made.error, made.result["changed"]) == (None, True)
    assert virsh("net-dumpxml", "vSwitch1").stdout == dumped
    # It edits too.
    edited = ours(virsh.server, network_xml=dumped.replace("vmnic1", "vmnic2"))
    assert (edited.error, (fact_of(virsh.server) or {})["uplinks"]) == (None, ["vmnic2"])


def test_half_of_it_stays_with_virsh_and_nothing_with_ours(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "net-define and net-undefine that fail halfway")
    text = xml("<portgroup name='web'/>", "<portgroup name='db'/>")
    rule = FaultRule(method="AddPortGroup", skip=1, action="fault HostConfigFault", count=None)
    virsh.server.world.faults.add(rule)

    # libvirt errs: nothing is rolled back.
    assert define(virsh, text).returncode == 1
    assert groups_of(virsh.server, "vSwitch1") == ["web"]
    virsh.server.world.faults.clear()
    assert ours(virsh.server, name="vSwitch1", state="absent").result["changed"]
    virsh.server.world.faults.add(FaultRule(method="AddPortGroup", skip=1, action="fault HostConfigFault"))
    failed = ours(virsh.server, network_xml=text)
    assert (failed.failure["rolled_back"], fact_of(virsh.server)) == (True, None)

    # Of a switch that a machine uses which is off, it removes what it can.
    refused = ours(virsh.server, name="vSwitch5", state="absent")
    assert [one["name"] for one in refused.failure["in_use"]] == ["web01"]
    assert groups_of(virsh.server, "vSwitch5") == ["free", "lab"]
    assert virsh("net-undefine", "vSwitch5").returncode == 1
    assert groups_of(virsh.server, "vSwitch5") == ["lab"]


def test_what_govc_makes_is_there_and_what_we_make_it_sees(govc: Govc, record_property: Record) -> None:
    record_property("command", "host.vswitch.add, host.vswitch.remove, host.portgroup.add, .change, .remove, .info")
    for command in (
        ("host.vswitch.add", "-nic", "vmnic1", "-mtu", "9000", "vSwitch1"),
        ("host.portgroup.add", "-vswitch", "vSwitch1", "-vlan", "42", "web"),
        ("host.portgroup.change", "-allow-promiscuous=true", "-vlan-id", "43", "web"),
    ):
        done = govc(*command)
        assert done.returncode == 0, done.stderr
    web = {"name": "web", "vlan_id": 43, "security": {"promiscuous": "accept"}}
    wish: dict[str, Any] = {"name": "vSwitch1", "uplinks": ["vmnic1"], "mtu": 9000, "port_groups": [web]}
    again = ours(govc.server, **wish)
    assert (again.error, again.result["changed"]) == (None, False)

    ours(govc.server, name="vSwitch1", port_groups=[{"name": "db", "vlan_id": 4095}], teaming={"failback": "disabled"})
    groups = {one["spec"]["name"]: one for one in json.loads(govc("host.portgroup.info", "-json").stdout)["portgroup"]}
    assert groups["db"]["spec"]["vlanId"] == 4095
    assert groups["db"]["computedPolicy"]["nicTeaming"]["rollingOrder"] is True
    assert govc("host.portgroup.remove", "db").returncode == 0
    assert govc("host.vswitch.remove", "vSwitch1").returncode == 0
    assert not ours(govc.server, name="vSwitch1", state="absent").result["changed"]
    assert govc.server.world.errors == []


def test_govc_cuts_the_host_off_and_ours_asks(govc: Govc, record_property: Record) -> None:
    record_property("command", "host.portgroup.change -vlan-id of the management network")
    refused = ours(govc.server, name="vSwitch0", port_groups=[{"name": "Management Network", "vlan_id": 9}])

    assert refused.failure["management"]["vmkernel"] == ["vmk0"]
    assert govc("host.portgroup.change", "-vlan-id", "9", "Management Network").returncode == 0


@pytest.mark.parametrize("vcsim", [["-esx"]], indirect=True, ids=["esx"])
def test_vcsim_makes_it_for_us(tmp_path: pathlib.Path, vcsim: dict[str, str], record_property: Record) -> None:
    record_property("peer", "vcsim")
    record_property("command", "AddVirtualSwitch, AddPortGroup, RemovePortGroup, RemoveVirtualSwitch")
    wish = {"name": "vSwitch1", "port_groups": [{"name": "web", "vlan_id": 42}]}
    gone = {"name": "vSwitch1", "port_groups": [{"name": "web", "state": "absent"}]}
    away = {"name": "vSwitch1", "state": "absent"}

    played = run_tasks([{NETWORK: one} for one in (wish, wish, gone, gone, away, away)], tmp_path, variables=vcsim)

    assert [result.get("changed") for result in played.results] == [True, False] * 3, played.output
    assert played.results[0]["network"]["port_groups"][0]["vlan_id"] == 42


SWITCH, GROUP = "community.vmware.vmware_vswitch", "community.vmware.vmware_portgroup"
HOST = "esx1.example.com"


def test_community_modules_and_ours_see_each_others_work(
    server: Server, tmp_path: pathlib.Path, record_property: Record
) -> None:
    control = Control(server, tmp_path, record_property)
    control.release(SWITCH, "and vmware_portgroup")
    switch = {"esxi_hostname": HOST, "switch": "vSwitch1", "nics": ["vmnic1"], "mtu": 9000}
    web = {"hosts": [HOST], "switch": "vSwitch1", "portgroup": "web", "vlan_id": 42}
    wish = {"name": "vSwitch1", "uplinks": ["vmnic1"], "mtu": 9000, "port_groups": [{"name": "web", "vlan_id": 42}]}

    (made,) = control.run(SWITCH, switch)
    (added,) = control.run(GROUP, {**web, "security": {"promiscuous_mode": True}})
    assert (made["changed"], added["changed"]) == (True, True), (made, added)
    assert not ours(server, **wish).result["changed"]
    assert ours(server, name="vSwitch1", state="absent").result["changed"]
    assert ours(server, **wish).result["changed"]
    (same,) = control.run(GROUP, web)
    (gone,) = control.run(GROUP, {**web, "state": "absent"})
    (away,) = control.run(SWITCH, {**switch, "state": "absent"})
    assert [one["changed"] for one in (same, gone, away)] == [False, True, True], same
    assert not ours(server, name="vSwitch1", state="absent").result["changed"]
    # It cuts the host off without a word.
    (cut,) = control.run(GROUP, {**web, "switch": "vSwitch0", "portgroup": "Management Network", "vlan_id": 9})
    assert cut["changed"], cut
    assert server.world.errors == []
