# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules and inventory plugins of community.vmware and vmware.vmware, by real ansible-playbook, on our simulator."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import vapi
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.conftest import absent
from ansible_collections.virt.esx.tests.support import peer_collections
from ansible_collections.virt.esx.tests.support.clients import serving, until_idle, variables
from ansible_collections.virt.esx.tests.support.playbooks import ROOT, environment, inventory, run_tasks

COMMUNITY_POWER, COMMUNITY_INFO = "community.vmware.vmware_guest_powerstate", "community.vmware.vmware_vm_info"
COMMUNITY_FACTS, COMMUNITY_INVENTORY = "community.vmware.vmware_guest_info", "community.vmware.vmware_vm_inventory"
POWER, GUEST_INFO, RESOURCES = (
    "vmware.vmware.vm_powerstate",
    "vmware.vmware.guest_info",
    "vmware.vmware.vm_resource_info",
)
VMS, HOSTS = "vmware.vmware.vms", "vmware.vmware.esxi_hosts"
SERIAL, APPEND = "msg.serial.file.open", "button.serial.file.append"
LATE_SECONDS = 2
SCENARIO: Mapping[str, Any] = {
    "defaults": {"guest_shutdown_seconds": 0},
    "vms": [
        {"name": "running01", "power_state": "powered-on", "ip_addresses": ["192.0.2.10"], "hostname": "running01"},
        {"name": "off01"},
        {"name": "suspended01", "power_state": "suspended"},
        {"name": "asking01", "questions": [SERIAL]},
        {
            "name": "late01",
            "task_seconds": LATE_SECONDS + 0.5,
            "questions": [{"question": SERIAL, "delay": LATE_SECONDS}],
        },
    ],
}
# From this release on, vm_powerstate answers a question that comes up during a task; before, it dies of it.
ANSWERS = (2, 10)
# Releases of those collections differ in these.
LEFT = {"vmware_guest_powerstate", "vm_info", "vm_snapshot_info", "vm_snapshot_revert", "esxi_info"}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as running:
        running.routes.update(vapi.routes())
        yield running
        missing = [call.method for call in running.world.calls if call.fault in ("MethodNotFound", "InvalidProperty")]
        assert missing == []
        assert running.world.errors == []
        assert len(running.world.sessions) == 0


