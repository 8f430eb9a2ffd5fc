# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_volume_upload on a simulated host: foreseen, done, done again; and what was there stays whatever happens."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.course import VARIABLE
from ansible_collections.virt.esx.plugins.module_utils._vi import carrier
from ansible_collections.virt.esx.plugins.modules import esx_volume_download, esx_volume_upload
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.transfers import (
    NEW,
    OLD,
    a_tree,
    a_world,
    contents,
    files_below,
    store_of,
)
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

READS = {
    *("RetrieveServiceContent", "Login", "Logout", "RetrievePropertiesEx"),
    *("SearchDatastore_Task", "SearchDatastoreSubFolders_Task"),
}
SHA256 = hashlib.sha256(NEW).hexdigest()
ISO = "[datastore1] iso/a.iso"
FORCED: list[dict[str, Any]] = [
    {"dest": ISO},
    {"dest": "[datastore1] new/deep/100% ä.iso"},
    {"dest": "[datastore1] top.iso", "compare": "content"},
    {"dest": ISO, "checksum": f"sha256:{SHA256}"},
    {"dest": ISO, "checksum": f"SHA256:{SHA256.upper()}", "compare": "content"},
    {"dest": "[datastore1]", "src": "tree"},
    {"dest": "[datastore1] new/tree/", "src": "tree", "concurrency": 3},
    {"dest": "[datastore1] iso", "src": "tree", "compare": "content"},
]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def here(tmp_path: pathlib.Path) -> pathlib.Path:
    a_tree(tmp_path / "tree")
    (tmp_path / "new.iso").write_bytes(NEW)
    return tmp_path


@pytest.mark.parametrize("wish", FORCED)
def test_what_is_foreseen_is_done_once(here: pathlib.Path, wish: dict[str, Any]) -> None:
    world = a_world()
    before = contents(world)
    given: dict[str, Any] = {**wish, "src": str(here / wish.get("src", "new.iso"))}

    foreseen = run(esx_volume_upload, world, check_mode=True, **given)
    assert {call.method for call in world.calls} <= READS
    assert contents(world) == before
    done = run(esx_volume_upload, world, **given)
    after = contents(world)
    again = [run(esx_volume_upload, world, check_mode=check, **given) for check in (True, False)]

    assert (done.error, foreseen.result["changed"], done.result["changed"]) == (None, True, True)
    assert foreseen.result["diff"] == done.result["diff"]
    assert [outcome.result["changed"] for outcome in again] == [False, False]
    assert contents(world) == after != before
    for outcome in (foreseen, done, *again):
        assert differences("esx_volume_upload", outcome.result) == []


def test_a_folder_is_there_as_it_is_here(here: pathlib.Path) -> None:
    world = a_world()

    outcome = run(esx_volume_upload, world, src=str(here / "tree"), dest="[datastore1] iso/tree")

    found = {path[9:]: content for path, content in contents(world).items() if path.startswith("iso/tree/")}
    assert found == files_below(here / "tree")
    assert store_of(world).is_folder("iso/tree/empty")
    assert [entry["dest"] for entry in outcome.result["files"]][:2] == [
        "[datastore1] iso/tree/a.iso",
        "[datastore1] iso/tree/nothing",
    ]
    assert outcome.result["bytes"] == sum(map(len, found.values()))


@pytest.mark.parametrize("decodes_twice", [False, True])
@pytest.mark.parametrize("name", ["datastore1", "50% of it"])
def test_names_arrive_however_often_a_host_resolves_escapes(
    here: pathlib.Path, name: str, *, decodes_twice: bool
) -> None:
    world = world_of(
        datastores=[{"name": "datastore1"}, {"name": name}][name == "datastore1" :],
        host={"decodes_twice": decodes_twice},
    )
    there = f"[{name}] a%20b/100%/%41 + %2e"

    up = [run(esx_volume_upload, world, src=str(here / "tree"), dest=there, compare="content") for _again in range(2)]
    down = run(esx_volume_download, world, src=there, dest=str(here / "back"))

    assert [outcome.error for outcome in (*up, down)] == [None] * 3
    assert [outcome.result["changed"] for outcome in up] == [True, False]
    assert all(path.startswith("a%20b/100%/%41 + %2e/") for path, _file in store_of(world, name))
    assert files_below(here / "back") == files_below(here / "tree")


