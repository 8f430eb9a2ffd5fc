# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_iscsi on a simulated host: what the host then has, what is refused and told, and how many requests it took."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_iscsi
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import Outcome, called, run, world_of

ONE, TWO = "iqn.2026-01.com.example:one", "iqn.2026-01.com.example:two"
SECRET, MUTUAL_SECRET, WRONG = "only-a-rehearsal", "only-an-answer", "not-the-right-one"
GIB = 1024**3
NETWORK: dict[str, Any] = {
    "targets": [
        {
            "name": ONE,
            "portals": ["192.0.2.20", "192.0.2.21:3261"],
            "luns": [{"datastore": "iscsi01", "lun": 2}, {"lun": 5, "capacity_gib": 7}],
        },
        {
            "name": TWO,
            "portals": ["192.0.2.30"],
            "luns": [{"id": "guarded", "model": "VAULT"}],
            "chap": {"name": "esx", "secret": SECRET, "mutual_name": "array", "mutual_secret": MUTUAL_SECRET},
        },
    ]
}
ADDRESS = {"address": "192.0.2.20", "port": 3260}
CHAP: dict[str, Any] = {"level": "required", "name": "esx", "secret": SECRET}
MUTUAL: dict[str, Any] = {"level": "required", "name": "array", "secret": MUTUAL_SECRET}
GUARDED: dict[str, Any] = {"name": TWO, "address": "192.0.2.30", "port": 3260, "chap": CHAP, "mutual_chap": MUTUAL}
INHERITED = {"level": "inherited"}
WRITES = (
    *("UpdateSoftwareInternetScsiEnabled", "UpdateInternetScsiName", "UpdateInternetScsiAlias", "RescanHba"),
    *("UpdateInternetScsiAuthenticationProperties", "AddInternetScsiSendTargets", "AddInternetScsiStaticTargets"),
    *("RemoveInternetScsiSendTargets", "RemoveInternetScsiStaticTargets", "RescanVmfs"),
)


def world(host: dict[str, Any] | None = None, **iscsi: Any) -> World:
    stores = [{"name": "datastore1"}, {"name": "iscsi01"}]
    return world_of(datastores=stores, iscsi={**NETWORK, **iscsi}, host=host or {})


def info(there: World) -> str:
    return str(there.of_type("HostStorageSystem")[0].get("storageDeviceInfo"))


def seen(outcome: Outcome) -> dict[str, Any]:
    """Return what check mode and the run must agree in."""
    return {"failure": outcome.failure, **{name: outcome.result.get(name) for name in ("changed", "diff", "adapter")}}


def documented(outcome: Outcome) -> list[str]:
    failure = {"msg": str(outcome.error), "failure": outcome.failure} if outcome.error else {}
    return differences("esx_iscsi", {**outcome.result, **failure})


STEPS: list[dict[str, Any]] = [
    {"name": "iqn.2026-01.com.example:esx", "alias": "the first"},
    {"send_targets": [ADDRESS], "static_targets": [{**GUARDED, "chap": CHAP}]},
    {"chap": {**CHAP, "level": "preferred"}},
    {"static_targets": [{**GUARDED, "chap": INHERITED, "mutual_chap": INHERITED}]},
    {"chap": {**CHAP, "name": "esx"}, "mutual_chap": MUTUAL},
    {"send_targets": [{**ADDRESS, "chap": {"level": "prohibited"}, "mutual_chap": {"level": "prohibited"}}]},
    {"static_targets": [{"name": ONE, "address": "192.0.2.21", "port": 3262}], "purge": True},
    {"static_targets": [{"name": ONE, "address": "192.0.2.21", "port": 3262}], "state": "absent"},
    {"chap": {"level": "prohibited"}, "mutual_chap": {"level": "prohibited"}},
    {"send_targets": [], "purge": True, "force": True},
    {"enabled": False},
    {"enabled": False, "force": True},
]


