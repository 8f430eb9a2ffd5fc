#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make, go back to, rename and remove snapshots of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_snapshot
short_description: Make, go back to, rename and remove snapshots of virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes sure that a snapshot is there or is not, takes a machine back to one, renames it, or removes all of them,
    for one virtual machine or for hundreds in one task, with one login.
  - A snapshot is addressed by its O(snapshot_id), or by O(snapshot), its name or a path of names.
    A name that several snapshots bear is an error that lists them. Never is the first one taken.
  - No task hangs on a question of a virtual machine, and going back and removing may ask.
    A question is answered by your rules or by O(auto_answer),
    or the task fails at once and shows the question with its choices.
  - What is pending is settled first, as M(virt.esx.esx_vm_power) does it.
  - What cannot be is refused before anything is touched. A machine that is powered off has no memory to keep,
    a guest without VMware Tools cannot be quiesced, the memory cannot be kept while a disk is independent,
    and a chain has at most 32 snapshots.
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
      - V(reverted) is an act and is done each time it is asked for. No property of vSphere tells whether a machine
        is still as its snapshot is, for it may have run since.
options:
  state:
    description:
      - What shall be.
      - V(present) makes sure that the snapshot is there. One that is there stays as it is, but for its
        O(description) and its O(new_name). One that is not there is made,
        as a child of the snapshot that is current, as vSphere always does.
      - V(absent) removes the snapshot. Its children move up, unless O(remove_children) is set.
        The state of the machine does not change by it.
      - V(all-absent) removes all snapshots.
      - V(reverted) takes the machine back to the snapshot; what it became since is lost, and its power state is that
        of the snapshot. With neither O(snapshot) nor O(snapshot_id) it goes back to the current snapshot.
      - V(consolidated) merges what removed snapshots have left on the disks, where the host says that this is needed.
    type: str
    default: present
    choices: [present, absent, all-absent, reverted, consolidated]
  snapshot:
    description:
      - Which snapshot. It is a name, such as V(nightly), or a path of names, such as V(installed/nightly),
        where each is the child of the one before.
      - A name or a path may begin anywhere in the tree. With a slash before it, it begins at a root,
        such as V(/installed).
      - Within a name a slash is written V(%2f) and a percent sign V(%25), as vSphere writes them in names itself.
        A percent sign that begins none of V(%25), V(%2f) and V(%5c) stands for itself.
      - With O(state=present), a path says under which parent the new snapshot shall be.
        If the current snapshot is another one, that is refused.
      - If it is left out, O(snapshot_id) or O(snapshot_xml) says which snapshot is meant.
    type: str
  snapshot_id:
    description:
      - The number of the snapshot, C(id) in the facts. The number of a new snapshot cannot be chosen.
      - If it is left out, O(snapshot) or O(snapshot_xml) says which snapshot is meant.
    type: int
  snapshot_xml:
    description:
      - The snapshot as libvirt's XML, C(<domainsnapshot>), read as libvirt's ESX driver reads it.
        C(<name>) is its name, in which nothing is escaped, and C(<description>) its description.
        State, parent and time are not looked at, and C(<disks>) must be empty.
      - O(snapshot), O(snapshot_id) and O(description) come before what it says.
      - libvirt takes the time for the name of a snapshot that has none. Here a name must be given,
        or each run would make one more.
      - If it is left out, the options say it all.
    type: str
  new_name:
    description:
      - With O(state=present), the name that the snapshot shall have. A snapshot of that name in the same place
        is taken for the renamed one. It is the name itself, in which nothing is escaped.
      - If it is left out, the name stays.
    type: str
  description:
    description:
      - With O(state=present), the description that the snapshot shall have.
      - If it is left out, that of a snapshot that is there stays, and that of a new one is empty.
    type: str
  memory:
    description:
      - With O(state=present), whether a new snapshot keeps the memory of a running machine,
        so that it runs on when it goes back. It is refused for a machine that is powered off.
      - If it is left out, no memory is kept, and the machine is off when it goes back.
    type: bool
    default: false
  quiesce:
    description:
      - With O(state=present), whether VMware Tools bring the guest's file systems to rest for a new snapshot.
        A machine that is powered off is at rest. It cannot be combined with O(memory).
      - If it is left out, the snapshot is as after a loss of power.
    type: bool
    default: false
  remove_children:
    description:
      - With O(state=absent), whether everything below the snapshot is removed too.
      - If it is left out, its children move up.
    type: bool
    default: false
  consolidate:
    description:
      - With O(state=absent) and O(state=all-absent), whether the disks are merged at once.
      - If it is left out, they are.
    type: bool
    default: true
  suppress_power_on:
    description:
      - With O(state=reverted), whether a machine whose memory was kept stays suspended instead of running on.
      - If it is left out, it runs on.
    type: bool
    default: false
notes:
  - It takes one request to read the snapshots of all machines together with the machines,
    and one more for all machines that were changed.
    O(memory) takes another one where a snapshot is to be made.
  - Merging disks takes long. Give O(timeout) the seconds that it may take.
  - A snapshot task that another client has begun is waited for. Check mode does not wait for it,
    and no host tells what it will lead to, so check mode foresees what comes of the tree as it is now.
