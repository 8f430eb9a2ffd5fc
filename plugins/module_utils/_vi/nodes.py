# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Facts of ESXi hosts, all of them in one round trip; only USB devices take one more for each host.

Source: vim.HostSystem, vim.LicenseManager.licenses, vim.EnvironmentBrowser.QueryConfigTarget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import NotFound
from .._flow.nodes import Fact, has_long_mode, node_info
from .._flow.wording import listed
from .node_devices import adapters, cards, pci_devices, usb_devices
from .places import Places
from .properties import all_hosts, objects, read, walk_step

if TYPE_CHECKING:
    from .connection import Session
    from .reader import Row

_HOST = (
    *("name", "parent", "hardware.systemInfo", "hardware.cpuInfo", "hardware.memorySize", "hardware.numaInfo"),
    *("hardware.biosInfo", "hardware.cpuFeature", "summary.hardware", "summary.quickStats", "summary.rebootRequired"),
    *("config.product", "config.network.dnsConfig", "config.dateTimeInfo", "config.lockdownMode", "config.hyperThread"),
    *("runtime.connectionState", "runtime.powerState", "runtime.inMaintenanceMode", "runtime.bootTime"),
    *("capability.maxSupportedVcpus", "capability.maxHostRunningVms", "capability.maxRegisteredVMs"),
)
_SERVICES = ("config.service",)
_DEVICES = (
    "hardware.pciDevice",
    "config.pciPassthruInfo",
    "config.storageDevice.hostBusAdapter",
    "config.network.pnic",
)
_MIB = 1024**2
# vim.LicenseManager.LicenseInfo.editionKey of the licence under which the API only reads.
FREE_EDITION = "esxBasic"
_STATES = {"poweredOn": "powered-on", "poweredOff": "powered-off", "standBy": "standby"}
_CONNECTIONS = {"connected": "connected", "disconnected": "disconnected", "notResponding": "not-responding"}
_LOCKDOWN = {"lockdownDisabled": "disabled", "lockdownNormal": "normal", "lockdownStrict": "strict"}


