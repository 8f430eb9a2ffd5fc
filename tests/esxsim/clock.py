# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The clock of a simulated host: real, manual or auto.

``real``: time goes by as outside. ``manual``: only ``advance`` moves it. ``auto``: as ``real``, and besides, when a
call is parked in a wait and no other call has run for ``grace`` seconds, time jumps to the next due event.

There is no thread: due events run on every entrance of the world, and one of the parked calls (the leader) watches for
the next of them. So an event that always calls for its own next one would make ``auto`` time run on without end while
somebody waits. The clock owns the one lock of the world, because a parked call must let go of it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Literal

Mode = Literal["real", "manual", "auto"]


class Timer:
    """A due event; ``cancel`` takes it back."""

    def __init__(self, due: float, callback: Callable[[], object]) -> None:
        self.due = due
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Abandoned(Exception):
    """Raised in a call that waits for a client that is gone."""


class Parked:
    """One call that waits, in a thread of its own."""

    def __init__(self, condition: threading.Condition) -> None:
        self.condition = condition
        self.thread = threading.get_ident()
        self.expired = False
        self.abandoned = False

    def expire(self) -> None:
        self.expired = True
        self.condition.notify_all()


class Clock:
    """
    A heap of due events, and a place to wait for them.

    Args:
        start: what ``utcnow`` answers at the beginning; None: the machine's time.
        grace: seconds of stillness before ``auto`` jumps.
    """

    def __init__(self, mode: Mode = "auto", *, start: datetime | None = None, grace: float = 0.003) -> None:
        self.mode = mode
        self.grace = grace
        self.lock = threading.RLock()
        self._start = start or datetime.now(timezone.utc)
        self._zero = time.monotonic()
        self._skipped = 0.0
        self._frozen: float | None = None
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._parked: dict[Parked, None] = {}
        self._leader: Parked | None = None
        self._busy = 0
        self._last_activity = 0.0

    def now(self) -> float:
        """Seconds since the clock began."""
        frozen = self._frozen
        return self._passed() if frozen is None else frozen

    def utcnow(self) -> datetime:
        return self._start + timedelta(seconds=self.now())

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Run a callback, under the world's lock, when the time has come."""
        with self.lock:
            timer = Timer(self.now() + max(0.0, seconds), callback)
            heapq.heappush(self._heap, (timer.due, next(self._numbers), timer))
            if self._leader is not None:
                self._leader.condition.notify_all()
            return timer

    def advance(self, seconds: float) -> None:
        """Move time on; what becomes due runs, each event at its own time."""
        with self.lock:
            target = self.now() + seconds
            while (due := self._next_due()) is not None and due <= target:
                self._jump(due)
                self.run_due()
            self._jump(target)

    def run_due(self) -> None:
        """Run what is due. The caller holds the lock."""
        if self._frozen is not None:
            return
        while (due := self._next_due()) is not None and due <= self._passed():
            timer = heapq.heappop(self._heap)[2]
            self._frozen = due
            try:
                timer.callback()
            finally:
                self._frozen = None

    def next_due(self) -> float | None:
        """Seconds until the next event; None: there is none."""
        with self.lock:
            due = self._next_due()
            return None if due is None else max(0.0, due - self.now())

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a running call: while one runs, ``auto`` does not jump."""
        with self.lock:
            self._busy += 1
            self._last_activity = time.monotonic()
        try:
            yield
        finally:
            with self.lock:
                self._busy -= 1
                self._last_activity = time.monotonic()

    def wait(self, condition: threading.Condition, ready: Callable[[], bool], seconds: float | None = None) -> bool:
        """
        Park the running call until ``ready`` or until the seconds are over.

        The caller holds the lock, and ``condition`` belongs to it; whoever makes ``ready`` true notifies the condition.

        Returns:
            What ``ready`` said last: False means that the time was over.

        Raises:
            Abandoned: nobody waits for the answer any more.
        """
        parked = Parked(condition)
        timer = None if seconds is None else self.call_later(seconds, parked.expire)
        self._parked[parked] = None
        self._busy -= 1
        self._last_activity = time.monotonic()
        try:
            while True:
                self.run_due()
                if ready():
                    return True
                if parked.abandoned:
                    raise Abandoned
                if parked.expired:
                    return False
                self._watch(parked)
        finally:
            self._busy += 1
            self._last_activity = time.monotonic()
            del self._parked[parked]
            if timer is not None:
                timer.cancel()
            # The heir of a leader may itself be about to leave.
            if self._leader is parked or self._leader is None:
                self._hand_over()

    def sleep(self, seconds: float) -> None:
        """Let time pass for the running call alone."""
        with self.lock:
            self.wait(threading.Condition(self.lock), lambda: False, seconds)

    def abandon(self, thread: int) -> None:
        """End the wait of a thread, if it waits."""
        with self.lock:
            for parked in self._parked:
                if parked.thread == thread:
                    parked.abandoned = True
                    parked.condition.notify_all()

    def parked(self) -> int:
        """How many calls wait."""
        with self.lock:
            return len(self._parked)

    def _watch(self, parked: Parked) -> None:
        if self._leader is None:
            self._leader = parked
        if self._leader is not parked:
            parked.condition.wait()
            return
        parked.condition.wait(self._patience())
        quiet = time.monotonic() - self._last_activity
        if self.mode == "auto" and self._busy <= 0 and quiet >= self.grace:
            due = self._next_due()
            if due is not None and due > self._passed():
                self._jump(due)

    def _patience(self) -> float | None:
        due = self._next_due()
        if due is None or self.mode == "manual":
            return None
        left = max(0.0, due - self._passed())
        return min(left, self.grace) if self.mode == "auto" else left

    def _hand_over(self) -> None:
        self._leader = None
        heir = next(iter(self._parked), None)
        if heir is not None:
            heir.condition.notify_all()

    def _next_due(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _passed(self) -> float:
        real = 0.0 if self.mode == "manual" else time.monotonic() - self._zero
        return real + self._skipped

    def _jump(self, due: float) -> None:
        self._skipped += max(0.0, due - self._passed())
