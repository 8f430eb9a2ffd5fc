# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark of transfers measures what it says; how long something takes is not tested."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.virt.esx.tests.benchmarks import transfer
from ansible_collections.virt.esx.tests.benchmarks.measuring import Cost, Costs, simulator
from ansible_collections.virt.esx.tests.benchmarks.transfer import CURL, OURS, broken, lines, measured


def costs(ours: float, curl: float, peak_mib: float = 40.0) -> dict[str, Costs]:
    return {
        CURL: Costs([Cost(seconds=curl, cpu=1, peak_mib=12)]),
        OURS: Costs([Cost(seconds=ours, cpu=1, peak_mib=peak_mib)]),
    }


def test_a_promise_that_is_not_kept_is_said() -> None:
    assert broken(costs(1.0, 0.95), 0.9) == []
    assert broken(costs(1.0, 0.8), 0.9) == ["0.80 x curl, promised is 0.90"]
    assert broken(costs(1.0, 1.0, 101.0), 0.9) == ["more than 100 MiB of memory"]
    failed = {OURS: Costs([Cost(seconds=1, cpu=1, peak_mib=1, failure="no")])}
    assert broken(failed, 0.9) == ["no"]
    assert list(lines("upload", 1, failed)) == ["upload    ours  failed: no"]


def test_a_file_goes_there_and_back(tmp_path: Path) -> None:
    size = transfer.BLOCK + 1000
    with simulator({"datastores": [{"name": transfer.STORE, "free_gib": 1}]}, tmp_path) as host:
        up, down, is_same = measured(size, 1, host, tmp_path)

    assert is_same
    assert [up[OURS].failure, down[OURS].failure] == [None, None]
    shown = [*lines("upload", size, up), *lines("download", size, down)]
    assert len(shown) == 2 * len(up)
    assert all("MB/s" in line for line in shown)
