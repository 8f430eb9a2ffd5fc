# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_screenshot on a simulated host: the file, both ways to the picture, and how many requests they take."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_power, esx_vm_screenshot
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.screens import picture
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, host_of, params, run, world_of

ON: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "task_seconds": 1}


def without_screens(world: World) -> World:
    """Let a server not show screens, so that a task must take the pictures."""
    world.faults.add(FaultRule(method="GET", moid="/screen*", action="fault vmodl.fault.NotSupported", count=None))
    return world


def files_of(world: World) -> list[str]:
    return [name for name, _file in world.of_type("Datastore")[0].files.below("web01")[1] if name.endswith(".png")]


def shown(world: World, moid: str = "1") -> bytes:
    vm: Any = world.find("VirtualMachine", moid)
    return picture(vm)


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_vm_screenshot", {**outcome.result, **failure})


def test_the_screen_is_in_the_file(tmp_path: pathlib.Path) -> None:
    world, file = world_of(ON), tmp_path / "web01.png"
    given: dict[str, Any] = {"name": "web01", "dest": str(file), "mode": "0600"}

    foreseen = run(esx_vm_screenshot, world, check_mode=True, **given)
    assert sorted(one.name for one in tmp_path.iterdir()) == []
    done = run(esx_vm_screenshot, world, **given)
    again = run(esx_vm_screenshot, world, **given)

    assert (foreseen.error, foreseen.result) == (None, done.result)
    assert (done.result["changed"], again.result["changed"]) == (True, False)
    assert file.read_bytes() == shown(world)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (done.vm["width"], done.vm["height"], done.vm["size"]) == (64, 48, len(shown(world)))
    assert done.result["diff"]["before"]["web01"]["file"] == {"path": str(file), "sha256": None, "mode": None}
    assert (done.requests, again.requests) == (5, 5)
    assert documented(done) == []
    assert files_of(world) == []


def test_another_screen_is_another_file(tmp_path: pathlib.Path) -> None:
    world = world_of(ON)
    given: dict[str, Any] = {"name": "web01", "dest": str(tmp_path)}
    first = run(esx_vm_screenshot, world, **given)
    run(esx_vm_power, world, name="web01", state="reset")
    (tmp_path / "web01.png").chmod(0o640)
    second = run(esx_vm_screenshot, world, **given)

    assert second.result["changed"]
    assert first.vm["sha256"] != second.vm["sha256"]
    assert second.result["diff"]["before"]["web01"]["file"]["sha256"] == first.vm["sha256"]
    assert (tmp_path / "web01.png").stat().st_mode & 0o777 == 0o640


def test_other_permissions_are_a_change(tmp_path: pathlib.Path) -> None:
    world = world_of(ON)
    given: dict[str, Any] = {"name": "web01", "dest": str(tmp_path / "x")}
    run(esx_vm_screenshot, world, mode="0644", **given)
    changed = [run(esx_vm_screenshot, world, mode="0600", **given).result["changed"] for _time in range(2)]

    assert changed == [True, False]


def test_a_task_takes_the_picture_where_no_screen_is_shown(tmp_path: pathlib.Path) -> None:
    world = without_screens(world_of(ON))
    given: dict[str, Any] = {"name": "web01", "dest": str(tmp_path / "web01.png")}

    foreseen = run(esx_vm_screenshot, world, check_mode=True, **given)
    assert called(world, "CreateScreenshot_Task") == 0
    done = run(esx_vm_screenshot, world, **given)
    again = run(esx_vm_screenshot, world, **given)

    assert [one.result["changed"] for one in (foreseen, done, again)] == [True, True, False]
    assert foreseen.vm["sha256"] is None
    assert done.vm["task"]["operation"] == "VirtualMachine.createScreenshot"
    assert (tmp_path / "web01.png").read_bytes() == shown(world)
    assert files_of(world) == []
    assert documented(done) == documented(foreseen) == []


def test_under_vcenter_the_file_is_fetched_from_its_datacenter(tmp_path: pathlib.Path) -> None:
    world = without_screens(world_of(ON))
    with host_of(world) as host:
        host.session.about.apiType = "VirtualCenter"
        result = esx_vm_screenshot.run(
            params(esx_vm_screenshot, name="web01", dest=str(tmp_path)), host, check_mode=False
        )

    assert result.error is None
    assert (tmp_path / "web01.png").read_bytes() == shown(world)
    assert files_of(world) == []


def test_a_question_that_comes_meanwhile_follows_the_policy(tmp_path: pathlib.Path) -> None:
    asking = {**ON, "questions": [{"question": "msg.serial.file.open", "during": "screenshot"}]}
    given: dict[str, Any] = {"name": "web01", "dest": str(tmp_path / "x.png")}

    blocked = run(esx_vm_screenshot, without_screens(world_of(asking)), **given)
    answered = run(esx_vm_screenshot, without_screens(world_of(asking)), auto_answer="true", **given)

    assert (blocked.kind, answered.error) == ("question_blocked", None)
    assert answered.vm["questions"][0]["answered_by"] == "default"
    assert documented(blocked) == []


def test_fifty_screens_are_fifty_requests(tmp_path: pathlib.Path) -> None:
    world = world_of({**ON, "name": "batch-{n:02}", "count": 50}, {"name": "off01"})

    done = run(esx_vm_screenshot, world, query="[?power_state=='powered-on']", dest=str(tmp_path))

    assert (done.error, done.requests) == (None, 54)
    assert len(list(tmp_path.glob("batch-*.png"))) == 50


