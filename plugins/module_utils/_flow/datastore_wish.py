# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wished of one datastore, read from the options and checked before anything is asked of a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import OptionError

NFS_TYPES = ("nfs", "nfs41")
TYPES = (*NFS_TYPES, "vmfs")
ACCESS_MODES = ("read-write", "read-only")
SECURITY_TYPES = ("AUTH_SYS", "SEC_KRB5", "SEC_KRB5I")
VMFS_VERSIONS = (5, 6)
# What a host takes for the name of a volume.
LONGEST_NAME = 42
# The options that say what a datastore is made of, by the types that take them.
_OF_TYPES: Mapping[str, Sequence[str]] = {
    "remote_hosts": NFS_TYPES,
    "remote_path": NFS_TYPES,
    "access_mode": NFS_TYPES,
    "security_type": ("nfs41",),
    "disks": ("vmfs",),
    "vmfs_version": ("vmfs",),
}


@dataclass(frozen=True, kw_only=True)
class DatastoreWish:
    """What the options ask for; None, and an empty tuple: nothing is said of it."""

    name: str
    new_name: str | None = None
    present: bool = True
    type: str | None = None
    remote_hosts: tuple[str, ...] = ()
    remote_path: str | None = None
    access_mode: str | None = None
    security_type: str | None = None
    disks: tuple[str, ...] = ()
    vmfs_version: int | None = None
    maintenance_mode: bool | None = None
    refresh: bool = False
    destroy: bool = False
    timeout: int = 300

    @property
    def final_name(self) -> str:
        """What it is called in the end."""
        return self.new_name or self.name

    @property
    def needs_users(self) -> bool:
        """True where it matters which virtual machines are on it."""
        return not self.present or self.maintenance_mode is True

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DatastoreWish:
        """
        Read the options.

        Raises:
            OptionError: one of them cannot be, or two contradict each other.
        """
        wish = cls(
            name=_named(params["name"], "name"),
            new_name=None if params["new_name"] is None else _new_name(params["new_name"], "new_name"),
            present=params["state"] == "present",
            type=params["type"],
            remote_hosts=_hosts(params["remote_hosts"]),
            remote_path=_path(params["remote_path"]),
            access_mode=params["access_mode"],
            security_type=params["security_type"],
            disks=_disks(params["disks"]),
            vmfs_version=params["vmfs_version"],
            maintenance_mode=params["maintenance_mode"],
            refresh=params["refresh"],
            destroy=params["destroy"],
            timeout=params["timeout"],
        )
        wish.check()
        return wish

    def check(self) -> None:
        """
        Look for contradictions.

        Raises:
            OptionError: there is one.
        """
        for option, types in _OF_TYPES.items():
            if getattr(self, option) not in (None, ()) and self.type not in types:
                raise OptionError(f"'{option}' needs 'type' to be {' or '.join(types)}", option=option)
        if self.type in NFS_TYPES:
            self._check_nfs()
        if self.timeout < 1:
            raise OptionError("'timeout' must be at least 1 second", option="timeout")
        if self.present and self.destroy:
            raise OptionError("'destroy' is for 'state: absent'", option="destroy")
        for option in () if self.present else ("new_name", "maintenance_mode", "refresh"):
            if getattr(self, option) not in (None, False):
                raise OptionError(f"'{option}' is of no use with 'state: absent'", option=option)

    def _check_nfs(self) -> None:
        if self.present and not (self.remote_hosts and self.remote_path):
            missing = "remote_path" if self.remote_hosts else "remote_hosts"
            raise OptionError(f"'type: {self.type}' needs 'remote_hosts' and 'remote_path'", option=missing)
        if self.type == "nfs" and len(self.remote_hosts) > 1:
            raise OptionError("NFS 3 has one server: 'remote_hosts' may name several with 'type: nfs41'", option="type")


def _named(text: str, option: str) -> str:
    if not text.strip() or not text.isprintable():
        raise OptionError(f"'{option}' must be a name that can be printed", option=option)
    return text


def _new_name(text: str, option: str) -> str:
    if len(_named(text, option)) > LONGEST_NAME or any(character in text for character in "/\\[]"):
        raise OptionError(
            f"'{option}' must have at most {LONGEST_NAME} characters, no slash, backslash or bracket; found '{text}'",
            option=option,
        )
    return text


def check_new_name(wish: DatastoreWish) -> None:
    """
    See that a datastore that is to be made may be called so.

    Raises:
        OptionError: it may not.
    """
    _new_name(wish.final_name, "name" if wish.new_name is None else "new_name")


def _hosts(given: Sequence[str] | None) -> tuple[str, ...]:
    for one in given or ():
        if not one or not one.isprintable() or any(character in one for character in " /,[]"):
            raise OptionError(
                f"'remote_hosts' must be host names or IP addresses, without brackets and blanks; found '{one}'",
                option="remote_hosts",
            )
    return tuple(dict.fromkeys(given or ()))


def _path(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.startswith("/") or not text.isprintable() or ".." in text.split("/"):
        raise OptionError(
            f"'remote_path' must be an absolute path such as /export; found '{text}'", option="remote_path"
        )
    return plain_path(text)


def plain_path(text: str) -> str:
    """Return a path without the slash that may be behind it."""
    return text.rstrip("/") or "/"


def _disks(given: Sequence[str] | None) -> tuple[str, ...]:
    names = [one.removeprefix("/vmfs/devices/disks/") for one in given or ()]
    for one in names:
        if not one or not one.isprintable() or "/" in one or " " in one:
            raise OptionError(
                f"'disks' must be canonical names such as naa.600508b1001c3a6f; found '{one}'", option="disks"
            )
    return tuple(dict.fromkeys(names))
