# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of the simulator, and tasks on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import Clock, Signal, TaskCancelled, World
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import PC, build, collector, login, vm_filter
from pyVmomi import vim, vmodl


def started(world: World, body: Any, **options: Any) -> Any:
    ref = world.tasks.start(world.find("VirtualMachine", "1"), "PowerOnVM_Task", body, **options)
    return world.find("Task", ref._moId)


def waiting(*seconds: float) -> Generator[Any, Any, Any]:
    yield from seconds


def test_events_run_in_the_order_of_their_times() -> None:
    clock = Clock("manual")
    seen: list[tuple[str, float]] = []
    clock.call_later(2, lambda: seen.append(("b", clock.now())))
    clock.call_later(1, lambda: clock.call_later(0.5, lambda: seen.append(("a", clock.now()))))
    clock.call_later(9, lambda: seen.append(("never", clock.now())))
    clock.advance(5)

    assert seen == [("a", 1.5), ("b", 2.0)]
    assert clock.now() == 5


def test_a_cancelled_event_does_not_run() -> None:
    clock = Clock("manual")
    timer = clock.call_later(1, lambda: pytest.fail("it ran"))
    timer.cancel()
    clock.advance(5)

    assert clock.next_due() is None


def test_manual_time_stands_still() -> None:
    clock = Clock("manual")
    before = clock.utcnow()
    time.sleep(0.01)

    assert (clock.now(), clock.utcnow()) == (0.0, before)


def test_an_hour_takes_no_time_when_everybody_waits() -> None:
    world = build("auto")
    stub = login(world)
    pc = collector(stub)
    pc.CreateFilter(vm_filter("1", paths=("runtime.powerState",)), False)
    version = pc.WaitForUpdatesEx("", None).version

    def body() -> Generator[Any, Any, Any]:
        yield 3600
        world.find("VirtualMachine", "1").set("runtime.powerState", "poweredOn")

    task = started(world, body())
    began = time.monotonic()
    update = pc.WaitForUpdatesEx(version, None)

    assert update.filterSet[0].objectSet[0].changeSet[0].val == "poweredOn"
    assert task.get("info.completeTime").timestamp() - task.get("info.startTime").timestamp() >= 3600
    assert time.monotonic() - began < 2


def test_auto_does_not_jump_while_another_call_runs() -> None:
    clock = Clock("auto", grace=0.001)
    condition = threading.Condition(clock.lock)
    done = threading.Event()

    def wait() -> None:
        with clock.call(), clock.lock:
            clock.wait(condition, lambda: False, 100)
        done.set()

    with clock.call():
        waiter = threading.Thread(target=wait, daemon=True)
        waiter.start()

        assert not done.wait(0.05)
    assert done.wait(5)


def test_the_wait_of_a_client_ends_after_its_seconds_of_virtual_time() -> None:
    world = build("auto")
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1"), False)
    version = pc.WaitForUpdatesEx("", None).version
    before = world.clock.now()

    assert pc.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=300)) is None
    assert 300 <= world.clock.now() - before < 310


def test_a_wait_in_manual_time_ends_when_time_is_moved() -> None:
    world = build("manual")
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1"), False)
    version = pc.WaitForUpdatesEx("", None).version
    results: list[Any] = []
    waiter = threading.Thread(
        target=lambda: results.append(pc.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=60))), daemon=True
    )
    waiter.start()
    _until(lambda: world.clock.parked() == 1)
    world.clock.advance(59)

    assert results == []
    world.clock.advance(2)
    waiter.join(5)
    assert results == [None]


