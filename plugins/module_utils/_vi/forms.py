# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The forms of virtual machines that are there: definition, VMX and domain XML.

Laws: a definition that is read here and wanted again changes nothing; no password is in any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import FaultError, NotFound, VmxError
from .._vmx.convert import to_domain_xml, without_secrets
from .._vmx.data import as_data
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.text import VmxText
from .config_info import read_config
from .files import Files
from .properties import objects, read, walk_step

if TYPE_CHECKING:
    from .connection import Session
    from .places import Places


def with_forms(
    session: Session, facts: Sequence[Mapping[str, Any]], places: Places, forms: Sequence[str]
) -> list[dict[str, Any]]:
    """
    Return the facts of VMs with these of the forms ``definition``, ``vmx`` and ``domain_xml``; None: it cannot be read.

    It takes one read for all, and where a text is wanted a request for each VM.
    """
    references = [session.reference("VirtualMachine", fact["moid"]) for fact in facts]
    rows = read(
        session,
        objects(references, walk_step("stores", "VirtualMachine", "datastore")),
        {"VirtualMachine": ["config"], "Datastore": ["name", "summary.url"]},
    )
    configs = {row.moid: row.values.get("config") for row in rows if row.type_name == "VirtualMachine"}
    mounts = {
        str(row.values["name"]): mount_path(row.values.get("summary.url"))
        for row in rows
        if row.type_name == "Datastore"
    }
    found = []
    for fact in facts:
        shown = dict(fact)
        config = configs.get(fact["moid"])
        text = _text(session, fact, places) if {"vmx", "domain_xml"} & set(forms) else None
        if "definition" in forms:
            shown["definition"] = None if config is None else as_data(read_config(config).definition)
        if "vmx" in forms:
            shown["vmx"] = None if text is None else str(text)
        if "domain_xml" in forms:
            shown["domain_xml"] = None if text is None else _domain(text, fact, places, mounts)
        found.append(shown)
    return found


def mount_path(url: Any) -> str:
    """Return where a host has a datastore mounted, from its ``summary.url``."""
    return str(url or "").removeprefix("ds://").rstrip("/")


def _text(session: Session, fact: Mapping[str, Any], places: Places) -> VmxText | None:
    """Read the VMX of a machine; None where the host does not give it, or it is none."""
    datacenter = places.datacenter_of(fact["moid"])
    if not fact["vmx_path"] or datacenter is None:
        return None
    try:
        content = Files(session, datacenter).get(DatastorePath.parse(fact["vmx_path"]))
        return without_secrets(VmxText.from_bytes(content))
    except (NotFound, FaultError, VmxError, ValueError):
        # A machine whose files are out of reach is still a machine.
        return None


def _domain(text: VmxText, fact: Mapping[str, Any], places: Places, mounts: Mapping[str, str]) -> str | None:
    home = DatastorePath.parse(fact["vmx_path"])
    names = FileNames(datastore=home.datastore, directory=home.directory, mounts=mounts)
    try:
        return to_domain_xml(text, names, datacenter_path=places.datacenter_of(fact["moid"]))
    except VmxError:
        return None
