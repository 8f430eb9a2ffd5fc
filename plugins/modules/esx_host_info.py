#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of ESXi hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_host_info
short_description: Facts of ESXi hosts
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the facts of an ESXi host, or of the hosts of a vCenter, what it is, what it has and how it is,
    and what libvirt's ESX driver says of it as a node.
  - All of it is read in one round trip; only O(with_devices) takes one more for each host.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
options:
  with_devices:
    description:
      - Whether to return the devices too, RV(hosts[].devices).
    type: bool
    default: false
  with_services:
    description:
      - Whether to return the services too, RV(hosts[].services).
    type: bool
    default: false
  with_capabilities:
    description:
      - Whether to return libvirt's C(<capabilities>) too, RV(hosts[].capabilities).
    type: bool
    default: false
notes:
  - Under a vCenter O(esxi_hostname) names one host.
    Without it all hosts are meant, within O(datacenter) if that is set.
  - The facts of a single host are returned as C(ansible_facts) too, so that they can be cached.
  - What a host does not say, as while it is not connected to its vCenter, is null or V(0).
  - The key of the licence is never read out.
seealso:
  - module: virt.esx.esx_datastore_info
"""

EXAMPLES = r"""
- name: What the host is
  virt.esx.esx_host_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
  register: found

- name: Stop where the API can only read, before anything is tried
  ansible.builtin.assert:
    that: not found.host.licence.read_only_api

- name: The devices of one host of a vCenter
  virt.esx.esx_host_info:
    hostname: vcenter.example.com
    username: reader@vsphere.local
    password: "{{ vcenter_password }}"
    esxi_hostname: esx02.example.com
    with_devices: true
  register: found

- name: The network cards without a link
  ansible.builtin.debug:
    msg: "{{ found.host.devices.nics | selectattr('link_mbps', 'none') | map(attribute='device') | list }}"

- name: All hosts of a vCenter, as libvirt would describe them
  virt.esx.esx_host_info:
    hostname: vcenter.example.com
    username: reader@vsphere.local
    password: "{{ vcenter_password }}"
    with_capabilities: true
