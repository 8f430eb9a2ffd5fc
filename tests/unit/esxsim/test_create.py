# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that are made and changed through the API: devices, disks and their files, what a host refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import (
    GIB_IN_KIB,
    added,
    api,
    card,
    client_of,
    config_spec,
    device,
    disk,
    free,
    made,
    of_class,
    paths_of,
    pvscsi,
    reconfigured,
    refused,
    registered,
)
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import fault_of, machine

KIB = 1024


def test_a_machine_is_made_with_its_disk_its_card_and_its_files() -> None:
    client = client_of()
    changes = [added(pvscsi()), added(disk(), create=True), added(card())]
    vm = made(client, config_spec(numCPUs=2, memoryMB=512, guestId="rhel9_64Guest", deviceChange=changes))
    (one,) = of_class(vm, device.VirtualDisk)
    (nic,) = of_class(vm, device.VirtualEthernetCard)

    assert (vm.name, vm.config.hardware.numCPU, vm.config.hardware.memoryMB) == ("new01", 2, 512)
    assert (vm.config.guestId, vm.config.version, vm.runtime.powerState) == ("rhel9_64Guest", "vmx-21", "poweredOff")
    assert (one.key, one.controllerKey, one.unitNumber, one.capacityInKB) == (2000, 1000, 0, GIB_IN_KIB)
    assert one.backing.fileName == "[datastore1] new01/new01.vmdk"
    assert (nic.key, nic.unitNumber, nic.macAddress[:8], nic.addressType) == (4000, 7, "00:0c:29", "generated")
    assert paths_of(client) == [*("new01/new01.vmx", "new01/new01.vmsd", "new01/new01-flat.vmdk", "new01/new01.vmdk")]
    assert [one._moId for one in vm.network] == ["HaNetwork-VM Network"]
    assert 'scsi0:0.fileName = "new01.vmdk"' in machine(client.world, "new01").vmx()


def test_a_folder_that_is_there_already_is_nobody_elses() -> None:
    client = client_of()
    first = made(client, config_spec())
    first.UnregisterVM()
    second = made(client, config_spec())
    first = registered(client, "[datastore1] new01/new01.vmx")

    assert first.config.files.vmPathName == "[datastore1] new01/new01.vmx"
    assert second.config.files.vmPathName == "[datastore1] new01_1/new01.vmx"
    assert first.config.uuid != second.config.uuid


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (config_spec(guestId="noGuest"), "InvalidArgument"),
        (config_spec(name=""), "InvalidVmConfig"),
        (api.vm.ConfigSpec(name="x"), "InvalidVmConfig"),
        (config_spec(files=api.vm.FileInfo(vmPathName="[nowhere]")), "InvalidDatastorePath"),
    ],
)
def test_what_makes_no_machine_is_refused_at_once(spec: Any, fault: str) -> None:
    client = client_of()
    folder = client.content.rootFolder.childEntity[0].vmFolder

    found = fault_of(folder.CreateVM_Task, spec, api.ResourcePool("ha-root-pool"), None)

    assert type(found).__name__.endswith(fault)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (config_spec(version="vmx-22"), "NotSupported"),
        (config_spec(numCPUs=3, numCoresPerSocket=2), "InvalidVmConfig"),
        (config_spec(memoryMB=1023), "InvalidVmConfig"),
        (config_spec(deviceChange=[added(card("nowhere"))]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[added(disk(), create=True)]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[added(pvscsi()), added(disk(unit=7), create=True)]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[added(pvscsi()), added(disk(capacity_kib=0), create=True)]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[added(pvscsi()), added(disk(fileName="[datastore1] no.vmdk"))]), "FileNotFound"),
        (
            config_spec(
                deviceChange=[added(pvscsi()), added(disk(capacity_kib=2**40, thinProvisioned=False), create=True)]
            ),
            "NoDiskSpace",
        ),
        (config_spec(deviceChange=[added(pvscsi()), added(pvscsi())]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[device.VirtualDeviceSpec(device=card())]), "InvalidDeviceSpec"),
        (config_spec(deviceChange=[added(device.VirtualSCSIPassthrough(key=-1))]), "DeviceUnsupportedForVmVersion"),
    ],
)
def test_a_machine_that_cannot_be_leaves_nothing_behind(spec: Any, fault: str) -> None:
    client = client_of()
    before = free(client)

    assert type(refused(client, spec)).__name__.endswith(fault)
    assert client.world.of_type("VirtualMachine") == []
    assert (paths_of(client), free(client)) == ([], before)


