# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people call the tasks, by their ``descriptionId``."""

from __future__ import annotations

LABELS = {
    "Datastore.enterMaintenanceMode": "Enter SDRS maintenance mode",
    "Datastore.exitMaintenanceMode": "Exit SDRS maintenance mode",
    "FileManager.copyFile": "Copy file",
    "FileManager.deleteFile": "Delete file",
    "FileManager.moveFile": "Move file",
    "Folder.createVm": "Create virtual machine",
    "Folder.registerVm": "Register virtual machine",
    "HostDatastoreBrowser.search": "Search datastore",
    "HostDatastoreBrowser.searchSubFolders": "Search datastore and its folders",
    "ManagedEntity.destroy": "Delete from disk",
    "ManagedEntity.rename": "Rename",
    "VirtualDiskManager.copyVirtualDisk": "Copy virtual disk",
    "VirtualDiskManager.createVirtualDisk": "Create virtual disk",
    "VirtualDiskManager.deleteVirtualDisk": "Delete virtual disk",
    "VirtualDiskManager.eagerZeroVirtualDisk": "Eagerly zero virtual disk",
    "VirtualDiskManager.extendVirtualDisk": "Extend virtual disk",
    "VirtualDiskManager.inflateVirtualDisk": "Inflate virtual disk",
    "VirtualDiskManager.moveVirtualDisk": "Move virtual disk",
    "VirtualDiskManager.queryVirtualDiskInfo": "Query virtual disk information",
    "VirtualDiskManager.shrinkVirtualDisk": "Shrink virtual disk",
    "VirtualDiskManager.zeroFillVirtualDisk": "Zero out virtual disk",
    "VirtualMachine.consolidateDisks": "Consolidate virtual machine disk files",
    "VirtualMachine.createScreenshot": "Create a screenshot",
    "VirtualMachine.createSnapshot": "Create virtual machine snapshot",
    "VirtualMachine.createSnapshotEx": "Create virtual machine snapshot",
    "VirtualMachine.powerOff": "Power Off virtual machine",
    "VirtualMachine.powerOn": "Power On virtual machine",
    "VirtualMachine.reconfigure": "Reconfigure virtual machine",
    "VirtualMachine.relocate": "Relocate virtual machine",
    "VirtualMachine.removeAllSnapshots": "Remove all snapshots",
    "VirtualMachine.reset": "Reset virtual machine",
    "VirtualMachine.revertToCurrentSnapshot": "Revert to current snapshot",
    "VirtualMachine.suspend": "Suspend virtual machine",
    "VirtualMachine.upgradeVirtualHardware": "Upgrade virtual hardware",
    "VirtualMachineProvisioningChecker.checkRelocate": "Check relocation",
    "VirtualMachineSnapshot.remove": "Remove snapshot",
    "VirtualMachineSnapshot.revert": "Revert snapshot",
}
