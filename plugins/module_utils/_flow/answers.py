# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What to answer to a question, if anything.

Rules come first, in their order, and the first that matches decides. ``auto_answer`` decides where none does.
What cannot be answered as wanted is reported, each case in its own words; nothing here guesses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .asked import Choice, Intent, Question, plain
from .policy import AutoAnswer, Policy, Rule

__all__ = [
    "AutoAnswer",
    "Choice",
    "Give",
    "Intent",
    "Policy",
    "Question",
    "Reason",
    "Report",
    "Rule",
    "as_rule",
    "decide",
    "refused",
]

DEFAULT = "default"
FAIL = "fail"
SHOWN_TEXT = 60


class Reason(Enum):
    """Why a question is not answered."""

    NO_RULE = "no_rule"
    RULE_SAYS_FAIL = "rule_says_fail"
    NOT_OFFERED = "answer_not_offered"
    AMBIGUOUS = "answer_ambiguous"
    NO_CHOICES = "no_choices"
    NO_DEFAULT = "no_default"
    DEFAULT_OUT_OF_RANGE = "default_out_of_range"
    TOO_OFTEN = "max_answers"
    UNKNOWN = "unknown_question"
    NOTHING_SAFE = "no_safe_choice"
    SAFE_NOT_OFFERED = "safe_choice_not_offered"
    REFUSED = "answer_refused"


