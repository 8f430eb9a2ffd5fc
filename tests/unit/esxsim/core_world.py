# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small world of the core's own: two folders of virtual machines that know power and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timezone
from typing import Any, ClassVar

from ansible_collections.virt.esx.tests.esxsim import Call, Clock, ManagedObject, Signal, SimStub, World, method
from pyVmomi import vim, vmodl

PC = vmodl.query.PropertyCollector


class Machine(ManagedObject):
    """A VM that takes two seconds to start."""

    type_name = "VirtualMachine"
    derive: ClassVar[dict[str, Any]] = {
        "summary.runtime": lambda machine: machine.get("runtime"),
        "summary.vm": lambda machine: machine.ref,
    }
    asks: Signal | None = None

    @method("PowerOnVM_Task")
    def power_on(self, call: Call, *, host: Any = None) -> Any:
        return call.world.tasks.start(self, "PowerOnVM_Task", self.starting(), cancelable=True)

    def starting(self) -> Generator[Any, Any, Any]:
        yield 1
        if self.asks is not None:
            self.set("runtime.question", question())
            answer = yield self.asks
            self.set("runtime.question", None)
            if answer == "cancel":
                raise vim.fault.InvalidState(msg="no")
        yield 1
        self.set("runtime.powerState", "poweredOn")

    @method("Rename_Task")
    def rename(self, call: Call, *, newName: str) -> Any:
        def body() -> Generator[Any, Any, Any]:
            self.set("name", newName)
            yield from ()

        return call.world.tasks.start(self, "Rename_Task", body())

    @method("AnswerVM")
    def answer(self, call: Call, *, questionId: str, answerChoice: str) -> None:
        assert self.asks is not None
        self.asks.fire(answerChoice)


class Folder(ManagedObject):
    """A folder."""

    type_name = "Folder"


class ServiceInstance(ManagedObject):
    """The door."""

    type_name = "ServiceInstance"

    @method("RetrieveServiceContent")
    def retrieve_content(self, call: Call) -> Any:
        return self.get("content")

    @method("CurrentTime")
    def current_time(self, call: Call) -> Any:
        return call.world.clock.utcnow()


def question() -> Any:
    choices = vim.option.ChoiceOption(
        choiceInfo=[vim.ElementDescription(key=k, label=k, summary=k) for k in ("cancel", "go")], defaultIndex=0
    )
    return vim.vm.QuestionInfo(id="1", text="Really?", choice=choices)


def machine(moid: str, name: str) -> Machine:
    runtime = vim.vm.RuntimeInfo(
        powerState="poweredOff",
        connectionState="connected",
        faultToleranceState="notConfigured",
        numMksConnections=0,
        toolsInstallerMounted=False,
        recordReplayState="inactive",
    )
    hardware = vim.vm.VirtualHardware(numCPU=2, memoryMB=1024, device=devices())
    config = vim.vm.ConfigInfo(
        changeVersion="1",
        modified=datetime(2026, 1, 1, tzinfo=timezone.utc),
        name=name,
        guestFullName="Other",
        version="vmx-19",
        uuid=f"564d0000-0000-0000-0000-{int(moid):012d}",
        template=False,
        guestId="otherGuest",
        alternateGuestName="",
        files=vim.vm.FileInfo(vmPathName=f"[ds] {name}/{name}.vmx"),
        flags=vim.vm.FlagInfo(),
        defaultPowerOps=vim.vm.DefaultPowerOpInfo(),
        hardware=hardware,
        extraConfig=[vim.option.OptionValue(key="guestinfo.a.b", value="x")],
    )
    return Machine(moid, name=name, runtime=runtime, config=config, summary=_summary(), recentTask=[])


def devices() -> list[Any]:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[ds] a & b/<c>.vmdk", diskMode="persistent")
    disk = vim.vm.device.VirtualDisk(key=2000, backing=backing, capacityInKB=1 << 33, unitNumber=0, controllerKey=1000)
    nic = vim.vm.device.VirtualVmxnet3(key=4000, macAddress="00:0c:29:00:00:01", addressType="generated")
    return [disk, nic]


def _summary() -> Any:
    return vim.vm.Summary(
        config=vim.vm.Summary.ConfigSummary(template=False),
        quickStats=vim.vm.Summary.QuickStats(guestHeartbeatStatus="gray"),
        overallStatus="green",
    )


def build(mode: Any = "manual", machines: int = 2, **options: Any) -> World:
    """A world with a root folder, a folder below it, and machines in that."""
    world = World(clock=Clock(mode), **options)
    content = vim.ServiceInstanceContent(
        rootFolder=vim.Folder("root"),
        propertyCollector=PC(world.property_collector),
        viewManager=vim.view.ViewManager(world.view_manager),
        sessionManager=vim.SessionManager(world.session_manager),
        taskManager=vim.TaskManager(world.task_manager),
        about=about(world),
    )
    world.add(ServiceInstance("ServiceInstance", content=content))
    vms = [machine(str(number), f"vm{number}") for number in range(1, machines + 1)]
    world.add(Folder("root", name="root", childEntity=[vim.Folder("vms")]))
    world.add(Folder("vms", name="vms", childEntity=[vm.ref for vm in vms]))
    for vm in vms:
        world.add(vm)
    return world


def about(world: World) -> Any:
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName="VMware ESXi 8.0.3",
        vendor="VMware, Inc.",
        version="8.0.3",
        build="1",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=world.api_version,
    )


def login(world: World, **options: Any) -> SimStub:
    """A client that is logged in; ``stub.session`` is its session."""
    stub = SimStub(world, **options)
    vim.SessionManager(world.session_manager, stub).Login(world.username, world.password, None)
    return stub


def collector(stub: SimStub) -> Any:
    return PC(stub.world.property_collector, stub)


def vm_filter(*moids: str, paths: tuple[str, ...] = ("name",), select: tuple[Any, ...] = (), **more: Any) -> Any:
    """A filter over machines; ``more`` gives further PropertySpecs as WSDL name=paths."""
    return PC.FilterSpec(
        propSet=[
            PC.PropertySpec(type=vim.VirtualMachine, pathSet=list(paths)),
            *(PC.PropertySpec(type=getattr(vim, name), pathSet=list(some)) for name, some in more.items()),
        ],
        objectSet=[PC.ObjectSpec(obj=vim.VirtualMachine(moid), selectSet=list(select)) for moid in moids],
    )


def recent_tasks() -> Any:
    return PC.TraversalSpec(name="tasks", type=vim.VirtualMachine, path="recentTask", skip=False)


def flat(update: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """An UpdateSet as (kind, moid, {name: value}) of all of its filters."""
    return [
        (one.kind, one.obj._moId, {change.name: change.val for change in one.changeSet})
        for each in update.filterSet
        for one in each.objectSet
    ]
