# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Which files are carried to a datastore or from one: from what is wanted, what is here, and what is there.

Laws: what is the same stays; a folder never takes the place of a file, nor a file that of a folder; nothing is deleted
but what is replaced; a transfer that was cut goes on only where the file is certainly still the same.
"""

from __future__ import annotations

import enum
import hashlib
import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import EsxError, OptionError, PlanError
from .pace import LONGEST_SECONDS, number_of

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
# That of contents that are compared, where nobody names another one.
USUAL = "sha256"
LONGEST_STALL = 3600
MOST_RETRIES = 1000
MOST_AT_ONCE = 16
# What the name of a file ends with until it is whole. No other program uses it, and it is the same in every run: what
# bears it was left by one of ours that was killed, and the next one writes over it.
TEMPORARY = ".virt-esx-upload"
_LONGEST_NAME = 200
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_CHECKSUM = re.compile(r"(?P<algorithm>[a-z0-9]+):(?P<digest>[0-9a-f]+)", re.IGNORECASE)
_LENGTHS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Replace(enum.Enum):
    """What becomes of a file that is there already."""

    DIFFERING = "differing"
    ALWAYS = "always"
    NEVER = "never"


class Compare(enum.Enum):
    """What tells whether a file that is there differs."""

    SIZE = "size"
    CONTENT = "content"


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """What the content of a file must come to; ``digest`` in hexadecimal digits, lower case."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Checksum:
        """
        Read ``algorithm:digits``.

        Raises:
            OptionError: it is none.
        """
        found = _CHECKSUM.fullmatch(text.strip())
        algorithm = found["algorithm"].lower() if found is not None else ""
        if found is None or len(found["digest"]) != _LENGTHS.get(algorithm):
            raise OptionError(
                f"'checksum' must be an algorithm ({', '.join(ALGORITHMS)}), a colon and all the hexadecimal digits of "
                f"that; found {text[:150]!r}",
                option="checksum",
            )
        return cls(algorithm=algorithm, digest=found["digest"].lower())


@dataclass(frozen=True, kw_only=True)
class TransferWish:
    """How files are carried over, as the options that upload and download share say it."""

    replace: Replace
    compare: Compare
    checksum: Checksum | None
    retries: int
    concurrency: int
    stall_timeout: int
    timeout: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> TransferWish:
        """
        Read the options.

        Raises:
            OptionError: one of them cannot be used.
        """
        checksum = params["checksum"]
        return cls(
            replace=Replace(params["replace"]),
            compare=Compare(params["compare"]),
            checksum=None if checksum is None else Checksum.parse(checksum),
            retries=number_of(params, "retries", least=0, most=MOST_RETRIES),
            concurrency=number_of(params, "concurrency", least=1, most=MOST_AT_ONCE),
            stall_timeout=number_of(params, "stall_timeout", least=1, most=LONGEST_STALL),
            timeout=number_of(params, "timeout", least=1, most=LONGEST_SECONDS),
        )

    @property
    def algorithm(self) -> str | None:
        """What contents are digested with; None: they are not."""
        if self.checksum is not None:
            return self.checksum.algorithm
        return USUAL if self.compare is Compare.CONTENT else None

    def check_one(self, *, is_folder: bool) -> None:
        """
        Make sure that a checksum is that of one file.

        Raises:
            OptionError: it is said to be a folder's.
        """
        if is_folder and self.checksum is not None:
            raise OptionError("'checksum' is that of one file, and 'src' is a folder", option="checksum")


@dataclass(frozen=True)
class Item:
    """A file of so many bytes, or a folder."""

    size: int = 0
    is_folder: bool = False


Tree = Mapping[str, Item]
"""A file or a folder with all in it, by their paths below it with slashes; it has the path "" itself."""


@dataclass(frozen=True)
class Piece:
    """One file, by its path in the tree; ``have`` is how long the one is that it would replace, None: there is none."""

    path: str
    size: int
    have: int | None = None


@dataclass(frozen=True, kw_only=True)
class TransferPlan:
    """
    What is done: ``folders`` are made, from above, and the files of ``carry`` carried over.

    Whether those of ``unsure`` are, their contents tell. ``same`` are as wanted, ``kept`` are left though they differ.
    """

    folders: tuple[str, ...] = ()
    carry: tuple[Piece, ...] = ()
    unsure: tuple[Piece, ...] = ()
    same: tuple[Piece, ...] = ()
    kept: tuple[Piece, ...] = ()