def test_of_a_folder_only_what_differs_is_carried_over(here: pathlib.Path) -> None:
    world = a_world()
    given: dict[str, Any] = {"src": str(here / "tree"), "dest": "[datastore1] iso"}
    store_of(world).put("iso/theirs.txt", File(6, b"theirs"))
    run(esx_volume_upload, world, **given)
    (here / "tree" / "sub" / "disk.vmdk").write_bytes(b"# Disk DescriptorFile, longer\n")

    outcome = run(esx_volume_upload, world, **given)

    states = {entry["dest"].rpartition("/")[2]: entry["state"] for entry in outcome.result["files"]}
    assert [name for name, state in states.items() if state == "uploaded"] == ["disk.vmdk"]
    assert contents(world)["iso/theirs.txt"] == b"theirs"


@pytest.mark.parametrize(
    ("given", "content", "changes"),
    [
        ({}, bytes(len(NEW)), False),
        ({"compare": "content"}, bytes(len(NEW)), True),
        ({"compare": "content"}, NEW, False),
        ({"replace": "always"}, NEW, True),
        ({"replace": "never"}, OLD, False),
        ({"replace": "never", "compare": "content"}, bytes(len(NEW)), False),
    ],
)
def test_what_is_replaced(here: pathlib.Path, given: dict[str, Any], content: bytes, *, changes: bool) -> None:
    world = a_world()
    store_of(world).upload("iso/a.iso", content)
    wish = {"src": str(here / "new.iso"), "dest": ISO, **given}

    foreseen, done = (run(esx_volume_upload, world, check_mode=check, **wish) for check in (True, False))

    assert (foreseen.result["changed"], done.result["changed"]) == (changes, changes)
    assert foreseen.result["diff"] == done.result["diff"]
    assert contents(world)["iso/a.iso"] == (NEW if changes else content)


def _bad(here: pathlib.Path, name: str) -> str:
    (here / "bad").mkdir()
    path = here / "bad" / "file"
    if name == "link":
        path.symlink_to(here / "new.iso")
    elif name == "pipe":
        os.mkfifo(path)
    elif name == "name":
        path.with_name("a\nb").write_bytes(b"x")
    else:
        path.symlink_to(here / "bad")
    return str(here / "bad")


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"dest": "[datastore1] ../a.iso"}, "option", "climbs"),
    ({"dest": "[datastore1] a//b.iso"}, "option", "is empty"),
    ({"dest": "iso/a.iso"}, "option", "no place on a datastore"),
    ({"dest": "[nowhere] a.iso"}, "not_found", "no datastore 'nowhere'"),
    ({"dest": "[lost01] a.iso"}, "plan", "not accessible"),
    ({"dest": "[archive] old/notes.txt"}, "plan", "mounted read-only"),
    ({"dest": "[datastore1] iso"}, "plan", "is a folder where it is to be"),
    ({"dest": "[datastore1]"}, "plan", "name the file"),
    ({"dest": "[datastore1] iso/a.iso/b.iso"}, "plan", "is a file, so nothing can be in it"),
    ({"dest": ISO, "src": "tree"}, "plan", "is a file where it is to be"),
    ({"dest": ISO, "src": "nowhere"}, "option", "No such file"),
    ({"dest": ISO, "src": "new.iso/x"}, "option", "Not a directory"),
    ({"dest": ISO, "src": "tree", "checksum": f"sha256:{SHA256}"}, "option", "is a folder"),
    ({"dest": ISO, "checksum": "sha256:" + "0" * 64}, "plan", "has the checksum"),
    ({"dest": ISO, "checksum": "sha256:00"}, "option", "must be an algorithm"),
    ({"dest": ISO, "checksum": "crc:00"}, "option", "must be an algorithm"),
    ({"dest": ISO, "retries": -1}, "option", "from 0"),
    ({"dest": ISO, "concurrency": 0}, "option", "from 1"),
    ({"dest": "[datastore1] iso/rescue.iso"}, "plan", "belongs to 'cd01'"),
    ({"dest": "[datastore1] web01/web01.vmdk"}, "plan", "belongs to 'web01'"),
    ({"dest": "[datastore1] x", "bad": "link"}, "option", "is a symbolic link"),
    ({"dest": "[datastore1] x", "bad": "pipe"}, "option", "neither a file nor a folder"),
    ({"dest": "[datastore1] x", "bad": "name"}, "option", "no name that a datastore can hold"),
    ({"dest": "[datastore1] x", "bad": "loop", "follow_links": True}, "option", "leads back"),
]


