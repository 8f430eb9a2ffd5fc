# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wished of snapshots, and what is found of them before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .._errors import OptionError
from .._vmx import snapshot_xml
from .._vmx.xml_tree import is_sayable
from .snapshot_tree import Address, Tree

TREE_PATH = "snapshot"
CONSOLIDATION_PATH = "runtime.consolidationNeeded"


class Aim(Enum):
    """What the option ``state`` may ask for."""

    PRESENT = "present"
    ABSENT = "absent"
    ALL_ABSENT = "all-absent"
    REVERTED = "reverted"
    CONSOLIDATED = "consolidated"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """
    What is wished, of which snapshot.

    With neither ``address`` nor ``number`` the current snapshot is meant, or none. ``description`` None: it is left as
    it is.
    """

    aim: Aim
    address: Address | None = None
    number: int | None = None
    new_name: str | None = None
    description: str | None = None
    memory: bool = False
    quiesce: bool = False
    remove_children: bool = False
    consolidate: bool = True
    suppress_power_on: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """
        Read the options.

        Raises:
            OptionError: they say too little, too much, or contradict each other.
            DomainXmlError: the XML cannot be read.
        """
        aim = Aim(params["state"])
        given = _text(params["snapshot"], "snapshot")
        address = None if given is None else Address.parse(given)
        number, description = params["snapshot_id"], params["description"]
        if params["snapshot_xml"] is not None:
            text = snapshot_xml.parse(params["snapshot_xml"])
            description = text.description if description is None else description
            if address is None and number is None:
                address = _named_in(text.name)
        wish = cls(
            aim=aim,
            address=address,
            number=number,
            new_name=_text(params["new_name"], "new_name"),
            description=_text(description, "description"),
            memory=params["memory"],
            quiesce=params["quiesce"],
            remove_children=params["remove_children"],
            consolidate=params["consolidate"],
            suppress_power_on=params["suppress_power_on"],
        )
        wish._check()
        return wish

    def _check(self) -> None:
        named = self.address is not None or self.number is not None
        if self.aim in (Aim.PRESENT, Aim.ABSENT) and not named:
            raise OptionError(
                f"which snapshot shall be {self.aim.value}? Give 'snapshot', 'snapshot_id' or 'snapshot_xml'",
                option="snapshot",
            )
        if self.aim in (Aim.ALL_ABSENT, Aim.CONSOLIDATED) and named:
            raise OptionError(
                f"'{self.aim.value}' is about no single snapshot: leave 'snapshot' out", option="snapshot"
            )
        if self.new_name is not None and (self.aim is not Aim.PRESENT or not self.new_name):
            raise OptionError("'new_name' is a name, and goes with the state 'present' alone", option="new_name")
        if self.aim is Aim.PRESENT and self.memory and self.quiesce:
            raise OptionError(
                "'memory' and 'quiesce' exclude each other: with its memory a machine is kept as it runs, not at rest",
                option="quiesce",
            )

    @property
    def path(self) -> str:
        """The property that tells whether the wish is fulfilled."""
        return CONSOLIDATION_PATH if self.aim is Aim.CONSOLIDATED else TREE_PATH

    @property
    def is_act(self) -> bool:
        """True for what is done each time it is asked for."""
        return self.aim is Aim.REVERTED

    def would_make(self, tree: Tree) -> bool:
        """Tell whether a snapshot is to be made."""
        if self.aim is not Aim.PRESENT or self.number is not None or self.address is None:
            return False
        wanted = [self.address] if self.new_name is None else [self.address, self.address.beside(self.new_name)]
        return not any(address.hits(tree) for address in wanted)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was read of a machine: its tree, whether its disks wait for consolidation, its independent disks."""

    tree: Tree = field(default_factory=Tree)
    needs_consolidation: bool = False
    independent: tuple[str, ...] = ()

    def shown(self, aim: Aim) -> dict[str, Any]:
        """Return what ``--diff`` shows of it."""
        if aim is Aim.CONSOLIDATED:
            return {"consolidation_needed": self.needs_consolidation}
        return {"snapshots": self.tree.lines()}


def _named_in(name: str | None) -> Address:
    if name is None:
        raise OptionError(
            "'snapshot_xml' has no <name>: give one there, or 'snapshot' or 'snapshot_id'", option="snapshot_xml"
        )
    return Address((_text(name, "snapshot_xml") or "",))


def _text(value: str | None, option: str) -> str | None:
    """Return a text as a host gives it back: what it is told is XML, and that knows one kind of line end."""
    if value is None:
        return None
    if not is_sayable(value):
        raise OptionError(f"'{option}' holds a character that no request can carry: {value!r}", option=option)
    return value.replace("\r\n", "\n").replace("\r", "\n")
