# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""History collectors: what happened and matches a filter, as a latest page and as a view that scrolls."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pyVmomi import vim, vmodl

from .managed import Call, Key, ManagedObject, key_of, method
from .sessions import Session, require_login

if TYPE_CHECKING:
    from .world import World

PAGE, LARGEST_PAGE = 10, 1000


class Happened(Protocol):
    """Something in a history; numbers grow."""

    @property
    def number(self) -> int: ...


class HistoryCollector(ManagedObject):
    """
    One client's view of a history; it ends with its session.

    ``position`` is between two items: the number of the one before it.
    """

    type_name = "HistoryCollector"
    derive: ClassVar[dict[str, Any]] = {"latestPage": lambda collector: collector.page()}

    def __init__(self, owner: Session, spec: Any) -> None:
        super().__init__(f"session[{owner.key}]{uuid.uuid4()}", filter=spec)
        self.owner = owner
        self.spec = spec
        self.size = PAGE
        self.position = 0

    def matching(self) -> Sequence[Happened]:
        """What the filter takes, the oldest first."""
        raise NotImplementedError

    def takes(self, one: Any) -> bool:
        """Say whether the filter takes something."""
        raise NotImplementedError

    def shown(self, one: Any) -> Any:
        """Return what a client gets to see of it."""
        raise NotImplementedError

    def page(self) -> list[Any]:
        """The latest page, the newest first."""
        return [self.shown(one) for one in reversed(self.matching()[-self.size :])]

    def note(self, one: Any) -> None:
        """Hear that something happened."""
        if self.takes(one):
            self.touch("latestPage")

    def before(self, call: Call) -> None:
        if call.session is not self.owner:
            raise vmodl.fault.ManagedObjectNotFound(obj=self.ref, msg="The collector belongs to another session.")

    def close(self) -> None:
        if self.close in self.owner.on_end:
            self.owner.on_end.remove(self.close)
        self.world.remove(self)

    @method("DestroyCollector", writes=False)
    def destroy(self, call: Call) -> None:
        self.close()

    @method("SetCollectorPageSize", writes=False)
    def set_page_size(self, call: Call, *, maxCount: int) -> None:
        self.size = page_size(maxCount)
        self.touch("latestPage")

    @method("RewindCollector", writes=False)
    def rewind(self, call: Call) -> None:
        self.position = 0

    @method("ResetCollector", writes=False)
    def reset(self, call: Call) -> None:
        newest = self.matching()[-self.size :]
        self.position = newest[0].number - 1 if newest else 0

    def read_next(self, count: int) -> list[Any]:
        """Scroll to what is newer; the oldest comes first."""
        _check_count(count)
        found = [one for one in self.matching() if one.number > self.position][:count]
        if found:
            self.position = found[-1].number
        return [self.shown(one) for one in found]

    def read_previous(self, count: int) -> list[Any]:
        """Scroll to what is older; the newest comes first."""
        _check_count(count)
        found = [one for one in reversed(self.matching()) if one.number <= self.position][:count]
        if found:
            self.position = found[-1].number - 1
        return [self.shown(one) for one in found]


def keep(call: Call, manager: ManagedObject, collector: HistoryCollector) -> Any:
    """
    Put a collector into the world; returns its reference.

    Raises:
        InvalidState: there are as many as the manager allows.
    """
    if len(call.world.of_type(collector.type_name)) >= manager.get("maxCollector"):
        raise vim.fault.InvalidState(msg="There are too many collectors.")
    call.world.add(collector)
    collector.owner.on_end.append(collector.close)
    return collector.ref


def owner_of(call: Call) -> Session:
    """Return the session that a new collector belongs to."""
    return require_login(call)


def page_size(count: int | None) -> int:
    """
    Return how many items a page has; None or 0: as many as by default.

    Raises:
        InvalidArgument: so many cannot be.
    """
    if count is not None and not 0 <= count <= LARGEST_PAGE:
        raise _invalid_count()
    return count or PAGE


def refuse(spec: Any, *unknown: str) -> None:
    """
    Refuse what a filter says beyond what is known here.

    Raises:
        NotSupported: it names the field.
    """
    for name in unknown:
        if getattr(spec, name, None) not in (None, []):
            raise vmodl.fault.NotSupported(msg=f"esxsim does not know {type(spec)._wsdlName}.{name}")


def check_entity(world: World, by_entity: Any) -> None:
    """
    Make sure that the entity of a filter exists.

    Raises:
        ManagedObjectNotFound: it does not.
    """
    if by_entity is not None:
        world.find(*key_of(by_entity.entity))


def near(by_entity: Any, own: Collection[Key], above: Collection[Key]) -> bool:
    """Say whether a filter takes something that belongs to ``own`` objects, which have others ``above`` them."""
    if by_entity is None:
        return True
    wanted = key_of(by_entity.entity)
    return (by_entity.recursion != "children" and wanted in own) or (by_entity.recursion != "self" and wanted in above)


def ancestors(world: World, obj: ManagedObject | None) -> list[Key]:
    """The keys of what is above an object, the nearest first."""
    found: list[Key] = []
    while obj is not None and isinstance(parent := obj.get("parent"), vim.ManagedEntity):
        found.append(key_of(parent))
        obj = world.find_or_none(*found[-1])
    return found


def in_time(moment: Any, begin: Any, end: Any) -> bool:
    """Say whether a moment is between two others; each of them may be missing."""
    return moment is not None and (begin is None or moment >= begin) and (end is None or moment <= end)


def by_user(who: Any, user: str) -> bool:
    """Say whether a filter by user takes what a user did; "" is the system."""
    return who is None or user in who.userList or bool(who.systemUser and not user)


def _check_count(count: int) -> None:
    if not 0 < count <= LARGEST_PAGE:
        raise _invalid_count()


def _invalid_count() -> Exception:
    fault: Exception = vmodl.fault.InvalidArgument(
        invalidProperty="maxCount", msg=f"maxCount is none of 1 to {LARGEST_PAGE}."
    )
    return fault
