# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MAC addresses in every way of writing them, and netmasks."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow.interfaces import plain_mac, prefix_of
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", ""]), st.booleans())
def test_a_mac_address_is_one_however_it_is_written(octets: bytes, between: str, is_upper: bool) -> None:
    text = between.join(f"{octet:02x}" for octet in octets)

    assert plain_mac(text.upper() if is_upper else text, option="mac") == octets.hex(":")


@pytest.mark.parametrize(
    "text", ["", "vmnic0", "00:50:56", "00:50:56:00:00:0g", "0050.5600.00", "00:50:56:00:00:01:02"]
)
def test_what_is_no_mac_address_is_said(text: str) -> None:
    with pytest.raises(OptionError, match="must be a MAC address"):
        plain_mac(text, option="mac")


@pytest.mark.parametrize(
    ("netmask", "expected"),
    [("255.255.255.0", 24), ("255.255.252.0", 22), ("255.255.255.255", 32), ("255.0.255.0", None), (None, None)],
)
def test_a_netmask_stands_for_a_prefix(netmask: str | None, expected: int | None) -> None:
    assert prefix_of(netmask) == expected
