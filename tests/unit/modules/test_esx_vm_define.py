# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_define on a simulated host: four sources, foreseen and done, and nothing left to do afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.plugins.modules import esx_vm_define
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

UUID, OTHER = "564d0000-0000-0000-0000-00000000000a", "564d0000-0000-0000-0000-00000000000b"
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "web01"
guestOS = "debian12-64"
memSize = "512"
numvcpus = "2"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 0a"
ethernet0.present = "TRUE"
ethernet0.virtualDev = "vmxnet3"
ethernet0.networkName = "VM Network"
ethernet0.addressType = "generated"
guestinfo.role = "test"
"""
DOMAIN = f"""\
<domain type='vmware'>
  <name>web01</name>
  <uuid>{UUID}</uuid>
  <memory unit='KiB'>524288</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <interface type='bridge'>
      <mac address='00:0c:29:00:00:0a'/>
      <source bridge='VM Network'/>
      <model type='e1000'/>
    </interface>
  </devices>
</domain>
"""
PATH = "[datastore1] stored/stored.vmx"
DISK = {"slot": "scsi0:0", "capacity_kib": 1024 * 1024, "provisioning": "thin"}
DEFINITION: dict[str, Any] = {
    "guest_id": "rhel9-64",
    "cpus": 2,
    "memory_mib": 512,
    "uuid": UUID,
    "disks": [DISK],
    "nics": [{"slot": "ethernet0", "network": "VM Network"}],
}
# Source -> how a machine is made, and how it is changed.
SOURCES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "definition": (
        {"name": "web01", "definition": DEFINITION},
        {"name": "web01", "definition": {**DEFINITION, "memory_mib": 1024, "disks": [{**DISK, "capacity_kib": 2**21}]}},
    ),
    "vmx": ({"vmx": VMX}, {"vmx": VMX.replace('"512"', '"1024"')}),
    "domain_xml": ({"domain_xml": DOMAIN}, {"domain_xml": DOMAIN.replace("524288", "1048576")}),
    "vmx_path": ({"vmx_path": PATH, "name": "web01"}, {"name": "web01", "definition": {"memory_mib": 1024}}),
}
READS = {"RetrieveServiceContent", "Login", "Logout", "RetrievePropertiesEx", "QueryConfigOptionEx", "HEAD", "GET"}
NETWORKS = [{"name": "VM Network"}, {"name": "Other"}]


def a_world(*vms: dict[str, Any], **more: Any) -> World:
    files = {"stored/stored.vmx": VMX.replace("web01", "stored"), "iso/a.iso": "a", "iso/b.iso": "b"}
    return world_of(*vms, datastores=[{"name": "datastore1", "files": files}], networks=NETWORKS, **more)


def define(world: World, *, check_mode: bool = False, **given: Any) -> Outcome:
    return run(esx_vm_define, world, check_mode=check_mode, **given)


def names(world: World) -> list[str]:
    return [str(vm.get("name")) for vm in world.of_type("VirtualMachine")]


def the(world: World, name: str) -> Any:
    (found,) = [vm for vm in world.of_type("VirtualMachine") if vm.get("name") == name]
    return found


def files(world: World) -> set[str]:
    return {path for store in world.of_type("Datastore") for path, _file in store.files}


def tasks(world: World) -> int:
    return sum(call.method.endswith("_Task") for call in world.calls)


def changes(outcome: Outcome) -> Any:
    """What check mode and the run must agree on."""
    entry = {key: value for key, value in outcome.vm.items() if key not in ("moid", "task", "uuid")}
    return outcome.kind, entry, outcome.result["diff"], outcome.failure


@pytest.mark.parametrize("source", SOURCES)
def test_the_twelve_checks(source: str) -> None:
    world = a_world()
    create, modify = SOURCES[source]
    for step, wish in (("create", create), ("modify", modify), ("remove", {"name": "web01", "state": "absent"})):
        before = (names(world), files(world))
        foreseen = define(world, check_mode=True, **wish)
        assert (names(world), files(world)) == before, step
        done = define(world, **wish)
        assert changes(foreseen) == changes(done), step
        assert done.error is None
        assert done.vm["changed"], step
        count = tasks(world)
        again = define(world, check_mode=True, **wish)
        done_again = define(world, **wish)
        assert tasks(world) == count, step
        assert not again.result["changed"], step
        assert not done_again.result["changed"], step
        assert done_again.error is None
    assert names(world) == []
    assert "stored/stored.vmx" in files(world)


@pytest.mark.parametrize("source", SOURCES)
def test_check_mode_sends_nothing_that_changes(source: str) -> None:
    world = a_world()
    define(world, check_mode=True, **SOURCES[source][0])

    assert {call.method for call in world.calls} <= READS


ALWAYS = ["RetrieveServiceContent", "Login", "RetrievePropertiesEx"]
WAITED_FOR = ["CreateFilter", "WaitForUpdatesEx"]
BROUGHT = ["PUT", "MoveDatastoreFile_Task", "RetrievePropertiesEx"]
REQUESTS: Mapping[str, list[str]] = {
    "definition": [*ALWAYS, "QueryConfigOptionEx", "CreateVM_Task", *WAITED_FOR],
    # An upload that overwrites nothing is a temporary file that is moved, and the host makes no folder for it.
    "vmx": [*ALWAYS, "QueryConfigOptionEx", "MakeDirectory", *BROUGHT, "RegisterVM_Task", *WAITED_FOR],
    "domain_xml": [*ALWAYS, "QueryConfigOptionEx", "MakeDirectory", *BROUGHT, "RegisterVM_Task", *WAITED_FOR],
    "vmx_path": [*ALWAYS, "GET", "RegisterVM_Task", *WAITED_FOR],
}


@pytest.mark.parametrize("source", SOURCES)
def test_making_a_machine_takes_few_requests(source: str) -> None:
    world = a_world()

    done = define(world, **SOURCES[source][0])

    wanted = [*REQUESTS[source], "RetrievePropertiesEx", "Logout"]
    # Files are transferred beside the API.
    assert world.calls.methods() == [method for method in wanted if method not in ("GET", "PUT")]
    assert done.requests == len(wanted)
    assert done.requests <= (13 if "PUT" in wanted else 10)


def test_a_vmx_that_is_put_beside_its_disk_needs_no_folder_made() -> None:
    world = a_world({"name": "spare", "disks": [{}]})
    define(world, name="spare", state="absent")
    lines = ['scsi0.present = "TRUE"', 'scsi0:0.present = "TRUE"', 'scsi0:0.fileName = "spare.vmdk"', ""]

    done = define(world, vmx=VMX + "\n".join(lines).replace("spare.vmdk", "/vmfs/volumes/datastore1/spare/spare.vmdk"))

    assert (done.error, called(world, "MakeDirectory")) == (None, 0)
    # The disk is looked for instead.
    assert done.requests == 13


@pytest.mark.parametrize("folder", ["below/here", "/ha-datacenter/vm/below/here"])
def test_a_folder_is_found_without_a_request(folder: str) -> None:
    world = a_world({"name": "other", "folder": "below/here"})

    done = define(world, **SOURCES["definition"][0], folder=folder)

    assert (done.error, done.requests) == (None, 9)
    assert the(world, "web01").get("parent") == the(world, "other").get("parent")


@pytest.mark.parametrize("source", SOURCES)
def test_a_machine_that_is_as_described_takes_five_requests_at_most(source: str) -> None:
    world = a_world()
    create, _modify = SOURCES[source]
    define(world, **create)
    before = tasks(world)

    again = define(world, **create)

    assert (again.requests, tasks(world)) <= (5, before)


def test_a_machine_is_what_its_definition_says() -> None:
    world = a_world()
    done = define(world, name="web01", definition=DEFINITION)
    vm = the(world, "web01")

    assert done.vm["moid"] == vm.moid
    assert done.vm["uuid"] == UUID == vm.get("config.uuid")
    assert (vm.get("config.hardware.memoryMB"), vm.get("config.hardware.numCPU")) == (512, 2)
    assert vm.get("config.guestId") == "rhel9_64Guest"
    assert files(world) >= {"web01/web01.vmx", "web01/web01.vmdk"}


def test_what_was_made_shows_in_the_diff() -> None:
    done = define(a_world(), name="web01", definition={"memory_mib": 512})

    diff = done.result["diff"]
    assert diff["before"] == {"web01": {"power_state": None, "registered": False}}
    assert diff["after"]["web01"]["registered"] is True
    assert diff["after"]["web01"]["definition"] == {"name": "web01", "memory_mib": 512}


def test_a_change_shows_in_the_hubs_words() -> None:
    world = a_world({"name": "web01"})
    done = define(
        world, name="web01", definition={"memory_mib": 2048, "nics": [{"slot": "ethernet0", "network": "Other"}]}
    )

    before, after = (done.result["diff"][side]["web01"]["definition"] for side in ("before", "after"))
    assert before == {"memory_mib": 1024, "nics": {"ethernet0": {"network": "VM Network"}}}
    assert after == {"memory_mib": 2048, "nics": {"ethernet0": {"network": "Other"}}}


def test_a_change_shows_as_lines_of_a_vmx_and_is_foreseen_so() -> None:
    world = a_world({"name": "web01"}, {"name": "web02"})
    nic = {"slot": "ethernet0", "network": "Other"}
    disk = {"slot": "scsi0:1", "capacity_kib": 1024}
    wish: dict[str, Any] = {"memory_mib": 2048, "nics": [nic], "disks": [disk], "extra": {"a.b": "c"}}

    foreseen = define(world, check_mode=True, names=["web01", "web02"], definition=wish)
    done = define(world, names=["web01", "web02"], definition=wish)

    lines = """\
