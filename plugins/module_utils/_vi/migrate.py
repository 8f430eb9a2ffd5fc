# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Moving virtual machines under a vCenter: one read of where they are and could be, one validation for each destination.

Source: vim.ServiceInstance.ValidateMigration, whose events tell of hosts and pools; vim.vm.check.ProvisioningChecker,
whose faults tell of datastores too; vim.VirtualMachine.RelocateVM_Task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .._errors import EsxError, FaultError, PlanError, TaskFailed, VmGone
from .._flow.answers import Policy
from .._flow.migrate import (
    ComputeSpot,
    HostSpot,
    Inventory,
    Journey,
    MigrateResult,
    Move,
    Objection,
    Place,
    PoolSpot,
    Wish,
    plan,
    refused,
    travel,
)
from .._flow.outcome import VmResult
from .._flow.pace import Pace
from .._flow.state import Vm
from .._vmx.paths import DatastorePath
from . import faults, sdk
from .properties import objects, read, walk_step
from .reader import Row
from .tasks import wait_for_each

if TYPE_CHECKING:
    from .connection import Session
    from .host import FoundVm, Host

PLACE_PATHS = ("runtime.host", "resourcePool", "datastore", "config.files.vmPathName", "config.hardware.device")
_PATHS: Mapping[str, Sequence[str]] = {
    "VirtualMachine": PLACE_PATHS,
    "Folder": ("parent",),
    "Datacenter": ("name", "parent", "datastore"),
    "ComputeResource": ("name", "parent", "resourcePool"),
    "HostSystem": ("name", "parent", "datastore", "runtime.connectionState", "runtime.inMaintenanceMode"),
    "ResourcePool": ("name", "parent", "owner"),
    "Datastore": ("name",),
}
_POOLS = ("ResourcePool", "VirtualApp")
_PRIORITY = {"default": "defaultPriority", "low": "lowPriority", "high": "highPriority"}
# A server that says so does not validate.
_NO_VALIDATION = frozenset({"MethodNotFound", "NotSupported", "NotImplemented"})


def check_vcenter(session: Session) -> None:
    """
    Make sure that there is more than one place to be.

    Raises:
        PlanError: this is an ESXi host of its own.
    """
    if not session.is_vcenter:
        raise PlanError(
            "an ESXi host of its own cannot move virtual machines: connect to the vCenter that manages it, "
            "or copy them with esx_vm_clone"
        )


