# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the making of one machine has brought to a host, so that it can be taken away again where a later step fails.

Laws: only what came in this very run goes, and no disk that was there before. Where it is not known what has become of
a step, everything stays: a VMX without its machine is used by the next run, a machine without its VMX is lost.

Source: vim.VirtualMachine.UnregisterVM, ReconfigVM_Task, Destroy_Task.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from .._errors import ConnectError, ConnectionLost, EsxError, Expired, PlanError, SessionExpired, TaskLost, VmGone
from .._vmx.paths import DatastorePath
from . import sdk
from .config_info import by_slot
from .files import Files
from .properties import objects, read

if TYPE_CHECKING:
    from .connection import Session

# After these nobody knows whether the host is still at it.
UNCLEAR = (ConnectError, ConnectionLost, Expired, SessionExpired, TaskLost, VmGone)


class Brought:
    """What one making has brought so far."""

    def __init__(self, session: Session, files: Files, run: Callable[..., Any]) -> None:
        self._session = session
        self._files = files
        self._run = run
        self._folders: list[DatastorePath] = []
        self._vmx: DatastorePath | None = None
        self._machine: str | None = None
        self._is_created = False
        self._lent: frozenset[str] = frozenset()

    def folders(self, made: Collection[DatastorePath]) -> None:
        """Note folders that were made, from above."""
        self._folders += made

    def vmx(self, path: DatastorePath) -> None:
        """Note a VMX that was uploaded."""
        self._vmx = path

    def registered(self, moid: str) -> None:
        """Note a machine that was registered."""
        self._machine = moid

    def created(self, moid: str, *, lent: Collection[str]) -> None:
        """Note a machine that was created with its disks; those in the slots ``lent`` were there before it."""
        self._machine, self._is_created, self._lent = moid, True, frozenset(lent)

    def take_away(self, error: EsxError) -> bool:
        """
        Take away what has come, because of ``error``; tell whether it has gone.

        What cannot be taken away now stays as it is: the next run goes on with it.
        """
        if isinstance(error, UNCLEAR):
            return False
        try:
            self._take_machine_away()
            if self._vmx is not None:
                self._files.delete(self._vmx)
            for folder in reversed(self._folders):
                self._files.remove_empty_folder(folder)
        except EsxError:
            return False
        return True

    def _take_machine_away(self) -> None:
        if self._machine is None:
            return
        vm = self._session.reference("VirtualMachine", self._machine)
        if not self._is_created:
            self._session.call(vm, "UnregisterVM")
            return
        lent = self._lent_disks(vm)
        if lent:
            changes = [sdk.vim.vm.device.VirtualDeviceSpec(operation="remove", device=disk) for disk in lent]
            self._run(vm, "ReconfigVM_Task", spec=sdk.vim.vm.ConfigSpec(deviceChange=changes))
            if self._lent_disks(vm):
                raise PlanError("a disk that was there before the machine cannot be detached from it")
        self._run(vm, "Destroy_Task")

    def _lent_disks(self, vm: Any) -> list[Any]:
        if not self._lent:
            return []
        path = "config.hardware.device"
        (row,) = read(self._session, objects([vm]), {"VirtualMachine": [path]})
        return [device for slot, device in by_slot(row.values[path]).items() if slot in self._lent]
