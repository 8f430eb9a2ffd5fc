# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The grammar of VMX text: entries, and what stands between them.

::

    text     = gap *(entry end gap)
    entry    = name blanks "=" blanks value
    value    = '"' … '"' | "'" … "'" on one line | '\"\"\"' … '\"\"\"' over lines; nothing is escaped inside
    end      = blanks [comment] (LF | CR | ";" | end of text)
    gap      = any number of blanks, LF, CR, ";" and comments
    comment  = "#" to the end of the line
    blanks   = blank, tab, NUL

Laws: what is read has every character of the text in exactly one place; the time is linear in the length of any text.
NUL counts as a blank because hosts leave some in files whose blocks they fill up; inside a value it is refused, since
a host would see the value end there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from .._errors import VmxError

# Far beyond any machine, and little enough that nothing built upon a text can be blown up by it.
MOST_ENTRIES = 100_000

_NAME = r"[A-Za-z.][A-Za-z0-9_:.*-]*"
NAME = re.compile(_NAME)

# One entry as hosts write it, with the line end and whatever is blank behind it. Neighbours have no character in
# common, so that no text makes this look at a character more than a few times.
_PLAIN = re.compile(rf'({_NAME})([ \t\0]*=[ \t\0]*)"([^"\r\n\0]*)"([ \t\0]*[\r\n;][ \t\0\r\n;]*)')
_ASSIGN = re.compile(r"[ \t\0]*=[ \t\0]*")
_BLANKS = re.compile(r"[ \t\0]*")
# Of comments a bounded number at once: the engine keeps a record of each turn of a group.
_BREAKS = re.compile(r"[ \t\0\r\n;]*")
_COMMENTS = re.compile(r"(?:#[^\r\n]*[ \t\0\r\n;]*){1,1000}")
_INSIDE = {'"': re.compile(r'[^"\r\n\0]*'), "'": re.compile(r"[^'\r\n\0]*")}
# What is shown of a text that is wrong.
_WORD = re.compile(r"[^\s\0\"'=;#]{1,24}")
_NUMBER = re.compile(r"[+-]?[0-9]")


class Entry:
    """
    One entry as it stands in a text.

    Shape: ``head`` and ``quote + value + quote`` and ``after`` make up the text; ``head`` is the name, the equals sign
    and the blanks around it, ``after`` all up to the next entry.
    """

    __slots__ = ("after", "assign", "key", "quote", "value")

    def __init__(self, key: str, assign: str, value: str, after: str, quote: str = '"') -> None:
        self.key = key
        self.assign = assign
        self.value = value
        self.after = after
        self.quote = quote

    def __str__(self) -> str:
        return f"{self.key}{self.assign}{self.quote}{self.value}{self.quote}{self.after}"


def read(text: str) -> tuple[str, list[Entry]]:
    """
    Take a text apart: what stands before the first entry, and the entries.

    Raises:
        VmxError: the text is not what the grammar says, or has more than MOST_ENTRIES entries.
    """
    # A byte order mark is no part of the text, but of the file.
    start = _gap_end(text, 1 if text.startswith("\ufeff") else 0)
    return text[:start], list(_entries(text, start))


def _entries(text: str, position: int) -> Iterator[Entry]:
    plain, end, count = _PLAIN.match, len(text), 0
    while position < end:
        if count == MOST_ENTRIES:
            fail(text, position, f"there are more than {MOST_ENTRIES} entries; no virtual machine has that many")
        count += 1
        found = plain(text, position)
        if found is not None:
            key, assign, value, after = found.groups()
            position = found.end()
            # A comment behind the entry belongs to what is between it and the next one.
            if position < end and text[position] == "#":
                start, position = found.start(4), _gap_end(text, position)
                after = text[start:position]
            yield Entry(key, assign, value, after)
        else:
            entry, position = _any_entry(text, position)
            yield entry


