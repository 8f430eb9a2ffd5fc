# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Which virtual machines start and stop with the host, in which order.

Source: vim.host.AutoStartManager and its AutoPowerInfo: changes are taken one after the other, a new place in the order
pushes back what is there, and what neither starts nor stops has no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pyVmomi import vim, vmodl

from .entity import Plain, like, stated
from .managed import Call, Key, key_of, method

MOID = "ha-autostart-mgr"
START_ACTIONS = frozenset({"none", "poweron"})
STOP_ACTIONS = frozenset({"none", "systemdefault", "poweroff", "suspend", "guestshutdown"})
ANY = -1
Entries = dict[Key, Any]


class AutoStartManager(Plain):
    """The order of a host's virtual machines, and what holds where an entry says nothing."""

    type_name = "HostAutoStartManager"
    derive: ClassVar[dict[str, Any]] = {"config": lambda manager: manager.current()}

    def __init__(self) -> None:
        super().__init__(MOID)
        self._defaults = vim.host.AutoStartManager.SystemDefaults(
            enabled=False, startDelay=120, stopDelay=120, waitForHeartbeat=False, stopAction="PowerOff"
        )
        self._entries: Entries = {}

    def current(self) -> Any:
        """The configuration; a machine that is gone has no entry any more."""
        kept = [one for key, one in self._entries.items() if self.world.find_or_none(*key) is not None]
        return vim.host.AutoStartManager.Config(defaults=self._defaults, powerInfo=kept)

    @method("ReconfigureAutostart")
    def reconfigure(self, call: Call, *, spec: Any) -> None:
        entries = {key_of(one.key): one for one in self.current().powerInfo}
        for one in spec.powerInfo:
            call.world.find(*key_of(one.key))
            _check(one)
            _enter(entries, one)
        self._entries = entries
        if spec.defaults is not None:
            self._defaults = like(self._defaults, **stated(spec.defaults))
        self.touch("config")
        for host in call.world.of_type("HostSystem"):
            host.touch("config.autoStart")


def _check(one: Any) -> None:
    rules: Mapping[str, bool] = {
        "startAction": one.startAction.lower() in START_ACTIONS,
        "stopAction": one.stopAction.lower() in STOP_ACTIONS,
        "startDelay": one.startDelay >= ANY,
        "stopDelay": one.stopDelay >= ANY,
        "startOrder": one.startOrder == ANY or (one.startOrder > 0 and _starts(one)),
    }
    for name, kept in rules.items():
        if not kept:
            raise _wrong(name)


def _enter(entries: Entries, one: Any) -> None:
    """Take in one change; none for both actions takes the entry away."""
    key = key_of(one.key)
    entries.pop(key, None)
    if not _starts(one) and one.stopAction.lower() == "none":
        return
    if one.startOrder > 1 + sum(map(_starts, entries.values())):
        raise _wrong("startOrder")
    _make_way(entries, one.startOrder)
    entries[key] = one


def _make_way(entries: Entries, order: int) -> None:
    """Push back by one what stands at a place, and so on until there is a gap."""
    taken = next((key for key, one in entries.items() if one.startOrder == order != ANY), None)
    if taken is not None:
        _make_way(entries, order + 1)
        entries[taken] = like(entries[taken], startOrder=order + 1)


def _starts(one: Any) -> bool:
    return bool(one.startAction.lower() == "poweron")


def _wrong(name: str) -> Exception:
    where = f"spec.powerInfo.{name}"
    fault: Exception = vmodl.fault.InvalidArgument(
        invalidProperty=where, msg=f"A specified parameter was not correct: {where}"
    )
    return fault
