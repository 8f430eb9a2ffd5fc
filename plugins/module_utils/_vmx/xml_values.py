# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in the elements and attributes of a domain XML; whatever is not as wanted is an error that says where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from .._errors import DomainXmlError
from .domain_xml_words import is_file_name
from .xml_tree import Element

T = TypeVar("T")

_NUMBER = re.compile(r"\s*([0-9]{1,19})\s*")
_UUID = re.compile(r"\s*(?:[0-9a-fA-F]{2}[- ]?){15}[0-9a-fA-F]{2}\s*")
_MAC = re.compile(r"\s*[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}\s*")
_CPUS = re.compile(r"\s*(\^?)\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6}))?\s*")
_SHOWN = 60
# Words for a unit of memory, in bytes; those of two letters count in thousands, as libvirt documents.
UNITS: Mapping[str, int] = {"b": 1, "byte": 1, "bytes": 1} | {
    word: base**power
    for power, letter in enumerate("kmgtpe", 1)
    for word, base in ((letter, 1024), (f"{letter}ib", 1024), (f"{letter}b", 1000))
}


def wrong(element: Element, name: str, wanted: str, found: str | None = None) -> DomainXmlError:
    """Return the error that an attribute, or with ``name`` empty the element, is not what is wanted."""
    path = f"{element.path}/@{name}" if name else element.path
    found = element.attributes.get(name) if found is None else found
    if found is None:
        return DomainXmlError(f"{path} is missing; wanted {wanted}", path=path, wanted=wanted)
    shown = found if len(found) <= _SHOWN else found[:_SHOWN] + "..."
    return DomainXmlError(f"{path} is {shown!r}; wanted {wanted}", path=path, found=shown, wanted=wanted)


def missing(element: Element, tag: str, wanted: str) -> DomainXmlError:
    """Return the error that a child is missing."""
    path = f"{element.path}/{tag}"
    return DomainXmlError(f"{path} is missing; wanted {wanted}", path=path, wanted=wanted)


def words_of(table: Mapping[str, T]) -> str:
    """List the words of a table: ``scsi, sata or ide``."""
    *words, last = table
    return f"{', '.join(words)} or {last}" if words else last


def pick(element: Element, name: str, table: Mapping[str, T], default: T, *, any_case: bool = False) -> T:
    """Return what the word in an attribute stands for; the default where there is no attribute."""
    word = element.attributes.get(name)
    if word is None:
        return default
    word = word.lower() if any_case else word
    if word not in table:
        raise wrong(element, name, words_of(table))
    return table[word]


def flag(element: Element, name: str) -> bool | None:
    """Return an attribute that is yes or no; None where there is none."""
    return pick(element, name, {"yes": True, "no": False}, None)


def number(element: Element, name: str, least: int, most: int) -> int | None:
    """Return an attribute, or with ``name`` empty the element's text, as a whole number; None where there is none."""
    text = element.attributes.get(name) if name else element.text
    if text is None:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None or not least <= int(found.group(1)) <= most:
        raise wrong(element, name, f"a number from {least} to {most}", text)
    return int(found.group(1))


def needed_number(element: Element, name: str, least: int, most: int) -> int:
    """Return an attribute as a whole number that must be there."""
    value = number(element, name, least, most)
    if value is None:
        raise wrong(element, name, f"a number from {least} to {most}")
    return value


def kib(element: Element) -> int:
    """Return an amount of memory in KiB, rounded up; ``unit`` is KiB where it is left out."""
    unit = element.attributes.get("unit", "KiB").strip().lower()
    if unit not in UNITS:
        raise wrong(element, "unit", "bytes, KiB, MiB, GiB, TiB, KB, MB, GB or TB")
    amount = number(element, "", 0, 2**63 - 1) or 0
    return -(-amount * UNITS[unit] // 1024)


def uuid(element: Element, name: str = "") -> str:
    """Return a UUID as 8-4-4-4-12 in lower case."""
    text = element.attributes.get(name, "") if name else element.text
    if _UUID.fullmatch(text) is None:
        raise wrong(element, name, "a UUID", text)
    digits = re.sub(r"[\s-]", "", text).lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def mac_address(element: Element, name: str) -> str:
    """Return a MAC address in lower case, two digits to a byte."""
    text = element.attributes.get(name, "")
    if _MAC.fullmatch(text) is None:
        raise wrong(element, name, "a MAC address")
    return ":".join(part.zfill(2) for part in text.strip().lower().split(":"))


def file_name(source: Element, name: str) -> str:
    """Return the name of a file on the host: of a datastore, absolute, or going down from the VMX."""
    path = source.attributes[name]
    if not is_file_name(path):
        raise wrong(source, name, "[datastore] path/file, /absolute/path, or the name of a file beside the VMX")
    return path


def cpu_set(element: Element, name: str, most: int) -> tuple[int, ...]:
    """Return a list of CPUs such as ``0-3,^2,8`` as numbers, ascending."""
    text = element.attributes.get(name, "")
    chosen = 0  # bits, so that thousands of wide ranges take no time
    for item in text.split(","):
        found = _CPUS.fullmatch(item)
        first, last = (int(found.group(2)), int(found.group(3) or found.group(2))) if found else (1, 0)
        if found is None or not first <= last <= most or (found.group(1) and found.group(3)):
            raise wrong(element, name, f"numbers of CPUs up to {most} such as 0-3,^2,8")
        bits = (1 << last + 1) - (1 << first)
        chosen = chosen & ~bits if found.group(1) else chosen | bits
    if not chosen:
        raise wrong(element, name, "at least one CPU")
    return tuple(cpu for cpu in range(chosen.bit_length()) if chosen >> cpu & 1)


def cpu_ranges(numbers: tuple[int, ...]) -> str:
    """Write numbers of CPUs as libvirt does: ``0-2,5``."""
    runs: list[list[int]] = []
    for cpu in sorted(numbers):
        if runs and runs[-1][1] == cpu - 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
