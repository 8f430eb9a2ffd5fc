# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters: what they make of plain values, what they say when something is wrong, and how they are documented."""

from __future__ import annotations

import importlib
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.virt.esx.plugins.plugin_utils.filters import plain

ROOT = pathlib.Path(__file__).resolve().parents[3]
NAMES = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py"))
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "20"
displayName = "web01"
guestOS = "rhel9-64"
memsize = "4096"
scsi0.present = "TRUE"
scsi0.virtualDev = "pvscsi"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "web01.vmdk"
RemoteDisplay.vnc.enabled = "TRUE"
RemoteDisplay.vnc.password = "geheim"
guestinfo.motd = "{{ 1 + 1 }}"
"""


def run(name: str, *values: Any, **options: Any) -> Any:
    """Run a filter as Ansible finds it."""
    module = importlib.import_module(f"ansible_collections.virt.esx.plugins.filter.{name}")
    return module.FilterModule().filters()[name](*values, **options)


class Tagged(str):
    """A text that is not exactly a str, as Ansible's are."""

    __slots__ = ()


def test_every_form_leads_to_every_other() -> None:
    definition = run("from_vmx", VMX, secrets=True)
    xml = run("vmx_to_domain_xml", VMX, secrets=True)

    assert definition["disks"] == [{"slot": "scsi0:0", "file": "web01.vmdk"}]
    assert run("domain_xml_to_vmx", xml) == VMX
    assert run("from_domain_xml", xml, secrets=True) == definition
    assert run("from_vmx", run("to_vmx", definition), secrets=True) == definition
    assert run("from_domain_xml", run("to_domain_xml", definition, secrets=True), secrets=True) == definition


def test_a_password_is_shown_on_request_only() -> None:
    shown = [run("from_vmx", VMX), run("vmx_to_domain_xml", VMX)]
    shown.append(run("from_domain_xml", run("vmx_to_domain_xml", VMX, secrets=True)))
    shown.append(run("to_domain_xml", run("from_vmx", VMX, secrets=True)))

    assert [value for value in shown if "geheim" in str(value)] == []


def test_a_file_beside_the_vmx_has_its_place() -> None:
    place = {"datastore": "ssd", "directory": "web01"}
    definition = run("from_vmx", VMX, **place)

    assert definition["disks"][0]["file"] == "[ssd] web01/web01.vmdk"
    assert 'scsi0:0.fileName = "web01.vmdk"' in run("to_vmx", definition, **place)
    assert "[ssd] web01/web01.vmdk" in run("vmx_to_domain_xml", VMX, **place)
    assert 'fileName = "web01.vmdk"' in run("domain_xml_to_vmx", run("vmx_to_domain_xml", VMX, **place), **place)


def test_libvirts_words_alone_are_less() -> None:
    xml = run("vmx_to_domain_xml", VMX, lossless=False, datacenter_path="ha-datacenter")

    assert "urn:virt-esx" not in xml
    assert "rhel9" not in xml
    assert "<vmware:datacenterpath>ha-datacenter</vmware:datacenterpath>" in xml
    assert "capacity" not in run("to_domain_xml", _sized(), lossless=False)


def _sized() -> dict[str, Any]:
    return {"disks": [{"slot": "scsi0:0", "file": "a.vmdk", "capacity_kib": 1024}]}


def test_the_hardware_version_may_be_a_number_or_its_text() -> None:
    for asked in (13, "13"):
        assert 'virtualHW.version = "13"' in run("to_vmx", {"name": "a"}, hardware_version=asked)
        assert 'virtualHW.version = "13"' in run("domain_xml_to_vmx", run("to_domain_xml", {}), hardware_version=asked)


def test_a_vmx_is_changed_where_it_differs() -> None:
    changed = run("to_vmx", {"memory_mib": 8192}, base=VMX)

    assert changed == VMX.replace('memsize = "4096"', 'memsize = "8192"')
    assert run("to_vmx", {"absent": ["vnc"]}, base=VMX).count("\n") == VMX.count("\n") - 2
    assert 'virtualHW.version = "21"' in run("to_vmx", {}, base=VMX, hardware_version=21)


