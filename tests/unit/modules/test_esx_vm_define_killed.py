# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
esx_vm_define killed at every request that it sends: the next run makes of it what an undisturbed one makes.

A killed client sends nothing more, not even what it would send on its way out; what it had started goes on.
"""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_define
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.clients import serving, until_idle, variables
from ansible_collections.virt.esx.tests.support.killed import LONG, differing, killed, state_of
from ansible_collections.virt.esx.tests.support.playbooks import environment
from ansible_collections.virt.esx.tests.support.processes import importing
from ansible_collections.virt.esx.tests.support.worlds import Outcome, run, world_of

DISK_KIB = 1024 * 1024
UUID = "564d0000-0000-0000-0000-00000000000a"
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "web01"
guestOS = "debian12-64"
memSize = "512"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 0a"
ethernet0.present = "TRUE"
ethernet0.virtualDev = "vmxnet3"
ethernet0.networkName = "VM Network"
ethernet0.addressType = "generated"
"""
DOMAIN = f"""\
<domain type='vmware'>
  <name>web01</name>
  <uuid>{UUID}</uuid>
  <memory unit='KiB'>524288</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='[datastore1] spare/spare.vmdk'/>
      <target dev='sda' bus='scsi'/>
      <address type='drive' controller='0' bus='0' target='0' unit='0'/>
    </disk>
  </devices>
</domain>
"""
STORED = VMX.replace("web01", "stored")
SPARE = {"name": "spare", "disks": [{"size_gib": 1}], "power_state": "powered-off"}
ON = {"name": "web01", "power_state": "powered-on", "guest_shutdown_seconds": 5, "disks": [{"size_gib": 1}]}
OFF = {**ON, "power_state": "powered-off"}
NEW_DISK = {"slot": "scsi0:0", "capacity_kib": DISK_KIB, "provisioning": "thick"}
OLD_DISK = {"slot": "scsi0:1", "file": "[datastore1] spare/spare.vmdk", "capacity_kib": 2 * DISK_KIB}
MODIFIED: dict[str, Any] = {
    "disks": [{"slot": "scsi0:0", "capacity_kib": 2 * DISK_KIB}, {"slot": "scsi0:1", "capacity_kib": DISK_KIB}],
    "nics": [{"slot": "ethernet0", "network": "Other"}],
    "annotation": "changed",
}
# What -> the machines that are there, and what is wished.
CASES: Mapping[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "create": (
        [],
        {"name": "web01", "definition": {"uuid": UUID, "memory_mib": 512, "cpus": 2, "disks": [NEW_DISK]}},
    ),
    "create with a disk that is there and grows": (
        [SPARE],
        {"name": "web01", "definition": {"uuid": UUID, "disks": [NEW_DISK, OLD_DISK]}, "directory": "a/web01"},
    ),
    "vmx": ([], {"vmx": VMX}),
    "vmx in a directory below others": ([], {"vmx": VMX, "directory": "a/b/web01"}),
    "domain_xml": ([SPARE], {"domain_xml": DOMAIN}),
    "vmx_path": ([], {"vmx_path": "[datastore1] stored/stored.vmx", "name": "web01"}),
    "vmx_path with another UUID": ([], {"vmx_path": "[datastore1] stored/stored.vmx", "uuid": UUID[:-1] + "b"}),
    "modify": ([OFF], {"name": "web01", "definition": {**MODIFIED, "absent": ["ide0:0"]}}),
    "modify while it runs": ([ON], {"name": "web01", "definition": MODIFIED}),
    "modify with a power cycle": (
        [ON],
        {
            "name": "web01",
            "definition": {**MODIFIED, "memory_mib": 2048, "hardware_version": 20, "absent": ["ide0:0"]},
            "power_cycle": True,
        },
    ),
    "modify several": (
        [{**OFF, "name": "web-{n}", "count": 3}],
        {"names": ["web-1", "web-2", "web-3"], "definition": {"memory_mib": 2048, "annotation": "changed"}},
    ),
    "absent": ([OFF], {"name": "web01", "state": "absent"}),
    "absent, by force": ([ON], {"name": "web01", "state": "absent", "force": True}),
    "absent from disk": ([OFF, SPARE], {"name": "web01", "state": "absent", "delete_from_disk": True}),
    "absent from disk, by force": (
        [ON, SPARE],
        {"name": "web01", "state": "absent", "delete_from_disk": True, "force": True},
    ),
}


SCENARIO: dict[str, Any] = {
    "datastores": [{"name": "datastore1", "files": {"stored/stored.vmx": STORED}}, {"name": "datastore2"}],
    "networks": [{"name": "VM Network"}, {"name": "Other"}],
}


def a_world(*vms: Mapping[str, Any]) -> World:
    return world_of(*vms, **SCENARIO)


def define(world: World, wish: Mapping[str, Any]) -> Outcome:
    return run(esx_vm_define, world, **{"datastore": "datastore1", **wish})


