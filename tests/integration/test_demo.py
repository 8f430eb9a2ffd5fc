# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration plays as promised, and what its tasks return is what the documentation says."""

from __future__ import annotations

import json
import pathlib
import re
import textwrap

import yaml
from ansible_collections.virt.esx.tests.esxsim.certificates import make_certificate
from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.support.clients import variables
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, playbook

# What Ansible itself adds to a result.
ADDED = {"_ansible_no_log", "_ansible_verbose_always", "invocation", "deprecations", "warnings", "exception"}


GUIDE = ROOT / "docs" / "docsite" / "rst" / "first_playbook.rst"


def test_the_first_playbooks_of_the_guide(tmp_path: pathlib.Path) -> None:
    blocks = re.findall(r"code-block:: yaml\n\n((?:  .*\n|\n)+)", GUIDE.read_text("utf-8"))
    plays = [yaml.safe_load(textwrap.dedent(block)) for block in blocks]
    world = load_scenario(ROOT / "playbooks" / "demo-scenario.yml")
    with serve(world) as server:
        done = playbook([entry for play in plays for entry in play], tmp_path, "--diff", variables=variables(server))

    assert len(plays) == 3
    assert done.returncode == 0, done.stdout
    assert "console01 is powered-off" in done.stdout
    assert done.stdout.count("changed: [localhost]") == 2
    started = {vm.get("name") for vm in world.of_type("VirtualMachine") if vm.get("runtime.powerState") == "poweredOn"}
    assert started == {"web01", "web02", "console01"}


def test_the_demonstration(tmp_path: pathlib.Path) -> None:
    world = load_scenario(ROOT / "playbooks" / "demo-scenario.yml")
    certificate = make_certificate(tmp_path / "certificates", signed=True)
    kept = tmp_path / "kept.jsonl"
    with serve(world, certificate=certificate) as server:
        done = playbook(
            ROOT / "playbooks" / "demo.yml",
            tmp_path,
            "-e",
            json.dumps({"esxsim": {"ca_path": str(certificate.ca)}}),
            variables={
                "VMWARE_HOST": "127.0.0.1",
                "VMWARE_PORT": str(server.port),
                "VMWARE_USER": world.username,
                "VMWARE_PASSWORD": world.password,
                "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "keep_results",
                "KEPT_RESULTS": str(kept),
            },
        )

    assert done.returncode == 0, done.stdout
    assert re.search(r"failed=0 .*rescued=1", done.stdout)
    results = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    ours = [entry for entry in results if entry["action"].startswith("virt.esx.")]
    assert len(ours) >= 6
    for entry in ours:
        result = {key: value for key, value in entry["result"].items() if key not in ADDED}
        assert differences(entry["action"].rpartition(".")[2], result) == []
    assert len(world.sessions) == 0
    assert world.errors == []
