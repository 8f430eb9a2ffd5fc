# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's own storage devices: a local adapter and its disks, one of them for each VMFS datastore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyVmomi import vim

from .entity import stable_uuid
from .profile import GIB, DatastoreProfile, DiskProfile

LOCAL = "key-vim.host.BlockHba-vmhba0"


def canonical_name(store: DatastoreProfile) -> str:
    """The name of the disk that a VMFS datastore lies on."""
    return f"naa.{stable_uuid('disk', store.name).replace('-', '')}"


def disks_of(stores: Sequence[DatastoreProfile]) -> list[DiskProfile]:
    """The disks that VMFS datastores lie on."""
    return [
        DiskProfile(
            name=canonical_name(store),
            uuid=stable_uuid("lun", store.name).replace("-", ""),
            capacity_gib=store.capacity_gib,
        )
        for store in stores
        if store.kind == "vmfs"
    ]


def spare_disk(name: str, **given: Any) -> DiskProfile:
    """A disk on which there is no datastore."""
    return DiskProfile(name=name, uuid=stable_uuid("lun", "spare", name).replace("-", ""), **given)


def storage_device(disks: Sequence[DiskProfile]) -> Any:
    return vim.host.StorageDeviceInfo(
        hostBusAdapter=[_local()],
        scsiLun=[_disk(one) for one in disks],
        scsiTopology=vim.host.ScsiTopology(
            adapter=[
                vim.host.ScsiTopology.Interface(
                    key="key-vim.host.ScsiTopology.Interface-vmhba0",
                    adapter=LOCAL,
                    target=[_target(number, one) for number, one in enumerate(disks)],
                )
            ]
        ),
        softwareInternetScsiEnabled=False,
    )


def _local() -> Any:
    return vim.host.BlockHba(
        key=LOCAL,
        device="vmhba0",
        bus=3,
        status="online",
        model="SATA Controller",
        driver="vmw_ahci",
        pci="0000:03:00.0",
    )


def _lun_key(disk: DiskProfile) -> str:
    return f"key-vim.host.ScsiDisk-{disk.name}"


def _disk(disk: DiskProfile) -> Any:
    name = disk.name
    return vim.host.ScsiDisk(
        deviceName=f"/vmfs/devices/disks/{name}",
        deviceType="disk",
        key=_lun_key(disk),
        uuid=disk.uuid,
        canonicalName=name,
        displayName=f"Local disk ({name})",
        lunType="disk",
        vendor="EXAMPLE",
        model="SIMDISK",
        revision="1",
        operationalState=["ok"],
        capacity=vim.host.DiskDimensions.Lba(blockSize=512, block=disk.capacity_gib * GIB // 512),
        devicePath=f"/vmfs/devices/disks/{name}",
        ssd=disk.ssd,
        localDisk=disk.local,
    )


def _target(number: int, disk: DiskProfile) -> Any:
    key = f"key-vim.host.ScsiTopology.Target-vmhba0:0:{number}"
    lun = vim.host.ScsiTopology.Lun(key=f"{key}-lun", lun=0, scsiLun=_lun_key(disk))
    return vim.host.ScsiTopology.Target(key=key, target=number, lun=[lun])
