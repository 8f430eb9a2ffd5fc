# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ``pnics`` and ``vmkernel`` of a scenario: what is not said of one is as it usually is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Any

from . import schema
from .profile import PnicProfile, VmkernelProfile
from .schema import Reader, SchemaError, flag, listed, nullable, one_of, record, text, whole, wrong
from .vnics import SERVICES


def mac(value: Any, path: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", value):
        raise wrong(path, value, "a MAC address such as 00:50:56:00:00:01")
    return value.lower()


def _with_prefix(version: int) -> Reader:
    def read(value: Any, path: str) -> str:
        try:
            found = ip_interface(schema.text(value, path))
        except ValueError:
            found = None
        if found is None or found.version != version or "/" not in value:
            raise wrong(path, value, f"an IPv{version} address with its prefix, such as 192.0.2.11/24")
        return str(found)

    return read


PNICS = listed(
    record(
        {
            "device": text,
            "mac": mac,
            "driver": text,
            "link_mbps": whole(0, 1_000_000),
            "full_duplex": flag,
            "auto_negotiate": flag,
            "wake_on_lan": flag,
            "dhcp": flag,
            "address": _with_prefix(4),
            "vswitch": nullable(text),
        }
    )
)
VMKERNEL = listed(
    record(
        {
            "device": text,
            "mac": mac,
            "port_group": text,
            "vswitch": text,
            "vlan_id": whole(0, 4095),
            "dhcp": flag,
            "address": _with_prefix(4),
            "ipv6": listed(_with_prefix(6)),
            "mtu": whole(1280, 9000),
            "netstack": text,
            "services": listed(one_of(*SERVICES)),
        }
    )
)


def nics_of(checked: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what a scenario says of the host's NICs, by the names of a HostProfile.

    Raises:
        SchemaError: two have one device.
    """
    found = dict[str, Any]()
    if "pnics" in checked:
        usual = ({"device": f"vmnic{index}", "mac": f"02:00:00:00:00:{index + 1:02x}"} for index in range(255))
        found["nics"] = tuple(
            PnicProfile(**{**base, **one}) for base, one in zip(usual, checked["pnics"], strict=False)
        )
    if "vmkernel" in checked:
        usual = ({"device": f"vmk{index}", "mac": f"02:00:00:00:01:{index + 1:02x}"} for index in range(255))
        given = ({**one, **_lists(one)} for one in checked["vmkernel"])
        found["vmkernel"] = tuple(VmkernelProfile(**{**base, **one}) for base, one in zip(usual, given, strict=False))
    for name, kind in (("nics", "pnics"), ("vmkernel", "vmkernel")):
        devices = [one.device for one in found.get(name, ())]
        for index, device in enumerate(devices):
            if device in devices[:index]:
                raise SchemaError(f"{kind}[{index}].device: found {device!r} again, allowed is each name once")
    return found


def _lists(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(one[name]) for name in ("ipv6", "services") if name in one}
