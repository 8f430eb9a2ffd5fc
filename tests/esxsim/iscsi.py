# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The host's storage system: its software iSCSI adapter, who it knows and who lets it in, and what a rescan brings.

Source: vim.host.StorageSystem. What is configured takes effect with the next rescan of the adapter: targets that a send
target tells of become known, disks of targets that let the adapter in appear, and those of others are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pyVmomi import vim

from . import iscsi_info
from .entity import Plain, like
from .hoststorage import storage_device
from .iscsi_auth import check_auth, inherited, lets_in, names, no_chap, refused, said
from .iscsi_info import DEVICE, Connection
from .iscsi_profile import PORT, IscsiProfile, OfferedTarget, Portal
from .managed import Call, method
from .profile import DiskProfile
from .stores import volumes
from .vmfs_layout import partition_info

MOID = "storageSystem"
STATIC, FOUND = "staticMethod", "sendTargetMethod"
LOGIN_ERROR = "esx.problem.storage.iscsi.target.login.error"
Hba: Any = vim.host.InternetScsiHba
Partitions: Any = vim.host.DiskPartitionInfo


class StorageSystem(Plain):
    """The adapters, targets and disks of a host."""

    type_name = "HostStorageSystem"
    derive: ClassVar[dict[str, Any]] = {
        "storageDeviceInfo": lambda system: system.device_info(),
        "fileSystemVolumeInfo": lambda system: volumes(system.world.of_type("Datastore")),
    }

    def __init__(self, profile: IscsiProfile, disks: Sequence[DiskProfile] = ()) -> None:
        super().__init__(MOID)
        self.disks = list(disks)
        self.profile = profile
        self.enabled = profile.enabled
        self.connections: list[Connection] = []
        self.bound: list[str] = []
        self._send: list[Any] = []
        self._static: list[Any] = []
        self._begin()
        self._send = [_send_target(portal) for portal in profile.send_targets]
        self._static = [_static_target(name, portal) for name, portal in profile.static_targets]

    def _begin(self) -> None:
        self._name, self._alias = self.profile.name, self.profile.alias
        self._auth: Any = no_chap()
        self._send, self._static, self.bound = [], [], []

    def device_info(self) -> Any:
        """What the host says of its devices."""
        remote = {iscsi_info.disk_name(lun) for target in self.profile.targets for lun in target.luns}
        info = storage_device([one for one in self.disks if one.name not in remote])
        if not self.enabled:
            return like(info, softwareInternetScsiEnabled=False)
        hba = iscsi_info.adapter(self._name, self._alias, self._auth, self._send, self._static)
        disks = {iscsi_info.disk_key(lun): lun for target, _portal in self.connections for lun in target.luns}
        topology = like(info.scsiTopology, adapter=[*info.scsiTopology.adapter, iscsi_info.interface(self.connections)])
        return like(
            info,
            softwareInternetScsiEnabled=True,
            hostBusAdapter=[*info.hostBusAdapter, hba],
            scsiLun=[*info.scsiLun, *map(iscsi_info.disk, disks.values())],
            scsiTopology=topology,
            multipathInfo=vim.host.MultipathInfo(lun=iscsi_info.logical_units(self.connections)),
        )

    @method("UpdateSoftwareInternetScsiEnabled")
    def enable(self, call: Call, *, enabled: bool) -> None:
        if enabled != self.enabled:
            self.enabled = enabled
            self._begin()
            self.rescan()

    @method("UpdateInternetScsiName")
    def rename(self, call: Call, *, iScsiHbaDevice: str, iScsiName: str) -> None:
        self._check(iScsiHbaDevice)
        if not iScsiName.lower().startswith(("iqn.", "eui.", "naa.")):
            raise refused(f"{iScsiName} is no iSCSI name.")
        self._name = iScsiName
        self._changed()

    @method("UpdateInternetScsiAlias")
    def call_by_alias(self, call: Call, *, iScsiHbaDevice: str, iScsiAlias: str) -> None:
        self._check(iScsiHbaDevice)
        self._alias = iScsiAlias
        self._changed()

    @method("AddInternetScsiStaticTargets")
    def add_static(self, call: Call, *, iScsiHbaDevice: str, targets: Sequence[Any]) -> None:
        self._check(iScsiHbaDevice)
        self._add(self._static, targets, _completed_static)

    @method("AddInternetScsiSendTargets")
    def add_send(self, call: Call, *, iScsiHbaDevice: str, targets: Sequence[Any]) -> None:
        self._check(iScsiHbaDevice)
        self._add(self._send, targets, _completed_send)

    def _add(self, known: list[Any], targets: Sequence[Any], complete: Callable[[Any], Any]) -> None:
        """Add those that are not known yet, and say so if some were."""
        made = [complete(one) for one in targets]
        for one in made:
            check_auth(one.authenticationProperties)
        there = {_identity(one) for one in known}
        known += [one for one in made if _identity(one) not in there]
        self._changed()
        twice = [_identity(one)[0] for one in made if _identity(one) in there]
        if twice:
            raise refused(f"The target {twice[0]} is configured already.")

    @method("RemoveInternetScsiStaticTargets")
    def remove_static(self, call: Call, *, iScsiHbaDevice: str, targets: Sequence[Any]) -> None:
        self._check(iScsiHbaDevice)
        self._static = self._without(self._static, map(_completed_static, targets))

    @method("RemoveInternetScsiSendTargets")
    def remove_send(
        self, call: Call, *, iScsiHbaDevice: str, targets: Sequence[Any], force: bool | None = None
    ) -> None:
        self._check(iScsiHbaDevice)
        gone = {str(_portal_of(one)) for one in targets}
        try:
            self._send = self._without(self._send, map(_completed_send, targets))
        finally:
            self._static = [one for one in self._static if one.discoveryMethod != FOUND or one.parent not in gone]

    def _without(self, known: list[Any], targets: Iterable[Any]) -> list[Any]:
        """Take targets out; one that is not there is told when the others are gone."""
        meant = [_identity(one) for one in targets]
        there = {_identity(one) for one in known}
        known[:] = [one for one in known if _identity(one) not in meant]
        self._changed()
        missing = [one[0] for one in meant if one not in there]
        if missing:
            raise vim.fault.NotFound(msg=f"The target {missing[0]} is not configured.")
        return known

    @method("UpdateInternetScsiAuthenticationProperties")
    def authenticate(
        self, call: Call, *, iScsiHbaDevice: str, authenticationProperties: Any, targetSet: Any = None
    ) -> None:
        self._check(iScsiHbaDevice)
        check_auth(authenticationProperties)
        if targetSet is None:
            self._auth = like(no_chap(), **said(authenticationProperties))
        else:
            self._send = _authenticated(self._send, targetSet.sendTargets, authenticationProperties)
            self._static = _authenticated(self._static, targetSet.staticTargets, authenticationProperties)
        self._changed()

    @method("RescanHba")
    def rescan_one(self, call: Call, *, hbaDevice: str) -> None:
        if hbaDevice not in [hba.device for hba in self.device_info().hostBusAdapter]:
            raise vim.fault.NotFound(msg=f"There is no adapter {hbaDevice}.")
        if hbaDevice == DEVICE:
            self.rescan()

    @method("RescanAllHba")
    def rescan_all(self, call: Call) -> None:
        self.rescan()

    @method("RescanVmfs")
    def rescan_vmfs(self, call: Call) -> None:
        self._changed()

    @method("RetrieveDiskPartitionInfo", writes=False)
    def partitions(self, call: Call, *, devicePath: Sequence[str]) -> Any:
        disks = {one.devicePath: one for one in self.device_info().scsiLun}
        missing = [path for path in devicePath if path not in disks]
        if missing:
            raise vim.fault.NotFound(msg=f"There is no disk {missing[0]}.")
        used = {name for store in self.world.of_type("Datastore") for name in store.extents}
        other = {one.name: one.holds for one in self.disks}
        names = {path: disks[path].canonicalName for path in devicePath}
        return Partitions.Array(
            partition_info(disks[path], "vmfs" if name in used else other.get(name)) for path, name in names.items()
        )

    @method("RefreshStorageSystem")
    def refresh(self, call: Call) -> None:
        self._changed()

    def rescan(self) -> None:
        """Ask the send targets who is there, log in where that is possible, and see which disks there are."""
        known = [one for one in self._static if one.discoveryMethod != FOUND]
        kept = {_identity(one): one for one in self._static if one.discoveryMethod == FOUND}
        if self.enabled:
            there = {_identity(one) for one in known}
            for one in self._told():
                if _identity(one) not in there:
                    there.add(_identity(one))
                    known.append(kept.get(_identity(one), one))
        self._static = known
        self.connections = [one for one in map(self._connect, known) if one is not None] if self.enabled else []
        self._mount()
        self._changed()

    def _told(self) -> Iterator[Any]:
        for send in self._send:
            portal = _portal_of(send)
            for target in self.profile.targets:
                if portal in target.portals:
                    yield from (_static_target(target.name, one, found_by=portal) for one in target.portals)

    def _connect(self, known: Any) -> Connection | None:
        portal = _portal_of(known)
        for target in self.profile.targets:
            if target.name == known.iScsiName and portal in target.portals:
                if lets_in(target.chap, self._auth_for(known)):
                    return target, portal
                self._complain(target, portal)
        return None

    def _complain(self, target: OfferedTarget, portal: Portal) -> None:
        host = self.world.of_type("HostSystem")
        words = f"Login to iSCSI target {target.name} on {DEVICE} at {portal} failed: authentication failure."
        if host:
            self.world.events.post("EventEx", host[0], eventTypeId=LOGIN_ERROR, severity="error", message=words)

    def _auth_for(self, known: Any) -> Any:
        """What holds for a target: its own, that of the send target that told of it, or the adapter's."""
        above = [one for one in self._send if str(_portal_of(one)) == known.parent]
        own, auth = (known.authenticationProperties, *(one.authenticationProperties for one in above)), self._auth
        for one in reversed(own):
            if one is not None and not one.chapInherited:
                auth = like(auth, **{name: getattr(one, name) for name in names("chap")})
            if one is not None and not one.mutualChapInherited:
                auth = like(auth, **{name: getattr(one, name) for name in names("mutualChap")})
        return auth

    def _mount(self) -> None:
        """Let the datastores on disks of the network come and go with these."""
        remote = {lun.datastore for target in self.profile.targets for lun in target.luns} - {None}
        there = {lun.datastore for target, _portal in self.connections for lun in target.luns}
        for store in self.world.of_type("Datastore"):
            name = store.profile.name
            if name in remote and store.profile.accessible != (name in there):
                store.profile = replace(store.profile, accessible=name in there)
                mounts = [
                    like(one, mountInfo=like(one.mountInfo, accessible=name in there)) for one in store.get("host")
                ]
                store.set("host", mounts)
                store.touch("summary", "info")

    def _check(self, device: str) -> None:
        if not self.enabled or device != DEVICE:
            raise vim.fault.NotFound(msg=f"There is no iSCSI adapter {device}.")

    def _changed(self) -> None:
        self.touch("storageDeviceInfo")
        for host in self.world.of_type("HostSystem"):
            host.touch("config.storageDevice")


