# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions about iSCSI: what is wished, what it takes, what is refused, and what is then left to be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError, NotFound, OptionError, PlanError
from ansible_collections.virt.esx.plugins.module_utils._flow.iscsi import (
    Adapter,
    Auth,
    Chap,
    Disk,
    Iscsi,
    Route,
    Target,
    libvirt_uuid,
    plain_portal,
    pool_of,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.iscsi_change import Change, diff_of, foresee
from ansible_collections.virt.esx.plugins.module_utils._flow.iscsi_plan import plan
from ansible_collections.virt.esx.plugins.module_utils._flow.iscsi_wish import IscsiWish
from ansible_collections.virt.esx.plugins.modules import esx_iscsi
from ansible_collections.virt.esx.tests.support.worlds import params
from hypothesis import strategies as st

ONE, TWO = "iqn.2026-01.com.example:one", "iqn.2026-01.com.example:two"
SECRET, OTHER = "open sesame one", "open sesame two"
OURS = "vmhba64"
CHAP: dict[str, Any] = {"level": "required", "name": "esx", "secret": SECRET}
MUTUAL: dict[str, Any] = {"level": "required", "name": "array", "secret": OTHER}


def wish(**given: Any) -> IscsiWish:
    return IscsiWish.from_params(params(esx_iscsi, **given))


def static(name: str = ONE, address: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    return {"name": name, "address": address, "port": 3260, **more}


def send(address: str = "192.0.2.9", **more: Any) -> dict[str, Any]:
    return {"address": address, "port": 3260, **more}


def route(name: str = ONE, address: str = "192.0.2.1", device: str = OURS) -> Route:
    return Route(device, name, frozenset({f"{address}:3260"}))


def have(*disks: Disk, **adapter: Any) -> Iscsi:
    ours = Adapter(device=OURS, model="software", name="iqn.1998-01.com.vmware:esx", alias="", **adapter)
    return Iscsi(enabled=True, adapter=ours, adapters=[ours], disks=disks)


TOLD = Target(name=TWO, address="192.0.2.2", found_through="192.0.2.9:3260")
KNOWN: dict[str, Any] = {
    "send_targets": (Target(address="192.0.2.9"),),
    "static_targets": (Target(name=ONE, address="192.0.2.1"), TOLD),
}


def verbs(changes: tuple[Change, ...]) -> list[str]:
    return [f"{one.verb} {one.target.label if one.target else one.after}" for one in changes]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "storage"}, "'name' must be an iSCSI name"),
    ({"name": "iqn.2026-13.com.example"}, "'name' must be"),
    ({"name": "iqn.2026-01"}, "'name' must be"),
    ({"name": "eui.123"}, "'name' must be"),
    ({"name": f"iqn.2026-01.com.example:{'x' * 220}"}, "223 bytes"),
    ({"alias": "x" * 256}, "'alias' must be printable"),
    ({"adapter": " "}, "'adapter' is empty"),
    ({"adapter": OURS, "enabled": True}, "'enabled' is about the software adapter"),
    ({"enabled": False, "alias": "x"}, "nothing else of the adapter"),
    ({"enabled": False, "send_targets": [send()]}, "nothing else of the adapter"),
    ({"purge": True}, "'purge' needs"),
    ({"purge": True, "state": "absent", "send_targets": []}, "'purge' is of no use"),
    ({"static_targets": [static("x")]}, r"'static_targets\[0\].name' must be"),
    ({"static_targets": [static(), static()]}, "names .* twice"),
    ({"send_targets": [send("a.example"), send("A.example")]}, "names a.example:3260 twice"),
    ({"send_targets": [send(port=0)]}, r"'send_targets\[0\].port' must be from 1 to 65535; found 0"),
    ({"send_targets": [send(port=65536)]}, "found 65536"),
    ({"send_targets": [send("192.0.2.1:3260")]}, "without a port; found '192.0.2.1:3260'"),
    ({"send_targets": [send("[2001:db8::1]")]}, "without brackets"),
    ({"send_targets": [send("192.0.2.300")]}, "must be an IP address or a host name"),
    ({"send_targets": [send("")]}, "must be an IP address or a host name"),
    ({"chap": {**CHAP, "secret": "short"}}, "'chap.secret' must have from 12 to 255"),
    ({"chap": {**CHAP, "secret": "x" * 256}}, "'chap.secret' must have"),
    ({"chap": {**CHAP, "secret": "öffne dich, Sesam"}}, "'chap.secret' must have"),
    ({"chap": {**CHAP, "name": None}}, "'chap.name' is missing"),
    ({"chap": {**CHAP, "name": "x" * 512}}, "'chap.name' must be"),
    ({"chap": {**CHAP, "level": "prohibited"}}, "takes neither name nor secret"),
    ({"chap": {"level": "inherited"}}, "'chap.level' must be one of prohibited, discouraged"),
    ({"mutual_chap": {**MUTUAL, "level": "preferred"}}, "'mutual_chap.level' must be one of"),
    ({"chap": CHAP, "mutual_chap": {**MUTUAL, "secret": SECRET}}, "the secrets .* are the same"),
    ({"chap": {**CHAP, "level": "preferred"}, "mutual_chap": MUTUAL}, "'chap.level' must be required"),
    ({"chap": CHAP, "static_targets": [static(mutual_chap={**MUTUAL, "secret": SECRET})]}, "are the same"),
    ({"static_targets": [static(chap={**CHAP, "secret": "short"})]}, r"'static_targets\[0\].chap.secret' must have"),
]