def test_one_machine_that_is_off_stops_no_other(tmp_path: pathlib.Path) -> None:
    world = world_of(ON, {"name": "off01"}, {"name": "twin", "power_state": "suspended"})
    for check_mode in (True, False):
        done = run(esx_vm_screenshot, world, check_mode=check_mode, query="[]", dest=str(tmp_path))

        assert (done.kind, done.failure["failed"]) == ("some_failed", ["off01", "twin"])
        assert "off01 (moid 2) is powered-off, so it has no screen: power it on first" in done.result["vms"][1]["msg"]
        assert [entry["changed"] for entry in done.result["vms"]] == [True, False, False]
        assert documented(done) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["web01.png"]


@pytest.mark.parametrize("dest", ["nowhere/x.png", "nowhere/", "."])
def test_a_file_that_cannot_be_is_refused_before_anything_is_asked(tmp_path: pathlib.Path, dest: str) -> None:
    (tmp_path / "web01.png").mkdir()
    for check_mode in (True, False):
        done = run(esx_vm_screenshot, world_of(ON), check_mode=check_mode, name="web01", dest=f"{tmp_path}/{dest}")

        assert (done.kind, done.failure["option"]) == ("option", "dest")


def test_a_picture_that_is_none_replaces_nothing(tmp_path: pathlib.Path) -> None:
    world = world_of(ON)
    (tmp_path / "web01.png").write_bytes(b"old")
    world.faults.add(FaultRule(method="GET", moid="/screen*", action="garbage"))

    done = run(esx_vm_screenshot, world, name="web01", dest=str(tmp_path))

    assert done.kind == "fault"
    assert (tmp_path / "web01.png").read_bytes() == b"old"


@pytest.mark.parametrize("action", ["drop-before", "drop-after", "truncate"])
def test_to_look_again_after_a_lost_reply_does_nothing(tmp_path: pathlib.Path, action: str) -> None:
    world = world_of(ON)
    world.faults.add(FaultRule(method="GET", moid="/screen*", action=action))

    done = run(esx_vm_screenshot, world, name="web01", dest=str(tmp_path))

    assert (done.error, done.result["changed"]) == (None, True)


def test_what_is_left_behind_on_the_datastore_is_named(tmp_path: pathlib.Path) -> None:
    world = without_screens(world_of(ON))
    world.faults.add(
        FaultRule(
            method="DeleteDatastoreFile_Task",
            action="fault NoPermission",
            fields={"object": world.find("VirtualMachine", "1").ref, "privilegeId": "Datastore.FileManagement"},
        )
    )

    done = run(esx_vm_screenshot, world, name="web01", dest=str(tmp_path))

    assert done.kind == "fault"
    assert "left behind at [datastore1] web01/web01-0.png" in str(done.error)
    assert done.vm["changed"]
    assert (tmp_path / "web01.png").read_bytes() == shown(world)


def test_a_name_in_any_script_is_a_file(tmp_path: pathlib.Path) -> None:
    world = world_of(ON, {**ON, "name": "日" * 80})

    done = run(esx_vm_screenshot, world, query="[]", dest=str(tmp_path))

    assert done.error is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["web01.png", "日" * 80 + ".png"]


def test_what_came_of_each_machine_is_told_though_the_host_does_not_say_where_pictures_are(
    tmp_path: pathlib.Path,
) -> None:
    world = without_screens(world_of(ON, {**ON, "name": "off", "power_state": "powered-off"}))
    world.faults.add(
        FaultRule(method="RetrievePropertiesEx", skip=1, action="fault vim.fault.NoPermission", count=None)
    )

    done = run(esx_vm_screenshot, world, names=["web01", "off"], dest=str(tmp_path))

    assert done.kind == "some_failed"
    assert [one["failure"]["kind"] for one in done.result["vms"]] == ["fault", "plan"]
    assert "cannot be told where it is" in done.result["vms"][0]["msg"]
    assert done.result["vms"][0]["task"]["state"] == "success"
    assert documented(done) == []


@pytest.mark.parametrize("method", ["GET", "DeleteDatastoreFile_Task", "CreateScreenshot_Task"])
@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_what_gets_lost_on_the_way_to_a_picture_on_a_datastore_is_done_again(
    tmp_path: pathlib.Path, method: str, action: str
) -> None:
    world = without_screens(world_of(ON))
    world.faults.add(FaultRule(method=method, moid="/folder*" if method == "GET" else "*", action=action))

    done = run(esx_vm_screenshot, world, name="web01", dest=str(tmp_path))

    assert (done.error, done.vm["changed"]) == (None, True)
    assert (tmp_path / "web01.png").read_bytes() == shown(world)
    assert files_of(world) == []
    assert called(world, "CreateScreenshot_Task") == 1 + (method == "CreateScreenshot_Task" and action == "drop-before")


def test_a_host_that_takes_no_picture_is_asked_three_times(tmp_path: pathlib.Path) -> None:
    world = without_screens(world_of(ON))
    world.faults.add(FaultRule(method="CreateScreenshot_Task", action="drop-before", count=None))

    done = run(esx_vm_screenshot, world, name="web01", dest=str(tmp_path))

    assert (done.kind, called(world, "CreateScreenshot_Task")) == ("unreachable", 3)
    assert documented(done) == []
