# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laws of VMX, the model, its data and its differences, for any machine that hypothesis can think of."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import as_data, from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare, patched
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.tests.unit.vmx.strategies_definition import definitions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = FileNames(datastore="ds", directory="vm")
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(definitions())
def test_what_is_written_is_read(definition: VmDefinition) -> None:
    text = vmx.format(definition, NAMES)

    assert vmx.parse(text, NAMES) == definition


@SLOW
@given(definitions())
def test_what_is_written_is_read_from_the_bytes_of_a_file(definition: VmDefinition) -> None:
    data = vmx.format(definition, NAMES).to_bytes()

    assert vmx.parse(VmxText.from_bytes(data), NAMES) == definition


@SLOW
@given(definitions(), definitions())
def test_an_updated_text_says_the_definition(before: VmDefinition, after: VmDefinition) -> None:
    text = vmx.update(vmx.format(before, NAMES), after, NAMES)
    found = vmx.parse(text, NAMES)
    # The bridges of a machine that had SCSI stay.
    left = {key: value for key, value in found.extra.items() if not key.startswith(("pciBridge", "vmci0"))}

    assert replace(found, extra=left) == after


@SLOW
@given(definitions())
def test_no_change_is_no_rewrite(definition: VmDefinition) -> None:
    text = str(vmx.format(definition, NAMES)).replace(' = "true"', '= "TRUE" # yes')

    assert str(vmx.update(text, vmx.parse(text, NAMES), NAMES)) == text


@SLOW
@given(definitions(beyond_vmx=True))
def test_data_says_all(definition: VmDefinition) -> None:
    assert from_data(as_data(definition, secrets=True)) == definition


@SLOW
@given(definitions())
def test_a_machine_is_as_it_is(definition: VmDefinition) -> None:
    assert not compare(definition, definition, purge=True)
    assert patched(definition, compare(VmDefinition(), VmDefinition())) == definition


@SLOW
@given(definitions(), definitions(beyond_vmx=True), st.booleans())
def test_what_was_done_need_not_be_done_again(have: VmDefinition, want: VmDefinition, purge: bool) -> None:
    diff = compare(have, want, purge=purge)
    done = patched(have, diff)

    assert compare(done, want, purge=purge).changes == ()
    assert bool(diff) == (done != have)


@SLOW
@given(definitions(), definitions())
def test_a_diff_can_be_carried_over_to_a_text(have: VmDefinition, want: VmDefinition) -> None:
    want = replace(want, hardware_version=have.hardware_version, absent=frozenset())
    diff = compare(have, want)
    try:
        vmx.format(patched(have, diff), NAMES)
    except NotRepresentable:
        return
    text = vmx.apply(vmx.format(have, NAMES), diff, NAMES)

    assert compare(vmx.parse(text, NAMES), want).changes == ()
