# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten megabytes of whatever hurts a parser: read or refused in little time and memory; and how fast real files are."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.plugins.module_utils._vmx.tokens import MOST_ENTRIES

SIZE = 10_000_000
MOST_SECONDS = 2.0
MOST_MIB = 200

HOSTILE: dict[str, Callable[[], bytes]] = {
    "one line": lambda: b'a = "' + b"x" * SIZE + b'"\n',
    "quotation marks": lambda: b"a = " + b'"' * SIZE,
    "a million entries": lambda: b"".join(b'a%d=""\n' % number for number in range(1_000_000)),
    "a million other entries": lambda: b"a='' # x\n" * (SIZE // 9),
    "no separator": lambda: b"a" * SIZE,
    "no line ends": lambda: b'a="1" ' * (SIZE // 6),
    "unterminated triple quotes": lambda: b'a="""' + b'x\n""' * (SIZE // 4),
    "blanks": lambda: b'a=""' + b" " * SIZE + b"?",
    "blanks before the value": lambda: b"a=" + b"\t" * SIZE + b"?",
    "line ends": lambda: b"\r\n" * (SIZE // 2) + b"?",
    "comments": lambda: b"#\n" * (SIZE // 2) + b"?",
    "number signs": lambda: b'a="1"' + b"#" * SIZE,
    "semicolons": lambda: b";" * SIZE + b"?",
    "NUL": lambda: b"\0" * SIZE + b"?",
    "dots": lambda: b"." * SIZE + b'=""',
    "wide characters": lambda: 'a = "\U0001f600'.encode() + b"x" * SIZE + b'"',
    "not UTF-8": lambda: b'a = "' + b"x" * SIZE + b'\xff"',
    "GBK, broken at the end": lambda: b'.encoding="GBK"\na="' + b"\xb0\xa1" * (SIZE // 2) + b'\xff"',
    "two codes for one character": lambda: b'.encoding="Shift_JIS"\n' + b"# \x81\x60\xfa\x54\n" * (SIZE // 7),
    "an endless name of an encoding": lambda: b'.encoding="' + b"x" * SIZE + b'"',
}


def read(data: bytes) -> str:
    """Read a file and write it again; the result is why it was refused, or nothing."""
    try:
        found = VmxText.from_bytes(data)
    except VmxError as error:
        return str(error)
    assert found.to_bytes() == data
    return ""


@pytest.mark.parametrize("name", HOSTILE)
def test_ten_megabytes_take_little_time(name: str) -> None:
    data = HOSTILE[name]()
    start = time.process_time()
    said = read(data)

    assert time.process_time() - start < MOST_SECONDS
    assert len(said) < 300


@pytest.mark.parametrize("name", ["one line", "comments", "wide characters", "two codes for one character"])
def test_ten_megabytes_take_little_memory(name: str) -> None:
    data = HOSTILE[name]()
    tracemalloc.start()
    try:
        read(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (len(data) + peak) >> 20 < MOST_MIB


def test_as_many_entries_as_are_allowed_take_little_memory() -> None:
    count = MOST_ENTRIES // 10
    data = b"".join(b"a%d='' # x\n" % number for number in range(count))
    tracemalloc.start()
    try:
        found = VmxText.from_bytes(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(found) == count
    assert (peak * MOST_ENTRIES // count) >> 20 < MOST_MIB // 2


def test_more_entries_than_any_machine_has_are_refused() -> None:
    line = 'a = ""\n'
    assert len(VmxText.parse(line * MOST_ENTRIES).entries()) == MOST_ENTRIES
    with pytest.raises(VmxError, match=f"line {MOST_ENTRIES + 1}, column 1: there are more than"):
        VmxText.parse(line * (MOST_ENTRIES + 1))


def test_a_lookup_does_not_go_through_the_text() -> None:
    text = VmxText.of((f"a{number}", "1") for number in range(50_000))
    start = time.process_time()
    found = sum(text[f"A{number}"] == "1" for number in range(50_000))

    assert found == 50_000
    assert time.process_time() - start < MOST_SECONDS


def test_a_thousand_files_take_less_than_two_seconds() -> None:
    lines = "".join(f'scsi0:{number}.fileName = "name of {number}.vmdk"\r\n' for number in range(100))
    data = f'.encoding = "UTF-8"\r\n{lines}'.encode()
    start = time.process_time()
    for _turn in range(1000):
        VmxText.from_bytes(data)

    assert time.process_time() - start < MOST_SECONDS