def killed_at(world: World, wish: Mapping[str, Any], step: int, *, arrives: bool) -> bool:
    return killed(esx_vm_define, world, step, arrives=arrives, **{"datastore": "datastore1", **wish})


def tasks(world: World) -> int:
    return sum(call.method.endswith("_Task") for call in world.calls)


def undisturbed(name: str) -> tuple[int, dict[str, Any]]:
    """How many requests a case takes, and what it leads to."""
    vms, wish = CASES[name]
    world = a_world(*vms)
    done = define(world, wish)
    assert done.error is None
    assert done.result["changed"]
    world.clock.advance(LONG)
    return done.requests, state_of(world)


def loss(world: World, wish: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Run again, and once more; say what is not as it should be, "" if all is well."""
    again = define(world, wish)
    world.clock.advance(LONG)
    found, count = state_of(world), tasks(world)
    if again.error is not None or found != wanted:
        return f"{again.error}; {differing(wanted, found)}"
    once_more = define(world, wish)
    if once_more.error is not None or once_more.result["changed"] or tasks(world) != count:
        return f"the third run: {once_more.error}, {once_more.result}"
    return ""


@pytest.mark.parametrize("name", CASES)
def test_what_was_killed_at_any_step_is_finished_by_the_next_run(name: str) -> None:
    vms, wish = CASES[name]
    steps, wanted = undisturbed(name)
    runs, losses = 0, dict[tuple[int, bool], str]()
    for step in range(1, steps + 1):
        for arrives in (False, True):
            world = a_world(*vms)
            # How often the host is waited for is not always the same.
            assert killed_at(world, wish, step, arrives=arrives) or step > steps - 2
            losses[step, arrives] = loss(world, wish, wanted)
            runs += 1
    print(f"{name}: {steps} steps, {runs} runs, {sum(map(bool, losses.values()))} losses")

    assert {step: lost for step, lost in losses.items() if lost} == {}


@pytest.mark.parametrize("name", ["vmx", "vmx_path with another UUID", "modify with a power cycle"])
def test_the_run_that_finishes_it_may_be_killed_too(name: str) -> None:
    vms, wish = CASES[name]
    steps, wanted = undisturbed(name)
    losses = {}
    # What does not change the host is left out: the login, the first reads, the logout.
    for first in range(5, steps, 3):
        for second in range(4, steps, 2):
            world = a_world(*vms)
            killed_at(world, wish, first, arrives=True)
            killed_at(world, wish, second, arrives=True)
            losses[first, second] = loss(world, wish, wanted)
    print(f"{name}, twice: {len(losses)} runs, {sum(map(bool, losses.values()))} losses")

    assert {pair: lost for pair, lost in losses.items() if lost} == {}


def test_what_a_killed_run_left_is_foreseen_as_it_is_finished() -> None:
    vms, wish = CASES["modify with a power cycle"]
    steps, _wanted = undisturbed("modify with a power cycle")
    for step in range(5, steps):
        world = a_world(*vms)
        killed_at(world, wish, step, arrives=True)
        foreseen = run(esx_vm_define, world, check_mode=True, datastore="datastore1", **wish)
        done = define(world, wish)

        assert (foreseen.error, done.error) == (None, None), step
        assert foreseen.result["diff"] == done.result["diff"], step


# Wish, and the request that is under way when the process is killed.
UNDER_WAY = [
    ("create", "CreateVM_Task"),
    ("vmx", "PUT"),
    ("vmx", "MoveDatastoreFile_Task"),
    ("vmx", "RegisterVM_Task"),
    ("modify with a power cycle", "ReconfigVM_Task"),
]


@pytest.mark.parametrize(("name", "method"), UNDER_WAY)
def test_a_process_that_is_really_killed(name: str, method: str, tmp_path: pathlib.Path) -> None:
    vms, wish = CASES[name]
    _steps, wanted = undisturbed(name)
    scenario = {**SCENARIO, "clock": "real", "vms": [{**vm, "guest_shutdown_seconds": 0} for vm in vms]}
    with serving(scenario, tmp_path) as server:
        world = server.world
        # The host takes so long that the process is killed before it answers.
        world.faults.add(FaultRule(method=method, action="latency", seconds=1, skip=method == "ReconfigVM_Task"))
        arguments = tmp_path / "arguments.json"
        given = {"datastore": "datastore1", "validate_certs": False, **wish}
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": given}), "utf-8")
        command = [sys.executable, "-m", esx_vm_define.__name__, str(arguments)]
        with subprocess.Popen(command, env={**importing(str(tree(tmp_path))), **variables(server)}) as process:
            deadline = time.monotonic() + 30
            while not any(rule.seen > rule.skip for rule in world.faults.rules) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.kill()
            process.wait(10)
        assert process.returncode == -signal.SIGKILL
        until_idle(world)
        world.clock.advance(LONG)

        assert loss(world, wish, wanted) == ""


def tree(home: pathlib.Path) -> str:
    """Make the collection importable for a process of its own."""
    return environment(home)["ANSIBLE_COLLECTIONS_PATH"]
