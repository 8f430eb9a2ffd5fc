# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls without a task that a question holds up, of many virtual machines at a time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.answers import Policy
from ansible_collections.virt.esx.plugins.module_utils._flow.outcome import VmResult
from ansible_collections.virt.esx.plugins.module_utils._flow.pace import Pace
from ansible_collections.virt.esx.plugins.module_utils._flow.script import Call, Done, Script
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._flow.state import Vm, VmState
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.worlds import called, host_of, world_of

LOCKED = {
    "text": "The guest has locked the drive. Disconnect anyway?",
    "message_ids": ["msg.cdromdisconnect.locked"],
    "during": "unmount-tools",
    "choices": [{"label": "Yes"}, {"label": "No"}],
    "default": 0,
}


def unmount(_vm: Vm, _state: VmState) -> Script:
    yield Call(method="UnmountToolsInstaller")
    return Done()


def unmount_all(world: World, **policy: Any) -> list[VmResult]:
    with host_of(world) as host:
        found = host.lookup_vms(Selector(option=None))
        pace = Pace(timeout=60, concurrency=16)
        return host.work_on(found, unmount, Policy.from_params(policy), pace, check_mode=False)


@pytest.mark.parametrize("machines", [1, 2, 8, 20])
def test_calls_that_block_leave_a_way_for_the_answers(machines: int) -> None:
    vms = [{"name": f"vm{number}", "power_state": "powered-on", "questions": [LOCKED]} for number in range(machines)]
    world = world_of(*vms)

    results = unmount_all(world, auto_answer="true")

    assert [str(result.error) for result in results if result.error] == []
    assert called(world, "AnswerVM") == machines


def test_calls_that_are_left_blocked_hold_up_no_other_machine() -> None:
    asking = [{"name": f"ask{number}", "power_state": "powered-on", "questions": [LOCKED]} for number in range(8)]
    quiet = [{"name": f"vm{number}", "power_state": "powered-on"} for number in range(4)]
    world = world_of(*asking, *quiet)

    results = unmount_all(world, auto_answer="false")

    failed = {result.vm.name: result.error.kind for result in results if result.error}
    assert failed == {f"ask{number}": "question_blocked" for number in range(8)}
    assert called(world, "UnmountToolsInstaller") == 12
