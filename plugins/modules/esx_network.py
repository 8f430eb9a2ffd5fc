#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make, change and remove a standard switch and its port groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_network
short_description: Make, change and remove a standard switch and its port groups
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Sees to it that a host has a standard switch with port groups, or has not, with uplinks, number of ports, MTU,
    VLANs, and policies for security, shaping and teaming.
  - What is there is compared with what is wished, from options or from libvirt's C(<network>), and only what differs is
    changed.
  - A port group that a virtual machine or a VMkernel adapter uses is not removed, and the failure names who uses it.
  - A change that would cut the host off is refused unless O(cut_management=true).
  - If one step fails, those before it are taken back. Then all is as before, or the failure says what is not.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  name:
    description:
      - The name of the switch, compared exactly. A new one may have 31 characters.
      - Needed unless O(network_xml) is given.
    type: str
  state:
    description:
      - V(present) makes the switch unless it is there, and changes what differs.
      - V(absent) removes it with its port groups.
    type: str
    default: present
    choices: [present, absent]
  uplinks:
    description:
      - The physical network cards that the switch shall have, and no others. An empty list leaves it none.
      - One that another switch has is an error. Take it away there first.
      - If it is left out, those of a switch that is there are not changed, and a new one has none.
    type: list
    elements: str
  num_ports:
    description:
      - How many ports it has, from 1 to 4088. Newer hosts make more when they need more.
      - If it is left out, it is not changed, and for a new one it is 128.
    type: int
  mtu:
    description:
      - Its MTU, from 1280 to 9000.
      - If it is left out, it is not changed, and for a new one it is 1500.
    type: int
  security:
    description:
      - What a port may do with MAC addresses. This is what libvirt has network filters for.
      - What of it is left out is not changed.
    type: dict
    suboptions:
      promiscuous:
        description:
          - Whether a port may see what is sent to others.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [accept, reject]
      mac_changes:
        description:
          - Whether a guest may receive under another address than its own.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [accept, reject]
      forged_transmits:
        description:
          - Whether a guest may send under another address than its own.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [accept, reject]
  shaping:
    description:
      - The limit of what a port may send.
      - What of it is left out is not changed.
    type: dict
    suboptions:
      status:
        description:
          - Whether there is a limit.
          - If it is left out and one of the numbers is given, it is V(enabled). Otherwise it is not changed.
        type: str
        choices: [enabled, disabled]
      average_bps:
        description:
          - How many bits per second on average.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: int
      peak_bps:
        description:
          - How many bits per second during a burst, not less than on average.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: int
      burst_bytes:
        description:
          - How many bytes a burst may have.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: int
  teaming:
    description:
      - How the uplinks work together.
      - What of it is left out is not changed.
    type: dict
    suboptions:
      policy:
        description:
          - How an uplink is chosen, by the port, by the addresses (the physical switch must know of that), by the
            MAC address, or always the first of the failover order.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [loadbalance-srcid, loadbalance-ip, loadbalance-srcmac, failover-explicit]
      failure_detection:
        description:
          - What shows that an uplink fails, its link alone or probes that the uplinks send to each other.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [link, beacon]
      notify_switches:
        description:
          - Whether physical switches are told when another uplink is used.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [enabled, disabled]
      failback:
        description:
          - Whether an uplink that works again is used again.
          - If it is left out, it is not changed, and of a new one the host decides.
        type: str
        choices: [enabled, disabled]
      active_uplinks:
        description:
          - The uplinks that are used, the first one first.
          - If it and O(teaming.standby_uplinks) are left out, the failover order is not changed, except that
            uplinks that come are active and those that go are in it no more. If only this is left out, none is
            active.
        type: list
        elements: str
      standby_uplinks:
        description:
          - The uplinks that are used when those fail, the first one first.
          - If it is left out and O(teaming.active_uplinks) is given, there are none.
        type: list
        elements: str
  port_groups:
    description:
      - The port groups that it shall have or shall not have.
      - Others are left as they are, unless O(purge_port_groups=true). If it is left out, all are left as they are.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Its name, compared exactly. A new one may have 80 characters.
          - One that is on another switch is an error, for a host has each name once.
        type: str
        required: true
      state:
        description:
          - V(present) makes it unless it is there, and changes what differs. V(absent) removes it.
        type: str
        default: present
        choices: [present, absent]
      vlan_id:
        description:
          - Its VLAN, V(0) for none, V(4095) to let all of them through to the guests.
          - If it is left out, it is not changed, and for a new one it is V(0).
        type: int
      security:
        description:
          - What a port may do with MAC addresses. This is what libvirt has network filters for.
          - What of it is left out is not changed.
        type: dict
        suboptions:
          promiscuous:
            description:
              - Whether a port may see what is sent to others.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [accept, reject, inherit]
          mac_changes:
            description:
              - Whether a guest may receive under another address than its own.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [accept, reject, inherit]
          forged_transmits:
            description:
              - Whether a guest may send under another address than its own.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [accept, reject, inherit]
      shaping:
        description:
          - The limit of what a port may send.
          - What of it is left out is not changed.
        type: dict
        suboptions:
          status:
            description:
              - Whether there is a limit.
              - V(inherit) takes it from the switch again.
              - If it is left out and one of the numbers is given, it is V(enabled). Otherwise it is not changed.
            type: str
            choices: [enabled, disabled, inherit]
          average_bps:
            description:
              - How many bits per second on average.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: int
          peak_bps:
            description:
              - How many bits per second during a burst, not less than on average.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: int
          burst_bytes:
            description:
              - How many bytes a burst may have.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: int
      teaming:
        description:
          - How the uplinks work together.
          - What of it is left out is not changed.
        type: dict
        suboptions:
          policy:
            description:
              - How an uplink is chosen, by the port, by the addresses (the physical switch must know of that), by
                the MAC address, or always the first of the failover order.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [loadbalance-srcid, loadbalance-ip, loadbalance-srcmac, failover-explicit, inherit]
          failure_detection:
            description:
              - What shows that an uplink fails, its link alone or probes that the uplinks send to each other.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [link, beacon, inherit]
          notify_switches:
            description:
              - Whether physical switches are told when another uplink is used.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [enabled, disabled, inherit]
          failback:
            description:
              - Whether an uplink that works again is used again.
              - V(inherit) takes it from the switch again.
              - If it is left out, it is not changed, and a new one takes it from the switch.
            type: str
            choices: [enabled, disabled, inherit]
          active_uplinks:
            description:
              - The uplinks that are used, the first one first.
              - If it and O(port_groups[].teaming.standby_uplinks) are left out, the failover order is not
                changed, except that a new port group takes it from the switch. If only this is left out, none is
                active.
            type: list
            elements: str
          standby_uplinks:
            description:
              - The uplinks that are used when those fail, the first one first.
              - If it is left out and O(port_groups[].teaming.active_uplinks) is given, there are none.
            type: list
            elements: str
          inherit_order:
            description:
              - Whether the failover order is taken from the switch again.
            type: bool
            default: false
  purge_port_groups:
    description:
      - Whether port groups that O(port_groups) does not name are removed. One that is in use is an error.
      - If it is left out, it is V(false).
    type: bool
    default: false
  network_xml:
    description:
      - The switch as libvirt's C(<network>), instead of O(name), O(uplinks), O(mtu), O(shaping) and O(port_groups).
      - It is a whole description, so without C(<forward>) there are no uplinks, and without C(<bandwidth>) no limit.
        Port groups that it does not name are left as they are, and so are a VLAN and an MTU where it has none.
      - What no standard switch has, such as C(<ip>) or another mode than V(bridge), is an error that says where it is.
      - With O(state=absent) only its name is looked at.
    type: str
  cut_management:
    description:
      - Whether a change is made that cuts off a VMkernel adapter through which the host is managed, by putting its port
        group into another VLAN or by leaving it none of the uplinks that carry it.
      - If it is left out, it is V(false).
    type: bool
    default: false
