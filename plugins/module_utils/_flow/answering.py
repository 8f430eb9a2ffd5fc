# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Answering what is pending, for its own sake.

Source: vim.VirtualMachine ``runtime.question``, method AnswerVM.
"""

from __future__ import annotations

from .script import Done, Script, Unblock, settle
from .state import Vm, VmState


def unblock(_vm: Vm, state: VmState, *, wait_for_task: bool) -> Script:
    """
    Answer the question that the VM has, by the policy.

    With ``wait_for_task`` the task that it held up is followed to its end, and its further questions are answered too;
    without it, the answer being taken is enough. A VM without a question is left alone.
    """
    if state.question is None:
        return Done()
    if wait_for_task:
        yield from settle(state)
    else:
        yield Unblock()
    return Done()
