# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.vmx_to_domain_xml."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vmx_to_domain_xml
short_description: Says a VMX as libvirt's domain XML
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes a domain of type V(vmware) of the text of a VMX, as C(virsh domxml-from-native vmware-vmx) does,
    offline, without a host.
  - What libvirt has no words for travels along, so that P(virt.esx.domain_xml_to_vmx#filter) gives the VMX
    back as it was.
extends_documentation_fragment:
  - virt.esx.vmx_place
options:
  _input:
    description: The text of a VMX.
    type: str
    required: true
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
  - plugin: virt.esx.domain_xml_to_vmx
    plugin_type: filter
  - plugin: virt.esx.from_domain_xml
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a machine to a tool that reads domain XML
  ansible.builtin.copy:
    dest: web01.xml
    content: "{{ vmx | virt.esx.vmx_to_domain_xml(datastore='ssd', directory='web01', lossless=false) }}"
    mode: "0644"
  vars:
    vmx: "{{ lookup('ansible.builtin.file', 'web01.vmx') }}"
"""

RETURN = r"""
_value:
  description: The domain.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._vmx import convert
from ..module_utils._vmx.text import VmxText
from ..plugin_utils.filters import filter_of, flag_of, names_of, text_of


def vmx_to_domain_xml(
    value: object,
    *,
    datastore: object = None,
    directory: object = "",
    datacenter_path: object = None,
    lossless: object = True,
    secrets: object = False,
) -> str:
    """Say a VMX as domain XML."""
    return convert.to_domain_xml(
        VmxText.parse(text_of(value, "a VMX")),
        names_of(datastore, directory),
        datacenter_path=None if datacenter_path is None else text_of(datacenter_path, "datacenter_path"),
        lossless=flag_of(lossless, "lossless"),
        secrets=flag_of(secrets, "secrets"),
    )


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"vmx_to_domain_xml": filter_of("vmx_to_domain_xml", vmx_to_domain_xml)}
