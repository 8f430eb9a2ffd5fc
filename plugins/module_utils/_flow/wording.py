# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of sentences that many failures have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SHOWN_NAMES = 15


def listed(names: Iterable[Any]) -> str:
    """Return names for a sentence, in order, and how many more there are."""
    shown = [f"'{name}'" for name in sorted(str(name) for name in names)]
    if not shown:
        return "none"
    more = f" and {len(shown) - SHOWN_NAMES} more" if len(shown) > SHOWN_NAMES else ""
    return ", ".join(shown[:SHOWN_NAMES]) + more
