# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator that a role starts, by real ansible-playbook: from this clone and from an installed collection."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, environment, playbook

SECRET = "s3cr3t-of-the-rehearsal"
SCENARIO: dict[str, Any] = {"host": {"password": SECRET}, "vms": [{"name": "web01"}]}
BACKGROUND = ROOT / "roles" / "esxsim" / "files" / "esxsim_background.py"
SECONDS = 60


def simulator(**variables: Any) -> dict[str, Any]:
    return {
        "ansible.builtin.include_role": {"name": "virt.esx.esxsim"},
        "vars": {f"esxsim_{name}": value for name, value in variables.items()},
    }


def play(*tasks: Mapping[str, Any]) -> list[dict[str, Any]]:
    defaults = {"group/virt.esx.esx": "{{ esxsim_connection | default({}) }}"}
    return [{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": list(tasks)}]


def changes(output: str) -> int:
    found = re.search(r"localhost +: ok=\d+ +changed=(\d+)", output)
    assert found, output
    return int(found[1])


def pid_in(home: pathlib.Path) -> int:
    ready = home / ".cache" / "virt.esx" / "esxsim" / "localhost" / "ready.json"
    pid: int = json.loads(ready.read_text("utf-8"))["pid"]
    return pid


def is_simulator(pid: int) -> bool:
    try:
        return b"esxsim" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def background(act: str, directory: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BACKGROUND), act, f"--directory={directory}", f"--tests={ROOT / 'tests'}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    yield tmp_path
    for ready in (tmp_path / ".cache").rglob("ready.json"):
        background("stop", ready.parent)


def test_a_simulator_is_started_once_used_and_stopped(home: pathlib.Path) -> None:
    powered = {"virt.esx.esx_vm_power": {"name": "web01", "state": "powered-on"}, "changed_when": False}
    start, stop = simulator(scenario=SCENARIO), simulator(state="absent")

    first = playbook(play(start, powered), home)
    pid = pid_in(home)
    second = playbook(play(start, powered), home, "-vv")
    predicted = playbook(play(start, stop), home, "--check")
    assert pid_in(home) == pid
    other = playbook(play(simulator(scenario={"vms": [{"name": "db01"}]})), home)
    new = pid_in(home)
    stopped = playbook(play(stop, stop), home)

    outputs = [done.stdout for done in (first, second, predicted, other, stopped)]
    assert [changes(output) for output in outputs] == [2, 0, 1, 2, 1]
    assert SECRET not in "".join(outputs)
    assert new != pid
    for number in (pid, new):
        assert not is_simulator(number)


def test_a_simulator_is_started_in_check_mode_only_where_that_is_said(home: pathlib.Path) -> None:
    looked = {"virt.esx.esx_vm_power": {"name": "web01", "state": "powered-on"}}
    started = {"name": "Start", "check_mode": False, "block": [simulator(scenario=SCENARIO)]}

    predicted = playbook(play(simulator(scenario=SCENARIO)), home, "--check")
    assert not (home / ".cache").exists()
    done = playbook(play(started, looked), home, "--check")

    assert changes(predicted.stdout) == 2
    assert changes(done.stdout) == 3


def test_what_is_wrong_is_said(home: pathlib.Path) -> None:
    bad = playbook(play(simulator(scenario={"vms": [{"nonsense": 1}]})), home)
    both = playbook(play(simulator(scenario=SCENARIO, scenario_file="x.yml")), home)
    state = playbook(play(simulator(state="running")), home)

    assert bad.returncode == both.returncode == state.returncode == 2
    assert "nonsense" in bad.stdout
    assert "exclude each other" in both.stdout
    assert "value of esxsim_state must be one of" in state.stdout


def test_a_process_that_is_not_the_simulator_is_left_alone(tmp_path: pathlib.Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "ready.json").write_text(json.dumps({"pid": other.pid}), "utf-8")
        done = background("stop", tmp_path)
        assert json.loads(done.stdout) == {"due": False, "pid": None}
        assert other.poll() is None
    finally:
        other.communicate(b"\n", SECONDS)


def test_a_missing_package_is_named(tmp_path: pathlib.Path) -> None:
    command = [sys.executable, "-I", "-S", str(BACKGROUND), "start", f"--directory={tmp_path}", "--tests=nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    assert done.returncode == 1
    assert "lacks cryptography, pyvmomi, pyyaml" in done.stderr


def test_from_an_installed_collection(home: pathlib.Path, tmp_path: pathlib.Path) -> None:
    installed = tmp_path / "installed"
    variables = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}

    def galaxy(*arguments: str) -> None:
        command = [sys.executable, "-m", "ansible", "galaxy", "collection", *arguments]
        done = subprocess.run(
            command,
            env=environment(home) | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    galaxy("build", str(ROOT), "--output-path", str(tmp_path / "built"))
    (tarball,) = (tmp_path / "built").glob("*.tar.gz")
    galaxy("install", "--offline", "--collections-path", str(installed), str(tarball))
    powered = {"virt.esx.esx_vm_power": {"name": "web01", "state": "powered-on"}}
    done = playbook(play(simulator(scenario=SCENARIO), powered, simulator(state="absent")), home, variables=variables)

    assert done.returncode == 0, done.stdout
    assert changes(done.stdout) == 4
