# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From the API's devices to the hub's: one reader per class of devices, in :data:`DEVICES`.

Source: vim.vm.device.VirtualDevice and its subclasses, in ``config.hardware.device``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._vmx import devices as hub
from .._vmx import drives
from .._vmx.slots import ShareLevel, Shares, Slot
from . import sdk

Reader = Callable[[Slot, Any], Any]

_MAC_TYPES = {
    "manual": hub.MacType.STATIC,
    "generated": hub.MacType.GENERATED,
    "assigned": hub.MacType.VPX,
}
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{1,8})")


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    Where devices of an API class belong.

    ``kind`` is that of their slots ("" where the controller says it), ``field`` the one of VmDefinition; ``read`` is
    None for controllers that every machine has and no definition lists.
    """

    kind: str = ""
    field: str = ""
    read: Reader | None = None
    is_controller: bool = False


def shares_of(shares: Any) -> Shares | None:
    """Return shares (vim.SharesInfo) as a word, or as a number where they are custom; None: not reported."""
    if shares is None:
        return None
    level = str(shares.level)
    return int(shares.shares) if level == "custom" else ShareLevel(level)


def _is(value: Any, name: str) -> bool:
    """Tell whether a backing is of a class, named as nested in its device: ``VirtualCdrom.IsoBackingInfo``."""
    kind: Any = sdk.vim.vm.device
    for part in name.split("."):
        kind = getattr(kind, part)
    return isinstance(value, kind)


def _start_connected(device: Any) -> bool | None:
    return None if device.connectable is None else bool(device.connectable.startConnected)


def _scsi(model: drives.ScsiModel) -> Reader:
    def read(slot: Slot, device: Any) -> drives.Controller:
        sharing = {
            "noSharing": drives.BusSharing.NONE,
            "virtualSharing": drives.BusSharing.VIRTUAL,
            "physicalSharing": drives.BusSharing.PHYSICAL,
        }
        return drives.Controller(slot=slot, model=model, bus_sharing=sharing.get(str(device.sharedBus)))

    return read


def _controller(slot: Slot, _device: Any) -> drives.Controller:
    return drives.Controller(slot=slot)


def _disk(slot: Slot, device: Any) -> drives.Disk:
    backing = device.backing
    mode = getattr(backing, "diskMode", None)
    sharing = getattr(backing, "sharing", None)
    allocation = device.storageIOAllocation
    return drives.Disk(
        slot=slot,
        file=getattr(backing, "fileName", None),
        capacity_kib=device.capacityInKB,
        provisioning=_provisioning(backing),
        mode=None if mode is None else drives.DiskMode(str(mode).replace("_", "-")),
        write_through=getattr(backing, "writeThrough", None),
        sharing=None
        if sharing is None
        else drives.DiskSharing.MULTI_WRITER
        if str(sharing) == "sharingMultiWriter"
        else drives.DiskSharing.NONE,
        shares=None if allocation is None else shares_of(allocation.shares),
        iops_limit=None if allocation is None else allocation.limit,
    )


def _provisioning(backing: Any) -> drives.Provisioning | None:
    thin, scrubbed = getattr(backing, "thinProvisioned", None), getattr(backing, "eagerlyScrub", None)
    if thin is None and scrubbed is None:
        return None
    if thin:
        return drives.Provisioning.THIN
    return drives.Provisioning.EAGER_ZEROED if scrubbed else drives.Provisioning.THICK


def _cdrom(slot: Slot, device: Any) -> drives.Cdrom:
    backing = device.backing
    known: dict[str, Any] = {"slot": slot, "start_connected": _start_connected(device)}
    if _is(backing, "VirtualCdrom.IsoBackingInfo"):
        return drives.Cdrom(**known, backing=drives.CdromBacking.ISO, file=backing.fileName or None)
    if _is(backing, "VirtualCdrom.AtapiBackingInfo"):
        return drives.Cdrom(**known, backing=drives.CdromBacking.HOST, **_host_drive(backing))
    if _is(backing, "VirtualCdrom.PassthroughBackingInfo"):
        return drives.Cdrom(**known, backing=drives.CdromBacking.HOST_RAW, **_host_drive(backing))
    return drives.Cdrom(**known, backing=drives.CdromBacking.CLIENT)


def _host_drive(backing: Any) -> dict[str, Any]:
    return {"device": backing.deviceName or None, "auto_detect": bool(backing.useAutoDetect)}


def _floppy(slot: Slot, device: Any) -> drives.Floppy:
    backing = device.backing
    known: dict[str, Any] = {"slot": slot, "start_connected": _start_connected(device)}
    if _is(backing, "VirtualFloppy.ImageBackingInfo"):
        return drives.Floppy(**known, backing=drives.FloppyBacking.IMAGE, file=backing.fileName or None)
    if _is(backing, "VirtualFloppy.DeviceBackingInfo"):
        return drives.Floppy(**known, backing=drives.FloppyBacking.HOST, device=backing.deviceName or None)
    return drives.Floppy(**known, backing=drives.FloppyBacking.CLIENT)


def _nic(model: hub.NicModel) -> Reader:
    def read(slot: Slot, device: Any) -> hub.Nic:
        backing = device.backing
        connected: dict[str, Any] = {}
        if _is(backing, "VirtualEthernetCard.NetworkBackingInfo"):
            connected = {"network": backing.deviceName}
        elif _is(backing, "VirtualEthernetCard.DistributedVirtualPortBackingInfo"):
            connected = {"distributed_port": _distributed_port(backing.port)}
        elif _is(backing, "VirtualEthernetCard.OpaqueNetworkBackingInfo"):
            connected = {"opaque_network_id": backing.opaqueNetworkId}
        return hub.Nic(
            slot=slot,
            model=model,
            **connected,
            mac=device.macAddress.lower() if device.macAddress else None,
            mac_type=_MAC_TYPES.get((device.addressType or "").lower()),
            start_connected=_start_connected(device),
            wake_on_lan=device.wakeOnLanEnabled,
        )

    return read


def _distributed_port(port: Any) -> hub.DistributedPort:
    digits = re.sub(r"[^0-9a-f]", "", port.switchUuid.lower())
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return hub.DistributedPort(
        switch_uuid=uuid,
        portgroup_id=port.portgroupKey or None,
        port_id=int(port.portKey) if (port.portKey or "").isdigit() else None,
        connection_id=port.connectionCookie,
    )


def _serial(slot: Slot, device: Any) -> hub.SerialPort:
    backing = device.backing
    known: dict[str, Any] = {
        "slot": slot,
        "yield_on_poll": bool(device.yieldOnPoll),
        "start_connected": _start_connected(device),
    }
    if _is(backing, "VirtualSerialPort.URIBackingInfo"):
        return hub.SerialPort(
            **known,
            backing=hub.PortBacking.NETWORK,
            path=backing.serviceURI,
            endpoint=hub.Endpoint(str(backing.direction)),
            proxy=backing.proxyURI or None,
        )
    if _is(backing, "VirtualSerialPort.PipeBackingInfo"):
        return hub.SerialPort(
            **known,
            backing=hub.PortBacking.PIPE,
            path=backing.pipeName,
            endpoint=hub.Endpoint(str(backing.endpoint)),
            no_rx_loss=bool(backing.noRxLoss),
        )
    if _is(backing, "VirtualSerialPort.FileBackingInfo"):
        return hub.SerialPort(**known, backing=hub.PortBacking.FILE, path=backing.fileName)
    if _is(backing, "VirtualSerialPort.DeviceBackingInfo"):
        return hub.SerialPort(**known, backing=hub.PortBacking.DEVICE, path=backing.deviceName)
    return hub.SerialPort(**known, backing=hub.PortBacking.THINPRINT)


def _parallel(slot: Slot, device: Any) -> hub.ParallelPort:
    backing = device.backing
    if _is(backing, "VirtualParallelPort.FileBackingInfo"):
        found: dict[str, Any] = {"backing": hub.PortBacking.FILE, "path": backing.fileName}
    else:
        found = {"backing": hub.PortBacking.DEVICE, "path": backing.deviceName}
    return hub.ParallelPort(slot=slot, **found, start_connected=_start_connected(device))


def _pci(slot: Slot, device: Any) -> hub.PciDevice:
    backing = device.backing
    if _is(backing, "VirtualPCIPassthrough.DynamicBackingInfo"):
        pairs = ",".join(f"0x{one.vendorId:x}:0x{one.deviceId:x}" for one in backing.allowedDevice or ())
        return hub.PciDevice(slot=slot, allowed_devices=pairs)
    found = _HEX.fullmatch(str(backing.deviceId or ""))
    return hub.PciDevice(
        slot=slot,
        address=backing.id or None,
        vendor_id=None if backing.vendorId is None else backing.vendorId & 0xFFFF,
        device_id=None if found is None else int(found.group(1), 16),
        system_id=backing.systemId or None,
    )


def _usb(slot: Slot, device: Any) -> hub.UsbDevice:
    return hub.UsbDevice(slot=slot, path=getattr(device.backing, "deviceName", None))


# API class -> place; a class stands before its base.
DEVICES: Mapping[str, Place] = {
    "ParaVirtualSCSIController": Place(
        kind="scsi", field="controllers", read=_scsi(drives.ScsiModel.PVSCSI), is_controller=True
    ),
    "VirtualBusLogicController": Place(
        kind="scsi", field="controllers", read=_scsi(drives.ScsiModel.BUSLOGIC), is_controller=True
    ),
    "VirtualLsiLogicSASController": Place(
        kind="scsi", field="controllers", read=_scsi(drives.ScsiModel.LSISAS1068), is_controller=True
    ),
    "VirtualLsiLogicController": Place(
        kind="scsi", field="controllers", read=_scsi(drives.ScsiModel.LSILOGIC), is_controller=True
    ),
    "VirtualSATAController": Place(kind="sata", field="controllers", read=_controller, is_controller=True),
    "VirtualNVMEController": Place(kind="nvme", field="controllers", read=_controller, is_controller=True),
    "VirtualIDEController": Place(kind="ide", is_controller=True),
    "VirtualDisk": Place(field="disks", read=_disk),
    "VirtualCdrom": Place(field="cdroms", read=_cdrom),
    "VirtualFloppy": Place(kind="floppy", field="floppies", read=_floppy),
    "VirtualVmxnet3": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.VMXNET3)),
    "VirtualVmxnet2": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.VMXNET2)),
    "VirtualVmxnet": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.VMXNET)),
    "VirtualE1000e": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.E1000E)),
    "VirtualE1000": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.E1000)),
    "VirtualPCNet32": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.VLANCE)),
    "VirtualSriovEthernetCard": Place(kind="ethernet", field="nics", read=_nic(hub.NicModel.SRIOV)),
    "VirtualSerialPort": Place(kind="serial", field="serial_ports", read=_serial),
    "VirtualParallelPort": Place(kind="parallel", field="parallel_ports", read=_parallel),
    "VirtualPCIPassthrough": Place(kind="pciPassthru", field="pci_devices", read=_pci),
    "VirtualUSB": Place(kind="usb", field="usb_devices", read=_usb),
}