@pytest.mark.parametrize(("wish", "kind", "says"), BAD)
def test_what_cannot_be_is_said_before_anything_is_touched(
    here: pathlib.Path, wish: dict[str, Any], kind: str, says: str
) -> None:
    world = a_world()
    before, bad = contents(world), wish.get("bad")
    src = _bad(here, bad) if bad else str(here / wish.get("src", "new.iso"))
    given = {**{name: value for name, value in wish.items() if name != "bad"}, "src": src}

    outcomes = [run(esx_volume_upload, world, check_mode=check, **given) for check in (True, False)]

    assert [outcome.kind for outcome in outcomes] == [kind, kind]
    assert all(says in str(outcome.error) for outcome in outcomes), str(outcomes[0].error)
    assert contents(world) == before
    assert {call.method for call in world.calls} <= READS


def test_links_can_be_followed(here: pathlib.Path) -> None:
    world = a_world()
    (here / "tree" / "link.iso").symlink_to(here / "new.iso")

    outcome = run(esx_volume_upload, world, src=str(here / "tree"), dest="[datastore1] x", follow_links=True)

    assert outcome.error is None
    assert contents(world)["x/link.iso"] == NEW


def test_room_is_needed_for_what_comes_before_what_is_there_goes(here: pathlib.Path) -> None:
    world = a_world()
    files = store_of(world)
    files.upload("iso/a.iso", bytes(len(NEW)))
    files.free = len(NEW) - 1
    wish: dict[str, Any] = {"src": str(here / "new.iso"), "dest": ISO, "compare": "content"}

    short = run(esx_volume_upload, world, check_mode=True, **wish)
    assert (short.kind, f"{len(NEW)} bytes must be free" in str(short.error)) == ("plan", True)
    files.free = len(NEW)
    assert run(esx_volume_upload, world, **wish).error is None


Spoil = Callable[[Any], FaultRule]
SPOILT: list[tuple[str, FaultRule | None, str]] = [
    ("cut", FaultRule(method="PUT", action="cut", after_bytes=99, count=None), "connection_lost"),
    ("full", FaultRule(method="PUT", action="disk-full", after_bytes=99), "fault"),
    ("refused", FaultRule(method="PUT", action="disk-full"), "fault"),
    ("down", FaultRule(method="PUT", action="http-503", count=None), "connection_lost"),
    ("moved", FaultRule(method="MoveDatastoreFile_Task", action="fault vim.fault.FileLocked"), "fault"),
    ("looked at", FaultRule(method="HEAD", action="drop-before", count=None), "connection_lost"),
]


