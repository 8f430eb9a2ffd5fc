# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The question automaton: its table is total, and its laws hold over any stream of observations."""

from __future__ import annotations

import importlib.util
import pathlib
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.answers import (
    AutoAnswer,
    Choice,
    Policy,
    Question,
    Reason,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.question import (
    FINAL,
    TABLE,
    Act,
    Answer,
    Cancel,
    Event,
    Grip,
    Observed,
    Outcome,
    Phase,
    State,
    step,
)
from hypothesis import given
from hypothesis import strategies as st

APPEND = Choice(key="0", label="button.serial.file.append", summary="Append")
REPLACE = Choice(key="1", label="button.serial.file.overwrite", summary="Replace")
SERIAL = Question(
    id="1", text="Replace or append?", message_ids=("msg.serial.file.open",), choices=(APPEND, REPLACE), default=0
)
NO_DEFAULT = Question(id="2", text="Well?", message_ids=("msg.odd",), choices=(APPEND, REPLACE))
REPORT = Policy()
DEFAULT = Policy(auto_answer=AutoAnswer.DEFAULT)


def test_every_phase_that_is_not_final_has_an_entry_for_every_event() -> None:
    waiting = set(Phase) - FINAL

    assert set(TABLE) == waiting
    assert all(set(row) == set(Event) for row in TABLE.values())


def test_no_entry_into_a_final_phase_issues_a_command() -> None:
    final_acts = {act for row in TABLE.values() for phase, act in row.values() if phase.is_final}

    assert final_acts == {Act.NOTHING}


def test_every_wait_can_end() -> None:
    ends = {phase: {end for end, _act in row.values() if end.is_final} for phase, row in TABLE.items()}

    assert all(ends.values())


def test_a_known_question_is_answered_and_waited_for() -> None:
    seen = Observed(question=SERIAL, appearance=1, grip=Grip.OURS)

    state, command = step(State(), seen, DEFAULT, "web01")

    assert command == Answer(question=SERIAL, choice=APPEND, by="default")
    assert state.phase is Phase.ANSWERED


def test_an_answered_question_is_not_answered_again() -> None:
    seen = Observed(question=SERIAL, appearance=1)
    answered, _command = step(State(), seen, DEFAULT, "web01")

    state, command = step(answered, seen, DEFAULT, "web01")

    assert command is None
    assert state == answered


def test_a_question_that_came_back_is_a_new_one_though_its_id_is_the_same() -> None:
    answered, _command = step(State(), Observed(question=SERIAL, appearance=1), DEFAULT, "web01")

    _state, command = step(answered, Observed(question=SERIAL, appearance=2), DEFAULT, "web01")

    assert isinstance(command, Answer)


def test_a_kind_of_question_is_answered_no_more_often_than_the_policy_allows() -> None:
    policy = Policy(auto_answer=AutoAnswer.DEFAULT, max_answers=2)
    state, answers = State(), 0
    for appearance in range(1, 10):
        state, command = step(state, Observed(question=SERIAL, appearance=appearance, grip=Grip.OURS), policy, "web01")
        answers += isinstance(command, Answer)
        if state.phase.is_final:
            break

    assert answers == 2
    assert state.phase is Phase.BLOCKED
    assert state.report is not None
    assert state.report.reason is Reason.TOO_OFTEN


@pytest.mark.parametrize(
    ("grip", "outcome"),
    [(Grip.OURS, Outcome.BLOCKED), (Grip.THEIRS, Outcome.THEIRS), (Grip.NO_TASK, None)],
)
def test_an_unanswerable_question_blocks_at_once_where_nothing_can_be_cancelled(
    grip: Grip, outcome: Outcome | None
) -> None:
    state, command = step(State(), Observed(question=SERIAL, appearance=1, grip=grip), REPORT, "web01")

    assert command is None
    assert (state.phase, state.outcome, state.question) == (Phase.BLOCKED, outcome, SERIAL)


CANCELLED: list[tuple[dict[str, Any], Phase, Outcome | None]] = [
    ({"finished": False}, Phase.BLOCKED, Outcome.CANCELLED),
    ({"finished": True}, Phase.SUCCEEDED, None),
    ({"refused": True}, Phase.BLOCKED, Outcome.REFUSED),
    ({"expired": True}, Phase.BLOCKED, Outcome.UNCONFIRMED),
]


@pytest.mark.parametrize(("then", "phase", "outcome"), CANCELLED)
def test_a_cancelable_task_is_cancelled_and_what_came_of_it_is_said(
    then: dict[str, Any], phase: Phase, outcome: Outcome | None
) -> None:
    asked = Observed(question=SERIAL, appearance=1, grip=Grip.CANCELABLE)
    cancelling, command = step(State(), asked, REPORT, "web01")
    assert command == Cancel()

    ended, nothing = step(
        cancelling, Observed(question=SERIAL, appearance=1, grip=Grip.CANCELABLE, **then), REPORT, "x"
    )

    assert nothing is None
    assert (ended.phase, ended.outcome) == (phase, outcome)


@pytest.mark.parametrize(
    ("grip", "phase", "outcome"),
    [
        (Grip.OURS, Phase.EXPIRED, Outcome.RUNNING),
        (Grip.THEIRS, Phase.EXPIRED, Outcome.THEIRS),
        (Grip.NO_TASK, Phase.EXPIRED, None),
        (Grip.CANCELABLE, Phase.EXPIRING, None),
    ],
)
def test_when_the_time_is_up_what_can_be_cancelled_is(grip: Grip, phase: Phase, outcome: Outcome | None) -> None:
    state, command = step(State(), Observed(grip=grip, expired=True), DEFAULT, "web01")

    assert (state.phase, state.outcome) == (phase, outcome)
    assert isinstance(command, Cancel) == (grip is Grip.CANCELABLE)


def test_the_end_of_a_task_counts_more_than_a_question_or_the_deadline() -> None:
    seen = Observed(finished=True, question=NO_DEFAULT, appearance=1, expired=True, grip=Grip.CANCELABLE)

    state, command = step(State(), seen, DEFAULT, "web01")

    assert (state.phase, command) == (Phase.SUCCEEDED, None)


def test_a_question_nobody_answers_says_more_than_the_deadline() -> None:
    state, _command = step(State(), Observed(question=NO_DEFAULT, appearance=1, expired=True), DEFAULT, "web01")

    assert state.phase is Phase.BLOCKED


def test_stepping_on_from_a_final_phase_is_an_error() -> None:
    with pytest.raises(ValueError, match="over"):
        step(State(phase=Phase.SUCCEEDED), Observed(), REPORT, "web01")


QUESTIONS = st.sampled_from([None, SERIAL, NO_DEFAULT])
LOOKS = st.builds(
    lambda asked, comes_back, **rest: (asked, comes_back, rest),
    QUESTIONS,
    st.booleans(),
    finished=st.sampled_from([None, None, None, None, True, False]),
    grip=st.sampled_from(Grip),
    refused=st.booleans(),
    expired=st.sampled_from([False, False, False, True]),
)
POLICIES = st.builds(Policy, auto_answer=st.sampled_from(AutoAnswer), max_answers=st.integers(1, 4))


@given(st.lists(LOOKS, max_size=40), POLICIES)
def test_the_laws_hold_over_any_stream(
    looks: list[tuple[Question | None, bool, dict[str, Any]]], policy: Policy
) -> None:
    state, appearance, before = State(), 0, None
    answered: list[int] = []
    given_by_kind: dict[str, int] = {}
    cancels = 0
    for asked, comes_back, rest in looks:
        if asked is not None and (asked != before or comes_back):
            appearance += 1
        before = asked
        state, command = step(state, Observed(question=asked, appearance=appearance, **rest), policy, "web01")
        if isinstance(command, Answer):
            assert command.choice in command.question.choices
            answered.append(appearance)
            given_by_kind[command.question.kind] = given_by_kind.get(command.question.kind, 0) + 1
        cancels += isinstance(command, Cancel)
        if rest["finished"] is not None:
            assert state.phase.is_final
        if state.phase.is_final:
            assert command is None
            break

    assert len(answered) == len(set(answered)), "an appearance was answered twice"
    assert all(times <= policy.max_answers for times in given_by_kind.values())
    assert cancels <= 1
    assert dict(state.counts) == given_by_kind


def test_the_diagram_in_the_guide_is_drawn_from_the_table() -> None:
    docs = pathlib.Path(__file__).resolve().parents[3] / "docs"
    spec = importlib.util.spec_from_file_location("generate_question_diagram", docs / "generate_question_diagram.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    picture = (docs / "docsite" / "rst" / "questions-wait.svg").read_text("utf-8")

    assert picture == script.drawing(), "run: python docs/generate_question_diagram.py"
