# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMX files as bytes: every encoding that a file may name, and back to the very bytes."""

from __future__ import annotations

import codecs

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable, VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx.charsets import KNOWN, python_codecs
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.strategies import CHARACTERS
from hypothesis import given, settings
from hypothesis import strategies as st


def file(encoding: str, value: bytes) -> bytes:
    """Return a VMX file in an encoding, with one value in it."""
    return f'.encoding = "{encoding}"\r\nconfig.version = "8"\r\n'.encode() + b'a = "' + value + b'"\r\n'


@pytest.mark.parametrize(
    ("encoding", "value", "expected"),
    [
        ("UTF-8", b"\xc3\xa4 \xf0\x9f\x98\x80", "ä 😀"),
        ("utf-8", b"\xc3\xa4", "ä"),
        ("utf8", b"\xc3\xa4", "ä"),
        ("windows-1252", b"\x80 \xe4\xf6\xfc\xdf", "€ äöüß"),
        ("Windows-1252", b"h\xc0\xc1\xc2\xc3\xc4\xc5H", "hÀÁÂÃÄÅH"),
        ("windows-1252", b"plain", "plain"),
        ("CP1252", b"\x80", "€"),
        ("ibm-5348_P100-1997", b"\x80", "€"),
        ("windows-1251", b"\xcf\xf0\xe8", "При"),
        ("ISO-8859-1", b"\xe4", "ä"),
        ("latin1", b"\xe4", "ä"),
        ("ISO-8859-15", b"\xa4", "€"),
        ("GBK", b"\xb0\xa1\x81\x5c", "啊乗"),
        ("GBK", b"\x81\x7c", "亅"),
        ("GB18030", b"\x81\x30\x81\x30", "\x80"),
        ("windows-936-2000", b"\xb0\xa1", "啊"),
        ("GB2312", b"\xb0\xa1", "啊"),
        ("Big5", b"\xa4\xa4", "中"),
        ("Shift_JIS", b"\x93\xfa\x95\x5c \x83\x7c", "日表 ポ"),
        ("Shift_JIS", b"\x87\x40", "①"),
        ("windows-31j", b"\x87\x40", "①"),
        ("ibm-943_P15A-2003", b"\x93\xfa", "日"),
        ("x-sjis", b"\x93\xfa", "日"),
        ("EUC-JP", b"\xc6\xfc", "日"),
        ("EUC-KR", b"\xc7\xd1", "한"),
        ("x-windows-949", b"\x81\x41", "갂"),
        ("windows-874", b"\xa1", "ก"),
        ("KOI8-R", b"\xc1", "а"),
        ("macintosh", b"\x8a", "ä"),
        ("US-ASCII", b"a", "a"),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_names(encoding: str, value: bytes, expected: str) -> None:
    data = file(encoding, value)
    text = VmxText.from_bytes(data)

    assert text["a"] == expected
    assert text.encoding == encoding
    assert text.to_bytes() == data


def test_without_a_name_it_is_utf8() -> None:
    data = 'a = "ä€"\n'.encode()

    assert VmxText.from_bytes(data)["a"] == "ä€"
    assert VmxText.from_bytes(data).encoding == "UTF-8"
    assert VmxText.from_bytes(data).to_bytes() == data
    assert VmxText.from_bytes(b"").to_bytes() == b""


def test_a_byte_order_mark_and_nul_bytes_stay() -> None:
    data = b'\xef\xbb\xbf#!/usr/bin/vmware\r\na = "\xc3\xa4"\0\0\r\n\0\0\0'
    text = VmxText.from_bytes(data)

    assert text["a"] == "ä"
    assert text.to_bytes() == data


def test_the_first_name_counts_wherever_it_stands() -> None:
    data = b'# .encoding = "GBK"\nx = """\n.encoding = "GBK"\n"""; .Encoding="windows-1252" # \xe4\na = "\xe4"'
    text = VmxText.from_bytes(data + b'\n.encoding = "UTF-8"')

    assert text["a"] == "ä"


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b'a = "1"\r\nb = "\xc3\xa4\xe4"', 2, 7, "byte 0xe4 is not UTF-8, the encoding of the file"),
        (b'.encoding = "UTF-8"\na = "\xff"', 2, 6, "byte 0xff is not UTF-8"),
        (b'.encoding = "windows-1252"\na = "\xe4\x81"', 2, 7, "byte 0x81 is not windows-1252"),
        (b'.encoding = "GBK"\na = "\xb0\xa1\xff"', 2, 7, "byte 0xff is not GBK"),
        (b'.encoding = "US-ASCII"\na = "\xe4"', 2, 6, "byte 0xe4 is not US-ASCII"),
        (b'.encoding = "Klingon"\n', 1, 13, "the encoding 'Klingon' is unknown"),
        (b'x = "1"\n.encoding = ""\n', 2, 13, "the encoding '' is unknown"),
        (b'.encoding = "Klingon"\na = "\xe4"', 1, 13, "the encoding 'Klingon' is unknown"),
        (b'a = "\xe4', 1, 7, "found the end of the text in the value of a"),
        ('a = "1"'.encode("utf-16"), 1, 1, "the file is UTF-16"),
        ('a = "1"'.encode("utf-16-be"), 1, 11, "found a NUL byte in the value of a"),
        (b"\x1f\x8b\x08\x00", 1, 1, "where an entry should begin"),
    ],
)
def test_bytes_that_are_no_vmx_are_refused_with_their_place(data: bytes, line: int, column: int, message: str) -> None:
    with pytest.raises(VmxError) as caught:
        VmxText.from_bytes(data)

    assert message in str(caught.value)
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)


