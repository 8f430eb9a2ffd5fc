# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules of this collection have in common: check mode, diff, the action group."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of modules."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would be changed, without changing it.
    support: full
    details:
      - It looks at the host as the real run does, fails where that would fail, and returns the same result.
        Questions that only come up during a task cannot be foreseen.
  diff_mode:
    description: Returns details on what has changed (or would be changed in C(check_mode)).
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
  action_group:
    description: Use C(group/virt.esx.esx) in C(module_defaults) to set options for all modules of this collection.
    support: full
    membership:
      - virt.esx.esx
"""

    INFO = r"""
attributes:
  check_mode:
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
"""
