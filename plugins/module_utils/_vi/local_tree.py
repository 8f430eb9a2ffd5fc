# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files and folders on the machine where the module runs, as they are carried to a datastore or come from one.

Laws: a link is never followed unasked within a folder; a file that comes is there whole or not at all, and one that was
there stays until the new one is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Any

from .._errors import EsxError, OptionError, PlanError
from .._flow.transfer import Item
from .._flow.wording import listed
from .local_file import UNUSABLE, foresee

BLOCK = 1024 * 1024
# What is written at a time: a system finds room for this in less time than for more.
WRITTEN = 256 * 1024
# After so many bytes the system is told to write down what it has of the last ones, and need not keep those.
_WRITE_DOWN = 32 * 1024 * 1024
_LAST_ONES = 256 * 1024 * 1024
_TEMPORARY = ".virt-esx-download"


def tree_of(path: str, *, follow_links: bool) -> dict[str, Item]:
    """
    Return a file, or a folder with all in it, by their paths below it.

    Raises:
        OptionError: it is not there or cannot be read, or something in it is no file and no folder.
    """
    with _telling("src", path):
        root = Path(path).resolve(strict=True)
        if not root.is_dir():
            return {"": _file(root)}
        found: dict[str, Item] = {"": Item(is_folder=True)}
        _walk(root, "", found, follow_links=follow_links, above=(root,))
    return found


def _walk(folder: Path, prefix: str, found: dict[str, Item], *, follow_links: bool, above: tuple[Path, ...]) -> None:
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    links = [] if follow_links else [f"{prefix}{entry.name}" for entry in entries if entry.is_symlink()]
    if links:
        raise OptionError(
            f"'src': {listed(links)} in {above[0]} is a symbolic link: set 'follow_links: true' to carry over what it "
            "leads to, or take it away",
            option="src",
        )
    for entry in entries:
        place = f"{prefix}{entry.name}"
        if not entry.name.isprintable():
            raise OptionError(f"'src': {place!r} in {above[0]} is no name that a datastore can hold", option="src")
        if not entry.is_dir():
            found[place] = _file(Path(entry.path))
            continue
        found[place] = Item(is_folder=True)
        real = Path(entry.path).resolve(strict=True)
        if real in above:
            raise OptionError(f"'src': {place} in {above[0]} leads back to a folder that it is in", option="src")
        _walk(real, f"{place}/", found, follow_links=follow_links, above=(*above, real))


def _file(path: Path) -> Item:
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise OptionError(f"'src': {path} is neither a file nor a folder", option="src")
    if not os.access(path, os.R_OK):
        raise OptionError(f"'src': {path} cannot be read", option="src")
    return Item(size=status.st_size)


class Source:
    """A file that is read, maybe several times; ``digest`` is that of what was read, None without ``algorithm``."""

    def __init__(self, path: str, size: int, algorithm: str | None, buffer: memoryview) -> None:
        self._path = path
        self._size = size
        self._algorithm = algorithm
        self._buffer = buffer
        self._state: Any = None
        self.digest: str | None = None

    def blocks(self) -> Iterator[memoryview]:
        """
        Yield the content from the front, in blocks that are overwritten by the next one.

        Raises:
            OptionError: it cannot be read. PlanError: it is being changed.
        """
        digest = None if self._algorithm is None else _hash(self._algorithm)
        with _telling("src", self._path), Path(self._path).open("rb", buffering=0) as file:
            self._check(os.fstat(file.fileno()))
            left = self._size
            # One that grows and grows has an end too.
            while left > 0 and (count := file.readinto(self._buffer)):
                if digest is not None:
                    digest.update(self._buffer[:count])
                yield self._buffer[:count]
                left -= count
            self._check(os.fstat(file.fileno()))
        self.digest = None if digest is None else digest.hexdigest()

    def _check(self, status: os.stat_result) -> None:
        state = status.st_size, status.st_mtime_ns
        if state[0] != self._size or self._state not in (None, state):
            raise PlanError(f"{self._path} is being changed while it is carried over")
        self._state = state


