# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Making a virtual machine: from a definition, from the text of a VMX, or from a VMX that is on a datastore.

Laws: everything is checked before anything is touched; what was brought is taken away again where a later step fails;
check mode makes the same checks.

Source: vim.Folder.CreateVM_Task, RegisterVM_Task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, FaultError, NotFound, PlanError, TaskFailed
from .._flow.wanted import located, with_controllers
from .._vmx import vmx
from .._vmx.definition import VmDefinition
from .._vmx.diff import Diff, compare
from .._vmx.drives import Disk
from .._vmx.escapes import escape_datastore_item
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.text import VmxText
from . import sdk
from .config_info import Config
from .config_spec import build
from .environment import Environment, check_hardware
from .files import Files
from .tasks import run_task

if TYPE_CHECKING:
    from .connection import Session

EMPTY = Config(VmDefinition(), {})
KIB = 1024


@dataclass(frozen=True, kw_only=True)
class Placement:
    """
    Where a machine is to be: a datastore and a directory on it, None where the description decides; a folder below the
    datacenter's ``vm`` folder; a resource pool by name, None for the host's own.
    """

    datastore: str | None = None
    directory: str | None = None
    folder: str | None = None
    resource_pool: str | None = None


class Maker:
    """Makes machines in one environment; with ``check_mode`` it only makes the checks."""

    def __init__(
        self,
        session: Session,
        environment: Environment,
        placement: Placement,
        *,
        timeout: float,
        now: Callable[[], float],
        check_mode: bool,
    ) -> None:
        self._session = session
        self._environment = environment
        self._placement = placement
        self._timeout = timeout
        self._now = now
        self._check_mode = check_mode
        self._files = Files(session, environment, timeout=timeout)

    def create(self, want: VmDefinition) -> tuple[Diff, str | None]:
        """
        Make a machine from a definition; return the diff against nothing, and the machine's id (None in check mode).

        Raises:
            PlanError, NotFound, OptionError: it cannot be made here; nothing was touched.
            TaskFailed: the host refused it.
        """
        home = self._home(want)
        want = with_controllers(located(want, str(home)), VmDefinition())
        self._check(want)
        want = replace(want, disks=tuple(self._as_it_is(disk) for disk in want.disks))
        self._check_disks(want, home)
        diff = compare(VmDefinition(), want)
        folder, pool = self._folder(), self._pool()
        if self._check_mode:
            return diff, None
        spec = build(EMPTY, diff)
        spec.files = sdk.vim.vm.FileInfo(vmPathName=str(self._vmx_path(home, want)))
        made = self._run(
            folder,
            "CreateVM_Task",
            config=spec,
            pool=pool,
            host=self._environment.host if self._session.is_vcenter else None,
        )
        return diff, str(made._moId)

    def register(self, want: VmDefinition, text: VmxText) -> tuple[Diff, str | None]:
        """
        Bring a VMX to its directory and register it; return as :meth:`create`.

        ``want`` is what the text says. The VMX is taken away again where the host refuses to register it.

        Raises:
            PlanError, NotFound, OptionError: it cannot be registered here; nothing was touched.
            TaskFailed: a VMX of that name is there already, or the host refused this one.
        """
        home = self._home(want)
        want = located(want, str(home))
        self._check(want)
        self._check_there(disk.file for disk in want.disks)
        path = self._vmx_path(home, want)
        # The run itself moves the VMX to its name, and the host refuses that where the name is taken.
        if self._check_mode and self._files.exists(path):
            raise _is_there(path)
        diff = compare(VmDefinition(), want)
        folder, pool = self._folder(), self._pool()
        if self._check_mode:
            return diff, None
        self._bring(path, text.to_bytes())
        try:
            made = self._register(path, None, folder, pool)
        except EsxError:
            self._files.delete(path)
            raise
        return diff, str(made._moId)

    def read(self, path: DatastorePath) -> VmDefinition:
        """
        Return what a VMX on a datastore says.

        Raises:
            NotFound: it is not there.
            VmxError: it is none.
        """
        self._environment.datastore(path.datastore)
        names = FileNames(datastore=path.datastore, directory=path.directory)
        return vmx.parse(VmxText.from_bytes(self._files.get(path)), names)

    def register_path(self, path: DatastorePath, name: str | None) -> str | None:
        """
        Register a VMX that is on a datastore; return the machine's id, None in check mode.

        Raises:
            TaskFailed: the host refused it.
        """
        folder, pool = self._folder(), self._pool()
        if self._check_mode:
            return None
        return str(self._register(path, name, folder, pool)._moId)

    def _register(self, path: DatastorePath, name: str | None, folder: Any, pool: Any) -> Any:
        return self._run(
            folder,
            "RegisterVM_Task",
            path=str(path),
            name=name,
            asTemplate=False,
            pool=pool,
            host=self._environment.host,
        )

    def _bring(self, path: DatastorePath, content: bytes) -> None:
        try:
            self._files.put_new(path, content)
        except FaultError as error:
            if error.details.get("fault") not in ("Http404", "Http500"):
                raise
            self._files.make_folder(path.parent)
            self._files.put_new(path, content)
        except TaskFailed as error:
            if error.details.get("fault") == "FileAlreadyExists":
                raise _is_there(path) from error
            raise

    def _home(self, want: VmDefinition) -> DatastorePath:
        """Choose the directory: the options', that of the first disk, or one of the machine's name."""
        first = next((disk.file for disk in want.disks if disk.file and disk.file.startswith("[")), None)
        near = DatastorePath.parse(first).parent if first is not None else None
        placement = self._placement
        if placement.datastore is not None:
            store = self._environment.datastore(placement.datastore).name
        elif near is not None:
            store = self._environment.datastore(near.datastore).name
        else:
            store = self._environment.only_datastore().name
        directory = placement.directory
        if directory is None and near is not None and near.datastore == store and near.path:
            directory = near.path
        try:
            return DatastorePath(store).join(directory or escape_datastore_item(want.name or ""))
        except ValueError as error:
            raise PlanError(f"'directory' is no place on the datastore '{store}': {error}") from error

    def _vmx_path(self, home: DatastorePath, want: VmDefinition) -> DatastorePath:
        return home.join(f"{escape_datastore_item(want.name or '')}.vmx")

    def _check(self, want: VmDefinition) -> None:
        if not want.name:
            raise PlanError("a new virtual machine needs a name")
        self._environment.check_networks(nic.network for nic in want.nics if nic.network is not None)
        ports = [str(nic.slot) for nic in want.nics if nic.distributed_port is not None]
        if ports and not self._session.is_vcenter:
            raise PlanError(
                f"{', '.join(ports)} is on a distributed switch, and a host without vCenter has none: give 'network'"
            )
        drives: tuple[Any, ...] = (*want.disks, *want.cdroms, *want.floppies)
        for drive in drives:
            if drive.file and drive.file.startswith("["):
                self._environment.datastore(_path_of(drive.file, str(drive.slot)).datastore)
        self._check_there(cdrom.file for cdrom in want.cdroms)
        check_hardware(self._session, self._environment, want.hardware_version, want.guest_id)

    def _check_there(self, files: Iterable[str | None]) -> None:
        on_datastores = [file for file in files if file and file.startswith("[")]
        missing = [file for file in on_datastores if not self._files.exists(_path_of(file, "file"))]
        if missing:
            raise NotFound(f"there is no file {', '.join(missing)}", missing=missing)

    def _as_it_is(self, disk: Disk) -> Disk:
        """A disk whose file is there is attached, and made as large as wanted later; no file is made anew."""
        if not disk.file or disk.capacity_kib is None or not self._files.exists(_path_of(disk.file, str(disk.slot))):
            return disk
        return replace(disk, capacity_kib=None, provisioning=None)

    def _check_disks(self, want: VmDefinition, home: DatastorePath) -> None:
        new = [disk for disk in want.disks if disk.capacity_kib is not None]
        for disk in want.disks:
            if disk.capacity_kib is None and not disk.file:
                raise PlanError(
                    f"disk {disk.slot} says neither 'file', to attach a disk that is there, nor 'capacity_kib', "
                    "to make a new one"
                )
        self._check_there(disk.file for disk in want.disks if disk.capacity_kib is None)
        self._check_space(new, home)

    def _check_space(self, disks: Iterable[Disk], home: DatastorePath) -> None:
        needed: dict[str, int] = {}
        for disk in disks:
            if disk.provisioning is None or disk.provisioning.value != "thin":
                store = _path_of(disk.file, str(disk.slot)).datastore if disk.file else home.datastore
                needed[store] = needed.get(store, 0) + (disk.capacity_kib or 0) * KIB
        for name, wanted in needed.items():
            free = self._environment.datastore(name).free_bytes
            if wanted > free:
                raise PlanError(
                    f"the disks need {wanted // KIB**2} MiB on the datastore '{name}', "
                    f"and it has {free // KIB**2} MiB free"
                )

    def _folder(self) -> Any:
        name = self._placement.folder
        if not name:
            return self._environment.vm_folder
        path = name.strip("/") if name.startswith("/") else f"{self._environment.datacenter}/vm/{name}"
        return self._at(path, "folder", name)

    def _pool(self) -> Any:
        name = self._placement.resource_pool
        if not name:
            return self._environment.pool
        environment = self._environment
        path = f"{environment.datacenter}/host/{environment.compute}/Resources/{name}"
        return self._at(path, "resource pool", name)

    def _at(self, path: str, what: str, name: str) -> Any:
        found = self._session.call(self._session.content.searchIndex, "FindByInventoryPath", inventoryPath=path)
        if found is None:
            raise NotFound(f"there is no {what} '{name}' (looked for {path})", missing=[name])
        return found

    def _run(self, target: Any, method: str, **arguments: Any) -> Any:
        return run_task(self._session, target, method, timeout=self._timeout, now=self._now, **arguments)


def _is_there(path: DatastorePath) -> PlanError:
    return PlanError(
        f"{path} is there already, and a VMX that is there is never overwritten: register it with 'vmx_path', "
        "or choose another 'directory'"
    )


def _path_of(file: str, what: str) -> DatastorePath:
    try:
        return DatastorePath.parse(file)
    except ValueError as error:
        raise PlanError(f"{what}: {error}") from error
