# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""The questions that were seen on ESXi or vCenter, sorted by message id."""

from __future__ import annotations

from .asked import Intent
from .known import DEPENDS, KEEPS, LOSES, Grade, KnownQuestion, button, cancel, discard, no, ok, retry, yes

_RESUME_FAILED = (
    button(
        "Preserve",
        KEEPS,
        "keeps the suspended state; the machine stays suspended",
        "button.checkpoint.fail.preserve",
    ),
    discard("throws the memory of the guest away and starts it anew", "button.checkpoint.fail.discard"),
)

CONFIRMED = (
    KnownQuestion(
        message_ids=("msg.cdromdisconnect.locked",),
        grade=Grade.CONFIRMED,
        meaning="The guest has locked the CD drive that is to be disconnected or changed. Override the lock?",
        buttons=(
            yes(KEEPS, "disconnects the medium under the guest's hands"),
            no("leaves the medium in; what was asked for fails"),
        ),
        safe=("No",),
        safe_after={Intent.EJECT: "Yes"},
        note="The usual default is No.",
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.resume.error",),
        grade=Grade.CONFIRMED,
        meaning="The suspended machine cannot be resumed. Keep its suspended state?",
        buttons=_RESUME_FAILED,
        safe=("Preserve",),
    ),
    KnownQuestion(
        message_ids=("msg.checkpoint.resume.softError",),
        grade=Grade.CONFIRMED,
        meaning="The suspended machine cannot be resumed, for a reason that can be mended. Keep its suspended state?",
        buttons=_RESUME_FAILED,
        safe=("Preserve",),
    ),
    KnownQuestion(
        message_ids=("msg.cpuid.noVHVQuestion",),
        grade=Grade.CONFIRMED,
        meaning="The machine wants nested virtualization, and this host has none to give. Go on without?",
        buttons=(
            yes(DEPENDS, "powers on; a hypervisor inside the guest will not work"),
            no("does not power on"),
        ),
        safe=("No",),
        note="Yes is right for a guest that is no hypervisor.",
    ),
    KnownQuestion(
        message_ids=("msg.disk.adapterMismatch",),
        grade=Grade.CONFIRMED,
        meaning="The adapter type in a disk's descriptor is not that of the controller it is attached to.",
        advice="correct the adapter type of the disk or of the controller",
        note="The choices are not known well enough; the guest may not boot with the wrong one.",
    ),
    KnownQuestion(
        message_ids=("msg.disk.duplicateUUID",),
        grade=Grade.CONFIRMED,
        meaning="Two disks of the machine have the same UUID, as copies of one disk do. Go on?",
        buttons=(
            yes(DEPENDS, "goes on; the guest may take one disk for the other"),
            no("does not go on"),
        ),
        safe=("No",),
        note="Yes is right where the chain of the disks is known.",
    ),
    KnownQuestion(
        message_ids=("msg.hbacommon.corruptredo",),
        grade=Grade.CONFIRMED,
        meaning="The delta of a disk, a snapshot's redo log, is corrupt and the machine cannot run on.",
        buttons=(ok(LOSES, "powers the machine off"),),
        advice="'OK' switches the machine off, so save what can be saved first",
        note="The only choice is the harmful one.",
    ),
    KnownQuestion(
        message_ids=("msg.hbacommon.locklost",),
        grade=Grade.CONFIRMED,
        meaning="The lock on a disk was lost, as after an outage of the storage when another host took over.",
        buttons=(ok(LOSES, "powers this copy of the machine off"),),
        advice="make sure that another host runs the machine before answering 'OK', which switches this copy off",
        note="The only choice is the harmful one, unless the machine runs elsewhere.",
    ),
    KnownQuestion(
        message_ids=("msg.hbacommon.outofspace",),
        grade=Grade.CONFIRMED,
        meaning="The datastore has no space left for what the guest writes to a thin disk or a snapshot.",
        buttons=(
            retry(),
            cancel(LOSES, "ends the machine as pulling the plug does"),
        ),
        advice="free space on the datastore first, then answer 'Retry'; 'Cancel' switches the machine off",
        note="Holds up power-off and deletion too.",
    ),
    KnownQuestion(
        message_ids=("msg.noAutodetectBackingQuestion",),
        grade=Grade.CONFIRMED,
        meaning="The host has no device behind a floppy, CD, serial or sound device. Try again at every power-on?",
        buttons=(
            yes(KEEPS, "starts without the device and asks again next time"),
            no("starts without the device and asks no more"),
        ),
        safe=("No",),
    ),
    KnownQuestion(
        message_ids=("msg.parallel.file.open",),
        grade=Grade.CONFIRMED,
        meaning="The file behind a parallel port exists already.",
        buttons=(
            button("Append", KEEPS, "writes after what is there", "button.parallel.file.append"),
            button("Replace", LOSES, "empties the file", "button.parallel.file.replace", "Overwrite"),
            cancel(KEEPS, "leaves the port disconnected or does not go on", "button.parallel.file.cancel"),
        ),
        safe=("Append",),
    ),
    KnownQuestion(
        message_ids=("msg.serial.file.open",),
        grade=Grade.CONFIRMED,
        meaning="The file behind a serial port exists already.",
        buttons=(
            button("Append", KEEPS, "writes after what is there", "button.serial.file.append"),
            button("Replace", LOSES, "empties the file", "button.serial.file.overwrite", "Overwrite"),
            cancel(KEEPS, "leaves the port disconnected or does not go on", "button.serial.file.cancel"),
        ),
        safe=("Append",),
    ),
    KnownQuestion(
        message_ids=("msg.upgradeVM.askToolsUpgrade",),
        grade=Grade.CONFIRMED,
        meaning="The hardware is to be upgraded, and VMware Tools in the guest are old or missing.",
        buttons=(
            ok(LOSES, "upgrades; the network settings of the guest start anew"),
            button(
                "Upgrade", LOSES, "upgrades; the network settings of the guest start anew", "button.upgrade.contVMU"
            ),
            cancel(KEEPS, "does not upgrade", "button.upgrade.cancel"),
        ),
        safe=("Cancel",),
        note="Upgrade VMware Tools first. The question was seen, its message id is the probable one.",
    ),
    KnownQuestion(
        message_ids=("msg.uuid.altered",),
        grade=Grade.CONFIRMED,
        meaning="The machine lies in another place than when it ran last. Was it moved or copied?",
        buttons=(
            cancel(KEEPS, "does not power on", "button.uuid.cancel"),
            button("I moved it", KEEPS, "keeps UUID and MAC addresses", "button.uuid.movedTheVM"),
            button(
                "I copied it", DEPENDS, "gives the machine a new UUID and new MAC addresses", "button.uuid.copiedTheVM"
            ),
        ),
        safe_after={
            Intent.DEFINE: "I moved it",
            Intent.MIGRATE: "I moved it",
            Intent.RESTORE: "I moved it",
            Intent.CLONE: "I copied it",
        },
        safe_default=True,
        note="The usual default is 'I copied it'. Identity is at stake, no data.",
    ),
    KnownQuestion(
        message_ids=("msg.uuid.moved",),
        grade=Grade.CONFIRMED,
        meaning="The same of ESX 2 and 3: the machine lies in another place. Keep its UUID or create one?",
        buttons=(
            button("Create", DEPENDS, "gives the machine a new UUID"),
            button("Keep", KEEPS, "keeps the UUID"),
            button("Always Create", DEPENDS, "gives the machine a new UUID, now and whenever it is moved"),
            button("Always Keep", KEEPS, "keeps the UUID, now and whenever it is moved"),
            cancel(KEEPS, "does not power on"),
        ),
        safe=("Create",),
    ),
)
