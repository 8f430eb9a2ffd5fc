# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is behind devices that are no disks: checked against what the host has, and completed as a host does."""

from __future__ import annotations

import re
from typing import Any

from pyVmomi import vim

from . import diskfiles
from .change import Change, invalid, wrong_backing
from .devicekeys import generated_mac, network_moid
from .entity import like
from .stores import find_store

device: Any = vim.vm.device
nic: Any = device.VirtualEthernetCard
MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", re.IGNORECASE)
# Guests' tools are in images of the host, on no datastore.
HOST_IMAGES = "[] "


def completed(change: Change, one: Any, index: int) -> Any:
    """
    Check a device's backing, and fill in what the host knows.

    Raises:
        InvalidDeviceSpec, InvalidDeviceBacking, FileNotFound, InvalidDatastorePath.
    """
    if getattr(one.backing, "useAutoDetect", True) is None:
        one = like(one, backing=like(one.backing, useAutoDetect=False))
    if isinstance(one, nic):
        return _card(change, one, index)
    if isinstance(one, (device.VirtualSerialPort, device.VirtualParallelPort)):
        return _port(change, one, index)
    if isinstance(one, (device.VirtualCdrom, device.VirtualFloppy)):
        return _drive(change, one, index)
    if isinstance(one, device.VirtualPCIPassthrough):
        return _pci(change, one, index)
    if isinstance(one, device.VirtualVideoCard):
        return _video(one)
    return one


def _card(change: Change, one: Any, index: int) -> Any:
    backing = one.backing
    if isinstance(backing, nic.DistributedVirtualPortBackingInfo):
        raise wrong_backing(index, "a host without vCenter has no distributed switch")
    if isinstance(backing, nic.OpaqueNetworkBackingInfo):
        raise wrong_backing(index, "the host has no opaque networks")
    if isinstance(backing, nic.NetworkBackingInfo):
        name = backing.deviceName or ""
        if not name and backing.network is not None:
            found = change.world.find_or_none("Network", backing.network._moId)
            name = found.get("name") if found is not None else ""
        moid = network_moid(name)
        if name and change.world.find_or_none("Network", moid) is None:
            raise invalid(index, "device.backing", f"there is no network {name!r}")
        if name:
            backing = like(backing, deviceName=name, network=vim.Network(moid), useAutoDetect=False)
    if backing is None:
        raise invalid(index, "device.backing", "a network adapter needs a backing")
    kind = (one.addressType or ("manual" if one.macAddress else "generated")).lower()
    if kind not in ("generated", "manual", "assigned"):
        raise invalid(index, "device.addressType", f"there is no type of address {one.addressType!r}")
    if kind != "generated" and not MAC.fullmatch(one.macAddress or ""):
        raise invalid(index, "device.macAddress", f"{one.macAddress!r} is no MAC address")
    taken = {other.macAddress for other in change.devices if isinstance(other, nic) and other.key != one.key}
    return like(
        one,
        backing=backing,
        addressType=kind,
        macAddress=(one.macAddress or _new_mac(change.uuid, one.key - 4000, taken)).lower(),
        wakeOnLanEnabled=True if one.wakeOnLanEnabled is None else one.wakeOnLanEnabled,
        uptCompatibilityEnabled=bool(one.uptCompatibilityEnabled),
    )


def _new_mac(uuid: str, number: int, taken: set[str]) -> str:
    made = (generated_mac(uuid, offset) for offset in range(number, number + 100))
    return next(mac for mac in made if mac not in taken)


def _port(change: Change, one: Any, index: int) -> Any:
    backing = one.backing
    if backing is None:
        raise invalid(index, "device.backing", "a port needs a backing")
    for name in ("direction", "endpoint"):
        end = getattr(backing, name, None)
        if end is not None and end not in ("client", "server"):
            raise invalid(index, f"device.backing.{name}", f"{end!r} is neither client nor server")
    if isinstance(backing, device.VirtualDevice.FileBackingInfo):
        one = like(one, backing=_on_datastore(change, backing, index))
    if isinstance(one, device.VirtualSerialPort) and one.yieldOnPoll is None:
        one = like(one, yieldOnPoll=False)
    return one


def _on_datastore(change: Change, backing: Any, index: int) -> Any:
    """Read the file name of a port: one without a datastore is meant beside the VMX."""
    name = backing.fileName or ""
    if not name:
        raise invalid(index, "device.backing.fileName", "a file needs a name")
    if not name.startswith(("[", "/")):
        name = change.home + name
    if name.startswith("/"):
        return backing
    store, path = find_store(change.world, name)
    return like(backing, fileName=f"[{store.get('name')}] {path}", datastore=store.ref)


def _drive(change: Change, one: Any, index: int) -> Any:
    """Refuse an image that is not there; nothing is asked of the other backings."""
    if one.backing is None:
        raise invalid(index, "device.backing", "a drive needs a backing")
    name = getattr(one.backing, "fileName", None)
    if name is None or name.startswith(HOST_IMAGES):
        return one
    store, path = find_store(change.world, name)
    if not diskfiles.exists(change.world, name):
        raise vim.fault.FileNotFound(file=name, msg=f"File {name} was not found")
    return like(one, backing=like(one.backing, fileName=f"[{store.get('name')}] {path}", datastore=store.ref))


def _pci(change: Change, one: Any, index: int) -> Any:
    backing = one.backing
    if isinstance(backing, device.VirtualPCIPassthrough.DynamicBackingInfo):
        return one
    host = change.world.find("HostSystem", "ha-host")
    wanted = getattr(backing, "id", None) or ""
    for known in host.get("hardware.pciDevice"):
        if _address(known.id) == _address(wanted):
            # Where the host knows better than the request, the host counts.
            made = like(
                backing,
                id=known.id,
                deviceName=known.deviceName,
                deviceId=f"{known.deviceId & 0xFFFF:x}",
                vendorId=known.vendorId,
                systemId=backing.systemId or host.get("hardware.systemInfo.uuid"),
            )
            return like(one, backing=made)
    raise wrong_backing(index, f"the host has no PCI device {wanted!r}")


def _address(text: str) -> tuple[int, ...]:
    """Read ``0000:3b:00.0``, ``3b:00.0`` or, in decimal, ``00000:059:00.0``; all of them mean the same."""
    parts = re.split(r"[:.]", text)
    base = 10 if len(parts[0]) > 4 else 16
    try:
        return tuple(int(part, base) for part in (["0"] * (4 - len(parts)) + parts))
    except ValueError:
        return ()


def _video(one: Any) -> Any:
    return like(
        one,
        videoRamSizeInKB=one.videoRamSizeInKB or 4096,
        numDisplays=one.numDisplays or 1,
        useAutoDetect=bool(one.useAutoDetect),
        enable3DSupport=bool(one.enable3DSupport),
        use3dRenderer=one.use3dRenderer or "automatic",
        graphicsMemorySizeInKB=one.graphicsMemorySizeInKB or 262144,
    )
