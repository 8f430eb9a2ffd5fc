# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files that come from a datastore.

Laws: a file takes its place when it is whole, and what was there stays until then; no name that a host gives leads out
of the folder that was named; a transfer that was cut goes on only where the file is certainly still the same.

Source: the host's ``/folder``, with ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import NotFound, OptionError, PlanError
from .._flow.transfer import (
    TEMPORARY,
    Carried,
    Checksum,
    Item,
    Piece,
    Stamp,
    TransferPlan,
    Transferred,
    TransferWish,
    goes_on,
    place,
    plan,
    room_needed,
)
from .carrier import Carrier, Tally, blocks_of, result_of
from .local_file import UNUSABLE, check_writable, is_folder
from .local_tree import WRITTEN, Target, arriving, digest_of, free_bytes, look_for, make_folder

if TYPE_CHECKING:
    from .._vmx.paths import DatastorePath
    from .host import Host

STATE = "downloaded"


def download(
    host: Host, src: DatastorePath, dest: str, wish: TransferWish, *, mode: int | None, check_mode: bool
) -> Transferred:
    """
    Bring a file, or a folder with all in it, from a datastore; with ``check_mode`` only say what that changes.

    ``mode`` are the permissions of the files that come, None: those of the ones they replace, or of new ones.

    Raises:
        OptionError, PlanError, NotFound: it cannot be; nothing was touched.
        ConnectionLost, FaultError: a file did not come; what was there is there.
    """
    work = _Download(host, src, wish, mode)
    source = work.source()
    wish.check_one(is_folder=source[""].is_folder)
    dest = _place_of(dest, src.name, source[""])
    target = look_for(dest, source)
    planned, checked = plan(source, target, wish), None
    if wish.checksum is not None and "" in target:
        checked = _checked(wish.checksum, dest, source[""], target[""])
    carry, others = work.compared(planned, dest, checked)
    _check_room(dest, carry, wish)
    if check_mode or not (carry or planned.folders):
        return Transferred(**result_of(work.path, partial(place, dest), planned.folders, carry, others))
    return work.do(planned, dest, carry, others)


def _place_of(dest: str, name: str, top: Item) -> str:
    """Return where a file or a folder comes to be: a file that comes to a folder, in that."""
    if top.is_folder:
        try:
            if not dest or (Path(dest).exists() and not Path(dest).is_dir()):
                raise OptionError(f"'dest': {dest!r} is no folder, and 'src' is one", option="dest")
        except UNUSABLE as error:
            raise OptionError(f"'dest': {dest!r} is no path: {error}", option="dest") from error
        return dest.rstrip("/") or "/"
    found = place(dest, name) if is_folder(dest) else dest
    check_writable(found)
    return found


def _checked(wanted: Checksum, dest: str, source: Item, target: Item) -> Carried:
    """Return what is to be done to a file whose checksum is known."""
    found = Checksum(algorithm=wanted.algorithm, digest=digest_of(dest, wanted.algorithm, option="dest"))
    piece = Piece("", source.size, target.size)
    if found == wanted:
        return Carried(piece=piece, state="same", checksum=str(found))
    return Carried(piece=piece, state=STATE, before=str(found), after=str(wanted), checksum=str(wanted))


def _check_room(dest: str, carry: Sequence[Carried], wish: TransferWish) -> None:
    needed, free = room_needed((one.piece for one in carry), wish.concurrency), free_bytes(dest)
    if needed > free:
        raise PlanError(f"{needed} bytes must be free where {dest} is until all has come, and {free} are")


