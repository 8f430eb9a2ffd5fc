# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events: what the host writes down, and the collectors through which clients read it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import SimStub, World
from ansible_collections.virt.esx.tests.esxsim.event_kinds import KINDS
from ansible_collections.virt.esx.tests.esxsim.events import KEPT
from ansible_collections.virt.esx.tests.esxsim.labels import LABELS
from ansible_collections.virt.esx.tests.esxsim.managed import wsdl_method
from ansible_collections.virt.esx.tests.esxsim.tasks import wsdl_type_name
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim, vmodl

ASKING = {"name": "ask01", "questions": ["msg.serial.file.open"]}
ROOT = vim.Folder("ha-folder-root")
PC = vmodl.query.PropertyCollector
EVENTS: Any = vim.event.EventFilterSpec
TASKS: Any = vim.TaskFilterSpec


def filtered(**fields: Any) -> Any:
    return EVENTS(**fields)


def about(entity: Any, recursion: str = "all") -> Any:
    return filtered(entity=EVENTS.ByEntity(entity=entity, recursion=recursion))


def names(events: list[Any]) -> list[str]:
    return [type(event).__name__.rpartition(".")[2] for event in events]


def read(client: Client, spec: Any = None) -> list[Any]:
    """All events that a filter takes, the oldest first."""
    found: list[Any] = client.content.eventManager.CreateCollectorForEvents(spec or filtered()).ReadNextEvents(1000)
    return found


def of_vm(client: Client, name: str = "web01") -> list[str]:
    return [one for one in names(read(client, about(client.vm(name), "self"))) if one != "TaskEvent"]


@pytest.mark.parametrize(
    ("before", "call", "events"),
    [
        ("powered-off", "PowerOnVM_Task", ["VmStartingEvent", "VmPoweredOnEvent"]),
        ("suspended", "PowerOnVM_Task", ["VmResumingEvent", "VmPoweredOnEvent"]),
        ("powered-on", "PowerOffVM_Task", ["VmStoppingEvent", "VmPoweredOffEvent"]),
        ("powered-on", "SuspendVM_Task", ["VmSuspendingEvent", "VmSuspendedEvent"]),
        ("powered-on", "ResetVM_Task", ["VmResettingEvent"]),
        ("powered-on", "ShutdownGuest", ["VmGuestShutdownEvent", "VmPoweredOffEvent"]),
        ("powered-on", "RebootGuest", ["VmGuestRebootEvent"]),
        ("powered-on", "StandbyGuest", ["VmGuestStandbyEvent", "VmSuspendedEvent"]),
        ("powered-off", "SuspendVM_Task", ["VmFailedToSuspendEvent"]),
    ],
)
def test_an_operation_is_written_down_when_it_begins_and_when_it_ends(
    before: str, call: str, events: list[str]
) -> None:
    client = Client(world_of({"name": "web01", "power_state": before}))
    getattr(client.vm(), call)()
    client.world.clock.advance(5)

    assert of_vm(client) == events


def test_a_question_a_new_name_a_change_and_the_end_are_written_down() -> None:
    client = Client(world_of(ASKING))
    vm = client.vm("ask01")
    vm.PowerOnVM_Task(None)
    client.world.clock.advance(1)
    machine(client.world, "ask01").answer("2")
    client.world.clock.advance(1)
    vm.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="words"))
    vm.Rename_Task("other01")
    client.world.clock.advance(1)
    vm.UnregisterVM()
    client.content.rootFolder.childEntity[0].vmFolder.RegisterVM_Task(
        "[datastore1] ask01/ask01.vmx", None, False, vim.ResourcePool("ha-root-pool"), None
    )
    client.world.clock.advance(1)
    events: list[Any] = [one for one in read(client) if isinstance(one, vim.event.VmEvent)]

    assert names(events) == [
        *("VmStartingEvent", "VmMessageEvent", "VmFailedToPowerOnEvent", "VmReconfiguredEvent"),
        *("VmRenamedEvent", "VmRemovedEvent", "VmRegisteredEvent"),
    ]
    assert "msg.serial.file.open" in events[1].message
    assert (events[4].oldName, events[4].newName) == ("ask01", "other01")
    assert "ask01 on esx1.example.com in ha-datacenter" in events[1].fullFormattedMessage


