# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookups: nothing that was asked for is left out in silence, and nothing at all is no accident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotFound
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.support.worlds import host_of, world_of

ALL = Selector(option=None)


@contextmanager
def vcenter_of(world: World) -> Iterator[Host]:
    """Log in to a world that says it is a vCenter."""
    with host_of(world) as host:
        host.session.about.apiType = "VirtualCenter"
        yield host


def three_of_which_one_goes_between_two_reads() -> World:
    world = world_of({"name": "web01"}, {"name": "web02"}, {"name": "web03"})
    world.faults.add(FaultRule(method="RetrievePropertiesEx", skip=1, action="latency", seconds=2))
    world.clock.call_later(1, lambda: world.remove(world.find("VirtualMachine", "1")))
    return world


@pytest.mark.parametrize(
    "selector", [Selector(option="name", value="web01"), Selector(option="names", value=["web02", "web01"])]
)
def test_a_vm_that_goes_between_two_reads_is_missing(selector: Selector) -> None:
    with vcenter_of(three_of_which_one_goes_between_two_reads()) as host, pytest.raises(NotFound, match="web01"):
        host.lookup_vms(selector)


def test_a_vm_that_goes_between_two_reads_is_none_of_all() -> None:
    with vcenter_of(three_of_which_one_goes_between_two_reads()) as host:
        assert [item.vm.name for item in host.lookup_vms(ALL)] == ["web02", "web03"]


def test_all_vms_may_be_none() -> None:
    for look_at in (host_of, vcenter_of):
        with look_at(world_of()) as host:
            assert host.lookup_vms(ALL) == []
            host.wait_for_question([], 30)


@pytest.mark.parametrize("action", ["fault vmodl.query.InvalidCollectorVersion", "session-expiry", "drop-after"])
def test_the_wait_for_a_question_goes_on_where_it_was_cut_off(action: str) -> None:
    world = world_of({"name": "web01", "questions": [{"question": "msg.uuid.altered", "during": "now", "delay": 60}]})
    world.faults.add(FaultRule(method="WaitForUpdatesEx", skip=1, action=action))

    with host_of(world) as host:
        found = host.lookup_vms(ALL)
        host.wait_for_question(found, 300)

    assert found[0].state.question is not None


WHERE: list[tuple[dict[str, Any], str | None, str]] = [
    ({}, "nowhere", "there is no folder 'nowhere'; there are 'lab', 'lab/inner'"),
    ({}, "/ha-datacenter/vm/nowhere", "there is no folder '/ha-datacenter/vm/nowhere'"),
    ({"datacenter": "DC9"}, None, "there is no datacenter 'DC9'; there are 'ha-datacenter'"),
    ({"esxi_hostname": "esx9"}, None, "there is no ESXi host 'esx9'; there are"),
]


@pytest.mark.parametrize("selector", [ALL, Selector(option="query", value="[]")], ids=["all", "query"])
@pytest.mark.parametrize(("narrowed", "folder", "says"), WHERE)
def test_a_place_that_is_not_there_is_no_empty_place(
    selector: Selector, narrowed: dict[str, Any], folder: str | None, says: str
) -> None:
    world = world_of({"name": "web01", "folder": "lab/inner"})

    with host_of(world, **narrowed) as host, pytest.raises(NotFound) as caught:
        host.lookup_vms(selector, folder)

    assert says in str(caught.value)


@pytest.mark.parametrize("folder", ["lab", "lab/inner", "/ha-datacenter/vm/lab", "vm", "/ha-datacenter", "lab/inner/"])
def test_a_place_that_is_there_is_found(folder: str) -> None:
    world = world_of({"name": "web01", "folder": "lab/inner"}, {"name": "web02"})

    with host_of(world, datacenter="ha-datacenter", esxi_hostname=world_host(world)) as host:
        assert "web01" in [item.vm.name for item in host.lookup_vms(ALL, folder)]


def test_a_host_without_machines_is_there() -> None:
    world = world_of()

    with host_of(world, esxi_hostname=world_host(world)) as host:
        assert host.lookup_vms(ALL) == []


def test_facts_of_one_are_not_read_of_all() -> None:
    world = world_of(*({"name": f"web{number:03}"} for number in range(200)))

    with host_of(world) as host:
        (one,) = host.lookup_facts(Selector(option="name", value="web007"))
        (same,) = host.lookup_facts(Selector(option="moid", value=one["moid"]))
        (among,) = [fact for fact in host.lookup_facts(ALL) if fact["name"] == "web007"]

    assert one == same == among
    reads = [call for call in world.calls if call.method == "RetrievePropertiesEx"]
    assert len(reads) == 5


def world_host(world: Any) -> str:
    (host,) = world.of_type("HostSystem")
    return str(host.get("name"))
