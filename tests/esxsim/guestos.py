# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guest operating systems: the API's ids, the VMX file's names, and what clients show."""

from __future__ import annotations

from functools import cache
from typing import Any

from pyVmomi import vim

_FULL_NAMES = {
    "centos7_64Guest": "CentOS 7 (64-bit)",
    "debian11_64Guest": "Debian GNU/Linux 11 (64-bit)",
    "debian12_64Guest": "Debian GNU/Linux 12 (64-bit)",
    "otherGuest": "Other (32-bit)",
    "otherGuest64": "Other (64-bit)",
    "otherLinux64Guest": "Other Linux (64-bit)",
    "rhel8_64Guest": "Red Hat Enterprise Linux 8 (64-bit)",
    "rhel9_64Guest": "Red Hat Enterprise Linux 9 (64-bit)",
    "ubuntu64Guest": "Ubuntu Linux (64-bit)",
    "windows2019srv_64Guest": "Microsoft Windows Server 2019 (64-bit)",
    "windows2022srvNext_64Guest": "Microsoft Windows Server 2025 (64-bit)",
    "windows9Server64Guest": "Microsoft Windows Server 2016 (64-bit)",
}
_VMX_NAMES = {
    "otherGuest64": "other-64",
    "windows8Server64Guest": "windows8srv-64",
    "windows9Server64Guest": "windows9srv-64",
}


def full_name(guest_id: str) -> str:
    """What a client shows for a guest id."""
    return _FULL_NAMES.get(guest_id, guest_id.removesuffix("Guest"))


def family(guest_id: str) -> str:
    lower = guest_id.lower()
    if lower.startswith("win"):
        return "windowsGuest"
    return "otherGuestFamily" if lower.startswith("otherguest") else "linuxGuest"


def vmx_name(guest_id: str) -> str:
    """How a VMX file says a guest id."""
    if guest_id in _VMX_NAMES:
        return _VMX_NAMES[guest_id]
    if guest_id.endswith("64Guest"):
        return guest_id.removesuffix("64Guest").rstrip("_").lower() + "-64"
    return guest_id.removesuffix("Guest").lower()


@cache
def _by_vmx_name() -> dict[str, str]:
    identifiers: Any = vim.vm.GuestOsDescriptor.GuestOsIdentifier
    return {vmx_name(str(one)): str(one) for one in identifiers.values}


def is_known(guest_id: str) -> bool:
    """Say whether the API knows a guest id."""
    identifiers: Any = vim.vm.GuestOsDescriptor.GuestOsIdentifier
    return guest_id in identifiers.values


def guest_id(name: str) -> str:
    """Find the guest id of a VMX file's name; unknown ones are taken for something else of the same width."""
    return _by_vmx_name().get(name.lower(), "otherGuest64" if name.endswith("-64") else "otherGuest")
