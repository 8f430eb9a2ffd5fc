# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of events: what a host says of each."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyVmomi import vim

from .managed import wsdl_type

HERE = "{vm.name} on {host.name} in {datacenter.name}"
FOR = HERE + ": {reason.msg}"
SAYS = HERE + ": {message}"
# Managed type to the field of an event that names such an entity, and the type of its value.
ARGUMENTS: dict[str, tuple[str, Any]] = {
    "VirtualMachine": ("vm", vim.event.VmEventArgument),
    "HostSystem": ("host", vim.event.HostEventArgument),
    "ComputeResource": ("computeResource", vim.event.ComputeResourceEventArgument),
    "Datacenter": ("datacenter", vim.event.DatacenterEventArgument),
    "Datastore": ("ds", vim.event.DatastoreEventArgument),
}
PLACE = ("HostSystem", "ComputeResource", "Datacenter")


class Kind(NamedTuple):
    """One class of events: its category, what it is called, and the pattern of its message."""

    category: str
    description: str
    text: str


KINDS: dict[str, Kind] = {
    "EventEx": Kind("info", "Event", "{message}"),
    "TaskEvent": Kind("info", "Task event", "Task: {label}"),
    "UserLoginSessionEvent": Kind("info", "User login", "User {userName}@{ipAddress} logged in as {userAgent}"),
    "UserLogoutSessionEvent": Kind(
        "info",
        "User logout",
        "User {userName}@{ipAddress} logged out (login time: {loginTime}, number of API invocations: {callCount}, "
        "user agent: {userAgent})",
    ),
    "BadUsernameSessionEvent": Kind("error", "Invalid user name", "Cannot login {userName}@{ipAddress}"),
    "VmStartingEvent": Kind("info", "VM starting", f"{HERE} is starting"),
    "VmResumingEvent": Kind("info", "VM resuming", f"{HERE} is resumed"),
    "VmPoweredOnEvent": Kind("info", "VM powered on", f"{HERE} is powered on"),
    "VmStoppingEvent": Kind("info", "VM stopping", f"{HERE} is stopping"),
    "VmPoweredOffEvent": Kind("info", "VM powered off", f"{HERE} is powered off"),
    "VmSuspendingEvent": Kind("info", "VM being suspended", f"{HERE} is being suspended"),
    "VmSuspendedEvent": Kind("info", "VM suspended", f"{HERE} is suspended"),
    "VmResettingEvent": Kind("info", "VM resetting", f"{HERE} is reset"),
    "VmGuestShutdownEvent": Kind("info", "Guest OS shut down", f"Guest OS shut down for {HERE}"),
    "VmGuestRebootEvent": Kind("info", "Guest reboot", f"Guest OS reboot for {HERE}"),
    "VmGuestStandbyEvent": Kind("info", "Guest standby", f"Guest OS standby for {HERE}"),
    "VmFailedToPowerOnEvent": Kind("error", "Cannot power on VM", f"Cannot power on {FOR}"),
    "VmFailedToPowerOffEvent": Kind("error", "Cannot power off VM", f"Cannot power off {FOR}"),
    "VmFailedToSuspendEvent": Kind("error", "Cannot suspend VM", f"Cannot suspend {FOR}"),
    "VmFailedToResetEvent": Kind("error", "Cannot reset VM", f"Cannot reset {FOR}"),
    "VmMessageEvent": Kind("info", "VM information message", f"Message on {SAYS}"),
    "VmReconfiguredEvent": Kind("info", "VM reconfigured", f"Reconfigured {HERE}"),
    "VmRenamedEvent": Kind("info", "VM renamed", "Renamed {oldName} on {host.name} in {datacenter.name} to {newName}"),
    "VmCreatedEvent": Kind("info", "VM created", f"Created {HERE}"),
    "VmRegisteredEvent": Kind("info", "VM registered", f"Registered {HERE}"),
    "VmRemovedEvent": Kind("info", "VM removed", "Removed {vm.name} on {host.name} from {datacenter.name}"),
}


def event_description() -> Any:
    """Describe the classes of events, as vim.event.EventDescription."""
    categories = ("info", "warning", "error", "user")
    return vim.event.EventDescription(
        category=[vim.ElementDescription(key=one, label=one.capitalize(), summary=one) for one in categories],
        eventInfo=[
            vim.event.EventDescription.EventDetail(
                key=wsdl_type(name),
                description=kind.description,
                category=kind.category,
                fullFormat=kind.text,
                formatOnDatacenter=_without(kind.text, " in {datacenter.name}"),
                formatOnComputeResource=_without(kind.text, " in {datacenter.name}"),
                formatOnHost=_without(kind.text, " on {host.name} in {datacenter.name}"),
                formatOnVm=kind.description,
            )
            for name, kind in KINDS.items()
        ],
    )


def _without(text: str, part: str) -> str:
    return text.replace(part, "")
