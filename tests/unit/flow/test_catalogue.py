# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The known questions: every row can be reached, and nothing that loses anything is called safe."""

from __future__ import annotations

import importlib.util
import pathlib
from dataclasses import replace

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.asked import Choice, Intent, Question, plain
from ansible_collections.virt.esx.plugins.module_utils._flow.catalogue import (
    KNOWN,
    advice,
    has_safe_choice,
    is_default_harmful,
    is_known,
    known,
    safe_choice,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.known import (
    EFFECTS,
    NOT_QUESTIONS,
    Button,
    Effect,
    Grade,
    KnownQuestion,
)
from hypothesis import given
from hypothesis import strategies as st

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"

# What each question has as a safe answer, written down a second time: None where somebody has to look.
SAFE = {
    "msg.cdrom.lockfail": "Disconnect",
    "msg.cdromImage.disconnect": "Disconnect",
    "msg.cdromdisconnect.locked": "No",
    "msg.checkpoint.cpucheck.fail.feature": "No",
    "msg.checkpoint.cpucheck.fail.question": "No",
    "msg.checkpoint.restore.error": "Cancel",
    "msg.checkpoint.restore.newVersion": "Cancel",
    "msg.checkpoint.restore.oldVersion": "Cancel",
    "msg.checkpoint.resume.error": "Preserve",
    "msg.checkpoint.resume.newVersion": "Cancel",
    "msg.checkpoint.resume.oldVersion": "Cancel",
    "msg.checkpoint.resume.softError": "Preserve",
    "msg.cpuid.noVHVQuestion": "No",
    "msg.cpuid.unsupportedVendor": "No",
    "msg.deviceSwap.replaceLSISAS": "No",
    "msg.disk.adapterMismatch": None,
    "msg.disk.consistencyErrors": "No",
    "msg.disk.duplicateUUID": "No",
    "msg.disk.notConfigured": "No",
    "msg.disk.permission.read": None,
    "msg.disk.permission.write": None,
    "msg.disk.redoLogPersistent": "Cancel",
    "msg.disk.scaryWithLostSectors": "No",
    "msg.disk.scaryWithNoLostSectors": "No",
    "msg.floppy.changeName": None,
    "msg.hbacommon.corruptredo": None,
    "msg.hbacommon.locklost": None,
    "msg.hbacommon.outofspace": None,
    "msg.mbr.bogus": None,
    "msg.mks.lockFail": None,
    "msg.monitorEvent.14552": "Cancel",
    "msg.monitorEvent.tripleFaultDumpCore": "OK",
    "msg.monitorEvent.tripleFaultRestart": None,
    "msg.monitorEvent.tripleFaultSuspend": "OK",
    "msg.msr.VTmismatch": "Cancel",
    "msg.nfsmounted.persistent": None,
    "msg.noAutodetectBackingQuestion": "No",
    "msg.noLogOutput": None,
    "msg.parallel.file.open": "Append",
    "msg.serial.file.open": "Append",
    "msg.snapshot.powerOff.prompt": "Just Power Off",
    "msg.snapshotRevert": "No",
    "msg.svga.compatCheckFailed": "Cancel",
    "msg.svga.compatFeatureCheckFailed": "Cancel",
    "msg.upgrade.okToContinue": "No",
    "msg.upgradeVM.askToolsUpgrade": "Cancel",
    "msg.uuid.altered": None,
    "msg.uuid.moved": "Create",
    "msg.vmci.collision": "Continue",
    "msg.vmx.nestedVM": "Yes",
    "msg.vmxaiomgr.retryabort.diskfull": None,
    "msg.vmxaiomgr.retrycontabort.diskoverwrite": None,
    "msg.vmxaiomgr.retrycontabort.rudeunplug": "Retry",
    "msg.vvtd.drainingDisabledQuestion": "No",
}
AFTER = {
    ("msg.cdromdisconnect.locked", Intent.EJECT): "Yes",
    ("msg.snapshotRevert", Intent.REVERT): "Yes",
    ("msg.upgrade.okToContinue", Intent.UPGRADE): "Yes",
    ("msg.uuid.altered", Intent.CLONE): "I copied it",
    ("msg.uuid.altered", Intent.DEFINE): "I moved it",
    ("msg.uuid.altered", Intent.MIGRATE): "I moved it",
    ("msg.uuid.altered", Intent.RESTORE): "I moved it",
}
HARMFUL = {
    "msg.checkpoint.resume.error": ("Discard",),
    "msg.disk.redoLogPersistent": ("Commit", "Discard"),
    "msg.hbacommon.corruptredo": ("OK",),
    "msg.hbacommon.locklost": ("OK",),
    "msg.hbacommon.outofspace": ("Cancel",),
    "msg.mbr.bogus": ("OK",),
    "msg.monitorEvent.tripleFaultRestart": ("OK", "Cancel"),
    "msg.monitorEvent.tripleFaultSuspend": ("Cancel",),
    "msg.parallel.file.open": ("Replace",),
    "msg.serial.file.open": ("Replace",),
    "msg.uuid.altered": (),
    "msg.vmxaiomgr.retrycontabort.rudeunplug": ("Abort", "Continue"),
}


def asked(entry: KnownQuestion, *, plain_labels: bool = False, message_id: str | None = None) -> Question:
    """Ask a known question, with button ids for labels as current hosts do, or with plain text as older ones do."""
    choices = tuple(
        Choice(
            key=str(index),
            label=f"_{button.name}" if plain_labels or button.id is None else button.id,
            summary=button.name,
        )
        for index, button in enumerate(entry.buttons)
    )
    return Question(id="1", text="?", message_ids=(message_id or entry.message_ids[0],), choices=choices)


def test_no_message_id_has_two_entries_and_each_grade_is_sorted() -> None:
    ids = [message_id for entry in KNOWN for message_id in entry.message_ids]

    assert len(ids) == len(set(ids))
    assert not set(ids) & set(NOT_QUESTIONS)
    for grade in Grade:
        first = [entry.message_ids[0].lower() for entry in KNOWN if entry.grade is grade]
        assert first == sorted(first)
    assert [entry.grade for entry in KNOWN] == sorted((entry.grade for entry in KNOWN), key=list(Grade).index)


def test_every_question_is_in_the_second_table_too() -> None:
    assert {message_id for entry in KNOWN for message_id in entry.message_ids} == SAFE.keys()


@pytest.mark.parametrize("plain_labels", [False, True])
@pytest.mark.parametrize("message_id", sorted(SAFE))
def test_every_row_is_found_and_gives_its_safe_choice(message_id: str, plain_labels: bool) -> None:
    entry = known(message_id)
    assert entry is not None
    question = asked(entry, plain_labels=plain_labels, message_id=message_id)
    choice = safe_choice(question, None)

    assert is_known(question)
    assert (choice.summary if choice else None) == SAFE[message_id]


@pytest.mark.parametrize(("message_id", "intent"), list(AFTER))
def test_an_intent_settles_what_the_question_leaves_open(message_id: str, intent: Intent) -> None:
    entry = known(message_id)
    assert entry is not None
    choice = safe_choice(asked(entry), intent)

    assert choice is not None
    assert choice.summary == AFTER[message_id, intent]


def test_no_other_intent_changes_anything() -> None:
    found = {
        (entry.message_ids[0], intent)
        for entry in KNOWN
        for intent in Intent
        if safe_choice(asked(entry), intent) != safe_choice(asked(entry), None)
    }

    assert found == AFTER.keys()


@pytest.mark.parametrize("entry", KNOWN, ids=lambda entry: entry.message_ids[0])
def test_a_safe_choice_loses_nothing_unless_it_was_asked_for(entry: KnownQuestion) -> None:
    assert [name for name in entry.safe if entry.button(name).effect is Effect.LOSES] == []
    assert all(
        entry.button(name).effect is not Effect.LOSES or intent is Intent.REVERT for intent, name in _after(entry)
    )


def _after(entry: KnownQuestion) -> list[tuple[Intent, str]]:
    return list(entry.safe_after.items())


@pytest.mark.parametrize("message_id", sorted(HARMFUL))
def test_the_harmful_choices_are_the_ones_that_lose_something(message_id: str) -> None:
    entry = known(message_id)

    assert entry is not None
    assert entry.harmful == HARMFUL[message_id]


def test_retry_is_safe_only_where_nothing_has_to_be_done_first() -> None:
    retried = [entry.message_ids for entry in KNOWN if "Retry" in entry.safe]

    assert retried == [("msg.vmxaiomgr.retrycontabort.rudeunplug",)]


def test_where_nothing_is_safe_there_is_advice() -> None:
    silent = [
        entry.message_ids[0]
        for entry in KNOWN
        if entry.grade is not Grade.HOSTED and not entry.safe and not entry.safe_default and not entry.advice
    ]

    assert silent == []
    assert advice(asked(KNOWN[0])) == ""


def test_whether_a_machine_was_moved_or_copied_is_left_to_the_host_without_an_intent() -> None:
    entry = known("msg.uuid.altered")
    assert entry is not None
    question = asked(entry)

    assert safe_choice(replace(question, default=2), None) == question.choices[2]
    assert safe_choice(replace(question, default=0), None) == question.choices[0]
    assert safe_choice(replace(question, default=3), None) is None
    assert safe_choice(replace(question, default=2), Intent.DEFINE) == question.choices[1]


@pytest.mark.parametrize(
    "choices",
    [
        (),
        (("1", "Yes", "Yes"),),
        (("1", "Maybe", "Perhaps"),),
        (("No", "Maybe", "Perhaps"),),
        (("0", "button.no", "Yes"), ("1", "button.yes", "No")),
        (("0", "No", "No"), ("1", "No", "No")),
    ],
    ids=["none", "another", "unknown words", "key only", "contradiction", "twice"],
)
def test_a_safe_choice_that_cannot_be_told_from_the_others_is_not_given(
    choices: tuple[tuple[str, str, str], ...],
) -> None:
    question = Question(
        id="1",
        text="?",
        message_ids=("msg.disk.notConfigured",),
        choices=tuple(Choice(key=key, label=label, summary=summary) for key, label, summary in choices),
    )

    assert safe_choice(question, None) is None
    assert has_safe_choice(question, None)


def test_the_message_that_asks_must_be_known() -> None:
    entry = known("msg.disk.notConfigured")
    assert entry is not None
    question = asked(entry)
    reason_first = replace(question, message_ids=("msg.some.reason", "msg.disk.notConfigured"))
    asks_last = replace(question, message_ids=("msg.disk.notConfigured", "msg.some.thing"))

    assert safe_choice(reason_first, None) == question.choices[1]
    assert safe_choice(asks_last, None) is None
    assert not is_known(asks_last)


def test_two_known_messages_must_agree() -> None:
    entry = known("msg.disk.notConfigured")
    assert entry is not None
    question = asked(entry)
    agree = replace(question, message_ids=("msg.disk.consistencyErrors", "msg.disk.notConfigured"))
    disagree = replace(question, message_ids=("msg.vmx.nestedVM", "msg.disk.notConfigured"))

    assert safe_choice(agree, None) == question.choices[1]
    assert safe_choice(disagree, None) is None


def test_a_question_without_message_ids_is_known_by_its_text() -> None:
    entry = known("msg.serial.file.open")
    assert entry is not None
    question = replace(asked(entry), message_ids=(), text="msg.serial.file.open:The file exists.")

    assert safe_choice(question, None) == question.choices[0]


@pytest.mark.parametrize(
    ("message_id", "name", "expected"),
    [
        ("msg.serial.file.open", "Append", False),
        ("msg.serial.file.open", "Replace", True),
        ("msg.hbacommon.locklost", "OK", True),
        ("msg.hbacommon.outofspace", "Retry", False),
        ("msg.hbacommon.outofspace", "Cancel", True),
        ("msg.uuid.altered", "I copied it", None),
        ("msg.cdromdisconnect.locked", "No", False),
    ],
)
def test_whether_the_default_does_harm_is_known_of_known_questions(
    message_id: str, name: str, expected: bool | None
) -> None:
    entry = known(message_id)
    assert entry is not None
    question = asked(entry)
    index = next(index for index, choice in enumerate(question.choices) if choice.summary == name)

    assert is_default_harmful(replace(question, default=index)) is expected
    assert is_default_harmful(replace(question, default=None)) is None
    assert is_default_harmful(replace(question, default=9)) is None


@pytest.mark.parametrize(
    ("label", "summary", "expected"),
    [
        ("button.some.append", "", False),
        ("_Overwrite", "Overwrite", True),
        ("Just Power Off", "", True),
        ("Yes", "Yes", None),
        ("Cancel", "Cancel", None),
        ("Frobnicate", "", None),
        ("No", "Discard", None),
    ],
)
def test_of_an_unknown_question_the_word_of_the_default_says_whether_it_does_harm(
    label: str, summary: str, expected: bool | None
) -> None:
    choice = Choice(key="0", label=label, summary=summary)
    question = Question(id="1", text="?", message_ids=("msg.new",), choices=(choice,), default=0)

    assert is_default_harmful(question) is expected


@given(
    st.text(max_size=20).filter(lambda text: known(text) is None),
    st.lists(st.sampled_from(sorted(EFFECTS)), max_size=4),
    st.none() | st.sampled_from(Intent),
)
def test_an_unknown_question_has_no_safe_choice(message_id: str, words: list[str], intent: Intent | None) -> None:
    choices = tuple(Choice(key=str(index), label=word, summary=word) for index, word in enumerate(words))
    question = Question(id="1", text="?", message_ids=(message_id,), choices=choices, default=0)

    assert safe_choice(question, intent) is None
    assert not has_safe_choice(question, intent)


@pytest.mark.parametrize("entry", KNOWN, ids=lambda entry: entry.message_ids[0])
def test_no_two_buttons_of_a_question_answer_to_one_word(entry: KnownQuestion) -> None:
    words = [plain(word) for button in entry.buttons for word in _spoken(button)]

    assert len(words) == len(set(words))


def _spoken(button: Button) -> tuple[str, ...]:
    return (button.name, *button.words, *([button.id] if button.id else []))


def test_the_page_of_the_known_questions_is_the_generated_one() -> None:
    spec = importlib.util.spec_from_file_location("generate_known_questions", DOCS / "generate_known_questions.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = DOCS / "docsite" / "rst" / "known_questions.rst"

    assert page.read_text("utf-8") == script.page(), "run: python docs/generate_known_questions.py"
