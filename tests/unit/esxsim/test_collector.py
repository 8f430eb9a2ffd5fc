# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The property collector: what is read, and what is told of changes."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import (
    PC,
    Folder,
    build,
    collector,
    flat,
    login,
    machine,
    recent_tasks,
    vm_filter,
)
from pyVmomi import vim, vmodl

OFF, ON = "poweredOff", "poweredOn"


def tree(*, machines: tuple[str, ...] = ("name",), skip_folders: bool = True, start: str = "root") -> Any:
    """Everything below a folder, by a traversal that refers to itself."""
    down = PC.TraversalSpec(
        name="down", type=vim.Folder, path="childEntity", skip=False, selectSet=[PC.SelectionSpec(name="down")]
    )
    sets = [PC.PropertySpec(type=vim.VirtualMachine, pathSet=list(machines))]
    if not skip_folders:
        sets.append(PC.PropertySpec(type=vim.Folder, pathSet=["name"]))
    return PC.FilterSpec(propSet=sets, objectSet=[PC.ObjectSpec(obj=vim.Folder(start), skip=False, selectSet=[down])])


def read(pc: Any, spec: Any) -> dict[str, dict[str, Any]]:
    return {one.obj._moId: {p.name: p.val for p in one.propSet} for one in pc.RetrieveProperties([spec])}


def test_a_traversal_that_refers_to_itself_reaches_everything_once() -> None:
    pc = collector(login(build()))

    assert read(pc, tree()) == {"1": {"name": "vm1"}, "2": {"name": "vm2"}}
    assert list(read(pc, tree(skip_folders=False))) == ["root", "vms", "1", "2"]


def test_a_name_may_refer_to_any_traversal_of_the_object_set() -> None:
    step = PC.TraversalSpec(name="b", type=vim.Folder, path="childEntity", skip=False)
    first = PC.TraversalSpec(
        name="a", type=vim.Folder, path="childEntity", skip=True, selectSet=[PC.SelectionSpec(name="b")]
    )
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.ManagedEntity, pathSet=["name"])],
        objectSet=[
            PC.ObjectSpec(obj=vim.Folder("root"), skip=True, selectSet=[first]),
            PC.ObjectSpec(obj=vim.Folder("vms"), skip=True, selectSet=[step]),
        ],
    )
    pc = collector(login(build()))

    assert sorted(read(pc, spec)) == ["1", "2"]


@pytest.mark.parametrize("path", ["nonsense", "parent.name", ""])
def test_a_traversal_along_nothing_is_an_invalid_property(path: str) -> None:
    spec = tree()
    spec.objectSet[0].selectSet[0].path = path
    with pytest.raises(vmodl.query.InvalidProperty):
        collector(login(build())).RetrieveProperties([spec])


def test_a_name_that_nothing_bears_is_an_invalid_argument() -> None:
    spec = tree()
    spec.objectSet[0].selectSet[0].selectSet[0].name = "nothing"
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector(login(build())).RetrieveProperties([spec])


def test_types_match_their_subclasses() -> None:
    spec = tree()
    spec.propSet[0].type = vim.ManagedEntity

    assert sorted(read(collector(login(build())), spec)) == ["1", "2", "root", "vms"]


def test_no_paths_and_not_all_is_the_object_alone() -> None:
    pc = collector(login(build()))

    assert read(pc, vm_filter("1", paths=())) == {"1": {}}


def test_all_is_every_property_that_is_set_and_that_the_client_knows() -> None:
    spec = vm_filter("1", paths=())
    spec.propSet[0].all = True
    world = build()
    new = read(collector(login(world)), spec)["1"]
    old = read(collector(login(world, version="vim.version.version2")), spec)["1"]

    assert {"name", "config", "runtime", "summary"} <= set(new)
    assert "snapshot" not in new
    assert "rootSnapshot" not in old


@pytest.mark.parametrize(
    "path", ["nonsense", "config.nonsense", "runtime..x", "", "config.hardware.device[4000].nonsense"]
)
def test_a_path_that_does_not_exist_is_an_invalid_property(path: str) -> None:
    with pytest.raises(vmodl.query.InvalidProperty) as error:
        read(collector(login(build())), vm_filter("1", paths=(path,)))

    assert error.value.name == path


