# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection: exact, complete, never the first of several."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import Ambiguous, NotFound, OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._flow.state import Vm

UUID = "564d2b1e-9f0a-4c53-8e7d-0123456789ab"
WEB01 = Vm(name="web01", moid="1", uuid=UUID)
WEB02 = Vm(name="web02", moid="2", instance_uuid="5020a1b2-c3d4-e5f6-0718-293a4b5c6d7e")
TWIN = Vm(name="web02", moid="3")
ALL = [WEB01, WEB02]


def pick(params: dict[str, Any], vms: list[Vm] | None = None) -> list[Vm]:
    return Selector.from_params(params).pick(ALL if vms is None else vms, lambda hits: {hits[0].moid: "/dc/vm/a/web02"})


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"name": "web01"}, [WEB01]),
        ({"moid": "2"}, [WEB02]),
        ({"uuid": UUID}, [WEB01]),
        ({"uuid": "56 4d 2b 1e 9f 0a 4c 53-8e 7d 01 23 45 67 89 AB"}, [WEB01]),
        ({"uuid": "5020A1B2-C3D4-E5F6-0718-293A4B5C6D7E"}, [WEB02]),
        ({"names": ["web02", "web01", "web02"]}, [WEB02, WEB01]),
        ({}, ALL),
    ],
)
def test_what_is_asked_for_is_found_in_the_order_of_the_asking(params: dict[str, Any], found: list[Vm]) -> None:
    assert pick(params) == found


def test_everything_that_is_missing_is_named() -> None:
    with pytest.raises(NotFound, match=r"'web09', 'WEB01' \(2 were looked at\); .* there is 'web01'"):
        pick({"names": ["web01", "web09", "WEB01"]})


def test_a_name_that_two_bear_is_an_error_that_lists_both() -> None:
    with pytest.raises(Ambiguous) as caught:
        pick({"name": "web02"}, [*ALL, TWIN])

    assert [candidate["moid"] for candidate in caught.value.failure()["candidates"]] == ["2", "3"]
    assert "2 (/dc/vm/a/web02), 3 (web02)" in str(caught.value)


@pytest.mark.parametrize("params", [{"name": "a", "moid": "1"}, {"name": ""}, {"names": []}, {"names": ["a", ""]}])
def test_a_selection_that_says_nothing_or_two_things_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Selector.from_params(params)