notes:
  - Under a vCenter with several hosts O(esxi_hostname) says on which one. Each host has switches of its own.
  - A port group is neither renamed nor moved to another switch.
  - What libvirt's ESX driver has no word for, this module changes too, VLANs, policies and MTU. It also changes what is
    there, which libvirt cannot.
seealso:
  - module: virt.esx.esx_network_info
  - module: virt.esx.esx_interface_info
"""

EXAMPLES = r"""
- name: A switch with two uplinks and two port groups
  virt.esx.esx_network:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: vSwitch1
    uplinks: [vmnic1, vmnic2]
    mtu: 9000
    teaming:
      policy: failover-explicit
      active_uplinks: [vmnic1]
      standby_uplinks: [vmnic2]
    port_groups:
      - name: web
        vlan_id: 20
      - name: nested
        vlan_id: 4095
        security: {promiscuous: accept, forged_transmits: accept, mac_changes: accept}

- name: Put one port group into another VLAN, and let it be as its switch is
  virt.esx.esx_network:
    name: vSwitch1
    port_groups:
      - name: nested
        vlan_id: 30
        security: {promiscuous: inherit, forged_transmits: inherit, mac_changes: inherit}

- name: Limit what each port may send
  virt.esx.esx_network:
    name: vSwitch1
    shaping:
      average_bps: 100000000
      peak_bps: 200000000
      burst_bytes: 104857600