def test_unset_is_omitted_and_an_empty_array_of_an_object_is_not() -> None:
    paths = ("runtime.question", "recentTask", "config.hardware.device[9].key", "snapshot")

    assert read(collector(login(build())), vm_filter("1", paths=paths)) == {"1": {"recentTask": []}}


def test_items_are_found_by_their_keys() -> None:
    paths = (
        "config.hardware.device[4000]",
        "config.hardware.device[2000].backing.fileName",
        'config.extraConfig["guestinfo.a.b"].value',
    )
    found = read(collector(login(build())), vm_filter("1", paths=paths))["1"]

    assert isinstance(found[paths[0]], vim.vm.device.VirtualVmxnet3)
    assert (found[paths[1]], found[paths[2]]) == ("[ds] a & b/<c>.vmdk", "x")


def test_derived_properties_are_read_like_others() -> None:
    found = read(collector(login(build())), vm_filter("1", paths=("summary", "summary.runtime.powerState")))["1"]

    assert found["summary.runtime.powerState"] == found["summary"].runtime.powerState == OFF


def test_what_does_not_exist_is_a_fault_or_left_out_as_asked() -> None:
    pc = collector(login(build()))
    spec = vm_filter("1", "99")
    with pytest.raises(vmodl.fault.ManagedObjectNotFound) as error:
        pc.RetrieveProperties([spec])
    assert error.value.obj._moId == "99"
    spec.reportMissingObjectsInResults = True

    assert list(read(pc, spec)) == ["1"]


def test_nothing_found_is_no_answer() -> None:
    pc = collector(login(build(machines=0)))

    assert pc.RetrieveProperties([tree()]) == []
    assert pc.RetrievePropertiesEx([tree()], PC.RetrieveOptions()) is None


