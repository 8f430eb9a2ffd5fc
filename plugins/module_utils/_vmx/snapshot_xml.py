# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
libvirt's XML of a snapshot, ``<domainsnapshot>``: read as its ESX driver reads it, and written as it writes it.

Of what is read only name and description have a meaning; state, parent and time are the host's to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._errors import DomainXmlError
from .xml_tree import Element, parse_tree, sayable

ROOT = "domainsnapshot"
MEMORY = ("no", "internal", "external")
# libvirt escapes quotes in texts too.
_ESCAPED = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\r": "&#13;"},
)
STATES = {"powered-on": "running", "powered-off": "shutoff", "suspended": "paused"}


@dataclass(frozen=True, kw_only=True)
class SnapshotText:
    """What the XML of a snapshot says; None: it does not say that."""

    name: str | None = None
    description: str | None = None
    state: str | None = None
    parent: str | None = None
    created: int | None = None
    uuid: str | None = None


def parse(xml: str | bytes) -> SnapshotText:
    """
    Read the XML of a snapshot.

    Raises:
        DomainXmlError: it is no such XML, or wants what ESXi cannot do.
    """
    root = parse_tree(xml)
    if root.tag != ROOT:
        raise DomainXmlError(f"the XML of a snapshot begins with <{ROOT}>; found <{root.tag}>", path=root.path)
    disks = root.find("disks")
    if disks is not None and disks.children:
        raise DomainXmlError(
            "ESXi chooses the disks of a snapshot by itself: <disks> must be empty", path=disks.children[0].path
        )
    memory = root.find("memory")
    if memory is not None and memory.attributes.get("snapshot", "no") not in MEMORY:
        raise DomainXmlError(
            f"'snapshot' must be one of {', '.join(MEMORY)}; found {memory.attributes['snapshot']!r}", path=memory.path
        )
    return SnapshotText(name=_text(root, "name") or None, description=_text(root, "description"))


def write(text: SnapshotText) -> str:
    """Write the XML of a snapshot; characters that XML cannot hold are left out, as libvirt does."""
    lines = [f"<{ROOT}>"]
    for tag, value in (("name", text.name), ("description", text.description), ("state", text.state)):
        if value is not None:
            lines.append(f"  {_leaf(tag, value)}")
    if text.parent is not None:
        lines += ["  <parent>", f"    {_leaf('name', text.parent)}", "  </parent>"]
    if text.created is not None:
        lines.append(f"  {_leaf('creationTime', str(text.created))}")
    if text.uuid is not None:
        lines += ["  <domain>", f"    {_leaf('uuid', text.uuid)}", "  </domain>"]
    return "\n".join([*lines, f"</{ROOT}>", ""])


def _leaf(tag: str, value: str) -> str:
    return f"<{tag}>{sayable(value).translate(_ESCAPED)}</{tag}>"


def _text(root: Element, tag: str) -> str | None:
    found = root.find(tag)
    return None if found is None else found.text
