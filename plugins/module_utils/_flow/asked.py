# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A question as a virtual machine asks it.

The law of this file: ``id`` names one appearance of a question, never its kind. The kind is what the message ids say,
or on servers without message ids the id at the beginning of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

BUTTON = "button."

_TEXT_ID = re.compile(r"(msg\.[^\s:]+)(?::|\s*$)")


class Intent(Enum):
    """What the caller is doing to the VM; it settles what some questions leave open."""

    DEFINE = "define"
    CLONE = "clone"
    MIGRATE = "migrate"
    RESTORE = "restore"
    EJECT = "eject"
    UPGRADE = "upgrade"
    REVERT = "revert"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """
    One possible answer.

    ``label`` is a button id (``button.uuid.cancel``) on current hosts and plain text (``I _moved it``) on older ones.

    Source: vim.ElementDescription in vim.option.ChoiceOption.choiceInfo.
    """

    key: str
    label: str
    summary: str

    @property
    def text(self) -> str:
        """What people read: the summary, or else the label without its accelerator, or else the key."""
        label = self.label if self.label.startswith(BUTTON) else self.label.replace("_", "")
        return self.summary.strip() or label.strip() or self.key

    @property
    def words(self) -> frozenset[str]:
        """What label and summary call this choice, as :func:`plain` writes it; a button id by its parts too."""
        words = {plain(self.label), plain(self.summary)}
        if self.label.startswith(BUTTON):
            words |= {plain(self.label.removeprefix(BUTTON)), plain(self.label.rpartition(".")[2])}
        return frozenset(words - {""})

    @property
    def names(self) -> frozenset[str]:
        """Every name that an answer may call this choice by: its key and its words."""
        return self.words | ({plain(self.key)} - {""})

    def to_json(self) -> dict[str, str]:
        """Return ``key``, ``label`` and ``summary``."""
        return {"key": self.key, "label": self.label, "summary": self.summary}


@dataclass(frozen=True, kw_only=True)
class Question:
    """
    A pending question.

    ``default`` is the index of the default choice as the host reports it, so it may be out of range;
    None where the host reports none.

    Source: vim.vm.QuestionInfo, VirtualMachine.runtime.question.
    """

    id: str
    text: str
    message_ids: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    default: int | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The message ids, the asking message last; without any the id that the text begins with, or nothing."""
        ids = tuple(message_id for message_id in self.message_ids if message_id)
        found = _TEXT_ID.match(self.text)
        return ids or ((found.group(1),) if found else ())

    @property
    def kind(self) -> str:
        """What to count this question under: the asking message's id, or the text with its numbers taken out."""
        if self.kinds:
            return self.kinds[-1]
        return re.sub(r"\d+", "#", " ".join(self.text.split()))

    @property
    def default_choice(self) -> Choice | None:
        """The default choice; None where there is none, or where the index leads nowhere."""
        if self.default is None or not 0 <= self.default < len(self.choices):
            return None
        return self.choices[self.default]

    def to_json(self) -> dict[str, Any]:
        """Return the question as results show it; ``default`` is the key of the default choice or None."""
        default = self.default_choice
        return {
            "id": self.id,
            "message_ids": list(self.kinds),
            "text": self.text,
            "choices": [choice.to_json() for choice in self.choices],
            "default": default.key if default else None,
        }


def plain(text: str) -> str:
    """Return a name as names are compared: no accelerator, one case, single blanks."""
    return " ".join(text.replace("_", "").casefold().split())
