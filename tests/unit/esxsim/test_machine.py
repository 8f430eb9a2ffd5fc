# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a virtual machine does: power, guest, reconfiguration, snapshots, and leaving."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim, vmodl

ON = {"name": "web01", "power_state": "powered-on"}
OFF = {"name": "web01"}
POOL: Any = vim.ResourcePool("ha-root-pool")


@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ("powered-off", "PowerOn", "poweredOn"),
        ("suspended", "PowerOn", "poweredOn"),
        ("powered-on", "PowerOff", "poweredOff"),
        ("suspended", "PowerOff", "poweredOff"),
        ("powered-on", "Suspend", "suspended"),
        ("powered-on", "Reset", "poweredOn"),
    ],
)
def test_an_operation_takes_its_seconds_and_leads_to_its_state(before: str, call: str, after: str) -> None:
    world = world_of({"name": "web01", "power_state": before, "task_seconds": 2})
    client = Client(world)
    task = getattr(client.vm(), call)()

    early = client.after(1.9, task).state, machine(world).get("runtime.powerState")
    late = client.after(0.2, task).state, client.vm().runtime.powerState

    assert early[0] == "running"
    assert late == ("success", after)


@pytest.mark.parametrize(
    ("before", "call", "wanted"),
    [
        ("powered-on", "PowerOn", "poweredOn"),
        ("powered-off", "PowerOff", "poweredOff"),
        ("powered-off", "Suspend", "suspended"),
        ("suspended", "Reset", "poweredOn"),
    ],
)
def test_a_wrong_power_state_ends_the_task_with_the_fault(before: str, call: str, wanted: str) -> None:
    client = Client(world_of({"name": "web01", "power_state": before}))

    error = client.after(0, getattr(client.vm(), call)()).error

    assert isinstance(error, vim.fault.InvalidPowerState)
    assert error.requestedState == wanted


def test_a_second_operation_is_refused_while_a_task_runs() -> None:
    client = Client(world_of({**OFF, "task_seconds": 5}))
    first = client.vm().PowerOn()

    fault = fault_of(client.vm().Suspend)

    assert isinstance(fault, vim.fault.TaskInProgress)
    assert fault.task == first


def test_the_guest_shuts_down_in_its_own_time() -> None:
    world = world_of({**ON, "guest_shutdown_seconds": 3})
    client = Client(world)
    client.vm().ShutdownGuest()

    world.clock.advance(2.9)
    early = client.vm().runtime.powerState
    world.clock.advance(0.2)

    assert early == "poweredOn"
    assert client.vm().runtime.powerState == "poweredOff"


def test_a_guest_may_ignore_the_shutdown() -> None:
    world = world_of({**ON, "guest_ignores_shutdown": True})
    Client(world).vm().ShutdownGuest()

    world.clock.advance(3600)

    assert machine(world).get("runtime.powerState") == "poweredOn"


def test_a_shutdown_that_comes_late_does_not_end_the_next_run() -> None:
    world = world_of({**ON, "guest_shutdown_seconds": 10})
    client = Client(world)
    client.vm().ShutdownGuest()
    client.after(0, client.vm().PowerOff())
    client.after(1, client.vm().PowerOn())

    world.clock.advance(60)

    assert client.vm().runtime.powerState == "poweredOn"


def test_a_reboot_starts_the_guest_anew_and_standby_suspends_it() -> None:
    world = world_of(ON)
    client = Client(world)
    before = client.vm().runtime.bootTime
    client.vm().RebootGuest()
    world.clock.advance(5)
    after = client.vm().runtime.bootTime
    client.vm().StandbyGuest()
    world.clock.advance(5)

    assert after > before
    assert client.vm().runtime.powerState == "suspended"


@pytest.mark.parametrize("tools", ["not-running", "not-installed"])
@pytest.mark.parametrize("call", ["ShutdownGuest", "RebootGuest", "StandbyGuest"])
def test_without_tools_there_are_no_guest_operations(tools: str, call: str) -> None:
    client = Client(world_of({**ON, "tools": tools}))

    assert isinstance(fault_of(getattr(client.vm(), call)), vim.fault.ToolsUnavailable)


