# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The making of one copy of a virtual machine, on the datastores and with the host.

Laws: everything is checked before anything is touched, and nothing that is there is overwritten; which files are to be
the copy's is noted beside them before the first of them is made. A run that fails takes away what it has made itself.
Where it is not known what the host does, or where another run has taken over, everything stays. What a killed run has
left goes when the next one begins, unless a machine was made of it.

Source: vim.VirtualDiskManager.CopyVirtualDisk_Task, vim.FileManager, vim.Folder.RegisterVM_Task.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from .._errors import ConnectionLost, EsxError, Expired, PlanError, TaskFailed
from .._flow.clone import UNFINISHED, Claim, Clone, digest, in_the_way, plan
from .._vmx.escapes import escape_datastore_item
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.text import VmxText
from . import sdk
from .brought import UNCLEAR
from .config_info import read_config
from .device_spec import child_disk
from .disks import Disks
from .files import Files
from .making import Maker, Placement
from .progress import Progress
from .properties import objects, read
from .tasks import run_task

if TYPE_CHECKING:
    from .._flow.state import Vm
    from .._vmx.drives import Provisioning
    from .clone_source import Source
    from .environment import Environment
    from .host import Host

# What a VMX, an NVRAM and a note need beside the disks.
SMALL_FILES_BYTES = 2 * 1024**2

_T = TypeVar("_T")


@dataclass
class _Begun:
    """What this run has begun to make, each thing noted before the host is asked for it."""

    has_claim: bool = False
    disks: list[str] = field(default_factory=list)
    files: list[DatastorePath] = field(default_factory=list)
    moid: str | None = None
    is_copying: bool = False


