# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is to be done so that a machine is as wanted: one comparison, for the report and for the request.

Laws: what is not stated is not compared; what was reported is what is sent; ``compare(have, have)`` finds nothing, and
neither does ``compare(patched(have, diff), want)``. The order of the changes depends on the two definitions alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from .data import plain
from .definition import DEVICE_FIELDS, Device, VmDefinition
from .devices import PortBacking, Video, Vnc
from .drives import Cdrom, CdromBacking, Disk, Floppy, FloppyBacking
from .pci import same_address, same_devices
from .slots import Slot

SECRETS = frozenset({"vnc.password"})
# Keys of a VMX whose values nobody shall read over a shoulder; the second is a password in a form of its own.
_SECRET_KEYS = re.compile(r".*(?:passw(?:or)?d|passphrase|secret|token)|remotedisplay\.vnc\.key", re.IGNORECASE)
_PATH = re.compile(r"(\w+)(?:\[(.*)\])?(?:\.(\w+))?", re.DOTALL)
_SKIPPED = frozenset({*DEVICE_FIELDS, "absent", "extra", "vnc"})
_ANY_CASE = frozenset({"guest_id", "uuid", "instance_uuid", "location_uuid", "generation_id", "mac", "switch_uuid"})

# Fields of devices of the host that a VMX and the API spell each in its own way.
_IN_OTHER_WORDS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {"address": same_address, "allowed_devices": same_devices}
)

# What belongs to one kind of backing alone, and goes when another one comes.
_OF_BACKING: Mapping[Any, frozenset[str]] = MappingProxyType(
    {
        CdromBacking.ISO: frozenset({"file"}),
        CdromBacking.HOST: frozenset({"device", "auto_detect"}),
        CdromBacking.HOST_RAW: frozenset({"device", "auto_detect"}),
        CdromBacking.CLIENT: frozenset(),
        FloppyBacking.IMAGE: frozenset({"file"}),
        FloppyBacking.HOST: frozenset({"device"}),
        FloppyBacking.CLIENT: frozenset(),
        PortBacking.DEVICE: frozenset({"path"}),
        PortBacking.FILE: frozenset({"path"}),
        PortBacking.PIPE: frozenset({"path", "endpoint", "no_rx_loss"}),
        PortBacking.NETWORK: frozenset({"path", "endpoint", "proxy"}),
        PortBacking.THINPRINT: frozenset(),
    }
)
_BACKED = frozenset().union(*_OF_BACKING.values())
_EMPTY: Mapping[str, Any] = MappingProxyType({"video": Video, "vnc": Vnc})
# The ways to connect a network card, of which it has one.
_CONNECTIONS = ("network", "distributed_port", "opaque_network_id")


@dataclass(frozen=True)
class Change:
    """
    One thing that differs.

    ``path`` is ``memory_mib``, ``video.ram_kib``, ``disks[scsi0:1]`` (the device as a whole comes or goes),
    ``disks[scsi0:1].mode`` or ``extra[tools.foo]``. ``before`` and ``after`` are the hub's values; None is *not there*.
    """

    path: str
    before: Any
    after: Any

    @property
    def parts(self) -> tuple[str, str | None, str | None]:
        """The path as field of VmDefinition, what stands in brackets, and field of the device or of the value."""
        found = _PATH.fullmatch(self.path)
        if found is None:
            raise ValueError(f"{self.path!r} is no path of a change")
        name, key, inner = found.groups()
        return name, key, inner


