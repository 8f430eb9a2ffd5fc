#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Move virtual machines under a vCenter."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_migrate
short_description: Move virtual machines to another host, pool or datastore under a vCenter
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Moves one virtual machine or many to an ESXi host, a cluster, a resource pool or a datastore,
    or to several of these in one go, whether they run or not. What is there already is not moved.
  - Before a machine is moved, the vCenter is asked what speaks against it.
    If anything does, the failure has all of it, and the machine is not moved. What is only a warning is in
    RV(vms[].validation) and stops nothing.
  - Of a machine with a question or a task pending, what spoke against the move may be gone when that is settled.
    Then it is tried, and the failure has what the task says.
  - It takes a vCenter. An ESXi host of its own cannot move anything, which is a failure that says so.
  - No task hangs on a question of a virtual machine.
    A question is answered by your rules or by O(auto_answer),
    or the task fails at once and shows the question with its choices.
  - What is pending is settled first. A machine that somebody else's task brought there is not moved again.
  - One virtual machine's failure stops no other.
    The task fails at the end if any failed, and says how many and which.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.vms
  - virt.esx.questions
attributes:
  check_mode:
    details:
      - The vCenter is asked what speaks against a move in check mode too.
        What only the task itself finds out cannot be foreseen, nor to where a task of another client,
        for which the run would wait, brings a machine.
options:
  target_host:
    description:
      - The ESXi host on which the virtual machines shall be, by the name that the vCenter has for it.
      - If it is part of another cluster, they come to the root pool of that, unless O(target_pool) says otherwise.
      - If it is left out, they stay on their host, or the vCenter chooses one where O(target_cluster) or
        O(target_pool) need another.
    type: str
  target_cluster:
    description:
      - The cluster in which they shall be. They come to its root pool, unless O(target_pool) says otherwise,
        and the vCenter chooses the host, unless O(target_host) says which. It chooses only in a cluster with DRS.
      - For a host without a cluster it is the name of that host.
      - If it is left out, they stay in their cluster, unless O(target_host) or O(target_pool) are elsewhere.
    type: str
  target_pool:
    description:
      - The resource pool in which they shall be, by its name, or by its path below the root pool,
        for example V(production/web). The root pool of a cluster is named V(Resources).
      - It is looked for in O(target_cluster) or in that of O(target_host), and without these first in the
        cluster in which the machine is.
      - If it is left out, they stay in their pool, if that can be.
    type: str
  target_datastore:
    description:
      - The datastore on which their configuration and all of their disks shall be.
        It must be one that the host has on which they will be.
      - A machine of which only an image in a drive is elsewhere is there.
      - If it is left out, their files stay where they are.
    type: str
  priority:
    description:
      - How the vCenter ranks the move among what else its hosts do.
      - If it is left out, as it does by default.
    type: str
    default: default
    choices: [default, low, high]
notes:
  - At least one of O(target_host), O(target_cluster), O(target_pool) and O(target_datastore) is needed.
  - O(esxi_hostname) and O(datacenter) say where the machines are looked for. With O(datacenter) the destination
    is looked for in that datacenter too.
  - Machines come to no other vCenter, and their disks are not told apart.
seealso:
  - module: virt.esx.esx_vm_power
  - module: virt.esx.esx_vm_define
"""

EXAMPLES = r"""
- name: Move a running machine to another host
  virt.esx.esx_vm_migrate:
    hostname: vcenter.example.com
    username: administrator@vsphere.local
    password: "{{ vcenter_password }}"
    name: web01
    target_host: esx02.example.com

- name: Empty a host before its maintenance, and answer what can be answered without loss
  virt.esx.esx_vm_migrate:
    query: "[?esxi_hostname=='esx01.example.com']"
    target_host: esx02.example.com
    priority: high
    auto_answer: safe
    timeout: 3600
    concurrency: 4

- name: Bring the files of a machine to another datastore
  virt.esx.esx_vm_migrate:
    name: db01
    target_datastore: fast01
    timeout: 7200
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
      sample: vm-1034
    uuid:
      description: Its BIOS UUID, null where the host does not report one.
      type: str
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    changed:
      description: Whether this task moved it.
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
      description: Its power state, which a move does not change. Null where the host cannot tell.
      type: str
      sample: powered-on
    place:
      description: Where it is now; in check mode, where it would be.
      type: dict
      contains:
        host:
          description: Its ESXi host, null where the vCenter chooses it.
          type: str
          sample: esx02.example.com
        cluster:
          description: Its cluster, or the name of a host without one.
          type: str
          sample: production
        pool:
          description: The path of its resource pool below the root pool, or the name of that.
          type: str
          sample: Resources
        datastores:
          description: The datastores that it uses.
          type: list
          elements: str
          sample: [datastore1]
    validation:
      description: What the vCenter said of the move before it began; empty where it said nothing.
      type: list
      elements: dict
      contains:
        severity:
          description: V(error) or V(warning).
          type: str
          sample: warning
        event:
          description: The name of vSphere's event or fault.
          type: str
          sample: MigrationHostWarningEvent
        message:
          description: The vCenter's words.
          type: str
          sample: web01 has snapshots.
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
        moid: task-7
        operation: VirtualMachine.relocate
        state: success
        cancelable: false
    failure:
      description: The failure of this virtual machine, in the form of RV(failure).
      returned: if it failed, and not for a single one that was selected, whose failure is RV(failure)
      type: dict
      sample: {kind: plan}
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
      sample: {moid: task-7, operation: VirtualMachine.relocate, state: running}
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
    validation:
      description: All that the vCenter said of the move, in the form of RV(vms[].validation).
      returned: if RV(failure.kind) is V(plan) and the vCenter refused
      type: list
      elements: dict
      sample:
        - severity: error
          event: MigrationHostErrorEvent
          message: The host esx02.example.com is in maintenance mode.
    faults:
      description: All that the vCenter said of a task that failed, its causes included.
      returned: if RV(failure.kind) is V(task_failed)
      type: list
      elements: str
      sample: ["InsufficientHostCapacityFault: The host does not have enough memory."]
  sample: {kind: not_found, missing: [web01]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, QUESTIONS, VMS, VMS_RULES
from ..module_utils._flow.answers import Policy
from ..module_utils._flow.migrate import PRIORITIES, TARGETS, MigrateResult, Wish
from ..module_utils._flow.pace import Pace
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.migrate import Mover, check_vcenter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    **{target: {"type": "str"} for target in TARGETS},
    "priority": {"type": "str", "default": PRIORITIES[0], "choices": list(PRIORITIES)},
}
RULES = {**VMS_RULES, "required_one_of": [*VMS_RULES["required_one_of"], list(TARGETS)]}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> MigrateResult:
    """Bring the selected virtual machines to where they are wanted."""
    wish, selector = Wish.from_params(params), Selector.from_params(params)
    policy, pace = Policy.from_params(params), Pace.from_params(params)
    check_vcenter(host.session)
    found = host.lookup_vms(selector, params["folder"])
    mover = Mover(host, wish, policy, pace, check_mode=check_mode)
    return mover.work(found, params["datacenter"], single=selector.is_single)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
