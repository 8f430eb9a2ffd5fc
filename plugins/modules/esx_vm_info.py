#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_info
short_description: Facts of virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns facts of one, several or all virtual machines, of identity, power, hardware and guest,
    with the question that holds a machine up and the tasks that are pending on it.
  - All facts of all machines are read in one round trip.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
  - virt.esx.vms
options:
  with_definition:
    description:
      - Whether the facts of each machine have its RV(vms[].definition), which M(virt.esx.esx_vm_define) takes.
      - It takes one more request for all machines together.
      - If it is left out, they have none.
    type: bool
    default: false
  with_vmx:
    description:
      - Whether the facts of each machine have the text of its VMX, RV(vms[].vmx).
      - It takes one more request for each machine.
      - If it is left out, they have none.
    type: bool
    default: false
  with_domain_xml:
    description:
      - Whether the facts of each machine have its libvirt domain, RV(vms[].domain_xml),
        as the filter P(virt.esx.vmx_to_domain_xml#filter) makes it of the VMX.
      - It takes one more request for each machine, the same as for O(with_vmx).
      - If it is left out, they have none.
    type: bool
    default: false
  with_autostart:
    description:
      - Whether the facts of each machine have what its host does with it as it starts and stops, RV(vms[].autostart).
      - It takes one more request for all machines together.
      - If it is left out, they have none.
    type: bool
    default: false
notes:
  - With none of O(name), O(uuid), O(moid), O(names) and O(query), all virtual machines are meant.
  - A O(query) that yields no virtual machine gives an empty list.
    It does not see definition, VMX, domain and autostart.
  - No password is in the facts. That of a VNC server is left out of RV(vms[].definition), RV(vms[].vmx) and
    RV(vms[].domain_xml).
seealso:
  - module: virt.esx.esx_vm_autostart
  - module: virt.esx.esx_vm_define
  - module: virt.esx.esx_vm_power
  - module: virt.esx.esx_question_info
"""

EXAMPLES = r"""
- name: All virtual machines of a host
  virt.esx.esx_vm_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
  register: all

- name: One virtual machine
  virt.esx.esx_vm_info:
    name: web01
  register: web01

- name: Keep what a machine is, to be given to esx_vm_define later, here or on another host
  virt.esx.esx_vm_info:
    name: web01
    with_definition: true
    with_vmx: true
  register: kept

- name: Make it that again
  virt.esx.esx_vm_define:
    name: web01
    definition: "{{ kept.vm.definition }}"

- name: Running machines with more than 8 GiB of memory
  virt.esx.esx_vm_info:
    query: "[?power_state=='powered-on' && hardware.memory_mib > `8192`]"
"""

RETURN = r"""
vms:
  description: One entry for each virtual machine, in the order of the selection.
  returned: success
  type: list
  elements: dict
  contains: &entry
    name:
      description: Its name.
      type: str
      sample: web01
    moid:
      description: Its managed object id.
      type: str
      sample: "12"
    uuid:
      description: Its BIOS UUID.
      type: str
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    instance_uuid:
      description: Its instance UUID, which vCenter keeps unique.
      type: str
      sample: 5020a1b2-c3d4-e5f6-0718-293a4b5c6d7e
    path:
      description: Its inventory path.
      type: str
      sample: /ha-datacenter/vm/web01
    esxi_hostname:
      description: The ESXi host that has it, by the name that the host reports.
      type: str
      sample: esx01.example.com
    vmx_path:
      description: Its VMX file.
      type: str
      sample: "[datastore1] web01/web01.vmx"
    template:
      description: Whether it is a template.
      type: bool
      sample: false
    annotation:
      description: Its notes.
      type: str
      sample: front end
    connection_state:
      description: Whether the host can manage it, V(connected) if all is well.
      type: str
      sample: connected
    power_state:
      description: Its power state. Null where the host cannot tell.
      type: str
      sample: powered-on
    boot_time:
      description: When it was powered on, in UTC; null while it is off.
      type: str
      sample: "2026-11-23T01:17:58Z"
    question:
      description: >-
        The question that holds it up, with C(id), C(message_ids), C(text), C(choices) and C(default).
        Null if there is none.
      type: dict
      sample: null
    tasks:
      description: The tasks that are pending on it, with C(moid), C(operation), C(state) and C(cancelable).
      type: list
      elements: dict
      sample: []
    hardware:
      description: Its virtual hardware.
      type: dict
      contains:
        cpus:
          description: Number of virtual CPUs.
          type: int
          sample: 2
        cores_per_socket:
          description: Cores of a virtual socket.
          type: int
          sample: 1
        memory_mib:
          description: Memory in MiB.
          type: int
          sample: 4096
        hardware_version:
          description: Version of the virtual hardware.
          type: str
          sample: vmx-21
        firmware:
          description: V(bios) or V(efi).
          type: str
          sample: efi
        guest_id:
          description: vSphere's id of the configured guest operating system.
          type: str
          sample: debian12_64Guest
        guest_full_name:
          description: Its name.
          type: str
          sample: Debian GNU/Linux 12 (64-bit)
        disks:
          description: Number of virtual disks.
          type: int
          sample: 1
        nics:
          description: Number of network adapters.
          type: int
          sample: 1
        committed_bytes:
          description: Space that it takes on datastores, in bytes.
          type: int
          sample: 17179869184
        uncommitted_bytes:
          description: Space that its thin disks may still come to take, in bytes.
          type: int
          sample: 0
    guest:
      description: What VMware Tools report; facts are null while they do not run.
      type: dict
      contains:
        hostname:
          description: The guest's host name.
          type: str
          sample: web01.example.com
        ip_address:
          description: The guest's main IP address.
          type: str
          sample: 192.0.2.10
        networks:
          description: The guest's network adapters, with C(network), C(mac), C(connected) and C(ip_addresses).
          type: list
          elements: dict
          sample: [{network: VM Network, mac: "00:50:56:01:02:03", connected: true, ip_addresses: [192.0.2.10]}]
        state:
          description: V(running), V(notRunning), V(shuttingDown) and so on.
          type: str
          sample: running
        tools:
          description: V(running) or V(not-running); null where the host does not know.
          type: str
          sample: running
        tools_version_status:
          description: How current VMware Tools are, in vSphere's words.
          type: str
          sample: guestToolsCurrent
    definition:
      description: >-
        All of its configuration, with the fields of the option O(virt.esx.esx_vm_define#module:definition).
        Null where the host does not tell it.
      returned: with O(with_definition)
      type: dict
      sample:
        name: web01
        guest_id: debian12-64
        hardware_version: 21
        cpus: 2
        memory_mib: 4096
        controllers: [{slot: scsi0, model: pvscsi}]
        disks: [{slot: "scsi0:0", file: "[datastore1] web01/web01.vmdk", capacity_kib: 16777216, provisioning: thin}]
        nics: [{slot: ethernet0, model: vmxnet3, network: VM Network, mac: "00:0c:29:01:02:03", mac_type: generated}]
    vmx:
      description: >-
        The text of its VMX, as it is on the datastore.
        Null where it cannot be read, for example because its datastore is out of reach.
      returned: with O(with_vmx)
      type: str
      sample: |
        .encoding = "UTF-8"
        config.version = "8"
        virtualHW.version = "21"
        displayName = "web01"
    domain_xml:
      description: Its libvirt domain. Null where its VMX cannot be read.
      returned: with O(with_domain_xml)
      type: str
      sample: |
        <domain type='vmware'>
          <name>web01</name>
          ...
        </domain>
    autostart:
      description: >-
        What its host does with it as it starts and stops, in the words of M(virt.esx.esx_vm_autostart),
        and C(enabled), whether it starts with its host. Null where the host does not tell it.
      returned: with O(with_autostart)
      type: dict
      sample:
        enabled: true
        start_action: power-on
        start_order: 1
        start_delay: -1
        wait_for_heartbeat: host-default
        stop_action: host-default
        stop_delay: -1
vm:
  description: The one entry of RV(vms).
  returned: if one virtual machine was selected, by O(name), O(uuid) or O(moid)
  type: dict
  contains: *entry
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: not_found, missing: [web01]}
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import ALL_VMS_RULES, CONNECTION, VMS
from ..module_utils._flow.outcome import Facts
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.more_facts import MORE, with_more

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {**CONNECTION, **VMS, **{f"with_{form}": {"type": "bool", "default": False} for form in MORE}}
RULES: Mapping[str, Any] = ALL_VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the selected virtual machines."""
    del check_mode
    selector = Selector.from_params(params)
    wanted = [form for form in MORE if params[f"with_{form}"]]
    facts = host.lookup_facts(selector, params["folder"], more=partial(with_more, wanted=wanted) if wanted else None)
    return Facts({"vms": facts, **({"vm": facts[0]} if selector.is_single else {})})


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
