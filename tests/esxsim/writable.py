# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no file operation may do: write where nothing can be written, or more than one file can hold."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from .stores import MAX_FILE, Datastore

KIB = 1024


def check_there(store: Datastore) -> None:
    """
    Refuse to touch a datastore that the host has lost.

    Raises:
        InvalidDatastore: names it.
    """
    if not store.profile.accessible:
        raise vim.fault.InvalidDatastore(
            datastore=store.ref, name=store.get("name"), msg=f"Datastore '{store.get('name')}' is not accessible."
        )


def check_writable(store: Datastore, name: str, *, deletes: bool = False) -> None:
    """
    Refuse to write to a datastore that was mounted to be read only.

    Raises:
        CannotCreateFile, CannotDeleteFile: names the file. InvalidDatastore: the host has lost the datastore.
    """
    check_there(store)
    if store.profile.access_mode == "read-write":
        return
    fault: Any = vim.fault.CannotDeleteFile if deletes else vim.fault.CannotCreateFile
    act = "delete" if deletes else "create"
    raise fault(file=name, msg=f"Cannot {act} file {name}: datastore '{store.get('name')}' is mounted read-only.")


def check_size(store: Datastore, name: str, capacity_kib: int) -> None:
    """
    Refuse a disk that is larger than any on the datastore can be, however little of it is written.

    Raises:
        FileTooLarge: names the file and both sizes.
    """
    size = capacity_kib * KIB
    if size > MAX_FILE:
        raise vim.fault.FileTooLarge(
            file=name,
            datastore=str(store.get("name")),
            fileSize=size,
            maxFileSize=MAX_FILE,
            msg=f"File {name} is larger than the maximum size supported by datastore '{store.get('name')}'.",
        )
