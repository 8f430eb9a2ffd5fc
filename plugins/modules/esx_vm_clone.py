#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy a virtual machine on a host without vCenter."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_vm_clone
short_description: Copy a virtual machine, without vCenter
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes copies of a virtual machine on a standalone ESXi host, which itself offers no such thing.
    The host copies the disks, the VMX is rewritten, and the copy is registered.
    Nothing but the VMX goes over the network.
  - A copy has a BIOS UUID, an instance UUID and MAC addresses of its own, made by the host, and nothing in it says
    where it comes from. So its first power-on asks nothing.
    Everything else is as in the source, keys that nobody knows included.
  - Of a source with snapshots the copy gets what its disks hold now, and no snapshots.
  - A virtual machine that has the wanted name already is left as it is, whatever it is made of. What is to be different
    in a copy, M(virt.esx.esx_vm_define) changes before its first power-on.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  name:
    description: What the copy is called. One of O(name) and O(names) is needed.
    type: str
  names:
    description: What the copies are called, if there are to be several. They are made one after the other.
    type: list
    elements: str
  source:
    description:
      - The name of the virtual machine to copy. One of O(source), O(source_uuid) and O(source_moid) is needed.
      - It must be powered off, unless O(linked) is set. It is not asked for where nothing is left to copy.
    type: str
  source_uuid:
    description: The BIOS UUID of the virtual machine to copy.
    type: str
  source_moid:
    description: The managed object id of the virtual machine to copy.
    type: str
  datastore:
    description:
      - The datastore for the copy.
      - If it is left out, it is the one on which the source's VMX is.
    type: str
  directory:
    description:
      - The directory on it, which may be there already if none of the copy's files is in it. Only with O(name).
      - If it is left out, it is called like the copy.
    type: str
  folder:
    description:
      - The folder in the inventory, below the folder of virtual machines.
      - If it is left out, it is that folder itself.
    type: str
  resource_pool:
    description:
      - The name of the resource pool.
      - If it is left out, it is the host's own.
    type: str
  provisioning:
    description:
      - How the blocks of the copied disks are allocated. A vCenter decides that itself.
      - If it is left out, they are what the source's are, so that thin disks stay thin.
    type: str
    choices: [thin, thick, eager-zeroed]
  linked:
    description:
      - Whether the copy's disks lie on those of the source, as its current snapshot keeps them,
        instead of being copied. That takes seconds and hardly any space. The source may run.
      - Each disk of the source must have a snapshot. It must stay as long as there are linked copies,
        for a host does not know of them and lets it be removed.
      - If it is left out, the disks are copied.
    type: bool
    default: false
  timeout:
    description:
      - How many seconds one step may take, such as the copying of one disk.
        Then it is cancelled if the host can do that, and what was made is taken away.
    type: int
    default: 7200
notes:
  - The free space is looked at before anything is copied. A thin disk needs what the source's takes now.
  - While a copy is made, a file beside its VMX whose name ends with C(.vmx.clone) says which files are the copy's.
    A run that fails takes away what it has made, and says so where it cannot. If a run is killed, the next one for
    the same name takes away what is left, waits for the host to end what it still copies, and begins anew.
    Nothing else is ever deleted or overwritten.
  - Let one task at a time make a copy of a name. A second one takes the first for one that was killed;
    then the first stops with an error, and touches nothing that the second has made.
  - Without O(linked), a source that is powered on or suspended is refused. So are encrypted sources and those
    with a virtual TPM, raw devices and disks that several virtual machines share.
  - How far the host is with a disk is shown while it copies, on the terminal and in a job's output, where the task runs
    on the controller itself.
    What ends at once shows nothing, what takes long a line each tenth. With C(async), C(become) or C(no_log) nothing is
    shown. A step that takes too long says in its failure how far it came.
seealso:
  - module: virt.esx.esx_vm_define
  - module: virt.esx.esx_vm_power
"""

EXAMPLES = r"""
- name: Make a web server of the golden image
  virt.esx.esx_vm_clone:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    thumbprint: "{{ esx_thumbprint }}"
    source: debian12-golden
    name: web01

- name: Give it what it needs
  virt.esx.esx_vm_define:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    thumbprint: "{{ esx_thumbprint }}"
    name: web01
    definition:
      memory_mib: 4096
      cpus: 2

- name: Make three thin copies on another datastore
  virt.esx.esx_vm_clone:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    thumbprint: "{{ esx_thumbprint }}"
    source: debian12-golden
    names: [test01, test02, test03]
    datastore: ssd1
    provisioning: thin

- name: Make twenty machines for one night of tests, in seconds
  virt.esx.esx_vm_clone:
    source: debian12-golden
    names: "{{ range(1, 21) | map('regex_replace', '^', 'night') | list }}"
    linked: true
