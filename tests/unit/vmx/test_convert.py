# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMX to domain XML and back: nothing is lost, an edit wins, a password stays at home."""

from __future__ import annotations

import re

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import DomainXmlError, NotRepresentable, VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx import domain_xml, vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import to_domain_xml, to_vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.strategies_definition import definitions
from ansible_collections.virt.esx.tests.unit.vmx.test_domain_xml_errors import domain
from hypothesis import given
from hypothesis import strategies as st

NAMES = FileNames(datastore="ds", directory="web01")
VMX = """\
#!/usr/bin/vmware
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "20"
displayName = "web01"  # the name
guestOS = "rhel9-64"
annotation = "two|0alines"
memSize = "4096"
numvcpus = "4"
cpuid.coresPerSocket = "2"
sched.cpu.shares = "high"
sched.mem.max = "3000"
floppy0.present = "FALSE"
scsi0.present = "TRUE"
scsi0.virtualDev = "pvscsi"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "web01.vmdk"
scsi0:0.mode = "independent-persistent"
sched.scsi0:0.shares = "high"
scsi0:1.present = "TRUE"
scsi0:1.fileName = "web01_1.vmdk"
sata0.present = "TRUE"
sata0:0.present = "TRUE"
sata0:0.deviceType = "cdrom-image"
sata0:0.fileName = "/vmfs/volumes/iso/debian.iso"
sata0:0.startConnected = "TRUE"
ide1:0.present = "TRUE"
ide1:0.clientDevice = "TRUE"
ide1:0.deviceType = "cdrom-raw"
ethernet1.present = "TRUE"
ethernet1.virtualDev = "vmxnet3"
ethernet1.networkName = "VM Network"
ethernet1.addressType = "vpx"
ethernet1.generatedAddress = "00:50:56:91:48:c7"
ethernet1.pciSlotNumber = "192"
ethernet3.present = "TRUE"
ethernet3.networkName = "lab"
ethernet3.addressType = "static"
ethernet3.address = "00:50:56:00:00:07"
ethernet3.pciSlotNumber = "224"
tools.syncTime = "FALSE"
answer.msg.serial.file.open = "Replace"
RemoteDisplay.vnc.enabled = "TRUE"
RemoteDisplay.vnc.port = "5901"
RemoteDisplay.vnc.password = "geheim"
"""

# A password with a character that XML cannot hold.
SPOILT = VMX.replace("geheim", "ge\x0fheim")


def changed(*edits: tuple[str, str], text: str = VMX) -> dict[str, tuple[str | None, str | None]]:
    """Edit the XML of a VMX; return which entries of the VMX that changed, as before and after."""
    xml = to_domain_xml(VmxText.parse(text), NAMES, secrets=True)
    for pattern, by in edits:
        xml, count = re.subn(pattern, by, xml, count=1, flags=re.DOTALL)
        assert count == 1, pattern
    before = {key.lower(): value for key, value in VmxText.parse(text).items()}
    after = {key.lower(): value for key, value in to_vmx(xml, NAMES).items()}
    return {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)}


@given(definition=definitions(beyond_vmx=True))
def test_what_xml_says_of_a_machine_comes_back(definition: VmDefinition) -> None:
    restricted = domain_xml.restrict(definition)

    assert domain_xml.restrict(restricted) == restricted
    assert domain_xml.parse(domain_xml.format(restricted, secrets=True)) == restricted


@given(definition=definitions())
def test_a_machine_goes_through_xml_byte_for_byte(definition: VmDefinition) -> None:
    text = vmx.format(definition, NAMES)

    assert str(to_vmx(to_domain_xml(text, NAMES, secrets=True), NAMES)) == str(text)


@given(definition=definitions())
def test_xml_alone_makes_a_vmx_that_says_the_same(definition: VmDefinition) -> None:
    xml = to_domain_xml(vmx.format(definition, NAMES), NAMES, lossless=False, secrets=True)
    try:
        text = to_vmx(xml, NAMES)
    except NotRepresentable:
        return

    again = to_domain_xml(text, NAMES, lossless=False, secrets=True)

    assert to_vmx(again, NAMES).entries() == text.entries()


def test_the_vmx_comes_back_as_it_was() -> None:
    assert str(to_vmx(to_domain_xml(VmxText.parse(VMX), NAMES, secrets=True), NAMES)) == VMX


