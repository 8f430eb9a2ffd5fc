# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The property collector.
"""

from __future__ import annotations

from .managed import ManagedObject


class PropertyCollector(ManagedObject):
    """The property collector."""

    type_name = "PropertyCollector"
