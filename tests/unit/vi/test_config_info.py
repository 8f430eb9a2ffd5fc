# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API reports becomes the hub's: devices by their slots, settings by their names, and nothing invented."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.config_info import by_slot, read_config
from ansible_collections.virt.esx.plugins.module_utils._vi.device_info import DEVICES
from ansible_collections.virt.esx.plugins.module_utils._vi.extra_config import read_extra
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import DEVICE_FIELDS
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, world_of
from pyVmomi import vim

device: Any = vim.vm.device
api: Any = vim
MACHINE: dict[str, Any] = {
    "name": "web01",
    "cpus": 2,
    "memory_mib": 2048,
    "guest_id": "rhel9_64Guest",
    "annotation": "front end",
    "hardware_version": 19,
    "firmware": "efi",
    "uuid": "564d2b1e-9f0a-4c53-8e7d-0123456789ab",
    "disks": [{}, {"thin": False, "mode": "independent_persistent"}],
    "nics": [{"mac": "00:50:56:01:02:03"}, {"model": "e1000"}],
    "iso": "[datastore1] iso/a.iso",
    "serial_files": ["serial.log"],
    "extra_config": {"guestinfo.role": "db"},
}


def config_of(**vm: Any) -> Any:
    stores = [{"name": "datastore1", "files": {"iso/a.iso": "a"}}]
    return Client(world_of({**MACHINE, **vm}, datastores=stores)).vm().config


def options(**entries: str) -> list[Any]:
    return [api.option.OptionValue(key=key.replace("__", "."), value=value) for key, value in entries.items()]


def test_a_machine_is_read_in_the_hubs_words() -> None:
    found = as_data(read_config(config_of()).definition)

    own = {
        "name": "web01",
        "cpus": 2,
        "memory_mib": 2048,
        "guest_id": "rhel9-64",
        "annotation": "front end",
        "hardware_version": 19,
        "firmware": "efi",
        "uuid": "564d2b1e-9f0a-4c53-8e7d-0123456789ab",
        "cpu_limit_mhz": -1,
        "memory_shares": "normal",
        "vtpm": False,
        "extra": {"guestinfo.role": "db"},
    }
    assert {key: found[key] for key in own} == own
    assert [(one["slot"], one["provisioning"], one["mode"]) for one in found["disks"]] == [
        ("scsi0:0", "thin", "persistent"),
        ("scsi0:1", "thick", "independent-persistent"),
    ]
    assert [(one["slot"], one["model"], one["mac_type"]) for one in found["nics"]] == [
        ("ethernet0", "vmxnet3", "static"),
        ("ethernet1", "e1000", "generated"),
    ]
    assert found["cdroms"] == [
        {"slot": "ide0:0", "backing": "iso", "file": "[datastore1] iso/a.iso", "start_connected": True}
    ]
    assert found["serial_ports"][0]["path"] == "[datastore1] web01/serial.log"
    assert found["controllers"] == [{"slot": "scsi0", "model": "pvscsi", "bus_sharing": "none"}]


def test_what_was_read_can_be_wanted_and_changes_nothing() -> None:
    have = read_config(config_of()).definition

    assert not compare(have, from_data(as_data(have)))


def test_the_devices_are_kept_by_their_slots_and_the_rest_beside_them() -> None:
    found = read_config(config_of())

    assert {"ide0", "ide1", "scsi0", "scsi0:0", "scsi0:1", "ide0:0", "ethernet0", "serial0"} <= set(found.devices)
    assert found.change_version
    assert isinstance(found.first(device.VirtualVideoCard), device.VirtualVideoCard)
    assert found.first(device.VirtualTPM) is None
    assert not any(isinstance(one, device.VirtualDisk) for one in found.others)


def test_a_name_is_read_as_it_is_and_not_as_the_api_escapes_it() -> None:
    config = config_of()
    config.name = "a%2fb %25 c"

    assert read_config(config).definition.name == "a/b % c"


def test_what_a_host_does_not_report_is_not_stated() -> None:
    config = config_of()
    for name in (
        "annotation",
        "bootOptions",
        "cpuAffinity",
        "latencySensitivity",
        "tools",
        "cpuAllocation",
        "firmware",
    ):
        setattr(config, name, None)
    config.version = "unknown"
    config.extraConfig = []

    found = read_config(config).definition

    assert (found.annotation, found.secure_boot, found.latency_sensitivity, found.tools_sync_time) == (None,) * 4
    assert (found.cpu_shares, found.firmware, found.hardware_version, found.boot_order) == (None,) * 4
    assert found.cpu_affinity == ()


def test_a_word_that_the_hub_does_not_know_is_not_reported() -> None:
    config = config_of()
    config.latencySensitivity = api.LatencySensitivity(level="custom", sensitivity=5)

    assert read_config(config).definition.latency_sensitivity is None


def test_a_device_of_a_class_that_nobody_knows_is_left_alone() -> None:
    config = config_of()
    config.hardware.device.append(device.VirtualSoundCard(key=5000, controllerKey=100, unitNumber=3))

    found = read_config(config)

    assert "5000" not in str(sorted(found.devices))
    assert found.first(device.VirtualSoundCard) is not None


def test_a_server_that_numbers_its_devices_in_its_own_way_is_understood() -> None:
    cards = [device.VirtualE1000(key=key, controllerKey=100, unitNumber=7) for key in (4100, 4200, 4001)]

    assert {slot: one.key for slot, one in by_slot(cards).items()} == {
        "ethernet0": 4100,
        "ethernet1": 4200,
        "ethernet2": 4001,
    }


def test_a_device_without_its_controller_has_no_slot() -> None:
    assert by_slot([device.VirtualDisk(key=2000, controllerKey=1000, unitNumber=0)]) == {}


def test_every_device_field_of_the_hub_is_read_from_some_class() -> None:
    assert {place.field for place in DEVICES.values() if place.field} == set(DEVICE_FIELDS) - {"shared_folders"}


def test_a_class_stands_before_its_base() -> None:
    kinds = [getattr(device, name) for name in DEVICES]

    for index, kind in enumerate(kinds):
        assert not any(issubclass(later, kind) for later in kinds[index + 1 :]), kind


@pytest.mark.parametrize(
    ("entries", "field", "value"),
    [
        ({"smbios__reflectHost": "TRUE"}, "smbios_reflect_host", True),
        ({"SMBIOS__REFLECTHOST": "true"}, "smbios_reflect_host", True),
        ({"smbios__reflectHost": "maybe"}, "smbios_reflect_host", None),
        ({"nvram": "web01.nvram"}, "nvram", "web01.nvram"),
        ({}, "nvram", None),
    ],
)
def test_a_setting_that_only_extra_config_has(entries: dict[str, str], field: str, value: Any) -> None:
    found = read_extra(options(**entries))

    assert found[field] == value
    assert found["extra"] == {}


def test_vnc_is_there_only_where_it_is_enabled() -> None:
    port = {"RemoteDisplay__vnc__port": "5901", "RemoteDisplay__vnc__password": "s3cret"}

    assert "vnc" not in read_extra(options(**port))
    assert read_extra(options(RemoteDisplay__vnc__enabled="TRUE", **port))["vnc"].port == 5901


def test_extra_has_no_key_that_a_field_says_and_no_empty_one() -> None:
    entries = {"sched__cpu__latencySensitivity": "high", "guestOS": "x", "a__b": "", "guestinfo__role": "db"}

    assert read_extra(options(**entries))["extra"] == {"guestinfo.role": "db"}
