# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory: complete data, the paths that clients read, the search index, the datastores."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World, paths
from ansible_collections.virt.esx.tests.esxsim.managed import ManagedObject, wsdl_type
from ansible_collections.virt.esx.tests.esxsim.profile import VERSIONS
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import SoapAdapter, vim, vmodl

FULL: dict[str, Any] = {
    "name": "web01",
    "power_state": "powered-on",
    "ip_addresses": ["192.0.2.7", "2001:db8::7"],
    "snapshots": ["one", "two"],
    "serial_files": ["a.log"],
    "disks": [{}, {"thin": False}],
    "nics": [{}, {"model": "e1000", "mac": "00:50:56:00:00:01"}],
    "extra_config": {"guestinfo.a": "b"},
    "questions": ["msg.hbacommon.outofspace"],
}
STORES = [{"name": "datastore1"}, {"name": "nas", "kind": "nfs"}, {"name": "ram", "kind": "local"}]

# What libvirt's ESX driver reads, by type.
LIBVIRT_PATHS = {
    "HostSystem": (
        *("name", "parent", "vm", "datastore", "runtime.inMaintenanceMode", "configManager.autoStartManager"),
        *("configManager.networkSystem", "configManager.storageSystem", "config.network.dnsConfig.hostName"),
        *("config.network.dnsConfig.domainName", "config.network.vswitch", "config.network.portgroup"),
        *("config.network.pnic", "config.storageDevice.hostBusAdapter", "config.storageDevice.scsiLun"),
        *("config.storageDevice.scsiTopology.adapter", "hardware.cpuInfo.hz", "hardware.cpuInfo.numCpuCores"),
        *("hardware.cpuInfo.numCpuPackages", "hardware.cpuInfo.numCpuThreads", "hardware.memorySize"),
        *("hardware.numaInfo.numNodes", "summary.hardware.cpuModel", "summary.quickStats.overallMemoryUsage"),
        *("hardware.cpuFeature", "hardware.systemInfo.uuid", "capability.maxSupportedVcpus"),
        *("capability.screenshotSupported", "capability.vmotionSupported", "summary.runtime"),
    ),
    "VirtualMachine": (
        *("name", "configStatus", "config.uuid", "runtime.powerState", "config.hardware.memoryMB", "recentTask"),
        *("config.hardware.numCPU", "config.memoryAllocation.limit", "config.memoryAllocation.reservation"),
        *("config.cpuAllocation.reservation", "config.cpuAllocation.limit", "config.cpuAllocation.shares"),
        *("config.files.vmPathName", "guest.hostName", "guest.net", "snapshot.rootSnapshotList"),
        *("snapshot.currentSnapshot", "runtime.question", "summary.guest", "summary.quickStats"),
    ),
    "Datastore": (
        "summary.name",
        "summary.accessible",
        "summary.capacity",
        "summary.freeSpace",
        "info",
        "host",
        "browser",
    ),
    "ComputeResource": ("name", "resourcePool", "host"),
    "Datacenter": ("name", "hostFolder", "vmFolder", "network"),
    "HostAutoStartManager": ("config.defaults", "config.defaults.enabled"),
}


def properties(world: World) -> Iterator[tuple[ManagedObject, str, Any, Any]]:
    """Every property of every object that is set: the object, the name, the value, its declared type."""
    for obj in world.of_type("ManagedObject"):
        for name, info in paths.fields(wsdl_type(obj.type_name)).items():
            value = obj.get(name)
            if value is not None:
                yield obj, name, value, info


@pytest.mark.parametrize("version", sorted({api for api, _rest, _rest in VERSIONS.values()} & set(VERSIONS)))
def test_every_property_is_complete_by_pyvmomis_own_serializer(version: str) -> None:
    world = world_of(FULL, {"name": "web02"}, host={"version": version}, datastores=STORES)
    count = 0
    for obj, name, value, info in properties(world):
        if isinstance(value, list) and not value:
            continue
        prop = vmodl.DynamicProperty(name=name, val=info.type(value) if isinstance(value, list) else value)
        try:
            SoapAdapter.Serialize(prop, version=world.vmodl_version)
        except TypeError as error:
            pytest.fail(f"{obj}.{name}: {error}")
        count += 1

    assert count > 180


