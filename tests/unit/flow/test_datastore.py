# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be changed of a datastore: laws of the plan over many wishes, and the cases of several hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.datastore_plan import (
    Have,
    diff_of,
    meant,
    plan,
    shown,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.datastore_wish import DatastoreWish
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("one", "two", "three")
DISKS = ("naa.a", "naa.b", "naa.c")
PATHS = ("/vm", "/iso")


def fact(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return what of a datastore's facts is looked at."""
    nfs = {"remote_hosts": ["nas"], "remote_path": more.get("path", "/vm"), "security_type": None}
    vmfs = {"version": "6.82", "extents": [{"disk": disk, "partition": 1} for disk in more.get("disks", ())]}
    return {
        "name": name,
        "moid": f"store-{name}",
        "type": kind,
        "access_mode": "read-write",
        "maintenance_mode": more.get("mode", "normal"),
        "nfs": nfs if kind.startswith("nfs") else None,
        "vmfs": vmfs if kind == "vmfs" else None,
        "hosts": [],
    }


def have(*stores: dict[str, Any], **more: Any) -> Have:
    return Have(**{"host": "esx1", "moid": "host-1", "is_vcenter": False, "stores": stores, **more})


@st.composite
def hosts(draw: st.DrawFn) -> Have:
    """Hosts on which no disk bears two datastores, and no export is mounted twice."""
    free, paths, stores = list(DISKS), [(kind, path) for kind in ("nfs", "nfs41") for path in PATHS], []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        if draw(st.booleans()) and free:
            disks = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
            free = [disk for disk in free if disk not in disks]
            stores.append(fact(name, "vmfs", disks=disks))
        else:
            kind, path = paths.pop(draw(st.integers(0, len(paths) - 1)))
            stores.append(fact(name, kind, path=path))
    return have(*stores)


WISHES = st.one_of(
    st.builds(
        lambda name, new_name, kind, path: DatastoreWish(
            name=name, new_name=new_name, type=kind, remote_hosts=("nas",), remote_path=path
        ),
        st.sampled_from(NAMES),
        st.sampled_from((None, *NAMES)),
        st.sampled_from(("nfs", "nfs41")),
        st.sampled_from(PATHS),
    ),
    st.builds(
        lambda name, new_name, disks: DatastoreWish(name=name, new_name=new_name, type="vmfs", disks=tuple(disks)),
        st.sampled_from(NAMES),
        st.sampled_from((None, *NAMES)),
        st.lists(st.sampled_from(DISKS), unique=True),
    ),
    st.builds(
        lambda name, destroy: DatastoreWish(name=name, present=False, destroy=destroy),
        st.sampled_from(NAMES),
        st.booleans(),
    ),
)


def afterwards(there: Have, wish: DatastoreWish) -> Have:
    """Return the host as the difference says that it is then."""
    store = meant(there, wish)
    _before, after = diff_of(store, plan(there, wish))
    others = [one for one in there.stores if one is not store]
    if not after:
        return have(*others)
    made = fact(after["name"], after["type"], path=after.get("remote_path"), disks=after.get("disks", ()))
    return have(*others, made)


@settings(max_examples=200)
@given(hosts(), WISHES)
def test_what_a_plan_promises_needs_no_other_plan(there: Have, wish: DatastoreWish) -> None:
    try:
        changes = plan(there, wish)
    except EsxError:
        return
    if changes:
        then = afterwards(there, wish)

        assert plan(then, wish) == ()
        # Nobody else's is touched.
        untouched = {one["moid"] for one in there.stores if one is not meant(there, wish)}
        assert untouched <= {one["moid"] for one in then.stores}
    else:
        assert diff_of(meant(there, wish), changes) == ({}, {})


@settings(max_examples=100)
@given(hosts(), WISHES)
def test_only_what_says_so_destroys(there: Have, wish: DatastoreWish) -> None:
    try:
        verbs = {change.verb for change in plan(there, wish)}
    except EsxError:
        return

    assert "destroy" not in verbs or (wish.destroy and not wish.present)
    assert not verbs & {"mount", "create"} or meant(there, wish) is None
    assert "unmount" not in verbs or not wish.present


NFS = DatastoreWish(name="one", type="nfs", remote_hosts=("nas",), remote_path="/vm")


def test_another_hosts_datastore_of_the_name_must_be_the_same() -> None:
    assert [change.verb for change in plan(have(others=[fact("one", "nfs")]), NFS)] == ["mount"]
    with pytest.raises(
        PlanError, match="another host of the datacenter has a datastore 'one' already, and it is a VMFS"
    ):
        plan(have(others=[fact("one", "vmfs", disks=["naa.a"])]), NFS)


@pytest.mark.parametrize(
    ("kind", "host", "refused"), [("nfs", "host-2", False), ("nfs", "host-1", True), ("vmfs", "host-2", True)]
)
def test_machines_of_other_hosts_keep_an_export_and_lose_a_vmfs(kind: str, host: str, refused: bool) -> None:
    users = {"store-one": [{"name": "web01", "moid": "vm-1", "host": host}]}
    there = have(fact("one", kind, disks=["naa.a"]), users=users)
    wish = DatastoreWish(name="one", present=False, destroy=True)
    if not refused:
        assert [change.verb for change in plan(there, wish)] == ["unmount"]
        return
    with pytest.raises(PlanError, match="web01") as error:
        plan(there, wish)
    assert error.value.failure()["in_use"] == [{"name": "web01", "moid": "vm-1"}]


def test_maintenance_that_is_on_its_way_is_waited_for_by_hand() -> None:
    there = have(fact("one", "nfs", mode="entering"), is_vcenter=True)
    with pytest.raises(PlanError, match="already"):
        plan(there, DatastoreWish(name="one", maintenance_mode=True))
    assert [change.verb for change in plan(there, DatastoreWish(name="one", maintenance_mode=False))] == ["leave"]


@pytest.mark.parametrize("kind", ["vsan", "vvol", "pmem", "local", "other"])
def test_what_no_host_removes(kind: str) -> None:
    with pytest.raises(PlanError, match=kind):
        plan(have(fact("one", kind)), DatastoreWish(name="one", present=False, destroy=True))


def test_a_difference_shows_what_it_lies_on() -> None:
    there = have(fact("one", "vmfs", disks=["naa.a"]))
    wish = DatastoreWish(name="one", new_name="two", type="vmfs", disks=("naa.a", "naa.b"))

    before, after = diff_of(there.stores[0], plan(there, wish))

    assert (
        before
        == shown(there.stores[0])
        == {"name": "one", "type": "vmfs", "maintenance_mode": "normal", "disks": ["naa.a"]}
    )
    assert after == {**before, "name": "two", "disks": ["naa.a", "naa.b"]}
