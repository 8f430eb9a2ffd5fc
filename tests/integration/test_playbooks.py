# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that a job template runs by name, as AWX runs them: by ansible-runner, here and over its mesh."""

from __future__ import annotations

import html.parser
import json
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.plugins.modules import esx_vm_define, esx_vm_power
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.support.clients import variables
from ansible_collections.virt.esx.tests.support.playbooks import PLAY_SECONDS, ROOT, environment, playbook

SURVEYS = ROOT / "playbooks" / "surveys"
ASKS = {"name": "web-asks", "questions": ["msg.serial.file.open"]}
HOSTILE = "web<script>alert(1)</script>&'\"{{ 1 + 1 }}"
RUNNER = (sys.executable, "-m", "ansible_runner")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(load_scenario({"vms": [{"name": "web01"}, {"name": "web02"}, ASKS]})) as running:
        yield running


@dataclass(frozen=True)
class Job:
    """What AWX would show of a job: its status, its output, and what it hands on to the next node of a workflow."""

    status: str
    output: str
    stats: Mapping[str, Any]


def answers(name: str, **given: Any) -> dict[str, Any]:
    """Return what a survey gives: the default of each question, empty ones too, unless ``given`` answers it."""
    survey = yaml.safe_load((SURVEYS / f"{name}.yml").read_text("utf-8"))
    return {question["variable"]: question["default"] for question in survey["spec"]} | given