def test_check_mode_and_the_second_time_are_true_of_every_step() -> None:
    there = world()
    for number, step in enumerate(STEPS):
        before = info(there)
        foreseen = run(esx_iscsi, there, check_mode=True, **step)
        assert info(there) == before
        done = run(esx_iscsi, there, **step)
        again = run(esx_iscsi, there, **step)

        assert seen(foreseen) == seen(done), step
        assert (done.error, done.result["changed"]) == (None, number != len(STEPS) - 1), step
        assert (again.result["changed"], again.result["diff"]) == (False, {"before": {}, "after": {}}), step
        assert again.result["adapter"] == done.result["adapter"]
        assert again.requests == 4
        assert documented(foreseen) == documented(done) == []
        assert not foreseen.result["rescanned"]


def test_switching_on_and_all_at_once() -> None:
    there = world(enabled=False)
    wish: dict[str, Any] = {
        "enabled": True,
        "name": "iqn.2026-01.com.example:esx",
        "alias": "",
        "chap": {**CHAP, "level": "preferred"},
        "send_targets": [ADDRESS],
        "static_targets": [GUARDED],
    }

    foreseen = run(esx_iscsi, there, check_mode=True, **wish)
    assert [method for method in WRITES if called(there, method)] == []
    done = run(esx_iscsi, there, **wish)
    again = run(esx_iscsi, there, **wish)

    assert foreseen.result["diff"] == done.result["diff"]
    assert (foreseen.result["adapter"]["device"], done.result["adapter"]["device"]) == (None, "vmhba64")
    same = ("name", "chap", "mutual_chap", "send_targets", "static_targets")
    assert all(foreseen.result["adapter"][name] == done.result["adapter"][name] for name in same)
    assert [one["connected"] for one in done.result["targets"]] == [True, True, True]
    assert (again.result["changed"], done.requests, again.requests) == (False, 13, 4)


def test_targets_and_disks_are_as_libvirt_has_them() -> None:
    result = run(esx_iscsi, world(send_targets=["192.0.2.20"])).result

    assert [(one["address"], one["port"], one["found_through"]) for one in result["targets"]] == [
        ("192.0.2.20", 3260, "192.0.2.20:3260"),
        ("192.0.2.21", 3261, "192.0.2.20:3260"),
    ]
    pool = result["targets"][0]["pool"]
    assert pool["uuid"] == str(uuid.UUID(hashlib.md5(ONE.encode()).hexdigest()))
    first, second = result["luns"]
    assert (first["capacity_bytes"], second["capacity_bytes"]) == (100 * GIB, 7 * GIB)
    assert (first["datastores"], second["datastores"]) == (["iscsi01"], [])
    assert [one["lun"] for one in first["targets"]] == [2, 2]
    assert [one["working"] for one in first["paths"]] == [True, False]
    (volume,) = second["volumes"]
    assert volume["key"] == str(uuid.UUID(hashlib.md5(second["uuid"].encode()).hexdigest()))
    assert (volume["pool"], volume["path"], volume["allocation"]) == (ONE, second["device_path"], 7 * GIB)


def test_requests_are_few_however_many_targets_there_are() -> None:
    there = world()
    many = [{"name": f"{ONE}-{number}", "address": "192.0.2.40", "port": 3260, "chap": CHAP} for number in range(100)]

    done = run(esx_iscsi, there, static_targets=many)
    changed = run(esx_iscsi, there, static_targets=[{**one, "chap": {**CHAP, "name": "x"}} for one in many])
    gone = run(esx_iscsi, there, static_targets=[], purge=True, rescan="never")

    assert (done.requests, changed.requests, gone.requests) == (8, 8, 6)
    assert called(there, "AddInternetScsiStaticTargets") == called(there, "RemoveInternetScsiStaticTargets") == 1
    assert called(there, "UpdateInternetScsiAuthenticationProperties") == 1


