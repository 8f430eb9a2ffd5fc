# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Changes of virtual devices, as a host carries out ``ConfigSpec.deviceChange``: checked first, then all or none.

A new device's temporary key is only a name within the request. The host gives each its own key, by its class and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from . import diskfiles
from .backings import completed
from .change import Change, invalid, not_while_running, too_many, wrong_operation
from .devicekeys import IDE
from .devices import linked
from .entity import like, stated
from .locks import MULTI_WRITER
from .places import BUILT_IN, on_bus, placed

device: Any = vim.vm.device
LABELS = (
    (device.VirtualDisk, "Hard disk {}"),
    (device.VirtualCdrom, "CD/DVD drive {}"),
    (device.VirtualFloppy, "Floppy drive {}"),
    (device.VirtualEthernetCard, "Network adapter {}"),
    (device.VirtualSerialPort, "Serial port {}"),
    (device.VirtualParallelPort, "Parallel port {}"),
    (device.VirtualPCIPassthrough, "PCI device {}"),
    (device.VirtualUSB, "USB {}"),
)
# Devices of which there is one, and controllers by their number.
NAMES = (
    (device.VirtualSCSIController, "SCSI controller {}"),
    (device.VirtualSATAController, "SATA controller {}"),
    (device.VirtualNVMEController, "NVME controller {}"),
    (device.VirtualUSBXHCIController, "USB xHCI controller"),
    (device.VirtualUSBController, "USB controller"),
    (device.VirtualTPM, "Virtual TPM"),
    (device.VirtualSoundCard, "Sound card"),
    (device.VirtualWDT, "Virtual watchdog timer"),
    (device.VirtualPrecisionClock, "Precision clock"),
)
# What may come and go while the machine runs, unless it hangs on IDE.
HOT_PLUGGED = (
    device.VirtualDisk, device.VirtualCdrom, device.VirtualEthernetCard, device.VirtualSCSIController,
    device.VirtualSATAController, device.VirtualNVMEController, device.VirtualUSB, device.VirtualUSBXHCIController,
)  # fmt: skip
HOT_EDITED = (*HOT_PLUGGED, device.VirtualFloppy, device.VirtualSerialPort, device.VirtualParallelPort)
CONNECTABLE = (
    *(device.VirtualCdrom, device.VirtualEthernetCard, device.VirtualFloppy),
    *(device.VirtualSerialPort, device.VirtualParallelPort),
)


def plan(change: Change, specs: Sequence[Any]) -> Change:
    """
    Work out what the specs make of the devices; nothing is done yet.

    Raises:
        InvalidDeviceSpec, InvalidDeviceOperation, InvalidPowerState, FileNotFound and others: what the host answers.
    """
    for index, spec in enumerate(specs):
        operation = str(spec.operation or "")
        if spec.device is None:
            raise invalid(index, "device", "there is no device")
        if spec.fileOperation and not isinstance(spec.device, device.VirtualDisk):
            raise wrong_operation(index, operation or "add", "it has no file", file_operation=str(spec.fileOperation))
        if operation == "add":
            _add(change, spec, index)
        elif operation == "remove":
            _remove(change, spec, index)
        elif operation == "edit":
            _edit(change, spec, index)
        else:
            raise invalid(index, "operation", "an operation is missing")
    _check_controllers(change)
    change.devices = linked(change.devices)
    return change


def _check_controllers(change: Change) -> None:
    """Refuse to leave a device behind on a controller that was removed and not replaced."""
    for key, index in change.orphans.items():
        if change.device(key) is None and change.on(key):
            raise wrong_operation(index, "remove", "a controller that devices are attached to cannot be removed")


def _add(change: Change, spec: Any, index: int) -> None:
    new = spec.device
    if change.running and (not isinstance(new, HOT_PLUGGED) or _is_on_ide(change, new)):
        raise not_while_running()
    if str(spec.fileOperation or "") == "destroy":
        raise wrong_operation(index, "add", "a disk that is added is not destroyed", file_operation="destroy")
    asked = new.key
    if change.new and isinstance(new, BUILT_IN):
        _found_there(change, new, index)
        return
    made = placed(change, new, index)
    made = like(made, deviceInfo=_label(change, made), connectable=_connectable(change, made))
    if isinstance(made, device.VirtualDisk):
        made = diskfiles.added(change, made, spec, index)
    made = completed(change, made, index)
    _check_sharing(made, index)
    change.keys[asked] = made.key
    change.devices.append(_described(made))


def _found_there(change: Change, new: Any, index: int) -> None:
    """Take what a new machine's spec says of a device that every machine has for that device."""
    number = getattr(new, "busNumber", None)
    for position, one in enumerate(change.devices):
        is_meant = one.__class__ is new.__class__ and getattr(one, "busNumber", None) == number
        if is_meant and one.key not in change.keys.values():
            change.keys[new.key] = one.key
            skipped = ("key", "controllerKey", "unitNumber", "busNumber", "device", "deviceInfo")
            change.devices[position] = completed(change, _merged(one, new, skipped), index)
            return
    raise too_many(index)


def _remove(change: Change, spec: Any, index: int) -> None:
    old = _there(change, spec, index)
    if isinstance(old, BUILT_IN):
        raise wrong_operation(index, "remove", "every machine has it")
    if change.running and (not isinstance(old, HOT_PLUGGED) or _is_on_ide(change, old)):
        raise not_while_running()
    if str(spec.fileOperation or "") in ("create", "replace"):
        raise wrong_operation(index, "remove", "a disk that goes is not made", file_operation=str(spec.fileOperation))
    if isinstance(old, device.VirtualController) and change.on(old.key):
        # Another one may come in its place further on in the request.
        change.orphans[old.key] = index
    change.devices.remove(old)
    if str(spec.fileOperation or "") == "destroy":
        change.acts.append(lambda: diskfiles.destroy(change.world, old.backing.fileName))


