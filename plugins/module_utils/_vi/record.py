# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A data object of a reply that is read only where somebody looks: it costs nothing until a field is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

LIGHT = frozenset({"GuestNicInfo", "GuestDiskInfo", "GuestStackInfo"})
"""The data objects that are read like this: what many virtual machines have, and of which few fields are wanted."""

_Read = Callable[[Element, Any], Any]


class Record:
    """
    The fields of one data object, by the names that pyVmomi gives them; those that are not set are None.

    ``kind`` is pyVmomi's class of such an object, ``read`` makes a value of an element whose declared type is given.
    """

    __slots__ = ("_element", "_kind", "_read")

    def __init__(self, kind: Any, element: Element, read: _Read) -> None:
        self._kind = kind
        self._element = element
        self._read = read

    def __getattr__(self, name: str) -> Any:
        try:
            declared = self._kind._GetPropertyInfo(name).type
        except AttributeError:
            raise AttributeError(f"{self._kind.__name__} has no field '{name}'") from None
        found = self._element.findall(self._element.tag.rpartition("}")[0] + "}" + name)
        if issubclass(declared, list):
            return [self._value(one, declared.Item) for one in found]
        return self._value(found[0], declared) if found else None

    def _value(self, element: Element, declared: Any) -> Any:
        return (element.text or "") if declared is str else self._read(element, declared)
