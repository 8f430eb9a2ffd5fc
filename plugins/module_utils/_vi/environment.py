# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Where a new virtual machine may be: the datastores, networks and pools of one host, read in one round trip.

Source: vim.Datacenter, vim.ComputeResource, vim.HostSystem, vim.Datastore, vim.Network; vim.EnvironmentBrowser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .._errors import Ambiguous, ConnectionLost, FaultError, NotFound, OptionError, PlanError
from .._flow.wording import listed
from .._vmx.guest_ids import guest_id_of
from . import sdk
from .places import Places
from .properties import all_hosts, walk_step
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

ENVIRONMENT_PATHS: Mapping[str, Iterable[str]] = {
    "Datacenter": ("name", "parent", "vmFolder"),
    "ComputeResource": ("name", "parent", "resourcePool", "environmentBrowser"),
    "HostSystem": ("name", "parent", "datastore", "network", "runtime.connectionState"),
    "Datastore": ("name", "summary.url", "summary.accessible", "summary.freeSpace", "browser"),
    "Network": ("name",),
}
UNREADABLE = object()


@dataclass(frozen=True, kw_only=True)
class Datastore:
    """
    A datastore: its name, where the host has it mounted, its free bytes, whether it can be used now, and what searches
    it (a managed object).
    """

    name: str
    moid: str
    mount_path: str
    free_bytes: int
    accessible: bool
    browser: Any


@dataclass(frozen=True, kw_only=True)
class Environment:
    """
    One host with what it offers.

    ``compute`` is the search path of the compute resource, ``datacenter`` the name of the datacenter; ``center`` is
    the datacenter itself, and ``vm_folder``, ``pool``, ``host`` and ``browser`` are managed objects too; ``folders``
    are those of the whole inventory, by their paths.
    """

    datacenter: str
    compute: str
    center: Any
    vm_folder: Any
    pool: Any
    host: Any
    browser: Any
    datastores: Mapping[str, Datastore]
    networks: frozenset[str]
    folders: Mapping[str, Any]

    @property
    def vm_folder_path(self) -> str:
        """The inventory path of ``vm_folder``; datacenters may lie in folders."""
        paths = (path for path, folder in self.folders.items() if folder._moId == self.vm_folder._moId)
        return next(paths, f"/{self.datacenter}/vm")

    def datastore(self, name: str) -> Datastore:
        """
        Return a datastore that can be used.

        Raises:
            NotFound: there is none of that name; those that are there are listed.
            PlanError: it is not accessible now.
        """
        found = self.datastores.get(name)
        if found is None:
            raise NotFound(f"there is no datastore '{name}'; there are {listed(self.datastores)}", missing=[name])
        if not found.accessible:
            raise PlanError(f"the datastore '{name}' is not accessible at the moment")
        return found

    def only_datastore(self) -> Datastore:
        """
        Return the only datastore that can be used.

        Raises:
            OptionError: there are several, or none.
        """
        usable = {name: store for name, store in self.datastores.items() if store.accessible}
        if len(usable) != 1:
            raise OptionError(
                f"which datastore is meant? Give 'datastore'; there are {listed(usable)}", option="datastore"
            )
        return next(iter(usable.values()))

    def check_networks(self, names: Iterable[str]) -> None:
        """
        Make sure that networks are there.

        Raises:
            NotFound: one is not; those that are there are listed.
        """
        missing = [name for name in dict.fromkeys(names) if name not in self.networks]
        if missing:
            raise NotFound(f"there is no network {listed(missing)}; there are {listed(self.networks)}", missing=missing)


def environment_steps() -> list[Any]:
    """Return the steps of a walk through the inventory that lead to hosts, datastores and networks."""
    return [
        *all_hosts(),
        walk_step("stores", "Datacenter", "datastore"),
        walk_step("networks", "Datacenter", "network"),
    ]


