# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module see the same on the screen of one simulated machine."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, serving, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

SCREENSHOT, POWER = "virt.esx.esx_vm_screenshot", "virt.esx.esx_vm_power"
SCENARIO: dict[str, Any] = {"vms": [{"name": "web01", "power_state": "powered-on"}]}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as server:
        yield server


def ours(server: Server, folder: pathlib.Path) -> tuple[bool, bytes]:
    """Return whether our module changed the file, and what is in it."""
    dest = folder / "ours.png"
    [done] = run_tasks(
        [{SCREENSHOT: {"name": "web01", "dest": str(dest)}}], folder, variables=variables(server)
    ).results
    return bool(done["changed"]), dest.read_bytes()


def test_virsh_sees_what_we_see(
    virsh_program: str, server: Server, tmp_path: pathlib.Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("command", "screenshot, before and after a reset")
    virsh = Virsh(virsh_program, server, tmp_path)
    seen = []
    for picture in ("one.png", "two.png"):
        done = virsh("screenshot", "web01", picture)
        assert done.returncode == 0, done.stderr
        changed, content = ours(server, tmp_path)
        assert (changed, content) == (True, (tmp_path / picture).read_bytes())
        assert ours(server, tmp_path) == (False, content)
        seen.append(content)
        run_tasks([{POWER: {"name": "web01", "state": "reset"}}], tmp_path, variables=variables(server))

    assert seen[0] != seen[1]
    assert server.world.errors == []


def test_govc_sees_what_we_see(
    govc_program: str, server: Server, tmp_path: pathlib.Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("command", "vm.console -capture")
    done = Govc(govc_program, server, tmp_path)("vm.console", "-capture", str(tmp_path / "govc.png"), "web01")

    assert done.returncode == 0, done.stderr
    assert ours(server, tmp_path) == (True, (tmp_path / "govc.png").read_bytes())