@pytest.mark.parametrize(("rule", "kind"), [one[1:] for one in SPOILT], ids=[one[0] for one in SPOILT])
@pytest.mark.parametrize("dest", [ISO, "[datastore1] new/deep/a.iso"])
def test_where_it_fails_all_is_as_it_was(here: pathlib.Path, rule: FaultRule, kind: str, dest: str) -> None:
    world = a_world()
    before = contents(world)
    world.faults.add(FaultRule(**{name: getattr(rule, name) for name in ("method", "action", "after_bytes", "count")}))

    outcome = run(esx_volume_upload, world, src=str(here / "new.iso"), dest=dest, retries=1)

    assert outcome.kind == kind
    assert contents(world) == before
    assert not store_of(world).is_folder("new")
    world.faults.clear()
    assert run(esx_volume_upload, world, src=str(here / "new.iso"), dest=dest).result["changed"]


@pytest.mark.parametrize(
    ("rule", "retries"),
    [
        (FaultRule(method="PUT", action="cut", after_bytes=1234567), 1),
        (FaultRule(method="PUT", action="drop-after"), 1),
        (FaultRule(method="PUT", action="http-503", count=2), 2),
        (FaultRule(method="PUT", action="session-expiry"), 0),
        (FaultRule(method="HEAD", action="drop-before"), 0),
        (FaultRule(method="MoveDatastoreFile_Task", action="drop-after"), 0),
        (FaultRule(method="MoveDatastoreFile_Task", action="drop-before"), 0),
    ],
    ids=["cut", "reply lost", "busy", "session", "look lost", "move's reply lost", "move lost"],
)
def test_what_was_cut_is_taken_up_again(here: pathlib.Path, rule: FaultRule, retries: int) -> None:
    world = a_world()
    world.faults.add(FaultRule(**{name: getattr(rule, name) for name in ("method", "action", "after_bytes", "count")}))

    outcome = run(esx_volume_upload, world, src=str(here / "new.iso"), dest=ISO)

    assert outcome.error is None
    assert outcome.result["files"][0]["retries"] == retries
    assert contents(world)["iso/a.iso"] == NEW
    assert not [path for path in contents(world) if "virt-esx" in path]


def test_what_arrives_as_something_else_does_not_take_the_place(here: pathlib.Path) -> None:
    """The host says that all is well, and keeps less, or other bytes."""
    world = a_world()
    world.faults.add(FaultRule(method="GET", action="truncate", count=None))

    outcome = run(esx_volume_upload, world, src=str(here / "new.iso"), dest=ISO, compare="content", retries=1)

    assert outcome.kind == "connection_lost"
    assert contents(world)["iso/a.iso"] == OLD


class Tampering(FaultRule):
    """A rule that looks on, and lets something else be in what has come before it is looked at."""

    files: Any = None
    content: bytes = b""

    def takes(self, method: str, moid: str) -> bool:
        file = self.files.get("iso/a.iso.virt-esx-upload")
        if method in ("HEAD", "GET") and file is not None:
            file.content, file.size = self.content, len(self.content)
        return False


@pytest.mark.parametrize(
    ("content", "compare", "says"), [(NEW[:-1], "size", "bytes arrived"), (NEW[::-1], "content", "something else")]
)
def test_what_is_not_what_was_sent_does_not_take_the_place(
    here: pathlib.Path, content: bytes, compare: str, says: str
) -> None:
    world = a_world()
    rule = Tampering()
    rule.files, rule.content = store_of(world), content
    world.faults.add(rule)

    outcome = run(esx_volume_upload, world, src=str(here / "new.iso"), dest=ISO, compare=compare, retries=1)

    assert (outcome.kind, says in str(outcome.error)) == ("connection_lost", True)
    assert sorted(path for path in contents(world) if path.startswith("iso/")) == ["iso/a.iso", "iso/rescue.iso"]
    assert contents(world)["iso/a.iso"] == OLD


