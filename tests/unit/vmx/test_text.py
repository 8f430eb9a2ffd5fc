# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMX text by example: what is read, what an edit does to the text, and what is said of a text that is none."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable, VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS, MISSING

DATA = pathlib.Path(__file__).with_name("data")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("\n\n  \t\n", []),
        ("# a = '1'", []),
        ('#!/usr/bin/vmware\na = "1"\n', [("a", "1")]),
        ('\ufeffa = "1"', [("a", "1")]),
        ('a="1"', [("a", "1")]),
        ('  a\t= \t"1"  \n', [("a", "1")]),
        ('a = "1"\r\nb = "2"\rc = "3"\n', [("a", "1"), ("b", "2"), ("c", "3")]),
        ('a = "1"; b = "2" ;c="3";', [("a", "1"), ("b", "2"), ("c", "3")]),
        (';;\n; a = "1";;\n;', [("a", "1")]),
        ('a = "1" # b = "2"\n#c = "3"\nd = "4"#', [("a", "1"), ("d", "4")]),
        ('a = "it\'s; #1"', [("a", "it's; #1")]),
        ("a = 'say \"hi\"'", [("a", 'say "hi"')]),
        ('a = """one\ntwo "2"\r\n"""\nb = "3"', [("a", 'one\ntwo "2"\r\n'), ("b", "3")]),
        ('a = """"""', [("a", "")]),
        ("a = ''", [("a", "")]),
        ('a = ""', [("a", "")]),
        ('a = "C:\\dir\\"', [("a", "C:\\dir\\")]),
        ('a = "tab\there \x01"', [("a", "tab\there \x01")]),
        ('a = "1"\n\0\0\0\0', [("a", "1")]),
        ('\0a\0=\0"1"\0\n', [("a", "1")]),
        ('.encoding = "UTF-8"\nscsi0:1.file-Name_2* = "x"', [(".encoding", "UTF-8"), ("scsi0:1.file-Name_2*", "x")]),
        ('a = "ä|22\u2028\x85"', [("a", "ä|22\u2028\x85")]),
    ],
)
def test_every_form_of_the_grammar_is_read(text: str, entries: list[tuple[str, str]]) -> None:
    found = VmxText.parse(text)

    assert found.entries() == entries
    assert str(found) == text


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("= '1'", 1, 1, "found '=' where an entry should begin"),
        ("\n\n  8a = '1'", 3, 3, "found '8a' where an entry should begin"),
        ('ä = "1"', 1, 1, "found 'ä' where an entry should begin"),
        ('a = "1"\n\ufeffb = "2"', 2, 1, "where an entry should begin"),
        ("a", 1, 2, "found the end of the text behind the name a; wanted '='"),
        ("a \n= '1'", 1, 3, "found the end of the line behind the name a; wanted '='"),
        ("a b = '1'", 1, 3, "found 'b' behind the name a; wanted '='"),
        ("aä = '1'", 1, 2, "found 'ä' behind the name a; wanted '='"),
        ("a : '1'", 1, 3, "found ':' behind the name a; wanted '='"),
        ("\ufeffa", 1, 2, "found the end of the text"),
        ("a =", 1, 4, "found the end of the text where the value of a should be; wanted a text in quotation marks"),
        ("a = \r\nb = '1'", 1, 5, "found the end of the line where the value of a should be"),
        ("a = # nothing", 1, 5, "found '#' where the value of a should be"),
        ("a = true", 1, 5, "found 'true' where the value of a should be"),
        ("a = 8", 1, 5, "found the number '8' as the value of a; wanted it in quotation marks"),
        ("a = -1", 1, 5, "found the number '-1'"),
        ("a = +1.5", 1, 5, "found the number '+1.5'"),
        ("a = ['1', '2']", 1, 5, "found a list as the value of a; a VMX has no lists"),
        ('a = "1', 1, 7, 'found the end of the text in the value of a; wanted " to end it'),
        ('x = "0"\na = "1\nb = "2"', 2, 7, 'found the end of the line in the value of a; wanted " to end it'),
        ('a = "1\r\nb = "2"', 1, 7, "found the end of the line in the value of a"),
        ("a = '1\"", 1, 8, "found the end of the text in the value of a; wanted ' to end it"),
        ('a = """1\n2""\n', 1, 5, "three quotation marks; wanted three at its end"),
        ('a = """', 1, 5, "three quotation marks; wanted three at its end"),
        ("a = '1' b = '2'", 1, 9, "found 'b' behind the value of a; wanted a new line"),
        ('a = "1"2"', 1, 8, "found '2' behind the value of a; wanted a new line"),
        ('a = """1\n\n2""" x', 3, 6, "found 'x' behind the value of a; wanted a new line"),
        ('a = """1""""', 1, 12, "found '\"' behind the value of a"),
        ('a = "1\0"', 1, 7, "found a NUL byte in the value of a; a host would end it there"),
        ('a = """1\n\0"""', 2, 1, "found a NUL byte in the value of a"),
        ("a = 'x'\r\n\r\rb", 4, 2, "found the end of the text behind the name b"),
        ("<domain type='vmware'/>", 1, 1, "found '<domain' where an entry should begin"),
        ("{}", 1, 1, "found '{}' where an entry should begin"),
    ],
)
def test_what_is_no_vmx_is_refused_with_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(VmxError) as caught:
        VmxText.parse(text)

    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")
    assert message in str(caught.value)


