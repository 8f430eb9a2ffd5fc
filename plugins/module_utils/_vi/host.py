# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The host as the modules see it: virtual machines are looked up here, and worked on.

``lookup_*`` asks the host, ``work_on`` does something with many VMs at a time. A lookup costs one round trip on ESXi;
under vCenter, where thousands of VMs may be near, it finds out first which ones are meant and reads only those.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._errors import ConnectError, ConnectionLost, FaultError, NotFound, SessionExpired, VmGone
from .._flow.select import Selector
from .._flow.state import Vm, VmState
from . import sdk
from .facts import FACT_PATHS, facts_of
from .mirror import IDENTITY_PATHS, TASK_PATHS, WATCHED_PATHS, Mirror, vm_of
from .places import PLACE_PATHS, VM_PLACE_PATHS, Places
from .properties import all_hosts, all_vms, objects, read, recent_tasks, running_host
from .query import chosen_ids
from .reader import Row

if TYPE_CHECKING:
    from .._flow.outcome import VmResult
    from .._flow.pace import Pace
    from .._flow.policy import Policy
    from .._flow.script import Script
    from .connection import Session
    from .environment import Environment
    from .watch import Watch

MoreFacts = Callable[["Session", Sequence[Mapping[str, Any]], Places], list[dict[str, Any]]]
"""Reads more facts of VMs; takes their facts and where they are, and returns them with what it added."""

STATE_PATHS = (*IDENTITY_PATHS, *WATCHED_PATHS)


@dataclass(frozen=True, kw_only=True)
class FoundVm:
    """A virtual machine as it was read: who it is, its mirror, and the property values by path."""

    vm: Vm
    mirror: Mirror
    values: Mapping[str, Any] = field(repr=False)

    @property
    def state(self) -> VmState:
        """The state that was read."""
        return self.mirror.state()


