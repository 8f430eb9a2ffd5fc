# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
VMX text and the model of a machine: read, written, and changed in place.

Laws:

* ``parse(format(d)) == d`` for any definition that states its hardware version and that a VMX can say.
* ``update(t, parse(t)) == t``: no change, no rewrite; ``parse(update(t, d)) == d``.
* Every entry of a text is a field, or stands in ``extra``, or is what a file of such a machine has anyway.
* What a VMX cannot say is NotRepresentable, never left out; what cannot be read is a VmxError with its place.
"""

from __future__ import annotations

from dataclasses import replace

from .._errors import VmxError
from .codec import NUMBER
from .convert_merge import carried_out
from .definition import DEVICE_FIELDS, VmDefinition
from .diff import Diff
from .keys import TABLES
from .keys_machine import RESOURCES
from .paths import FileNames
from .text import VmxText
from .vmx_found import Sorted
from .vmx_read import read
from .vmx_standing import UNSUPPORTED
from .vmx_write import Said, hardware_version_of, said

__all__ = ["UNSUPPORTED", "apply", "format", "parse", "update"]

_CONFIG_VERSION = 8


def parse(text: VmxText | str, names: FileNames | None = None) -> VmDefinition:
    """
    Read a machine.

    Returns:
        What is stated, devices in the order of their slots. ``extra`` holds every other entry as it stands, devices
        with ``present = "FALSE"`` included.

    Raises:
        VmxError: the text is no VMX that a host would take; ``line``, ``column`` and ``key`` say where.
    """
    text = VmxText.parse(text) if isinstance(text, str) else text
    everything = Sorted(text, names or FileNames())
    return read(everything, _versions(everything))


def _versions(everything: Sorted) -> int:
    """Return the hardware version of what is a VMX that we know."""
    for key in ("config.version", "virtualHW.version"):
        if key.lower() not in everything.own.entries:
            message = f"{key} is missing; every VMX has it"
            raise VmxError(message, line=1, column=1, key=key)
    if everything.own.look("config.version", NUMBER) != _CONFIG_VERSION:
        everything.own.wrong("config.version", f"wanted {_CONFIG_VERSION}")
    return int(everything.own.look("virtualhw.version", NUMBER, "hardware_version"))


def format(definition: VmDefinition, names: FileNames | None = None, *, hardware_version: int | None = None) -> VmxText:
    """
    Write a machine.

    Args:
        definition: What is to be said; what it leaves open, the VMX leaves open.
        names: How files are named.
        hardware_version: What to write for, instead of what the definition states; without both it is 20 (ESXi 8.0).

    Raises:
        NotRepresentable: a VMX, or a machine of this hardware version, cannot have it; ``field`` says what.
    """
    lines = _lines(definition, names or FileNames(), hardware_version)
    return VmxText.of((line.key, line.value) for line in lines.values())


def update(text: VmxText | str, definition: VmDefinition, names: FileNames | None = None) -> VmxText:
    """
    Change a text so that it says what the definition states, and nothing more; lines that need no change stay.

    A field that is not stated and a device that is not listed go from the text, and a device takes all of its keys
    with it. PCI bridges stay, once they are there.

    Raises:
        VmxError: the text is no VMX.
        NotRepresentable: as ``format``.
    """
    text = VmxText.parse(text) if isinstance(text, str) else text.copy()
    names = names or FileNames()
    have = parse(text, names)
    if definition.hardware_version is None:
        definition = replace(definition, hardware_version=have.hardware_version)
    before, after = _lines(have, names), _lines(definition, names)
    changed = [key for key in after if key not in before or before[key].value != after[key].value]
    types = (key for key in map(_type_key, changed) if key in after and not after[key].standing)
    changed += [key for key in types if key not in text]
    gone = [key for key, line in before.items() if key not in after and not (line.standing and _is_lasting(key))]
    for key in changed:
        text.set(after[key].key, after[key].value)
    for key in (*gone, *_keys_of_devices(_gone(have, definition), text, after)):
        text.remove(key)
    _keep_in_step(text, {*changed, *gone}, after)
    return text


def apply(text: VmxText | str, diff: Diff, names: FileNames | None = None) -> VmxText:
    """
    Carry a diff over to a text, whatever else the text says.

    Raises:
        VmxError: the text is no VMX.
        NotRepresentable: as ``format``.
    """
    text = VmxText.parse(text) if isinstance(text, str) else text
    return update(text, carried_out(parse(text, names), diff), names)


def _lines(definition: VmDefinition, names: FileNames, hardware_version: int | None = None) -> dict[str, Said]:
    """Return all lines by their keys in lower case; ``extra`` overrides what goes without saying, and nothing else."""
    lines: dict[str, Said] = {}
    for line in said(definition, names, hardware_version_of(definition, hardware_version)):
        lines.setdefault(line.key.lower(), line)
    for key, value in definition.extra.items():
        there = lines.get(key.lower())
        if there is None or there.standing:
            lines[key.lower()] = Said(key, value)
    return lines


def _type_key(key: str) -> str:
    # Where a type is missing, the name of a file stands in for it, and another name may not.
    return key.removesuffix("filename") + "devicetype" if key.endswith(".filename") else ""


def _is_lasting(key: str) -> bool:
    # Cards and controllers that are no SCSI controllers need the bridges as well.
    return key.startswith(("pcibridge", "vmci0.", ".encoding"))


def _gone(have: VmDefinition, definition: VmDefinition) -> list[str]:
    """Return what begins the keys of the slots that become empty, in lower case."""
    kept = {device.slot for device in definition.devices()}
    return [
        TABLES[name].place(device.slot).lower()
        for name in DEVICE_FIELDS
        for device in getattr(have, name)
        if device.slot not in kept
    ]


def _keys_of_devices(places: list[str], text: VmxText, after: dict[str, Said]) -> list[str]:
    """Return the keys of devices that went, unless a definition says of one that it is not present."""
    prefixes = [
        prefix for place in places if f"{place}.present" not in after for prefix in (f"{place}.", f"sched.{place}.")
    ]
    return [key for key in text if prefixes and key.lower().startswith(tuple(prefixes))]


def _keep_in_step(text: VmxText, touched: set[str], after: dict[str, Said]) -> None:
    """Let the aliases of what was changed say the same, where the text has them."""
    for row in RESOURCES.rows:
        for alias in row.aliases:
            if alias in text and row.key.lower() in touched and alias.lower() not in after:
                line = after.get(row.key.lower())
                if line is None:
                    text.remove(alias)
                else:
                    text.set(alias, line.value)
