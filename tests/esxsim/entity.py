# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all entities of the inventory have in common, and how data objects are made from others."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from . import api, paths
from .managed import ManagedObject, wsdl_type

NAMES = uuid.UUID("6f0b1f0e-52a5-4d3c-8a5e-0d5f3c5e51a0")
ENTITY_LISTS = (
    *("value", "customValue", "availableField", "configIssue", "permission", "disabledMethod", "recentTask"),
    *("declaredAlarmState", "triggeredAlarmState", "tag"),
)


class Entity(ManagedObject):
    """
    A managed object whose properties may be made when they are first read.

    ``initial`` makes them; what it returns is kept. ``common`` are values that all objects of the class share.
    """

    common: ClassVar[dict[str, Any]] = {
        **{name: [] for name in ENTITY_LISTS},
        "effectiveRole": [-1],
        "overallStatus": "green",
        "configStatus": "green",
    }

    def initial(self, name: str) -> Any:
        """Make the first value of a top-level property; None: it is unset."""
        return self.common.get(name)

    def set(self, path: str, value: Any) -> None:
        self._top(paths.split(path)[0].name)
        super().set(path, value)

    def _top(self, name: str) -> Any:
        if name not in self._state and name not in self.derive:
            value = self.initial(name)
            if value is not None:
                self._state[name] = value
        return super()._top(name)


def like(model: Any, **changes: Any) -> Any:
    """
    Copy a data object with other values in some fields.

    Much faster than a constructor, which looks at each of a hundred fields; the values are not checked.
    """
    copy = paths.shallow(model)
    copy.__dict__.update(changes)
    return copy


def stated(value: Any) -> dict[str, Any]:
    """The fields of a data object that say something: neither unset nor an empty list."""
    return {
        name: one
        for name, one in vars(value).items()
        if one is not None and not (isinstance(one, list) and not one) and not name.startswith("dynamic")
    }


def filled(cls: Any, **fields: Any) -> Any:
    """Make a data object whose required flags are false and whose required numbers are 0 where nothing is given."""
    required = {
        info.name: info.type()
        for info in paths.fields(cls).values()
        if not info.flags & api.support.F_OPTIONAL and issubclass(info.type, (bool, int)) and info.name not in fields
    }
    return cls(**required, **fields)


def plain(type_name: str, moid: str, **properties: Any) -> ManagedObject:
    """Make an object that has properties and no methods."""
    wsdl_type(type_name)
    cls = type(type_name, (Plain,), {"type_name": type_name})
    made: ManagedObject = cls(moid, **properties)
    return made


class Plain(Entity):
    """An object without methods of its own; lists that nobody sets are empty."""

    common: ClassVar[dict[str, Any]] = {}

    def initial(self, name: str) -> Any:
        return [] if issubclass(self.info(name).type, list) else None


def stable_uuid(*words: object) -> str:
    """Make the UUID that belongs to some words: always the same."""
    return str(uuid.uuid5(NAMES, "/".join(map(str, words))))
