# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the question policy; the spec beside it is QUESTIONS."""

from __future__ import annotations


class ModuleDocFragment:
    """What to do about questions, and how long and how many at a time."""

    DOCUMENTATION = r"""
options:
  auto_answer:
    description:
      - What to do about a question that no rule of O(answers) is for.
      - V(false) reports it. The task fails and shows the question, its choices
        and what became of the task that it holds up.
      - V(true) answers with the host's default choice. Some defaults lose something.
      - V(safe) answers where this collection knows the question and a choice that loses nothing.
        Otherwise it reports the question.
    type: str
    default: 'false'
  answers:
    description:
      - Rules for questions, in order. The first one that matches decides.
      - A rule is a dictionary with C(answer) and one or more of C(question), C(text) and C(vm).
      - C(question) is a glob on message ids, such as V(msg.uuid.*).
        C(text) is a regular expression that is searched in the text.
        C(vm) is a glob on names of virtual machines.
      - C(answer) is a choice by its key, label or summary, without regard to case, or V(default), or V(fail).
      - Rules for questions that nobody asks are no error.
      - A text in YAML or JSON is read as such a list, as surveys give it.
      - If it is left out, O(auto_answer) decides.
    type: raw
  max_answers:
    description:
      - How often one kind of question is answered for one virtual machine.
      - One that comes back after that is reported.
    type: int
    default: 3
  timeout:
    description:
      - Seconds that the work on one virtual machine may take, all waiting included.
      - When they are over, the task on the host is cancelled if that is possible,
        and the failure tells what was seen last.
    type: int
    default: 300
  concurrency:
    description:
      - On how many virtual machines work goes on at a time.
    type: int
    default: 16
"""
