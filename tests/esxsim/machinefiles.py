# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that belong to a machine: made with it and while it runs, looked at before it runs, deleted with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

from . import hardware, locks, vmdk
from .filestore import File, OutOfSpace
from .stores import Datastore, split_path

if TYPE_CHECKING:
    from .machine import VirtualMachine
    from .vmbase import VmBase

MIB = 1024 * 1024
NVRAM_BYTES = {"bios": 8684, "efi": 270840}
# What lies beside a VMX and belongs to the machine, whatever its name.
_LOG = re.compile(r"vmware(?:-\d+)?\.log")
_SUFFIXES = re.compile(
    r"(?:-Snapshot\d+)?\.(?:vmx|vmxf|vmsd|nvram|vswp|vmss|vmsn|vmem|vmx~|scoreboard)|-[0-9a-f]{8}\.(?:vswp|hlog)"
)


def place(vm: VmBase, name: str) -> tuple[Datastore | None, str]:
    """Find the datastore of a datastore path, and the path in it; None: there is no such datastore."""
    try:
        store_name, path = split_path(name)
    except vim.fault.InvalidDatastorePath:
        return None, ""
    stores = vm.world.of_type("Datastore")
    return next((store for store in stores if store.get("name") == store_name), None), path


def write_vmx(vm: VmBase) -> None:
    """Let the file on the datastore be what the configuration says, whatever somebody put there meanwhile."""
    store, path = place(vm, vm.vmx_path)
    if store is None:
        return
    file = store.files.get(path)
    if file is None or not callable(file.content):
        file = File(0, vm.vmx_bytes)
        store.files.put(path, file)
    file.modified = vm.world.clock.utcnow()


def prepare(vm: VirtualMachine) -> None:
    """Make the files that a new machine has from the start, beside its VMX."""
    store, path = place(vm, vm.vmx_path)
    if store is not None:
        write_vmx(vm)
        store.files.put(_beside(path, ".vmsd"), File(0, b""))


def _beside(path: str, suffix: str) -> str:
    return path.removesuffix(".vmx") + suffix


def why_not(vm: VirtualMachine) -> Any:
    """
    Return the fault that speaks against running a machine; None: there is none.

    A disk may be missing or in use, the hardware newer than the host, the host too small.
    """
    fault = _too_much(vm)
    if fault is not None:
        return fault
    for name, sharing in locks.disks(vm):
        store, path = place(vm, name)
        try:
            disk = vmdk.read(store.files, path) if store is not None else None
        except vmdk.NotADisk as error:
            return _cannot_open(name, "msg.disk.noBackEnd", str(error))
        if disk is None:
            return _cannot_open(name, "msg.disk.noBackEnd", "The system cannot find the file specified")
        if locks.users(vm.world, name, but=vm, sharing=sharing):
            return _cannot_open(name, "msg.fileio.lock", "Failed to lock the file")
    return None


def _too_much(vm: VirtualMachine) -> Any:
    config = vm.get("config")
    host = vm.world.find("HostSystem", "ha-host")
    if int(config.version.rpartition("-")[2]) > hardware.newest(vm.world):
        return vim.fault.VirtualHardwareVersionNotSupported(
            hostName=host.get("name"),
            host=host.ref,
            msg=f"The virtual machine's hardware {config.version} is not supported by the host.",
        )
    threads = host.get("hardware.cpuInfo.numCpuThreads")
    if config.hardware.numCPU > threads:
        return vim.fault.NotEnoughLogicalCpus(
            numCpuDest=threads,
            numCpuVm=config.hardware.numCPU,
            host=host.ref,
            msg=f"The host has {threads} logical CPUs, and the machine needs {config.hardware.numCPU}.",
        )
    return None


def _cannot_open(name: str, message: str, reason: str) -> Any:
    text = f"Cannot open the disk '{name}' or one of the snapshot disks it depends on."
    messages = {
        message: reason,
        "msg.disk.OpenFailed": text,
        "msg.moduletable.powerOnFailed": "Module 'Disk' power on failed.",
    }
    return vim.fault.GenericVmConfigFault(
        reason=reason,
        faultMessage=[vmodl.LocalizableMessage(key=key, message=one) for key, one in messages.items()],
        msg=f"{reason}. {text}",
    )


def turned(vm: VmBase, power_state: str) -> None:
    """Make and take away the files that a machine has in a power state."""
    store, path = place(vm, vm.vmx_path)
    if store is None:
        return
    for suffix in (".vswp", ".vmss"):
        store.files.discard(_beside(path, suffix))
    config = vm.get("config")
    memory = config.hardware.memoryMB * MIB
    if power_state == "poweredOn":
        nvram = _beside(path, ".nvram")
        if store.files.get(nvram) is None:
            store.files.put(nvram, File(NVRAM_BYTES.get(config.firmware, NVRAM_BYTES["bios"])))
        folder = path.rpartition("/")[0]
        store.files.put(f"{folder}/vmware.log" if folder else "vmware.log", File(0, b"vmx| Log for VMware ESX\n"))
        allocate(store, _beside(path, ".vswp"), memory - config.memoryAllocation.reservation * MIB)
    elif power_state == "suspended":
        allocate(store, _beside(path, ".vmss"), memory)


def allocate(store: Datastore, path: str, size: int) -> None:
    """Make a file of so many bytes, though the datastore may be full."""
    try:
        store.files.allocate(path, File(max(0, size)))
    except OutOfSpace:
        # The machine runs already: what it needs it has.
        store.files.put(path, File(max(0, size)))


def delete(vm: VirtualMachine) -> None:
    """Delete what belongs to a machine: its disks, and beside the VMX everything that is its own."""
    touched = set()
    for name, _sharing in list(locks.disks(vm)):
        store, path = place(vm, name)
        if store is not None:
            vmdk.discard(store.files, path)
            store.files.remove_empty(path.rpartition("/")[0])
            touched.add(store)
    store, path = place(vm, vm.vmx_path)
    if store is None:
        return
    folder, base = path.rpartition("/")[0], path.rpartition("/")[2].removesuffix(".vmx")
    for name, _file in store.files.below(folder)[1]:
        if _LOG.fullmatch(name) or (name.startswith(base) and _SUFFIXES.fullmatch(name[len(base) :])):
            store.files.discard(f"{folder}/{name}" if folder else name)
    store.files.remove_empty(folder)
    for one in {store, *touched}:
        one.touch("summary", "info")
