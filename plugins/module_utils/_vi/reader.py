# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Replies of the property collector, read without what nobody asked for.

pyVmomi's reader makes an object of everything, field by field, and that takes longer than all else in a read of many
virtual machines. Here a scalar becomes a plain value as its ``xsi:type`` says, a light data object is read when a field
of it is asked for, and everything else is handed to pyVmomi's reader, element by element. What this file does not
recognise is left to pyVmomi as a whole (:class:`Unfamiliar`).

Source: vmodl.query.PropertyCollector.RetrieveResult and UpdateSet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, iterparse
from xml.sax.saxutils import unescape

from . import sdk
from .record import LIGHT, Record

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_XSI_TYPE = _XSI + "type"
_READ = frozenset({"RetrievePropertiesEx", "ContinueRetrievePropertiesEx"})
_WAIT = "WaitForUpdatesEx"
METHODS = _READ | {_WAIT}
"""The methods whose replies are read here."""

# Where a host says that there is more to come.
_NEXT = re.compile(rb"<returnval[^>]*>\s*<token>([^<]{1,200})</token>")
_HEAD = 2000

_Read = Callable[[Element], Any]


class Unfamiliar(Exception):
    """The reply is no such reply, or has a form that only pyVmomi's reader can cope with."""


@dataclass(frozen=True)
class Row:
    """One object that was read: WSDL type, id, and the properties that are set, by the path that was asked for."""

    type_name: str
    moid: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """A page of what was asked for; ``missing`` has the faults of the first object's properties."""

    objects: Sequence[Row]
    token: str | None
    missing: Sequence[Any]


class LatePage:
    """A page that others follow: what it says of them is known at once, the rest is read when it is asked for."""

    missing: Sequence[Any] = ()

    def __init__(self, token: str, read: Callable[[], Page]) -> None:
        self.token = token
        self._read = read

    @property
    def objects(self) -> Sequence[Row]:
        """The objects; what is wrong with the page is found here, and ``read`` raises it."""
        return self._read().objects


@dataclass(frozen=True)
class Change:
    """vmodl.query.PropertyCollector.Change."""

    name: str
    op: str
    val: Any


@dataclass(frozen=True)
class ObjectUpdate:
    """vmodl.query.PropertyCollector.ObjectUpdate."""

    obj: Any
    kind: str
    changeSet: Sequence[Change]


@dataclass(frozen=True)
class FilterUpdate:
    """vmodl.query.PropertyCollector.FilterUpdate."""

    filter: Any
    objectSet: Sequence[ObjectUpdate]


@dataclass(frozen=True)
class UpdateSet:
    """vmodl.query.PropertyCollector.UpdateSet."""

    version: str
    filterSet: Sequence[FilterUpdate]
    truncated: bool


def read_reply(method: str, body: bytes, stub: Any) -> Any:
    """
    Read the reply to one of :data:`METHODS`: a :class:`Page`, an :class:`UpdateSet`, or None where it holds nothing.

    Raises:
        Unfamiliar: let pyVmomi read it.
        ParseError: it is no XML, or ends too early; other errors of the kinds that pyVmomi's reader raises.
    """
    prefixes: dict[str, str] = {}
    parsing: Any = iterparse(io.BytesIO(body), events=("start-ns",))
    for _event, (prefix, uri) in parsing:
        if prefixes.setdefault(prefix, uri) != uri:
            raise Unfamiliar
    found = _returned(parsing.root)
    if found is None:
        return None
    reader = _Reader(stub, prefixes, found.tag.rpartition("}")[0] + "}")
    return reader.page(found) if method in _READ else reader.updates(found)


def token_of(method: str, body: bytes) -> str | None:
    """Return the token of the page that follows this one of several, without reading it; None: read it to know."""
    found = _NEXT.search(body, 0, _HEAD) if method == "ContinueRetrievePropertiesEx" else None
    return unescape(found.group(1).decode("utf-8", "replace")) if found is not None else None


def from_pyvmomi(method: str, reply: Any) -> Any:
    """Return what :func:`read_reply` would, of a reply that pyVmomi has read; a fault stays one."""
    if method not in _READ or not isinstance(reply, sdk.vmodl.query.PropertyCollector.RetrieveResult):
        return reply
    rows = [
        Row(sdk.wsdl_name(item.obj), item.obj._moId, {value.name: value.val for value in item.propSet})
        for item in reply.objects
    ]
    missing = reply.objects[0].missingSet if reply.objects else ()
    return Page(rows, reply.token, [one.fault for one in missing])


def _returned(envelope: Element) -> Element | None:
    body = envelope.find(envelope.tag.replace("}Envelope", "}Body"))
    if body is None or len(body) != 1 or not body[0].tag.endswith("Response") or len(body[0]) > 1:
        raise Unfamiliar
    return body[0][0] if len(body[0]) else None


