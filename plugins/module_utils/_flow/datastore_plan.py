# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is to be changed of one datastore: one comparison, from which come the requests, ``changed`` and ``--diff``.

Laws: what is there is never replaced by something else of the same name, and nothing is taken from under a virtual
machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import NotFound, PlanError
from .datastore_wish import NFS_TYPES, DatastoreWish, check_new_name, plain_path
from .datastores import Fact
from .wording import listed

User = dict[str, str]
# What a host can take away again.
_REMOVABLE = (*NFS_TYPES, "vmfs", "cifs")


@dataclass(frozen=True, kw_only=True)
class Have:
    """
    What one host has.

    ``stores`` are its datastores, ``others`` those of its datacenter that it has not mounted; ``users`` are the virtual
    machines that have files on a datastore, by its id, each with ``name``, ``moid`` and ``host``, the host's id.
    """

    host: str
    moid: str
    is_vcenter: bool
    stores: Sequence[Fact]
    others: Sequence[Fact] = ()
    users: Mapping[str, Sequence[User]] = field(default_factory=dict)

    def named(self, name: str | None) -> Fact | None:
        """Return the datastore of that name, None if there is none."""
        return next((one for one in self.stores if one["name"] == name), None)


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One thing to be changed.

    ``verb`` is mount, create, extend, rename, enter, leave, unmount or destroy; ``after`` is what ``--diff`` shows that
    is different then (None: nothing is left); ``disk`` is the one that is taken.
    """

    verb: str
    text: str
    after: Mapping[str, Any] | None
    disk: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """What makes it another one than others."""
        return self.verb, self.disk


def meant(have: Have, wish: DatastoreWish) -> Fact | None:
    """Return the datastore that is meant, whether it is renamed already or not."""
    return have.named(wish.name) or (have.named(wish.new_name) if wish.new_name else None)


def plan(have: Have, wish: DatastoreWish) -> tuple[Change, ...]:
    """
    Compare what is there with what is wished.

    Raises:
        NotFound: there is no such datastore, and nothing says how to make it.
        PlanError: it cannot be, or it would take away what is in use.
        OptionError: no new datastore may be called so.
    """
    store = meant(have, wish)
    if not wish.present:
        return () if store is None else (_removal(have, wish, store),)
    if store is None:
        return (*_creation(have, wish), *_maintenance(have, wish, None))
    _check_backing(store, wish)
    _check_settings(store, wish)
    changes = [*_extension(have, wish, store), *_renaming(have, wish, store), *_maintenance(have, wish, store)]
    return tuple(changes)


def _creation(have: Have, wish: DatastoreWish) -> Iterable[Change]:
    if wish.type is None:
        raise NotFound(
            f"no datastore of the host '{have.host}' is named '{wish.name}'; there are "
            f"{listed(one['name'] for one in have.stores)}; 'type' says how to make one",
            missing=[wish.name],
        )
    check_new_name(wish)
    for one in have.stores:
        if wish.type in NFS_TYPES and _same_nfs(one, wish):
            raise PlanError(
                f"{_place(wish)} is mounted already, as the datastore '{one['name']}'; to call it "
                f"'{wish.final_name}', say 'name: {one['name']}' and 'new_name: {wish.final_name}'"
            )
    for one in have.others:
        if one["name"] == wish.final_name and not _same_nfs(one, wish):
            raise PlanError(_other_backing(one, wish, "another host of the datacenter has"))
    base = {"name": wish.final_name, "type": wish.type, "maintenance_mode": "normal"}
    if wish.type == "vmfs":
        return _vmfs_creation(have, wish, base)
    more = {
        "remote_hosts": list(wish.remote_hosts),
        "remote_path": wish.remote_path,
        "access_mode": wish.access_mode or "read-write",
        **({"security_type": wish.security_type or "AUTH_SYS"} if wish.type == "nfs41" else {}),
    }
    return [Change(verb="mount", text=f"{_place(wish)} is mounted as '{wish.final_name}'", after={**base, **more})]


def _vmfs_creation(have: Have, wish: DatastoreWish, base: Mapping[str, Any]) -> Iterable[Change]:
    if not wish.disks:
        raise PlanError(
            f"there is no datastore '{wish.name}': to make a VMFS, 'disks' must name the disk that it shall lie on"
        )
    _check_disks(have, wish.disks)
    first, *rest = wish.disks
    made = Change(
        verb="create",
        text=f"the VMFS datastore '{wish.final_name}' is made on the disk {first}",
        after={**base, "disks": [first]},
        disk=first,
    )
    return [made, *_extensions(wish.final_name, [first], rest)]


def _extensions(name: str, disks: Sequence[str], more: Iterable[str]) -> list[Change]:
    changes, there = [], list(disks)
    for disk in more:
        there = [*there, disk]
        text = f"the datastore '{name}' is extended to the disk {disk}"
        changes.append(Change(verb="extend", text=text, after={"disks": there}, disk=disk))
    return changes


def _extension(have: Have, wish: DatastoreWish, store: Fact) -> list[Change]:
    there = _disks(store)
    missing = [disk for disk in wish.disks if disk not in there]
    _check_disks(have, missing)
    return _extensions(store["name"], there, missing)


def _check_disks(have: Have, wanted: Iterable[str]) -> None:
    used = {disk: one["name"] for one in have.stores for disk in _disks(one)}
    for disk in wanted:
        if disk in used:
            raise PlanError(f"the disk {disk} is in use: the datastore '{used[disk]}' lies on it")


def _renaming(have: Have, wish: DatastoreWish, store: Fact) -> list[Change]:
    if wish.new_name is None or store["name"] == wish.new_name:
        return []
    for one in (*have.stores, *have.others):
        if one["name"] == wish.new_name:
            raise PlanError(
                f"'{wish.name}' cannot be renamed to '{wish.new_name}': there is a datastore of that name, "
                f"{backing_of(one)}; '{wish.name}' is {backing_of(store)}"
            )
    text = f"the datastore '{wish.name}' is renamed to '{wish.new_name}'"
    return [Change(verb="rename", text=text, after={"name": wish.new_name})]


def _maintenance(have: Have, wish: DatastoreWish, store: Fact | None) -> list[Change]:
    mode = "normal" if store is None else store["maintenance_mode"]
    if wish.maintenance_mode is None or mode == ("in" if wish.maintenance_mode else "normal"):
        return []
    if not have.is_vcenter:
        raise PlanError(
            f"the host '{have.host}' has no maintenance mode of datastores: it is Storage DRS of a vCenter that has; "
            "connect to the vCenter that manages the host, or move the virtual machines away and unmount the datastore"
        )
    if not wish.maintenance_mode:
        return [Change(verb="leave", text="maintenance mode is left", after={"maintenance_mode": "normal"})]
    if mode == "entering":
        raise PlanError(f"the datastore '{wish.name}' is about to enter maintenance mode already; wait for that")
    if store is not None:
        _check_users(
            have.users.get(store["moid"], ()), f"the datastore '{store['name']}' cannot enter maintenance mode"
        )
    return [Change(verb="enter", text="maintenance mode is entered", after={"maintenance_mode": "in"})]


def _removal(have: Have, wish: DatastoreWish, store: Fact) -> Change:
    if wish.type is not None:
        _check_backing(store, wish)
    if store["type"] not in _REMOVABLE:
        raise PlanError(
            f"the datastore '{store['name']}' is of the type {store['type']}, which is neither unmounted nor destroyed "
            "through the host's list of datastores"
        )
    users = have.users.get(store["moid"], ())
    if store["type"] != "vmfs":
        # To other hosts it stays.
        users = [user for user in users if user["host"] in ("", have.moid)]
        _check_users(users, f"the datastore '{store['name']}' is not unmounted")
        return Change(verb="unmount", text=f"'{store['name']}', {backing_of(store)}, is unmounted", after=None)
    _check_users(users, f"the datastore '{store['name']}' is not destroyed")
    if not wish.destroy:
        raise PlanError(
            f"to remove the datastore '{store['name']}', {backing_of(store)}, is to destroy all that is on it: it is "
            "done only if you say 'destroy: true'"
        )
    return Change(verb="destroy", text=f"'{store['name']}', {backing_of(store)}, is destroyed", after=None)


def _check_users(users: Sequence[User], what: str) -> None:
    if users:
        raise PlanError(
            f"{what}: virtual machines have files on it, {listed(user['name'] for user in users)}",
            in_use=[{"name": user["name"], "moid": user["moid"]} for user in users],
        )


def _check_backing(store: Fact, wish: DatastoreWish) -> None:
    if wish.type is None:
        return
    if wish.type == "vmfs":
        same = store["type"] == "vmfs" and (not wish.disks or bool(set(wish.disks) & set(_disks(store))))
    else:
        same = _same_nfs(store, wish)
    if not same:
        raise PlanError(_other_backing(store, wish, "there is"))


def _other_backing(store: Fact, wish: DatastoreWish, there: str) -> str:
    return f"{there} a datastore '{store['name']}' already, and it is {backing_of(store)}, not {_place(wish)}"


def _check_settings(store: Fact, wish: DatastoreWish) -> None:
    nfs, vmfs = store["nfs"] or {}, store["vmfs"] or {}
    said = (
        ("access_mode", store["access_mode"], wish.access_mode),
        ("security_type", nfs.get("security_type") or "AUTH_SYS", wish.security_type),
        ("vmfs_version", int(str(vmfs.get("version") or 0).partition(".")[0]), wish.vmfs_version),
    )
    for option, there, wanted in said:
        if wanted is not None and wanted != there:
            raise PlanError(
                f"the datastore '{store['name']}' has '{option}: {there}', not {wanted}, and no host changes that of a "
                "datastore that is there: remove it first, with 'state: absent'"
            )


def _same_nfs(store: Fact, wish: DatastoreWish) -> bool:
    nfs = store["nfs"]
    if store["type"] != wish.type or nfs is None:
        return False
    hosts = {name.lower() for name in nfs["remote_hosts"]}
    is_there = not wish.remote_hosts or hosts == {name.lower() for name in wish.remote_hosts}
    return is_there and wish.remote_path in (None, plain_path(nfs["remote_path"]))


def _disks(store: Fact) -> list[str]:
    return [part["disk"] for part in (store["vmfs"] or {}).get("extents", ())]


def _place(wish: DatastoreWish) -> str:
    """Name what is wished for."""
    if wish.type == "vmfs":
        return f"a VMFS on {listed(wish.disks)}" if wish.disks else "a VMFS"
    return f"{wish.type} {','.join(wish.remote_hosts) or '*'}:{wish.remote_path or '*'}"


def backing_of(store: Fact) -> str:
    """Name what a datastore is made of."""
    if store["nfs"] is not None:
        return f"{store['type']} {','.join(store['nfs']['remote_hosts'])}:{store['nfs']['remote_path']}"
    return f"a VMFS on {listed(_disks(store))}" if store["type"] == "vmfs" else f"of the type {store['type']}"


def shown(store: Fact | None) -> dict[str, Any]:
    """Return what ``--diff`` shows of a datastore; of none, nothing."""
    if store is None:
        return {}
    base = {"name": store["name"], "type": store["type"], "maintenance_mode": store["maintenance_mode"]}
    if store["nfs"] is None:
        return {**base, **({"disks": _disks(store)} if store["type"] == "vmfs" else {})}
    nfs = store["nfs"]
    more = {"remote_hosts": nfs["remote_hosts"], "remote_path": nfs["remote_path"], "access_mode": store["access_mode"]}
    security = {"security_type": nfs["security_type"] or "AUTH_SYS"} if store["type"] == "nfs41" else {}
    return {**base, **more, **security}


def diff_of(store: Fact | None, changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both halves of ``--diff``, which are empty where nothing is changed."""
    if not changes:
        return {}, {}
    before = shown(store)
    after = dict(before)
    for change in changes:
        after = {} if change.after is None else {**after, **change.after}
    return before, after
