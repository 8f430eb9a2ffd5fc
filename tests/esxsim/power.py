# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Power and guest operations of a virtual machine, as a host carries them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyVmomi import vim, vmodl

from .managed import Call, method
from .questions import Asking, FailureRule, QuestionRule, make_fault, run_in_background
from .tasks import Body

# Operation of a rule to the method whose task it is.
TASK_METHODS = {
    "power-on": "PowerOnVM_Task",
    "power-off": "PowerOffVM_Task",
    "suspend": "SuspendVM_Task",
    "reset": "ResetVM_Task",
    "reconfigure": "ReconfigVM_Task",
    "rename": "Rename_Task",
    "destroy": "Destroy_Task",
    "snapshot": "CreateSnapshot_Task",
    "revert": "RevertToSnapshot_Task",
    "remove-snapshot": "RemoveSnapshot_Task",
    "consolidate": "ConsolidateVMDisks_Task",
}
# What a host writes down when an operation begins, and when it fails.
BEGINS = {
    "power-on": "VmStartingEvent",
    "power-off": "VmStoppingEvent",
    "suspend": "VmSuspendingEvent",
    "reset": "VmResettingEvent",
    "shutdown-guest": "VmGuestShutdownEvent",
    "reboot-guest": "VmGuestRebootEvent",
    "standby-guest": "VmGuestStandbyEvent",
}
FAILS = {
    "power-on": "VmFailedToPowerOnEvent",
    "power-off": "VmFailedToPowerOffEvent",
    "suspend": "VmFailedToSuspendEvent",
    "reset": "VmFailedToResetEvent",
}
STATE_NAMES = {"poweredOn": "Powered on", "poweredOff": "Powered off"}
Check = Callable[[], Any]


