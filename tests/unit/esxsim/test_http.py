# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door with a socket: HTTP as clients that nobody here wrote speak it."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.esxsim.http import (
    Request,
    Response,
    Server,
    authenticated,
    make_certificate,
    serve,
)
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import PC, build, flat, vm_filter
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import SoapAdapter, vim

HEAD = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
CONTENT = f'{HEAD}<RetrieveServiceContent xmlns="urn:vim25"><_this type="ServiceInstance">ServiceInstance</_this>'
CONTENT += "</RetrieveServiceContent></s:Body></s:Envelope>"
LOGIN = f'{HEAD}<Login xmlns="urn:vim25"><_this type="SessionManager">ha-sessionmgr</_this><userName>root</userName>'
LOGIN += "<password>secret</password></Login></s:Body></s:Envelope>"
LOGOUT = f'{HEAD}<Logout xmlns="urn:vim25"><_this type="SessionManager">ha-sessionmgr</_this></Logout>'
LOGOUT += "</s:Body></s:Envelope>"


@pytest.fixture(name="world")
def _world() -> World:
    return build("auto")


@pytest.fixture(name="server")
def _server(world: World) -> Iterator[Server]:
    def echo(request: Request) -> Response:
        status = 200 if authenticated(world, request) else 401
        return Response(status, request.body.read(), {"X-Path": request.path, "X-Query": repr(request.query)})

    with serve(world, routes={"/echo": echo}, tls=False) as server:
        yield server


class Clients:
    """Clients of a server; their connections are closed at the end of the test."""

    def __init__(self) -> None:
        self.closers: list[Any] = []

    def pyvmomi(self, server: Server) -> Any:
        si = SmartConnect(host="127.0.0.1", port=server.port, user="root", pwd="secret", disableSslCertValidation=True)
        self.closers.append(si._stub.DropConnections)
        return si

    def plain(self, server: Server) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        self.closers.append(connection.close)
        return connection


@pytest.fixture(name="clients")
def _clients() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    for close in clients.closers:
        close()


def post(connection: http.client.HTTPConnection, body: Any, **headers: str) -> http.client.HTTPResponse:
    connection.request("POST", "/sdk", body, headers)
    return connection.getresponse()


