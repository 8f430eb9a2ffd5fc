# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Escaping: there and back is the same, and what is written can stand where it belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import escapes
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS, MISSING
from ansible_collections.virt.esx.tests.unit.vmx.strategies import ANY_TEXT
from hypothesis import example, given
from hypothesis import strategies as st

READERS = [escapes.unescape_pipe, escapes.unescape_percent, escapes.unescape_name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain äöü 標準語", "plain äöü 標準語"),
        ('say "hi"', "say |22hi|22"),
        ("a|b", "a|7cb"),
        ("one\ntwo\r\n\tthree", "one|0atwo|0d|0a|09three"),
        ("\0\x1f\x7f", "|00|1f|7f"),
        ("100% a/b\\c", "100% a/b\\c"),
    ],
)
def test_annotations(text: str, expected: str) -> None:
    assert escapes.escape_pipe(text) == expected
    assert escapes.unescape_pipe(expected) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web01", "web01"),
        ('a "b"', "a |22b|22"),
        ("a/b\\c", "a%2fb%5cc"),
        ("100%", "100%25"),
        ("100%|", "100%25|7c"),
        ("|22", "|7c22"),
        ("%22", "%2522"),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert escapes.escape_name(text) == expected
    assert escapes.unescape_name(expected) == text


@pytest.mark.parametrize(
    ("text", "expected"), [("a/b", "a%2fb"), ("a\\b", "a%5cb"), ("100%", "100%25"), ('"|"', '"|"'), ("a\nb", "a\nb")]
)
def test_names_of_the_api(text: str, expected: str) -> None:
    assert escapes.escape_percent(text) == expected
    assert escapes.unescape_percent(expected) == text


def test_both_cases_and_all_bytes_are_read() -> None:
    assert escapes.unescape_pipe("|7C|7c|45|73|c3|A4|e6|a8|99") == "||Esä標"
    assert escapes.unescape_percent("%2F%2f%C3%a4") == "//ä"


@pytest.mark.parametrize("unescape", READERS)
def test_half_an_escape_is_refused_with_its_place(unescape: Callable[[str], str]) -> None:
    sign = "%" if unescape is escapes.unescape_percent else "|"
    for broken in ("", "2", "g0", "2g", " 22", "+1", "0x", "²²"):
        with pytest.raises(ValueError, match="at character 3 must be followed by two hex digits"):
            unescape(f"ab{sign}{broken}")


@pytest.mark.parametrize("broken", ["|ff", "|c3", "|c3x|a4", "|ed|a0|80", "|c0|80"])
def test_bytes_that_are_no_utf8_are_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="at character 1 are no UTF-8"):
        escapes.unescape_pipe(broken)


@given(ANY_TEXT)
@example("|%22/\\")
def test_there_and_back_is_the_same(text: str) -> None:
    assert escapes.unescape_pipe(escapes.escape_pipe(text)) == text
    assert escapes.unescape_percent(escapes.escape_percent(text)) == text
    assert escapes.unescape_name(escapes.escape_name(text)) == text


@given(ANY_TEXT)
def test_what_is_escaped_fits_between_quotation_marks(text: str) -> None:
    for escaped in (escapes.escape_pipe(text), escapes.escape_name(text), escapes.escape_unquotable(text)):
        assert re.search(r'["\x00-\x1f\x7f]', escaped) is None


@given(ANY_TEXT)
def test_what_can_be_quoted_stays_as_it_is(text: str) -> None:
    once = escapes.escape_unquotable(text)

    assert escapes.escape_unquotable(once) == once
    assert (once == text) == (re.search(r'["\x00-\x1f\x7f]', text) is None)


@given(st.text('|%0aAfF2 "x', max_size=12) | st.text(max_size=12), st.sampled_from(READERS))
def test_any_text_is_read_or_a_value_error(text: str, unescape: Callable[[str], str]) -> None:
    said = ""
    try:
        unescape(text)
    except ValueError as error:
        said = str(error)
    assert not said or re.search(r"at character \d+", said)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ""),
        ("web01", "web01"),
        ("a b-c_d.e,f(g)'h", "a b-c_d.e,f(g)'h"),
        ("~a", "+fg-a"),
        ("~", "+fg"),
        ("a/b\\c", "a+JQ-2fb+JQ-5cc"),
        ("50%", "50+JQ-25"),
        ('?*"<>:|', "_______"),
        ("ä~ö", "+w6R+w7Y"),
        ("\n", "+Cg"),
    ],
)
def test_items_of_a_datastore(name: str, expected: str) -> None:
    assert escapes.escape_datastore_item(name) == expected


@given(ANY_TEXT)
def test_an_item_of_a_datastore_is_plain(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9'(),. _+-]*", escapes.escape_datastore_item(name))


@pytest.mark.parametrize("escape", [escapes.escape_datastore_item, escapes.escape_url])
def test_half_a_character_has_no_bytes(escape: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        escape("a\ud800")


@given(ANY_TEXT)
def test_a_part_of_a_url_is_plain(text: str) -> None:
    once, twice = escapes.escape_url(text), escapes.escape_url(text, twice=True)

    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*", once)
    assert unquote(once) == text
    assert unquote(unquote(twice)) == text


@pytest.mark.skipif(not CORPUS.exists(), reason=MISSING)
def test_items_of_the_corpus() -> None:
    vectors = json.loads((CORPUS / "escapes.json").read_text("utf-8"))["datastore_items"]
    found = {one["name"]: escapes.escape_datastore_item(one["name"]) for one in vectors}

    assert len(vectors) >= 13
    assert found == {one["name"]: one["escaped"] for one in vectors}
