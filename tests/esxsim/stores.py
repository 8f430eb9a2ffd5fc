# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastores, their browser, and the host's file manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from .entity import Entity, Plain, stable_uuid
from .filestore import File, FileStore, normalised
from .hoststorage import canonical_name
from .managed import Call, method
from .profile import GIB, DatastoreProfile
from .tasks import Body
from .vmdata import CREATED
from .world import World

MAX_FILE = 64 * 1024 * GIB
browser: Any = vim.host.DatastoreBrowser
# Suffix of a file to the query that finds it and the information about it.
KINDS = {
    ".vmdk": (browser.VmDiskQuery, browser.VmDiskInfo),
    ".iso": (browser.IsoImageQuery, browser.IsoImageInfo),
    ".flp": (browser.FloppyImageQuery, browser.FloppyImageInfo),
    ".vmx": (browser.VmConfigQuery, browser.VmConfigInfo),
    ".log": (browser.VmLogQuery, browser.VmLogInfo),
    ".nvram": (browser.VmNvramQuery, browser.VmNvramInfo),
    ".vmsn": (browser.VmSnapshotQuery, browser.VmSnapshotInfo),
}


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
        self.set("browser", browser(f"{moid}-browser"))
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


class Browser(Plain):
    """The browser of one datastore, or (``store`` None) of the whole host."""

    type_name = "HostDatastoreBrowser"

    def __init__(self, moid: str, stores: list[Datastore]) -> None:
        supported = [query() for query, _rest in KINDS.values()] + [browser.FolderQuery()]
        super().__init__(moid, datastore=[store.ref for store in stores], supportedType=supported)

    @method("SearchDatastore_Task")
    def search(self, call: Call, *, datastorePath: str, searchSpec: Any = None) -> Any:
        def find() -> Any:
            store, folder = self._folder(datastorePath)
            return _results(store, folder, searchSpec)

        return self._search(call, "SearchDatastore_Task", datastorePath, find)

    @method("SearchDatastoreSubFolders_Task")
    def search_below(self, call: Call, *, datastorePath: str, searchSpec: Any = None) -> Any:
        def find() -> Any:
            store, folder = self._folder(datastorePath)
            found = [_results(store, one, searchSpec) for one in _folders(store, folder)]
            return browser.SearchResults.Array(found)

        return self._search(call, "SearchDatastoreSubFolders_Task", datastorePath, find)

    def _search(self, call: Call, name: str, path: str, find: Callable[[], Any]) -> Any:
        store, _rest = find_store(call.world, path)

        def body() -> Body:
            yield 0
            return find()

        return call.world.tasks.start(store, name, body())

    def _folder(self, path: str) -> tuple[Datastore, str]:
        store, folder = find_store(self.world, path)
        if not store.files.is_folder(folder):
            raise vim.fault.FileNotFound(file=path, msg=f"File {path} was not found")
        return store, folder


def _folders(store: Datastore, folder: str) -> Iterator[str]:
    yield folder
    for name in store.files.below(folder)[0]:
        yield from _folders(store, f"{folder}/{name}" if folder else name)


def _results(store: Datastore, folder: str, spec: Any) -> Any:
    spec = spec or vim.host.DatastoreBrowser.SearchSpec()
    folders, files = store.files.below(folder)
    queries = tuple(type(one) for one in spec.query)
    found = [_file_info(name, file, spec) for name, file in files if _wanted(name, spec) and _asked(name, queries)]
    if not queries or browser.FolderQuery in queries:
        found += [_detailed(browser.FolderInfo(path=name), 0, CREATED, spec) for name in folders if _wanted(name, spec)]
    return vim.host.DatastoreBrowser.SearchResults(
        datastore=store.ref, folderPath=f"[{store.get('name')}] {folder}{'/' if folder else ''}", file=found
    )


def _wanted(name: str, spec: Any) -> bool:
    return not spec.matchPattern or any(fnmatchcase(name, pattern) for pattern in spec.matchPattern)


def _kind(name: str) -> tuple[Any, Any]:
    suffix = "." + name.rpartition(".")[2].lower()
    if name.endswith(("-flat.vmdk", "-delta.vmdk")):
        suffix = ""
    return KINDS.get(suffix, (browser.Query, browser.FileInfo))


