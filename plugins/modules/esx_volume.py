#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make, copy, grow, wipe, move and delete virtual disks and other files on datastores."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_volume
short_description: Virtual disks and other files on datastores
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes virtual disks that belong to no virtual machine, copies them, makes them larger, wipes, moves and deletes
    them, and does the same with other files and with folders as far as that has a meaning.
  - The host does all of it. Nothing goes over the network.
  - Nothing that is there is ever overwritten. What belongs to a virtual machine is left alone, but it can be copied.
  - Folders above the file are made where they are missing, and are what they are called, folders within folders too.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  path:
    description: The place of the file, in the form V([datastore1] disks/data01.vmdk). A disk's name ends with C(.vmdk).
    type: str
    required: true
  state:
    description:
      - V(present) makes a disk, or a copy of O(source), where nothing is. A disk that is there is made larger if
        O(capacity_kib) says so, and never smaller. Another file that is there is a copy if it is as long as O(source).
      - V(absent) deletes the file, a disk with its extents, or a folder.
      - V(directory) makes a folder.
      - V(moved) moves O(source) there. If only O(path) is there, it has been moved already.
      - V(wiped) writes zeros over a disk. That cannot be seen afterwards, so it is done each time, and is a change.
    type: str
    default: present
    choices: [present, absent, directory, moved, wiped]
  source:
    description:
      - The disk or file that is copied, or moved with V(state=moved). It may be on another datastore.
      - If it is left out, a new disk is empty.
    type: str
  capacity_kib:
    description:
      - How large the disk is at least. Needed for a disk that is not there, without O(source).
      - If it is left out, it is what it is, or what the source is.
    type: int
  provisioning:
    description:
      - How the blocks of a new disk are allocated.
      - If it is left out, they are as those of the source, and V(thin) without one.
      - A disk that is there is not converted. That it is of another kind is an error; a host does not tell
        V(thick) from V(eager-zeroed).
    type: str
    choices: [thin, thick, eager-zeroed]
  adapter:
    description:
      - What a new disk is made for.
      - If it is left out, it is as that of the source, and V(lsilogic) without one, which suits all but the oldest
        controllers.
    type: str
    choices: [lsilogic, buslogic, ide]
  recursive:
    description: Whether V(state=absent) deletes a folder with all that is in it. If not, it must be empty.
    type: bool
    default: false
  timeout:
    description:
      - How many seconds one step may take, such as the copying of a disk.
      - Then it is cancelled if the host can do that, and what was made is taken away.
    type: int
    default: 7200
notes:
  - The room is looked at before anything is made. A thin disk takes none at first.
  - Until a copy is whole, its name ends with C(.virt-esx-copy.vmdk), or C(.virt-esx-copy) if it is no disk.
    What a run that was killed has left under such a name, the next one for the same O(path) deletes, and copies anew.
    Let one task at a time make a copy of a name.
  - How far the host is with the copy of a disk is shown while it copies, on the terminal and in a job's output, where
    the task runs on the controller itself; not with C(async), C(become) or C(no_log).
  - A run that fails takes away what it has made, folders included. If the connection is lost, so that nobody knows what
    the host makes of it, everything stays.
  - What a virtual machine has as a disk, as an image in a drive, or in its folder belongs to it, running or not.
    Machines that are registered on another host, or that the account cannot see, are not known; what these have open
    while they run, the host itself refuses to touch.
  - A disk of a virtual machine is the business of M(virt.esx.esx_vm_define), and copies of whole virtual machines are
    that of M(virt.esx.esx_vm_clone).
seealso:
  - module: virt.esx.esx_volume_info
  - module: virt.esx.esx_volume_upload
  - module: virt.esx.esx_vm_define
"""

EXAMPLES = r"""
- name: Make an empty disk of 20 GiB
  virt.esx.esx_volume:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    path: "[datastore1] disks/data01.vmdk"
    capacity_kib: "{{ 20 * 1024 ** 2 }}"

