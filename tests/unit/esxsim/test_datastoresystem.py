# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated host's datastore system: what is mounted, made, extended, renamed and removed, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.esxsim.scenario import ScenarioError
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, world_of
from pyVmomi import vim, vmodl

GIB = 1024**3
BLANK, USED = "naa.blank", "naa.used"
SCENARIO: dict[str, Any] = {
    "datastores": [{"name": "datastore1", "capacity_gib": 50, "free_gib": 20}],
    "disks": [{"name": BLANK, "capacity_gib": 100}, {"name": USED, "capacity_gib": 60, "holds": "other"}],
    "nfs_servers": [
        {"name": "nas", "exports": ["/vm", "/iso"], "capacity_gib": 10, "free_gib": 4},
        {"name": "old", "exports": ["/vm"], "kinds": ["nfs"]},
        {"name": "down", "exports": ["/vm"], "is_down": True},
    ],
}


class Stores:
    """A client of a host's datastore system."""

    def __init__(self, *vms: dict[str, Any], **more: Any) -> None:
        self.world: World = world_of(*vms, **{**SCENARIO, **more})
        self.client = Client(self.world)
        self.system: Any = vim.host.DatastoreSystem("ha-datastoresystem", self.client.stub)
        self.storage: Any = vim.host.StorageSystem("storageSystem", self.client.stub)

    def mount(self, name: str = "nas01", host: str = "nas", path: str = "/vm", **more: Any) -> Any:
        given = {"remoteHost": host, "remotePath": path, "localPath": name, "accessMode": "readWrite", **more}
        return self.system.CreateNasDatastore(vim.host.NasVolume.Specification(**given))

    def create(self, name: str = "fast", disk: str = BLANK) -> Any:
        (option,) = self.system.QueryVmfsDatastoreCreateOptions(f"/vmfs/devices/disks/{disk}", 6)
        option.spec.vmfs.volumeName = name
        return self.system.CreateVmfsDatastore(option.spec)

    def extend(self, store: Any, disk: str) -> Any:
        (option,) = self.system.QueryVmfsDatastoreExtendOptions(store, f"/vmfs/devices/disks/{disk}", True)
        return self.system.ExtendVmfsDatastore(store, option.spec)

    @property
    def names(self) -> list[str]:
        """The names, of which all who list datastores must say the same."""
        host: Any = vim.HostSystem("ha-host", self.client.stub)
        center: Any = vim.Datacenter("ha-datacenter", self.client.stub)
        lists = [self.system.datastore, host.datastore, center.datastore, center.datastoreFolder.childEntity]
        lists += [host.parent.datastore, host.datastoreBrowser.datastore]
        found = {tuple(sorted(store.name for store in one)) for one in lists}
        assert len(found) == 1
        return list(found.pop())

    @property
    def available(self) -> list[str]:
        return sorted(disk.canonicalName for disk in self.system.QueryAvailableDisksForVmfs())

    def partitions(self, disk: str) -> list[str]:
        (info,) = self.storage.RetrieveDiskPartitionInfo([f"/vmfs/devices/disks/{disk}"])
        assert len(info.spec.partition) == len(info.layout.partition)
        return [one.type for one in info.spec.partition]


def test_a_file_server_is_mounted_and_unmounted() -> None:
    host = Stores()

    store = host.mount()
    other = host.mount("nas02", type="NFS41", remoteHostNames=["nas", "nas2"], accessMode="readOnly")

    assert host.names == ["datastore1", "nas01", "nas02"]
    assert (store.summary.type, store.summary.capacity, store.summary.freeSpace) == ("NFS", 10 * GIB, 4 * GIB)
    assert (store.info.nas.remoteHost, store.info.nas.remotePath) == ("nas", "/vm")
    assert (other.summary.type, other.info.nas.securityType) == ("NFS41", "AUTH_SYS")
    assert list(other.info.nas.remoteHostNames) == ["nas", "nas2"]
    assert [one.host[0].mountInfo.accessMode for one in (store, other)] == ["readWrite", "readOnly"]
    assert store.browser.datastore[0].name == "nas01"
    mounted = host.storage.fileSystemVolumeInfo.mountInfo
    assert [one.volume.name for one in mounted] == ["datastore1", "nas01", "nas02"]
    assert [one.mountInfo.path for one in mounted[1:]] == [one.host[0].mountInfo.path for one in (store, other)]

    host.system.RemoveDatastore(store)
    assert host.names == ["datastore1", "nas02"]
    assert isinstance(fault_of(lambda: store.name), vmodl.fault.ManagedObjectNotFound)
    assert host.mount().name == "nas01"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"name": "datastore1"}, vim.fault.DuplicateName),
        ({"name": "x" * 43}, vim.fault.InvalidName),
        ({"host": "nobody"}, vim.fault.PlatformConfigFault),
        ({"host": "down"}, vim.fault.PlatformConfigFault),
        ({"path": "/secret"}, vim.fault.PlatformConfigFault),
        ({"host": "old", "type": "NFS41"}, vim.fault.PlatformConfigFault),
        ({"path": "vm"}, vmodl.fault.InvalidArgument),
        ({"type": "CIFS"}, vmodl.fault.InvalidArgument),
        ({"accessMode": "never"}, vmodl.fault.InvalidArgument),
        ({"path": "/iso"}, vim.fault.AlreadyExists),
    ],
)
def test_what_cannot_be_mounted(given: dict[str, Any], kind: Any) -> None:
    host = Stores()
    host.mount("there", path="/iso")

    assert isinstance(fault_of(lambda: host.mount(**given)), kind)
    assert host.names == ["datastore1", "there"]


