# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One description out of four sources, with the names and identities that override it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import DomainXmlError, EsxError, OptionError, VmxError
from ansible_collections.virt.esx.plugins.module_utils._flow.description import Description
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames

OLD, NEW = "564d2b1e-9f0a-4c53-8e7d-0123456789ab", "11111111-2222-3333-4444-555555555555"
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "web01"
guestOS = "other-64"
memsize = "512"
uuid.bios = "56 4d 2b 1e 9f 0a 4c 53-8e 7d 01 23 45 67 89 ab"
uuid.location = "56 4d 2b 1e 9f 0a 4c 53-8e 7d 01 23 45 67 89 ab"
vc.uuid = "52 4d 2b 1e 9f 0a 4c 53-8e 7d 01 23 45 67 89 ab"
# somebody's own words
"""
DOMAIN = f"""\
<domain type='vmware'>
  <name>web01</name>
  <uuid>{OLD}</uuid>
  <memory unit='KiB'>524288</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
</domain>
"""
SOURCES: dict[str, Any] = {
    "definition": {"name": "web01", "uuid": OLD, "memory_mib": 512},
    "vmx": VMX,
    "domain_xml": DOMAIN,
}


def read(*, name: str | None = None, uuid: str | None = None, **params: Any) -> Description:
    return Description.from_params(params, name=name, uuid=uuid)


@pytest.mark.parametrize("source", SOURCES)
def test_three_sources_say_the_same(source: str) -> None:
    found = read(**{source: SOURCES[source]})
    definition = found.definition(FileNames())

    assert (found.source, found.from_text) == (source, source != "definition")
    assert (definition.name, definition.uuid, definition.memory_mib) == ("web01", OLD, 512)


@pytest.mark.parametrize("source", SOURCES)
def test_a_name_and_a_uuid_override_what_a_source_says(source: str) -> None:
    definition = read(name="Wéb 02|x", uuid=NEW, **{source: SOURCES[source]}).definition(FileNames())

    assert (definition.name, definition.uuid, definition.memory_mib) == ("Wéb 02|x", NEW, 512)


def test_a_vmx_that_nothing_overrides_is_taken_byte_for_byte() -> None:
    found = read(vmx=VMX)

    assert found.text is not None
    assert str(found.text) == VMX


def test_another_uuid_takes_the_other_identities_away() -> None:
    text = read(vmx=VMX, uuid=NEW).text

    assert text is not None
    assert text.get("uuid.location") is None
    assert text.get("vc.uuid") is None
    assert "# somebody's own words" in str(text)


@pytest.mark.parametrize(
    ("register_as", "action"), [("moved", "keep"), ("copied", "create"), ("ask", None), (None, None)]
)
@pytest.mark.parametrize("uuid", [None, NEW])
def test_a_host_is_told_what_a_machine_is(register_as: str | None, action: str | None, uuid: str | None) -> None:
    text = read(vmx=VMX, uuid=uuid, register_as=register_as).text

    assert text is not None
    assert text.get("uuid.action") == action


def test_asking_takes_away_what_a_vmx_says_only_with_another_identity() -> None:
    given = f'{VMX}uuid.action = "create"\n'
    kept, other = read(vmx=given).text, read(vmx=given, uuid=NEW).text

    assert kept is not None
    assert kept.get("uuid.action") == "create"
    assert other is not None
    assert other.get("uuid.action") is None


def test_a_vmx_on_a_datastore_says_only_where_it_is() -> None:
    found = read(vmx_path="[datastore1] web01/web01.vmx", name="web02")

    assert str(found.path) == "[datastore1] web01/web01.vmx"
    assert found.definition(FileNames()).name == "web02"
    assert not found.from_text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "found none of them"),
        ({"vmx": VMX, "definition": {}}, "found definition and vmx"),
        ({"vmx_path": "web01.vmx"}, "'vmx_path'"),
        ({"vmx_path": "[ds] web01/web01.vmdk"}, r"wanted a file that ends with \.vmx"),
        ({"vmx_path": "[ds] ../web01.vmx"}, "'vmx_path'"),
        ({"vmx_path": "[ds]"}, "'vmx_path'"),
        ({"definition": {"memory": 512}}, "memory: found 'memory', wanted memory_mib|definition"),
        ({"definition": {"memory_mib": 3}}, "memory_mib: found 3"),
        ({"definition": {"disks": [{"slot": "scsi0:7"}]}}, r"disks\[0\].slot"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(given: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        read(**given)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"vmx": "hello"}, VmxError),
        ({"vmx": ""}, VmxError),
        ({"vmx": 'config.version = "8"'}, VmxError),
        ({"vmx": VMX.replace('"512"', '"lots"')}, VmxError),
        ({"domain_xml": "<domain"}, DomainXmlError),
        ({"domain_xml": ""}, DomainXmlError),
        ({"domain_xml": "<network/>"}, DomainXmlError),
    ],
)
def test_a_text_that_is_none_fails_before_a_host_is_asked(given: dict[str, Any], error: type[EsxError]) -> None:
    with pytest.raises(error):
        read(**given)


def test_options_that_ansible_left_unset_are_not_stated() -> None:
    given = {
        "name": None,
        "memory_mib": 512,
        "video": None,
        "disks": [{"slot": "scsi0:0", "file": None}],
        "extra": None,
    }
    definition = read(definition=given).definition(FileNames())

    assert definition.name is None
    assert definition.video is None
    assert definition.disks[0].file is None
    assert definition.extra == {}
