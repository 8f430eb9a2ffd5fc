# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of machines that are made and changed have in common: specs, devices, and who sends them."""

from __future__ import annotations

from typing import Any

from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, world_of
from pyVmomi import vim

device: Any = vim.vm.device
api: Any = vim
GIB_IN_KIB = 1024 * 1024


def client_of(*vms: dict[str, Any], **more: Any) -> Client:
    return Client(world_of(*vms, **more))


def config_spec(name: str = "new01", **more: Any) -> Any:
    values = {"name": name, "files": api.vm.FileInfo(vmPathName="[datastore1]"), **more}
    return api.vm.ConfigSpec(**values)


def added(new: Any, *, create: bool = False) -> Any:
    return device.VirtualDeviceSpec(operation="add", device=new, fileOperation="create" if create else None)


def edited(one: Any) -> Any:
    return device.VirtualDeviceSpec(operation="edit", device=one)


def removed(one: Any, *, destroy: bool = False) -> Any:
    return device.VirtualDeviceSpec(operation="remove", device=one, fileOperation="destroy" if destroy else None)


def disk(unit: int | None = 0, controller: int = -1, capacity_kib: int = GIB_IN_KIB, **backing: Any) -> Any:
    values = {"fileName": "", "diskMode": "persistent", "thinProvisioned": True, **backing}
    return device.VirtualDisk(
        key=-10,
        controllerKey=controller,
        unitNumber=unit,
        capacityInKB=capacity_kib,
        backing=device.VirtualDisk.FlatVer2BackingInfo(**values),
    )


def pvscsi(bus: int = 0) -> Any:
    return device.ParaVirtualSCSIController(key=-1, busNumber=bus, sharedBus="noSharing")


def card(network: str = "VM Network", *, kind: Any = device.VirtualVmxnet3, **more: Any) -> Any:
    backing = device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network)
    return kind(key=-20, backing=backing, **more)


def vm_folder(client: Client) -> Any:
    return client.content.rootFolder.childEntity[0].vmFolder


def pool(moid: str = "ha-root-pool") -> Any:
    return api.ResourcePool(moid)


def create(client: Client, spec: Any) -> Any:
    """What a creation ends with, as the task's info."""
    return client.after(1, vm_folder(client).CreateVM_Task(spec, pool(), None))


def made(client: Client, spec: Any) -> Any:
    """The machine that a spec makes."""
    info = create(client, spec)
    assert info.error is None, info.error
    return api.VirtualMachine(info.result._moId, client.stub)


def refused(client: Client, spec: Any) -> Any:
    """The fault with which a creation ends."""
    error = create(client, spec).error
    assert error is not None
    return error


def register(client: Client, path: str, name: str | None = None) -> Any:
    """What a registration ends with, as the task's info."""
    return client.after(1, vm_folder(client).RegisterVM_Task(path, name, False, pool(), None))


def registered(client: Client, path: str, name: str | None = None) -> Any:
    """The machine that a VMX on a datastore makes."""
    info = register(client, path, name)
    assert info.error is None, info.error
    return api.VirtualMachine(info.result._moId, client.stub)


def reconfigured(client: Client, vm: Any, *changes: Any, **spec: Any) -> Any:
    """What a reconfigure ends with: its fault, or None."""
    task = vm.ReconfigVM_Task(api.vm.ConfigSpec(deviceChange=list(changes), **spec))
    return client.after(1, task).error


def of_class(vm: Any, cls: Any) -> list[Any]:
    return [one for one in vm.config.hardware.device if isinstance(one, cls)]


def kind_of(fault: Any) -> str:
    """The name of a fault's class."""
    return str(type(fault).__name__).rpartition(".")[2]


def free(client: Client) -> int:
    """The free bytes of the first datastore."""
    store: Any = client.world.of_type("Datastore")[0]
    return int(store.files.free)


def paths_of(client: Client) -> list[str]:
    """The paths of all files on the first datastore."""
    return [path for path, _file in client.world.of_type("Datastore")[0].files]
