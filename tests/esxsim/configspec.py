# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ConfigSpec makes of a machine's configuration: looked at first, then carried out as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import guestos, paths
from .change import Change
from .devicechange import plan
from .entity import like, stated
from .vmdata import SHARES, allocation

if TYPE_CHECKING:
    from .machine import VirtualMachine

# ConfigSpec's field to the path below config, where a value is taken as it is.
_PLAIN: Mapping[str, str] = {
    **{
        name: name
        for name in (
            *("alternateGuestName", "annotation", "changeTrackingEnabled", "consolePreferences", "cpuAffinity"),
            *("cpuHotAddEnabled", "cpuHotRemoveEnabled", "createDate", "firmware", "fixedPassthruHotPlugEnabled"),
            *("guestAutoLockEnabled", "guestMonitoringModeInfo", "instanceUuid", "latencySensitivity", "locationId"),
            *("managedBy", "maxMksConnections", "memoryAffinity", "memoryHotAddEnabled", "messageBusTunnelEnabled"),
            *("memoryReservationLockedToMax", "migrateEncryption", "nestedHVEnabled", "npivTemporaryDisabled"),
            *("pmemFailoverEnabled", "rebootPowerOff", "scheduledHardwareUpgradeInfo", "sevEnabled", "sgxInfo"),
            *("swapPlacement", "uuid", "vAssertsEnabled", "vPMCEnabled", "vmOpNotificationTimeout"),
            *("vmOpNotificationToAppEnabled", "vmxStatsCollectionEnabled"),
        )
    },
    "motherboardLayout": "hardware.motherboardLayout",
    "numCPUs": "hardware.numCPU",
    "numCoresPerSocket": "hardware.numCoresPerSocket",
    "simultaneousThreads": "hardware.simultaneousThreads",
    "virtualICH7MPresent": "hardware.virtualICH7MPresent",
    "virtualSMCPresent": "hardware.virtualSMCPresent",
}
# An older pyVmomi does not know the newest.
PLAIN = {name: path for name, path in _PLAIN.items() if name in paths.fields(vim.vm.ConfigSpec)}
# Data objects of which the fields that are given replace those that are there.
MERGED: Mapping[str, str] = {
    "bootOptions": "bootOptions",
    "files": "files",
    "flags": "flags",
    "powerOpInfo": "defaultPowerOps",
    "tools": "tools",
}
UUIDS = ("uuid", "instanceUuid", "locationId")
ALLOCATIONS = ("cpuAllocation", "memoryAllocation")
OTHERS = ("changeVersion", "name", "guestId", "memoryMB", "extraConfig", "deviceChange", "version", "vmProfile")
# Keys of a VMX that other fields of a ConfigSpec say: among extraConfig a host passes over them.
RESERVED = re.compile(
    r"displayname|memsize|numvcpus|guestos(\.altname)?|annotation|uuid\.bios|vc\.uuid|firmware|virtualhw\.version"
    r"|cpuid\.corespersocket|config\.version|\.encoding|(?:scsi|sata|ide|nvme)\d(?::\d+)?\.(?:present|filename"
    r"|devicetype|virtualdev|mode)|(?:floppy|serial|parallel)\d\.(?:present|filename|filetype)"
    r"|ethernet\d\.(?:present|virtualdev|networkname|address|addresstype|generatedaddress)"
)


def check_known(spec: Any) -> None:
    """
    Refuse fields that are not known here: a change that is not made must not look like one.

    Raises:
        InvalidVmConfig: names the field.
    """
    for name, info in paths.fields(type(spec)).items():
        value = getattr(spec, name)
        known = name in PLAIN or name in MERGED or name in ALLOCATIONS or name in OTHERS or name.startswith("dynamic")
        if not known and value is not None and value != []:
            raise vim.fault.InvalidVmConfig(property=name, msg=f"esxsim knows no {name} ({info.type.__name__})")


