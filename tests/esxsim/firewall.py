# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The host's firewall: rule sets on and off, and who may use them. It shuts nobody out of the simulator itself.

Source: vim.host.FirewallSystem. Inferred: a host refuses with HostConfigFault what a rule set does not allow to be
changed, and takes neither text that is no address nor a network with bits behind its prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from pyVmomi import vim, vmodl

from .entity import Plain, like
from .firewall_rules import RULESETS, FirewallProfile, RuleProfile, RulesetProfile
from .managed import Call, method
from .schema import Reader, SchemaError, any_text, flag, listed, one_of, record, text, whole, wrong

MOID = "firewallSystem"


def _host_or_network(value: Any, path: str) -> str:
    try:
        return str(ip_network(value)) if "/" in any_text(value, path) else str(ip_address(value))
    except ValueError:
        raise wrong(path, value, "an IP address, or a network such as 192.0.2.0/24") from None


_RULE = record(
    {
        "direction": one_of("inbound", "outbound"),
        "protocol": text,
        "port": whole(0, 65535),
        "end_port": whole(0, 65535),
        "port_type": one_of("src", "dst"),
    },
    ("direction", "protocol", "port"),
)
FIREWALL: Reader = record(
    {
        "incoming_blocked": flag,
        "outgoing_blocked": flag,
        "rulesets": listed(
            record(
                {
                    "name": text,
                    "label": text,
                    "enabled": flag,
                    "required": flag,
                    "service": text,
                    "allowed": listed(_host_or_network),
                    "user_controllable": flag,
                    "ip_list_user_configurable": flag,
                    "rules": listed(_RULE),
                },
                ("name",),
            )
        ),
    }
)


def firewall_of(checked: Mapping[str, Any]) -> FirewallProfile:
    """
    Make the profile of a scenario's ``firewall``: what it says of rule sets changes them, or adds some.

    Raises:
        SchemaError: a rule set is named twice, or has no rules.
    """
    known = {one.name: one for one in RULESETS}
    seen = set[str]()
    for index, one in enumerate(checked.get("rulesets", ())):
        name = one["name"]
        if name in seen:
            raise SchemaError(f"firewall.rulesets[{index}].name: found {name!r} again, allowed is each name once")
        seen.add(name)
        given = dict(one)
        if "rules" in given:
            given["rules"] = tuple(RuleProfile(**rule) for rule in given["rules"])
        if "allowed" in given:
            given["allowed"] = tuple(given["allowed"])
        known[name] = replace(known.get(name, RulesetProfile(name=name, label=name)), **given)
        if not known[name].rules:
            raise SchemaError(f"firewall.rulesets[{index}].rules: found none, allowed is a list with at least one")
    policy = {name: checked[name] for name in ("incoming_blocked", "outgoing_blocked") if name in checked}
    return FirewallProfile(rulesets=tuple(known.values()), **policy)


def firewall_info(profile: FirewallProfile) -> Any:
    return vim.host.FirewallInfo(
        defaultPolicy=vim.host.FirewallInfo.DefaultPolicy(
            incomingBlocked=profile.incoming_blocked, outgoingBlocked=profile.outgoing_blocked
        ),
        ruleset=[_ruleset(one) for one in profile.rulesets],
    )


def _ruleset(one: RulesetProfile) -> Any:
    return vim.host.Ruleset(
        key=one.name,
        label=one.label,
        required=one.required,
        rule=[
            vim.host.Ruleset.Rule(
                port=rule.port,
                endPort=rule.end_port,
                direction=rule.direction,
                portType=rule.port_type,
                protocol=rule.protocol,
            )
            for rule in one.rules
        ],
        service=one.service,
        enabled=one.enabled,
        allowedHosts=_allowed(one.allowed),
        userControllable=one.user_controllable,
        ipListUserConfigurable=one.ip_list_user_configurable,
    )


def _allowed(hosts: tuple[str, ...] | None) -> Any:
    networks = [ip_network(one) for one in hosts or () if "/" in one]
    return vim.host.Ruleset.IpList(
        ipAddress=[one for one in hosts or () if "/" not in one],
        ipNetwork=[
            vim.host.Ruleset.IpNetwork(network=str(one.network_address), prefixLength=one.prefixlen) for one in networks
        ],
        allIp=hosts is None,
    )


class FirewallSystem(Plain):
    """The firewall."""

    type_name = "HostFirewallSystem"

    @method("EnableRuleset")
    def enable(self, call: Call, *, id_: str) -> None:
        self._replace(self._ruleset(id_), enabled=True)

    @method("DisableRuleset")
    def disable(self, call: Call, *, id_: str) -> None:
        one = self._ruleset(id_)
        if one.required:
            raise vim.fault.HostConfigFault(msg=f"The rule set {id_} is required.")
        self._replace(one, enabled=False)

    @method("UpdateRuleset")
    def update(self, call: Call, *, id_: str, spec: Any) -> None:
        one = self._ruleset(id_)
        if not one.ipListUserConfigurable:
            raise vim.fault.HostConfigFault(msg=f"Who may use the rule set {id_} cannot be changed.")
        _check(spec.allowedHosts)
        self._replace(one, allowedHosts=spec.allowedHosts)

    @method("UpdateDefaultPolicy")
    def update_policy(self, call: Call, *, defaultPolicy: Any) -> None:
        have = self.get("firewallInfo.defaultPolicy")
        stated = {
            name: value
            for name in ("incomingBlocked", "outgoingBlocked")
            if (value := getattr(defaultPolicy, name)) is not None
        }
        self._tell("firewallInfo.defaultPolicy", like(have, **stated))

    @method("RefreshFirewall")
    def refresh(self, call: Call) -> None:
        """Read the files again: they say what is known."""

    def _ruleset(self, name: str) -> Any:
        for one in self.get("firewallInfo").ruleset:
            if one.key == name:
                return one
        raise vim.fault.NotFound(msg=f"There is no rule set {name}.")

    def _replace(self, one: Any, **changes: Any) -> None:
        if "enabled" in changes and changes["enabled"] != one.enabled and not one.userControllable:
            raise vim.fault.HostConfigFault(msg=f"The rule set {one.key} is not for users to switch.")
        changed = like(one, **changes)
        rulesets = [changed if other.key == one.key else other for other in self.get("firewallInfo").ruleset]
        self._tell("firewallInfo.ruleset", rulesets)

    def _tell(self, path: str, value: Any) -> None:
        self.set(path, value)
        for host in self.world.of_type("HostSystem"):
            host.touch("config.firewall")


def _check(allowed: Any) -> None:
    for place, one in enumerate(allowed.ipAddress):
        try:
            ip_address(one)
        except ValueError:
            raise _invalid(f"spec.allowedHosts.ipAddress[{place}]") from None
    for place, one in enumerate(allowed.ipNetwork):
        try:
            ip_network(f"{one.network}/{one.prefixLength}")
        except ValueError:
            raise _invalid(f"spec.allowedHosts.ipNetwork[{place}]") from None


def _invalid(name: str) -> Exception:
    fault: Exception = vmodl.fault.InvalidArgument(invalidProperty=name)
    return fault
