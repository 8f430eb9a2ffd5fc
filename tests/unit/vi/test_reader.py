# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Our reader of replies beside pyVmomi's: every property of a whole host, and replies that no host should send.

The law: what is read is what pyVmomi reads, a plain value or an object with the same fields; and a reply that ends too
early or is spoilt is a lost connection, never a traceback.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import ParseError

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import ConnectionLost
from ansible_collections.virt.esx.plugins.module_utils._vi import reader
from ansible_collections.virt.esx.plugins.module_utils._vi.record import LIGHT, Record
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Transport, Trust
from ansible_collections.virt.esx.tests.esxsim import contents, soap
from ansible_collections.virt.esx.tests.esxsim.codec import codec
from ansible_collections.virt.esx.tests.support.worlds import ADDRESS
from ansible_collections.virt.esx.tests.unit.esxsim.test_serializer import VERSIONS, properties
from hypothesis import given
from hypothesis import strategies as st
from pyVmomi import Iso8601, SoapAdapter, vim, vmodl

READ, WAIT = "RetrievePropertiesEx", "WaitForUpdatesEx"
Collector: Any = vmodl.query.PropertyCollector
NIC = "<network>lab</network><ipAddress>192.0.2.1</ipAddress><ipAddress>2001:db8::1</ipAddress><connected>1</connected>"


class Wire(Transport):
    """The transport with a reply instead of a network."""

    def __init__(self, reply: bytes, status: int = 200) -> None:
        super().__init__(ADDRESS, Trust(verify=False), connect_timeout=1)
        self._reply = (status, reply)
        self._pause.set()

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        del method, request, timeout
        return self._reply


def reply_of(result: Any, version: str = VERSIONS[-1], method: str = READ) -> bytes:
    text = codec(version).response(method, result, None)
    return f"{soap.HEAD}{text}{soap.TAIL}".encode()


def page_of(inside: str, method: str = READ) -> bytes:
    returned = f'<{method}Response xmlns="urn:vim25"><returnval>{inside}</returnval></{method}Response>'
    return f"{soap.HEAD}{returned}{soap.TAIL}".encode()


def value_of(xml: str) -> Any:
    inside = f'<objects><obj type="Folder">f</obj><propSet><name>p</name>{xml}</propSet></objects>'
    return read(page_of(inside)).objects[0].values["p"]


def read(reply: bytes, method: str = READ) -> Any:
    return reader.read_reply(method, reply, None)


