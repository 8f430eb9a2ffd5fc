# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Small files that are this user's alone.

Law: a file or a folder that belongs to somebody else, that others may touch, or that is a link is not believed; a file
is there whole or not at all. What is wrong is said without a word of what stands in the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE_SECONDS = 0.02
# In the place of the file or the folder there is a link, a folder, a file.
_OF_ANOTHER_KIND = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR})


class Odd(Exception):
    """A reason not to believe a file or a folder, in words that quote nothing of it."""


class PrivateFolder:
    """
    An open folder of mode 0700; names are those of the files in it.

    Every method raises OSError or :class:`Odd` where something is wrong, FileNotFoundError where nothing is there.
    """

    def __init__(self, descriptor: int) -> None:
        self._folder = descriptor

    def exists(self, name: str) -> bool:
        """Tell whether anything has that name, be it as it may."""
        try:
            os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str, *, most: int) -> bytes:
        """Return the content of a file of at most that many bytes."""
        # Without O_NONBLOCK a FIFO in its place would keep us waiting.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            _check(os.fstat(file), "it")
            with open(file, "rb", closefd=False) as stream:
                content = stream.read(most + 1)
        finally:
            os.close(file)
        if len(content) > most:
            raise Odd(f"it is larger than {most} bytes")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whatever was there before; under a lock, for all writers use one temporary name."""
        temporary = _temporary(name)
        # A writer that was killed may have left its own behind.
        self.remove(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=self._folder), "wb") as stream:
                stream.write(content)
            os.rename(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self._folder)
            raise

    def remove(self, name: str) -> bool:
        """Remove a file; returns whether it was there."""
        try:
            os.unlink(name, dir_fd=self._folder)
        except FileNotFoundError:
            return False
        return True

    def tidy(self, name: str) -> None:
        """Remove what goes with a file: its lock, which is held, and what a killed writer left behind."""
        self.remove(_temporary(name))
        self.remove(_lock(name))

    def lock(self, name: str, seconds: float) -> int:
        """Lock a file against others that do; return a descriptor that unlocks it when it is closed."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while True:
            lock = self._try_lock(_lock(name))
            if lock is not None:
                return lock
            if time.monotonic() >= deadline:
                raise Odd(f"another process has held its lock for {seconds:g} s")
            pause.wait(PAUSE_SECONDS)

    def _try_lock(self, name: str) -> int | None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        lock = os.open(name, flags, 0o600, dir_fd=self._folder)
        is_held = False
        try:
            _check(os.fstat(lock), "the lock beside it")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have removed the file since it was opened, and others lock a new one.
            is_held = self._is_at(lock, name)
        except BlockingIOError:
            return None
        finally:
            if not is_held:
                os.close(lock)
        return lock if is_held else None

    def _is_at(self, file: int, name: str) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(name, dir_fd=self._folder, follow_symlinks=False))
        except FileNotFoundError:
            return False


@contextmanager
def private_folder(path: Path, *, create: bool = False) -> Iterator[PrivateFolder]:
    """Open a folder; with ``create`` it is made if it is not there, and what is above it too."""
    if create:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _check_owner(os.fstat(descriptor), "its folder")
        yield PrivateFolder(descriptor)
    finally:
        os.close(descriptor)


def words(error: OSError) -> str:
    """Say what is wrong, as the end of a sentence."""
    if error.errno in _OF_ANOTHER_KIND:
        return "something else is in its place"
    return error.strerror or "it cannot be used"


def _check(found: os.stat_result, what: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Odd(f"{what} is no regular file")
    _check_owner(found, what)


def _check_owner(found: os.stat_result, what: str) -> None:
    if found.st_uid != os.geteuid():
        raise Odd(f"{what} belongs to another user")
    if found.st_mode & 0o077:
        raise Odd(f"{what} is open to others (mode {stat.S_IMODE(found.st_mode):04o})")


def _temporary(name: str) -> str:
    return f"{name}.new"


def _lock(name: str) -> str:
    return f"{name}.lock"
