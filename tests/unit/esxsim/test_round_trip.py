# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine is stands in its VMX: unregistered and registered again, it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import paths
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import (
    added,
    api,
    card,
    client_of,
    config_spec,
    device,
    disk,
    made,
    pvscsi,
    reconfigured,
    registered,
)
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, machine

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
REAL = sorted(CORPUS.rglob("*.vmx"))

FILES = {"iso/a.iso": "an image", "iso/b.flp": "a floppy"}
# Of a configuration, what a registration makes anew.
ANEW = {"changeVersion", "modified", "createDate"}
HIGH = api.SharesInfo(level="high", shares=0)
ports: Any = device.VirtualSerialPort
drives: Any = device.VirtualCdrom


def differences(one: Any, other: Any, path: str = "config") -> list[str]:
    """The paths at which two configurations differ; a label is for people only."""
    if paths.same(one, other) or (isinstance(one, (int, str)) and one == other):
        return []
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(sorted(one, key=_key), sorted(other, key=_key), strict=True)
        return [each for index, pair in enumerate(pairs) for each in differences(*pair, f"{path}[{index}]")]
    if not hasattr(one, "_GetPropertyList") or one.__class__ is not other.__class__:
        return [f"{path}: {one!r} != {other!r}"]
    names = [info.name for info in one._GetPropertyList() if info.name not in ANEW | {"deviceInfo"}]
    return [each for name in names for each in differences(getattr(one, name), getattr(other, name), f"{path}.{name}")]


def _key(one: Any) -> str:
    return str(getattr(one, "key", one))


def again(client: Client, vm: Any) -> tuple[Any, Any]:
    """Unregister a machine and register it; its configuration before and after, as the host has it."""
    path, name = vm.config.files.vmPathName, vm.name
    before = machine(client.world, name).get("config")
    vm.UnregisterVM()
    registered(client, path)
    return before, machine(client.world, name).get("config")


SPECS: dict[str, dict[str, Any]] = {
    "plain": {},
    "efi": {"firmware": "efi", "bootOptions": api.vm.BootOptions(efiSecureBootEnabled=True, bootDelay=500)},
    "words": {"annotation": 'a "b" | c\nnext line ä', "guestId": "windows9Server64Guest"},
    "processors": {
        "numCPUs": 4,
        "numCoresPerSocket": 2,
        "cpuHotAddEnabled": True,
        "cpuHotRemoveEnabled": True,
        "cpuAffinity": api.vm.AffinityInfo(affinitySet=[0, 2]),
        "nestedHVEnabled": True,
        "vPMCEnabled": True,
        "latencySensitivity": api.LatencySensitivity(level="high"),
        "cpuAllocation": api.ResourceAllocationInfo(
            reservation=10, limit=20, shares=api.SharesInfo(level="high", shares=0)
        ),
    },
    "memory": {
        "memoryMB": 4096,
        "memoryHotAddEnabled": True,
        "memoryAllocation": api.ResourceAllocationInfo(limit=8192, shares=api.SharesInfo(level="custom", shares=77)),
    },
    "memory, all of it reserved": {"memoryMB": 64, "memoryReservationLockedToMax": True},
    "tools": {
        "tools": api.vm.ToolsConfigInfo(
            syncTimeWithHost=True,
            toolsUpgradePolicy="upgradeAtPowerCycle",
            afterPowerOn=False,
            beforeGuestStandby=False,
        ),
        "powerOpInfo": api.vm.DefaultPowerOpInfo(powerOffType="hard", suspendType="preset", resetType="hard"),
        "changeTrackingEnabled": True,
    },
    "other keys": {"extraConfig": [api.option.OptionValue(key="guestinfo.My.Key", value='with "quotes" | and bars')]},
}


@pytest.mark.parametrize("name", SPECS)
def test_the_settings_of_a_machine_are_in_its_vmx(name: str) -> None:
    client = client_of()
    before, after = again(client, made(client, config_spec(**SPECS[name])))

    assert differences(before, after) == []


