# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Power: the table says every case, and a rehearsal comes to what the work comes to."""

from __future__ import annotations

import itertools
from functools import partial

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import (
    EsxError,
    FaultError,
    PlanError,
    TaskFailed,
    TaskLost,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.power import (
    ATTEMPTS,
    EFFECTS,
    POWER_OFF,
    POWER_ON,
    ROUTES,
    SHUTDOWN_GUEST,
    Impossible,
    Wish,
    bring,
    route,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.script import Follow, Happened, Interrupted, Until
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, TaskState, Vm, VmState

VM = Vm(name="web01", moid="1")
OFF = VmState(power_state=PowerState.OFF, tools_running=False)
ON = VmState(power_state=PowerState.ON, tools_running=True)
RUNNING = TaskState(moid="task-1", operation="VirtualMachine.powerOn", state="running")


def test_the_table_knows_every_wish_in_every_state() -> None:
    assert set(ROUTES) == set(itertools.product(Wish, PowerState))


def test_every_way_leads_to_where_the_wish_is_fulfilled() -> None:
    for (wish, _state), way in ROUTES.items():
        if way is not None and not isinstance(way, Impossible) and not wish.is_act:
            becomes = getattr(way, "becomes", None)
            assert becomes is None or ROUTES[wish, becomes] is None


def test_the_effect_of_every_power_task_is_known() -> None:
    assert {
        "VirtualMachine.powerOn": PowerState.ON,
        "VirtualMachine.powerOff": PowerState.OFF,
        "VirtualMachine.suspend": PowerState.SUSPENDED,
        "VirtualMachine.reset": PowerState.ON,
    } == EFFECTS


def test_what_is_not_possible_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(
        PlanError, match=r"web01 \(moid 1\) is powered-off, so 'suspended' is not possible: power it on"
    ):
        route(VM, OFF, Wish.SUSPENDED)


def test_a_power_state_that_the_host_does_not_know_is_an_error() -> None:
    with pytest.raises(PlanError, match="does not know the power state"):
        route(VM, VmState(), Wish.POWERED_ON)


def test_a_guest_without_tools_is_switched_off_only_where_that_is_allowed() -> None:
    without_tools = VmState(power_state=PowerState.ON, tools_running=False)

    assert route(VM, without_tools, Wish.GUEST_SHUTDOWN, may_force=True) is POWER_OFF
    with pytest.raises(PlanError, match="force_after"):
        route(VM, without_tools, Wish.GUEST_SHUTDOWN)
    with pytest.raises(PlanError, match="VMware Tools"):
        route(VM, without_tools, Wish.GUEST_REBOOT, may_force=True)


def test_a_pending_task_is_waited_for_before_anything_is_started() -> None:
    blocked = VmState(power_state=PowerState.OFF, tasks=(RUNNING,))
    script = bring(VM, blocked, Wish.POWERED_ON)

    first = next(script)

    assert first == Follow(moid="task-1")


def test_a_guest_shutdown_falls_back_to_a_power_off_when_its_time_is_over() -> None:
    script = bring(VM, ON, Wish.GUEST_SHUTDOWN, force_after=30)
    assert next(script) is SHUTDOWN_GUEST
    waiting = script.send(Happened(state=ON))
    assert isinstance(waiting, Until)
    assert waiting.seconds == 30

    assert script.send(Happened(state=ON, timed_out=True)) is POWER_OFF


def test_what_got_in_between_is_looked_at_before_it_is_tried_again() -> None:
    script = bring(VM, OFF, Wish.POWERED_ON)
    assert next(script) is POWER_ON

    again = script.throw(
        Interrupted(EsxError("QuestionPending"), VmState(power_state=PowerState.OFF, tasks=(RUNNING,)))
    )

    assert again == Follow(moid="task-1")


def test_it_is_not_tried_for_ever() -> None:
    script = bring(VM, OFF, Wish.POWERED_ON)
    next(script)
    for _attempt in range(ATTEMPTS - 1):
        script.throw(Interrupted(EsxError("TaskInProgress"), OFF))

    with pytest.raises(EsxError, match="TaskInProgress"):
        script.throw(Interrupted(EsxError("TaskInProgress"), OFF))


def test_somebody_else_may_fulfil_the_wish_at_the_last_attempt() -> None:
    script = bring(VM, OFF, Wish.POWERED_ON)
    next(script)
    for _attempt in range(ATTEMPTS - 1):
        script.throw(Interrupted(EsxError("ConcurrentAccess"), OFF))
    assert isinstance(script.throw(TaskFailed("InvalidPowerState")), Until)

    with pytest.raises(StopIteration) as end:
        script.send(Happened(state=ON))

    assert end.value.value.acts == ()


def test_a_task_that_is_not_shown_is_given_time_and_taken_up_when_it_comes_into_view() -> None:
    script = bring(VM, OFF, Wish.POWERED_ON)
    next(script)
    pause = script.throw(Interrupted(FaultError("no", fault="TaskInProgress"), OFF))
    assert isinstance(pause, Until)
    assert not pause.test(OFF)
    shown = VmState(power_state=PowerState.OFF, tasks=(RUNNING,))
    assert pause.test(shown)

    assert script.send(Happened(state=shown)) == Follow(moid="task-1")


def test_a_reset_whose_task_got_lost_is_not_done_a_second_time() -> None:
    script = bring(VM, ON, Wish.RESET)
    next(script)

    with pytest.raises(TaskLost):
        script.throw(Interrupted(TaskLost("gone"), ON))


def test_nothing_is_done_where_the_state_is_as_wished() -> None:
    script = partial(bring, wish=Wish.POWERED_ON)(VM, ON)

    with pytest.raises(StopIteration) as end:
        next(script)

    assert end.value.value.acts == ()