@pytest.mark.parametrize(("given", "says"), WRONG)
def test_what_makes_no_sense_is_refused_without_a_word_of_secrets(given: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says) as caught:
        wish(**given)

    for secret in (SECRET, OTHER, "short'", "Sesam"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "iqn.1998-01.com.vmware:esx1",
            "iqn.2005-10.org.freenas.ctl:Target_1",
            "IQN.2026-12.a-b.c",
            "eui.02004567A425678D",
        ),
        *("naa.52004567BA64678D", "naa.62004567BA64678D0123456789ABCDEF", "iqn.2026-01.com.example:a:b.c-d"),
    ],
)
def test_names_of_every_kind_are_read(name: str) -> None:
    assert wish(name=name).name == name


def test_addresses_are_the_same_however_they_are_written() -> None:
    given = wish(send_targets=[send("2001:DB8:0::1"), send("storage.example.com")]).send_targets

    assert given is not None
    assert [one.target.label for one in given] == ["2001:db8::1:3260", "storage.example.com:3260"]
    assert plain_portal("[2001:db8::1]:3261") == "2001:db8::1:3261"
    assert plain_portal("2001:db8::1") == "2001:db8::1:3260"
    assert plain_portal("192.0.2.1") == plain_portal("192.0.2.1:3260") == "192.0.2.1:3260"


PLANS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"enabled": True}, []),
    ({"name": "IQN.1998-01.com.vmware:esx", "alias": ""}, []),
    ({"name": ONE, "alias": "me"}, [f"name {ONE}", "alias me"]),
    ({"send_targets": [send()], "static_targets": [static(), static(TWO, "192.0.2.2")]}, []),
    ({"static_targets": [static(ONE.upper())]}, []),
    ({"send_targets": [send(port=3261)]}, ["add 192.0.2.9:3261"]),
    ({"static_targets": [static(address="192.0.2.5")]}, [f"add {ONE} at 192.0.2.5:3260"]),
    ({"static_targets": [static(chap=CHAP)]}, [f"target_auth {ONE} at 192.0.2.1:3260"]),
    ({"static_targets": [], "purge": True}, [f"remove {ONE} at 192.0.2.1:3260"]),
    ({"send_targets": [], "purge": True}, ["remove 192.0.2.9:3260"]),
    (
        {"static_targets": [static(TWO)], "send_targets": [send("192.0.2.8")], "purge": True},
        [
            "add 192.0.2.8:3260",
            f"add {TWO} at 192.0.2.1:3260",
            "remove 192.0.2.9:3260",
            f"remove {ONE} at 192.0.2.1:3260",
        ],
    ),
    (
        {"state": "absent", "static_targets": [static(), static("eui.0123456789abcdef")]},
        [f"remove {ONE} at 192.0.2.1:3260"],
    ),
    (
        {"state": "absent", "send_targets": [send()], "static_targets": [static(TWO, "192.0.2.2")]},
        ["remove 192.0.2.9:3260"],
    ),
    ({"enabled": False}, ["disable False"]),
]