- name: Copy an image to another datastore
  virt.esx.esx_volume:
    path: "[ssd1] iso/debian.iso"
    source: "[datastore1] iso/debian.iso"

- name: Make a larger copy of a disk
  virt.esx.esx_volume:
    path: "[ssd1] disks/data02.vmdk"
    source: "[datastore1] disks/golden.vmdk"
    capacity_kib: "{{ 40 * 1024 ** 2 }}"
    provisioning: thick

- name: Wipe a disk before it is given away
  virt.esx.esx_volume:
    path: "[datastore1] disks/data01.vmdk"
    state: wiped

- name: Delete a folder with all that is in it
  virt.esx.esx_volume:
    path: "[datastore1] old"
    state: absent
    recursive: true
"""

RETURN = r"""
volume:
  description: >-
    The file as it is afterwards, null if it is not there. In check mode it is the file as it is.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: "[datastore1] disks/data01.vmdk"
    datastore:
      description: The name of its datastore.
      type: str
      sample: datastore1
    folder:
      description: The directory that it is in, empty at the top.
      type: str
      sample: disks
    name:
      description: What it is called there.
      type: str
      sample: data01.vmdk
    type:
      description: What it is, as RV(virt.esx.esx_volume_info#module:volumes[].type) says it.
      type: str
      sample: disk
    capacity_bytes:
      description: >-
        The size that a disk has for a machine, null where the host does not say it; of other files their length.
      type: int
      sample: 21474836480
    allocation_bytes:
      description: What it takes of the datastore.
      type: int
      sample: 1048576
    modified_at:
      description: When it was written last, null where the host does not say it.
      type: str
      sample: "2026-11-01T06:00:00+00:00"
    disk:
      description: More of a disk, null unless it is one.
      type: dict
      contains:
        provisioning:
          description: V(thin) or V(thick), null where the host does not say it.
          type: str
          sample: thin
        adapter:
          description: What it was made for, V(ide), V(buslogic) or V(lsilogic), null where the host does not say it.
          type: str
          sample: lsilogic
        hardware_version:
          description: The version of its format.
          type: int
          sample: 4
    uuid:
      description: Always null here; M(virt.esx.esx_volume_info) can ask for it.
      type: str
      sample: null
    volume:
      description: What libvirt's ESX driver says of it as a storage volume.
      type: dict
      contains:
        name:
          description: The name of the volume in its pool.
          type: str
          sample: disks/data01.vmdk
        key:
          description: The path.
          type: str
          sample: "[datastore1] disks/data01.vmdk"
        format:
          description: V(vmdk), V(iso) or V(raw). It is null for files that libvirt does not see.
          type: str
          sample: vmdk
        capacity:
          description: Its size in bytes, null where the host does not say it.
          type: int
          sample: 21474836480
        allocation:
          description: What it takes, in bytes.
          type: int
          sample: 1048576
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: task_failed, fault: NoDiskSpace, method: CreateVirtualDisk_Task}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.pace import LONGEST_SECONDS, number_of
from ..module_utils._flow.volume_plan import ADAPTERS, STATES, VolumeWish
from ..module_utils._shell import run_module
from ..module_utils._vi.volume_work import bring_about
from ..module_utils._vmx.drives import Provisioning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._flow.outcome import Change
    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "path": {"type": "str", "required": True},
    "state": {"type": "str", "default": STATES[0], "choices": list(STATES)},
    "source": {"type": "str"},
    "capacity_kib": {"type": "int"},
    "provisioning": {"type": "str", "choices": [kind.value for kind in Provisioning]},
    "adapter": {"type": "str", "choices": list(ADAPTERS)},
    "recursive": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 7200},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Change:
    """Bring the file to what is wanted of it."""
    wish = VolumeWish.from_params(params)
    timeout = number_of(params, "timeout", least=1, most=LONGEST_SECONDS)
    return bring_about(host, wish, timeout=timeout, check_mode=check_mode)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
