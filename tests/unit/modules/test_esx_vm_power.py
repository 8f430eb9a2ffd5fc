# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_power on a simulated host: questions whenever they come, many VMs at once, and how much it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_power
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of
from pyVmomi import vim

ON: dict[str, Any] = {"state": "powered-on"}
SERIAL = "msg.serial.file.open"
APPEND: dict[str, Any] = {"answers": [{"question": SERIAL, "answer": "Append"}]}


def asking(name: str = "web01", **question: Any) -> dict[str, Any]:
    return {"name": name, "task_seconds": 2, "questions": [{"question": SERIAL, **question}]}


@pytest.mark.parametrize("delay", [0, 1, 60, 3600])
def test_a_question_is_answered_whenever_it_comes(delay: float) -> None:
    world = world_of(asking(delay=delay))

    done = run(esx_vm_power, world, name="web01", timeout=7200, **ON, **APPEND)

    assert (done.error, done.vm["changed"], done.vm["power_state"]) == (None, True, "powered-on")
    assert called(world, "AnswerVM") == 1


@pytest.mark.parametrize("delay", [0, 1, 60])
def test_a_question_without_a_policy_ends_the_task_at_once(delay: float) -> None:
    world = world_of(asking(delay=delay))

    done = run(esx_vm_power, world, name="web01", **ON)

    assert done.kind == "question_blocked"
    assert done.failure["outcome"] == "not cancelable: left blocked"
    assert not done.vm["changed"]


def test_a_cancelable_task_is_cancelled_and_nothing_is_left_behind() -> None:
    world = world_of(asking(cancelable=True))

    done = run(esx_vm_power, world, name="web01", **ON)

    assert done.failure["outcome"] == "cancelled"
    assert world.find("VirtualMachine", "1").get("runtime.question") is None
    assert world.tasks.running() == []


def test_a_task_that_was_left_blocked_is_adopted_by_the_next_run() -> None:
    world = world_of(asking(delay=1))
    run(esx_vm_power, world, name="web01", **ON)

    done = run(esx_vm_power, world, name="web01", **ON, **APPEND)
    again = run(esx_vm_power, world, name="web01", **ON, **APPEND)

    assert (done.error, done.vm["changed"]) == (None, True)
    assert done.vm["task"]["state"] == "success"
    assert not again.vm["changed"]
    assert called(world, "PowerOnVM_Task") == 1
    assert called(world, "AnswerVM") == 1


def test_a_question_that_keeps_coming_back_ends_as_the_failure() -> None:
    world = world_of(asking(answers={"Append": {"then": "again"}}))

    done = run(esx_vm_power, world, name="web01", auto_answer="true", max_answers=3, **ON)

    assert done.kind == "question_blocked"
    assert done.failure["reason"] == "max_answers"
    assert called(world, "AnswerVM") == 3


def test_a_question_that_comes_back_twice_is_answered_each_time() -> None:
    world = world_of(asking(answers={"Append": {"then": "again", "times": 2}}, id="0"))

    done = run(esx_vm_power, world, name="web01", auto_answer="true", **ON)

    assert done.error is None
    assert len(done.vm["questions"]) == called(world, "AnswerVM") == 3


def test_two_different_questions_of_one_task_are_both_answered() -> None:
    questions = [{"question": "msg.uuid.altered"}, {"question": SERIAL, "delay": 5}]
    world = world_of({"name": "web01", "questions": questions})

    done = run(esx_vm_power, world, name="web01", auto_answer="true", **ON)

    assert done.error is None
    assert [asked["answer"]["summary"] for asked in done.vm["questions"]] == ["I Copied It", "Append"]


@pytest.mark.parametrize("after", [None, 0])
def test_another_client_that_answers_first_is_no_error(after: float | None) -> None:
    other = {"answer": "0"} if after is None else {"answer": "0", "after": after}
    world = world_of(asking(other_client=other))

    done = run(esx_vm_power, world, name="web01", **ON, **APPEND)

    assert (done.error, done.vm["power_state"]) == (None, "powered-on")


@pytest.mark.parametrize("cancelable", [False, True])
def test_an_account_that_may_not_answer_is_told_so(cancelable: bool) -> None:
    world = world_of(asking(cancelable=cancelable))
    privilege = "VirtualMachine.Interact.AnswerQuestion"
    fields = {"privilegeId": privilege, "object": world.find("VirtualMachine", "1").ref}
    world.faults.add(FaultRule(method="AnswerVM", action="fault NoPermission", fields=fields, count=None))

    done = run(esx_vm_power, world, name="web01", **ON, **APPEND)

    assert (done.kind, done.failure["reason"]) == ("question_blocked", "answer_refused")
    assert done.failure["outcome"] == ("cancelled" if cancelable else "not cancelable: left blocked")
    assert privilege in str(done.error)
    assert [asked["answered_by"] for asked in done.vm["questions"]] == [None]
    assert called(world, "AnswerVM") == 1


