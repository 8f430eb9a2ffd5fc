# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Every property of a whole host on the wire, beside pyVmomi's own serializer and its own reader.

Where a field's declared type is known, both write the same bytes. Where it is ``anyType`` they cannot: there libvirt
wants types that pyVmomi leaves out, so what we write is read by pyVmomi and written by it again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World, api, contents, paths, soap
from ansible_collections.virt.esx.tests.esxsim.codec import codec
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, machine, world_of
from pyVmomi import SoapAdapter, VmomiSupport, vim, vmodl

VERSIONS = ("vim.version.version9", "vim.version.v7_0_3_0", "vim.version.v8_0_3_0")
ANSWER: Any = vmodl.query.PropertyCollector.ObjectContent
NAMES = {"urn:vim25": "", VmomiSupport.XMLNS_XSD: "xsd", VmomiSupport.XMLNS_XSI: "xsi"}
ODD = "on <&> \u00e4\U0001f600"
VMS = (
    {"name": "off01"},
    {"name": ODD, "power_state": "powered-on", "ip_addresses": ["192.0.2.1", "2001:db8::1"]},
    {"name": "suspended01", "power_state": "suspended"},
    {"name": "asking01", "questions": ["msg.serial.file.open"]},
)
# pyVmomi's serializer refuses a required array that is empty; a host says nothing in its place.
REFUSED = (vim.TaskDescription, vim.event.EventDescription)


@functools.cache
def host() -> World:
    """A host where a bit of everything has happened: a task that ended, one that asks, a snapshot, a view, filters."""
    world = world_of(*VMS, clock="manual")
    client = Client(world)
    client.content.viewManager.CreateContainerView(client.content.rootFolder, [vim.VirtualMachine], recursive=True)
    client.vm(ODD).CreateSnapshot_Task("a/b", "why", memory=False, quiesce=False)
    client.vm("asking01").PowerOnVM_Task()
    world.clock.advance(10)
    assert machine(world, "asking01").get("runtime.question") is not None
    return world


def properties(version: str) -> list[tuple[str, Any, Any]]:
    """Every property that is set and that a client of this version knows: its name, declared type and value."""
    found = []
    for obj in host().of_type("ManagedObject"):
        for name, info in paths.fields(type(obj.ref)).items():
            value = obj.get(name)
            if value is not None and api.is_child_version(version, info.version):
                found.append((f"{obj.type_name}:{obj.moid}.{name}", info.type, value))
    return found


def nested(name: str, declared: Any, value: Any, version: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the value, and everything that is set inside it."""
    if isinstance(value, list):
        if value:
            yield name, declared, value
        for index, one in enumerate(value):
            yield from nested(f"{name}[{index}]", getattr(declared, "Item", object), one, version)
        return
    yield name, declared, value
    if isinstance(value, api.DataObject):
        for field, info in paths.fields(type(value)).items():
            inner = value.__dict__.get(field)
            if inner is not None and api.is_child_version(version, info.version):
                yield from nested(f"{name}.{field}", info.type, inner, version)


def of_pyvmomi(value: Any, declared: Any, version: str) -> str:
    info = VmomiSupport.Object(name="val", type=declared, version=version, flags=0)
    text = str(SoapAdapter.SerializeToStr(value, info, version, NAMES))
    text = text.replace(f' versionId="{VmomiSupport.versionIdMap[version]}"', "")
    # In an anyType it gives a reference a type that no schema has; libvirt wants the schema's.
    return re.sub(r'xsi:type="ManagedObject" (type="\w+")', r'\1 xsi:type="ManagedObjectReference"', text)


def of_ours(value: Any, declared: Any, version: str) -> str:
    parts: list[str] = []
    codec(version).field("val", declared)(value, parts.append)
    return "".join(parts)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_property_is_written_as_pyvmomi_writes_it(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    compared = 0
    for name, declared, value in properties(version):
        for where, inner_type, inner in nested(name, declared, value, version):
            if not isinstance(inner, REFUSED):
                assert of_ours(inner, inner_type, version) == of_pyvmomi(inner, inner_type, version), where
                compared += 1

    with capsys.disabled():
        print(f"\n{version}: {compared} values are written as pyVmomi writes them")
    assert compared > 3000


@pytest.mark.parametrize("version", VERSIONS)
def test_every_property_in_an_anytype_is_read_as_what_it_was(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    compared = 0
    for name, declared, value in properties(version):
        content = contents.Content(vim.Folder("f"), [contents.Property("p", value, declared)])
        text = codec(version).response("RetrieveProperties", [content], None)
        read = SoapAdapter.SoapResponseDeserializer(None).Deserialize(
            f"{soap.HEAD}{text}{soap.TAIL}".encode(), ANSWER.Array
        )
        (prop,) = read[0].propSet

        assert of_ours(prop.val, declared, version) == of_ours(value, declared, version), name
        compared += 1

    with capsys.disabled():
        print(f"\n{version}: {compared} properties are read by pyVmomi as what they were")
    assert compared > 350
