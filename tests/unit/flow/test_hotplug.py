# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running machine takes: every field of the hub has its rule, and what no host does is said beforehand."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow import hotplug
from ansible_collections.virt.esx.plugins.module_utils._flow.hotplug import (
    check_possible,
    check_power,
    cold_changes,
    needs_power_off,
    shown,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, Vm
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import DEVICE_FIELDS, VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.devices import Nic, ParallelPort, SerialPort
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import Change, Diff, compare
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import Cdrom, Disk, Floppy

VM = Vm(name="web01", moid="1")
HAVE = from_data(
    {
        "name": "web01",
        "hardware_version": 19,
        "guest_id": "other-64",
        "cpus": 2,
        "memory_mib": 1024,
        "controllers": [{"slot": "scsi0", "model": "pvscsi"}],
        "disks": [
            {"slot": "scsi0:0", "file": "[ds] web01/web01.vmdk", "capacity_kib": 4096, "provisioning": "thin"},
            {"slot": "scsi0:1", "file": "[ds] web01/web01_1-000001.vmdk", "capacity_kib": 4096},
            {"slot": "ide0:1", "file": "[ds] web01/ide.vmdk", "capacity_kib": 4096},
        ],
        "cdroms": [{"slot": "ide1:0", "backing": "client"}],
        "nics": [{"slot": "ethernet0", "model": "vmxnet3", "network": "VM Network"}],
        "serial_ports": [{"slot": "serial0", "backing": "file", "path": "[ds] web01/serial.log"}],
    }
)
ALWAYS = (
    *({"name": "web02"}, {"annotation": "x"}, {"extra": {"guestinfo.role": "db"}}, {"vnc": {"port": 5901}}),
    *({"cpu_reservation_mhz": 100}, {"cpu_limit_mhz": -1}, {"cpu_shares": "high"}, {"cpu_affinity": [0, 1]}),
    *({"memory_reservation_mib": 512}, {"memory_limit_mib": 512}, {"memory_shares": 2000}),
    *({"memory_reservation_locked": True}, {"tools_sync_time": True}, {"tools_upgrade_policy": "manual"}),
    *({"boot_order": ["hdd"]}, {"boot_delay_ms": 5}, {"enter_firmware_setup": True}, {"change_tracking": True}),
)
HOT_DEVICES = (
    {"disks": [{"slot": "scsi0:0", "capacity_kib": 8192}]},
    {"disks": [{"slot": "scsi0:0", "shares": "high"}]},
    {"disks": [{"slot": "scsi0:0", "iops_limit": 100}]},
    {"disks": [{"slot": "scsi0:5", "capacity_kib": 8192}]},
    {"controllers": [{"slot": "scsi1"}]},
    {"absent": ["scsi0:0"]},
    {"cdroms": [{"slot": "ide1:0", "backing": "iso", "file": "[ds] a.iso"}]},
    {"cdroms": [{"slot": "ide1:0", "backing": "host", "device": "cd0", "auto_detect": False}]},
    {"cdroms": [{"slot": "ide1:0", "start_connected": True}]},
    {"cdroms": [{"slot": "sata0:0", "backing": "client"}]},
    {"nics": [{"slot": "ethernet0", "network": "Other"}]},
    {"nics": [{"slot": "ethernet0", "opaque_network_id": "x"}]},
    {"nics": [{"slot": "ethernet0", "start_connected": False}]},
    {"nics": [{"slot": "ethernet1", "network": "VM Network"}]},
    {"absent": ["ethernet0"]},
    {"serial_ports": [{"slot": "serial0", "start_connected": True}]},
)
COLD = (
    *({"uuid": "564d2b1e-9f0a-4c53-8e7d-0123456789ab"}, {"guest_id": "rhel9-64"}, {"hardware_version": 20}),
    *({"cpus": 4}, {"cpus": 1}, {"cores_per_socket": 2}, {"cpu_hot_add": True}, {"cpu_hot_remove": True}),
    *({"memory_mib": 2048}, {"memory_mib": 512}, {"memory_hot_add": True}, {"firmware": "efi"}, {"secure_boot": True}),
    *({"vtpm": True}, {"video": {"displays": 2}}, {"usb3_controller": True}, {"nested_virtualization": True}),
    *({"latency_sensitivity": "high"}, {"smbios_reflect_host": True}),
    {"disks": [{"slot": "scsi0:0", "mode": "independent-persistent"}]},
    {"disks": [{"slot": "scsi0:0", "file": "[ds] other/other.vmdk"}]},
    {"disks": [{"slot": "ide0:1", "capacity_kib": 8192}]},
    {"disks": [{"slot": "ide0:0", "capacity_kib": 8192}]},
    {"controllers": [{"slot": "scsi0", "model": "lsilogic"}]},
    {"cdroms": [{"slot": "ide0:0", "backing": "client"}]},
    {"floppies": [{"slot": "floppy0", "backing": "client"}]},
    {"nics": [{"slot": "ethernet0", "mac": "00:50:56:01:02:03"}]},
    {"nics": [{"slot": "ethernet0", "model": "e1000"}]},
    {"serial_ports": [{"slot": "serial0", "path": "[ds] web01/other.log"}]},
    {"serial_ports": [{"slot": "serial1", "backing": "file", "path": "[ds] a"}]},
    {"parallel_ports": [{"slot": "parallel0", "backing": "file", "path": "[ds] a"}]},
    {"pci_devices": [{"slot": "pciPassthru0", "address": "00000:005:00.0"}]},
    *({"absent": ["ide1:0"]}, {"absent": ["serial0"]}),
)


def changes(want: dict[str, Any], have: VmDefinition = HAVE) -> Diff:
    diff = compare(have, from_data(want))
    assert diff
    return diff


@pytest.mark.parametrize("want", [*ALWAYS, *HOT_DEVICES], ids=str)
def test_a_running_machine_takes(want: dict[str, Any]) -> None:
    assert cold_changes(HAVE, changes(want)) == []


@pytest.mark.parametrize("want", COLD, ids=str)
def test_a_running_machine_does_not_take(want: dict[str, Any]) -> None:
    diff = changes(want)

    assert cold_changes(HAVE, diff) == list(diff)


def test_every_rule_names_a_field_of_the_hub() -> None:
    own = {field.name for field in fields(VmDefinition)}
    kinds: dict[str, type[Any]] = {
        "disks": Disk,
        "cdroms": Cdrom,
        "floppies": Floppy,
        "nics": Nic,
        "serial_ports": SerialPort,
        "parallel_ports": ParallelPort,
    }

    assert hotplug._ALWAYS - own == set()
    assert hotplug._HOT_DEVICES - set(DEVICE_FIELDS) == set()
    for name, inner in hotplug._HOT_FIELDS.items():
        known = {field.name for field in fields(kinds[name])}
        assert inner - known == set(), name


@pytest.mark.parametrize(
    ("switches", "want", "cold"),
    [
        ({"memory_hot_add": True}, {"memory_mib": 2048}, False),
        ({"memory_hot_add": True}, {"memory_mib": 512}, True),
        ({"cpu_hot_add": True}, {"cpus": 4}, False),
        ({"cpu_hot_add": True}, {"cpus": 1}, True),
        ({"cpu_hot_remove": True}, {"cpus": 1}, False),
        ({"cpu_hot_remove": True}, {"cpus": 4}, True),
    ],
)
def test_memory_and_cpus_are_plugged_where_the_machine_allows_it(
    switches: dict[str, Any], want: dict[str, Any], cold: bool
) -> None:
    have = from_data({"cpus": 2, "memory_mib": 1024, **switches})
    (change,) = changes(want, have)

    assert needs_power_off(have, change) is cold


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (
            {"disks": [{"slot": "scsi0:0", "capacity_kib": 1024}]},
            "disk scsi0:0 is 4096 KiB large and 1024 KiB are wanted",
        ),
        ({"disks": [{"slot": "scsi0:1", "capacity_kib": 8192}]}, "disk scsi0:1 has snapshots .* remove the snapshots"),
        ({"disks": [{"slot": "scsi0:0", "provisioning": "eager-zeroed"}]}, "disk scsi0:0 is thin and eager-zeroed is"),
        (
            {"hardware_version": 18},
            "hardware version 18 is wanted and 19 is there: virtual hardware is never made older",
        ),
    ],
)
def test_what_no_host_does_is_refused(want: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError, match=rf"web01 \(moid 1\): {says}"):
        check_possible(VM, HAVE, changes(want))


