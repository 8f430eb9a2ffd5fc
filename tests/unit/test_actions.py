# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module has the action that does its work in Ansible's own process."""

from __future__ import annotations

import pathlib
from importlib import import_module

import pytest
from ansible_collections.virt.esx.plugins.plugin_utils import worker

PLUGINS = pathlib.Path(str(worker.__file__)).parents[1]
PACKAGE = "ansible_collections.virt.esx.plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("esx_*.py"))


def test_there_are_modules() -> None:
    assert "esx_vm_power" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_the_action_is_that_of_its_module(name: str) -> None:
    action = import_module(f"{PACKAGE}.action.{name}").ActionModule

    assert issubclass(action, worker.WorksHere)
    assert action.module is import_module(f"{PACKAGE}.modules.{name}")
    assert isinstance(action.module.RULES, dict)