def test_logins_are_written_down_with_who_and_from_where() -> None:
    world = world_of()
    client, other = Client(world), Client(world)
    session = world.sessions.alive()[0]
    other.content.sessionManager.Logout()
    with pytest.raises(vim.fault.InvalidLogin):
        vim.SessionManager(world.session_manager, SimStub(world)).Login("nobody", "wrong", None)
    boot, login, _second, logout, bad = read(client)

    assert (boot.eventTypeId, boot.fullFormattedMessage) == ("esx.audit.host.boot", "Host has booted.")
    assert (login.userName, login.ipAddress, login.sessionId) == ("root", "127.0.0.1", session.key)
    assert login.fullFormattedMessage == "User root@127.0.0.1 logged in as esxsim"
    assert logout.callCount > 0
    assert (type(bad), bad.userName) == (vim.event.BadUsernameSessionEvent, "nobody")


def test_what_a_task_leads_to_hangs_together() -> None:
    client = Client(world_of({"name": "web01"}))
    task = client.vm().PowerOnVM_Task(None)
    client.world.clock.advance(1)
    chain = task.info.eventChainId
    events = read(client, filtered(eventChainId=chain))

    assert names(events) == ["TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"]
    assert (events[0].key, events[0].info.key, events[0].info.state) == (chain, task.info.key, "queued")
    assert events[0].fullFormattedMessage == "Task: Power On virtual machine"
    assert {event.userName for event in events} == {"root"}


def test_every_task_has_a_name_for_people() -> None:
    world = world_of({"name": "web01", "snapshots": ["one"]})
    served = {name for obj in world.of_type("ManagedObject") for name in obj.served if name.endswith("_Task")}
    described = [wsdl_method(name) for name in served]
    ids = {f"{wsdl_type_name(one)}.{one.name[0].lower()}{one.name[1:]}" for one in described}

    assert ids - set(LABELS) == set()
    assert {one.key for one in Client(world).content.taskManager.description.methodInfo} == set(LABELS)


def test_the_manager_describes_every_event_and_shows_the_latest() -> None:
    client = Client(world_of({"name": "web01"}))
    manager = client.content.eventManager
    client.vm().PowerOnVM_Task(None)

    assert len(manager.description.eventInfo) == len(KINDS)
    assert isinstance(manager.latestEvent, vim.event.VmPoweredOnEvent)


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (filtered(eventTypeId=["VmPoweredOnEvent"]), {"VmPoweredOnEvent"}),
        (filtered(eventTypeId=["vim.event.VmPoweredOnEvent"]), {"VmPoweredOnEvent"}),
        (filtered(eventTypeId=["esx.audit.host.boot"]), {"EventEx"}),
        (filtered(type=[vim.event.SessionEvent]), {"UserLoginSessionEvent"}),
        (filtered(category=["error"]), set()),
        (filtered(userName=EVENTS.ByUsername(systemUser=True)), {"EventEx"}),
        (
            filtered(userName=EVENTS.ByUsername(systemUser=False, userList=["root"])),
            {"UserLoginSessionEvent", "TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"},
        ),
        (about(vim.VirtualMachine("1"), "self"), {"TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"}),
        (about(vim.VirtualMachine("2")), set()),
        (about(vim.Folder("ha-folder-vm"), "self"), set()),
        (about(vim.Folder("ha-folder-vm"), "children"), {"TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"}),
        (about(ROOT, "self"), {"UserLoginSessionEvent"}),
        (about(ROOT), {"EventEx", "UserLoginSessionEvent", "TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"}),
    ],
)
def test_a_filter_takes_what_it_names(spec: Any, found: set[str]) -> None:
    client = Client(world_of({"name": "web01"}, {"name": "web02"}))
    client.vm().PowerOnVM_Task(None)

    assert set(names(read(client, spec))) == found