def test_all_that_is_impossible_is_said_at_once() -> None:
    want = {"hardware_version": 18, "disks": [{"slot": "scsi0:0", "capacity_kib": 1024}]}

    with pytest.raises(PlanError, match=r"hardware version 18 .*; disk scsi0:0"):
        check_possible(VM, HAVE, changes(want))


@pytest.mark.parametrize("want", [*ALWAYS, *HOT_DEVICES, *COLD], ids=str)
def test_what_a_host_does_is_not_refused(want: dict[str, Any]) -> None:
    check_possible(VM, HAVE, changes(want))


def test_a_new_disk_has_no_history_that_could_forbid_it() -> None:
    want = {"disks": [{"slot": "scsi0:9", "capacity_kib": 1, "provisioning": "eager-zeroed"}]}

    check_possible(VM, HAVE, changes(want))


MEMORY = Change("memory_mib", 1024, 2048)


def test_a_machine_that_is_off_takes_everything() -> None:
    check_power(VM, PowerState.OFF, [MEMORY], may_cycle=False)


@pytest.mark.parametrize("power_state", [*PowerState, None])
def test_nothing_cold_needs_no_power_state(power_state: PowerState | None) -> None:
    check_power(VM, power_state, [], may_cycle=False)


def test_a_running_machine_may_be_cycled() -> None:
    check_power(VM, PowerState.ON, [MEMORY], may_cycle=True)


@pytest.mark.parametrize(
    ("power_state", "may_cycle", "says"),
    [
        (PowerState.ON, False, r"is powered-on, .*: memory_mib \(1024 -> 2048\); .*'power_cycle: true'"),
        (PowerState.SUSPENDED, False, r"is suspended, .*: memory_mib \(1024 -> 2048\); power it off, or resume it"),
        (PowerState.SUSPENDED, True, "is suspended"),
        (None, True, "the host does not know the power state"),
    ],
)
def test_what_the_power_state_forbids_is_named(power_state: PowerState | None, may_cycle: bool, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        check_power(VM, power_state, [MEMORY], may_cycle=may_cycle)


@pytest.mark.parametrize(
    ("want", "says"),
    [
        ({"memory_mib": 2048}, "memory_mib (1024 -> 2048)"),
        ({"firmware": "efi"}, "firmware (None -> efi)"),
        ({"floppies": [{"slot": "floppy0", "backing": "client"}]}, "floppies[floppy0] (comes)"),
        ({"absent": ["serial0"]}, "serial_ports[serial0] (goes)"),
        ({"extra": {"a.b": "c"}}, "extra[a.b] (None -> c)"),
    ],
)
def test_a_change_is_said_in_a_few_words(want: dict[str, Any], says: str) -> None:
    (change,) = changes(want)

    assert shown(change) == says