def plan(source: Tree, target: Tree, wish: TransferWish) -> TransferPlan:
    """
    Say what is to be carried from a tree to another.

    Raises:
        PlanError: a folder is where a file is wanted, or the other way round.
    """
    sorted_out: dict[str, list[Piece]] = {"carry": [], "unsure": [], "same": [], "kept": []}
    folders = []
    for path in sorted(source):
        item, there = source[path], target.get(path)
        if there is not None and there.is_folder != item.is_folder:
            kinds = ("a folder", "a file") if there.is_folder else ("a file", "a folder")
            raise PlanError(f"{path or 'it'} is {kinds[0]} where it is to be, and {kinds[1]} where it comes from")
        if item.is_folder:
            folders += [] if there is not None else [path]
            continue
        piece = Piece(path, item.size, None if there is None else there.size)
        sorted_out[_lot(piece, wish)].append(piece)
    return TransferPlan(folders=tuple(folders), **{lot: tuple(pieces) for lot, pieces in sorted_out.items()})


def _lot(piece: Piece, wish: TransferWish) -> str:
    if piece.have is None:
        return "carry"
    if wish.replace is Replace.ALWAYS:
        return "carry"
    if wish.replace is Replace.NEVER:
        return "same" if piece.size == piece.have else "kept"
    if piece.have != piece.size:
        return "carry"
    return "unsure" if wish.compare is Compare.CONTENT else "same"


def room_needed(pieces: Iterable[Piece], at_once: int) -> int:
    """Return how many bytes must be free: what a file replaces goes when it has come, and so many come at once."""
    pieces = list(pieces)
    growth = sum(max(0, piece.size - (piece.have or 0)) for piece in pieces)
    return growth + sum(heapq.nlargest(at_once, (min(piece.size, piece.have or 0) for piece in pieces)))


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a remote file from another: its length, and when it was written as the host says it."""

    size: int
    modified: str | None


def goes_on(known: Stamp, done: int, status: int, content_range: str | None, modified: str | None) -> bool:
    """
    Tell whether a reply goes on where a transfer was cut after ``done`` bytes; if not, it must begin anew.

    ``status``, ``content_range`` and ``modified`` are the reply's. A host that does not say when the file was written
    cannot be trusted with it.
    """
    found = _RANGE.fullmatch(content_range or "")
    if status != 206 or found is None or modified is None or modified != known.modified:
        return False
    return tuple(map(int, found.groups())) == (done, known.size - 1, known.size)


def temporary_name(name: str) -> str:
    """
    Return what a file is called until it is whole.

    It needs no escapes, so no host takes it for another one, however often it resolves them.
    """
    is_plain = _PLAIN.fullmatch(name) is not None and len(name) <= _LONGEST_NAME
    return f"{name if is_plain else hashlib.sha256(name.encode()).hexdigest()[:40]}{TEMPORARY}"


@dataclass(frozen=True, kw_only=True)
class Carried:
    """
    What came of one file: ``state`` and ``checksum`` are what its entry says.

    ``retries`` tells how often it was taken up again; ``before`` and ``after`` are checksums, where they are known
    before anything is carried over.
    """

    piece: Piece
    state: str
    checksum: str | None = None
    before: str | None = None
    after: str | None = None
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """A module's result: what was carried over, and why not all of it was, if so."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    values: Mapping[str, Any]
    error: EsxError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        diff = {"before": dict(self.before), "after": dict(self.after)}
        return {"changed": self.before != self.after, "diff": diff, **self.values}


def difference(
    where: Callable[[str], str], folders: Iterable[str], carried: Iterable[Carried]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return what ``--diff`` shows of the folders and files that become others; ``where`` tells where something is."""
    before: dict[str, dict[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {where(path): {"type": "folder"} for path in folders}
    for one in carried:
        name = where(one.piece.path)
        after[name] = _shown(one.piece.size, one.after)
        if one.piece.have is not None:
            before[name] = _shown(one.piece.have, one.before)
            if before[name] == after[name]:
                after[name]["done"] = "replaced"
    return before, after


def place(root: str, path: str) -> str:
    """Return where something of a tree is on this machine."""
    return f"{root.rstrip('/')}/{path}" if path else root


def _shown(size: int, checksum: str | None) -> dict[str, Any]:
    return {"type": "file", "bytes": size, **({} if checksum is None else {"checksum": checksum})}
