# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a VMX file says of a device beside what it is and what is behind it, both ways, as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pyVmomi import vim

from . import paths
from .entity import like

device: Any = vim.vm.device
FIRST_KEYS: tuple[tuple[Any, str, int], ...] = (
    (device.VirtualEthernetCard, "ethernet", 4000),
    (device.VirtualSerialPort, "serial", 9000),
    (device.VirtualParallelPort, "parallel", 10000),
    (device.VirtualFloppy, "floppy", 8000),
    (device.VirtualPCIPassthrough, "pciPassthru", 13000),
)
CONTROLLERS: tuple[tuple[Any, str], ...] = (
    (device.VirtualSCSIController, "scsi"),
    (device.VirtualSATAController, "sata"),
    (device.VirtualNVMEController, "nvme"),
)
BUSES = (("nvme", 31000), ("sata", 15000), ("scsi", 1000), ("ide", 200))


class Row(NamedTuple):
    """
    One key of the devices of a class: ``{}`` stands for the device's name; where it is in the device, what kind of
    value it is, the value that is meant where the key is missing, and whether a host writes that one down, too.
    """

    cls: Any
    key: str
    path: str
    kind: str
    default: Any
    always: bool = False


_CONNECT = (
    *(device.VirtualEthernetCard, device.VirtualSerialPort, device.VirtualParallelPort, device.VirtualFloppy),
    device.VirtualCdrom,
)
_PCI = (device.VirtualEthernetCard, device.VirtualSCSIController, device.VirtualSATAController)
ROWS = (
    Row(_CONNECT, "{}.startConnected", "connectable.startConnected", "flag", True),
    Row(_CONNECT, "{}.allowGuestConnectionControl", "connectable.allowGuestControl", "flag", True),
    Row(device.VirtualEthernetCard, "{}.wakeOnPcktRcv", "wakeOnLanEnabled", "flag", True),
    Row(device.VirtualEthernetCard, "{}.uptCompatibility", "uptCompatibilityEnabled", "flag", False),
    Row(device.VirtualEthernetCard, "{}.externalId", "externalId", "text", ""),
    Row(device.VirtualDisk, "{}.mode", "backing.diskMode", "mode", "persistent"),
    Row(device.VirtualDisk, "{}.writeThrough", "backing.writeThrough", "flag", False),
    Row(device.VirtualDisk, "{}.sharing", "backing.sharing", "sharing", "sharingNone"),
    Row(device.VirtualDisk, "sched.{}.shares", "storageIOAllocation.shares", "shares", None, True),
    Row(device.VirtualDisk, "sched.{}.throughputCap", "storageIOAllocation.limit", "cap", -1, True),
    Row(device.VirtualSCSIController, "{}.sharedBus", "sharedBus", "bus", "noSharing"),
    Row(device.VirtualSerialPort, "{}.yieldOnMsrRead", "yieldOnPoll", "flag", False),
    Row(device.VirtualSerialPort, "{}.tryNoRxLoss", "backing.noRxLoss", "flag", False),
    Row(device.VirtualSerialPort, "{}.vspc", "backing.proxyURI", "text", ""),
    Row(device.VirtualVideoCard, "svga.autodetect", "useAutoDetect", "flag", False),
    Row(device.VirtualVideoCard, "svga.numDisplays", "numDisplays", "number", 1),
    Row(device.VirtualVideoCard, "mks.enable3d", "enable3DSupport", "flag", False),
    Row(device.VirtualVideoCard, "mks.use3dRenderer", "use3dRenderer", "text", "automatic"),
    Row(device.VirtualVideoCard, "svga.graphicsMemoryKB", "graphicsMemorySizeInKB", "number", 262144),
    Row(device.VirtualPCIPassthrough, "{}.id", "backing.id", "text", ""),
    Row(device.VirtualPCIPassthrough, "{}.systemId", "backing.systemId", "text", ""),
    Row(device.VirtualPCIPassthrough, "{}.vendorId", "backing.vendorId", "hex", None),
    Row(device.VirtualPCIPassthrough, "{}.deviceId", "backing.deviceId", "hextext", None),
)
_WORDS: Mapping[str, Mapping[str, str]] = {
    "sharing": {"multi-writer": "sharingMultiWriter", "none": "sharingNone"},
    "bus": {"none": "noSharing", "virtual": "virtualSharing", "physical": "physicalSharing"},
}
LEVELS = {"low": 500, "normal": 1000, "high": 2000}


