# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New virtual machines from a ConfigSpec, as CreateVM_Task makes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from . import configspec, diskfiles, guestos
from .description import Disk, Machine
from .entity import like, stable_uuid
from .stores import find_store
from .world import World

if TYPE_CHECKING:
    from .machine import VirtualMachine

DEFAULT_MEMORY_MIB = 32
DEFAULT_GUEST = "otherGuest"


def check(world: World, spec: Any) -> None:
    """
    Refuse what a host refuses at once.

    Raises:
        InvalidVmConfig, InvalidDatastorePath, InvalidArgument and others.
    """
    configspec.check_known(spec)
    if not spec.name:
        raise vim.fault.InvalidVmConfig(property="configSpec.name", msg="A virtual machine needs a name.")
    if spec.files is None or not spec.files.vmPathName:
        raise vim.fault.InvalidVmConfig(
            property="configSpec.files.vmPathName", msg="It is not said where the virtual machine shall be."
        )
    find_store(world, spec.files.vmPathName)
    if spec.guestId is not None and not guestos.is_known(spec.guestId):
        raise vmodl.fault.InvalidArgument(
            invalidProperty="configSpec.guestId", msg="A specified parameter was not correct: configSpec.guestId"
        )


def machine_of(world: World, spec: Any) -> Machine:
    """
    Describe the machine of a spec, with a host's defaults and no devices yet.

    Raises:
        AlreadyExists, FileAlreadyExists: the machine or its VMX is there.
        NotSupported: the host does not know the hardware version.
    """
    store, path = find_store(world, spec.files.vmPathName)
    if not path.lower().endswith(".vmx"):
        folder = path or _free_folder(store, spec.name)
        path = f"{folder}/{spec.name.replace('/', '_')}.vmx"
    vmx_path = f"[{store.get('name')}] {path}"
    if store.files.get(path) is not None:
        raise vim.fault.FileAlreadyExists(file=vmx_path, msg=f"{vmx_path} exists already.")
    number = str(spec.version or "vmx-20").rpartition("-")[2]
    if not number.isdigit() or not configspec.OLDEST_HARDWARE <= int(number) <= configspec.NEWEST_HARDWARE:
        raise vmodl.fault.NotSupported(msg=f"The virtual hardware {spec.version} is not supported by this host.")
    count = len(world.of_type("VirtualMachine"))
    return Machine(
        name=spec.name,
        vmx_path=vmx_path,
        cpus=spec.numCPUs or 1,
        memory_mib=int(spec.memoryMB or DEFAULT_MEMORY_MIB),
        guest_id=spec.guestId or DEFAULT_GUEST,
        hardware_version=int(number),
        firmware=spec.firmware or "bios",
        uuid=spec.uuid or stable_uuid("created", vmx_path, count),
        instance_uuid=spec.instanceUuid or stable_uuid("created instance", vmx_path, count),
    )


def _free_folder(store: Any, name: str) -> str:
    plain = name.replace("/", "_")
    taken = (folder for folder in (plain, *(f"{plain}_{number}" for number in range(1, 1000))))
    return next(folder for folder in taken if not store.files.is_folder(folder))


def furnish(vm: VirtualMachine, spec: Any) -> None:
    """
    Give a machine that was just made everything else that its spec says.

    Raises:
        vmodl.MethodFault: what the host answers; the machine is to be taken away again.
    """
    fault = configspec.objection(vm, like(spec, changeVersion=None))
    if fault is not None:
        raise fault
    vm.apply(spec)


def with_capacities(world: World, machine: Machine) -> Machine:
    """Return a machine that was read from a VMX with the capacities of the disks that are there."""
    return replace(machine, disks=tuple(_as_it_is(world, disk) for disk in machine.disks))


def _as_it_is(world: World, disk: Disk) -> Disk:
    try:
        _store, file = diskfiles.find(world, disk.file)
    except vim.fault.InvalidDatastorePath:
        return disk
    if file is None or file.capacity_kib is None:
        return disk
    return replace(disk, capacity_kib=file.capacity_kib, thin=file.thin)
