# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Who is measured: this collection, the collections of others, govc, virsh, and a script written by hand for pyVmomi.

A contestant that is not here is left out, by name.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.virt.esx.tests.support import peer_collections
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, environment
from ansible_collections.virt.esx.tests.support.processes import importing

from .measuring import Command

OURS, KEPT, MODULE = "virt.esx", "virt.esx, persist_session", "virt.esx, module alone"
COMMUNITY, VMWARE = "community.vmware", "vmware.vmware"
GOVC, VIRSH, SCRIPT = "govc", "virsh", "pyVmomi by hand"
GOVC_TASK, VIRSH_TASK = "govc, as a task", "virsh, as a task"
LEAST = "community.vmware, least properties"
PING, EMPTY = "ansible.builtin.ping", "an empty play"
FLOOR = "Python with Ansible and pyVmomi, idle"
PLAYS = (OURS, KEPT, COMMUNITY, LEAST, VMWARE, GOVC_TASK, VIRSH_TASK, PING, EMPTY)
# What somebody may put into a playbook instead of our module, and what has no Ansible around it.
TASKS, PROGRAMS = (COMMUNITY, LEAST, VMWARE, GOVC_TASK, VIRSH_TASK), (GOVC, VIRSH)
IDLE = "import ansible.module_utils.basic, pyVmomi.vim"

Tasks = Sequence[Mapping[str, Any]]


def program(name: str) -> str | None:
    """Return the path of a program of others, None where it is missing."""
    return shutil.which(name) or shutil.which(name, path=str(ROOT / ".cache" / "gobin"))


def missing() -> list[str]:
    """Return the names of the contestants that are not here."""
    there = {
        COMMUNITY: peer_collections.place().is_dir(),
        VMWARE: peer_collections.place().is_dir(),
        GOVC: program("govc") is not None,
        VIRSH: program("virsh") is not None,
    }
    return [name for name, is_there in there.items() if not is_there]


def versions() -> dict[str, str]:
    """Return the release of everything that has a part in this."""
    found = {
        "Python": ".".join(str(part) for part in sys.version_info[:3]),
        "ansible-core": importlib.metadata.version("ansible-core"),
        "pyVmomi": importlib.metadata.version("pyvmomi"),
    }
    for name in (COMMUNITY, VMWARE):
        manifest = peer_collections.place() / "ansible_collections" / name.replace(".", "/") / "MANIFEST.json"
        if manifest.is_file():
            found[name] = json.loads(manifest.read_text("utf-8"))["collection_info"]["version"]
    for name, option in ((GOVC, "version"), (VIRSH, "--version")):
        path = program(name)
        if path is not None:
            said = subprocess.run([path, option], capture_output=True, text=True, check=False, timeout=30).stdout
            found[name] = said.split()[-1] if said.split() else "?"
            # A program that "go install" has made does not know its release; its copy is named for it.
            named = sorted(Path(path).parent.glob(f"{name}-v*"))
            found[name] = named[-1].name.removeprefix(f"{name}-v") if named else found[name]
    return found


