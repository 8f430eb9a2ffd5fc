# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host offers to new machines, read in one round trip; what it does not have is said with what it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import (
    Ambiguous,
    EsxError,
    NotFound,
    OptionError,
    PlanError,
)
from ansible_collections.virt.esx.plugins.module_utils._vi.environment import (
    Advice,
    Environment,
    check_hardware,
    environment_of,
)
from ansible_collections.virt.esx.plugins.module_utils._vi.files import Files
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.module_utils._vi.reader import Row
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.worlds import called, host_of, world_of

STORES = [
    {"name": "datastore1", "capacity_gib": 100, "free_gib": 40, "files": {"a/b.txt": "hello"}},
    {"name": "away", "accessible": False},
]
NETWORKS = [{"name": "VM Network"}, {"name": "DMZ/1 %"}]


@contextmanager
def a_host(**more: Any) -> Iterator[tuple[Host, Environment]]:
    with host_of(world_of({"name": "web01"}, **{"datastores": STORES, "networks": NETWORKS, **more})) as host:
        yield host, host.survey()[1]


def test_a_survey_tells_all_of_it_in_one_round_trip() -> None:
    world = world_of({"name": "web01"}, datastores=STORES, networks=NETWORKS)
    with host_of(world) as host:
        known, environment = host.survey()

    assert called(world, "RetrievePropertiesEx") == 1
    assert [one.vm.name for one in known] == ["web01"]
    assert environment.datacenter == "ha-datacenter"
    assert environment.networks == {"VM Network", "DMZ/1 %"}
    assert environment.datastores["datastore1"].free_bytes == 40 * 2**30
    assert environment.datastores["datastore1"].mount_path.startswith("/vmfs/volumes/")
    assert not environment.datastores["away"].accessible


def test_a_datastore_that_is_not_there_is_named_with_those_that_are() -> None:
    with a_host() as (_host, environment):
        assert environment.datastore("datastore1").accessible
        with pytest.raises(NotFound, match="'ds9'; there are 'away', 'datastore1'"):
            environment.datastore("ds9")
        with pytest.raises(PlanError, match="'away' is not accessible"):
            environment.datastore("away")


def test_the_only_datastore_needs_not_be_named() -> None:
    with a_host() as (_host, environment):
        assert environment.only_datastore().name == "datastore1"


@pytest.mark.parametrize(
    ("stores", "says"),
    [([{"name": "a"}, {"name": "b"}], "there are 'a', 'b'"), ([{"name": "a", "accessible": False}], "there are none")],
)
def test_which_of_several_datastores_is_meant_is_asked(stores: list[dict[str, Any]], says: str) -> None:
    # A machine lies on the first.
    with host_of(world_of(datastores=stores)) as host:
        environment = host.survey()[1]

    with pytest.raises(OptionError, match=f"Give 'datastore'; {says}"):
        environment.only_datastore()


def test_networks_that_are_not_there_are_named_with_those_that_are() -> None:
    with a_host() as (_host, environment):
        environment.check_networks(["VM Network", "DMZ/1 %"])
        with pytest.raises(NotFound, match="no network 'a', 'b'; there are 'DMZ/1 %', 'VM Network'"):
            environment.check_networks(["b", "a", "VM Network", "a"])


@pytest.mark.parametrize(
    ("version", "guest_id", "says"),
    [
        (90, None, "hardware version 90 is wanted, and this host does not know it"),
        (None, "nothing", "guest_id 'nothing' is wanted"),
        (19, "nothing", "guest_id 'nothing' is wanted, and this host does not know it with virtual hardware vmx-19"),
    ],
)
def test_hardware_and_guests_that_a_host_does_not_know(version: int | None, guest_id: str | None, says: str) -> None:
    with a_host() as (host, environment), pytest.raises(PlanError, match=says):
        check_hardware(host.session, environment, version, guest_id)


@pytest.mark.parametrize("guest_id", ["rhel9-64", None])
@pytest.mark.parametrize("version", [19, None])
def test_hardware_and_guests_that_a_host_knows(version: int | None, guest_id: str | None) -> None:
    with a_host() as (host, environment):
        advice = check_hardware(host.session, environment, version, guest_id)

    # Without a version it is the host's own choice.
    assert advice.hardware_version == (version or 21)
    assert (advice.network_card is None) is (guest_id is None)


def test_a_server_that_cannot_say_it_properly_judges_for_itself() -> None:
    world = world_of()
    world.faults.add(FaultRule(method="QueryConfigOptionEx", action="garbage", count=None))
    with host_of(world) as host:
        assert check_hardware(host.session, host.survey()[1], 19, "rhel9-64") == Advice()


def test_another_fault_is_no_answer() -> None:
    world = world_of()
    world.faults.add(FaultRule(method="QueryConfigOptionEx", action="fault NoPermission"))
    with host_of(world) as host, pytest.raises(EsxError):
        check_hardware(host.session, host.survey()[1], 19, None)


