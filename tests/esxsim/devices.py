# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual devices of a machine. What does not differ between machines is made once and shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pyVmomi import vim

from .description import Cdrom, Disk, Machine, Slot
from .devicekeys import IDE, PCI, PS2, SCSI_MODELS, SIO, VIDEO, controller_key, device_key
from .deviceports import connect_info, described, floppy, nic, parallel, passthrough, serial
from .entity import like
from .vmdk import new_uuid

device: Any = vim.vm.device


def devices(machine: Machine, store_of: Any) -> list[Any]:
    """
    Make all devices of a machine.

    ``store_of`` finds the reference of the datastore of a datastore path; None: there is none.
    """
    used = [*(one.slot for one in machine.disks), *(one.slot for one in machine.cdroms)]
    slots = [(slot, device_key(slot)) for slot in used]
    controllers = sorted({(slot.bus, slot.controller) for slot, _rest in slots if slot.bus != "ide"} | _bare(machine))
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


def _bare(machine: Machine) -> set[tuple[str, int]]:
    """The controllers that are there whatever hangs on them."""
    return {*(("scsi", number) for number in machine.scsi_models), *machine.other_controllers}


@cache
def ide(number: int, below: tuple[int, ...]) -> Any:
    label = f"IDE {number}"
    return device.VirtualIDEController(
        key=IDE + number, deviceInfo=described(label, label), busNumber=number, device=list(below)
    )


@cache
def ps2() -> Any:
    return device.VirtualPS2Controller(
        key=PS2, deviceInfo=described("PS2 controller 0", "PS2 controller 0"), busNumber=0, device=[600, 700]
    )


@cache
def pci(below: tuple[int, ...]) -> Any:
    return device.VirtualPCIController(
        key=PCI, deviceInfo=described("PCI controller 0", "PCI controller 0"), busNumber=0, device=list(below)
    )


@cache
def sio(below: tuple[int, ...]) -> Any:
    rest = [key for key in below if key not in (600, 700)]
    return device.VirtualSIOController(
        key=SIO, deviceInfo=described("SIO controller 0", "SIO controller 0"), busNumber=0, device=rest
    )


@cache
def keyboard() -> Any:
    return device.VirtualKeyboard(
        key=600, deviceInfo=described("Keyboard", "Keyboard"), controllerKey=PS2, unitNumber=0
    )


@cache
def pointing() -> Any:
    backing = device.VirtualPointingDevice.DeviceBackingInfo(
        deviceName="", useAutoDetect=False, hostPointingDevice="autodetect"
    )
    return device.VirtualPointingDevice(
        key=700, deviceInfo=described("Pointing device", "Pointing device; Device"), backing=backing, controllerKey=PS2,
        unitNumber=1,
    )  # fmt: skip


@cache
def video(ram_kib: int) -> Any:
    return device.VirtualVideoCard(
        key=VIDEO,
        deviceInfo=described("Video card ", "Video card"),
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
        deviceInfo=described("VMCI device", "Device on the virtual machine PCI bus that provides support for the VMCI"),
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
        info = described(f"SATA controller {number}", "AHCI")
        return device.VirtualAHCIController(**common, deviceInfo=info, unitNumber=24 + number)
    if bus == "nvme":
        info = described(f"NVME controller {number}", "NVME controller")
        return device.VirtualNVMEController(**common, deviceInfo=info, unitNumber=30 + number)
    cls = SCSI_MODELS.get(model, device.VirtualLsiLogicController)
    info = described(f"SCSI controller {number}", {"pvscsi": "VMware paravirtual SCSI"}.get(model, "LSI Logic"))
    return cls(
        **common, deviceInfo=info, unitNumber=3 + number, hotAddRemove=True, sharedBus="noSharing", scsiCtlrUnitNumber=7
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
        deviceInfo=described(f"Hard disk {number + 1}", f"{one.capacity_kib:,} KB"),
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
        deviceInfo=described("CD/DVD drive 1", text),
        backing=backing,
        connectable=connect_info(connected=one.connected),
        controllerKey=controller_key(one.slot),
        unitNumber=one.slot.unit,
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
        connectable=connect_info(
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
