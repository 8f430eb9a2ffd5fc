# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Making a virtual machine: from a definition, from the text of a VMX, or from a VMX that is on a datastore.

Laws: everything is checked before anything is touched; what was brought is taken away again where a later step fails,
and what a run left that was killed is used by the next one; check mode makes the same checks.

Source: vim.Folder.CreateVM_Task, RegisterVM_Task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, NotFound, OptionError, PlanError, TaskFailed
from .._flow.wanted import located, with_controllers
from .._vmx.definition import VmDefinition
from .._vmx.diff import Diff, compare
from .._vmx.escapes import escape_datastore_item
from .._vmx.paths import DatastorePath, FileNames
from . import sdk
from .brought import Brought
from .checks import Checks, attached, datastore_path
from .config_info import Config
from .config_spec import build
from .environment import Environment
from .files import Files
from .tasks import run_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._vmx.text import VmxText
    from .connection import Session

EMPTY = Config(VmDefinition(), {})


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

    def home(self, store: str, usual: str) -> DatastorePath:
        """
        Return the directory on a datastore; ``usual`` where none was asked for.

        Raises:
            OptionError: what was asked for is no directory on a datastore.
        """
        names = (usual if self.directory is None else self.directory).rstrip("/").split("/")
        try:
            if any(name.strip() in ("", ".") for name in names):
                raise ValueError("every part of it needs a name")
            return DatastorePath(store).join("/".join(names))
        except ValueError as error:
            raise OptionError(
                f"'directory' is no place on the datastore '{store}': {error}", option="directory"
            ) from error


