# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The files behind disks with snapshots: each snapshot freezes a file, and what is written after it goes into a new one.

A backing names its own file, and its parent that of the file below. What nobody needs any more is merged or deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import machinefiles, vmdk
from .entity import like

if TYPE_CHECKING:
    from .snapshots import WithSnapshots

_NUMBERED = re.compile(r"(?:-\d{6})?\.vmdk$")


def chain(backing: Any) -> Iterator[Any]:
    """Yield the backings of a disk, from the file that is written to down to its base."""
    while backing is not None:
        yield backing
        backing = getattr(backing, "parent", None)


def grown(vm: WithSnapshots, devices: list[Any]) -> list[Any]:
    """Make a file for what is written from now on, for each disk that takes part in snapshots; returns the devices."""
    return [like(one, backing=_child(vm, one)) if _takes_part(one) else one for one in devices]


def deltas(vm: WithSnapshots) -> set[str]:
    """The files that lie on top of others, of the machine and of all its snapshots."""
    return {
        backing.fileName
        for config in (vm.get("config"), *_kept(vm))
        for one in config.hardware.device
        if _takes_part(one)
        for backing in chain(one.backing)
        if backing.parent is not None
    }


def discard(vm: WithSnapshots, files: set[str]) -> None:
    """Delete files of disks."""
    for name in files:
        store, path = machinefiles.place(vm, name)
        if store is not None:
            vmdk.discard(store.files, path)


def merge(vm: WithSnapshots) -> None:
    """Write each file that one other lies on, and that no snapshot needs as it is, together with that one."""
    while True:
        frozen = {one.backing.fileName for config in _kept(vm) for one in config.hardware.device if _takes_part(one)}
        above: dict[str, set[str]] = {}
        for config in (vm.get("config"), *_kept(vm)):
            for one in config.hardware.device:
                for backing in chain(one.backing) if _takes_part(one) else ():
                    if backing.parent is not None:
                        above.setdefault(backing.parent.fileName, set()).add(backing.fileName)
        pairs = [(file, *children) for file, children in above.items() if len(children) == 1 and file not in frozen]
        if not pairs:
            return
        file, child = pairs[0]
        vm.set("config", _merged(vm.get("config"), file, child))
        for snapshot in _snapshots(vm):
            snapshot.set("config", _merged(snapshot.get("config"), file, child))
        discard(vm, {child})


def _merged(config: Any, file: str, child: str) -> Any:
    devices = [
        like(one, backing=_without(one.backing, file, child)) if _takes_part(one) else one
        for one in config.hardware.device
    ]
    return like(config, hardware=like(config.hardware, device=devices))


def _without(backing: Any, file: str, child: str) -> Any:
    if backing.parent is None:
        return backing
    if backing.fileName == child and backing.parent.fileName == file:
        return like(backing, fileName=file, parent=backing.parent.parent)
    return like(backing, parent=_without(backing.parent, file, child))


def _takes_part(one: Any) -> bool:
    return (
        isinstance(one, vim.vm.device.VirtualDisk)
        and isinstance(one.backing, vim.vm.device.VirtualDisk.FlatVer2BackingInfo)
        and not str(one.backing.diskMode).startswith("independent")
    )


def _child(vm: WithSnapshots, disk: Any) -> Any:
    store, path = machinefiles.place(vm, disk.backing.fileName)
    try:
        below = vmdk.read(store.files, path) if store is not None else None
    except vmdk.NotADisk:
        below = None
    if store is None or below is None:
        # A disk whose file is missing cannot be run from, and there is nothing to keep.
        return disk.backing
    number = 1
    while store.files.get(_NUMBERED.sub(f"-{number:06}.vmdk", path)) is not None:
        number += 1
    new = _NUMBERED.sub(f"-{number:06}.vmdk", path)
    vmdk.create(store.files, new, below.capacity_kib, thin=True, eager=False, adapter=below.adapter, uuid=below.uuid)
    return like(disk.backing, fileName=f"[{store.get('name')}] {new}", parent=disk.backing)


def _snapshots(vm: WithSnapshots) -> list[Any]:
    return [vm.world.find("VirtualMachineSnapshot", node.snapshot._moId) for node in vm.nodes()]


def _kept(vm: WithSnapshots) -> list[Any]:
    return [one.get("config") for one in _snapshots(vm)]
