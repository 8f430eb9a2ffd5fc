# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_datastore_info on a simulated host: the facts, who is meant, and how many requests it took."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.datastores import facts_of
from ansible_collections.virt.esx.plugins.module_utils._vi.reader import Row
from ansible_collections.virt.esx.plugins.modules import esx_datastore_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of
from pyVmomi import vim

GIB = 1024**3
STORES: list[dict[str, Any]] = [
    {"name": "datastore1", "capacity_gib": 10, "free_gib": 4},
    {"name": "nas01", "kind": "nfs", "remote_host": "nas.example.com", "remote_path": "/export/vm"},
    {"name": "scratch", "kind": "local"},
    {"name": "lost01", "accessible": False},
]


def world() -> World:
    return world_of(datastores=STORES)


def one(**given: Any) -> dict[str, Any]:
    outcome = run(esx_datastore_info, world(), **given)
    assert outcome.error is None, outcome.error
    found: dict[str, Any] = outcome.result["datastore"]
    return found


def test_a_vmfs_and_its_pool() -> None:
    fact = one(name="datastore1")

    assert (fact["type"], fact["accessible"], fact["access_mode"]) == ("vmfs", True, "read-write")
    assert (fact["capacity_bytes"], fact["free_bytes"], fact["provisioned_bytes"]) == (10 * GIB, 4 * GIB, 6 * GIB)
    assert fact["path"] == "/ha-datacenter/datastore/datastore1"
    assert fact["vmfs"]["block_size_bytes"] == 1024**2
    assert [part["partition"] for part in fact["vmfs"]["extents"]] == [1]
    assert [host["name"] for host in fact["hosts"]] == ["esx1.example.com"]
    assert fact["uuid"].replace("-", "") == hashlib.md5(fact["mount_path"].encode()).hexdigest()
    pool = fact["pool"]
    assert (pool["state"], pool["type"], pool["format"]) == ("running", "fs", "vmfs")
    assert (pool["capacity"], pool["allocation"], pool["available"]) == (10 * GIB, 6 * GIB, 4 * GIB)


def test_a_datastore_on_a_file_server() -> None:
    fact = one(name="nas01")

    assert (fact["type"], fact["vmfs"]) == ("nfs", None)
    assert fact["nfs"]["remote_hosts"] == ["nas.example.com"]
    pool = fact["pool"]
    assert (pool["type"], pool["format"]) == ("netfs", "nfs")
    assert (pool["source_host"], pool["source_dir"]) == ("nas.example.com", "/export/vm")


def test_a_local_one_and_one_that_is_lost() -> None:
    local, lost = one(name="scratch"), one(name="lost01")

    assert (local["type"], local["pool"]["type"], local["pool"]["format"]) == ("local", "dir", None)
    assert (lost["accessible"], lost["pool"]["state"]) == (False, "inaccessible")
    assert (lost["pool"]["capacity"], lost["pool"]["allocation"], lost["pool"]["available"]) == (0, 0, 0)


def test_each_way_to_say_which_one() -> None:
    fact = one(name="nas01")

    assert one(moid=fact["moid"]) == fact
    assert one(uuid=fact["uuid"].upper().replace("-", "")) == fact


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, {"datastore1", "nas01", "scratch", "lost01"}),
        ({"names": ["scratch", "nas01", "scratch"]}, {"scratch", "nas01"}),
        ({"query": "[?type=='vmfs' && accessible]"}, {"datastore1"}),
        ({"query": "[?type=='vsan']"}, set()),
        ({"esxi_hostname": "esx1.example.com", "datacenter": "ha-datacenter"}, {store["name"] for store in STORES}),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_several_in_one_read(given: dict[str, Any], names: set[str], check_mode: bool) -> None:
    there = world()

    outcome = run(esx_datastore_info, there, check_mode=check_mode, **given)

    assert {fact["name"] for fact in outcome.result["datastores"]} == names
    assert "datastore" not in outcome.result
    assert outcome.result["changed"] is False
    assert called(there, "RetrievePropertiesEx") == 1