def assert_same(ours: Any, theirs: Any, where: str) -> None:
    """Compare a value with what pyVmomi made of it; a light record by each of its fields."""
    if isinstance(ours, Record):
        for info in theirs._GetPropertyList():
            assert_same(getattr(ours, info.name), getattr(theirs, info.name), f"{where}.{info.name}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), where
        assert len(ours) == len(theirs), where
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(mine, other, f"{where}[{index}]")
    elif isinstance(theirs, vmodl.DynamicData):
        assert repr(ours) == repr(theirs), where
    elif ours is None:
        # What is not set: pyVmomi gives a required field a value all the same.
        assert not theirs, where
    else:
        assert ours == theirs, where
        assert isinstance(theirs, str) == isinstance(ours, str), where


@pytest.mark.parametrize("version", VERSIONS)
def test_every_property_is_read_as_pyvmomi_reads_it(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    compared = 0
    for name, declared, value in properties(version):
        content = contents.Content(vim.Folder("f"), [contents.Property("p", value, declared)])
        reply = reply_of(contents.Page(None, [content]), version)
        theirs = SoapAdapter.SoapResponseDeserializer(None).Deserialize(io.BytesIO(reply), Collector.RetrieveResult)
        (row,) = read(reply).objects

        assert (row.type_name, row.moid) == ("Folder", "f")
        assert_same(row.values["p"], theirs.objects[0].propSet[0].val, name)
        compared += 1

    with capsys.disabled():
        print(f"\n{version}: {compared} properties are read as pyVmomi reads them")
    assert compared > 350


@pytest.mark.parametrize("version", VERSIONS)
def test_every_update_is_read_as_pyvmomi_reads_it(version: str) -> None:
    changes = [contents.Change(name, "assign", value, declared) for name, declared, value in properties(version)]
    changes.append(contents.Change("gone", "remove", None, object))
    update = contents.ObjectUpdate("modify", vim.VirtualMachine("7"), changes)
    sets = [contents.FilterUpdate(Collector.Filter("filter1"), [update])]
    reply = reply_of(contents.UpdateSet("3", sets, True), version, WAIT)
    theirs = SoapAdapter.SoapResponseDeserializer(None).Deserialize(io.BytesIO(reply), Collector.UpdateSet)
    ours = read(reply, WAIT)

    assert (ours.version, ours.truncated) == (theirs.version, theirs.truncated) == ("3", True)
    assert ours.filterSet[0].filter == theirs.filterSet[0].filter
    (mine,), (other,) = ours.filterSet[0].objectSet, theirs.filterSet[0].objectSet
    assert (mine.obj, mine.kind) == (other.obj, other.kind)
    assert len(mine.changeSet) == len(other.changeSet) == len(changes)
    for ours_one, theirs_one in zip(mine.changeSet, other.changeSet, strict=True):
        assert (ours_one.name, ours_one.op) == (theirs_one.name, theirs_one.op)
        assert_same(ours_one.val, theirs_one.val, theirs_one.name)


SCALARS = [
    ('<val xsi:type="xsd:string"> on &lt;&amp;&gt; </val>', " on <&> "),
    ('<val xsi:type="xsd:string"/>', ""),
    ('<val xsi:type="xsd:string">a<!-- no -->b</val>', "ab"),
    ('<val xsi:type="xsd:boolean">true</val>', True),
    ('<val xsi:type="xsd:boolean">0</val>', False),
    ('<val xsi:type="xsd:long">-9223372036854775808</val>', -(2**63)),
    ('<val xsi:type="xsd:double">1e3</val>', 1000.0),
    ('<val xsi:type="VirtualMachinePowerState">poweredOn</val>', "poweredOn"),
    ('<val xsi:type="VirtualMachinePowerState">hovering</val>', "hovering"),
    ('<val xsi:type="ArrayOfString"><string>a</string><string/></val>', ["a", ""]),
    ('<val xsi:type="ArrayOfInt"/>', []),
    ('<val xsi:type="ArrayOfAnyType"><anyType xsi:type="xsd:int">1</anyType></val>', [1]),
]


@pytest.mark.parametrize(("xml", "value"), SCALARS)
def test_a_scalar_is_a_plain_value(xml: str, value: Any) -> None:
    found = value_of(xml)

    assert found == value
    assert isinstance(found, type(value))


TIMES = [
    "2026-07-01T12:00:00Z",
    "2026-07-01T12:00:00.5Z",
    "2026-07-01T12:00:00.123456789Z",
    "2026-07-01T12:00:00+02:00",
    "2026-07-01T24:00:00Z",
    "2026-07-01T12:00:00",
]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_the_one_that_pyvmomi_reads(text: str) -> None:
    assert value_of(f'<val xsi:type="xsd:dateTime">{text}</val>') == Iso8601.ParseISO8601(text)


def test_a_light_record_is_read_where_somebody_looks() -> None:
    nic = value_of(f'<val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo>{NIC}<future>?</future></GuestNicInfo></val>')[0]

    assert "GuestNicInfo" in LIGHT
    assert (nic.network, nic.macAddress, nic.connected) == ("lab", None, True)
    assert nic.ipAddress == ["192.0.2.1", "2001:db8::1"]
    assert not hasattr(nic, "future")


def test_the_faults_of_the_first_object_are_known() -> None:
    fault = '<fault xsi:type="NotAuthenticated"><object type="Folder">f</object><privilegeId>p</privilegeId></fault>'
    missing = (
        f"<missingSet><path>name</path><fault>{fault}<localizedMessage>who?</localizedMessage></fault></missingSet>"
    )
    page = read(page_of(f'<objects><obj type="Folder">f</obj>{missing}</objects><token>2</token>'))

    assert page.token == "2"
    assert page.objects[0].values == {}
    assert [(type(fault).__name__, fault.msg) for fault in page.missing] == [("vim.fault.NotAuthenticated", "who?")]


@pytest.mark.parametrize("method", [READ, WAIT])
def test_nothing_is_none(method: str) -> None:
    reply = page_of("", method).replace(b"<returnval></returnval>", b"")

    assert reader.read_reply(method, reply, None) is None


UNFAMILIAR = [
    "<val>no type</val>",
    '<val xsi:type="ManagedObjectReference" type="NobodyKnows">1</val>',
    '<val xmlns:xsd="urn:other" xsi:type="xsd:string">x</val>',
]


@pytest.mark.parametrize("xml", UNFAMILIAR)
def test_what_is_unfamiliar_is_left_to_pyvmomi(xml: str) -> None:
    with pytest.raises(reader.Unfamiliar):
        value_of(xml)


SPEC: Any = Collector.FilterSpec(
    objectSet=[Collector.ObjectSpec(obj=vim.Folder("f"))], propSet=[Collector.PropertySpec(type=vim.Folder)]
)


def retrieve(reply: bytes, status: int = 200) -> Any:
    return Collector("c", Wire(reply, status)).RetrievePropertiesEx(specSet=[SPEC], options=Collector.RetrieveOptions())


def test_what_pyvmomi_has_read_looks_the_same() -> None:
    inside = '<objects><obj type="Folder">f</obj><propSet><name>name</name>{}</propSet></objects><token>1</token>'
    plain = page_of(inside.format('<val xsi:type="xsd:string">x</val>'))
    strange = page_of(inside.format('<val xmlns:soapenc="urn:other" xsi:type="xsd:string">x</val>'))

    with pytest.raises(reader.Unfamiliar):
        read(strange)
    assert retrieve(plain) == retrieve(strange) == reader.Page([reader.Row("Folder", "f", {"name": "x"})], "1", [])


def test_a_fault_is_raised_whatever_the_status() -> None:
    fault = codec(VERSIONS[-1]).fault(vim.fault.NotAuthenticated(msg="who?"))
    for status in (200, 500):
        with pytest.raises(vim.fault.NotAuthenticated):
            retrieve(f"{soap.HEAD}{fault}{soap.TAIL}".encode(), status)


WHOLE = page_of(
    '<objects><obj type="VirtualMachine">1</obj>'
    '<propSet><name>name</name><val xsi:type="xsd:string">x</val></propSet>'
    '<propSet><name>config.hardware.memoryMB</name><val xsi:type="xsd:int">4</val></propSet>'
    '<propSet><name>runtime.bootTime</name><val xsi:type="xsd:dateTime">2026-07-01T12:00:00Z</val></propSet>'
    f'<propSet><name>guest.net</name><val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo>{NIC}</GuestNicInfo></val>'
    "</propSet><propSet><name>config.files</name>"
    '<val xsi:type="VirtualMachineFileInfo"><vmPathName>p</vmPathName></val></propSet>'
    "</objects>"
)


def usable(reply: bytes) -> bool:
    """Tell whether a reply is read; what is wrong with it must be said in our words."""
    try:
        retrieve(reply)
    except ConnectionLost:
        return False
    return True


def test_a_reply_that_ends_too_early_is_a_lost_connection() -> None:
    assert usable(WHOLE)
    assert not any(usable(WHOLE[:length]) for length in range(0, len(WHOLE.rstrip()) - 1, 7))


@given(place=st.integers(0, len(WHOLE) - 1), other=st.binary(max_size=8), length=st.integers(0, 40))
def test_a_spoilt_reply_is_read_or_is_a_lost_connection(place: int, other: bytes, length: int) -> None:
    usable(WHOLE[:place] + other + WHOLE[place + length :])


SPOILT: list[Callable[[bytes], bytes]] = [
    lambda whole: whole.replace(b">4<", b">four<"),
    lambda whole: whole.replace(b">4<", b">" + b"9" * 5000 + b"<"),
    lambda whole: whole.replace(b"2026-07-01T", b"yesterday"),
    lambda whole: whole.replace(b"<name>name</name>", b""),
    lambda whole: whole.replace(b' type="VirtualMachine"', b""),
    lambda whole: whole.replace(b"VirtualMachineFileInfo", b"NobodyKnows"),
    lambda whole: whole.replace(b"<vmPathName>p</vmPathName>", b"<a>" * 5000 + b"</a>" * 5000),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_makes_no_sense_is_a_lost_connection(spoil: Callable[[bytes], bytes]) -> None:
    spoilt = spoil(WHOLE)

    assert spoilt != WHOLE
    assert not usable(spoilt)


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 1000 + b'">]>'
    reply = WHOLE.replace(b"<soapenv:Envelope", bomb + b"<soapenv:Envelope", 1).replace(b">x<", b">&a;<")

    assert reply.count(b"DOCTYPE") == 1
    assert not usable(reply)


def test_a_reply_of_another_kind_of_error_is_left_to_the_reader_of_faults() -> None:
    with pytest.raises(ParseError):
        read(b"<<<")
