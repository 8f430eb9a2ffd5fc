# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy: what is answered, what is reported in which words, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow.answers import (
    AutoAnswer,
    Choice,
    Give,
    Intent,
    Policy,
    Question,
    Reason,
    Report,
    Rule,
    as_rule,
    decide,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.catalogue import KNOWN, is_default_harmful
from hypothesis import given
from hypothesis import strategies as st


def choices(*labels: tuple[str, str] | str) -> tuple[Choice, ...]:
    pairs = [(label, label) if isinstance(label, str) else label for label in labels]
    return tuple(Choice(key=str(index), label=label, summary=text) for index, (label, text) in enumerate(pairs))


SERIAL = Question(
    id="_vmx1",
    text="msg.serial.file.open:The file 'serial.log' exists already. Replace it or append to it?",
    message_ids=("msg.serial.file.open",),
    choices=choices(
        ("button.serial.file.append", "Append"),
        ("button.serial.file.overwrite", "Replace"),
        ("button.serial.file.cancel", "Cancel"),
    ),
    default=0,
)
MOVED = Question(
    id="0",
    text="msg.uuid.altered:This virtual machine may have been moved or copied.",
    choices=choices("Cancel", "I _moved it", "I _copied it"),
    default=2,
)
LOCKED = Question(
    id="7",
    text="The guest has locked the drive. Disconnect anyway?",
    message_ids=("msg.some.reason", "msg.cdromdisconnect.locked"),
    choices=choices(("button.yes", "Yes"), ("button.no", "No")),
    default=1,
)
STRANGE = Question(
    id="8",
    text="Is 12 more than 11?",
    choices=choices(("button.strange.most", "Most"), ("button.least", "Least")),
    default=0,
)
SPACE = Question(
    id="9", text="No space.", message_ids=("msg.hbacommon.outofspace",), choices=choices("_Retry", "Cancel"), default=0
)
DEFAULT, SAFE = Policy(auto_answer=AutoAnswer.DEFAULT), Policy(auto_answer=AutoAnswer.SAFE)


def policy(*rules: dict[str, Any], **options: Any) -> Policy:
    return Policy.from_params({"answers": list(rules), **options})


def given_key(question: Question, by: Policy, *, vm: str = "web01") -> str:
    decision = decide(question, vm, by, 0)
    assert isinstance(decision, Give), decision
    return decision.choice.key


def reason(question: Question, by: Policy, *, vm: str = "web01", times: int = 0) -> Reason:
    decision = decide(question, vm, by, times)
    assert isinstance(decision, Report), decision
    return decision.reason


@pytest.mark.parametrize(
    ("question", "answer", "key"),
    [
        (SERIAL, "Append", "0"),
        (SERIAL, "append", "0"),
        (SERIAL, " APPEND ", "0"),
        (SERIAL, "0", "0"),
        (SERIAL, 0, "0"),
        (SERIAL, 1, "1"),
        (SERIAL, "Replace", "1"),
        (SERIAL, "button.serial.file.overwrite", "1"),
        (SERIAL, "serial.file.overwrite", "1"),
        (SERIAL, "overwrite", "1"),
        (SERIAL, "default", "0"),
        (SERIAL, "Default", "0"),
        (MOVED, "I moved it", "1"),
        (MOVED, "I _moved it", "1"),
        (MOVED, "i  MOVED it", "1"),
        (MOVED, "default", "2"),
        (LOCKED, "Yes", "0"),
        (LOCKED, "button.no", "1"),
        (LOCKED, True, "0"),
        (LOCKED, False, "1"),
    ],
)
def test_a_rule_names_a_choice_by_key_label_summary_or_part_of_a_button_id(
    question: Question, answer: Any, key: str
) -> None:
    assert given_key(question, policy({"question": "*", "answer": answer})) == key


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (SERIAL, {"question": "msg.serial.file.open"}),
        (SERIAL, {"question": "msg.serial.*"}),
        (SERIAL, {"question": "MSG.Serial.File.Open"}),
        (SERIAL, {"question": "*"}),
        (SERIAL, {"text": "serial\\.log"}),
        (SERIAL, {"text": "(?i)REPLACE it"}),
        (SERIAL, {"vm": "web*"}),
        (SERIAL, {"question": "msg.serial.*", "vm": "web0?"}),
        (MOVED, {"question": "msg.uuid.altered"}),
        (LOCKED, {"question": "msg.some.reason"}),
        (LOCKED, {"question": "msg.cdromdisconnect.locked"}),
        (STRANGE, {"question": "*"}),
        (STRANGE, {"text": "^Is \\d+ more"}),
    ],
)
def test_a_rule_matches_by_any_message_id_by_text_and_by_vm(question: Question, rule: dict[str, str]) -> None:
    assert given_key(question, policy({**rule, "answer": "default"})) == str(question.default)


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (SERIAL, {"question": "msg.serial.file"}),
        (SERIAL, {"question": "serial.file.open"}),
        (SERIAL, {"text": "^serial"}),
        (SERIAL, {"vm": "db*"}),
        (SERIAL, {"vm": "WEB01"}),
        (SERIAL, {"question": "msg.serial.file.open", "vm": "db*"}),
        (STRANGE, {"question": "msg.*"}),
        (STRANGE, {"question": "8"}),
    ],
)
def test_a_rule_for_another_question_or_vm_changes_nothing(question: Question, rule: dict[str, str]) -> None:
    with_it = policy({**rule, "answer": "default"})

    assert reason(question, with_it) is Reason.NO_RULE
    assert decide(question, "web01", with_it, 0) == decide(question, "web01", Policy(), 0)


