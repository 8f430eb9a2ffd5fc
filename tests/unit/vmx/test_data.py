# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions as plain data, and what is said of data that is no definition."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import BootDevice, Firmware, VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.devices import Vnc
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import Disk, DiskMode
from ansible_collections.virt.esx.plugins.module_utils._vmx.slots import ShareLevel, Slot


def test_data_is_plain_and_holds_what_is_stated() -> None:
    definition = VmDefinition(
        name="web",
        cpu_shares=ShareLevel.LOW,
        memory_shares=4000,
        cpu_affinity=(),
        boot_order=(BootDevice.DISK, BootDevice.NIC),
        disks=(Disk(slot=Slot("scsi", 0, 1), mode=DiskMode.INDEPENDENT_PERSISTENT),),
        absent=frozenset({"vnc", "scsi0:2"}),
        extra={"a": "b"},
    )

    assert as_data(definition) == {
        "name": "web",
        "cpu_shares": "low",
        "memory_shares": 4000,
        "cpu_affinity": [],
        "boot_order": ["hdd", "ethernet0"],
        "disks": [{"slot": "scsi0:1", "mode": "independent-persistent"}],
        "absent": ["scsi0:2", "vnc"],
        "extra": {"a": "b"},
    }
    assert as_data(VmDefinition()) == {}


def test_a_secret_is_shown_on_request() -> None:
    definition = VmDefinition(vnc=Vnc(port=5900, password="secret"))

    assert as_data(definition) == {"vnc": {"port": 5900}}
    assert as_data(definition, secrets=True) == {"vnc": {"port": 5900, "password": "secret"}}


