# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each contestant makes the same virtual machine: one CPU, 512 MiB, a thin disk of 1 GiB, a network adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contestants import COMMUNITY, KEPT, OURS, VMWARE, Place
from .measuring import Command

HOST, DATACENTER, DATASTORE, NETWORK = "esx1.example.com", "ha-datacenter", "datastore1", "VM Network"
FOLDER = f"/{DATACENTER}/vm"
GUEST, MIB, CAPACITY_KIB = "otherLinux64Guest", 512, 1048576

COMMUNITY_OPTIONS: dict[str, Any] = {
    "state": "present",
    "datacenter": DATACENTER,
    "folder": FOLDER,
    "esxi_hostname": HOST,
    "guest_id": GUEST,
    "hardware": {"memory_mb": MIB, "num_cpus": 1, "scsi": "paravirtual"},
    "disk": [{"size_gb": 1, "type": "thin", "datastore": DATASTORE}],
    "networks": [{"name": NETWORK, "device_type": "vmxnet3"}],
}
VMWARE_OPTIONS: dict[str, Any] = {
    "datacenter": DATACENTER,
    "esxi_host": HOST,
    "resource_pool": "Resources",
    "vm_folder": FOLDER,
    "datastore": DATASTORE,
    "guest_id": GUEST,
    "cpu": {"cores": 1},
    "memory": {"size_mb": MIB},
    "scsi_controllers": [{"controller_type": "paravirtual", "bus_number": 0}],
    "disks": [{"size": "1gb", "provisioning": "thin", "device_node": "SCSI(0:0)"}],
    "network_adapters": [{"network": NETWORK, "adapter_type": "vmxnet3"}],
}
OUR_OPTIONS: dict[str, Any] = {
    "datastore": DATASTORE,
    "definition": {
        "guest_id": GUEST,
        "cpus": 1,
        "memory_mib": MIB,
        "disks": [{"slot": "scsi0:0", "capacity_kib": CAPACITY_KIB, "provisioning": "thin"}],
        "nics": [{"slot": "ethernet0", "network": NETWORK}],
    },
}
GOVC_ARGUMENTS = (
    *("vm.create", "-on=false", "-m", str(MIB), "-c", "1", "-g", GUEST),
    *("-disk", "1GB", "-disk.controller", "pvscsi", "-net", NETWORK, "-net.adapter", "vmxnet3"),
)
DOMAIN = """<domain type='vmware'>
  <name>{name}</name><memory unit='MiB'>512</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='[datastore1] {name}/{name}.vmdk'/><target dev='sda' bus='scsi'/>
    </disk>
    <controller type='scsi' index='0' model='vmpvscsi'/>
    <interface type='bridge'><source bridge='VM Network'/><model type='vmxnet3'/></interface>
  </devices>
</domain>
"""


def play(place: Place, contestant: str, count: int) -> Command:
    """Make so many machines in a play."""
    names = place.fresh(count)
    module, options = {
        OURS: ("virt.esx.esx_vm_define", OUR_OPTIONS),
        KEPT: ("virt.esx.esx_vm_define", {**OUR_OPTIONS, "persist_session": True}),
        COMMUNITY: ("community.vmware.vmware_guest", COMMUNITY_OPTIONS),
        VMWARE: ("vmware.vmware.vm", VMWARE_OPTIONS),
    }[contestant]
    task: dict[str, Any] = {module: {**options, "name": "{{ item }}"}, "loop": names}
    return place.play([task], contestant)


def module(place: Place) -> Command:
    """Make one machine with our module alone."""
    (name,) = place.fresh(1)
    return place.module("esx_vm_define", name=name, **OUR_OPTIONS)


def govc(place: Place, count: int) -> Command:
    """Make machines with govc, one process for each."""
    return place.govc_each(GOVC_ARGUMENTS, place.fresh(count))


def virsh(place: Place, count: int) -> Command:
    """Make machines with virsh: the disk, then the machine that it belongs to."""
    return place.virsh(*(command for name in place.fresh(count) for command in _defined(place, name)))


def script(place: Place, count: int) -> Command:
    """Make machines with the script that was written by hand."""
    return place.script("create", *place.fresh(count))


def _defined(place: Place, name: str) -> Sequence[str]:
    path = place.text(f"{name}.xml", DOMAIN.format(name=name))
    return f"vol-create-as {DATASTORE} {name}/{name}.vmdk 1G --format vmdk", f"define {path}"
