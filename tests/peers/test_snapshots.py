# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""virsh, govc and our modules on the snapshots of one simulated host: what one does, the others see alike."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
from ansible_collections.virt.esx.plugins.modules import esx_vm_snapshot, esx_vm_snapshot_info
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, Virsh, serving
from ansible_collections.virt.esx.tests.support.worlds import params

Record = Callable[[str, object], None]
SCENARIO: Mapping[str, Any] = {
    "vms": [
        {
            "name": "web01",
            "power_state": "powered-on",
            "memory_mib": 64,
            "uuid": "564d0000-0000-0000-0000-000000000001",
            "snapshots": ["base", "nightly"],
        }
    ],
}
# What each of the three can do, in the words of virsh, of govc and of ours; they must come to the same.
ALIKE: list[tuple[str, str, dict[str, Any]]] = [
    ("snapshot-create-as web01 new --disk-only", "snapshot.create -m=false new", {"snapshot": "new"}),
    (
        "snapshot-create-as web01 new words",
        "snapshot.create -d words new",
        {"snapshot": "new", "description": "words", "memory": True},
    ),
    (
        "snapshot-create-as web01 new --disk-only --quiesce",
        "snapshot.create -m=false -q new",
        {"snapshot": "new", "quiesce": True},
    ),
    ("snapshot-revert web01 base", "snapshot.revert base", {"state": "reverted", "snapshot": "base"}),
    (
        "snapshot-revert web01 nightly",
        "snapshot.revert base/nightly",
        {"state": "reverted", "snapshot": "base/nightly"},
    ),
    ("snapshot-delete web01 nightly", "snapshot.remove nightly", {"state": "absent", "snapshot": "nightly"}),
    ("snapshot-delete web01 base", "snapshot.remove base", {"state": "absent", "snapshot": "base"}),
    (
        "snapshot-delete web01 base --children",
        "snapshot.remove -r base",
        {"state": "absent", "snapshot": "base", "remove_children": True},
    ),
]


