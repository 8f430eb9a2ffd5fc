# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Peers are skipped by name where they are missing; where VIRT_ESX_PEERS is 'required', a missing one is a failure.

A run ends with a table of peers and commands: one row for each test of this folder. A row's peer is the name of the
test's file without ``test_``, its command the parameter ``command`` if the test has one, else the test's name. A test
that knows better says so, at any time: ``record_property("peer", "govc")``, ``record_property("command", "vm.info")``.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, serving

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTCOMES = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
COMMAND_WIDTH = 70


def absent(missing: str) -> None:
    """Leave the test because a peer is missing; ``missing`` names it."""
    if os.environ.get("VIRT_ESX_PEERS") == "required":
        pytest.fail(missing)
    pytest.skip(missing)


def peer(name: str) -> str:
    """Return the path of a peer's program."""
    found = shutil.which(name) or shutil.which(name, path=str(ROOT / ".cache" / "gobin"))
    if found is None:
        absent(f"{name} is not installed")
    return str(found)


@pytest.fixture(scope="session")
def vcsim_program() -> str:
    return peer("vcsim")


@pytest.fixture(scope="session")
def virsh_program() -> str:
    return peer("virsh")


@pytest.fixture(scope="session")
def govc_program() -> str:
    return peer("govc")


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Server]:
    """Serve the module's ``SCENARIO``."""
    with serving(request.module.SCENARIO, tmp_path) as served:
        yield served


@pytest.fixture
def virsh(virsh_program: str, server: Server, tmp_path: pathlib.Path) -> Virsh:
    return Virsh(virsh_program, server, tmp_path)


@pytest.fixture
def govc(govc_program: str, server: Server, tmp_path: pathlib.Path) -> Govc:
    return Govc(govc_program, server, tmp_path)


@pytest.fixture
def vcsim(request: pytest.FixtureRequest, vcsim_program: str) -> Iterator[dict[str, str]]:
    """Serve a host, or a vCenter, as the parameter or the module's ``VCENTER`` says; yield what leads there."""
    mode = request.param if hasattr(request, "param") else request.module.VCENTER
    command = [vcsim_program, "-l", "127.0.0.1:0", *mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"GOVC_URL=https://(\w+):(\w+)@127.0.0.1:(\d+)", process.stdout.readline())
            assert found is not None
            user, password, port = found.groups()
            yield {
                "VMWARE_HOST": "127.0.0.1",
                "VMWARE_PORT": port,
                "VMWARE_USER": user,
                "VMWARE_PASSWORD": password,
                "VMWARE_VALIDATE_CERTS": "false",
                "GOVC_URL": f"https://{user}:{password}@127.0.0.1:{port}/sdk",
            }
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def _row(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    node = request.node
    parameters = getattr(node, "callspec", None)
    command = parameters.params.get("command") if parameters else None
    record_property("peer", node.path.stem.removeprefix("test_"))
    record_property("command", command or node.name.removeprefix("test_").replace("_", " "))


def _rows(reports: Iterable[object]) -> list[tuple[str, str, str, float]]:
    """Make one row of a test's reports: peer, command, result and seconds, set-up and tear-down included."""
    rows: dict[str, tuple[str, str, str, float]] = {}
    for report in reports:
        if not isinstance(report, pytest.TestReport):
            continue
        said = {name: str(value) for name, value in report.user_properties}
        if "peer" not in said:
            continue
        *_names, result, seconds = rows.get(report.nodeid, ("", "", "ok", 0.0))
        result = result if report.passed else OUTCOMES[report.outcome]
        rows[report.nodeid] = (said["peer"], said["command"], result, seconds + report.duration)
    return sorted(rows.values())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what each peer was asked, and what came of it."""
    rows = _rows(report for reports in terminalreporter.stats.values() for report in reports)
    if not rows:
        return
    wide = max(len(name) for name, *_rest in rows)
    long = min(COMMAND_WIDTH, max(len(command) for _name, command, *_rest in rows))
    terminalreporter.section("peers and commands")
    for name, command, result, seconds in rows:
        terminalreporter.write_line(f"{name:{wide}} | {command[:long]:{long}} | {result:7} | {seconds:6.1f} s")
    for name, number in sorted(Counter(name for name, *_rest in rows).items()):
        results = Counter(result for each, _command, result, _seconds in rows if each == name)
        counts = ", ".join(f"{results[result]} {result}" for result in OUTCOMES.values())
        terminalreporter.write_line(f"{name:{wide}} | {number} commands: {counts}")
