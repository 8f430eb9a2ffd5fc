# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host refuses of a reconfigure, a creation and a registration, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import (
    added,
    api,
    card,
    client_of,
    config_spec,
    device,
    disk,
    edited,
    kind_of,
    made,
    of_class,
    pool,
    pvscsi,
    reconfigured,
    refused,
    register,
    registered,
    removed,
    vm_folder,
)
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, machine
from pyVmomi import vmodl

OFF = {"name": "web01"}
ISO = {"name": "datastore1", "files": {"iso/a.iso": "an image"}}
ports: Any = device.VirtualSerialPort


def cdrom(**more: Any) -> Any:
    values = {"controllerKey": 201, "backing": device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName=""), **more}
    return device.VirtualCdrom(key=-3, **values)


def iso(name: str) -> Any:
    return cdrom(backing=device.VirtualCdrom.IsoBackingInfo(fileName=name))


def nic(backing: Any = None, **more: Any) -> Any:
    return device.VirtualVmxnet3(key=-3, backing=backing, **more)


def raw() -> Any:
    backing = device.VirtualDisk.RawDiskMappingVer1BackingInfo(
        fileName="", deviceName="naa.1", compatibilityMode="physicalMode", diskMode="persistent"
    )
    return device.VirtualDisk(key=-3, controllerKey=1000, unitNumber=3, capacityInKB=1, backing=backing)


def pci(address: str) -> Any:
    backing = device.VirtualPCIPassthrough.DeviceBackingInfo(
        deviceName="", id=address, deviceId="", systemId="", vendorId=0
    )
    return device.VirtualPCIPassthrough(key=-3, backing=backing)