def test_names_are_made_fit_for_datastores() -> None:
    assert run("esx_datastore_item", "K%U/H\\Z") == "K+JQ-25U+JQ-2fH+JQ-5cZ"


def test_values_of_playbooks_are_taken_for_what_they_are() -> None:
    value = {Tagged("name"): Tagged("a"), "nics": ({"slot": Tagged("ethernet0")},), "cpus": 2, "vtpm": True, "x": 1.5}
    found = plain(value)

    assert found == {"name": "a", "nics": [{"slot": "ethernet0"}], "cpus": 2, "vtpm": True, "x": 1.5}
    assert {text.__class__ for text in (*found, found["name"], found["nics"][0]["slot"])} == {str}
    assert run("esx_datastore_item", Tagged("a b")) == "a b"


@pytest.mark.parametrize(
    ("name", "values", "options", "message"),
    [
        ("from_vmx", ["memsize = 4"], {}, r"line 1, column 11: .*memsize"),
        ("from_vmx", ['memsize = "4"'], {}, r"config\.version is missing"),
        ("from_vmx", [{}], {}, "wanted a VMX as a text, and found a value of type dict"),
        ("from_vmx", [None], {}, "found nothing"),
        ("from_vmx", [VMX], {"secrets": "yes"}, "secrets: wanted true or false"),
        ("from_vmx", [VMX], {"directory": "x"}, "directory: of which datastore"),
        ("from_vmx", [VMX], {"datastore": "a", "directory": "../x"}, "climbs"),
        ("from_vmx", [VMX], {"nonsense": 1}, "nonsense"),
        ("from_vmx", [], {}, "value"),
        ("to_vmx", ["text"], {}, "wanted a definition as a dictionary"),
        ("to_vmx", [{"nonsense": 1}], {}, "nonsense"),
        ("to_vmx", [{"cpus": 0}], {}, "cpus"),
        ("to_vmx", [_sized()], {}, r"disks\[scsi0:0\]\.capacity_kib"),
        ("to_vmx", [{"disks": [{"slot": "scsi0:0", "capacity_kib": 1}]}], {"base": VMX}, "capacity_kib"),
        ("to_vmx", [{}], {"base": 1}, "wanted a VMX as base"),
        ("to_vmx", [{}], {"hardware_version": "x"}, "hardware_version: wanted a number"),
        ("to_vmx", [{}], {"hardware_version": True}, "hardware_version: wanted a number"),
        ("to_vmx", [{"vtpm": True}], {"hardware_version": 8}, "vtpm"),
        ("vmx_to_domain_xml", [VMX], {"lossless": 1}, "lossless: wanted true or false"),
        ("vmx_to_domain_xml", [VMX], {"datacenter_path": 1}, "wanted datacenter_path as a text"),
        ("domain_xml_to_vmx", ["<domain"], {}, "this is no XML"),
        ("domain_xml_to_vmx", ["<domain type='kvm'/>"], {}, "/domain/@type is 'kvm'; wanted vmware"),
        ("from_domain_xml", ["<!DOCTYPE x><domain/>"], {}, "DOCTYPE"),
        ("to_domain_xml", [_sized()], {}, "capacity_kib"),
        ("to_domain_xml", [[]], {}, "wanted a definition"),
        ("esx_datastore_item", ["\ud800"], {}, "half a character"),
        ("esx_datastore_item", [7], {}, "wanted a name as a text"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    name: str, values: list[Any], options: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleError) as caught:
        run(name, *values, **options)

    assert re.search(message, str(caught.value))
    assert f"virt.esx.{name}: " in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_filter_is_documented_as_it_is(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.virt.esx.plugins.filter.{name}")
    documented = yaml.safe_load(module.DOCUMENTATION)
    options = set(documented["options"]) - {"_input"}
    if "virt.esx.vmx_place" in documented.get("extends_documentation_fragment", []):
        options |= {"datastore", "directory"}
    work = getattr(module, name)

    assert documented["name"] == name
    assert set(work.__kwdefaults__ or ()) == options
    assert yaml.safe_load(module.EXAMPLES)
    assert f"virt.esx.{name}" in module.EXAMPLES
    assert "_value" in yaml.safe_load(module.RETURN)
