# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uploads and downloads over HTTPS that are cut at random points: no file is damaged, none is left half done."""

from __future__ import annotations

import pathlib
import random
import tracemalloc
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import EsxError
from ansible_collections.virt.esx.plugins.module_utils._vi import carrier
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
from ansible_collections.virt.esx.plugins.modules import esx_volume_download, esx_volume_upload
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving
from ansible_collections.virt.esx.tests.support.transfers import OLD, SCENARIO, store_of
from ansible_collections.virt.esx.tests.support.worlds import params

CUTS = 20
MIB = 1024**2
SIZE = 2 * MIB + 12345
ISO = "[datastore1] iso/a.iso"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path_factory.mktemp("server")) as served:
        yield served


def carry(module: ModuleType, server: Server, **given: Any) -> EsxError | None:
    """Run a module over HTTPS; its failure."""
    world = server.world
    place = {"hostname": "127.0.0.1", "port": server.port, "username": world.username, "password": world.password}
    options = params(module, **place, validate_certs=False, **given)
    with connect(options) as host:
        try:
            error: EsxError | None = module.run(options, host, check_mode=False).error
        except EsxError as failure:
            error = failure
    assert world.errors == []
    return error


def content_of(number: int) -> bytes:
    return random.Random(number).randbytes(SIZE)


def test_uploads_that_are_cut_damage_nothing(server: Server, tmp_path: pathlib.Path) -> None:
    files, points = store_of(server.world), random.Random(8)
    for number in range(CUTS):
        before = files.get("iso/a.iso").read()
        (tmp_path / "a.iso").write_bytes(content_of(number))
        given = {"src": str(tmp_path / "a.iso"), "dest": ISO, "replace": "always"}
        server.world.faults.add(
            FaultRule(method="PUT", action="cut", after_bytes=points.randrange(SIZE), count=1 + number % 2)
        )

        assert carry(esx_volume_upload, server, retries=0, **given) is not None
        assert files.get("iso/a.iso").read() == before
        assert not [path for path, _file in files if "virt-esx" in path]
        assert carry(esx_volume_upload, server, retries=2, **given) is None
        assert files.get("iso/a.iso").read() == content_of(number)
        server.world.faults.clear()


def test_downloads_that_are_cut_damage_nothing(server: Server, tmp_path: pathlib.Path) -> None:
    files, points, dest = store_of(server.world), random.Random(9), tmp_path / "a.iso"
    dest.write_bytes(OLD)
    for number in range(CUTS):
        before = dest.read_bytes()
        files.upload("iso/a.iso", content_of(number))
        given = {"src": ISO, "dest": str(dest), "replace": "always"}
        server.world.faults.add(
            FaultRule(method="GET", action="cut", after_bytes=points.randrange(SIZE), count=1 + number % 3)
        )

        assert carry(esx_volume_download, server, retries=0, **given) is not None
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.iso": before}
        server.log.clear()
        assert carry(esx_volume_download, server, retries=3, **given) is None
        assert dest.read_bytes() == content_of(number)
        server.world.faults.clear()


def test_what_has_come_does_not_come_again(server: Server, tmp_path: pathlib.Path) -> None:
    store_of(server.world).upload("iso/a.iso", content_of(1))
    server.world.faults.add(FaultRule(method="GET", action="cut", after_bytes=MIB))
    server.log.clear()

    assert carry(esx_volume_download, server, src=ISO, dest=str(tmp_path / "a.iso")) is None
    sent = [record.sent for record in server.log if record.method == "GET"]
    assert sent == [SIZE, SIZE - MIB]
    assert (tmp_path / "a.iso").read_bytes() == content_of(1)


def test_who_says_nothing_any_more_is_left(server: Server, tmp_path: pathlib.Path) -> None:
    store_of(server.world).upload("iso/a.iso", content_of(2))
    server.world.faults.add(FaultRule(method="GET", action="stall", after_bytes=MIB, seconds=3))

    assert carry(esx_volume_download, server, src=ISO, dest=str(tmp_path / "a.iso"), stall_timeout=1) is None
    assert (tmp_path / "a.iso").read_bytes() == content_of(2)


def test_a_host_that_stops_listening_is_left(server: Server, tmp_path: pathlib.Path) -> None:
    """It still holds the file open when the next try comes, and refuses that for a while."""
    (tmp_path / "a.iso").write_bytes(bytes(32 * MIB))
    server.world.faults.add(FaultRule(method="PUT", action="stall", after_bytes=MIB, seconds=2))
    given = {"src": str(tmp_path / "a.iso"), "dest": "[datastore1] c.iso", "stall_timeout": 1, "retries": 14}

    assert carry(esx_volume_upload, server, **given) is None
    assert store_of(server.world).get("c.iso").length == 32 * MIB
    assert not [path for path, _file in store_of(server.world) if "virt-esx" in path]


@pytest.mark.parametrize("module", [esx_volume_upload, esx_volume_download])
def test_a_host_that_restarts_in_the_middle_is_waited_for(
    server: Server, tmp_path: pathlib.Path, module: ModuleType
) -> None:
    store_of(server.world).upload("iso/a.iso", content_of(4))
    (tmp_path / "a.iso").write_bytes(content_of(5))
    is_upload = module is esx_volume_upload
    ends = {"src": str(tmp_path / "a.iso"), "dest": ISO} if is_upload else {"src": ISO, "dest": str(tmp_path / "a.iso")}
    method = "PUT" if is_upload else "GET"
    server.world.faults.add(FaultRule(method=method, action="cut", after_bytes=MIB))
    server.world.faults.add(FaultRule(method=method, action="restart-before", seconds=0.3, skip=1))

    assert carry(module, server, retries=12, replace="always", **ends) is None
    assert store_of(server.world).get("iso/a.iso").read() == (tmp_path / "a.iso").read_bytes()


def test_a_session_that_ends_before_a_large_upload_is_renewed(server: Server, tmp_path: pathlib.Path) -> None:
    """The host refuses before it has read anything, and hangs up on who goes on sending."""
    (tmp_path / "a.iso").write_bytes(bytes(32 * MIB))
    server.world.faults.add(FaultRule(method="PUT", action="session-expiry"))

    assert carry(esx_volume_upload, server, src=str(tmp_path / "a.iso"), dest="[datastore1] b.iso", retries=0) is None
    assert store_of(server.world).get("b.iso").length == 32 * MIB


def test_a_datastore_that_fills_up_meanwhile_is_a_failure_at_once(server: Server, tmp_path: pathlib.Path) -> None:
    files = store_of(server.world)
    (tmp_path / "a.iso").write_bytes(content_of(3))
    files.upload("iso/a.iso", OLD)
    free = files.free
    server.world.faults.add(FaultRule(method="PUT", action="disk-full", after_bytes=MIB))

    error = carry(esx_volume_upload, server, src=str(tmp_path / "a.iso"), dest=ISO, retries=0)

    assert error is not None
    assert "the datastore is full" in str(error)
    assert (files.get("iso/a.iso").read(), files.free) == (OLD, free)


def test_memory_stays_flat(server: Server, tmp_path: pathlib.Path) -> None:
    local, size = tmp_path / "big.bin", 64 * MIB
    with local.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    up = carry(esx_volume_upload, server, src=str(local), dest="[datastore1] big.bin", compare="content")
    down = carry(esx_volume_download, server, src="[datastore1] big.bin", dest=str(tmp_path / "back.bin"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (up, down, (tmp_path / "back.bin").stat().st_size) == (None, None, size)
    assert peak < 24 * MIB
