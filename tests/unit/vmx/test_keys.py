# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mapping is whole and true: every field of the hub has its rows, and the page made of them is up to date."""

from __future__ import annotations

import importlib.util
import pathlib
from dataclasses import fields
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import DEVICE_FIELDS, VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.deviations import READING, WRITING, Deviation
from ansible_collections.virt.esx.plugins.module_utils._vmx.devices import (
    Nic,
    ParallelPort,
    PciDevice,
    SerialPort,
    SharedFolder,
    UsbDevice,
    Video,
    Vnc,
)
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import Cdrom, Controller, Disk, Floppy
from ansible_collections.virt.esx.plugins.module_utils._vmx.keys import ALL_TABLES, TABLES
from ansible_collections.virt.esx.plugins.module_utils._vmx.limits import RANGES, SLOTS
from ansible_collections.virt.esx.plugins.module_utils._vmx.rows import Table

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
CLASSES: dict[str, type[Any]] = {
    "": VmDefinition,
    "controllers": Controller,
    "disks": Disk,
    "cdroms": Cdrom,
    "floppies": Floppy,
    "nics": Nic,
    "serial_ports": SerialPort,
    "parallel_ports": ParallelPort,
    "pci_devices": PciDevice,
    "usb_devices": UsbDevice,
    "shared_folders": SharedFolder,
    "video": Video,
    "vnc": Vnc,
}


def _title(table: Table) -> str:
    return table.title


def _names(kind: type[Any]) -> set[str]:
    return {field.name for field in fields(kind)}


def test_every_class_of_the_hub_has_a_table() -> None:
    assert {table.field for table in ALL_TABLES} == set(CLASSES)
    assert set(TABLES) == set(DEVICE_FIELDS)


@pytest.mark.parametrize("name", CLASSES)
def test_every_field_has_a_row_or_cannot_be_said(name: str) -> None:
    rows = {row.field for table in ALL_TABLES if table.field == name for row in table.rows}
    prefix = f"{name}." if name else ""
    unsaid = {path.removeprefix(prefix) for path in vmx.UNSUPPORTED if path.startswith(prefix)}
    of_its_own = {"slot", "extra", *(CLASSES if not name else ())}

    assert _names(CLASSES[name]) - of_its_own == (rows - {""}) | (unsaid & _names(CLASSES[name]))


@pytest.mark.parametrize("table", ALL_TABLES, ids=_title)
def test_a_field_has_one_regular_row(table: Table) -> None:
    regular = [row.field for row in table.regular]

    assert sorted(set(regular)) == sorted(regular)


def test_a_key_stands_in_one_row_of_a_table() -> None:
    # One name is a file or a device; which, another key says.
    doubled = {("cdroms", "{}.fileName"), ("floppies", "{}.fileName")}
    found = [(table.field, row.key) for table in ALL_TABLES for row in table.rows]

    assert {entry for entry in found if found.count(entry) > 1} == doubled


def test_slots_and_stems_agree() -> None:
    assert {name: set(table.stems) for name, table in TABLES.items()} == {
        name: set(kinds) for name, kinds in SLOTS.items()
    }


def test_ranges_are_of_fields() -> None:
    known = {field.name for kind in CLASSES.values() for field in fields(kind)}

    assert set(RANGES) - known == {"port_id", "connection_id"}


@pytest.mark.parametrize("row", [*READING, *WRITING], ids=lambda row: row.about)
def test_a_deviation_is_as_it_is_described(row: Deviation) -> None:
    text = 'config.version = "8"\nvirtualHW.version = "10"\n' + "".join(
        f'{key} = "{value}"\n' for key, value in row.lines
    )
    found = as_data(vmx.parse(text))
    found.pop("hardware_version")

    assert found == (row.says or {})
    assert as_data(vmx.parse(vmx.format(vmx.parse(text)))) == {"hardware_version": 10, **found}


def test_the_page_of_the_mapping_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate_vmx_mapping", DOCS / "generate_vmx_mapping.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)

    assert generator.page() == (DOCS / "docsite" / "rst" / "vmx_mapping.rst").read_text("utf-8")
