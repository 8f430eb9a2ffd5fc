# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encode: values of the API to XML, as a host writes them.

Closures, compiled once per declared type and API version. Byte-identical with pyVmomi's own serializer on what both can
say; that serializer cannot serve libvirt, which wants ``ManagedObjectReference`` as the type of a reference, and a
type on each item of an array, wherever the declared type is ``anyType``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from pyVmomi import vmodl

from . import api, contents, paths

Write = Callable[[str], object]
Encoder = Callable[[Any, Write], None]

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XSD = frozenset(
    {"boolean", "byte", "short", "int", "long", "float", "double", "string", "anyURI", "base64Binary"}
    | {"dateTime", "anyType"}
)
_NAMES = (type, api.support.ManagedMethod, api.support.PropertyPath, api.support.Link)


class Unset(TypeError):
    """A required field without a value: a defect of the world's data."""


def escape(text: str) -> str:
    """Escape text as pyVmomi does; what XML cannot say at all becomes U+FFFD."""
    if not text.isprintable():
        text = _FORBIDDEN.sub("\ufffd", text)
    text = text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")
    # A reader of XML makes a line feed of a bare carriage return.
    return text.replace("\r", "&#13;") if "\r" in text else text


def type_name(cls: Any) -> str:
    """The value of xsi:type for a type: ``xsd:int``, ``VirtualDisk``, ``ArrayOfString``."""
    if cls in _NAMES:
        return "xsd:string"
    if issubclass(cls, api.ManagedReference):
        return "ManagedObjectReference"
    if issubclass(cls, list):
        return f"ArrayOf{api.support.Capitalize(item_tag(cls.Item))}"
    name = str(api.support.GetQualifiedWsdlName(cls)[1])
    return f"xsd:{name}" if name in _XSD else name


def item_tag(cls: Any) -> str:
    """The tag of an item in an ``ArrayOfX``."""
    return str(type_name(cls)).removeprefix("xsd:")


@cache
def codec(version: str) -> Codec:
    """Return the encoders for one API version, named as pyVmomi does: ``vim.version.v8_0_3_0``."""
    return Codec(version)


