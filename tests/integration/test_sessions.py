# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session that is shared by real plays: by forks, and by who comes after a task that was killed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.virt.esx.tests.esxsim import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.support.clients import variables
from ansible_collections.virt.esx.tests.support.playbooks import playbook, python_of_its_own, run_tasks

FORKS = 8
SECONDS = 60
KEPT = {"persist_session": True}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(load_scenario({"vms": [{"name": "web01"}]})) as running:
        yield running


def environment(server: Server, home: pathlib.Path) -> dict[str, str]:
    return {**variables(server), "XDG_RUNTIME_DIR": str(home)}


def test_forks_that_begin_at_once_share_one_login(server: Server, tmp_path: pathlib.Path) -> None:
    server.world.faults.add(FaultRule(method="Login", action="latency", seconds=3))
    tasks = [{"virt.esx.esx_vm_info": {"name": "web01", **KEPT}, "delegate_to": "localhost"}] * 2
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}
    hosts = "".join(f"fork{number}," for number in range(FORKS))

    done = playbook([play], tmp_path, "-i", hosts, "--forks", str(FORKS), variables=environment(server, tmp_path))

    assert done.returncode == 0, done.stdout
    assert server.world.sessions.logins <= 2
    # Each reads who is meant, and then the facts.
    assert server.log.soap().count("RetrievePropertiesEx") == 2 * 2 * FORKS


def test_a_play_of_twenty_tasks_takes_one_login_and_one_connection_each(server: Server, tmp_path: pathlib.Path) -> None:
    tasks = [{"virt.esx.esx_vm_power": {"name": "web01", "state": "powered-off"}}] * 20

    played = run_tasks(tasks, tmp_path, variables=environment(server, tmp_path), defaults=KEPT)

    assert [result["changed"] for result in played.results] == [False] * 20, played.output
    assert server.log.soap() == ["RetrieveServiceContent", "Login", *["RetrievePropertiesEx"] * 20]
    assert server.log.connections() == 20


def test_a_task_that_was_killed_leaves_a_usable_session(server: Server, tmp_path: pathlib.Path) -> None:
    place = environment(server, tmp_path)
    wait = {"virt.esx.esx_question_info": {"name": "web01"}}, {"virt.esx.esx_question": {"wait": 120, **KEPT}}
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + SECONDS
        while not killed and time.monotonic() < deadline:
            if server.world.clock.parked():
                killed.extend(_kill_modules(tmp_path))
            time.sleep(0.05)

    thread = threading.Thread(target=kill)
    thread.start()
    # The play outlives the process.
    own = {"ansible_python_interpreter": python_of_its_own(tmp_path)}
    first = run_tasks([{**wait[1], "vars": own}], tmp_path, variables=place)
    thread.join(SECONDS)
    second = run_tasks([wait[0]], tmp_path, variables=place, defaults=KEPT)

    assert killed
    assert first.results[0]["failed"], first.output
    assert not second.results[0]["failed"], second.output
    assert server.world.sessions.logins == 1


def _kill_modules(home: pathlib.Path) -> list[int]:
    """Kill the processes that run a module of ours in the plays of this test, and say which."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (folder / "environ").read_bytes().split(b"\0")
            line = (folder / "cmdline").read_bytes()
            if f"XDG_RUNTIME_DIR={home}".encode() in said and b"AnsiballZ_esx_" in line:
                os.kill(int(folder.name), signal.SIGKILL)
                found.append(int(folder.name))
    return found
