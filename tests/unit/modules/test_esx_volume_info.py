# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_volume_info on a simulated host: which files are told of, what of them, and how many requests it took."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_snapshot, esx_volume_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

GIB = 1024**3
SCENARIO: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "files": {"iso/linux/debian.iso": "image", "notes.txt": "hello", "boot.flp": "f"}},
        {"name": "ssd", "files": {"iso/debian.iso": "another image"}},
        {"name": "lost01", "accessible": False},
    ]
}
WEB01 = {"name": "web01", "disks": [{"size_gib": 8, "thin": True}, {"size_gib": 2, "thin": False}]}


def a_world(**more: Any) -> World:
    return world_of(WEB01, **SCENARIO, **more)


def paths_of(world: World, **given: Any) -> list[str]:
    outcome = run(esx_volume_info, world, **given)
    assert outcome.error is None
    assert differences("esx_volume_info", outcome.result) == []
    return [fact["path"] for fact in outcome.result["volumes"]]


def fact_of(world: World, path: str, **given: Any) -> Any:
    outcome = run(esx_volume_info, world, path=path, **given)
    assert outcome.error is None
    assert differences("esx_volume_info", outcome.result) == []
    assert outcome.result["volumes"] == [outcome.result["volume"]]
    return outcome.result["volume"]


def test_a_disk_and_libvirts_view_of_it() -> None:
    world = a_world()
    fact = fact_of(world, "[datastore1] web01/web01.vmdk", with_uuid=True, with_users=True)

    assert (fact["datastore"], fact["folder"], fact["name"]) == ("datastore1", "web01", "web01.vmdk")
    assert (fact["type"], fact["capacity_bytes"]) == ("disk", 8 * GIB)
    assert 0 < fact["allocation_bytes"] < 8 * GIB
    assert fact["disk"] == {"provisioning": "thin", "adapter": "lsilogic", "hardware_version": 4}
    assert fact["used_by"] == ["web01"]
    assert len(fact["uuid"]) == 36
    assert fact["volume"] == {
        "name": "web01/web01.vmdk",
        "key": fact["uuid"],
        "format": "vmdk",
        "capacity": 8 * GIB,
        "allocation": fact["allocation_bytes"],
    }
    thick = fact_of(world, "[datastore1] web01/web01_1.vmdk")
    assert (thick["disk"]["provisioning"], thick["uuid"]) == ("thick", None)
    assert thick["volume"]["key"] == "[datastore1] web01/web01_1.vmdk"
    assert thick["allocation_bytes"] >= 2 * GIB


def test_an_image_and_a_file_that_libvirt_does_not_see() -> None:
    world = a_world()
    image = fact_of(world, "[datastore1] iso/linux/debian.iso")
    notes = fact_of(world, "[datastore1] notes.txt")

    assert (image["type"], image["capacity_bytes"], image["allocation_bytes"]) == ("iso", 5, 5)
    assert (image["volume"]["name"], image["volume"]["format"]) == ("iso/linux/debian.iso", "iso")
    assert (notes["type"], notes["disk"], notes["folder"]) == ("other", None, "")
    assert notes["volume"]["format"] is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"types": ["iso"]}, ["[datastore1] iso/linux/debian.iso", "[ssd] iso/debian.iso"]),
        ({"types": ["iso"], "datastore": "ssd"}, ["[ssd] iso/debian.iso"]),
        ({"folder": "iso", "recursive": False}, ["[ssd] iso/debian.iso"]),
        ({"folder": "iso/linux/", "datastores": ["datastore1"]}, ["[datastore1] iso/linux/debian.iso"]),
        ({"patterns": ["*.txt", "boot.*"]}, ["[datastore1] boot.flp", "[datastore1] notes.txt"]),
        (
            {"types": ["folder"], "datastore": "datastore1"},
            ["[datastore1] iso", "[datastore1] iso/linux", "[datastore1] web01"],
        ),
        ({"types": ["disk"]}, ["[datastore1] web01/web01.vmdk", "[datastore1] web01/web01_1.vmdk"]),
        ({"query": "[?type=='floppy']"}, ["[datastore1] boot.flp"]),
        ({"query": "[?name=='nobody']"}, []),
    ],
)
def test_who_asks_for_some_gets_these(given: dict[str, Any], found: list[str]) -> None:
    assert paths_of(a_world(), **given) == found


