# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Write the places in Ansible's own documentation that ours leads to, as Sphinx reads them.

The inventory that Ansible publishes would do, where it can be fetched; with this one the documentation is built without
a network, and a reference that leads nowhere is an error all the same.
"""

from __future__ import annotations

import pathlib
import sys
import zlib

PLACES = {
    "action_plugins": ("plugins/action.html#action-plugins", "Action plugins"),
    "ansible_collections.ansible.builtin.jsonfile_cache": (
        "collections/ansible/builtin/jsonfile_cache.html",
        "ansible.builtin.jsonfile cache",
    ),
    "ansible_configuration_settings": (
        "reference_appendices/config.html#ansible-configuration-settings",
        "Ansible Configuration Settings",
    ),
    "common_return_values": (
        "reference_appendices/common_return_values.html#common-return-values",
        "Return Values",
    ),
}
HEAD = b"""\
# Sphinx inventory version 2
# Project: Ansible
# Version: devel
# The remainder of this file is compressed using zlib.
"""


def inventory() -> bytes:
    """Return the inventory."""
    lines = [f"{label} std:label -1 {place} {title}\n" for label, (place, title) in PLACES.items()]
    return HEAD + zlib.compress("".join(lines).encode())


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_bytes(inventory())
