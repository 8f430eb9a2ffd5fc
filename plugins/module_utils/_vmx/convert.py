# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
VMX to domain XML and back, losing nothing.

libvirt's XML says less than a VMX. What it has no words for travels in its ``<metadata>``, in an element of ours::

    <esx:vmx xmlns:esx="urn:virt-esx:vmx:1">memsize = "4096" ...</esx:vmx>

It holds the text of the VMX, whole or in part; with ``encoding="base64"`` where XML cannot hold its characters.

Laws: ``to_vmx(to_domain_xml(t)) == t`` byte for byte; an edit of the XML wins over the text that is carried, and what
XML cannot say survives it. A password is carried on request only: see SECRET_KEYS.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import fields, replace
from typing import Any

from .._errors import DomainXmlError, NotRepresentable, VmxError
from . import domain_xml, vmx
from .convert_merge import carried_out, completed, merge
from .definition import VmDefinition
from .devices import PortBacking
from .diff import compare
from .limits import DEFAULT_HARDWARE_VERSION
from .paths import FileNames
from .text import VmxText
from .xml_tree import Element, Text, is_sayable
from .xml_values import wrong

NAMESPACE = "urn:virt-esx:vmx:1"
_FAMILY = "urn:virt-esx:vmx:"
_NOT_IN_A_VMX = frozenset({"capacity_kib", "provisioning"})
SECRET_KEYS = ("RemoteDisplay.vnc.password", "RemoteDisplay.vnc.key")


def to_domain_xml(
    text: VmxText,
    names: FileNames,
    *,
    datacenter_path: str | None = None,
    lossless: bool = True,
    secrets: bool = False,
) -> str:
    """
    Say a VMX as libvirt's domain XML.

    Args:
        text: The VMX.
        names: Where it lies, to turn the names of its files into paths on datastores.
        datacenter_path: Where the machine is, for libvirt's own element of that name.
        lossless: Whether the VMX itself goes along, so that :func:`to_vmx` gives it back.
        secrets: Whether the password of the VNC server goes along.

    Raises:
        VmxError: the VMX cannot be read.
    """
    definition = domain_xml.restrict(vmx.parse(text, names))
    metadata = [_carrier(text, secrets=secrets)] if lossless else []
    return domain_xml.format(definition, datacenter_path=datacenter_path, metadata=metadata, secrets=secrets)


def without_secrets(text: VmxText) -> VmxText:
    """Return a VMX without the password of the VNC server; the same where it has none."""
    if not any(key in text for key in SECRET_KEYS):
        return text
    text = VmxText.parse(str(text))
    for key in SECRET_KEYS:
        text.remove(key)
    return text


def _carrier(text: VmxText, *, secrets: bool) -> Element:
    text = text if secrets else without_secrets(text)
    attributes, carried = {"xmlns:esx": NAMESPACE}, str(text)
    if not is_sayable(carried):
        attributes["encoding"] = "base64"
        carried = base64.b64encode(carried.encode("utf-8", "surrogatepass")).decode("ascii")
    return Element("esx:vmx", attributes, text=carried)


def to_vmx(xml: Text, names: FileNames, *, hardware_version: int | None = None) -> VmxText:
    """
    Say a domain as a VMX.

    Where the XML carries a VMX, that is the base: it comes back as it was, but for what was changed in the XML since.
    A base may be a part of a VMX, written by hand, for what XML has no words for (``guestOS = "rhel9-64"``).

    Args:
        xml: A domain of type ``vmware``.
        names: Where the VMX will lie, to turn paths on datastores into names of files.
        hardware_version: The virtual hardware to write for; None is the base's, or else that of ESXi 8.0.

    Raises:
        DomainXmlError: the XML cannot be read, or the VMX that it carries.
        NotRepresentable: a VMX of this hardware version cannot say it.
    """
    root = domain_xml.root_of(xml)
    now = domain_xml.read(root)
    carrier = _carried(root)
    if carrier is None:
        definition = completed(now)
        _check(definition)
        return vmx.format(definition, names, hardware_version=hardware_version)
    try:
        text = _changed(VmxText.parse(_text_of(carrier)), now, names, hardware_version)
        # What nobody looked at before may count now.
        vmx.parse(text, names)
        return text
    except VmxError as error:
        raise DomainXmlError(f"{carrier.path}: {error}", path=carrier.path, **error.details) from error