class Powered(Asking):
    """A virtual machine that can be switched."""

    def run(self, operation: str, act: Callable[[], Any], check: Check | None = None, method_name: str = "") -> Any:
        """
        Start a task that asks what the rules say, takes its seconds, and then acts.

        ``check`` returns the fault that the task ends with at once, or None.

        Returns:
            The reference of the task.

        Raises:
            QuestionPending, TaskInProgress: the VM is not free.
        """
        self.check_free()
        fault = check() if check is not None else None
        rules = [] if fault is not None else [*self.triggered(operation), *self.natural(operation)]
        failures = [] if fault is not None else [one for one in self.failures if one.takes(operation)]

        def work() -> Body:
            if fault is not None:
                raise fault
            self._begins(operation)
            for failure in failures:
                yield failure.delay
                raise _fault_of(failure)
            passed = yield from self.questions_of(rules, operation)
            yield max(0.0, self.task_seconds - passed)
            return act()

        def body() -> Body:
            try:
                return (yield from work())
            except vmodl.MethodFault as error:
                if operation in FAILS:
                    self.world.events.post(FAILS[operation], self, reason=error)
                raise

        cancelable = self.cancelable or any(rule.cancelable for rule in rules)
        return self.world.tasks.start(self, method_name or TASK_METHODS[operation], body(), cancelable=cancelable)

    def natural(self, operation: str) -> list[QuestionRule]:
        """What an operation asks that begins now because of what the machine is, without any rule."""
        return []

    def start(self) -> None:
        """Begin to run; raises the fault that speaks against it."""
        self.turn("poweredOn")

    def blocked(self, rule: QuestionRule) -> tuple[str, Body]:
        operation = rule.task or "power-on"
        act = {
            "power-on": lambda: self.turn("poweredOn"),
            "power-off": lambda: self.turn("poweredOff"),
            "suspend": lambda: self.turn("suspended"),
            "reset": lambda: self.turn("poweredOn"),
        }.get(operation)

        def body() -> Body:
            if rule.delay:
                yield rule.delay
            yield from self.ask(rule, operation)
            yield self.task_seconds
            if act is not None:
                act()

        return TASK_METHODS[operation], body()

    def in_state(self, wanted: str | None, *allowed: str) -> Check:
        """Make the check that the power state is one of those allowed."""

        def check() -> Any:
            state = self.get("runtime.powerState")
            if state in allowed:
                return None
            shown = STATE_NAMES.get(state, "Suspended")
            return vim.fault.InvalidPowerState(
                requestedState=wanted,
                existingState=state,
                msg=f"The attempted operation cannot be performed in the current state ({shown}).",
            )

        return check

    @method("PowerOnVM_Task")
    def power_on(self, call: Call, *, host: Any = None) -> Any:
        check = self.in_state("poweredOn", "poweredOff", "suspended")
        return self.run("power-on", self.start, check)

    @method("PowerOffVM_Task")
    def power_off(self, call: Call) -> Any:
        check = self.in_state("poweredOff", "poweredOn", "suspended")
        return self.run("power-off", lambda: self.turn("poweredOff"), check)

    @method("SuspendVM_Task")
    def suspend(self, call: Call) -> Any:
        return self.run("suspend", lambda: self.turn("suspended"), self.in_state("suspended", "poweredOn"))

    @method("ResetVM_Task")
    def reset(self, call: Call) -> Any:
        return self.run("reset", lambda: self.turn("poweredOn"), self.in_state("poweredOn", "poweredOn"))

    @method("ShutdownGuest")
    def shutdown_guest(self, call: Call) -> None:
        self._guest_operation("shutdown-guest", "poweredOff")

    @method("RebootGuest")
    def reboot_guest(self, call: Call) -> None:
        self._guest_operation("reboot-guest", "poweredOn")

    @method("StandbyGuest")
    def standby_guest(self, call: Call) -> None:
        self._guest_operation("standby-guest", "suspended")

    def _guest_operation(self, operation: str, leads_to: str) -> None:
        self.check_free()
        fault = self.in_state(leads_to, "poweredOn")()
        if fault is not None:
            raise fault
        if not self.guest.tools_run(self):
            raise vim.fault.ToolsUnavailable(
                msg="Cannot complete operation because VMware Tools is not running in this virtual machine."
            )
        for failure in self.failures:
            if failure.takes(operation):
                raise _fault_of(failure)
        self._begins(operation)
        rules = self.triggered(operation)
        booted = self.get("runtime.bootTime")

        def body() -> Body:
            passed = yield from self.questions_of(rules, operation)
            yield max(0.0, self.guest.shutdown_seconds - passed)
            # Somebody may have switched it off, or on anew, in the meantime.
            same_run = self.get("runtime.powerState") == "poweredOn" and self.get("runtime.bootTime") == booted
            if same_run and not self.guest.ignores_shutdown:
                self.turn(leads_to)

        run_in_background(self.world, body())

    @method("MountToolsInstaller")
    def mount_tools(self, call: Call) -> None:
        self._blocking(call, "mount-tools", lambda: self.set("runtime.toolsInstallerMounted", True))

    @method("UnmountToolsInstaller")
    def unmount_tools(self, call: Call) -> None:
        self._blocking(call, "unmount-tools", lambda: self.set("runtime.toolsInstallerMounted", False))

    def _begins(self, operation: str) -> None:
        resumes = operation == "power-on" and self.get("runtime.powerState") == "suspended"
        if operation in BEGINS:
            self.world.events.post("VmResumingEvent" if resumes else BEGINS[operation], self)

    def _blocking(self, call: Call, operation: str, act: Callable[[], Any]) -> None:
        """Do without a task what may ask: the call returns when the question is answered."""
        self.check_free()
        fault = self.in_state(None, "poweredOn")()
        if fault is not None:
            raise fault
        ended: list[Any] = []
        rules = [*self.triggered(operation), *self.natural(operation)]

        def body() -> Body:
            yield from self.questions_of(rules, operation)
            act()

        def done(fault: Any) -> None:
            ended.append(fault)
            self.world.changed.notify_all()

        run_in_background(self.world, body(), done)
        session = call.session
        self.world.clock.wait(
            self.world.changed,
            lambda: bool(ended) or self.world.is_down or session is None or not session.alive,
        )
        if not ended:
            raise vim.fault.NotAuthenticated(
                object=self.ref,
                privilegeId="VirtualMachine.Interact.ToolsInstall",
                msg="The session is not authenticated.",
            )
        if ended[0] is not None:
            raise ended[0]


def _fault_of(failure: FailureRule) -> Any:
    return make_fault(failure.fault, failure.fields)