ODD_QUESTIONS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"choices": []}, {"auto_answer": "true"}, "no_choices"),
    ({"default": None}, {"auto_answer": "true"}, "no_default"),
    ({"default": 7}, {"auto_answer": "true"}, "default_out_of_range"),
    ({}, {"answers": [{"question": SERIAL, "answer": "Sometimes"}]}, "answer_not_offered"),
    ({}, {"answers": [{"question": SERIAL, "answer": "fail"}], "auto_answer": "true"}, "rule_says_fail"),
    ({"choices": [{"label": "OK"}, {"label": "ok"}]}, {"answers": [{"vm": "*", "answer": "OK"}]}, "answer_ambiguous"),
]


@pytest.mark.parametrize(("question", "policy", "reason"), ODD_QUESTIONS)
def test_what_cannot_be_answered_is_reported_in_its_own_words(
    question: dict[str, Any], policy: dict[str, Any], reason: str
) -> None:
    world = world_of(asking(**question))

    done = run(esx_vm_power, world, name="web01", **ON, **policy)

    assert done.failure["reason"] == reason
    assert called(world, "AnswerVM") == 0


@pytest.mark.parametrize(
    ("answer", "message_ids"), [("0", True), ("append", True), ("button.serial.file.append", True), ("Append", False)]
)
def test_a_choice_may_be_named_in_every_form(answer: str, message_ids: bool) -> None:
    world = world_of(asking(messages=message_ids))

    done = run(esx_vm_power, world, name="web01", answers=[{"question": SERIAL, "answer": answer}], **ON)

    assert done.error is None


def test_of_many_one_that_fails_stops_no_other() -> None:
    world = world_of({"name": "batch-{n:02}", "count": 47, "task_seconds": 1}, *(asking(f"ask{n}") for n in range(3)))

    blocked = run(esx_vm_power, world, query="[]", **ON)
    done = run(esx_vm_power, world, query="[]", auto_answer="safe", **ON)
    again = run(esx_vm_power, world, query="[]", auto_answer="safe", **ON)

    assert blocked.kind == "some_failed"
    assert sorted(blocked.error.failure()["failed"]) == ["ask0", "ask1", "ask2"] if blocked.error else None
    assert [entry["changed"] for entry in blocked.result["vms"]].count(True) == 47
    assert done.error is None
    assert [entry["changed"] for entry in done.result["vms"]].count(True) == 3
    assert not again.result["changed"]
    assert called(world, "PowerOnVM_Task") == 50


def test_when_the_time_is_up_a_cancelable_task_is_cancelled() -> None:
    world = world_of({"name": "web01", "task_seconds": 3600, "cancelable": True})

    done = run(esx_vm_power, world, name="web01", timeout=10, **ON)

    assert done.kind == "timeout"
    assert done.failure["outcome"] == "cancelled"


def test_a_guest_that_does_not_listen_is_given_up_or_forced() -> None:
    deaf = {"name": "web01", "power_state": "powered-on", "guest_ignores_shutdown": True}
    given: dict[str, Any] = {"name": "web01", "state": "guest-shutdown"}

    waited = run(esx_vm_power, world_of(deaf), timeout=30, **given)
    forced = run(esx_vm_power, world_of(deaf), force_after=10, **given)

    assert waited.kind == "timeout"
    assert "the guest to shut down" in str(waited.error)
    assert (forced.error, forced.vm["power_state"]) == (None, "powered-off")


def test_the_free_licence_is_named() -> None:
    world = world_of({"name": "web01"}, host={"licence": "free"})

    done = run(esx_vm_power, world, name="web01", **ON)

    assert done.kind == "restricted_licence"
    assert "free ESXi licence" in str(done.error)


def test_a_task_that_fails_says_why() -> None:
    world = world_of({"name": "web01", "failures": [{"during": "power-on", "fault": "vim.fault.NoDiskSpace"}]})

    done = run(esx_vm_power, world, name="web01", **ON)

    assert done.kind == "task_failed"
    assert done.failure["fault"] == "NoDiskSpace"


def test_a_task_that_another_client_was_faster_with_is_no_failure() -> None:
    world = world_of({"name": "web01"})
    world.faults.add(FaultRule(method="PowerOnVM_Task", action="fault vim.fault.ConcurrentAccess"))
    pending = FaultRule(method="PowerOnVM_Task", action="fault vim.fault.QuestionPending", skip=1, fields={"text": "?"})
    world.faults.add(pending)

    done = run(esx_vm_power, world, name="web01", **ON)

    assert (done.error, called(world, "PowerOnVM_Task")) == (None, 3)


def test_one_power_on_costs_eight_requests_and_one_login() -> None:
    world = world_of({"name": "web01", "task_seconds": 1})

    done = run(esx_vm_power, world, name="web01", **ON)
    again = run(esx_vm_power, world, name="web01", **ON)

    assert done.requests <= 8
    assert again.requests <= 5
    assert called(world, "Login") == 2


