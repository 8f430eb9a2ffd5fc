# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be changed of a switch: laws of the plan over many wishes. And libvirt's XML: what of it is taken."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError, OptionError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.network_diff import diff_of, same, undone
from ansible_collections.virt.esx.plugins.module_utils._flow.network_plan import Change, Have, plan
from ansible_collections.virt.esx.plugins.module_utils._flow.network_wish import GroupWish, NetworkWish
from ansible_collections.virt.esx.plugins.module_utils._flow.network_xml import network_xml, read_network_xml
from ansible_collections.virt.esx.plugins.module_utils._flow.networks import INHERIT, Fact, network_uuid
from hypothesis import given, settings
from hypothesis import strategies as st

NICS = ("vmnic0", "vmnic1", "vmnic2")
GROUPS = ("Management Network", "web", "db")
FLAGS = ("enabled", "disabled")


def policy(*, own: bool, order: tuple[list[str], list[str]] | None = None) -> dict[str, Any]:
    """Return a policy as facts have it; of a port group it is inherited where nothing is said."""
    active, standby = order or (None, None)
    kind, consent, flag = (INHERIT,) * 3 if own else ("loadbalance-srcid", "reject", "disabled")
    return {
        "security": dict.fromkeys(("promiscuous", "mac_changes", "forged_transmits"), consent),
        "shaping": {"status": flag, "average_bps": None, "peak_bps": None, "burst_bytes": None},
        "teaming": {
            "policy": kind,
            "failure_detection": INHERIT if own else "link",
            "notify_switches": flag,
            "failback": flag,
            "active_uplinks": active,
            "standby_uplinks": standby,
        },
    }


def group(name: str, *, vlan: int = 0, order: tuple[list[str], list[str]] | None = None, **more: Any) -> Fact:
    is_managed = name == GROUPS[0]
    return {
        "name": name,
        "vlan_id": vlan,
        **policy(own=True, order=order),
        "vmkernel": [{"name": "vmk0", "services": ["management"]}] if is_managed else [],
        "management": is_managed,
        "vms": [],
        **more,
    }


def switch(name: str, uplinks: list[str], *groups: Fact, standby: int = 0) -> Fact:
    order = (uplinks[: len(uplinks) - standby], uplinks[len(uplinks) - standby :])
    key = f"key-vim.host.VirtualSwitch-{name}"
    return {
        "name": name,
        "key": key,
        "uuid": network_uuid(key),
        "uplinks": uplinks,
        "num_ports": 128,
        "mtu": 1500,
        **policy(own=False, order=order),
        "port_groups": list(groups),
    }


def have(*switches: Fact, **more: Any) -> Have:
    return Have(host="esx1", moid="ha-host", switches=switches, nics=dict.fromkeys(NICS, True), **more)


ORDERS = st.permutations(NICS).flatmap(
    lambda nics: st.integers(0, 2).map(lambda cut: (list(nics[:cut]), list(nics[cut:2])))
)
VLANS = st.sampled_from((0, 7, 4095))
TEAMING = st.fixed_dictionaries({}, optional={"failback": st.sampled_from(FLAGS), "policy": st.just("loadbalance-ip")})


@st.composite
def hosts(draw: st.DrawFn) -> Have:
    """Hosts with one switch, on which an order names uplinks of the switch alone."""
    uplinks = draw(st.lists(st.sampled_from(NICS), unique=True))
    groups = []
    for name in draw(st.lists(st.sampled_from(GROUPS), unique=True)):
        rare = draw(st.integers(0, 2)) == 0 and uplinks
        own = draw(st.lists(st.sampled_from(uplinks), unique=True)) if rare else None
        groups.append(group(name, vlan=draw(VLANS), order=None if own is None else (own, [])))
    return have(switch("vSwitch0", uplinks, *groups, standby=draw(st.integers(0, len(uplinks)))))


@st.composite
def wishes(draw: st.DrawFn) -> NetworkWish:
    groups = [
        GroupWish(
            name=name, present=draw(st.integers(0, 3)) > 0, vlan_id=draw(st.none() | VLANS), policy=draw(_policies())
        )
        for name in draw(st.lists(st.sampled_from(GROUPS), unique=True))
    ]
    return NetworkWish(
        name=draw(st.sampled_from(("vSwitch0", "vSwitch1"))),
        present=draw(st.integers(0, 5)) > 0,
        uplinks=draw(
            st.none() | st.lists(st.sampled_from(NICS), unique=True, min_size=draw(st.integers(0, 2))).map(tuple)
        ),
        mtu=draw(st.sampled_from((None, 1500, 9000))),
        policy=draw(_policies()),
        groups=tuple(groups),
        purge=draw(st.integers(0, 3)) == 0,
        cut_management=draw(st.booleans()),
    )


