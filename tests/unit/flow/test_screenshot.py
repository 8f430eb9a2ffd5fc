# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Screenshots: the names of files, and what is a picture."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import FaultError, OptionError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.screenshot import MOST_BYTES, Picture, check_on, places
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, Vm, VmState
from ansible_collections.virt.esx.tests.esxsim.screens import png
from hypothesis import given
from hypothesis import strategies as st

WEB = Vm(name="web01", moid="1")


def names(*vms: Vm) -> list[str]:
    return list(places(vms, "/there/", is_folder=True, single=False).values())


def test_a_file_bears_the_name_of_its_machine() -> None:
    assert names(WEB) == ["/there/web01.png"]


def test_machines_of_one_name_are_told_apart_by_their_ids() -> None:
    twins = [Vm(name="twin", moid="vm-7"), WEB, Vm(name="twin", moid="vm-8")]

    assert names(*twins) == ["/there/twin-vm-7.png", "/there/web01.png", "/there/twin-vm-8.png"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a/b", "a%2Fb"),
        ("../x", "%2E.%2Fx"),
        ("Ärger 1", "Ärger 1"),
        ("a\x07b\x85", "a%07b%C2%85"),
        ("50%", "50%25"),
        (".", "%2E"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, file: str) -> None:
    assert names(Vm(name=name, moid="1")) == [f"/there/{file}.png"]


@pytest.mark.parametrize("one", ["x", "日", "\U0001f600", "\x07"])
@pytest.mark.parametrize("length", [28, 80, 300])
def test_no_name_is_too_long_for_a_file(one: str, length: int) -> None:
    long = [Vm(name=one * length, moid="vm-7"), Vm(name=one * (length - 1) + "y", moid="vm-8")]
    files = [name.removeprefix("/there/") for name in names(*long)]

    assert all(len(file.encode()) <= MOST_BYTES for file in files)
    assert len(set(files)) == 2
    assert all(file.endswith(".png") for file in files)


def test_a_name_with_an_id_is_not_the_name_of_another_machine() -> None:
    vms = [Vm(name="a", moid="1"), Vm(name="a", moid="2"), Vm(name="a-1", moid="3")]

    assert names(*vms) == ["/there/a-1.png", "/there/a-2.png", "/there/a-1-3.png"]


@given(st.lists(st.text(min_size=1), unique=True, max_size=5))
def test_no_two_names_are_one_file(given_names: list[str]) -> None:
    vms = [Vm(name=name, moid=str(number)) for number, name in enumerate(given_names)]

    assert len(set(names(*vms))) == len(vms)
    assert all("/" not in file.removeprefix("/there/") for file in names(*vms))


def test_one_file_is_for_one_machine() -> None:
    assert places([WEB], "/x.png", is_folder=False, single=True) == {"1": "/x.png"}
    with pytest.raises(OptionError, match="must be a folder"):
        places([WEB], "/x.png", is_folder=False, single=False)


def test_a_picture_knows_its_size() -> None:
    picture = Picture.parse(WEB, png(640, 480))

    assert (picture.width, picture.height) == (640, 480)
    assert picture.to_json()["size"] == len(png(640, 480))


@pytest.mark.parametrize("content", [b"", b"<html>", png(1, 1)[:20], b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(FaultError, match="no PNG"):
        Picture.parse(WEB, content)


@pytest.mark.parametrize("state", [PowerState.OFF, PowerState.SUSPENDED, None])
def test_only_a_running_machine_has_a_screen(state: PowerState | None) -> None:
    with pytest.raises(PlanError, match="has no screen"):
        check_on(WEB, VmState(power_state=state))
    check_on(WEB, VmState(power_state=PowerState.ON))
