# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual machine in full: what reconfigures it, and what takes it out of the inventory."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from . import guestos, paths, vmx_text
from .devices import iterate
from .entity import like
from .managed import Call, method
from .snapshots import WithSnapshots
from .vmdata import allocation

# ConfigSpec's field to the path below config, where a value is taken as it is.
PLAIN = {
    "annotation": "annotation",
    "bootOptions": "bootOptions",
    "changeTrackingEnabled": "changeTrackingEnabled",
    "cpuHotAddEnabled": "cpuHotAddEnabled",
    "cpuHotRemoveEnabled": "cpuHotRemoveEnabled",
    "firmware": "firmware",
    "instanceUuid": "instanceUuid",
    "latencySensitivity": "latencySensitivity",
    "memoryHotAddEnabled": "memoryHotAddEnabled",
    "memoryReservationLockedToMax": "memoryReservationLockedToMax",
    "nestedHVEnabled": "nestedHVEnabled",
    "numCPUs": "hardware.numCPU",
    "numCoresPerSocket": "hardware.numCoresPerSocket",
    "uuid": "uuid",
    "version": "version",
}
OFF_ONLY = ("numCPUs", "memoryMB", "numCoresPerSocket", "firmware", "uuid", "version")
OTHERS = ("changeVersion", "name", "guestId", "memoryMB", "cpuAllocation", "memoryAllocation", "extraConfig", "files")


class VirtualMachine(WithSnapshots):
    """A virtual machine."""

    def vmx(self) -> str:
        """The text of its VMX file, as it would be written now."""
        text = vmx_text.written(self.get("config"))
        return text if self.original is None else vmx_text.updated(self.original, text)

    @method("ReconfigVM_Task")
    def reconfigure(self, call: Call, *, spec: Any) -> Any:
        for name, info in paths.fields(type(spec)).items():
            value = getattr(spec, name)
            known = name in PLAIN or name in OTHERS or name.startswith("dynamic")
            if not known and value is not None and value != []:
                raise vim.fault.InvalidVmConfig(
                    property=name, msg=f"esxsim cannot reconfigure {name} ({info.type.__name__})"
                )

        def act() -> None:
            self.apply(spec)
            self.world.events.post("VmReconfiguredEvent", self, configSpec=spec)

        return self.run("reconfigure", act, lambda: self._objection(spec))

    def _objection(self, spec: Any) -> Any:
        if spec.changeVersion and spec.changeVersion != self.get("config.changeVersion"):
            return vim.fault.ConcurrentAccess(msg="The virtual machine was changed by somebody else.")
        if (spec.numCPUs or 1) < 1 or (spec.memoryMB or 4) < 4 or (spec.memoryMB or 4) % 4:
            wrong = "numCPUs" if (spec.numCPUs or 1) < 1 else "memoryMB"
            return vim.fault.InvalidVmConfig(property=wrong, msg=f"A specified parameter was not correct: {wrong}")
        changed = [name for name in OFF_ONLY if getattr(spec, name) is not None]
        if changed and self.get("runtime.powerState") != "poweredOff":
            return self.in_state(None, "poweredOff")()
        return None

    def apply(self, spec: Any) -> None:
        """Change the configuration."""
        for name, path in PLAIN.items():
            value = getattr(spec, name)
            if value is not None:
                self.set(f"config.{path}", value)
        if spec.memoryMB is not None:
            self.set("config.hardware.memoryMB", int(spec.memoryMB))
        if spec.name is not None:
            self.set("name", spec.name)
        if spec.guestId is not None:
            self.set("config.guestId", spec.guestId)
            self.set("config.guestFullName", guestos.full_name(spec.guestId))
        for name in ("cpuAllocation", "memoryAllocation"):
            if getattr(spec, name) is not None:
                self._allocate(f"config.{name}", getattr(spec, name))
        options = {one.key: one for one in self.get("config.extraConfig")}
        for one in spec.extraConfig:
            if one.value in (None, ""):
                options.pop(one.key, None)
            else:
                options[one.key] = one
        self.set("config.extraConfig", list(options.values()))
        self.change_version()

    def _allocate(self, path: str, wanted: Any) -> None:
        changes = {
            name: getattr(wanted, name)
            for name in ("reservation", "limit", "expandableReservation", "shares")
            if getattr(wanted, name) is not None
        }
        if wanted.shares is not None and wanted.shares.level != "custom":
            shares = {"low": 500, "normal": 1000, "high": 2000}[str(wanted.shares.level)]
            changes["shares"] = vim.SharesInfo(level=wanted.shares.level, shares=shares)
        self.set(path, like(self.get(path) or allocation(-1, 0, 1000, "normal"), **changes))

    @method("Rename_Task")
    def rename(self, call: Call, *, newName: str) -> Any:
        def act() -> None:
            old = self.get("name")
            self.set("name", newName)
            self.change_version()
            self.world.events.post("VmRenamedEvent", self, oldName=old, newName=newName)

        return self.run("rename", act)

    @method("UnregisterVM")
    def unregister(self, call: Call) -> None:
        self.check_free()
        fault = self.in_state(None, "poweredOff", "suspended")()
        if fault is not None:
            raise fault
        self.leave()

    @method("Destroy_Task")
    def destroy(self, call: Call) -> Any:
        return self.run("destroy", self.delete, self.in_state(None, "poweredOff", "suspended"))

    @method("RefreshStorageInfo")
    def refresh_storage_info(self, call: Call) -> None:
        self.touch("layout", "layoutEx", "storage")

    def delete(self) -> None:
        """Take the VM out of the inventory, and its files from the datastore."""
        config = self.get("config")
        backings = [one.backing for one in iterate(config, vim.vm.device.VirtualDisk)]
        names = [config.files.vmPathName, *(getattr(one, "fileName", "") for one in backings)]
        self.leave()
        for name in names:
            store_name, _rest, path = name.removeprefix("[").partition("] ")
            for store in self.world.of_type("Datastore"):
                if store.get("name") == store_name:
                    store.files.discard(path)

    def vanish(self) -> None:
        """Disappear under the hands of whoever works on the VM: its tasks fail."""
        for task in self.world.tasks.running(self):
            gone = vmodl.fault.ManagedObjectNotFound(obj=self.ref, msg="The object has already been deleted.")
            self.world.tasks.throw(task, gone)
        self.leave()

    def leave(self) -> None:
        """Take the VM out of the inventory; its files stay."""
        self.world.events.post("VmRemovedEvent", self)
        config = self.get("config")
        store_name, _rest, path = config.files.vmPathName.removeprefix("[").partition("] ")
        for store in self.world.of_type("Datastore"):
            if store.get("name") == store_name:
                store.files.freeze(path)
        for holder in (*self.world.of_type("Folder"), *self.world.of_type("HostSystem")):
            holder.discard("childEntity" if holder.type_name == "Folder" else "vm", self.ref)
        for kind in ("ResourcePool", "Datastore", "Network"):
            for holder in self.world.of_type(kind):
                holder.discard("vm", self.ref)
        self.world.remove(self)
