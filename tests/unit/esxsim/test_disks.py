# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks and files on datastores: made, copied, moved, grown, deleted, and never under the hands of who uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import vmdk
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import (
    added,
    api,
    client_of,
    device,
    disk,
    edited,
    free,
    kind_of,
    of_class,
    paths_of,
    reconfigured,
)
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of
from pyVmomi import vmodl

STORES = [{"name": "datastore1", "files": {"a/b.txt": "text", "a/no.vmdk": "text"}}, {"name": "nas", "kind": "nfs"}]
GIB = 1024**3


@pytest.fixture
def client() -> Client:
    return client_of({"name": "web01"}, {"name": "run01", "power_state": "powered-on"}, datastores=STORES)


def manager(client: Client) -> Any:
    return client.content.virtualDiskManager


def spec(kind: str = "thin", gib: int = 1, adapter: str = "lsiLogic") -> Any:
    return api.VirtualDiskManager.FileBackedVirtualDiskSpec(
        diskType=kind, adapterType=adapter, capacityKb=gib * 1024 * 1024
    )


def ended(client: Client, task: Any) -> str:
    """What a task ends with: the name of its fault, or nothing."""
    error = client.after(1, task).error
    return "" if error is None else kind_of(error)


def read(client: Client, path: str, number: int = 0) -> vmdk.Disk:
    """What the descriptor at a path says."""
    found = vmdk.read(store(client, number).files, path)
    assert found is not None
    return found


def store(client: Client, number: int = 0) -> Any:
    return client.world.of_type("Datastore")[number]


@pytest.mark.parametrize(("kind", "taken"), [("thin", 0), ("preallocated", GIB), ("eagerZeroedThick", GIB)])
def test_a_disk_is_a_descriptor_and_an_extent_and_takes_its_space(client: Client, kind: str, taken: int) -> None:
    before = free(client)
    assert ended(client, manager(client).CreateVirtualDisk_Task("[datastore1] a/new.vmdk", None, spec(kind))) == ""
    files = store(client).files
    found = read(client, "a/new.vmdk")

    assert before - free(client) == taken
    assert (found.capacity_kib, found.thin, found.eager) == (1024 * 1024, kind == "thin", kind == "eagerZeroedThick")
    assert files.get("a/new.vmdk").read().startswith(b"# Disk DescriptorFile")
    assert files.get("a/new-flat.vmdk").size == taken
    assert ended(client, manager(client).DeleteVirtualDisk_Task("[datastore1] a/new.vmdk", None)) == ""
    assert free(client) == before
    assert "a/new-flat.vmdk" not in paths_of(client)


@pytest.mark.parametrize(
    ("name", "more", "fault"),
    [
        ("[datastore1] a/new.vmdk", {"kind": "rdm"}, "NotSupported"),
        ("[datastore1] a/new.txt", {}, "InvalidDatastorePath"),
        ("[datastore1] nowhere/new.vmdk", {}, "FileNotFound"),
        ("[datastore1] a/no.vmdk", {}, "FileAlreadyExists"),
        ("[datastore1] web01/web01.vmdk", {}, "FileAlreadyExists"),
        ("[nowhere] new.vmdk", {}, "InvalidDatastorePath"),
        ("[datastore1] a/new.vmdk", {"gib": 0}, "InvalidArgument"),
        ("[datastore1] a/new.vmdk", {"kind": "preallocated", "gib": 2000}, "NoDiskSpace"),
    ],
)
def test_a_disk_that_cannot_be_made(client: Client, name: str, more: dict[str, Any], fault: str) -> None:
    before = free(client), paths_of(client)
    try:
        found = ended(client, manager(client).CreateVirtualDisk_Task(name, None, spec(**more)))
    except vmodl.MethodFault as error:
        found = kind_of(error)

    assert found == fault
    assert (free(client), paths_of(client)) == before