def test_extents_are_part_of_their_disk_and_an_orphan_is_a_file() -> None:
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "datastore1"]
    store.files.put("lost/old-flat.vmdk", File(7, b"content"))
    run(esx_vm_snapshot, world, name="web01", snapshot="one")

    found = paths_of(world, datastore="datastore1", patterns=["*.vmdk"])

    assert found == [
        "[datastore1] lost/old-flat.vmdk",
        "[datastore1] web01/web01-000001.vmdk",
        "[datastore1] web01/web01.vmdk",
        "[datastore1] web01/web01_1-000001.vmdk",
        "[datastore1] web01/web01_1.vmdk",
    ]
    assert fact_of(world, "[datastore1] lost/old-flat.vmdk")["type"] == "other"


def test_names_that_no_path_of_ours_could_hold_are_told_of() -> None:
    world = a_world()
    (store,) = [one for one in world.of_type("Datastore") if one.get("name") == "ssd"]
    store.files.put("a/x y [z]\u202e.iso", File(1, b"x"))

    assert "[ssd] a/x y [z]\u202e.iso" in paths_of(world, datastore="ssd")
    assert fact_of(world, "[ssd] a/x y [z]\u202e.iso")["type"] == "iso"


def test_each_datastore_is_searched_once() -> None:
    world = a_world()
    outcome = run(esx_volume_info, world, with_users=True)

    assert outcome.error is None
    assert called(world, "SearchDatastoreSubFolders_Task") == 2
    assert {fact["datastore"] for fact in outcome.result["volumes"]} == {"datastore1", "ssd"}
    assert called(world, "QueryVirtualDiskUuid") == 0
    # Begin and end, the datastores, their browsers, two searches, what it takes to wait for both, the machines.
    assert outcome.requests == 12


def test_thousands_of_files_take_no_more_requests() -> None:
    def requests(count: int) -> int:
        world = world_of(datastores=[{"name": "datastore1"}])
        (store,) = world.of_type("Datastore")
        for number in range(count):
            store.files.put(f"many/{number % 50}/{number}.iso", File(1, b"x"))
        outcome = run(esx_volume_info, world, with_users=True)
        assert len(outcome.result["volumes"]) == count
        return outcome.requests

    assert requests(3000) == requests(3)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"path": "[datastore1] web01/nobody.vmdk"}, "not_found", "there is no file [datastore1] web01/nobody.vmdk"),
        ({"path": "[datastore1] nowhere/x.vmdk"}, "not_found", "there is no folder [datastore1] nowhere"),
        ({"path": "[nowhere] x.vmdk"}, "not_found", "nowhere"),
        ({"path": "web01.vmdk"}, "option", "no path on a datastore"),
        ({"path": "[datastore1] "}, "option", "names no file"),
        ({"path": "[datastore1] ../x"}, "option", "climbs"),
        ({"path": "[lost01] x"}, "plan", "cannot be reached now"),
        ({"datastore": "lost01"}, "plan", "cannot be reached now"),
        ({"datastores": []}, "option", "'datastores' is empty"),
        ({"patterns": [""]}, "option", "'patterns' is empty or holds an empty value"),
        ({"folder": "../up"}, "option", "climbs"),
        ({"folder": "/"}, "option", "it is empty"),
        ({"folder": "nowhere"}, "not_found", "[datastore1] nowhere or [ssd] nowhere"),
        ({"query": "[].path"}, "option", "must yield files"),
        ({"timeout": 0}, "option", "'timeout' must be"),
    ],
)
def test_what_cannot_be_told_is_said(given: dict[str, Any], kind: str, says: str) -> None:
    outcome = run(esx_volume_info, a_world(), **given)

    assert outcome.kind == kind
    assert says in str(outcome.error)


def test_a_folder_that_one_datastore_lacks_is_no_error() -> None:
    assert paths_of(a_world(), folder="iso/linux") == ["[datastore1] iso/linux/debian.iso"]


def test_a_search_that_fails_is_said() -> None:
    world = a_world()
    world.faults.add(FaultRule(method="SearchDatastoreSubFolders_Task", action="fault vim.fault.InvalidDatastore"))

    outcome = run(esx_volume_info, world)

    assert outcome.error is not None
    assert "InvalidDatastore" in str(outcome.error)


def test_the_free_licence_is_enough() -> None:
    assert paths_of(a_world(host={"licence": "free"}), types=["iso"])
