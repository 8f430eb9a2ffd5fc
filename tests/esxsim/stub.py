# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The door without a socket: a stub of pyVmomi that *is* the host.

A call takes the same road as over HTTPS, only without the network: pyVmomi writes the request, the host reads it,
answers,
and pyVmomi reads the answer. So what a test gets here is what it would get there, and nothing is shared between the
client and the world.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import Any
from xml.parsers.expat import ExpatError

from pyVmomi import SoapAdapter, vim

from .faults import HostDown, WireFailure
from .sessions import Session
from .soap import Answer, Caller, answer
from .world import World


class SimStub(SoapAdapter.SoapStubAdapterBase):
    """
    One client of a world, with its own session.

    What a fault rule does to the wire comes out as the exceptions that an HTTP client sees: ConnectionResetError for a
    dropped connection, HTTPException for a 503, ExpatError for a spoilt body, ConnectionRefusedError while the host
    restarts.
    """

    def __init__(self, world: World, version: str | None = None) -> None:
        base: Any = super()
        base.__init__(version or world.vmodl_version)
        self.world = world
        self.session: Session | None = None
        self.requestContext: dict[str, str] | None = None
        self.requests = 0

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:
        """Carry out one call. pyVmomi's interface."""
        this: Any = self
        reply = self.post(this.SerializeRequest(mo, info, args))
        result = SoapAdapter.SoapResponseDeserializer(self).Deserialize(reply.body, info.result)
        if reply.status != 200:
            raise result
        return result

    def post(self, body: bytes) -> Answer:
        """Send the bytes of a request; the session is kept as a cookie would be."""
        self.requests += 1
        try:
            reply = answer(self.world, Caller(self.session, user_agent="esxsim"), body, self.versionId)
        except HostDown:
            raise ConnectionRefusedError("the host restarts") from None
        except WireFailure as failure:
            if failure.action == "http-503":
                raise HTTPException("503 Service Unavailable") from None
            raise ConnectionResetError("the connection was dropped") from None
        if reply.spoilt:
            raise ExpatError(f"the answer is spoilt: {reply.spoilt}")
        if reply.opened is not None:
            self.session = reply.opened
        return reply


def service_instance(world: World, version: str | None = None) -> Any:
    """Return a ServiceInstance whose calls go straight into a world; nobody is logged in yet."""
    return vim.ServiceInstance("ServiceInstance", SimStub(world, version))
