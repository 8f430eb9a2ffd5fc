# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A three-way merge of definitions, and what libvirt adds to a machine that comes from XML alone.

Laws: what did not change in XML stays as the base has it; what changed is as XML has it now, removed things too;
whatever XML cannot say survives with the device it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from .definition import DEVICE_FIELDS, UuidAction, VmDefinition
from .devices import Endpoint, MacType, Nic, PortBacking, SerialPort, SharedFolder
from .diff import Change, Diff, compare, patched
from .domain_xml_words import is_vpx, share_value
from .drives import Cdrom, CdromBacking
from .limits import SLOTS
from .slots import Slot

# Where XML tells devices by their order alone -> the field by which one is known again.
_ORDERED = {"nics": "mac", "shared_folders": "guest_name"}
# A model that is gone from a controller is none that was taken away: libvirt makes up controllers as it likes.
_KEPT = frozenset({"slot", "model"})
_KNOWN_STATIC = ("00:50:56:0", "00:50:56:1", "00:50:56:2", "00:50:56:3")


def merge(base: VmDefinition, then: VmDefinition, now: VmDefinition) -> VmDefinition:
    """
    Carry over to a machine what was changed in its XML.

    Args:
        base: The machine as its VMX says it.
        then: The same as the XML made of it said it.
        now: What the XML says now.
    """
    then, now = _placed(base, then), _placed(base, _known_again(then, _as_shown(then, now)))
    changes = [_completed_change(change) for change in compare(then, now, purge=True)]
    changes += _taken_away(then, now)
    added = {Slot.parse(change.parts[1] or "") for change in changes if _is_new_device(change)}
    in_the_way = (
        Change(f"{name}[{device.slot}]", device, None)
        for name in DEVICE_FIELDS
        for device in getattr(base, name)
        if device.slot in added
    )
    return carried_out(base, Diff((*in_the_way, *changes)))


def carried_out(have: VmDefinition, diff: Diff) -> VmDefinition:
    """Return a machine with changes carried out; a new device is not mixed with the remains of one that was there."""
    slots = [Slot.parse(change.parts[1] or "") for change in diff if _is_new_device(change)]
    there = {controller.slot for controller in have.controllers}
    buses = {Slot(slot.kind, slot.index) for slot in slots if slot.kind in {"scsi", "sata", "nvme"}} - there
    # With its controller, a drive that nobody saw would come back.
    places = [*(f"{slot}." for slot in (*slots, *buses)), *(f"{bus}:" for bus in buses)]
    remains = tuple(f"{front}{place}".lower() for place in places for front in ("", "sched."))
    stated = {(change.parts[1] or "").lower() for change in diff if change.parts[0] == "extra"}
    made = patched(have, diff)
    extra = {
        key: value for key, value in made.extra.items() if key.lower() in stated or not key.lower().startswith(remains)
    }
    return replace(made, extra=MappingProxyType(extra))


def _as_shown(then: VmDefinition, now: VmDefinition) -> VmDefinition:
    """
    Take back changes that are none.

    Shares whose number did not change keep their word, whatever the number of CPUs makes of it. A password that is
    not shown is not taken away: libvirt shows it on request only.
    """
    before, after = (
        None if one.cpu_shares is None else share_value(one.cpu_shares, one.cpus or 1) for one in (then, now)
    )
    vnc = now.vnc
    if vnc is not None and then.vnc is not None and vnc.password is None:
        vnc = replace(vnc, password=then.vnc.password)
    return replace(now, cpu_shares=then.cpu_shares if before == after else now.cpu_shares, vnc=vnc)


def _is_new_device(change: Change) -> bool:
    name, key, inner = change.parts
    return name in DEVICE_FIELDS and key is not None and inner is None and change.before is None


def _completed_change(change: Change) -> Change:
    return replace(change, after=completed_device(change.after)) if _is_new_device(change) else change


def _known_again(then: VmDefinition, now: VmDefinition) -> VmDefinition:
    """Number the devices of *now* that have no number of their own as those of *then* that they are."""
    values: dict[str, Any] = {}
    for name, mark in _ORDERED.items():
        kind, room = next(iter(SLOTS[name].items()))
        unmatched = {device.slot: device for device in getattr(then, name)}
        slots: dict[int, Slot] = {}
        for number, device in enumerate(getattr(now, name)):
            sign = getattr(device, mark)
            same = [slot for slot, other in unmatched.items() if sign is not None and getattr(other, mark) == sign]
            if same:
                slots[number] = same[0]
                del unmatched[same[0]]
        last = max((slot.index for slot in (*slots.values(), *unmatched)), default=-1)
        fresh = (Slot(kind, index) for index in range(last + 1, last + 1 + room.indexes))
        left = iter([*unmatched, *fresh])
        devices = [
            replace(device, slot=slots[number] if number in slots else next(left))
            for number, device in enumerate(getattr(now, name))
        ]
        values[name] = tuple(sorted(devices, key=lambda device: device.slot))
    return replace(now, **values)


