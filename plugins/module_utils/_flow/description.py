# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user describes of a virtual machine, from whichever of the four sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from .._vmx.codec import UUID
from .._vmx.data import from_data
from .._vmx.definition import UuidAction, VmDefinition
from .._vmx.escapes import escape_name
from .._vmx.paths import DatastorePath, FileNames

if TYPE_CHECKING:
    from .._vmx.text import VmxText

SOURCES = ("definition", "vmx", "domain_xml", "vmx_path")

# What the host is told about the UUID instead of asking; "ask" tells it nothing.
UUID_ACTIONS: Mapping[str, UuidAction | None] = {
    "moved": UuidAction.KEEP,
    "copied": UuidAction.CREATE,
    "ask": None,
}


@dataclass(frozen=True, kw_only=True)
class Description:
    """
    One source of a description, read as far as it can be without a host.

    ``given`` is the definition of the option of that name; ``text`` the VMX of the sources ``vmx`` and ``domain_xml``;
    ``path`` the VMX on a datastore. ``name`` and ``uuid`` override what the source says. ``xml`` is a domain that does
    not say its virtual hardware; that in its text is then only one to begin with.
    """

    source: str
    given: VmDefinition | None = None
    text: VmxText | None = None
    xml: str | None = None
    path: DatastorePath | None = None
    name: str | None = None
    uuid: str | None = None
    uuid_action: UuidAction | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, name: str | None, uuid: str | None) -> Description:
        """
        Read the source that is given.

        Raises:
            OptionError: none is given, or more than one, or a definition is wrong.
            VmxError, DomainXmlError: a text cannot be read.
        """
        sources = [source for source in SOURCES if params.get(source) is not None]
        if len(sources) != 1:
            found = f"found {' and '.join(sources)}" if sources else "found none of them"
            raise OptionError(f"what is described? Exactly one of {', '.join(SOURCES)} is needed; {found}")
        (source,) = sources
        value = params[source]
        common: dict[str, Any] = {"source": source, "name": name, "uuid": uuid}
        common["uuid_action"] = UUID_ACTIONS[params.get("register_as") or "ask"]
        if source == "definition":
            return cls(**common, given=_overridden(from_data(value), name, uuid))
        if source == "vmx_path":
            return cls(**common, path=_path(value))
        text, is_open = (_from_vmx(value), False) if source == "vmx" else _from_domain_xml(value)
        made = cls(**common, text=_with_overrides(text, common), xml=value if is_open else None)
        made.definition(FileNames())
        return made

    def on(self, hardware_version: int | None) -> Description:
        """
        Return the description for a host whose own choice of virtual hardware is this; None: it is not known.

        Raises:
            NotRepresentable: a machine of this hardware version cannot have what is described.
        """
        if self.xml is None or hardware_version is None:
            return self
        # It takes a tenth of a second to load, and most descriptions are no XML.
        from .._vmx import convert

        text = convert.to_vmx(self.xml, FileNames(), hardware_version=hardware_version)
        return replace(self, text=_with_overrides(text, vars(self)))

    @property
    def from_text(self) -> bool:
        """True where the description is a file's and not only what is wanted."""
        return self.text is not None

    def definition(self, names: FileNames) -> VmDefinition:
        """
        Return what is described; ``names`` say where the VMX lies and what the host has mounted.

        Raises:
            VmxError: the text cannot be read.
        """
        if self.text is not None:
            # Most descriptions are no text.
            from .._vmx import vmx

            found = vmx.parse(self.text, names)
            return found if self.xml is None else replace(found, hardware_version=None)
        if self.given is not None:
            return self.given
        return VmDefinition(name=self.name, uuid=self.uuid)


def _from_vmx(value: str) -> VmxText:
    from .._vmx.text import VmxText

    return VmxText.parse(value)


def _from_domain_xml(value: str) -> tuple[VmxText, bool]:
    """Return a domain as VMX, and whether its virtual hardware is left to the host."""
    from .._vmx import convert

    return convert.to_vmx(value, FileNames()), not convert.says_hardware_version(value)


def _overridden(definition: VmDefinition, name: str | None, uuid: str | None) -> VmDefinition:
    changes: dict[str, Any] = {key: value for key, value in (("name", name), ("uuid", uuid)) if value is not None}
    return replace(definition, **changes)


def _with_overrides(text: VmxText, overrides: Mapping[str, Any]) -> VmxText:
    changed = text.copy()
    if overrides["name"] is not None:
        changed.set("displayName", escape_name(overrides["name"]))
    if overrides["uuid"] is not None:
        changed.set("uuid.bios", UUID.write(overrides["uuid"]))
        # Another identity: what else says the old one would contradict it.
        for key in ("uuid.action", "uuid.location", "vc.uuid"):
            changed.remove(key)
    if overrides["uuid_action"] is not None:
        changed.set("uuid.action", overrides["uuid_action"].value)
    return changed


def _path(value: str) -> DatastorePath:
    try:
        path = DatastorePath.parse(value)
    except ValueError as error:
        raise OptionError(f"'vmx_path': {error}", option="vmx_path") from error
    if not path.name.lower().endswith((".vmx", ".vmtx")):
        raise OptionError(
            f"'vmx_path': found '{value}', wanted a file that ends with .vmx, such as [datastore1] web01/web01.vmx",
            option="vmx_path",
        )
    return path
