# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A diff in the words of a VMX: each kind of change as the lines that somebody would edit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.plugins.module_utils._vmx.vmx_changes import changed_lines, new_lines
from ansible_collections.virt.esx.tests.unit.vmx.strategies_definition import definitions
from hypothesis import given, settings

HAVE: dict[str, Any] = {
    "name": "web",
    "memory_mib": 1024,
    "hardware_version": 19,
    "vnc": {"port": 5900, "password": "old"},
    "controllers": [{"slot": "scsi0", "model": "lsilogic"}],
    "disks": [{"slot": "scsi0:0", "file": "[ds] web/web.vmdk", "capacity_kib": 1024}],
    "cdroms": [{"slot": "ide0:0", "backing": "iso", "file": "[iso] a.iso"}],
    "nics": [{"slot": "ethernet0", "model": "e1000", "network": "old"}],
    "extra": {"a.b": "1"},
}
ROWS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"memory_mib": 2048}, ['-memsize = "1024"', '+memsize = "2048"']),
    ({"name": "db/1"}, ['-displayName = "web"', '+displayName = "db%2f1"']),
    ({"hardware_version": 21}, ['-virtualHW.version = "19"', '+virtualHW.version = "21"']),
    ({"firmware": "efi"}, ['+firmware = "efi"']),
    ({"vtpm": True, "firmware": "efi"}, ['+firmware = "efi"', '+vtpm.present = "TRUE"']),
    ({"annotation": 'a\nb "c"\x1b'}, ['+annotation = "a|0ab |22c|22|1b"']),
    ({"video": {"ram_kib": 8}}, ['+svga.vramSize = "8192"']),
    ({"extra": {"A.B": "2"}}, ['-a.b = "1"', '+a.b = "2"']),
    ({"extra": {"a.b": ""}}, ['-a.b = "1"']),
    ({"extra": {"a.c": "\x9b2J"}}, ['+a.c = "|c2|9b2J"']),
    (
        {"vnc": {"password": "new"}},
        ['-RemoteDisplay.vnc.password = "********"', '+RemoteDisplay.vnc.password = "******** (new)"'],
    ),
    (
        {"absent": ["vnc"]},
        [
            '-RemoteDisplay.vnc.enabled = "true"',
            '-RemoteDisplay.vnc.port = "5900"',
            '-RemoteDisplay.vnc.password = "********"',
        ],
    ),
    # The size of a disk stands in its VMDK, whose name the host chooses.
    ({"disks": [{"slot": "scsi0:0", "capacity_kib": 2048}]}, []),
    (
        {"disks": [{"slot": "scsi0:1", "capacity_kib": 2048}]},
        ['+scsi0:1.present = "true"', '+scsi0:1.deviceType = "scsi-hardDisk"'],
    ),
    (
        {"disks": [{"slot": "scsi0:0", "file": "[ds] web/b.vmdk", "mode": "independent-persistent"}]},
        ['-scsi0:0.fileName = "web.vmdk"', '+scsi0:0.fileName = "b.vmdk"', '+scsi0:0.mode = "independent-persistent"'],
    ),
    (
        {"controllers": [{"slot": "scsi0", "model": "pvscsi"}]},
        ['-scsi0.virtualDev = "lsilogic"', '+scsi0.virtualDev = "pvscsi"'],
    ),
    (
        {"cdroms": [{"slot": "ide0:0", "file": ""}]},
        ['-ide0:0.fileName = "/vmfs/volumes/iso/a.iso"', '+ide0:0.fileName = "emptyBackingString"'],
    ),
    (
        {"absent": ["ethernet0"]},
        ['-ethernet0.present = "true"', '-ethernet0.virtualDev = "e1000"', '-ethernet0.networkName = "old"'],
    ),
    ({"usb_devices": [{"slot": "usb0", "path": "path:0/1"}]}, ['+usb.autoConnect.device0 = "path:0/1"']),
    # What a VMX cannot say has no line.
    ({"controllers": [{"slot": "sata0", "bus_sharing": "virtual"}]}, []),
]
NAMES = FileNames(datastore="ds", directory="web", short=True)


@pytest.mark.parametrize(("want", "lines"), ROWS, ids=[str(want)[:60] for want, _lines in ROWS])
def test_a_change_is_the_lines_that_change(want: dict[str, Any], lines: list[str]) -> None:
    have = from_data(HAVE)

    assert sorted(changed_lines(have, compare(have, from_data(want)), NAMES)) == sorted(lines)


def test_the_lines_of_one_change_stand_together() -> None:
    have = from_data(HAVE)
    want = from_data({"memory_mib": 2048, "nics": [{"slot": "ethernet0", "network": "new"}], "extra": {"a.b": "2"}})

    assert changed_lines(have, compare(have, want)) == [
        '-memsize = "1024"',
        '+memsize = "2048"',
        '-ethernet0.networkName = "old"',
        '+ethernet0.networkName = "new"',
        '-a.b = "1"',
        '+a.b = "2"',
    ]


def test_a_text_that_is_new_is_shown_as_it_is_but_for_its_secrets() -> None:
    text = VmxText.parse('a = "TRUE"\n\nRemoteDisplay.vnc.key = "hush"\nguestinfo.db_password = "hush"\n')

    assert new_lines(text) == [
        '+a = "TRUE"',
        '+RemoteDisplay.vnc.key = "******** (new)"',
        '+guestinfo.db_password = "******** (new)"',
    ]


@settings(max_examples=25)
@given(definitions(beyond_vmx=True), definitions(beyond_vmx=True))
def test_any_change_has_lines_that_are_lines(have: VmDefinition, want: VmDefinition) -> None:
    for line in changed_lines(have, compare(have, want, purge=True)):
        assert re.fullmatch(r'[-+][^\x00-\x1f\x7f]+ = "[^\x00-\x1f\x7f]*"', line), line
