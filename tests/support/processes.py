# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python processes of their own that import the collection."""

from __future__ import annotations

import os


def importing(tree: str) -> dict[str, str]:
    """
    Return the environment of a process that finds ``ansible_collections`` in ``tree``.

    Where Ansible itself comes from PYTHONPATH, as under ansible-test, it is found there too.
    """
    paths = [tree, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
