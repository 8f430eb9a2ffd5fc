# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files that go to a datastore.

Laws: everything is checked before anything is touched; a file comes under a name of its own beside its place, and is
moved there when it is whole; what was there stays until then, and nothing of what did not become whole.

Source: the host's ``/folder``; vim.FileManager.MoveDatastoreFile_Task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from .._errors import ConnectionLost, EsxError, FaultError, PlanError, TaskFailed
from .._flow.transfer import (
    Carried,
    Compare,
    Item,
    Piece,
    TransferPlan,
    Transferred,
    TransferWish,
    place,
    plan,
    room_needed,
    temporary_name,
)
from .._flow.volume_plan import users_of
from .._flow.wording import listed
from .carrier import Carrier, Tally, result_of
from .local_tree import BLOCK, Source, digest_of, tree_of
from .volumes import holders_by_path, is_read_only

if TYPE_CHECKING:
    from .._vmx.paths import DatastorePath
    from .host import Host

STATE = "uploaded"


def upload(
    host: Host, src: str, dest: DatastorePath, wish: TransferWish, *, follow_links: bool, check_mode: bool
) -> Transferred:
    """
    Carry a file, or a folder with all in it, to a place on a datastore; with ``check_mode`` only say what that changes.

    Raises:
        OptionError, PlanError, NotFound: it cannot be; nothing was touched.
        ConnectionLost, FaultError, TaskFailed, Expired: a file could not be carried over; what was there is there.
    """
    source = tree_of(src, follow_links=follow_links)
    wish.check_one(is_folder=source[""].is_folder)
    work = _Upload(host, src, dest, wish)
    work.check_source(source)
    target = work.measured(work.trees.tree(dest), source)
    planned = plan(source, target, wish)
    carry, same = work.compared(planned)
    if not target:
        work.trees.check_above(dest)
    work.check(planned, carry)
    others = [*same, *(Carried(piece=piece, state="kept") for piece in planned.kept)]
    if check_mode or not (carry or planned.folders):
        return Transferred(**result_of(partial(place, src), work.path, planned.folders, carry, others))
    return work.do(planned, carry, others)