@pytest.mark.parametrize(
    "name",
    [
        *("rot13", "rot_13", "zlib", "base64", "hex", "bz2", "quopri", "uu", "undefined", "idna", "punycode"),
        *("unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "UTF-16LE", "utf-32", "utf-8-sig", "hz", "mbcs"),
        *("iso2022_jp", "cp037", "EBCDIC", "cp500", "cp1026", "charmap", "oem", "shift_jis_2004", "johab"),
        *("", " ", "../utf_8", "os", "a" * 41, "utf-8\0", "ütf-8", "cp99999", "windows-", "x-windows-0"),
    ],
)
def test_what_is_no_encoding_of_a_vmx_is_unknown(name: str) -> None:
    assert python_codecs(name) == ()


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_known_encoding_keeps_ascii_and_its_structure(name: str) -> None:
    plain = bytes(range(128))
    swallowed = [
        (lead, sign)
        for lead in range(128, 256)
        for sign in "\n\r\"'=;#"
        if not _decoded(bytes((lead, ord(sign))) + b"a", name).endswith(f"{sign}a")
    ]

    assert codecs.lookup(name).name == name
    assert python_codecs(name)[0] == name
    assert plain.decode(name) == plain.decode("ascii")
    assert swallowed == []


def _decoded(data: bytes, name: str) -> str:
    """Decode what an encoding allows; a byte that it does not allow is left out."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return data[1:].decode("ascii")


@pytest.mark.parametrize("name", sorted(KNOWN))
@given(text=st.text(CHARACTERS, max_size=10))
@settings(max_examples=20)
def test_what_an_encoding_has_comes_back(name: str, text: str) -> None:
    value = text.encode(name, "ignore").decode(name, "ignore").translate({ord(char): None for char in '"\r\n\0'})
    written = VmxText.of({".encoding": name, "a": value})
    data = written.to_bytes()
    again = VmxText.from_bytes(data)

    assert again == written
    assert again.to_bytes() == data


def test_two_codes_for_one_character_stay_what_they_were() -> None:
    data = file("windows-31j", b"\xfa\x54 \x81\xca \xee\xf9") + b'b = "\xfa\x54"\r\nc = "\x81\xca"\r\n# \xfa\x54\r\n'
    text = VmxText.from_bytes(data)
    assert text["b"] == text["c"]
    assert text.to_bytes() == data

    text.set("c", "日")
    text.set("d", "1")

    assert text.to_bytes() == data.replace(b'"\x81\xca"\r\n', b'"\x93\xfa"\r\nd = "1"\r\n')


def test_an_edit_is_written_in_the_encoding_of_the_file() -> None:
    text = VmxText.from_bytes(file("windows-1252", b"\xe4"))
    text.set("b", "€")

    assert text.to_bytes() == file("windows-1252", b"\xe4") + b'b = "\x80"\r\n'


def test_a_character_that_the_encoding_lacks_is_not_representable() -> None:
    text = VmxText.from_bytes(file("windows-1252", b"\xe4"))
    text.set("displayName", "標準語")
    with pytest.raises(NotRepresentable, match="displayName holds '標', which windows-1252 lacks") as caught:
        text.to_bytes()
    assert caught.value.details["field"] == "displayName"

    text.set(".encoding", "UTF-8")

    assert (
        text.to_bytes()
        == '.encoding = "UTF-8"\r\nconfig.version = "8"\r\na = "ä"\r\ndisplayName = "標準語"\r\n'.encode()
    )


def test_a_text_that_was_never_bytes_uses_what_the_encoding_has_beyond_its_paper() -> None:
    assert VmxText.parse('.encoding = "Shift_JIS"\na = "①"').to_bytes().endswith(b'"\x87\x40"')
    assert VmxText.parse('.encoding = "Shift_JIS"\na = "日"').to_bytes().endswith(b'"\x93\xfa"')
    with pytest.raises(NotRepresentable, match="a comment holds '😀', which Shift_JIS lacks"):
        VmxText.parse('# 😀\n.encoding = "Shift_JIS"').to_bytes()
    with pytest.raises(NotRepresentable, match="a holds"):
        VmxText.parse('a = "\ud800"').to_bytes()
    with pytest.raises(VmxError, match=r"line 1, column 13: \.encoding: the encoding 'Klingon' is unknown"):
        VmxText.parse('.encoding = "Klingon"').to_bytes()
