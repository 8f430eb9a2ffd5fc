# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Which virtual machines a task is about.

Names are compared exactly and must be unique, UUIDs without regard to their writing. A selection never takes "the
first".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import Ambiguous, NotFound, OptionError
from .state import Vm

SELECTING_OPTIONS = ("name", "uuid", "moid", "names", "query")
SHOWN_NAMES = 10

InventoryPaths = Callable[[Sequence[Vm]], Mapping[str, str]]
"""Gives the inventory path of each VM by moid; called only where a path is needed, for it costs a round trip."""


@dataclass(frozen=True, kw_only=True)
class Selector:
    """
    The selection options, of which one is given; with none of them all VMs are meant.

    ``query`` is evaluated elsewhere, over the facts of all VMs.
    """

    option: str | None
    value: Any = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Selector:
        """
        Read the options of the fragment ``vms``.

        Raises:
            OptionError: more than one is given, or one is empty.
        """
        given = [option for option in SELECTING_OPTIONS if params.get(option) is not None]
        if len(given) > 1:
            raise OptionError(
                f"'{given[0]}' and '{given[1]}' exclude each other: select VMs in one way", option=given[1]
            )
        if not given:
            return cls(option=None)
        value = params[given[0]]
        if not value or (isinstance(value, list) and not all(value)):
            raise OptionError(
                f"'{given[0]}' is empty or holds an empty value: it must say which VMs are meant", option=given[0]
            )
        return cls(option=given[0], value=value)

    @property
    def is_single(self) -> bool:
        """True where one VM is asked for."""
        return self.option in ("name", "uuid", "moid")

    def pick(self, vms: Sequence[Vm], inventory_paths: InventoryPaths) -> list[Vm]:
        """
        Pick the VMs that are meant out of all; those that ``query`` means are not known here.

        Raises:
            NotFound: something that was asked for is not there; all of what is missing is named.
            Ambiguous: several VMs answer to one name or UUID; all of them are listed with moid and path.
        """
        if self.option is None:
            return list(vms)
        wanted = list(dict.fromkeys(self.value)) if self.option == "names" else [self.value]
        found = [(value, [vm for vm in vms if self._is_meant(vm, value)]) for value in wanted]
        missing = [value for value, hits in found if not hits]
        if missing:
            raise NotFound(_missing(missing, self._noun(), vms), missing=missing)
        for value, hits in found:
            if len(hits) > 1:
                raise _ambiguous(self._noun(), value, hits, inventory_paths(hits))
        return list(dict.fromkeys(hits[0] for _value, hits in found))

    def _is_meant(self, vm: Vm, value: str) -> bool:
        if self.option == "moid":
            return vm.moid == value
        if self.option == "uuid":
            return _plain(value) in (_plain(vm.uuid), _plain(vm.instance_uuid))
        return vm.name == value

    def _noun(self) -> str:
        return "name" if self.option in ("name", "names") else str(self.option)


def _missing(missing: Sequence[str], noun: str, vms: Sequence[Vm]) -> str:
    listed = ", ".join(f"'{value}'" for value in missing[:SHOWN_NAMES])
    more = f" and {len(missing) - SHOWN_NAMES} more" if len(missing) > SHOWN_NAMES else ""
    near = [vm.name for vm in vms if noun == "name" and vm.name.lower() in {value.lower() for value in missing}]
    hint = f"; names are compared exactly, there is '{near[0]}'" if near else ""
    return f"no virtual machine has the {noun} {listed}{more} ({len(vms)} were looked at){hint}"


def _ambiguous(noun: str, value: str, hits: Sequence[Vm], paths: Mapping[str, str]) -> Ambiguous:
    candidates = [{"moid": vm.moid, "path": paths.get(vm.moid, vm.name), "uuid": vm.uuid} for vm in hits]
    listed = ", ".join(f"{candidate['moid']} ({candidate['path']})" for candidate in candidates)
    return Ambiguous(
        f"{len(hits)} virtual machines have the {noun} '{value}': moid {listed}; "
        "select by 'moid', or narrow with 'folder'",
        candidates=candidates,
    )


def _plain(uuid: str | None) -> str | None:
    if uuid is None:
        return None
    return "".join(character for character in uuid.lower() if character not in "- {}")
