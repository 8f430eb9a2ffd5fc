# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Facts of files on datastores: one search of each datastore, all of them at once.

Source: vim.host.DatastoreBrowser.SearchDatastoreSubFolders_Task and SearchDatastore_Task;
vim.VirtualDiskManager.QueryVirtualDiskUuid; vim.VirtualMachine, ``layoutEx``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, NotFound, TaskFailed
from .._flow.volumes import Fact, patterns_for, used_by, volume_of, without_parts
from .._vmx.paths import DatastorePath
from . import sdk
from .properties import all_vms, objects, read
from .tasks import run_task, wait_for_task

if TYPE_CHECKING:
    from .connection import Session

# The names of the classes of vim.host.DatastoreBrowser: what finds a kind of file, and what tells of one.
_QUERIES = {
    "disk": "VmDiskQuery",
    "iso": "IsoImageQuery",
    "floppy": "FloppyImageQuery",
    "vmx": "VmConfigQuery",
    "nvram": "VmNvramQuery",
    "log": "VmLogQuery",
    "snapshot": "VmSnapshotQuery",
    "folder": "FolderQuery",
    "other": "Query",
}
_TYPES = {
    "VmDiskInfo": "disk",
    "IsoImageInfo": "iso",
    "FloppyImageInfo": "floppy",
    "VmConfigInfo": "vmx",
    "VmNvramInfo": "nvram",
    "VmLogInfo": "log",
    "VmSnapshotInfo": "snapshot",
    "FolderInfo": "folder",
}
_ADAPTERS = {"VirtualIDEController": "ide", "VirtualBusLogicController": "buslogic"}
_KIB = 1024


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """
    Which files are looked for: in ``folder`` ("" is the top) and, with ``recursive``, below it; with names that match
    one of the globs ``patterns`` (none: all names); of these ``types`` (none: all of them).
    """

    folder: str = ""
    recursive: bool = True
    patterns: Sequence[str] = ()
    types: Collection[str] = ()


def search(session: Session, stores: Sequence[Fact], wanted: Wanted, *, timeout: float) -> list[Fact]:
    """
    Return the facts of the files on datastores, as :mod:`.datastores` tells of these; in the order of their paths.

    Raises:
        NotFound: the folder is on none of them.
        TaskFailed, Expired: a host could not search.
    """
    spec = _spec(wanted)
    method = "SearchDatastoreSubFolders_Task" if wanted.recursive else "SearchDatastore_Task"
    references = [session.reference("Datastore", store["moid"]) for store in stores]
    rows = read(session, objects(references), {"Datastore": ["browser"]})
    browsers = {row.moid: row.values["browser"] for row in rows if "browser" in row.values}
    tasks = [
        (
            store,
            session.call(
                session.reference("HostDatastoreBrowser", browsers[store["moid"]]._moId),
                method,
                datastorePath=str(DatastorePath(store["name"], wanted.folder)),
                searchSpec=spec,
            ),
        )
        for store in stores
        if store["moid"] in browsers
    ]
    found: list[Fact] = []
    missing = []
    for store, task in tasks:
        try:
            results = wait_for_task(session, task, method, timeout=timeout)
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise
            missing.append(str(DatastorePath(store["name"], wanted.folder)))
            continue
        for result in results if wanted.recursive else [results]:
            found += _facts(store["name"], result)
    if tasks and len(missing) == len(tasks):
        raise NotFound(f"there is no folder {' or '.join(missing)}", missing=missing)
    facts = [fact for fact in without_parts(found) if not wanted.types or fact["type"] in wanted.types]
    return sorted(facts, key=lambda fact: str(fact["path"]))


def find(session: Session, browser: Any, path: DatastorePath, *, timeout: float) -> Fact | None:
    """Return the facts of one file or folder, None where it is not there; ``browser`` is its datastore's."""
    try:
        result = run_task(
            session,
            browser,
            "SearchDatastore_Task",
            timeout=timeout,
            is_quick=True,
            datastorePath=str(path.parent),
            searchSpec=_spec(Wanted(patterns=patterns_for(path.name))),
        )
    except TaskFailed as error:
        if error.details.get("fault") != "FileNotFound":
            raise
        return None
    found = [fact for fact in _facts(path.datastore, result) if fact["path"] == str(path)]
    return found[0] if found else None


def users_by_path(session: Session) -> Mapping[str, list[str]]:
    """Return the names of the machines that each file belongs to; one request."""
    rows = read(session, all_vms(session), {"VirtualMachine": ("name", "layoutEx.file")})
    return used_by(
        (str(file.name), str(row.values.get("name")))
        for row in rows
        if row.type_name == "VirtualMachine"
        for file in row.values.get("layoutEx.file") or ()
    )


