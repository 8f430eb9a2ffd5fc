# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about one simulated host; and ours reads vcsim's."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
INFO = "virt.esx.esx_host_info"
EVERYTHING = {"with_devices": True, "with_services": True, "with_capabilities": True}
SCENARIO: dict[str, Any] = {
    "host": {
        "name": "esx7.example.com",
        "cpu_packages": 2,
        "cpu_cores": 24,
        "cpu_threads": 48,
        "cpu_model": "Intel(R) Xeon(R) CPU           X5650  @ 2.67GHz",
        "cpu_mhz": 2667,
    }
}
# The lines of virsh nodeinfo, and what we call it.
LINES = {
    "CPU model": "model",
    "CPU(s)": "cpus",
    "CPU frequency": "mhz",
    "CPU socket(s)": "sockets",
    "Core(s) per socket": "cores_per_socket",
    "Thread(s) per core": "threads_per_core",
    "NUMA cell(s)": "nodes",
    "Memory size": "memory_kib",
}


def ours(folder: pathlib.Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    played = run_tasks([{INFO: EVERYTHING}], folder, variables=environment)
    assert played.results, played.output
    found: list[dict[str, Any]] = played.results[0]["hosts"]
    return found


def test_virsh_says_the_same(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "nodeinfo, capabilities, hostname, freecell")
    (fact,) = ours(tmp_path, variables(virsh.server))

    shown = dict(re.findall(r"^(.+?): +(.+)$", virsh("nodeinfo").stdout, re.MULTILINE))
    assert {LINES[line]: value.split(" KiB")[0].split(" MHz")[0] for line, value in shown.items()} == {
        name: str(value) for name, value in fact["node"].items()
    }
    theirs, mine = virsh("capabilities").stdout, fact["capabilities"]
    assert ET.canonicalize(theirs, strip_text=True) == ET.canonicalize(mine, strip_text=True)
    assert virsh("hostname").stdout.strip() == fact["hostname"]
    assert virsh("freecell").stdout.split()[1] == str(fact["memory"]["free_bytes"] // 1024)
    assert virsh.server.world.errors == []


def test_govc_says_the_same(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "host.info, host.service.ls")
    (fact,) = ours(tmp_path, variables(govc.server))

    (said,) = json.loads(govc("host.info", "-json").stdout)["hostSystems"]
    hardware = said["summary"]["hardware"]
    assert (hardware["uuid"], hardware["vendor"]) == (fact["uuid"], fact["system"]["vendor"])
    assert (hardware["numCpuCores"], hardware["cpuMhz"]) == (fact["cpu"]["cores"], fact["cpu"]["mhz"])
    assert said["summary"]["config"]["product"]["build"] == fact["product"]["build"]
    services = json.loads(govc("host.service.ls", "-json").stdout)
    services = services if isinstance(services, list) else services["service"]
    assert {one["key"]: one["running"] for one in services} == {one["key"]: one["running"] for one in fact["services"]}
    assert govc.server.world.errors == []


@pytest.mark.parametrize(
    ("vcsim", "hosts"), [(["-esx"], 1), (["-dc", "2", "-cluster", "1"], 8)], indirect=["vcsim"], ids=["esx", "vcenter"]
)
def test_vcsim_is_read(vcsim: dict[str, str], hosts: int, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("peer", "vcsim")
    found = ours(tmp_path, vcsim)

    assert len(found) == hosts
    assert all(fact["node"]["cpus"] > 0 and fact["memory"]["total_bytes"] > 0 for fact in found)
    assert all(fact["capabilities"].startswith("<capabilities>") and fact["devices"]["nics"] for fact in found)
    assert all((fact["licence"] is None) == (hosts > 1) for fact in found)