def _asked(name: str, queries: tuple[Any, ...]) -> bool:
    return not queries or _kind(name)[0] in queries or browser.Query in queries


def _detailed(info: Any, size: int, modified: datetime, spec: Any) -> Any:
    """Add what a search asks for of every file and folder."""
    if spec.details is None or spec.details.fileSize:
        info.fileSize = size
    if spec.details is None or spec.details.modification:
        info.modification = modified
    if spec.details is not None and spec.details.fileOwner:
        info.owner = "root"
    return info


def _file_info(name: str, file: File, spec: Any) -> Any:
    query, cls = _kind(name)
    info = cls(path=name) if spec.query or (spec.details and spec.details.fileType) else browser.FileInfo(path=name)
    _detailed(info, file.length, file.modified, spec)
    details = next((one.details for one in spec.query if one.__class__ is query and hasattr(one, "details")), None)
    if isinstance(info, browser.VmDiskInfo) and details is not None:
        if details.capacityKb:
            info.capacityKb = file.capacity_kib
        if details.diskType:
            info.diskType = vim.vm.device.VirtualDisk.FlatVer2BackingInfo
        if details.controllerType:
            info.controllerType = vim.vm.device.VirtualLsiLogicController
        if details.thin:
            info.thin = file.thin
        if details.hardwareVersion:
            info.hardwareVersion = 4
    return info


class FileManager(Plain):
    """Files and folders of the datastores."""

    type_name = "FileManager"

    @method("MakeDirectory")
    def make_folder(
        self, call: Call, *, name: str, datacenter: Any = None, createParentDirectories: bool | None = None
    ) -> None:
        store, path = find_store(call.world, name)
        if store.files.get(path) is not None or store.files.is_folder(path):
            raise vim.fault.FileAlreadyExists(file=name, msg=f"Cannot complete the operation: {name} already exists.")
        parts = path.split("/")
        if not createParentDirectories and not store.files.is_folder("/".join(parts[:-1])):
            raise vim.fault.FileNotFound(file=name, msg=f"The parent of {name} was not found")
        for count in range(1, len(parts) + 1):
            store.files.make_folder("/".join(parts[:count]))

    @method("DeleteDatastoreFile_Task")
    def delete(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def body() -> Body:
            yield 0
            if not store.files.discard(path):
                raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
            store.touch("summary", "info")

        return call.world.tasks.start(self, "DeleteDatastoreFile_Task", body())

    @method("MoveDatastoreFile_Task")
    def move(
        self,
        call: Call,
        *,
        sourceName: str,
        destinationName: str,
        sourceDatacenter: Any = None,
        destinationDatacenter: Any = None,
        force: bool | None = None,
    ) -> Any:
        source, old = find_store(call.world, sourceName)
        target, new = find_store(call.world, destinationName)
        if source is not target:
            raise vmodl.fault.NotSupported(msg="esxsim moves files within one datastore only")

        def body() -> Body:
            yield 0
            if source.files.get(old) is None and not source.files.is_folder(old):
                raise vim.fault.FileNotFound(file=sourceName, msg=f"File {sourceName} was not found")
            if source.files.get(new) is not None and not force:
                raise vim.fault.FileAlreadyExists(file=destinationName, msg=f"{destinationName} already exists.")
            source.files.move(old, new)

        return call.world.tasks.start(self, "MoveDatastoreFile_Task", body())


class VirtualDiskManager(Plain):
    """What is asked about virtual disks."""

    type_name = "VirtualDiskManager"

    @method("QueryVirtualDiskUuid")
    def query_uuid(self, call: Call, *, name: str, datacenter: Any = None) -> str:
        store, path = find_store(call.world, name)
        if store.files.get(path) is None:
            raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
        digits = stable_uuid("vmdk", name).replace("-", "")
        pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
        return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def store_objects(world: World, profiles: list[DatastoreProfile]) -> list[Datastore]:
    """Add the datastores, each with its browser; returns them."""
    stores = []
    for profile in profiles:
        store = Datastore(profile)
        world.add(store)
        world.add(Browser(f"{store.moid}-browser", [store]))
        for path, text in profile.files.items():
            store.files.put(path, File(len(text.encode()), text.encode()))
        stores.append(store)
    world.add(Browser("ha-host-datastorebrowser", stores))
    return stores
