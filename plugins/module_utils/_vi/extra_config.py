# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Fields of the hub that the API keeps among the keys of ``extraConfig``, both ways.

Source: vim.vm.ConfigInfo.extraConfig, vim.option.OptionValue; the keys are those of the VMX.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .._vmx.codec import BOOL, NUMBER, Codec, words
from .._vmx.data import own_field_of
from .._vmx.definition import UuidAction, VmDefinition
from .._vmx.devices import Vnc
from .._vmx.escaped import TEXT

# Field of VmDefinition -> key and codec.
_FIELDS: Mapping[str, tuple[str, Codec]] = {
    "smbios_reflect_host": ("smbios.reflectHost", BOOL),
    "uuid_action": ("uuid.action", words(UuidAction)),
    "nvram": ("nvram", TEXT),
}
_VNC_ENABLED = "RemoteDisplay.vnc.enabled"
# Field of Vnc -> key and codec.
_VNC: Mapping[str, tuple[str, Codec]] = {
    "port": ("RemoteDisplay.vnc.port", NUMBER),
    "listen": ("RemoteDisplay.vnc.ip", TEXT),
    "keymap": ("RemoteDisplay.vnc.keymap", TEXT),
    "password": ("RemoteDisplay.vnc.password", TEXT),
}
# Our own note in a machine that is off for a change and shall be started again, should we be killed meanwhile. Its
# value is the path of the VMX, so that no copy of the machine takes it for its own.
CYCLED = "virt.esx.powerCycle"
_KEYS = frozenset(
    key.lower() for key, _codec in (*_FIELDS.values(), *_VNC.values(), (_VNC_ENABLED, BOOL), (CYCLED, TEXT))
)


def read_extra(options: Sequence[Any]) -> dict[str, Any]:
    """Return fields of VmDefinition, ``extra`` among them, from ``extraConfig``."""
    entries = {str(option.key): str(option.value) for option in options}
    by_key = {key.lower(): value for key, value in entries.items()}
    found: dict[str, Any] = {name: _read(by_key, key, codec) for name, (key, codec) in _FIELDS.items()}
    if _read(by_key, _VNC_ENABLED, BOOL):
        found["vnc"] = Vnc(**{name: _read(by_key, key, codec) for name, (key, codec) in _VNC.items()})
    # What has a property is told by that, though a host lists some of these keys too.
    rest = {
        key: value
        for key, value in entries.items()
        if key.lower() not in _KEYS and own_field_of(key) is None and value != ""
    }
    found["extra"] = MappingProxyType(rest)
    return found


def is_cycled(options: Sequence[Any], vmx_path: str) -> bool:
    """Tell whether the machine of a VMX has been shut down for a change and shall be started again."""
    return any(str(option.key) == CYCLED and str(option.value) == vmx_path for option in options)


def _read(by_key: Mapping[str, str], key: str, codec: Codec) -> Any:
    value = by_key.get(key.lower(), "")
    try:
        return codec.read(value) if value else None
    except ValueError:
        # A host takes any text for a key; one that means nothing is as good as none.
        return None


def extra_entries(want: VmDefinition, changed: Sequence[str]) -> dict[str, str]:
    """Return the entries that say those of the ``changed`` fields that have no property; "" takes one away."""
    entries: dict[str, str] = {}
    for name, (key, codec) in _FIELDS.items():
        if name in changed:
            value = getattr(want, name)
            entries[key] = "" if value is None else codec.write(value)
    if "vnc" in changed:
        entries[_VNC_ENABLED] = "" if want.vnc is None else "TRUE"
        for name, (key, codec) in _VNC.items():
            value = None if want.vnc is None else getattr(want.vnc, name)
            entries[key] = "" if value is None else codec.write(value)
    return entries
