# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""govc and virsh make, change, register and delete machines and disks on our simulator; where vcsim can, beside it."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, Virsh, serving

Record = Callable[[str, object], None]
SCENARIO: Mapping[str, Any] = {
    "datastores": [{"name": "datastore1", "files": {"iso/tools.iso": "an image", "iso/other.iso": "another"}}],
    "networks": [{"name": "VM Network"}, {"name": "lab"}],
    "vms": [
        {"name": "off01", "cpus": 2, "memory_mib": 2048},
        {"name": "on01", "power_state": "powered-on", "iso": "[datastore1] iso/tools.iso"},
    ],
}
CONFIG = "object.collect -s vm/off01 config"
VMX = "datastore.tail -n 99 off01/off01.vmx"
CREATE = (
    "vm.create -disk 1GB -disk.eager -disk.controller pvscsi -iso iso/tools.iso -c 2 -m 512 -g rhel9_64Guest"
    " -firmware efi -net lab -net.adapter vmxnet3 -annotation 'an & <annotation>' new01"
)

# What makes and changes machines: the command, then commands and patterns of what they show. Each on its own world.
GOVC: Sequence[tuple[str, Sequence[tuple[str, str]]]] = [
    (
        'vm.create -on=false -disk 1GB -net "VM Network" new01',
        [
            ("device.ls -vm new01", r"lsilogic-1000 .*\ndisk-1000-0 +VirtualDisk +1,048,576 KB\nethernet-0"),
            ("datastore.ls new01", r"\Anew01\.vmx\nnew01\.vmsd\nnew01-flat\.vmdk\nnew01\.vmdk\n\Z"),
            ("datastore.tail -n 99 new01/new01.vmx", r'displayName = "new01"'),
        ],
    ),
    (
        CREATE,
        [
            ("vm.info -r new01", r"Guest name: +Red Hat Enterprise Linux 9.*\n.*512MB\n.*2 vCPU.*\n.*poweredOn"),
            ("device.info -vm new01 cdrom-*", r"ISO \[datastore1\] iso/tools\.iso(.*\n)+.*Connected: +true"),
            ("object.collect -s vm/new01 config.firmware config.annotation", r"\Aefi\nan & <annotation>\n\Z"),
            ("datastore.ls new01", r"^vmware\.log$"),
        ],
    ),
    ("vm.create -on=false -net lab -disk off01/off01.vmdk -link=false new01", [("device.ls -vm new01", "16,777,216")]),
    (
        "vm.change -vm off01 -c 4 -m 4096 -name renamed -annotation words -g debian12_64Guest -e guestinfo.a=b",
        [
            ("vm.info -e renamed", r"Debian GNU/Linux 12.*\n.*4096MB\n.*4 vCPU(.*\n)+ +guestinfo\.a: +b"),
            (VMX, r'displayName = "renamed"(.*\n)+guestOS = "debian12-64"'),
            (VMX, r'guestinfo\.a = "b"'),
        ],
    ),
    ("vm.change -vm off01 -nested-hv-enabled=true", [(f"{CONFIG}.nestedHVEnabled", "true")]),
    ("vm.change -vm off01 -cpu-hot-add-enabled=true", [(f"{CONFIG}.cpuHotAddEnabled", "true")]),
    ("vm.change -vm off01 -memory-hot-add-enabled=true", [(f"{CONFIG}.memoryHotAddEnabled", "true")]),
    ("vm.change -vm off01 -sync-time-with-host=true", [(f"{CONFIG}.tools.syncTimeWithHost", "true")]),
    ("vm.change -vm off01 -cpu.reservation 100 -cpu.limit 1000", [(f"{CONFIG}.cpuAllocation.limit", "1000")]),
    ("vm.change -vm off01 -mem.shares 2000", [(f"{CONFIG}.memoryAllocation.shares.shares", "2000")]),
    ("vm.change -vm off01 -memory-pin=true", [(f"{CONFIG}.memoryAllocation.reservation", "2048")]),
    ("vm.change -vm off01 -latency high", [(f"{CONFIG}.latencySensitivity.level", "high")]),
    ("vm.change -vm off01 -uuid 564d0000-0000-0000-0000-0000000000aa", [(f"{CONFIG}.uuid", "-0000000000aa$")]),
    (
        "vm.disk.create -vm off01 -name off01/data -size 2G -thick -eager -mode independent_persistent",
        [
            ("device.info -vm off01 disk-1000-1", r"2,097,152 KB(.*\n)+.*\[datastore1\] off01/data\.vmdk"),
            ("datastore.ls -l off01/data.vmdk", r"^2\.0GB"),
            (VMX, r'scsi0:1\.mode = "independent-persistent"'),
        ],
    ),
    (
        "datastore.disk.create -size 1G iso/free.vmdk",
        [
            ("datastore.disk.info iso/free.vmdk", r"Name: +iso/free\.vmdk\n +Type: +thin"),
            ("vm.disk.attach -vm off01 -disk iso/free.vmdk -link=false", ""),
            ("device.info -vm off01 disk-1000-1", "1,048,576 KB"),
            ("device.remove -vm off01 -keep disk-1000-1", ""),
            ("datastore.cp iso/free.vmdk iso/copy.vmdk", "OK"),
            ("datastore.mv iso/copy.vmdk iso/moved.vmdk", "OK"),
            ("datastore.disk.inflate iso/free.vmdk", "OK"),
            ("datastore.disk.info iso/free.vmdk", "eagerZeroedThick"),
            ("datastore.rm iso/free.vmdk", ""),
            ("datastore.ls iso", r"\Atools\.iso\nother\.iso\nmoved-flat\.vmdk\nmoved\.vmdk\n\Z"),
        ],
    ),
    ("vm.disk.change -vm off01 -disk.name disk-1000-0 -size 20G", [("device.ls -vm off01", "20,971,520 KB")]),
    ("device.remove -vm off01 disk-1000-0", [("datastore.ls off01", r"\Aoff01\.vmx\n\Z")]),
    (
        "vm.network.add -vm off01 -net lab -net.adapter e1000e",
        [("device.info -vm off01 ethernet-1", r"VirtualE1000e\n.*\n.*lab(.*\n)+.*00:0c:29:")],
    ),
    ("vm.network.change -vm off01 -net lab ethernet-0", [("device.ls -vm off01", "ethernet-0 .* lab")]),
    (
        'vm.network.change -vm off01 -net "VM Network" -net.address 00:50:56:11:22:33 ethernet-0',
        [
            ("device.info -vm off01 ethernet-0", r"00:50:56:11:22:33\n +Address type: +manual"),
            (VMX, r'ethernet0\.address = "00:50:56:11:22:33"'),
        ],
    ),
    (
        "device.cdrom.add -vm off01",
        [
            ("device.cdrom.insert -vm off01 -device cdrom-3001 iso/other.iso", ""),
            ("device.info -vm off01 cdrom-3001", r"ISO \[datastore1\] iso/other\.iso"),
            (VMX, r'ide0:1\.fileName = "/vmfs/volumes/datastore1/iso/other\.iso"'),
            ("device.cdrom.eject -vm off01 -device cdrom-3001", ""),
            (VMX, r'ide0:1\.deviceType = "atapi-cdrom"'),
        ],
    ),
    ("device.floppy.add -vm off01", [("device.ls -vm off01", "floppy-8000 +VirtualFloppy")]),
    (
        "device.serial.add -vm off01",
        [
            ("device.serial.connect -vm off01 -device serialport-9000 telnet://:2001", ""),
            (VMX, r'serial0\.fileType = "network"\nserial0\.fileName = "telnet://:2001"'),
            ("device.serial.disconnect -vm off01 -device serialport-9000", ""),
            ("device.remove -vm off01 serialport-9000", ""),
            ("device.ls -vm off01", r"\A(?!.*serialport)"),
        ],
    ),
    ("device.scsi.add -vm off01 -type lsilogic-sas", [("device.ls -vm off01", "lsilogic-sas-1001")]),
    (
        "device.usb.add -vm off01",
        [("device.usb.add -vm off01 -type xhci", ""), ("device.ls -vm off01", "usbxhci-14000")],
    ),
    ("device.clock.add -vm off01", [("device.ls -vm off01", "VirtualPrecisionClock")]),
    (
        "device.boot -vm off01 -delay 1000 -order cdrom,ethernet,disk -setup",
        [
            (f"{CONFIG}.bootOptions.bootDelay", "1000"),
            (VMX, r'bios\.bootOrder = "cdrom,ethernet0,hdd"\nbios\.hddOrder = "scsi0:0"'),
        ],
    ),
    ("device.disconnect -vm on01 cdrom-3000", [("device.info -vm on01 cdrom-3000", "Connected: +false")]),
    (
        "vm.unregister off01",
        [
            ("find / -type m -name off01", r"\A\Z"),
            ("datastore.ls off01", r"\Aoff01\.vmx\noff01\.vmdk\noff01-flat\.vmdk\n\Z"),
            ("vm.register off01/off01.vmx", ""),
            ("vm.info off01", r"2048MB\n.*2 vCPU"),
            ("vm.power -on off01", "OK"),
        ],
    ),
    ("vm.register -name other on01/on01.vmx", []),
    ("vm.destroy off01", [("datastore.ls", r"\Aiso\non01\n\Z")]),
    ("object.rename vm/off01 renamed", [(VMX, r'displayName = "renamed"')]),
    ("vm.upgrade -vm off01", [(f"{CONFIG}.version", "vmx-21")]),
    (
        "vm.option.info -vm off01 rhel9_64Guest",
        [("vm.option.info -vm off01 rhel9_64Guest", "Red Hat Enterprise Linux 9")],
    ),
    ("vm.option.ls", [("vm.option.ls", r"^vmx-19 .*\n.*\nvmx-21 ")]),
    ("vm.target.info", [("vm.target.info", r"Datastore: +datastore1(.*\n)+Network: +VM Network\nNetwork: +lab")]),
    ("vm.target.cap.ls", []),
]
REFUSED = {"vm.register -name other on01/on01.vmx": "already exists"}

