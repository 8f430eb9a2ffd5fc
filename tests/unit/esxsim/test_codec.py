# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire: byte for byte as pyVmomi where both can say it, otherwise as libvirt wants it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import api, contents, paths
from ansible_collections.virt.esx.tests.esxsim.codec import Codec, Unset, codec, escape
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import about, build, devices, machine, question
from pyVmomi import SoapAdapter, VmomiSupport, vim, vmodl


def array(cls: Any) -> Any:
    return cls.Array


NEWEST = VmomiSupport.newestVersions.GetName("vim")
VERSIONS = ("vim.version.version9", "vim.version.v7_0_3_0", "vim.version.v8_0_3_0", NEWEST)
NAMES = {"urn:vim25": "", VmomiSupport.XMLNS_XSD: "xsd", VmomiSupport.XMLNS_XSI: "xsi"}


def values() -> list[Any]:
    """Data objects of the world: every one that it holds, and some with traps in them."""
    world = build()
    world.tasks.start(world.find("VirtualMachine", "1"), "PowerOnVM_Task", iter_nothing(), cancelable=True)
    found = [*devices(), question(), about(world)]
    found += [vim.option.OptionValue(key="a", value=value) for value in ("<&>", 1, True, 1.5, vim.Folder.__name__)]
    found += [vim.vm.ConfigSpec(name="\"<&>'\n\u00e9\U0001f600", memoryMB=4096, cpuHotAddEnabled=False)]
    for obj in world.of_type("ManagedObject"):
        found += [
            value for name in paths.fields(type(obj.ref)) if isinstance(value := obj.get(name), vmodl.DynamicData)
        ]
    # pyVmomi's serializer refuses a required array that is empty.
    return [value for value in found if not isinstance(value, vim.TaskDescription)]


def iter_nothing() -> Any:
    yield 5


def of_pyvmomi(value: Any, declared: Any, version: str) -> str:
    info = VmomiSupport.Object(name="returnval", type=declared, version=version, flags=0)
    text = str(SoapAdapter.SerializeToStr(value, info, version, NAMES))
    return text.replace(f' versionId="{VmomiSupport.versionIdMap[version]}"', "", 1)


def of_ours(value: Any, declared: Any, version: str) -> str:
    parts: list[str] = []
    codec(version).field("returnval", declared)(value, parts.append)
    return "".join(parts)


@pytest.mark.parametrize("version", VERSIONS)
def test_data_objects_are_written_as_pyvmomi_writes_them(version: str) -> None:
    compared = 0
    for value in values():
        if api.is_child_version(version, type(value)._version):
            assert of_ours(value, type(value), version) == of_pyvmomi(value, type(value), version)
            assert of_ours(value, vmodl.DynamicData, version) == of_pyvmomi(value, vmodl.DynamicData, version)
            compared += 1

    assert compared > 15


def test_a_fault_in_a_field_is_a_localized_method_fault() -> None:
    info = machine_task_info()
    info.error = vim.fault.InvalidPowerState(requestedState="poweredOn", existingState="poweredOn", msg="No & no.")
    text = of_ours(info, vim.TaskInfo, VERSIONS[2])

    assert text == of_pyvmomi(info, vim.TaskInfo, VERSIONS[2])
    assert '<error><fault xsi:type="InvalidPowerState"><requestedState>' in text
    assert "<localizedMessage>No &amp; no.</localizedMessage></error>" in text


def machine_task_info() -> Any:
    world = build()
    ref = world.tasks.start(world.find("VirtualMachine", "1"), "PowerOnVM_Task", iter_nothing())
    return paths.shallow(world.find("Task", ref._moId).get("info"))


