# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is described becomes what a host reports: nothing that no host keeps makes a machine look changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.wanted import comparable, located, with_controllers
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare

NOTHING = VmDefinition()


def kept(want: dict[str, Any], have: dict[str, Any] | None = None, *, from_text: bool = False) -> dict[str, Any]:
    found = comparable(from_data(want), from_data(have or {}), from_text=from_text)
    return as_data(found)


# What only a VMX says; no property of the API tells it.
UNREPORTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"controllers": [{"slot": "scsi0", "pci_slot": 160}]}, {"controllers": [{"slot": "scsi0"}]}),
    ({"disks": [{"slot": "scsi0:0", "change_tracking": True}]}, {"disks": [{"slot": "scsi0:0"}]}),
    (
        {"nics": [{"slot": "ethernet0", "connection": "bridged", "vnet": "v", "mac_check": True, "pci_slot": 33}]},
        {"nics": [{"slot": "ethernet0"}]},
    ),
    ({"parallel_ports": [{"slot": "parallel0", "bidirectional": True}]}, {"parallel_ports": [{"slot": "parallel0"}]}),
    ({"shared_folders": [{"slot": "sharedFolder0", "host_path": "/a"}]}, {}),
    ({"usb_devices": [{"slot": "usb0", "path": "path:0/1"}]}, {}),
    ({"generation_id": "564d2b1e-9f0a-4c53-8e7d-0123456789ab"}, {}),
    ({"uuid_action": "keep"}, {}),
]


@pytest.mark.parametrize(("want", "expected"), UNREPORTED)
@pytest.mark.parametrize("from_text", [True, False])
def test_what_no_host_reports_is_not_compared(want: dict[str, Any], expected: dict[str, Any], from_text: bool) -> None:
    assert expected == kept(want, from_text=from_text)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ({}, ["cdrom", "floppy"]),
        ({"disks": [{"slot": "scsi0:0", "file": "a.vmdk"}]}, ["cdrom", "hdd", "floppy"]),
        ({"nics": [{"slot": "ethernet0"}]}, ["cdrom", "ethernet0", "floppy"]),
    ],
)
def test_a_machine_does_not_start_from_what_it_has_not(has: dict[str, Any], expected: list[str]) -> None:
    order = {"boot_order": ["cdrom", "hdd", "ethernet0", "floppy"]}

    assert kept(order, has)["boot_order"] == expected == kept({**order, **has})["boot_order"]
    assert "boot_order" not in kept({"boot_order": ["hdd"]})


OWN_WISHES: dict[str, Any] = {
    "name": "web01",
    "location_uuid": "564d2b1e-9f0a-4c53-8e7d-0123456789ab",
    "nvram": "web01.nvram",
    "memory_mib": 512,
    "nics": [{"slot": "ethernet0", "network": "VM Network", "wake_on_lan": True}],
    "extra": {"svga.present": "TRUE", "guestinfo.role": "db"},
    "absent": ["floppy0"],
}


def test_what_somebody_states_in_options_is_wanted() -> None:
    assert kept(OWN_WISHES) == OWN_WISHES


def test_what_a_file_says_of_its_place_is_not_wanted() -> None:
    found = kept(OWN_WISHES, from_text=True)

    assert set(OWN_WISHES) - set(found) == {"location_uuid", "nvram"}
    assert found["extra"] == {"guestinfo.role": "db"}


# Keys that a host writes by itself, and keys that somebody wants.
HOSTS_KEYS = (
    *(".encoding", "config.version", "virtualHW.productCompatibility", "cleanShutdown", "softPowerOff"),
    *("extendedConfigFile", "scsi0.pciSlotNumber", "scsi0.sasSourceId", "scsi0:0.redo", "scsi0:5.present"),
    *("pciBridge0.functions", "sched.swap.derivedName", "migrate.hostLog", "monitor.phys_bits_used"),
    *(
        "numa.autosize.cookie",
        "vmci0.id",
        "uuid.action",
        "vm.genid",
        "viv.moid",
        "checkpoint.vmState",
        "floppy0.present",
    ),
    *(
        "tools.remindInstall",
        "toolScripts.afterPowerOn",
        "powerType.powerOff",
        "hpet0.present",
        "svga.guestBackedPrimaryAware",
    ),
    *(
        "log.fileName",
        "replay.supported",
        "nvram",
        "hostCPUID.0",
        "userCPUID.0",
        "bios.hddOrder",
        "evcCompatibilityMode",
        "usb.present",
    ),
)
OWN_KEYS = ("disk.EnableUUID", "guestinfo.metadata", "isolation.tools.copy.disable", "answer.msg.uuid", "cpuid", "x.y")


@pytest.mark.parametrize("key", HOSTS_KEYS)
def test_what_a_host_writes_by_itself_is_not_wanted(key: str) -> None:
    for spelled in (key, key.lower(), key.upper()):
        want = VmDefinition(extra={spelled: "1"})

        assert comparable(want, NOTHING, from_text=True).extra == {}


@pytest.mark.parametrize("key", OWN_KEYS)
def test_other_keys_are_wanted(key: str) -> None:
    assert comparable(VmDefinition(extra={key: "1"}), NOTHING, from_text=True).extra == {key: "1"}


CLIENT: dict[str, Any] = {"slot": "ide0:0", "backing": "client"}
EMPTY: dict[str, Any] = {"slot": "ide0:0", "backing": "iso", "file": ""}
ISO: dict[str, Any] = {"slot": "ide0:0", "backing": "iso", "file": "[ds] a.iso"}


