# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
From a diff to a request and back: what was sent is what the host then reports, for every field of the hub.

Law: after ``ReconfigVM_Task`` with ``build(config, compare(have, want))``, comparing again finds nothing.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable
from ansible_collections.virt.esx.plugins.module_utils._flow.wanted import comparable, with_controllers
from ansible_collections.virt.esx.plugins.module_utils._vi.config_info import Config, read_config
from ansible_collections.virt.esx.plugins.module_utils._vi.config_spec import build
from ansible_collections.virt.esx.plugins.module_utils._vi.device_info import DEVICES as DEVICES_OF_THE_API
from ansible_collections.virt.esx.plugins.module_utils._vmx import devices as hub
from ansible_collections.virt.esx.plugins.module_utils._vmx import drives
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data, plain
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import DEVICE_FIELDS, VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare
from ansible_collections.virt.esx.plugins.module_utils._vmx.slots import Slot
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, world_of

OLD, NEW = "564d2b1e-9f0a-4c53-8e7d-0123456789ab", "11111111-2222-3333-4444-555555555555"
FILES = {"iso/a.iso": "a", "iso/b.iso": "b", "iso/a.flp": "a", "iso/b.flp": "b"}
PORT = {"switch_uuid": NEW, "portgroup_id": "dvportgroup-1", "port_id": 7, "connection_id": 12}

# Field of the machine -> two values; the first is set, then the second, then the first again.
OWN: dict[str, tuple[Any, Any]] = {
    "name": ("web02", "wéb/02 %|"),
    "uuid": (OLD, NEW),
    "instance_uuid": (OLD, NEW),
    "location_uuid": (OLD, NEW),
    "annotation": ("two\nlines | 100 %", ""),
    "guest_id": ("rhel9-64", "windows2019srvNext-64"),
    "hardware_version": (20, 21),
    "cpus": (4, 2),
    "cores_per_socket": (2, 1),
    "cpu_hot_add": (True, False),
    "cpu_hot_remove": (True, False),
    "cpu_reservation_mhz": (500, 0),
    "cpu_limit_mhz": (1000, -1),
    "cpu_shares": ("high", 1234),
    "cpu_affinity": ([0, 1], []),
    "nested_virtualization": (True, False),
    "latency_sensitivity": ("high", "normal"),
    "memory_mib": (2048, 512),
    "memory_hot_add": (True, False),
    "memory_reservation_mib": (256, 0),
    "memory_limit_mib": (512, -1),
    "memory_shares": (777, "low"),
    "memory_reservation_locked": (True, False),
    "firmware": ("efi", "bios"),
    "secure_boot": (True, False),
    "nvram": ("web01.nvram", "other.nvram"),
    "vtpm": (True, False),
    "boot_order": (["cdrom", "hdd"], ["ethernet0"]),
    "boot_delay_ms": (2000, 0),
    "enter_firmware_setup": (True, False),
    "smbios_reflect_host": (True, False),
    "usb2_controller": (True, False),
    "usb3_controller": (True, False),
    "video": (
        {"ram_kib": 8192, "auto_detect": False, "displays": 2},
        {"ram_kib": 16384, "auto_detect": True, "displays": 1},
    ),
    "vnc": (
        {"port": 5901, "listen": "192.0.2.1", "keymap": "de", "password": "s3cret"},
        {"port": 5902, "listen": "192.0.2.2", "keymap": "us", "password": "other"},
    ),
    "tools_sync_time": (True, False),
    "tools_upgrade_policy": ("upgradeAtPowerCycle", "manual"),
    "change_tracking": (True, False),
    "extra": ({"guestinfo.role": "db"}, {"guestinfo.role": ""}),
}
# What the API does not know, or what only a wish can say; wanted.py leaves it out.
NOT_OF_THE_API = {"uuid_action", "generation_id", "absent", "shared_folders", "usb_devices"}

