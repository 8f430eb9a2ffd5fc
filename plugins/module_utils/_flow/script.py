# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What one virtual machine's work is made of.

A *script* says what to do with one VM, straight on: a generator that yields requests (start this task, wait until that)
and is sent what happened. It asks no host and knows no other VM; whoever drives it decides how many run side by side,
and whether they run for real or are only rehearsed for check mode. Failures are thrown into it, so it may catch one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from .._errors import EsxError
from .state import PowerState, TaskState, VmState


@dataclass(frozen=True, kw_only=True)
class Run:
    """
    Start a task and wait for its end.

    ``method`` is the VirtualMachine method (``PowerOnVM_Task``), ``operation`` the ``descriptionId`` that its tasks
    bear; ``becomes`` is the power state that it leads to, None where it does not change it. ``target`` is the type and
    the id of what the method belongs to where that is not the VM itself but a part of it, such as a snapshot.
    """

    method: str
    operation: str
    becomes: PowerState | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """Call a method that has no task; it may block on a question all the same. ``target`` as in :class:`Run`."""

    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Read a property of the VM anew (``config``); nothing is changed by it."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Follow:
    """Wait for the end of a task that somebody else started; that it fails is not our failure."""

    moid: str


@dataclass(frozen=True, kw_only=True)
class Unblock:
    """Wait until the question that is pending has gone."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """
    Wait until ``test`` holds, for at most ``seconds`` (None: as long as the VM may take).

    ``becomes`` is the power state that is expected at the end, None where none is.
    """

    test: Callable[[VmState], bool]
    what: str
    seconds: float | None = None
    becomes: PowerState | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """
    How a script ends.

    ``acts`` are things done that no state shows (``reset``); ``before`` and ``after`` are what else it changed, by
    name, for ``--diff`` and for ``changed``; ``lines`` say the same in the words of a VMX.
    """

    acts: tuple[str, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Achieved:
    """
    Note what has been done so far, which is the result if the script fails later; nothing is waited for.

    ``steps`` name it for people.
    """

    done: Done
    steps: tuple[str, ...]


Request = Union[Run, Call, Fetch, Follow, Unblock, Until, Achieved]


@dataclass(frozen=True, kw_only=True)
class Happened:
    """
    What came of a request: the state now, the task that ended if any, and whether ``Until`` ran out of time.

    ``value`` is what ``Fetch`` read, of a type that scripts hand on and never look into.
    """

    state: VmState
    task: TaskState | None = None
    timed_out: bool = False
    value: Any = None


class Interrupted(EsxError):
    """
    A request came to nothing because something got in between; look at ``state`` and decide again.

    ``error`` is what the host said.
    """

    def __init__(self, error: EsxError, state: VmState) -> None:
        super().__init__(str(error), **error.details)
        self.error = error
        self.state = state


Script = Generator[Request, Happened, Done]
"""One VM's work; made by a function of (vm, state)."""


def settle(state: VmState) -> Generator[Request, Happened, VmState]:
    """
    Let everything that is pending come to its end before anything new is started, and return the state after that.

    A question is answered by the policy, or fails the script; the task that it held up is then waited for.
    """
    while True:
        pending = state.pending
        if pending is not None:
            happened = yield Follow(moid=pending.moid)
        elif state.question is not None:
            happened = yield Unblock()
        else:
            return state
        state = happened.state