@dataclass(frozen=True)
class Diff:
    """What is to be done; true when there is something."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def before(self) -> dict[str, Any]:
        """Return what was found of that which changes, as plain values for ``--diff``; secrets are masked."""
        return self._shown("before", "********")

    def after(self) -> dict[str, Any]:
        """Return what it becomes, as plain values for ``--diff``; secrets are masked."""
        return self._shown("after", "******** (new)")

    def _shown(self, side: str, mask: str) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for change in self.changes:
            value = getattr(change, side)
            if value is None:
                continue
            place, last = shown, ""
            for step in (part for part in change.parts if part is not None):
                place = place.setdefault(last, {}) if last else place
                last = step
            value = plain(value)
            name, key, _inner = change.parts
            if change.path in SECRETS or (name == "extra" and is_secret(key or "")):
                value = mask
            elif change.path == "vnc" and "password" in value:
                value["password"] = mask
            place[last] = value
        return shown


def is_secret(key: str) -> bool:
    """Whether the value of a key of a VMX is never shown."""
    return _SECRET_KEYS.fullmatch(key) is not None


def compare(have: VmDefinition, want: VmDefinition, *, purge: bool = False, purge_extra: bool | None = None) -> Diff:
    """
    Find out what is to be done so that *have* becomes what *want* states.

    Args:
        have: The machine as it was found.
        want: What is stated of it; None is not compared, devices are matched by slot, ``absent`` is removed.
        purge: Whether devices that *want* does not list are removed. A controller that holds a listed device stays.
        purge_extra: The same for ``extra``; None: as *purge*.
    """
    changes = [*_values("", have, want, _SKIPPED), *_vnc(have, want, purge=purge)]
    gone = _gone(have, want, purge=purge)
    changes += [Change(path, device, None) for path, device in gone.items()]
    for name in DEVICE_FIELDS:
        found = {device.slot: device for device in getattr(have, name) if _path(name, device.slot) not in gone}
        for device in sorted(getattr(want, name), key=_by_slot):
            path = _path(name, device.slot)
            other = found.get(device.slot)
            changes += [Change(path, None, device)] if other is None else _device(path, other, device)
    changes += _extra(have.extra, want.extra, purge=purge if purge_extra is None else purge_extra)
    return Diff(tuple(changes))


def patched(have: VmDefinition, diff: Diff) -> VmDefinition:
    """Return *have* with the changes carried out; ``before`` is not looked at, so that a diff can be moved over."""
    values: dict[str, Any] = {}
    extra = dict(have.extra)
    devices = {name: {device.slot: device for device in getattr(have, name)} for name in DEVICE_FIELDS}
    for change in diff:
        name, key, inner = change.parts
        if name == "extra":
            _put_extra(extra, key or "", change.after)
        elif key is not None:
            _put_device(devices[name], Slot.parse(key), inner, change)
        elif inner is not None:
            held = values.get(name, getattr(have, name))
            values[name] = replace(held or _EMPTY[name](), **{inner: change.after})
        else:
            values[name] = change.after
    for name, held in devices.items():
        slots = held if list(held) == [device.slot for device in getattr(have, name)] else sorted(held)
        values[name] = tuple(held[slot] for slot in slots)
    return replace(have, **values, extra=MappingProxyType(extra))


def _put_extra(extra: dict[str, str], key: str, value: str | None) -> None:
    spelling = next((name for name in extra if name.lower() == key.lower()), key)
    if value is None:
        extra.pop(spelling, None)
    else:
        extra[spelling] = value


def _put_device(devices: dict[Slot, Any], slot: Slot, inner: str | None, change: Change) -> None:
    if inner is None:
        devices.pop(slot, None)
        if change.after is not None:
            devices[slot] = change.after
    elif slot in devices:
        devices[slot] = replace(devices[slot], **{inner: change.after})


def _path(name: str, slot: Slot) -> str:
    return f"{name}[{slot}]"


def _by_slot(device: Device) -> Slot:
    return device.slot


def _values(prefix: str, have: Any, want: Any, skipped: frozenset[str] = frozenset()) -> Iterator[Change]:
    for field in fields(want):
        wanted = getattr(want, field.name)
        if wanted is None or field.name in skipped:
            continue
        found = getattr(have, field.name)
        path = f"{prefix}{field.name}"
        if field.name == "video":
            yield from _values("video.", found or type(wanted)(), wanted)
        elif not _same(field.name, found, wanted):
            yield Change(path, found, wanted)


def _same(name: str, found: Any, wanted: Any) -> bool:
    if is_dataclass(wanted) and isinstance(found, type(wanted)):
        return not any(_values("", found, wanted))
    if name in _ANY_CASE and isinstance(found, str):
        return found.lower() == str(wanted).lower()
    in_other_words = _IN_OTHER_WORDS.get(name)
    if in_other_words is not None and isinstance(found, str) and isinstance(wanted, str):
        return in_other_words(found, wanted)
    return bool(found == wanted)


def _vnc(have: VmDefinition, want: VmDefinition, *, purge: bool) -> Iterator[Change]:
    if want.vnc is None:
        if have.vnc is not None and (purge or "vnc" in want.absent):
            yield Change("vnc", have.vnc, None)
    elif have.vnc is None:
        yield Change("vnc", None, want.vnc)
    else:
        yield from _values("vnc.", have.vnc, want.vnc)


def _gone(have: VmDefinition, want: VmDefinition, *, purge: bool) -> dict[str, Device]:
    """Find the devices that go: called absent, on a controller that goes, in the way of another class, purged."""
    listed = {device.slot: name for name in DEVICE_FIELDS for device in getattr(want, name)}
    held = {Slot(slot.kind, slot.index) for slot in listed if slot.unit is not None}
    gone: dict[str, Device] = {}
    for name in DEVICE_FIELDS:
        for device in sorted(getattr(have, name), key=_by_slot):
            slot = device.slot
            if str(slot) in want.absent or str(Slot(slot.kind, slot.index)) in want.absent:
                goes = True
            elif slot in listed:
                goes = listed[slot] != name
            else:
                goes = purge and not (name == "controllers" and slot in held)
            if goes:
                gone[_path(name, slot)] = device
    return gone


def _device(path: str, have: Any, want: Any) -> Iterator[Change]:
    want = _implied(have, want)
    backing = getattr(want, "backing", None)
    stale: frozenset[str] = frozenset()
    if backing is not None and backing != have.backing:
        stale = _BACKED - _OF_BACKING[backing]
    for field in fields(want):
        found, wanted = getattr(have, field.name), getattr(want, field.name)
        inner = f"{path}.{field.name}"
        if wanted is None:
            if found is not None and (field.name in stale or _is_other_connection(field.name, want)):
                yield Change(inner, found, None)
        elif field.name == "file" and _is_file_in_use(have, found, wanted):
            continue
        elif not _same(field.name, found, wanted):
            yield Change(inner, found, wanted)


def _implied(have: Any, want: Any) -> Any:
    """State the backing that a drive must have when a file or a device is named alone."""
    if getattr(have, "backing", None) is None:
        return want
    if isinstance(want, Cdrom) and want.backing is None:
        if want.file:
            return replace(want, backing=CdromBacking.ISO)
        if (want.device or want.auto_detect) and have.backing not in {CdromBacking.HOST, CdromBacking.HOST_RAW}:
            return replace(want, backing=CdromBacking.HOST)
    elif isinstance(want, Floppy) and want.backing is None:
        if want.file:
            return replace(want, backing=FloppyBacking.IMAGE)
        if want.device:
            return replace(want, backing=FloppyBacking.HOST)
    return want


def _is_other_connection(name: str, want: Any) -> bool:
    """Whether a field of a network card says another connection than the one that is wanted."""
    return name in _CONNECTIONS and any(getattr(want, other, None) is not None for other in _CONNECTIONS)


def _is_file_in_use(have: Any, found: str | None, wanted: str) -> bool:
    """Whether the disk is the wanted one, with snapshots: its base must not be attached in place of its chain."""
    if not isinstance(have, Disk):
        return (found or "") == wanted
    return found == wanted or (have.delta is not None and have.base_file == wanted)


def _extra(have: Mapping[str, str], want: Mapping[str, str], *, purge: bool) -> Iterator[Change]:
    found = {key.lower(): (key, value) for key, value in have.items()}
    for key, wanted in want.items():
        spelling, value = found.pop(key.lower(), (key, ""))
        if not _same_text(value, wanted):
            yield Change(f"extra[{spelling}]", value or None, wanted or None)
    if purge:
        yield from (Change(f"extra[{key}]", value, None) for key, value in found.values())


def _same_text(found: str, wanted: str) -> bool:
    # A host writes "TRUE" where somebody asked for "true".
    return found == wanted or (wanted.lower() in {"true", "false"} and found.lower() == wanted.lower())
