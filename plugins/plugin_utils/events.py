# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The event source: a watch for each host, each in threads of its own, and one loop that takes their events to the queue.

The loop never waits for a host. A host is not looked at again before its events are in the queue, so nothing piles up.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, Protocol, TypeVar

from ..module_utils._errors import EsxError, SomeFailed
from ..module_utils._vi.question_watch import QuestionWatch, Wanted, is_final
from .event_options import Options, read_options

logger = logging.getLogger("virt.esx.esx_question")

# A host that cannot be told any more is left after that long.
END_SECONDS = 2.0
Value = TypeVar("Value")


class Queue(Protocol):
    """What a rulebook's engine takes events with."""

    async def put(self, event: dict[str, Any], /) -> None: ...


async def watch_questions(queue: Queue, args: Mapping[str, Any]) -> None:
    """
    Put the events of all hosts into the queue until it is cancelled.

    Raises:
        EsxError: the options are wrong, or no host is left that it would be of use to ask again.
    """
    options = read_options(args)
    for warning in options.warnings:
        logger.warning("%s", warning)
    wanted = Wanted(vms=options.vms, query=options.query)
    followers = [Follower(queue, QuestionWatch(host, wanted), options) for host in options.hosts]
    follows = [asyncio.create_task(follower.follow()) for follower in followers]
    beats = [asyncio.create_task(follower.beat()) for follower in followers if options.heartbeat]
    try:
        ended = await asyncio.gather(*follows)
    finally:
        for task in (*follows, *beats):
            task.cancel()
        ends = [asyncio.create_task(_in_thread(follower.watch.stop)) for follower in followers]
        await asyncio.wait([*follows, *beats, *ends], timeout=END_SECONDS)
    raise _sum_up(followers, ended)


class Follower:
    """What the loop does for one host."""

    def __init__(self, queue: Queue, watch: QuestionWatch, options: Options) -> None:
        self.watch = watch
        self._queue = queue
        self._options = options
        self._state = ""

    @property
    def name(self) -> str:
        """The host, as messages call it."""
        return "{host}:{port}".format(**self.watch.host)

    async def follow(self) -> EsxError:
        """Take the events of the host to the queue; return why that came to an end for good."""
        pause, longest = self._options.pauses
        while True:
            error = await _in_thread(self.watch.look)
            if error is None:
                pause = self._options.pauses[0]
                await self._tell("connected", "questions are watched")
            for event in self.watch.take():
                await self._queue.put(event)
            if error is None:
                continue
            if is_final(error):
                await self._tell("refused", f"{error}; not tried again")
                return error
            await self._tell("lost", f"{error}; trying again until it is back")
            await _pause(pause)
            pause = min(max(1, pause * 2), longest)

    async def beat(self) -> None:
        """Say again and again that the host is watched, or that it is not."""
        while True:
            await _pause(self._options.heartbeat)
            pending, connected = self.watch.pending, self._state == "connected"
            await self._queue.put(self._event("heartbeat", connected=connected, pending=pending))

    async def _tell(self, state: str, why: str) -> None:
        """Log what became of the connection, once for each change, and make an event of it where that is wanted."""
        if state == self._state:
            return
        self._state = state
        level = {"connected": logging.INFO, "lost": logging.WARNING, "refused": logging.ERROR}[state]
        logger.log(level, "%s: %s: %s", self.name, state, why)
        if self._options.connection_events:
            await self._queue.put(self._event("connection", state=state, reason=why))

    def _event(self, kind: str, **more: Any) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {"type": kind, **self.watch.host, **more, "at": now}


def _sum_up(followers: list[Follower], ended: list[EsxError]) -> EsxError:
    if len(ended) == 1:
        return ended[0]
    said = "; ".join(f"{follower.name}: {error}" for follower, error in zip(followers, ended, strict=True))
    return SomeFailed(f"no host is left to watch: {said}", failed=[follower.name for follower in followers])


async def _pause(seconds: float) -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def _in_thread(call: Callable[[], Value]) -> Value:
    """Call something in a thread of its own, one that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value] = loop.create_future()

    def settle(values: list[Value]) -> None:
        if future.done():
            return
        if values:
            future.set_result(values[0])
        else:
            future.set_exception(RuntimeError("a thread of the event source failed; its traceback says how"))

    def work() -> None:
        values: list[Value] = []
        try:
            values.append(call())
        finally:
            # The loop may be closed, where it did not wait for us.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, values)

    threading.Thread(target=work, name="esx_question", daemon=True).start()
    return await future
