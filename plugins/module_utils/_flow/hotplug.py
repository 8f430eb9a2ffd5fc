# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Which changes of a virtual machine need it powered off, and which no host makes at all.

Source: what a host answers to ReconfigVM_Task with InvalidPowerState, InvalidDeviceOperation or InvalidDeviceSpec. It
is known here so that nothing is touched where one change of many would be refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._errors import PlanError
from .._vmx.definition import VmDefinition
from .._vmx.diff import Change, Diff
from .state import PowerState, Vm

# What may be changed in any power state.
_ALWAYS = frozenset(
    {
        "name",
        "annotation",
        "extra",
        "vnc",
        "cpu_reservation_mhz",
        "cpu_limit_mhz",
        "cpu_shares",
        "cpu_affinity",
        "memory_reservation_mib",
        "memory_limit_mib",
        "memory_shares",
        "memory_reservation_locked",
        "tools_sync_time",
        "tools_upgrade_policy",
        "boot_order",
        "boot_delay_ms",
        "enter_firmware_setup",
        "change_tracking",
        "uuid_action",
    }
)
# Fields of devices that may be changed while the machine runs.
_HOT_FIELDS = {
    "disks": frozenset({"capacity_kib", "shares", "iops_limit"}),
    "cdroms": frozenset({"backing", "file", "device", "auto_detect", "start_connected"}),
    "floppies": frozenset({"backing", "file", "device", "start_connected"}),
    "nics": frozenset({"network", "distributed_port", "opaque_network_id", "start_connected", "connection"}),
    "serial_ports": frozenset({"start_connected"}),
    "parallel_ports": frozenset({"start_connected"}),
}
# Devices that may come and go while the machine runs; those on IDE never do.
_HOT_DEVICES = frozenset({"controllers", "disks", "cdroms", "nics", "usb_devices"})


def needs_power_off(have: VmDefinition, change: Change) -> bool:
    """Tell whether a running machine cannot take a change."""
    name, slot, inner = change.parts
    if name in _ALWAYS:
        return False
    if name == "memory_mib":
        return not have.memory_hot_add or change.after < (change.before or 0)
    if name == "cpus":
        may = have.cpu_hot_add if change.after > (change.before or 0) else have.cpu_hot_remove
        return not may
    if slot is None:
        return True
    if inner is None:
        return name not in _HOT_DEVICES or slot.startswith("ide")
    if name == "disks" and slot.startswith("ide"):
        return True
    return inner not in _HOT_FIELDS.get(name, frozenset())


def cold_changes(have: VmDefinition, diff: Diff) -> list[Change]:
    """Return the changes that need the machine powered off."""
    return [change for change in diff if needs_power_off(have, change)]


def check_possible(vm: Vm, have: VmDefinition, diff: Diff) -> None:
    """
    Refuse what no host does, in whatever power state.

    Raises:
        PlanError: a disk would shrink, grow under a snapshot or change its file's format; older hardware is wanted.
    """
    problems = [problem for change in diff for problem in _problems(have, change)]
    if problems:
        raise PlanError(f"{vm}: {'; '.join(problems)}")


def _problems(have: VmDefinition, change: Change) -> Iterator[str]:
    name, slot, inner = change.parts
    if name == "hardware_version" and change.before is not None and change.after < change.before:
        yield (
            f"hardware version {change.after} is wanted and {change.before} is there: "
            "virtual hardware is never made older"
        )
    if name != "disks" or change.before is None:
        return
    disk = next((one for one in have.disks if str(one.slot) == slot), None)
    if inner == "capacity_kib" and change.after < change.before:
        yield (
            f"disk {slot} is {change.before} KiB large and {change.after} KiB are wanted: a disk cannot be made smaller"
        )
    elif inner == "capacity_kib" and disk is not None and disk.delta is not None:
        yield f"disk {slot} has snapshots ({disk.file}) and cannot grow: remove the snapshots first"
    elif inner == "provisioning":
        yield (
            f"disk {slot} is {_word(change.before)} and {_word(change.after)} is wanted: "
            "the provisioning of a disk is chosen when it is made; leave 'provisioning' out"
        )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))


def check_power(vm: Vm, power_state: PowerState | None, cold: list[Change], *, may_cycle: bool) -> None:
    """
    Refuse changes that the power state does not allow, unless it may be changed on the way.

    Raises:
        PlanError: the machine is on (and may not be cycled) or suspended; the changes are named.
    """
    if not cold or power_state is PowerState.OFF:
        return
    listed = ", ".join(shown(change) for change in cold)
    if power_state is PowerState.SUSPENDED:
        raise PlanError(
            f"{vm} is suspended, and this needs it powered off: {listed}; power it off, or resume it, first"
        )
    if power_state is None:
        raise PlanError(f"{vm}: the host does not know the power state, and this needs it powered off: {listed}")
    if not may_cycle:
        raise PlanError(
            f"{vm} is powered-on, and this needs it powered off: {listed}; "
            "power it off first, or set 'power_cycle: true'"
        )


def shown(change: Change) -> str:
    """Say a change in a few words: ``memory_mib (1024 -> 2048)``; whole devices by their path alone."""
    _name, slot, inner = change.parts
    if slot is not None and inner is None and change.parts[0] != "extra":
        return f"{change.path} ({'comes' if change.before is None else 'goes'})"
    return f"{change.path} ({_word(change.before)} -> {_word(change.after)})"
