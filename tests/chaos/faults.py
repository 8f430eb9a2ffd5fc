# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of the matrix: what each does to one request of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule

# Far longer than a host takes, and shorter than any timeout of a task.
SLOW_SECONDS = 20.0
DOWN_SECONDS = 0.05
# Requests that need room on a datastore.
ROOM = frozenset(
    {
        *("CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task", "CreateSnapshot_Task", "RelocateVM_Task"),
        *("CreateVirtualDisk_Task", "CopyVirtualDisk_Task", "ExtendVirtualDisk_Task", "MakeDirectory", "PUT"),
        *("CopyDatastoreFile_Task", "MoveDatastoreFile_Task", "RegisterVM_Task", "CreateScreenshot_Task"),
    }
)


@dataclass(frozen=True)
class Fault:
    """
    One fault. ``action`` is the simulator's, with its ``fields``; "" where it is we who die.

    ``is_sent``: the host carries the request out. ``only``: the methods that it can hit, None is all.
    """

    action: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_sent: bool = True
    only: frozenset[str] | None = None

    @property
    def kills(self) -> bool:
        """Tell whether it is our process that is gone."""
        return not self.action

    @property
    def restarts(self) -> bool:
        """Tell whether the host forgets its sessions and tasks."""
        return self.action.startswith("restart")

    def rule(self, number: int) -> FaultRule:
        """Return the rule that spoils the request of that number, counted from 1."""
        return FaultRule(skip=number - 1, action=self.action, **self.fields)


FAULTS: Mapping[str, Fault] = {
    "latency": Fault("latency", {"seconds": SLOW_SECONDS}),
    "session-expired": Fault("session-expiry", is_sent=False),
    "dropped-before": Fault("drop-before", is_sent=False),
    "dropped-after": Fault("drop-after"),
    "http-503": Fault("http-503", is_sent=False),
    "truncated": Fault("truncate"),
    "garbage": Fault("garbage"),
    "disk-full": Fault("disk-full", is_sent=False, only=ROOM),
    "restarted-before": Fault("restart-before", {"seconds": DOWN_SECONDS}, is_sent=False),
    "restarted-after": Fault("restart-after", {"seconds": DOWN_SECONDS}),
    "killed-before": Fault("", is_sent=False),
    "killed-after": Fault(""),
}
