#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mount, make, extend, rename and remove a datastore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_datastore
short_description: Mount, make, extend, rename and remove a datastore
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Sees to it that a host has a datastore or has not, NFS 3 and NFS 4.1 from a file server, or VMFS on disks of the
    host.
  - What is there is compared with what is wished. A datastore of the same name that lies somewhere else is an error
    that names both, and never replaced.
  - A datastore on which virtual machines have files is not removed, and a VMFS only with O(destroy=true).
  - A disk on which there are partitions is not taken for a VMFS.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  name:
    description:
      - The name of the datastore, compared exactly.
      - A new one may have 42 characters, and no slash, backslash or bracket.
    type: str
    required: true
  new_name:
    description:
      - The name that it shall have from now on. Where a datastore of this name is there and none of O(name),
        it has been renamed already.
      - If it is left out, it is not renamed.
    type: str
  state:
    description:
      - V(present) mounts or makes the datastore unless it is there, and changes what can be changed.
      - V(absent) unmounts a file server from this host, which leaves the files there, or destroys a VMFS.
    type: str
    default: present
    choices: [present, absent]
  type:
    description:
      - What it is, V(nfs) for NFS 3, V(nfs41) for NFS 4.1, or V(vmfs).
      - If it is left out, the datastore must be there, and what it lies on is not looked at.
    type: str
    choices: [nfs, nfs41, vmfs]
  remote_hosts:
    description:
      - The names or addresses of the file server. V(nfs) has exactly one.
      - They are compared as they are written, upper and lower case alike; nothing is resolved.
      - Needed with O(type=nfs) and O(type=nfs41), unless O(state=absent). If it is left out there, any server will do.
    type: list
    elements: str
  remote_path:
    description:
      - The path of the export on the file server.
      - Needed with O(type=nfs) and O(type=nfs41), unless O(state=absent). If it is left out there, any path will do.
    type: str
  access_mode:
    description:
      - How the export is mounted, V(read-write) or V(read-only).
      - No host changes it of an export that is mounted. If it differs, that is an error.
      - If it is left out, a new one is mounted V(read-write), and one that is there may be either.
    type: str
    choices: [read-write, read-only]
  security_type:
    description:
      - How the host proves to an NFS 4.1 server who it is. For Kerberos the host must have been given a user.
      - If it is left out, it is V(AUTH_SYS) for a new one, and not looked at of one that is there.
    type: str
    choices: [AUTH_SYS, SEC_KRB5, SEC_KRB5I]
  disks:
    description:
      - The canonical names of the disks that the VMFS shall lie on, such as V(naa.600508b1001c3a6f).
      - A new one is made on the first. It is extended to those that it does not lie on. It is never taken from one.
      - At least one of them must be a disk of the datastore that is there, otherwise it is another datastore.
      - Needed to make a VMFS. If it is left out, one that is there is not extended.
    type: list
    elements: str
  vmfs_version:
    description:
      - The major version of a new VMFS. One that is there is not converted, and if it differs, that is an error.
      - If it is left out, the host chooses.
    type: int
    choices: [5, 6]
  maintenance_mode:
    description:
      - Whether the datastore is in maintenance mode.
      - Only a vCenter has that, by Storage DRS. On a host of its own V(true) is an error that says so.
      - A datastore on which there are virtual machines does not enter it. Move them first.
      - If it is left out, it is not changed.
    type: bool
  refresh:
    description:
      - Whether the host is told to look anew at size and free space before they are returned. That is no change.
      - If it is left out, it is V(false).
    type: bool
    default: false
  destroy:
    description:
      - Whether a VMFS may be destroyed with everything that is on it, by O(state=absent). Nothing brings that back.
        Other hosts lose it too.
      - Not even then is one destroyed on which registered virtual machines have files.
      - If it is left out, it is V(false).
    type: bool
    default: false
  timeout:
    description:
      - How many seconds maintenance mode may take.
      - If it is left out, it is V(300).
    type: int
    default: 300
notes:
  - Under a vCenter with several hosts O(esxi_hostname) says on which one. A file server is mounted on each host by
    itself.
  - C(virsh -c esx) can neither make nor remove a storage pool; this module does what it leaves out.
"""

EXAMPLES = r"""
- name: Mount an export with NFS 3
  virt.esx.esx_datastore:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: nas01
    type: nfs
    remote_hosts: [nas.example.com]
    remote_path: /export/vm

- name: Mount installation media with NFS 4.1, read-only, over two ways
  virt.esx.esx_datastore:
    name: media
    type: nfs41
    remote_hosts: [192.0.2.31, 192.0.2.32]
    remote_path: /export/media
    access_mode: read-only

- name: Make a VMFS, and later extend it by adding a disk to the list
  virt.esx.esx_datastore:
    name: fast
    type: vmfs
    disks: [naa.600508b1001c3a6f]