def test_long_answers_come_in_pages() -> None:
    pc = collector(login(build(machines=5)))
    page = pc.RetrievePropertiesEx([tree()], PC.RetrieveOptions(maxObjects=2))
    second = pc.ContinueRetrievePropertiesEx(page.token)
    third = pc.ContinueRetrievePropertiesEx(second.token)

    assert [len(one.objects) for one in (page, second, third)] == [2, 2, 1]
    assert third.token is None
    with pytest.raises(vmodl.fault.InvalidArgument):
        pc.ContinueRetrievePropertiesEx(second.token)
    rest = pc.RetrievePropertiesEx([tree()], PC.RetrieveOptions(maxObjects=2))
    pc.CancelRetrievePropertiesEx(rest.token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        pc.ContinueRetrievePropertiesEx(rest.token)


def test_the_first_wait_tells_everything_of_all_filters() -> None:
    pc = collector(login(build()))
    pc.CreateFilter(vm_filter("1"), False)
    pc.CreateFilter(vm_filter("2"), False)
    update = pc.WaitForUpdates("")

    assert len(update.filterSet) == 2
    assert flat(update) == [("enter", "1", {"name": "vm1"}), ("enter", "2", {"name": "vm2"})]
    assert flat(pc.WaitForUpdates("")) == flat(update)


def test_only_what_is_watched_is_told_and_only_once() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1", paths=("name", "runtime.powerState")), False)
    version = pc.WaitForUpdates("").version
    world.find("VirtualMachine", "1").set("runtime.connectionState", "orphaned")
    world.find("VirtualMachine", "2").set("name", "other")
    assert pc.CheckForUpdates(version) is None
    world.find("VirtualMachine", "1").set("runtime.powerState", ON)
    update = pc.CheckForUpdates(version)

    assert flat(update) == [("modify", "1", {"runtime.powerState": ON})]
    assert pc.CheckForUpdates(update.version) is None


def test_setting_the_same_value_is_no_change() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1", paths=("name",)), False)
    version = pc.WaitForUpdates("").version
    world.find("VirtualMachine", "1").set("name", "vm1")

    assert pc.CheckForUpdates(version) is None


def test_a_derived_property_is_told_when_it_looks_different() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1", paths=("summary.runtime.powerState",)), False)
    version = pc.WaitForUpdates("").version
    world.find("VirtualMachine", "1").set("name", "else")
    assert pc.CheckForUpdates(version) is None
    world.find("VirtualMachine", "1").set("runtime.powerState", ON)

    assert flat(pc.CheckForUpdates(version)) == [("modify", "1", {"summary.runtime.powerState": ON})]


def changes(update: Any) -> list[tuple[str, str, Any]]:
    return [(c.name, c.op, c.val) for c in update.filterSet[0].objectSet[0].changeSet]


def test_partial_updates_name_the_nested_property_and_others_the_whole() -> None:
    world = build()
    vm = world.find("VirtualMachine", "1")
    for partial in (True, False):
        pc = collector(login(world))
        pc.CreateFilter(vm_filter("1", paths=("runtime", "config.hardware.device")), partial)
        version = pc.WaitForUpdates("").version
        vm.set("runtime.powerState", ON if partial else OFF)
        vm.set("config.hardware.device[4000].macAddress", "00:0c:29:00:00:02" if partial else "00:0c:29:00:00:03")
        update = pc.CheckForUpdates(version)
        if partial:
            assert changes(update) == [
                ("runtime.powerState", "assign", ON),
                ("config.hardware.device[4000].macAddress", "assign", "00:0c:29:00:00:02"),
            ]
        else:
            assert [(name, op) for name, op, _rest in changes(update)] == [
                ("runtime", "assign"),
                ("config.hardware.device", "assign"),
            ]
    pc.CreateFilter(vm_filter("1", paths=("config.hardware",)), True)
    update = pc.WaitForUpdates("")
    vm.set("config.hardware.device[4000]", None)

    assert ("config.hardware.device[4000]", "remove", None) in [
        (c.name, c.op, c.val)
        for one in pc.CheckForUpdates(update.version).filterSet
        for c in one.objectSet[0].changeSet
    ]


def test_what_becomes_unset_is_assigned_nothing_and_below_it_is_removed_indirectly() -> None:
    world = build()
    vm = world.find("VirtualMachine", "1")
    vm.set("guest", vim.vm.GuestInfo(ipAddress="1.2.3.4", guestState="running"))
    pc = collector(login(world))
    pc.CreateFilter(vm_filter("1", paths=("guest.ipAddress", "guest.hostName")), False)
    version = pc.WaitForUpdates("").version
    vm.set("guest.ipAddress", None)
    update = pc.CheckForUpdates(version)
    assert changes(update) == [("guest.ipAddress", "assign", None)]
    vm.set("guest", None)

    assert changes(pc.CheckForUpdates(update.version))[0] == ("guest.ipAddress", "indirectRemove", None)


def watched_tasks(world: World) -> tuple[Any, Any, str]:
    stub = login(world)
    pc = collector(stub)
    spec = vm_filter("1", "2", paths=("runtime.question",), select=(recent_tasks(),), Task=("info.state",))
    pc.CreateFilter(spec, False)
    return stub, pc, pc.WaitForUpdates("").version


def test_a_task_enters_the_filter_when_it_starts() -> None:
    world = build()
    stub, pc, version = watched_tasks(world)
    task = vim.VirtualMachine("1", stub).PowerOnVM_Task(None)
    update = pc.CheckForUpdates(version)
    assert flat(update) == [("enter", task._moId, {"info.state": "running"})]
    world.clock.advance(5)

    assert flat(pc.CheckForUpdates(update.version)) == [("modify", task._moId, {"info.state": "success"})]


def test_a_question_and_its_task_come_through_one_filter() -> None:
    world = build()
    from ansible_collections.virt.esx.tests.esxsim import Signal

    world.find("VirtualMachine", "1").asks = Signal()
    stub, pc, version = watched_tasks(world)
    task = vim.VirtualMachine("1", stub).PowerOnVM_Task(None)
    world.clock.advance(1)
    update = pc.CheckForUpdates(version)
    assert [(kind, moid) for kind, moid, _rest in flat(update)] == [("enter", task._moId), ("modify", "1")]
    assert flat(update)[1][2]["runtime.question"].id == "1"
    vim.VirtualMachine("1", stub).AnswerVM("1", "go")
    world.clock.advance(5)

    assert flat(pc.CheckForUpdates(update.version)) == [
        ("modify", "1", {"runtime.question": None}),
        ("modify", task._moId, {"info.state": "success"}),
    ]


def test_old_tasks_leave_the_filter() -> None:
    world = build()
    stub, pc, version = watched_tasks(world)
    for number in range(11):
        vim.VirtualMachine("1", stub).Rename_Task(str(number))
        update = pc.CheckForUpdates(version)
        version = update.version

    assert sorted(kind for kind, _moid, _values in flat(update)) == ["enter", "leave"]


def test_objects_enter_and_leave_with_the_inventory() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(tree(), False)
    version = pc.WaitForUpdates("").version
    vms = world.find("Folder", "vms")
    new = machine("7", "new")
    world.add(new)
    vms.append("childEntity", new.ref)
    update = pc.CheckForUpdates(version)
    assert flat(update) == [("enter", "7", {"name": "new"})]
    vms.discard("childEntity", vim.VirtualMachine("1"))
    update = pc.CheckForUpdates(update.version)
    assert flat(update) == [("leave", "1", {})]
    vms.append("childEntity", vim.VirtualMachine("1"))
    update = pc.CheckForUpdates(update.version)
    assert flat(update) == [("enter", "1", {"name": "vm1"})]
    world.remove(world.find("VirtualMachine", "2"))

    assert flat(pc.CheckForUpdates(update.version)) == [("leave", "2", {})]


def test_what_comes_and_goes_between_two_looks_is_not_told() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(tree(), False)
    version = pc.WaitForUpdates("").version
    new = machine("7", "new")
    world.add(new)
    world.find("Folder", "vms").append("childEntity", new.ref)
    world.find("Folder", "vms").discard("childEntity", new.ref)

    assert pc.CheckForUpdates(version) is None


def test_a_whole_branch_leaves_even_when_it_hangs_together_in_a_circle() -> None:
    world = build(machines=0)
    down = PC.TraversalSpec(
        name="down",
        type=vim.ManagedEntity,
        path="parent",
        skip=False,
        selectSet=[PC.SelectionSpec(name="down"), PC.SelectionSpec(name="up")],
    )
    up = PC.TraversalSpec(
        name="up",
        type=vim.Folder,
        path="childEntity",
        skip=False,
        selectSet=[PC.SelectionSpec(name="down"), PC.SelectionSpec(name="up")],
    )
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.Folder, pathSet=["name"])],
        objectSet=[PC.ObjectSpec(obj=vim.Folder("root"), selectSet=[up, down])],
    )
    for name, parent in (("a", "root"), ("b", "a"), ("c", "b")):
        world.add(Folder(name, name=name, parent=vim.Folder(parent), childEntity=[]))
        world.find("Folder", parent).append("childEntity", vim.Folder(name))
    pc = collector(login(world))
    pc.CreateFilter(spec, False)
    update = pc.WaitForUpdates("")
    assert sorted(moid for _kind, moid, _values in flat(update)) == ["a", "b", "c", "root", "vms"]
    world.find("Folder", "root").discard("childEntity", vim.Folder("a"))

    assert sorted(flat(pc.CheckForUpdates(update.version))) == [("leave", one, {}) for one in "abc"]


