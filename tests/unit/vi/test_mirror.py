# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mirror remembers of tasks: what somebody may still ask for, and no more."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._vi.mirror import Mirror
from ansible_collections.virt.esx.plugins.module_utils._vi.watch import Watch
from ansible_collections.virt.esx.tests.esxsim.tasks import KEPT_PER_ENTITY
from ansible_collections.virt.esx.tests.support.worlds import host_of, world_of

ENDED = {"info.state": "success"}
ROUNDS = 50


def mirror_of(*tasks: tuple[str, dict[str, Any]]) -> Mirror:
    mirror = Mirror()
    for moid, values in tasks:
        mirror.change_task(moid, values)
    return mirror


def test_a_pending_task_that_is_listed_no_longer_is_forgotten_at_once() -> None:
    mirror = mirror_of(("task-1", {"info.state": "running"}))

    assert not mirror.drop_task("task-1")
    assert mirror.task_moids == frozenset()


def test_a_task_that_ended_can_be_seen_until_it_is_let_go() -> None:
    mirror = mirror_of(("task-1", ENDED), ("task-2", ENDED), ("task-3", ENDED))

    assert mirror.drop_task("task-1")
    assert mirror.drop_task("task-2")
    assert [task.moid for task in mirror.state().tasks] == ["task-1", "task-2", "task-3"]
    mirror.let_go(but="task-2")
    assert [task.moid for task in mirror.state().tasks] == ["task-2", "task-3"]
    mirror.let_go()
    assert mirror.task_moids == {"task-3"}


def test_a_task_that_is_listed_again_stays() -> None:
    mirror = mirror_of(("task-1", ENDED))
    mirror.drop_task("task-1")
    mirror.change_task("task-1", ENDED)
    mirror.let_go()

    assert mirror.task_moids == {"task-1"}


def test_a_task_that_nobody_knows_is_no_end() -> None:
    assert not Mirror().drop_task("task-1")


def test_a_long_wait_gathers_no_tasks_of_others() -> None:
    world = world_of({"name": "web01"})
    with host_of(world) as host, host_of(world) as others:
        [found] = host.lookup_vms(Selector(option="name", value="web01"))
        watch = Watch(host.session, {found.vm.moid: found.mirror})
        watch.open()
        vm = others.session.reference("VirtualMachine", found.vm.moid)
        for number in range(ROUNDS):
            others.session.call(vm, "PowerOffVM_Task" if number % 2 else "PowerOnVM_Task")
            while watch.wait(0):
                pass
            found.mirror.let_go()

    assert len(found.mirror.task_moids) == KEPT_PER_ENTITY