def test_every_property_has_the_type_that_is_declared() -> None:
    world = world_of(FULL, datastores=STORES)
    for obj, name, value, info in properties(world):
        try:
            paths.check(info, value)
        except TypeError as error:
            pytest.fail(f"{obj}.{name}: {error}")


@pytest.mark.parametrize("type_name", LIBVIRT_PATHS)
def test_what_libvirt_reads_is_set(type_name: str) -> None:
    world = world_of(FULL, datastores=STORES)
    unset = [path for path in LIBVIRT_PATHS[type_name] if world.of_type(type_name)[0].get(path) is None]

    assert unset == []


def test_every_reference_leads_somewhere() -> None:
    world = world_of(FULL, datastores=STORES)
    lost = [
        f"{obj}.{name}"
        for obj, name, value, _rest in properties(world)
        for ref in (value if isinstance(value, list) else [value])
        if isinstance(ref, (vim.ManagedEntity, vim.host.DatastoreBrowser, vim.EnvironmentBrowser, vim.vm.Snapshot))
        and world.find_or_none(type(ref)._wsdlName, ref._moId) is None
    ]

    assert lost == []


def test_the_content_leads_to_objects() -> None:
    client = Client(world_of())
    refs = [getattr(client.content, name) for name in paths.fields(type(client.content))]
    named = [(type(ref)._wsdlName, ref._GetMoId()) for ref in refs if hasattr(ref, "_GetMoId")]
    lost = [key for key in named if client.world.find_or_none(*key) is None]

    assert len(named) > 15
    assert lost == []


def test_long_mode_is_where_libvirt_looks() -> None:
    features = world_of().of_type("HostSystem")[0].get("hardware.cpuFeature")
    edx = next(one.edx for one in features if one.level == -2147483647)

    assert len(edx) == 39
    assert edx.replace(":", "")[31 - 29] == "1"


def test_each_version_says_so() -> None:
    found = {version: Client(world_of(host={"version": version})).content.about for version in ("5.5", "6.7", "7.0")}

    assert {key: (one.apiVersion, one.version) for key, one in found.items()} == {
        "5.5": ("5.5", "5.5.0"),
        "6.7": ("6.7", "6.7.0"),
        "7.0": ("7.0.3.0", "7.0.3"),
    }


def test_the_summary_is_derived() -> None:
    world = world_of(FULL)
    vm = machine(world)
    vm.turn("suspended")
    vm.set("config.hardware.memoryMB", 4096)

    assert vm.get("summary").runtime.powerState == "suspended"
    assert vm.get("summary.config.memorySizeMB") == vm.get("summary").config.memorySizeMB == 4096
    assert vm.get("summary").guest.toolsRunningStatus == "guestToolsNotRunning"


def test_the_search_index_finds_by_everything() -> None:
    client = Client(world_of({**FULL, "uuid": "564d0000-0000-0000-0000-000000000001"}, {"name": "web02"}))
    index, vm = client.content.searchIndex, client.vm()
    config = vm.config
    datacenter = client.content.rootFolder.childEntity[0]

    assert index.FindByUuid(None, config.uuid.upper(), True, False) == vm
    assert index.FindByUuid(None, config.instanceUuid, True, True) == vm
    assert index.FindByUuid(None, config.instanceUuid, True, False) is None
    assert list(index.FindAllByUuid(None, config.uuid, True, False)) == [vm]
    assert index.FindByIp(None, "192.0.2.7", True) == vm
    assert index.FindByDnsName(None, "web01", True) == vm
    assert index.FindByInventoryPath("/ha-datacenter/vm/web01") == vm
    assert index.FindByInventoryPath("ha-datacenter/vm/nobody") is None
    assert index.FindByDatastorePath(datacenter, config.files.vmPathName) == vm
    assert index.FindChild(datacenter.vmFolder, "web02") == client.vm("web02")
    assert isinstance(index.FindByUuid(None, vm.runtime.host.hardware.systemInfo.uuid, False), vim.HostSystem)


def test_two_vms_of_one_uuid_are_both_found() -> None:
    uuid = "564d0000-0000-0000-0000-000000000001"
    client = Client(world_of({"name": "a", "uuid": uuid}, {"name": "b", "uuid": uuid}))

    assert len(client.content.searchIndex.FindAllByUuid(None, uuid, True, False)) == 2


