# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a virtual machine is: the hub between VMX, domain XML, the API and the options of our modules.

Laws: one type for what is wanted and what is found, and ``None`` means *not stated*; a unit is part of its field's
name; what has no field is kept in ``extra``. Nothing here knows a text format, the API or Ansible.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Union

from .devices import Nic, ParallelPort, PciDevice, SerialPort, SharedFolder, UsbDevice, Video, Vnc
from .drives import Cdrom, Controller, Disk, Floppy
from .slots import Shares

Device = Union[Controller, Disk, Cdrom, Floppy, Nic, SerialPort, ParallelPort, PciDevice, UsbDevice, SharedFolder]

# Fields of VmDefinition that hold devices, in the order in which they are listed.
DEVICE_FIELDS = (
    "controllers",
    "disks",
    "cdroms",
    "floppies",
    "nics",
    "serial_ports",
    "parallel_ports",
    "pci_devices",
    "usb_devices",
    "shared_folders",
)


class Firmware(str, enum.Enum):
    """What the machine starts with."""

    BIOS = "bios"
    EFI = "efi"


class UuidAction(str, enum.Enum):
    """
    What the host does about the UUID of a machine that was moved or copied, instead of asking.

    ``create`` makes a new one at the first power-on, ``keep`` never does, ``change`` does so when the file was moved.
    """

    CREATE = "create"
    KEEP = "keep"
    CHANGE = "change"


class LatencySensitivity(str, enum.Enum):
    """How much the scheduler does for low latency; VMX ``sched.cpu.latencySensitivity``."""

    LOW = "low"
    NORMAL = "normal"
    MEDIUM = "medium"
    HIGH = "high"


class BootDevice(str, enum.Enum):
    """A kind of device to start from, in the words of VMX ``bios.bootOrder``."""

    CDROM = "cdrom"
    DISK = "hdd"
    FLOPPY = "floppy"
    NIC = "ethernet0"


@dataclass(frozen=True, kw_only=True)
class VmDefinition:
    """
    One virtual machine, wanted or found.

    Source: vim.vm.ConfigInfo; the VMX file; libvirt ``<domain type='vmware'>``.
    """

    name: str | None = None
    uuid: str | None = None  # VMX uuid.bios, vSphere config.uuid; 8-4-4-4-12, lower case
    instance_uuid: str | None = None  # VMX vc.uuid, vSphere config.instanceUuid
    location_uuid: str | None = None  # VMX uuid.location
    uuid_action: UuidAction | None = None
    generation_id: str | None = None  # VMX vm.genid and vm.genidX as one UUID
    annotation: str | None = None
    guest_id: str | None = None  # in the words of VMX guestOS: "rhel9-64"; see guest_ids
    hardware_version: int | None = None

    cpus: int | None = None
    cores_per_socket: int | None = None
    cpu_hot_add: bool | None = None
    cpu_hot_remove: bool | None = None
    cpu_reservation_mhz: int | None = None
    cpu_limit_mhz: int | None = None  # -1: unlimited
    cpu_shares: Shares | None = None
    cpu_affinity: tuple[int, ...] | None = None  # numbers of the host's CPUs, ascending; (): all
    nested_virtualization: bool | None = None
    latency_sensitivity: LatencySensitivity | None = None

    memory_mib: int | None = None
    memory_hot_add: bool | None = None
    memory_reservation_mib: int | None = None
    memory_limit_mib: int | None = None  # -1: unlimited
    memory_shares: Shares | None = None
    memory_reservation_locked: bool | None = None

    firmware: Firmware | None = None
    secure_boot: bool | None = None
    nvram: str | None = None  # as Disk.file
    vtpm: bool | None = None
    boot_order: tuple[BootDevice, ...] | None = None
    boot_delay_ms: int | None = None
    enter_firmware_setup: bool | None = None
    smbios_reflect_host: bool | None = None

    usb2_controller: bool | None = None
    usb3_controller: bool | None = None
    video: Video | None = None
    vnc: Vnc | None = None  # found: None when there is none
    tools_sync_time: bool | None = None
    tools_upgrade_policy: str | None = None  # "manual" or "upgradeAtPowerCycle"
    change_tracking: bool | None = None  # VMX ctkEnabled

    controllers: tuple[Controller, ...] = ()
    disks: tuple[Disk, ...] = ()
    cdroms: tuple[Cdrom, ...] = ()
    floppies: tuple[Floppy, ...] = ()
    nics: tuple[Nic, ...] = ()
    serial_ports: tuple[SerialPort, ...] = ()
    parallel_ports: tuple[ParallelPort, ...] = ()
    pci_devices: tuple[PciDevice, ...] = ()
    usb_devices: tuple[UsbDevice, ...] = ()
    shared_folders: tuple[SharedFolder, ...] = ()
    absent: frozenset[str] = frozenset()  # wanted only: slots where nothing may be ("scsi0:1"), and "vnc"

    # Keys of the VMX (vSphere config.extraConfig) that have no field, as first spelled; wanted: "" removes one.
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def devices(self) -> Iterator[Device]:
        """Yield every device, class by class."""
        for name in DEVICE_FIELDS:
            yield from getattr(self, name)
