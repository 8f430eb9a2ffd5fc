# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a host says of iSCSI: adapters, targets and disks, in one round trip on ESXi and in two under a vCenter.

Source: vim.host.StorageSystem, ``storageDeviceInfo``; vim.host.VmfsDatastoreInfo for who lies on which disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import Ambiguous, NotFound, PlanError
from .._flow.iscsi import Adapter, Iscsi
from .._flow.iscsi_wish import IscsiWish
from .._flow.wording import listed
from .iscsi_facts import DEVICES, lun_facts, said_of, target_facts, users_of
from .places import Places
from .properties import all_hosts, objects, read, walk_step
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

SYSTEM, MANAGER = "configManager.storageSystem", "configManager.iscsiManager"
_PLACES: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "ComputeResource": ("name", "parent"),
    "HostSystem": ("name", "parent"),
}
_STORAGE: Mapping[str, Iterable[str]] = {
    "HostSystem": ("name", "parent", SYSTEM, MANAGER),
    "HostStorageSystem": [f"storageDeviceInfo.{name}" for name in DEVICES],
    "Datastore": ("name", "info", "host"),
}


@dataclass(frozen=True, kw_only=True)
class IscsiHost:
    """One host as it was read: its storage system, its iSCSI manager, what it says, and the facts."""

    name: str
    moid: str
    system: Any
    manager: Any
    said: Iscsi
    targets: Sequence[Mapping[str, Any]]
    luns: Sequence[Mapping[str, Any]]


def lookup_host(session: Session, wish: IscsiWish, *, datacenter: str | None, esxi_hostname: str | None) -> IscsiHost:
    """
    Return the host that is meant, as far as it takes for what is wished.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
        PlanError: the host does not let its storage be seen.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    if session.is_vcenter:
        rows = read(session, objects([session.content.rootFolder], *steps), _PLACES)
        host = meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname)
        return look_again(session, host.moid, wish)
    rows = read(session, objects([session.content.rootFolder], *_onward(steps), *_parts()), {**_PLACES, **_STORAGE})
    return _host(session, rows, meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname), wish)


def look_again(session: Session, moid: str, wish: IscsiWish) -> IscsiHost:
    """Read one host, whose id is known."""
    rows = read(session, objects([session.reference("HostSystem", moid)], *_parts()), _STORAGE)
    hosts = [row for row in rows if row.type_name == "HostSystem"]
    if not hosts:
        raise NotFound(f"the host {moid} is not there any more", missing=[moid])
    return _host(session, rows, hosts[0], wish)


def _onward(steps: Sequence[Any]) -> list[Any]:
    """Let the walk go on from the hosts to what they have."""
    return [*steps[:-1], walk_step("members", "ComputeResource", "host", "system", "stores")]


def _parts() -> list[Any]:
    return [walk_step("system", "HostSystem", SYSTEM), walk_step("stores", "HostSystem", "datastore")]


def meant_host(rows: Sequence[Row], *, datacenter: str | None, esxi_hostname: str | None) -> Row:
    """
    Return the one host that is meant.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
    """
    places = Places(rows)
    places.check(datacenter=datacenter, folder=None, esxi_hostname=esxi_hostname)
    hosts = [
        row
        for row in rows
        if row.type_name == "HostSystem"
        and esxi_hostname in (None, row.values.get("name"))
        and places.is_within(row.moid, datacenter=datacenter, folder=None, esxi_hostname=None)
    ]
    if len(hosts) == 1:
        return hosts[0]
    there = [row for row in rows if row.type_name == "HostSystem"]
    if not hosts:
        names = listed(row.values.get("name") for row in there)
        raise NotFound(f"no host is where 'datacenter' and 'esxi_hostname' say; there are {names}")
    raise Ambiguous(
        f"on which host? Give 'esxi_hostname': there are {listed(row.values['name'] for row in hosts)}",
        candidates=[{"moid": row.moid, "path": places.path(row.moid) or str(row.values["name"])} for row in hosts],
    )


def _host(session: Session, rows: Sequence[Row], host: Row, wish: IscsiWish) -> IscsiHost:
    system, manager = host.values.get(SYSTEM), host.values.get(MANAGER)
    systems = {row.moid: row.values for row in rows if row.type_name == "HostStorageSystem"}
    values = systems.get(getattr(system, "_moId", ""), {})
    name = str(host.values["name"])
    if system is None or "storageDeviceInfo.hostBusAdapter" not in values:
        raise PlanError(
            f"the host '{name}' does not tell what storage it has: is it connected, and may the account see it?"
        )
    parts = {part: values.get(f"storageDeviceInfo.{part}") for part in DEVICES}
    users = users_of([row for row in rows if row.type_name == "Datastore"], host.moid)
    said, meant = said_of(parts, users, wish.device)
    read_host = IscsiHost(
        name=name,
        moid=host.moid,
        system=session.reference("HostStorageSystem", system._moId),
        manager=None if manager is None else session.reference("IscsiManager", manager._moId),
        said=said,
        targets=target_facts(said.adapter, parts, meant),
        luns=lun_facts(parts, users, meant),
    )
    if wish.bound_nics is None or said.adapter is None:
        return read_host
    return replace(read_host, said=replace(said, adapter=_with_bindings(session, read_host, said.adapter, wish)))


def _with_bindings(session: Session, host: IscsiHost, adapter: Adapter, wish: IscsiWish) -> Adapter:
    """Ask which VMkernel adapters it is bound to, and where that matters which it could be bound to."""
    if host.manager is None:
        raise PlanError(f"the host '{host.name}' does not bind iSCSI adapters to VMkernel adapters")
    ports = session.call(host.manager, "QueryBoundVnics", iScsiHbaName=adapter.device) or ()
    bound = {str(one.vnicDevice): str(one.pathStatus) for one in ports}
    if not wish.present or all(nic in bound for nic in wish.bound_nics or ()):
        return replace(adapter, bound=bound)
    ports = session.call(host.manager, "QueryCandidateNics", iScsiHbaName=adapter.device) or ()
    return replace(adapter, bound=bound, bindable=frozenset(str(one.vnicDevice) for one in ports))
