#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say which virtual machines start and stop with their host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_autostart
short_description: Say which virtual machines start and stop with their host
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Says for one virtual machine or for hundreds whether the host starts them when it starts, in which order,
    and what it does with them when it stops. All machines of a host take one request.
  - Nothing is switched on by accident. Where the autostart of a host is off, it is switched on if no other
    virtual machine has a part in it. If one has, the task fails and names it, unless O(manage_defaults=true).
  - It is never switched off unless O(defaults) says so.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.vms
options:
  state:
    description:
      - V(present) makes the host do with the virtual machines what the other options say.
      - V(absent) takes them out of autostart, so that the host neither starts nor stops them.
      - If it is left out, they are made V(present).
    type: str
    default: present
    choices: [present, absent]
  start_action:
    description:
      - What the host does with them when it starts.
      - If it is left out, it powers them on.
    type: str
    default: power-on
    choices: [power-on, none]
  start_order:
    description:
      - The place of the virtual machine among those that the host starts; V(1) is the first.
        Of several machines it is that of the first, and the others follow in the order of the selection.
      - A machine that has this place already is moved back by one, and so on. RV(hosts[].moved) names it.
      - A place beyond the last is refused, as by the host.
      - V(-1) lets the host choose, which starts such machines after the others.
      - If it is left out, a machine keeps its place, and one that is new has none.
    type: int
  start_delay:
    description:
      - The seconds that the host waits after this machine before it starts the next; V(-1) means the host's default.
      - If it is left out, it is not changed, and for a machine that is new it is the host's default.
    type: int
  wait_for_heartbeat:
    description:
      - Whether the host goes on with the next machine as soon as VMware Tools in this one send a heartbeat,
        even before O(start_delay) has passed.
      - If it is left out, it is not changed, and for a machine that is new it is the host's default.
    type: str
    choices: ["yes", "no", host-default]
  stop_action:
    description:
      - What the host does with them when it stops.
      - V(guest-shutdown) needs VMware Tools in the guest.
      - A machine for which this and O(start_action) are V(none) has no part in autostart, as with O(state=absent).
      - If it is left out, it is not changed, and for a machine that is new it is the host's default,
        or with O(start_action=none) nothing.
    type: str
    choices: [host-default, power-off, suspend, guest-shutdown, none]
  stop_delay:
    description:
      - The seconds that the host gives this machine to stop; V(-1) means the host's default.
      - If it is left out, it is not changed, and for a machine that is new it is the host's default.
    type: int
  manage_defaults:
    description:
      - Whether the settings of the host itself may be changed. It is needed for O(defaults),
        and to switch autostart on where that affects other virtual machines.
      - If it is left out, autostart is at most switched on, and only where no other machine has a part in it.
    type: bool
    default: false
  defaults:
    description:
      - The settings of the host, for which O(manage_defaults=true) is needed.
      - With none of O(name), O(uuid), O(moid), O(names) and O(query) it is all that is done. Under a vCenter
        O(esxi_hostname) then says which host is meant.
      - With a O(query) that yields nothing it is done too, but under a vCenter only with O(esxi_hostname).
      - If it is left out, they are not changed.
    type: dict
    suboptions:
      enabled:
        description:
          - Whether the host starts and stops virtual machines at all.
          - If it is left out, it is switched on if a machine is to be started, and never off.
        type: bool
      start_delay:
        description:
          - The seconds between one machine and the next as the host starts.
          - If it is left out, it is not changed.
        type: int
      stop_delay:
        description:
          - The seconds that each machine is given as the host stops.
          - If it is left out, it is not changed.
        type: int
      wait_for_heartbeat:
        description:
          - Whether a heartbeat of VMware Tools ends the delay at the start.
          - If it is left out, it is not changed.
        type: bool
      stop_action:
        description:
          - What the host does with machines as it stops.
          - If it is left out, it is not changed.
        type: str
        choices: [power-off, suspend, guest-shutdown, none]
notes:
  - A host takes the changes of all its virtual machines at once, so if it refuses one, all of them have failed.
  - Hosts in a vSphere HA cluster keep these settings and do not act on them.
seealso:
  - module: virt.esx.esx_vm_power
  - module: virt.esx.esx_vm_info
"""

EXAMPLES = r"""
- name: Start a virtual machine with the host
  virt.esx.esx_vm_autostart:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: web01

- name: Start three, one after the other, and shut their guests down when the host stops
  virt.esx.esx_vm_autostart:
    names: [dns01, db01, web01]
    start_order: 1
    start_delay: 60
    wait_for_heartbeat: "yes"
    stop_action: guest-shutdown
    stop_delay: 120

- name: No longer start those whose name begins with test
  virt.esx.esx_vm_autostart:
    query: "[?starts_with(name, 'test')]"
    state: absent

- name: Switch autostart on for the host, with other delays
  virt.esx.esx_vm_autostart:
    manage_defaults: true
    defaults:
      enabled: true
      start_delay: 30
      stop_delay: 60
