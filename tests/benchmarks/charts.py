# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bars as SVG: groups of them, each group on a scale of its own, because ratios are what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LABEL_WIDTH, VALUE_WIDTH = 760, 250, 90
LINE, BAR, GAP, TOP = 18, 12, 34, 44
OURS_COLOUR, OTHER_COLOUR = "#1f6feb", "#9aa4af"
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    ' role="img" font-family="sans-serif" font-size="12">'
)


@dataclass(frozen=True)
class Group:
    """Bars that belong together: a title, and the seconds of each contestant."""

    title: str
    seconds: Mapping[str, float]


def chart(title: str, groups: Sequence[Group], ours: Sequence[str]) -> str:
    """Draw groups of bars below each other; those of ``ours`` stand out."""
    height = TOP + sum(GAP + LINE * len(group.seconds) for group in groups) + 10
    parts = [HEAD.format(width=WIDTH, height=height), f"<title>{escape(title)}</title>"]
    # Readers with a dark page see dark letters without this.
    parts.append(f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>')
    parts.append(_text(10, 24, title, "font-size='16' font-weight='bold'"))
    top = TOP
    for group in groups:
        parts.append(_text(10, top + 16, group.title, "font-weight='bold'"))
        top += GAP - 8
        parts += _bars(group, ours, top)
        top += LINE * len(group.seconds) + 8
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bars(group: Group, ours: Sequence[str], top: int) -> list[str]:
    longest = max(group.seconds.values(), default=0) or 1
    parts = []
    for number, (name, seconds) in enumerate(group.seconds.items()):
        y = top + LINE * number
        wide = max(1.0, (WIDTH - LABEL_WIDTH - VALUE_WIDTH) * seconds / longest)
        colour = OURS_COLOUR if name in ours else OTHER_COLOUR
        parts.append(_text(LABEL_WIDTH - 8, y + BAR - 1, name, "text-anchor='end'"))
        parts.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{wide:.1f}" height="{BAR}" fill="{colour}"/>')
        parts.append(_text(LABEL_WIDTH + wide + 6, y + BAR - 1, f"{seconds:.2f} s", ""))
    return parts


def _text(x: float, y: float, text: str, more: str) -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' fill='#1f2328' {more}>{escape(text)}</text>"