def name_of(one: Any) -> str:
    """What a VMX calls a device: ``scsi0``, ``scsi0:1``, ``ethernet0``; "" where it has no name of its own."""
    for cls, stem, first in FIRST_KEYS:
        if isinstance(one, cls):
            return f"{stem}{one.key - first}"
    for cls, stem in CONTROLLERS:
        if isinstance(one, cls):
            return f"{stem}{one.busNumber}"
    if isinstance(one, (device.VirtualDisk, device.VirtualCdrom)):
        bus, first = next((bus, first) for bus, first in BUSES if one.controllerKey >= first)
        return f"{bus}{one.controllerKey - first}:{one.unitNumber}"
    return ""


def written(one: Any) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of a device."""
    name = name_of(one)
    for row in ROWS:
        if not isinstance(one, row.cls):
            continue
        value = _read(one, row.path)
        if value is None or (value == row.default and not row.always):
            continue
        text = _text(value, row.kind)
        if text:
            yield row.key.format(name), text
    slot = getattr(one.slotInfo, "pciSlotNumber", None)
    if name and slot is not None:
        yield f"{name}.pciSlotNumber", str(slot)


def applied(one: Any, found: Mapping[str, str]) -> Any:
    """Return a device with what the entries of a VMX, by names in lower case, say of it."""
    name = name_of(one)
    for row in ROWS:
        text = found.get(row.key.format(name).lower(), "").strip() if isinstance(one, row.cls) else ""
        value = _value(text, row.kind) if text else None
        if value is not None and _has(one, row.path):
            one = paths.changed(one, paths.split(row.path), value)
    slot = found.get(f"{name}.pcislotnumber".lower(), "")
    if name and re.fullmatch(r"-?\d{1,6}", slot):
        one = like(one, slotInfo=device.VirtualDevice.PciBusSlotInfo(pciSlotNumber=int(slot)))
    return one


def _has(one: Any, path: str) -> bool:
    head, dot, field = path.rpartition(".")
    holder = _read(one, head) if dot else one
    return holder is not None and field in paths.fields(type(holder))


def _read(one: Any, path: str) -> Any:
    for part in path.split("."):
        one = getattr(one, part, None)
    return one


def _text(value: Any, kind: str) -> str:
    if kind == "flag":
        return "TRUE" if value else "FALSE"
    if kind == "mode":
        return str(value).replace("_", "-")
    if kind == "shares":
        return str(value.shares) if str(value.level) == "custom" else str(value.level)
    if kind == "cap":
        return "off" if value < 0 else str(value)
    if kind == "hex":
        return f"0x{value & 0xFFFF:04x}"
    if kind == "hextext":
        return f"0x{value}" if value else ""
    if kind in _WORDS:
        return next((word for word, api in _WORDS[kind].items() if api == str(value)), "")
    return str(value)


def _value(text: str, kind: str) -> Any:
    if kind in _WORDS:
        return _WORDS[kind].get(text.lower())
    return _READERS[kind](text)


def _shares(text: str) -> Any:
    if text.isdigit():
        return vim.SharesInfo(level="custom", shares=int(text))
    level = text.lower()
    return vim.SharesInfo(level=level, shares=LEVELS[level]) if level in LEVELS else None


def _signed(text: str) -> int | None:
    number = _hexadecimal(text)
    return None if number is None else (number ^ 0x8000) - 0x8000


def _hex_text(text: str) -> str | None:
    number = _hexadecimal(text)
    return None if number is None else f"{number:x}"


def _hexadecimal(text: str) -> int | None:
    match = re.fullmatch(r"(?:0x)?([0-9a-f]{1,4})", text, re.IGNORECASE)
    return int(match.group(1), 16) if match is not None else None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "flag": lambda text: text.lower() == "true",
    "mode": lambda text: text.lower().replace("-", "_"),
    "shares": _shares,
    "cap": lambda text: int(text) if text.isdigit() else -1,
    "number": lambda text: int(text) if text.isdigit() else None,
    "hex": _signed,
    "hextext": _hex_text,
    "text": str,
}
