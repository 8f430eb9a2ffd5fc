# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
VMX text: read, looked up, edited in place and written, without knowing what a virtual machine is.

Laws:

* ``str(VmxText.parse(t)) == t``, and ``VmxText.from_bytes(b).to_bytes() == b``.
* Whatever is not edited comes back as it was: line ends, comments, blanks, ``;``, quotation marks, spelling of keys.
* Keys are found in any case; of several entries with one key the first counts.
* Values are what stands between the quotation marks. What their escapes mean is for ``escapes`` and its callers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .._errors import NotRepresentable, VmxError
from . import charsets, tokens
from .escapes import escape_unquotable
from .tokens import Entry

ENCODING_KEY = ".encoding"
DEFAULT_ENCODING = "UTF-8"

# What is behind an entry: up to the end of its line, or up to the next entry on the same line.
_REST_OF_LINE = re.compile(r"[ \t\0;]*(?:#[^\r\n]*)?(\r\n|[\r\n])?")
_LINE_END = re.compile(r"\r\n|[\r\n]")
_BLANKS = " \t\0"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# So many of the first parts of a key say where it belongs.
_PARTS = 4


class VmxText(Mapping[str, str]):
    """
    The text of a VMX: a mapping of keys, as first spelled, to raw values.

    ``text["memsize"]``, ``text.get("NUMVCPUS", "1")``, ``"ethernet0.present" in text`` and so on; ``len()`` and
    iteration see each key once. Looking up a key takes the same time in a text of any length.
    """

    def __init__(self, head: str = "", entries: Iterable[Entry] = (), encoder: charsets.Encoder | None = None) -> None:
        self._head = head
        self._entries = list(entries)
        self._first: dict[str, Entry] = {}
        for entry in self._entries:
            self._first.setdefault(entry.key.lower(), entry)
        self._last_of: dict[str, Entry] | None = None  # built when the first entry is added
        self._encoder = encoder

    @classmethod
    def parse(cls, text: str) -> VmxText:
        """
        Read the text of a VMX.

        Raises:
            VmxError: it is none; ``line`` and ``column`` say where.
        """
        return cls(*tokens.read(text))

    @classmethod
    def from_bytes(cls, data: bytes) -> VmxText:
        """
        Read a VMX file in the encoding that it names (``.encoding``), or else in UTF-8.

        Raises:
            VmxError: it is none, its encoding is unknown, or its bytes are not in its encoding.
        """
        if data.startswith(_UTF16_MARKS):
            raise VmxError("line 1, column 1: the file is UTF-16, which no host reads", line=1, column=1)
        try:
            found, is_utf8 = cls.parse(data.decode()), True
        except UnicodeDecodeError:
            # The structure is ASCII in every encoding that is known, so that the name can be read before the rest.
            found, is_utf8 = cls.parse(data.removeprefix(_UTF8_MARK).decode("latin-1")), False
        codecs = found.codecs()
        if is_utf8 and (codecs[0] == "utf-8" or data.isascii()):
            return found
        text, encoder = _decoded(data, codecs, found.encoding)
        return cls(*tokens.read(text), encoder)

    @classmethod
    def of(cls, values: Mapping[str, str] | Iterable[tuple[str, str]]) -> VmxText:
        """
        Write a new text with these entries, in this order.

        Raises:
            NotRepresentable: a key cannot stand in a VMX.
        """
        pairs = values.items() if isinstance(values, Mapping) else values
        return cls("", (_new_entry(key, value, "\n") for key, value in pairs))

    def copy(self) -> VmxText:
        """Return the same text, to be edited on its own."""
        entries = (Entry(one.key, one.assign, one.value, one.after, one.quote) for one in self._entries)
        return VmxText(self._head, entries, self._encoder)

    def __str__(self) -> str:
        return self._head + "".join(map(str, self._entries))

    def to_bytes(self) -> bytes:
        """
        Return the file in the encoding that it names, or else in UTF-8.

        Raises:
            VmxError: the encoding is unknown.
            NotRepresentable: the encoding lacks a character; ``field`` is the key of its entry.
        """
        codecs, text, lacking = self.codecs(), str(self), ""
        if self._encoder is not None and self._encoder.codec in codecs:
            encoders = [self._encoder]
        else:
            encoders = [charsets.Encoder(codec) for codec in codecs]
        for encoder in encoders:
            try:
                return encoder.encode(text)
            except UnicodeEncodeError as error:
                lacking = lacking or error.object[error.start]
        where = next((one.key for one in self._entries if lacking in str(one)), None)
        raise NotRepresentable(
            f'{where or "a comment"} holds {lacking!r}, which {self.encoding} lacks; {ENCODING_KEY} = "UTF-8" has it',
            field=where,
        )

    @property
    def encoding(self) -> str:
        """The encoding of the file, as it calls it."""
        return self.get(ENCODING_KEY, DEFAULT_ENCODING)

    def codecs(self) -> tuple[str, ...]:
        """
        Return Python's names of the encoding, to be tried in this order.

        Raises:
            VmxError: the encoding is unknown.
        """
        known = charsets.python_codecs(self.encoding)
        if not known:
            raise self.error(ENCODING_KEY, f"the encoding {self.encoding[:40]!r} is unknown; wanted one like UTF-8")
        return known

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()].value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first

    def __iter__(self) -> Iterator[str]:
        return (entry.key for entry in self._first.values())

    def __len__(self) -> int:
        return len(self._first)

    def entries(self) -> list[tuple[str, str]]:
        """Return every entry with its key and raw value, in the order of the text, those that do not count too."""
        return [(entry.key, entry.value) for entry in self._entries]

    def error(self, key: str, message: str) -> VmxError:
        """Return the error that a value is not what its key wants; the position is where the value begins."""
        entry = self._first[key.lower()]
        before = self._entries[: self._entries.index(entry)]
        position = len(self._head) + sum(len(str(one)) for one in before) + len(entry.key + entry.assign)
        line, column = tokens.line_and_column(str(self), position)
        return VmxError(
            f"line {line}, column {column}: {entry.key}: {message}", line=line, column=column, key=entry.key
        )

    def set(self, key: str, value: str) -> None:
        """
        Give a key a value, in place; a key that is not there is added beside its like, else at the end.

        What cannot stand between double quotes is escaped with a pipe (``|22``, ``|0a``). A value that is there
        already stays as it is written.

        Raises:
            NotRepresentable: the key cannot stand in a VMX.
        """
        entry = self._first.get(key.lower())
        if entry is None:
            self._add(_new_entry(key, value, ""))
        elif entry.value != value:
            entry.value, entry.quote = escape_unquotable(value), '"'

    def remove(self, key: str) -> bool:
        """Take a key away with its line, if nothing else stands there; the result is whether it was there."""
        if self._first.pop(key.lower(), None) is None:
            return False
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].key.lower() == key.lower():
                self._drop(index)
        self._last_of = None
        return True

    def _add(self, entry: Entry) -> None:
        """Put a new entry behind the last one of its device or group, ``.encoding`` before all others."""
        key, line_end = entry.key.lower(), self._line_end()
        if self._last_of is None:
            self._last_of = {prefix: one for one in self._entries for prefix in _prefixes(one.key)}
        last = self._entries[-1] if self._entries else None
        beside = next((self._last_of[prefix] for prefix in _prefixes(key) if prefix in self._last_of), last)
        if beside is None or key == ENCODING_KEY:
            if "#" in self._head[_line_start(self._head) :]:
                self._head += line_end
            entry.after = line_end
            self._entries.insert(0, entry)
        else:
            self._add_behind(self._entries.index(beside), entry, line_end)
        self._first[key] = entry
        self._last_of.update(dict.fromkeys(_prefixes(key), entry))

    def _add_behind(self, index: int, entry: Entry, line_end: str) -> None:
        """Put an entry on a line of its own, behind the line that another one stands on."""
        while True:
            here = self._entries[index]
            rest = _REST_OF_LINE.match(here.after)
            index += 1
            if rest is None or rest.group(1) or index == len(self._entries):
                break
        end = 0 if rest is None else rest.end()
        if rest is not None and rest.group(1):
            here.after, entry.after = here.after[:end], line_end + here.after[end:]
        else:
            here.after += line_end
        self._entries.insert(index, entry)

    def _drop(self, index: int) -> None:
        """Take an entry out of the text, and its line with it when it was alone there."""
        entry = self._entries.pop(index)
        before = self._entries[index - 1].after if index else self._head
        start = _line_start(before)
        alone = (index == 0 or start > 0) and not before[start:].strip(_BLANKS + "\ufeff")
        rest = _REST_OF_LINE.match(entry.after)
        end = 0 if rest is None else rest.end()
        last = index == len(self._entries) and end == len(entry.after)
        if alone and (last or (rest is not None and rest.group(1))):
            joined = before.rstrip(_BLANKS) + entry.after[end:]
        else:
            # The separator behind the entry goes, the one before it stays.
            behind = entry.after.lstrip(_BLANKS)
            joined = before + (behind[1:].lstrip(_BLANKS) if behind.startswith(";") else entry.after)
        if index:
            self._entries[index - 1].after = joined
        else:
            self._head = joined

    def _line_end(self) -> str:
        """Return how lines end here, by the first that does."""
        pieces = (self._head, *(entry.after for entry in self._entries))
        found = next(filter(None, map(_LINE_END.search, pieces)), None)
        return found.group() if found else "\n"