def test_the_name_of_a_task_is_the_managed_method() -> None:
    assert "<name>PowerOnVM_Task</name>" in of_ours(machine_task_info(), vim.TaskInfo, VERSIONS[2])


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        (vim.Task, vim.Task("t<1>"), '<val type="Task" xsi:type="ManagedObjectReference">t&lt;1&gt;</val>'),
        (vim.VirtualMachine.PowerState, "poweredOn", '<val xsi:type="VirtualMachinePowerState">poweredOn</val>'),
        (VmomiSupport.vmodlTypes["long"], 5, '<val xsi:type="xsd:long">5</val>'),
        (VmomiSupport.vmodlTypes["int"], 5, '<val xsi:type="xsd:int">5</val>'),
        (object, 5_000_000_000, '<val xsi:type="xsd:long">5000000000</val>'),
        (object, True, '<val xsi:type="xsd:boolean">true</val>'),
        (object, b"abc", '<val xsi:type="xsd:base64Binary">YWJj</val>'),
        (array(vim.Task), [], '<val xsi:type="ArrayOfManagedObjectReference"></val>'),
        (
            array(vim.Task),
            [vim.Task("1")],
            (
                '<val xsi:type="ArrayOfManagedObjectReference">'
                '<ManagedObjectReference type="Task" xsi:type="ManagedObjectReference">1</ManagedObjectReference></val>'
            ),
        ),
        (
            VmomiSupport.vmodlTypes["string[]"],
            ["a", "b"],
            (
                '<val xsi:type="ArrayOfString"><string xsi:type="xsd:string">a</string>'
                '<string xsi:type="xsd:string">b</string></val>'
            ),
        ),
        (
            array(vim.option.OptionValue),
            [vim.option.OptionValue(key="k", value="v")],
            (
                '<val xsi:type="ArrayOfOptionValue"><OptionValue xsi:type="OptionValue"><key>k</key>'
                '<value xsi:type="xsd:string">v</value></OptionValue></val>'
            ),
        ),
    ],
)
def test_anytype_has_the_declared_type_on_every_value_and_item(declared: Any, value: Any, text: str) -> None:
    parts: list[str] = []
    codec(VERSIONS[2]).typed("val", declared)(value, parts.append)

    assert "".join(parts) == text


def test_a_plain_list_in_an_anytype_has_a_type() -> None:
    parts: list[str] = []
    codec(VERSIONS[2]).typed("val", object)([vim.Folder("a"), vim.Folder("b")], parts.append)

    assert "".join(parts).startswith(
        '<val xsi:type="ArrayOfManagedObjectReference"><ManagedObjectReference type="Folder"'
    )


def test_a_required_field_that_is_unset_is_named() -> None:
    with pytest.raises(Unset, match=r"VirtualMachineRuntimeInfo\.connectionState is required"):
        of_ours(vim.vm.RuntimeInfo(), vim.vm.RuntimeInfo, VERSIONS[2])


def test_a_type_newer_than_the_client_is_widened() -> None:
    nic = devices()[1]
    old, new = ("vim.version.version2", "vim.version.v8_0_3_0")

    assert of_ours(nic, vim.vm.device.VirtualDevice, old).startswith('<returnval xsi:type="VirtualVmxnet"><key>4000')
    assert of_ours(nic, vim.vm.device.VirtualDevice, new).startswith('<returnval xsi:type="VirtualVmxnet3"><key>4000')


def test_what_xml_cannot_say_is_replaced() -> None:
    assert escape("a\x00b\r\n<&>\ud800") == "a\ufffdb&#13;\n&lt;&amp;&gt;\ufffd"


def test_there_is_no_white_space_in_a_response() -> None:
    content = contents.Content(vim.VirtualMachine("1"), [contents.Property("name", "a", str)])
    text = Codec(VERSIONS[2]).response("RetrieveProperties", [content], None)

    assert text == (
        '<RetrievePropertiesResponse xmlns="urn:vim25"><returnval><obj type="VirtualMachine">1</obj><propSet><name>name'
        '</name><val xsi:type="xsd:string">a</val></propSet></returnval></RetrievePropertiesResponse>'
    )


def test_a_fault_names_its_type_in_the_tag_and_in_the_attribute() -> None:
    fault = vim.fault.NotAuthenticated(object=vim.Folder("f"), privilegeId="System.View", msg="<no>")

    assert Codec(VERSIONS[2]).fault(fault) == (
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>&lt;no&gt;</faultstring><detail>"
        '<NotAuthenticatedFault xmlns="urn:vim25" xsi:type="NotAuthenticated"><object type="Folder">f</object>'
        "<privilegeId>System.View</privilegeId></NotAuthenticatedFault></detail></soapenv:Fault>"
    )


def test_everything_the_core_world_holds_can_be_written() -> None:
    assert machine("1", "a").get("config.hardware.device[4000].macAddress") == "00:0c:29:00:00:01"
    for value in values():
        assert of_ours(value, type(value), VERSIONS[3])
