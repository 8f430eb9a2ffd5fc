# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files on datastores: ``[datastore] dir/file`` in the API, ``/vmfs/volumes/datastore/dir/file`` on the host.

Laws: a DatastorePath never leaves its datastore, however it was made; ``str(DatastorePath.parse(str(p))) == str(p)``.
Whatever cannot be read raises ValueError with a sentence, and nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

VOLUMES = "/vmfs/volumes/"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PATH = re.compile(r"\[([^\]]*)\](.*)", re.DOTALL)
_SEPARATORS = re.compile(r"[/\\]")


@dataclass(frozen=True, order=True)
class DatastorePath:
    """
    A place on a datastore: ``path`` goes down from the top of the datastore, with slashes; "" is the top itself.

    Raises:
        ValueError: the datastore has no name or a name that is no directory's, or the path is absolute, climbs with
            ``..``, begins with a blank, or holds a control character.
    """

    datastore: str
    path: str = ""

    def __post_init__(self) -> None:
        if self.datastore in ("", ".", "..") or _CONTROL.search(self.datastore) or re.search(r"[]/]", self.datastore):
            raise ValueError(f"{self.datastore!r} is no name of a datastore")
        if self.path.startswith((" ", "\t")):
            raise ValueError(f"{self.path!r} begins with a blank, which no path behind [{self.datastore}] can")
        _check_inside(self.path)

    @classmethod
    def parse(cls, text: str) -> DatastorePath:
        """
        Read ``[datastore] dir/file``; ``[datastore]`` alone is the top of the datastore.

        Raises:
            ValueError: the text is no such path.
        """
        found = _PATH.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no path on a datastore; wanted something like [datastore] dir/file")
        return cls(found.group(1), found.group(2).lstrip(" \t"))

    def __str__(self) -> str:
        return f"[{self.datastore}] {self.path}" if self.path else f"[{self.datastore}]"

    @property
    def directory(self) -> str:
        """What stands before the last slash; "" at the top. Of ``[ds] dir/`` it is ``dir``."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """What stands behind the last slash; "" for a path that names no file."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> DatastorePath:
        """The directory that this is in; the top of the datastore is its own parent."""
        return DatastorePath(self.datastore, self.path.rstrip("/").rpartition("/")[0])

    def join(self, *names: str) -> DatastorePath:
        """
        Go down from here as from a directory.

        Raises:
            ValueError: a name is empty, absolute, climbs with ``..`` or holds a control character.
        """
        here = self.path.rstrip("/")
        for name in names:
            if not name:
                raise ValueError("an empty name leads nowhere")
            _check_inside(name)
            here = f"{here}/{name}" if here else name
        return DatastorePath(self.datastore, here)

    def beside(self, name: str) -> DatastorePath:
        """
        Return the place of another file in the directory of this one.

        Raises:
            ValueError: as ``join``.
        """
        return DatastorePath(self.datastore, self.directory).join(name)


class MissingFile(ValueError):
    """A file name leads to a datastore or a file that is not there; an image of a CD-ROM may, nothing else."""


