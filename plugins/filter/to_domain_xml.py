# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.to_domain_xml."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_domain_xml
short_description: Writes a definition as libvirt's domain XML
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes a domain of type V(vmware) of a definition, offline, without a host.
  - What libvirt has no words for travels along as a VMX, so that P(virt.esx.domain_xml_to_vmx#filter) and
    P(virt.esx.from_domain_xml#filter) find it again.
  - What neither can say, such as the size of a disk, is an error that names the field, unless
    O(lossless=false) leaves it out.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: A definition; its fields are those of P(virt.esx.from_vmx#filter)'s result.
    type: dict
    required: true
  hardware_version:
    description:
      - The virtual hardware to write for, such as V(20) for ESXi 8.0 or V(13) for ESXi 6.5.
      - Left out, it is what the definition says, or else V(20). Without O(lossless) it says nothing.
      - What this hardware cannot have is an error.
    type: int
  datacenter_path:
    description:
      - Inventory path of the datacenter, for libvirt's element C(vmware:datacenterpath).
      - Left out, there is no such element.
    type: str
  lossless:
    description:
      - Whether the VMX itself goes along, in an element of its own below C(<metadata>), so that the way back
        loses nothing.
      - With V(false), what libvirt has no words for is left out.
    type: bool
    default: true
  secrets:
    description:
      - Whether the password of a VNC server is in the result.
      - Left out, it is not, and neither is the entry of the VMX that holds it.
    type: bool
    default: false
seealso:
  - plugin: virt.esx.from_domain_xml
    plugin_type: filter
  - plugin: virt.esx.vmx_to_domain_xml
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write a domain
  ansible.builtin.copy:
    dest: web01.xml
    content: "{{ {'name': 'web01', 'memory_mib': 4096, 'cpus': 2, 'guest_id': 'rhel9-64'} | virt.esx.to_domain_xml }}"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The domain.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import convert, domain_xml, vmx
from ..module_utils._vmx.data import from_data
from ..plugin_utils.filters import dict_of, filter_of, flag_of, names_of, text_of, version_of


def to_domain_xml(
    value: object,
    *,
    datastore: object = None,
    directory: object = "",
    hardware_version: object = None,
    datacenter_path: object = None,
    lossless: object = True,
    secrets: object = False,
) -> str:
    """Write plain data as domain XML."""
    definition = from_data(dict_of(value))
    names, version = names_of(datastore, directory), version_of(hardware_version)
    path = None if datacenter_path is None else text_of(datacenter_path, "datacenter_path")
    with_secrets = flag_of(secrets, "secrets")
    if not flag_of(lossless, "lossless"):
        return domain_xml.format(domain_xml.restrict(definition), datacenter_path=path, secrets=with_secrets)
    text = vmx.format(definition, names, hardware_version=version)
    return convert.to_domain_xml(text, names, datacenter_path=path, secrets=with_secrets)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"to_domain_xml": filter_of("to_domain_xml", to_domain_xml)}
