# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How names and texts are escaped: in VMX values, in the API, in items of a datastore, in URLs.

Laws: ``unescape_x(escape_x(t)) == t`` for every text that UTF-8 can hold, and what ``escape_pipe`` and ``escape_name``
return fits between double quotes on one line. Hex digits are written in lower case and read in both. An escape stands
for one byte, and bytes beyond ASCII are UTF-8.
Whatever cannot be read raises ValueError with a sentence, and nothing else does.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

# What would end or break a value: a double quote and control characters; the pipe itself, since it begins an escape.
_PIPED = re.compile(r'[|"\x00-\x1f\x7f]')
_UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f]')
_PERCENTED = re.compile(r"[%/\\]")

_PIPE_RUN = re.compile(r"(?:\|[0-9A-Fa-f]{2})+|\|")
_PERCENT_RUN = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%")

_FORBIDDEN_IN_ITEMS = re.compile(r'["*<>:|?]')
_BASE64_RUN = re.compile(rb"[^A-Za-z0-9'(),. _-]+")


def escape_pipe(text: str) -> str:
    """
    Write a text as the value of ``annotation``: ``a "b"`` is ``a |22b|22``.

    Escaped are the pipe, the double quote and control characters, so that a line break is ``|0a``.
    """
    return _PIPED.sub(_pipe, text)


def unescape_pipe(text: str) -> str:
    """
    Read the value of ``annotation``.

    Raises:
        ValueError: two hex digits are missing behind a pipe, or the bytes are no UTF-8.
    """
    return _unescaped(_PIPE_RUN, "|", text)


def escape_unquotable(text: str) -> str:
    """Escape only what cannot stand between double quotes on one line; a pipe stays, so that this is idempotent."""
    return _UNQUOTABLE.sub(_pipe, text)


def escape_percent(text: str) -> str:
    r"""Write a name as the API has it: ``%``, ``/`` and ``\`` are ``%25``, ``%2f`` and ``%5c``."""
    return _PERCENTED.sub(_percent, text)


def unescape_percent(text: str) -> str:
    """
    Read a name that the API gave.

    Raises:
        ValueError: two hex digits are missing behind a percent sign, or the bytes are no UTF-8.
    """
    return _unescaped(_PERCENT_RUN, "%", text)


def escape_name(text: str) -> str:
    """Write a name as the value of ``displayName``: the pipe form first, then the percent form."""
    return escape_percent(escape_pipe(text))


def unescape_name(text: str) -> str:
    """
    Read the value of ``displayName``.

    Raises:
        ValueError: two hex digits are missing behind a pipe or a percent sign, or the bytes are no UTF-8.
    """
    return unescape_pipe(unescape_percent(text))


def escape_datastore_item(name: str) -> str:
    """
    Write a name so that it can be the name of a file or a directory on a datastore. There is no way back.

    ``"*<>:|?`` become ``_``; ``%``, ``/`` and the backslash are percent-encoded; of what is left, runs of bytes that
    are no letters, digits, blanks or ``'(),._-`` become ``+``, their base64 with a comma for the slash, and ``-``
    unless the name ends there: ``~a`` is ``+fg-a``.

    Raises:
        ValueError: the name holds half a character (a lone surrogate).
    """
    plain = escape_percent(_FORBIDDEN_IN_ITEMS.sub("_", name))
    try:
        data = plain.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name!r} holds half a character") from None
    return _BASE64_RUN.sub(_base64, data).decode("ascii")


def escape_url(text: str, *, twice: bool = False) -> str:
    """
    Write a part of a path or of a query of a URL: whatever is not ``A-Za-z0-9-._~`` is ``%XX``.

    ``twice`` is for names of the inventory in URLs of datastore files, which vCenter decodes twice.

    Raises:
        ValueError: the text holds half a character (a lone surrogate).
    """
    once = quote(text, safe="")
    return quote(once, safe="") if twice else once


def _pipe(found: re.Match[str]) -> str:
    return f"|{ord(found.group()):02x}"


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found.group()):02x}"


def _base64(found: re.Match[bytes]) -> bytes:
    coded = base64.b64encode(found.group(), b"+,").rstrip(b"=")
    return b"+" + coded + (b"" if found.end() == len(found.string) else b"-")


def _unescaped(runs: re.Pattern[str], sign: str, text: str) -> str:
    def decoded(found: re.Match[str]) -> str:
        run = found.group()
        where = f"at character {found.start() + 1}"
        if len(run) == 1:
            raise ValueError(f"{sign!r} {where} must be followed by two hex digits")
        try:
            return bytes.fromhex(run.replace(sign, "")).decode()
        except UnicodeDecodeError:
            raise ValueError(f"the escapes {where} are no UTF-8") from None

    return runs.sub(decoded, text)
