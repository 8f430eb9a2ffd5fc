#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of the snapshots of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_snapshot_info
short_description: Facts of the snapshots of virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the snapshots of one, several or all virtual machines, with their place in the tree.
  - The snapshots of all machines are read in one round trip.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
  - virt.esx.vms
options:
  with_snapshot_xml:
    description:
      - Whether the facts of each snapshot have its XML as libvirt writes it, RV(vms[].snapshots[].snapshot_xml).
      - It takes no further request.
      - If it is left out, they have none.
    type: bool
    default: false
notes:
  - With none of O(name), O(uuid), O(moid), O(names) and O(query), all virtual machines are meant.
  - A O(query) that yields no virtual machine gives an empty list.
seealso:
  - module: virt.esx.esx_vm_snapshot
"""

EXAMPLES = r"""
- name: The snapshots of a virtual machine
  virt.esx.esx_vm_snapshot_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: web01
  register: web01

- name: All snapshots of a host
  virt.esx.esx_vm_snapshot_info:
  register: all

- name: Show which machines have snapshots from before this year
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ old | map(attribute='path') | join(', ') }}"
  loop: "{{ all.vms }}"
  loop_control:
    label: "{{ item.name }}"
  when: old | length > 0
  vars:
    old: "{{ item.snapshots | selectattr('created', 'lt', '2026-01-01') | list }}"
"""

RETURN = r"""
vms:
  description: The virtual machines, in the order of the selection.
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
      description: Its BIOS UUID, null where the host does not report one.
      type: str
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    power_state:
      description: Its power state, null where the host cannot tell.
      type: str
      sample: powered-on
    consolidation_needed:
      description: Whether removed snapshots have left something on its disks, which can be consolidated.
      type: bool
      sample: false
    snapshots:
      description: All its snapshots, parents before their children.
      type: list
      elements: dict
      contains: &snapshot
        id:
          description: Its number, which no other snapshot of this machine has.
          type: int
          sample: 2
        moid:
          description: Its managed object id.
          type: str
          sample: 12-snapshot-2
        name:
          description: Its name.
          type: str
          sample: before the update
        path:
          description: >-
            Its name and those above it, joined by slashes, with a percent sign and a slash within a name
            as V(%25) and V(%2f). The option C(snapshot) of M(virt.esx.esx_vm_snapshot) takes it.
          type: str
          sample: installed/before the update
        description:
          description: Its description.
          type: str
          sample: Taken by the nightly play
        created:
          description: When it was made, in ISO 8601.
          type: str
          sample: "2026-02-01T02:03:04Z"
        power_state:
          description: The power state that going back to it leads to. V(powered-on) means that it has the memory.
          type: str
          sample: powered-off
        quiesced:
          description: Whether the guest's file systems were at rest.
          type: bool
          sample: false
        current:
          description: Whether it is the one that the machine runs on top of.
          type: bool
          sample: true
        parent:
          description: The C(id) of the snapshot above it, null for a root.
          type: int
          sample: 1
        children:
          description: The C(id) of each snapshot below it.
          type: list
          elements: int
          sample: [3, 4]
        snapshot_xml:
          description: The snapshot as libvirt's ESX driver writes it, C(<domainsnapshot>).
          returned: with O(with_snapshot_xml)
          type: str
          sample: |
            <domainsnapshot>
              <name>before the update</name>
              ...
            </domainsnapshot>
    current:
      description: The snapshot that the machine runs on top of, null if there is none.
      type: dict
      contains: *snapshot
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

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import ALL_VMS_RULES, CONNECTION, VMS
from ..module_utils._flow.outcome import Facts
from ..module_utils._flow.select import Selector
from ..module_utils._flow.snapshot_wish import CONSOLIDATION_PATH, TREE_PATH
from ..module_utils._shell import run_module
from ..module_utils._vi.snapshots import facts_with_xml, tree_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import FoundVm, Host

ARGUMENT_SPEC = {**CONNECTION, **VMS, "with_snapshot_xml": {"type": "bool", "default": False}}
RULES: Mapping[str, Any] = ALL_VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the snapshots of the selected virtual machines."""
    del check_mode
    selector = Selector.from_params(params)
    # A query that yields nothing is no error for who only looks.
    lookup = host.lookup_known_vms if selector.option == "query" else host.lookup_vms
    found = lookup(selector, params["folder"], also=(TREE_PATH, CONSOLIDATION_PATH))
    vms = [_entry(item, with_xml=params["with_snapshot_xml"]) for item in found]
    return Facts({"vms": vms, **({"vm": vms[0]} if selector.is_single else {})})


def _entry(item: FoundVm, *, with_xml: bool) -> dict[str, Any]:
    state, tree = item.state, tree_of(item.values.get(TREE_PATH))
    snapshots = [facts_with_xml(tree, one, item.vm) if with_xml else tree.facts_of(one) for one in tree.walk()]
    return {
        "name": item.vm.name,
        "moid": item.vm.moid,
        "uuid": item.vm.uuid,
        "power_state": state.power_state.value if state.power_state else None,
        "consolidation_needed": bool(item.values.get(CONSOLIDATION_PATH)),
        "snapshots": snapshots,
        "current": next((one for one in snapshots if one["current"]), None),
    }


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