def test_space_is_taken_and_given_back() -> None:
    client = client_of()
    before = free(client)
    changes = [added(pvscsi()), added(disk(thinProvisioned=False), create=True)]
    vm = made(client, config_spec(deviceChange=changes))
    taken = before - free(client)
    (one,) = of_class(vm, device.VirtualDisk)
    one.capacityInKB = 2 * GIB_IN_KIB

    assert taken == GIB_IN_KIB * KIB
    assert reconfigured(client, vm, device.VirtualDeviceSpec(operation="edit", device=one)) is None
    assert before - free(client) == 2 * GIB_IN_KIB * KIB
    client.after(1, vm.Destroy_Task())
    assert free(client) == before


def test_a_disk_does_not_shrink() -> None:
    client = client_of()
    vm = made(client, config_spec(deviceChange=[added(pvscsi()), added(disk(), create=True)]))
    (one,) = of_class(vm, device.VirtualDisk)
    one.capacityInKB, one.capacityInBytes = 1024, None
    fault = reconfigured(client, vm, device.VirtualDeviceSpec(operation="edit", device=one))

    assert isinstance(fault, api.fault.InvalidDeviceSpec)
    assert fault.deviceIndex == 0


def test_devices_come_and_go() -> None:
    client = client_of({"name": "web01"})
    vm = client.vm()
    (old,) = of_class(vm, device.VirtualDisk)
    drive = device.VirtualCdrom(
        key=-2, controllerKey=15000, backing=device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="")
    )
    port = device.VirtualSerialPort(
        key=-3, yieldOnPoll=True, backing=device.VirtualSerialPort.URIBackingInfo(serviceURI=":1", direction="server")
    )
    sata = device.VirtualAHCIController(key=-1, busNumber=0)
    drive.controllerKey = -1
    changes = [added(one) for one in (sata, drive, port, device.VirtualTPM(key=-4))]
    changes.append(device.VirtualDeviceSpec(operation="remove", device=old))

    assert reconfigured(client, vm, *changes) is None
    assert of_class(vm, device.VirtualDisk) == []
    assert [one.key for one in of_class(vm, device.VirtualCdrom)] == [3000, 16000]
    assert [one.key for one in of_class(vm, device.VirtualSerialPort)] == [9000]
    assert len(of_class(vm, device.VirtualTPM)) == 1
    assert "web01/web01.vmdk" in paths_of(client)


def test_a_disk_that_goes_may_take_its_file_along() -> None:
    client = client_of({"name": "web01"})
    (old,) = of_class(client.vm(), device.VirtualDisk)
    change = device.VirtualDeviceSpec(operation="remove", device=old, fileOperation="destroy")

    assert reconfigured(client, client.vm(), change) is None
    assert "web01/web01.vmdk" not in paths_of(client)


def test_a_controller_with_devices_stays() -> None:
    client = client_of({"name": "web01"})
    (controller,) = of_class(client.vm(), device.VirtualSCSIController)
    fault = reconfigured(client, client.vm(), device.VirtualDeviceSpec(operation="remove", device=controller))

    assert isinstance(fault, api.fault.InvalidDeviceOperation)


def test_a_running_machine_takes_what_can_be_plugged_and_nothing_else() -> None:
    client = client_of({"name": "web01", "power_state": "powered-on"})
    vm = client.vm()
    ide = device.VirtualCdrom(
        key=-2, controllerKey=201, backing=device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="")
    )

    assert reconfigured(client, vm, added(card())) is None
    assert of_class(vm, device.VirtualEthernetCard)[-1].connectable.connected is False
    for change in (added(ide), added(device.VirtualTPM(key=-1))):
        assert isinstance(reconfigured(client, vm, change), api.fault.InvalidPowerState)
    assert isinstance(reconfigured(client, vm, memoryMB=4096), api.fault.InvalidPowerState)
    assert reconfigured(client, vm, annotation="running") is None


def test_memory_and_cpus_grow_where_that_was_allowed() -> None:
    client = client_of({"name": "web01"})
    vm = client.vm()
    reconfigured(client, vm, memoryHotAddEnabled=True, cpuHotAddEnabled=True)
    client.after(1, vm.PowerOnVM_Task())

    assert reconfigured(client, vm, memoryMB=4096, numCPUs=4) is None
    assert isinstance(reconfigured(client, vm, memoryMB=1024), api.fault.InvalidPowerState)


