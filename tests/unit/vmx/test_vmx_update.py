# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMX texts that are changed in place: only what differs is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import NotRepresentable
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.data import from_data
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.diff import compare
from ansible_collections.virt.esx.plugins.module_utils._vmx.drives import Cdrom, CdromBacking
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.slots import Slot

NAMES = FileNames(datastore="ds", directory="vm")
TEXT = """\
#!/usr/bin/vmware
CONFIG.VERSION = '8'
virtualHW.version="13" ; memSize  = "1024"   # for now
displayName = "web"

scsi0.present = "TRUE"
scsi0:0.present = "TRUE"
scsi0:0.fileName = "web.vmdk"
scsi0:0.redo = ""
sched.scsi0:0.shares = "normal"
scsi0:1.present = "TRUE"
scsi0:1.fileName = "data.vmdk"
ethernet0.present = "TRUE"
ethernet0.networkName = "old"
foo.bar = "baz"
"""


def _changed(want: VmDefinition, text: str = TEXT) -> tuple[list[str], list[str]]:
    """Return the lines that went and those that came."""
    after = str(vmx.update(text, want, NAMES)).splitlines()
    before = text.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_a_value_is_changed_where_it_stands() -> None:
    gone, come = _changed(replace(vmx.parse(TEXT, NAMES), memory_mib=2048))

    assert gone == ['virtualHW.version="13" ; memSize  = "1024"   # for now']
    assert come == ['virtualHW.version="13" ; memSize  = "2048"   # for now']


def test_a_value_that_is_not_stated_goes() -> None:
    gone, come = _changed(replace(vmx.parse(TEXT, NAMES), name=None))

    assert (gone, come) == (['displayName = "web"'], [])


def test_a_device_takes_all_of_its_keys_with_it() -> None:
    have = vmx.parse(TEXT, NAMES)
    gone, come = _changed(replace(have, disks=have.disks[1:]))

    assert [line.split(" ")[0] for line in gone] == [
        "scsi0:0.present",
        "scsi0:0.fileName",
        "scsi0:0.redo",
        "sched.scsi0:0.shares",
    ]
    assert come == []


def test_a_new_device_gets_its_keys() -> None:
    have = vmx.parse(TEXT, NAMES)
    drive = Cdrom(slot=Slot("scsi", 0, 2), backing=CdromBacking.ISO, file="[iso] a.iso")
    gone, come = _changed(replace(have, cdroms=(drive,)))

    assert gone == []
    assert come == [
        'scsi0:2.present = "true"',
        'scsi0:2.deviceType = "cdrom-image"',
        'scsi0:2.fileName = "/vmfs/volumes/iso/a.iso"',
    ]


def test_an_entry_without_a_field_is_changed_added_and_removed() -> None:
    have = vmx.parse(TEXT, NAMES)
    extra = {key: value for key, value in have.extra.items() if key != "scsi0:0.redo"}
    gone, come = _changed(replace(have, extra={**extra, "foo.bar": "other", "foo.new": "1"}))

    assert gone == ['scsi0:0.redo = ""', 'foo.bar = "baz"']
    assert come == ['foo.bar = "other"', 'foo.new = "1"']


def test_a_diff_is_carried_over() -> None:
    want = from_data({"memory_mib": 4096, "nics": [{"slot": "ethernet0", "network": "new"}], "extra": {"FOO.bar": "x"}})
    diff = compare(vmx.parse(TEXT, NAMES), want)
    after = vmx.apply(TEXT, diff, NAMES)

    assert [line for line in str(after).splitlines() if line not in TEXT.splitlines()] == [
        'virtualHW.version="13" ; memSize  = "4096"   # for now',
        'ethernet0.networkName = "new"',
        'foo.bar = "x"',
    ]


