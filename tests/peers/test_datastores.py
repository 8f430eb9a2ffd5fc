# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about the datastores of one simulated host; and ours reads vcsim's."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
INFO = "virt.esx.esx_datastore_info"
SCENARIO: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "capacity_gib": 100, "free_gib": 40},
        {"name": "nas01", "kind": "nfs", "remote_host": "nas.example.com", "remote_path": "/export/vm"},
        {"name": "scratch", "kind": "local"},
        {"name": "lost01", "accessible": False},
    ]
}
REACHED = ("datastore1", "nas01", "scratch")


def ours(folder: pathlib.Path, environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the facts of all datastores, by name."""
    played = run_tasks([{INFO: {}}], folder, variables=environment)
    assert played.results, played.output
    return {fact["name"]: fact for fact in played.results[0]["datastores"]}


def test_virsh_lists_the_same_pools(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "pool-list, pool-uuid, pool-name, pool-info")
    found = ours(tmp_path, variables(virsh.server))

    assert set(virsh("pool-list", "--all", "--name").stdout.split()) == set(found)
    for name, fact in found.items():
        pool = fact["pool"]
        assert virsh("pool-uuid", name).stdout.strip() == pool["uuid"]
        assert virsh("pool-name", pool["uuid"]).stdout.strip() == name
        said = dict(re.findall(r"^(\w+): +(.+)$", virsh("pool-info", "--bytes", name).stdout, re.MULTILINE))
        assert said["State"] == pool["state"]
        if name in REACHED:
            sizes = [int(said[word]) for word in ("Capacity", "Allocation", "Available")]
            assert sizes == [pool["capacity"], pool["allocation"], pool["available"]]
    assert virsh.server.world.errors == []


def test_virsh_writes_the_same_of_each_pool(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "pool-dumpxml, pool-refresh")
    found = ours(tmp_path, variables(virsh.server))

    for name in REACHED:
        pool = found[name]["pool"]
        assert virsh("pool-refresh", name).returncode == 0
        xml = ET.fromstring(virsh("pool-dumpxml", name).stdout)
        assert (xml.get("type"), xml.findtext("uuid"), xml.findtext("name")) == (pool["type"], pool["uuid"], name)
        assert xml.findtext("target/path") == pool["target_path"]
        sizes = [int(xml.findtext(word, "")) for word in ("capacity", "allocation", "available")]
        assert sizes == [pool["capacity"], pool["allocation"], pool["available"]]
        host, directory, form = (xml.find(f"source/{word}") for word in ("host", "dir", "format"))
        assert (None if host is None else host.get("name")) == pool["source_host"]
        assert (None if directory is None else directory.get("path")) == pool["source_dir"]
        assert (None if form is None else form.get("type")) == pool["format"]
    assert virsh.server.world.errors == []


def test_govc_says_the_same(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "datastore.info")
    found = ours(tmp_path, variables(govc.server))

    done = govc("datastore.info", "-json")
    assert done.returncode == 0, done.stderr
    said = {one["name"]: one for one in json.loads(done.stdout)["datastores"]}
    assert set(said) == set(found)
    for name, fact in found.items():
        summary = said[name]["summary"]
        assert (summary["capacity"], summary["freeSpace"]) == (fact["capacity_bytes"], fact["free_bytes"])
        assert (summary["accessible"], summary["url"]) == (fact["accessible"], fact["url"])
    assert govc.server.world.errors == []


@pytest.mark.parametrize(
    ("vcsim", "stores"), [(["-esx"], 1), (["-dc", "2", "-ds", "2"], 4)], indirect=["vcsim"], ids=["esx", "vcenter"]
)
def test_vcsim_is_read(vcsim: dict[str, str], stores: int, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("peer", "vcsim")
    played = run_tasks([{INFO: {}}], tmp_path, variables=vcsim)

    facts = played.results[0]["datastores"]
    assert len(facts) == stores, played.output
    assert all(fact["accessible"] and fact["capacity_bytes"] > 0 and fact["hosts"] for fact in facts)
    assert all(fact["path"].endswith(f"/datastore/{fact['name']}") for fact in facts)
