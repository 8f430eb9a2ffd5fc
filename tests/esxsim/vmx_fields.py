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

from . import paths, vmx_device
from .devices import linked
from .entity import like
from .vmdata import SHARES


class Setting(NamedTuple):
    """
    One key: where it is below ``config``, what kind of value it is, the value that is meant where the key is missing,
    and whether a host writes that one down, too.
    """

    key: str
    path: str
    kind: str
    default: Any
    always: bool = False


USB = 7000
UNITS = {USB: 22, 14000: 23}
# Devices that are there or not: key, class, key of the device.
SINGLE: tuple[tuple[str, Any, int], ...] = (
    ("vtpm.present", vim.vm.device.VirtualTPM, 11000),
    ("usb.present", vim.vm.device.VirtualUSBController, USB),
    ("usb_xhci.present", vim.vm.device.VirtualUSBXHCIController, 14000),
    ("vwdt.present", vim.vm.device.VirtualWDT, 18000),
    ("precisionclock0.present", vim.vm.device.VirtualPrecisionClock, 19000),
)
SETTINGS = (
    Setting("vcpu.hotadd", "cpuHotAddEnabled", "flag", False),
    Setting("vcpu.hotremove", "cpuHotRemoveEnabled", "flag", False),
    Setting("mem.hotadd", "memoryHotAddEnabled", "flag", False),
    Setting("vhv.enable", "nestedHVEnabled", "flag", False),
    Setting("ctkEnabled", "changeTrackingEnabled", "flag", False),
    Setting("uefi.secureBoot.enabled", "bootOptions.efiSecureBootEnabled", "flag", False),
    Setting("bios.forceSetupOnce", "bootOptions.enterBIOSSetup", "flag", False),
    Setting("bios.bootDelay", "bootOptions.bootDelay", "number", 0),
    Setting("bios.bootRetry.enabled", "bootOptions.bootRetryEnabled", "flag", False),
    Setting("bios.bootRetry.delay", "bootOptions.bootRetryDelay", "number", 10000),
    Setting("vpmc.enable", "vPMCEnabled", "flag", False),
    Setting("guestOSAltName", "alternateGuestName", "text", ""),
    Setting("powerType.powerOff", "defaultPowerOps.powerOffType", "power", "soft", True),
    Setting("powerType.suspend", "defaultPowerOps.suspendType", "power", "hard", True),
    Setting("powerType.reset", "defaultPowerOps.resetType", "power", "soft", True),
    Setting("toolScripts.afterPowerOn", "tools.afterPowerOn", "flag", True, True),
    Setting("toolScripts.afterResume", "tools.afterResume", "flag", True, True),
    Setting("toolScripts.beforeSuspend", "tools.beforeGuestStandby", "flag", True, True),
    Setting("toolScripts.beforePowerOff", "tools.beforeGuestShutdown", "flag", True, True),
    Setting("sched.cpu.min", "cpuAllocation.reservation", "number", 0, True),
    Setting("sched.cpu.max", "cpuAllocation.limit", "limit", -1),
    Setting("sched.mem.min", "memoryAllocation.reservation", "number", 0, True),
    Setting("sched.mem.minSize", "memoryAllocation.reservation", "number", 0, True),
    Setting("sched.mem.pin", "memoryReservationLockedToMax", "flag", False),
    Setting("tools.syncTime", "tools.syncTimeWithHost", "flag", False, True),
    Setting("tools.upgrade.policy", "tools.toolsUpgradePolicy", "text", "manual", True),
)
_SHARES = {"sched.cpu.shares": "cpuAllocation", "sched.mem.shares": "memoryAllocation"}
_LATENCY = "sched.cpu.latencySensitivity"
_BOOT = "bios.bootOrder"
_POWER = {"default": "preset", "soft": "soft", "hard": "hard"}
KEYS = frozenset(one.key.lower() for one in SETTINGS) | {*_SHARES, _LATENCY.lower(), _BOOT.lower()}
KEYS |= {"bios.hddorder", "sched.cpu.affinity", "sched.cpu.units", "ehci.present", *(key for key, _c, _n in SINGLE)}


