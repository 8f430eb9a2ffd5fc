# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What somebody who knows pyVmomi well would write by hand, and nothing else: the limit that the modules are held to.

``script.py power NAME...`` powers machines on, ``script.py create NAME...`` makes some, and ``script.py facts PATH...``
prints properties of all machines as JSON.
The host is named by the environment: VMWARE_HOST, VMWARE_PORT, VMWARE_USER, VMWARE_PASSWORD.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

Collector: Any = vmodl.query.PropertyCollector


def read(content: Any, paths: Sequence[str]) -> list[tuple[Any, dict[str, Any]]]:
    """Read properties of all machines in one request after the view is there."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], recursive=True)
    walk = Collector.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = Collector.FilterSpec(
        objectSet=[Collector.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
        propSet=[Collector.PropertySpec(type=vim.VirtualMachine, pathSet=list(paths))],
    )
    result = content.propertyCollector.RetrievePropertiesEx([spec], Collector.RetrieveOptions())
    found = []
    while result is not None:
        found += [(item.obj, {prop.name: prop.val for prop in item.propSet}) for item in result.objects]
        if not result.token:
            break
        result = content.propertyCollector.ContinueRetrievePropertiesEx(result.token)
    return found


def wait(content: Any, tasks: Sequence[Any]) -> None:
    """Wait until every task has ended."""
    collector = content.propertyCollector
    spec = Collector.FilterSpec(
        objectSet=[Collector.ObjectSpec(obj=task) for task in tasks],
        propSet=[Collector.PropertySpec(type=vim.Task, pathSet=["info.state", "info.error"])],
    )
    watched = collector.CreateFilter(spec, partialUpdates=True)
    pending, version = {task._moId for task in tasks}, ""
    while pending:
        updates = collector.WaitForUpdatesEx(version, Collector.WaitOptions(maxWaitSeconds=60))
        if updates is None:
            continue
        version = updates.version
        for part in updates.filterSet:
            for update in part.objectSet:
                for change in update.changeSet:
                    if change.name == "info.state" and change.val in ("success", "error"):
                        pending.discard(update.obj._moId)
    watched.DestroyPropertyFilter()


def power_on(content: Any, names: Sequence[str]) -> None:
    """Power on the machines of these names that are off."""
    wanted = set(names)
    off = [
        vm
        for vm, values in read(content, ["name", "runtime.powerState"])
        if values["name"] in wanted and values["runtime.powerState"] != "poweredOn"
    ]
    tasks = [vm.PowerOnVM_Task() for vm in off]
    if tasks:
        wait(content, tasks)


def create(content: Any, names: Sequence[str]) -> None:
    """Make machines with a disk and a network adapter."""
    (datacenter,) = content.rootFolder.childEntity
    pool, (network, *_more) = datacenter.hostFolder.childEntity[0].resourcePool, datacenter.network
    device = vim.vm.device
    controller = device.ParaVirtualSCSIController(key=-1, busNumber=0, sharedBus="noSharing")
    backing = device.VirtualDisk.FlatVer2BackingInfo(fileName="", diskMode="persistent", thinProvisioned=True)
    disk = device.VirtualDisk(key=-2, controllerKey=-1, unitNumber=0, capacityInKB=1048576, backing=backing)
    plug = device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network.name)
    nic = device.VirtualVmxnet3(key=-3, backing=plug)
    changes = [
        device.VirtualDeviceSpec(operation="add", device=controller),
        device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk),
        device.VirtualDeviceSpec(operation="add", device=nic),
    ]
    files = vim.vm.FileInfo(vmPathName="[datastore1]")
    tasks = [
        datacenter.vmFolder.CreateVM_Task(
            vim.vm.ConfigSpec(
                name=name, guestId="otherLinux64Guest", numCPUs=1, memoryMB=512, files=files, deviceChange=changes
            ),
            pool,
        )
        for name in names
    ]
    wait(content, tasks)


def facts(content: Any, paths: Sequence[str]) -> None:
    """Print what was asked for."""
    known = [{"moid": vm._moId, **values} for vm, values in read(content, paths)]
    json.dump(known, sys.stdout, default=str)


def main() -> None:
    """Log in, do it, log out."""
    variables = os.environ
    service = SmartConnect(
        host=variables["VMWARE_HOST"],
        port=int(variables["VMWARE_PORT"]),
        user=variables["VMWARE_USER"],
        pwd=variables["VMWARE_PASSWORD"],
        disableSslCertValidation=True,
    )
    try:
        {"power": power_on, "create": create, "facts": facts}[sys.argv[1]](service.RetrieveContent(), sys.argv[2:])
    finally:
        Disconnect(service)


if __name__ == "__main__":
    main()
