# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about the iSCSI targets and disks of one simulated host."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.virt.esx.plugins.modules import esx_iscsi
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.test_collections import Control
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, Virsh
from ansible_collections.virt.esx.tests.support.worlds import run

Record = Callable[[str, object], None]
ONE, TWO, THREE = (f"iqn.2026-01.com.example:{word}" for word in ("one", "two", "three"))
SCENARIO: dict[str, Any] = {
    "datastores": [{"name": "datastore1"}, {"name": "iscsi01"}],
    "iscsi": {
        "send_targets": ["192.0.2.20"],
        "targets": [
            {"name": ONE, "portals": ["192.0.2.20"], "luns": [{"datastore": "iscsi01"}, {"lun": 1, "capacity_gib": 7}]},
            {"name": TWO, "portals": ["192.0.2.20", "192.0.2.21:3261"], "luns": [{"lun": 4, "capacity_gib": 9}]},
            {"name": THREE, "portals": ["192.0.2.30"], "luns": [{"lun": 9, "capacity_gib": 11}]},
        ],
    },
}


def ours(server: Server, **given: Any) -> dict[str, Any]:
    """Run our module on the host that is served; its result."""
    outcome = run(esx_iscsi, server.world, **given)
    assert outcome.error is None, outcome.error
    return dict(outcome.result)


def words(done: Done) -> dict[str, str]:
    """Return what virsh says line by line, by the word before the colon."""
    return dict(re.findall(r"^(\w+): +(.+)$", done.stdout, re.MULTILINE))


def volumes(result: dict[str, Any], pool: str) -> dict[str, dict[str, Any]]:
    """Return our volumes of a pool, by their names."""
    every = [volume for lun in result["luns"] for volume in lun["volumes"]]
    return {volume["name"]: volume for volume in every if volume["pool"] == pool}


def test_virsh_has_the_same_pools(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "pool-list, pool-info, pool-uuid, pool-name, pool-dumpxml on iSCSI")
    targets = ours(virsh.server)["targets"]

    listed = virsh("pool-list", "--all", "--name").stdout.split()
    # libvirt errs: a target with two portals is two pools of one name.
    assert sorted(listed) == sorted(["datastore1", "iscsi01", *(target["name"] for target in targets)])
    assert listed.count(TWO) == 2
    for name in (ONE, TWO):
        first = next(target for target in targets if target["name"] == name)["pool"]
        assert virsh("pool-uuid", name).stdout.strip() == first["uuid"]
        assert virsh("pool-name", first["uuid"]).stdout.strip() == name
        said = words(virsh("pool-info", "--bytes", name))
        assert said["State"] == first["state"]
        sizes = [int(said[word]) for word in ("Capacity", "Allocation", "Available")]
        assert sizes == [first["capacity"], first["allocation"], first["available"]]
        xml = ET.fromstring(virsh("pool-dumpxml", name).stdout)
        assert (xml.get("type"), xml.findtext("name"), xml.findtext("uuid")) == (first["type"], name, first["uuid"])
        host = xml.find("source/host")
        assert host is not None
        assert (host.get("name"), int(host.get("port", ""))) == (first["source_host"], first["source_port"])
    assert virsh.server.world.errors == []


def test_virsh_has_the_same_volumes(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "vol-list, vol-info, vol-dumpxml, vol-key, vol-path on iSCSI")
    result = ours(virsh.server)

    for pool in (ONE, TWO):
        expected = volumes(result, pool)
        listed = {line.split()[0] for line in virsh("vol-list", pool).stdout.splitlines()[2:] if line.strip()}
        assert listed == set(expected)
        for name, volume in expected.items():
            said = words(virsh("vol-info", "--bytes", name, "--pool", pool))
            assert said["Type"] == volume["type"]
            sizes = [int(said[word].split()[0]) for word in ("Capacity", "Allocation")]
            assert sizes == [volume["capacity"], volume["allocation"]]
            xml = ET.fromstring(virsh("vol-dumpxml", name, "--pool", pool).stdout)
            assert (xml.get("type"), xml.findtext("name"), xml.findtext("key")) == ("block", name, volume["key"])
            assert xml.findtext("target/path") == volume["path"]
            assert [int(xml.findtext(word, "")) for word in ("capacity", "allocation")] == sizes
            assert virsh("vol-key", name, "--pool", pool).stdout.strip() == volume["key"]
            assert virsh("vol-path", name, "--pool", pool).stdout.strip() == volume["path"]
    assert virsh.server.world.errors == []


def test_where_virsh_errs_about_disks(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "vol-pool, vol-info of another pool, vol-delete, vol-wipe, vol-create-as on iSCSI")
    result = ours(virsh.server)
    (theirs,) = volumes(result, TWO)
    first = min(volumes(result, ONE))

    # It looks at the first target of each adapter only.
    assert virsh("vol-pool", first).stdout.strip() == ONE
    assert virsh("vol-pool", theirs).returncode == 1
    # It finds a disk by its name in any pool.
    assert virsh("vol-info", theirs, "--pool", ONE).returncode == 0
    assert theirs not in volumes(result, ONE)
    for command in (
        ["vol-delete", first, "--pool", ONE],
        ["vol-wipe", first, "--pool", ONE],
        ["vol-create-as", ONE, "more", "1G"],
    ):
        done = virsh(*command)
        assert (done.returncode, "not supported" in done.stderr) == (1, True)
    assert virsh.server.world.errors == []


