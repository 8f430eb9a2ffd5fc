# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a ConfigSpec makes of a machine's configuration: looked at first, then carried out as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from . import guestos, paths
from .devicechange import Change, plan
from .entity import like
from .vmdata import SHARES, allocation

if TYPE_CHECKING:
    from .machine import VirtualMachine

NEWEST_HARDWARE = 21
OLDEST_HARDWARE = 4
# ConfigSpec's field to the path below config, where a value is taken as it is.
PLAIN: Mapping[str, str] = {
    "annotation": "annotation",
    "changeTrackingEnabled": "changeTrackingEnabled",
    "cpuAffinity": "cpuAffinity",
    "cpuHotAddEnabled": "cpuHotAddEnabled",
    "cpuHotRemoveEnabled": "cpuHotRemoveEnabled",
    "firmware": "firmware",
    "instanceUuid": "instanceUuid",
    "latencySensitivity": "latencySensitivity",
    "locationId": "locationId",
    "maxMksConnections": "maxMksConnections",
    "memoryHotAddEnabled": "memoryHotAddEnabled",
    "memoryReservationLockedToMax": "memoryReservationLockedToMax",
    "nestedHVEnabled": "nestedHVEnabled",
    "numCPUs": "hardware.numCPU",
    "numCoresPerSocket": "hardware.numCoresPerSocket",
    "swapPlacement": "swapPlacement",
    "uuid": "uuid",
    "vPMCEnabled": "vPMCEnabled",
    "virtualICH7MPresent": "hardware.virtualICH7MPresent",
    "virtualSMCPresent": "hardware.virtualSMCPresent",
}
# Data objects of which the fields that are given replace those that are there.
MERGED: Mapping[str, str] = {
    "bootOptions": "bootOptions",
    "flags": "flags",
    "powerOpInfo": "defaultPowerOps",
    "tools": "tools",
}
ALLOCATIONS = ("cpuAllocation", "memoryAllocation")
OTHERS = (
    *("changeVersion", "name", "guestId", "alternateGuestName", "memoryMB", "extraConfig", "files", "deviceChange"),
    *("version", "vmProfile", "vAppConfig", "createDate", "npivTemporaryDisabled"),
)
OFF_ONLY = (
    *("numCoresPerSocket", "firmware", "uuid", "instanceUuid", "locationId", "guestId", "nestedHVEnabled"),
    *("cpuHotAddEnabled", "cpuHotRemoveEnabled", "memoryHotAddEnabled", "latencySensitivity", "vPMCEnabled"),
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


def objection(vm: VirtualMachine, spec: Any) -> Any:
    """Return the fault with which a host answers a spec, whatever its devices; None: there is none."""
    if spec.changeVersion and spec.changeVersion != vm.get("config.changeVersion"):
        return vim.fault.ConcurrentAccess(msg="The virtual machine was changed by somebody else.")
    return next(_wrong_values(vm, spec), None) or _wrong_state(vm, spec)


def _wrong_values(vm: VirtualMachine, spec: Any) -> Iterator[Any]:
    memory, cpus = spec.memoryMB, spec.numCPUs
    cores = spec.numCoresPerSocket
    if cpus is not None and cpus < 1:
        yield _incorrect("numCPUs")
    if memory is not None and (memory < 4 or memory % 4):
        yield _incorrect("memoryMB")
    total = cpus if cpus is not None else vm.get("config.hardware.numCPU")
    if cores is not None and (cores < 1 or total % cores):
        yield _incorrect("numCoresPerSocket")
    if spec.guestId is not None and not guestos.is_known(spec.guestId):
        yield vmodl.fault.InvalidArgument(
            invalidProperty="configSpec.guestId", msg="A specified parameter was not correct: configSpec.guestId"
        )
    if spec.name is not None and not 0 < len(spec.name) <= 80 * 3:
        yield vim.fault.InvalidName(name=spec.name, msg="The name is invalid.")
    for name in ALLOCATIONS:
        wanted = getattr(spec, name)
        if wanted is not None and ((wanted.reservation or 0) < 0 or (wanted.limit or 0) < -1):
            yield _incorrect(name)


def _incorrect(name: str) -> Any:
    return vim.fault.InvalidVmConfig(
        property=f"configSpec.{name}", msg=f"A specified parameter was not correct: {name}"
    )


def _wrong_state(vm: VirtualMachine, spec: Any) -> Any:
    """The fault of a change that the power state does not allow."""
    state = vm.get("runtime.powerState")
    if state == "poweredOff":
        return None
    changed = [name for name in OFF_ONLY if getattr(spec, name) is not None]
    config = vm.get("config")
    if spec.numCPUs is not None and spec.numCPUs != config.hardware.numCPU:
        grows = spec.numCPUs > config.hardware.numCPU
        if state != "poweredOn" or not (config.cpuHotAddEnabled if grows else config.cpuHotRemoveEnabled):
            changed.append("numCPUs")
    more = (spec.memoryMB or config.hardware.memoryMB) - config.hardware.memoryMB
    if more < 0 or (more and not (state == "poweredOn" and config.memoryHotAddEnabled)):
        changed.append("memoryMB")
    if state == "suspended" and spec.deviceChange:
        changed.append("deviceChange")
    return vm.in_state(None, "poweredOff")() if changed else None


def planned(vm: VirtualMachine, spec: Any) -> Change | None:
    """
    Work out the device changes of a spec; None: there are none.

    Raises:
        vmodl.MethodFault: what the host answers.
    """
    if not spec.deviceChange:
        return None
    config = vm.get("config")
    hardware = str(spec.version or config.version).rpartition("-")[2]
    change = Change(
        world=vm.world,
        home=config.files.vmPathName.rpartition("/")[0] + "/",
        name=str(spec.name or vm.get("name")),
        uuid=config.uuid,
        running=vm.get("runtime.powerState") == "poweredOn",
        wide=int(hardware) >= 13,
        devices=list(config.hardware.device),
    )
    return plan(change, spec.deviceChange)


def apply(vm: VirtualMachine, spec: Any, change: Change | None) -> None:
    """Carry out a spec that nothing speaks against."""
    for name, path in PLAIN.items():
        value = getattr(spec, name)
        if value is not None:
            vm.set(f"config.{path}", value)
    for name, path in MERGED.items():
        value = getattr(spec, name)
        if value is not None:
            vm.set(f"config.{path}", like(vm.get(f"config.{path}"), **_given(value)))
    for path, value in _converted(spec):
        vm.set(path, value)
    for name in ALLOCATIONS:
        if getattr(spec, name) is not None:
            _allocate(vm, name, getattr(spec, name))
    _set_options(vm, spec.extraConfig)
    if change is not None:
        for act in change.acts:
            act()
        vm.set("config.hardware.device", change.devices)
        vm.relink()
    vm.change_version()


def _converted(spec: Any) -> Iterator[tuple[str, Any]]:
    if spec.memoryMB is not None:
        yield "config.hardware.memoryMB", int(spec.memoryMB)
    if spec.version is not None:
        yield "config.version", str(spec.version)
    if spec.name is not None:
        yield "name", spec.name
    if spec.guestId is not None:
        yield "config.guestId", spec.guestId
        yield "config.guestFullName", guestos.full_name(spec.guestId)


def _given(value: Any) -> dict[str, Any]:
    return {name: one for name, one in vars(value).items() if one is not None and not name.startswith("dynamic")}


def _set_options(vm: VirtualMachine, changes: Any) -> None:
    options = {one.key: one for one in vm.get("config.extraConfig")}
    for one in changes:
        if one.value in (None, ""):
            options.pop(one.key, None)
        else:
            options[one.key] = one
    vm.set("config.extraConfig", list(options.values()))


def _allocate(vm: VirtualMachine, name: str, wanted: Any) -> None:
    path = f"config.{name}"
    changes = {
        field: getattr(wanted, field)
        for field in ("reservation", "limit", "expandableReservation", "shares")
        if getattr(wanted, field) is not None
    }
    if wanted.shares is not None and str(wanted.shares.level) != "custom":
        # Of CPUs a level counts for each, of memory for each ten MiB.
        each = SHARES[str(wanted.shares.level)]
        hardware = vm.get("config.hardware")
        shares = each * hardware.numCPU if name == "cpuAllocation" else each * hardware.memoryMB // 100
        changes["shares"] = vim.SharesInfo(level=wanted.shares.level, shares=shares)
    vm.set(path, like(vm.get(path) or allocation(-1, 0, 1000, "normal"), **changes))
