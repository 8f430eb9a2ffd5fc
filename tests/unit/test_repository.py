# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every file and every module of the collection owes its users, checked so that nobody has to remember it."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
HEADER = (
    "# Copyright (c) 2026, virt.esx maintainers",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)
PACKAGE = "ansible_collections.virt.esx.plugins"
# What a module's documentation and its argument spec must agree on.
COMPARED = ("type", "elements", "required", "default", "choices", "aliases")


def _yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def _python_files(*folders: str) -> list[str]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if "output" not in path.parts)


def _module(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.modules.{name}")


def _documentation(name: str) -> dict[str, Any]:
    """Read a module's documentation with the fragments that it extends merged in, as ansible-doc does."""
    documentation: dict[str, Any] = yaml.safe_load(_module(name).DOCUMENTATION)
    fragments = documentation.get("extends_documentation_fragment", [])
    for fragment in [fragments] if isinstance(fragments, str) else fragments:
        for key, value in _fragment(fragment).items():
            own = documentation.setdefault(key, type(value)())
            if isinstance(value, dict):
                _merge(own, value)
            else:
                own.extend(value)
    return documentation


def _fragment(name: str) -> dict[str, Any]:
    namespace, collection, file, *section = name.split(".")
    assert (namespace, collection) == ("virt", "esx")
    text = getattr(
        importlib.import_module(f"{PACKAGE}.doc_fragments.{file}").ModuleDocFragment,
        "".join(section).upper() or "DOCUMENTATION",
    )
    fragment: dict[str, Any] = yaml.safe_load(text)
    return fragment


def _merge(own: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(own.get(key), dict):
            _merge(own[key], value)
        else:
            own.setdefault(key, value)


def _compare(spec: Mapping[str, Any], documented: Mapping[str, Any], where: str) -> list[str]:
    """Say where an argument spec and the documented options differ, one line each; goes down into suboptions."""
    found = [f"{where}{name}: only in the argument spec" for name in spec.keys() - documented.keys()]
    found += [f"{where}{name}: only in the documentation" for name in documented.keys() - spec.keys()]
    for name in sorted(spec.keys() & documented.keys()):
        have, want = spec[name], documented[name]
        for key in COMPARED:
            pair = _value(have, key), _value(want, key)
            if pair[0] != pair[1]:
                found.append(f"{where}{name}.{key}: {pair[0]!r} in the argument spec, {pair[1]!r} in the documentation")
        found += _compare(have.get("options") or {}, want.get("suboptions") or {}, f"{where}{name}.")
    return found


def _value(option: Mapping[str, Any], key: str) -> Any:
    value = option.get(key)
    if key == "required":
        return bool(value)
    if key == "type":
        return value or "str"
    if key == "choices" and isinstance(value, Mapping):
        return list(value)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _secrets(spec: Mapping[str, Any], where: str = "") -> list[str]:
    """Name the options that look like a secret and are not kept out of logs."""
    found = []
    for name, option in spec.items():
        sounds_so = re.search(r"password|secret|token|ticket|cookie", name) and "choices" not in option
        if sounds_so and option.get("no_log") is not True:
            found.append(where + name)
        found += _secrets(option.get("options") or {}, f"{where}{name}.")
    return found


def test_the_action_group_has_every_module() -> None:
    assert _yaml("meta/runtime.yml")["action_groups"]["esx"] == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_known_to_readme_changelog_and_integration_tests(name: str) -> None:
    fragments = [path.read_text("utf-8") for path in (ROOT / "changelogs").rglob("*.y*ml")]

    assert f"`{name}`" in (ROOT / "README.md").read_text("utf-8")
    assert any(re.search(rf"\b{name} - ", text) for text in fragments)
    assert (ROOT / "tests" / "integration" / "targets" / name / "tasks" / "main.yml").is_file()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_documented_in_full(name: str) -> None:
    module, documentation = _module(name), _documentation(name)

    assert documentation["module"] == name
    assert documentation["short_description"]
    assert re.search(r" \((@[\w-]+|!UNKNOWN)\)$", documentation["author"]), "ansible-test wants a name and an account"
    assert {"check_mode", "diff_mode", "action_group"} <= documentation["attributes"].keys()
    assert isinstance(yaml.safe_load(module.EXAMPLES), list)
    assert isinstance(yaml.safe_load(module.RETURN), dict)


@pytest.mark.parametrize("name", MODULES)
def test_the_argument_spec_is_the_documented_one(name: str) -> None:
    found = _compare(_module(name).ARGUMENT_SPEC, _documentation(name)["options"], "")

    assert found == []


@pytest.mark.parametrize("name", MODULES)
def test_a_secret_is_kept_out_of_logs(name: str) -> None:
    assert _secrets(_module(name).ARGUMENT_SPEC) == []


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_use_options_that_exist(name: str) -> None:
    options = _documentation(name)["options"]
    aliases = {alias for option in options.values() for alias in option.get("aliases", [])}
    used = {
        key for task in _tasks(yaml.safe_load(_module(name).EXAMPLES)) for key in task.get(f"virt.esx.{name}") or {}
    }

    assert used
    assert used <= options.keys() | aliases


def _tasks(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found = []
    for entry in entries:
        found.append(entry)
        for key in ("tasks", "block", "rescue", "always"):
            found += _tasks(entry.get(key) or [])
    return found


@pytest.mark.parametrize("path", _python_files("plugins", "tests", "extensions", "roles"))
def test_a_file_says_its_licence(path: str) -> None:
    lines = [line for line in (ROOT / path).read_text("utf-8").splitlines() if line and not line.startswith("#!")]

    assert not lines or tuple(lines[:3]) == HEADER


@pytest.mark.parametrize("path", _python_files("plugins", "tests", "extensions", "roles"))
def test_nothing_is_called_by_a_bare_underscore(path: str) -> None:
    nodes = list(ast.walk(ast.parse((ROOT / path).read_text("utf-8"), path)))
    lines = [node.lineno for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
    lines += [node.lineno for node in nodes if isinstance(node, ast.arg) and node.arg == "_"]

    assert lines == [], "ansible-test forbids the name _: give it one that says what is not looked at, such as _key"


@pytest.mark.parametrize("path", _python_files("plugins", "extensions"))
def test_a_plugin_file_keeps_the_house_rules(path: str) -> None:
    assert broken_rules(path, (ROOT / path).read_text("utf-8")) == []


def broken_rules(path: str, source: str) -> list[str]:
    """Name what a file under plugins/ does and must not do, one line each."""
    found = []
    for node in ast.walk(ast.parse(source, path)):
        found += [f"{path}:{getattr(node, 'lineno', 0)}: {what}" for what in _broken_by(node, path)]
    found += [f"{path}: {word}" for word in ("# noqa", "# type: ignore", "# pylint: disable") if word in source]
    return found


def _broken_by(node: ast.AST, path: str) -> list[str]:
    if isinstance(node, ast.ExceptHandler):
        names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {"Exception"}
        return ["a blanket handler"] if names & {"Exception", "BaseException"} else []
    if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names):
        return ["randomness"]
    if isinstance(node, ast.ImportFrom) and node.module in {"random", "time"}:
        return ["randomness"] if node.module == "random" else _imports_sleep(node)
    if isinstance(node, ast.Attribute):
        if node.attr == "sleep":
            return ["sleeping instead of waiting"]
        if node.attr in {"fail_json", "exit_json"} and not path.endswith("/_shell.py"):
            return [f"{node.attr} outside the shell"]
    return []


def _imports_sleep(node: ast.ImportFrom) -> list[str]:
    return ["sleeping instead of waiting"] if any(alias.name == "sleep" for alias in node.names) else []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    pass\nexcept Exception:\n    pass",
        "try:\n    pass\nexcept:\n    pass",
        "try:\n    pass\nexcept (ValueError, BaseException) as error:\n    pass",
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "import random",
        "from random import randint",
        "module.fail_json(msg='no')",
        "x = 1  # noqa",
    ],
)
def test_a_broken_rule_is_found(source: str) -> None:
    assert len(broken_rules("plugins/modules/esx_planted.py", source)) == 1


def test_nothing_is_excused_from_the_sanity_tests() -> None:
    assert list((ROOT / "tests").glob("sanity/ignore-*.txt")) == []


def test_a_difference_between_spec_and_documentation_is_found() -> None:
    spec = {
        "name": {"type": "str", "required": True},
        "limit": {"type": "int", "default": 3},
        "rules": {"type": "list", "elements": "dict", "options": {"answer": {"type": "str"}}},
        "extra": {"type": "str"},
    }
    documented = {
        "name": {"type": "str"},
        "limit": {"type": "int", "default": 4},
        "rules": {"type": "list", "elements": "dict", "suboptions": {"answer": {"type": "str", "choices": ["a"]}}},
    }

    assert _compare(spec, documented, "") == [
        "extra: only in the argument spec",
        "limit.default: 3 in the argument spec, 4 in the documentation",
        "name.required: True in the argument spec, False in the documentation",
        "rules.answer.choices: None in the argument spec, ['a'] in the documentation",
    ]


def test_the_versions_agree() -> None:
    galaxy, runtime = _yaml("galaxy.yml"), _yaml("meta/runtime.yml")

    assert re.fullmatch(r"\d+\.\d+\.\d+", galaxy["version"])
    assert galaxy["license"] == ["GPL-3.0-or-later"]
    assert runtime["requires_ansible"] == ">=2.17.0"
    assert galaxy["dependencies"] == {}
