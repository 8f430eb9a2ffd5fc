# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a module's result against its RETURN documentation: nothing undocumented, nothing of another type."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
}
# What every module may return, Ansible's own common values.
COMMON = {"changed": {"type": "bool"}, "msg": {"type": "str"}, "diff": {"type": "dict"}, "failed": {"type": "bool"}}


def returned(module: str) -> Mapping[str, Any]:
    """Return the RETURN documentation of a module of ours, as data."""
    source = importlib.import_module(f"ansible_collections.virt.esx.plugins.modules.{module}")
    documented: Mapping[str, Any] = yaml.safe_load(source.RETURN)
    return documented


def differences(module: str, result: Mapping[str, Any]) -> list[str]:
    """Return in which places a result is not what the module's documentation says; none is as it should be."""
    return list(_differences(result, {**COMMON, **returned(module)}, ""))


def _differences(found: Mapping[str, Any], documented: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in found.items():
        where = f"{path}{key}"
        if key not in documented:
            yield f"{where} is not documented"
            continue
        yield from _value(value, documented[key], where)
    for key, entry in documented.items():
        always = path and "returned" not in entry
        if key not in found and (always or entry.get("returned") == "always"):
            yield f"{path}{key} is documented and missing"


def _value(value: Any, entry: Mapping[str, Any], where: str) -> Iterator[str]:
    if value is None:
        return
    wanted = TYPES[entry["type"]]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"{where} is a {type(value).__name__}, not a {entry['type']}"
    elif "contains" in entry:
        items = value if isinstance(value, list) else [value]
        for number, item in enumerate(items):
            yield from _differences(item, entry["contains"], f"{where}[{number}]." if len(items) > 1 else f"{where}.")
    elif isinstance(value, list) and "elements" in entry:
        for number, item in enumerate(value):
            if not isinstance(item, TYPES[entry["elements"]]):
                yield f"{where}[{number}] is a {type(item).__name__}, not a {entry['elements']}"
