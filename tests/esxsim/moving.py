# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Moving machines between hosts: refused by a host of its own, and as much of a vCenter as it takes not to be.

Source: vim.ServiceInstance.ValidateMigration and vim.vm.check.ProvisioningChecker.CheckRelocate_Task, which tell
everything that speaks against a move, and vim.VirtualMachine.RelocateVM_Task, which ends with the first of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pyVmomi import vim, vmodl

from .entity import Plain, like, plain
from .managed import Call, ManagedObject, key_of, method
from .screens import WithScreen
from .tasks import Body

if TYPE_CHECKING:
    from .world import World

FIRST_HOST = "ha-host"
CHECKER = "ProvChecker"


class Objection(NamedTuple):
    """What speaks against a move, as a fault and in words."""

    kind: Any
    fault: Any
    words: str


class Movable(WithScreen):
    """A virtual machine that can be moved."""

    @method("RelocateVM_Task")
    def relocate(self, call: Call, *, spec: Any, priority: Any = None) -> Any:
        check_vcenter(call.world)
        if spec.datastore is not None or spec.disk:
            raise vmodl.fault.NotSupported(msg="Files are not moved here.")

        def check() -> Any:
            found = [one for one in objections(self, spec.host) if "Error" in one.kind.__name__]
            return found[0].fault if found else None

        return self.run("relocate", lambda: self._arrive(spec), check, "RelocateVM_Task")

    def _arrive(self, spec: Any) -> None:
        for path, ref in (("runtime.host", spec.host), ("resourcePool", spec.pool)):
            if ref is not None:
                self.world.find(*key_of(self.get(path))).discard("vm", self.ref)
                self.set(path, ref)
                self.world.find(*key_of(ref)).append("vm", self.ref)


class ProvisioningChecker(Plain):
    """What looks at a move of a machine together with its files."""

    type_name = "VirtualMachineProvisioningChecker"

    @method("CheckRelocate_Task")
    def check_relocate(self, call: Call, *, vm: Any, spec: Any, testType: Any = None) -> Any:
        machine = call.world.find(*key_of(vm))

        def body() -> Body:
            yield 0
            found = list(objections(machine, spec.host, spec.datastore))
            errors = [one.fault for one in found if "Error" in one.kind.__name__]
            warnings = [one.fault for one in found if "Error" not in one.kind.__name__]
            kind: Any = vim.vm.check.Result
            return kind.Array([kind(vm=vm, host=spec.host, error=errors, warning=warnings)])

        return call.world.tasks.start(self, "CheckRelocate_Task", body())


def check_vcenter(world: World) -> None:
    """
    Let a host of its own refuse.

    Raises:
        NotSupported: this is no vCenter.
    """
    if world.find("ServiceInstance", "ServiceInstance").get("content").about.apiType != "VirtualCenter":
        raise vmodl.fault.NotSupported(msg="The operation is not supported on the object.")


def events(world: World, vms: Sequence[Any], pool: Any, host: Any) -> list[Any]:
    """Everything that speaks against a move, as events; ``pool`` takes any machine."""
    check_vcenter(world)
    if pool is None and host is None:
        raise vmodl.fault.InvalidArgument(invalidProperty="host", msg="A specified parameter was not correct: host")
    return [
        one.kind(
            key=0,
            chainId=0,
            createdTime=world.clock.utcnow(),
            userName="",
            vm=vim.event.VmEventArgument(name=vm.get("name"), vm=vm.ref),
            dstHost=vim.event.HostEventArgument(name=world.find(*key_of(host)).get("name"), host=host),
            fault=one.fault,
            fullFormattedMessage=one.words,
        )
        for vm in (world.find(*key_of(ref)) for ref in vms)
        for one in objections(vm, host)
    ]


def objections(vm: ManagedObject, host: Any, store: Any = None) -> Iterator[Objection]:
    """What speaks against a machine's move to a host, and of its files to a datastore; None: to none."""
    if store is not None:
        yield from _full(vm, vm.world.find(*key_of(store)))
    if host is None:
        return
    target = vm.world.find(*key_of(host))
    error, warning = vim.event.MigrationHostErrorEvent, vim.event.MigrationHostWarningEvent
    if target.get("runtime.inMaintenanceMode"):
        words = f"The host {target.get('name')} is in maintenance mode."
        yield Objection(error, vim.fault.InvalidState(msg=words), words)
    known = {ref._moId for ref in target.get("datastore")}
    for ref in vm.get("datastore") if store is None else [store]:
        if ref._moId not in known:
            name = vm.world.find(*key_of(ref)).get("name")
            words = f"The host {target.get('name')} cannot access the datastore '{name}'."
            yield Objection(error, vim.fault.InaccessibleDatastore(datastore=ref, name=name, msg=words), words)
    if vm.get("snapshot") is not None:
        words = f"{vm.get('name')} has snapshots."
        yield Objection(warning, vmodl.MethodFault(msg=words), words)


def _full(vm: ManagedObject, store: ManagedObject) -> Iterator[Objection]:
    summary, needed = store.get("summary"), vm.get("summary.storage.committed") or 0
    if summary.freeSpace < needed:
        words = f"The datastore '{summary.name}' has {summary.freeSpace} bytes left, and {needed} are needed."
        fault = vim.fault.InsufficientStorageSpace(msg=words)
        yield Objection(vim.event.MigrationErrorEvent, fault, words)


def make_vcenter(
    world: World, *names: str, datastores: Sequence[Any] | None = None, maintenance_mode: bool = False
) -> None:
    """Let a world be a vCenter with more hosts, each with a pool; ``datastores`` None: they have those of the first."""
    service: Any = world.find("ServiceInstance", "ServiceInstance")
    if world.find_or_none(ProvisioningChecker.type_name, CHECKER) is None:
        world.add(ProvisioningChecker(CHECKER))
    service.set("content.about.apiType", "VirtualCenter")
    service.set("content.vmProvisioningChecker", vim.vm.check.ProvisioningChecker(CHECKER))
    first: Any = world.find("HostSystem", FIRST_HOST)
    folder = world.find("Folder", "ha-folder-host")
    for name in names:
        compute, pool, host = (
            vim.ComputeResource(f"domain-{name}"),
            vim.ResourcePool(f"resgroup-{name}"),
            vim.HostSystem(f"host-{name}"),
        )
        world.add(plain("ResourcePool", pool._moId, name="Resources", parent=compute, owner=compute))
        world.add(plain("ComputeResource", compute._moId, name=name, parent=folder.ref, resourcePool=pool, host=[host]))
        world.add(
            plain(
                "HostSystem",
                host._moId,
                name=name,
                parent=compute,
                datastore=list(first.get("datastore") if datastores is None else datastores),
                runtime=like(first.get("runtime"), inMaintenanceMode=maintenance_mode),
            )
        )
        folder.append("childEntity", compute)
