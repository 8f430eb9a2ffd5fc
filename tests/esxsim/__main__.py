# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serve a scenario: ``python -m esxsim --scenario FILE --port N``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from . import vapi
from .certificates import Certificate, make_certificate
from .control import Control
from .files import routes
from .http import Server, serve
from .scenario import ScenarioError, load_scenario
from .world import World

BAD_SCENARIO = 2


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="esxsim", description="Serve a simulated ESXi host over HTTPS.")
    made.add_argument("--scenario", type=Path, help="the scenario file; without one, a host with no virtual machines")
    made.add_argument("--port", type=int, default=8443, help="the port, 0 for any that is free (default: 8443)")
    made.add_argument("--host", default="127.0.0.1", help="the loopback address to listen on (default: 127.0.0.1)")
    made.add_argument("--vms", type=int, default=1, metavar="N", help="make N of each virtual machine of the scenario")
    made.add_argument("--certificate", type=Path, help="a certificate in PEM; without one, one is made")
    made.add_argument("--key", type=Path, help="the key of the certificate in PEM")
    made.add_argument("--ca", type=Path, help="what clients shall trust, in PEM (default: the certificate itself)")
    made.add_argument("--user", help="who may log in (default: the scenario's, else root)")
    made.add_argument("--password", help="with which password (default: the scenario's, else secret)")
    made.add_argument("--ready-file", type=Path, help="write where and how to connect into this file, as JSON")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    options = parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_rest: stop.set())
    with tempfile.TemporaryDirectory(prefix="esxsim-") as directory:
        return _serve(options, Path(directory), stop)


def _serve(options: argparse.Namespace, directory: Path, stop: threading.Event) -> int:
    try:
        certificate = _certificate(options, directory)
        _check(options)
        scenario = options.scenario if options.scenario is not None else {}
        world = load_scenario(scenario, multiply=options.vms, user=options.user, password=options.password)
    except (ScenarioError, ValueError) as error:
        print(f"esxsim: {error}", file=sys.stderr)
        return BAD_SCENARIO
    control = Control(world)
    try:
        server = serve(
            world,
            options.host,
            options.port,
            certificate=certificate,
            routes={**routes(world), **vapi.routes(), "/control": control},
        )
    except (OSError, OverflowError) as error:
        print(f"esxsim: cannot serve on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    control.log = server.log
    with server:
        _tell(server, world, options.ready_file)
        stop.wait()
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.vms < 1:
        raise ValueError(f"--vms: found {options.vms}, allowed is 1 or more")
    try:
        loopback = options.host == "localhost" or ip_address(options.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f"--host: found {options.host!r}, allowed is a loopback address: anyone may control a simulator"
        )


def _certificate(options: argparse.Namespace, directory: Path) -> Certificate:
    if (options.certificate is None) != (options.key is None):
        raise ValueError("--certificate and --key belong together")
    if options.certificate is None:
        return make_certificate(directory, signed=True)
    for file in filter(None, (options.certificate, options.key, options.ca)):
        if not file.is_file():
            raise ValueError(f"{file}: there is no such file")
    return Certificate(options.certificate, options.key, options.ca or options.certificate)


def _tell(server: Server, world: World, ready_file: Path | None) -> None:
    print(f"esxsim: {server.url}/sdk  port {server.port}  thumbprint {server.thumbprint}", flush=True)
    if ready_file is None or server.certificate is None:
        return
    ready = {
        "hostname": server.host,
        "port": server.port,
        "url": server.url,
        "username": world.username,
        "password": world.password,
        "thumbprint": server.thumbprint,
        "certificate": str(server.certificate.cert),
        "ca_path": str(server.certificate.ca),
        "pid": os.getpid(),
    }
    temporary = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(ready) + "\n", "utf-8")
    temporary.replace(ready_file)


if __name__ == "__main__":
    sys.exit(main())
