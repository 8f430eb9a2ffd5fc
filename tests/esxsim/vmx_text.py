# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMX files: reading their entries, writing them from a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyVmomi import vim

from . import guestos, vmx_device, vmx_fields
from .devicekeys import NIC_MODELS, SCSI_MODELS

device: Any = vim.vm.device
# Keys that a host writes before all else of the machine.
FIRST = ("nvram", "pciBridge", "svga.present", "hpet0")
_ENTRY = re.compile(r"""^\s*([A-Za-z.][\w:.*-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$""")


def decode(data: bytes) -> str:
    """Decode a VMX file by the encoding that it names; latin-1, which knows every byte, where it names a wrong one."""
    match = re.search(rb'^\s*\.encoding\s*=\s*"([\w.-]+)"', data, re.MULTILINE | re.IGNORECASE)
    for encoding in ([match.group(1).decode()] if match else []) + ["utf-8"]:
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("latin-1")


def entries(text: str) -> dict[str, str]:
    """Read the entries by their names in lower case; of two, the first counts. What is no entry is passed over."""
    found: dict[str, str] = {}
    for line in re.split(r"[\r\n;]+", text):
        match = _ENTRY.match(line)
        if match is not None:
            name, double, single = match.groups()
            found.setdefault(name.lower(), double if double is not None else single)
    return found


def spelled(text: str) -> dict[str, str]:
    """The names of the entries as they are spelled, by their names in lower case."""
    found: dict[str, str] = {}
    for line in re.split(r"[\r\n;]+", text):
        match = _ENTRY.match(line)
        if match is not None:
            found.setdefault(match.group(1).lower(), match.group(1))
    return found


def unescaped(value: str) -> str:
    """Read ``|22`` and its like."""
    return re.sub(r"\|([0-9A-Fa-f]{2})", lambda match: chr(int(match.group(1), 16)), value)


def escaped(value: str) -> str:
    return re.sub(r'[|"\x00-\x1f]', lambda match: f"|{ord(match.group()):02x}", value)


def spread(uuid: str) -> str:
    """Write a UUID as a VMX file does: ``56 4d … 00-00 …``."""
    digits = uuid.replace("-", "").ljust(32, "0")
    pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def written(config: Any) -> str:
    """Write the VMX file of a configuration, in the order in which a host does."""
    others = {str(one.key): escaped(str(one.value)) for one in config.extraConfig}
    found: dict[str, str] = {
        ".encoding": "UTF-8",
        "config.version": "8",
        "virtualHW.version": str(int(config.version.removeprefix("vmx-"))),
    }
    found.update({key: value for key, value in others.items() if key.startswith(FIRST)})
    found.update(_machine(config))
    for one in config.hardware.device:
        found.update(_device(one, config.files.vmPathName))
        found.update((key, escaped(value)) for key, value in vmx_device.written(one))
    found["displayName"] = escaped(config.name)
    found["guestOS"] = guestos.vmx_name(config.guestId)
    found.update((key, escaped(value)) for key, value in vmx_fields.written(config))
    found["uuid.bios"] = spread(config.uuid)
    if config.locationId is not None:
        found["uuid.location"] = spread(config.locationId)
    found["vc.uuid"] = spread(config.instanceUuid)
    # What stands among the other keys may say again what a device says.
    known = {key.lower() for key in found}
    found.update({key: value for key, value in others.items() if key.lower() not in known})
    return "".join(f'{name} = "{value}"\n' for name, value in found.items())


def _machine(config: Any) -> Iterator[tuple[str, str]]:
    yield "vmci0.present", "TRUE"
    yield "floppy0.present", "FALSE"
    yield "memSize", str(config.hardware.memoryMB)
    yield "numvcpus", str(config.hardware.numCPU)
    if (config.hardware.numCoresPerSocket or 1) > 1:
        yield "cpuid.coresPerSocket", str(config.hardware.numCoresPerSocket)
    if config.annotation:
        yield "annotation", escaped(config.annotation)
    if config.firmware == "efi":
        yield "firmware", "efi"
    yield "sched.mem.max", "unlimited" if config.memoryAllocation.limit < 0 else str(config.memoryAllocation.limit)