DVS = device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(
    port=api.dvs.PortConnection(switchUuid="50", portgroupKey="1")
)
SPEC = device.VirtualDeviceSpec
USB = device.VirtualUSB(
    key=-3, connected=False, backing=device.VirtualUSB.RemoteHostBackingInfo(deviceName="x", hostname="h")
)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ([added(disk(0, 1000), create=True)], "InvalidDeviceSpec"),
        ([added(disk(7, 1000), create=True)], "InvalidDeviceSpec"),
        ([added(disk(99, 1000), create=True)], "InvalidDeviceSpec"),
        ([added(disk(0, 4711), create=True)], "InvalidDeviceSpec"),
        ([added(disk(1, 1000, fileName="[datastore1] none.vmdk"))], "FileNotFound"),
        ([added(disk(1, 1000, fileName="[datastore1] none/new.vmdk"), create=True)], "FileNotFound"),
        ([added(disk(1, 1000, fileName="[none] new.vmdk"), create=True)], "InvalidDatastorePath"),
        ([added(disk(1, 1000, fileName="[datastore1] ../new.vmdk"), create=True)], "InvalidDatastorePath"),
        ([added(disk(1, 1000, fileName="[datastore1] web01/web01.vmdk"), create=True)], "FileAlreadyExists"),
        ([added(disk(1, 1000))], "InvalidDeviceSpec"),
        ([added(disk(1, 1000, sharing="sharingMultiWriter"), create=True)], "InvalidDeviceSpec"),
        ([added(raw())], "InvalidDeviceBacking"),
        ([added(pvscsi(9))], "InvalidDeviceSpec"),
        ([added(pvscsi(1)), added(pvscsi(2)), added(pvscsi(3)), added(pvscsi(1))], "TooManyDevices"),
        ([added(nic())], "InvalidDeviceSpec"),
        ([added(card("none"))], "InvalidDeviceSpec"),
        ([added(nic(DVS))], "InvalidDeviceBacking"),
        ([added(card(macAddress="none", addressType="manual"))], "InvalidDeviceSpec"),
        ([added(card(addressType="none"))], "InvalidDeviceSpec"),
        ([added(card())] * 10, "TooManyDevices"),
        ([added(card(unitNumber=7))], "InvalidDeviceSpec"),
        ([added(iso("[datastore1] iso/none.iso"))], "FileNotFound"),
        ([added(cdrom(backing=None))], "InvalidDeviceSpec"),
        ([added(ports(key=-3, yieldOnPoll=True))], "InvalidDeviceSpec"),
        (
            [added(ports(key=-3, yieldOnPoll=True, backing=ports.URIBackingInfo(serviceURI=":1", direction="no")))],
            "InvalidDeviceSpec",
        ),
        ([added(ports(key=-3, yieldOnPoll=True, backing=ports.FileBackingInfo(fileName="")))], "InvalidDeviceSpec"),
        ([added(device.VirtualTPM(key=-3)), added(device.VirtualTPM(key=-4))], "TooManyDevices"),
        ([added(USB)], "InvalidDeviceSpec"),
        ([added(pci("0000:99:00.0"))], "InvalidDeviceBacking"),
        ([added(device.VirtualIDEController(key=-3, busNumber=0))], "TooManyDevices"),
        ([SPEC(operation="edit", device=card())], "InvalidDeviceSpec"),
        ([SPEC(operation="remove", device=card())], "InvalidDeviceSpec"),
        ([SPEC(operation="add", device=card(), fileOperation="create")], "InvalidDeviceOperation"),
        ([SPEC(operation="add", device=disk(1, 1000), fileOperation="destroy")], "InvalidDeviceOperation"),
        ([SPEC(operation="remove", device=device.VirtualKeyboard(key=600))], "InvalidDeviceOperation"),
        ([SPEC(operation="remove", device=device.VirtualIDEController(key=200))], "InvalidDeviceOperation"),
        ([SPEC(operation="edit", device=device.VirtualE1000(key=4000))], "InvalidDeviceSpec"),
    ],
)
def test_a_device_that_cannot_be_changes_nothing(changes: list[Any], fault: str) -> None:
    client = client_of(OFF, datastores=[ISO])
    config = machine(client.world).get("config")
    files = list(client.world.of_type("Datastore")[0].files)
    found = reconfigured(client, client.vm(), *changes, annotation="changed")

    assert kind_of(found) == fault
    if isinstance(found, api.fault.InvalidDeviceSpec):
        assert found.deviceIndex == len(changes) - 1
    assert machine(client.world).get("config") is config
    assert list(client.world.of_type("Datastore")[0].files) == files
    assert client.world.errors == []


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ({"numCPUs": 0}, "InvalidVmConfig"),
        ({"memoryMB": 6}, "InvalidVmConfig"),
        ({"numCPUs": 4, "numCoresPerSocket": 3}, "InvalidVmConfig"),
        ({"guestId": "none"}, "InvalidArgument"),
        ({"uuid": "none"}, "InvalidArgument"),
        ({"firmware": "none"}, "InvalidArgument"),
        ({"version": "vmx-99"}, "InvalidArgument"),
        ({"version": "vmx-13"}, "InvalidArgument"),
        ({"name": "x" * 300}, "InvalidName"),
        ({"name": "other"}, "DuplicateName"),
        ({"cpuAffinity": api.vm.AffinityInfo(affinitySet=[4711])}, "InvalidArgument"),
        ({"cpuAllocation": api.ResourceAllocationInfo(reservation=-1)}, "InvalidVmConfig"),
        ({"cpuAllocation": api.ResourceAllocationInfo(reservation=20, limit=10)}, "InvalidArgument"),
        ({"files": api.vm.FileInfo(vmPathName="[datastore1] other/web01.vmx")}, "InvalidArgument"),
        ({"changeVersion": "of yesterday"}, "ConcurrentAccess"),
    ],
)
def test_a_setting_that_cannot_be_changes_nothing(spec: dict[str, Any], fault: str) -> None:
    client = client_of(OFF, {"name": "other"})
    config = machine(client.world).get("config")

    assert kind_of(reconfigured(client, client.vm(), **spec)) == fault
    assert machine(client.world).get("config") is config