class Place:
    """A folder to work in and a host to work on: makes the commands."""

    def __init__(self, ready: Mapping[str, Any], home: Path) -> None:
        self.home = home
        self._ready = ready
        self._number = 0
        self._basis = environment(home) | {
            "VMWARE_HOST": ready["hostname"],
            "VMWARE_PORT": str(ready["port"]),
            "VMWARE_USER": ready["username"],
            "VMWARE_PASSWORD": ready["password"],
            "VMWARE_VALIDATE_CERTS": "false",
        }

    def play(self, tasks: Tasks, name: str = OURS) -> Command:
        """Run a play of such tasks with ansible-playbook."""
        path = self._file("play", [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}])
        more = self._peer() if name in (COMMUNITY, VMWARE) else {}
        if name == KEPT:
            # Sessions are kept below this folder, and each run shall begin without one.
            more = {"XDG_RUNTIME_DIR": str(self._folder("run"))}
        return self._command([sys.executable, "-m", "ansible", "playbook", str(path)], **more)

    def python(self, *arguments: str) -> Command:
        """Run this Python."""
        return self._command([sys.executable, *arguments])

    def as_task(self, *commands: Command) -> Command:
        """Run programs as the tasks of a play, as a playbook would without a module for the work."""
        variables = {name: value for one in commands for name, value in one.environment.items()}
        tasks = [{"ansible.builtin.command": {"argv": list(one.argv)}} for one in commands]
        return dataclasses.replace(self.play(tasks), environment=variables)

    def module(self, name: str, /, **options: Any) -> Command:
        """Run a module of ours as the process that Ansible would start, without Ansible around it."""
        path = self._file("arguments", {"ANSIBLE_MODULE_ARGS": options})
        module = f"ansible_collections.virt.esx.plugins.modules.{name}"
        found = importing(str(self.home / "tree"))["PYTHONPATH"]
        return self._command([sys.executable, "-m", module, str(path)], PYTHONPATH=found)

    def script(self, *arguments: str) -> Command:
        """Run the script that was written by hand."""
        return self._command([sys.executable, str(Path(__file__).with_name("script.py")), *arguments])

    def govc(self, *arguments: str) -> Command:
        """Run govc."""
        ready = self._ready
        url = f"https://{ready['username']}:{ready['password']}@{ready['hostname']}:{ready['port']}/sdk"
        kept = {"GOVC_URL": url, "GOVC_INSECURE": "1", "GOVC_PERSIST_SESSION": "false", "GOVMOMI_HOME": str(self.home)}
        return self._command([str(program("govc")), *arguments], **kept)

    def govc_each(self, arguments: Sequence[str], names: Sequence[str]) -> Command:
        """Run govc once for each name, one after the other."""
        one = self.govc(*arguments)
        script = "for name; do " + shlex.join(one.argv) + ' "$name" || exit 1; done'
        return Command(argv=["sh", "-c", script, "sh", *names], environment=one.environment, folder=one.folder)

    def idle(self) -> Command:
        """Load what every module that speaks to a host needs, and do nothing."""
        return self._command([sys.executable, "-c", IDLE])

    def fresh(self, count: int) -> list[str]:
        """Return names that no machine here ever had: files of those that are gone may lie around."""
        self._number += 1
        return [f"new-{self._number}-{number}" for number in range(1, count + 1)]

    def text(self, name: str, content: str) -> Path:
        """Write a file for a command and return its path."""
        path = self.home / name
        path.write_text(content, "utf-8")
        return path

    def virsh(self, *commands: str) -> Command:
        """Run virsh, with one connection for all of the commands."""
        ready = self._ready
        auth = self.home / "auth.conf"
        auth.write_text(
            f"[credentials-sim]\nusername={ready['username']}\npassword={ready['password']}\n"
            f"[auth-esx-{ready['hostname']}]\ncredentials=sim\n",
            "utf-8",
        )
        uri = f"esx://{ready['username']}@{ready['hostname']}:{ready['port']}/?no_verify=1"
        return self._command([str(program("virsh")), "-c", uri, "; ".join(commands)], LIBVIRT_AUTH_FILE=str(auth))

    def _peer(self) -> dict[str, str]:
        place = peer_collections.place()
        for namespace in ("community", "vmware"):
            link = self.home / "tree" / "ansible_collections" / namespace
            if not link.is_symlink():
                link.symlink_to(place / "ansible_collections" / namespace, target_is_directory=True)
        return {"PYTHONPATH": str(place / "lib")}

    def _folder(self, name: str) -> Path:
        self._number += 1
        path = self.home / f"{name}-{self._number}"
        path.mkdir(mode=0o700)
        return path

    def _file(self, name: str, content: Any) -> Path:
        self._number += 1
        path = self.home / f"{name}-{self._number}.json"
        path.write_text(json.dumps(content), "utf-8")
        return path

    def _command(self, argv: Sequence[str], **variables: str) -> Command:
        return Command(argv=argv, environment=self._basis | variables, folder=self.home)
