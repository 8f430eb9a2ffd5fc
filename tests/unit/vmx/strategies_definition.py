# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What hypothesis draws of the hub: definitions of machines, with every field and every device.

``definitions()`` are those that a VMX can say; with ``beyond_vmx`` also what only the API or a wish can state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import (
    DEVICE_FIELDS,
    BootDevice,
    Firmware,
    LatencySensitivity,
    UuidAction,
    VmDefinition,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.devices import (
    DistributedPort,
    Endpoint,
    MacType,
    Nic,
    NicConnection,
    NicModel,
    ParallelPort,
    PciDevice,
    PortBacking,
    SerialPort,
    SharedFolder,
    UsbDevice,
    Video,
    Vnc,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import (
    BusSharing,
    Cdrom,
    CdromBacking,
    Controller,
    Disk,
    DiskMode,
    DiskSharing,
    Floppy,
    FloppyBacking,
    Provisioning,
    ScsiModel,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.limits import SLOTS, version_of
from ansible_collections.virt.esx.plugins.module_utils._vmx.slots import ShareLevel, Slot
from hypothesis import strategies as st

# Half a character cannot be in a file.
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, max_size=12)
WORDS = st.text("abcXYZ 019.-_|\"'%äß語", min_size=1, max_size=10)
FILE_NAMES = st.text("abcXYZ 019.-_ä", min_size=1, max_size=8).filter(lambda name: name.strip(" .") == name)
UUIDS = st.uuids().map(str)
MACS = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
AMOUNTS = st.integers(0, 2**40)
LIMITS = st.one_of(st.just(-1), AMOUNTS)
SHARES = st.one_of(st.sampled_from(ShareLevel), st.integers(0, 10**6))
BOOLS = st.booleans()


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _files(suffix: str) -> st.SearchStrategy[str]:
    return st.builds("[{}] {}/{}{}".format, FILE_NAMES, FILE_NAMES, FILE_NAMES, st.just(suffix))


def _is_in_the_way(value: str) -> bool:
    # These two names mean something else.
    return value.lower() in {"auto detect", "emptybackingstring"}


_DEVICE_NAMES = WORDS.filter(lambda name: not _is_in_the_way(name))

# The machine's own values; devices, secrets and what hangs together follow below.
OWN: Mapping[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "uuid": UUIDS,
    "instance_uuid": UUIDS,
    "location_uuid": UUIDS,
    "uuid_action": st.sampled_from(UuidAction),
    "generation_id": UUIDS.filter(lambda text: set(text) > {"0", "-"}),
    "annotation": TEXTS,
    "guest_id": WORDS,
    "cores_per_socket": st.integers(1, 64),
    "cpu_hot_add": BOOLS,
    "cpu_hot_remove": BOOLS,
    "cpu_reservation_mhz": AMOUNTS,
    "cpu_limit_mhz": LIMITS,
    "cpu_shares": SHARES,
    "nested_virtualization": BOOLS,
    "latency_sensitivity": st.sampled_from(LatencySensitivity),
    "memory_mib": st.integers(1, 2**20).map(lambda number: number * 4),
    "memory_hot_add": BOOLS,
    "memory_reservation_mib": AMOUNTS,
    "memory_limit_mib": LIMITS,
    "memory_shares": SHARES,
    "memory_reservation_locked": BOOLS,
    "firmware": st.sampled_from(Firmware),
    "secure_boot": BOOLS,
    "nvram": _files(".nvram"),
    "boot_order": st.lists(st.sampled_from(BootDevice), min_size=1, unique=True).map(tuple),
    "boot_delay_ms": st.integers(0, 10000),
    "enter_firmware_setup": BOOLS,
    "smbios_reflect_host": BOOLS,
    "usb2_controller": BOOLS,
    "usb3_controller": BOOLS,
    "tools_sync_time": BOOLS,
    "tools_upgrade_policy": WORDS,
    "change_tracking": BOOLS,
}

_PORT_FILE = {
    PortBacking.DEVICE: _DEVICE_NAMES,
    PortBacking.FILE: _files(""),
    PortBacking.PIPE: WORDS,
    PortBacking.NETWORK: WORDS,
    PortBacking.THINPRINT: WORDS,
}


def _some(kind: type[Any], values: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Draw a value of a class of which something is stated."""
    drawn = st.fixed_dictionaries({}, optional=dict(values)).filter(bool)
    return drawn.map(lambda stated: kind(**stated))


VIDEOS = _some(Video, {"ram_kib": st.integers(0, 2**20), "auto_detect": BOOLS, "displays": st.integers(1, 10)})
VNCS = st.builds(
    Vnc,
    port=_maybe(st.integers(5900, 5964)),
    listen=_maybe(WORDS),
    keymap=_maybe(WORDS),
    password=_maybe(WORDS),
)
DISTRIBUTED_PORTS = st.builds(
    DistributedPort,
    switch_uuid=UUIDS,
    portgroup_id=_maybe(WORDS),
    port_id=_maybe(st.integers(-1, 10**6)),
    connection_id=_maybe(st.integers(-(2**31), 2**31)),
)


@st.composite
def _cdroms(draw: st.DrawFn, slot: Slot) -> Cdrom:
    backing = draw(st.sampled_from(CdromBacking))
    values: dict[str, Any] = {"start_connected": draw(_maybe(BOOLS)), "auto_detect": draw(_maybe(BOOLS))}
    if backing is CdromBacking.ISO:
        values["file"] = draw(st.just("") | _files(".iso"))
    elif backing is CdromBacking.CLIENT or not values["auto_detect"]:
        passed = st.just("/vmfs/devices/cdrom/mpx.vmhba32:C0:T0:L0")
        values["device"] = draw(_maybe(_DEVICE_NAMES | passed))
    return Cdrom(slot=slot, backing=backing, **values)


@st.composite
def _floppies(draw: st.DrawFn, slot: Slot) -> Floppy:
    backing = draw(st.sampled_from(FloppyBacking))
    name = "file" if backing is FloppyBacking.IMAGE else "device"
    value = draw(_maybe(_files(".flp") if backing is FloppyBacking.IMAGE else WORDS))
    return Floppy(slot=slot, backing=backing, start_connected=draw(_maybe(BOOLS)), **{name: value})


@st.composite
def _ports(draw: st.DrawFn, slot: Slot) -> SerialPort | ParallelPort:
    is_serial = slot.kind == "serial"
    known = PortBacking if is_serial else (PortBacking.DEVICE, PortBacking.FILE)
    backing = draw(st.sampled_from(list(known)))
    values = {"path": draw(_maybe(_PORT_FILE[backing])), "start_connected": draw(_maybe(BOOLS))}
    if not is_serial:
        return ParallelPort(slot=slot, backing=backing, bidirectional=draw(_maybe(BOOLS)), **values)
    has_ends = backing in {PortBacking.PIPE, PortBacking.NETWORK}
    return SerialPort(
        slot=slot,
        backing=backing,
        endpoint=draw(_maybe(st.sampled_from(Endpoint))) if has_ends else None,
        proxy=draw(_maybe(WORDS)),
        no_rx_loss=draw(_maybe(BOOLS)),
        yield_on_poll=draw(_maybe(BOOLS)),
        **values,
    )


def _disks(slot: Slot, *, beyond_vmx: bool) -> st.SearchStrategy[Disk]:
    never = st.none()
    return st.builds(
        Disk,
        slot=st.just(slot),
        file=_files(".vmdk"),
        capacity_kib=_maybe(st.integers(1, 2**40)) if beyond_vmx else never,
        provisioning=_maybe(st.sampled_from(Provisioning)) if beyond_vmx else never,
        mode=_maybe(st.sampled_from(DiskMode)),
        write_through=_maybe(BOOLS),
        sharing=_maybe(st.sampled_from(DiskSharing)),
        change_tracking=_maybe(BOOLS),
        shares=_maybe(SHARES),
        iops_limit=_maybe(LIMITS),
    )


def _controllers(slot: Slot) -> st.SearchStrategy[Controller]:
    is_scsi = slot.kind == "scsi"
    return st.builds(
        Controller,
        slot=st.just(slot),
        model=_maybe(st.sampled_from(ScsiModel)) if is_scsi else st.none(),
        bus_sharing=_maybe(st.sampled_from(BusSharing)) if is_scsi else st.none(),
        pci_slot=_maybe(st.integers(-1, 4000)),
    )


def _nics(slot: Slot) -> st.SearchStrategy[Nic]:
    return st.builds(
        Nic,
        slot=st.just(slot),
        model=_maybe(st.sampled_from(NicModel)),
        network=_maybe(WORDS),
        connection=_maybe(st.sampled_from(NicConnection)),
        vnet=_maybe(WORDS),
        distributed_port=_maybe(DISTRIBUTED_PORTS),
        opaque_network_id=_maybe(WORDS),
        mac=_maybe(MACS),
        mac_type=_maybe(st.sampled_from(MacType)),
        mac_check=_maybe(BOOLS),
        start_connected=_maybe(BOOLS),
        wake_on_lan=_maybe(BOOLS),
        pci_slot=_maybe(st.integers(-1, 4000)),
    )


def _pci_devices(slot: Slot) -> st.SearchStrategy[PciDevice]:
    return st.builds(
        PciDevice,
        slot=st.just(slot),
        address=_maybe(WORDS),
        vendor_id=_maybe(st.integers(0, 0xFFFF)),
        device_id=_maybe(st.integers(0, 0xFFFF)),
        system_id=_maybe(WORDS),
        allowed_devices=_maybe(WORDS),
    )


def _folders(slot: Slot) -> st.SearchStrategy[SharedFolder]:
    return st.builds(
        SharedFolder,
        slot=st.just(slot),
        host_path=_maybe(WORDS),
        guest_name=_maybe(WORDS),
        readable=_maybe(BOOLS),
        writable=_maybe(BOOLS),
    )


def _usb_devices(slot: Slot) -> st.SearchStrategy[UsbDevice]:
    return st.builds(UsbDevice, slot=st.just(slot), path=WORDS)


def _slots(field: str, version: int) -> list[Slot]:
    """Return the slots that devices of a field may have, the edges first."""
    units: dict[str, tuple[int | None, ...]] = {
        "scsi": (0, 1, 6, 8, 15, 16, 63, 64),
        "sata": (0, 1, 29),
        "nvme": (0, 14, 15, 63),
        "ide": (0, 1),
    }
    found = [
        Slot(kind, index, unit)
        for kind, room in SLOTS[field].items()
        for index in (0, 1, 2, 3, room.indexes - 1)
        for unit in (units[kind] if room.units is not None else (None,))
    ]
    allowed = dict.fromkeys(slot for slot in found if SLOTS[field][slot.kind].holds(slot))
    return [slot for slot in allowed if version_of(slot) <= version]


_MAKERS: Mapping[str, Any] = {
    "controllers": _controllers,
    "cdroms": _cdroms,
    "floppies": _floppies,
    "nics": _nics,
    "serial_ports": _ports,
    "parallel_ports": _ports,
    "pci_devices": _pci_devices,
    "usb_devices": _usb_devices,
    "shared_folders": _folders,
}

# Keys that no field says, of devices that are not there too.
EXTRA_KEYS = st.sampled_from(
    [
        "disk.EnableUUID",
        "viv.moid",
        "guestinfo.a",
        "scsi3:5.redo",
        "tools.remindInstall",
        "svga.present",
        "sound.present",
    ]
)
EXTRAS = st.dictionaries(EXTRA_KEYS, st.text("abAB01 |;=#'ä", max_size=8), max_size=3)


@st.composite
def definitions(draw: st.DrawFn, *, beyond_vmx: bool = False) -> VmDefinition:
    """Draw a definition that a VMX of its hardware version can say."""
    version = draw(st.sampled_from([4, 7, 10, 13, 14, 17, 20, 21]))
    values: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=dict(OWN)))
    for name, since in _SINCE.items():
        if version < since:
            values.pop(name, None)
    if values.get("firmware") is Firmware.EFI and version >= _VTPM:
        values["vtpm"] = draw(_maybe(BOOLS))
    values["cpus"] = cpus = draw(_maybe(st.integers(1, 128)))
    affinity = st.lists(st.integers(0, 16383), unique=True, min_size=cpus or 1, max_size=(cpus or 1) + 3)
    values["cpu_affinity"] = draw(_maybe(st.just(()) | affinity.map(lambda found: tuple(sorted(found)))))
    values["video"], values["vnc"] = draw(_maybe(VIDEOS)), draw(_maybe(VNCS))
    values.update(_devices(draw, version, beyond_vmx=beyond_vmx))
    if beyond_vmx:
        free = [slot for name in DEVICE_FIELDS for slot in _slots(name, version)]
        taken = {device.slot for name in DEVICE_FIELDS for device in values[name]}
        places = st.sampled_from([str(slot) for slot in free if slot not in taken])
        values["absent"] = draw(st.frozensets(places, max_size=2))
    return VmDefinition(hardware_version=version, extra=draw(EXTRAS), **values)


def _devices(draw: st.DrawFn, version: int, *, beyond_vmx: bool) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    taken: set[Slot] = set()
    for name in ("disks", *_MAKERS):
        slots = draw(st.lists(st.sampled_from(_slots(name, version)), unique=True, max_size=3))
        devices = []
        for slot in sorted(set(slots) - taken):
            maker = _disks(slot, beyond_vmx=beyond_vmx) if name == "disks" else _MAKERS[name](slot)
            devices.append(draw(maker))
        taken |= set(slots)
        found[name] = tuple(devices)
    # What a drive hangs on is there.
    controllers = {controller.slot: controller for controller in found["controllers"]}
    for drive in (*found["disks"], *found["cdroms"]):
        slot = Slot(drive.slot.kind, drive.slot.index)
        if slot.kind != "ide":
            controllers.setdefault(slot, Controller(slot=slot))
    found["controllers"] = tuple(controllers[slot] for slot in sorted(controllers))
    return found


_SINCE = {"secure_boot": 13, "usb3_controller": 8, "change_tracking": 7, "cpu_hot_add": 7, "memory_hot_add": 7}
_VTPM = 14
