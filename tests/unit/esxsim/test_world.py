# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world's one way in: who may call what, what is refused, and what is written down."""

from __future__ import annotations

from http.client import HTTPException
from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from ansible_collections.virt.esx.tests.esxsim import FaultRule, SimStub, World, service_instance
from ansible_collections.virt.esx.tests.esxsim.paths import UnknownProperty
from ansible_collections.virt.esx.tests.esxsim.sessions import Session
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import (
    Machine,
    build,
    collector,
    login,
    machine,
    vm_filter,
)
from pyVmomi import vim, vmodl


def manager(stub: SimStub) -> Any:
    return vim.SessionManager(stub.world.session_manager, stub)


def session(stub: SimStub) -> Session:
    assert stub.session is not None
    return stub.session


def vm(stub: SimStub, moid: str = "1") -> Any:
    return vim.VirtualMachine(moid, stub)


def test_before_login_only_what_is_public_can_be_read() -> None:
    world = build()
    si = service_instance(world)
    stub = si._stub

    assert si.RetrieveContent().about.apiType == "HostAgent"
    assert si.content.about.apiVersion == "8.0.3.0"
    assert manager(stub).currentSession is None
    for call in (
        si.CurrentTime,
        lambda: vm(stub).name,
        vm(stub).PowerOnVM_Task,
        lambda: collector(stub).RetrieveProperties([vm_filter("1")]),
        lambda: collector(stub).CreateFilter(vm_filter("1"), False),
        manager(stub).Logout,
    ):
        with pytest.raises(vim.fault.NotAuthenticated) as error:
            call()
        assert error.value.privilegeId


def test_a_login_opens_a_session_of_its_own() -> None:
    world = build()
    one, other = SimStub(world), SimStub(world)
    opened = manager(one).Login("root", "secret", "de_DE")
    manager(other).Login("root", "secret", None)

    assert manager(one).currentSession.key == opened.key != manager(other).currentSession.key
    assert (opened.locale, opened.userName) == ("de_DE", "root")
    assert (len(world.sessions), world.sessions.logins) == (2, 2)
    assert len(manager(one).sessionList) == 2


@pytest.mark.parametrize(("user", "password"), [("root", "no"), ("other", "secret"), ("", ""), ("root", "s\u00e9cret")])
def test_a_wrong_password_is_an_invalid_login(user: str, password: str) -> None:
    world = build()
    with pytest.raises(vim.fault.InvalidLogin):
        manager(SimStub(world)).Login(user, password, None)

    assert len(world.sessions) == 0


def test_a_session_ends_with_logout_expiry_or_termination() -> None:
    world = build()
    stubs = [login(world) for _rest in range(4)]
    manager(stubs[0]).Logout()
    world.sessions.end(session(stubs[1]))
    manager(stubs[3]).TerminateSession([session(stubs[2]).key])

    for stub in stubs[:3]:
        with pytest.raises(vim.fault.NotAuthenticated):
            vm(stub).Rename_Task("x")
        assert manager(stub).currentSession is None
    assert len(world.sessions) == 1


def test_an_idle_session_expires() -> None:
    world = build()
    stub = login(world)
    world.clock.advance(29 * 60)
    assert manager(stub).currentSession is not None
    world.clock.advance(31 * 60)

    assert len(world.sessions) == 0


def test_session_is_active_is_not_implemented_as_on_a_host() -> None:
    world = build()
    stub = login(world)
    with pytest.raises(vmodl.fault.NotImplemented):
        manager(stub).SessionIsActive("key", "root")


def test_a_method_without_a_handler_is_named() -> None:
    with pytest.raises(vmodl.fault.MethodNotFound) as error:
        vm(login(build())).ResetVM_Task()

    assert (error.value.method, error.value.receiver._moId) == ("ResetVM_Task", "1")
    assert "VirtualMachine.ResetVM_Task" in str(error.value)


def test_a_method_of_another_type_is_not_found() -> None:
    world = build()
    with pytest.raises(vmodl.fault.MethodNotFound):
        world.invoke(login(world).session, ("Folder", "root"), "PowerOnVM_Task", {})


