# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.domain_xml_to_vmx."""

from __future__ import annotations

DOCUMENTATION = r"""
name: domain_xml_to_vmx
short_description: Says libvirt's domain XML as a VMX
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes the text of a VMX of a domain of type V(vmware), as C(virsh domxml-to-native vmware-vmx) does,
    offline, without a host.
  - Where the domain carries a VMX (P(virt.esx.vmx_to_domain_xml#filter)), that VMX comes back as it was, but
    for what was changed in the XML since.
  - Part of a VMX may be carried, too, written by hand, to say what XML cannot; see the examples.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: A domain of type V(vmware), as libvirt writes and reads it.
    type: str
    required: true
  hardware_version:
    description:
      - The virtual hardware to write for, such as V(20) for ESXi 8.0 or V(13) for ESXi 6.5.
      - Left out, it is that of the VMX that the domain carries, or else V(20).
      - What this hardware cannot have is an error.
    type: int
seealso:
  - plugin: virt.esx.vmx_to_domain_xml
    plugin_type: filter
  - plugin: virt.esx.from_domain_xml
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Bring a domain of libvirt to ESXi
  ansible.builtin.copy:
    dest: web01.vmx
    content: "{{ lookup('ansible.builtin.file', 'web01.xml') | virt.esx.domain_xml_to_vmx(hardware_version=20) }}"
    mode: "0644"

- name: Say what domain XML has no words for
  ansible.builtin.debug:
    msg: "{{ domain | virt.esx.domain_xml_to_vmx }}"
  vars:
    domain: |
      <domain type='vmware'>
        <name>web01</name>
        <metadata>
          <esx:vmx xmlns:esx="urn:virt-esx:vmx:1">guestOS = "rhel9-64"</esx:vmx>
        </metadata>
        <memory unit='GiB'>4</memory>
        <os><type arch='x86_64'>hvm</type></os>
      </domain>
"""

RETURN = r"""
_value:
  description: The text of the VMX.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import convert
from ..plugin_utils.filters import filter_of, names_of, text_of, version_of


def domain_xml_to_vmx(
    value: object, *, datastore: object = None, directory: object = "", hardware_version: object = None
) -> str:
    """Say domain XML as a VMX."""
    xml, names = text_of(value, "a domain"), names_of(datastore, directory)
    return str(convert.to_vmx(xml, names, hardware_version=version_of(hardware_version)))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"domain_xml_to_vmx": filter_of("domain_xml_to_vmx", domain_xml_to_vmx)}
