# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: what they may say, and what they are told when they say something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.scenario import ScenarioError, load_scenario
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim


def test_an_empty_scenario_is_a_host_without_vms() -> None:
    world = load_scenario({})

    assert world.of_type("VirtualMachine") == []
    assert Client(world).content.about.apiVersion == "8.0.3.0"


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yml"
    file.write_text("vms:\n- {name: web01, cpus: 4, memory_mib: 2048, annotation: a}\n", "utf-8")
    config = machine(load_scenario(file)).get("config")

    assert (config.hardware.numCPU, config.hardware.memoryMB, config.annotation) == (4, 2048, "a")


def test_a_batch_has_names_by_its_pattern_and_identifiers_of_its_own() -> None:
    vms = world_of({"name": "batch-{n:03}", "count": 3}, {"name": "plain", "count": 2}).of_type("VirtualMachine")

    assert [vm.get("name") for vm in vms] == ["batch-001", "batch-002", "batch-003", "plain-0001", "plain-0002"]
    assert [vm.moid for vm in vms] == ["1", "2", "3", "4", "5"]
    assert len({vm.uuid for vm in vms}) == len({vm.instance_uuid for vm in vms}) == 5


def test_vms_are_multiplied() -> None:
    document = {"vms": [{"name": "a"}, {"name": "b-{n}", "count": 2}]}
    vms = load_scenario(document, multiply=2).of_type("VirtualMachine")

    assert [vm.get("name") for vm in vms] == ["a-0001", "a-0002", "b-1", "b-2", "b-3", "b-4"]


def test_the_same_scenario_makes_the_same_world() -> None:
    first, second = (machine(world_of({"name": "web01"})).vmx() for _rest in range(2))

    assert first == second


def test_user_and_password_can_be_given_besides() -> None:
    document = {"host": {"user": "admin", "password": 1234}}

    assert (load_scenario(document).username, load_scenario(document).password) == ("admin", "1234")
    assert load_scenario(document, user="x", password="y").username == "x"


def test_a_free_licence_refuses_writing_and_goes_on_reading() -> None:
    client = Client(world_of({"name": "web01"}, host={"licence": "free"}))

    assert isinstance(fault_of(client.vm().PowerOn), vim.fault.RestrictedVersion)
    assert client.vm().name == "web01"
    assert client.content.licenseManager.licenses[0].editionKey == "esxBasic"


def test_faults_are_in_force() -> None:
    rule = {"method": "PowerOnVM_Task", "action": "fault vim.fault.InvalidState", "count": 1}
    client = Client(world_of({"name": "web01"}, faults=[rule]))

    assert isinstance(fault_of(client.vm().PowerOn), vim.fault.InvalidState)
    assert client.vm().PowerOn() is not None


