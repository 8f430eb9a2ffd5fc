# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The options that modules share: the dicts behind the documentation fragments of the same names.

A fallback is written ``("env", [names])``; the shell turns it into Ansible's form.
"""

from __future__ import annotations

from typing import Any, Final

from ._flow.pace import MAX_ANSWERS

CONCURRENCY: Final = 16
TIMEOUT_SECONDS: Final = 300
CONNECT_TIMEOUT_SECONDS: Final = 10

# Fragment virt.esx.connection: which host, who logs in, whom to trust.
CONNECTION: Final[dict[str, dict[str, Any]]] = {
    "hostname": {"type": "str", "fallback": ("env", ["VMWARE_HOST"])},
    "port": {"type": "int", "fallback": ("env", ["VMWARE_PORT"])},
    "username": {"type": "str", "fallback": ("env", ["VMWARE_USER"])},
    "password": {"type": "str", "no_log": True, "fallback": ("env", ["VMWARE_PASSWORD"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": ("env", ["VMWARE_VALIDATE_CERTS"])},
    "ca_path": {"type": "path"},
    "thumbprint": {"type": "str"},
    "proxy_host": {"type": "str", "fallback": ("env", ["VMWARE_PROXY_HOST"])},
    "proxy_port": {"type": "int", "fallback": ("env", ["VMWARE_PROXY_PORT"])},
    "connect_timeout": {"type": "int", "default": CONNECT_TIMEOUT_SECONDS},
    "datacenter": {"type": "str"},
    "esxi_hostname": {"type": "str"},
    "persist_session": {"type": "bool", "default": False},
    "uri": {"type": "str"},
}

# Fragment virt.esx.vms: which virtual machines.
VMS: Final[dict[str, dict[str, Any]]] = {
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "moid": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
    "folder": {"type": "str"},
}

_SELECTING = ["name", "uuid", "moid", "names", "query"]

# What Ansible checks for a module that means all virtual machines unless it is told which.
ALL_VMS_RULES: Final[dict[str, Any]] = {"mutually_exclusive": [_SELECTING]}

# What Ansible checks for a module that must be told which virtual machines it is about.
VMS_RULES: Final[dict[str, Any]] = {**ALL_VMS_RULES, "required_one_of": [_SELECTING]}

# Fragment virt.esx.questions: what is answered, and how long anything may take.
QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    # Surveys give text, playbooks booleans or text: a string takes them all.
    "auto_answer": {"type": "str", "default": "false"},
    # A list, or its YAML as text.
    "answers": {"type": "raw"},
    "max_answers": {"type": "int", "default": MAX_ANSWERS},
    "timeout": {"type": "int", "default": TIMEOUT_SECONDS},
    "concurrency": {"type": "int", "default": CONCURRENCY},
}

# Fragment virt.esx.transfers: how files are carried to a datastore and from one.
TRANSFERS: Final[dict[str, dict[str, Any]]] = {
    "replace": {"type": "str", "default": "differing", "choices": ["differing", "always", "never"]},
    "compare": {"type": "str", "default": "size", "choices": ["size", "content"]},
    "checksum": {"type": "str"},
    "retries": {"type": "int", "default": 5},
    "concurrency": {"type": "int", "default": 4},
    "stall_timeout": {"type": "int", "default": 60},
    "timeout": {"type": "int", "default": 300},
}
