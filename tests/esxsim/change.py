# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request that changes devices has come to so far, and the faults that it may end with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from .stores import Datastore, no_space
from .world import World

if TYPE_CHECKING:
    from .machine import VirtualMachine

device: Any = vim.vm.device
WIDE_SINCE = 13


@dataclass
class Change:
    """
    What a request makes of a machine: its devices afterwards, and what is to be done with files.

    ``home`` is the folder of the VMX with a slash at its end, ``base`` the VMX's name without its suffix. ``keys`` are
    the keys that the request's devices were given, by those that the request gave them; ``made`` the disks it makes.
    """

    machine: VirtualMachine
    home: str
    base: str
    uuid: str
    running: bool
    new: bool
    hardware: int
    devices: list[Any]
    keys: dict[int, int] = field(default_factory=dict)
    acts: list[Callable[[], None]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    orphans: dict[int, int] = field(default_factory=dict)
    taken: dict[Datastore, int] = field(default_factory=dict)

    @property
    def wide(self) -> bool:
        """Whether paravirtual controllers have more than 16 units."""
        return self.hardware >= WIDE_SINCE

    @property
    def world(self) -> World:
        return self.machine.world

    def device(self, key: int) -> Any:
        """Find a device by its key; None: there is none."""
        return next((one for one in self.devices if one.key == key), None)

    def on(self, controller: int) -> dict[int, Any]:
        """The devices on a controller by their units."""
        return {one.unitNumber: one for one in self.devices if one.controllerKey == controller}

    def own_key(self, key: int | None) -> int | None:
        """The key of the device that the request means by a key."""
        return key if key is None else self.keys.get(key, key)

    def take(self, store: Datastore, name: str, size: int) -> None:
        """
        Count the bytes that a file will take.

        Raises:
            NoDiskSpace: with all that the request makes, it does not fit.
        """
        self.taken[store] = self.taken.get(store, 0) + size
        if self.taken[store] > store.files.free:
            raise no_space(store, name)

    def adapter(self, controller: int | None) -> str:
        """The adapter that a new disk's descriptor names."""
        found = self.device(self.own_key(controller) or 0)
        if isinstance(found, device.VirtualIDEController):
            return "ide"
        return "buslogic" if isinstance(found, device.VirtualBusLogicController) else "lsilogic"


def invalid(index: int, what: str, text: str) -> Any:
    """Make the fault of a wrong device spec."""
    return vim.fault.InvalidDeviceSpec(
        deviceIndex=index,
        property=f"virtualDeviceSpec.{what}",
        msg=f"Invalid configuration for device '{index}': {text}.",
    )


def wrong_backing(index: int, text: str) -> Any:
    """Make the fault of a backing that the host does not have."""
    return vim.fault.InvalidDeviceBacking(
        deviceIndex=index,
        property="virtualDeviceSpec.device.backing",
        msg=f"Incompatible device backing specified for device '{index}': {text}.",
    )


def wrong_operation(index: int, operation: str, text: str, *, file_operation: str | None = None) -> Any:
    """Make the fault of an operation that a device does not take."""
    return vim.fault.InvalidDeviceOperation(
        deviceIndex=index,
        property="virtualDeviceSpec.operation",
        badOp=operation,
        badFileOp=file_operation,
        msg=f"Invalid operation for device '{index}': {text}.",
    )


def too_many(index: int) -> Any:
    """Make the fault of a device for which there is no place."""
    return vim.fault.TooManyDevices(
        property=f"configSpec.deviceChange[{index}].device",
        msg=f"Too many devices of the kind of device '{index}' are in the virtual machine.",
    )


def not_while_running() -> Any:
    """Make the fault of a change that a running machine does not take."""
    return vim.fault.InvalidPowerState(
        requestedState="poweredOff",
        existingState="poweredOn",
        msg="The attempted operation cannot be performed in the current state (Powered on).",
    )
