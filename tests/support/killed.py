# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that die half-way, and what a world then looks like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._vi.config_info import read_config
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Credentials, Session
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.support.worlds import WorldTransport, params

# Longer than any task takes.
LONG = 24 * 3600.0


class Killed(BaseException):
    """What no code of ours catches: the process is gone."""


class MortalTransport(WorldTransport):
    """
    A transport that dies at its n-th request, for good: nothing is sent after that, not even on the way out.

    ``arrives``: that request is carried out, and only its reply is not seen; else it is never sent.
    """

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
            was_dead = self._is_dead
            self._is_dead = was_dead or self.requests + 1 >= self._dies_at
            is_last = self._is_dead and not was_dead
        if was_dead or (is_last and not self._arrives):
            raise Killed
        reply = send()
        # One that was under way when another was the last has nobody to return to.
        if self._is_dead:
            raise Killed
        return reply


def killed(module: ModuleType, world: World, dies_at: int, *, arrives: bool, **given: Any) -> bool:
    """Run a module until it is killed, and let the host go on until it is at rest; tell whether it was killed."""
    credentials = Credentials(username=world.username, password=world.password)
    session = Session(MortalTransport(world, dies_at, arrives=arrives), credentials)
    try:
        session.open()
        module.run(params(module, **given), Host(session, now=world.clock.now), check_mode=False)
        session.close()
    except Killed:
        return True
    finally:
        world.clock.advance(LONG)
    return False


def state_of(world: World) -> dict[str, Any]:
    """Return all that is there: machines with their power state and definition, files, folders, free space."""
    vms = sorted(world.of_type("VirtualMachine"), key=lambda vm: str(vm.get("name")))
    stores = {str(store.get("name")): store for store in world.of_type("Datastore")}
    return {
        "vms": [_machine(vm) for vm in vms],
        "files": {name: sorted(f"{path} {file.size}" for path, file in one.files) for name, one in stores.items()},
        "folders": {name: sorted(_folders(one)) for name, one in stores.items()},
        "free": {name: one.files.free for name, one in stores.items()},
    }


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Say in which parts two states differ."""
    return "; ".join(f"{key}: {wanted[key]} != {found[key]}" for key in wanted if wanted[key] != found[key])


def _machine(vm: Any) -> tuple[Any, ...]:
    config = read_config(vm.get("config"))
    return vm.get("name"), vm.get("runtime.powerState"), vm.vmx_path, config.is_cycled, config.definition


def _folders(store: Any, path: str = "") -> Iterator[str]:
    for name in store.files.below(path)[0]:
        below = f"{path}/{name}" if path else name
        yield below
        yield from _folders(store, below)
