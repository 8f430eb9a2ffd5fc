# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices of a virtual machine that are no drives, as values.

Law: a device is what it is by its slot (``scsi0:1``, ``ethernet0``), never by its place in a list.
``None`` in a field means *not stated*: in a wanted definition it is not managed, in a found one it was not reported.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .slots import Slot


class NicModel(str, enum.Enum):
    """Models of a network card, in the words of VMX; ``vmxnet2`` is VMX ``vmxnet`` with ``features = 15``."""

    VLANCE = "vlance"
    VMXNET = "vmxnet"
    VMXNET2 = "vmxnet2"
    VMXNET3 = "vmxnet3"
    E1000 = "e1000"
    E1000E = "e1000e"
    SRIOV = "pci-passthru"


class NicConnection(str, enum.Enum):
    """How a network card is connected; VMX ``connectionType``. A card of a distributed switch has none of these."""

    BRIDGED = "bridged"
    NAT = "nat"
    CUSTOM = "custom"
    HOSTONLY = "hostonly"


class MacType(str, enum.Enum):
    """Who chose a MAC address; VMX ``addressType``. ``vpx`` is vCenter (vSphere says ``assigned``)."""

    STATIC = "static"
    GENERATED = "generated"
    VPX = "vpx"


@dataclass(frozen=True, kw_only=True)
class DistributedPort:
    """
    A port of a distributed switch.

    Source: vim.dvs.PortConnection; VMX ``ethernetN.dvs.*``; libvirt ``<interface type='vds'>``.
    """

    switch_uuid: str  # 8-4-4-4-12, lower case
    portgroup_id: str | None = None
    port_id: int | None = None
    connection_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Nic:
    """
    One network card.

    Source: vim.vm.device.VirtualEthernetCard; VMX ``ethernetN.*``; libvirt ``<interface>``.
    """

    slot: Slot  # ethernet0..9
    model: NicModel | None = None
    network: str | None = None  # name of the port group
    connection: NicConnection | None = None
    vnet: str | None = None  # VMX vnet, of a custom connection
    distributed_port: DistributedPort | None = None
    opaque_network_id: str | None = None  # NSX; VMX opaqueNetwork.id
    mac: str | None = None  # lower case with colons
    mac_type: MacType | None = None
    mac_check: bool | None = None  # whether the host insists on VMware's ranges
    start_connected: bool | None = None
    wake_on_lan: bool | None = None
    pci_slot: int | None = None


class PortBacking(str, enum.Enum):
    """What is behind a serial or parallel port; a parallel port knows ``device`` and ``file`` only."""

    DEVICE = "device"
    FILE = "file"
    PIPE = "pipe"
    NETWORK = "network"
    THINPRINT = "thinprint"


class Endpoint(str, enum.Enum):
    """Which end of a pipe or of a network connection the machine is."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, kw_only=True)
class SerialPort:
    """
    One serial port.

    Source: vim.vm.device.VirtualSerialPort; VMX ``serialN.*``; libvirt ``<serial>``.
    """

    slot: Slot  # serial0..31
    backing: PortBacking | None = None
    path: str | None = None  # a device, a file, a pipe's name, or a URI such as telnet://:2001
    endpoint: Endpoint | None = None  # of a pipe or a network connection
    proxy: str | None = None  # URI of a concentrator, VMX vspc
    no_rx_loss: bool | None = None  # of a pipe, VMX tryNoRxLoss
    yield_on_poll: bool | None = None
    start_connected: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ParallelPort:
    """
    One parallel port.

    Source: vim.vm.device.VirtualParallelPort; VMX ``parallelN.*``; libvirt ``<parallel>``.
    """

    slot: Slot  # parallel0..2
    backing: PortBacking | None = None
    path: str | None = None
    bidirectional: bool | None = None
    start_connected: bool | None = None


@dataclass(frozen=True, kw_only=True)
class PciDevice:
    """
    A device of the host that is passed through.

    Source: vim.vm.device.VirtualPCIPassthrough; VMX ``pciPassthruN.*``.
    """

    slot: Slot  # pciPassthru0..15
    address: str | None = None  # on the host, "00000:005:00.0", see pci; None: the host chooses among allowed_devices
    vendor_id: int | None = None
    device_id: int | None = None
    system_id: str | None = None
    allowed_devices: str | None = None  # VMX allowedDevices: vendor:device pairs


@dataclass(frozen=True, kw_only=True)
class UsbDevice:
    """
    A USB device of the host that the machine takes as soon as it is there.

    Source: vim.vm.device.VirtualUSB; VMX ``usb.autoConnect.deviceN``.
    """

    slot: Slot  # usb0.. stands for VMX usb.autoConnect.device0..
    path: str | None = None  # "path:0/1/0 version:2", "0xvid:0xpid"


@dataclass(frozen=True, kw_only=True)
class SharedFolder:
    """
    A folder of the host that the guest sees. Hosts that are no workstation ignore it.

    Source: VMX ``sharedFolderN.*``; libvirt ``<filesystem type='mount'>``.
    """

    slot: Slot  # sharedFolder0..
    host_path: str | None = None
    guest_name: str | None = None
    readable: bool | None = None
    writable: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Video:
    """
    The graphics card; every machine has one.

    Source: vim.vm.device.VirtualVideoCard; VMX ``svga.*``; libvirt ``<video>``.
    """

    ram_kib: int | None = None
    auto_detect: bool | None = None
    displays: int | None = None


@dataclass(frozen=True, kw_only=True)
class Vnc:
    """
    The built-in VNC server, which hosts of version 7 and later no longer have.

    Source: VMX ``RemoteDisplay.vnc.*``; libvirt ``<graphics type='vnc'>``.
    """

    port: int | None = None  # None: not stated; libvirt calls it autoport
    listen: str | None = None
    keymap: str | None = None
    password: str | None = None  # a secret: shown only on request
