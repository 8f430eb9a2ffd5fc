# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Make ansible_collections.virt.esx importable from a clone in a folder of any name.

ansible-test has done that already when it runs the tests.
"""

from __future__ import annotations

import atexit
import importlib
import pathlib
import shutil
import tempfile


def _importable() -> bool:
    try:
        importlib.import_module("ansible_collections.virt.esx.plugins.module_utils")
    except ImportError:
        return False
    return True


def _link() -> None:
    from ansible.plugins.loader import init_plugin_loader

    tree = pathlib.Path(tempfile.mkdtemp(prefix="esx-tree-"))
    atexit.register(shutil.rmtree, tree, ignore_errors=True)
    link = tree / "ansible_collections" / "virt" / "esx"
    link.parent.mkdir(parents=True)
    link.symlink_to(pathlib.Path(__file__).resolve().parents[1], target_is_directory=True)
    init_plugin_loader([str(tree)])


if not _importable():
    _link()
