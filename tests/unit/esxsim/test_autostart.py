# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which virtual machines start with the host: the order, what is refused, and who is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, world_of
from pyVmomi import vim, vmodl

Manager = vim.host.AutoStartManager
NAMES = ("web01", "web02", "web03")


def client_of() -> Client:
    return Client(world_of(*({"name": name} for name in NAMES)))


def manager_of(client: Client) -> Any:
    return Manager("ha-autostart-mgr", client.stub)


def entry(client: Client, name: str, order: int = -1, **more: Any) -> Any:
    said = {"startAction": "powerOn", "startDelay": -1, "stopAction": "systemDefault", "stopDelay": -1, **more}
    return Manager.AutoPowerInfo(key=client.vm(name), startOrder=order, **{"waitForHeartbeat": "systemDefault", **said})


def reconfigure(client: Client, *entries: Any, **defaults: Any) -> None:
    said = Manager.SystemDefaults(**defaults) if defaults else None
    manager_of(client).ReconfigureAutostart(Manager.Config(defaults=said, powerInfo=list(entries)))


def orders(client: Client) -> dict[str, int]:
    return {one.key.name: one.startOrder for one in manager_of(client).config.powerInfo}


def test_autostart_keeps_what_was_not_said() -> None:
    client = client_of()
    for _time in range(2):
        reconfigure(client, entry(client, "web01", stopAction="none"), enabled=True)
    config = manager_of(client).config

    assert (config.defaults.enabled, config.defaults.startDelay) == (True, 120)
    assert [(one.key._moId, one.startAction) for one in config.powerInfo] == [("1", "powerOn")]
    assert client.vm().runtime.host.config.autoStart.defaults.enabled


def test_a_place_that_is_taken_is_made_free() -> None:
    client = client_of()
    reconfigure(client, entry(client, "web02", 1), entry(client, "web03", 2))
    reconfigure(client, entry(client, "web01", 1))

    assert orders(client) == {"web01": 1, "web02": 2, "web03": 3}


def test_who_comes_first_in_a_request_gives_way_to_who_comes_later() -> None:
    client = client_of()
    reconfigure(client, entry(client, "web01", 1), entry(client, "web02", 1))

    assert orders(client) == {"web01": 2, "web02": 1}


def test_what_neither_starts_nor_stops_has_no_entry() -> None:
    client = client_of()
    reconfigure(client, entry(client, "web01"), entry(client, "web02"))
    nothing: dict[str, Any] = {"startAction": "none", "stopAction": "none"}
    reconfigure(client, entry(client, "web01", **nothing), entry(client, "web03", **nothing))
    reconfigure(client, entry(client, "web02", startAction="none"))

    assert orders(client) == {"web02": -1}


def test_a_machine_that_is_gone_has_no_entry() -> None:
    client = client_of()
    reconfigure(client, entry(client, "web01"), entry(client, "web02"))
    client.vm("web01").UnregisterVM()

    assert orders(client) == {"web02": -1}


@pytest.mark.parametrize(
    "said",
    [
        {"order": 0},
        {"order": -2},
        {"order": 3},
        {"order": 1, "startAction": "none"},
        {"startAction": "later"},
        {"stopAction": "later"},
        {"startDelay": -2},
        {"stopDelay": -2},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_done(said: dict[str, Any]) -> None:
    client = client_of()
    fault = fault_of(reconfigure, client, entry(client, "web02"), entry(client, "web01", **said))

    assert isinstance(fault, vmodl.fault.InvalidArgument)
    assert orders(client) == {}


def test_the_second_of_two_may_be_second() -> None:
    client = client_of()
    reconfigure(client, entry(client, "web02"), entry(client, "web01", 2))

    assert orders(client) == {"web02": -1, "web01": 2}
