# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.from_domain_xml."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_domain_xml
short_description: Reads libvirt's domain XML as a dictionary
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes a definition of a domain of type V(vmware), offline, without a host.
  - Where the domain carries a VMX (P(virt.esx.vmx_to_domain_xml#filter)), the definition has all that this says, too.
  - What libvirt's ESX driver refuses is an error that names the element.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: A domain of type V(vmware), as libvirt writes and reads it.
    type: str
    required: true
  secrets:
    description:
      - Whether the password of a VNC server is in the result.
      - Left out, it is not, and neither is the entry of the VMX that holds it.
    type: bool
    default: false
seealso:
  - plugin: virt.esx.to_domain_xml
    plugin_type: filter
  - plugin: virt.esx.domain_xml_to_vmx
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Which networks is the domain on?
  ansible.builtin.debug:
    msg: "{{ (domain | virt.esx.from_domain_xml).nics | map(attribute='network') }}"
  vars:
    domain: "{{ lookup('ansible.builtin.file', 'web01.xml') }}"
"""

RETURN = r"""
_value:
  description: The definition; its fields are those of P(virt.esx.from_vmx#filter)'s result.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import convert
from ..module_utils._vmx.data import as_data
from ..plugin_utils.filters import filter_of, flag_of, names_of, text_of


def from_domain_xml(
    value: object, *, datastore: object = None, directory: object = "", secrets: object = False
) -> dict[str, Any]:
    """Read domain XML as plain data."""
    definition = convert.from_domain_xml(text_of(value, "a domain"), names_of(datastore, directory))
    return as_data(definition, secrets=flag_of(secrets, "secrets"))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"from_domain_xml": filter_of("from_domain_xml", from_domain_xml)}
