# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for tasks that belong to no virtual machine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import TaskLost
from ansible_collections.virt.esx.plugins.module_utils._vi.tasks import run_task, wait_for_tasks
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.worlds import host_of, world_of

SLOW = {"name": "web01", "task_seconds": 100}
RESTARTED = [
    ("CreateFilter", "restart-before", False),
    ("CreateFilter", "restart-after", False),
    ("WaitForUpdatesEx", "restart-before", False),
    ("WaitForUpdatesEx", "restart-after", False),
    ("RetrievePropertiesEx", "restart-before", True),
    ("RetrievePropertiesEx", "restart-after", True),
]


@pytest.mark.parametrize(("method", "action", "is_quick"), RESTARTED)
def test_a_task_that_a_restart_has_ended_is_not_waited_for(method: str, action: str, is_quick: bool) -> None:
    world = world_of(SLOW)
    with host_of(world) as host:
        session: Any = host.session
        began = world.clock.now()
        world.faults.add(FaultRule(method=method, action=action))
        with pytest.raises(TaskLost, match="the task of PowerOnVM_Task any more"):
            run_task(
                session,
                session.reference("VirtualMachine", "1"),
                "PowerOnVM_Task",
                timeout=600,
                now=world.clock.now,
                is_quick=is_quick,
            )

        assert world.clock.now() - began < 60


def test_a_lost_task_of_somebody_else_has_ended() -> None:
    world = world_of(SLOW)
    with host_of(world) as host:
        session: Any = host.session
        task = session.call(session.reference("VirtualMachine", "1"), "PowerOnVM_Task")
        world.restart()

        wait_for_tasks(session, [task], timeout=600, now=world.clock.now)

        assert world.clock.now() < 60
