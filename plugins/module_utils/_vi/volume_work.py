# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The work on one file of a datastore: looked at, planned, checked, done.

Laws: everything is checked before anything is touched; a copy bears its name when it is whole; where a later step
fails, what this run has made goes again, and nothing else; where it is not known what the host does, everything stays.

Source: vim.VirtualDiskManager, vim.FileManager.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, FaultError, PlanError, TaskFailed
from .._flow.clone import DiskCopy
from .._flow.outcome import Change
from .._flow.volume_plan import ADAPTERS, Step, VolumePlan, VolumeWish, is_disk, plan, users_of
from .._flow.volumes import Fact
from .._flow.wording import listed
from .._vmx.drives import Provisioning
from .brought import UNCLEAR
from .disks import Disks
from .files import Files
from .progress import Progress
from .volumes import find, holders_by_path, is_read_only, with_volume

if TYPE_CHECKING:
    from .._vmx.paths import DatastorePath
    from .host import Host

# What the name of a copy ends with until it is whole. No other program uses it, and it is the same in every run: what
# bears it was left by one of ours that was killed or lost its host.
UNFINISHED = ".virt-esx-copy"


def bring_about(host: Host, wish: VolumeWish, *, timeout: float, check_mode: bool) -> Change:
    """
    Bring one file to what is wanted of it; with ``check_mode`` only say what that would change.

    Raises:
        PlanError, NotFound: it cannot be; nothing was touched.
        TaskFailed, FaultError, Expired: the host refused a step, or it took longer than ``timeout`` seconds.
    """
    work = _Work(host, wish, timeout)
    seen, source = work.look(wish.path), None if wish.source is None else work.look(wish.source)
    contents = work.contents(wish.path) if wish.state == "absent" and seen and seen["type"] == "folder" else ()
    planned = plan(wish, seen, source, contents)
    work.check(planned)
    if not check_mode:
        work.do(planned, seen if source is None else source)
        if planned.steps:
            seen = work.look(wish.path)
    return Change(
        before=planned.before,
        after=planned.after,
        values={"volume": None if seen is None else with_volume(seen)},
    )


