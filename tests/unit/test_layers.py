# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Parse every import under plugins/ and extensions/ and fail on a wrong arrow between the layers.

The arrows: modules lead to everything, ``_vi`` to the pure layers, the pure layers to the standard library and to each
other in one direction only. One file knows pyVmomi, one knows AnsibleModule, one knows jmespath.
"""

from __future__ import annotations

import ast
import pathlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.virt.esx."
PURE = ("_errors", "_vmx", "_flow")
ALL = (*PURE, "_vi", "_argspec", "_argspec_definition", "_shell")


@dataclass(frozen=True)
class Layer:
    """What a layer may import: ``ours`` are layers, ``others`` top-level names beside the standard library."""

    ours: tuple[str, ...]
    others: tuple[str, ...] = ()


LAYERS = {
    "_errors": Layer(("_errors",)),
    "_vmx": Layer(("_vmx", "_errors")),
    "_flow": Layer(PURE),
    "_vi": Layer((*PURE, "_vi")),
    "_argspec": Layer((*PURE, "_argspec")),
    "_argspec_definition": Layer((*PURE, "_argspec_definition")),
    "_shell": Layer((*PURE, "_argspec", "_shell", "_vi"), ("ansible", "yaml")),
    "modules": Layer(ALL),
    "doc_fragments": Layer(()),
    "filter": Layer((*PURE, "plugin_utils"), ("ansible",)),
    "plugin_utils": Layer((*PURE, "_argspec", "_shell", "_vi", "plugin_utils"), ("ansible",)),
    "action": Layer(("modules", "plugin_utils")),
    "inventory": Layer((*ALL, "plugin_utils"), ("ansible",)),
    "event_source": Layer(ALL),
}

# The one file of its layer that may know what the others may not.
EXCEPTIONS = {
    "plugins/module_utils/_vi/sdk.py": ("pyVmomi", "pyVim"),
    "plugins/module_utils/_vi/query.py": ("jmespath",),
    "plugins/module_utils/_flow/select.py": ("jmespath",),
    # The collection's own plugins, by the name that a file run by its path gives them.
    "extensions/eda/plugins/event_source/esx_question.py": ("virt_esx_event_source",),
}


def layer_of(path: str) -> str:
    """Name the layer of a file: ``_flow`` for ``plugins/module_utils/_flow/power.py``, ``modules`` for a module."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("plugins", "module_utils"):
        return parts[2].removesuffix(".py")
    if parts[0] == "extensions":
        return parts[3]
    return parts[1]


