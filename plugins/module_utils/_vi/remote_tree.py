# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files and folders on a datastore as they lie there: extents and descriptors of disks are files like any other.

Source: vim.host.DatastoreBrowser.SearchDatastore_Task and SearchDatastoreSubFolders_Task.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._errors import OptionError, PlanError, TaskFailed
from .._flow.transfer import Item
from .._flow.volumes import patterns_for
from .._vmx.paths import DatastorePath
from . import sdk
from .tasks import run_task

if TYPE_CHECKING:
    from .connection import Session


def path_of(text: str, option: str) -> DatastorePath:
    """
    Read an option that is a file or a folder on a datastore, perhaps its top.

    Raises:
        OptionError: it is none.
    """
    try:
        path = DatastorePath.parse(text.rstrip("/"))
        # One file has one name, or what belongs to a machine could not be told from it.
        if path.path and any(part in ("", ".") for part in path.path.split("/")):
            raise ValueError(f"{text!r} has a part that is empty or '.'")
    except ValueError as error:
        raise OptionError(f"'{option}' is no place on a datastore: {error}", option=option) from error
    return path


class RemoteTrees:
    """Looks at what is on a datastore; ``browser`` is the datastore's, and a search may take ``timeout`` seconds."""

    def __init__(self, session: Session, browser: Any, *, timeout: float) -> None:
        self._session = session
        self._browser = browser
        self._timeout = timeout

    def look(self, path: DatastorePath) -> Item | None:
        """Return what is at a place, None for nothing; what a host says of the length of a disk is not that."""
        if not path.path:
            return Item(is_folder=True)
        found = self._search("SearchDatastore_Task", path.parent, patterns_for(path.name) or ("*",))
        for result in found:
            for file in result.file or ():
                if str(file.path).strip("/") == path.name:
                    return _item(file)
        return None

    def check_above(self, path: DatastorePath) -> None:
        """
        Make sure that what is above a place are folders, or nothing.

        Raises:
            PlanError: it is a file.
        """
        while path.path:
            path = path.parent
            found = self.look(path)
            if found is not None:
                if not found.is_folder:
                    raise PlanError(f"{path} is a file, so nothing can be in it")
                return

    def tree(self, path: DatastorePath) -> dict[str, Item]:
        """Return what is at a place, and all that is below it; nothing if there is nothing."""
        top = self.look(path)
        if top is None or not top.is_folder:
            return {} if top is None else {"": top}
        found: dict[str, Item] = {"": top}
        for result in self._search("SearchDatastoreSubFolders_Task", path, ("*",)):
            below = str(result.folderPath).partition("]")[2].strip().strip("/")[len(path.path) :].strip("/")
            if below:
                found[below] = Item(is_folder=True)
            for file in result.file or ():
                name = str(file.path).strip("/")
                place = f"{below}/{name}" if below else name
                if place not in found:
                    found[place] = _item(file)
        return found

    def _search(self, method: str, folder: DatastorePath, patterns: tuple[str, ...]) -> Iterator[Any]:
        browser = sdk.vim.host.DatastoreBrowser
        details = browser.FileInfo.Details(fileType=True, fileSize=True, modification=False, fileOwner=False)
        # Without a query, since one for disks would hide their extents.
        spec = browser.SearchSpec(details=details, matchPattern=list(patterns), sortFoldersFirst=False)
        try:
            found = run_task(
                self._session,
                self._browser,
                method,
                timeout=self._timeout,
                is_quick=True,
                datastorePath=str(folder),
                searchSpec=spec,
            )
        except TaskFailed as error:
            if error.details.get("fault") != "FileNotFound":
                raise
            return
        yield from [found] if method == "SearchDatastore_Task" else found


def _item(file: Any) -> Item:
    return Item(int(file.fileSize or 0), type(file).__name__.rpartition(".")[2] == "FolderInfo")
