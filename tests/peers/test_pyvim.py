# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pyVim, the part of pyVmomi that its users write their programs with, drives our simulator."""

from __future__ import annotations

import gc
import pathlib
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.api import support
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving
from pyVim.connect import Connect, Disconnect, SmartConnect
from pyVim.task import TaskBlocked, WaitForTask, WaitForTasks
from pyVmomi import vim, vmodl

SERIAL = "msg.serial.file.open"
SCENARIO: Mapping[str, Any] = {
    "defaults": {"task_seconds": 0.2},
    "vms": [
        {"name": "running01", "power_state": "powered-on"},
        {"name": "off01"},
        {"name": "off02"},
        {"name": "asking01", "questions": [SERIAL]},
    ],
}
Login = Callable[..., Any]


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Server]:
    host = {"host": {"version": request.param}} if hasattr(request, "param") else {}
    with serving({**SCENARIO, **host}, tmp_path) as running:
        yield running
        assert running.world.errors == []


@pytest.fixture
def login(server: Server) -> Iterator[Login]:
    """Log in with SmartConnect, or another function of pyVim; the test's end logs out."""
    opened = []

    def log_in(way: Login = SmartConnect, **options: Any) -> Any:
        world = server.world
        account = {"user": world.username, "pwd": world.password, "disableSslCertValidation": True}
        si = way(host="127.0.0.1", port=server.port, **{**account, **options})
        opened.append(si)
        return si

    yield log_in
    for si in opened:
        Disconnect(si)
    assert len(server.world.sessions) == 0


@pytest.fixture
def si(login: Login) -> Any:
    return login()


