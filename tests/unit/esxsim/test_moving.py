# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves between hosts: what a host of its own says to them, and what a vCenter does."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, world_of
from pyVmomi import vim, vmodl

HOST, POOL = vim.HostSystem("host-esx2"), vim.ResourcePool("resgroup-esx2")


def client_of(**vm: Any) -> Client:
    world = world_of({"name": "web01", "task_seconds": 1, **vm})
    make_vcenter(world, "esx2")
    return Client(world)


def validated(client: Client, **given: Any) -> Any:
    service: Any = vim.ServiceInstance("ServiceInstance", client.stub)
    return service.ValidateMigration([client.vm()], **given)


def test_a_host_of_its_own_moves_nothing() -> None:
    client = Client(world_of({"name": "web01"}))
    spec = vim.vm.RelocateSpec(host=client.vm().runtime.host)

    assert isinstance(fault_of(client.vm().Relocate, spec), vmodl.fault.NotSupported)
    assert isinstance(fault_of(validated, client, host=spec.host), vmodl.fault.NotSupported)


def test_a_machine_comes_to_host_and_pool() -> None:
    client = client_of()
    task = client.after(1, client.vm().Relocate(vim.vm.RelocateSpec(host=HOST, pool=POOL)))
    vm = client.vm()

    assert (task.descriptionId, task.state) == ("VirtualMachine.relocate", "success")
    assert (vm.runtime.host.name, vm.resourcePool.owner.name) == ("esx2", "esx2")
    assert [one.name for one in vm.runtime.host.vm] == ["web01"]
    assert list(vim.HostSystem("ha-host", client.stub).vm) == []


def test_everything_that_speaks_against_a_move_is_an_event() -> None:
    client = client_of(snapshots=["before"])
    target = client.world.find("HostSystem", "host-esx2")
    target.set("runtime.inMaintenanceMode", True)
    target.set("datastore", [])
    events = validated(client, host=HOST, pool=POOL)
    task = client.after(1, client.vm().Relocate(vim.vm.RelocateSpec(host=HOST, pool=POOL)))

    assert [type(one) for one in events] == [
        vim.event.MigrationHostErrorEvent,
        vim.event.MigrationHostErrorEvent,
        vim.event.MigrationHostWarningEvent,
    ]
    assert events[0].fullFormattedMessage == "The host esx2 is in maintenance mode."
    assert isinstance(task.error, vim.fault.InvalidState)
    assert client.vm().runtime.host._moId == "ha-host"


def test_a_pool_takes_any_machine_and_nowhere_is_no_place() -> None:
    client = client_of()

    assert list(validated(client, pool=POOL)) == []
    assert isinstance(fault_of(validated, client), vmodl.fault.InvalidArgument)


def test_the_checker_looks_at_the_files_where_they_are_going() -> None:
    client = client_of(snapshots=["before"])
    store = client.world.of_type("Datastore")[0]
    store.files.free = 10
    client.world.find("HostSystem", "host-esx2").set("datastore", [])
    checker: Any = vim.vm.check.ProvisioningChecker("ProvChecker", client.stub)
    task = checker.CheckRelocate_Task(client.vm(), vim.vm.RelocateSpec(host=HOST, datastore=store.ref), None)
    [found] = client.after(1, task).result

    assert [type(one).__name__.rpartition(".")[2] for one in found.error] == [
        "InsufficientStorageSpace",
        "InaccessibleDatastore",
    ]
    assert len(found.warning) == 1
