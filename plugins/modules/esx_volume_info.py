#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of virtual disks and other files on datastores."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_volume_info
short_description: Facts of virtual disks and other files on datastores
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Returns the facts of one file, or of those on one, several or all datastores, and what libvirt's ESX driver says of
    each disk and image as a storage volume.
  - Each datastore is searched by the host itself, once, all of them at the same time.
  - Directories within directories are what they are, where libvirt makes one odd name of them.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
extends_documentation_fragment:
  - virt.esx.attributes.info
  - virt.esx.connection
options:
  path:
    description:
      - The place of one file, in the form V([datastore1] web01/web01.vmdk). Its name is compared exactly.
      - If it is left out, O(datastore), O(datastores), O(folder), O(patterns) and O(types) say which files are meant.
    type: str
  datastore:
    description:
      - The name of one datastore.
      - If it is left out, O(datastores) says which are meant, and without that all that can be reached.
    type: str
  datastores:
    description:
      - The names of several datastores.
      - If it is left out, O(datastore) says which one is meant, and without that all that can be reached.
    type: list
    elements: str
  folder:
    description:
      - A directory on the datastores, V(iso/linux) for example.
      - If it is left out, it is the top of each.
    type: str
  recursive:
    description: Whether to look into the directories below as well.
    type: bool
    default: true
  patterns:
    description:
      - Globs that the names of the files have to match, at least one of them, such as V(*.iso).
      - If it is left out, every name does.
    type: list
    elements: str
  types:
    description:
      - Which kinds of files are meant.
      - If it is left out, all are, but for folders.
    type: list
    elements: str
    choices: [disk, iso, floppy, vmx, nvram, log, snapshot, folder, other]
  query:
    description:
      - A JMESPath expression over the list of these facts, RV(volumes), which must yield entries of it,
        for example V([?capacity_bytes > `1073741824`]).
      - If it is left out, all of them are returned.
    type: str
  with_uuid:
    description:
      - Whether to ask for the UUIDs of disks, by which libvirt knows them. That takes one request for each disk.
      - A vCenter is not asked, as libvirt does not ask it either.
    type: bool
    default: false
  with_users:
    description:
      - Whether to tell to which virtual machines each file belongs. That takes one request.
    type: bool
    default: false
  timeout:
    description: How many seconds the search of a datastore may take.
    type: int
    default: 300
notes:
  - The extents of a disk, such as C(web01-flat.vmdk), are part of the disk beside them and not listed.
    One without its disk is listed as a file of type V(other).
  - Datastores that cannot be reached now are left out, unless they are named. Then that is an error.
seealso:
  - module: virt.esx.esx_datastore_info
"""

EXAMPLES = r"""
- name: All installation images
  virt.esx.esx_volume_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    types: [iso]
  register: images

- name: One disk, with the key by which libvirt knows it
  virt.esx.esx_volume_info:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    path: "[datastore1] web01/web01.vmdk"
    with_uuid: true
  register: disk

- name: Disks that no virtual machine uses
  virt.esx.esx_volume_info:
    datastores: [datastore1, ssd1]
    types: [disk]
    with_users: true
    query: "[?length(used_by) == `0`]"
  register: orphans
"""

RETURN = r"""
volumes:
  description: The files, in the order of their paths.
  returned: success
  type: list
  elements: dict
  contains: &entry
    path:
      description: Where it is.
      type: str
      sample: "[datastore1] web01/web01.vmdk"
    datastore:
      description: The name of its datastore.
      type: str
      sample: datastore1
    folder:
      description: The directory that it is in, empty at the top.
      type: str
      sample: web01
    name:
      description: What it is called there.
      type: str
      sample: web01.vmdk
    type:
      description: >-
        What it is, V(disk), V(iso), V(floppy), V(vmx), V(nvram), V(log), V(snapshot), V(folder) or V(other).
      type: str
      sample: disk
    capacity_bytes:
      description: >-
        The size that a disk has for a machine, null where the host does not say it; of other files their length.
      type: int
      sample: 8589934592
    allocation_bytes:
      description: What it takes of the datastore.
      type: int
      sample: 1073741824
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
      description: The UUID of a disk, null unless it was asked for with O(with_uuid).
      type: str
      sample: 6000c293-1111-2222-3333-444455556666
    used_by:
      description: The names of the virtual machines that it belongs to.
      returned: with O(with_users)
      type: list
      elements: str
      sample: [web01]
    volume:
      description: What libvirt's ESX driver says of it as a storage volume.
      type: dict
      contains:
        name:
          description: The name of the volume in its pool.
          type: str
          sample: web01/web01.vmdk
        key:
          description: The UUID of a disk if O(with_uuid) is set, otherwise the path.
          type: str
          sample: "[datastore1] web01/web01.vmdk"
        format:
          description: V(vmdk), V(iso) or V(raw). It is null for files that libvirt does not see.
          type: str
          sample: vmdk
        capacity:
          description: Its size in bytes, null where the host does not say it.
          type: int
          sample: 8589934592
        allocation:
          description: What it takes, in bytes.
          type: int
          sample: 1073741824
