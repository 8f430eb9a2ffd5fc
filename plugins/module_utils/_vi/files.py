# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files on datastores: put, get, look for, move, delete.

Source: the host's ``/folder`` over HTTPS; vim.FileManager. Laws: a file comes under a temporary name and is moved; what
is there already is never overwritten, and nothing is deleted that did not come from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from .._errors import EsxError, FaultError, NotFound, TaskFailed
from .._vmx.paths import DatastorePath
from . import sdk
from .tasks import run_task

if TYPE_CHECKING:
    from .connection import Session
    from .environment import Environment

# The end of a temporary name. No other program uses it, and it is the same in every run: what bears it was left by one
# of ours that was killed, and the next one writes over it.
TEMPORARY = ".virt-esx-upload"
# Faults of MakeDirectory where the folder above is not there, as hosts differ.
NO_PARENT = ("FileNotFound", "CannotCreateFile")


class Files:
    """
    The datastores of one datacenter, through a session.

    ``center`` is the datacenter itself, which everything but ``exists`` and ``get`` needs under a vCenter; ``browsers``
    search the datastores, by their names, which only ``names`` and ``remove_empty_folder`` need.
    """

    def __init__(
        self,
        session: Session,
        datacenter: str,
        center: Any = None,
        browsers: Mapping[str, Any] = MappingProxyType({}),
        *,
        timeout: float = 0,
    ) -> None:
        self._session = session
        self._browsers = browsers
        self._datacenter = datacenter
        # An ESXi host has one datacenter and needs not be told; a vCenter must.
        self._center = center if session.is_vcenter else None
        self._timeout = timeout

    @classmethod
    def of(cls, session: Session, environment: Environment, *, timeout: float) -> Files:
        """Return the datastores of the datacenter in which machines are made."""
        browsers = {name: store.browser for name, store in environment.datastores.items()}
        return cls(session, environment.datacenter, environment.center, browsers, timeout=timeout)

    def exists(self, path: DatastorePath) -> bool:
        """Tell whether a file is there; one request."""
        status, _body = self._transfer("HEAD", path)
        if status not in (200, 404):
            raise self._refused("HEAD", path, status)
        return status == 200

    def get(self, path: DatastorePath) -> bytes:
        """
        Return the content of a file.

        Raises:
            NotFound: it is not there.
        """
        status, body = self._transfer("GET", path)
        if status == 404:
            raise NotFound(f"there is no file {path}", missing=[str(path)])
        if status != 200:
            raise self._refused("GET", path, status)
        return body

    def content(self, path: DatastorePath) -> bytes | None:
        """Return the content of a file; None: it is not there."""
        try:
            return self.get(path)
        except NotFound:
            return None

    def put_new(self, path: DatastorePath, content: bytes) -> bool:
        """
        Write a file that is not there yet: under a temporary name, then moved. The folder must be there.

        Returns False where the very same content is there already, as a run leaves it that was killed later.

        Raises:
            TaskFailed: another file of that name is there (``fault`` is FileAlreadyExists), or something else failed;
                the temporary file is taken away again.
        """
        temporary = path.beside(f"{path.name}{TEMPORARY}")
        try:
            self.put(temporary, content)
            self._run(
                "MoveDatastoreFile_Task",
                ("sourceDatacenter", "destinationDatacenter"),
                sourceName=str(temporary),
                destinationName=str(path),
                force=False,
            )
        except (FaultError, TaskFailed) as error:
            # A host may keep the beginning of a file that did not fit.
            with suppress(EsxError):
                self.delete(temporary)
            if error.details.get("fault") == "FileAlreadyExists" and self.content(path) == content:
                return False
            raise
        return True

    def put(self, path: DatastorePath, content: bytes) -> None:
        """
        Write a small file that is ours, over what we wrote there before.

        Raises:
            FaultError: the host refused it.
        """
        status, _body = self._transfer("PUT", path, content)
        if status not in (200, 201):
            raise self._refused("PUT", path, status)

    def copy(self, source: DatastorePath, target: DatastorePath) -> None:
        """
        Copy a file that is no disk to where none is.

        Raises:
            TaskFailed: there is one already, or something else failed.
        """
        self._run(
            "CopyDatastoreFile_Task",
            ("sourceDatacenter", "destinationDatacenter"),
            sourceName=str(source),
            destinationName=str(target),
            force=False,
        )

    def move(self, source: DatastorePath, target: DatastorePath, *, force: bool = False) -> None:
        """
        Move a file that is no disk, or a folder, to where nothing is, or with ``force`` in the place of a file.

        Raises:
            TaskFailed: something is there already, or something else failed.
        """
        self._run(
            "MoveDatastoreFile_Task",
            ("sourceDatacenter", "destinationDatacenter"),
            sourceName=str(source),
            destinationName=str(target),
            force=force,
        )

    def make_folder(self, path: DatastorePath) -> bool:
        """Make a folder, and those above it; return whether it was not there."""
        return bool(self.make_folders(path))

    def make_folders(self, path: DatastorePath) -> list[DatastorePath]:
        """Make a folder, and those above it that are missing; return those that were made, from above."""
        try:
            self._session.call(
                self._session.content.fileManager,
                "MakeDirectory",
                name=str(path),
                createParentDirectories=False,
                **self._where("datacenter"),
            )
        except FaultError as error:
            fault = error.details.get("fault")
            if fault == "FileAlreadyExists":
                return []
            above = self.make_folders(path.parent) if fault in NO_PARENT and path.directory else []
            if not above:
                raise
            return [*above, *self.make_folders(path)]
        return [path]

    def remove_empty_folder(self, path: DatastorePath) -> None:
        """Delete a folder unless something is in it: whoever deletes a folder deletes what is in it as well."""
        if not self.names(path):
            self.delete(path)

    def names(self, folder: DatastorePath) -> list[str]:
        """Return what the files and folders in a folder are called; none where the folder is not there."""
        # Said in any case: there are servers that find nothing where nothing is said.
        spec = sdk.vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"])
        browser = self._browsers[folder.datastore]
        try:
            found = self._task(browser, "SearchDatastore_Task", datastorePath=str(folder), searchSpec=spec)
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise
            return []
        return [str(file.path) for file in found.file or ()]

    def delete(self, path: DatastorePath) -> None:
        """Delete a file; that it is not there is no error."""
        try:
            self._run("DeleteDatastoreFile_Task", ("datacenter",), name=str(path))
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise

    def _run(self, method: str, places: Sequence[str], **arguments: Any) -> None:
        self._task(self._session.content.fileManager, method, **arguments, **self._where(*places))

    def _task(self, target: Any, method: str, **arguments: Any) -> Any:
        return run_task(self._session, target, method, timeout=self._timeout, is_quick=True, **arguments)

    def _where(self, *places: str) -> dict[str, Any]:
        return {} if self._center is None else dict.fromkeys(places, self._center)

    def _transfer(self, verb: str, path: DatastorePath, content: bytes = b"") -> tuple[int, bytes]:
        query = urlencode({"dcPath": self._datacenter, "dsName": path.datastore}, quote_via=quote)
        target = f"/folder/{quote(path.path)}?{query}"
        status, body = self._session.stub.transfer(verb, target, content)
        if status == 401:
            self._session.renew(self._session.logins)
            status, body = self._session.stub.transfer(verb, target, content)
        return status, body

    def _refused(self, verb: str, path: DatastorePath, status: int) -> FaultError:
        why = {
            401: "the session may not",
            403: "the account may not",
            404: "its folder is not there",
            507: "the datastore is full",
        }.get(status, f"HTTP status {status}")
        return FaultError(f"{verb} of {path} was refused: {why}", method=verb, fault=f"Http{status}")
