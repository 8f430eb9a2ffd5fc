# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
JMESPath over the facts of virtual machines, or of other things.

The library is imported where a query is given, so that nothing else pays for it or needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._errors import MissingLibrary, OptionError


def search(query: str, facts: Sequence[dict[str, Any]]) -> Any:
    """
    Return what ``query`` makes of the list of facts.

    Raises:
        OptionError: the query is not JMESPath, or fails on these facts.
        MissingLibrary: jmespath is not installed.
    """
    try:
        import jmespath
    except ImportError as error:
        raise MissingLibrary(
            f"'query' needs the Python library jmespath where this module runs ({error}); "
            "install it with 'pip install jmespath'",
            library="jmespath",
        ) from error
    try:
        return jmespath.search(query, list(facts))
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        # The library's own errors are ValueErrors, but it lets others through, such as those of "[::0]".
        raise OptionError(f"'query' cannot be evaluated: {error} (query: {query})", option="query") from error


def chosen_ids(
    query: str,
    facts: Sequence[dict[str, Any]],
    *,
    key: str = "moid",
    noun: str = "virtual machines",
    example: str = "[?power_state=='powered-off']",
    some: bool = False,
) -> list[str]:
    """
    Return the ids of the VMs that ``query`` yields, or of what else ``noun`` says, in its order; ``key`` has the id.

    A query that yields null means none; ``some`` says that it may not, unless there are no facts either.

    Raises:
        OptionError: it yields something else.
    """
    found = search(query, facts)
    entries = [found] if isinstance(found, dict) else found
    if entries is None and not (some and facts):
        return []
    known = {fact[key] for fact in facts}
    if not isinstance(entries, list) or not all(
        isinstance(item, dict) and isinstance(item.get(key), str) and item[key] in known for item in entries
    ):
        raise OptionError(
            f"'query' must yield {noun}, that is entries of the list as they are, for example "
            f'"{example}"; it yields {_excerpt(found)}',
            option="query",
        )
    return list(dict.fromkeys(item[key] for item in entries))


def _excerpt(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
