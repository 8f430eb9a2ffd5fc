# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Power: which call leads from one state to another, and the script that makes it.

Source: vim.VirtualMachine.PowerOnVM_Task, PowerOffVM_Task, SuspendVM_Task, ResetVM_Task, ShutdownGuest, RebootGuest,
StandbyGuest; ``runtime.powerState``; ``guest.toolsRunningStatus``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Union

from .._errors import EsxError, FaultError, PlanError, TaskFailed
from .script import Call, Done, Happened, Interrupted, Request, Run, Script, Until, settle
from .state import PowerState, Vm, VmState

POWER_ON = Run(method="PowerOnVM_Task", operation="VirtualMachine.powerOn", becomes=PowerState.ON)
POWER_OFF = Run(method="PowerOffVM_Task", operation="VirtualMachine.powerOff", becomes=PowerState.OFF)
SUSPEND = Run(method="SuspendVM_Task", operation="VirtualMachine.suspend", becomes=PowerState.SUSPENDED)
RESET = Run(method="ResetVM_Task", operation="VirtualMachine.reset", becomes=PowerState.ON)
SHUTDOWN_GUEST = Call(method="ShutdownGuest")
REBOOT_GUEST = Call(method="RebootGuest")
STANDBY_GUEST = Call(method="StandbyGuest")

EFFECTS: Mapping[str, PowerState] = {
    run.operation: run.becomes for run in (POWER_ON, POWER_OFF, SUSPEND, RESET) if run.becomes is not None
}
"""The power state that a task leads to, by its ``descriptionId``."""

ATTEMPTS = 5
UNCERTAIN = frozenset({"task_lost", "connection_lost"})


class Wish(Enum):
    """What the option ``state`` may ask for."""

    POWERED_ON = "powered-on"
    POWERED_OFF = "powered-off"
    SUSPENDED = "suspended"
    RESET = "reset"
    GUEST_SHUTDOWN = "guest-shutdown"
    GUEST_REBOOT = "guest-reboot"
    GUEST_STANDBY = "guest-standby"

    @property
    def is_act(self) -> bool:
        """True for what is done each time it is asked for, and shows in no state."""
        return self in (Wish.RESET, Wish.GUEST_REBOOT)

    @property
    def needs_tools(self) -> bool:
        """True for what the guest itself must do."""
        return self in (Wish.GUEST_SHUTDOWN, Wish.GUEST_REBOOT, Wish.GUEST_STANDBY)


@dataclass(frozen=True)
class Impossible:
    """There is no way; ``why`` ends the sentence that begins with the VM and its state."""

    why: str


Route = Union[Run, Call, Impossible, None]

_OFF_HINT = "power it on first"
_SUSPENDED_HINT = "resume it with 'powered-on' first"

ROUTES: Mapping[tuple[Wish, PowerState], Route] = {
    (Wish.POWERED_ON, PowerState.ON): None,
    (Wish.POWERED_ON, PowerState.OFF): POWER_ON,
    (Wish.POWERED_ON, PowerState.SUSPENDED): POWER_ON,
    (Wish.POWERED_OFF, PowerState.ON): POWER_OFF,
    (Wish.POWERED_OFF, PowerState.OFF): None,
    (Wish.POWERED_OFF, PowerState.SUSPENDED): POWER_OFF,
    (Wish.SUSPENDED, PowerState.ON): SUSPEND,
    (Wish.SUSPENDED, PowerState.OFF): Impossible(_OFF_HINT),
    (Wish.SUSPENDED, PowerState.SUSPENDED): None,
    (Wish.RESET, PowerState.ON): RESET,
    (Wish.RESET, PowerState.OFF): Impossible(_OFF_HINT),
    (Wish.RESET, PowerState.SUSPENDED): Impossible(_SUSPENDED_HINT),
    (Wish.GUEST_SHUTDOWN, PowerState.ON): SHUTDOWN_GUEST,
    (Wish.GUEST_SHUTDOWN, PowerState.OFF): None,
    (Wish.GUEST_SHUTDOWN, PowerState.SUSPENDED): Impossible(f"{_SUSPENDED_HINT}, or use 'powered-off'"),
    (Wish.GUEST_REBOOT, PowerState.ON): REBOOT_GUEST,
    (Wish.GUEST_REBOOT, PowerState.OFF): Impossible(_OFF_HINT),
    (Wish.GUEST_REBOOT, PowerState.SUSPENDED): Impossible(_SUSPENDED_HINT),
    (Wish.GUEST_STANDBY, PowerState.ON): STANDBY_GUEST,
    (Wish.GUEST_STANDBY, PowerState.OFF): Impossible(_OFF_HINT),
    (Wish.GUEST_STANDBY, PowerState.SUSPENDED): None,
}
"""The whole of what can be done about power."""


