# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The browser of a datastore's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from pyVmomi import vim

from . import vmdk
from .description import CREATED
from .entity import Plain
from .filestore import File
from .managed import Call, method
from .profile import DatastoreProfile
from .stores import Datastore, find_store
from .tasks import Body
from .world import World

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
CONTROLLERS = {"buslogic": "VirtualBusLogicController", "ide": "VirtualIDEController"}


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
    found = [
        _file_info(store, f"{folder}/{name}" if folder else name, file, spec)
        for name, file in files
        if _wanted(name, spec) and _asked(name, queries)
    ]
    if not queries or browser.FolderQuery in queries:
        found += [_detailed(browser.FolderInfo(path=name), 0, CREATED, spec) for name in folders if _wanted(name, spec)]
    return vim.host.DatastoreBrowser.SearchResults(
        datastore=store.ref, folderPath=f"[{store.get('name')}] {folder}{'/' if folder else ''}", file=found
    )


def _wanted(name: str, spec: Any) -> bool:
    if not spec.matchPattern:
        return True
    if spec.searchCaseInsensitive:
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in spec.matchPattern)
    return any(fnmatchcase(name, pattern) for pattern in spec.matchPattern)


def _kind(name: str) -> tuple[Any, Any]:
    suffix = "." + name.rpartition(".")[2].lower()
    if vmdk.is_extent(name):
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


def _file_info(store: Datastore, path: str, file: File, spec: Any) -> Any:
    name = path.rpartition("/")[2]
    query, cls = _kind(name)
    info = cls(path=name) if spec.query or (spec.details and spec.details.fileType) else browser.FileInfo(path=name)
    disk = _disk(store, path) if isinstance(info, browser.VmDiskInfo) else None
    # Who asks for disks is told of descriptor and extent as of one file.
    _detailed(info, file.length + (disk.allocated if disk is not None else 0), file.modified, spec)
    details = next((one.details for one in spec.query if one.__class__ is query and hasattr(one, "details")), None)
    if disk is not None and details is not None:
        if details.capacityKb:
            info.capacityKb = disk.capacity_kib
        if details.diskType:
            info.diskType = vim.vm.device.VirtualDisk.FlatVer2BackingInfo
        if details.controllerType:
            info.controllerType = getattr(
                vim.vm.device, CONTROLLERS.get(disk.adapter.lower(), "VirtualLsiLogicController")
            )
        if details.thin:
            info.thin = disk.thin
        if details.hardwareVersion:
            info.hardwareVersion = 4
    return info


def _disk(store: Datastore, path: str) -> vmdk.Disk | None:
    try:
        return vmdk.read(store.files, path)
    except vmdk.NotADisk:
        return None


def store_with_browser(world: World, store: Datastore) -> None:
    """Add a datastore with its browser."""
    world.add(store)
    world.add(Browser(f"{store.moid}-browser", [store]))


def store_objects(world: World, profiles: list[DatastoreProfile]) -> list[Datastore]:
    """Add the datastores, each with its browser; returns them."""
    stores = []
    for profile in profiles:
        store = Datastore(profile)
        store_with_browser(world, store)
        for path, held in profile.files.items():
            content = None if isinstance(held, dict) else held.encode()
            store.files.put(path, File(held["bytes"] if isinstance(held, dict) else len(held.encode()), content))
        stores.append(store)
    world.add(Browser("ha-host-datastorebrowser", stores))
    return stores
