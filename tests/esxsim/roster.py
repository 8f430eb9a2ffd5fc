# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How virtual machines come into the inventory, with what hangs on them there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyVmomi import vim

from . import hostdata, machinefiles, vmdk
from .description import Machine
from .devicekeys import network_moid
from .entity import Entity
from .filestore import File
from .machine import VirtualMachine
from .stores import Datastore
from .world import World

VM_FOLDER, POOL = "ha-folder-vm", "ha-root-pool"


def add_machines(
    world: World,
    machines: Iterable[Machine],
    folder: Entity | None = None,
    *,
    with_files: bool = True,
    pool: Any = None,
    **options: Any,
) -> list[VirtualMachine]:
    """
    Add virtual machines to a folder; ``options`` are those of VirtualMachine.

    ``with_files``: their disks and the files of their ports come with them, where they are not there.

    Returns:
        The machines, with ids that follow those that are there.
    """
    with world.lock:
        parent = folder or world.find("Folder", VM_FOLDER)
        pool = pool if pool is not None else vim.ResourcePool(POOL)
        number = max((int(vm.moid) for vm in world.of_type("VirtualMachine")), default=0)
        added = []
        for machine in machines:
            number += 1
            vm = _make(world, str(number), machine, parent=parent.ref, resourcePool=pool, **options)
            added.append(vm)
            _put_vmx(vm)
            if with_files:
                _put_files(world, machine)
        refs = [vm.ref for vm in added]
        parent.append("childEntity", *refs)
        world.find("HostSystem", hostdata.HOST).append("vm", *refs)
        world.find("ResourcePool", pool._moId).append("vm", *refs)
        for kind in ("Datastore", "Network"):
            _link(world, kind, added)
        return added


def _make(world: World, moid: str, machine: Machine, **options: Any) -> VirtualMachine:
    stores = {}
    for path in (machine.vmx_path, *(disk.file for disk in machine.disks)):
        store = _store(world, path)
        if store is not None:
            stores[store.moid] = store
    known = [nic.network for nic in machine.nics if nic.network and _network(world, nic.network) is not None]
    vm = VirtualMachine(
        moid,
        machine,
        environmentBrowser=vim.EnvironmentBrowser("ha-host-envbrowser"),
        datastore=[store.ref for store in stores.values()],
        network=[vim.Network(network_moid(name)) for name in dict.fromkeys(known)],
        **options,
    )
    world.add(vm)
    return vm


def _put_vmx(vm: VirtualMachine) -> None:
    store, path = machinefiles.place(vm, vm.vmx_path)
    # The text of a VMX that came from elsewhere is among what the machine keeps.
    if store is not None:
        store.files.discard(path)
        machinefiles.write_vmx(vm)


def _put_files(world: World, machine: Machine) -> None:
    for disk in machine.disks:
        store = _store(world, disk.file)
        path = disk.file.partition("]")[2].strip()
        if store is not None and store.files.get(path) is None:
            size = disk.capacity_kib * 1024 // (4 if disk.thin else 1)
            vmdk.put(store.files, path, disk.capacity_kib, size, thin=disk.thin)
    for port in (*machine.serials, *machine.parallels):
        store = _store(world, port.target)
        path = port.target.partition("]")[2].strip()
        if store is not None and path and store.files.get(path) is None:
            store.files.put(path, File(0, b""))


def _store(world: World, path: str) -> Datastore | None:
    name = path.partition("]")[0].removeprefix("[") if path.startswith("[") else ""
    return next((store for store in world.of_type("Datastore") if store.get("name") == name), None)


def _network(world: World, name: str) -> Any:
    return world.find_or_none("Network", network_moid(name))


def _link(world: World, kind: str, vms: Sequence[VirtualMachine]) -> None:
    found: dict[str, list[Any]] = {}
    for vm in vms:
        for ref in vm.get(kind.lower()):
            found.setdefault(ref._moId, []).append(vm.ref)
    for moid, refs in found.items():
        world.find(kind, moid).append("vm", *refs)
