# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What file operations cannot do: write where only reading is allowed, reach what is lost, hold what is too large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import vmdk
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import api, client_of, kind_of
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client
from pyVmomi import vmodl

STORES: list[dict[str, Any]] = [
    {"name": "datastore1", "files": {"a/b.txt": "text"}},
    {"name": "archive", "kind": "nfs", "access_mode": "read-only", "files": {"old/notes.txt": "text"}},
    {"name": "lost", "accessible": False},
]
TIB_KIB = 1024**3
DISK, OLD_DISK = "[datastore1] web01/web01.vmdk", "[archive] old/disk.vmdk"


@pytest.fixture
def client() -> Client:
    made = client_of({"name": "web01"}, datastores=STORES)
    vmdk.put(made.world.of_type("Datastore")[1].files, "old/disk.vmdk", 1024, 4096, thin=False)
    return made


def outcome(client: Client, begin: Callable[[Any, Any], Any]) -> str:
    """What an operation ends with, whether it is a task or not: the name of the fault, or nothing."""
    try:
        task = begin(client.content.virtualDiskManager, client.content.fileManager)
    except vmodl.MethodFault as error:
        return kind_of(error)
    fault = None if task is None else client.after(1, task).error
    return "" if fault is None else kind_of(fault)


def everything(client: Client) -> list[Any]:
    return [
        (store.files.free, sorted(path for path, _file in store.files)) for store in client.world.of_type("Datastore")
    ]


def spec(capacity_kib: int = 1024) -> Any:
    return api.VirtualDiskManager.FileBackedVirtualDiskSpec(
        diskType="thin", adapterType="lsiLogic", capacityKb=capacity_kib
    )


WRITES: list[tuple[str, Callable[[Any, Any], Any], str]] = [
    ("mkdir", lambda _disks, files: files.MakeDirectory("[archive] new", None, True), "CannotCreateFile"),
    ("rm", lambda _disks, files: files.DeleteDatastoreFile_Task("[archive] old", None), "CannotDeleteFile"),
    (
        "mv away",
        lambda _disks, files: files.MoveDatastoreFile_Task(
            "[archive] old/notes.txt", None, "[datastore1] a/x.txt", None, False
        ),
        "CannotDeleteFile",
    ),
    (
        "mv to it",
        lambda _disks, files: files.MoveDatastoreFile_Task(
            "[datastore1] a/b.txt", None, "[archive] old/b.txt", None, False
        ),
        "CannotCreateFile",
    ),
    (
        "cp to it",
        lambda _disks, files: files.CopyDatastoreFile_Task("[datastore1] a/b.txt", None, "[archive] b.txt", None, None),
        "CannotCreateFile",
    ),
    (
        "make a disk",
        lambda disks, _files: disks.CreateVirtualDisk_Task("[archive] x.vmdk", None, spec()),
        "CannotCreateFile",
    ),
    (
        "copy a disk to it",
        lambda disks, _files: disks.CopyVirtualDisk_Task(DISK, None, "[archive] x.vmdk", None, None, False),
        "CannotCreateFile",
    ),
    ("delete a disk", lambda disks, _files: disks.DeleteVirtualDisk_Task(OLD_DISK, None), "CannotDeleteFile"),
    (
        "move a disk away",
        lambda disks, _files: disks.MoveVirtualDisk_Task(OLD_DISK, None, "[datastore1] x.vmdk", None),
        "CannotDeleteFile",
    ),
    ("wipe a disk", lambda disks, _files: disks.ZeroFillVirtualDisk_Task(OLD_DISK, None), "CannotCreateFile"),
    ("grow a disk", lambda disks, _files: disks.ExtendVirtualDisk_Task(OLD_DISK, None, 2048), "CannotCreateFile"),
]


@pytest.mark.parametrize(("begin", "fault"), [one[1:] for one in WRITES], ids=[one[0] for one in WRITES])
def test_where_only_reading_is_allowed_nothing_is_written(
    client: Client, begin: Callable[[Any, Any], Any], fault: str
) -> None:
    before = everything(client)

    assert outcome(client, begin) == fault
    assert everything(client) == before


def test_where_only_reading_is_allowed_it_can_be_copied_from(client: Client) -> None:
    def copy_disk(disks: Any, _files: Any) -> Any:
        return disks.CopyVirtualDisk_Task(OLD_DISK, None, "[datastore1] x.vmdk", None, None, False)

    def copy_file(_disks: Any, files: Any) -> Any:
        return files.CopyDatastoreFile_Task("[archive] old/notes.txt", None, "[datastore1] a/notes.txt", None, None)

    assert [outcome(client, copy_disk), outcome(client, copy_file)] == ["", ""]


@pytest.mark.parametrize(
    "begin",
    [
        lambda _disks, files: files.MakeDirectory("[lost] new", None, True),
        lambda _disks, files: files.DeleteDatastoreFile_Task("[lost] new", None),
        lambda _disks, files: files.MoveDatastoreFile_Task("[datastore1] a/b.txt", None, "[lost] b.txt", None, False),
        lambda _disks, files: files.CopyDatastoreFile_Task("[lost] b.txt", None, "[datastore1] c.txt", None, False),
        lambda disks, _files: disks.CreateVirtualDisk_Task("[lost] x.vmdk", None, spec()),
        lambda disks, _files: disks.DeleteVirtualDisk_Task("[lost] x.vmdk", None),
        lambda disks, _files: disks.QueryVirtualDiskUuid("[lost] x.vmdk", None),
    ],
    ids=["mkdir", "rm", "mv", "cp", "make a disk", "delete a disk", "uuid"],
)
def test_what_the_host_has_lost_it_cannot_reach(client: Client, begin: Callable[[Any, Any], Any]) -> None:
    before = everything(client)

    assert outcome(client, begin) == "InvalidDatastore"
    assert everything(client) == before


def test_no_disk_is_larger_than_a_datastore_can_hold(client: Client) -> None:
    def make(disks: Any, _files: Any) -> Any:
        return disks.CreateVirtualDisk_Task("[datastore1] a/x.vmdk", None, spec(65 * TIB_KIB))

    def grow(disks: Any, _files: Any) -> Any:
        return disks.ExtendVirtualDisk_Task(DISK, None, 65 * TIB_KIB)

    before = everything(client)
    assert [outcome(client, make), outcome(client, grow)] == ["FileTooLarge", "FileTooLarge"]
    assert everything(client) == before


@pytest.mark.parametrize("method", ["MoveDatastoreFile_Task", "CopyDatastoreFile_Task"])
def test_a_folder_is_not_put_into_itself(client: Client, method: str) -> None:
    client.world.of_type("Datastore")[0].files.put("a/below/c.txt", File(1, b"c"))
    before = everything(client)

    def begin(_disks: Any, files: Any) -> Any:
        return getattr(files, method)("[datastore1] a", None, "[datastore1] a/below/a", None, False)

    assert outcome(client, begin) == "FileFault"
    assert everything(client) == before
