# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's file manager: files and folders of the datastores, one by one, whatever is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyVmomi import vim

from .entity import Plain
from .filestore import OutOfSpace
from .locks import check_free
from .managed import Call, method
from .stores import Datastore, find_store, no_space
from .tasks import Body
from .writable import check_there, check_writable


class FileManager(Plain):
    """Files and folders of the datastores."""

    type_name = "FileManager"

    @method("MakeDirectory")
    def make_folder(
        self, call: Call, *, name: str, datacenter: Any = None, createParentDirectories: bool | None = None
    ) -> None:
        store, path = find_store(call.world, name)
        check_there(store)
        if store.files.get(path) is not None or store.files.is_folder(path):
            raise _is_there(name)
        if not createParentDirectories and not store.files.is_folder(path.rpartition("/")[0]):
            raise vim.fault.FileNotFound(file=name, msg=f"The parent of {name} was not found")
        check_writable(store, name)
        store.files.make_folder(path)

    @method("DeleteDatastoreFile_Task")
    def delete(self, call: Call, *, name: str, datacenter: Any = None) -> Any:
        store, path = find_store(call.world, name)

        def act() -> None:
            check_there(store)
            if not path or not (store.files.get(path) is not None or store.files.is_folder(path)):
                raise _is_not_there(name)
            check_writable(store, name, deletes=True)
            check_free(call.world, store, path)
            store.files.discard(path)
            store.touch("summary", "info")

        return self._task(call, "DeleteDatastoreFile_Task", act)

    @method("MoveDatastoreFile_Task")
    def move(
        self,
        call: Call,
        *,
        sourceName: str,
        destinationName: str,
        sourceDatacenter: Any = None,
        destinationDatacenter: Any = None,
        force: bool | None = None,
    ) -> Any:
        source, old = find_store(call.world, sourceName)
        target, new = find_store(call.world, destinationName)

        def act() -> None:
            self._prepare((source, old, sourceName), (target, new, destinationName), force=bool(force))
            check_writable(source, sourceName, deletes=True)
            check_free(call.world, source, old)
            if source is target:
                source.files.move(old, new)
            else:
                _fitting(target, destinationName, lambda: source.files.move_to(old, target.files, new))
            for store in (source, target):
                store.touch("summary", "info")

        return self._task(call, "MoveDatastoreFile_Task", act)

    @method("CopyDatastoreFile_Task")
    def copy(
        self,
        call: Call,
        *,
        sourceName: str,
        destinationName: str,
        sourceDatacenter: Any = None,
        destinationDatacenter: Any = None,
        force: bool | None = None,
    ) -> Any:
        source, old = find_store(call.world, sourceName)
        target, new = find_store(call.world, destinationName)

        def act() -> None:
            self._prepare((source, old, sourceName), (target, new, destinationName), force=bool(force))
            _fitting(target, destinationName, lambda: source.files.copy_to(old, target.files, new))
            target.touch("summary", "info")

        return self._task(call, "CopyDatastoreFile_Task", act)

    def _prepare(self, source: tuple[Datastore, str, str], target: tuple[Datastore, str, str], *, force: bool) -> None:
        """Make sure that the source is there and its new place is free, if need be by force."""
        store, path, name = source
        check_there(store)
        if not path or (store.files.get(path) is None and not store.files.is_folder(path)):
            raise _is_not_there(name)
        store, path, name = target
        check_there(store)
        if not store.files.is_folder(path.rpartition("/")[0]):
            raise _is_not_there(name)
        check_writable(store, name)
        if store is source[0] and path.startswith(f"{source[1]}/"):
            raise vim.fault.FileFault(
                file=name, msg=f"{source[2]} cannot be put into itself, as {name}: Invalid argument"
            )
        if store.files.get(path) is not None or store.files.is_folder(path):
            if not force or not path or target[:2] == source[:2]:
                raise _is_there(name)
            check_free(self.world, store, path)
            store.files.discard(path)

    def _task(self, call: Call, name: str, act: Callable[[], None]) -> Any:
        def body() -> Body:
            yield 0
            act()

        return call.world.tasks.start(self, name, body())


def _is_there(name: str) -> Any:
    return vim.fault.FileAlreadyExists(
        file=name, msg=f"Cannot complete the operation because the file or folder {name} already exists"
    )


def _is_not_there(name: str) -> Any:
    return vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")


def _fitting(store: Datastore, name: str, act: Callable[[], None]) -> None:
    try:
        act()
    except OutOfSpace as error:
        raise no_space(store, name) from error
