# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as Ansible loads it, on simulated hosts over HTTPS."""

from __future__ import annotations

import itertools
import json
import pathlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader
from ansible.utils.display import Display
from ansible_collections.virt.esx.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.virt.esx.plugins.inventory import esx_vms
from ansible_collections.virt.esx.plugins.module_utils._argspec import CONNECTION
from ansible_collections.virt.esx.plugins.modules import esx_vm_info
from ansible_collections.virt.esx.tests.esxsim import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving, variables
from ansible_collections.virt.esx.tests.support.documented import differences

GUIDE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "inventory.rst"
pytestmark = pytest.mark.usefixtures("server")

VMS: list[dict[str, Any]] = [
    {"name": "web01", "power_state": "powered-on", "hostname": "web01.example.com", "ip_addresses": ["192.0.2.10"]},
    {"name": "db01"},
]


@pytest.fixture
def server(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving({"vms": VMS}, tmp_path) as running:
        for name, value in variables(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, msg, *_more, **_named: found.append(str(msg)))
    return found


def parsed(folder: pathlib.Path, source: Mapping[str, Any] | str | None = None, *, cache: bool = True) -> Any:
    text = source if isinstance(source, str) else yaml.safe_dump({"plugin": "virt.esx.esx_vms", **(source or {})})
    path = folder / "lab.esx_vms.yml"
    path.write_text(text, "utf-8")
    plugin, data = inventory_loader.get("virt.esx.esx_vms"), InventoryData()
    assert plugin.verify_file(str(path))
    plugin.parse(data, DataLoader(), str(path), cache=cache)
    if source and "cache" in source:
        plugin.update_cache_if_changed()
    return data


def failed(folder: pathlib.Path, source: Mapping[str, Any] | str) -> str:
    with pytest.raises(AnsibleError) as raised:
        parsed(folder, source)
    said = str(raised.value)
    assert "s3cret" not in said
    return said


def hosts(data: Any) -> dict[str, dict[str, Any]]:
    return {name: host.vars for name, host in data.hosts.items()}


def members(data: Any) -> dict[str, list[str]]:
    return {name: [host.name for host in group.hosts] for name, group in data.groups.items() if group.hosts}


def options(server: Server, **more: Any) -> dict[str, Any]:
    return {"hostname": "127.0.0.1", "port": server.port, **more}


def dead(server: Server) -> dict[str, Any]:
    # Nobody listens on the port below those that the system gives to whoever asks.
    return options(server, port=1, connect_timeout=2)


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("esx_vms.yml", True),
        ("a.esx_vms.yaml", True),
        ("a.esx_vms.yml", True),
        ("my_esx_vms.yml", False),
        ("a.yml", False),
        ("esx_vms.yml.bak", False),
    ],
)
def test_a_source_is_known_by_its_name(tmp_path: pathlib.Path, name: str, is_ours: bool) -> None:
    plugin = inventory_loader.get("virt.esx.esx_vms")
    assert not plugin.verify_file(str(tmp_path / name))
    (tmp_path / name).write_text("plugin: virt.esx.esx_vms\n", "utf-8")

    assert plugin.verify_file(str(tmp_path / name)) is is_ours


def test_the_environment_of_the_plugin_is_that_of_the_modules() -> None:
    plugin = yaml.safe_load(ModuleDocFragment.PLUGIN)["options"]
    found = {name: ("env", [one["name"] for one in option["env"]]) for name, option in plugin.items()}

    assert found == {name: option["fallback"] for name, option in CONNECTION.items() if "fallback" in option}
    assert [set(option) for option in plugin.values()] == [{"env"}] * len(plugin)


def test_the_options_of_the_connection_are_those_of_the_modules(server: Server) -> None:
    plugin = inventory_loader.get("virt.esx.esx_vms")
    plugin.set_options(direct={"plugin": "virt.esx.esx_vms"})

    known = plugin._options
    assert {name: known[name] for name in CONNECTION if "fallback" not in CONNECTION[name]} == {
        name: option.get("default") for name, option in CONNECTION.items() if "fallback" not in option
    }
    assert known["port"] == server.port