class Codec:
    """The encoders for one API version, made when first needed."""

    def __init__(self, version: str) -> None:
        self.version = version
        self._typed: dict[tuple[str, Any], Encoder] = {}
        self._fields: dict[tuple[str, Any], Encoder] = {}
        self._bodies: dict[type, Encoder] = {}

    def response(self, method: str, result: Any, declared: Any) -> str:
        """Write the element ``<XResponse>`` of a call."""
        parts = [f'<{method}Response xmlns="urn:vim25">']
        if isinstance(result, contents.Property):
            if result.value is not None:
                self.typed("returnval", result.declared)(result.value, parts.append)
        elif result is not None:
            self.any_result(result, declared, parts.append)
        parts.append(f"</{method}Response>")
        return "".join(parts)

    def any_result(self, result: Any, declared: Any, write: Write) -> None:
        """Write a result: the collector's tuples, or what the method's declared type says."""
        items = result if isinstance(result, list) else [result]
        if items and type(items[0]) in _TUPLES:
            for one in items:
                _TUPLES[type(one)](self, "returnval", one, write)
        else:
            self.field("returnval", declared)(result, write)

    def fault(self, fault: Any) -> str:
        """Write the element ``<soapenv:Fault>`` of a fault."""
        name = api.support.GetCompatibleType(type(fault), self.version)._wsdlName
        text = fault.msg or name
        parts = [
            f"<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{escape(text)}</faultstring>",
            f'<detail><{name}Fault xmlns="urn:vim25" xsi:type="{name}">',
        ]
        self.body(type(fault))(fault, parts.append)
        parts.append(f"</{name}Fault></detail></soapenv:Fault>")
        return "".join(parts)

    def field(self, name: str, declared: Any) -> Encoder:
        """The encoder of a field whose type the reader knows: ``xsi:type`` only where the value is of a subtype."""
        found = self._fields.get((name, declared))
        if found is None:
            found = self._fields[name, declared] = self._make_field(name, declared)
        return found

    def typed(self, name: str, declared: Any) -> Encoder:
        """The encoder of an ``anyType`` whose real type is declared elsewhere: always with ``xsi:type``."""
        found = self._typed.get((name, declared))
        if found is None:
            found = self._typed[name, declared] = self._make_typed(name, declared)
        return found

    def body(self, cls: type) -> Encoder:
        """The encoder of a data object's fields."""
        found = self._bodies.get(cls)
        if found is None:
            plan: list[tuple[str, Encoder, bool]] = []
            # Known before its fields are: a type may hold itself.
            found = self._bodies[cls] = _body_encoder(cls, plan)
            self._fill(plan, cls)
        return found

    def _make_field(self, name: str, declared: Any) -> Encoder:
        if declared is object:
            return self._make_any(name)
        if issubclass(declared, list):
            item = self.field(name, declared.Item)

            def write_all(values: Any, write: Write) -> None:
                for value in values:
                    item(value, write)

            return write_all
        if issubclass(declared, api.ManagedReference):
            return _reference_encoder(name, "")
        if issubclass(declared, vmodl.MethodFault):
            return self._make_fault(name, "")
        if issubclass(declared, api.DataObject):
            return self._make_data(name, declared)
        return _text_encoder(name, "", declared)

    def _make_typed(self, name: str, declared: Any) -> Encoder:
        if declared is object:
            return self._make_any(name)
        if issubclass(declared, list):
            return self._make_array(name, declared)
        if issubclass(declared, api.ManagedReference):
            return _reference_encoder(name, ' xsi:type="ManagedObjectReference"')
        if issubclass(declared, vmodl.MethodFault):
            return self._make_fault(name, ' xsi:type="LocalizedMethodFault"')
        if issubclass(declared, api.DataObject):
            return self._make_data(name, None)
        return _text_encoder(name, f' xsi:type="{type_name(declared)}"', declared)

    def _make_any(self, name: str) -> Encoder:
        def encode(value: Any, write: Write) -> None:
            self.typed(name, _class_of(value))(value, write)

        return encode

    def _make_array(self, name: str, declared: Any) -> Encoder:
        head, tail = f'<{name} xsi:type="{type_name(declared)}">', f"</{name}>"
        item = self.typed(item_tag(declared.Item), declared.Item)

        def encode(values: Any, write: Write) -> None:
            write(head)
            for value in values:
                item(value, write)
            write(tail)

        return encode

    def _make_data(self, name: str, declared: Any) -> Encoder:
        heads: dict[type, tuple[str, Encoder]] = {}
        tail = f"</{name}>"

        def encode(value: Any, write: Write) -> None:
            cls = type(value)
            known = heads.get(cls)
            if known is None:
                shown = api.support.GetCompatibleType(cls, self.version)
                head = f"<{name}>" if shown is declared else f'<{name} xsi:type="{type_name(shown)}">'
                known = heads[cls] = (head, self.body(cls))
            write(known[0])
            known[1](value, write)
            write(tail)

        return encode

    def _make_fault(self, name: str, attribute: str) -> Encoder:
        inner = self._make_data("fault", vmodl.MethodFault)

        def encode(fault: Any, write: Write) -> None:
            write(f"<{name}{attribute}>")
            inner(fault, write)
            if fault.msg is not None:
                write(f"<localizedMessage>{escape(fault.msg)}</localizedMessage>")
            write(f"</{name}>")

        return encode

    def _fill(self, plan: list[tuple[str, Encoder, bool]], cls: type) -> None:
        for name, info in paths.fields(cls).items():
            if not api.is_child_version(self.version, info.version):
                continue
            if name == "msg" and issubclass(cls, vmodl.MethodFault):
                continue
            required = not info.flags & api.support.F_OPTIONAL and not issubclass(info.type, list)
            plan.append((name, self.field(name, info.type), required and info.type is not object))


def _body_encoder(cls: type, plan: list[tuple[str, Encoder, bool]]) -> Encoder:
    def body(value: Any, write: Write) -> None:
        state = value.__dict__
        for name, encode, required in plan:
            one = state.get(name)
            if one is not None:
                encode(one, write)
            elif required:
                raise Unset(f"{type_name(cls)}.{name} is required, and unset")

    return body


