# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin under real ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving, variables
from ansible_collections.virt.esx.tests.support.playbooks import environment, playbook

SECONDS = 120
VMS: list[dict[str, Any]] = [
    {"name": "web01", "power_state": "powered-on", "ip_addresses": ["192.0.2.10"], "annotation": "{{ 6 * 7 }}"},
    {"name": "web02", "power_state": "powered-on"},
    {"name": "db01"},
]


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving({"vms": VMS}, tmp_path) as running:
        yield running


def source(home: pathlib.Path, **options: Any) -> pathlib.Path:
    path = home / "lab.esx_vms.yml"
    path.write_text(yaml.safe_dump({"plugin": "virt.esx.esx_vms", **options}), "utf-8")
    return path


def inventory(
    path: pathlib.Path, home: pathlib.Path, *arguments: str, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ansible", "inventory", "--inventory", str(path), *arguments],
        env=environment(home) | dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )


def test_a_graph_of_two_hosts_of_which_one_is_vaulted_and_a_third_is_down(
    tmp_path: pathlib.Path, server: Server
) -> None:
    (tmp_path / "other").mkdir()
    key = tmp_path / "key"
    key.write_text("open", "utf-8")
    with serving({"vms": [{"name": "app01"}]}, tmp_path / "other") as other:
        other.world.password = "{{ s3cret }}"
        vaulted = subprocess.run(
            [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", str(key)],
            env=environment(tmp_path),
            input=other.world.password,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            text=True,
        ).stdout
        path = tmp_path / "lab.esx_vms.yml"
        path.write_text(
            "plugin: virt.esx.esx_vms\nunreachable: warn\nkeyed_groups: [{key: power_state, prefix: power}]\nhosts:\n"
            f"- {{hostname: 127.0.0.1, port: {server.port}}}\n- {{hostname: 127.0.0.1, port: 1}}\n"
            f"- hostname: localhost\n  port: {other.port}\n  password: " + vaulted.strip() + "\n",
            "utf-8",
        )

        done = inventory(
            path,
            tmp_path,
            "--graph",
            "--vault-password-file",
            str(key),
            variables=variables(server) | {"VMWARE_PORT": ""},
        )

    assert done.returncode == 0, done.stderr
    assert "the virtual machines of '127.0.0.1' are missing" in " ".join(done.stderr.split())
    assert "s3cret" not in done.stdout + done.stderr
    lines = [line.strip(" |-") for line in done.stdout.splitlines()]
    assert [line for line in lines if not line.startswith("@")].count("app01") == 1
    assert lines[lines.index("@power_powered_on:") + 1 :][:2] == ["web01", "web02"]


def test_a_play_works_on_the_machines_and_is_limited_to_some(tmp_path: pathlib.Path, server: Server) -> None:
    path = source(tmp_path, groups={"running": "power_state == 'powered-on'"})
    connection = {"hostname": "{{ esx_connection.hostname }}", "port": "{{ esx_connection.port }}"}
    off = {"virt.esx.esx_vm_power": {**connection, "moid": "{{ esx_vm.moid }}", "state": "powered-off"}}
    tasks = [
        {**off, "delegate_to": "localhost"},
        {"ansible.builtin.meta": "refresh_inventory"},
        {
            "ansible.builtin.assert": {
                "that": ["groups.running == ['web02']", "esx_vm.power_state == 'powered-off'", "'6 * 7' in said"]
            },
            "vars": {"said": "{{ esx_vm.annotation }}"},
        },
    ]
    play = {"hosts": "running", "gather_facts": False, "tasks": tasks}

    done = playbook([play], tmp_path, "--inventory", str(path), "--limit", "web01", variables=variables(server))

    assert done.returncode == 0, done.stdout
    assert "web02" not in done.stdout
    states = {str(vm.get("name")): vm.get("runtime.powerState") for vm in server.world.of_type("VirtualMachine")}
    assert states == {"web01": "poweredOff", "web02": "poweredOn", "db01": "poweredOff"}


def test_a_cache_is_used_until_it_is_flushed(tmp_path: pathlib.Path, server: Server) -> None:
    path = source(
        tmp_path, cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache")
    )

    first, second = (inventory(path, tmp_path, "--list", variables=variables(server)) for _time in range(2))
    reads = server.log.soap().count("RetrievePropertiesEx")
    play = {"hosts": "db01", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"var": "esx_vm.moid"}}]}
    third = playbook([play], tmp_path, "--inventory", str(path), "--flush-cache", variables=variables(server))

    assert [first.stderr, second.stderr, third.returncode] == ["", "", 0]
    assert json.loads(first.stdout) == json.loads(second.stdout)
    known = json.loads(first.stdout)["_meta"]["hostvars"]
    assert set(known) == {"web01", "web02", "db01"}
    assert known["web01"]["ansible_host"] == "192.0.2.10"
    assert known["web01"]["esx_vm"]["name"] == "web01"
    # Ansible says itself what is no template.
    assert known["web01"]["esx_vm"]["annotation"] == {"__ansible_unsafe": "{{ 6 * 7 }}"}
    assert (reads, server.log.soap().count("RetrievePropertiesEx")) == (1, 2)


def test_extra_variables_are_seen_by_templates_and_expressions(tmp_path: pathlib.Path, server: Server) -> None:
    path = source(
        tmp_path,
        hostname="{{ which }}",
        query="[?name=='db01']",
        use_extra_vars=True,
        compose={"site": "where ~ '/' ~ name"},
    )

    done = inventory(
        path, tmp_path, "--host", "db01", "-e", "which=127.0.0.1", "-e", "where=lab", variables=variables(server)
    )

    assert json.loads(done.stdout)["site"] == "lab/db01", done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hostname": "127.0.0.1", "port": 1}, "no connection to https://127.0.0.1:1"),
        ({"query": "nonsense"}, "'query' must yield virtual machines"),
        ({"qeury": "[]"}, "did you mean 'query'"),
        ({"cache": True, "cache_plugin": "ansible.builtin.no_such"}, "no_such"),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(
    tmp_path: pathlib.Path, server: Server, options: dict[str, Any], said: str
) -> None:
    done = inventory(source(tmp_path, **options), tmp_path, "--list", variables=variables(server))

    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr + done.stdout
    assert server.world.password not in done.stderr
    assert json.loads(done.stdout)["_meta"]["hostvars"] == {}