def check_refused(log_in: Callable[[], Any], fault: type[Exception], text: str | None = None) -> None:
    """Check that a login fails; pyVim leaves its connection to the garbage collector then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(fault, match=text):
            log_in()
        gc.collect()


def vm_of(si: Any, name: str) -> Any:
    found = [vm for vm in si.content.rootFolder.childEntity[0].vmFolder.childEntity if vm.name == name]
    assert len(found) == 1
    return found[0]


def machines(world: World) -> dict[str, Any]:
    return {vm.get("name"): vm for vm in world.of_type("VirtualMachine")}


def until_asked(world: World, name: str) -> Any:
    """Wait until a machine of the world has a question, and return that machine."""
    machine = machines(world)[name]
    with world.lock:
        world.clock.wait(world.changed, lambda: machine.get("runtime.question") is not None, 10)
    assert machine.get("runtime.question") is not None
    return machine


def test_smart_connect_without_verification(login: Login, server: Server) -> None:
    si = login()

    about = si.content.about
    assert (about.apiType, about.productLineId) == ("HostAgent", "embeddedEsx")
    assert si.content.sessionManager.currentSession.userName == server.world.username
    assert si.CurrentTime().tzinfo is not None


def test_smart_connect_with_the_thumbprint(login: Login, server: Server) -> None:
    assert login(thumbprint=server.thumbprint).content.about.apiType == "HostAgent"


def test_connect_pins_the_thumbprint(login: Login, server: Server) -> None:
    def options() -> dict[str, Any]:
        # It trusts nobody, so that nothing but the thumbprint speaks for the server.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return {"way": Connect, "disableSslCertValidation": False, "sslContext": context}

    assert login(thumbprint=server.thumbprint, **options()).content.about.apiType == "HostAgent"
    other = ":".join(["00"] * 32)
    check_refused(lambda: login(thumbprint=other, **options()), vim.fault.HostConnectFault, "thumbprint mismatch")


def test_smart_connect_with_a_wrong_password(login: Login, server: Server) -> None:
    check_refused(lambda: login(pwd="wrong"), vim.fault.InvalidLogin)

    assert len(server.world.sessions) == 0


def test_disconnect(login: Login, server: Server) -> None:
    si = login()
    before = len(server.world.sessions)
    Disconnect(si)

    assert (before, len(server.world.sessions)) == (1, 0)
    with pytest.raises(vim.fault.NotAuthenticated):
        vm_of(si, "off01")


def test_wait_for_task(si: Any, server: Server) -> None:
    vm = vm_of(si, "off01")
    seen: list[Any] = []
    state = WaitForTask(vm.PowerOn(), si=si, onProgressUpdate=lambda _task, progress: seen.append(progress))

    assert (state, vm.runtime.powerState) == ("success", "poweredOn")
    assert (seen[0], seen[-1]) == ("created", "completed")
    assert machines(server.world)["off01"].get("runtime.powerState") == "poweredOn"


def test_wait_for_task_that_fails(si: Any) -> None:
    vm = vm_of(si, "running01")

    with pytest.raises(vim.fault.InvalidPowerState) as caught:
        WaitForTask(vm.PowerOn())
    assert (caught.value.requestedState, caught.value.existingState) == ("poweredOn", "poweredOn")
    assert WaitForTask(vm.PowerOn(), raiseOnError=False) == "error"


def test_wait_for_tasks(si: Any, server: Server) -> None:
    names = ["off01", "off02"]
    results: list[Any] = []
    WaitForTasks([vm_of(si, name).PowerOn() for name in names], si=si, results=results)

    assert results == [None, None]
    assert [machines(server.world)[name].get("runtime.powerState") for name in names] == ["poweredOn"] * 2


def test_wait_for_tasks_of_which_one_fails(si: Any) -> None:
    tasks = [vm_of(si, name).PowerOn() for name in ("running01", "off01")]

    with pytest.raises(vim.fault.InvalidPowerState):
        WaitForTasks(tasks, si=si)
    WaitForTasks(tasks, raiseOnError=False, si=si)
    assert [task.info.state for task in tasks] == ["error", "success"]


def test_wait_for_task_that_asks(si: Any, server: Server) -> None:
    vm = vm_of(si, "asking01")
    task = vm.PowerOn()
    machine = until_asked(server.world, "asking01")

    with pytest.raises(TaskBlocked):
        WaitForTask(task, si=si)
    question = vm.runtime.question
    vm.AnswerVM(question.id, question.choice.choiceInfo[question.choice.defaultIndex].key)

    assert WaitForTask(task, si=si) == "success"
    assert machine.get("runtime.powerState") == "poweredOn"
    assert question.message[0].id == SERIAL
    assert vm.runtime.question is None


def test_wait_for_task_of_another_session(si: Any, login: Login) -> None:
    task = vm_of(si, "off01").PowerOn()
    theirs = vim.Task(task._GetMoId(), login()._stub)

    assert WaitForTask(theirs) == "success"


@pytest.mark.parametrize("kind", ["VirtualMachine", "Datastore", "Network", "HostSystem", "Folder", "ManagedEntity"])
def test_container_view(si: Any, server: Server, kind: str) -> None:
    view = si.content.viewManager.CreateContainerView(si.content.rootFolder, [getattr(vim, kind)], True)
    found = {(one._wsdlName, one._GetMoId()) for one in view.view}
    view.Destroy()

    world = server.world
    # The view's own container is not in it.
    root = ("Folder", si.content.rootFolder._GetMoId())
    assert found
    assert found == {(one.type_name, one.moid) for one in world.of_type(kind)} - {root}
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        view.Destroy()


@pytest.mark.parametrize("page", [None, 1, 3])
def test_property_collector_reads_all_machines(si: Any, server: Server, page: int | None) -> None:
    paths = ["name", "config.uuid", "runtime.powerState", "summary.guest.toolsRunningStatus", "config.hardware.device"]
    view = si.content.viewManager.CreateContainerView(si.content.rootFolder, [vim.VirtualMachine], True)
    collector = si.content.propertyCollector
    query = vmodl.query.PropertyCollector
    through = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    asked = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[through])],
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=paths)],
    )
    found, pages = [], 1
    result = collector.RetrievePropertiesEx([asked], query.RetrieveOptions(maxObjects=page))
    found += result.objects
    while result.token:
        result = collector.ContinueRetrievePropertiesEx(result.token)
        found += result.objects
        pages += 1
    view.Destroy()

    read = {one.obj._GetMoId(): {each.name: each.val for each in one.propSet} for one in found}
    known = {vm.moid: vm for vm in server.world.of_type("VirtualMachine")}
    assert len(found) == len(read) == len(known)
    assert pages == -(-len(known) // (page or len(known)))
    for moid, vm in known.items():
        devices = read[moid].pop("config.hardware.device")
        assert read[moid] == {path: vm.get(path) for path in paths[:-1]}
        assert [one.key for one in devices] == [one.key for one in vm.get("config.hardware.device")]


@pytest.mark.parametrize(
    ("server", "dated", "sized"),
    [("5.5", False, False), ("7.0.3.0", True, False), ("8.0.3.0", True, True)],
    indirect=["server"],
    ids=["5.5", "7.0.3.0", "8.0.3.0"],
)
def test_smart_connect_agrees_on_the_version(login: Login, server: Server, *, dated: bool, sized: bool) -> None:
    si = login()

    spoken = support.versionIdMap[si._stub.version]
    assert spoken == server.world.api_version == si.content.about.apiVersion
    # What is newer than the server is not sent.
    (host,) = si.content.rootFolder.childEntity[0].hostFolder.childEntity[0].host
    assert (vm_of(si, "off01").config.createDate is not None) == dated
    assert {node.memorySize is not None for node in host.hardware.numaInfo.numaNode} == {sized}


@pytest.mark.parametrize("server", ["5.5", "7.0.3.0"], indirect=True)
def test_connect_as_a_newer_client(login: Login, server: Server) -> None:
    newest = support.newestVersions.Get("vim")
    si = login(Connect, version=newest)

    assert support.versionIdMap[si._stub.version] != server.world.api_version
    assert si.content.about.apiVersion == server.world.api_version
    vm = vm_of(si, "off01")
    assert (vm.config.createDate is None) == (server.world.api_version == "5.5")
    assert WaitForTask(vm.PowerOn(), si=si) == "success"
