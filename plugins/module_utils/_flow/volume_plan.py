# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is to be done to one file on a datastore: from what is wanted, and what is there.

Laws: nothing that is there is overwritten, no disk is made smaller, and nothing that belongs to a virtual machine is
touched but to be copied.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import NotFound, OptionError, PlanError
from .._vmx.drives import Provisioning
from .._vmx.paths import DatastorePath
from .volumes import Fact, is_part_of_disk, path_of
from .wording import listed

KIB = 1024
STATES = ("present", "absent", "directory", "moved", "wiped")
# Options by the states that know them, beside path.
_KNOWN = {
    "present": ("source", "capacity_kib", "provisioning", "adapter"),
    "absent": ("recursive",),
    "directory": (),
    "moved": ("source",),
    "wiped": (),
}
# By the names of options, those of vim.VirtualDiskManager.VirtualDiskAdapterType.
ADAPTERS: Mapping[str, str] = {"lsilogic": "lsiLogic", "buslogic": "busLogic", "ide": "ide"}


class Step(enum.Enum):
    """One call of the host."""

    MAKE_DISK = enum.auto()
    COPY = enum.auto()
    GROW = enum.auto()
    WIPE = enum.auto()
    DELETE = enum.auto()
    MAKE_FOLDER = enum.auto()
    MOVE = enum.auto()


@dataclass(frozen=True, kw_only=True)
class VolumeWish:
    """What is wanted of the file at ``path``, as the options of esx_volume say it."""

    path: DatastorePath
    state: str
    source: DatastorePath | None = None
    capacity_kib: int | None = None
    provisioning: Provisioning | None = None
    adapter: str | None = None
    recursive: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> VolumeWish:
        """
        Read the options.

        Raises:
            OptionError: one of them is wrong, or does not go with the state.
        """
        state = params["state"]
        options = {option for known in _KNOWN.values() for option in known}
        for option in sorted(options.difference(_KNOWN[state])):
            if params[option]:
                raise OptionError(f"'{option}' says nothing to 'state: {state}'", option=option)
        wish = cls(
            path=_checked(params["path"], "path"),
            state=state,
            source=None if params["source"] is None else _checked(params["source"], "source"),
            capacity_kib=params["capacity_kib"],
            provisioning=None if params["provisioning"] is None else Provisioning(params["provisioning"]),
            adapter=params["adapter"],
            recursive=bool(params["recursive"]),
        )
        wish.check()
        return wish

    @property
    def is_disk(self) -> bool:
        """True where the path is that of a virtual disk."""
        return is_disk(self.path)

    def check(self) -> None:
        """
        Make sure that the options make sense together.

        Raises:
            OptionError: they do not.
        """
        if self.state == "moved" and self.source is None:
            raise OptionError("'state: moved' needs 'source', the file that is to be at 'path'", option="source")
        if self.source is not None:
            if self.source == self.path:
                raise OptionError("'source' and 'path' are the same file", option="source")
            if self.state == "present" and is_disk(self.source) != self.is_disk:
                raise OptionError("a disk (.vmdk) can be copied to a disk only, and nothing else can", option="source")
        if self.state == "present" and self.source is None and self.capacity_kib is None:
            raise OptionError("'state: present' needs 'capacity_kib' for a new disk, or 'source' for a copy")
        if self.state == "present" and not self.is_disk:
            for option in ("capacity_kib", "provisioning", "adapter"):
                if getattr(self, option) is not None:
                    raise OptionError(f"'{option}' is about disks, and {self.path} is none (.vmdk)", option=option)
        if self.state == "wiped" and not self.is_disk:
            raise OptionError(f"a disk can be wiped, and {self.path} is none (.vmdk)", option="path")
        if self.capacity_kib is not None and self.capacity_kib < 1:
            raise OptionError(f"'capacity_kib' must be at least 1; found {self.capacity_kib}", option="capacity_kib")


@dataclass(frozen=True, kw_only=True)
class VolumePlan:
    """
    What is done, one step after the other (none: nothing is), and how the file stands before and after it.

    ``bytes_needed`` is what must be free on the datastore of the path; ``alone`` are the places that no virtual
    machine may use.
    """

    steps: tuple[Step, ...] = ()
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    bytes_needed: int = 0
    alone: tuple[DatastorePath, ...] = ()


