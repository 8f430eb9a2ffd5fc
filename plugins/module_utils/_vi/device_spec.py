# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From the hub's devices to the API's: one writer per class of devices.

A writer fills an API device, a new one or a copy of the one that is there, with all that the hub's device states.
Source: vim.vm.device.VirtualDevice and its subclasses; vim.vm.device.VirtualDeviceSpec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._errors import NotRepresentable
from .._vmx import devices as hub
from .._vmx import drives
from .._vmx.pci import api_address
from .._vmx.slots import ShareLevel, Shares, Slot
from . import sdk

# Keys of the controllers that every machine has.
PCI_CONTROLLER, SIO_CONTROLLER = 100, 400
FIRST_NIC_UNIT = 7

_SCSI = {
    None: "ParaVirtualSCSIController",
    drives.ScsiModel.PVSCSI: "ParaVirtualSCSIController",
    drives.ScsiModel.BUSLOGIC: "VirtualBusLogicController",
    drives.ScsiModel.LSILOGIC: "VirtualLsiLogicController",
    drives.ScsiModel.LSISAS1068: "VirtualLsiLogicSASController",
}
_BUS_SHARING = {
    drives.BusSharing.NONE: "noSharing",
    drives.BusSharing.VIRTUAL: "virtualSharing",
    drives.BusSharing.PHYSICAL: "physicalSharing",
}
_NICS = {
    None: "VirtualVmxnet3",
    hub.NicModel.VLANCE: "VirtualPCNet32",
    hub.NicModel.VMXNET: "VirtualVmxnet",
    hub.NicModel.VMXNET2: "VirtualVmxnet2",
    hub.NicModel.VMXNET3: "VirtualVmxnet3",
    hub.NicModel.E1000: "VirtualE1000",
    hub.NicModel.E1000E: "VirtualE1000e",
    hub.NicModel.SRIOV: "VirtualSriovEthernetCard",
}
_MAC_TYPES = {hub.MacType.STATIC: "manual", hub.MacType.GENERATED: "generated", hub.MacType.VPX: "assigned"}


def _new(name: str, **values: Any) -> Any:
    """Make an object of a class below vim.vm.device, named as nested there."""
    kind: Any = sdk.vim.vm.device
    for part in name.split("."):
        kind = getattr(kind, part)
    return kind(**values)


def new_device(device: Any, key: int, controllers: Mapping[str, int]) -> Any:
    """
    Make the API device for a device of the hub that is not there yet.

    ``key`` is its temporary, negative key; ``controllers`` are the keys of controllers by slot (``scsi0``).
    """
    made = _new(_class_of(device), key=key)
    slot = device.slot
    if isinstance(device, drives.Controller):
        made.busNumber = slot.index
        if slot.kind == "scsi":
            made.sharedBus = _BUS_SHARING[drives.BusSharing.NONE]
    elif isinstance(device, (drives.Disk, drives.Cdrom)):
        made.controllerKey, made.unitNumber = controllers[str(Slot(slot.kind, slot.index))], slot.unit
    elif isinstance(device, hub.Nic):
        made.controllerKey, made.unitNumber = PCI_CONTROLLER, FIRST_NIC_UNIT + slot.index
    elif isinstance(device, (drives.Floppy, hub.SerialPort, hub.ParallelPort)):
        made.controllerKey, made.unitNumber = SIO_CONTROLLER, slot.index
    if isinstance(device, (drives.Cdrom, drives.Floppy, hub.Nic, hub.SerialPort, hub.ParallelPort)):
        made.connectable = _new(
            "VirtualDevice.ConnectInfo", startConnected=True, allowGuestControl=True, connected=False
        )
    if isinstance(device, hub.SerialPort):
        made.yieldOnPoll = True
    return write(made, device)


def child_disk(disk: drives.Disk, key: int, controllers: Mapping[str, int], *, parent: str) -> Any:
    """Make the change that adds a disk which the host makes on top of the file ``parent``."""
    made = new_device(disk, key, controllers)
    made.backing.parent = _new("VirtualDisk.FlatVer2BackingInfo", fileName=parent, diskMode=made.backing.diskMode)
    return sdk.vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=made)


def _class_of(device: Any) -> str:
    if isinstance(device, drives.Controller):
        return {"sata": "VirtualAHCIController", "nvme": "VirtualNVMEController"}.get(
            device.slot.kind, _SCSI[device.model]
        )
    if isinstance(device, hub.Nic):
        return _NICS[device.model]
    name = _CLASSES.get(type(device))
    if name is None:
        raise NotRepresentable(
            f"{device.slot}: the API of a host has no such device; use a VMX for it", field=str(device.slot)
        )
    return name