class Copier:
    """
    Makes one copy at a time; a step may take ``timeout`` seconds.

    ``registered`` are the machines that the host has, by the paths of their VMX; ``progress`` is told of the disks.
    """

    def __init__(
        self,
        host: Host,
        environment: Environment,
        placement: Placement,
        *,
        provisioning: Provisioning | None,
        timeout: float,
        registered: Mapping[str, Vm],
        progress: Progress,
    ) -> None:
        self._session = host.session
        self._environment = environment
        self._placement = placement
        self._provisioning = provisioning
        self._timeout = timeout
        self._registered = registered
        self._progress = progress
        self._files = Files.of(host.session, environment, timeout=timeout)
        self._disks = Disks(host.session, environment, timeout=timeout, now=host.now)
        self._maker = Maker(host.session, environment, placement, timeout=timeout, now=host.now, check_mode=False)
        # No other run has it, neither on this machine nor on another.
        self._run = f"{socket.gethostname()} {os.getpid()} {time.time_ns()}"
        self._text: VmxText | None = None
        self._taken: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def check(self, name: str, source: Source) -> tuple[Clone, Claim | None]:
        """
        Plan a copy, and make sure that it can be made; return the plan, and what a run that was killed has left.

        Raises:
            PlanError, NotFound, OptionError: it cannot be made; nothing was touched.
        """
        if self._text is None:
            self._text = VmxText.from_bytes(self._files.get(source.vmx_path))
        mounts = {store.name: store.mount_path for store in self._environment.datastores.values()}
        store = self._environment.datastore(self._placement.datastore or source.vmx_path.datastore)
        clone = plan(
            self._text,
            FileNames(datastore=source.vmx_path.datastore, directory=source.vmx_path.directory, mounts=mounts),
            name=name,
            home=self._placement.home(store.name, escape_datastore_item(name)),
            provisioning=source.provisioning,
            wanted=self._provisioning,
            frozen=source.frozen,
        )
        self._maker.check_places()
        names = self._files.names(clone.home)
        left = self._leftover(clone, names)
        taken = in_the_way(clone, names, left)
        if taken:
            raise _is_there(clone.home.join(taken[0]), clone)
        self._check_space(clone, source, left)
        return clone, left

    def make(self, clone: Clone, left: Claim | None) -> str:
        """
        Make a copy; return the new machine's id. What was made is taken away again where a later step fails.

        Raises:
            TaskFailed, Expired, FaultError: a step failed.
        """
        owns_home = self._files.make_folder(clone.home)
        if left is not None:
            self._take_leftover_away(clone, left)
            owns_home = owns_home or left.owns_home
        begun = _Begun()
        try:
            self._claim(clone, begun, owns_home=owns_home)
            moid = self._make(clone, begun)
        except EsxError as error:
            self._take_away(clone, begun, error, owns_home=owns_home)
            raise
        # The machine is there; the next run for this name would take the note away.
        with suppress(EsxError):
            self._forget(clone.claim_path)
        return moid

    def _forget(self, path: DatastorePath) -> None:
        try:
            self._files.delete(path)
        except ConnectionLost:
            # Deleting twice does no harm.
            self._files.delete(path)

    def forget_claim(self, vmx_path: DatastorePath) -> None:
        """Delete the note of a copy that was registered by a run that was killed right after."""
        path = vmx_path.beside(f"{vmx_path.name}.clone")
        content = self._files.content(path)
        if content is None:
            return
        # Another file of that name is not ours.
        with suppress(PlanError):
            Claim.from_bytes(content, path.parent)
            self._files.delete(path)

    # What is there before.

    def _leftover(self, clone: Clone, names: list[str]) -> Claim | None:
        """Return what a killed run has left; None: nothing that could be taken away."""
        owner = self._registered.get(str(clone.vmx_path))
        content = self._files.content(clone.claim_path) if clone.claim_path.name in names else None
        if owner is not None and (content is None or owner.name != f"{clone.name}{UNFINISHED}"):
            raise PlanError(f"{clone.vmx_path} is the VMX of {owner.name}: choose another 'directory'")
        if content is None:
            return None
        left = Claim.from_bytes(content, clone.home)
        if owner is None and clone.vmx_path.name in names:
            there = self._files.content(clone.vmx_path)
            if there is not None and digest(there) != left.vmx_digest:
                raise _is_there(clone.vmx_path, clone)
        return left

    def _check_space(self, clone: Clone, source: Source, left: Claim | None) -> None:
        """Count what all copies of this run need, for the host counts nothing until blocks are written."""
        sizes = {disk.target: source.bytes_of(disk.slot, disk.provisioning) for disk in clone.disks}
        self._sizes.update(sizes)
        need = SMALL_FILES_BYTES + sum(sizes.values())
        store = self._environment.datastore(clone.home.datastore)
        taken = self._taken.get(store.name, 0)
        if need > store.free_bytes - taken:
            raise PlanError(
                f"the copy needs {_gib(need)} on {store.name}, and {_gib(max(0, store.free_bytes - taken))} are free"
                + (f" beside the copies that come before it ({_gib(taken)})" if taken else "")
                + ("" if left is None else f"; what a killed run has left in {clone.home} takes some of it")
            )
        self._taken[store.name] = taken + need

    def _take_leftover_away(self, clone: Clone, left: Claim) -> None:
        unfinished = self._registered.get(str(clone.vmx_path))
        if unfinished is not None:
            self._unregister(unfinished.moid)
        for disk in left.disks:
            self._disks.delete(disk)
        for file in left.files:
            self._files.delete(DatastorePath.parse(file))
        self._files.delete(clone.claim_path)

    # What is made.

    def _claim(self, clone: Clone, begun: _Begun, *, owns_home: bool) -> None:
        try:
            self._files.put_new(clone.claim_path, clone.claim(self._run, owns_home=owns_home).to_bytes())
        except TaskFailed as error:
            if error.details.get("fault") == "FileAlreadyExists":
                raise PlanError(f"another run makes a copy called {clone.name} now") from error
            raise
        begun.has_claim = True

    def _make(self, clone: Clone, begun: _Begun) -> str:
        begun.is_copying = True
        for number, disk in enumerate(() if clone.is_linked else clone.disks, 1):
            self._check_claim(clone)
            what = f"disk {number} of {len(clone.disks)}"
            with _unless_it_was_there(begun.disks, disk.target):
                self._disks.copy(disk, what, on_progress=self._teller(f"{clone.name}, {what}", disk.target))
        if clone.nvram is not None:
            source, target = map(DatastorePath.parse, clone.nvram)
            with _unless_it_was_there(begun.files, target):
                self._copy_nvram(source, target)
        self._check_claim(clone)
        begun.is_copying = False
        with _unless_it_was_there(begun.files, clone.vmx_path):
            self._files.put_new(clone.vmx_path, clone.text.to_bytes())
        begun.moid = self._maker.register_path(clone.vmx_path, None) or ""
        if clone.is_linked:
            begun.disks += [disk.target for disk in clone.disks]
            try:
                self._link(begun.moid, clone)
            except TaskFailed as error:
                # Which of them was there before, nobody says.
                if error.details.get("fault") == "FileAlreadyExists":
                    begun.disks.clear()
                raise
        return begun.moid

    def _teller(self, what: str, target: str) -> Callable[[int], None] | None:
        """Return what tells the listener of a step; None: nobody listens."""
        if not self._progress.is_heard:
            return None
        return lambda percent: self._progress.tell(what, percent=percent, total=self._sizes.get(target))

    def _link(self, moid: str, clone: Clone) -> None:
        """Let the host make the disks and give the machine its name, in one step."""
        vm = self._session.reference("VirtualMachine", moid)
        (row,) = read(self._session, objects([vm]), {"VirtualMachine": ["config"]})
        config = read_config(row.values["config"])
        keys = {slot: device.key for slot, device in config.devices.items()}
        disks = {str(disk.slot): disk for disk in clone.definition.disks}
        spec = sdk.vim.vm.ConfigSpec(name=clone.name, changeVersion=config.change_version)
        spec.deviceChange = [
            child_disk(disks[disk.slot], -number, keys, parent=disk.source)
            for number, disk in enumerate(clone.disks, 1)
        ]
        run_task(self._session, vm, "ReconfigVM_Task", timeout=self._timeout, spec=spec)

    def _copy_nvram(self, source: DatastorePath, target: DatastorePath) -> None:
        """Copy what the firmware remembers; a machine that never ran has nothing to remember."""
        try:
            self._files.copy(source, target)
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise

    def _is_claimed(self, clone: Clone) -> bool:
        """Tell whether the note is still this run's."""
        content = self._files.content(clone.claim_path)
        try:
            return content is not None and Claim.from_bytes(content, clone.home).run == self._run
        except PlanError:
            return False

    def _check_claim(self, clone: Clone) -> None:
        if not self._is_claimed(clone):
            raise PlanError(f"another run makes a copy called {clone.name} now")

    # What is taken away.

    def _take_away(self, clone: Clone, begun: _Begun, error: EsxError, *, owns_home: bool) -> None:
        """Take away what has come, because of ``error``; what stays, its text says."""
        if isinstance(error, UNCLEAR) and not (isinstance(error, Expired) and begun.is_copying):
            _add(error, "what became of it is not known, so everything stays, and the next run for this name ends it")
            return
        try:
            if begun.has_claim and not self._is_claimed(clone):
                _add(error, "another run for this name has taken over, so nothing was taken away")
                return
            if begun.moid is not None:
                self._unregister(begun.moid)
            for disk in begun.disks:
                self._disks.delete(disk)
            for file in begun.files:
                self._files.delete(file)
            if begun.has_claim:
                self._files.delete(clone.claim_path)
            if owns_home:
                self._files.remove_empty_folder(clone.home)
        except EsxError as trouble:
            _add(error, f"what was made could not be taken away ({trouble}), the next run for this name does that")

    def _unregister(self, moid: str) -> None:
        self._session.call(self._session.reference("VirtualMachine", moid), "UnregisterVM")


@contextmanager
def _unless_it_was_there(begun: list[_T], made: _T) -> Iterator[None]:
    """Note what is begun, and forget it where the host finds that somebody else has made it meanwhile."""
    begun.append(made)
    try:
        yield
    except TaskFailed as error:
        if error.details.get("fault") == "FileAlreadyExists":
            begun.remove(made)
        raise


def _add(error: EsxError, what: str) -> None:
    error.args = (f"{error}; {what}",)


def _is_there(path: DatastorePath, clone: Clone) -> PlanError:
    what_to_do = "take it away if nobody needs it"
    if path == clone.vmx_path:
        what_to_do = "register it with virt.esx.esx_vm_define and 'vmx_path'"
    return PlanError(
        f"{path} is there already, and nothing that is there is overwritten: {what_to_do}, "
        "or choose another 'directory' or name"
    )


def _gib(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"