def test_the_first_rule_that_matches_decides() -> None:
    append = {"question": "msg.serial.*", "answer": "Append"}
    replace_it = {"question": "*", "answer": "Replace"}

    assert decide(SERIAL, "web01", policy(append, replace_it), 0) == Give(
        choice=SERIAL.choices[0], by="rule 1", rule_index=0
    )
    assert given_key(SERIAL, policy(replace_it, append)) == "1"
    assert decide(SERIAL, "web01", policy({"question": "msg.x", "answer": "No"}, append), 0) == Give(
        choice=SERIAL.choices[0], by="rule 2", rule_index=1
    )


def test_a_rule_comes_before_auto_answer_even_if_it_cannot_be_followed() -> None:
    by = policy({"question": "*", "answer": "Explode"}, auto_answer=True)

    assert reason(SERIAL, by) is Reason.NOT_OFFERED


@pytest.mark.parametrize(
    ("question", "by", "expected", "words"),
    [
        (
            SERIAL,
            Policy(),
            Reason.NO_RULE,
            ["auto_answer", "question: 'msg.serial.file.open'", "Append"],
        ),
        (SERIAL, policy({"question": "*", "answer": "fail"}), Reason.RULE_SAYS_FAIL, ["Rule 1", "fail"]),
        (
            SERIAL,
            policy({"question": "*", "answer": "No"}),
            Reason.NOT_OFFERED,
            ["'No'", "rule 1", "Append", "Replace"],
        ),
        (
            replace(SERIAL, choices=choices("Yes", "Cancel", "Cancel")),
            policy({"question": "*", "answer": "cancel"}),
            Reason.AMBIGUOUS,
            ["'cancel'", "'1'", "'2'", "by its key"],
        ),
        (replace(SERIAL, choices=()), Policy(), Reason.NO_CHOICES, ["no choices"]),
        (replace(SERIAL, choices=()), DEFAULT, Reason.NO_CHOICES, ["no choices"]),
        (replace(SERIAL, choices=()), SAFE, Reason.NO_CHOICES, ["no choices"]),
        (replace(SERIAL, choices=()), policy({"vm": "*", "answer": "Yes"}), Reason.NO_CHOICES, ["Rule 1"]),
        (replace(SERIAL, default=None), DEFAULT, Reason.NO_DEFAULT, ["no default", "answers"]),
        (replace(SERIAL, default=None), policy({"vm": "*", "answer": "default"}), Reason.NO_DEFAULT, ["no default"]),
        (replace(SERIAL, default=3), DEFAULT, Reason.DEFAULT_OUT_OF_RANGE, ["3", "answers"]),
        (replace(SERIAL, default=-1), DEFAULT, Reason.DEFAULT_OUT_OF_RANGE, ["-1"]),
        (STRANGE, SAFE, Reason.UNKNOWN, ["not known", "Is 12 more than 11"]),
        (SPACE, SAFE, Reason.NOTHING_SAFE, ["free space", "msg.hbacommon.outofspace"]),
        (replace(SERIAL, choices=choices("Replace", "Cancel")), SAFE, Reason.SAFE_NOT_OFFERED, ["not offered"]),
    ],
)
def test_each_reason_not_to_answer_has_its_own_words(
    question: Question, by: Policy, expected: Reason, words: list[str]
) -> None:
    report = decide(question, "web01", by, 0)

    assert isinstance(report, Report)
    assert report.reason is expected
    assert [word for word in words if word not in report.sentence] == []
    assert report.sentence.endswith(".")


