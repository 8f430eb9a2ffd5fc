# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the host: trust before anything is sent, clear words for what fails, nothing sent twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import (
    ConnectError,
    ConnectionLost,
    EsxError,
    FaultError,
    LoginRefused,
    NotVsphere,
    OptionError,
    UntrustedHost,
)
from ansible_collections.virt.esx.plugins.module_utils._vi import sdk
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Address, Transport, Trust
from ansible_collections.virt.esx.tests.esxsim import FaultRule
from ansible_collections.virt.esx.tests.esxsim.certificates import make_certificate
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.wire import Request, Response
from ansible_collections.virt.esx.tests.support.worlds import params
from ansible_collections.virt.esx.tests.unit.esxsim import core_world


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(core_world.build("real")) as running:
        yield running


def options(server: Server, **given: Any) -> dict[str, Any]:
    world = server.world
    basis = params(
        hostname="127.0.0.1",
        port=server.port,
        username=world.username,
        password=world.password,
        thumbprint=server.thumbprint,
        connect_timeout=2,
    )
    return {**basis, **given}


def called(server: Server, method: str) -> int:
    return [call.method for call in server.world.calls].count(method)


def error_of(options_given: dict[str, Any]) -> EsxError:
    with pytest.raises(EsxError) as caught, connect(options_given):
        pass
    assert options_given["password"] not in repr(caught.value.failure()) + str(caught.value)
    return caught.value


def test_a_session_is_opened_and_closed(server: Server) -> None:
    with connect(options(server)) as host:
        assert host.session.about.productLineId == "embeddedEsx"
        assert len(server.world.sessions) == 1

    assert len(server.world.sessions) == 0
    assert server.log.soap() == ["RetrieveServiceContent", "Login", "Logout"]
    assert server.log.connections() == 1


def test_a_session_is_closed_when_the_work_fails(server: Server) -> None:
    with pytest.raises(RuntimeError), connect(options(server)):
        raise RuntimeError("the module failed")

    assert len(server.world.sessions) == 0


def test_the_host_is_spoken_to_in_its_own_version_of_the_api(server: Server) -> None:
    with connect(options(server)) as host:
        assert host.session.stub.versionId == f'"urn:vim25/{server.world.api_version}"'


@pytest.mark.parametrize(
    ("reported", "spoken"), [("8.0.3.0", "8.0.3.0"), ("6.5", "6.5"), ("5.0", "5.0"), ("odd", "5.5")]
)
def test_a_version_that_is_not_known_is_rounded_down(reported: str, spoken: str) -> None:
    from pyVmomi.VmomiSupport import versionIdMap

    assert str(versionIdMap[sdk.api_version(reported)]).startswith(spoken)


def test_a_host_newer_than_pyvmomi_is_spoken_to_in_the_newest_version_that_is_known() -> None:
    from pyVmomi.VmomiSupport import newestVersions

    assert sdk.api_version("99.1") == newestVersions.GetName("vim")


def test_a_self_signed_certificate_is_not_trusted(server: Server) -> None:
    error = error_of(options(server, thumbprint=None))

    assert isinstance(error, UntrustedHost)
    assert "thumbprint" in str(error)
    assert len(server.log) == 0


def test_a_wrong_thumbprint_is_refused_before_anything_is_sent(server: Server) -> None:
    error = error_of(options(server, thumbprint="ab" * 32))

    assert isinstance(error, UntrustedHost)
    assert error.failure()["thumbprint"] == server.thumbprint
    assert len(server.log) == 0


def test_a_thumbprint_holds_though_verification_is_switched_off(server: Server) -> None:
    assert isinstance(error_of(options(server, thumbprint="ab" * 32, validate_certs=False)), UntrustedHost)


def test_a_certificate_of_a_trusted_authority_is_accepted(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, signed=True)
    with serve(core_world.build("real"), certificate=certificate) as running:
        with connect(options(running, thumbprint=None, ca_path=str(certificate.ca))):
            pass

        assert "Login" in running.log.soap()


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, signed=True, names=("esx.example.com",))
    with serve(core_world.build("real"), certificate=certificate) as running:
        error = error_of(options(running, thumbprint=None, ca_path=str(certificate.ca)))

    assert isinstance(error, UntrustedHost)


def test_a_wrong_password_is_refused_in_plain_words(server: Server) -> None:
    error = error_of(options(server, password="wrong-password"))

    assert isinstance(error, LoginRefused)
    assert len(server.world.sessions) == 0


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"hostname": None}, "hostname"),
    ({"username": None}, "username"),
    ({"thumbprint": "12:34"}, "thumbprint"),
]


@pytest.mark.parametrize(("given", "option"), BAD_OPTIONS)
def test_options_that_cannot_work_are_named(server: Server, given: dict[str, Any], option: str) -> None:
    error = error_of(options(server, **given))

    assert isinstance(error, OptionError)
    assert error.failure()["option"] == option


def test_certificate_authorities_that_cannot_be_named_are_an_error(server: Server) -> None:
    assert error_of(options(server, ca_path="ca\0.pem", thumbprint=None)).kind == "untrusted"


def test_certificate_authorities_that_cannot_be_read_are_an_error(server: Server) -> None:
    assert isinstance(error_of(options(server, thumbprint=None, ca_path="/nowhere/ca.pem")), UntrustedHost)


