# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""govmomi's govc drives our simulator."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.support.clients import Done, Govc, serving

Record = Callable[[str, object], None]
SERIAL = "msg.serial.file.open"
SCENARIO: Mapping[str, Any] = {
    "datastores": [{"name": "datastore1", "files": {"iso/tools.iso": "an image", "notes.txt": "first\nsecond\n"}}],
    "networks": [{"name": "VM Network"}, {"name": "lab", "vswitch": "vSwitch1", "vlan_id": 7}],
    "vms": [
        {
            "name": "running01",
            "power_state": "powered-on",
            "ip_addresses": ["192.0.2.10"],
            "snapshots": ["before", "after"],
            "guest_shutdown_seconds": 0,
        },
        {"name": "off01", "cpus": 2},
        {"name": "suspended01", "power_state": "suspended"},
        {"name": "asking01", "questions": [SERIAL]},
    ],
}

# What only reads: the command, and patterns of what it shows.
READS = [
    ("about", [r"Name: +VMware ESXi", r"API type: +HostAgent", r"API version: +8\.0\.3\.0"]),
    ("ls", ["^/ha-datacenter/vm$", "^/ha-datacenter/datastore$"]),
    ("ls -l vm", [r"^/ha-datacenter/vm/off01 \(VirtualMachine\)$"]),
    ("ls -i /ha-datacenter/vm/off01", ["^VirtualMachine:2$"]),
    ("find / -type m", ["^/ha-datacenter/vm/running01$"]),
    ("find / -type m -runtime.powerState poweredOn", [r"\A/ha-datacenter/vm/running01\n\Z"]),
    ("find / -type m -config.hardware.numCPU 2", [r"\A/ha-datacenter/vm/off01\n\Z"]),
    ("find vm -name off*", [r"\Avm/off01\n\Z"]),
    ("find -l /", ["^HostSystem +/ha-datacenter/host/esx1.example.com/esx1.example.com$"]),
    ("tree", ["├── asking01", "vm"]),
    ("vm.info running01", [r"Power state: +poweredOn", r"IP address: +192\.0\.2\.10"]),
    ("vm.info -r -e -t off01", [r"CPU: +2 vCPU", r"Host: +esx1\.example\.com", r"Network: +VM Network"]),
    ("vm.info -json off01", ['"powerState": "poweredOff"']),
    ("vm.ip running01", [r"^192\.0\.2\.10$"]),
    ("vm.ip -a running01", [r"^192\.0\.2\.10$"]),
    ("vm.question -vm off01", ["No pending question"]),
    ("device.ls -vm off01", ["^disk-1000-0 +VirtualDisk", "^ethernet-0 +VirtualVmxnet3"]),
    ("device.info -vm off01", [r"Name: +pvscsi-1000", r"File: +\[datastore1\] off01/off01\.vmdk"]),
    ("device.info -vm off01 ethernet-*", [r"MAC Address: +00:0c:29:", r"Summary: +VM Network"]),
    ("host.info", [r"Name: +esx1\.example\.com", r"Logical CPUs: +16 CPUs @ 2400MHz", r"State: +connected"]),
    ("host.vswitch.info", [r"Portgroup: +VM Network, Management Network", r"Pnic: +vmnic0, vmnic1", r"MTU: +1500"]),
    ("host.portgroup.info", [r"Name: +lab", r"Virtual switch: +vSwitch1", r"VLAN ID: +7"]),
    ("host.vnic.info", [r"Device: +vmk0", r"Network label: +Management Network"]),
    ("host.storage.info -t hba", [r"vmhba0 .* vmw_ahci +online", r"vmhba64 .* iscsi_vmk"]),
    ("host.storage.info -t lun", [r"naa\.[0-9a-f]{32} +disk +2\.0TB"]),
    ("host.option.ls", [r"UserVars\.SuppressShellWarning: +1"]),
    ("host.autostart.info", ["^VM +StartAction"]),
    ("datacenter.info", [r"Hosts: +1", r"Virtual Machines: +4", r"Datastores: +1"]),
    ("pool.info *", [r"Name: +Resources", r"CPU Limit: +38400MHz"]),
    ("datastore.info", [r"Name: +datastore1", r"Type: +VMFS", r"Capacity: +2048\.0 GB", r"Free: +1024\.0 GB"]),
    ("datastore.ls", ["^notes.txt$", "^off01$"]),
    ("datastore.ls -l", [r"^13B +.* notes\.txt$", r"^0B +.* off01$"]),
    ("datastore.ls -R", [r"^\[datastore1\] off01/:\noff01\.vmx\noff01\.vmdk\noff01-flat\.vmdk$"]),
    ("datastore.ls off01", [r"\Aoff01\.vmx\noff01\.vmdk\noff01-flat\.vmdk\n\Z"]),
    ("datastore.tail notes.txt", [r"\Afirst\nsecond\n\Z"]),
    ("license.ls", [r"00000-00000-00000-00000-00000 +esx\.standard"]),
    ("object.collect -s vm/off01 name runtime.powerState", [r"\Aoff01\npoweredOff\n\Z"]),
    ("object.collect vm/off01 runtime", [r"runtime\.powerState +types\.VirtualMachinePowerState +poweredOff"]),
    ("object.collect -json vm/off01 config.hardware", ['"numCPU": 2', '"capacityInKB": 16777216']),
    ("object.collect -s -type m / name", ["^running01$", "^asking01$"]),
    ("object.collect - content", [r"content\.eventManager +\*types\.ManagedObjectReference +EventManager:ha-eventmgr"]),
    ("object.collect -s HostSystem:ha-host hardware.systemInfo.model", ["^Simulator 1$"]),
    ("object.collect -s vm/off01 config.hardware.device[2000].capacityInKB", ["^16777216$"]),
]

