# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of an in-memory datastore."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Union

from .description import CREATED
from .spool import Spool

Content = Union[bytes, Callable[[], bytes], Spool, None]
# So much of a file is looked at where only its beginning matters.
HEAD_BYTES = 64 * 1024


class OutOfSpace(Exception):
    """The datastore is full."""


@dataclass
class File:
    """
    One file.

    ``content`` None: the file has ``size`` bytes, all of them zero; a function: it is made when read; a spool: it came
    over the network, and may be large. ``charged`` are the bytes that it took of the datastore's free space; what was
    there from the start took none. ``scrubbed``: its blocks were zeroed when it was made, as those of an eager disk.
    """

    size: int = 0
    content: Content = None
    charged: int = 0
    scrubbed: bool = False
    modified: datetime = field(default=CREATED)

    def read(self) -> bytes | None:
        content = self.content_now()
        return content.read() if isinstance(content, Spool) else content

    def content_now(self) -> bytes | Spool | None:
        """Return the content as it is, made if need be; None: zeros."""
        return self.content() if callable(self.content) else self.content

    def head(self) -> bytes:
        """Return the beginning of the content; nothing of one that is all zeros."""
        content = self.content_now()
        return content.read(HEAD_BYTES) if isinstance(content, Spool) else (content or b"")

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        content = self.content_now()
        if isinstance(content, Spool):
            return content.size
        return self.size if content is None else len(content)


def normalised(path: str) -> str:
    """
    Normalise a path in a datastore.

    Raises:
        ValueError: it leaves the datastore.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or any(ord(char) < 32 for char in path):
        raise ValueError(f"{path!r} is no path in a datastore")
    return "/".join(parts)


class FileStore:
    """Files by path; a folder is there as long as something is in it, or when it was made."""

    def __init__(self, free: int) -> None:
        self.free = free
        self._files: dict[str, File] = {}
        self._folders: dict[str, None] = {}
        self.being_written: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, File]]:
        return iter(list(self._files.items()))

    def get(self, path: str) -> File | None:
        return self._files.get(path) or self._files.get(normalised(path))

    def put(self, path: str, file: File) -> bool:
        """Put a file; True: it is new."""
        path = normalised(path)
        new = path not in self._files
        self._files[path] = file
        self._add_folders(path.split("/")[:-1])
        return new

    def allocate(self, path: str, file: File) -> None:
        """
        Put a file that takes its size of the free space.

        Raises:
            OutOfSpace: it does not fit.
        """
        if file.size > self.free:
            raise OutOfSpace(path)
        self.free -= file.size
        file.charged = file.size
        file.modified = datetime.now(timezone.utc)
        self.put(path, file)

    def grow(self, file: File, more: int) -> None:
        """
        Let a file take so many bytes more.

        Raises:
            OutOfSpace: there are not so many.
        """
        if more > self.free:
            raise OutOfSpace(str(more))
        self.free -= more
        file.size += more
        file.charged += more

    def upload(self, path: str, content: bytes) -> bool:
        """
        Keep what a client sent; True: the file is new.

        Raises:
            OutOfSpace: it does not fit.
        """
        old = self.get(path)
        before = old.charged if old is not None else 0
        if len(content) - before > self.free:
            raise OutOfSpace(path)
        self.free -= len(content) - before
        file = File(len(content), content, charged=len(content), modified=datetime.now(timezone.utc))
        return self.put(path, file)

    def discard(self, path: str) -> bool:
        """Delete a file, or a folder with all that is in it; False: there is none."""
        path = normalised(path)
        gone = self.under(path)
        folders = [one for one in self._folders if one == path or one.startswith(f"{path}/")]
        for one in gone:
            self.free += self._files.pop(one).charged
        for one in folders:
            del self._folders[one]
        return bool(gone or folders)

    def move(self, source: str, target: str) -> None:
        """Give a file or a folder another path."""
        source, target = normalised(source), normalised(target)
        for one in self.under(source):
            self.put(target + one[len(source) :], self._files.pop(one))
        for one in [one for one in self._folders if one == source or one.startswith(f"{source}/")]:
            del self._folders[one]
            self._folders[target + one[len(source) :]] = None

    def move_to(self, source: str, other: FileStore, target: str) -> None:
        """
        Move a file or a folder to another datastore, which it takes space of.

        Raises:
            OutOfSpace: it does not fit there; nothing was moved.
        """
        self.copy_to(source, other, target)
        self.discard(source)

    def copy_to(self, source: str, other: FileStore, target: str) -> None:
        """
        Copy a file or a folder, maybe to another datastore.

        Raises:
            OutOfSpace: it does not fit there; nothing was copied.
        """
        source, target = normalised(source), normalised(target)
        found = [(one, self._files[one]) for one in self.under(source)]
        if sum(file.length for _path, file in found) > other.free:
            raise OutOfSpace(target)
        if self.is_folder(source):
            other.make_folder(target)
        for path, file in found:
            copy = File(file.length, file.content_now(), modified=file.modified, scrubbed=file.scrubbed)
            other.allocate(target + path[len(source) :], copy)

    def under(self, path: str) -> list[str]:
        """The paths of the file, or of all files in the folder, at a path."""
        path = normalised(path)
        return [one for one in self._files if one == path or one.startswith(f"{path}/")]

    def freeze(self, path: str) -> None:
        """Keep what is made on reading as it is now."""
        file = self.get(path)
        if file is not None and callable(file.content):
            file.content = file.content()

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it."""
        self._add_folders(normalised(path).split("/"))

    def _add_folders(self, parts: list[str]) -> None:
        for count in range(1, len(parts) + 1):
            if parts[0]:
                self._folders["/".join(parts[:count])] = None

    def remove_empty(self, path: str) -> None:
        """Delete a folder in which nothing is any more."""
        path = normalised(path)
        if path and self.is_folder(path) and not any(self.below(path)):
            del self._folders[path]

    def is_folder(self, path: str) -> bool:
        path = normalised(path)
        return not path or path in self._folders

    def below(self, folder: str) -> tuple[list[str], list[tuple[str, File]]]:
        """The names of the folders, and the files with their names, directly in a folder."""
        folder = normalised(folder)
        prefix = f"{folder}/" if folder else ""
        folders = [one[len(prefix) :] for one in self._folders if one.startswith(prefix) and one != folder]
        files = [(one[len(prefix) :], file) for one, file in self._files.items() if one.startswith(prefix)]
        return [one for one in folders if "/" not in one], [(one, file) for one, file in files if "/" not in one]


class Arriving:
    """
    A file while it comes over the network: what has come takes its space, and nobody else may touch it.

    ``is_new`` tells that nothing was there before. What was there is gone; the world's lock guards all but ``write``.
    """

    def __init__(self, store: FileStore, path: str) -> None:
        self._store = store
        self._path = normalised(path)
        old = store.get(self._path)
        self.is_new = old is None
        store.free += old.charged if old is not None else 0
        self._spool = Spool()
        self._file = File(0, self._spool, modified=datetime.now(timezone.utc))
        store.put(self._path, self._file)
        store.being_written.add(self._path)

    def make_room(self, count: int) -> None:
        """
        Take so many bytes of the free space.

        Raises:
            OutOfSpace: they are not there.
        """
        self._store.grow(self._file, count)

    def write(self, part: bytes) -> None:
        """Keep what came."""
        self._spool.write(part)

    def end(self) -> None:
        """Nothing more comes; a small file is kept in memory."""
        self._store.being_written.discard(self._path)
        self._file.modified = datetime.now(timezone.utc)
        if self._spool.size <= HEAD_BYTES:
            self._file.content = self._spool.read()