def test_the_guest_shows_its_address_only_while_it_runs() -> None:
    world = world_of({**ON, "ip_addresses": ["192.0.2.7"], "hostname": "web.example.com"})
    client = Client(world)
    running = client.vm().guest
    client.after(0, client.vm().PowerOff())
    stopped = client.vm().guest

    assert (running.ipAddress, running.hostName, running.toolsRunningStatus) == (
        "192.0.2.7",
        "web.example.com",
        "guestToolsRunning",
    )
    assert (stopped.ipAddress, stopped.toolsRunningStatus) == (None, "guestToolsNotRunning")


def test_the_tools_come_up_after_the_boot() -> None:
    world = world_of({**OFF, "guest_boot_seconds": 30})
    client = Client(world)
    client.after(0, client.vm().PowerOn())
    early = client.vm().guest.toolsStatus
    world.clock.advance(31)

    assert (early, client.vm().guest.toolsStatus) == ("toolsNotRunning", "toolsOk")


def test_a_reconfiguration_changes_what_the_spec_says_and_the_summary_follows() -> None:
    client = Client(world_of(OFF))
    before = client.vm().config
    options = [vim.option.OptionValue(key="guestinfo.a", value="b")]
    spec = vim.vm.ConfigSpec(
        memoryMB=2048, numCPUs=4, annotation="new", extraConfig=options, changeVersion=before.changeVersion
    )

    info = client.after(0, client.vm().Reconfigure(spec))
    after = client.vm().config

    assert info.state == "success"
    assert (after.hardware.memoryMB, after.hardware.numCPU, after.annotation) == (2048, 4, "new")
    assert [(one.key, one.value) for one in after.extraConfig] == [("guestinfo.a", "b")]
    assert client.vm().summary.config.memorySizeMB == 2048
    assert after.changeVersion != before.changeVersion


def test_a_reconfiguration_of_an_older_state_is_refused() -> None:
    client = Client(world_of(OFF))
    spec = vim.vm.ConfigSpec(annotation="x", changeVersion="long ago")

    assert isinstance(client.after(0, client.vm().Reconfigure(spec)).error, vim.fault.ConcurrentAccess)


def test_a_running_vm_keeps_its_memory() -> None:
    client = Client(world_of(ON))

    error = client.after(0, client.vm().Reconfigure(vim.vm.ConfigSpec(memoryMB=2048))).error

    assert isinstance(error, vim.fault.InvalidPowerState)


def test_what_cannot_be_reconfigured_is_named() -> None:
    client = Client(world_of(OFF))

    fault = fault_of(client.vm().Reconfigure, vim.vm.ConfigSpec(npivDesiredNodeWwns=1))

    assert fault.property == "npivDesiredNodeWwns"


def test_a_new_name_shows_everywhere() -> None:
    client = Client(world_of(OFF))
    vm = client.vm()
    client.after(0, vm.Rename("web99"))

    assert (vm.name, vm.config.name, vm.summary.config.name) == ("web99", "web99", "web99")


def test_a_running_vm_is_not_unregistered() -> None:
    client = Client(world_of(ON))

    assert isinstance(fault_of(client.vm().UnregisterVM), vim.fault.InvalidPowerState)


def test_an_unregistered_vm_leaves_its_file_and_comes_back_from_it() -> None:
    world = world_of({**OFF, "memory_mib": 2048, "annotation": 'a "b" | c'})
    client = Client(world)
    vm = client.vm()
    path, uuid = vm.config.files.vmPathName, vm.config.uuid
    vm.UnregisterVM()
    folder = client.content.rootFolder.childEntity[0].vmFolder
    gone = list(folder.childEntity), fault_of(lambda: vm.name)

    info = client.after(0, folder.RegisterVm(path=path, asTemplate=False, pool=POOL))
    back = client.vm().config

    assert gone[0] == []
    assert isinstance(gone[1], vmodl.fault.ManagedObjectNotFound)
    assert info.state == "success", info.error
    assert (back.uuid, back.hardware.memoryMB, back.annotation) == (uuid, 2048, 'a "b" | c')