@pytest.mark.parametrize(
    ("given", "hba", "vmfs"),
    [
        ({}, 0, 0),
        ({"rescan": "always"}, 1, 1),
        ({"rescan": "always", "rescan_vmfs": False}, 1, 0),
        ({"alias": "x"}, 0, 0),
        ({"send_targets": [ADDRESS]}, 1, 1),
        ({"send_targets": [ADDRESS], "rescan": "never"}, 0, 0),
    ],
)
def test_disks_are_looked_for_when_that_is_asked(given: dict[str, Any], hba: int, vmfs: int) -> None:
    for check_mode in (True, False):
        there = world()
        done = run(esx_iscsi, there, check_mode=check_mode, **given)

        expected = (0, 0) if check_mode else (hba, vmfs)
        assert (called(there, "RescanHba"), called(there, "RescanVmfs")) == expected
        assert done.result["rescanned"] == (not check_mode and bool(hba))
        assert done.result["changed"] == bool(given.keys() - {"rescan", "rescan_vmfs"})


@pytest.mark.parametrize(
    ("chap", "connected"),
    [
        (CHAP, True),
        ({**CHAP, "secret": WRONG}, False),
        ({**CHAP, "name": "other"}, False),
        ({"level": "prohibited"}, False),
    ],
)
def test_who_is_not_let_in_is_not_connected(chap: dict[str, Any], connected: bool) -> None:
    done = run(esx_iscsi, world(), static_targets=[{**GUARDED, "chap": chap, "mutual_chap": INHERITED}])

    assert [one["connected"] for one in done.result["targets"]] == [connected]
    assert bool(done.result["luns"]) == connected


def test_a_secret_is_sent_again_only_if_that_is_asked_for() -> None:
    there = world()
    run(esx_iscsi, there, static_targets=[{**GUARDED, "chap": {**CHAP, "secret": WRONG}}])

    still = run(esx_iscsi, there, static_targets=[GUARDED])
    foreseen = run(esx_iscsi, there, static_targets=[GUARDED], update_secret="always", check_mode=True)
    sent = run(esx_iscsi, there, static_targets=[GUARDED], update_secret="always")

    assert (still.result["changed"], still.result["targets"][0]["connected"]) == (False, False)
    assert (sent.result["changed"], sent.result["targets"][0]["connected"]) == (True, True)
    assert seen(foreseen) == seen(sent)
    assert run(esx_iscsi, there, static_targets=[GUARDED], update_secret="always").result["changed"]


@pytest.mark.parametrize(
    "given", [{"send_targets": [ADDRESS], "state": "absent"}, {"send_targets": [], "purge": True}, {"enabled": False}]
)
def test_no_disk_is_taken_from_under_a_datastore(given: dict[str, Any]) -> None:
    there = world(send_targets=["192.0.2.20"])
    before = info(there)
    for check_mode in (True, False):
        refused = run(esx_iscsi, there, check_mode=check_mode, **given)

        assert refused.kind == "plan"
        assert "'iscsi01'" in str(refused.error)
        assert refused.failure["in_use"][0]["datastores"] == ["iscsi01"]
        assert documented(refused) == []
    assert info(there) == before

    (store,) = [one for one in there.of_type("Datastore") if one.get("name") == "iscsi01"]
    assert run(esx_iscsi, there, **given, force=True).result["changed"]
    assert not store.get("summary").accessible


@pytest.mark.parametrize(("version", "sent"), [("6.5", None), ("8.0", True)])
def test_only_a_host_that_knows_force_is_told(version: str, sent: bool | None) -> None:
    there = world({"version": version}, send_targets=["192.0.2.20"])

    assert run(esx_iscsi, there, send_targets=[], purge=True, force=True).result["changed"]
    (call,) = there.calls.of("RemoveInternetScsiSendTargets")
    assert call.args.get("force") is sent


