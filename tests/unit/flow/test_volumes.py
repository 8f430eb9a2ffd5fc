# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: whatever is wanted and whatever is there, nothing is overwritten, shrunk, or taken from a machine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError, OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow.volume_plan import (
    KIB,
    Step,
    VolumePlan,
    VolumeWish,
    plan,
    users_of,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.volumes import path_of
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath
from hypothesis import given, settings
from hypothesis import strategies as st

OPTIONS: dict[str, Any] = {
    "path": "[ssd] a/x.vmdk",
    "state": "present",
    "source": None,
    "capacity_kib": None,
    "provisioning": None,
    "adapter": None,
    "recursive": False,
}
PATHS = ["[ssd] a", "[ssd] a/x.vmdk", "[ssd] a/y.iso", "[big] x.vmdk", "[big] a", "[ssd] a/b/c"]


def wish_of(**given: Any) -> VolumeWish:
    return VolumeWish.from_params({**OPTIONS, **given})


def fact_of(path: str, kind: str, capacity: int = 8 * KIB, *, thin: bool = True, written: int = KIB) -> dict[str, Any]:
    disk = {"provisioning": "thin" if thin else "thick", "adapter": "lsilogic", "hardware_version": 4}
    return {
        "path": path,
        "type": kind,
        "capacity_bytes": capacity,
        "allocation_bytes": written if thin else capacity,
        "disk": disk if kind == "disk" else None,
    }


def kind_of(path: str, *, folder: bool) -> str:
    return "folder" if folder else "disk" if path.endswith(".vmdk") else "iso"


WISHES = st.fixed_dictionaries(
    {"path": st.sampled_from(PATHS), "state": st.sampled_from(["present", "absent", "directory", "moved", "wiped"])},
    optional={
        "source": st.sampled_from(PATHS),
        "capacity_kib": st.sampled_from([1, 8, 9]),
        "provisioning": st.sampled_from(["thin", "thick", "eager-zeroed"]),
        "adapter": st.sampled_from(["lsilogic", "ide"]),
        "recursive": st.booleans(),
    },
)


@settings(max_examples=400)
@given(
    options=WISHES,
    there=st.tuples(st.booleans(), st.booleans()),
    folders=st.tuples(st.booleans(), st.booleans()),
    thin=st.booleans(),
    contents=st.lists(st.sampled_from(["b", "y.iso"]), unique=True),
)
def test_laws_of_all_plans(
    options: dict[str, Any],
    there: tuple[bool, bool],
    folders: tuple[bool, bool],
    thin: bool,
    contents: list[str],
) -> None:
    try:
        wish = wish_of(**options)
        seen = fact_of(str(wish.path), kind_of(str(wish.path), folder=folders[0]), thin=thin) if there[0] else None
        source = None
        if wish.source is not None and there[1]:
            source = fact_of(str(wish.source), kind_of(str(wish.source), folder=folders[1]), thin=thin)
        planned = plan(wish, seen, source, contents)
    except EsxError:
        return

    check_laws(wish, planned, is_there=seen is not None, contents=contents)


def check_laws(wish: VolumeWish, planned: VolumePlan, *, is_there: bool, contents: list[str]) -> None:
    steps = set(planned.steps)
    makes = steps & {Step.MAKE_DISK, Step.COPY, Step.MAKE_FOLDER, Step.MOVE}
    assert not (is_there and makes), "nothing that is there is overwritten"
    assert bool(planned.steps) == (planned.before != planned.after), "what is shown is what is done"
    if steps & {Step.GROW, Step.WIPE, Step.DELETE, Step.MOVE} and not makes - {Step.MOVE}:
        changed = wish.source if Step.MOVE in steps else wish.path
        assert planned.alone == (changed,), "what is changed must be nobody's"
    if Step.DELETE in steps and contents and planned.before[str(wish.path)]["type"] == "folder":
        assert wish.recursive
    after = planned.after.get(str(wish.path), {})
    before = planned.before.get(str(wish.path), {})
    assert after.get("capacity_kib", 8) >= before.get("capacity_kib", 0) or wish.state == "absent"
    assert planned.bytes_needed >= 0


@pytest.mark.parametrize(
    ("options", "thin", "needed"),
    [
        ({"capacity_kib": 16}, True, 0),
        ({"capacity_kib": 16}, False, 8 * KIB),
        ({"state": "wiped"}, True, 7 * KIB),
        ({"state": "wiped"}, False, 0),
    ],
)
def test_the_room_that_a_change_takes(options: dict[str, Any], thin: bool, needed: int) -> None:
    assert plan(wish_of(**options), fact_of("[ssd] a/x.vmdk", "disk", thin=thin), None, ()).bytes_needed == needed


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({"provisioning": "thin"}, KIB),
        ({"provisioning": "thick"}, 8 * KIB),
        ({"provisioning": "thick", "capacity_kib": 16}, 16 * KIB),
        ({}, KIB),
        ({"state": "moved"}, KIB),
    ],
)
def test_the_room_that_a_copy_takes(options: dict[str, Any], needed: int) -> None:
    wish = wish_of(source="[big] x.vmdk", **options)

    assert plan(wish, None, fact_of("[big] x.vmdk", "disk"), ()).bytes_needed == needed


@pytest.mark.parametrize(
    "text",
    [
        "[ssd] ./a",
        "[ssd] a/./b",
        "[ssd] a//b",
        "[ssd] a/.",
        "[ssd] .",
        "[ssd] /a",
        "[ssd] a/../b",
        "[ssd]",
        "a",
        "[] a",
    ],
)
def test_a_file_has_one_name(text: str) -> None:
    with pytest.raises(OptionError):
        path_of(text)


def test_a_folder_is_used_by_whoever_uses_something_in_it() -> None:
    users = {"[ssd] a/x.vmdk": ["web01"], "[ssd] ab/y.vmdk": ["web02"], "[ssd] a": ["odd"]}

    assert users_of(DatastorePath("ssd", "a"), users) == ["odd", "web01"]
    assert users_of(DatastorePath("ssd", "a/x.vmdk"), users) == ["web01"]
    assert users_of(DatastorePath("ssd", "b"), users) == []
