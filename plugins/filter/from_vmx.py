# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.from_vmx."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_vmx
short_description: Reads a VMX as a dictionary
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes a definition of the text of a VMX, offline, without a host.
  - An entry that has no field stands in the key C(extra) of the result, so that nothing is lost.
  - A text that is no VMX is an error that says line, column and key.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: The text of a VMX.
    type: str
    required: true
  secrets:
    description:
      - Whether the password of a VNC server is in the result.
      - Left out, it is not, and neither is the entry of the VMX that holds it.
    type: bool
    default: false
seealso:
  - plugin: virt.esx.to_vmx
    plugin_type: filter
  - plugin: virt.esx.vmx_to_domain_xml
    plugin_type: filter
"""

EXAMPLES = r"""
- name: How much memory does the machine have?
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'web01.vmx') | virt.esx.from_vmx).memory_mib }}"

- name: Which disks does it have, and where?
  ansible.builtin.debug:
    msg: "{{ definition.disks | map(attribute='file') }}"
  vars:
    vmx: "{{ lookup('ansible.builtin.file', 'web01.vmx') }}"
    definition: "{{ vmx | virt.esx.from_vmx(datastore='ssd', directory='web01') }}"
"""

RETURN = r"""
_value:
  description:
    - The definition. A field that the VMX does not state is not there.
    - Devices are lists of dictionaries with a key C(slot), such as V(scsi0:1).
  type: dict
  sample:
    name: web01
    guest_id: rhel9-64
    hardware_version: 20
    cpus: 4
    memory_mib: 4096
    controllers: [{slot: scsi0, model: pvscsi}]
    disks: [{slot: "scsi0:0", file: "[ssd] web01/web01.vmdk"}]
    nics: [{slot: ethernet0, model: vmxnet3, network: VM Network}]
    extra: {disk.EnableUUID: "TRUE"}
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import vmx
from ..module_utils._vmx.data import as_data
from ..module_utils._vmx.text import VmxText
from ..plugin_utils.filters import filter_of, flag_of, names_of, text_of


def from_vmx(
    value: object, *, datastore: object = None, directory: object = "", secrets: object = False
) -> dict[str, Any]:
    """Read a VMX as plain data."""
    text = VmxText.parse(text_of(value, "a VMX"))
    return as_data(vmx.parse(text, names_of(datastore, directory)), secrets=flag_of(secrets, "secrets"))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"from_vmx": filter_of("from_vmx", from_vmx)}
