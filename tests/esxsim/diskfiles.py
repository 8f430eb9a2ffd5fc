# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files behind virtual disks: made, attached, grown and deleted with the devices."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from . import locks, vmdk
from .change import Change, invalid
from .diskmanager import found
from .entity import like
from .filestore import OutOfSpace
from .stores import Datastore, find_store, no_space
from .world import World

device: Any = vim.vm.device


def exists(world: World, name: str) -> bool:
    """
    Tell whether there is a file at a datastore path.

    Raises:
        InvalidDatastorePath: there is no such datastore.
    """
    store, path = find_store(world, name)
    return store.files.get(path) is not None


def added(change: Change, disk: Any, spec: Any, index: int) -> Any:
    """
    Make or attach the file of a new disk.

    Raises:
        FileAlreadyExists, FileNotFound, FileLocked, NoDiskSpace, InvalidDiskFormat, InvalidDeviceSpec and its kinds.
    """
    backing = disk.backing
    if isinstance(backing, device.VirtualDisk.RawDiskMappingVer1BackingInfo):
        raise vim.fault.InvalidDeviceBacking(
            deviceIndex=index,
            property="virtualDeviceSpec.device.backing",
            msg="The simulated host has no LUN that could be mapped: raw device mappings are refused.",
        )
    if not isinstance(backing, device.VirtualDisk.FlatVer2BackingInfo):
        raise invalid(index, "device.backing", "esxsim knows flat disks only")
    if str(spec.fileOperation or "") in ("create", "replace"):
        return _complete(change, _created(change, disk, index, replace=str(spec.fileOperation) == "replace"))
    return _complete(change, _attached(change, disk, index))


def _attached(change: Change, disk: Any, index: int) -> Any:
    name = disk.backing.fileName
    if not name:
        raise invalid(index, "device.backing.fileName", "the disk that is to be attached has no name")
    store, path = find_store(change.world, name)
    there = found(store, path, name)
    _check_unused(change, name, disk.backing)
    return like(
        disk,
        capacityInKB=there.capacity_kib,
        capacityInBytes=there.capacity_kib * 1024,
        backing=like(
            disk.backing,
            fileName=f"[{store.get('name')}] {path}",
            thinProvisioned=there.thin,
            eagerlyScrub=True if there.eager else None,
            uuid=there.uuid,
        ),
    )


def _check_unused(change: Change, name: str, backing: Any) -> None:
    own = (one.backing for one in change.devices if isinstance(one, device.VirtualDisk))
    if change.running and any(getattr(one, "fileName", None) == name for one in own):
        raise locks.locked(name)
    users = locks.users(change.world, name, but=change.machine, sharing=str(backing.sharing or ""))
    if users:
        raise vim.fault.FileLocked(file=name, msg=f"Unable to access file {name} since it is locked by {users[0]}")


def _created(change: Change, disk: Any, index: int, *, replace: bool) -> Any:
    backing = disk.backing
    below = _below(change, backing.parent) if backing.parent is not None else None
    if below is not None:
        disk = like(disk, capacityInKB=below.capacity_kib)
        backing = like(backing, thinProvisioned=True, eagerlyScrub=None)
    capacity = disk.capacityInKB or (disk.capacityInBytes or 0) // 1024
    if capacity < 1:
        raise invalid(index, "device.capacityInKB", "a disk needs a capacity")
    name = _named(change, backing.fileName or "")
    store, path = find_store(change.world, name)
    is_there = store.files.get(path) is not None
    if name in change.made or (is_there and not replace):
        raise vim.fault.FileAlreadyExists(
            file=name, msg=f"Cannot complete the operation because the file or folder {name} already exists"
        )
    if is_there:
        locks.check_free(change.world, store, path)
        change.acts.append(lambda: vmdk.discard(store.files, path))
    thin, eager = bool(backing.thinProvisioned), bool(backing.eagerlyScrub) and not backing.thinProvisioned
    change.take(store, name, 0 if thin else capacity * 1024)
    change.made.append(name)
    uuid = backing.uuid or vmdk.new_uuid(change.uuid, name)
    make = {"thin": thin, "eager": eager, "adapter": change.adapter(disk.controllerKey), "uuid": uuid.lower()}
    change.acts.append(lambda: _make(store, path, name, capacity, make))
    made = like(backing, fileName=name, thinProvisioned=thin, eagerlyScrub=True if eager else None, uuid=uuid)
    return like(disk, capacityInKB=capacity, capacityInBytes=capacity * 1024, backing=made)


def _below(change: Change, parent: Any) -> vmdk.Disk:
    """Read the disk that a new one is to lie on, which may be open elsewhere as long as nobody writes to it."""
    store, path = find_store(change.world, parent.fileName)
    below = found(store, path, parent.fileName)
    for vm in change.world.of_type("VirtualMachine"):
        own = (one.backing for one in vm.get("config.hardware.device") if isinstance(one, device.VirtualDisk))
        is_written = any(getattr(one, "fileName", None) == parent.fileName for one in own)
        if is_written and vm.get("runtime.powerState") == "poweredOn":
            raise locks.locked(parent.fileName)
    return below


