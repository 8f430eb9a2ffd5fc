# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libvirt's own pairs of VMX and domain XML, in both directions, and there and back."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import VmxError
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import to_domain_xml, to_vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.corpus import MISSING, Pair, canonical, entries, manifest, text_of

pytestmark = pytest.mark.skipif(not manifest("vmx2xml"), reason=MISSING)
READ = [pair for pair in manifest("vmx2xml") if pair.expected is not None]
REFUSED = [pair for pair in manifest("vmx2xml") if pair.expected is None]
WRITTEN = [pair for pair in manifest("xml2vmx") if pair.expected is not None]


def _name(pair: Pair) -> str:
    return pair.name


@pytest.mark.parametrize("pair", READ, ids=_name)
def test_a_vmx_is_said_in_xml_as_libvirt_says_it(pair: Pair) -> None:
    assert pair.expected is not None
    text = text_of(pair.given)
    xml = to_domain_xml(text, pair.names, datacenter_path=pair.datacenter_path, lossless=False, secrets=True)

    assert canonical(xml) == canonical(pair.expected.read_bytes())


@pytest.mark.parametrize("pair", REFUSED, ids=_name)
def test_what_must_fail_says_where(pair: Pair) -> None:
    with pytest.raises(VmxError) as caught:
        to_domain_xml(text_of(pair.given), pair.names)

    assert caught.value.details["line"] > 1
    assert str(caught.value.details["key"]) in str(caught.value)


@pytest.mark.parametrize("pair", WRITTEN, ids=_name)
def test_xml_is_said_in_vmx_as_libvirt_says_it(pair: Pair) -> None:
    assert pair.expected is not None
    text = to_vmx(pair.given.read_bytes(), pair.names, hardware_version=pair.hardware_version)

    assert entries(text) == entries(text_of(pair.expected))


@pytest.mark.parametrize("pair", [*READ, *REFUSED], ids=_name)
def test_a_vmx_comes_back_byte_for_byte(pair: Pair) -> None:
    assert text_of(pair.given).to_bytes() == pair.given.read_bytes()


@pytest.mark.parametrize("pair", READ, ids=_name)
def test_a_vmx_goes_through_xml_and_comes_back_whole(pair: Pair) -> None:
    text = text_of(pair.given)
    back = to_vmx(to_domain_xml(text, pair.names, secrets=True), pair.names)

    assert str(back) == str(text)
    assert entries(back) == entries(text)


@pytest.mark.parametrize("pair", READ, ids=_name)
def test_a_vmx_goes_through_the_model_and_nothing_is_rewritten(pair: Pair) -> None:
    text = text_of(pair.given)

    assert str(vmx.update(text, vmx.parse(text, pair.names), pair.names)) == str(text)


@pytest.mark.parametrize("pair", READ, ids=_name)
def test_one_edit_of_the_xml_changes_one_entry(pair: Pair) -> None:
    text = text_of(pair.given)
    name = text.get("displayName", "")
    xml = to_domain_xml(text, pair.names, secrets=True).replace(f"<name>{name}<", "<name>somebody-else<", 1)
    expected = entries(VmxText.parse(str(text))) | {"displayname": "somebody-else"}

    assert entries(to_vmx(xml, pair.names)) == expected
