# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of long work: a line now and then, and nothing of what ends at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.course import Course, duration, size

GIB = 1024**3


def record(what: str = "web01, disk 1 of 2", **said: Any) -> bytes:
    return json.dumps({"what": what, **said}).encode()


def test_what_ends_within_a_moment_shows_nothing() -> None:
    course = Course(0.0)

    assert [course.line(record(percent=percent), percent / 100) for percent in range(101)] == [None] * 101


def test_a_line_each_tenth_with_rate_and_time_left() -> None:
    course = Course(0.0)
    lines = [course.line(record(done=second * GIB, total=100 * GIB), float(second)) for second in range(101)]

    shown = [line for line in lines if line is not None]
    assert len(shown) == 10
    assert shown[3] == "web01, disk 1 of 2: 40 %, 40.0 GiB of 100.0 GiB, 1.0 GiB/s, 1 min 0 s left"


def test_what_hardly_moves_shows_a_line_each_half_minute() -> None:
    course = Course(0.0)
    lines = [course.line(record(percent=1), float(second)) for second in range(301)]

    assert [at for at, line in enumerate(lines) if line is not None] == list(range(30, 301, 30))
    assert lines[30] == "web01, disk 1 of 2: 1 %"


def test_each_piece_begins_anew() -> None:
    course = Course(0.0)
    course.line(record("one", percent=0), 0.0)
    assert course.line(record("one", percent=90), 10.0) == "one: 90 %, 1 s left"
    course.line(record("two", percent=0), 11.0)

    assert course.line(record("two", percent=20), 21.0) == "two: 20 %, 40 s left"


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"{}", b"[]", b'"x"', b"\xff", b'{"what": 1, "percent": "x"}', b'{"what": "x", "done": "y", "total": 3}'],
)
def test_nonsense_shows_nothing(nonsense: bytes) -> None:
    assert Course(0.0).line(nonsense, 1000.0) is None


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 * GIB, "5.0 GiB"), (1024**6, "1048576.0 TiB")],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")])
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
