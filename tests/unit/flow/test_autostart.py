# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Autostart: what is sent for what is wished, who is guarded, and that the second time nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.autostart import (
    NEW,
    NOTHING,
    Arrangement,
    Autostart,
    Defaults,
    Entry,
    Wish,
    arrange,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.state import Vm
from ansible_collections.virt.esx.plugins.modules.esx_vm_autostart import ARGUMENT_SPEC
from hypothesis import given
from hypothesis import strategies as st

ON = Defaults(enabled=True)
VMS = {name: Vm(name=name, moid=name) for name in "abcdef"}


def wish(**options: Any) -> Wish:
    defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    return Wish.from_params({**defaults, **options})


def names_of(moids: Sequence[str]) -> Mapping[str, str]:
    return {moid: f"the {moid}" for moid in moids}


def plan(have: Autostart, vms: str, wanted: Wish) -> Arrangement:
    return arrange(have, [VMS[name] for name in vms], wanted, names_of)


def placed(*names: str) -> Autostart:
    """Return a host that starts VMs in this order."""
    entries = {name: replace(NEW, start_order=place) for place, name in enumerate(names, 1)}
    return Autostart(defaults=ON, entries=entries)


def orders(autostart: Autostart) -> dict[str, int]:
    return {moid: entry.start_order for moid, entry in autostart.entries.items()}


def test_a_new_machine_gets_what_the_host_does_by_default() -> None:
    found = plan(Autostart(defaults=ON), "a", wish())

    assert found.entries == (("a", Entry(start_action="power-on", stop_action="host-default")),)
    assert found.defaults == {}


def test_what_is_not_said_is_kept() -> None:
    have = Autostart(defaults=ON, entries={"a": replace(NEW, start_delay=7, stop_action="suspend")})

    [(_moid, entry)] = plan(have, "a", wish(stop_delay=9)).entries
    assert entry == replace(NEW, start_delay=7, stop_action="suspend", stop_delay=9)


def test_the_first_machine_of_a_host_switches_it_on() -> None:
    found = plan(Autostart(), "ab", wish())

    assert found.defaults == {"enabled": True}
    assert found.after.shown("a")["enabled"]


@pytest.mark.parametrize("other", [NEW, Entry(stop_action="suspend")])
def test_other_machines_are_not_switched_on_by_accident(other: Entry) -> None:
    have = Autostart(entries={"b": other, "a": NEW})

    with pytest.raises(PlanError, match="would affect other virtual machines: 'the b'"):
        plan(have, "a", wish())
    assert plan(have, "ab", wish()).defaults == {"enabled": True}
    assert plan(have, "a", wish(manage_defaults=True)).defaults == {"enabled": True}
    assert plan(have, "a", wish(start_action="none")).defaults == {}
    assert plan(have, "a", wish(state="absent")).defaults == {}


def test_a_host_that_is_to_stay_off_stays_off() -> None:
    found = plan(Autostart(entries={"b": NEW}), "a", wish(manage_defaults=True, defaults={"enabled": False}))

    assert (found.defaults, [moid for moid, _entry in found.entries]) == ({}, ["a"])
    assert not found.after.shown("a")["enabled"]


def test_only_the_settings_that_differ_are_sent() -> None:
    wanted = wish(manage_defaults=True, defaults={"enabled": True, "start_delay": 5, "stop_action": None})

    assert plan(Autostart(defaults=ON), "", wanted).defaults == {"start_delay": 5}


def test_absent_takes_a_machine_out_and_leaves_the_host_on() -> None:
    found = plan(placed("a", "b"), "ac", wish(state="absent"))

    assert found.entries == (("a", NOTHING),)
    assert found.after == Autostart(defaults=ON, entries={"b": replace(NEW, start_order=2)})


def test_who_stands_at_a_place_is_moved_back_and_named() -> None:
    found = plan(placed("a", "b"), "c", wish(start_order=1))

    assert orders(found.after) == {"a": 2, "b": 3, "c": 1}
    assert found.moved == {"a": "the a", "b": "the b"}


def test_several_machines_follow_each_other() -> None:
    found = plan(placed("c"), "ab", wish(start_order=1))

    assert orders(found.after) == {"a": 1, "b": 2, "c": 3}
    assert plan(found.after, "ab", wish(start_order=1)).is_empty


def test_a_machine_that_the_first_one_moves_to_its_place_is_not_sent() -> None:
    assert [moid for moid, _entry in plan(placed("b", "a"), "ab", wish(start_order=1)).entries] == ["a"]


def test_a_place_beyond_the_last_is_refused() -> None:
    with pytest.raises(PlanError, match=r"c \(moid c\) cannot be number 4 .* there would be 3"):
        plan(placed("a", "b"), "c", wish(start_order=4))


def test_a_machine_that_is_not_started_has_no_place() -> None:
    assert orders(plan(placed("a"), "a", wish(start_action="none")).after) == {"a": -1}


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("start_order", {"start_order": 0}),
        ("start_order", {"start_order": -2}),
        ("start_order", {"start_order": 1, "start_action": "none"}),
        ("start_delay", {"start_delay": -2}),
        ("stop_delay", {"stop_delay": 3_000_000_000}),
        ("manage_defaults", {"defaults": {"enabled": True}}),
        ("start_delay", {"defaults": {"start_delay": -1}, "manage_defaults": True}),
    ],
)
def test_options_that_make_no_sense_are_refused(option: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as caught:
        wish(**options)
    assert caught.value.details["option"] == option


options_of = st.fixed_dictionaries(
    {"state": st.sampled_from(["present", "present", "absent"])},
    optional={
        "start_action": st.sampled_from(["power-on", "none"]),
        "start_order": st.sampled_from([-1, 1, 2, 3]),
        "stop_action": st.sampled_from(["none", "suspend"]),
        "start_delay": st.sampled_from([-1, 5]),
        "manage_defaults": st.booleans(),
    },
)


@given(st.lists(st.tuples(st.permutations("abcdef"), st.integers(1, 4), options_of), max_size=6))
def test_the_second_time_nothing_is_sent_and_no_place_is_held_twice(steps: list[tuple[list[str], int, Any]]) -> None:
    have = Autostart()
    for names, count, options in steps:
        vms = "".join(names[:count])
        try:
            wanted = wish(**options)
            have = plan(have, vms, wanted).after
        except (OptionError, PlanError):
            continue
        held = [order for order in orders(have).values() if order != -1]

        assert len(held) == len(set(held))
        assert plan(have, vms, wanted).is_empty