@pytest.mark.parametrize(
    ("spec", "taken"),
    [
        ({"annotation": "a"}, True),
        ({"name": "renamed"}, True),
        ({"memoryAllocation": api.ResourceAllocationInfo(limit=4096)}, True),
        ({"extraConfig": [api.option.OptionValue(key="guestinfo.a", value="b")]}, True),
        ({"numCPUs": 1, "memoryMB": 1024, "firmware": "bios"}, True),
        ({"numCPUs": 2}, False),
        ({"memoryMB": 2048}, False),
        ({"firmware": "efi"}, False),
        ({"guestId": "otherGuest"}, False),
        ({"cpuHotAddEnabled": True}, False),
        ({"uuid": "564d0000-0000-0000-0000-0000000000aa"}, False),
    ],
)
def test_what_a_running_machine_takes(spec: dict[str, Any], taken: bool) -> None:
    client = client_of({**OFF, "power_state": "powered-on"})
    fault = reconfigured(client, client.vm(), **spec)

    assert (fault is None) == taken
    assert taken or kind_of(fault) == "InvalidPowerState"


def test_the_version_of_a_configuration_guards_the_next_change() -> None:
    client = client_of(OFF)
    vm = client.vm()
    first = vm.config.changeVersion
    assert reconfigured(client, vm, changeVersion=first, annotation="first") is None
    second = vm.config.changeVersion

    assert second != first
    assert kind_of(reconfigured(client, vm, changeVersion=first, annotation="late")) == "ConcurrentAccess"
    assert reconfigured(client, vm, changeVersion=second, annotation="second") is None


def test_other_keys_come_change_and_go_and_those_of_fields_are_passed_over() -> None:
    client = client_of(OFF)
    option = api.option.OptionValue

    def keys(**values: Any) -> dict[str, str]:
        changes = [option(key=key.replace("_", "."), value=value) for key, value in values.items()]
        assert reconfigured(client, client.vm(), extraConfig=changes) is None
        return {one.key: one.value for one in client.vm().config.extraConfig}

    assert keys(guestinfo_A="1", flag=True, memSize="4096") == {"guestinfo.A": "1", "flag": "TRUE"}
    assert keys(GUESTINFO_a="2") == {"guestinfo.A": "2", "flag": "TRUE"}
    assert keys(guestinfo_a="", none="") == {"flag": "TRUE"}
    assert client.vm().config.hardware.memoryMB == 1024


def test_a_controller_is_exchanged_with_what_hangs_on_it() -> None:
    client = client_of(OFF)
    (old,) = of_class(client.vm(), device.VirtualSCSIController)
    (one,) = of_class(client.vm(), device.VirtualDisk)
    new = device.VirtualLsiLogicSASController(key=-1, busNumber=0, sharedBus="noSharing")
    one.controllerKey = -1

    assert kind_of(reconfigured(client, client.vm(), removed(old))) == "InvalidDeviceOperation"
    assert reconfigured(client, client.vm(), removed(old), added(new), edited(one)) is None
    (controller,) = of_class(client.vm(), device.VirtualSCSIController)
    assert isinstance(controller, device.VirtualLsiLogicSASController)
    assert (controller.key, controller.device) == (1000, [2000])


def test_a_disk_moves_to_another_unit_and_to_another_controller() -> None:
    client = client_of(OFF)
    (one,) = of_class(client.vm(), device.VirtualDisk)
    one.unitNumber = 5
    assert reconfigured(client, client.vm(), edited(one)) is None
    (moved,) = of_class(client.vm(), device.VirtualDisk)
    moved.controllerKey, moved.unitNumber = -7, 0
    sata = device.VirtualAHCIController(key=-7, busNumber=0)
    assert reconfigured(client, client.vm(), added(sata), edited(moved)) is None
    (last,) = of_class(client.vm(), device.VirtualDisk)

    assert (moved.key, last.key, last.controllerKey) == (2005, 16000, 15000)
    assert 'sata0:0.fileName = "web01.vmdk"' in machine(client.world).vmx()