def test_a_datastore_that_is_not_mounted_is_in_nobodys_way() -> None:
    there = world(send_targets=["192.0.2.20"])
    (store,) = [one for one in there.of_type("Datastore") if one.get("name") == "iscsi01"]
    store.set("host", [type(one)(key=one.key, mountInfo=_unmounted(one.mountInfo)) for one in store.get("host")])

    assert run(esx_iscsi, there, enabled=False).result["changed"]


def _unmounted(mount: Any) -> Any:
    return type(mount)(path=mount.path, accessMode=mount.accessMode, mounted=False, accessible=False)


@pytest.mark.parametrize("failing", WRITES[1:])
def test_a_failure_half_way_says_what_was_done(failing: str) -> None:
    there = world(static_targets=[{"name": ONE, "portal": "192.0.2.41"}], send_targets=["192.0.2.42"])
    wish: dict[str, Any] = {
        "name": "iqn.2026-01.com.example:esx",
        "alias": "me",
        "chap": {**CHAP, "level": "preferred"},
        "send_targets": [ADDRESS],
        "static_targets": [GUARDED],
        "purge": True,
    }
    foreseen = run(esx_iscsi, there, check_mode=True, **wish)
    there.faults.add(FaultRule(method=failing, action="fault vim.fault.HostConfigFault"))

    failed = run(esx_iscsi, there, **wish)
    after = run(esx_iscsi, there, **wish)

    assert (failed.kind, failed.failure["fault"], failed.failure["method"]) == ("fault", "HostConfigFault", failing)
    assert failed.result["changed"] == bool(failed.failure["done"])
    assert documented(failed) == []
    assert after.error is None
    together = len(failed.failure["done"]) + len([*flat(after.result["diff"]["after"]), *gone(after)])
    assert together == len([*flat(foreseen.result["diff"]["after"]), *gone(foreseen)]) == 7
    assert not run(esx_iscsi, there, **wish).result["changed"]


def flat(half: dict[str, Any]) -> list[str]:
    """Name what a half of a difference is about."""
    return [
        f"{name} {label}" for name, value in half.items() for label in (value if name.endswith("targets") else [""])
    ]


def gone(outcome: Outcome) -> set[str]:
    diff = outcome.result["diff"]
    return set(flat(diff["before"])) - set(flat(diff["after"]))


@pytest.mark.parametrize(
    ("action", "kind"), [("drop-before", "connection_lost"), ("drop-after", None), ("truncate", None)]
)
@pytest.mark.parametrize("method", ["AddInternetScsiSendTargets", "UpdateInternetScsiName", "UpdateSoftware*"])
def test_after_a_lost_reply_the_host_is_looked_at(method: str, action: str, kind: str | None) -> None:
    there = world(enabled=not method.startswith("UpdateSoftware"))
    there.faults.add(FaultRule(method=method, action=action))

    done = run(esx_iscsi, there, enabled=True, name="iqn.2026-01.com.example:esx", send_targets=[ADDRESS])

    assert done.kind == kind
    assert len(there.calls.of(method)) == 1
    assert done.error is not None or (done.result["changed"] and len(done.result["luns"]) == 2)


def test_nobody_knows_whether_a_secret_has_arrived() -> None:
    there = world(static_targets=[{"name": TWO, "portal": "192.0.2.30"}])
    run(esx_iscsi, there, static_targets=[GUARDED])
    there.faults.add(FaultRule(method="UpdateInternetScsiAuth*", action="drop-after"))

    done = run(esx_iscsi, there, static_targets=[GUARDED], update_secret="always")

    assert (done.kind, done.failure["done"], done.result["changed"]) == ("connection_lost", [], False)


