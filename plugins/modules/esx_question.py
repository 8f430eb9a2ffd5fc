#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer pending questions of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_question
short_description: Answer the questions that hold up virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Answers the pending question of one, several or all virtual machines by your rules or by O(auto_answer),
    and follows the task that it held up to its end.
  - A question that the policy does not answer is a failure,
    and the failure shows the question, its choices and the task that it holds up.
    The task itself is left as it is.
  - Virtual machines that ask nothing are left alone, and that nobody asks anything is no error.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.vms
  - virt.esx.questions
options:
  wait:
    description:
      - The seconds to wait for a question if none of the selected virtual machines has one.
      - The waiting ends with the first question.
      - If it is left out, only what is pending now is answered.
    type: int
    default: 0
  wait_for_task:
    description:
      - Whether to follow the task that the question held up to its end, answering what else it asks.
      - With V(false) the module returns as soon as the question has gone.
    type: bool
    default: true
notes:
  - With none of O(name), O(uuid), O(moid), O(names) and O(query), all virtual machines are meant.
seealso:
  - module: virt.esx.esx_question_info
  - module: virt.esx.esx_vm_power
"""

EXAMPLES = r"""
- name: Answer whatever is pending on a host where that loses nothing
  virt.esx.esx_question:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    auto_answer: safe

- name: Answer one virtual machine, by rule
  virt.esx.esx_question:
    name: web01
    answers:
      - question: msg.uuid.altered
        answer: I moved it

- name: Wait up to a minute for a question of two virtual machines, and do not follow the task
  virt.esx.esx_question:
    names: [web01, web02]
    wait: 60
    wait_for_task: false
    auto_answer: true
"""

RETURN = r"""
vms:
  description: >-
    What came of each virtual machine that had a question; also when the task fails.
    Those that asked nothing are left out, but for a single one that was selected.
  returned: once the virtual machines have been found
  type: list
  elements: dict
  contains: &entry
    name:
      description: Its name.
      type: str
      sample: web01
    moid:
      description: Its managed object id.
      type: str
      sample: "12"
    uuid:
      description: Its BIOS UUID, null where the host does not report one.
      type: str
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    changed:
      description: Whether this task answered something.
      type: bool
      sample: true
    failed:
      description: Whether the work on it failed.
      type: bool
      sample: false
    msg:
      description: Why it failed, an empty string if it did not.
      type: str
      sample: ""
    power_state:
      description: >-
        The power state as it was seen last; in check mode the one that is foreseen.
        Null where the host cannot tell.
      type: str
      sample: powered-on
    questions:
      description: >-
        The questions that came up, each with C(id), C(message_ids), C(text), C(choices) and C(default), and with
        C(answer), the choice that was given, and C(answered_by), on whose word.
      type: list
      elements: dict
      sample: []
    task:
      description: The task that the question held up, null if there was none.
      type: dict
      sample:
        moid: haTask-12-vim.VirtualMachine.powerOn-7
        operation: VirtualMachine.powerOn
        state: success
        cancelable: false
    failure:
      description: The failure of this virtual machine, in the form of RV(failure).
      returned: if it failed, and not for a single one that was selected, whose failure is RV(failure)
      type: dict
      sample: {kind: question_blocked}
vm:
  description: The entry of the one virtual machine.
  returned: if one virtual machine was selected, by O(name), O(uuid) or O(moid), and found
  type: dict
  contains: *entry
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, such as V(question_blocked), V(timeout), V(not_found), V(login_refused).
      type: str
      sample: question_blocked
    vm:
      description: The name of the virtual machine, where the failure is about one.
      returned: for the failure of one virtual machine
      type: str
      sample: web01
    moid:
      description: Its managed object id.
      returned: for the failure of one virtual machine
      type: str
      sample: "12"
    reason:
      description: Why the policy did not answer, such as V(no_rule), V(answer_not_offered) or V(max_answers).
      returned: if RV(failure.kind) is V(question_blocked)
      type: str
      sample: no_rule
    task:
      description: The task that the question holds up, or that took too long or failed.
      returned: if there is one
      type: dict
      sample: {moid: haTask-12-vim.VirtualMachine.powerOn-7, operation: VirtualMachine.powerOn, state: running}
    failed:
      description: The names of the virtual machines that failed.
      returned: if RV(failure.kind) is V(some_failed)
      type: list
      elements: str
      sample: [web01]
    first:
      description: The failure of the first of them.
      returned: if RV(failure.kind) is V(some_failed)
      type: dict
      sample: {kind: question_blocked}
    seconds:
      description: The seconds that were waited.
      returned: if RV(failure.kind) is V(timeout)
      type: float
      sample: 300
    last:
      description: What was seen last, with C(power_state), C(question) and C(pending_tasks).
      returned: if RV(failure.kind) is V(timeout), V(task_lost) or V(connection_lost)
      type: dict
      sample: {power_state: powered-off, question: null, pending_tasks: []}
    fault:
      description: The name of vSphere's fault.
      returned: if the host refused something, or a task failed
      type: str
      sample: NoDiskSpace
    question:
      description: The question, in the form of RV(vms[].questions) without the answer.
      returned: if RV(failure.kind) is V(question_blocked)
      type: dict
      sample: {id: "1", message_ids: [msg.serial.file.open], text: "...", choices: [], default: "0"}
    rule:
      description: A rule to begin with, ready to be pasted into O(answers).
      returned: if RV(failure.kind) is V(question_blocked)
      type: dict
      sample: {question: msg.serial.file.open, answer: Append}
    outcome:
      description: What became of the task that the question held up.
      returned: if there was one, and RV(failure.kind) is V(question_blocked) or V(timeout)
      type: str
      sample: cancelled
  sample: {kind: question_blocked}
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import ALL_VMS_RULES, CONNECTION, QUESTIONS, VMS
from ..module_utils._flow.answering import unblock
from ..module_utils._flow.answers import Policy
from ..module_utils._flow.outcome import BatchResult
from ..module_utils._flow.pace import Pace, seconds_of
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    "wait": {"type": "int", "default": 0},
    "wait_for_task": {"type": "bool", "default": True},
}
RULES: Mapping[str, Any] = ALL_VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> BatchResult:
    """Answer the questions of the selected virtual machines."""
    policy, pace = Policy.from_params(params), Pace.from_params(params)
    wait = seconds_of(params, "wait")
    selector = Selector.from_params(params)
    found = host.lookup_vms(selector, params["folder"])
    if wait and not any(item.state.question for item in found):
        host.wait_for_question(found, wait)
    results = host.work_on(
        [item for item in found if item.state.question or selector.is_single],
        partial(unblock, wait_for_task=params["wait_for_task"]),
        policy,
        pace,
        check_mode=check_mode,
    )
    return BatchResult(results=results, single=selector.is_single)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
