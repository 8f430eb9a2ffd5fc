# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door of vCenter's other interface, on a host without vCenter."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import vapi
from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import world_of

LOGIN = {"serviceId": "com.vmware.cis.session", "operationId": "create", "ctx": {}, "input": {"STRUCTURE": {}}}


def ask(body: Any, *, method: str = "POST", path: str = "/api") -> tuple[int, Any]:
    world = world_of({"name": "web01"})
    with serve(world, routes=vapi.routes(), tls=False) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body))
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
    assert world.errors == []
    return reply.status, json.loads(text) if text else None


def test_no_service_is_known() -> None:
    status, reply = ask({"jsonrpc": "2.0", "method": "invoke", "id": "7", "params": LOGIN})

    assert (status, reply["jsonrpc"], reply["id"]) == (200, "2.0", "7")
    ((name, error),) = reply["result"]["error"]["ERROR"].items()
    assert name == "com.vmware.vapi.std.errors.operation_not_found"
    ((_name, message),) = error["messages"][0]["STRUCTURE"].items()
    assert message["default_message"] == "Unknown interface: com.vmware.cis.session"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<xml/>", -32700),
        (b"[" * 100_000, -32700),
        (b"\xff", -32700),
        ([1], -32600),
        ({"method": "invoke"}, -32600),
        ({"method": "look", "params": {}}, -32601),
    ],
)
def test_what_is_no_invocation_is_refused(body: Any, code: int) -> None:
    status, reply = ask(body)

    assert (status, reply["error"]["code"]) == (200, code)


def test_only_its_own_path_and_method_count() -> None:
    assert ask({}, method="GET")[0] == 405
    assert ask({}, path="/api/session")[0] == 404
