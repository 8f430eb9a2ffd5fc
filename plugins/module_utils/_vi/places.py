# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Where virtual machines are: folders, datacenters, hosts.

Source: ``parent`` and ``name`` of vim.ManagedEntity, ``runtime.host`` and ``parentVApp`` of vim.VirtualMachine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from .._errors import NotFound
from .._flow.wording import listed
from .reader import Row

VM_PLACE_PATHS = ("name", "parent", "parentVApp", "runtime.host")
PLACE_PATHS: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "VirtualApp": ("name", "parentFolder"),
    "HostSystem": ("name",),
}


class Places:
    """The part of the inventory tree that one read has brought."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[str, Row] = {row.moid: row for row in rows if "name" in row.values}

    def path(self, moid: str) -> str | None:
        """Return the inventory path, ``/ha-datacenter/vm/web01``; None where the parents were not read."""
        names = [_name(row) for row in self._line(moid)]
        return "/" + "/".join(names) if len(names) > 1 else None

    def search_path(self, moid: str) -> str:
        """Return the inventory path as FindByInventoryPath takes it, in which a slash within a name is ``%2f``."""
        return "/".join(str(row.values["name"]) for row in self._line(moid))

    def paths(self, moids: Iterable[str]) -> Mapping[str, str]:
        """Return the inventory path of each VM, by moid; those that are not known are left out."""
        known = {moid: self.path(moid) for moid in moids}
        return {moid: path for moid, path in known.items() if path is not None}

    def host_of(self, moid: str) -> str | None:
        """Return the name of the ESXi host that has the VM."""
        row = self._rows.get(moid)
        host = row.values.get("runtime.host") if row is not None else None
        named = self._rows.get(host._moId) if host is not None else None
        return str(named.values["name"]) if named is not None else None

    def datacenter_of(self, moid: str) -> str | None:
        """Return the inventory path of the datacenter that the VM is in, without a slash in front; None: not known."""
        line = self._line(moid)
        end = next((index + 1 for index, row in enumerate(line) if row.type_name == "Datacenter"), 0)
        return "/".join(_name(row) for row in line[:end]) or None

    def check(self, *, datacenter: str | None, folder: str | None, esxi_hostname: str | None) -> None:
        """
        Make sure that there is something of each name; an option that is None asks nothing.

        Raises:
            NotFound: there is none, and a selection within it would mean nothing; what is there is listed.
        """
        if datacenter is not None:
            there = {self._whole(row) for row in self._of_type("Datacenter")}
            if not any(datacenter.strip("/") in (path, path.rpartition("/")[2]) for path in there):
                raise _nothing("datacenter", datacenter, there)
        if esxi_hostname is not None:
            there = {str(row.values["name"]) for row in self._of_type("HostSystem")}
            if esxi_hostname not in there:
                raise _nothing("ESXi host", esxi_hostname, there)
        if folder is not None:
            lines = [self._line(row.moid) for row in self._of_type("Folder", "VirtualApp")]
            if not any(_below(folder, *_split(line)[1:]) for line in lines):
                raise _nothing("folder", folder, {"/".join(_split(line)[2]) for line in lines} - {""})

    def _of_type(self, *names: str) -> list[Row]:
        return [row for row in self._rows.values() if row.type_name in names]

    def _whole(self, row: Row) -> str:
        return "/".join(_name(one) for one in self._line(row.moid))

    def is_within(self, moid: str, *, datacenter: str | None, folder: str | None, esxi_hostname: str | None) -> bool:
        """
        Tell whether the VM is where the options say; an option that is None asks nothing.

        ``folder`` is a path below the datacenter's ``vm`` folder, or a whole inventory path that begins with ``/``; VMs
        in folders below it are within it.
        """
        if datacenter is None and folder is None and esxi_hostname is None:
            return True
        above, whole, below = _split(self._line(moid)[:-1])
        if datacenter is not None and datacenter.strip("/") not in ("/".join(above), above[-1] if above else ""):
            return False
        if esxi_hostname is not None and self.host_of(moid) != esxi_hostname:
            return False
        return folder is None or _below(folder, whole, below)

    def _line(self, moid: str) -> list[Row]:
        """Return what leads to an object, and it, from above; the root folder has no part in a path."""
        line: list[Row] = []
        row = self._rows.get(moid)
        while row is not None:
            parent = _parent(row)
            if parent is not None or row.type_name != "Folder":
                line.append(row)
            row = self._rows.get(parent) if parent is not None else None
        return line[::-1]


def _nothing(what: str, name: str, there: Iterable[str]) -> NotFound:
    return NotFound(f"there is no {what} '{name}'; there are {listed(there)}", missing=[name])


def _split(line: list[Row]) -> tuple[list[str], list[str], list[str]]:
    """Return what leads to a datacenter, the whole way, and what comes below its folder of virtual machines."""
    center = next((index + 1 for index, row in enumerate(line) if row.type_name == "Datacenter"), 0)
    # The root folder of the virtual machines of a datacenter comes right after that.
    return _parts(line[:center]), _parts(line), _parts(line[center + 1 :])


def _below(folder: str, whole: list[str], below: list[str]) -> bool:
    wanted = [part for part in unquote(folder).split("/") if part]
    if folder.startswith("/"):
        return whole[: len(wanted)] == wanted
    if wanted[:1] == ["vm"] and below[:1] != ["vm"]:
        wanted = wanted[1:]
    return below[: len(wanted)] == wanted


def _name(row: Row) -> str:
    return unquote(str(row.values["name"]))


def _parts(line: list[Row]) -> list[str]:
    # A slash in a name is like any other slash, for that is how paths are shown.
    return [part for row in line for part in _name(row).split("/")]


def _parent(row: Row) -> str | None:
    for path in ("parent", "parentVApp", "parentFolder"):
        reference: Any = row.values.get(path)
        if reference is not None:
            return str(reference._moId)
    return None
