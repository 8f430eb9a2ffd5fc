# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator in a process of its own, and what a command costs on it: time, memory, requests, bytes, logins."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

TESTS = Path(__file__).resolve().parents[1]
LAUNCHER = Path(__file__).with_name("launcher.py")
START_SECONDS = 60
COMMAND_SECONDS = 900
ATTEMPTS = 500
TAIL = 400


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is run: a program with its arguments, in an environment, and in a folder."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Cost:
    """
    What one run took.

    ``seconds`` from start to end, ``cpu`` of the command alone and ``peak_mib`` of its largest process; what the host
    saw: ``requests``, ``logins``, ``received`` and ``sent`` bytes; ``reaction`` is the time from a question to its
    answer. ``failure`` is what it said where it failed.
    """

    seconds: float
    cpu: float
    peak_mib: float
    requests: int = 0
    logins: int = 0
    kilobytes: float = 0.0
    reaction: float | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Costs:
    """Several runs of one command."""

    runs: list[Cost] = field(default_factory=list)

    @property
    def failure(self) -> str | None:
        """What a run that failed said, None if none did."""
        return next((run.failure for run in self.runs if run.failure is not None), None)

    def median(self, name: str) -> float:
        """Return the median of a figure."""
        values = [getattr(run, name) for run in self.runs]
        return float(statistics.median(value for value in values if value is not None))

    @property
    def worst_reaction(self) -> float | None:
        """The longest time from a question to its answer, in seconds; None where there was none."""
        return max((run.reaction for run in self.runs if run.reaction is not None), default=None)


class Control:
    """The simulator's control endpoint."""

    def __init__(self, port: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._http = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)

    def __call__(self, verb: str, name: str, **given: Any) -> Any:
        self._http.request(verb, f"/control/{name}", json.dumps(given) if given else None)
        return json.loads(self._http.getresponse().read())

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class Simulator:
    """One simulated host; ``ready`` says how to reach it."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.ready = ready

    def settle(self) -> None:
        """Forget the tasks of earlier runs, as a host does in the course of time: who comes later reads no more."""
        control = Control(self.ready["port"])
        control("POST", "restart", seconds=0)
        # It hangs up a moment later, and looks at its clock only when somebody asks it something.
        for _attempt in range(ATTEMPTS):
            try:
                control("GET", "clock")
            except (OSError, http.client.HTTPException):
                control.close()
                break
            time.sleep(0.02)
        for _attempt in range(ATTEMPTS):
            with suppress(OSError, http.client.HTTPException):
                again = Control(self.ready["port"])
                again("GET", "clock")
                again.close()
                return
            time.sleep(0.02)
        raise SystemExit("the simulator did not come back")

    def power(self, state: str) -> None:
        """Bring every virtual machine to a power state, behind everybody's back."""
        control = Control(self.ready["port"])
        for vm in control("GET", "vms")["vms"]:
            if vm["power_state"] != state:
                control("POST", "power", vm=vm["moid"], state=state)
        control.close()

    def clear(self, names: str) -> None:
        """Take every machine whose name begins like this out of the inventory."""
        control = Control(self.ready["port"])
        for vm in control("GET", "vms")["vms"]:
            if vm["name"].startswith(names):
                control("POST", "delete", vm=vm["moid"])
        control.close()

    def vms(self) -> list[dict[str, Any]]:
        """Return what there is: ``name`` and ``power_state`` of each machine, among others."""
        control = Control(self.ready["port"])
        found: list[dict[str, Any]] = control("GET", "vms")["vms"]
        control.close()
        return found

    def measure(self, command: Command, delay: float | None = None, check: Check | None = None) -> Cost:
        """
        Run a command; ``delay`` is that of the question that it meets.

        ``check`` looks afterwards whether the work was done, for who does nothing is fast.
        """
        self.settle()
        control = Control(self.ready["port"])
        control("DELETE", "calls")
        with tempfile.TemporaryFile() as output:
            seconds, cpu, peak_mib, status = _launch(command, output)
            output.seek(max(0, output.seek(0, os.SEEK_END) - TAIL))
            said = output.read().decode("utf-8", "replace")
        requests = control("GET", "requests")
        calls = control("GET", "calls")
        control.close()
        failure = " ".join(said.split()) if status else None
        if failure is None and check is not None:
            failure = check(self)
        return Cost(
            seconds=seconds,
            cpu=cpu,
            peak_mib=peak_mib,
            requests=requests["count"],
            logins=calls["logins"],
            kilobytes=sum(one["received"] + one["sent"] for one in requests["requests"]) / 1000,
            reaction=_reaction(calls["calls"], delay),
            failure=failure,
        )


# Says what is missing after the work, None where nothing is.
Check = Callable[[Simulator], str | None]


def _launch(command: Command, output: IO[bytes]) -> tuple[float, float, float, int]:
    """Run a command: its seconds, its computing time, the MiB of its largest process, and its exit status."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as took:
        process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(LAUNCHER),
                took.name,
                shutil.which(command.argv[0]) or "",
                *command.argv[1:],
            ],
            env=dict(command.environment),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return COMMAND_SECONDS, 0, 0, -signal.SIGKILL
        seconds, cpu, peak_mib, status = json.loads(took.read() or "[0, 0, 0, 127]")
    return seconds, cpu, peak_mib, status


def _reaction(calls: Sequence[Mapping[str, Any]], delay: float | None) -> float | None:
    started = [call["at"] for call in calls if call["method"] == "PowerOnVM_Task"]
    answered = [call["at"] for call in calls if call["method"] == "AnswerVM"]
    if delay is None or not started or not answered:
        return None
    return float(answered[0] - started[0] - delay)


@contextmanager
def simulator(scenario: Mapping[str, Any], folder: Path) -> Iterator[Simulator]:
    """Serve a scenario."""
    ready, path = folder / "ready.json", folder / "scenario.json"
    path.write_text(json.dumps(scenario), "utf-8")
    command = [sys.executable, "-m", "esxsim", "--port", "0", "--scenario", str(path), "--ready-file", str(ready)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            began = time.monotonic()
            while not ready.exists():
                if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                    raise SystemExit("the simulator did not start")
                time.sleep(0.02)
            yield Simulator(json.loads(ready.read_text("utf-8")))
        finally:
            process.terminate()