def test_the_hardware_is_upgraded_and_never_made_older() -> None:
    client = client_of({"name": "web01"})
    vm = client.vm()

    assert client.after(1, vm.UpgradeVM_Task("vmx-21")).error is None
    assert vm.config.version == "vmx-21"
    assert isinstance(client.after(1, vm.UpgradeVM_Task("vmx-19")).error, api.fault.AlreadyUpgraded)


def test_what_a_reconfigure_sets_is_in_the_vmx_of_a_machine_that_came_from_one() -> None:
    text = 'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "old"\nmemSize = "512"\nmy.key = "kept"\n'
    store = {"name": "datastore1", "files": {"old/old.vmx": text}}
    client = client_of(datastores=[store])
    folder = client.content.rootFolder.childEntity[0].vmFolder
    pool = api.ResourcePool("ha-root-pool")
    info = client.after(1, folder.RegisterVM_Task("[datastore1] old/old.vmx", None, False, pool, None))
    vm = api.VirtualMachine(info.result._moId, client.stub)
    untouched = machine(client.world, "old").vmx()
    reconfigured(client, vm, memoryMB=1024, cpuHotAddEnabled=True)
    changed = machine(client.world, "old").vmx()

    assert untouched == text
    assert 'memSize = "1024"' in changed
    assert 'vcpu.hotadd = "TRUE"' in changed
    assert 'my.key = "kept"' in changed


def test_the_settings_of_a_vmx_are_read() -> None:
    lines = {
        "vcpu.hotadd": "TRUE",
        "mem.hotadd": "TRUE",
        "sched.cpu.max": "1000",
        "sched.mem.shares": "high",
        "sched.cpu.latencySensitivity": "high",
        "sched.cpu.affinity": "0,2",
        "bios.bootOrder": "cdrom,hdd",
        "bios.bootDelay": "500",
        "vtpm.present": "TRUE",
        "usb_xhci.present": "TRUE",
        "scsi0.present": "TRUE",
        "scsi0:0.present": "TRUE",
        "scsi0:0.fileName": "x.vmdk",
    }
    head = 'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "x"\n'
    text = head + "".join(f'{key} = "{value}"\n' for key, value in lines.items())
    client = client_of(datastores=[{"name": "datastore1", "files": {"x/x.vmx": text}}])
    folder = client.content.rootFolder.childEntity[0].vmFolder
    pool = api.ResourcePool("ha-root-pool")
    info = client.after(1, folder.RegisterVM_Task("[datastore1] x/x.vmx", None, False, pool, None))
    config = api.VirtualMachine(info.result._moId, client.stub).config

    assert (config.cpuHotAddEnabled, config.memoryHotAddEnabled, config.cpuAllocation.limit) == (True, True, 1000)
    assert (config.memoryAllocation.shares.level, config.latencySensitivity.level) == ("high", "high")
    assert config.cpuAffinity.affinitySet == [0, 2]
    assert [type(one).__name__.rpartition(".")[2] for one in config.bootOptions.bootOrder] == [
        "BootableCdromDevice",
        "BootableDiskDevice",
    ]
    assert config.bootOptions.bootDelay == 500
    assert machine(client.world, "x").vmx() == text


def test_the_environment_tells_what_there_is() -> None:
    client = client_of()
    browser = api.EnvironmentBrowser("ha-host-envbrowser", client.stub)
    query = api.EnvironmentBrowser.ConfigOptionQuerySpec
    option = browser.QueryConfigOptionEx(query(key="vmx-19", guestId=["rhel9_64Guest"]))

    assert [one.key for one in browser.QueryConfigOptionDescriptor() if one.defaultConfigOption] == ["vmx-21"]
    assert (option.version, [one.id for one in option.guestOSDescriptor]) == ("vmx-19", ["rhel9_64Guest"])
    assert len(browser.QueryConfigOption().guestOSDescriptor) > 150
    assert [one.name for one in browser.QueryConfigTarget().network] == ["VM Network"]
    for wrong in (query(key="vmx-99"), query(guestId=["noGuest"])):
        assert type(fault_of(browser.QueryConfigOptionEx, wrong)).__name__.endswith("InvalidArgument")
