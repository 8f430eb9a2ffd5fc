# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A definition as plain data, for playbooks, and back.

Law: ``from_data(as_data(d, secrets=True)) == d``. Names are the hub's; an enumeration is its value, a slot is text,
devices are a list, and what is not stated is left out. Whatever cannot be read is an error that names its path.
"""

from __future__ import annotations

import difflib
import enum
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn, Union

from .._errors import OptionError
from .codec import mac_of, uuid_of
from .definition import DEVICE_FIELDS, VmDefinition
from .guest_ids import words_of
from .keys_machine import IDENTITY, RESOURCES
from .keys_start import START, VIDEO
from .limits import RANGES, is_slot_of, slots_of
from .slots import ShareLevel, Slot

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_UUIDS = frozenset({"uuid", "instance_uuid", "location_uuid", "generation_id", "switch_uuid"})
_KEY = re.compile(r"[A-Za-z.][\w:.*-]*", re.ASCII)
_UNION = (Union, types.UnionType)
# Keys that a field says, whatever else there is; a lenient row or one for newer hardware may leave its key in extra.
_OWN_FIELDS = {
    row.key.lower(): f"{table.field}.{row.field}" if table.field else row.field
    for table in (IDENTITY, RESOURCES, START, VIDEO)
    for row in table.regular
    if not row.lenient and not row.since
}
_LEFT_OUT_EMPTY = frozenset({*DEVICE_FIELDS, "absent", "extra"})


def as_data(definition: VmDefinition, *, secrets: bool = False) -> dict[str, Any]:
    """
    Return a definition as a dict of plain values; ``secrets`` decides whether the password of VNC is in it.

    Shape: the fields of VmDefinition; each device has ``slot``; ``absent`` is a sorted list.
    """
    data: dict[str, Any] = plain(definition)
    if not secrets:
        data.get("vnc", {}).pop("password", None)
    return data


def plain(value: Any) -> Any:
    """Return a value of the hub as JSON knows it."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Slot):
        return str(value)
    if is_dataclass(value):
        shown = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain(inner) for name, inner in shown.items() if not _is_unstated(name, inner)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return dict(value) if isinstance(value, Mapping) else value


def _is_unstated(name: str, value: Any) -> bool:
    return value is None or (not value and name in _LEFT_OUT_EMPTY)


def from_data(data: Mapping[str, Any]) -> VmDefinition:
    """
    Read a definition from plain data.

    Raises:
        OptionError: a name is unknown, a value is of the wrong type or out of range, or a slot is taken twice;
            ``option`` is the path, such as ``disks[1].capacity_kib``.
    """
    definition: VmDefinition = _record(VmDefinition, data, "")
    _check_slots(definition)
    return definition


def _fail(path: str, found: Any, wanted: str) -> NoReturn:
    shown = repr(found)
    if path.rpartition(".")[2] == "password":
        shown = "a secret"
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    raise OptionError(f"{path or 'definition'}: found {shown}, wanted {wanted}", option=path or "definition")


@cache
def field_types(kind: type) -> Mapping[str, Any]:
    """Return the type of each field of a dataclass, without None, in order; of a union, its parts as a tuple."""
    hints = typing.get_type_hints(kind)
    found = {}
    for field in fields(kind):
        hint = hints[field.name]
        if typing.get_origin(hint) in _UNION:
            left = [part for part in typing.get_args(hint) if part is not types.NoneType]
            hint = left[0] if len(left) == 1 else tuple(left)
        found[field.name] = hint
    return MappingProxyType(found)


def _record(kind: type, data: Any, path: str) -> Any:
    if not isinstance(data, Mapping):
        _fail(path, data, "names and values")
    known = field_types(kind)
    prefix = f"{path}." if path else ""
    for name in data:
        if name not in known:
            wanted = difflib.get_close_matches(str(name), known, 1) or [", ".join(known)]
            _fail(path, name, wanted[0] if len(wanted[0].split()) == 1 else f"one of {wanted[0]}")
    values = {
        name: _value(known[name], value, f"{prefix}{name}", name) for name, value in data.items() if value is not None
    }
    for field in fields(kind):
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING:
            _fail(f"{prefix}{field.name}", None, "a value")
    return kind(**values)


def _value(kind: Any, value: Any, path: str, name: str) -> Any:
    if typing.get_origin(kind) is tuple:
        return _sequence(kind, value, path, name)
    if kind == (ShareLevel, int):
        is_word = isinstance(value, str) and not _is_number(value)
        return _enum(ShareLevel, value, path) if is_word else _number(value, path, name)
    if is_dataclass(kind) and isinstance(kind, type) and kind is not Slot:
        return _record(kind, value, path)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enum(kind, value, path)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(value, path, name)
    return _absent(value, path) if typing.get_origin(kind) is frozenset else _extra(value, path)