"""

RETURN = r"""
vms:
  description: What came of each virtual machine, in the order of the selection; also when the task fails.
  returned: once the virtual machines have been found
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
      description: Its BIOS UUID, null where the host does not report one.
      type: str
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    changed:
      description: Whether this task changed what the host does with it.
      type: bool
      sample: true
    failed:
      description: Whether that failed.
      type: bool
      sample: false
    msg:
      description: Why it failed, an empty string if it did not.
      type: str
      sample: ""
    power_state:
      description: Its power state, which this module does not change. Null where the host cannot tell.
      type: str
      sample: powered-on
    autostart:
      description: >-
        What the host does with it now; in check mode, what it would do.
        Null where no host with autostart has it, which is a failure.
      type: dict
      contains:
        enabled:
          description: Whether it starts with the host, that is, it has this action and autostart is on for the host.
          type: bool
          sample: true
        start_action:
          description: What the host does when it starts, as in O(start_action).
          type: str
          sample: power-on
        start_order:
          description: Its place, as in O(start_order).
          type: int
          sample: 1
        start_delay:
          description: The seconds before the next machine is started, as in O(start_delay).
          type: int
          sample: -1
        wait_for_heartbeat:
          description: Whether a heartbeat is waited for, as in O(wait_for_heartbeat).
          type: str
          sample: host-default
        stop_action:
          description: What the host does when it stops, as in O(stop_action).
          type: str
          sample: host-default
        stop_delay:
          description: The seconds to stop, as in O(stop_delay).
          type: int
          sample: -1
    failure:
      description: The failure of this virtual machine, in the form of RV(failure).
      returned: if it failed, and not for a single one that was selected, whose failure is RV(failure)
      type: dict
      sample: {kind: plan}
vm:
  description: The one entry of RV(vms).
  returned: if one virtual machine was selected, by O(name), O(uuid) or O(moid), and found
  type: dict
  contains: *entry
hosts:
  description: The settings of each host that is concerned.
  returned: once the virtual machines have been found
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: esx01.example.com
    moid:
      description: Its managed object id.
      type: str
      sample: ha-host
    changed:
      description: Whether this task changed its settings, or the place of a machine that was not selected.
      type: bool
      sample: true
    defaults:
      description: Its settings now, as in O(defaults); in check mode, as they would be.
      type: dict
      sample: {enabled: true, start_delay: 120, stop_delay: 120, wait_for_heartbeat: false, stop_action: power-off}
    moved:
      description: The machines that were not selected and got another place, with C(name), C(moid), C(start_order).
      type: list
      elements: dict
      sample: [{name: db01, moid: "7", start_order: 2}]
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(plan) where other virtual machines would be affected, V(not_found),
        V(restricted_licence), or V(some_failed), which has C(failed) and C(first).
      type: str
      sample: plan
    failed:
      description: The names of the virtual machines that failed.
      returned: if RV(failure.kind) is V(some_failed)
      type: list
      elements: str
      sample: [web01]
    first:
      description: The failure of the first of them.
      returned: if RV(failure.kind) is V(some_failed)
      type: dict
      sample: {kind: plan}
    moid:
      description: The id of the virtual machine that the failure is about.
      returned: where it is about one
      type: str
      sample: "12"
    fault:
      description: The name of vSphere's fault.
      returned: if the host refused something
      type: str
      sample: InvalidArgument
    method:
      description: The call that it refused.
      returned: if the host refused something
      type: str
      sample: ReconfigureAutostart
  sample: {kind: plan}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import ALL_VMS_RULES, CONNECTION, VMS, VMS_RULES
from ..module_utils._flow.autostart import HEARTBEAT, START_ACTIONS, STOP_ACTIONS, AutostartResult, Wish
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.autostart import bring_about, lookup_hosts, lookup_only_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "start_action": {"type": "str", "default": "power-on", "choices": list(START_ACTIONS)},
    "start_order": {"type": "int"},
    "start_delay": {"type": "int"},
    "wait_for_heartbeat": {"type": "str", "choices": list(HEARTBEAT)},
    "stop_action": {"type": "str", "choices": list(STOP_ACTIONS)},
    "stop_delay": {"type": "int"},
    "manage_defaults": {"type": "bool", "default": False},
    "defaults": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool"},
            "start_delay": {"type": "int"},
            "stop_delay": {"type": "int"},
            "wait_for_heartbeat": {"type": "bool"},
            "stop_action": {"type": "str", "choices": list(STOP_ACTIONS[1:])},
        },
    },
}
RULES = {**ALL_VMS_RULES, "required_one_of": [[*VMS_RULES["required_one_of"][0], "defaults"]]}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> AutostartResult:
    """Say what the hosts of the selected virtual machines do with them."""
    wish = Wish.from_params(params)
    selector = Selector.from_params(params)
    session = host.session
    found = host.lookup_vms(selector, params["folder"]) if selector.option is not None else []
    is_one_host = not session.is_vcenter or params["esxi_hostname"] is not None
    # Where a query yields no machine, the settings of a host that is named are meant all the same.
    if selector.option is None or (not found and wish.defaults and is_one_host):
        hosts = lookup_only_host(session, datacenter=params["datacenter"], esxi_hostname=params["esxi_hostname"])
    else:
        hosts = lookup_hosts(session, found)
    return bring_about(session, found, hosts, wish, single=selector.is_single, check_mode=check_mode)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