def test_what_a_spec_says_of_devices_that_every_machine_has_is_said_of_those() -> None:
    client = client_of(datastores=[ISO])
    ide = device.VirtualIDEController(key=-1, busNumber=1)
    video = device.VirtualVideoCard(key=-2, videoRamSizeInKB=16384)
    drive = iso("[datastore1] iso/a.iso")
    drive.controllerKey = -1
    vm = made(client, config_spec(deviceChange=[added(ide), added(video), added(drive)]))

    assert [one.key for one in of_class(vm, device.VirtualIDEController)] == [200, 201]
    assert [one.videoRamSizeInKB for one in of_class(vm, device.VirtualVideoCard)] == [16384]
    assert [(one.key, one.controllerKey) for one in of_class(vm, device.VirtualCdrom)] == [(3002, 201)]


def test_a_paravirtual_controller_is_wide_where_the_hardware_is_new_enough() -> None:
    client = client_of({**OFF, "hardware_version": 11}, {"name": "new", "hardware_version": 13})

    assert kind_of(reconfigured(client, client.vm(), added(disk(16, 1000), create=True))) == "InvalidDeviceSpec"
    assert reconfigured(client, client.vm("new"), added(disk(64, 1000), create=True)) is None
    assert [one.key for one in of_class(client.vm("new"), device.VirtualDisk)] == [2000, 131136]


def test_a_name_in_use_is_refused_but_not_of_what_is_registered() -> None:
    client = client_of(OFF)
    folder = vm_folder(client)

    assert kind_of(fault_of(folder.CreateVM_Task, config_spec("web01"), pool(), None)) == "DuplicateName"
    assert kind_of(client.after(1, client.vm().Rename_Task("x" * 300)).error) == "InvalidName"
    other = made(client, config_spec("other"))
    assert kind_of(client.after(1, other.Rename_Task("web01")).error) == "DuplicateName"
    other.UnregisterVM()
    assert registered(client, "[datastore1] other/other.vmx", "web01").name == "web01"


def test_a_vmx_that_lies_in_the_way_is_not_overwritten() -> None:
    client = client_of(datastores=[{"name": "datastore1", "files": {"new01/new01.vmx": "mine"}}])
    files = api.vm.FileInfo(vmPathName="[datastore1] new01")

    assert kind_of(refused(client, config_spec(files=files))) == "FileAlreadyExists"
    store: Any = client.world.of_type("Datastore")[0]
    assert store.files.get("new01/new01.vmx").read() == b"mine"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("[datastore1] none.vmx", "NotFound"),
        ("[none] a.vmx", "InvalidDatastorePath"),
        ("none", "InvalidDatastorePath"),
        ("[datastore1] iso/a.iso", "InvalidVmConfig"),
        ("[datastore1] web01/web01.vmx", "AlreadyExists"),
    ],
)
def test_what_cannot_be_registered(path: str, fault: str) -> None:
    client = client_of(OFF, datastores=[ISO])

    assert kind_of(register(client, path).error) == fault


def test_a_registration_needs_a_pool_and_a_folder_for_machines_and_makes_no_template() -> None:
    client = client_of(OFF)
    path = "[datastore1] web01/web01.vmx"
    folder, hosts = vm_folder(client), client.content.rootFolder.childEntity[0].hostFolder

    assert kind_of(fault_of(folder.RegisterVM_Task, path, None, False, None, None)) == "InvalidArgument"
    assert kind_of(fault_of(folder.RegisterVM_Task, path, None, True, pool(), None)) == "NotSupported"
    assert kind_of(fault_of(folder.RegisterVM_Task, path, None, False, pool("no"), None)) == "ManagedObjectNotFound"
    assert kind_of(fault_of(hosts.RegisterVM_Task, path, None, False, pool(), None)) == "NotSupported"


