# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Which VMkernel adapters the iSCSI adapter goes through.

Source: vim.host.IscsiManager. An adapter whose paths are in use is unbound by force alone, above all the last one.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from .entity import Plain
from .iscsi import MOID as STORAGE
from .iscsi import StorageSystem
from .iscsi_info import DEVICE
from .managed import Call, method

MOID = "iscsiManager"
FIRST = "vmk0"


class IscsiManager(Plain):
    """The bindings of the software adapter."""

    type_name = "IscsiManager"

    @property
    def _storage(self) -> StorageSystem:
        found: StorageSystem = self.world.find("HostStorageSystem", STORAGE)
        return found

    @method("QueryBoundVnics", writes=False)
    def bound(self, call: Call, *, iScsiHbaName: str) -> Any:
        self._check(iScsiHbaName)
        return [self._port(name, self._path(name)) for name in self._storage.bound]

    @method("QueryCandidateNics", writes=False)
    def candidates(self, call: Call, *, iScsiHbaName: str) -> Any:
        self._check(iScsiHbaName)
        return [self._port(name, "notUsed") for name in self._nics() if name not in self._storage.bound]

    @method("BindVnic")
    def bind(self, call: Call, *, iScsiHbaName: str, vnicDevice: str) -> None:
        self._check(iScsiHbaName)
        if vnicDevice not in self._nics():
            raise vim.fault.IscsiFaultVnicNotFound(vnicDevice=vnicDevice, msg=f"{vnicDevice} was not found.")
        if vnicDevice in self._storage.bound:
            raise vim.fault.IscsiFaultVnicAlreadyBound(vnicDevice=vnicDevice, msg=f"{vnicDevice} is bound already.")
        self._storage.bound.append(vnicDevice)

    @method("UnbindVnic")
    def unbind(self, call: Call, *, iScsiHbaName: str, vnicDevice: str, force: bool) -> None:
        self._check(iScsiHbaName)
        if vnicDevice not in self._storage.bound:
            raise vim.fault.IscsiFaultVnicNotBound(vnicDevice=vnicDevice, msg=f"{vnicDevice} is not bound.")
        path = self._path(vnicDevice)
        if path == "lastActive" and not force:
            raise vim.fault.IscsiFaultVnicIsLastPath(vnicDevice=vnicDevice, msg=f"{vnicDevice} has the last paths.")
        if path == "active" and not force:
            raise vim.fault.IscsiFaultVnicHasActivePaths(vnicDevice=vnicDevice, msg=f"{vnicDevice} has active paths.")
        self._storage.bound.remove(vnicDevice)

    def _nics(self) -> list[str]:
        return [FIRST, *self._storage.profile.nics]

    def _path(self, name: str) -> str:
        if name not in self._storage.bound or not self._storage.connections:
            return "notUsed"
        return "active" if len(self._storage.bound) > 1 else "lastActive"

    def _port(self, name: str, path: str) -> Any:
        return vim.host.IscsiManager.IscsiPortInfo(vnicDevice=name, pathStatus=path)

    def _check(self, device: str) -> None:
        if not self._storage.enabled or device != DEVICE:
            raise vim.fault.IscsiFault(msg=f"There is no iSCSI adapter {device}.")
