# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
``<disk>`` and ``<controller>`` of libvirt's domain XML, read and written.

Law: a drive's place is its ``<address>``; the name of its target must agree, and stands in where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import DomainXmlError
from .definition import VmDefinition
from .domain_xml_words import BUSES, SCSI_MODELS, drive_order, is_disk_name, is_wide, slots_named, target_of
from .drives import Cdrom, CdromBacking, Controller, Disk, DiskMode, Floppy, FloppyBacking, ScsiModel
from .limits import is_slot_of, slots_of
from .slots import Slot
from .xml_tree import Element
from .xml_values import file_name, missing, needed_number, number, pick, wrong

_BUS_WORDS = {**{bus: bus for bus in BUSES}, "fdc": "fdc"}
_CACHES = {"writethrough": True, "default": None}
_CONTROLLERS = {"scsi": "scsi", "sata": "sata", "nvme": "nvme"}
# What a SCSI controller may be called in XML; "auto" is what the disks' own descriptors say, which text has not.
_MODEL_WORDS = {**SCSI_MODELS, "auto": ScsiModel.LSILOGIC}


@dataclass
class Drives:
    """The drives of a machine while its XML is read."""

    controllers: dict[Slot, Controller] = field(default_factory=dict)
    disks: list[Disk] = field(default_factory=list)
    cdroms: list[Cdrom] = field(default_factory=list)
    floppies: list[Floppy] = field(default_factory=list)


def read_drives(devices: Element) -> dict[str, Any]:
    """
    Read all ``<disk>`` and ``<controller>`` elements.

    Shape: the fields of VmDefinition that hold drives and controllers, in libvirt's order.
    """
    drives = Drives()
    for element in devices.all("controller"):
        _read_controller(element, drives)
    taken: dict[Slot, Element] = {}
    for element in devices.all("disk"):
        slot = _read_disk(element, drives)
        if slot in taken:
            raise DomainXmlError(f"{element.path} is at {slot}, as {taken[slot].path} is", path=element.path)
        taken[slot] = element
    return {
        "controllers": tuple(sorted(drives.controllers.values(), key=_controller_order)),
        "disks": tuple(sorted(drives.disks, key=drive_order)),
        "cdroms": tuple(sorted(drives.cdroms, key=drive_order)),
        "floppies": tuple(sorted(drives.floppies, key=lambda floppy: floppy.slot)),
    }


def _controller_order(controller: Controller) -> tuple[int, int]:
    return BUSES.index(controller.slot.kind), controller.slot.index


def _read_controller(element: Element, drives: Drives) -> None:
    kind = _CONTROLLERS.get(element.attributes.get("type", ""))
    if kind is None:
        return
    index = number(element, "index", 0, 3)
    if index is None:
        index = next(free for free in range(len(drives.controllers) + 1) if Slot(kind, free) not in drives.controllers)
    slot = Slot(kind, index)
    if slot in drives.controllers or not is_slot_of("controllers", slot):
        raise wrong(element, "index", f"one controller each of {slots_of('controllers')}", str(index))
    model = pick(element, "model", _MODEL_WORDS, None) if kind == "scsi" else None
    drives.controllers[slot] = Controller(slot=slot, model=model)


def _read_disk(element: Element, drives: Drives) -> Slot:
    device = pick(element, "device", {word: word for word in ("disk", "cdrom", "lun", "floppy")}, "disk")
    kind = pick(element, "type", {"file": "file", "block": "block"}, "file")
    slot = _slot(element, device)
    if device == "floppy":
        drives.floppies.append(_read_floppy(element, slot, kind))
    else:
        if slot.kind != "ide":
            _imply_controller(element, slot, drives)
        if device == "disk":
            drives.disks.append(_read_hard_disk(element, slot, kind))
        else:
            drives.cdroms.append(_read_cdrom(element, slot, kind, device))
    return slot


def _read_hard_disk(element: Element, slot: Slot, kind: str) -> Disk:
    if kind != "file":
        raise wrong(element, "type", "file, the only kind of disk that a VMX knows")
    driver = element.find("driver")
    cache = None
    if driver is not None:
        # On IDE libvirt does not look at it, so only what it writes itself is taken.
        is_free = slot.kind == "ide" and driver.attributes.get("cache") not in _CACHES
        cache = None if is_free else pick(driver, "cache", _CACHES, None)
    return Disk(
        slot=slot,
        file=_disk_file(element),
        mode=DiskMode.INDEPENDENT_NONPERSISTENT if element.find("transient") is not None else None,
        write_through=cache,
    )