def lines_of(config: Any) -> dict[str, str]:
    """The entries of the VMX file of a configuration, with names as they are written."""
    found = (_ENTRY.match(line) for line in written(config).splitlines())
    return {match.group(1): match.group(2) for match in found if match is not None}


def updated(text: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """
    Put what changed since into a text that came from elsewhere; everything else stays as it is.

    ``before`` and ``now`` are what would have been written then, and would be now.
    """
    changed = {name: value for name, value in now.items() if before.get(name) != value}
    gone = {name.lower() for name in before if name not in now}
    left = {name.lower(): (name, value) for name, value in changed.items()}
    lines = []
    for line in text.splitlines():
        match = _ENTRY.match(line)
        name = match.group(1).lower() if match is not None else ""
        if match is not None and name in left:
            lines.append(f'{match.group(1)} = "{left.pop(name)[1]}"')
        elif name not in gone:
            lines.append(line)
    lines += [f'{name} = "{value}"' for name, value in left.values()]
    return "\n".join(lines) + "\n"


def _file(name: str, vmx_path: str) -> str:
    """Write a datastore path: by its name alone beside the VMX file, elsewhere below /vmfs/volumes."""
    folder = vmx_path.rpartition("/")[0] + "/"
    if name.startswith(folder) and "/" not in name[len(folder) :]:
        return name[len(folder) :]
    if name.startswith("["):
        store, _rest, path = name[1:].partition("]")
        return f"/vmfs/volumes/{store}/{path.strip()}"
    return name


def _device(one: Any, vmx_path: str) -> dict[str, str]:
    for cls, writer in _WRITERS:
        if isinstance(one, cls):
            found = writer(one, vmx_path)
            if one.connectable is not None and not one.connectable.startConnected:
                found[f"{next(iter(found)).partition('.')[0]}.startConnected"] = "FALSE"
            return found
    return {}


def _controller(one: Any, _vmx_path: str) -> dict[str, str]:
    if isinstance(one, device.VirtualSCSIController):
        model = {cls: name for name, cls in SCSI_MODELS.items()}.get(type(one), "lsilogic")
        return {f"scsi{one.busNumber}.virtualDev": model, f"scsi{one.busNumber}.present": "TRUE"}
    return {f"{vmx_device.name_of(one)}.present": "TRUE"}


def _video(one: Any, _vmx_path: str) -> dict[str, str]:
    return {"svga.vramSize": str(one.videoRamSizeInKB * 1024)}


def _disk(one: Any, vmx_path: str) -> dict[str, str]:
    prefix = vmx_device.name_of(one)
    kind = {"scsi": "scsi-hardDisk", "ide": "ata-hardDisk", "sata": "scsi-hardDisk", "nvme": "scsi-hardDisk"}
    return {
        f"{prefix}.deviceType": kind[prefix.rstrip(":0123456789")],
        f"{prefix}.fileName": _file(one.backing.fileName, vmx_path),
        f"{prefix}.present": "TRUE",
    }


def _cdrom(one: Any, vmx_path: str) -> dict[str, str]:
    prefix, backing, kinds = vmx_device.name_of(one), one.backing, device.VirtualCdrom
    found: dict[str, str] = {}
    if isinstance(backing, kinds.IsoBackingInfo):
        name = _file(backing.fileName, vmx_path) if backing.fileName else "emptyBackingString"
        found = {f"{prefix}.deviceType": "cdrom-image", f"{prefix}.fileName": name}
    elif isinstance(backing, (kinds.RemotePassthroughBackingInfo, kinds.RemoteAtapiBackingInfo)):
        raw = isinstance(backing, kinds.RemotePassthroughBackingInfo) and backing.exclusive
        found = {
            f"{prefix}.deviceType": "cdrom-raw" if raw else "atapi-cdrom",
            f"{prefix}.fileName": backing.deviceName or "CD/DVD drive 0",
            f"{prefix}.clientDevice": "TRUE",
        }
    else:
        raw = isinstance(backing, kinds.PassthroughBackingInfo)
        found = {f"{prefix}.deviceType": "cdrom-raw" if raw else "atapi-cdrom"}
        if backing.useAutoDetect:
            found[f"{prefix}.autodetect"] = "TRUE"
        found[f"{prefix}.fileName"] = backing.deviceName or "auto detect"
    return {**found, f"{prefix}.present": "TRUE"}


def _nic(one: Any, _vmx_path: str) -> dict[str, str]:
    prefix = vmx_device.name_of(one)
    model = next((name for name, cls in NIC_MODELS.items() if one.__class__ is cls), "e1000")
    found = {f"{prefix}.virtualDev": "vmxnet" if model == "vmxnet2" else model}
    if model == "vmxnet2":
        found[f"{prefix}.features"] = "15"
    if getattr(one.backing, "deviceName", None):
        found[f"{prefix}.networkName"] = escaped(one.backing.deviceName)
    kind = {"manual": "static", "assigned": "vpx"}.get(one.addressType, "generated")
    found[f"{prefix}.addressType"] = kind
    found[f"{prefix}.{'address' if kind == 'static' else 'generatedAddress'}"] = one.macAddress
    if kind == "generated":
        found[f"{prefix}.generatedAddressOffset"] = str(10 * (one.key - 4000))
    return {**found, f"{prefix}.present": "TRUE"}


def _port(one: Any, vmx_path: str) -> dict[str, str]:
    prefix, backing = vmx_device.name_of(one), one.backing
    found: dict[str, str] = {}
    if hasattr(backing, "fileName"):
        found = {f"{prefix}.fileType": "file", f"{prefix}.fileName": _file(backing.fileName, vmx_path)}
    elif hasattr(backing, "pipeName"):
        found = {f"{prefix}.fileType": "pipe", f"{prefix}.fileName": backing.pipeName}
        found[f"{prefix}.pipe.endPoint"] = backing.endpoint
    elif hasattr(backing, "serviceURI"):
        found = {f"{prefix}.fileType": "network", f"{prefix}.fileName": backing.serviceURI}
        found[f"{prefix}.network.endPoint"] = backing.direction
    elif isinstance(backing, device.VirtualSerialPort.ThinPrintBackingInfo):
        found = {f"{prefix}.fileType": "thinprint"}
    else:
        found = {f"{prefix}.fileType": "device", f"{prefix}.fileName": backing.deviceName}
        if isinstance(backing, device.VirtualFloppy.RemoteDeviceBackingInfo):
            found[f"{prefix}.clientDevice"] = "TRUE"
    return {**{key: escaped(value) for key, value in found.items()}, f"{prefix}.present": "TRUE"}


def _passthrough(one: Any, _vmx_path: str) -> dict[str, str]:
    prefix, backing = vmx_device.name_of(one), one.backing
    found = {f"{prefix}.present": "TRUE"}
    if isinstance(backing, device.VirtualPCIPassthrough.DynamicBackingInfo):
        pairs = (f"0x{each.vendorId & 0xFFFF:x}:0x{each.deviceId:x}" for each in backing.allowedDevice)
        found[f"{prefix}.allowedDevices"] = ",".join(pairs)
    return found


_WRITERS: tuple[tuple[Any, Callable[[Any, str], dict[str, str]]], ...] = (
    (device.VirtualSCSIController, _controller),
    (device.VirtualSATAController, _controller),
    (device.VirtualNVMEController, _controller),
    (device.VirtualDisk, _disk),
    (device.VirtualCdrom, _cdrom),
    (device.VirtualEthernetCard, _nic),
    (device.VirtualSerialPort, _port),
    (device.VirtualParallelPort, _port),
    (device.VirtualFloppy, _port),
    (device.VirtualPCIPassthrough, _passthrough),
    (device.VirtualVideoCard, _video),
)