@pytest.mark.parametrize(
    ("method", "skip", "count", "action", "kind"),
    [
        ("RescanHba", 0, 2, "drop-before", "connection_lost"),
        ("RetrievePropertiesEx", 1, 2, "fault vim.fault.HostConfigFault", "fault"),
        ("RetrievePropertiesEx", 1, 1, "fault vim.fault.HostConfigFault", "fault"),
    ],
)
def test_what_was_done_is_told_even_if_the_host_says_no_more(
    method: str, skip: int, count: int, action: str, kind: str
) -> None:
    there = world()
    there.faults.add(FaultRule(method=method, skip=skip, count=count, action=action))

    done = run(esx_iscsi, there, alias="x", send_targets=[ADDRESS])

    assert (done.kind, done.result["changed"]) == (kind, True)
    assert done.failure["done"] == ["the adapter has another alias", "the send target 192.0.2.20:3260 is added"]
    assert documented(done) == []
    assert not run(esx_iscsi, there, alias="x", send_targets=[ADDRESS]).result["changed"]


def test_looking_for_disks_twice_does_no_harm() -> None:
    there = world()
    there.faults.add(FaultRule(method="RescanHba", action="drop-after"))

    assert run(esx_iscsi, there, send_targets=[ADDRESS]).result["rescanned"]
    assert called(there, "RescanHba") == 2


def test_the_free_licence_reads_and_does_not_write() -> None:
    there = world({"licence": "free"}, send_targets=["192.0.2.20"])

    assert len(run(esx_iscsi, there).result["luns"]) == 2
    done = run(esx_iscsi, there, alias="x")
    assert (done.kind, done.result["changed"], done.failure["done"]) == ("restricted_licence", False, [])
    assert documented(done) == []


def test_a_missing_privilege_is_named() -> None:
    there = world()
    fields = {"privilegeId": "Host.Config.Storage"}
    there.faults.add(FaultRule(method="UpdateInternetScsiAlias", action="fault vim.fault.NoPermission", fields=fields))

    done = run(esx_iscsi, there, alias="x")

    assert done.failure["privilege"] == "Host.Config.Storage"
    assert documented(done) == []


@pytest.mark.parametrize(
    ("iscsi", "given", "kind", "says"),
    [
        ({}, {"adapter": "vmhba9"}, "not_found", "there are 'vmhba64 (iSCSI Software Adapter)'"),
        (
            {"enabled": False},
            {"adapter": "vmhba64"},
            "not_found",
            "of other kinds there are 'vmhba0 (SATA Controller)'",
        ),
        ({"enabled": False}, {"alias": "x"}, "not_found", "switch it on with 'enabled: true'"),
        ({}, {"esxi_hostname": "other"}, "not_found", "there is no ESXi host 'other'"),
        ({}, {"datacenter": "other"}, "not_found", "there is no datacenter 'other'"),
        ({}, {"static_targets": [{"name": "x", "address": "y"}]}, "option", "must be an iSCSI name"),
    ],
)
def test_what_is_not_there(iscsi: dict[str, Any], given: dict[str, Any], kind: str, says: str) -> None:
    for check_mode in (True, False):
        there = world(**iscsi)
        outcome = run(esx_iscsi, there, check_mode=check_mode, **given)

        assert outcome.kind == kind
        assert says in str(outcome.error)
        assert documented(outcome) == []
        assert [method for method in WRITES if called(there, method)] == []


def test_the_adapter_is_bound_and_let_go() -> None:
    there = world(nics=["vmk1", "vmk2"], send_targets=["192.0.2.20"])
    steps: list[tuple[dict[str, Any], list[str]]] = [
        ({"bound_nics": ["vmk1", "vmk2"]}, ["vmk1", "vmk2"]),
        ({"bound_nics": ["vmk2"], "purge": True, "force": True}, ["vmk2"]),
        ({"bound_nics": ["vmk2"], "state": "absent", "force": True}, []),
    ]
    assert run(esx_iscsi, there).result["adapter"]["bound_nics"] is None
    for step, expected in steps:
        foreseen = run(esx_iscsi, there, check_mode=True, **step)
        done = run(esx_iscsi, there, **step)
        again = run(esx_iscsi, there, **step)

        assert seen(foreseen) == seen(done)
        assert (done.result["changed"], again.result["changed"]) == (True, False)
        assert done.result["adapter"]["bound_nics"] == expected
        assert documented(done) == []
        assert again.requests == 5
    for check_mode in (True, False):
        unknown = run(esx_iscsi, there, check_mode=check_mode, bound_nics=["vmk9"])
        assert (unknown.kind, unknown.failure["missing"]) == ("not_found", ["vmk9"])
        assert "'vmk0', 'vmk1', 'vmk2'" in str(unknown.error)


