# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Virtual disks as they lie on a datastore: a descriptor, which is text, and beside it the extent with the data.

What a disk is stands in its descriptor alone, so that one that somebody uploads is as good as one that was made here.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import NamedTuple

from .entity import stable_uuid
from .filestore import File, FileStore, OutOfSpace

SECTORS_PER_KIB = 2
HEADS, SECTORS = 255, 63
_EXTENT = re.compile(r'^\s*(?:RW|RDONLY)\s+(\d+)\s+(\w+)(?:\s+"([^"]+)")?', re.MULTILINE)
_FACT = re.compile(r'^\s*(?:ddb\.)?([A-Za-z.]+)\s*=\s*"?([^"\n]*)"?\s*$', re.MULTILINE)
_ON_TOP = re.compile(r"-\d{6}\.vmdk$")
SIGNATURE = b"# Disk DescriptorFile"
# How the API and the descriptor name the adapters.
ADAPTERS = {"lsiLogic": "lsilogic", "busLogic": "buslogic", "ide": "ide"}


class NotADisk(Exception):
    """A file that is no descriptor of a virtual disk, or names an extent that is not there."""


class Disk(NamedTuple):
    """What a descriptor says; ``extent`` is the path of the file with the data, ``allocated`` its bytes."""

    capacity_kib: int
    thin: bool
    eager: bool
    adapter: str
    uuid: str
    extent: str
    allocated: int


class _Descriptor(NamedTuple):
    capacity_kib: int
    thin: bool
    adapter: str
    uuid: str
    extent: str


def extent_of(path: str) -> str:
    """Where the data of a disk that is made here goes; that of a file on top of another is sparse."""
    return path[: -len(".vmdk")] + ("-sesparse.vmdk" if _ON_TOP.search(path) else "-flat.vmdk")


def is_extent(name: str) -> bool:
    """Tell whether a file is the data of a disk, by its name."""
    return name.lower().endswith(("-flat.vmdk", "-delta.vmdk", "-sesparse.vmdk", "-ctk.vmdk"))


