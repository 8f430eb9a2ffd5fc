# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Virtual disks without a machine: copied and deleted as the two files that each of them is.

Source: vim.VirtualDiskManager.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, TaskFailed
from .._vmx.drives import Provisioning
from . import sdk
from .properties import objects, read
from .tasks import run_task, wait_for_tasks

if TYPE_CHECKING:
    from .._flow.clone import DiskCopy
    from .connection import Session
    from .environment import Environment

# vim.VirtualDiskManager.VirtualDiskType
DISK_TYPES = {
    Provisioning.THIN: "thin",
    Provisioning.THICK: "preallocated",
    Provisioning.EAGER_ZEROED: "eagerZeroedThick",
}


class Disks:
    """The virtual disks of one datacenter, through a session; a copy may take ``timeout`` seconds."""

    def __init__(
        self,
        session: Session,
        environment: Environment,
        *,
        timeout: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        # An ESXi host has one datacenter and needs not be told; a vCenter must.
        self._center = environment.center if session.is_vcenter else None
        self._timeout = timeout
        self._now = now

    def copy(self, disk: DiskCopy, what: str, *, on_progress: Callable[[int], None] | None = None) -> None:
        """
        Copy a disk; one that has snapshots becomes one without. ``on_progress`` is called with the per cent done.

        Raises:
            TaskFailed, Expired, FaultError: as the host says, with both names.
        """
        # A vCenter takes no wishes and makes what the source is.
        spec = None
        if not self._session.is_vcenter:
            kind = DISK_TYPES[disk.provisioning]
            spec = sdk.vim.VirtualDiskManager.VirtualDiskSpec(diskType=kind, adapterType=disk.adapter)
        try:
            self._run(
                "CopyVirtualDisk_Task",
                ("sourceDatacenter", "destDatacenter"),
                on_progress=on_progress,
                sourceName=disk.source,
                destName=disk.target,
                destSpec=spec,
                force=False,
            )
        except EsxError as error:
            error.args = (f"{what}, {disk.source} -> {disk.target}: {error}",)
            raise

    def create(self, path: str, capacity_kib: int, provisioning: Provisioning, adapter: str) -> None:
        """
        Make an empty disk where there is none; ``adapter`` as for vim.VirtualDiskManager.VirtualDiskAdapterType.

        Raises:
            TaskFailed: there is one already, or something else failed.
        """
        spec = sdk.vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
            diskType=DISK_TYPES[provisioning], adapterType=adapter, capacityKb=capacity_kib
        )
        self._run("CreateVirtualDisk_Task", ("datacenter",), name=path, spec=spec)

    def grow(self, path: str, capacity_kib: int) -> None:
        """Make a disk larger; errors as for :meth:`create`."""
        self._run("ExtendVirtualDisk_Task", ("datacenter",), name=path, newCapacityKb=capacity_kib)

    def wipe(self, path: str) -> None:
        """Write zeros over all of a disk; errors as for :meth:`create`."""
        self._run("ZeroFillVirtualDisk_Task", ("datacenter",), name=path)

    def move(self, source: str, target: str) -> None:
        """Move a disk to where there is none; errors as for :meth:`create`."""
        places = ("sourceDatacenter", "destDatacenter")
        self._run("MoveVirtualDisk_Task", places, sourceName=source, destName=target, force=False)

    def delete(self, path: str) -> None:
        """Delete a disk, whatever of it is there; one that is still being written is waited for."""
        try:
            self._delete(path)
        except TaskFailed as error:
            if error.details.get("fault") not in ("FileLocked", "FileFault"):
                raise
            wait_for_tasks(self._session, self._pending(), timeout=self._timeout, now=self._now)
            self._delete(path)

    def _delete(self, path: str) -> None:
        try:
            self._run("DeleteVirtualDisk_Task", ("datacenter",), name=path)
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise

    def _pending(self) -> list[Any]:
        """Return the host's tasks on disks that have not ended."""
        manager = self._session.content.taskManager
        recent = read(self._session, objects([manager]), {"TaskManager": ["recentTask"]})
        tasks = [task for row in recent for task in row.values.get("recentTask", ())]
        rows = read(self._session, objects(tasks), {"Task": ["info.state", "info.descriptionId"]}) if tasks else []
        return [
            self._session.reference("Task", row.moid)
            for row in rows
            if str(row.values.get("info.state")) in ("queued", "running")
            and "VirtualDisk" in str(row.values.get("info.descriptionId"))
        ]

    def _run(self, method: str, places: tuple[str, ...], **arguments: Any) -> None:
        where = {} if self._center is None else dict.fromkeys(places, self._center)
        manager = self._session.content.virtualDiskManager
        run_task(self._session, manager, method, timeout=self._timeout, now=self._now, **arguments, **where)