def prepare(folder: pathlib.Path, name: str, said: Mapping[str, Any], hosts: Sequence[str] = ()) -> None:
    """Lay out what AWX gives to ansible-runner: an inventory, the survey's answers, a project with the collection."""
    (folder / "env").mkdir(parents=True)
    (folder / "inventory").mkdir()
    link = folder / "project" / "collections" / "ansible_collections" / "virt" / "esx"
    for part in ("meta", "playbooks", "plugins"):
        shutil.copytree(ROOT / part, link / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", link)
    # The playbooks that AWX offers are the files of a project.
    project = [{"import_playbook": f"virt.esx.{name}"}]
    (folder / "project" / f"{name}.yml").write_text(json.dumps(project), "utf-8")
    (folder / "env" / "extravars").write_text(json.dumps(said), "utf-8")
    (folder / "inventory" / "hosts").write_text("\n".join(hosts or ["localhost ansible_connection=local"]), "utf-8")


def own_environment(home: pathlib.Path, server: Server | None) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    known = environment(home)
    del known["ANSIBLE_COLLECTIONS_PATH"]
    known["PATH"] = os.pathsep.join((str(pathlib.Path(sys.executable).parent), known["PATH"]))
    return known | (variables(server) if server else {})


def outcome(artifacts: pathlib.Path) -> Job:
    """Read what ansible-runner keeps of a job."""
    job = min(artifacts.rglob("status")).parent
    events = [json.loads(path.read_text("utf-8")) for path in (job / "job_events").glob("*.json")]
    ended = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    stats = ended[0].get("artifact_data", {}) if ended else {}
    return Job((job / "status").read_text("utf-8"), (job / "stdout").read_text("utf-8"), stats)


def run(name: str, tmp_path: pathlib.Path, server: Server, *options: str, **given: Any) -> Job:
    """Run a playbook of the collection as ``ansible-runner run`` does."""
    folder = tmp_path / f"job-{name}"
    prepare(folder, name, answers(name, **given))
    command = [*RUNNER, "run", str(folder), "-p", f"{name}.yml", "--quiet", *options]
    called = subprocess.run(
        command,
        env=own_environment(tmp_path / f"home-{name}", server),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PLAY_SECONDS,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    assert (folder / "artifacts").is_dir(), called.stdout + called.stderr
    return outcome(folder / "artifacts")


def states(server: Server) -> dict[str, str]:
    return {vm.get("name"): str(vm.get("runtime.powerState")) for vm in server.world.of_type("VirtualMachine")}


def test_a_survey_brings_machines_to_a_state(tmp_path: pathlib.Path, server: Server) -> None:
    job = run("vm_power", tmp_path, server, esx_vms="web01\n\n  web-asks \n")

    assert job.status == "successful", job.output
    assert job.stats == {"esx_changed_vms": ["web01", "web-asks"], "esx_failed_vms": []}
    assert states(server) == {"web01": "poweredOn", "web02": "poweredOff", "web-asks": "poweredOn"}
    assert server.world.password not in job.output


def test_a_job_that_a_question_stops_says_so_and_hands_it_on(tmp_path: pathlib.Path, server: Server) -> None:
    job = run("vm_power", tmp_path, server, esx_query="[*]", esx_auto_answer="false")

    assert job.status == "failed"
    assert "msg.serial.file.open" in job.output
    assert sorted(job.stats["esx_changed_vms"]) == ["web01", "web02"]
    assert job.stats["esx_failed_vms"] == ["web-asks"]

    # The next node of the workflow.
    settled = run(
        "answer_questions", tmp_path, server, esx_answers="- {question: msg.serial.file.open, answer: Append}"
    )

    assert settled.status == "successful", settled.output
    assert settled.stats["esx_changed_vms"] == ["web-asks"]
    assert states(server)["web-asks"] == "poweredOn"


def test_the_run_type_check_changes_nothing(tmp_path: pathlib.Path, server: Server) -> None:
    job = run("vm_power", tmp_path, server, "--cmdline=--check", esx_vms="web01")

    assert job.status == "successful", job.output
    assert states(server)["web01"] == "poweredOff"


def test_machines_that_are_named_twice_or_not_at_all_are_refused(tmp_path: pathlib.Path, server: Server) -> None:
    job = run("vm_power", tmp_path, server)

    assert job.status == "failed"
    assert "esx_vms (a list, or one name a line)" in " ".join(job.output.split())
    assert server.log.soap() == []


def test_a_definition_comes_from_a_survey(tmp_path: pathlib.Path, server: Server) -> None:
    job = run("vm_define", tmp_path, server, esx_name="web01", esx_definition="{memory_mib: 3072}")

    assert job.status == "successful", job.output
    assert job.stats["esx_changed_vms"] == ["web01"]
    memory = {vm.get("name"): vm.get("config.hardware.memoryMB") for vm in server.world.of_type("VirtualMachine")}
    assert memory["web01"] == 3072
    assert memory["web02"] != 3072


def test_a_job_goes_over_the_mesh(tmp_path: pathlib.Path, server: Server) -> None:
    sent, done = tmp_path / "sent", tmp_path / "done"
    prepare(sent, "vm_power", answers("vm_power", esx_vms="web01"))
    here, there = own_environment(tmp_path / "here", None), own_environment(tmp_path / "there", server)
    (sent / "env" / "envvars").write_text(json.dumps(variables(server)), "utf-8")

    def streamed(environ: Mapping[str, str], data: bytes | None, *arguments: str) -> bytes:
        called = subprocess.run(
            [*RUNNER, *arguments], env=environ, input=data, capture_output=True, timeout=PLAY_SECONDS, check=False
        )
        return called.stdout

    transmitted = streamed(here, b"", "transmit", str(sent), "-p", "vm_power.yml")
    worked = streamed(there, transmitted, "worker", "--private-data-dir", str(tmp_path / "work"), "--delete")
    streamed(here, worked, "process", str(done))

    job = outcome(done / "artifacts")
    assert job.status == "successful", job.output
    assert job.stats["esx_changed_vms"] == ["web01"]
    assert states(server)["web01"] == "poweredOn"


def slice_of(tmp_path: pathlib.Path, name: str, hosts: Sequence[str]) -> subprocess.Popen[bytes]:
    folder = tmp_path / name
    prepare(folder, "vm_power", answers("vm_power", esx_query="[*]", esx_hosts="all"), hosts)
    command = [*RUNNER, "run", str(folder), "-p", "vm_power.yml", "--quiet"]
    environ = own_environment(tmp_path / f"home-{name}", None)
    return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=tmp_path)


def inventory_line(name: str, server: Server) -> str:
    said = {key: variables(server)[f"VMWARE_{key}"] for key in ("HOST", "PORT", "USER", "PASSWORD")}
    return (
        f"{name} ansible_host={said['HOST']} esx_port={said['PORT']} esx_username={said['USER']} "
        f"esx_password={said['PASSWORD']} esx_validate_certs=false"
    )


def test_slices_of_a_list_of_hosts_run_side_by_side(tmp_path: pathlib.Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(load_scenario({"vms": [{"name": "web01"}]}))) for _unused in range(4)]
        lines = [inventory_line(f"esx{number}", server) for number, server in enumerate(servers)]
        slices = {"slice-1": lines[0::2], "slice-2": lines[1::2]}
        running = [slice_of(tmp_path, name, hosts) for name, hosts in slices.items()]
        for process in running:
            process.wait(PLAY_SECONDS)

        jobs = [outcome(tmp_path / name / "artifacts") for name in slices]
        assert [job.status for job in jobs] == ["successful"] * 2, jobs
        assert [job.stats["esx_changed_vms"] for job in jobs] == [["web01"] * 2] * 2
        assert [states(server) for server in servers] == [{"web01": "poweredOn"}] * 4
        assert [len(server.world.sessions) for server in servers] == [0] * 4


