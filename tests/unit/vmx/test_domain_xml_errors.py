# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What libvirt's ESX driver refuses in a domain, we refuse, and say where."""

from __future__ import annotations

import time

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import DomainXmlError, NotRepresentable
from ansible_collections.virt.esx.plugins.module_utils._vmx import domain_xml
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import to_vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from hypothesis import given
from hypothesis import strategies as st

DOMAIN = "<domain type='vmware'>{0}<memory>4096</memory><os>{1}</os><devices>{2}</devices></domain>"


def domain(*, general: str = "", start: str = "<type>hvm</type>", devices: str = "") -> str:
    """Write a domain with something in it."""
    return DOMAIN.format(general, start, devices)


def disk(
    target: str = "<target dev='sda' bus='scsi'/>", *, kind: str = "type='file' device='disk'", more: str = ""
) -> str:
    """Write a domain with one disk."""
    return domain(devices=f"<disk {kind}>{more}{target}</disk>")


DISK = "/domain/devices/disk"


@pytest.mark.parametrize(
    ("xml", "path"),
    [
        ("<vm/>", "/vm"),
        ("<domain xmlns='urn:x' type='vmware'/>", "/domain"),
        ("<domain type='kvm'/>", "/domain/@type"),
        ("<domain/>", "/domain/@type"),
        ("<domain type='vmware'><os><type>hvm</type></os></domain>", "/domain/memory"),
        ("<domain type='vmware'><memory>1</memory></domain>", "/domain/os"),
        (domain(start=""), "/domain/os"),
        (domain(start="<type>linux</type>"), "/domain/os/type"),
        (domain(start="<type arch='aarch64'>hvm</type>"), "/domain/os/type/@arch"),
        (domain(start="<type>hvm</type><smbios mode='sysinfo'/>"), "/domain/os/smbios/@mode"),
        (domain(general="<uuid>1234</uuid>"), "/domain/uuid"),
        (domain(general="<genid>x</genid>"), "/domain/genid"),
        (domain(general="<vcpu>0</vcpu>"), "/domain/vcpu"),
        (domain(general="<vcpu>two</vcpu>"), "/domain/vcpu"),
        (domain(general="<vcpu current='1'>2</vcpu>"), "/domain/vcpu/@current"),
        (domain(general="<vcpu cpuset='0'>2</vcpu>"), "/domain/vcpu/@cpuset"),
        (domain(general="<vcpu cpuset='0-99999'>2</vcpu>"), "/domain/vcpu/@cpuset"),
        (domain(general="<vcpu cpuset='a'>2</vcpu>"), "/domain/vcpu/@cpuset"),
        (domain(general="<vcpu cpuset='1,^1'>1</vcpu>"), "/domain/vcpu/@cpuset"),
        (domain(general="<cputune><shares>-1</shares></cputune>"), "/domain/cputune/shares"),
        (domain(general="<cpu mode='host-model'/>"), "/domain/cpu/@mode"),
        (domain(general="<cpu><topology sockets='1' cores='2' threads='1'/></cpu>"), "/domain/cpu/topology"),
        (domain(general="<cpu><topology sockets='1' cores='1' threads='2'/></cpu>"), "/domain/cpu/topology/@threads"),
        (domain(general="<cpu><topology dies='2'/></cpu>"), "/domain/cpu/topology/@dies"),
        (domain(general="<cpu><topology clusters='2'/></cpu>"), "/domain/cpu/topology/@clusters"),
        (domain(general="<currentMemory unit='potatoes'>1</currentMemory>"), "/domain/currentMemory/@unit"),
        (domain(general="<memory>0</memory>"), "/domain/memory[1]"),
        (domain(general="<memory unit='EiB'>9999</memory>"), "/domain/memory[1]"),
        (disk(""), f"{DISK}/target"),
        (disk("<target dev='sda' bus='usb'/>"), f"{DISK}/target/@bus"),
        (disk("<target dev='vda' bus='virtio'/>"), f"{DISK}/target/@bus"),
        (disk("<target dev='sda' bus='ide'/>"), f"{DISK}/target/@dev"),
        (disk("<target dev='hda' bus='scsi'/>"), f"{DISK}/target/@dev"),
        (disk("<target dev='sd1' bus='scsi'/>"), f"{DISK}/target/@dev"),
        (disk("<target dev='sdzzz' bus='scsi'/>"), f"{DISK}/target/@dev"),
        (disk("<target dev='hde' bus='ide'/>"), f"{DISK}/target/@dev"),
        (disk("<target dev='fda' bus='fdc'/>"), f"{DISK}/target/@bus"),
        (disk("<target dev='fdc' bus='fdc'/>", kind="type='file' device='floppy'"), f"{DISK}/target/@dev"),
        (disk("<target dev='sda' bus='scsi'/>", kind="type='file' device='floppy'"), f"{DISK}/target/@bus"),
        (disk("<target dev='nvme0n1' bus='nvme'/>", kind="type='file' device='cdrom'"), f"{DISK}/target/@dev"),
        (disk(kind="type='network' device='disk'"), f"{DISK}/@type"),
        (disk(kind="type='block' device='disk'"), f"{DISK}/@type"),
        (disk(kind="type='file' device='tape'"), f"{DISK}/@device"),
        (disk(kind="type='file' device='lun'"), f"{DISK}/@type"),
        (disk(more="<source file='[d] a.qcow2'/>"), f"{DISK}/source/@file"),
        (disk(more="<source file='../b.vmdk'/>"), f"{DISK}/source/@file"),
        (disk(more="<source file='[] a.iso'/>", kind="type='file' device='cdrom'"), f"{DISK}/source/@file"),
        (disk(more="<driver cache='none'/>"), f"{DISK}/driver/@cache"),
        (disk(more="<driver name='virtio'/>"), f"{DISK}/driver/@name"),
        (disk(more="<address type='pci'/>"), f"{DISK}/address/@type"),
        (disk(more="<address type='drive' controller='0' bus='1' unit='0'/>"), f"{DISK}/address/@bus"),
        (disk(more="<address type='drive' controller='0' bus='0' unit='7'/>"), f"{DISK}/target/@dev"),
        (disk(more="<address type='drive' controller='4' bus='0' unit='0'/>"), f"{DISK}/target/@dev"),
        (disk(more="<address type='drive' controller='0' bus='0' unit='1'/>"), f"{DISK}/target/@dev"),
        (disk(more="<address type='drive' controller='0' bus='0'/>"), f"{DISK}/address/@unit"),
        (
            disk("<target dev='hda' bus='ide'/>", more="<address type='drive' controller='1' bus='0' unit='0'/>"),
            f"{DISK}/address/@controller",
        ),
        (domain(devices="<disk><target dev='sda'/></disk>" * 2), f"{DISK}[2]"),
        (
            domain(
                devices="<disk><driver name='buslogic'/><target dev='sda'/></disk>"
                "<disk><driver name='lsilogic'/><target dev='sdb'/></disk>"
            ),
            f"{DISK}[2]/driver/@name",
        ),
        (domain(devices="<controller type='scsi' model='virtio-scsi'/>"), "/domain/devices/controller/@model"),
        (domain(devices="<controller type='scsi' index='4'/>"), "/domain/devices/controller/@index"),
        (domain(devices="<controller type='sata' index='0'/>" * 2), "/domain/devices/controller[2]/@index"),
        (domain(devices="<controller type='sata'/>" * 5), "/domain/devices/controller[5]/@index"),
        (domain(devices="<interface type='network'/>"), "/domain/devices/interface/@type"),
        (domain(devices="<interface/>"), "/domain/devices/interface/@type"),
        (domain(devices="<interface type='bridge'/>"), "/domain/devices/interface/source"),
        (domain(devices="<interface type='bridge'><source/></interface>"), "/domain/devices/interface/source/@bridge"),
        (
            domain(devices="<interface type='vds'><source switchid='x'/></interface>"),
            "/domain/devices/interface/source/@switchid",
        ),
        (domain(devices="<interface type='null'/>" * 11), "/domain/devices/interface[11]"),
        (
            domain(devices="<interface type='null'><model type='virtio'/></interface>"),
            "/domain/devices/interface/model/@type",
        ),
        (
            domain(devices="<interface type='null'><mac address='00:11'/></interface>"),
            "/domain/devices/interface/mac/@address",
        ),
        (
            domain(devices="<interface type='null'><mac address='00:0c:29:00:00:01' type='x'/></interface>"),
            "/domain/devices/interface/mac/@type",
        ),
        (
            domain(devices="<interface type='null'><mac address='00:0c:29:00:00:01' check='x'/></interface>"),
            "/domain/devices/interface/mac/@check",
        ),
        (domain(devices="<filesystem type='block'/>"), "/domain/devices/filesystem/@type"),
        (domain(devices="<filesystem><source dir='/x'/></filesystem>"), "/domain/devices/filesystem/target/@dir"),
        (domain(devices="<serial type='pty'/>"), "/domain/devices/serial/@type"),
        (domain(devices="<serial/>"), "/domain/devices/serial/@type"),
        (domain(devices="<serial type='tcp'/>"), "/domain/devices/serial/source"),
        (domain(devices="<serial type='tcp'><source host='h'/></serial>"), "/domain/devices/serial/source/@service"),
        (
            domain(devices="<serial type='tcp'><source host='a/b' service='1'/></serial>"),
            "/domain/devices/serial/source/@host",
        ),
        (
            domain(devices="<serial type='tcp'><source service='1'/><protocol type='x'/></serial>"),
            "/domain/devices/serial/protocol/@type",
        ),
        (
            domain(devices="<serial type='null'><target port='0'/></serial>" * 2),
            "/domain/devices/serial[2]/target/@port",
        ),
        (
            domain(devices="<serial type='null'><target port='32'/></serial>"),
            "/domain/devices/serial/target/@port",
        ),
        (domain(devices="<parallel type='pipe'/>"), "/domain/devices/parallel/@type"),
        (domain(devices="<parallel type='dev'/>" * 4), "/domain/devices/parallel[4]"),
        (domain(devices="<serial type='file'><source path='a\\b'/></serial>"), "/domain/devices/serial/source/@path"),
        (domain(devices="<console type='pty'/>"), "/domain/devices/console/@type"),
        (domain(devices="<graphics type='spice'/>"), "/domain/devices/graphics/@type"),
        (domain(devices="<graphics type='vnc' port='x'/>"), "/domain/devices/graphics/@port"),
        (domain(devices="<graphics type='vnc'/>" * 2), "/domain/devices/graphics[2]"),
        (domain(devices="<video><model type='qxl'/></video>"), "/domain/devices/video/model/@type"),
        (domain(devices="<video><model heads='2'/></video>"), "/domain/devices/video/model/@heads"),
        (domain(devices="<video/>" * 2), "/domain/devices/video[2]"),
        (domain(devices="<tpm/>" * 2), "/domain/devices/tpm[2]"),
        (domain(devices="<tpm model='tpm-tis'/>"), "/domain/devices/tpm/@model"),
        (domain(devices="<tpm><backend type='passthrough'/></tpm>"), "/domain/devices/tpm/backend/@type"),
        (domain(devices="<tpm><backend version='1.2'/></tpm>"), "/domain/devices/tpm/backend/@version"),
    ],
)
def test_an_error_leads_to_the_place(xml: str, path: str) -> None:
    with pytest.raises(DomainXmlError) as caught:
        domain_xml.parse(xml)

    assert caught.value.details["path"] == path
    assert path in str(caught.value)
    assert caught.value.failure()["kind"] == "domain_xml"


