# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Define: the scripts that make a virtual machine what is described, and that take one away.

Source: vim.VirtualMachine.ReconfigVM_Task, UpgradeVM_Task, UnregisterVM, Destroy_Task.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from .._errors import EsxError, FaultError, PlanError, TaskFailed, VmGone
from .._vmx.definition import VmDefinition
from .._vmx.diff import Change, Diff
from .hotplug import check_possible, check_power, cold_changes
from .power import ATTEMPTS, Wish, bring, route
from .script import Achieved, Call, Done, Fetch, Happened, Interrupted, Request, Run, Script, settle
from .state import PowerState, Vm, VmState

RECONFIGURE = "VirtualMachine.reconfigure"
CONFIG = "config"
# What is done to a machine for a change that needs it off.
SHUT_DOWN, STARTED = "shut down", "started again"


class Machine(Protocol):
    """A virtual machine's configuration beside what is wanted of it."""

    @property
    def have(self) -> VmDefinition: ...

    @property
    def diff(self) -> Diff: ...

    @property
    def is_final(self) -> bool:
        """False where more can be known of the machine, and be left to do, once the diff is carried out."""

    @property
    def is_cycled(self) -> bool:
        """True where a run that was killed has left it off that was on."""

    def note(self, *, cycled: bool) -> Any:
        """Return the request that notes in the machine whether it is off for a change and shall be started again."""

    def lines(self, diff: Diff) -> tuple[str, ...]:
        """Return what a diff changes in the lines of the machine's VMX."""

    def request(self, *, hardware_done: bool) -> Any:
        """Return what ReconfigVM_Task is to be sent; ``hardware_done``: the upgrade was a task of its own."""


Compare = Callable[[Any], Machine]
"""From the property ``config``, as it was read, to the machine beside what is wanted."""


@dataclass(frozen=True, kw_only=True)
class PowerCycle:
    """
    Whether a machine may be powered off for a change and on again.

    ``force_after`` is the seconds that the guest has to shut down before it is powered off; None: for ever.
    """

    allowed: bool = False
    force_after: float | None = None


def reconfigure(vm: Vm, state: VmState, *, compare: Compare, config: Any, cycle: PowerCycle) -> Script:
    """
    Make one machine what is wanted, with one reconfigure.

    ``config`` is the property as it was read with ``state``; it is read anew where something was going on meanwhile.
    """
    is_stale = state.pending is not None or state.question is not None
    state = yield from settle(state)
    work: _Work | None = None
    for attempt in range(1, ATTEMPTS + 1):
        if is_stale:
            fetched = yield Fetch(path=CONFIG)
            config, state = fetched.value, fetched.state
        machine = compare(config)
        work = work or _Work(machine, state, cycle)
        if not machine.diff:
            break
        try:
            cold = cold_changes(machine.have, machine.diff)
            check_possible(vm, machine.have, machine.diff)
            check_power(vm, state.power_state, cold, may_cycle=cycle.allowed)
            if cold and state.power_state is PowerState.ON:
                fetched = yield from _shut_down(vm, state, machine, work, cycle)
                machine, state = compare(fetched.value), fetched.state
                if not machine.diff:
                    break
            yield from _change(machine, work)
            if machine.is_final:
                break
            is_stale = True
        except Interrupted as interruption:
            if attempt == ATTEMPTS:
                raise
            state, is_stale = interruption.state, True
        except (TaskFailed, FaultError) as failure:
            if attempt == ATTEMPTS or failure.details.get("fault") != "ConcurrentAccess":
                # A machine that cannot be changed shall not be off for it.
                with suppress(EsxError):
                    yield from _start_again(vm, state, work)
                raise
            is_stale = True
    if work is None:
        return Done()
    yield from _start_again(vm, state, work)
    return work.done(work.first.diff)


