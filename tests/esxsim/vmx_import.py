# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual machines from VMX files, as real hosts write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import guestos, vmx_text
from .description import Cdrom, Disk, Machine, Nic, Port, Slot
from .entity import stable_uuid
from .vmx_fields import KEYS

# What properties of the API say of devices, and so does not stand among the other keys.
_DEVICES = re.compile(
    r"(?:scsi|sata|ide|nvme|floppy|ethernet|serial|parallel|pcipassthru)\d+(?::\d+)?\.(?:present|filename|filetype"
    r"|devicetype|clientdevice|startconnected|allowguestconnectioncontrol|virtualdev|features|networkname|connectiontype"
    r"|addresstype|address|generatedaddress|generatedaddressoffset|wakeonpcktrcv|uptcompatibility|externalid|dvs\..*"
    r"|mode|writethrough|sharing|sharedbus|redo|autodetect|yieldonmsrread|trynorxloss|vspc|pipe\.endpoint"
    r"|network\.endpoint|id|systemid|vendorid|deviceid|alloweddevices|opaquenetwork\..*)"
    r"|sched\.(?:scsi|sata|ide|nvme)\d+:\d+\.(?:shares|throughputcap)"
)
_GENERAL = re.compile(
    r"displayname|memsize|numvcpus|vmci0\.present|guestos|annotation|uuid\.(?:bios|location)|vc\.uuid|firmware"
    r"|virtualhw\.version"
    r"|cpuid\.corespersocket|config\.version|\.encoding|svga\.(?:vramsize|autodetect|numdisplays|graphicsmemorykb)"
    r"|sched\.mem\.(?:max|min|minsize|shares)|sched\.cpu\.(?:min|max|shares|units|affinity)|mks\.(?:enable3d|use3drenderer)"
)


# What a host writes down for the drive of a client that has lent none yet.
_NO_NAME = re.compile(r"CD/DVD drive \d+")
_PAIR = re.compile(r"(?:0x)?[0-9a-f]{1,4}:(?:0x)?[0-9a-f]{1,4}", re.IGNORECASE)


class BadVmx(ValueError):
    """A VMX file that no machine can be made of."""


def read(data: bytes, vmx_path: str, stores: Mapping[str, str] | None = None) -> Machine:
    """
    Read a VMX file that lies at a datastore path; ``stores`` are the names of the datastores by their ids.

    Raises:
        BadVmx: it has no entries, or its numbers are none.
    """
    text = vmx_text.decode(data)
    found = vmx_text.entries(text)
    if not found:
        raise BadVmx(f"{vmx_path}: no entry of a VMX file was found")
    spelled = vmx_text.spelled(text)
    stores = stores or {}
    name = vmx_text.unescaped(_percent(found.get("displayname", vmx_path.rpartition("/")[2].removesuffix(".vmx"))))
    uuid = _uuid(found.get("uuid.bios")) or stable_uuid("uuid", vmx_path)
    shares = found.get("sched.cpu.shares", "normal").lower()
    return Machine(
        name=name,
        vmx_path=vmx_path,
        cpus=_number(found, "numvcpus", 1, vmx_path),
        cores_per_socket=_number(found, "cpuid.corespersocket", 1, vmx_path),
        memory_mib=_number(found, "memsize", 32, vmx_path),
        guest_id=guestos.guest_id(found.get("guestos", "other")),
        annotation=vmx_text.unescaped(found.get("annotation", "")),
        hardware_version=_number(found, "virtualhw.version", 4, vmx_path),
        firmware="efi" if found.get("firmware", "").lower() == "efi" else "bios",
        uuid=uuid,
        location=_uuid(found.get("uuid.location")),
        instance_uuid=_uuid(found.get("vc.uuid")) or stable_uuid("instance", vmx_path),
        disks=tuple(_disks(found, vmx_path, stores)),
        cdroms=tuple(_cdroms(found, vmx_path, stores)),
        nics=tuple(_nics(found)),
        serials=tuple(_ports(found, "serial", 32, vmx_path, stores)),
        parallels=tuple(_ports(found, "parallel", 3, vmx_path, stores)),
        floppies=tuple(_ports(found, "floppy", 2, vmx_path, stores)),
        pci_devices=tuple(_passed_through(found)),
        scsi_models=_scsi_models(found),
        other_controllers=tuple(
            (bus, number) for bus in ("sata", "nvme") for number in range(4) if _true(found, f"{bus}{number}.present")
        ),
        video_ram_kib=_number(found, "svga.vramsize", 4096 * 1024, vmx_path) // 1024,
        memory_limit=_number(found, "sched.mem.max", -1, vmx_path),
        memory_reservation=max(
            0, _number(found, "sched.mem.minsize", _number(found, "sched.mem.min", 0, vmx_path), vmx_path)
        ),
        cpu_shares=shares if shares in ("low", "normal", "high") or shares.isdigit() else "normal",
        extra_config={
            spelled[key]: vmx_text.unescaped(value)
            for key, value in found.items()
            if not (_GENERAL.fullmatch(key) or _DEVICES.fullmatch(key) or key in KEYS)
        },
        original=text,
    )


def read_folder(folder: Path, datastore: str) -> Iterator[Machine]:
    """
    Read every VMX file of a folder and of the folders below it, in the order of their names.

    Raises:
        BadVmx: the folder has none, or one cannot be read.
    """
    files = sorted(folder.rglob("*.vmx"))
    if not files:
        raise BadVmx(f"{folder}: there is no VMX file in this folder")
    for file in files:
        yield read(file.read_bytes(), f"[{datastore}] {file.stem}/{file.name}")


