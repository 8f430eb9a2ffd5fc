# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a host must have for a machine to be made or changed, looked for before anything is touched.

Law: nothing here changes anything, and check mode asks the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._errors import NotFound, PlanError
from .._flow.wording import listed
from .._vmx.definition import DEVICE_FIELDS, VmDefinition
from .._vmx.devices import PciDevice, PortBacking
from .._vmx.diff import Diff, patched
from .._vmx.drives import Disk, Provisioning
from .._vmx.paths import DatastorePath
from .._vmx.pci import place_of
from .environment import Advice, Environment, check_hardware
from .files import Files
from .properties import objects, read

if TYPE_CHECKING:
    from .connection import Session

KIB = 1024
_HARDWARE = {"HostSystem": ["hardware.pciDevice"]}
# Fields of devices that name something of the host.
_LOOKED_FOR: Mapping[str, Collection[str]] = {
    "disks": ("file",),
    "cdroms": ("file",),
    "floppies": ("file",),
    "nics": ("network", "distributed_port", "opaque_network_id"),
    "serial_ports": ("path", "backing"),
    "parallel_ports": ("path", "backing"),
    "pci_devices": ("address",),
}


def stated_by(have: VmDefinition, diff: Diff) -> VmDefinition:
    """
    Return what of a changed machine must be looked for on the host: devices that come, drives with another file, cards
    on another network, another guest id or hardware version.
    """
    want = patched(have, diff)
    new: dict[str, set[str]] = {name: set() for name in DEVICE_FIELDS}
    stated: dict[str, Any] = {}
    for change in diff:
        name, slot, inner = change.parts
        if name in ("hardware_version", "guest_id"):
            stated = {"hardware_version": want.hardware_version, "guest_id": want.guest_id}
        elif name in new and slot is not None and change.after is not None and _is_looked_for(name, inner):
            new[name].add(slot)
    for name, slots in new.items():
        stated[name] = tuple(device for device in getattr(want, name) if str(device.slot) in slots)
    known = {disk.slot for disk in have.disks}
    # A disk that gets another file is attached, whatever size it has.
    stated["disks"] = tuple(
        replace(disk, capacity_kib=None) if disk.slot in known else disk for disk in stated["disks"]
    )
    return VmDefinition(**stated)


def _is_looked_for(name: str, inner: str | None) -> bool:
    return inner is None or inner in _LOOKED_FOR.get(name, ())


