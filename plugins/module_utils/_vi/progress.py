# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How far long work has come, told to whoever started the module: the action plugins show it while it goes on.

Law: nobody need listen; work never waits for a listener, and never fails because of one.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from typing import Any

from .._flow.course import VARIABLE

# A line of so many bytes comes in one piece, whatever else is written at the same time (PIPE_BUF of POSIX).
_LONGEST_LINE = 512


class Progress:
    """Tells records to a listener, if there is one."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    @classmethod
    def from_environment(cls) -> Progress:
        """Return the way to the listener whom the environment names; to nobody if it names none."""
        path = os.environ.get(VARIABLE)
        if not path:
            return cls()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return cls()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return cls(descriptor)
        os.close(descriptor)
        return cls()

    @property
    def is_heard(self) -> bool:
        """True where somebody listens, so that it is worth to ask the host how far it is."""
        return self._descriptor is not None

    def tell(
        self, what: str, *, percent: float | None = None, done: int | None = None, total: int | None = None
    ) -> None:
        """Tell how far something has come: a share, or ``done`` of ``total`` bytes; what is not known is left out."""
        if self._descriptor is None:
            return
        said: dict[str, Any] = {"what": what[:200], "percent": percent, "done": done, "total": total}
        line = json.dumps({name: value for name, value in said.items() if value is not None}).encode() + b"\n"
        # A full pipe means that nobody reads.
        with suppress(OSError):
            if len(line) <= _LONGEST_LINE:
                os.write(self._descriptor, line)