# Field of devices -> how one begins, and what is changed of it, step by step.
DEVICES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "controllers": (
        {"slot": "scsi1"},
        [
            {"model": "lsilogic"},
            {"model": "lsisas1068"},
            {"model": "buslogic"},
            {"model": "pvscsi"},
            {"bus_sharing": "physical"},
            {"bus_sharing": "virtual"},
            {"bus_sharing": "none"},
        ],
    ),
    "disks": (
        {"slot": "scsi0:1", "capacity_kib": 1024, "provisioning": "eager-zeroed"},
        [
            {"capacity_kib": 4096},
            {"mode": "independent-persistent"},
            {"mode": "independent-nonpersistent"},
            {"mode": "persistent"},
            {"write_through": True},
            {"write_through": False},
            {"sharing": "multi-writer"},
            {"sharing": "none"},
            {"shares": "high"},
            {"shares": 321},
            {"iops_limit": 100},
            {"iops_limit": -1},
            {"file": "[datastore1] spare/spare.vmdk"},
        ],
    ),
    "cdroms": (
        {"slot": "sata0:0", "backing": "client"},
        [
            {"backing": "iso", "file": "[datastore1] iso/a.iso"},
            {"file": "[datastore1] iso/b.iso"},
            {"file": ""},
            {"backing": "host", "device": "cd0", "auto_detect": False},
            {"backing": "host-raw", "device": "cd1"},
            {"auto_detect": True},
            {"start_connected": False},
            {"start_connected": True},
            {"backing": "client"},
        ],
    ),
    "floppies": (
        {"slot": "floppy0", "backing": "client"},
        [
            {"backing": "image", "file": "[datastore1] iso/a.flp"},
            {"file": "[datastore1] iso/b.flp"},
            {"backing": "host", "device": "/dev/fd0"},
            {"start_connected": False},
            {"start_connected": True},
            {"backing": "client"},
        ],
    ),
    "nics": (
        {"slot": "ethernet1", "network": "VM Network"},
        [
            {"network": "Other"},
            {"mac": "00:50:56:01:02:03"},
            {"mac": "00:0c:29:01:02:03", "mac_type": "generated"},
            {"start_connected": False},
            {"start_connected": True},
            {"wake_on_lan": False},
            {"wake_on_lan": True},
            {"model": "e1000"},
            {"model": "e1000e"},
            {"model": "vmxnet3"},
            {"network": "VM Network"},
        ],
    ),
    "serial_ports": (
        {"slot": "serial0", "backing": "file", "path": "[datastore1] web01/serial.log"},
        [
            {"path": "[datastore1] web01/other.log"},
            {"backing": "pipe", "path": "pipe", "endpoint": "client", "no_rx_loss": True},
            {"backing": "network", "path": "telnet://:2001", "endpoint": "server", "proxy": "telnet://vspc:1"},
            {"endpoint": "client"},
            {"backing": "device", "path": "/dev/char/serial/uart0"},
            {"backing": "thinprint"},
            {"yield_on_poll": False},
            {"yield_on_poll": True},
            {"start_connected": False},
            {"start_connected": True},
        ],
    ),
    "parallel_ports": (
        {"slot": "parallel0", "backing": "file", "path": "[datastore1] web01/parallel.out"},
        [
            {"backing": "device", "path": "/dev/parport0"},
            {"start_connected": False},
            {"start_connected": True},
        ],
    ),
    # Of these the host knows the numbers itself.
    "pci_devices": (
        {"slot": "pciPassthru0", "address": "0000:02:00.0"},
        [{"address": "0000:02:01.0"}],
    ),
}
CLASSES: dict[str, type[Any]] = {
    "controllers": drives.Controller,
    "disks": drives.Disk,
    "cdroms": drives.Cdrom,
    "floppies": drives.Floppy,
    "nics": hub.Nic,
    "serial_ports": hub.SerialPort,
    "parallel_ports": hub.ParallelPort,
    "pci_devices": hub.PciDevice,
}
# The change tracking of one disk goes with that of the machine; the others need another host, see below.
UNTRIED = {
    "disks": {"change_tracking"},
    "nics": {"distributed_port", "opaque_network_id"},
    "pci_devices": {"allowed_devices", "vendor_id", "device_id", "system_id"},
}
# Fields of devices that no property of the API says.
NOT_OF_A_DEVICE = {"slot", "pci_slot", "connection", "vnet", "mac_check", "bidirectional"}


class Lab:
    """One machine of a world, which is changed and read again."""

    def __init__(self, **vm: Any) -> None:
        stores = [{"name": "datastore1", "files": FILES}]
        networks = [{"name": "VM Network"}, {"name": "Other"}]
        self.client = Client(world_of({"name": "web01", **vm}, {"name": "spare"}, datastores=stores, networks=networks))
        self.vm = self.client.vm()
        self.spec: Any = None

    def read(self) -> Config:
        """The machine as it is now."""
        return read_config(self.vm.config)

    def make(self, wish: dict[str, Any] | None = None, *, purge: bool = False, **more: Any) -> VmDefinition:
        """Make the machine as wished, and return it as it then is."""
        found = self.read()
        want = comparable(from_data({**(wish or {}), **more}), found.definition, from_text=False)
        want = with_controllers(want, found.definition)
        self.spec = build(found, compare(found.definition, want, purge=purge, purge_extra=False))
        info = self.client.after(1, self.vm.ReconfigVM_Task(self.spec))
        assert info.error is None, info.error
        now = self.read().definition
        assert list(compare(now, want, purge=purge, purge_extra=False)) == []
        return now