def _percent(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match.group(1), 16)), text)


def _uuid(text: str | None) -> str | None:
    digits = re.sub(r"[\s-]", "", text or "").lower()
    if not re.fullmatch(r"[0-9a-f]{32}", digits):
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _number(found: Mapping[str, str], key: str, default: int, vmx_path: str) -> int:
    value = found.get(key, "").strip()
    if not value:
        return default
    if value.lower() == "unlimited":
        return -1
    try:
        return int(value)
    except ValueError:
        raise BadVmx(f"{vmx_path}: {key} is {value!r}, which is no number") from None


def _true(found: Mapping[str, str], key: str) -> bool:
    return found.get(key, "").lower() == "true"


def _slots(found: Mapping[str, str]) -> Iterator[tuple[str, Slot]]:
    for key in found:
        match = re.fullmatch(r"((scsi|sata|ide|nvme)(\d):(\d+))\.present", key)
        if match is not None and _true(found, key):
            prefix, bus, number, unit = match.groups()
            yield prefix, Slot(bus=bus, controller=int(number), unit=int(unit))


def place(name: str, vmx_path: str, stores: Mapping[str, str] | None = None) -> str:
    """Read a file name of a VMX file as a datastore path; one that is on no datastore stays as it is."""
    match = re.fullmatch(r"/vmfs/volumes/([^/]+)/+(.+)", name)
    if match is not None:
        return f"[{(stores or {}).get(match.group(1), match.group(1))}] {match.group(2)}"
    if name.startswith("/") or "\\" in name:
        return name
    return vmx_path.rpartition("/")[0] + f"/{name}"


def _disks(found: Mapping[str, str], vmx_path: str, stores: Mapping[str, str]) -> Iterator[Disk]:
    for prefix, slot in _slots(found):
        name = found.get(f"{prefix}.filename", "")
        if name.lower().endswith(".vmdk"):
            yield Disk(
                file=place(name, vmx_path, stores),
                slot=slot,
                mode=found.get(f"{prefix}.mode", "persistent").replace("-", "_"),
                write_through=_true(found, f"{prefix}.writethrough"),
            )


def _cdroms(found: Mapping[str, str], vmx_path: str, stores: Mapping[str, str]) -> Iterator[Cdrom]:
    for prefix, slot in _slots(found):
        name = found.get(f"{prefix}.filename", "")
        if name.lower().endswith(".vmdk") or slot.bus == "nvme":
            continue
        iso = place(name, vmx_path, stores) if name.lower().endswith(".iso") else None
        client = _true(found, f"{prefix}.clientdevice")
        automatic = name.lower() in ("auto detect", "emptybackingstring") or (client and _NO_NAME.fullmatch(name))
        yield Cdrom(
            slot=slot,
            iso=iso,
            device="" if automatic or iso else name,
            client=client,
            raw=found.get(f"{prefix}.devicetype", "").lower() in ("cdrom-raw", "scsi-passthru"),
            connected=found.get(f"{prefix}.startconnected", "true").lower() == "true",
        )


def _nics(found: Mapping[str, str]) -> Iterator[Nic]:
    for index in range(10):
        prefix = f"ethernet{index}"
        if not _true(found, f"{prefix}.present"):
            continue
        kind = found.get(f"{prefix}.addresstype", "generated").lower()
        model = found.get(f"{prefix}.virtualdev", "vlance").lower()
        dvs = {key.rpartition(".")[2]: value for key, value in found.items() if key.startswith(f"{prefix}.dvs.")}
        yield Nic(
            index=index,
            network=found.get(f"{prefix}.networkname") or None,
            mac=found.get(f"{prefix}.{'address' if kind == 'static' else 'generatedaddress'}"),
            mac_type=kind,
            model="vmxnet2" if model == "vmxnet" and found.get(f"{prefix}.features") == "15" else model,
            connected=found.get(f"{prefix}.startconnected", "true").lower() == "true",
            dvs=dvs or None,
        )


def _ports(found: Mapping[str, str], what: str, count: int, vmx_path: str, stores: Mapping[str, str]) -> Iterator[Port]:
    for index in range(count):
        prefix = f"{what}{index}"
        if not _true(found, f"{prefix}.present"):
            continue
        kind = found.get(f"{prefix}.filetype", "device").lower()
        kind = "client" if _true(found, f"{prefix}.clientdevice") else kind
        target = found.get(f"{prefix}.filename", "")
        endpoint = found.get(f"{prefix}.{'pipe' if kind == 'pipe' else 'network'}.endpoint", "server")
        target = place(target, vmx_path, stores) if kind == "file" else target
        yield Port(index=index, kind=kind, target=target, endpoint=endpoint)


def _passed_through(found: Mapping[str, str]) -> Iterator[Port]:
    for index in range(16):
        prefix = f"pcipassthru{index}"
        if not _true(found, f"{prefix}.present"):
            continue
        allowed = found.get(f"{prefix}.alloweddevices", "")
        pairs = [one.strip() for one in allowed.split(",") if _PAIR.fullmatch(one.strip())]
        if pairs:
            yield Port(index=index, kind="dynamic", target=",".join(pairs))
        else:
            yield Port(index=index, kind="device", target=found.get(f"{prefix}.id", ""))


def _scsi_models(found: Mapping[str, str]) -> dict[int, str]:
    return {
        number: found.get(f"scsi{number}.virtualdev", "lsilogic").lower()
        for number in range(4)
        if _true(found, f"scsi{number}.present")
    }