def new_uuid(*words: object) -> str:
    """Make the UUID of a disk, as hosts begin them: ``6000C29…``."""
    digits = ("6000c29" + stable_uuid("vmdk", *words).replace("-", ""))[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def spaced(uuid: str) -> str:
    """Write the UUID of a disk as descriptors and QueryVirtualDiskUuid do."""
    digits = uuid.replace("-", "")
    pairs = [digits[i : i + 2] for i in range(0, 32, 2)]
    return " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])


def descriptor(capacity_kib: int, thin: bool, adapter: str, uuid: str, extent: str) -> bytes:
    """Write a descriptor; ``extent`` is the name of the file beside it."""
    sectors = capacity_kib * SECTORS_PER_KIB
    lines = [
        SIGNATURE.decode(),
        "version=1",
        'encoding="UTF-8"',
        f"CID={uuid.replace('-', '')[24:]}",
        "parentCID=ffffffff",
        'createType="vmfs"',
        "",
        "# Extent description",
        f'RW {sectors} VMFS "{extent}"',
        "",
        "# The Disk Data Base",
        "#DDB",
        "",
        f'ddb.adapterType = "{adapter}"',
        f'ddb.geometry.cylinders = "{min(65535, sectors // HEADS // SECTORS)}"',
        f'ddb.geometry.heads = "{HEADS}"',
        f'ddb.geometry.sectors = "{SECTORS}"',
        *(['ddb.thinProvisioned = "1"'] if thin else []),
        f'ddb.uuid = "{spaced(uuid)}"',
        'ddb.virtualHWVersion = "21"',
    ]
    return "\n".join([*lines, ""]).encode()


@lru_cache(maxsize=4096)
def _parsed(content: bytes) -> _Descriptor:
    if not content.startswith(SIGNATURE):
        raise NotADisk("it is no descriptor of a virtual disk")
    text = content.decode("utf-8", "replace")
    extents = _EXTENT.findall(text)
    if not extents or not all(name for _sectors, _kind, name in extents):
        raise NotADisk("its descriptor names no extent")
    facts = dict(_FACT.findall(text))
    digits = re.sub(r"[\s-]", "", facts.get("uuid", "")).lower()
    return _Descriptor(
        capacity_kib=sum(int(sectors) for sectors, _kind, _name in extents) // SECTORS_PER_KIB,
        thin=facts.get("thinProvisioned") == "1",
        adapter=facts.get("adapterType", "lsilogic"),
        uuid=new_uuid(digits)
        if len(digits) != 32
        else f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
        extent=extents[0][2],
    )


def _beside(path: str, name: str) -> str:
    folder, slash, _rest = path.rpartition("/")
    return f"{folder}{slash}{name}"


def read(files: FileStore, path: str) -> Disk | None:
    """
    Read the descriptor at a path; None: there is no file.

    Raises:
        NotADisk: the file is something else, or the extent is missing.
    """
    file = files.get(path)
    if file is None:
        return None
    found = _parsed(file.head())
    extent = _beside(path, found.extent)
    data = files.get(extent)
    if data is None:
        raise NotADisk(f"its extent {found.extent} is missing")
    return Disk(found.capacity_kib, found.thin, data.scrubbed, found.adapter, found.uuid, extent, data.length)


def put(files: FileStore, path: str, capacity_kib: int, size: int, *, thin: bool, adapter: str = "lsilogic") -> None:
    """Put a disk that was there from the start: its bytes were never free."""
    extent = extent_of(path)
    make = partial(descriptor, capacity_kib, thin, adapter, new_uuid(path), extent.rpartition("/")[2])
    files.put(path, File(0, make))
    files.put(extent, File(size))


def _written(text: bytes) -> File:
    return File(0, text, modified=datetime.now(timezone.utc))


def create(
    files: FileStore, path: str, capacity_kib: int, *, thin: bool, eager: bool, adapter: str, uuid: str | None = None
) -> None:
    """
    Make a disk; a thin one takes nothing until a guest writes to it.

    Raises:
        OutOfSpace: it does not fit.
    """
    extent, uuid = extent_of(path), uuid or new_uuid(path)
    files.allocate(extent, File(0 if thin else capacity_kib * 1024, scrubbed=eager))
    files.put(path, _written(descriptor(capacity_kib, thin, adapter, uuid, extent.rpartition("/")[2])))


def grow(files: FileStore, path: str, capacity_kib: int) -> None:
    """
    Make a disk larger.

    Raises:
        OutOfSpace: it does not fit.
    """
    disk = read(files, path)
    assert disk is not None
    data = files.get(disk.extent)
    assert data is not None
    files.grow(data, 0 if disk.thin else (capacity_kib - disk.capacity_kib) * 1024)
    rewrite(files, path, disk._replace(capacity_kib=capacity_kib))


def rewrite(files: FileStore, path: str, disk: Disk) -> None:
    """Write a disk's descriptor anew."""
    name = disk.extent.rpartition("/")[2]
    files.put(path, _written(descriptor(disk.capacity_kib, disk.thin, disk.adapter, disk.uuid, name)))


def inflate(files: FileStore, path: str, disk: Disk) -> None:
    """
    Make a thin disk thick, with its blocks zeroed.

    Raises:
        OutOfSpace: it does not fit.
    """
    data = files.get(disk.extent)
    assert data is not None
    files.grow(data, max(0, disk.capacity_kib * 1024 - data.size))
    data.scrubbed = True
    rewrite(files, path, disk._replace(thin=False))


def shrink(files: FileStore, disk: Disk) -> None:
    """Give back the blocks of a thin disk that hold nothing: of our disks, all."""
    data = files.get(disk.extent)
    assert data is not None
    files.free += data.charged
    data.size = data.charged = 0


def discard(files: FileStore, path: str) -> None:
    """Delete a disk, descriptor and extent."""
    for one in parts(files, path):
        files.discard(one)


def parts(files: FileStore, path: str) -> list[str]:
    """The files of a disk that are there: its descriptor, and its extent."""
    file = files.get(path)
    if file is None:
        return []
    try:
        extent = _beside(path, _parsed(file.head()).extent)
    except NotADisk:
        return [path]
    return [path, *([extent] if files.get(extent) is not None else [])]


def copy(disk: Disk, target: FileStore, new_path: str, **changes: bool) -> None:
    """
    Copy a disk; ``changes`` are ``thin`` and ``eager``, where the copy shall be another kind of disk.

    Raises:
        OutOfSpace: it does not fit.
    """
    thin, eager = changes.get("thin", disk.thin), changes.get("eager", disk.eager)
    size = disk.allocated if thin else disk.capacity_kib * 1024
    extent = extent_of(new_path)
    if size > target.free:
        raise OutOfSpace(new_path)
    target.allocate(extent, File(size, scrubbed=eager and not thin))
    text = descriptor(disk.capacity_kib, thin, disk.adapter, new_uuid(new_path, disk.uuid), extent.rpartition("/")[2])
    target.put(new_path, _written(text))


def move(source: FileStore, path: str, disk: Disk, target: FileStore, new_path: str) -> None:
    """
    Move a disk, maybe to another datastore; it stays the same disk.

    Raises:
        OutOfSpace: it does not fit there.
    """
    extent = extent_of(new_path)
    if source is target:
        source.move(disk.extent, extent)
    else:
        source.move_to(disk.extent, target, extent)
    source.discard(path)
    rewrite(target, new_path, disk._replace(extent=extent))