DEVICES: dict[str, Any] = {
    "card": card(),
    "card that is not connected": card(
        kind=device.VirtualE1000e,
        connectable=device.VirtualDevice.ConnectInfo(startConnected=False, allowGuestControl=False, connected=False),
        wakeOnLanEnabled=False,
    ),
    "card with an address": card(kind=device.VirtualE1000, macAddress="00:50:56:01:02:03", addressType="manual"),
    "older card": card(kind=device.VirtualVmxnet2),
    "oldest card": card(kind=device.VirtualPCNet32),
    "client's drive": device.VirtualCdrom(
        key=-5, controllerKey=200, backing=drives.RemotePassthroughBackingInfo(deviceName="", exclusive=False)
    ),
    "image": device.VirtualCdrom(
        key=-5, controllerKey=201, backing=drives.IsoBackingInfo(fileName="[datastore1] iso/a.iso")
    ),
    "host's drive": device.VirtualCdrom(
        key=-5, controllerKey=200, backing=drives.AtapiBackingInfo(deviceName="cd0", useAutoDetect=False)
    ),
    "host's drive, raw": device.VirtualCdrom(
        key=-5,
        controllerKey=200,
        backing=drives.PassthroughBackingInfo(deviceName="cd0", useAutoDetect=False, exclusive=False),
    ),
    "floppy": device.VirtualFloppy(
        key=-5, backing=device.VirtualFloppy.ImageBackingInfo(fileName="[datastore1] iso/b.flp")
    ),
    "client's floppy": device.VirtualFloppy(
        key=-5, backing=device.VirtualFloppy.RemoteDeviceBackingInfo(deviceName="", useAutoDetect=False)
    ),
    "port to a file": device.VirtualSerialPort(
        key=-5, yieldOnPoll=True, backing=ports.FileBackingInfo(fileName="[datastore1] new01/serial.log")
    ),
    "port to a pipe": device.VirtualSerialPort(
        key=-5, yieldOnPoll=False, backing=ports.PipeBackingInfo(pipeName="p", endpoint="client", noRxLoss=True)
    ),
    "port to the network": device.VirtualSerialPort(
        key=-5,
        yieldOnPoll=True,
        backing=ports.URIBackingInfo(serviceURI="telnet://:1", direction="client", proxyURI="telnet://vspc:2"),
    ),
    "port to a device": device.VirtualSerialPort(
        key=-5,
        yieldOnPoll=True,
        backing=ports.DeviceBackingInfo(deviceName="/dev/char/serial/uart0", useAutoDetect=False),
    ),
    "parallel port": device.VirtualParallelPort(
        key=-5, backing=device.VirtualParallelPort.FileBackingInfo(fileName="[datastore1] new01/parallel.out")
    ),
    "passthrough": device.VirtualPCIPassthrough(
        key=-5,
        backing=device.VirtualPCIPassthrough.DeviceBackingInfo(
            deviceName="", id="0000:02:00.0", deviceId="", systemId="", vendorId=0
        ),
    ),
    "USB": device.VirtualUSBController(key=-5, busNumber=0, autoConnectDevices=True, ehciEnabled=True),
    "USB 3": device.VirtualUSBXHCIController(key=-5, busNumber=0, autoConnectDevices=False),
    "TPM": device.VirtualTPM(key=-5),
    "clock": device.VirtualPrecisionClock(key=-5),
}


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_is_in_the_vmx(name: str) -> None:
    client = client_of(datastores=[{"name": "datastore1", "files": FILES}])
    before, after = again(client, made(client, config_spec(deviceChange=[added(DEVICES[name])])))

    assert len(before.hardware.device) == 10
    # What a device of the host is called, no VMX says.
    assert [one for one in differences(before, after) if "Ethernet Controller" not in one] == []


