# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Questions by rule, and the side of a virtual machine that asks them.

A rule says during which operation a question is raised, when, and what each answer does to the operation.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim, vmodl

from .faults import FaultRule
from .managed import Call, method
from .tasks import Body, Signal
from .vmbase import VmBase
from .world import World

OPERATIONS = (
    *("power-on", "power-off", "suspend", "reset", "reconfigure", "rename", "destroy", "snapshot"),
    *("revert", "remove-snapshot", "consolidate", "screenshot", "relocate"),
    *("shutdown-guest", "reboot-guest", "standby-guest", "mount-tools", "unmount-tools", "now"),
)
EFFECTS = ("continue", "fail", "power-off", "cancel", "again")
DEFAULT_FAULT = "vim.fault.GenericVmConfigFault"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """
    What an answer does.

    ``continue``: the operation goes on. ``fail``: it ends with ``fault``. ``power-off``: the VM is switched off, and
    the operation fails. ``cancel``: it ends with RequestCanceled. ``again``: the question comes back, ``times`` times
    (None: for ever), then the operation goes on.
    """

    what: str = "continue"
    fault: str = DEFAULT_FAULT
    fields: Mapping[str, Any] = field(default_factory=dict)
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One choice, as the host offers it, and what it does."""

    key: str
    label: str
    summary: str
    effect: Effect = Effect()


@dataclass(frozen=True, kw_only=True)
class OtherClient:
    """Somebody else who answers: after some seconds, or (None) just before our own answer arrives."""

    answer: str
    after: float | None = None


@dataclass(kw_only=True)
class QuestionRule:
    """
    When to ask what.

    Args:
        during: the operation, or ``now``.
        delay: seconds after the operation began.
        skip: so many operations pass before the first is asked.
        count: so many operations are asked then; None: all.
        default: the index of the default choice, which may be wrong on purpose; None: there is none.
        messages: whether the question carries ``message[]``.
        id: the id of every instance; None: a new one each time.
        cancelable: whether the task can be cancelled while it asks.
        task: of a question that is there from the start: the operation that it blocks; None: no task.
        on_answer: what an answer that lets the operation go on does, given its key.
    """

    during: str
    text: str
    message_ids: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    default: int | None = None
    delay: float = 0.0
    skip: int = 0
    count: int | None = None
    messages: bool = True
    id: str | None = None
    cancelable: bool = False
    task: str | None = None
    other_client: OtherClient | None = None
    on_answer: Callable[[str], None] | None = None
    seen: int = field(default=0, init=False)

    def takes(self, operation: str) -> bool:
        """Count an operation, and say whether it is one to ask in."""
        if self.during != operation:
            return False
        self.seen += 1
        return self.seen > self.skip and (self.count is None or self.seen <= self.skip + self.count)

    def choice(self, key: str) -> Choice | None:
        """Find a choice by its key."""
        return next((one for one in self.choices if one.key == key), None)

    def labelled(self, text: str) -> Choice | None:
        """Find a choice by what people call it, as answers that are stored in a VMX do."""
        plain = text.replace("_", "").lower()
        named = ((one, (one.label.replace("_", "").lower(), one.summary.lower())) for one in self.choices)
        return next((one for one, names in named if plain in names), None)

    def info(self, number: str) -> Any:
        """The question as the API shows it."""
        choices = [vim.ElementDescription(key=c.key, label=c.label, summary=c.summary) for c in self.choices]
        messages = [vim.vm.Message(id=one, text=self.text) for one in self.message_ids]
        choice = vim.option.ChoiceOption(defaultIndex=self.default)
        if choices:
            # pyVmomi does not take an empty list for a required array, though hosts may send one.
            choice.choiceInfo = choices
        return vim.vm.QuestionInfo(
            id=number,
            text=self.text,
            choice=choice,
            message=messages if self.messages else [],
        )


@dataclass(kw_only=True)
class FailureRule:
    """An operation whose task fails, for example with ``vim.fault.NoDiskSpace``."""

    during: str
    fault: str = DEFAULT_FAULT
    fields: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    skip: int = 0
    count: int | None = 1
    seen: int = field(default=0, init=False)

    def takes(self, operation: str) -> bool:
        """Count an operation, and say whether it is one that fails."""
        if self.during != operation:
            return False
        self.seen += 1
        return self.seen > self.skip and (self.count is None or self.seen <= self.skip + self.count)


@dataclass
class Pending:
    """The question that a VM is asking; ``signal`` is fired by an answer, ``over`` also when it goes without one."""

    rule: QuestionRule
    id: str
    signal: Signal = field(default_factory=Signal)
    over: Signal = field(default_factory=Signal)


def make_fault(name: str, fields: Mapping[str, Any]) -> Any:
    """
    Make a fault by its name.

    Raises:
        ValueError: there is no such fault.
    """
    given = dict(fields)
    if name.endswith("GenericVmConfigFault"):
        given.setdefault("reason", "The answer to a question says so.")
    if name.endswith("TaskInProgress"):
        given.setdefault("task", vim.Task("task-of-somebody-else"))
    return FaultRule(action=f"fault {name}", fields=given).fault()


class Asking(VmBase):
    """A virtual machine that asks, and is answered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules: list[QuestionRule] = []
        self.failures: list[FailureRule] = []
        self.pending: Pending | None = None
        self.asked = 0
        self.answered: list[tuple[str, str]] = []

    def raise_question(self, rule: QuestionRule) -> None:
        """
        Raise a question now, whatever the VM does.

        Raises:
            ValueError: it is asking already.
        """
        if self.pending is not None:
            raise ValueError(f"{self.get('name')} is asking already")
        if rule.task is not None:
            self.world.tasks.start(self, *self.blocked(rule), cancelable=rule.cancelable)
        else:
            run_in_background(self.world, self.wait_and_ask(rule))

    def blocked(self, rule: QuestionRule) -> tuple[str, Body]:
        """Make the task that a question which is there from the start blocks: its method and its body."""
        raise NotImplementedError

    def wait_and_ask(self, rule: QuestionRule) -> Body:
        if rule.delay:
            yield rule.delay
        yield from self.ask(rule)

    def ask(self, rule: QuestionRule, operation: str = "") -> Generator[Any, Any, None]:
        """Ask until an answer lets the operation go on; raises the fault that an answer leads to."""
        rounds = 0
        while True:
            while self.pending is not None:
                yield self.pending.over
                yield 0
            choice = self._stored_answer(rule) or rule.choice((yield from self._ask_once(rule)))
            effect = choice.effect if choice is not None else Effect()
            if effect.what != "again" or (effect.times is not None and rounds >= effect.times):
                break
            rounds += 1
        if effect.what == "fail":
            raise make_fault(effect.fault, effect.fields)
        if effect.what == "cancel":
            raise vmodl.fault.RequestCanceled(msg="The operation was canceled by the user.")
        if effect.what == "power-off":
            self.turn("poweredOff")
            if operation != "power-off":
                raise make_fault(DEFAULT_FAULT, {"reason": "The virtual machine was powered off."})
        elif rule.on_answer is not None and choice is not None:
            rule.on_answer(choice.key)

    def _stored_answer(self, rule: QuestionRule) -> Choice | None:
        """Find the answer that the VMX has to a question: then it is not asked."""
        keys = {f"answer.{one}".lower() for one in rule.message_ids}
        for option in self.get("config.extraConfig") if keys else ():
            if option.key.lower() in keys:
                return rule.labelled(str(option.value))
        return None

    def _ask_once(self, rule: QuestionRule) -> Generator[Any, Any, str]:
        self.asked += 1
        pending = Pending(rule, rule.id if rule.id is not None else str(self.asked))
        self.pending = pending
        question = rule.info(pending.id)
        self.set("runtime.question", question)
        self.world.events.post("VmMessageEvent", self, message=question.text, messageInfo=question.message)
        other = rule.other_client
        timer = None
        if other is not None and other.after is not None:
            timer = self.world.clock.call_later(other.after, lambda: self._settle(pending, other.answer))
        try:
            answer: str = yield pending.signal
            return answer
        finally:
            if timer is not None:
                timer.cancel()
            self._settle(pending, "", answered=False)

    def _settle(self, pending: Pending, key: str, *, answered: bool = True) -> None:
        """End a question: the VM asks no more, and what waited for the answer goes on."""
        if self.pending is not pending:
            return
        self.pending = None
        self.set("runtime.question", None)
        if answered:
            self.answered.append((pending.id, key))
            pending.signal.fire(key)
        pending.over.fire()

    def answer(self, key: str, *, question_id: str | None = None) -> None:
        """
        Answer as somebody who does not come through the API.

        Raises:
            ValueError: nothing is asked, or there is no such choice.
        """
        with self.world.lock:
            pending = self.pending
            if pending is None or question_id not in (None, pending.id):
                raise ValueError(f"{self.get('name')} does not ask that")
            if pending.rule.choice(key) is None:
                raise ValueError(f"{self.get('name')} offers no choice {key!r}")
            self._settle(pending, key)

    @method("AnswerVM")
    def answer_vm(self, call: Call, *, questionId: str, answerChoice: str) -> None:
        pending = self.pending
        if pending is not None and pending.id == questionId:
            other = pending.rule.other_client
            if other is not None and other.after is None:
                self._settle(pending, other.answer)
                raise vim.fault.ConcurrentAccess(msg="The question has been answered by another client.")
            if pending.rule.choice(answerChoice) is None:
                raise vmodl.fault.InvalidArgument(
                    invalidProperty="answerChoice", msg=f"The question offers no choice {answerChoice}."
                )
            self._settle(pending, answerChoice)
        elif pending is not None:
            raise vmodl.fault.InvalidArgument(
                invalidProperty="questionId", msg="The virtual machine does not ask a question of this id."
            )
        elif any(number == questionId for number, _rest in self.answered):
            raise vim.fault.ConcurrentAccess(msg="The question has been answered already.")
        else:
            raise vim.fault.InvalidState(msg="The virtual machine asks no question.")

    def check_free(self) -> None:
        """
        Refuse a new operation while the VM asks or a task runs.

        Raises:
            QuestionPending: it asks.
            TaskInProgress: another task runs.
        """
        question = self.get("runtime.question")
        if question is not None:
            raise vim.fault.QuestionPending(
                text=question.text, msg="The operation cannot proceed: the virtual machine has a pending question."
            )
        for ref in self.get("recentTask"):
            task = self.world.find_or_none("Task", ref._moId)
            if getattr(task, "running", False):
                raise vim.fault.TaskInProgress(task=ref, msg="Another task is already in progress.")

    def triggered(self, operation: str) -> list[QuestionRule]:
        """The rules that an operation that begins now triggers, by the time at which they ask."""
        return sorted((rule for rule in self.rules if rule.takes(operation)), key=lambda rule: rule.delay)

    def questions_of(self, rules: Sequence[QuestionRule], operation: str) -> Generator[Any, Any, float]:
        """Ask what the rules say; returns how many seconds their delays took."""
        passed = 0.0
        for rule in rules:
            yield max(0.0, rule.delay - passed)
            passed = max(passed, rule.delay)
            yield from self.ask(rule, operation)
        return passed


def run_in_background(world: World, body: Body, done: Callable[[Any], None] | None = None) -> None:
    """
    Run a body on the clock without a task.

    ``done`` is called at the end, with the fault that it ended with, or None.
    """

    def step(value: Any = None) -> None:
        try:
            waits_for = body.send(value)
        except StopIteration:
            fault = None
        except vmodl.MethodFault as error:
            fault = error
        else:
            if isinstance(waits_for, Signal):
                waits_for.then(step)
            else:
                world.clock.call_later(waits_for, step)
            return
        if done is not None:
            done(fault)

    with world.lock:
        step()
