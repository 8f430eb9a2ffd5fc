# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides: every task that they show has options that its module takes, and every module that they name is there."""

from __future__ import annotations

import importlib
import pathlib
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virt.esx.plugins.module_utils import _shell

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
NESTED = ("block", "rescue", "always", "tasks", "handlers", "pre_tasks", "post_tasks")
BLOCK = re.compile(r"^( *)\.\. code-block:: yaml\n(?:\1 +:.*\n)*\n((?:\1  .*\n|\n)+)", re.MULTILINE)
# What begins like a module, and is a filter or a variable of the playbooks.
OTHERS = ("esx_datastore_item", "esx_hostname", "esx_vm", "esx_vms")


def _shown(text: str) -> Iterator[Any]:
    for match in BLOCK.finditer(text):
        yield yaml.safe_load(textwrap.dedent(match[2]))


def _tasks(shown: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the modules of ours that are called in what a block shows, with their options."""
    for entry in shown if isinstance(shown, list) else []:
        for key, value in entry.items() if isinstance(entry, dict) else []:
            if key in NESTED:
                yield from _tasks(value)
            elif key.startswith("virt.esx.esx_") and key.rpartition(".")[2] in MODULES:
                yield key.rpartition(".")[2], value or {}


def _untemplated(value: Any) -> Any:
    """Leave out what only a play can tell."""
    if isinstance(value, dict):
        return {key: _untemplated(entry) for key, entry in value.items() if not _is_template(entry)}
    if isinstance(value, list):
        return [_untemplated(entry) for entry in value if not _is_template(entry)]
    return value


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


CALLS = [
    pytest.param(module, options, id=f"{guide.stem}-{number}-{module}")
    for guide in GUIDES
    for number, shown in enumerate(_shown(guide.read_text("utf-8")))
    for module, options in _tasks(shown)
]


@pytest.mark.parametrize(("module", "options"), CALLS)
def test_a_task_in_a_guide_has_options_that_its_module_takes(module: str, options: Mapping[str, Any]) -> None:
    spec = importlib.import_module(f"ansible_collections.virt.esx.plugins.modules.{module}").ARGUMENT_SPEC
    templates = {key for key, value in options.items() if _is_template(value)}
    needed = {
        key: {**rule, "required": rule.get("required", False) and key not in templates} for key, rule in spec.items()
    }

    found = ArgumentSpecValidator(_shell.spec_for_ansible(needed)).validate(_untemplated(options))

    assert found.error_messages == []
    assert templates <= spec.keys()


def test_there_are_tasks_to_look_at() -> None:
    assert len(CALLS) > 20


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_module_that_a_guide_names_is_there(guide: pathlib.Path) -> None:
    named = set(
        re.findall(
            r"``(?:virt\.esx\.)?(esx_(?:vm|question|host|datastore|volume|network|interface|firewall|iscsi|session)\w*)``",
            guide.read_text("utf-8"),
        )
    )

    assert {name for name in named if name not in OTHERS} <= MODULES


def test_every_guide_is_in_the_table_of_contents() -> None:
    contents = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text("utf-8"))

    listed = [name for section in contents["sections"] for name in section["toctree"]]

    assert sorted(listed) == [path.stem for path in GUIDES]
