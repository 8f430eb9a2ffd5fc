# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions by rule: when they come, what their answers do, and who answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.known_questions import KNOWN_QUESTIONS
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim, vmodl

SERIAL = "msg.serial.file.open"


def asking(*questions: Any, **more: Any) -> dict[str, Any]:
    return {"name": "web01", "questions": list(questions), **more}


def test_a_known_question_looks_as_on_a_host() -> None:
    client = Client(world_of(asking(SERIAL)))
    task = client.vm().PowerOn()
    client.world.clock.advance(0)
    question = client.vm().runtime.question

    assert task.info.state == "running"
    assert question.text.startswith("msg.serial.file.open:")
    assert [one.id for one in question.message] == [SERIAL]
    assert [(one.key, one.label, one.summary) for one in question.choice.choiceInfo] == [
        ("0", "button.serial.file.append", "Append"),
        ("1", "button.serial.file.overwrite", "Replace"),
        ("2", "button.serial.file.cancel", "Cancel"),
    ]
    assert question.choice.defaultIndex == 0


def test_an_answer_lets_the_task_go_on() -> None:
    client = Client(world_of(asking(SERIAL, task_seconds=1)))
    task = client.vm().PowerOn()
    client.world.clock.advance(100)
    blocked = task.info.state, client.vm().runtime.powerState
    client.vm().AnswerVM(client.vm().runtime.question.id, "0")

    info = client.after(1, task)

    assert blocked == ("running", "poweredOff")
    assert info.state == "success"
    assert client.vm().runtime.question is None
    assert machine(client.world).answered == [("1", "0")]


def test_cancel_ends_the_task() -> None:
    client = Client(world_of(asking(SERIAL)))
    task = client.vm().PowerOn()
    client.world.clock.advance(0)
    client.vm().AnswerVM("1", "2")

    assert isinstance(client.after(0, task).error, vmodl.fault.RequestCanceled)


def test_a_question_may_come_late_and_another_one_after_it() -> None:
    client = Client(world_of(asking({"question": SERIAL, "delay": 2}, {"question": "msg.uuid.altered", "delay": 5})))
    client.vm().PowerOn()
    seen = []
    for _rest in range(6):
        client.world.clock.advance(1)
        question = client.vm().runtime.question
        seen.append(question and question.message[0].id)
        if question:
            client.vm().AnswerVM(question.id, "1")

    assert seen == [None, SERIAL, None, None, "msg.uuid.altered", None]


@pytest.mark.parametrize(("skip", "count", "asked"), [(0, None, [1, 1, 1]), (1, 1, [0, 1, 0]), (0, 2, [1, 1, 0])])
def test_a_rule_counts_operations(skip: int, count: int | None, asked: list[int]) -> None:
    rule = {"question": SERIAL, "skip": skip, **({} if count is None else {"count": count})}
    client = Client(world_of(asking(rule)))
    found = []
    for _rest in range(3):
        client.after(0, client.vm().PowerOn())
        question = client.vm().runtime.question
        found.append(int(question is not None))
        if question is not None:
            client.vm().AnswerVM(question.id, "0")
        client.world.clock.advance(0)
        client.after(0, client.vm().PowerOff())

    assert found == asked


@pytest.mark.parametrize(("times", "rounds"), [(2, 3), (None, 6)])
def test_retry_comes_back_under_a_new_id(times: int | None, rounds: int) -> None:
    effect = {"then": "again", **({} if times is None else {"times": times})}
    client = Client(world_of(asking({"question": SERIAL, "answers": {"Append": effect}})))
    client.vm().PowerOn()
    client.world.clock.advance(0)
    ids: list[str] = []
    while client.vm().runtime.question is not None and len(ids) < 6:
        ids.append(client.vm().runtime.question.id)
        client.vm().AnswerVM(ids[-1], "0")
        client.world.clock.advance(0)

    assert ids == [str(number) for number in range(1, rounds + 1)]


