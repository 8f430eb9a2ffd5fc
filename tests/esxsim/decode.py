# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Decode: SOAP requests to a method name, a reference and arguments.

The input is hostile: no document type, no entities, bounded size and depth. Whatever is wrong with a request is a
``BadRequest`` with a sentence for the client.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, NamedTuple
from xml.parsers import expat

from pyVmomi import vmodl

from . import api, paths
from .managed import NAMESPACE, Key, wsdl_method

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = api.support.XMLNS_XSI

FIRST_VERSIONS = (
    "vmodl.version.version0",
    "vmodl.version.version1",
    "vmodl.query.version.version1",
    "vim.version.version1",
)


class BadRequest(Exception):
    """A request that is no request."""


class Request(NamedTuple):
    """A call as it came over the wire."""

    method: str
    key: Key
    args: dict[str, Any]


class Node:
    """An element: its local name, its attributes, and its ``xsi:type`` as (namespace, name)."""

    __slots__ = ("attributes", "children", "name", "namespace", "nil", "text", "xsi_type")

    def __init__(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        self.namespace = namespace
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.text: list[str] = []
        self.xsi_type: tuple[str, str] | None = None
        self.nil = attributes.get(f"{_XSI} nil") in ("true", "1")

    def content(self) -> str:
        return "".join(self.text)


class _Reader:
    def __init__(self) -> None:
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.prefixes: dict[str | None, list[str]] = {}
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartNamespaceDeclHandler = lambda prefix, uri: self.prefixes.setdefault(prefix, []).append(uri or "")
        parser.EndNamespaceDeclHandler = lambda prefix: self.prefixes[prefix].pop()
        parser.StartDoctypeDeclHandler = self.doctype
        self.parser = parser

    def doctype(self, *_rest: Any) -> None:
        raise BadRequest("a document type is not allowed")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise BadRequest("the elements are nested too deeply")
        namespace, _rest, name = tag.rpartition(" ")
        node = Node(namespace, name, attributes)
        declared = attributes.get(f"{_XSI} type")
        if declared is not None:
            prefix, _rest, local = declared.strip().rpartition(":")
            uris = self.prefixes.get(prefix or None)
            node.xsi_type = (uris[-1] if uris else "", local)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)

    def end(self, _rest: str) -> None:
        self.stack.pop()

    def data(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text.append(text)


def parse(body: bytes) -> Node:
    """
    Read XML into nodes.

    Raises:
        BadRequest: it is too large, too deep, not well-formed, or has a document type.
    """
    if len(body) > MAX_BYTES:
        raise BadRequest("the request is too large")
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadRequest(f"the request is not well-formed XML: {error}") from error
    if reader.root is None:
        raise BadRequest("the request is empty")
    return reader.root


def request(body: bytes) -> Request:
    """
    Read one SOAP request.

    Raises:
        BadRequest: it is none.
        vmodl.MethodFault: it is one, but says what the API cannot say.
    """
    envelope = parse(body)
    if (envelope.namespace, envelope.name) != (_SOAP, "Envelope"):
        raise BadRequest("the request is no SOAP envelope")
    element = next((node for node in envelope.children if (node.namespace, node.name) == (_SOAP, "Body")), None)
    if element is None or len(element.children) != 1:
        raise BadRequest("the SOAP body does not have exactly one element")
    call = element.children[0]
    this = next((node for node in call.children if node.name == "_this"), None)
    if this is None or "type" not in this.attributes:
        raise BadRequest(f"{call.name} has no _this with a type")
    key = Key(_local(this.attributes["type"]), this.content().strip())
    given = [node for node in call.children if node is not this]
    if call.name == "Fetch":
        return Request(call.name, key, {node.name: node.content() for node in given if node.name == "prop"})
    try:
        described = wsdl_method(call.name)
    except KeyError:
        return Request(call.name, key, {})
    return Request(call.name, key, _arguments(call.name, described, given))


def _arguments(method: str, described: Any, given: list[Node]) -> dict[str, Any]:
    declared = {parameter.name: parameter.type for parameter in described.params}
    args: dict[str, Any] = {}
    for node in given:
        if node.name not in declared:
            raise BadRequest(f"{method} has no parameter {node.name}")
        _collect(args, node, declared[node.name], method)
    return args


def _collect(into: dict[str, Any], node: Node, declared: Any, where: str) -> None:
    if node.nil:
        return
    if declared is not object and issubclass(declared, list):
        values = into.setdefault(node.name, declared())
        if node.xsi_type is not None and node.xsi_type[1].startswith("ArrayOf"):
            values.extend(value(child, declared.Item) for child in node.children)
        else:
            values.append(value(node, declared.Item))
    elif into.get(node.name) is not None:
        raise BadRequest(f"{where}: the element {node.name} appears twice")
    else:
        into[node.name] = value(node, declared)


def value(node: Node, declared: Any) -> Any:
    """
    Read one value of a declared type.

    Raises:
        BadRequest, InvalidType: the element does not hold one.
    """
    cls = declared
    if node.xsi_type is not None and declared not in (type, api.support.ManagedMethod, api.support.PropertyPath):
        cls = _type(node.xsi_type)
        if cls is not declared and not _fits(cls, declared):
            raise BadRequest(f"{node.name}: the type {node.xsi_type[1]} is not allowed here")
    if issubclass(cls, list):
        return cls(value(child, cls.Item) for child in node.children)
    if issubclass(cls, api.ManagedReference):
        return _referred(node)
    if issubclass(cls, vmodl.MethodFault) and any(child.name == "fault" for child in node.children):
        return _fault(node)
    if issubclass(cls, api.DataObject):
        return _data(node, cls)
    if cls is object:
        cls = str
    try:
        return _text(node.content(), cls)
    except (LookupError, ValueError, TypeError, OverflowError) as error:
        name = getattr(cls, "__name__", str(cls))
        raise BadRequest(f"{node.name}: {node.content()[:80]!r} is no value of type {name}") from error


def _fits(cls: Any, declared: Any) -> bool:
    if declared is object or issubclass(cls, declared):
        return True
    if cls is api.ManagedReference:
        # xsi:type only says that it is a reference; to what, its attribute "type" says.
        return bool(issubclass(declared, api.ManagedReference))
    return issubclass(declared, (int, float, str)) and issubclass(cls, (int, float, str)) and declared is not bool


def _type(name: tuple[str, str]) -> Any:
    local = name[1].removesuffix("Reference") if name[1].endswith("ManagedObjectReference") else name[1]
    for namespace in (name[0], NAMESPACE, api.support.XMLNS_XSD):
        try:
            return api.support.GetWsdlType(namespace, local)
        except KeyError:
            continue
    raise vmodl.fault.InvalidType(argument=name[1], msg=f"There is no type {name[1]}")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _referred(node: Node) -> Any:
    if "type" not in node.attributes:
        raise BadRequest(f"{node.name}: the reference has no type")
    cls = _type((NAMESPACE, _local(node.attributes["type"])))
    if not issubclass(cls, api.ManagedReference):
        raise BadRequest(f"{node.name}: {node.attributes['type']} is not the type of a managed object")
    return cls(node.content().strip())


def _fault(node: Node) -> Any:
    inner = next(child for child in node.children if child.name == "fault")
    text = next((child.content() for child in node.children if child.name == "localizedMessage"), None)
    fault = _data(inner, _type(inner.xsi_type) if inner.xsi_type is not None else vmodl.MethodFault)
    fault.__dict__["msg"] = text
    return fault


def _data(node: Node, cls: Any) -> Any:
    known = paths.fields(cls)
    given: dict[str, Any] = {}
    for child in node.children:
        info = known.get(child.name)
        if info is None:
            raise BadRequest(f"{cls._wsdlName} has no field {child.name}")
        _collect(given, child, info.type, cls._wsdlName)
    for name, info in known.items():
        # What came with a later version of the API is not known to an older client, which rightly leaves it out.
        of_old = info.version in FIRST_VERSIONS
        required = of_old and not info.flags & api.support.F_OPTIONAL and not issubclass(info.type, list)
        if required and name not in given and info.type is not object:
            raise BadRequest(f"Required property {name} is missing from data object of type {cls._wsdlName}")
    made = cls()
    made.__dict__.update(given)
    return made


def _text(text: str, cls: Any) -> Any:
    if cls is bool:
        return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
    if cls is type:
        return _type((NAMESPACE, _local(text.strip())))
    if cls is api.support.ManagedMethod:
        return api.support.GetWsdlMethod(NAMESPACE, _local(text.strip()))
    if cls is api.support.binary:
        return cls(base64.b64decode(text))
    if cls is datetime:
        return api.iso8601.ParseISO8601(text.strip()) or _no(text)
    if issubclass(cls, api.support.Enum):
        return getattr(cls, text) if text in cls.values else _no(text)
    if issubclass(cls, (int, float)):
        return cls(text.strip())
    return cls(text)


def _no(text: str) -> Any:
    raise ValueError(text)
