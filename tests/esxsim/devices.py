# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual devices of a machine. What does not differ between machines is made once and shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pyVmomi import vim

from .description import Cdrom, Disk, Machine, Nic, Port, Slot
from .entity import like
from .vmdk import new_uuid

device: Any = vim.vm.device
PCI, IDE, PS2, SIO, VIDEO = 100, 200, 300, 400, 500
SCSI_MODELS = {
    "buslogic": device.VirtualBusLogicController,
    "lsilogic": device.VirtualLsiLogicController,
    "lsisas1068": device.VirtualLsiLogicSASController,
    "pvscsi": device.ParaVirtualSCSIController,
}
NIC_MODELS = {
    "vlance": device.VirtualPCNet32,
    "vmxnet": device.VirtualVmxnet,
    "vmxnet2": device.VirtualVmxnet2,
    "vmxnet3": device.VirtualVmxnet3,
    "e1000": device.VirtualE1000,
    "e1000e": device.VirtualE1000e,
}


def network_moid(name: str) -> str:
    return f"HaNetwork-{name}"


def generated_mac(uuid: str, number: int) -> str:
    """Make the address that a host generates for a machine's network adapter: the end of its UUID, ten apart."""
    end = (int(uuid.replace("-", "")[-6:], 16) + 10 * number) % 2**24
    return f"00:0c:29:{end >> 16:02x}:{end >> 8 & 255:02x}:{end & 255:02x}"


def controller_key(slot: Slot) -> int:
    return {"ide": IDE, "scsi": 1000, "sata": 15000, "nvme": 31000}[slot.bus] + slot.controller


def device_key(slot: Slot) -> int:
    """The key that a host gives to a disk or a drive."""
    if slot.bus == "ide":
        return 3000 + 2 * slot.controller + slot.unit
    if slot.bus == "sata":
        return 16000 + 30 * slot.controller + slot.unit
    if slot.bus == "nvme":
        return 32000 + 15 * slot.controller + slot.unit
    return 2000 + 16 * slot.controller + slot.unit if slot.unit < 16 else 131072 + 64 * slot.controller + slot.unit


def devices(machine: Machine, store_of: Any) -> list[Any]:
    """
    Make all devices of a machine.

    ``store_of`` finds the reference of the datastore of a datastore path; None: there is none.
    """
    used = [*(one.slot for one in machine.disks), *(one.slot for one in machine.cdroms)]
    slots = [(slot, device_key(slot)) for slot in used]
    controllers = sorted({(slot.bus, slot.controller) for slot, _rest in slots if slot.bus != "ide"} | _scsi(machine))
    on_pci = [VIDEO, 12000]
    on_pci += [controller_key(Slot(bus=bus, controller=number)) for bus, number in controllers]
    on_pci += [4000 + one.index for one in machine.nics]
    on_sio = [600, 700]
    on_sio += [9000 + one.index for one in machine.serials] + [10000 + one.index for one in machine.parallels]
    on_sio += [8000 + one.index for one in machine.floppies]

    def below(bus: str, number: int) -> tuple[int, ...]:
        return tuple(key for slot, key in slots if (slot.bus, slot.controller) == (bus, number))

    found = [ide(0, below("ide", 0)), ide(1, below("ide", 1)), ps2(), pci(tuple(on_pci)), sio(tuple(on_sio))]
    found += [keyboard(), pointing(), video(machine.video_ram_kib), vmci()]
    for bus, number in controllers:
        found.append(controller(bus, number, machine.scsi_models.get(number, "lsilogic"), below(bus, number)))
    found += [cdrom(one, store_of) for one in machine.cdroms]
    found += [disk(machine, one, number, store_of) for number, one in enumerate(machine.disks)]
    found += [floppy(one, store_of) for one in machine.floppies]
    found += [nic(machine, one) for one in machine.nics]
    found += [serial(one, store_of) for one in machine.serials]
    found += [parallel(one, store_of) for one in machine.parallels]
    found += [passthrough(one) for one in machine.pci_devices]
    return found


