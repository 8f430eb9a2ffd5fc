# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the network does to us: whatever is lost, nothing is done twice, nothing hangs, no session is left behind."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotFound, SessionExpired
from ansible_collections.virt.esx.plugins.module_utils._flow.outcome import BatchResult
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.modules import esx_vm_power
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.support.worlds import host_of, params
from ansible_collections.virt.esx.tests.unit.esxsim import core_world
from pyVmomi import vim

NOBODY = vim.VirtualMachine("nobody")
METHODS = [
    "RetrieveServiceContent",
    "Login",
    "RetrievePropertiesEx",
    "PowerOnVM_Task",
    "CreateFilter",
    "WaitForUpdatesEx",
    "Logout",
]
# What executes the call although the reply is lost, and what does not.
EXECUTED = {"drop-after": True, "truncate": True, "garbage": True, "drop-before": False, "http-503": False}
CASES = [
    (method, action)
    for method, action in itertools.product(METHODS, [*EXECUTED, "session-expiry"])
    # That is what a host that is no vSphere host looks like.
    if (method, action) not in (("RetrieveServiceContent", "truncate"), ("RetrieveServiceContent", "garbage"))
]


def power_on(world: World, **given: Any) -> BatchResult:
    with host_of(world) as host:
        wanted = params(esx_vm_power, name="vm1", state="powered-on", timeout=60)
        return esx_vm_power.run({**wanted, **given}, host, check_mode=False)


def called(world: World, method: str) -> int:
    return [call.method for call in world.calls].count(method)


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize(("method", "action"), CASES)
def test_one_lost_reply_or_session_changes_nothing_about_the_result(method: str, action: str, skip: int) -> None:
    world = core_world.build("auto")
    world.faults.add(FaultRule(method=method, action=action, skip=skip))

    result = power_on(world)

    assert result.error is None
    assert result.to_json()["vm"]["changed"]
    executed = [call for call in world.calls if call.method == "PowerOnVM_Task" and not call.fault]
    executed += [call for call in world.calls if call.method == "PowerOnVM_Task" and EXECUTED.get(call.fault)]
    assert len(executed) == 1, "the task was started twice"
    # A session whose cookie was lost on the way is not ours to end.
    assert len(world.sessions) <= (method == "Login" and bool(EXECUTED.get(action)))


def test_a_host_that_restarts_is_waited_for_and_its_state_decides() -> None:
    world = core_world.build("auto")
    world.clock.call_later(1.5, lambda: world.restart(3))

    result = power_on(world)

    assert result.error is None
    assert result.to_json()["vm"]["power_state"] == "powered-on"
    assert called(world, "PowerOnVM_Task") == 2


def test_a_host_that_does_not_come_back_in_time_is_a_clear_failure() -> None:
    world = core_world.build("auto")
    world.clock.call_later(1.5, lambda: world.restart(3600))

    result = power_on(world, timeout=2)

    assert result.error is not None
    assert result.error.failure()["kind"] == "connection_lost"
    assert "did not come back in time" in str(result.error)


def test_a_vm_that_is_removed_while_we_wait_is_a_clear_failure() -> None:
    world = core_world.build("auto")
    world.clock.call_later(1.5, lambda: world.remove(world.find("VirtualMachine", "1")))

    result = power_on(world)

    assert result.error is not None
    assert result.error.failure() == {"kind": "vm_gone", "moid": "1"}


def test_a_batch_survives_a_lost_session_in_its_middle() -> None:
    world = core_world.build("auto", machines=30)
    world.faults.add(FaultRule(method="PowerOnVM_Task", action="session-expiry", skip=7))
    world.faults.add(FaultRule(method="PowerOnVM_Task", action="drop-after", skip=20))

    with host_of(world) as host:
        wanted = params(esx_vm_power, query="[]", state="powered-on", timeout=60)
        result = esx_vm_power.run(wanted, host, check_mode=False)

    assert result.error is None
    assert all(entry["changed"] for entry in result.to_json()["vms"])
    started = [
        call.key.moid for call in world.calls if call.method == "PowerOnVM_Task" and call.fault in ("", "drop-after")
    ]
    assert sorted(started, key=int) == [str(number) for number in range(1, 31)]


def test_a_session_that_is_closed_is_not_opened_again_by_a_call_that_comes_late() -> None:
    world = core_world.build("auto")
    with host_of(world) as host:
        session = host.session
        session.close()

        with pytest.raises(SessionExpired):
            session.call(session.reference("VirtualMachine", "1"), "PowerOnVM_Task")

    assert called(world, "Login") == 1
    assert len(world.sessions) == 0


def test_what_the_host_refuses_in_the_middle_of_a_batch_loses_no_result() -> None:
    world = core_world.build("auto", machines=3)
    refused = FaultRule(
        method="WaitForUpdatesEx",
        action="fault vmodl.fault.InvalidArgument",
        fields={"invalidProperty": "x"},
        count=None,
    )
    world.faults.add(refused)

    with host_of(world) as host:
        result = esx_vm_power.run(params(esx_vm_power, query="[]", state="powered-on"), host, check_mode=False)

    assert result.error is not None
    assert [entry["failure"]["kind"] for entry in result.to_json()["vms"]] == ["fault"] * 3


def test_a_vm_whose_id_nobody_knows_is_not_found() -> None:
    world = core_world.build("auto")
    gone = FaultRule(
        method="RetrievePropertiesEx", action="fault vmodl.fault.ManagedObjectNotFound", fields={"obj": NOBODY}
    )
    for rule in ([], [gone]):
        world.faults.clear()
        for each in rule:
            world.faults.add(each)
        with host_of(world) as host, pytest.raises(NotFound, match="'nobody'"):
            host.lookup_vms(Selector(option="moid", value="nobody"))
