# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_host_info on a simulated host: the facts, libvirt's view of them, and how many requests it took."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_host_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

GIB = 1024**3


def fact_of(world: World, **given: Any) -> Any:
    outcome = run(esx_host_info, world, **given)
    assert outcome.error is None
    return outcome.result["host"]


def test_what_the_host_is_is_read_in_one_round_trip() -> None:
    world = world_of(host={"name": "esx7.example.com", "cpu_packages": 2, "cpu_cores": 24, "cpu_threads": 48})

    outcome = run(esx_host_info, world, with_services=True, with_capabilities=True)

    assert outcome.requests == 4
    assert called(world, "RetrievePropertiesEx") == 1
    assert differences("esx_host_info", outcome.result) == []
    fact = outcome.result["host"]
    assert outcome.result["hosts"] == [fact]
    assert outcome.result["ansible_facts"] == {"virt_esx_host": fact}
    assert (fact["name"], fact["hostname"]) == ("esx7.example.com", "esx7.example.com")
    assert fact["path"].startswith("/ha-datacenter/host/")
    assert fact["product"]["version"] == "8.0.3"
    assert (fact["cpu"]["packages"], fact["cpu"]["cores"], fact["cpu"]["threads"]) == (2, 24, 48)
    assert [len(node["cpus"]) for node in fact["cpu"]["numa"]] == [24, 24]
    assert sum(node["memory_bytes"] for node in fact["cpu"]["numa"]) == fact["memory"]["total_bytes"] == 256 * GIB
    assert fact["memory"]["free_bytes"] == 240 * GIB
    assert fact["state"]["connection"] == "connected"
    assert fact["state"]["lockdown_mode"] == "disabled"
    assert fact["licence"] == {
        "name": "VMware vSphere 8 Standard",
        "edition": "esx.standard",
        "read_only_api": False,
    }
    assert "00000" not in str(fact["licence"])
    assert {service["key"] for service in fact["services"]} >= {"TSM-SSH", "ntpd"}


def test_the_free_licence_is_named_as_what_only_reads() -> None:
    fact = fact_of(world_of(host={"licence": "free"}))

    assert fact["licence"]["read_only_api"] is True
    assert fact["licence"]["edition"] == "esxBasic"


def test_the_devices_take_one_request_more() -> None:
    world = world_of(host={"pnics": 3})

    outcome = run(esx_host_info, world, with_devices=True)

    assert outcome.requests == 5
    assert differences("esx_host_info", outcome.result) == []
    devices = outcome.result["host"]["devices"]
    assert [card["device"] for card in devices["nics"]] == ["vmnic0", "vmnic1", "vmnic2"]
    assert {card["pci"] for card in devices["nics"]} <= {one["id"] for one in devices["pci"]}
    assert {one["device"]: one["type"] for one in devices["adapters"]}["vmhba0"] == "block"
    (first, *_others) = devices["pci"]
    assert (first["vendor_id"], first["class_id"]) == ("8086", "0200")
    assert [one["passthrough"]["capable"] for one in devices["pci"]].count(True) >= 1
    assert [one["name"] for one in devices["usb"]]


def test_without_a_word_nothing_of_that_is_returned() -> None:
    assert {"devices", "services", "capabilities"}.isdisjoint(fact_of(world_of()))


@pytest.mark.parametrize("given", [{"esxi_hostname": "nowhere"}, {"datacenter": "nowhere"}])
def test_what_is_not_there_is_said(given: dict[str, Any]) -> None:
    outcome = run(esx_host_info, world_of(), **given)

    assert outcome.kind == "not_found"
    assert "nowhere" in str(outcome.error)


def test_what_a_host_hides_is_null() -> None:
    """A disconnected host under a vCenter says little more than its name."""
    world = world_of()
    (host,) = world.of_type("HostSystem")
    for path in ("hardware", "config", "capability"):
        host.set(path, None)
    host.set("runtime.connectionState", "disconnected")

    outcome = run(esx_host_info, world, with_devices=True, with_services=True, with_capabilities=True)

    assert outcome.error is None
    fact = outcome.result["host"]
    assert fact["uuid"] is None
    assert fact["node"]["threads_per_core"] == 0
    assert fact["devices"]["pci"] == []
    assert "<uuid>00000000-0000-0000-0000-000000000000</uuid>" in fact["capabilities"]


def test_a_connection_that_is_lost_is_said() -> None:
    world = world_of()
    world.faults.add(FaultRule(method="RetrievePropertiesEx", action="drop-before", count=None))

    assert run(esx_host_info, world).kind == "connection_lost"