def test_an_id_may_be_used_again() -> None:
    client = Client(world_of(asking({"question": SERIAL, "id": "0"})))
    ids = []
    for _rest in range(2):
        client.after(0, client.vm().PowerOn())
        ids.append(client.vm().runtime.question.id)
        client.vm().AnswerVM("0", "0")
        client.world.clock.advance(0)
        client.after(0, client.vm().PowerOff())

    assert ids == ["0", "0"]


def test_a_wrong_id_and_a_wrong_choice_are_refused() -> None:
    client = Client(world_of(asking(SERIAL)))
    none = fault_of(client.vm().AnswerVM, "1", "0")
    client.after(0, client.vm().PowerOn())
    wrong_id = fault_of(client.vm().AnswerVM, "7", "0")
    wrong_choice = fault_of(client.vm().AnswerVM, "1", "Append")
    client.vm().AnswerVM("1", "0")
    too_late = fault_of(client.vm().AnswerVM, "1", "0")

    assert isinstance(none, vim.fault.InvalidState)
    assert (type(wrong_id), wrong_id.invalidProperty) == (vmodl.fault.InvalidArgument, "questionId")
    assert (type(wrong_choice), wrong_choice.invalidProperty) == (vmodl.fault.InvalidArgument, "answerChoice")
    assert isinstance(too_late, vim.fault.ConcurrentAccess)


def test_another_client_may_answer_just_before_us() -> None:
    rule = {"question": SERIAL, "other_client": {"answer": "1"}}
    client = Client(world_of(asking(rule)))
    task = client.vm().PowerOn()
    client.world.clock.advance(0)

    fault = fault_of(client.vm().AnswerVM, "1", "0")

    assert isinstance(fault, vim.fault.ConcurrentAccess)
    assert client.after(0, task).state == "success"
    assert machine(client.world).answered == [("1", "1")]


def test_another_client_may_answer_after_some_seconds() -> None:
    rule = {"question": SERIAL, "other_client": {"answer": "1", "after": 3}}
    client = Client(world_of(asking(rule)))
    task = client.vm().PowerOn()

    assert client.after(2.9, task).state == "running"
    assert client.after(0.2, task).state == "success"


def test_a_new_operation_is_refused_while_the_vm_asks() -> None:
    client = Client(world_of(asking("msg.hbacommon.outofspace", power_state="powered-on")))

    fault = fault_of(client.vm().PowerOff)

    assert isinstance(fault, vim.fault.QuestionPending)
    assert fault.text.startswith("msg.hbacommon.outofspace:")


def test_a_question_may_be_there_from_the_start_without_a_task() -> None:
    client = Client(world_of(asking("msg.hbacommon.outofspace", power_state="powered-on")))
    client.vm().AnswerVM("1", "1")
    client.world.clock.advance(0)

    assert list(client.vm().recentTask) == []
    assert client.vm().runtime.powerState == "poweredOff"


def test_a_question_may_be_there_from_the_start_with_the_task_it_blocks() -> None:
    rule = {"question": SERIAL, "during": "now", "task": "power-on"}
    client = Client(world_of(asking(rule)))
    task = client.vm().recentTask[0]
    blocked = task.info
    client.vm().AnswerVM("1", "0")

    assert (blocked.state, blocked.descriptionId) == ("running", "VirtualMachine.powerOn")
    assert client.after(0, task).state == "success"
    assert client.vm().runtime.powerState == "poweredOn"


@pytest.mark.parametrize("cancelable", [True, False])
def test_a_blocked_task_can_be_cancelled_where_the_rule_says_so(cancelable: bool) -> None:
    client = Client(world_of(asking({"question": SERIAL, "cancelable": cancelable})))
    task = client.vm().PowerOn()
    client.world.clock.advance(0)
    fault = None if cancelable else fault_of(task.CancelTask)
    if cancelable:
        task.CancelTask()

    assert task.info.cancelable is cancelable
    assert (client.vm().runtime.question is None) is cancelable
    assert cancelable or isinstance(fault, vmodl.fault.NotSupported)