def stated(definition: VmDefinition, name: str) -> Any:
    """A field's value as plain data."""
    return plain(getattr(definition, name))


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_field_is_what_was_wanted_of_it(name: str) -> None:
    first, second = OWN[name]
    others: dict[str, dict[str, Any]] = {
        "secure_boot": {"firmware": "efi"},
        "vtpm": {"firmware": "efi"},
        "cores_per_socket": {"cpus": 4},
    }
    lab = Lab(cpus=2, hardware_version=19)
    lab.make(others.get(name))
    # Hardware is never made older.
    for value in (first, second) if name == "hardware_version" else (first, second, first):
        now = lab.make({name: value})

        if name == "extra":
            assert now.extra.get("guestinfo.role", "") == value["guestinfo.role"]
        elif name == "cpu_affinity":
            assert list(now.cpu_affinity or ()) == value
        else:
            assert stated(now, name) == value


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_device_comes_changes_and_goes(name: str) -> None:
    begin, steps = DEVICES[name]
    lab = Lab(hardware_version=20)
    now = lab.make({name: [begin]})
    slot = begin["slot"]
    for step in [begin, *steps]:
        if step is not begin:
            now = lab.make({name: [{"slot": slot, **step}]})
        (device,) = [one for one in as_data(now)[name] if one["slot"] == slot]

        assert {key: device.get(key, "") for key in step} == step

    now = lab.make(absent=[slot])

    assert slot not in [str(one.slot) for one in getattr(now, name)]


@pytest.mark.parametrize("slot", ["scsi1:3", "sata0:5", "nvme0:2", "ide0:1"])
def test_a_disk_comes_on_every_bus_with_its_controller(slot: str) -> None:
    lab = Lab(hardware_version=20)
    now = lab.make(disks=[{"slot": slot, "capacity_kib": 2048, "provisioning": "eager-zeroed"}])

    (disk,) = [one for one in now.disks if str(one.slot) == slot]
    assert (disk.capacity_kib, plain(disk.provisioning)) == (2048, "eager-zeroed")
    assert slot.startswith("ide") or slot.partition(":")[0] in [str(one.slot) for one in now.controllers]


def test_many_devices_come_at_once_with_keys_that_count_down() -> None:
    lab = Lab(hardware_version=20)
    lab.make(
        disks=[{"slot": f"scsi1:{unit}", "capacity_kib": 1024} for unit in (0, 1, 2)],
        nics=[{"slot": f"ethernet{number}", "network": "Other"} for number in (1, 2)],
        usb3_controller=True,
    )

    keys = [change.device.key for change in lab.spec.deviceChange]
    assert keys == list(range(-1, -len(keys) - 1, -1))
    assert isinstance(lab.spec.deviceChange[0].device.busNumber, int)


def test_only_what_differs_is_sent() -> None:
    lab = Lab()
    lab.make(memory_mib=2048)

    sent = {name for name, value in vars(lab.spec).items() if value not in (None, [])}
    assert sent == {"memoryMB", "changeVersion"}


def test_nothing_is_sent_of_what_is_there() -> None:
    lab = Lab(cpus=2)
    have = lab.read()

    assert build(have, compare(have.definition, have.definition)).deviceChange == []


def test_a_reconfigure_is_guarded_against_somebody_elses() -> None:
    lab = Lab()
    lab.make(memory_mib=2048)

    assert lab.spec.changeVersion
    assert lab.spec.changeVersion != lab.read().change_version


def test_purging_removes_what_is_not_described_and_keeps_the_controller_of_what_is() -> None:
    lab = Lab(disks=[{}, {}])
    disk = lab.read().definition.disks[0]

    now = lab.make(purge=True, disks=[{"slot": str(disk.slot)}])

    assert [one.slot for one in now.disks] == [disk.slot]
    assert [str(one.slot) for one in now.controllers] == ["scsi0"]
    assert (now.nics, now.cdroms) == ((), ())


def test_vnc_goes_where_it_shall_be_absent() -> None:
    lab = Lab()
    lab.make(vnc={"port": 5901, "password": "s3cret"})

    assert lab.make(absent=["vnc"]).vnc is None
    assert not any(key.lower().startswith("remotedisplay") for key in lab.read().definition.extra)


def test_another_model_of_a_network_card_keeps_its_address_and_its_network() -> None:
    lab = Lab()
    before = lab.read().definition.nics[0]

    after = lab.make(nics=[{"slot": "ethernet0", "model": "e1000"}]).nics[0]

    assert (after.mac, after.network) == (before.mac, before.network)


def test_another_model_of_a_controller_keeps_what_hangs_on_it() -> None:
    lab = Lab(disks=[{}, {}], hardware_version=20)
    before = lab.read().definition
    wish = {"controllers": [{"slot": "scsi0", "model": "lsilogic"}], "absent": ["scsi0:1"]}
    growing = {"slot": "scsi0:0", "capacity_kib": 32 * 1024 * 1024}

    after = lab.make(wish, disks=[growing, {"slot": "scsi0:2", "capacity_kib": 1024}])

    assert [plain(one.model) for one in after.controllers] == ["lsilogic"]
    assert [(str(one.slot), one.capacity_kib) for one in after.disks] == [("scsi0:0", 33554432), ("scsi0:2", 1024)]
    assert after.disks[0].file == before.disks[0].file
    moved = [change for change in lab.spec.deviceChange if change.operation == "edit"]
    assert [(change.device.key, change.device.controllerKey) for change in moved] == [(2000, -1)]


