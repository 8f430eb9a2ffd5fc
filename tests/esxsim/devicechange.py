# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Changes of virtual devices, as a host carries out ``ConfigSpec.deviceChange``: checked first, then all or none.

A new device's temporary key is only a name within the request. The host gives each its own key, by its class and place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from . import diskfiles
from .devices import IDE, PCI, SIO, VIDEO, mac_address, network_moid
from .entity import like
from .world import World

device: Any = vim.vm.device
# Controllers: class, first key, how many there may be, units on each, the unit that is the controller itself.
CONTROLLERS: tuple[tuple[Any, int, int, int, int | None], ...] = (
    (device.VirtualIDEController, IDE, 2, 2, None),
    (device.VirtualSCSIController, 1000, 4, 16, 7),
    (device.VirtualSATAController, 15000, 4, 30, None),
    (device.VirtualNVMEController, 31000, 4, 15, None),
)
WIDE_UNITS = 65
# Devices that hang on a fixed controller: class, its key, first unit, first key, how many there may be.
FIXED: tuple[tuple[Any, int, int, int, int], ...] = (
    (device.VirtualEthernetCard, PCI, 7, 4000, 10),
    (device.VirtualPCIPassthrough, PCI, 32, 13000, 16),
    (device.VirtualSerialPort, SIO, 0, 9000, 32),
    (device.VirtualParallelPort, SIO, 0, 10000, 3),
    (device.VirtualFloppy, SIO, 0, 8000, 2),
)
# Devices of which a machine has at most one, with their keys.
SINGLE: tuple[tuple[Any, int], ...] = (
    (device.VirtualUSBController, 7000),
    (device.VirtualUSBXHCIController, 14000),
    (device.VirtualTPM, 11000),
    (device.VirtualVideoCard, VIDEO),
)
LABELS = (
    (device.VirtualDisk, "Hard disk {}"),
    (device.VirtualCdrom, "CD/DVD drive {}"),
    (device.VirtualFloppy, "Floppy drive {}"),
    (device.VirtualEthernetCard, "Network adapter {}"),
    (device.VirtualSerialPort, "Serial port {}"),
    (device.VirtualParallelPort, "Parallel port {}"),
    (device.VirtualController, "Controller {}"),
)
# What may come and go while the machine runs, unless it hangs on IDE.
HOT_PLUGGED = (
    device.VirtualDisk, device.VirtualCdrom, device.VirtualEthernetCard, device.VirtualSCSIController,
    device.VirtualSATAController, device.VirtualNVMEController, device.VirtualUSB, device.VirtualUSBXHCIController,
)  # fmt: skip
HOT_EDITED = (*HOT_PLUGGED, device.VirtualFloppy, device.VirtualSerialPort, device.VirtualParallelPort)


