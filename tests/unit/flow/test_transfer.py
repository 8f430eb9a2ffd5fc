# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are carried over, and when a transfer that was cut goes on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow import transfer
from ansible_collections.virt.esx.plugins.module_utils._flow.transfer import (
    Checksum,
    Compare,
    Item,
    Piece,
    Replace,
    Stamp,
    TransferWish,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "d/e", "d/f", "d/g"])
TREES = st.dictionaries(NAMES, st.integers(0, 3)).map(
    lambda files: {"": Item(is_folder=True), "d": Item(is_folder=True), **{path: Item(n) for path, n in files.items()}}
)
WHEN = "Sun, 01 Nov 2026 06:00:00 GMT"


def wish(**wanted: Any) -> TransferWish:
    usual = {"replace": Replace.DIFFERING, "compare": Compare.SIZE, "checksum": None}
    numbers = {"retries": 1, "concurrency": 2, "stall_timeout": 3, "timeout": 4}
    return TransferWish(**{**usual, **numbers, **wanted})


@given(TREES, TREES, st.sampled_from(Replace), st.sampled_from(Compare))
def test_every_file_is_in_one_lot(source: Any, target: Any, replace: Replace, compare: Compare) -> None:
    planned = transfer.plan(source, target, wish(replace=replace, compare=compare))

    lots = [*planned.carry, *planned.unsure, *planned.same, *planned.kept]
    assert sorted(piece.path for piece in lots) == sorted(path for path, item in source.items() if not item.is_folder)
    new = {path for path, item in source.items() if path not in target and not item.is_folder}
    assert new <= {piece.path for piece in planned.carry}
    if replace is Replace.NEVER:
        assert new == {piece.path for piece in planned.carry}
    if replace is Replace.ALWAYS:
        assert lots == list(planned.carry)


@given(TREES, TREES)
def test_what_was_carried_over_is_the_same(source: Any, target: Any) -> None:
    planned = transfer.plan(source, target, wish())
    after = {**target, **{path: source[path] for path in planned.folders}}
    after |= {piece.path: source[piece.path] for piece in planned.carry}

    again = transfer.plan(source, after, wish())
    assert (again.carry, again.folders) == ((), ())


def test_folders_come_from_above_and_are_never_in_the_place_of_files() -> None:
    folder = Item(is_folder=True)
    source = {"": folder, "x/y": folder, "x": folder, "x/y/f": Item(1)}

    assert transfer.plan(source, {}, wish()).folders == ("", "x", "x/y")
    with pytest.raises(PlanError, match="x is a file where it is to be, and a folder"):
        transfer.plan(source, {"": folder, "x": Item(1)}, wish())


def test_room_is_that_of_what_grows_and_of_what_comes_at_once() -> None:
    pieces = [Piece("new", 10), Piece("longer", 7, 5), Piece("same", 4, 4), Piece("shorter", 1, 9)]

    assert transfer.room_needed(pieces, 2) == (10 + 2) + (5 + 4)
    assert transfer.room_needed([], 2) == 0


@pytest.mark.parametrize(
    ("status", "content_range", "modified", "goes_on"),
    [
        (206, "bytes 5-9/10", WHEN, True),
        (200, "bytes 5-9/10", WHEN, False),
        (206, "bytes 5-9/10", None, False),
        (206, "bytes 5-9/10", "Sun, 01 Nov 2026 06:00:01 GMT", False),
        (206, "bytes 5-10/11", WHEN, False),
        (206, "bytes 4-9/10", WHEN, False),
        (206, "bytes 5-9/*", WHEN, False),
        (206, None, WHEN, False),
        (416, "bytes */3", WHEN, False),
    ],
)
def test_it_goes_on_where_the_file_is_the_same(
    status: int, content_range: str | None, modified: str | None, *, goes_on: bool
) -> None:
    assert transfer.goes_on(Stamp(10, WHEN), 5, status, content_range, modified) is goes_on
    assert not transfer.goes_on(Stamp(10, None), 5, status, content_range, modified)


@given(st.text(min_size=1, max_size=300))
def test_a_temporary_name_needs_no_escapes(name: str) -> None:
    found = transfer.temporary_name(name.replace("\ud800", "x"))

    assert found.isascii()
    assert "%" not in found
    assert len(found) < 255


@pytest.mark.parametrize("text", ["", "sha256", "sha256:", "sha256:xyz", "md5:00", "crc32:00000000"])
def test_what_is_no_checksum_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="'checksum' must be"):
        Checksum.parse(text)


def test_a_checksum_is_read_in_any_case() -> None:
    assert str(Checksum.parse(" MD5:" + "AB" * 16)) == "md5:" + "ab" * 16