def _until(true: Any) -> None:
    for _rest in range(1000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def test_a_task_runs_at_once_up_to_its_first_wait_and_ends_on_time() -> None:
    world = build()
    done: list[str] = []

    def body() -> Generator[Any, Any, Any]:
        done.append("begun")
        world.tasks.progress(40)
        yield 2
        done.append("ended")

    task = started(world, body())

    assert (done, task.get("info.state"), task.get("info.progress")) == (["begun"], "running", 40)
    assert world.find("VirtualMachine", "1").get("recentTask") == [task.ref]
    world.clock.advance(1.9)
    assert task.get("info.state") == "running"
    world.clock.advance(0.2)
    assert (done[-1], task.get("info.state"), task.get("info.completeTime")) == (
        "ended",
        "success",
        task.get("info.startTime") + timedelta(seconds=2),
    )


def test_a_task_returns_its_result_or_its_fault() -> None:
    world = build()

    def good() -> Generator[Any, Any, Any]:
        yield 1
        return vim.VirtualMachine("7")

    def bad() -> Generator[Any, Any, Any]:
        yield 1
        raise vim.fault.NoDiskSpace(datastore="ds", msg="full")

    one, other = started(world, good()), started(world, bad())
    world.clock.advance(2)

    assert (one.get("info.state"), one.get("info.result")._moId) == ("success", "7")
    assert (other.get("info.state"), other.get("info.error.datastore")) == ("error", "ds")


def test_a_signal_wakes_its_task_with_a_value_even_if_fired_first() -> None:
    world = build()
    early, late = Signal(), Signal()

    def body() -> Generator[Any, Any, Any]:
        first = yield early
        second = yield late
        return f"{first}{second}"

    early.fire("a")
    task = started(world, body())
    assert task.get("info.state") == "running"
    late.fire("b")
    late.fire("c")

    assert task.get("info.result") == "ab"


def test_a_task_that_can_be_cancelled_ends_with_request_canceled() -> None:
    world = build()
    stub = login(world)
    closed: list[str] = []

    def body() -> Generator[Any, Any, Any]:
        try:
            yield 100
        except TaskCancelled:
            closed.append("tidied up")
            raise

    task = started(world, body(), cancelable=True)
    vim.Task(task.moid, stub).CancelTask()

    assert closed == ["tidied up"]
    assert (task.get("info.state"), task.get("info.cancelled")) == ("error", True)
    assert isinstance(task.get("info.error"), vmodl.fault.RequestCanceled)
    with pytest.raises(vim.fault.InvalidState):
        vim.Task(task.moid, stub).CancelTask()
    world.clock.advance(200)
    assert task.get("info.state") == "error"


def test_a_task_that_cannot_be_cancelled_goes_on() -> None:
    world = build()
    task = started(world, waiting(100))
    with pytest.raises(vmodl.fault.NotSupported):
        vim.Task(task.moid, login(world)).CancelTask()

    assert task.get("info.state") == "running"


def test_a_defect_in_a_task_is_an_error_of_the_task_and_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    world = build()

    def body() -> Generator[Any, Any, Any]:
        yield 1
        raise KeyError("oops")

    task = started(world, body())
    world.clock.advance(2)

    assert isinstance(task.get("info.error"), vmodl.fault.SystemError)
    assert [type(error) for error in world.errors] == [KeyError]
    assert "oops" in capsys.readouterr().err


def test_finished_tasks_leave_the_list_of_their_machine_but_stay_readable() -> None:
    world = build()
    tasks = [started(world, waiting()) for _rest in range(15)]

    assert len(world.find("VirtualMachine", "1").get("recentTask")) == 10
    assert tasks[0].get("info.state") == "success"
    assert world.find("Task", tasks[0].moid) is tasks[0]


def test_somebody_always_watches_for_what_is_due() -> None:
    clock = Clock("real")
    over: list[bool] = []
    returned: list[str] = []
    conditions = [threading.Condition(clock.lock) for _number in range(2)]

    def wake() -> None:
        over.append(True)
        for condition in conditions:
            condition.notify_all()

    def watch(condition: threading.Condition, seconds: float | None) -> None:
        with clock.lock:
            clock.wait(condition, lambda: bool(over) and seconds is None, seconds)
            returned.append("late" if seconds else "early")

    # The first two leave at the same moment, so the second one takes the first one's place no more.
    waits = [(conditions[0], None), (conditions[1], None), (threading.Condition(clock.lock), 0.1)]
    threads = [threading.Thread(target=watch, args=each, daemon=True) for each in waits]
    for number, thread in enumerate(threads, 1):
        thread.start()
        while clock.parked() < number:
            time.sleep(0.001)
    clock.call_later(0.03, wake)
    for thread in threads:
        thread.join(5)

    assert returned == ["early", "early", "late"]