# What changes something, each on a world of its own: the command, what it shows, a second command and what that shows.
WRITES = [
    ("vm.power -on off01", "OK", "object.collect -s vm/off01 runtime.powerState", r"\ApoweredOn\n\Z"),
    ("vm.power -off running01", "OK", "object.collect -s vm/running01 runtime.powerState", r"\ApoweredOff\n\Z"),
    ("vm.power -suspend running01", "OK", "object.collect -s vm/running01 runtime.powerState", r"\Asuspended\n\Z"),
    ("vm.power -on suspended01", "OK", "object.collect -s vm/suspended01 runtime.powerState", r"\ApoweredOn\n\Z"),
    ("vm.power -reset running01", "OK", "object.collect -s vm/running01 runtime.powerState", r"\ApoweredOn\n\Z"),
    ("vm.power -r running01", "OK", "object.collect -s vm/running01 runtime.powerState", r"\ApoweredOn\n\Z"),
    ("vm.power -s -wait running01", "OK", "object.collect -s vm/running01 runtime.powerState", r"\ApoweredOff\n\Z"),
    ("vm.change -vm off01 -c 4 -m 2048", "", "object.collect -s vm/off01 config.hardware.numCPU", "^4$"),
    ("vm.unregister off01", "", "find / -type m -name off01", r"\A\Z"),
    ("snapshot.create -vm off01 s1", "", "snapshot.tree -vm off01", r"\As1\n\.\n\Z"),
    ("snapshot.revert -vm running01 before", "", "snapshot.tree -vm running01", r"\Abefore\n\.\n  after\n\Z"),
    ("snapshot.revert -vm running01", "", "snapshot.tree -vm running01", r"\Abefore\n  after\n  \.\n\Z"),
    ("snapshot.remove -vm running01 after", "", "snapshot.tree -vm running01", r"\Abefore\n\.\n\Z"),
    ("snapshot.remove -vm running01 *", "", "snapshot.tree -vm running01", r"\A\Z"),
    ("datastore.mkdir new", "", "datastore.ls", "^new$"),
    ("datastore.rm notes.txt", "", "datastore.ls", r"\A(?!.*notes)"),
    ("datastore.mv notes.txt moved.txt", "OK", "datastore.tail moved.txt", "^second$"),
]


@pytest.fixture(scope="module")
def shared(govc_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Govc]:
    """Govc on a world that no test changes."""
    folder = tmp_path_factory.mktemp("govc")
    with serving(SCENARIO, folder) as server:
        yield Govc(govc_program, server, folder)


@pytest.fixture
def govc(govc_program: str, tmp_path: pathlib.Path) -> Iterator[Govc]:
    with serving(SCENARIO, tmp_path) as server:
        yield Govc(govc_program, server, tmp_path)


def check(govc: Govc, done: Done, *patterns: str) -> None:
    """Say that a command succeeded, and showed what it should."""
    assert done.returncode == 0, done.stderr
    assert [one for one in patterns if not re.search(one, done.stdout, re.MULTILINE)] == [], done.stdout
    assert govc.server.world.errors == []


@pytest.mark.parametrize(("command", "shows"), READS, ids=[command for command, _rest in READS])
def test_govc_reads(shared: Govc, command: str, shows: list[str]) -> None:
    check(shared, shared(*command.split()), *shows)