def _any_entry(text: str, start: int) -> tuple[Entry, int]:
    """Read an entry in any form, or say why it is none."""
    name = NAME.match(text, start)
    if name is None:
        fail(
            text, start, f"found {_shown(text, start)} where an entry should begin; a name begins with a letter or '.'"
        )
    assign = _ASSIGN.match(text, name.end())
    if assign is None:
        where = _after_blanks(text, name.end())
        fail(
            text, where, f"found {_shown(text, where)} behind the name {_short(name.group())}; wanted '='", name.group()
        )
    quote, value, after_value = _quoted(text, assign.end(), name.group())
    where = _after_blanks(text, after_value)
    if where < len(text) and text[where] not in "\r\n;#":
        found = _shown(text, where)
        fail(text, where, f"found {found} behind the value of {_short(name.group())}; wanted a new line", name.group())
    end = _gap_end(text, where)
    return Entry(name.group(), assign.group(), value, text[after_value:end], quote), end


def _quoted(text: str, start: int, key: str) -> tuple[str, str, int]:
    """Read a value; the result is its quotation mark, the text between, and where it is over."""
    mark = text[start : start + 1]
    if mark not in _INSIDE:
        _no_value(text, start, key)
    if text.startswith('"""', start):
        end = text.find('"""', start + 3)
        if end < 0:
            fail(
                text,
                start,
                f"the value of {_short(key)} begins with three quotation marks; wanted three at its end",
                key,
            )
        zero = text.find("\0", start, end)
        if zero >= 0:
            fail(text, zero, f"found a NUL byte in the value of {_short(key)}; a host would end it there", key)
        return '"""', text[start + 3 : end], end + 3
    inside = _INSIDE[mark].match(text, start + 1)
    end = start + 1 if inside is None else inside.end()
    found = text[end : end + 1]
    if found == "\0":
        fail(text, end, f"found a NUL byte in the value of {_short(key)}; a host would end it there", key)
    if found != mark:
        what = "the end of the line" if found else "the end of the text"
        fail(text, end, f"found {what} in the value of {_short(key)}; wanted {mark} to end it", key)
    return mark, text[start + 1 : end], end + 1


def _no_value(text: str, start: int, key: str) -> NoReturn:
    found, name = _shown(text, start), _short(key)
    if text.startswith("[", start):
        fail(
            text,
            start,
            f"found a list as the value of {name}; a VMX has no lists, wanted a text in quotation marks",
            key,
        )
    if _NUMBER.match(text, start):
        fail(text, start, f'found the number {found} as the value of {name}; wanted it in quotation marks: "8"', key)
    fail(text, start, f"found {found} where the value of {name} should be; wanted a text in quotation marks", key)


def _gap_end(text: str, position: int) -> int:
    """Go on over blanks, separators and comments."""
    found = _BREAKS.match(text, position)
    while found is not None:
        position = found.end()
        found = _COMMENTS.match(text, position)
    return position


def _after_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return position if found is None else found.end()


def _shown(text: str, position: int) -> str:
    """Say what stands at a position, briefly."""
    if position >= len(text):
        return "the end of the text"
    if text[position] in "\r\n":
        return "the end of the line"
    word = _WORD.match(text, position)
    return repr(word.group() if word else text[position])


def _short(key: str) -> str:
    return key if len(key) <= 60 else f"{key[:57]}..."


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Return where a position of a text is, both counted from 1; CR, LF and CR LF end a line."""
    line = text.count("\n", 0, position) + text.count("\r", 0, position) - text.count("\r\n", 0, position)
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    mark = 1 if start == 0 and text.startswith("\ufeff") else 0
    return line + 1, position - start - mark + 1


def fail(text: str, position: int, message: str, key: str | None = None) -> NoReturn:
    """Raise VmxError for a position of a text."""
    line, column = line_and_column(text, position)
    raise VmxError(f"line {line}, column {column}: {message}", line=line, column=column, key=key)