def test_a_method_newer_than_the_host_is_not_found() -> None:
    world = build(api_version="5.5")
    with pytest.raises(vmodl.fault.MethodNotFound):
        world.invoke(login(world).session, ("VirtualMachine", "1"), "InstantClone_Task", {})


def test_an_object_that_does_not_exist_is_named() -> None:
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as error:
        vm(login(build()), "99").PowerOnVM_Task(None)

    assert error.value.obj._moId == "99"


def test_a_parameter_that_a_handler_does_not_know_is_not_ignored() -> None:
    world = build()
    with pytest.raises(vmodl.fault.InvalidArgument):
        world.invoke(login(world).session, ("VirtualMachine", "1"), "Rename_Task", {})


def test_a_free_licence_refuses_writing_and_lets_reading_go_on() -> None:
    world = build(free_licence=True)
    stub = login(world)
    with pytest.raises(vim.fault.RestrictedVersion):
        vm(stub).PowerOnVM_Task(None)

    assert vm(stub).name == "vm1"
    assert flat_names(stub) == ["vm1"]
    assert world.of_type("Task") == []
    manager(stub).Logout()


def flat_names(stub: SimStub) -> list[str]:
    collector(stub).CreateFilter(vm_filter("1"), False)
    update = collector(stub).WaitForUpdates("")
    return [change.val for change in update.filterSet[0].objectSet[0].changeSet]


def test_every_call_is_in_the_log() -> None:
    world = build()
    stub = login(world)
    world.calls.clear()
    vm(stub).PowerOnVM_Task(None)
    with pytest.raises(vmodl.fault.MethodNotFound):
        vm(stub).ResetVM_Task()

    assert world.calls.methods() == ["PowerOnVM_Task", "ResetVM_Task"]
    assert [(r.key.moid, r.session, r.fault) for r in world.calls.of("Reset*")] == [
        ("1", session(stub).key, "MethodNotFound")
    ]


@pytest.mark.parametrize(
    ("action", "error", "executed"),
    [
        ("drop-before", ConnectionResetError, False),
        ("drop-after", ConnectionResetError, True),
        ("http-503", HTTPException, False),
        ("truncate", ExpatError, True),
        ("garbage", ExpatError, True),
        ("restart-before", ConnectionResetError, False),
        ("restart-after", ConnectionResetError, True),
        ("session-expiry", vim.fault.NotAuthenticated, False),
        ("fault vim.fault.NoDiskSpace", vim.fault.NoDiskSpace, False),
        ("fault InvalidPowerState", vim.fault.InvalidPowerState, False),
    ],
)
def test_a_fault_rule_spoils_the_calls_it_names(action: str, error: type[Exception], executed: bool) -> None:
    world = build()
    stub = login(world)
    fields: dict[str, Any] = {"datastore": "ds"} if "Disk" in action else {}
    if "Power" in action:
        fields = {"requestedState": "poweredOn", "existingState": "poweredOn"}
    rule = FaultRule(method="PowerOn*", moid="1", skip=1, count=1, action=action, fields=fields, keep_tasks=True)
    world.faults.add(rule)
    vm(stub).PowerOnVM_Task(None)
    vm(stub, "2").PowerOnVM_Task(None)
    with pytest.raises(error):
        vm(stub).PowerOnVM_Task(None)

    assert len(world.of_type("Task")) == (3 if executed else 2)
    if action not in ("session-expiry", "restart-before", "restart-after"):
        vm(stub).PowerOnVM_Task(None)


def test_latency_is_time_of_the_clock() -> None:
    world = build("auto")
    stub = login(world)
    world.faults.add(FaultRule(method="Fetch", action="latency", seconds=120))
    before = world.clock.now()

    assert vm(stub).name == "vm1"
    assert 120 <= world.clock.now() - before < 125


@pytest.mark.parametrize("action", ["nonsense", "fault Nonsense", "fault vim.VirtualMachine"])
def test_a_fault_rule_that_means_nothing_is_refused(action: str) -> None:
    with pytest.raises(ValueError, match=r"action|no fault"):
        FaultRule(action=action)


