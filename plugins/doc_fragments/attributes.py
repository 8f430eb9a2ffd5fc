# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module can and cannot do, said alike by all."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible looks for a class of this name."""

    # For modules that change something.
    DOCUMENTATION = r"""
options: {}
attributes:
  action:
    description: Does its work in Ansible's own process where the task would run there as the same user anyway.
    details:
      - See R(where a task runs, ansible_collections.virt.esx.docsite.connecting.where).
    support: full
  check_mode:
    description: Can run in C(check_mode) and predict the result without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change, when the play runs with C(--diff).
    support: full
  idempotent:
    description: When run again with the same options, nothing is changed unless the host is no longer as wished.
    support: full
  action_group:
    description: Use C(group/virt.esx.esx) in C(module_defaults) to set the options of the connection for all modules.
    support: full
    membership:
      - virt.esx.esx
"""

    # For modules that only read. It stands alone, without the one above.
    INFO = r"""
options: {}
attributes:
  action:
    description: Does its work in Ansible's own process where the task would run there as the same user anyway.
    details:
      - See R(where a task runs, ansible_collections.virt.esx.docsite.connecting.where).
    support: full
  check_mode:
    description: Can run in C(check_mode) and predict the result without changing anything.
    details:
      - This module only reads, so check mode makes no difference.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change, when the play runs with C(--diff).
    details:
      - This module only reads, so there is never a difference to show.
    support: N/A
  idempotent:
    description: When run again with the same options, nothing is changed unless the host is no longer as wished.
    details:
      - This module only reads.
    support: full
  action_group:
    description: Use C(group/virt.esx.esx) in C(module_defaults) to set the options of the connection for all modules.
    support: full
    membership:
      - virt.esx.esx
"""
