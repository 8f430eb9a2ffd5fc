# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the HostSystem: hardware, configuration, capability, summary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyVmomi import vim

from .entity import filled, stable_uuid
from .hostdevices import pci_devices, pci_passthrough, services
from .hostnet import network_info
from .hoststorage import disks_of, storage_device
from .profile import DatastoreProfile, HostProfile, NetworkProfile
from .vnics import nic_manager_info

HOST = "ha-host"


def about(profile: HostProfile) -> Any:
    """The product, as ServiceContent, config and summary show it."""
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName=f"VMware ESXi {profile.product_version} build-{profile.build}",
        vendor="VMware, Inc.",
        version=profile.product_version,
        build=profile.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=profile.api_version,
        licenseProductName="VMware ESX Server",
        licenseProductVersion=profile.product_version.partition(".")[0] + ".0",
    )


def hardware(profile: HostProfile) -> Any:
    return vim.host.HardwareInfo(
        systemInfo=vim.host.SystemInfo(
            vendor=profile.vendor,
            model=profile.model,
            uuid=stable_uuid("host", profile.name),
            serialNumber="SIM0001",
        ),
        cpuInfo=vim.host.CpuInfo(
            numCpuPackages=profile.cpu_packages,
            numCpuCores=profile.cpu_cores,
            numCpuThreads=profile.cpu_threads,
            hz=profile.cpu_mhz * 1_000_000,
        ),
        cpuPkg=[_package(profile, index) for index in range(profile.cpu_packages)],
        memorySize=profile.memory_bytes,
        numaInfo=_numa(profile),
        smcPresent=False,
        pciDevice=pci_devices(profile),
        cpuFeature=_cpu_features(),
        biosInfo=vim.host.BIOSInfo(biosVersion="1.0", vendor=profile.vendor),
    )


def _package(profile: HostProfile, index: int) -> Any:
    each = profile.cpu_threads // profile.cpu_packages
    return vim.host.CpuPackage(
        index=index,
        vendor="intel",
        hz=profile.cpu_mhz * 1_000_000,
        busHz=100_000_000,
        description=profile.cpu_model,
        threadId=list(range(index * each, (index + 1) * each)),
        cpuFeature=_cpu_features(),
    )


def _cpu_features() -> list[Any]:
    # Level 0x80000001, edx bit 29 is long mode: libvirt reads the architecture from it.
    levels = {
        0: ("0000:0000:0000:0000:0000:0000:0001:0110", "0110:1001:0110:0101:0110:1110:0100:1001"),
        1: ("0000:0000:0000:0101:0000:0110:0101:0111", "1011:1111:1110:1011:1111:1011:1111:1111"),
        -2147483647: ("0000:0000:0000:0000:0000:0000:0000:0000", "0010:1100:0001:0000:0000:1000:0000:0000"),
    }
    empty = "0000:0000:0000:0000:0000:0000:0000:0000"
    return [
        vim.host.CpuIdInfo(level=level, eax=eax, ebx=empty, ecx=empty, edx=edx) for level, (eax, edx) in levels.items()
    ]


def _numa(profile: HostProfile) -> Any:
    nodes, each = profile.cpu_packages, profile.memory_bytes // profile.cpu_packages
    threads = profile.cpu_threads // nodes
    return vim.host.NumaInfo(
        type="NUMA",
        numNodes=nodes,
        numaNode=[
            vim.host.NumaNode(
                typeId=index,
                cpuID=list(range(index * threads, (index + 1) * threads)),
                memorySize=each,
                memoryRangeBegin=index * each,
                memoryRangeLength=each,
            )
            for index in range(nodes)
        ],
    )


