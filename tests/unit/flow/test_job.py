# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job: what it sends, when its time is up, and what it says in the end; no host, no clock but the numbers given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import (
    ConnectionLost,
    EsxError,
    FaultError,
    PlanError,
    QuestionBlocked,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.answering import unblock
from ansible_collections.virt.esx.plugins.module_utils._flow.answers import AutoAnswer, Choice, Policy, Question
from ansible_collections.virt.esx.plugins.module_utils._flow.job import (
    CANCEL_GRACE_SECONDS,
    CancelTask,
    Job,
    Start,
    Tell,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.outcome import BatchResult, VmResult
from ansible_collections.virt.esx.plugins.module_utils._flow.power import (
    POWER_OFF,
    POWER_ON,
    SHUTDOWN_GUEST,
    Wish,
    bring,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.question import Answer
from ansible_collections.virt.esx.plugins.module_utils._flow.rehearse import rehearse
from ansible_collections.virt.esx.plugins.module_utils._flow.script import Achieved, Done, Script
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, TaskState, Vm, VmState

VM = Vm(name="web01", moid="1", uuid="564d2b1e-9f0a-4c53-8e7d-0123456789ab")
APPEND = Choice(key="0", label="button.serial.file.append", summary="Append")
ASKED = Question(id="7", text="Replace or append?", message_ids=("msg.serial.file.open",), choices=(APPEND,), default=0)
OFF = VmState(power_state=PowerState.OFF)
ON = VmState(power_state=PowerState.ON, tools_running=True)
TASK = TaskState(moid="task-1", operation="VirtualMachine.powerOn", state="running")
REPORT, DEFAULT = Policy(), Policy(auto_answer=AutoAnswer.DEFAULT)


def job_for(wish: Wish, policy: Policy = REPORT, **more: Any) -> Job:
    return Job(VM, partial(bring, wish=wish, **more), policy, timeout=60)


def with_task(vm: VmState, **changes: Any) -> VmState:
    return replace(vm, tasks=(replace(TASK, **changes),))


def asking(state: VmState, appearance: int = 1) -> VmState:
    return replace(state, question=ASKED, appearance=appearance)


def result_of(job: Job) -> VmResult:
    assert job.result is not None
    return job.result


def test_a_vm_that_is_as_wished_is_left_alone() -> None:
    job = job_for(Wish.POWERED_ON)

    assert job.begin(ON, now=0) is None
    assert not result_of(job).changed


def test_a_task_is_started_and_followed_to_its_end() -> None:
    job = job_for(Wish.POWERED_ON)
    assert job.begin(OFF, now=0) == Start(run=POWER_ON)
    job.task_started("task-1")
    assert job.look(with_task(OFF), now=1) is None

    assert job.look(with_task(ON, state="success"), now=2) is None

    entry = result_of(job).to_json()
    assert (entry["changed"], entry["power_state"], entry["failed"]) == (True, "powered-on", False)
    assert entry["task"]["state"] == "success"


def test_a_question_that_nobody_answers_ends_the_work_with_all_there_is_to_know() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)
    job.task_started("task-1")

    job.look(asking(with_task(OFF)), now=1)

    failure = result_of(job).to_json()["failure"]
    assert failure["kind"] == "question_blocked"
    assert failure["question"]["choices"] == [{"key": "0", "label": "button.serial.file.append", "summary": "Append"}]
    assert failure["rule"] == {"question": "msg.serial.file.open", "answer": "Append"}
    assert failure["outcome"] == "not cancelable: left blocked"
    assert failure["task"]["moid"] == "task-1"
    assert not result_of(job).changed


def test_a_question_is_not_judged_before_our_task_is_seen() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)

    assert job.look(asking(OFF), now=1) is None
    assert job.result is None


def test_a_cancelable_task_is_cancelled_before_the_failure() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)
    job.task_started("task-1")
    blocked = asking(with_task(OFF, cancelable=True))
    assert job.look(blocked, now=1) == CancelTask(moid="task-1")
    assert job.due == 1 + CANCEL_GRACE_SECONDS

    job.look(with_task(OFF, state="error", fault="RequestCanceled"), now=2)

    assert result_of(job).to_json()["failure"]["outcome"] == "cancelled"


def two_steps(_vm: Vm, _state: VmState) -> Script:
    yield POWER_ON
    yield POWER_OFF
    return Done()


def cancelled_too_late() -> Job:
    """A job whose first task ended well though it was being cancelled, and whose second one is being started."""
    job = Job(VM, two_steps, REPORT, timeout=60)
    job.begin(OFF, now=0)
    job.task_started("task-1")
    assert job.look(asking(with_task(OFF, cancelable=True)), now=1) == CancelTask(moid="task-1")
    assert job.look(with_task(ON, state="success"), now=2) == Start(run=POWER_OFF)
    return job


