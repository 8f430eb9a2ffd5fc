# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a task's module runs."""

from __future__ import annotations

from typing import Any

_LOCAL = ("local", "ansible.builtin.local")


def is_local(connection: Any) -> bool:
    """Say whether a module would run on this machine, and as this user."""
    return connection.transport in _LOCAL and not connection.become