def test_disks_are_copied_moved_grown_and_changed(client: Client) -> None:
    disks = manager(client)
    source = "[datastore1] web01/web01.vmdk"
    copy = disks.CopyVirtualDisk_Task(source, None, "[nas] copy.vmdk", None, spec("eagerZeroedThick"), False)

    assert ended(client, copy) == ""
    assert read(client, "copy.vmdk", 1).eager
    assert ended(client, disks.MoveVirtualDisk_Task("[nas] copy.vmdk", None, "[datastore1] a/moved.vmdk", None)) == ""
    assert [path for path, _file in store(client, 1).files] == []
    assert ended(client, disks.ExtendVirtualDisk_Task("[datastore1] a/moved.vmdk", None, 17 * 1024 * 1024)) == ""
    assert read(client, "a/moved.vmdk").capacity_kib == 17 * 1024 * 1024
    assert ended(client, disks.ExtendVirtualDisk_Task("[datastore1] a/moved.vmdk", None, 1024)) == "InvalidArgument"
    assert ended(client, disks.InflateVirtualDisk_Task(source, None)) == ""
    assert not read(client, "web01/web01.vmdk").thin
    assert ended(client, disks.ShrinkVirtualDisk_Task(source, None)) == "NotSupported"
    assert ended(client, disks.MoveVirtualDisk_Task(source, None, "[datastore1] a/moved.vmdk", None)) == (
        "FileAlreadyExists"
    )
    assert ended(client, disks.MoveVirtualDisk_Task(source, None, "[datastore1] a/moved.vmdk", None, True)) == ""
    assert "web01/web01-flat.vmdk" not in paths_of(client)


def test_a_disk_keeps_its_uuid_until_it_gets_another(client: Client) -> None:
    disks, name = manager(client), "[datastore1] web01/web01.vmdk"
    uuid = "60 00 c2 90 11 22 33 44-55 66 77 88 99 aa bb cc"
    first = disks.QueryVirtualDiskUuid(name, None)
    disks.SetVirtualDiskUuid(name, None, uuid)

    assert first.startswith("60 00 c2 9")
    assert disks.QueryVirtualDiskUuid(name, None) == uuid
    assert kind_of(fault_of(disks.SetVirtualDiskUuid, name, None, "none")) == "InvalidArgument"
    assert kind_of(fault_of(disks.QueryVirtualDiskUuid, "[datastore1] a/no.vmdk", None)) == "InvalidDiskFormat"
    assert kind_of(fault_of(disks.QueryVirtualDiskUuid, "[datastore1] none.vmdk", None)) == "FileNotFound"


def test_a_disk_that_somebody_uploaded_is_attached_with_its_capacity(client: Client) -> None:
    files = store(client).files
    files.upload("a/up.vmdk", vmdk.descriptor(4096, False, "lsilogic", vmdk.new_uuid("up"), "data.vmdk"))
    change = added(disk(1, 1000, fileName="[datastore1] a/up.vmdk"))
    without_data = reconfigured(client, client.vm(), change)
    files.upload("a/data.vmdk", b"")

    assert kind_of(without_data) == "InvalidDiskFormat"
    assert reconfigured(client, client.vm(), change) is None
    assert of_class(client.vm(), device.VirtualDisk)[1].capacityInKB == 4096
    assert kind_of(reconfigured(client, client.vm(), added(disk(2, 1000, fileName="[datastore1] a/no.vmdk")))) == (
        "InvalidDiskFormat"
    )


def test_a_running_machine_locks_its_files(client: Client) -> None:
    disks, files = manager(client), client.content.fileManager
    disk_name, vmx = "[datastore1] run01/run01.vmdk", "[datastore1] run01/run01.vmx"
    tasks: list[Callable[[], Any]] = [
        lambda: disks.DeleteVirtualDisk_Task(disk_name, None),
        lambda: disks.ExtendVirtualDisk_Task(disk_name, None, 2**30),
        lambda: disks.CopyVirtualDisk_Task(disk_name, None, "[nas] a.vmdk", None, None, None),
        lambda: files.DeleteDatastoreFile_Task(vmx, None),
        lambda: files.DeleteDatastoreFile_Task("[datastore1] run01", None),
        lambda: files.DeleteDatastoreFile_Task("[datastore1] run01/run01-flat.vmdk", None),
        lambda: files.MoveDatastoreFile_Task(vmx, None, "[datastore1] a/x.vmx", None, None),
        lambda: files.MoveDatastoreFile_Task("[datastore1] a/b.txt", None, vmx, None, True),
    ]

    assert [ended(client, task()) for task in tasks] == ["FileLocked"] * len(tasks)
    assert ended(client, client.vm("run01").PowerOffVM_Task()) == ""
    assert ended(client, tasks[0]()) == ""