@pytest.mark.parametrize(
    ("dest", "rules", "says"),
    [
        (ISO, [("PUT", "cut"), ("DeleteDatastoreFile_Task", "fault vim.fault.FileLocked")], "is left as"),
        ("[datastore1] new/deep/a.iso", [("MakeDirectory", "fault vim.fault.CannotCreateFile")], "CannotCreateFile"),
    ],
)
def test_what_cannot_be_taken_back_is_said(
    here: pathlib.Path, dest: str, rules: list[tuple[str, str]], says: str
) -> None:
    world = a_world()
    for method, action in rules:
        world.faults.add(FaultRule(method=method, action=action, after_bytes=9, count=None, fields={}))

    outcome = run(esx_volume_upload, world, src=str(here / "new.iso"), dest=dest, retries=0)

    assert outcome.error is not None
    assert says in str(outcome.error), str(outcome.error)
    assert contents(world)["iso/a.iso"] == OLD


def test_what_a_killed_run_has_left_is_written_over(here: pathlib.Path) -> None:
    world = a_world()
    store_of(world).upload("iso/a.iso.virt-esx-upload", b"half of it")

    assert run(esx_volume_upload, world, src=str(here / "new.iso"), dest=ISO).error is None
    assert sorted(path for path in contents(world) if path.startswith("iso/")) == ["iso/a.iso", "iso/rescue.iso"]


def test_the_rest_of_a_folder_is_carried_over_by_the_next_run(here: pathlib.Path) -> None:
    world = a_world()
    world.faults.add(FaultRule(method="PUT", moid="*disk.vmdk.virt-esx-upload", action="disk-full"))
    given: dict[str, Any] = {"src": str(here / "tree"), "dest": "[datastore1] x", "concurrency": 1}

    first = run(esx_volume_upload, world, **given)
    second = run(esx_volume_upload, world, **given)

    assert (first.kind, first.result["changed"]) == ("fault", True)
    assert differences("esx_volume_upload", first.result) == []
    assert 0 < len(first.result["files"]) < 5
    assert (second.error, second.result["changed"]) == (None, True)
    found = {path[2:]: content for path, content in contents(world).items() if path.startswith("x/")}
    assert found == files_below(here / "tree")


def test_a_file_that_changes_meanwhile_is_not_carried_over(here: pathlib.Path) -> None:
    world = a_world()
    file = here / "new.iso"

    class Changing(FaultRule):
        """A rule that looks on, and changes the file when it is sent again."""

        def takes(self, method: str, moid: str) -> bool:
            if method == "PUT" and self.seen == 0:
                file.write_bytes(NEW[::-1])
            return super().takes(method, moid)

    world.faults.add(Changing(method="PUT", action="http-503"))
    outcome = run(esx_volume_upload, world, src=str(file), dest=ISO)

    assert (outcome.kind, "is being changed" in str(outcome.error)) == ("plan", True)
    assert contents(world)["iso/a.iso"] == OLD


def test_how_far_it_is_is_told(here: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = here / "pipe"
    os.mkfifo(pipe)
    listener = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    monkeypatch.setenv(VARIABLE, str(pipe))
    try:
        assert run(esx_volume_upload, a_world(), src=str(here / "new.iso"), dest=ISO).error is None
        told = [json.loads(line) for line in os.read(listener, 65536).splitlines()]
    finally:
        os.close(listener)

    assert {(one["what"], one["total"]) for one in told} == {(ISO, len(NEW))}


@pytest.mark.parametrize(
    ("given", "check_mode", "most"),
    [({"dest": ISO}, False, 15), ({"dest": ISO}, True, 8), ({"dest": "[datastore1] new.iso"}, False, 13)],
)
def test_requests(here: pathlib.Path, given: dict[str, Any], most: int, *, check_mode: bool) -> None:
    world = a_world()
    wish = {"src": str(here / "new.iso"), **given}

    assert run(esx_volume_upload, world, check_mode=check_mode, **wish).requests <= most
    if not check_mode:
        assert run(esx_volume_upload, world, **wish).requests <= 6
        assert called(world, "MoveDatastoreFile_Task") == 1
