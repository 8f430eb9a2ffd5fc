#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of network interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_interface_info
short_description: Facts of network interfaces
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the facts of one, several or all network interfaces of an ESXi host, or of the hosts of a vCenter.
  - These are the physical network cards, with link and speed, and the VMkernel adapters, with addresses and services.
  - All of it is read in one round trip.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
options:
  name:
    description:
      - The name of one interface, such as V(vmnic0) or V(vmk0), compared exactly.
      - Under a vCenter most hosts have one of that name, so that O(esxi_hostname) must say which host is meant.
      - If it is left out, O(mac), O(names) or O(query) says which are meant.
        At most one of these may be given.
    type: str
  mac:
    description:
      - The MAC address of one interface, in upper or lower case, with colons, hyphens, dots or nothing in between.
      - If it is left out, O(name), O(names) or O(query) says which are meant.
    type: str
  names:
    description:
      - The names of several interfaces, each as with O(name).
      - If it is left out, O(name), O(mac) or O(query) says which are meant.
    type: list
    elements: str
  query:
    description:
      - A JMESPath expression over the list of the facts of all interfaces, RV(interfaces),
        for example V([?kind=='physical' && !link_up]).
      - It must yield interfaces, their names or their ids are not enough.
      - If it is left out, O(name), O(mac) or O(names) says which are meant.
    type: str
  with_interface_xml:
    description:
      - Whether to return libvirt's C(<interface>) too, RV(interfaces[].interface_xml).
    type: bool
    default: false
notes:
  - With none of O(name), O(mac), O(names) and O(query), all interfaces are meant.
  - A O(query) that yields no interface gives an empty list.
  - Under a vCenter O(esxi_hostname) names one host.
    Without it all hosts are meant, within O(datacenter) if that is set.
    A host that is not connected says nothing of its interfaces.
seealso:
  - module: virt.esx.esx_host_info
  - module: virt.esx.esx_firewall
"""

EXAMPLES = r"""
- name: One network card, by its name
  virt.esx.esx_interface_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: vmnic0
  register: card

- name: Stop where it has no link
  ansible.builtin.assert:
    that: card.interface.link_up

- name: The cards that no switch uses
  virt.esx.esx_interface_info:
    query: "[?kind=='physical' && !switch]"

- name: The VMkernel adapters that carry vMotion
  virt.esx.esx_interface_info:
    query: "[?kind=='vmkernel' && contains(services, 'vmotion')]"

- name: One by its MAC address, as libvirt describes it too
  virt.esx.esx_interface_info:
    mac: 00-50-56-AA-BB-01
    with_interface_xml: true
"""

RETURN = r"""
interfaces:
  description: >-
    The interfaces, in the order of the selection; without one those of each host together, physical network cards
    first. What does not apply to one of its kind is null.
  returned: success
  type: list
  elements: dict
  contains: &entry
    id:
      description: What no other interface has, the managed object id of its host and its name.
      type: str
      sample: ha-host/vmnic0
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
      sample: vmnic0
    kind:
      description: V(physical) or V(vmkernel).
      type: str
      sample: physical
    mac:
      description: Its MAC address.
      type: str
      sample: 02:00:00:00:00:01
    switch:
      description: >-
        The switch that a physical network card is an uplink of, or that a VMkernel adapter is plugged into, standard or
        distributed. It is null where there is none.
      type: str
      sample: vSwitch0
    mtu:
      description: Its MTU. Of a physical network card it is that of the switch.
      type: int
      sample: 1500
    ipv4:
      description: What it has of IPv4.
      type: dict
      contains:
        dhcp:
          description: Whether DHCP gives it the address.
          type: bool
          sample: false
        address:
          description: The address, null if there is none.
          type: str
          sample: 192.0.2.11
        netmask:
          description: The netmask.
          type: str
          sample: 255.255.255.0
        prefix:
          description: The length of the prefix that the netmask stands for.
          type: int
          sample: 24
    ipv6:
      description: What it has of IPv6.
      type: dict
      contains:
        dhcp:
          description: Whether DHCP gives it addresses.
          type: bool
          sample: false
        autoconf:
          description: Whether routers give it addresses.
          type: bool
          sample: true
        addresses:
          description: The addresses.
          type: list
          elements: dict
          contains:
            address:
              description: The address.
              type: str
              sample: fe80::250:56ff:fe00:1
            prefix:
              description: The length of its prefix.
              type: int
              sample: 64
            origin:
              description: Where it has it from in the words of the API, such as V(manual), V(dhcp) or V(linklayer).
              type: str
              sample: manual
            state:
              description: Its state in the words of the API, such as V(preferred) or V(duplicate).
              type: str
              sample: preferred
    driver:
      description: The driver of a physical network card.
      type: str
      sample: ixgben
    pci:
      description: The PCI address of a physical network card.
      type: str
      sample: "0000:02:00.0"
    link_up:
      description: Whether a physical network card has a link.
      type: bool
      sample: true
    link_mbps:
      description: How fast that is, null where there is no link.
      type: int
      sample: 10000
    full_duplex:
      description: Whether it sends and receives at once, null where there is no link.
      type: bool
      sample: true
    auto_negotiate:
      description: Whether a physical network card agrees with the other side on the speed; if not, somebody has set it.
      type: bool
      sample: true
    speeds_mbps:
      description: The speeds that a physical network card can be set to.
      type: list
      elements: int
      sample: [1000, 10000]
    wake_on_lan:
      description: Whether a physical network card can wake the host up.
      type: bool
      sample: false
    port_group:
      description: >-
        The port group of a VMkernel adapter. On a distributed switch it is the key of that.
      type: str
      sample: Management Network
    vlan_id:
      description: The VLAN of that port group, null on a distributed switch.
      type: int
      sample: 0
    netstack:
      description: The TCP/IP stack of a VMkernel adapter.
      type: str
      sample: defaultTcpipStack
    services:
      description: >-
        The services that a VMkernel adapter carries in the words of the API, such as V(management), V(vmotion),
        V(faultToleranceLogging) or V(vsan).
      type: list
      elements: str
      sample: [management]
    interface_xml:
      description: What C(virsh iface-dumpxml) shows of it, null for VMkernel adapters, which libvirt does not know.
      returned: with O(with_interface_xml)
      type: str
      sample: <interface type="ethernet" name="vmnic0">...</interface>
interface:
  description: The one entry of RV(interfaces).
  returned: if one interface was selected, by O(name) or O(mac)
  type: dict
  contains: *entry
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: not_found, missing: [vmnic7]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.interfaces import SELECTING_OPTIONS, selection_of
from ..module_utils._flow.outcome import Facts
from ..module_utils._shell import run_module
from ..module_utils._vi.interfaces import lookup_interfaces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str"},
    "mac": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
    "with_interface_xml": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {"mutually_exclusive": [list(SELECTING_OPTIONS)]}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the selected interfaces."""
    del check_mode
    option, value = selection_of(params)
    found = lookup_interfaces(
        host.session,
        option,
        value,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        with_xml=params["with_interface_xml"],
    )
    return Facts({"interfaces": found, **({"interface": found[0]} if option in ("name", "mac") else {})})


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
