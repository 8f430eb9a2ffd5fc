# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The fault matrix in its short form: every module with every fault, at a request that is another one each time.

``./dev chaos`` tries every request.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import pytest
import yaml
from ansible_collections.virt.esx.tests.chaos.__main__ import main
from ansible_collections.virt.esx.tests.chaos.cases import CASES, Case
from ansible_collections.virt.esx.tests.chaos.faults import FAULTS
from ansible_collections.virt.esx.tests.chaos.matrix import Trial, Undisturbed, loss, trials, undisturbed

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = sorted({case.module for case in CASES})
SEED = 11


def sample(module: str) -> Sequence[tuple[Case, Undisturbed, Trial]]:
    """Return for each fault one of the module's tasks, and one of its requests; always the same ones."""
    cases = [case for case in CASES if case.module == module and not case.check_mode]
    usual = {case.name: undisturbed(case) for case in cases}
    chosen, first = [], SEED + 5 * MODULES.index(module)
    for turn, fault in enumerate(FAULTS):
        offered = [(case, one) for case in cases for one in trials(usual[case.name], {fault: FAULTS[fault]})]
        if offered:
            case, trial = offered[(first + 7 * turn) % len(offered)]
            chosen.append((case, usual[case.name], trial))
    return chosen


@pytest.mark.parametrize("module", MODULES)
def test_what_a_fault_hits_is_finished_by_the_next_run(module: str) -> None:
    losses = {(case.task, trial): loss(case, usual, trial) for case, usual, trial in sample(module)}

    assert {tried: lost for tried, lost in losses.items() if lost} == {}
    assert len(losses) >= len(FAULTS) - 1


def test_no_module_is_left_out() -> None:
    known = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["action_groups"]["esx"]

    assert known == MODULES


def test_one_case_can_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    again = ["--module", "esx_vm_power", "--task", "power on with a question", "--fault", "dropped-after"]

    assert main([*again, "--case", "4", "--jobs", "1"]) == 0
    assert "1 tried, 1 survived, 0 lost" in capsys.readouterr().out


def test_a_selection_that_finds_nothing_is_no_success() -> None:
    assert main(["--module", "esx_vm_info", "--fault", "disk-full", "--jobs", "1"]) == 1
