# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No password and no session is in what Ansible prints, however much it is asked to print."""

from __future__ import annotations

import json
import pathlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.esxsim.sessions import Session, Sessions
from ansible_collections.virt.esx.tests.support.playbooks import Played, run_tasks

PASSWORD = "hunter2-Tr0ub4dor"
INFO = "virt.esx.esx_vm_info"
SESSION = "virt.esx.esx_session"
POWER = "virt.esx.esx_vm_power"
ISCSI = "virt.esx.esx_iscsi"
CHAP_SECRET, MUTUAL_SECRET = "open-Sesame-0815", "close-Sesame-4711"


class RememberedSessions(Sessions):
    """Sessions whose cookies are known when they have ended too."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.cookies: list[str] = []

    def open(self, *rest: Any, **more: Any) -> Session:
        session = super().open(*rest, **more)
        self.cookies.append(session.cookie)
        return session


class Watcher(threading.Thread):
    """Looks at the command lines of all processes until it is told to stop, and keeps those that hold a secret."""

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        super().__init__(daemon=True)
        self._secrets = secrets
        self.found: list[str] = []
        self.looks = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.02):
            self.looks += 1
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes().decode("utf-8", "replace")
                except OSError:
                    continue
                self.found += [line for secret in self._secrets() if secret in line]

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()
        self.join(10)


def shown(secrets: Sequence[str], played: Played, *paths: pathlib.Path) -> list[str]:
    """Return the lines that show a secret: of the output, of the results, of files."""
    texts = [played.output, json.dumps(played.results), *(path.read_text("utf-8", "replace") for path in paths)]
    return [line for text in texts for line in text.splitlines() for secret in secrets if secret in line]


def place(port: int, **more: str) -> Mapping[str, str]:
    """Return the environment in which the modules find the host."""
    basis = {"VMWARE_HOST": "127.0.0.1", "VMWARE_PORT": str(port), "VMWARE_USER": "root"}
    return {**basis, "VMWARE_PASSWORD": PASSWORD, "VMWARE_VALIDATE_CERTS": "false", **more}


def test_neither_a_success_nor_a_failure_shows_the_password(tmp_path: pathlib.Path) -> None:
    world = load_scenario({"vms": [{"name": "web01"}]}, password=PASSWORD)
    with serve(world) as server:
        played = run_tasks(
            [
                {INFO: {}},
                {INFO: {"username": "nobody"}},
                {INFO: {"name": "nobody"}},
                {INFO: {"uri": f"esx://root:{PASSWORD}@127.0.0.1/?no_verify=1"}},
            ],
            tmp_path,
            "-vvvv",
            "--diff",
            variables=place(server.port),
        )

    kinds = [result.get("failure", {}).get("kind") for result in played.results]
    assert kinds == [None, "login_refused", "not_found", "option"], played.output
    # The playbook itself is the user's, and ansible-playbook -vvvv does not print its own environment.
    assert shown([PASSWORD], played) == []


def test_a_kept_session_shows_its_cookie_nowhere(tmp_path: pathlib.Path) -> None:
    world = load_scenario(
        {
            "vms": [{"name": "web01", "questions": [{"question": "msg.serial.file.open", "during": "power-on"}]}],
            "faults": [{"method": "RetrievePropertiesEx", "skip": 3, "action": "session-expiry"}],
        },
        password=PASSWORD,
    )
    world.sessions = sessions = RememberedSessions(world)
    log = tmp_path / "ansible.log"
    watcher = Watcher(lambda: [PASSWORD, *sessions.cookies])
    watcher.start()
    damage = "for file in virt.esx/*; do echo damaged >> $file; done"
    spoil = {"ansible.builtin.shell": {"cmd": damage, "chdir": str(tmp_path)}}
    began = time.monotonic()
    with serve(world) as server:
        played = run_tasks(
            [
                {INFO: {}},
                {INFO: {"name": "nobody"}},
                {POWER: {"name": "web01", "state": "powered-on"}},
                # The host has ended the session by now.
                {INFO: {}},
                spoil,
                {INFO: {}},
                {SESSION: {}, "check_mode": True},
                {SESSION: {}},
            ],
            tmp_path,
            "-vvvv",
            "--diff",
            variables=place(server.port, XDG_RUNTIME_DIR=str(tmp_path), ANSIBLE_LOG_PATH=str(log)),
            defaults={"persist_session": True},
        )
        # The session whose file was damaged; it ends when it has been idle for long.
        assert len(world.sessions) == 1
    watcher.stop()

    kinds = [result.get("failure", {}).get("kind") for result in played.results]
    assert kinds == [None, "not_found", "question_blocked", *[None] * 5], played.output
    assert played.results[5]["warnings"][0].endswith("it is damaged")
    assert len(sessions.cookies) >= 3
    assert all(len(cookie) == 40 for cookie in sessions.cookies)
    assert watcher.looks > (time.monotonic() - began) / 5
    assert shown([PASSWORD, *sessions.cookies], played, log) == []
    assert watcher.found == []


def test_no_secret_of_chap_is_shown(tmp_path: pathlib.Path) -> None:
    target = {"name": "iqn.2026-01.com.example:one", "address": "192.0.2.20"}
    # Ansible's own messages quote the playbook.
    own = "{{ lookup('env', 'CHAP_SECRET') }}"
    chap = {"name": "esx", "secret": own}
    both = {"chap": chap, "mutual_chap": {"name": "array", "secret": "{{ lookup('env', 'MUTUAL_SECRET') }}"}}
    world = load_scenario(
        {"faults": [{"method": "AddInternetScsiStaticTargets", "action": "fault vim.fault.HostConfigFault"}]},
        password=PASSWORD,
    )
    with serve(world) as server:
        played = run_tasks(
            [
                {ISCSI: {**both, "static_targets": [{**target, **both}]}},
                {ISCSI: {**both, "static_targets": [{**target, **both}]}, "check_mode": True},
                {ISCSI: {**both, "static_targets": [{**target, **both}], "update_secret": "always"}},
                {ISCSI: {"chap": chap, "mutual_chap": {"name": "array", "secret": own}}},
                {ISCSI: {"chap": {**chap, "level": "sometimes"}}},
                {ISCSI: {"static_targets": [{**target, "chap": {**chap, "nonsense": own}}]}},
            ],
            tmp_path,
            "-vvvv",
            "--diff",
            variables=place(server.port, CHAP_SECRET=CHAP_SECRET, MUTUAL_SECRET=MUTUAL_SECRET),
        )

    kinds = [result.get("failure", {}).get("kind") for result in played.results]
    assert kinds == ["fault", None, None, "option", None, None], played.output
    assert [bool(result.get("failed")) for result in played.results] == [True, False, False, True, True, True]
    assert shown([CHAP_SECRET, MUTUAL_SECRET], played) == []
