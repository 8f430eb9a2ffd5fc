# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New virtual machines: from a ConfigSpec, as CreateVM_Task makes them, and from a VMX, as RegisterVM_Task does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from . import configspec, guestos, hardware, machinefiles, speccheck, vmdk
from .description import Disk, Machine
from .stores import Datastore, find_store
from .uuids import bios_uuid, instance_uuid
from .vmx_import import BadVmx, read
from .world import World

if TYPE_CHECKING:
    from .machine import VirtualMachine

DEFAULT_MEMORY_MIB = 32
DEFAULT_GUEST = "otherGuest"
# What no file name may have; hosts write these so.
BAD_IN_FILES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))


def check(world: World, folder: Any, spec: Any) -> None:
    """
    Refuse what a host refuses at once.

    Raises:
        InvalidVmConfig, InvalidName, InvalidDatastorePath, InvalidArgument, DuplicateName and others.
    """
    configspec.check_known(spec)
    if not spec.name:
        raise vim.fault.InvalidVmConfig(property="configSpec.name", msg="A virtual machine needs a name.")
    if len(spec.name) > speccheck.LONGEST_NAME:
        raise vim.fault.InvalidName(name=spec.name, msg=f"The name '{spec.name}' is invalid.")
    if spec.files is None or not spec.files.vmPathName:
        raise vim.fault.InvalidVmConfig(
            property="configSpec.files.vmPathName", msg="It is not said where the virtual machine shall be."
        )
    store = find_store(world, spec.files.vmPathName)[0]
    if not store.profile.accessible:
        raise vim.fault.InvalidDatastore(
            datastore=store.ref, name=store.get("name"), msg=f"Datastore '{store.get('name')}' is not accessible."
        )
    if spec.guestId is not None and not guestos.is_known(spec.guestId):
        raise speccheck.not_correct("guestId")
    fault = speccheck.namesake(world, folder.ref, spec.name)
    if fault is not None:
        raise fault


def machine_of(world: World, spec: Any) -> Machine:
    """
    Describe the machine of a spec, with a host's defaults and no devices yet.

    Raises:
        FileAlreadyExists: its VMX is there.
        NotSupported: the host does not know the hardware version.
    """
    store, path = find_store(world, spec.files.vmPathName)
    if not path.lower().endswith(".vmx"):
        plain = spec.name.translate(BAD_IN_FILES)
        path = f"{path or _free_folder(store, plain)}/{plain}.vmx"
    vmx_path = f"[{store.get('name')}] {path}"
    if store.files.get(path) is not None:
        raise vim.fault.FileAlreadyExists(
            file=vmx_path, msg=f"Cannot complete the operation because the file or folder {vmx_path} already exists"
        )
    version = spec.version or hardware.version_text(hardware.newest(world))
    number = hardware.known_number(world, str(version))
    if number is None:
        raise vmodl.fault.NotSupported(msg=f"The virtual hardware {spec.version} is not supported by this host.")
    count = len(world.of_type("VirtualMachine"))
    return Machine(
        name=spec.name,
        vmx_path=vmx_path,
        cpus=spec.numCPUs or 1,
        memory_mib=int(spec.memoryMB or DEFAULT_MEMORY_MIB),
        guest_id=spec.guestId or DEFAULT_GUEST,
        hardware_version=number,
        firmware=spec.firmware or "bios",
        uuid=spec.uuid or bios_uuid("created", vmx_path, count),
        instance_uuid=spec.instanceUuid or instance_uuid("created", vmx_path, count),
        extra_config=dict(_own_keys(path.rpartition("/")[2].removesuffix(".vmx"))),
    )


def _own_keys(base: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of a VMX that have no property in the API, and that a host writes for every new machine."""
    yield "nvram", f"{base}.nvram"
    yield "svga.present", "TRUE"
    yield "hpet0.present", "TRUE"
    yield "pciBridge0.present", "TRUE"
    for number in range(4, 8):
        yield f"pciBridge{number}.present", "TRUE"
        yield f"pciBridge{number}.virtualDev", "pcieRootPort"
        yield f"pciBridge{number}.functions", "8"


def _free_folder(store: Datastore, plain: str) -> str:
    taken = (folder for folder in (plain, *(f"{plain}_{number}" for number in range(1, 1000))))
    return next(folder for folder in taken if not store.files.is_folder(folder))


def furnish(vm: VirtualMachine, spec: Any) -> None:
    """
    Give a machine that was just made everything else that its spec says.

    Raises:
        vmodl.MethodFault: what the host answers; the machine is to be taken away again.
    """
    fault = speccheck.objection(vm, spec, new=True)
    if fault is not None:
        raise fault
    machinefiles.prepare(vm)
    vm.apply(spec, new=True)


def registered(world: World, path: str) -> Machine:
    """
    Read the machine of a VMX that lies on a datastore.

    Raises:
        InvalidDatastorePath, NotFound, AlreadyExists, InvalidVmConfig.
    """
    store, rest = find_store(world, path)
    file = store.files.get(rest)
    content = file.read() if file is not None else None
    if content is None:
        raise vim.fault.NotFound(msg=f"The file {path} was not found.")
    vmx_path = f"[{store.get('name')}] {rest}"
    if any(vm.vmx_path == vmx_path for vm in world.of_type("VirtualMachine")):
        raise vim.fault.AlreadyExists(name=path, msg=f"The specified key, name, or identifier '{path}' already exists.")
    try:
        machine = read(content, vmx_path, {one.moid: str(one.get("name")) for one in world.of_type("Datastore")})
    except BadVmx as error:
        raise vim.fault.InvalidVmConfig(property="", msg=str(error)) from error
    return replace(machine, disks=tuple(_as_it_is(world, disk) for disk in machine.disks))


def _as_it_is(world: World, disk: Disk) -> Disk:
    """Return a disk that a VMX names with the capacity that it has; one that is not there has none."""
    try:
        store, path = find_store(world, disk.file)
        found = vmdk.read(store.files, path)
    except (vim.fault.InvalidDatastorePath, vmdk.NotADisk):
        found = None
    if found is None:
        return replace(disk, capacity_kib=0)
    return replace(disk, capacity_kib=found.capacity_kib, thin=found.thin, eager=found.eager, uuid=found.uuid)