@pytest.mark.parametrize(
    ("question", "intent", "key"),
    [
        (SERIAL, None, "0"),
        (MOVED, None, "2"),
        (MOVED, Intent.DEFINE, "1"),
        (MOVED, Intent.CLONE, "2"),
        (LOCKED, None, "1"),
        (LOCKED, Intent.EJECT, "0"),
    ],
)
def test_safe_gives_what_loses_nothing_after_that_intent(question: Question, intent: Intent | None, key: str) -> None:
    by = Policy(auto_answer=AutoAnswer.SAFE, intent=intent)

    assert decide(question, "web01", by, 0) == Give(choice=question.choices[int(key)], by="safe")


def test_a_question_that_keeps_coming_back_is_reported_after_max_answers() -> None:
    by = policy(auto_answer=True, max_answers=2)

    assert isinstance(decide(SPACE, "web01", by, 1), Give)
    assert reason(SPACE, by, times=2) is Reason.TOO_OFTEN
    assert reason(SPACE, policy({"vm": "*", "answer": "Retry"}, max_answers=1), times=1) is Reason.TOO_OFTEN
    assert reason(SPACE, policy({"vm": "*", "answer": "fail"}), times=9) is Reason.RULE_SAYS_FAIL


@pytest.mark.parametrize(
    ("message_ids", "text", "kinds", "kind"),
    [
        (("msg.a",), "msg.b:Text", ("msg.a",), "msg.a"),
        (("msg.reason", "msg.asks"), "Text", ("msg.reason", "msg.asks"), "msg.asks"),
        ((), "msg.hbacommon.outofspace:There is no space", ("msg.hbacommon.outofspace",), "msg.hbacommon.outofspace"),
        (("",), "msg.b:Text", ("msg.b",), "msg.b"),
        ((), "msg.alone", ("msg.alone",), "msg.alone"),
        ((), "msg.a b:Text", (), "msg.a b:Text"),
        ((), "Disk is full: 12 MB\n are missing", (), "Disk is full: # MB are missing"),
        ((), "", (), ""),
    ],
)
def test_the_kind_of_a_question_is_its_message_id_or_what_its_text_says(
    message_ids: tuple[str, ...], text: str, kinds: tuple[str, ...], kind: str
) -> None:
    question = Question(id="1", text=text, message_ids=message_ids)

    assert (question.kinds, question.kind) == (kinds, kind)


def test_a_question_is_shown_with_the_key_of_its_default() -> None:
    assert LOCKED.to_json() == {
        "id": "7",
        "message_ids": ["msg.some.reason", "msg.cdromdisconnect.locked"],
        "text": "The guest has locked the drive. Disconnect anyway?",
        "choices": [
            {"key": "0", "label": "button.yes", "summary": "Yes"},
            {"key": "1", "label": "button.no", "summary": "No"},
        ],
        "default": "1",
    }
    assert replace(LOCKED, default=2).to_json()["default"] is None
    assert replace(LOCKED, default=None).to_json()["default"] is None


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (SERIAL, {"question": "msg.serial.file.open", "answer": "Append"}),
        (replace(SERIAL, default=None), {"question": "msg.serial.file.open", "answer": "Append"}),
        (MOVED, {"question": "msg.uuid.altered", "answer": "I _copied it"}),
        (LOCKED, {"question": "msg.cdromdisconnect.locked", "answer": "No"}),
        (STRANGE, {"text": "Is 12 more than 11\\?", "answer": "Most"}),
        (replace(SERIAL, choices=()), {"question": "msg.serial.file.open", "answer": "fail"}),
        (replace(SERIAL, choices=choices("Cancel", "Cancel")), {"question": "msg.serial.file.open", "answer": "0"}),
        (Question(id="1", text=" \n "), {"text": "^\\s*$", "answer": "fail"}),
    ],
)
def test_a_question_becomes_a_rule_for_it(question: Question, rule: dict[str, str]) -> None:
    assert as_rule(question) == rule


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, AutoAnswer.REPORT) for value in (None, False, "false", "False", "no", "OFF", "0", 0, "", " false ")),
        *((value, AutoAnswer.DEFAULT) for value in (True, "true", "True", "yes", "On", "1", 1)),
        *((value, AutoAnswer.SAFE) for value in ("safe", "SAFE", " Safe ")),
    ],
)
def test_auto_answer_is_read_from_booleans_and_texts(value: Any, expected: AutoAnswer) -> None:
    assert Policy.from_params({"auto_answer": value}).auto_answer is expected