def test_an_error_names_the_key_but_never_all_of_a_long_one() -> None:
    with pytest.raises(VmxError) as caught:
        VmxText.parse(f"{'a' * 1000} = ?")

    assert caught.value.details["key"] == "a" * 1000
    assert len(str(caught.value)) < 250


def test_keys_are_found_in_any_case_and_the_first_counts() -> None:
    text = VmxText.parse('MemSize = "512"\nmemsize = "1024"\nguestOS = "other"\n')

    assert text["MEMSIZE"] == "512"
    assert text.get("guestos") == "other"
    assert text.get("none") is None
    assert "GUESTOS" in text
    assert list(text) == ["MemSize", "guestOS"]
    assert dict(text) == {"MemSize": "512", "guestOS": "other"}
    assert len(text) == 2
    assert text.entries() == [("MemSize", "512"), ("memsize", "1024"), ("guestOS", "other")]
    with pytest.raises(KeyError):
        _unused = text["none"]


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ('a = "1"\nb = "2"\n', "A", "3", 'a = "3"\nb = "2"\n'),
        ('a="1" # why\r\n', "a", "3", 'a="3" # why\r\n'),
        ("a = '1'; b = '2'", "b", "3", "a = '1'; b = \"3\""),
        ("a = '1'", "a", "1", "a = '1'"),
        ("a = 'say \"hi\"'", "a", 'say "hi"', "a = 'say \"hi\"'"),
        ('a = """1\n2"""', "a", "1\n2", 'a = """1\n2"""'),
        ('a = "1"\na = "2"\n', "a", "3", 'a = "3"\na = "2"\n'),
        ("a = '1'", "a", 'x "y"\n|z\x7f', 'a = "x |22y|22|0a|z|7f"'),
        ("", "a", "1", 'a = "1"\n'),
        ("# mine", "a", "1", '# mine\na = "1"\n'),
        ("# mine\n", "a", "1", '# mine\na = "1"\n'),
        ("\ufeff", "a", "1", '\ufeffa = "1"\n'),
        ('x = "1"', "a", "1", 'x = "1"\na = "1"'),
        ('x = "1"\r\n', "a", "1", 'x = "1"\r\na = "1"\r\n'),
        ('x = "1" # why', "a", "1", 'x = "1" # why\na = "1"'),
        ("x = '1'; # why; \ny = '2'", "x.a", "1", "x = '1'; # why; \ny = '2'\nx.a = \"1\""),
        ("s0.x = '1'; y = '2' # why\nz = '3'", "s0.a", "1", "s0.x = '1'; y = '2' # why\ns0.a = \"1\"\nz = '3'"),
        ("s0.x = '1';\n\n# z\nz = '3'", "s0.a", "1", "s0.x = '1';\ns0.a = \"1\"\n\n# z\nz = '3'"),
        ('s0.x = "1"\ns0.y = "2"\n\nz = "3"\n', "S0.a", "1", 's0.x = "1"\ns0.y = "2"\nS0.a = "1"\n\nz = "3"\n'),
        ('scsi0.x = "1"\nz = "3"\n', "scsi0:1.a", "1", 'scsi0.x = "1"\nscsi0:1.a = "1"\nz = "3"\n'),
        ('scsi0:2.x = "1"\nz = "3"\n', "scsi0:1.a", "1", 'scsi0:2.x = "1"\nscsi0:1.a = "1"\nz = "3"\n'),
        ('e0.x = "1"\nz = "3"\n', "e1.a", "1", 'e0.x = "1"\ne1.a = "1"\nz = "3"\n'),
        ('s.c.x = "1"\ns.m.x = "1"\nz = "3"\n', "s.c.a", "1", 's.c.x = "1"\ns.c.a = "1"\ns.m.x = "1"\nz = "3"\n'),
        ('#!x\n\na = "1"\n', ".encoding", "UTF-8", '#!x\n\n.encoding = "UTF-8"\na = "1"\n'),
        ('a = "1"\0\0', "b", "2", 'a = "1"\0\0\nb = "2"'),
    ],
)
def test_a_value_is_set_in_place_or_beside_its_like(before: str, key: str, value: str, after: str) -> None:
    text = VmxText.parse(before)
    text.set(key, value)

    assert str(text) == after
    assert VmxText.parse(after) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a = "1"\n', ""),
        ('x = "1"\na = "1"\ny = "2"\n', 'x = "1"\ny = "2"\n'),
        ('x = "1"\r\n  A = "1" # why\r\n\r\ny = "2"\r\n', 'x = "1"\r\n\r\ny = "2"\r\n'),
        ('# mine\na = "1"', "# mine\n"),
        ('x = "1"; a = "1"; y = "2"', 'x = "1"; y = "2"'),
        ('a = "1"; y = "2"', 'y = "2"'),
        ('  a = "1"; y = "2"', '  y = "2"'),
        ('x = "1"; a = "1" # why\n', 'x = "1";  # why\n'),
        ('a = "1";\nx = "1"', 'x = "1"'),
        ('x = "1"\na = "1";', 'x = "1"\n'),
        ('x = "1"\na = """1\n2"""\n', 'x = "1"\n'),
        ('a = "1"\nx = "1"\nA = "2"\n', 'x = "1"\n'),
        ('\ufeffa = "1"\nx = "2"', '\ufeffx = "2"'),
        ('x = "1"\n', 'x = "1"\n'),
    ],
)
def test_a_key_is_removed_with_its_line(before: str, after: str) -> None:
    text = VmxText.parse(before)
    found = "a" in text

    assert text.remove("a") is found
    assert str(text) == after
    assert "a" not in text
    assert text.remove("a") is False


