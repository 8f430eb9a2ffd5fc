# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual machines of a scenario: names of batches, disks, adapters, identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .description import Cdrom, Disk, Machine, Nic, Port, Slot
from .entity import stable_uuid
from .schema import SchemaError, wrong

SCSI_UNITS = [unit for unit in range(16) if unit != 7]


def names_of(one: Mapping[str, Any], multiply: int) -> list[str]:
    """The names of an entry: one, or ``count`` of them by a pattern such as ``batch-{n:03}``."""
    pattern, count = one["name"], one.get("count", 1)
    if "{" in pattern and "count" in one:
        return [pattern.format(n=number) for number in range(1, count * multiply + 1)]
    if count == 1 and multiply == 1:
        return [pattern]
    return [f"{pattern}-{number:04d}" for number in range(1, count * multiply + 1)]


def pattern(value: Any, path: str) -> str:
    """Read the name of a VM, which may have ``{n}`` or ``{n:03}`` in it."""
    if not isinstance(value, str) or not value:
        raise wrong(path, value, "a name, for example web01 or batch-{n:03}")
    try:
        if "{" in value:
            value.format(n=1)
    except (KeyError, IndexError, ValueError):
        raise wrong(path, value, "a name whose only field is {n}, for example batch-{n:03}") from None
    return value


def describe(
    one: Mapping[str, Any], name: str, number: int, *, path: str, stores: Sequence[str], networks: Sequence[str]
) -> Machine:
    """
    Make the description of one machine of an entry, the ``number``-th.

    Raises:
        SchemaError: it names a datastore or network that the scenario does not have.
    """
    store = _known(one.get("datastore", stores[0]), f"{path}.datastore", stores)
    folder = one.get("folder", "")
    directory = _file_name(f"{folder}_{name}" if folder else name)
    base = f"[{store}] {directory}/{_file_name(name)}"
    seed = (folder, name)
    first = number == 1
    return Machine(
        name=name,
        vmx_path=f"{base}.vmx",
        cpus=one.get("cpus", 1),
        cores_per_socket=one.get("cores_per_socket", 1),
        memory_mib=one.get("memory_mib", 1024),
        guest_id=one.get("guest_id", "otherGuest64"),
        annotation=one.get("annotation", ""),
        hardware_version=one["hardware_version"],
        firmware=one.get("firmware", "bios"),
        uuid=one["uuid"] if first and "uuid" in one else stable_uuid("uuid", *seed),
        instance_uuid=one["instance_uuid"] if first and "instance_uuid" in one else stable_uuid("instance", *seed),
        disks=tuple(_disks(one.get("disks", [{}]), base, path, stores)),
        cdroms=(Cdrom(slot=Slot(bus="ide", controller=0, unit=0), iso=one.get("iso"), client="iso" not in one),),
        nics=tuple(_nics(one.get("nics", [{"network": networks[0]}]), path, networks)),
        serials=tuple(
            Port(index=index, kind="file", target=file if file.startswith("[") else f"{base.rpartition('/')[0]}/{file}")
            for index, file in enumerate(one.get("serial_files", []))
        ),
        scsi_models={0: one.get("scsi_controller", "pvscsi")},
        extra_config=one.get("extra_config", {}),
    )


def _known(name: str, path: str, names: Sequence[str]) -> str:
    if name not in names:
        raise wrong(path, name, "one of " + ", ".join(names))
    return name


def _file_name(name: str) -> str:
    return "".join("_" if char in '"*<>:|?/\\%' else char for char in name)


def _disks(disks: Sequence[Mapping[str, Any]], base: str, path: str, stores: Sequence[str]) -> list[Disk]:
    if len(disks) > len(SCSI_UNITS):
        raise SchemaError(f"{path}.disks: found {len(disks)} disks, allowed are {len(SCSI_UNITS)}")
    found = []
    for number, one in enumerate(disks):
        suffix = "" if number == 0 else f"_{number}"
        file = one.get("file", f"{base}{suffix}.vmdk")
        if not file.startswith("["):
            file = f"{base.rpartition('/')[0]}/{file}"
        _known(file[1:].partition("]")[0], f"{path}.disks[{number}].file", stores)
        found.append(
            Disk(
                file=file,
                slot=Slot(unit=SCSI_UNITS[number]),
                capacity_kib=one.get("size_gib", 16) * 1024 * 1024,
                thin=one.get("thin", True),
                mode=one.get("mode", "persistent"),
            )
        )
    return found


def _nics(nics: Sequence[Mapping[str, Any]], path: str, networks: Sequence[str]) -> list[Nic]:
    return [
        Nic(
            index=index,
            network=_known(one.get("network", networks[0]), f"{path}.nics[{index}].network", networks),
            mac=one.get("mac"),
            mac_type="static" if "mac" in one else "generated",
            model=one.get("model", "vmxnet3"),
            connected=one.get("connected", True),
        )
        for index, one in enumerate(nics)
    ]
