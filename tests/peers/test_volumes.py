# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about the files on one simulated host; and ours reads vcsim's."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
INFO, VOLUME = "virt.esx.esx_volume_info", "virt.esx.esx_volume"
SCENARIO: dict[str, Any] = {
    "datastores": [{"name": "datastore1", "files": {"iso/linux/debian.iso": "image", "boot.flp": "f", "a.txt": "t"}}],
    "vms": [{"name": "web01", "disks": [{"size_gib": 8, "thin": True}, {"size_gib": 1, "thin": False}]}],
}


def ours(folder: pathlib.Path, environment: Mapping[str, str], **given: Any) -> dict[str, dict[str, Any]]:
    """Return the facts of all files, by path."""
    played = run_tasks([{INFO: given}], folder, variables=environment)
    assert [name for result in played.results for name in result if name == "volumes"], played.output
    return {fact["path"]: fact for fact in played.results[0]["volumes"]}


def test_virsh_says_the_same(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "vol-list, vol-info, vol-key, vol-path, vol-dumpxml")
    found = ours(tmp_path, variables(virsh.server), with_uuid=True)
    volumes = {fact["volume"]["name"]: fact for fact in found.values() if fact["volume"]["format"] is not None}

    listed = [
        line.split(maxsplit=1) for line in virsh("vol-list", "datastore1").stdout.splitlines()[2:] if line.strip()
    ]
    assert {name: path.strip() for name, path in listed} == {name: fact["path"] for name, fact in volumes.items()}
    for name, fact in volumes.items():
        info = virsh("vol-info", "--bytes", name, "--pool", "datastore1").stdout
        sizes = {line: int(count) for line, count in re.findall(r"(Capacity|Allocation): +(\d+)", info)}
        assert sizes == {"Capacity": fact["volume"]["capacity"], "Allocation": fact["volume"]["allocation"]}
        assert virsh("vol-key", name, "--pool", "datastore1").stdout.strip() == fact["volume"]["key"]
        assert virsh("vol-path", name, "--pool", "datastore1").stdout.strip() == fact["path"]
        xml = virsh("vol-dumpxml", name, "--pool", "datastore1").stdout
        assert f"<format type='{fact['volume']['format']}'/>" in xml
    assert virsh.server.world.errors == []


def test_govc_says_the_same(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "datastore.ls -R, datastore.disk.info")
    found = ours(tmp_path, variables(govc.server))

    results = json.loads(govc("datastore.ls", "-R", "-l", "-json").stdout)
    said = {f"{result['folderPath']}{file['path']}": file for result in results for file in result.get("file") or ()}
    parts = {path for path in said if path.endswith("-flat.vmdk")}
    folders = {path for path in said if any(other.startswith(f"{path}/") for other in said)}
    assert set(found) == set(said) - parts - folders
    (disk,) = json.loads(govc("datastore.disk.info", "-json", "web01/web01.vmdk").stdout)
    assert disk["DiskType"] == found["[datastore1] web01/web01.vmdk"]["disk"]["provisioning"]
    assert govc.server.world.errors == []


