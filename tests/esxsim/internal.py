# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Methods and types that hosts have and pyVmomi does not know, because they stand in no public description."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from . import api

SINCE = "vim.version.version2"
_MANAGER, _DISK, _UNIT = (
    f"vim.{name}"
    for name in ("VirtualDiskManager", "VirtualDiskManager.VirtualDiskInfo", "VirtualDiskManager.VirtualDiskUnit")
)


def _text(name: str, flags: int = 0) -> tuple[str, str, str, int]:
    return (name, "string", SINCE, flags)


def _known(wsdl_name: str) -> bool:
    try:
        api.support.GetWsdlMethod("urn:vim25", wsdl_name)
    except KeyError:
        return False
    return True


def _load() -> None:
    """Tell pyVmomi of them, unless somebody did already: its tables are there once for all."""
    if _known("QueryVirtualDiskInfo_Task"):
        return
    optional = api.support.F_OPTIONAL
    api.support.CreateAndLoadDataType(_UNIT, "VirtualDiskUnit", "vmodl.DynamicData", SINCE, [_text("name")])
    api.support.CreateAndLoadDataType(
        _DISK,
        "VirtualDiskInfo",
        "vmodl.DynamicData",
        SINCE,
        [("unit", _UNIT, SINCE, 0), _text("diskType"), _text("parent", optional)],
    )
    parameters = (
        ("name", "string", SINCE, 0, None),
        ("datacenter", "vim.Datacenter", SINCE, optional, None),
        ("includeParents", "boolean", SINCE, 0, None),
    )
    result = (0, "vim.Task", f"{_DISK}[]")
    query: Any = ("queryVirtualDiskInfo", "QueryVirtualDiskInfo_Task", SINCE, parameters, result, "System.View", [])
    api.support.CreateAndLoadManagedType(
        "vim.InternalVirtualDiskManager", "InternalVirtualDiskManager", _MANAGER, SINCE, [], [query]
    )
    # To clients it is a method of the manager like any other.
    api.support.GetWsdlMethod("urn:vim25", "QueryVirtualDiskInfo_Task").info.typeName = _MANAGER


_load()
METHODS = frozenset({"QueryVirtualDiskInfo_Task"})


def disk_info(name: str, kind: str) -> Any:
    """Make what QueryVirtualDiskInfo_Task reports of one disk."""
    types: Any = vim.VirtualDiskManager
    return types.VirtualDiskInfo(unit=types.VirtualDiskUnit(name=name), diskType=kind)


def disk_infos(infos: list[Any]) -> Any:
    """Make what QueryVirtualDiskInfo_Task ends with."""
    types: Any = vim.VirtualDiskManager
    return types.VirtualDiskInfo.Array(infos)
