# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host offers to virtual machines: hardware versions, guests, and what can be plugged in."""

from __future__ import annotations

from functools import cache
from typing import Any

from pyVmomi import vim, vmodl

from . import api, devices, guestos, hardware, paths
from .entity import Plain
from .managed import Call, method
from .world import World

MIB = 1024 * 1024

DEFAULT_HARDWARE = 20
OFFERED = (4, 7, 8, 9, 10, 11, 13, 14, 15, 17, 18, 19, 20, 21)


def key_of(number: int) -> str:
    return f"vmx-{number:02}"


@cache
def guest(guest_id: str) -> Any:
    """What a host says of a guest operating system."""
    kinds = vim.vm.device
    modern = guestos.vmx_name(guest_id).endswith("-64")
    return complete(
        vim.vm.GuestOsDescriptor,
        id=guest_id,
        family=guestos.family(guest_id),
        fullName=guestos.full_name(guest_id),
        supportedMaxCPUs=128 if modern else 4,
        numSupportedPhysicalSockets=128 if modern else 4,
        numSupportedCoresPerSocket=128 if modern else 4,
        supportedMinMemMB=4,
        supportedMaxMemMB=24 * 1024 * 1024 if modern else 4096,
        recommendedMemMB=2048 if modern else 256,
        recommendedColorDepth=0,
        supportedDiskControllerList=[kinds.ParaVirtualSCSIController, kinds.VirtualLsiLogicController],
        recommendedSCSIController=kinds.ParaVirtualSCSIController if modern else kinds.VirtualLsiLogicController,
        recommendedDiskController=kinds.ParaVirtualSCSIController if modern else kinds.VirtualLsiLogicController,
        supportedNumDisks=60,
        recommendedDiskSizeMB=16384,
        recommendedCdromController=kinds.VirtualAHCIController if modern else kinds.VirtualIDEController,
        supportedEthernetCard=[kinds.VirtualVmxnet3, kinds.VirtualE1000],
        recommendedEthernetCard=kinds.VirtualVmxnet3 if modern else kinds.VirtualE1000,
        recommendedFirmware="efi" if modern else "bios",
        supportedFirmware=["bios", "efi"],
        cpuFeatureMask=[],
        supportLevel="supported",
    )


class EnvironmentBrowser(Plain):
    """What the host tells those who make virtual machines."""

    type_name = "EnvironmentBrowser"

    @method("QueryConfigOptionDescriptor")
    def query_descriptors(self, call: Call) -> Any:
        return [
            vim.vm.ConfigOptionDescriptor(
                key=hardware.version_text(number),
                description=f"Hardware version {number}",
                host=[vim.HostSystem("ha-host")],
                createSupported=True,
                defaultConfigOption=number == hardware.newest(call.world),
                runSupported=True,
                upgradeSupported=True,
            )
            for number in hardware.offered(call.world)
        ]

    @method("QueryConfigOptionEx")
    def query_option_ex(self, call: Call, *, spec: Any = None) -> Any:
        key = spec.key if spec is not None else None
        wanted = spec.guestId if spec is not None else None
        return self._option(key, list(wanted or ()))

    @method("QueryConfigOption")
    def query_option(self, call: Call, *, key: str | None = None, host: Any = None) -> Any:
        return self._option(key, [])

    @method("QueryTargetCapabilities")
    def query_target(self, call: Call, *, host: Any = None) -> Any:
        return self.world.find("HostSystem", "ha-host").get("capability")

    @method("QueryConfigTarget")
    def query_config_target(self, call: Call, *, host: Any = None) -> Any:
        return config_target(self.world)

    def _option(self, key: str | None, guests: list[str]) -> Any:
        number = hardware.newest(self.world) if not key else hardware.known_number(self.world, key)
        if number is None:
            raise vmodl.fault.InvalidArgument(invalidProperty="key", msg=f"There is no config option {key}.")
        identifiers: Any = vim.vm.GuestOsDescriptor.GuestOsIdentifier
        known = identifiers.values
        if not set(guests) <= set(known):
            raise vmodl.fault.InvalidArgument(invalidProperty="guestId", msg=f"There is no guest {guests[0]}.")
        return complete(
            vim.vm.ConfigOption,
            version=hardware.version_text(number),
            description=f"Hardware version {number}",
            guestOSDescriptor=[guest(one) for one in guests or known],
            guestOSDefaultIndex=0,
            hardwareOptions=_hardware(number),
            supportedMonitorType=["release"],
            defaultDevice=[
                *(devices.ide(0, ()), devices.ide(1, ()), devices.ps2(), devices.pci((500, 12000)), devices.sio(())),
                *(devices.keyboard(), devices.pointing(), devices.video(4096), devices.vmci()),
            ],
        )