def test_a_truncated_update_is_continued() -> None:
    pc = collector(login(build(machines=5)))
    pc.CreateFilter(tree(), False)
    options = PC.WaitOptions(maxObjectUpdates=2, maxWaitSeconds=0)
    seen, version, truncated = [], "", []
    while (update := pc.WaitForUpdatesEx(version, options)) is not None:
        version = update.version
        truncated.append(bool(update.truncated))
        seen += [moid for _kind, moid, _values in flat(update)]

    assert (seen, truncated) == (["1", "2", "3", "4", "5"], [True, True, False])


def test_an_update_whose_reply_was_lost_is_told_again() -> None:
    world = build()
    pc = collector(login(world))
    pc.CreateFilter(tree(machines=("name", "summary.runtime.powerState")), False)
    version = pc.WaitForUpdates("").version
    vm = world.find("VirtualMachine", "1")
    vm.set("runtime.powerState", ON)
    world.find("Folder", "vms").discard("childEntity", vim.VirtualMachine("2"))
    lost = pc.CheckForUpdates(version)
    vm.set("name", "later")
    again = pc.CheckForUpdates(version)

    assert flat(lost) == [("modify", "1", {"summary.runtime.powerState": ON}), ("leave", "2", {})]
    assert sorted(flat(again)) == [
        ("leave", "2", {}),
        ("modify", "1", {"name": "later", "summary.runtime.powerState": ON}),
    ]
    assert pc.CheckForUpdates(again.version) is None


