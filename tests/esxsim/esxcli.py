# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What of esxcli can be asked over the API: the commands that show the firewall.

A client first asks how a command is called (``vim.CLIInfo.FetchCLIInfo``), then calls it; both come through one method
that carries XML as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pyVmomi import vim

from . import internal
from .entity import Plain
from .managed import Call, method

MOID = "ha-managed-method-executer"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_INFO, _CLI = "vim.CLIInfo.FetchCLIInfo", "vim.EsxCLI."

Row = Mapping[str, str]


@dataclass(frozen=True)
class Command:
    """One command; ``rows`` makes what it shows of the firewall, of one rule set alone where one is named."""

    kind: str
    rows: Callable[[Any, str | None], Iterator[Row]]
    is_list: bool = True


def _policy(info: Any, _name: str | None) -> Iterator[Row]:
    policy = info.defaultPolicy
    blocked = policy.incomingBlocked and policy.outgoingBlocked
    yield {"DefaultAction": "DROP" if blocked else "PASS", "Enabled": "true", "Loaded": "true"}


def _meant(info: Any, name: str | None) -> Sequence[Any]:
    found = [one for one in info.ruleset if name in (None, one.key)]
    if not found:
        raise LookupError(f"Invalid ruleset id: {name}")
    return found


def _rulesets(info: Any, name: str | None) -> Iterator[Row]:
    for one in _meant(info, name):
        yield {"Name": one.key, "Enabled": str(one.enabled).lower()}


def _allowed(info: Any, name: str | None) -> Iterator[Row]:
    for one in _meant(info, name):
        hosts = one.allowedHosts
        listed = [*hosts.ipAddress, *(f"{each.network}/{each.prefixLength}" for each in hosts.ipNetwork)]
        yield {"Ruleset": one.key, "AllowedIPAddresses": "All" if hosts.allIp else ", ".join(listed)}


def _rules(info: Any, name: str | None) -> Iterator[Row]:
    for one in _meant(info, name):
        for rule in one.rule:
            yield {
                "Ruleset": one.key,
                "Direction": str(rule.direction).capitalize(),
                "Protocol": rule.protocol.upper(),
                "PortType": str(rule.portType).capitalize(),
                "PortBegin": str(rule.port),
                "PortEnd": str(rule.port if rule.endPort is None else rule.endPort),
            }


COMMANDS: Mapping[str, Mapping[str, Command]] = {
    "network.firewall": {"get": Command("Firewall", _policy, is_list=False)},
    "network.firewall.ruleset": {"list": Command("Ruleset", _rulesets)},
    "network.firewall.ruleset.allowedip": {"list": Command("AllowedIP", _allowed)},
    "network.firewall.ruleset.rule": {"list": Command("Rule", _rules)},
}


class MethodExecuter(Plain):
    """What carries the calls."""

    type_name = internal.EXECUTER

    @method("ExecuteSoap", writes=False)
    def execute(self, call: Call, *, moid: str, version: str, method: str, argument: Any = None) -> Any:
        given = {one.name: _text(one.val) for one in argument or ()}
        try:
            answer = self._answer(method, given)
        except LookupError as error:
            return internal.soap_fault(str(error.args[0]))
        return internal.soap_result(ET.tostring(answer, encoding="unicode"))

    def _answer(self, called: str, given: Mapping[str, str]) -> ET.Element:
        if called == _INFO:
            return _info(given["typeName"].removeprefix(_CLI))
        namespace, _dot, name = called.removeprefix(_CLI).rpartition(".")
        command = COMMANDS.get(namespace, {}).get(name)
        if command is None:
            raise LookupError(f"esxsim has no esxcli {called}")
        info = self.world.find("HostFirewallSystem", "firewallSystem").get("firewallInfo")
        kind = f"VimEsxCLI{namespace.replace('.', '')}{name}{command.kind}"
        rows = list(command.rows(info, given.get("rulesetid")))
        root = _element("ArrayOfDataObject" if command.is_list else kind)
        for row in rows:
            place = ET.SubElement(root, "DataObject", {f"{{{_XSI}}}type": kind}) if command.is_list else root
            for key, value in row.items():
                ET.SubElement(place, key).text = value
        return root


def _info(namespace: str) -> ET.Element:
    if namespace not in COMMANDS:
        raise LookupError(f"esxsim has no esxcli {namespace.replace('.', ' ')}")
    root = _element("VimCLIInfo")
    ET.SubElement(root, "name").text = namespace
    for name, command in COMMANDS[namespace].items():
        place = ET.SubElement(root, "method")
        ET.SubElement(place, "name").text = name
        if "." in namespace.removeprefix("network."):
            parameter = ET.SubElement(place, "param")
            ET.SubElement(parameter, "name").text = "rulesetid"
            for alias in ("-r", "--ruleset-id"):
                ET.SubElement(parameter, "aliases").text = alias
        hint = ET.SubElement(place, "hints")
        ET.SubElement(hint, "key").text = "formatter"
        ET.SubElement(hint, "value").text = "table" if command.is_list else "simple"
    return root


def _element(kind: str) -> ET.Element:
    return ET.Element("obj", {f"{{{_XSI}}}type": kind, "versionId": "5.0", "xmlns": "urn:vim25"})


def _text(value: str) -> str:
    """Return what stands in an argument, which is an element as text."""
    try:
        return ET.fromstring(value).text or ""
    except ET.ParseError:
        raise vim.fault.InvalidName(name=value) from None
