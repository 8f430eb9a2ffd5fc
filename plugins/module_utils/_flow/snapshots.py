# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Snapshots: the one call that leads to what is wished, and the script that makes it.

Source: vim.VirtualMachine.CreateSnapshot_Task, RevertToCurrentSnapshot_Task, RemoveAllSnapshots_Task,
ConsolidateVMDisks_Task; vim.vm.Snapshot.RevertToSnapshot_Task, RemoveSnapshot_Task, RenameSnapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from .._errors import EsxError, FaultError, NotFound, PlanError, TaskFailed
from .power import ATTEMPTS, UNCERTAIN
from .script import Call, Done, Fetch, Happened, Interrupted, Request, Run, Script, Until, settle
from .snapshot_tree import NEW, Address, Place, Snapshot, Tree, find, find_id, missing
from .snapshot_wish import Aim, Found, Wish
from .state import PowerState, Vm, VmState

# How deep a chain of snapshots may become.
MOST_LEVELS = 32


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What is to be sent, if anything, and what is found then.

    ``subject`` is the id of the snapshot that it is about, :data:`NEW` for one that is made, None for none.
    """

    request: Run | Call | None
    after: Found
    subject: str | None = None
    acts: tuple[str, ...] = ()


def plan(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    """
    Choose the one call that leads to what is wished.

    Raises:
        NotFound, Ambiguous: the snapshot that is meant cannot be named.
        PlanError: what was found does not allow it.
    """
    return _PLANS[wish.aim](vm, state, found, wish)


def _present(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    place = _meant(vm, found.tree, wish)
    if wish.new_name is not None:
        place = _to_be_renamed(vm, found.tree, wish, place)
    if place is None:
        return _made(vm, state, found, wish)
    snapshot = place.snapshot
    name = snapshot.name if wish.new_name is None else wish.new_name
    description = snapshot.description if wish.description is None else wish.description
    if (name, description) == (snapshot.name, snapshot.description):
        return Plan(request=None, after=found, subject=snapshot.moid)
    changes = {"name": name} if name != snapshot.name else {}
    changes |= {"description": description} if description != snapshot.description else {}
    return Plan(
        request=Call(method="RenameSnapshot", arguments=changes, target=_target(snapshot)),
        after=replace(found, tree=found.tree.renamed(snapshot.moid, name, description)),
        subject=snapshot.moid,
    )


def _to_be_renamed(vm: Vm, tree: Tree, wish: Wish, place: Place | None) -> Place:
    """Return the snapshot that has, or is to get, the new name."""
    if wish.address is None or wish.new_name is None:
        if place is None:
            raise missing(vm, tree, f"with the id {wish.number}")
        return place
    new = wish.address.beside(wish.new_name)
    there = find(vm, tree, new)
    if there is None:
        if place is None:
            raise missing(vm, tree, f"'{wish.address}' that could be renamed to '{wish.new_name}'")
        return place
    if place is not None and there.snapshot.moid != place.snapshot.moid:
        raise PlanError(
            f"{vm}: '{place.path}' cannot be renamed, for there is a snapshot '{there.path}' already "
            f"(id {there.snapshot.id})",
            vm=vm.name,
            moid=vm.moid,
        )
    return there


def _made(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    if wish.address is None:
        raise missing(vm, found.tree, f"with the id {wish.number}")
    parent = found.tree.place(found.tree.current)
    _check_place(vm, wish.address, parent)
    _check_state(vm, state, found, wish)
    running = state.power_state is PowerState.ON
    kept = PowerState.OFF if running and not wish.memory else state.power_state
    description = wish.description or ""
    new = Snapshot(
        moid=NEW,
        name=wish.address.name,
        description=description,
        power_state=kept,
        quiesced=running and wish.quiesce,
    )
    arguments = {
        "name": new.name,
        "description": description,
        "memory": wish.memory,
        "quiesce": wish.quiesce,
    }
    return Plan(
        request=Run(method="CreateSnapshot_Task", operation="VirtualMachine.createSnapshot", arguments=arguments),
        after=replace(found, tree=found.tree.grown(new)),
        subject=NEW,
    )


def _check_place(vm: Vm, address: Address, parent: Place | None) -> None:
    """Refuse what would not be found afterwards: a new snapshot is always the child of the current one."""
    if not address.is_below(parent):
        where = f"a child of the current snapshot '{parent.path}'" if parent is not None else "a root"
        raise PlanError(
            f"{vm} has no snapshot '{address}', and a new one cannot become that: it would be {where}. "
            "Go back to the parent first, give the name alone, or write a slash within the name as %2f",
            vm=vm.name,
            moid=vm.moid,
        )
    if parent is not None and parent.level >= MOST_LEVELS:
        raise PlanError(
            f"{vm}: the current snapshot is {parent.level} levels deep, and there can be no more than {MOST_LEVELS}: "
            "remove snapshots first",
            vm=vm.name,
            moid=vm.moid,
        )


def _check_state(vm: Vm, state: VmState, found: Found, wish: Wish) -> None:
    why = None
    if state.power_state is None:
        why = "the host does not know the power state; look at the VM's files and connection state"
    elif wish.memory and state.power_state is PowerState.OFF:
        why = "it is powered off and has no memory that could be kept: power it on, or leave 'memory' out"
    elif wish.memory and found.independent:
        why = (
            f"its memory cannot be kept while disks of it are independent ({', '.join(found.independent)}), "
            "for those stay out of snapshots: leave 'memory' out, or make them dependent"
        )
    elif wish.quiesce and state.power_state is PowerState.SUSPENDED:
        why = "it is suspended, so its file systems cannot be brought to rest: resume it, or leave 'quiesce' out"
    elif wish.quiesce and state.power_state is PowerState.ON and state.tools_running is False:
        why = "'quiesce' needs VMware Tools, and they do not run in the guest: start them, or leave 'quiesce' out"
    if why is not None:
        raise PlanError(f"{vm}: {why}", vm=vm.name, moid=vm.moid)


def _absent(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    del state
    place = _meant(vm, found.tree, wish)
    if place is None:
        return Plan(request=None, after=found)
    arguments = {"removeChildren": wish.remove_children, "consolidate": wish.consolidate}
    return Plan(
        request=Run(
            method="RemoveSnapshot_Task",
            operation="vm.Snapshot.remove",
            arguments=arguments,
            target=_target(place.snapshot),
        ),
        after=replace(found, tree=found.tree.without(place.snapshot.moid, whole=wish.remove_children)),
    )


def _all_absent(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    del vm, state
    if not found.tree.roots:
        return Plan(request=None, after=found)
    request = Run(
        method="RemoveAllSnapshots_Task",
        operation="VirtualMachine.removeAllSnapshots",
        arguments={"consolidate": wish.consolidate},
    )
    return Plan(request=request, after=replace(found, tree=Tree()))


def _reverted(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    del state
    is_named = wish.address is not None or wish.number is not None
    place = _meant(vm, found.tree, wish) if is_named else found.tree.place(found.tree.current)
    if place is None:
        what = f"'{wish.address}'" if wish.address is not None else f"with the id {wish.number}"
        raise missing(vm, found.tree, what if is_named else "that is current")
    snapshot = place.snapshot
    becomes = snapshot.power_state
    if wish.suppress_power_on and becomes is PowerState.ON:
        # Its memory is there, only it does not run.
        becomes = PowerState.SUSPENDED
    arguments = {"suppressPowerOn": wish.suppress_power_on}
    if is_named:
        request = Run(
            method="RevertToSnapshot_Task",
            operation="vm.Snapshot.revert",
            becomes=becomes,
            arguments=arguments,
            target=_target(snapshot),
        )
    else:
        request = Run(
            method="RevertToCurrentSnapshot_Task",
            operation="VirtualMachine.revertToCurrentSnapshot",
            becomes=becomes,
            arguments=arguments,
        )
    return Plan(
        request=request,
        after=replace(found, tree=found.tree.at(snapshot.moid)),
        subject=snapshot.moid,
        acts=(f"reverted to {place.path}",),
    )


def _consolidated(vm: Vm, state: VmState, found: Found, wish: Wish) -> Plan:
    del vm, state, wish
    if not found.needs_consolidation:
        return Plan(request=None, after=found)
    request = Run(method="ConsolidateVMDisks_Task", operation="VirtualMachine.consolidateDisks")
    return Plan(request=request, after=replace(found, needs_consolidation=False))


_PLANS: Mapping[Aim, Callable[[Vm, VmState, Found, Wish], Plan]] = {
    Aim.PRESENT: _present,
    Aim.ABSENT: _absent,
    Aim.ALL_ABSENT: _all_absent,
    Aim.REVERTED: _reverted,
    Aim.CONSOLIDATED: _consolidated,
}


def _meant(vm: Vm, tree: Tree, wish: Wish) -> Place | None:
    if wish.number is not None:
        return find_id(tree, wish.number)
    return find(vm, tree, wish.address) if wish.address is not None else None


def _target(snapshot: Snapshot) -> tuple[str, str]:
    return "VirtualMachineSnapshot", snapshot.moid


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the work on one VM was planned from, and the plan."""

    before: Found
    plan: Plan


