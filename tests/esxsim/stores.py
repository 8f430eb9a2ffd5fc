# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastores, and how their paths are read."""

from __future__ import annotations

from typing import Any, ClassVar

from pyVmomi import vim

from .description import CREATED
from .entity import Entity, stable_uuid
from .filestore import FileStore, normalised
from .hoststorage import canonical_name
from .managed import Call, method
from .profile import GIB, DatastoreProfile
from .world import World

MAX_FILE = 64 * 1024 * GIB


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
        type={"vmfs": "VMFS", "nfs": "NFS", "local": "OTHER"}[profile.kind],
        maintenanceMode="normal",
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
    if profile.kind == "nfs":
        nas = vim.host.NasVolume(
            type="NFS",
            name=store.get("name"),
            capacity=profile.capacity_gib * GIB,
            remoteHost=profile.remote_host,
            remotePath=profile.remote_path,
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
        majorVersion=6,
        version="6.82",
        uuid=store.moid,
        extent=[vim.host.ScsiDisk.Partition(diskName=canonical_name(profile), partition=1)],
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

    def __init__(self, profile: DatastoreProfile) -> None:
        digits = stable_uuid("datastore", profile.name).replace("-", "")
        moid = f"{digits[:8]}-{digits[8:16]}-{digits[16:20]}-{digits[20:]}"
        super().__init__(moid, name=profile.name, parent=vim.Folder("ha-folder-datastore"))
        self.profile = profile
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
            path=self.mount_path, accessMode="readWrite", mounted=True, accessible=profile.accessible
        )
        self.set("host", [vim.Datastore.HostMount(key=vim.HostSystem("ha-host"), mountInfo=mount)])

    @property
    def mount_path(self) -> str:
        return f"/vmfs/volumes/{self.moid}"

    @method("RefreshDatastore")
    def refresh(self, call: Call) -> None:
        self.touch("summary", "info")


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
