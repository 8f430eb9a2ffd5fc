# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_autostart on a simulated host: what the host then says, and how many requests it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_autostart, esx_vm_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, host_of, params, run, world_of

NAMES = ("web01", "web02", "web03")
STEPS: list[dict[str, Any]] = [
    {"name": "web01"},
    {"name": "web01", "start_order": 1, "start_delay": 30, "wait_for_heartbeat": "yes"},
    {"names": ["web03", "web02"], "start_order": 1, "stop_action": "guest-shutdown", "stop_delay": 5},
    {"query": "[]", "start_order": 1},
    {"uuid": "web02", "start_action": "none", "stop_action": "suspend"},
    {"manage_defaults": True, "defaults": {"stop_action": "suspend", "start_delay": 10, "wait_for_heartbeat": True}},
    {"name": "web01", "state": "absent"},
    {"query": "[]", "state": "absent"},
    {"manage_defaults": True, "defaults": {"enabled": False}},
]


def world_of_three() -> World:
    return world_of(*({"name": name} for name in NAMES))


def config(world: World) -> Any:
    return world.of_type("HostAutoStartManager")[0].get("config")


def entries(world: World) -> dict[str, tuple[str, int, str]]:
    def name(one: Any) -> str:
        return str(world.find("VirtualMachine", one.key._moId).get("name"))

    return {name(one): (one.startAction, one.startOrder, one.stopAction) for one in config(world).powerInfo}


def seen(outcome: Outcome) -> Mapping[str, Any]:
    return {**outcome.result, "failure": outcome.failure}


def test_check_mode_and_the_second_time_are_true_of_every_step() -> None:
    world = world_of_three()
    uuid = world.find("VirtualMachine", "2").get("config.uuid")
    for step in STEPS:
        given = {**step, **({"uuid": uuid} if "uuid" in step else {})}
        before = entries(world), config(world).defaults.enabled
        foreseen = run(esx_vm_autostart, world, check_mode=True, **given)
        assert before == (entries(world), config(world).defaults.enabled)
        done = run(esx_vm_autostart, world, **given)
        again = run(esx_vm_autostart, world, **given)

        assert seen(foreseen) == seen(done), step
        assert (done.error, done.result["changed"], again.result["changed"]) == (None, True, False), step
        assert again.result["diff"] == {"before": {}, "after": {}}
        assert again.result["hosts"] == [{**one, "changed": False, "moved": []} for one in done.result["hosts"]]
        assert differences("esx_vm_autostart", done.result) == []
        assert [entry["autostart"] for entry in again.result["vms"]] == [
            entry["autostart"] for entry in done.result["vms"]
        ]
    assert entries(world) == {}


def test_it_takes_one_request_to_change_and_five_in_all_to_find_nothing_to_do() -> None:
    world = world_of(*({"name": f"batch-{number:03}"} for number in range(200)))

    first = run(esx_vm_autostart, world, query="[]", start_order=1)
    again = run(esx_vm_autostart, world, query="[]", start_order=1)

    assert (first.requests, again.requests) == (6, 5)
    assert called(world, "ReconfigureAutostart") == 1
    assert [entry["autostart"]["start_order"] for entry in first.result["vms"]] == list(range(1, 201))


def test_other_machines_are_not_switched_on_by_accident() -> None:
    world = world_of_three()
    run(esx_vm_autostart, world, name="web02")
    run(esx_vm_autostart, world, manage_defaults=True, defaults={"enabled": False})
    for check_mode in (True, False):
        refused = run(esx_vm_autostart, world, check_mode=check_mode, name="web01")

        assert refused.kind == "plan"
        assert "affect other virtual machines: 'web02'" in str(refused.error)
        assert differences("esx_vm_autostart", {**seen(refused), "msg": str(refused.error)}) == []
    assert entries(world).keys() == {"web02"}

    told = run(esx_vm_autostart, world, name="web01", manage_defaults=True)
    assert told.vm["autostart"]["enabled"]
    assert told.result["hosts"][0]["defaults"]["enabled"]


def test_who_is_moved_is_told() -> None:
    world = world_of_three()
    run(esx_vm_autostart, world, names=["web01", "web02"], start_order=1)

    done = run(esx_vm_autostart, world, name="web03", start_order=1)

    assert [(one["name"], one["start_order"]) for one in done.result["hosts"][0]["moved"]] == [
        ("web01", 2),
        ("web02", 3),
    ]
    host = done.result["hosts"][0]["name"]
    assert done.result["diff"]["before"][f"host {host}"]["start_order"] == {"web01": 1, "web02": 2}
    assert {name: order for name, (_start, order, _stop) in entries(world).items()} == {
        "web01": 2,
        "web02": 3,
        "web03": 1,
    }


