#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set up the firewall of a host, and see what it lets through."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_firewall
short_description: Set up the firewall of a host, and see what it lets through
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Switches the rule sets of a host's firewall on and off, and says who may use them, any number of them in one task.
  - A change that would cut off the connection through which the host is managed is refused, unless O(force=true).
  - If the host refuses one change, those before it are taken back.
  - With nothing to change it only reads, in one round trip on ESXi, also with a read-only account and with the free
    licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  rulesets:
    description:
      - The rule sets that are meant. One of which nothing but the name is given, is only read.
      - A rule set that is narrowed and enabled, is narrowed before it is enabled.
      - If it is left out, no rule set is changed, and all are returned.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the rule set, such as V(sshServer), as RV(rulesets[].name) has it and C(esxcli network firewall
            ruleset list) shows it. Upper and lower case count.
        type: str
        required: true
      enabled:
        description:
          - Whether it is enabled. A rule set that the host requires cannot be disabled.
          - If it is left out, it is not changed.
        type: bool
      allowed:
        description:
          - The hosts that may use it. Of a rule set for what comes in, these are those that call. Of one for what goes
            out, these are those that are called.
          - If it is left out, it is not changed.
        type: dict
        suboptions:
          all_ip:
            description:
              - V(true) allows everybody. V(false) allows O(rulesets[].allowed.addresses) and
                O(rulesets[].allowed.networks) alone, and if both are left out, those that the host has on its lists.
              - If it is left out, it is V(false), for addresses or networks are given then.
            type: bool
          addresses:
            description:
              - IPv4 and IPv6 addresses, in any way of writing them.
              - If it is left out, there are none besides O(rulesets[].allowed.networks).
            type: list
            elements: str
          networks:
            description:
              - IPv4 and IPv6 networks, such as V(192.0.2.0/24) or V(2001:db8::/64). A netmask is read too.
                An address within a network, such as V(192.0.2.5/24), is refused.
              - If it is left out, there are none besides O(rulesets[].allowed.addresses).
            type: list
            elements: str
          change:
            description:
              - V(set) makes addresses and networks the only ones that are allowed.
              - V(add) allows them too, which changes nothing where everybody is allowed.
              - V(remove) takes them off the lists, which is refused where everybody is allowed.
              - If it is left out, they are V(set).
            type: str
            default: set
            choices: [set, add, remove]
  default_policy:
    description:
      - What becomes of packets for which there is no rule set.
      - If it is left out, it is not changed.
    type: dict
    suboptions:
      incoming_blocked:
        description:
          - Whether those that come in are blocked.
          - If it is left out, it is not changed.
        type: bool
      outgoing_blocked:
        description:
          - Whether those that go out are blocked.
          - If it is left out, it is not changed.
        type: bool
  client_address:
    description:
      - The address from which the host is managed, which must not be shut out.
      - If it is left out, it is the address from which the host sees this session come, and under a vCenter that of the
        vCenter. It must be given where a proxy on the host hides it, so that V(127.0.0.1) is all that is seen.
    type: str
  refresh:
    description:
      - Whether the host first reads its rule sets again, as after an extension was installed. In check mode it never
        does. It is no change.
      - If it is left out, it does not.
    type: bool
    default: false
  force:
    description:
      - Whether the change is made though our own connection would be cut off. The result is then what was asked for,
        for nobody may be able to look.
      - If it is left out, that is refused.
    type: bool
    default: false
notes:
  - Under a vCenter O(esxi_hostname) says which host is meant. It may be left out where there is only one.
  - Our own connection is TCP port 443, under a vCenter TCP port 902 and heartbeats on UDP port 902 too.
    It counts as cut off when nothing lets O(client_address) through any more, neither an enabled rule set nor the
    default policy.
  - Other clients, such as SSH, backup or monitoring, are not looked after.
  - A firewall that is switched off as a whole looks like one that is on. The API does not tell.
seealso:
  - module: virt.esx.esx_interface_info
  - module: virt.esx.esx_host_info
"""

EXAMPLES = r"""
- name: SSH from two networks alone, NTP and syslog to everybody
  virt.esx.esx_firewall:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    rulesets:
      - name: sshServer
        enabled: true
        allowed:
          addresses: ["2001:db8::10"]
          networks: [192.0.2.0/24]
      - name: ntpClient
        enabled: true
      - name: syslog
        enabled: true

- name: Let one more host in
  virt.esx.esx_firewall:
    rulesets:
      - name: sshServer
        allowed:
          change: add
          addresses: [198.51.100.7]

- name: Allow everybody again
  virt.esx.esx_firewall:
    rulesets:
      - name: sshServer
        allowed:
          all_ip: true

- name: Only look, at all rule sets
  virt.esx.esx_firewall:
  register: firewall

- name: Show what stands open to everybody
  ansible.builtin.debug:
    msg: "{{ firewall.rulesets | selectattr('enabled') | selectattr('allowed.all_ip') | map(attribute='name') }}"

- name: Drop what no rule set lets through
  virt.esx.esx_firewall:
    default_policy:
      incoming_blocked: true
      outgoing_blocked: true
