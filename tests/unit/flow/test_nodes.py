# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What libvirt would say of a host: its words are a contract with those who come from virsh."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.nodes import (
    LONG_MODE_LEVEL,
    capabilities_xml,
    has_long_mode,
    node_info,
)

EDX = "0010:1100:0001:0000:0000:1000:0000:0000"


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ({LONG_MODE_LEVEL: EDX}, True),
        ({LONG_MODE_LEVEL: EDX.replace("0010:", "0001:", 1)}, False),
        ({1: EDX}, False),
        ({}, False),
        ({LONG_MODE_LEVEL: EDX.replace(":", "")}, None),
        ({LONG_MODE_LEVEL: "xxxx" + EDX[4:]}, None),
    ],
)
def test_long_mode_is_bit_29(features: dict[int, str], says: bool | None) -> None:
    assert has_long_mode(features) is says


def a_fact(**cpu: Any) -> dict[str, Any]:
    basis = {"model": "x", "packages": 2, "cores": 12, "threads": 24, "mhz": 2400, "numa_nodes": 2, "long_mode": True}
    return {"cpu": {**basis, **cpu}, "memory": {"total_bytes": 4096 * 1024 + 1}, "uuid": "u"}


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("Intel(R) Xeon(R) CPU           X5650  @ 2.67GHz", "Intel Xeon CPU X5650 @ 2.67GHz"),
        ("Intel(R) Xeon(R) Gold 6240R CPU @ 2.40GHz", "Intel Xeon Gold 6240R CPU @ 2.4"),
        ("AMD EPYC(TM) 7313P 16-Core Processor", "AMD EPYC 7313P 16-Core Processo"),
        ("", ""),
    ],
)
def test_the_model_is_cut_as_libvirt_cuts_it(model: str, shown: str) -> None:
    assert node_info(a_fact(model=model))["model"] == shown


def test_what_is_divided_is_whole_and_nothing_is_divided_by_zero() -> None:
    assert node_info(a_fact(cores=13))["cores_per_socket"] == 6
    none = node_info(a_fact(packages=0, cores=0, threads=0))
    assert (none["cores_per_socket"], none["threads_per_core"]) == (0, 0)
    assert node_info(a_fact())["memory_kib"] == 4096


@pytest.mark.parametrize("long_mode", [True, False, None])
def test_without_64_bits_there_is_no_guest_of_64_bits(long_mode: bool | None) -> None:
    shown = capabilities_xml(a_fact(long_mode=long_mode))

    assert ("<arch>x86_64</arch>" in shown) is bool(long_mode)
    assert ('<arch name="x86_64">' in shown) is bool(long_mode)
    assert '<arch name="i686">' in shown
