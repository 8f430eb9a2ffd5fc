# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What many virtual machines cost: ``./dev benchmark scale``.

Time and memory of one task for ever more machines, with the slope from each size to the next: where the work is linear,
it stays the same. Beside it what a script written by hand takes for the same, the reader of replies beside pyVmomi's,
and the memory of a wait that goes on and on. The figures are for people; nothing fails because a machine is slow.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._flow.state import PowerState
from ansible_collections.virt.esx.plugins.module_utils._vi import reader, sdk
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import Session, connect
from ansible_collections.virt.esx.plugins.module_utils._vi.facts import FACT_PATHS
from ansible_collections.virt.esx.plugins.module_utils._vi.host import FoundVm, Host
from ansible_collections.virt.esx.plugins.module_utils._vi.properties import all_vms, filter_spec
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Transport
from ansible_collections.virt.esx.plugins.module_utils._vi.watch import Watch
from pyVmomi.SoapAdapter import SoapResponseDeserializer

from .contestants import Place
from .measuring import Command, Costs, Simulator, simulator

SIZES = (1000, 2000, 5000, 10_000)
BATCHES = (100, 250, 500, 1000)
DECODED = 1000
WAITS = (250, 500, 1000, 2000)
READ = [*FACT_PATHS, "parent", "runtime.host"]
TASK_SECONDS = 1.0

Ways = dict[str, Callable[[Place], Command]]


def facts(_size: int) -> Ways:
    """Read the facts of all machines, and the same properties by hand."""
    return {
        "facts": lambda place: place.module("esx_vm_info"),
        "facts, by hand": lambda place: place.script("facts", *READ),
    }


def power(size: int) -> Ways:
    """Power on all machines in one task, and by hand."""
    names = [f"vm-{number:05}" for number in range(1, size + 1)]
    return {
        "power on": lambda place: place.module("esx_vm_power", names=names, state="powered-on", concurrency=size),
        "power on, by hand": lambda place: place.script("power", *names),
    }


def grown(sizes: Sequence[int], ways: Callable[[int], Ways], runs: int, **vms: Any) -> Iterator[str]:
    """Yield a line for each size and each way: medians, and what one machine more took since the size before."""
    before: dict[str, tuple[int, Costs]] = {}
    for size in sizes:
        costs = _measured(size, ways(size), runs, vms)
        first, *_others = costs.values()
        for name, cost in costs.items():
            if cost.failure:
                yield f"{name:<20} {size:>7,}  failed: {cost.failure}"
                continue
            beside = "" if cost is first else f"  ours / this {_ratio(first, cost)}"
            yield f"{name:<20} {size:>7,}  {_figures(cost)}  {_slope(size, cost, before.get(name))}{beside}"
            before[name] = size, cost


def _measured(size: int, ways: Ways, runs: int, vms: dict[str, Any]) -> dict[str, Costs]:
    costs = {name: Costs() for name in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator({"vms": [{"name": "vm-{n:05}", "count": size, **vms}]}, folder) as host:
            place = Place(host.ready, folder)
            for _run in range(runs):
                for way, command in ways.items():
                    if "power_state" not in vms:
                        host.power("powered-off")
                    costs[way].runs.append(host.measure(command(place)))
    return costs


def _ratio(one: Costs, other: Costs) -> str:
    seconds, cpu = (one.median(name) / other.median(name) for name in ("seconds", "cpu"))
    return f"{seconds:.2f}, of CPU {cpu:.2f}"


def _figures(cost: Costs) -> str:
    return (
        f"{cost.median('seconds'):>7.2f} s {cost.median('cpu'):>7.2f} s CPU {cost.median('peak_mib'):>6.0f} MiB"
        f" {cost.median('requests'):>6.0f} requests"
    )


def _slope(size: int, cost: Costs, before: tuple[int, Costs] | None) -> str:
    if before is None:
        return f"{'':<36}"
    fewer, earlier = before
    more = size - fewer
    seconds = cost.median("seconds") - earlier.median("seconds")
    cpu = cost.median("cpu") - earlier.median("cpu")
    mib = cost.median("peak_mib") - earlier.median("peak_mib")
    return f"each: {1000 * seconds / more:5.2f} ms {1000 * cpu / more:5.2f} ms CPU {1024 * mib / more:5.1f} KiB"


@contextmanager
def _logged_in(simulated: Simulator) -> Iterator[Host]:
    ready = simulated.ready
    named = {name: ready[name] for name in ("hostname", "port", "username", "password", "ca_path")}
    options = {**named, "validate_certs": True, "connect_timeout": 10}
    with connect(options, warn=print, hide=lambda _text: None) as host:
        yield host


def decoding(runs: int) -> Iterator[str]:
    """Yield how long a reply is read, by our reader and by pyVmomi's."""
    scenario = {"vms": [{"name": "vm-{n:05}", "count": DECODED, "power_state": "powered-on"}]}
    with tempfile.TemporaryDirectory() as name, simulator(scenario, Path(name)) as host, _logged_in(host) as esx:
        body, stub = _reply(esx), esx.session.stub
    result = sdk.vmodl.query.PropertyCollector.RetrieveResult
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: reader.read_reply("RetrievePropertiesEx", body, stub),
        "pyVmomi's": lambda: SoapResponseDeserializer(stub).Deserialize(io.BytesIO(body), result),
    }
    took: dict[str, list[float]] = {who: [] for who in ways}
    for _run in range(max(3, runs)):
        for who, read in ways.items():
            began = time.process_time()
            found = read()
            took[who].append(time.process_time() - began)
            if len(found.objects) != DECODED:
                raise SystemExit(f"{who} reader found {len(found.objects)} machines")
    medians = {who: statistics.median(runs_of) for who, runs_of in took.items()}
    ours, theirs = medians.values()
    yield f"reading a reply of {DECODED:,} machines, {len(body) / 1e6:.1f} MB"
    yield from (f"  {who:<10} {seconds:.3f} s CPU" for who, seconds in medians.items())
    yield f"  ours / pyVmomi's {ours / theirs:.2f}"


