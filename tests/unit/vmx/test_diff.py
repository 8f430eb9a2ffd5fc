# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs, and in which words it is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import Change, Diff, compare, patched

MAC = "00:50:56:aa:bb:cc"
UUID = "564d9bef-acd9-b4e0-c8f0-aea8b9103515"
HAVE: dict[str, Any] = {
    "name": "web",
    "uuid": UUID,
    "memory_mib": 1024,
    "cpu_shares": "normal",
    "video": {"ram_kib": 8192, "displays": 1},
    "vnc": {"port": 5900, "password": "old"},
    "controllers": [{"slot": "scsi0"}, {"slot": "scsi1"}],
    "disks": [
        {"slot": "scsi0:0", "file": "[ds] web/web-000002.vmdk", "capacity_kib": 1024},
        {"slot": "scsi1:0", "file": "[ds] web/data.vmdk"},
    ],
    "cdroms": [{"slot": "ide0:0", "backing": "iso", "file": "[iso] a.iso"}],
    "nics": [{"slot": "ethernet0", "network": "old", "mac": MAC}],
    "extra": {"disk.EnableUUID": "TRUE", "a.b": "1"},
}

# What is wanted, and what is to be done for it.
ROWS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"memory_mib": 1024, "name": "web"}, []),
    ({"uuid": UUID.upper()}, []),
    ({"nics": [{"slot": "ethernet0", "mac": MAC.upper()}]}, []),
    ({"extra": {"DISK.enableuuid": "true"}}, []),
    ({"extra": {"not.there": ""}}, []),
    ({"disks": [{"slot": "scsi0:0", "file": "[ds] web/web.vmdk"}]}, []),
    ({"memory_mib": 2048, "name": "db"}, ["name: web -> db", "memory_mib: 1024 -> 2048"]),
    ({"cpu_shares": 1000}, ["cpu_shares: normal -> 1000"]),
    ({"annotation": ""}, ["annotation: None -> "]),
    ({"video": {"ram_kib": 16384}}, ["video.ram_kib: 8192 -> 16384"]),
    ({"vnc": {"port": 5901}}, ["vnc.port: 5900 -> 5901"]),
    ({"absent": ["vnc"]}, ["vnc: there -> None"]),
    ({"disks": [{"slot": "scsi0:0", "capacity_kib": 2048}]}, ["disks[scsi0:0].capacity_kib: 1024 -> 2048"]),
    (
        {"disks": [{"slot": "scsi0:0", "file": "[ds] web/other.vmdk"}]},
        ["disks[scsi0:0].file: [ds] web/web-000002.vmdk -> [ds] web/other.vmdk"],
    ),
    ({"disks": [{"slot": "scsi0:3", "file": "[ds] x.vmdk"}]}, ["disks[scsi0:3]: None -> there"]),
    ({"absent": ["ide0:0", "ide1:1"]}, ["cdroms[ide0:0]: there -> None"]),
    ({"absent": ["scsi1"]}, ["controllers[scsi1]: there -> None", "disks[scsi1:0]: there -> None"]),
    (
        {"disks": [{"slot": "ide0:0", "file": "[ds] x.vmdk"}]},
        ["cdroms[ide0:0]: there -> None", "disks[ide0:0]: None -> there"],
    ),
    ({"cdroms": [{"slot": "ide0:0", "file": ""}]}, ["cdroms[ide0:0].file: [iso] a.iso -> "]),
    (
        {"cdroms": [{"slot": "ide0:0", "device": "/dev/cdrom"}]},
        [
            "cdroms[ide0:0].backing: iso -> host",
            "cdroms[ide0:0].file: [iso] a.iso -> None",
            "cdroms[ide0:0].device: None -> /dev/cdrom",
        ],
    ),
    ({"nics": [{"slot": "ethernet0", "network": "new"}]}, ["nics[ethernet0].network: old -> new"]),
    (
        {"nics": [{"slot": "ethernet0", "distributed_port": {"switch_uuid": UUID}}]},
        ["nics[ethernet0].network: old -> None", "nics[ethernet0].distributed_port: None -> there"],
    ),
    ({"extra": {"A.B": "2", "n": "1"}}, ["extra[a.b]: 1 -> 2", "extra[n]: None -> 1"]),
    ({"extra": {"a.b": ""}}, ["extra[a.b]: 1 -> None"]),
]


def _shown(value: Any) -> Any:
    return "there" if hasattr(value, "__dataclass_fields__") else getattr(value, "value", value)


