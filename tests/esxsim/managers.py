# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The managers of a host that answer little: licences, options, and what only has properties."""

from __future__ import annotations

from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from . import moving
from .autostart import AutoStartManager
from .entity import Plain, plain
from .esxcli import MOID as EXECUTER
from .esxcli import MethodExecuter
from .event_kinds import event_description
from .events import EventManager
from .firewall import MOID as FIREWALL
from .firewall import FirewallSystem, firewall_info
from .hostdevices import services
from .managed import Call, method
from .profile import HostProfile
from .taskhistory import task_description
from .vnics import VirtualNicManager, nic_manager_info
from .world import World

# Field of the service content to what it refers to: clients look whether it is there, and call little of it.
REFERENCES = {
    "accountManager": ("HostLocalAccountManager", "ha-localacctmgr"),
    "diagnosticManager": ("DiagnosticManager", "ha-diagnostic-mgr"),
    "guestOperationsManager": ("GuestOperationsManager", "ha-guest-operations-manager"),
    "localizationManager": ("LocalizationManager", "ha-l10n-manager"),
    "ovfManager": ("OvfManager", "ha-ovf-manager"),
    "virtualizationManager": ("VirtualizationManager", "ha-virtualization-manager"),
}


class OptionManager(Plain):
    """Settings by key."""

    type_name = "OptionManager"

    @method("QueryOptions")
    def query(self, call: Call, *, name: str | None = None) -> Any:
        found = [one for one in self.get("setting") if name is None or one.key == name or one.key.startswith(name)]
        if not found:
            raise vim.fault.InvalidName(name=name or "", msg=f"No option is named {name}.")
        return found


class ServiceInstance(Plain):
    """The root of everything."""

    type_name = "ServiceInstance"
    derive: ClassVar[dict[str, Any]] = {"serverClock": lambda instance: instance.world.clock.utcnow()}

    @method("RetrieveServiceContent")
    def retrieve_content(self, call: Call) -> Any:
        return self.get("content")

    @method("ValidateMigration")
    def validate_migration(
        self, call: Call, *, vm: Any, state: Any = None, testType: Any = None, pool: Any = None, host: Any = None
    ) -> Any:
        return moving.events(call.world, vm, pool, host)

    @method("CurrentTime")
    def current_time(self, call: Call) -> Any:
        return call.world.clock.utcnow()


def _licences(profile: HostProfile, *, free: bool) -> Any:
    major = profile.product_version.partition(".")[0]
    name, edition = (
        (f"VMware vSphere {major} Hypervisor", "esxBasic")
        if free
        else (f"VMware vSphere {major} Standard", "esx.standard")
    )
    licence = vim.LicenseManager.LicenseInfo(
        licenseKey="00000-00000-00000-00000-00000",
        editionKey=edition,
        name=name,
        total=0,
        used=1,
        costUnit="cpuPackage",
    )
    return plain(
        "LicenseManager",
        "ha-license-manager",
        licenses=[licence],
        licensedEdition=edition,
        sourceAvailable=True,
        evaluation=vim.LicenseManager.EvaluationInfo(properties=[vmodl.KeyAnyValue(key="expirationHours", value=1440)]),
    )


def add_managers(world: World, profile: HostProfile) -> None:
    """Add the managers that the service content and the host name."""
    world.add(AutoStartManager())
    options = [
        vim.option.OptionValue(key="Config.HostAgent.plugins.solo.enableMob", value=False),
        vim.option.OptionValue(key="UserVars.SuppressShellWarning", value=1),
    ]
    world.add(OptionManager("ha-adv-options", setting=options, supportedOption=[]))
    world.add(OptionManager("HostAgentSettings", setting=options[:1], supportedOption=[]))
    one = [vim.ElementDescription(key="info", label="Information", summary="Information")]
    world.find("TaskManager", world.task_manager).set("description", task_description())
    world.add(EventManager("ha-eventmgr", maxCollector=1000, description=event_description()))
    world.add(_licences(profile, free=world.free_licence))
    world.add(
        plain(
            "AuthorizationManager",
            "ha-authmgr",
            description=vim.AuthorizationDescription(privilege=one, privilegeGroup=one),
        )
    )
    world.add(plain("UserDirectory", "ha-user-directory"))
    world.add(
        plain(
            "PerformanceManager", "ha-perfmgr", description=vim.PerformanceDescription(counterType=one, statsType=one)
        )
    )
    for type_name, moid in REFERENCES.values():
        world.add(plain(type_name, moid))
    world.add(VirtualNicManager("ha-vnic-mgr", info=nic_manager_info(profile)))
    world.add(MethodExecuter(EXECUTER))
    world.add(FirewallSystem(FIREWALL, firewallInfo=firewall_info(profile.firewall)))
    world.add(plain("HostServiceSystem", "serviceSystem", serviceInfo=services()))
