# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch where the session is not what it was: who is not in view has not gone for that."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.modules import esx_vm_power
from ansible_collections.virt.esx.tests.support.worlds import WorldTransport, called, params, world_of


class RenewedSession(Session):
    """A session that another thread renews at the very moment when the filter has been made."""

    times = 1

    def call(self, target: Any, method: str, /, **arguments: Any) -> Any:
        reply = super().call(target, method, **arguments)
        if method == "CreateFilter" and self.times:
            self.times -= 1
            self.renew(self.logins)
        return reply


def test_a_filter_that_went_with_its_session_says_nothing_about_machines() -> None:
    world = world_of({"name": "a", "task_seconds": 2}, {"name": "b", "task_seconds": 2})
    session = RenewedSession(WorldTransport(world), Credentials(username=world.username, password=world.password))
    session.open()

    done = esx_vm_power.run(
        params(esx_vm_power, names=["a", "b"], state="powered-on"),
        Host(session, now=world.clock.now),
        check_mode=False,
    )

    assert done.error is None
    assert [one["power_state"] for one in done.to_json()["vms"]] == ["powered-on", "powered-on"]
    # A call that reaches the host between the two logins is refused, and made again: that starts nothing twice.
    assert {call.fault for call in world.calls.of("PowerOnVM_Task")} <= {"", "NotAuthenticated"}
    started = [call for call in world.calls.of("PowerOnVM_Task") if not call.fault]
    assert (called(world, "Login"), len(started)) == (2, 2)
