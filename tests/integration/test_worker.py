# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module does in Ansible's own process is what it does in one of its own, by real ansible-playbook."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving, variables
from ansible_collections.virt.esx.tests.support.playbooks import Played, environment, python_of_its_own, run_tasks

SCENARIO: dict[str, Any] = {
    "vms": [
        {"name": "web01", "disks": [{"size_gib": 1}]},
        {"name": "asking01", "questions": [{"question": "msg.serial.file.open", "during": "power-on"}]},
    ]
}
POWER, INFO, DEFINE = "virt.esx.esx_vm_power", "virt.esx.esx_vm_info", "virt.esx.esx_vm_define"
SECRET = "s3cr3t-of-the-console"
TASKS: list[dict[str, Any]] = [
    {INFO: {"name": "web01", "with_definition": True}},
    {INFO: {"name": "nobody"}},
    {INFO: {"name": "web01", "names": ["web01"]}},
    {INFO: {"nonsense": 1}},
    {POWER: {"name": "web01", "state": "powered-on"}, "check_mode": True, "diff": True},
    {POWER: {"name": "web01", "state": "powered-on"}},
    {POWER: {"name": "asking01", "state": "powered-on"}},
    {DEFINE: {"name": "web01", "definition": {"vnc": {"port": 5901, "password": SECRET}}}, "diff": True},
    {"virt.esx.esx_vm_screenshot": {"name": "web01", "dest": "beside_the_playbook.png"}},
    {INFO: {"uri": f"esx://root:{SECRET}@127.0.0.1/?no_verify=1"}},
    {INFO: {"uri": "esx://127.0.0.1/?no_verify=1&nonsense=1", "name": "web01"}},
    {INFO: {"name": "web01"}, "environment": {"VMWARE_USER": "nobody"}},
    {INFO: {"name": "{{ item }}"}, "loop": ["web01", "asking01"]},
    {INFO: {"name": "web01"}, "no_log": True},
]
SECONDS = 60
# What belongs to the two runs, not to what the module did; the size and the digest are those of a picture.
APART = {"exception", "deprecations", "boot_time", "port", "sha256", "size"}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as running:
        yield running


def played(place: str, folder: pathlib.Path, *arguments: str) -> tuple[Played, pathlib.Path]:
    """Run the tasks on a new host."""
    home = folder / place
    home.mkdir()
    with serving(SCENARIO, home) as server:
        return run_tasks(TASKS, home, "-vvv", *arguments, variables=variables(server)), home


def compared(result: Mapping[str, Any], home: pathlib.Path) -> Any:
    """Return what of a result is the same on two hosts that are alike."""
    return json.loads(json.dumps(dict(result)).replace(str(home), "HOME"), object_hook=_without_what_is_apart)


def test_both_ways_come_to_the_same(tmp_path: pathlib.Path) -> None:
    here, its_home = played("here", tmp_path)
    process, other_home = played(
        "process", tmp_path, "-e", json.dumps({"ansible_python_interpreter": python_of_its_own(tmp_path)})
    )

    assert len(here.results) == len(process.results) == len(TASKS), here.output
    for mine, theirs in zip(here.results, process.results, strict=True):
        assert compared(mine, its_home) == compared(theirs, other_home)
    assert (its_home / "beside_the_playbook.png").is_file()
    assert "unknown names in the URI's query are ignored: nonsense" in " ".join(here.output.split())
    assert SECRET not in here.output
    assert ("AnsiballZ_esx_" in here.output, "AnsiballZ_esx_vm_info" in process.output) == (False, True)


STARTS_NOTHING: dict[str, dict[str, Any]] = {
    "as it is": {},
    "delegated": {"delegate_to": "localhost"},
    "any Python": {"vars": {"ansible_python_interpreter": "auto_silent"}},
    "Ansible's Python": {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}},
}
Asked = Callable[[pathlib.Path], dict[str, Any]]
STARTS_A_PROCESS: dict[str, Asked] = {
    "in the background": lambda home: {"async": 60, "poll": 1, "vars": {"ansible_async_dir": str(home / "async")}},
    "another Python": lambda home: {"vars": {"ansible_python_interpreter": python_of_its_own(home)}},
    "another user": lambda home: {"become": True, "vars": {"ansible_become_exe": str(_becoming(home))}},
    "another machine": lambda home: {"delegate_to": "away", "vars": _away(home)},
}


def test_what_would_run_here_anyway_starts_no_process(server: Server, tmp_path: pathlib.Path) -> None:
    tasks = [{INFO: {"name": "web01"}, **keywords} for keywords in STARTS_NOTHING.values()]

    done = run_tasks(tasks, tmp_path, "-vvv", variables=variables(server))

    assert [result["vm"]["name"] for result in done.results] == ["web01"] * len(tasks), done.output
    assert "AnsiballZ_esx_" not in done.output


@pytest.mark.parametrize("asked", STARTS_A_PROCESS.values(), ids=STARTS_A_PROCESS)
def test_what_would_run_elsewhere_runs_there(asked: Asked, server: Server, tmp_path: pathlib.Path) -> None:
    task = {INFO: {"name": "web01"}, **asked(tmp_path)}

    done = run_tasks([task], tmp_path, "-vvv", variables=variables(server))

    assert done.results[0]["vm"]["name"] == "web01", done.output
    assert "AnsiballZ_esx_" in done.output


def test_without_pyvmomi_the_module_says_what_is_missing(server: Server, tmp_path: pathlib.Path) -> None:
    library = tmp_path / "library" / "pyVmomi"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("raise ImportError('not here')\n", "utf-8")
    place = {**variables(server), "PYTHONPATH": str(library.parent)}

    done = run_tasks([{INFO: {"name": "web01"}}], tmp_path, "-vvv", variables=place)

    assert done.results[0]["failed"]
    assert "pyVmomi" in done.results[0]["msg"]
    assert "AnsiballZ_esx_" in done.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_play_that_is_told_to_end_logs_out(number: int, server: Server, tmp_path: pathlib.Path) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"virt.esx.esx_question": {"wait": 120}}]}
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", str(path)],
        env=environment(tmp_path) | variables(server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as process:
        _until(server.world.clock.parked)
        # As a terminal does, and whoever cancels a job.
        os.killpg(process.pid, number)
        output = process.communicate(timeout=SECONDS)[0]

    _until(lambda: "Logout" in server.log.soap())
    assert "Traceback" not in output


def test_a_task_that_ran_out_of_time_has_logged_out(server: Server, tmp_path: pathlib.Path) -> None:
    task = {"virt.esx.esx_question": {"wait": 120}, "timeout": 3}

    done = run_tasks([task], tmp_path, variables=variables(server))

    assert done.results[0]["failed"]
    # A wait is in the log when it ends.
    assert server.log.soap()[-2:] == ["Logout", "WaitForUpdatesEx"]


def _until(comes_true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not comes_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _without_what_is_apart(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in APART}


def _becoming(home: pathlib.Path) -> pathlib.Path:
    """Return a stand-in for sudo that changes nobody: it leaves out its own options."""
    return _script(home / "sudo", 'while [ "$1" != /bin/sh ]; do shift; done; exec "$@"')


def _away(home: pathlib.Path) -> dict[str, str]:
    """Return what makes ssh lead to a machine that is this one."""
    ssh = _script(home / "ssh", 'for last; do :; done; eval exec "$last"')
    return {"ansible_ssh_executable": str(ssh), "ansible_python_interpreter": sys.executable}


def _script(path: pathlib.Path, command: str) -> pathlib.Path:
    path.write_text(f"#!/bin/sh\n{command}\n", "utf-8")
    path.chmod(0o700)
    return path
