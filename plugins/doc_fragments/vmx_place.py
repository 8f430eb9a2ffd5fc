# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a VMX lies: options that filters share."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``virt.esx.vmx_place``."""

    DOCUMENTATION = r"""
options:
  datastore:
    description:
      - Name of the datastore on which the VMX lies, or will lie.
      - Files beside the VMX, which it calls by their bare name, are then V([datastore] directory/name)
        in what is made of it, and the other way round.
      - Left out, a bare name stays a bare name.
    type: str
  directory:
    description:
      - Directory of the VMX on the O(datastore), without a slash at either end.
      - Left out, it is the top of the datastore.
    type: str
    default: ""
"""