def test_a_rule_of_a_batch_counts_for_each_vm() -> None:
    world = world_of({"name": "b{n}", "count": 2, "questions": [{"question": "msg.serial.file.open", "count": 1}]})
    client = Client(world)
    for name in ("b1", "b2"):
        client.after(0, client.vm(name).PowerOn())

    assert all(client.vm(name).runtime.question is not None for name in ("b1", "b2"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"vm": []}, "the document: found 'vm', allowed is one of the keys host, clock"),
        ({"vms": [{"name": "a", "cpu": 1}]}, "vms[0]: found 'cpu', allowed is one of the keys"),
        ({"vms": [{"name": "a", "cpu": 1}]}, "(did you mean cpus?)"),
        ({"vms": [{}]}, "vms[0]: found nothing, allowed is a mapping that has name"),
        ({"vms": {"name": "a"}}, "vms: found {'name': 'a'}, allowed is a list"),
        ({"vms": [{"name": "a", "memory_mib": 1023}]}, "vms[0].memory_mib: found 1023, allowed is a multiple of 4"),
        ({"vms": [{"name": "a", "cpus": True}]}, "vms[0].cpus: found True, allowed is a whole number, 1 to 768"),
        ({"vms": [{"name": "a-{x}"}]}, "vms[0].name: found 'a-{x}', allowed is a name whose only field is {n}"),
        ({"vms": [{"name": "a", "power_state": "on"}]}, "allowed is one of powered-on, powered-off, suspended"),
        ({"vms": [{"name": "a", "uuid": "1"}]}, "vms[0].uuid: found '1', allowed is a UUID"),
        ({"vms": [{"name": "a"}, {"name": "a"}]}, "vms[1]: found a second VM with the file"),
        ({"vms": [{"name": "a", "nics": [{"network": "x"}]}]}, "vms[0].nics[0].network: found 'x'"),
        ({"vms": [{"name": "a", "datastore": "x"}]}, "vms[0].datastore: found 'x', allowed is one of datastore1"),
        ({"vms": [{"name": "a", "ip_addresses": ["x"]}]}, "vms[0].ip_addresses[0]: found 'x', allowed is an IP"),
        ({"vms": [{"name": "a", "questions": ["msg.x"]}]}, "vms[0].questions[0].question: found 'msg.x', allowed"),
        ({"vms": [{"name": "a", "questions": [{"text": "x"}]}]}, "allowed is a question that has during"),
        (
            {"vms": [{"name": "a", "questions": [{"question": "msg.serial.file.open", "answers": {"x": "again"}}]}]},
            "answers.x: there is no such choice, allowed are 0 (button.serial.file.append)",
        ),
        (
            {"vms": [{"name": "a", "questions": [{"question": "msg.serial.file.open", "task": "reset"}]}]},
            "vms[0].questions[0].task: found 'reset', allowed is a task only where during is now",
        ),
        (
            {"vms": [{"name": "a", "failures": [{"during": "reset", "fault": "vim.fault.Nothing"}]}]},
            "vms[0].failures[0].fault: found 'vim.fault.Nothing', allowed is the name of a fault",
        ),
        ({"host": {"version": "4.0"}}, "host.version: found '4.0', allowed is one of 5.5"),
        ({"clock": "fast"}, "clock: found 'fast', allowed is one of real, manual, auto"),
        ({"defaults": {"latency": -1}}, "defaults.latency: found -1, allowed is a number of seconds, 0 or more"),
        ({"faults": [{"action": "explode"}]}, "faults[0].action: found 'explode', allowed is latency"),
        ({"datastores": []}, "datastores: found an empty list"),
        ({"networks": [{"name": "a"}, {"name": "a"}]}, "networks[1].name: found 'a' again"),
        ({"vmx_folder": "/nowhere/at/all"}, "vmx_folder: found '/nowhere/at/all', allowed is a folder"),
    ],
)
def test_a_mistake_is_told_with_its_place(document: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        load_scenario(document)

    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"vms: [", "line 1: this is no YAML"),
        (b"- 1", "the document: found [1], allowed is a mapping"),
        (b"\xff\xfe\xff", "cannot be read"),
        (None, "the scenario cannot be read: No such file or directory"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "scenario.yml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ScenarioError) as raised:
        load_scenario(file)

    assert str(file) in str(raised.value)
    assert told in str(raised.value)


def test_more_hosts_make_a_vcenter() -> None:
    world = load_scenario(
        {"more_hosts": [{"name": "esx2"}, {"name": "esx3", "datastores": [], "maintenance_mode": True}]}
    )
    hosts = {host.get("name"): host for host in world.of_type("HostSystem")}

    assert world.find("ServiceInstance", "ServiceInstance").get("content").about.apiType == "VirtualCenter"
    assert [len(hosts[name].get("datastore")) for name in ("esx2", "esx3")] == [1, 0]
    assert hosts["esx3"].get("runtime.inMaintenanceMode")
    with pytest.raises(ScenarioError, match=r"more_hosts\[0\].datastores: found 'x', allowed is one of datastore1"):
        load_scenario({"more_hosts": [{"name": "esx2", "datastores": ["x"]}]})
