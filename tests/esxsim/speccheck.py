# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has against a ConfigSpec, whatever devices it changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pyVmomi import vim, vmodl

from . import guestos, paths
from .configspec import ALLOCATIONS, UUIDS
from .hardware import known_number

if TYPE_CHECKING:
    from .machine import VirtualMachine

MOST_CPUS = 768
MOST_MEMORY_MIB = 24 * 1024 * 1024
LONGEST_NAME = 80 * 3
# Fields that only a machine that is off takes, to their paths below config.
OFF_ONLY = {
    **{
        name: name
        for name in (
            *("firmware", "uuid", "instanceUuid", "locationId", "guestId", "nestedHVEnabled", "cpuHotAddEnabled"),
            *("cpuHotRemoveEnabled", "memoryHotAddEnabled", "latencySensitivity", "vPMCEnabled", "version"),
        )
    },
    "numCoresPerSocket": "hardware.numCoresPerSocket",
}


def objection(vm: VirtualMachine, spec: Any, *, new: bool = False) -> Any:
    """
    Return the fault with which a host answers a spec, whatever its devices; None: there is none.

    ``new``: the machine is just being made, so nothing of it can have changed.
    """
    if not new and spec.changeVersion and spec.changeVersion != vm.get("config.changeVersion"):
        return vim.fault.ConcurrentAccess(msg="The virtual machine was changed by somebody else.")
    wrong = chain(_wrong_values(vm, spec), _wrong_words(spec), _wrong_names(vm, spec))
    return next(wrong, None) or _wrong_state(vm, spec)


def _wrong_values(vm: VirtualMachine, spec: Any) -> Iterator[Any]:
    memory, cpus = spec.memoryMB, spec.numCPUs
    cores = spec.numCoresPerSocket
    hardware = vm.get("config.hardware")
    if cpus is not None and not 1 <= cpus <= MOST_CPUS:
        yield _incorrect("numCPUs")
    if memory is not None and (not 4 <= memory <= MOST_MEMORY_MIB or memory % 4):
        yield _incorrect("memoryMB")
    total = cpus if cpus is not None else hardware.numCPU
    each = cores if cores is not None else hardware.numCoresPerSocket or 1
    # Without a word on the cores, a number of CPUs that they do not divide resets them.
    if cores is not None and (each < 1 or total % each):
        yield _incorrect("numCoresPerSocket")
    if spec.guestId is not None and not guestos.is_known(spec.guestId):
        yield not_correct("guestId")
    for name in ALLOCATIONS:
        yield from _wrong_allocation(name, getattr(spec, name))
    threads = vm.world.find("HostSystem", "ha-host").get("hardware.cpuInfo.numCpuThreads")
    if spec.cpuAffinity is not None and any(not 0 <= one < threads for one in spec.cpuAffinity.affinitySet or ()):
        yield not_correct("cpuAffinity")
    if spec.version is not None:
        number, now = known_number(vm.world, str(spec.version)), known_number(vm.world, vm.get("config.version"))
        if number is None or (now is not None and number < now):
            yield not_correct("version")


def _wrong_words(spec: Any) -> Iterator[Any]:
    for name in UUIDS:
        if getattr(spec, name) is not None and not _is_uuid(getattr(spec, name)):
            yield not_correct(name)
    for name, allowed in (("firmware", ("bios", "efi")), ("swapPlacement", ("inherit", "vmDirectory", "hostLocal"))):
        if getattr(spec, name) is not None and getattr(spec, name) not in allowed:
            yield not_correct(name)


def _wrong_allocation(name: str, wanted: Any) -> Iterator[Any]:
    if wanted is None:
        return
    reservation, limit = wanted.reservation or 0, -1 if wanted.limit is None else wanted.limit
    if reservation < 0 or limit < -1:
        yield _incorrect(name)
    elif -1 < limit < reservation:
        yield not_correct(f"{name}.limit")
    shares = wanted.shares
    if shares is not None and str(shares.level) == "custom" and not 0 < (shares.shares or 0) <= 10**6:
        yield not_correct(f"{name}.shares")


def _wrong_names(vm: VirtualMachine, spec: Any) -> Iterator[Any]:
    if spec.name is not None and not 0 < len(spec.name) <= LONGEST_NAME:
        yield vim.fault.InvalidName(name=spec.name, msg=f"The name '{spec.name}' is invalid.")
    elif spec.name is not None and spec.name != vm.get("name"):
        found = namesake(vm.world, vm.get("parent"), spec.name, but=vm)
        if found is not None:
            yield found
    path = spec.files.vmPathName if spec.files is not None else None
    if path and path not in (vm.vmx_path, vm.vmx_path.rpartition("/")[0], vm.vmx_path.partition("]")[0] + "]"):
        yield not_correct("files.vmPathName")


def namesake(world: Any, folder: Any, name: str, *, but: Any = None) -> Any:
    """Return the fault of a name that another machine in a folder has; None: it is free."""
    for vm in world.of_type("VirtualMachine"):
        if vm is not but and vm.get("name") == name and vm.get("parent")._moId == folder._moId:
            return vim.fault.DuplicateName(name=name, object=vm.ref, msg=f"The name '{name}' already exists.")
    return None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _incorrect(name: str) -> Any:
    return vim.fault.InvalidVmConfig(
        property=f"configSpec.{name}", msg=f"A specified parameter was not correct: {name}"
    )


def not_correct(name: str) -> Any:
    """Make the fault of an argument that means nothing."""
    return vmodl.fault.InvalidArgument(
        invalidProperty=f"configSpec.{name}", msg=f"A specified parameter was not correct: configSpec.{name}"
    )


def _wrong_state(vm: VirtualMachine, spec: Any) -> Any:
    """The fault of a change that the power state does not allow."""
    state = vm.get("runtime.powerState")
    if state == "poweredOff":
        return None
    config = vm.get("config")
    changed = [
        name
        for name, path in OFF_ONLY.items()
        if getattr(spec, name) is not None
        and not paths.same(getattr(spec, name), paths.read(config, paths.split(path)))
    ]
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