DOMAIN = """\
<domain type='vmware'>
  <name>made01</name>
  <description>a description</description>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='[datastore1] made/one.vmdk'/><target dev='sda' bus='scsi'/>
    </disk>
    <controller type='scsi' index='0' model='lsilogic'/>
    <interface type='bridge'>
      <mac address='00:50:56:25:48:c7'/><source bridge='VM Network'/><model type='e1000'/>
    </interface>
  </devices>
</domain>
"""
# One after the other, on one world.
VIRSH: Sequence[tuple[str, str]] = [
    ("vol-create-as datastore1 made/one.vmdk 1G --format vmdk", "created"),
    ("vol-create-as datastore1 made/two.vmdk 1G --format vmdk --allocation 0", "created"),
    ("vol-info --pool datastore1 made/one.vmdk", r"Capacity: +1\.00 GiB\nAllocation: +1\.00 GiB"),
    ("vol-info --pool datastore1 made/two.vmdk", r"Capacity: +1\.00 GiB\nAllocation: +\d+\.00 B"),
    ("vol-clone --pool datastore1 made/one.vmdk made/three.vmdk", "cloned"),
    ("vol-wipe --pool datastore1 made/two.vmdk", "wiped"),
    ("vol-delete --pool datastore1 made/three.vmdk", "deleted"),
    ("vol-list datastore1", r"made/one\.vmdk .*\n made/two\.vmdk .*\n off01/off01\.vmdk"),
    ("pool-info datastore1", r"Available: +1022\.00 GiB"),
    ("define made.xml", "defined from made.xml"),
    ("dominfo made01", r"CPU\(s\): +2\nMax memory: +524288 KiB"),
    ("dumpxml made01", r"<description>a description</description>(.*\n)+.*\[datastore1\] made/one\.vmdk"),
    ("domiflist made01", "VM Network +e1000 +00:50:56:25:48:c7"),
    ("setvcpus made01 4 --live", ""),
    ("memtune made01 --min-guarantee 131072", ""),
    ("schedinfo made01 --set reservation=100", r"reservation +: 100"),
    ("schedinfo made01 --set limit=2000", r"limit +: 2000"),
    ("schedinfo made01 --set shares=500", r"shares +: 500"),
    ("desc made01", "a description"),
    ("dumpxml made01", r"<shares>500</shares>(.*\n)*"),
    ("dumpxml made01", r"<min_guarantee unit='KiB'>131072<"),
    ("start made01", "started"),
    ("vcpucount made01 --maximum", "768"),
    ("destroy made01", "destroyed"),
    ("undefine made01", "undefined"),
    ("vol-list datastore1", r"made/one\.vmdk"),
    ("define made.xml", "defined"),
    ("list --all --name", "made01"),
]


