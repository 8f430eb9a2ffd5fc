# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of its iSCSI adapter and of the disks behind it, in pyVmomi's data objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from .entity import filled, like, stable_uuid
from .iscsi_profile import LunProfile, OfferedTarget, Portal
from .profile import GIB

DEVICE = "vmhba64"
KEY = f"key-vim.host.InternetScsiHba-{DEVICE}"
BLOCK = 512
# Who is connected: a target, and where.
Connection = tuple[OfferedTarget, Portal]


def without_secrets(said: Any) -> Any:
    """Copy authentication properties as a host shows them: nobody is told a secret."""
    return None if said is None else like(said, chapSecret=None, mutualChapSecret=None)


def adapter(name: str, alias: str, auth: Any, send: Sequence[Any], static: Sequence[Any]) -> Any:
    """The software adapter with what it knows."""
    hba: Any = vim.host.InternetScsiHba
    return hba(
        key=KEY,
        device=DEVICE,
        bus=0,
        status="online",
        model="iSCSI Software Adapter",
        driver="iscsi_vmk",
        isSoftwareBased=True,
        canBeDisabled=True,
        networkBindingSupport="optional",
        discoveryCapabilities=filled(
            hba.DiscoveryCapabilities, staticTargetDiscoverySettable=True, sendTargetsDiscoverySettable=True
        ),
        discoveryProperties=filled(
            hba.DiscoveryProperties, staticTargetDiscoveryEnabled=True, sendTargetsDiscoveryEnabled=True
        ),
        authenticationCapabilities=filled(
            hba.AuthenticationCapabilities,
            chapAuthSettable=True,
            mutualChapSettable=True,
            targetChapSettable=True,
            targetMutualChapSettable=True,
        ),
        authenticationProperties=without_secrets(auth),
        ipCapabilities=filled(hba.IPCapabilities),
        ipProperties=filled(hba.IPProperties),
        iScsiName=name,
        iScsiAlias=alias,
        configuredSendTarget=[_shown(one) for one in send],
        configuredStaticTarget=[_shown(one) for one in static],
    )


def _shown(target: Any) -> Any:
    return like(target, authenticationProperties=without_secrets(target.authenticationProperties))


def disk_name(lun: LunProfile) -> str:
    """The canonical name of the disk; that of a datastore's is the one that its extent names."""
    words = ("disk", lun.datastore) if lun.datastore is not None else ("iscsi", lun.id)
    return f"naa.{stable_uuid(*words).replace('-', '')}"


def disk_key(lun: LunProfile) -> str:
    return f"key-vim.host.ScsiDisk-{disk_name(lun)}"


def disk(lun: LunProfile) -> Any:
    """The disk as the host has it."""
    name = disk_name(lun)
    path = f"/vmfs/devices/disks/{name}"
    return vim.host.ScsiDisk(
        deviceName=path,
        deviceType="disk",
        key=disk_key(lun),
        # As on a host: it begins with what it is, and ends with the model.
        uuid=f"0200{lun.lun:02x}0000{name.removeprefix('naa.')}{lun.model.encode().hex()[:12]}",
        canonicalName=name,
        displayName=f"{lun.vendor} iSCSI Disk ({name})",
        lunType="disk",
        vendor=lun.vendor,
        model=lun.model,
        revision="1.0",
        scsiLevel=6,
        serialNumber="unavailable",
        durableName=_durable_name(name),
        alternateName=[_durable_name(name)],
        # Bytes have a sign on the wire.
        standardInquiry=[0, 0, 6, 2, -117, *f"{lun.vendor:8.8}{lun.model:16.16}".encode()],
        queueDepth=128,
        operationalState=["ok"],
        capacity=vim.host.DiskDimensions.Lba(blockSize=BLOCK, block=lun.capacity_gib * GIB // BLOCK),
        devicePath=path,
        ssd=False,
        localDisk=False,
    )


def _durable_name(name: str) -> Any:
    return vim.host.ScsiLun.DurableName(namespace="GENERIC_VPD", namespaceId=5, data=[2, 0, 0, 0, *name.encode()])


def interface(connections: Sequence[Connection]) -> Any:
    """The adapter's part of the topology."""
    return vim.host.ScsiTopology.Interface(
        key=f"key-vim.host.ScsiTopology.Interface-{DEVICE}",
        adapter=KEY,
        target=[_target(number, *connection) for number, connection in enumerate(connections)],
    )


def _target(number: int, target: OfferedTarget, portal: Portal) -> Any:
    key = f"key-vim.host.ScsiTopology.Target-{DEVICE}:0:{number}"
    topology: Any = vim.host.ScsiTopology
    luns = [topology.Lun(key=f"{key}:{lun.lun}", lun=lun.lun, scsiLun=disk_key(lun)) for lun in target.luns]
    return topology.Target(key=key, target=number, lun=luns, transport=_transport(target, portal))


def _transport(target: OfferedTarget, portal: Portal) -> Any:
    return vim.host.InternetScsiTargetTransport(iScsiName=target.name, iScsiAlias="", address=[str(portal)])


def logical_units(connections: Sequence[Connection]) -> list[Any]:
    """The disks with the paths that lead to each."""
    disks = {disk_key(lun): lun for target, _portal in connections for lun in target.luns}
    return [_logical_unit(lun, connections) for lun in disks.values()]


def _logical_unit(lun: LunProfile, connections: Sequence[Connection]) -> Any:
    kinds: Any = vim.host.MultipathInfo
    key = f"key-vim.host.MultipathInfo.LogicalUnit-{disk_name(lun)}"
    paths = [
        kinds.Path(
            key=f"key-vim.host.MultipathInfo.Path-{DEVICE}:C0:T{number}:L{one.lun}",
            name=f"{DEVICE}:C0:T{number}:L{one.lun}",
            pathState="active",
            state="active",
            adapter=KEY,
            lun=key,
            transport=_transport(target, portal),
        )
        for number, (target, portal) in enumerate(connections)
        for one in target.luns
        if disk_key(one) == disk_key(lun)
    ]
    working = [like(path, isWorkingPath=number == 0) for number, path in enumerate(paths)]
    return kinds.LogicalUnit(
        key=key,
        id=disk(lun).uuid,
        lun=disk_key(lun),
        path=working,
        policy=kinds.FixedLogicalUnitPolicy(policy="VMW_PSP_FIXED", prefer=paths[0].name),
        storageArrayTypePolicy=kinds.LogicalUnitStorageArrayTypePolicy(policy="VMW_SATP_DEFAULT_AA"),
    )
