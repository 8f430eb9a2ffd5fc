# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is known of a question that is asked: which choice loses nothing, and whether the default does harm.

Choices are recognized by label and summary, never by key: the keys of most questions were not seen.
What is recognized in two ways that contradict each other is not recognized.
"""

from __future__ import annotations

from .asked import Choice, Intent, Question, plain
from .known import EFFECTS, Button, Effect, KnownQuestion
from .known_confirmed import CONFIRMED
from .known_shared import HOSTED, SHARED

__all__ = [
    "KNOWN",
    "Button",
    "Effect",
    "KnownQuestion",
    "advice",
    "has_safe_choice",
    "is_default_harmful",
    "is_known",
    "known",
    "safe_choice",
]

KNOWN = (*CONFIRMED, *SHARED, *HOSTED)

_BY_ID = {message_id: entry for entry in KNOWN for message_id in entry.message_ids}
_EFFECTS = {plain(word): effect for word, effect in EFFECTS.items()}


def known(message_id: str) -> KnownQuestion | None:
    """Return the entry for a message id, None if there is none."""
    return _BY_ID.get(message_id)


def is_known(question: Question) -> bool:
    """Tell whether there is an entry for the message that asks; one for a message that gives a reason is not enough."""
    return bool(_entries(question))


def safe_choice(question: Question, intent: Intent | None) -> Choice | None:
    """
    Return the choice of a question that loses nothing, None where there is none or it cannot be told.

    Where several of its messages are known, all must agree.
    """
    chosen = [_safe_choice(entry, question, intent) for entry in _entries(question)]
    return chosen[0] if chosen and all(choice is not None and choice is chosen[0] for choice in chosen) else None


def has_safe_choice(question: Question, intent: Intent | None) -> bool:
    """Tell whether a question that is known has a safe choice, offered or not."""
    entries = _entries(question)
    return bool(entries) and all(
        entry.safe or entry.safe_default or (intent is not None and intent in entry.safe_after) for entry in entries
    )


def is_default_harmful(question: Question) -> bool | None:
    """Tell whether the host's default loses something; None where there is none, it depends, or it is not known."""
    choice = question.default_choice
    if choice is None:
        return None
    effects = {_effect(choice, entry) for entry in _entries(question)} or {_effect_of_words(choice)}
    if Effect.LOSES in effects:
        return True
    return False if effects == {Effect.KEEPS} else None


def advice(question: Question) -> str:
    """Return what to know before answering, as the beginning of a sentence that goes on; empty if there is nothing."""
    return "".join(f"{entry.advice}; " for entry in _entries(question) if entry.advice)


def _entries(question: Question) -> tuple[KnownQuestion, ...]:
    if not question.kinds or question.kinds[-1] not in _BY_ID:
        return ()
    found = dict.fromkeys(id(_BY_ID[kind]) for kind in question.kinds if kind in _BY_ID)
    return tuple(entry for entry in KNOWN if id(entry) in found)


def _safe_choice(entry: KnownQuestion, question: Question, intent: Intent | None) -> Choice | None:
    asked_for = entry.safe_after.get(intent) if intent is not None else None
    for name in (asked_for,) if asked_for else entry.safe:
        found = [choice for choice in question.choices if _button(choice, entry) is entry.button(name)]
        if len(found) == 1:
            return found[0]
        if found:
            return None
    default = question.default_choice
    if asked_for is None and entry.safe_default and default is not None:
        button = _button(default, entry)
        return default if button is not None and button.effect is not Effect.LOSES else None
    return None


def _button(choice: Choice, entry: KnownQuestion) -> Button | None:
    found = [button for button in entry.buttons if _words(button) & choice.words]
    return found[0] if len(found) == 1 else None


def _words(button: Button) -> frozenset[str]:
    return frozenset(plain(word) for word in (button.name, *button.words, *([button.id] if button.id else [])))


def _effect(choice: Choice, entry: KnownQuestion) -> Effect | None:
    button = _button(choice, entry)
    return button.effect if button else None


def _effect_of_words(choice: Choice) -> Effect | None:
    effects = {_EFFECTS[word] for word in choice.words if word in _EFFECTS}
    return effects.pop() if len(effects) == 1 else None