def test_a_file_is_registered_once() -> None:
    client = Client(world_of(OFF))
    folder = client.content.rootFolder.childEntity[0].vmFolder
    path = client.vm().config.files.vmPathName

    errors = [
        client.after(0, folder.RegisterVm(path=one, asTemplate=False, pool=POOL)).error
        for one in (path, "[datastore1] nothing/nothing.vmx", "[elsewhere] a/a.vmx")
    ]

    assert [type(error) for error in errors] == [
        vim.fault.AlreadyExists,
        vim.fault.NotFound,
        vim.fault.InvalidDatastorePath,
    ]


def test_a_destroyed_vm_takes_its_files_along() -> None:
    world = world_of(OFF)
    client = Client(world)
    store = world.of_type("Datastore")[0]
    before = [path for path, _rest in store.files]
    client.after(0, client.vm().Destroy())

    assert before == ["web01/web01.vmx", "web01/web01.vmdk", "web01/web01-flat.vmdk"]
    assert list(store.files) == []


def test_snapshots_grow_a_tree_and_revert_goes_back() -> None:
    world = world_of(OFF)
    client = Client(world)
    vm = client.vm()
    first = client.after(0, vm.CreateSnapshot("first", "d", memory=False, quiesce=False)).result
    client.after(0, vm.CreateSnapshot("second", None, memory=False, quiesce=False))
    client.after(0, vm.Reconfigure(vim.vm.ConfigSpec(annotation="changed")))
    root = vm.snapshot.rootSnapshotList
    names = [(node.name, [child.name for child in node.childSnapshotList]) for node in root]
    client.after(0, first.RevertToSnapshot_Task())
    reverted = vm.config.annotation, vm.snapshot.currentSnapshot
    client.after(0, first.RemoveSnapshot_Task(removeChildren=False))

    assert names == [("first", ["second"])]
    assert reverted == ("", first)
    assert [node.name for node in vm.snapshot.rootSnapshotList] == ["second"]


def test_removing_all_snapshots_leaves_none() -> None:
    client = Client(world_of({**OFF, "snapshots": ["a", "b"]}))
    client.after(0, client.vm().RemoveAllSnapshots_Task())

    assert (client.vm().snapshot, list(client.vm().rootSnapshot)) == (None, [])


def test_a_task_may_fail_by_rule() -> None:
    rule = {"during": "power-on", "fault": "vim.fault.NoDiskSpace", "fields": {"datastore": "datastore1", "file": "x"}}
    client = Client(world_of({**OFF, "failures": [rule]}))

    first = client.after(0, client.vm().PowerOn())
    second = client.after(0, client.vm().PowerOn())

    assert isinstance(first.error, vim.fault.NoDiskSpace)
    assert second.state == "success"


def test_a_vm_that_vanishes_fails_its_tasks() -> None:
    world = world_of({**OFF, "task_seconds": 5})
    client = Client(world)
    task = client.vm().PowerOn()
    machine(world).vanish()

    assert isinstance(task.info.error, vmodl.fault.ManagedObjectNotFound)
    assert client.content.rootFolder.childEntity[0].vmFolder.childEntity == []


def test_an_unknown_method_is_named() -> None:
    client = Client(world_of(OFF))

    fault: Any = fault_of(client.vm().AcquireTicket, "webmks")

    assert isinstance(fault, vmodl.fault.MethodNotFound)
    assert fault.method == "AcquireTicket"


def test_both_layouts_name_the_disks() -> None:
    client = Client(world_of(OFF))
    vm = client.vm()

    described = [file.name for file in vm.layoutEx.file if file.type == "diskDescriptor"]
    named = [name for disk in vm.layout.disk for name in disk.diskFile]

    assert named == described == ["[datastore1] web01/web01.vmdk"]
    assert [disk.key for disk in vm.layout.disk] == [disk.key for disk in vm.layoutEx.disk]
