# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Migration: what is said to a vCenter for each wish, what is there already, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import Ambiguous, EsxError, NotFound, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.migrate import (
    ComputeSpot,
    HostSpot,
    Inventory,
    Move,
    Objection,
    Place,
    PoolSpot,
    Wish,
    arrive,
    plan,
    refused,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.state import Vm

WEB = Vm(name="web01", moid="vm-1")


def host(moid: str, compute: str, *datastores: str, **more: Any) -> HostSpot:
    return HostSpot(moid=moid, name=f"esx-{moid}", compute=compute, datastores=frozenset(datastores), **more)


def pool(moid: str, path: str, compute: str) -> PoolSpot:
    return PoolSpot(moid=moid, name=path.rpartition("/")[2], path=path, compute=compute)


HOSTS = (
    host("a1", "a", "s1", "s2"),
    host("a2", "a", "s1", "s3"),
    host("b1", "b", "s1", "s2b"),
    host("b2", "b", "s1", unusable="disconnected"),
)
POOLS = (
    pool("pa", "Resources", "a"),
    pool("pa1", "web", "a"),
    pool("pa2", "web/blue", "a"),
    pool("pb", "Resources", "b"),
    pool("pb1", "web", "b"),
    pool("pb2", "green", "b"),
)
INVENTORY = Inventory(
    hosts={one.moid: one for one in HOSTS},
    computes={name: ComputeSpot(moid=name, name=f"cluster-{name}", pool=f"p{name}") for name in "ab"},
    pools={one.moid: one for one in POOLS},
    datastores={"s1": "shared", "s2": "fast", "s2b": "fast", "s3": "slow"},
)
HERE = Place(host="a1", pool="pa1", datastores=frozenset({"s1"}), files=frozenset({"shared"}))


def wish(**given: str) -> Wish:
    return Wish(
        host=given.get("host"),
        cluster=given.get("cluster"),
        pool=given.get("pool"),
        datastore=given.get("datastore"),
        priority="default",
    )


CASES: list[tuple[dict[str, str], Move]] = [
    ({"host": "esx-a1"}, Move()),
    ({"host": "esx-a2"}, Move(host="a2")),
    ({"host": "esx-b1"}, Move(host="b1", pool="pb")),
    ({"host": "esx-b1", "pool": "green"}, Move(host="b1", pool="pb2")),
    ({"host": "esx-a2", "pool": "web/blue"}, Move(host="a2", pool="pa2")),
    ({"cluster": "cluster-a"}, Move()),
    ({"cluster": "cluster-b"}, Move(pool="pb")),
    ({"cluster": "cluster-b", "host": "esx-b1"}, Move(host="b1", pool="pb")),
    ({"pool": "web"}, Move()),
    ({"pool": "blue"}, Move(pool="pa2")),
    ({"pool": "Resources"}, Move(pool="pa")),
    ({"pool": "green"}, Move(pool="pb2")),
    ({"cluster": "cluster-b", "pool": "web"}, Move(pool="pb1")),
    ({"datastore": "shared"}, Move()),
    ({"datastore": "fast"}, Move(datastore="s2")),
    ({"datastore": "slow", "host": "esx-a2"}, Move(host="a2", datastore="s3")),
    ({"datastore": "fast", "host": "esx-b1"}, Move(host="b1", pool="pb", datastore="s2b")),
    ({"datastore": "fast", "cluster": "cluster-b"}, Move(pool="pb", datastore="s2b")),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_what_is_said_is_what_becomes_another(given: dict[str, str], expected: Move) -> None:
    assert plan(WEB, HERE, wish(**given), INVENTORY) == expected


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_what_has_arrived_is_not_moved_again(given: dict[str, str], expected: Move) -> None:
    there = arrive(HERE, expected, INVENTORY)
    if there.host is None:
        # The vCenter has chosen.
        there = replace(there, host="b1")

    assert plan(WEB, there, wish(**given), INVENTORY) == Move()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"host": "esx-b2"}, PlanError, "the host is disconnected"),
        ({"host": "esx-a1", "cluster": "cluster-b"}, PlanError, "is not part of 'cluster-b'"),
        ({"host": "nowhere"}, NotFound, "there are 'esx-a1', 'esx-a2', 'esx-b1', 'esx-b2'"),
        ({"host": "esx-a1", "pool": "green"}, NotFound, "there are 'Resources', 'web', 'web/blue'"),
        ({"datastore": "slow"}, NotFound, "there are fast, shared"),
    ],
)
def test_what_cannot_be_is_said(given: dict[str, str], error: type[EsxError], says: str) -> None:
    with pytest.raises(error, match=says):
        plan(WEB, HERE, wish(**given), INVENTORY)


def test_names_that_several_bear_are_listed() -> None:
    twins = replace(INVENTORY, pools={**INVENTORY.pools, "pa9": pool("pa9", "old/blue", "a")})

    with pytest.raises(Ambiguous, match="2 answer to 'blue': moid pa2, pa9"):
        plan(WEB, HERE, wish(pool="blue"), twins)
    assert plan(WEB, HERE, wish(pool="old/blue"), twins) == Move(pool="pa9")


def test_an_image_elsewhere_does_not_bring_the_files_there() -> None:
    with_image = replace(HERE, datastores=frozenset({"s1", "s2"}))

    assert plan(WEB, with_image, wish(datastore="shared"), INVENTORY) == Move()
    assert plan(WEB, with_image, wish(datastore="fast"), INVENTORY) == Move(datastore="s2")


def test_a_failure_has_all_that_was_said_and_a_warning_is_none() -> None:
    error = Objection(message="no", is_error=True, kind="MigrationErrorEvent")
    warning = Objection(message="well", is_error=False, kind="MigrationWarningEvent")
    failure = refused(WEB, [warning, error, replace(error, message="never")])

    assert refused(WEB, [warning]) is None
    assert str(failure) == "web01 (moid vm-1) cannot be moved: no; never"
    assert failure is not None
    assert [one["message"] for one in failure.details["validation"]] == ["well", "no", "never"]


def test_a_place_is_shown_by_names() -> None:
    assert INVENTORY.shown(HERE) == {
        "host": "esx-a1",
        "cluster": "cluster-a",
        "pool": "web",
        "datastores": ["shared"],
    }
    assert INVENTORY.shown(arrive(HERE, Move(pool="pb"), INVENTORY)) == {
        "host": None,
        "cluster": "cluster-b",
        "pool": "Resources",
        "datastores": ["shared"],
    }
