# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual machine in full: what reconfigures it, and what takes it out of the inventory."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from . import cdromlock, configspec, deltadisks, hardware, identity, machinefiles, speccheck, vmdata, vmx_text
from .change import Change
from .managed import Call, method
from .moving import Movable
from .questions import QuestionRule


class VirtualMachine(Movable):
    """A virtual machine."""

    change: Change | None = None

    def vmx(self) -> str:
        """The text of its VMX file, as it would be written now."""
        config = self.get("config")
        if self.original is None:
            return vmx_text.written(config)
        return vmx_text.updated(self.original, self.baseline, vmx_text.lines_of(config))

    def vmx_bytes(self) -> bytes:
        """The content of its VMX file, as it would be written now."""
        return self.vmx().encode()

    def natural(self, operation: str) -> list[QuestionRule]:
        if operation == "power-on":
            return identity.asked_at_power_on(self)
        if operation == "unmount-tools":
            return cdromlock.asked_by_unmount(self)
        return cdromlock.asked_by_change(self, self.change) if operation == "reconfigure" else []

    def start(self) -> None:
        fault = machinefiles.why_not(self)
        if fault is not None:
            raise fault
        super().start()

    @method("ReconfigVM_Task")
    def reconfigure(self, call: Call, *, spec: Any) -> Any:
        configspec.check_known(spec)
        self.change = None

        def check() -> Any:
            fault = speccheck.objection(self, spec)
            if fault is not None:
                return fault
            try:
                self.change = configspec.planned(self, spec)
            except vmodl.MethodFault as error:
                return error
            return None

        def act() -> None:
            # Between the question and its answer somebody may have taken the space or the slot.
            self.apply(spec)
            self.world.events.post("VmReconfiguredEvent", self, configSpec=spec)

        try:
            return self.run("reconfigure", act, check)
        finally:
            self.change = None

    def apply(self, spec: Any, *, new: bool = False) -> None:
        """Change the configuration; ``new``: the machine is just being made."""
        configspec.apply(self, spec, configspec.planned(self, spec, new=new))
        machinefiles.write_vmx(self)

    def relink(self) -> None:
        """Bring the lists of datastores and networks up to date with the devices, here and there."""
        devices = self.get("config.hardware.device")
        files = [self.get("config.files.vmPathName"), *(getattr(one.backing, "fileName", None) for one in devices)]
        for kind, refs in (
            ("Datastore", [self._store_of(name) for name in files if name]),
            ("Network", [getattr(one.backing, "network", None) for one in devices]),
        ):
            now = {ref._moId: ref for ref in refs if ref is not None}
            before = {ref._moId for ref in self.get(kind.lower())}
            for moid in before - set(now):
                self.world.find(kind, moid).discard("vm", self.ref)
            for moid in set(now) - before:
                self.world.find(kind, moid).append("vm", self.ref)
            self.set(kind.lower(), list(now.values()))
        self.set("config.datastoreUrl", vmdata.datastore_urls(self))

    @method("UpgradeVM_Task")
    def upgrade(self, call: Call, *, version: str | None = None) -> Any:
        wanted = version or hardware.version_text(hardware.newest(call.world))
        have = self.get("config.version")

        def check() -> Any:
            fault = self.in_state(None, "poweredOff")()
            number = hardware.known_number(self.world, wanted)
            if fault is None and number is None:
                fault = vmodl.fault.InvalidArgument(invalidProperty="version", msg=f"There is no version {wanted}.")
            if fault is None and number is not None and number <= int(have.rpartition("-")[2]):
                fault = vim.fault.AlreadyUpgraded(msg="The virtual hardware is as new as that already.")
            return fault

        def act() -> None:
            self.set("config.version", wanted)
            self.change_version()

        return self.run("reconfigure", act, check, "UpgradeVM_Task")

    @method("Rename_Task")
    def rename(self, call: Call, *, newName: str) -> Any:
        def check() -> Any:
            if not 0 < len(newName) <= speccheck.LONGEST_NAME:
                return vim.fault.InvalidName(name=newName, msg=f"The name '{newName}' is invalid.")
            return speccheck.namesake(self.world, self.get("parent"), newName, but=self)

        def act() -> None:
            old = self.get("name")
            self.set("name", newName)
            self.change_version()
            self.world.events.post("VmRenamedEvent", self, oldName=old, newName=newName)

        return self.run("rename", act, check)

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
        deltas = deltadisks.deltas(self)
        self.leave()
        machinefiles.delete(self)
        deltadisks.discard(self, deltas)

    def vanish(self) -> None:
        """Disappear under the hands of whoever works on the VM: its tasks fail."""
        for task in self.world.tasks.running(self):
            gone = vmodl.fault.ManagedObjectNotFound(obj=self.ref, msg="The object has already been deleted.")
            self.world.tasks.throw(task, gone)
        self.leave()

    def leave(self) -> None:
        """Take the VM out of the inventory; its files stay."""
        self.world.events.post("VmRemovedEvent", self)
        store, path = machinefiles.place(self, self.vmx_path)
        if store is not None:
            store.files.freeze(path)
        for holder in (*self.world.of_type("Folder"), *self.world.of_type("HostSystem")):
            holder.discard("childEntity" if holder.type_name == "Folder" else "vm", self.ref)
        for kind in ("ResourcePool", "Datastore", "Network"):
            for holder in self.world.of_type(kind):
                holder.discard("vm", self.ref)
        self.forget_snapshots()
        self.world.remove(self)
