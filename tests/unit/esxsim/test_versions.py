# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API versions: a host of each, and clients that are older, newer, or name none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import SimStub, api
from ansible_collections.virt.esx.tests.esxsim.paths import fields
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import fault_of, world_of
from pyVmomi import vim, vmodl

PC = vmodl.query.PropertyCollector
VM = {"name": "web01", "power_state": "powered-on", "ip_addresses": ["192.0.2.7"], "snapshots": ["one"]}
KINDS: tuple[Any, ...] = (vim.VirtualMachine, vim.HostSystem, vim.Datastore, vim.event.EventManager, vim.TaskManager)
NONE, NEWER = None, "urn:vim25/99.9"


def client_of(version: str, header: str | None) -> Any:
    """Log in to a host of a version as a client that names another one."""
    world = world_of(VM, host={"version": version})
    stub: Any = SimStub(world)
    stub.versionId = header
    vim.SessionManager(world.session_manager, stub).Login("root", "secret", None)
    return stub


def everything(stub: Any) -> list[Any]:
    """All properties of an object of each kind, as the client gets them."""
    specs = [
        PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, all=True)],
            objectSet=[PC.ObjectSpec(obj=stub.world.of_type(kind._wsdlName)[0].ref)],
        )
        for kind in KINDS
    ]
    collector: Any = PC(stub.world.property_collector, stub)
    return [content for spec in specs for content in collector.RetrieveProperties([spec])]


def versions_in(value: Any) -> Iterator[tuple[str, str]]:
    """Every field that is set in a value, however deep, with the version that it came with."""
    if isinstance(value, list):
        for one in value:
            yield from versions_in(one)
    elif isinstance(value, api.DataObject):
        for name, info in fields(type(value)).items():
            inner = getattr(value, name)
            # pyVmomi itself fills required flags with false and numbers with 0.
            if not isinstance(inner, api.DataObject) and not isinstance(inner, api.ManagedReference) and not inner:
                continue
            yield f"{type(value).__name__}.{name}", info.version
            yield from versions_in(inner)


def newest(contents: list[Any]) -> Iterator[tuple[str, str]]:
    for content in contents:
        known = fields(type(content.obj))
        for prop in content.propSet:
            yield f"{type(content.obj).__name__}.{prop.name}", known[prop.name].version
            yield from versions_in(prop.val)


@pytest.mark.parametrize(
    ("host", "header", "spoken"),
    [
        ("5.5", NONE, "2.5"),
        ("5.5", "urn:vim25/5.5", "5.5"),
        ("5.5", NEWER, "5.5"),
        ("7.0", NONE, "2.5"),
        ("7.0", "urn:vim25/5.5", "5.5"),
        ("7.0", "urn:vim25/8.0.3.0", "7.0.3.0"),
        ("8.0", NONE, "2.5"),
        ("8.0", "urn:vim25/7.0.3.0", "7.0.3.0"),
        ("8.0", NEWER, "8.0.3.0"),
    ],
)
def test_a_client_gets_nothing_that_is_newer_than_itself_or_the_host(host: str, header: str, spoken: str) -> None:
    limit = api.support.versionMap[f"vim25/{spoken}"]
    found = dict(newest(everything(client_of(host, header))))
    newer = [name for name, version in found.items() if not api.is_child_version(limit, version)]

    assert len(found) > 150
    assert newer == []


def test_a_newer_client_gets_more() -> None:
    counts = [len(dict(newest(everything(client_of("8.0", header))))) for header in (NONE, "urn:vim25/5.5", NEWER)]

    assert counts == sorted(set(counts))


@pytest.mark.parametrize(("version", "api_version"), [("5.5", "5.5"), ("7.0", "7.0.3.0"), ("8.0", "8.0.3.0")])
@pytest.mark.parametrize("header", [NONE, NEWER])
def test_a_host_says_its_own_version_whatever_the_client_speaks(
    version: str, api_version: str, header: str | None
) -> None:
    stub = client_of(version, header)
    about = vim.ServiceInstance("ServiceInstance", stub).content.about

    assert (about.apiVersion, about.apiType) == (api_version, "HostAgent")


@pytest.mark.parametrize("path", ["remediationState", "capability.vmCreateDateSupported"])
def test_a_property_that_is_newer_than_the_host_does_not_exist(path: str) -> None:
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.HostSystem, pathSet=[path])],
        objectSet=[PC.ObjectSpec(obj=vim.HostSystem("ha-host"))],
    )

    def read(host: str) -> Any:
        stub = client_of(host, NEWER)
        return PC(stub.world.property_collector, stub).RetrieveProperties([spec])

    assert len(read("7.0")) == 1
    assert isinstance(fault_of(read, "5.5"), vmodl.query.InvalidProperty)


def test_an_event_that_is_newer_than_the_client_is_a_plain_one() -> None:
    stub = client_of("8.0", NONE)
    collector: Any = vim.event.EventManager("ha-eventmgr", stub).CreateCollectorForEvents(vim.event.EventFilterSpec())
    boot = collector.ReadNextEvents(1)[0]

    assert (type(boot), boot.fullFormattedMessage) == (vim.event.Event, "Host has booted.")