def test_a_filter_by_time_takes_what_was_then() -> None:
    client = Client(world_of({"name": "web01"}))
    now = client.world.clock.utcnow()
    client.world.clock.advance(60)
    client.vm().PowerOnVM_Task(None)
    by_time = EVENTS.ByTime
    early = read(client, filtered(time=by_time(endTime=now + timedelta(seconds=1))))
    late = read(client, filtered(time=by_time(beginTime=now + timedelta(seconds=1)), disableFullMessage=True))

    assert names(early) == ["EventEx", "UserLoginSessionEvent"]
    assert names(late) == ["TaskEvent", "VmStartingEvent", "VmPoweredOnEvent"]
    assert {event.fullFormattedMessage for event in late} == {None}


def test_a_filter_that_is_not_understood_is_refused() -> None:
    client = Client(world_of())
    create = client.content.eventManager.CreateCollectorForEvents

    assert isinstance(fault_of(create, filtered(tag=["x"])), vmodl.fault.NotSupported)
    assert isinstance(fault_of(create, about(vim.VirtualMachine("9"))), vmodl.fault.ManagedObjectNotFound)
    assert isinstance(fault_of(create, filtered(maxCount=1001)), vmodl.fault.InvalidArgument)


def test_a_collector_scrolls_both_ways() -> None:
    client = Client(world_of({"name": "web01"}))
    for _turn in range(4):
        client.vm().PowerOnVM_Task(None)
        client.vm().PowerOffVM_Task()
    collector = client.content.eventManager.CreateCollectorForEvents(filtered(type=[vim.event.VmPoweredOnEvent]))
    first = [event.key for event in collector.ReadNextEvents(3)]
    rest = [event.key for event in collector.ReadNextEvents(3)]

    assert (len(first), len(rest), collector.ReadNextEvents(1)) == (3, 1, [])
    assert [event.key for event in collector.ReadPreviousEvents(1000)] == [*rest, *reversed(first)]
    assert collector.ReadPreviousEvents(1) == []
    collector.SetCollectorPageSize(2)
    collector.ResetCollector()
    assert [event.key for event in collector.ReadPreviousEvents(1000)] == [first[1], first[0]]
    collector.RewindCollector()
    assert [event.key for event in collector.ReadNextEvents(1)] == first[:1]
    assert [event.key for event in collector.latestPage] == [rest[0], first[2]]
    assert collector.initialized
    assert isinstance(fault_of(collector.ReadNextEvents, 0), vmodl.fault.InvalidArgument)


def test_a_latest_page_can_be_waited_for() -> None:
    client = Client(world_of({"name": "web01"}))
    collector = client.content.eventManager.CreateCollectorForEvents(about(client.vm()))
    properties = client.content.propertyCollector
    properties.CreateFilter(
        PC.FilterSpec(
            propSet=[PC.PropertySpec(type=vim.event.EventHistoryCollector, pathSet=["latestPage"])],
            objectSet=[PC.ObjectSpec(obj=collector)],
        ),
        False,
    )
    seen = properties.WaitForUpdatesEx("", None)
    client.vm().PowerOnVM_Task(None)
    news = properties.WaitForUpdatesEx(seen.version, None)

    assert seen.filterSet[0].objectSet[0].changeSet[0].val == []
    assert names(news.filterSet[0].objectSet[0].changeSet[0].val) == [
        *("VmPoweredOnEvent", "VmStartingEvent", "TaskEvent"),
    ]


def test_a_collector_belongs_to_its_session_and_ends_with_it() -> None:
    world = world_of()
    client, other = Client(world), Client(world)
    collector = client.content.eventManager.CreateCollectorForEvents(filtered())
    stolen = vim.event.EventHistoryCollector(collector._moId, other.stub)
    kept = client.content.eventManager.CreateCollectorForEvents(filtered())
    collector.DestroyCollector()

    assert isinstance(fault_of(stolen.ReadNextEvents, 1), vmodl.fault.ManagedObjectNotFound)
    assert isinstance(fault_of(collector.ReadNextEvents, 1), vmodl.fault.ManagedObjectNotFound)
    assert [one.moid for one in world.of_type("EventHistoryCollector")] == [kept._moId]
    client.content.sessionManager.Logout()
    assert world.of_type("EventHistoryCollector") == []


