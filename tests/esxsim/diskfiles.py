# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files behind virtual disks: made, attached, grown and deleted with the devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from .entity import like, stable_uuid
from .filestore import File, OutOfSpace
from .stores import Datastore, find_store
from .world import World

if TYPE_CHECKING:
    from .devicechange import Change

device: Any = vim.vm.device
# A thin disk begins with this much of its capacity.
THIN_SHARE = 64


def find(world: World, name: str) -> tuple[Datastore, File | None]:
    """
    Find a file by its datastore path; None: the datastore has no such file.

    Raises:
        InvalidDatastorePath: there is no such datastore.
    """
    store, path = find_store(world, name)
    return store, store.files.get(path)


def size_of(capacity_kib: int, *, thin: bool) -> int:
    """Bytes that a new disk takes."""
    return capacity_kib * 1024 // (THIN_SHARE if thin else 1)


def added(change: Change, disk: Any, spec: Any, index: int) -> Any:
    """
    Make or attach the file of a new disk.

    Raises:
        FileAlreadyExists, FileNotFound, NoDiskSpace, InvalidDeviceSpec.
    """
    from .devicechange import invalid

    backing = disk.backing
    if not isinstance(backing, device.VirtualDisk.FlatVer2BackingInfo):
        raise invalid(index, "device.backing", "esxsim knows flat disks only")
    if str(spec.fileOperation or "") == "create":
        disk = _created(change, disk, index)
    else:
        if not backing.fileName:
            raise invalid(index, "device.backing.fileName", "the disk that is to be attached has no name")
        _store, file = find(change.world, backing.fileName)
        if file is None:
            raise vim.fault.FileNotFound(file=backing.fileName, msg=f"File {backing.fileName} was not found")
        users = _users(change, backing.fileName)
        if users:
            raise vim.fault.FileLocked(file=backing.fileName, msg=f"{backing.fileName} is in use by {users[0]}.")
        capacity = file.capacity_kib or disk.capacityInKB or 0
        disk = like(
            disk,
            capacityInKB=capacity,
            capacityInBytes=capacity * 1024,
            backing=like(backing, thinProvisioned=file.thin, eagerlyScrub=file.eager),
        )
    return _complete(change, disk)


def _created(change: Change, disk: Any, index: int) -> Any:
    from .devicechange import invalid

    backing = disk.backing
    capacity = disk.capacityInKB or (disk.capacityInBytes or 0) // 1024
    if capacity < 1:
        raise invalid(index, "device.capacityInKB", "a disk needs a capacity")
    name = _named(change, backing.fileName or "")
    store, file = find(change.world, name)
    if file is not None:
        raise vim.fault.FileAlreadyExists(file=name, msg=f"Cannot complete the operation because {name} exists.")
    thin, eager = bool(backing.thinProvisioned), bool(backing.eagerlyScrub)
    size = size_of(capacity, thin=thin)
    if size > store.files.free:
        raise vim.fault.NoDiskSpace(
            datastore=store.get("name"), file=name, msg=f"There is no space left on the datastore {store.get('name')}."
        )
    change.acts.append(lambda: _make(store, name, File(size, None, capacity, thin=thin, eager=eager)))
    made = like(backing, fileName=name, thinProvisioned=thin, eagerlyScrub=eager)
    return like(disk, capacityInKB=capacity, capacityInBytes=capacity * 1024, backing=made)


def _make(store: Datastore, name: str, file: File) -> None:
    try:
        store.files.allocate(find_store(store.world, name)[1], file)
    except OutOfSpace as error:
        raise vim.fault.NoDiskSpace(datastore=store.get("name"), file=name, msg="No space is left.") from error
    store.touch("summary", "info")


def _named(change: Change, asked: str) -> str:
    """Choose the file of a new disk: as asked, or beside the VMX with the machine's name and a number."""
    if asked.startswith("[") and asked.lower().endswith(".vmdk"):
        return asked
    taken = {one.backing.fileName for one in change.devices if isinstance(one, device.VirtualDisk)}
    for number in range(1000):
        name = f"{change.home}{change.name}{f'_{number}' if number else ''}.vmdk"
        if name not in taken and find(change.world, name)[1] is None:
            return name
    raise vim.fault.FileAlreadyExists(file=change.home, msg="No name is left for the disk.")


def _complete(change: Change, disk: Any) -> Any:
    """Fill in what a host reports of every disk."""
    backing = disk.backing
    shares = vim.SharesInfo(shares=1000, level="normal")
    allocation = disk.storageIOAllocation or vim.StorageResourceManager.IOAllocationInfo()
    return like(
        disk,
        backing=like(
            backing,
            datastore=find(change.world, backing.fileName)[0].ref,
            diskMode=backing.diskMode or "persistent",
            split=bool(backing.split),
            writeThrough=bool(backing.writeThrough),
            digestEnabled=False,
            sharing=backing.sharing or "sharingNone",
            uuid=backing.uuid or stable_uuid("vmdk", change.uuid, backing.fileName),
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
        InvalidDeviceSpec: it would shrink. NoDiskSpace, FileNotFound.
    """
    from .devicechange import invalid

    if new.backing.fileName != old.backing.fileName and find(change.world, new.backing.fileName)[1] is None:
        raise vim.fault.FileNotFound(file=new.backing.fileName, msg=f"File {new.backing.fileName} was not found")
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
        store, file = find(change.world, new.backing.fileName)
        more = 0 if file is None or file.thin else (grown - old.capacityInKB) * 1024
        if more > store.files.free:
            raise vim.fault.NoDiskSpace(
                datastore=store.get("name"), file=new.backing.fileName, msg="No space is left on the datastore."
            )
        change.acts.append(lambda: _grow(store, file, grown, more))
    return _complete(change, like(new, capacityInKB=grown, capacityInBytes=grown * 1024))


def _grow(store: Datastore, file: File | None, capacity_kib: int, more: int) -> None:
    if file is not None:
        file.capacity_kib = capacity_kib
        store.files.grow(file, more)
        store.touch("summary", "info")


def destroy(world: World, name: str) -> None:
    """Delete the file of a disk."""
    store, path = find_store(world, name)
    store.files.discard(path)
    store.touch("summary", "info")


def _users(change: Change, name: str) -> list[str]:
    """The names of running machines that have a disk's file open."""
    return [
        vm.get("name")
        for vm in change.world.of_type("VirtualMachine")
        if vm.get("runtime.powerState") == "poweredOn"
        and any(
            isinstance(one, device.VirtualDisk) and one.backing.fileName == name
            for one in vm.get("config.hardware.device")
        )
    ]
