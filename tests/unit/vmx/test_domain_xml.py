# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domain XML as libvirt reads and writes it, and what of a machine it can say."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable
from ansible_collections.virt.esx.plugins.module_utils._vmx import domain_xml
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import (
    BootDevice,
    Firmware,
    LatencySensitivity,
    UuidAction,
    VmDefinition,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.devices import (
    DistributedPort,
    Endpoint,
    MacType,
    Nic,
    NicConnection,
    NicModel,
    ParallelPort,
    PciDevice,
    PortBacking,
    SerialPort,
    SharedFolder,
    UsbDevice,
    Video,
    Vnc,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.domain_xml import UNSUPPORTED, restrict
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import (
    BusSharing,
    Cdrom,
    CdromBacking,
    Controller,
    Disk,
    DiskMode,
    DiskSharing,
    Floppy,
    FloppyBacking,
    Provisioning,
    ScsiModel,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.slots import ShareLevel, Slot
from ansible_collections.virt.esx.tests.unit.vmx.test_domain_xml_errors import domain


def written(definition: VmDefinition, **options: Any) -> str:
    """Write what XML can say of a definition."""
    return domain_xml.format(restrict(definition), **options)


def again(definition: VmDefinition) -> VmDefinition:
    """Write what XML can say of a definition, and read it."""
    return domain_xml.parse(written(definition, secrets=True))


def slot(text: str) -> Slot:
    return Slot.parse(text)


FULL = VmDefinition(
    name="web <01> & 'co'",
    uuid="564d9bef-acd9-b4e0-c8f0-aea8b9103515",
    generation_id="13c67c91-9f47-526f-b0d6-e4dd2e4bb4f9",
    annotation='two\r\nlines\tand a "quote"',
    guest_id="other-64",
    cpus=4,
    cores_per_socket=2,
    cpu_shares=ShareLevel.HIGH,
    cpu_affinity=(0, 1, 2, 5),
    memory_mib=4096,
    memory_reservation_mib=512,
    memory_limit_mib=2000,
    firmware=Firmware.EFI,
    secure_boot=True,
    vtpm=True,
    smbios_reflect_host=True,
    video=Video(ram_kib=8192),
    vnc=Vnc(port=5901, listen="127.0.0.1", keymap="de", password="geheim"),
    controllers=(
        Controller(slot=slot("scsi0"), model=ScsiModel.PVSCSI),
        Controller(slot=slot("scsi1")),
        Controller(slot=slot("sata0")),
        Controller(slot=slot("nvme0")),
    ),
    disks=(
        Disk(slot=slot("scsi0:0"), file="[ssd 1] web01/web01.vmdk", write_through=True),
        Disk(slot=slot("scsi0:8"), file="[ssd 1] web01/web01_1.vmdk", mode=DiskMode.INDEPENDENT_NONPERSISTENT),
        Disk(slot=slot("scsi1:15"), file="beside.vmdk"),
        Disk(slot=slot("sata0:29"), file="/abs/x.VMDK"),
        Disk(slot=slot("nvme0:0"), file="[ssd 1] web01/nvme.vmdk"),
        Disk(slot=slot("ide0:0")),
    ),
    cdroms=(
        Cdrom(slot=slot("scsi1:0"), backing=CdromBacking.HOST_RAW, device="/vmfs/devices/cdrom/mpx.vmhba32"),
        Cdrom(slot=slot("sata0:0"), backing=CdromBacking.ISO, file="[iso] debian.iso"),
        Cdrom(slot=slot("sata0:1"), backing=CdromBacking.ISO),
        Cdrom(slot=slot("ide1:0"), backing=CdromBacking.HOST, auto_detect=True),
        Cdrom(slot=slot("ide1:1"), backing=CdromBacking.HOST, device="/dev/scd0"),
    ),
    floppies=(
        Floppy(slot=slot("floppy0"), backing=FloppyBacking.IMAGE, file="[iso] a.flp"),
        Floppy(slot=slot("floppy1"), backing=FloppyBacking.HOST, device="/dev/fd0"),
    ),
    nics=(
        Nic(
            slot=slot("ethernet0"),
            model=NicModel.VMXNET3,
            network="VM Network",
            connection=NicConnection.BRIDGED,
            mac="00:50:56:91:48:c7",
            mac_type=MacType.VPX,
        ),
        Nic(
            slot=slot("ethernet1"),
            network="net1",
            connection=NicConnection.CUSTOM,
            vnet="/dev/vmnet1",
            mac="00:0c:29:d6:2b:d3",
            mac_type=MacType.GENERATED,
            mac_check=True,
        ),
        Nic(slot=slot("ethernet2"), connection=NicConnection.NAT, mac="00:12:34:56:78:90", mac_check=False),
        Nic(
            slot=slot("ethernet3"),
            model=NicModel.VMXNET2,
            distributed_port=DistributedPort(
                switch_uuid="503426b2-94e9-3b16-1d68-87bfff4a5440",
                portgroup_id="dvportgroup-1285",
                port_id=5,
                connection_id=-7,
            ),
            mac_type=MacType.STATIC,
        ),
        Nic(slot=slot("ethernet4")),
    ),
    serial_ports=(
        SerialPort(slot=slot("serial0"), backing=PortBacking.FILE, path="[ssd 1] web01/serial.txt"),
        SerialPort(slot=slot("serial1"), backing=PortBacking.DEVICE, path="/dev/ttyS0"),
        SerialPort(slot=slot("serial2"), backing=PortBacking.PIPE, path="com 1"),
        SerialPort(slot=slot("serial3"), backing=PortBacking.NETWORK, path="telnets://:2001", endpoint=Endpoint.SERVER),
        SerialPort(
            slot=slot("serial5"), backing=PortBacking.NETWORK, path="ssl://[fe80::1]:1", endpoint=Endpoint.CLIENT
        ),
        SerialPort(slot=slot("serial7"), backing=PortBacking.NETWORK),
    ),
    parallel_ports=(
        ParallelPort(slot=slot("parallel0"), backing=PortBacking.DEVICE, path="/dev/lp0"),
        ParallelPort(slot=slot("parallel2"), backing=PortBacking.FILE, path="[ssd 1] web01/paper.txt"),
    ),
    shared_folders=(
        SharedFolder(slot=slot("sharedFolder0"), host_path="/srv", guest_name="srv", writable=False),
        SharedFolder(slot=slot("sharedFolder1"), host_path="/home", guest_name="home", writable=True),
    ),
)


def test_a_full_machine_comes_back() -> None:
    assert restrict(FULL) == FULL
    assert again(FULL) == FULL


def test_an_empty_machine_has_what_xml_always_states() -> None:
    found = again(VmDefinition())

    assert found == VmDefinition(guest_id="other", cpus=1, memory_mib=32, video=Video(ram_kib=4096))


def test_a_full_machine_says_every_field_that_is_not_unsupported() -> None:
    silent = [
        f"{prefix}{field.name}"
        for prefix, things in _things(FULL)
        for field in dataclasses.fields(things[0])
        if prefix + field.name not in UNSUPPORTED
        and all(getattr(thing, field.name) in (None, (), frozenset()) for thing in things)
    ]

    assert silent == []


def test_unsupported_names_fields_that_there_are() -> None:
    names = {f"{prefix}{field.name}" for prefix, things in _things(FULL) for field in dataclasses.fields(things[0])}

    assert names >= UNSUPPORTED


def _things(definition: VmDefinition) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = [("", [definition])]
    for field in dataclasses.fields(definition):
        value = getattr(definition, field.name)
        if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            found.append((f"{field.name}.", list(value)))
        elif dataclasses.is_dataclass(value):
            found.append((f"{field.name}.", [value]))
    return found


# One definition for each field that XML has no word for.
UNSAID: dict[str, VmDefinition] = {
    "instance_uuid": VmDefinition(instance_uuid="50b69b00-8d88-7bdf-a14a-02705d653772"),
    "location_uuid": VmDefinition(location_uuid="50b69b00-8d88-7bdf-a14a-02705d653772"),
    "uuid_action": VmDefinition(uuid_action=UuidAction.KEEP),
    "guest_id": VmDefinition(guest_id="rhel9-64"),
    "hardware_version": VmDefinition(hardware_version=20),
    "cpu_hot_add": VmDefinition(cpu_hot_add=False),
    "cpu_hot_remove": VmDefinition(cpu_hot_remove=True),
    "cpu_reservation_mhz": VmDefinition(cpu_reservation_mhz=0),
    "cpu_limit_mhz": VmDefinition(cpu_limit_mhz=-1),
    "nested_virtualization": VmDefinition(nested_virtualization=True),
    "latency_sensitivity": VmDefinition(latency_sensitivity=LatencySensitivity.HIGH),
    "memory_hot_add": VmDefinition(memory_hot_add=True),
    "memory_shares": VmDefinition(memory_shares=ShareLevel.LOW),
    "memory_reservation_locked": VmDefinition(memory_reservation_locked=True),
    "nvram": VmDefinition(nvram="[ds] a/a.nvram"),
    "boot_order": VmDefinition(boot_order=(BootDevice.NIC,)),
    "boot_delay_ms": VmDefinition(boot_delay_ms=1),
    "enter_firmware_setup": VmDefinition(enter_firmware_setup=True),
    "usb2_controller": VmDefinition(usb2_controller=True),
    "usb3_controller": VmDefinition(usb3_controller=True),
    "tools_sync_time": VmDefinition(tools_sync_time=True),
    "tools_upgrade_policy": VmDefinition(tools_upgrade_policy="manual"),
    "change_tracking": VmDefinition(change_tracking=True),
    "absent": VmDefinition(absent=frozenset({"floppy0"})),
    "extra": VmDefinition(extra={"answer.msg.x": "y"}),
    "video.auto_detect": VmDefinition(video=Video(auto_detect=True)),
    "video.displays": VmDefinition(video=Video(displays=2)),
    "controllers[scsi0].bus_sharing": VmDefinition(
        controllers=(Controller(slot=slot("scsi0"), bus_sharing=BusSharing.NONE),)
    ),
    "controllers[scsi0].pci_slot": VmDefinition(controllers=(Controller(slot=slot("scsi0"), pci_slot=160),)),
    "disks[scsi0:0].capacity_kib": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), capacity_kib=1),)),
    "disks[scsi0:0].provisioning": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), provisioning=Provisioning.THIN),)),
    "disks[scsi0:0].sharing": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), sharing=DiskSharing.NONE),)),
    "disks[scsi0:0].change_tracking": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), change_tracking=True),)),
    "disks[scsi0:0].shares": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), shares=7),)),
    "disks[scsi0:0].iops_limit": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), iops_limit=-1),)),
    "disks[scsi0:0].mode": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), mode=DiskMode.INDEPENDENT_PERSISTENT),)),
    "disks[scsi0:0].file": VmDefinition(disks=(Disk(slot=slot("scsi0:0"), file="[ds] a.img"),)),
    "cdroms[ide0:0].file": VmDefinition(cdroms=(Cdrom(slot=slot("ide0:0"), file="../a.iso"),)),
    "floppies[floppy0].file": VmDefinition(floppies=(Floppy(slot=slot("floppy0"), file="C:\\a.flp"),)),
    "parallel_ports[parallel0].path": VmDefinition(
        parallel_ports=(ParallelPort(slot=slot("parallel0"), backing=PortBacking.FILE, path="[] x"),)
    ),
    "cdroms[ide0:0].backing": VmDefinition(cdroms=(Cdrom(slot=slot("ide0:0"), backing=CdromBacking.CLIENT),)),
    "cdroms[ide0:0].start_connected": VmDefinition(cdroms=(Cdrom(slot=slot("ide0:0"), start_connected=True),)),
    "floppies[floppy0].backing": VmDefinition(floppies=(Floppy(slot=slot("floppy0"), backing=FloppyBacking.CLIENT),)),
    "floppies[floppy0].start_connected": VmDefinition(floppies=(Floppy(slot=slot("floppy0"), start_connected=True),)),
    "nics[ethernet0].model": VmDefinition(nics=(Nic(slot=slot("ethernet0"), model=NicModel.SRIOV),)),
    "nics[ethernet0].connection": VmDefinition(nics=(Nic(slot=slot("ethernet0"), connection=NicConnection.HOSTONLY),)),
    "nics[ethernet0].opaque_network_id": VmDefinition(nics=(Nic(slot=slot("ethernet0"), opaque_network_id="x"),)),
    "nics[ethernet0].start_connected": VmDefinition(nics=(Nic(slot=slot("ethernet0"), start_connected=True),)),
    "nics[ethernet0].wake_on_lan": VmDefinition(nics=(Nic(slot=slot("ethernet0"), wake_on_lan=False),)),
    "nics[ethernet0].pci_slot": VmDefinition(nics=(Nic(slot=slot("ethernet0"), pci_slot=192),)),
    "serial_ports[serial0].proxy": VmDefinition(serial_ports=(SerialPort(slot=slot("serial0"), proxy="telnet://x:1"),)),
    "serial_ports[serial0].no_rx_loss": VmDefinition(serial_ports=(SerialPort(slot=slot("serial0"), no_rx_loss=True),)),
    "serial_ports[serial0].yield_on_poll": VmDefinition(
        serial_ports=(SerialPort(slot=slot("serial0"), yield_on_poll=True),)
    ),
    "serial_ports[serial0].start_connected": VmDefinition(
        serial_ports=(SerialPort(slot=slot("serial0"), start_connected=True),)
    ),
    "serial_ports[serial0].endpoint": VmDefinition(
        serial_ports=(SerialPort(slot=slot("serial0"), backing=PortBacking.PIPE, endpoint=Endpoint.SERVER),)
    ),
    "serial_ports[serial0].path": VmDefinition(
        serial_ports=(SerialPort(slot=slot("serial0"), backing=PortBacking.NETWORK, path="nonsense"),)
    ),
    "serial_ports[serial0].backing": VmDefinition(
        serial_ports=(SerialPort(slot=slot("serial0"), backing=PortBacking.THINPRINT),)
    ),
    "parallel_ports[parallel0].backing": VmDefinition(
        parallel_ports=(ParallelPort(slot=slot("parallel0"), backing=PortBacking.PIPE),)
    ),
    "parallel_ports[parallel0].bidirectional": VmDefinition(
        parallel_ports=(ParallelPort(slot=slot("parallel0"), bidirectional=True),)
    ),
    "parallel_ports[parallel0].start_connected": VmDefinition(
        parallel_ports=(ParallelPort(slot=slot("parallel0"), start_connected=True),)
    ),
    "shared_folders[sharedFolder0].readable": VmDefinition(
        shared_folders=(SharedFolder(slot=slot("sharedFolder0"), readable=True),)
    ),
    "pci_devices": VmDefinition(pci_devices=(PciDevice(slot=slot("pciPassthru0")),)),
    "usb_devices": VmDefinition(usb_devices=(UsbDevice(slot=slot("usb0")),)),
    "name": VmDefinition(name="a\x01b"),
    "nics[ethernet0].network": VmDefinition(nics=(Nic(slot=slot("ethernet0"), network="a\x01b"),)),
}


