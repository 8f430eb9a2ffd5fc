# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Autostart: what a host does with which virtual machine as it starts and stops, and how that becomes something else.

Source: vim.host.AutoStartManager. A host takes changes one after the other, pushes back who stands at a place that is
given to another, and forgets who neither starts nor stops. Law: ``arrange`` foresees what the host will then say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .._errors import OptionError, PlanError
from .outcome import BatchResult
from .pace import LONGEST_SECONDS, number_of
from .state import Vm

START_ACTIONS = ("power-on", "none")
STOP_ACTIONS = ("host-default", "power-off", "suspend", "guest-shutdown", "none")
HEARTBEAT = ("yes", "no", "host-default")
UNSAID = -1
"""For an order: any; for a delay: the host's own."""
SHOWN_NAMES = 10

NamesOf = Callable[[Sequence[str]], Mapping[str, str]]
"""Gives the names of VMs by moid; called only where a name is needed, for it costs a round trip."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a host does with one VM; delays are seconds, :data:`UNSAID` leaves them to the host. Initially: nothing."""

    start_action: str = "none"
    start_order: int = UNSAID
    start_delay: int = UNSAID
    wait_for_heartbeat: str = "host-default"
    stop_action: str = "none"
    stop_delay: int = UNSAID

    @property
    def starts(self) -> bool:
        """True where the VM is part of the sequence in which machines are started."""
        return self.start_action == "power-on"


NOTHING = Entry()
NEW = Entry(start_action="power-on", stop_action="host-default")
FIELDS = tuple(asdict(NOTHING))


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """A host's own settings: whether it starts and stops machines at all, and what holds where an entry is silent."""

    enabled: bool = False
    start_delay: int = 120
    stop_delay: int = 120
    wait_for_heartbeat: bool = False
    stop_action: str = "power-off"