def test_disks_that_a_vmx_names_are_not_made_when_it_is_registered() -> None:
    client = client_of(OFF)
    path = client.vm().config.files.vmPathName
    client.vm().UnregisterVM()
    store: Any = client.world.of_type("Datastore")[0]
    store.files.discard("web01/web01.vmdk")
    vm = registered(client, path)

    assert store.files.get("web01/web01.vmdk") is None
    assert [one.capacityInKB for one in of_class(vm, device.VirtualDisk)] == [0]


def test_a_machine_that_is_too_much_for_the_host_does_not_start() -> None:
    text = 'config.version = "8"\nvirtualHW.version = "{}"\ndisplayName = "{}"\nnumvcpus = "{}"\n'
    files = {"new/new.vmx": text.format(22, "new", 1), "big/big.vmx": text.format(19, "big", 512)}
    client = client_of(datastores=[{"name": "datastore1", "files": files}])
    new, big = (registered(client, f"[datastore1] {name}/{name}.vmx") for name in ("new", "big"))

    assert kind_of(client.after(1, new.PowerOnVM_Task()).error) == "VirtualHardwareVersionNotSupported"
    assert kind_of(client.after(1, big.PowerOnVM_Task()).error) == "NotEnoughLogicalCpus"


@pytest.mark.parametrize(("version", "newest"), [("5.5", 10), ("6.7", 15), ("7.0", 19), ("8.0", 21)])
def test_every_host_knows_hardware_up_to_its_own(version: str, newest: int) -> None:
    client = client_of(host={"version": version})
    vm = made(client, config_spec())

    assert vm.config.version == f"vmx-{newest}"
    assert kind_of(refused(client, config_spec("other", version=f"vmx-{newest + 1}"))) == "NotSupported"


def test_a_free_licence_changes_nothing() -> None:
    client = client_of(OFF, host={"licence": "free"})

    assert kind_of(fault_of(client.vm().ReconfigVM_Task, api.vm.ConfigSpec(annotation="a"))) == "RestrictedVersion"
    assert kind_of(fault_of(vm_folder(client).CreateVM_Task, config_spec(), pool(), None)) == "RestrictedVersion"


def test_a_field_that_nobody_knows_here_is_refused_by_name() -> None:
    client = client_of(OFF)
    fault = fault_of(client.vm().ReconfigVM_Task, api.vm.ConfigSpec(vAppConfigRemoved=True))

    assert (kind_of(fault), fault.property) == ("InvalidVmConfig", "vAppConfigRemoved")


def test_the_environment_shows_what_the_host_has() -> None:
    client = client_of(datastores=[ISO], networks=[{"name": "VM Network"}, {"name": "lab"}])
    browser = api.EnvironmentBrowser("ha-host-envbrowser", client.stub)
    target = browser.QueryConfigTarget()
    option = browser.QueryConfigOption()
    guests = {one.id: one for one in option.guestOSDescriptor}

    assert (target.numCpus, target.numCpuCores) == (32, 16)
    assert [one.name for one in target.network] == ["VM Network", "lab"]
    assert [one.pciDevice.id for one in target.pciPassthrough] == ["0000:02:00.0", "0000:02:01.0"]
    assert [one.name for one in target.cdRom + target.floppy] == [
        "/vmfs/devices/cdrom/mpx.vmhba1:C0:T0:L0",
        "/dev/fd0",
    ]
    assert device.VirtualNVMEController in [one.type for one in option.hardwareOptions.virtualDeviceOption]
    assert [one.key for one in option.defaultDevice] == [200, 201, 300, 100, 400, 600, 700, 500, 12000]
    assert guests["rhel9_64Guest"].recommendedEthernetCard is device.VirtualVmxnet3
    assert browser.QueryTargetCapabilities().nestedHVSupported is True


def test_a_call_that_is_no_machine_is_refused_before_a_task_begins() -> None:
    client: Client = client_of(OFF)
    before = len(client.world.tasks.known())

    with pytest.raises(vmodl.MethodFault):
        vm_folder(client).CreateVM_Task(config_spec(name="x" * 300), pool(), None)
    assert len(client.world.tasks.known()) == before