def test_two_keys_that_say_the_same_stay_in_step() -> None:
    text = 'config.version = "8"\nvirtualHW.version = "9"\nsched.mem.min = "512"\nsched.mem.minSize = "512"\n'
    have = vmx.parse(text)
    after = vmx.update(text, replace(have, memory_reservation_mib=1024))

    assert have.memory_reservation_mib == 512
    assert (after["sched.mem.min"], after["sched.mem.minsize"]) == ("1024", "1024")
    assert "sched.mem.min" not in vmx.update(text, replace(have, memory_reservation_mib=None))


def test_of_two_keys_that_should_say_the_same_and_do_not_the_first_counts() -> None:
    text = 'config.version = "8"\nvirtualHW.version = "17"\nsched.mem.min = "256"\nsched.mem.minSize = "512"\n'
    have = vmx.parse(text)

    assert have.memory_reservation_mib == 512
    assert have.extra == {"sched.mem.min": "256"}
    assert vmx.format(have)["sched.mem.min"] == "256"


def test_a_medium_that_is_not_there_is_kept_until_another_comes() -> None:
    names = FileNames(datastore="ds", directory="vm", mounts={"ds": "/vmfs/volumes/ds"})
    text = 'config.version = "8"\nvirtualHW.version = "9"\nide0:0.present = "TRUE"\n'
    text += 'ide0:0.fileName = "/vmfs/volumes/x/a.iso"\n'
    have = vmx.parse(text, names)
    want = from_data({"cdroms": [{"slot": "ide0:0", "file": "[ds] b.iso"}]})
    after = vmx.apply(text, compare(have, want), names)

    assert have.cdroms[0].file == ""
    assert str(vmx.update(text, have, names)) == text
    assert after["ide0:0.fileName"] == "/vmfs/volumes/ds/b.iso"


def test_a_text_is_not_changed_by_looking_at_what_would_be() -> None:
    text = vmx.format(from_data({"hardware_version": 20, "memory_mib": 1024}))
    before = str(text)
    vmx.update(text, from_data({"memory_mib": 2048}))

    assert str(text) == before


def test_the_hardware_version_stays_unless_another_is_stated() -> None:
    have = vmx.parse(TEXT, NAMES)

    assert vmx.update(TEXT, replace(have, hardware_version=None), NAMES)["virtualHW.version"] == "13"
    assert vmx.update(TEXT, replace(have, hardware_version=19), NAMES)["virtualHW.version"] == "19"


def test_what_a_vmx_cannot_say_is_refused() -> None:
    diff = compare(vmx.parse(TEXT, NAMES), from_data({"disks": [{"slot": "scsi0:0", "capacity_kib": 1024}]}))

    with pytest.raises(NotRepresentable, match=r"disks\[scsi0:0\]\.capacity_kib: "):
        vmx.apply(TEXT, diff, NAMES)


def test_a_value_that_cannot_stand_between_quotation_marks_is_escaped() -> None:
    text = 'config.version = "8"\nvirtualHW.version = "9"\na = \'say "x"\'\nb = """one\ntwo"""\n'
    have = vmx.parse(text)

    assert have.extra == {"a": "say |22x|22", "b": "one|0atwo"}
    assert str(vmx.update(text, have)) == text
    assert vmx.parse(vmx.format(have)) == have


def test_a_new_device_is_not_mixed_with_the_remains_of_another() -> None:
    text = TEXT + 'scsi0:2.present = "FALSE"\nscsi0:2.mode = "independent-nonpersistent"\nscsi0:2.fileName = "x.vmdk"\n'
    want = from_data({"disks": [{"slot": "scsi0:2", "file": "[ds] y.vmdk"}], "extra": {"scsi0:2.foo": "1"}})
    after = vmx.apply(text, compare(vmx.parse(text, NAMES), want), NAMES)

    assert vmx.parse(after, NAMES).disks[-1] == want.disks[0]
    assert after["scsi0:2.foo"] == "1"
    assert not compare(vmx.parse(after, NAMES), want)