def test_a_task_that_ends_before_its_cancel_leaves_the_next_one_its_time() -> None:
    assert cancelled_too_late().due == 60


def test_a_cancel_that_is_refused_too_late_says_nothing_of_the_next_task() -> None:
    job = cancelled_too_late()
    job.task_started("task-2")

    job.cancel_refused("task-1")

    assert job.look(with_task(ON, moid="task-2"), now=3) is None
    assert job.result is None


def test_what_got_in_between_once_too_often_is_the_failure() -> None:
    job = Job(VM, two_steps, REPORT, timeout=60)
    job.begin(OFF, now=0)

    job.interrupted(FaultError("no", fault="TaskInProgress"), OFF, now=1)

    assert result_of(job).to_json()["failure"] == {"kind": "fault", "fault": "TaskInProgress"}


def test_an_older_blocked_task_is_adopted_and_nothing_is_started_beside_it() -> None:
    job = job_for(Wish.POWERED_ON, DEFAULT)
    command = job.begin(asking(with_task(OFF)), now=0)
    assert command == Answer(question=ASKED, choice=APPEND, by="default")

    assert job.look(with_task(ON, state="success"), now=1) is None

    result = result_of(job)
    assert result.changed
    assert result.diff_after() == {"power_state": "powered-on", "answered": ["msg.serial.file.open: Append"]}


def test_what_changed_while_we_only_looked_on_is_not_our_change() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(with_task(OFF), now=0)

    job.look(with_task(ON, state="success"), now=1)

    assert not result_of(job).changed
    assert result_of(job).error is None


def test_when_the_time_is_up_the_last_observation_is_told() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)
    job.task_started("task-1")
    assert job.due == 60

    job.look(with_task(OFF), now=60)

    failure = result_of(job).to_json()["failure"]
    assert failure["kind"] == "timeout"
    assert failure["outcome"] == "not cancelable: left running"
    assert failure["last"]["power_state"] == "powered-off"


def test_a_guest_that_does_not_shut_down_is_forced_after_its_time() -> None:
    job = job_for(Wish.GUEST_SHUTDOWN, force_after=30)
    assert job.begin(ON, now=0) == Tell(call=SHUTDOWN_GUEST)
    job.call_returned()
    assert job.look(ON, now=1) is None
    assert job.due == 31

    command = job.look(ON, now=31)

    assert isinstance(command, Start)
    assert command.run.method == "PowerOffVM_Task"


def test_a_vm_that_disappears_is_a_clear_failure() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)

    job.look(replace(OFF, exists=False), now=1)

    assert result_of(job).to_json()["failure"] == {"kind": "vm_gone", "moid": "1"}


def test_a_refused_start_is_the_vm_s_failure() -> None:
    job = job_for(Wish.POWERED_ON)
    job.begin(OFF, now=0)

    job.failed(FaultError("PowerOnVM_Task was refused", fault="InvalidState"), now=1)

    assert result_of(job).to_json()["failure"] == {"kind": "fault", "fault": "InvalidState"}


def test_an_answer_that_somebody_else_gave_is_not_ours() -> None:
    job = Job(VM, partial(unblock, wait_for_task=True), DEFAULT, timeout=60)
    command = job.begin(asking(OFF), now=0)
    assert isinstance(command, Answer)
    job.answer_not_taken(command)

    job.look(OFF, now=1)

    assert not result_of(job).changed
    assert result_of(job).to_json()["questions"][0]["answered_by"] == "another client"


def test_of_two_questions_that_look_alike_only_the_one_that_was_refused_is_somebody_else_s() -> None:
    job = Job(VM, partial(unblock, wait_for_task=True), DEFAULT, timeout=60)
    job.begin(asking(with_task(OFF)), now=0)
    again = job.look(asking(with_task(OFF), appearance=2), now=1)
    assert isinstance(again, Answer)
    job.answer_not_taken(again)

    job.look(with_task(ON, state="success"), now=2)

    assert [asked["answered_by"] for asked in result_of(job).to_json()["questions"]] == ["default", "another client"]


def test_without_waiting_for_the_task_it_is_enough_that_the_question_has_gone() -> None:
    job = Job(VM, partial(unblock, wait_for_task=False), DEFAULT, timeout=60)
    job.begin(asking(with_task(OFF)), now=0)

    job.look(with_task(OFF), now=1)

    assert result_of(job).changed


STATES = {
    "off": OFF,
    "on": ON,
    "suspended": VmState(power_state=PowerState.SUSPENDED),
    "off, asking": asking(OFF),
    "off, asking, task": asking(with_task(OFF)),
    "off, task": with_task(OFF),
}