@pytest.mark.parametrize(
    "xml",
    [
        domain(general=f"<vcpu cpuset='{'0-16383,' * 30_000}0'>1</vcpu>"),
        domain(general=f"<name>{'&lt;' * 2_000_000}</name>"),
        domain(general=f"<memory>{' ' * 9_000_000}1x</memory>"),
        domain(general=f"<uuid>{'0' * 9_000_000}</uuid>"),
        domain(devices="<disk type='file'><target dev='sda'/></disk>" * 20_000),
        domain(devices="<serial type='null'/>" * 40_000),
        domain(devices=f"<serial type='tcp'><source host='{'a@' * 100_000}' service='1'/></serial>"),
        domain(general=f"<metadata><vmx xmlns='urn:virt-esx:vmx:1'>{'a' * 9_000_000}</vmx></metadata>"),
    ],
    ids=["cpuset", "name", "memory", "uuid", "disks", "ports", "host", "carried"],
)
def test_a_domain_that_means_harm_ends_soon(xml: str) -> None:
    began = time.process_time()
    try:
        domain_xml.parse(xml)
        to_vmx(xml, FileNames())
    except (DomainXmlError, NotRepresentable):
        pass

    assert time.process_time() - began < 4


def test_an_error_shows_what_was_found_but_not_all_of_it() -> None:
    with pytest.raises(DomainXmlError) as caught:
        domain_xml.parse(domain(general=f"<vcpu>{'9' * 1000}</vcpu>"))

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "devices",
    [
        "<emulator>/usr/bin/qemu</emulator>",
        "<input type='mouse' bus='usb'/>",
        "<controller type='usb' index='0' model='ehci'/>",
        "<controller type='ide' index='7'/>",
        "<memballoon model='none'/>",
        "<sound model='ich9'/>",
        "<console type='pty'><target type='virtio'/></console>",
        "<other><disk/></other>",
        "<hostdev mode='subsystem' type='pci'/>",
    ],
)
def test_what_libvirt_ignores_is_ignored(devices: str) -> None:
    assert domain_xml.parse(domain(devices=devices)) == domain_xml.parse(domain())