-memsize = "1024"
+memsize = "2048"
+scsi0:1.present = "true"
+scsi0:1.deviceType = "scsi-hardDisk"
-ethernet0.networkName = "VM Network"
+ethernet0.networkName = "Other"
+a.b = "c"
"""
    shown = "\n".join(f"{name}, in the lines of its VMX:\n{lines}" for name in ("web01", "web02"))
    assert foreseen.result["diff"]["prepared"] == shown == done.result["diff"]["prepared"]
    assert "prepared" not in define(world, names=["web01", "web02"], definition=wish).result["diff"]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("definition", ['+displayName = "web01"', '+memsize = "512"', '+ethernet0.networkName = "VM Network"']),
        ("vmx", [f"+{line}" for line in VMX.splitlines()]),
        ("domain_xml", ['+displayName = "web01"', '+memsize = "512"', '+ethernet0.virtualDev = "e1000"']),
    ],
)
def test_what_is_made_shows_as_lines_of_a_vmx(source: str, lines: list[str]) -> None:
    done = define(a_world(), **SOURCES[source][0])

    title, *shown = done.result["diff"]["prepared"].splitlines()
    assert title == "web01, in the lines of its VMX:"
    assert [line for line in lines if line not in shown] == []
    assert all(line.startswith("+") for line in shown)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "wish",
    [
        {"name": "web01", "definition": {"vnc": {"port": 5901, "password": "s3cret"}}},
        {"name": "web01", "definition": {"extra": {"guestinfo.admin.password": "s3cret"}}},
        {"vmx": VMX + 'RemoteDisplay.vnc.enabled = "TRUE"\nRemoteDisplay.vnc.password = "s3cret"\n'},
        {"vmx": VMX + 'RemoteDisplay.vnc.password = "s3cret"\nRemoteDisplay.vnc.key = "s3cret"\n'},
        {"vmx": VMX.replace("web01", "new01") + 'RemoteDisplay.vnc.password = "s3cret"\n', "uuid": OTHER},
    ],
)
def test_a_secret_is_in_neither_form(wish: dict[str, Any], check_mode: bool) -> None:
    world = a_world({"name": "web01", "uuid": UUID})
    done = define(world, check_mode=check_mode, **wish)

    assert done.error is None
    assert "********" in done.result["diff"]["prepared"]
    assert "s3cret" not in str(done.result)


HALVES: list[tuple[dict[str, Any], dict[str, Any], str, list[str], list[str]]] = [
    (
        {"definition": {"hardware_version": 21, "memory_mib": 2048}},
        {"method": "ReconfigVM_Task"},
        "powered-off",
        ["hardware_version"],
        ["hardware_version"],
    ),
    (
        {
            "definition": {
                "disks": [{"slot": "scsi0:1", "file": "[datastore1] spare/spare.vmdk", "capacity_kib": 2**21}]
            }
        },
        {"method": "ReconfigVM_Task", "skip": 1},
        "powered-off",
        ["disks"],
        ["disks[scsi0:1]"],
    ),
    (
        {"definition": {"memory_mib": 2048}, "power_cycle": True},
        {"method": "ReconfigVM_Task", "skip": 1},
        "powered-on",
        [],
        ["shut down", "started again"],
    ),
    (
        {"definition": {"memory_mib": 2048}, "power_cycle": True},
        {"method": "PowerOnVM_Task"},
        "powered-on",
        ["memory_mib"],
        ["shut down", "memory_mib"],
    ),
]


@pytest.mark.parametrize(("wish", "fault", "power", "changed", "steps"), HALVES)
def test_a_failure_says_what_had_been_changed_before(
    wish: dict[str, Any], fault: dict[str, Any], power: str, changed: list[str], steps: list[str]
) -> None:
    world = a_world(
        {"name": "web01", "power_state": power, "hardware_version": 19},
        {"name": "spare", "disks": [{"size_gib": 1}]},
    )
    define(world, name="spare", state="absent")
    world.faults.add(FaultRule(action="fault NoPermission", count=9, **fault))

    done = define(world, name="web01", **wish)

    assert done.error is not None
    assert done.vm["changed"]
    assert done.vm["failed"]
    assert done.failure["done"] == steps
    assert str(done.error).endswith(f"Done before that: {', '.join(steps)}.")
    assert list(done.result["diff"]["after"]["web01"].get("definition", ())) == changed
    failure = {"msg": str(done.error), "failure": done.failure}
    assert differences("esx_vm_define", {**done.result, **failure}) == []


def test_a_failure_that_touched_nothing_shows_no_change() -> None:
    world = a_world({"name": "web01"}, faults=[{"method": "ReconfigVM_Task", "action": "fault NoPermission"}])
    done = define(world, name="web01", definition={"memory_mib": 2048})

    assert done.error is not None
    assert "done" not in done.failure
    assert (done.vm["changed"], done.result["diff"]) == (False, {"before": {}, "after": {}})


@pytest.mark.parametrize(("version", "hardware"), [("7.0.3.0", 19), ("8.0.3.0", 21)])
def test_a_domain_gets_the_virtual_hardware_of_its_host(version: str, hardware: int) -> None:
    world = a_world(host={"version": version})

    assert define(world, domain_xml=DOMAIN).error is None
    assert the(world, "web01").get("config.version") == f"vmx-{hardware}"
    assert not define(world, domain_xml=DOMAIN).vm["changed"]


def test_a_domain_leaves_the_virtual_hardware_of_a_machine_alone_unless_it_says_one() -> None:
    world = a_world({"name": "web01", "uuid": UUID, "hardware_version": 15})
    define(world, domain_xml=DOMAIN)
    assert the(world, "web01").get("config.version") == "vmx-15"

    carried = '<metadata><vmx xmlns="urn:virt-esx:vmx:1">virtualHW.version = "19"</vmx></metadata>'
    done = define(world, domain_xml=DOMAIN.replace("  <memory", f"  {carried}\n  <memory"))
    assert done.error is None
    assert the(world, "web01").get("config.version") == "vmx-19"


@pytest.mark.parametrize("wish", [{"definition": {}}, {"vmx": VMX}, {"definition": {}, "uuid": UUID}])
def test_a_name_is_one_line(wish: dict[str, Any]) -> None:
    world = a_world({"name": "other", "uuid": UUID})
    done = define(world, name="two\nlines", **({"uuid": OTHER} | wish))

    assert (done.kind, tasks(world)) == ("plan", 0)
    assert "control character" in str(done.error)


PCI = ["0000:02:01.0", "00000:002:01.0", "02:01.0"]


@pytest.mark.parametrize("address", PCI)
def test_a_device_of_the_host_is_the_same_in_every_spelling(address: str) -> None:
    texts = [
        VMX + f'pciPassthru0.present = "TRUE"\npciPassthru0.id = "{one}"\npciPassthru0.deviceId = "0x1581"\n'
        for one in PCI
    ]
    wishes: list[dict[str, Any]] = [{"vmx": text} for text in texts]
    wishes += [
        {"name": "web01", "definition": {"pci_devices": [{"slot": "pciPassthru0", "address": one}]}} for one in PCI
    ]
    for first in (wishes[PCI.index(address)], wishes[len(PCI) + PCI.index(address)]):
        world = a_world()
        assert define(world, **first).error is None
        before = tasks(world)

        assert [define(world, **wish).result["changed"] for wish in wishes[len(PCI) :]] == [False] * len(PCI)
        if "vmx" in first:
            assert [define(world, **wish).result["changed"] for wish in wishes] == [False] * len(wishes)
        assert tasks(world) == before


def test_a_device_that_the_host_does_not_have_is_said_with_those_that_it_has() -> None:
    wish = {"pci_devices": [{"slot": "pciPassthru0", "address": "00000:059:00.0"}]}
    for world in (a_world(), a_world({"name": "web01"})):
        for check_mode in (True, False):
            done = define(world, check_mode=check_mode, name="web01", definition=wish)

            assert done.kind == "not_found"
            assert "no PCI device 00000:059:00.0; there are '0000:02:00.0'" in str(done.error)
        assert tasks(world) == 0


def test_a_password_is_masked() -> None:
    world = a_world({"name": "web01"})
    done = define(world, name="web01", definition={"vnc": {"port": 5901, "password": "s3cret"}})

    assert "s3cret" not in str(done.result)
    assert not define(world, name="web01", definition={"vnc": {"password": "s3cret"}}).result["changed"]


def test_one_reconfigure_makes_all_of_it() -> None:
    world = a_world({"name": "web01"})
    wish = {
        **DEFINITION,
        "annotation": "x",
        "disks": [{"slot": "scsi0:3", "capacity_kib": 1024}],
        "cdroms": [{"slot": "ide0:0", "file": "[datastore1] iso/a.iso"}],
        "extra": {"guestinfo.role": "web"},
    }
    define(world, name="web01", definition=wish)

    assert (tasks(world), called(world, "ReconfigVM_Task")) == (1, 1)


def test_a_name_beside_a_uuid_or_a_moid_renames() -> None:
    world = a_world({"name": "web01", "uuid": UUID})

    assert define(world, uuid=UUID, name="web02", definition={}).vm["changed"]
    assert define(world, moid=the(world, "web02").moid, name="web03", definition={}).vm["changed"]
    assert not define(world, uuid=UUID, name="web03", definition={}).vm["changed"]
    assert names(world) == ["web03"]


@pytest.mark.parametrize(
    "wish", [{"uuid": UUID, "name": "web02", "definition": {}}, {"uuid": UUID, "definition": {"name": "web02"}}]
)
def test_a_machine_does_not_get_a_name_that_is_in_use(wish: dict[str, Any]) -> None:
    world = a_world({"name": "web01", "uuid": UUID}, {"name": "web02"})

    done = define(world, **wish)

    assert done.kind == "plan"
    assert "'web02' is in use" in str(done.error)
    assert tasks(world) == 0


@pytest.mark.parametrize("source", ["vmx", "domain_xml"])
def test_a_text_is_another_machine_under_another_name_and_uuid(source: str) -> None:
    world = a_world()
    create, _modify = SOURCES[source]
    define(world, **create)

    assert define(world, name="copy", uuid=OTHER, **create).vm["changed"]
    assert not define(world, name="copy", uuid=OTHER, **create).vm["changed"]
    assert sorted(names(world)) == ["copy", "web01"]
    assert the(world, "copy").get("config.uuid") == OTHER


@pytest.mark.parametrize(("register_as", "action"), [("moved", "keep"), ("copied", "create"), ("ask", None)])
def test_the_host_is_told_whether_a_machine_was_moved_or_copied(register_as: str, action: str | None) -> None:
    world = a_world()
    define(world, vmx=VMX, register_as=register_as)

    store: Any = world.of_type("Datastore")[0]
    text = VmxText.from_bytes(store.files.get("web01/web01.vmx").read())
    assert text.get("uuid.action") == action
    assert not define(world, vmx=VMX, register_as=register_as).vm["changed"]


def test_a_vmx_that_is_there_is_not_overwritten() -> None:
    world = a_world()
    store: Any = world.of_type("Datastore")[0]
    before = store.files.get("stored/stored.vmx").read()
    wish: dict[str, Any] = {"vmx": VMX.replace("web01", "stored").replace('"512"', '"1024"'), "directory": "stored"}

    foreseen, done = define(world, check_mode=True, **wish), define(world, **wish)

    for outcome in (foreseen, done):
        assert outcome.kind == "plan"
        assert "never overwritten" in str(outcome.error)
    assert store.files.get("stored/stored.vmx").read() == before
    assert files(world) == {"stored/stored.vmx", "iso/a.iso", "iso/b.iso"}


@pytest.mark.parametrize("source", ["vmx", "domain_xml"])
def test_what_was_brought_is_taken_away_where_the_host_refuses_it(source: str) -> None:
    world = a_world(faults=[{"method": "RegisterVM_Task", "action": "fault NoPermission"}])
    before = files(world)

    done = define(world, **SOURCES[source][0])

    assert done.error is not None
    assert files(world) == before
    assert names(world) == []


def test_a_disk_that_is_there_is_attached_and_one_that_is_not_is_made() -> None:
    world = a_world()
    define(world, name="web01", definition=DEFINITION)
    define(world, name="web01", state="absent")
    wish = {**DEFINITION, "disks": [{**DISK, "file": "[datastore1] web01/web01.vmdk"}]}

    # The VMX of the machine that was there is still in its directory.
    done = define(world, name="web01", directory="other", definition=wish)

    assert done.error is None
    (disk,) = [one for one in the(world, "web01").get("config.hardware.device") if hasattr(one, "capacityInKB")]
    assert disk.backing.fileName == "[datastore1] web01/web01.vmdk"
    assert not define(world, name="web01", definition=wish).vm["changed"]


def test_a_detached_disk_comes_back_and_grows_in_one_run() -> None:
    world = a_world({"name": "web01"})
    define(world, name="web01", definition={"disks": [{"slot": "scsi0:1", "capacity_kib": 1024}]})
    (disk,) = [
        one
        for one in the(world, "web01").get("config.hardware.device")
        if hasattr(one, "capacityInKB") and one.unitNumber == 1
    ]
    define(world, name="web01", definition={"absent": ["scsi0:1"]})
    wish = {"disks": [{"slot": "scsi0:1", "file": disk.backing.fileName, "capacity_kib": 4096}]}

    foreseen = define(world, check_mode=True, name="web01", definition=wish)
    done = define(world, name="web01", definition=wish)

    assert changes(foreseen) == changes(done)
    assert done.error is None
    assert not define(world, name="web01", definition=wish).vm["changed"]


def test_another_file_is_another_disk_and_grows_in_the_same_run() -> None:
    world = a_world({"name": "web01"}, {"name": "spare", "disks": [{"size_gib": 1}]})
    define(world, name="spare", state="absent")
    disk = {"slot": "scsi0:0", "file": "[datastore1] spare/spare.vmdk", "capacity_kib": 2 * 1024 * 1024}
    wish: dict[str, Any] = {"name": "web01", "definition": {"disks": [disk]}}

    foreseen, done = define(world, check_mode=True, **wish), define(world, **wish)

    assert changes(foreseen) == changes(done)
    assert done.error is None
    assert not define(world, **wish).vm["changed"]
    assert {"web01/web01.vmdk", "spare/spare.vmdk"} <= files(world)


def test_devices_that_are_not_described_stay_unless_they_are_purged() -> None:
    world = a_world({"name": "web01", "disks": [{}, {}]})
    wish = {"disks": [{"slot": "scsi0:0"}]}

    assert not define(world, name="web01", definition=wish).vm["changed"]
    done = define(world, name="web01", definition=wish, purge=True)

    assert set(done.result["diff"]["before"]["web01"]["definition"]) == {"disks", "cdroms", "nics"}
    assert not define(world, name="web01", definition=wish, purge=True).vm["changed"]
    # The file of the disk that went stays.
    assert "web01/web01_1.vmdk" in files(world)


def test_power_is_cycled_only_where_that_is_allowed() -> None:
    world = a_world({"name": "web01", "power_state": "powered-on", "guest_shutdown_seconds": 5})
    wish: dict[str, Any] = {"name": "web01", "definition": {"memory_mib": 2048}}

    refused = define(world, **wish)
    assert refused.kind == "plan"
    assert "power_cycle: true" in str(refused.error)
    assert changes(define(world, check_mode=True, **wish)) == changes(refused)
    assert tasks(world) == 0

    foreseen = define(world, check_mode=True, power_cycle=True, **wish)
    done = define(world, power_cycle=True, **wish)
    assert changes(foreseen) == changes(done)
    assert done.vm["power_state"] == "powered-on"
    assert called(world, "ShutdownGuest") == 1
    assert not define(world, power_cycle=True, **wish).vm["changed"]


def test_a_guest_that_does_not_listen_is_forced() -> None:
    world = a_world({"name": "web01", "power_state": "powered-on", "guest_ignores_shutdown": True})
    done = define(world, name="web01", definition={"memory_mib": 2048}, power_cycle=True, force_after=60)

    assert done.error is None
    assert (called(world, "PowerOffVM_Task"), done.vm["power_state"]) == (1, "powered-on")


def test_a_machine_whose_change_is_refused_is_running_again() -> None:
    world = a_world(
        {"name": "web01", "power_state": "powered-on"},
        faults=[{"method": "ReconfigVM_Task", "action": "fault NoPermission", "skip": 1}],
    )
    done = define(world, name="web01", definition={"memory_mib": 2048}, power_cycle=True)

    assert done.error is not None
    assert called(world, "PowerOnVM_Task") == 1
    assert the(world, "web01").get("runtime.powerState") == "poweredOn"


def test_what_is_hot_needs_no_power_cycle() -> None:
    world = a_world({"name": "web01", "power_state": "powered-on"})
    wish = {"nics": [{"slot": "ethernet0", "network": "Other"}], "annotation": "x", "cpu_shares": "high"}
    done = define(world, name="web01", definition=wish, power_cycle=True)

    assert done.error is None
    assert tasks(world) == 1


LOCKED = {"question": "msg.cdromdisconnect.locked", "during": "reconfigure"}
EJECT: dict[str, Any] = {"name": "web01", "definition": {"cdroms": [{"slot": "ide0:0", "file": ""}]}}


def test_a_locked_drive_is_a_question_that_a_rule_answers() -> None:
    world = a_world(
        {"name": "web01", "power_state": "powered-on", "iso": "[datastore1] iso/a.iso", "questions": [LOCKED]}
    )

    blocked = define(world, **EJECT)
    assert blocked.kind == "question_blocked"
    assert blocked.failure["question"]["message_ids"] == ["msg.cdromdisconnect.locked"]

    done = define(world, answers=[{"question": "msg.cdromdisconnect.locked", "answer": "Yes"}], **EJECT)
    assert done.error is None
    assert not define(world, **EJECT).vm["changed"]


def test_many_machines_are_changed_in_one_task() -> None:
    world = a_world({"name": "batch-{n}", "count": 20})
    wish: dict[str, Any] = {"query": "[?starts_with(name, 'batch-')]", "definition": {"annotation": "x", "cpus": 2}}
    foreseen = define(world, check_mode=True, **wish)
    done = define(world, **wish)

    assert foreseen.result["diff"] == done.result["diff"]
    assert (done.error, tasks(world)) == (None, 20)
    assert [entry["changed"] for entry in done.result["vms"]] == [True] * 20
    assert not define(world, **wish).result["changed"]
    assert done.requests <= 20 + 20


def test_one_machines_failure_stops_no_other() -> None:
    world = a_world({"name": "on", "power_state": "powered-on"}, {"name": "off"})
    done = define(world, names=["on", "off"], definition={"memory_mib": 2048})

    assert done.kind == "some_failed"
    assert [entry["changed"] for entry in done.result["vms"]] == [False, True]


def test_names_that_nobody_has_are_not_made() -> None:
    done = define(a_world({"name": "web01"}), names=["web01", "web02"], definition={"annotation": "x"})

    assert done.kind == "not_found"


IMPOSSIBLE: list[tuple[dict[str, Any], str, str]] = [
    ({"definition": {"disks": [{"slot": "scsi0:1"}]}}, "plan", "neither 'file'"),
    ({"definition": {"disks": [{"slot": "scsi0:1", "file": "[datastore1] no.vmdk"}]}}, "not_found", "no.vmdk"),
    ({"definition": {"disks": [{"slot": "scsi0:1", "file": "[ds9] a.vmdk", "capacity_kib": 4}]}}, "not_found", "'ds9'"),
    ({"definition": {"disks": [{"slot": "scsi0:1", "file": "[datastore1] ../a.vmdk"}]}}, "plan", r"\.\."),
    ({"definition": {"disks": [{"slot": "scsi0:1", "capacity_kib": 2**50}]}}, "plan", "MiB free"),
    ({"definition": {"cdroms": [{"slot": "ide0:0", "file": "[datastore1] no.iso"}]}}, "not_found", "no.iso"),
    ({"definition": {"cdroms": [{"slot": "ide0:0", "file": "[ds9] no.iso"}]}}, "not_found", "'ds9'"),
    ({"definition": {"nics": [{"slot": "ethernet0", "network": "nowhere"}]}}, "not_found", "'nowhere'.*'VM Network'"),
    ({"definition": {"nics": [{"slot": "ethernet5"}]}}, "plan", "ethernet5"),
    ({"definition": {"guest_id": "nothing"}}, "plan", "'nothing'"),
    ({"definition": {"hardware_version": 90}}, "plan", "hardware version 90"),
    ({"definition": {"memory_mib": 7}}, "option", "memory_mib: found 7"),
    ({"definition": {"disks": [{"slot": "scsi0:7"}]}}, "option", "scsi0:7"),
    ({"definition": {"disks": [{"slot": "scsi0:1"}, {"slot": "scsi0:1"}]}}, "option", "free"),
    ({"definition": {"distributed": True}}, "option", "distributed"),
]


@pytest.mark.parametrize("state", ["there", "not there"])
@pytest.mark.parametrize(("wish", "kind", "says"), IMPOSSIBLE)
def test_what_cannot_be_is_said_before_anything_is_touched(
    wish: dict[str, Any], kind: str, says: str, state: str
) -> None:
    world = a_world(*([{"name": "web01", "power_state": "powered-on"}] if state == "there" else []))
    before = files(world)
    foreseen = define(world, check_mode=True, name="web01", power_cycle=True, **wish)
    done = define(world, name="web01", power_cycle=True, **wish)

    for outcome in (foreseen, done):
        assert outcome.kind == kind, outcome.error
        assert outcome.error is not None
        with pytest.raises(type(outcome.error), match=says):
            raise outcome.error
    assert {call.method for call in world.calls} <= READS
    assert files(world) == before


ONLY_NEW: list[tuple[dict[str, Any], str, str]] = [
    ({"datastore": "nowhere", "definition": {}}, "not_found", "'nowhere'.*'datastore1'"),
    ({"directory": "../up", "definition": {}}, "option", "no place on the datastore"),
    ({"folder": "nowhere", "definition": {}}, "not_found", "folder 'nowhere'"),
    ({"resource_pool": "nowhere", "definition": {}}, "not_found", "resource pool 'nowhere'"),
    ({"vmx_path": "[datastore1] no/no.vmx"}, "not_found", "no/no.vmx"),
    ({"vmx_path": "[ds9] no/no.vmx"}, "not_found", "'ds9'"),
    ({"definition": {"uuid": OTHER}}, "plan", f"{OTHER} is in use"),
]


@pytest.mark.parametrize(("wish", "kind", "says"), ONLY_NEW)
def test_where_a_machine_cannot_be_made_is_said_before_anything_is_touched(
    wish: dict[str, Any], kind: str, says: str
) -> None:
    world = a_world({"name": "other", "uuid": OTHER})
    for check_mode in (True, False):
        done = define(world, check_mode=check_mode, name="web01", **wish)

        assert done.kind == kind, done.error
        assert done.error is not None
        with pytest.raises(type(done.error), match=says):
            raise done.error
    assert {call.method for call in world.calls} <= {*READS, "FindByInventoryPath"}


def test_a_vmx_may_say_less_of_a_network_card_than_the_api_wants() -> None:
    world = a_world()
    text = VMX.replace('ethernet0.networkName = "VM Network"\n', "")

    assert define(world, vmx=text).error is None
    assert not define(world, vmx=text).vm["changed"]


FAILURES: list[dict[str, Any]] = [
    *({"name": "web01", **wish} for wish, _kind, _says in [*IMPOSSIBLE, *ONLY_NEW]),
    *({"vmx": VMX.replace(key, f"{key}x")} for key in ("config.version", '"512"')),
    *({"domain_xml": DOMAIN.replace(old, new)} for old, new in [("524288", "lots"), ("</domain>", "")]),
    {"name": "web01"},
    {"moid": "77", "definition": {}},
    {"name": "twin", "definition": {}},
    {"name": "on", "definition": {"memory_mib": 2048}},
    {"names": ["on", "twin"], "definition": {}},
    {"query": "[?", "definition": {}},
    {"name": "web01", "definition": {"shared_folders": [{"slot": "sharedFolder0"}]}},
]


@pytest.mark.parametrize("wish", FAILURES)
def test_a_failure_is_as_documented(wish: dict[str, Any]) -> None:
    world = a_world(
        {"name": "other", "uuid": OTHER},
        {"name": "on", "power_state": "powered-on"},
        {"name": "twin"},
        {"name": "twin", "folder": "other"},
    )
    done = define(world, **wish)

    assert done.error is not None
    failure = {"msg": str(done.error), "failure": done.failure}
    assert differences("esx_vm_define", {**done.result, **failure}) == []


def test_two_machines_of_a_name_are_never_the_first() -> None:
    world = a_world({"name": "web01"}, {"name": "web01", "folder": "other"})

    assert define(world, name="web01", definition={"annotation": "x"}).kind == "ambiguous"


def test_a_removed_machine_keeps_its_files_unless_they_are_to_go() -> None:
    world = a_world({"name": "web01"}, {"name": "web02"})
    define(world, name="web01", state="absent")
    define(world, name="web02", state="absent", delete_from_disk=True)

    assert names(world) == []
    assert {"web01/web01.vmx", "web01/web01.vmdk"} <= files(world)
    assert not any(path.startswith("web02") for path in files(world))


def test_a_running_machine_is_removed_only_by_force() -> None:
    world = a_world({"name": "web01", "power_state": "powered-on"})

    assert define(world, name="web01", state="absent").kind == "plan"
    done = define(world, name="web01", state="absent", force=True)
    assert (done.error, names(world)) == (None, [])


def test_absent_says_which_machines() -> None:
    assert define(a_world(), state="absent").kind == "option"


def test_an_edit_in_between_is_not_overwritten() -> None:
    world = a_world({"name": "web01"})
    world.faults.add(FaultRule(method="ReconfigVM_Task", count=1, action="fault ConcurrentAccess"))

    done = define(world, name="web01", definition={"memory_mib": 2048})

    assert done.error is None
    assert called(world, "ReconfigVM_Task") == 2


def test_a_query_that_yields_nothing_is_no_change() -> None:
    world = a_world()

    outcome = run(esx_vm_define, world, query="[?name=='nobody']", definition={"memory_mib": 512})

    assert outcome.error is None
    assert outcome.result == {"changed": False, "vms": [], "diff": {"before": {}, "after": {}}}


def test_a_machine_is_not_forced_after_its_time_is_up() -> None:
    outcome = run(esx_vm_define, a_world(), name="new01", definition={}, power_cycle=True, force_after=300, timeout=300)

    assert "'force_after' (300) must be less than 'timeout' (300)" in str(outcome.error)
