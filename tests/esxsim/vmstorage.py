# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine reports of its files: derived from what lies on the datastores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import locks, machinefiles, snapshotfiles, vmdk
from .description import CREATED

if TYPE_CHECKING:
    from .filestore import File
    from .vmbase import VmBase

# Suffix of a file beside the VMX to what it is.
TYPES = {
    ".vmx": "config",
    ".vmxf": "extendedConfig",
    ".vmsd": "snapshotList",
    ".nvram": "nvram",
    ".vswp": "swap",
    ".vmss": "suspend",
}


def _file(vm: VmBase, name: str) -> File | None:
    store, path = machinefiles.place(vm, name)
    return None if store is None else store.files.get(path)


def _disks(vm: VmBase) -> Iterator[tuple[int, list[tuple[str, int]], int]]:
    """Yield the key, the files with their allocated bytes from the base up, and the capacity in bytes of each disk."""
    for one in vm.get("config.hardware.device"):
        if isinstance(one, vim.vm.device.VirtualDisk) and getattr(one.backing, "fileName", None):
            yield one.key, _chain(vm, one.backing), one.capacityInBytes or 0


def _chain(vm: VmBase, backing: Any) -> list[tuple[str, int]]:
    files: list[tuple[str, int]] = []
    while backing is not None:
        extent = _file(vm, vmdk.extent_of(backing.fileName))
        files.insert(0, (backing.fileName, 0 if extent is None else extent.size))
        backing = getattr(backing, "parent", None)
    return files


def _own(vm: VmBase) -> Iterator[tuple[str, str, int]]:
    """Yield the name, the type and the bytes of each of the files beside the VMX."""
    base = vm.vmx_path[: -len(".vmx")] if vm.vmx_path.lower().endswith(".vmx") else vm.vmx_path
    for suffix, kind in TYPES.items():
        name = base + suffix if suffix != ".vmx" else vm.vmx_path
        found = _file(vm, name)
        if found is not None:
            # The VMX is made when it is read; what it will be long is not worth making it.
            yield name, kind, 2048 if suffix == ".vmx" else found.size
    for log in locks.own_files(vm):
        found = _file(vm, log) if log.endswith(".log") else None
        if found is not None:
            yield log, "log", found.length


def _bytes(vm: VmBase) -> tuple[int, int]:
    disks = list(_disks(vm))
    used = sum(size for _key, files, _capacity in disks for _name, size in files)
    return used, max(0, sum(capacity for *_rest, capacity in disks) - used)


def summary_storage(vm: VmBase) -> Any:
    committed, uncommitted = _bytes(vm)
    return vim.vm.Summary.StorageSummary(
        committed=committed, uncommitted=uncommitted, unshared=committed, timestamp=CREATED
    )


def layout_ex(vm: VmBase) -> Any:
    """Derive the list of the machine's files."""
    layout: Any = vim.vm.FileLayoutEx
    files: list[Any] = []

    def add(name: str, kind: str, size: int) -> int:
        files.append(layout.FileInfo(key=len(files), name=name, type=kind, size=size, uniqueSize=size, accessible=True))
        return len(files) - 1

    for name, kind, size in _own(vm):
        add(name, kind, size)
    disks = []
    for key, parts, _capacity in _disks(vm):
        units = [
            [add(name, "diskDescriptor", 512), add(vmdk.extent_of(name), "diskExtent", size)] for name, size in parts
        ]
        disks.append(layout.DiskLayout(key=key, chain=[layout.DiskUnit(fileKey=keys) for keys in units]))
    for _ref, state, memory in snapshotfiles.listed(vm):
        for file, kind in ((state, "snapshotData"), (memory, "snapshotMemory")):
            found = _file(vm, file) if file is not None else None
            if file is not None and found is not None:
                add(file, kind, found.size)
    snapshots = snapshotfiles.laid_out(vm, {one.name: one.key for one in files}, disks)
    return layout(file=files, disk=disks, snapshot=snapshots, timestamp=CREATED)


def layout(vm: VmBase) -> Any:
    """Derive the older list of the machine's files; it leaves out the VMX file, and what a disk's descriptor names."""
    made: Any = vim.vm.FileLayout
    return made(
        disk=[made.DiskLayout(key=key, diskFile=[name for name, _size in parts]) for key, parts, _rest in _disks(vm)]
    )


def storage(vm: VmBase) -> Any:
    usage = []
    for ref in vm.get("datastore"):
        name = f"[{vm.world.find('Datastore', ref._moId).get('name')}] "
        here = [
            (sum(size for _file, size in parts), capacity)
            for _key, parts, capacity in _disks(vm)
            if parts[0][0].startswith(name)
        ]
        committed = sum(size for size, _capacity in here)
        usage.append(
            vim.vm.StorageInfo.UsageOnDatastore(
                datastore=ref,
                committed=committed,
                uncommitted=max(0, sum(capacity for _size, capacity in here) - committed),
                unshared=committed,
            )
        )
    return vim.vm.StorageInfo(perDatastoreUsage=usage, timestamp=CREATED)
