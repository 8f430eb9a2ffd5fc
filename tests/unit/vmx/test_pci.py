# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PCI devices of a host: one place has many spellings, and they compare equal."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare
from ansible_collections.virt.esx.plugins.module_utils._vmx.pci import api_address, place_of

# The API's spelling, and others of the same place.
PLACES = {
    "0000:3b:00.0": ["00000:059:00.0", "3b:00.0", "0000:3B:00.0", "0:3b:0.0", " 0x0000:3b:00.0 "],
    "0000:00:1f.3": ["00000:000:31.3", "00:1f.3", "0:1f.3"],
    "0001:c0:10.7": ["00001:192:16.7", "1:c0:10.7"],
}
NONE = ["", "pci", "3b", "0000:3b:00", "0000:3b:00.8", "00000:3b:00.0", "0000:3b:00.0.0", "123456:000:00.0", "३b:00.0"]


@pytest.mark.parametrize(("api", "other"), [(api, other) for api, others in PLACES.items() for other in others])
def test_an_address_is_one_place_however_it_is_written(api: str, other: str) -> None:
    def machine(address: str) -> dict[str, object]:
        return {"pci_devices": [{"slot": "pciPassthru0", "address": address}]}

    assert place_of(api) is not None
    assert place_of(other) == place_of(api)
    assert api_address(other) == api_address(api) == api
    assert not compare(from_data(machine(api)), from_data(machine(other)))
    assert not compare(from_data(machine(other)), from_data(machine(api)))
    assert compare(from_data(machine("0000:3b:00.1")), from_data(machine(other)))


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert (place_of(text), api_address(text)) == (None, text)


@pytest.mark.parametrize(
    ("have", "want", "is_same"),
    [
        ("0x10de:0x1eb8", "10DE:1eb8", True),
        ("0x10de:0x1eb8,0x10de:0x1eb9", "0x10de:0x1eb8, 10de:1eb9", True),
        ("0x10de:0x1eb8", "0x10de:0x1eb9", False),
        ("0x10de:0x1eb8,0x10de:0x1eb9", "0x10de:0x1eb8", False),
        ("anything", "anything", True),
        ("anything", "something", False),
    ],
)
def test_pairs_of_vendor_and_device_are_numbers(have: str, want: str, is_same: bool) -> None:
    def machine(pairs: str) -> dict[str, object]:
        return {"pci_devices": [{"slot": "pciPassthru0", "allowed_devices": pairs}]}

    assert (not compare(from_data(machine(have)), from_data(machine(want)))) is is_same