@pytest.mark.parametrize(("given", "expected"), PLANS)
def test_what_it_takes(given: dict[str, Any], expected: list[str]) -> None:
    state, wanted = have(**KNOWN), wish(**given)

    changes = plan(state, wanted)

    assert verbs(changes) == expected
    assert plan(foresee(state, changes), wanted) == ()


def test_a_secret_that_nobody_can_compare_is_sent_where_it_may_be_another() -> None:
    state = have(auth=Auth(chap=Chap(level="required", name="esx")))

    assert plan(state, wish(chap=CHAP)) == ()
    (renamed,) = plan(state, wish(chap={**CHAP, "name": "esx2"}))
    (again,) = plan(state, wish(chap=CHAP, update_secret="always"))

    assert (renamed.secret_only, again.secret_only) == (False, True)
    assert again.auth is not None
    assert again.auth.chap.secret == SECRET
    assert diff_of([again]) == (
        {"chap": {"chap": {"level": "required", "name": "esx"}, "mutual_chap": off(), "secrets": "as they were"}},
        {"chap": {"chap": {"level": "required", "name": "esx"}, "mutual_chap": off(), "secrets": "sent"}},
    )
    assert plan(state, wish(chap={**CHAP, "secret": None}, update_secret="always")) == ()


def off() -> dict[str, Any]:
    return {"level": "prohibited", "name": None}


def test_no_form_of_anything_shows_a_secret() -> None:
    wanted = wish(chap=CHAP, mutual_chap=MUTUAL, static_targets=[static(TWO, chap=CHAP, mutual_chap=MUTUAL)])
    changes = plan(have(), wanted)
    shown = repr((wanted, changes, diff_of(changes), foresee(have(), changes).adapter))

    assert len(changes) == 2
    assert SECRET not in shown
    assert OTHER not in shown


REFUSED: list[tuple[dict[str, Any], type[EsxError], str]] = [
    ({"chap": {**CHAP, "secret": None}}, PlanError, "without the secret of 'chap'"),
    ({"static_targets": [static(TWO, chap={**CHAP, "secret": None})]}, PlanError, "without the secret of 'chap'"),
    ({"mutual_chap": MUTUAL}, PlanError, "needs CHAP in the other direction"),
    ({"state": "absent", "static_targets": [static(TWO, "192.0.2.2")]}, PlanError, "through the send target"),
    (
        {"send_targets": [], "static_targets": [static(TWO, "192.0.2.2")], "purge": True},
        PlanError,
        "known only through the send target",
    ),
    ({"adapter": "vmhba9"}, NotFound, "there is no iSCSI adapter 'vmhba9'; there are 'vmhba64"),
]


@pytest.mark.parametrize(("given", "kind", "says"), REFUSED)
def test_what_cannot_be(given: dict[str, Any], kind: type[EsxError], says: str) -> None:
    state = have(**KNOWN)
    if "adapter" in given:
        state = replace(state, adapter=None)

    with pytest.raises(kind, match=says):
        plan(state, wish(**given))


def test_with_both_directions_on_the_secrets_of_both_are_needed() -> None:
    state = have(auth=Auth(chap=Chap(level="required", name="esx"), mutual=Chap(level="required", name="array")))

    with pytest.raises(PlanError, match="without the secret of 'mutual_chap'"):
        plan(state, wish(chap={**CHAP, "name": "esx2"}))
    assert len(plan(state, wish(chap={**CHAP, "name": "esx2"}, mutual_chap=MUTUAL))) == 1
    (change,) = plan(state, wish(chap={"level": "prohibited"}, mutual_chap={"level": "prohibited"}))
    assert change.after["secrets"] == "none"