def test_each_machine_is_a_host_with_the_facts_of_esx_vm_info(tmp_path: pathlib.Path, server: Server) -> None:
    found = hosts(parsed(tmp_path))

    assert sorted(found) == ["db01", "web01"]
    web = found["web01"]
    assert web["ansible_host"] == "192.0.2.10"
    assert web["esx_connection"] == {"hostname": "127.0.0.1", "port": server.port}
    assert web["esx_vm"]["power_state"] == "powered-on"
    assert differences("esx_vm_info", {"vms": [web["esx_vm"]]}) == []
    assert "ansible_host" not in found["db01"]
    assert server.world.password not in json.dumps(found, default=str)
    assert server.log.soap() == ["RetrieveServiceContent", "Login", "RetrievePropertiesEx", "Logout"]


def test_more_is_read_where_it_is_wanted(tmp_path: pathlib.Path) -> None:
    wanted = ("definition", "vmx", "domain_xml", "autostart")

    found = hosts(parsed(tmp_path, {f"with_{form}": True for form in wanted}))

    assert [form for form in wanted if not found["db01"]["esx_vm"][form]] == []
    assert set(wanted) <= set(yaml.safe_load(esx_vm_info.RETURN)["vms"]["contains"])


def test_a_query_chooses(tmp_path: pathlib.Path) -> None:
    assert sorted(hosts(parsed(tmp_path, {"query": "[?power_state=='powered-off']"}))) == ["db01"]
    assert hosts(parsed(tmp_path, {"query": "[?name=='nobody']"})) == {}


@pytest.mark.parametrize(
    ("query", "said"),
    [("vms[0]", "yields None"), ("[].name", "must yield virtual machines"), ("[?", "cannot be evaluated")],
)
def test_a_query_that_makes_no_sense_is_an_error(tmp_path: pathlib.Path, query: str, said: str) -> None:
    message = failed(tmp_path, {"query": query, "unreachable": "ignore"})

    assert said in message
    assert "lab.esx_vms.yml" in message


def test_templates_are_left_out_unless_they_are_wanted(tmp_path: pathlib.Path, server: Server) -> None:
    vm = next(vm for vm in server.world.of_type("VirtualMachine") if vm.get("name") == "db01")
    vm.set("config.template", True)

    assert sorted(hosts(parsed(tmp_path))) == ["web01"]
    assert sorted(hosts(parsed(tmp_path, {"with_templates": True}))) == ["db01", "web01"]


def test_names_variables_and_groups_are_made_of_facts(tmp_path: pathlib.Path) -> None:
    data = parsed(
        tmp_path,
        {
            "hostnames": ["no_such_fact", "guest.hostname", "name ~ '.' ~ 'off'"],
            "compose": {"mib": "hardware.memory_mib", "same": "esx_vm.name == name", "ansible_host": "'10.0.0.1'"},
            "groups": {"running": "power_state == 'powered-on'"},
            "keyed_groups": [{"key": "power_state", "prefix": "power"}, {"key": "name", "separator": ""}],
            "leading_separator": False,
            "strict": False,
        },
    )

    found = hosts(data)
    assert sorted(found) == ["db01.off", "web01.example.com"]
    # Before ansible-core 2.19 what is composed is text.
    assert int(found["db01.off"]["mib"]) == found["db01.off"]["esx_vm"]["hardware"]["memory_mib"]
    assert found["db01.off"]["same"] is True
    assert found["web01.example.com"]["ansible_host"] == "10.0.0.1"
    assert {name: group for name, group in members(data).items() if name not in ("all", "ungrouped")} == {
        "running": ["web01.example.com"],
        "power_powered_on": ["web01.example.com"],
        "power_powered_off": ["db01.off"],
        "web01": ["web01.example.com"],
        "db01": ["db01.off"],
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"hostnames": ["no_such_fact"]},
        {"compose": {"a": "no_such_fact"}},
        {"groups": {"a": "no_such_fact.b"}},
        {"keyed_groups": [{"key": "no_such_fact"}]},
    ],
)
def test_strict_takes_no_expression_that_fails(tmp_path: pathlib.Path, wrong: dict[str, Any]) -> None:
    assert len(hosts(parsed(tmp_path, wrong))) == 2
    assert "no_such_fact" in failed(tmp_path, {**wrong, "strict": True})


