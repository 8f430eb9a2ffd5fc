#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep pictures of the screens of virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_screenshot
short_description: Keep a picture of the screen of virtual machines
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Keeps what is on the screen of one running virtual machine or of many, each in a PNG file
    on the machine where the module runs. With C(delegate_to=localhost) that is the controller.
  - The picture comes over HTTPS from the ESXi host or from the vCenter, and nothing is written on a datastore.
  - Where the server does not show screens, it takes the picture in a task, which writes it to the datastore
    of the machine. It is fetched from there and deleted.
    Questions of the machine are then answered or reported as in all modules.
  - A file is replaced in one step, and only if the picture is another one.
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
      - The screen is looked at in check mode too, and compared with the file, so the prediction is true
        as long as the screen stays as it is.
      - Where only a task can take the picture, none is taken. A change is predicted, and what would be in the file
        is not known.
  idempotent:
    details:
      - A screen that has changed is a change.
options:
  dest:
    description:
      - The file, or a folder that is there. In a folder each file bears the name of its virtual machine
        with C(.png) behind it. Where two of them have the same name, or it is too long for a file,
        the id is part of it. Characters that do not belong in a file name are written as in URLs, a slash as C(%2F).
      - What is there and is neither a file nor a folder, such as a device, is not replaced.
      - With O(names) and O(query) it must be a folder.
    type: path
    required: true
  mode:
    description:
      - The permissions of the file in octal digits, for example V("0600"). It must be in quotes,
        for without them YAML makes another number of it.
      - If it is left out, a file that is there keeps its own, and a new one gets those that files usually get.
    type: raw
notes:
  - A virtual machine that is off or suspended has no screen, which is a failure.
  - The file is not kept up to date. To follow a screen, repeat the task.
  - A task that is killed between taking a picture on a datastore and fetching it leaves it there,
    beside the VMX, and the next run does not look for it.
seealso:
  - module: virt.esx.esx_vm_power
  - module: virt.esx.esx_question
"""

EXAMPLES = r"""
- name: Keep what a machine shows that does not come up
  virt.esx.esx_vm_screenshot:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: web01
    dest: /tmp/web01.png
    mode: "0600"
  delegate_to: localhost

- name: Keep the screens of all running machines, to be looked at side by side
  virt.esx.esx_vm_screenshot:
    query: "[?power_state=='powered-on']"
    dest: /var/tmp/screens/
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
      description: Whether this task changed the file.
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
      description: Its power state, which this module does not change. Null where the host cannot tell.
      type: str
      sample: powered-on
    dest:
      description: The file of its picture.
      type: str
      sample: /tmp/web01.png
    sha256:
      description: The checksum of the picture, null if none was taken.
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    size:
      description: The size of the picture in bytes, null if none was taken.
      type: int
      sample: 11836
    width:
      description: Its width in pixels, null if none was taken.
      type: int
      sample: 1024
    height:
      description: Its height in pixels, null if none was taken.
      type: int
      sample: 768
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
      description: The task that took the picture, null where none was needed.
      type: dict
      sample:
        moid: task-7
        operation: VirtualMachine.createScreenshot
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
      sample: {moid: task-7, operation: VirtualMachine.createScreenshot, state: running}
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
from ..module_utils._flow.answers import Policy
from ..module_utils._flow.pace import Pace
from ..module_utils._flow.screenshot import ScreenshotResult, places
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.local_file import is_folder, mode_of
from ..module_utils._vi.screenshot import Photographer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    "dest": {"type": "path", "required": True},
    "mode": {"type": "raw"},
}
RULES: Mapping[str, Any] = VMS_RULES


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> ScreenshotResult:
    """Keep pictures of the screens of the selected virtual machines."""
    policy, pace = Policy.from_params(params), Pace.from_params(params)
    selector, mode = Selector.from_params(params), mode_of(params["mode"])
    folder = is_folder(params["dest"])
    found = host.lookup_vms(selector, params["folder"])
    dests = places([item.vm for item in found], params["dest"], is_folder=folder, single=selector.is_single)
    photographer = Photographer(host, dests, mode, policy, pace, check_mode=check_mode)
    return photographer.work(found, single=selector.is_single)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
