# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What govc makes our module finds made, and the other way round; virsh sees both; and ours mounts on vcsim."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_datastore
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.peers.test_collections import Control
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks
from ansible_collections.virt.esx.tests.support.worlds import run

Record = Callable[[str, object], None]
HOST = "esx1.example.com"
DATASTORE = "virt.esx.esx_datastore"
ONE, TWO = "naa.600508b1001c0001", "naa.600508b1001c0002"
SCENARIO: dict[str, Any] = {
    "datastores": [{"name": "datastore1", "capacity_gib": 50, "free_gib": 20}],
    "disks": [{"name": ONE, "capacity_gib": 100}, {"name": TWO, "capacity_gib": 60}],
    "nfs_servers": [{"name": "nas", "exports": ["/vm", "/iso"], "capacity_gib": 10, "free_gib": 4}],
    "vms": [{"name": "web01", "datastore": "datastore1"}],
}
NFS: dict[str, Any] = {"name": "nas01", "type": "nfs", "remote_hosts": ["nas"], "remote_path": "/vm"}
NFS41: dict[str, Any] = {"name": "wide", "type": "nfs41", "remote_hosts": ["nas"], "remote_path": "/iso"}
VMFS: dict[str, Any] = {"name": "fast", "type": "vmfs", "disks": [ONE]}


def ours(server: Server, **given: Any) -> dict[str, Any]:
    """Run our module on the host that is served; its result."""
    outcome = run(esx_datastore, server.world, **given)
    assert outcome.error is None, outcome.error
    return dict(outcome.result)


def summaries(govc: Govc) -> dict[str, dict[str, Any]]:
    """Return what govc says of each datastore."""
    done = govc("datastore.info", "-json")
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["datastores"]}


def test_what_govc_makes_is_there(govc: Govc, record_property: Record) -> None:
    record_property("command", "datastore.create -type nfs, nfs41, vmfs")
    for arguments in (
        ["-type", "nfs", "-name", "nas01", "-remote-host", "nas", "-remote-path", "/vm"],
        ["-type", "nfs41", "-name", "wide", "-remote-host", "nas", "-remote-path", "/iso", "-mode", "readOnly"],
        ["-type", "vmfs", "-name", "fast", "-disk", ONE],
    ):
        done = govc("datastore.create", *arguments, HOST)
        assert done.returncode == 0, done.stderr

    for wish in (NFS, {**NFS41, "access_mode": "read-only"}, VMFS):
        assert not ours(govc.server, **wish)["changed"]
    assert not run(esx_datastore, govc.server.world, **{**NFS, "remote_path": "/iso"}).result
    assert govc.server.world.errors == []


def test_what_we_make_govc_sees_and_removes(govc: Govc, record_property: Record) -> None:
    record_property("command", "datastore.info, datastore.remove, host.storage.info")
    before = govc("host.storage.info", "-t", "lun")
    made = {wish["name"]: ours(govc.server, **wish)["datastore"] for wish in (NFS, NFS41, VMFS)}

    assert before.returncode == 0, before.stderr
    assert ONE in before.stdout
    said = summaries(govc)
    assert set(said) == {"datastore1", *made}
    for name, fact in made.items():
        summary = said[name]["summary"]
        assert (summary["capacity"], summary["freeSpace"]) == (fact["capacity_bytes"], fact["free_bytes"])
        assert summary["type"].lower() == fact["type"]
    ours(govc.server, name="fast", new_name="fast01", type="vmfs", disks=[ONE, TWO])
    extents = summaries(govc)["fast01"]["info"]["vmfs"]["extent"]
    assert [one["diskName"] for one in extents] == [ONE, TWO]

    for name in ("nas01", "fast01"):
        done = govc("datastore.remove", "-ds", name, HOST)
        assert done.returncode == 0, done.stderr
    for wish in (NFS, {"name": "fast01", "destroy": True}):
        assert not ours(govc.server, **{**wish, "state": "absent"})["changed"]
    assert set(summaries(govc)) == {"datastore1", "wide"}
    assert govc.server.world.errors == []


def test_both_are_refused(govc: Govc, record_property: Record) -> None:
    record_property("command", "datastore.create, datastore.remove that a host refuses")
    other = ["-name", "other", "-remote-host", "nas", "-remote-path", "/none"]
    assert govc("datastore.create", "-type", "nfs", *other, HOST).returncode == 1
    refused = run(esx_datastore, govc.server.world, **{**NFS, "remote_path": "/none"})
    assert refused.failure["fault"] == "PlatformConfigFault"
    # govc asks the host, which says no more than that it is in use.
    done = govc("datastore.remove", "-ds", "datastore1", HOST)
    assert (done.returncode, "in use" in done.stderr) == (1, True)
    refused = run(esx_datastore, govc.server.world, name="datastore1", state="absent", destroy=True)
    assert refused.failure["in_use"][0]["name"] == "web01"
    assert govc.server.world.errors == []