def _read_cdrom(element: Element, slot: Slot, kind: str, device: str) -> Cdrom:
    if kind == "file":
        if device == "lun":
            raise wrong(element, "type", "block, for a device that is passed through")
        return Cdrom(slot=slot, backing=CdromBacking.ISO, file=_file(element))
    source = element.find("source")
    path = source.attributes.get("dev") if source is not None else None
    is_optional = source is not None and source.attributes.get("startupPolicy") == "optional"
    return Cdrom(
        slot=slot,
        backing=CdromBacking.HOST_RAW if device == "lun" else CdromBacking.HOST,
        device=path,
        auto_detect=True if is_optional and path is None else None,
    )


def _read_floppy(element: Element, slot: Slot, kind: str) -> Floppy:
    if kind == "file":
        return Floppy(slot=slot, backing=FloppyBacking.IMAGE, file=_file(element))
    source = element.find("source")
    device = source.attributes.get("dev") if source is not None else None
    return Floppy(slot=slot, backing=FloppyBacking.HOST, device=device)


def _file(element: Element) -> str | None:
    source = element.find("source")
    return file_name(source, "file") if source is not None and source.attributes.get("file") else None


def _disk_file(element: Element) -> str | None:
    name = _file(element)
    source = element.find("source")
    if source is not None and name is not None and not is_disk_name(name):
        raise wrong(source, "file", "the name of a .vmdk file")
    return name


def _slot(element: Element, device: str) -> Slot:
    """Find the place of a drive, by its address and the name of its target."""
    target = element.find("target")
    if target is None:
        raise missing(element, "target", "a target with dev and bus")
    name = target.attributes.get("dev", "")
    bus = pick(target, "bus", _BUS_WORDS, _guessed_bus(name))
    if (bus == "fdc") != (device == "floppy"):
        raise wrong(target, "bus", "fdc" if device == "floppy" else "scsi, sata, nvme or ide", bus)
    named = slots_named(name, bus)
    if not named:
        raise wrong(target, "dev", f"the name of a drive on bus {bus}, such as {target_of(_example(bus))}", name)
    address = element.find("address")
    slot = named[0] if address is None else _addressed(address, bus)
    class_ = {"fdc": "floppies"}.get(bus, "disks" if device == "disk" else "cdroms")
    if not is_slot_of(class_, slot):
        raise wrong(target, "dev", slots_of(class_), f"{name} ({slot})")
    if address is not None and slot not in named:
        if bus == "sata" and slot == _counted_by_six(named[0]):
            return named[0]
        raise wrong(target, "dev", f"{target_of(slot)}, which belongs to the address")
    return slot


def _counted_by_six(slot: Slot) -> Slot:
    # libvirt counts six units to a SATA controller when it makes up an address, so that its names alone are right.
    return Slot("sata", *divmod(slot.index * 30 + (slot.unit or 0), 6))


def _guessed_bus(name: str) -> str:
    return {"hd": "ide", "fd": "fdc", "nv": "nvme"}.get(name[:2], "scsi")


def _example(bus: str) -> Slot:
    return Slot("floppy", 0) if bus == "fdc" else Slot(bus, 0, 0)


def _addressed(address: Element, bus: str) -> Slot:
    if address.attributes.get("type") != "drive":
        raise wrong(address, "type", "drive")
    controller = number(address, "controller", 0, 99) or 0
    line = number(address, "bus", 0, 99) or 0
    unit = needed_number(address, "unit", 0, 9999)
    if bus == "ide":
        place, fixed = Slot("ide", line, unit), ("controller", controller)
    else:
        place, fixed = Slot(bus, controller, unit), ("bus", line)
    if bus == "fdc":
        place, fixed = Slot("floppy", unit), ("controller", controller or line)
    if fixed[1]:
        raise wrong(address, fixed[0], "0")
    return place


