# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shared options: what is documented is what is accepted, and the environment is the one that AWX sets."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virt.esx.plugins.module_utils._argspec import (
    ALL_VMS_RULES,
    CONNECTION,
    QUESTIONS,
    VMS,
    VMS_RULES,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.pace import MAX_ANSWERS
from ansible_collections.virt.esx.plugins.module_utils._flow.policy import AutoAnswer, Policy
from ansible_collections.virt.esx.plugins.module_utils._flow.select import SELECTING_OPTIONS

SPECS: dict[str, Mapping[str, Mapping[str, Any]]] = {"connection": CONNECTION, "vms": VMS, "questions": QUESTIONS}
OPTIONS = [(fragment, option) for fragment, spec in SPECS.items() for option in spec]
# The variables of AWX's own VMware credential, and two more of the same family.
VARIABLES = {
    "hostname": "VMWARE_HOST",
    "port": "VMWARE_PORT",
    "username": "VMWARE_USER",
    "password": "VMWARE_PASSWORD",
    "validate_certs": "VMWARE_VALIDATE_CERTS",
    "proxy_host": "VMWARE_PROXY_HOST",
    "proxy_port": "VMWARE_PROXY_PORT",
}


def fragment(name: str, section: str = "DOCUMENTATION") -> dict[str, Any]:
    module = importlib.import_module(f"ansible_collections.virt.esx.plugins.doc_fragments.{name}")
    documentation: dict[str, Any] = yaml.safe_load(getattr(module.ModuleDocFragment, section))
    return documentation


def description(name: str, option: str) -> str:
    return " ".join(fragment(name)["options"][option]["description"])


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_fragment_documents_exactly_the_options_of_its_spec(name: str) -> None:
    assert set(fragment(name)["options"]) == set(SPECS[name])


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_is_documented_as_it_is_specified(name: str, option: str) -> None:
    shown = {key: value for key, value in fragment(name)["options"][option].items() if key != "description"}
    wanted = {key: value for key, value in SPECS[name][option].items() if key not in ("fallback", "no_log")}

    assert shown == wanted


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_says_what_happens_when_it_is_left_out(name: str, option: str) -> None:
    assert "If it is left out," in description(name, option)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_a_description_names_only_options_that_exist(name: str, option: str) -> None:
    named = re.findall(r"O\((?!ignore:)(\w+)", description(name, option))

    assert [other for other in named if other not in SPECS[name]] == []


def test_no_option_stands_in_two_fragments() -> None:
    names = [option for _fragment, option in OPTIONS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("option", sorted(CONNECTION))
def test_an_option_of_the_connection_falls_back_to_the_variable_of_the_credential(option: str) -> None:
    variable = VARIABLES.get(option)
    fallback = ("env", [variable]) if variable else None

    assert CONNECTION[option].get("fallback") == fallback
    assert re.findall(r"E\((\w+)\)", description("connection", option)) == ([variable] if variable else [])


def test_the_password_and_nothing_else_is_kept_out_of_logs() -> None:
    assert [option for option, spec in CONNECTION.items() if spec.get("no_log")] == ["password"]


def test_exactly_one_way_to_select_is_required_or_allowed() -> None:
    assert {
        "mutually_exclusive": [list(SELECTING_OPTIONS)],
        "required_one_of": [list(SELECTING_OPTIONS)],
    } == VMS_RULES
    assert {"mutually_exclusive": [list(SELECTING_OPTIONS)]} == ALL_VMS_RULES


def test_the_defaults_of_the_policy_are_those_of_the_options() -> None:
    defaults = {option: spec.get("default") for option, spec in QUESTIONS.items()}

    assert Policy.from_params(defaults) == Policy(auto_answer=AutoAnswer.REPORT, max_answers=MAX_ANSWERS)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, AutoAnswer.DEFAULT),
        (False, AutoAnswer.REPORT),
        ("yes", AutoAnswer.DEFAULT),
        ("Safe", AutoAnswer.SAFE),
        (1, AutoAnswer.DEFAULT),
        (None, AutoAnswer.REPORT),
    ],
)
def test_auto_answer_comes_through_ansibles_own_check(value: Any, expected: AutoAnswer) -> None:
    result = ArgumentSpecValidator(QUESTIONS).validate({} if value is None else {"auto_answer": value})

    assert result.error_messages == []
    assert Policy.from_params(result.validated_parameters).auto_answer is expected


@pytest.mark.parametrize(
    "answers", [[{"question": "msg.a", "answer": "Yes"}], "- question: msg.a\n  answer: Yes\n", ""]
)
def test_answers_come_through_ansibles_own_check_as_they_are(answers: Any) -> None:
    result = ArgumentSpecValidator(QUESTIONS).validate({"answers": answers})

    assert result.error_messages == []
    assert result.validated_parameters["answers"] == answers


@pytest.mark.parametrize("section", ["DOCUMENTATION", "INFO"])
def test_the_attributes_say_what_a_module_can(section: str) -> None:
    documentation = fragment("attributes", section)

    assert documentation["options"] == {}
    assert set(documentation["attributes"]) == {"action", "check_mode", "diff_mode", "idempotent", "action_group"}
    assert documentation["attributes"]["action_group"]["membership"] == ["virt.esx.esx"]
    for attribute in documentation["attributes"].values():
        assert attribute["support"] in ("full", "N/A")
        assert attribute["description"]
