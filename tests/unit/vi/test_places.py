# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places: folders and datacenters, whatever they are called."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._vi.places import Places
from ansible_collections.virt.esx.plugins.module_utils._vi.reader import Row
from ansible_collections.virt.esx.tests.support.worlds import host_of, world_of
from pyVmomi import vim


def row(kind: str, moid: str, name: str, parent: Any = None) -> Row:
    return Row(kind, moid, {"name": name, **({"parent": parent} if parent is not None else {})})


def places(datacenter: str = "dc1", folder: str = "web", name: str = "web01") -> Places:
    """One machine in /site/<datacenter>/vm/<folder>."""
    return Places(
        [
            row("Folder", "group-d1", "Datacenters"),
            row("Folder", "group-d2", "site", vim.Folder("group-d1")),
            row("Datacenter", "datacenter-1", datacenter, vim.Folder("group-d2")),
            row("Folder", "group-v1", "vm", vim.Datacenter("datacenter-1")),
            row("Folder", "group-v2", folder, vim.Folder("group-v1")),
            row("VirtualMachine", "vm-1", name, vim.Folder("group-v2")),
        ]
    )


def is_within(found: Places, **narrowed: str) -> bool:
    return found.is_within("vm-1", **{"datacenter": None, "folder": None, "esxi_hostname": None, **narrowed})


@pytest.mark.parametrize("datacenter", ["dc1", "vm", "site"])
def test_a_datacenter_may_be_called_anything(datacenter: str) -> None:
    found = places(datacenter=datacenter)

    assert found.path("vm-1") == f"/site/{datacenter}/vm/web/web01"
    assert is_within(found, datacenter=datacenter)
    assert is_within(found, datacenter=f"site/{datacenter}")
    assert is_within(found, folder="web")
    assert not is_within(found, datacenter="web")


@pytest.mark.parametrize("folder", ["web", "/web/", "/site/dc1/vm/web", "/site", "vm/web"])
def test_a_folder_is_a_path_from_either_root(folder: str) -> None:
    assert is_within(places(), folder=folder) == (folder != "/web/")


def test_a_folder_may_have_a_slash_in_its_name() -> None:
    found = places(folder="a%2fb")

    assert is_within(found, folder="a/b")
    assert is_within(found, folder="a%2fb")
    assert is_within(found, folder="/site/dc1/vm/a%2Fb")


def test_a_machine_is_no_folder() -> None:
    assert not is_within(places(name="db"), folder="web/db")
    world = world_of({"name": "web"}, {"name": "web", "folder": "web"})
    with host_of(world) as host:
        found = host.lookup_vms(Selector(option="name", value="web"), "web")

    assert [item.vm.moid for item in found] == ["2"]
