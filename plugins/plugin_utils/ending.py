# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A worker that is told to end, by Ctrl-C or because a job is cancelled, first leaves what it is in the middle of."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Whoever is not ready by then ends as it is: people who press Ctrl-C do not want to wait.
GRACE_SECONDS = 5.0


class Ended(BaseException):
    """The process has been told to end."""


class _Ending:
    """What is done at the first signal; those that come later change nothing."""

    signum: int | None = None

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        self.signum = signum
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        timer = threading.Timer(GRACE_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()
        raise Ended


@contextmanager
def in_order() -> Iterator[None]:
    """
    Leave the block by an exception where a signal would have ended the process in it; then the signal ends it.

    So sessions are logged out and temporary files removed. One block within another leaves it to the outer one.
    """
    is_within = isinstance(signal.getsignal(signal.SIGTERM), _Ending)
    if is_within or threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = _Ending()
    before = {one: signal.signal(one, ending) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        if ending.signum is not None:
            os.kill(os.getpid(), ending.signum)
