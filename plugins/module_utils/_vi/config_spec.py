# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From a diff to the request: vim.vm.ConfigSpec, for CreateVM_Task and ReconfigVM_Task.

Law: the request is built from the diff and from nothing else, so that what is reported is what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._vmx.definition import BootDevice, VmDefinition
from .._vmx.diff import Change, Diff, patched
from .._vmx.drives import Controller, Disk
from .._vmx.guest_ids import guest_id_of
from .._vmx.slots import Slot
from . import sdk
from .config_info import Config
from .device_spec import copy_of, is_other_class, new_device, shares_info, write
from .extra_config import CYCLED, extra_entries

# Keys of the IDE controllers of a machine that is still to be made.
IDE_CONTROLLERS = {"ide0": 200, "ide1": 201}
_BOOT_OPTIONS = {
    "secure_boot": "efiSecureBootEnabled",
    "boot_delay_ms": "bootDelay",
    "enter_firmware_setup": "enterBIOSSetup",
}
_TOOLS = {"tools_sync_time": "syncTimeWithHost", "tools_upgrade_policy": "toolsUpgradePolicy"}
_CPU = {"cpu_reservation_mhz": "reservation", "cpu_limit_mhz": "limit"}
_MEMORY = {"memory_reservation_mib": "reservation", "memory_limit_mib": "limit"}


def build(config: Config, diff: Diff) -> Any:
    """
    Build the ConfigSpec of a diff.

    ``config`` is the machine as it was read, an empty one for a machine that is to be made.
    """
    want = patched(config.definition, diff)
    spec = sdk.vim.vm.ConfigSpec(changeVersion=config.change_version)
    changed = [change.parts[0] for change in diff]
    for name in dict.fromkeys(changed):
        if name in _PLAIN:
            path, shown = _PLAIN[name]
            setattr(spec, path, shown(getattr(want, name)))
    _allocate(spec, "cpuAllocation", want, changed, _CPU, "cpu_shares")
    _allocate(spec, "memoryAllocation", want, changed, _MEMORY, "memory_shares")
    builder = _Devices(config, diff, want)
    spec.deviceChange = [*builder.of_diff(), *builder.of_fields(changed)]
    _boot(spec, want, changed, builder)
    tools = {path: getattr(want, name) for name, path in _TOOLS.items() if name in changed}
    if tools:
        spec.tools = sdk.vim.vm.ToolsConfigInfo(**tools)
    entries = {change.parts[1] or "": change.after or "" for change in diff if change.parts[0] == "extra"}
    entries |= extra_entries(want, changed)
    spec.extraConfig = [sdk.vim.option.OptionValue(key=key, value=value) for key, value in entries.items()]
    return spec


def cycle_note(config: Config, *, cycled: bool) -> Any:
    """Build the ConfigSpec that notes whether a machine is off for a change and shall be started again."""
    note = sdk.vim.option.OptionValue(key=CYCLED, value=config.vmx_path or "" if cycled else "")
    # What has been changed since it was read is no reason not to take the note away.
    return sdk.vim.vm.ConfigSpec(changeVersion=config.change_version if cycled else None, extraConfig=[note])


def _same(value: Any) -> Any:
    return value


def _word(value: Any) -> Any:
    return None if value is None else value.value


# Field of VmDefinition -> property of ConfigSpec, and how it is shown.
_PLAIN: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", _same),
    "uuid": ("uuid", _same),
    "instance_uuid": ("instanceUuid", _same),
    "location_uuid": ("locationId", _same),
    "annotation": ("annotation", _same),
    "guest_id": ("guestId", guest_id_of),
    "hardware_version": ("version", lambda number: f"vmx-{number:02}"),
    "cpus": ("numCPUs", _same),
    "cores_per_socket": ("numCoresPerSocket", _same),
    "cpu_hot_add": ("cpuHotAddEnabled", _same),
    "cpu_hot_remove": ("cpuHotRemoveEnabled", _same),
    "cpu_affinity": ("cpuAffinity", lambda cpus: sdk.vim.vm.AffinityInfo(affinitySet=list(cpus))),
    "nested_virtualization": ("nestedHVEnabled", _same),
    "latency_sensitivity": ("latencySensitivity", lambda level: sdk.vim.LatencySensitivity(level=level.value)),
    "memory_mib": ("memoryMB", _same),
    "memory_hot_add": ("memoryHotAddEnabled", _same),
    "memory_reservation_locked": ("memoryReservationLockedToMax", _same),
    "firmware": ("firmware", _word),
    "change_tracking": ("changeTrackingEnabled", _same),
}


def _allocate(
    spec: Any, path: str, want: VmDefinition, changed: Sequence[str], amounts: Mapping[str, str], shares: str
) -> None:
    values = {inner: getattr(want, name) for name, inner in amounts.items() if name in changed}
    if shares in changed:
        values["shares"] = shares_info(getattr(want, shares))
    if values:
        setattr(spec, path, sdk.vim.ResourceAllocationInfo(**values))


def _boot(spec: Any, want: VmDefinition, changed: Sequence[str], builder: _Devices) -> None:
    values = {path: getattr(want, name) for name, path in _BOOT_OPTIONS.items() if name in changed}
    if "boot_order" in changed:
        values["bootOrder"] = [one for word in want.boot_order or () for one in _bootable(word, want, builder)]
    if values:
        spec.bootOptions = sdk.vim.vm.BootOptions(**values)


