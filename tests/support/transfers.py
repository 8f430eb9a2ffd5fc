# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of uploads and downloads share: a world with files, and folders here to carry over."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.worlds import world_of

OLD, NEW = b"old" * 1000, bytes(range(256)) * 20000
SCENARIO: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "free_gib": 1, "files": {"iso/a.iso": OLD.decode(), "iso/rescue.iso": "image"}},
        {"name": "archive", "kind": "nfs", "access_mode": "read-only", "files": {"old/notes.txt": "text"}},
        {"name": "lost01", "accessible": False},
    ]
}
CD01 = {"name": "cd01", "iso": "[datastore1] iso/rescue.iso"}


def a_world(**more: Any) -> World:
    """Return a world with a machine that has an image in its drive, and what was called is forgotten."""
    world = world_of({"name": "web01"}, CD01, **SCENARIO, **more)
    world.calls.clear()
    return world


def store_of(world: World, name: str = "datastore1") -> Any:
    """Return the files of a datastore."""
    return next(store.files for store in world.of_type("Datastore") if store.get("name") == name)


def contents(world: World, name: str = "datastore1") -> Mapping[str, Any]:
    """Return what is in each file of a datastore, and how much room is left."""
    files = store_of(world, name)
    return {**{path: file.read() for path, file in files}, "free": files.free}


def a_tree(folder: pathlib.Path) -> pathlib.Path:
    """Make a folder with files and folders in it."""
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "a.iso").write_bytes(NEW)
    (folder / "nothing").write_bytes(b"")
    (folder / "sub" / "disk.vmdk").write_bytes(b"# Disk DescriptorFile\n")
    (folder / "sub" / "disk-flat.vmdk").write_bytes(NEW * 2)
    (folder / "sub" / "deep" / "100% [x] & ä.txt").write_bytes(b"text")
    return folder


def files_below(folder: pathlib.Path) -> Mapping[str, bytes]:
    """Return what is in each file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