def test_there_are_not_more_collectors_than_allowed() -> None:
    client = Client(world_of())
    client.world.find("EventManager", "ha-eventmgr").set("maxCollector", 1)
    create = client.content.eventManager.CreateCollectorForEvents
    create(filtered())

    assert isinstance(fault_of(create, filtered()), vim.fault.InvalidState)


def test_the_oldest_are_forgotten_and_a_restart_forgets_all() -> None:
    client = Client(world_of({"name": "web01"}))
    vm = machine(client.world)
    for _turn in range(KEPT):
        client.world.events.post("VmPoweredOnEvent", vm)
    latest = client.content.eventManager.latestEvent

    assert (len(client.world.events), latest.key) == (KEPT, KEPT + 2)
    client.world.restart()
    assert len(client.world.events) == 0
    assert Client(client.world).content.eventManager.latestEvent.key == 1


def test_an_event_costs_little() -> None:
    world = world_of({"name": "web01"})
    vm = machine(world)
    begin = time.perf_counter()
    for _turn in range(KEPT):
        world.events.post("VmPoweredOnEvent", vm)
    each = (time.perf_counter() - begin) / KEPT

    assert each < 0.0005


def test_a_host_has_no_history_of_tasks_and_no_query_of_events() -> None:
    content = Client(world_of()).content

    assert isinstance(fault_of(content.eventManager.QueryEvents, filtered()), vmodl.fault.NotImplemented)
    assert isinstance(fault_of(content.taskManager.CreateCollectorForTasks, TASKS()), vmodl.fault.NotSupported)


def full(*vms: dict[str, Any]) -> Client:
    return Client(world_of(*vms, host={"full_history": True}))


def test_with_a_full_history_events_are_found_by_one_call() -> None:
    client = full({"name": "web01"})
    client.vm().PowerOnVM_Task(None)
    found = client.content.eventManager.QueryEvents(filtered(type=[vim.event.VmEvent]))

    assert names(found) == ["VmPoweredOnEvent", "VmStartingEvent"]
    assert len(client.content.eventManager.QueryEvents(filtered(maxCount=1))) == 1


def test_with_a_full_history_tasks_are_collected() -> None:
    client = full({"name": "web01", "task_seconds": 5}, {"name": "web02"})
    begin = client.world.clock.utcnow()
    client.vm("web02").PowerOnVM_Task(None)
    client.vm("web01").PowerOnVM_Task(None)
    spec, by = TASKS, client.content.taskManager.CreateCollectorForTasks

    def found(**fields: Any) -> list[str]:
        return [info.entityName for info in by(spec(**fields)).ReadNextTasks(10)]

    assert found() == ["web02", "web01"]
    assert found(state=["running"]) == ["web01"]
    assert found(entity=spec.ByEntity(entity=client.vm("web02"), recursion="self")) == ["web02"]
    assert found(entity=spec.ByEntity(entity=ROOT, recursion="children")) == ["web02", "web01"]
    assert found(time=spec.ByTime(timeType="completedTime", beginTime=begin)) == ["web02"]
    assert found(userName=spec.ByUsername(systemUser=False, userList=["nobody"])) == []
    assert [info.entityName for info in by(spec()).latestPage] == ["web01", "web02"]
    assert isinstance(fault_of(by, spec(tag=["x"])), vmodl.fault.NotSupported)


def test_a_task_that_ends_changes_the_page_of_its_collector() -> None:
    client = full({"name": "web01", "task_seconds": 5})
    collector = client.content.taskManager.CreateCollectorForTasks(TASKS(state=["success"]))
    world: World = client.world
    properties = client.content.propertyCollector
    properties.CreateFilter(
        PC.FilterSpec(
            propSet=[PC.PropertySpec(type=vim.TaskHistoryCollector, pathSet=["latestPage"])],
            objectSet=[PC.ObjectSpec(obj=collector)],
        ),
        False,
    )
    version = properties.WaitForUpdatesEx("", None).version
    client.vm().PowerOnVM_Task(None)
    world.clock.advance(5)
    page = properties.WaitForUpdatesEx(version, None).filterSet[0].objectSet[0].changeSet[0].val

    assert [info.state for info in page] == ["success"]
    assert [info.key for info in collector.ReadPreviousTasks(5)] == []
