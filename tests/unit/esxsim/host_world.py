# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds made of scenarios, and clients that are logged in, for the tests of the inventory and its machines."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.tests.esxsim import SimStub, World
from ansible_collections.virt.esx.tests.esxsim.machine import VirtualMachine
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from pyVmomi import vim, vmodl


def world_of(*vms: dict[str, Any], **more: Any) -> World:
    """A world with these VMs, on a clock that only the test moves."""
    return load_scenario({"clock": "manual", "vms": list(vms), **more})


class Client:
    """Somebody who is logged in, through pyVmomi."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stub = SimStub(world)
        instance: Any = vim.ServiceInstance("ServiceInstance", self.stub)
        self.content = instance.RetrieveContent()
        self.content.sessionManager.Login(world.username, world.password, None)

    def vm(self, name: str = "web01") -> Any:
        """The only VM of a name, as the client sees it."""
        return vim.VirtualMachine(machine(self.world, name).moid, self.stub)

    def after(self, seconds: float, task: Any) -> Any:
        """Let time pass; return the task's info."""
        self.world.clock.advance(seconds)
        return task.info


def machine(world: World, name: str = "web01") -> VirtualMachine:
    """The only VM of a name, as the host has it."""
    found: list[VirtualMachine] = [vm for vm in world.of_type("VirtualMachine") if vm.get("name") == name]
    assert len(found) == 1
    return found[0]


def fault_of(call: Any, *args: Any, **kwargs: Any) -> Any:
    """The fault that a call raises."""
    try:
        call(*args, **kwargs)
    except vmodl.MethodFault as fault:
        return fault
    raise AssertionError("no fault was raised")
