#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Define virtual machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_define
short_description: Make virtual machines what is described, or take them away
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Creates, registers or reconfigures virtual machines so that they are as described,
    by options, by the text of a VMX, by libvirt's domain XML, or by a VMX that is on a datastore.
  - What is there is read once and compared; one reconfigure makes all the differences.
    A second run changes nothing.
  - Everything that can be checked is checked before anything is touched.
    What was brought is taken away again where a later step fails,
    what was killed is finished by the next run,
    and a VMX that is there already is never overwritten.
  - No task hangs on a question of a virtual machine, such as that of a CD-ROM that the guest has locked.
    A question is answered by your rules or by O(auto_answer),
    or the task fails at once and shows the question with its choices.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.vms
  - virt.esx.questions
  - virt.esx.definition
options:
  name:
    description:
      - The name of the virtual machine, compared exactly. It overrides the name in the description.
      - A name that two machines bear is an error that lists both, with O(moid) and path.
      - Beside O(uuid) or O(moid) it is the name that the machine shall have, so it renames.
        A name that another machine has is then an error.
      - If it is left out, O(uuid), O(moid), O(names) or O(query) says which machines are meant,
        and without these the description itself, by its UUID or else by its name.
    type: str
  uuid:
    description:
      - The BIOS UUID or the instance UUID of the virtual machine, in any way of writing it.
        It overrides the UUID in the description, and is the BIOS UUID of a machine that is made.
      - If it is left out, O(name), O(moid), O(names), O(query) or the description says which machines are meant,
        and a new machine has the UUID of its description, or one that the host makes.
    type: str
  moid:
    description:
      - The managed object id of one virtual machine, for example V(12) on a host or V(vm-1034) under a vCenter.
        With O(state=present) it must be there.
      - If it is left out, O(name), O(uuid), O(names), O(query) or the description says which machines are meant.
    type: str
  names:
    description:
      - The names of several virtual machines, which all become what is described.
        With O(state=present) they must be there; if one is missing, nothing is done to any.
      - If it is left out, O(name), O(uuid), O(moid), O(query) or the description says which machines are meant.
    type: list
    elements: str
  query:
    description:
      - A JMESPath expression over the list of the facts of all virtual machines,
        as M(virt.esx.esx_vm_info) returns them,
        for example V([?power_state=='powered-off' && starts_with(name, 'web'\)]).
        The machines that it yields all become what is described.
      - If it is left out, O(name), O(uuid), O(moid), O(names) or the description says which machines are meant.
    type: str
  folder:
    description:
      - Only virtual machines in this folder, or in folders below it, are seen, and a new one is put there.
      - It is a path below the datacenter's folder for virtual machines, such as V(production/web),
        or a whole inventory path that begins with a slash, such as V(/dc1/vm/production).
      - If it is left out, machines are looked for in all folders, and a new one is put into the topmost.
    type: str
  state:
    description:
      - With V(present) the machines are as described; one that is not there is made.
      - With V(absent) they are not registered any more. Their files stay, unless O(delete_from_disk) says otherwise.
        A machine that is not there is no change.
    type: str
    default: present
    choices: [present, absent]
  vmx:
    description:
      - The text of a VMX file, for example of a lookup.
      - A machine that is not there is registered with it. The VMX is put beside its first disk,
        or where O(datastore) and O(directory) say.
      - Of a machine that is there everything is compared that the text says and that a host reports.
      - If it is left out, one of O(definition), O(domain_xml) and O(vmx_path) is needed for O(state=present).
    type: str
  domain_xml:
    description:
      - A libvirt domain of type C(vmware), as C(virsh dumpxml) writes it,
        or the filter P(virt.esx.vmx_to_domain_xml#filter).
      - If it is left out, one of O(definition), O(vmx) and O(vmx_path) is needed for O(state=present).
    type: str
  vmx_path:
    description:
      - A VMX that is on a datastore, as V([datastore1] web01/web01.vmx). It is registered as it is.
      - If it is left out, one of O(definition), O(vmx) and O(domain_xml) is needed for O(state=present).
    type: str
  register_as:
    description:
      - What the host takes a machine for that it has not seen before, instead of asking at the first power-on.
      - With V(moved) it keeps its identity, with V(copied) the host makes a new one.
      - With V(ask) the VMX stays as it is, and the host may ask.
      - It matters for O(vmx) and O(domain_xml) only.
      - If it is left out, the host may ask.
    type: str
    default: ask
    choices: [moved, copied, ask]
  datastore:
    description:
      - The datastore of a new machine.
      - If it is left out, it is that of the first disk, or the only one that the host has.
    type: str
  directory:
    description:
      - The directory of a new machine on its datastore. It may not leave the datastore.
      - If it is left out, it is that of the first disk, or one that bears the machine's name.
    type: str
  resource_pool:
    description:
      - The resource pool of a new machine, as a path below the host's or the cluster's own pool.
      - If it is left out, it is that pool.
    type: str
  purge:
    description:
      - Whether devices that are not described are removed. The files of disks stay on their datastores.
      - If it is left out, devices that are not described stay.
    type: bool
    default: false
  power_cycle:
    description:
      - Whether a running machine may be shut down for changes that need it powered off, and started again.
        The guest is asked to shut down; see O(force_after).
      - If it is left out, such changes are an error that names them, and nothing is touched.
    type: bool
    default: false
  force_after:
    description:
      - With O(power_cycle), the seconds after which a machine that is still on is powered off.
        It must be less than O(timeout).
      - Where VMware Tools do not run, the machine is then powered off at once.
      - If it is left out, nothing is forced. The guest has O(timeout) seconds, and after that the machine has failed.
    type: int
  force:
    description:
      - With O(state=absent), whether a machine that is on is powered off first, without asking the guest.
      - If it is left out, a machine that is on is an error.
    type: bool
    default: false
  delete_from_disk:
    description:
      - With O(state=absent), whether the files of the machine are deleted, its disks among them.
      - If it is left out, the files stay.
    type: bool
    default: false
notes:
  - With O(state=present) exactly one of O(definition), O(vmx), O(domain_xml) and O(vmx_path) is needed.
  - A reconfigure is one task that the host carries out as a whole or not at all.
    It is guarded against an edit of somebody else in between, which is looked at and not written over.
  - A machine that is shut down for a change is started again, also where the host refuses the change.
    Until then it bears the entry C(virt.esx.powerCycle),
    by which the next run with O(power_cycle=true) knows one that was left off because its run was killed.
  - O(datastore), O(directory), O(folder) and O(resource_pool) place a new machine. They move no other.
seealso:
  - module: virt.esx.esx_vm_info
  - module: virt.esx.esx_vm_power
  - plugin: virt.esx.from_vmx
    plugin_type: filter
  - ref: ansible_collections.virt.esx.docsite.defining
    description: What is managed and what is not, and how it compares with other tools.
"""

EXAMPLES = r"""
- name: A virtual machine with a new disk
  virt.esx.esx_vm_define:
    name: web01
    datastore: datastore1
    definition:
      guest_id: rhel9-64
      cpus: 2
      memory_mib: 4096
      disks:
        - slot: scsi0:0
          capacity_kib: 16777216
          provisioning: thin
      nics:
        - slot: ethernet0
          network: VM Network

- name: More memory, with a shutdown of the guest if that is needed
  virt.esx.esx_vm_define:
    name: web01
    definition:
      memory_mib: 8192
    power_cycle: true
    force_after: 120

- name: The same note on many virtual machines
  virt.esx.esx_vm_define:
    names: [web01, web02, web03]
    definition:
      annotation: patched in November

- name: A disk that grows, another network, a drive less, an entry of the VMX, in one reconfigure
  virt.esx.esx_vm_define:
    name: web01
    definition:
      disks:
        - slot: scsi0:0
          capacity_kib: 33554432
      nics:
        - slot: ethernet0
          network: DMZ
      absent: [floppy0]
      extra:
        disk.EnableUUID: "TRUE"

- name: Exactly this hardware, and nothing beside it
  virt.esx.esx_vm_define:
    name: web01
    definition: "{{ lookup('ansible.builtin.file', 'web01.yml') | from_yaml }}"
    purge: true

- name: Rename a virtual machine
  virt.esx.esx_vm_define:
    uuid: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    name: web01-old
    definition: {}

- name: Register a VMX that is on a datastore
  virt.esx.esx_vm_define:
    vmx_path: "[datastore1] web02/web02.vmx"

- name: Bring a libvirt domain to this host, with an identity of its own
  virt.esx.esx_vm_define:
    domain_xml: "{{ lookup('ansible.builtin.file', 'web03.xml') }}"
    register_as: copied

- name: Eject the medium, and let the host take it though the guest has locked the drive
  virt.esx.esx_vm_define:
    name: web01
    definition:
      cdroms:
        - slot: ide0:0
          file: ""
    answers:
      - question: msg.cdromdisconnect.locked
        answer: "Yes"

- name: Unregister a virtual machine and keep its files
  virt.esx.esx_vm_define:
    name: web01
    state: absent

- name: Delete virtual machines with their disks, running or not
  virt.esx.esx_vm_define:
    query: "[?starts_with(name, 'scratch-')]"
    state: absent
    delete_from_disk: true
    force: true
"""

RETURN = r"""
vms:
  description: What came of each virtual machine; also when the task fails.
  returned: once the virtual machines have been found
  type: list
  elements: dict
  contains: &entry
    name:
      description: Its name.
      type: str
      sample: web01
    moid:
      description: >-
        Its managed object id, an empty text for a machine that is not there:
        in check mode one that is not made yet, else one that was taken away again because a later step failed.
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
      returned: if it failed
      type: dict
      sample: {kind: question_blocked}
diff:
  description:
    - What became another of each virtual machine that was changed, or in check mode would be.
      Shown with C(--diff). Passwords are masked.
    - After a failure it is what had been changed before that.
  returned: once the virtual machines have been found
  type: dict
  contains:
    before:
      description: What was found of that which changed, by the names of the machines, in the words of O(definition).
      type: dict
      sample: {web01: {power_state: powered-off, definition: {memory_mib: 4096}}}
    after:
      description:
        - What it became. C(done) lists what no state shows, such as a machine that was shut down and started again.
      type: dict
      sample: {web01: {power_state: powered-off, definition: {memory_mib: 8192}}}
    prepared:
      description:
        - The same as lines of a VMX, which Ansible shows below.
          What no VMX says has no line, such as the size of a disk. A VMX that is registered as it is has none, too.
      returned: if a line of a VMX changes
      type: str
      sample: "web01, in the lines of its VMX:\n-memsize = \"4096\"\n+memsize = \"8192\"\n"
vm:
  description: The one entry of RV(vms).
  returned: if one virtual machine is meant, and there is one
  type: dict
  contains: *entry
failure:
  description: >-
    Why the task failed, for C(rescue) and for programs. RV(failure.kind) says what else there is:
    V(question_blocked) has C(question), C(reason), C(rule), C(task) and C(outcome);
    V(some_failed) has C(failed) and C(first); V(not_found) has C(missing); V(option) has C(option);
    V(ambiguous) has C(candidates); V(vmx) and V(domain_xml) have the place of what cannot be read.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(plan) for what cannot be, V(not_found), V(option), V(vmx), V(domain_xml),
        V(question_blocked), V(timeout), V(login_refused).
      type: str
      sample: question_blocked
    missing:
      description: What is not there, such as networks, files, datastores, machines.
      returned: if RV(failure.kind) is V(not_found)
      type: list
      elements: str
      sample: ["[datastore1] iso/debian.iso"]
    option:
      description: The option or the field that is wrong.
      returned: if RV(failure.kind) is V(option), and it is one
      type: str
      sample: disks[1].capacity_kib
    candidates:
      description: What answers to one name, each with C(moid) and C(path), machines with C(uuid).
      returned: if RV(failure.kind) is V(ambiguous)
      type: list
      elements: dict
      sample: [{moid: "12", path: /ha-datacenter/vm/web01, uuid: 564d2b1e-9f0a-4c53-8e7d-0123456789ab}]
    line:
      description: The line of the text.
      returned: if RV(failure.kind) is V(vmx), or V(domain_xml) and it is known
      type: int
      sample: 3
    column:
      description: The column of the text.
      returned: if RV(failure.kind) is V(vmx), or V(domain_xml) and it is known
      type: int
      sample: 1
    key:
      description: The key of the VMX.
      returned: if RV(failure.kind) is V(vmx), and it is about one
      type: str
      sample: virtualHW.version
    path:
      description: The path of the element.
      returned: if RV(failure.kind) is V(domain_xml)
      type: str
      sample: /domain/devices/disk[1]/source
    found:
      description: What stands there.
      returned: if RV(failure.kind) is V(domain_xml), and it is about a value
      type: str
      sample: lots
    wanted:
      description: What is wanted there.
      returned: if RV(failure.kind) is V(domain_xml), and it is about a value
      type: str
      sample: a number
    field:
      description: The field that cannot be said.
      returned: if RV(failure.kind) is V(not_representable)
      type: str
      sample: sharedFolder0
    method:
      description: The call that the host refused.
      returned: if the host refused something, or a task failed
      type: str
      sample: ReconfigVM_Task
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
    done:
      description: >-
        What had been done to the virtual machine before it failed, and stays: C(registered), C(shut down),
        C(started again), and what was changed, in the words of O(definition).
      returned: if anything had been done
      type: list
      elements: str
      sample: [hardware_version]
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

from ..module_utils._argspec import CONNECTION, QUESTIONS, VMS
from ..module_utils._argspec_definition import DEFINITION
from ..module_utils._errors import OptionError
from ..module_utils._flow.answers import Policy
from ..module_utils._flow.define import PowerCycle
from ..module_utils._flow.description import SOURCES, UUID_ACTIONS, Description
from ..module_utils._flow.outcome import BatchResult
from ..module_utils._flow.pace import Pace, seconds_within
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.definer import Definer, Options
from ..module_utils._vi.making import Placement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **VMS,
    **QUESTIONS,
    **DEFINITION,
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "vmx": {"type": "str"},
    "domain_xml": {"type": "str"},
    "vmx_path": {"type": "str"},
    "register_as": {"type": "str", "default": "ask", "choices": list(UUID_ACTIONS)},
    "datastore": {"type": "str"},
    "directory": {"type": "str"},
    "resource_pool": {"type": "str"},
    "purge": {"type": "bool", "default": False},
    "power_cycle": {"type": "bool", "default": False},
    "force_after": {"type": "int"},
    "force": {"type": "bool", "default": False},
    "delete_from_disk": {"type": "bool", "default": False},
}