class Target:
    """A file that comes: its beginning is written beside its place, under a name of its own."""

    def __init__(self, path: str, descriptor: int, algorithm: str | None) -> None:
        self._path = path
        self._descriptor = descriptor
        self._algorithm = algorithm
        self.restart()

    def restart(self) -> None:
        """Forget what has come."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.done = self._written_down = 0
        self._hash = None if self._algorithm is None else _hash(self._algorithm)

    def write(self, block: memoryview) -> None:
        """
        Put a block behind what is there.

        Raises:
            OptionError: it cannot be written.
        """
        if self._hash is not None:
            self._hash.update(block)
        self.done += len(block)
        with _telling("dest", self._path):
            while block:
                block = block[os.write(self._descriptor, block) :]
            if self.done >= self._written_down + _WRITE_DOWN:
                self._write_down()

    def _write_down(self) -> None:
        # Or the end would have to wait for all of it.
        self._written_down = self.done
        if hasattr(os, "posix_fadvise"):
            first = max(0, self.done - _LAST_ONES)
            os.posix_fadvise(self._descriptor, first, self.done - first, os.POSIX_FADV_DONTNEED)

    @property
    def digest(self) -> str | None:
        """The checksum of what has come, None if it is not wanted."""
        return None if self._hash is None else self._hash.hexdigest()


@contextmanager
def arriving(path: str, *, algorithm: str | None, mode: int | None) -> Iterator[Target]:
    """
    Yield what a file is written to; it takes its place when the block ends well, and is gone if not.

    Raises:
        OptionError: it cannot be written.
        PlanError: somebody else writes it now.
    """
    with _telling("dest", path):
        place = Path(path).resolve()
        name = place.name if len(os.fsencode(place.name)) < 200 else hashlib.sha256(os.fsencode(place.name)).hexdigest()
        temporary = place.with_name(f".{name}{_TEMPORARY}")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
    with ExitStack() as opened:
        opened.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it until now may have put it in its place.
            is_ours = os.fstat(descriptor).st_ino == temporary.lstat().st_ino
        except OSError:
            is_ours = False
        if not is_ours:
            raise PlanError(f"{path} is being downloaded by another run")
        unfinished = opened.enter_context(ExitStack())
        unfinished.callback(_remove, temporary)
        yield Target(path, descriptor, algorithm)
        with _telling("dest", path):
            os.fsync(descriptor)
            found = foresee(path, None, mode).mode
            os.fchmod(descriptor, 0o600 if found is None else found)
            temporary.replace(place)
        unfinished.pop_all()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def digest_of(path: str, algorithm: str, *, option: str) -> str:
    """
    Return the checksum of a file.

    Raises:
        OptionError: it cannot be read.
    """
    digest, buffer = _hash(algorithm), memoryview(bytearray(BLOCK))
    with _telling(option, path), Path(path).open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return str(digest.hexdigest())


def look_for(root: str, tree: dict[str, Item]) -> dict[str, Item]:
    """
    Return what is at the places of a tree below ``root``, as it is there.

    Raises:
        OptionError: a link is in the place of a file or a folder of it, or something that is neither.
    """
    found: dict[str, Item] = {}
    for path in sorted(tree):
        place = Path(root, path) if path else Path(root)
        with _telling("dest", str(place)):
            try:
                status = place.lstat() if path else place.stat()
            except FileNotFoundError:
                continue
        if S_ISLNK(status.st_mode) or not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):
            raise OptionError(f"'dest': {place} is there, and is neither a file nor a folder", option="dest")
        found[path] = Item(status.st_size, S_ISDIR(status.st_mode))
    return found


def make_folder(path: str) -> None:
    """
    Make a folder, and those above it.

    Raises:
        OptionError: it cannot be made.
    """
    with _telling("dest", path):
        Path(path).mkdir(parents=True, exist_ok=True)


def free_bytes(path: str) -> int:
    """Return how much room there is where a file or a folder is, or will be."""
    with _telling("dest", path):
        place = Path(path).resolve()
        while not place.is_dir():
            place = place.parent
        return shutil.disk_usage(place).free


def _hash(algorithm: str) -> Any:
    return hashlib.new(algorithm, usedforsecurity=False)


@contextmanager
def _telling(option: str, path: str) -> Iterator[None]:
    """Turn what the system says into a sentence about an option."""
    try:
        yield
    except EsxError:
        raise
    except UNUSABLE as error:
        why = getattr(error, "strerror", None) or str(error)
        raise OptionError(f"'{option}': {path} cannot be used: {why}", option=option) from error