def test_a_controller_goes_after_what_hangs_on_it() -> None:
    lab = Lab(disks=[{}, {}])

    after = lab.make(absent=["scsi0"])

    assert (after.controllers, after.disks) == ((), ())
    assert [change.device.key for change in lab.spec.deviceChange] == [2000, 2001, 1000]


@pytest.mark.parametrize(
    ("name", "device", "backing"),
    [
        ("cdroms", {"slot": "sata0:0"}, "client"),
        ("cdroms", {"slot": "sata0:0", "file": "[datastore1] iso/a.iso"}, "iso"),
        ("cdroms", {"slot": "sata0:0", "device": "cd0"}, "host"),
        ("cdroms", {"slot": "sata0:0", "auto_detect": True}, "host"),
        ("floppies", {"slot": "floppy0"}, "client"),
        ("floppies", {"slot": "floppy0", "file": "[datastore1] iso/a.flp"}, "image"),
        ("floppies", {"slot": "floppy0", "device": "/dev/fd0"}, "host"),
    ],
)
def test_a_new_drive_has_the_backing_of_what_is_stated(name: str, device: dict[str, Any], backing: str) -> None:
    now = Lab(hardware_version=20).make({name: [device]})

    (drive,) = [one for one in getattr(now, name) if str(one.slot) == device["slot"]]
    assert drive.backing.value == backing


@pytest.mark.parametrize("stated", [{"device": "cd0"}, {"auto_detect": True}])
@pytest.mark.parametrize("begin", [{"backing": "client"}, {"file": "[datastore1] iso/a.iso"}])
def test_a_drive_becomes_one_of_the_host_where_only_that_makes_sense(
    begin: dict[str, Any], stated: dict[str, Any]
) -> None:
    lab = Lab(hardware_version=20)
    lab.make(cdroms=[{"slot": "sata0:0", **begin}])

    (drive,) = [one for one in lab.make(cdroms=[{"slot": "sata0:0", **stated}]).cdroms if one.slot.kind == "sata"]
    assert drive.backing is drives.CdromBacking.HOST


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("nics", {"slot": "ethernet0", "model": "vmxnet3", "distributed_port": PORT}),
        ("nics", {"slot": "ethernet0", "model": "e1000", "distributed_port": {"switch_uuid": NEW}}),
        ("nics", {"slot": "ethernet0", "model": "vmxnet3", "opaque_network_id": "nsx-1"}),
        ("pci_devices", {"slot": "pciPassthru0", "address": "0000:05:00.0", "vendor_id": 0x8086, "device_id": 0xA1B2}),
        ("pci_devices", {"slot": "pciPassthru0", "address": "0000:05:00.0", "vendor_id": 0x10DE, "system_id": NEW}),
        ("pci_devices", {"slot": "pciPassthru0", "allowed_devices": "0x10de:0x1eb8,0x10de:0x1eb9"}),
    ],
)
def test_what_only_other_hosts_have_is_read_as_it_is_written(name: str, device: dict[str, Any]) -> None:
    want = from_data({name: [device]})

    (change,) = build(Config(VmDefinition(), {}), compare(VmDefinition(), want)).deviceChange
    place = DEVICES_OF_THE_API[type(change.device).__name__.rpartition(".")[2]]

    assert place.read is not None
    found = place.read(Slot.parse(device["slot"]), change.device)
    assert {key: plain(found)[key] for key in device} == device


def test_what_the_api_has_no_device_for_is_said() -> None:
    want = from_data({"shared_folders": [{"slot": "sharedFolder0", "host_path": "/a"}]})

    with pytest.raises(NotRepresentable, match="sharedFolder0"):
        build(Config(VmDefinition(), {}), compare(VmDefinition(), want))


def test_every_field_of_the_hub_is_tried_here() -> None:
    tried = {*OWN, *DEVICES, *NOT_OF_THE_API}

    assert tried == {field.name for field in fields(VmDefinition)}
    assert set(DEVICES) | NOT_OF_THE_API > set(DEVICE_FIELDS) - {"usb_devices"}


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_every_field_of_a_device_is_tried_here(name: str) -> None:
    begin, steps = DEVICES[name]
    tried = {key for step in (begin, *steps) for key in step}
    own = {field.name for field in fields(CLASSES[name])}

    assert own - tried - NOT_OF_A_DEVICE == UNTRIED.get(name, set())