@pytest.mark.parametrize(("command", "shows", "then", "showing"), WRITES, ids=[command for command, *_rest in WRITES])
def test_govc_writes(govc: Govc, command: str, shows: str, then: str, showing: str) -> None:
    check(govc, govc(*command.split()), shows)
    check(govc, govc(*then.split()), showing)


def test_govc_moves_files_unchanged(govc: Govc, record_property: Record) -> None:
    record_property("command", "datastore.upload, datastore.download")
    content = bytes(range(256)) * 4096 + b"the end"
    (govc.folder / "up.bin").write_bytes(content)
    check(govc, govc("datastore.upload", "up.bin", "off01/a & b.bin"), "OK")
    check(govc, govc("datastore.download", "off01/a & b.bin", "down.bin"), "OK")
    store = govc.server.world.of_type("Datastore")[0]

    assert (govc.folder / "down.bin").read_bytes() == content
    assert store.files.get("off01/a & b.bin").read() == content


def test_govc_downloads_the_file_of_a_machine(shared: Govc, record_property: Record) -> None:
    record_property("command", "datastore.download of a VMX file")
    check(shared, shared("datastore.download", "off01/off01.vmx", "off01.vmx"), "OK")

    vm = shared.server.world.find("VirtualMachine", "2")
    assert (shared.folder / "off01.vmx").read_text("utf-8") == vm.vmx()


def test_govc_shows_what_happened(govc: Govc, record_property: Record) -> None:
    record_property("command", "events, of the host and of one machine")
    check(govc, govc("vm.power", "-on", "off01"))
    everything = govc("events", "-l")
    one = govc("events", "vm/off01")
    some = govc("events", "-type", "VmPoweredOnEvent", "-n", "5", "vm/off01", "vm/running01")
    here = "off01 on esx1.example.com in ha-datacenter"

    check(govc, everything, r"\[info\] \[1\] \[esx\.audit\.host\.boot\] Host has booted\.", "UserLoginSessionEvent")
    check(govc, everything, rf"\[VmPoweredOnEvent\] {here} is powered on$", r"as govc/")
    check(govc, one, r"\] Task: Power On virtual machine \(target=VirtualMachine off01\)$", rf"{here} is starting$")
    check(govc, some, "==> VirtualMachine:2 <==", rf"{here} is powered on$")
    assert "logged in" not in one.stdout
    assert "starting" not in some.stdout


def test_govc_shows_the_tasks(govc: Govc, record_property: Record) -> None:
    record_property("command", "tasks, tasks -l")
    check(govc, govc("vm.power", "-on", "off01"))
    check(govc, govc("vm.power", "-off", "suspended01"))

    check(govc, govc("tasks"), r"^PowerOnVM +off01 +root .* success", r"^PowerOffVM +suspended01 +root .* success")
    check(govc, govc("tasks", "-l"), r"^Power On virtual machine +off01 +root .* success")
    check(govc, govc("tasks", "vm/off01"), r"PowerOnVM +off01")


def test_govc_is_told_that_a_host_has_no_history_of_tasks(shared: Govc, record_property: Record) -> None:
    record_property("command", "tasks -b 1h (refused by a host)")
    done = shared("tasks", "-b", "1h")

    assert "The operation is not supported on the object" in done.stderr
    assert shared.server.world.errors == []


def test_govc_reads_a_full_history_of_tasks(govc_program: str, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "tasks -b 1h (with a full history)")
    with serving({**SCENARIO, "host": {"full_history": True}}, tmp_path) as server:
        govc = Govc(govc_program, server, tmp_path)
        check(govc, govc("vm.power", "-on", "off01"))

        check(govc, govc("tasks", "-b", "1h"), r"PowerOnVM +off01 .* success")
        check(govc, govc("tasks", "-s", "error"), r"\ATask +Target.*\n\Z")


def test_govc_sees_the_sessions(shared: Govc, record_property: Record) -> None:
    record_property("command", "session.ls")
    check(shared, shared("session.ls"), r"^[0-9a-f]{32} +root .* 127\.0\.0\.1 +govc/")


def test_govc_shows_and_answers_a_question(govc: Govc, record_property: Record) -> None:
    record_property("command", "vm.question -answer")
    world = govc.server.world
    vm = world.find("VirtualMachine", "4")
    with govc.begin("vm.power", "-on", "asking01") as started:
        with world.lock:
            world.clock.wait(world.changed, lambda: vm.get("runtime.question") is not None, 10)
        shown = govc("vm.question", "-vm", "asking01")
        answered = govc("vm.question", "-vm", "asking01", "-answer", "0")
        started.wait(10)

    check(govc, shown, SERIAL)
    check(govc, answered)
    assert vm.get("runtime.powerState") == "poweredOn"
