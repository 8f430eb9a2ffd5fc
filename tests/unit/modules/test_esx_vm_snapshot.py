# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_snapshot and its facts on a simulated host: check mode is true, whatever the tree; questions, losses, cost."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.snapshot_tree import escaped
from ansible_collections.virt.esx.plugins.modules import esx_vm_define, esx_vm_snapshot, esx_vm_snapshot_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, host_of, run, world_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ON: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "memory_mib": 64}
OFF: dict[str, Any] = {"name": "web01", "memory_mib": 64}
ASKS = {"question": "msg.checkpoint.resume.error"}
DISCARD: dict[str, Any] = {"answers": [{"question": "msg.checkpoint.*", "answer": "discard"}]}
NAMES = st.one_of(
    st.sampled_from(
        ["a", "b", "a/b", "%", "%2f", "50%25", " a ", "<&>\"'", "\u00e4 \u65e5 \U0001f600", "x\ny", "*", "/", "\\"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=8),
)
ONLY_THE_HOST_KNOWS = ("id", "moid", "created")


def snapshot(world: World, *, check_mode: bool = False, **options: Any) -> Outcome:
    return run(esx_vm_snapshot, world, check_mode=check_mode, name="web01", **options)


def facts(world: World, **options: Any) -> Any:
    return run(esx_vm_snapshot_info, world, name="web01", **options).vm


def known(outcome: Outcome) -> tuple[Any, ...]:
    """Return what check mode and run must agree on; ids and times of what is new, only the host can tell."""
    one = outcome.vm
    trees = [
        [{key: value for key, value in each.items() if key not in (*ONLY_THE_HOST_KNOWS, "parent", "children")}]
        for each in [*one["snapshots"], *([one["snapshot"]] if one["snapshot"] else [])]
    ]
    return outcome.kind, one["changed"], one["power_state"], one["questions"], outcome.result["diff"], trees


WISHES = st.one_of(
    st.fixed_dictionaries({"state": st.just("present"), "name": NAMES, "memory": st.booleans()}),
    st.fixed_dictionaries({"state": st.just("present"), "name": NAMES, "description": st.text("ab\n&<", max_size=4)}),
    st.fixed_dictionaries({"state": st.just("present"), "pick": st.integers(0, 50), "new_name": NAMES}),
    st.fixed_dictionaries({"state": st.just("present"), "pick": st.integers(0, 50), "description": NAMES}),
    st.fixed_dictionaries({"state": st.just("absent"), "pick": st.integers(0, 50), "remove_children": st.booleans()}),
    st.fixed_dictionaries(
        {"state": st.just("reverted"), "pick": st.integers(0, 50), "suppress_power_on": st.booleans()}
    ),
    st.fixed_dictionaries({"state": st.just("reverted")}),
    st.fixed_dictionaries({"state": st.just("all-absent")}),
)


def options_of(wish: dict[str, Any], have: list[dict[str, Any]]) -> dict[str, Any]:
    """Address the snapshot that a drawn wish is about: by its name, or one that is there by path or by id."""
    options = {key: value for key, value in wish.items() if key not in ("name", "pick")}
    if "name" in wish:
        options["snapshot"] = escaped(wish["name"])
    elif "pick" in wish:
        one = have[wish["pick"] % len(have)] if have else {"path": "nobody"}
        by_id = wish["pick"] % 2 and "id" in one
        options |= {"snapshot_id": one["id"]} if by_id else {"snapshot": f"/{one['path']}"}
    return options


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WISHES, min_size=1, max_size=10), st.sampled_from([ON, OFF]))
def test_check_mode_predicts_what_the_run_then_does(wishes: list[dict[str, Any]], vm: dict[str, Any]) -> None:
    world = world_of(vm)
    for wish in wishes:
        before = facts(world)["snapshots"]
        options = options_of(wish, before)
        foreseen = snapshot(world, check_mode=True, **options)
        assert facts(world)["snapshots"] == before
        done = snapshot(world, **options)
        after = facts(world)["snapshots"]
        again = snapshot(world, **options)

        assert known(foreseen) == known(done), options
        assert done.vm["snapshots"] == after
        assert done.vm["changed"] or after == before
        if done.error is None and wish["state"] != "reverted" and again.error is None:
            assert not again.vm["changed"], options


