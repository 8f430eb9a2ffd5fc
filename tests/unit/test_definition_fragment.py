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
from ansible_collections.virt.esx.plugins.module_utils._argspec import DEFINITION
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data

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
