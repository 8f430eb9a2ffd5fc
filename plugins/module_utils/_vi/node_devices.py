# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices of a host in plain values.

Source: vim.host.PciDevice, vim.host.PciPassthruInfo, vim.vm.UsbInfo, vim.host.HostBusAdapter and its kinds,
vim.host.PhysicalNic.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._flow.nodes import Fact

# By the names of the classes, without what stands around them.
_ADAPTERS = {
    "BlockHba": "block",
    "ParallelScsiHba": "scsi",
    "FibreChannelHba": "fibre-channel",
    "FibreChannelOverEthernetHba": "fcoe",
    "InternetScsiHba": "iscsi",
    "SerialAttachedHba": "sas",
    "PcieHba": "pcie",
    "RdmaHba": "rdma",
    "TcpHba": "tcp",
}


def pci_devices(devices: Iterable[Any], passthrough: Iterable[Any]) -> list[Fact]:
    """Return the PCI devices, and whether a machine can have each of them for itself."""
    states = {str(one.id): one for one in passthrough}
    return [
        {
            "id": str(one.id),
            "class_id": _hex(one.classId),
            "vendor_id": _hex(one.vendorId),
            "device_id": _hex(one.deviceId),
            "vendor": str(one.vendorName),
            "name": str(one.deviceName),
            "passthrough": _passthrough(states.get(str(one.id))),
        }
        for one in devices
    ]


def _hex(number: int) -> str:
    # The API has signed numbers of 16 bits where everybody else writes four digits.
    return f"{int(number) & 0xFFFF:04x}"


def _passthrough(state: Any) -> Fact:
    return {
        "capable": bool(getattr(state, "passthruCapable", False)),
        "enabled": bool(getattr(state, "passthruEnabled", False)),
        "active": bool(getattr(state, "passthruActive", False)),
    }


def usb_devices(devices: Iterable[Any]) -> list[Fact]:
    """Return the USB devices that a machine can have."""
    return [
        {
            "name": str(one.description),
            "path": one.physicalPath or None,
            "vendor_id": _hex(one.vendor),
            "product_id": _hex(one.product),
            "speeds": [str(speed) for speed in one.speed or ()],
        }
        for one in devices
    ]


def adapters(devices: Iterable[Any]) -> list[Fact]:
    """Return the storage adapters."""
    return [
        {
            "device": str(one.device),
            "type": _ADAPTERS.get(type(one).__name__.rpartition(".")[2], "other"),
            "model": str(one.model),
            "driver": one.driver or None,
            "pci": one.pci or None,
            "status": str(one.status),
            "iqn": getattr(one, "iScsiName", None),
            "wwpn": _wwn(getattr(one, "portWorldWideName", None)),
        }
        for one in devices
    ]


def _wwn(number: int | None) -> str | None:
    if number is None:
        return None
    digits = f"{int(number) & 0xFFFFFFFFFFFFFFFF:016x}"
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def cards(devices: Iterable[Any]) -> list[Fact]:
    """Return the physical network cards; one without a link has neither speed nor duplex."""
    return [
        {
            "device": str(one.device),
            "mac": str(one.mac).lower(),
            "driver": one.driver or None,
            "pci": one.pci or None,
            "link_mbps": getattr(one.linkSpeed, "speedMb", None),
            "full_duplex": getattr(one.linkSpeed, "duplex", None),
        }
        for one in devices
    ]