def _edit(change: Change, spec: Any, index: int) -> None:
    old, new = _there(change, spec, index), spec.device
    if new.__class__ is not old.__class__:
        raise invalid(index, "device", f"a {_class(old)} cannot become a {_class(new)}")
    if str(spec.fileOperation or "") not in ("", "replace"):
        raise wrong_operation(
            index, "edit", "a disk that stays is neither made nor destroyed", file_operation=str(spec.fileOperation)
        )
    if change.running and (not isinstance(old, HOT_EDITED) or (_is_on_ide(change, old) and not _is_cdrom(old))):
        raise not_while_running()
    skipped = ("key", "controllerKey", "unitNumber", "busNumber", "device", "deviceInfo")
    made = _merged(old, new, skipped)
    made = _moved(change, old, new, made, index)
    if isinstance(made, device.VirtualDisk):
        made = diskfiles.edited(change, old, made, index)
    made = like(made, connectable=_connectable(change, made))
    made = completed(change, made, index)
    _check_sharing(made, index)
    change.keys[old.key] = made.key
    change.devices[change.devices.index(old)] = _described(made)


def _class(one: Any) -> str:
    return str(type(one).__name__).rpartition(".")[2]


def _merged(old: Any, new: Any, skipped: tuple[str, ...]) -> Any:
    """Put what a spec says of a device over what is there; so is done with the backing of a disk, too."""
    given = {name: value for name, value in stated(new).items() if name not in skipped}
    backing, before = given.get("backing"), old.backing
    if isinstance(old, device.VirtualDisk) and backing is not None and backing.__class__ is before.__class__:
        said = {name: value for name, value in stated(backing).items() if not (isinstance(value, str) and not value)}
        is_same = said.get("fileName", before.fileName) == before.fileName
        given["backing"] = like(before, **said) if is_same else backing
    return like(old, **given)


def _moved(change: Change, old: Any, new: Any, made: Any, index: int) -> Any:
    """Give an edited device another place, where the spec says one."""
    key = change.own_key(new.controllerKey)
    elsewhere = key is not None and key != old.controllerKey
    other_unit = new.unitNumber is not None and new.unitNumber != old.unitNumber
    if not elsewhere and not other_unit:
        return made
    if not isinstance(old, (device.VirtualDisk, device.VirtualCdrom)):
        if isinstance(old, device.VirtualController):
            return made
        raise invalid(index, "device.unitNumber", f"a {_class(old)} stays where it is")
    if change.running:
        raise not_while_running()
    unit = new.unitNumber if new.unitNumber is not None else old.unitNumber
    position = change.devices.index(old)
    aside = like(made, controllerKey=key if key is not None else old.controllerKey, unitNumber=unit)
    # For the time of looking for a place, it has none.
    change.devices[position] = like(old, controllerKey=None)
    try:
        return on_bus(change, aside, index)
    finally:
        change.devices[position] = old


def _check_sharing(one: Any, index: int) -> None:
    """Refuse a disk that many may write to where it is not thick, as hosts do."""
    sharing = str(getattr(one.backing, "sharing", None) or "") if isinstance(one, device.VirtualDisk) else ""
    if sharing == MULTI_WRITER and one.backing.thinProvisioned:
        raise invalid(index, "device.backing.sharing", "a thin disk cannot be shared by many writers")


def _there(change: Change, spec: Any, index: int) -> Any:
    found = change.device(change.keys.get(spec.device.key, spec.device.key))
    if found is None:
        raise invalid(index, "device.key", "there is no such device")
    return found


def _is_on_ide(change: Change, one: Any) -> bool:
    return change.own_key(one.controllerKey) in (IDE, IDE + 1)


def _is_cdrom(one: Any) -> bool:
    return isinstance(one, device.VirtualCdrom)


def _connectable(change: Change, one: Any) -> Any:
    have = one.connectable
    if have is None:
        if not isinstance(one, CONNECTABLE):
            return None
        have = device.VirtualDevice.ConnectInfo(startConnected=True, allowGuestControl=True, connected=False)
    return like(have, connected=bool(change.running and have.connected), status="ok" if change.running else "untried")


def _label(change: Change, one: Any) -> Any:
    for cls, text in LABELS:
        if isinstance(one, cls):
            label = text.format(1 + sum(isinstance(other, cls) for other in change.devices))
            return vim.Description(label=label, summary=label)
    for cls, text in NAMES:
        if isinstance(one, cls):
            label = text.format(getattr(one, "busNumber", ""))
            return vim.Description(label=label, summary=label)
    return vim.Description(label=_class(one), summary="")


def _described(one: Any) -> Any:
    """Return a device with the summary that belongs to its backing."""
    if isinstance(one, device.VirtualDisk):
        summary = f"{one.capacityInKB:,} KB"
    elif getattr(one.backing, "fileName", None):
        summary = f"{'ISO ' if _is_cdrom(one) else ''}{one.backing.fileName}"
    elif getattr(one.backing, "deviceName", None):
        summary = one.backing.deviceName
    else:
        return one
    label = one.deviceInfo.label if one.deviceInfo is not None else ""
    return like(one, deviceInfo=vim.Description(label=label, summary=summary))
