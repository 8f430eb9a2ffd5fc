# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is answered to a question, and how long anything may take."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible looks for a class of this name."""

    DOCUMENTATION = r"""
options:
  auto_answer:
    description:
      - What happens to a question that no rule of O(answers) matches. One of V(false), V(true) and V(safe).
      - With V(false) it is reported. The task fails with the question, its choices and a rule to begin with,
        and tries to cancel what the question holds up.
      - With V(true) the host's default choice is given. Some defaults lose data.
      - With V(safe) it is answered only where this collection knows the question and a choice that loses nothing.
        Everything else is reported.
      - Booleans and texts mean the same, in upper and in lower case.
      - If it is left out, the question is reported.
    type: str
    default: "false"
  answers:
    description:
      - Rules, looked at in their order and before O(auto_answer). The first that matches the question decides.
      - It is a list of dictionaries, or the YAML or JSON of such a list as a text, which is what a survey gives.
      - C(question) is a glob on the message ids of the question, for example V(msg.serial.file.open) or V(msg.uuid.*);
        on a host without message ids it is compared with the id that the text begins with.
        V(*) means any question.
      - C(text) is a regular expression that is searched for in the question's text.
        A rule has C(question) or C(text), not both.
      - C(vm) is a glob on the name of the virtual machine; without it the rule is for all of them.
        A rule that has only C(vm) is for any question of these machines.
      - C(answer) is the choice, by key, label or summary. Case and the accelerator C(_) do not matter,
        and V(button.uuid.movedTheVM) may be shortened to V(uuid.movedTheVM) or V(movedTheVM).
        V(default) stands for the host's default choice, and V(fail) means that the question is reported.
      - If the answer is not among the choices, or fits two of them, the question is reported and nothing is answered.
      - A rule for a question that nobody asks is no error.
      - If it is left out, there are no rules.
    type: raw
  max_answers:
    description:
      - How often one kind of question may be answered for one virtual machine in one task, by rule or by default.
        A V(Retry) that brings the same question back ends there, with the question as the failure.
      - If it is left out, three times.
    type: int
    default: 3
  timeout:
    description:
      - The seconds that a virtual machine may take, the waits included.
        At the end what was begun is cancelled, if the host allows that,
        and the failure shows what was seen last.
      - If it is left out, five minutes.
    type: int
    default: 300
  concurrency:
    description:
      - How many virtual machines are worked on at the same time.
      - If it is left out, sixteen.
    type: int
    default: 16
"""
