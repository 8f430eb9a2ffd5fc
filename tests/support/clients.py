# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated host behind a port, and the programs of others that drive it: virsh and govc."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.certificates import make_certificate
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario

SECONDS = 30
Done = subprocess.CompletedProcess[str]


@contextmanager
def serving(scenario: Mapping[str, Any], directory: pathlib.Path) -> Iterator[Server]:
    """Serve the world of a scenario over HTTPS; its certificate is kept in the directory."""
    world = load_scenario(scenario)
    with serve(world, certificate=make_certificate(directory / "certificate"), routes=routes(world)) as server:
        yield server


def until_idle(world: World) -> None:
    """Wait until no task runs."""
    with world.lock:
        world.clock.wait(world.changed, lambda: world.tasks.running() == [], 10)


def variables(server: Server) -> dict[str, str]:
    """Return the environment variables with which our modules reach the simulator."""
    world = server.world
    return {
        "VMWARE_HOST": "127.0.0.1",
        "VMWARE_PORT": str(server.port),
        "VMWARE_USER": world.username,
        "VMWARE_PASSWORD": world.password,
        "VMWARE_VALIDATE_CERTS": "false",
    }


def _run(command: list[str], environment: Mapping[str, str], folder: pathlib.Path, seconds: float) -> Done:
    return subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C", **environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Virsh:
    """virsh, with a connection to a server; ``folder`` is where it runs."""

    def __init__(self, program: str, server: Server, folder: pathlib.Path) -> None:
        self._program = program
        self.server = server
        self.folder = folder
        self._auth = folder / "auth.conf"
        world = server.world
        self._auth.write_text(
            f"[credentials-sim]\nusername={world.username}\npassword={world.password}\n"
            "[auth-esx-127.0.0.1]\ncredentials=sim\n",
            "utf-8",
        )

    @property
    def uri(self) -> str:
        """The connection."""
        return f"esx://{self.server.world.username}@127.0.0.1:{self.server.port}/?no_verify=1"

    def __call__(self, *command: str, auto_answer: bool = False, seconds: float = SECONDS) -> Done:
        uri = self.uri + ("&auto_answer=1" if auto_answer else "")
        return _run([self._program, "-c", uri, *command], {"LIBVIRT_AUTH_FILE": str(self._auth)}, self.folder, seconds)


class Govc:
    """govc, with a connection to a server; ``folder`` is where it runs."""

    def __init__(self, program: str, server: Server, folder: pathlib.Path) -> None:
        self._program = program
        self.server = server
        self.folder = folder
        world = server.world
        self._environment = {
            "GOVC_URL": f"https://{world.username}:{world.password}@127.0.0.1:{server.port}/sdk",
            "GOVC_INSECURE": "1",
            "GOVC_PERSIST_SESSION": "false",
            "GOVC_DATASTORE": "datastore1",
            "GOVMOMI_HOME": str(folder),
            "TZ": "UTC",
        }

    def __call__(self, *command: str, seconds: float = SECONDS) -> Done:
        return _run([self._program, *command], self._environment, self.folder, seconds)

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Start a command that is waited for later."""
        return subprocess.Popen(
            [self._program, *command],
            env={**os.environ, **self._environment},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