def result(module: ModuleType, place: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Run one of our modules over HTTPS, and return its result."""
    given = params(module, validate_certs=False, **place, **options)
    with connect(given) as host:
        outcome = module.run(given, host, check_mode=False)
    assert outcome.error is None, outcome.error
    shown: dict[str, Any] = outcome.to_json()
    return shown


def place_of(server: Server) -> dict[str, Any]:
    world = server.world
    return {"hostname": "127.0.0.1", "port": server.port, "username": world.username, "password": world.password}


def ours(server: Server, **options: Any) -> Mapping[str, Any]:
    """Bring the snapshots of the machine to what is wished."""
    one: Mapping[str, Any] = result(esx_vm_snapshot, place_of(server), name="web01", **options)["vm"]
    return one


def facts(server: Server) -> Mapping[str, Any]:
    """Return the facts of the machine's snapshots."""
    found: Mapping[str, Any] = result(esx_vm_snapshot_info, place_of(server), name="web01", with_snapshot_xml=True)[
        "vm"
    ]
    return found


def shape(server: Server) -> list[Any]:
    """Return what does not depend on when it was made."""
    found = facts(server)
    return [found["power_state"]] + [
        {
            key: one[key]
            for key in ("id", "path", "description", "power_state", "quiesced", "current", "parent", "children")
        }
        for one in found["snapshots"]
    ]


def said(done: Done) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(("by_virsh", "by_govc", "by_ours"), ALIKE, ids=[one for one, *_rest in ALIKE])
def test_all_three_come_to_the_same(
    by_virsh: str,
    by_govc: str,
    by_ours: dict[str, Any],
    virsh_program: str,
    govc_program: str,
    tmp_path: pathlib.Path,
    record_property: Record,
) -> None:
    record_property("command", f"{by_virsh}; {by_govc}")
    found = []
    for number, name in enumerate(("virsh", "govc", "ours")):
        folder = tmp_path / name
        folder.mkdir()
        with serving(SCENARIO, folder) as served:
            if name == "virsh":
                said(Virsh(virsh_program, served, folder)(*by_virsh.split()))
            elif name == "govc":
                verb, *rest = by_govc.split()
                said(Govc(govc_program, served, folder)(verb, "-vm", "web01", *rest))
            else:
                assert ours(served, **by_ours)["changed"]
                assert served.world.errors == []
            found.append(shape(served))
        assert found[number] == found[0], name


def test_virsh_shows_the_tree_that_we_show(virsh: Virsh, server: Server, record_property: Record) -> None:
    record_property("command", "snapshot-list, -tree, -current, -parent, -info, -dumpxml beside ours")
    ours(server, snapshot="base/nightly/left", memory=True, description="it's <&> \u00e4")
    ours(server, state="reverted", snapshot="nightly")
    ours(server, snapshot="right", description="two\nlines")
    found = facts(server)
    names = {one["id"]: one["name"] for one in found["snapshots"]}

    assert sorted(said(virsh("snapshot-list", "web01", "--name")).split()) == sorted(names.values())
    assert said(virsh("snapshot-current", "web01", "--name")).strip() == found["current"]["name"] == "right"
    for one in found["snapshots"]:
        assert said(virsh("snapshot-dumpxml", "web01", one["name"])).strip() == one["snapshot_xml"].strip()
        info = said(virsh("snapshot-info", "web01", one["name"]))
        assert re.search(rf"^Children: +{len(one['children'])}$", info, re.MULTILINE)
        assert re.search(rf"^Current: +{'yes' if one['current'] else 'no'}$", info, re.MULTILINE)
        assert re.search(rf"^Parent: +{names.get(one['parent'], '-')}$", info, re.MULTILINE)
    tree = re.findall(r"^([ |]*\+- |)(\w+)$", said(virsh("snapshot-list", "web01", "--tree")), re.MULTILINE)
    assert [(max(0, (len(indent) - 2) // 3), name) for indent, name in tree] == [
        (one["path"].count("/"), one["name"]) for one in found["snapshots"]
    ]


def test_the_xml_of_a_snapshot_means_the_same_to_virsh_and_to_us(
    virsh_program: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "snapshot-create of a file; snapshot_xml")
    xml = "<domainsnapshot><name>from xml</name><description>by hand</description><disks/></domainsnapshot>"
    found = []
    for name in ("virsh", "ours"):
        folder = tmp_path / name
        folder.mkdir()
        with serving(SCENARIO, folder) as served:
            if name == "virsh":
                (folder / "snapshot.xml").write_text(xml, "utf-8")
                said(Virsh(virsh_program, served, folder)("snapshot-create", "web01", "snapshot.xml", "--disk-only"))
            else:
                ours(served, snapshot_xml=xml)
            found.append(shape(served))
            assert not ours(served, snapshot_xml=xml)["changed"]

    assert found[0] == found[1]


def test_what_virsh_refuses_in_xml_we_refuse_too(virsh: Virsh, server: Server, record_property: Record) -> None:
    record_property("command", "snapshot-create with disks (refused by both)")
    xml = "<domainsnapshot><name>a</name><disks><disk name='sda'/></disks></domainsnapshot>"
    (virsh.folder / "snapshot.xml").write_text(xml, "utf-8")

    assert "disk" in virsh("snapshot-create", "web01", "snapshot.xml").stderr
    with pytest.raises(Exception, match="<disks> must be empty"):
        ours(server, snapshot_xml=xml)
    assert len(facts(server)["snapshots"]) == 2


def test_govc_shows_the_tree_that_we_show(govc: Govc, server: Server, record_property: Record) -> None:
    record_property("command", "snapshot.tree -f -i -d -D beside ours")
    ours(server, snapshot="right", memory=True, description="words")
    ours(server, state="reverted", snapshot="base")
    ours(server, snapshot="50% done%2freally")
    found = facts(server)

    paths = said(govc("snapshot.tree", "-vm", "web01", "-f", "-C")).strip()
    lines = said(govc("snapshot.tree", "-vm", "web01", "-i")).splitlines()
    assert paths == found["current"]["path"].replace("%2f", "/").replace("%25", "%")
    # The dot that stands for the machine's own state has the id of the current one.
    shown = dict.fromkeys(re.findall(r"\[(.*?)\]", line)[0] for line in lines if "[" in line)
    assert list(shown) == [one["moid"] for one in found["snapshots"]]
    assert "words" in said(govc("snapshot.tree", "-vm", "web01", "-d"))


def test_a_name_that_is_not_unique_is_an_error_to_govc_and_to_us(
    govc: Govc, server: Server, record_property: Record
) -> None:
    record_property("command", "snapshot.revert of a name that two have (refused by both)")
    said(govc("snapshot.create", "-vm", "web01", "-m=false", "nightly"))
    done = govc("snapshot.revert", "-vm", "web01", "nightly")

    assert "resolves to 2 snapshots" in done.stderr
    options = params(
        esx_vm_snapshot, validate_certs=False, **place_of(server), name="web01", state="reverted", snapshot="nightly"
    )
    with connect(options) as host:
        error = esx_vm_snapshot.run(options, host, check_mode=False).error
    assert error is not None
    assert [one["path"] for one in error.details["candidates"]] == ["base/nightly", "base/nightly/nightly"]


@pytest.mark.parametrize(("mode", "name"), [("-esx", "ha-host_VM0"), ("-dc=1", "DC0_H0_VM0")], ids=["esx", "vcenter"])
def test_vcsim_and_our_simulator_come_to_the_same(
    mode: str, name: str, vcsim_program: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", f"esx_vm_snapshot on vcsim {mode} and on ours")
    steps: list[dict[str, Any]] = [
        {"snapshot": "one", "description": "first"},
        {"snapshot": "one", "description": "first"},
        {"snapshot": "one/2%2f2"},
        {"state": "reverted", "snapshot": "one"},
        {"snapshot": "one/three"},
        {"state": "absent", "snapshot": "2%2f2"},
        {"state": "absent", "snapshot": "2%2f2"},
        {"state": "all-absent"},
        {"state": "all-absent"},
    ]

    def walk(place: Mapping[str, Any], name: str) -> list[Any]:
        seen = []
        for step in steps:
            one = result(esx_vm_snapshot, place, name=name, **step)["vm"]
            tree = [(each["path"], each["description"], each["current"]) for each in one["snapshots"]]
            seen.append((one["changed"], tree))
        return seen

    with serving({"vms": [{"name": "off01"}]}, tmp_path) as served:
        on_ours = walk(place_of(served), "off01")
    command = [vcsim_program, "-l", "127.0.0.1:0", mode, "-vm", "1", "-autostart=false"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"GOVC_URL=https://(\w+):(\w+)@127.0.0.1:(\d+)", process.stdout.readline())
            assert found is not None
            user, word, port = found.groups()
            place = {"hostname": "127.0.0.1", "port": int(port), "username": user, "password": word}
            on_vcsim = walk(place, name)
        finally:
            process.terminate()

    assert on_vcsim == on_ours