def is_disk(path: DatastorePath) -> bool:
    """Tell whether a path is that of a virtual disk."""
    return path.name.lower().endswith(".vmdk")


def _checked(text: str, option: str) -> DatastorePath:
    path = path_of(text.rstrip("/"), option)
    if is_part_of_disk(path.name):
        raise OptionError(
            f"'{option}': {path} is a part of a disk; name the disk, whose name ends with .vmdk alone", option=option
        )
    return path


def plan(wish: VolumeWish, seen: Fact | None, source: Fact | None, contents: Sequence[str]) -> VolumePlan:
    """
    Say what is to be done.

    Args:
        wish: What is wanted.
        seen: What is at the path, as :mod:`.volumes` tells of it; None: nothing.
        source: What is at the source; None: nothing, or there is no source.
        contents: What is in the folder at the path, if it is one.

    Raises:
        PlanError, NotFound: what is there does not allow it.
    """
    if wish.state == "present":
        return _present(wish, seen, source)
    if wish.state == "absent":
        return _absent(wish, seen, contents)
    if wish.state == "directory":
        return _directory(wish, seen)
    if wish.state == "moved":
        return _moved(wish, seen, source)
    if seen is None:
        raise NotFound(f"there is no disk {wish.path} to wipe", missing=[str(wish.path)])
    shown = {str(wish.path): _shown(seen)}
    after = {str(wish.path): {**_shown(seen), "done": "wiped"}}
    # A thin disk gets all of its blocks.
    is_thin = _provisioning(seen) is Provisioning.THIN
    more = max(0, (seen["capacity_bytes"] or 0) - seen["allocation_bytes"]) if is_thin else 0
    return VolumePlan(steps=(Step.WIPE,), before=shown, after=after, bytes_needed=more, alone=(wish.path,))