# What vcsim can do, too, with the same words: each is asked of both, and both answer the same.
BOTH: Sequence[str] = [
    'vm.create -on=false -m 512 -c 2 -disk 1GB -disk.controller pvscsi -net "VM Network" -net.adapter vmxnet3 made01',
    "vm.info -r made01",
    "device.ls -vm made01",
    'vm.create -on=false -disk 1GB -net "VM Network" made01',
    "vm.change -vm made01 -c 4 -m 1024 -annotation words -e guestinfo.a=b",
    "vm.info -e made01",
    'vm.network.add -vm made01 -net "VM Network" -net.adapter e1000',
    "vm.disk.create -vm made01 -name made01/data -size 2G",
    "vm.disk.change -vm made01 -disk.name disk-*-1 -size 3G",
    "device.cdrom.add -vm made01",
    "vm.unregister made01",
    "vm.register made01/made01.vmx",
    "vm.register made01/made01.vmx",
    "vm.change -vm made01 -name made02",
    "vm.destroy made01",
    "vm.destroy made02",
    "find / -type m -name made*",
]
# Lines of an answer that are compared; the rest is what each host is. vcsim counts its controllers from 201 on.
COMPARED = re.compile(r"(?:disk|ethernet|pvscsi|lsilogic)-|Name|Path|Memory|CPU: |Power state|Network|guestinfo|/ha-")