def test_machines_of_one_name_are_told_apart_and_it_is_said(tmp_path: pathlib.Path, warned: list[str]) -> None:
    found = hosts(parsed(tmp_path, {"hostnames": ["'same'"]}))

    assert sorted(found) == sorted(f"same_{host['esx_vm']['instance_uuid']}" for host in found.values())
    assert len(found) == 2
    assert ["'same'" in warning for warning in warned] == [True]


def test_what_a_guest_says_is_no_template(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "{{ lookup('ansible.builtin.pipe', 'echo broken') }}"
    with serving({"vms": [{"name": "all", "annotation": evil, "power_state": "powered-on"}]}, tmp_path) as running:
        for name, value in variables(running).items():
            monkeypatch.setenv(name, value)
        data = parsed(tmp_path, {"compose": {"notes": "annotation"}, "keyed_groups": [{"key": "annotation"}]})

    (found,) = hosts(data).values()
    assert found["notes"] == evil
    assert [name for name in data.groups if "broken" in name and "lookup" not in name] == []
    assert "esx_vm" not in data.groups["all"].vars


def test_many_hosts_are_one_inventory(tmp_path: pathlib.Path, server: Server) -> None:
    (tmp_path / "other").mkdir()
    with serving({"vms": [{"name": "db01"}, {"name": "app01"}]}, tmp_path / "other") as other:
        found = hosts(parsed(tmp_path, {"hosts": [options(server), options(other)]}))

    assert len(found) == 4
    assert {"web01", "app01"} < set(found)
    assert {host["esx_connection"]["port"] for host in found.values()} == {server.port, other.port}


@pytest.mark.parametrize("unreachable", ["warn", "ignore"])
def test_a_host_that_is_down_may_be_missing(
    tmp_path: pathlib.Path, server: Server, warned: list[str], unreachable: str
) -> None:
    source = {"hosts": [dead(server), options(server)], "unreachable": unreachable}

    assert sorted(hosts(parsed(tmp_path, source))) == ["db01", "web01"]
    assert [warning.startswith("the virtual machines of '127.0.0.1' are missing") for warning in warned] == (
        [True] if unreachable == "warn" else []
    )


@pytest.mark.parametrize("method", ["Login", "RetrievePropertiesEx"])
def test_a_host_that_refuses_is_an_error_unless_told_otherwise(
    tmp_path: pathlib.Path, server: Server, warned: list[str], method: str
) -> None:
    server.world.faults.add(FaultRule(method=method, action="fault vim.fault.NoPermission", count=2))

    assert "'127.0.0.1' cannot be read: " in failed(tmp_path, {"hosts": [options(server)]})
    assert hosts(parsed(tmp_path, {"unreachable": "warn"})) == {}
    assert len(warned) == 1


def test_a_cached_inventory_asks_nobody(tmp_path: pathlib.Path, server: Server) -> None:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = hosts(parsed(tmp_path, kept))
    server.log.clear()

    assert hosts(parsed(tmp_path, kept)) == first
    assert server.log.soap() == []
    assert list(hosts(parsed(tmp_path, {**kept, "query": "[?name=='db01']"}))) == ["db01"]
    server.log.clear()
    hosts(parsed(tmp_path, kept, cache=False))
    assert "RetrievePropertiesEx" in server.log.soap()
    for file in (tmp_path / "cache").iterdir():
        assert server.world.password not in file.read_text("utf-8")


@pytest.mark.usefixtures("warned")
def test_an_inventory_that_lacks_a_host_is_not_kept(tmp_path: pathlib.Path, server: Server) -> None:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}

    hosts(parsed(tmp_path, {**kept, "hosts": [dead(server), options(server)], "unreachable": "warn"}))

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_spoilt_cache_is_read_anew(tmp_path: pathlib.Path) -> None:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    parsed(tmp_path, kept)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text('{"what": "else"}', "utf-8")

    assert sorted(hosts(parsed(tmp_path, kept))) == ["db01", "web01"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("- plugin: virt.esx.esx_vms\n", "must be a mapping"),
        ("plugin: [", "lab.esx_vms.yml"),
        ("", "is empty"),
        ("plugin: virt.esx.other\n", "lab.esx_vms.yml"),
        ({"qeury": "[]"}, "there is no option 'qeury'; did you mean 'query'?"),
        ({"port": "many"}, "port"),
        ({"unreachable": "skip"}, "unreachable"),
        ({"concurrency": 0}, "concurrency"),
        ({"hosts": [{"hostname": "esx1", "pasword": "s3cret"}]}, "'hosts[0].pasword'; did you mean 'password'?"),
        ({"hosts": [{"hostname": "esx1", "port": "many"}]}, "hosts[0]"),
        ({"hosts": [{"uri": "esx://root:s3cret@esx1"}]}, "hosts[0]"),
        ({"thumbprint": "s3cret"[:1]}, "thumbprint"),
        ({"hosts": ["esx1", "esx1"]}, "'hosts[1]' is the same host as 'hosts[0]'"),
        ({"password": "{{ nobody_has_said }}"}, "'password'"),
    ],
)
def test_what_is_wrong_with_a_source_is_said(
    tmp_path: pathlib.Path, server: Server, source: dict[str, Any] | str, said: str
) -> None:
    message = failed(tmp_path, source)

    assert said in message
    assert "lab.esx_vms.yml" in message
    assert server.log.soap() == []