def is_other_class(api_device: Any, device: Any) -> bool:
    """Tell whether a device became one of another class (another model), so that it has to be replaced."""
    return not isinstance(api_device, type(_new(_class_of(device))))


def write(target: Any, device: Any) -> Any:
    """Fill an API device with what a device of the hub states, and return it."""
    writer = _WRITERS.get(type(device))
    if writer is not None:
        writer(target, device)
    return target


def copy_of(api_device: Any) -> Any:
    """Return a copy that can be changed without changing what was read."""
    made = type(api_device)()
    for name, value in vars(api_device).items():
        if value is not None and name not in ("dynamicType", "dynamicProperty"):
            setattr(made, name, value)
    return made


def shares_info(shares: Shares) -> Any:
    """Return shares as vim.SharesInfo."""
    if isinstance(shares, ShareLevel):
        return sdk.vim.SharesInfo(level=shares.value, shares=0)
    return sdk.vim.SharesInfo(level="custom", shares=shares)


def _connect(target: Any, device: Any) -> None:
    if device.start_connected is None:
        return
    target.connectable = copy_of(target.connectable)
    target.connectable.startConnected = device.start_connected


def _write_controller(target: Any, device: drives.Controller) -> None:
    if device.bus_sharing is not None:
        target.sharedBus = _BUS_SHARING[device.bus_sharing]


def _write_disk(target: Any, device: drives.Disk) -> None:
    backing = copy_of(target.backing) if target.backing is not None else _new("VirtualDisk.FlatVer2BackingInfo")
    if target.backing is None:
        backing.diskMode = drives.DiskMode.PERSISTENT.value
    # A disk of a snapshot's chain is named by its end; what is wanted may name the base.
    if device.file is not None and (backing.fileName is None or device.file != backing.fileName):
        backing.fileName = device.file
        backing.parent = None
    backing.fileName = backing.fileName or ""
    if device.mode is not None:
        backing.diskMode = device.mode.value.replace("-", "_")
    if device.write_through is not None:
        backing.writeThrough = device.write_through
    if device.sharing is not None:
        is_multi = device.sharing is drives.DiskSharing.MULTI_WRITER
        backing.sharing = "sharingMultiWriter" if is_multi else "sharingNone"
    if device.provisioning is not None:
        backing.thinProvisioned = device.provisioning is drives.Provisioning.THIN
        backing.eagerlyScrub = device.provisioning is drives.Provisioning.EAGER_ZEROED
    target.backing = backing
    if device.capacity_kib is not None:
        target.capacityInKB = device.capacity_kib
        target.capacityInBytes = None
    if device.shares is not None or device.iops_limit is not None:
        target.storageIOAllocation = sdk.vim.StorageResourceManager.IOAllocationInfo(
            limit=device.iops_limit, shares=None if device.shares is None else shares_info(device.shares)
        )


def _write_cdrom(target: Any, device: drives.Cdrom) -> None:
    _connect(target, device)
    kinds = drives.CdromBacking
    is_host = device.device or device.auto_detect
    backing = device.backing or (kinds.ISO if device.file else kinds.HOST if is_host else kinds.CLIENT)
    if backing is kinds.ISO and device.file:
        target.backing = _new("VirtualCdrom.IsoBackingInfo", fileName=device.file)
    elif backing in (kinds.HOST, kinds.HOST_RAW):
        name = "AtapiBackingInfo" if backing is kinds.HOST else "PassthroughBackingInfo"
        target.backing = _new(
            f"VirtualCdrom.{name}",
            deviceName=device.device or "",
            useAutoDetect=bool(device.auto_detect if device.auto_detect is not None else not device.device),
        )
    else:
        # No medium is what a client's drive is as long as no client lends one.
        target.backing = _new("VirtualCdrom.RemotePassthroughBackingInfo", deviceName="", exclusive=False)


def _write_floppy(target: Any, device: drives.Floppy) -> None:
    _connect(target, device)
    if device.file:
        target.backing = _new("VirtualFloppy.ImageBackingInfo", fileName=device.file)
    elif device.backing is drives.FloppyBacking.HOST or (device.backing is None and device.device):
        target.backing = _new("VirtualFloppy.DeviceBackingInfo", deviceName=device.device or "")
    else:
        target.backing = _new("VirtualFloppy.RemoteDeviceBackingInfo", deviceName="")


