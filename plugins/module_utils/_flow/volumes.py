# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on datastores in plain values: which are meant, and what libvirt's ESX driver would say of one as a volume."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._errors import NotFound, OptionError
from .._vmx.paths import DatastorePath

Fact = dict[str, Any]

TYPES = ("disk", "iso", "floppy", "vmx", "nvram", "log", "snapshot", "folder", "other")
# What libvirt calls the format; of other files it knows nothing.
_FORMATS = {"disk": "vmdk", "iso": "iso", "floppy": "raw"}
# What belongs to a disk whose descriptor lies beside it.
_GLOB = re.compile(r"[*?\[\]\\]")
_PART = re.compile(r"(?P<disk>.+)-(?:flat|delta|sesparse|rdm|rdmp|ctk|[sf]\d{3})\.vmdk")


def path_of(text: str, option: str = "path") -> DatastorePath:
    """
    Read an option that is the place of one file.

    Raises:
        OptionError: it is none.
    """
    try:
        path = DatastorePath.parse(text)
        if not path.name:
            raise ValueError(f"{text!r} names no file")
        # One file has one name, or what belongs to a machine could not be told from it.
        if any(part in ("", ".") for part in path.path.split("/")):
            raise ValueError(f"{text!r} has a part that is empty or '.'")
        return DatastorePath(path.datastore).join(path.path)
    except ValueError as error:
        raise OptionError(f"'{option}' is no file on a datastore: {error}", option=option) from error


def patterns_for(name: str) -> tuple[str, ...]:
    """Return globs that find a file: its name, or all names where a host would take its characters for others."""
    return () if _GLOB.search(name) else (name,)


def is_part_of_disk(name: str) -> bool:
    """Tell whether a name is that of an extent, or of what else belongs to a disk and is none itself."""
    return _PART.fullmatch(name) is not None


def folder_of(text: str | None) -> str:
    """
    Read the option ``folder``: a directory that is looked for on each datastore; "" is the top.

    Raises:
        OptionError: it leads out of the datastore.
    """
    if text is None:
        return ""
    folder = text.strip("/")
    try:
        if not folder.strip():
            raise ValueError("it is empty")
        return DatastorePath("any").join(folder).path
    except ValueError as error:
        raise OptionError(f"'folder' is no directory on a datastore: {error}", option="folder") from error


def volume_of(fact: Fact) -> Fact:
    """Return what libvirt says of a file as a storage volume; it knows disks and images, and no other files."""
    return {
        "name": f"{fact['folder']}/{fact['name']}" if fact["folder"] else fact["name"],
        "key": fact["uuid"] or fact["path"],
        "format": _FORMATS.get(fact["type"]),
        "capacity": fact["capacity_bytes"],
        "allocation": fact["allocation_bytes"],
    }


def without_parts(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out the extents of disks, as the host itself does when it is asked for disks; an orphan is a file."""
    disks = {fact["path"] for fact in facts if fact["type"] == "disk"}
    return [fact for fact in facts if fact["type"] == "disk" or not _is_part(fact, disks)]


def _is_part(fact: Fact, disks: Collection[str]) -> bool:
    found = _PART.fullmatch(fact["name"])
    return found is not None and f"{fact['path'][: -len(fact['name'])]}{found['disk']}.vmdk" in disks


def used_by(paths: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Return the names of the machines that a file belongs to, by its path, of pairs of a path and a name."""
    users: dict[str, list[str]] = {}
    for path, name in paths:
        users.setdefault(path, [])
        if name not in users[path]:
            users[path].append(name)
    return users


def only(facts: Sequence[Fact], path: DatastorePath) -> Fact:
    """
    Return the one file that ``path`` names.

    Raises:
        NotFound: it is not there.
    """
    for fact in facts:
        if fact["path"] == str(path):
            return fact
    raise NotFound(f"there is no file {path}", missing=[str(path)])
