# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files running machines hold open: nobody else may write, move or delete those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pyVmomi import vim

from . import vmdk

if TYPE_CHECKING:
    from .stores import Datastore
    from .world import World

MULTI_WRITER = "sharingMultiWriter"
READ_ONLY = "read-only"
# Of each machine its configuration, which is never changed in place, and the disks in it.
_KNOWN: WeakKeyDictionary[Any, tuple[Any, Sequence[tuple[str, str]]]] = WeakKeyDictionary()


def check_free(world: World, store: Datastore, path: str) -> None:
    """
    Refuse to touch a file, or a folder with a file, that a running machine holds open or that a task is writing.

    Raises:
        FileLocked: names the file.
    """
    prefix = f"[{store.get('name')}] "
    wanted = prefix + path
    for name in store.files.being_written:
        if name == path or name.startswith(f"{path}/"):
            raise locked(prefix + name)
    for vm in world.of_type("VirtualMachine"):
        if vm.get("runtime.powerState") != "poweredOn":
            continue
        for name in open_files(vm):
            if name == wanted or name.startswith(f"{wanted}/"):
                raise locked(name)


def locked(name: str) -> Any:
    """Make the fault of a file that somebody holds open."""
    return vim.fault.FileLocked(file=name, msg=f"Unable to access file {name} since it is locked")


def open_files(vm: Any) -> Iterator[str]:
    """Yield the datastore paths of what a machine has open while it runs."""
    yield vm.vmx_path
    yield from own_files(vm)
    for name, _sharing in disks(vm):
        yield name
        yield vmdk.extent_of(name)
    yield from media(vm)


def own_files(vm: Any) -> Iterator[str]:
    """Yield what a machine writes beside its VMX while it runs: NVRAM, log and swap file."""
    base = vm.vmx_path[: -len(".vmx")] if vm.vmx_path.lower().endswith(".vmx") else vm.vmx_path
    yield f"{base}.nvram"
    yield f"{vm.vmx_path.rpartition('/')[0]}/vmware.log" if "/" in vm.vmx_path else f"{base}.log"
    yield f"{base}.vswp"


def disks(vm: Any) -> Iterator[tuple[str, str]]:
    """Yield the files of a machine's disks, each with how it is shared."""
    if vm.machine is not None:
        yield from ((disk.file, "") for disk in vm.machine.disks)
        return
    for one in vm.get("config.hardware.device"):
        if isinstance(one, vim.vm.device.VirtualDisk) and getattr(one.backing, "fileName", None):
            backing: Any = one.backing
            yield backing.fileName, str(getattr(backing, "sharing", None) or "")
            # With snapshots, it lies on top of other files, which nobody writes to.
            while (backing := getattr(backing, "parent", None)) is not None:
                yield backing.fileName, READ_ONLY


def media(vm: Any) -> Iterator[str]:
    """Yield the images that are in a machine's connected drives."""
    if vm.machine is not None:
        yield from (drive.iso for drive in vm.machine.cdroms if drive.iso and drive.connected)
        return
    for one in vm.get("config.hardware.device"):
        name = getattr(one.backing, "fileName", None)
        if isinstance(one, vim.vm.device.VirtualCdrom) and name and one.connectable and one.connectable.connected:
            yield name


def users(world: World, name: str, *, but: Any = None, sharing: str = "") -> list[str]:
    """
    The names of running machines that have a disk open; ``but`` does not count.

    Nor do machines that have it open in the way of ``sharing``, as one of many writers or without writing to it.
    """
    found = []
    for vm in world.of_type("VirtualMachine"):
        if vm is but:
            continue
        # Whether it runs is asked of the few that have the disk: a batch that begins asks this of all, for each of all.
        for file, own_sharing in _known_disks(vm):
            is_in_the_way = file == name and not (sharing in (MULTI_WRITER, READ_ONLY) and sharing == own_sharing)
            if is_in_the_way and vm.get("runtime.powerState") == "poweredOn":
                found.append(str(vm.get("name")))
    return found


def _known_disks(vm: Any) -> Sequence[tuple[str, str]]:
    """Return :func:`disks`, looked for again only where the configuration is another one."""
    if vm.machine is not None:
        return tuple(disks(vm))
    config = vm.stored("config")
    known = _KNOWN.get(vm)
    if known is None or known[0] is not config:
        known = _KNOWN[vm] = (config, tuple(disks(vm)))
    return known[1]
