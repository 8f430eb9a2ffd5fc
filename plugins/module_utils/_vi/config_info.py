# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From what the API reports to the hub.

Source: vim.vm.ConfigInfo, property ``config`` of a VirtualMachine. What the API has no property for is read from
``config.extraConfig`` by the table of VMX keys. Law: everything that is read here can be compared with what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from .._vmx.definition import BootDevice, Firmware, LatencySensitivity, VmDefinition
from .._vmx.devices import Video
from .._vmx.guest_ids import words_of
from .._vmx.slots import Slot
from . import sdk
from .device_info import DEVICES, Place, shares_of
from .extra_config import is_cycled, read_extra

# Keys of the virtual devices that every machine has, and those that hang on them.
_MOST_OF_A_KIND = 64
_FIRST_KEY = {"ethernet": 4000, "serial": 9000, "parallel": 10000, "pciPassthru": 13000}


@dataclass(frozen=True)
class Config:
    """
    A machine's configuration as it was read.

    ``devices`` are the API's devices by slot, controllers of all kinds among them (``ide0``, ``scsi1``), ``others``
    those without a slot; ``change_version`` is what a reconfigure is guarded with; ``vmx_path`` is where its VMX
    lies; ``is_cycled`` says that one of our runs has shut it down for a change and not started it again.
    """

    definition: VmDefinition
    devices: Mapping[str, Any]
    others: tuple[Any, ...] = ()
    change_version: str | None = None
    vmx_path: str | None = None
    is_cycled: bool = False

    def first(self, kind: Any) -> Any:
        """Return the first device of a class that has no slot; None: there is none."""
        return next((device for device in self.others if isinstance(device, kind)), None)


def read_config(config: Any) -> Config:
    """Read ``config`` of a virtual machine (vim.vm.ConfigInfo)."""
    devices = by_slot(config.hardware.device)
    placed = {device.key for device in devices.values()}
    others = tuple(device for device in config.hardware.device if device.key not in placed)
    return Config(
        _definition(config, devices),
        devices,
        others,
        config.changeVersion or None,
        vmx_path=str(config.files.vmPathName),
        is_cycled=is_cycled(config.extraConfig or (), str(config.files.vmPathName)),
    )


def by_slot(devices: Sequence[Any]) -> dict[str, Any]:
    """Return the devices that have a slot of the hub by that slot: ``scsi0``, ``scsi0:1``, ``ethernet0``."""
    by_key = {device.key: device for device in devices}
    found: dict[str, Any] = {}
    for device in devices:
        slot = _slot_of(device, by_key)
        # Some servers number devices in their own way: then they count in their order.
        while slot is not None and slot.unit is None and str(slot) in found:
            slot = Slot(slot.kind, slot.index + 1)
        if slot is not None:
            found[str(slot)] = device
    return found


def _slot_of(device: Any, by_key: Mapping[int, Any]) -> Slot | None:
    place = _place_of(device)
    if place is None:
        return None
    if place.is_controller:
        return Slot(place.kind, device.busNumber)
    if place.kind in _FIRST_KEY:
        number = device.key - _FIRST_KEY[place.kind]
        return Slot(place.kind, number if 0 <= number < _MOST_OF_A_KIND else 0)
    if place.kind:
        return Slot(place.kind, device.unitNumber or 0)
    controller = by_key.get(device.controllerKey)
    above = _place_of(controller) if controller is not None else None
    if controller is None or above is None or device.unitNumber is None:
        return None
    return Slot(above.kind, controller.busNumber, device.unitNumber)


def _place_of(device: Any) -> Place | None:
    kind: Any = type(device)
    return _place_of_class(kind)


@cache
def _place_of_class(kind: Any) -> Place | None:
    return next((place for base, place in _places() if issubclass(kind, base)), None)


@cache
def _places() -> tuple[tuple[type, Place], ...]:
    return tuple((getattr(sdk.vim.vm.device, name), place) for name, place in DEVICES.items())


def _definition(config: Any, devices: Mapping[str, Any]) -> VmDefinition:
    lists: dict[str, list[Any]] = {}
    for text, device in devices.items():
        place = _place_of(device)
        if place is not None and place.read is not None:
            lists.setdefault(place.field, []).append(place.read(Slot.parse(text), device))
    values: dict[str, Any] = {name: read(config) for name, read in _FIELDS.items()}
    values |= _single_devices(config.hardware.device)
    values |= read_extra(config.extraConfig or ())
    values |= {name: tuple(sorted(found, key=lambda device: device.slot)) for name, found in lists.items()}
    return VmDefinition(**values)


