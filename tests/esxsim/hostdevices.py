# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is plugged into the host, and what runs on it beside its virtual machines."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from .profile import HostProfile

STORAGE = "0000:03:00.0"
# What a host may give away: not what it needs itself, and its cards one by one.
_CAPABLE = "0000:02:"


def pci_devices(profile: HostProfile) -> list[Any]:
    """The network cards and the storage adapter."""
    cards = [
        _pci(f"0000:02:{index:02x}.0", 0x0200, 0x1563, "Ethernet Controller X550")
        for index in range(len(profile.cards))
    ]
    return [*cards, _pci(STORAGE, 0x0106, 0xA182, "SATA Controller [AHCI mode]")]


def _pci(address: str, kind: int, device: int, name: str) -> Any:
    _segment, bus, place = address.split(":")
    slot, _dot, function = place.partition(".")
    return vim.host.PciDevice(
        id=address,
        classId=kind,
        bus=int(bus, 16),
        slot=int(slot, 16),
        function=int(function),
        vendorId=_signed(0x8086),
        subVendorId=_signed(0x8086),
        vendorName="Intel Corporation",
        deviceId=_signed(device),
        subDeviceId=0,
        deviceName=name,
    )


def _signed(number: int) -> int:
    """Write sixteen bits as the API does."""
    return number - 0x10000 if number >= 0x8000 else number


def pci_passthrough(profile: HostProfile) -> list[Any]:
    """Which of them a machine may have for itself; none has."""
    return [
        vim.host.PciPassthruInfo(
            id=one.id,
            dependentDevice=one.id,
            passthruEnabled=False,
            passthruCapable=one.id.startswith(_CAPABLE),
            passthruActive=False,
        )
        for one in pci_devices(profile)
    ]


def services() -> Any:
    """A few of the services that every host has."""
    return vim.host.ServiceInfo(
        service=[
            _service("TSM", "ESXi Shell", running=False, policy="off"),
            _service("TSM-SSH", "SSH", running=False, policy="off"),
            _service("ntpd", "NTP Daemon", running=True, policy="on"),
            _service("vpxa", "VMware vCenter Agent", running=False, policy="automatic"),
        ]
    )


def _service(key: str, label: str, *, running: bool, policy: str) -> Any:
    return vim.host.Service(
        key=key, label=label, required=False, uninstallable=False, running=running, ruleset=[], policy=policy
    )
