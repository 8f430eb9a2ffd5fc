# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``definition``: what is documented is what is accepted, at every depth."""

from __future__ import annotations

import importlib.util
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virt.esx.plugins.doc_fragments.definition import ModuleDocFragment
from ansible_collections.virt.esx.plugins.module_utils._argspec_definition import DEFINITION
from ansible_collections.virt.esx.plugins.module_utils._flow.wanted import comparable
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def differences(spec: Mapping[str, Any], documented: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the options that are accepted in another way than documented."""
    yield from (f"{path}{name} is there once only" for name in set(spec) ^ set(documented))
    for name in set(spec) & set(documented):
        option, entry = spec[name], documented[name]
        for key in ("type", "elements", "choices", "required"):
            if option.get(key) != entry.get(key):
                yield f"{path}{name}: {key} is {option.get(key)} and documented as {entry.get(key)}"
        yield from differences(option.get("options", {}), entry.get("suboptions", {}), f"{path}{name}.")


def test_the_options_are_as_documented() -> None:
    assert list(differences(DEFINITION, FRAGMENT, "")) == []


def test_every_option_has_a_description() -> None:
    def without(entries: Mapping[str, Any]) -> list[str]:
        found = [name for name, entry in entries.items() if not entry.get("description")]
        return found + [name for entry in entries.values() for name in without(entry.get("suboptions", {}))]

    assert without(FRAGMENT) == []


def test_every_option_says_what_happens_when_it_is_left_out() -> None:
    def without(entries: Mapping[str, Any], path: str) -> Iterator[str]:
        for name, entry in entries.items():
            said = " ".join(entry["description"])
            is_told = "If it is left out," in said or "Only the text of a VMX says it" in said
            if not is_told and not entry.get("required"):
                yield f"{path}{name}"
            if name not in ("usb_devices", "shared_folders"):
                yield from without(entry.get("suboptions", {}), f"{path}{name}.")

    assert list(without(FRAGMENT, "")) == []


def test_what_only_a_vmx_says_is_what_is_not_compared() -> None:
    def told(entries: Mapping[str, Any], path: str) -> Iterator[str]:
        for name, entry in entries.items():
            if "Only the text of a VMX says it" in " ".join(entry["description"]):
                yield f"{path}{name}"
            yield from told(entry.get("suboptions", {}), f"{path}{name}.")

    slots = {
        "controllers": "scsi0",
        "disks": "scsi0:0",
        "cdroms": "sata0:0",
        "floppies": "floppy0",
        "nics": "ethernet0",
        "serial_ports": "serial0",
        "parallel_ports": "parallel0",
        "pci_devices": "pciPassthru0",
        "usb_devices": "usb0",
        "shared_folders": "sharedFolder0",
    }
    options = DEFINITION["definition"]["options"]
    dropped = {
        name for name in options if name not in slots and not _is_kept({name: _value(options[name], name)}, name)
    }
    for field, slot in slots.items():
        if not _is_kept({field: [{"slot": slot}]}, field):
            dropped.add(field)
            continue
        for name, option in options[field]["options"].items():
            if name != "slot" and not _is_kept({field: [{"slot": slot, name: _value(option, name)}]}, field, name):
                dropped.add(f"{field}.{name}")

    assert set(told(FRAGMENT["definition"]["suboptions"], "")) == dropped


_SPECIAL = {"cpu_shares": "high", "memory_shares": "high", "shares": "high", "mac": "00:50:56:00:00:01"}


def _is_kept(data: Mapping[str, Any], field: str, inner: str | None = None) -> bool:
    found = as_data(comparable(from_data(data), VmDefinition(), from_text=False), secrets=True)
    return bool(found.get(field)) and (inner is None or inner in found[field][0])


def _value(option: Mapping[str, Any], name: str = "") -> Any:
    """A value that an option takes."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if "choices" in option:
        return [option["choices"][0]] if option["type"] == "list" else option["choices"][0]
    if option["type"] == "dict":
        inner = option.get("options", {})
        return {key: _value(one, key) for key, one in inner.items()} if inner else {"guestinfo.a": "b"}
    values = {"int": 8, "bool": True, "str": "564d2b1e-9f0a-4c53-8e7d-0123456789ab", "list": ["scsi0:1"]}
    return [0] if option.get("elements") == "int" else values[option["type"]]


def test_the_fragment_is_up_to_date() -> None:
    path = ROOT / "docs" / "generate_definition_fragment.py"
    spec = importlib.util.spec_from_file_location("generate_definition_fragment", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert module.TARGET.read_text("utf-8") == module.page()


def test_what_ansible_makes_of_the_options_states_only_what_was_given() -> None:
    given = {
        "memory_mib": 2048,
        "cpu_shares": "high",
        "vtpm": True,
        "boot_order": ["cdrom", "hdd"],
        "cpu_affinity": [0, 1],
        "disks": [{"slot": "scsi0:1", "capacity_kib": 1024, "mode": "independent-persistent"}],
        "nics": [{"slot": "ethernet0", "network": "VM Network"}],
        "video": {"ram_kib": 8192},
        "absent": ["ide1:0"],
        "extra": {"guestinfo.role": "web"},
    }
    result = ArgumentSpecValidator(dict(DEFINITION)).validate({"definition": given})

    assert result.error_messages == []
    assert as_data(from_data(result.validated_parameters["definition"])) == given


def test_the_password_is_a_secret() -> None:
    assert DEFINITION["definition"]["options"]["vnc"]["options"]["password"]["no_log"] is True
