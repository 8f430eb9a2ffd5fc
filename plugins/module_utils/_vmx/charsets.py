# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The encodings that ``.encoding`` of a VMX may name.

Law: only encodings in which a byte below 0x80 that is no part of a longer character is ASCII, line feed and double
quote are never part of a longer one, and nothing is remembered from one line to the next. So a file can be cut into
lines before its encoding is known, and no codec of Python that is none (``rot13``, ``zlib``) is ever run.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+ -]{0,39}", re.ASCII)
# A code page as Windows, ICU, IANA and Java write it: windows-1252, cp1252, ibm-943_P15A-2003, x-windows-949
_CODE_PAGE = re.compile(
    r"(?:x-)?(?:windows|cp|ibm|ms|microsoft-cp)[-_]?([0-9]{3,5})(?:[-_].*)?", re.IGNORECASE | re.ASCII
)

# Names of hosts, ICU and IANA that Python does not know.
_ALIASES = {
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-ms-cp932": "cp932",
    "x-gbk": "gbk",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "macroman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-greek": "mac-greek",
    "x-mac-turkish": "mac-turkish",
    "x-mac-centraleurroman": "mac-latin2",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "tis620": "tis-620",
}
_PAGES = {"936": "gbk", "943": "cp932", "1386": "gbk", "1363": "cp949", "1392": "gb18030", "54936": "gb18030"} | {
    "65001": "utf-8",
    "20932": "euc_jp",
    "28591": "iso8859-1",
    "5348": "cp1252",
    "5347": "cp1251",
    "5346": "cp1250",
}
# What the name means on paper, and what files that bear it hold beyond it.
_WIDER = {"shift_jis": "cp932", "gb2312": "gbk", "gbk": "gb18030", "euc_kr": "cp949", "big5": "cp950"}

_SINGLE = (
    "ascii cp1006 cp1125 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp437 cp720 cp737 cp775 cp850"
    " cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 cp874 hp-roman8 iso8859-1 iso8859-10"
    " iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6"
    " iso8859-7 iso8859-8 iso8859-9 koi8-r koi8-t koi8-u kz1048 mac-croatian mac-cyrillic mac-greek mac-iceland"
    " mac-latin2 mac-roman mac-romanian mac-turkish palmos ptcp154 tis-620"
)
_MULTIPLE = (
    "big5 big5hkscs cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk shift_jis utf-8"
)
KNOWN = frozenset(f"{_SINGLE} {_MULTIPLE}".split())


def python_codecs(name: str) -> tuple[str, ...]:
    """
    Return the codecs that read what a VMX calls ``name``, to be tried in this order; () when the name is unknown.

    ``Shift_JIS`` is ``shift_jis``, and ``cp932`` for files of Windows that use its additions.
    """
    if _NAME.fullmatch(name) is None:
        return ()
    page = _CODE_PAGE.fullmatch(name)
    candidates = [_ALIASES.get(name.lower(), name)]
    if page is not None:
        candidates = [_PAGES.get(page.group(1), f"cp{page.group(1)}"), *candidates]
    for candidate in candidates:
        try:
            found = codecs.lookup(candidate).name
        except LookupError:
            continue
        if found in KNOWN:
            return (found, _WIDER[found]) if found in _WIDER else (found,)
    return ()


@dataclass(frozen=True)
class Encoder:
    """
    How to get the bytes of a text.

    ``original`` is the file as it was, where encoding its text would not give it back, since some encodings have two
    codes for one character; else None.
    """

    codec: str
    original: bytes | None = None

    def encode(self, text: str) -> bytes:
        """
        Encode a text that was perhaps edited since it was decoded; lines that were not touched get their own bytes.

        Raises:
            UnicodeEncodeError: the encoding lacks a character.
        """
        if self.original is None:
            return text.encode(self.codec)
        before = self.original.decode(self.codec)
        if text == before:
            return self.original
        left: dict[str, deque[bytes]] = {}
        for line, data in zip(before.split("\n"), self.original.split(b"\n"), strict=True):
            left.setdefault(line, deque()).append(data)
        return b"\n".join(
            left[line].popleft() if left.get(line) else line.encode(self.codec) for line in text.split("\n")
        )


def decode(data: bytes, codec: str) -> tuple[str, Encoder]:
    """
    Decode the bytes of a file.

    Raises:
        UnicodeDecodeError: they are not in this encoding.
    """
    text = data.decode(codec)
    if codec == "utf-8" or data.isascii() or text.encode(codec, "replace") == data:
        return text, Encoder(codec)
    return text, Encoder(codec, data)