def _authenticated(known: list[Any], meant: Sequence[Any], auth: Any) -> list[Any]:
    wanted = {_identity(one) for one in meant}
    missing = wanted - {_identity(one) for one in known}
    if missing:
        raise vim.fault.NotFound(msg=f"The target {missing.pop()[0]} is not configured.")
    return [like(one, authenticationProperties=auth) if _identity(one) in wanted else one for one in known]


def _portal_of(target: Any) -> Portal:
    return Portal(target.address, target.port or PORT)


def _identity(target: Any) -> tuple[str, ...]:
    name = getattr(target, "iScsiName", None)
    return (str(_portal_of(target)),) if name is None else (name, str(_portal_of(target)))


def _send_target(portal: Portal) -> Any:
    return Hba.SendTarget(address=portal.address, port=portal.port, authenticationProperties=inherited(), parent=DEVICE)


def _static_target(name: str, portal: Portal, *, found_by: Portal | None = None) -> Any:
    return Hba.StaticTarget(
        iScsiName=name,
        address=portal.address,
        port=portal.port,
        discoveryMethod=STATIC if found_by is None else FOUND,
        authenticationProperties=inherited(),
        parent=DEVICE if found_by is None else str(found_by),
    )


def _completed_send(given: Any) -> Any:
    auth = given.authenticationProperties
    return like(_send_target(_portal_of(given)), **({} if auth is None else {"authenticationProperties": auth}))


def _completed_static(given: Any) -> Any:
    auth = given.authenticationProperties
    made = _static_target(given.iScsiName, _portal_of(given))
    return like(made, **({} if auth is None else {"authenticationProperties": auth}))