def test_without_an_adapter_nothing_can_be_known() -> None:
    without = Iscsi(enabled=False, others=["vmhba0 (SATA)"])

    assert plan(without, wish()) == ()
    assert plan(without, wish(enabled=False)) == ()
    assert plan(without, wish(state="absent", static_targets=[static()])) == ()
    with pytest.raises(NotFound, match=r"'enabled: true'.*of other kinds there are 'vmhba0 \(SATA\)'"):
        plan(without, wish(static_targets=[static()]))
    assert verbs(plan(without, wish(enabled=True, static_targets=[static()]))) == [
        "enable True",
        f"add {ONE} at 192.0.2.1:3260",
    ]


USED = {"name": "naa.1", "datastores": ("iscsi01",)}
GUARDS: list[tuple[frozenset[Route], dict[str, Any], bool]] = [
    (frozenset({route()}), {"state": "absent", "static_targets": [static()]}, True),
    (frozenset({route()}), {"static_targets": [], "purge": True}, True),
    (frozenset({route()}), {"enabled": False}, True),
    (frozenset({route()}), {"state": "absent", "send_targets": [send()]}, False),
    (frozenset({route(TWO, "192.0.2.2")}), {"state": "absent", "send_targets": [send()]}, True),
    (frozenset({route(TWO, "192.0.2.2")}), {"static_targets": [], "purge": True}, False),
    (frozenset({route(), route(TWO, "192.0.2.2")}), {"state": "absent", "static_targets": [static()]}, False),
    (frozenset({route(), route(TWO, "192.0.2.2")}), {"enabled": False}, True),
    (frozenset({route(), route(TWO, "192.0.2.2")}), {"static_targets": [], "send_targets": [], "purge": True}, True),
    (frozenset({route(), route(device="vmhba1")}), {"enabled": False}, False),
    (frozenset({Route(OURS, ONE)}), {"state": "absent", "static_targets": [static()]}, True),
    (frozenset({route()}), {"static_targets": [static(address="192.0.2.7")], "purge": True}, True),
    (frozenset(), {"enabled": False}, False),
]


@pytest.mark.parametrize(("routes", "given", "refused"), GUARDS)
def test_no_datastore_loses_its_disk(routes: frozenset[Route], given: dict[str, Any], refused: bool) -> None:
    for datastores, is_refused in ((("iscsi01",), refused), ((), False)):
        state = have(Disk(name="naa.1", routes=routes, datastores=datastores), **KNOWN)
        if is_refused:
            with pytest.raises(PlanError, match=r"'iscsi01'.*'force: true'") as caught:
                plan(state, wish(**given))
            assert caught.value.failure()["in_use"] == [{"disk": "naa.1", "datastores": ["iscsi01"]}]
        else:
            assert plan(state, wish(**given))
        assert plan(state, wish(**given, force=True))


@pytest.mark.parametrize(
    ("cannot", "given"),
    [
        ("static_targets", {"static_targets": [static(TWO)]}),
        ("send_targets", {"state": "absent", "send_targets": [send()]}),
        ("chap", {"chap": CHAP}),
        ("mutual_chap", {"chap": CHAP, "mutual_chap": MUTUAL}),
        ("target_chap", {"static_targets": [static(chap=CHAP)]}),
        ("target_mutual_chap", {"static_targets": [static(chap=CHAP, mutual_chap=MUTUAL)]}),
    ],
)
def test_what_an_adapter_does_not_let_be_set(cannot: str, given: dict[str, Any]) -> None:
    assert plan(have(**KNOWN), wish(**given))
    with pytest.raises(PlanError, match=r"vmhba64 \(software\) does not let"):
        plan(have(**KNOWN, cannot=frozenset({cannot})), wish(**given))


def test_what_a_send_target_told_of_and_left_behind_is_like_any_other() -> None:
    state, wanted = have(static_targets=(TOLD,)), wish(state="absent", static_targets=[static(TWO, "192.0.2.2")])

    assert verbs(plan(state, wanted)) == [f"remove {TWO} at 192.0.2.2:3260"]


