# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The questions that were seen on ESXi, by name, so that a scenario need only name them.

The texts are our own words. Keys and ids of choices are those that were seen; where none was seen, they follow the
pattern of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .questions import Choice, Effect

GO_ON, CANCEL, OFF, AGAIN = Effect(), Effect(what="cancel"), Effect(what="power-off"), Effect(what="again")


@dataclass(frozen=True, kw_only=True)
class Known:
    """One question; ``during`` is the operation that usually raises it."""

    text: str
    choices: tuple[Choice, ...]
    default: int | None
    during: str = "power-on"


def _choices(*each: tuple[str, str, Effect]) -> tuple[Choice, ...]:
    return tuple(
        Choice(key=str(key), label=label, summary=summary, effect=effect)
        for key, (label, summary, effect) in enumerate(each)
    )


def _yes_no(no: Effect = CANCEL) -> tuple[Choice, ...]:
    return _choices(("button.yes", "Yes", GO_ON), ("button.no", "No", no))


_RESUME = _choices(
    ("button.checkpoint.fail.preserve", "Preserve", CANCEL), ("button.checkpoint.fail.discard", "Discard", GO_ON)
)

KNOWN_QUESTIONS: Mapping[str, Known] = {
    "msg.cdromdisconnect.locked": Known(
        text="The guest has locked the CD-ROM drive and may still read from it. Disconnect it, and override the lock?",
        choices=_yes_no(),
        default=1,
        during="unmount-tools",
    ),
    "msg.checkpoint.resume.error": Known(
        text="The virtual machine could not be resumed. Keep its suspended state to correct the error, or discard it?",
        choices=_RESUME,
        default=0,
    ),
    "msg.checkpoint.resume.softError": Known(
        text="The virtual machine could not be resumed for a reason that can be corrected. Keep its suspended state?",
        choices=_RESUME,
        default=0,
    ),
    "msg.cpuid.noVHVQuestion": Known(
        text="This host has no virtualized hardware virtualization to offer. Continue without it?",
        choices=_yes_no(),
        default=0,
    ),
    "msg.disk.adapterMismatch": Known(
        text="The adapter type of a virtual disk differs from that of its controller. Correct it?",
        choices=_yes_no(),
        default=0,
    ),
    "msg.disk.duplicateUUID": Known(
        text="Two virtual disks have the same UUID. Continue?",
        choices=_yes_no(),
        default=0,
    ),
    "msg.hbacommon.corruptredo": Known(
        text="The redo log of a virtual disk is corrupt. The virtual machine has to be powered off.",
        choices=_choices(("button.ok", "OK", OFF)),
        default=0,
        during="now",
    ),
    "msg.hbacommon.locklost": Known(
        text="The lock that protects a virtual disk is lost. Make sure that the virtual machine runs elsewhere.",
        choices=_choices(("button.ok", "OK", OFF)),
        default=0,
        during="now",
    ),
    "msg.hbacommon.outofspace": Known(
        text="There is no more space for a virtual disk. Free some and retry, or end the session.",
        choices=_choices(("button.retry", "Retry", AGAIN), ("button.abort", "Cancel", OFF)),
        default=0,
        during="now",
    ),
    "msg.noAutodetectBackingQuestion": Known(
        text="A device of the host is not there to connect to. Try to connect it at every power-on?",
        choices=_yes_no(GO_ON),
        default=0,
    ),
    "msg.parallel.file.open": Known(
        text="The file of parallel port 1 exists already. Append to it, or replace it?",
        choices=_choices(
            ("button.parallel.file.append", "Append", GO_ON),
            ("button.parallel.file.replace", "Replace", GO_ON),
            ("button.parallel.file.cancel", "Cancel", CANCEL),
        ),
        default=0,
    ),
    "msg.serial.file.open": Known(
        text="The file of serial port 1 exists already. Append to it, or replace it?",
        choices=_choices(
            ("button.serial.file.append", "Append", GO_ON),
            ("button.serial.file.overwrite", "Replace", GO_ON),
            ("button.serial.file.cancel", "Cancel", CANCEL),
        ),
        default=0,
    ),
    "msg.upgradeVM.askToolsUpgrade": Known(
        text="An upgrade of the hardware before VMware Tools resets the guest's network settings. Upgrade Tools first.",
        choices=_choices(("button.upgrade.contVMU", "OK", GO_ON), ("button.upgrade.cancel", "Cancel", CANCEL)),
        default=1,
        during="reconfigure",
    ),
    "msg.uuid.altered": Known(
        text="This virtual machine may have been moved or copied. If it is not known, it was copied.",
        choices=_choices(
            ("button.uuid.cancel", "Cancel", CANCEL),
            ("button.uuid.movedTheVM", "I Moved It", GO_ON),
            ("button.uuid.copiedTheVM", "I Copied It", GO_ON),
        ),
        default=2,
    ),
    "msg.uuid.moved": Known(
        text="The place of this virtual machine's configuration has changed. Create a new identifier, or keep it?",
        choices=_choices(
            ("Create", "Create", GO_ON),
            ("Keep", "Keep", GO_ON),
            ("Always Create", "Always Create", GO_ON),
            ("Always Keep", "Always Keep", GO_ON),
            ("Cancel", "Cancel", CANCEL),
        ),
        default=0,
    ),
}