def test_a_disk_becomes_a_datastore_and_another_one_is_added() -> None:
    host = Stores()
    assert host.available == [BLANK, USED]
    assert (host.partitions(BLANK), host.partitions(USED)) == ([], ["linuxNative"])

    store = host.create()
    free = store.summary.freeSpace
    host.extend(store, USED)

    assert (host.names, host.available) == (["datastore1", "fast"], [])
    assert host.partitions(BLANK) == host.partitions(USED) == ["vmfs"]
    assert [part.diskName for part in store.info.vmfs.extent] == [BLANK, USED]
    assert (store.summary.capacity, store.summary.freeSpace - free) == (160 * GIB, 60 * GIB)
    missing = fault_of(lambda: host.create("slow"))
    assert isinstance(missing, vim.fault.NotFound)

    host.system.RemoveDatastore(store)
    assert (host.names, host.available, host.partitions(BLANK)) == (["datastore1"], [BLANK, USED], [])


def test_a_removed_datastore_leaves_its_disk() -> None:
    host = Stores()
    (store,) = host.system.datastore
    disk = store.info.vmfs.extent[0].diskName
    host.system.RemoveDatastore(store)

    assert host.available == sorted([BLANK, USED, disk])
    assert host.create("again", disk).summary.capacity == 50 * GIB


def test_what_is_in_use_is_not_removed_and_names_are_told_apart() -> None:
    host = Stores({"name": "web01"})
    (store,) = host.system.datastore

    assert isinstance(fault_of(host.system.RemoveDatastore, store), vim.fault.ResourceInUse)
    other = host.mount()
    other.RenameDatastore("files")
    assert (host.names, other.summary.name, other.info.name) == (["datastore1", "files"], "files", "files")
    assert isinstance(fault_of(other.RenameDatastore, "datastore1"), vim.fault.DuplicateName)
    assert host.mount("nas01", path="/iso").name == "nas01"


def test_maintenance_is_for_a_vcenter() -> None:
    host = Stores({"name": "web01"})
    (busy,) = host.system.datastore
    store = host.mount()
    assert isinstance(fault_of(store.DatastoreEnterMaintenanceMode), vmodl.fault.NotSupported)

    make_vcenter(host.world)
    host.client.after(1, store.DatastoreEnterMaintenanceMode().task)
    assert store.summary.maintenanceMode == "inMaintenance"
    assert isinstance(fault_of(store.DatastoreEnterMaintenanceMode), vim.fault.InvalidState)
    host.client.after(1, store.DatastoreExitMaintenanceMode_Task())
    assert store.summary.maintenanceMode == "normal"
    task = busy.DatastoreEnterMaintenanceMode().task
    assert host.client.after(5, task).state == "running"
    assert busy.summary.maintenanceMode == "enteringMaintenance"
    task.CancelTask()
    assert busy.summary.maintenanceMode == "normal"


def test_a_free_licence_lets_nobody_write() -> None:
    host = Stores(host={"licence": "free"})

    assert host.available == [BLANK, USED]
    assert isinstance(fault_of(host.mount), vim.fault.RestrictedVersion)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"disks": [{"name": "a"}, {"name": "a"}]}, r"disks\[1\].name: found 'a' again"),
        ({"disks": [{"name": "a", "holds": "data"}]}, r"disks\[0\].holds"),
        ({"nfs_servers": [{"name": "nas", "kinds": ["cifs"]}]}, r"nfs_servers\[0\].kinds\[0\]"),
    ],
)
def test_what_a_scenario_cannot_say(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        world_of(**given)