"""

RETURN = r"""
vms:
  description: The copies, in the order of O(names).
  returned: unless the source or an option is wrong
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
      sample: web01
    moid:
      description: Its managed object id, empty where it is not there (in check mode, or after a failure).
      type: str
      returned: always
      sample: "12"
    uuid:
      description: Its BIOS UUID.
      type: str
      returned: if it is there
      sample: 564d2b1e-9f0a-4c53-8e7d-0123456789ab
    changed:
      description: Whether it was made now.
      type: bool
      returned: always
      sample: true
    failed:
      description: Whether that failed.
      type: bool
      returned: always
      sample: false
    msg:
      description: Why, in words.
      type: str
      returned: always
      sample: ""
    power_state:
      description: Its power state; a new copy is off.
      type: str
      returned: if it is there, and in check mode
      sample: powered-off
    questions:
      description: Nobody asks anything here; the list is there because other modules have it.
      type: list
      elements: dict
      returned: always
      sample: []
    task:
      description: Always null, for a copy takes many tasks.
      type: dict
      returned: always
      sample: null
    failure:
      description: Why it failed, in the form of RV(failure).
      type: dict
      returned: if it failed, and several were asked for
      sample: {kind: plan}
vm:
  description: The copy, in the form of RV(vms).
  returned: with O(name)
  type: dict
  sample: {name: web01, moid: "12", changed: true, failed: false, msg: "", power_state: powered-off}
failure:
  description: Why the task failed, for RV(ignore:ansible_failed_result) and rulebooks.
  returned: if the task failed
  type: dict
  contains:
    kind:
      description: What kind of failure it is, such as V(not_found), V(plan), V(task_failed) or V(timeout).
      type: str
      returned: always
      sample: plan
    missing:
      description: What was asked for and is not there.
      type: list
      elements: str
      returned: if RV(failure.kind) is V(not_found)
      sample: [debian12-golden]
    candidates:
      description: What answers to one name.
      type: list
      elements: dict
      returned: if RV(failure.kind) is V(ambiguous)
      sample: [{moid: "12", path: "[datastore1] web01/web01.vmx"}]
    option:
      description: The option that is wrong.
      type: str
      returned: if RV(failure.kind) is V(option), and it is one
      sample: names
    fault:
      description: The name of vSphere's fault.
      type: str
      returned: if the host refused something, or a task failed
      sample: NoDiskSpace
    method:
      description: The call that the host refused.
      type: str
      returned: if the host refused something, or a task failed
      sample: CopyVirtualDisk_Task
    seconds:
      description: The seconds that were waited.
      type: float
      returned: if RV(failure.kind) is V(timeout)
      sample: 7200
    task:
      description: The task that took too long.
      type: dict
      returned: if RV(failure.kind) is V(timeout)
      sample: {moid: haTask-ha-host-vim.VirtualDiskManager.copyVirtualDisk-7}
    outcome:
      description: What became of that task.
      type: str
      returned: if RV(failure.kind) is V(timeout)
      sample: cancelled
    failed:
      description: The names of the copies that failed.
      type: list
      elements: str
      returned: if RV(failure.kind) is V(some_failed)
      sample: [web01]
    first:
      description: The failure of the first of them.
      type: dict
      returned: if RV(failure.kind) is V(some_failed)
      sample: {kind: plan}
  sample: {kind: not_found, missing: [debian12-golden]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._errors import OptionError
from ..module_utils._flow.clone import check_name
from ..module_utils._flow.outcome import BatchResult
from ..module_utils._flow.pace import LONGEST_SECONDS, number_of
from ..module_utils._flow.select import Selector
from ..module_utils._shell import run_module
from ..module_utils._vi.cloner import Cloner
from ..module_utils._vi.making import Placement
from ..module_utils._vmx.drives import Provisioning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "source": {"type": "str"},
    "source_uuid": {"type": "str"},
    "source_moid": {"type": "str"},
    "datastore": {"type": "str"},
    "directory": {"type": "str"},
    "folder": {"type": "str"},
    "resource_pool": {"type": "str"},
    "provisioning": {"type": "str", "choices": [kind.value for kind in Provisioning]},
    "linked": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 7200},
}

_SOURCES = {"source": "name", "source_uuid": "uuid", "source_moid": "moid"}
_PLACES = ("datastore", "directory", "folder", "resource_pool")
RULES: Mapping[str, Any] = {
    "mutually_exclusive": [["name", "names"], list(_SOURCES), ["names", "directory"]],
    "required_one_of": [["name", "names"], list(_SOURCES)],
}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> BatchResult:
    """Make copies of a virtual machine."""
    names = list(dict.fromkeys(params["names"] if params["name"] is None else [params["name"]]))
    option = "names" if params["name"] is None else "name"
    if not names:
        raise OptionError("'names' is empty: it must say what the copies are called", option=option)
    for name in names:
        check_name(name, option)
    if params["linked"] and params["provisioning"] is not None:
        raise OptionError("'provisioning' is about blocks that are copied, and with 'linked' none are", option="linked")
    (by,) = (one for one in _SOURCES if params[one] is not None)
    cloner = Cloner(
        host,
        Placement(**{place: params[place] for place in _PLACES}),
        provisioning=None if params["provisioning"] is None else Provisioning(params["provisioning"]),
        linked=params["linked"],
        timeout=number_of(params, "timeout", least=1, most=LONGEST_SECONDS),
        check_mode=check_mode,
    )
    selector = Selector.from_params({_SOURCES[by]: params[by]})
    return BatchResult(results=cloner.clone(selector, names), single=params["name"] is not None)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