class Checks:
    """The checks on one host; what was looked for once is not looked for again."""

    def __init__(self, session: Session, environment: Environment, files: Files) -> None:
        self._session = session
        self._environment = environment
        self._files = files
        self._known: dict[str, bool] = {}
        self._advice: dict[tuple[int | None, str | None], Advice] = {}

    def machine(self, want: VmDefinition) -> None:
        """
        Look for the networks, datastores and images of a machine, and whether the host knows such hardware.

        Raises:
            PlanError, NotFound: something cannot be, or is not there.
        """
        self._devices(want)
        self._hardware(want)

    def hardware(self, want: VmDefinition) -> Advice:
        """
        Ask what the host recommends for a machine's hardware; it is asked once.

        Raises:
            PlanError: it does not know such hardware, or such a guest.
        """
        asked = want.hardware_version, want.guest_id
        if asked not in self._advice:
            self._advice[asked] = check_hardware(self._session, self._environment, *asked)
        return self._advice[asked]

    def changes(self, have: VmDefinition, diff: Diff, home: DatastorePath) -> None:
        """
        Look for what the changes of a machine need; ``home`` is the directory of its VMX.

        Raises:
            PlanError, NotFound: something cannot be, or is not there.
        """
        want = stated_by(have, diff)
        self._devices(want)
        self.complete(want)
        self.disks(want, home)
        self._hardware(want)

    def _hardware(self, want: VmDefinition) -> None:
        if want.hardware_version is not None or want.guest_id is not None:
            self.hardware(want)

    def _devices(self, want: VmDefinition) -> None:
        self._environment.check_networks(nic.network for nic in want.nics if nic.network is not None)
        for nic in want.nics:
            if nic.distributed_port is not None and not self._session.is_vcenter:
                raise PlanError(
                    f"{nic.slot} is on the distributed switch {nic.distributed_port.switch_uuid}, and a host without "
                    f"vCenter has none: give 'network'; there are {listed(self._environment.networks)}"
                )
        drives: tuple[Any, ...] = (*want.disks, *want.cdroms, *want.floppies)
        places = [(drive.slot, drive.file) for drive in drives]
        ports: tuple[Any, ...] = (*want.serial_ports, *want.parallel_ports)
        places += [(port.slot, port.path) for port in ports if port.backing is PortBacking.FILE]
        for slot, file in places:
            if file and file.startswith("["):
                self._environment.datastore(datastore_path(file, str(slot)).datastore)
        self._passed_through([one for one in want.pci_devices if one.address is not None])
        self.there(drive.file for drive in drives[len(want.disks) :])

    def _passed_through(self, devices: Sequence[PciDevice]) -> None:
        rows = read(self._session, objects([self._environment.host]), _HARDWARE) if devices else []
        # Some servers do not tell, and then they judge for themselves.
        for known in (row.values["hardware.pciDevice"] for row in rows if "hardware.pciDevice" in row.values):
            places = {place_of(str(one.id)) for one in known}
            for device in devices:
                if place_of(device.address or "") not in places:
                    raise NotFound(
                        f"{device.slot}: the host has no PCI device {device.address}; "
                        f"there are {listed(one.id for one in known)}",
                        missing=[device.address],
                    )

    def complete(self, want: VmDefinition) -> None:
        """
        Make sure that the API can make devices; the text of a VMX may say less, or otherwise.

        Raises:
            PlanError: one does not say what it is connected to.
        """
        for nic in want.nics:
            if (nic.network, nic.distributed_port, nic.opaque_network_id) == (None, None, None):
                raise PlanError(f"{nic.slot} says no network to connect it to: give 'network'")
        for pci in want.pci_devices:
            if pci.address is None and pci.allowed_devices is None:
                raise PlanError(f"{pci.slot} says neither 'address' nor 'allowed_devices'")

    def there(self, files: Iterable[str | None]) -> None:
        """
        Look for files on datastores; other places of a host cannot be looked at.

        Raises:
            NotFound: some are not there; all of these are named.
        """
        on_datastores = [file for file in files if file and file.startswith("[")]
        missing = [file for file in on_datastores if not self._exists(file)]
        if missing:
            raise NotFound(f"there is no file {', '.join(missing)}", missing=missing)

    def is_attached(self, disk: Disk) -> bool:
        """Whether a disk of a wanted size is there already, so that it is attached and not made."""
        return bool(disk.file and disk.capacity_kib is not None and self._exists(disk.file))

    def disks(self, want: VmDefinition, home: DatastorePath) -> None:
        """
        Look for the files of disks that are attached, and for the space of those that are made.

        Raises:
            PlanError, NotFound: a disk says neither, its file is not there, or a datastore is too full.
        """
        for disk in want.disks:
            if disk.capacity_kib is None and not disk.file:
                raise PlanError(
                    f"disk {disk.slot} says neither 'file', to attach a disk that is there, nor 'capacity_kib', "
                    "to make a new one"
                )
        self.there(disk.file for disk in want.disks if disk.capacity_kib is None)
        self._space((disk for disk in want.disks if disk.capacity_kib is not None), home)

    def _space(self, disks: Iterable[Disk], home: DatastorePath) -> None:
        needed: dict[str, int] = {}
        for disk in disks:
            if disk.provisioning is not Provisioning.THIN:
                store = datastore_path(disk.file, str(disk.slot)).datastore if disk.file else home.datastore
                needed[store] = needed.get(store, 0) + (disk.capacity_kib or 0) * KIB
        for name, wanted in needed.items():
            free = self._environment.datastore(name).free_bytes
            if wanted > free:
                raise PlanError(
                    f"the disks need {wanted // KIB**2} MiB on the datastore '{name}', "
                    f"and it has {free // KIB**2} MiB free"
                )

    def _exists(self, file: str) -> bool:
        if file not in self._known:
            self._known[file] = self._files.exists(datastore_path(file, "file"))
        return self._known[file]


def attached(want: VmDefinition, slots: Collection[str]) -> VmDefinition:
    """Return *want* with the disks in these slots attached as they are: no file is made, and they grow later."""
    disks = (
        replace(disk, capacity_kib=None, provisioning=None) if str(disk.slot) in slots else disk for disk in want.disks
    )
    return replace(want, disks=tuple(disks))


def datastore_path(file: str, what: str) -> DatastorePath:
    """
    Read a path on a datastore; ``what`` names its owner.

    Raises:
        PlanError: it is none, or climbs out of its datastore.
    """
    try:
        return DatastorePath.parse(file)
    except ValueError as error:
        raise PlanError(f"{what}: {error}") from error