def test_virsh_sees_what_we_make(virsh: Virsh, record_property: Record) -> None:
    record_property("command", "pool-list, pool-info, pool-dumpxml, pool-refresh of new datastores")
    made = {wish["name"]: ours(virsh.server, **wish, refresh=True)["datastore"] for wish in (NFS, NFS41, VMFS)}

    assert set(virsh("pool-list", "--all", "--name").stdout.split()) == {"datastore1", *made}
    for name, fact in made.items():
        pool = fact["pool"]
        assert virsh("pool-refresh", name).returncode == 0
        said = dict(re.findall(r"^(\w+): +(.+)$", virsh("pool-info", "--bytes", name).stdout, re.MULTILINE))
        sizes = [int(said[word]) for word in ("Capacity", "Allocation", "Available")]
        assert sizes == [pool["capacity"], pool["allocation"], pool["available"]]
        dumped = virsh("pool-dumpxml", name)
        if pool["type"] is None:
            # libvirt errs: it has no word for NFS 4.1.
            assert (name, dumped.returncode) == ("wide", 1)
            continue
        xml = ET.fromstring(dumped.stdout)
        assert (xml.get("type"), xml.findtext("uuid")) == (pool["type"], pool["uuid"])
        form = xml.find("source/format")
        assert (None if form is None else form.get("type")) == pool["format"]

    # It can neither make nor remove one.
    assert virsh("pool-undefine", "nas01").returncode == 1
    assert virsh("pool-destroy", "nas01").returncode == 1
    ours(virsh.server, **{**NFS, "state": "absent"})
    assert "nas01" not in virsh("pool-list", "--all", "--name").stdout.split()
    assert virsh.server.world.errors == []


@pytest.fixture
def _mount_point(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let vcsim find the folder that it takes for the export: the datastore's name, from where it was started."""
    (tmp_path / "nas01").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_mount_point")
@pytest.mark.parametrize("vcsim", [["-esx"]], indirect=True, ids=["esx"])
def test_vcsim_mounts_for_us(tmp_path: pathlib.Path, vcsim: dict[str, str], record_property: Record) -> None:
    record_property("peer", "vcsim")
    record_property("command", "CreateNasDatastore")
    wish = {"name": "nas01", "type": "nfs", "remote_hosts": ["nas"], "remote_path": "/export"}
    played = run_tasks(
        [
            {DATASTORE: wish, "check_mode": True},
            {DATASTORE: wish},
            {DATASTORE: wish},
            {DATASTORE: {**wish, "remote_path": "/other"}},
            # vcsim does not know RemoveDatastore.
            {DATASTORE: {"name": "nas01", "state": "absent"}, "check_mode": True},
        ],
        tmp_path,
        variables=vcsim,
    )

    assert [result.get("changed") for result in played.results] == [True, True, False, False, True], played.output
    assert played.results[3]["failure"]["kind"] == "plan"
    assert played.results[0]["diff"] == played.results[1]["diff"]
    assert played.results[1]["datastore"]["nfs"]["remote_path"] == "/export"


COMMUNITY = "community.vmware.vmware_host_datastore"


def test_community_host_datastore_and_ours_see_each_others_work(
    server: Server, tmp_path: pathlib.Path, record_property: Record
) -> None:
    control = Control(server, tmp_path, record_property)
    control.release(COMMUNITY)
    host = {"esxi_hostname": HOST, "datastore_name": "nas01", "state": "present"}
    export = {"datastore_type": "nfs", "nfs_server": "nas", "nfs_path": "/vm", "nfs_ro": False}

    (done,) = control.run(COMMUNITY, {**host, **export})

    assert done["changed"], done
    assert not ours(server, **NFS)["changed"]
    assert ours(server, name="nas01", state="absent")["changed"]
    (gone,) = control.run(COMMUNITY, {**host, "state": "absent"})
    assert not gone["changed"], gone
    ours(server, **VMFS)
    (same,) = control.run(
        COMMUNITY, {**host, "datastore_name": "fast", "datastore_type": "vmfs", "vmfs_device_name": ONE}
    )
    assert not same["changed"], same
    assert server.world.errors == []
