# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_interface_info on a simulated host: which are found, what is said of them, and how many requests it took."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_interface_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of
from pyVmomi import vim

PNICS = [
    {"mac": "AA:BB:CC:00:00:01"},
    {"link_mbps": 0, "vswitch": None, "wake_on_lan": True},
    {"auto_negotiate": False},
]
VMKERNEL = [
    {"address": "192.0.2.11/24", "services": ["management"]},
    {
        "address": "198.51.100.11/22",
        "ipv6": ["fe80::1/64", "2001:db8::11/48"],
        "mtu": 9000,
        "port_group": "vMotion",
        "vswitch": "vSwitch1",
        "vlan_id": 7,
        "netstack": "vmotion",
        "services": ["vmotion", "vsan"],
    },
    {"dhcp": True},
]


def world() -> World:
    return world_of(pnics=PNICS, vmkernel=VMKERNEL)


def found(there: World, **given: Any) -> dict[str, Any]:
    outcome = run(esx_interface_info, there, **given)
    assert outcome.error is None, outcome.error
    assert differences("esx_interface_info", outcome.result) == []
    return {one["name"]: one for one in outcome.result["interfaces"]}


def test_all_are_read_in_one_round_trip() -> None:
    there = world()

    outcome = run(esx_interface_info, there, with_interface_xml=True)

    assert (outcome.requests, called(there, "RetrievePropertiesEx")) == (4, 1)
    assert differences("esx_interface_info", outcome.result) == []
    assert "interface" not in outcome.result
    names = [one["name"] for one in outcome.result["interfaces"]]
    assert names == ["vmnic0", "vmnic1", "vmnic2", "vmk0", "vmk1", "vmk2"]
    assert len({frozenset(one) for one in outcome.result["interfaces"]}) == 1


def test_a_physical_nic_says_what_it_is_and_who_uses_it() -> None:
    all_of_them = found(world())

    first, unplugged, fixed = (all_of_them[f"vmnic{number}"] for number in range(3))
    assert (first["mac"], first["driver"], first["pci"]) == ("aa:bb:cc:00:00:01", "ixgben", "0000:02:00.0")
    assert (first["link_up"], first["link_mbps"], first["full_duplex"]) == (True, 10000, True)
    assert (first["switch"], first["mtu"], first["wake_on_lan"]) == ("vSwitch0", 1500, False)
    assert (unplugged["link_up"], unplugged["link_mbps"], unplugged["full_duplex"]) == (False, None, None)
    assert (unplugged["switch"], unplugged["mtu"], unplugged["wake_on_lan"]) == (None, None, True)
    assert (first["auto_negotiate"], fixed["auto_negotiate"]) == (True, False)
    assert (first["services"], first["port_group"]) == (None, None)


