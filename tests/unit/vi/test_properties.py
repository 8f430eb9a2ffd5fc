# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bulk reads from a host that answers in pages."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import ConnectionLost, EsxError
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.properties import all_vms, read
from ansible_collections.virt.esx.tests.esxsim import FaultRule, World
from ansible_collections.virt.esx.tests.support.worlds import WorldTransport, world_of

LOSSES = ["session-expiry", "drop-after", "drop-before", "truncate", "http-503"]
NAMES = [f"vm{number}" for number in range(5)]


class PagedSession(Session):
    """A session with a host whose pages hold two objects."""

    def call(self, target: Any, method: str, /, **arguments: Any) -> Any:
        if method == "RetrievePropertiesEx":
            arguments["options"].maxObjects = 2
        return super().call(target, method, **arguments)


def names_in(world: World) -> list[str]:
    session = PagedSession(WorldTransport(world), Credentials(username=world.username, password=world.password))
    session.open()
    try:
        rows = read(session, all_vms(session), {"VirtualMachine": ["name"]})
    finally:
        session.close()
    return sorted(row.values["name"] for row in rows if row.type_name == "VirtualMachine")


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("action", [*LOSSES, "fault vmodl.fault.InvalidArgument"])
def test_a_read_whose_later_page_gets_lost_is_begun_anew(action: str, skip: int) -> None:
    world = world_of(*({"name": name} for name in NAMES))
    world.faults.add(FaultRule(method="ContinueRetrievePropertiesEx", action=action, skip=skip))

    assert names_in(world) == NAMES


@pytest.mark.parametrize("action", ["drop-after", "fault vmodl.fault.InvalidArgument"])
def test_a_read_is_not_begun_anew_for_ever(action: str) -> None:
    world = world_of(*({"name": name} for name in NAMES))
    world.faults.add(FaultRule(method="ContinueRetrievePropertiesEx", action=action, count=None))

    with pytest.raises(EsxError):
        names_in(world)


class Spoilt(WorldTransport):
    """A transport whose later pages come whole, and are no XML behind their token."""

    spoilt = 0

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        status, body = super()._exchange(method, request, timeout)
        if method == "ContinueRetrievePropertiesEx" and self.spoilt:
            self.spoilt -= 1
            body = body.replace(b"<objects>", b"<object&>")
        return status, body


@pytest.mark.parametrize(("spoilt", "is_read"), [(1, True), (2, True), (100, False)])
def test_a_page_that_is_found_spoilt_when_it_is_read_counts_as_lost(spoilt: int, *, is_read: bool) -> None:
    world = world_of(*({"name": name} for name in NAMES))
    transport = Spoilt(world)
    transport.spoilt = spoilt
    session = PagedSession(transport, Credentials(username=world.username, password=world.password))
    session.open()
    try:
        rows = read(session, all_vms(session), {"VirtualMachine": ["name"]})
    except ConnectionLost:
        assert not is_read
    else:
        assert is_read
        assert sorted(row.values["name"] for row in rows) == NAMES
    finally:
        session.close()
    assert gc.isenabled()
