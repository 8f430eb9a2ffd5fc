# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of one ESXi host: from the service content down to the virtual machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from . import autostart, datastoresystem, esxcli, firewall, hostdata, internal, iscsi, iscsi_binding, networksystem
from .browser import store_objects
from .configoption import EnvironmentBrowser
from .description import Machine
from .devicekeys import network_moid
from .diskmanager import VirtualDiskManager
from .entity import Entity, plain
from .filemanager import FileManager
from .folder import Folder
from .hoststorage import disks_of
from .iscsi_profile import IscsiProfile
from .machine import VirtualMachine
from .managed import Call, method, reference
from .managers import REFERENCES, ServiceInstance, add_managers
from .profile import DatastoreProfile, DiskProfile, HostProfile, NetworkProfile, NfsServerProfile
from .roster import POOL, VM_FOLDER, add_machines
from .search import SearchIndex
from .stores import Datastore
from .vmdata import allocation
from .world import World

ROOT, DATACENTER, COMPUTE = "ha-folder-root", "ha-datacenter", "ha-compute-res"


def _network_of(host: Any, part: str) -> Any:
    return host.world.find("HostNetworkSystem", networksystem.MOID).get(f"networkInfo.{part}")


class HostSystem(Entity):
    """The host."""

    type_name = "HostSystem"
    common: ClassVar[dict[str, Any]] = {**Entity.common, "vm": []}
    derive: ClassVar[dict[str, Any]] = {
        "summary": hostdata.summary,
        "summary.quickStats": hostdata.quick_stats,
        "config.autoStart": lambda host: host.world.find("HostAutoStartManager", autostart.MOID).get("config"),
        "config.firewall": lambda host: host.world.find("HostFirewallSystem", firewall.MOID).get("firewallInfo"),
        "config.network.portgroup": lambda host: _network_of(host, "portgroup"),
        "config.network.vswitch": lambda host: _network_of(host, "vswitch"),
        "config.storageDevice": lambda host: host.world.find("HostStorageSystem", iscsi.MOID).get("storageDeviceInfo"),
    }

    def __init__(self, profile: HostProfile, **properties: Any) -> None:
        super().__init__(hostdata.HOST, name=profile.name, **properties)
        self.profile = profile

    @method("RetrieveManagedMethodExecuter", writes=False)
    def method_executer(self, call: Call) -> Any:
        return reference(internal.EXECUTER, esxcli.MOID)

    @method("RetrieveDynamicTypeManager", writes=False)
    def type_manager(self, call: Call) -> Any:
        """Clients ask for it, and then nothing of it."""
        return reference("InternalDynamicTypeManager", "ha-dynamic-type-manager")


