# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of calls and the rules for faults: what tests ask afterwards, and what they spoil beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from . import api
from .managed import Key

if TYPE_CHECKING:
    from .sessions import Session
    from .world import World

ACTIONS = (
    *("latency", "session-expiry", "drop-before", "drop-after", "http-503", "truncate", "garbage"),
    *("disk-full", "restart-before", "restart-after", "cut", "stall"),
)
# What may happen to a file while it goes over the network.
STREAM = ("cut", "stall", "disk-full")
# What happens instead of the call, and what happens to its answer.
BEFORE = ("drop-before", "http-503", "restart-before")
AFTER = ("drop-after", "truncate", "garbage", "restart-after")

# What a defect of the simulator may raise; a client gets a SystemError that names it, and the world keeps it.
DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


class WireFailure(Exception):
    """
    A failure of the way, not of the host: each door shows it as its clients would see it.

    ``result`` is what the host would have answered; it was executed where the action says so.
    """

    def __init__(self, action: str, result: Any = None) -> None:
        super().__init__(action)
        self.action = action
        self.result = result


class HostDown(Exception):
    """The host does not answer: it restarts."""


@dataclass
class FaultRule:
    """
    Spoil some calls.

    ``method`` and ``moid`` are globs: which calls. ``skip`` of them pass first, then ``count`` are spoilt (None: all).
    A request for a file is a call too: its method is GET, HEAD, PUT or DELETE, its ``moid`` the path.

    ``action`` is ``latency`` (of so many ``seconds``), ``session-expiry``, ``drop-before`` (not executed),
    ``drop-after`` (executed, no reply), ``http-503`` (not executed), ``truncate``, ``garbage`` (both executed),
    ``disk-full`` (a task fails with NoDiskSpace, other methods raise it, PUT is answered with 507), ``restart-before``
    and ``restart-after`` (as with drop, and the host is gone for so many ``seconds``; ``keep_tasks``: its tasks go on),
    or ``fault <name>`` with ``fields`` of the fault, for example ``fault vim.fault.NoDiskSpace``.

    Of a file that goes over the network, ``after_bytes`` pass first. Then ``cut`` ends the connection, ``stall`` lets
    it rest for so many ``seconds``, and ``disk-full`` answers a PUT with 507.
    """

    method: str = "*"
    moid: str = "*"
    skip: int = 0
    count: int | None = 1
    action: str = "latency"
    seconds: float = 0.0
    after_bytes: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    keep_tasks: bool = False
    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.action.startswith("fault "):
            self.fault()
        elif self.action not in ACTIONS:
            raise ValueError(f"unknown action of a fault rule: {self.action!r}")

    def takes(self, method: str, moid: str) -> bool:
        """Count a call, and say whether it is one to spoil."""
        if not (fnmatchcase(method, self.method) and fnmatchcase(moid, self.moid)):
            return False
        self.seen += 1
        return self.seen > self.skip and (self.count is None or self.seen <= self.skip + self.count)

    def fault(self) -> Any:
        """
        Make the fault of a ``fault`` rule; a bare name is looked for as WSDL knows it.

        Raises:
            ValueError: there is no such fault.
        """
        name = self.action.removeprefix("fault ").strip()
        try:
            cls = api.support.GetVmodlType(name) if "." in name else api.support.GetWsdlType("urn:vim25", name)
            if not issubclass(cls, Exception):
                raise KeyError(name)
        except KeyError as error:
            raise ValueError(f"no fault is named {name!r}") from error
        return cls(**{"msg": f"The scenario says {name.rsplit('.', 1)[-1]}.", **self.fields})


class FaultRules:
    """The rules in force, in their order. The world's lock guards them."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(self, rule: FaultRule) -> FaultRule:
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        self.rules.clear()

    def matching(self, method: str, moid: str) -> list[FaultRule]:
        return [rule for rule in self.rules if rule.takes(method, moid)]


def spoil_before(world: World, method: str, moid: str, session: Session | None) -> list[FaultRule]:
    """
    Do to a call what the rules want done before it is carried out; the caller holds the lock.

    Returns:
        The rules that take the call.

    Raises:
        vmodl.MethodFault: what the host answers instead.
        WireFailure: the call is not carried out.
    """
    rules = world.faults.matching(method, moid) if world.faults.rules else []
    for rule in rules:
        if rule.action == "latency":
            world.clock.sleep(rule.seconds)
        elif rule.action == "session-expiry" and session is not None:
            world.sessions.end(session)
        elif rule.action in BEFORE:
            _fail(world, rule)
        elif rule.action.startswith("fault "):
            raise rule.fault()
    return rules


def spoil_after(world: World, rules: list[FaultRule], result: Any) -> None:
    """
    Do to an answer what the rules want done; the caller holds the lock.

    Raises:
        WireFailure: the client does not get it as it is.
    """
    for rule in rules:
        if rule.action in AFTER:
            _fail(world, rule, result)


def _fail(world: World, rule: FaultRule, result: Any = None) -> None:
    if rule.action.startswith("restart"):
        world.restart(rule.seconds, keep_tasks=rule.keep_tasks)
    raise WireFailure(rule.action, result)


def is_full(rules: list[FaultRule]) -> bool:
    """Say whether the rules want the disk to be full."""
    return any(rule.action == "disk-full" for rule in rules)


def no_space(path: str) -> Any:
    """Make the fault of a full datastore; ``path`` is the file that did not fit."""
    store = path.partition("]")[0].removeprefix("[")
    return vim.fault.NoDiskSpace(file=path, datastore=store, msg=f"Insufficient disk space on datastore '{store}'.")


@dataclass
class CallRecord:
    """One call: what, by whom, when, and the fault it ended with ("" is none)."""

    key: Key
    method: str
    session: str
    at: float
    args: dict[str, Any]
    fault: str = ""


class CallLog:
    """Every call in its order; the oldest are forgotten after ``limit``."""

    def __init__(self, limit: int = 100_000) -> None:
        self.limit = limit
        self._records: list[CallRecord] = []

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: CallRecord) -> None:
        self._records.append(record)
        if len(self._records) > self.limit:
            del self._records[: self.limit // 10]

    def clear(self) -> None:
        self._records.clear()

    def of(self, method: str, moid: str = "*") -> list[CallRecord]:
        """The calls of a method (a glob), in their order."""
        return [r for r in self if fnmatchcase(r.method, method) and fnmatchcase(r.key.moid, moid)]

    def methods(self) -> list[str]:
        """The names of the methods called, in their order."""
        return [record.method for record in self]