@pytest.mark.parametrize("text", [VMX.replace("\n", "\r\n"), VMX.replace("\n", "\r"), VMX.replace("two|", "\x0b\x7f|")])
def test_line_ends_and_what_xml_cannot_hold_come_back(text: str) -> None:
    assert str(to_vmx(to_domain_xml(VmxText.parse(text), NAMES, secrets=True), NAMES)) == text


def test_an_edit_of_one_element_changes_its_entry_alone() -> None:
    assert changed((">4</vcpu>", ">8</vcpu>"), ("sockets='2'", "sockets='4'")) == {"numvcpus": ("4", "8")}
    assert changed(("4194304</memory", "8388608</memory")) == {"memsize": ("4096", "8192")}
    assert changed(("two\nlines", "one")) == {"annotation": ("two|0alines", "one")}
    assert changed(("bridge='lab'", "bridge='prod'"))["ethernet3.networkname"] == ("lab", "prod")
    assert changed((r"\[ds\] web01/web01_1", "[other] x/y")) == {
        "scsi0:1.filename": ("web01_1.vmdk", "/vmfs/volumes/other/x/y.vmdk")
    }


def test_what_was_taken_away_goes() -> None:
    assert changed(("<description>.*</description>", "")) == {"annotation": ("two|0alines", None)}
    assert changed(("<cputune>.*</cputune>", "")) == {"sched.cpu.shares": ("high", None)}
    assert changed(("<cpu>.*</cpu>", "")) == {"cpuid.corespersocket": ("2", None)}
    assert changed(("3072000</currentMemory", "4194304</currentMemory")) == {"sched.mem.max": ("3000", None)}
    assert set(changed((" port='5901'", ""), (" autoport='no'", ""))) == {"remotedisplay.vnc.port"}
    assert set(changed(("<graphics.*</graphics>", ""))) == {
        "remotedisplay.vnc.enabled",
        "remotedisplay.vnc.port",
        "remotedisplay.vnc.password",
    }


def test_a_device_that_goes_takes_all_of_its_entries_with_it() -> None:
    gone = changed((r"<disk type='file' device='disk'>\s*<source file='\[ds\] web01/web01.vmdk'.*?</disk>", ""))

    assert gone.keys() == {
        "scsi0:0.present",
        "scsi0:0.filename",
        "scsi0:0.mode",
        "sched.scsi0:0.shares",
    }


def test_a_card_is_known_by_its_mac_address() -> None:
    gone = changed((r"<interface type='bridge'>\s*<mac address='00:50:56:91:48:c7'.*?</interface>", ""))

    assert {key.partition(".")[0] for key in gone} == {"ethernet1"}
    assert all(after is None for _before, after in gone.values())


def test_a_new_device_is_as_libvirt_writes_it() -> None:
    card = "<interface type='bridge'><mac address='00:0c:29:00:00:01'/><source bridge='new'/></interface><video>"
    added = changed(("<video>", card))

    assert {key: after for key, (_before, after) in added.items()} == {
        "ethernet0.present": "true",
        "ethernet0.networkname": "new",
        "ethernet0.connectiontype": "bridged",
        "ethernet0.addresstype": "generated",
        "ethernet0.generatedaddress": "00:0c:29:00:00:01",
        "ethernet0.generatedaddressoffset": "0",
    }


def test_a_new_drive_takes_the_place_of_one_that_xml_does_not_show() -> None:
    disk = "<disk><source file='[ds] new.vmdk'/><target dev='hdc' bus='ide'/></disk>"
    added = changed(("<controller type='scsi'", disk + "<controller type='scsi'"))

    assert added["ide1:0.filename"] == (None, "/vmfs/volumes/ds/new.vmdk")
    assert added["ide1:0.clientdevice"] == ("TRUE", None)


def test_a_new_drive_inherits_nothing_from_one_that_was_there() -> None:
    old = 'scsi0:5.present = "FALSE"\nscsi0:5.deviceType = "cdrom-image"\nscsi0:5.fileName = "x.iso"\n'
    disk = "<disk><source file='[ds] new.vmdk'/><target dev='sdf' bus='scsi'/></disk>"
    edit = ("<controller type='scsi'", disk + "<controller type='scsi'")
    added = changed(edit, text=VMX + old + 'sched.scsi0:5.shares = "nonsense"\n')

    assert added["scsi0:5.devicetype"] == ("cdrom-image", "scsi-hardDisk")
    assert added["sched.scsi0:5.shares"] == ("nonsense", None)


