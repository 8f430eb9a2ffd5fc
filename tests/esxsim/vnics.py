# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which VMkernel adapter carries which of the host's services."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from .entity import Plain
from .hostports import vmkernel_nics, vnic_key
from .managed import Call, method
from .profile import HostProfile

# A service, and whether several adapters may carry it.
SERVICES = {
    "management": True,
    "vmotion": True,
    "faultToleranceLogging": False,
    "vSphereReplication": True,
    "vSphereReplicationNFC": True,
    "vSphereProvisioning": True,
    "vsan": True,
}


def nic_manager_info(profile: HostProfile) -> Any:
    return vim.host.VirtualNicManagerInfo(
        netConfig=[_net_config(profile, name, several=several) for name, several in SERVICES.items()]
    )


def _net_config(profile: HostProfile, service: str, *, several: bool) -> Any:
    candidates = vmkernel_nics(profile)
    for one in candidates:
        # Here, and nowhere else, a key begins with its service.
        one.key = f"{service}.{one.key}"
    return vim.host.VirtualNicManager.NetConfig(
        nicType=service,
        multiSelectAllowed=several,
        candidateVnic=candidates,
        selectedVnic=[f"{service}.{vnic_key(one.device)}" for one in profile.vmkernel_nics if service in one.services],
    )


class VirtualNicManager(Plain):
    """The VMkernel adapters by service."""

    type_name = "HostVirtualNicManager"

    @method("QueryNetConfig")
    def query(self, call: Call, *, nicType: str) -> Any:
        for one in self.get("info").netConfig:
            if one.nicType == nicType:
                return one
        raise vmodl.fault.InvalidArgument(invalidProperty="nicType")