def _present(wish: VolumeWish, seen: Fact | None, source: Fact | None) -> VolumePlan:
    if seen is not None:
        return _as_wanted(wish, seen, source)
    if wish.source is not None and source is None:
        raise NotFound(f"there is no file {wish.source} to copy", missing=[str(wish.source)])
    if source is not None and source["type"] == "folder":
        raise PlanError(f"{wish.source} is a folder, and folders are not copied")
    have = 0 if source is None else source["capacity_bytes"] or 0
    want = have if wish.capacity_kib is None else wish.capacity_kib * KIB
    if want < have:
        raise _smaller(wish, have)
    provisioning = wish.provisioning or _provisioning(source) or Provisioning.THIN
    is_thin = wish.is_disk and provisioning is Provisioning.THIN
    written = 0 if source is None else source["allocation_bytes"]
    made = {"type": "disk", "capacity_kib": want // KIB, "provisioning": provisioning.value}
    steps: tuple[Step, ...] = (Step.MAKE_DISK,)
    if source is not None:
        steps = (Step.COPY, Step.GROW) if want > have > 0 else (Step.COPY,)
    after = {**(made if wish.is_disk else {"type": "file", "bytes": want})}
    if wish.source is not None:
        after["source"] = str(wish.source)
    return VolumePlan(
        steps=steps,
        before={},
        after={str(wish.path): after},
        bytes_needed=min(written, want) if is_thin else want,
    )


def _as_wanted(wish: VolumeWish, seen: Fact, source: Fact | None) -> VolumePlan:
    """Compare what is there with what is wanted: a disk may grow, everything else must be so already."""
    shown = {str(wish.path): _shown(seen)}
    if seen["type"] == "folder":
        raise PlanError(f"{wish.path} is there, and it is a folder")
    if not wish.is_disk:
        if source is not None and source["capacity_bytes"] != seen["capacity_bytes"]:
            raise PlanError(
                f"{wish.path} is there with {seen['capacity_bytes']} bytes, and {wish.source} has "
                f"{source['capacity_bytes']}: nothing that is there is overwritten, take it away first"
            )
        return VolumePlan(before=shown, after=shown)
    disk = seen["disk"] or {}
    for option, have, want in (
        ("provisioning", disk.get("provisioning"), _family(wish.provisioning)),
        ("adapter", disk.get("adapter"), wish.adapter),
    ):
        if have is not None and want is not None and have != want:
            raise PlanError(f"{wish.path} is there, and its {option} is {have}, not {want}: copy it to another one")
    have_bytes = seen["capacity_bytes"]
    want_bytes = have_bytes if wish.capacity_kib is None or have_bytes is None else wish.capacity_kib * KIB
    if want_bytes == have_bytes:
        return VolumePlan(before=shown, after=shown)
    if want_bytes < have_bytes:
        raise _smaller(wish, have_bytes)
    more = want_bytes - have_bytes
    return VolumePlan(
        steps=(Step.GROW,),
        before=shown,
        after={str(wish.path): {**_shown(seen), "capacity_kib": want_bytes // KIB}},
        bytes_needed=0 if disk.get("provisioning") == "thin" else more,
        alone=(wish.path,),
    )


def _absent(wish: VolumeWish, seen: Fact | None, contents: Sequence[str]) -> VolumePlan:
    if seen is None:
        return VolumePlan(before={}, after={})
    if seen["type"] == "folder" and contents and not wish.recursive:
        raise PlanError(
            f"the folder {wish.path} is not empty, {listed(contents[:5])} is in it: set 'recursive: true' to delete "
            "all of it"
        )
    shown = {str(wish.path): {**_shown(seen), **({"contents": sorted(contents)} if contents else {})}}
    return VolumePlan(steps=(Step.DELETE,), before=shown, after={}, alone=(wish.path,))


def _directory(wish: VolumeWish, seen: Fact | None) -> VolumePlan:
    folder = {str(wish.path): {"type": "folder"}}
    if seen is None:
        return VolumePlan(steps=(Step.MAKE_FOLDER,), before={}, after=folder)
    if seen["type"] != "folder":
        raise PlanError(f"{wish.path} is there, and it is no folder")
    return VolumePlan(before=folder, after=folder)


def _moved(wish: VolumeWish, seen: Fact | None, source: Fact | None) -> VolumePlan:
    if source is None and seen is not None:
        shown = {str(wish.path): _shown(seen)}
        return VolumePlan(before=shown, after=shown)
    if source is None:
        raise NotFound(f"there is neither {wish.source} nor {wish.path}", missing=[str(wish.source), str(wish.path)])
    if seen is not None:
        raise PlanError(f"{wish.source} and {wish.path} are both there, and nothing that is there is overwritten")
    if source["type"] != "folder" and is_disk(wish.path) != (source["type"] == "disk"):
        raise PlanError(f"{wish.source} is of the type {source['type']}, and its new name must suit that")
    across = wish.source is not None and wish.source.datastore != wish.path.datastore
    if source["type"] == "folder" and across:
        raise PlanError(f"{wish.source} is a folder, which stays on its datastore: move the files in it one by one")
    if str(wish.path).startswith(f"{wish.source}/"):
        raise PlanError(f"{wish.source} cannot be moved into itself, to {wish.path}")
    return VolumePlan(
        steps=(Step.MOVE,),
        before={str(wish.source): _shown(source)},
        after={str(wish.path): _shown(source)},
        bytes_needed=source["allocation_bytes"] if across else 0,
        alone=(DatastorePath.parse(source["path"]),),
    )


def _shown(fact: Fact) -> Fact:
    """Return what a difference shows of a file: what does not change by itself."""
    if fact["type"] == "folder":
        return {"type": "folder"}
    if fact["type"] != "disk":
        return {"type": "file", "bytes": fact["capacity_bytes"]}
    provisioning = (fact["disk"] or {}).get("provisioning")
    capacity = None if fact["capacity_bytes"] is None else fact["capacity_bytes"] // KIB
    return {"type": "disk", "capacity_kib": capacity, "provisioning": provisioning}


def _provisioning(source: Fact | None) -> Provisioning | None:
    said = ((source or {}).get("disk") or {}).get("provisioning")
    return None if said is None else Provisioning(said)


def _family(provisioning: Provisioning | None) -> str | None:
    """Return what a host tells of a disk of that kind: it does not tell zeroed blocks from others."""
    if provisioning is None:
        return None
    return "thin" if provisioning is Provisioning.THIN else "thick"


def _smaller(wish: VolumeWish, have: int) -> PlanError:
    return PlanError(
        f"{wish.path} cannot be made smaller: {have // KIB} KiB are there, and {wish.capacity_kib} KiB are wanted"
    )


def users_of(path: DatastorePath, users: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names of the machines that use a file, or something in the folder of that path."""
    below = f"{path}/"
    return sorted(
        {name for file, names in users.items() if file == str(path) or file.startswith(below) for name in names}
    )