class _Work:
    """What is done on the datastores of one host."""

    def __init__(self, host: Host, wish: VolumeWish, timeout: float) -> None:
        self._session = host.session
        self._wish = wish
        self._timeout = timeout
        _known, self._environment = host.survey()
        for path in filter(None, (wish.path, wish.source)):
            self._environment.datastore(path.datastore)
        self._files = Files.of(host.session, self._environment, timeout=timeout)
        self._disks = Disks(host.session, self._environment, timeout=timeout, now=host.now)
        # What the steps work on.
        self._target = wish.path

    def look(self, path: DatastorePath) -> Fact | None:
        browser = self._environment.datastore(path.datastore).browser
        return find(self._session, browser, path, timeout=self._timeout)

    def contents(self, folder: DatastorePath) -> Sequence[str]:
        return self._files.names(folder)

    def check(self, planned: VolumePlan) -> None:
        """Make sure that it can be written, that there is room, and that nobody uses what must be nobody's."""
        if not planned.steps:
            return
        self._check_writable(planned)
        store = self._environment.datastore(self._wish.path.datastore)
        if planned.bytes_needed > store.free_bytes:
            raise PlanError(
                f"{self._wish.path} needs {planned.bytes_needed} bytes more on {store.name}, and {store.free_bytes} "
                "are free"
            )
        copied = self._wish.source if Step.COPY in planned.steps and self._wish.is_disk else None
        if not planned.alone and copied is None:
            return
        users, writers = holders_by_path(self._session)
        if str(copied) in writers:
            raise PlanError(
                f"{copied} is in use by {listed(writers[str(copied)])}, which runs: power it off to copy it"
            )
        for path in planned.alone:
            self._check_alone(path, users)

    def _check_writable(self, planned: VolumePlan) -> None:
        paths = (self._wish.path, self._wish.source if Step.MOVE in planned.steps else None)
        for name in sorted({path.datastore for path in paths if path is not None}):
            store = self._session.reference("Datastore", self._environment.datastore(name).moid)
            if is_read_only(self._session, store, self._environment.host):
                raise PlanError(f"the datastore '{name}' is mounted read-only")

    def _check_alone(self, path: DatastorePath, users: Mapping[str, Sequence[str]]) -> None:
        names = users_of(path, users)
        if names:
            raise PlanError(
                f"{path} belongs to {listed(names)}: change the disks of a virtual machine with "
                "virt.esx.esx_vm_define, which knows what it may do to them"
            )
        if is_disk(path):
            child = re.compile(re.escape(path.name[: -len(".vmdk")]) + r"-\d{6}\.vmdk")
            children = [name for name in self._files.names(path.parent) if child.fullmatch(name)]
            if children:
                raise PlanError(f"{listed(children)} lies on {path}, as a snapshot does, and would be worth nothing")

    def do(self, planned: VolumePlan, source: Fact | None) -> None:
        """Do what is planned, and take back what was made where a step fails."""
        folders: list[DatastorePath] = []
        made = False
        try:
            for step in planned.steps:
                if step in (Step.MAKE_DISK, Step.COPY, Step.MOVE):
                    folders += self._files.make_folders(self._wish.path.parent) if self._wish.path.directory else []
                if step is Step.MAKE_FOLDER:
                    self._files.make_folders(self._wish.path)
                else:
                    made = made or step in (Step.MAKE_DISK, Step.COPY)
                    self._step(step, source)
            if self._target != self._wish.path:
                self._rename()
        except EsxError as error:
            self._take_back(error, made=made and not self._is_theirs(error), folders=folders)
            raise

    def _is_theirs(self, error: EsxError) -> bool:
        """Tell whether what is at the target came from somebody else, or nothing has come, because of ``error``."""
        is_refused = isinstance(error, FaultError) or error.details.get("fault") == "FileAlreadyExists"
        return is_refused and self._target == self._wish.path

    def _step(self, step: Step, source: Fact | None) -> None:
        wish, path = self._wish, str(self._target)
        of_disk = wish.is_disk if source is None else source["type"] == "disk"
        if step is Step.MAKE_DISK:
            kind = wish.provisioning or Provisioning.THIN
            self._disks.create(path, wish.capacity_kib or 0, kind, ADAPTERS[wish.adapter or "lsilogic"])
        elif step is Step.COPY:
            self._copy(source or {})
        elif step is Step.GROW:
            self._disks.grow(path, wish.capacity_kib or 0)
        elif step is Step.WIPE:
            self._disks.wipe(path)
        elif step is Step.DELETE and of_disk:
            self._delete_disk()
        elif step is Step.DELETE:
            self._files.delete(wish.path)
        elif step is Step.MOVE and of_disk:
            self._disks.move(str(wish.source), path)
        elif step is Step.MOVE and wish.source is not None:
            self._files.move(wish.source, wish.path)

    def _delete_disk(self) -> None:
        try:
            self._disks.delete(str(self._wish.path))
        except TaskFailed as error:
            if error.details.get("fault") != "InvalidDiskFormat":
                raise
            # A descriptor whose data is gone, or a file that is no disk in spite of its name.
            self._files.delete(self._wish.path)

    def _copy(self, source: Fact) -> None:
        """Copy under a name of our own; what a run before this one has left there goes first."""
        path = self._wish.path
        stem, end = (path.name[: -len(".vmdk")], ".vmdk") if self._wish.is_disk else (path.name, "")
        self._target = path.beside(f"{stem}{UNFINISHED}{end}")
        try:
            self._copy_to_target(source)
        except TaskFailed as error:
            if error.details.get("fault") != "FileAlreadyExists":
                raise
            self._delete_target()
            self._copy_to_target(source)

    def _copy_to_target(self, source: Fact) -> None:
        if self._wish.is_disk:
            self._copy_disk(source)
        elif self._wish.source is not None:
            self._files.copy(self._wish.source, self._target)

    def _rename(self) -> None:
        """Give a copy its name, now that it is whole."""
        if self._wish.is_disk:
            self._disks.move(str(self._target), str(self._wish.path))
        else:
            self._files.move(self._target, self._wish.path)

    def _delete_target(self) -> None:
        if self._wish.is_disk:
            self._disks.delete(str(self._target))
        else:
            self._files.delete(self._target)

    def _copy_disk(self, source: Fact) -> None:
        said: Mapping[str, Any] = source.get("disk") or {}
        adapter = self._wish.adapter or said.get("adapter") or "lsilogic"
        provisioning = self._wish.provisioning or Provisioning(said.get("provisioning") or "thin")
        copy = DiskCopy(
            slot="",
            source=str(self._wish.source),
            target=str(self._target),
            provisioning=provisioning,
            adapter=ADAPTERS[adapter],
        )
        self._disks.copy(copy, "the disk", on_progress=self._teller(source))

    def _teller(self, source: Fact) -> Callable[[int], None] | None:
        """Return what tells the listener of a copy; None: nobody listens."""
        progress = Progress.from_environment()
        if not progress.is_heard:
            return None
        return lambda percent: progress.tell(
            str(self._wish.path), percent=percent, total=int(source["allocation_bytes"])
        )

    def _take_back(self, error: EsxError, *, made: bool, folders: Sequence[DatastorePath]) -> None:
        """Take away what this run has made, because of ``error``; what stays, its text says."""
        # A step that took too long and was cancelled has ended.
        if isinstance(error, UNCLEAR) and error.details.get("outcome") != "cancelled":
            error.args = (f"{error}; what became of it is not known, so everything stays: look at it, or run again",)
            return
        try:
            if made:
                self._delete_target()
            for folder in reversed(folders):
                self._files.remove_empty_folder(folder)
        except EsxError as trouble:
            error.args = (f"{error}; what was made could not be taken away ({trouble})",)
