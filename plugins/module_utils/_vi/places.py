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

from .properties import Row

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
        names: list[str] = []
        row = self._rows.get(moid)
        while row is not None:
            parent = _parent(row)
            if parent is not None or row.type_name != "Folder":
                # The root folder has no part in a path.
                names.append(unquote(str(row.values["name"])))
            row = self._rows.get(parent) if parent is not None else None
        return "/" + "/".join(reversed(names)) if len(names) > 1 else None

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

    def is_within(self, moid: str, *, datacenter: str | None, folder: str | None, esxi_hostname: str | None) -> bool:
        """
        Tell whether the VM is where the options say; an option that is None asks nothing.

        ``folder`` is a path below the datacenter's ``vm`` folder, or a whole inventory path that begins with ``/``; VMs
        in folders below it are within it.
        """
        if datacenter is None and folder is None and esxi_hostname is None:
            return True
        parts = (self.path(moid) or "").strip("/").split("/")
        above = parts[: parts.index("vm")] if "vm" in parts else []
        if datacenter is not None and datacenter.strip("/") not in ("/".join(above), above[-1] if above else ""):
            return False
        if esxi_hostname is not None and self.host_of(moid) != esxi_hostname:
            return False
        return folder is None or _below(parts, folder)


def _below(parts: list[str], folder: str) -> bool:
    wanted = [part for part in folder.split("/") if part]
    if folder.startswith("/"):
        return parts[: len(wanted)] == wanted
    start = parts.index("vm") + 1 if "vm" in parts else 0
    if wanted[:1] == ["vm"]:
        wanted = wanted[1:]
    return parts[start : start + len(wanted)] == wanted


def _parent(row: Row) -> str | None:
    for path in ("parent", "parentVApp", "parentFolder"):
        reference: Any = row.values.get(path)
        if reference is not None:
            return str(reference._moId)
    return None