@pytest.fixture
def govc(govc_program: str, tmp_path: pathlib.Path) -> Iterator[Govc]:
    with serving(SCENARIO, tmp_path) as server:
        yield Govc(govc_program, server, tmp_path)


def check(client: Govc | Virsh, done: Done, *patterns: str) -> None:
    """Say that a command succeeded, and showed what it should."""
    assert done.returncode == 0, done.stderr
    assert [one for one in patterns if not re.search(one, done.stdout, re.MULTILINE)] == [], done.stdout
    assert client.server.world.errors == []


@pytest.mark.parametrize(("command", "showing"), GOVC, ids=[command[:50] for command, _rest in GOVC])
def test_govc_defines(govc: Govc, command: str, showing: Sequence[tuple[str, str]]) -> None:
    done = govc(*shlex.split(command))
    if command in REFUSED:
        assert REFUSED[command] in done.stderr
        assert govc.server.world.errors == []
        return
    check(govc, done)
    for then, pattern in showing:
        check(govc, govc(*shlex.split(then)), pattern)


def test_virsh_defines_changes_and_undefines(
    virsh_program: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("peer", "virsh")
    record_property("command", ", ".join(dict.fromkeys(command.split()[0] for command, _rest in VIRSH)))
    with serving(SCENARIO, tmp_path) as server:
        virsh = Virsh(virsh_program, server, tmp_path)
        (tmp_path / "made.xml").write_text(DOMAIN, "utf-8")
        for command, pattern in VIRSH:
            done = virsh(*command.split())
            check(virsh, done, pattern)
            assert "Unexpected" not in done.stderr


@contextmanager
def _vcsim(program: str, govc_program: str, folder: pathlib.Path) -> Iterator[Callable[..., Done]]:
    """Serve one empty ESXi host of vcsim; yield what asks it through govc."""
    command = [program, "-l", "127.0.0.1:0", "-esx", "-vm", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"GOVC_URL=(\S+)", process.stdout.readline())
            assert found is not None
            environment = {
                **os.environ,
                "GOVC_URL": found.group(1),
                "GOVC_INSECURE": "1",
                "GOVC_PERSIST_SESSION": "false",
                "GOVC_DATASTORE": "LocalDS_0",
                "GOVMOMI_HOME": str(folder),
            }

            def ask(*words: str) -> Done:
                return subprocess.run(
                    [govc_program, *words], env=environment, capture_output=True, text=True, timeout=30, check=False
                )

            yield ask
        finally:
            process.terminate()


def _answer(done: Done) -> tuple[bool, list[str]]:
    lines = (" ".join(line.split()) for line in done.stdout.splitlines())
    plain = (re.sub(r"^(disk|pvscsi|lsilogic)-\d+|SCSI controller 0|(?<=Controller ).*", r"\1", line) for line in lines)
    return done.returncode == 0, [line for line in plain if COMPARED.match(line)]


def test_vcsim_answers_the_same(
    vcsim_program: str, govc_program: str, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("peer", "vcsim")
    record_property("command", "create, reconfigure, unregister, register, destroy, beside ours")
    empty = {**SCENARIO, "vms": [], "networks": [{"name": "VM Network"}]}
    with serving(empty, tmp_path) as server, _vcsim(vcsim_program, govc_program, tmp_path) as theirs:
        ours = Govc(govc_program, server, tmp_path)
        answers = [(one, _answer(ours(*shlex.split(one))), _answer(theirs(*shlex.split(one)))) for one in BOTH]

        assert [(one, mine, other) for one, mine, other in answers if mine != other] == []
        assert server.world.errors == []
