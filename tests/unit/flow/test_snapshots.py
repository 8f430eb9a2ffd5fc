# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots: addresses find what paths lead to, whatever the names; one call is planned, or the refusal says why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import (
    Ambiguous,
    ConnectionLost,
    DomainXmlError,
    EsxError,
    FaultError,
    NotFound,
    OptionError,
    PlanError,
    TaskLost,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.script import Fetch, Happened, Interrupted, Run
from ansible_collections.virt.esx.plugins.module_utils._flow.snapshot_tree import (
    NEW,
    Address,
    Snapshot,
    Tree,
    find,
    find_id,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.snapshot_wish import Aim, Found, Wish
from ansible_collections.virt.esx.plugins.module_utils._flow.snapshots import MOST_LEVELS, Entry, bring, plan
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState, Vm, VmState
from hypothesis import given
from hypothesis import strategies as st

VM = Vm(name="web01", moid="1")
ON = VmState(power_state=PowerState.ON, tools_running=True)
OFF = VmState(power_state=PowerState.OFF)
SUSPENDED = VmState(power_state=PowerState.SUSPENDED)
OPTIONS: Mapping[str, Any] = {
    **dict.fromkeys(("snapshot", "snapshot_id", "snapshot_xml", "new_name", "description")),
    **dict.fromkeys(("memory", "quiesce", "remove_children", "suppress_power_on"), False),
    "state": "present",
    "consolidate": True,
}
ODD = [*"/%\\ \"'<>&|\n\t\u00e4\u65e5\U0001f600.*[]?{}~", "%2f", "%25", "%2F", "//", "a", "b", " "]
NAMES = st.lists(st.one_of(st.sampled_from(ODD), st.characters()), min_size=1, max_size=6).map("".join)


def wish(state: str = "present", **options: Any) -> Wish:
    return Wish.from_params({**OPTIONS, "state": state, **options})


def chain(*names: str) -> Tree:
    """Make a tree in which each name is the child of the one before; the last is current."""
    tree = Tree()
    for number, name in enumerate(names, 1):
        tree = tree.grown(Snapshot(moid=f"s{number}", name=name, id=number, power_state=PowerState.OFF))
    return tree


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any tree, up to 32 levels deep, with names of every odd character that may not be unique."""
    tree = Tree()
    pool = draw(st.lists(NAMES, min_size=1, max_size=8))
    for number in range(draw(st.integers(0, 40))):
        # As often as not it goes on growing deeper; a chain that is full is left.
        below = [one.snapshot.moid for one in tree.walk() if one.level < MOST_LEVELS]
        if below and (tree.current not in below or draw(st.booleans())):
            tree = tree.at(draw(st.sampled_from(below)))
        name = draw(st.sampled_from(pool))
        tree = tree.grown(Snapshot(moid=f"s{number}", name=name, id=number, power_state=PowerState.OFF))
    return tree


@given(trees())
def test_a_path_finds_what_it_leads_to(tree: Tree) -> None:
    for place in tree.walk():
        for text in (place.path, f"/{place.path}"):
            address = Address.parse(text)
            hits = address.hits(tree)
            assert place in hits
            assert address.names == place.names
            if len(hits) > 1:
                with pytest.raises(Ambiguous) as caught:
                    find(VM, tree, address)
                assert [one["id"] for one in caught.value.details["candidates"]] == [one.snapshot.id for one in hits]
            else:
                assert find(VM, tree, address) == place
        assert find_id(tree, place.snapshot.id or 0) == place
        assert all(hit.names == place.names for hit in Address.parse(f"/{place.path}").hits(tree))


@given(trees(), st.booleans(), st.data())
def test_what_is_cut_is_gone_and_nothing_else(tree: Tree, whole: bool, data: st.DataObject) -> None:
    places = list(tree.walk())
    if not places:
        return
    gone = data.draw(st.sampled_from(places)).snapshot
    below = {one.snapshot.moid for one in Tree((gone,)).walk()}
    left = tree.without(gone.moid, whole=whole)

    expected = [one.snapshot.moid for one in places if one.snapshot.moid not in (below if whole else {gone.moid})]
    assert [one.snapshot.moid for one in left.walk()] == expected
    assert left.current is None or left.current in expected


@given(trees(), NAMES)
def test_what_is_made_is_found_below_the_current_one(tree: Tree, name: str) -> None:
    grown = tree.grown(Snapshot(moid=NEW, name=name))
    new = grown.place(NEW)

    assert new is not None
    assert grown.current == NEW
    assert (new.parent.moid if new.parent else None) == tree.current
    assert grown.without(NEW, whole=False) == tree


@given(trees())
def test_a_tree_shows_each_snapshot_in_one_line(tree: Tree) -> None:
    lines, facts = tree.lines(), tree.facts()
    assert len(lines) == len(facts) == len(list(tree.walk()))
    assert not any("\n" in line for line in lines)
    assert sum(" (current" in line for line in lines) >= (tree.current is not None)
    assert [one["id"] for one in facts if one["current"]] == [
        one.snapshot.id for one in [tree.place(tree.current)] if one
    ]
    assert {child for one in facts for child in one["children"]} == {
        one["id"] for one in facts if one["parent"] is not None
    }


def test_a_time_is_shown_in_utc() -> None:
    made = datetime.fromisoformat("2026-02-01T02:03:04.567+02:00")
    (fact,) = Tree((Snapshot(moid="s1", name="a", created=made),)).facts()

    assert fact["created"] == "2026-02-01T00:03:04Z"
    assert made.tzinfo is not timezone.utc


@pytest.mark.parametrize(
    ("text", "names", "rooted"),
    [
        ("a", ("a",), False),
        ("a/b", ("a", "b"), False),
        ("/a", ("a",), True),
        ("a%2fb", ("a/b",), False),
        ("a%2Fb%5cc", ("a/b\\c",), False),
        ("100%25", ("100%",), False),
        ("100%", ("100%",), False),
        ("%252f", ("%2f",), False),
        ("50%20", ("50%20",), False),
    ],
)
def test_an_address_is_read(text: str, names: tuple[str, ...], rooted: bool) -> None:
    assert Address.parse(text) == Address(names, rooted)
    assert Address.parse(str(Address.parse(text))) == Address(names, rooted)


@pytest.mark.parametrize("text", ["", "/", "a//b", "a/", "//a"])
def test_an_address_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="joined by '/'"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("state", "options", "says"),
    [
        ("present", {}, "which snapshot shall be present"),
        ("absent", {}, "which snapshot shall be absent"),
        ("present", {"snapshot_xml": "<domainsnapshot/>"}, "has no <name>"),
        ("reverted", {"snapshot_xml": "<domainsnapshot/>"}, "has no <name>"),
        ("all-absent", {"snapshot": "a"}, "about no single snapshot"),
        ("consolidated", {"snapshot_id": 1}, "about no single snapshot"),
        ("absent", {"snapshot": "a", "new_name": "b"}, "'present' alone"),
        ("present", {"snapshot": "a", "new_name": ""}, "'new_name' is a name"),
        ("present", {"snapshot": "a", "memory": True, "quiesce": True}, "exclude each other"),
        ("present", {"snapshot": "a\x00"}, "no request can carry"),
        ("present", {"snapshot": "a", "description": "\x07"}, "no request can carry"),
    ],
)
def test_options_that_say_too_little_or_too_much_are_refused(state: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        wish(state, **options)


def test_the_xml_of_a_snapshot_says_what_the_options_do_not() -> None:
    xml = "<domainsnapshot><name>a/b</name><description>d</description></domainsnapshot>"

    assert wish(snapshot_xml=xml).address == Address(("a/b",))
    assert wish(snapshot_xml=xml).description == "d"
    assert wish(snapshot_xml=xml, snapshot="c", description="e").address == Address(("c",))
    assert wish(snapshot_xml=xml, snapshot="c", description="e").description == "e"
    assert wish(snapshot_xml=xml, snapshot_id=3).address is None
    with pytest.raises(DomainXmlError):
        wish(snapshot_xml="<domain/>")


def test_line_ends_are_as_a_host_gives_them_back() -> None:
    assert wish(snapshot="a", description="x\r\ny\rz").description == "x\ny\nz"


def sent(state: VmState, tree: Tree, wanted: Wish, **found: Any) -> tuple[str, Mapping[str, Any], Any] | None:
    """Return the method, the arguments and the target of what is planned."""
    request = plan(VM, state, Found(tree=tree, **found), wanted).request
    return None if request is None else (request.method, request.arguments, request.target)


def test_what_is_there_is_left_alone() -> None:
    tree = chain("a", "b")

    for there in (wish(snapshot="b"), wish(snapshot="a/b"), wish(snapshot_id=1), wish(snapshot="/a")):
        assert sent(ON, tree, there) is None
    assert sent(ON, tree, wish(snapshot="b", memory=True)) is None
    assert sent(ON, tree, wish("absent", snapshot="c")) is None
    assert sent(ON, tree, wish("absent", snapshot_id=9)) is None
    assert sent(ON, Tree(), wish("all-absent")) is None
    assert sent(ON, tree, wish("consolidated")) is None


def test_what_is_not_there_is_made_below_the_current_one() -> None:
    arguments = {"name": "c", "description": "", "memory": False, "quiesce": False}
    for where in ("c", "b/c", "a/b/c", "/a/b/c"):
        assert sent(ON, chain("a", "b"), wish(snapshot=where)) == ("CreateSnapshot_Task", arguments, None)


def test_a_snapshot_gets_what_is_new_and_nothing_else() -> None:
    tree, target = chain("a", "b"), ("VirtualMachineSnapshot", "s2")

    assert sent(ON, tree, wish(snapshot="b", description="d")) == ("RenameSnapshot", {"description": "d"}, target)
    assert sent(ON, tree, wish(snapshot="b", new_name="c")) == ("RenameSnapshot", {"name": "c"}, target)
    assert sent(ON, chain("a", "c"), wish(snapshot="b", new_name="c")) is None
    assert sent(ON, tree, wish(snapshot="b", new_name="b")) is None
    assert sent(ON, tree, wish(snapshot_id=2, new_name="c")) == ("RenameSnapshot", {"name": "c"}, target)


def test_removing_and_going_back() -> None:
    tree = chain("a", "b")
    gone = {"removeChildren": True, "consolidate": False}
    back = {"suppressPowerOn": False}

    assert sent(ON, tree, wish("absent", snapshot="a", remove_children=True, consolidate=False)) == (
        "RemoveSnapshot_Task",
        gone,
        ("VirtualMachineSnapshot", "s1"),
    )
    assert sent(ON, tree, wish("all-absent")) == ("RemoveAllSnapshots_Task", {"consolidate": True}, None)
    assert sent(ON, tree, wish("reverted")) == ("RevertToCurrentSnapshot_Task", back, None)
    assert sent(ON, tree, wish("reverted", snapshot="a")) == (
        "RevertToSnapshot_Task",
        back,
        ("VirtualMachineSnapshot", "s1"),
    )
    assert sent(ON, tree, wish("consolidated"), needs_consolidation=True) == ("ConsolidateVMDisks_Task", {}, None)


@pytest.mark.parametrize(
    ("kept", "suppressed", "becomes"),
    [
        (PowerState.OFF, False, PowerState.OFF),
        (PowerState.ON, False, PowerState.ON),
        (PowerState.ON, True, PowerState.SUSPENDED),
        (PowerState.OFF, True, PowerState.OFF),
        (PowerState.SUSPENDED, True, PowerState.SUSPENDED),
    ],
)
def test_going_back_foresees_the_power_state(kept: PowerState, suppressed: bool, becomes: PowerState) -> None:
    tree = Tree((Snapshot(moid="s1", name="a", power_state=kept),), "s1")
    for options in ({"snapshot": "a"}, {}):
        request = plan(VM, ON, Found(tree=tree), wish("reverted", suppress_power_on=suppressed, **options)).request
        assert isinstance(request, Run)
        assert request.becomes is becomes


DEEP = chain(*(f"s{number}" for number in range(MOST_LEVELS)))
REFUSED: list[tuple[VmState, Tree, Wish, type[EsxError], str]] = [
    (OFF, Tree(), wish(snapshot="a", memory=True), PlanError, "powered off and has no memory"),
    (SUSPENDED, Tree(), wish(snapshot="a", quiesce=True), PlanError, "suspended, so its file systems"),
    (
        VmState(power_state=PowerState.ON, tools_running=False),
        Tree(),
        wish(snapshot="a", quiesce=True),
        PlanError,
        "VMware Tools",
    ),
    (VmState(), Tree(), wish(snapshot="a"), PlanError, "does not know the power state"),
    (ON, DEEP, wish(snapshot="more"), PlanError, "32 levels deep"),
    (ON, chain("a", "b"), wish(snapshot="a/c"), PlanError, "a child of the current snapshot 'a/b'"),
    (ON, chain("a"), wish(snapshot="/c"), PlanError, "a child of the current snapshot 'a'"),
    (ON, Tree(), wish(snapshot="2026/01"), PlanError, "write a slash within the name as %2f"),
    (ON, chain("a"), wish(snapshot_id=7), NotFound, "with the id 7; there are: a"),
    (ON, chain("a"), wish(snapshot="b", new_name="c"), NotFound, "that could be renamed to 'c'"),
    (ON, chain("a", "b"), wish(snapshot="a", new_name="b"), PlanError, "there is a snapshot 'a/b' already"),
    (ON, chain("a"), wish("reverted", snapshot="b"), NotFound, "no snapshot 'b'; there are: a"),
    (ON, Tree(), wish("reverted"), NotFound, "that is current; it has none at all"),
    (ON, chain("a", "a"), wish("absent", snapshot="a"), Ambiguous, "id 1 at a, id 2 at a/a"),
    (ON, chain("a", "a"), wish(snapshot="a"), Ambiguous, "use 'snapshot_id' or a longer path"),
]


@pytest.mark.parametrize(("state", "tree", "wanted", "error", "says"), REFUSED)
def test_what_cannot_be_is_refused_with_the_reason(
    state: VmState, tree: Tree, wanted: Wish, error: type[EsxError], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        plan(VM, state, Found(tree=tree), wanted)
    assert caught.value.details["vm"] == "web01"


def test_the_memory_needs_disks_that_are_not_independent() -> None:
    found = Found(independent=("[datastore1] web01/data.vmdk",))

    with pytest.raises(PlanError, match=r"independent .*data\.vmdk"):
        plan(VM, ON, found, wish(snapshot="a", memory=True))
    assert plan(VM, ON, found, wish(snapshot="a")).request is not None


def begin(wanted: Wish, tree: Tree, book: dict[str, Entry]) -> Any:
    def renew(found: Found, _path: str, value: Any) -> Found:
        return Found(tree=value, independent=found.independent)

    return bring(VM, ON, wish=wanted, found=Found(tree=tree), renew=renew, book=book)


@pytest.mark.parametrize(
    ("error", "is_ours"), [(FaultError("x", fault="ConcurrentAccess"), False), (ConnectionLost("x"), True)]
)
def test_what_got_in_between_is_looked_at_again(error: EsxError, is_ours: bool) -> None:
    script = begin(wish(snapshot="a"), Tree(), {})
    first = next(script)
    look = script.throw(Interrupted(error, ON))
    assert isinstance(first, Run)
    assert look == Fetch(path="snapshot")
    with pytest.raises(StopIteration) as done:
        script.send(Happened(state=ON, value=chain("a")))

    assert done.value.value.after == ({"snapshots": ["a (current, powered-off)"]} if is_ours else {})


def test_nothing_goes_back_twice_when_it_is_not_known_whether_it_did() -> None:
    script = begin(wish("reverted"), chain("a"), {})
    next(script)

    with pytest.raises(TaskLost):
        script.throw(Interrupted(TaskLost("x"), ON))


@pytest.mark.parametrize("seen", [Tree(), chain("a")])
def test_a_failure_is_none_where_another_client_did_it(seen: Tree) -> None:
    script = begin(wish("absent", snapshot="a"), chain("a"), {})
    next(script)
    look = script.throw(NotFound("s1 does not exist on this host"))
    assert look == Fetch(path="snapshot")

    with pytest.raises(StopIteration if not seen.roots else NotFound):
        script.send(Happened(state=ON, value=seen))


def test_every_aim_is_an_option() -> None:
    assert [aim.value for aim in Aim] == ["present", "absent", "all-absent", "reverted", "consolidated"]
