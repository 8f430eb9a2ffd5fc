# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
XML as a small tree, read from text that nobody vouches for.

Laws: no document type, so no entity is ever expanded and nothing is ever fetched; depth, the size of one tag and the
number of elements are bounded, so time and memory are too; whatever cannot be read is a DomainXmlError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Union
from xml.parsers import expat

from .._errors import DomainXmlError

MAX_DEPTH = 100
MAX_NODES = 100_000  # elements and attributes; the largest domain has a few thousand
MAX_TOKEN = 256 * 1024  # bytes of one tag or comment
_CHUNK = 64 * 1024
_BETWEEN = " "  # between the namespace and the name of a tag, as the parser reports them
_DECLARED = re.compile(rb"<\?xml[^>]{1,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = {
    ord(letter): entity
    for letter, entity in {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "'": "&apos;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }.items()
}

Text = Union[str, bytes]


class Element:
    """One element; its tag is ``name``, or ``namespace name`` where it has a namespace."""

    __slots__ = ("attributes", "children", "parent", "tag", "text")

    def __init__(
        self, tag: str, attributes: Mapping[str, str] = MappingProxyType({}), *children: Element, text: str = ""
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children = list(children)
        self.text = text
        self.parent: Element | None = None

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children of one tag."""
        return (child for child in self.children if child.tag == tag)

    def find(self, *tags: str) -> Element | None:
        """Return the first child of the first tag, of it the first child of the second tag, and so on; or None."""
        found: Element | None = self
        for tag in tags:
            found = next(found.all(tag), None) if found is not None else None
        return found

    @property
    def path(self) -> str:
        """The way to this element: ``/domain/devices/disk[2]``; a number where several children bear the tag."""
        steps = []
        element: Element | None = self
        while element is not None:
            name = element.tag.rpartition(_BETWEEN)[2]
            twins = [element] if element.parent is None else list(element.parent.all(element.tag))
            place = next(number for number, twin in enumerate(twins, 1) if twin is element)
            steps.append(f"{name}[{place}]" if len(twins) > 1 else name)
            element = element.parent
        return "/" + "/".join(reversed(steps))


def parse_tree(xml: Text) -> Element:
    """
    Read XML.

    Raises:
        DomainXmlError: it is no well-formed XML, has a document type, or is beyond the bounds.
    """
    text = decoded(xml) if isinstance(xml, bytes) else xml.removeprefix("\ufeff")
    builder = _Builder()
    try:
        for start in range(0, len(text), _CHUNK):
            builder.feed(text[start : start + _CHUNK].encode())
        builder.close()
    except expat.ExpatError as error:
        where = {"line": error.lineno, "column": error.offset + 1}
        reason = expat.errors.messages.get(error.code, "cannot be read")
        raise DomainXmlError(
            f"this is no XML: {reason} in line {where['line']}, column {where['column']}",
            path=builder.path,
            **where,
        ) from error
    except UnicodeEncodeError as error:
        raise DomainXmlError("this is no XML: half a character in it", path=builder.path) from error
    return builder.root


def decoded(xml: bytes) -> str:
    """
    Return the text of XML that comes as bytes: by its mark, by what it declares, or as UTF-8.

    Raises:
        DomainXmlError: the encoding is not one of those that are read, or the bytes are not of that encoding.
    """
    name = next((name for mark, name in _MARKS if xml.startswith(mark)), None)
    if name is None:
        found = _DECLARED.match(xml)
        declared = found.group(1).decode().lower() if found else "utf-8"
        name = _ENCODINGS.get(declared)
        if name is None:
            wanted = ", ".join(_ENCODINGS)
            raise DomainXmlError(f"the XML declares encoding {declared}; read are {wanted} and utf-16", path="/")
    try:
        return xml.decode(name)
    except UnicodeDecodeError as error:
        raise DomainXmlError(f"the XML is not {name}: byte {error.start} does not fit", path="/") from error


class _Builder:
    """Grows the tree from the parser's events, and watches the bounds."""

    def __init__(self) -> None:
        self.root = Element("")
        self._stack: list[Element] = []
        self._texts: list[list[str]] = []
        self._nodes = 0
        self._waiting = 0
        self._parser = parser = expat.ParserCreate("utf-8", _BETWEEN)
        parser.buffer_text = True
        parser.buffer_size = _CHUNK
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = self._pass
        parser.ProcessingInstructionHandler = self._pass

    @property
    def path(self) -> str:
        return self._stack[-1].path if self._stack else "/"

    def feed(self, chunk: bytes) -> None:
        self._waiting += len(chunk)
        self._parser.Parse(chunk, False)
        if self._waiting > MAX_TOKEN:
            raise DomainXmlError(f"one tag is longer than {MAX_TOKEN} bytes", path=self.path)

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._waiting = 0
        self._nodes += 1 + len(attributes)
        if self._nodes > MAX_NODES:
            raise DomainXmlError(f"there are more than {MAX_NODES} elements and attributes", path=self.path)
        if len(self._stack) >= MAX_DEPTH:
            raise DomainXmlError(f"elements are nested deeper than {MAX_DEPTH}", path=self.path)
        element = Element(tag, attributes)
        if self._stack:
            element.parent = self._stack[-1]
            self._stack[-1].children.append(element)
        else:
            self.root = element
        self._stack.append(element)
        self._texts.append([])

    def _end(self, _tag: str) -> None:
        self._waiting = 0
        self._stack.pop().text = "".join(self._texts.pop())

    def _data(self, text: str) -> None:
        self._waiting = 0
        self._texts[-1].append(text)

    def _pass(self, *_parts: str) -> None:
        self._waiting = 0

    def _doctype(self, *_parts: object) -> None:
        raise DomainXmlError("the XML has a document type (DOCTYPE); none is read", path="/")


def sayable(text: str) -> str:
    """Return a text without the characters that XML cannot hold, as libvirt writes it."""
    return _NOT_XML.sub("", text)


def is_sayable(text: str) -> bool:
    """Whether XML can hold every character of a text."""
    return _NOT_XML.search(text) is None


def render(element: Element, depth: int = 0) -> str:
    """Write an element as libvirt does: two blanks a level, attributes in single quotes, a line feed at the end."""
    indent = "  " * depth
    attributes = "".join(f" {name}='{value.translate(_IN_ATTRIBUTE)}'" for name, value in element.attributes.items())
    start = f"{indent}<{element.tag}{attributes}"
    if element.children:
        inner = "".join(render(child, depth + 1) for child in element.children)
        return f"{start}>\n{inner}{indent}</{element.tag}>\n"
    if element.text:
        return f"{start}>{element.text.translate(_IN_TEXT)}</{element.tag}>\n"
    return f"{start}/>\n"