def _bootable(word: BootDevice, want: VmDefinition, builder: _Devices) -> Iterator[Any]:
    kinds = sdk.vim.vm.BootOptions
    if word is BootDevice.CDROM:
        yield kinds.BootableCdromDevice()
    elif word is BootDevice.FLOPPY:
        yield kinds.BootableFloppyDevice()
    elif word is BootDevice.DISK:
        yield from (kinds.BootableDiskDevice(deviceKey=builder.key_of(disk.slot)) for disk in want.disks[:1])
    else:
        yield from (kinds.BootableEthernetDevice(deviceKey=builder.key_of(nic.slot)) for nic in want.nics[:1])


class _Devices:
    """The device changes of one diff; new devices have keys that count down from -1."""

    def __init__(self, config: Config, diff: Diff, want: VmDefinition) -> None:
        self._config = config
        self._diff = diff
        self._want = want
        self._keys = {slot: device.key for slot, device in config.devices.items()}
        self._new: set[str] = set()
        self._last_key = 0

    def key_of(self, slot: Slot) -> int:
        """The key of the device in a slot, temporary or not."""
        return int(self._keys[str(slot)])

    def of_diff(self) -> Iterator[Any]:
        """Yield what goes, controllers last, then what comes, controllers first, then what is edited."""
        touched: dict[str, list[Change]] = {}
        for change in self._diff:
            name, key, _inner = change.parts
            if key is not None and name != "extra":
                touched.setdefault(key, []).append(change)
        removed: list[str] = []
        added: list[Any] = []
        edited: dict[str, Any] = {}
        for slot, changes in touched.items():
            gone = [change for change in changes if change.parts[2] is None and change.after is None]
            come = [change.after for change in changes if change.parts[2] is None and change.after is not None]
            if gone:
                removed.append(slot)
            added += come
            if not gone and not come:
                device = self._wanted(changes[0].parts[0], slot)
                if is_other_class(self._config.devices[slot], device):
                    removed.append(slot)
                    added.append(device)
                elif isinstance(device, Disk) and any(change.parts[2] == "file" for change in changes):
                    # Another file is another disk, and it is there already.
                    removed.append(slot)
                    added.append(replace(device, capacity_kib=None, provisioning=None))
                else:
                    edited[slot] = _spec("edit", write(copy_of(self._config.devices[slot]), device))
        for slot in sorted(removed, key=_is_controller):
            yield _spec("remove", self._config.devices[slot])
        for device in sorted(added, key=lambda device: not isinstance(device, Controller)):
            yield self._add(device)
        self._move(removed, edited)
        yield from edited.values()

    def _wanted(self, name: str, slot: str) -> Any:
        (device,) = [one for one in getattr(self._want, name) if str(one.slot) == slot]
        return device

    def _move(self, removed: Sequence[str], edited: dict[str, Any]) -> None:
        """Hang what was on a controller that is replaced on the one that comes in its place."""
        for slot, device in self._config.devices.items():
            above = slot.partition(":")[0]
            if above != slot and above in removed and slot not in removed and above in self._new:
                spec = edited.setdefault(slot, _spec("edit", copy_of(device)))
                spec.device.controllerKey = self._keys[above]

    def of_fields(self, changed: Sequence[str]) -> Iterator[Any]:
        """Yield the devices that the hub knows as fields: video card, TPM, USB controllers."""
        kinds = sdk.vim.vm.device
        if "video" in changed and self._want.video is not None:
            video = self._config.first(kinds.VirtualVideoCard)
            operation = "add" if video is None else "edit"
            card = kinds.VirtualVideoCard(key=self._next_key()) if video is None else copy_of(video)
            card.videoRamSizeInKB = self._want.video.ram_kib
            card.useAutoDetect = self._want.video.auto_detect
            card.numDisplays = self._want.video.displays
            yield _spec(operation, card)
        for name, kind in (
            ("vtpm", kinds.VirtualTPM),
            ("usb2_controller", kinds.VirtualUSBController),
            ("usb3_controller", kinds.VirtualUSBXHCIController),
        ):
            if name in changed:
                there = self._config.first(kind)
                if getattr(self._want, name) and there is None:
                    yield _spec("add", kind(key=self._next_key()))
                elif not getattr(self._want, name) and there is not None:
                    yield _spec("remove", there)

    def _add(self, device: Any) -> Any:
        key = self._next_key()
        made = new_device(device, key, {**IDE_CONTROLLERS, **self._keys})
        self._keys[str(device.slot)] = key
        self._new.add(str(device.slot))
        is_new_disk = isinstance(device, Disk) and device.capacity_kib is not None
        return _spec("add", made, file_operation="create" if is_new_disk else None)

    def _next_key(self) -> int:
        self._last_key -= 1
        return self._last_key


def _is_controller(slot: str) -> bool:
    # Without a unit: a network card is of this kind, too, and may as well go last.
    return ":" not in slot


def _spec(operation: str, device: Any, *, file_operation: str | None = None) -> Any:
    return sdk.vim.vm.device.VirtualDeviceSpec(operation=operation, device=device, fileOperation=file_operation)