def _scsi(machine: Machine) -> set[tuple[str, int]]:
    return {("scsi", number) for number in machine.scsi_models}


@cache
def _info(label: str, text: str) -> Any:
    return vim.Description(label=label, summary=text)


@cache
def ide(number: int, below: tuple[int, ...]) -> Any:
    label = f"IDE {number}"
    return device.VirtualIDEController(
        key=IDE + number, deviceInfo=_info(label, label), busNumber=number, device=list(below)
    )


@cache
def ps2() -> Any:
    return device.VirtualPS2Controller(
        key=PS2, deviceInfo=_info("PS2 controller 0", "PS2 controller 0"), busNumber=0, device=[600, 700]
    )


@cache
def pci(below: tuple[int, ...]) -> Any:
    return device.VirtualPCIController(
        key=PCI, deviceInfo=_info("PCI controller 0", "PCI controller 0"), busNumber=0, device=list(below)
    )


@cache
def sio(below: tuple[int, ...]) -> Any:
    rest = [key for key in below if key not in (600, 700)]
    return device.VirtualSIOController(
        key=SIO, deviceInfo=_info("SIO controller 0", "SIO controller 0"), busNumber=0, device=rest
    )


@cache
def keyboard() -> Any:
    return device.VirtualKeyboard(key=600, deviceInfo=_info("Keyboard", "Keyboard"), controllerKey=PS2, unitNumber=0)


@cache
def pointing() -> Any:
    backing = device.VirtualPointingDevice.DeviceBackingInfo(
        deviceName="", useAutoDetect=False, hostPointingDevice="autodetect"
    )
    return device.VirtualPointingDevice(
        key=700, deviceInfo=_info("Pointing device", "Pointing device; Device"), backing=backing, controllerKey=PS2,
        unitNumber=1,
    )  # fmt: skip


@cache
def video(ram_kib: int) -> Any:
    return device.VirtualVideoCard(
        key=VIDEO,
        deviceInfo=_info("Video card ", "Video card"),
        controllerKey=PCI,
        unitNumber=0,
        videoRamSizeInKB=ram_kib,
        numDisplays=1,
        useAutoDetect=False,
        enable3DSupport=False,
        use3dRenderer="automatic",
        graphicsMemorySizeInKB=262144,
    )


@cache
def vmci() -> Any:
    return device.VirtualVMCIDevice(
        key=12000,
        deviceInfo=_info("VMCI device", "Device on the virtual machine PCI bus that provides support for the VMCI"),
        controllerKey=PCI,
        unitNumber=17,
        id=-1,
        allowUnrestrictedCommunication=False,
        filterEnable=True,
    )


@cache
def controller(bus: str, number: int, model: str, below: tuple[int, ...]) -> Any:
    """A SCSI, SATA or NVMe controller."""
    key = controller_key(Slot(bus=bus, controller=number))
    common = {"key": key, "busNumber": number, "device": list(below), "controllerKey": PCI}
    if bus == "sata":
        info = _info(f"SATA controller {number}", "AHCI")
        return device.VirtualAHCIController(**common, deviceInfo=info, unitNumber=24 + number)
    if bus == "nvme":
        info = _info(f"NVME controller {number}", "NVME controller")
        return device.VirtualNVMEController(**common, deviceInfo=info, unitNumber=30 + number)
    cls = SCSI_MODELS.get(model, device.VirtualLsiLogicController)
    info = _info(f"SCSI controller {number}", {"pvscsi": "VMware paravirtual SCSI"}.get(model, "LSI Logic"))
    return cls(
        **common, deviceInfo=info, unitNumber=3 + number, hotAddRemove=True, sharedBus="noSharing", scsiCtlrUnitNumber=7
    )


@cache
def _connected(*, connected: bool, guest_control: bool = True, now: bool = False, status: str = "untried") -> Any:
    return device.VirtualDevice.ConnectInfo(
        startConnected=connected, allowGuestControl=guest_control, connected=now, status=status
    )


