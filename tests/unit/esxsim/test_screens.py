# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Screenshots as tasks: where the pictures go, what they show, and when there is none."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.tests.esxsim.screens import picture
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine, world_of
from pyVmomi import vim

ON: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "task_seconds": 1}


def taken(client: Client) -> Any:
    return client.after(1, client.vm().CreateScreenshot())


def test_a_picture_lies_beside_the_vmx_under_a_number_of_its_own() -> None:
    client = Client(world_of(ON))
    first, second = taken(client), taken(client)
    files = client.world.of_type("Datastore")[0].files

    assert (first.descriptionId, first.state) == ("VirtualMachine.createScreenshot", "success")
    assert [first.result, second.result] == [f"[datastore1] web01/web01-{number}.png" for number in (0, 1)]
    assert files.get("web01/web01-0.png").read() == picture(machine(client.world))


def test_what_is_on_the_screen_changes_with_a_boot() -> None:
    client = Client(world_of(ON))
    before = picture(machine(client.world))
    client.after(1, client.vm().Reset())

    assert picture(machine(client.world)) != before


def test_a_machine_that_is_off_has_no_screen() -> None:
    client = Client(world_of({**ON, "power_state": "powered-off"}))

    assert isinstance(taken(client).error, vim.fault.InvalidPowerState)


def test_a_picture_needs_space() -> None:
    client = Client(world_of(ON))
    client.world.of_type("Datastore")[0].files.free = 10

    assert isinstance(taken(client).error, vim.fault.NoDiskSpace)


def test_nobody_takes_a_picture_beside_a_task() -> None:
    client = Client(world_of(ON))
    client.vm().Suspend()

    assert isinstance(fault_of(client.vm().CreateScreenshot), vim.fault.TaskInProgress)