def _nothing_is_missing(_path: DatastorePath) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class FileNames:
    r"""
    What a codec must know of the host to turn file names of a VMX into paths on datastores and back.

    Without any of it everything still has a name: a bare name stays bare, ``/vmfs/volumes/x/y`` is ``[x] y``, and
    ``format(parse(name)) == name`` for the names that hosts write.

    Shape: ``datastore`` and ``directory`` are where the VMX lies ("" is the top; a datastore of None is *not known*);
    ``mounts`` maps the name of each datastore to its mount path (``/vmfs/volumes/5f1e-…``, ``C:\VMs``), None is *not
    known*, and then every datastore is mounted below /vmfs/volumes; ``is_missing`` says of a path that the file is
    not there; ``known_only`` says that a datastore which is not among the mounts is an error, and not just a name;
    ``short`` writes a file beside the VMX by its bare name, as hosts do, and libvirt does not.

    Source: vim.host.MountInfo.path; libvirt's virVMXContext.
    """

    datastore: str | None = None
    directory: str = ""
    mounts: Mapping[str, str] | None = None
    is_missing: Callable[[DatastorePath], bool] = _nothing_is_missing
    known_only: bool = True
    short: bool = False

    def parse(self, name: str) -> str:
        """
        Return the file that a VMX names: ``[datastore] dir/file``, or an absolute name that is on no datastore as it
        is, or the name as it is when it is not known where the VMX lies.

        Raises:
            MissingFile: the datastore is unknown, or the file is not there.
            ValueError: the name is empty, climbs with ``..``, or is absolute in the way of another system.
        """
        found = self._mounted(name) or self._volume(name)
        if found is None:
            if name.startswith("/"):
                return _checked(name)
            found = self._relative(name)
            if found is None:
                return name
        if self.is_missing(found):
            raise MissingFile(f"{found} does not exist")
        return str(found)

    def format(self, file: str) -> str:
        """
        Return how a VMX names a file; what ``parse`` left as it was stays so.

        Raises:
            MissingFile: the datastore is unknown.
            ValueError: it is no path on a datastore, no absolute one and no bare name.
        """
        if not file.startswith("["):
            return _checked(file) if file.startswith("/") else self._bare(file)
        path = DatastorePath.parse(file)
        if not path.name:
            raise ValueError(f"{file} names no file")
        if self.short and self.datastore == path.datastore and self.directory.strip("/") == path.directory:
            return path.name
        if self.mounts is None:
            return f"{VOLUMES}{path.datastore}/{path.path}"
        mount = self.mounts.get(path.datastore)
        if mount is None:
            raise MissingFile(f"{file}: the host has no datastore of this name")
        if "\\" in mount:
            return mount.rstrip("\\/") + "\\" + path.path.replace("/", "\\")
        return f"{mount.rstrip('/')}/{path.path}"

    def _mounted(self, name: str) -> DatastorePath | None:
        """Find the datastore that is mounted where a name leads; the longest mount path wins."""
        for datastore, mount in sorted((self.mounts or {}).items(), key=lambda item: len(item[1]), reverse=True):
            base = mount.rstrip("/\\")
            rest = name[len(base) :]
            if base and name.startswith(base) and rest[:1] in ("/", "\\"):
                return DatastorePath(datastore, _file_part(name, rest, windows="\\" in mount))
        return None

    def _volume(self, name: str) -> DatastorePath | None:
        """Read ``/vmfs/volumes/<name of a datastore>/file``."""
        if not name.startswith(VOLUMES):
            return None
        datastore, _slash, rest = name[len(VOLUMES) :].partition("/")
        path = DatastorePath(datastore, _file_part(name, rest))
        if self.known_only and self.mounts is not None and datastore not in self.mounts:
            raise MissingFile(f"{name}: the host has no datastore {datastore!r}")
        return path

    def _relative(self, name: str) -> DatastorePath | None:
        """Read a name that starts where the VMX lies; None when it is not known where that is."""
        self._bare(name)
        if self.datastore is None:
            return None
        return DatastorePath(self.datastore, self.directory.strip("/")).join(name)

    def _bare(self, name: str) -> str:
        if not name or name.endswith("/") or "\\" in name:
            raise ValueError(f"{name!r} is neither on a datastore of the host nor beside the VMX")
        _check_inside(name)
        return name


def _check_inside(path: str) -> None:
    """Make sure that a path can only go down."""
    if path.startswith("/"):
        raise ValueError(f"{path!r} is absolute; it must start inside the datastore")
    if ".." in _SEPARATORS.split(path):
        raise ValueError(f"{path!r} climbs with '..'; it must not leave the datastore")
    _checked(path)


def _checked(path: str) -> str:
    if _CONTROL.search(path):
        raise ValueError(f"{path!r} holds a control character")
    return path


def _file_part(name: str, rest: str, *, windows: bool = True) -> str:
    """Return what follows the mount path, downwards and with slashes."""
    path = rest.lstrip("/\\")
    if not path or path.endswith("/"):
        raise ValueError(f"{name!r} names no file on the datastore")
    return path.replace("\\", "/") if windows else path
