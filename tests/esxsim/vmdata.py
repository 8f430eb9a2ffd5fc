# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's data of a virtual machine: made of its description, or derived from what it reports elsewhere."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import guestos
from .description import CREATED, Machine
from .devices import devices, iterate
from .entity import filled, like
from .uuids import location_of

if TYPE_CHECKING:
    from .vmbase import VmBase

VM_OVERHEAD_BYTES = 40 * 1024 * 1024
SHARES = {"low": 500, "normal": 1000, "high": 2000}


@cache
def capability() -> Any:
    supported = (
        *("snapshotOperationsSupported", "multipleSnapshotsSupported", "snapshotConfigSupported"),
        *("poweredOffSnapshotsSupported", "memorySnapshotsSupported", "revertToSnapshotSupported"),
        *("quiescedSnapshotsSupported", "bootOptionsSupported", "bootRetryOptionsSupported", "diskSharesSupported"),
        *("toolsSyncTimeSupported", "changeTrackingSupported", "multipleCoresPerSocketSupported"),
        *("settingVideoRamSizeSupported", "consolePreferencesSupported", "cpuFeatureMaskSupported"),
        *("swapPlacementSupported", "nestedHVSupported", "virtualMmuUsageSupported", "featureRequirementSupported"),
    )
    return filled(vim.vm.Capability, **dict.fromkeys(supported, True))


@cache
def runtime(power_state: str, booted: datetime | None) -> Any:
    """What all machines in a power state have in common at the beginning."""
    return vim.vm.RuntimeInfo(
        host=vim.HostSystem("ha-host"),
        connectionState="connected",
        powerState=power_state,
        faultToleranceState="notConfigured",
        toolsInstallerMounted=False,
        bootTime=booted if power_state == "poweredOn" else None,
        numMksConnections=0,
        recordReplayState="inactive",
        cleanPowerOff=True if power_state == "poweredOff" else None,
        onlineStandby=False,
        consolidationNeeded=False,
        maxCpuUsage=2400,
        maxMemoryUsage=1024,
        cryptoState=None,
    )


@cache
def allocation(limit: int, reservation: int, shares: int, level: str) -> Any:
    return vim.ResourceAllocationInfo(
        reservation=reservation,
        expandableReservation=False,
        limit=limit,
        shares=vim.SharesInfo(shares=shares, level=level),
    )


@cache
def _config_model() -> Any:
    return vim.vm.ConfigInfo(
        changeVersion="",
        modified=CREATED,
        name="",
        guestFullName="",
        version="",
        uuid="",
        createDate=CREATED,
        npivTemporaryDisabled=True,
        template=False,
        guestId="",
        alternateGuestName="",
        files=vim.vm.FileInfo(),
        tools=_tools(),
        flags=_flags(),
        defaultPowerOps=vim.vm.DefaultPowerOpInfo(
            powerOffType="soft",
            suspendType="hard",
            resetType="soft",
            defaultPowerOffType="soft",
            defaultSuspendType="hard",
            defaultResetType="soft",
            standbyAction="checkpoint",
        ),
        hardware=vim.vm.VirtualHardware(
            numCPU=1, numCoresPerSocket=1, memoryMB=4, virtualICH7MPresent=False, virtualSMCPresent=False
        ),
        latencySensitivity=vim.LatencySensitivity(level="normal"),
        memoryHotAddEnabled=False,
        cpuHotAddEnabled=False,
        cpuHotRemoveEnabled=False,
        swapPlacement="inherit",
        bootOptions=vim.vm.BootOptions(
            bootDelay=0, enterBIOSSetup=False, efiSecureBootEnabled=False, bootRetryEnabled=False, bootRetryDelay=10000
        ),
        vAssertsEnabled=False,
        changeTrackingEnabled=False,
        maxMksConnections=40,
        guestAutoLockEnabled=True,
        memoryReservationLockedToMax=False,
        nestedHVEnabled=False,
        vPMCEnabled=False,
        messageBusTunnelEnabled=False,
        migrateEncryption="opportunistic",
    )


def _tools() -> Any:
    return vim.vm.ToolsConfigInfo(
        toolsVersion=12389,
        toolsInstallType="guestToolsTypeOpenVMTools",
        afterPowerOn=True,
        afterResume=True,
        beforeGuestStandby=True,
        beforeGuestShutdown=True,
        toolsUpgradePolicy="manual",
        syncTimeWithHost=False,
    )


def _flags() -> Any:
    return vim.vm.FlagInfo(
        disableAcceleration=False,
        enableLogging=True,
        useToe=False,
        runWithDebugInfo=False,
        monitorType="release",
        htSharing="any",
        snapshotDisabled=False,
        snapshotLocked=False,
        diskUuidEnabled=False,
        snapshotPowerOffBehavior="powerOff",
        recordReplayEnabled=False,
    )


@cache
def _option(key: str, value: str) -> Any:
    return vim.option.OptionValue(key=key, value=value)