def test_a_new_controller_brings_back_no_drive_that_was_on_it() -> None:
    old = 'sata1:0.present = "TRUE"\nsata1:0.clientDevice = "perhaps"\n'
    disk = "<disk><source file='[ds] new.vmdk'/><target dev='sdaf' bus='sata'/></disk>"
    added = changed(("<controller type='scsi'", disk + "<controller type='scsi'"), text=VMX + old)

    assert added["sata1.present"] == (None, "true")
    assert added["sata1:1.filename"] == (None, "/vmfs/volumes/ds/new.vmdk")
    assert added["sata1:0.present"] == ("TRUE", None)


def test_another_image_in_a_drive_without_a_type_brings_the_type() -> None:
    old = 'ide0:0.present = "TRUE"\nide0:0.fileName = "x.iso"\n'

    assert changed((r"\[ds\] web01/x.iso", "[ds] web01/x.img"), text=VMX + old) == {
        "ide0:0.filename": ("x.iso", "/vmfs/volumes/ds/web01/x.img"),
        "ide0:0.devicetype": (None, "cdrom-image"),
    }


def test_a_part_of_a_vmx_says_what_xml_cannot() -> None:
    carrier = '<metadata><esx:vmx xmlns:esx="urn:virt-esx:vmx:1">guestOS = "rhel9-64"\nfoo = "bar"</esx:vmx></metadata>'
    text = to_vmx(domain(general=f"<name>web01</name>{carrier}", start="<type arch='x86_64'>hvm</type>"), NAMES)

    assert text["guestOS"] == "rhel9-64"
    assert text["foo"] == "bar"
    assert text["displayName"] == "web01"
    assert text["memsize"] == "4"
    assert text["virtualHW.version"] == "20"
    assert vmx.parse(text).guest_id == "rhel9-64"


def test_an_architecture_that_belies_the_guest_id_wins() -> None:
    carrier = '<metadata><esx:vmx xmlns:esx="urn:virt-esx:vmx:1">guestOS = "rhel9-64"</esx:vmx></metadata>'

    assert to_vmx(domain(general=carrier), NAMES)["guestOS"] == "other"


def test_the_hardware_version_is_the_one_asked_for() -> None:
    xml = to_domain_xml(VmxText.parse(VMX), NAMES)

    assert to_vmx(xml, NAMES)["virtualHW.version"] == "20"
    assert to_vmx(xml, NAMES, hardware_version=21)["virtualHW.version"] == "21"
    assert to_vmx(domain(), NAMES)["virtualHW.version"] == "20"
    assert to_vmx(domain(), NAMES, hardware_version=8)["virtualHW.version"] == "8"


def test_a_password_goes_along_on_request_only() -> None:
    text = VmxText.parse(VMX + 'RemoteDisplay.vnc.key = "Z2VoZWlt"\n')
    shown, hidden = to_domain_xml(text, NAMES, secrets=True), to_domain_xml(text, NAMES)

    assert shown.count("geheim") == 2
    assert "geheim" not in hidden
    assert "Z2VoZWlt" not in hidden
    assert "password" not in str(to_vmx(hidden, NAMES))
    assert text["RemoteDisplay.vnc.password"] == "geheim"


def test_a_password_that_is_not_shown_stays_and_one_that_is_changed_wins() -> None:
    assert changed((" passwd='geheim'", "")) == {}
    assert changed(("passwd='geheim'", "passwd='neu'")) == {"remotedisplay.vnc.password": ("geheim", "neu")}
    assert str(to_vmx(to_domain_xml(VmxText.parse(SPOILT), NAMES, secrets=True), NAMES)) == SPOILT


def test_without_our_element_the_xml_is_libvirts_alone() -> None:
    xml = to_domain_xml(VmxText.parse(VMX), NAMES, lossless=False, datacenter_path="ha-datacenter")

    assert "metadata" not in xml
    assert "<vmware:datacenterpath>ha-datacenter</vmware:datacenterpath>" in xml
    assert to_vmx(xml, NAMES)["guestOS"] == "other-64"