- name: Remove a port group
  virt.esx.esx_network:
    name: vSwitch1
    port_groups:
      - name: nested
        state: absent

- name: The same from libvirt's XML
  virt.esx.esx_network:
    network_xml: |
      <network>
        <name>vSwitch2</name>
        <forward mode='bridge'>
          <interface dev='vmnic3'/>
        </forward>
        <portgroup name='db'>
          <vlan><tag id='40'/></vlan>
        </portgroup>
      </network>

- name: Remove a switch with its port groups
  virt.esx.esx_network:
    name: vSwitch2
    state: absent
"""

RETURN = r"""
network:
  description: >-
    The switch as it is afterwards, in check mode and after a failure as it is now; null where it is not there.
    The keys are those of M(virt.esx.esx_network_info).
  returned: success, and when a change failed
  type: dict
  contains:
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
          returned: if something is to be removed
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
host:
  description: The host on which it was done.
  returned: success, and when a change failed
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: esx01.example.com
    moid:
      description: Its managed object id.
      type: str
      sample: ha-host
diff:
  description: >-
    The switch before and after, with those of its port groups that are changed. Both are empty where nothing is
    changed, and one of them where there is no switch. Of a new one it has what was said of it.
  returned: success, and when a change failed
  type: dict
  contains:
    before:
      description: How it was.
      type: dict
      sample: {}
    after:
      description: How it is then.
      type: dict
      sample: {name: vSwitch1, uplinks: [vmnic1], num_ports: 128, mtu: 1500, port_groups: {web: {vlan_id: 20}}}
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(option), V(not_found) where there is no such host or network card, V(plan) where
        it cannot be, V(fault), V(restricted_licence) or V(connection_lost).
      type: str
      sample: plan
    in_use:
      description: >-
        Who uses what was to be removed, each with C(port_group), C(kind) (V(virtual-machine) or V(vmkernel)), C(name)
        and C(moid), which is null for a VMkernel adapter.
      returned: if somebody does
      type: list
      elements: dict
      sample: [{port_group: web, kind: virtual-machine, name: web01, moid: "12"}]
    management:
      description: What would be cut off, with C(port_group) and C(vmkernel), the names of the adapters.
      returned: if the host would be cut off
      type: dict
      sample: {port_group: Management Network, vmkernel: [vmk0]}
    done:
      description: What was done before the failure, in words.
      returned: if a change failed
      type: list
      elements: str
      sample: ["the switch 'vSwitch1' is made without an uplink"]
    rolled_back:
      description: Whether all is as before. It is missing where the host could not be asked.
      returned: if a change failed
      type: bool
      sample: true
    not_restored:
      description: What is not as before, in words.
      returned: if anything is not
      type: list
      elements: str
      sample: ["the port group 'web'"]
    option:
      description: The option that cannot be used.
      returned: if it is one
      type: str
      sample: port_groups
    path:
      description: The place in O(network_xml) that cannot be used.
      returned: if it is one
      type: str
      sample: /network/forward/@mode
    missing:
      description: What is not there.
      returned: if it was named
      type: list
      elements: str
      sample: [vmnic7]
    candidates:
      description: The hosts among which O(esxi_hostname) must choose, each with C(moid) and C(path).
      returned: if there are several
      type: list
      elements: dict
      sample: [{moid: host-12, path: /DC/host/esx01.example.com}]
    fault:
      description: The name of vSphere's fault.
      returned: if the host refused something
      type: str
      sample: HostConfigFault
    method:
      description: The call that it refused, or that got no answer.
      returned: if there is one
      type: str
      sample: AddPortGroup
    privilege:
      description: The privilege that the account lacks.
      returned: if it lacks one
      type: str
      sample: Host.Config.Network
  sample: {kind: plan}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.network_wish import NetworkWish, policy_options
from ..module_utils._shell import run_module
from ..module_utils._vi.network_work import NetworkResult, bring_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

PORT_GROUP = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "vlan_id": {"type": "int"},
    **policy_options(inherits=True),
}
ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "uplinks": {"type": "list", "elements": "str"},
    "num_ports": {"type": "int"},
    "mtu": {"type": "int"},
    **policy_options(inherits=False),
    "port_groups": {"type": "list", "elements": "dict", "options": PORT_GROUP},
    "purge_port_groups": {"type": "bool", "default": False},
    "network_xml": {"type": "str"},
    "cut_management": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {
    "required_one_of": [["name", "network_xml"]],
    "mutually_exclusive": [["network_xml", option] for option in ("name", "uplinks", "mtu", "shaping", "port_groups")],
}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> NetworkResult:
    """See to the switch on the host that is meant."""
    wish = NetworkWish.from_params(params)
    return bring_about(
        host.session,
        wish,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        check_mode=check_mode,
    )


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
