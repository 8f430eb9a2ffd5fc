# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is known of a question, as data: what it means, what its choices do, and which of them lose nothing.

A button id is stated only where it was seen; a choice that was not seen is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .asked import Intent


class Grade(Enum):
    """How well a question is known."""

    CONFIRMED = "seen on ESXi or vCenter"
    SHARED = "in the messages that VMware's products share, not confirmed on ESXi"
    HOSTED = "of the hosted products only"


class Effect(Enum):
    """What a choice does to data and to the running guest."""

    KEEPS = "loses nothing"
    LOSES = "loses something"
    DEPENDS = "depends"


@dataclass(frozen=True, kw_only=True)
class Button:
    """
    One choice of a known question.

    ``name`` is what it is called here, ``words`` what else its label or summary may say, ``id`` its button id or None.
    """

    name: str
    effect: Effect
    meaning: str
    id: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KnownQuestion:
    """
    One known question.

    ``safe`` names the buttons that lose nothing, the best first; ``safe_after`` those that an intent makes right;
    ``safe_default`` says that the host's default will do too. ``advice`` completes "no choice is safe: ...".
    """

    message_ids: tuple[str, ...]
    grade: Grade
    meaning: str
    buttons: tuple[Button, ...] = ()
    safe: tuple[str, ...] = ()
    safe_after: Mapping[Intent, str] = field(default_factory=dict)
    safe_default: bool = False
    advice: str = ""
    note: str = ""

    @property
    def harmful(self) -> tuple[str, ...]:
        """The names of the buttons that lose something."""
        return tuple(button.name for button in self.buttons if button.effect is Effect.LOSES)

    def button(self, name: str) -> Button:
        """Return the button of that name."""
        return next(button for button in self.buttons if button.name == name)


KEEPS, LOSES, DEPENDS = Effect.KEEPS, Effect.LOSES, Effect.DEPENDS


def button(name: str, effect: Effect, meaning: str, button_id: str | None = None, *words: str) -> Button:
    """Write a choice of a table down; the functions below do so for those that many questions have."""
    return Button(name=name, effect=effect, meaning=meaning, id=button_id, words=words)


def yes(effect: Effect, meaning: str) -> Button:
    return button("Yes", effect, meaning, "button.yes")


def no(meaning: str) -> Button:
    return button("No", KEEPS, meaning, "button.no")


def ok(effect: Effect, meaning: str) -> Button:
    return button("OK", effect, meaning, "button.ok")


def cancel(effect: Effect, meaning: str, button_id: str | None = None) -> Button:
    return button("Cancel", effect, meaning, button_id)


def discard(meaning: str, button_id: str | None = None) -> Button:
    return button("Discard", LOSES, meaning, button_id)


def retry(meaning: str = "tries again, and asks again if it fails") -> Button:
    return button("Retry", KEEPS, meaning)


# What looks like a question by its name and comes as an event or a fault.
NOT_QUESTIONS = (
    "msg.cdromImage.nofile",
    "msg.checkpoint.resume.hardError",
    "msg.device.badconnect",
    "msg.device.startdisconnected",
    "msg.disk.noBackEnd",
    "msg.disk.onlineConnectFail",
    "msg.monitorevent.halt",
    "msg.svgaUI.badLimits",
)

# What a choice does by its word alone, for questions that are not known.
# Cancel is not among those that lose nothing: it ends the machine where a question is about its storage.
EFFECTS = {
    **dict.fromkeys(("Append", "Preserve", "Keep", "Always Keep", "No", "Deny", "Deny All", "Retry"), Effect.KEEPS),
    **dict.fromkeys(("Replace", "Overwrite", "Discard", "Commit", "Revert to Snapshot"), Effect.LOSES),
    **dict.fromkeys(("Just Power Off", "Power Off", "Abort", "Reset"), Effect.LOSES),
    **dict.fromkeys(("Yes", "OK", "Continue", "Upgrade", "I moved it", "I copied it", "Cancel"), Effect.DEPENDS),
}
