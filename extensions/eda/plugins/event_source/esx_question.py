# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source virt.esx.esx_question, for ansible-rulebook."""

from __future__ import annotations

import importlib
import pathlib
import sys
import types
from typing import Any

DOCUMENTATION = r"""
short_description: Events for the questions that hold up virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Watches the pending questions of all virtual machines of one or many ESXi hosts or vCenters,
    and sends an event when one is asked and another when it is over, usually within a second.
  - Questions that are pending when it starts are sent first. None is sent twice, whatever happens to the connection.
  - A host that cannot be reached is tried again and again. A login that is refused, or a certificate that is not
    trusted, is not. The source ends with an error when no host is left.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
requirements:
  - pyvmomi where ansible-rulebook runs
  - jmespath there too, for O(query)
options:
  hosts:
    description:
      - The hosts to watch. Each is a name or address, a URI of libvirt, or a dictionary of connection options.
      - What an entry leaves out comes from the connection options beside O(hosts) and their environment variables.
      - If it is left out, the connection options name the only host.
    type: list
    elements: raw
  vms:
    description:
      - Globs of names. Only questions of virtual machines whose name matches one of them are sent.
      - If it is left out, questions of all are sent.
    type: list
    elements: str
  query:
    description:
      - A JMESPath query over the facts that M(virt.esx.esx_vm_info) returns.
        It is asked when a question comes up, over a list with the one virtual machine that asks,
        and the question is sent if the query yields that entry.
      - If it is left out, the questions of all are sent.
    type: str
  heartbeat:
    description:
      - Every so many seconds an event of the type C(heartbeat) is sent for each host. With V(0) none is.
    type: int
    default: 0
  connection_events:
    description:
      - Whether an event of the type C(connection) is sent when a host is connected, lost or has refused the login.
        It is logged in either case.
    type: bool
    default: false
  reconnect_pause:
    description:
      - The seconds before a lost host is tried again. They double each time.
    type: int
    default: 1
  reconnect_pause_max:
    description:
      - The most that the seconds of O(reconnect_pause) become.
    type: int
    default: 60
  hostname:
    description: The ESXi host or the vCenter. Environment variable E(VMWARE_HOST).
    type: str
  port:
    description: The port of the vSphere API, 443 if nothing else is said. Environment variable E(VMWARE_PORT).
    type: int
  username:
    description: Who logs in; a read-only account is enough. Environment variable E(VMWARE_USER).
    type: str
  password:
    description:
      - The password that goes with O(username). It is in no event and in no log.
      - Environment variable E(VMWARE_PASSWORD).
    type: str
  validate_certs:
    description:
      - Whether the certificate must be one that is trusted. Environment variable E(VMWARE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description: A file with the certificates, in PEM form, of the authorities that are trusted.
    type: path
  thumbprint:
    description: The SHA-256 fingerprint of the host's certificate, which is then trusted, and no other.
    type: str
  proxy_host:
    description: An HTTP proxy through which the host is reached. Environment variable E(VMWARE_PROXY_HOST).
    type: str
  proxy_port:
    description: The port of O(proxy_host), 1080 if nothing else is said. Environment variable E(VMWARE_PROXY_PORT).
    type: int
  connect_timeout:
    description: The seconds that the host may take to accept the connection.
    type: int
    default: 10
  datacenter:
    description: Under a vCenter, the only datacenter whose virtual machines are meant.
    type: str
  esxi_hostname:
    description: Under a vCenter, the only ESXi host whose virtual machines are meant.
    type: str
  uri:
    description: A connection URI of libvirt; what it says counts more than the other options.
    type: str
"""

EXAMPLES = r"""
- name: Questions of two hosts
  hosts: localhost
  sources:
    - virt.esx.esx_question:
        hosts: [esx01.example.com, esx02.example.com]
        username: watcher
        password: "{{ esx_password }}"
  rules:
    - name: Say what is asked
      condition: event.type == "asked"
      action:
        debug:
          msg: "{{ event.vm.name }} asks: {{ event.question.text }}"
"""

PACKAGE = "virt_esx_event_source"


def _source() -> Any:
    """
    Return the part of the collection that does the work.

    ansible-rulebook runs this file by its path and knows no package ansible_collections. Whoever imports by that name
    later shall find what they would have found, so the collection's plugins get a name here that nobody else uses.
    """
    if PACKAGE not in sys.modules:
        package = types.ModuleType(PACKAGE)
        package.__path__ = [str(pathlib.Path(__file__).resolve().parents[4] / "plugins")]
        sys.modules[PACKAGE] = package
    return importlib.import_module("virt_esx_event_source.plugin_utils.events")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Put events into the queue until the task is cancelled."""
    await _source().watch_questions(queue, args)