def _reply(esx: Host) -> bytes:
    """Return the bytes in which the host answers a read of all facts."""
    heard: list[bytes] = []

    class Listening(Transport):
        """The transport, with an ear."""

        def _decode(self, info: Any, status: int, body: bytes, stub: Any) -> Any:
            heard.append(body)
            return super()._decode(info, status, body, stub)

    stub = esx.session.stub
    stub.__class__ = Listening
    spec = filter_spec(all_vms(esx.session), {"VirtualMachine": READ})
    options = sdk.vmodl.query.PropertyCollector.RetrieveOptions()
    esx.session.call(esx.session.content.propertyCollector, "RetrievePropertiesEx", specSet=[spec], options=options)
    stub.__class__ = Transport
    return heard[0]


def waiting() -> Iterator[str]:
    """Yield what a wait holds in memory after ever more rounds, in each of which others begin and end a task."""
    scenario = {"vms": [{"name": "vm-{n}", "count": 10}]}
    with (
        tempfile.TemporaryDirectory() as name,
        simulator(scenario, Path(name)) as host,
        _logged_in(host) as esx,
        _logged_in(host) as others,
    ):
        found = esx.lookup_vms(Selector(option="name", value="vm-1"))
        watch = Watch(esx.session, {item.vm.moid: item.mirror for item in found})
        watch.open()
        watch.wait(0)
        yield from _rounds(watch, found[0], others.session)
        watch.close()


def _rounds(watch: Watch, watched: FoundVm, others: Session) -> Iterator[str]:
    vm = others.reference("VirtualMachine", watched.vm.moid)
    done = 0
    tracemalloc.start()
    for rounds in WAITS:
        for number in range(done, rounds):
            wanted = PowerState.OFF if number % 2 else PowerState.ON
            others.call(vm, "PowerOffVM_Task" if number % 2 else "PowerOnVM_Task")
            while watched.state.power_state is not wanted:
                watch.wait(5)
            watched.mirror.let_go()
        done = rounds
        gc.collect()
        yield f"a wait after {rounds:>5,} tasks of others holds {tracemalloc.get_traced_memory()[0] / 1024:>6.0f} KiB"
    tracemalloc.stop()


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev benchmark scale", description="What many virtual machines cost.")
    parser.add_argument("--runs", type=int, default=3, help="how often each is done, default 3")
    parser.add_argument("--part", action="append", choices=("facts", "power", "decoding", "waiting"))
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave out what is larger")
    options = parser.parse_args(given)
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "facts": lambda: grown([size for size in SIZES if size <= options.most], facts, options.runs, **_ON),
        "power": lambda: grown([size for size in BATCHES if size <= options.most], power, options.runs, **_SLOW),
        "decoding": lambda: decoding(options.runs),
        "waiting": waiting,
    }
    for name, lines in parts.items():
        if not options.part or name in options.part:
            for line in lines():
                print(line, flush=True)
    return 0


_ON = {"power_state": "powered-on"}
_SLOW = {"task_seconds": TASK_SECONDS}


if __name__ == "__main__":
    sys.exit(main())
