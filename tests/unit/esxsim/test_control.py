# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control endpoint, datastore files and screenshots, over a socket."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.esxsim.control import Control
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.http import GARBAGE, serve
from ansible_collections.virt.esx.tests.esxsim.screens import picture
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, machine, world_of
from pyVmomi import vim

AUTH = {"Authorization": "Basic " + base64.b64encode(b"root:secret").decode()}
WHERE = "dcPath=ha-datacenter&dsName=datastore1"


class Door:
    """A server without TLS, and a client that speaks plain HTTP to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control = Control(world)
        self.server = serve(world, routes={**routes(world), "/control": self.control}, tls=False)
        self.control.log = self.server.log

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = response.status, response.read(), {key.lower(): value for key, value in response.getheaders()}
        connection.close()
        return answer

    def say(self, method: str, name: str, given: Any = None) -> tuple[int, dict[str, Any]]:
        """Ask the control endpoint."""
        status, body, _rest = self.ask(
            method, f"/control/{name}", None if given is None else json.dumps(given).encode()
        )
        return status, json.loads(body)


@pytest.fixture
def door() -> Iterator[Door]:
    world = world_of(
        {"name": "web01", "task_seconds": 5},
        {"name": "web02", "power_state": "powered-on"},
        {"name": "web02", "folder": "old"},
    )
    made = Door(world)
    with made.server:
        yield made
    assert world.errors == []


def test_vms_tasks_and_sessions_are_shown(door: Door) -> None:
    client = Client(door.world)
    client.vm("web01").PowerOn()
    vms, tasks, sessions = (door.say("GET", name)[1][name] for name in ("vms", "tasks", "sessions"))

    assert [(vm["moid"], vm["name"], vm["power_state"]) for vm in vms] == [
        ("1", "web01", "powered-off"),
        ("2", "web02", "powered-on"),
        ("3", "web02", "powered-off"),
    ]
    assert [(one["entity"], one["operation"], one["state"]) for one in tasks] == [
        ("1", "VirtualMachine.powerOn", "running")
    ]
    assert [one["user"] for one in sessions] == ["root"]


def test_calls_are_counted_and_forgotten(door: Door) -> None:
    Client(door.world)
    before = door.say("GET", "calls")[1]
    door.say("DELETE", "calls")
    after = door.say("GET", "calls")[1]

    assert before["counts"] == {"RetrieveServiceContent": 1, "Login": 1}
    assert before["logins"] == 1
    assert (after["calls"], after["logins"]) == ([], 0)


def test_requests_are_counted_without_those_of_control(door: Door) -> None:
    door.ask("GET", f"/folder/x?{WHERE}", headers=AUTH)
    found = door.say("GET", "requests")[1]

    assert (found["count"], found["requests"][0]["path"], found["requests"][0]["status"]) == (1, "/folder/x", 404)


def test_a_question_is_raised_and_answered_behind_the_clients_back(door: Door) -> None:
    raised = door.say("POST", "question", {"vm": "1", "question": "msg.hbacommon.outofspace"})
    again = door.say("POST", "question", {"vm": "1", "question": "msg.hbacommon.outofspace"})
    wrong = door.say("POST", "answer", {"vm": "1", "answer": "9"})
    answered = door.say("POST", "answer", {"vm": "web01", "answer": "1"})

    assert raised[0] == 200
    assert raised[1]["vm"]["question"]["text"].startswith("msg.hbacommon.outofspace")
    assert (again[0], wrong[0]) == (409, 409)
    assert (answered[0], answered[1]["vm"]["question"]) == (200, None)


def test_a_question_can_be_planned_for_the_next_operation(door: Door) -> None:
    door.say("POST", "question", {"vm": "1", "question": "msg.serial.file.open", "during": "power-on"})
    client = Client(door.world)
    client.after(0, client.vm("web01").PowerOn())

    assert client.vm("web01").runtime.question.message[0].id == "msg.serial.file.open"


def test_a_fault_rule_comes_and_goes(door: Door) -> None:
    rule = {"method": "PowerOnVM_Task", "action": "fault vim.fault.InvalidState"}
    added = door.say("POST", "faults", rule)[1]["faults"]
    wrong = door.say("POST", "faults", {"action": "explode"})
    door.say("DELETE", "faults")

    assert [one["action"] for one in added] == ["fault vim.fault.InvalidState"]
    assert wrong[0] == 400
    assert "allowed is latency" in wrong[1]["error"]
    assert door.say("GET", "faults")[1] == {"faults": []}


def test_power_state_deletion_sessions_and_time_are_set(door: Door) -> None:
    client = Client(door.world)
    task = client.vm("web01").PowerOn()
    now = door.say("POST", "advance", {"seconds": 6})[1]["now"]
    finished = task.info.state
    door.say("POST", "power", {"vm": "1", "state": "suspended"})
    state = client.vm("web01").runtime.powerState
    door.say("POST", "delete", {"vm": "1"})
    door.say("DELETE", "sessions")

    assert (now >= 6, finished, state) == (True, "success", "suspended")
    assert [vm["moid"] for vm in door.say("GET", "vms")[1]["vms"]] == ["2", "3"]
    assert door.say("GET", "sessions")[1] == {"sessions": []}


def test_a_restart_loses_sessions_and_tasks(door: Door) -> None:
    client = Client(door.world)
    client.vm("web01").PowerOn()
    door.say("POST", "restart", {"seconds": 1})
    door.world.clock.advance(0.2)
    down = door.world.is_down
    door.world.clock.advance(1)

    assert (down, door.world.is_down) == (True, False)
    assert door.world.sessions.alive() == []
    assert door.world.of_type("Task") == []


@pytest.mark.parametrize(
    ("method", "name", "given", "status", "told"),
    [
        ("GET", "nothing", None, 404, "there are GET /control/calls"),
        ("POST", "power", {"state": "suspended"}, 400, "vm is missing"),
        ("POST", "power", {"vm": "nobody", "state": "suspended"}, 404, "0 virtual machines are 'nobody'"),
        ("POST", "power", {"vm": "web02", "state": "suspended"}, 409, "2 virtual machines are 'web02' 2, 3"),
        ("POST", "power", {"vm": "1", "state": "on"}, 400, "state: found 'on', allowed is one of"),
        ("POST", "advance", {}, 400, "allowed is a mapping that has seconds"),
        ("POST", "question", {"vm": "1", "question": "msg.x"}, 400, "question: found 'msg.x'"),
    ],
)
def test_a_wrong_request_is_told(door: Door, method: str, name: str, given: Any, status: int, told: str) -> None:
    found, answer = door.say(method, name, given)

    assert found == status
    assert told in answer["error"]


def test_what_is_no_json_is_refused(door: Door) -> None:
    assert door.ask("POST", "/control/advance", b"{")[0] == 400


def test_a_vmx_file_is_read_by_the_escapes_of_libvirt_and_of_govc(door: Door) -> None:
    libvirt = door.ask("GET", f"/folder/web01%2fweb01.vmx?{WHERE}", headers=AUTH)
    govc = door.ask("GET", "/folder/web01/web01.vmx?dcPath=%2Fha-datacenter&dsName=datastore1", headers=AUTH)

    assert libvirt[:2] == govc[:2]
    assert b'displayName = "web01"' in libvirt[1]


def test_a_file_goes_up_down_and_away(door: Door) -> None:
    path = f"/folder/web01/b.txt?{WHERE}"
    first, second = (door.ask("PUT", path, b"hello", AUTH)[0] for _rest in range(2))
    read = door.ask("GET", path, headers=AUTH)
    head = door.ask("HEAD", path, headers=AUTH)
    part = door.ask("GET", path, headers={**AUTH, "Range": "bytes=1-3"})
    gone = door.ask("DELETE", path, headers=AUTH)[0], door.ask("GET", path, headers=AUTH)[0]

    assert (first, second) == (201, 200)
    assert read[:2] == (200, b"hello")
    assert (head[0], head[1], head[2]["content-length"]) == (200, b"", "5")
    assert (part[0], part[1], part[2]["content-range"]) == (206, b"ell", "bytes 1-3/5")
    assert gone == (200, 404)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/folder/web01/web01.vmx?{WHERE}", {}, 401),
        ("GET", "/folder/web01/web01.vmx?dcPath=other&dsName=datastore1", AUTH, 404),
        ("GET", "/folder/web01/web01.vmx?dcPath=ha-datacenter&dsName=other", AUTH, 404),
        ("GET", f"/folder/%2e%2e%2fx?{WHERE}", AUTH, 400),
        ("PUT", f"/folder/dir/?{WHERE}", AUTH, 400),
        ("PUT", f"/folder/dir/a.txt?{WHERE}", AUTH, 404),
        ("POST", f"/folder/x?{WHERE}", AUTH, 405),
        ("GET", "/screen?id=1", AUTH, 500),
        ("GET", "/screen?id=99", AUTH, 404),
        ("GET", "/screen?id=2", {}, 401),
    ],
)
def test_what_is_not_there_or_not_allowed_is_refused(
    door: Door, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert door.ask(method, path, b"" if method == "PUT" else None, headers)[0] == status


def test_a_full_datastore_says_so() -> None:
    door = Door(world_of(datastores=[{"name": "datastore1", "free_gib": 0}]))
    with door.server:
        assert door.ask("PUT", f"/folder/a?{WHERE}", b"x", AUTH)[0] == 507


@pytest.mark.parametrize(
    ("action", "status", "told", "written"),
    [
        ("disk-full", 507, b"Insufficient Storage\n", False),
        ("http-503", 503, b"Service Unavailable\n", False),
        ("fault vim.fault.NotAuthenticated", 500, b"The scenario says NotAuthenticated.\n", False),
        ("garbage", 201, GARBAGE, True),
        ("session-expiry", 201, b"", True),
    ],
)
def test_a_fault_rule_spoils_the_request_for_a_file(
    door: Door, action: str, status: int, told: bytes, written: bool
) -> None:
    fields = {"privilegeId": "x", "object": vim.Folder("x")} if action.startswith("fault") else {}
    door.world.faults.add(FaultRule(method="PUT", moid="/folder/a*", action=action, fields=fields))
    other = door.ask("PUT", f"/folder/b?{WHERE}", b"x", AUTH)
    answer = door.ask("PUT", f"/folder/a?{WHERE}", b"x", AUTH)
    again = door.ask("GET", f"/folder/a?{WHERE}", headers=AUTH)

    assert (other[0], answer[:2], again[0]) == (201, (status, told), 200 if written else 404)


@pytest.mark.parametrize(
    ("action", "written"),
    [("drop-before", False), ("drop-after", True), ("restart-before", False), ("restart-after", True)],
)
def test_a_connection_is_lost_during_an_upload(door: Door, action: str, written: bool) -> None:
    door.world.faults.add(FaultRule(method="PUT", action=action))
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        door.ask("PUT", f"/folder/a?{WHERE}", b"x", AUTH)
    store = door.world.of_type("Datastore")[0]

    assert (store.files.get("a") is not None) == written


def test_a_download_is_cut_off(door: Door) -> None:
    door.world.faults.add(FaultRule(method="GET", action="truncate"))
    with pytest.raises(http.client.IncompleteRead):
        door.ask("GET", f"/folder/web01/web01.vmx?{WHERE}", headers=AUTH)


def test_a_restart_may_keep_the_tasks(door: Door) -> None:
    task = Client(door.world).vm("web01").PowerOn()
    door.say("POST", "restart", {"seconds": 1, "keep_tasks": True})
    door.world.clock.advance(10)

    assert door.world.sessions.alive() == []
    assert door.world.find("Task", task._moId).get("info.state") == "success"


def test_a_disk_is_as_long_as_it_says(door: Door) -> None:
    part = door.ask("GET", f"/folder/web01/web01-flat.vmdk?{WHERE}", headers={**AUTH, "Range": "bytes=0-9"})

    assert (part[0], part[1]) == (206, bytes(10))


def test_the_files_of_a_running_machine_are_read_and_neither_written_nor_deleted(door: Door) -> None:
    path = f"/folder/web02/web02.vmx?{WHERE}"
    before = door.ask("GET", path, headers=AUTH)

    assert (door.ask("PUT", path, b"other", AUTH)[0], door.ask("DELETE", path, headers=AUTH)[0]) == (500, 500)
    assert b"since it is locked" in door.ask("DELETE", "/folder/web02?" + WHERE, headers=AUTH)[1]
    assert door.ask("GET", path, headers=AUTH)[:2] == before[:2]


def test_the_vmx_on_the_datastore_is_what_the_machine_is(door: Door) -> None:
    client, path = Client(door.world), f"/folder/web01/web01.vmx?{WHERE}"
    door.ask("PUT", path, b"somebody's own", AUTH)
    client.after(6, client.vm().Reconfigure(vim.vm.ConfigSpec(annotation="words")))

    assert door.ask("GET", path, headers=AUTH)[1] == machine(door.world).vmx().encode()
    assert b'annotation = "words"' in door.ask("GET", path, headers=AUTH)[1]


def test_the_screen_of_a_running_vm_is_a_picture(door: Door) -> None:
    status, body, headers = door.ask("GET", "/screen?id=2", headers=AUTH)

    assert (status, headers["content-type"], body) == (
        200,
        "image/png",
        picture(door.world.find("VirtualMachine", "2")),
    )
    assert body.startswith(b"\x89PNG")


def test_an_uploaded_file_can_be_registered(door: Door) -> None:
    client = Client(door.world)
    door.ask("PUT", f"/folder/web01/new.vmx?{WHERE}", b'displayName = "new"\nmemsize = "64"\n', AUTH)
    folder: Any = vim.Folder("ha-folder-vm", client.stub)
    pool: Any = vim.ResourcePool("ha-root-pool")
    info = client.after(0, folder.RegisterVm(path="[datastore1] web01/new.vmx", asTemplate=False, pool=pool))

    assert info.state == "success"
    assert machine(door.world, "new").get("config.hardware.memoryMB") == 64