def _single_devices(devices: Sequence[Any]) -> dict[str, Any]:
    kinds = sdk.vim.vm.device
    return {
        "vtpm": any(isinstance(device, kinds.VirtualTPM) for device in devices),
        "usb2_controller": any(isinstance(device, kinds.VirtualUSBController) for device in devices),
        "usb3_controller": any(isinstance(device, kinds.VirtualUSBXHCIController) for device in devices),
    }


def _at(path: str) -> Callable[[Any], Any]:
    """Make a reader of ``config.<path>``; None where something on the way is unset."""
    names = path.split(".")

    def read(config: Any) -> Any:
        value = config
        for name in names:
            value = None if value is None else getattr(value, name)
        return value

    return read


def _text(path: str) -> Callable[[Any], str | None]:
    read = _at(path)
    return lambda config: None if read(config) is None else str(read(config))


def _lower(path: str) -> Callable[[Any], str | None]:
    read = _at(path)
    return lambda config: None if not read(config) else str(read(config)).lower()


def _shares(path: str) -> Callable[[Any], Any]:
    read = _at(path)
    return lambda config: shares_of(read(config))


def _word(path: str, kind: Any) -> Callable[[Any], Any]:
    """Make a reader of an enumeration that the hub knows by the same words; others are not reported."""
    read, known = _at(path), {member.value: member for member in kind}
    return lambda config: known.get(str(read(config)))


def _hardware_version(config: Any) -> int | None:
    number = str(config.version).rpartition("-")[2]
    return int(number) if number.isdigit() else None


def _affinity(config: Any) -> tuple[int, ...]:
    affinity = config.cpuAffinity
    return () if affinity is None else tuple(sorted(affinity.affinitySet or ()))


def _boot_order(config: Any) -> tuple[BootDevice, ...] | None:
    options = config.bootOptions
    if options is None or not options.bootOrder:
        return None
    kinds = sdk.vim.vm.BootOptions
    words = {
        kinds.BootableCdromDevice: BootDevice.CDROM,
        kinds.BootableDiskDevice: BootDevice.DISK,
        kinds.BootableEthernetDevice: BootDevice.NIC,
        kinds.BootableFloppyDevice: BootDevice.FLOPPY,
    }
    found = (words.get(type(one)) for one in options.bootOrder)
    return tuple(dict.fromkeys(word for word in found if word is not None))


def _video(config: Any) -> Video | None:
    for device in config.hardware.device:
        if isinstance(device, sdk.vim.vm.device.VirtualVideoCard):
            return Video(ram_kib=device.videoRamSizeInKB, auto_detect=device.useAutoDetect, displays=device.numDisplays)
    return None


# Field of VmDefinition -> how it is read. What the API escapes in a name is unescaped.
_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda config: unquote(str(config.name)),
    "uuid": _lower("uuid"),
    "instance_uuid": _lower("instanceUuid"),
    "location_uuid": _lower("locationId"),
    "annotation": _text("annotation"),
    "guest_id": lambda config: None if config.guestId is None else words_of(str(config.guestId)),
    "hardware_version": _hardware_version,
    "cpus": _at("hardware.numCPU"),
    "cores_per_socket": _at("hardware.numCoresPerSocket"),
    "cpu_hot_add": _at("cpuHotAddEnabled"),
    "cpu_hot_remove": _at("cpuHotRemoveEnabled"),
    "cpu_reservation_mhz": _at("cpuAllocation.reservation"),
    "cpu_limit_mhz": _at("cpuAllocation.limit"),
    "cpu_shares": _shares("cpuAllocation.shares"),
    "cpu_affinity": _affinity,
    "nested_virtualization": _at("nestedHVEnabled"),
    "latency_sensitivity": _word("latencySensitivity.level", LatencySensitivity),
    "memory_mib": _at("hardware.memoryMB"),
    "memory_hot_add": _at("memoryHotAddEnabled"),
    "memory_reservation_mib": _at("memoryAllocation.reservation"),
    "memory_limit_mib": _at("memoryAllocation.limit"),
    "memory_shares": _shares("memoryAllocation.shares"),
    "memory_reservation_locked": _at("memoryReservationLockedToMax"),
    "firmware": _word("firmware", Firmware),
    "secure_boot": _at("bootOptions.efiSecureBootEnabled"),
    "boot_order": _boot_order,
    "boot_delay_ms": _at("bootOptions.bootDelay"),
    "enter_firmware_setup": _at("bootOptions.enterBIOSSetup"),
    "video": _video,
    "tools_sync_time": _at("tools.syncTimeWithHost"),
    "tools_upgrade_policy": _text("tools.toolsUpgradePolicy"),
    "change_tracking": _at("changeTrackingEnabled"),
}
