# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a virtual machine is, in plain values.

Scenarios and VMX files are read into these; ``vmdata`` makes the API's data of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

CREATED = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a disk or a drive is: ``bus`` is scsi, sata, ide or nvme."""

    bus: str = "scsi"
    controller: int = 0
    unit: int = 0


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A virtual disk; ``file`` is a datastore path."""

    file: str
    slot: Slot = Slot()
    capacity_kib: int = 16 * 1024 * 1024
    thin: bool = True
    eager: bool = False
    uuid: str | None = None
    mode: str = "persistent"
    write_through: bool = False


@dataclass(frozen=True, kw_only=True)
class Cdrom:
    """A CD-ROM drive; with ``iso`` a datastore path, else a client's or the host's drive, maybe ``raw``."""

    slot: Slot
    iso: str | None = None
    device: str = ""
    client: bool = False
    raw: bool = False
    connected: bool = True


@dataclass(frozen=True, kw_only=True)
class Nic:
    """A network adapter; ``network`` None: on nothing that has a name."""

    network: str | None = "VM Network"
    mac: str | None = None
    mac_type: str = "generated"
    model: str = "vmxnet3"
    connected: bool = True
    index: int = 0
    dvs: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Port:
    """
    A serial or parallel port (``kind`` file, device, pipe, network or thinprint), a floppy drive (file, device or
    client), or a PCI device (device, or dynamic with the allowed pairs of vendor and device as its ``target``).
    """

    index: int = 0
    kind: str = "file"
    target: str = ""
    endpoint: str = "server"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A virtual machine as it is defined; ``original`` is the VMX text it came from."""

    name: str
    vmx_path: str
    cpus: int = 1
    cores_per_socket: int = 1
    memory_mib: int = 1024
    guest_id: str = "otherGuest64"
    annotation: str = ""
    hardware_version: int = 19
    firmware: str = "bios"
    uuid: str = ""
    instance_uuid: str = ""
    location: str | None = None
    template: bool = False
    disks: tuple[Disk, ...] = ()
    cdroms: tuple[Cdrom, ...] = ()
    nics: tuple[Nic, ...] = ()
    serials: tuple[Port, ...] = ()
    parallels: tuple[Port, ...] = ()
    floppies: tuple[Port, ...] = ()
    pci_devices: tuple[Port, ...] = ()
    scsi_models: Mapping[int, str] = field(default_factory=dict)
    # SATA and NVMe controllers that may have nothing on them.
    other_controllers: tuple[tuple[str, int], ...] = ()
    video_ram_kib: int = 4096
    memory_limit: int = -1
    memory_reservation: int = 0
    cpu_limit: int = -1
    cpu_reservation: int = 0
    cpu_shares: str = "normal"
    extra_config: Mapping[str, str] = field(default_factory=dict)
    original: str | None = field(default=None, repr=False)

    @property
    def folder(self) -> str:
        """The datastore path of the folder that the VMX file is in: ``[ds] dir/``."""
        head, slash, _rest = self.vmx_path.rpartition("/")
        return head + slash if slash else self.vmx_path.partition("]")[0] + "] "
