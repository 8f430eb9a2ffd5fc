# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that nobody here wrote drive our simulator, and stand beside our modules where they differ."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.certificates import make_certificate
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

SERIAL = "msg.serial.file.open"
SCENARIO: Mapping[str, Any] = {
    "vms": [
        {"name": "running01", "power_state": "powered-on", "ip_addresses": ["192.0.2.10"], "hostname": "running01"},
        {"name": "off01"},
        {"name": "suspended01", "power_state": "suspended"},
        {"name": "asking01", "questions": [SERIAL]},
        {"name": "late01", "task_seconds": 1.5, "questions": [{"question": SERIAL, "delay": 1}]},
    ]
}
HANG_SECONDS = 5
REACTION_SECONDS = 0.1


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    world = load_scenario(SCENARIO)
    certificate = make_certificate(tmp_path / "certificates", signed=True)
    with serve(world, certificate=certificate, routes=routes(world)) as running:
        yield running


class Virsh:
    """virsh, with a connection to the simulator."""

    def __init__(self, program: str, server: Server, home: pathlib.Path) -> None:
        self._program = program
        self._server = server
        self._auth = home / "auth.conf"
        world = server.world
        self._auth.write_text(
            f"[credentials-sim]\nusername={world.username}\npassword={world.password}\n"
            "[auth-esx-127.0.0.1]\ncredentials=sim\n",
            "utf-8",
        )

    def __call__(
        self, *command: str, auto_answer: bool = False, seconds: float = 30
    ) -> subprocess.CompletedProcess[str]:
        uri = f"esx://{self._server.world.username}@127.0.0.1:{self._server.port}/?no_verify=1"
        return subprocess.run(
            [self._program, "-c", uri + ("&auto_answer=1" if auto_answer else ""), *command],
            env={**os.environ, "LIBVIRT_AUTH_FILE": str(self._auth), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


@pytest.fixture
def virsh(virsh_program: str, server: Server, tmp_path: pathlib.Path) -> Virsh:
    return Virsh(virsh_program, server, tmp_path)


COMMANDS = [
    ("version", "ESX 8.0.3"),
    ("hostname", "esx1.example.com"),
    ("nodeinfo", "Memory size"),
    ("capabilities", "<arch>x86_64</arch>"),
    ("list --all", "suspended01"),
    ("dominfo running01", "running"),
    ("domstate suspended01", "paused"),
    ("dumpxml running01", "<name>running01</name>"),
    ("domifaddr running01 --source agent", "192.0.2.10"),
    ("schedinfo running01", "reservation"),
    ("start off01", "started"),
    ("suspend running01", "suspended"),
    ("resume suspended01", "resumed"),
    ("destroy running01", "destroyed"),
    ("shutdown running01", "is being shutdown"),
    ("reboot running01", "is being rebooted"),
    ("pool-list", "datastore1"),
    ("vol-list datastore1", "off01"),
    ("net-list", "vSwitch0"),
    ("snapshot-list running01", "Creation Time"),
]


@pytest.mark.parametrize(("command", "shows"), COMMANDS)
def test_virsh(virsh: Virsh, server: Server, command: str, shows: str) -> None:
    done = virsh(*command.split())

    assert done.returncode == 0, done.stderr
    assert shows in done.stdout
    assert "Unexpected" not in done.stderr
    assert server.world.errors == []


def test_virsh_reports_a_question_and_answers_it_when_told_to(virsh: Virsh, server: Server) -> None:
    reported = virsh("start", "asking01")
    server.world.find("VirtualMachine", "4").answer("2")
    answered = virsh("start", "asking01", auto_answer=True)

    assert reported.returncode != 0
    assert "question" in reported.stderr
    assert answered.returncode == 0, answered.stderr


def test_a_late_question_hangs_virsh_and_not_us(
    virsh: Virsh, server: Server, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        virsh("start", "late01", auto_answer=True, seconds=HANG_SECONDS)
    vm = server.world.find("VirtualMachine", "5")
    vm.answer("0")
    _until_idle(server.world)

    reactions = []
    for _attempt in range(3):
        virsh("destroy", "late01")
        server.world.calls.clear()
        played = run_tasks(
            [{"virt.esx.esx_vm_power": {"name": "late01", "state": "powered-on", "auto_answer": True}}],
            tmp_path,
            variables=variables(server),
        )
        assert played.results[0]["vm"]["power_state"] == "powered-on", played.output
        at = {call.method: call.at for call in server.world.calls}
        reactions.append(at["AnswerVM"] - at["PowerOnVM_Task"] - 1)

    with capsys.disabled():
        best = min(reactions) * 1000
        print(
            f"\nquestion 1 s after the start: virsh hangs (ended after {HANG_SECONDS} s), ours answers in {best:.0f} ms"
        )
    assert min(reactions) < REACTION_SECONDS


def _until_idle(world: World) -> None:
    with world.lock:
        world.clock.wait(world.changed, lambda: world.tasks.running() == [], 10)


def variables(server: Server) -> dict[str, str]:
    """Return the environment variables with which our modules reach the simulator."""
    world = server.world
    return {
        "VMWARE_HOST": "127.0.0.1",
        "VMWARE_PORT": str(server.port),
        "VMWARE_USER": world.username,
        "VMWARE_PASSWORD": world.password,
        "VMWARE_VALIDATE_CERTS": "false",
    }


GOVC_COMMANDS = [
    ("about", "VMware ESXi"),
    ("ls /ha-datacenter/vm", "off01"),
    ("find / -type m", "running01"),
    ("vm.info running01", "poweredOn"),
    ("vm.power -on off01", "OK"),
    ("vm.power -off running01", "OK"),
    ("host.info", "esx1.example.com"),
    ("datastore.info", "datastore1"),
    ("device.ls -vm off01", "disk"),
    ("object.collect -s vm/off01 runtime.powerState", "poweredOff"),
]


def govc_environment(server: Server) -> dict[str, str]:
    world = server.world
    url = f"https://{world.username}:{world.password}@127.0.0.1:{server.port}/sdk"
    return {**os.environ, "GOVC_URL": url, "GOVC_INSECURE": "1", "GOVC_PERSIST_SESSION": "false"}


def govc(program: str, server: Server, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *command],
        env=govc_environment(server),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(("command", "shows"), GOVC_COMMANDS)
def test_govc(govc_program: str, server: Server, command: str, shows: str) -> None:
    done = govc(govc_program, server, *command.split())

    assert done.returncode == 0, done.stderr
    assert shows in done.stdout
    assert server.world.errors == []


def test_govc_shows_and_answers_a_question(govc_program: str, server: Server) -> None:
    vm = server.world.find("VirtualMachine", "4")
    started = subprocess.Popen(
        [govc_program, "vm.power", "-on", "asking01"],
        env=govc_environment(server),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with started:
        with server.world.lock:
            server.world.clock.wait(server.world.changed, lambda: vm.get("runtime.question") is not None, 10)
        shown = govc(govc_program, server, "vm.question", "-vm", "asking01")
        answered = govc(govc_program, server, "vm.question", "-vm", "asking01", "-answer", "0")
        started.wait(10)

    assert SERIAL in shown.stdout
    assert answered.returncode == 0, answered.stderr
    assert vm.get("runtime.powerState") == "poweredOn"