PLACES = ("datastore", "directory", "folder", "resource_pool")
RULES: Mapping[str, Any] = {
    "mutually_exclusive": [["uuid", "moid", "names", "query"], ["name", "names", "query"], list(SOURCES)]
}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> BatchResult:
    """Make virtual machines what is described, or take them away."""
    selector, pace = _selector(params), Pace.from_params(params)
    definer = Definer(
        host,
        Options(
            placement=Placement(**{name: params[name] for name in PLACES}),
            purge=params["purge"],
            cycle=PowerCycle(allowed=params["power_cycle"], force_after=seconds_within(params, "force_after", pace)),
            policy=Policy.from_params(params),
            pace=pace,
            check_mode=check_mode,
        ),
    )
    is_single = selector is None or selector.is_single
    if params["state"] == "present":
        description = Description.from_params(params, name=params["name"], uuid=params["uuid"])
        return BatchResult(results=definer.define(selector, description), single=is_single)
    if selector is None:
        raise OptionError("which virtual machines shall be absent? Give 'name', 'uuid', 'moid', 'names' or 'query'")
    results = definer.remove(
        selector, params["folder"], delete_from_disk=params["delete_from_disk"], force=params["force"]
    )
    return BatchResult(results=results, single=is_single)


def _selector(params: Mapping[str, Any]) -> Selector | None:
    """Return what is selected: a UUID or an id before a name, which then is what the machine shall be called."""
    stronger = any(params[option] is not None for option in ("uuid", "moid"))
    selector = Selector.from_params({**params, "name": None} if stronger else params)
    return None if selector.option is None else selector


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
