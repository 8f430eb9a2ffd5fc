# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory virt.esx.esx_vms."""

from __future__ import annotations

DOCUMENTATION = r"""
name: esx_vms
short_description: The virtual machines of ESXi hosts and vCenters as an inventory
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Makes a host of each virtual machine of one or many ESXi hosts and vCenters.
  - A source is a YAML file that ends in C(.esx_vms.yml) or C(.esx_vms.yaml), or has just that name without the dot.
  - All facts of all machines of a host are read in one round trip, and many hosts are read side by side.
  - Reading is all it does, so it works with a read-only account and with the free licence of ESXi.
  - Each machine has its facts, as M(virt.esx.esx_vm_info) returns them, in the variable C(esx_vm),
    and C(hostname) and C(port) of where it was read in C(esx_connection).
    In the expressions of O(hostnames), O(compose), O(groups) and O(keyed_groups) each fact has its own name besides,
    so that V(power_state) is V(esx_vm.power_state).
extends_documentation_fragment:
  - virt.esx.connection
  - virt.esx.connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [virt.esx.esx_vms]
  hosts:
    description:
      - The ESXi hosts and vCenters that are read.
      - Each is a name or an address, or a mapping with O(hostname), O(uri), O(username) and so on,
        the options of this plugin that say which host, who logs in and whom to trust.
        What it leaves out comes from those of the source.
      - If it is left out, the one host that O(hostname) or O(uri) names is read.
    type: list
    elements: raw
  concurrency:
    description: How many hosts are read at the same time.
    type: int
    default: 16
  unreachable:
    description:
      - What becomes of a host that cannot be read, as it cannot be reached, or refuses the login, or breaks off.
      - With V(fail) the source gives no machine at all.
        With V(warn) the other hosts' machines are the inventory, and there is a warning; with V(ignore) there is none.
      - An inventory that lacks a host is never kept in the cache.
    type: str
    choices: [fail, warn, ignore]
    default: fail
  query:
    description:
      - A JMESPath expression over the list of the facts of a host's virtual machines,
        as M(virt.esx.esx_vm_info) returns them,
        for example V([?power_state=='powered-on']). It is applied to each host by itself.
      - It must yield virtual machines, their names or their ids are not enough.
      - If it is left out, all machines are taken, those that are off too.
    type: str
  folder:
    description:
      - Only virtual machines in this folder, or in folders below it, are seen.
      - It is a path below the datacenter's folder for virtual machines, such as V(production/web),
        or a whole inventory path that begins with a slash, such as V(/dc1/vm/production).
      - If it is left out, machines of all folders are taken.
    type: str
  with_templates:
    description: Whether templates are taken too.
    type: bool
    default: false
  with_definition:
    description: As the option of the same name of M(virt.esx.esx_vm_info). It takes one more request for each host.
    type: bool
    default: false
  with_vmx:
    description: As the option of the same name of M(virt.esx.esx_vm_info). It takes one more request for each machine.
    type: bool
    default: false
  with_domain_xml:
    description: As the option of the same name of M(virt.esx.esx_vm_info). It takes one more request for each machine.
    type: bool
    default: false
  with_autostart:
    description: As the option of the same name of M(virt.esx.esx_vm_info). It takes one more request for each host.
    type: bool
    default: false
  hostnames:
    description:
      - What a machine is called in the inventory. The first that yields something counts.
      - Each is a fact, such as V(name), V(uuid) or V(guest.hostname), or a Jinja expression without braces,
        such as V(name ~ '.' ~ esxi_hostname).
      - Where none yields anything, it is the machine's name.
      - Machines that would have the same name all bear it with an underscore and their instance UUID,
        or their id and host where that is the same too, and a warning names them.
        So do machines whose name is V(localhost) or that of a group.
    type: list
    elements: str
    default: [name]
  address_family:
    description:
      - Which of its guest's addresses becomes C(ansible_host). With V(none) no address does.
      - Addresses that are of no use elsewhere, such as link-local ones, are never taken.
        A guest without VMware Tools, or without an address, has no C(ansible_host).
      - C(ansible_host) in O(compose) wins.
    type: str
    choices: [prefer-ipv4, prefer-ipv6, ipv4, ipv6, none]
    default: prefer-ipv4
  address_networks:
    description:
      - Where the address must be, as port groups such as V(VM Network) or networks such as V(192.0.2.0/24);
        the first in which the guest has one counts.
      - If it is left out, the guest's main address comes first.
    type: list
    elements: str
    default: []
notes:
  - Values of the connection options may be Jinja templates, such as V({{ lookup('ansible.builtin.env', 'SECRET'\) }}),
    and vaulted. They see extra variables and nothing else.
  - An option that this plugin does not know is an error.
  - What a guest says of itself is never a template.
  - No password is in the variables or in the cache.
seealso:
  - module: virt.esx.esx_vm_info
"""