def test_a_restart_loses_sessions_filters_and_tasks() -> None:
    world = build()
    stub = login(world)
    collector(stub).CreateFilter(vm_filter("1"), False)
    task = vm(stub).PowerOnVM_Task(None)
    world.restart(seconds=30)
    with pytest.raises(ConnectionRefusedError):
        manager(stub).Login("root", "secret", None)
    world.clock.advance(31)
    with pytest.raises(vim.fault.NotAuthenticated):
        vm(stub).PowerOnVM_Task(None)
    manager(stub).Login("root", "secret", None)

    assert vm(stub).recentTask == []
    assert vm(stub).runtime.powerState == "poweredOff"
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vim.Task(task._moId, stub).CancelTask()
    assert world.of_type("PropertyFilter") == []


@pytest.mark.parametrize("keep_tasks", [False, True])
def test_a_restart_by_rule_loses_sessions_and_keeps_tasks_if_told_to(keep_tasks: bool) -> None:
    world = build()
    stub = login(world)
    world.faults.add(FaultRule(method="PowerOn*", action="restart-after", seconds=30, keep_tasks=keep_tasks))
    with pytest.raises(ConnectionResetError):
        vm(stub).PowerOnVM_Task(None)
    with pytest.raises(ConnectionRefusedError):
        manager(stub).Login("root", "secret", None)
    world.clock.advance(31)
    again = login(world)

    assert len(world.sessions) == 1
    assert len(vm(again).recentTask) == (1 if keep_tasks else 0)
    assert vm(again).runtime.powerState == ("poweredOn" if keep_tasks else "poweredOff")


def test_a_full_disk_fails_the_task_or_the_call() -> None:
    world = build()
    stub = login(world)
    world.faults.add(FaultRule(method="PowerOn*", action="disk-full"))
    world.faults.add(FaultRule(method="AnswerVM", action="disk-full"))
    task = vm(stub).PowerOnVM_Task(None)
    world.clock.advance(1)
    with pytest.raises(vim.fault.NoDiskSpace):
        vm(stub).AnswerVM("1", "go")

    assert (task.info.state, type(task.info.error)) == ("error", vim.fault.NoDiskSpace)
    assert vm(stub).runtime.powerState == "poweredOff"


def test_what_was_read_never_changes_afterwards() -> None:
    world = build()
    one = world.find("VirtualMachine", "1")
    runtime, config = one.get("runtime"), one.get("config")
    one.set("runtime.powerState", "poweredOn")
    one.set("config.hardware.device[4000].macAddress", "x")

    assert (runtime.powerState, config.hardware.device[1].macAddress) == ("poweredOff", "00:0c:29:00:00:01")
    assert one.get("config.hardware.device[4000].macAddress") == "x"


def test_properties_are_checked_when_set() -> None:
    one = machine("1", "a")
    World().add(one)
    for path in ("nonsense", "runtime.nonsense", "guest.ipAddress", "config.hardware.device[9].key"):
        with pytest.raises(UnknownProperty):
            one.set(path, "x")
    for path, value in (("name", 5), ("runtime.powerState", True), ("recentTask", [vim.Folder("x")])):
        with pytest.raises(TypeError):
            one.set(path, value)


def test_items_are_added_changed_and_taken_out_by_key() -> None:
    one = machine("1", "a")
    one.set("config.hardware.device[5]", vim.vm.device.VirtualFloppy(key=5))
    one.set("config.hardware.device[2000]", None)

    assert [device.key for device in one.get("config.hardware.device")] == [4000, 5]


def test_types_are_found_with_their_subtypes() -> None:
    world = build()

    assert [obj.moid for obj in world.of_type("ManagedEntity")] == ["root", "vms", "1", "2"]
    assert world.find("ManagedEntity", "1") is world.find("VirtualMachine", "1")
    with pytest.raises(ValueError, match="already"):
        world.add(machine("1", "again"))


class Asking(Machine):
    """A machine that refuses everything while it asks."""

    def before(self, call: Any) -> None:
        raise vim.fault.TaskInProgress(task=vim.Task("t"), msg=f"not {call.method}")


def test_an_object_may_refuse_a_call_before_its_handler() -> None:
    world = build()
    world.add(Asking("9", name="asking", recentTask=[]))
    with pytest.raises(vim.fault.TaskInProgress, match="not PowerOnVM_Task"):
        vm(login(world), "9").PowerOnVM_Task(None)