def _said(diff: Diff) -> list[str]:
    return [f"{change.path}: {_shown(change.before)} -> {_shown(change.after)}" for change in diff]


@pytest.mark.parametrize(("want", "expected"), ROWS, ids=[str(want)[:60] for want, _expected in ROWS])
def test_what_is_stated_is_compared(want: dict[str, Any], expected: list[str]) -> None:
    have = from_data(HAVE)
    diff = compare(have, from_data(want))

    assert _said(diff) == expected
    assert bool(diff) == bool(expected)
    assert not compare(patched(have, diff), from_data(want))


def test_purge_removes_what_is_not_described() -> None:
    want = {"disks": [{"slot": "scsi0:0"}], "extra": {"a.b": "1"}}

    assert _said(compare(from_data(HAVE), from_data(want), purge=True)) == [
        "vnc: there -> None",
        "controllers[scsi1]: there -> None",
        "disks[scsi1:0]: there -> None",
        "cdroms[ide0:0]: there -> None",
        "nics[ethernet0]: there -> None",
        "extra[disk.EnableUUID]: TRUE -> None",
    ]
    assert _said(compare(from_data(HAVE), from_data(want), purge=True, purge_extra=False))[-1].startswith("nics")


def test_a_drive_without_a_medium_is_one_without_a_file() -> None:
    have, want = ({"cdroms": [{"slot": "ide0:0", "backing": "iso", **file}]} for file in ({}, {"file": ""}))

    assert not compare(from_data(have), from_data(want))


def test_a_drive_whose_backing_nobody_stated_is_as_it_is() -> None:
    have = from_data({"floppies": [{"slot": "floppy0", "device": "/dev/fd0"}]})

    assert not compare(have, have)


def test_a_distributed_port_is_compared_as_far_as_it_is_stated() -> None:
    def nic(**port: Any) -> dict[str, Any]:
        return {"nics": [{"slot": "ethernet0", "distributed_port": {"switch_uuid": UUID, **port}}]}

    have = from_data(nic(portgroup_id="dvportgroup-1", port_id=5, connection_id=77))

    assert not compare(have, from_data(nic(portgroup_id="dvportgroup-1")))
    assert len(compare(have, from_data(nic(portgroup_id="dvportgroup-2")))) == 1


def test_before_and_after_are_what_diff_mode_shows() -> None:
    want = {
        "memory_mib": 2048,
        "vnc": {"password": "new"},
        "disks": [{"slot": "scsi0:0", "capacity_kib": 2048}, {"slot": "scsi0:3", "file": "[ds] x.vmdk"}],
        "absent": ["ide0:0"],
        "extra": {"a.b": ""},
    }
    diff = compare(from_data(HAVE), from_data(want))

    assert diff.before() == {
        "memory_mib": 1024,
        "vnc": {"password": "********"},
        "disks": {"scsi0:0": {"capacity_kib": 1024}},
        "cdroms": {"ide0:0": {"slot": "ide0:0", "backing": "iso", "file": "[iso] a.iso"}},
        "extra": {"a.b": "1"},
    }
    assert diff.after() == {
        "memory_mib": 2048,
        "vnc": {"password": "******** (new)"},
        "disks": {"scsi0:0": {"capacity_kib": 2048}, "scsi0:3": {"slot": "scsi0:3", "file": "[ds] x.vmdk"}},
    }


def test_a_password_is_not_shown_when_all_of_vnc_comes_or_goes() -> None:
    have, want = from_data({}), from_data({"vnc": {"port": 5900, "password": "hush"}})

    assert "hush" not in str(compare(have, want).after())
    assert "hush" not in str(compare(want, from_data({"absent": ["vnc"]})).before())


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("memory_mib", ("memory_mib", None, None)),
        ("video.ram_kib", ("video", None, "ram_kib")),
        ("disks[scsi0:1]", ("disks", "scsi0:1", None)),
        ("disks[scsi0:1].mode", ("disks", "scsi0:1", "mode")),
        ("extra[a.b]", ("extra", "a.b", None)),
        ("extra[pciPassthru*.present]", ("extra", "pciPassthru*.present", None)),
    ],
)
def test_a_path_has_parts(path: str, parts: tuple[str | None, ...]) -> None:
    assert Change(path, None, None).parts == parts


def test_what_is_no_path_has_none() -> None:
    with pytest.raises(ValueError, match="no path of a change"):
        _unused = Change("a b", None, None).parts