EXAMPLES = r"""
# The smallest: VMWARE_HOST, VMWARE_USER and VMWARE_PASSWORD in the environment say which host.
---
plugin: virt.esx.esx_vms

# Several hosts; one that is down is no reason to do without the others.
---
plugin: virt.esx.esx_vms
hosts:
  - esx01.example.com
  - hostname: esx02.example.com
    username: reader
  - hostname: vcenter.example.com
    username: reader@vsphere.local
    password: "{{ lookup('ansible.builtin.env', 'VCENTER_PASSWORD') }}"
    datacenter: dc1
username: root
password: "{{ lookup('ansible.builtin.env', 'ESX_PASSWORD') }}"
unreachable: warn

# Running machines with an address in the management network, called what their guests call themselves.
---
plugin: virt.esx.esx_vms
query: "[?power_state=='powered-on']"
hostnames: [guest.hostname, name]
address_networks: [Management, 192.0.2.0/24]

# Variables and groups. A guest_id such as debian12_64Guest makes the group os_debian12_64Guest.
---
plugin: virt.esx.esx_vms
strict: true
compose:
  ansible_user: "'Administrator' if 'windows' in (hardware.guest_id or '') | lower else 'root'"
groups:
  running: power_state == 'powered-on'
  asking: question is not none
  small: hardware.memory_mib <= 1024
keyed_groups:
  - key: hardware.guest_id
    prefix: os
  - key: esxi_hostname
    prefix: host

# Kept for ten minutes in files; --flush-cache and the task "meta: refresh_inventory" read anew.
---
plugin: virt.esx.esx_vms
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/esx-inventory
cache_timeout: 600
"""

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._argspec import CONNECTION
from ..module_utils._errors import EsxError, MissingLibrary, OptionError
from ..module_utils._flow import inventory as deciding
from ..module_utils._flow.inventory import CONNECTION_VARIABLE, VARIABLE, Source
from ..module_utils._flow.pace import number_of
from ..module_utils._flow.wording import listed
from ..module_utils._shell import effective_params
from ..module_utils._vi import sdk
from ..module_utils._vi.inventory import Read, Wish, read_hosts
from ..module_utils._vi.more_facts import MORE
from ..plugin_utils.filters import plain

FILES = ("esx_vms.yml", "esx_vms.yaml")
# Its environment variables are Ansible's own to read here.
SPEC = {name: {key: value for key, value in option.items() if key != "fallback"} for name, option in CONNECTION.items()}


