# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: a world from a YAML file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from . import hardware, scenario_schema
from .clock import Clock
from .description import Machine
from .faults import FaultRule
from .firewall import firewall_of
from .guest import Guest
from .hoststorage import spare_disk
from .inventory import Inventory, build
from .iscsi_profile import profile_of
from .moving import make_vcenter
from .nic_profile import nics_of
from .profile import DatastoreProfile, HostProfile, NetworkProfile, NfsServerProfile
from .scenario_vms import describe, names_of
from .schema import SchemaError
from .vmx_import import BadVmx, read_folder
from .world import World

POWER_STATES = {"powered-on": "poweredOn", "powered-off": "poweredOff", "suspended": "suspended"}
USER, PASSWORD = "root", "secret"
DEFAULT_HARDWARE = 19


class Entry(NamedTuple):
    """One virtual machine of a scenario: what is made of it, what was said of it, and where."""

    machine: Machine
    given: Mapping[str, Any]
    path: str

    @property
    def folder(self) -> str:
        return str(self.given.get("folder", ""))


class ScenarioError(ValueError):
    """A scenario that no world can be made of; the text names the file, the place in it, and what is allowed."""


def load_scenario(
    source: Path | str | Mapping[str, Any], *, multiply: int = 1, user: str | None = None, password: str | None = None
) -> World:
    """
    Make a world of a scenario: a YAML file, or its content.

    ``multiply`` makes so many of each virtual machine. User and password given here count more than the scenario's.

    Raises:
        ScenarioError: the scenario cannot be read, or something in it is wrong.
    """
    document, where, base = _read(source)
    try:
        checked = scenario_schema.DOCUMENT({} if document is None else document, "")
        return _world(checked, base, multiply, user, password)
    except (SchemaError, BadVmx) as error:
        raise ScenarioError(f"{where}: {error}") from error


