# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Partitions of disks: those that are there, and those that a VMFS datastore would get.

Source: vim.host.DiskPartitionInfo and vim.host.VmfsDatastoreOption. A datastore always gets the whole disk.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

kinds: Any = vim.host.DiskPartitionInfo
option: Any = vim.host.VmfsDatastoreOption
VMFS_GUID = "aa31e02a400f11db9590000c2911d1b8"
OTHER_GUID = "0fc63daf848347728e793d69d8477de4"
FIRST_SECTOR = 2048


def partition_info(disk: Any, holds: str | None) -> Any:
    """What is on a disk: ``vmfs``, ``other``, or None for nothing."""
    return kinds(
        deviceName=disk.devicePath,
        spec=_specification(disk, holds),
        layout=_layout(disk, holds),
    )


def create_options(disk: Any, version: int) -> list[Any]:
    """What a new datastore could have of a disk."""
    vmfs = vim.host.VmfsVolume.Specification(
        extent=_extent(disk),
        blockSizeMb=1,
        majorVersion=version,
        volumeName="",
    )
    spec = vim.host.VmfsDatastoreCreateSpec(diskUuid=disk.uuid, partition=_specification(disk, "vmfs"), vmfs=vmfs)
    return [option(info=_whole(disk), spec=spec)]


def extend_options(disk: Any) -> list[Any]:
    """What a datastore that is there could have of a disk."""
    spec = vim.host.VmfsDatastoreExtendSpec(
        diskUuid=disk.uuid, partition=_specification(disk, "vmfs"), extent=[_extent(disk)]
    )
    return [option(info=_whole(disk), spec=spec)]


def _whole(disk: Any) -> Any:
    return option.AllExtentInfo(
        layout=_layout(disk, "vmfs"), partitionFormatChange=False, vmfsExtent=_range(disk, "vmfs")
    )


def _extent(disk: Any) -> Any:
    return vim.host.ScsiDisk.Partition(diskName=disk.canonicalName, partition=1)


def _specification(disk: Any, holds: str | None) -> Any:
    sectors = disk.capacity.block
    partition = kinds.Partition(
        partition=1,
        startSector=FIRST_SECTOR,
        endSector=sectors - 34,
        type="vmfs" if holds == "vmfs" else "linuxNative",
        guid=VMFS_GUID if holds == "vmfs" else OTHER_GUID,
        logical=False,
        attributes=0,
    )
    return kinds.Specification(
        partitionFormat="gpt", totalSectors=sectors, partition=[] if holds is None else [partition]
    )


def _layout(disk: Any, holds: str | None) -> Any:
    # An array that has to be there cannot be made empty, it is so from the start.
    return kinds.Layout(total=disk.capacity, **({} if holds is None else {"partition": [_range(disk, holds)]}))


def _range(disk: Any, holds: str) -> Any:
    size = disk.capacity.blockSize

    def block(number: int) -> Any:
        return vim.host.DiskDimensions.Lba(blockSize=size, block=number)

    return kinds.BlockRange(
        partition=1,
        type="vmfs" if holds == "vmfs" else "linuxNative",
        start=block(FIRST_SECTOR),
        end=block(disk.capacity.block - 34),
    )
