# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Copies of a virtual machine on a host without vCenter: its disks are copied, its VMX is rewritten, the copy registered.

What is read of the source is in :mod:`.clone_source`, what is done for one copy in :mod:`.copier`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .._errors import Ambiguous, EsxError
from .._flow.outcome import VmResult
from .._flow.select import Selector
from .._flow.state import PowerState, Vm, VmState
from .._vmx.definition import VmDefinition
from .._vmx.diff import compare
from .._vmx.drives import Provisioning
from .._vmx.paths import DatastorePath
from .clone_source import VMX_PATH, Source, read_source
from .copier import Copier
from .making import Placement
from .progress import Progress

if TYPE_CHECKING:
    from .host import FoundVm, Host


class Cloner:
    """Makes copies of one machine, one after the other; with ``check_mode`` it only makes the checks."""

    def __init__(
        self,
        host: Host,
        placement: Placement,
        *,
        provisioning: Provisioning | None,
        linked: bool,
        timeout: float,
        check_mode: bool,
    ) -> None:
        self._host = host
        self._placement = placement
        self._provisioning = provisioning
        self._linked = linked
        self._timeout = timeout
        self._check_mode = check_mode

    def clone(self, selector: Selector, names: Sequence[str]) -> list[VmResult]:
        """
        Make a copy of each name; one result each. A machine that has such a name already is left as it is.

        Raises:
            NotFound, Ambiguous: it is not clear which machine is meant, or which has such a name.
            PlanError: the source cannot be copied as it is now.
        """
        known, environment = self._host.survey()
        there = {name: [one for one in known if one.vm.name == name] for name in names}
        for found in there.values():
            _check_one(found)
        source: Source | None = None
        if not all(there.values()):
            source = read_source(self._host.session, selector, known, linked=self._linked)
        copier = Copier(
            self._host,
            environment,
            self._placement,
            provisioning=self._provisioning,
            timeout=self._timeout,
            progress=Progress.from_environment(),
            registered={str(one.values.get(VMX_PATH)): one.vm for one in known},
        )
        results = []
        for name in names:
            if there[name]:
                results.append(self._as_it_is(there[name][0], copier))
            elif source is not None:
                results.append(self._made(name, source, copier))
        return results

    def _as_it_is(self, found: FoundVm, copier: Copier) -> VmResult:
        error = None
        if not self._check_mode:
            try:
                copier.forget_claim(DatastorePath.parse(found.values[VMX_PATH]))
            except EsxError as trouble:
                error = trouble
        return VmResult(vm=found.vm, before=found.state, after=found.state, error=error)

    def _made(self, name: str, source: Source, copier: Copier) -> VmResult:
        vm = Vm(name=name, moid="", uuid=None)
        nothing, off = VmState(power_state=None), VmState(power_state=PowerState.OFF)
        try:
            clone, left = copier.check(name, source)
            moid = "" if self._check_mode else copier.make(clone, left)
        except EsxError as error:
            return VmResult(vm=vm, before=nothing, after=nothing, error=error)
        if moid:
            vm = Vm(name=name, moid=moid, uuid=None)
            # It is made, whether we can still see it or not.
            with suppress(EsxError):
                vm = self._host.lookup_with_config(moid)[0].vm
        return VmResult(
            vm=vm,
            before=nothing,
            after=off,
            acted=True,
            changed_before={"registered": False},
            changed_after={
                "registered": True,
                "source": source.found.vm.name,
                "copied": [str(disk) for disk in clone.disks],
                "definition": compare(VmDefinition(), clone.definition).after(),
            },
        )


def _check_one(found: Sequence[FoundVm]) -> None:
    if len(found) > 1:
        raise Ambiguous(
            f"several virtual machines are called '{found[0].vm.name}' already",
            candidates=[{"moid": one.vm.moid, "path": str(one.values.get(VMX_PATH))} for one in found],
        )