@pytest.mark.parametrize(
    ("want", "have", "changed"),
    [
        (EMPTY, CLIENT, False),
        (EMPTY, EMPTY, False),
        (EMPTY, ISO, True),
        (EMPTY, {"slot": "ide0:0", "backing": "host", "device": "cd0"}, True),
        (ISO, CLIENT, True),
        (CLIENT, ISO, True),
        ({**CLIENT, "device": "auto detect", "auto_detect": True}, CLIENT, False),
        ({"slot": "ide0:0", "file": ""}, ISO, True),
        ({"slot": "ide0:0", "file": ""}, CLIENT, False),
    ],
)
def test_a_drive_without_a_medium_is_the_same_whatever_could_lend_one(
    want: dict[str, Any], have: dict[str, Any], changed: bool
) -> None:
    found = from_data({"cdroms": [have]})
    wish = comparable(from_data({"cdroms": [want]}), found, from_text=False)

    assert bool(compare(found, wish)) is changed


@pytest.mark.parametrize(
    ("want", "device"),
    [
        ({"backing": "client", "device": "a"}, None),
        ({"backing": "host", "device": ""}, None),
        ({"backing": "host", "device": "/dev/fd0"}, "/dev/fd0"),
    ],
)
def test_which_floppy_drive_a_client_lends_nobody_knows(want: dict[str, Any], device: str | None) -> None:
    wish = from_data({"floppies": [{"slot": "floppy0", **want}]})

    assert comparable(wish, NOTHING, from_text=False).floppies[0].device == device


def test_purging_leaves_a_usb_device_that_is_described() -> None:
    have = from_data({"usb_devices": [{"slot": "usb0", "path": "path:0/1 version:2"}]})
    want = from_data({"usb_devices": [{"slot": "usb0", "path": "path:0/1"}]})

    assert not compare(have, comparable(want, have, from_text=True), purge=True)
    assert compare(have, comparable(NOTHING, have, from_text=True), purge=True)


@pytest.mark.parametrize(
    ("drives", "have", "added"),
    [
        ({"disks": [{"slot": "scsi0:0"}]}, {}, ["scsi0"]),
        ({"disks": [{"slot": "scsi0:0"}, {"slot": "scsi0:1"}, {"slot": "nvme1:0"}]}, {}, ["nvme1", "scsi0"]),
        ({"cdroms": [{"slot": "sata0:0"}]}, {}, ["sata0"]),
        ({"disks": [{"slot": "ide0:0"}], "cdroms": [{"slot": "ide1:0"}]}, {}, []),
        ({"disks": [{"slot": "scsi0:0"}]}, {"controllers": [{"slot": "scsi0", "model": "lsilogic"}]}, []),
        ({"disks": [{"slot": "scsi1:0"}]}, {"controllers": [{"slot": "scsi0", "model": "lsilogic"}]}, ["scsi1"]),
    ],
)
def test_a_controller_that_nobody_mentions_comes_with_its_drive(
    drives: dict[str, Any], have: dict[str, Any], added: list[str]
) -> None:
    wish = with_controllers(from_data(drives), from_data(have))

    assert [str(one.slot) for one in wish.controllers] == added


def test_a_controller_that_is_described_is_not_added() -> None:
    want = from_data({"controllers": [{"slot": "scsi0", "model": "lsilogic"}], "disks": [{"slot": "scsi0:0"}]})

    assert with_controllers(want, NOTHING) == want


@pytest.mark.parametrize("directory", ["[ds] web01", "[ds]"])
@pytest.mark.parametrize(
    ("file", "stays"), [("a.vmdk", False), ("[other] b/a.vmdk", True), ("/vmimages/tools/linux.iso", True), ("", True)]
)
def test_a_bare_name_lies_beside_the_vmx(directory: str, file: str, stays: bool) -> None:
    wish = from_data(
        {
            "disks": [{"slot": "scsi0:0", "file": file}],
            "cdroms": [{"slot": "ide0:0", "file": file}],
            "floppies": [{"slot": "floppy0", "file": file}],
        }
    )
    expected = file if stays else f"{directory}{'/' if directory == '[ds] web01' else ' '}{file}"

    found = located(wish, directory)

    assert [found.disks[0].file, found.cdroms[0].file, found.floppies[0].file] == [expected] * 3


def test_the_log_of_a_serial_port_lies_beside_the_vmx_too() -> None:
    ports = [
        {"slot": "serial0", "backing": "file", "path": "serial.log"},
        {"slot": "serial1", "backing": "pipe", "path": "pipe"},
        {"slot": "serial2", "backing": "network", "path": "telnet://:2001"},
    ]
    wish = from_data({"serial_ports": ports, "parallel_ports": [{"slot": "parallel0", "backing": "file", "path": "p"}]})

    found = located(wish, "[ds] web01")

    assert [one.path for one in found.serial_ports] == ["[ds] web01/serial.log", "pipe", "telnet://:2001"]
    assert found.parallel_ports[0].path == "[ds] web01/p"


def test_a_vmx_of_a_machine_states_nothing_beyond_what_a_host_reports() -> None:
    text = "\n".join(
        f'{key} = "{value}"'
        for key, value in {
            "config.version": "8",
            "virtualHW.version": "19",
            "displayName": "web01",
            "guestOS": "other-64",
            "memsize": "512",
            "uuid.location": "56 4d 2b 1e 9f 0a 4c 53-8e 7d 01 23 45 67 89 ab",
            "vmci0.present": "TRUE",
            "scsi0.present": "TRUE",
            "scsi0.pciSlotNumber": "160",
            "disk.EnableUUID": "TRUE",
        }.items()
    )
    found = comparable(vmx.parse(text), NOTHING, from_text=True)

    assert as_data(found) == {
        "name": "web01",
        "guest_id": "other-64",
        "hardware_version": 19,
        "memory_mib": 512,
        "controllers": [{"slot": "scsi0"}],
        "extra": {"disk.EnableUUID": "TRUE"},
    }
