# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Migration: where a VM is, where it is wanted, and what must be said to a vCenter for that.

Source: vim.VirtualMachine.RelocateVM_Task, vim.vm.RelocateSpec; vim.ServiceInstance.ValidateMigration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import Ambiguous, EsxError, NotFound, OptionError, PlanError
from .outcome import BatchResult
from .power import UNCERTAIN
from .script import Done, Fetch, Interrupted, Run, Script, settle
from .state import Vm, VmState

METHOD, OPERATION = "RelocateVM_Task", "VirtualMachine.relocate"
TARGETS = ("target_host", "target_cluster", "target_pool", "target_datastore")
PRIORITIES = ("default", "low", "high")
ATTEMPTS = 3
SHOWN_NAMES = 15


@dataclass(frozen=True, kw_only=True)
class HostSpot:
    """
    A host: what it is part of, the datastores that it has, by moid.

    ``unusable`` says why nothing can be moved there now, None: something can.
    """

    moid: str
    name: str
    compute: str
    datastores: frozenset[str] = frozenset()
    unusable: str | None = None


@dataclass(frozen=True, kw_only=True)
class ComputeSpot:
    """A cluster, or what a host without one is part of; ``pool`` is its root resource pool."""

    moid: str
    name: str
    pool: str


@dataclass(frozen=True, kw_only=True)
class PoolSpot:
    """A resource pool; ``path`` leads to it from the root pool, whose own path is its name."""

    moid: str
    name: str
    path: str
    compute: str


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Where VMs can be, each by moid; datastores by moid with their names."""

    hosts: Mapping[str, HostSpot] = field(default_factory=dict)
    computes: Mapping[str, ComputeSpot] = field(default_factory=dict)
    pools: Mapping[str, PoolSpot] = field(default_factory=dict)
    datastores: Mapping[str, str] = field(default_factory=dict)

    def shown(self, place: Place) -> dict[str, Any]:
        """Return a place by names, as a result shows it; None: it is not known."""
        host, pool = self.hosts.get(place.host or ""), self.pools.get(place.pool or "")
        compute = self.computes.get(pool.compute if pool else host.compute if host else "")
        return {
            "host": host.name if host else None,
            "cluster": compute.name if compute else None,
            "pool": pool.path if pool else None,
            "datastores": sorted(self.datastores.get(moid, moid) for moid in place.datastores),
        }


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    Where a VM is: the moids of its host, pool and datastores.

    ``files`` are the names of the datastores on which its VMX and its disks are; a datastore that only an image is on
    is not among them.
    """

    host: str | None = None
    pool: str | None = None
    datastores: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Move:
    """What is to be said: the moids of what becomes another, None where nothing does."""

    host: str | None = None
    pool: str | None = None
    datastore: str | None = None

    @property
    def is_empty(self) -> bool:
        """True where the VM is there."""
        return self == Move()


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What speaks against a move, or is to be known of it (not ``is_error``), in the vCenter's words."""

    message: str
    is_error: bool
    kind: str

    def to_json(self) -> dict[str, str]:
        """Return it as a result shows it."""
        return {"severity": "error" if self.is_error else "warning", "event": self.kind, "message": self.message}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Where VMs are wanted, by names; None: no matter. ``priority`` is one of :data:`PRIORITIES`."""

    host: str | None
    cluster: str | None
    pool: str | None
    datastore: str | None
    priority: str

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """
        Read the options.

        Raises:
            OptionError: nothing is wanted, or a name is empty.
        """
        for option in TARGETS:
            if params[option] == "":
                raise OptionError(f"'{option}' is empty", option=option)
        if all(params[option] is None for option in TARGETS):
            raise OptionError(f"where to? Give one of {', '.join(TARGETS)}", option=TARGETS[0])
        host, cluster, pool, datastore = (params[option] for option in TARGETS)
        return cls(host=host, cluster=cluster, pool=pool, datastore=datastore, priority=params["priority"])


def plan(vm: Vm, place: Place, wish: Wish, inventory: Inventory) -> Move:
    """
    Find out what leads a VM from its place to where it is wanted.

    Raises:
        NotFound, Ambiguous: a name is nobody's, or several answer to it.
        PlanError: it cannot be there.
    """
    host = _named("target_host", wish.host, inventory.hosts.values())
    cluster = _named("target_cluster", wish.cluster, inventory.computes.values())
    if host is not None and host.unusable and host.moid != place.host:
        raise PlanError(f"{vm} cannot be moved to '{host.name}': the host is {host.unusable}", moid=vm.moid)
    if host is not None and cluster is not None and host.compute != cluster.moid:
        raise PlanError(f"the host '{host.name}' is not part of '{cluster.name}'", moid=vm.moid)
    compute = host.compute if host is not None else cluster.moid if cluster is not None else None
    here = inventory.hosts.get(place.host or "")
    pool = _pool(wish, compute, here.compute if here else None, inventory)
    if pool is None and compute is not None and _compute_of(place, inventory) != compute:
        pool = _root_pool(compute, inventory)
    if compute is None and pool is not None:
        compute = pool.compute
    store = None
    if wish.datastore is not None:
        reach = [one for one in inventory.hosts.values() if compute in (None, one.compute)]
        if host is not None or (here is not None and here in reach):
            reach = [one for one in reach if one == (host or here)]
        store = _store(wish.datastore, reach, inventory)
    return Move(
        host=host.moid if host is not None and host.moid != place.host else None,
        pool=pool.moid if pool is not None and pool.moid != place.pool else None,
        datastore=store if store is not None and not _is_on(place, store, inventory) else None,
    )


def _root_pool(compute: str, inventory: Inventory) -> PoolSpot:
    spot = inventory.computes[compute]
    if spot.pool not in inventory.pools:
        raise PlanError(f"the account cannot see the root pool of '{spot.name}': say which with 'target_pool'")
    return inventory.pools[spot.pool]


def _compute_of(place: Place, inventory: Inventory) -> str | None:
    pool = inventory.pools.get(place.pool or "")
    host = inventory.hosts.get(place.host or "")
    return pool.compute if pool else host.compute if host else None


def _named(option: str, name: str | None, spots: Iterable[Any]) -> Any:
    if name is None:
        return None
    known = list(spots)
    return _only(option, name, [one for one in known if one.name == name], known)


def _only(option: str, name: str, hits: Sequence[Any], known: Sequence[Any]) -> Any:
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise Ambiguous(
            f"'{option}': {len(hits)} answer to '{name}': moid {', '.join(one.moid for one in hits)}; "
            "narrow with 'datacenter', or say more of where it is",
            candidates=[{"moid": one.moid, "path": getattr(one, "path", one.name)} for one in hits],
        )
    raise NotFound(f"'{option}': there is no '{name}'; there are {_listed(known)}", missing=[name])


def _pool(wish: Wish, compute: str | None, here: str | None, inventory: Inventory) -> Any:
    if wish.pool is None:
        return None
    named = [one for one in inventory.pools.values() if wish.pool.strip("/") in (one.name, one.path)]
    within = [one for one in named if one.compute == compute] if compute is not None else named
    near = [one for one in within if one.compute == here]
    known = [one for one in inventory.pools.values() if compute in (None, one.compute)]
    return _only("target_pool", wish.pool, near if compute is None and near else within, known)


def _store(name: str, hosts: Sequence[HostSpot], inventory: Inventory) -> str:
    reachable = {moid for host in hosts for moid in host.datastores if moid in inventory.datastores}
    hits = [moid for moid in reachable if inventory.datastores[moid] == name]
    if len(hits) != 1:
        known = sorted({inventory.datastores[moid] for moid in reachable})
        error: type[EsxError] = Ambiguous if hits else NotFound
        many = f"{len(hits)} datastores there are" if hits else "no datastore there is"
        raise error(f"'target_datastore': {many} named '{name}'; there are {', '.join(known[:SHOWN_NAMES]) or 'none'}")
    return hits[0]


def _is_on(place: Place, store: str, inventory: Inventory) -> bool:
    return place.datastores == {store} or place.files == {inventory.datastores[store]}


def _listed(known: Sequence[Any]) -> str:
    names = sorted({getattr(one, "path", one.name) for one in known})
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN_NAMES]) + more if names else "none"


def refused(vm: Vm, objections: Sequence[Objection]) -> PlanError | None:
    """Return the failure that tells all that speaks against a move, None where nothing does."""
    errors = [one.message for one in objections if one.is_error]
    if not errors:
        return None
    return PlanError(
        f"{vm} cannot be moved: {'; '.join(errors)}",
        moid=vm.moid,
        validation=[one.to_json() for one in objections],
    )


@dataclass(frozen=True, kw_only=True)
class Journey:
    """
    One VM's way.

    ``locate`` makes a place of properties by path, ``paths`` says which; ``decide`` makes a move of a place,
    ``request`` the arguments of the task of a move, and ``shown`` what a result says of a place. ``refusal`` is what
    the vCenter said of the move from ``place``; ``is_foreseen`` tells that nothing is moved, so that it says all that
    will be known.
    """

    place: Place
    paths: Sequence[str]
    locate: Callable[[Mapping[str, Any]], Place]
    decide: Callable[[Place], Move]
    request: Callable[[Move], Mapping[str, Any]]
    shown: Callable[[Place], Mapping[str, Any]]
    refusal: PlanError | None = None
    is_foreseen: bool = False


def arrive(place: Place, move: Move, inventory: Inventory) -> Place:
    """Return where a VM is after a move; a host that the vCenter chooses is not known."""
    pool = move.pool or place.pool
    host = inventory.hosts.get(move.host or place.host or "")
    compute = inventory.pools[pool].compute if pool is not None and pool in inventory.pools else None
    known = host.moid if host is not None and compute in (None, host.compute) else None
    if move.datastore is None:
        return Place(host=known, pool=pool, datastores=place.datastores, files=place.files)
    name = inventory.datastores[move.datastore]
    return Place(host=known, pool=pool, datastores=frozenset({move.datastore}), files=frozenset({name}))


def travel(vm: Vm, state: VmState, journeys: Mapping[str, Journey], inventory: Inventory) -> Script:
    """Bring one VM to where it is wanted, unless it is there."""
    journey = journeys[vm.moid]
    place, is_fresh = journey.place, state.pending is None and state.question is None
    left: Place | None = None
    for attempt in range(1, ATTEMPTS + 1):
        given_up: EsxError | None = None
        state = yield from settle(state)
        if not is_fresh:
            # Somebody else's task may have brought it there.
            values = dict[str, Any]()
            for path in journey.paths:
                values[path] = (yield Fetch(path=path)).value
            place = journey.locate(values)
        move = journey.decide(place)
        if move.is_empty:
            return _there(journey, left or place, place)
        # An answer may have done away with what spoke against it, so then the task itself will tell.
        if journey.refusal is not None and (is_fresh or journey.is_foreseen):
            raise journey.refusal
        try:
            yield Run(method=METHOD, operation=OPERATION, arguments=journey.request(move))
        except Interrupted as interruption:
            state, is_fresh = interruption.state, False
            if interruption.error.kind in UNCERTAIN:
                # What was sent may have been done, so it is from here that it was moved.
                left = left or place
            given_up = interruption.error if attempt == ATTEMPTS else None
        else:
            return _there(journey, left or place, arrive(place, move, inventory))
        if given_up is not None:
            raise given_up
    raise AssertionError("the last attempt returns or raises")


def _there(journey: Journey, before: Place, after: Place) -> Done:
    return Done(before={"place": journey.shown(before)}, after={"place": journey.shown(after)})


@dataclass(frozen=True, kw_only=True)
class MigrateResult(BatchResult):
    """What came of all VMs, with the place of each and what the vCenter said of its move, by moid."""

    places: Mapping[str, Mapping[str, Any]]
    validation: Mapping[str, Sequence[Objection]]

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        shown = super().to_json()
        results = {result.vm.moid: result for result in self.results}
        for entry in shown["vms"]:
            result = results[entry["moid"]]
            entry["place"] = result.changed_after.get("place", self.places[entry["moid"]])
            entry["validation"] = [one.to_json() for one in self.validation.get(entry["moid"], ())]
        return shown