def _imply_controller(element: Element, slot: Slot, drives: Drives) -> None:
    """Add the controller that a drive hangs on, with the model that an older form of the XML gives to the drive."""
    place = Slot(slot.kind, slot.index)
    controller = drives.controllers.setdefault(place, Controller(slot=place))
    driver = element.find("driver")
    if slot.kind != "scsi" or driver is None or "name" not in driver.attributes:
        return
    model = _MODEL_WORDS.get(driver.attributes["name"].lower())
    if model is None:
        raise wrong(driver, "name", "a model of a SCSI controller: " + ", ".join(_MODEL_WORDS))
    if controller.model not in {None, model}:
        raise wrong(driver, "name", f"the model that {place} has already")
    drives.controllers[place] = replace(controller, model=model)


def write_drives(definition: VmDefinition) -> Iterator[Element]:
    """Yield the drives and then the controllers, in libvirt's order."""
    drives = sorted(_on_bus(definition), key=drive_order)
    wide = is_wide(drive.slot for drive in drives)
    for drive in drives:
        yield _write_disk(drive, wide) if isinstance(drive, Disk) else _write_cdrom(drive, wide)
    yield from map(_write_floppy, definition.floppies)
    yield from _write_controllers(definition)


def _write_controllers(definition: VmDefinition) -> Iterator[Element]:
    words = {model: word for word, model in SCSI_MODELS.items()}
    implied = {"fdc": bool(definition.floppies), "ide": any(drive.slot.kind == "ide" for drive in _on_bus(definition))}
    for kind in ("scsi", "sata", "fdc", "ide", "nvme"):
        if implied.get(kind):
            yield Element("controller", {"type": kind, "index": "0"})
        for controller in definition.controllers:
            if controller.slot.kind == kind:
                attributes = {"type": kind, "index": str(controller.slot.index)}
                if controller.model is not None:
                    attributes["model"] = words[controller.model]
                yield Element("controller", attributes)


def _on_bus(definition: VmDefinition) -> Iterator[Disk | Cdrom]:
    yield from definition.disks
    yield from definition.cdroms


def _write_disk(disk: Disk, wide: bool) -> Element:
    first = [Element("driver", {"cache": "writethrough"})] if disk.write_through else []
    last = [Element("transient")] if disk.mode is DiskMode.INDEPENDENT_NONPERSISTENT else []
    return _disk(disk.slot, ("file", "disk"), [*first, *_source("file", disk.file or None)], last, wide)


def _write_cdrom(cdrom: Cdrom, wide: bool) -> Element:
    last = [Element("readonly")]
    if cdrom.backing is CdromBacking.ISO:
        return _disk(cdrom.slot, ("file", "cdrom"), _source("file", cdrom.file or None), last, wide)
    source = _source("dev", cdrom.device)
    if cdrom.auto_detect and not source:
        source = [Element("source", {"startupPolicy": "optional"})]
    device = "lun" if cdrom.backing is CdromBacking.HOST_RAW else "cdrom"
    return _disk(cdrom.slot, ("block", device), source, last, wide)


def _write_floppy(floppy: Floppy) -> Element:
    if floppy.backing is FloppyBacking.HOST:
        return _disk(floppy.slot, ("block", "floppy"), _source("dev", floppy.device), [], wide=False)
    return _disk(floppy.slot, ("file", "floppy"), _source("file", floppy.file or None), [], wide=False)


def _source(name: str, value: str | None) -> list[Element]:
    return [Element("source", {name: value})] if value is not None else []


def _disk(slot: Slot, kind: tuple[str, str], first: list[Element], last: list[Element], wide: bool) -> Element:
    bus = "fdc" if slot.kind == "floppy" else slot.kind
    place = {"controller": slot.index, "bus": 0, "target": 0, "unit": slot.unit or 0}
    if bus == "ide":
        place |= {"controller": 0, "bus": slot.index}
    elif bus == "fdc":
        place |= {"controller": 0, "unit": slot.index}
    return Element(
        "disk",
        {"type": kind[0], "device": kind[1]},
        *first,
        Element("target", {"dev": target_of(slot, wide=wide), "bus": bus}),
        *last,
        Element("address", {"type": "drive", **{name: str(number) for name, number in place.items()}}),
    )
