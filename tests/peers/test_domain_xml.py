# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
libvirt's own conversions beside ours: ``virsh domxml-from-native`` and ``domxml-to-native`` against the simulator.

They are equal, or the difference stands in a table here. virsh 9.0 knows no ``clusters``; that alone is allowed for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import to_domain_xml, to_vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.peers.domain_xml_cases import (
    DIFFERENT,
    HARDWARE,
    HEAD,
    REFUSED,
    SAME,
    WRITTEN,
    Different,
)
from ansible_collections.virt.esx.tests.support.clients import Done, Virsh, serving
from ansible_collections.virt.esx.tests.unit.vmx.corpus import MISSING, Pair, canonical, entries, manifest, text_of

DATASTORES = ("datastore", "storage", "testing", "498076b2-02796c1a-ef5b-000ae484a6a3")
SCENARIO: dict[str, Any] = {
    "datastores": [{"name": name} for name in DATASTORES],
    "networks": [{"name": "VM Network"}],
    "vms": [],
}
Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Peer:
    """virsh, and how the host that it talks to names files."""

    virsh: Virsh
    names: FileNames

    def read(self, text: bytes) -> Done:
        """Let virsh say a VMX as XML."""
        (self.virsh.folder / "given.vmx").write_bytes(text)
        return self.virsh("domxml-from-native", "vmware-vmx", "given.vmx")

    def write(self, xml: bytes) -> Done:
        """Let virsh say a domain as VMX."""
        (self.virsh.folder / "given.xml").write_bytes(xml)
        return self.virsh("domxml-to-native", "vmware-vmx", "given.xml")


@pytest.fixture(scope="module")
def peer(virsh_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    folder = tmp_path_factory.mktemp("domain-xml")
    with serving(SCENARIO, folder) as server:
        found = server.world.of_type("Datastore")
        mounts = {store.get("summary.name"): store.get("host")[0].mountInfo.path for store in found}
        # virsh does not know where a text comes from, and says so with question marks.
        yield Peer(Virsh(virsh_program, server, folder), FileNames(datastore="?", directory="?", mounts=mounts))


def _said(text: bytes, names: FileNames) -> str:
    return to_domain_xml(VmxText.from_bytes(text), names, lossless=False)


def _without_clusters(xml: str) -> str:
    return canonical(re.sub(" clusters='1'", "", xml))


def _check_read(peer: Peer, text: bytes) -> None:
    done = peer.read(text)
    assert done.returncode == 0, done.stderr

    assert _without_clusters(_said(text, peer.names)) == canonical(done.stdout)


def _check_written(peer: Peer, xml: bytes) -> None:
    done = peer.write(xml)
    assert done.returncode == 0, done.stderr

    assert entries(to_vmx(xml, peer.names, hardware_version=HARDWARE)) == entries(VmxText.parse(done.stdout))


@pytest.mark.parametrize(("name", "lines"), SAME.items(), ids=SAME)
def test_a_vmx_is_the_same_xml(peer: Peer, name: str, lines: str, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-from-native: {name}")
    _check_read(peer, (HEAD.format(13 if "wide" in name else 10) + lines).encode())


@pytest.mark.parametrize(("name", "case"), DIFFERENT.items(), ids=DIFFERENT)
def test_a_difference_is_the_known_one(peer: Peer, name: str, case: Different, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-from-native: {name} (differs)")
    text = (HEAD.format(case.hardware) + case.lines).encode()
    done = peer.read(text)
    said = _said(text, FileNames(datastore="storage", directory="here", mounts=peer.names.mounts))

    assert re.search(case.virsh, done.stdout + done.stderr)
    assert re.search(case.ours, said)
    assert not re.search(case.ours, done.stdout + done.stderr) or not re.search(case.virsh, said)


@pytest.mark.parametrize(("name", "xml"), WRITTEN.items(), ids=WRITTEN)
def test_a_domain_is_the_same_vmx(peer: Peer, name: str, xml: str, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-to-native: {name}")
    _check_written(peer, xml.encode())


@pytest.mark.parametrize(("name", "case"), REFUSED.items(), ids=REFUSED)
def test_what_virsh_refuses_we_refuse(peer: Peer, name: str, case: tuple[str, str], record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-to-native: {name} (refused)")
    done = peer.write(case[0].encode())
    with pytest.raises(EsxError) as caught:
        to_vmx(case[0], peer.names)

    assert done.returncode != 0
    assert case[1] in done.stderr
    assert caught.value.details["path"].startswith("/domain/")


def _name(pair: Pair) -> str:
    return pair.name


@pytest.mark.skipif(not manifest("vmx2xml"), reason=MISSING)
@pytest.mark.parametrize("pair", manifest("vmx2xml"), ids=_name)
def test_a_vmx_of_the_corpus_is_the_same_xml(peer: Peer, pair: Pair, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-from-native: corpus, {pair.name}")
    if "missing-file" in pair.name or pair.expected is None:
        # Whether a file is there, virsh does not look.
        return
    _check_read(peer, pair.given.read_bytes())


@pytest.mark.skipif(not manifest("xml2vmx"), reason=MISSING)
@pytest.mark.parametrize("pair", manifest("xml2vmx"), ids=_name)
def test_a_domain_of_the_corpus_is_the_same_vmx(peer: Peer, pair: Pair, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-to-native: corpus, {pair.name}")
    _check_written(peer, pair.given.read_bytes())


@pytest.mark.skipif(not manifest("vmx2xml"), reason=MISSING)
@pytest.mark.parametrize("name", ["esx-in-the-wild-10", "ethernet-vds", "serial-network-server"])
def test_virsh_reads_the_xml_that_loses_nothing(peer: Peer, name: str, record_property: Record) -> None:
    record_property("peer", "virsh")
    record_property("command", f"domxml-to-native: {name}, with our element in it")
    pair = next(pair for pair in manifest("vmx2xml") if pair.name == name)
    xml = to_domain_xml(text_of(pair.given), peer.names)
    done = peer.write(re.sub(r" clusters='1'|bus='sata'", "", xml.replace("[?] ?/", "[storage] a/")).encode())

    assert done.returncode == 0, done.stderr