@settings(max_examples=10, deadline=None)
@given(st.lists(NAMES, min_size=32, max_size=32))
def test_a_chain_may_be_32_deep_with_any_names(names: list[str]) -> None:
    world = world_of(OFF)
    vm = world.find("VirtualMachine", "1")
    for name in names:
        vm.add_snapshot(name)
    refused = snapshot(world, snapshot="/".join(map(escaped, [*names, "one more"])))
    deepest = snapshot(world, state="reverted", snapshot="/" + "/".join(map(escaped, names)))
    root = snapshot(world, state="absent", snapshot="/" + escaped(names[0]), remove_children=True)

    assert refused.kind == "plan"
    assert "32 levels deep" in str(refused.error)
    assert called(world, "CreateSnapshot_Task") == 0
    assert (deepest.error, deepest.vm["snapshot"]["name"]) == (None, names[-1])
    assert (root.error, root.vm["snapshots"]) == (None, [])


@pytest.mark.parametrize(("during", "state"), [("revert", "reverted"), ("remove-snapshot", "absent")])
@pytest.mark.parametrize("delay", [0, 60])
def test_a_question_on_the_way_is_answered_by_rule(during: str, state: str, delay: float) -> None:
    world = world_of({**OFF, "snapshots": ["one"], "questions": [{**ASKS, "during": during, "delay": delay}]})

    foreseen = snapshot(world, check_mode=True, state=state, snapshot="one", **DISCARD)
    done = snapshot(world, state=state, snapshot="one", **DISCARD)

    assert (foreseen.error, foreseen.vm["changed"]) == (None, True)
    assert (done.error, done.vm["changed"]) == (None, True)
    assert [asked["answered_by"] for asked in done.vm["questions"]] == ["rule 1"]


@pytest.mark.parametrize(("during", "state"), [("revert", "reverted"), ("remove-snapshot", "absent")])
def test_a_question_without_a_policy_ends_the_task_and_is_taken_up_later(during: str, state: str) -> None:
    world = world_of({**OFF, "snapshots": ["one"], "questions": [{**ASKS, "during": during, "delay": 1}]})

    blocked = snapshot(world, state=state, snapshot="one")
    later = snapshot(world, state="all-absent", **DISCARD)

    assert (blocked.kind, blocked.vm["changed"]) == ("question_blocked", False)
    assert blocked.failure["task"]["operation"].rpartition(".")[2] == during.partition("-")[0]
    assert (later.error, later.vm["snapshots"]) == (None, [])
    assert called(world, "AnswerVM") == 1


def test_the_answer_that_going_back_makes_safe_is_given() -> None:
    question = {"question": "msg.snapshotRevert", "text": "Really?", "during": "revert", "default": 1}
    choices = [{"label": "button.yes", "summary": "Yes"}, {"label": "button.no", "summary": "No"}]
    world = world_of({**OFF, "snapshots": ["one"], "questions": [{**question, "choices": choices}]})

    done = snapshot(world, state="reverted", snapshot="one", auto_answer="safe")

    assert done.error is None
    assert done.vm["questions"][0]["answer"]["summary"] == "Yes"


@pytest.mark.parametrize(
    ("options", "requests", "most"),
    [
        ({"snapshot": "new"}, 1, 8),
        ({"snapshot": "new", "memory": True}, 1, 9),
        ({"snapshot": "one", "new_name": "two"}, 1, 8),
        ({"snapshot": "one", "state": "absent"}, 1, 8),
        ({"state": "reverted"}, 1, 8),
        ({"state": "all-absent"}, 1, 8),
        ({"snapshot": "one"}, 0, 5),
        ({"snapshot": "one", "memory": True}, 0, 5),
        ({"snapshot": "two", "state": "absent"}, 0, 5),
    ],
)
def test_one_machine_takes_few_requests(options: dict[str, Any], requests: int, most: int) -> None:
    world = world_of({**ON, "snapshots": ["one"]})

    done = snapshot(world, **options)

    assert done.error is None
    assert done.requests <= most
    assert done.vm["changed"] == bool(requests)