def _reference_encoder(name: str, attribute: str) -> Encoder:
    tail = f"</{name}>"

    def encode(value: Any, write: Write) -> None:
        write(f'<{name} type="{type(value)._wsdlName}"{attribute}>{escape(value._GetMoId())}{tail}')

    return encode


def _text_encoder(name: str, attribute: str, declared: Any) -> Encoder:
    head, tail = f"<{name}{attribute}>", f"</{name}>"
    text = _text_of(declared)

    def encode(value: Any, write: Write) -> None:
        write(head + text(value) + tail)

    return encode


def _text_of(declared: Any) -> Callable[[Any], str]:
    special: dict[Any, Callable[[Any], str]] = {
        bool: lambda value: "true" if value else "false",
        type: lambda value: value if isinstance(value, str) else api.support.GetWsdlName(value),
        api.support.ManagedMethod: lambda value: value if isinstance(value, str) else value.info.wsdlName,
        api.support.Link: lambda value: escape(value if isinstance(value, str) else value.key),
        api.support.binary: lambda value: base64.b64encode(value).decode("ascii"),
        datetime: api.iso8601.ISO8601Format,
    }
    if declared in special:
        return special[declared]
    if issubclass(declared, str):
        return lambda value: escape(value if isinstance(value, str) else api.support.GetWsdlName(value))
    return str


def _class_of(value: Any) -> Any:
    cls = type(value)
    if isinstance(value, api.support.ManagedMethod):
        return api.support.ManagedMethod
    if isinstance(value, type):
        return type
    if isinstance(value, bytes):
        return api.support.binary
    if cls is int and not -(2**31) <= value < 2**31:
        return api.support.vmodlTypes["long"]
    if cls is list:
        classes = {_class_of(one) for one in value}
        return _array_of(classes.pop() if len(classes) == 1 else object)
    if isinstance(value, datetime):
        return datetime
    return cls


def _array_of(cls: Any) -> Any:
    if cls is object or not hasattr(cls, "Array"):
        return api.support.vmodlTypes[api.support.vmodlNames[cls] + "[]"]
    return cls.Array


def _missing(codec: Codec, missing: contents.Missing, write: Write) -> None:
    write(f"<missingSet><path>{escape(missing.path)}</path>")
    codec.field("fault", vmodl.MethodFault)(missing.fault, write)
    write("</missingSet>")


def _content(codec: Codec, name: str, content: contents.Content, write: Write) -> None:
    write(f"<{name}>")
    _OBJ(content.ref, write)
    for prop in content.properties:
        write(f"<propSet><name>{escape(prop.name)}</name>")
        codec.typed("val", prop.declared)(prop.value, write)
        write("</propSet>")
    for missing in content.missing:
        _missing(codec, missing, write)
    write(f"</{name}>")


def _page(codec: Codec, name: str, page: contents.Page, write: Write) -> None:
    write(f"<{name}>")
    if page.token is not None:
        write(f"<token>{escape(page.token)}</token>")
    for content in page.objects:
        _content(codec, "objects", content, write)
    write(f"</{name}>")


def _object_update(codec: Codec, update: contents.ObjectUpdate, write: Write) -> None:
    write(f"<objectSet><kind>{update.kind}</kind>")
    _OBJ(update.ref, write)
    for change in update.changes:
        write(f"<changeSet><name>{escape(change.name)}</name><op>{change.op}</op>")
        if change.value is not None:
            codec.typed("val", change.declared)(change.value, write)
        write("</changeSet>")
    for missing in update.missing:
        _missing(codec, missing, write)
    write("</objectSet>")


def _update_set(codec: Codec, name: str, updates: contents.UpdateSet, write: Write) -> None:
    write(f"<{name}><version>{escape(updates.version)}</version>")
    for one in updates.filters:
        write("<filterSet>")
        _reference_encoder("filter", "")(one.ref, write)
        for update in one.objects:
            _object_update(codec, update, write)
        write("</filterSet>")
    if updates.truncated is not None:
        write(f"<truncated>{'true' if updates.truncated else 'false'}</truncated>")
    write(f"</{name}>")


_OBJ = _reference_encoder("obj", "")
_TUPLES: dict[type, Callable[[Codec, str, Any, Write], None]] = {
    contents.Content: _content,
    contents.Page: _page,
    contents.UpdateSet: _update_set,
}