@pytest.mark.parametrize("vcsim", [["-esx"], ["-dc", "1", "-ds", "2"]], indirect=True, ids=["esx", "vcenter"])
def test_vcsim_is_read(vcsim: dict[str, str], tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("peer", "vcsim")
    found = ours(tmp_path, vcsim, with_users=True)

    disks = [fact for fact in found.values() if fact["type"] == "disk"]
    assert disks
    assert all(fact["path"].startswith("[LocalDS_0] ") for fact in disks)
    assert [fact for fact in found.values() if fact["type"] == "vmx"]


def done(folder: pathlib.Path, environment: Mapping[str, str], **given: Any) -> dict[str, Any]:
    """Run our module; its result."""
    played = run_tasks([{VOLUME: given}], folder, variables=environment)
    assert played.results, played.output
    assert not played.results[0]["failed"], played.output
    return dict(played.results[0])


def test_what_virsh_makes_is_what_we_make(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "vol-create-as, vol-clone, vol-wipe, vol-delete beside ours")
    place = variables(virsh.server)
    pool = ("--pool", "datastore1")

    assert (
        virsh("vol-create-as", "datastore1", "theirs/a.vmdk", "2G", "--allocation", "0", "--format", "vmdk").returncode
        == 0
    )
    assert virsh("vol-clone", "theirs/a.vmdk", "theirs/b.vmdk", *pool).returncode == 0
    done(tmp_path, place, path="[datastore1] ours/a.vmdk", capacity_kib=2 * 1024**2)
    done(tmp_path, place, path="[datastore1] ours/b.vmdk", source="[datastore1] ours/a.vmdk")

    found = ours(tmp_path, place, types=["disk"])
    for name in ("a.vmdk", "b.vmdk"):
        theirs, mine = (found[f"[datastore1] {folder}/{name}"] for folder in ("theirs", "ours"))
        compared = ("name", "type", "capacity_bytes", "allocation_bytes", "disk")
        assert {key: theirs[key] for key in compared} == {key: mine[key] for key in compared}
    assert virsh("vol-wipe", "ours/a.vmdk", *pool).returncode == 0
    done(tmp_path, place, path="[datastore1] theirs/a.vmdk", state="wiped")
    assert virsh("vol-delete", "ours/b.vmdk", *pool).returncode == 0
    done(tmp_path, place, path="[datastore1] theirs/b.vmdk", state="absent")
    left = virsh("vol-list", "datastore1").stdout
    assert ("ours/a.vmdk" in left, "theirs/a.vmdk" in left) == (True, True)
    assert ("ours/b.vmdk" in left, "theirs/b.vmdk" in left) == (False, False)
    assert virsh.server.world.errors == []


def test_a_folder_in_a_folder_is_one_odd_name_to_virsh(
    virsh: Virsh, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "vol-create-as in a/b: libvirt errs")
    place = variables(virsh.server)
    virsh("vol-create-as", "datastore1", "a/b/c.vmdk", "1G", "--allocation", "0", "--format", "vmdk")
    done(tmp_path, place, path="[datastore1] x/y/c.vmdk", capacity_kib=1024**2)

    folders = {fact["folder"] for fact in ours(tmp_path, place, types=["disk"]).values()}
    assert "x/y" in folders
    assert "a/b" not in folders


def test_what_govc_makes_we_leave_as_it_is(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "datastore.disk.create, mkdir, cp, mv, rm beside ours")
    place = variables(govc.server)
    for command in (
        ("datastore.mkdir", "-p", "theirs/deep"),
        ("datastore.disk.create", "-size", "1G", "theirs/a.vmdk"),
        ("datastore.cp", "iso/linux/debian.iso", "theirs/debian.iso"),
        ("datastore.mv", "boot.flp", "theirs/boot.flp"),
    ):
        result = govc(*command)
        assert result.returncode == 0, (command, result.stderr)

    wishes: list[dict[str, Any]] = [
        {"path": "[datastore1] theirs/deep", "state": "directory"},
        {"path": "[datastore1] theirs/a.vmdk", "capacity_kib": 1024**2},
        {"path": "[datastore1] theirs/debian.iso", "source": "[datastore1] iso/linux/debian.iso"},
        {"path": "[datastore1] theirs/boot.flp", "source": "[datastore1] boot.flp", "state": "moved"},
    ]
    assert [done(tmp_path, place, **wish)["changed"] for wish in wishes] == [False] * 4
    done(tmp_path, place, path="[datastore1] theirs", state="absent", recursive=True)
    assert "theirs" not in govc("datastore.ls").stdout
    assert govc.server.world.errors == []


@pytest.mark.parametrize(
    ("vcsim", "where"),
    [(["-esx"], {}), (["-dc", "1", "-ds", "1"], {"esxi_hostname": "DC0_H0"})],
    indirect=["vcsim"],
    ids=["esx", "vcenter"],
)
def test_files_on_vcsim(
    vcsim: dict[str, str], where: dict[str, str], tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("peer", "vcsim")
    wishes: list[dict[str, Any]] = [
        {"path": "[LocalDS_0] ours/deep", "state": "directory"},
        {"path": "[LocalDS_0] ours/deep/a.vmdk", "capacity_kib": 1024},
        {"path": "[LocalDS_0] ours/b.vmdk", "source": "[LocalDS_0] ours/deep/a.vmdk", "state": "moved"},
        {"path": "[LocalDS_0] ours/b.vmdk", "state": "absent"},
        {"path": "[LocalDS_0] ours", "state": "absent", "recursive": True},
    ]
    for wish in wishes:
        assert [done(tmp_path, vcsim, **wish, **where)["changed"] for _again in range(2)] == [True, False], wish
