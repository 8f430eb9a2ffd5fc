# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts in plain values, and what libvirt's ESX driver would say of one as a node."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

Fact = dict[str, Any]

# What libvirt takes out of the name of a processor, one after the other, and how much it keeps of the rest.
_TRADEMARKS = ("(R)", "(C)", "(TM)")
_MODEL_LENGTH = 31
# In the register edx of level 0x80000001; the text of a register has the highest bit first.
LONG_MODE_LEVEL = -2147483647
_LONG_MODE_BIT = 29
_REGISTER = re.compile(r"[01]{4}(?::[01]{4}){7}")


def has_long_mode(features: Mapping[int, str]) -> bool | None:
    """
    Tell whether a processor has 64 bits, from its registers edx by level; None: the host does not say it clearly.

    Source: vim.host.CpuIdInfo; its registers read like ``0010:1100:0001:0000:0000:1000:0000:0000``.
    """
    register = features.get(LONG_MODE_LEVEL)
    if register is None:
        return False
    if _REGISTER.fullmatch(register) is None:
        return None
    return register.replace(":", "")[31 - _LONG_MODE_BIT] == "1"


def node_info(fact: Fact) -> Fact:
    """Return what ``virsh nodeinfo`` shows of a host."""
    cpu = fact["cpu"]
    return {
        "model": _short_model(cpu["model"]),
        "memory_kib": fact["memory"]["total_bytes"] // 1024,
        "cpus": cpu["cores"],
        "mhz": cpu["mhz"],
        "nodes": cpu["numa_nodes"],
        "sockets": cpu["packages"],
        "cores_per_socket": cpu["cores"] // cpu["packages"] if cpu["packages"] else 0,
        "threads_per_core": cpu["threads"] // cpu["cores"] if cpu["cores"] else 0,
    }


def _short_model(model: str) -> str:
    for mark in _TRADEMARKS:
        model = model.replace(mark, "")
    return re.sub(" {2,}", " ", model)[:_MODEL_LENGTH]


def capabilities_xml(fact: Fact) -> str:
    """Return libvirt's ``<capabilities>`` of a host."""
    has_64_bits = bool(fact["cpu"]["long_mode"])
    root = ET.Element("capabilities")
    host = ET.SubElement(root, "host")
    ET.SubElement(host, "uuid").text = _uuid(fact["uuid"])
    ET.SubElement(ET.SubElement(host, "cpu"), "arch").text = "x86_64" if has_64_bits else "i686"
    ET.SubElement(host, "power_management")
    ET.SubElement(host, "iommu", support="no")
    migration = ET.SubElement(host, "migration_features")
    ET.SubElement(migration, "live")
    ET.SubElement(ET.SubElement(migration, "uri_transports"), "uri_transport").text = "vpxmigr"
    for arch, bits in (("i686", 32), ("x86_64", 64)):
        if bits == 32 or has_64_bits:
            _add_guest(root, arch, bits)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _uuid(text: str | None) -> str:
    """Return a UUID as libvirt writes it; of one that is none, or not there, it makes zeros."""
    try:
        return str(uuid.UUID(text or ""))
    except ValueError:
        return str(uuid.UUID(int=0))


def _add_guest(root: ET.Element, arch: str, bits: int) -> None:
    guest = ET.SubElement(root, "guest")
    ET.SubElement(guest, "os_type").text = "hvm"
    found = ET.SubElement(guest, "arch", name=arch)
    ET.SubElement(found, "wordsize").text = str(bits)
    ET.SubElement(found, "domain", type="vmware")
