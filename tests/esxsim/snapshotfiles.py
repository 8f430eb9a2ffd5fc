# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of snapshots, beside the VMX: the state of each, its memory where it was kept, and the list of them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import machinefiles
from .filestore import File

if TYPE_CHECKING:
    from .filestore import FileStore
    from .snapshots import WithSnapshots
    from .vmbase import VmBase

MIB = 1024 * 1024
STATE_BYTES = 28 * 1024


def names(vm: VmBase, node: Any) -> tuple[str, str]:
    """The datastore paths of a snapshot's state and of its memory."""
    base = f"{vm.vmx_path.removesuffix('.vmx')}-Snapshot{node.id}"
    return f"{base}.vmsn", f"{base}.vmem"


def made(vm: WithSnapshots, node: Any) -> None:
    """Make the files of a snapshot that is being made."""
    state, memory = names(vm, node)
    for name, size in ((state, STATE_BYTES), (memory, vm.get("config.hardware.memoryMB") * MIB)):
        store, path = machinefiles.place(vm, name)
        if store is not None and (name == state or str(node.state) != "poweredOff"):
            machinefiles.allocate(store, path, size)


def unmade(vm: WithSnapshots, node: Any) -> None:
    """Delete the files of a snapshot."""
    for name in names(vm, node):
        store, path = machinefiles.place(vm, name)
        if store is not None:
            store.files.discard(path)


def write_list(vm: WithSnapshots) -> None:
    """Write the list of the snapshots, as a host reads it when a machine is registered."""
    store, path = machinefiles.place(vm, vm.vmx_path.removesuffix(".vmx") + ".vmsd")
    if store is not None:
        text = "".join(f'{key} = "{value}"\n' for key, value in _entries(vm))
        _write(store.files, path, text.encode())


def _write(files: FileStore, path: str, content: bytes) -> None:
    files.put(path, File(0, content))


def _entries(vm: WithSnapshots) -> Iterator[tuple[str, str]]:
    nodes = list(vm.nodes())
    current = vm.get("snapshot.currentSnapshot")
    ids = {node.snapshot._moId: node.id for node in nodes}
    parents = {child.id: node.id for node in nodes for child in node.childSnapshotList}
    yield ".encoding", "UTF-8"
    yield "snapshot.lastUID", str(vm.snapshots)
    yield "snapshot.numSnapshots", str(len(nodes))
    if current is not None:
        yield "snapshot.current", str(ids[current._moId])
    for number, node in enumerate(nodes):
        yield f"snapshot{number}.uid", str(node.id)
        yield f"snapshot{number}.filename", names(vm, node)[0].rpartition("/")[2]
        if node.id in parents:
            yield f"snapshot{number}.parent", str(parents[node.id])
        yield f"snapshot{number}.displayName", _escaped(node.name)
        yield f"snapshot{number}.description", _escaped(node.description)


def _escaped(value: str) -> str:
    return "".join(f"|{ord(one):02X}" if one in '|"' or ord(one) < 32 else one for one in value)


def listed(vm: VmBase) -> Iterator[tuple[Any, str, str | None]]:
    """Yield the reference of each snapshot, the file of its state, and that of its memory or None."""
    info = vm.get("snapshot")
    waiting = list(info.rootSnapshotList) if info is not None else []
    while waiting:
        node = waiting.pop(0)
        waiting = [*node.childSnapshotList, *waiting]
        state, memory = names(vm, node)
        yield node.snapshot, state, None if str(node.state) == "poweredOff" else memory


def laid_out(vm: VmBase, keys: dict[str, int], disks: list[Any]) -> list[Any]:
    """What ``layoutEx`` says of the snapshots; ``keys`` are those of the files by their names."""
    made_of: Any = vim.vm.FileLayoutEx.SnapshotLayout
    return [
        made_of(key=ref, dataKey=keys.get(state, -1), memoryKey=keys.get(memory or "", -1), disk=list(disks))
        for ref, state, memory in listed(vm)
    ]
