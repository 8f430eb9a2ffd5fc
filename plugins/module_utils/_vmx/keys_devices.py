# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mapping between VMX keys and the devices that are no drives, as data, in the order in which they are written."""

from __future__ import annotations

from .codec import BOOL, HEX, NUMBER, words
from .devices import NicConnection, PortBacking
from .escaped import TEXT
from .rows import Row, Table

_PRESENT = Row(key="{}.present", default="false", note="Without it the device stays in ``extra``.")

SHARED_FOLDERS = Table(
    title="Shared folders",
    field="shared_folders",
    stems={"sharedFolder": "sharedFolder"},
    about=(
        "Read only where ``isolation.tools.hgfs.disable`` is false, ``sharedFolder.maxNum`` is greater than the "
        "number, and both ``present`` and ``enabled`` are true."
    ),
    rows=(
        _PRESENT,
        Row(key="{}.enabled", default="false", note="As ``present``."),
        Row(key="{}.readAccess", field="readable", codec=BOOL, default="false"),
        Row(key="{}.writeAccess", field="writable", codec=BOOL, default="false", libvirt="filesystem/readonly"),
        Row(key="{}.hostPath", field="host_path", codec=TEXT, libvirt="filesystem/source@dir"),
        Row(key="{}.guestName", field="guest_name", codec=TEXT, libvirt="filesystem/target@dir"),
    ),
)

NICS = Table(
    title="Network cards",
    field="nics",
    stems={"ethernet": "ethernet"},
    rows=(
        _PRESENT,
        Row(
            key="{}.virtualDev",
            field="model",
            default="what the guest id asks for",
            vsphere="VirtualEthernetCard, by class",
            libvirt="interface/model@type",
        ),
        Row(key="{}.features", field="model", note="15 makes ``vmxnet2`` out of ``vmxnet``."),
        Row(
            key="{}.networkName",
            field="network",
            codec=TEXT,
            vsphere="VirtualEthernetCard.backing.deviceName",
            libvirt="interface/source@bridge",
        ),
        Row(
            key="{}.connectionType",
            field="connection",
            codec=words(NicConnection),
            default="bridged, where a network is named",
            libvirt="interface@type",
        ),
        Row(key="{}.vnet", field="vnet", codec=TEXT, libvirt="interface/target@dev"),
        Row(
            key="{}.dvs.switchId",
            field="distributed_port",
            vsphere="DistributedVirtualPort.switchUuid",
            libvirt="interface/source@switchid",
            note="A UUID. Without it there is no ``distributed_port``, and the other keys stay in ``extra``.",
        ),
        Row(
            key="{}.dvs.portId",
            field="distributed_port",
            vsphere="DistributedVirtualPort.portKey",
            libvirt="interface/source@portid",
        ),
        Row(
            key="{}.dvs.portgroupId",
            field="distributed_port",
            vsphere="DistributedVirtualPort.portgroupKey",
            libvirt="interface/source@portgroupid",
        ),
        Row(
            key="{}.dvs.connectionId",
            field="distributed_port",
            vsphere="DistributedVirtualPort.connectionCookie",
            libvirt="interface/source@connectionid",
        ),
        Row(
            key="{}.opaqueNetwork.id",
            field="opaque_network_id",
            codec=TEXT,
            vsphere="OpaqueNetworkBackingInfo.opaqueNetworkId",
        ),
        Row(
            key="{}.addressType",
            field="mac_type",
            default="generated",
            vsphere="VirtualEthernetCard.addressType",
            libvirt="interface/mac@type",
            note="``generated``, ``vpx`` (vCenter's) or ``static``.",
        ),
        Row(
            key="{}.address",
            field="mac",
            vsphere="VirtualEthernetCard.macAddress",
            libvirt="interface/mac@address",
            note="Of a static address.",
        ),
        Row(
            key="{}.generatedAddress",
            field="mac",
            vsphere="VirtualEthernetCard.macAddress",
            libvirt="interface/mac@address",
            note="Of any other.",
        ),
        Row(
            key="{}.generatedAddressOffset",
            note="Written as 0 with a generated address. Another number stays in ``extra``.",
        ),
        Row(key="{}.checkMACAddress", field="mac_check", codec=BOOL, default="true", libvirt="interface/mac@check"),
        Row(
            key="{}.startConnected",
            field="start_connected",
            codec=BOOL,
            default="true",
            vsphere="VirtualEthernetCard.connectable.startConnected",
        ),
        Row(
            key="{}.wakeOnPcktRcv",
            field="wake_on_lan",
            codec=BOOL,
            default="true",
            vsphere="VirtualEthernetCard.wakeOnLanEnabled",
        ),
        Row(key="{}.pciSlotNumber", field="pci_slot", codec=NUMBER, vsphere="VirtualDevice.slotInfo"),
    ),
)

