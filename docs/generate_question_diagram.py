# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw docs/docsite/rst/questions-wait.svg from the table that every wait goes by."""

from __future__ import annotations

import importlib
import pathlib
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

PLUGINS = "ansible_collections.virt.esx.plugins"
TARGET = pathlib.Path(__file__).resolve().parent / "docsite" / "rst" / "questions-wait.svg"

WIDTH, HEIGHT = 900, 470
# Words further to the left stand beside arrows that run up and down.
BESIDE = 200
# Both phases in which a task goes on, drawn as one where they lead to the same.
WATCHING = ("RUNNING", "ANSWERED")
AROUND = "WATCHING"
COLOURS = {"SUCCEEDED": "#1d8a4e", "FAILED": "#c0362c", "BLOCKED": "#c0362c", "EXPIRED": "#c0362c"}
CALM = "#2b6cb0"
WORDS = {
    "SUCCESS": "the task ended well",
    "ERROR": "the task failed",
    "DEADLINE": "the time is up",
    "UNANSWERABLE": "a question without an answer",
    "ANSWERABLE": "a question with an answer",
    "GONE": "the question is gone",
}


class Box(NamedTuple):
    """Where a phase stands."""

    x: int
    y: int
    wide: int = 130
    high: int = 40


class Line(NamedTuple):
    """Where an arrow runs, and where its words begin."""

    points: Sequence[tuple[int, int]]
    words: tuple[int, int]


BOXES: Mapping[str, Box] = {
    AROUND: Box(20, 20, 260, 430),
    "RUNNING": Box(50, 70),
    "ANSWERED": Box(50, 330),
    "CANCELLING": Box(480, 230),
    "EXPIRING": Box(480, 390),
    "SUCCEEDED": Box(750, 40),
    "FAILED": Box(750, 110),
    "BLOCKED": Box(750, 230),
    "EXPIRED": Box(750, 390),
}
LINES: Mapping[tuple[str, str], Line] = {
    ("RUNNING", "ANSWERED"): Line([(160, 110), (160, 330)], (168, 190)),
    ("ANSWERED", "RUNNING"): Line([(70, 330), (70, 110)], (78, 260)),
    (AROUND, "SUCCEEDED"): Line([(280, 60), (750, 60)], (290, 54)),
    (AROUND, "FAILED"): Line([(280, 130), (750, 130)], (290, 124)),
    (AROUND, "BLOCKED"): Line([(280, 190), (815, 190), (815, 230)], (290, 184)),
    (AROUND, "CANCELLING"): Line([(280, 250), (480, 250)], (290, 244)),
    (AROUND, "EXPIRED"): Line([(280, 350), (815, 350), (815, 390)], (290, 344)),
    (AROUND, "EXPIRING"): Line([(280, 410), (480, 410)], (290, 404)),
    ("CANCELLING", "BLOCKED"): Line([(610, 250), (750, 250)], (618, 268)),
    ("CANCELLING", "SUCCEEDED"): Line([(560, 230), (560, 75), (750, 75)], (568, 91)),
    ("EXPIRING", "EXPIRED"): Line([(610, 410), (750, 410)], (618, 428)),
    ("EXPIRING", "SUCCEEDED"): Line([(560, 390), (560, 370), (735, 370), (735, 76)], (568, 91)),
}
MIDDLE = 'text-anchor="middle" font-weight="bold"'
HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    ' role="img" font-family="sans-serif" font-size="12">\n'
    "<title>What a wait does with what it sees</title>\n"
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="#5d6b7a"/></marker></defs>\n'
    # Readers with a dark page see dark letters without this.
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
)


def arrows() -> dict[tuple[str, str], list[str]]:
    """Return the words at each arrow: what is seen and, after a slash, what is done."""
    question = importlib.import_module(f"{PLUGINS}.module_utils._flow.question")
    found: dict[tuple[str, str], list[str]] = {}
    for phase, row in question.TABLE.items():
        for event, (target, act) in row.items():
            if phase is target:
                continue
            away = phase.name in WATCHING and target.name not in WATCHING
            if away and any(question.TABLE[question.Phase[name]][event] != (target, act) for name in WATCHING):
                raise ValueError(f"{phase.name} and its neighbour differ at {event.name}: draw them apart")
            said = found.setdefault((AROUND if away else phase.name, target.name), [])
            said += [words] if (words := _words(event.name, act)) not in said else []
    return found


def _words(event: str, act: Any) -> str:
    # A cancel that is under way is not sent again, so it does not matter whether it could be.
    plain = event.removesuffix("_CANCELABLE")
    return WORDS[plain] + (f"\ncancelable / {act.value}" if plain != event and act.name == "CANCEL" else _done(act))


def _done(act: Any) -> str:
    return "" if act.name == "NOTHING" else f"\n/ {act.value}"


def drawing() -> str:
    """Return the diagram."""
    said = arrows()
    if said.keys() != LINES.keys():
        raise ValueError(f"drawn and not in the table, or the other way: {sorted(said.keys() ^ LINES.keys())}")
    boxes = [_box(name, box) for name, box in BOXES.items()]
    lines = [_line(LINES[ends], words) for ends, words in said.items()]
    return HEAD + "\n".join([boxes[0], *lines, *boxes[1:]]) + "\n</svg>\n"


def _box(name: str, box: Box) -> str:
    at = f'x="{box.x}" y="{box.y}" width="{box.wide}" height="{box.high}"'
    if name == AROUND:
        shape = f'<rect {at} rx="14" fill="#f4f6f9" stroke="#9aa7b5" stroke-dasharray="5 4"/>'
        return f"{shape}\n{_text(box.x + 10, box.y + 24, 'task and question are watched together')}"
    shape = f'<rect {at} rx="8" fill="#ffffff" stroke="{COLOURS.get(name, CALM)}" stroke-width="2"/>'
    return f"{shape}\n{_text(box.x + box.wide // 2, box.y + 25, name.lower(), MIDDLE)}"


def _line(line: Line, words: Sequence[str]) -> str:
    path = " ".join(f"{x},{y}" for x, y in line.points)
    shape = f'<polyline points="{path}" fill="none" stroke="#5d6b7a" marker-end="url(#tip)"/>'
    x, y = line.words
    parts = [part for entry in words for part in (entry.split("\n") if x > BESIDE else _broken(entry))]
    # Words above an arrow go on below it.
    arrow = 6 if line.points[0][1] == y + 6 else 0
    steps = [15 * number + (arrow if number else 0) for number in range(len(parts))]
    return "\n".join([shape, *(_text(x, y + step, part) for step, part in zip(steps, parts, strict=True))])


def _broken(words: str) -> list[str]:
    """Break words that stand beside an arrow."""
    return [part for line in words.split("\n") for part in textwrap.wrap(line, 12)]


def _text(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="#1f2328" {more}>{escape(text)}</text>'.replace(" >", ">")


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        sys.stdout.write(drawing())
    else:
        TARGET.write_text(drawing(), "utf-8")