class Control:
    """A control node that has the collections of others and reaches the simulator."""

    def __init__(self, server: Server, home: pathlib.Path, note: Callable[[str, object], None]) -> None:
        self._place = peer_collections.place()
        if not self._place.is_dir():
            absent("community.vmware and vmware.vmware are not in .cache/peers: ./dev peer-collections fetches them")
        self.server = server
        self._home = home
        self._note = note
        environment(home)
        for namespace in ("community", "vmware"):
            link = home / "tree" / "ansible_collections" / namespace
            link.symlink_to(self._place / "ansible_collections" / namespace, target_is_directory=True)
        libraries = {"PYTHONPATH": str(self._place / "lib"), "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
        self._variables = {**variables(server), **libraries}

    def release(self, plugin: str, what: str = "") -> tuple[int, ...]:
        """Return the release of a plugin's collection, and note both for the table."""
        collection = plugin.rpartition(".")[0]
        manifest = self._place / "ansible_collections" / collection.replace(".", "/") / "MANIFEST.json"
        version = json.loads(manifest.read_text("utf-8"))["collection_info"]["version"]
        self._note("peer", f"{collection} {version}")
        self._note("command", f"{plugin.removeprefix(collection + '.')} {what}".strip())
        return tuple(int(part) for part in version.split("."))

    def run(self, module: str, *options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Run a module once for each of the options, in one play, and return what it returned."""
        played = run_tasks([{module: dict(one)} for one in options], self._home, variables=self._variables)
        assert len(played.results) == len(options), played.output
        return list(played.results)

    def inventory(self, plugin: str, suffix: str, **options: Any) -> Mapping[str, Any]:
        """Return what ansible-inventory says with a plugin; ``suffix`` is how its files' names end."""
        path = self._home / f"source.{suffix}.yml"
        world = self.server.world
        place = {"hostname": "127.0.0.1", "port": self.server.port, "validate_certs": False}
        account = {"username": world.username, "password": world.password}
        path.write_text(json.dumps({"plugin": plugin, **place, **account, **options}), "utf-8")
        done = inventory(path, self._home, variables=self._variables)
        assert done.returncode == 0, done.stderr
        # Ansible marks the texts that came from elsewhere.
        listed: Mapping[str, Any] = json.loads(done.stdout, object_hook=lambda one: one.get("__ansible_unsafe", one))
        assert listed["_meta"]["hostvars"], done.stderr
        return listed

    def vm(self, name: str) -> Any:
        """Return the world's virtual machine of a name."""
        return self.vms()[name]

    def vms(self) -> dict[str, Any]:
        return {vm.get("name"): vm for vm in self.server.world.of_type("VirtualMachine")}


@pytest.fixture
def control(server: Server, tmp_path: pathlib.Path, record_property: Callable[[str, object], None]) -> Control:
    return Control(server, tmp_path, record_property)


# The machine, the state asked for, the state it comes to, the method, and whether a second run changes something.
STATES = [
    ("off01", "powered-on", "poweredOn", "PowerOnVM_Task", False),
    ("suspended01", "powered-on", "poweredOn", "PowerOnVM_Task", False),
    ("running01", "powered-off", "poweredOff", "PowerOffVM_Task", False),
    ("running01", "suspended", "suspended", "SuspendVM_Task", False),
    ("running01", "shutdown-guest", "poweredOff", "ShutdownGuest", False),
    ("running01", "restarted", "poweredOn", "ResetVM_Task", True),
    ("running01", "reboot-guest", "poweredOn", "RebootGuest", True),
]


@pytest.mark.parametrize("module", [COMMUNITY_POWER, POWER])
@pytest.mark.parametrize(("name", "state", "after", "method", "again"), STATES, ids=[f"{s[0]}-{s[1]}" for s in STATES])
def test_power(control: Control, module: str, name: str, state: str, after: str, method: str, *, again: bool) -> None:
    control.release(module, f"{state} {name}")
    # Both want force for a suspended machine, the one even where nothing is to be done.
    asked = {"name": name, "state": state, "datacenter": "ha-datacenter", "force": True}
    first, second = control.run(module, asked, asked)

    assert not first["failed"], first
    assert not second["failed"], second
    assert (first["changed"], second["changed"]) == (True, again)
    assert control.vm(name).get("runtime.powerState") == after
    assert len(control.server.world.calls.of(method)) == 1 + again


@pytest.mark.parametrize(("name", "state"), [("running01", "powered-on"), ("off01", "powered-off")])
@pytest.mark.parametrize("module", [COMMUNITY_POWER, POWER])
def test_power_that_is_there_already(control: Control, module: str, name: str, state: str) -> None:
    control.release(module, f"{state} {name}, nothing to do")
    (result,) = control.run(module, {"name": name, "state": state, "datacenter": "ha-datacenter"})

    assert (result["failed"], result["changed"]) == (False, False), result
    assert control.server.world.calls.of("*_Task") == []


def answers(option: str) -> dict[str, Any]:
    return {option: [{"question": SERIAL, "response": APPEND}]}


def asking(name: str = "asking01", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": "powered-on", "datacenter": "ha-datacenter", **more}


def test_community_answers_during_the_task(control: Control) -> None:
    control.release(COMMUNITY_POWER, "powered-on asking01, with answer")
    first, second = control.run(COMMUNITY_POWER, asking(**answers("answer")), asking(**answers("answer")))

    assert (first["failed"], first["changed"], second["changed"]) == (False, True, False), first
    assert first["instance"]["hw_power_status"] == "poweredOn"
    assert [call.args["answerChoice"] for call in control.server.world.calls.of("AnswerVM")] == ["0"]


def test_community_answers_what_an_older_task_asks(control: Control) -> None:
    control.release(COMMUNITY_POWER, "powered-on asking01, without answer, then with it")
    first, second = control.run(COMMUNITY_POWER, asking(), asking(**answers("answer")))
    until_idle(control.server.world)

    question = first["instance"]["guest_question"]
    assert first["failed"]
    assert first["msg"] == question["text"]
    assert [choice["key"] for choice in question["choice"]["choiceInfo"]] == ["0", "1", "2"]
    assert (second["failed"], second["changed"]) == (False, True), second
    assert control.vm("asking01").get("runtime.powerState") == "poweredOn"
    assert len(control.server.world.calls.of("PowerOnVM_Task")) == 1


def test_vmware_answers_during_the_task(control: Control) -> None:
    release = control.release(POWER, "powered-on late01, with question_answers")
    (result,) = control.run(POWER, asking("late01", **answers("question_answers")))

    calls = control.server.world.calls
    if release >= ANSWERS:
        assert (result["failed"], result["changed"]) == (False, True), result
        assert [call.args["answerChoice"] for call in calls.of("AnswerVM")] == ["0"]
        assert control.vm("late01").get("runtime.powerState") == "poweredOn"
    else:
        assert "'NoneType' object has no attribute 'message'" in json.dumps(result)


def test_vmware_reports_a_question(control: Control) -> None:
    control.release(POWER, "powered-on asking01, without question_answers")
    first, second = control.run(POWER, asking(), asking())

    text = control.vm("asking01").get("runtime.question").text
    assert (first["failed"], second["failed"]) == (True, True)
    assert text in second["msg"]
    assert len(control.server.world.calls.of("PowerOnVM_Task")) == 1


def test_community_vm_info(control: Control) -> None:
    control.release(COMMUNITY_INFO)
    first, second = control.run(COMMUNITY_INFO, {}, {"vm_name": "running01"})

    assert (first["changed"], second["changed"]) == (False, False)
    told = {one["guest_name"]: one for one in first["virtual_machines"]}
    known = control.vms()
    (host,) = control.server.world.of_type("HostSystem")
    assert told.keys() == known.keys()
    for name, vm in known.items():
        (store,) = (control.server.world.find("Datastore", one._GetMoId()) for one in vm.get("datastore"))
        nics = [one for one in vm.get("config.hardware.device") if hasattr(one, "macAddress")]
        expected = {
            "power_state": vm.get("runtime.powerState"),
            "uuid": vm.get("config.uuid"),
            "instance_uuid": vm.get("config.instanceUuid"),
            "moid": vm.moid,
            "guest_fullname": vm.get("config.guestFullName"),
            "esxi_hostname": host.get("name"),
            "datacenter": "ha-datacenter",
            "folder": "/ha-datacenter/vm",
            "mac_address": [one.macAddress for one in nics],
            "ip_address": vm.get("guest.ipAddress") or "",
            "datastore_url": [{"name": store.get("name"), "url": store.get("summary.url")}],
        }
        assert {key: told[name][key] for key in expected} == expected
    assert second["virtual_machines"] == [told["running01"]]
    assert told["running01"]["vm_network"] == {
        told["running01"]["mac_address"][0]: {"ipv4": ["192.0.2.10/24"], "ipv6": []}
    }


def test_community_guest_info(control: Control) -> None:
    control.release(COMMUNITY_FACTS)
    (result,) = control.run(COMMUNITY_FACTS, {"name": "running01", "datacenter": "ha-datacenter"})

    told, vm = result["instance"], control.vm("running01")
    assert (result["failed"], result["changed"]) == (False, False)
    assert told["hw_product_uuid"] == vm.get("config.uuid")
    assert told["hw_files"] == [vm.get("config.files.vmPathName"), *vm.get("layout.disk")[0].diskFile]
    assert (told["hw_processor_count"], told["hw_memtotal_mb"]) == (1, 1024)
    assert (told["ipv4"], told["guest_tools_status"]) == ("192.0.2.10", "guestToolsRunning")


def test_vmware_vm_resource_info(control: Control) -> None:
    control.release(RESOURCES)
    (result,) = control.run(RESOURCES, {})

    told = {one["name"]: one for one in result["vms"]}
    assert told.keys() == control.vms().keys()
    assert {one["memory"]["size_mb"] for one in told.values()} == {1024}
    assert {one["resource_pool"]["moid"] for one in told.values()} == {"ha-root-pool"}


def test_vmware_guest_info_is_for_vcenter_alone(control: Control) -> None:
    control.release(GUEST_INFO, "(told that here is no vCenter)")
    (result,) = control.run(GUEST_INFO, {"name": "running01"})

    assert result["failed"]
    assert "Unknown interface: com.vmware.cis.session" in result["msg"]


def test_community_vm_inventory(control: Control) -> None:
    control.release(COMMUNITY_INVENTORY)
    listed = control.inventory(
        COMMUNITY_INVENTORY,
        "vmware",
        hostnames=["name"],
        properties=["name", "config.uuid", "runtime.powerState", "guest.ipAddress", "config.hardware.numCPU"],
        keyed_groups=[{"key": "runtime.powerState", "separator": ""}],
        compose={"ansible_host": "guest.ipAddress"},
    )

    told, known = listed["_meta"]["hostvars"], control.vms()
    assert told.keys() == known.keys()
    assert {name: one["config"]["uuid"] for name, one in told.items()} == {
        name: vm.get("config.uuid") for name, vm in known.items()
    }
    assert told["running01"]["ansible_host"] == "192.0.2.10"
    assert listed["poweredOn"]["hosts"] == ["running01"]
    assert sorted(listed["poweredOff"]["hosts"]) == ["asking01", "late01", "off01"]


def test_community_vm_inventory_with_nothing_set(control: Control) -> None:
    control.release(COMMUNITY_INVENTORY, "with nothing set")
    listed = control.inventory(COMMUNITY_INVENTORY, "vmware")

    assert listed["_meta"]["hostvars"].keys() == {
        f"{name}_{vm.get('config.uuid')}" for name, vm in control.vms().items()
    }


def test_vmware_vms_inventory(control: Control) -> None:
    control.release(VMS)
    told = control.inventory(VMS, "vms")["_meta"]["hostvars"]

    assert {name: one["moid"] for name, one in told.items()} == {name: vm.moid for name, vm in control.vms().items()}
    assert told["running01"]["ansible_host"] == "192.0.2.10"
    assert told["running01"]["summary"]["runtime"]["powerState"] == "poweredOn"


def test_vmware_esxi_hosts_inventory(control: Control) -> None:
    control.release(HOSTS)
    told = control.inventory(HOSTS, "esxi_hosts")["_meta"]["hostvars"]

    (host,) = control.server.world.of_type("HostSystem")
    assert {name: one["moid"] for name, one in told.items()} == {host.get("name"): host.moid}
    assert told[host.get("name")]["management_ip"] == host.get("config.network.vnic")[0].spec.ip.ipAddress


def test_the_modules_that_the_guide_leads_away_from_are_theirs() -> None:
    place = peer_collections.place()
    if not place.is_dir():
        absent("community.vmware and vmware.vmware are not in .cache/peers: ./dev peer-collections fetches them")
    theirs = {path.stem for path in place.glob("ansible_collections/*/vmware/plugins/modules/*.py")}
    guide = (ROOT / "docs" / "docsite" / "rst" / "from_community_vmware.rst").read_text("utf-8")
    rows = re.findall(r"^  \* - (.*)$", guide.partition("Module by module\n")[2], re.MULTILINE)

    named = {name for row in rows for name in re.findall(r"``(\w+)``", row)}

    assert len(named) > 30
    # The collection and its successor of today may each have left one behind that playbooks still name.
    assert named - theirs <= LEFT