@pytest.mark.parametrize(("field", "definition"), UNSAID.items(), ids=UNSAID)
def test_what_xml_cannot_say_is_refused_and_restrict_drops_it(field: str, definition: VmDefinition) -> None:
    with pytest.raises(NotRepresentable) as caught:
        domain_xml.format(definition)

    assert caught.value.details["field"] == field
    assert again(definition) == restrict(definition)


def test_every_unsupported_field_has_its_case() -> None:
    covered = {field.partition("[")[0] + field.partition("]")[2] for field in UNSAID}

    assert covered >= UNSUPPORTED


@pytest.mark.parametrize(
    ("unit", "amount", "mib"),
    [
        ("", "4194304", 4096),
        (" unit='KiB'", "4194304", 4096),
        (" unit='k'", "4194304", 4096),
        (" unit='bytes'", "4294967296", 4096),
        (" unit='b'", "4294967297", 4100),
        (" unit='MiB'", "4096", 4096),
        (" unit='M'", "4096", 4096),
        (" unit='MB'", "4000", 3816),
        (" unit='GiB'", "4", 4096),
        (" unit='GB'", "4", 3816),
        (" unit='g'", " 4 ", 4096),
        (" unit='TiB'", "1", 1048576),
    ],
)
def test_memory_has_units_and_is_a_multiple_of_four(unit: str, amount: str, mib: int) -> None:
    xml = domain().replace("<memory>4096<", f"<memory{unit}>{amount}<")

    assert domain_xml.parse(xml).memory_mib == mib


