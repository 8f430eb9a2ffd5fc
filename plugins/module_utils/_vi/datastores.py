# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Facts of datastores: all that a host or a vCenter has, in one round trip.

Source: vim.Datastore, ``summary``, ``info`` and ``host``; vim.host.NasVolume and vim.host.VmfsVolume.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._flow.datastores import Fact, pick, pool_of, pool_uuid
from . import sdk
from .places import Places
from .properties import all_hosts, objects, read, walk_step
from .query import chosen_ids
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

_PATHS: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "HostSystem": ("name",),
    "Datastore": ("name", "parent", "summary", "info", "host"),
}
_TYPES = {
    "vmfs": "vmfs",
    "nfs": "nfs",
    "nfs41": "nfs41",
    "cifs": "cifs",
    "vsan": "vsan",
    "vsand": "vsan",
    "vvol": "vvol",
    "pmem": "pmem",
}
_ACCESS = {"readWrite": "read-write", "readOnly": "read-only"}
_MAINTENANCE = {"normal": "normal", "enteringMaintenance": "entering", "inMaintenance": "in"}
_MIB = 1024**2


def lookup_datastores(
    session: Session, option: str | None, value: Any, *, datacenter: str | None, esxi_hostname: str | None
) -> list[Fact]:
    """
    Return the facts of the datastores that are meant; none at all is no error for a query or for all.

    Raises:
        NotFound: something asked for is not there.
        Ambiguous: several answer to one name or UUID.
        OptionError: the query is wrong.
    """
    steps = [
        walk_step("folder", "Folder", "childEntity", "folder", "stores", "hosts", "members"),
        walk_step("stores", "Datacenter", "datastoreFolder", "folder"),
        *all_hosts(),
    ]
    rows = read(session, objects([session.content.rootFolder], *steps), _PATHS)
    places = Places(rows)
    places.check(datacenter=datacenter, folder=None, esxi_hostname=esxi_hostname)
    names = {row.moid: str(row.values["name"]) for row in rows if row.type_name == "HostSystem"}
    facts = [
        facts_of(row, names, path=places.path(row.moid), esxi_hostname=esxi_hostname)
        for row in rows
        if row.type_name == "Datastore"
        and places.is_within(row.moid, datacenter=datacenter, folder=None, esxi_hostname=None)
    ]
    if esxi_hostname is not None:
        facts = [fact for fact in facts if any(host["name"] == esxi_hostname for host in fact["hosts"])]
    if option is None:
        return facts
    if option != "query":
        return pick(option, value, facts)
    by_moid = {fact["moid"]: fact for fact in facts}
    return [by_moid[moid] for moid in chosen_ids(value, facts, noun="datastores", example="[?type=='vmfs']")]


def facts_of(row: Row, host_names: Mapping[str, str], *, path: str | None, esxi_hostname: str | None = None) -> Fact:
    """Return the facts of one datastore; where hosts differ, what ``esxi_hostname`` or the first one says."""
    summary, info = row.values.get("summary"), row.values.get("info")
    hosts = [_mount(one, host_names) for one in row.values.get("host") or ()]
    # A host that has lost it says less than one that has it.
    chosen = sorted(hosts, key=lambda host: (host["name"] != esxi_hostname, not host["accessible"]))
    mount = chosen[0] if chosen else {"mount_path": None, "uuid": None, "access_mode": None}
    capacity, free = int(getattr(summary, "capacity", 0) or 0), int(getattr(summary, "freeSpace", 0) or 0)
    fact: Fact = {
        "name": str(row.values["name"]),
        "moid": row.moid,
        "path": path,
        "uuid": mount["uuid"],
        "type": _type_of(summary, info),
        "accessible": bool(getattr(summary, "accessible", False)),
        "access_mode": mount["access_mode"],
        "maintenance_mode": _MAINTENANCE.get(str(getattr(summary, "maintenanceMode", None) or "normal")),
        "capacity_bytes": capacity,
        "free_bytes": free,
        "provisioned_bytes": capacity - free + int(getattr(summary, "uncommitted", 0) or 0),
        "mount_path": mount["mount_path"],
        "url": getattr(summary, "url", None),
        "nfs": _nfs(info),
        "vmfs": _vmfs(info),
        "hosts": hosts,
    }
    return {**fact, "pool": pool_of(fact)}


def _mount(mount: Any, host_names: Mapping[str, str]) -> dict[str, Any]:
    said, moid = mount.mountInfo, str(mount.key._moId)
    return {
        "name": host_names.get(moid),
        "moid": moid,
        "mount_path": said.path,
        "uuid": None if said.path is None else pool_uuid(said.path),
        "access_mode": _ACCESS.get(str(said.accessMode)),
        # A host that says nothing of it means yes.
        "mounted": said.mounted is not False,
        "accessible": said.accessible is not False,
        "reason": said.inaccessibleReason or None,
    }


def _type_of(summary: Any, info: Any) -> str:
    said = _TYPES.get(str(getattr(summary, "type", "")).lower())
    if said is not None:
        return said
    return "local" if isinstance(info, sdk.vim.host.LocalDatastoreInfo) else "other"


def _nfs(info: Any) -> dict[str, Any] | None:
    nas = getattr(info, "nas", None)
    if nas is None:
        return None
    return {
        "remote_host": nas.remoteHost,
        "remote_hosts": [str(name) for name in nas.remoteHostNames or [nas.remoteHost]],
        "remote_path": nas.remotePath,
        "security_type": nas.securityType,
        "username": nas.userName or None,
    }


def _vmfs(info: Any) -> dict[str, Any] | None:
    volume = getattr(info, "vmfs", None)
    if volume is None:
        return None
    return {
        "uuid": volume.uuid,
        "version": volume.version,
        "block_size_bytes": int(volume.blockSizeMb) * _MIB,
        "ssd": volume.ssd,
        "local": volume.local,
        "extents": [{"disk": part.diskName, "partition": int(part.partition)} for part in volume.extent],
    }