"""

RETURN = r"""
host:
  description: The host.
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
rulesets:
  description: >-
    The rule sets that O(rulesets) names, without it all, as they are now; in check mode, as they would be.
  returned: success, and when a change failed
  type: list
  elements: dict
  contains: &entry
    name:
      description: Its name.
      type: str
      sample: sshServer
    label:
      description: What people call it.
      type: str
      sample: SSH Server
    enabled:
      description: Whether it is enabled.
      type: bool
      sample: true
    required:
      description: Whether the host requires it, so that it cannot be disabled.
      type: bool
      sample: false
    service:
      description: The service that goes with it, null if there is none.
      type: str
      sample: TSM-SSH
    rules:
      description: What it lets through.
      type: list
      elements: dict
      contains:
        direction:
          description: V(inbound) or V(outbound).
          type: str
          sample: inbound
        protocol:
          description: The protocol, such as V(tcp) or V(udp).
          type: str
          sample: tcp
        port:
          description: The port, or the first one of a range.
          type: int
          sample: 22
        end_port:
          description: The last port of a range, null if it is one port.
          type: int
          sample: null
        port_type:
          description: Whose port it is, V(dst) or V(src).
          type: str
          sample: dst
    allowed:
      description: The hosts that may use it.
      type: dict
      contains:
        all_ip:
          description: Whether everybody may. The lists are of no use then.
          type: bool
          sample: false
        addresses:
          description: The addresses that may.
          type: list
          elements: str
          sample: ["2001:db8::10"]
        networks:
          description: The networks that may.
          type: list
          elements: str
          sample: [192.0.2.0/24]
    user_controllable:
      description: Whether users may switch it, null where the host does not say.
      type: bool
      sample: true
    ip_list_user_configurable:
      description: Whether users may say who is allowed, null where the host does not say.
      type: bool
      sample: true
ruleset:
  description: The one entry of RV(rulesets).
  returned: if O(rulesets) names one
  type: dict
  contains: *entry
default_policy:
  description: What becomes of packets for which there is no rule set.
  returned: success, and when a change failed
  type: dict
  contains:
    incoming_blocked:
      description: Whether those that come in are blocked, null where the host does not say.
      type: bool
      sample: true
    outgoing_blocked:
      description: Whether those that go out are blocked, null where the host does not say.
      type: bool
      sample: true
client_address:
  description: The address from which the host is managed, null where nobody knows.
  returned: success, and when a change failed
  type: str
  sample: 192.0.2.50
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(option), V(not_found) where there is no such rule set, V(plan) where we would be
        cut off or the rule set cannot be changed, V(fault) or V(restricted_licence).
      type: str
      sample: not_found
    near:
      description: The rule sets that are called nearly so.
      returned: if there is no such rule set, and there are any
      type: list
      elements: str
      sample: [sshServer]
    missing:
      description: What is not there.
      returned: if it was named
      type: list
      elements: str
      sample: [sshserver]
    ruleset:
      description: The rule set that cannot be changed.
      returned: if it is one
      type: str
      sample: vSphereClient
    shut_out:
      description: >-
        Who would be cut off, with C(address) (null where it is not known), C(port), and C(rulesets), those that let it
        through now.
      returned: if we would be cut off
      type: dict
      sample: {address: 192.0.2.50, port: 443, rulesets: [vSphereClient]}
    done:
      description: What was changed before and could not be taken back, in words; C(changed) is true if there is any.
      returned: if a request failed
      type: list
      elements: str
      sample: []
    option:
      description: The option that cannot be.
      returned: if it is one
      type: str
      sample: rulesets[0].allowed.networks[0]
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
      description: The call that it refused.
      returned: if the host refused something
      type: str
      sample: DisableRuleset
    privilege:
      description: The privilege that the account lacks.
      returned: if it lacks one
      type: str
      sample: Host.Config.NetService
  sample: {kind: not_found, missing: [sshserver], near: [sshServer]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.firewall import POLICY
from ..module_utils._flow.firewall_wish import CHANGES, FirewallWish
from ..module_utils._shell import run_module
from ..module_utils._vi.firewall import FirewallResult, bring_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ALLOWED: Mapping[str, Any] = {
    "all_ip": {"type": "bool"},
    "addresses": {"type": "list", "elements": "str"},
    "networks": {"type": "list", "elements": "str"},
    "change": {"type": "str", "default": CHANGES[0], "choices": list(CHANGES)},
}
RULESET: Mapping[str, Any] = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool"},
    "allowed": {"type": "dict", "options": dict(ALLOWED)},
}
ARGUMENT_SPEC = {
    **CONNECTION,
    "rulesets": {"type": "list", "elements": "dict", "options": dict(RULESET)},
    "default_policy": {"type": "dict", "options": {name: {"type": "bool"} for name in POLICY}},
    "client_address": {"type": "str"},
    "refresh": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> FirewallResult:
    """Set up the firewall of the host that is meant."""
    wish = FirewallWish.from_params(params)
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