def planned(vm: VirtualMachine, spec: Any, *, new: bool = False) -> Change | None:
    """
    Work out the device changes of a spec; None: there are none. ``new``: the machine is just being made.

    Raises:
        vmodl.MethodFault: what the host answers.
    """
    if not spec.deviceChange:
        return None
    config = vm.get("config")
    folder, _slash, file = config.files.vmPathName.rpartition("/")
    change = Change(
        machine=vm,
        home=f"{folder}/" if folder else config.files.vmPathName.partition("] ")[0] + "] ",
        base=(file if folder else config.files.vmPathName.partition("] ")[2]).rpartition(".")[0],
        uuid=spec.uuid or config.uuid,
        running=vm.get("runtime.powerState") == "poweredOn",
        new=new,
        hardware=int(str(spec.version or config.version).rpartition("-")[2]),
        devices=list(config.hardware.device),
    )
    return plan(change, spec.deviceChange)


def apply(vm: VirtualMachine, spec: Any, change: Change | None) -> None:
    """Carry out a spec that nothing speaks against."""
    for act in change.acts if change is not None else ():
        act()
    for path, value in _values(vm, spec, change.keys if change is not None else {}):
        vm.set(path, value)
    for name in ALLOCATIONS:
        if getattr(spec, name) is not None:
            _allocate(vm, name, getattr(spec, name))
    for name in ALLOCATIONS:
        _share(vm, name)
    if vm.get("config.memoryReservationLockedToMax"):
        vm.set("config.memoryAllocation.reservation", vm.get("config.hardware.memoryMB"))
    _set_options(vm, spec.extraConfig)
    if change is not None:
        vm.set("config.hardware.device", change.devices)
        vm.relink()
    vm.change_version()


def _values(vm: VirtualMachine, spec: Any, keys: Mapping[int, int]) -> Iterator[tuple[str, Any]]:
    """Yield paths and their new values; ``keys`` are those of new devices by their temporary ones."""
    for name, path in PLAIN.items():
        value = getattr(spec, name)
        if value is None:
            continue
        if name.endswith("Affinity") and not value.affinitySet:
            value = None
        elif name in UUIDS:
            value = value.lower()
        yield f"config.{path}", value
    for name, path in MERGED.items():
        value = getattr(spec, name)
        if value is not None:
            given = stated(value)
            given.pop("vmPathName", None)
            if "bootOrder" in given:
                given["bootOrder"] = [_bootable(one, keys) for one in given["bootOrder"]]
            yield f"config.{path}", like(vm.get(f"config.{path}"), **given)
    if spec.memoryMB is not None:
        yield "config.hardware.memoryMB", int(spec.memoryMB)
    if spec.version is not None:
        yield "config.version", str(spec.version)
    if spec.name is not None:
        yield "name", spec.name
    if spec.guestId is not None:
        yield "config.guestId", spec.guestId
        yield "config.guestFullName", guestos.full_name(spec.guestId)


def _bootable(one: Any, keys: Mapping[int, int]) -> Any:
    key = getattr(one, "deviceKey", None)
    return one if key is None else like(one, deviceKey=keys.get(key, key))


def _set_options(vm: VirtualMachine, changes: Any) -> None:
    if not changes:
        return
    options = {one.key.lower(): one for one in vm.get("config.extraConfig")}
    for one in changes:
        key = str(one.key)
        if RESERVED.fullmatch(key.lower()):
            continue
        if one.value in (None, ""):
            options.pop(key.lower(), None)
        else:
            known = options.get(key.lower())
            options[key.lower()] = vim.option.OptionValue(key=known.key if known else key, value=_text(one.value))
    vm.set("config.extraConfig", list(options.values()))


def _text(value: Any) -> str:
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else str(value)


def _allocate(vm: VirtualMachine, name: str, wanted: Any) -> None:
    path = f"config.{name}"
    vm.set(path, like(vm.get(path) or allocation(-1, 0, 1000, "normal"), **stated(wanted)))


def _share(vm: VirtualMachine, name: str) -> None:
    """Bring the number behind a level up to date: it counts for each CPU, and for each ten MiB of memory."""
    level = str(vm.get(f"config.{name}.shares.level"))
    if level == "custom":
        return
    each, hardware = SHARES[level], vm.get("config.hardware")
    number = each * hardware.numCPU if name == "cpuAllocation" else each * hardware.memoryMB // 100
    if number != vm.get(f"config.{name}.shares.shares"):
        vm.set(f"config.{name}.shares", vim.SharesInfo(level=level, shares=number))
