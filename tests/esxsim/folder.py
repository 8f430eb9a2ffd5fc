# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of the inventory; those of the virtual machines make and register them."""

from __future__ import annotations

from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from . import creating
from .entity import Entity
from .machine import VirtualMachine
from .managed import Call, key_of, method
from .roster import add_machines
from .tasks import Body


class Folder(Entity):
    """A folder; the one of the virtual machines registers them."""

    type_name = "Folder"
    common: ClassVar[dict[str, Any]] = {**Entity.common, "childEntity": []}

    @method("CreateVM_Task")
    def create(self, call: Call, *, config: Any, pool: Any, host: Any = None) -> Any:
        self._check_holds_machines()
        _check_place(call, pool, host)
        creating.check(call.world, self, config)

        def body() -> Body:
            yield 0
            machine = creating.machine_of(call.world, config)
            vm = add_machines(call.world, [machine], self, with_files=False, pool=pool)[0]
            try:
                creating.furnish(vm, config)
            except vmodl.MethodFault:
                vm.delete()
                raise
            _set_up(vm)
            call.world.events.post("VmCreatedEvent", vm)
            return vm.ref

        return call.world.tasks.start(self, "CreateVM_Task", body())

    @method("RegisterVM_Task")
    def register(
        self,
        call: Call,
        *,
        path: str,
        name: str | None = None,
        asTemplate: bool = False,
        pool: Any = None,
        host: Any = None,
    ) -> Any:
        self._check_holds_machines()
        if asTemplate:
            raise vmodl.fault.NotSupported(msg="A host without vCenter has no templates.")
        if pool is None:
            raise vmodl.fault.InvalidArgument(invalidProperty="pool", msg="A specified parameter was not correct: pool")
        _check_place(call, pool, host)

        def body() -> Body:
            yield 0
            machine = creating.registered(call.world, path)
            vm = add_machines(call.world, [machine], self, with_files=False, pool=pool)[0]
            vm.registered = True
            _set_up(vm)
            if name:
                vm.set("name", name)
            call.world.events.post("VmRegisteredEvent", vm)
            return vm.ref

        return call.world.tasks.start(self, "RegisterVM_Task", body())

    def _check_holds_machines(self) -> None:
        if vim.VirtualMachine not in (self.get("childType") or []):
            raise vmodl.fault.NotSupported(msg=f"The folder {self.get('name')} holds no virtual machines.")


def _set_up(vm: VirtualMachine) -> None:
    for hook in vm.world.on_new_machine:
        hook(vm)


def _check_place(call: Call, pool: Any, host: Any) -> None:
    """Refuse a pool or a host that is not there."""
    for one in (pool, host):
        if one is not None:
            call.world.find(*key_of(one))