class Mover:
    """Moves virtual machines to where they are wanted."""

    def __init__(self, host: Host, wish: Wish, policy: Policy, pace: Pace, *, check_mode: bool) -> None:
        self._host = host
        self._session: Session = host.session
        self._wish = wish
        self._policy = policy
        self._pace = pace
        self._check_mode = check_mode

    def work(self, found: Sequence[FoundVm], datacenter: str | None, *, single: bool) -> MigrateResult:
        """Move them; one VM's failure stops no other."""
        rows = _read(self._session, found)
        inventory = inventory_of(rows, datacenter)
        values = {row.moid: row.values for row in rows if row.type_name == "VirtualMachine"}
        placed = [replace(item, values={**item.values, **values.get(item.vm.moid, {})}) for item in found]
        places = {item.vm.moid: place_of(item.values) for item in placed}
        moves, failed = self._plan(placed, places, inventory)
        said = self._validate({item.vm.moid: item.vm for item in placed}, places, moves)
        journeys = {
            item.vm.moid: self._journey(item.vm, places[item.vm.moid], inventory, said.get(item.vm.moid, ()))
            for item in placed
        }
        left = [item for item in placed if item.vm.moid not in failed]
        script = partial(travel, journeys=journeys, inventory=inventory)
        results = self._host.work_on(left, script, self._policy, self._pace, check_mode=self._check_mode)
        self._tell_faults(results)
        by_moid = {**failed, **{result.vm.moid: result for result in results}}
        return MigrateResult(
            results=[by_moid[item.vm.moid] for item in found],
            single=single,
            places={moid: inventory.shown(place) for moid, place in places.items()},
            validation=said,
        )

    def _plan(
        self, found: Sequence[FoundVm], places: Mapping[str, Place], inventory: Inventory
    ) -> tuple[dict[str, Move], dict[str, VmResult]]:
        moves, failed = dict[str, Move](), dict[str, VmResult]()
        for item in found:
            try:
                moves[item.vm.moid] = plan(item.vm, places[item.vm.moid], self._wish, inventory)
            except EsxError as error:
                failed[item.vm.moid] = VmResult(vm=item.vm, before=item.state, after=item.state, error=error)
        return moves, failed

    def _validate(
        self, vms: Mapping[str, Vm], places: Mapping[str, Place], moves: Mapping[str, Move]
    ) -> dict[str, list[Objection]]:
        """Ask the vCenter what it thinks of the moves; without files, one request for each destination."""
        groups: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        # Where files go along, the events would tell that the host cannot reach them.
        said = self._check({moid: move for moid, move in moves.items() if move.datastore is not None})
        for moid, move in moves.items():
            if not move.is_empty and move.datastore is None:
                groups[move.host, move.pool or places[moid].pool].append(moid)
        waiting = list(groups.items())
        for (host, pool), moids in waiting:
            try:
                events = self._ask(moids, host, pool)
            except EsxError as error:
                if isinstance(error, VmGone) and len(moids) > 1:
                    # Which one has gone, the vCenter tells of each alone.
                    waiting.extend(((host, pool), [moid]) for moid in moids)
                    continue
                said |= {moid: [_objection(error)] for moid in moids}
                continue
            for event in events:
                subject = getattr(getattr(event, "vm", None), "vm", None)
                for moid in [subject._moId] if subject is not None and subject._moId in vms else moids:
                    said.setdefault(moid, []).append(objection_of(event))
        return said

    def _check(self, moves: Mapping[str, Move]) -> dict[str, list[Objection]]:
        """Let the vCenter check the moves of machines with their files, some side by side."""
        session, method = self._session, "CheckRelocate_Task"
        checker = session.content.vmProvisioningChecker
        left = list(moves) if checker is not None else []
        found: dict[str, Any] = {}
        while left:
            batch, left = left[: self._pace.concurrency], left[self._pace.concurrency :]
            tasks = {}
            for moid in batch:
                vm, spec = session.reference("VirtualMachine", moid), self._request(moves[moid])["spec"]
                try:
                    tasks[moid] = session.call(checker, method, vm=vm, spec=spec)
                except EsxError as error:
                    found[moid] = error
            found |= wait_for_each(session, tasks, method, timeout=self._pace.timeout)
        return {moid: _objections(found.get(moid)) for moid in moves}

    def _ask(self, moids: Sequence[str], host: str | None, pool: str | None) -> Sequence[Any]:
        session = self._session
        service = sdk.vim.ServiceInstance("ServiceInstance", session.stub)
        try:
            events: Sequence[Any] = session.call(
                service,
                "ValidateMigration",
                vm=[session.reference("VirtualMachine", moid) for moid in moids],
                pool=None if pool is None else session.reference("ResourcePool", pool),
                host=None if host is None else session.reference("HostSystem", host),
            )
        except FaultError as error:
            if error.details.get("fault") not in _NO_VALIDATION:
                raise
            return ()
        return events or ()

    def _journey(self, vm: Vm, place: Place, inventory: Inventory, said: Sequence[Objection]) -> Journey:
        return Journey(
            place=place,
            paths=PLACE_PATHS,
            locate=place_of,
            decide=lambda now: plan(vm, now, self._wish, inventory),
            request=self._request,
            shown=inventory.shown,
            refusal=refused(vm, said),
            is_foreseen=self._check_mode,
        )

    def _request(self, move: Move) -> dict[str, Any]:
        session = self._session
        spec = sdk.vim.vm.RelocateSpec(
            host=None if move.host is None else session.reference("HostSystem", move.host),
            pool=None if move.pool is None else session.reference("ResourcePool", move.pool),
            datastore=None if move.datastore is None else session.reference("Datastore", move.datastore),
        )
        return {"spec": spec, "priority": _PRIORITY[self._wish.priority]}

    def _tell_faults(self, results: Sequence[VmResult]) -> None:
        """Add to each failure of a task all that the vCenter said of it."""
        failed = [one for one in results if isinstance(one.error, TaskFailed) and one.task is not None]
        references = [self._session.reference("Task", one.task.moid) for one in failed if one.task is not None]
        said: dict[str, Any] = {}
        # What came of the moves is known without it.
        with suppress(EsxError):
            rows = read(self._session, objects(references), {"Task": ["info.error"]}) if references else []
            said = {row.moid: row.values.get("info.error") for row in rows}
        for one in failed:
            fault = said.get(one.task.moid) if one.task is not None else None
            if fault is not None and one.error is not None:
                one.error.details["faults"] = list(dict.fromkeys(_sentences(fault)))


def place_of(values: Mapping[str, Any]) -> Place:
    """Return where a VM is, from the properties :data:`PLACE_PATHS`."""
    disks = [
        device.backing.fileName
        for device in values.get("config.hardware.device") or ()
        if type(device).__name__.endswith("VirtualDisk") and getattr(device.backing, "fileName", None)
    ]
    files = [name for name in (values.get("config.files.vmPathName"), *disks) if name]
    return Place(
        host=_moid(values.get("runtime.host")),
        pool=_moid(values.get("resourcePool")),
        datastores=frozenset(one._moId for one in values.get("datastore") or ()),
        files=frozenset(DatastorePath.parse(str(name)).datastore for name in files),
    )