class Page(html.parser.HTMLParser):
    """What a browser would find on a page: the elements that it opens and closes, and the text between them."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.used: set[str] = set()
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _attributes: Any) -> None:
        """Remember it."""
        self.used.add(tag)
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that it is the one that is open."""
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember it."""
        self.said.append(data)


def test_the_report_shows_what_is_asked_first_and_what_could_not_be_read(
    tmp_path: pathlib.Path, server: Server
) -> None:
    report = tmp_path / "esx.html"
    playbook(
        pathlib.Path("virt.esx.vm_power"),
        tmp_path,
        "-e",
        json.dumps({"esx_vms": ["web-asks"]}),
        variables=variables(server),
    )
    kept = [{"name": HOSTILE, "snapshots": [HOSTILE]}]
    with serve(load_scenario({"vms": kept})) as other:
        hosts = [inventory_line("esx1", server), inventory_line("esx2", other)]
        dead = inventory_line("esx3", other).replace(f"esx_port={other.port}", "esx_port=1")
        (tmp_path / "hosts").write_text("\n".join([*hosts, dead]), "utf-8")
        said = {"esx_hosts": "all", "esx_report_path": str(report)}
        arguments = ("-i", str(tmp_path / "hosts"), "-e", json.dumps(said), "--check")
        done = playbook(pathlib.Path("virt.esx.report"), tmp_path, *arguments)
        calls = [*server.log.soap(), *other.log.soap()]

    assert "esx1                       : ok" in done.stdout, done.stdout
    assert done.returncode == 2
    text = report.read_text("utf-8")
    page = Page(text)
    words = "".join(page.said)
    assert page.opened == []
    assert "script" not in page.used
    assert f"{HOSTILE}" in words
    assert words.index("web-asks") < words.index("web01")
    assert "Could not be read" in words
    assert "Append" in words
    assert not [call for call in calls[calls.index("Logout") + 1 :] if call.endswith("_Task")]


@pytest.mark.parametrize("name", sorted(path.stem for path in SURVEYS.glob("*.yml")))
def test_a_survey_asks_for_what_its_playbook_reads(name: str) -> None:
    survey = yaml.safe_load((SURVEYS / f"{name}.yml").read_text("utf-8"))
    read = (ROOT / "playbooks" / f"{name}.yml").read_text("utf-8")

    assert set(survey) == {"name", "description", "spec"}
    for question in survey["spec"]:
        assert question["variable"] in read
        assert {"question_name", "question_description", "required", "type", "default"} <= set(question)
        if question["type"] == "multiplechoice":
            assert question["default"] in question["choices"]
        else:
            assert {"min", "max"} <= set(question)


@pytest.mark.parametrize(
    ("survey", "variable", "module", "option"),
    [
        ("vm_power", "esx_state", esx_vm_power, "state"),
        ("vm_define", "esx_state", esx_vm_define, "state"),
        ("vm_define", "esx_register_as", esx_vm_define, "register_as"),
    ],
)
def test_a_survey_offers_all_that_the_module_can_do(survey: str, variable: str, module: Any, option: str) -> None:
    asked = yaml.safe_load((SURVEYS / f"{survey}.yml").read_text("utf-8"))["spec"]
    (question,) = [entry for entry in asked if entry["variable"] == variable]

    assert sorted(question["choices"]) == sorted(module.ARGUMENT_SPEC[option]["choices"])


PLAYBOOKS = ("vm_power", "vm_define", "answer_questions", "report")
GUIDE = ROOT / "docs" / "docsite" / "rst" / "awx.rst"


def test_every_playbook_reaches_its_hosts_in_the_same_way_and_the_guide_tells_how() -> None:
    plays = [yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text("utf-8"))[0] for name in PLAYBOOKS]
    guide = GUIDE.read_text("utf-8")

    assert all(play["module_defaults"] == plays[0]["module_defaults"] for play in plays)
    assert all(play["hosts"] == plays[0]["hosts"] for play in plays)
    for option in plays[0]["module_defaults"]["group/virt.esx.esx"]:
        assert f"``esx_{option}``" in guide
    for name in PLAYBOOKS:
        assert f"``virt.esx.{name}``" in guide


def test_the_credential_type_in_the_guide_is_the_one_that_is_shipped() -> None:
    shipped = yaml.safe_load((ROOT / "playbooks" / "credential_types" / "esxi_host.yml").read_text("utf-8"))
    blocks = [textwrap.dedent(block.partition("\n\n..")[0]) for block in GUIDE.read_text("utf-8").split("yaml\n\n")[1:]]
    shown = {block.splitlines()[0].strip("# "): block for block in blocks}

    assert yaml.safe_load(shown["Input configuration"]) == shipped["inputs"]
    assert yaml.safe_load(shown["Injector configuration"].partition("\n\n")[0]) == shipped["injectors"]


def test_an_execution_environment_gets_what_the_modules_need(tmp_path: pathlib.Path) -> None:
    home = own_environment(tmp_path / "home", None)
    collections = tmp_path / "collections" / "ansible_collections" / "virt" / "esx"
    (collections / "meta").mkdir(parents=True)
    for name in ("meta/execution-environment.yml", "requirements.txt", "galaxy.yml"):
        shutil.copy(ROOT / name, collections / name)
    definition = {"version": 3, "dependencies": {"galaxy": {"collections": [{"name": "virt.esx"}]}}}
    (tmp_path / "execution-environment.yml").write_text(json.dumps(definition), "utf-8")

    def builder(*arguments: str) -> str:
        command = ["ansible-builder", *arguments]
        return subprocess.run(
            command, env=home, cwd=tmp_path, capture_output=True, timeout=60, check=True, text=True
        ).stdout

    found = yaml.safe_load(builder("introspect", str(tmp_path / "collections")))
    builder("create", "-f", "execution-environment.yml", "-c", "context", "--output-filename", "Containerfile")

    needed = found["python"]
    assert [requirement.partition(">")[0].lower() for requirement in needed] == ["pyvmomi", "jmespath"]
    assert not found["system"]
    assert "ansible-galaxy collection install" in (tmp_path / "context" / "Containerfile").read_text("utf-8")


# Takes what the module of awx.awx takes, as far as we use it, and keeps it.
RECORDER = """
from ansible.module_utils.basic import AnsibleModule
import json, os

