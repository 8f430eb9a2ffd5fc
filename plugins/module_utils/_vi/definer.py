# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Define: look, compare, make or reconfigure, look again.

One read tells of all machines and of what the host offers; what is there is compared and reconfigured, what is not is
made. A machine that was just made is compared too, so that one run is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, NotFound, OptionError, PlanError
from .._flow.answers import Policy
from .._flow.define import PowerCycle, reconfigure, remove
from .._flow.description import Description
from .._flow.failures import after_steps
from .._flow.outcome import VmResult
from .._flow.pace import Pace
from .._flow.script import Script
from .._flow.select import Selector
from .._flow.state import PowerState, Vm, VmState
from .._flow.wanted import comparable, located, with_controllers
from .._vmx.definition import VmDefinition
from .._vmx.diff import Diff, compare
from .._vmx.drives import Disk
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.vmx_changes import changed_lines, new_lines
from .checks import Checks, attached
from .config_info import Config, read_config
from .config_spec import build, cycle_note
from .environment import Environment
from .files import Files
from .making import Maker, Placement

if TYPE_CHECKING:
    from .host import FoundVm, Host

REGISTERED = ("registered",)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
VMX_PATH = "config.files.vmPathName"


@dataclass(frozen=True)
class ApiMachine:
    """A machine's configuration as the API reports it, beside what is wanted of it."""

    config: Config
    diff: Diff
    names: FileNames
    is_final: bool = True

    @property
    def have(self) -> VmDefinition:
        """The machine as it was read."""
        return self.config.definition

    def lines(self, diff: Diff) -> tuple[str, ...]:
        """Return what a diff changes in the lines of the machine's VMX."""
        return tuple(changed_lines(self.have, diff, self.names))

    def request(self, *, hardware_done: bool) -> Any:
        """Return the ConfigSpec of the diff, without the hardware version where that was a task of its own."""
        changes = tuple(change for change in self.diff if not (hardware_done and change.path == "hardware_version"))
        # The upgrade was a change too, so the version that was read is not the machine's any more.
        config = replace(self.config, change_version=None) if hardware_done else self.config
        return build(config, Diff(changes))

    @property
    def is_cycled(self) -> bool:
        """True where a run that was killed has left it off that was on."""
        return self.config.is_cycled

    def note(self, *, cycled: bool) -> Any:
        """Return the ConfigSpec that notes whether the machine is off for a change and shall be started again."""
        return cycle_note(self.config, cycled=cycled)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a description is brought about."""

    placement: Placement
    purge: bool
    cycle: PowerCycle
    policy: Policy
    pace: Pace
    check_mode: bool


class Definer:
    """Defines virtual machines on one host."""

    def __init__(self, host: Host, options: Options) -> None:
        self._host = host
        self._options = options
        # Files of disks that are there, and are attached where a disk of some size is wanted.
        self._there: set[str] = set()

    def define(self, selector: Selector | None, description: Description) -> list[VmResult]:
        """
        Make what is described so; ``selector`` None means the machine that the description itself names.

        Raises:
            EsxError: it cannot be done; nothing was touched.
        """
        known, environment = self._host.survey(self._options.placement.folder)
        if description.path is not None:
            meant = [one for one in known if one.values.get(VMX_PATH) == str(description.path)]
        else:
            selector = selector or _own_selector(description, known)
            if selector.option == "query":
                # A query is about the facts, and those are another read.
                meant = self._host.lookup_vms(selector, self._options.placement.folder)
            else:
                meant = _meant(known, selector)
        if meant:
            return self._converge(meant, known, description, environment)
        if selector is not None and selector.option == "query":
            return []
        if selector is not None and selector.option not in ("name", "uuid"):
            # Only a name or a UUID tells what a new machine would be.
            selector.pick([one.vm for one in known], lambda _hits: {})
        return [self._make(description, known, environment)]

    def remove(self, selector: Selector, folder: str | None, *, delete_from_disk: bool, force: bool) -> list[VmResult]:
        """Take away those of the selected machines that are there."""
        found = self._host.lookup_known_vms(selector, folder)
        return self._work(found, partial(remove, delete_from_disk=delete_from_disk, force=force))

    def _converge(
        self,
        found: Sequence[FoundVm],
        known: Sequence[FoundVm],
        description: Description,
        environment: Environment,
    ) -> list[VmResult]:
        configs = self._host.lookup_configs(found)
        checks = Checks(self._host.session, environment, self._files(environment))
        for one in found:
            config = configs.get(one.vm.moid)
            if config is not None:
                self._look_for_disks(self._machine(description, environment, config), checks)
                machine = self._machine(description, environment, config)
                checks.changes(machine.have, machine.diff, _home(config))
                _check_names(one.vm, machine.diff, known, alone=len(found) == 1)

        def script(vm: Vm, state: VmState) -> Script:
            config = configs.get(vm.moid)
            if config is None:
                raise PlanError(f"{vm}: the host cannot read its configuration; look at its files and connection state")
            return reconfigure(
                vm,
                state,
                compare=partial(self._machine, description, environment),
                config=config,
                cycle=self._options.cycle,
            )

        with_configs = [replace(one, values={**one.values, "config": configs.get(one.vm.moid)}) for one in found]
        return self._work(with_configs, script)

    def _machine(self, description: Description, environment: Environment, config: Any) -> ApiMachine:
        have = read_config(config)
        home = _home(config)
        want = _wanted(description, home, environment, have.definition)
        known = {disk.slot: disk for disk in have.definition.disks}
        come = [
            str(disk.slot)
            for disk in want.disks
            if disk.capacity_kib is not None and self._is_attached(disk, known.get(disk.slot))
        ]
        diff = compare(have.definition, attached(want, come), purge=self._options.purge, purge_extra=False)
        names = FileNames(datastore=home.datastore, directory=home.path, short=True)
        return ApiMachine(have, diff, names, is_final=not come)

    def _is_attached(self, want: Disk, have: Disk | None) -> bool:
        """Whether the file of a wanted disk is attached as it is, in place of another one or of none."""
        if have is None:
            return want.file in self._there
        return want.file is not None and want.file not in (have.file, have.base_file)

    def _look_for_disks(self, machine: ApiMachine, checks: Checks) -> None:
        for change in machine.diff:
            name, _slot, inner = change.parts
            if name == "disks" and inner is None and change.after is not None and checks.is_attached(change.after):
                self._there.add(change.after.file)

    def _files(self, environment: Environment) -> Files:
        return Files.of(self._host.session, environment, timeout=self._options.pace.timeout or 0)

    def _make(self, description: Description, known: Sequence[FoundVm], environment: Environment) -> VmResult:
        options = self._options
        maker = Maker(
            self._host.session,
            environment,
            options.placement,
            timeout=options.pace.timeout or 0,
            now=self._host.now,
            check_mode=options.check_mode,
            taken={str(one.values.get(VMX_PATH)): str(one.vm) for one in known},
        )
        names = FileNames(mounts=_mounts(environment), known_only=False)
        want = description.definition(names)
        if description.path is not None:
            found = maker.read(description.path)
            want = replace(found, name=want.name or found.name, uuid=want.uuid or found.uuid)
        _check_free(want, known)
        lines: list[str] = []
        if description.path is not None:
            diff, moid = Diff(), maker.register_path(description.path, description.name)
        elif description.text is not None:
            text = description.text
            if description.xml is not None:
                text = description.on(maker.hardware_version(want)).text or text
            diff, moid = maker.register(want, text)
            lines = new_lines(text)
        else:
            diff, moid = maker.create(want)
            lines = changed_lines(VmDefinition(), diff)
        shown = {"registered": True, **({"definition": diff.after()} if diff else {})}
        made = VmResult(
            vm=Vm(name=want.name or "", moid=moid or "", uuid=want.uuid),
            before=VmState(power_state=None),
            after=VmState(power_state=PowerState.OFF),
            acted=True,
            changed_before={"registered": False},
            changed_after=shown,
            lines=tuple(lines),
        )
        if moid is None:
            return made
        result = self._finish(made, moid, description, environment)
        if result.error is None:
            return result
        if not maker.take_away(result.error):
            return replace(result, error=after_steps(result.error, REGISTERED))
        gone = replace(made.vm, moid="")
        return replace(result, vm=gone, after=made.before, acts=(), changed_before={}, changed_after={}, lines=())

    def _finish(self, made: VmResult, moid: str, description: Description, environment: Environment) -> VmResult:
        """Compare the machine that was just made, and change what is still missing."""
        try:
            found = self._host.lookup_with_config(moid)
            (result,) = self._converge(found, found, description, environment)
        except EsxError as error:
            return replace(made, error=error)
        more = dict(result.changed_after.get("definition", {}))
        after = {**made.changed_after}
        if more:
            after["definition"] = {**after.get("definition", {}), **more}
        return replace(
            result,
            before=made.before,
            acted=True,
            changed_before=made.changed_before,
            changed_after=after,
            lines=(*made.lines, *result.lines),
        )

    def _work(self, found: Sequence[FoundVm], script: Any) -> list[VmResult]:
        options = self._options
        return self._host.work_on(found, script, options.policy, options.pace, check_mode=options.check_mode)


def _wanted(
    description: Description, home: DatastorePath, environment: Environment, have: VmDefinition
) -> VmDefinition:
    mounts = _mounts(environment)
    names = FileNames(datastore=home.datastore, directory=home.path, mounts=mounts, known_only=False)
    want = located(description.definition(names), str(home))
    want = comparable(want, have, from_text=description.from_text)
    return with_controllers(want, have)


def _mounts(environment: Environment) -> dict[str, str]:
    """Return where datastores are mounted; that one is not there, the checks say, who know the others."""
    return {name: store.mount_path for name, store in environment.datastores.items()}


def _own_selector(description: Description, known: Sequence[FoundVm]) -> Selector:
    """Choose the machine that a description names: by its UUID where one has it, else by its name."""
    want = description.definition(FileNames())
    if want.uuid is not None and description.name is None:
        selector = Selector(option="uuid", value=want.uuid)
        if _meant(known, selector):
            return selector
    if not want.name:
        raise OptionError(
            "which virtual machine is meant? The description has no name: give 'name', 'uuid' or 'moid'", option="name"
        )
    return Selector(option="name", value=want.name)


def _meant(known: Sequence[FoundVm], selector: Selector) -> list[FoundVm]:
    try:
        picked = selector.pick([one.vm for one in known], lambda hits: {vm.moid: vm.name for vm in hits})
    except NotFound:
        if selector.is_single:
            return []
        raise
    by_moid = {one.vm.moid: one for one in known}
    return [by_moid[vm.moid] for vm in picked]


def _home(config: Any) -> DatastorePath:
    """Return the directory of a machine's VMX."""
    return DatastorePath.parse(config.files.vmPathName).parent


def _check_names(vm: Vm, diff: Diff, known: Sequence[FoundVm], *, alone: bool) -> None:
    """Refuse to give a machine the name or the UUID of another."""
    wanted = {change.path: change.after for change in diff if change.path in ("name", "uuid")}
    if wanted and not alone:
        raise PlanError(f"several virtual machines are meant, and no two can have {' and '.join(wanted.values())}")
    others = [one for one in known if one.vm.moid != vm.moid]
    _check_free(VmDefinition(**wanted), others)


def _check_free(want: VmDefinition, known: Sequence[FoundVm]) -> None:
    """Refuse a name that is none, and a name or a UUID that another machine has."""
    if want.name is not None and _CONTROL.search(want.name):
        raise PlanError(f"the name {want.name!r} holds a line break or another control character")
    for one in known:
        if want.name is not None and one.vm.name == want.name:
            raise PlanError(f"the name '{want.name}' is in use: {one.vm} has the UUID {one.vm.uuid}")
        if want.uuid is not None and one.vm.uuid == want.uuid:
            raise PlanError(f"the UUID {want.uuid} is in use: {one.vm} has it")