- name: Rename it
  virt.esx.esx_datastore:
    name: fast
    new_name: fast01

- name: Unmount an export; the files stay where they are
  virt.esx.esx_datastore:
    name: media
    state: absent

- name: Destroy a VMFS with everything that is on it
  virt.esx.esx_datastore:
    name: fast01
    state: absent
    destroy: true
"""

RETURN = r"""
datastore:
  description: >-
    The datastore as it is afterwards, in check mode and after a failure as it is now; null where it is not there.
    The keys are those of M(virt.esx.esx_datastore_info).
  returned: success, and when a change failed
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: datastore1
    moid:
      description: Its managed object id.
      type: str
      sample: 5f9b3c1e-1a2b3c4d-5e6f-001122334455
    path:
      description: Its path in the inventory, null where the account may not see what it lies in.
      type: str
      sample: /ha-datacenter/datastore/datastore1
    uuid:
      description: >-
        The UUID by which libvirt knows it, made of RV(datastore.mount_path). It is null where no host has it.
      type: str
      sample: 2a9fd3b4-0b7c-5f1e-8a52-6d1f0c3e4b5a
    type:
      description: >-
        Its type, V(vmfs), V(nfs) (which is NFS 3), V(nfs41), V(cifs), V(vsan), V(vvol), V(pmem), V(local) or V(other).
      type: str
      sample: vmfs
    accessible:
      description: Whether it can be used now. If not, sizes are what the host last knew, or V(0).
      type: bool
      sample: true
    access_mode:
      description: How it is mounted, V(read-write) or V(read-only). It is null where no host has it.
      type: str
      sample: read-write
    maintenance_mode:
      description: Its maintenance mode, V(normal), V(entering) or V(in). It is null where the host says something else.
      type: str
      sample: normal
    capacity_bytes:
      description: Its size.
      type: int
      sample: 2199023255552
    free_bytes:
      description: What is free of it.
      type: int
      sample: 1099511627776
    provisioned_bytes:
      description: What is taken, and what thin disks on it may still take. It may be more than its size.
      type: int
      sample: 1099511627776
    mount_path:
      description: Where the host has it mounted, null where no host has it.
      type: str
      sample: /vmfs/volumes/5f9b3c1e-1a2b3c4d-5e6f-001122334455
    url:
      description: Its URL as the host writes it. A vCenter writes one that begins with C(ds://).
      type: str
      sample: /vmfs/volumes/5f9b3c1e-1a2b3c4d-5e6f-001122334455
    nfs:
      description: Where its files are, null unless they are on a file server.
      type: dict
      contains:
        remote_host:
          description: The file server.
          type: str
          sample: nas.example.com
        remote_hosts:
          description: All names of the file server; NFS 4.1 may have several.
          type: list
          elements: str
          sample: [nas.example.com]
        remote_path:
          description: The path there.
          type: str
          sample: /export
        security_type:
          description: How the host proves who it is, for example V(AUTH_SYS). It is null where the host says nothing.
          type: str
          sample: AUTH_SYS
        username:
          description: The user there, null if there is none.
          type: str
          sample: null
    vmfs:
      description: What it is made of, null unless it is a VMFS.
      type: dict
      contains:
        uuid:
          description: The UUID of the volume.
          type: str
          sample: 5f9b3c1e-1a2b3c4d-5e6f-001122334455
        version:
          description: The version of its format.
          type: str
          sample: "6.82"
        block_size_bytes:
          description: The size of a block.
          type: int
          sample: 1048576
        ssd:
          description: Whether it lies on flash memory, null where the host does not say.
          type: bool
          sample: true
        local:
          description: Whether it lies on disks of this host alone, null where the host does not say.
          type: bool
          sample: true
        extents:
          description: The partitions that it lies on, the first one first.
          type: list
          elements: dict
          contains:
            disk:
              description: The canonical name of the disk.
              type: str
              sample: naa.600508b1001c3a6f
            partition:
              description: The number of the partition.
              type: int
              sample: 1
    hosts:
      description: The hosts that have it, and how.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the host, null where the account may not see it.
          type: str
          sample: esx01.example.com
        moid:
          description: Its managed object id.
          type: str
          sample: ha-host
        mount_path:
          description: Where it has the datastore mounted.
          type: str
          sample: /vmfs/volumes/5f9b3c1e-1a2b3c4d-5e6f-001122334455
        uuid:
          description: The UUID that libvirt makes of that.
          type: str
          sample: 2a9fd3b4-0b7c-5f1e-8a52-6d1f0c3e4b5a
        access_mode:
          description: How it is mounted, V(read-write) or V(read-only). It is null where the host says something else.
          type: str
          sample: read-write
        mounted:
          description: Whether it is mounted.
          type: bool
          sample: true
        accessible:
          description: Whether this host can use it now.
          type: bool
          sample: true
        reason:
          description: Why it cannot, in the words of the API, null if it can or the host does not say.
          type: str
          sample: null
    pool:
      description: What libvirt's ESX driver says of it as a storage pool.
      type: dict
      contains:
        name:
          description: The name of the pool.
          type: str
          sample: datastore1
        uuid:
          description: Its UUID, as RV(datastore.uuid).
          type: str
          sample: 2a9fd3b4-0b7c-5f1e-8a52-6d1f0c3e4b5a
        state:
          description: Its state, V(running) or V(inaccessible).
          type: str
          sample: running
        type:
          description: >-
            Its type, V(fs), V(netfs) or V(dir). It is null for types of datastores that libvirt has no word for,
            where C(virsh pool-dumpxml) fails.
          type: str
          sample: fs
        format:
          description: The format of its source, V(vmfs), V(nfs) or V(cifs). It is null where libvirt gives none.
          type: str
          sample: vmfs
        source_host:
          description: The file server, null unless the type is V(netfs).
          type: str
          sample: null
        source_dir:
          description: The path there, null unless the type is V(netfs).
          type: str
          sample: null
        target_path:
          description: Where it is mounted.
          type: str
          sample: /vmfs/volumes/5f9b3c1e-1a2b3c4d-5e6f-001122334455
        capacity:
          description: Its size in bytes, V(0) while it is inaccessible.
          type: int
          sample: 2199023255552
        allocation:
          description: What is taken of it, in bytes.
          type: int
          sample: 1099511627776
        available:
          description: What is free of it, in bytes.
          type: int
          sample: 1099511627776
host:
  description: The host on which it was done.
  returned: success, and when a change failed
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: esx01.example.com
    moid:
      description: Its managed object id.
      type: str
      sample: ha-host
diff:
  description: >-
    The datastore before and after, its C(name), C(type), C(maintenance_mode) and what it lies on. Both are empty where
    nothing is changed, and one of them where there is no datastore.
  returned: success, and when a change failed
  type: dict
  contains:
    before:
      description: How it was.
      type: dict
      sample: {}
    after:
      description: How it is then.
      type: dict
      sample: {name: fast, type: vmfs, maintenance_mode: normal, disks: [naa.600508b1001c3a6f]}
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(option), V(not_found) where there is no such datastore or disk, V(plan) where it
        cannot be, V(fault), V(restricted_licence), V(task_failed) or V(timeout).
      type: str
      sample: plan
    in_use:
      description: The virtual machines that have files on it, each with C(name) and C(moid).
      returned: if they stand in the way
      type: list
      elements: dict
      sample: [{name: web01, moid: "12"}]
    done:
      description: What was changed before the failure, in words; C(changed) is true if there is any.
      returned: if a request failed
      type: list
      elements: str
      sample: [the VMFS datastore 'fast' is made on the disk naa.600508b1001c3a6f]
    option:
      description: The option that cannot be.
      returned: if it is one
      type: str
      sample: remote_path
    missing:
      description: What is not there.
      returned: if it was named
      type: list
      elements: str
      sample: [naa.600508b1001c3a6f]
    candidates:
      description: The hosts among which O(esxi_hostname) must choose, each with C(moid) and C(path).
      returned: if there are several
      type: list
      elements: dict
      sample: [{moid: host-12, path: /DC/host/esx01.example.com}]
    fault:
      description: The name of vSphere's fault.
      returned: if the host refused something
      type: str
      sample: PlatformConfigFault
    method:
      description: The call that it refused.
      returned: if the host refused something
      type: str
      sample: CreateNasDatastore
    privilege:
      description: The privilege that the account lacks.
      returned: if it lacks one
      type: str
      sample: Host.Config.Storage
  sample: {kind: plan}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, TIMEOUT_SECONDS
from ..module_utils._flow.datastore_wish import ACCESS_MODES, SECURITY_TYPES, TYPES, VMFS_VERSIONS, DatastoreWish
from ..module_utils._shell import run_module
from ..module_utils._vi.datastore_work import DatastoreResult, bring_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str", "required": True},
    "new_name": {"type": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "type": {"type": "str", "choices": list(TYPES)},
    "remote_hosts": {"type": "list", "elements": "str"},
    "remote_path": {"type": "str"},
    "access_mode": {"type": "str", "choices": list(ACCESS_MODES)},
    "security_type": {"type": "str", "choices": list(SECURITY_TYPES)},
    "disks": {"type": "list", "elements": "str"},
    "vmfs_version": {"type": "int", "choices": list(VMFS_VERSIONS)},
    "maintenance_mode": {"type": "bool"},
    "refresh": {"type": "bool", "default": False},
    "destroy": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": TIMEOUT_SECONDS},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> DatastoreResult:
    """See to the datastore on the host that is meant."""
    wish = DatastoreWish.from_params(params)
    return bring_about(
        host.session,
        wish,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        check_mode=check_mode,
    )


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
