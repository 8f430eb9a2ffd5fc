# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.to_vmx."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_vmx
short_description: Writes a definition as a VMX
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes the text of a VMX of a definition, offline, without a host.
  - With O(base), an existing VMX is changed so that it says what the definition states; every other line of
    it stays as it is.
  - What a VMX cannot say, such as the size of a disk, is an error that names the field.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: A definition; its fields are those of P(virt.esx.from_vmx#filter)'s result.
    type: dict
    required: true
  base:
    description:
      - The text of a VMX to change. Left out, a new one is written.
      - What the definition does not state stays; devices are matched by their slot, and one of C(absent) goes.
    type: str
  hardware_version:
    description:
      - The virtual hardware to write for, such as V(20) for ESXi 8.0 or V(13) for ESXi 6.5.
      - Left out, it is what the definition or the O(base) says, or else V(20).
      - What this hardware cannot have is an error.
    type: int
seealso:
  - plugin: virt.esx.from_vmx
    plugin_type: filter
  - plugin: virt.esx.domain_xml_to_vmx
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write a VMX
  ansible.builtin.copy:
    dest: web01.vmx
    content: "{{ definition | virt.esx.to_vmx(datastore='ssd', directory='web01') }}"
    mode: "0644"
  vars:
    definition:
      name: web01
      guest_id: rhel9-64
      cpus: 4
      memory_mib: 4096
      disks:
        - slot: scsi0:0
          file: "[ssd] web01/web01.vmdk"

- name: Give a machine more memory, and leave all else as it is
  ansible.builtin.copy:
    dest: web01.vmx
    content: "{{ {'memory_mib': 8192} | virt.esx.to_vmx(base=lookup('ansible.builtin.file', 'web01.vmx')) }}"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text of the VMX.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import vmx
from ..module_utils._vmx.convert import changed_vmx
from ..module_utils._vmx.data import from_data
from ..module_utils._vmx.text import VmxText
from ..plugin_utils.filters import dict_of, filter_of, names_of, text_of, version_of


def to_vmx(
    value: object,
    *,
    base: object = None,
    datastore: object = None,
    directory: object = "",
    hardware_version: object = None,
) -> str:
    """Write plain data as a VMX, or change one."""
    names, version = names_of(datastore, directory), version_of(hardware_version)
    definition = from_data(dict_of(value))
    if base is None:
        return str(vmx.format(definition, names, hardware_version=version))
    text = VmxText.parse(text_of(base, "a VMX as base"))
    return str(changed_vmx(text, definition, names, hardware_version=version))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"to_vmx": filter_of("to_vmx", to_vmx)}
