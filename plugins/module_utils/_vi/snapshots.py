# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Snapshots of many virtual machines: read with the machines, worked on, and read once more where something was done.

Source: vim.VirtualMachine.snapshot, ``runtime.consolidationNeeded``, ``config.hardware.device``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import EsxError, FaultError, LookupFailed, PlanError
from .._flow.answers import Policy
from .._flow.outcome import BatchResult, VmResult
from .._flow.pace import Pace
from .._flow.script import Script
from .._flow.snapshot_tree import Place, Snapshot, Tree
from .._flow.snapshot_wish import CONSOLIDATION_PATH, TREE_PATH, Aim, Found, Wish
from .._flow.snapshots import Entry, bring
from .._flow.state import Vm, VmState
from .._vmx.snapshot_xml import STATES, SnapshotText, write
from .mirror import POWER_STATES

if TYPE_CHECKING:
    from .host import FoundVm, Host

DEVICES_PATH = "config.hardware.device"
# With these a host says that it has not begun with what was asked for.
REFUSED = (FaultError, LookupFailed, PlanError)
INDEPENDENT = ("independent_persistent", "independent_nonpersistent")


@dataclass(frozen=True, kw_only=True)
class SnapshotsResult(BatchResult):
    """What came of the work on all VMs, and the facts of their snapshots by moid."""

    facts: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the module's result; each VM has ``snapshot``, the one it was about, and ``snapshots``."""
        shown = super().to_json()
        for entry in shown["vms"]:
            entry.update(self.facts[entry["moid"]])
        return shown


def paths_of(wish: Wish) -> tuple[str, ...]:
    """Return the properties that are needed to know what is to be done."""
    return (TREE_PATH,) if wish.path == TREE_PATH else (TREE_PATH, wish.path)


def work(
    host: Host, found: Sequence[FoundVm], wish: Wish, policy: Policy, pace: Pace, *, single: bool, check_mode: bool
) -> SnapshotsResult:
    """Bring the snapshots of VMs, which were read with :func:`paths_of`, to what is wished."""
    first = {item.vm.moid: _found(item.values) for item in found}
    first = _with_independent_disks(host, found, first, wish)
    book: dict[str, Entry] = {}

    def script(vm: Vm, state: VmState) -> Script:
        return bring(vm, state, wish=wish, found=first[vm.moid], renew=renew, book=book)

    results = host.work_on(found, script, policy, pace, check_mode=check_mode)
    last = {moid: entry.before for moid, entry in book.items()}
    last |= {one.vm.moid: book[one.vm.moid].plan.after for one in results if one.vm.moid in book and one.error is None}
    if not check_mode:
        seen = _seen(host, [result for result in results if result.acted])
        last |= {moid: _found(values) for moid, values in seen.items()}
        results = [_as_seen(one, book, first, last, wish) if one.vm.moid in seen else one for one in results]
    facts = {}
    for result in results:
        moid = result.vm.moid
        tree = last.get(moid, first[moid]).tree
        facts[moid] = {"snapshot": _subject(tree, book.get(moid)), "snapshots": tree.facts()}
    return SnapshotsResult(results=results, single=single, facts=facts)


def renew(found: Found, path: str, value: Any) -> Found:
    """Take in a property that was read anew."""
    if path == CONSOLIDATION_PATH:
        return replace(found, needs_consolidation=bool(value))
    return replace(found, tree=tree_of(value))


def tree_of(info: Any) -> Tree:
    """Return our form of vim.vm.SnapshotInfo, an empty tree for None."""
    if info is None:
        return Tree()
    current = info.currentSnapshot
    roots = tuple(_snapshot(node) for node in info.rootSnapshotList or ())
    return Tree(roots, None if current is None else str(current._moId))


def facts_with_xml(tree: Tree, place: Place, vm: Vm) -> dict[str, Any]:
    """Return the facts of a snapshot with its XML as libvirt writes it."""
    snapshot = place.snapshot
    text = SnapshotText(
        name=snapshot.name,
        description=snapshot.description,
        state=STATES[snapshot.power_state.value] if snapshot.power_state else None,
        parent=place.parent.name if place.parent is not None else None,
        created=int(snapshot.created.timestamp()) if snapshot.created is not None else None,
        uuid=vm.uuid,
    )
    return {**tree.facts_of(place), "snapshot_xml": write(text)}


def _snapshot(node: Any) -> Snapshot:
    return Snapshot(
        moid=str(node.snapshot._moId),
        name=str(node.name),
        id=node.id,
        description=str(node.description or ""),
        created=node.createTime,
        power_state=POWER_STATES.get(str(node.state)),
        quiesced=bool(node.quiesced),
        children=tuple(_snapshot(child) for child in node.childSnapshotList or ()),
    )


def _found(values: Mapping[str, Any]) -> Found:
    return Found(
        tree=tree_of(values.get(TREE_PATH)),
        needs_consolidation=bool(values.get(CONSOLIDATION_PATH)),
    )


def _with_independent_disks(
    host: Host, found: Sequence[FoundVm], first: dict[str, Found], wish: Wish
) -> dict[str, Found]:
    """Add which disks are independent, which matters to who wants a memory kept."""
    makers = [item.vm for item in found if wish.memory and wish.would_make(first[item.vm.moid].tree)]
    devices = host.lookup_properties(makers, [DEVICES_PATH])
    added = {
        moid: replace(first[moid], independent=tuple(_independent(values.get(DEVICES_PATH) or ())))
        for moid, values in devices.items()
    }
    return first | added


def _independent(devices: Sequence[Any]) -> list[str]:
    backings = (getattr(one, "backing", None) for one in devices)
    return [str(getattr(one, "fileName", "")) for one in backings if str(getattr(one, "diskMode", "")) in INDEPENDENT]


def _seen(host: Host, results: Sequence[VmResult]) -> dict[str, Mapping[str, Any]]:
    # What cannot be read any more is shown as it was planned; why it cannot, the failures say.
    with suppress(EsxError):
        return host.lookup_properties([result.vm for result in results], [TREE_PATH, CONSOLIDATION_PATH])
    return {}


def _as_seen(
    result: VmResult, book: Mapping[str, Entry], first: Mapping[str, Found], last: Mapping[str, Found], wish: Wish
) -> VmResult:
    """Let the diff show what the host has now instead of what was planned, if it is our doing."""
    moid = result.vm.moid
    is_fulfilled = result.error is None and not result.acts and result.changed_before == result.changed_after
    if is_fulfilled or isinstance(result.error, REFUSED):
        return result
    before = book[moid].before if moid in book else first[moid]
    aim: Aim = wish.aim
    return replace(result, changed_before=before.shown(aim), changed_after=last[moid].shown(aim))


def _subject(tree: Tree, entry: Entry | None) -> dict[str, Any] | None:
    """Return the facts of the snapshot that the work was about; of a new one, as it is now."""
    if entry is None or entry.plan.subject is None:
        return None
    place = tree.place(entry.plan.subject)
    if place is None:
        planned = entry.plan.after.tree.place(entry.plan.subject)
        known = {one.snapshot.moid for one in entry.before.tree.walk()}
        new = [one for one in tree.walk() if one.snapshot.moid not in known]
        namesakes = [one for one in new if planned is not None and one.names[-1] == planned.names[-1]]
        there = [one for one in namesakes if planned is not None and one.names == planned.names]
        # Somebody else may have made one meanwhile, below which ours then is.
        place = next(iter(there or namesakes), None)
    return tree.facts_of(place) if place is not None else None