def objection_of(event: Any) -> Objection:
    """Return our form of a migration event."""
    kind = type(event).__name__.rpartition(".")[2]
    fault = getattr(event, "fault", None)
    message = str(event.fullFormattedMessage or "") or (faults.describe(fault) if fault is not None else kind)
    return Objection(message=message, is_error="Warning" not in kind, kind=kind)


def _objection(error: EsxError) -> Objection:
    """Return the error that a question to the vCenter came to as what speaks against the move."""
    return Objection(message=str(error), is_error=True, kind=str(error.details.get("fault") or error.kind))


def _objections(found: Any) -> list[Objection]:
    """Return what a check came to: the results of the checker, none, or the error that it is."""
    if isinstance(found, EsxError):
        said = _objection(found)
        return [] if said.kind in _NO_VALIDATION else [said]
    return [
        Objection(message=_words(fault), is_error=is_error, kind=faults.name_of(fault))
        for one in found or ()
        for is_error, named in ((True, one.error), (False, one.warning))
        for fault in named or ()
    ]


def inventory_of(rows: Sequence[Row], datacenter: str | None) -> Inventory:
    """Return where VMs can be, of one datacenter if it is named."""
    by_moid = {row.moid: row for row in rows}
    kept = [row for row in rows if datacenter is None or _center_of(row, by_moid) == datacenter.strip("/")]
    computes = {
        row.moid: ComputeSpot(moid=row.moid, name=_name(row), pool=row.values["resourcePool"]._moId)
        for row in kept
        if row.type_name.endswith("ComputeResource") and "resourcePool" in row.values
    }
    stores = {one._moId for row in kept if row.type_name == "Datacenter" for one in row.values.get("datastore") or ()}
    # An account may not see what something belongs to, and then nothing can go there.
    return Inventory(
        hosts={
            row.moid: _host(row)
            for row in kept
            if row.type_name == "HostSystem" and _moid(row.values.get("parent")) in computes
        },
        computes=computes,
        pools={
            row.moid: PoolSpot(
                moid=row.moid, name=_name(row), path=_pool_path(row, by_moid), compute=row.values["owner"]._moId
            )
            for row in rows
            if row.type_name in _POOLS and _moid(row.values.get("owner")) in computes
        },
        # By the names that they have in paths, which are not decoded.
        datastores={
            row.moid: str(row.values["name"]) for row in rows if row.type_name == "Datastore" and row.moid in stores
        },
    )


def _read(session: Session, found: Sequence[FoundVm]) -> list[Row]:
    onward = ("folder", "members", "pools")
    walk = objects(
        [session.content.rootFolder],
        walk_step("folder", "Folder", "childEntity", "hosts", "stores", *onward),
        walk_step("hosts", "Datacenter", "hostFolder", *onward),
        walk_step("stores", "Datacenter", "datastore"),
        walk_step("members", "ComputeResource", "host"),
        walk_step("pools", "ComputeResource", "resourcePool", "pool"),
        walk_step("pool", "ResourcePool", "resourcePool", "pool"),
    )
    vms = objects(session.reference("VirtualMachine", item.vm.moid) for item in found)
    return read(session, [*walk, *vms], _PATHS)


def _host(row: Row) -> HostSpot:
    state = str(row.values.get("runtime.connectionState"))
    unusable = state if state != "connected" else None
    if row.values.get("runtime.inMaintenanceMode"):
        unusable = "in maintenance mode"
    return HostSpot(
        moid=row.moid,
        name=_name(row),
        compute=row.values["parent"]._moId,
        datastores=frozenset(one._moId for one in row.values.get("datastore") or ()),
        unusable=unusable,
    )


def _pool_path(row: Row, by_moid: Mapping[str, Row]) -> str:
    above = by_moid.get(_moid(row.values.get("parent")) or "")
    if above is None or above.type_name not in _POOLS:
        return _name(row)
    parents = _pool_path(above, by_moid)
    is_top = by_moid.get(_moid(above.values.get("parent")) or "")
    return f"{parents}/{_name(row)}" if is_top is not None and is_top.type_name in _POOLS else _name(row)


def _center_of(row: Row, by_moid: Mapping[str, Row]) -> str | None:
    above: Row | None = row
    while above is not None and above.type_name != "Datacenter":
        above = by_moid.get(_moid(above.values.get("parent")) or "")
    return None if above is None else _name(above)


def _sentences(fault: Any) -> list[str]:
    cause = getattr(fault, "faultCause", None)
    return [
        faults.describe(fault),
        *(str(one.message) for one in getattr(fault, "faultMessage", None) or () if one.message),
        *(_sentences(cause) if cause is not None else []),
    ]


def _words(fault: Any) -> str:
    return "; ".join(dict.fromkeys(_sentences(fault)))


def _name(row: Row) -> str:
    return unquote(str(row.values["name"]))


def _moid(reference: Any) -> str | None:
    return None if reference is None else str(reference._moId)