class _Work:
    """
    What has been done to one machine so far; ``first`` is what was found and wanted at the beginning.

    ``was_on``: it shall be on at the end though it is off; ``is_noted``: it has a note of that.
    """

    def __init__(self, first: Machine, state: VmState, cycle: PowerCycle) -> None:
        self.first = first
        self.acts: list[str] = []
        self._changes: dict[str, Change] = {}
        # A run that was killed may have left it so, and what nobody may cycle is left as it is.
        found = first.is_cycled and cycle.allowed
        self.was_on = found and state.power_state is PowerState.OFF
        self.is_noted = found and state.power_state in (PowerState.OFF, PowerState.ON)

    def act(self, act: str) -> Achieved:
        self.acts.append(act)
        return self._achieved()

    def changed(self, changes: Iterable[Change]) -> Achieved:
        self._changes.update((change.path, change) for change in changes)
        return self._achieved()

    def done(self, diff: Diff) -> Done:
        before, after = diff.before(), diff.after()
        return Done(
            acts=tuple(self.acts),
            before={"definition": before} if before else {},
            after={"definition": after} if after else {},
            lines=self.first.lines(diff),
        )

    def _achieved(self) -> Achieved:
        done = self.done(Diff(tuple(self._changes.values())))
        return Achieved(done=done, steps=(*self.acts, *self._changes))


def _change(machine: Machine, work: _Work) -> Generator[Request, Happened, None]:
    upgrade = next((change for change in machine.diff if change.path == "hardware_version"), None)
    if upgrade is not None:
        arguments = {"version": f"vmx-{upgrade.after:02}"}
        yield Run(method="UpgradeVM_Task", operation="VirtualMachine.upgradeVirtualHardware", arguments=arguments)
        yield work.changed([upgrade])
    if upgrade is None or len(machine.diff) > 1:
        spec = machine.request(hardware_done=upgrade is not None)
        yield Run(method="ReconfigVM_Task", operation=RECONFIGURE, arguments={"spec": spec})
        yield work.changed(machine.diff)


def _shut_down(
    vm: Vm, state: VmState, machine: Machine, work: _Work, cycle: PowerCycle
) -> Generator[Request, Happened, Happened]:
    """
    Shut a machine down for its change, with a note in it that it shall be started again; return it read anew.

    Raises:
        PlanError: it cannot be shut down.
    """
    route(vm, state, Wish.GUEST_SHUTDOWN, may_force=cycle.force_after is not None)
    if not work.is_noted:
        yield _note(machine, cycled=True)
        work.is_noted = True
    yield from bring(vm, state, Wish.GUEST_SHUTDOWN, force_after=cycle.force_after)
    work.was_on = True
    yield work.act(SHUT_DOWN)
    # The note has made another version of it, and much may happen until a guest has shut down.
    return (yield Fetch(path=CONFIG))


def _start_again(vm: Vm, state: VmState, work: _Work) -> Generator[Request, Happened, None]:
    """Power a machine on that was shut down for its change, by us or by a run that was killed."""
    if work.was_on:
        off = VmState(power_state=PowerState.OFF, appearance=state.appearance)
        yield from bring(vm, off, Wish.POWERED_ON)
        work.was_on = False
        yield work.act(STARTED)
    if work.is_noted:
        yield _note(work.first, cycled=False)
        work.is_noted = False


def _note(machine: Machine, *, cycled: bool) -> Run:
    return Run(method="ReconfigVM_Task", operation=RECONFIGURE, arguments={"spec": machine.note(cycled=cycled)})


def remove(vm: Vm, state: VmState, *, delete_from_disk: bool, force: bool) -> Script:
    """Take one machine away: unregister it, or with ``delete_from_disk`` delete its files too."""
    for attempt in range(1, ATTEMPTS + 1):
        state = yield from settle(state)
        if state.power_state is PowerState.ON or (state.power_state is PowerState.SUSPENDED and delete_from_disk):
            if not force:
                raise PlanError(
                    f"{vm} is {state.power_state.value}, and 'absent' needs it powered off: "
                    "power it off first, or set 'force: true' to pull the plug"
                )
            yield from bring(vm, state, Wish.POWERED_OFF)
        try:
            if delete_from_disk:
                yield Run(method="Destroy_Task", operation="VirtualMachine.destroy")
            else:
                yield Call(method="UnregisterVM")
        except VmGone:
            pass
        except Interrupted as interruption:
            if attempt == ATTEMPTS:
                raise
            state = interruption.state
            continue
        return Done(before={"registered": True}, after={"registered": False})
    raise EsxError(f"{vm}: it could not be removed")