def complete(cls: Any, **given: Any) -> Any:
    """Make a data object whose required fields, and theirs, are all there: zero, false and empty where not given."""
    values = dict(given)
    for info in paths.fields(cls).values():
        is_required = not info.flags & api.support.F_OPTIONAL
        if not is_required or info.name in values or issubclass(info.type, list):
            continue
        if issubclass(info.type, api.DataObject):
            values[info.name] = complete(info.type)
        elif issubclass(info.type, str) and getattr(info.type, "values", None):
            values[info.name] = info.type.values[0]
        elif issubclass(info.type, (bool, int, str)):
            values[info.name] = info.type()
    return cls(**values)


def config_target(world: World) -> Any:
    """What can be plugged into a machine on this host."""
    host = world.find("HostSystem", "ha-host")
    cpus = host.get("hardware.cpuInfo")
    capable = {one.id for one in host.get("config.pciPassthruInfo") if one.passthruCapable}
    return complete(
        vim.vm.ConfigTarget,
        numCpus=cpus.numCpuThreads,
        numCpuCores=cpus.numCpuCores,
        numNumaNodes=cpus.numCpuPackages,
        maxMemMBOptimalPerf=host.get("hardware.memorySize") // MIB,
        datastore=[
            vim.vm.DatastoreInfo(
                name=store.get("name"),
                datastore=store.get("summary"),
                capability=store.get("capability"),
                maxFileSize=64 * 2**40,
                maxVirtualDiskCapacity=62 * 2**40,
                mode="readWrite",
            )
            for store in world.of_type("Datastore")
        ],
        network=[
            vim.vm.NetworkInfo(name=one.get("name"), network=one.get("summary")) for one in world.of_type("Network")
        ],
        cdRom=[vim.vm.CdromInfo(name="/vmfs/devices/cdrom/mpx.vmhba1:C0:T0:L0")],
        serial=[vim.vm.SerialInfo(name=f"/dev/char/serial/uart{number}") for number in range(2)],
        parallel=[vim.vm.ParallelInfo(name="/dev/parport0")],
        floppy=[vim.vm.FloppyInfo(name="/dev/fd0")],
        usb=[
            vim.vm.UsbInfo(
                name="path:0/1/0",
                description="Example Flash Disk",
                vendor=0x0781,
                product=0x5567,
                physicalPath="path:0/1/0",
                family=["storage"],
                speed=["high"],
            )
        ],
        pciPassthrough=[
            vim.vm.PciPassthroughInfo(name=one.deviceName, pciDevice=one, systemId=host.get("hardware.systemInfo.uuid"))
            for one in host.get("hardware.pciDevice")
            if one.id in capable
        ],
        autoVmotion=False,
    )


def _devices() -> list[Any]:
    """The devices that machines may have."""
    kinds = vim.vm.device
    hot = (kinds.VirtualDisk, kinds.VirtualEthernetCard, kinds.VirtualSCSIController, kinds.VirtualUSBXHCIController)
    classes = (
        *(kinds.VirtualIDEController, kinds.VirtualAHCIController, kinds.VirtualNVMEController),
        *(kinds.ParaVirtualSCSIController, kinds.VirtualLsiLogicController, kinds.VirtualLsiLogicSASController),
        *(kinds.VirtualBusLogicController, kinds.VirtualDisk, kinds.VirtualCdrom, kinds.VirtualFloppy),
        *(kinds.VirtualVmxnet3, kinds.VirtualE1000, kinds.VirtualE1000e, kinds.VirtualPCNet32),
        *(kinds.VirtualSerialPort, kinds.VirtualParallelPort, kinds.VirtualUSBController),
        *(kinds.VirtualUSBXHCIController, kinds.VirtualPCIPassthrough, kinds.VirtualTPM, kinds.VirtualVideoCard),
    )
    return [
        complete(kinds.VirtualDeviceOption, type=cls, plugAndPlay=pluggable, hotRemoveSupported=pluggable)
        for cls, pluggable in ((cls, issubclass(cls, hot)) for cls in classes)
    ]


@cache
def _hardware(number: int) -> Any:
    def ints(least: int, most: int) -> Any:
        return vim.option.IntOption(valueIsReadonly=False, min=least, max=most, defaultValue=least)

    memory = vim.option.LongOption(valueIsReadonly=False, min=4, max=24 * 1024 * 1024, defaultValue=4096)
    return complete(
        vim.vm.VirtualHardwareOption,
        hwVersion=number,
        numCPU=list(range(1, 129)),
        numCoresPerSocket=ints(1, 128),
        memoryMB=memory,
        numPCIControllers=ints(1, 1),
        numIDEControllers=ints(2, 2),
        numUSBControllers=ints(0, 1),
        numUSBXHCIControllers=ints(0, 1),
        numSIOControllers=ints(1, 1),
        numPS2Controllers=ints(1, 1),
        virtualDeviceOption=_devices(),
    )