@pytest.mark.parametrize(
    ("memory", "current", "expected"),
    [
        ("8192", "", (8, None)),
        ("8192", "4096", (8, 4)),
        ("8192", "4097", (8, 5)),
        ("8192", "9999", (8, None)),
        ("8192", "0", (8, None)),
        ("4100", "", (8, 5)),
    ],
)
def test_current_memory_is_a_limit(memory: str, current: str, expected: tuple[int, int | None]) -> None:
    general = f"<currentMemory>{current}</currentMemory>" if current else ""
    found = domain_xml.parse(domain(general=general).replace("<memory>4096<", f"<memory>{memory}<"))

    assert (found.memory_mib, found.memory_limit_mib) == expected


@pytest.mark.parametrize(
    ("shares", "cpus", "expected"),
    [(500, 1, ShareLevel.LOW), (2000, 1, ShareLevel.HIGH), (2000, 2, ShareLevel.NORMAL), (4223, 1, 4223)],
)
def test_shares_that_are_a_word_are_that_word(shares: int, cpus: int, expected: ShareLevel | int) -> None:
    found = domain_xml.parse(domain(general=f"<vcpu>{cpus}</vcpu><cputune><shares>{shares}</shares></cputune>"))

    assert found.cpu_shares == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("<target dev='sda' bus='scsi'/>", "scsi0:0"),
        ("<target dev='sda'/>", "scsi0:0"),
        ("<target dev='sdg'/>", "scsi0:6"),
        ("<target dev='sdh'/>", "scsi0:8"),
        ("<target dev='sdo'/>", "scsi0:15"),
        ("<target dev='sdp'/>", "scsi1:0"),
        ("<target dev='sdbh'/>", "scsi3:15"),
        ("<target dev='hda'/>", "ide0:0"),
        ("<target dev='hdd' bus='ide'/>", "ide1:1"),
        ("<target dev='sda' bus='sata'/>", "sata0:0"),
        ("<target dev='sdae' bus='sata'/>", "sata1:0"),
        ("<target dev='nvme1n3' bus='nvme'/>", "nvme1:2"),
        ("<target dev='nvme0n1'/>", "nvme0:0"),
        ("<target dev='sdp'/><address type='drive' controller='0' bus='0' target='0' unit='16'/>", "scsi0:16"),
        ("<target dev='sdbl'/><address type='drive' controller='0' bus='0' target='0' unit='64'/>", "scsi0:64"),
        ("<target dev='sdbm'/><address type='drive' controller='1' bus='0' target='0' unit='0'/>", "scsi1:0"),
        ("<target dev='sdg' bus='sata'/><address type='drive' controller='1' bus='0' unit='0'/>", "sata0:6"),
    ],
)
def test_a_disk_is_where_address_and_target_say(target: str, expected: str) -> None:
    found = domain_xml.parse(domain(devices=f"<disk>{target}</disk>"))

    assert str(found.disks[0].slot) == expected