volume:
  description: The one entry of RV(volumes).
  returned: with O(path)
  type: dict
  contains: *entry
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: not_found, missing: ["[datastore1] web01/web02.vmdk"]}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._errors import OptionError, PlanError
from ..module_utils._flow.outcome import Facts
from ..module_utils._flow.pace import LONGEST_SECONDS, number_of
from ..module_utils._flow.volumes import TYPES, folder_of, only, path_of, patterns_for
from ..module_utils._shell import run_module
from ..module_utils._vi.datastores import lookup_datastores
from ..module_utils._vi.query import chosen_ids
from ..module_utils._vi.volumes import Wanted, search, with_users, with_uuids, with_volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._flow.volumes import Fact
    from ..module_utils._vi.host import Host
    from ..module_utils._vmx.paths import DatastorePath

ARGUMENT_SPEC = {
    **CONNECTION,
    "path": {"type": "str"},
    "datastore": {"type": "str"},
    "datastores": {"type": "list", "elements": "str"},
    "folder": {"type": "str"},
    "recursive": {"type": "bool", "default": True},
    "patterns": {"type": "list", "elements": "str"},
    "types": {"type": "list", "elements": "str", "choices": list(TYPES)},
    "query": {"type": "str"},
    "with_uuid": {"type": "bool", "default": False},
    "with_users": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}
_EXCLUSIVE = ("datastore", "datastores", "folder", "patterns", "types", "query")
RULES: Mapping[str, Any] = {
    "mutually_exclusive": [["datastore", "datastores"], *(["path", option] for option in _EXCLUSIVE)]
}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Facts:
    """Return the facts of the files that are meant."""
    del check_mode
    path = None if params["path"] is None else path_of(params["path"])
    wanted = _wanted(params, path)
    timeout = number_of(params, "timeout", least=1, most=LONGEST_SECONDS)
    session = host.session
    found = search(session, _stores(params, host, path), wanted, timeout=timeout)
    if path is not None:
        found = [only(found, path)]
    if params["with_uuid"]:
        found = with_uuids(session, found)
    if params["with_users"]:
        found = with_users(session, found)
    found = [with_volume(fact) for fact in found]
    if params["query"] is not None:
        by_path = {fact["path"]: fact for fact in found}
        meant = chosen_ids(params["query"], found, key="path", noun="files", example="[?type=='disk']")
        found = [by_path[one] for one in meant]
    return Facts({"volumes": found, **({} if path is None else {"volume": found[0]})})


def _wanted(params: Mapping[str, Any], path: DatastorePath | None) -> Wanted:
    if path is not None:
        return Wanted(folder=path.directory, recursive=False, patterns=patterns_for(path.name))
    for option in ("patterns", "types", "datastores"):
        if params[option] is not None and not (params[option] and all(params[option])):
            raise OptionError(f"'{option}' is empty or holds an empty value", option=option)
    # Folders are where the files are, and only those who ask for them want them listed.
    types = [kind for kind in TYPES if kind != "folder"] if params["types"] is None else params["types"]
    return Wanted(
        folder=folder_of(params["folder"]),
        recursive=params["recursive"],
        patterns=params["patterns"] or (),
        types=types,
    )


def _stores(params: Mapping[str, Any], host: Host, path: DatastorePath | None) -> list[Fact]:
    names = params["datastores"] if params["datastore"] is None else [params["datastore"]]
    if path is not None:
        names = [path.datastore]
    found = lookup_datastores(
        host.session,
        None if names is None else "names",
        names,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
    )
    lost = [store["name"] for store in found if not store["accessible"]]
    if lost and names is not None:
        raise PlanError(f"the datastore '{lost[0]}' cannot be reached now, so what is on it cannot be told")
    return [store for store in found if store["accessible"]]


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