class _Download(Carrier):
    """What is done for one task."""

    def __init__(self, host: Host, src: DatastorePath, wish: TransferWish, mode: int | None) -> None:
        super().__init__(host, src, wish)
        self._mode = mode
        self._dest = ""
        self._tally = Tally(str(src), 0, host.now)

    def source(self) -> dict[str, Item]:
        """Return what is there, with names that lead nowhere else."""
        found = self.trees.tree(self.root)
        if not found:
            raise NotFound(f"there is no file or folder {self.root}", missing=[str(self.root)])
        # What another task leaves, or is just sending, is no file yet.
        found = {below: item for below, item in found.items() if not below.endswith(TEMPORARY) or not below}
        for below in found:
            self.path(below)
            if below and any(part in ("", ".", "..") for part in below.split("/")):
                raise PlanError(f"the host calls a file {below!r}, which is no name for one here")
        return self.measured(found, found)

    def compared(
        self, planned: TransferPlan, dest: str, checked: Carried | None
    ) -> tuple[list[Carried], list[Carried]]:
        """Return what is carried over and what is not, now that contents are compared where they tell."""
        kept = [Carried(piece=piece, state="kept") for piece in planned.kept]
        if checked is not None and not kept:
            return ([], [checked]) if checked.state == "same" else ([checked], [])
        known = None if self.wish.checksum is None else str(self.wish.checksum)
        carry = [Carried(piece=piece, state=STATE, checksum=known, after=known) for piece in planned.carry]
        same = [Carried(piece=piece, state="same") for piece in planned.same]
        for piece in planned.unsure:
            algorithm = self.wish.algorithm or ""
            here = f"{algorithm}:{digest_of(place(dest, piece.path), algorithm, option='dest')}"
            there = f"{algorithm}:{self.digest(self.path(piece.path))}"
            if here == there:
                same.append(Carried(piece=piece, state="same", checksum=here))
            else:
                carry.append(Carried(piece=piece, state=STATE, checksum=there, before=here, after=there))
        return sorted(carry, key=lambda one: one.piece.path), [*same, *kept]

    def do(self, planned: TransferPlan, dest: str, carry: Sequence[Carried], others: Sequence[Carried]) -> Transferred:
        """Make the folders and bring the files."""
        known = {one.piece.path: one for one in carry}
        self._dest = dest
        self._tally.total = sum(one.piece.size for one in carry)
        for below in planned.folders:
            make_folder(place(dest, below))
        done, error = self.each([one.piece for one in carry], lambda piece: self._carry(known[piece.path]))
        if error is not None and not (done or planned.folders):
            raise error
        return Transferred(**result_of(self.path, partial(place, dest), planned.folders, done, others), error=error)

    def _carry(self, planned: Carried) -> Carried:
        piece, path = planned.piece, self.path(planned.piece.path)
        local, wanted = place(self._dest, piece.path), self.wish.checksum
        with arriving(local, algorithm=self.wish.algorithm, mode=self._mode) as target:
            fetch = _Fetch(self, path, target, self._tally)
            _nothing, taken = self.again(fetch.go_on)
            if wanted is not None and target.digest != wanted.digest:
                raise PlanError(
                    f"what came of {path} has the checksum {wanted.algorithm}:{target.digest}, not {wanted}",
                    checksum=target.digest,
                )
        return Carried(
            piece=Piece(piece.path, target.done, piece.have),
            state=STATE,
            checksum=None if target.digest is None else f"{self.wish.algorithm}:{target.digest}",
            before=planned.before,
            after=planned.after,
            retries=taken,
        )


class _Fetch:
    """The bringing of one file, which goes on where it was cut, or begins anew."""

    def __init__(self, carrier: Carrier, path: DatastorePath, target: Target, tally: Tally) -> None:
        self._read = partial(carrier.streams.read, path)
        self._path = path
        self._target = target
        self._tally = tally
        self._stamp: Stamp | None = None
        self._buffer = memoryview(bytearray(WRITTEN))

    def go_on(self) -> None:
        """Bring what is missing; errors as those of a request."""
        if not self._bring():
            # The file has become another one.
            self._bring()

    def _bring(self) -> bool:
        """Bring what is missing; False: what there is to go on with is of no use."""
        target, known = self._target, self._stamp
        with self._read(first=target.done, stamp=known) as reply:
            if reply is not None and target.done:
                is_same = known is not None and goes_on(
                    known, target.done, reply.status, reply.content_range, reply.modified
                )
                if not is_same:
                    self._tally.add(-target.done)
                    target.restart()
                    if reply.status != 200:
                        return False
            if reply is not None and not target.done:
                self._stamp = reply.stamp
            for block in blocks_of(reply, self._path, self._buffer):
                target.write(block)
                self._tally.add(len(block))
        return True
