# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JMESPath queries: whatever is asked, an answer or a clear error."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._vi.query import chosen_ids

FACTS: list[dict[str, Any]] = [
    {"name": "web01", "moid": "1", "annotation": None},
    {"name": "web02", "moid": "2", "annotation": "x"},
]


@pytest.mark.parametrize(
    ("query", "moids"),
    [("[]", ["1", "2"]), ("[1]", ["2"]), ("[?name=='web03']", []), ("[9]", []), ("[[0], [1], [0]][]", ["1", "2"])],
)
def test_a_query_yields_virtual_machines(query: str, moids: list[str]) -> None:
    assert chosen_ids(query, FACTS) == moids


@pytest.mark.parametrize(
    "query",
    [
        *("[?", "\0", "[].name", "`5`", "[?contains(annotation, 'x')]", "nope(@)"),
        *("[].{moid: [moid]}", "[].{moid: `{}`}", "[].{moid: name}", "[].{name: name}"),
        *("[::0]", "[?ceil(`1e400`) > `1`]", "[" * 3000, "[?" + "(" * 3000),
    ],
)
def test_a_query_that_cannot_be_used_is_a_clear_error(query: str) -> None:
    with pytest.raises(OptionError) as caught:
        chosen_ids(query, FACTS)

    assert caught.value.failure() == {"kind": "option", "option": "query"}
