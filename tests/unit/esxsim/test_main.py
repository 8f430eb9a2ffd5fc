# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: it serves, tells where, stops when it is told to, and names what is wrong."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "esxsim", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    scenario, ready = tmp_path / "s.yml", tmp_path / "ready.json"
    scenario.write_text("vms: [{name: web01}]\n", "utf-8")
    with start("--scenario", str(scenario), "--port", "0", "--vms", "3", "--ready-file", str(ready)) as process:
        deadline = time.monotonic() + 30
        while not ready.is_file() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        found = json.loads(ready.read_text("utf-8"))
        context = ssl.create_default_context(cafile=found["ca_path"])
        url = f"https://127.0.0.1:{found['port']}/control/vms"
        with urllib.request.urlopen(url, context=context, timeout=10) as response:
            vms = json.load(response)["vms"]
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)

    assert len(vms) == 3
    assert (found["username"], found["password"], found["pid"]) == ("root", "secret", process.pid)
    assert f"port {found['port']}  thumbprint {found['thumbprint']}" in output
    assert (process.returncode, errors) == (0, "")
    assert not ready.exists()
    assert not Path(found["certificate"]).exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scenario", "/nowhere.yml"], "/nowhere.yml: the scenario cannot be read"),
        (["--host", "0.0.0.0"], "--host: found '0.0.0.0', allowed is a loopback address"),
        (["--vms", "0"], "--vms: found 0, allowed is 1 or more"),
        (["--certificate", "/x.pem"], "--certificate and --key belong together"),
        (["--certificate", "/x.pem", "--key", "/y.pem"], "/x.pem: there is no such file"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(arguments: list[str], told: str) -> None:
    with start("--port", "0", *arguments) as process:
        output, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert errors.startswith(f"esxsim: {told}")
    assert len(errors.strip().splitlines()) == 1
    assert output == ""


def test_a_bad_scenario_is_status_2(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yml"
    scenario.write_text("vms:\n- {name: web01, cpu: 2}\n", "utf-8")
    with start("--scenario", str(scenario), "--port", "0") as process:
        _rest, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert f"{scenario}: vms[0]: found 'cpu'" in errors


def test_a_taken_port_is_told() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, start("--port", str(taken.getsockname()[1])) as process:
        _rest, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "cannot serve on 127.0.0.1" in errors
