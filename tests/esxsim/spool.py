# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content that came over the network: little of it stays in memory, the rest lies in a nameless file on disk."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1024 * 1024


class Spool:
    """Bytes that are written from the front, and read from anywhere by any thread."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._file: int | None = None

    def write(self, part: bytes) -> None:
        """Put bytes behind those that are there."""
        if self._file is None and self.size + len(part) > BLOCK:
            self._move_to_disk()
        if self._file is None:
            self._parts.append(part)
        else:
            view = memoryview(part)
            while view:
                view = view[os.write(self._file, view) :]
        self.size += len(part)

    def parts(self, first: int, length: int) -> Iterator[bytes]:
        """Yield so many bytes in blocks, from the one with the number ``first``, counted from 0."""
        if self._file is None:
            yield b"".join(self._parts)[first : first + length]
            return
        end = min(first + length, self.size)
        while first < end:
            part = os.pread(self._file, min(BLOCK, end - first), first)
            first += len(part)
            yield part

    def read(self, length: int | None = None) -> bytes:
        """Return the bytes from the front; None: all of them."""
        return b"".join(self.parts(0, self.size if length is None else length))

    def _move_to_disk(self) -> None:
        self._file, name = tempfile.mkstemp(prefix="esxsim-")
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)
        os.write(self._file, b"".join(self._parts))
        self._parts.clear()
