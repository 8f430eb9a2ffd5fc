# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The machine that is copied: read once, and refused where its disks cannot be copied.

Source: vim.VirtualMachine, ``config`` and ``layoutEx``; vim.vm.FileLayoutEx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import PlanError
from .._flow.select import Selector
from .._flow.state import PowerState, Vm
from .._vmx.drives import Provisioning
from .._vmx.paths import DatastorePath
from .config_info import Config, read_config
from .properties import objects, read

if TYPE_CHECKING:
    from .connection import Session
    from .host import FoundVm

VMX_PATH = "config.files.vmPathName"
KIB = 1024


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    The machine that is copied: what it is, how it is configured, and the bytes of its disks by slot.

    ``frozen`` has the files that its snapshots keep as they are, by slot, where the copies are to be linked.
    """

    found: FoundVm
    config: Config
    used_bytes: Mapping[str, int]
    vmx_path: DatastorePath
    frozen: Mapping[str, str] | None

    @property
    def provisioning(self) -> dict[str, Provisioning | None]:
        """What the blocks of its disks are, by slot."""
        return {str(disk.slot): disk.provisioning for disk in self.config.definition.disks}

    def bytes_of(self, slot: str, provisioning: Provisioning) -> int:
        """Return the space that a copy of a disk needs; one that lies on another takes what is written to it."""
        if self.frozen is not None:
            return 0
        disk = next(one for one in self.config.definition.disks if str(one.slot) == slot)
        capacity = (disk.capacity_kib or 0) * KIB
        return min(capacity, self.used_bytes.get(slot, 0)) if provisioning is Provisioning.THIN else capacity


def read_source(session: Session, selector: Selector, known: Sequence[FoundVm], *, linked: bool) -> Source:
    """
    Read the one machine among ``known`` that is to be copied.

    Raises:
        NotFound, Ambiguous: it is not clear which machine is meant.
        PlanError: it cannot be copied as it is now.
    """
    picked = selector.pick([one.vm for one in known], lambda hits: {vm.moid: vm.name for vm in hits})
    found = next(one for one in known if one.vm.moid == picked[0].moid)
    _check_idle(found, linked=linked)
    reference = session.reference("VirtualMachine", found.vm.moid)
    rows = read(session, objects([reference]), {"VirtualMachine": ("config", "layoutEx")})
    values = rows[0].values if rows else {}
    if values.get("config") is None:
        raise PlanError(f"{found.vm}: the host cannot read its configuration; look at its files")
    config = read_config(values["config"])
    _check_disks(found.vm, config)
    return Source(
        found=found,
        config=config,
        used_bytes=_used_bytes(config, values.get("layoutEx")),
        vmx_path=DatastorePath.parse(found.values[VMX_PATH]),
        frozen=_frozen(config) if linked else None,
    )


def _check_idle(found: FoundVm, *, linked: bool) -> None:
    """Refuse a source that has the disks open that are to be copied, or that something is done with."""
    state = found.state
    if state.question is not None:
        raise PlanError(f"{found.vm} has a question, answer it first: {state.question.text}")
    pending = [task for task in state.tasks if task.is_pending]
    if pending:
        raise PlanError(f"{found.vm} is busy: its task {pending[0].operation} has not ended")
    if state.power_state is not PowerState.OFF and not linked:
        power = state.power_state.value if state.power_state else "in an unknown power state"
        raise PlanError(
            f"{found.vm} is {power}, and its disks can be copied while it is powered-off only: power it off first, "
            "or make a copy with 'linked', which lies on its current snapshot"
        )


def _check_disks(vm: Vm, config: Config) -> None:
    for disk in config.definition.disks:
        backing: Any = config.devices[str(disk.slot)].backing
        if "RawDisk" in type(backing).__name__:
            raise PlanError(f"{vm}: {disk.slot} is a raw device ({disk.file}), and a copy of it would be the same LUN")


def _frozen(config: Config) -> dict[str, str]:
    """Return the file below the one that is written to, by slot; a snapshot keeps it as it is."""
    parents = {
        str(disk.slot): getattr(config.devices[str(disk.slot)].backing, "parent", None)
        for disk in config.definition.disks
    }
    return {slot: str(parent.fileName) for slot, parent in parents.items() if parent is not None}


def _used_bytes(config: Config, layout: Any) -> dict[str, int]:
    """Return the bytes of each disk's files, its chain of snapshots included."""
    if layout is None:
        return {}
    sizes = {file.key: int(file.size) for file in layout.file or ()}
    chains = {
        disk.key: sum(sizes.get(key, 0) for part in disk.chain or () for key in part.fileKey)
        for disk in layout.disk or ()
    }
    return {slot: chains[device.key] for slot, device in config.devices.items() if device.key in chains}