def written(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the settings of a configuration that are not what a host takes by itself."""
    for one in SETTINGS:
        value = paths.read(config, paths.split(one.path))
        if value is not None and (one.always or value != one.default):
            yield one.key, _text(value, one.kind)
    yield "sched.cpu.units", "mhz"
    for key, path in _SHARES.items():
        shares = getattr(config, path).shares
        yield key, str(shares.shares) if str(shares.level) == "custom" else str(shares.level)
    if config.latencySensitivity is not None and str(config.latencySensitivity.level) != "normal":
        yield _LATENCY, str(config.latencySensitivity.level)
    if config.cpuAffinity is not None and config.cpuAffinity.affinitySet:
        yield "sched.cpu.affinity", ",".join(str(cpu) for cpu in config.cpuAffinity.affinitySet)
    yield from _boot(config)
    for key, kind, _number in SINGLE:
        for found in config.hardware.device:
            if isinstance(found, kind):
                yield key, "TRUE"
                if isinstance(found, vim.vm.device.VirtualUSBController) and found.ehciEnabled is not False:
                    yield "ehci.present", "TRUE"


def _boot(config: Any) -> Iterator[tuple[str, str]]:
    words, disks = [], []
    by_key = {one.key: one for one in config.hardware.device}
    for one in config.bootOptions.bootOrder or ():
        word = _BOOT_WORDS.get(one.__class__)
        found = by_key.get(getattr(one, "deviceKey", None))
        if word == "hdd" and found is not None:
            disks.append(vmx_device.name_of(found))
        if word == "ethernet" and found is not None:
            word = vmx_device.name_of(found)
        if word is not None and word not in words:
            words.append(word)
    if words:
        yield _BOOT, ",".join(words)
    if disks:
        yield "bios.hddOrder", ",".join(disks)


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
    disks = [word.strip() for word in found.get("bios.hddorder", "").lower().split(",")]
    order = [made for word in words for made in _bootable(config, word.strip(), disks)]
    if order:
        values["bootOptions.bootOrder"] = order
    config = reduce(lambda made, item: paths.changed(made, paths.split(item[0]), item[1]), values.items(), config)
    return _with_devices(config, found)


def _with_devices(config: Any, found: Mapping[str, str]) -> Any:
    more = []
    for key, kind, number in SINGLE:
        second = "ehci.present" if key == "usb.present" else key
        if "true" in (found.get(key, "").lower(), found.get(second, "").lower()):
            label = kind.__name__.rpartition(".")[2]
            made = kind(key=number, deviceInfo=vim.Description(label=label, summary=label), controllerKey=100)
            made.unitNumber = UNITS.get(number)
            if isinstance(made, vim.vm.device.VirtualController):
                made.busNumber = 0
                made.autoConnectDevices = False
            if number == USB:
                made.ehciEnabled = found.get("ehci.present", "").lower() == "true"
            more.append(made)
    device = [vmx_device.applied(one, found) for one in (*config.hardware.device, *more)]
    return like(config, hardware=like(config.hardware, device=linked(device)))


def _text(value: Any, kind: str) -> str:
    if kind == "flag":
        return "TRUE" if value else "FALSE"
    if kind == "power":
        return next((word for word, api in _POWER.items() if api == value), "default")
    return "unlimited" if kind == "limit" and value < 0 else str(value)


def _value(text: str, kind: str) -> Any:
    text = text.strip()
    if not text:
        return None
    if kind == "flag":
        return text.lower() == "true"
    if kind == "text":
        return text
    if kind == "power":
        return _POWER.get(text.lower())
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


def _bootable(config: Any, word: str, disks: list[str]) -> Iterator[Any]:
    kinds, devices = vim.vm.BootOptions, config.hardware.device
    named = {vmx_device.name_of(one): one for one in devices}
    if word == "cdrom":
        yield kinds.BootableCdromDevice()
    elif word == "floppy":
        yield kinds.BootableFloppyDevice()
    elif word == "hdd":
        every = [one for one in devices if isinstance(one, vim.vm.device.VirtualDisk)]
        first = [named[name] for name in disks if name and name in named] or every[:1]
        yield from (kinds.BootableDiskDevice(deviceKey=one.key) for one in first)
    elif word.startswith("ethernet") and word in named:
        yield kinds.BootableEthernetDevice(deviceKey=named[word].key)


_BOOT_WORDS = {
    vim.vm.BootOptions.BootableCdromDevice: "cdrom",
    vim.vm.BootOptions.BootableDiskDevice: "hdd",
    vim.vm.BootOptions.BootableEthernetDevice: "ethernet",
    vim.vm.BootOptions.BootableFloppyDevice: "floppy",
}
