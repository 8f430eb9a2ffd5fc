#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of standard switches and their port groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_network_info
short_description: Facts of standard switches and their port groups
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the standard switches of an ESXi host, or of the hosts of a vCenter, with their port groups, uplinks and
    policies, and who uses them. These are what libvirt's ESX driver calls networks.
  - All of it is read in one round trip.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
options:
  name:
    description:
      - The name of one switch, compared exactly.
      - A name that switches of several hosts bear is an error, unless O(esxi_hostname) says on which host.
      - If it is left out, O(uuid), O(port_group) or O(query) says which are meant. At most one of these may be given.
    type: str
  uuid:
    description:
      - The UUID by which libvirt knows one switch, RV(networks[].uuid), in any way of writing it.
      - If it is left out, O(name), O(port_group) or O(query) says which are meant.
    type: str
  port_group:
    description:
      - The name of a port group, compared exactly. The switch that has it is meant.
      - If it is left out, O(name), O(uuid) or O(query) says which are meant.
    type: str
  query:
    description:
      - A JMESPath expression over the list of the facts of all switches, RV(networks), for example
        V([?contains(uplinks, 'vmnic1')]).
      - It must yield switches, their names are not enough.
      - If it is left out, O(name), O(uuid) or O(port_group) says which are meant.
    type: str
  with_users:
    description:
      - Whether to return the virtual machines that use each port group too, RV(networks[].port_groups[].vms).
    type: bool
    default: false
  with_network_xml:
    description:
      - Whether to return each switch as libvirt's C(<network>) too, RV(networks[].network_xml).
    type: bool
    default: false
notes:
  - With none of O(name), O(uuid), O(port_group) and O(query), all switches are meant.
  - Under a vCenter O(esxi_hostname) names one host.
    Without it all hosts are meant, within O(datacenter) if that is set.
  - Distributed switches are not among them. They belong to a vCenter, and libvirt does not list them either.
seealso:
  - module: virt.esx.esx_network
  - module: virt.esx.esx_interface_info
"""

EXAMPLES = r"""
- name: All switches of the host
  virt.esx.esx_network_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
  register: found

- name: The port groups that let a guest send under any address
  ansible.builtin.debug:
    msg: >-
      {{ found.networks | map(attribute='port_groups') | flatten
         | selectattr('effective.security.forged_transmits', 'eq', 'accept') | map(attribute='name') | list }}

- name: Which machines use a port group
  virt.esx.esx_network_info:
    port_group: VM Network
    with_users: true
  register: one

- name: The switch as libvirt describes it
  virt.esx.esx_network_info:
    name: vSwitch0
    with_network_xml: true
