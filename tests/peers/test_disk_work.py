# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh and govc make, copy, wipe and delete disks and files on a simulated host, and our facts show what they did."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_volume_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, Virsh
from ansible_collections.virt.esx.tests.support.worlds import run

GIB = 1024**3
Record = Callable[[str, object], None]
SCENARIO: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "capacity_gib": 20, "free_gib": 10, "files": {"iso/tools.iso": "an image"}},
        {"name": "archive", "kind": "nfs", "access_mode": "read-only", "files": {"old/notes.txt": "text"}},
    ],
    "vms": [{"name": "off01"}, {"name": "run01", "power_state": "powered-on"}],
}


def facts(world: World) -> dict[str, Any]:
    """Return our facts of all disks on the first datastore, by the names that libvirt has for them."""
    with world.lock:
        outcome = run(esx_volume_info, world, datastore="datastore1", types=["disk"])
    assert outcome.error is None
    return {fact["volume"]["name"]: fact for fact in outcome.result["volumes"]}


def libvirts(virsh: Virsh) -> set[str]:
    """Return the names of the disks that virsh lists."""
    listed = virsh("vol-list", "datastore1").stdout
    return set(re.findall(r"^ (\S+\.vmdk) ", listed, re.MULTILINE))


def failed(done: Done, *patterns: str) -> None:
    """Say that a command failed, and said why."""
    assert done.returncode != 0, done.stdout
    assert [one for one in patterns if not re.search(one, done.stderr + done.stdout)] == [], done.stderr


def pool(virsh: Virsh, command: str, *more: str) -> Done:
    return virsh(command, *more, "--pool", "datastore1")


def create(virsh: Virsh, name: str, size: str, *more: str) -> Done:
    return virsh("vol-create-as", "datastore1", name, size, "--format", "vmdk", *more)


def test_virsh_makes_copies_wipes_and_deletes(virsh: Virsh, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", "vol-create-as, vol-clone, vol-wipe, vol-delete")
    world = virsh.server.world
    assert create(virsh, "new/thick.vmdk", "1G").returncode == 0
    assert create(virsh, "new/thin.vmdk", "1G", "--allocation", "0").returncode == 0
    made = facts(world)
    assert libvirts(virsh) == set(made)
    assert made["new/thick.vmdk"]["disk"]["provisioning"] == "thick"
    assert made["new/thin.vmdk"]["disk"]["provisioning"] == "thin"
    assert made["new/thin.vmdk"]["allocation_bytes"] < GIB

    assert pool(virsh, "vol-clone", "new/thin.vmdk", "new/copy.vmdk").returncode == 0
    assert pool(virsh, "vol-wipe", "new/thin.vmdk").returncode == 0
    assert pool(virsh, "vol-delete", "new/thick.vmdk").returncode == 0
    now = facts(world)
    assert libvirts(virsh) == set(now) == {*made, "new/copy.vmdk"} - {"new/thick.vmdk"}
    assert now["new/thin.vmdk"]["allocation_bytes"] >= GIB
    assert now["new/copy.vmdk"]["capacity_bytes"] == GIB
    assert world.errors == []


def test_what_virsh_may_not_do(virsh: Virsh, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", "vol-create-as, vol-clone, vol-wipe, vol-delete that fail")
    world = virsh.server.world
    before = facts(world)

    failed(create(virsh, "huge/huge.vmdk", "100G"), "NoDiskSpace")
    failed(create(virsh, "off01/off01.vmdk", "1G"), "already exists|FileAlreadyExists")
    failed(create(virsh, "off01/half.vmdk", "1G", "--allocation", "512M"), "capacity-to-allocation")
    failed(pool(virsh, "vol-clone", "run01/run01.vmdk", "off01/copy.vmdk"), "FileLocked")
    failed(pool(virsh, "vol-wipe", "run01/run01.vmdk"), "FileLocked")
    failed(pool(virsh, "vol-delete", "run01/run01.vmdk"), "FileLocked")
    failed(virsh("vol-create-as", "archive", "old/x.vmdk", "1G", "--format", "vmdk"), "CannotCreateFile")
    # It takes whatever it finds for a disk.
    failed(pool(virsh, "vol-delete", "iso/tools.iso"), "InvalidDiskFormat")
    failed(pool(virsh, "vol-resize", "off01/off01.vmdk", "20G"), "not supported")
    assert facts(world) == before
    assert world.errors == []


def test_where_virsh_errs(virsh: Virsh, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", "vol-create-as below a folder, at the top; vol-delete of a machine's disk")
    world = virsh.server.world

    # A folder below a folder becomes one of an odd name, and libvirt does not find what it has made.
    assert create(virsh, "a/b/disk.vmdk", "1M", "--allocation", "0").returncode == 0
    assert "a+JQ-2fb/disk.vmdk" in facts(world)
    failed(pool(virsh, "vol-info", "a/b/disk.vmdk"), "failed to get vol")
    # A disk at the top cannot be made.
    failed(create(virsh, "top.vmdk", "1M"), "<directory>/<file>")
    # The disk of a machine that is off goes without a question, and the machine stays behind without it.
    assert pool(virsh, "vol-delete", "off01/off01.vmdk").returncode == 0
    assert virsh("domstate", "off01").stdout.strip() == "shut off"
    assert "off01/off01.vmdk" not in facts(world)
    assert world.errors == []


def test_govc_makes_copies_moves_and_deletes(govc: Govc, record_property: Record) -> None:
    record_property("peer", "govc")
    record_property("command", "datastore.mkdir, .cp, .mv, .rm; datastore.disk.create, .info, .inflate")
    world = govc.server.world
    for command in (
        "datastore.mkdir -p a/b",
        "datastore.disk.create -size 1G a/b/thin.vmdk",
        "datastore.disk.create -size 1G -d eagerZeroedThick a/eager.vmdk",
        "datastore.cp a/eager.vmdk a/copy.vmdk",
        "datastore.mv a/copy.vmdk a/b/moved.vmdk",
        "datastore.disk.inflate a/b/thin.vmdk",
        "datastore.rm a/eager.vmdk",
    ):
        done = govc(*command.split())
        assert done.returncode == 0, (command, done.stderr)

    found = {name: fact for name, fact in facts(world).items() if name.startswith("a/")}
    assert {name: fact["disk"]["provisioning"] for name, fact in found.items()} == {
        "a/b/moved.vmdk": "thick",
        "a/b/thin.vmdk": "thick",
    }
    assert {fact["capacity_bytes"] for fact in found.values()} == {GIB}
    assert "eagerZeroedThick" in govc("datastore.disk.info", "a/b/thin.vmdk").stdout
    assert world.errors == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("datastore.mkdir a/b", "not found"),
        ("datastore.mkdir -ds archive new", "read-only"),
        ("datastore.rm -ds archive old/notes.txt", "read-only"),
        ("datastore.rm run01", "locked"),
        ("datastore.rm nobody", "not found"),
        ("datastore.mv iso iso/below", "into itself|Invalid argument"),
        ("datastore.disk.create -size 65T off01/big.vmdk", "larger than the maximum"),
        ("datastore.disk.create -size 100G -d preallocated off01/big.vmdk", "Insufficient disk space"),
    ],
)
def test_what_govc_may_not_do(govc: Govc, record_property: Record, command: str, fault: str) -> None:
    record_property("peer", "govc")
    failed(govc(*command.split()), fault)
    assert govc.server.world.errors == []
