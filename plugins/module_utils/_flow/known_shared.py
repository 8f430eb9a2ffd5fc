# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""
The questions that are not confirmed on ESXi: those that VMware's products share, and those of the hosted ones.

Both tables are sorted by message id.
"""

from __future__ import annotations

from .asked import Intent
from .known import DEPENDS, KEEPS, LOSES, Grade, KnownQuestion, button, cancel, discard, no, ok, retry, yes

_FREE_SPACE = "free space on the datastore first, then answer 'Retry'"

SHARED = (
    KnownQuestion(
        message_ids=("msg.cdrom.lockfail",),
        grade=Grade.SHARED,
        meaning="Another program on the host reads the physical CD drive.",
        buttons=(
            button("Retry", KEEPS, "tries again, and asks again if it fails", "button.cdrom.retry"),
            button("Disconnect", KEEPS, "starts without the drive", "button.cdrom.disconnect"),
            button("Ignore", KEEPS, "goes on and asks no more", "button.cdrom.ignoreAll"),
        ),
        safe=("Disconnect",),
    ),
    KnownQuestion(
        message_ids=("msg.cdromImage.disconnect",),
        grade=Grade.SHARED,
        meaning="An ISO image cannot be read. Let the guest see the error, or disconnect the drive?",
        buttons=(
            button("Continue", KEEPS, "passes the error on to the guest", "button.cdromImage.continue"),
            button("Disconnect", KEEPS, "disconnects the drive", "button.cdromImage.disconnect"),
        ),
        safe=("Disconnect",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.cpucheck.fail.question", "msg.checkpoint.cpucheck.fail.feature"),
        grade=Grade.SHARED,
        meaning="This processor lacks what the one at the time of the suspend had. Resume nevertheless?",
        buttons=(yes(LOSES, "resumes; the guest may crash"), no("stays suspended")),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.restore.error",),
        grade=Grade.SHARED,
        meaning="Going back to a snapshot failed; the snapshot itself is sound.",
        buttons=(
            cancel(KEEPS, "leaves things as they are"),
            discard("throws the current state away and powers off"),
        ),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.restore.newVersion",),
        grade=Grade.SHARED,
        meaning="The snapshot's state was made by a newer product that this one does not understand.",
        buttons=(cancel(KEEPS, "leaves things as they are"), discard("throws the state away")),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.restore.oldVersion",),
        grade=Grade.SHARED,
        meaning="The snapshot's state was made by an older product.",
        buttons=(
            button("Continue", DEPENDS, "resumes, which nobody supports"),
            cancel(KEEPS, "leaves things as they are"),
        ),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.resume.newVersion",),
        grade=Grade.SHARED,
        meaning="The machine was suspended by a newer product and cannot be resumed here.",
        buttons=(cancel(KEEPS, "stays suspended"), discard("throws the memory of the guest away")),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.resume.oldVersion",),
        grade=Grade.SHARED,
        meaning="The machine was suspended by an older product.",
        buttons=(
            button("Continue", DEPENDS, "resumes, which nobody supports"),
            button("Preserve", KEEPS, "stays suspended"),
            cancel(KEEPS, "stays suspended"),
            discard("throws the memory of the guest away"),
        ),
        safe=("Cancel", "Preserve"),
    ),
    KnownQuestion(
        message_ids=("msg.cpuid.unsupportedVendor",),
        grade=Grade.SHARED,
        meaning="The maker of this processor is not supported. Go on?",
        buttons=(yes(DEPENDS, "goes on; anything may happen"), no("does not go on")),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.deviceSwap.replaceLSISAS",),
        grade=Grade.SHARED,
        meaning="Replace the LSI SAS controller by a paravirtual one?",
        buttons=(
            yes(DEPENDS, "replaces it; a guest without its driver does not boot"),
            no("keeps the controller"),
            button("Never", KEEPS, "keeps the controller and asks no more", "button.deviceSwap.never"),
        ),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.disk.consistencyErrors",),
        grade=Grade.SHARED,
        meaning="A disk is inconsistent inside. Repair it and go on?",
        buttons=(yes(LOSES, "repairs; data of the guest may be lost"), no("does not touch the disk")),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.disk.notConfigured",),
        grade=Grade.SHARED,
        meaning="A disk cannot be set up. Go on without it?",
        buttons=(yes(DEPENDS, "boots without the disk"), no("does not go on")),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.disk.redoLogPersistent",),
        grade=Grade.SHARED,
        meaning="There is a redo log for a disk that should have none. What to do with it?",
        buttons=(
            button("Commit", LOSES, "writes it into the disk, for good", "button.disk.commit"),
            discard("throws it away, for good", "button.disk.discard"),
            cancel(KEEPS, "leaves both as they are", "button.disk.cancel"),
        ),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.disk.scaryWithLostSectors", "msg.disk.scaryWithNoLostSectors"),
        grade=Grade.SHARED,
        meaning="A disk is inconsistent inside, and sectors are or may be lost. Repair it and go on?",
        buttons=(yes(LOSES, "repairs; data of the guest may be lost"), no("does not touch the disk")),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.mbr.bogus",),
        grade=Grade.SHARED,
        meaning="The disk to boot from has no valid boot record.",
        buttons=(ok(LOSES, "powers the machine off"),),
        advice="'OK' switches the machine off",
        note="The only choice is the harmful one.",
    ),
    KnownQuestion(
        message_ids=("msg.monitorEvent.14552",),
        grade=Grade.SHARED,
        meaning="The guest has set up a device so that its ranges of ports overlap.",
        buttons=(ok(LOSES, "resets the machine"), cancel(KEEPS, "goes on")),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.monitorEvent.tripleFaultDumpCore", "msg.monitorEvent.tripleFaultSuspend"),
        grade=Grade.SHARED,
        meaning="The guest's processor stopped with a triple fault. Keep a dump?",
        buttons=(ok(KEEPS, "keeps a dump, and where asked so suspends"), cancel(LOSES, "powers the machine off")),
        safe=("OK",),
    ),
    KnownQuestion(
        message_ids=("msg.monitorEvent.tripleFaultRestart",),
        grade=Grade.SHARED,
        meaning="The guest's processor stopped with a triple fault. Restart the machine?",
        buttons=(ok(LOSES, "restarts the machine"), cancel(LOSES, "powers the machine off")),
        advice="'OK' restarts the machine, 'Cancel' switches it off",
        note="Both end what the guest was doing.",
    ),
    KnownQuestion(
        message_ids=("msg.msr.VTmismatch",),
        grade=Grade.SHARED,
        meaning="The processors of the host differ in what they offer for virtualization.",
        buttons=(cancel(KEEPS, "does not go on"), button("Continue", DEPENDS, "goes on without it")),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.snapshot.powerOff.prompt",),
        grade=Grade.SHARED,
        meaning="The machine was powered off. What about its disks?",
        buttons=(
            button("Just Power Off", KEEPS, "keeps the disks as they are", "button.promptOnPoweredOff.poweroff"),
            button("Revert to Snapshot", LOSES, "throws away what the run wrote", "button.promptOnPoweredOff.revert"),
            button("Take a Snapshot", KEEPS, "keeps them in a snapshot too", "button.promptOnPoweredOff.snapshot"),
        ),
        safe=("Just Power Off",),
        note="Probably of the hosted products only.",
    ),
    KnownQuestion(
        message_ids=("msg.snapshotRevert",),
        grade=Grade.SHARED,
        meaning="Going back to a snapshot loses the current state. Do it?",
        buttons=(yes(LOSES, "throws the current state away"), no("leaves things as they are")),
        safe=("No",),
        safe_after={Intent.REVERT: "Yes"},
        note="Probably of the hosted products only.",
    ),
    KnownQuestion(
        message_ids=("msg.svga.compatCheckFailed", "msg.svga.compatFeatureCheckFailed"),
        grade=Grade.SHARED,
        meaning="The snapshot needs a graphics device or feature that this host lacks.",
        buttons=(
            cancel(KEEPS, "leaves things as they are"),
            button("Continue", LOSES, "resumes; the guest may fail"),
        ),
        safe=("Cancel",),
    ),
    KnownQuestion(
        message_ids=("msg.upgrade.okToContinue",),
        grade=Grade.SHARED,
        meaning="Go on with the upgrade of the virtual hardware?",
        buttons=(yes(DEPENDS, "upgrades; there is no way back"), no("does not upgrade")),
        safe=("No",),
        safe_after={Intent.UPGRADE: "Yes"},
    ),
    KnownQuestion(
        message_ids=("msg.vmci.collision",),
        grade=Grade.SHARED,
        meaning="The machine's VMCI id is taken. Go on with another?",
        buttons=(
            button("Continue", KEEPS, "goes on with a new id", "button.vmci.continue"),
            cancel(KEEPS, "does not go on", "button.vmci.cancel"),
        ),
        safe=("Continue",),
    ),
    KnownQuestion(
        message_ids=("msg.vmx.nestedVM",),
        grade=Grade.SHARED,
        meaning="The host is itself a virtual machine and will be slow. Go on?",
        buttons=(yes(KEEPS, "goes on"), no("does not go on")),
        safe=("Yes",),
    ),
    KnownQuestion(
        message_ids=("msg.vmxaiomgr.retryabort.diskfull",),
        grade=Grade.SHARED,
        meaning="A file of the machine cannot be written because its file system is full.",
        buttons=(retry(), button("Abort", LOSES, "ends the machine", None, "Cancel")),
        advice=f"{_FREE_SPACE}; 'Abort' ends the machine",
    ),
    KnownQuestion(
        message_ids=("msg.vmxaiomgr.retrycontabort.diskoverwrite",),
        grade=Grade.SHARED,
        meaning="The guest's write cannot be carried out because the file system of its disk is full.",
        buttons=(
            retry(),
            button("Abort", LOSES, "powers the machine off", None, "Power Off", "Cancel"),
            button("Continue", LOSES, "passes the error on; the guest's file system may break"),
        ),
        advice=f"{_FREE_SPACE}; 'Abort' switches the machine off",
    ),
    KnownQuestion(
        message_ids=("msg.vmxaiomgr.retrycontabort.rudeunplug",),
        grade=Grade.SHARED,
        meaning="A file of the machine cannot be reached: its storage is gone.",
        buttons=(
            retry(),
            button("Abort", LOSES, "powers the machine off", None, "Power Off", "Cancel"),
            button("Continue", LOSES, "passes the error on; the guest's file system may break"),
        ),
        safe=("Retry",),
        note="'max_answers' bounds the retries.",
    ),
    KnownQuestion(
        message_ids=("msg.vvtd.drainingDisabledQuestion",),
        grade=Grade.SHARED,
        meaning="A PCI device is passed through, and the host cannot drain its DMA. Go on?",
        buttons=(yes(DEPENDS, "goes on without that feature"), no("does not go on")),
        safe=("No",),
    ),
)

HOSTED = (
    KnownQuestion(
        message_ids=("msg.disk.permission.read", "msg.disk.permission.write"),
        grade=Grade.HOSTED,
        meaning="The guest wants to reach a raw partition.",
        buttons=(
            button("Allow", DEPENDS, "lets it", "button.disk.allow"),
            button("Allow all", DEPENDS, "lets it, and asks no more", "button.disk.allowAll"),
            button("Deny", KEEPS, "does not let it", "button.disk.deny"),
            button("Deny all", KEEPS, "does not let it, and asks no more", "button.disk.denyAll"),
        ),
    ),
    KnownQuestion(
        message_ids=("msg.floppy.changeName",),
        grade=Grade.HOSTED,
        meaning="The path of the floppy looks wrong. Change it?",
        buttons=(yes(DEPENDS, "changes it"), no("keeps it")),
    ),
    KnownQuestion(
        message_ids=("msg.mks.lockFail",),
        grade=Grade.HOSTED,
        meaning="Another machine holds keyboard and mouse. Override?",
        buttons=(yes(DEPENDS, "takes them"), no("leaves them")),
    ),
    KnownQuestion(
        message_ids=("msg.nfsmounted.persistent",),
        grade=Grade.HOSTED,
        meaning="A disk lies on a remote file system.",
        buttons=(ok(DEPENDS, "goes on"), cancel(KEEPS, "does not go on")),
    ),
    KnownQuestion(
        message_ids=("msg.noLogOutput",),
        grade=Grade.HOSTED,
        meaning="The log cannot be written. Go on?",
        buttons=(button("Continue", DEPENDS, "goes on without a log"), cancel(KEEPS, "does not go on")),
    ),
)