def route(vm: Vm, state: VmState, wish: Wish, *, may_force: bool = False) -> Run | Call | None:
    """
    Choose the call that brings ``vm`` from ``state`` to what is wished; None when it is there.

    ``may_force`` lets a guest shutdown become a power-off where VMware Tools do not run.

    Raises:
        PlanError: no single call leads there.
    """
    if state.power_state is None:
        raise PlanError(f"{vm}: the host does not know the power state; look at the VM's files and connection state")
    way = ROUTES[wish, state.power_state]
    if isinstance(way, Impossible):
        raise PlanError(f"{vm} is {state.power_state.value}, so '{wish.value}' is not possible: {way.why}")
    if way is not None and wish.needs_tools and state.tools_running is False:
        if wish is Wish.GUEST_SHUTDOWN and may_force:
            return POWER_OFF
        hint = ", set 'force_after' to allow a power-off instead" if wish is Wish.GUEST_SHUTDOWN else ""
        raise PlanError(f"{vm}: '{wish.value}' needs VMware Tools, and they do not run in the guest: start them{hint}")
    return way


def bring(vm: Vm, state: VmState, wish: Wish, *, force_after: float | None = None) -> Script:
    """
    Bring one VM to the wished power state.

    ``force_after`` is the seconds that a guest shutdown may take before the VM is powered off; None: it is never
    forced.
    """
    for attempt in range(1, ATTEMPTS + 1):
        given_up: EsxError | None = None
        state = yield from settle(state)
        way = route(vm, state, wish, may_force=force_after is not None)
        if way is None:
            return Done()
        try:
            if way is SHUTDOWN_GUEST:
                yield from _shut_down(way, force_after)
            else:
                yield way
        except Interrupted as interruption:
            state = interruption.state
            # A reboot of which we lost sight may have happened, and no state tells: better say so than do it twice.
            if attempt == ATTEMPTS or (wish.is_act and interruption.error.kind in UNCERTAIN):
                given_up = interruption.error
            elif interruption.error.details.get("fault") == "TaskInProgress":
                state = yield from _let_pass(2.0**attempt)
        except TaskFailed:
            state = yield from _look_again()
            if wish.is_act or route(vm, state, wish) is not None:
                raise
            return Done()
        else:
            return Done(acts=(wish.value,) if wish.is_act or way is STANDBY_GUEST else ())
        if given_up is not None:
            raise given_up
    raise AssertionError("the last attempt returns or raises")


def _shut_down(ask: Request, force_after: float | None) -> Generator[Request, Happened, None]:
    try:
        yield ask
    except FaultError as refusal:
        # What was read of VMware Tools may be older than what the host finds when it asks them.
        if force_after is None or refusal.details.get("fault") != "ToolsUnavailable":
            raise
        yield POWER_OFF
        return
    off = Until(test=is_off, what="the guest to shut down", seconds=force_after, becomes=PowerState.OFF)
    if (yield off).timed_out:
        yield POWER_OFF


def _look_again() -> Generator[Request, Happened, VmState]:
    """Take the state as it is now: another client may have done what our task failed to do."""
    happened = yield Until(test=lambda _state: True, what="the state after a failed task", seconds=0)
    return happened.state


def _let_pass(seconds: float) -> Generator[Request, Happened, VmState]:
    """Give a task time that the host tells of and does not show, unless it comes into view."""
    happened = yield Until(
        test=lambda state: state.pending is not None or state.question is not None,
        what="a task that the host does not show",
        seconds=seconds,
    )
    return happened.state


def is_off(state: VmState) -> bool:
    """Tell whether the VM is powered off."""
    return state.power_state is PowerState.OFF