def test_a_place_beyond_the_last_is_refused_in_check_mode_too() -> None:
    world = world_of_three()
    for check_mode in (True, False):
        refused = run(esx_vm_autostart, world, check_mode=check_mode, names=["web01", "web02"], start_order=2)

        assert (refused.kind, refused.failure["first"]["kind"]) == ("some_failed", "plan")
    assert entries(world) == {}


def test_what_a_host_refuses_is_the_failure_of_its_machines() -> None:
    world = world_of_three()
    world.faults.add(FaultRule(method="ReconfigureAutostart", action="fault vmodl.fault.InvalidArgument"))

    done = run(esx_vm_autostart, world, name="web01")

    assert (done.kind, done.failure["fault"], done.vm["changed"]) == ("fault", "InvalidArgument", False)
    assert not done.vm["autostart"]["enabled"]


@pytest.mark.parametrize(("action", "calls"), [("drop-before", 2), ("drop-after", 1), ("truncate", 1)])
def test_after_a_lost_reply_the_host_is_looked_at(action: str, calls: int) -> None:
    world = world_of_three()
    world.faults.add(FaultRule(method="ReconfigureAutostart", action=action))

    done = run(esx_vm_autostart, world, name="web01")

    assert (done.error, done.vm["changed"]) == (None, True)
    assert called(world, "ReconfigureAutostart") == calls


def test_a_request_that_gets_lost_again_and_again_is_a_failure() -> None:
    world = world_of_three()
    world.faults.add(FaultRule(method="ReconfigureAutostart", action="drop-before", count=None))

    done = run(esx_vm_autostart, world, name="web01")

    assert (done.kind, done.vm["changed"], called(world, "ReconfigureAutostart")) == ("connection_lost", False, 2)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_query_that_yields_nothing_is_no_failure_and_the_host_is_set_all_the_same(check_mode: bool) -> None:
    world = world_of_three()
    nobody: dict[str, Any] = {"query": "[?name=='nobody']"}

    done = run(esx_vm_autostart, world, check_mode=check_mode, **nobody, state="absent")
    host = run(
        esx_vm_autostart,
        world,
        check_mode=check_mode,
        **nobody,
        manage_defaults=True,
        defaults={"start_delay": 7},
    )

    assert (done.error, done.result["vms"], done.result["changed"]) == (None, [], False)
    assert (host.error, host.result["changed"], host.result["hosts"][0]["defaults"]["start_delay"]) == (None, True, 7)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_machine_without_a_host_stops_no_other(check_mode: bool) -> None:
    world = world_of_three()
    world.find("VirtualMachine", "1").set("runtime.host", None)

    done = run(esx_vm_autostart, world, check_mode=check_mode, names=["web01", "web02"])

    assert (done.kind, done.failure["failed"]) == ("some_failed", ["web01"])
    assert [one["changed"] for one in done.result["vms"]] == [False, True]
    assert done.result["vms"][0]["autostart"] is None
    assert "on no host with autostart" in done.result["vms"][0]["msg"]
    assert differences("esx_vm_autostart", {**done.result, "msg": str(done.error), "failure": done.failure}) == []


def test_the_free_licence_reads_and_does_not_write() -> None:
    world = world_of({"name": "web01"}, host={"licence": "free"})

    foreseen = run(esx_vm_autostart, world, check_mode=True, name="web01")
    done = run(esx_vm_autostart, world, name="web01")

    assert (foreseen.error, done.kind) == (None, "restricted_licence")


def test_under_vcenter_each_machine_is_arranged_on_its_host() -> None:
    world = world_of_three()
    with host_of(world) as host:
        host.session.about.apiType = "VirtualCenter"
        result = esx_vm_autostart.run(params(esx_vm_autostart, name="web01"), host, check_mode=False).to_json()

    assert [one["moid"] for one in result["hosts"]] == ["ha-host"]
    assert result["vm"]["autostart"]["enabled"]


def test_facts_tell_it_on_request() -> None:
    world = world_of_three()
    done = run(esx_vm_autostart, world, name="web02", start_order=1)

    facts = run(esx_vm_info, world, with_autostart=True, with_definition=True)

    assert [fact["autostart"]["enabled"] for fact in facts.result["vms"]] == [False, True, False]
    assert facts.result["vms"][1]["autostart"] == done.vm["autostart"]
    assert facts.requests == 6
    assert differences("esx_vm_info", facts.result) == []
    assert "autostart" not in run(esx_vm_info, world, name="web02").vm
