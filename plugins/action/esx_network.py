# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the work of esx_network where Ansible itself runs."""

from __future__ import annotations

from ..modules import esx_network
from ..plugin_utils.worker import WorksHere


class ActionModule(WorksHere):
    """The action of esx_network."""

    module = esx_network
