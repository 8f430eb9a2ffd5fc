# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hosts number devices, and which classes stand behind the words of a VMX."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from .description import Slot

device: Any = vim.vm.device
PCI, IDE, PS2, SIO, VIDEO = 100, 200, 300, 400, 500
SCSI_MODELS = {
    "buslogic": device.VirtualBusLogicController,
    "lsilogic": device.VirtualLsiLogicController,
    "lsisas1068": device.VirtualLsiLogicSASController,
    "pvscsi": device.ParaVirtualSCSIController,
}
NIC_MODELS = {
    "vlance": device.VirtualPCNet32,
    "vmxnet": device.VirtualVmxnet,
    "vmxnet2": device.VirtualVmxnet2,
    "vmxnet3": device.VirtualVmxnet3,
    "e1000": device.VirtualE1000,
    "e1000e": device.VirtualE1000e,
}


def network_moid(name: str) -> str:
    return f"HaNetwork-{name}"


def generated_mac(uuid: str, number: int) -> str:
    """Make the address that a host generates for a machine's network adapter: the end of its UUID, ten apart."""
    end = (int(uuid.replace("-", "")[-6:], 16) + 10 * number) % 2**24
    return f"00:0c:29:{end >> 16:02x}:{end >> 8 & 255:02x}:{end & 255:02x}"


def controller_key(slot: Slot) -> int:
    return {"ide": IDE, "scsi": 1000, "sata": 15000, "nvme": 31000}[slot.bus] + slot.controller


def device_key(slot: Slot) -> int:
    """The key that a host gives to a disk or a drive."""
    if slot.bus == "ide":
        return 3000 + 2 * slot.controller + slot.unit
    if slot.bus == "sata":
        return 16000 + 30 * slot.controller + slot.unit
    if slot.bus == "nvme":
        return 32000 + 15 * slot.controller + slot.unit
    return 2000 + 16 * slot.controller + slot.unit if slot.unit < 16 else 131072 + 64 * slot.controller + slot.unit
