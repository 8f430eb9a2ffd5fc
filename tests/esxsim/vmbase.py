# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual machine's properties: what is stored, what is made on first reading, and what is derived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from . import machinefiles, vmdata, vmstorage, vmx_fields, vmx_text
from .description import Machine
from .devices import connected
from .entity import Entity, like
from .guest import Guest

TURNED = {
    "poweredOn": "VmPoweredOnEvent",
    "poweredOff": "VmPoweredOffEvent",
    "suspended": "VmSuspendedEvent",
}


def _heartbeat(vm: VmBase) -> str:
    return "green" if vm.guest.tools_run(vm) else "gray"


class VmBase(Entity):
    """
    A virtual machine.

    Its configuration is made when somebody first reads it: thousands of machines that nobody looks at cost little.
    """

    type_name = "VirtualMachine"
    common: ClassVar[dict[str, Any]] = {**Entity.common, "rootSnapshot": []}
    derive: ClassVar[dict[str, Any]] = {
        "guest": lambda vm: vm.guest.report(vm),
        "guestHeartbeatStatus": _heartbeat,
        "layout": vmstorage.layout,
        "layoutEx": vmstorage.layout_ex,
        "resourceConfig": vmdata.resource_config,
        "storage": vmstorage.storage,
        "summary.config": vmdata.summary_config,
        "summary.guest": vmdata.summary_guest,
        "summary.overallStatus": lambda vm: vm.get("overallStatus"),
        "summary.quickStats": vmdata.quick_stats,
        "summary.runtime": lambda vm: vm.get("runtime"),
        "summary.storage": vmstorage.summary_storage,
        "summary.vm": lambda vm: vm.ref,
    }

    def __init__(self, moid: str, machine: Machine, *, guest: Guest | None = None, **properties: Any) -> None:
        super().__init__(moid, name=machine.name, **properties)
        self.machine: Machine | None = machine
        self.original = machine.original
        self.baseline: dict[str, str] = {}
        self.vmx_path = machine.vmx_path
        self.uuid = machine.uuid
        self.instance_uuid = machine.instance_uuid
        self.guest = guest or Guest()
        self.task_seconds = 0.0
        self.cancelable = False
        self.registered = False
        self.copies = 0

    def initial(self, name: str) -> Any:
        if name == "config" and self.machine is not None:
            machine, self.machine = self.machine, None
            made = vmdata.config(machine, self._store_of)
            made.__dict__["name"] = self._state["name"]
            made.__dict__["datastoreUrl"] = vmdata.datastore_urls(self)
            if self.original is not None:
                made = vmx_fields.applied(made, vmx_text.entries(self.original))
                self.baseline = vmx_text.lines_of(vmdata.named(made, machine.name))
            if self.get("runtime.powerState") == "poweredOn":
                made = like(made, hardware=like(made.hardware, device=connected(made.hardware.device, running=True)))
            return made
        if name == "runtime":
            return vmdata.runtime("poweredOff", None)
        if name == "capability":
            return vmdata.capability()
        return super().initial(name)

    def vmx_bytes(self) -> bytes:
        """The content of its VMX file, as it would be written now."""
        raise NotImplementedError

    def set(self, path: str, value: Any) -> None:
        super().set(path, value)
        if path == "name":
            self.set("config.name", value)
        elif path == "config.name" and self.get("name") != value:
            self.set("name", value)
        elif path.startswith("config."):
            self.uuid = self.get("config.uuid")
            self.instance_uuid = self.get("config.instanceUuid")

    def turn(self, power_state: str) -> None:
        """Change the power state, and what changes with it."""
        now = self.world.clock.utcnow()
        running = power_state == "poweredOn"
        self.set("runtime.bootTime", now if running else None)
        self.set("runtime.suspendTime", now if power_state == "suspended" else None)
        self.set("runtime.cleanPowerOff", True if power_state == "poweredOff" else None)
        self.set("runtime.toolsInstallerMounted", False)
        if self.get("runtime.powerState") != power_state:
            self.set("runtime.powerState", power_state)
            machinefiles.turned(self, power_state)
            devices = connected(self.get("config.hardware.device"), running=running)
            self.set("config.hardware.device", devices)
            self.world.events.post(TURNED[power_state], self)
        if running and self.guest.boot_seconds:
            self.world.clock.call_later(self.guest.boot_seconds, lambda: self.touch("guest", "guestHeartbeatStatus"))

    def start_in(self, power_state: str) -> None:
        """Give a machine that nobody has seen yet its power state; a running one has run for an hour."""
        now = self.world.clock.utcnow()
        state = vmdata.runtime(power_state, None)
        if power_state == "poweredOn":
            state = like(state, bootTime=now - timedelta(hours=1))
        self._state["runtime"] = state

    def change_version(self) -> None:
        """Note that the configuration changed."""
        now = self.world.clock.utcnow()
        self.set("config.modified", now)
        self.set("config.changeVersion", f"{now.isoformat()}-{self.world.version}")

    def _store_of(self, path: str) -> Any:
        name = path.partition("]")[0].removeprefix("[") if path.startswith("[") else None
        for store in self.world.of_type("Datastore") if name is not None else ():
            if store.get("name") == name:
                return store.ref
        return None

    def _top(self, name: str) -> Any:
        if name == "summary":
            return vmdata.summary(self, vmstorage.summary_storage(self))
        return super()._top(name)
