# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views: lists that a filter starts from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import (
    PC,
    Folder,
    build,
    collector,
    flat,
    login,
    machine,
)
from pyVmomi import vim, vmodl


def views(world: World) -> Any:
    return vim.view.ViewManager(world.view_manager, login(world))


def moids(view: Any) -> list[str]:
    return [ref._moId for ref in view.view]


def through(view: Any) -> Any:
    step = PC.TraversalSpec(type=vim.view.View, path="view", skip=False)
    step.type = type(view)
    return PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[step])],
    )


def test_a_container_view_has_the_types_below_it() -> None:
    manager = views(build())
    root = vim.Folder("root")

    assert moids(manager.CreateContainerView(root, [vim.VirtualMachine], True)) == ["1", "2"]
    assert moids(manager.CreateContainerView(root, [vim.VirtualMachine], False)) == []
    assert moids(manager.CreateContainerView(root, [], True)) == ["vms", "1", "2"]
    assert moids(manager.CreateContainerView(root, [vim.ManagedEntity], False)) == ["vms"]


def test_what_is_no_container_is_refused() -> None:
    with pytest.raises(vmodl.fault.InvalidArgument):
        views(build()).CreateContainerView(vim.VirtualMachine("1"), [], True)


def test_a_container_view_follows_the_inventory_and_so_do_filters_through_it() -> None:
    world = build()
    manager = views(world)
    view = manager.CreateContainerView(vim.Folder("root"), [vim.VirtualMachine], True)
    pc = collector(manager._stub)
    pc.CreateFilter(through(view), False)
    update = pc.WaitForUpdates("")
    assert [moid for _kind, moid, _values in flat(update)] == ["1", "2"]
    deeper = Folder("deeper", name="deeper", childEntity=[])
    new = machine("3", "vm3")
    world.add(deeper)
    world.find("Folder", "vms").append("childEntity", deeper.ref)
    world.add(new)
    deeper.append("childEntity", new.ref)
    update = pc.CheckForUpdates(update.version)
    assert flat(update) == [("enter", "3", {"name": "vm3"})]
    assert moids(view) == ["1", "2", "3"]
    deeper.discard("childEntity", new.ref)

    assert flat(pc.CheckForUpdates(update.version)) == [("leave", "3", {})]


def test_an_inventory_view_is_opened_and_closed_folder_by_folder() -> None:
    view = views(build()).CreateInventoryView()

    assert moids(view) == ["root", "vms"]
    lost = view.OpenInventoryViewFolder([vim.Folder("vms"), vim.Folder("none")])
    assert moids(view) == ["root", "vms", "1", "2"]
    assert [ref._moId for ref in lost] == ["none"]
    assert view.CloseInventoryViewFolder([vim.Folder("root")]) == []
    assert moids(view) == ["root"]


def test_a_list_view_has_what_is_put_into_it() -> None:
    manager = views(build())
    view = manager.CreateListView([vim.VirtualMachine("1")])
    unknown = view.ModifyListView([vim.VirtualMachine("2"), vim.VirtualMachine("99")], [vim.VirtualMachine("1")])

    assert (moids(view), [ref._moId for ref in unknown]) == (["2"], ["99"])
    view.ResetListView([vim.VirtualMachine("1"), vim.VirtualMachine("1")])
    assert moids(view) == ["1"]
    assert moids(manager.CreateListViewFromView(view)) == ["1"]


def test_views_end_when_destroyed_and_with_their_session() -> None:
    world = build()
    manager = views(world)
    first = manager.CreateListView([])
    second = manager.CreateContainerView(vim.Folder("root"), [], True)
    assert moids(second) == ["vms", "1", "2"]
    assert [one._moId for one in manager.viewList] == [first._moId, second._moId]
    first.DestroyView()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        first.DestroyView()
    vim.SessionManager(world.session_manager, manager._stub).Logout()

    assert world.of_type("View") == []
