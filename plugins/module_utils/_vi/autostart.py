# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Autostart on hosts: one read for all hosts that have one of the virtual machines, one request for each that is changed.

Source: vim.host.AutoStartManager, ``config`` and ReconfigureAutostart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .._errors import ConnectionLost, EsxError, PlanError
from .._flow.autostart import Arranged, Arrangement, Autostart, AutostartResult, Defaults, Entry, Wish, arrange
from .._flow.outcome import VmResult
from . import sdk
from .properties import all_vms, objects, read, walk_step

if TYPE_CHECKING:
    from .connection import Session
    from .host import FoundVm

MANAGER = "configManager.autoStartManager"
_PATHS = {"VirtualMachine": ["runtime.host"], "HostSystem": ["name", MANAGER], "HostAutoStartManager": ["config"]}
_START = {"power-on": "powerOn", "none": "none"}
_STOP = {
    "host-default": "systemDefault",
    "power-off": "powerOff",
    "suspend": "suspend",
    "guest-shutdown": "guestShutdown",
    "none": "none",
}
_HEARTBEAT = {"yes": "yes", "no": "no", "host-default": "systemDefault"}


@dataclass(frozen=True, kw_only=True)
class AutostartHost:
    """One host as it was read: its manager of autostart, what that says, and the VMs that are meant."""

    name: str
    moid: str
    manager: Any
    have: Autostart
    vms: tuple[FoundVm, ...] = ()


def lookup_hosts(session: Session, found: Sequence[FoundVm]) -> list[AutostartHost]:
    """Return the hosts with autostart that have these VMs; one that is on no such host is with none."""
    empty, on = _read(session, [session.reference("VirtualMachine", item.vm.moid) for item in found])
    return [replace(host, vms=tuple(item for item in found if on.get(item.vm.moid) == host.moid)) for host in empty]


def lookup_only_host(session: Session, *, datacenter: str | None, esxi_hostname: str | None) -> list[AutostartHost]:
    """
    Return the one host that is meant, with no VMs.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
    """
    from .environment import ENVIRONMENT_PATHS, environment_of, environment_steps

    rows = read(session, all_vms(session, *environment_steps()), ENVIRONMENT_PATHS)
    environment = environment_of(session, rows, datacenter=datacenter, esxi_hostname=esxi_hostname)
    return _read(session, [environment.host])[0]


