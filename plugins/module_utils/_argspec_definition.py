# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The option ``definition``, made of the hub's dataclasses so that it cannot say anything else.

It stands apart from the other shared options: who does not need it shall not wait for the hub to be imported.
"""

from __future__ import annotations

import enum
import typing
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Final

from ._vmx.data import field_types
from ._vmx.definition import VmDefinition
from ._vmx.slots import Slot

_PLAIN: Final[Mapping[Any, str]] = {str: "str", int: "int", bool: "bool", Slot: "str"}
# Names that are a secret, and names that only sound like one.
_SECRET: Final = {"password": True, "keymap": False}


def options_of(kind: type) -> dict[str, dict[str, Any]]:
    """Return the options that say a dataclass of the hub: what is left out is not stated."""
    return {name: _option(name, hint) for name, hint in field_types(kind).items()}


def _option(name: str, hint: Any) -> dict[str, Any]:
    if hint is Slot:
        return {"type": "str", "required": True}
    if typing.get_origin(hint) in (tuple, frozenset):
        inner = _option("", typing.get_args(hint)[0])
        return {"type": "list", "elements": inner.pop("type"), **inner}
    if isinstance(hint, type) and is_dataclass(hint):
        return {"type": "dict", "options": options_of(hint)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"type": "str", "choices": [str(member.value) for member in hint]}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint], **({"no_log": _SECRET[name]} if name in _SECRET else {})}
    # Shares are a word or a number, so they come as text; what is left is a mapping.
    return {"type": "str" if isinstance(hint, tuple) else "dict"}


# Fragment virt.esx.definition: what a virtual machine is.
DEFINITION: Final[dict[str, dict[str, Any]]] = {"definition": {"type": "dict", "options": options_of(VmDefinition)}}
