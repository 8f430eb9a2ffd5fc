# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The door of vCenter's other interface, ``/api``: on a host without vCenter nobody is behind it.

Such a host speaks the protocol, JSON-RPC 2.0, and knows none of the services that clients of vCenter ask for.
Source: redhat-cop/cloud.vmware_ops#133, what ESXi 8.0.2 says to a module that logs in to vCenter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .wire import Request, Response

PATH = "/api"
MAX_BYTES = 1024 * 1024
NO_JSON, NO_REQUEST, NO_METHOD = -32700, -32600, -32601
ERRORS = "com.vmware.vapi.std.errors."
MESSAGE = "com.vmware.vapi.std.localizable_message"


def routes() -> Mapping[str, Callable[[Request], Response]]:
    """Return the handler by its path prefix."""
    return {PATH: api}


def api(request: Request) -> Response:
    """Answer an invocation of whatever service: there is none of that name."""
    if request.path.rstrip("/") != PATH:
        return Response(404, b"")
    if request.method != "POST":
        return Response(405, b"", {"Allow": "POST"})
    try:
        asked = json.loads(request.body.all(MAX_BYTES))
    except (ValueError, RecursionError):
        return _reply(None, error={"code": NO_JSON, "message": "Parse error."})
    if not isinstance(asked, dict) or not isinstance(asked.get("params"), dict):
        return _reply(None, error={"code": NO_REQUEST, "message": "Invalid Request."})
    if asked.get("method") != "invoke":
        return _reply(asked.get("id"), error={"code": NO_METHOD, "message": "Method not found."})
    return _reply(asked.get("id"), result={"error": _unknown(str(asked["params"].get("serviceId")))})


def _unknown(service: str) -> dict[str, Any]:
    message = {
        "id": "vapi.method.input.invalid.interface",
        "default_message": f"Unknown interface: {service}",
        "args": [service],
        "params": {"OPTIONAL": None},
        "localized": {"OPTIONAL": None},
    }
    error = {
        "messages": [{"STRUCTURE": {MESSAGE: message}}],
        "data": {"OPTIONAL": None},
        "error_type": {"OPTIONAL": "OPERATION_NOT_FOUND"},
    }
    return {"ERROR": {f"{ERRORS}operation_not_found": error}}


def _reply(number: Any, **said: Any) -> Response:
    body = json.dumps({"jsonrpc": "2.0", "id": number, **said}).encode()
    return Response(200, body, {"Content-Type": "application/json"})