def test_a_disk_in_use_is_not_attached_unless_many_may_write_to_it(client: Client) -> None:
    taken = added(disk(1, 1000, fileName="[datastore1] run01/run01.vmdk"))

    assert kind_of(reconfigured(client, client.vm(), taken)) == "FileLocked"
    ended(client, client.vm("run01").PowerOffVM_Task())
    assert reconfigured(client, client.vm(), taken) is None
    assert ended(client, client.vm("run01").PowerOnVM_Task()) == ""
    error = client.after(1, client.vm().PowerOnVM_Task()).error
    assert (kind_of(error), error.faultMessage[0].key) == ("GenericVmConfigFault", "msg.fileio.lock")


def test_a_machine_without_its_disk_does_not_start(client: Client) -> None:
    ended(client, manager(client).DeleteVirtualDisk_Task("[datastore1] web01/web01.vmdk", None))
    error = client.after(1, client.vm().PowerOnVM_Task()).error

    assert (kind_of(error), error.faultMessage[0].key) == ("GenericVmConfigFault", "msg.disk.noBackEnd")
    assert client.vm().runtime.powerState == "poweredOff"


def test_a_disk_that_grows_takes_more_and_never_more_than_there_is(client: Client) -> None:
    before = free(client)
    thick = added(disk(1, 1000, thinProvisioned=False), create=True)
    assert reconfigured(client, client.vm(), thick) is None
    (one,) = of_class(client.vm(), device.VirtualDisk)[1:]
    one.capacityInKB, one.capacityInBytes = 3 * 1024 * 1024, None

    assert reconfigured(client, client.vm(), edited(one)) is None
    assert before - free(client) == 3 * GIB
    one.capacityInKB = 2**40
    assert kind_of(reconfigured(client, client.vm(), edited(one))) == "NoDiskSpace"
    # Each of these would fit, and not both.
    two = [added(disk(unit, 1000, 600 * 1024**2, thinProvisioned=False), create=True) for unit in (2, 3)]
    assert kind_of(reconfigured(client, client.vm(), *two)) == "NoDiskSpace"
    assert before - free(client) == 3 * GIB


def test_files_are_moved_and_copied_between_datastores(client: Client) -> None:
    files = client.content.fileManager
    copy = files.CopyDatastoreFile_Task("[datastore1] a", None, "[nas] copied", None, None)

    assert ended(client, copy) == ""
    assert store(client, 1).files.get("copied/b.txt").read() == b"text"
    move = files.MoveDatastoreFile_Task("[datastore1] a/b.txt", None, "[nas] moved.txt", None, None)
    assert ended(client, move) == ""
    assert "a/b.txt" not in paths_of(client)
    assert ended(client, files.MoveDatastoreFile_Task("[nas] moved.txt", None, "[nas] copied/b.txt", None, None)) == (
        "FileAlreadyExists"
    )
    assert ended(client, files.MoveDatastoreFile_Task("[nas] none", None, "[nas] x", None, None)) == "FileNotFound"
    assert ended(client, files.CopyDatastoreFile_Task("[nas] moved.txt", None, "[nas] no/x", None, None)) == (
        "FileNotFound"
    )
    assert ended(client, files.MoveDatastoreFile_Task("[nas] moved.txt", None, "[nas] copied/b.txt", None, True)) == ""


def test_a_machine_has_its_files_while_it_runs_and_takes_them_along(client: Client) -> None:
    before = free(client)
    client.after(1, client.vm().PowerOnVM_Task())
    running = [path for path in paths_of(client) if path.startswith("web01/")]
    kinds = {one.type for one in client.vm().layoutEx.file}
    client.after(1, client.vm().PowerOffVM_Task())

    assert {"web01/web01.nvram", "web01/vmware.log", "web01/web01.vswp"} <= set(running)
    assert kinds == {"config", "nvram", "swap", "log", "diskDescriptor", "diskExtent"}
    assert "web01/web01.vswp" not in paths_of(client)
    store(client).files.upload("web01/mine.txt", b"")
    client.after(1, client.vm().Destroy_Task())
    assert [path for path in paths_of(client) if path.startswith("web01/")] == ["web01/mine.txt"]
    assert free(client) == before
