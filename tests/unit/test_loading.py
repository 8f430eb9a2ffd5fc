# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module loads before it begins: every task pays for it, and finds nothing of it compiled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.virt.esx.plugins.module_utils import _argspec
from ansible_collections.virt.esx.tests.support.processes import importing

UTILS = _argspec.__name__.rpartition(".")[0]
WORKING = ("_vi.crew", "_vi.dispatch", "_vi.watch", "_flow.job", "_flow.question", "_flow.rehearse")
SELDOM = (
    "_flow.catalogue",
    "_flow.known_shared",
    "_flow.uri",
    "_vi.environment",
    "_vi.shared_session",
    "_vmx.definition",
    "_vmx.text",
)
SECONDS = 60
SCRIPT = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"


def loaded(module: str) -> set[str]:
    """Return the names of what is loaded in a process that has imported one of our modules."""
    name = UTILS.replace("module_utils", f"modules.{module}")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name],
        env=importing(str(Path(str(_argspec.__file__)).parents[5])),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return set(json.loads(done.stdout))


def needless(module: str, names: Sequence[str]) -> list[str]:
    """Return which of these a module loads."""
    found = loaded(module)
    assert not found & {"jmespath", "yaml", "requests"}
    return [name for name in names if f"{UTILS}.{name}" in found]


@pytest.mark.parametrize("module", ["esx_vm_info", "esx_vm_power"])
def test_who_only_looks_loads_nothing_that_works(module: str) -> None:
    assert needless(module, [*WORKING, *SELDOM]) == []


def test_the_end_of_a_session_loads_no_more_than_sessions() -> None:
    assert needless("esx_session", [name for name in (*WORKING, *SELDOM) if name != "_vi.shared_session"]) == []
