# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of virtual machines that cost requests of their own, and are read only where they are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .connection import Session
    from .places import Places

FORMS = ("definition", "vmx", "domain_xml")
MORE = (*FORMS, "autostart")
"""What there is; the option ``with_`` and the name asks for it."""


def with_more(
    session: Session, facts: Sequence[Mapping[str, Any]], places: Places, *, wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Add to the facts what else is wanted; who wants facts alone does not wait for all that writes VMX and XML."""
    found = list(map(dict, facts))
    forms = [form for form in wanted if form in FORMS]
    if forms:
        from .forms import with_forms

        found = with_forms(session, found, places, forms)
    if "autostart" in wanted:
        from .autostart import with_autostart

        found = with_autostart(session, found)
    return found