def _read(source: Path | str | Mapping[str, Any]) -> tuple[Any, str, Path]:
    if isinstance(source, Mapping):
        return dict(source), "scenario", Path()
    path = Path(source)
    try:
        return yaml.safe_load(path.read_text("utf-8")), str(path), path.parent
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(f"{path}: the scenario cannot be read: {reason}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ScenarioError(f"{path}{place}: this is no YAML: {problem}") from error


def _world(checked: Mapping[str, Any], base: Path, multiply: int, user: str | None, password: str | None) -> World:
    host = dict(checked.get("host", {}))
    defaults = checked.get("defaults", {})
    own_user, own_password = host.pop("user", USER), host.pop("password", PASSWORD)
    free = host.pop("licence", "standard") == "free"
    full_history = host.pop("full_history", False)
    decodes_twice = host.pop("decodes_twice", False)
    profile = HostProfile(**host, **nics_of(checked), firewall=firewall_of(checked.get("firewall", {})))
    world = World(
        clock=Clock(checked.get("clock", "real")),
        api_version=profile.api_version,
        free_licence=free,
        full_history=full_history,
        decodes_twice=decodes_twice,
        username=user or own_user,
        password=password or own_password,
    )
    datastores = [_store(one) for one in checked.get("datastores", [{}])]
    networks = [NetworkProfile(**one) for one in checked.get("networks", [{}])]
    _unique("datastores", [one.name for one in datastores])
    _unique("networks", [one.name for one in networks])
    network_disks = profile_of(checked.get("iscsi", {}), {one.name: one.kind for one in datastores})
    _unique("disks", [one["name"] for one in checked.get("disks", ())], may_be_empty=True)
    disks = [spare_disk(**one) for one in checked.get("disks", ())]
    servers = [_nfs_server(one) for one in checked["nfs_servers"]] if "nfs_servers" in checked else None
    inventory = build(world, profile, datastores, networks, network_disks, disks, servers)
    for store in world.of_type("Datastore"):
        store.copy_seconds = defaults.get("copy_seconds", 0.0)
    _add_vms(inventory, checked, defaults, multiply)
    if "vmx_folder" in checked:
        _import(inventory, base / checked["vmx_folder"], datastores[0].name, defaults)
    for number, one in enumerate(checked.get("more_hosts", [])):
        _add_host(world, one, f"more_hosts[{number}]")
    if "new_vms" in checked:
        world.on_new_machine.append(lambda vm: _set_up(vm, checked["new_vms"], defaults))
    for rule in checked.get("faults", []):
        world.faults.add(FaultRule(**rule))
    if defaults.get("latency"):
        world.faults.add(FaultRule(action="latency", seconds=defaults["latency"], count=None))
    return world


def _store(one: Mapping[str, Any]) -> DatastoreProfile:
    return DatastoreProfile(**{**one, "remote_hosts": tuple(one.get("remote_hosts", ()))})


def _add_host(world: World, one: Mapping[str, Any], path: str) -> None:
    known = {store.get("name"): store.ref for store in world.of_type("Datastore")}
    unknown = [name for name in one.get("datastores", ()) if name not in known]
    if unknown:
        raise SchemaError(f"{path}.datastores: found {unknown[0]!r}, allowed is one of {', '.join(known)}")
    stores = [known[name] for name in one["datastores"]] if "datastores" in one else None
    make_vcenter(world, one["name"], datastores=stores, maintenance_mode=one.get("maintenance_mode", False))


def _nfs_server(one: Mapping[str, Any]) -> NfsServerProfile:
    lists = {name: tuple(one[name]) for name in ("exports", "kinds") if name in one}
    return NfsServerProfile(**{**one, **lists})


def _unique(what: str, names: list[str], *, may_be_empty: bool = False) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise SchemaError(f"{what}[{index}].name: found {name!r} again, allowed is each name once")
    if not names and not may_be_empty:
        raise SchemaError(f"{what}: found an empty list, allowed is one with at least one entry")


def _add_vms(inventory: Inventory, checked: Mapping[str, Any], defaults: Mapping[str, Any], multiply: int) -> None:
    stores = [one.get("name") for one in inventory.world.of_type("Datastore")]
    networks = [one.get("name") for one in inventory.world.of_type("Network")]
    newest = hardware.newest(inventory.world)
    ready: list[Entry] = []
    for index, one in enumerate(checked.get("vms", [])):
        path = f"vms[{index}]"
        for number, name in enumerate(names_of(one, multiply), 1):
            given = {"hardware_version": min(DEFAULT_HARDWARE, newest), **one}
            machine = describe(given, name, number, path=path, stores=stores, networks=networks)
            ready.append(Entry(machine, one, path))
    _no_two_files(ready)
    for folder, group in _by_folder(ready):
        place = inventory.folder(folder) if folder else None
        vms = inventory.add([entry.machine for entry in group], place)
        for vm, entry in zip(vms, group, strict=True):
            _set_up(vm, entry.given, defaults)


def _no_two_files(ready: list[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in ready:
        file = entry.machine.vmx_path
        if file in seen:
            raise SchemaError(
                f"{entry.path}: found a second VM with the file {file} (the first is {seen[file]}), "
                "allowed is one name in each folder; give them different folders"
            )
        seen[file] = entry.path


def _by_folder(ready: list[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Neighbours in one folder go together, so that ids follow the order of the scenario."""
    for folder, group in itertools.groupby(ready, lambda entry: entry.folder):
        yield folder, list(group)


def _set_up(vm: Any, one: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    vm.guest = Guest(
        tools=one.get("tools", "running"),
        hostname=one.get("hostname"),
        ip_addresses=tuple(one.get("ip_addresses", ())),
        shutdown_seconds=one.get("guest_shutdown_seconds", defaults.get("guest_shutdown_seconds", 2.0)),
        boot_seconds=one.get("guest_boot_seconds", 0.0),
        ignores_shutdown=one.get("guest_ignores_shutdown", False),
        locks_cdrom=one.get("guest_locks_cdrom", False),
    )
    vm.task_seconds = one.get("task_seconds", defaults.get("task_seconds", 0.0))
    vm.cancelable = one.get("cancelable", False)
    if "power_state" in one:
        vm.start_in(POWER_STATES[one["power_state"]])
    vm.failures = [scenario_schema.failure_rule(rule) for rule in one.get("failures", [])]
    for name in one.get("snapshots", []):
        vm.add_snapshot(name)
    for rule in (scenario_schema.question_rule(each) for each in one.get("questions", [])):
        if rule.during == "now":
            vm.raise_question(rule)
        else:
            vm.rules.append(rule)


def _import(inventory: Inventory, folder: Path, datastore: str, defaults: Mapping[str, Any]) -> None:
    if not folder.is_dir():
        raise SchemaError(f"vmx_folder: found {str(folder)!r}, allowed is a folder")
    for vm in inventory.add(read_folder(folder, datastore)):
        _set_up(vm, {}, defaults)
