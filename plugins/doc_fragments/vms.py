# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that select virtual machines; the spec beside it is VMS."""

from __future__ import annotations


class ModuleDocFragment:
    """Which virtual machines."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the virtual machine, exactly.
      - A name that two virtual machines have is an error that lists both. Never is the first one taken.
      - If it is left out, another option selects.
    type: str
  uuid:
    description:
      - BIOS UUID or instance UUID of the virtual machine, in any writing.
      - If it is left out, another option selects.
    type: str
  moid:
    description:
      - Managed object id of the virtual machine, such as V(12) on an ESXi host or V(vm-42) under vCenter.
      - If it is left out, another option selects.
    type: str
  names:
    description:
      - Names of virtual machines. If one of them is missing or ambiguous, the task fails before anything is touched.
      - If it is left out, another option selects.
    type: list
    elements: str
  query:
    description:
      - JMESPath expression that is evaluated on the list of facts of all virtual machines,
        in the form that M(virt.esx.esx_vm_info) returns them, and that yields the ones that are meant.
      - If it is left out, another option selects.
    type: str
  folder:
    description:
      - Look only for virtual machines in this folder and in folders below it.
      - It is a path below the datacenter's folder of virtual machines, or with a leading slash an inventory path.
      - If it is left out, all folders are looked in.
    type: str
requirements:
  - jmespath >= 1.0, for O(query)
"""
