# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's manager of virtual disks: made, copied, moved and deleted without a machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pyVmomi import vim, vmodl

from . import internal, vmdk
from .entity import Plain
from .filestore import OutOfSpace
from .locks import check_free
from .managed import Call, method
from .stores import Datastore, find_store, no_space
from .tasks import Body
from .writable import check_size, check_there, check_writable

# Kinds of disks that a host makes on its datastores, to what they are: thin, eager.
KINDS = {
    "thin": (True, False),
    "preallocated": (False, False),
    "thick": (False, False),
    "eagerZeroedThick": (False, True),
}


class VirtualDiskManager(Plain):
    """Virtual disks by the datastore paths of their descriptors."""

    type_name = "VirtualDiskManager"

    @method("CreateVirtualDisk_Task")
    def create(self, call: Call, *, name: str, spec: Any, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)
        thin, eager = _kind(spec)
        capacity = getattr(spec, "capacityKb", None)

        def act() -> str:
            _new_place(store, path, name)
            if capacity is None or capacity < 1:
                raise vmodl.fault.InvalidArgument(
                    invalidProperty="spec.capacityKb", msg="A specified parameter was not correct: spec.capacityKb"
                )
            check_size(store, name, int(capacity))
            adapter = vmdk.ADAPTERS[str(spec.adapterType)]
            vmdk.create(store.files, path, int(capacity), thin=thin, eager=eager, adapter=adapter)
            return name

        return self._task(call, "CreateVirtualDisk_Task", store, name, act)

    @method("DeleteVirtualDisk_Task")
    def delete(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            check_writable(store, name, deletes=True)
            self._disk(store, path, name, writes=True)
            vmdk.discard(store.files, path)

        return self._task(call, "DeleteVirtualDisk_Task", store, name, act)

    @method("CopyVirtualDisk_Task")
    def copy(
        self,
        call: Call,
        *,
        sourceName: str,
        destName: str,
        sourceDatacenter: Any = None,
        destDatacenter: Any = None,
        destSpec: Any = None,
        force: bool | None = None,
    ) -> Any:
        source, old = find_store(call.world, sourceName)
        target, new = find_store(call.world, destName)
        changes = {}
        if destSpec is not None:
            changes["thin"], changes["eager"] = _kind(destSpec)

        def act() -> str:
            disk = self._disk(source, old, sourceName)
            check_free(call.world, source, old)
            _new_place(target, new, destName, force=bool(force) and (source, old) != (target, new))
            vmdk.copy(disk, target.files, new, **changes)
            return destName

        def body() -> Body:
            yield 0
            try:
                result = act()
            except OutOfSpace as error:
                raise no_space(target, destName) from error
            written = set(vmdk.parts(target.files, new))
            target.files.being_written |= written
            try:
                for percent in (25, 75):
                    call.world.tasks.progress(percent)
                    yield target.copy_seconds / 2
            finally:
                target.files.being_written -= written
            target.touch("summary", "info")
            return result

        return call.world.tasks.start(self, "CopyVirtualDisk_Task", body())

    @method("MoveVirtualDisk_Task")
    def move(
        self,
        call: Call,
        *,
        sourceName: str,
        destName: str,
        sourceDatacenter: Any = None,
        destDatacenter: Any = None,
        force: bool | None = None,
        profile: Any = None,
    ) -> Any:
        source, old = find_store(call.world, sourceName)
        target, new = find_store(call.world, destName)

        def act() -> str:
            check_writable(source, sourceName, deletes=True)
            disk = self._disk(source, old, sourceName, writes=True)
            _new_place(target, new, destName, force=bool(force) and (source, old) != (target, new))
            vmdk.move(source.files, old, disk, target.files, new)
            source.touch("summary", "info")
            return destName

        return self._task(call, "MoveVirtualDisk_Task", target, destName, act)

    @method("ExtendVirtualDisk_Task")
    def extend(
        self, call: Call, *, name: str, newCapacityKb: int, datacenter: Any = None, eagerZero: bool | None = None
    ) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            disk = self._disk(store, path, name, writes=True)
            if newCapacityKb <= disk.capacity_kib:
                raise vmodl.fault.InvalidArgument(
                    invalidProperty="newCapacityKb", msg="A specified parameter was not correct: newCapacityKb"
                )
            check_size(store, name, int(newCapacityKb))
            vmdk.grow(store.files, path, int(newCapacityKb))

        return self._task(call, "ExtendVirtualDisk_Task", store, name, act)

    @method("InflateVirtualDisk_Task")
    def inflate(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            vmdk.inflate(store.files, path, self._disk(store, path, name, writes=True))

        return self._task(call, "InflateVirtualDisk_Task", store, name, act)

    @method("EagerZeroVirtualDisk_Task")
    def zero(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            disk = self._disk(store, path, name, writes=True)
            if disk.thin:
                raise vmodl.fault.NotSupported(msg="A thin disk is inflated instead.")
            vmdk.inflate(store.files, path, disk)

        return self._task(call, "EagerZeroVirtualDisk_Task", store, name, act)

    @method("ZeroFillVirtualDisk_Task")
    def wipe(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            # Our disks hold nothing but zeros; what is thin gets its blocks.
            vmdk.inflate(store.files, path, self._disk(store, path, name, writes=True))

        return self._task(call, "ZeroFillVirtualDisk_Task", store, name, act)

    @method("ShrinkVirtualDisk_Task")
    def shrink(self, call: Call, *, name: str, datacenter: Any = None, copy: bool | None = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            disk = self._disk(store, path, name, writes=True)
            if not disk.thin:
                raise vmodl.fault.NotSupported(msg="Only a thin disk has blocks to give back.")
            vmdk.shrink(store.files, disk)

        return self._task(call, "ShrinkVirtualDisk_Task", store, name, act)

    @method("QueryVirtualDiskInfo_Task", writes=False)
    def query_info(self, call: Call, *, name: str, includeParents: bool, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> Any:
            disk = self._disk(store, path, name)
            kind = "thin" if disk.thin else "eagerZeroedThick" if disk.eager else "preallocated"
            return internal.disk_infos([internal.disk_info(f"[{store.get('name')}] {path}", kind)])

        return self._task(call, "QueryVirtualDiskInfo_Task", store, name, act)

    @method("QueryVirtualDiskUuid")
    def query_uuid(self, call: Call, *, name: str, datacenter: Any = None) -> str:
        store, path = find_store(call.world, name)
        return vmdk.spaced(self._disk(store, path, name).uuid)

    @method("SetVirtualDiskUuid")
    def set_uuid(self, call: Call, *, name: str, uuid: str, datacenter: Any = None) -> None:
        store, path = find_store(call.world, name)
        disk = self._disk(store, path, name, writes=True)
        digits = re.sub(r"[\s-]", "", uuid).lower()
        if not re.fullmatch(r"[0-9a-f]{32}", digits):
            raise vmodl.fault.InvalidArgument(invalidProperty="uuid", msg="A specified parameter was not correct: uuid")
        plain = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        vmdk.rewrite(store.files, path, disk._replace(uuid=plain))

    @method("QueryVirtualDiskGeometry")
    def query_geometry(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)
        sectors = self._disk(store, path, name).capacity_kib * vmdk.SECTORS_PER_KIB
        return vim.host.DiskDimensions.Chs(
            cylinder=sectors // vmdk.HEADS // vmdk.SECTORS, head=vmdk.HEADS, sector=vmdk.SECTORS
        )

    def _disk(self, store: Datastore, path: str, name: str, *, writes: bool = False) -> vmdk.Disk:
        check_there(store)
        disk = found(store, path, name)
        if writes:
            check_writable(store, name)
            check_free(self.world, store, path)
        return disk

    def _task(self, call: Call, method_name: str, store: Datastore, name: str, act: Callable[[], Any]) -> Any:
        def body() -> Body:
            yield 0
            try:
                result = act()
            except OutOfSpace as error:
                raise no_space(store, name) from error
            store.touch("summary", "info")
            return result

        return call.world.tasks.start(self, method_name, body())


def found(store: Datastore, path: str, name: str) -> vmdk.Disk:
    """
    Read a disk.

    Raises:
        FileNotFound: there is no such file. InvalidDiskFormat: it is no disk.
    """
    try:
        disk = vmdk.read(store.files, path)
    except vmdk.NotADisk as error:
        raise vim.fault.InvalidDiskFormat(msg=f"The file {name} is no virtual disk: {error}.") from error
    if disk is None:
        raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
    return disk


def _kind(spec: Any) -> tuple[bool, bool]:
    kind = KINDS.get(str(spec.diskType))
    if kind is None:
        raise vmodl.fault.NotSupported(msg=f"esxsim makes no disks of the type {spec.diskType}")
    return kind


def _new_place(store: Datastore, path: str, name: str, *, force: bool = False) -> None:
    """
    Make sure that a disk can be made at a path.

    Raises:
        InvalidDatastorePath, FileNotFound, FileAlreadyExists, FileLocked, CannotCreateFile, InvalidDatastore.
    """
    if not path.lower().endswith(".vmdk"):
        raise vim.fault.InvalidDatastorePath(datastorePath=name, msg=f"Invalid datastore path '{name}'.")
    check_there(store)
    if not store.files.is_folder(path.rpartition("/")[0]):
        raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
    check_writable(store, name)
    if store.files.get(path) is not None or store.files.get(vmdk.extent_of(path)) is not None:
        if not force:
            raise vim.fault.FileAlreadyExists(
                file=name, msg=f"Cannot complete the operation because the file or folder {name} already exists"
            )
        check_free(store.world, store, path)
        vmdk.discard(store.files, path)
