# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of define, step by step, without a host: one reconfigure, guarded, and the power that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError, PlanError, TaskFailed, VmGone
from ansible_collections.virt.esx.plugins.module_utils._flow.answers import Question
from ansible_collections.virt.esx.plugins.module_utils._flow.define import PowerCycle, reconfigure, remove
from ansible_collections.virt.esx.plugins.module_utils._flow.power import (
    ATTEMPTS,
    POWER_OFF,
    POWER_ON,
    SHUTDOWN_GUEST,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.script import (
    Achieved,
    Call,
    Done,
    Fetch,
    Follow,
    Happened,
    Interrupted,
    Run,
    Script,
    Unblock,
    Until,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, TaskState, Vm, VmState
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import Diff, compare

VM = Vm(name="web01", moid="1")
OFF = VmState(power_state=PowerState.OFF)
ON = VmState(power_state=PowerState.ON, tools_running=True)
SUSPENDED = VmState(power_state=PowerState.SUSPENDED)
BUSY = replace(OFF, tasks=(TaskState(moid="task-1", operation="VirtualMachine.powerOn", state="running"),))
SMALL, LARGE = {"memory_mib": 1024, "hardware_version": 19}, {"memory_mib": 2048, "hardware_version": 19}
NEVER, CYCLE = PowerCycle(), PowerCycle(allowed=True, force_after=60)
HOT = {**SMALL, "annotation": "x"}


@dataclass(frozen=True)
class Sketch:
    """A machine's configuration as these tests hand it on: plain data; its request is the diff's paths."""

    have: VmDefinition
    diff: Diff
    is_final: bool = True
    is_cycled: bool = False

    def note(self, *, cycled: bool) -> Any:
        return {"cycled": cycled}

    def lines(self, diff: Diff) -> tuple[str, ...]:
        return tuple(change.path for change in diff)

    def request(self, *, hardware_done: bool) -> Any:
        return [change.path for change in self.diff if not (hardware_done and change.path == "hardware_version")]


def script(
    want: Mapping[str, Any], state: VmState = OFF, cycle: PowerCycle = NEVER, *, is_cycled: bool = False
) -> Script:
    def machine(config: Mapping[str, Any]) -> Sketch:
        have = from_data(config)
        return Sketch(have, compare(have, from_data(want)), is_cycled=is_cycled)

    return reconfigure(VM, state, compare=machine, config=SMALL, cycle=cycle)


def then(running: Script, happened: Happened) -> Any:
    """What is wanted next; what a script notes on the way is left aside."""
    request = running.send(happened)
    while isinstance(request, Achieved):
        request = running.send(happened)
    return request


def end_of(running: Script, happened: Happened | None = None) -> Done:
    with pytest.raises(StopIteration) as end:
        then(running, happened) if happened is not None else next(running)
    done: Done = end.value.value
    return done


def asked(request: Any) -> Any:
    assert isinstance(request, Run)
    return request.method, dict(request.arguments)


RECONFIGURE_MEMORY = ("ReconfigVM_Task", {"spec": ["memory_mib"]})
NOTE = ("ReconfigVM_Task", {"spec": {"cycled": True}})
NO_NOTE = ("ReconfigVM_Task", {"spec": {"cycled": False}})


def shut_down(running: Script, config: Mapping[str, Any] | None = None) -> Any:
    """Let a machine be shut down for its change, and read anew; return what is wanted next."""
    assert asked(next(running)) == NOTE
    assert then(running, Happened(state=ON)) == SHUTDOWN_GUEST
    waiting = then(running, Happened(state=ON))
    assert isinstance(waiting, Until)
    assert waiting.seconds == 60
    assert then(running, Happened(state=OFF)) == Fetch(path="config")
    return then(running, Happened(state=OFF, value=SMALL if config is None else config))


def test_nothing_is_done_where_all_is_as_described() -> None:
    assert end_of(script(SMALL)) == Done()


def test_one_reconfigure_makes_the_difference() -> None:
    running = script(LARGE)

    assert asked(next(running)) == RECONFIGURE_MEMORY
    done = end_of(running, Happened(state=OFF))
    assert done.before == {"definition": {"memory_mib": 1024}}
    assert done.after == {"definition": {"memory_mib": 2048}}


def test_newer_hardware_is_a_task_of_its_own_and_comes_first() -> None:
    running = script({**LARGE, "hardware_version": 21})

    assert asked(next(running)) == ("UpgradeVM_Task", {"version": "vmx-21"})
    assert asked(then(running, Happened(state=OFF))) == RECONFIGURE_MEMORY
    assert set(end_of(running, Happened(state=OFF)).after["definition"]) == {"memory_mib", "hardware_version"}


def test_newer_hardware_alone_needs_no_reconfigure() -> None:
    running = script({"hardware_version": 21})
    next(running)

    assert end_of(running, Happened(state=OFF)).after == {"definition": {"hardware_version": 21}}


def test_what_is_pending_is_waited_for_and_the_machine_is_read_again() -> None:
    running = script(LARGE, BUSY)
    assert next(running) == Follow(moid="task-1")
    assert then(running, Happened(state=OFF)) == Fetch(path="config")

    assert end_of(running, Happened(state=OFF, value=LARGE)) == Done()


def test_an_edit_of_somebody_else_is_looked_at_before_ours_is_tried_again() -> None:
    running = script(LARGE)
    next(running)
    assert running.throw(TaskFailed("changed", fault="ConcurrentAccess")) == Fetch(path="config")

    assert asked(then(running, Happened(state=OFF, value=SMALL))) == RECONFIGURE_MEMORY


def test_an_edit_of_somebody_else_that_was_ours_too_ends_it() -> None:
    running = script(LARGE)
    next(running)
    running.throw(TaskFailed("changed", fault="ConcurrentAccess"))

    done = end_of(running, Happened(state=OFF, value=LARGE))
    assert done.after == {"definition": {"memory_mib": 2048}}


def test_concurrent_edits_are_not_tried_for_ever() -> None:
    running = script(LARGE)
    next(running)
    for _attempt in range(ATTEMPTS - 1):
        running.throw(TaskFailed("changed", fault="ConcurrentAccess"))
        then(running, Happened(state=OFF, value=SMALL))

    with pytest.raises(TaskFailed):
        running.throw(TaskFailed("changed", fault="ConcurrentAccess"))


def test_another_failure_is_the_end() -> None:
    running = script(LARGE)
    next(running)

    with pytest.raises(TaskFailed, match="full"):
        running.throw(TaskFailed("full", fault="NoDiskSpace"))


def test_what_got_in_between_is_settled_first() -> None:
    running = script(LARGE)
    next(running)

    assert running.throw(Interrupted(EsxError("TaskInProgress"), OFF)) == Fetch(path="config")
    assert asked(then(running, Happened(state=OFF, value=SMALL))) == RECONFIGURE_MEMORY


def test_a_question_that_is_pending_is_settled_first() -> None:
    question = Question(id="1", text="Well?", message_ids=(), choices=(), default=None)
    running = script(LARGE, replace(OFF, question=question))

    assert isinstance(next(running), Unblock)


def test_a_running_machine_takes_what_is_hot() -> None:
    running = script(HOT, ON)

    assert asked(next(running)) == ("ReconfigVM_Task", {"spec": ["annotation"]})


@pytest.mark.parametrize("state", [ON, SUSPENDED])
def test_a_machine_that_cannot_take_it_is_not_touched(state: VmState) -> None:
    with pytest.raises(PlanError, match=r"memory_mib \(1024 -> 2048\)"):
        next(script({**LARGE, "annotation": "x"}, state))


def test_a_machine_is_cycled_for_what_needs_it_off() -> None:
    running = script(LARGE, ON, CYCLE)

    assert asked(shut_down(running)) == RECONFIGURE_MEMORY
    assert then(running, Happened(state=OFF)) == POWER_ON
    assert asked(then(running, Happened(state=ON))) == NO_NOTE
    assert end_of(running, Happened(state=ON)).after == {"definition": {"memory_mib": 2048}}


def test_what_somebody_else_changed_while_the_guest_shut_down_is_not_changed_again() -> None:
    running = script(LARGE, ON, CYCLE)

    assert shut_down(running, LARGE) == POWER_ON


@pytest.mark.parametrize(("want", "change"), [(SMALL, []), (LARGE, [RECONFIGURE_MEMORY])])
def test_a_machine_that_was_left_off_by_a_run_that_was_killed_is_on_again(want: Any, change: list[Any]) -> None:
    running = script(want, OFF, CYCLE, is_cycled=True)
    wanted = next(running)
    for one in change:
        assert asked(wanted) == one
        wanted = then(running, Happened(state=OFF))

    assert wanted == POWER_ON
    assert asked(then(running, Happened(state=ON))) == NO_NOTE
    assert end_of(running, Happened(state=ON)).acts == ("started again",)


def test_a_note_on_a_machine_that_is_on_again_is_taken_away() -> None:
    running = script(SMALL, ON, CYCLE, is_cycled=True)

    assert asked(next(running)) == NO_NOTE
    assert end_of(running, Happened(state=ON)) == Done()


@pytest.mark.parametrize(("state", "cycle"), [(OFF, NEVER), (SUSPENDED, CYCLE)])
def test_a_machine_that_may_not_be_cycled_is_left_off(state: VmState, cycle: PowerCycle) -> None:
    assert end_of(script(SMALL, state, cycle, is_cycled=True)) == Done()


def test_a_guest_that_cannot_be_shut_down_is_not_touched() -> None:
    with pytest.raises(PlanError, match="VMware Tools"):
        next(script(LARGE, replace(ON, tools_running=False), PowerCycle(allowed=True)))


def test_a_guest_that_does_not_listen_is_switched_off_after_its_time() -> None:
    running = script(LARGE, ON, CYCLE)
    next(running)
    then(running, Happened(state=ON))
    then(running, Happened(state=ON))

    assert then(running, Happened(state=ON, timed_out=True)) == POWER_OFF


def test_a_machine_is_not_cycled_for_what_is_hot() -> None:
    running = script(HOT, ON, CYCLE)

    assert asked(next(running))[0] == "ReconfigVM_Task"
    assert end_of(running, Happened(state=ON)).after == {"definition": {"annotation": "x"}}


def test_a_machine_that_was_off_stays_off() -> None:
    running = script(LARGE, OFF, CYCLE)
    next(running)

    assert end_of(running, Happened(state=OFF)).after == {"definition": {"memory_mib": 2048}}


def test_a_machine_whose_change_failed_is_on_again_before_that_is_said() -> None:
    running = script(LARGE, ON, CYCLE)
    assert asked(shut_down(running)) == RECONFIGURE_MEMORY

    assert running.throw(TaskFailed("full", fault="NoDiskSpace")) == POWER_ON
    assert asked(then(running, Happened(state=ON))) == NO_NOTE
    with pytest.raises(TaskFailed, match="full"):
        then(running, Happened(state=ON))


def test_what_failed_first_is_said_where_the_machine_does_not_come_back_either() -> None:
    running = script(LARGE, ON, CYCLE)
    shut_down(running)
    running.throw(TaskFailed("full", fault="NoDiskSpace"))

    # After a failed start the state is looked at once more.
    running.throw(TaskFailed("no licence", fault="LicenseError"))
    with pytest.raises(TaskFailed, match="full"):
        then(running, Happened(state=OFF))


def test_a_cycle_that_was_interrupted_still_ends_with_the_machine_on() -> None:
    running = script(LARGE, ON, CYCLE)
    shut_down(running)
    running.throw(TaskFailed("changed", fault="ConcurrentAccess"))

    assert then(running, Happened(state=OFF, value=LARGE)) == POWER_ON


def test_nothing_is_sent_for_what_no_host_does() -> None:
    with pytest.raises(PlanError, match="never made older"):
        next(script({"hardware_version": 18}, ON, CYCLE))


REMOVED = Done(before={"registered": True}, after={"registered": False})
UNREGISTER = Call(method="UnregisterVM")
DESTROY = Run(method="Destroy_Task", operation="VirtualMachine.destroy")


def removal(state: VmState, *, delete_from_disk: bool = False, force: bool = False) -> Script:
    return remove(VM, state, delete_from_disk=delete_from_disk, force=force)


def test_a_machine_is_unregistered_and_its_files_stay() -> None:
    running = removal(OFF)

    assert next(running) == UNREGISTER
    assert end_of(running, Happened(state=replace(OFF, exists=False))) == REMOVED


def test_a_machine_is_deleted_only_where_that_is_asked_for() -> None:
    running = removal(OFF, delete_from_disk=True)

    assert next(running) == DESTROY
    assert end_of(running, Happened(state=replace(OFF, exists=False))) == REMOVED


def test_a_suspended_machine_is_unregistered_as_it_is() -> None:
    assert next(removal(SUSPENDED)) == UNREGISTER


@pytest.mark.parametrize(("state", "delete"), [(ON, False), (ON, True), (SUSPENDED, True)])
def test_a_machine_that_is_in_use_is_not_removed(state: VmState, delete: bool) -> None:
    with pytest.raises(PlanError, match=r"web01 \(moid 1\) is .*'force: true'"):
        next(removal(state, delete_from_disk=delete))


@pytest.mark.parametrize(("state", "delete"), [(ON, False), (ON, True), (SUSPENDED, True)])
def test_force_pulls_the_plug_first(state: VmState, delete: bool) -> None:
    running = removal(state, delete_from_disk=delete, force=True)

    assert next(running) == POWER_OFF
    assert then(running, Happened(state=OFF)) == (DESTROY if delete else UNREGISTER)


def test_a_machine_that_went_away_meanwhile_is_removed() -> None:
    running = removal(OFF)
    next(running)

    with pytest.raises(StopIteration) as end:
        running.throw(VmGone("gone"))
    assert end.value.value == REMOVED


def test_a_removal_waits_for_what_is_pending() -> None:
    running = removal(BUSY)

    assert next(running) == Follow(moid="task-1")
    assert then(running, Happened(state=OFF)) == UNREGISTER


def test_a_removal_is_not_tried_for_ever() -> None:
    running = removal(OFF)
    next(running)
    for _attempt in range(ATTEMPTS - 1):
        assert running.throw(Interrupted(EsxError("TaskInProgress"), OFF)) == UNREGISTER

    with pytest.raises(EsxError, match="TaskInProgress"):
        running.throw(Interrupted(EsxError("TaskInProgress"), OFF))