@pytest.mark.parametrize(
    "controller",
    [
        pvscsi(),
        pvscsi(3),
        device.VirtualLsiLogicController(key=-1, busNumber=0, sharedBus="physicalSharing"),
        device.VirtualLsiLogicSASController(key=-1, busNumber=1, sharedBus="noSharing"),
        device.VirtualBusLogicController(key=-1, busNumber=0, sharedBus="virtualSharing"),
        device.VirtualAHCIController(key=-1, busNumber=2),
        device.VirtualNVMEController(key=-1, busNumber=1),
    ],
)
def test_disks_of_every_kind_are_in_the_vmx_on_every_bus(controller: Any) -> None:
    client = client_of()
    shared = disk(2, thinProvisioned=False, eagerlyScrub=True, sharing="sharingMultiWriter")
    modes = disk(1, diskMode="independent_nonpersistent", writeThrough=True)
    modes.storageIOAllocation = api.StorageResourceManager.IOAllocationInfo(
        limit=100, shares=api.SharesInfo(level="custom", shares=321)
    )
    changes = [added(controller), added(disk(0), create=True), added(modes, create=True), added(shared, create=True)]
    before, after = again(client, made(client, config_spec(deviceChange=changes)))

    assert len([one for one in after.hardware.device if isinstance(one, device.VirtualDisk)]) == 3
    assert differences(before, after) == []


def test_what_is_started_from_is_in_the_vmx() -> None:
    client = client_of()
    kinds = api.vm.BootOptions
    order = [
        kinds.BootableEthernetDevice(deviceKey=-20),
        kinds.BootableDiskDevice(deviceKey=-10),
        kinds.BootableCdromDevice(),
    ]
    changes = [added(pvscsi()), added(disk(), create=True), added(card())]
    vm = made(client, config_spec(deviceChange=changes, bootOptions=kinds(bootOrder=order)))
    before, after = again(client, vm)

    assert [getattr(one, "deviceKey", None) for one in after.bootOptions.bootOrder] == [4000, 2000, None]
    assert differences(before, after) == []


def test_what_changed_is_in_the_vmx_and_what_nobody_knows_stays() -> None:
    text = (
        'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "old"\nmemSize = "512"\n'
        'My.Key = "kept"\nethernet0.present = "TRUE"\nethernet0.networkName = "VM Network"\n'
        'ethernet0.virtualDev = "vmxnet3"\nethernet0.pciSlotNumber = "192"\n# a remark\n'
    )
    client = client_of(datastores=[{"name": "datastore1", "files": {"old/old.vmx": text, **FILES}}])
    vm = registered(client, "[datastore1] old/old.vmx")
    (nic,) = [one for one in vm.config.hardware.device if isinstance(one, device.VirtualEthernetCard)]
    options = {one.key: one.value for one in vm.config.extraConfig}
    nic.wakeOnLanEnabled = False
    assert reconfigured(client, vm, device.VirtualDeviceSpec(operation="edit", device=nic), memoryMB=1024) is None
    before, after = again(client, vm)
    written = machine(client.world, "old").vmx()

    assert nic.slotInfo.pciSlotNumber == 192
    assert (options["My.Key"], options["ethernet0.pciSlotNumber"]) == ("kept", "192")
    assert 'My.Key = "kept"' in written
    assert "# a remark" in written
    assert 'memSize = "1024"' in written
    assert 'ethernet0.wakeOnPcktRcv = "FALSE"' in written
    assert differences(before, after) == []


@pytest.mark.skipif(not REAL, reason="the conformance corpus is not beside the project")
@pytest.mark.parametrize("file", REAL, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_real_file_is_registered_changed_and_registered_again(file: Path) -> None:
    client = client_of()
    store: Any = client.world.of_type("Datastore")[0]
    store.files.upload("real/real.vmx", file.read_bytes())
    vm = registered(client, "[datastore1] real/real.vmx")
    (there,) = client.world.of_type("VirtualMachine")
    untouched = there.vmx().encode()
    assert reconfigured(client, vm, annotation="changed") is None
    before = there.get("config")
    vm.UnregisterVM()
    registered(client, "[datastore1] real/real.vmx")
    (again_there,) = client.world.of_type("VirtualMachine")

    assert untouched.decode() == file.read_bytes().decode("utf-8", "replace")
    assert differences(before, again_there.get("config")) == []
    assert client.world.errors == []