TAGS = st.sampled_from(
    ["devices", "disk", "target", "source", "address", "driver", "controller", "interface", "mac", "model", "serial"]
)
NAMES = st.sampled_from(
    ["type", "device", "dev", "bus", "unit", "controller", "index", "model", "address", "file", "port", "name", "check"]
)
VALUES = st.one_of(
    st.sampled_from(
        ["scsi", "file", "block", "disk", "cdrom", "sda", "hda", "drive", "0", "99", "tcp", "bridge", "-1"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<&'\ufffe\uffff"), max_size=9
    ),
)


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.dictionaries(NAMES, VALUES, max_size=4)
    return st.tuples(TAGS, attributes, st.lists(inner, max_size=4)).map(
        lambda drawn: (
            f"<{drawn[0]}{''.join(f' {name}={chr(39)}{value}{chr(39)}' for name, value in drawn[1].items())}>"
            f"{''.join(drawn[2])}</{drawn[0]}>"
        )
    )


@given(devices=st.lists(st.recursive(_element(st.just("")), _element, max_leaves=6), max_size=4))
def test_a_nonsense_domain_is_read_or_refused(devices: list[str]) -> None:
    try:
        found = domain_xml.parse(domain(devices="".join(devices)))
    except DomainXmlError:
        return

    restricted = domain_xml.restrict(found)

    assert domain_xml.parse(domain_xml.format(restricted, secrets=True)) == restricted
