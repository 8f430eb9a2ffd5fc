#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of datastores."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_datastore_info
short_description: Facts of datastores
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the facts of one, several or all datastores of every type, VMFS, NFS, vSAN, vVol and others,
    and what libvirt's ESX driver says of each as a storage pool.
  - All of it is read in one round trip.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
options:
  name:
    description:
      - The name of one datastore, compared exactly.
      - A name that two datastores bear, under a vCenter, is an error that lists both.
      - If it is left out, O(uuid), O(moid), O(names) or O(query) says which are meant.
        At most one of these may be given.
    type: str
  uuid:
    description:
      - The UUID by which libvirt knows one datastore, RV(datastores[].uuid), in any way of writing it.
      - If it is left out, O(name), O(moid), O(names) or O(query) says which are meant.
    type: str
  moid:
    description:
      - The managed object id of one datastore.
      - If it is left out, O(name), O(uuid), O(names) or O(query) says which are meant.
    type: str
  names:
    description:
      - The names of several datastores, each as with O(name).
      - If it is left out, O(name), O(uuid), O(moid) or O(query) says which are meant.
    type: list
    elements: str
  query:
    description:
      - A JMESPath expression over the list of the facts of all datastores, RV(datastores),
        for example V([?type=='nfs' && !accessible]).
      - It must yield datastores, their names or their ids are not enough.
      - If it is left out, O(name), O(uuid), O(moid) or O(names) says which are meant.
    type: str
notes:
  - With none of O(name), O(uuid), O(moid), O(names) and O(query), all datastores are meant.
  - A O(query) that yields no datastore gives an empty list.
  - Under a vCenter O(datacenter) and O(esxi_hostname) leave out what is elsewhere. Where hosts say different things
    of one datastore, the facts are those of O(esxi_hostname), otherwise of the first host that can reach it.
"""

EXAMPLES = r"""
- name: One datastore
  virt.esx.esx_datastore_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    name: datastore1
  register: store

- name: Stop where less than 100 GiB are free
  ansible.builtin.assert:
    that: store.datastore.free_bytes > 100 * 1024 ** 3

- name: The VMFS datastores that are mounted read-write
  virt.esx.esx_datastore_info:
    query: "[?type=='vmfs' && access_mode=='read-write']"

- name: The datastore that virsh pool-info shows with this UUID
  virt.esx.esx_datastore_info:
    uuid: 2a9fd3b4-0b7c-5f1e-8a52-6d1f0c3e4b5a
"""

RETURN = r"""
datastores:
  description: The datastores, in the order of the selection.
  returned: success
  type: list
  elements: dict
  contains: &entry
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
        The UUID by which libvirt knows it, made of RV(datastores[].mount_path). It is null where no host has it.
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
          description: Its UUID, as RV(datastores[].uuid).
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
datastore:
  description: The one entry of RV(datastores).
  returned: if one datastore was selected, by O(name), O(uuid) or O(moid)
  type: dict
  contains: *entry
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: not_found, missing: [datastore2]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.datastores import SELECTING_OPTIONS, selection_of
from ..module_utils._flow.outcome import Facts
from ..module_utils._shell import run_module
from ..module_utils._vi.datastores import lookup_datastores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "moid": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
}
RULES: Mapping[str, Any] = {"mutually_exclusive": [list(SELECTING_OPTIONS)]}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the selected datastores."""
    del check_mode
    option, value = selection_of(params)
    found = lookup_datastores(
        host.session, option, value, datacenter=params["datacenter"], esxi_hostname=params["esxi_hostname"]
    )
    is_single = option in ("name", "uuid", "moid")
    return Facts({"datastores": found, **({"datastore": found[0]} if is_single else {})})


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
