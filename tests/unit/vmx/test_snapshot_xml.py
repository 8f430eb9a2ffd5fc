# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XML of a snapshot: what is written is read again, and what ESXi cannot do is refused."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import DomainXmlError
from ansible_collections.virt.esx.plugins.module_utils._vmx.snapshot_xml import SnapshotText, parse, write
from ansible_collections.virt.esx.plugins.module_utils._vmx.xml_tree import sayable
from hypothesis import given
from hypothesis import strategies as st

FULL = SnapshotText(
    name="a & b",
    description="<why>",
    state="shutoff",
    parent="base",
    created=1769911384,
    uuid="564d0000-0000-0000-0000-000000000001",
)


def test_all_of_it_is_written_as_libvirt_does() -> None:
    assert write(FULL) == (
        "<domainsnapshot>\n"
        "  <name>a &amp; b</name>\n"
        "  <description>&lt;why&gt;</description>\n"
        "  <state>shutoff</state>\n"
        "  <parent>\n"
        "    <name>base</name>\n"
        "  </parent>\n"
        "  <creationTime>1769911384</creationTime>\n"
        "  <domain>\n"
        "    <uuid>564d0000-0000-0000-0000-000000000001</uuid>\n"
        "  </domain>\n"
        "</domainsnapshot>\n"
    )


@given(st.text(min_size=1), st.text(min_size=1))
def test_what_is_written_is_read_again(name: str, description: str) -> None:
    found = parse(write(SnapshotText(name=name, description=description, state="running", parent="x")))

    assert (found.name or "", found.description or "") == (sayable(name), sayable(description))


@pytest.mark.parametrize(
    ("xml", "name", "description"),
    [
        ("<domainsnapshot/>", None, None),
        ("<domainsnapshot><name/><description/></domainsnapshot>", None, ""),
        ("<domainsnapshot><name>a</name><disks/><memory snapshot='internal'/></domainsnapshot>", "a", None),
        (
            "<domainsnapshot><name>a</name><state>running</state><parent><name>b</name></parent></domainsnapshot>",
            "a",
            None,
        ),
    ],
)
def test_name_and_description_are_all_that_counts(xml: str, name: str | None, description: str | None) -> None:
    assert parse(xml) == SnapshotText(name=name, description=description)


@pytest.mark.parametrize(
    ("xml", "says", "path"),
    [
        ("<domain/>", "begins with <domainsnapshot>", "/domain"),
        (
            "<domainsnapshot><disks><disk name='sda'/></disks></domainsnapshot>",
            "must be empty",
            "/domainsnapshot/disks/disk",
        ),
        ("<domainsnapshot><memory snapshot='maybe'/></domainsnapshot>", "'maybe'", "/domainsnapshot/memory"),
        ("<domainsnapshot>", "no XML", "/domainsnapshot"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><domainsnapshot><name>&b;</name></domainsnapshot>", "document type", "/"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(xml: str, says: str, path: str) -> None:
    with pytest.raises(DomainXmlError, match=says) as caught:
        parse(xml)
    assert caught.value.details["path"] == path
