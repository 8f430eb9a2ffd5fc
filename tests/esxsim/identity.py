# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Who a machine is: what its first power-on after a registration asks, and what the answer does.

A VMX says in ``uuid.location`` where it was when it ran last. Where that is not where it lies now, somebody moved or
copied it, and only people know which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from .devicekeys import generated_mac
from .entity import like
from .known_questions import KNOWN_QUESTIONS
from .questions import QuestionRule
from .uuids import bios_uuid, instance_uuid, location_of

if TYPE_CHECKING:
    from .machine import VirtualMachine

ALTERED = "msg.uuid.altered"
MOVED, COPIED = "1", "2"
ACTIONS = {"keep": MOVED, "create": COPIED, "change": COPIED}


def asked_at_power_on(vm: VirtualMachine) -> list[QuestionRule]:
    """
    Return the question that a power-on asks a machine that was registered; none where the VMX has the answer.

    What the VMX answers is done at once.
    """
    if not vm.registered:
        return []
    said = vm.get("config.locationId")
    if said is None or said == location_of(vm.vmx_path):
        settle(vm, MOVED)
        return []
    options = {one.key.lower(): str(one.value).lower() for one in vm.get("config.extraConfig")}
    action = ACTIONS.get(options.get("uuid.action", ""))
    if action is not None:
        settle(vm, action)
        return []
    known = KNOWN_QUESTIONS[ALTERED]
    return [
        QuestionRule(
            during="power-on",
            text=f"{ALTERED}:{known.text}",
            message_ids=(ALTERED,),
            choices=known.choices,
            default=known.default,
            on_answer=lambda key: settle(vm, key),
        )
    ]


def settle(vm: VirtualMachine, key: str) -> None:
    """Make the machine at home where it is: with the identity that it has, or (copied) with a new one."""
    vm.registered = False
    if key == COPIED:
        vm.copies += 1
        uuid = bios_uuid("copied", vm.vmx_path, vm.moid, vm.copies)
        vm.set("config.uuid", uuid)
        vm.set("config.instanceUuid", instance_uuid("copied", vm.vmx_path, vm.moid, vm.copies))
        vm.set("config.hardware.device", [_with_new_mac(one, uuid) for one in vm.get("config.hardware.device")])
    if vm.get("config.locationId") != location_of(vm.vmx_path):
        vm.set("config.locationId", location_of(vm.vmx_path))


def _with_new_mac(one: Any, uuid: str) -> Any:
    if isinstance(one, vim.vm.device.VirtualEthernetCard) and one.addressType == "generated":
        return like(one, macAddress=generated_mac(uuid, one.key - 4000))
    return one