def raw(server: Server, data: bytes) -> bytes:
    """Send bytes, and read until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(65536):
            answer += part
        return answer


def test_pyvmomi_connects_runs_a_task_and_leaves(world: World, clients: Clients) -> None:
    with serve(world) as server:
        si = clients.pyvmomi(server)
        vm = vim.VirtualMachine("1", si._stub)
        WaitForTask(vm.PowerOn(None), si)

        assert vm.runtime.powerState == "poweredOn"
        assert server.log.soap()[:2] == ["RetrieveServiceContent", "Login"]
        Disconnect(si)
        assert len(world.sessions) == 0
        assert {record.status for record in server.log} == {200}


def test_the_thumbprint_is_that_of_the_certificate(world: World) -> None:
    with serve(world) as server:
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", server.port)))

        assert server.certificate is not None
        assert server.certificate.der == der
        assert len(server.thumbprint.replace(":", "")) == 64


@pytest.mark.parametrize("signed", [True, False])
def test_the_certificate_can_be_verified(world: World, tmp_path: Path, clients: Clients, *, signed: bool) -> None:
    certificate = make_certificate(tmp_path, signed=signed)
    with serve(world, certificate=certificate) as server:
        for name in ("127.0.0.1", "localhost"):
            context = ssl.create_default_context(cafile=str(certificate.ca))
            good = http.client.HTTPSConnection(name, server.port, context=context, timeout=5)
            clients.closers.append(good.close)
            assert post(good, CONTENT).status == 200
        distrusting = ssl.create_default_context()
        bad = http.client.HTTPSConnection("127.0.0.1", server.port, context=distrusting, timeout=5)
        clients.closers.append(bad.close)
        with pytest.raises(ssl.SSLCertVerificationError):
            post(bad, CONTENT)


def test_a_client_that_never_shakes_hands_blocks_nobody(world: World, clients: Clients) -> None:
    with serve(world) as server, socket.create_connection(("127.0.0.1", server.port)):
        Disconnect(clients.pyvmomi(server))


def test_the_session_is_in_the_cookie_however_it_is_echoed(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    reply = post(connection, LOGIN)
    reply.read()
    cookie = reply.headers["Set-Cookie"]
    bare = cookie.split(";")[0]

    for given in (cookie, bare, bare.replace('"', ""), f"other=1; {bare}"):
        connection.request("GET", "/echo", headers={"Cookie": given})
        assert (connection.getresponse().read(), server.log.soap()) == (b"", ["Login"])
    assert [record.status for record in server.log][1:] == [200] * 4
    post(connection, LOGOUT, Cookie=bare).read()
    connection.request("GET", "/echo", headers={"Cookie": bare})
    assert connection.getresponse().status == 401


def test_one_connection_serves_many_requests_and_the_log_says_so(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    for _rest in range(5):
        post(connection, CONTENT).read()

    assert (len(server.log), server.log.connections()) == (5, 1)
    assert {(r.method, r.path, r.soap_method, r.status) for r in server.log} == {
        ("POST", "/sdk", "RetrieveServiceContent", 200)
    }
    assert all(record.received == len(CONTENT) and record.sent > 300 for record in server.log)


def test_chunked_bodies_are_read(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    parts = [CONTENT[:10].encode(), CONTENT[10:11].encode(), CONTENT[11:].encode()]
    connection.request("POST", "/sdk", iter(parts), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert b"HostAgent" in connection.getresponse().read()
    connection.request("POST", "/sdk", iter(parts), {"Transfer-Encoding": "chunked"}, encode_chunked=True)

    assert b"HostAgent" in connection.getresponse().read()


def test_who_expects_100_continue_gets_it(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        length = str(len(CONTENT)).encode()
        sock.sendall(b"POST /sdk HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " + length + b"\r\n\r\n")
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(CONTENT.encode())

        assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_service_versions_are_told(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    connection.request("GET", "/sdk/vimServiceVersions.xml")
    text = connection.getresponse().read().decode()

    assert "<name>urn:vim25</name><version>8.0.3.0</version><priorVersions>" in text
    assert "<version>7.0.3.0</version>" in text
    assert "<version>9.0.0.0</version>" not in text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nbroken header\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"400"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (b"POST /sdk HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /sdk HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", b"400"),
        (b"POST /sdk HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /sdk HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", b"400"),
        (b"POST /sdk HTTP/1.1\r\nContent-Length: 3\r\n\r\n<a>", b"500"),
        (b"GET http://[bad/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /sdk HTTP/1.1\r\n\r\n", b"404"),
        (b"PUT /sdk HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /sdkx HTTP/1.1\r\n\r\n", b"404"),
    ],
)
def test_what_is_no_good_request_gets_a_status(world: World, server: Server, data: bytes, status: bytes) -> None:
    assert raw(server, data).split()[1] == status
    assert world.errors == []


def test_http_1_0_closes_and_head_has_no_body(server: Server) -> None:
    assert b"Connection: close" in raw(server, b"GET /x HTTP/1.0\r\n\r\n")
    assert raw(server, b"HEAD /sdk/vimServiceVersions.xml HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_a_route_sees_path_query_body_and_basic_credentials(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    basic = base64.b64encode(b"root:secret").decode()
    connection.request(
        "PUT", "/echo/a%20dir%2Fvm.vmx?dcPath=ha-datacenter&dsName=a%26b", b"data", {"Authorization": f"Basic {basic}"}
    )
    reply = connection.getresponse()

    assert (reply.status, reply.read(), reply.headers["X-Path"]) == (200, b"data", "/echo/a dir/vm.vmx")
    assert reply.headers["X-Query"] == "{'dcPath': 'ha-datacenter', 'dsName': 'a&b'}"
    for wrong in ("Basic !!!", "Basic " + base64.b64encode(b"root:no").decode(), "Bearer x", ""):
        connection.request("GET", "/echo", headers={"Authorization": wrong})
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 401


def test_soap_faults_are_http_500(server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    reply = post(connection, LOGIN.replace("secret", "wrong"))
    body = reply.read()

    assert (reply.status, reply.reason) == (500, "Internal Server Error")
    assert b'<detail><InvalidLoginFault xmlns="urn:vim25" xsi:type="InvalidLogin"></InvalidLoginFault></detail>' in body


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("drop-before", http.client.RemoteDisconnected),
        ("drop-after", http.client.RemoteDisconnected),
        ("truncate", http.client.IncompleteRead),
    ],
)
def test_fault_rules_act_on_the_wire(
    world: World, server: Server, action: str, error: type[Exception], clients: Clients
) -> None:
    world.faults.add(FaultRule(method="Login", action=action))
    connection = clients.plain(server)
    with pytest.raises(error):
        post(connection, LOGIN).read()

    assert len(world.sessions) == (0 if action == "drop-before" else 1)


def test_503_and_garbage_leave_the_connection_usable(world: World, server: Server, clients: Clients) -> None:
    world.faults.add(FaultRule(action="http-503"))
    world.faults.add(FaultRule(skip=0, action="garbage", method="RetrieveServiceContent"))
    connection = clients.plain(server)
    first = post(connection, LOGIN)
    assert (first.status, first.read()) == (503, b"Service Unavailable\n")
    second = post(connection, CONTENT)
    assert (second.status, second.read()[:1]) == (200, b"\x00")
    assert b"HostAgent" in post(connection, CONTENT).read()
    assert server.log.connections() == 1


def test_a_restart_closes_connections_and_the_port_for_a_while(world: World, server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    post(connection, LOGIN).read()
    world.restart(seconds=0.3)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(connection, CONTENT).read()
    with pytest.raises(ConnectionError):
        post(clients.plain(server), CONTENT)
    for _rest in range(100):
        time.sleep(0.02)
        try:
            reply = post(clients.plain(server), CONTENT)
            break
        except ConnectionError:
            continue

    assert reply.status == 200
    assert len(world.sessions) == 0


def test_a_closed_server_refuses_and_ends_its_sessions(world: World, clients: Clients) -> None:
    server = serve(world, tls=False)
    post(clients.plain(server), LOGIN).read()
    assert len(world.sessions) == 1
    server.close()
    server.close()

    assert len(world.sessions) == 0
    with pytest.raises(ConnectionError):
        post(clients.plain(server), CONTENT)


def test_a_client_that_dies_while_it_waits_is_noticed(world: World, server: Server, clients: Clients) -> None:
    connection = clients.plain(server)
    reply = post(connection, LOGIN)
    reply.read()
    cookie = reply.headers["Set-Cookie"]
    wait = f'{HEAD}<WaitForUpdates xmlns="urn:vim25"><_this type="PropertyCollector">ha-property-collector</_this>'
    connection.request("POST", "/sdk", f"{wait}</WaitForUpdates></s:Body></s:Envelope>", {"Cookie": cookie})
    _until(lambda: world.clock.parked() == 1)
    connection.close()

    _until(lambda: world.clock.parked() == 0)


def test_waits_of_several_clients_do_not_stand_in_each_others_way(world: World, clients: Clients) -> None:
    with serve(world) as server:
        first, second = clients.pyvmomi(server), clients.pyvmomi(server)
        pc = first.content.propertyCollector
        pc.CreateFilter(vm_filter("1", paths=("name",)), False)
        version = pc.WaitForUpdatesEx("", None).version
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(pc.WaitForUpdatesEx(version, PC.WaitOptions())))
        thread.start()
        _until(lambda: world.clock.parked() == 1)
        vim.VirtualMachine("1", second._stub).Rename_Task("renamed")
        thread.join(5)

        assert flat(results[0]) == [("modify", "1", {"name": "renamed"})]


def test_a_connection_reads_a_thousand_properties_a_second(world: World, clients: Clients) -> None:
    with serve(world) as server:
        si = clients.pyvmomi(server)
        vm = vim.VirtualMachine("1", si._stub)
        began = time.monotonic()
        for _rest in range(200):
            assert vm.name == "vm1"
        took = time.monotonic() - began

        # The budget is 1,500 a second; a loaded machine may take three times as long.
        assert took < 0.4
        assert isinstance(si._stub, SoapAdapter.SoapStubAdapter)


def _until(true: Any) -> None:
    for _rest in range(1000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen")
