# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What upload and download of files have in common: one session, a few files at a time, and what is tried again.

Source: vim.Datastore; the host's ``/folder``.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import ConnectError, ConnectionLost, EsxError, NotFound, OptionError
from .._flow.transfer import USUAL, Carried, Item, Piece, TransferWish, difference
from .._vmx.paths import DatastorePath
from .files import Files
from .progress import Progress
from .remote_tree import RemoteTrees
from .streams import BLOCK, Reply, Streams

if TYPE_CHECKING:
    from .host import Host

_T = TypeVar("_T")
# After these a transfer may be tried again.
CUT = (ConnectionLost, ConnectError)
# How long to wait before it is: a little longer each time.
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
# How often at most it is told how far it is.
_TOLD_SECONDS = 0.25


@dataclass
class Tally:
    """How many bytes have been carried over, told to who listens; safe to use from several threads."""

    what: str
    total: int
    now: Callable[[], float]
    progress: Progress = field(default_factory=Progress.from_environment)
    done: int = 0
    told_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        """Count bytes; a negative number takes back those that must come again."""
        with self.lock:
            self.done += count
            now = self.now()
            if self.progress.is_heard and now - self.told_at >= _TOLD_SECONDS:
                self.told_at = now
                self.progress.tell(self.what, done=self.done, total=self.total)


class Carrier:
    """One session that carries files from or to ``root`` on a datastore."""

    def __init__(self, host: Host, root: DatastorePath, wish: TransferWish) -> None:
        self.host = host
        self.root = root
        self.wish = wish
        _known, self.environment = host.survey()
        self.store = self.environment.datastore(root.datastore)
        self.files = Files.of(host.session, self.environment, timeout=wish.timeout)
        self.streams = Streams(host.session, self.environment.datacenter, stall_timeout=wish.stall_timeout)
        self.trees = RemoteTrees(host.session, self.store.browser, timeout=wish.timeout)
        # A session has one property collector, on which one thread at a time may wait for a task.
        self.one_task = threading.Lock()

    def path(self, below: str) -> DatastorePath:
        """
        Return where something of the tree is on the datastore.

        Raises:
            OptionError: it has no name that a datastore can hold.
        """
        try:
            return self.root.join(below) if below else self.root
        except ValueError as error:
            raise OptionError(f"{below!r} is no name that a datastore can hold: {error}") from error

    def measured(self, tree: dict[str, Item], wanted: Iterable[str]) -> dict[str, Item]:
        """Return a tree with the lengths of the parts of disks, of which a search tells something else."""
        found = dict(tree)
        for below in wanted:
            item = tree.get(below)
            if item is None or item.is_folder or not self.path(below).name.lower().endswith(".vmdk"):
                continue
            stamp = self.again(partial(self.streams.stat, self.path(below)))[0]
            if stamp is not None:
                found[below] = Item(stamp.size)
        return found

    def digest(self, path: DatastorePath) -> str:
        """
        Return the checksum of what is in a file on the datastore, which is read all through.

        Raises:
            NotFound: it is not there any more.
        """
        return self.again(lambda: self._digest(path))[0]

    def _digest(self, path: DatastorePath) -> str:
        digest, buffer = hashlib.new(self.wish.algorithm or USUAL, usedforsecurity=False), memoryview(bytearray(BLOCK))
        with self.streams.read(path) as reply:
            for block in blocks_of(reply, path, buffer):
                digest.update(block)
        return digest.hexdigest()

    def again(self, work: Callable[[], _T], taken: int = 0) -> tuple[_T, int]:
        """
        Do something until it is not cut any more, and return how often it was.

        ``taken`` tells how often it has been already.

        Raises:
            ConnectionLost, ConnectError: it was cut more often than is wanted.
        """
        while True:
            try:
                return work(), taken
            except CUT as error:
                if taken >= self.wish.retries:
                    if taken:
                        error.args = (f"{error}; it was tried {taken + 1} times",)
                    raise
                self.pause(taken)
                taken += 1

    def pause(self, taken: int) -> None:
        """Wait before something that was cut is tried again."""
        threading.Event().wait(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(taken, 16)))

    def each(self, pieces: Sequence[Piece], work: Callable[[Piece], Carried]) -> tuple[list[Carried], EsxError | None]:
        """Carry over a few at a time; return what has been, and the first failure: after that, none is begun."""
        done: list[Carried] = []
        failed: list[EsxError] = []

        def one(piece: Piece) -> None:
            if failed:
                return
            try:
                done.append(work(piece))
            except EsxError as error:
                failed.append(error)

        if len(pieces) == 1:
            one(pieces[0])
        else:
            with ThreadPoolExecutor(self.wish.concurrency) as pool:
                for running in [pool.submit(one, piece) for piece in pieces]:
                    running.result()
        return sorted(done, key=lambda carried: carried.piece.path), next(iter(failed), None)


def blocks_of(reply: Reply | None, path: DatastorePath, buffer: memoryview) -> Iterator[memoryview]:
    """
    Yield what comes of a file, in blocks that the next one overwrites.

    Raises:
        NotFound: the file is not there.
        ConnectionLost: not all of it has come.
    """
    if reply is None:
        raise NotFound(f"there is no file {path}", missing=[str(path)])
    left = reply.length
    while left:
        count = reply.read_into(buffer[: min(left, len(buffer))])
        if not count:
            raise ConnectionLost(f"the connection was cut during GET of {path}", method=f"GET of {path}")
        left -= count
        yield buffer[:count]


def result_of(
    src: Callable[[str], object],
    dest: Callable[[str], object],
    folders: Iterable[str],
    carried: Sequence[Carried],
    others: Sequence[Carried],
) -> dict[str, Any]:
    """
    Return the arguments of a Transferred: what was carried over besides ``others``, and which folders were made.

    ``src`` and ``dest`` tell where something of the tree is.
    """
    before, after = difference(lambda below: str(dest(below)), folders, carried)
    entries = [
        {
            "src": str(src(one.piece.path)),
            "dest": str(dest(one.piece.path)),
            "bytes": one.piece.size,
            "state": one.state,
            "checksum": one.checksum,
            "retries": one.retries,
        }
        for one in sorted([*carried, *others], key=lambda one: one.piece.path)
    ]
    total = sum(one.piece.size for one in carried)
    return {
        "before": before,
        "after": after,
        "values": {"src": str(src("")), "dest": str(dest("")), "bytes": total, "files": entries},
    }