def imported(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and absolute dotted name of whatever a file imports, at any depth and under TYPE_CHECKING too."""
    package = (COLLECTION + path).replace("/", ".").split(".")[:-2]
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = [*base, *((node.module or "").split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*stem, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in {"__import__", "import_module"}:
            yield node.lineno, ast.unparse(node.args[0]).strip("'\"") if node.args else "?"


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def violations(path: str, source: str) -> list[str]:
    """Say which imports of a file are against the arrows, one sentence each."""
    layer = LAYERS.get(layer_of(path))
    if layer is None:
        return [f"{path}: no layer has this name"]
    return [
        f"{path}:{line}: {name}"
        for line, name in imported(path, source)
        if not _allowed(name, layer, EXCEPTIONS.get(path, ()))
    ]


def _allowed(name: str, layer: Layer, extra: tuple[str, ...]) -> bool:
    if name.startswith(COLLECTION):
        parts = name.removeprefix(COLLECTION).split(".")
        if parts[:2] == ["plugins", "module_utils"]:
            return len(parts) > 2 and parts[2] in layer.ours
        return parts[0] == "plugins" and len(parts) > 2 and parts[1] in {"modules", "plugin_utils"} & set(layer.ours)
    top = name.split(".", maxsplit=1)[0]
    return top in sys.stdlib_module_names or top in layer.others or top in extra


def _files() -> list[str]:
    found = [file for folder in ("plugins", "extensions") for file in (ROOT / folder).rglob("*.py")]
    return sorted(file.relative_to(ROOT).as_posix() for file in found)


def test_there_are_files_to_look_at() -> None:
    assert len(_files()) > 5


@pytest.mark.parametrize("path", _files())
def test_every_import_follows_the_arrows(path: str) -> None:
    found = violations(path, (ROOT / path).read_text("utf-8"))

    assert found == []


@pytest.mark.parametrize("path", [path for path in _files() if "/modules/" in path])
def test_a_module_hands_its_run_to_the_shell(path: str) -> None:
    names = {name.removeprefix(COLLECTION) for _line, name in imported(path, (ROOT / path).read_text("utf-8"))}

    assert "plugins.module_utils._shell.run_module" in names


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("plugins/module_utils/_vmx/text.py", "import yaml"),
        ("plugins/module_utils/_vmx/text.py", "from .._flow import power"),
        ("plugins/module_utils/_vmx/text.py", "from ..._flow import power"),
        ("plugins/module_utils/_errors.py", "from ._flow.power import plan"),
        ("plugins/module_utils/_flow/power.py", "from pyVmomi import vim"),
        ("plugins/module_utils/_flow/power.py", "from .._vi.sdk import vim"),
        ("plugins/module_utils/_flow/power.py", "from .. import _vi"),
        ("plugins/module_utils/_flow/power.py", "def late():\n    import jmespath"),
        ("plugins/module_utils/_flow/power.py", "import importlib\nimportlib.import_module('pyVmomi')"),
        ("plugins/module_utils/_flow/power.py", "from ansible.module_utils.basic import AnsibleModule"),
        (
            "plugins/module_utils/_flow/power.py",
            "from ansible_collections.virt.esx.plugins.module_utils._vi import sdk",
        ),
        ("plugins/module_utils/_vi/wait.py", "from pyVmomi import vim"),
        ("plugins/module_utils/_vi/wait.py", "import pyVim.connect"),
        ("plugins/module_utils/_vi/wait.py", "from .._shell import run_module"),
        ("plugins/module_utils/_vi/wait.py", "from ansible.module_utils.basic import missing_required_lib"),
        ("plugins/module_utils/_argspec.py", "from ._vi import sdk"),
        ("plugins/modules/esx_vm_power.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("plugins/modules/esx_vm_power.py", "from pyVmomi import vim"),
        ("plugins/modules/esx_vm_power.py", "from .esx_question import run"),
        ("plugins/modules/esx_vm_power.py", "from ...tests import esxsim"),
        ("plugins/modules/esx_vm_power.py", "from ..plugin_utils.filters import plain"),
        ("plugins/filter/to_vmx.py", "from ..module_utils._vi import sdk"),
        ("plugins/module_utils/_new/thing.py", "import os"),
    ],
)
def test_a_wrong_arrow_is_found(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("plugins/module_utils/_vmx/text.py", "from __future__ import annotations\nimport re, xml.etree.ElementTree"),
        (
            "plugins/module_utils/_flow/power.py",
            "from .._errors import PlanError\nfrom .._vmx.units import MIB\nfrom . import question",
        ),
        ("plugins/module_utils/_vi/wait.py", "from .sdk import vim\nfrom .._flow import question"),
        ("plugins/module_utils/_vi/sdk.py", "from pyVmomi import vim, vmodl"),
        ("plugins/module_utils/_shell.py", "from ansible.module_utils.basic import AnsibleModule"),
        (
            "plugins/filter/to_vmx.py",
            "from ..module_utils._vmx import vmx\nfrom ..plugin_utils.filters import plain",
        ),
        (
            "plugins/modules/esx_vm_power.py",
            "from ..module_utils._flow import power\nfrom ..module_utils._shell import run_module",
        ),
    ],
)
def test_a_right_arrow_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []
