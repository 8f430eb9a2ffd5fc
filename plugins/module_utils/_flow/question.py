# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The question automaton: what to do while we wait for something that a question may hold up.

What is awaited is a task, a call that blocks, or a condition; the automaton does not know which. Each observation
becomes one event, the table says what follows from it, and :func:`step` issues at most one command. Laws, each a test:

* the table is total: every phase that is not final has an entry for every event;
* no appearance of a question is answered twice, and no kind of question more often than the policy allows;
* at most one cancel is issued;
* a final phase issues nothing, and stepping on from it is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from .answers import Choice, Give, Policy, Question, Report, decide


class Phase(Enum):
    """Where a wait stands."""

    RUNNING = "running"
    ANSWERED = "answered"
    # A question that nobody answers made us cancel what we wait for.
    CANCELLING = "cancelling"
    # The time is up, and what we wait for is being cancelled.
    EXPIRING = "expiring"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """True where the wait is over."""
        return self in FINAL


class Event(Enum):
    """What an observation comes down to."""

    SUCCESS = "success"
    ERROR = "error"
    DEADLINE = "deadline"
    DEADLINE_CANCELABLE = "deadline, cancelable"
    UNANSWERABLE = "unanswerable question"
    UNANSWERABLE_CANCELABLE = "unanswerable question, cancelable"
    ANSWERABLE = "answerable question"
    GONE = "question gone"
    PROGRESS = "progress"


class Act(Enum):
    """What the table asks for."""

    NOTHING = "nothing"
    ANSWER = "answer"
    CANCEL = "cancel"


class Grip(Enum):
    """What the wait may do to the task that it waits for."""

    NO_TASK = "no task"
    THEIRS = "somebody else's task"
    OURS = "our task, not cancelable"
    CANCELABLE = "our task, cancelable"


class Outcome(Enum):
    """What became of a task that was given up."""

    CANCELLED = "cancelled"
    BLOCKED = "not cancelable: left blocked"
    RUNNING = "not cancelable: left running"
    REFUSED = "cancel refused"
    UNCONFIRMED = "cancel not confirmed"
    THEIRS = "not ours: left as found"


FINAL = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.BLOCKED, Phase.EXPIRED})

_WAITING: Mapping[Event, tuple[Phase, Act]] = {
    Event.SUCCESS: (Phase.SUCCEEDED, Act.NOTHING),
    Event.ERROR: (Phase.FAILED, Act.NOTHING),
    Event.DEADLINE: (Phase.EXPIRED, Act.NOTHING),
    Event.DEADLINE_CANCELABLE: (Phase.EXPIRING, Act.CANCEL),
    Event.UNANSWERABLE: (Phase.BLOCKED, Act.NOTHING),
    Event.UNANSWERABLE_CANCELABLE: (Phase.CANCELLING, Act.CANCEL),
    Event.ANSWERABLE: (Phase.ANSWERED, Act.ANSWER),
    Event.GONE: (Phase.RUNNING, Act.NOTHING),
}


def _giving_up(phase: Phase, end: Phase) -> Mapping[Event, tuple[Phase, Act]]:
    stay = (phase, Act.NOTHING)
    over = (end, Act.NOTHING)
    return {
        **dict.fromkeys(Event, stay),
        # It ended well after all, before the cancel reached it.
        Event.SUCCESS: (Phase.SUCCEEDED, Act.NOTHING),
        Event.ERROR: over,
        Event.DEADLINE: over,
        Event.DEADLINE_CANCELABLE: over,
    }


TABLE: Mapping[Phase, Mapping[Event, tuple[Phase, Act]]] = {
    Phase.RUNNING: {**_WAITING, Event.PROGRESS: (Phase.RUNNING, Act.NOTHING)},
    Phase.ANSWERED: {**_WAITING, Event.PROGRESS: (Phase.ANSWERED, Act.NOTHING)},
    Phase.CANCELLING: _giving_up(Phase.CANCELLING, Phase.BLOCKED),
    Phase.EXPIRING: _giving_up(Phase.EXPIRING, Phase.EXPIRED),
}