def capability() -> Any:
    supported = (
        *("recursiveResourcePoolsSupported", "cpuMemoryResourceConfigurationSupported", "rebootSupported"),
        *("shutdownSupported", "sanSupported", "nfsSupported", "iscsiSupported", "vlanTaggingSupported"),
        *("nicTeamingSupported", "highGuestMemSupported", "maintenanceModeSupported", "screenshotSupported"),
        *("scaledScreenshotSupported", "perVmSwapFiles", "backgroundSnapshotsSupported"),
        *("preAssignedPCIUnitNumbersSupported", "deltaDiskBackingsSupported", "vStorageCapable"),
        *("vmfsDatastoreMountCapable", "nestedHVSupported", "latencySensitivitySupported"),
        "featureCapabilitiesSupported",
    )
    return filled(
        vim.host.Capability,
        **dict.fromkeys(supported, True),
        maxSupportedVcpus=768,
        maxSupportedVMs=1024,
        maxRunningVMs=1024,
        maxRegisteredVMs=4096,
        maxHostRunningVms=1024,
        maxHostSupportedVcpus=4096,
    )


def runtime(profile: HostProfile, boot_time: datetime) -> Any:
    return vim.host.RuntimeInfo(
        connectionState="connected",
        powerState="poweredOn",
        standbyMode="none",
        inMaintenanceMode=profile.maintenance_mode,
        inQuarantineMode=False,
        bootTime=boot_time,
        hostMaxVirtualDiskCapacity=68169720922112,
        cryptoState="incapable",
    )


def summary(host: Any) -> Any:
    """Derive the summary from what else the host reports."""
    profile: HostProfile = host.profile
    return vim.host.Summary(
        host=host.ref,
        hardware=vim.host.Summary.HardwareSummary(
            vendor=profile.vendor,
            model=profile.model,
            uuid=stable_uuid("host", profile.name),
            memorySize=profile.memory_bytes,
            cpuModel=profile.cpu_model,
            cpuMhz=profile.cpu_mhz,
            numCpuPkgs=profile.cpu_packages,
            numCpuCores=profile.cpu_cores,
            numCpuThreads=profile.cpu_threads,
            numNics=len(profile.cards),
            numHBAs=2,
        ),
        runtime=host.get("runtime"),
        config=vim.host.Summary.ConfigSummary(
            name=profile.name,
            port=443,
            product=about(profile),
            vmotionEnabled=False,
            faultToleranceEnabled=False,
        ),
        quickStats=quick_stats(host),
        overallStatus="green",
        rebootRequired=False,
    )


def quick_stats(host: Any) -> Any:
    return vim.host.Summary.QuickStats(
        overallCpuUsage=1200,
        overallMemoryUsage=16 * 1024,
        distributedCpuFairness=1000,
        distributedMemoryFairness=1000,
        uptime=int((host.world.clock.utcnow() - host.get("runtime.bootTime")).total_seconds()),
    )


def config(profile: HostProfile, networks: Sequence[NetworkProfile], stores: Sequence[DatastoreProfile]) -> Any:
    return vim.host.ConfigInfo(
        host=vim.HostSystem(HOST),
        product=about(profile),
        hyperThread=vim.host.CpuSchedulerSystem.HyperThreadScheduleInfo(available=True, active=True, config=True),
        storageDevice=storage_device(disks_of(stores)),
        fileSystemVolume=vim.host.FileSystemVolumeInfo(volumeTypeList=["VMFS", "NFS"]),
        network=network_info(profile, networks),
        virtualNicManagerInfo=nic_manager_info(profile),
        service=services(),
        pciPassthruInfo=pci_passthrough(profile),
        option=[vim.option.OptionValue(key="Config.HostAgent.plugins.solo.enableMob", value=False)],
        adminDisabled=False,
        lockdownMode="lockdownDisabled",
        wakeOnLanCapable=False,
        dateTimeInfo=vim.host.DateTimeInfo(
            timeZone=vim.host.DateTimeSystem.TimeZone(key="UTC", name="UTC", description="UTC", gmtOffset=0),
            ntpConfig=vim.host.NtpConfig(server=["ntp.example.com"]),
        ),
    )