def says_hardware_version(xml: Text) -> bool:
    """
    Tell whether a domain says its virtual hardware, which it can only where it carries a VMX.

    Raises:
        DomainXmlError: the XML cannot be read, or the VMX that it carries.
    """
    carrier = _carried(domain_xml.root_of(xml))
    if carrier is None:
        return False
    try:
        return "virtualHW.version" in VmxText.parse(_text_of(carrier))
    except VmxError as error:
        raise DomainXmlError(f"{carrier.path}: {error}", path=carrier.path, **error.details) from error


def changed_vmx(text: VmxText, want: VmDefinition, names: FileNames, *, hardware_version: int | None = None) -> VmxText:
    """
    Change a VMX so that it says what a definition states, and nothing else.

    Raises:
        VmxError: the VMX cannot be read.
        NotRepresentable: a VMX of this hardware version cannot say it.
    """
    have = vmx.parse(text, names)
    if hardware_version is not None:
        want = replace(want, hardware_version=hardware_version)
    diff = compare(have, want)
    stays = next((change for change in diff if change.path.rpartition(".")[2] in _NOT_IN_A_VMX), None)
    if stays is not None:
        raise NotRepresentable(f"{stays.path}: a VMX names the disk's file, which alone knows this", field=stays.path)
    return vmx.update(text, carried_out(have, diff), names)


def from_domain_xml(xml: Text, names: FileNames) -> VmDefinition:
    """
    Read a domain, with all that the VMX says which it carries.

    Raises:
        DomainXmlError, NotRepresentable: as :func:`to_vmx`.
    """
    root = domain_xml.root_of(xml)
    return domain_xml.read(root) if _carried(root) is None else vmx.parse(to_vmx(xml, names), names)


def _changed(text: VmxText, now: VmDefinition, names: FileNames, hardware_version: int | None) -> VmxText:
    is_part = "config.version" not in text
    if is_part:
        text.set("config.version", "8")
    if "virtualHW.version" not in text:
        text.set("virtualHW.version", str(hardware_version or DEFAULT_HARDWARE_VERSION))
    base = vmx.parse(text, names)
    then = domain_xml.parse(domain_xml.format(domain_xml.restrict(base), secrets=True))
    if is_part:
        merged = completed(merge(base, _stated_by(base, then), now))
        _check(merged)
        return vmx.format(merged, names, hardware_version=hardware_version)
    merged = merge(base, then, now)
    if hardware_version is not None:
        merged = replace(merged, hardware_version=hardware_version)
    return vmx.update(text, merged, names)


def _stated_by(base: VmDefinition, then: VmDefinition) -> VmDefinition:
    """Drop what XML states of any machine and this part of a VMX does not."""
    silent: dict[str, Any] = {field.name: None for field in fields(base) if getattr(base, field.name) is None}
    return replace(then, **silent)


def _check(definition: VmDefinition) -> None:
    """Make sure that there is something behind every port: XML may say null where a VMX had nonsense."""
    for port in definition.serial_ports:
        if port.backing is PortBacking.NETWORK and port.path is None:
            field = f"serial_ports[{port.slot}].path"
            raise NotRepresentable(f"{field}: a serial port of type null is none that a VMX can say", field=field)


def _carried(root: Element) -> Element | None:
    metadata = root.find("metadata")
    found = None
    for element in metadata.children if metadata is not None else ():
        namespace, _blank, name = element.tag.rpartition(" ")
        if not namespace.startswith(_FAMILY):
            continue
        if namespace != NAMESPACE or name != "vmx" or found is not None:
            raise wrong(element, "", f"one element vmx of namespace {NAMESPACE}", element.tag)
        found = element
    return found


def _text_of(carrier: Element) -> str:
    encoding = carrier.attributes.get("encoding", "text")
    if encoding == "text":
        return carrier.text
    if encoding != "base64":
        raise wrong(carrier, "encoding", "base64")
    try:
        return base64.b64decode("".join(carrier.text.split()), validate=True).decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError) as error:
        raise wrong(carrier, "", "base64 of UTF-8", carrier.text) from error
