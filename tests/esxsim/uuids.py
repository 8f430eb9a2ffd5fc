# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""UUIDs as a host makes them, always the same for the same words."""

from __future__ import annotations

from .entity import stable_uuid


def location_of(vmx_path: str) -> str:
    """What ``uuid.location`` says of a machine that ran here."""
    return _with_prefix("564d", "location", vmx_path)


def bios_uuid(*words: object) -> str:
    """Make the BIOS UUID that belongs to some words, as a host begins them."""
    return _with_prefix("564d", "uuid", *words)


def instance_uuid(*words: object) -> str:
    """Make the instance UUID that belongs to some words, as a host begins them."""
    return _with_prefix("52", "instance", *words)


def _with_prefix(prefix: str, *words: object) -> str:
    return prefix + stable_uuid(*words)[len(prefix) :]