def test_a_machine_with_wide_controllers_has_a_name_for_every_disk() -> None:
    units = [unit for unit in range(65) if unit != 7]
    disks = tuple(Disk(slot=Slot("scsi", index, unit)) for index in range(4) for unit in units)
    xml = written(VmDefinition(disks=disks))

    assert len({line for line in xml.splitlines() if "<target" in line}) == len(disks)
    assert again(VmDefinition(disks=disks)).disks == disks


def test_a_model_may_stand_at_the_disk_as_it_did_once() -> None:
    found = domain_xml.parse(domain(devices="<disk><driver name='VMPVSCSI'/><target dev='sdp'/></disk>"))

    assert found.controllers == (Controller(slot=slot("scsi1"), model=ScsiModel.PVSCSI),)


def test_the_driver_of_an_ide_disk_is_not_looked_at() -> None:
    found = domain_xml.parse(domain(devices="<disk><driver name='qemu' cache='none'/><target dev='hda'/></disk>"))

    assert found.disks == (Disk(slot=slot("ide0:0")),)


def test_controllers_are_listed_up_to_the_last_used_one() -> None:
    definition = VmDefinition(
        controllers=(Controller(slot=slot("scsi3")), Controller(slot=slot("scsi1"), model=ScsiModel.LSILOGIC)),
        disks=(Disk(slot=slot("scsi1:0")),),
    )

    assert again(definition).controllers == (
        Controller(slot=slot("scsi0")),
        Controller(slot=slot("scsi1"), model=ScsiModel.LSILOGIC),
    )


