# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as ansible-rulebook runs it: by its path, with a queue, until it is cancelled."""

from __future__ import annotations

import asyncio
import pathlib
import re
import runpy
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import yaml
from ansible_collections.virt.esx.tests.esxsim.http import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "esx_question.py"
SECONDS = 15
BLOCK = re.compile(r"^\.\. code-block:: yaml\n\n((?:  .*\n|\n)+)", re.MULTILINE)
Event = dict[str, Any]


def load() -> dict[str, Any]:
    """Run the source's file by its path, and return what it defines."""
    return runpy.run_path(str(SOURCE))


def options(server: Server, **more: Any) -> dict[str, Any]:
    """Return the options that lead to a server."""
    world = server.world
    return {
        "hostname": "127.0.0.1",
        "port": server.port,
        "username": world.username,
        "password": world.password,
        "thumbprint": server.thumbprint,
        "reconnect_pause": 0,
        "reconnect_pause_max": 1,
        **more,
    }


def shown(guide: str, key: str) -> list[dict[str, Any]]:
    """Return what the YAML blocks of a guide show that has such a key: ``sources`` of a play, ``type`` of an event."""
    text = (ROOT / "docs" / "docsite" / "rst" / f"{guide}.rst").read_text("utf-8")
    found: list[dict[str, Any]] = []
    for match in BLOCK.finditer(text):
        block = yaml.safe_load(textwrap.dedent(match[1]))
        found += [entry for entry in (block if isinstance(block, list) else [block]) if key in entry]
    return found


class Listener:
    """A queue that waits for events of a kind; ``events`` are all that came."""

    def __init__(self, source: asyncio.Task[None], queue: asyncio.Queue[Event]) -> None:
        self._source = source
        self._queue = queue
        self.events: list[Event] = []

    @property
    def told(self) -> list[tuple[str, str]]:
        """Which questions were told, as pairs of type and virtual machine."""
        return [(event["type"], event["vm"]["name"]) for event in self.events if "vm" in event]

    async def next(self, kind: str, **wanted: Any) -> Event:
        """Return the next event of a type, and with these values."""
        while True:
            coming = asyncio.ensure_future(self._queue.get())
            await asyncio.wait({coming, self._source}, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                assert not self._source.done(), self._source
                raise AssertionError(f"no event '{kind}' came within {SECONDS} s; there were {self.told}")
            event = coming.result()
            self.events.append(event)
            if event["type"] == kind and all(event.get(name) == value for name, value in wanted.items()):
                return event

    async def rest(self, seconds: float = 0.5) -> list[Event]:
        """Return what still comes within some time."""
        await asyncio.sleep(seconds)
        late = [self._queue.get_nowait() for _number in range(self._queue.qsize())]
        self.events += late
        return late

    async def end(self) -> None:
        """Cancel the source, and wait until it has ended."""
        self._source.cancel()
        await asyncio.wait({self._source}, timeout=SECONDS)
        assert self._source.cancelled()


@asynccontextmanager
async def listening(args: Mapping[str, Any]) -> AsyncIterator[Listener]:
    """Start the source, and cancel it in the end."""
    queue: asyncio.Queue[Event] = asyncio.Queue()
    source = asyncio.create_task(load()["main"](queue, dict(args)))
    try:
        yield Listener(source, queue)
    finally:
        source.cancel()
        await asyncio.wait({source}, timeout=SECONDS)


def listen(args: Mapping[str, Any], check: Callable[[Listener], Awaitable[None]]) -> list[Event]:
    """Run a check while the source runs, for a bounded time; return every event that it was told."""

    async def run() -> list[Event]:
        async with listening(args) as listener:
            await check(listener)
            return listener.events

    return asyncio.run(asyncio.wait_for(run(), 60))