def lookup_nodes(
    session: Session,
    *,
    datacenter: str | None,
    esxi_hostname: str | None,
    devices: bool = False,
    services: bool = False,
) -> list[Fact]:
    """
    Return the facts of the hosts that are meant: that of ``esxi_hostname``, or all; ``devices`` and ``services`` too.

    Raises:
        NotFound: what was asked for is not there.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    start = objects([session.content.rootFolder], *steps)
    # What a vCenter says of licences is about itself.
    licences = [] if session.is_vcenter else objects([session.content.licenseManager])
    paths: Mapping[str, Iterable[str]] = {
        "Folder": ("name", "parent"),
        "Datacenter": ("name", "parent"),
        "ComputeResource": ("name", "parent", "environmentBrowser"),
        "LicenseManager": ("licenses",),
        "HostSystem": (*_HOST, *(_DEVICES if devices else ()), *(_SERVICES if services else ())),
    }
    rows = read(session, [*start, *licences], paths)
    places = Places(rows)
    places.check(datacenter=datacenter, folder=None, esxi_hostname=esxi_hostname)
    hosts = [
        row
        for row in rows
        if row.type_name == "HostSystem"
        and places.is_within(row.moid, datacenter=datacenter, folder=None, esxi_hostname=None)
        and esxi_hostname in (None, row.values.get("name"))
    ]
    if not hosts:
        raise NotFound(
            f"there is no host '{esxi_hostname}' in '{datacenter}'; there are "
            f"{listed(str(row.values['name']) for row in rows if row.type_name == 'HostSystem')}",
            missing=[str(esxi_hostname)],
        )
    licence = _licence(rows)
    found = [facts_of(row, path=places.path(row.moid), licence=licence) for row in hosts]
    if services:
        found = [{**fact, "services": _services(row)} for fact, row in zip(found, hosts, strict=True)]
    if devices:
        browsers = {row.moid: row.values.get("environmentBrowser") for row in rows}
        found = [
            {**fact, "devices": _devices(session, row, browsers.get(row.values["parent"]._moId))}
            for fact, row in zip(found, hosts, strict=True)
        ]
    return found


def facts_of(row: Row, *, path: str | None, licence: Fact | None) -> Fact:
    """Return the facts of one host; what it does not say, as while it is disconnected, is None."""
    said = row.values
    system, bios = said.get("hardware.systemInfo"), said.get("hardware.biosInfo")
    product, hardware = said.get("config.product"), said.get("summary.hardware")
    fact: Fact = {
        "name": str(said["name"]),
        "moid": row.moid,
        "path": path,
        "hostname": _hostname(said.get("config.network.dnsConfig")),
        "uuid": getattr(system, "uuid", None),
        "product": {
            field: getattr(product, name, None)
            for field, name in (
                *(("name", "name"), ("full_name", "fullName"), ("version", "version"), ("build", "build")),
                *(("api_version", "apiVersion"), ("api_type", "apiType")),
            )
        },
        "licence": licence,
        "system": {
            "vendor": getattr(system, "vendor", None),
            "model": getattr(system, "model", None),
            "serial_number": getattr(system, "serialNumber", None) or None,
            "bios_version": getattr(bios, "biosVersion", None),
            "bios_date": _time(getattr(bios, "releaseDate", None)),
        },
        "cpu": _cpu(said, str(getattr(hardware, "cpuModel", None) or "")),
        "memory": _memory(said),
        "state": _state(said),
        "limits": {
            "vcpus_per_vm": said.get("capability.maxSupportedVcpus"),
            "running_vms": said.get("capability.maxHostRunningVms"),
            "registered_vms": said.get("capability.maxRegisteredVMs"),
        },
        "time": _clock(said.get("config.dateTimeInfo")),
    }
    return {**fact, "node": node_info(fact)}


def _hostname(dns: Any) -> str | None:
    parts = (getattr(dns, "hostName", None), getattr(dns, "domainName", None))
    return ".".join(filter(None, parts)) if parts[0] else None


def _cpu(said: Mapping[str, Any], model: str) -> Fact:
    info, numa = said.get("hardware.cpuInfo"), said.get("hardware.numaInfo")
    threads = said.get("config.hyperThread")
    features = {int(one.level): str(one.edx) for one in said.get("hardware.cpuFeature") or () if one.edx}
    return {
        "model": model,
        "packages": int(getattr(info, "numCpuPackages", 0)),
        "cores": int(getattr(info, "numCpuCores", 0)),
        "threads": int(getattr(info, "numCpuThreads", 0)),
        "mhz": int(getattr(info, "hz", 0)) // 1_000_000,
        "used_mhz": getattr(said.get("summary.quickStats"), "overallCpuUsage", None),
        "long_mode": has_long_mode(features),
        "hyperthreading": getattr(threads, "active", None),
        "numa_nodes": int(getattr(numa, "numNodes", 0)),
        "numa": [
            {"id": int(node.typeId), "cpus": [int(cpu) for cpu in node.cpuID], "memory_bytes": _numa_bytes(node)}
            for node in getattr(numa, "numaNode", None) or ()
        ],
    }


def _numa_bytes(node: Any) -> int:
    # Newer hosts say it plainly; of older ones it is the length of the range.
    size = getattr(node, "memorySize", None)
    return int(node.memoryRangeLength if size is None else size)


def _memory(said: Mapping[str, Any]) -> Fact:
    total = int(said.get("hardware.memorySize") or 0)
    used = getattr(said.get("summary.quickStats"), "overallMemoryUsage", None)
    return {"total_bytes": total, "free_bytes": None if used is None else max(0, total - int(used) * _MIB)}


def _state(said: Mapping[str, Any]) -> Fact:
    return {
        "connection": _CONNECTIONS.get(str(said.get("runtime.connectionState"))),
        "power": _STATES.get(str(said.get("runtime.powerState"))),
        "maintenance_mode": said.get("runtime.inMaintenanceMode"),
        "lockdown_mode": _LOCKDOWN.get(str(said.get("config.lockdownMode"))),
        "reboot_required": said.get("summary.rebootRequired"),
        "booted_at": _time(said.get("runtime.bootTime")),
        "uptime_seconds": getattr(said.get("summary.quickStats"), "uptime", None),
    }


def _clock(info: Any) -> Fact:
    ntp = getattr(info, "ntpConfig", None)
    return {
        "zone": getattr(getattr(info, "timeZone", None), "key", None),
        "ntp_servers": [str(server) for server in getattr(ntp, "server", None) or ()],
    }


def _time(value: Any) -> str | None:
    return None if value is None else str(value.isoformat())


def _licence(rows: Sequence[Row]) -> Fact | None:
    """Return the licence of a host, without its key."""
    for row in rows:
        if row.type_name == "LicenseManager" and row.values.get("licenses"):
            first = row.values["licenses"][0]
            return {
                "name": str(first.name),
                "edition": str(first.editionKey),
                "read_only_api": first.editionKey == FREE_EDITION,
            }
    return None


def _services(row: Row) -> list[Fact]:
    said = getattr(row.values.get("config.service"), "service", None) or ()
    return [
        {"key": str(one.key), "label": str(one.label), "running": bool(one.running), "policy": str(one.policy)}
        for one in said
    ]


def _devices(session: Session, row: Row, browser: Any) -> Fact:
    said = row.values
    target = None
    # One that is not connected has nobody who could be asked.
    if browser is not None and str(said.get("runtime.connectionState")) == "connected":
        host = session.reference("HostSystem", row.moid)
        environment = session.reference("EnvironmentBrowser", browser._moId)
        target = session.call(environment, "QueryConfigTarget", host=host)
    return {
        "pci": pci_devices(said.get("hardware.pciDevice") or (), said.get("config.pciPassthruInfo") or ()),
        "usb": usb_devices(getattr(target, "usb", None) or ()),
        "adapters": adapters(said.get("config.storageDevice.hostBusAdapter") or ()),
        "nics": cards(said.get("config.network.pnic") or ()),
    }