def test_names_keep_their_order() -> None:
    outcome = run(esx_datastore_info, world(), names=["scratch", "nas01"])

    assert [fact["name"] for fact in outcome.result["datastores"]] == ["scratch", "nas01"]


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"name": "nowhere"}, "not_found", "there are 'datastore1', 'lost01', 'nas01', 'scratch'"),
        ({"names": ["nas01", "x", "y"]}, "not_found", "no datastore has the name 'x', 'y'"),
        ({"uuid": "none"}, "not_found", "no datastore has the uuid"),
        ({"name": ""}, "option", "'name' is empty"),
        ({"names": ["nas01", ""]}, "option", "'names' is empty or holds"),
        ({"query": "[].name"}, "option", "'query' must yield datastores"),
        ({"esxi_hostname": "other"}, "not_found", "there is no ESXi host 'other'"),
        ({"datacenter": "other"}, "not_found", "there is no datacenter 'other'"),
    ],
)
def test_what_cannot_be_found(given: dict[str, Any], kind: str, says: str) -> None:
    outcome = run(esx_datastore_info, world(), **given)

    assert outcome.kind == kind
    assert says in str(outcome.error)


def test_a_datastore_that_no_host_has_mounted_has_no_uuid_to_be_found_by() -> None:
    there = world()
    there.of_type("Datastore")[0].set("host", [])

    assert run(esx_datastore_info, there, uuid="none").kind == "not_found"
    assert run(esx_datastore_info, there, name="datastore1").result["datastore"]["uuid"] is None


def test_one_name_in_two_datacenters_is_not_guessed() -> None:
    there = world_of(datastores=[{"name": "datastore1"}, {"name": "datastore2"}])
    for store in there.of_type("Datastore"):
        store.set("name", "same")

    outcome = run(esx_datastore_info, there, name="same")

    assert outcome.kind == "ambiguous"
    assert len(outcome.failure["candidates"]) == 2


def row(kind: str, info: Any = None, *mounts: Any) -> Row:
    summary = vim.Datastore.Summary(
        name="store", url="ds:///vmfs/volumes/x/", type=kind, accessible=True, capacity=10, freeSpace=4, uncommitted=7
    )
    hosts = [
        vim.Datastore.HostMount(key=vim.HostSystem(f"host-{number}"), mountInfo=mount)
        for number, mount in enumerate(mounts)
    ]
    return Row("Datastore", "datastore-1", {"name": "store", "summary": summary, "info": info, "host": hosts})


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("vsan", "vsan"),
        ("VVOL", "vvol"),
        ("PMEM", "pmem"),
        ("NFS41", "nfs41"),
        ("CIFS", "cifs"),
        ("VFFS", "other"),
        ("OTHER", "other"),
    ],
)
def test_every_type_has_facts(said: str, ours: str) -> None:
    fact = facts_of(row(said), {}, path=None)

    assert (fact["type"], fact["provisioned_bytes"]) == (ours, 13)
    assert (fact["mount_path"], fact["uuid"], fact["access_mode"], fact["hosts"]) == (None, None, None, [])
    assert fact["pool"]["type"] == ("netfs" if ours == "cifs" else None)
    assert differences("esx_datastore_info", {"datastores": [fact], "changed": False}) == []


def test_nfs_41_has_several_servers() -> None:
    nas = vim.host.NasVolume(
        type="NFS41",
        name="store",
        capacity=10,
        remoteHost="192.0.2.1",
        remotePath="/export",
        remoteHostNames=["192.0.2.1", "192.0.2.2"],
        securityType="SEC_KRB5",
        userName="esx",
    )

    fact = facts_of(row("NFS41", vim.host.NasDatastoreInfo(name="store", nas=nas)), {}, path=None)

    assert fact["nfs"] == {
        "remote_host": "192.0.2.1",
        "remote_hosts": ["192.0.2.1", "192.0.2.2"],
        "remote_path": "/export",
        "security_type": "SEC_KRB5",
        "username": "esx",
    }
    # libvirt has no word for it.
    assert fact["pool"]["source_host"] is None


def test_where_hosts_differ_the_named_one_counts() -> None:
    mount: Any = vim.host.MountInfo
    lost = mount(path="/a", accessMode="readWrite", mounted=True, accessible=False, inaccessibleReason="APD_start")
    there = mount(path="/b", accessMode="readOnly", mounted=True, accessible=True)
    names = {"host-0": "first", "host-1": "second"}
    both = row("VMFS", None, lost, there)

    either, first = facts_of(both, names, path=None), facts_of(both, names, path=None, esxi_hostname="first")

    assert (either["mount_path"], either["access_mode"]) == ("/b", "read-only")
    assert (first["mount_path"], first["access_mode"]) == ("/a", "read-write")
    assert first["hosts"][0]["reason"] == "APD_start"