@pytest.mark.parametrize("key", ["", "1a", "a b", "a=", 'a"', "ä", "a\n", ":a", "a#", "[a]"])
def test_what_is_no_key_is_not_written(key: str) -> None:
    text = VmxText.parse("")
    with pytest.raises(NotRepresentable, match="is no key of a VMX"):
        text.set(key, "1")

    assert str(text) == ""


def test_a_new_text_is_written_in_the_order_given() -> None:
    text = VmxText.of({".encoding": "UTF-8", "displayName": "a", "annotation": 'one "1"\n'})

    assert str(text) == '.encoding = "UTF-8"\ndisplayName = "a"\nannotation = "one |221|22|0a"\n'
    assert VmxText.of([("a", "1"), ("A", "2")])["a"] == "1"


def test_a_copy_is_edited_on_its_own() -> None:
    text = VmxText.from_bytes(b'.encoding = "windows-1252"\na = "\xe4" # \xe4')
    copy = text.copy()
    copy.set("a", "1")
    copy.remove(".encoding")

    assert text.to_bytes() == b'.encoding = "windows-1252"\na = "\xe4" # \xe4'
    assert str(copy) == 'a = "1" # ä'


def test_an_error_about_a_value_says_where_it_is() -> None:
    text = VmxText.parse('\ufeff# head\r\nx = "1"; y = "2"\r\n  MemSize  = "lots"\r\n')
    text.set("z", "3")
    error = text.error("memsize", "must be a number")

    assert str(error) == "line 3, column 14: MemSize: must be a number"
    assert error.details == {"line": 3, "column": 14, "key": "MemSize"}
    assert text.error("y", "").details["column"] == 14


@pytest.mark.skipif(not CORPUS.is_dir(), reason=MISSING)
def test_files_of_the_corpus_come_back_byte_for_byte() -> None:
    files = {path.name: path.read_bytes() for path in CORPUS.rglob("*.vmx")}
    again = {name: VmxText.from_bytes(data).to_bytes() for name, data in files.items()}

    assert len(files) >= 117
    assert again == files
    assert {name: str(VmxText.parse(data.decode())).encode() for name, data in files.items()} == files
    assert all(len(VmxText.from_bytes(data)) > 2 for data in files.values())