def test_connections_may_be_templates_and_what_is_read_elsewhere_is_none(
    tmp_path: pathlib.Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_USER", server.world.username)
    server.world.password = "{{ 7 * 6 }}"
    monkeypatch.setenv("VMWARE_PASSWORD", server.world.password)
    source = {"username": "{{ lookup('ansible.builtin.env', 'OTHER_USER') }}", "port": f"{{{{ {server.port} }}}}"}

    assert len(hosts(parsed(tmp_path, source))) == 2
    assert "refuses the login" in failed(tmp_path, {"password": server.world.password})


def examples() -> list[dict[str, Any]]:
    """Return every source that the documentation shows."""
    found = list(yaml.safe_load_all(esx_vms.EXAMPLES))
    lines = iter([*GUIDE.read_text("utf-8").splitlines(), "."])
    for line in lines:
        if line.startswith(".. code-block:: yaml"):
            block = "\n".join(itertools.takewhile(lambda text: not text or text.startswith(" "), lines))
            found.append(yaml.safe_load(textwrap.dedent(block)))
    return [source for source in found if isinstance(source, dict)]


@pytest.mark.usefixtures("warned")
@pytest.mark.parametrize("source", examples())
def test_what_the_documentation_shows_is_understood(
    tmp_path: pathlib.Path, server: Server, monkeypatch: pytest.MonkeyPatch, source: dict[str, Any]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ESX_PASSWORD", "VCENTER_PASSWORD"):
        monkeypatch.setenv(name, server.world.password)
    given_hosts = source.get("hosts")
    if given_hosts:
        plugin, path = inventory_loader.get("virt.esx.esx_vms"), tmp_path / "esx_vms.yml"
        path.write_text(yaml.safe_dump(source), "utf-8")
        BaseInventoryPlugin.parse(plugin, InventoryData(), DataLoader(), str(path))
        plugin._read_config_data(str(path))
        assert len(plugin._connections()) == len(given_hosts)
        # None of these is here; one of them shall be this one.
        source = {**source, "hosts": [dead(server), options(server)], "unreachable": "warn"}

    assert hosts(parsed(tmp_path, source))


def test_the_documentation_shows_sources() -> None:
    assert len(examples()) == 10
