# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which virtual machines."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible looks for a class of this name."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of one virtual machine, compared exactly.
      - A name that two machines bear is an error that lists both, with O(moid) and path.
      - If it is left out, O(uuid), O(moid), O(names) or O(query) says which machines are meant.
        At most one of these may be given.
    type: str
  uuid:
    description:
      - The BIOS UUID or the instance UUID of one virtual machine, in any way of writing it.
      - If it is left out, O(name), O(moid), O(names) or O(query) says which machines are meant.
    type: str
  moid:
    description:
      - The managed object id of one virtual machine, for example V(12) on a host or V(vm-1034) under a vCenter.
      - If it is left out, O(name), O(uuid), O(names) or O(query) says which machines are meant.
    type: str
  names:
    description:
      - The names of several virtual machines, each as with O(name). If one is missing, nothing is done to any.
      - If it is left out, O(name), O(uuid), O(moid) or O(query) says which machines are meant.
    type: list
    elements: str
  query:
    description:
      - A JMESPath expression over the list of the facts of all virtual machines,
        as M(virt.esx.esx_vm_info) returns them,
        for example V([?power_state=='powered-off' && starts_with(name, 'web'\)]).
      - It must yield virtual machines, their names or their ids are not enough. If it yields none, nothing is done.
      - If it is left out, O(name), O(uuid), O(moid) or O(names) says which machines are meant.
    type: str
  folder:
    description:
      - Only virtual machines in this folder, or in folders below it, are seen.
      - It is a path below the datacenter's folder for virtual machines, such as V(production/web),
        or a whole inventory path that begins with a slash, such as V(/dc1/vm/production).
      - If it is left out, machines are looked for in all folders.
    type: str
"""
