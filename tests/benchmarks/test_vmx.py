# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a VMX takes to be read and written: ``./dev benchmark vmx``. 1,000 files shall be read in under 2 s."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import convert, vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS

OWN = pathlib.Path(__file__).resolve().parents[1] / "unit" / "vmx" / "data"
NAMES = FileNames(datastore="datastore", directory="directory")


def largest() -> bytes:
    """The largest VMX of the corpus, or of our own where that is absent."""
    files = list((CORPUS if CORPUS.is_dir() else OWN).rglob("*.vmx"))
    return max((file.read_bytes() for file in files), key=len)


@pytest.fixture
def data() -> bytes:
    return largest()


def test_reading_the_largest_vmx(benchmark: Any, data: bytes) -> None:
    found = benchmark(lambda: vmx.parse(VmxText.from_bytes(data), NAMES))

    assert found.name


def test_writing_it(benchmark: Any, data: bytes) -> None:
    definition = vmx.parse(VmxText.from_bytes(data), NAMES)

    assert len(benchmark(lambda: vmx.format(definition, NAMES)))


def test_updating_it_where_nothing_changed(benchmark: Any, data: bytes) -> None:
    text = VmxText.from_bytes(data)
    definition = vmx.parse(text, NAMES)

    assert str(benchmark(lambda: vmx.update(text, definition, NAMES))) == str(text)


def test_saying_it_as_domain_xml_and_back(benchmark: Any, data: bytes) -> None:
    text = VmxText.from_bytes(data)

    assert str(benchmark(lambda: convert.to_vmx(convert.to_domain_xml(text, NAMES), NAMES))) == str(text)
