# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A host and its datastores, as it takes to change one of them: in one round trip.

Source: vim.host.DatastoreSystem, vim.host.StorageSystem and vim.Datastore with ``vm``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import PlanError
from .._flow.datastore_plan import Have, User
from .._flow.datastore_wish import DatastoreWish
from .._flow.datastores import Fact
from .datastores import facts_of
from .iscsi_read import meant_host
from .places import Places
from .properties import all_hosts, objects, read, walk_step
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

_SYSTEM, _STORAGE = "configManager.datastoreSystem", "configManager.storageSystem"
_PATHS: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "ComputeResource": ("name", "parent"),
    "HostSystem": ("name", "parent", "datastore", _SYSTEM, _STORAGE),
    "Datastore": ("name", "parent", "summary", "info", "host"),
}


@dataclass(frozen=True, kw_only=True)
class StoreHost:
    """One host as it was read: who it is, what it has, and what works on its datastores and its disks."""

    have: Have
    system: Any
    storage: Any


def lookup_store_host(
    session: Session, wish: DatastoreWish, *, datacenter: str | None, esxi_hostname: str | None
) -> StoreHost:
    """
    Return the host that is meant, with its datastores.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
        PlanError: the host does not let its datastores be changed.
    """
    rows = read(session, objects([session.content.rootFolder], *_steps(wish)), _paths(wish))
    host = meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname)
    name = str(host.values["name"])
    system, storage = host.values.get(_SYSTEM), host.values.get(_STORAGE)
    if system is None:
        raise PlanError(
            f"the host '{name}' does not tell what its datastores are: is it connected, and may the account see it?"
        )
    return StoreHost(
        have=_have(session, rows, host, name),
        system=session.reference("HostDatastoreSystem", system._moId),
        storage=None if storage is None else session.reference("HostStorageSystem", storage._moId),
    )


def _steps(wish: DatastoreWish) -> list[Any]:
    onward = ["vms"] if wish.needs_users else []
    stores = walk_step("stores", "Datacenter", "datastoreFolder", "store_folder", *onward)
    below = walk_step("store_folder", "Folder", "childEntity", "store_folder", *onward)
    vms = [walk_step("vms", "Datastore", "vm")] if onward else []
    return [
        walk_step("folder", "Folder", "childEntity", "folder", "stores", "hosts", "members"),
        stores,
        below,
        *vms,
        *all_hosts(),
    ]


def _paths(wish: DatastoreWish) -> Mapping[str, Iterable[str]]:
    if not wish.needs_users:
        return _PATHS
    return {**_PATHS, "Datastore": (*_PATHS["Datastore"], "vm"), "VirtualMachine": ("name", "runtime.host")}


def _have(session: Session, rows: Sequence[Row], host: Row, name: str) -> Have:
    places = Places(rows)
    names = {row.moid: str(row.values["name"]) for row in rows if row.type_name == "HostSystem"}
    own, others = list[Fact](), list[Fact]()
    center = places.datacenter_of(host.moid)
    vms = {row.moid: row for row in rows if row.type_name == "VirtualMachine"}
    users = dict[str, list[User]]()
    # The host's own list: a datastore may not tell who has it.
    known = {ref._moId for ref in host.values.get("datastore") or ()}
    for row in rows:
        if row.type_name != "Datastore":
            continue
        fact = facts_of(row, names, path=places.path(row.moid), esxi_hostname=name)
        if row.moid in known:
            own.append(fact)
        elif places.datacenter_of(row.moid) == center:
            others.append(fact)
        users[row.moid] = [_user(ref._moId, vms.get(ref._moId)) for ref in row.values.get("vm") or ()]
    return Have(host=name, moid=host.moid, is_vcenter=session.is_vcenter, stores=own, others=others, users=users)


def _user(moid: str, row: Row | None) -> User:
    # What the account may not see has neither name nor host.
    values: Mapping[str, Any] = {} if row is None else row.values
    host = values.get("runtime.host")
    return {"name": str(values.get("name", moid)), "moid": moid, "host": "" if host is None else str(host._moId)}
