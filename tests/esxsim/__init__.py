# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An embedded ESXi simulator: one host, in process or over HTTPS."""

from __future__ import annotations

from .clock import Clock
from .faults import FaultRule
from .managed import Call, ManagedObject, method
from .stub import SimStub, service_instance
from .tasks import Signal, TaskCancelled
from .world import World

__all__ = [
    "Call",
    "Clock",
    "FaultRule",
    "ManagedObject",
    "Signal",
    "SimStub",
    "TaskCancelled",
    "World",
    "method",
    "service_instance",
]
