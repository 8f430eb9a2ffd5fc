# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A guest that holds its CD-ROM drive: who takes the medium out of it is asked first.

The question comes where a running machine's connected drive is changed, disconnected or removed, and where the
installer of VMware Tools is unmounted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import paths
from .change import Change
from .known_questions import KNOWN_QUESTIONS
from .questions import Choice, Effect, QuestionRule

if TYPE_CHECKING:
    from .machine import VirtualMachine

LOCKED = "msg.cdromdisconnect.locked"
NO = "1"


def asked_by_change(vm: VirtualMachine, change: Change | None) -> list[QuestionRule]:
    """Return the question that a change of devices raises."""
    if change is None or not _holds(vm):
        return []
    drives = [one for one in vm.get("config.hardware.device") if _is_connected(one)]
    return _question(vm) if any(_lets_go(one, change.device(one.key)) for one in drives) else []


def asked_by_unmount(vm: VirtualMachine) -> list[QuestionRule]:
    """Return the question that is raised when the tools' medium is taken out."""
    return _question(vm) if _holds(vm) and vm.get("runtime.toolsInstallerMounted") else []


def _holds(vm: VirtualMachine) -> bool:
    return vm.guest.locks_cdrom and vm.get("runtime.powerState") == "poweredOn"


def _question(vm: VirtualMachine) -> list[QuestionRule]:
    known = KNOWN_QUESTIONS[LOCKED]
    return [
        QuestionRule(
            during="reconfigure",
            text=f"{LOCKED}:{known.text}",
            message_ids=(LOCKED,),
            choices=[_with_failure(one) for one in known.choices],
            default=known.default,
            on_answer=lambda _key: _unlock(vm),
        )
    ]


def _is_connected(one: Any) -> bool:
    return isinstance(one, vim.vm.device.VirtualCdrom) and bool(one.connectable and one.connectable.connected)


def _lets_go(before: Any, after: Any) -> bool:
    if after is None:
        return True
    is_connected = bool(after.connectable and after.connectable.connected)
    return not is_connected or not paths.same(before.backing, after.backing)


def _with_failure(choice: Choice) -> Choice:
    if choice.key != NO:
        return choice
    effect = Effect(what="fail", fields={"reason": "Connection control operation failed for the CD-ROM drive."})
    return Choice(key=choice.key, label=choice.label, summary=choice.summary, effect=effect)


def _unlock(vm: VirtualMachine) -> None:
    vm.guest.locks_cdrom = False