def test_two_vms_may_bear_one_name_in_different_folders() -> None:
    client = Client(world_of({"name": "web01"}, {"name": "web01", "folder": "old/2025"}))
    host = client.content.rootFolder.childEntity[0].hostFolder.childEntity[0].host[0]
    found = client.content.searchIndex.FindByInventoryPath("ha-datacenter/vm/old/2025/web01")

    assert [vm.name for vm in host.vm] == ["web01", "web01"]
    assert (found._moId, found.parent.name, found.parent.parent.name) == ("2", "2025", "old")


def test_the_browser_finds_disks_as_libvirt_asks_for_them() -> None:
    client = Client(world_of({"name": "web01"}, datastores=[{"name": "datastore1", "files": {"iso/a.iso": "x"}}]))
    browser = vim.host.DatastoreBrowser
    store = client.content.rootFolder.childEntity[0].datastore[0]
    details = browser.VmDiskQuery.Details(diskType=False, capacityKb=True, hardwareVersion=False, controllerType=True)
    spec = browser.SearchSpec(
        query=[browser.VmDiskQuery(details=details), browser.IsoImageQuery()],
        details=browser.FileInfo.Details(fileType=True, fileSize=True, modification=False, fileOwner=False),
    )

    info = client.after(0, store.browser.SearchSubFolders("[datastore1]", spec))
    found = {one.folderPath: [(type(f).__name__, f.path) for f in one.file] for one in info.result}

    assert found == {
        "[datastore1] ": [],
        "[datastore1] iso/": [("vim.host.DatastoreBrowser.IsoImageInfo", "a.iso")],
        "[datastore1] web01/": [("vim.host.DatastoreBrowser.VmDiskInfo", "web01.vmdk")],
    }


def test_a_missing_folder_and_a_missing_datastore_are_told_apart() -> None:
    client = Client(world_of())
    store = client.content.rootFolder.childEntity[0].datastore[0]

    assert isinstance(client.after(0, store.browser.Search("[datastore1] x")).error, vim.fault.FileNotFound)
    assert isinstance(fault_of(store.browser.Search, "[other] x"), vim.fault.InvalidDatastorePath)
    assert isinstance(fault_of(store.browser.Search, "[datastore1] ../x"), vim.fault.InvalidDatastorePath)


def test_files_are_made_moved_and_deleted() -> None:
    client = Client(world_of())
    files, datacenter = client.content.fileManager, client.content.rootFolder.childEntity[0]
    world = client.world
    files.MakeDirectory("[datastore1] a/b", datacenter, True)
    again = fault_of(files.MakeDirectory, "[datastore1] a/b", datacenter, True)
    orphan = fault_of(files.MakeDirectory, "[datastore1] x/y", datacenter, False)
    client.after(0, files.MoveFile("[datastore1] a/b", datacenter, "[datastore1] c", datacenter, False))
    moved = world.of_type("Datastore")[0].files.is_folder("c")
    client.after(0, files.DeleteFile("[datastore1] c", datacenter))

    assert isinstance(again, vim.fault.FileAlreadyExists)
    assert isinstance(orphan, vim.fault.FileNotFound)
    assert moved
    assert not world.of_type("Datastore")[0].files.is_folder("c")


def test_each_service_knows_its_vmkernel_adapter() -> None:
    client = Client(world_of({"name": "web01"}))
    host = client.vm().runtime.host
    manager = host.configManager.virtualNicManager

    management, vmotion = manager.QueryNetConfig("management"), manager.QueryNetConfig("vmotion")
    chosen = [one.spec.ip.ipAddress for one in management.candidateVnic if one.key in management.selectedVnic]
    assert chosen == [host.config.network.vnic[0].spec.ip.ipAddress]
    assert (len(vmotion.candidateVnic), list(vmotion.selectedVnic)) == (1, [])
    assert [one.nicType for one in manager.info.netConfig] == [
        one.nicType for one in host.config.virtualNicManagerInfo.netConfig
    ]
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.QueryNetConfig("coffee")


def test_five_thousand_vms_are_built_in_seconds_and_little_memory() -> None:
    started, before = time.monotonic(), _resident()
    world = world_of({"name": "batch-{n:04}", "count": 5000})
    for vm in world.of_type("VirtualMachine"):
        vm.get("config")
    seconds, mebibytes = time.monotonic() - started, _resident() - before

    assert len(world.of_type("VirtualMachine")) == 5000
    assert seconds < 30
    assert mebibytes < 160


def _resident() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024 if sys.platform != "darwin" else used / 1024**2
