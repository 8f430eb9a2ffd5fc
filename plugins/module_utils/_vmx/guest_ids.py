# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Guest ids: the API says ``rhel9_64Guest`` where a VMX, and the hub, say ``rhel9-64``.

Source: vim.vm.GuestOsDescriptor.GuestOsIdentifier; VMX ``guestOS``. Law: whatever a VMX says comes back, also
the name of a guest that nobody here has heard of; only what ends like an id of the API is taken for one.
"""

from __future__ import annotations

# What no rule turns into the other.
_WORDS = {
    "otherGuest64": "other-64",
    "vmwarePhoton64Guest": "vmware-photon-64",
    "winLonghorn64Guest": "longhorn-64",
    "winLonghornGuest": "longhorn",
    "windows7Server64Guest": "windows7srv-64",
    "windows8Server64Guest": "windows8srv-64",
    "windows9Server64Guest": "windows9srv-64",
    "windowsHyperVGuest": "winhyperv",
    "windows2019srvNext_64Guest": "windows2019srvNext-64",
    "windows2022srvNext_64Guest": "windows2022srvNext-64",
}

# Ids whose capitals or underscore do not show in a VMX.
_SPELLINGS = (
    "winMeGuest winNTGuest win2000ProGuest win2000ServGuest win2000AdvServGuest winXPHomeGuest winXPProGuest "
    "winXPPro64Guest winNetWebGuest winNetStandardGuest winNetEnterpriseGuest winNetDatacenterGuest "
    "winNetBusinessGuest winNetStandard64Guest winNetEnterprise64Guest winNetDatacenter64Guest winVistaGuest "
    "winVista64Guest windows2019srv_64Guest oracleLinuxGuest "
    "oracleLinux64Guest oracleLinux6Guest oracleLinux6_64Guest oracleLinux7Guest oracleLinux7_64Guest "
    "oracleLinux8_64Guest oracleLinux9_64Guest oracleLinux10_64Guest turboLinuxGuest turboLinux64Guest "
    "miraclelinux_64Guest pardus_64Guest other24xLinuxGuest other26xLinuxGuest otherLinuxGuest other3xLinuxGuest "
    "other4xLinuxGuest other5xLinuxGuest other6xLinuxGuest other7xLinuxGuest genericLinuxGuest other24xLinux64Guest "
    "other26xLinux64Guest other3xLinux64Guest other4xLinux64Guest other5xLinux64Guest other6xLinux64Guest "
    "other7xLinux64Guest otherLinux64Guest fusionos_64Guest prolinux_64Guest kylinlinux_64Guest flatcar_64Guest "
    "eComStationGuest eComStation2Guest openServer5Guest openServer6Guest unixWare7Guest crxPod1Guest crxSys1Guest "
    "rockylinux_64Guest almalinux_64Guest "
)


def words_of(guest_id: str) -> str:
    """Return what a VMX says for a guest id; what is no guest id of the API comes back as it is."""
    if guest_id in _WORDS:
        return _WORDS[guest_id]
    if guest_id.endswith("64Guest"):
        return f"{guest_id[: -len('64Guest')].rstrip('_').lower()}-64"
    return guest_id[: -len("Guest")].lower() if guest_id.endswith("Guest") else guest_id


_IDS = {words_of(guest_id).lower(): guest_id for guest_id in (*_SPELLINGS.split(), *_WORDS)}


def guest_id_of(words: str) -> str:
    """Return the guest id of the API for what a VMX says, in any case; what is no such word comes back as it is."""
    lower = words.lower()
    found = _IDS.get(lower)
    if found is None:
        stem = lower[: -len("-64")] if lower.endswith("-64") else ""
        found = f"{lower}Guest" if not stem else f"{stem}{'_' if stem[-1].isdigit() else ''}64Guest"
    return found if words_of(found).lower() == lower else words


def is_64_bit(guest_id: str) -> bool:
    """Tell whether a guest is one of 64 bits, as libvirt does: by the end of the VMX's word."""
    return words_of(guest_id).endswith("-64")