def test_a_hundred_power_ons_cost_at_most_twenty_requests_more() -> None:
    world = world_of({"name": "batch-{n:03}", "count": 100})

    done = run(esx_vm_power, world, query="[]", **ON)

    assert done.error is None
    assert done.requests <= 120
    assert called(world, "Login") == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", 0),
        ("timeout", 10**12),
        ("concurrency", 0),
        ("concurrency", -1),
        ("max_answers", 0),
        ("force_after", -1),
        ("auto_answer", "perhaps"),
        ("answers", "just text"),
        ("name", ""),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_touched(option: str, value: Any) -> None:
    world = world_of({"name": "web01"})

    done = run(esx_vm_power, world, **{"name": "web01", **ON, option: value})

    assert done.failure["kind"] == "option"
    assert done.failure["option"] == option
    assert called(world, "PowerOnVM_Task") == called(world, "RetrievePropertiesEx") == 0


LOST = ["drop-before", "drop-after", "http-503", "truncate", "garbage", "session-expiry"]


def test_a_guest_that_goes_down_by_itself_meanwhile_is_as_wished() -> None:
    world = world_of({"name": "web01", "power_state": "powered-on"})
    world.faults.add(FaultRule(method="ShutdownGuest", action="latency", seconds=2))
    machine = world.of_type("VirtualMachine")[0]
    world.clock.call_later(1, lambda: machine.set("runtime.powerState", "poweredOff"))

    done = run(esx_vm_power, world, name="web01", state="guest-shutdown")

    assert (done.error, done.vm["power_state"]) == (None, "powered-off")


def test_tools_that_the_host_does_not_reach_are_no_tools() -> None:
    gone = FaultRule(method="ShutdownGuest", action="fault ToolsUnavailable")
    given: dict[str, Any] = {"name": "web01", "state": "guest-shutdown"}
    for force_after, kind in ((None, "fault"), (10, None)):
        world = world_of({"name": "web01", "power_state": "powered-on"})
        world.faults.add(replace(gone))

        done = run(esx_vm_power, world, force_after=force_after, **given)

        assert done.kind == kind
        assert called(world, "PowerOffVM_Task") == (kind is None)


def test_a_task_that_the_host_does_not_show_is_waited_for() -> None:
    world = world_of({"name": "web01"})
    busy = {"task": vim.Task("task-hidden")}
    world.faults.add(FaultRule(method="PowerOnVM_Task", action="fault TaskInProgress", fields=busy, count=3))

    done = run(esx_vm_power, world, name="web01", **ON)

    assert (done.error, done.vm["power_state"]) == (None, "powered-on")
    assert world.clock.now() > 10


@pytest.mark.parametrize("force_after", [300, 600])
def test_what_would_be_forced_too_late_is_refused(force_after: int) -> None:
    world = world_of({"name": "web01", "power_state": "powered-on", "guest_ignores_shutdown": True})

    done = run(esx_vm_power, world, name="web01", state="guest-shutdown", force_after=force_after, timeout=300)

    assert done.failure == {"kind": "option", "option": "force_after"}


@pytest.mark.parametrize("action", LOST)
def test_an_answer_whose_reply_is_lost_is_given_once(action: str) -> None:
    world = world_of(asking(delay=1))
    world.faults.add(FaultRule(method="AnswerVM", action=action))

    done = run(esx_vm_power, world, name="web01", auto_answer="true", max_answers=1, **ON)

    assert (done.error, done.vm["power_state"], len(done.vm["questions"])) == (None, "powered-on", 1)
    assert len(world.find("VirtualMachine", "1").answered) == 1


@pytest.mark.parametrize("action", LOST)
def test_a_cancel_whose_reply_is_lost_is_made_sure_of(action: str) -> None:
    world = world_of(asking(cancelable=True))
    world.faults.add(FaultRule(method="CancelTask", action=action))

    done = run(esx_vm_power, world, name="web01", **ON)

    assert done.failure["outcome"] == "cancelled"
    assert world.tasks.running() == []


@pytest.mark.parametrize("fault", ["ConcurrentAccess", "InvalidState", "InvalidArgument"])
def test_an_answer_that_the_host_refuses_is_given_again_while_the_question_stands(fault: str) -> None:
    world = world_of(asking(delay=1))
    module = "vmodl.fault" if fault == "InvalidArgument" else "vim.fault"
    world.faults.add(FaultRule(method="AnswerVM", action=f"fault {module}.{fault}"))

    done = run(esx_vm_power, world, name="web01", auto_answer="true", **ON)

    assert done.error is None
    assert [asked["answered_by"] for asked in done.vm["questions"]] == ["another client", "default"]


def test_a_query_that_yields_nothing_is_no_change() -> None:
    outcome = run(esx_vm_power, world_of({"name": "web01"}), query="[?name=='nobody']", state="powered-on")

    assert outcome.error is None
    assert outcome.result == {"changed": False, "vms": [], "diff": {"before": {}, "after": {}}}


@pytest.mark.parametrize("fault", ["TaskInProgress", "QuestionPending"])
def test_a_task_that_fails_because_the_machine_is_busy_is_tried_again(fault: str) -> None:
    world = world_of({"name": "web01", "failures": [{"during": "power-on", "fault": f"vim.fault.{fault}"}]})

    outcome = run(esx_vm_power, world, name="web01", state="powered-on")

    assert outcome.error is None
    assert called(world, "PowerOnVM_Task") == 2