def test_a_refused_port_is_a_clear_error(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = error_of(options(server, port=unused.getsockname()[1]))

    assert error.kind == "unreachable"
    assert "refused" in str(error)


def test_an_unknown_host_is_a_clear_error(server: Server) -> None:
    error = error_of(options(server, hostname="no-such-host.invalid"))

    assert error.kind == "unreachable"
    assert "resolved" in str(error)


@pytest.mark.parametrize("name", ["esx..example.com", "x" * 70, "esx\n01", "esx\0"])
@pytest.mark.parametrize("option", ["hostname", "proxy_host"])
def test_a_name_that_can_be_none_is_a_clear_error(server: Server, name: str, option: str) -> None:
    error = error_of(options(server, **{option: name}))

    assert isinstance(error, ConnectError)


def test_a_host_that_never_answers_the_handshake_is_given_up(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = error_of(options(server, port=silent.getsockname()[1], connect_timeout=1))

    assert "within 1 s" in str(error)


def test_a_port_without_tls_is_not_vsphere(server: Server) -> None:
    with serve(core_world.build("real"), tls=False) as plain:
        assert isinstance(error_of(options(server, port=plain.port)), (NotVsphere, ConnectError))


def test_a_web_server_is_not_vsphere(server: Server) -> None:
    server.world.faults.add(FaultRule(method="RetrieveServiceContent", action="garbage", count=None))

    assert isinstance(error_of(options(server)), NotVsphere)


def test_a_read_is_sent_again_after_a_lost_reply(server: Server) -> None:
    server.world.faults.add(FaultRule(method="RetrieveServiceContent", action="drop-after"))
    server.world.faults.add(FaultRule(method="RetrieveServiceContent", action="http-503", skip=1))

    with connect(options(server)):
        pass

    assert called(server, "RetrieveServiceContent") == 3


def test_a_host_that_takes_requests_and_never_replies_is_asked_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Address(host="127.0.0.1", port=silent.getsockname()[1], scheme="http")
        transport = Transport(address, Trust(), connect_timeout=2, reply_timeout=0.1)
        service = sdk.vim.ServiceInstance("ServiceInstance", transport)

        with pytest.raises(ConnectionLost, match="timed out"):
            service.RetrieveServiceContent()

    assert transport.requests == 1
    transport.close()


class Hurried(Transport):
    """Notes how long it would wait, and does not."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, Trust(), connect_timeout=2, reply_timeout=120)
        self.waits: list[float] = []

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        self.waits.append(timeout)
        return super()._exchange(method, request, 0.1)


def test_a_host_that_goes_mute_during_a_wait_is_not_waited_for_much_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Address(host="127.0.0.1", port=silent.getsockname()[1], scheme="http")
        transport = Hurried(address)
        collector = sdk.vmodl.query.PropertyCollector("ha-property-collector", transport)
        for seconds in (0, 30):
            options = sdk.vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=seconds)
            with pytest.raises(ConnectionLost):
                collector.WaitForUpdatesEx(version="", options=options)
        transport.limit_replies(5)
        with pytest.raises(ConnectionLost):
            collector.WaitForUpdatesEx(version="", options=options)

    assert transport.waits == [120, 60, 35]
    transport.close()


def test_a_thumbprint_is_refused_where_there_is_no_certificate(server: Server) -> None:
    error = error_of(options(server, uri="esx://127.0.0.1/?transport=http", transport="http"))

    assert error.failure() == {"kind": "option", "option": "thumbprint"}


def test_what_is_closed_opens_no_connection_any_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Address(host="127.0.0.1", port=silent.getsockname()[1], scheme="http")
        transport = Transport(address, Trust(), connect_timeout=2, reply_timeout=2)
        transport.close()

        with pytest.raises(ConnectError, match="was closed"):
            sdk.vim.ServiceInstance("ServiceInstance", transport).CurrentTime()

    assert transport.requests == 0


@pytest.mark.parametrize("action", ["drop-after", "drop-before", "truncate", "garbage", "http-503"])
def test_what_changes_something_is_never_sent_again_by_the_transport(server: Server, action: str) -> None:
    server.world.faults.add(FaultRule(method="PowerOnVM_Task", action=action))

    with connect(options(server)) as host:
        vm = host.session.reference("VirtualMachine", "1")
        with pytest.raises(ConnectionLost):
            host.session.call(vm, "PowerOnVM_Task")

    assert called(server, "PowerOnVM_Task") == 1


def test_a_session_that_the_host_forgot_is_renewed_once(server: Server) -> None:
    with connect(options(server)) as host:
        server.world.sessions.clear()
        host.session.call(host.session.reference("VirtualMachine", "1"), "PowerOnVM_Task")

    assert server.log.soap().count("Login") == 2
    assert len(server.world.sessions) == 0


def test_closing_frees_a_thread_that_waits_for_a_reply(server: Server) -> None:
    failures: list[BaseException] = []

    def wait_for_nothing(host: Any) -> None:
        try:
            collector = host.session.content.propertyCollector
            host.session.call_once(collector, "WaitForUpdatesEx", version="", options=None)
        except ConnectionLost as error:
            failures.append(error)

    with connect(options(server)) as host:
        thread = threading.Thread(target=wait_for_nothing, args=(host,))
        thread.start()
        while called(server, "WaitForUpdatesEx") == 0:
            thread.join(0.01)
        host.session.stub.close()
        thread.join(5)

    assert len(failures) == 1


def test_a_fault_that_pyvmomi_does_not_know_is_told_in_the_host_s_words(server: Server) -> None:
    right = server.routes["/sdk"]

    def newer(request: Request) -> Response:
        response = right(request)
        if response.status == 500 and isinstance(response.body, bytes):
            response.body = response.body.replace(b"ManagedObjectNotFound", b"NeverHeardOf")
        return response

    server.routes["/sdk"] = newer
    with connect(options(server)) as host, pytest.raises(FaultError) as caught:
        host.session.call(host.session.reference("VirtualMachine", "4711"), "PowerOnVM_Task")

    assert caught.value.failure()["fault"] == "NeverHeardOf"
    assert "PowerOnVM_Task was refused with NeverHeardOf: " in str(caught.value)
    assert "&" not in str(caught.value)
