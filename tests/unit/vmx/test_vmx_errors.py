# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a VMX, or cannot be said in one, is said with its place; and nothing takes long."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable, VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.tests.unit.vmx.strategies_definition import definitions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = FileNames(datastore="ds", directory="vm")
HEAD = 'config.version = "8"\nvirtualHW.version = "13"\n'

# Lines behind the head, the key that is wrong, a part of what is wanted.
BAD = [
    ('memsize = "4,5"', "memsize", "a decimal number"),
    ('memsize = ""', "memsize", "a decimal number"),
    ('memsize = "1022"', "memsize", "a multiple of 4"),
    ('memsize = "-4"', "memsize", "a number from 4"),
    ('MEMSIZE = "99999999999999999999"', "MEMSIZE", "64 bits"),
    ('numvcpus = "0"', "numvcpus", "a number from 1"),
    ('numvcpus = "two"', "numvcpus", "a decimal number"),
    ('cpuid.coresPerSocket = "0"', "cpuid.coresPerSocket", "a number from 1"),
    ('sched.cpu.affinity = "0,x"', "sched.cpu.affinity", "numbers of CPUs"),
    ('sched.cpu.affinity = "0,16384"', "sched.cpu.affinity", "16383"),
    ('numvcpus = "2"\nsched.cpu.affinity = "3"', "sched.cpu.affinity", "at least 2 CPUs"),
    ('sched.cpu.shares = "some"', "sched.cpu.shares", "low, normal, high"),
    ('uuid.bios = "56 4d"', "uuid.bios", "a UUID"),
    ('uuid.action = "ask"', "uuid.action", "create or keep or change"),
    ('displayName = "%zz"', "displayName", "two hex digits"),
    ('annotation = "|4"', "annotation", "two hex digits"),
    ('vm.genid = "x"\nvm.genidX = "1"', "vm.genid", "a decimal number"),
    ('firmware = "uefi"', "firmware", "bios or efi"),
    ('vcpu.hotadd = "maybe"', "vcpu.hotadd", "true or false"),
    ('RemoteDisplay.vnc.enabled = "1"', "RemoteDisplay.vnc.enabled", "true or false"),
    ('RemoteDisplay.vnc.enabled = "true"\nRemoteDisplay.vnc.port = "99999"', "RemoteDisplay.vnc.port", "65535"),
    ('svga.vramSize = "much"', "svga.vramSize", "a decimal number"),
    ('nvram = "../x.nvram"', "nvram", "climbs"),
    ('scsi0.present = "yes"', "scsi0.present", "true or false"),
    ('scsi0.present = "true"\nscsi0.virtualDev = "ide"', "scsi0.virtualDev", "buslogic or lsilogic"),
    ('ide0:0.present = "true"', "ide0:0.present", "a file name or a device type"),
    ('ide0:0.present = "true"\nide0:0.fileName = "x.img"', "ide0:0.fileName", ".vmdk of a disk"),
    ('ide0:0.present = "true"\nide0:0.fileName = "dir\\x.vmdk"', "ide0:0.fileName", "neither on a datastore"),
    ('ide0:0.present = "true"\nide0:0.fileName = "/vmfs/volumes/ds/ x.vmdk"', "ide0:0.fileName", "begins with a blank"),
    ('ide0:0.present = "true"\nide0:0.fileName = "x.iso"\nide0:0.deviceType = "x"', "ide0:0.deviceType", "cdrom-image"),
    (
        'ide0:0.present = "true"\nide0:0.fileName = "x.vmdk"\nide0:0.deviceType = "x"',
        "ide0:0.deviceType",
        "scsi-hardDisk",
    ),
    ('ide0:0.present = "true"\nide0:0.fileName = "x.vmdk"\nide0:0.mode = "x"', "ide0:0.mode", "persistent or"),
    ('ide0:0.present = "true"\nide0:0.deviceType = "\x1fcdrom-raw"', "ide0:0.deviceType", "cdrom-image"),
    ('floppy0.present = "true"\nfloppy0.fileType = "x"', "floppy0.fileType", "file or device"),
    ('ethernet0.present = ""', "ethernet0.present", "true or false"),
    ('ethernet0.present = "true"\nethernet0.virtualDev = "ne2000"', "ethernet0.virtualDev", "vlance or vmxnet"),
    ('ethernet0.present = "true"\nethernet0.virtualDev = "vmxnet2"', "ethernet0.virtualDev", "vlance or vmxnet"),
    ('ethernet0.present = "true"\nethernet0.connectionType = "x"', "ethernet0.connectionType", "bridged or nat"),
    ('ethernet0.present = "true"\nethernet0.addressType = "x"', "ethernet0.addressType", "static or generated or vpx"),
    ('ethernet0.present = "true"\nethernet0.generatedAddress = "00:11"', "ethernet0.generatedAddress", "a MAC address"),
    ('ethernet0.present = "true"\nethernet0.dvs.switchId = "1"', "ethernet0.dvs.switchId", "a UUID"),
    ('ethernet0.present = "true"\nethernet0.checkMACAddress = "no"', "ethernet0.checkMACAddress", "true or false"),
    ('serial0.present = "true"\nserial0.fileType = "x"', "serial0.fileType", "device or file"),
    (
        'serial0.present = "true"\nserial0.fileType = "pipe"\nserial0.pipe.endPoint = "x"',
        "serial0.pipe.endPoint",
        "server or client",
    ),
    ('parallel0.present = "true"\nparallel0.fileType = "pipe"', "parallel0.fileType", "device or file"),
    ('pciPassthru0.present = "true"\npciPassthru0.vendorId = "x"', "pciPassthru0.vendorId", "a hexadecimal number"),
    ('sharedFolder.maxNum = "x"\nisolation.tools.hgfs.disable = "false"', "sharedFolder.maxNum", "a decimal number"),
]


