# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
esx_vm_define killed at every request that it sends: the next run makes of it what an undisturbed one makes.

A killed client sends nothing more, not even what it would send on its way out; what it had started goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.config_info import read_config
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.modules import esx_vm_define
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.worlds import Outcome, WorldTransport, params, run, world_of

LONG = 24 * 3600.0
DISK_KIB = 1024 * 1024
UUID = "564d0000-0000-0000-0000-00000000000a"
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "web01"
guestOS = "debian12-64"
memSize = "512"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 0a"
ethernet0.present = "TRUE"
ethernet0.virtualDev = "vmxnet3"
ethernet0.networkName = "VM Network"
ethernet0.addressType = "generated"
"""
DOMAIN = f"""\
<domain type='vmware'>
  <name>web01</name>
  <uuid>{UUID}</uuid>
  <memory unit='KiB'>524288</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <source file='[datastore1] spare/spare.vmdk'/>
      <target dev='sda' bus='scsi'/>
      <address type='drive' controller='0' bus='0' target='0' unit='0'/>
    </disk>
  </devices>
</domain>
"""
STORED = VMX.replace("web01", "stored")
SPARE = {"name": "spare", "disks": [{"size_gib": 1}], "power_state": "powered-off"}
ON = {"name": "web01", "power_state": "powered-on", "guest_shutdown_seconds": 5, "disks": [{"size_gib": 1}]}
OFF = {**ON, "power_state": "powered-off"}
NEW_DISK = {"slot": "scsi0:0", "capacity_kib": DISK_KIB, "provisioning": "thick"}
OLD_DISK = {"slot": "scsi0:1", "file": "[datastore1] spare/spare.vmdk", "capacity_kib": 2 * DISK_KIB}
MODIFIED: dict[str, Any] = {
    "disks": [{"slot": "scsi0:0", "capacity_kib": 2 * DISK_KIB}, {"slot": "scsi0:1", "capacity_kib": DISK_KIB}],
    "nics": [{"slot": "ethernet0", "network": "Other"}],
    "annotation": "changed",
}
# What -> the machines that are there, and what is wished.
CASES: Mapping[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "create": (
        [],
        {"name": "web01", "definition": {"uuid": UUID, "memory_mib": 512, "cpus": 2, "disks": [NEW_DISK]}},
    ),
    "create with a disk that is there and grows": (
        [SPARE],
        {"name": "web01", "definition": {"uuid": UUID, "disks": [NEW_DISK, OLD_DISK]}, "directory": "a/web01"},
    ),
    "vmx": ([], {"vmx": VMX}),
    "vmx in a directory below others": ([], {"vmx": VMX, "directory": "a/b/web01"}),
    "domain_xml": ([SPARE], {"domain_xml": DOMAIN}),
    "vmx_path": ([], {"vmx_path": "[datastore1] stored/stored.vmx", "name": "web01"}),
    "vmx_path with another UUID": ([], {"vmx_path": "[datastore1] stored/stored.vmx", "uuid": UUID[:-1] + "b"}),
    "modify": ([OFF], {"name": "web01", "definition": {**MODIFIED, "absent": ["ide0:0"]}}),
    "modify while it runs": ([ON], {"name": "web01", "definition": MODIFIED}),
    "modify with a power cycle": (
        [ON],
        {
            "name": "web01",
            "definition": {**MODIFIED, "memory_mib": 2048, "hardware_version": 20, "absent": ["ide0:0"]},
            "power_cycle": True,
        },
    ),
    "absent": ([OFF], {"name": "web01", "state": "absent"}),
    "absent, by force": ([ON], {"name": "web01", "state": "absent", "force": True}),
    "absent from disk": ([OFF, SPARE], {"name": "web01", "state": "absent", "delete_from_disk": True}),
    "absent from disk, by force": (
        [ON, SPARE],
        {"name": "web01", "state": "absent", "delete_from_disk": True, "force": True},
    ),
}


class Killed(BaseException):
    """What no code of ours catches: the process is gone."""


class MortalTransport(WorldTransport):
    """A transport that dies at its n-th request: before it is sent, or once it is carried out and before its reply."""

    def __init__(self, world: World, dies_at: int, *, arrives: bool) -> None:
        super().__init__(world)
        self._dies_at, self._arrives = dies_at, arrives
        self._is_dead = False
        self._counting = threading.Lock()

    def transfer(self, verb: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        return self._mortal(lambda: WorldTransport.transfer(self, verb, target, body))

    def _exchange(self, method: str, request: bytes, timeout: float) -> tuple[int, bytes]:
        return self._mortal(lambda: WorldTransport._exchange(self, method, request, timeout))

    def _mortal(self, send: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        with self._counting:
            is_last = not self._is_dead and self.requests + 1 >= self._dies_at
            was_dead, self._is_dead = self._is_dead, self._is_dead or is_last
        if was_dead or (is_last and not self._arrives):
            raise Killed
        reply = send()
        # One that was under way when another was the last has nobody to return to.
        if self._is_dead:
            raise Killed
        return reply


def a_world(*vms: Mapping[str, Any]) -> World:
    files = {"stored/stored.vmx": STORED}
    return world_of(
        *vms,
        datastores=[{"name": "datastore1", "files": files}, {"name": "datastore2"}],
        networks=[{"name": "VM Network"}, {"name": "Other"}],
    )


def wish_of(wish: Mapping[str, Any]) -> dict[str, Any]:
    return {"datastore": "datastore1", **wish}


def define(world: World, wish: Mapping[str, Any]) -> Outcome:
    return run(esx_vm_define, world, **wish_of(wish))


def killed(world: World, wish: Mapping[str, Any], dies_at: int, *, arrives: bool) -> bool:
    """Run the module until it is killed; then let the host come to rest. Tell whether it was killed."""
    session = Session(
        MortalTransport(world, dies_at, arrives=arrives),
        Credentials(username=world.username, password=world.password),
    )
    try:
        session.open()
        esx_vm_define.run(params(esx_vm_define, **wish_of(wish)), Host(session, now=world.clock.now), check_mode=False)
        session.close()
    except Killed:
        return True
    finally:
        world.clock.advance(LONG)
    return False


def state_of(world: World) -> dict[str, Any]:
    """All that is there: the machines with their power state and definition, the files, the folders and the space."""
    vms = sorted(world.of_type("VirtualMachine"), key=lambda vm: str(vm.get("name")))
    return {
        "vms": [
            (vm.get("name"), vm.get("runtime.powerState"), vm.vmx_path, read_config(vm.get("config")).definition)
            for vm in vms
        ],
        "files": {
            store.get("name"): sorted(f"{path} {file.size}" for path, file in store.files)
            for store in world.of_type("Datastore")
        },
        "folders": {store.get("name"): sorted(folders(store)) for store in world.of_type("Datastore")},
        "free": {store.get("name"): store.files.free for store in world.of_type("Datastore")},
    }


def folders(store: Any, path: str = "") -> Iterator[str]:
    for name in store.files.below(path)[0]:
        below = f"{path}/{name}" if path else name
        yield below
        yield from folders(store, below)


def tasks(world: World) -> int:
    return sum(call.method.endswith("_Task") for call in world.calls)


@pytest.mark.parametrize("name", CASES)
def test_what_was_killed_at_any_step_is_finished_by_the_next_run(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    vms, wish = CASES[name]
    undisturbed = a_world(*vms)
    first = define(undisturbed, wish)
    assert first.error is None
    assert first.result["changed"]
    undisturbed.clock.advance(LONG)
    wanted = state_of(undisturbed)
    runs, lost = 0, []
    for step in range(1, first.requests + 1):
        for arrives in (False, True):
            world = a_world(*vms)
            assert killed(world, wish, step, arrives=arrives) or step > 5
            again = define(world, wish)
            world.clock.advance(LONG)
            found, count = state_of(world), tasks(world)
            once_more = define(world, wish)
            runs += 1
            if again.error is not None or found != wanted:
                lost.append((step, arrives, world.calls.methods(), str(again.error), differing(wanted, found)))
            elif once_more.error is not None or once_more.result["changed"] or tasks(world) != count:
                lost.append((step, arrives, world.calls.methods(), str(once_more.error), "changed again"))
    record_property("steps", first.requests)
    record_property("runs", runs)
    record_property("losses", len(lost))
    print(f"{name}: {first.requests} steps, {runs} runs, {len(lost)} losses")
    assert lost == []


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    return "; ".join(f"{key}: {wanted[key]} != {found[key]}" for key in wanted if wanted[key] != found[key])