def config(machine: Machine, store_of: Any) -> Any:
    """Make the configuration of a machine."""
    model = _config_model()
    shares = SHARES.get(machine.cpu_shares)
    folder = machine.folder
    return like(
        model,
        changeVersion=CREATED.isoformat(),
        name=machine.name,
        guestFullName=guestos.full_name(machine.guest_id),
        guestId=machine.guest_id,
        version=f"vmx-{machine.hardware_version:02d}",
        uuid=machine.uuid,
        instanceUuid=machine.instance_uuid,
        locationId=location_of(machine.vmx_path) if machine.original is None else machine.location,
        template=machine.template,
        annotation=machine.annotation,
        files=like(
            model.files,
            vmPathName=machine.vmx_path,
            snapshotDirectory=folder,
            suspendDirectory=folder,
            logDirectory=folder,
        ),
        hardware=like(
            model.hardware,
            numCPU=machine.cpus,
            numCoresPerSocket=machine.cores_per_socket,
            memoryMB=machine.memory_mib,
            device=devices(machine, store_of),
        ),
        cpuAllocation=allocation(
            machine.cpu_limit,
            machine.cpu_reservation,
            int(machine.cpu_shares) if shares is None else shares * machine.cpus,
            "custom" if shares is None else machine.cpu_shares,
        ),
        memoryAllocation=allocation(
            machine.memory_limit, machine.memory_reservation, 10 * machine.memory_mib, "normal"
        ),
        extraConfig=[_option(key, value) for key, value in machine.extra_config.items()],
        firmware=machine.firmware,
    )


def named(made: Any, name: str) -> Any:
    """Return a configuration with a name."""
    return like(made, name=name)


def datastore_urls(vm: VmBase) -> list[Any]:
    """The datastores that a machine is on, as its configuration names them."""
    stores = [vm.world.find("Datastore", ref._moId) for ref in vm.get("datastore")]
    return [vim.vm.ConfigInfo.DatastoreUrlPair(name=one.get("name"), url=one.mount_path) for one in stores]


def summary_config(vm: VmBase) -> Any:
    found = vm.get("config")
    disks = sum(1 for _rest in iterate(found, vim.vm.device.VirtualDisk))
    nics = sum(1 for _rest in iterate(found, vim.vm.device.VirtualEthernetCard))
    return like(
        _summary_config_model(),
        name=found.name,
        template=found.template,
        vmPathName=found.files.vmPathName,
        memorySizeMB=found.hardware.memoryMB,
        cpuReservation=found.cpuAllocation.reservation,
        memoryReservation=found.memoryAllocation.reservation,
        numCpu=found.hardware.numCPU,
        numEthernetCards=nics,
        numVirtualDisks=disks,
        uuid=found.uuid,
        instanceUuid=found.instanceUuid,
        guestId=found.guestId,
        guestFullName=found.guestFullName,
        annotation=found.annotation,
        hwVersion=found.version,
    )


@cache
def _summary_config_model() -> Any:
    return vim.vm.Summary.ConfigSummary(
        name="", template=False, vmPathName="", installBootRequired=False, tpmPresent=False, numVmiopBackings=0
    )


def summary_guest(vm: VmBase) -> Any:
    guest = vm.get("guest")
    return vim.vm.Summary.GuestSummary(
        guestId=guest.guestId,
        guestFullName=guest.guestFullName,
        toolsStatus=guest.toolsStatus,
        toolsVersionStatus=guest.toolsVersionStatus,
        toolsVersionStatus2=guest.toolsVersionStatus2,
        toolsRunningStatus=guest.toolsRunningStatus,
        hostName=guest.hostName,
        ipAddress=guest.ipAddress,
        hwVersion=guest.hwVersion,
    )


def quick_stats(vm: VmBase) -> Any:
    power_state = vm.get("runtime.powerState")
    running = power_state == "poweredOn"
    memory = vm.get("config.hardware.memoryMB") if running else 0
    booted = vm.get("runtime.bootTime")
    uptime = int((vm.world.clock.utcnow() - booted).total_seconds()) if running and booted is not None else 0
    return like(
        _quick_stats_model(),
        overallCpuUsage=50 if running else 0,
        overallCpuDemand=50 if running else 0,
        guestMemoryUsage=memory // 10,
        hostMemoryUsage=memory // 2,
        privateMemory=memory // 2,
        guestHeartbeatStatus=vm.get("guestHeartbeatStatus"),
        uptimeSeconds=max(0, uptime),
    )


@cache
def _quick_stats_model() -> Any:
    numbers = (
        *("distributedCpuEntitlement", "distributedMemoryEntitlement", "staticCpuEntitlement", "sharedMemory"),
        *("staticMemoryEntitlement", "swappedMemory", "balloonedMemory", "consumedOverheadMemory", "compressedMemory"),
        "ssdSwappedMemory",
    )
    return vim.vm.Summary.QuickStats(
        guestHeartbeatStatus="gray", ftLogBandwidth=-1, ftSecondaryLatency=-1, **dict.fromkeys(numbers, 0)
    )


def summary(vm: VmBase, storage: Any) -> Any:
    """Derive the whole summary; its part on storage comes from elsewhere."""
    return vim.vm.Summary(
        vm=vm.ref,
        runtime=vm.get("runtime"),
        guest=summary_guest(vm),
        config=summary_config(vm),
        storage=storage,
        quickStats=quick_stats(vm),
        overallStatus=vm.get("overallStatus"),
    )


def resource_config(vm: VmBase) -> Any:
    found = vm.get("config")
    return vim.ResourceConfigSpec(
        entity=vm.ref, cpuAllocation=found.cpuAllocation, memoryAllocation=found.memoryAllocation
    )