@pytest.mark.parametrize(("lines", "key", "wanted"), BAD, ids=[f"{lines!a}" for lines, *_rest in BAD])
def test_a_bad_value_is_named_with_its_place(lines: str, key: str, wanted: str) -> None:
    text = HEAD + lines + "\n"
    at = next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith(f"{key} "))
    with pytest.raises(VmxError) as caught:
        vmx.parse(text, NAMES)

    assert str(caught.value).startswith(f"line {at}, column {len(key) + 4}: {key}: found ")
    assert wanted in str(caught.value)
    assert caught.value.details == {"line": at, "column": len(key) + 4, "key": key}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "config.version is missing"),
        ('virtualHW.version = "4"\n', "config.version is missing"),
        ('config.version = "8"\n', "virtualHW.version is missing"),
        ('config.version = "7"\nvirtualHW.version = "4"\n', "config.version: found '7'; wanted 8"),
        ('config.version = "8"\nvirtualHW.version = "3"\n', "virtualHW.version: found '3'; wanted a number from 4"),
        ("<domain/>", "line 1, column 1: "),
    ],
)
def test_what_is_no_vmx_is_no_machine(text: str, message: str) -> None:
    with pytest.raises(VmxError, match=message):
        vmx.parse(text)


# A definition, the field that is too much, why.
TOO_MUCH: list[tuple[dict[str, Any], str, str]] = [
    ({"absent": ["scsi0:1"]}, "absent", "must not be there"),
    ({"disks": [{"slot": "ide0:0"}]}, "disks[ide0:0].file", ".vmdk"),
    ({"disks": [{"slot": "ide0:0", "file": "[a] b.raw"}]}, "disks[ide0:0].file", ".vmdk"),
    ({"disks": [{"slot": "ide0:0", "file": "[a] ../b.vmdk"}]}, "disks[ide0:0].file", "climbs"),
    ({"disks": [{"slot": "ide0:0", "file": "b.vmdk", "capacity_kib": 1}]}, "disks[ide0:0].capacity_kib", "file"),
    ({"disks": [{"slot": "ide0:0", "file": "b.vmdk", "provisioning": "thin"}]}, "disks[ide0:0].provisioning", "file"),
    ({"disks": [{"slot": "scsi0:16", "file": "b.vmdk"}]}, "disks[scsi0:16]", "hardware version 13"),
    ({"disks": [{"slot": "nvme0:0", "file": "b.vmdk"}]}, "disks[nvme0:0]", "hardware version 13"),
    ({"controllers": [{"slot": "sata0"}]}, "controllers[sata0]", "hardware version 10"),
    (
        {"controllers": [{"slot": "sata0", "model": "pvscsi"}], "hardware_version": 10},
        "controllers[sata0].model",
        "SCSI",
    ),
    ({"nics": [{"slot": "ethernet4"}]}, "nics[ethernet4]", "hardware version 7"),
    ({"serial_ports": [{"slot": "serial4"}]}, "serial_ports[serial4]", "hardware version 11"),
    ({"vtpm": True, "firmware": "efi"}, "vtpm", "hardware version 14"),
    ({"vtpm": True, "hardware_version": 14}, "vtpm", "firmware efi"),
    ({"secure_boot": True}, "secure_boot", "hardware version 13"),
    ({"usb3_controller": True}, "usb3_controller", "hardware version 8"),
    ({"cpus": 2, "cpu_affinity": [0]}, "cpu_affinity", "at least 2"),
    ({"cdroms": [{"slot": "ide0:0", "backing": "host", "file": "[a] b.iso"}]}, "cdroms[ide0:0].file", "ISO"),
    ({"cdroms": [{"slot": "ide0:0", "backing": "iso", "device": "b"}]}, "cdroms[ide0:0].device", "ISO"),
    ({"cdroms": [{"slot": "ide0:0", "backing": "iso", "file": "[a] b.vmdk"}]}, "cdroms[ide0:0].file", "disk"),
    ({"floppies": [{"slot": "floppy0", "backing": "host", "file": "[a] b.flp"}]}, "floppies[floppy0].file", "image"),
    ({"floppies": [{"slot": "floppy0", "backing": "image", "device": "b"}]}, "floppies[floppy0].device", "image"),
    ({"parallel_ports": [{"slot": "parallel0", "backing": "pipe"}]}, "parallel_ports[parallel0].backing", "a file"),
    (
        {"serial_ports": [{"slot": "serial0", "backing": "file", "endpoint": "client"}]},
        "serial_ports[serial0].endpoint",
        "pipe",
    ),
    ({"extra": {"a.b": "x"}, "nvram": "[a] "}, "nvram", "no file"),
]