BINDINGS: list[tuple[dict[str, Any], list[str] | str]] = [
    ({"bound_nics": ["vmk1"]}, []),
    ({"bound_nics": ["vmk1", "vmk3", "vmk3"]}, ["bind vmk3"]),
    ({"bound_nics": ["vmk3"], "purge": True}, "paths in use lead through vmk1"),
    ({"bound_nics": ["vmk3"], "purge": True, "force": True}, ["bind vmk3", "unbind vmk1", "unbind vmk2"]),
    ({"bound_nics": ["vmk1"], "purge": True}, ["unbind vmk2"]),
    ({"bound_nics": ["vmk2", "vmk3"], "state": "absent"}, ["unbind vmk2"]),
    ({"bound_nics": ["vmk1"], "state": "absent"}, "paths in use lead through vmk1"),
    ({"bound_nics": ["vmk9"]}, "cannot be bound to 'vmk9'; it can be bound to 'vmk3'"),
    ({"bound_nics": ["vmk 9"]}, "must name VMkernel adapters such as vmk1"),
    ({"bound_nics": ["vmk9"], "enabled": False}, "nothing else of the adapter"),
]


@pytest.mark.parametrize(("given", "expected"), BINDINGS)
def test_to_which_vmkernel_adapters_it_is_bound(given: dict[str, Any], expected: list[str] | str) -> None:
    state = have(bound={"vmk1": "active", "vmk2": "notUsed"}, bindable=frozenset({"vmk3"}))
    if isinstance(expected, str):
        with pytest.raises(EsxError, match=expected):
            plan(state, wish(**given))
        return

    changes = plan(state, wish(**given))

    assert [f"{one.verb} {one.nic}" for one in changes] == expected
    assert plan(foresee(state, changes), wish(**given)) == ()
    assert diff_of(changes)[0].get("bound_nics", {}) == {one.nic: "bound" for one in changes if one.verb == "unbind"}
    with_none = have(bound={}, bindable=frozenset({"vmk3"}), cannot=frozenset({"bound_nics"}))
    with pytest.raises(PlanError, match="does not let VMkernel adapters be set"):
        plan(with_none, wish(bound_nics=["vmk3"]))


def test_what_libvirt_makes_of_names() -> None:
    assert libvirt_uuid("iqn.2026-01.com.example:array") == "42e3e0a0-9181-b827-e721-35caa877f11a"
    assert pool_of(ONE, "192.0.2.1", 3260)["uuid"] == libvirt_uuid(ONE)


CHAPS = st.sampled_from([None, CHAP, {"level": "prohibited"}, {"level": "inherited"}])
STATICS = st.lists(
    st.builds(
        lambda name, number, chap: static(name, f"192.0.2.{number}", chap=chap),
        st.sampled_from([ONE, TWO]),
        st.integers(1, 3),
        CHAPS,
    ),
    max_size=3,
    unique_by=lambda one: (one["name"], one["address"]),
)
SENDS = st.sampled_from([[], [send("192.0.2.8")], [send("192.0.2.9")], [send("192.0.2.8"), send("192.0.2.9")]])
WISHES = st.fixed_dictionaries(
    {
        "static_targets": st.none() | STATICS,
        "send_targets": st.none() | SENDS,
        "bound_nics": st.none() | st.just(["vmk1"]),
    },
    optional={"state": st.just("absent"), "purge": st.just(True), "force": st.booleans()},
)


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(st.lists(WISHES, min_size=1, max_size=3))
def test_after_any_plan_there_is_none_left(wishes: list[dict[str, Any]]) -> None:
    state = have(**KNOWN, bound={"vmk2": "lastActive"})
    for given_options in wishes:
        try:
            wanted = wish(**given_options)
            changes = plan(state, wanted)
        except (OptionError, PlanError):
            continue
        state = foresee(state, changes)

        assert plan(state, wanted) == ()
        assert not changes or diff_of(changes)[0] != diff_of(changes)[1]