@dataclass(frozen=True, kw_only=True)
class Observed:
    """
    One look at what we wait for.

    ``finished`` is None while it goes on, then True (well) or False (in error). ``appearance`` numbers the questions in
    the order in which they were seen to come up. ``expired`` is True once the time is up; after a cancel, once the time
    in which it had to be confirmed is up. ``refused`` says that the host refused the cancel, ``unanswered`` why it took
    no answer of ours.
    """

    finished: bool | None = None
    question: Question | None = None
    appearance: int = 0
    grip: Grip = Grip.NO_TASK
    refused: bool = False
    unanswered: Report | None = None
    expired: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Answer ``question`` with ``choice``; ``by`` says on whose word: a rule, the default, the catalogue."""

    question: Question
    choice: Choice
    by: str


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Cancel what we wait for."""


@dataclass(frozen=True, kw_only=True)
class State:
    """
    Where a wait stands and what it has done.

    ``answered`` is the last appearance that was answered, ``counts`` how often each kind of question was.
    ``report`` and ``question`` say why we gave up; ``outcome`` what became of the task then.
    """

    phase: Phase = Phase.RUNNING
    answered: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    question: Question | None = None
    report: Report | None = None
    outcome: Outcome | None = None


def step(state: State, seen: Observed, policy: Policy, vm_name: str) -> tuple[State, Answer | Cancel | None]:
    """
    Take in one observation; return the new state and the command to carry out, if any.

    Raises:
        ValueError: ``state`` is final.
    """
    if state.phase.is_final:
        raise ValueError(f"the wait is over ({state.phase.value})")
    decision = _decision(state, seen, policy, vm_name)
    phase, act = TABLE[state.phase][_event(seen, decision)]
    if act is Act.ANSWER and isinstance(decision, Give) and seen.question is not None:
        counts = Counter(state.counts)
        counts[seen.question.kind] += 1
        answered = replace(state, phase=phase, answered=seen.appearance, counts=dict(counts))
        return answered, Answer(question=seen.question, choice=decision.choice, by=decision.by)
    if isinstance(decision, Report) and state.report is None:
        state = replace(state, report=decision, question=seen.question)
    moved = replace(state, phase=phase, outcome=_outcome(state.phase, phase, seen))
    return moved, Cancel() if act is Act.CANCEL else None


def _decision(state: State, seen: Observed, policy: Policy, vm_name: str) -> Give | Report | None:
    giving_up = state.phase in (Phase.CANCELLING, Phase.EXPIRING)
    if giving_up or seen.question is None:
        return None
    if seen.unanswered is not None:
        return seen.unanswered
    if seen.appearance <= state.answered:
        return None
    return decide(seen.question, vm_name, policy, state.counts.get(seen.question.kind, 0))


def _event(seen: Observed, decision: Give | Report | None) -> Event:
    if seen.finished is not None:
        return Event.SUCCESS if seen.finished else Event.ERROR
    may_cancel = seen.grip is Grip.CANCELABLE
    if isinstance(decision, Report):
        return Event.UNANSWERABLE_CANCELABLE if may_cancel else Event.UNANSWERABLE
    if seen.expired or seen.refused:
        return Event.DEADLINE_CANCELABLE if may_cancel else Event.DEADLINE
    if isinstance(decision, Give):
        return Event.ANSWERABLE
    return Event.GONE if seen.question is None else Event.PROGRESS


def _outcome(before: Phase, after: Phase, seen: Observed) -> Outcome | None:
    if after not in (Phase.BLOCKED, Phase.EXPIRED) or seen.grip is Grip.NO_TASK:
        return None
    if before in (Phase.CANCELLING, Phase.EXPIRING):
        if seen.finished is False:
            return Outcome.CANCELLED
        return Outcome.REFUSED if seen.refused else Outcome.UNCONFIRMED
    if seen.grip is Grip.THEIRS:
        return Outcome.THEIRS
    return Outcome.BLOCKED if after is Phase.BLOCKED else Outcome.RUNNING