class _Reader:
    """Reads one reply; ``namespace`` is that of its elements, in braces."""

    def __init__(self, stub: Any, prefixes: dict[str, str], namespace: str) -> None:
        self._stub = stub
        self._prefixes = {prefix or None: [uri] for prefix, uri in prefixes.items()}
        self._tags = {name: namespace + name for name in ("token", "objects", "propSet", "missingSet")}
        self._namespace = namespace
        self._by_type: dict[str, _Read] = {}
        self._classes: dict[str, Any] = {}

    def page(self, result: Element) -> Page:
        token = result.findtext(self._tags["token"])
        found = result.findall(self._tags["objects"])
        missing = found[0].findall(self._tags["missingSet"]) if found else ()
        return Page(list(self._rows(found)), token, [self._fault(one) for one in missing])

    def updates(self, result: Element) -> UpdateSet:
        of = self._named(result)
        filters = [self._filter_update(one) for one in result.findall(self._namespace + "filterSet")]
        return UpdateSet(of["version"].text or "", filters, _text(of.get("truncated")) in _TRUE)

    def _rows(self, found: Iterable[Element]) -> Iterator[Row]:
        prop_set, value_of = self._tags["propSet"], self._value
        for item in found:
            obj = item[0]
            values = {}
            for part in item:
                if part.tag == prop_set:
                    name, value = part
                    values[name.text or ""] = value_of(value)
            yield Row(obj.attrib["type"], obj.text or "", values)

    def _filter_update(self, update: Element) -> FilterUpdate:
        of = self._named(update)
        objects = [self._object_update(one) for one in update.findall(self._namespace + "objectSet")]
        return FilterUpdate(self._reference(of["filter"]), objects)

    def _object_update(self, update: Element) -> ObjectUpdate:
        of = self._named(update)
        changes = [self._change(one) for one in update.findall(self._namespace + "changeSet")]
        return ObjectUpdate(self._reference(of["obj"]), _text(of["kind"]), changes)

    def _change(self, change: Element) -> Change:
        of = self._named(change)
        value = self._value(of["val"]) if "val" in of else None
        return Change(_text(of["name"]), _text(of["op"]), value)

    def _named(self, parent: Element) -> dict[str, Element]:
        return {child.tag.rpartition("}")[2]: child for child in parent}

    def _fault(self, missing: Element) -> Any:
        fault = missing.find(self._namespace + "fault")
        if fault is None:
            raise Unfamiliar
        return self._by_pyvmomi(fault, sdk.vmodl.MethodFault)

    def _value(self, element: Element) -> Any:
        kind = element.get(_XSI_TYPE)
        if kind is None:
            raise Unfamiliar
        read = self._by_type.get(kind)
        if read is None:
            read = self._by_type[kind] = self._reader_of(kind.rpartition(":")[2])
        return read(element)

    def _reader_of(self, name: str) -> _Read:
        if name in _PLAIN:
            return _PLAIN[name]
        if name == "ManagedObjectReference":
            return self._reference
        if name.startswith("ArrayOf"):
            return self._array_reader_of(name[7:])
        known = sdk.wsdl_type(name)
        if known is not None and issubclass(known, sdk.Enum):
            return _text
        return self._record if name in LIGHT else self._by_pyvmomi

    def _array_reader_of(self, name: str) -> _Read:
        if name == "AnyType":
            return lambda element: [self._value(item) for item in element]
        plain = name[:1].lower() + name[1:]
        if plain in _PLAIN:
            read = _PLAIN[plain]
        elif name == "ManagedObjectReference":
            read = self._reference
        elif name in LIGHT:
            read = self._record
        else:
            return self._by_pyvmomi
        return lambda element: [read(item) for item in element]

    def _reference(self, element: Element) -> Any:
        name = element.attrib["type"]
        known = self._classes.get(name)
        if known is None:
            known = self._classes[name] = sdk.wsdl_type(name)
            if known is None:
                raise Unfamiliar
        return known(element.text or "", self._stub, element.get("serverGuid"))

    def _record(self, element: Element) -> Record:
        kind = element.get(_XSI_TYPE)
        name = kind.rpartition(":")[2] if kind is not None else element.tag.rpartition("}")[2]
        return Record(sdk.wsdl_type(name), element, self._by_pyvmomi)

    def _by_pyvmomi(self, element: Element, declared: Any = object) -> Any:
        deserializer = sdk.SoapDeserializer(self._stub)
        deserializer.Deserialize(_Handlers(), declared, False, self._prefixes)
        _replay(element, deserializer)
        return deserializer.GetResult()


class _Handlers:
    """What pyVmomi's reader expects of a parser: five places for handlers, which it takes over and gives back."""

    StartElementHandler = EndElementHandler = CharacterDataHandler = None
    StartNamespaceDeclHandler = EndNamespaceDeclHandler = None


def _replay(element: Element, handlers: Any) -> None:
    tag = _spaced(element.tag)
    handlers.StartElementHandler(tag, {_spaced(name): value for name, value in element.attrib.items()})
    if element.text:
        handlers.CharacterDataHandler(element.text)
    for child in element:
        _replay(child, handlers)
    handlers.EndElementHandler(tag)


def _spaced(name: str) -> str:
    """Return a name as expat gives it to pyVmomi: namespace, blank, local name."""
    return name[1:].replace("}", " ", 1) if name.startswith("{") else name


_TRUE = ("true", "1")


def _text(element: Element | None) -> str:
    return (element.text or "") if element is not None else ""


def _flag(element: Element) -> bool:
    text = _text(element).lower()
    if text not in ("true", "false", "0", "1"):
        raise ValueError(f"'{text[:20]}' is no boolean")
    return text in _TRUE


def _whole(element: Element) -> int:
    return int(element.text or "")


def _number(element: Element) -> float:
    return float(element.text or "")


def _time(element: Element) -> datetime:
    text = element.text or ""
    try:
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        found: datetime | None = sdk.parse_time(text)
    if found is None:
        raise ValueError(f"'{text[:40]}' is no time")
    return found


_PLAIN: dict[str, _Read] = {
    "string": _text,
    "anyURI": _text,
    "boolean": _flag,
    "byte": _whole,
    "short": _whole,
    "int": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "dateTime": _time,
}
