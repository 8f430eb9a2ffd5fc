#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry files and folders to a datastore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_volume_upload
short_description: Carry files and folders to a datastore
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Carries a file, such as an image or a part of a disk, or a folder with all in it, from the machine where the module
    runs to a datastore. With C(delegate_to=localhost) that is the controller.
  - It goes over HTTPS in blocks, so it takes the same little memory however large the files are.
  - Each file comes under another name beside its place, is looked at there, and only then moved to its place.
    Whatever happens before, what was there is as it was, and nothing of what did not become whole is left.
  - Of a folder, only what differs is carried over. What else is in the folder on the datastore stays there.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.transfers
options:
  src:
    description:
      - The file or the folder on the machine where the module runs. A relative path begins where the module runs,
        which is beside the playbook for a task on the controller.
      - Every file goes as it is on disk. Of a virtual disk that is two files, the descriptor and its extent, so carry
        over the folder with both, or one after the other.
    type: path
    required: true
  dest:
    description:
      - The place of the file, in the form V([datastore1] iso/debian.iso).
      - If O(src) is a folder, it is the folder that is to have in it what is in O(src). It may be V([datastore1]).
      - Folders that are missing are made, those above too.
    type: str
    required: true
  follow_links:
    description:
      - Whether symbolic links in a folder are followed. If not, they are an error before anything is touched, for a
        datastore cannot hold them.
      - If O(src) is a link itself, it is always followed.
    type: bool
    default: false
notes:
  - With O(checksum), the file is compared with it before anything is touched, and again while it goes.
  - Whether all has arrived is seen by its size; with O(compare=content) it is read back and its checksum compared,
    before it takes its place.
  - An upload that was cut begins anew, for a host does not take up what has come of a file.
  - The room is looked at before anything is touched, for what is replaced goes only when the new file has come.
  - A file that belongs to a virtual machine, as its disk, as an image in a drive or otherwise, running or not, is not
    replaced.
  - Until a file is whole, its name ends with C(.virt-esx-upload). What a run that was killed has left under such a
    name, the next one for the same O(dest) writes over. Let one task at a time carry a file to a place.
  - If some files of a folder could not be carried over, the others are there, RV(files) lists them, and the next run
    goes on with the rest.
  - How far it is, with its rate and the time that is left, is shown on the terminal and in a job's output while it
    goes, where the task runs on the controller itself; not with C(async), C(become) or C(no_log).
seealso:
  - module: virt.esx.esx_volume_download
  - module: virt.esx.esx_volume
"""

EXAMPLES = r"""
- name: Have an installation image on a datastore
  virt.esx.esx_volume_upload:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    src: /srv/images/debian-13.iso
    dest: "[datastore1] iso/debian-13.iso"

- name: Be sure that it is the right one
  virt.esx.esx_volume_upload:
    src: /srv/images/debian-13.iso
    dest: "[datastore1] iso/debian-13.iso"
    checksum: "sha256:{{ debian_sha256 }}"
    compare: content

- name: Carry over a folder with images, and only those that differ
  virt.esx.esx_volume_upload:
    src: /srv/images
    dest: "[nas] iso"
    concurrency: 8
"""

RETURN = r"""
src:
  description: What was carried over, as O(src) names it.
  returned: success, and if only a part of a folder could be carried over
  type: str
  sample: /srv/images/debian-13.iso
dest:
  description: Where it is now.
  returned: success, and if only a part of a folder could be carried over
  type: str
  sample: "[datastore1] iso/debian-13.iso"
bytes:
  description: How many bytes were carried over; in check mode, how many would be.
  returned: success, and if only a part of a folder could be carried over
  type: int
  sample: 661651456
files:
  description: What came of each file, in the order of their paths.
  returned: success, and if only a part of a folder could be carried over
  type: list
  elements: dict
  contains:
    src:
      description: Where it comes from.
      type: str
      sample: /srv/images/debian-13.iso
    dest:
      description: Where it is, or was to be.
      type: str
      sample: "[datastore1] iso/debian-13.iso"
    bytes:
      description: How long the one at RV(files[].src) is.
      type: int
      sample: 661651456
    state:
      description: >-
        V(uploaded) if it was carried over, or in check mode would be; V(same) if it was there already; V(kept) if
        another one was there and O(replace) is V(never). A file that could not be carried over has no entry.
      type: str
      sample: uploaded
    checksum:
      description: The checksum of its content, null where nobody had to know it.
      type: str
      sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    retries:
      description: How often it was taken up again after the connection was cut.
      type: int
      sample: 0
failure:
  description: Why the task failed, for C(rescue) and for programs; C(kind) says what kind of failure it is.
  returned: on failure
  type: dict
  sample: {kind: connection_lost, method: "PUT of [datastore1] iso/debian-13.iso"}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, TRANSFERS
from ..module_utils._flow.transfer import TransferWish
from ..module_utils._shell import run_module
from ..module_utils._vi.remote_tree import path_of
from ..module_utils._vi.uploader import upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._flow.transfer import Transferred
    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **TRANSFERS,
    "src": {"type": "path", "required": True},
    "dest": {"type": "str", "required": True},
    "follow_links": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Transferred:
    """Carry a file or a folder to a datastore."""
    wish, dest = TransferWish.from_params(params), path_of(params["dest"], "dest")
    return upload(host, params["src"], dest, wish, follow_links=params["follow_links"], check_mode=check_mode)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
