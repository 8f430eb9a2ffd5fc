# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guest of a virtual machine: VMware Tools, addresses, and how long it takes to go down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import guestos
from .devices import iterate
from .entity import like

if TYPE_CHECKING:
    from .vmbase import VmBase

TOOLS = ("running", "not-running", "not-installed", "old")


@dataclass(kw_only=True)
class Guest:
    """
    What runs inside.

    ``tools``: running, not-running, not-installed, or old (running, but out of date). With ``boot_seconds`` the tools
    come up that long after the machine was powered on. ``locks_cdrom``: it has a medium mounted, and holds its drive.
    """

    tools: str = "running"
    hostname: str | None = None
    ip_addresses: Sequence[str] = ()
    shutdown_seconds: float = 2.0
    boot_seconds: float = 0.0
    ignores_shutdown: bool = False
    locks_cdrom: bool = False

    def tools_run(self, vm: VmBase) -> bool:
        """Say whether the tools answer now."""
        if self.tools not in ("running", "old") or vm.get("runtime.powerState") != "poweredOn":
            return False
        booted = vm.get("runtime.bootTime")
        if booted is None or not self.boot_seconds:
            return True
        return bool((vm.world.clock.utcnow() - booted).total_seconds() >= self.boot_seconds)

    def report(self, vm: VmBase) -> Any:
        """As vim.vm.GuestInfo."""
        runs = self.tools_run(vm)
        guest_id = vm.get("config.guestId") or ""
        known = self.tools != "not-installed"
        return like(
            _model(self._status(runs=runs)),
            guestId=guest_id if runs else None,
            guestFamily=guestos.family(guest_id) if runs else None,
            guestFullName=guestos.full_name(guest_id) if runs else None,
            toolsVersion="12389" if known else "0",
            toolsRunningStatus="guestToolsRunning" if runs else "guestToolsNotRunning",
            toolsVersionStatus=self._version(),
            toolsVersionStatus2=self._version(),
            hostName=(self.hostname or vm.get("name")) if runs else None,
            ipAddress=next(iter(self.ip_addresses), None) if runs else None,
            net=self._net(vm) if runs else [],
            guestState="running" if runs else "notRunning",
            guestOperationsReady=runs,
            interactiveGuestOperationsReady=False,
            guestStateChangeSupported=runs,
            hwVersion=vm.get("config.version"),
        )

    def _status(self, *, runs: bool) -> str:
        if self.tools == "not-installed":
            return "toolsNotInstalled"
        if not runs:
            return "toolsNotRunning"
        return "toolsOld" if self.tools == "old" else "toolsOk"

    def _version(self) -> str:
        return {"not-installed": "guestToolsNotInstalled", "old": "guestToolsNeedUpgrade"}.get(
            self.tools, "guestToolsCurrent"
        )

    def _net(self, vm: VmBase) -> list[Any]:
        nics = list(iterate(vm.get("config"), vim.vm.device.VirtualEthernetCard))
        return [self._nic(nic, self.ip_addresses if number == 0 else ()) for number, nic in enumerate(nics)]

    def _nic(self, nic: Any, addresses: Sequence[str]) -> Any:
        shown = [
            vim.net.IpConfigInfo.IpAddress(
                ipAddress=one, prefixLength=64 if ip_address(one).version == 6 else 24, state="preferred"
            )
            for one in addresses
        ]
        return vim.vm.GuestInfo.NicInfo(
            network=getattr(nic.backing, "deviceName", None) or None,
            ipAddress=list(addresses),
            macAddress=nic.macAddress,
            connected=True,
            deviceConfigId=nic.key,
            ipConfig=vim.net.IpConfigInfo(ipAddress=shown) if shown else None,
        )


@cache
def _model(status: str) -> Any:
    return vim.vm.GuestInfo(toolsStatus=status, guestState="notRunning", toolsInstallType="guestToolsTypeOpenVMTools")