class Inventory:
    """What adds to the inventory of a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def add(self, machines: Iterable[Machine], folder: Entity | None = None, **options: Any) -> list[VirtualMachine]:
        """
        Add virtual machines, with their disks, to a folder; ``options`` are those of VirtualMachine.

        Returns:
            The machines, with ids that follow those that are there.
        """
        return add_machines(self.world, machines, folder, **options)

    def folder(self, path: str) -> Entity:
        """Find or make the folder at a path below the folder of the virtual machines."""
        parent: Entity = self.world.find("Folder", VM_FOLDER)
        for part in filter(None, path.split("/")):
            moid = f"{parent.moid}/{part}"
            found = self.world.find_or_none("Folder", moid)
            if found is None:
                found = Folder(moid, name=part, parent=parent.ref, childType=parent.get("childType"))
                self.world.add(found)
                parent.append("childEntity", found.ref)
            assert isinstance(found, Entity)
            parent = found
        return parent


def build(
    world: World,
    profile: HostProfile | None = None,
    datastores: Sequence[DatastoreProfile] = (DatastoreProfile(),),
    networks: Sequence[NetworkProfile] = (NetworkProfile(),),
    network_disks: IscsiProfile | None = None,
    disks: Sequence[DiskProfile] = (),
    nfs_servers: Sequence[NfsServerProfile] | None = None,
) -> Inventory:
    """Put a host into an empty world; ``disks`` bear no datastore, ``nfs_servers`` None: any there may be."""
    profile = profile or HostProfile()
    stores = store_objects(world, list(datastores))
    add_managers(world, profile)
    world.add(SearchIndex("ha-searchindex"))
    world.add(FileManager("ha-nfc-file-manager"))
    world.add(VirtualDiskManager("ha-vdiskmanager"))
    browser = vim.host.DatastoreBrowser("ha-host-datastorebrowser")
    world.add(EnvironmentBrowser("ha-host-envbrowser", datastoreBrowser=browser))
    world.add(iscsi.StorageSystem(network_disks or IscsiProfile(), [*disks_of(datastores), *disks]))
    world.add(iscsi_binding.IscsiManager(iscsi_binding.MOID))
    world.add(datastoresystem.DatastoreSystem(stores, nfs_servers))
    _add_host(world, profile, datastores, networks, stores)
    _add_tree(world, profile, stores, networks)
    capability = vim.Capability(provisioningSupported=True, multiHostSupported=False, userShellAccessSupported=True)
    world.add(ServiceInstance("ServiceInstance", capability=capability, content=_content(world, profile)))
    world.find("HostStorageSystem", iscsi.MOID).rescan()
    host = world.find("HostSystem", hostdata.HOST)
    world.events.post("EventEx", host, eventTypeId="esx.audit.host.boot", severity="info", message="Host has booted.")
    return Inventory(world)


def _content(world: World, profile: HostProfile) -> Any:
    return vim.ServiceInstanceContent(
        rootFolder=vim.Folder(ROOT),
        propertyCollector=vmodl.query.PropertyCollector(world.property_collector),
        viewManager=vim.view.ViewManager(world.view_manager),
        about=hostdata.about(profile),
        setting=vim.option.OptionManager("HostAgentSettings"),
        userDirectory=vim.UserDirectory("ha-user-directory"),
        sessionManager=vim.SessionManager(world.session_manager),
        authorizationManager=vim.AuthorizationManager("ha-authmgr"),
        perfManager=vim.PerformanceManager("ha-perfmgr"),
        eventManager=vim.event.EventManager("ha-eventmgr"),
        taskManager=vim.TaskManager(world.task_manager),
        licenseManager=vim.LicenseManager("ha-license-manager"),
        searchIndex=vim.SearchIndex("ha-searchindex"),
        fileManager=vim.FileManager("ha-nfc-file-manager"),
        virtualDiskManager=vim.VirtualDiskManager("ha-vdiskmanager"),
        **{name: reference(*key) for name, key in REFERENCES.items()},
    )


def _add_host(
    world: World,
    profile: HostProfile,
    datastores: Sequence[DatastoreProfile],
    networks: Sequence[NetworkProfile],
    stores: Sequence[Datastore],
) -> None:
    config = hostdata.config(profile, networks, datastores)
    info = config.network
    world.add(networksystem.NetworkSystem(networksystem.MOID, networkInfo=info, dnsConfig=info.dnsConfig))
    world.add(plain("HostDateTimeSystem", "dateTimeSystem", dateTimeInfo=config.dateTimeInfo))
    world.add(
        HostSystem(
            profile,
            parent=vim.ComputeResource(COMPUTE),
            hardware=hostdata.hardware(profile),
            capability=hostdata.capability(),
            runtime=hostdata.runtime(profile, world.clock.utcnow()),
            config=config,
            configManager=vim.host.ConfigManager(
                datastoreSystem=vim.host.DatastoreSystem(datastoresystem.MOID),
                storageSystem=vim.host.StorageSystem(iscsi.MOID),
                iscsiManager=vim.host.IscsiManager(iscsi_binding.MOID),
                networkSystem=vim.host.NetworkSystem(networksystem.MOID),
                virtualNicManager=vim.host.VirtualNicManager("ha-vnic-mgr"),
                firewallSystem=vim.host.FirewallSystem(firewall.MOID),
                serviceSystem=vim.host.ServiceSystem("serviceSystem"),
                advancedOption=vim.option.OptionManager("ha-adv-options"),
                autoStartManager=vim.host.AutoStartManager(autostart.MOID),
                dateTimeSystem=vim.host.DateTimeSystem("dateTimeSystem"),
                licenseManager=vim.LicenseManager("ha-license-manager"),
                userDirectory=vim.UserDirectory("ha-user-directory"),
            ),
            datastore=[store.ref for store in stores],
            network=[vim.Network(network_moid(one.name)) for one in networks],
            datastoreBrowser=vim.host.DatastoreBrowser("ha-host-datastorebrowser"),
        )
    )


def _add_tree(
    world: World, profile: HostProfile, stores: Sequence[Datastore], networks: Sequence[NetworkProfile]
) -> None:
    datacenter = vim.Datacenter(DATACENTER)
    store_refs = [store.ref for store in stores]
    network_refs = [vim.Network(network_moid(one.name)) for one in networks]
    common: dict[str, Any] = {"configuration": vim.Datacenter.ConfigInfo()}
    world.add(Folder(ROOT, name=ROOT, childType=[vim.Folder, vim.Datacenter], childEntity=[datacenter]))
    for name, kinds, children in (
        ("vm", [vim.Folder, vim.VirtualMachine, vim.VirtualApp], []),
        ("host", [vim.Folder, vim.ComputeResource], [vim.ComputeResource(COMPUTE)]),
        ("datastore", [vim.Folder, vim.Datastore], store_refs),
        ("network", [vim.Folder, vim.Network], network_refs),
    ):
        moid = f"ha-folder-{name}"
        common[f"{name}Folder"] = vim.Folder(moid)
        world.add(Folder(moid, name=name, parent=datacenter, childType=kinds, childEntity=children))
    world.add(_entity("Datacenter", DATACENTER, vim.Folder(ROOT), datastore=store_refs, network=network_refs, **common))
    for one in networks:
        networksystem.add_network(world, one.name)
    cpu = profile.cpu_cores * profile.cpu_mhz
    world.add(
        _entity(
            "ComputeResource",
            COMPUTE,
            vim.Folder("ha-folder-host"),
            name=profile.name,
            resourcePool=vim.ResourcePool(POOL),
            host=[vim.HostSystem(hostdata.HOST)],
            datastore=store_refs,
            network=network_refs,
            environmentBrowser=vim.EnvironmentBrowser("ha-host-envbrowser"),
            configurationEx=vim.ComputeResource.ConfigInfo(vmSwapPlacement="vmDirectory"),
            summary=vim.ComputeResource.Summary(
                totalCpu=cpu,
                totalMemory=profile.memory_bytes,
                numCpuCores=profile.cpu_cores,
                numCpuThreads=profile.cpu_threads,
                effectiveCpu=cpu,
                effectiveMemory=profile.memory_bytes >> 20,
                numHosts=1,
                numEffectiveHosts=1,
                overallStatus="green",
            ),
        )
    )
    world.add(_pool(cpu, profile.memory_bytes))


def _pool(cpu: int, memory: int) -> Any:
    def usage(whole: int) -> Any:
        return vim.ResourcePool.ResourceUsage(
            reservationUsed=0,
            reservationUsedForVm=0,
            unreservedForPool=whole,
            unreservedForVm=whole,
            overallUsage=whole // 16,
            maxUsage=whole,
        )

    ref = vim.ResourcePool(POOL)
    config = vim.ResourceConfigSpec(
        entity=ref,
        cpuAllocation=allocation(cpu, cpu, 9000, "custom"),
        memoryAllocation=allocation(memory >> 20, memory >> 20, 9000, "custom"),
    )
    runtime = vim.ResourcePool.RuntimeInfo(memory=usage(memory), cpu=usage(cpu), overallStatus="green")
    return _entity(
        "ResourcePool",
        POOL,
        vim.ComputeResource(COMPUTE),
        name="Resources",
        owner=vim.ComputeResource(COMPUTE),
        config=config,
        runtime=runtime,
        summary=vim.ResourcePool.Summary(name="Resources", config=config, runtime=runtime),
        resourcePool=[],
        childConfiguration=[],
        vm=[],
    )


def _entity(type_name: str, moid: str, parent: Any, **properties: Any) -> Any:
    name = properties.pop("name", moid)
    made = type(type_name, (Entity,), {"type_name": type_name})
    return made(moid, name=name, parent=parent, **properties)
