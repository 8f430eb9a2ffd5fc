# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_vm_info on a simulated host: the forms of a machine, and that a form that is given back changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virt.esx.plugins.module_utils._argspec_definition import DEFINITION
from ansible_collections.virt.esx.plugins.module_utils._vmx import convert
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.modules import esx_vm_define, esx_vm_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import called, run, world_of

RICH: dict[str, Any] = {
    "guest_id": "rhel9-64",
    "cpus": 2,
    "memory_mib": 512,
    "annotation": "two\nlines",
    "cpu_shares": "high",
    "memory_limit_mib": 4096,
    "latency_sensitivity": "high",
    "firmware": "efi",
    "secure_boot": True,
    "usb3_controller": True,
    "boot_order": ["cdrom", "hdd"],
    "vnc": {"port": 5901, "password": "s3cret"},
    "disks": [
        {"slot": "scsi0:0", "capacity_kib": 1024, "provisioning": "thin"},
        {"slot": "sata0:3", "capacity_kib": 4},
    ],
    "cdroms": [{"slot": "ide0:0", "backing": "client"}],
    "nics": [{"slot": "ethernet0", "network": "VM Network"}, {"slot": "ethernet3", "network": "VM Network"}],
    "serial_ports": [{"slot": "serial0", "backing": "file", "path": "serial.log"}],
    "extra": {"guestinfo.role": "db", "disk.EnableUUID": "TRUE"},
}
FORMS: dict[str, Any] = {"with_definition": True, "with_vmx": True, "with_domain_xml": True}


def a_world() -> World:
    world = world_of({"name": "web02", "serial_files": ["a.log"]}, {"name": "on", "power_state": "powered-on"})
    done = run(esx_vm_define, world, name="web01", datastore="datastore1", definition=RICH)
    assert done.error is None, done.error
    return world


@pytest.mark.parametrize("name", ["web01", "web02", "on"])
@pytest.mark.parametrize("form", ["definition", "vmx", "domain_xml"])
def test_what_is_told_of_a_machine_is_given_back_and_changes_nothing(name: str, form: str) -> None:
    world = a_world()
    told = run(esx_vm_info, world, name=name, **{f"with_{form}": True}).vm
    wish = {form: told[form]}
    if form == "definition":
        checked = ArgumentSpecValidator(dict(DEFINITION)).validate(wish)
        assert checked.error_messages == []
        wish = checked.validated_parameters

    for check_mode in (True, False):
        done = run(esx_vm_define, world, check_mode=check_mode, name=name, **wish)

        assert done.error is None
        assert not done.vm["changed"], done.result["diff"]


def test_a_definition_has_all_that_was_stated() -> None:
    told = run(esx_vm_info, a_world(), name="web01", **FORMS).vm["definition"]

    assert told["nics"][1]["slot"] == "ethernet3"
    for name in ("cpus", "annotation", "cpu_shares", "latency_sensitivity", "secure_boot", "boot_order"):
        assert told[name] == RICH[name]
    assert RICH["extra"].items() <= told["extra"].items()


def test_the_forms_say_the_same() -> None:
    told = run(esx_vm_info, a_world(), name="web01", **FORMS).vm

    place = FileNames(datastore="datastore1", directory="web01")
    assert str(convert.to_vmx(told["domain_xml"], place)) == told["vmx"]
    assert 'displayName = "web01"' in told["vmx"]


def test_no_form_tells_the_password() -> None:
    outcome = run(esx_vm_info, a_world(), name="web01", **FORMS)

    assert "s3cret" not in str(outcome.result)
    assert outcome.vm["definition"]["vnc"] == {"port": 5901}
    assert "RemoteDisplay.vnc.port" in outcome.vm["vmx"]


def test_only_what_is_asked_for_is_told() -> None:
    world = a_world()
    plain, defined = run(esx_vm_info, world, name="web01"), run(esx_vm_info, world, name="web01", with_definition=True)

    assert {"definition", "vmx", "domain_xml"} & set(plain.vm) == set()
    assert set(defined.vm) - set(plain.vm) == {"definition"}


def test_definitions_of_all_machines_take_one_request_more() -> None:
    world = world_of({"name": "batch-{n}", "count": 50})
    plain, defined = run(esx_vm_info, world), run(esx_vm_info, world, with_definition=True)

    assert defined.requests == plain.requests + 1
    assert all(entry["definition"]["cpus"] == 1 for entry in defined.result["vms"])


def test_texts_take_one_request_more_for_each_machine() -> None:
    world = world_of({"name": "batch-{n}", "count": 5})
    plain, told = run(esx_vm_info, world), run(esx_vm_info, world, with_vmx=True, with_domain_xml=True)

    assert told.requests == plain.requests + 1 + 5


def test_a_machine_whose_file_is_gone_is_told_all_the_same() -> None:
    world = a_world()
    store: Any = world.of_type("Datastore")[0]
    store.files.discard("web01/web01.vmx")

    told = run(esx_vm_info, world, name="web01", **FORMS).vm

    assert (told["vmx"], told["domain_xml"], told["definition"]["cpus"]) == (None, None, 2)


def test_a_selection_of_none_reads_nothing_more() -> None:
    world = a_world()
    before = called(world, "RetrievePropertiesEx")

    assert run(esx_vm_info, world, query="[?name=='nobody']", **FORMS).result["vms"] == []
    assert called(world, "RetrievePropertiesEx") == before + 1


def test_a_result_is_as_documented() -> None:
    assert differences("esx_vm_info", run(esx_vm_info, a_world(), name="web01", **FORMS).result) == []