RULES = [{"question": "msg.a", "answer": "Yes"}, {"vm": "web*", "answer": "fail"}]
READ = (Rule(question="msg.a", answer="Yes"), Rule(vm="web*", answer="fail"))


def _load(text: str) -> Any:
    if text == "- question: msg.a":
        return RULES
    raise ValueError(f"no text: {text}")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (None, ()),
        ("", ()),
        (" \n", ()),
        ("null", ()),
        ([], ()),
        (RULES, READ),
        (tuple(RULES), READ),
        ('[{"question": "msg.a", "answer": "Yes"}, {"vm": "web*", "answer": "fail"}]', READ),
        ("- question: msg.a", READ),
        ([{"vm": 12, "answer": 0}], (Rule(vm="12", answer="0"),)),
        ([{"question": "q", "text": None, "vm": None, "answer": "x"}], (Rule(question="q", answer="x"),)),
        ([{"text": "a+", "answer": "x"}], (Rule(text=re.compile("a+"), answer="x"),)),
    ],
)
def test_answers_are_read_from_lists_and_from_text(answers: Any, expected: tuple[Rule, ...]) -> None:
    assert Policy.from_params({"answers": answers}, load_text=_load).rules == expected


@pytest.mark.parametrize(
    ("params", "option", "words"),
    [
        ({"auto_answer": "maybe"}, "auto_answer", ["false, true or safe", "'maybe'"]),
        ({"auto_answer": 2}, "auto_answer", ["2"]),
        ({"auto_answer": []}, "auto_answer", ["[]"]),
        ({"max_answers": 0}, "max_answers", ["from 1", "0"]),
        ({"max_answers": -1}, "max_answers", ["-1"]),
        ({"max_answers": True}, "max_answers", ["True"]),
        ({"max_answers": "3"}, "max_answers", ["'3'"]),
        ({"answers": {"question": "a", "answer": "b"}}, "answers", ["must be a list", "dict"]),
        ({"answers": 12}, "answers", ["must be a list", "12"]),
        ({"answers": '{"question": "a"}'}, "answers", ["must be a list"]),
        ({"answers": "- question: a"}, "answers", ["no JSON"]),
        ({"answers": "[" * 100_000}, "answers", ["no JSON"]),
        ({"answers": ["yes"]}, "answers", ["rule 1", "dictionary", "'yes'"]),
        (
            {"answers": [RULES[0], {"qestion": "a", "answer": "b"}]},
            "answers",
            ["rule 2", "'qestion'", "'question', 'text'"],
        ),
        ({"answers": [{"question": "a", "text": "b", "answer": "c"}]}, "answers", ["rule 1", "not both"]),
        ({"answers": [{"answer": "c"}]}, "answers", ["rule 1", "none of", '"*"']),
        ({"answers": [{"question": "a"}]}, "answers", ["rule 1", "'answer' is missing"]),
        ({"answers": [{"question": "a", "answer": None}]}, "answers", ["'answer' is missing"]),
        ({"answers": [{"question": "a", "answer": "  "}]}, "answers", ["'answer' is missing"]),
        ({"answers": [{"question": "a", "answer": ["x"]}]}, "answers", ["'answer' must be", "list"]),
        ({"answers": [{"question": "a", "answer": 1.5}]}, "answers", ["'answer' must be", "float"]),
        ({"answers": [{"question": "", "answer": "x"}]}, "answers", ["'question' must be a text"]),
        ({"answers": [{"question": 7, "answer": "x"}]}, "answers", ["'question' must be a text", "7"]),
        ({"answers": [{"vm": True, "answer": "x"}]}, "answers", ["'vm' must be a text", "True"]),
        ({"answers": [{"text": "(", "answer": "x"}]}, "answers", ["rule 1", "no regular expression", "'('"]),
    ],
)
def test_an_option_that_means_nothing_is_refused_with_what_is_allowed(
    params: dict[str, Any], option: str, words: list[str]
) -> None:
    with pytest.raises(OptionError) as caught:
        Policy.from_params(params)

    assert caught.value.details["option"] == option
    assert [word for word in words if word not in str(caught.value)] == []