class Maker:
    """
    Makes machines in one environment; with ``check_mode`` it only makes the checks.

    ``taken`` are the paths of the VMX files of machines that are there, and what these machines are called.
    """

    def __init__(
        self,
        session: Session,
        environment: Environment,
        placement: Placement,
        *,
        timeout: float,
        now: Callable[[], float],
        check_mode: bool,
        taken: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._session = session
        self._environment = environment
        self._placement = placement
        self._timeout = timeout
        self._now = now
        self._check_mode = check_mode
        self._taken = taken
        self._files = Files.of(session, environment, timeout=timeout)
        self._checks = Checks(session, environment, self._files)
        self._brought = Brought(session, self._files, self._run)

    def create(self, want: VmDefinition) -> tuple[Diff, str | None]:
        """
        Make a machine from a definition; return the diff against nothing, and the machine's id (None in check mode).

        Raises:
            PlanError, NotFound, OptionError: it cannot be made here; nothing was touched.
            TaskFailed: the host refused it.
        """
        home = self._home(want)
        want = with_controllers(located(want, str(home)), VmDefinition())
        self._checks.machine(want)
        self._checks.complete(want)
        lent = [str(disk.slot) for disk in want.disks if disk.capacity_kib is None or self._checks.is_attached(disk)]
        want = attached(want, lent)
        self._checks.disks(want, home)
        diff = compare(VmDefinition(), want)
        folder, pool = self._folder(), self._pool()
        path = self._vmx_path(home, want)
        if self._check_mode:
            if self._files.exists(path):
                raise _is_there(path)
            return diff, None
        spec = build(EMPTY, diff)
        spec.files = sdk.vim.vm.FileInfo(vmPathName=str(path))
        host = self._environment.host if self._session.is_vcenter else None
        try:
            made = self._run(folder, "CreateVM_Task", config=spec, pool=pool, host=host)
        except TaskFailed as error:
            # The file may be that of a disk as well.
            if error.details.get("fault") == "FileAlreadyExists" and self._files.exists(path):
                raise _is_there(path) from error
            raise
        self._brought.created(str(made._moId), lent=lent)
        return diff, str(made._moId)

    def register(self, want: VmDefinition, text: VmxText) -> tuple[Diff, str | None]:
        """
        Bring a VMX to its directory and register it; return as :meth:`create`.

        ``want`` is what the text says. The VMX is taken away again where the host refuses to register it. Where the
        very same VMX is there already, a run that was killed has left it, or somebody who wanted the same.

        Raises:
            PlanError, NotFound, OptionError: it cannot be registered here; nothing was touched.
            TaskFailed: a VMX of that name is there already, or the host refused this one.
        """
        home = self._home(want)
        want = located(want, str(home))
        self._checks.machine(want)
        disks = [disk.file for disk in want.disks if disk.file and disk.file.startswith("[")]
        self._checks.there(disks)
        path, content = self._vmx_path(home, want), text.to_bytes()
        # The run itself moves the VMX to its name, and the host refuses that where the name is taken.
        if self._check_mode and self._files.content(path) not in (None, content):
            raise _is_there(path)
        diff = compare(VmDefinition(), want)
        folder, pool = self._folder(), self._pool()
        if self._check_mode:
            return diff, None
        with self._or_take_away():
            if home not in [datastore_path(file, "disk").parent for file in disks]:
                self._make_home(home)
            if self._bring(path, content):
                self._brought.vmx(path)
            return diff, self._register(path, None, folder, pool)

    def hardware_version(self, want: VmDefinition) -> int | None:
        """
        Return the virtual hardware that the host gives a machine that says none; None: it does not tell.

        Raises:
            PlanError: it does not know such a guest.
        """
        return self._checks.hardware(want).hardware_version

    def read(self, path: DatastorePath) -> VmDefinition:
        """
        Return what a VMX on a datastore says.

        Raises:
            NotFound: it is not there.
            VmxError: it is none.
        """
        # Most machines are not made from a text.
        from .._vmx import vmx
        from .._vmx.text import VmxText

        self._environment.datastore(path.datastore)
        names = FileNames(datastore=path.datastore, directory=path.directory)
        return vmx.parse(VmxText.from_bytes(self._files.get(path)), names)

    def check_places(self) -> None:
        """
        Look for the folder and the pool.

        Raises:
            NotFound: one of them is not there.
        """
        self._folder()
        self._pool()

    def register_path(self, path: DatastorePath, name: str | None) -> str | None:
        """
        Register a VMX that is on a datastore; return the machine's id, None in check mode.

        Raises:
            TaskFailed: the host refused it.
        """
        folder, pool = self._folder(), self._pool()
        if self._check_mode:
            return None
        return self._register(path, name, folder, pool)

    def take_away(self, error: EsxError) -> bool:
        """
        Take away the machine that was made, and all that came with it, because ``error`` kept it from being finished.

        Returns whether it has gone. Where it is not clear what the host is doing it stays, and so it does where the
        host does not let it go: the next run finishes it.
        """
        return self._brought.take_away(error)

    @contextmanager
    def _or_take_away(self) -> Iterator[None]:
        try:
            yield
        except EsxError as error:
            self._brought.take_away(error)
            raise

    def _register(self, path: DatastorePath, name: str | None, folder: Any, pool: Any) -> str:
        made = self._run(
            folder,
            "RegisterVM_Task",
            path=str(path),
            name=name,
            asTemplate=False,
            pool=pool,
            host=self._environment.host,
        )
        self._brought.registered(str(made._moId))
        return str(made._moId)

    def _make_home(self, home: DatastorePath) -> None:
        if home.path:
            self._brought.folders(self._files.make_folders(home))

    def _bring(self, path: DatastorePath, content: bytes) -> bool:
        """Bring a VMX; return whether it was not there."""
        try:
            return self._files.put_new(path, content)
        except TaskFailed as error:
            if error.details.get("fault") == "FileAlreadyExists":
                raise _is_there(path) from error
            raise

    def _home(self, want: VmDefinition) -> DatastorePath:
        """Choose the directory: the options', that of the first disk, or one of the machine's name."""
        first = next((disk.file for disk in want.disks if disk.file and disk.file.startswith("[")), None)
        near = datastore_path(first, "disk").parent if first is not None else None
        placement = self._placement
        if placement.datastore is not None:
            store = self._environment.datastore(placement.datastore).name
        elif near is not None:
            store = self._environment.datastore(near.datastore).name
        else:
            store = self._environment.only_datastore().name
        is_near = near is not None and near.datastore == store and near.path
        usual = near.path if near is not None and is_near else escape_datastore_item(want.name or "")
        return placement.home(store, usual)

    def _vmx_path(self, home: DatastorePath, want: VmDefinition) -> DatastorePath:
        path = home.join(f"{escape_datastore_item(want.name or '')}.vmx")
        if str(path) in self._taken:
            raise PlanError(
                f"{path} is the VMX of {self._taken[str(path)]}, which is there: choose another 'directory'"
            )
        return path

    def _folder(self) -> Any:
        name = self._placement.folder
        if not name:
            return self._environment.vm_folder
        inner = name.strip("/")
        path = f"/{inner}" if name.startswith("/") else f"{self._environment.vm_folder_path}/{inner}"
        found = self._environment.folders.get(path)
        if found is None:
            raise NotFound(f"there is no folder '{name}' (looked for {path[1:]})", missing=[name])
        return found

    def _pool(self) -> Any:
        name = self._placement.resource_pool
        if not name:
            return self._environment.pool
        path = f"{self._environment.compute}/Resources/{name}"
        found = self._session.call(self._session.content.searchIndex, "FindByInventoryPath", inventoryPath=path)
        if found is None:
            raise NotFound(f"there is no resource pool '{name}' (looked for {path})", missing=[name])
        return found

    def _run(self, target: Any, method: str, **arguments: Any) -> Any:
        return run_task(self._session, target, method, timeout=self._timeout, now=self._now, **arguments)


def _is_there(path: DatastorePath) -> PlanError:
    return PlanError(
        f"{path} is there already, and a VMX that is there is never overwritten: register it with 'vmx_path', "
        "or choose another 'directory'"
    )
