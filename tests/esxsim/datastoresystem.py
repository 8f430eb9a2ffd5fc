# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The host's datastore system: file servers are mounted, disks become VMFS datastores and grow, and all of it goes away.

Source: vim.host.DatastoreSystem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pyVmomi import vim, vmodl

from .browser import store_with_browser
from .entity import Plain, stable_uuid
from .managed import Call, ManagedObject, key_of, method
from .profile import GIB, DatastoreProfile, NfsServerProfile
from .stores import Datastore, check_name
from .vmfs_layout import create_options, extend_options

Disk: Any = vim.host.ScsiDisk
Option: Any = vim.host.VmfsDatastoreOption
MOID = "ha-datastoresystem"
# Who lists the datastores.
LISTS = (
    ("HostSystem", "datastore"),
    ("ComputeResource", "datastore"),
    ("Datacenter", "datastore"),
    ("HostDatastoreSystem", "datastore"),
)
VERSIONS = (5, 6)
# What VMFS itself takes of a disk.
METADATA = GIB + GIB // 2
KINDS = {"NFS": "nfs", "NFS41": "nfs41"}
SECURITY = ("AUTH_SYS", "SEC_KRB5", "SEC_KRB5I")


class DatastoreSystem(Plain):
    """What mounts and makes datastores; ``servers`` None: each file server that is asked for is there."""

    type_name = "HostDatastoreSystem"

    def __init__(self, stores: Sequence[Datastore], servers: Sequence[NfsServerProfile] | None) -> None:
        super().__init__(MOID, datastore=[store.ref for store in stores])
        self.servers = None if servers is None else {server.name: server for server in servers}

    @method("CreateNasDatastore")
    def mount(self, call: Call, *, spec: Any) -> Any:
        kind = KINDS.get(spec.type or "NFS")
        names = tuple(spec.remoteHostNames) or (spec.remoteHost,)
        if kind is None or spec.accessMode not in ("readWrite", "readOnly"):
            raise vmodl.fault.InvalidArgument(invalidProperty="spec", msg="A specified parameter was not correct: spec")
        if not spec.remotePath.startswith("/") or (kind == "nfs" and (spec.securityType or len(names) > 1)):
            raise vmodl.fault.InvalidArgument(
                invalidProperty="spec.remotePath", msg="A specified parameter was not correct: spec.remotePath"
            )
        self._check_new(spec.localPath)
        for store in self._stores():
            if store.profile.kind == kind and _place(store.profile) == (set(names), spec.remotePath):
                raise vim.fault.AlreadyExists(
                    name=store.get("name"), msg=f"The export is mounted as '{store.get('name')}' already."
                )
        server = self._server(names, spec.remotePath, kind)
        profile = DatastoreProfile(
            name=spec.localPath,
            kind=kind,
            capacity_gib=server.capacity_gib,
            free_gib=server.free_gib,
            remote_host=spec.remoteHost,
            remote_hosts=names if kind == "nfs41" else (),
            remote_path=spec.remotePath,
            security_type=(spec.securityType or "AUTH_SYS") if kind == "nfs41" else None,
            access_mode="read-only" if spec.accessMode == "readOnly" else "read-write",
        )
        return self._add(Datastore(profile, moid=self._free_id(spec.localPath)))

    def _server(self, names: Sequence[str], path: str, kind: str) -> NfsServerProfile:
        if self.servers is None:
            return NfsServerProfile(name=names[0])
        server = next((self.servers[name] for name in names if name in self.servers), None)
        if server is None or server.is_down:
            raise _refused(f"NFS has reached the maximum of retries: unable to connect to {names[0]}.")
        if path not in server.exports:
            raise _refused(f"The mount request was denied by the NFS server: it does not export {path}.")
        if kind not in server.kinds:
            raise _refused(f"The NFS server does not support the version of the mount: {kind}.")
        return server

    @method("QueryAvailableDisksForVmfs", writes=False)
    def available_disks(self, call: Call, *, datastore: Any = None) -> Any:
        return Disk.Array(self._available())

    @method("QueryVmfsDatastoreCreateOptions", writes=False)
    def create_options(self, call: Call, *, devicePath: str, vmfsMajorVersion: int | None = None) -> Any:
        return Option.Array(create_options(self._disk(devicePath), vmfsMajorVersion or VERSIONS[-1]))

    @method("QueryVmfsDatastoreExtendOptions", writes=False)
    def extend_options(
        self, call: Call, *, datastore: Any, devicePath: str, suppressExpandCandidates: bool | None = None
    ) -> Any:
        self._vmfs(datastore)
        return Option.Array(extend_options(self._disk(devicePath)))

    @method("CreateVmfsDatastore")
    def create(self, call: Call, *, spec: Any) -> Any:
        self._check_new(spec.vmfs.volumeName)
        if spec.vmfs.majorVersion not in VERSIONS:
            raise vmodl.fault.InvalidArgument(invalidProperty="majorVersion", msg="There is no such version of VMFS.")
        disk = self._free_disk(spec.diskUuid)
        profile = DatastoreProfile(name=spec.vmfs.volumeName, capacity_gib=_gib(disk), free_gib=0)
        made = Datastore(profile, moid=self._free_id(profile.name), extents=[disk.canonicalName])
        made.vmfs_version = spec.vmfs.majorVersion
        made.files.free = _gib(disk) * GIB - METADATA
        return self._add(made)

    @method("ExtendVmfsDatastore")
    def extend(self, call: Call, *, datastore: Any, spec: Any) -> Any:
        store = self._vmfs(datastore)
        disk = self._free_disk(spec.diskUuid)
        store.extend(disk.canonicalName, _gib(disk))
        self._storage().touch("storageDeviceInfo", "fileSystemVolumeInfo")
        return store.ref

    @method("RemoveDatastore")
    def remove(self, call: Call, *, datastore: Any) -> None:
        store: Datastore = self.world.find(*key_of(datastore))
        if store.get("vm"):
            raise vim.fault.ResourceInUse(
                type=vim.Datastore, name=store.get("name"), msg=f"The resource '{store.get('name')}' is in use."
            )
        for owner, path in self._lists():
            owner.discard(path, store.ref)
        self.world.remove(self.world.find(*key_of(store.get("browser"))))
        self.world.remove(store)
        self._storage().touch("storageDeviceInfo", "fileSystemVolumeInfo")

    def _add(self, store: Datastore) -> Any:
        store_with_browser(self.world, store)
        for owner, path in self._lists():
            owner.append(path, store.ref)
        self._storage().touch("storageDeviceInfo", "fileSystemVolumeInfo")
        return store.ref

    def _lists(self) -> Iterator[tuple[ManagedObject, str]]:
        for type_name, path in LISTS:
            yield self.world.of_type(type_name)[0], path
        yield self.world.find("Folder", "ha-folder-datastore"), "childEntity"
        yield self.world.find("HostDatastoreBrowser", "ha-host-datastorebrowser"), "datastore"

    def _stores(self) -> list[Datastore]:
        return self.world.of_type("Datastore")

    def _storage(self) -> Any:
        return self.world.of_type("HostStorageSystem")[0]

    def _check_new(self, name: str) -> None:
        check_name(self.world, name)

    def _free_id(self, name: str) -> str:
        """An id that no datastore has, not even one that has borne this name before."""
        known, number = {store.moid for store in self._stores()}, 0
        while (moid := _moid(name, number)) in known:
            number += 1
        return moid

    def _vmfs(self, ref: Any) -> Datastore:
        store: Datastore = self.world.find(*key_of(ref))
        if store.profile.kind != "vmfs":
            raise vmodl.fault.InvalidArgument(invalidProperty="datastore", msg="This is no VMFS datastore.")
        return store

    def _available(self) -> list[Any]:
        taken = {disk for store in self._stores() for disk in store.extents}
        info = self._storage().get("storageDeviceInfo")
        return [one for one in info.scsiLun if one.canonicalName not in taken]

    def _disk(self, path: str) -> Any:
        for disk in self._available():
            if disk.devicePath == path:
                return disk
        raise vim.fault.NotFound(msg=f"No disk that could be used is at {path}.")

    def _free_disk(self, uuid: str) -> Any:
        for disk in self._available():
            if disk.uuid == uuid:
                return disk
        raise vim.fault.ResourceInUse(msg="The disk is in use.")


def _moid(name: str, number: int) -> str:
    digits = stable_uuid("datastore", name, *([number] if number else [])).replace("-", "")
    return f"{digits[:8]}-{digits[8:16]}-{digits[16:20]}-{digits[20:]}"


def _gib(disk: Any) -> int:
    return int(disk.capacity.block * disk.capacity.blockSize // GIB)


def _place(profile: DatastoreProfile) -> tuple[set[str], str]:
    return set(profile.remote_hosts or (profile.remote_host,)), profile.remote_path


def _refused(text: str) -> Any:
    return vim.fault.PlatformConfigFault(text=text, msg="An error occurred during host configuration.")
