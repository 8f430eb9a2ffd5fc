# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guest ids, beside all that the API knows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.guest_ids import guest_id_of, is_64_bit, words_of
from hypothesis import assume, given
from hypothesis import strategies as st
from pyVmomi import vim

IDENTIFIERS: Any = vim.vm.GuestOsDescriptor.GuestOsIdentifier


def test_every_id_of_the_api_has_words_of_its_own() -> None:
    for guest_id in IDENTIFIERS.values:
        assert guest_id_of(words_of(guest_id)) == guest_id


@pytest.mark.parametrize(
    ("guest_id", "words"),
    [
        ("rhel9_64Guest", "rhel9-64"),
        ("ubuntu64Guest", "ubuntu-64"),
        ("otherGuest64", "other-64"),
        ("otherGuest", "other"),
        ("otherLinux64Guest", "otherlinux-64"),
        ("windows9Server64Guest", "windows9srv-64"),
        ("windows2022srvNext_64Guest", "windows2022srvNext-64"),
        ("winLonghorn64Guest", "longhorn-64"),
        ("winXPProGuest", "winxppro"),
        ("rockylinux_64Guest", "rockylinux-64"),
        ("vmwarePhoton64Guest", "vmware-photon-64"),
        ("rhel17_64Guest", "rhel17-64"),
    ],
)
def test_words_and_ids(guest_id: str, words: str) -> None:
    assert words_of(guest_id) == words
    assert guest_id_of(words) == guest_id


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[A-Za-z0-9_]{0,8}(-64|_64|64)?", fullmatch=True)))
def test_whatever_a_vmx_says_comes_back(words: str) -> None:
    assume(not words.endswith("Guest"))

    assert words_of(guest_id_of(words)).lower() == words.lower()


def test_the_width_is_in_the_word() -> None:
    assert is_64_bit("rhel9_64Guest")
    assert is_64_bit("otherGuest64")
    assert not is_64_bit("rhel6Guest")
    assert not is_64_bit("something")