def with_autostart(session: Session, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Return the facts of VMs with what their hosts do with them; None: a host does not tell it.

    It takes one read for all.
    """
    hosts, on = _read(session, [session.reference("VirtualMachine", fact["moid"]) for fact in facts])
    known = {host.moid: host.have for host in hosts}
    said = {moid: known[host].shown(moid) for moid, host in on.items() if host in known}
    return [{**fact, "autostart": said.get(fact["moid"])} for fact in facts]


def autostart_of(config: Any) -> Autostart:
    """Return our form of vim.host.AutoStartManager.Config."""
    said = config.defaults
    defaults = Defaults(
        enabled=bool(said.enabled),
        start_delay=int(said.startDelay or 0),
        stop_delay=int(said.stopDelay or 0),
        wait_for_heartbeat=bool(said.waitForHeartbeat),
        stop_action=_word(_STOP, said.stopAction),
    )
    return Autostart(defaults=defaults, entries={one.key._moId: _entry(one) for one in config.powerInfo or ()})


def bring_about(
    session: Session,
    found: Sequence[FoundVm],
    hosts: Sequence[AutostartHost],
    wish: Wish,
    *,
    single: bool,
    check_mode: bool,
) -> AutostartResult:
    """Make it so on every host, or only foresee it; a host's refusal is the failure of its VMs, and stops no other."""
    results: dict[str, VmResult] = {}
    entries: dict[str, Mapping[str, Any]] = {}
    arranged = []
    for host in hosts:
        after, error = _bring_about(session, host, wish, check_mode=check_mode)
        if error is not None and not host.vms:
            raise error
        arranged.append(after)
        for item in host.vms:
            moid = item.vm.moid
            entries[moid] = after.after.shown(moid)
            results[moid] = VmResult(
                vm=item.vm,
                before=item.state,
                after=item.state,
                acted=error is None,
                changed_before={"autostart": host.have.shown(moid)},
                changed_after={"autostart": entries[moid]},
                error=error,
            )
    in_order = [results.get(item.vm.moid) or _on_no_host(item) for item in found]
    return AutostartResult(results=in_order, single=single, entries=entries, hosts=arranged)


def _on_no_host(item: FoundVm) -> VmResult:
    error = PlanError(
        f"{item.vm} is on no host with autostart: it was removed meanwhile, or the account may not see its host",
        moid=item.vm.moid,
    )
    return VmResult(vm=item.vm, before=item.state, after=item.state, error=error)


def _bring_about(
    session: Session, host: AutostartHost, wish: Wish, *, check_mode: bool
) -> tuple[Arranged, EsxError | None]:
    try:
        plan = arrange(host.have, [item.vm for item in host.vms], wish, lambda moids: _names(session, moids))
        if not check_mode and not plan.is_empty:
            _send(session, host, plan)
    except EsxError as error:
        return Arranged(name=host.name, moid=host.moid, before=host.have, after=host.have), error
    return Arranged(name=host.name, moid=host.moid, before=host.have, after=plan.after, moved=plan.moved), None


def _send(session: Session, host: AutostartHost, plan: Arrangement) -> None:
    manager = sdk.vim.host.AutoStartManager
    spec = manager.Config(
        defaults=_defaults_spec(plan.defaults) if plan.defaults else None,
        powerInfo=[_entry_spec(session, moid, entry) for moid, entry in plan.entries],
    )
    for is_last in (False, True):
        try:
            session.call(host.manager, "ReconfigureAutostart", spec=spec)
        except ConnectionLost:
            # The host may have done it: what it says now tells.
            rows = read(session, objects([host.manager]), {"HostAutoStartManager": ["config"]})
            now = autostart_of(rows[0].values["config"]) if rows else None
            if now == plan.after:
                return
            # Once more, unless somebody else has changed what the plan was made of.
            if is_last or now != host.have:
                raise
        else:
            return


def _read(session: Session, start: Sequence[Any]) -> tuple[list[AutostartHost], Mapping[str, str]]:
    """Return the hosts that ``start`` leads to, with no VMs, and on which of them a VM is, by moid."""
    steps = (
        walk_step("host", "VirtualMachine", "runtime.host", "autostart"),
        walk_step("autostart", "HostSystem", MANAGER),
    )
    rows = read(session, objects(start, *steps), _PATHS)
    configs = {row.moid: row.values["config"] for row in rows if row.values.get("config") is not None}
    on = {row.moid: row.values["runtime.host"]._moId for row in rows if row.values.get("runtime.host") is not None}
    hosts = [
        row
        for row in rows
        if row.type_name == "HostSystem" and getattr(row.values.get(MANAGER), "_moId", None) in configs
    ]
    return [
        AutostartHost(
            name=unquote(str(row.values["name"])),
            moid=row.moid,
            manager=session.reference("HostAutoStartManager", row.values[MANAGER]._moId),
            have=autostart_of(configs[row.values[MANAGER]._moId]),
        )
        for row in hosts
    ], on


def _names(session: Session, moids: Sequence[str]) -> dict[str, str]:
    references = [session.reference("VirtualMachine", moid) for moid in moids]
    rows = read(session, objects(references), {"VirtualMachine": ["name"]})
    known = {row.moid: unquote(str(row.values["name"])) for row in rows if "name" in row.values}
    return {moid: known.get(moid, moid) for moid in moids}


def _entry(one: Any) -> Entry:
    return Entry(
        start_action=_word(_START, one.startAction),
        start_order=int(one.startOrder),
        start_delay=int(one.startDelay),
        wait_for_heartbeat=_word(_HEARTBEAT, one.waitForHeartbeat),
        stop_action=_word(_STOP, one.stopAction),
        stop_delay=int(one.stopDelay),
    )


def _word(words: Mapping[str, str], said: Any) -> str:
    """Return our word for the API's; hosts write them in upper and in lower case."""
    return next((ours for ours, theirs in words.items() if theirs.lower() == str(said).lower()), str(said))


def _entry_spec(session: Session, moid: str, entry: Entry) -> Any:
    return sdk.vim.host.AutoStartManager.AutoPowerInfo(
        key=session.reference("VirtualMachine", moid),
        startAction=_START.get(entry.start_action, entry.start_action),
        startOrder=entry.start_order,
        startDelay=entry.start_delay,
        waitForHeartbeat=_HEARTBEAT.get(entry.wait_for_heartbeat, entry.wait_for_heartbeat),
        stopAction=_STOP.get(entry.stop_action, entry.stop_action),
        stopDelay=entry.stop_delay,
    )


def _defaults_spec(stated: Mapping[str, Any]) -> Any:
    names = {
        "enabled": "enabled",
        "start_delay": "startDelay",
        "stop_delay": "stopDelay",
        "wait_for_heartbeat": "waitForHeartbeat",
        "stop_action": "stopAction",
    }
    values = {
        names[name]: _STOP.get(value, value) if name == "stop_action" else value for name, value in stated.items()
    }
    return sdk.vim.host.AutoStartManager.SystemDefaults(**values)
