# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where devices go: the key, the controller and the unit that a host gives to each."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyVmomi import vim

from .change import Change, invalid, too_many
from .devicekeys import IDE, PCI, SIO, VIDEO
from .entity import like

device: Any = vim.vm.device


class Bus(NamedTuple):
    """A class of controllers: first key, how many there may be, units on each, the unit that is the controller."""

    cls: Any
    first: int
    most: int
    units: int
    own_unit: int | None
    first_slot: int


class Row(NamedTuple):
    """A class of devices that hang on a fixed controller in a row."""

    cls: Any
    controller: int
    first_unit: int
    first_key: int
    most: int


BUSES = (
    Bus(device.VirtualIDEController, IDE, 2, 2, None, 0),
    Bus(device.VirtualSCSIController, 1000, 4, 16, 7, 3),
    Bus(device.VirtualSATAController, 15000, 4, 30, None, 24),
    Bus(device.VirtualNVMEController, 31000, 4, 15, None, 30),
)
WIDE_UNITS = 65
WIDEST_NVME = 64
ROWS = (
    Row(device.VirtualEthernetCard, PCI, 7, 4000, 10),
    Row(device.VirtualPCIPassthrough, PCI, 32, 13000, 16),
    Row(device.VirtualSerialPort, SIO, 0, 9000, 32),
    Row(device.VirtualParallelPort, SIO, 0, 10000, 3),
    Row(device.VirtualFloppy, SIO, 0, 8000, 2),
)
# Devices of which a machine has at most one: class, key, unit on the PCI bus.
SINGLE: tuple[tuple[Any, int, int | None], ...] = (
    (device.VirtualUSBController, 7000, 22),
    (device.VirtualUSBXHCIController, 14000, 23),
    (device.VirtualTPM, 11000, None),
    (device.VirtualVideoCard, VIDEO, 0),
    (device.VirtualSoundCard, 5000, 21),
    (device.VirtualVMCIDevice, 12000, 17),
    (device.VirtualWDT, 18000, None),
    (device.VirtualPrecisionClock, 19000, None),
)
# What every machine has and keeps.
BUILT_IN = (
    *(device.VirtualIDEController, device.VirtualPS2Controller, device.VirtualPCIController),
    *(device.VirtualSIOController, device.VirtualKeyboard, device.VirtualPointingDevice, device.VirtualVideoCard),
    device.VirtualVMCIDevice,
)
FIRST_USB = 20000
USB_DEVICES = 20


def placed(change: Change, new: Any, index: int) -> Any:
    """
    Give a new device its key, its controller and its unit.

    Raises:
        InvalidDeviceSpec: its place is taken, or there is none. TooManyDevices. DeviceUnsupportedForVmVersion.
    """
    for bus in BUSES:
        if isinstance(new, bus.cls):
            return _controller(change, new, index, bus)
    for cls, key, unit in SINGLE:
        if isinstance(new, cls):
            if change.device(key) is not None:
                raise too_many(index)
            # A host takes no USB device by itself.
            is_controller = isinstance(new, device.VirtualController)
            more = {"busNumber": 0, "autoConnectDevices": False} if is_controller else {}
            return like(new, key=key, controllerKey=PCI, unitNumber=unit, **more)
    for row in ROWS:
        if isinstance(new, row.cls):
            return _in_row(change, new, index, row)
    if isinstance(new, (device.VirtualDisk, device.VirtualCdrom)):
        return on_bus(change, new, index)
    if isinstance(new, device.VirtualUSB):
        return _usb(change, new, index)
    raise vim.fault.DeviceUnsupportedForVmVersion(
        property="virtualDeviceSpec.device", deviceIndex=index, currentVersion="", expectedVersion="",
        msg=f"esxsim knows no {type(new).__name__}",
    )  # fmt: skip