def test_a_hundred_machines_take_a_request_each_and_a_few_more() -> None:
    world = world_of({"name": "web{n:03}", "count": 100, "task_seconds": 1})
    options: dict[str, Any] = {"query": "[]", "concurrency": 100}

    done = run(esx_vm_snapshot, world, snapshot="nightly", **options)
    again = run(esx_vm_snapshot, world, snapshot="nightly", **options)

    assert (done.error, again.error, again.result["changed"]) == (None, None, False)
    assert len(done.result["vms"]) == called(world, "CreateSnapshot_Task") == 100
    assert {one["snapshot"]["name"] for one in done.result["vms"]} == {"nightly"}
    assert done.requests <= 5 + 100 + 15
    assert again.requests <= 5


def test_one_machine_that_fails_stops_no_other() -> None:
    vms: list[dict[str, Any]] = [
        {"name": "web01", "snapshots": ["a"]},
        {"name": "web02", "snapshots": ["a", "a"]},
        {"name": "web03"},
    ]
    world = world_of(*vms)

    done = run(esx_vm_snapshot, world, names=["web01", "web02", "web03"], state="absent", snapshot="a")

    assert (done.kind, done.failure["failed"]) == ("some_failed", ["web02"])
    assert [one["changed"] for one in done.result["vms"]] == [True, False, False]
    assert [one["path"] for one in done.failure["first"]["candidates"]] == ["a", "a/a"]
    assert [len(one["snapshots"]) for one in done.result["vms"]] == [0, 2, 0]