def test_a_vmkernel_adapter_says_its_addresses_and_services() -> None:
    all_of_them = found(world())

    first, second, third = (all_of_them[f"vmk{number}"] for number in range(3))
    assert (first["services"], second["services"], third["services"]) == (["management"], ["vmotion", "vsan"], [])
    assert second["ipv4"] == {
        "dhcp": False,
        "address": "198.51.100.11",
        "netmask": "255.255.252.0",
        "prefix": 22,
    }
    assert [(one["address"], one["prefix"]) for one in second["ipv6"]["addresses"]] == [
        ("fe80::1", 64),
        ("2001:db8::11", 48),
    ]
    assert (second["mtu"], second["netstack"], second["switch"]) == (9000, "vmotion", "vSwitch1")
    assert (second["port_group"], second["vlan_id"]) == ("vMotion", 7)
    assert (third["ipv4"]["dhcp"], third["ipv4"]["address"]) == (True, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "vmnic0"}, ["vmnic0"]),
        ({"mac": "AA:BB:cc:00:00:01"}, ["vmnic0"]),
        ({"mac": "aabb.cc00.0001"}, ["vmnic0"]),
        ({"mac": "AA-BB-CC-00-00-01"}, ["vmnic0"]),
        ({"names": ["vmk1", "vmnic1", "vmk1"]}, ["vmk1", "vmnic1"]),
        ({"query": "[?kind=='physical' && !link_up]"}, ["vmnic1"]),
        ({"query": "[?kind=='vmkernel' && contains(services, 'vmotion')]"}, ["vmk1"]),
        ({"query": "[?mtu == `1`]"}, []),
        ({"query": "reverse(@)[0]"}, ["vmk2"]),
        ({"esxi_hostname": "esx1.example.com", "name": "vmk0"}, ["vmk0"]),
    ],
)
def test_it_finds_what_is_meant(given: dict[str, Any], expected: list[str]) -> None:
    outcome = run(esx_interface_info, world(), **given)

    assert [one["name"] for one in outcome.result["interfaces"]] == expected
    assert ("interface" in outcome.result) == ("name" in given or "mac" in given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"name": "vmnic9"}, "not_found", "no interface has the name 'vmnic9'; there are 'vmk0', 'vmk1'"),
        ({"name": "VMNIC0"}, "not_found", "'vmnic0'"),
        ({"name": "aa:bb:cc:00:00:01"}, "not_found", "no interface has the name"),
        ({"mac": "02:00:00:00:00:99"}, "not_found", "aa:bb:cc:00:00:01"),
        ({"names": ["vmk0", "vmk9"]}, "not_found", "'vmk9'"),
        ({"mac": "vmnic0"}, "option", "must be a MAC address"),
        ({"mac": "aa:bb:cc:00:00"}, "option", "must be a MAC address"),
        ({"name": ""}, "option", "'name' is empty"),
        ({"names": []}, "option", "'names' is empty"),
        ({"query": "[].name"}, "option", "must yield interfaces"),
        ({"query": "[?"}, "option", "cannot be evaluated"),
        ({"esxi_hostname": "nowhere"}, "not_found", "nowhere"),
        ({"datacenter": "nowhere"}, "not_found", "nowhere"),
    ],
)
def test_what_cannot_be_found_is_said(given: dict[str, Any], kind: str, words: str) -> None:
    outcome = run(esx_interface_info, world(), **given)

    assert outcome.kind == kind
    assert words in str(outcome.error)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, '<interface type="ethernet" name="vmnic0"><start mode="onboot" /><mac address="02:00:00:00:00:01" />'),
        ({"dhcp": True}, '<protocol family="ipv4"><dhcp peerdns="no" /></protocol>'),
        ({"address": "192.0.2.9/26"}, '<protocol family="ipv4"><ip address="192.0.2.9" prefix="26" /></protocol>'),
        ({"address": "192.0.2.9/32", "dhcp": True}, '<dhcp peerdns="no" /><ip address="192.0.2.9" prefix="32" />'),
    ],
)
def test_libvirts_xml_is_there_on_request(given: dict[str, Any], expected: str) -> None:
    there = world_of(pnics=[given])

    xml = found(there, name="vmnic0", with_interface_xml=True)["vmnic0"]["interface_xml"]
    assert expected in "".join(line.strip() for line in xml.splitlines())
    assert "interface_xml" not in found(there, name="vmnic0")["vmnic0"]
    assert found(there, name="vmk0", with_interface_xml=True)["vmk0"]["interface_xml"] is None


def test_a_distributed_switch_is_named() -> None:
    there = world()
    (host,) = there.of_type("HostSystem")
    host.set(
        "config.network.proxySwitch",
        [
            vim.host.HostProxySwitch(
                dvsUuid="50 01",
                dvsName="dvs",
                key="key-dvs",
                numPorts=8,
                numPortsAvailable=4,
                mtu=9000,
                pnic=["key-vim.host.PhysicalNic-vmnic1"],
                spec=vim.host.HostProxySwitch.Specification(),
            )
        ],
    )
    (nic, *others) = host.get("config.network.vnic")
    port = vim.dvs.PortConnection(switchUuid="50 01", portgroupKey="dvportgroup-7")
    spec = vim.host.VirtualNic.Specification(mtu=1500, distributedVirtualPort=port)
    plugged = vim.host.VirtualNic(device=nic.device, key=nic.key, portgroup="", spec=spec)
    host.set("config.network.vnic", [plugged, *others])

    all_of_them = found(there)
    assert (all_of_them["vmnic1"]["switch"], all_of_them["vmnic1"]["mtu"]) == ("dvs", 9000)
    adapter = all_of_them["vmk0"]
    assert (adapter["switch"], adapter["port_group"], adapter["vlan_id"]) == ("dvs", "dvportgroup-7", None)
    assert (adapter["mac"], adapter["ipv4"]["address"]) == (None, None)
    assert "None" not in str(run(esx_interface_info, there, mac="02:00:00:00:00:99").error)


def test_under_a_vcenter_a_name_needs_its_host() -> None:
    there = world()
    make_vcenter(there, "esx2.example.com")
    (first, *_others) = there.of_type("HostSystem")
    for host in there.of_type("HostSystem"):
        if host is not first:
            host.set("config", first.get("config"))

    everywhere = run(esx_interface_info, there, name="vmnic0")
    there_alone = run(esx_interface_info, there, name="vmnic0", esxi_hostname="esx2.example.com")

    assert (everywhere.kind, len(everywhere.failure["candidates"])) == ("ambiguous", 2)
    assert there_alone.result["interface"]["host"] == "esx2.example.com"


def test_a_host_that_says_nothing_has_none() -> None:
    there = world()
    there.of_type("HostSystem")[0].set("config", None)

    assert run(esx_interface_info, there).result == {"changed": False, "interfaces": []}
    assert "there are none" in str(run(esx_interface_info, there, name="vmnic0").error)


def test_a_connection_that_is_lost_is_said() -> None:
    there = world()
    there.faults.add(FaultRule(method="RetrievePropertiesEx", action="drop-before", count=None))

    assert run(esx_interface_info, there).kind == "connection_lost"
