# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own files: ``data/<name>.vmx`` is said in XML as ``data/<name>.xml`` has it; a pair for each class of devices."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import domain_xml, vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import to_domain_xml, to_vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.corpus import canonical

DATA = pathlib.Path(__file__).resolve().parent / "data"
OURS = sorted(path.stem for path in DATA.glob("*.xml"))
NAMES = FileNames(datastore="ds", directory="vm")


def _text(name: str) -> VmxText:
    return VmxText.from_bytes((DATA / f"{name}.vmx").read_bytes())


def test_every_vmx_has_its_xml() -> None:
    assert sorted(path.stem for path in DATA.glob("*.vmx")) == OURS


@pytest.mark.parametrize("name", OURS)
def test_a_vmx_is_said_in_xml(name: str) -> None:
    expected = (DATA / f"{name}.xml").read_bytes()

    assert canonical(to_domain_xml(_text(name), NAMES, lossless=False, secrets=True)) == canonical(expected)


@pytest.mark.parametrize("name", OURS)
def test_the_xml_is_read_as_what_can_be_said_of_the_vmx(name: str) -> None:
    found = domain_xml.parse((DATA / f"{name}.xml").read_bytes())

    assert found == domain_xml.restrict(vmx.parse(_text(name), NAMES))


@pytest.mark.parametrize("name", OURS)
def test_a_vmx_comes_back_from_xml_as_it_was(name: str) -> None:
    xml = to_domain_xml(_text(name), NAMES, secrets=True)

    assert str(to_vmx(xml, NAMES)) == str(_text(name))
    assert to_domain_xml(to_vmx(xml, NAMES), NAMES, secrets=True) == xml
