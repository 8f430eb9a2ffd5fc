# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Whole files: ours, with what they say written beside them, and those of the conformance corpus.

Ours are ``data/<name>.vmx`` with ``data/<name>.yml``; ``esxi_7`` and ``esxi_8`` are as hosts of these versions write.
"""

from __future__ import annotations

import pathlib
import time
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import DEVICE_FIELDS
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.corpus import MISSING, Pair, entries, manifest, text_of

DATA = pathlib.Path(__file__).resolve().parent / "data"
OURS = sorted(path.stem for path in DATA.glob("*.yml"))
NAMES = FileNames(datastore="ds", directory="vm")
PAIRS = [pair for part in ("vmx2xml", "xml2vmx") for pair in manifest(part)]
READ = [pair for pair in manifest("vmx2xml") if pair.expected is not None]
WRITTEN = [pair for pair in manifest("xml2vmx") if pair.expected is not None]
# What two spellings mean the same in: case, the way to a file, the order of CPUs, escapes that are not needed.
SHOWN_OTHERWISE = ("filename", "nvram", "sched.cpu.affinity", "annotation")
with_corpus = pytest.mark.skipif(not PAIRS, reason=MISSING)


def _text(name: str) -> VmxText:
    return VmxText.from_bytes((DATA / f"{name}.vmx").read_bytes())


def _expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yml").read_text("utf-8"))
    return found


def _by_name(pair: Pair) -> str:
    return pair.name


def _lost(text: VmxText, again: VmxText) -> list[str]:
    """Return the keys of a text that say something else in another one."""
    before, after = entries(text), entries(again)
    return [
        key
        for key, value in before.items()
        if after.get(key, "").lower() != value.lower() and not (key in after and key.endswith(SHOWN_OTHERWISE))
    ]


@pytest.mark.parametrize("name", OURS)
def test_a_file_says_what_stands_beside_it(name: str) -> None:
    assert as_data(vmx.parse(_text(name), NAMES), secrets=True) == _expected(name)


@pytest.mark.parametrize("name", OURS)
def test_what_stands_beside_a_file_is_the_definition(name: str) -> None:
    assert from_data(_expected(name)) == vmx.parse(_text(name), NAMES)


@pytest.mark.parametrize("name", OURS)
def test_a_file_is_not_changed_for_nothing(name: str) -> None:
    text = _text(name)

    assert vmx.update(text, vmx.parse(text, NAMES), NAMES).to_bytes() == (DATA / f"{name}.vmx").read_bytes()


@pytest.mark.parametrize("name", OURS)
def test_a_file_that_is_written_anew_says_the_same(name: str) -> None:
    text = _text(name)
    again = vmx.format(vmx.parse(text, NAMES), NAMES)

    assert vmx.parse(again, NAMES) == vmx.parse(text, NAMES)
    assert _lost(text, again) == []


def test_every_class_of_devices_has_a_file() -> None:
    shown = {field for name in OURS for field in _expected(name)}

    assert shown >= {*DEVICE_FIELDS, "video", "vnc", "extra"}


@with_corpus
@pytest.mark.parametrize("pair", READ, ids=_by_name)
def test_a_file_of_the_corpus_loses_nothing(pair: Pair) -> None:
    text = text_of(pair.given)
    definition = vmx.parse(text, pair.names)
    again = vmx.format(definition, pair.names)
    # This one says what another key says.
    lost = [key for key in _lost(text, again) if key != "sched.mem.min"]

    assert vmx.parse(again, pair.names) == definition
    assert lost == []


@with_corpus
@pytest.mark.parametrize("pair", READ, ids=_by_name)
def test_a_file_of_the_corpus_is_not_changed_for_nothing(pair: Pair) -> None:
    text = text_of(pair.given)

    assert vmx.update(text, vmx.parse(text, pair.names), pair.names).to_bytes() == pair.given.read_bytes()


@with_corpus
@pytest.mark.parametrize("pair", WRITTEN, ids=_by_name)
def test_what_libvirt_writes_is_what_we_write(pair: Pair) -> None:
    assert pair.expected is not None
    text = text_of(pair.expected)

    assert entries(vmx.format(vmx.parse(text, pair.names), pair.names)) == entries(text)


@with_corpus
@pytest.mark.parametrize("pair", WRITTEN, ids=_by_name)
def test_lines_stand_where_libvirt_puts_them(pair: Pair) -> None:
    assert pair.expected is not None
    text = text_of(pair.expected)
    again = vmx.format(vmx.parse(text, pair.names), pair.names)

    # libvirt writes drives in the order of the XML, and we by their slots.
    assert _without_drives(again) == _without_drives(text)


def _without_drives(text: VmxText) -> list[str]:
    return [line for line in str(text).splitlines() if not line.startswith(("scsi", "ide"))]


@with_corpus
@pytest.mark.parametrize("pair", READ, ids=_by_name)
def test_a_definition_of_the_corpus_is_plain_data(pair: Pair) -> None:
    definition = vmx.parse(text_of(pair.given), pair.names)

    assert from_data(as_data(definition, secrets=True)) == definition


@with_corpus
def test_a_thousand_files_take_less_than_two_seconds() -> None:
    largest = max((pair.given for pair in READ), key=lambda path: path.stat().st_size)
    data = largest.read_bytes()
    spent = []
    for _round in range(5):
        begin = time.process_time()
        for _number in range(50):
            vmx.parse(VmxText.from_bytes(data), NAMES)
        spent.append(time.process_time() - begin)

    # The best of several: what else the machine does is not measured.
    assert min(spent) * 20 < 2