@dataclass
class Change:
    """What a request makes of a machine: its devices afterwards, and what is to be done with files."""

    world: World
    home: str
    name: str
    uuid: str
    running: bool
    wide: bool
    devices: list[Any]
    keys: dict[int, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    acts: list[Callable[[], None]] = field(default_factory=list)

    def device(self, key: int) -> Any:
        """Find a device by its key; None: there is none."""
        return next((one for one in self.devices if one.key == key), None)

    def on(self, controller: int) -> dict[int, Any]:
        """The devices on a controller by their units."""
        return {one.unitNumber: one for one in self.devices if one.controllerKey == controller}


def plan(change: Change, specs: Sequence[Any]) -> Change:
    """
    Work out what the specs make of the devices; nothing is done yet.

    Raises:
        InvalidDeviceSpec, InvalidDeviceOperation, InvalidPowerState, FileNotFound and others: what the host answers.
    """
    for index, spec in enumerate(specs):
        operation = str(spec.operation or "")
        if operation == "add":
            _add(change, spec, index)
        elif operation == "remove":
            _remove(change, spec, index)
        elif operation == "edit":
            _edit(change, spec, index)
        else:
            raise invalid(index, "operation", "an operation is missing")
    _check_controllers(change)
    change.devices = _linked(change.devices)
    return change


def invalid(index: int, what: str, text: str) -> Any:
    """Make the fault of a wrong device spec."""
    return vim.fault.InvalidDeviceSpec(
        deviceIndex=index,
        property=f"virtualDeviceSpec.{what}",
        msg=f"Invalid configuration for device '{index}': {text}.",
    )


def _add(change: Change, spec: Any, index: int) -> None:
    new = spec.device
    if new is None:
        raise invalid(index, "device", "there is no device")
    if change.running and (not isinstance(new, HOT_PLUGGED) or _is_on_ide(change, new)):
        raise _not_while_running()
    asked = new.key
    placed = _placed(change, new, index)
    placed = like(placed, deviceInfo=_label(change, placed), connectable=_connectable(change, placed))
    if isinstance(placed, device.VirtualDisk):
        placed = diskfiles.added(change, placed, spec, index)
    elif isinstance(placed, device.VirtualEthernetCard):
        placed = _card(change, placed, index)
    _check_files(change, placed, index)
    change.keys[asked] = placed.key
    change.devices.append(placed)


def _placed(change: Change, new: Any, index: int) -> Any:
    """Give a new device its key, its controller and its unit."""
    for cls, first, count, _units, own_unit in CONTROLLERS:
        if isinstance(new, cls):
            return _controller(change, new, index, (cls, first, count, own_unit))
    for cls, key in SINGLE:
        if isinstance(new, cls):
            if change.device(key) is not None:
                raise vim.fault.TooManyDevices(
                    property="virtualDeviceSpec.device", deviceIndex=index, msg="There is one of these already."
                )
            return like(new, key=key, controllerKey=PCI)
    for cls, controller, first_unit, first_key, count in FIXED:
        if isinstance(new, cls):
            taken = {one.key - first_key for one in change.devices if isinstance(one, cls)}
            wanted = None if new.unitNumber is None else new.unitNumber - first_unit
            number = wanted if wanted is not None and wanted >= 0 else _free(taken, range(count))
            if number is None or number >= count:
                raise vim.fault.TooManyDevices(
                    property="virtualDeviceSpec.device", deviceIndex=index, msg="There are too many of these."
                )
            if number in taken:
                raise invalid(index, "device.unitNumber", f"unit {new.unitNumber} is in use")
            return like(new, key=first_key + number, controllerKey=controller, unitNumber=first_unit + number)
    if isinstance(new, (device.VirtualDisk, device.VirtualCdrom)):
        return _drive(change, new, index)
    raise vim.fault.DeviceUnsupportedForVmVersion(
        property="virtualDeviceSpec.device", deviceIndex=index, currentVersion="", expectedVersion="",
        msg=f"esxsim knows no {type(new).__name__}",
    )  # fmt: skip


def _controller(change: Change, new: Any, index: int, kind: tuple[Any, int, int, int | None]) -> Any:
    cls, first, count, own_unit = kind
    taken = {one.busNumber for one in change.devices if isinstance(one, cls)}
    number = new.busNumber if (new.key or 0) <= 0 and new.busNumber is not None else None
    if number is None:
        number = _free(taken, range(count))
    if number is None or number >= count:
        raise vim.fault.TooManyDevices(
            property="virtualDeviceSpec.device", deviceIndex=index, msg="There are too many controllers."
        )
    if number in taken:
        raise invalid(index, "device.busNumber", f"bus {number} is in use")
    more = {"scsiCtlrUnitNumber": own_unit, "hotAddRemove": True} if own_unit is not None else {}
    return like(new, key=first + number, busNumber=number, controllerKey=PCI, **more)


def _drive(change: Change, new: Any, index: int) -> Any:
    key = change.keys.get(new.controllerKey, new.controllerKey)
    controller = change.device(key) if key is not None else None
    kind = next((one for one in CONTROLLERS if isinstance(controller, one[0])), None)
    if controller is None or kind is None:
        raise invalid(index, "device.controllerKey", f"there is no controller {new.controllerKey}")
    _cls, first, _count, units, own_unit = kind
    if own_unit is not None and change.wide and isinstance(controller, device.ParaVirtualSCSIController):
        units = WIDE_UNITS
    taken = set(change.on(key)) | ({own_unit} if own_unit is not None else set())
    unit = new.unitNumber if new.unitNumber is not None and new.unitNumber >= 0 else _free(taken, range(units))
    if unit is None or unit >= units:
        raise invalid(index, "device.unitNumber", "the controller has no such unit")
    if unit in taken:
        raise invalid(index, "device.unitNumber", f"unit {unit} is in use")
    bus = key - first
    made = {
        IDE: 3000 + 2 * bus + unit,
        15000: 16000 + 30 * bus + unit,
        31000: 32000 + 15 * bus + unit,
        1000: 2000 + 16 * bus + unit if unit < 16 else 131072 + 64 * bus + unit,
    }[first]
    return like(new, key=made, controllerKey=key, unitNumber=unit)


def _free(taken: set[int], among: range) -> int | None:
    return next((number for number in among if number not in taken), None)


def _remove(change: Change, spec: Any, index: int) -> None:
    old = _there(change, spec, index)
    if change.running and (not isinstance(old, HOT_PLUGGED) or _is_on_ide(change, old)):
        raise _not_while_running()
    if isinstance(old, device.VirtualController):
        change.gone[old.key] = index
    change.devices.remove(old)
    if str(spec.fileOperation or "") == "destroy" and isinstance(old, device.VirtualDisk):
        change.acts.append(lambda: diskfiles.destroy(change.world, old.backing.fileName))


def _check_controllers(change: Change) -> None:
    """Refuse to leave devices without a controller; the request may replace it, or take them away, in any order."""
    for key, index in change.gone.items():
        if change.device(key) is None and change.on(key):
            raise vim.fault.InvalidDeviceOperation(
                property="virtualDeviceSpec.operation", deviceIndex=index, badOp="remove",
                msg="A controller that devices are attached to cannot be removed.",
            )  # fmt: skip


def _edit(change: Change, spec: Any, index: int) -> None:
    old, new = _there(change, spec, index), spec.device
    if type(new) is not type(old):
        raise invalid(index, "device", f"a {type(old).__name__} cannot become a {type(new).__name__}")
    if change.running and (not isinstance(old, HOT_EDITED) or (_is_on_ide(change, old) and not _is_cdrom(old))):
        raise _not_while_running()
    given = {
        name: value
        for name, value in vars(new).items()
        if value is not None and value != [] and name not in ("key", "controllerKey", "unitNumber", "deviceInfo")
    }
    made = like(old, **given)
    if isinstance(made, device.VirtualDisk):
        made = diskfiles.edited(change, old, made, index)
    elif isinstance(made, device.VirtualEthernetCard):
        made = _card(change, made, index)
    made = like(made, connectable=_connectable(change, made))
    _check_files(change, made, index)
    change.devices[change.devices.index(old)] = made


def _there(change: Change, spec: Any, index: int) -> Any:
    found = change.device(spec.device.key) if spec.device is not None else None
    if found is None:
        raise invalid(index, "device.key", "there is no such device")
    return found


def _is_on_ide(change: Change, one: Any) -> bool:
    key = change.keys.get(one.controllerKey, one.controllerKey)
    return key in (IDE, IDE + 1)


def _is_cdrom(one: Any) -> bool:
    return isinstance(one, device.VirtualCdrom)


def _not_while_running() -> Any:
    return vim.fault.InvalidPowerState(
        requestedState="poweredOff",
        existingState="poweredOn",
        msg="The attempted operation cannot be performed in the current state (Powered on).",
    )


def _connectable(change: Change, one: Any) -> Any:
    have = one.connectable
    if have is None:
        if not isinstance(one, (device.VirtualCdrom, device.VirtualEthernetCard, device.VirtualFloppy)):
            return None
        have = device.VirtualDevice.ConnectInfo(startConnected=True, allowGuestControl=True, connected=False)
    return like(have, connected=bool(change.running and have.connected), status="ok" if change.running else "untried")


def _label(change: Change, one: Any) -> Any:
    for cls, text in LABELS:
        if isinstance(one, cls):
            label = text.format(1 + sum(isinstance(other, cls) for other in change.devices))
            return vim.Description(label=label, summary=label)
    return vim.Description(label=type(one).__name__.rpartition(".")[2], summary="")


def _card(change: Change, one: Any, index: int) -> Any:
    backing = one.backing
    if isinstance(backing, device.VirtualEthernetCard.DistributedVirtualPortBackingInfo):
        raise invalid(index, "device.backing", "a host without vCenter has no distributed switch")
    if isinstance(backing, device.VirtualEthernetCard.NetworkBackingInfo) and backing.deviceName:
        moid = network_moid(backing.deviceName)
        if change.world.find_or_none("Network", moid) is None:
            raise invalid(index, "device.backing", f"there is no network {backing.deviceName!r}")
        backing = like(backing, network=vim.Network(moid), useAutoDetect=False)
    generated = one.addressType in (None, "", "generated") and not one.macAddress
    return like(
        one,
        backing=backing,
        addressType=one.addressType or "generated",
        macAddress=mac_address(change.uuid, str(one.key)) if generated else one.macAddress,
        wakeOnLanEnabled=True if one.wakeOnLanEnabled is None else one.wakeOnLanEnabled,
    )


def _check_files(change: Change, one: Any, index: int) -> None:
    """Refuse an image that is not there; nothing is asked of the other backings."""
    name = getattr(one.backing, "fileName", None)
    is_image = isinstance(one, (device.VirtualCdrom, device.VirtualFloppy))
    if is_image and name and name.startswith("[") and diskfiles.find(change.world, name)[1] is None:
        raise vim.fault.FileNotFound(file=name, msg=f"Device {index}: the file {name} was not found.")


def _linked(devices: Sequence[Any]) -> list[Any]:
    """Write down with every controller what hangs on it."""
    below: Mapping[int, list[int]] = {}
    below = {one.key: [] for one in devices if isinstance(one, device.VirtualController)}
    for one in devices:
        if one.controllerKey in below:
            below[one.controllerKey].append(one.key)
    return [like(one, device=below[one.key]) if one.key in below else one for one in devices]