def test_text_that_is_neither_yaml_nor_json_is_refused_with_what_is_wrong_with_it() -> None:
    with pytest.raises(OptionError, match="no YAML or JSON: no text: xyz"):
        Policy.from_params({"answers": "xyz"}, load_text=_load)


WORDS = sorted(
    {word for entry in KNOWN for button in entry.buttons for word in (button.name, button.id or "", *button.words)}
)
TEXTS = st.text(max_size=12)
IDS = st.sampled_from([message_id for entry in KNOWN for message_id in entry.message_ids]) | TEXTS
QUESTIONS = st.builds(
    Question,
    id=TEXTS,
    text=TEXTS | IDS.map(lambda name: f"{name}:asks"),
    message_ids=st.lists(IDS, max_size=2).map(tuple),
    choices=st.lists(
        st.builds(
            Choice,
            key=st.sampled_from("012") | TEXTS,
            label=st.sampled_from(WORDS) | TEXTS,
            summary=st.sampled_from(WORDS) | TEXTS,
        ),
        max_size=4,
    ).map(tuple),
    default=st.none() | st.integers(-2, 5),
)
RULE_DICTS = st.fixed_dictionaries(
    {
        "answer": st.sampled_from([*[word for word in WORDS if word], "default", "fail", "0", "1"])
        | TEXTS.filter(str.strip)
        | st.integers()
        | st.booleans()
    },
    optional={"vm": TEXTS.filter(bool)},
).flatmap(
    lambda rule: (
        st.sampled_from(["*", "msg.*", "[", "[!", "[b-a]", "?"]).map(lambda glob: {**rule, "question": glob})
        | TEXTS.filter(bool).map(lambda text: {**rule, "text": re.escape(text)})
    )
)
POLICIES = st.builds(
    lambda rules, auto_answer, max_answers, intent: Policy.from_params(
        {"answers": rules, "auto_answer": auto_answer, "max_answers": max_answers}, intent=intent
    ),
    st.lists(RULE_DICTS, max_size=3),
    st.sampled_from([False, True, "safe"]),
    st.integers(1, 4),
    st.none() | st.sampled_from(Intent),
)


@given(QUESTIONS, TEXTS, POLICIES, st.integers(0, 5))
def test_a_decision_never_raises_and_gives_only_what_is_offered(
    question: Question, vm: str, by: Policy, times: int
) -> None:
    decision = decide(question, vm, by, times)

    if isinstance(decision, Give):
        assert decision.choice in question.choices
        assert times < by.max_answers
    else:
        assert decision.sentence


@given(QUESTIONS, st.none() | st.sampled_from([intent for intent in Intent if intent is not Intent.REVERT]))
def test_safe_never_gives_a_default_that_does_harm(question: Question, intent: Intent | None) -> None:
    decision = decide(question, "web01", Policy(auto_answer=AutoAnswer.SAFE, intent=intent), 0)

    if isinstance(decision, Give) and is_default_harmful(question):
        assert decision.choice is not question.default_choice


@given(QUESTIONS, TEXTS, POLICIES)
def test_a_rule_for_a_question_that_nobody_asks_changes_nothing(question: Question, vm: str, by: Policy) -> None:
    never = Rule(question="msg.nobody.asks.this", answer="Yes")
    more = replace(by, rules=(*by.rules, never))

    assert decide(question, vm, more, 0) == decide(question, vm, by, 0)


@given(QUESTIONS, TEXTS)
def test_the_rule_that_a_failure_proposes_can_be_pasted_and_settles_the_question(question: Question, vm: str) -> None:
    rule = as_rule(question)
    decision = decide(question, vm, policy(rule), 0)

    if rule["answer"] == "fail":
        assert isinstance(decision, Report)
        assert decision.reason in (Reason.RULE_SAYS_FAIL, Reason.NO_CHOICES)
    else:
        assert isinstance(decision, Give)
        assert decision.choice in (question.default_choice, question.choices[0])


def test_the_rule_in_a_sentence_is_yaml() -> None:
    report = decide(replace(STRANGE, text="Is it 'strange'?"), "web01", Policy(), 0)
    assert isinstance(report, Report)
    rule = report.sentence[report.sentence.index("{") : report.sentence.rindex("}") + 1]

    assert yaml.safe_load(rule) == {"text": "Is it 'strange'\\?", "answer": "Most"}


@given(QUESTIONS)
def test_without_a_policy_every_question_is_reported(question: Question) -> None:
    assert isinstance(decide(question, "web01", Policy(), 0), Report)