def test_virsh_finds_what_ours_has_added(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "pool-list, pool-refresh, vol-list after a change")
    target: dict[str, Any] = {"static_targets": [{"name": THREE, "address": "192.0.2.30"}], "rescan": "never"}
    ours(virsh.server, **target)

    assert THREE in virsh("pool-list", "--name").stdout.split()
    assert len(virsh("vol-list", THREE).stdout.splitlines()) <= 3
    assert virsh("pool-refresh", THREE).returncode == 0
    (volume,) = volumes(ours(virsh.server), THREE)
    assert volume in virsh("vol-list", THREE).stdout

    ours(virsh.server, **{**target, "state": "absent", "rescan": "changed"})
    assert THREE not in virsh("pool-list", "--name").stdout.split()
    ours(virsh.server, enabled=False, force=True)
    # Without an adapter it has no such pools.
    assert virsh("pool-list", "--name").stdout.split() == ["datastore1", "iscsi01"]


def test_govc_says_the_same(govc: Govc, record_property: Record) -> None:
    record_property("command", "host.storage.info -t hba, -t lun, -rescan, -rescan-vmfs, -refresh")
    result = ours(govc.server, alias="first")

    done = govc("host.storage.info", "-t", "hba", "-json")
    assert done.returncode == 0, done.stderr
    device = json.loads(done.stdout)["storageDeviceInfo"]
    (hba,) = [one for one in device["hostBusAdapter"] if "iScsiName" in one]
    adapter = result["adapter"]
    assert [hba[name] for name in ("device", "model", "driver", "status", "iScsiName", "iScsiAlias")] == [
        adapter[name] for name in ("device", "model", "driver", "status", "name", "alias")
    ]
    assert [(one["iScsiName"], one["address"], one["port"]) for one in hba["configuredStaticTarget"]] == [
        (one["name"], one["address"], one["port"]) for one in result["targets"]
    ]
    assert device["softwareInternetScsiEnabled"] == result["enabled"]
    sizes = {one["deviceName"]: one["capacity"]["block"] * one["capacity"]["blockSize"] for one in device["scsiLun"]}
    assert sizes.items() >= {lun["device_name"]: lun["capacity_bytes"] for lun in result["luns"]}.items()
    lines = govc("host.storage.info", "-t", "hba").stdout
    assert re.search(rf"^{adapter['device']} +{adapter['driver']} +online +{adapter['model']}", lines, re.MULTILINE)
    assert govc.server.world.errors == []


def test_govc_rescans(govc: Govc, record_property: Record) -> None:
    record_property("command", "host.storage.info -rescan -rescan-vmfs -refresh")
    target: dict[str, Any] = {"static_targets": [{"name": THREE, "address": "192.0.2.30"}], "rescan": "never"}
    before = ours(govc.server, **target)

    shown = govc("host.storage.info", "-t", "lun", "-rescan", "-rescan-vmfs", "-refresh").stdout
    after = ours(govc.server)

    assert len(after["luns"]) == len(before["luns"]) + 1
    assert all(lun["device_name"] in shown for lun in after["luns"])
    assert govc.server.world.errors == []


COMMUNITY = "community.vmware.vmware_host_iscsi"


def test_community_host_iscsi_and_ours_see_each_others_work(
    server: Server, tmp_path: pathlib.Path, record_property: Record
) -> None:
    control = Control(server, tmp_path, record_property)
    control.release(COMMUNITY)
    host = {"esxi_hostname": "esx1.example.com"}
    static = {"iscsi_name": THREE, "address": "192.0.2.30", "port": 3260}
    config = {"vmhba_name": "vmhba64", "iscsi_name": "iqn.2026-01.com.example:esx", "alias": "theirs"}
    theirs = [{**host, "iscsi_config": {**config, "static_target": static, "port_bind": ["vmk0"]}}]

    (done,) = control.run(COMMUNITY, *theirs)

    assert done["changed"], done
    wish: dict[str, Any] = {
        "name": config["iscsi_name"],
        "alias": "theirs",
        "static_targets": [{"name": THREE, "address": "192.0.2.30"}],
        "bound_nics": ["vmk0"],
    }
    assert not ours(server, **wish, rescan="always")["changed"]
    assert {"name": THREE, "connected": True}.items() <= ours(server)["targets"][0].items()

    ours(server, **{**wish, "state": "absent", "name": None, "alias": "ours", "force": True})
    (info,) = control.run(f"{COMMUNITY}_info", host)
    said = info["iscsi_properties"]
    assert (said["iscsi_name"], said["iscsi_alias"], said["port_bind"]) == (config["iscsi_name"], "ours", [])
    assert [one["iscsi_name"] for one in said["iscsi_static_targets"]] == [
        one["name"] for one in ours(server)["targets"]
    ]
    # A rescan is no part of what they do, and of each target they tell only the first disk.
    assert {one["iscsi_name"] for one in info["detected_iscsi_drives"]} == {ONE, TWO}
    assert server.world.errors == []
