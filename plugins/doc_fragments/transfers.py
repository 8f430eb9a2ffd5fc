# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How files are carried to a datastore and from one."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible looks for a class of this name."""

    DOCUMENTATION = r"""
options:
  replace:
    description:
      - What becomes of a file that is there already. V(differing) replaces it if it differs, as O(compare) tells.
      - V(always) replaces it each time, which is a change each time.
      - V(never) leaves it as it is, whatever it is.
    type: str
    default: differing
    choices: [differing, always, never]
  compare:
    description:
      - What tells whether a file that is there differs.
      - V(size) compares how long both are, and nothing else. An image that was changed without becoming longer
        or shorter is then taken for the same.
      - V(content) compares SHA-256 checksums (or those of O(checksum)) of files that are equally long. A host has
        no checksums, so the file on the datastore is read through over the network, which takes as long as to carry
        it over.
    type: str
    default: size
    choices: [size, content]
  checksum:
    description:
      - What one file must come to, as an algorithm and its digits, V(sha256:9f86d081...) for example.
        The algorithms are V(md5), V(sha1), V(sha224), V(sha256), V(sha384) and V(sha512).
      - If it is left out, no checksum is looked at but for O(compare=content).
    type: str
  retries:
    description:
      - How often a file is taken up again whose transfer was cut, or for which the host had no good answer,
        with a pause before that grows from half a second to ten seconds.
    type: int
    default: 5
  concurrency:
    description: How many files of a folder are carried over at a time, each over a connection of its own; at most 16.
    type: int
    default: 4
  stall_timeout:
    description: For how many seconds nothing may come or go before the connection is taken for lost.
    type: int
    default: 60
  timeout:
    description: How many seconds one task of the host may take, such as a search. A transfer itself may take any time.
    type: int
    default: 300
"""