def _marking() -> Callable[[Any], Any]:
    """
    Return what marks values for Ansible: a text that could be a template or an expression never is one.

    Nor could all others be; they are marked as such, for ansible-inventory would print each of them as unsafe.
    """
    mark_inert, mark_other = _marks()
    known: dict[str, Any] = {}

    def marked(value: Any) -> Any:
        if isinstance(value, str):
            if value not in known:
                known[value] = mark_inert(value) if deciding.is_inert(value) else mark_other(value)
            return known[value]
        if isinstance(value, dict):
            return {name: marked(inner) for name, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    return marked


def _marks() -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    try:
        from ansible.template import trust_as_template
    except ImportError:
        # Before ansible-core 2.19 every text may be a template unless it is marked.
        from ansible.utils.unsafe_proxy import wrap_var

        return str, wrap_var
    return trust_as_template, str


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Ansible looks for a class of this name."""

    NAME = "virt.esx.esx_vms"

    def verify_file(self, path: str) -> bool:
        """Tell whether a file is a source of this plugin, by its name."""
        name = pathlib.Path(path).name
        return bool(super().verify_file(path)) and any(name == file or name.endswith(f".{file}") for file in FILES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read the source, and the hosts or what the cache has of them, and add the machines to the inventory."""
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        try:
            sources = self._sources(path, cache)
            with sdk.no_collection():
                self._add_all(sources)
        except EsxError as error:
            # The newer Ansible would tell the cause once more, and it says the same.
            raise AnsibleParserError(f"{path}: {error}") from None

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Take the options; what of the connections is a template in the source is rendered first, and nothing else."""
        given = dict(direct or {})
        for name in (*CONNECTION, "hosts"):
            if name in given:
                given[name] = self._rendered(given[name], name)
        super().set_options(task_keys=task_keys, var_options=var_options, direct=given)

    def _read_config_data(self, path: str) -> Any:
        try:
            config = super()._read_config_data(path)
        except AttributeError as error:
            raise AnsibleParserError(f"{path}: the source must be a mapping of options ({error})") from error
        except AnsibleError as error:
            raise AnsibleParserError(f"{path}: {error}") from None
        known = {"plugin", *self._options}
        for name in config:
            if name not in known:
                raise AnsibleParserError(f"{path}: {deciding.unknown_option(name, known)}")
        return config

    def _rendered(self, value: Any, where: str) -> Any:
        if isinstance(value, Mapping):
            return {name: self._rendered(inner, f"{where}.{name}") for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._rendered(inner, f"{where}[{place}]") for place, inner in enumerate(value)]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        try:
            if not isinstance(value, str):
                # Vaulted: what comes out of it is no template.
                return str(value)
            self.templar.available_variables = self._vars
            return self.templar.template(value)
        except AnsibleError as error:
            raise AnsibleParserError(f"'{where}' cannot be read: {error}") from error

    def _sources(self, path: str, use_cache: bool) -> list[Source]:
        connections, wish = self._connections(), self._wish()
        keeps = bool(self.get_option("cache"))
        key = self.get_cache_key(path) + "_" + deciding.fingerprint(connections, vars(wish))
        if keeps and use_cache:
            kept = self._kept(key)
            if kept is not None:
                return kept
        concurrency = number_of(plain(self._options), "concurrency", least=1, most=256)
        reads = read_hosts(connections, wish, concurrency=int(concurrency))
        sources = self._whole(connections, reads)
        if keeps and len(sources) == len(connections):
            self._cache[key] = deciding.to_cache(sources)
        return sources

    def _kept(self, key: str) -> list[Source] | None:
        try:
            kept = self._cache[key]
        except KeyError:
            return None
        return deciding.from_cache(kept)

    def _connections(self) -> list[dict[str, Any]]:
        common = plain({name: self.get_option(name) for name in CONNECTION})
        found = []
        for where, params in deciding.merge_connections(common, plain(self.get_option("hosts")), CONNECTION):
            checked = ArgumentSpecValidator(SPEC).validate(params)
            prefix = f"'{where}': " if where else ""
            if checked.error_messages:
                raise OptionError(prefix + "; ".join(checked.error_messages), option=where or "hostname")
            try:
                effective = effective_params(plain(checked.validated_parameters))
            except OptionError as error:
                raise OptionError(prefix + str(error), option=where or "uri") from error
            for warning in effective.pop("warnings", ()):
                self.display.warning(prefix + warning)
            found.append((where, effective))
        deciding.check_distinct(found)
        return [params for _where, params in found]

    def _wish(self) -> Wish:
        return Wish(
            query=plain(self.get_option("query")),
            folder=plain(self.get_option("folder")),
            with_templates=bool(self.get_option("with_templates")),
            more=[form for form in MORE if self.get_option(f"with_{form}")],
        )

    def _whole(self, connections: Sequence[Mapping[str, Any]], reads: Sequence[Read]) -> list[Source]:
        """Return what was read; a host that was not is an error, a warning or nothing, as the user wants it."""
        unreachable = self.get_option("unreachable")
        for params, read in zip(connections, reads, strict=True):
            name = params.get("hostname") or "?"
            for warning in read.warnings:
                self.display.warning(f"{name}: {warning}")
            if read.error is None:
                continue
            if isinstance(read.error, (OptionError, MissingLibrary)):
                raise read.error
            if unreachable == "fail":
                raise EsxError(f"'{name}' cannot be read: {read.error}")
            if unreachable == "warn":
                self.display.warning(f"the virtual machines of '{name}' are missing: {read.error}")
        return [read.source for read in reads if read.source is not None]

    def _add_all(self, sources: Sequence[Source]) -> None:
        machines = list(self._machines(sources))
        expressions = self.get_option("hostnames") or ["name"]
        wanted = [deciding.name_of(variables, expressions, self._evaluate) for variables, _label in machines]
        facts = [(variables[VARIABLE], label) for variables, label in machines]
        names, shared = deciding.unique_names(wanted, facts, self.inventory.groups)
        if shared:
            self.display.warning(
                f"several virtual machines, or a group or this machine, would be called {listed(shared)}: "
                "each of these virtual machines has its UUID or its id in its name"
            )
        # Groups come after all hosts: a variable goes to the group where a host and a group have the same name.
        for name, (variables, _label) in zip(names, machines, strict=True):
            self._add_host(name, variables)
        groups, keyed = self.get_option("groups"), self.get_option("keyed_groups")
        if groups or keyed:
            strict = self.get_option("strict")
            for name, (variables, _label) in zip(names, machines, strict=True):
                self._add_host_to_composed_groups(groups, variables, name, strict=strict)
                self._add_host_to_keyed_groups(keyed, variables, name, strict=strict)

    def _machines(self, sources: Sequence[Source]) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield what expressions see of each machine, and where it is."""
        marked = _marking()
        for source in sources:
            connection = {"hostname": marked(source.hostname), "port": source.port}
            for vm in source.vms:
                facts = marked(vm)
                yield {**facts, VARIABLE: facts, CONNECTION_VARIABLE: connection}, source.label

    def _evaluate(self, expression: str, variables: Mapping[str, Any]) -> Any:
        try:
            return self._compose(expression, variables)
        except AnsibleError as error:
            if self.get_option("strict"):
                raise OptionError(
                    f"'hostnames' has '{expression}', which cannot be evaluated for '{variables['name']}': {error}",
                    option="hostnames",
                ) from error
            return None

    def _add_host(self, name: str, variables: dict[str, Any]) -> None:
        self.inventory.add_host(name)
        host = self.inventory.get_host(name)
        host.set_variable(VARIABLE, variables[VARIABLE])
        host.set_variable(CONNECTION_VARIABLE, variables[CONNECTION_VARIABLE])
        address = deciding.address_of(
            variables["guest"], self.get_option("address_family"), self.get_option("address_networks")
        )
        if address is not None:
            address = _marking()(address)
            host.set_variable("ansible_host", address)
            variables["ansible_host"] = address
        compose = self.get_option("compose")
        if compose:
            self._set_composite_vars(compose, variables, name, strict=self.get_option("strict"))