@pytest.mark.parametrize(
    ("carrier", "path"),
    [
        ('<esx:vmx xmlns:esx="urn:virt-esx:vmx:1">foo</esx:vmx>', "/domain/metadata/vmx"),
        ('<esx:vmx xmlns:esx="urn:virt-esx:vmx:1">memsize = "x"</esx:vmx>', "/domain/metadata/vmx"),
        ('<esx:vmx xmlns:esx="urn:virt-esx:vmx:2"/>', "/domain/metadata/vmx"),
        ('<esx:other xmlns:esx="urn:virt-esx:vmx:1"/>', "/domain/metadata/other"),
        ('<vmx xmlns="urn:virt-esx:vmx:1"/><vmx xmlns="urn:virt-esx:vmx:1"/>', "/domain/metadata/vmx[2]"),
        ('<vmx xmlns="urn:virt-esx:vmx:1" encoding="rot13"/>', "/domain/metadata/vmx/@encoding"),
        ('<vmx xmlns="urn:virt-esx:vmx:1" encoding="base64">!</vmx>', "/domain/metadata/vmx"),
        ('<vmx xmlns="urn:virt-esx:vmx:1" encoding="base64">/w==</vmx>', "/domain/metadata/vmx"),
    ],
)
def test_a_bad_carrier_is_an_error_that_says_where(carrier: str, path: str) -> None:
    with pytest.raises(DomainXmlError) as caught:
        to_vmx(domain(general=f"<metadata>{carrier}</metadata>"), NAMES)

    assert caught.value.details["path"] == path


def test_metadata_of_others_is_none_of_our_business() -> None:
    general = "<metadata><x xmlns='urn:x'>1</x></metadata>"

    assert to_vmx(domain(general=general), NAMES).entries() == to_vmx(domain(), NAMES).entries()


def test_a_port_of_type_null_cannot_be_written() -> None:
    with pytest.raises(NotRepresentable, match=r"serial_ports\[serial0\]"):
        to_vmx(domain(devices="<serial type='null'/>"), NAMES)


@pytest.mark.parametrize(
    ("mac", "more", "expected"),
    [
        ("00:0c:29:11:22:33", "", {"addressType": "generated", "generatedAddress": "00:0c:29:11:22:33"}),
        ("00:50:56:11:22:33", "", {"addressType": "static", "address": "00:50:56:11:22:33"}),
        ("00:50:56:87:65:43", "", {"addressType": "vpx", "generatedAddress": "00:50:56:87:65:43"}),
        ("00:12:34:56:78:90", "", {"addressType": "static", "checkMACAddress": "false"}),
        ("00:50:56:c0:00:01", "", {"addressType": "static", "checkMACAddress": "false"}),
        ("00:50:56:87:65:43", "type='static'", {"addressType": "static", "address": "00:50:56:87:65:43"}),
        (
            "00:12:34:56:78:90",
            "type='generated'",
            {"addressType": "generated", "generatedAddress": "00:12:34:56:78:90"},
        ),
        ("00:12:34:56:78:90", "type='static'", {"addressType": "static", "checkMACAddress": "false"}),
        ("00:12:34:56:78:90", "check='yes'", {"addressType": "static", "checkMACAddress": "true"}),
        ("00:0c:29:11:22:33", "check='no'", {"addressType": "generated", "checkMACAddress": "false"}),
    ],
)
def test_a_mac_address_is_of_whom_its_range_belongs_to(mac: str, more: str, expected: dict[str, str]) -> None:
    card = f"<interface type='bridge'><mac address='{mac}' {more}/><source bridge='n'/></interface>"
    text = to_vmx(domain(devices=card), NAMES, hardware_version=4)
    told = ("addressType", "generatedAddress", "address", "checkMACAddress")
    found = {key: text[f"ethernet0.{key}"] for key in told if f"ethernet0.{key}" in text}

    assert found.items() >= expected.items()
    assert ("checkMACAddress" in found) == ("checkMACAddress" in expected)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(VMX.splitlines(keepends=True)),
        st.sampled_from(["<", "&", "</esx:vmx>", "]]>", "\r", "x", '"', " = ", "\x0b"]),
    ),
    max_size=8,
).map("".join)


@given(carried=PIECES)
def test_whatever_is_carried_is_read_or_refused(carried: str) -> None:
    try:
        text = VmxText.parse(VMX + carried)
        xml = to_domain_xml(text, NAMES, secrets=True)
    except VmxError:
        return

    assert str(to_vmx(xml, NAMES)) == str(text)