def _sequence(kind: Any, value: Any, path: str, name: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        _fail(path, value, "a list")
    inner = typing.get_args(kind)[0]
    found = [_value(inner, item, f"{path}[{at}]", name) for at, item in enumerate(value)]
    return tuple(sorted(set(found))) if name == "cpu_affinity" else tuple(found)


def _enum(kind: type[enum.Enum], value: Any, path: str) -> enum.Enum:
    by_word = {str(member.value): member for member in kind}
    found = by_word.get(value.value if isinstance(value, enum.Enum) else value) if isinstance(value, str) else None
    if found is None:
        _fail(path, value, "one of " + ", ".join(by_word))
    return found


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 19


def _number(value: Any, path: str, name: str) -> int:
    # Templates yield text.
    number = int(value) if isinstance(value, str) and _is_number(value) else value
    allowed = RANGES.get(name)
    wanted = str(allowed) if allowed else "a number"
    if not isinstance(number, int) or isinstance(number, bool) or (allowed and not allowed.holds(number)):
        _fail(path, value, wanted)
    return number


def _bool(value: Any, path: str, _name: str) -> bool:
    word = value.strip().lower() if isinstance(value, str) else ""
    if isinstance(value, bool) or word in _TRUE | _FALSE:
        return value if isinstance(value, bool) else word in _TRUE
    _fail(path, value, "true or false")


def _text(value: Any, path: str, name: str) -> str:
    if not isinstance(value, str):
        _fail(path, value, "text")
    try:
        if name in _UUIDS:
            return uuid_of(value)
        if name == "guest_id":
            # People know the API's ids as well: rhel9_64Guest.
            return words_of(str(value))
        return mac_of(value) if name == "mac" else str(value)
    except ValueError as exc:
        _fail(path, value, str(exc))


def _slot(value: Any, path: str, _name: str) -> Slot:
    try:
        return value if isinstance(value, Slot) else Slot.parse(str(value))
    except ValueError:
        _fail(path, value, "a slot such as scsi0:1 or ethernet0")


def _absent(value: Any, path: str) -> frozenset[str]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        _fail(path, value, "a list of slots")
    return frozenset(_absent_place(item, f"{path}[{at}]") for at, item in enumerate(value))


def _absent_place(value: Any, path: str) -> str:
    if value == "vnc":
        return "vnc"
    slot = _slot(value, path, "")
    if not any(is_slot_of(name, slot) for name in DEVICE_FIELDS):
        _fail(path, value, "a slot such as scsi0:1 or ethernet0")
    return str(slot)


def own_field_of(key: str) -> str | None:
    """Return the field that says what a key of a VMX says, so that it is not in ``extra``; None: there is none."""
    return _OWN_FIELDS.get(key.lower())


def _extra(value: Any, path: str) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        _fail(path, value, "names and values")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for key, text in value.items():
        place = f"{path}[{key}]"
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            _fail(place, key, "a key as a VMX has it: letters, digits, and any of _ : . - *")
        if key.lower() in seen:
            _fail(place, key, "a key that is not there yet; upper and lower case are the same")
        if not isinstance(text, str):
            _fail(place, text, "text")
        if own_field_of(key) is not None:
            _fail(place, key, f"the field {own_field_of(key)}")
        seen.add(key.lower())
        found[key] = text
    return MappingProxyType(found)


_READERS: Mapping[Any, Callable[[Any, str, str], Any]] = MappingProxyType(
    {str: _text, bool: _bool, int: _number, Slot: _slot}
)


def _check_slots(definition: VmDefinition) -> None:
    taken: dict[str, str] = {}
    for name in DEVICE_FIELDS:
        for at, device in enumerate(getattr(definition, name)):
            path, slot = f"{name}[{at}].slot", str(device.slot)
            if not is_slot_of(name, device.slot):
                _fail(path, slot, f"one of {slots_of(name)}")
            if slot in taken:
                _fail(path, slot, f"a slot that is free; {taken[slot]} has this one")
            if slot in definition.absent:
                _fail(path, slot, "a slot that is not called absent")
            taken[slot] = f"{name}[{at}]"
    if definition.vnc is not None and "vnc" in definition.absent:
        _fail("absent", "vnc", "no vnc, or no absent")
