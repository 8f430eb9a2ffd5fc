# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter virt.esx.esx_datastore_item."""

from __future__ import annotations

DOCUMENTATION = r"""
name: esx_datastore_item
short_description: Makes a name fit for a file on a datastore
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Escapes a name as hosts and libvirt do, so that a file or a directory on a datastore can bear it.
  - There is no way back; two names may become one.
options:
  _input:
    description: The name, of a virtual machine for example.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Where will the machine lie?
  ansible.builtin.debug:
    msg: "[ssd] {{ item }}/{{ item }}.vmx"
  vars:
    item: "{{ 'Büro: <web/01>' | virt.esx.esx_datastore_item }}"
"""

RETURN = r"""
_value:
  description: The name of a file or a directory.
  type: str
  sample: B+w7w-ro_ _web+JQ-2f01_
"""

from collections.abc import Callable
from typing import Any

from ..module_utils._errors import OptionError
from ..module_utils._vmx.escapes import escape_datastore_item
from ..plugin_utils.filters import filter_of, text_of


def esx_datastore_item(value: object) -> str:
    """Escape a name."""
    try:
        return escape_datastore_item(text_of(value, "a name"))
    except ValueError as error:
        raise OptionError(str(error), option="_input") from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"esx_datastore_item": filter_of("esx_datastore_item", esx_datastore_item)}
