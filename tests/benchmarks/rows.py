# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work that is measured: what the host is like, what is put back before each run, how each contestant does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._vi.facts import FACT_PATHS

from . import creating
from .contestants import (
    COMMUNITY,
    EMPTY,
    FLOOR,
    GOVC,
    GOVC_TASK,
    KEPT,
    LEAST,
    MODULE,
    OURS,
    PING,
    SCRIPT,
    VIRSH,
    VIRSH_TASK,
    VMWARE,
    Place,
)
from .measuring import Check, Command, Simulator

SERIAL, APPEND = "msg.serial.file.open", "button.serial.file.append"
POWER = "virt.esx.esx_vm_power"
COMMUNITY_POWER, VMWARE_POWER = "community.vmware.vmware_guest_powerstate", "vmware.vmware.vm_powerstate"
BOUNDED = "virt.esx, module alone, concurrency 16"
# What others take for one machine, roughly; loops that would take longer than PATIENCE are left to --long.
TURN_SECONDS: Mapping[str, float] = {"no latency": 0.7, "realistic": 6}
PATIENCE_SECONDS = 130
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "no latency": {},
    "realistic": {
        "latency": 0.005,
        "login": 0.145,
        "task_seconds": 1.0,
    },
}

Way = Callable[[Place], Command]


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    One piece of work.

    ``family`` is the chart that it stands in; ``ways`` are the contestants' commands, ``turns`` how often the
    collections of others begin anew; ``delay`` is that of a question; ``check`` says what is missing after a run.
    """

    name: str
    family: str
    vms: Mapping[str, Any]
    ways: Mapping[str, Way]
    prepare: Callable[[Simulator], None] = lambda _simulator: None
    check: Check | None = None
    turns: float = 1
    delay: float | None = None
    quick: bool = False
    profiles: Sequence[str] = tuple(PROFILES)

    def slow(self, profile: str) -> Sequence[str]:
        """Return the contestants that take too long to be asked each time."""
        loops = (COMMUNITY, VMWARE, LEAST) if self.turns * TURN_SECONDS[profile] > PATIENCE_SECONDS else ()
        # These wait for one machine after the other.
        starts_seconds = self.turns * PROFILES[profile].get("task_seconds", 0)
        programs = (GOVC, GOVC_TASK, VIRSH, VIRSH_TASK) if starts_seconds > PATIENCE_SECONDS / 2 else ()
        return (*loops, *programs)


def scenario(row: Row, profile: str) -> dict[str, Any]:
    """Return the scenario of a row in a profile."""
    given = PROFILES[profile]
    vms = {"task_seconds": given.get("task_seconds", 0), **row.vms}
    if row.delay is not None:
        vms["task_seconds"] = row.delay + 0.1
    made: dict[str, Any] = {"vms": [vms], "defaults": {"latency": given.get("latency", 0)}}
    if "login" in given:
        made["faults"] = [{"method": "Login", "action": "latency", "seconds": given["login"], "count": None}]
    return made


def names(count: int) -> list[str]:
    return [f"vm-{number:05}" for number in range(1, count + 1)]


def _loop(module: str, count: int, **options: Any) -> dict[str, Any]:
    task: dict[str, Any] = {module: {"name": "{{ item }}", "state": "powered-on", **options}, "loop": names(count)}
    return task


def _off(simulator: Simulator) -> None:
    simulator.power("powered-off")


def all_on(simulator: Simulator) -> str | None:
    """Say which machines are not on."""
    off = [vm["name"] for vm in simulator.vms() if vm["power_state"] != "powered-on"]
    return f"{len(off)} virtual machines are not on" if off else None


def power(count: int) -> Row:
    """Power on so many machines that are off."""
    ours = {"names": names(count), "state": "powered-on", "concurrency": max(16, count)}

    def virsh(place: Place) -> Command:
        return place.virsh(*(f"start {name}" for name in names(count)))

    def govc(place: Place) -> Command:
        return place.govc("vm.power", "-on", *names(count))

    ways: dict[str, Way] = {
        OURS: lambda place: place.play([{POWER: ours}]),
        COMMUNITY: lambda place: place.play([_loop(COMMUNITY_POWER, count)], COMMUNITY),
        VMWARE: lambda place: place.play([_loop(VMWARE_POWER, count, datacenter="ha-datacenter")], VMWARE),
        VIRSH_TASK: lambda place: place.as_task(virsh(place)),
        GOVC_TASK: lambda place: place.as_task(govc(place)),
        VIRSH: virsh,
        MODULE: lambda place: place.module("esx_vm_power", **ours),
        GOVC: govc,
        SCRIPT: lambda place: place.script("power", *names(count)),
    }
    if count == 1:
        ways |= {
            PING: lambda place: place.play([{PING: {}}]),
            EMPTY: lambda place: place.play([]),
            FLOOR: lambda place: place.idle(),
        }
    if count > 16:
        few = {**ours, "concurrency": 16}
        ways[BOUNDED] = lambda place: place.module("esx_vm_power", **few)
    return Row(
        name=f"power on {count:,} VM{'s' if count > 1 else ''}",
        family="power",
        vms={"name": "vm-{n:05}", "count": count},
        ways=ways,
        prepare=_off,
        check=None if count == 1 else all_on,
        turns=count,
        quick=count == 1,
    )


def already() -> Row:
    """Ask for the state that a machine has."""
    row = power(1)
    # They fail where there is nothing to do.
    others = (GOVC, GOVC_TASK, VIRSH, VIRSH_TASK)
    return Row(
        name="already on",
        family="power",
        vms={**row.vms, "power_state": "powered-on"},
        ways={name: way for name, way in row.ways.items() if name not in (PING, EMPTY, FLOOR, *others)},
        check=all_on,
        quick=True,
    )


def question(delay: float) -> Row:
    """Power on a machine that asks something after so many seconds, with the answer at hand."""
    ours = {"name": "vm-1", "state": "powered-on", "answers": [{"question": SERIAL, "answer": "Append"}]}
    theirs = {"name": "vm-1", "state": "powered-on"}
    answer = [{"question": SERIAL, "response": APPEND}]
    return Row(
        name=f"a question after {delay:g} s",
        family="question",
        vms={
            "name": "vm-1",
            "serial_files": ["console.log"],
            "questions": [{"question": SERIAL, "during": "power-on", "delay": delay}],
        },
        ways={
            OURS: lambda place: place.play([{POWER: ours}]),
            COMMUNITY: lambda place: place.play([{COMMUNITY_POWER: {**theirs, "answer": answer}}], COMMUNITY),
            VMWARE: lambda place: place.play(
                [{VMWARE_POWER: {**theirs, "datacenter": "ha-datacenter", "question_answers": answer}}], VMWARE
            ),
            MODULE: lambda place: place.module("esx_vm_power", **ours),
        },
        prepare=_off,
        check=all_on,
        delay=delay,
        quick=delay < 1,
        profiles=("no latency",),
    )


def facts(count: int) -> Row:
    """Read the facts of so many machines."""
    paths = [*FACT_PATHS, "parent", "runtime.host"]
    parts = ("cluster", "datacenter", "datastore", "folder", "esxi_hostname", "mac_address", "net", "resource_pool")
    least = {f"show_{part}": False for part in parts}
    return Row(
        name=f"facts of {count:,} VMs",
        family="facts",
        vms={"name": "vm-{n:05}", "count": count, "power_state": "powered-on"},
        ways={
            OURS: lambda place: place.play([{"virt.esx.esx_vm_info": {}}]),
            COMMUNITY: lambda place: place.play([{"community.vmware.vmware_vm_info": {}}], COMMUNITY),
            LEAST: lambda place: place.play([{"community.vmware.vmware_vm_info": least}], COMMUNITY),
            VMWARE: lambda place: place.play([{"vmware.vmware.vm_resource_info": {}}], VMWARE),
            MODULE: lambda place: place.module("esx_vm_info"),
            GOVC_TASK: lambda place: place.as_task(place.govc("vm.info", "-json", "*")),
            GOVC: lambda place: place.govc("vm.info", "-json", "*"),
            SCRIPT: lambda place: place.script("facts", *paths),
        },
        turns=count / 20,
        quick=count == 100,
        profiles=("no latency",) if count >= 1000 else tuple(PROFILES),
    )


def create(count: int) -> Row:
    """Make so many machines; each run finds none of those that were made before."""

    def check(simulator: Simulator) -> str | None:
        made = sum(vm["name"].startswith("new-") for vm in simulator.vms())
        return None if made == count else f"{made} virtual machines were made, not {count}"

    ways: dict[str, Way] = {
        OURS: lambda place: creating.play(place, OURS, count),
        KEPT: lambda place: creating.play(place, KEPT, count),
        COMMUNITY: lambda place: creating.play(place, COMMUNITY, count),
        VMWARE: lambda place: creating.play(place, VMWARE, count),
        VIRSH_TASK: lambda place: place.as_task(creating.virsh(place, count)),
        GOVC_TASK: lambda place: place.as_task(creating.govc(place, count)),
        MODULE: creating.module,
        VIRSH: lambda place: creating.virsh(place, count),
        GOVC: lambda place: creating.govc(place, count),
        SCRIPT: lambda place: creating.script(place, count),
    }
    left_out = (KEPT,) if count == 1 else (MODULE,)
    return Row(
        name=f"create {count} VM{'s' if count > 1 else ''}",
        family="create",
        vms={"name": "vm-{n}", "count": 2},
        ways={name: way for name, way in ways.items() if name not in left_out},
        prepare=lambda simulator: simulator.clear("new-"),
        check=check,
        turns=count,
        quick=count == 1,
    )


def tasks(count: int) -> Row:
    """Run a play of so many tasks, each of which powers on a machine."""

    def play(place: Place, module: str, contestant: str, **options: Any) -> Command:
        made = [{module: {"name": name, "state": "powered-on", **options}} for name in names(count)]
        return place.play(made, contestant)

    return Row(
        name=f"a play of {count} tasks",
        family="play",
        vms={"name": "vm-{n:05}", "count": count},
        ways={
            OURS: lambda place: play(place, POWER, OURS),
            KEPT: lambda place: play(place, POWER, OURS, persist_session=True),
            COMMUNITY: lambda place: play(place, COMMUNITY_POWER, COMMUNITY),
            VMWARE: lambda place: play(place, VMWARE_POWER, VMWARE, datacenter="ha-datacenter"),
            VIRSH_TASK: lambda place: place.as_task(*(place.virsh(f"start {name}") for name in names(count))),
            GOVC_TASK: lambda place: place.as_task(*(place.govc("vm.power", "-on", name) for name in names(count))),
            PING: lambda place: place.play([{PING: {}} for _number in range(count)]),
        },
        prepare=_off,
        turns=count,
    )


def many(row: Row) -> Row:
    """Keep of a large row those who do it in one go."""
    ways = {name: way for name, way in row.ways.items() if name in (OURS, MODULE, SCRIPT)}
    return replace(row, ways=ways, profiles=("no latency",))


def all_rows(*, is_long: bool) -> list[Row]:
    """Return every row; who takes long is left out unless that is wanted."""
    counts = [power(count) for count in (1, 20, 100, 500)]
    rows = [counts[0], already(), *counts[1:], many(power(1000)), *(question(delay) for delay in (0.2, 5, 40))]
    ten_thousand = facts(10_000)
    rows += [facts(100), facts(1000), facts(5000), ten_thousand if is_long else many(ten_thousand)]
    return [*rows, create(1), create(20), tasks(20)]
