# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The options that many modules share, as dicts with the names of their documentation fragments.

``fallback`` is plain data here, ``("env", [variables])``; the shell turns it into Ansible's form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ArgumentSpec = Mapping[str, Mapping[str, Any]]

CONNECTION: ArgumentSpec = {
    "hostname": {"type": "str", "fallback": ("env", ["VMWARE_HOST"])},
    "port": {"type": "int", "fallback": ("env", ["VMWARE_PORT"])},
    "username": {"type": "str", "fallback": ("env", ["VMWARE_USER"])},
    "password": {"type": "str", "no_log": True, "fallback": ("env", ["VMWARE_PASSWORD"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": ("env", ["VMWARE_VALIDATE_CERTS"])},
    "ca_path": {"type": "path"},
    "thumbprint": {"type": "str"},
    "proxy_host": {"type": "str", "fallback": ("env", ["VMWARE_PROXY_HOST"])},
    "proxy_port": {"type": "int", "fallback": ("env", ["VMWARE_PROXY_PORT"])},
    "connect_timeout": {"type": "int", "default": 10},
    "datacenter": {"type": "str"},
    "esxi_hostname": {"type": "str"},
    "uri": {"type": "str"},
}
"""How to reach a host and log in: fragment ``virt.esx.connection``."""

VMS: ArgumentSpec = {
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "moid": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
    "folder": {"type": "str"},
}
"""Which virtual machines: fragment ``virt.esx.vms``."""

SELECTORS = ["name", "uuid", "moid", "names", "query"]
VMS_RULES: Mapping[str, Any] = {"mutually_exclusive": [SELECTORS], "required_one_of": [SELECTORS]}
"""For modules that want VMs to be selected; :data:`ALL_VMS_RULES` for those that otherwise mean all."""

ALL_VMS_RULES: Mapping[str, Any] = {"mutually_exclusive": [SELECTORS]}

QUESTIONS: ArgumentSpec = {
    "auto_answer": {"type": "str", "default": "false"},
    "answers": {"type": "raw"},
    "max_answers": {"type": "int", "default": 3},
    "timeout": {"type": "int", "default": 300},
    "concurrency": {"type": "int", "default": 16},
}
"""What to do about questions, and how long and how many at a time: fragment ``virt.esx.questions``."""
