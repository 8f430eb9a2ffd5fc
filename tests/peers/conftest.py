# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers are skipped by name where they are missing; where VIRT_ESX_PEERS is 'required', a missing one is a failure."""

from __future__ import annotations

import os
import pathlib
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def peer(name: str) -> str:
    """Return the path of a peer's program."""
    found = shutil.which(name) or shutil.which(name, path=str(ROOT / ".cache" / "gobin"))
    if found is None:
        missing = f"{name} is not installed"
        if os.environ.get("VIRT_ESX_PEERS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def vcsim_program() -> str:
    return peer("vcsim")


@pytest.fixture(scope="session")
def virsh_program() -> str:
    return peer("virsh")


@pytest.fixture(scope="session")
def govc_program() -> str:
    return peer("govc")
