# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a large file costs on its way to a datastore and back: ``./dev benchmark transfer``.

Ours beside curl and govc, on one simulator in one run. Server and client share the machine, so what counts is the ratio
to curl. The exit status is 1 where ours is slower than promised, takes more memory, or brings another file back.
"""

from __future__ import annotations

import argparse
import base64
import filecmp
import http.client
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .contestants import Place
from .measuring import Command, Costs, Simulator, simulator

GIB = 1024**3
BLOCK = 16 * 1024**2
OURS, CURL, GOVC = "ours", "curl", "govc"
LEAST_RATIO = 0.9
MOST_MIB = 100.0
STORE = "datastore1"


def source_of(folder: Path, size: int) -> Path:
    """Write a file of so many bytes, no two blocks of which are the same."""
    path, block = folder / "source.bin", os.urandom(BLOCK)
    with path.open("wb") as file:
        for number in range(0, size, BLOCK):
            file.write((number.to_bytes(8, "big") + block[8:])[: size - number])
    return path


def address_of(name: str) -> str:
    """Return where a file of the datastore is served."""
    return f"/folder/{name}?dcPath=ha-datacenter&dsName={STORE}"


def uploads(place: Place, ready: Mapping[str, Any], local: Path) -> dict[str, Callable[[], Command]]:
    """Return who carries a file to the datastore, each under a name of its own."""
    url = f"https://{ready['hostname']}:{ready['port']}{address_of('curl.bin')}"
    user = f"{ready['username']}:{ready['password']}"
    return {
        CURL: lambda: _curl(place, "-sS", "-k", "--fail", "-u", user, "-T", str(local), url),
        OURS: lambda: place.module("esx_volume_upload", src=str(local), dest=f"[{STORE}] ours.bin"),
        GOVC: lambda: place.govc("datastore.upload", f"-ds={STORE}", str(local), "govc.bin"),
    }


def downloads(place: Place, ready: Mapping[str, Any], folder: Path) -> dict[str, Callable[[], Command]]:
    """Return who brings a file from the datastore, each what it has carried there."""
    url = f"https://{ready['hostname']}:{ready['port']}{address_of('curl.bin')}"
    user = f"{ready['username']}:{ready['password']}"
    return {
        CURL: lambda: _curl(place, "-sS", "-k", "--fail", "-u", user, "-o", str(folder / CURL), url),
        OURS: lambda: place.module("esx_volume_download", src=f"[{STORE}] ours.bin", dest=str(folder / OURS)),
        GOVC: lambda: place.govc("datastore.download", f"-ds={STORE}", "govc.bin", str(folder / GOVC)),
    }


def _curl(place: Place, *arguments: str) -> Command:
    idle = place.idle()
    return Command(argv=[shutil.which("curl") or "curl", *arguments], environment=idle.environment, folder=idle.folder)


def forget(ready: Mapping[str, Any], name: str) -> None:
    """Delete a file of the datastore, so that its room is free again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(ready["hostname"], ready["port"], context=context, timeout=60)
    user = base64.b64encode(f"{ready['username']}:{ready['password']}".encode()).decode()
    connection.request("DELETE", address_of(name), headers={"Authorization": f"Basic {user}"})
    connection.getresponse().read()
    connection.close()


def measured(size: int, runs: int, host: Simulator, folder: Path) -> tuple[dict[str, Costs], dict[str, Costs], bool]:
    """Return what each upload and each download cost, and whether all files came back as they were."""
    place, local, is_same = Place(host.ready, folder), source_of(folder, size), True
    up = {who: Costs() for who in _present(uploads(place, host.ready, local))}
    down = {who: Costs() for who in up}
    for number in range(runs):
        # Nobody is always the first.
        order = list(up)[number % len(up) :] + list(up)[: number % len(up)]
        for who in order:
            # What the one before has written is not this one's to wait for.
            os.sync()
            up[who].runs.append(host.measure(uploads(place, host.ready, local)[who]()))
            os.sync()
            down[who].runs.append(host.measure(downloads(place, host.ready, folder)[who]()))
            came = folder / who
            is_same = is_same and came.exists() and filecmp.cmp(local, came, shallow=False)
            came.unlink(missing_ok=True)
            forget(host.ready, f"{who}.bin")
    return up, down, is_same


def _present(ways: Mapping[str, Callable[[], Command]]) -> list[str]:
    """Leave out who is not installed."""
    return [who for who in ways if who == OURS or shutil.which(who) is not None]


def lines(what: str, size: int, costs: Mapping[str, Costs]) -> Iterator[str]:
    """Yield a line for each who took part."""
    for who, cost in costs.items():
        if cost.failure:
            yield f"{what:<9} {who:<5} failed: {cost.failure}"
            continue
        ratio = f"{ratio_of(costs, who):5.2f} x curl" if CURL in costs else ""
        yield (
            f"{what:<9} {who:<5} {size / cost.median('seconds') / 1e6:>8.0f} MB/s {cost.median('seconds'):>7.2f} s "
            f"{cost.median('cpu'):>7.2f} s CPU {cost.median('peak_mib'):>6.0f} MiB {ratio}"
        )


def ratio_of(costs: Mapping[str, Costs], who: str) -> float:
    """Return how fast somebody is beside curl."""
    return costs[CURL].median("seconds") / costs[who].median("seconds")


def broken(costs: Mapping[str, Costs], least: float) -> list[str]:
    """Say which promises ours does not keep."""
    ours: Costs = costs[OURS]
    if ours.failure:
        return [ours.failure]
    found = []
    if CURL in costs and not costs[CURL].failure and ratio_of(costs, OURS) < least:
        found.append(f"{ratio_of(costs, OURS):.2f} x curl, promised is {least:.2f}")
    if max(run.peak_mib for run in ours.runs) > MOST_MIB:
        found.append(f"more than {MOST_MIB:.0f} MiB of memory")
    return found


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev benchmark transfer", description="What a large file costs.")
    parser.add_argument("--gib", type=float, default=5.0, help="how large it is, default 5")
    parser.add_argument("--runs", type=int, default=1, help="how often it goes there and back, default 1")
    parser.add_argument("--least", type=float, default=LEAST_RATIO, help="the ratio to curl that is promised")
    options = parser.parse_args(given)
    size = int(options.gib * GIB)
    scenario = {"datastores": [{"name": STORE, "free_gib": 4 * int(options.gib + 1)}]}
    with tempfile.TemporaryDirectory() as name, simulator(scenario, Path(name)) as host:
        up, down, is_same = measured(size, options.runs, host, Path(name))
    for line in (*lines("upload", size, up), *lines("download", size, down)):
        print(line, flush=True)
    wrong = [*broken(up, options.least), *broken(down, options.least), *([] if is_same else ["a file was damaged"])]
    for line in wrong:
        print(f"ours: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