@pytest.mark.parametrize(("data", "field", "why"), TOO_MUCH, ids=[field for _data, field, _why in TOO_MUCH])
def test_what_cannot_be_said_is_refused(data: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(NotRepresentable) as caught:
        vmx.format(from_data({"hardware_version": 4, **data}), NAMES)

    assert caught.value.details["field"] == field
    assert why in str(caught.value)


def test_a_version_that_is_asked_for_is_not_put_down() -> None:
    definition = from_data({"hardware_version": 20, "nics": [{"slot": "ethernet9"}]})

    assert vmx.format(definition)["virtualHW.version"] == "20"
    assert vmx.format(definition, hardware_version=7)["virtualHW.version"] == "7"
    assert vmx.format(from_data({}))["virtualHW.version"] == "20"
    with pytest.raises(NotRepresentable):
        vmx.format(definition, hardware_version=4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(definitions(), st.data())
def test_a_spoilt_file_is_read_or_refused(definition: Any, data: st.DataObject) -> None:
    lines = str(vmx.format(definition, NAMES)).removesuffix("\n").split("\n")
    for _number in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition(" = ")[0]
        lines[at] = f'{key} = "{data.draw(st.sampled_from(["", "x", "-1", "TRUE", "|zz", "%", "../a", "9" * 20]))}"'
    text = "\n".join(lines)
    refused: VmxError | None = None
    try:
        found = vmx.parse(text, NAMES)
    except VmxError as error:
        refused = error

    assert {"line", "column", "key"} <= set(refused.details) if refused else str(vmx.update(text, found, NAMES)) == text


def _devices(count: int) -> str:
    return "".join(f'scsi{n % 9000}:{n}.present = "TRUE"\n' for n in range(count))


MEGABYTES_10 = 10 * 2**20
HOSTILE = {
    "a million devices": _devices(330_000),
    "as many devices as may be": _devices(99_000),
    "as many keys of one device as may be": "".join(f'ethernet0.k{n} = "TRUE"\n' for n in range(99_000)),
    "as many folders as may be": 'sharedFolder.maxNum = "2000000000"\nisolation.tools.hgfs.disable = "false"\n'
    + "".join(f'sharedFolder{n}.present = "TRUE"\nsharedFolder{n}.enabled = "TRUE"\n' for n in range(45_000)),
    "long value": f'annotation = "{"|22" * (MEGABYTES_10 // 3)}"\n',
    "long bad value": f'annotation = "{"|" * MEGABYTES_10}"\n',
    "long number": f'memsize = "{"9" * MEGABYTES_10}"\n',
    "long affinity": f'sched.cpu.affinity = "{"1," * (MEGABYTES_10 // 2)}1"\n',
    "long UUID": f'uuid.bios = "{"5 " * (MEGABYTES_10 // 2)}"\n',
    "long UUID of blanks": f'uuid.bios = "56{" " * MEGABYTES_10}"\n',
    "long boot order": f'bios.bootOrder = "{"hdd," * (MEGABYTES_10 // 4)}hdd"\n',
    "long MAC": f'ethernet0.present = "true"\nethernet0.generatedAddress = "{"00:" * (MEGABYTES_10 // 3)}"\n',
    "long file name": f'ide0:0.present = "true"\nide0:0.fileName = "{"a/" * (MEGABYTES_10 // 2)}x.vmdk"\n',
    "long key": f'{"a" * MEGABYTES_10} = "x"\n',
}


def _message(text: str) -> str:
    try:
        vmx.parse(text, NAMES)
    except VmxError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little_time(name: str) -> None:
    text = HEAD + HOSTILE[name]
    begin = time.process_time()
    message = _message(text)

    assert time.process_time() - begin < 2
    assert len(message) < 400


@pytest.mark.parametrize("name", [name for name in HOSTILE if "many" in name or "million" in name])
def test_hostile_text_costs_little_memory(name: str) -> None:
    text = HEAD + HOSTILE[name]
    tracemalloc.start()
    _message(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 200 * 2**20