SERIAL_PORTS = Table(
    title="Serial ports",
    field="serial_ports",
    stems={"serial": "serial"},
    rows=(
        _PRESENT,
        Row(
            key="{}.fileType",
            field="backing",
            codec=words(PortBacking),
            default="device",
            vsphere="VirtualSerialPort.backing, by class",
            libvirt="serial@type",
        ),
        Row(key="{}.pipe.endPoint", field="endpoint", default="server", note="Of a pipe."),
        Row(key="{}.tryNoRxLoss", field="no_rx_loss", codec=BOOL, vsphere="PipeBackingInfo.noRxLoss"),
        Row(
            key="{}.fileName",
            field="path",
            vsphere="VirtualSerialPort.backing.fileName, deviceName, pipeName, serviceURI",
            libvirt="serial/source",
            note="Of a file, a place on a datastore; of all else as it stands.",
        ),
        Row(
            key="{}.network.endPoint",
            field="endpoint",
            default="server",
            vsphere="URIBackingInfo.direction",
            libvirt="serial/source@mode",
            note="Of a network connection.",
        ),
        Row(key="{}.vspc", field="proxy", codec=TEXT, vsphere="URIBackingInfo.proxyURI"),
        Row(
            key="{}.yieldOnMsrRead",
            field="yield_on_poll",
            codec=BOOL,
            default="false",
            vsphere="VirtualSerialPort.yieldOnPoll",
        ),
        Row(
            key="{}.startConnected",
            field="start_connected",
            codec=BOOL,
            default="true",
            vsphere="VirtualSerialPort.connectable.startConnected",
        ),
    ),
)

PARALLEL_PORTS = Table(
    title="Parallel ports",
    field="parallel_ports",
    stems={"parallel": "parallel"},
    rows=(
        _PRESENT,
        Row(
            key="{}.fileType",
            field="backing",
            codec=words(PortBacking),
            default="device",
            vsphere="VirtualParallelPort.backing, by class",
            libvirt="parallel@type",
        ),
        Row(
            key="{}.fileName",
            field="path",
            vsphere="VirtualParallelPort.backing.fileName, deviceName",
            libvirt="parallel/source@path",
            note="As of a serial port.",
        ),
        Row(key="{}.bidirectional", field="bidirectional", codec=BOOL, default="true"),
        Row(
            key="{}.startConnected",
            field="start_connected",
            codec=BOOL,
            default="true",
            vsphere="VirtualParallelPort.connectable.startConnected",
        ),
    ),
)

PCI_DEVICES = Table(
    title="PCI devices of the host",
    field="pci_devices",
    stems={"pciPassthru": "pciPassthru"},
    rows=(
        _PRESENT,
        Row(key="{}.id", field="address", codec=TEXT, vsphere="VirtualPCIPassthrough.backing.id"),
        Row(key="{}.vendorId", field="vendor_id", codec=HEX, vsphere="VirtualPCIPassthrough.backing.vendorId"),
        Row(key="{}.deviceId", field="device_id", codec=HEX, vsphere="VirtualPCIPassthrough.backing.deviceId"),
        Row(key="{}.systemId", field="system_id", codec=TEXT, vsphere="VirtualPCIPassthrough.backing.systemId"),
        Row(
            key="{}.allowedDevices",
            field="allowed_devices",
            codec=TEXT,
            vsphere="DynamicBackingInfo.allowedDevice",
        ),
    ),
)

USB_DEVICES = Table(
    title="USB devices of the host",
    field="usb_devices",
    stems={"usb": "usb.autoConnect.device"},
    about="The slot ``usb0`` is the key ``usb.autoConnect.device0``. Without a value it is no device.",
    rows=(Row(key="{}", field="path", codec=TEXT, vsphere="VirtualUSB.backing.deviceName"),),
)
