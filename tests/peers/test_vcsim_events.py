# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source on vcsim: a vCenter that nobody here wrote, which asks nothing, but is watched all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from ansible_collections.virt.esx.tests.support.events import Listener, listen, load

VCENTER = ["-dc", "2", "-vm", "2"]


def options(vcsim: Mapping[str, str], **more: str) -> dict[str, object]:
    return {
        "hostname": vcsim["VMWARE_HOST"],
        "port": vcsim["VMWARE_PORT"],
        "username": vcsim["VMWARE_USER"],
        "password": vcsim["VMWARE_PASSWORD"],
        "validate_certs": "false",
        "connection_events": True,
        "heartbeat": 1,
        **more,
    }


@pytest.mark.parametrize("narrowed", [{}, {"datacenter": "DC1"}])
def test_a_vcenter_is_watched(vcsim: dict[str, str], narrowed: dict[str, str]) -> None:
    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        beat = await listener.next("heartbeat")
        assert (beat["connected"], beat["pending"]) == (True, 0)
        # Beyond the first wait: it goes on.
        assert {event["type"] for event in await listener.rest(2.5)} == {"heartbeat"}

    listen(options(vcsim, **narrowed), check)


def test_a_datacenter_that_is_not_there_is_the_end(vcsim: dict[str, str]) -> None:
    async def run() -> None:
        await asyncio.wait_for(load()["main"](asyncio.Queue(), options(vcsim, datacenter="nowhere")), 30)

    with pytest.raises(Exception, match="nowhere"):
        asyncio.run(run())