def _make(store: Datastore, path: str, name: str, capacity: int, make: dict[str, Any]) -> None:
    try:
        vmdk.create(store.files, path, capacity, **make)
    except OutOfSpace as error:
        raise no_space(store, name) from error
    store.touch("summary", "info")


def _named(change: Change, asked: str) -> str:
    """Choose the file of a new disk: as asked, or beside the VMX with the machine's name and a number."""
    if asked.lower().endswith(".vmdk"):
        # A name without a datastore is meant beside the VMX.
        name = asked if asked.startswith("[") else change.home + asked
        store, path = find_store(change.world, name)
        folder = path.rpartition("/")[0]
        if not store.files.is_folder(folder) and f"[{store.get('name')}] {folder}/" != change.home:
            raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
        return f"[{store.get('name')}] {path}"
    taken = {one.backing.fileName for one in change.devices if isinstance(one, device.VirtualDisk)}
    home = change.home
    if asked.startswith("[") and find_store(change.world, asked)[0] is not find_store(change.world, home)[0]:
        # Only a datastore was named: the folder has the same name there.
        home = f"[{find_store(change.world, asked)[0].get('name')}] {home.partition('] ')[2]}"
    plain = change.base
    for number in range(1000):
        name = f"{home}{plain}{f'_{number}' if number else ''}.vmdk"
        if name not in taken and name not in change.made and not exists(change.world, name):
            return name
    raise vim.fault.FileAlreadyExists(file=home, msg="No name is left for the disk.")


def _complete(change: Change, disk: Any) -> Any:
    """Fill in what a host reports of every disk."""
    backing = disk.backing
    shares = vim.SharesInfo(shares=1000, level="normal")
    allocation = disk.storageIOAllocation or vim.StorageResourceManager.IOAllocationInfo()
    return like(
        disk,
        backing=like(
            backing,
            datastore=find_store(change.world, backing.fileName)[0].ref,
            diskMode=backing.diskMode or "persistent",
            split=bool(backing.split),
            writeThrough=bool(backing.writeThrough),
            digestEnabled=False,
            sharing=backing.sharing or "sharingNone",
            uuid=backing.uuid or vmdk.new_uuid(backing.fileName),
        ),
        shares=disk.shares or shares,
        storageIOAllocation=like(
            allocation,
            limit=-1 if allocation.limit is None else allocation.limit,
            shares=_levelled(allocation.shares) or shares,
            reservation=allocation.reservation or 0,
        ),
        diskObjectId=f"{change.uuid}-{disk.key}",
        nativeUnmanagedLinkedClone=False,
    )


def _levelled(shares: Any) -> Any:
    if shares is None or str(shares.level) == "custom":
        return shares
    return vim.SharesInfo(level=shares.level, shares={"low": 500, "normal": 1000, "high": 2000}[str(shares.level)])


def edited(change: Change, old: Any, new: Any, index: int) -> Any:
    """
    Change a disk: make it larger, exchange its file.

    Raises:
        InvalidDeviceSpec: it would shrink. NoDiskSpace, FileNotFound, InvalidDiskFormat.
    """
    if new.backing.fileName != old.backing.fileName:
        new = _attached(change, like(new, capacityInKB=None, capacityInBytes=None), index)
        old = new
    else:
        # What lies below its file, no request tells.
        new = like(new, backing=like(new.backing, parent=old.backing.parent))
    if change.running and str(new.backing.diskMode) != str(old.backing.diskMode):
        raise vim.fault.InvalidPowerState(
            requestedState="poweredOff", existingState="poweredOn", msg="The mode of a disk cannot change now."
        )
    grown = new.capacityInKB
    if new.capacityInBytes and new.capacityInBytes != old.capacityInBytes:
        grown = new.capacityInBytes // 1024
    if grown < old.capacityInKB:
        raise invalid(index, "device.capacityInKB", "a disk cannot be made smaller")
    if grown > old.capacityInKB:
        if getattr(new.backing, "parent", None) is not None:
            raise invalid(index, "device.capacityInKB", "a disk with snapshots cannot be made larger")
        name = new.backing.fileName
        store, path = find_store(change.world, name)
        there = found(store, path, name)
        change.take(store, name, 0 if there.thin else max(0, grown - there.capacity_kib) * 1024)
        change.acts.append(lambda: _grow(store, path, name, grown))
    return _complete(change, like(new, capacityInKB=grown, capacityInBytes=grown * 1024))


def _grow(store: Datastore, path: str, name: str, capacity_kib: int) -> None:
    try:
        vmdk.grow(store.files, path, capacity_kib)
    except OutOfSpace as error:
        raise no_space(store, name) from error
    store.touch("summary", "info")


def destroy(world: World, name: str) -> None:
    """Delete the files of a disk."""
    store, path = find_store(world, name)
    vmdk.discard(store.files, path)
    store.touch("summary", "info")