"""

RETURN = r"""
networks:
  description: The switches that are meant, host by host.
  returned: success
  type: list
  elements: dict
  contains: &switch
    id:
      description: Its id, which no other switch has, the id of the host and its name.
      type: str
      sample: ha-host/vSwitch0
    host:
      description: The name of its host.
      type: str
      sample: esx01.example.com
    host_moid:
      description: The managed object id of its host.
      type: str
      sample: ha-host
    name:
      description: Its name.
      type: str
      sample: vSwitch0
    key:
      description: The key by which the API knows it.
      type: str
      sample: key-vim.host.VirtualSwitch-vSwitch0
    uuid:
      description: The UUID by which libvirt knows it, made of the key.
      type: str
      sample: c7aa1bb5-e8b4-8c8f-5e0d-b3b1e5d8c8a7
    num_ports:
      description: How many ports it was given.
      type: int
      sample: 128
    ports_available:
      description: How many of its ports are free.
      type: int
      sample: 120
    mtu:
      description: Its MTU, null where the host does not say.
      type: int
      sample: 1500
    uplinks:
      description: Its uplinks, physical network cards.
      type: list
      elements: str
      sample: [vmnic0]
    security:
      description: What ports may do with MAC addresses.
      type: dict
      contains:
        promiscuous:
          description: >-
            Whether a port may see what is sent to others, V(accept) or V(reject). It is null where the host does
            not say.
          type: str
          sample: reject
        mac_changes:
          description: >-
            Whether a guest may receive under another address than its own, V(accept) or V(reject). It is null
            where the host does not say.
          type: str
          sample: reject
        forged_transmits:
          description: >-
            Whether a guest may send under another address than its own, V(accept) or V(reject). It is null where
            the host does not say.
          type: str
          sample: reject
    shaping:
      description: The limit of what a port may send.
      type: dict
      contains:
        status:
          description: Whether there is one, V(enabled) or V(disabled). It is null where the host does not say.
          type: str
          sample: enabled
        average_bps:
          description: How many bits per second on average. It is null where the host does not say.
          type: int
          sample: 8000000
        peak_bps:
          description: How many bits per second during a burst. It is null where the host does not say.
          type: int
          sample: 16000000
        burst_bytes:
          description: How many bytes a burst may have. It is null where the host does not say.
          type: int
          sample: 1048576
    teaming:
      description: How the uplinks work together.
      type: dict
      contains:
        policy:
          description: >-
            How an uplink is chosen, V(loadbalance-srcid), V(loadbalance-ip), V(loadbalance-srcmac) or V(failover-
            explicit). It is null where the host does not say.
          type: str
          sample: loadbalance-srcid
        failure_detection:
          description: What shows that an uplink fails, V(link) or V(beacon). It is null where the host does not say.
          type: str
          sample: link
        notify_switches:
          description: >-
            Whether physical switches are told when another uplink is used, V(enabled) or V(disabled). It is null
            where the host does not say.
          type: str
          sample: enabled
        failback:
          description: >-
            Whether an uplink that works again is used again, V(enabled) or V(disabled). It is null where the host
            does not say.
          type: str
          sample: enabled
        active_uplinks:
          description: The uplinks that are used. It is null where the host does not say.
          type: list
          elements: str
          sample: [vmnic0]
        standby_uplinks:
          description: The uplinks that are used when those fail. It is null where the host does not say.
          type: list
          elements: str
          sample: [vmnic1]
    port_groups:
      description: Its port groups.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
          sample: VM Network
        key:
          description: The key by which the API knows it.
          type: str
          sample: key-vim.host.PortGroup-VM Network
        vlan_id:
          description: Its VLAN, V(0) for none, V(4095) for all.
          type: int
          sample: 0
        security:
          description: What ports may do with MAC addresses.
          type: dict
          contains:
            promiscuous:
              description: >-
                Whether a port may see what is sent to others, V(accept) or V(reject). It is V(inherit) where the
                port group takes it from its switch.
              type: str
              sample: reject
            mac_changes:
              description: >-
                Whether a guest may receive under another address than its own, V(accept) or V(reject). It is
                V(inherit) where the port group takes it from its switch.
              type: str
              sample: reject
            forged_transmits:
              description: >-
                Whether a guest may send under another address than its own, V(accept) or V(reject). It is
                V(inherit) where the port group takes it from its switch.
              type: str
              sample: reject
        shaping:
          description: The limit of what a port may send.
          type: dict
          contains:
            status:
              description: >-
                Whether there is one, V(enabled) or V(disabled). It is V(inherit) where the port group takes it
                from its switch.
              type: str
              sample: enabled
            average_bps:
              description: >-
                How many bits per second on average. It is null where the port group takes it from its switch.
              type: int
              sample: 8000000
            peak_bps:
              description: >-
                How many bits per second during a burst. It is null where the port group takes it from its switch.
              type: int
              sample: 16000000
            burst_bytes:
              description: How many bytes a burst may have. It is null where the port group takes it from its switch.
              type: int
              sample: 1048576
        teaming:
          description: How the uplinks work together.
          type: dict
          contains:
            policy:
              description: >-
                How an uplink is chosen, V(loadbalance-srcid), V(loadbalance-ip), V(loadbalance-srcmac) or
                V(failover-explicit). It is V(inherit) where the port group takes it from its switch.
              type: str
              sample: loadbalance-srcid
            failure_detection:
              description: >-
                What shows that an uplink fails, V(link) or V(beacon). It is V(inherit) where the port group takes
                it from its switch.
              type: str
              sample: link
            notify_switches:
              description: >-
                Whether physical switches are told when another uplink is used, V(enabled) or V(disabled). It is
                V(inherit) where the port group takes it from its switch.
              type: str
              sample: enabled
            failback:
              description: >-
                Whether an uplink that works again is used again, V(enabled) or V(disabled). It is V(inherit)
                where the port group takes it from its switch.
              type: str
              sample: enabled
            active_uplinks:
              description: The uplinks that are used. It is null where the port group takes it from its switch.
              type: list
              elements: str
              sample: [vmnic0]
            standby_uplinks:
              description: >-
                The uplinks that are used when those fail. It is null where the port group takes it from its
                switch.
              type: list
              elements: str
              sample: [vmnic1]
        effective:
          description: What holds for it, what it takes from its switch included.
          type: dict
          contains:
            security:
              description: What ports may do with MAC addresses.
              type: dict
              contains:
                promiscuous:
                  description: >-
                    Whether a port may see what is sent to others, V(accept) or V(reject). It is null where the
                    host does not say.
                  type: str
                  sample: reject
                mac_changes:
                  description: >-
                    Whether a guest may receive under another address than its own, V(accept) or V(reject). It is
                    null where the host does not say.
                  type: str
                  sample: reject
                forged_transmits:
                  description: >-
                    Whether a guest may send under another address than its own, V(accept) or V(reject). It is
                    null where the host does not say.
                  type: str
                  sample: reject
            shaping:
              description: The limit of what a port may send.
              type: dict
              contains:
                status:
                  description: >-
                    Whether there is one, V(enabled) or V(disabled). It is null where the host does not say.
                  type: str
                  sample: enabled
                average_bps:
                  description: How many bits per second on average. It is null where the host does not say.
                  type: int
                  sample: 8000000
                peak_bps:
                  description: How many bits per second during a burst. It is null where the host does not say.
                  type: int
                  sample: 16000000
                burst_bytes:
                  description: How many bytes a burst may have. It is null where the host does not say.
                  type: int
                  sample: 1048576
            teaming:
              description: How the uplinks work together.
              type: dict
              contains:
                policy:
                  description: >-
                    How an uplink is chosen, V(loadbalance-srcid), V(loadbalance-ip), V(loadbalance-srcmac) or
                    V(failover-explicit). It is null where the host does not say.
                  type: str
                  sample: loadbalance-srcid
                failure_detection:
                  description: >-
                    What shows that an uplink fails, V(link) or V(beacon). It is null where the host does not say.
                  type: str
                  sample: link
                notify_switches:
                  description: >-
                    Whether physical switches are told when another uplink is used, V(enabled) or V(disabled). It
                    is null where the host does not say.
                  type: str
                  sample: enabled
                failback:
                  description: >-
                    Whether an uplink that works again is used again, V(enabled) or V(disabled). It is null where
                    the host does not say.
                  type: str
                  sample: enabled
                active_uplinks:
                  description: The uplinks that are used. It is null where the host does not say.
                  type: list
                  elements: str
                  sample: [vmnic0]
                standby_uplinks:
                  description: The uplinks that are used when those fail. It is null where the host does not say.
                  type: list
                  elements: str
                  sample: [vmnic1]
        ports:
          description: The ports that are in use now; a machine that is off has none.
          type: list
          elements: dict
          contains:
            type:
              description: What is plugged in, V(virtual-machine), V(host), V(system-management) or V(unknown).
              type: str
              sample: virtual-machine
            macs:
              description: Its MAC addresses, as far as the host tells them.
              type: list
              elements: str
              sample: ["00:50:56:00:00:01"]
        vmkernel:
          description: The VMkernel adapters that use it.
          type: list
          elements: dict
          contains:
            name:
              description: The name of the adapter.
              type: str
              sample: vmk0
            services:
              description: What it is used for.
              type: list
              elements: str
              sample: [management]
        management:
          description: Whether the host is managed through it.
          type: bool
          sample: false
        vms:
          description: The virtual machines that use it, running or not.
          type: list
          returned: if O(with_users) is set
          elements: dict
          contains:
            name:
              description: The name of the virtual machine.
              type: str
              sample: web01
            moid:
              description: Its managed object id.
              type: str
              sample: "12"
    network_xml:
      description: >-
        It as libvirt's C(<network>), as O(virt.esx.esx_network#module:network_xml) takes it. It is what C(virsh
        net-dumpxml) shows, and a VLAN and an MTU beside that where they are not the usual ones.
      type: str
      returned: if O(with_network_xml) is set
      sample: "<network>\n  <name>vSwitch0</name>\n</network>\n"
