#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring virtual machines to a power state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_power
short_description: Power virtual machines on, off and through all states between
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Brings one virtual machine or hundreds to a power state, in one task, with one login.
  - No task hangs on a question of a virtual machine.
    A question is answered by your rules or by O(auto_answer),
    or the task fails at once and shows the question with its choices.
  - What is pending is settled first.
    A question that holds up an older task is answered by the same policy, that task is waited for,
    and only then it is decided whether anything is left to do.
  - One virtual machine's failure stops no other.
    The task fails at the end if any failed, and says how many and which.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.vms
  - virt.esx.questions
attributes:
  idempotent:
    support: partial
    details:
      - V(reset) and V(guest-reboot) are acts and are done each time they are asked for,
        as is V(guest-standby) while the machine runs.
options:
  state:
    description:
      - The state that the virtual machines shall be in, or what shall be done with them.
      - V(powered-on) starts a machine that is off and resumes a suspended one.
      - V(powered-off) switches off at once, without asking the guest; a suspended machine loses its memory.
      - V(suspended) writes the memory of a running machine to disk and stops it.
      - V(reset) restarts a running machine without asking the guest.
      - V(guest-shutdown) asks the guest to shut down, and waits until the machine is off;
        VMware Tools must run in the guest.
      - V(guest-reboot) asks the guest to reboot and does not wait for it; VMware Tools must run in the guest.
      - V(guest-standby) asks the guest to go to standby and does not wait for it; VMware Tools must run in the guest.
    type: str
    required: true
    choices: [powered-on, powered-off, suspended, reset, guest-shutdown, guest-reboot, guest-standby]
  force_after:
    description:
      - With O(state=guest-shutdown), the seconds after which a machine that is still on is powered off.
        It must be less than O(timeout).
      - Where VMware Tools do not run, the machine is then powered off at once.
      - If it is left out, nothing is forced. The guest has O(timeout) seconds, and after that the machine has failed.
    type: int
seealso:
  - module: virt.esx.esx_question
  - module: virt.esx.esx_vm_info
"""

EXAMPLES = r"""
- name: Power on a virtual machine, and fail at once if it asks something
  virt.esx.esx_vm_power:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: web01
    state: powered-on

- name: Power it on and answer whatever it asks with the host's default
  virt.esx.esx_vm_power:
    name: web01
    state: powered-on
    auto_answer: true

- name: Power on fifty virtual machines, with rules for the questions that are expected
  virt.esx.esx_vm_power:
    query: "[?power_state=='powered-off' && starts_with(name, 'batch-')]"
    state: powered-on
    answers:
      - question: msg.serial.file.open
        answer: Append
      - question: msg.uuid.altered
        vm: batch-0*
        answer: I copied it

- name: Ask the guest to shut down, and power off what is still on after two minutes
  virt.esx.esx_vm_power:
    names: [web01, web02]
    state: guest-shutdown
    force_after: 120
"""

RETURN = r"""
vms:
  description: What came of each virtual machine, in the order of the selection; also when the task fails.
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
      description: Whether this task changed it.
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
      description: The questions that came up.
      type: list
      elements: dict
      contains:
        id:
          description: The id of this question, of no meaning beyond it.
          type: str
          sample: "1"
        message_ids:
          description: What kind of question it is; empty on hosts that do not say.
          type: list
          elements: str
          sample: [msg.serial.file.open]
        text:
          description: The question.
          type: str
          sample: "Serial port output file 'serial.log' already exists. Replace it or append to it?"
        choices:
          description: What may be answered, each with C(key), C(label) and C(summary).
          type: list
          elements: dict
          sample: [{key: "0", label: button.serial.file.append, summary: Append}]
        default:
          description: The key of the host's default choice, null if it names none.
          type: str
          sample: "0"
        answer:
          description: The choice that was given, in check mode the one that would be. Null if none was.
          type: dict
          sample: {key: "0", label: button.serial.file.append, summary: Append}
        answered_by:
          description: >-
            On whose word, for example V(rule 1), V(default), V(safe) or V(another client).
            Null if it was not answered.
          type: str
          sample: rule 1
    task:
      description: The last task that was waited for, null if there was none.
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
  description: The one entry of RV(vms).
  returned: if one virtual machine was selected, by O(name), O(uuid) or O(moid), and found
  type: dict
  contains: *entry
failure:
  description: >-
    Why the task failed, for C(rescue) and for programs. RV(failure.kind) says what else there is:
    V(question_blocked) has C(question), C(reason), C(rule), C(task) and C(outcome);
    V(some_failed) has C(failed) and C(first).
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
  sample: {kind: not_found, missing: [web01]}
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, QUESTIONS, VMS, VMS_RULES
from ..module_utils._flow.answers import Policy
from ..module_utils._flow.outcome import BatchResult
from ..module_utils._flow.pace import Pace, seconds_within
from ..module_utils._flow.power import Wish, bring
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    "state": {"type": "str", "required": True, "choices": [wish.value for wish in Wish]},
    "force_after": {"type": "int"},
}
RULES: Mapping[str, Any] = VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> BatchResult:
    """Bring the selected virtual machines to the wished power state."""
    policy, pace = Policy.from_params(params), Pace.from_params(params)
    force_after = seconds_within(params, "force_after", pace)
    selector = Selector.from_params(params)
    found = host.lookup_vms(selector, params["folder"])
    results = host.work_on(
        found,
        partial(bring, wish=Wish(params["state"]), force_after=force_after),
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
