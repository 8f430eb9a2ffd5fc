# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The question policy: what the user wants answered, and how.

Whatever comes out of :meth:`Policy.from_params` can be applied to any question without an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase, translate
from typing import Any

from .._errors import OptionError
from .asked import Intent, Question
from .pace import MAX_ANSWERS

RULE_KEYS = ("question", "text", "vm", "answer")

# YAML reads a bare Yes and No as booleans, and those are the most common answers there are.
_BOOLEAN_WORDS = {True: "yes", False: "no"}


class AutoAnswer(Enum):
    """What happens to a question that no rule matches."""

    REPORT = "false"
    DEFAULT = "true"
    SAFE = "safe"


_AUTO_ANSWER = {
    **dict.fromkeys(("", "false", "no", "off", "n", "f", "0", "none"), AutoAnswer.REPORT),
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), AutoAnswer.DEFAULT),
    "safe": AutoAnswer.SAFE,
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One answer for some questions of some VMs.

    ``question`` is a glob on message ids, in any case; ``text`` is searched in the question's text; with neither,
    the rule is for any question. ``vm`` is a glob on the VM's name, None any VM.
    ``answer`` names a choice, or is ``default`` or ``fail``.
    """

    answer: str
    question: str | None = None
    text: re.Pattern[str] | None = None
    vm: str | None = None

    def matches(self, question: Question, vm_name: str) -> bool:
        """Tell whether this rule is for that question of that VM."""
        if self.vm is not None and not fnmatchcase(vm_name, self.vm):
            return False
        if self.text is not None:
            return self.text.search(question.text) is not None
        if self.question is None:
            return True
        glob = self.question.casefold()
        # Even a question without any id is matched by "*".
        return any(fnmatchcase(kind.casefold(), glob) for kind in question.kinds or ("",))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """
    What to do about questions.

    ``intent`` is what the caller is doing to the VM, None if nothing that a question could ask about.
    """

    auto_answer: AutoAnswer = AutoAnswer.REPORT
    rules: tuple[Rule, ...] = ()
    max_answers: int = MAX_ANSWERS
    intent: Intent | None = None

    @classmethod
    def from_params(
        cls,
        params: Mapping[str, Any],
        *,
        intent: Intent | None = None,
        load_text: Callable[[str], Any] | None = None,
    ) -> Policy:
        """
        Read ``auto_answer``, ``answers`` and ``max_answers``; what is missing or None has its default.

        ``load_text`` reads YAML and raises ValueError for text that is none; without it a text must be JSON.

        Raises:
            OptionError: an option has a value that means nothing.
        """
        return cls(
            auto_answer=read_auto_answer(params.get("auto_answer")),
            rules=_rules(params.get("answers"), load_text),
            max_answers=_max_answers(params.get("max_answers")),
            intent=intent,
        )


def read_auto_answer(value: Any) -> AutoAnswer:
    """
    Read ``auto_answer`` as YAML, a survey or a URI gives it; None is ``false``.

    Raises:
        OptionError: it is none of false, true and safe.
    """
    found = _AUTO_ANSWER.get(str(value).strip().lower())
    if found is None:
        raise OptionError(f"'auto_answer' must be false, true or safe; found {_shown(value)}", option="auto_answer")
    return found


def _max_answers(value: Any) -> int:
    if value is None:
        return MAX_ANSWERS
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(f"'max_answers' must be a whole number from 1; found {_shown(value)}", option="max_answers")
    return value


def _rules(value: Any, load_text: Callable[[str], Any] | None) -> tuple[Rule, ...]:
    loaded = _load(value, load_text) if isinstance(value, str) else value
    if loaded is None:
        return ()
    if not isinstance(loaded, Sequence) or isinstance(loaded, (str, bytes)):
        raise OptionError(f"'answers' must be a list of rules; found {_shown(loaded)}", option="answers")
    return tuple(_rule(entry, number) for number, entry in enumerate(loaded, start=1))


def _load(text: str, load_text: Callable[[str], Any] | None) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        problem: Exception = error
    if load_text is not None:
        try:
            return load_text(text)
        except (ValueError, RecursionError) as error:
            problem = error
    form = "JSON" if load_text is None else "YAML or JSON"
    raise OptionError(f"'answers' is a text, but no {form}: {problem}", option="answers") from problem


def _rule(entry: Any, number: int) -> Rule:
    if not isinstance(entry, Mapping):
        raise _bad(number, f"it must be a dictionary with {_listed(RULE_KEYS)}; found {_shown(entry)}")
    unknown = [str(key) for key in entry if key not in RULE_KEYS]
    if unknown:
        raise _bad(number, f"it has no key {_listed(sorted(unknown))}; allowed are {_listed(RULE_KEYS)}")
    question, text, vm = (_string(entry, key, number) for key in ("question", "text", "vm"))
    if question is not None and text is not None:
        raise _bad(number, "give 'question' or 'text', not both")
    if question is None and text is None and vm is None:
        raise _bad(
            number, "it says for which questions in none of 'question', 'text', 'vm'; 'question: \"*\"' means any"
        )
    return Rule(
        answer=_answer(entry.get("answer"), number),
        question=_glob(question, "question", number),
        text=_regex(text, number),
        vm=_glob(vm, "vm", number),
    )


def _answer(value: Any, number: int) -> str:
    if isinstance(value, bool):
        return _BOOLEAN_WORDS[value]
    if value is None or (isinstance(value, str) and not value.strip()):
        raise _bad(number, "'answer' is missing: a choice by key, label or summary, or 'default', or 'fail'")
    if not isinstance(value, (str, int)):
        raise _bad(number, f"'answer' must be a choice by key, label or summary; found {_shown(value)}")
    return str(value)


def _string(entry: Mapping[str, Any], key: str, number: int) -> str | None:
    value = entry.get(key)
    if value is None:
        return None
    # The name of a VM may be a number, and YAML does not know that.
    if key == "vm" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise _bad(number, f"'{key}' must be a text that is not empty; found {_shown(value)}")
    return value


def _regex(text: str | None, number: int) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise _bad(number, f"'text' is no regular expression: {error}; found {_shown(text)}") from error


def _glob(text: str | None, key: str, number: int) -> str | None:
    try:
        re.compile(translate((text or "").casefold()))
    except re.error as error:
        raise _bad(number, f"'{key}' is no glob: {error}; found {_shown(text)}") from error
    return text


def _bad(number: int, what: str) -> OptionError:
    return OptionError(f"rule {number} of 'answers': {what}", option="answers", rule=number)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:80]}{'...' if len(text) > 80 else ''} (type {type(value).__name__})"
