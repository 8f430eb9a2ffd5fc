# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What govc and curl carry over, we find there and bring back, and the other way round; and ours on vcsim."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.clients import Govc, until_idle, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks
from ansible_collections.virt.esx.tests.support.transfers import NEW, OLD, a_tree, files_below, store_of

Record = Callable[[str, object], None]
UPLOAD, DOWNLOAD = "virt.esx.esx_volume_upload", "virt.esx.esx_volume_download"
SCENARIO: dict[str, Any] = {"datastores": [{"name": "datastore1", "files": {"iso/a.iso": OLD.decode()}}]}
Task = tuple[str, Mapping[str, Any]]


def ours(folder: pathlib.Path, environment: Mapping[str, str], *tasks: Task) -> Sequence[Mapping[str, Any]]:
    """Run our modules, one after the other; their results."""
    played = run_tasks([{name: dict(given)} for name, given in tasks], folder, variables=environment)
    assert len(played.results) == len(tasks), played.output
    assert not any(result["failed"] for result in played.results), played.output
    return played.results


@pytest.fixture
def here(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "new.iso").write_bytes(NEW)
    return folder


def test_what_govc_carries_over_is_what_we_find(
    govc: Govc, here: pathlib.Path, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "datastore.upload, datastore.download beside ours")
    name, place = "iso/100% a+b ä.iso", variables(govc.server)
    assert govc("datastore.upload", str(here / "new.iso"), "iso/theirs.iso").returncode == 0

    theirs, again, mine, *_rest = ours(
        tmp_path,
        place,
        (UPLOAD, {"src": str(here / "new.iso"), "dest": "[datastore1] iso/theirs.iso", "compare": "content"}),
        (UPLOAD, {"src": str(here / "new.iso"), "dest": "[datastore1] iso/theirs.iso"}),
        (UPLOAD, {"src": str(here / "new.iso"), "dest": f"[datastore1] {name}"}),
        (DOWNLOAD, {"src": "[datastore1] iso/theirs.iso", "dest": f"{here}/"}),
    )

    assert (theirs["changed"], again["changed"], mine["changed"]) == (False, False, True)
    assert govc("datastore.download", name, str(here / "back.iso")).returncode == 0
    assert (here / "back.iso").read_bytes() == (here / "theirs.iso").read_bytes() == NEW
    assert govc.server.world.errors == []


def test_what_is_cut_under_govc_and_under_us(
    govc: Govc, here: pathlib.Path, tmp_path: pathlib.Path, record_property: Record
) -> None:
    """Govc writes to the file itself, and what was there is lost; with ours it stays, and ours goes on."""
    record_property("command", "datastore.upload that is cut: govc errs")
    world, files = govc.server.world, store_of(govc.server.world)
    world.faults.add(FaultRule(method="PUT", action="cut", after_bytes=1000))
    theirs = govc("datastore.upload", str(here / "new.iso"), "iso/a.iso")
    until_idle(world)
    left = files.get("iso/a.iso").read()

    files.upload("iso/a.iso", OLD)
    world.faults.clear()
    world.faults.add(FaultRule(method="PUT", action="cut", after_bytes=1000, count=2))
    (result,) = ours(
        tmp_path, variables(govc.server), (UPLOAD, {"src": f"{here}/new.iso", "dest": "[datastore1] iso/a.iso"})
    )

    assert (theirs.returncode != 0, left) == (True, NEW[:1000])
    assert (result["files"][0]["retries"], files.get("iso/a.iso").read()) == (2, NEW)


def test_curl_brings_what_we_have_carried_over(
    govc: Govc, here: pathlib.Path, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("peer", "curl")
    record_property("command", "GET, and the rest of it with --continue-at")
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    server, back = govc.server, here / "back.iso"
    ours(tmp_path, variables(server), (UPLOAD, {"src": f"{here}/new.iso", "dest": "[datastore1] iso/b.iso"}))
    url = f"{server.url}/folder/iso/b.iso?dcPath=ha-datacenter&dsName=datastore1"
    user = f"{server.world.username}:{server.world.password}"
    back.write_bytes(NEW[:1234567])

    subprocess.run(
        [curl, "-sS", "--fail", "-k", "-u", user, "--continue-at", "-", "-o", str(back), url], check=True, timeout=30
    )
    assert back.read_bytes() == NEW


@pytest.mark.parametrize(
    ("vcsim", "where"),
    [(["-esx"], {}), (["-dc", "1", "-ds", "1"], {"esxi_hostname": "DC0_H0"})],
    indirect=["vcsim"],
    ids=["esx", "vcenter"],
)
def test_files_on_vcsim(
    vcsim: dict[str, str],
    where: dict[str, str],
    here: pathlib.Path,
    tmp_path: pathlib.Path,
    govc_program: str,
    record_property: Record,
) -> None:
    record_property("peer", "vcsim")
    tree = a_tree(here / "tree")
    tasks: list[Task] = [
        (UPLOAD, {"src": f"{here}/new.iso", "dest": "[LocalDS_0] ours/deep/new.iso", **where}),
        (UPLOAD, {"src": f"{here}/new.iso", "dest": "[LocalDS_0] ours/deep/new.iso", "compare": "content", **where}),
        (UPLOAD, {"src": str(tree), "dest": "[LocalDS_0] ours/tree", **where}),
        (UPLOAD, {"src": str(tree), "dest": "[LocalDS_0] ours/tree", **where}),
        (DOWNLOAD, {"src": "[LocalDS_0] ours/tree", "dest": f"{here}/back", **where}),
        (DOWNLOAD, {"src": "[LocalDS_0] ours/tree", "dest": f"{here}/back", "compare": "content", **where}),
    ]

    results = ours(tmp_path, vcsim, *tasks)

    assert [result["changed"] for result in results] == [True, False] * 3
    assert files_below(here / "back") == files_below(tree)
    govc = [govc_program, "datastore.download", "-ds=LocalDS_0", "ours/deep/new.iso", str(here / "theirs.iso")]
    subprocess.run(govc, env={**vcsim, "GOVC_INSECURE": "1", "HOME": str(tmp_path)}, check=True, timeout=30)
    assert (here / "theirs.iso").read_bytes() == NEW
