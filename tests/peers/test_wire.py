# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One wrong detail in each answer makes the peers fail: so the tests with them can fail, and mean something."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Union

import pytest
from ansible_collections.virt.esx.tests.esxsim.http import Request, Response, Server
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, serving

Record = Callable[[str, object], None]
SCENARIO: Mapping[str, Any] = {"vms": [{"name": "running01", "power_state": "powered-on"}]}


class Detail(NamedTuple):
    """What is wrong, as a pattern and what stands there instead; the command that sees it, and what it says."""

    what: str
    wrong: str
    instead: str
    command: str
    told: str


class Spoiler:
    """Replaces, once armed, the first match of a pattern in each answer of a server; counts how often."""

    def __init__(self, server: Server) -> None:
        self.wrong: re.Pattern[bytes] | None = None
        self.instead = b""
        self.spoilt = 0
        self._right = server.routes["/sdk"]
        server.routes["/sdk"] = self

    def __call__(self, request: Request) -> Response:
        response = self._right(request)
        if self.wrong is not None and isinstance(response.body, bytes):
            response.body, count = self.wrong.subn(self.instead, response.body, count=1)
            self.spoilt += count
        return response

    def arm(self, wrong: str, instead: str) -> None:
        self.wrong, self.instead = re.compile(wrong.encode()), instead.encode()


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as running:
        yield running


VIRSH = [
    Detail(
        "no type of a value", r'(<val) xsi:type="[\w:]+"', r"\1", "list --all", "AnyType is missing 'type' property"
    ),
    Detail(
        "no type of an item", r'(<HostVirtualSwitch) xsi:type="\w+"', r"\1", "net-list", "AnyType is missing 'type'"
    ),
    Detail("another type", '"VirtualMachinePowerState"', '"xsd:string"', "list", "but found 'xsd:string'"),
    Detail(
        "another type of a reference", '"ManagedObjectReference">', '"ManagedObject">', "list", "'ManagedObject', exp"
    ),
    Detail("no name", "<propSet><name>name</name>.*?</propSet>", "", "list", "Could not get name of virtual machine"),
    Detail("no state", "<propSet><name>runtime.powerState</name>.*?</propSet>", "", "list", "Missing 'runtime.powerSt"),
    Detail("a blank", "<returnval>", "<returnval> ", "list", "Wrong XML element type"),
    Detail("another prefix", "xsi:type", "xs:type", "list", "AnyType is missing 'type' property"),
]
GOVC = [
    Detail("no type of a value", r'(name</name><val) xsi:type="xsd:string"', r"\1", "ls vm", "Name is empty"),
    Detail("no name", "<propSet><name>name</name>.*?</propSet>", "", "ls vm", "Name is empty"),
    Detail("no summary", "<propSet><name>summary</name>.*?</propSet>", "", "vm.info running01", "nil pointer"),
]


def check(peer: Union[Virsh, Govc], detail: Detail) -> None:
    """Say that a command works, and that it does not with the wrong detail."""
    spoiler = Spoiler(peer.server)
    right = peer(*detail.command.split())
    spoiler.arm(detail.wrong, detail.instead)
    wrong = peer(*detail.command.split())

    assert right.returncode == 0, right.stderr
    assert spoiler.spoilt > 0
    assert wrong.returncode != 0, wrong.stdout
    assert detail.told in wrong.stderr


@pytest.mark.parametrize("detail", VIRSH, ids=[detail.what for detail in VIRSH])
def test_virsh_sees_one_wrong_detail(
    virsh_program: str, server: Server, tmp_path: pathlib.Path, record_property: Record, detail: Detail
) -> None:
    record_property("command", f"virsh {detail.command} sees {detail.what}")
    check(Virsh(virsh_program, server, tmp_path), detail)


@pytest.mark.parametrize("detail", GOVC, ids=[detail.what for detail in GOVC])
def test_govc_sees_one_wrong_detail(
    govc_program: str, server: Server, tmp_path: pathlib.Path, record_property: Record, detail: Detail
) -> None:
    record_property("command", f"govc {detail.command} sees {detail.what}")
    check(Govc(govc_program, server, tmp_path), detail)