def _policies() -> st.SearchStrategy[dict[str, Any]]:
    def made(teaming: dict[str, Any], order: tuple[list[str], list[str]] | None) -> dict[str, Any]:
        said = dict(zip(("active_uplinks", "standby_uplinks"), order, strict=True)) if order else {}
        return {"teaming": {**teaming, **said}} if teaming or order else {}

    return st.builds(made, TEAMING, st.integers(0, 5).flatmap(lambda rare: st.none() if rare else ORDERS))


def done(there: Have, wish: NetworkWish, changes: tuple[Change, ...]) -> Have:
    """Do what a plan says, as a host does it; an order must name uplinks at every step."""
    found = {one["name"]: one for one in there.switches}
    for change in changes:
        if not change.is_group:
            if change.wanted is None:
                del found[change.name]
                continue
            groups = found[change.name]["port_groups"] if change.name in found else []
            key = f"key-vim.host.VirtualSwitch-{change.name}"
            found[change.name] = {"key": key, **_decided(change.wanted), "port_groups": groups}
        else:
            one = found[wish.name]
            others = [each for each in one["port_groups"] if each["name"] != change.name]
            new = [] if change.wanted is None else [{**group(change.name), **change.wanted}]
            found[wish.name] = {**one, "port_groups": [*others, *new]}
        for one in found.values():
            for each in one["port_groups"]:
                order = [*(each["teaming"]["active_uplinks"] or ()), *(each["teaming"]["standby_uplinks"] or ())]
                assert {*order} <= {*one["uplinks"]}
    return have(*found.values())


def _decided(wanted: Fact) -> Fact:
    """Return a switch of which the host has decided what nobody has said."""
    usual = policy(own=False, order=(wanted["uplinks"], []))
    return {
        **wanted,
        **{
            part: {word: usual[part][word] if value is None else value for word, value in wanted[part].items()}
            for part in usual
        },
    }


@settings(max_examples=300)
@given(there=hosts(), wish=wishes())
def test_what_is_planned_leads_there_and_then_nothing_is_planned(there: Have, wish: NetworkWish) -> None:
    try:
        changes = plan(there, wish)
    except EsxError:
        return

    after = done(there, wish, changes)
    assert plan(after, NetworkWish(**{**vars(wish), "cut_management": True})) == ()
    before_shown, after_shown = diff_of(there.named(wish.name), changes)
    assert bool(changes) == (before_shown != after_shown)
    if not wish.present:
        assert after.named(wish.name) is None


@settings(max_examples=200)
@given(there=hosts(), wish=wishes())
def test_what_was_done_can_be_taken_back_from_every_step(there: Have, wish: NetworkWish) -> None:
    try:
        changes = plan(there, wish)
    except EsxError:
        return

    before = there.named(wish.name)
    if not wish.present:
        assert [undone(change, before) for change in changes] == [None] * len(changes)
        return
    for count in range(len(changes) + 1):
        after = done(there, wish, changes[:count])
        steps = [undone(change, before) for change in reversed(changes[:count])]
        back = tuple(step for step in steps if step is not None)
        assert len(back) == count
        assert same(before, done(after, wish, back).named(wish.name)) == []


@settings(max_examples=200)
@given(there=hosts(), wish=wishes())
def test_the_host_stays_within_reach(there: Have, wish: NetworkWish) -> None:
    try:
        changes = plan(there, NetworkWish(**{**vars(wish), "cut_management": False}))
    except EsxError:
        return

    after = done(there, wish, changes)
    for one in there.switches:
        for each in one["port_groups"]:
            if each["management"]:
                now = next(other for other in after.switches if other["name"] == one["name"])
                kept = next(other for other in now["port_groups"] if other["name"] == each["name"])
                assert kept["vlan_id"] == each["vlan_id"]
                assert not carriers(each, one) or {*carriers(each, one)} & {*carriers(kept, now)}


def carriers(one: Fact, on: Fact) -> list[str]:
    teaming = on["teaming"] if one["teaming"]["active_uplinks"] is None else one["teaming"]
    return [*teaming["active_uplinks"], *(teaming["standby_uplinks"] or ())]


def test_an_uplink_of_a_distributed_switch_is_not_taken() -> None:
    with pytest.raises(PlanError, match="vmnic1 is an uplink of the distributed switch 'dvs'"):
        plan(have(taken={"vmnic1": "dvs"}), NetworkWish(name="new", uplinks=("vmnic1",)))


XMLS: list[tuple[str, dict[str, Any]]] = [
    ("<network><name>a</name></network>", {"uplinks": [], "shaping": {"status": "disabled"}, "port_groups": []}),
    ("<network><name>a</name><forward mode='bridge' dev='vmnic0'/></network>", {"uplinks": ["vmnic0"]}),
    ("<network><name>a</name><forward mode='none'/><title>t</title></network>", {"uplinks": []}),
    (
        "<network><name>a</name><vlan><tag id='3'/></vlan><portgroup name='b'/></network>",
        {"port_groups": [{"name": "b", "shaping": {"status": INHERIT}, "vlan_id": 3}]},
    ),
    (
        "<network><name>a</name><bandwidth><inbound average='1'/><outbound average='1'/></bandwidth></network>",
        {"shaping": {"status": "enabled", "average_bps": 8000}},
    ),
    (
        "<network><name>a</name><bandwidth><inbound average='0'/><outbound average='0'/></bandwidth></network>",
        {"shaping": {"status": "disabled"}},
    ),
    ("<network><name>a</name><mtu size='9000'/></network>", {"mtu": 9000}),
]


