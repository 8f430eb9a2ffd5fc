# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where virtual machines can be, out of what a vCenter reports, and what its events and properties mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.migrate import Objection, Place
from ansible_collections.virt.esx.plugins.module_utils._vi.migrate import inventory_of, objection_of, place_of
from ansible_collections.virt.esx.plugins.module_utils._vi.reader import Row
from pyVmomi import vim


def center(number: int) -> list[Row]:
    """Return the rows of a datacenter: a cluster with a host in it, pools three deep, and a datastore."""
    folder, cluster = vim.Folder(f"group-{number}"), vim.ClusterComputeResource(f"domain-{number}")
    top, web, blue = (vim.ResourcePool(f"pool-{number}-{name}") for name in ("top", "web", "blue"))
    store, host = vim.Datastore(f"store-{number}"), vim.HostSystem(f"host-{number}")
    of: dict[str, Any] = {"owner": cluster}
    state = {"runtime.connectionState": "connected", "runtime.inMaintenanceMode": False, "datastore": [store]}
    return [
        Row("Datacenter", f"center-{number}", {"name": f"dc{number}", "parent": None, "datastore": [store]}),
        Row("Folder", folder._moId, {"parent": vim.Datacenter(f"center-{number}")}),
        Row("ClusterComputeResource", cluster._moId, {"name": "cluster", "parent": folder, "resourcePool": top}),
        Row("HostSystem", host._moId, {"name": f"esx{number}", "parent": cluster, **state}),
        Row("ResourcePool", top._moId, {"name": "Resources", "parent": cluster, **of}),
        Row("ResourcePool", web._moId, {"name": "web%2f1", "parent": top, **of}),
        Row("VirtualApp", blue._moId, {"name": "blue", "parent": web, **of}),
        Row("Datastore", store._moId, {"name": "shared"}),
    ]


def test_pools_have_paths_below_the_root_pool() -> None:
    inventory = inventory_of(center(1), None)

    assert [one.path for one in inventory.pools.values()] == ["Resources", "web/1", "web/1/blue"]
    assert inventory.computes["domain-1"].pool == "pool-1-top"


def test_a_datacenter_narrows() -> None:
    rows = [*center(1), *center(2)]
    both, second = inventory_of(rows, None), inventory_of(rows, "dc2")

    assert (len(both.hosts), len(both.pools), len(both.datastores)) == (2, 6, 2)
    assert (list(second.hosts), list(second.computes), list(second.datastores)) == (
        ["host-2"],
        ["domain-2"],
        ["store-2"],
    )
    assert {one.compute for one in second.pools.values()} == {"domain-2"}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"runtime.connectionState": "notResponding"}, "notResponding"),
        ({"runtime.inMaintenanceMode": True}, "in maintenance mode"),
        ({}, None),
    ],
)
def test_a_host_that_takes_nothing_says_why(changed: dict[str, Any], why: str | None) -> None:
    rows = [
        Row(row.type_name, row.moid, {**row.values, **changed}) if row.type_name == "HostSystem" else row
        for row in center(1)
    ]

    assert inventory_of(rows, None).hosts["host-1"].unusable == why


def test_a_place_has_the_datastores_of_its_files_beside_all() -> None:
    disk = vim.vm.device.VirtualDisk(
        backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[fast] web01/web01.vmdk")
    )
    image = vim.vm.device.VirtualCdrom(backing=vim.vm.device.VirtualCdrom.IsoBackingInfo(fileName="[images] tools.iso"))
    values = {
        "runtime.host": vim.HostSystem("host-1"),
        "resourcePool": None,
        "datastore": [vim.Datastore("store-1"), vim.Datastore("store-2")],
        "config.files.vmPathName": "[slow] web01/web01.vmx",
        "config.hardware.device": [disk, image],
    }

    assert place_of(values) == Place(
        host="host-1", pool=None, datastores=frozenset({"store-1", "store-2"}), files=frozenset({"fast", "slow"})
    )
    assert place_of({}) == Place()


def test_an_event_without_words_is_told_by_its_fault_or_its_name() -> None:
    fault = vim.fault.InvalidState(msg="no")
    events = [
        vim.event.MigrationErrorEvent(fullFormattedMessage="never", fault=fault),
        vim.event.MigrationResourceWarningEvent(fault=fault),
        vim.event.MigrationHostErrorEvent(),
    ]

    assert [objection_of(one) for one in events] == [
        Objection(message="never", is_error=True, kind="MigrationErrorEvent"),
        Objection(message="InvalidState: no", is_error=False, kind="MigrationResourceWarningEvent"),
        Objection(message="MigrationHostErrorEvent", is_error=True, kind="MigrationHostErrorEvent"),
    ]
