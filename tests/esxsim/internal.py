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
    if not _known("QueryVirtualDiskInfo_Task"):
        _load_disks()
    if not _known("ExecuteSoap"):
        _load_executer()


def _load_disks() -> None:
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


def _load_executer() -> None:
    optional = api.support.F_OPTIONAL
    types = f"vim.{EXECUTER}"
    data = "vmodl.DynamicData"
    argument, fault, result = (f"{types}.{name}" for name in ("SoapArgument", "SoapFault", "SoapResult"))
    # A type stands below the one that it is part of.
    parameters = (
        *((name, "string", SINCE, 0, None) for name in ("moid", "version", "method")),
        ("argument", f"{argument}[]", SINCE, optional, None),
    )
    execute: Any = (
        *("executeSoap", "ExecuteSoap", SINCE, parameters, (optional, result, result)),
        *("System.View", []),
    )
    api.support.CreateAndLoadManagedType(types, EXECUTER, "vmodl.ManagedObject", SINCE, [], [execute])
    api.support.CreateAndLoadDataType(argument, f"{EXECUTER}SoapArgument", data, SINCE, [_text("name"), _text("val")])
    api.support.CreateAndLoadDataType(
        fault, f"{EXECUTER}SoapFault", data, SINCE, [_text("faultMsg"), _text("faultDetail", optional)]
    )
    api.support.CreateAndLoadDataType(
        result,
        f"{EXECUTER}SoapResult",
        data,
        SINCE,
        [_text("response", optional), ("fault", fault, SINCE, optional)],
    )
    manager = "InternalDynamicTypeManager"
    api.support.CreateAndLoadManagedType(f"vim.{manager}", manager, "vmodl.ManagedObject", SINCE, [], [])
    retrieve: Any = [
        (f"retrieve{name}", f"Retrieve{name}", SINCE, (), (0, kind, kind), "System.View", [])
        for name, kind in (("ManagedMethodExecuter", types), ("DynamicTypeManager", f"vim.{manager}"))
    ]
    api.support.CreateAndLoadManagedType(
        "vim.InternalHostSystem", "InternalHostSystem", "vim.HostSystem", SINCE, [], retrieve
    )
    for name in ("RetrieveManagedMethodExecuter", "RetrieveDynamicTypeManager"):
        api.support.GetWsdlMethod("urn:vim25", name).info.typeName = "vim.HostSystem"


EXECUTER = "ReflectManagedMethodExecuter"
_load()
METHODS = frozenset({"QueryVirtualDiskInfo_Task", "RetrieveManagedMethodExecuter", "RetrieveDynamicTypeManager"})


def disk_info(name: str, kind: str) -> Any:
    """Make what QueryVirtualDiskInfo_Task reports of one disk."""
    types: Any = vim.VirtualDiskManager
    return types.VirtualDiskInfo(unit=types.VirtualDiskUnit(name=name), diskType=kind)


def disk_infos(infos: list[Any]) -> Any:
    """Make what QueryVirtualDiskInfo_Task ends with."""
    types: Any = vim.VirtualDiskManager
    return types.VirtualDiskInfo.Array(infos)


def soap_result(response: str) -> Any:
    """Make what ExecuteSoap returns: XML as text."""
    types: Any = getattr(vim, EXECUTER)
    return types.SoapResult(response=response)


def soap_fault(message: str) -> Any:
    """Make what ExecuteSoap returns where a command fails."""
    types: Any = getattr(vim, EXECUTER)
    return types.SoapResult(fault=types.SoapFault(faultMsg=message))
