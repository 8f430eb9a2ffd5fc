#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End a session that was kept for later tasks."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_session
short_description: End the session that tasks share
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Ends the session that O(persist_session=true) keeps for the tasks of a play.
    It is logged out, and the file that held it is removed.
  - Nobody logs in for that. Where nothing is kept, the host is not asked at all.
  - Put it where it runs whatever became of the play, for example under C(always).
    A session that is left alone lasts until the host finds it idle for too long, on ESXi usually 30 minutes.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  state:
    description:
      - What becomes of the session; V(absent) ends it.
      - If it is left out, it is ended.
    type: str
    choices: [absent]
    default: absent
notes:
  - Give it the same options of the connection as the other tasks, for they say whose session is meant.
    O(password) and O(persist_session) make no difference.
  - Run it as the same user and on the same machine as the other tasks, for the file is there.
  - A task that still uses the session is not disturbed, it logs in again. With O(persist_session=true) it then keeps
    that session, so end it after the last task, not beside it.
  - A host that cannot be reached or is not trusted any more is a warning.
    What is kept is dropped all the same, and nothing is sent to a host that is not trusted.
seealso:
  - ref: ansible_collections.virt.esx.docsite.connecting
    description: How sessions are kept, and what for.
"""

EXAMPLES = r"""
- name: Many tasks, one login
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/virt.esx.esx:
      hostname: esx01.example.com
      username: root
      thumbprint: "{{ esx_thumbprint }}"
      persist_session: true
  tasks:
    - name: Work with the host
      block:
        - name: Look at what is there
          virt.esx.esx_vm_info:

        - name: Power on
          virt.esx.esx_vm_power:
            name: web01
            state: powered-on
      always:
        - name: End the session
          virt.esx.esx_session:
            state: absent
"""

RETURN = r"""
session:
  description: The session that was meant.
  returned: success
  type: dict
  contains:
    hostname:
      description: The host or the vCenter.
      type: str
      sample: esx01.example.com
    username:
      description: Who is, or was, logged in.
      type: str
      sample: root
    logged_out:
      description: >-
        Whether the host ended the session; V(false) where none was kept, where the host had ended it before,
        or where it could not be told. Null in check mode, for the host is not asked.
      type: bool
      sample: true
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: option, option: username}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.outcome import Change
from ..module_utils._shell import run_module
from ..module_utils._vi.shared_session import kept_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.shared_session import KeptSession

ARGUMENT_SPEC = {**CONNECTION, "state": {"type": "str", "choices": ["absent"], "default": "absent"}}
RULES: Mapping[str, Any] = {}
CONNECT = kept_session


def run(params: Mapping[str, Any], kept: KeptSession, *, check_mode: bool) -> Change:
    """End the kept session of one host and user."""
    if check_mode:
        is_dropped, logged_out = kept.is_there(), None
    else:
        ended = kept.end()
        is_dropped, logged_out = ended.dropped, ended.logged_out
    return Change(
        before={"kept": is_dropped},
        after={"kept": False},
        values={
            "session": {"hostname": params["hostname"], "username": params["username"], "logged_out": logged_out},
        },
    )


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, connect=CONNECT, **RULES)


if __name__ == "__main__":
    main()
