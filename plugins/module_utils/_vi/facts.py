# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The facts of virtual machines, as ``esx_vm_info`` returns them and JMESPath queries see them.

Source: vim.VirtualMachine, read by path in one bulk read; each fact stands beside its property in :data:`FACTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._flow.state import VmState
from .mirror import IDENTITY_PATHS, WATCHED_PATHS, vm_of

_Shown = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _time(value: Any) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _tools(value: Any) -> str | None:
    return {
        "guestToolsRunning": "running",
        "guestToolsExecutingScripts": "running",
        "guestToolsNotRunning": "not-running",
    }.get(str(value))


def _networks(nics: Any) -> list[dict[str, Any]]:
    return [
        {
            "network": _text(nic.network),
            "mac": _text(nic.macAddress),
            "connected": bool(nic.connected),
            "ip_addresses": [str(address) for address in nic.ipAddress or ()],
        }
        for nic in nics or ()
    ]


FACTS: Mapping[str, Mapping[str, tuple[str, _Shown]]] = {
    "": {
        "vmx_path": ("config.files.vmPathName", _text),
        "template": ("config.template", bool),
        "annotation": ("config.annotation", _text),
        "connection_state": ("runtime.connectionState", _text),
        "boot_time": ("runtime.bootTime", _time),
    },
    "hardware": {
        "cpus": ("config.hardware.numCPU", _same),
        "cores_per_socket": ("config.hardware.numCoresPerSocket", _same),
        "memory_mib": ("config.hardware.memoryMB", _same),
        "hardware_version": ("config.version", _text),
        "firmware": ("config.firmware", _text),
        "guest_id": ("config.guestId", _text),
        "guest_full_name": ("config.guestFullName", _text),
        "disks": ("summary.config.numVirtualDisks", _same),
        "nics": ("summary.config.numEthernetCards", _same),
        "committed_bytes": ("summary.storage.committed", _same),
        "uncommitted_bytes": ("summary.storage.uncommitted", _same),
    },
    "guest": {
        "hostname": ("guest.hostName", _text),
        "ip_address": ("guest.ipAddress", _text),
        "networks": ("guest.net", _networks),
        "state": ("guest.guestState", _text),
        "tools": ("guest.toolsRunningStatus", _tools),
        "tools_version_status": ("guest.toolsVersionStatus2", _text),
    },
}
"""Fact group (empty: top level) to fact to (property path, how it is shown). What the host does not report is null."""

FACT_PATHS = tuple(
    dict.fromkeys(
        [*IDENTITY_PATHS, *WATCHED_PATHS, *(path for group in FACTS.values() for path, _shown in group.values())]
    )
)


def facts_of(
    moid: str, values: Mapping[str, Any], state: VmState, *, path: str | None, esxi_hostname: str | None
) -> dict[str, Any]:
    """Return the facts of one VM; ``path`` is its inventory path, ``esxi_hostname`` the host that has it."""
    vm = vm_of(moid, values)
    facts: dict[str, Any] = {
        "name": vm.name,
        "moid": vm.moid,
        "uuid": vm.uuid,
        "instance_uuid": vm.instance_uuid,
        "path": path,
        "esxi_hostname": esxi_hostname,
        "power_state": state.power_state.value if state.power_state else None,
        "question": state.question.to_json() if state.question else None,
        "tasks": [task.to_json() for task in state.tasks if task.is_pending],
    }
    for group, members in FACTS.items():
        shown = {name: _shown(values.get(path), show) for name, (path, show) in members.items()}
        facts.update(shown if not group else {group: shown})
    return facts


def _shown(value: Any, show: _Shown) -> Any:
    return show(value) if value is not None or show is _networks else None
