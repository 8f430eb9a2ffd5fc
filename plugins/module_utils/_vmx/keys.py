# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The mapping between VMX keys and the hub, as data: all tables together.

What they say that no interpreter can carry out stands in ``vmx_read``, ``vmx_drives`` and ``vmx_write``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .keys_devices import NICS, PARALLEL_PORTS, PCI_DEVICES, SERIAL_PORTS, SHARED_FOLDERS, USB_DEVICES
from .keys_drives import CDROMS, CONTROLLERS, DISKS, FLOPPIES
from .keys_machine import IDENTITY, RESOURCES
from .keys_start import START, TPM, VIDEO, VNC
from .rows import Table

# Field of VmDefinition -> table, in the order in which devices are written.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.field: table
        for table in (
            *(CONTROLLERS, DISKS, CDROMS, FLOPPIES, SHARED_FOLDERS, NICS),
            *(SERIAL_PORTS, PARALLEL_PORTS, PCI_DEVICES, USB_DEVICES),
        )
    }
)
# All of them, in the order of the page.
ALL_TABLES = (IDENTITY, RESOURCES, START, TPM, *TABLES.values(), VIDEO, VNC)
