# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Run every integration target as ``ansible-test integration`` does, without needing its layout of folders.

Each target gets a simulator of its own, in a process of its own, with the scenario that lies beside it, and a real
``ansible-playbook``. With MODULES_RUN_IN=processes each task runs its module in a process of its own, as on another
machine, otherwise Ansible's own process does its work.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.virt.esx.tests.support.playbooks import python_of_its_own

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = ROOT / "tests" / "integration" / "targets"
NAMES = sorted(path.name for path in TARGETS.iterdir() if (path / "scenario.yml").is_file())
IN_PROCESSES = os.environ.get("MODULES_RUN_IN") == "processes"
START_SECONDS = 60
PLAY_SECONDS = 300


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder that is a collections path with this clone in it, whatever the clone's own folder is called."""
    link = tmp_path / "tree" / "ansible_collections" / "virt" / "esx"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT, target_is_directory=True)
    return tmp_path / "tree"


@pytest.fixture
def environment(tmp_path: pathlib.Path, tree: pathlib.Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's changes what Ansible does, and no real host is named."""
    config = tmp_path / "ansible.cfg"
    config.write_text("[defaults]\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VMWARE_", "PYTHON"))}
    return kept | {
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_COLLECTIONS_PATH": str(tree),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_FORCE_HANDLERS": "true",
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_ROLES_PATH": str(TARGETS),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
    }


@pytest.fixture
def esxsim(name: str, tmp_path: pathlib.Path, environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Serve the target's scenario during the test; yield what the ready file says: where, who, and whom to trust."""
    ready, log = tmp_path / "ready.json", tmp_path / "simulator.log"
    command = [sys.executable, "-m", "esxsim", "--scenario", str(TARGETS / name / "scenario.yml"), "--port", "0"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--ready-file", str(ready)],
            env=environment | {"PYTHONPATH": str(ROOT / "tests")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready.is_file():
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, f"no ready file: {log.read_text('utf-8')}"
                time.sleep(0.05)
            yield json.loads(ready.read_text("utf-8"))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.mark.parametrize("name", NAMES)
def test_the_target_passes(
    name: str, tmp_path: pathlib.Path, environment: dict[str, str], esxsim: dict[str, Any]
) -> None:
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "roles": [name]}]), "utf-8")

    variables: dict[str, Any] = {"esxsim": esxsim}
    if IN_PROCESSES:
        variables["ansible_python_interpreter"] = python_of_its_own(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(play), "-e", json.dumps(variables)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PLAY_SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )

    assert done.returncode == 0, done.stdout


def test_every_target_has_a_scenario() -> None:
    without = [path.name for path in TARGETS.iterdir() if path.name != "setup_esxsim" and path.name not in NAMES]

    assert without == []
