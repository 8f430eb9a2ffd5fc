# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Who is measured: this collection, the collections of others, govc, virsh, and a script written by hand for pyVmomi.

A contestant that is not here is left out, by name.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.virt.esx.tests.support import peer_collections
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, environment

from .measuring import Command

OURS, KEPT, MODULE = "virt.esx", "virt.esx, persist_session", "virt.esx, module alone"
COMMUNITY, VMWARE = "community.vmware", "vmware.vmware"
GOVC, VIRSH, SCRIPT = "govc", "virsh", "pyVmomi by hand"
PING, EMPTY = "ansible.builtin.ping", "an empty play"
PLAYS = (OURS, KEPT, COMMUNITY, VMWARE, PING, EMPTY)

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
        return self._command([sys.executable, "-m", "ansible", "playbook", str(path)], **more)

    def module(self, name: str, /, **options: Any) -> Command:
        """Run a module of ours as the process that Ansible would start, without Ansible around it."""
        path = self._file("arguments", {"ANSIBLE_MODULE_ARGS": options})
        module = f"ansible_collections.virt.esx.plugins.modules.{name}"
        return self._command([sys.executable, "-m", module, str(path)], PYTHONPATH=str(self.home / "tree"))

    def script(self, *arguments: str) -> Command:
        """Run the script that was written by hand."""
        return self._command([sys.executable, str(Path(__file__).with_name("script.py")), *arguments])

    def govc(self, *arguments: str) -> Command:
        """Run govc."""
        ready = self._ready
        url = f"https://{ready['username']}:{ready['password']}@{ready['hostname']}:{ready['port']}/sdk"
        kept = {"GOVC_URL": url, "GOVC_INSECURE": "1", "GOVC_PERSIST_SESSION": "false", "GOVMOMI_HOME": str(self.home)}
        return self._command([str(program("govc")), *arguments], **kept)

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

    def _file(self, name: str, content: Any) -> Path:
        self._number += 1
        path = self.home / f"{name}-{self._number}.json"
        path.write_text(json.dumps(content), "utf-8")
        return path

    def _command(self, argv: Sequence[str], **variables: str) -> Command:
        return Command(argv=argv, environment=self._basis | variables, folder=self.home)