def test_odd_questions_are_shown_as_the_rule_says() -> None:
    odd = {
        "during": "power-on",
        "text": "Disk is full",
        "messages": False,
        "default": 9,
        "choices": [{"label": "_Same"}, {"label": "_Same", "key": "x", "summary": "other"}],
    }
    empty = {"during": "reset", "text": "Nothing to choose", "choices": []}
    client = Client(world_of(asking(odd, empty)))
    client.after(0, client.vm().PowerOn())
    question = client.vm().runtime.question
    client.vm().AnswerVM(question.id, "x")
    client.world.clock.advance(0)
    client.after(0, client.vm().Reset())
    other = client.vm().runtime.question

    assert (question.text, list(question.message), question.choice.defaultIndex) == ("Disk is full", [], 9)
    assert [(one.key, one.label, one.summary) for one in question.choice.choiceInfo] == [
        ("0", "_Same", "Same"),
        ("x", "_Same", "other"),
    ]
    assert (list(other.choice.choiceInfo), other.choice.defaultIndex) == ([], None)


@pytest.mark.parametrize(
    ("effect", "error", "state"),
    [
        ({"then": "fail", "fault": "vim.fault.FileLocked", "fields": {"file": "a"}}, vim.fault.FileLocked, "poweredOn"),
        ("fail", vim.fault.GenericVmConfigFault, "poweredOn"),
        ("cancel", vmodl.fault.RequestCanceled, "poweredOn"),
        ("power-off", vim.fault.GenericVmConfigFault, "poweredOff"),
        ("continue", type(None), "suspended"),
    ],
)
def test_each_effect_does_what_it_is_called(effect: Any, error: type[Any], state: str) -> None:
    rule = {"question": SERIAL, "during": "suspend", "answers": {"0": effect}}
    client = Client(world_of(asking(rule, power_state="powered-on")))
    task = client.vm().Suspend()
    client.world.clock.advance(0)
    client.vm().AnswerVM("1", "0")

    assert client.after(0, task).error.__class__ is error
    assert client.vm().runtime.powerState == state


def test_a_call_without_a_task_blocks_until_the_answer() -> None:
    world = world_of(asking("msg.cdromdisconnect.locked", power_state="powered-on"), clock="real")
    client, other = Client(world), Client(world)
    call = threading.Thread(target=client.vm().UnmountToolsInstaller)
    call.start()
    for _rest in range(200):
        if other.vm().runtime.question is not None:
            break
        call.join(0.01)
    blocked = call.is_alive()
    other.vm().AnswerVM("1", "0")
    call.join(5)

    assert blocked
    assert not call.is_alive()


def test_a_blocked_call_ends_with_its_session() -> None:
    world = world_of(asking("msg.cdromdisconnect.locked", power_state="powered-on"), clock="real")
    client = Client(world)
    faults: list[Any] = []
    call = threading.Thread(target=lambda: faults.append(fault_of(client.vm().UnmountToolsInstaller)))
    call.start()
    for _rest in range(200):
        if machine(world).pending is not None:
            break
        call.join(0.01)
    world.sessions.clear()
    with world.lock:
        world.changed.notify_all()
    call.join(5)

    assert [type(fault) for fault in faults] == [vim.fault.NotAuthenticated]


@pytest.mark.parametrize("name", sorted(KNOWN_QUESTIONS))
def test_every_known_question_can_be_asked_and_answered(name: str) -> None:
    world = world_of(asking({"question": name, "during": "power-on"}))
    client = Client(world)
    task = client.vm().PowerOn()
    client.world.clock.advance(0)
    question = client.vm().runtime.question
    for choice in reversed(question.choice.choiceInfo[:1]):
        client.vm().AnswerVM(question.id, choice.key)

    assert question.message[0].id == name
    assert question.choice.defaultIndex in range(len(question.choice.choiceInfo))
    assert client.after(0, task).state in ("success", "error", "running")
    assert world.errors == []