def test_paths_in_use_are_kept_and_a_refusal_is_told() -> None:
    there = world(nics=["vmk1"], send_targets=["192.0.2.20"])
    run(esx_iscsi, there, bound_nics=["vmk1"])
    for check_mode in (True, False):
        kept = run(esx_iscsi, there, check_mode=check_mode, bound_nics=[], purge=True)
        assert (kept.kind, "the last paths in use lead through vmk1" in str(kept.error)) == ("plan", True)
    there.faults.add(FaultRule(method="BindVnic", action="fault vim.fault.IscsiFault"))

    refused = run(esx_iscsi, there, alias="x", bound_nics=["vmk0"], enabled=True)

    assert (refused.failure["fault"], refused.failure["done"]) == ("IscsiFault", ["the adapter has another alias"])
    assert refused.result["adapter"]["bound_nics"] == ["vmk1"]


def test_an_adapter_that_is_just_switched_on_is_bound_too() -> None:
    there = world(enabled=False)
    foreseen = run(esx_iscsi, there, check_mode=True, enabled=True, bound_nics=["vmk0"])
    done = run(esx_iscsi, there, enabled=True, bound_nics=["vmk0"])

    assert foreseen.result["diff"] == done.result["diff"]
    assert foreseen.result["adapter"]["bound_nics"] == done.result["adapter"]["bound_nics"] == ["vmk0"]


def test_an_adapter_may_be_named() -> None:
    there = world(send_targets=["192.0.2.20"])

    assert run(esx_iscsi, there, adapter="vmhba64").result == run(esx_iscsi, there).result


def test_under_a_vcenter_the_host_is_named() -> None:
    there = world(send_targets=["192.0.2.20"])
    make_vcenter(there, "esx2.example.com")

    asked = run(esx_iscsi, there)
    first = run(esx_iscsi, there, esxi_hostname="esx1.example.com", datacenter="ha-datacenter", alias="x")
    other = run(esx_iscsi, there, esxi_hostname="esx2.example.com")

    assert (asked.kind, len(asked.failure["candidates"])) == ("ambiguous", 2)
    assert (first.result["host"], first.result["changed"]) == ({"name": "esx1.example.com", "moid": "ha-host"}, True)
    assert (len(first.result["luns"]), first.requests) == (2, 7)
    assert other.kind == "plan"
    assert "'esx2.example.com' does not tell what storage it has" in str(other.error)


@pytest.mark.parametrize("fault", [None, "fault vim.fault.HostConfigFault", "drop-before", "garbage", "fault NotFound"])
@pytest.mark.parametrize("method", ["UpdateInternetScsiAuthenticationProperties", "AddInternetScsiStaticTargets"])
def test_no_secret_is_in_anything_that_comes_back(method: str, fault: str | None) -> None:
    there = world()
    if fault is not None:
        there.faults.add(FaultRule(method=method, action=fault))
    wish: dict[str, Any] = {"chap": {**CHAP, "level": "required"}, "mutual_chap": MUTUAL, "static_targets": [GUARDED]}
    texts = []
    for check_mode, update in ((True, "on_create"), (False, "on_create"), (False, "always"), (True, "always")):
        outcome = run(esx_iscsi, there, check_mode=check_mode, update_secret=update, **wish)
        trail: BaseException | None = outcome.error
        while trail is not None:
            texts.append(repr(trail))
            trail = trail.__cause__
        texts += [json.dumps(outcome.result), json.dumps(outcome.failure), repr(outcome)]

    assert [text for text in texts for secret in (SECRET, MUTUAL_SECRET) if secret in text] == []
