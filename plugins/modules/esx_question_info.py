#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List pending questions of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_question_info
short_description: List the questions that hold up virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Lists the pending questions of one, several or all virtual machines, with their choices,
    with the task that each of them holds up, and with what this collection knows about questions of that kind.
  - Nothing is answered. See M(virt.esx.esx_question) for that.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
  - virt.esx.vms
notes:
  - With none of O(name), O(uuid), O(moid), O(names) and O(query), all virtual machines are meant.
seealso:
  - module: virt.esx.esx_question
"""

EXAMPLES = r"""
- name: What is waiting for an answer on this host?
  virt.esx.esx_question_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
  register: pending

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.vm.name }} asks: {{ item.question.text }}"
  loop: "{{ pending.questions }}"
"""

RETURN = r"""
questions:
  description: One entry for each virtual machine that has a question.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Which virtual machine asks, with C(name), C(moid), C(uuid) and C(power_state).
      type: dict
      sample: {name: web01, moid: "12", uuid: 564d2b1e-9f0a-4c53-8e7d-0123456789ab, power_state: powered-off}
    question:
      description: >-
        The question, with C(id), C(message_ids), C(text), C(choices),
        and C(default), the key of the host's default choice.
      type: dict
      sample:
        id: "1"
        message_ids: [msg.serial.file.open]
        text: "Serial port output file 'serial.log' already exists. Replace it or append to it?"
        choices: [{key: "0", label: button.serial.file.append, summary: Append}]
        default: "0"
    task:
      description: The task that the question holds up, null if there is none.
      type: dict
      sample:
        moid: haTask-12-vim.VirtualMachine.powerOn-7
        operation: VirtualMachine.powerOn
        state: running
        cancelable: false
    known:
      description: What this collection knows about questions of this kind; null if it does not know them.
      type: dict
      contains:
        meaning:
          description: What the question is about.
          type: str
          sample: The output file of a serial port exists.
        safe_answer:
          description: The choice that loses nothing, with C(key), C(label) and C(summary). Null if there is none.
          type: dict
          sample: {key: "0", label: button.serial.file.append, summary: Append}
        default_is_harmful:
          description: >-
            Whether the host's default choice loses something.
            Null if that depends, or if there is no default.
          type: bool
          sample: false
    rule:
      description: A rule to begin with, ready to be pasted into the option C(answers) of the other modules.
      type: dict
      sample: {question: msg.serial.file.open, answer: Append}
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: login_refused}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import ALL_VMS_RULES, CONNECTION, VMS
from ..module_utils._flow.answers import Question, as_rule
from ..module_utils._flow.catalogue import is_default_harmful, known, safe_choice
from ..module_utils._flow.outcome import Facts
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import FoundVm, Host

ARGUMENT_SPEC = {**CONNECTION, **VMS}
RULES: Mapping[str, Any] = ALL_VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """List the pending questions of the selected virtual machines."""
    del check_mode
    found = host.lookup_vms(Selector.from_params(params), params["folder"])
    return Facts({"questions": [_entry(item, item.state.question) for item in found if item.state.question]})


def _entry(item: FoundVm, question: Question) -> dict[str, Any]:
    state = item.state
    return {
        "vm": {
            "name": item.vm.name,
            "moid": item.vm.moid,
            "uuid": item.vm.uuid,
            "power_state": state.power_state.value if state.power_state else None,
        },
        "question": question.to_json(),
        "task": state.pending.to_json() if state.pending else None,
        "known": _known(question),
        "rule": as_rule(question),
    }


def _known(question: Question) -> dict[str, Any] | None:
    entry = known(question.kind)
    if entry is None:
        return None
    safe = safe_choice(question, None)
    return {
        "meaning": entry.meaning,
        "safe_answer": safe.to_json() if safe else None,
        "default_is_harmful": is_default_harmful(question),
    }


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