seealso:
  - module: virt.esx.esx_vm_snapshot_info
  - module: virt.esx.esx_vm_power
"""

EXAMPLES = r"""
- name: A snapshot before the update
  virt.esx.esx_vm_snapshot:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: web01
    snapshot: before the update
    description: Taken by the nightly play

- name: Snapshots of fifty running virtual machines, with their file systems at rest
  virt.esx.esx_vm_snapshot:
    query: "[?power_state=='powered-on' && starts_with(name, 'batch-')]"
    snapshot: nightly
    quiesce: true

- name: Go back, and answer what may be asked
  virt.esx.esx_vm_snapshot:
    name: web01
    state: reverted
    snapshot: before the update
    auto_answer: safe

- name: Give it another name
  virt.esx.esx_vm_snapshot:
    name: web01
    snapshot: before the update
    new_name: 2026/02 known good

- name: Remove it and all that was made after it
  virt.esx.esx_vm_snapshot:
    name: web01
    state: absent
    snapshot: 2026%2f02 known good
    remove_children: true

- name: Remove all snapshots of two virtual machines
  virt.esx.esx_vm_snapshot:
    names: [web01, web02]
    state: all-absent
    timeout: 3600
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
        moid: haTask-12-vim.VirtualMachine.createSnapshot-7
        operation: VirtualMachine.createSnapshot
        state: success
        cancelable: false
    snapshot:
      description: >-
        The snapshot that the work was about, as it is now; in check mode as it is foreseen,
        with null for what only the host can tell. Null where there is none, as when it was removed.
      type: dict
      contains: &snapshot
        id:
          description: Its number, which no other snapshot of this machine has.
          type: int
          sample: 2
        moid:
          description: Its managed object id.
          type: str
          sample: 12-snapshot-2
        name:
          description: Its name.
          type: str
          sample: before the update
        path:
          description: >-
            Its name and those above it, joined by slashes, with a percent sign and a slash within a name
            as V(%25) and V(%2f). O(snapshot) takes it.
          type: str
          sample: installed/before the update
        description:
          description: Its description.
          type: str
          sample: Taken by the nightly play
        created:
          description: When it was made, in ISO 8601.
          type: str
          sample: "2026-02-01T02:03:04Z"
        power_state:
          description: The power state that going back to it leads to. V(powered-on) means that it has the memory.
          type: str
          sample: powered-off
        quiesced:
          description: Whether the guest's file systems were at rest.
          type: bool
          sample: false
        current:
          description: Whether it is the one that the machine runs on top of.
          type: bool
          sample: true
        parent:
          description: The C(id) of the snapshot above it, null for a root.
          type: int
          sample: 1
        children:
          description: The C(id) of each snapshot below it.
          type: list
          elements: int
          sample: [3, 4]
    snapshots:
      description: All snapshots of the machine, parents before their children.
      type: list
      elements: dict
      contains: *snapshot
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
    candidates:
      description: The snapshots that answer to the name, each with C(id), C(path) and C(created).
      returned: if RV(failure.kind) is V(ambiguous), and it is about a snapshot
      type: list
      elements: dict
      sample: [{id: 2, path: base/nightly, created: "2026-02-01T02:03:04Z"}]
    snapshots:
      description: The paths of the snapshots that there are.
      returned: if RV(failure.kind) is V(not_found), and it is about a snapshot
      type: list
      elements: str
      sample: [base, base/nightly]
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

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, QUESTIONS, VMS, VMS_RULES
from ..module_utils._flow.answers import Intent, Policy
from ..module_utils._flow.pace import Pace
from ..module_utils._flow.select import Selector
from ..module_utils._flow.snapshot_wish import Aim, Wish
from ..module_utils._shell import run_module
from ..module_utils._vi.snapshots import SnapshotsResult, paths_of, work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    "state": {"type": "str", "default": "present", "choices": [aim.value for aim in Aim]},
    "snapshot": {"type": "str"},
    "snapshot_id": {"type": "int"},
    "snapshot_xml": {"type": "str"},
    "new_name": {"type": "str"},
    "description": {"type": "str"},
    "memory": {"type": "bool", "default": False},
    "quiesce": {"type": "bool", "default": False},
    "remove_children": {"type": "bool", "default": False},
    "consolidate": {"type": "bool", "default": True},
    "suppress_power_on": {"type": "bool", "default": False},
}

RULES: Mapping[str, Any] = {
    **VMS_RULES,
    "mutually_exclusive": [*VMS_RULES["mutually_exclusive"], ["snapshot", "snapshot_id"]],
}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> SnapshotsResult:
    """Bring the snapshots of the selected virtual machines to what is wished."""
    wish, pace = Wish.from_params(params), Pace.from_params(params)
    policy = Policy.from_params(params, intent=Intent.REVERT if wish.aim is Aim.REVERTED else None)
    selector = Selector.from_params(params)
    found = host.lookup_vms(selector, params["folder"], also=paths_of(wish))
    return work(host, found, wish, policy, pace, single=selector.is_single, check_mode=check_mode)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
