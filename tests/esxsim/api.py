# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pyVmomi's type tables. It has no types for them itself, so to mypy they are Any, from here on."""

from __future__ import annotations

from typing import Any

from pyVmomi import Iso8601, SoapAdapter, Version, VmomiSupport

support: Any = VmomiSupport
soap_adapter: Any = SoapAdapter
iso8601: Any = Iso8601
is_child_version: Any = Version.IsChildVersion

ManagedReference: Any = VmomiSupport.ManagedObject
DataObject: Any = VmomiSupport.DataObject
