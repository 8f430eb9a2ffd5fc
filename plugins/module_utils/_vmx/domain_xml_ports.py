# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serial and parallel ports, and the console, of libvirt's domain XML, read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .definition import VmDefinition
from .devices import Endpoint, ParallelPort, PortBacking, SerialPort
from .domain_xml_words import PORT_TYPES, PROTOCOLS, endpoint_of, uri_of
from .limits import SLOTS
from .slots import Slot
from .xml_tree import Element
from .xml_values import file_name, missing, needed_number, number, pick, wrong

_MODES: Mapping[str, Endpoint] = {"bind": Endpoint.SERVER, "connect": Endpoint.CLIENT}
_PROTOCOL_WORDS: Mapping[str, str] = {word: word for word, _scheme in PROTOCOLS.values()}


def read_ports(devices: Element) -> dict[str, Any]:
    """
    Read ``<serial>`` and ``<parallel>``.

    Shape: fields of VmDefinition.
    """
    return {
        "serial_ports": tuple(_ported(devices, "serial", _read_serial)),
        "parallel_ports": tuple(_ported(devices, "parallel", _read_parallel)),
    }


def _ported(devices: Element, tag: str, read: Any) -> list[Any]:
    """Read serial or parallel ports, each at the port that its target names, or at the next that is free."""
    most = SLOTS[f"{tag}_ports"][tag].indexes - 1
    taken: set[int] = set()
    found = []
    for element in _port_elements(devices, tag):
        target = element.find("target")
        port = number(target, "port", 0, most) if target is not None else None
        if port is None:
            port = next(free for free in range(len(taken) + 1) if free not in taken)
        if port in taken or port > most:
            raise wrong(target or element, "port" if target else "", f"a free port up to {most}", str(port))
        taken.add(port)
        found.append(read(element, Slot(tag, port)))
    return sorted(found, key=lambda device: device.slot.index)


def _port_elements(devices: Element, tag: str) -> list[Element]:
    """Return the elements of ports; where there is no serial port, the first console is one."""
    found = list(devices.all(tag))
    console = devices.find("console") if tag == "serial" and not found else None
    target = console.find("target") if console is not None else None
    if console is not None and (target is None or target.attributes.get("type", "serial") == "serial"):
        found.append(console)
    return found


def _read_serial(element: Element, slot: Slot) -> SerialPort:
    backing = _backing(element, PORT_TYPES)
    if element.attributes["type"] == "null":
        return SerialPort(slot=slot, backing=backing)
    if backing is not PortBacking.NETWORK:
        return SerialPort(slot=slot, backing=backing, path=_path(element, backing))
    source = element.find("source")
    if source is None:
        raise missing(element, "source", "a source with mode, host and service")
    protocol = element.find("protocol")
    word = pick(protocol, "type", _PROTOCOL_WORDS, "raw") if protocol is not None else "raw"
    host, service = source.attributes.get("host", ""), str(needed_number(source, "service", 1, 65535))
    path = uri_of(word, host, service)
    if endpoint_of(path) != (word, host, service):
        raise wrong(source, "host", "the name or the address of a host")
    return SerialPort(slot=slot, backing=backing, path=path, endpoint=pick(source, "mode", _MODES, Endpoint.CLIENT))


def _read_parallel(element: Element, slot: Slot) -> ParallelPort:
    backing = _backing(element, {word: PORT_TYPES[word] for word in ("dev", "file")})
    return ParallelPort(slot=slot, backing=backing, path=_path(element, backing))


def _backing(element: Element, table: Mapping[str, PortBacking]) -> PortBacking:
    backing = pick(element, "type", table, None)
    if backing is None:
        raise wrong(element, "type", ", ".join(table))
    return backing


def _path(element: Element, backing: PortBacking) -> str | None:
    source = element.find("source")
    path = source.attributes.get("path") if source is not None else None
    return file_name(source, "path") if source is not None and path and backing is PortBacking.FILE else path


def write_ports(definition: VmDefinition) -> Iterator[Element]:
    """Yield serial and parallel ports, and the console that stands for the first serial port."""
    for port in definition.serial_ports:
        yield _port("serial", port, {"port": str(port.slot.index)})
    for printer in definition.parallel_ports:
        yield _port("parallel", printer, {"port": str(printer.slot.index)})
    for port in definition.serial_ports[:1]:
        yield _port("console", port, {"type": "serial", "port": str(port.slot.index)})


def _port(tag: str, port: SerialPort | ParallelPort, target: dict[str, str]) -> Element:
    kind = next(word for word, backing in PORT_TYPES.items() if backing is (port.backing or PortBacking.DEVICE))
    inner = []
    if kind == "tcp" and isinstance(port, SerialPort):
        found = endpoint_of(port.path or "")
        kind = "tcp" if found else "null"
        if found:
            protocol, host, service = found
            mode = "connect" if port.endpoint is Endpoint.CLIENT else "bind"
            place = {"host": host, "service": service} if host else {"service": service}
            inner = [Element("source", {"mode": mode, **place}), Element("protocol", {"type": protocol})]
    elif port.path is not None:
        inner = [Element("source", {"path": port.path})]
    return Element(tag, {"type": kind}, *inner, Element("target", target))
