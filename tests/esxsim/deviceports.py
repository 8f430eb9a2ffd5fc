# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices of a machine that are no drives: cards, ports, floppy drives, and devices of the host."""

from __future__ import annotations

from functools import cache
from typing import Any

from pyVmomi import vim

from .description import Machine, Nic, Port
from .devicekeys import NIC_MODELS, PCI, SIO, generated_mac, network_moid
from .entity import like

device: Any = vim.vm.device


@cache
def described(label: str, text: str) -> Any:
    return vim.Description(label=label, summary=text)


@cache
def connect_info(*, connected: bool, guest_control: bool = True, now: bool = False, status: str = "untried") -> Any:
    return device.VirtualDevice.ConnectInfo(
        startConnected=connected, allowGuestControl=guest_control, connected=now, status=status
    )


@cache
def _nic_model(model: str) -> Any:
    cls = NIC_MODELS.get(model, device.VirtualE1000)
    return cls(
        key=4000, connectable=connect_info(connected=True), controllerKey=PCI, wakeOnLanEnabled=True,
        uptCompatibilityEnabled=False,
    )  # fmt: skip


@cache
def nic_backing(network: str | None) -> Any:
    """What a network adapter is plugged into."""
    if network is None:
        return device.VirtualEthernetCard.NetworkBackingInfo(deviceName="", useAutoDetect=False)
    return device.VirtualEthernetCard.NetworkBackingInfo(
        deviceName=network, useAutoDetect=False, network=vim.Network(network_moid(network))
    )


def nic(machine: Machine, one: Nic) -> Any:
    if one.dvs is not None:
        port = vim.dvs.PortConnection(
            switchUuid=one.dvs.get("switchid", ""),
            portgroupKey=one.dvs.get("portgroupid"),
            portKey=one.dvs.get("portid"),
        )
        backing: Any = device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
    else:
        backing = nic_backing(one.network)
    kind = {"static": "manual", "vpx": "assigned"}.get(one.mac_type, one.mac_type)
    return like(
        _nic_model(one.model),
        key=4000 + one.index,
        deviceInfo=described(f"Network adapter {one.index + 1}", one.network or ""),
        backing=backing,
        connectable=connect_info(connected=one.connected),
        unitNumber=7 + one.index,
        addressType=kind,
        macAddress=one.mac or generated_mac(machine.uuid, one.index),
    )


def serial(one: Port, store_of: Any) -> Any:
    port = device.VirtualSerialPort
    if one.kind == "file":
        backing = port.FileBackingInfo(fileName=one.target, datastore=store_of(one.target))
    elif one.kind == "pipe":
        backing = port.PipeBackingInfo(pipeName=one.target, endpoint=one.endpoint, noRxLoss=False)
    elif one.kind == "network":
        backing = port.URIBackingInfo(serviceURI=one.target, direction=one.endpoint)
    elif one.kind == "thinprint":
        backing = port.ThinPrintBackingInfo()
    else:
        backing = port.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return port(
        key=9000 + one.index,
        deviceInfo=described(f"Serial port {one.index + 1}", one.target),
        backing=backing,
        connectable=connect_info(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
        yieldOnPoll=False,
    )


def parallel(one: Port, store_of: Any) -> Any:
    port = device.VirtualParallelPort
    if one.kind == "file":
        backing = port.FileBackingInfo(fileName=one.target, datastore=store_of(one.target))
    else:
        backing = port.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return port(
        key=10000 + one.index,
        deviceInfo=described(f"Parallel port {one.index + 1}", one.target),
        backing=backing,
        connectable=connect_info(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
    )


def floppy(one: Port, store_of: Any) -> Any:
    drive = device.VirtualFloppy
    if one.kind == "file":
        backing = drive.ImageBackingInfo(fileName=one.target, datastore=store_of(one.target))
    elif one.kind == "client":
        backing = drive.RemoteDeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    else:
        backing = drive.DeviceBackingInfo(deviceName=one.target, useAutoDetect=False)
    return drive(
        key=8000 + one.index,
        deviceInfo=described(f"Floppy drive {one.index + 1}", one.target),
        backing=backing,
        connectable=connect_info(connected=True),
        controllerKey=SIO,
        unitNumber=one.index,
    )


def passthrough(one: Port) -> Any:
    """A device of the host; which one it is stands in keys of the VMX that are read later."""
    kind = device.VirtualPCIPassthrough
    if one.kind == "dynamic":
        pairs = (pair.split(":") for pair in one.target.split(","))
        allowed = [kind.AllowedDevice(vendorId=int(pair[0], 16), deviceId=int(pair[1], 16)) for pair in pairs]
        backing = kind.DynamicBackingInfo(deviceName="", allowedDevice=allowed, useAutoDetect=False)
    else:
        backing = kind.DeviceBackingInfo(
            deviceName="", id=one.target, deviceId="", systemId="", vendorId=0, useAutoDetect=False
        )
    return kind(
        key=13000 + one.index,
        deviceInfo=described(f"PCI device {one.index}", ""),
        backing=backing,
        controllerKey=PCI,
        unitNumber=32 + one.index,
    )