def holders_by_path(session: Session) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """
    Return the names of the machines that each file belongs to or is used by as an image or as what a disk lies on, and
    of those that run and write to it as to a disk; one request.
    """
    paths = ("name", "layoutEx.file", "config.files.vmPathName", "config.hardware.device", "runtime.powerState")
    rows = [row for row in read(session, all_vms(session), {"VirtualMachine": paths}) if "name" in row.values]
    vms = [row for row in rows if row.type_name == "VirtualMachine"]
    running = [row for row in vms if str(row.values.get("runtime.powerState")) == "poweredOn"]
    users = used_by((path, str(row.values["name"])) for row in vms for path in _files_of(row.values))
    disk = sdk.vim.vm.device.VirtualDisk
    writers = used_by(
        (str(getattr(device.backing, "fileName", "")), str(row.values["name"]))
        for row in running
        for device in row.values.get("config.hardware.device") or ()
        if isinstance(device, disk)
    )
    return users, writers


def _files_of(values: Mapping[str, Any]) -> Iterator[str]:
    for file in values.get("layoutEx.file") or ():
        yield str(file.name)
    # A machine whose files cannot be told still has its VMX.
    yield str(values.get("config.files.vmPathName") or "")
    for device in values.get("config.hardware.device") or ():
        backing = device.backing
        while backing is not None:
            yield str(getattr(backing, "fileName", None) or "")
            backing = getattr(backing, "parent", None)


def is_read_only(session: Session, store: Any, host: Any) -> bool:
    """Tell whether a host has a datastore mounted so that nothing can be written to it; both are managed objects."""
    rows = read(session, objects([store]), {"Datastore": ["host"]})
    mounts = [mount for row in rows for mount in row.values.get("host") or () if mount.key._moId == host._moId]
    return any(str(mount.mountInfo.accessMode) == "readOnly" for mount in mounts)


def with_uuids(session: Session, facts: Sequence[Fact]) -> list[Fact]:
    """
    Return the facts with the UUIDs of disks, a request each; one that the host cannot tell is None.

    A vCenter is not asked: libvirt does not either, and there the key of a volume is its path.
    """
    if session.is_vcenter:
        return list(facts)
    return [{**fact, "uuid": _uuid(session, fact["path"])} if fact["type"] == "disk" else fact for fact in facts]


def with_users(session: Session, facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts with the names of the machines that each file belongs to; one request."""
    users = users_by_path(session)
    return [{**fact, "used_by": users.get(fact["path"], [])} for fact in facts]


def with_volume(fact: Fact) -> Fact:
    """Return a fact with what libvirt says of it."""
    return {**fact, "volume": volume_of(fact)}


def _spec(wanted: Wanted) -> Any:
    browser = sdk.vim.host.DatastoreBrowser
    # A kind that is not asked for by name would be told of as a file like any other.
    queries = [getattr(browser, name)() for name in _QUERIES.values()]
    queries[0].details = browser.VmDiskQuery.Details(
        diskType=True, capacityKb=True, hardwareVersion=True, controllerType=True, diskExtents=False, thin=True
    )
    return browser.SearchSpec(
        query=queries,
        details=browser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=False),
        # Said in any case: there are servers that find nothing where nothing is said.
        matchPattern=list(wanted.patterns) or ["*"],
        sortFoldersFirst=False,
    )


def _facts(store: str, result: Any) -> Iterator[Fact]:
    # Whatever a host calls its files, they are told of; nothing here follows such a name.
    folder = str(result.folderPath).partition("]")[2].strip().strip("/")
    for file in result.file or ():
        yield _fact(store, folder, str(file.path).strip("/"), file)


def _fact(store: str, folder: str, name: str, file: Any) -> Fact:
    kind = _TYPES.get(type(file).__name__.rpartition(".")[2], "other")
    size = int(file.fileSize or 0)
    capacity = getattr(file, "capacityKb", None)
    return {
        "path": f"[{store}] {folder}/{name}" if folder else f"[{store}] {name}",
        "datastore": store,
        "folder": folder,
        "name": name,
        "type": kind,
        # A host that does not say how large a disk is has not said that it is small.
        "capacity_bytes": (None if kind == "disk" else size) if capacity is None else int(capacity) * _KIB,
        "allocation_bytes": size,
        "modified_at": None if file.modification is None else str(file.modification.isoformat()),
        "disk": _disk(file) if kind == "disk" else None,
        "uuid": None,
    }


def _disk(file: Any) -> Mapping[str, Any]:
    controller = getattr(file.controllerType, "__name__", str(file.controllerType)).rpartition(".")[2]
    return {
        "provisioning": None if file.thin is None else "thin" if file.thin else "thick",
        "adapter": None if file.controllerType is None else _ADAPTERS.get(controller, "lsilogic"),
        "hardware_version": file.hardwareVersion,
    }


def _uuid(session: Session, path: str) -> str | None:
    try:
        said = session.call(session.content.virtualDiskManager, "QueryVirtualDiskUuid", name=path)
    except EsxError as error:
        if error.failure()["kind"] != "fault":
            raise
        return None
    digits = "".join(character for character in str(said).lower() if character in "0123456789abcdef")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
