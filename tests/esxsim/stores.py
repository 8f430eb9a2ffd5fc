# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastores, and how their paths are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from .description import CREATED
from .entity import Entity, stable_uuid
from .filestore import FileStore, normalised
from .hoststorage import canonical_name
from .managed import Call, method
from .profile import GIB, DatastoreProfile
from .tasks import Body
from .world import World

MAX_FILE = 64 * 1024 * GIB
TYPES = {"vmfs": "VMFS", "nfs": "NFS", "nfs41": "NFS41", "local": "OTHER"}
ACCESS = {"read-write": "readWrite", "read-only": "readOnly"}
# What a volume may be called: the label of a VMFS has no more room.
LONGEST_NAME = 42


def _summary(store: Datastore) -> Any:
    profile = store.profile
    return vim.Datastore.Summary(
        datastore=store.ref,
        name=store.get("name"),
        url=store.mount_path,
        capacity=profile.capacity_gib * GIB if profile.accessible else 0,
        freeSpace=store.files.free if profile.accessible else 0,
        uncommitted=0,
        accessible=profile.accessible,
        multipleHostAccess=False,
        type=TYPES[profile.kind],
        maintenanceMode=store.maintenance_mode,
    )


def _info(store: Datastore) -> Any:
    profile = store.profile
    common = {
        "name": store.get("name"),
        "url": store.mount_path,
        "freeSpace": store.files.free,
        "maxFileSize": MAX_FILE,
        "maxMemoryFileSize": MAX_FILE,
        "maxVirtualDiskCapacity": MAX_FILE,
        "timestamp": CREATED,
    }
    if profile.kind in ("nfs", "nfs41"):
        nas = vim.host.NasVolume(
            type=TYPES[profile.kind],
            name=store.get("name"),
            capacity=profile.capacity_gib * GIB,
            remoteHost=profile.remote_host,
            remotePath=profile.remote_path,
            remoteHostNames=list(profile.remote_hosts),
            securityType=profile.security_type,
        )
        return vim.host.NasDatastoreInfo(**common, nas=nas)
    if profile.kind == "local":
        return vim.host.LocalDatastoreInfo(**common, path=store.mount_path)
    volume = vim.host.VmfsVolume(
        type="VMFS",
        name=store.get("name"),
        capacity=profile.capacity_gib * GIB,
        blockSizeMb=1,
        maxBlocks=63963136,
        majorVersion=store.vmfs_version,
        version={5: "5.81", 6: "6.82"}[store.vmfs_version],
        uuid=store.moid,
        extent=[vim.host.ScsiDisk.Partition(diskName=name, partition=1) for name in store.extents],
        vmfsUpgradable=False,
        ssd=True,
        local=True,
    )
    return vim.host.VmfsDatastoreInfo(
        **common, maxPhysicalRDMFileSize=MAX_FILE, maxVirtualRDMFileSize=MAX_FILE, vmfs=volume
    )