@pytest.mark.parametrize(
    ("vm", "options", "says"),
    [
        (OFF, {"memory": True}, "powered off"),
        ({**ON, "tools": "not-installed"}, {"quiesce": True}, "VMware Tools"),
        (
            {**ON, "disks": [{"mode": "independent_nonpersistent"}]},
            {"memory": True},
            r"\[datastore1\] web01/web01.vmdk",
        ),
        ({**ON, "power_state": "suspended"}, {"quiesce": True}, "suspended"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_is_refused_before_anything_is_touched(
    vm: dict[str, Any], options: dict[str, Any], says: str, check_mode: bool
) -> None:
    world = world_of(vm)
    done = snapshot(world, snapshot="new", check_mode=check_mode, **options)

    assert done.kind == "plan"
    assert called(world, "CreateSnapshot_Task") == 0
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(str(done.error))


@pytest.mark.parametrize(
    "action", ["drop-before", "drop-after", "http-503", "garbage", "session-expiry", "restart-before", "restart-after"]
)
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("CreateSnapshot_Task", {"snapshot": "new"}),
        ("RemoveSnapshot_Task", {"snapshot": "one", "state": "absent"}),
        ("RenameSnapshot", {"snapshot": "one", "new_name": "two"}),
        ("RemoveAllSnapshots_Task", {"state": "all-absent"}),
    ],
)
def test_a_request_or_a_reply_that_gets_lost_does_nothing_twice(
    action: str, method: str, options: dict[str, Any]
) -> None:
    world = world_of({**OFF, "snapshots": ["one"], "task_seconds": 2})
    world.faults.add(FaultRule(method=method, action=action))

    done = snapshot(world, **options)
    again = snapshot(world, **options)

    assert (done.error, done.vm["changed"]) == (None, True)
    assert (again.error, again.vm["changed"]) == (None, False)
    assert len(facts(world)["snapshots"]) == {"CreateSnapshot_Task": 2, "RenameSnapshot": 1}.get(method, 0)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_snapshot_that_somebody_else_removes_first_is_gone_all_the_same(is_gone: bool) -> None:
    world = world_of({**OFF, "snapshots": ["one"]})
    vm = world.find("VirtualMachine", "1")
    one = world.find("VirtualMachineSnapshot", "1-snapshot-1")
    fields = {"obj": one.ref}
    world.faults.add(FaultRule(method="RemoveSnapshot_Task", action="fault ManagedObjectNotFound", fields=fields))
    world.faults.add(FaultRule(method="RetrievePropertiesEx", action="latency", seconds=5, skip=1))
    if is_gone:
        # After the first look, and before the second.
        world.clock.call_later(2, lambda: vm.cut(one, whole=False))

    done = snapshot(world, state="absent", snapshot="one")

    assert done.kind == (None if is_gone else "not_found")
    assert len(done.vm["snapshots"]) == (0 if is_gone else 1)


OURS = [
    ("RemoveSnapshot_Task", {"snapshot": "one", "state": "absent"}, None),
    ("RenameSnapshot", {"snapshot": "one", "new_name": "two"}, "not_found"),
    ("RevertToSnapshot_Task", {"snapshot": "one", "state": "reverted"}, "not_found"),
    ("RevertToCurrentSnapshot_Task", {"state": "reverted"}, "fault"),
]


@pytest.mark.parametrize(("method", "options", "kind"), OURS)
def test_what_somebody_else_did_first_is_no_change_of_ours(method: str, options: dict[str, Any], kind: str) -> None:
    world = world_of({**OFF, "snapshots": ["one"]})
    vm, one = world.find("VirtualMachine", "1"), world.find("VirtualMachineSnapshot", "1-snapshot-1")
    world.faults.add(FaultRule(method=method, action="latency", seconds=5))
    # After the look, and before the request is carried out.
    world.clock.call_later(2, lambda: vm.cut(one, whole=False))

    done = snapshot(world, **options)

    assert (done.kind, done.vm["changed"], done.vm["snapshots"]) == (kind, False, [])
    assert done.result["diff"] == {"before": {}, "after": {}}


def test_a_new_snapshot_is_told_wherever_it_came_to_be() -> None:
    world = world_of({**OFF, "snapshots": ["one"], "task_seconds": 2})
    vm = world.find("VirtualMachine", "1")
    world.faults.add(FaultRule(method="CreateSnapshot_Task", action="latency", seconds=5))
    world.clock.call_later(2, lambda: vm.add_snapshot("of somebody else"))

    done = snapshot(world, snapshot="new")

    assert (done.error, done.vm["snapshot"]["path"]) == (None, "one/of somebody else/new")


def test_what_a_killed_run_has_begun_is_waited_for_and_not_done_again() -> None:
    world = world_of({**OFF, "task_seconds": 30})
    with host_of(world) as host:
        vm = host.session.reference("VirtualMachine", "1")
        host.session.call(vm, "CreateSnapshot_Task", name="new", description="", memory=False, quiesce=False)

    done = snapshot(world, snapshot="new")

    assert (done.error, done.vm["changed"]) == (None, False)
    assert [one["path"] for one in done.vm["snapshots"]] == ["new"]
    assert called(world, "CreateSnapshot_Task") == 1


def test_a_task_that_fails_says_why() -> None:
    rule = {"during": "snapshot", "fault": "vim.fault.NoDiskSpace", "fields": {"datastore": "datastore1", "file": "x"}}
    world = world_of({**OFF, "failures": [rule]})

    done = snapshot(world, snapshot="new")

    assert (done.kind, done.failure["fault"], done.vm["changed"]) == ("task_failed", "NoDiskSpace", False)
    assert done.vm["snapshots"] == []


def test_a_snapshot_that_takes_too_long_is_told_so() -> None:
    done = snapshot(world_of({**OFF, "task_seconds": 900}), snapshot="new", timeout=60)

    assert (done.kind, done.failure["seconds"], done.vm["changed"]) == ("timeout", 60, False)


def test_the_machine_goes_back_to_what_it_was() -> None:
    world = world_of(ON)
    kept = snapshot(world, snapshot="running", memory=True).vm["snapshot"]
    snapshot(world, snapshot="off")
    off = snapshot(world, state="reverted", snapshot="off")
    on = snapshot(world, state="reverted", snapshot_id=kept["id"])
    suspended = snapshot(world, state="reverted", snapshot="running", suppress_power_on=True)

    assert [one.vm["power_state"] for one in (off, on, suspended)] == ["powered-off", "powered-on", "suspended"]
    assert on.result["diff"]["after"]["web01"]["done"] == ["reverted to running"]


def test_what_is_left_behind_is_consolidated() -> None:
    world = world_of({**OFF, "snapshots": ["one"]})
    snapshot(world, state="all-absent", consolidate=False)
    needed = facts(world)["consolidation_needed"]
    foreseen = snapshot(world, state="consolidated", check_mode=True)
    done = snapshot(world, state="consolidated")
    again = snapshot(world, state="consolidated")

    assert needed
    assert known(foreseen) == known(done)
    assert done.result["diff"]["after"]["web01"]["consolidation_needed"] is False
    assert (done.vm["changed"], again.vm["changed"]) == (True, False)
    assert not facts(world)["consolidation_needed"]


def test_a_free_licence_refuses_in_plain_words_and_still_reads() -> None:
    world = world_of({**OFF, "snapshots": ["one"]}, host={"licence": "free"})

    assert snapshot(world, snapshot="new").kind == "restricted_licence"
    assert [one["path"] for one in facts(world)["snapshots"]] == ["one"]


def test_what_the_facts_say_in_xml_is_taken_as_it_is() -> None:
    world = world_of({**OFF, "snapshots": ["a & b", "c/d"]})
    xml = facts(world, with_snapshot_xml=True)["current"]["snapshot_xml"]
    there = snapshot(world, snapshot_xml=xml)
    back = snapshot(world, state="reverted", snapshot_xml=xml)
    snapshot(world, state="all-absent")
    made = snapshot(world, snapshot_xml=xml)

    assert (there.error, there.vm["changed"]) == (None, False)
    assert (back.error, back.vm["snapshot"]["path"]) == (None, "a & b/c%2fd")
    assert (made.error, made.vm["snapshot"]["name"]) == (None, "c/d")


def test_the_facts_of_all_machines_take_one_read() -> None:
    world = world_of({"name": "web{n:03}", "count": 50, "snapshots": ["a", "b"]})
    found = run(esx_vm_snapshot_info, world)
    nobody = run(esx_vm_snapshot_info, world, query="[?name=='nobody']")

    assert found.requests <= 4
    assert len(found.result["vms"]) == 50
    assert {one["current"]["path"] for one in found.result["vms"]} == {"a/b"}
    assert (nobody.error, nobody.result["vms"]) == (None, [])


def test_a_machine_with_snapshots_is_still_as_it_was_defined() -> None:
    disk = {"slot": "scsi0:0", "capacity_kib": 1048576, "file": "web01.vmdk"}
    definition = {"memory_mib": 512, "controllers": [{"slot": "scsi0", "model": "pvscsi"}], "disks": [disk]}
    larger = {**definition, "disks": [{**disk, "capacity_kib": 2097152}]}
    world = world_of()

    def define(wanted: dict[str, Any]) -> Outcome:
        return run(esx_vm_define, world, name="web01", definition=wanted)

    define(definition)
    snapshot(world, snapshot="one")
    same, refused = define(definition), define(larger)
    snapshot(world, state="all-absent")
    grown = define(larger)

    assert (same.error, same.result["changed"]) == (None, False)
    assert "has snapshots" in str(refused.error)
    assert (grown.error, grown.result["changed"]) == (None, True)


def test_an_answer_alone_is_foreseen_as_it_is() -> None:
    def asking() -> World:
        return world_of({**OFF, "snapshots": ["one"], "questions": [{**ASKS, "during": "now"}]})

    fulfilled: list[dict[str, Any]] = [{"snapshot": "one"}, {"snapshot": "nobody", "state": "absent"}]
    for options in fulfilled:
        foreseen = snapshot(asking(), check_mode=True, **options, **DISCARD)
        done = snapshot(asking(), **options, **DISCARD)

        assert (foreseen.error, done.error, done.vm["changed"]) == (None, None, True)
        assert foreseen.result["diff"] == done.result["diff"]