@pytest.mark.parametrize(("text", "said"), XMLS)
def test_what_libvirt_says_is_read(text: str, said: dict[str, Any]) -> None:
    found = read_network_xml(text)

    assert {name: found[name] for name in said} == said
    assert found["name"] == "a"


WRONG: list[tuple[str, str]] = [
    ("", "this is no XML"),
    ("<!DOCTYPE a><network/>", "document type"),
    ("<domain/>", "wanted a <network>"),
    ("<network><name>a</name><name>b</name></network>", "/network/name[2]: it is there twice"),
    ("<network><name>a</name><uuid>x</uuid></network>", "wanted a UUID"),
    ("<network><name>a</name><ip address='1.2.3.4'/></network>", "/network/ip: no standard switch has this"),
    ("<network ipv6='yes'><name>a</name></network>", "/network/@ipv6: no standard switch has this"),
    ("<network><name>a</name><forward/></network>", "/network/forward/@mode is 'nat'; wanted bridge"),
    ("<network><name>a</name><forward mode='bridge'><interface/></forward></network>", "@dev is missing"),
    (
        "<network><name>a</name><forward mode='bridge' dev='x'><interface dev='y'/></forward></network>",
        "/network/forward/@dev is 'x'; wanted one of the interfaces",
    ),
    ("<network><name>a</name><forward mode='bridge'><pf dev='x'/></forward></network>", "/network/forward/pf"),
    (
        "<network><name>a</name><bandwidth><inbound average='1'/></bandwidth></network>",
        "inbound and outbound must both",
    ),
    (
        "<network><name>a</name><bandwidth><inbound average='1' floor='1'/><outbound/></bandwidth></network>",
        "/network/bandwidth/inbound/@floor",
    ),
    ("<network><name>a</name><portgroup/></network>", "/network/portgroup/@name is missing"),
    ("<network><name>a</name><portgroup name='b' default='yes'/></network>", "/network/portgroup/@default"),
    ("<network><name>a</name><vlan><tag id='4096'/></vlan></network>", "/network/vlan/tag/@id is '4096'"),
    ("<network><name>a</name><vlan><tag/></vlan></network>", "/network/vlan/tag/@id is missing"),
    ("<network><name>a</name><vlan trunk='yes'><tag id='1'/></vlan></network>", "the VLAN 4095 lets all through"),
    ("<network><name>a</name><vlan><tag id='1'/><tag id='2'/></vlan></network>", "wanted exactly one tag"),
    ("<network><name>a</name><mtu size='99'/></network>", "wanted a number from 1280 to 9000"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_what_no_switch_has_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(OptionError) as refused:
        read_network_xml(text)

    assert says in str(refused.value)
    assert str(refused.value).startswith("'network_xml': ")
    assert refused.value.details["option"] == "network_xml"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    for one in (text, f"<network><name>a</name>{text}</network>"):
        with suppress(OptionError):
            assert read_network_xml(one)["name"] == "a"


@given(
    uplinks=st.lists(st.sampled_from(NICS), unique=True),
    mtu=st.sampled_from((1500, 9000)),
    vlan=VLANS,
    limit=st.none() | st.tuples(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)),
    name=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20),
)
def test_what_is_written_is_read_again(
    uplinks: list[str], mtu: int, vlan: int, limit: tuple[int, int, int] | None, name: str
) -> None:
    shaping: dict[str, Any] = {"status": "disabled", "average_bps": None, "peak_bps": None, "burst_bytes": None}
    if limit is not None:
        average, peak, burst = limit
        shaping = {
            "status": "enabled",
            "average_bps": average * 8000,
            "peak_bps": peak * 8000,
            "burst_bytes": burst * 1024,
        }
    fact = {**switch(name, uplinks, group("web", vlan=vlan, shaping=shaping)), "mtu": mtu, "shaping": shaping}

    found = read_network_xml(network_xml(fact, {"web"}))

    assert (found["name"], found["uuid"], found["uplinks"]) == (name, fact["uuid"], uplinks)
    assert (found.get("mtu", 1500), found["port_groups"][0].get("vlan_id", 0)) == (mtu, vlan)
    for said in (found["shaping"], found["port_groups"][0]["shaping"]):
        assert (said["status"] == "enabled") == (limit is not None)
        assert {word: value for word, value in said.items() if word != "status"} == {
            word: value for word, value in shaping.items() if word != "status" and value
        }