@dataclass(frozen=True, kw_only=True)
class Autostart:
    """All that a host has to say about it; ``entries`` by moid, in the host's order."""

    defaults: Defaults = field(default_factory=Defaults)
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def entry(self, moid: str) -> Entry:
        """Return what the host does with a VM."""
        return self.entries.get(moid, NOTHING)

    def shown(self, moid: str) -> dict[str, Any]:
        """Return a VM's entry as a result shows it, with ``enabled``: whether the VM will start with the host."""
        entry = self.entry(moid)
        return {"enabled": entry.starts and self.defaults.enabled, **asdict(entry)}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """
    What the options ask for.

    ``stated`` are the fields of an entry that are given, by name, without the order: ``first`` is the order of the
    first VM, None where none is given. ``defaults`` are the fields of the host's own settings that are given.
    """

    present: bool
    stated: Mapping[str, Any]
    first: int | None
    manage_defaults: bool
    defaults: Mapping[str, Any]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """
        Read the options.

        Raises:
            OptionError: a number makes no sense, or options contradict each other.
        """
        stated = {name: params[name] for name in FIELDS if params.get(name) is not None}
        for name in ("start_delay", "stop_delay"):
            if name in stated:
                number_of(params, name, least=UNSAID, most=LONGEST_SECONDS)
        first = stated.pop("start_order", None)
        if first is not None:
            number_of(params, "start_order", least=UNSAID, most=LONGEST_SECONDS)
        if first == 0:
            raise OptionError("'start_order' must be 1 or more, or -1 for any; found 0", option="start_order")
        present = params["state"] == "present"
        if first is not None and first != UNSAID and present and not Entry(start_action=stated["start_action"]).starts:
            raise OptionError("'start_order' is of no use with 'start_action: none'", option="start_order")
        defaults = {name: value for name, value in (params["defaults"] or {}).items() if value is not None}
        if defaults and not params["manage_defaults"]:
            raise OptionError("'defaults' is given: say 'manage_defaults: true' too", option="manage_defaults")
        for name in ("start_delay", "stop_delay"):
            if name in defaults:
                number_of(defaults, name, least=0, most=LONGEST_SECONDS)
        return cls(
            present=present, stated=stated, first=first, manage_defaults=params["manage_defaults"], defaults=defaults
        )

    @property
    def starts(self) -> bool:
        """True where VMs are to start with the host."""
        return self.present and Entry(start_action=self.stated["start_action"]).starts

    def entry(self, have: Entry, place: int) -> Entry:
        """Return what is wanted of the VM at a place in the selection, counted from 0, where the host has ``have``."""
        if not self.present:
            return NOTHING
        entry = replace(NEW if have == NOTHING and self.starts else have, **self.stated)
        if not entry.starts:
            return NOTHING if entry.stop_action == "none" else replace(entry, start_order=UNSAID)
        if self.first is None:
            return entry
        return replace(entry, start_order=UNSAID if self.first == UNSAID else self.first + place)


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """
    What is to be sent to a host, and what it will say then.

    ``entries`` are those to send, in this order; ``defaults`` the fields of its own settings; ``moved`` the VMs that
    nobody asked for and that get another place, by moid, with their names.
    """

    after: Autostart
    entries: tuple[tuple[str, Entry], ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to send."""
        return not self.entries and not self.defaults


def arrange(have: Autostart, vms: Sequence[Vm], wish: Wish, names_of: NamesOf) -> Arrangement:
    """
    Find out what is to be sent to one host for what is wished of its ``vms``.

    Raises:
        PlanError: VMs that nobody asked for would begin to start with the host, or there is no such place in the order.
    """
    entries, sent = dict(have.entries), list[tuple[str, Entry]]()
    for place, vm in enumerate(vms):
        entry = wish.entry(entries.get(vm.moid, NOTHING), place)
        if entry != entries.get(vm.moid, NOTHING):
            _enter(entries, vm, entry)
            sent.append((vm.moid, entry))
    defaults = {name: value for name, value in wish.defaults.items() if getattr(have.defaults, name) != value}
    if vms and wish.starts and not have.defaults.enabled and "enabled" not in wish.defaults:
        if not wish.manage_defaults:
            _guard(have, vms, names_of)
        defaults["enabled"] = True
    meant = {vm.moid for vm in vms}
    moved = [moid for moid in have.entries if moid not in meant and entries[moid] != have.entries[moid]]
    return Arrangement(
        after=Autostart(defaults=replace(have.defaults, **defaults), entries=entries),
        entries=tuple(sent),
        defaults=defaults,
        moved=names_of(moved) if moved else {},
    )


def _enter(entries: MutableMapping[str, Entry], vm: Vm, entry: Entry) -> None:
    """Do to the entries what a host does."""
    entries.pop(vm.moid, None)
    if entry.start_action == entry.stop_action == "none":
        return
    length = 1 + sum(one.starts for one in entries.values())
    if entry.start_order > length:
        raise PlanError(
            f"{vm} cannot be number {entry.start_order} of those that start with the host: there would be {length}; "
            "give a lower 'start_order', or give the others theirs first",
            moid=vm.moid,
        )
    _make_way(entries, entry.start_order)
    entries[vm.moid] = entry


def _make_way(entries: MutableMapping[str, Entry], order: int) -> None:
    taken = next((moid for moid, one in entries.items() if one.start_order == order != UNSAID), None)
    if taken is not None:
        _make_way(entries, order + 1)
        entries[taken] = replace(entries[taken], start_order=order + 1)


def _guard(have: Autostart, vms: Sequence[Vm], names_of: NamesOf) -> None:
    meant = {vm.moid for vm in vms}
    others = [moid for moid, entry in have.entries.items() if moid not in meant and entry != NOTHING]
    if not others:
        return
    names = names_of(others[:SHOWN_NAMES])
    listed = ", ".join(f"'{names.get(moid, moid)}'" for moid in others[:SHOWN_NAMES])
    more = f" and {len(others) - SHOWN_NAMES} more" if len(others) > SHOWN_NAMES else ""
    raise PlanError(
        f"autostart is off on this host, and switching it on would affect other virtual machines: {listed}{more}; "
        "take them out of it with 'state: absent', or allow it with 'manage_defaults: true'"
    )


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """What came of one host: its name and id, what it said before and says now, and who was moved unasked."""

    name: str
    moid: str
    before: Autostart
    after: Autostart
    moved: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """True where its settings, or the places of others, are not what they were."""
        return self._state(self.before) != self._state(self.after)

    def to_json(self) -> dict[str, Any]:
        """Return the host's entry in ``hosts``."""
        return {
            "name": self.name,
            "moid": self.moid,
            "changed": self.changed,
            "defaults": asdict(self.after.defaults),
            "moved": [
                {"name": name, "moid": moid, "start_order": self.after.entry(moid).start_order}
                for moid, name in self.moved.items()
            ],
        }

    def diff(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return both halves of ``--diff``."""
        return self._state(self.before), self._state(self.after)

    def _state(self, autostart: Autostart) -> dict[str, Any]:
        orders = {name: autostart.entry(moid).start_order for moid, name in self.moved.items()}
        return {"defaults": asdict(autostart.defaults), **({"start_order": orders} if orders else {})}


@dataclass(frozen=True, kw_only=True)
class AutostartResult(BatchResult):
    """What came of all VMs, with what the host does with each by moid, and of all hosts."""

    entries: Mapping[str, Mapping[str, Any]]
    hosts: Sequence[Arranged]

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        shown = super().to_json()
        for entry in shown["vms"]:
            for absent in ("questions", "task"):
                entry.pop(absent)
            entry["autostart"] = self.entries.get(entry["moid"])
        changed = {f"host {one.name}": one.diff() for one in self.hosts if one.changed}
        before, after = shown["diff"]["before"], shown["diff"]["after"]
        return {
            **shown,
            "changed": shown["changed"] or bool(changed),
            "hosts": [one.to_json() for one in self.hosts],
            "diff": {
                "before": before | {name: halves[0] for name, halves in changed.items()},
                "after": after | {name: halves[1] for name, halves in changed.items()},
            },
        }