def row(type_name: str, moid: str, **values: Any) -> Row:
    return Row(type_name, moid, values)


class Reference:
    """What stands for a managed object where only its id is looked at."""

    def __init__(self, moid: str) -> None:
        self._moId = moid


class NoSession:
    """A session that is only asked for references."""

    def reference(self, _type_name: str, moid: str) -> Reference:
        """Make one."""
        return Reference(moid)


def a_center(*hosts: str, centers: tuple[str, ...] = ("dc1",)) -> list[Row]:
    rows = [row("Datacenter", f"dc-{name}", name=name, vmFolder=Reference("f")) for name in centers]
    rows.append(row("Folder", "hosts", name="host", parent=Reference(f"dc-{centers[0]}")))
    rows.append(row("Folder", "rack", name="rack", parent=Reference("hosts")))
    compute = {"resourcePool": Reference("p"), "environmentBrowser": Reference("b"), "parent": Reference("rack")}
    rows.append(row("ClusterComputeResource", "c-1", name="Cluster %2f 1", **compute))
    for name in hosts:
        near = {"datastore": [Reference(f"ds-{name}")], "network": [Reference("net"), Reference("gone")]}
        rows.append(row("HostSystem", name, name=name, parent=Reference("c-1"), **near))
        rows.append(row("Datastore", f"ds-{name}", name=f"store-{name}"))
    return [*rows, row("Network", "net", name="VM%2fNetwork")]


def of(rows: list[Row], *, datacenter: str | None = None, esxi_hostname: str | None = None) -> Environment:
    session: Any = NoSession()
    return environment_of(session, rows, datacenter=datacenter, esxi_hostname=esxi_hostname)


def test_a_vcenter_is_narrowed_to_one_host() -> None:
    found = of(a_center("esx1", "esx2"), esxi_hostname="esx2")

    assert (found.compute, found.datacenter) == ("dc1/host/rack/Cluster %2f 1", "dc1")
    assert list(found.datastores) == ["store-esx2"]
    assert found.networks == {"VM/Network"}
    assert not found.datastores["store-esx2"].accessible


@pytest.mark.parametrize(
    ("rows", "options", "error", "says"),
    [
        (a_center("esx1", "esx2"), {}, Ambiguous, "Give 'esxi_hostname': there are 'esx1', 'esx2'"),
        (a_center("esx1", centers=("a", "b")), {}, Ambiguous, "Give 'datacenter': there are 'a', 'b'"),
        (a_center("esx1"), {"esxi_hostname": "esx9"}, NotFound, "'esxi_hostname' names nothing .* 'esx1'"),
        (a_center("esx1"), {"datacenter": "dc9"}, NotFound, "'datacenter' names nothing .* 'dc1'"),
        (a_center(), {}, NotFound, "there are none"),
    ],
)
def test_which_host_is_meant_is_never_guessed(
    rows: list[Row], options: dict[str, str], error: type[EsxError], says: str
) -> None:
    with pytest.raises(error, match=says):
        of(rows, **options)


def test_files_are_looked_for_read_and_never_overwritten() -> None:
    with a_host() as (host, environment):
        files = Files.of(host.session, environment, timeout=60)
        old, new = DatastorePath("datastore1", "a/b.txt"), DatastorePath("datastore1", "new/ö #?%.txt")

        assert (files.exists(old), files.exists(new)) == (True, False)
        assert files.get(old) == b"hello"
        with pytest.raises(EsxError, match="FileAlreadyExists"):
            files.put_new(old, b"other")
        assert files.get(old) == b"hello"
        files.make_folder(new.parent)
        files.make_folder(new.parent)
        files.put_new(new, b"content")
        assert files.get(new) == b"content"
        files.delete(new)
        files.delete(new)
        with pytest.raises(NotFound, match="new/ö"):
            files.get(new)
    left = {path for store in host.session.stub._world.world.of_type("Datastore") for path, _file in store.files}
    assert {path for path in left if not path.startswith("web01/")} == {"a/b.txt"}


def test_a_full_datastore_is_said_and_nothing_is_left_there() -> None:
    world = world_of(datastores=STORES)
    world.faults.add(FaultRule(method="PUT", action="disk-full"))
    with host_of(world) as host:
        files = Files.of(host.session, host.survey()[1], timeout=60)
        with pytest.raises(EsxError, match="the datastore is full"):
            files.put_new(DatastorePath("datastore1", "a/c.txt"), b"c")

    assert {path for store in world.of_type("Datastore") for path, _file in store.files} == {"a/b.txt"}


def test_a_session_that_ended_is_renewed_for_a_file() -> None:
    world = world_of(datastores=STORES)
    with host_of(world) as host:
        files = Files.of(host.session, host.survey()[1], timeout=60)
        host.session.stub.forget_session()

        assert files.get(DatastorePath("datastore1", "a/b.txt")) == b"hello"
