# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs esx_volume, and shows how far the host is with the copy of a disk."""

from __future__ import annotations

from ..plugin_utils.progress import ShowsProgress


class ActionModule(ShowsProgress):
    """The action of esx_volume."""