def environment_of(
    session: Session, rows: Sequence[Row], *, datacenter: str | None, esxi_hostname: str | None
) -> Environment:
    """
    Return what a host offers on which machines are to be made, out of the rows of a walk.

    Raises:
        NotFound: no such host or datacenter.
        Ambiguous: under vCenter, more than one host answers; ``esxi_hostname`` says which one is meant.
    """
    hosts = [row for row in rows if row.type_name == "HostSystem"]
    chosen = [row for row in hosts if esxi_hostname in (None, row.values["name"])]
    centers = [row for row in rows if row.type_name == "Datacenter"]
    center = [row for row in centers if datacenter in (None, row.values["name"])]
    if not chosen or not center:
        wanted, names = ("esxi_hostname", hosts) if not chosen else ("datacenter", centers)
        raise NotFound(
            f"'{wanted}' names nothing that is there; there are {listed(row.values['name'] for row in names)}"
        )
    if len(chosen) > 1 or len(center) > 1:
        wanted, names = ("esxi_hostname", chosen) if len(chosen) > 1 else ("datacenter", center)
        raise Ambiguous(
            f"on which one? Give '{wanted}': there are {listed(row.values['name'] for row in names)}",
            candidates=[{"moid": row.moid, "path": str(row.values["name"])} for row in names],
        )
    host = chosen[0]
    by_moid = {row.moid: row for row in rows}
    above = by_moid[host.values["parent"]._moId]
    stores = [by_moid[one._moId] for one in host.values.get("datastore", ()) if one._moId in by_moid]
    networks = [by_moid[one._moId] for one in host.values.get("network", ()) if one._moId in by_moid]
    places = Places(rows)
    return Environment(
        datacenter=unquote(str(center[0].values["name"])),
        compute=places.search_path(above.moid),
        center=session.reference("Datacenter", center[0].moid),
        vm_folder=center[0].values["vmFolder"],
        pool=above.values["resourcePool"],
        host=session.reference("HostSystem", host.moid),
        browser=above.values["environmentBrowser"],
        datastores={str(row.values["name"]): _datastore(row) for row in stores},
        networks=frozenset(unquote(str(row.values["name"])) for row in networks),
        folders={
            places.path(row.moid) or "": session.reference("Folder", row.moid)
            for row in rows
            if row.type_name == "Folder"
        },
    )


def _datastore(row: Row) -> Datastore:
    return Datastore(
        name=str(row.values["name"]),
        moid=row.moid,
        mount_path=str(row.values.get("summary.url", "")).removeprefix("ds://").rstrip("/"),
        free_bytes=int(row.values.get("summary.freeSpace", 0)),
        accessible=bool(row.values.get("summary.accessible")),
        browser=row.values.get("browser"),
    )


@dataclass(frozen=True, kw_only=True)
class Advice:
    """
    What a host recommends: its virtual hardware, or the one that was asked for, and for a guest the API classes of the
    disks' controller and of network cards; None: nothing.
    """

    hardware_version: int | None = None
    disk_controller: str | None = None
    network_card: str | None = None


def check_hardware(
    session: Session, environment: Environment, hardware_version: int | None, guest_id: str | None
) -> Advice:
    """
    Make sure that the host knows a hardware version and a guest id; return what it recommends for that guest.

    Raises:
        PlanError: it does not know one of them.
    """
    asked, guest_id = guest_id, None if guest_id is None else guest_id_of(guest_id)
    option = _query(session, environment, hardware_version, guest_id)
    if option is None and guest_id is not None:
        option = _query(session, environment, hardware_version, None)
    if option is None:
        raise PlanError(f"hardware version {hardware_version} is wanted, and this host does not know it")
    if option is UNREADABLE:
        return Advice()
    known = {str(one.id): one for one in option.guestOSDescriptor or ()}
    if guest_id is not None and guest_id not in known:
        raise PlanError(
            f"guest_id '{asked}' is wanted, and this host does not know it with virtual hardware {option.version}"
        )
    guest = known.get(guest_id or "")
    number = str(option.version).rpartition("-")[2]
    version = int(number) if number.isdigit() else None
    if guest is None:
        return Advice(hardware_version=version)
    return Advice(
        hardware_version=version,
        disk_controller=_class_name(guest.recommendedDiskController),
        network_card=_class_name(guest.recommendedEthernetCard),
    )


def _query(session: Session, environment: Environment, hardware_version: int | None, guest_id: str | None) -> Any:
    """Ask what a hardware version offers to a guest; None: the host knows one of them not."""
    key = None if hardware_version is None else f"vmx-{hardware_version:02}"
    spec = sdk.vim.EnvironmentBrowser.ConfigOptionQuerySpec(key=key, guestId=None if guest_id is None else [guest_id])
    try:
        return session.call(environment.browser, "QueryConfigOptionEx", spec=spec)
    except ConnectionLost:
        # Some servers answer with less than the API demands; then they judge for themselves when it comes to it.
        return UNREADABLE
    except FaultError as error:
        if error.details.get("fault") not in ("InvalidArgument", "NotSupported"):
            raise
        return None


def _class_name(kind: Any) -> str | None:
    return None if kind is None else str(getattr(kind, "__name__", kind)).rpartition(".")[2]
