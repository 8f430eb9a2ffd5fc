# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""esx_session ends what is kept: on the host and here, once, and whatever state it is in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
from ansible_collections.virt.esx.plugins.module_utils._vi.shared_session import cache_of, kept_session
from ansible_collections.virt.esx.plugins.modules import esx_session
from ansible_collections.virt.esx.tests.esxsim import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import params
from ansible_collections.virt.esx.tests.unit.esxsim import core_world


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which sessions are kept, empty as it is."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "virt.esx"


@pytest.fixture
def server(runtime: Path) -> Iterator[Server]:
    del runtime
    with serve(core_world.build("real")) as running:
        yield running


class Ended:
    """One run of the module: its result, and what it warned of and hid."""

    def __init__(self, server: Server, *, check_mode: bool = False, **given: Any) -> None:
        self.warnings: list[str] = []
        self.hidden: list[str] = []
        wanted = options(server, **given)
        with kept_session(wanted, warn=self.warnings.append, hide=self.hidden.append) as kept:
            self.result = esx_session.run(wanted, kept, check_mode=check_mode).to_json()
        assert differences("esx_session", self.result) == []

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def logged_out(self) -> bool | None:
        found: bool | None = self.result["session"]["logged_out"]
        return found


def options(server: Server, **given: Any) -> dict[str, Any]:
    """Return what a task is given: no password, for nobody logs in."""
    basis = params(
        esx_session,
        hostname="127.0.0.1",
        port=server.port,
        username=server.world.username,
        thumbprint=server.thumbprint,
        connect_timeout=2,
    )
    return {**basis, **given}


def begin(server: Server, **given: Any) -> None:
    """Begin a session and keep it."""
    with connect(options(server, password=server.world.password, persist_session=True, **given)):
        pass
    server.log.clear()


def spoil(server: Server, content: bytes, runtime: Path) -> Path:
    """Put something else into the file."""
    file = runtime / cache_of(options(server), lambda _text: None).name
    file.write_bytes(content)
    return file


def test_a_kept_session_is_ended_on_the_host_and_here(server: Server, runtime: Path) -> None:
    begin(server)
    [session] = server.world.sessions.alive()

    done = Ended(server)

    assert (done.changed, done.logged_out, done.warnings) == (True, True, [])
    assert done.result["diff"] == {"before": {"kept": True}, "after": {"kept": False}}
    assert server.log.soap() == ["Logout"]
    assert len(server.world.sessions) == 0
    assert list(runtime.iterdir()) == []
    assert session.cookie in done.hidden
    assert session.cookie not in str(done.result)


def test_ending_it_again_changes_nothing_and_asks_nobody(server: Server) -> None:
    begin(server)
    Ended(server)
    server.log.clear()

    again = Ended(server)

    assert (again.changed, again.logged_out) == (False, False)
    assert len(server.log) == 0


def test_where_nothing_was_ever_kept_nothing_is_made(server: Server, runtime: Path) -> None:
    assert not Ended(server).changed
    assert not runtime.exists()


def test_check_mode_foresees_it_and_touches_nothing(server: Server, runtime: Path) -> None:
    begin(server)
    before = sorted(runtime.iterdir())

    foreseen = Ended(server, check_mode=True)

    assert (foreseen.changed, foreseen.logged_out) == (True, None)
    assert len(server.log) == 0
    assert sorted(runtime.iterdir()) == before
    done = Ended(server)
    assert done.result["diff"] == foreseen.result["diff"]
    assert not Ended(server, check_mode=True).changed


def test_a_session_that_the_host_has_ended_is_dropped_without_a_word(server: Server, runtime: Path) -> None:
    begin(server)
    server.world.sessions.clear()

    done = Ended(server)

    assert (done.changed, done.logged_out, done.warnings) == (True, False, [])
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("action", ["drop-before", "http-503", "fault vim.fault.NoPermission"])
def test_a_host_that_cannot_be_told_is_a_warning(server: Server, runtime: Path, action: str) -> None:
    begin(server)
    fields = (
        {"privilegeId": "System.View", "object": server.world.of_type("Folder")[0].ref} if "fault" in action else {}
    )
    server.world.faults.add(FaultRule(method="Logout", action=action, count=None, fields=fields))

    done = Ended(server)

    assert (done.changed, done.logged_out) == (True, False)
    assert "the host could not be told" in done.warnings[0]
    assert list(runtime.iterdir()) == []


def test_a_host_that_cannot_be_reached_is_a_warning(server: Server, runtime: Path) -> None:
    begin(server)
    server.close()

    done = Ended(server)

    assert (done.changed, done.logged_out) == (True, False)
    assert len(done.warnings) == 1
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}", b"[" * 60000, b"x" * 70000])
def test_what_is_damaged_is_removed(server: Server, runtime: Path, content: bytes) -> None:
    begin(server)
    file = spoil(server, content, runtime)

    done = Ended(server)

    assert (done.changed, done.logged_out) == (True, False)
    assert len(done.warnings) == 1
    assert not file.exists()
    assert len(server.log) == 0


def test_a_link_is_removed_and_what_it_leads_to_stays(server: Server, runtime: Path, tmp_path: Path) -> None:
    begin(server)
    elsewhere = tmp_path / "elsewhere"
    spoil(server, b"", runtime).rename(elsewhere)
    (runtime / cache_of(options(server), lambda _text: None).name).symlink_to(elsewhere)

    assert Ended(server).changed
    assert elsewhere.exists()


def test_a_folder_that_is_open_to_others_is_a_warning(server: Server, runtime: Path) -> None:
    begin(server)
    runtime.chmod(0o777)

    done = Ended(server)

    assert not done.changed
    assert len(done.warnings) == 1
    assert len(server.log) == 0


@pytest.mark.parametrize("given", [{"username": "operator"}, {"hostname": "localhost"}, {"thumbprint": "ab" * 32}])
def test_the_session_of_another_is_left_alone(server: Server, given: dict[str, Any]) -> None:
    begin(server)

    assert not Ended(server, **given).changed
    assert len(server.world.sessions) == 1


@pytest.mark.parametrize("option", ["hostname", "username"])
def test_whose_session_is_meant_must_be_said(server: Server, option: str) -> None:
    given: dict[str, Any] = {option: None}
    with pytest.raises(OptionError) as caught:
        Ended(server, **given)

    assert caught.value.failure()["option"] == option