class Host:
    """
    One ESXi host, or a vCenter narrowed down to ``datacenter`` and ``esxi_hostname`` where they are given.

    ``now`` is the clock that deadlines are measured with.
    """

    def __init__(
        self,
        session: Session,
        *,
        datacenter: str | None = None,
        esxi_hostname: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session = session
        self.now = now
        self._datacenter = datacenter
        self._esxi_hostname = esxi_hostname

    def lookup_vms(self, selector: Selector, folder: str | None = None, *, also: Sequence[str] = ()) -> list[FoundVm]:
        """
        Find the virtual machines that are meant, with their state, and with the properties of ``also`` in their values.

        A query that yields none means none.

        Raises:
            NotFound: something asked for is not there.
            Ambiguous: several VMs answer to one name or UUID.
            OptionError: the query is wrong.
        """
        narrowed = bool(folder or self._datacenter or self._esxi_hostname)
        if selector.option == "query":
            facts, found, _places = self._read_facts(folder, also)
            moids = chosen_ids(selector.value, facts)
            by_moid = {item.vm.moid: item for item in found}
            return [by_moid[moid] for moid in moids]
        if selector.option == "moid" and not narrowed:
            return self._pick(selector, self._found(self._read_one(selector.value, also)))
        if self.session.is_vcenter:
            return self._find_by_identity(selector, folder, (*STATE_PATHS, *also))[0]
        rows, places = self._walk((*STATE_PATHS, *also), places=narrowed)
        return self._pick(selector, self._within(self._found(rows), places, folder))

    def lookup_facts(
        self, selector: Selector, folder: str | None = None, *, more: MoreFacts | None = None
    ) -> list[dict[str, Any]]:
        """
        Return the facts of the VMs that are meant; none at all is no error for a query or for all.

        ``more`` reads what else is wanted of these. Where names or ids say which are meant, first it is read who bears
        them, and then the facts of these alone.
        """
        if selector.option in (None, "query"):
            facts, _found, places = self._read_facts(folder)
            by_moid = {fact["moid"]: fact for fact in facts}
            moids = list(by_moid) if selector.option is None else chosen_ids(selector.value, facts)
            chosen = [by_moid[moid] for moid in moids]
        else:
            found, places = self._find_by_identity(selector, folder, (*FACT_PATHS,))
            chosen = [_facts(item, places) for item in found]
        return more(self.session, chosen, places) if more is not None and chosen else chosen

    def lookup_known_vms(
        self, selector: Selector, folder: str | None = None, *, also: Sequence[str] = ()
    ) -> list[FoundVm]:
        """
        Find those of the virtual machines that are meant which are there; a name or an id that nobody has is no error.

        Raises:
            Ambiguous: several VMs answer to one name or UUID.
        """
        try:
            return self.lookup_vms(selector, folder, also=also)
        except NotFound as error:
            missing = error.details.get("missing", ())
            left = [value for value in selector.value if value not in missing] if selector.option == "names" else []
        return self.lookup_vms(Selector(option="names", value=left), folder, also=also) if left else []

    def survey(self, folder: str | None = None) -> tuple[list[FoundVm], Environment]:
        """
        Look at all virtual machines and at what the host offers to new ones, in one round trip.

        Raises:
            Ambiguous: under vCenter, it is not clear which host is meant.
        """
        from .environment import ENVIRONMENT_PATHS, environment_of, environment_steps

        rows = read(
            self.session,
            all_vms(self.session, recent_tasks(), running_host(), *environment_steps()),
            {
                "VirtualMachine": (*STATE_PATHS, *VM_PLACE_PATHS, "config.files.vmPathName"),
                "Task": TASK_PATHS,
                **PLACE_PATHS,
                **ENVIRONMENT_PATHS,
            },
        )
        environment = environment_of(self.session, rows, datacenter=self._datacenter, esxi_hostname=self._esxi_hostname)
        return self._within(self._found(rows), Places(rows), folder), environment

    def lookup_with_config(self, moid: str) -> list[FoundVm]:
        """Find the VM of that id with its state and the property ``config``, in one round trip."""
        reference = self.session.reference("VirtualMachine", moid)
        paths = {"VirtualMachine": (*STATE_PATHS, "config"), "Task": TASK_PATHS}
        return self._found(read(self.session, objects([reference], recent_tasks()), paths))

    def lookup_properties(self, vms: Iterable[Vm], paths: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Read properties of VMs anew, in one round trip; returns their values by moid, of those that are there."""
        references = [self.session.reference("VirtualMachine", vm.moid) for vm in vms]
        rows = read(self.session, objects(references), {"VirtualMachine": paths}) if references else []
        return {row.moid: row.values for row in rows}

    def lookup_configs(self, found: Sequence[FoundVm]) -> dict[str, Any]:
        """
        Return the property ``config`` of VMs, by moid; it is read where it has not been.

        Those whose configuration the host cannot read are left out.
        """
        known = {item.vm.moid: item.values["config"] for item in found if item.values.get("config") is not None}
        if len(known) == len(found):
            return known
        references = [self.session.reference("VirtualMachine", item.vm.moid) for item in found]
        rows = read(self.session, objects(references), {"VirtualMachine": ["config"]})
        return {row.moid: row.values["config"] for row in rows if row.values.get("config") is not None}

    def wait_for_question(self, found: Sequence[FoundVm], seconds: float) -> None:
        """Wait until one of the VMs has a question, for at most that many seconds; their states then show it."""
        if not found:
            return
        deadline = self.now() + seconds
        watch = self._watch_on(found)
        try:
            while not any(item.state.question for item in found) and self.now() < deadline:
                self._wait_once(watch, deadline)
                for item in found:
                    item.mirror.let_go()
        finally:
            watch.close()

    def _wait_once(self, watch: Watch, deadline: float) -> None:
        from .watch import LONGEST_WAIT_SECONDS

        try:
            if not watch.is_open:
                watch.open()
            watch.wait(math.ceil(min(deadline - self.now(), LONGEST_WAIT_SECONDS)))
        except (SessionExpired, ConnectionLost, ConnectError, FaultError) as error:
            # A host that restarted may know the session and not the filter.
            if isinstance(error, FaultError) and error.details.get("fault") != "InvalidCollectorVersion":
                raise
            if not watch.recover(lambda _error: self.now() >= deadline):
                raise

    def work_on(
        self,
        found: Sequence[FoundVm],
        make_script: Callable[[Vm, VmState], Script],
        policy: Policy,
        pace: Pace,
        *,
        check_mode: bool,
    ) -> list[VmResult]:
        """Do with each VM what its script says, or only foresee it; one result each, in the order of ``found``."""
        # Who only looks shall not wait for all that works to be loaded, which takes longer than the look.
        if check_mode:
            from .._flow.rehearse import rehearse

            return [rehearse(item.vm, make_script, item.state, policy, item.values) for item in found]
        from .._flow.job import Job
        from .crew import Crew

        self.session.stub.limit_replies(pace.timeout)
        jobs = [Job(item.vm, make_script, policy, timeout=pace.timeout) for item in found]
        mirrors = {item.vm.moid: item.mirror for item in found}
        watch = self._watch_on(found)
        return Crew(self.session, watch, mirrors, jobs, concurrency=pace.concurrency, now=self.now).work()

    def _watch_on(self, found: Sequence[FoundVm]) -> Watch:
        from .watch import Watch

        return Watch(self.session, {item.vm.moid: item.mirror for item in found})

    def _read_one(self, moid: str, also: Sequence[str]) -> list[Row]:
        reference = self.session.reference("VirtualMachine", moid)
        try:
            return read(self.session, objects([reference], recent_tasks()), _state_and(also))
        except VmGone:
            # Some hosts leave out what they do not know, others say so.
            return []

    def _find_by_identity(
        self, selector: Selector, folder: str | None, paths: Iterable[str]
    ) -> tuple[list[FoundVm], Places]:
        """Find out who is meant, and read ``paths`` of these alone."""
        rows, places = self._walk(IDENTITY_PATHS, tasks=False)
        meant = self._pick(selector, self._within(self._found(rows), places, folder), places)
        if not meant:
            return [], places
        references = [self.session.reference("VirtualMachine", item.vm.moid) for item in meant]
        # Picked again: one may have gone between the two reads, and a host answers in an order of its own.
        rows = read(
            self.session, objects(references, recent_tasks()), {"VirtualMachine": (*paths,), "Task": TASK_PATHS}
        )
        return self._pick(selector, self._found(rows), places), places

    def _read_facts(
        self, folder: str | None, also: Sequence[str] = ()
    ) -> tuple[list[dict[str, Any]], list[FoundVm], Places]:
        with sdk.no_collection():
            rows, places = self._walk((*FACT_PATHS, *also))
            found = self._within(self._found(rows), places, folder)
            facts = [_facts(item, places) for item in found]
        return facts, found, places

    def _walk(self, vm_paths: Iterable[str], *, tasks: bool = True, places: bool = True) -> tuple[list[Row], Places]:
        paths: dict[str, Iterable[str]] = {"VirtualMachine": vm_paths}
        if tasks:
            paths["Task"] = TASK_PATHS
        if places:
            paths["VirtualMachine"] = (*vm_paths, *VM_PLACE_PATHS)
            paths |= PLACE_PATHS
        steps = ([recent_tasks()] if tasks else []) + ([running_host()] if places else [])
        if self._esxi_hostname is not None:
            steps += all_hosts()
        rows = read(self.session, all_vms(self.session, *steps), paths)
        return rows, Places(rows)

    def _within(self, found: Iterable[FoundVm], places: Places, folder: str | None) -> list[FoundVm]:
        where = {"datacenter": self._datacenter, "folder": folder, "esxi_hostname": self._esxi_hostname}
        places.check(**where)
        return [item for item in found if places.is_within(item.vm.moid, **where)]

    def _pick(self, selector: Selector, found: Sequence[FoundVm], places: Places | None = None) -> list[FoundVm]:
        picked = selector.pick([item.vm for item in found], lambda hits: self._paths(hits, places))
        by_moid = {item.vm.moid: item for item in found}
        return [by_moid[vm.moid] for vm in picked]

    def _paths(self, hits: Iterable[Vm], places: Places | None) -> Mapping[str, str]:
        known = places or self._walk(("name",), tasks=False)[1]
        return known.paths(vm.moid for vm in hits)

    def _found(self, rows: Iterable[Row]) -> list[FoundVm]:
        rows = list(rows)
        mirrors = {row.moid: Mirror() for row in rows if row.type_name == "VirtualMachine"}
        for row in rows:
            entity = row.values.get("info.entity") if row.type_name == "Task" else None
            if entity is not None and entity._moId in mirrors:
                mirrors[entity._moId].change_task(row.moid, row.values)
        found = []
        for row in rows:
            if row.type_name == "VirtualMachine":
                mirrors[row.moid].enter(row.values, after_gap=False)
                found.append(FoundVm(vm=vm_of(row.moid, row.values), mirror=mirrors[row.moid], values=row.values))
        return found


def _facts(item: FoundVm, places: Places) -> dict[str, Any]:
    return facts_of(
        item.vm.moid,
        item.values,
        item.state,
        path=places.path(item.vm.moid),
        esxi_hostname=places.host_of(item.vm.moid),
    )


def _state_and(also: Sequence[str]) -> Mapping[str, Iterable[str]]:
    return {"VirtualMachine": (*STATE_PATHS, *also), "Task": TASK_PATHS}