@dataclass(frozen=True, kw_only=True)
class Give:
    """
    Answer with ``choice``.

    ``by`` says on whose word, for people: ``rule 2``, ``default`` or ``safe``.
    ``rule_index`` counts from 0; None where no rule gave the answer.
    """

    choice: Choice
    by: str
    rule_index: int | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Do not answer; ``sentence`` says why, and what the user can put into the policy."""

    reason: Reason
    sentence: str


def decide(question: Question, vm_name: str, policy: Policy, times_answered: int) -> Give | Report:
    """
    Choose the answer to a question of a VM, of which this kind was answered ``times_answered`` times in this task.

    Total: it never raises, and what it gives is always one of the question's choices.
    """
    decision = _wanted(question, vm_name, policy)
    if isinstance(decision, Give) and times_answered >= policy.max_answers:
        times = "once" if times_answered == 1 else f"{times_answered} times"
        return Report(
            reason=Reason.TOO_OFTEN,
            sentence=f"It was answered {times} and came back ('max_answers' is {policy.max_answers}): "
            f"remove its cause, or choose another answer than '{decision.choice.text}' in 'answers'.",
        )
    return decision


def refused(choice: Choice, why: str) -> Report:
    """Say that the host does not take our answer, whatever the policy says."""
    return Report(reason=Reason.REFUSED, sentence=f"The host refuses the answer '{choice.text}': {why}.")


def as_rule(question: Question) -> dict[str, str]:
    """
    Return a rule for exactly this kind of question, to be pasted into ``answers`` and edited.

    Its answer is the default choice, or the first; ``fail`` for a question without choices.
    """
    return {**_condition(question), "answer": _proposal(question)}


def _wanted(question: Question, vm_name: str, policy: Policy) -> Give | Report:
    for index, rule in enumerate(policy.rules):
        if rule.matches(question, vm_name):
            return _by_rule(question, rule, index)
    if not question.choices:
        return _no_choices("")
    if policy.auto_answer is AutoAnswer.DEFAULT:
        return _default(question, "default", None)
    if policy.auto_answer is AutoAnswer.SAFE:
        return _safe(question, policy.intent)
    return Report(
        reason=Reason.NO_RULE, sentence=f"'auto_answer' is false and no rule of 'answers' matches: {_hint(question)}."
    )


def _by_rule(question: Question, rule: Rule, index: int) -> Give | Report:
    name = f"rule {index + 1}"
    word = plain(rule.answer)
    if word == FAIL:
        return Report(
            reason=Reason.RULE_SAYS_FAIL,
            sentence=f"{name.capitalize()} of 'answers' says fail: change its answer to one of the choices, "
            "or answer by hand.",
        )
    if not question.choices:
        return _no_choices(f" {name.capitalize()} of 'answers' has nothing to choose from.")
    if word == DEFAULT:
        return _default(question, name, index)
    found = _named(question, rule.answer)
    if len(found) == 1:
        return Give(choice=found[0], by=name, rule_index=index)
    offered = _offered(question.choices)
    if found:
        return Report(
            reason=Reason.AMBIGUOUS,
            sentence=f"The answer '{rule.answer}' of {name} in 'answers' is ambiguous, it fits {_offered(found)}: "
            "name the choice by its key.",
        )
    return Report(
        reason=Reason.NOT_OFFERED,
        sentence=f"The answer '{rule.answer}' of {name} in 'answers' is not among the choices: "
        f"change it to one of {offered}.",
    )


def _default(question: Question, by: str, index: int | None) -> Give | Report:
    choice = question.default_choice
    if choice is not None:
        return Give(choice=choice, by=by, rule_index=index)
    if question.default is None:
        return Report(
            reason=Reason.NO_DEFAULT,
            sentence=f"The host names no default for it: {_hint(question, 'a choice by its name')}.",
        )
    return Report(
        reason=Reason.DEFAULT_OUT_OF_RANGE,
        sentence=f"The host's default is choice number {question.default}, counted from 0, of {len(question.choices)}, "
        f"so there is none: {_hint(question, 'a choice by its name')}.",
    )


def _safe(question: Question, intent: Intent | None) -> Give | Report:
    # What is known of questions is much to load, and most tasks meet none.
    from . import catalogue

    choice = catalogue.safe_choice(question, intent)
    if choice is not None:
        return Give(choice=choice, by="safe")
    if not catalogue.is_known(question):
        return Report(
            reason=Reason.UNKNOWN,
            sentence=f"'auto_answer' is safe, and what this question's choices do is not known: {_hint(question)}.",
        )
    if catalogue.has_safe_choice(question, intent):
        return Report(
            reason=Reason.SAFE_NOT_OFFERED,
            sentence=f"'auto_answer' is safe, and the choice that is known to be safe is not offered: "
            f"{_hint(question)}.",
        )
    return Report(
        reason=Reason.NOTHING_SAFE,
        sentence=f"'auto_answer' is safe, and no choice of this question is: "
        f"{catalogue.advice(question)}{_hint(question)}.",
    )


def _no_choices(more: str) -> Report:
    return Report(
        reason=Reason.NO_CHOICES,
        sentence=f"The host offers no choices, so nothing in 'answers' can settle it: "
        f"look at the machine's console.{more}",
    )


def _named(question: Question, answer: str) -> tuple[Choice, ...]:
    name = plain(answer)
    return tuple(choice for choice in question.choices if name in choice.names)


def _offered(choices: tuple[Choice, ...]) -> str:
    names = (choice.label if choice.label == choice.text else f"{choice.label}: {choice.text}" for choice in choices)
    return ", ".join(f"'{choice.key}' ({name})" for choice, name in zip(choices, names, strict=True))


def _hint(question: Question, what: str = "a rule") -> str:
    # Within single quotes YAML writes a quote twice.
    rule = ", ".join(f"{key}: '" + value.replace("'", "''") + "'" for key, value in as_rule(question).items())
    return f"put {what} into 'answers', for example {{{rule}}}"


def _condition(question: Question) -> dict[str, str]:
    if question.kinds:
        return {"question": re.sub(r"([*?\[])", r"[\1]", question.kind)}
    line = next((line.strip() for line in question.text.splitlines() if line.strip()), "")
    # re.escape would escape blanks too, and make the text hard to read.
    return {"text": re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", line[:SHOWN_TEXT].strip()) or r"^\s*$"}


def _proposal(question: Question) -> str:
    choice = question.default_choice or (question.choices[0] if question.choices else None)
    if choice is None:
        return FAIL
    for name in (choice.text, choice.label, choice.key):
        if plain(name) not in (DEFAULT, FAIL) and _named(question, name) == (choice,):
            return name
    return DEFAULT if question.default_choice else FAIL
