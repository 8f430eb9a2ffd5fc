# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the simulator bears, beside what is promised: ``./dev benchmark simulator``.

Server and client share the machine, so a figure says as much of the machine as of the simulator. The exit status is 1
where a figure misses its promise by more than ``--tolerance``.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
START_SECONDS = 60
READS = 3000
WAITS = 200
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<soapenv:Body><{method} xmlns="urn:vim25">{arguments}</{method}></soapenv:Body></soapenv:Envelope>'
)
COLLECTOR = '<_this type="PropertyCollector">ha-property-collector</_this>'
SPEC = (
    "<propSet><type>VirtualMachine</type><pathSet>{path}</pathSet></propSet>"
    '<objectSet><obj type="VirtualMachine">{moid}</obj></objectSet>'
)


@dataclass(frozen=True)
class Figure:
    """One measured value beside its promise; ``most`` says whether the promise is an upper limit."""

    name: str
    value: float
    unit: str
    promise: float
    most: bool

    @property
    def ratio(self) -> float:
        """How well the promise is kept: 1 is just, 2 twice as well."""
        return self.promise / self.value if self.most else self.value / self.promise

    def __str__(self) -> str:
        wanted = f"{'at most' if self.most else 'at least'} {self.promise:,.0f}"
        return f"{self.name:<52} {self.value:>8,.0f} {self.unit:<8} {wanted:<16} {self.ratio:>6.2f} x"


class Connection:
    """A session on a connection of its own."""

    def __init__(self, ready: dict[str, Any]) -> None:
        context = ssl.create_default_context(cafile=ready["ca_path"])
        self._http = http.client.HTTPSConnection(ready["hostname"], ready["port"], context=context, timeout=60)
        self._headers = {"SOAPAction": '"urn:vim25/8.0.3.0"', "Content-Type": "text/xml"}
        self.call(
            "Login",
            '<_this type="SessionManager">ha-sessionmgr</_this>'
            f"<userName>{ready['username']}</userName><password>{ready['password']}</password>",
        )

    def call(self, method: str, arguments: str) -> str:
        """Send one request; return the text of the answer."""
        self._http.request("POST", "/sdk", ENVELOPE.format(method=method, arguments=arguments), self._headers)
        response = self._http.getresponse()
        if cookie := response.headers.get("Set-Cookie"):
            self._headers["Cookie"] = cookie.partition(";")[0]
        text = response.read().decode()
        if response.status != 200:
            raise SystemExit(f"{method} failed with HTTP {response.status}: {text[:500]}")
        return text

    def read(self, moid: str, path: str) -> str:
        """Read one property of one VM."""
        spec = SPEC.format(path=path, moid=moid)
        return self.call("RetrievePropertiesEx", f"{COLLECTOR}<specSet>{spec}</specSet><options/>")

    def close(self) -> None:
        self._http.close()


@contextmanager
def simulator(vms: int) -> Iterator[dict[str, Any]]:
    """Serve so many VMs in a process of its own; yields how to connect."""
    with tempfile.TemporaryDirectory() as folder:
        ready, scenario = Path(folder, "ready.json"), Path(folder, "scenario.yml")
        scenario.write_text(f"vms: [{{name: 'vm-{{n:05}}', count: {vms}}}]\n", "utf-8")
        command: list[str | Path] = [sys.executable, "-m", "esxsim", "--port", "0"]
        command += ["--scenario", scenario, "--ready-file", ready]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                began = time.monotonic()
                while not ready.exists():
                    if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                        raise SystemExit("the simulator did not start")
                    time.sleep(0.02)
                yield json.loads(ready.read_text("utf-8"))
            finally:
                process.terminate()


def reads(ready: dict[str, Any], connections: int) -> float:
    """Property reads a second, over so many TLS connections at once."""
    clients = [Connection(ready) for _number in range(connections)]

    def work(client: Connection) -> None:
        for number in range(READS // connections):
            client.read(str(number % 100 + 1), "name")

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    for client in clients:
        client.close()
    return READS / took


def wake_ms(ready: dict[str, Any]) -> float:
    """Milliseconds from a change until the last of the parked waits has its answer."""
    clients = [Connection(ready) for _number in range(WAITS)]
    parked = threading.Barrier(WAITS + 1)
    answered: list[float] = []

    def wait(client: Connection) -> None:
        spec = SPEC.format(path="runtime.powerState", moid="1")
        client.call("CreateFilter", f"{COLLECTOR}<spec>{spec}</spec><partialUpdates>false</partialUpdates>")
        first = client.call("WaitForUpdatesEx", f"{COLLECTOR}<version></version>")
        version = "".join(re.findall("<version>(.*?)</version>", first))
        parked.wait()
        client.call("WaitForUpdatesEx", f"{COLLECTOR}<version>{version}</version>")
        answered.append(time.monotonic())

    threads = [threading.Thread(target=wait, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    parked.wait()
    time.sleep(1)  # all have left the barrier; their requests are on the way, or there
    actor = Connection(ready)
    began = time.monotonic()
    actor.call("PowerOnVM_Task", '<_this type="VirtualMachine">1</_this>')
    for thread in threads:
        thread.join()
    for client in (actor, *clients):
        client.close()
    return (max(answered) - began) * 1000


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


def measure() -> Iterator[Figure]:
    """Yield each figure as soon as it is known."""
    with simulator(100) as ready:
        Connection(ready).close()
        yield Figure("property reads, 1 TLS connection", reads(ready, 1), "/s", 1500, most=False)
        yield Figure("property reads, 4 TLS connections", reads(ready, 4), "/s", 1500, most=False)
        yield Figure(f"{WAITS} parked waits, change to last answer", wake_ms(ready), "ms", 150, most=True)
    began = time.monotonic()
    with simulator(5000) as ready:
        yield Figure("5,000 VMs, start until ready", (time.monotonic() - began) * 1000, "ms", 10_000, most=True)
        client = Connection(ready)
        for moid in range(1, 5001):
            client.read(str(moid), "config")
        client.close()
        yield Figure("5,000 VMs, resident memory when all were read", resident_mib(ready["pid"]), "MiB", 200, most=True)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="simulator", description="What the simulator bears.")
    options.add_argument("--tolerance", type=float, default=1.0, help="by what factor a promise may be missed")
    tolerance = options.parse_args(arguments).tolerance
    missed = 0
    for figure in measure():
        print(figure, flush=True)
        missed += figure.ratio * tolerance < 1
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
