# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our VI layer on a simulated world, in process: the real transport, with the world where the socket would be."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.parsers.expat import ExpatError

from ansible_collections.virt.esx.plugins.module_utils._argspec import CONNECTION, QUESTIONS, VMS
from ansible_collections.virt.esx.plugins.module_utils._errors import ConnectError, ConnectionLost, EsxError
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Address, Loan, Transport, Trust
from ansible_collections.virt.esx.tests.esxsim import SimStub, World
from ansible_collections.virt.esx.tests.esxsim.faults import HostDown, WireFailure
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.esxsim.wire import Body, Request, Response

ADDRESS = Address(host="esxsim")


class NoSocket:
    """Where a body would be asked for; it is there already."""

    def sendall(self, data: bytes, /) -> None:
        """Take it."""


class WorldConnection:
    """A connection of http.client as far as files need one, with a world at its other end."""

    sock = None

    def __init__(self, client: SimStub) -> None:
        self._client = client
        self._response = Response()

    def request(
        self, verb: str, target: str, body: Iterable[Any] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a request; the reply is kept."""
        content = b"".join(bytes(block) for block in body)
        parts = urlsplit(target)
        known = {name.lower(): value for name, value in (headers or {}).items()}
        request = Request(
            method=verb,
            target=target,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            headers=known,
            body=Body(io.BytesIO(content), NoSocket(), known),
            keep_alive=True,
            session=self._client.session,
        )
        try:
            self._response = routes(self._client.world)["/folder"](request)
        except HostDown as error:
            raise ConnectionRefusedError(str(error)) from error
        except WireFailure as error:
            raise ConnectionResetError(str(error)) from error

    def getresponse(self) -> WorldReply:
        """Return what the world said."""
        if self._response.spoilt == "drop":
            raise ConnectionResetError("no reply")
        return WorldReply(self._response)


class WorldReply:
    """A reply of http.client as far as files need one."""

    will_close = False

    def __init__(self, response: Response) -> None:
        self.status = response.status
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        self._body = io.BytesIO(body[: len(body) // 2] if response.spoilt == "truncate" else body)
        self._headers = {"Content-Length": str(response.size), **response.headers}

    def getheader(self, name: str) -> str | None:
        """Return a header."""
        return self._headers.get(name)

    def read(self) -> bytes:
        """Return what is left of the body."""
        return self._body.read()

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer."""
        return self._body.readinto(buffer)

    def isclosed(self) -> bool:
        """Return whether another request may follow."""
        return True


class WorldTransport(Transport):
    """The transport with a world instead of a network."""

    def __init__(self, world: World) -> None:
        super().__init__(ADDRESS, Trust(verify=False), connect_timeout=1)
        self._world = SimStub(world)

    def forget_session(self) -> None:
        self._world.session = None

    def transfer(self, verb: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        self.requests += 1
        parts, headers = urlsplit(target), {"content-length": str(len(body))}
        request = Request(
            method=verb,
            target=target,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            headers=headers,
            body=Body(io.BytesIO(body), NoSocket(), headers),
            keep_alive=True,
            session=self._world.session,
        )
        serve = next(handler for prefix, handler in routes(self._world.world).items() if target.startswith(prefix))
        try:
            response = serve(request)
        except HostDown as error:
            raise ConnectError(f"no connection: {error}") from error
        except WireFailure as error:
            raise ConnectionLost(f"the connection was lost during {verb} of a file: {error}", method=verb) from error
        if response.spoilt:
            raise ConnectionLost(f"the connection was lost during {verb} of a file", method=verb)
        return response.status, response.body if isinstance(response.body, bytes) else b"".join(response.body)

    @contextmanager
    def lend(self, what: str, timeout: float) -> Iterator[Loan]:
        del timeout
        self.requests += 1
        try:
            yield Loan(WorldConnection(self._world))
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionLost(f"the connection was lost during {what}: {error}", method=what) from error

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        del timeout
        self.requests += 1
        self._world.versionId = self.versionId
        try:
            reply = self._world.post(request)
        except ConnectionRefusedError as error:
            raise ConnectError(f"no connection: {error}") from error
        except OSError as error:
            raise ConnectionLost(f"the connection was lost during {method}: {error}", method=method) from error
        except http.client.HTTPException:
            return 503, b""
        except ExpatError:
            return 200, b"<soapenv:Envelope"
        return reply.status, reply.body


@contextmanager
def host_of(world: World, *, password: str | None = None, **narrowed: Any) -> Iterator[Host]:
    """Log in to a world, and log out."""
    credentials = Credentials(username=world.username, password=world.password if password is None else password)
    session = Session(WorldTransport(world), credentials)
    session.open()
    try:
        yield Host(session, now=world.clock.now, **narrowed)
    finally:
        session.close()


def world_of(*vms: Mapping[str, Any], **scenario: Any) -> World:
    """Make a world of virtual machines as a scenario describes them; its time jumps to what is due next."""
    return load_scenario({"clock": "auto", "vms": list(vms), **scenario})


def run(module: ModuleType, world: World, *, check_mode: bool = False, **given: Any) -> Outcome:
    """Run one of our modules on a world, as its shell would, with a login of its own."""
    with host_of(world) as host:
        try:
            result = module.run(params(module, **given), host, check_mode=check_mode)
        except EsxError as error:
            return Outcome(error, {}, host.session.stub.requests)
    # The world keeps the simulator's own defects.
    assert world.errors == []
    return Outcome(result.error, result.to_json(), host.session.stub.requests)


@dataclass(frozen=True)
class Outcome:
    """What a module came to: its failure or None, its result, and how many requests it took, the logout included."""

    error: EsxError | None
    result: Mapping[str, Any]
    requests: int

    @property
    def kind(self) -> str | None:
        """The kind of failure."""
        return self.error.failure()["kind"] if self.error else None

    @property
    def failure(self) -> dict[str, Any]:
        """The failure as a rescue sees it, empty if there is none."""
        return self.error.failure() if self.error else {}

    @property
    def vm(self) -> Mapping[str, Any]:
        """The entry of the single VM."""
        entry: Mapping[str, Any] = self.result["vm"]
        return entry


def called(world: World, method: str) -> int:
    """Count the calls of a method that a world has seen."""
    return [call.method for call in world.calls].count(method)


def params(module: ModuleType | None = None, **given: Any) -> Mapping[str, Any]:
    """Return a module's parameters as Ansible would pass them: what is given, and defaults for the rest."""
    specs = {**CONNECTION, **VMS, **QUESTIONS, **(module.ARGUMENT_SPEC if module is not None else {})}
    defaults = {name: spec.get("default") for name, spec in specs.items()}
    return {**defaults, **given}
