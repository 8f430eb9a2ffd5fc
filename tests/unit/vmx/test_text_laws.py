# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laws of VMX text, for any text."""

from __future__ import annotations

import re

from ansible_collections.virt.esx.plugins.module_utils._errors import VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx.escapes import escape_unquotable
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.strategies import ANY_TEXT, KEYS, RAW_VALUES, plain_texts, vmx_texts
from hypothesis import example, given
from hypothesis import strategies as st

# Texts that are nearly right, and texts that are anything.
NEARLY = st.text("ab.=\"';# \t\0\r\n1[\ufeffä", max_size=40) | st.text(max_size=40)
PIECES = st.sampled_from(
    ['a = "1"', "b='2'", '"""', '"', "'", "=", ";", "#", "\n", "\r", "\0", " ", ".encoding", '"GBK"', "é", "\x80"]
)
BYTES = st.lists(PIECES, max_size=12).map(lambda found: "".join(found).encode("latin-1")) | st.binary(max_size=40)

NAMED = st.sampled_from([b"", b'.encoding = "windows-1252"\n', b'.encoding="GBK"\n', b"a='1'; .Encoding='Shift_JIS'\r"])


@given(vmx_texts())
def test_what_the_grammar_allows_is_read_and_written_as_it_was(drawn: tuple[str, list[tuple[str, str]]]) -> None:
    text, entries = drawn
    found = VmxText.parse(text)
    first = {key.lower(): value for key, value in reversed(entries)}

    assert str(found) == text
    assert found.entries() == entries
    assert {key.lower(): value for key, value in found.items()} == first
    assert len(found) == len(first)


@given(NEARLY | st.lists(PIECES, max_size=12).map("".join))
@example('a = "1"\r')
@example("a\x0b= '1'")
def test_any_text_comes_back_or_is_refused(text: str) -> None:
    try:
        found = VmxText.parse(text)
    except VmxError as error:
        line, column = error.details["line"], error.details["column"]
        lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    else:
        line, column, lines = 1, 1, [str(found)]
        assert str(found) == text
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1


@given(NAMED, BYTES)
def test_any_bytes_come_back_or_are_refused(named: bytes, rest: bytes) -> None:
    data = named + rest
    try:
        found = VmxText.from_bytes(data)
    except VmxError:
        return
    assert found.to_bytes() == data


@given(vmx_texts(), st.data())
def test_edits_do_what_they_say_and_nothing_else(drawn: tuple[str, list[tuple[str, str]]], data: st.DataObject) -> None:
    text = VmxText.parse(drawn[0])
    expected = {key.lower(): value for key, value in text.items()}
    for _turn in range(data.draw(st.integers(1, 4))):
        key = data.draw(KEYS | st.sampled_from(sorted(expected) or ["a"]))
        if data.draw(st.booleans()):
            value = data.draw(ANY_TEXT)
            text.set(key, value)
            if expected.get(key.lower()) != value:
                expected[key.lower()] = escape_unquotable(value)
        else:
            assert text.remove(key) is (expected.pop(key.lower(), None) is not None)
        again = VmxText.parse(str(text))

        assert again.entries() == text.entries()
        assert str(again) == str(text)
        assert {name.lower(): found for name, found in text.items()} == expected


@given(plain_texts(), KEYS, ANY_TEXT, st.booleans())
def test_untouched_lines_stay_as_they_were(before: str, key: str, value: str, add: bool) -> None:
    text = VmxText.parse(before)
    if add:
        text.set(key, value)
    else:
        text.remove(key)

    assert _others(str(text), key) == _others(before, key)


def _others(text: str, key: str) -> list[str]:
    """Return the lines, with their ends, that are not the entry of a key."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", text)
    return [line for line in lines if line.partition("=")[0].strip().lower() != key.lower()]


@given(plain_texts(), KEYS, RAW_VALUES)
def test_what_is_added_and_removed_leaves_no_trace(before: str, key: str, value: str) -> None:
    text = VmxText.parse(before)
    text.remove(key)
    without = str(text)
    text.set(key, value)
    text.remove(key)

    assert str(text) == without


@given(vmx_texts())
def test_setting_what_is_there_changes_nothing(drawn: tuple[str, list[tuple[str, str]]]) -> None:
    text = VmxText.parse(drawn[0])
    for key, value in list(text.items()):
        text.set(key.swapcase(), value)

    assert str(text) == drawn[0]


@given(st.dictionaries(KEYS, RAW_VALUES))
def test_a_new_text_says_what_it_was_given(values: dict[str, str]) -> None:
    text = VmxText.of(values)

    assert text.entries() == [(key, escape_unquotable(value)) for key, value in values.items()]
    assert VmxText.parse(str(text)) == text
    assert VmxText.from_bytes(text.to_bytes()) == text
