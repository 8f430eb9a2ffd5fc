# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy that takes long is seen to go on, by real ansible-playbook; and where it shall not be seen, it is not."""

from __future__ import annotations

import pathlib
import re
from typing import Any

from ansible_collections.virt.esx.tests.support.clients import serving, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

SCENARIO = {
    "vms": [{"name": "golden", "disks": [{"size_gib": 8, "thin": False}]}],
    # The host says 25 % at the beginning and 75 % in the middle.
    "defaults": {"copy_seconds": 5},
}
NO_PIPES = """import os

def mkfifo(*_given, **_named):
    raise OSError("no pipes here")

os.mkfifo = mkfifo
"""
CLONE = "virt.esx.esx_vm_clone"


def test_a_long_copy_shows_how_far_it_is(tmp_path: pathlib.Path) -> None:
    background: dict[str, Any] = {"async": 60, "poll": 1, "vars": {"ansible_async_dir": str(tmp_path / "async")}}
    tasks: list[dict[str, Any]] = [
        {CLONE: {"source": "golden", "name": "web01"}},
        {CLONE: {"source": "golden", "name": "hidden01"}, "no_log": True},
        {CLONE: {"source": "golden", "name": "web02"}, "check_mode": True},
        {CLONE: {"source": "golden", "name": "web03"}, **background},
    ]
    with serving(SCENARIO, tmp_path) as server:
        played = run_tasks(tasks, tmp_path, variables=variables(server))

    assert played.status == 0, played.output
    assert [result["changed"] for result in played.results] == [True, True, True, True], played.output
    shown = re.findall(r"^\[localhost\] (.*)$", played.output, re.MULTILINE)
    # On a slow machine the first number comes late enough to be shown too.
    assert len(shown) in (1, 2), played.output
    assert re.fullmatch(r"web01, disk 1 of 1: 75 %, 6\.0 GiB of 8\.0 GiB, \S+ \wiB/s, \d+ s left", shown[-1])
    assert all(line.startswith("web01, disk 1 of 1: ") for line in shown)


def test_where_no_pipe_can_be_made_the_work_is_done_all_the_same(tmp_path: pathlib.Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "sitecustomize.py").write_text(NO_PIPES, "utf-8")
    with serving({"vms": SCENARIO["vms"]}, tmp_path) as server:
        place = {**variables(server), "PYTHONPATH": str(library)}
        played = run_tasks([{CLONE: {"source": "golden", "name": "web01"}}], tmp_path, variables=place)

    assert played.results[0]["changed"], played.output
