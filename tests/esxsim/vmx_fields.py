# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that a VMX file has beside its devices, both ways, with what a host takes where one is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple

from pyVmomi import vim

from . import paths
from .entity import like
from .vmdata import SHARES


class Setting(NamedTuple):
    """One key: where it is below ``config``, what kind of value it is, and the value that is not written down."""

    key: str
    path: str
    kind: str
    default: Any


SETTINGS = (
    Setting("vcpu.hotadd", "cpuHotAddEnabled", "flag", False),
    Setting("vcpu.hotremove", "cpuHotRemoveEnabled", "flag", False),
    Setting("mem.hotadd", "memoryHotAddEnabled", "flag", False),
    Setting("vhv.enable", "nestedHVEnabled", "flag", False),
    Setting("ctkEnabled", "changeTrackingEnabled", "flag", False),
    Setting("uefi.secureBoot.enabled", "bootOptions.efiSecureBootEnabled", "flag", False),
    Setting("bios.forceSetupOnce", "bootOptions.enterBIOSSetup", "flag", False),
    Setting("bios.bootDelay", "bootOptions.bootDelay", "number", 0),
    Setting("sched.cpu.min", "cpuAllocation.reservation", "number", 0),
    Setting("sched.cpu.max", "cpuAllocation.limit", "limit", -1),
    Setting("sched.mem.minSize", "memoryAllocation.reservation", "number", 0),
    Setting("sched.mem.pin", "memoryReservationLockedToMax", "flag", False),
    Setting("tools.syncTime", "tools.syncTimeWithHost", "flag", False),
    Setting("tools.upgrade.policy", "tools.toolsUpgradePolicy", "text", "manual"),
)
_SHARES = {"sched.cpu.shares": "cpuAllocation", "sched.mem.shares": "memoryAllocation"}
_LATENCY = "sched.cpu.latencySensitivity"
_BOOT = "bios.bootOrder"
KEYS = frozenset(one.key.lower() for one in SETTINGS) | {*_SHARES, _LATENCY.lower(), _BOOT.lower()}
KEYS |= {"sched.cpu.affinity", "vtpm.present", "usb.present", "usb_xhci.present", "ehci.present"}


def written(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the settings of a configuration that are not what a host takes by itself."""
    for one in SETTINGS:
        value = paths.read(config, paths.split(one.path))
        if value is not None and value != one.default:
            yield one.key, _text(value, one.kind)
    for key, path in _SHARES.items():
        shares = getattr(config, path).shares
        yield key, str(shares.shares) if str(shares.level) == "custom" else str(shares.level)
    if config.latencySensitivity is not None and str(config.latencySensitivity.level) != "normal":
        yield _LATENCY, str(config.latencySensitivity.level)
    if config.cpuAffinity is not None and config.cpuAffinity.affinitySet:
        yield "sched.cpu.affinity", ",".join(str(cpu) for cpu in config.cpuAffinity.affinitySet)
    order = [_BOOT_WORDS[type(one)] for one in config.bootOptions.bootOrder or () if type(one) in _BOOT_WORDS]
    if order:
        yield _BOOT, ",".join(order)
    kinds = vim.vm.device
    for kind, key in (
        (kinds.VirtualTPM, "vtpm.present"),
        (kinds.VirtualUSBController, "usb.present"),
        (kinds.VirtualUSBXHCIController, "usb_xhci.present"),
    ):
        if any(isinstance(device, kind) for device in config.hardware.device):
            yield key, "TRUE"


def applied(config: Any, found: Mapping[str, str]) -> Any:
    """Return a configuration with the settings of a VMX, whose entries are by names in lower case."""
    values: dict[str, Any] = {}
    for one in SETTINGS:
        value = _value(found.get(one.key.lower(), ""), one.kind)
        if value is not None:
            values[one.path] = value
    for key, path in _SHARES.items():
        shares = _shares(found.get(key, "").lower(), config, path)
        if shares is not None:
            values[f"{path}.shares"] = shares
    level = found.get(_LATENCY.lower(), "").lower()
    if level in ("low", "medium", "high"):
        values["latencySensitivity"] = vim.LatencySensitivity(level=level)
    cpus = re.findall(r"\d+", found.get("sched.cpu.affinity", ""))
    if cpus:
        values["cpuAffinity"] = vim.vm.AffinityInfo(affinitySet=[int(cpu) for cpu in cpus])
    words = found.get(_BOOT.lower(), "").lower().split(",")
    order = [made for made in (_bootable(config, word.strip()) for word in words) if made is not None]
    if order:
        values["bootOptions.bootOrder"] = order
    config = reduce(lambda made, item: paths.changed(made, paths.split(item[0]), item[1]), values.items(), config)
    return _with_devices(config, found)


def _with_devices(config: Any, found: Mapping[str, str]) -> Any:
    kinds = vim.vm.device
    more = []
    for key, kind, number in (
        ("vtpm.present", kinds.VirtualTPM, 11000),
        ("usb.present", kinds.VirtualUSBController, 7000),
        ("usb_xhci.present", kinds.VirtualUSBXHCIController, 14000),
    ):
        if found.get(key, "").lower() == "true":
            label = kind.__name__.rpartition(".")[2]
            made = kind(key=number, deviceInfo=vim.Description(label=label, summary=label), controllerKey=100)
            if isinstance(made, kinds.VirtualController):
                made.busNumber = 0
            more.append(made)
    hardware = like(config.hardware, device=[*config.hardware.device, *more])
    return like(config, hardware=hardware) if more else config


def _text(value: Any, kind: str) -> str:
    if kind == "flag":
        return "TRUE" if value else "FALSE"
    return "unlimited" if kind == "limit" and value < 0 else str(value)


def _value(text: str, kind: str) -> Any:
    text = text.strip()
    if not text:
        return None
    if kind == "flag":
        return text.lower() == "true"
    if kind == "text":
        return text
    if text.lower() == "unlimited":
        return -1
    return max(int(text), -1 if kind == "limit" else 0) if re.fullmatch(r"-?\d{1,18}", text) else None


def _shares(text: str, config: Any, path: str) -> Any:
    if text.isdigit():
        return vim.SharesInfo(level="custom", shares=int(text))
    if text not in SHARES:
        return None
    each = SHARES[text]
    hardware = config.hardware
    number = each * hardware.numCPU if path == "cpuAllocation" else each * hardware.memoryMB // 100
    return vim.SharesInfo(level=text, shares=number)


def _bootable(config: Any, word: str) -> Any:
    kinds, devices = vim.vm.BootOptions, config.hardware.device
    if word == "cdrom":
        return kinds.BootableCdromDevice()
    if word == "floppy":
        return kinds.BootableFloppyDevice()
    wanted = {"hdd": vim.vm.device.VirtualDisk, "ethernet0": vim.vm.device.VirtualEthernetCard}.get(word)
    found = next((one for one in devices if wanted is not None and isinstance(one, wanted)), None)
    if found is None:
        return None
    kind = kinds.BootableDiskDevice if word == "hdd" else kinds.BootableEthernetDevice
    return kind(deviceKey=found.key)


_BOOT_WORDS = {
    vim.vm.BootOptions.BootableCdromDevice: "cdrom",
    vim.vm.BootOptions.BootableDiskDevice: "hdd",
    vim.vm.BootOptions.BootableEthernetDevice: "ethernet0",
    vim.vm.BootOptions.BootableFloppyDevice: "floppy",
}