def _new_entry(key: str, value: str, after: str) -> Entry:
    if tokens.NAME.fullmatch(key) is None:
        raise NotRepresentable(
            f"{key[:60]!r} is no key of a VMX; wanted a letter or '.' first, then letters, digits and any of _:.*-",
            field=key[:60],
        )
    return Entry(key, " = ", escape_unquotable(value), after)


def _prefixes(key: str) -> Iterator[str]:
    """Yield what keys of the same device or group begin with, the closest first: ``scsi0:1``, ``scsi0``, ``scsi``."""
    *parts, _last = key.lower().split(".", _PARTS)
    if parts and parts[0]:
        yield from (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        controller = parts[0].partition(":")[0]
        yield controller
        yield controller.rstrip("0123456789")


def _line_start(text: str) -> int:
    return max(text.rfind("\n"), text.rfind("\r")) + 1


def _decoded(data: bytes, codecs: Iterable[str], encoding: str) -> tuple[str, charsets.Encoder]:
    """Decode with the first codec that can, or say where the first of them could not."""
    failed: UnicodeDecodeError | None = None
    for codec in codecs:
        try:
            return charsets.decode(data, codec)
        except UnicodeDecodeError as error:
            failed = failed or error
    position, codec = (0, "ascii") if failed is None else (failed.start, failed.encoding)
    line, _column = tokens.line_and_column(data[:position].decode("latin-1"), position)
    start = max(data.rfind(b"\n", 0, position), data.rfind(b"\r", 0, position)) + 1
    column = len(data[start:position].decode(codec, "replace")) + 1
    byte = data[position]
    message = f"line {line}, column {column}: byte 0x{byte:02x} is not {encoding[:40]}, the encoding of the file"
    raise VmxError(message, line=line, column=column)