@pytest.mark.parametrize("policy", [REPORT, DEFAULT], ids=["report", "default"])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize("wish", Wish)
def test_a_rehearsal_comes_to_what_the_work_comes_to_when_all_goes_well(
    wish: Wish, state: VmState, policy: Policy
) -> None:
    foreseen = rehearse(VM, partial(bring, wish=wish), state, policy)

    job = job_for(wish, policy)
    done = _carry_out(job, state)

    assert (foreseen.changed, foreseen.diff_before(), foreseen.diff_after()) == (
        done.changed,
        done.diff_before(),
        done.diff_after(),
    )
    assert _failure(foreseen) == _failure(done)
    assert [asked.to_json() for asked in foreseen.asked] == [asked.to_json() for asked in done.asked]


def _failure(result: VmResult) -> dict[str, Any] | None:
    return result.error.failure() if result.error else None


def _carry_out(job: Job, state: VmState) -> VmResult:
    """Play a host on which everything ends well."""
    command = job.begin(state, now=0)
    for turn in range(20):
        if job.result is not None:
            return job.result
        if isinstance(command, Start):
            job.task_started(f"new-{turn}")
            task = TaskState(moid=f"new-{turn}", operation=command.run.operation, state="success")
            state = replace(state, power_state=command.run.becomes, tasks=(*state.tasks, task))
        elif isinstance(command, Tell):
            job.call_returned()
            off = command.call is SHUTDOWN_GUEST
            state = replace(state, power_state=PowerState.OFF) if off else state
        else:
            pending = state.pending
            state = replace(state, question=None, tasks=())
            if pending is not None:
                state = replace(state, power_state=PowerState.ON, tasks=(replace(pending, state="success"),))
        command = job.look(state, now=0)
    raise AssertionError("the job does not end")


def test_of_many_failures_the_batch_names_the_first_ten() -> None:
    failed = [
        VmResult(vm=Vm(name=f"vm{n}", moid=str(n)), before=OFF, after=OFF, error=QuestionBlocked("blocked"))
        for n in range(12)
    ]
    fine = VmResult(vm=VM, before=OFF, after=ON, acted=True)

    batch = BatchResult(results=[*failed, fine], single=False)

    assert str(batch.error).startswith("12 of 13 virtual machines failed: vm0, vm1, vm2")
    assert "and 2 more" in str(batch.error)
    assert batch.to_json()["diff"] == {
        "before": {"web01": {"power_state": "powered-off"}},
        "after": {"web01": {"power_state": "powered-on"}},
    }


NOTED = Achieved(done=Done(before={"cpus": 1}, after={"cpus": 2}, lines=("+numvcpus",)), steps=("cpus",))


def in_two_steps(_vm: Vm, _state: VmState) -> Script:
    yield NOTED
    yield POWER_ON
    return Done(after={"cpus": 4})


def failures_of(job: Job, error: EsxError, how: str) -> VmResult:
    assert isinstance(job.begin(OFF, now=0), Start)
    if how == "given up":
        job.give_up(error, OFF)
    else:
        job.failed(error, now=1)
    return result_of(job)


@pytest.mark.parametrize("how", ["given up", "failed"])
def test_a_failure_keeps_what_was_done_before_it(how: str) -> None:
    error = FaultError("the host said no.", fault="NoPermission")
    result = failures_of(Job(VM, in_two_steps, REPORT, timeout=60), error, how)

    assert (result.changed_before, result.changed_after, result.lines) == ({"cpus": 1}, {"cpus": 2}, ("+numvcpus",))
    assert result.changed
    assert result.to_json()["msg"] == "the host said no. Done before that: cpus."
    assert result.to_json()["failure"] == {"kind": "fault", "fault": "NoPermission", "done": ["cpus"]}


def test_a_failure_of_many_is_told_of_each_with_its_own_steps() -> None:
    error = ConnectionLost("the connection was lost", method="WaitForUpdatesEx")
    first = failures_of(Job(VM, in_two_steps, REPORT, timeout=60), error, "given up")
    second = failures_of(job_for(Wish.POWERED_ON), error, "given up")

    assert str(first.error) == "the connection was lost. Done before that: cpus."
    assert (str(second.error), error.details) == ("the connection was lost", {"method": "WaitForUpdatesEx"})
    assert not second.changed


def test_check_mode_keeps_what_would_have_been_done_before_a_failure() -> None:
    def script(_vm: Vm, _state: VmState) -> Script:
        yield POWER_OFF
        yield NOTED
        raise PlanError("no")

    result = rehearse(VM, script, ON, REPORT)

    assert (result.changed_after, result.lines, result.changed) == ({"cpus": 2}, ("+numvcpus",), True)
    assert str(result.error) == "no. Done before that: cpus."
