# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests come from anybody: what is wrong with one is said, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import decode
from ansible_collections.virt.esx.tests.esxsim.soap import Caller, answer, client_version
from ansible_collections.virt.esx.tests.unit.esxsim.core_world import build, login
from hypothesis import given
from hypothesis import strategies as st
from pyVmomi import vim, vmodl

HEAD = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body>'
)
TAIL = "</soapenv:Body></soapenv:Envelope>"


def soap(body: str) -> bytes:
    return f"{HEAD}{body}{TAIL}".encode()


def test_a_request_of_libvirt_is_understood() -> None:
    body = (
        '<RetrieveProperties xmlns="urn:vim25"><_this xmlns="urn:vim25" xsi:type="ManagedObjectReference" '
        'type="PropertyCollector">pc</_this><specSet xmlns="urn:vim25" xsi:type="PropertyFilterSpec"><propSet '
        'xsi:type="PropertySpec"><type xsi:type="xsd:string">Folder</type><pathSet xsi:type="xsd:string">name</pathSet>'
        '</propSet><objectSet xsi:type="ObjectSpec"><obj xsi:type="ManagedObjectReference" type="Folder">f</obj>'
        '<skip xsi:type="xsd:boolean">false</skip><selectSet xsi:type="TraversalSpec"><name xsi:type="xsd:string">n'
        "</name>"
        '<type xsi:type="xsd:string">Folder</type><path xsi:type="xsd:string">childEntity</path><selectSet '
        'xsi:type="SelectionSpec"><name xsi:type="xsd:string">n</name></selectSet></selectSet></objectSet></specSet>'
        "</RetrieveProperties>"
    )
    request = decode.request(soap(body))
    spec = request.args["specSet"][0]

    assert (request.method, request.key) == ("RetrieveProperties", ("PropertyCollector", "pc"))
    assert spec.propSet[0].type is vim.Folder
    assert spec.objectSet[0].skip is False
    assert isinstance(spec.objectSet[0].selectSet[0], vmodl.query.PropertyCollector.TraversalSpec)
    assert spec.objectSet[0].selectSet[0].selectSet[0].name == "n"


def test_a_reference_may_be_called_just_a_reference() -> None:
    body = (
        '<FindByUuid xmlns="urn:vim25"><_this type="SearchIndex">s</_this><datacenter '
        'xsi:type="ManagedObjectReference" type="Datacenter">dc</datacenter><uuid>1</uuid>'
        "<vmSearch>true</vmSearch></FindByUuid>"
    )
    datacenter = decode.request(soap(body)).args["datacenter"]

    assert isinstance(datacenter, vim.Datacenter)
    assert datacenter._GetMoId() == "dc"


def test_prefixes_are_resolved_whatever_they_are() -> None:
    body = (
        '<v:Login xmlns:v="urn:vim25" xmlns:z="http://www.w3.org/2001/XMLSchema">'
        '<v:_this type="v:SessionManager">s</v:_this>'
        '<v:userName xsi:type="z:string">a&amp;b</v:userName><v:password>&#x3c;</v:password></v:Login>'
    )

    assert decode.request(soap(body)).args == {"userName": "a&b", "password": "<"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not well-formed"),
        (b"<a/>", "no SOAP envelope"),
        (b"\xff\xfe\x00", "not well-formed"),
        (soap(""), "exactly one element"),
        (soap("<a/><b/>"), "exactly one element"),
        (soap("<Login/>"), "no _this"),
        (soap('<Login xmlns="urn:vim25"><_this type="SessionManager">s</_this><no/></Login>'), "no parameter no"),
        (soap('<CurrentTime xmlns="urn:vim25"><_this>x</_this></CurrentTime>'), "no _this with a type"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]>' + soap("<Login/>"), "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + soap("<Login/>"), "document type"),
        (soap("<a>" * 300 + "</a>" * 300), "too deeply"),
        (
            soap(
                '<PowerOnVM_Task xmlns="urn:vim25"><_this type="VirtualMachine">1</_this><host>h</host>'
                "</PowerOnVM_Task>"
            ),
            "host: the reference has no type",
        ),
        (
            soap(
                '<CreateFilter xmlns="urn:vim25"><_this type="PropertyCollector">1</_this>'
                "<partialUpdates>perhaps</partialUpdates></CreateFilter>"
            ),
            "'perhaps' is no value of type bool",
        ),
        (
            soap(
                '<CreateFilter xmlns="urn:vim25"><_this type="PropertyCollector">1</_this>'
                "<spec><propSet><all>true</all></propSet></spec></CreateFilter>"
            ),
            "Required property type is missing from data object of type PropertySpec",
        ),
        (
            soap(
                '<CreateFilter xmlns="urn:vim25"><_this type="PropertyCollector">1</_this>'
                '<spec xsi:type="OptionValue"><key>1</key></spec></CreateFilter>'
            ),
            "not allowed here",
        ),
    ],
)
def test_a_broken_request_is_told_what_is_wrong_with_it(body: bytes, says: str) -> None:
    with pytest.raises(decode.BadRequest, match=says):
        decode.request(body)

    reply = answer(build(), Caller(None), body, None)

    assert reply.status == 500
    assert b"<InvalidRequestFault" in reply.body


def test_a_type_that_does_not_exist_is_an_invalid_type() -> None:
    body = (
        '<CreateFilter xmlns="urn:vim25"><_this type="PropertyCollector">1</_this><spec><propSet><type>Nonsense</type>'
        "</propSet></spec></CreateFilter>"
    )
    with pytest.raises(vmodl.fault.InvalidType):
        decode.request(soap(body))


def test_an_unknown_method_is_named() -> None:
    body = soap('<Frobnicate xmlns="urn:vim25"><_this type="VirtualMachine">1</_this></Frobnicate>')
    reply = answer(build(), Caller(None), body, None)

    assert reply.status == 500
    assert b"<MethodNotFoundFault" in reply.body
    assert b"VirtualMachine.Frobnicate" in reply.body


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_more_than_a_bad_request(noise: bytes) -> None:
    with pytest.raises(decode.BadRequest):
        decode.request(noise)


@given(st.data())
def test_a_request_cut_anywhere_or_with_a_byte_changed_is_answered(data: Any) -> None:
    good = soap(
        '<RetrieveProperties xmlns="urn:vim25"><_this type="PropertyCollector">ha-property-collector</_this><specSet>'
        "<propSet><type>Folder</type><pathSet>name</pathSet></propSet>"
        '<objectSet><obj type="Folder">root</obj></objectSet></specSet></RetrieveProperties>'
    )
    position = data.draw(st.integers(len(HEAD), len(good) - len(TAIL)))
    spoilt = good[:position] + data.draw(st.binary(max_size=2)) + good[position + 1 :]
    world = build(machines=0)
    session = login(world).session

    assert answer(world, Caller(session), spoilt, None).status in (200, 500)
    assert world.errors == []


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (None, "2.5"),
        ("", "2.5"),
        ('"urn:vim25/7.0.3.0"', "7.0.3.0"),
        ("urn:vim25/5.5", "5.5"),
        ("urn:vim25/9.1.1.0", "8.0.3.0"),
        ("urn:vim25/99.0", "8.0.3.0"),
    ],
)
def test_the_version_comes_from_the_header_and_is_never_newer_than_the_host(header: str | None, version: str) -> None:
    world = build()
    from pyVmomi import VmomiSupport

    assert VmomiSupport.versionIdMap[client_version(world, header)] == version