class Datastore(Entity):
    """A datastore with its files."""

    type_name = "Datastore"
    common: ClassVar[dict[str, Any]] = {**Entity.common, "vm": []}
    derive: ClassVar[dict[str, Any]] = {"summary": _summary, "info": _info}

    def __init__(
        self, profile: DatastoreProfile, *, moid: str | None = None, extents: Sequence[str] | None = None
    ) -> None:
        digits = stable_uuid("datastore", profile.name).replace("-", "")
        moid = moid or f"{digits[:8]}-{digits[8:16]}-{digits[16:20]}-{digits[20:]}"
        super().__init__(moid, name=profile.name, parent=vim.Folder("ha-folder-datastore"))
        self.profile = profile
        own = [canonical_name(profile)] if profile.kind == "vmfs" else []
        self.extents = list(own if extents is None else extents)
        self.vmfs_version = 6
        self.maintenance_mode = "normal"
        self.files = FileStore(profile.free_gib * GIB)
        self.copy_seconds = 0.0
        self.set("browser", vim.host.DatastoreBrowser(f"{moid}-browser"))
        self.set(
            "capability",
            vim.Datastore.Capability(
                directoryHierarchySupported=True,
                rawDiskMappingsSupported=profile.kind == "vmfs",
                perFileThinProvisioningSupported=True,
                storageIORMSupported=False,
                nativeSnapshotSupported=False,
                topLevelDirectoryCreateSupported=True,
                seSparseSupported=True,
            ),
        )
        mount = vim.host.MountInfo(
            path=self.mount_path, accessMode=ACCESS[profile.access_mode], mounted=True, accessible=profile.accessible
        )
        self.set("host", [vim.Datastore.HostMount(key=vim.HostSystem("ha-host"), mountInfo=mount)])

    @property
    def mount_path(self) -> str:
        return f"/vmfs/volumes/{self.moid}"

    @method("RefreshDatastore")
    def refresh(self, call: Call) -> None:
        self.touch("summary", "info")

    @method("RenameDatastore")
    def rename(self, call: Call, *, newName: str) -> None:
        if newName == self.get("name"):
            return
        check_name(self.world, newName)
        if self.get("vm"):
            raise vmodl.fault.NotSupported(msg="esxsim does not rename a datastore that virtual machines have files on")
        self.set("name", newName)
        self.touch("summary", "info")

    def extend(self, disk: str, gib: int) -> None:
        """Take a disk more."""
        self.extents.append(disk)
        self.profile = replace(self.profile, capacity_gib=self.profile.capacity_gib + gib)
        self.files.free += gib * GIB
        self.touch("summary", "info")

    @method("DatastoreEnterMaintenanceMode")
    def enter_maintenance(self, call: Call) -> Any:
        self._check_vcenter()
        if self.maintenance_mode != "normal":
            raise vim.fault.InvalidState(msg="The operation is not allowed in the current state.")

        def body() -> Body:
            reached = "normal"
            self._set_maintenance("enteringMaintenance")
            try:
                # Whoever is on it has to leave first.
                while self.get("vm"):
                    yield 1.0
                reached = "inMaintenance"
            finally:
                self._set_maintenance(reached)

        task = self.world.tasks.start(self, "DatastoreEnterMaintenanceMode", body(), cancelable=True)
        return vim.storageDrs.StoragePlacementResult(task=task)

    @method("DatastoreExitMaintenanceMode_Task")
    def leave_maintenance(self, call: Call) -> Any:
        self._check_vcenter()
        if self.maintenance_mode == "normal":
            raise vim.fault.InvalidState(msg="The operation is not allowed in the current state.")

        def body() -> Body:
            yield 0
            self._set_maintenance("normal")

        return self.world.tasks.start(self, "DatastoreExitMaintenanceMode_Task", body())

    def _set_maintenance(self, mode: str) -> None:
        self.maintenance_mode = mode
        self.touch("summary")

    def _check_vcenter(self) -> None:
        if self.world.find("ServiceInstance", "ServiceInstance").get("content").about.apiType != "VirtualCenter":
            raise vmodl.fault.NotSupported(msg="The operation is not supported on the object.")


def volumes(stores: Sequence[Datastore]) -> Any:
    """What the host says of the file systems of datastores; a folder of its own is none."""
    found = []
    for store in stores:
        info = store.get("info")
        volume = getattr(info, "vmfs", None) or getattr(info, "nas", None)
        if volume is not None:
            mount = store.get("host")[0].mountInfo
            found.append(vim.host.FileSystemMountInfo(mountInfo=mount, volume=volume, vStorageSupport=None))
    return vim.host.FileSystemVolumeInfo(volumeTypeList=["VMFS", "NFS", "NFS41"], mountInfo=found)


def check_name(world: World, name: str) -> None:
    """
    Look whether a datastore may get a name.

    Raises:
        InvalidName: no datastore may.
        DuplicateName: another one has it.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise vim.fault.InvalidName(name=name, msg=f"The name '{name}' is invalid.")
    for store in world.of_type("Datastore"):
        if store.get("name") == name:
            raise vim.fault.DuplicateName(name=name, object=store.ref, msg=f"The name '{name}' already exists.")


def split_path(path: str) -> tuple[str, str]:
    """
    Split a datastore path into the datastore's name and the path in it.

    Raises:
        InvalidDatastorePath: it is none.
    """
    name, bracket, rest = path.partition("]")
    try:
        if not path.startswith("[") or not bracket or name == "[":
            raise ValueError(path)
        return name[1:], normalised(rest.strip())
    except ValueError as error:
        raise vim.fault.InvalidDatastorePath(datastorePath=path, msg=f"Invalid datastore path {path!r}.") from error


def find_store(world: World, path: str) -> tuple[Datastore, str]:
    """
    Find the datastore of a datastore path, and the path in it.

    Raises:
        InvalidDatastorePath: it is none, or there is no such datastore.
    """
    name, rest = split_path(path)
    for store in world.of_type("Datastore"):
        if store.get("name") == name or store.moid == name:
            return store, rest
    raise vim.fault.InvalidDatastorePath(datastorePath=path, msg=f"Unable to find the datastore of {path!r}.")


def no_space(store: Datastore, name: str) -> Any:
    """Make the fault of a file for which a datastore has no room."""
    return vim.fault.NoDiskSpace(
        datastore=store.get("name"), file=name, msg=f"Insufficient disk space on datastore '{store.get('name')}'."
    )
