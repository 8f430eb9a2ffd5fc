# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run real ansible-playbook from a test, with this clone as virt.esx and nothing of the user's configuration."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAY_SECONDS = 300


@dataclass(frozen=True)
class Played:
    """What came of a play: its exit status, all it printed, and the result of each task that was registered."""

    status: int
    output: str
    results: Sequence[Mapping[str, Any]]


def environment(home: pathlib.Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's changes what Ansible does, and no real host is named."""
    link = home / "tree" / "ansible_collections" / "virt" / "esx"
    if not link.is_symlink():
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT, target_is_directory=True)
    config = home / "ansible.cfg"
    config.write_text("[defaults]\n", "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VMWARE_", "PYTHON"))}
    return kept | {
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_COLLECTIONS_PATH": str(home / "tree"),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_FORCE_HANDLERS": "true",
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def python_of_its_own(folder: pathlib.Path) -> str:
    """
    Return another name for this Python.

    A task with this ``ansible_python_interpreter`` runs its module in a process of its own, as on another machine.
    """
    name = folder / "python"
    name.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
    name.chmod(0o700)
    return str(name)


def playbook(
    plays: Sequence[Mapping[str, Any]] | pathlib.Path,
    home: pathlib.Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ansible-playbook in ``home``; ``variables`` are added to its environment."""
    if isinstance(plays, pathlib.Path):
        path = plays
    else:
        path = home / "play.yml"
        path.write_text(json.dumps(plays), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(path), *arguments],
        env=environment(home) | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PLAY_SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )


def inventory(
    path: pathlib.Path, home: pathlib.Path, *, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ansible-inventory on one source; its standard output is the inventory as JSON."""
    return subprocess.run(
        [sys.executable, "-m", "ansible", "inventory", "--inventory", str(path), "--list", "--export"],
        env=environment(home) | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PLAY_SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )


def run_tasks(
    tasks: Sequence[Mapping[str, Any]],
    home: pathlib.Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Played:
    """
    Run tasks one after the other on localhost, going on where one fails, and return what each of them registered.

    ``defaults`` are module defaults of the action group virt.esx.esx.
    """
    kept = home / "results.json"
    registered = [{**task, "register": f"result_{number}", "ignore_errors": True} for number, task in enumerate(tasks)]
    names = ", ".join(f"result_{number}" for number in range(len(tasks)))
    keep = {"ansible.builtin.copy": {"content": f"{{{{ [{names}] | to_json }}}}", "dest": str(kept), "mode": "0600"}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/virt.esx.esx": dict(defaults or {})},
        "tasks": [*registered, {**keep, "check_mode": False}],
    }
    done = playbook([play], home, *arguments, variables=variables)
    results = json.loads(kept.read_text("utf-8")) if kept.is_file() else []
    return Played(done.returncode, done.stdout, results)