@pytest.mark.parametrize("version", ["nonsense", "99"])
def test_an_unknown_version_is_a_fault(version: str) -> None:
    pc = collector(login(build()))
    pc.CreateFilter(vm_filter("1"), False)
    pc.WaitForUpdates("")
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        pc.CheckForUpdates(version)


def test_a_filter_made_later_is_told_in_full_and_a_destroyed_one_no_more() -> None:
    world = build()
    pc = collector(login(world))
    first = pc.CreateFilter(vm_filter("1"), False)
    version = pc.WaitForUpdates("").version
    second = pc.CreateFilter(vm_filter("2"), False)
    update = pc.CheckForUpdates(version)
    assert flat(update) == [("enter", "2", {"name": "vm2"})]
    assert [one._moId for one in pc.filter] == [first._moId, second._moId]
    first.DestroyPropertyFilter()
    world.find("VirtualMachine", "1").set("name", "x")

    assert pc.CheckForUpdates(update.version) is None
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        first.DestroyPropertyFilter()


def test_a_collector_of_ones_own_has_filters_of_its_own_and_belongs_to_its_session() -> None:
    world = build()
    stub = login(world)
    pc, own = collector(stub), collector(stub).CreatePropertyCollector()
    pc.CreateFilter(vm_filter("1"), False)
    own.CreateFilter(vm_filter("2"), False)

    assert flat(own.WaitForUpdates("")) == [("enter", "2", {"name": "vm2"})]
    assert flat(pc.WaitForUpdates("")) == [("enter", "1", {"name": "vm1"})]
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        PC(own._moId, login(world)).CheckForUpdates("")
    own.DestroyPropertyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        own.CheckForUpdates("")
    assert len(world.of_type("PropertyFilter")) == 1


def parked(world: World, call: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(call())
        except vmodl.MethodFault as fault:
            results.append(fault)

    before = world.clock.parked()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    for _rest in range(1000):
        if world.clock.parked() > before:
            break
        time.sleep(0.002)
    return thread, results


def test_a_cancelled_wait_says_so() -> None:
    world = build()
    stub = login(world)
    pc = collector(stub)
    thread, results = parked(world, lambda: pc.WaitForUpdatesEx("", None))
    other = collector(stub)
    other.CancelWaitForUpdates()
    thread.join(5)

    assert isinstance(results[0], vmodl.fault.RequestCanceled)


def test_a_wait_ends_when_its_session_does() -> None:
    world = build()
    stub = login(world)
    pc = collector(stub)
    pc.CreateFilter(vm_filter("1"), False)
    version = pc.WaitForUpdates("").version
    thread, results = parked(world, lambda: pc.WaitForUpdatesEx(version, None))
    world.sessions.clear()
    thread.join(5)

    assert isinstance(results[0], vim.fault.NotAuthenticated)
    assert world.of_type("PropertyFilter") == []


def test_two_hundred_waits_wake_one_by_one() -> None:
    world = build("real", machines=1)
    waits = []
    for number in range(200):
        vm = machine(str(100 + number), f"x{number}")
        world.add(vm)
        pc = collector(login(world))
        pc.CreateFilter(vm_filter(vm.moid), False)
        version = pc.WaitForUpdates("").version
        waits.append((vm, *parked(world, lambda pc=pc, version=version: pc.WaitForUpdatesEx(version, None))))
    began = time.monotonic()
    waits[42][0].set("name", "changed")
    waits[42][1].join(5)
    took = time.monotonic() - began

    assert flat(waits[42][2][0]) == [("modify", "142", {"name": "changed"})]
    assert sum(bool(results) for _machine, _thread, results in waits) == 1
    assert took < 0.5
    world.sessions.clear()
    for _machine, thread, _results in waits:
        thread.join(5)
    assert world.clock.parked() == 0


def test_a_change_costs_nothing_in_a_filter_over_thousands() -> None:
    world = build(machines=3000)
    pc = collector(login(world))
    pc.CreateFilter(tree(machines=("runtime.powerState",)), False)
    version = pc.WaitForUpdates("").version
    vms = world.of_type("VirtualMachine")
    began = time.monotonic()
    for vm in vms[:500]:
        vm.set("runtime.powerState", ON)
    took = time.monotonic() - began

    assert len(pc.CheckForUpdates(version).filterSet[0].objectSet) == 500
    assert took < 0.5
