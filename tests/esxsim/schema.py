# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Check a document against a schema, and say exactly what is wrong with it and where.

A schema is made of the small functions below; each takes a value and the path to it, and returns the value as it is
wanted, or raises SchemaError.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

Reader = Callable[[Any, str], Any]


class SchemaError(ValueError):
    """What is wrong with a document; the text names the place, what was found and what is allowed."""


def wrong(path: str, found: Any, allowed: str) -> SchemaError:
    shown = "nothing" if found is None else repr(found)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return SchemaError(f"{path or 'the document'}: found {shown}, allowed is {allowed}")


def text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise wrong(path, value, "a text")
    return value


def any_text(value: Any, path: str) -> str:
    """Read a text; numbers become texts, as YAML has them without quotes."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise wrong(path, value, "a text")
    return str(value)


def flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(path, value, "true or false")
    return value


def whole(least: int = 0, most: int = 2**53) -> Reader:
    def read(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            upper = f" to {most}" if most < 2**53 else " or more"
            raise wrong(path, value, f"a whole number, {least}{upper}")
        return value

    return read


def seconds(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 10**9:
        raise wrong(path, value, "a number of seconds, 0 or more")
    return float(value)


def address(value: Any, path: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise wrong(path, value, "an IP address") from None


def one_of(*allowed: str) -> Reader:
    def read(value: Any, path: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise wrong(path, value, "one of " + ", ".join(allowed))
        return value

    return read


def nullable(reader: Reader) -> Reader:
    return lambda value, path: None if value is None else reader(value, path)


def listed(reader: Reader) -> Reader:
    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise wrong(path, value, "a list")
        return [reader(one, f"{path}[{index}]") for index, one in enumerate(value)]

    return read


def mapped(reader: Reader) -> Reader:
    """A mapping with names of any kind."""

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(path, value, "a mapping")
        return {str(key): reader(one, f"{path}.{key}") for key, one in value.items()}

    return read


def anything(value: Any, _path: str) -> Any:
    return value


def record(fields: Mapping[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    """A mapping with these names only; what is not there is not in the result."""

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(path, value, "a mapping with " + ", ".join(fields))
        for key in value:
            if key not in fields:
                near = difflib.get_close_matches(str(key), fields, 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise wrong(path, key, f"one of the keys {', '.join(fields)}{hint}")
        for key in required:
            if key not in value:
                raise wrong(path, None, f"a mapping that has {key}")
        return {key: fields[key](one, f"{path}.{key}" if path else key) for key, one in value.items()}

    return read
