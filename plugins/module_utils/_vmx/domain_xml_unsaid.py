# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What of a machine libvirt's domain XML cannot say.

Law: whatever the hub can state is written, or stands in UNSUPPORTED, or is a value that :func:`unsaid` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from .definition import DEVICE_FIELDS, VmDefinition
from .devices import DistributedPort, NicConnection, NicModel, ParallelPort, PortBacking
from .domain_xml_words import endpoint_of, is_disk_name, is_file_name
from .drives import CdromBacking, Disk, DiskMode, FloppyBacking
from .xml_tree import is_sayable

# Fields of VmDefinition, and of its devices as "disks.mode", for which libvirt's XML of a vmware domain has no word.
UNSUPPORTED = frozenset(
    {
        *("instance_uuid", "location_uuid", "uuid_action", "hardware_version"),
        *("cpu_hot_add", "cpu_hot_remove", "cpu_reservation_mhz", "cpu_limit_mhz"),
        *("nested_virtualization", "latency_sensitivity"),
        *("memory_hot_add", "memory_shares", "memory_reservation_locked"),
        *("nvram", "boot_order", "boot_delay_ms", "enter_firmware_setup"),
        *("usb2_controller", "usb3_controller", "tools_sync_time", "tools_upgrade_policy", "change_tracking"),
        *("pci_devices", "usb_devices", "absent", "extra", "video.auto_detect", "video.displays"),
        *("controllers.bus_sharing", "controllers.pci_slot"),
        *("disks.capacity_kib", "disks.provisioning", "disks.sharing", "disks.change_tracking", "disks.shares"),
        *("disks.iops_limit", "cdroms.start_connected", "floppies.start_connected"),
        *("nics.opaque_network_id", "nics.start_connected", "nics.wake_on_lan", "nics.pci_slot"),
        *("serial_ports.proxy", "serial_ports.no_rx_loss", "serial_ports.yield_on_poll"),
        *("serial_ports.start_connected", "parallel_ports.bidirectional", "parallel_ports.start_connected"),
        "shared_folders.readable",
    }
)


def is_shown(device: Any) -> bool:
    """Whether XML can say what is behind a drive or a port: not the drive of a client, not a printer."""
    hidden: tuple[Any, ...] = (CdromBacking.CLIENT, FloppyBacking.CLIENT, PortBacking.THINPRINT)
    if isinstance(device, ParallelPort):
        hidden = (*hidden, PortBacking.PIPE, PortBacking.NETWORK)
    return device.backing not in hidden


def unsaid(definition: VmDefinition) -> Iterator[str]:
    """Yield the fields that state what XML cannot say, such as ``hardware_version`` and ``disks[scsi0:1].mode``."""
    yield from _unsaid_fields(definition, "", "")
    if definition.guest_id not in {None, "other", "other-64"}:
        yield "guest_id"
    yield from (f"disks[{disk.slot}].mode" for disk in definition.disks if not _is_mode_said(disk))
    yield from _unsaid_files(definition)
    for name in ("cdroms", "floppies", "serial_ports", "parallel_ports"):
        hidden = (device for device in getattr(definition, name) if not is_shown(device))
        yield from (f"{name}[{device.slot}].backing" for device in hidden)
    for nic in definition.nics:
        if nic.model is NicModel.SRIOV:
            yield f"nics[{nic.slot}].model"
        if nic.connection is NicConnection.HOSTONLY:
            yield f"nics[{nic.slot}].connection"
    for port in definition.serial_ports:
        if port.backing is PortBacking.PIPE and port.endpoint is not None:
            yield f"serial_ports[{port.slot}].endpoint"
        if port.backing is PortBacking.NETWORK and port.path and endpoint_of(port.path) is None:
            yield f"serial_ports[{port.slot}].path"


def _unsaid_files(definition: VmDefinition) -> Iterator[str]:
    for disk in definition.disks:
        if disk.file and not is_disk_name(disk.file):
            yield f"disks[{disk.slot}].file"
    for name in ("cdroms", "floppies"):
        drives = (drive for drive in getattr(definition, name) if drive.file and not is_file_name(drive.file))
        yield from (f"{name}[{drive.slot}].file" for drive in drives)
    for name in ("serial_ports", "parallel_ports"):
        for port in getattr(definition, name):
            if port.backing is PortBacking.FILE and port.path and not is_file_name(port.path):
                yield f"{name}[{port.slot}].path"


def _is_mode_said(disk: Disk) -> bool:
    return disk.mode in {None, DiskMode.PERSISTENT, DiskMode.INDEPENDENT_NONPERSISTENT}


def _unsaid_fields(value: Any, path: str, prefix: str) -> Iterator[str]:
    for field in fields(value):
        held = getattr(value, field.name)
        name = f"{path}{field.name}"
        if prefix + field.name in UNSUPPORTED:
            if held is not None and held != field.default and (held or not isinstance(held, Mapping)):
                yield name
        elif field.name in DEVICE_FIELDS:
            for device in held:
                yield from _unsaid_fields(device, f"{name}[{device.slot}].", f"{field.name}.")
        elif isinstance(held, DistributedPort) or field.name in {"video", "vnc"}:
            if held is not None:
                yield from _unsaid_fields(held, f"{name}.", f"{field.name}.")
        elif isinstance(held, str) and not is_sayable(held):
            yield name
