#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring files and folders from a datastore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_volume_download
short_description: Bring files and folders from a datastore
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Brings a file, such as an image, a log or a part of a disk, or a folder with all in it, from a datastore to the
    machine where the module runs. With C(delegate_to=localhost) that is the controller.
  - It comes over HTTPS in blocks, so it takes the same little memory however large the files are.
  - Each file is written under another name beside its place, and takes its place when it is whole. Whatever happens
    before, what was there is as it was, and nothing of what did not become whole is left.
  - Of a folder, only what differs is brought. What else is in the folder here stays there.
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
  - virt.esx.transfers
options:
  src:
    description:
      - The file, in the form V([datastore1] web01/vmware.log), or a folder, which may be V([datastore1]).
      - Every file comes as it is on the datastore. Of a virtual disk that is two files, the descriptor and its extent.
    type: str
    required: true
  dest:
    description:
      - Where the file comes to be, or a folder that is there, in which it keeps its name. A path that ends with a slash
        is a folder.
      - If O(src) is a folder, it is the folder that is to have in it what is in O(src). It is made if it is not there.
    type: path
    required: true
  mode:
    description:
      - The permissions of files that come, in octal digits, for example V("0600"). It must be in quotes,
        for without them YAML makes another number of it.
      - If it is left out, a file that is replaced leaves its own to the new one, and others get those that files
        usually get. Those of a file that is not replaced are left as they are.
    type: raw
notes:
  - With O(checksum), a file that is here already is the same if it has that checksum, and otherwise is replaced,
    whatever its size; and what came takes its place only if it has it.
  - A download that was cut goes on where it was if the host says that the file has neither another length nor another
    time of its last change, and otherwise begins anew.
  - With O(compare=content), a file that differs is read twice, once to know that.
  - The room is looked at before anything is brought.
  - A symbolic link in the folder O(dest), in the place of a file or a folder that is to come, is an error. If a single
    file is to come to a link, what it leads to is replaced.
  - A file that a running machine writes to is brought as far as the host lets it be read, and may be of no use.
  - If some files of a folder could not be brought, the others are there, RV(files) lists them, and the next run goes on
    with the rest.
  - How far it is, with its rate and the time that is left, is shown on the terminal and in a job's output while it
    goes, where the task runs on the controller itself; not with C(async), C(become) or C(no_log).
seealso:
  - module: virt.esx.esx_volume_upload
  - module: virt.esx.esx_volume_info
"""

EXAMPLES = r"""
- name: Bring the log of a machine
  virt.esx.esx_volume_download:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    src: "[datastore1] web01/vmware.log"
    dest: /var/tmp/web01.log
    mode: "0600"
  delegate_to: localhost

- name: Bring all files of a machine that is off
  virt.esx.esx_volume_download:
    src: "[datastore1] web01"
    dest: /srv/backup/web01
"""

RETURN = r"""
src:
  description: What was carried over, as O(src) names it.
  returned: success, and if only a part of a folder could be carried over
  type: str
  sample: "[datastore1] web01/vmware.log"
dest:
  description: Where it is now.
  returned: success, and if only a part of a folder could be carried over
  type: str
  sample: "/var/tmp/web01.log"
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
      sample: "[datastore1] web01/vmware.log"
    dest:
      description: Where it is, or was to be.
      type: str
      sample: "/var/tmp/web01.log"
    bytes:
      description: How long the one at RV(files[].src) is.
      type: int
      sample: 661651456
    state:
      description: >-
        V(downloaded) if it was carried over, or in check mode would be; V(same) if it was there already; V(kept) if
        another one was there and O(replace) is V(never). A file that could not be carried over has no entry.
      type: str
      sample: downloaded
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
  sample: {kind: connection_lost, method: "GET of [datastore1] web01/vmware.log"}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION, TRANSFERS
from ..module_utils._flow.transfer import TransferWish
from ..module_utils._shell import run_module
from ..module_utils._vi.downloader import download
from ..module_utils._vi.local_file import mode_of
from ..module_utils._vi.remote_tree import path_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils._flow.transfer import Transferred
    from ..module_utils._vi.host import Host

ARGUMENT_SPEC = {
    **CONNECTION,
    **TRANSFERS,
    "src": {"type": "str", "required": True},
    "dest": {"type": "path", "required": True},
    "mode": {"type": "raw"},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> Transferred:
    """Bring a file or a folder from a datastore."""
    wish, src = TransferWish.from_params(params), path_of(params["src"], "src")
    return download(host, src, params["dest"], wish, mode=mode_of(params["mode"]), check_mode=check_mode)


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