def main():
    spec = {name: dict(type=kind) for name, kind in %r.items()}
    module = AnsibleModule(argument_spec=spec)
    with open(os.environ["AWX_KEPT"], "a") as kept:
        kept.write(json.dumps({key: value for key, value in module.params.items() if value is not None}) + "\\n")
    module.exit_json(changed=True)

main()
"""
TAKEN = {
    "credential_type": {"name": "str", "description": "str", "kind": "str", "inputs": "dict", "injectors": "dict"},
    "job_template": {
        **dict.fromkeys(("name", "description", "organization", "project", "inventory", "playbook"), "str"),
        **dict.fromkeys(("ask_job_type_on_launch", "diff_mode", "survey_enabled"), "bool"),
        **dict.fromkeys(("extra_vars", "survey_spec"), "dict"),
        "credentials": "list",
        "execution_environment": "str",
        "job_slice_count": "int",
    },
}


def test_job_templates_are_made_with_their_surveys(tmp_path: pathlib.Path) -> None:
    modules = tmp_path / "awx" / "ansible_collections" / "awx" / "awx" / "plugins" / "modules"
    modules.mkdir(parents=True)
    for name, taken in TAKEN.items():
        (modules / f"{name}.py").write_text(RECORDER % taken, "utf-8")
    paths = f"{tmp_path / 'tree'}:{tmp_path / 'awx'}"
    kept = tmp_path / "kept"
    said = {
        "awx_project": "esx",
        "awx_inventory": "hosts",
        "awx_credentials": ["root"],
        "awx_extra_vars": {"esx_hosts": "all"},
    }

    done = playbook(
        pathlib.Path("virt.esx.awx_job_templates"),
        tmp_path,
        "-e",
        json.dumps(said),
        variables={"ANSIBLE_COLLECTIONS_PATH": paths, "AWX_KEPT": str(kept)},
    )

    assert done.returncode == 0, done.stdout
    credential_type, *templates = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    shipped = yaml.safe_load((ROOT / "playbooks" / "credential_types" / "esxi_host.yml").read_text("utf-8"))
    assert credential_type == shipped
    assert [template["playbook"] for template in templates] == [f"{name}.yml" for name in PLAYBOOKS]
    for name, template in zip(PLAYBOOKS, templates, strict=True):
        assert template["survey_spec"] == yaml.safe_load((SURVEYS / f"{name}.yml").read_text("utf-8"))
        assert template["extra_vars"] == {"esx_hosts": "all"}
        assert template["credentials"] == ["root"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "Say awx_project"),
        # ansible-core 2.17 says in words of its own that there is no such module.
        ({"awx_project": "esx", "awx_inventory": "hosts"}, "awx.awx"),
    ],
)
def test_what_the_job_templates_lack_is_said(tmp_path: pathlib.Path, said: dict[str, str], words: str) -> None:
    done = playbook(pathlib.Path("virt.esx.awx_job_templates"), tmp_path, "-e", json.dumps(said))

    assert done.returncode != 0
    assert words in " ".join(done.stdout.split())
