# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start and stop a simulated ESXi host that outlives this process. Prints what came of it as JSON."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

NEEDED = {"cryptography": "cryptography", "pyVmomi": "pyvmomi", "yaml": "pyyaml"}
STOP_SECONDS = 10.0
LAST_LINES = 15


class NotDone(Exception):
    """What was asked for cannot be had; the message is for people."""


class Place:
    """The directory of one simulator, and what is in it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.ready = directory / "ready.json"
        self.started_with = directory / "started_with"
        self.log = directory / "simulator.log"

    def pid(self) -> int | None:
        """Return the simulator's process id if it serves; one that is now another process's is nobody's."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            pid = int(json.loads(self.ready.read_text("utf-8"))["pid"])
            if self.is_ours(pid):
                return pid
        return None

    def is_ours(self, pid: int) -> bool:
        """Say whether this process is the simulator that was told of this directory."""
        return str(self.ready) in command_of(pid)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one at a time start or stop it."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def command_of(pid: int) -> Sequence[str]:
    """Return the words of a process's command; none if there is no such process."""
    proc = pathlib.Path("/proc")
    if (proc / "self" / "cmdline").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            return ()
    listed = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until it holds, and say whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def fingerprint(arguments: argparse.Namespace) -> str:
    """Return what a running simulator must have been started with to be the one that is wanted."""
    digest = hashlib.sha256(json.dumps([arguments.port, arguments.vms]).encode())
    if arguments.scenario is not None:
        try:
            digest.update(arguments.scenario.read_bytes())
        except OSError as error:
            raise NotDone(f"the scenario cannot be read: {error}") from None
    return digest.hexdigest()


def start(place: Place, arguments: argparse.Namespace) -> Mapping[str, Any]:
    """Have one that serves this scenario."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise NotDone(f"{sys.executable} lacks {', '.join(missing)}, which the simulator needs")
    wanted = fingerprint(arguments)
    running = place.pid()
    same = running is not None and place.started_with.exists() and place.started_with.read_text("utf-8") == wanted
    if same and not arguments.restart:
        return {"due": False, "pid": running}
    if arguments.check:
        return {"due": True, "pid": None}
    if running is not None:
        end(place, running)
    pid = spawn(place, arguments)
    place.started_with.write_text(wanted, "utf-8")
    return {"due": True, "pid": pid}


def spawn(place: Place, arguments: argparse.Namespace) -> int:
    """Start one, and return its process id when it serves."""
    place.ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "esxsim", "--ready-file", str(place.ready)]
    command += ["--port", str(arguments.port), "--vms", str(arguments.vms)]
    if arguments.scenario is not None:
        command += ["--scenario", str(arguments.scenario)]
    path = [str(arguments.tests), *filter(None, [os.environ.get("PYTHONPATH")])]
    with place.log.open("w") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    serves = wait_until(lambda: place.ready.exists() or process.poll() is not None, arguments.seconds)
    if place.ready.exists() and process.poll() is None:
        return process.pid
    if process.poll() is None:
        process.kill()
        process.wait()
    said = "\n".join(place.log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:])
    why = "it ended" if serves else f"it did not serve within {arguments.seconds:g} s"
    raise NotDone(f"the simulator could not be started, {why}: {said or 'it said nothing'}")


def stop(place: Place, arguments: argparse.Namespace) -> Mapping[str, Any]:
    """Have none."""
    running = place.pid()
    if running is not None and not arguments.check:
        end(place, running)
    return {"due": running is not None, "pid": None}


def end(place: Place, pid: int) -> None:
    """End the simulator: it is asked to, and then it is not asked any more."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_until(lambda: not place.is_ours(pid), STOP_SECONDS):
            place.ready.unlink(missing_ok=True)
            return
    raise NotDone(f"the simulator does not end: process {pid}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("act", choices=["start", "stop"])
    made.add_argument("--directory", type=pathlib.Path, required=True)
    made.add_argument("--tests", type=pathlib.Path, help="the folder that holds esxsim")
    made.add_argument("--scenario", type=pathlib.Path)
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--vms", type=int, default=1)
    made.add_argument("--seconds", type=float, default=30)
    made.add_argument("--restart", action="store_true", help="start a new one even if the right one runs")
    made.add_argument("--check", action="store_true", help="only say what would be done")
    return made


def main() -> int:
    arguments = parser().parse_args()
    place = Place(arguments.directory)
    act = start if arguments.act == "start" else stop
    try:
        if arguments.check and not place.directory.is_dir():
            # A lock would be the first file there.
            done = act(place, arguments)
        else:
            with place.locked():
                done = act(place, arguments)
    except (NotDone, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(done) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