def _placed(base: VmDefinition, other: VmDefinition) -> VmDefinition:
    """Give devices that XML numbers without gaps the slots that they have in the base."""
    values: dict[str, Any] = {}
    for name in _ORDERED:
        kind, room = next(iter(SLOTS[name].items()))
        taken = sorted(device.slot for device in getattr(base, name))
        free = [Slot(kind, index) for index in range(room.indexes) if Slot(kind, index) not in taken]
        slots = [*taken, *free]
        values[name] = tuple(replace(device, slot=slots[device.slot.index]) for device in getattr(other, name))
    return replace(other, **values)


def _taken_away(then: VmDefinition, now: VmDefinition) -> Iterator[Change]:
    """Find what was stated and is not any more, in the machine and in the devices that are still there."""
    for field in fields(then):
        before = getattr(then, field.name)
        if field.name in DEVICE_FIELDS:
            left = {device.slot: device for device in getattr(now, field.name)}
            for device in before:
                if device.slot in left:
                    kept = _KEPT if field.name == "controllers" else frozenset({"slot"})
                    yield from _gone(f"{field.name}[{device.slot}].", device, left[device.slot], kept)
        elif field.name in {"video", "vnc"}:
            after = getattr(now, field.name)
            if before is not None and after is not None:
                yield from _gone(f"{field.name}.", before, after, frozenset())
        elif before is not None and getattr(now, field.name) is None:
            yield Change(field.name, before, None)


def _gone(prefix: str, then: Any, now: Any, kept: frozenset[str]) -> Iterator[Change]:
    for field in fields(then):
        before = getattr(then, field.name)
        if before is not None and getattr(now, field.name) is None and field.name not in kept:
            yield Change(f"{prefix}{field.name}", before, None)


def completed(definition: VmDefinition) -> VmDefinition:
    """
    Add to a machine from XML what libvirt adds when it writes a VMX.

    A machine without a UUID gets one at its first start; controllers without a drive and empty descriptions are left
    out; a drive of the host that is none is an empty one; and what :func:`completed_device` adds to devices.
    """
    slots = (*(disk.slot for disk in definition.disks), *(cdrom.slot for cdrom in definition.cdroms))
    used = {Slot(slot.kind, slot.index) for slot in slots}
    return replace(
        definition,
        uuid_action=definition.uuid_action or (UuidAction.CREATE if definition.uuid is None else None),
        annotation=definition.annotation or None,
        controllers=tuple(one for one in definition.controllers if one.slot in used),
        cdroms=tuple(map(completed_device, definition.cdroms)),
        nics=tuple(map(completed_device, definition.nics)),
        serial_ports=tuple(map(completed_device, definition.serial_ports)),
        shared_folders=tuple(map(completed_device, definition.shared_folders)),
    )


def completed_device(device: Any) -> Any:
    """Add to a device from XML what libvirt adds: who chose a MAC address, the end of a pipe, and such."""
    if isinstance(device, Nic):
        return _completed_nic(device)
    if isinstance(device, SerialPort):
        if device.backing is PortBacking.PIPE:
            endpoint = device.endpoint or Endpoint.CLIENT
            device = replace(device, endpoint=endpoint, no_rx_loss=bool(device.no_rx_loss))
        return replace(device, yield_on_poll=True if device.yield_on_poll is None else device.yield_on_poll)
    if isinstance(device, Cdrom) and device.device is None and not device.auto_detect:
        return replace(device, backing=CdromBacking.ISO)
    if isinstance(device, SharedFolder):
        return replace(device, readable=True if device.readable is None else device.readable)
    return device


def _completed_nic(nic: Nic) -> Nic:
    """Say who chose the MAC address by the range it is in, and that the host is not to mind one of no range."""
    mac = nic.mac
    if mac is None:
        return replace(nic, mac_type=nic.mac_type or MacType.GENERATED)
    kind, check = MacType.STATIC, None
    if mac.startswith("00:0c:29:"):
        kind = MacType.GENERATED
    elif is_vpx(mac):
        kind = MacType.VPX
    elif not mac.startswith(_KNOWN_STATIC):
        check = False
    if nic.mac_type is not None:
        kind = nic.mac_type
        check = check if kind is MacType.STATIC else None
    return replace(nic, mac_type=kind, mac_check=check if nic.mac_check is None else nic.mac_check)
