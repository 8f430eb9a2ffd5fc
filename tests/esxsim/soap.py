# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SOAP: from the bytes of a request to the bytes of the answer. Both doors, socket and stub, go through here."""

from __future__ import annotations

import re
import traceback
from typing import Any, NamedTuple

from pyVmomi import vmodl

from . import api, decode
from .codec import codec
from .faults import DEFECTS, WireFailure
from .managed import wsdl_method
from .sessions import Session
from .world import World

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    "<soapenv:Body>\n"
)
TAIL = "\n</soapenv:Body>\n</soapenv:Envelope>"
OLDEST: str = api.support.versionMap["vim25/2.5"]
_ACTION = re.compile(r"vim25/([A-Za-z0-9.]+)")


class Caller(NamedTuple):
    """Who calls: the session of the cookie, and what the connection knows."""

    session: Session | None
    address: str = "127.0.0.1"
    user_agent: str = ""


class Answer(NamedTuple):
    """
    ``status`` is 200 or 500; ``opened`` is the session of a Login; ``method`` is "" if the request could not be read.

    ``spoilt`` says what a fault rule wants done to a good body: "", truncate or garbage.
    """

    status: int
    body: bytes
    method: str
    opened: Session | None = None
    spoilt: str = ""


def client_version(world: World, soap_action: str | None) -> str:
    """
    Choose the API version of an answer, named as pyVmomi does.

    A client that is newer than the host gets the host's version; one that does not say gets VI API 2.5, for libvirt.
    """
    match = _ACTION.search(soap_action or "")
    if match is None:
        return OLDEST
    wanted = api.support.versionMap.get(f"vim25/{match.group(1)}", world.vmodl_version)
    return str(wanted if api.is_child_version(world.vmodl_version, wanted) else world.vmodl_version)


def answer(world: World, caller: Caller, body: bytes, soap_action: str | None) -> Answer:
    """
    Carry out one SOAP request.

    Raises:
        WireFailure, HostDown: what the door has to show.
    """
    version = client_version(world, soap_action)
    method = spoilt = ""
    try:
        request = decode.request(body)
        method = request.method
        try:
            result = world.invoke(
                caller.session,
                request.key,
                method,
                request.args,
                api_version=version,
                address=caller.address,
                user_agent=caller.user_agent,
            )
        except WireFailure as failure:
            if failure.action not in ("truncate", "garbage"):
                raise
            result, spoilt = failure.result, failure.action
        opened = world.sessions.by_key(result.key) if method == "Login" else None
        text = codec(version).response(method, result, _declared(method))
        return Answer(200, _envelope(text), method, opened, spoilt)
    except decode.BadRequest as error:
        fault: Any = vmodl.fault.InvalidRequest(msg=str(error))
    except vmodl.MethodFault as raised:
        fault = raised
    except DEFECTS as error:
        traceback.print_exc()
        world.errors.append(error)
        fault = vmodl.fault.SystemError(reason=repr(error), msg=f"A defect of esxsim: {error!r}")
    return Answer(500, _envelope(codec(version).fault(fault)), method)


def _declared(method: str) -> object:
    return object if method == "Fetch" else wsdl_method(method).result


def _envelope(text: str) -> bytes:
    return f"{HEAD}{text}{TAIL}".encode()
