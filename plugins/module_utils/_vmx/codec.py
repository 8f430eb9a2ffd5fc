# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Values as VMX text writes them.

Laws: ``read(write(v)) == v``; ``read`` raises ValueError, whose text says what is wanted, and nothing else.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .slots import ShareLevel, Shares
from .units import bytes_to_kib, kib_to_bytes

_HEX = re.compile(r"\s*(?:[0-9a-f]{2}[\s-]*){16}", re.IGNORECASE | re.ASCII)
_MAC = re.compile(r"[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_HEX_NUMBER = re.compile(r"(?:0x)*([0-9a-f]{1,8})", re.IGNORECASE | re.ASCII)
_INT64 = 2**63


@dataclass(frozen=True)
class Codec:
    """How one kind of value is read and written; ``name`` is for people, ``most`` how many characters it may have."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    most: int = 4096


def uuid_of(text: str) -> str:
    """
    Return a UUID as 8-4-4-4-12 in lower case; blanks and hyphens may stand between its bytes.

    Raises:
        ValueError: it is none.
    """
    if _HEX.fullmatch(text) is None:
        raise ValueError("a UUID: 32 hex digits, with blanks and hyphens between the bytes")
    digits = "".join(char for char in text.lower() if char in "0123456789abcdef")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def mac_of(text: str) -> str:
    """
    Return a MAC address in lower case with colons.

    Raises:
        ValueError: it is none.
    """
    if _MAC.fullmatch(text) is None:
        raise ValueError("a MAC address such as 00:0c:29:aa:bb:cc")
    return ":".join(part.zfill(2) for part in text.lower().split(":"))


def number_of(text: str) -> int:
    """
    Return a decimal number of 64 bits.

    Raises:
        ValueError: it is none.
    """
    number = int(text) if _NUMBER.fullmatch(text.strip()) else _INT64
    if not -_INT64 <= number < _INT64:
        raise ValueError("a decimal number of 64 bits")
    return number


def _write_uuid(value: str) -> str:
    digits = uuid_of(value).replace("-", "")
    pairs = [digits[at : at + 2] for at in range(0, 32, 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def _read_bool(text: str) -> bool:
    word = text.lower()
    if word not in {"true", "false"}:
        raise ValueError("true or false")
    return word == "true"


def _write_bool(value: bool) -> str:
    return "true" if value else "false"


def _read_amount(text: str) -> int:
    return -1 if text.strip().lower() in {"unlimited", "off"} else max(number_of(text), -1)


def _read_hex(text: str) -> int:
    found = _HEX_NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError("a hexadecimal number such as 0x10de")
    return int(found.group(1), 16)


def _read_shares(text: str) -> Shares:
    word = text.strip().lower()
    if word in {level.value for level in ShareLevel}:
        return ShareLevel(word)
    if not (word.isascii() and word.isdigit()) or len(word) > 18:
        raise ValueError("low, normal, high or a number")
    return int(word)


def _write_shares(value: Shares) -> str:
    return value.value if isinstance(value, ShareLevel) else str(value)


def _read_affinity(text: str) -> tuple[int, ...]:
    if text.strip().lower() == "all":
        return ()
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) <= 5 for word in words):
        raise ValueError("all, or numbers of CPUs with commas between them")
    return tuple(sorted({int(word) for word in words}))


def _write_affinity(value: tuple[int, ...]) -> str:
    return ",".join(str(number) for number in value) or "all"


def _read_floor(text: str) -> int:
    return max(number_of(text), 0)


def _read_bytes(text: str) -> int:
    return bytes_to_kib(max(number_of(text), 0))


def choice(members: Mapping[str, enum.Enum]) -> Codec:
    """Make the codec of an enumeration from its words, which are read in any case."""
    known = {word.lower(): member for word, member in members.items()}
    written = {member: word for word, member in members.items()}
    wanted = " or ".join(members)

    def read(text: str) -> enum.Enum:
        found = known.get(text.strip().lower())
        if found is None:
            raise ValueError(wanted)
        return found

    def write(value: enum.Enum) -> str:
        if value not in written:
            raise ValueError(wanted)
        return written[value]

    return Codec(wanted, read, write)


def words(kind: type[enum.Enum]) -> Codec:
    """Make the codec of an enumeration whose values are the words."""
    return choice({str(member.value): member for member in kind})


BOOL = Codec("true or false", _read_bool, _write_bool)
# libvirt writes this one key in capitals.
CAPITALS = Codec("true or false", _read_bool, lambda value: _write_bool(value).upper())
NUMBER = Codec("number", number_of, str)
FLOOR = Codec("number, 0 for a negative one", _read_floor, str)
LIMIT = Codec("number, or unlimited", _read_amount, lambda value: "unlimited" if value == -1 else str(value))
CAP = Codec("number, or off", _read_amount, lambda value: "off" if value == -1 else str(value))
HEX = Codec("hexadecimal number", _read_hex, lambda value: f"0x{value:x}")
KIB_AS_BYTES = Codec("number of bytes", _read_bytes, lambda value: str(kib_to_bytes(value)))
UUID = Codec("UUID, as pairs of hex digits", uuid_of, _write_uuid)
MAC = Codec("MAC address", mac_of, mac_of)
SHARES = Codec("low, normal, high or a number", _read_shares, _write_shares)
AFFINITY = Codec("all, or numbers with commas", _read_affinity, _write_affinity, most=2**17)