def test_network_cards_are_numbered_without_gaps() -> None:
    definition = VmDefinition(nics=(Nic(slot=slot("ethernet5"), mac="00:0c:29:00:00:02"), Nic(slot=slot("ethernet2"))))

    assert [(str(nic.slot), nic.mac) for nic in again(definition).nics] == [
        ("ethernet0", None),
        ("ethernet1", "00:0c:29:00:00:02"),
    ]


def test_a_port_without_a_number_takes_the_next_free_one() -> None:
    devices = "<serial type='null'><target port='1'/></serial><serial type='null'/><serial type='null'/>"
    found = domain_xml.parse(domain(devices=devices))

    assert [str(port.slot) for port in found.serial_ports] == ["serial0", "serial1", "serial2"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("//h:1", "tcp://h:1"),
        ("tcp6://h:01", "tcp://h:1"),
        ("TELNET://h:1/x?y#z", "telnet://h:1"),
        ("tcp4+ssl://h:1", "ssl://h:1"),
        ("tcp://user@h:1", "tcp://h:1"),
        ("tcp://h", None),
        ("tcp://h:0", None),
        ("tcp://h:65536", None),
        ("h:1", None),
        ("http://h:1", None),
        (None, None),
    ],
)
def test_a_uri_is_said_in_libvirts_words_or_is_null(uri: str | None, expected: str | None) -> None:
    port = SerialPort(slot=slot("serial0"), backing=PortBacking.NETWORK, path=uri)

    assert again(VmDefinition(serial_ports=(port,))).serial_ports[0].path == expected


def test_the_password_of_vnc_is_written_on_request_only() -> None:
    assert "geheim" not in domain_xml.format(FULL)
    assert "passwd='geheim'" in domain_xml.format(FULL, secrets=True)


def test_where_the_machine_is_stands_in_libvirts_namespace() -> None:
    xml = written(VmDefinition(), datacenter_path="a/b & c", moref="vm-12")

    assert "<vmware:datacenterpath>a/b &amp; c</vmware:datacenterpath>\n  <vmware:moref>vm-12</vmware:moref>" in xml
    assert domain_xml.parse(xml) == restrict(VmDefinition())


def test_the_uuid_of_newer_libvirt_is_vcenters() -> None:
    xml = domain(
        general="<uuid>50b69b00-8d88-7bdf-a14a-02705d653772</uuid><hwuuid>564d9bef-acd9-b4e0-c8f0-aea8b9103515</hwuuid>"
    )
    found = domain_xml.parse(xml)

    assert found.uuid == "564d9bef-acd9-b4e0-c8f0-aea8b9103515"
    assert found.instance_uuid == "50b69b00-8d88-7bdf-a14a-02705d653772"
