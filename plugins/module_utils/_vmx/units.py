# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The only arithmetic between units; every name ends in the unit of its result.

Law: what is made coarser is rounded up, so that nobody gets less than what was asked for, and all numbers are integers
from end to end. Negative amounts are refused: "unlimited" is no amount.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

_KIB = 1024
# A host takes memory in steps of 4 MiB and video memory in steps of 64 KiB.
_MEMORY_STEP_MIB = 4
_VIDEO_STEP_KIB = 64

_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SCALED = re.compile(r"([kmgtpe])(?:ib)?|([kmgtpe])b|b|bytes?", re.IGNORECASE)

_DATE_TIME = re.compile(
    r"(-?)([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:Z|([+-])([0-9]{2}):([0-5][0-9]))?",
    re.ASCII,
)


def mib_to_kib(mib: int) -> int:
    """Return MiB as KiB."""
    return _amount(mib) * _KIB


def kib_to_mib(kib: int) -> int:
    """Return KiB as MiB, rounded up."""
    return _divided(kib, _KIB)


def kib_to_bytes(kib: int) -> int:
    """Return KiB as bytes."""
    return _amount(kib) * _KIB


def bytes_to_kib(count: int) -> int:
    """Return bytes as KiB, rounded up."""
    return _divided(count, _KIB)


def mib_to_bytes(mib: int) -> int:
    """Return MiB as bytes."""
    return _amount(mib) * _KIB * _KIB


def bytes_to_mib(count: int) -> int:
    """Return bytes as MiB, rounded up."""
    return _divided(count, _KIB * _KIB)


def memory_kib_to_mib(kib: int) -> int:
    """Return the size of a machine's memory as MiB, rounded up to what hosts take: a multiple of 4 MiB."""
    return _divided(kib, _MEMORY_STEP_MIB * _KIB) * _MEMORY_STEP_MIB


def video_kib_to_bytes(kib: int) -> int:
    """Return the size of a video memory as bytes, rounded up to what hosts take: a multiple of 64 KiB."""
    return _divided(kib, _VIDEO_STEP_KIB) * _VIDEO_STEP_KIB * _KIB


def scaled_to_kib(number: int, unit: str) -> int:
    """
    Return an amount in a unit of domain XML as KiB, rounded up.

    ``unit`` in any case: ``b`` or ``bytes``; ``k`` or ``KiB`` and so on up to ``E`` are powers of 1024, ``KB`` and so
    on are powers of 1000.

    Raises:
        ValueError: the unit is none, or the amount is negative.

    Source: libvirt ``<memory unit='GiB'>``.
    """
    found = _SCALED.fullmatch(unit)
    if found is None:
        raise ValueError(f"{unit!r} is no unit; wanted bytes, KiB, MiB, GiB, TiB, PiB, EiB, or KB, MB, GB, TB, PB, EB")
    binary, decimal = found.groups()
    factor: int = 1024 ** _POWERS[binary.lower()] if binary else 1000 ** _POWERS[decimal.lower()] if decimal else 1
    return bytes_to_kib(_amount(number) * factor)


def date_time_to_epoch_seconds(text: str) -> int:
    """
    Return a moment as seconds since 1970 in UTC; without a zone it is UTC, and fractions are dropped.

    A year before our era gives 0, as libvirt has it.

    Raises:
        ValueError: it is no such moment.

    Source: xsd:dateTime, ``2010-04-08T05:45:11-07:00``.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no date and time; wanted 2010-04-08T05:45:11, with Z or +02:00 behind it or not")
    before_our_era, moment, sign, hours, minutes = found.groups()
    if before_our_era:
        return 0
    try:
        utc = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date and time: {error}") from None
    ahead = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    return int(utc.timestamp()) - ahead


def _amount(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is no amount; it must not be negative")
    return number


def _divided(number: int, by: int) -> int:
    return -(-_amount(number) // by)
