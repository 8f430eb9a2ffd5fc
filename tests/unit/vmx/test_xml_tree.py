# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML as a tree: what was written is read again, and what means harm is refused soon."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import DomainXmlError
from ansible_collections.virt.esx.plugins.module_utils._vmx.xml_tree import (
    MAX_DEPTH,
    MAX_NODES,
    Element,
    decoded,
    is_sayable,
    parse_tree,
    render,
    sayable,
)
from hypothesis import given
from hypothesis import strategies as st

TEN_MB = 10_000_000
SAYABLE = st.text().map(sayable)


@given(text=SAYABLE, value=SAYABLE)
def test_what_is_written_is_read_again(text: str, value: str) -> None:
    root = parse_tree(render(Element("a", {"b": value}, text=text)))

    assert (root.tag, dict(root.attributes), root.text) == ("a", {"b": value}, text)


@given(xml=st.one_of(st.text(), st.binary()))
def test_whatever_is_read_ends_in_a_tree_or_in_our_error(xml: str | bytes) -> None:
    try:
        root = parse_tree(xml)
    except DomainXmlError:
        return

    assert root.tag


@pytest.mark.parametrize(
    ("xml", "path"),
    [
        ("", "/"),
        ("<domain>", "/domain"),
        ("<domain><devices></domain>", "/domain/devices"),
        ("<domain><disk/><disk></domain>", "/domain/disk[2]"),
        ("<domain/><domain/>", "/"),
        ("<domain>&unknown;</domain>", "/domain"),
        ("<domain>\x01</domain>", "/domain"),
        ("<domain>\ud800</domain>", "/"),
        ("<a:domain/>", "/"),
        ("<!DOCTYPE domain><domain/>", "/"),
        ('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "/"),
        ("<!DOCTYPE d [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;'>]><d>&c;</d>", "/"),
        ("<!DOCTYPE d SYSTEM 'http://127.0.0.1/d.dtd'><d/>", "/"),
        (b"<domain>\xff</domain>", "/"),
        (b"<?xml version='1.0' encoding='unicode_escape'?><domain/>", "/"),
        (b"<?xml version='1.0' encoding='idna'?><domain/>", "/"),
        (b"\xff\xfe<", "/"),
    ],
)
def test_bad_xml_is_an_error_that_says_where(xml: str | bytes, path: str) -> None:
    with pytest.raises(DomainXmlError) as caught:
        parse_tree(xml)

    assert caught.value.details["path"] == path


def test_a_syntax_error_has_line_and_column() -> None:
    with pytest.raises(DomainXmlError, match="line 2, column 4") as caught:
        parse_tree("<a>\n  <</a>")

    assert (caught.value.details["line"], caught.value.details["column"]) == (2, 4)


@pytest.mark.parametrize(
    "xml",
    [
        "\ufeff<d>ä€</d>",
        "<d>ä€</d>".encode(),
        "<d>ä€</d>".encode("utf-8-sig"),
        "<d>ä€</d>".encode("utf-16"),
        "<?xml version='1.0' encoding='windows-1252'?><d>ä€</d>".encode("cp1252"),
        '<?xml version="1.0" encoding="UTF-8"?>\n<d>ä€</d>'.encode(),
        "<?xml version='1.0' encoding='UTF-16'?><d>ä€</d>",
    ],
)
def test_encodings_are_understood(xml: str | bytes) -> None:
    assert parse_tree(xml).text == "ä€"


def test_text_knows_its_encoding_better_than_what_it_declares() -> None:
    assert decoded(b"<?xml version='1.0' encoding='ISO-8859-1'?><d>\xe4</d>").endswith("<d>ä</d>")


@pytest.mark.parametrize(
    "xml",
    [
        "<d>" + "<a/>" * (TEN_MB // 4) + "</d>",
        "<a>" * (TEN_MB // 3),
        "<d " + " ".join(f"a{number}=''" for number in range(TEN_MB // 12)) + "/>",
        "<d>" + ("<a " + " ".join(f"a{number}=''" for number in range(20_000)) + "/>") * 40 + "</d>",
        "<d><!--" + "x" * TEN_MB + "--></d>",
        "<d>" + "<!--x-->" * (TEN_MB // 8) + "</d",
        "<d a='" + "x" * TEN_MB,
        "<d>" + "&amp;" * (TEN_MB // 5) + "</d",
        "<d>" + "\r\n" * (TEN_MB // 2) + "</d",
        "<d>" + "<![CDATA[x]]>" * (TEN_MB // 13) + "</d",
        "<d>" + "<?x y?>" * (TEN_MB // 7) + "</d",
        " " * TEN_MB,
        "<" * TEN_MB,
    ],
    ids=lambda xml: xml[:12],
)
def test_ten_megabytes_of_malice_end_soon_and_small(xml: str) -> None:
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(DomainXmlError):
        parse_tree(xml)
    took = time.process_time() - began
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # Tracing makes Python several times slower.
    assert took < 10
    assert most < 200 * 1024 * 1024


def test_the_bounds_are_named() -> None:
    with pytest.raises(DomainXmlError, match=str(MAX_DEPTH)):
        parse_tree("<a>" * (MAX_DEPTH + 1))
    with pytest.raises(DomainXmlError, match=str(MAX_NODES)):
        parse_tree("<a>" + "<b/>" * MAX_NODES + "</a>")


def test_a_path_counts_only_where_there_are_several() -> None:
    root = parse_tree("<d><x/><y><z/><z><w/></z></y></d>")
    found = root.find("y", "z")

    assert found is not None
    assert found.path == "/d/y/z[1]"
    assert root.children[0].path == "/d/x"


def test_what_xml_cannot_hold_is_taken_out() -> None:
    assert sayable("a\x00b\ud800c\ufffe\n") == "abc\n"
    assert not is_sayable("\x0b")
    assert is_sayable("\t\r\n\U0001f600")