Renew = Callable[[Found, str, Any], Found]
"""Takes what was found, the path of a property that was read anew and its value; returns what is found now."""


def bring(
    vm: Vm,
    state: VmState,
    *,
    wish: Wish,
    found: Found,
    renew: Renew,
    book: MutableMapping[str, Entry],
) -> Script:
    """Bring the snapshots of one VM to what is wished; what was planned is entered into ``book`` by moid."""
    before: Found | None = None
    for attempt in range(1, ATTEMPTS + 1):
        given_up: EsxError | None = None
        settled = yield from settle(state)
        if settled is not state or attempt > 1:
            found = yield from _look(found, wish, renew)
        planned = plan(vm, settled, found, wish)
        book[vm.moid] = Entry(before=before or found, plan=planned)
        if planned.request is None:
            return Done() if before is None else _done(before, found, wish)
        try:
            yield planned.request
        except Interrupted as interruption:
            state = interruption.state
            if interruption.error.kind in UNCERTAIN:
                # What was sent may have been done, so the look before it is what counts.
                before = before or found
            # Going back twice may lose what happened in between: better say that it is not known than do it again.
            if attempt == ATTEMPTS or (wish.is_act and interruption.error.kind in UNCERTAIN):
                given_up = interruption.error
            elif interruption.error.details.get("fault") == "TaskInProgress":
                state = yield from _let_pass(2.0**attempt)
        except (TaskFailed, FaultError, NotFound):
            # Another client may have done what we could not.
            found = yield from _look(found, wish, renew)
            if wish.is_act or not _is_done(vm, settled, found, wish):
                raise
            return Done()
        else:
            return _done(before or found, planned.after, wish, planned.acts)
        if given_up is not None:
            raise given_up
    raise AssertionError("the last attempt returns or raises")


def _done(before: Found, after: Found, wish: Wish, acts: tuple[str, ...] = ()) -> Done:
    return Done(acts=acts, before=before.shown(wish.aim), after=after.shown(wish.aim))


def _look(found: Found, wish: Wish, renew: Renew) -> Generator[Request, Happened, Found]:
    happened = yield Fetch(path=wish.path)
    return renew(found, wish.path, happened.value)


def _is_done(vm: Vm, state: VmState, found: Found, wish: Wish) -> bool:
    try:
        return plan(vm, state, found, wish).request is None
    except EsxError:
        return False


def _let_pass(seconds: float) -> Generator[Request, Happened, VmState]:
    """Give a task time that the host tells of and does not show, unless it comes into view."""
    happened = yield Until(
        test=lambda state: state.pending is not None or state.question is not None,
        what="a task that the host does not show",
        seconds=seconds,
    )
    return happened.state