@cache
def _disk_model() -> Any:
    backing = device.VirtualDisk.FlatVer2BackingInfo(
        fileName="", diskMode="persistent", split=False, writeThrough=False, thinProvisioned=True, digestEnabled=False,
        sharing="sharingNone",
    )  # fmt: skip
    shares = vim.SharesInfo(shares=1000, level="normal")
    return device.VirtualDisk(
        key=0,
        backing=backing,
        capacityInKB=0,
        capacityInBytes=0,
        shares=shares,
        storageIOAllocation=vim.StorageResourceManager.IOAllocationInfo(limit=-1, shares=shares, reservation=0),
        nativeUnmanagedLinkedClone=False,
    )


def disk(machine: Machine, one: Disk, number: int, store_of: Any) -> Any:
    model = _disk_model()
    return like(
        model,
        key=device_key(one.slot),
        deviceInfo=_info(f"Hard disk {number + 1}", f"{one.capacity_kib:,} KB"),
        backing=like(
            model.backing,
            fileName=one.file,
            datastore=store_of(one.file),
            diskMode=one.mode,
            writeThrough=one.write_through,
            thinProvisioned=one.thin,
            eagerlyScrub=True if one.eager else None,
            uuid=one.uuid or new_uuid(one.file.partition("] ")[2]),
        ),
        controllerKey=controller_key(one.slot),
        unitNumber=one.slot.unit,
        capacityInKB=one.capacity_kib,
        capacityInBytes=one.capacity_kib * 1024,
        diskObjectId=f"{machine.uuid}-{device_key(one.slot)}",
    )


def cdrom(one: Cdrom, store_of: Any) -> Any:
    if one.iso is None:
        return _drive(one)
    backing = device.VirtualCdrom.IsoBackingInfo(fileName=one.iso, datastore=store_of(one.iso))
    return _cdrom(one, backing, f"ISO {one.iso}")


@cache
def _drive(one: Cdrom) -> Any:
    if one.client:
        backing = device.VirtualCdrom.RemotePassthroughBackingInfo(
            deviceName=one.device, useAutoDetect=False, exclusive=False
        )
        text = "Remote device"
    elif one.raw:
        backing = device.VirtualCdrom.PassthroughBackingInfo(
            deviceName=one.device, useAutoDetect=not one.device, exclusive=False
        )
        text = f"Raw {one.device}"
    else:
        backing = device.VirtualCdrom.AtapiBackingInfo(deviceName=one.device, useAutoDetect=not one.device)
        text = f"ATAPI {one.device}"
    return _cdrom(one, backing, text)


def _cdrom(one: Cdrom, backing: Any, text: str) -> Any:
    return device.VirtualCdrom(
        key=device_key(one.slot),
        deviceInfo=_info("CD/DVD drive 1", text),
        backing=backing,
        connectable=_connected(connected=one.connected),
        controllerKey=controller_key(one.slot),
        unitNumber=one.slot.unit,
    )


@cache
def _nic_model(model: str) -> Any:
    cls = NIC_MODELS.get(model, device.VirtualE1000)
    return cls(
        key=4000, connectable=_connected(connected=True), controllerKey=PCI, wakeOnLanEnabled=True,
        uptCompatibilityEnabled=False,
    )  # fmt: skip


@cache
def nic_backing(network: str | None) -> Any:
    """What a network adapter is plugged into."""
    if network is None:
        return device.VirtualEthernetCard.NetworkBackingInfo(deviceName="", useAutoDetect=False)
    return device.VirtualEthernetCard.NetworkBackingInfo(
        deviceName=network, useAutoDetect=False, network=vim.Network(network_moid(network))
    )


def nic(machine: Machine, one: Nic) -> Any:
    if one.dvs is not None:
        port = vim.dvs.PortConnection(
            switchUuid=one.dvs.get("switchid", ""),
            portgroupKey=one.dvs.get("portgroupid"),
            portKey=one.dvs.get("portid"),
        )
        backing: Any = device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    else:
        backing = nic_backing(one.network)
    kind = {"static": "manual", "vpx": "assigned"}.get(one.mac_type, one.mac_type)
    return like(
        _nic_model(one.model),
        key=4000 + one.index,
        deviceInfo=_info(f"Network adapter {one.index + 1}", one.network or ""),
        backing=backing,
        connectable=_connected(connected=one.connected),
        unitNumber=7 + one.index,
        addressType=kind,
        macAddress=one.mac or generated_mac(machine.uuid, one.index),
    )


