# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files over the network, as a host serves them: in blocks, in part, and spoilt on the way."""

from __future__ import annotations

import base64
import http.client
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.esxsim.files import routes
from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.support.worlds import world_of

AUTH = {"Authorization": "Basic " + base64.b64encode(b"root:secret").decode()}
WHERE = "dcPath=ha-datacenter&dsName=datastore1"
MIB = 1024**2
STORES: list[dict[str, Any]] = [
    {"name": "datastore1", "free_gib": 1, "files": {"iso/big.iso": {"bytes": 64 * MIB}, "iso/a.txt": "0123456789"}},
    {"name": "archive", "kind": "nfs", "access_mode": "read-only", "files": {"old.txt": "text"}},
]


class Door:
    """A world behind a port, and a client that speaks plain HTTP to it."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self._port = port

    def ask(self, verb: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        target = path if "?" in path else f"/folder/{path}?{WHERE}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            # Who is refused in the middle has an answer to read.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    verb, target, body, {**AUTH, **headers}, encode_chunked="Transfer-Encoding" in headers
                )
            reply = connection.getresponse()
            return reply.status, reply.read(), dict(reply.headers)
        finally:
            connection.close()

    @property
    def files(self) -> Any:
        return self.world.of_type("Datastore")[0].files


@pytest.fixture
def door() -> Iterator[Door]:
    yield from opened(world_of(datastores=STORES))


def opened(world: World) -> Iterator[Door]:
    with serve(world, routes=routes(world), tls=False) as server:
        yield Door(world, server.port)
    assert world.errors == []


def test_what_is_large_goes_up_and_down_without_lying_in_memory(door: Door) -> None:
    block = bytes(range(256)) * 4096
    free = door.files.free
    tracemalloc.start()
    put = door.ask("PUT", "iso/up.iso", (block for _rest in range(48)), **{"Content-Length": str(48 * MIB)})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (put[0], door.files.free) == (201, free - 48 * MIB)
    assert peak < 16 * MIB
    assert door.ask("GET", "iso/up.iso")[1] == block * 48
    assert door.ask("GET", "iso/up.iso", Range=f"bytes={MIB - 2}-{MIB + 1}")[1] == b"\xfe\xff\x00\x01"
    assert door.ask("DELETE", "iso/up.iso")[0] == 200
    assert door.files.free == free


def test_zeros_need_no_memory(door: Door) -> None:
    assert len(door.ask("GET", "iso/big.iso")[1]) == 64 * MIB
    assert door.ask("GET", "iso/big.iso", Range="bytes=67108860-")[1] == bytes(4)


@pytest.mark.parametrize(
    ("wanted", "status", "body", "said"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=0-", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_a_part_is_what_was_asked_for(door: Door, wanted: str, status: int, body: bytes, said: str | None) -> None:
    found = door.ask("GET", "iso/a.txt", Range=wanted)

    assert (found[0], found[1], found[2].get("Content-Range")) == (status, body, said)


def test_a_part_of_another_file_is_the_whole(door: Door) -> None:
    stamp = door.ask("HEAD", "iso/a.txt")[2]["Last-Modified"]

    assert door.ask("GET", "iso/a.txt", Range="bytes=5-", **{"If-Range": stamp})[0] == 206
    other = "Thu, 01 Jan 2015 00:00:00 GMT"
    assert door.ask("GET", "iso/a.txt", Range="bytes=5-", **{"If-Range": other})[:2] == (200, b"0123456789")


@pytest.mark.parametrize("path", ["iso/a.txt", "iso/big.iso"])
def test_a_connection_is_cut_on_the_way_down(door: Door, path: str) -> None:
    door.world.faults.add(FaultRule(method="GET", action="cut", after_bytes=3))

    with pytest.raises(http.client.IncompleteRead) as cut:
        door.ask("GET", path)
    assert len(cut.value.partial) == 3
    assert door.ask("GET", path)[0] == 200


def test_what_came_before_the_cut_stays_there(door: Door) -> None:
    free = door.files.free
    door.world.faults.add(FaultRule(method="PUT", action="cut", after_bytes=MIB + 5))

    with pytest.raises((http.client.HTTPException, OSError)):
        door.ask("PUT", "iso/a.txt", bytes(8 * MIB))
    assert (door.files.get("iso/a.txt").length, free - door.files.free) == (MIB + 5, MIB + 5)
    assert door.ask("PUT", "iso/a.txt", b"new")[0] == 200
    assert (door.files.get("iso/a.txt").read(), free - door.files.free) == (b"new", 3)


def test_a_datastore_is_full_in_the_middle(door: Door) -> None:
    door.world.faults.add(FaultRule(method="PUT", action="disk-full", after_bytes=5))
    assert door.ask("PUT", "iso/b.txt", b"0123456789")[0] == 507
    assert door.files.get("iso/b.txt").read() == b"01234"

    door.files.free = 3 * MIB
    chunks = (bytes(MIB) for _rest in range(8))
    assert door.ask("PUT", "iso/c.txt", chunks, **{"Transfer-Encoding": "chunked"})[0] == 507
    assert (door.files.free, door.files.get("iso/c.txt").length) == (0, 3 * MIB)


def test_a_rest_is_made_on_the_way(door: Door) -> None:
    for verb in ("PUT", "GET"):
        door.world.faults.add(FaultRule(method=verb, action="stall", after_bytes=4, seconds=900))
    began = door.world.clock.now()

    assert door.ask("PUT", "iso/d.txt", b"0123456789")[0] == 201
    assert door.world.clock.now() - began >= 900
    assert door.ask("GET", "iso/d.txt")[1] == b"0123456789"
    assert door.world.clock.now() - began >= 1800


def test_where_nothing_can_be_written_nothing_is(door: Door) -> None:
    refused = [
        door.ask("PUT", "/folder/new.txt?dcPath=ha-datacenter&dsName=archive", b"text")[0],
        door.ask("PUT", "iso", b"text")[0],
    ]
    door.files.being_written.add("iso/a.txt")

    assert [*refused, door.ask("PUT", "iso/a.txt", b"text")[0]] == [403, 403, 500]
    assert door.files.get("iso/a.txt").read() == b"0123456789"


def test_some_hosts_decode_twice() -> None:
    for door in opened(world_of(datastores=STORES, host={"decodes_twice": True})):
        door.files.upload("iso/a b%20c.txt", b"text")
        assert [door.ask("GET", path)[0] for path in ("iso/a%20b%2520c.txt", "iso/a%20b%252520c.txt")] == [404, 200]
