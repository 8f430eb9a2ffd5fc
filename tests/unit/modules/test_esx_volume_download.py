# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_volume_download on a simulated host: foreseen, done, done again; and what was here stays whatever happens."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi import carrier
from ansible_collections.virt.esx.plugins.modules import esx_volume_download, esx_volume_upload
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.transfers import NEW, OLD, a_tree, a_world, files_below, store_of
from ansible_collections.virt.esx.tests.support.worlds import run

READS = {
    *("RetrieveServiceContent", "Login", "Logout", "RetrievePropertiesEx"),
    *("SearchDatastore_Task", "SearchDatastoreSubFolders_Task"),
}
SHA256 = hashlib.sha256(NEW).hexdigest()
BIG = "[datastore1] big/new.iso"
TREE = "[datastore1] tree"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def here(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "old.iso").write_bytes(OLD)
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = a_world()
    store_of(made).upload("big/new.iso", NEW)
    local = a_tree(tmp_path_factory.mktemp("there") / "tree")
    assert run(esx_volume_upload, made, src=str(local), dest=TREE).error is None
    made.calls.clear()
    return made


def below(folder: pathlib.Path) -> Mapping[str, Any]:
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "wish",
    [
        {"src": BIG, "dest": "old.iso"},
        {"src": BIG, "dest": "new.iso", "mode": "0600"},
        {"src": BIG, "dest": "folder"},
        {"src": BIG, "dest": "folder/", "compare": "content"},
        {"src": BIG, "dest": "old.iso", "checksum": f"sha256:{SHA256}"},
        {"src": TREE, "dest": "folder"},
        {"src": f"{TREE}/", "dest": "new/deep", "compare": "content", "concurrency": 2},
        {"src": "[archive]", "dest": "archive"},
    ],
)
def test_what_is_foreseen_is_done_once(here: pathlib.Path, world: World, wish: dict[str, Any]) -> None:
    before = below(here)
    given = {**wish, "dest": f"{here}/{wish['dest']}"}

    foreseen = run(esx_volume_download, world, check_mode=True, **given)
    assert below(here) == before
    done = run(esx_volume_download, world, **given)
    after = below(here)
    again = [run(esx_volume_download, world, check_mode=check, **given) for check in (True, False)]

    assert (done.error, foreseen.result["changed"], done.result["changed"]) == (None, True, True)
    assert foreseen.result["diff"] == done.result["diff"]
    assert [outcome.result["changed"] for outcome in again] == [False, False]
    assert below(here) == after != before
    assert {call.method for call in world.calls} <= READS
    assert not [path for path in after if "virt-esx" in path]
    for outcome in (foreseen, done, *again):
        assert differences("esx_volume_download", outcome.result) == []


def test_a_folder_is_here_as_it_is_there(here: pathlib.Path, world: World, tmp_path_factory: Any) -> None:
    store_of(world).put("tree/sub/new.iso.virt-esx-upload", File(4, b"half"))

    outcome = run(esx_volume_download, world, src=TREE, dest=str(here / "folder"))

    assert outcome.error is None
    assert files_below(here / "folder") == files_below(a_tree(tmp_path_factory.mktemp("same") / "tree"))
    assert (here / "folder" / "empty").is_dir()


def test_permissions_are_those_of_the_file_or_as_wanted(here: pathlib.Path, world: World) -> None:
    (here / "old.iso").chmod(0o640)
    modes = []
    for mode in (None, "0600"):
        run(esx_volume_download, world, src=BIG, dest=str(here / "old.iso"), mode=mode, replace="always")
        modes.append((here / "old.iso").stat().st_mode & 0o777)

    assert modes == [0o640, 0o600]