def serial(one: Port, store_of: Any) -> Any:
    port = device.VirtualSerialPort
    if one.kind == "file":
        backing = port.FileBackingInfo(fileName=one.target, datastore=store_of(one.target))
    elif one.kind == "pipe":
        backing = port.PipeBackingInfo(pipeName=one.target, endpoint=one.endpoint, noRxLoss=False)
    elif one.kind == "network":
        backing = port.URIBackingInfo(serviceURI=one.target, direction=one.endpoint)
    elif one.kind == "thinprint":
        backing = port.ThinPrintBackingInfo()
    else:
        backing = port.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return port(
        key=9000 + one.index,
        deviceInfo=_info(f"Serial port {one.index + 1}", one.target),
        backing=backing,
        connectable=_connected(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
        yieldOnPoll=False,
    )


def parallel(one: Port, store_of: Any) -> Any:
    port = device.VirtualParallelPort
    if one.kind == "file":
        backing = port.FileBackingInfo(fileName=one.target, datastore=store_of(one.target))
    else:
        backing = port.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return port(
        key=10000 + one.index,
        deviceInfo=_info(f"Parallel port {one.index + 1}", one.target),
        backing=backing,
        connectable=_connected(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
    )


def floppy(one: Port, store_of: Any) -> Any:
    drive = device.VirtualFloppy
    if one.kind == "file":
        backing = drive.ImageBackingInfo(fileName=one.target, datastore=store_of(one.target))
    elif one.kind == "client":
        backing = drive.RemoteDeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    else:
        backing = drive.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return drive(
        key=8000 + one.index,
        deviceInfo=_info(f"Floppy drive {one.index + 1}", one.target),
        backing=backing,
        connectable=_connected(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
    )


def passthrough(one: Port) -> Any:
    """A device of the host; which one it is stands in keys of the VMX that are read later."""
    kind = device.VirtualPCIPassthrough
    if one.kind == "dynamic":
        pairs = (pair.split(":") for pair in one.target.split(","))
        allowed = [kind.AllowedDevice(vendorId=int(pair[0], 16), deviceId=int(pair[1], 16)) for pair in pairs]
        backing = kind.DynamicBackingInfo(deviceName="", allowedDevice=allowed)
    else:
        backing = kind.DeviceBackingInfo(deviceName="", id=one.target, deviceId="", systemId="", vendorId=0)
    return kind(
        key=13000 + one.index,
        deviceInfo=_info(f"PCI device {one.index}", ""),
        backing=backing,
        controllerKey=PCI,
        unitNumber=32 + one.index,
    )


def connected(found: list[Any], *, running: bool) -> list[Any]:
    """Return devices as they are while the machine runs, connected where they begin so, or while it is off."""
    return [_as_running(one, running=running) for one in found]


def _as_running(one: Any, *, running: bool) -> Any:
    have = one.connectable
    if have is None:
        return one
    return like(
        one,
        connectable=_connected(
            connected=have.startConnected,
            guest_control=have.allowGuestControl,
            now=running and have.startConnected,
            status="ok" if running else "untried",
        ),
    )


def linked(found: Sequence[Any]) -> list[Any]:
    """Return devices with, at every controller, the keys of what hangs on it."""
    below: dict[int, list[int]] = {one.key: [] for one in found if isinstance(one, device.VirtualController)}
    for one in found:
        if one.controllerKey in below:
            below[one.controllerKey].append(one.key)
    return [like(one, device=below[one.key]) if one.key in below else one for one in found]


def iterate(config: Any, cls: Any) -> Iterator[Any]:
    """The devices of a class in a configuration."""
    return (one for one in config.hardware.device if isinstance(one, cls))