@pytest.mark.parametrize(
    ("data", "field", "value"),
    [
        ({"memory_mib": "1024"}, "memory_mib", 1024),
        ({"cpu_limit_mhz": "-1"}, "cpu_limit_mhz", -1),
        ({"cpu_hot_add": "Yes"}, "cpu_hot_add", True),
        ({"cpu_hot_add": "off"}, "cpu_hot_add", False),
        ({"cpu_shares": "high"}, "cpu_shares", ShareLevel.HIGH),
        ({"cpu_shares": "4000"}, "cpu_shares", 4000),
        ({"cpu_affinity": [3, 1, 1]}, "cpu_affinity", (1, 3)),
        ({"firmware": Firmware.EFI}, "firmware", Firmware.EFI),
        ({"uuid": "56 4D 9b ef ac d9 b4 e0-c8 f0 ae a8 b9 10 35 15"}, "uuid", "564d9bef-acd9-b4e0-c8f0-aea8b9103515"),
        ({"absent": ["SCSI0:1", "sharedfolder2"]}, "absent", frozenset({"scsi0:1", "sharedFolder2"})),
        ({"name": None}, "name", None),
        ({"disks": None}, "disks", ()),
    ],
)
def test_values_are_taken_as_people_write_them(data: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(from_data(data), field) == value


BAD: list[tuple[Any, str, str]] = [
    ([], "definition", "found [], wanted names and values"),
    ({"memory": 1}, "definition", "found 'memory', wanted memory_mib"),
    ({5: 1}, "definition", "found 5, wanted one of name, uuid"),
    ({"name": 5}, "name", "found 5, wanted text"),
    ({"memory_mib": "much"}, "memory_mib", "found 'much', wanted a number from 4 to"),
    ({"memory_mib": 1001}, "memory_mib", "found 1001, wanted a number from 4 to 2147483648, a multiple of 4"),
    ({"memory_mib": True}, "memory_mib", "found True, wanted a number"),
    ({"memory_mib": 4.5}, "memory_mib", "found 4.5, wanted a number"),
    ({"cpus": 0}, "cpus", "found 0, wanted a number from 1"),
    ({"cpu_limit_mhz": -2}, "cpu_limit_mhz", "or -1 for unlimited"),
    ({"cpu_hot_add": 1}, "cpu_hot_add", "found 1, wanted true or false"),
    ({"cpu_shares": "some"}, "cpu_shares", "found 'some', wanted one of low, normal, high"),
    ({"cpu_affinity": "0-3"}, "cpu_affinity", "found '0-3', wanted a list"),
    ({"cpu_affinity": [0, -1]}, "cpu_affinity[1]", "found -1, wanted a number from 0 to 16383"),
    ({"firmware": "uefi"}, "firmware", "found 'uefi', wanted one of bios, efi"),
    ({"firmware": ["efi"]}, "firmware", "found ['efi'], wanted one of bios, efi"),
    ({"uuid": "x"}, "uuid", "wanted a UUID"),
    ({"boot_order": ["disk"]}, "boot_order[0]", "found 'disk', wanted one of cdrom, hdd, floppy, ethernet0"),
    ({"video": 5}, "video", "found 5, wanted names and values"),
    ({"video": {"ram": 1}}, "video", "found 'ram', wanted ram_kib"),
    ({"vnc": {"password": ["hush"]}}, "vnc.password", "found a secret, wanted text"),
    ({"disks": {}}, "disks", "found {}, wanted a list"),
    ({"disks": [{"slot": "scsi0:0"}, 5]}, "disks[1]", "found 5, wanted names and values"),
    ({"disks": [{}]}, "disks[0].slot", "found None, wanted a value"),
    ({"disks": [{"slot": "sda"}]}, "disks[0].slot", "found 'sda', wanted a slot such as scsi0:1 or ethernet0"),
    ({"disks": [{"slot": "scsi0:7"}]}, "disks[0].slot", "wanted one of scsi0..3:0..64 (never 7), sata0..3:0..29"),
    ({"disks": [{"slot": "scsi0"}]}, "disks[0].slot", "found 'scsi0', wanted one of"),
    ({"disks": [{"slot": "ide0:0", "capacity_kib": 0}]}, "disks[0].capacity_kib", "found 0, wanted a number from 1"),
    (
        {"disks": [{"slot": "ide0:0"}], "cdroms": [{"slot": "ide0:0"}]},
        "cdroms[0].slot",
        "found 'ide0:0', wanted a slot that is free; disks[0] has this one",
    ),
    ({"nics": [{"slot": "ethernet0", "mac": "1"}]}, "nics[0].mac", "found '1', wanted a MAC address"),
    (
        {"nics": [{"slot": "ethernet0", "distributed_port": {}}]},
        "nics[0].distributed_port.switch_uuid",
        "found None, wanted a value",
    ),
    ({"absent": "scsi0:1"}, "absent", "found 'scsi0:1', wanted a list of slots"),
    ({"absent": ["disk1"]}, "absent[0]", "found 'disk1', wanted a slot"),
    ({"absent": ["ide0:0"], "disks": [{"slot": "ide0:0"}]}, "disks[0].slot", "wanted a slot that is not called absent"),
    ({"absent": ["vnc"], "vnc": {}}, "absent", "found 'vnc', wanted no vnc, or no absent"),
    ({"extra": ["a"]}, "extra", "found ['a'], wanted names and values"),
    ({"extra": {"a b": "x"}}, "extra[a b]", "wanted a key as a VMX has it"),
    ({"extra": {"a": 5}}, "extra[a]", "found 5, wanted text"),
    ({"extra": {"a": "1", "A": "2"}}, "extra[A]", "wanted a key that is not there yet"),
    ({"extra": {"memsize": "5"}}, "extra[memsize]", "found 'memsize', wanted the field memory_mib"),
    ({"annotation": ["x" * 1000]}, "annotation", "xxx..., wanted text"),
]


@pytest.mark.parametrize(("data", "option", "message"), BAD, ids=[message for _data, _option, message in BAD])
def test_what_is_wrong_is_named_with_its_path(data: Any, option: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        from_data(data)

    assert caught.value.details == {"option": option}
    assert str(caught.value).startswith(f"{option}: ")
    assert message in str(caught.value)
    assert "hush" not in str(caught.value)