@pytest.mark.parametrize(
    ("given", "content", "changes"),
    [
        ({}, bytes(len(NEW)), False),
        ({"compare": "content"}, bytes(len(NEW)), True),
        ({"compare": "content"}, NEW, False),
        ({"checksum": f"sha256:{SHA256}"}, bytes(len(NEW)), True),
        ({"checksum": f"sha256:{SHA256}"}, NEW, False),
        ({"replace": "always"}, NEW, True),
        ({"replace": "never"}, OLD, False),
        ({"replace": "never", "checksum": f"sha256:{SHA256}"}, OLD, False),
    ],
)
def test_what_is_replaced(
    here: pathlib.Path, world: World, given: dict[str, Any], content: bytes, *, changes: bool
) -> None:
    dest = here / "it.iso"
    dest.write_bytes(content)
    wish = {"src": BIG, "dest": str(dest), **given}

    foreseen, done = (run(esx_volume_download, world, check_mode=check, **wish) for check in (True, False))

    assert (foreseen.result["changed"], done.result["changed"]) == (changes, changes)
    assert foreseen.result["diff"] == done.result["diff"]
    assert dest.read_bytes() == (NEW if changes else content)


@pytest.mark.parametrize(
    ("wish", "kind", "says"),
    [
        ({"src": "[datastore1] ../x"}, "option", "climbs"),
        ({"src": "x"}, "option", "no place on a datastore"),
        ({"src": "[nowhere] x"}, "not_found", "no datastore"),
        ({"src": "[lost01] x"}, "plan", "not accessible"),
        ({"src": "[datastore1] nothing.iso"}, "not_found", "no file or folder"),
        ({"src": "[datastore1] no/where/nothing.iso"}, "not_found", "no file or folder"),
        ({"dest": "no/where/new.iso"}, "option", "is not there"),
        ({"dest": ""}, "option", "is empty"),
        ({"dest": "a\0b"}, "option", "cannot be used"),
        ({"dest": "pipe"}, "option", "is no file"),
        ({"src": TREE, "dest": "old.iso"}, "option", "is no folder"),
        ({"src": TREE, "dest": ""}, "option", "is no folder"),
        ({"src": TREE, "checksum": f"sha256:{SHA256}"}, "option", "is a folder"),
        ({"src": TREE, "dest": "linked"}, "option", "neither a file nor a folder"),
        ({"src": TREE, "dest": "wrong"}, "plan", "is a folder where it is to be"),
        ({"checksum": "sha256:12"}, "option", "must be an algorithm"),
        ({"mode": 420}, "option", "octal"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_touched(
    here: pathlib.Path, world: World, wish: dict[str, Any], kind: str, says: str
) -> None:
    os.mkfifo(here / "pipe")
    (here / "linked").mkdir()
    (here / "linked" / "sub").symlink_to(here / "folder")
    (here / "wrong" / "sub").mkdir(parents=True)
    (here / "wrong" / "sub" / "disk.vmdk").mkdir()
    before, dest = sorted(here.rglob("*")), wish.get("dest", "new")
    given = {"src": BIG, **wish, "dest": f"{here}/{dest}" if dest else ""}

    outcomes = [run(esx_volume_download, world, check_mode=check, **given) for check in (True, False)]

    assert [outcome.kind for outcome in outcomes] == [kind, kind], str(outcomes[0].error)
    assert all(says in str(outcome.error) for outcome in outcomes), str(outcomes[0].error)
    assert sorted(here.rglob("*")) == before


def test_room_is_needed_here(here: pathlib.Path, world: World) -> None:
    store_of(world).put("huge.bin", File(2**60))

    outcome = run(esx_volume_download, world, check_mode=True, src="[datastore1] huge.bin", dest=str(here / "x"))

    assert (outcome.kind, f"{2**60} bytes must be free" in str(outcome.error)) == ("plan", True)


@pytest.mark.parametrize(
    ("rule", "retries"),
    [
        ({"action": "cut", "after_bytes": 1234567}, 1),
        ({"action": "cut", "after_bytes": 1234567, "count": 3}, 3),
        ({"action": "truncate"}, 1),
        ({"action": "http-503", "count": 2}, 2),
        ({"action": "session-expiry"}, 0),
        ({"action": "drop-before"}, 1),
    ],
)
def test_what_was_cut_goes_on(here: pathlib.Path, world: World, rule: dict[str, Any], retries: int) -> None:
    world.faults.add(FaultRule(method="GET", **rule))

    outcome = run(esx_volume_download, world, src=BIG, dest=str(here / "new.iso"), checksum=f"sha256:{SHA256}")

    assert outcome.error is None
    assert outcome.result["files"][0]["retries"] == retries
    assert (here / "new.iso").read_bytes() == NEW


class Meanwhile(FaultRule):
    """A rule that cuts, and lets the file on the datastore become another one before it is asked for again."""

    content: bytes = b""
    file: Any = None

    def takes(self, method: str, moid: str) -> bool:
        if method == "GET" and self.seen == 1:
            self.file.content, self.file.size = self.content, len(self.content)
            self.file.modified = datetime(2026, 1, 2, tzinfo=timezone.utc)
        return super().takes(method, moid)


@pytest.mark.parametrize("content", [NEW[::-1], OLD, NEW * 2, b""])
def test_what_has_changed_meanwhile_begins_anew(here: pathlib.Path, world: World, content: bytes) -> None:
    rule = Meanwhile(method="GET", action="cut", after_bytes=2_000_000)
    rule.content, rule.file = content, store_of(world).get("big/new.iso")
    world.faults.add(rule)

    outcome = run(esx_volume_download, world, src=BIG, dest=str(here / "new.iso"))

    assert outcome.error is None
    assert (here / "new.iso").read_bytes() == content
    assert outcome.result["bytes"] == len(content)


@pytest.mark.parametrize(
    ("rule", "given", "kind"),
    [
        ({"action": "cut", "after_bytes": 99, "count": None}, {}, "connection_lost"),
        ({"action": "http-503", "count": None}, {}, "connection_lost"),
        ({"action": "latency"}, {"checksum": "sha256:" + "0" * 64}, "plan"),
    ],
)
def test_where_it_fails_all_is_as_it_was(
    here: pathlib.Path, world: World, rule: dict[str, Any], given: dict[str, Any], kind: str
) -> None:
    world.faults.add(FaultRule(method="GET", **rule))

    outcome = run(esx_volume_download, world, src=BIG, dest=str(here / "old.iso"), retries=1, **given)

    assert outcome.kind == kind
    assert below(here) == {"old.iso": OLD, "folder": False}


def test_what_a_killed_run_has_left_is_written_over(here: pathlib.Path, world: World) -> None:
    (here / ".new.iso.virt-esx-download").write_bytes(NEW * 2)

    assert run(esx_volume_download, world, src=BIG, dest=str(here / "new.iso")).error is None
    assert (here / "new.iso").read_bytes() == NEW
    assert sorted(below(here)) == ["folder", "new.iso", "old.iso"]


def test_two_runs_do_not_write_the_same_file(here: pathlib.Path, world: World) -> None:
    with (here / ".new.iso.virt-esx-download").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        outcome = run(esx_volume_download, world, src=BIG, dest=str(here / "new.iso"))

    assert (outcome.kind, "by another run" in str(outcome.error)) == ("plan", True)


def test_the_rest_of_a_folder_comes_with_the_next_run(here: pathlib.Path, world: World) -> None:
    world.faults.add(FaultRule(method="GET", moid="*disk.vmdk", action="cut", count=2))
    given: dict[str, Any] = {"src": TREE, "dest": str(here / "folder"), "concurrency": 1, "retries": 1}

    first = run(esx_volume_download, world, **given)
    second = run(esx_volume_download, world, **given)

    assert (first.kind, first.result["changed"]) == ("connection_lost", True)
    assert differences("esx_volume_download", first.result) == []
    assert (second.error, second.result["changed"]) == (None, True)
    assert len(files_below(here / "folder")) == 5


@pytest.mark.parametrize("name", ["../up.txt", "a/../../up.txt", "/etc/up.txt"])
def test_no_name_of_a_host_leads_elsewhere(here: pathlib.Path, world: World, name: str) -> None:
    files = store_of(world)
    files.put("evil/good.txt", File(1, b"x"))
    files._files[f"evil/{name}"] = File(1, b"x")

    outcome = run(esx_volume_download, world, src="[datastore1] evil", dest=str(here / "folder" / "deep"))

    assert not (here / "folder" / "up.txt").exists()
    assert not (here / "up.txt").exists()
    assert outcome.error is None or outcome.kind in ("plan", "option", "not_found")


def test_requests(here: pathlib.Path, world: World) -> None:
    given: dict[str, Any] = {"src": BIG, "dest": str(here / "new.iso")}

    assert run(esx_volume_download, world, check_mode=True, **given).requests <= 6
    assert run(esx_volume_download, world, **given).requests <= 7
    assert run(esx_volume_download, world, **given).requests <= 6