def _write_nic(target: Any, device: hub.Nic) -> None:
    _connect(target, device)
    if device.distributed_port is not None:
        port = device.distributed_port
        target.backing = _new(
            "VirtualEthernetCard.DistributedVirtualPortBackingInfo",
            port=sdk.vim.dvs.PortConnection(
                switchUuid=_switch_uuid(port.switch_uuid),
                portgroupKey=port.portgroup_id,
                portKey=None if port.port_id is None else str(port.port_id),
                connectionCookie=port.connection_id,
            ),
        )
    elif device.opaque_network_id is not None:
        target.backing = _new(
            "VirtualEthernetCard.OpaqueNetworkBackingInfo",
            opaqueNetworkId=device.opaque_network_id,
            opaqueNetworkType="nsx.LogicalSwitch",
        )
    elif device.network is not None:
        target.backing = _new("VirtualEthernetCard.NetworkBackingInfo", deviceName=device.network)
    if device.mac is not None:
        target.macAddress = device.mac
        target.addressType = _MAC_TYPES[device.mac_type or hub.MacType.STATIC]
    elif device.mac_type is not None:
        target.addressType = _MAC_TYPES[device.mac_type]
    if device.wake_on_lan is not None:
        target.wakeOnLanEnabled = device.wake_on_lan


def _switch_uuid(uuid: str) -> str:
    digits = uuid.replace("-", "")
    pairs = [digits[at : at + 2] for at in range(0, 32, 2)]
    return f"{' '.join(pairs[:8])}-{' '.join(pairs[8:])}"


def _write_serial(target: Any, device: hub.SerialPort) -> None:
    _connect(target, device)
    if device.yield_on_poll is not None:
        target.yieldOnPoll = device.yield_on_poll
    kinds, end = hub.PortBacking, (device.endpoint or hub.Endpoint.SERVER).value
    if device.backing is kinds.NETWORK:
        target.backing = _new(
            "VirtualSerialPort.URIBackingInfo",
            serviceURI=device.path or "",
            direction=end,
            proxyURI=device.proxy,
        )
    elif device.backing is kinds.PIPE:
        target.backing = _new(
            "VirtualSerialPort.PipeBackingInfo", pipeName=device.path or "", endpoint=end, noRxLoss=device.no_rx_loss
        )
    elif device.backing is kinds.FILE:
        target.backing = _new("VirtualSerialPort.FileBackingInfo", fileName=device.path or "")
    elif device.backing is kinds.THINPRINT:
        target.backing = _new("VirtualSerialPort.ThinPrintBackingInfo")
    elif device.backing is kinds.DEVICE or target.backing is None:
        target.backing = _new("VirtualSerialPort.DeviceBackingInfo", deviceName=device.path or "")


def _write_parallel(target: Any, device: hub.ParallelPort) -> None:
    _connect(target, device)
    if device.backing is hub.PortBacking.FILE:
        target.backing = _new("VirtualParallelPort.FileBackingInfo", fileName=device.path or "")
    else:
        target.backing = _new("VirtualParallelPort.DeviceBackingInfo", deviceName=device.path or "")


def _write_pci(target: Any, device: hub.PciDevice) -> None:
    if device.allowed_devices is not None:
        allowed = sdk.vim.vm.device.VirtualPCIPassthrough.AllowedDevice
        pairs = (pair.split(":") for pair in device.allowed_devices.split(",") if ":" in pair)
        target.backing = _new(
            "VirtualPCIPassthrough.DynamicBackingInfo",
            deviceName="",
            allowedDevice=[allowed(vendorId=int(vendor, 16), deviceId=int(number, 16)) for vendor, number in pairs],
        )
        return
    target.backing = _new(
        "VirtualPCIPassthrough.DeviceBackingInfo",
        deviceName="",
        id=api_address(device.address or ""),
        systemId=device.system_id or "",
        deviceId=f"{device.device_id or 0:x}",
        # vSphere's number is a signed one of 16 bits.
        vendorId=((device.vendor_id or 0) ^ 0x8000) - 0x8000,
    )


_CLASSES: Mapping[type, str] = {
    drives.Disk: "VirtualDisk",
    drives.Cdrom: "VirtualCdrom",
    drives.Floppy: "VirtualFloppy",
    hub.SerialPort: "VirtualSerialPort",
    hub.ParallelPort: "VirtualParallelPort",
    hub.PciDevice: "VirtualPCIPassthrough",
}
_WRITERS: Mapping[type, Callable[[Any, Any], None]] = {
    drives.Controller: _write_controller,
    drives.Disk: _write_disk,
    drives.Cdrom: _write_cdrom,
    drives.Floppy: _write_floppy,
    hub.Nic: _write_nic,
    hub.SerialPort: _write_serial,
    hub.ParallelPort: _write_parallel,
    hub.PciDevice: _write_pci,
}
