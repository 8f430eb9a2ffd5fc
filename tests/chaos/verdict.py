# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after a run that a fault has hit: the invariants of the matrix, and all that is there to compare."""

from __future__ import annotations

import hashlib
import pathlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.killed import differing, state_of

from .client import Ran
from .faults import Fault

# What is behind a name that only we give.
OURS = "virt-esx"
MANAGERS = {
    "HostNetworkSystem": "networkInfo",
    "HostFirewallSystem": "firewallInfo",
    "HostStorageSystem": "storageDeviceInfo",
    "HostAutoStartManager": "config",
}
# These are written anew as often as a machine is changed, and say no more than its definition does.
OF_A_MACHINE = (".vmx", ".vmsd", ".nvram", ".log", ".vmxf")
# Tasks that only look, and those that take away what is of no use any more.
HARMLESS = ("SearchDatastore_Task", "SearchDatastoreSubFolders_Task", "CheckRelocate_Task", "DeleteDatastoreFile_Task")
NOT_CARRIED_OUT = ("drop-before", "http-503", "restart-before")
PICTURE_ENDS = b"IEND\xaeB`\x82"
# How long a task may take in the world's time, the faults included.
LONGEST_SECONDS = 3600.0
UNKNOWN = ("unreachable", "connection_lost", "not_vsphere", "session_expired", "task_lost", "timeout")


def everything(world: World, here: pathlib.Path) -> dict[str, Any]:
    """Return all that a task could have changed, on the host and on this machine."""
    with world.lock:
        found = state_of(world)
        for type_name, path in MANAGERS.items():
            found[type_name] = [str(one.get(path)) for one in world.of_type(type_name)]
        found["stores"] = sorted((one.get("name"), str(one.get("summary.type"))) for one in world.of_type("Datastore"))
        found["machines"] = sorted(_machine(vm) for vm in world.of_type("VirtualMachine"))
        found["contents"] = contents(world)
    found["here"] = {str(path.relative_to(here)): _digest(path) for path in sorted(here.rglob("*")) if path.is_file()}
    return found


def contents(world: World) -> dict[str, str]:
    """Return the length and the checksum of every file that no machine writes for itself, by datastore and path."""
    return {
        f"[{store.get('name')}] {path}": _sum(file)
        for store in world.of_type("Datastore")
        for path, file in store.files
        if not path.endswith(OF_A_MACHINE)
    }


def _sum(file: Any) -> str:
    # The data of a virtual disk are zero, whatever its length.
    known = hashlib.sha256(file.read() or b"").hexdigest()[:16] if file.length < 1024**2 else ""
    return f"{file.length} {known}"


def _digest(path: pathlib.Path) -> str:
    # What is on a screen changes with every start.
    if path.suffix == ".png":
        content = path.read_bytes()
        return "a picture" if content.startswith(b"\x89PNG") and content.endswith(PICTURE_ENDS) else "no picture"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _machine(vm: Any) -> tuple[str, ...]:
    question, snapshots = vm.get("runtime.question"), vm.get("snapshot")
    tree = _names(snapshots.rootSnapshotList) if snapshots is not None else ""
    return str(vm.get("name")), str(vm.get("runtime.host")), tree, "" if question is None else str(question.text)


def _names(trees: Any) -> str:
    return ", ".join(f"{one.name} ({_names(one.childSnapshotList)})" for one in trees)


def started(world: World) -> Counter[str]:
    """Count the tasks that the host has begun, by what they do to what."""
    return Counter(
        f"{call.method} {call.key.moid} {sorted(map(str, call.args.items()))}"
        for call in world.calls
        if call.method.endswith("_Task")
        and call.method not in HARMLESS
        and _is_begun(call.fault)
        # An upload that begins anew ends anew, in the place of what it brought before.
        and call.args.get("force") is not True
    )


def _is_begun(fault: str) -> bool:
    return not fault or (fault in ("drop-after", "truncate", "garbage", "restart-after"))


def wrongs_of_a_run(ran: Ran, fault: Fault, method: str, secrets: tuple[str, ...]) -> Iterator[str]:
    """Say what is wrong with how a run ended: that it did not, a trace, words that tell nothing, or too much."""
    if ran.crash:
        yield f"it raised: {ran.crash}"
    if fault.kills != ran.is_killed:
        yield "it was not killed" if fault.kills else "it was killed"
    if ran.seconds > LONGEST_SECONDS:
        yield f"it took {ran.seconds:.0f} s"
    said = "" if ran.error is None else f"{ran.error} {ran.error.failure()}"
    for secret in secrets:
        if secret in said or secret in str(ran.result) or secret in "".join(ran.warnings):
            yield "a secret is in what it says"
    if ran.error is not None and "127.0.0.1" not in str(ran.error) and method not in str(ran.error):
        names = [str(vm.get("name")) for vm in (ran.result or {}).get("vms", ())]
        if ran.error.kind in UNKNOWN[:3] and not any(name in str(ran.error) for name in names):
            yield f"it says neither where nor in what it failed: {ran.error}"
    if ran.error is not None and "Traceback" in said:
        yield "a trace is in what it says"


def is_unclear(ran: Ran) -> bool:
    """Tell whether a run failed because it does not know what became of a request."""
    failures = [] if ran.error is None else [ran.error.failure()]
    failures += [vm.get("failure") or {} for vm in (ran.result or {}).get("vms", ())]
    return any(failure.get("kind") in UNKNOWN for failure in failures)


def wrongs_of_a_world(
    world: World, before: Mapping[str, Any], wanted: Mapping[str, Any], found: Mapping[str, Any], *, is_over: bool
) -> Iterator[str]:
    """
    Say what is wrong with a world after a run: machines that are there twice, files that are lost or damaged or stray.

    ``is_over``: the run had every occasion to tidy up.
    """
    # A client whose connection a restart cuts in the middle of an upload is no defect.
    defects = [error for error in world.errors if not isinstance(error, ConnectionError)]
    if defects:
        yield f"the simulator is wrong: {defects[0]}"
    names, paths = ([entry[index] for entry in found["vms"]] for index in (0, 2))
    if len(set(names)) < len(names) or len(set(paths)) < len(paths):
        yield f"a machine is there twice: {names}"
    for part in ("contents", "here"):
        yield from _damaged(before[part], wanted[part], found[part], moves=part == "contents")
    if is_over:
        strays = [path for part in ("contents", "here") for path in found[part] if OURS in path]
        if strays:
            yield f"strays are left: {strays}"


def _damaged(
    before: Mapping[str, str], wanted: Mapping[str, str], found: Mapping[str, str], *, moves: bool
) -> Iterator[str]:
    for path, known in before.items():
        if path not in found:
            if (path in wanted and not moves) or (path in wanted and known not in found.values()):
                yield f"{path} is lost"
        elif found[path] not in (known, wanted.get(path)) and not path.endswith(".vmdk"):
            yield f"{path} is damaged: {found[path]}, neither {known} nor {wanted.get(path)}"


def twice(begun: Counter[str], usual: Counter[str]) -> list[str]:
    """Return the tasks that were begun more often than where nothing went wrong."""
    return [f"{what} was begun {count} times" for what, count in begun.items() if count > max(1, usual[what])]


def unlike(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Say in which parts two worlds differ; "" in none."""
    return differing(wanted, found)[:1500]