network:
  description: The switch, if one was asked for by name, UUID or port group.
  returned: success, if O(name), O(uuid) or O(port_group) is given
  type: dict
  contains: *switch
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, V(not_found), V(ambiguous), V(option) or another.
      type: str
      sample: not_found
    missing:
      description: What of O(name), O(uuid), O(port_group), O(datacenter) and O(esxi_hostname) is not there.
      returned: if that is why
      type: list
      elements: str
      sample: [vSwitch7]
    candidates:
      description: The hosts that have one, each with C(moid) and C(path).
      returned: if there are several
      type: list
      elements: dict
      sample: [{moid: host-12, path: esx01.example.com}]
    option:
      description: The option that cannot be used.
      returned: if it is one
      type: str
      sample: query
  sample: {kind: not_found, missing: [vSwitch7]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.networks import SELECTING_OPTIONS, selection_of
from ..module_utils._flow.outcome import Facts
from ..module_utils._shell import run_module
from ..module_utils._vi.networks import lookup_networks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "port_group": {"type": "str"},
    "query": {"type": "str"},
    "with_users": {"type": "bool", "default": False},
    "with_network_xml": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {"mutually_exclusive": [list(SELECTING_OPTIONS)]}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the selected switches."""
    del check_mode
    option, value = selection_of(params)
    found = lookup_networks(
        host.session,
        option,
        value,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        with_users=params["with_users"],
        with_xml=params["with_network_xml"],
    )
    is_single = option in ("name", "uuid", "port_group")
    return Facts({"networks": found, **({"network": found[0]} if is_single else {})})


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
