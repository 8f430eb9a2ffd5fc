# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Copies of a virtual machine on a host without vCenter: its disks are copied, its VMX is rewritten, the copy registered.

Laws: everything is checked before anything is touched; which files are the copy's is noted beside them before the first
of them is made, so that a run that failed takes them away, and one that was killed leaves nothing that the next run
would not take away; what is not noted is never deleted.

Source: vim.VirtualDiskManager.CopyVirtualDisk_Task, vim.FileManager, vim.Folder.RegisterVM_Task;
vim.vm.FileLayoutEx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import Ambiguous, EsxError, NotFound, PlanError, TaskFailed
from .._flow.clone import Claim, Clone, plan
from .._flow.outcome import VmResult
from .._flow.select import Selector
from .._flow.state import PowerState, Vm, VmState
from .._vmx.definition import VmDefinition
from .._vmx.diff import compare
from .._vmx.drives import Provisioning
from .._vmx.escapes import escape_datastore_item
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.text import VmxText
from . import sdk
from .config_info import Config, read_config
from .device_spec import child_disk
from .disks import Disks
from .files import Files
from .making import Maker, Placement
from .properties import objects, read
from .tasks import run_task

if TYPE_CHECKING:
    from .environment import Environment
    from .host import FoundVm, Host

VMX_PATH = "config.files.vmPathName"
KIB = 1024
# What a VMX, an NVRAM and a note need beside the disks.
SMALL_FILES_BYTES = 2 * 1024 * KIB


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


class Cloner:
    """Makes copies of one machine, one after the other; with ``check_mode`` it only makes the checks."""

    def __init__(
        self,
        host: Host,
        placement: Placement,
        *,
        provisioning: Provisioning | None,
        linked: bool,
        timeout: float,
        check_mode: bool,
    ) -> None:
        self._host = host
        self._placement = placement
        self._provisioning = provisioning
        self._linked = linked
        self._timeout = timeout
        self._check_mode = check_mode

    def clone(self, selector: Selector, names: Sequence[str]) -> list[VmResult]:
        """
        Make a copy of each name; one result each. A machine that has such a name already is left as it is.

        Raises:
            NotFound, Ambiguous: it is not clear which machine is meant.
            PlanError: the source cannot be copied as it is now.
        """
        known, environment = self._host.survey()
        there = {name: [one for one in known if one.vm.name == name] for name in names}
        files = Files.of(self._host.session, environment, timeout=self._timeout)
        source: Source | None = None
        if not all(there.values()):
            source = self._source(selector, known)
        work = _Work(self._host, environment, files, self._placement, self._provisioning, self._timeout)
        work.registered = {str(one.values.get(VMX_PATH)): one.vm for one in known}
        results = []
        for name in names:
            if there[name]:
                results.append(self._as_it_is(there[name], work))
            elif source is not None:
                results.append(self._made(name, source, work))
        return results

    def _source(self, selector: Selector, known: Sequence[FoundVm]) -> Source:
        picked = selector.pick([one.vm for one in known], lambda hits: {vm.moid: vm.name for vm in hits})
        found = next(one for one in known if one.vm.moid == picked[0].moid)
        _check_idle(found, linked=self._linked)
        reference = self._host.session.reference("VirtualMachine", found.vm.moid)
        paths = {"VirtualMachine": ("config", "layoutEx")}
        rows = read(self._host.session, objects([reference]), paths)
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
            frozen=_frozen(config) if self._linked else None,
        )

    def _as_it_is(self, found: Sequence[FoundVm], work: _Work) -> VmResult:
        if len(found) > 1:
            raise Ambiguous(
                f"several virtual machines are called '{found[0].vm.name}' already",
                candidates=[{"moid": one.vm.moid, "path": str(one.values.get(VMX_PATH))} for one in found],
            )
        (one,) = found
        if not self._check_mode:
            work.forget_claim(DatastorePath.parse(one.values[VMX_PATH]))
        return VmResult(vm=one.vm, before=one.state, after=one.state)

    def _made(self, name: str, source: Source, work: _Work) -> VmResult:
        vm = Vm(name=name, moid="", uuid=None)
        nothing, off = VmState(power_state=None), VmState(power_state=PowerState.OFF)
        try:
            clone, left = work.check(name, source)
            moid = "" if self._check_mode else work.make(clone, left)
        except EsxError as error:
            return VmResult(vm=vm, before=nothing, after=nothing, error=error)
        if moid:
            vm = self._host.lookup_with_config(moid)[0].vm
        return VmResult(
            vm=vm,
            before=nothing,
            after=off,
            acted=True,
            changed_before={"registered": False},
            changed_after={
                "registered": True,
                "source": source.found.vm.name,
                "copied": [str(disk) for disk in clone.disks],
                "definition": compare(VmDefinition(), clone.definition).after(),
            },
        )