"""

RETURN = r"""
hosts:
  description: The hosts, in the order of the inventory.
  returned: success
  type: list
  elements: dict
  contains: &entry
    name:
      description: Its name in the inventory.
      type: str
      sample: esx01.example.com
    moid:
      description: Its managed object id.
      type: str
      sample: ha-host
    path:
      description: Its path in the inventory, null where the account may not see what it lies in.
      type: str
      sample: /ha-datacenter/host/esx01.example.com/esx01.example.com
    hostname:
      description: The name that it has itself, with its domain if it has one. It is null where it has none.
      type: str
      sample: esx01.example.com
    uuid:
      description: The UUID of its hardware.
      type: str
      sample: 4c4c4544-0044-3510-8052-b4c04f4e4d31
    product:
      description: What runs on it.
      type: dict
      contains:
        name:
          description: The name of the product.
          type: str
          sample: VMware ESXi
        full_name:
          description: The same with version and build.
          type: str
          sample: VMware ESXi 8.0.3 build-24022510
        version:
          description: Its version.
          type: str
          sample: 8.0.3
        build:
          description: Its build.
          type: str
          sample: "24022510"
        api_version:
          description: The version of its API.
          type: str
          sample: 8.0.3.0
        api_type:
          description: What its API is, V(HostAgent).
          type: str
          sample: HostAgent
    licence:
      description: Its licence, null under a vCenter, which has licences of its own.
      type: dict
      contains:
        name:
          description: What it is called.
          type: str
          sample: VMware vSphere 8 Standard
        edition:
          description: The key of the edition.
          type: str
          sample: esx.standard
        read_only_api:
          description: Whether it is the free licence, under which the API can only read.
          type: bool
          sample: false
    system:
      description: The machine.
      type: dict
      contains:
        vendor:
          description: Who made it.
          type: str
          sample: Dell Inc.
        model:
          description: Its model.
          type: str
          sample: PowerEdge R750
        serial_number:
          description: Its serial number, null where the host does not say it.
          type: str
          sample: 5D5M3N1
        bios_version:
          description: The version of its firmware.
          type: str
          sample: 1.9.2
        bios_date:
          description: When that was released, null where the host does not say it.
          type: str
          sample: "2024-03-01T00:00:00+00:00"
    cpu:
      description: Its processors.
      type: dict
      contains:
        model:
          description: Their model.
          type: str
          sample: Intel(R) Xeon(R) Gold 6240R CPU @ 2.40GHz
        packages:
          description: How many packages there are.
          type: int
          sample: 2
        cores:
          description: How many cores there are in all.
          type: int
          sample: 48
        threads:
          description: How many threads there are in all.
          type: int
          sample: 96
        mhz:
          description: How fast they are.
          type: int
          sample: 2394
        used_mhz:
          description: How much of that is used now.
          type: int
          sample: 1200
        long_mode:
          description: Whether they have 64 bits, null where the host does not say it clearly.
          type: bool
          sample: true
        hyperthreading:
          description: Whether hyperthreading is on.
          type: bool
          sample: true
        numa_nodes:
          description: How many NUMA nodes there are.
          type: int
          sample: 2
        numa:
          description: The NUMA nodes.
          type: list
          elements: dict
          contains:
            id:
              description: Its number.
              type: int
              sample: 0
            cpus:
              description: The threads that belong to it.
              type: list
              elements: int
              sample: [0, 1, 2, 3]
            memory_bytes:
              description: The memory that belongs to it.
              type: int
              sample: 137438953472
    memory:
      description: Its memory.
      type: dict
      contains:
        total_bytes:
          description: All of it.
          type: int
          sample: 274877906944
        free_bytes:
          description: What is free of it, null where the host does not say it.
          type: int
          sample: 257698037760
    state:
      description: How it is.
      type: dict
      contains:
        connection:
          description: V(connected), V(disconnected) or V(not-responding).
          type: str
          sample: connected
        power:
          description: V(powered-on), V(powered-off) or V(standby), null where nobody knows.
          type: str
          sample: powered-on
        maintenance_mode:
          description: Whether it is in maintenance mode.
          type: bool
          sample: false
        lockdown_mode:
          description: V(disabled), V(normal) or V(strict), null where the host does not say it.
          type: str
          sample: disabled
        reboot_required:
          description: Whether it needs a reboot.
          type: bool
          sample: false
        booted_at:
          description: When it was booted.
          type: str
          sample: "2026-11-01T06:00:00+00:00"
        uptime_seconds:
          description: How long that is ago.
          type: int
          sample: 86400
    limits:
      description: What it allows.
      type: dict
      contains:
        vcpus_per_vm:
          description: How many virtual CPUs a virtual machine can have.
          type: int
          sample: 768
        running_vms:
          description: How many virtual machines can run.
          type: int
          sample: 1024
        registered_vms:
          description: How many virtual machines can be registered.
          type: int
          sample: 4096
    time:
      description: Where it has the time from.
      type: dict
      contains:
        zone:
          description: Its time zone.
          type: str
          sample: UTC
        ntp_servers:
          description: The servers that it asks.
          type: list
          elements: str
          sample: [ntp.example.com]
    node:
      description: What C(virsh nodeinfo) shows of it.
      type: dict
      contains:
        model:
          description: The model of its processors, in at most 31 characters.
          type: str
          sample: Intel Xeon Gold 6240R CPU @ 2.4
        memory_kib:
          description: Its memory.
          type: int
          sample: 268435456
        cpus:
          description: How many cores there are.
          type: int
          sample: 48
        mhz:
          description: How fast they are.
          type: int
          sample: 2394
        nodes:
          description: How many NUMA nodes there are.
          type: int
          sample: 2
        sockets:
          description: How many packages there are.
          type: int
          sample: 2
        cores_per_socket:
          description: How many cores each of them has.
          type: int
          sample: 24
        threads_per_core:
          description: How many threads each core has.
          type: int
          sample: 2
    devices:
      description: Its devices.
      returned: with O(with_devices)
      type: dict
      contains:
        pci:
          description: The PCI devices.
          type: list
          elements: dict
          contains:
            id:
              description: Its address.
              type: str
              sample: "0000:02:00.0"
            class_id:
              description: What kind of device it is, in hexadecimal digits.
              type: str
              sample: "0200"
            vendor_id:
              description: Who made it, in hexadecimal digits.
              type: str
              sample: "8086"
            device_id:
              description: What it is, in hexadecimal digits.
              type: str
              sample: "1563"
            vendor:
              description: Who made it.
              type: str
              sample: Intel Corporation
            name:
              description: What it is.
              type: str
              sample: Ethernet Controller X550
            passthrough:
              description: Whether a virtual machine can have it for itself.
              type: dict
              contains:
                capable:
                  description: Whether that is possible.
                  type: bool
                  sample: true
                enabled:
                  description: Whether it is wanted.
                  type: bool
                  sample: false
                active:
                  description: Whether it is so since the last boot.
                  type: bool
                  sample: false
        usb:
          description: The USB devices that a virtual machine can have.
          type: list
          elements: dict
          contains:
            name:
              description: What it is.
              type: str
              sample: SanDisk Ultra
            path:
              description: Where it is plugged in, null where the host does not say it.
              type: str
              sample: 1/0/1
            vendor_id:
              description: Who made it, in hexadecimal digits.
              type: str
              sample: "0781"
            product_id:
              description: What it is, in hexadecimal digits.
              type: str
              sample: "5581"
            speeds:
              description: How fast it can be, in the words of the API.
              type: list
              elements: str
              sample: [high]
        adapters:
          description: The storage adapters.
          type: list
          elements: dict
          contains:
            device:
              description: Its name.
              type: str
              sample: vmhba0
            type:
              description: >-
                V(block), V(scsi), V(fibre-channel), V(fcoe), V(iscsi), V(sas), V(pcie), V(rdma), V(tcp) or V(other).
              type: str
              sample: sas
            model:
              description: Its model.
              type: str
              sample: PERC H755
            driver:
              description: Its driver.
              type: str
              sample: lsi_mr3
            pci:
              description: Its PCI address, null where it has none.
              type: str
              sample: "0000:03:00.0"
            status:
              description: How it is, in the words of the API.
              type: str
              sample: online
            iqn:
              description: Its iSCSI name, null unless it is such an adapter.
              type: str
              sample: iqn.1998-01.com.vmware:esx01
            wwpn:
              description: The worldwide name of its port, null unless it is a Fibre Channel adapter.
              type: str
              sample: "20:00:00:25:b5:00:00:01"
        nics:
          description: The physical network cards.
          type: list
          elements: dict
          contains:
            device:
              description: Its name.
              type: str
              sample: vmnic0
            mac:
              description: Its MAC address.
              type: str
              sample: 02:00:00:00:00:01
            driver:
              description: Its driver.
              type: str
              sample: ixgben
            pci:
              description: Its PCI address.
              type: str
              sample: "0000:02:00.0"
            link_mbps:
              description: How fast its link is, null where it has none.
              type: int
              sample: 10000
            full_duplex:
              description: Whether it sends and receives at once, null where it has no link.
              type: bool
              sample: true
    services:
      description: Its services.
      returned: with O(with_services)
      type: list
      elements: dict
      contains:
        key:
          description: Its name.
          type: str
          sample: TSM-SSH
        label:
          description: What it is called.
          type: str
          sample: SSH
        running:
          description: Whether it runs.
          type: bool
          sample: false
        policy:
          description: When it starts, V(on), V(off) or V(automatic).
          type: str
          sample: "off"
    capabilities:
      description: What C(virsh capabilities) shows of it.
      returned: with O(with_capabilities)
      type: str
      sample: <capabilities>...</capabilities>
host:
  description: The one entry of RV(hosts).
  returned: if there is one
  type: dict
  contains: *entry
ansible_facts:
  description: The same, as a fact.
  returned: if there is one
  type: dict
  contains:
    virt_esx_host:
      description: The entry RV(host).
      type: dict
      sample: {name: esx01.example.com}
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: not_found, missing: [esx02.example.com]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.nodes import capabilities_xml
from ..module_utils._flow.outcome import Facts
from ..module_utils._shell import run_module
from ..module_utils._vi.nodes import lookup_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "with_devices": {"type": "bool", "default": False},
    "with_services": {"type": "bool", "default": False},
    "with_capabilities": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the host, or of the hosts of a vCenter."""
    del check_mode
    found = lookup_nodes(
        host.session,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        devices=params["with_devices"],
        services=params["with_services"],
    )
    if params["with_capabilities"]:
        found = [{**fact, "capabilities": capabilities_xml(fact)} for fact in found]
    one = {"host": found[0], "ansible_facts": {"virt_esx_host": found[0]}} if len(found) == 1 else {}
    return Facts({"hosts": found, **one})


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
