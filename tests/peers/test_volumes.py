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
INFO = "virt.esx.esx_volume_info"
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
