# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles by real ansible-playbook, on a simulated host: predicted, done, done again, refused; and their examples."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving, variables
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, playbook

SECONDS = 60
SECRET = "s3cr3t"
SERIAL, FULL, MOVED = "msg.serial.file.open", "msg.hbacommon.outofspace", "msg.uuid.altered"
SCENARIO: dict[str, Any] = {
    "new_vms": {"ip_addresses": ["192.0.2.10"]},
    "vms": [
        {"name": "web01", "questions": [{"question": SERIAL, "during": "now", "task": "power-on"}]},
        {"name": "web02", "ip_addresses": ["192.0.2.11"], "questions": [{"question": MOVED, "during": "now"}]},
        {"name": "scratch-1", "questions": [{"question": FULL, "during": "now"}]},
        {"name": "quiet01"},
        {"name": "silent01", "tools": "not-installed"},
        {"name": "asking01", "questions": [{"question": SERIAL, "during": "power-on"}]},
    ],
}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as running:
        yield running


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Return a home; what the examples start in it and leave there is ended."""
    yield tmp_path
    program = str(ROOT / "roles" / "esxsim" / "files" / "esxsim_background.py")
    for ready in (tmp_path / ".cache").rglob("ready.json"):
        command = [sys.executable, program, "stop", f"--directory={ready.parent}"]
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=SECONDS, check=True)


def role(name: str, fact: str, /, *, check: bool = False, **values: Any) -> dict[str, Any]:
    """Return tasks that play a role, and keep as a fact of its own what it reports, or why it failed."""
    given = {f"{name}_{key}": value for key, value in values.items()}
    report: dict[str, Any] = {"report": f"{{{{ {name}_report }}}}"}
    if name == "vm":
        report["changed"] = "{{ [vm_defined is changed, vm_powered is changed, vm_removed is changed] }}"
    return {
        "block": [
            {
                "check_mode": check,
                "block": [{"ansible.builtin.include_role": {"name": f"virt.esx.{name}"}, "vars": given}],
            },
            {"ansible.builtin.set_fact": {fact: report}},
        ],
        "rescue": [
            {"ansible.builtin.set_fact": {fact: {**report, "failed": "{{ ansible_failed_result.msg | string }}"}}}
        ],
    }


def roles(
    server: Server, home: pathlib.Path, tasks: Sequence[Mapping[str, Any]], facts: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Play tasks on localhost; returns these facts, and what was printed."""
    kept = home / "facts.json"
    content = ", ".join(f"'{fact}': {fact}" for fact in facts)
    keep = {"ansible.builtin.copy": {"content": f"{{{{ {{ {content} }} | to_json }}}}", "dest": str(kept)}}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, keep]}]
    done = playbook(plays, home, variables=variables(server))
    assert done.returncode == 0, done.stdout
    assert server.world.password not in done.stdout
    found: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return found, done.stdout


def answers(report: Mapping[str, Any]) -> dict[str, str]:
    return {entry["vm"]: entry["answer"] for entry in report["answered"]}


def left(report: Mapping[str, Any]) -> list[str]:
    return [entry["vm"] for entry in report["left"]]


def test_questions_are_settled_and_the_rest_is_reported(server: Server, home: pathlib.Path) -> None:
    rules = f"- {{question: {FULL}, answer: Cancel}}"
    tasks = [
        role("unblock", "predicted", check=True),
        role("unblock", "unanswered", auto_answer="false", query="[?name=='web01']"),
        role("unblock", "settled"),
        role("unblock", "go_on", fail=False),
        role("unblock", "by_rule", answers=rules, names=["scratch-1", "quiet01"]),
        role("unblock", "again"),
        role("unblock", "nobody", names=["nobody"]),
    ]
    facts, output = roles(
        server, home, tasks, ["predicted", "unanswered", "settled", "go_on", "by_rule", "again", "nobody"]
    )

    for fact in ("predicted", "settled"):
        assert answers(facts[fact]["report"])["web01"] == "Append"
        assert left(facts[fact]["report"]) == ["scratch-1"]
        assert "scratch-1 (moid 3) is blocked by a question" in facts[fact]["failed"]
    assert left(facts["unanswered"]["report"]) == ["web01"]
    assert facts["unanswered"]["report"]["left"][0]["rule"] == {"question": SERIAL, "answer": "Append"}
    assert left(facts["go_on"]["report"]) == ["scratch-1"]
    assert "failed" not in facts["go_on"]
    assert answers(facts["by_rule"]["report"]) == {"scratch-1": "Cancel"}
    assert facts["again"]["report"] == {"answered": [], "left": []}
    assert "nobody" in facts["nobody"]["failed"]
    assert 'web01: "Append" is the answer (safe) to' in output
    assert server.world.find("VirtualMachine", "1").get("runtime.powerState") == "poweredOn"


def test_virtual_machines_are_made_powered_and_taken_away(server: Server, home: pathlib.Path) -> None:
    new = {"name": "new01", "power_state": "powered-on", "definition": {"memory_mib": 512, "vnc": {"password": SECRET}}}
    machines = [new, {"name": "asking01", "power_state": "powered-on"}, {"name": "quiet01", "state": "absent"}]
    silent = [{"name": "silent01", "power_state": "powered-on"}]
    gone = [{"name": "new01", "state": "absent"}, {"name": "nobody", "state": "absent"}]
    tasks = [
        role("vm", "predicted", check=True, machines=machines, auto_answer="safe"),
        role("vm", "asked", machines=machines),
        role("vm", "made", machines=machines, auto_answer="safe"),
        role("vm", "again", machines=machines, wait="tools"),
        role("vm", "silent", machines=silent, wait="address", wait_seconds=2),
        role("vm", "gone", machines=gone, force=True, delete_from_disk=True),
    ]
    facts, output = roles(server, home, tasks, ["predicted", "asked", "made", "again", "silent", "gone"])

    assert [entry["power_state"] for entry in facts["predicted"]["report"]] == ["powered-off"]
    assert facts["asked"]["failed"]
    assert "asking01 (moid 6) is blocked by a question" in output
    assert [(vm["name"], vm["power_state"]) for vm in facts["made"]["report"]] == [
        ("new01", "powered-on"),
        ("asking01", "powered-on"),
    ]
    assert facts["made"]["changed"] == [False, True, True]
    assert facts["again"] == {**facts["made"], "changed": [False, False, False]}
    assert facts["gone"]["changed"] == [False, False, True]
    assert facts["silent"]["failed"] == "within 2 s there was no IP address in: silent01"
    assert facts["gone"]["report"] == []
    assert 'asking01: "Append" is the answer to' in output
    assert SECRET not in output


def blocks(path: pathlib.Path) -> str:
    """Return the YAML examples of a page, each a list of plays, as one playbook."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return "".join(re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    indented = re.findall(r"^\.\. code-block:: yaml\n\n((?:  .*\n|\n)+)", text, re.MULTILINE)
    return "".join(re.sub(r"^  ", "", block, flags=re.MULTILINE) for block in indented)


@pytest.mark.parametrize("page", ["esxsim", "unblock", "vm", "guide"])
def test_every_example_runs(page: str, server: Server, home: pathlib.Path) -> None:
    path = "docs/docsite/rst/roles.rst" if page == "guide" else f"roles/{page}/README.md"
    examples = home / "examples.yml"
    examples.write_text(blocks(ROOT / path), "utf-8")

    done = playbook(examples, home, variables=variables(server))

    assert done.returncode == 0, done.stdout
    assert "PLAY [" in done.stdout