class _Upload(Carrier):
    """What is done for one task."""

    def __init__(self, host: Host, src: str, dest: DatastorePath, wish: TransferWish) -> None:
        super().__init__(host, dest, wish)
        self._src = src
        self._tally = Tally(str(dest), 0, host.now)

    def check_source(self, source: Mapping[str, Item]) -> None:
        """Make sure that every file can have a name there, and is what its checksum says."""
        for below in source:
            self.path(below)
        wanted = self.wish.checksum
        if wanted is not None:
            found = digest_of(self._src, wanted.algorithm, option="src")
            if found != wanted.digest:
                raise PlanError(
                    f"{self._src} has the checksum {wanted.algorithm}:{found}, not {wanted}", checksum=found
                )
        if not source[""].is_folder and not self.root.path:
            raise PlanError(f"{self.root} is a datastore: name the file that is to be on it")

    def compared(self, planned: TransferPlan) -> tuple[list[Carried], list[Carried]]:
        """Return what is carried over, and what is the same, now that contents are compared where they tell."""
        carry = [self._planned(piece) for piece in planned.carry]
        same = [Carried(piece=piece, state="same") for piece in planned.same]
        for piece in planned.unsure:
            algorithm = self.wish.algorithm or ""
            here = f"{algorithm}:{digest_of(self._local(piece), algorithm, option='src')}"
            there = f"{algorithm}:{self.digest(self.path(piece.path))}"
            if here == there:
                same.append(Carried(piece=piece, state="same", checksum=here))
            else:
                carry.append(Carried(piece=piece, state=STATE, checksum=here, before=there, after=here))
        return sorted(carry, key=lambda one: one.piece.path), same

    def _planned(self, piece: Piece) -> Carried:
        known = None if self.wish.checksum is None else str(self.wish.checksum)
        return Carried(piece=piece, state=STATE, checksum=known, after=known)

    def check(self, planned: TransferPlan, carry: Sequence[Carried]) -> None:
        """Make sure that it can be written, that there is room, and that nobody uses what is replaced."""
        if not (carry or planned.folders):
            return
        store = self.host.session.reference("Datastore", self.store.moid)
        if is_read_only(self.host.session, store, self.environment.host):
            raise PlanError(f"the datastore '{self.store.name}' is mounted read-only")
        needed = room_needed((one.piece for one in carry), self.wish.concurrency)
        if needed > self.store.free_bytes:
            raise PlanError(
                f"{needed} bytes must be free on {self.store.name} until all has come, and {self.store.free_bytes} are"
            )
        replaced = [self.path(one.piece.path) for one in carry if one.piece.have is not None]
        users = holders_by_path(self.host.session)[0] if replaced else {}
        for path in replaced:
            names = users_of(path, users)
            if names:
                raise PlanError(f"{path} belongs to {listed(names)}, and is not replaced", in_use=names)

    def do(self, planned: TransferPlan, carry: Sequence[Carried], others: Sequence[Carried]) -> Transferred:
        """Make the folders, carry the files over, and take back what did not come to anything."""
        known = {one.piece.path: one for one in carry}
        self._tally.total = sum(one.piece.size for one in carry)
        made: list[DatastorePath] = []
        done: list[Carried] = []
        error: EsxError | None = None
        try:
            folders = [self.path(below) for below in planned.folders] or [self.root.parent]
            for folder in folders:
                made += self.files.make_folders(folder) if folder.path else []
            done, error = self.each([one.piece for one in carry], lambda piece: self._carry(known[piece.path]))
        except EsxError as trouble:
            error = trouble
        if error is not None and made:
            self._take_back(made, error)
        if error is not None and not done:
            raise error
        folders_shown = planned.folders if error is None else ()
        result = result_of(partial(place, self._src), self.path, folders_shown, done, others)
        return Transferred(**result, error=error)

    def _take_back(self, made: Sequence[DatastorePath], error: EsxError) -> None:
        try:
            for folder in reversed(made):
                self.files.remove_empty_folder(folder)
        except EsxError as trouble:
            error.args = (f"{error}; a folder that was made could not be taken away ({trouble})",)

    def _carry(self, planned: Carried) -> Carried:
        piece, path = planned.piece, self.path(planned.piece.path)
        temporary = path.beside(temporary_name(path.name))
        source = Source(self._local(piece), piece.size, self.wish.algorithm, memoryview(bytearray(BLOCK)))
        sent = _Sent(source, self._tally)
        try:
            _nothing, taken = self.again(lambda: self._send(source, sent, temporary, piece))
            with self.one_task:
                self._move(temporary, path)
        except EsxError as error:
            self._forget(temporary, error)
            raise
        checksum = None if source.digest is None else f"{self.wish.algorithm}:{source.digest}"
        return Carried(
            piece=piece, state=STATE, checksum=checksum, before=planned.before, after=planned.after, retries=taken
        )

    def _send(self, source: Source, sent: _Sent, temporary: DatastorePath, piece: Piece) -> None:
        """Send a file once, and look whether it has come."""
        self.streams.write(temporary, piece.size, sent.blocks)
        wanted = self.wish.checksum
        if wanted is not None and source.digest != wanted.digest:
            raise PlanError(f"{self._src} is being changed while it is carried over")
        stamp, _taken = self.again(lambda: self.streams.stat(temporary))
        if stamp is None or stamp.size != piece.size:
            come = "nothing" if stamp is None else f"{stamp.size} bytes"
            raise ConnectionLost(f"of {piece.size} bytes of {place(self._src, piece.path)}, {come} arrived")
        if self.wish.compare is Compare.CONTENT and self.digest(temporary) != source.digest:
            raise ConnectionLost(f"of {place(self._src, piece.path)}, something else arrived than was sent")

    def _move(self, temporary: DatastorePath, path: DatastorePath) -> None:
        """Put a file in its place. Where the reply is lost, the host is looked at before anything is done again."""
        try:
            self.files.move(temporary, path, force=True)
        except ConnectionLost:
            if not self._is_there(temporary):
                return
            try:
                self.files.move(temporary, path, force=True)
            except (FaultError, TaskFailed):
                # The host may have been about to do what it had been told first.
                if self._is_there(temporary):
                    raise

    def _is_there(self, path: DatastorePath) -> bool:
        return self.again(lambda: self.streams.stat(path))[0] is not None

    def _forget(self, temporary: DatastorePath, error: EsxError) -> None:
        try:
            with self.one_task:
                self.files.delete(temporary)
        except EsxError as trouble:
            error.args = (f"{error}; what has come is left as {temporary}, for the next run to write over ({trouble})",)

    def _local(self, piece: Piece) -> str:
        return place(self._src, piece.path)


class _Sent:
    """Reads a source, and counts what goes."""

    def __init__(self, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._count = 0

    def blocks(self) -> Iterator[memoryview]:
        """Yield the content from the front; what went before goes again."""
        self._tally.add(-self._count)
        self._count = 0
        for block in self._source.blocks():
            yield block
            self._count += len(block)
            self._tally.add(len(block))