def _in_row(change: Change, new: Any, index: int, row: Row) -> Any:
    taken = {one.key - row.first_key for one in change.devices if isinstance(one, row.cls)}
    wanted = None if new.unitNumber is None else new.unitNumber - row.first_unit
    number = wanted if wanted is not None and wanted >= 0 else _free(taken, range(row.most))
    if number is None or len(taken) >= row.most:
        raise too_many(index)
    if number >= row.most:
        raise invalid(index, "device.unitNumber", f"there is no unit {new.unitNumber}")
    if number in taken:
        raise invalid(index, "device.unitNumber", f"unit {new.unitNumber} is in use")
    return like(new, key=row.first_key + number, controllerKey=row.controller, unitNumber=row.first_unit + number)


def _usb(change: Change, new: Any, index: int) -> Any:
    hubs = (device.VirtualUSBController, device.VirtualUSBXHCIController)
    hub = next((one for one in change.devices if isinstance(one, hubs)), None)
    if hub is None:
        raise invalid(index, "device.controllerKey", "a USB device needs a USB controller")
    number = _free({one.key - FIRST_USB for one in change.devices}, range(USB_DEVICES))
    if number is None:
        raise too_many(index)
    return like(new, key=FIRST_USB + number, controllerKey=hub.key, unitNumber=number)


def _controller(change: Change, new: Any, index: int, bus: Bus) -> Any:
    taken = {one.busNumber for one in change.devices if isinstance(one, bus.cls)}
    number = new.busNumber if (new.key or 0) <= 0 and new.busNumber is not None else None
    if number is None:
        number = _free(taken, range(bus.most))
    if number is None or len(taken) >= bus.most:
        raise too_many(index)
    if not 0 <= number < bus.most:
        raise invalid(index, "device.busNumber", f"there is no bus {number}")
    if number in taken:
        raise invalid(index, "device.busNumber", f"bus {number} is in use")
    more: dict[str, Any] = {}
    if bus.own_unit is not None:
        more = {"scsiCtlrUnitNumber": bus.own_unit, "hotAddRemove": True, "sharedBus": new.sharedBus or "noSharing"}
    return like(
        new, key=bus.first + number, busNumber=number, controllerKey=PCI, unitNumber=bus.first_slot + number, **more
    )


def on_bus(change: Change, new: Any, index: int) -> Any:
    """
    Give a disk or a drive its place on a controller.

    Raises:
        InvalidDeviceSpec: there is no such controller or unit, or the unit is taken.
    """
    key = change.own_key(new.controllerKey)
    controller = change.device(key) if key is not None else None
    bus = next((one for one in BUSES if isinstance(controller, one.cls)), None)
    if controller is None or bus is None or key is None:
        raise invalid(index, "device.controllerKey", f"there is no controller {new.controllerKey}")
    if isinstance(controller, device.VirtualNVMEController) and not isinstance(new, device.VirtualDisk):
        raise invalid(index, "device.controllerKey", "an NVMe controller takes disks only")
    units = _units(change, bus, controller)
    taken = {unit for unit, one in change.on(key).items() if one is not new}
    taken |= {bus.own_unit} if bus.own_unit is not None else set()
    unit = new.unitNumber if new.unitNumber is not None and new.unitNumber >= 0 else _free(taken, range(units))
    if unit is None and len(taken) >= units:
        raise too_many(index)
    if unit is None or unit >= units:
        raise invalid(index, "device.unitNumber", "the controller has no such unit")
    if unit in taken:
        raise invalid(index, "device.unitNumber", f"unit {unit} is in use")
    return like(new, key=_drive_key(bus, key - bus.first, unit), controllerKey=key, unitNumber=unit)


def _units(change: Change, bus: Bus, controller: Any) -> int:
    if change.wide and isinstance(controller, device.ParaVirtualSCSIController):
        return WIDE_UNITS
    if change.hardware >= 20 and isinstance(controller, device.VirtualNVMEController):
        return WIDEST_NVME
    return bus.units


def _drive_key(bus: Bus, number: int, unit: int) -> int:
    if bus.first == IDE:
        return 3000 + 2 * number + unit
    if bus.first == 15000:
        return 16000 + 30 * number + unit
    if bus.first == 31000:
        return 32000 + 15 * number + unit if unit < 15 else 133000 + 64 * number + unit
    return 2000 + 16 * number + unit if unit < 16 else 131072 + 64 * number + unit


def _free(taken: set[int], among: range) -> int | None:
    return next((number for number in among if number not in taken), None)
