# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts what the run then does: every wish, every state, every pending question, every policy."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.power import Wish
from ansible_collections.virt.esx.plugins.modules import esx_question, esx_vm_power
from ansible_collections.virt.esx.tests.support.worlds import Outcome, run, world_of

STATES = ["powered-on", "powered-off", "suspended"]
SERIAL = {"question": "msg.serial.file.open", "during": "now"}
PENDING: Mapping[str, list[dict[str, Any]]] = {
    "nothing": [],
    "a question": [SERIAL],
    "a question that blocks a task": [{**SERIAL, "task": "power-on"}],
    "a question without default": [{**SERIAL, "default": None}],
    "an unknown question": [{"text": "Well?", "during": "now", "choices": [{"label": "Yes"}], "default": 0}],
    "a question without choices": [{"text": "Well?", "during": "now", "choices": []}],
}
POLICIES: Mapping[str, dict[str, Any]] = {
    "report": {},
    "default": {"auto_answer": "true"},
    "safe": {"auto_answer": "safe"},
    "rule": {"answers": [{"question": "msg.serial.*", "answer": "append"}]},
    "rule not offered": {"answers": [{"question": "*", "answer": "Maybe"}], "auto_answer": "true"},
    "rule says fail": {"answers": [{"vm": "*", "answer": "fail"}]},
}
CASES = [
    (pending, policy)
    for pending, policy in itertools.product(PENDING, POLICIES)
    if pending != "nothing" or policy == "report"
]


def of_check_and_run(outcome: Outcome) -> tuple[Any, ...]:
    """Return what must be the same: change, diff, answers and failure."""
    entry = outcome.result["vm"]
    return (
        outcome.kind,
        entry["changed"],
        entry["power_state"],
        entry["questions"],
        outcome.result["diff"],
        outcome.failure,
    )


@pytest.mark.parametrize(("pending", "policy"), CASES)
@pytest.mark.parametrize("state", STATES)
def test_power(state: str, pending: str, policy: str) -> None:
    for wish in Wish:
        given = {"name": "web01", "state": wish.value, **POLICIES[policy]}
        vm = {"name": "web01", "power_state": state, "questions": PENDING[pending], "guest_shutdown_seconds": 30}
        world = world_of(vm)

        foreseen = run(esx_vm_power, world, check_mode=True, **given)
        done = run(esx_vm_power, world, **given)

        assert of_check_and_run(foreseen) == of_check_and_run(done), wish
        methods = [call.method for call in world.calls]
        first_run = methods[: methods.index("Logout") + 1]
        assert set(first_run) <= {"RetrieveServiceContent", "Login", "RetrievePropertiesEx", "Logout"}


@pytest.mark.parametrize(("pending", "policy"), CASES)
def test_questions(pending: str, policy: str) -> None:
    given = {"name": "web01", **POLICIES[policy]}
    world = world_of({"name": "web01", "power_state": "powered-off", "questions": PENDING[pending]})

    foreseen = run(esx_question, world, check_mode=True, **given)
    done = run(esx_question, world, **given)

    assert of_check_and_run(foreseen) == of_check_and_run(done)


@pytest.mark.parametrize("state", STATES)
def test_a_second_run_changes_nothing(state: str) -> None:
    for wish in Wish:
        if wish.is_act or wish is Wish.GUEST_STANDBY:
            continue
        world = world_of({"name": "web01", "power_state": state})
        given = {"name": "web01", "state": wish.value}
        first = run(esx_vm_power, world, **given)

        second = run(esx_vm_power, world, **given)

        assert second.kind == first.kind
        assert not second.vm["changed"]