class _Work:
    """What is done on the datastores for one copy at a time."""

    def __init__(
        self,
        host: Host,
        environment: Environment,
        files: Files,
        placement: Placement,
        provisioning: Provisioning | None,
        timeout: float,
    ) -> None:
        self._session = host.session
        self._environment = environment
        self._files = files
        self._placement = placement
        self._provisioning = provisioning
        self._timeout = timeout
        self._disks = Disks(host.session, environment, timeout=timeout, now=host.now)
        self._maker = Maker(host.session, environment, placement, timeout=timeout, now=host.now, check_mode=False)
        self._text: VmxText | None = None
        self._taken: dict[str, int] = {}
        # Machines by the paths of their VMX, as they were before.
        self.registered: Mapping[str, Vm] = {}

    def check(self, name: str, source: Source) -> tuple[Clone, Claim | None]:
        """
        Plan a copy, and make sure that it can be made; return the plan, and what a run that was killed has left.

        Raises:
            PlanError, NotFound, OptionError: it cannot be made; nothing was touched.
        """
        if self._text is None:
            self._text = VmxText.from_bytes(self._files.get(source.vmx_path))
        mounts = {store.name: store.mount_path for store in self._environment.datastores.values()}
        clone = plan(
            self._text,
            FileNames(datastore=source.vmx_path.datastore, directory=source.vmx_path.directory, mounts=mounts),
            name=name,
            home=self._home(name, source),
            provisioning=source.provisioning,
            wanted=self._provisioning,
            frozen=source.frozen,
        )
        self._maker.check_places()
        left = self._claim(clone.claim_path)
        if left is None and self._files.exists(clone.vmx_path):
            raise PlanError(
                f"{clone.vmx_path} is there already, and nothing that is there is overwritten: register it with "
                "virt.esx.esx_vm_define and 'vmx_path', or choose another 'directory'"
            )
        self._check_space(clone, source)
        return clone, left

    def make(self, clone: Clone, left: Claim | None) -> str:
        """
        Make a copy; return the new machine's id. What was made is taken away again where a later step fails.

        Raises:
            TaskFailed, Expired, FaultError: a step failed.
        """
        owns_home = self._files.make_folder(clone.home)
        if left is not None:
            unfinished = self.registered.get(str(clone.vmx_path))
            if unfinished is not None:
                self._unregister(unfinished.moid)
            self._take_away(left)
            owns_home = owns_home or left.owns_home
        claim = clone.claim(owns_home=owns_home)
        moid = None
        try:
            self._files.put(clone.claim_path, claim.to_bytes())
            for number, disk in enumerate(() if clone.is_linked else clone.disks, 1):
                self._disks.copy(disk, f"disk {number} of {len(clone.disks)}")
            if clone.nvram is not None:
                self._copy_nvram(*map(DatastorePath.parse, clone.nvram))
            self._files.put_new(clone.vmx_path, clone.text.to_bytes())
            moid = self._maker.register_path(clone.vmx_path, None)
            if clone.is_linked and moid is not None:
                self._link(moid, clone)
        except EsxError:
            if moid is not None:
                self._unregister(moid)
            self._take_away(claim)
            self._files.delete(clone.claim_path)
            if claim.owns_home:
                self._files.remove_empty_folder(clone.home)
            raise
        self._files.delete(clone.claim_path)
        return moid or ""

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

    def _unregister(self, moid: str) -> None:
        self._session.call(self._session.reference("VirtualMachine", moid), "UnregisterVM")

    def _copy_nvram(self, source: DatastorePath, target: DatastorePath) -> None:
        """Copy what the firmware remembers; a machine that never ran has nothing to remember."""
        try:
            self._files.copy(source, target)
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise

    def forget_claim(self, vmx_path: DatastorePath) -> None:
        """Delete the note of a copy that was registered by a run that was killed right after."""
        path = vmx_path.beside(f"{vmx_path.name}.clone")
        if self._claim(path) is not None:
            self._files.delete(path)

    def _claim(self, path: DatastorePath) -> Claim | None:
        try:
            return Claim.from_bytes(self._files.get(path), path.parent)
        except NotFound:
            return None

    def _take_away(self, claim: Claim) -> None:
        for disk in claim.disks:
            self._disks.delete(disk)
        for file in claim.files:
            self._files.delete(DatastorePath.parse(file))

    def _home(self, name: str, source: Source) -> DatastorePath:
        placement = self._placement
        store = self._environment.datastore(placement.datastore or source.vmx_path.datastore)
        return DatastorePath(store.name).join(placement.directory or escape_datastore_item(name))

    def _check_space(self, clone: Clone, source: Source) -> None:
        """Count what all copies of this run need, for the host counts nothing until blocks are written."""
        need = SMALL_FILES_BYTES + sum(source.bytes_of(disk.slot, disk.provisioning) for disk in clone.disks)
        store = self._environment.datastore(clone.home.datastore)
        taken = self._taken.get(store.name, 0)
        if need > store.free_bytes - taken:
            raise PlanError(
                f"the copy needs {_gib(need)} on {store.name}, and {_gib(max(0, store.free_bytes - taken))} are free"
                + (f" beside the copies that come before it ({_gib(taken)})" if taken else "")
            )
        self._taken[store.name] = taken + need


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
            f"{found.vm} is {power}, and its disks can be copied while it is powered-off only: power it off first"
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


def _gib(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"
